// Compiles src, lib and examples to dist as tsc does, except that:
// - a call or a spread made while a module of src or lib is loaded is marked as free of side effects, which is a rule of this
//   code, so that bundlers drop what a program does not use;
// - a namespace that a folder's index exports is imported from its own module, because esbuild keeps all of a namespace that is
//   imported from another module, used or not;
// - where the packages of users differ from ours (fp-ts and io-ts as modules for bundlers and as CommonJS for Node, and what is
//   bundled into vendor/), the import goes through `imports` of package.json;
// and writes the words that `ornstein list` prints. Types are checked by `npm run types`, not here: each file is compiled separately, and
// declarations are written by TypeScript 7; one that cannot be written is an error. Outputs newer than all their sources are left as they
// are.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { commandLine } from './commandLine.mjs'
import { required, vendor } from './vendor.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const f = ts.factory

/** Time of the last change of a file, or in a folder; a folder changes when a file is added or removed. */
const changed = path => {
  const found = statSync(path, { throwIfNoEntry: false })
  const inside = found?.isDirectory() ? readdirSync(path).map(name => changed(join(path, name))) : []
  return Math.max(found?.mtimeMs ?? 0, ...inside)
}
const sources = ['src', 'lib', 'examples', 'tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json']
const last = `${root}dist/.built`
if (changed(last) > Math.max(...sources.map(name => changed(root + name)))) process.exit()

/** Import name in `imports` of package.json; the same name if there is none. */
const through = name =>
  name
    .replace(/^fp-ts\/lib\/(.+)\.js$/, '#fp-ts/$1')
    .replace(/^(io-ts|papaparse)$/, '#$1')
    .replace(/^@tensorflow\/tfjs-core$/, '#tfjs')
    .replace(/^@e965\/xlsx$/, '#xlsx')
    .replace(/^(@commander-js\/extra-typings|commander)$/, '#commander')

/** Namespaces that a module of this package exports, and their modules: `export * as Field from './Field.js'`. */
const namespacesOf = literal => {
  const from = resolve(dirname(ts.getOriginalNode(literal).getSourceFile().fileName), literal.text)
  const module = literal.text.startsWith('.') ? program.getSourceFile(from.replace(/\.js$/, '.ts')) : undefined
  return new Map(
    (module?.statements ?? [])
      .filter(({ exportClause }) => exportClause !== undefined && ts.isNamespaceExport(exportClause))
      .map(({ exportClause, moduleSpecifier }) => [
        exportClause.name.text,
        // Relative to the importing module.
        literal.text.replace(/[^/]*$/, '') + moduleSpecifier.text.replace(/^\.\//, '')
      ])
  )
}

/** Rewrites `import { Field, concept } from '../core/index.js'` to imports from the module of each name. */
const direct = node => {
  const { namedBindings, phaseModifier, name } = node.importClause ?? {}
  const elements = namedBindings?.elements ?? []
  const namespaces = elements.length > 0 ? namespacesOf(node.moduleSpecifier) : new Map()
  const nameOf = ({ propertyName, name }) => (propertyName ?? name).text
  const others = elements.filter(element => !namespaces.has(nameOf(element)))
  const importOf = (bindings, from) =>
    f.createImportDeclaration(
      node.modifiers,
      f.createImportClause(phaseModifier, name, bindings),
      from,
      node.attributes
    )
  return others.length === elements.length
    ? [node]
    : [
        ...(others.length > 0 ? [importOf(f.createNamedImports(others), node.moduleSpecifier)] : []),
        ...elements
          .filter(element => !others.includes(element))
          .map(element =>
            importOf(
              f.createNamespaceImport(element.name),
              f.createStringLiteral(namespaces.get(nameOf(element)), true)
            )
          )
      ]
}

const renamed = literal => f.createStringLiteral(through(literal.text), true)

const transformer = context => file => {
  if (!/\/(src|lib)\//.test(file.fileName.slice(root.length - 1))) return file

  const isEmpty = ({ importClause: { namedBindings, name } = {}, exportClause = namedBindings }) =>
    name === undefined && exportClause?.elements?.length === 0
  const imports = node => {
    // A list of types only is dropped; `verbatimModuleSyntax` would load the module for its side effects.
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && isEmpty(node)) return undefined
    if (ts.isImportDeclaration(node))
      return direct(node).map(one =>
        f.updateImportDeclaration(one, one.modifiers, one.importClause, renamed(one.moduleSpecifier), one.attributes)
      )
    if (ts.isExportDeclaration(node) && node.moduleSpecifier)
      return f.updateExportDeclaration(
        node,
        node.modifiers,
        node.isTypeOnly,
        node.exportClause,
        renamed(node.moduleSpecifier),
        node.attributes
      )
    // A user's module is known only at run time.
    const [loaded] = ts.isCallExpression(node) ? node.arguments : []
    if (node.expression?.kind === ts.SyntaxKind.ImportKeyword && loaded !== undefined && ts.isStringLiteral(loaded))
      return f.updateCallExpression(node, node.expression, undefined, [renamed(loaded)])
    return ts.visitEachChild(node, imports, context)
  }

  /** Puts a call that begins another expression in parentheses, so that each mark refers to one call. */
  const apart = node =>
    ts.isCallExpression(node) || ts.isNewExpression(node) ? f.createParenthesizedExpression(node) : node
  const pure = node => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return node
    const inner = ts.visitEachChild(node, pure, context)
    if (ts.isPropertyAccessExpression(inner))
      return f.updatePropertyAccessExpression(inner, apart(inner.expression), inner.name)
    if (ts.isElementAccessExpression(inner))
      return f.updateElementAccessExpression(inner, apart(inner.expression), inner.argumentExpression)
    if (ts.isNewExpression(inner)) return marked(inner)
    if (spreads(inner)) return marked(called(inner))
    if (!ts.isCallExpression(inner)) return inner
    return marked(f.updateCallExpression(inner, apart(inner.expression), inner.typeArguments, inner.arguments))
  }
  /** Rewrites a spread, which for a bundler may run getters, to a marked call. */
  const spreads = node =>
    (ts.isObjectLiteralExpression(node) && node.properties.some(ts.isSpreadAssignment)) ||
    (ts.isArrayLiteralExpression(node) && node.elements.some(ts.isSpreadElement))
  const called = node => {
    const body = ts.isObjectLiteralExpression(node) ? f.createParenthesizedExpression(node) : node
    const arrow = f.createArrowFunction(undefined, undefined, [], undefined, undefined, body)
    return f.createCallExpression(f.createParenthesizedExpression(arrow), undefined, [])
  }
  const marked = node => ts.addSyntheticLeadingComment(node, ts.SyntaxKind.MultiLineCommentTrivia, ' @__PURE__ ', false)

  return ts.visitEachChild(
    ts.visitEachChild(file, imports, context),
    node => (ts.isVariableStatement(node) ? pure(node) : node),
    context
  )
}

const host = {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: diagnostic => {
    throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'))
  }
}
// Each file compiles without others (isolatedModules) and without types.
const alone = { noCheck: true, declaration: false, noLib: true, noResolve: true, types: [] }
const { options, fileNames } = ts.getParsedCommandLineOfConfigFile(`${root}tsconfig.build.json`, alone, host)
// Docblocks are kept in the declarations only.
const withoutDocs = text => text.replace(/^[ \t]*\/\*\*(?:(?!\*\/)[^])*\*\/[ \t]*\n/gm, '')
const compiler = ts.createCompilerHost(options)
const { readFile } = compiler
compiler.readFile = name => {
  const text = readFile(name)
  return text !== undefined && /\/(src|lib)\//.test(name.slice(root.length - 1)) ? withoutDocs(text) : text
}
const program = ts.createProgram({ rootNames: fileNames, options, host: compiler })
// Outputs are written again if this file or an index of namespaces changed.
const makers = [
  fileURLToPath(import.meta.url),
  ...sources.slice(3),
  ...fileNames.filter(name => /\/index\.ts$/.test(name))
]
const since = Math.max(...makers.map(name => changed(resolve(root, name))))
const stale = program.getSourceFiles().filter(({ fileName }) => {
  const written = `${root}dist/${fileName.slice(root.length).replace(/ts$/, 'js')}`
  return changed(written) < Math.max(since, changed(fileName))
})
const emitted = stale.map(file => program.emit(file, undefined, undefined, undefined, { after: [transformer] }))
const diagnostics = [
  ...program.getConfigFileParsingDiagnostics(),
  ...program.getSyntacticDiagnostics(),
  ...emitted.flatMap(({ diagnostics }) => diagnostics)
]
const known = `${root}dist/.built.tsbuildinfo`
// Outputs of another version of this file are written again.
if (changed(known) < changed(fileURLToPath(import.meta.url))) rmSync(known, { force: true })
const declared = spawnSync(
  process.execPath,
  [
    `${root}node_modules/typescript-7/bin/tsc`,
    ...['-p', `${root}tsconfig.build.json`, '--noCheck', '--emitDeclarationOnly'],
    ...['--incremental', '--tsBuildInfoFile', known],
    ...['--typeRoots', `${root}test/types/none,${root}node_modules/@types`]
  ],
  // A Go program, which would spend a sixth of its time on garbage collection.
  { stdio: 'inherit', env: { GOGC: '400', ...process.env } }
)
if (declared.status !== 0) process.exitCode = 1
if (diagnostics.length > 0) {
  process.stderr.write(
    ts.formatDiagnosticsWithColorAndContext(diagnostics, {
      getCanonicalFileName: name => name,
      getCurrentDirectory: () => root,
      getNewLine: () => '\n'
    })
  )
  process.exitCode = 1
}
// Declarations that import an optional package must be valid without it: its types are then `any`.
const optional = Object.keys(JSON.parse(readFileSync(`${root}package.json`, 'utf8')).peerDependencies)
const ofOptional = new RegExp(`(?<!// @ts-ignore.*\\n)^import [^;]* from '(${optional.join('|')})'`, 'gm')
for (const folder of ['src/laws', 'src/cluster'])
  for (const file of readdirSync(`${root}dist/${folder}`).filter(name => name.endsWith('.d.ts'))) {
    const path = `${root}dist/${folder}/${file}`
    const text = readFileSync(path, 'utf8')
    const held = text.replace(ofOptional, found => `// @ts-ignore: optional, any if it is not installed\n${found}`)
    if (held !== text) writeFileSync(path, held)
  }
// Outputs of removed sources.
for (const folder of ['src', 'lib', 'examples'])
  for (const file of readdirSync(`${root}dist/${folder}`, { recursive: true })) {
    const source = file.replace(/\.(js|d\.ts)$/, '.ts')
    const isLeft = source !== file && !existsSync(`${root}${folder}/${source}`)
    if (isLeft || file.endsWith('.map')) rmSync(`${root}dist/${folder}/${file}`)
  }
await vendor(root)
const isOurs = /\/(src|lib)\/[^\n]*(?<!\.d)\.ts$/
const texts = program
  .getSourceFiles()
  .flatMap(({ fileName, text }) => (isOurs.test(fileName.slice(root.length - 1)) ? [text] : []))
required(
  root,
  new Set(texts.flatMap(text => text.match(/(?<=from ')(fp-ts\/lib\/\w+\.js|io-ts|papaparse)(?=')/g) ?? []))
)
if (diagnostics.length === 0 && declared.status === 0) {
  const { listedConcepts } = await import('../../dist/src/cli/commands/list.js')
  const { standardVocabulary } = await import('../../dist/src/cli/glossary.js')
  writeFileSync(`${root}dist/src/cli/commands/words.json`, JSON.stringify(listedConcepts(standardVocabulary)))
  await commandLine(root)
  writeFileSync(last, '')
}
chmodSync(`${root}dist/src/cli/main.js`, 0o755)

// Compiles src, lib and examples to dist as tsc does, but for what the package asks of its JavaScript:
// - a call or a spread made while a module of src or lib is loaded is marked as free of side effects, which is a rule of this
//   code, so that bundlers drop what a program does not use;
// - a namespace that a folder's index exports is imported from its own module, because esbuild keeps all of a namespace that
//   comes by another module, used or not;
// - where the packages of users differ from ours (fp-ts and io-ts as modules for bundlers and as CommonJS for Node, and what is
//   bundled into vendor/), the import goes through `imports` of package.json;
// and writes down the words that `ornstein list` prints. Types are checked by `npm run types`, not here: JavaScript comes of each file
// alone, and declarations by TypeScript 7, whose every one that cannot be written is an error. What is newer than all that it is made of
// is left as it is.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { commandLine } from './commandLine.mjs'
import { required, vendor } from './vendor.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const f = ts.factory

/** When a file, or anything in a folder, was last changed; a folder is when one comes or goes. */
const changed = path => {
  const found = statSync(path, { throwIfNoEntry: false })
  const inside = found?.isDirectory() ? readdirSync(path).map(name => changed(join(path, name))) : []
  return Math.max(found?.mtimeMs ?? 0, ...inside)
}
const sources = ['src', 'lib', 'examples', 'tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json']
const last = `${root}dist/.built`
if (changed(last) > Math.max(...sources.map(name => changed(root + name)))) process.exit()

/** The name under which package.json says what is imported, or the same name. */
const through = name =>
  name
    .replace(/^fp-ts\/lib\/(.+)\.js$/, '#fp-ts/$1')
    .replace(/^(io-ts|papaparse)$/, '#$1')
    .replace(/^@tensorflow\/tfjs-core$/, '#tfjs')
    .replace(/^(@commander-js\/extra-typings|commander)$/, '#commander')

/** The namespaces that a module of ours exports, and where each is from: `export * as Field from './Field.js'`. */
const namespacesOf = literal => {
  const from = resolve(dirname(ts.getOriginalNode(literal).getSourceFile().fileName), literal.text)
  const module = literal.text.startsWith('.') ? program.getSourceFile(from.replace(/\.js$/, '.ts')) : undefined
  return new Map(
    (module?.statements ?? [])
      .filter(({ exportClause }) => exportClause !== undefined && ts.isNamespaceExport(exportClause))
      .map(({ exportClause, moduleSpecifier }) => [
        exportClause.name.text,
        // Relative to the module that imports.
        literal.text.replace(/[^/]*$/, '') + moduleSpecifier.text.replace(/^\.\//, '')
      ])
  )
}

/** `import { Field, concept } from '../core/index.js'` as imports of what each name is. */
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
    // What was a list of types loads nothing; `verbatimModuleSyntax` would load the module for its side effects.
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
    // A user's own module is known only when it is asked for.
    const [loaded] = ts.isCallExpression(node) ? node.arguments : []
    if (node.expression?.kind === ts.SyntaxKind.ImportKeyword && loaded !== undefined && ts.isStringLiteral(loaded))
      return f.updateCallExpression(node, node.expression, undefined, [renamed(loaded)])
    return ts.visitEachChild(node, imports, context)
  }

  /** A call that begins another expression stands in parentheses, so that each mark has a call of its own. */
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
  /** What spreads another may run its getters, for all that a bundler knows: it becomes a call that is marked. */
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
// No file needs another for its JavaScript (isolatedModules), nor any type.
const alone = { noCheck: true, declaration: false, noLib: true, noResolve: true, types: [] }
const { options, fileNames } = ts.getParsedCommandLineOfConfigFile(`${root}tsconfig.build.json`, alone, host)
// Docblocks stand in the declarations.
const withoutDocs = text => text.replace(/^[ \t]*\/\*\*(?:(?!\*\/)[^])*\*\/[ \t]*\n/gm, '')
const compiler = ts.createCompilerHost(options)
const { readFile } = compiler
compiler.readFile = name => {
  const text = readFile(name)
  return text !== undefined && /\/(src|lib)\//.test(name.slice(root.length - 1)) ? withoutDocs(text) : text
}
const program = ts.createProgram({ rootNames: fileNames, options, host: compiler })
// What this file, or another index of namespaces, would make otherwise is written anew.
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
// What another version of this file has written is written anew.
if (changed(known) < changed(fileURLToPath(import.meta.url))) rmSync(known, { force: true })
const declared = spawnSync(
  process.execPath,
  [
    `${root}node_modules/typescript-7/bin/tsc`,
    ...['-p', `${root}tsconfig.build.json`, '--noCheck', '--emitDeclarationOnly'],
    ...['--incremental', '--tsBuildInfoFile', known],
    ...['--typeRoots', `${root}test/types/none,${root}node_modules/@types`]
  ],
  // A program in Go, which spends a sixth of its time on memory that it need not give back.
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
// A declaration that names an optional package holds without it: what it names is then `any`.
const optional = Object.keys(JSON.parse(readFileSync(`${root}package.json`, 'utf8')).peerDependencies)
const ofOptional = new RegExp(`(?<!// @ts-ignore.*\\n)^import [^;]* from '(${optional.join('|')})'`, 'gm')
for (const folder of ['src/laws', 'src/cluster'])
  for (const file of readdirSync(`${root}dist/${folder}`).filter(name => name.endsWith('.d.ts'))) {
    const path = `${root}dist/${folder}/${file}`
    const text = readFileSync(path, 'utf8')
    const held = text.replace(ofOptional, found => `// @ts-ignore: optional, any if it is not installed\n${found}`)
    if (held !== text) writeFileSync(path, held)
  }
// What a source left behind that is gone.
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

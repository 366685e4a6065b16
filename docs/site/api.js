/** API pages, one for each namespace, from the declarations of the built package. */
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { format } from 'oxfmt'
import ts from 'typescript'
import { exampleId, examplesOf } from './examples.js'
import { relativeUrl } from './markdown.js'

const entries = [
  ['ornstein', 'dist/src/index.d.ts', "`import { … } from 'ornstein'`"],
  ['float64', 'dist/lib/index.d.ts', "`import { … } from 'ornstein/float64'`"],
  ['laws', 'dist/src/laws/index.d.ts', "`import * as laws from 'ornstein/laws'`"]
]

const kindOf = declaration =>
  ts.isFunctionDeclaration(declaration)
    ? 'function'
    : ts.isInterfaceDeclaration(declaration)
      ? 'interface'
      : ts.isTypeAliasDeclaration(declaration)
        ? 'type'
        : ts.isClassDeclaration(declaration)
          ? 'class'
          : declaration.type !== undefined && ts.isFunctionTypeNode(declaration.type)
            ? 'function'
            : 'value'

/** Source of a declaration, without its docblock and tsc's import paths. */
const declarationText = declaration => {
  const statement = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration
  return statement
    .getText()
    .replace(/^export (declare )?/, 'declare ')
    .replace(/import\("[^"]*"\)\./g, '')
}

/** Formats a declaration in lines of at most 84 characters. */
const formatDeclaration = async code =>
  (code.split('\n').every(line => line.length <= 84)
    ? code.replace(/;$/gm, '').replace(/^( {4})+/gm, indent => '  '.repeat(indent.length / 4))
    : (await format('page.d.ts', code, { printWidth: 84, semi: false, singleQuote: true })).code
  )
    .trimEnd()
    .replace(/^declare /gm, '')

/** Text of a docblock in Markdown, with links as names in code. */
const docText = parts =>
  ts
    .displayPartsToString(parts)
    .replace(/\{@link(?:code|plain)?\s+([^}|]+?)(?:\s*\|\s*([^}]+))?\}/g, (_, name, text) => `\`${text ?? name}\``)

/** Docblocks of `ConceptModule` by member: each concept's module exports these members without a docblock. */
const readConceptDocs = (program, checker, root) => {
  const file = program.getSourceFile(`${root}dist/src/core/concept.d.ts`)
  const words = checker
    .getExportsOfModule(checker.getSymbolAtLocation(file))
    .find(one => one.getName() === 'ConceptModule')
  return new Map([...words.members].map(([name, one]) => [String(name), docText(one.getDocumentationComment(checker))]))
}

/** Docblock of a declaration's type, or of its elements' type, for values without their own; otherwise empty. */
const typeDoc = (checker, { type }) => {
  const named = type?.typeName?.getText() === 'ReadonlyArray' ? type.typeArguments[0] : type
  const name = named?.typeName ?? named?.qualifier
  const symbol = name === undefined ? undefined : checker.getSymbolAtLocation(name)
  const meant = symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  return meant === undefined ? '' : docText(meant.getDocumentationComment(checker))
}

const codeOf = text => /```ts[^\n]*\n([\s\S]*?)```/.exec(text)?.[1].trimEnd() ?? text.trim()
const exampleCodes = tags => tags.filter(({ name }) => name === 'example').map(({ text }) => codeOf(docText(text)))

/** Text of the `@deprecated` tag; undefined if there is none. */
const deprecationText = tags =>
  tags.filter(({ name }) => name === 'deprecated').map(({ text }) => `Deprecated: ${docText(text)}`)[0]

/** Docblock at the head of a module, `{ about, examples }`, from the source since declaration files lose it. */
const moduleDoc = (root, file) => {
  const text = readFileSync(root + file.slice(file.indexOf('dist/') + 5).replace(/d\.ts$/, 'ts'), 'utf8')
  const docs = /^\s*\/\*\*[\s\S]*?\*\//.exec(text)?.[0]
  const [first] = ts.createSourceFile('module.ts', text, ts.ScriptTarget.Latest).statements
  if (docs === undefined || !(/@module/.test(docs) || ts.isImportDeclaration(first) || ts.isExportDeclaration(first)))
    return { about: '', examples: [] }
  const [about, ...tags] = docs
    .replace(/^\s*\/\*\*|\*\/$/g, '')
    .split('\n')
    .map(line => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .split(/^@/m)
  // Text after the tag on its line is the caption.
  const examples = tags.flatMap(tag => {
    const [, caption, code] = /^example\b *(.*)\n([\s\S]*)/.exec(tag) ?? []
    return code === undefined ? [] : [{ caption, code: codeOf(code) }]
  })
  return { about: about.replace(/\{@link\s+([^}]+)\}/g, '`$1`').trim(), examples }
}

/** Returns the namespaces, each with its Markdown page and an entry for each public name. */
export const api = async root => {
  const options = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    noLib: true,
    types: []
  }
  const host = ts.createCompilerHost(options)
  const program = ts.createProgram(
    entries.map(([, file]) => root + file),
    options,
    // Declarations of other packages are no public names, and take half the time to read.
    { ...host, fileExists: file => !file.includes('/node_modules/') && host.fileExists(file) }
  )
  const checker = program.getTypeChecker()
  const conceptDocs = readConceptDocs(program, checker, root)
  const resolved = symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol)
  const isModule = symbol => symbol.declarations?.some(ts.isSourceFile) === true

  const spaces = []
  const collect = (module, title, codeName, how) => {
    const url = `api/${title}.html`
    const [file] = module.declarations
    const space = { title, spaces: [codeName], url, how, inner: [], entries: [], ...moduleDoc(root, file.fileName) }
    spaces.push(space)
    for (const symbol of checker.getExportsOfModule(module)) {
      const name = symbol.getName()
      const meant = resolved(symbol)
      if (isModule(meant)) {
        const inner = title === 'ornstein' ? name : `${title}.${name}`
        const met = spaces.find(({ module: known }) => known === meant)
        space.inner.push({ name, url: `api/${met?.title ?? inner}.html` })
        if (met === undefined) {
          const made = collect(
            meant,
            inner,
            title === 'ornstein' ? name : `${title}.${name}`,
            `${how.replace('{ … }', `{ ${name} }`)}`
          )
          made.module = meant
        }
        continue
      }
      const declarations = (meant.declarations ?? []).filter(
        each =>
          ts.isVariableDeclaration(each) ||
          ts.isFunctionDeclaration(each) ||
          ts.isInterfaceDeclaration(each) ||
          ts.isTypeAliasDeclaration(each) ||
          ts.isClassDeclaration(each)
      )
      if (declarations.length === 0) continue
      const full = title === 'ornstein' || title === 'float64' ? name : `${codeName}.${name}`
      const tags = meant.getJsDocTags(checker)
      space.entries.push({
        name,
        full,
        url: `${url}#${name}`,
        kinds: [...new Set(declarations.map(kindOf))],
        code: declarations.map(declarationText).join('\n\n'),
        about:
          docText(meant.getDocumentationComment(checker)) ||
          deprecationText(tags) ||
          typeDoc(checker, declarations[0]) ||
          (conceptDocs.get(name) ?? ''),
        examples: exampleCodes(tags)
      })
    }
    return space
  }
  for (const [title, file, how] of entries)
    collect(checker.getSymbolAtLocation(program.getSourceFile(root + file)), title, title, how)

  const whole = await Promise.all(
    spaces.map(async space => ({
      ...space,
      entries: await Promise.all(
        space.entries.map(async entry => ({ ...entry, code: await formatDeclaration(entry.code) }))
      )
    }))
  )
  const nearest = examplesOf(root, whole)
  return whole
    .map(space => ({ ...space, entries: space.entries.map(entry => ({ ...entry, nearest: nearest.get(entry) })) }))
    .map(space => ({ ...space, text: pageOf(space) }))
}

const heading = ({ name, kinds }) =>
  `<h3 id="${name}" tabindex="-1"><a class="header-anchor" href="#${name}"><code>${name}</code></a> <small>${kinds.join(', ')}</small></h3>`

const fence = (code, language = 'ts') => `\`\`\`\`${language}\n${code}\n\`\`\`\``

/** Markdown of a name's examples, or a link to the nearest one that uses it; empty if there is none. */
const exampleParts = ({ examples, nearest }, page) => {
  const lead = '<span class="example">Example:</span>'
  if (examples.length > 0) return examples.map(code => `${lead}\n\n${fence(code)}`)
  if (nearest === undefined) return []
  const { text, to, file, hash } = nearest
  const link =
    to === undefined
      ? `${posix.relative('docs/api', file)}${hash === undefined ? '' : `#${hash}`}`
      : to.split('#')[0] === page
        ? to.slice(page.length)
        : relativeUrl(page, to)
  return [`${lead} [${text}](${link})`]
}

const pageOf = ({ title, how, about, examples, inner, entries, url }) => {
  const values = entries.filter(({ kinds }) => kinds.some(kind => kind !== 'interface' && kind !== 'type'))
  const types = entries.filter(each => !values.includes(each))
  const listed = list => list.map(({ name }) => `<a href="#${name}"><code>${name}</code></a>`).join(' ')
  const described = entry =>
    [heading(entry), entry.about, fence(entry.code), ...exampleParts(entry, url)]
      .filter(part => part !== '')
      .join('\n\n')
  const sections = [
    ['Values', values],
    ['Types', types]
  ].filter(([, list]) => list.length > 0)
  return [
    `<h1 id="the-page">${title}</h1>`,
    how,
    about,
    ...examples.map(
      ({ caption, code }, i) =>
        `<h2 id="${exampleId(i)}">${caption === '' ? 'Example' : caption}</h2>\n\n${fence(code)}`
    ),
    ...(inner.length === 0
      ? []
      : [
          `<h2 id="the-namespaces">Namespaces</h2>\n\n<p class="names">${inner.map(each => `<a href="${each.url.replace(/^api\//, '')}"><code>${each.name}</code></a>`).join(' ')}</p>`
        ]),
    ...sections.flatMap(([name, list]) => [
      `<h2 id="the-${name.toLowerCase()}">${name}</h2>`,
      `<p class="names">${listed(list)}</p>`,
      ...list.map(described)
    ]),
    `[All names](../names.md)`.replace('../names.md', url.startsWith('api/') ? '../names.html' : 'names.html')
  ]
    .filter(part => part !== '')
    .join('\n\n')
}

/** Markdown page that links every public name to its description. */
export const nameIndex = spaces =>
  [
    '# All names',
    'Every public name, and where it is described. The words that a pipeline is made of have [pages of their own](vocabulary.md) too.',
    ...spaces.map(
      ({ title, url, entries }) =>
        `## ${title}\n\n<p class="names"><a href="${url}">about it</a> ${entries
          .map(entry => `<a href="${entry.url}"><code>${entry.name}</code></a>`)
          .join(' ')}</p>`
    )
  ].join('\n\n')

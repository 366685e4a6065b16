/**
 * Uses of public names in docblocks, pages and programs of examples/, and the pages of words. A name without an example of its own links to
 * the nearest use.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import ts from 'typescript'
import { standardVocabulary } from '../../dist/src/cli/glossary.js'
import { ofMarkdown } from '../../test/doctest/extract.js'
import { slug } from './markdown.js'

const modules = new Map([
  ['ornstein', 'ornstein'],
  ['ornstein/float64', 'float64'],
  ['ornstein/laws', 'laws']
])

/** Returns a function from a path such as `['ornstein', 'Schedule', 'level']` to its entry or namespace; undefined if there is none. */
const nameResolver = spaces => {
  const byUrl = new Map(spaces.map(space => [space.url, space]))
  const byTitle = new Map(spaces.map(space => [space.title, space]))
  const within = (space, name) =>
    space.entries?.find(entry => entry.name === name) ?? byUrl.get(space.inner?.find(each => each.name === name)?.url)
  return ([module, ...path]) => path.reduce((found, name) => found && within(found, name), byTitle.get(module))
}

/**
 * Entries that a program uses directly (`used`), and those of namespaces that it lists and whose name it accesses on some object
 * (`throughNamespaces`): `.show` in a loop over concepts counts for each of them.
 */
export const usesOf = resolve => code => {
  const file = ts.createSourceFile('block.ts', code, ts.ScriptTarget.Latest, true)
  const known = new Map()
  const used = new Set()
  const listed = new Set()
  const accessed = new Set()
  const pathOf = node =>
    ts.isIdentifier(node)
      ? known.get(node.text)
      : ts.isPropertyAccessExpression(node)
        ? pathOf(node.expression)?.concat(node.name.text)
        : undefined
  /** Records a use; returns false if the path is no public name. */
  const note = path => {
    const found = resolve(path)
    if (found?.entries !== undefined) listed.add(found)
    else if (found !== undefined) used.add(found)
    return found !== undefined
  }
  const visit = node => {
    if (ts.isImportDeclaration(node)) {
      const module = modules.get(node.moduleSpecifier.text)
      const bindings = node.importClause?.namedBindings
      if (module === undefined || bindings === undefined) return
      if (ts.isNamespaceImport(bindings)) known.set(bindings.name.text, [module])
      else
        for (const { name, propertyName } of bindings.elements)
          known.set(name.text, [module, (propertyName ?? name).text])
    } else if (ts.isPropertyAccessExpression(node)) {
      const path = pathOf(node)
      if (path === undefined || !note(path)) {
        accessed.add(node.name.text)
        visit(node.expression)
      }
    } else if (ts.isPropertyAssignment(node)) visit(node.initializer)
    else if (ts.isTypeNode(node)) return
    else if (ts.isBindingElement(node)) {
      accessed.add((node.propertyName ?? node.name).getText())
      ts.forEachChild(node, visit)
    } else if (ts.isIdentifier(node)) {
      const path = known.get(node.text)
      if (path !== undefined) note(path)
    } else ts.forEachChild(node, visit)
  }
  visit(file)
  const throughNamespaces = [...listed].flatMap(({ entries }) => entries.filter(({ name }) => accessed.has(name)))
  return { throughNamespaces, used }
}

/** Nearest heading above a line of a page, as plain text. */
const headingAbove = (text, line) =>
  text
    .split('\n')
    .slice(0, line)
    .findLast(each => /^#{1,3} /.test(each))
    ?.replace(/^#+ /, '')
    .replace(/[`*]/g, '') ?? ''

/** Possible examples `{ code, …place }` in order of preference: docblocks, shortest first; blocks of pages; programs. */
const exampleCandidates = (root, spaces) => {
  const read = path => readFileSync(root + path, 'utf8')
  const docblocks = spaces
    .flatMap(space => [
      ...space.examples.map(({ caption, code }, i) => ({
        code,
        text: caption === '' ? `of ${space.title}` : caption,
        to: `${space.url}#${exampleId(i)}`
      })),
      ...space.entries.flatMap(({ examples, full, url }) =>
        examples.map(code => ({ code, text: `of \`${full}\``, to: url }))
      )
    ])
    .sort((a, b) => a.code.length - b.code.length)
  const pages = ['README.md', ...readdirSync(`${root}docs`).map(name => `docs/${name}`)]
    .filter(path => path.endsWith('.md'))
    .flatMap(path => {
      const text = read(path)
      return ofMarkdown(path, text).flatMap(({ examples }) => {
        let before = ''
        return examples.map(({ name, code }) => {
          const line = Number(name.split(' ').at(-1))
          const heading = headingAbove(text, line)
          // A block may use names that earlier blocks import.
          const imports = before
          before += (code.match(/^import [^;]*? from '[^']*'$/gm) ?? []).join('\n') + '\n'
          return { code: `${imports}${code}`, text: heading, file: path, hash: slug(heading) }
        })
      })
    })
  const programs = execFileSync('git', ['ls-files', 'examples/*.ts'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(file => ({ code: read(file), text: file, file }))
  return [...docblocks, ...pages, ...programs]
}

/** Id of a namespace's i-th example on its page. */
export const exampleId = i => (i === 0 ? 'the-example' : `the-example-${i + 1}`)

/** Map from each entry without its own example to the nearest use: `{ text, to }` in the site, or `{ text, file, hash }`. */
export const examplesOf = (root, spaces) => {
  const uses = usesOf(nameResolver(spaces))
  const found = new Map()
  const all = exampleCandidates(root, spaces).map(({ code, ...place }) => ({ ...uses(code), place }))
  // Members of every concept are best shown by programs that loop over all concepts.
  for (const kind of ['throughNamespaces', 'used'])
    for (const { place, ...names } of all)
      for (const entry of names[kind]) if (entry.examples.length === 0 && !found.has(entry)) found.set(entry, place)
  const words = new Set(standardVocabulary.flatMap(({ words }) => words.map(({ name }) => name)))
  for (const { entries } of spaces)
    for (const entry of entries)
      if (entry.examples.length === 0 && words.has(entry.full))
        found.set(entry, { text: `\`${entry.full}\``, to: `words/${entry.full}.html` })
  return found
}

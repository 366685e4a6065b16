/**
 * Where a public name is used: the page of a word, an example of a docblock, a block of a page, or a program of examples/.
 * A name without an example of its own is shown the nearest of them.
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

/** Where a name of a module leads, by its path in it: `['ornstein', 'Schedule', 'level']`. */
const resolver = spaces => {
  const byUrl = new Map(spaces.map(space => [space.url, space]))
  const byTitle = new Map(spaces.map(space => [space.title, space]))
  const within = (space, name) =>
    space.entries?.find(entry => entry.name === name) ?? byUrl.get(space.inner?.find(each => each.name === name)?.url)
  return ([module, ...path]) => path.reduce((found, name) => found && within(found, name), byTitle.get(module))
}

/**
 * The public names that a program uses. A program that lists namespaces and asks each for `.show` uses the `show` of all of them:
 * so a tour through the concepts counts for each.
 */
export const usesOf = resolve => code => {
  const file = ts.createSourceFile('block.ts', code, ts.ScriptTarget.Latest, true)
  const known = new Map()
  const used = new Set()
  const listed = new Set()
  const asked = new Set()
  const pathOf = node =>
    ts.isIdentifier(node)
      ? known.get(node.text)
      : ts.isPropertyAccessExpression(node)
        ? pathOf(node.expression)?.concat(node.name.text)
        : undefined
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
        asked.add(node.name.text)
        visit(node.expression)
      }
    } else if (ts.isPropertyAssignment(node)) visit(node.initializer)
    else if (ts.isTypeNode(node)) return
    else if (ts.isBindingElement(node)) {
      asked.add((node.propertyName ?? node.name).getText())
      ts.forEachChild(node, visit)
    } else if (ts.isIdentifier(node)) {
      const path = known.get(node.text)
      if (path !== undefined) note(path)
    } else ts.forEachChild(node, visit)
  }
  visit(file)
  const toured = [...listed].flatMap(({ entries }) => entries.filter(({ name }) => asked.has(name)))
  return { toured, used }
}

/** The heading above a line of a page. */
const headingAbove = (text, line) =>
  text
    .split('\n')
    .slice(0, line)
    .findLast(each => /^#{1,3} /.test(each))
    ?.replace(/^#+ /, '')
    .replace(/[`*]/g, '') ?? ''

/** All that may serve as an example, the nearest first: docblocks, the shortest before others; blocks of pages; programs. */
const candidates = (root, spaces) => {
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
          // The names of a block are those that the blocks before it import.
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

/** The place of a namespace's own example on its page. */
export const exampleId = i => (i === 0 ? 'the-example' : `the-example-${i + 1}`)

/** For each entry without an example of its own, where one that uses it stands: `{ text, to }`, or `{ text, file, hash }`. */
export const examplesOf = (root, spaces) => {
  const uses = usesOf(resolver(spaces))
  const found = new Map()
  const all = candidates(root, spaces).map(({ code, ...place }) => ({ ...uses(code), place }))
  // What every concept has is shown where all of them are gone through.
  for (const kind of ['toured', 'used'])
    for (const { place, ...names } of all)
      for (const entry of names[kind]) if (entry.examples.length === 0 && !found.has(entry)) found.set(entry, place)
  const words = new Set(standardVocabulary.flatMap(({ words }) => words.map(({ name }) => name)))
  for (const { entries } of spaces)
    for (const entry of entries)
      if (entry.examples.length === 0 && words.has(entry.full))
        found.set(entry, { text: `\`${entry.full}\``, to: `words/${entry.full}.html` })
  return found
}

/** Every `Name.member` that the documentation, doc comments and messages mention exists. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import * as float64 from '../../lib/index.js'
import { remembered } from '../../lib/plain/remembered.js'
import * as ornstein from '../../src/index.js'
import * as laws from '../../src/laws/index.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const tracked = (...patterns: ReadonlyArray<string>): ReadonlyArray<string> =>
  execFileSync('git', ['ls-files', ...patterns], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter(path => path !== '' && existsSync(root + path))
const sources = new Map(tracked('src/*.ts', 'lib/*.ts').map(path => [path, readFileSync(root + path, 'utf8')]))
const everywhere = [...sources.values()].join('\n')

/** Module that a path in another module means. */
const resolved = (from: string, path: string): string => join(dirname(from), path).replace(/\.js$/, '.ts')

/** Names that a module exports, types too. */
const exportsOf = (path: string): ReadonlyArray<string> => {
  const text = sources.get(path) ?? ''
  return [
    ...[...text.matchAll(/^export (?:declare )?(?:const|function|class|interface|type) (\w+)/gm)].map(
      ([, name]) => name
    ),
    ...[...text.matchAll(/^export \* as (\w+)/gm)].map(([, name]) => name),
    ...[...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) =>
      list.split(',').map(item =>
        item
          .trim()
          .replace(/^type /, '')
          .replace(/^\w+ as /, '')
      )
    ),
    ...[...text.matchAll(/^export \* from '(\..*)'/gm)].flatMap(([, from]) => exportsOf(resolved(path, from)))
  ]
}

/** Fields of the interfaces with a name. */
const fieldsOf = remembered((name: string): ReadonlyArray<string> => {
  const declaration = new RegExp(`^(?:export )?(?:interface|type) ${name}\\b[^{]*\\{([\\s\\S]*?)^\\}`, 'gm')
  return [...everywhere.matchAll(declaration)].flatMap(([, body]) =>
    [...body.matchAll(/^ +(?:readonly )?(\w+)\??[:(]/gm)].map(([, field]) => field)
  )
})

/** Namespaces of the package, each with its values and types. */
const index = ['src/index.ts', 'lib/index.ts', 'src/laws/index.ts']
const publicTypes = new Map(
  index.flatMap(path =>
    [...(sources.get(path) ?? '').matchAll(/^export \* as (\w+) from '(.*)'/gm)].map(
      ([, name, from]) => [name, exportsOf(resolved(path, from))] as const
    )
  )
)
const membersOf = remembered((name: string): ReadonlyArray<string> | null => {
  const values = [ornstein, float64, laws].map(all => (all as Readonly<Record<string, unknown>>)[name]).filter(value => value !== undefined) // prettier-ignore
  if (values.length === 0 && !publicTypes.has(name)) return null
  return [
    ...values.flatMap(value => (typeof value === 'object' && value !== null ? Object.keys(value) : [])),
    ...(publicTypes.get(name) ?? []),
    ...fieldsOf(name)
  ]
})

/** Namespaces that a module imports, which its comments may name. */
const importsOf = (path: string): ReadonlyMap<string, ReadonlyArray<string>> =>
  new Map(
    [...(sources.get(path) ?? '').matchAll(/^import (?:type )?\* as (\w+) from '(\..*)'/gm)].map(
      ([, name, from]) => [name, [...exportsOf(resolved(path, from)), ...fieldsOf(name)]] as const
    )
  )

/** Text with all but doc comments, or all but prose, made blank. */
const blank = (text: string): string => text.replace(/[^\n]/g, ' ')
const prose = (path: string): string => {
  const text = readFileSync(root + path, 'utf8')
  if (path.endsWith('.md')) return text.replace(/^ *```[\s\S]*?^ *```/gm, blank)
  let last = 0
  const parts = [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].flatMap(({ 0: comment, index }) => {
    const before = blank(text.slice(last, index))
    last = index + comment.length
    // An example is compiled.
    return [before, comment.replace(/^ *\* @example[\s\S]*?(?=^ *\* @(?!example)|\*\/)/gm, blank)]
  })
  return parts.join('')
}

/** Exports of internal modules with the name, which messages about their arguments name: `Score.familyStart` of score.ts. */
const internal = (name: string): ReadonlyArray<string> | undefined => {
  if (membersOf(name) === null) return undefined
  const base = `/${name.charAt(0).toLowerCase()}${name.slice(1)}.ts`
  return [...sources.keys()].filter(path => path.endsWith(base) && !path.includes('/public/')).flatMap(exportsOf)
}

const unknownOf = (code: string, others: (name: string) => ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  [...code.matchAll(/(?<![\w.'"/-])([A-Z]\w*)\.([A-Za-z]\w*)/g)].flatMap(([mention, name, member]) => {
    const members = [others(name), membersOf(name)].filter(list => list !== undefined && list !== null)
    return members.length === 0 || members.some(list => list.includes(member)) ? [] : [mention]
  })

/** What stands in backticks, and in strings of the program. */
const unknownIn = (path: string): ReadonlyArray<string> => {
  const text = prose(path)
  const line = (index: number): string => `${path}:${text.slice(0, index).split('\n').length}`
  const imported = importsOf(path)
  const code = path.endsWith('.md') ? '' : (sources.get(path) ?? '').replace(/\/\*[\s\S]*?\*\//g, blank)
  return [
    ...[...text.matchAll(/(?<=`)[^`\n]+(?=`)/g)].flatMap(({ 0: span, index }) =>
      unknownOf(span, name => imported.get(name)).map(mention => `${line(index)}: ${mention}`)
    ),
    ...[...code.matchAll(/(?<=')\w[^'\n]*(?=')/g)].flatMap(({ 0: span, index }) =>
      unknownOf(span, internal).map(mention => `${line(index)}: ${mention}`)
    )
  ]
}

it('every `Name.member` of docs, doc comments and messages exists', () => {
  const files = tracked('README.md', 'CONTRIBUTING.md', 'docs/*.md', 'examples/*.md', 'src/*.ts', 'lib/*.ts')
  expect(files.flatMap(unknownIn)).toEqual([])
})

it('a member that does not exist is found', () => {
  expect(membersOf('Mixture')).toContain('logDensity')
  expect(membersOf('Mixture')).toContain('Observation')
  expect(membersOf('Mixture')).not.toContain('logDensities')
  expect(membersOf('Number')).toBeNull()
})

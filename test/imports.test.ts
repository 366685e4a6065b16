/** Imports run downwards in the table of CONTRIBUTING, and in no circle. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Import {
  readonly from: string
  readonly to: string
  /** Whether it is of types alone, and loads nothing. */
  readonly isType: boolean
}

/** Whether an import or export loads what it names. */
const loads = (statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean => {
  if (ts.isExportDeclaration(statement)) return !statement.isTypeOnly
  const { importClause } = statement
  if (importClause === undefined) return true
  const { namedBindings, name, phaseModifier } = importClause
  if (phaseModifier === ts.SyntaxKind.TypeKeyword) return false
  return (
    name !== undefined ||
    namedBindings === undefined ||
    ts.isNamespaceImport(namedBindings) ||
    namedBindings.elements.some(({ isTypeOnly }) => !isTypeOnly)
  )
}

/** What a module of this tree imports of it. */
const importsOf = (from: string, text: string): ReadonlyArray<Import> => {
  const to = (specifier: ts.Expression | undefined): ReadonlyArray<string> =>
    specifier !== undefined && ts.isStringLiteral(specifier) && specifier.text.startsWith('.')
      ? [join(dirname(from), specifier.text).replace(/\.js$/, '.ts')]
      : []
  const found: Import[] = []
  const late = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      found.push(...to(node.arguments[0]).map(to => ({ from, to, isType: false })))
    node.forEachChild(late)
  }
  // Nothing is named after the last line that names a module: to read that too takes seconds.
  const named = [...text.matchAll(/(?:^|\}|\*|\w)[ ]*(?:from|import) '.*$/gm)].at(-1)
  const isLate = text.includes('import(')
  const read = isLate ? text : text.slice(0, named === undefined ? 0 : named.index + named[0].length)
  const source = ts.createSourceFile(from, read, ts.ScriptTarget.Latest)
  for (const node of source.statements)
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
      found.push(...to(node.moduleSpecifier).map(to => ({ from, to, isType: !loads(node) })))
  if (isLate) late(source)
  return found
}

/** A circle of imports, of types too, where there is one. */
const circle = (imports: ReadonlyArray<Import>): ReadonlyArray<string> => {
  const next = new Map<string, string[]>()
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to])
  const done = new Set<string>()
  const search = (file: string, path: ReadonlyArray<string>): ReadonlyArray<string> => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return []
    for (const to of next.get(file) ?? []) {
      const found = search(to, [...path, file])
      if (found.length > 0) return found
    }
    done.add(file)
    return []
  }
  for (const file of next.keys()) {
    const found = search(file, [])
    if (found.length > 0) return found
  }
  return []
}

const files = ['src', 'lib', 'test', 'examples', 'bench'].flatMap(room =>
  readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
    .map(file => join(room, file))
    // AssemblyScript has modules of its own.
    .filter(file => /\.ts$/.test(file) && !/(^|\/)(assembly|generated)\//.test(file))
)
const imports = files.flatMap(file => importsOf(file, readFileSync(join(root, file), 'utf8')))

/** The room of a file: a folder of src or lib, or a folder of the tree. */
const roomOf = (file: string): string => /^((src|lib)\/[^/.]+|[^/]+)/.exec(file)?.[0] ?? file

/** The rooms as CONTRIBUTING has them, from top to bottom. */
const table = [...readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8').matchAll(/^\| `(\w[\w/]*?)\/?` +\|/gm)].map(
  ([, room]) => room
)

describe('what is looked at', () => {
  it('are all rooms, and hundreds of imports', () => {
    expect(table).toContain('src/core')
    expect(table).toContain('lib/rows')
    expect(table.length).toBeGreaterThan(25)
    expect(imports.length).toBeGreaterThan(1500)
    expect(
      imports.filter(
        ({ to }) =>
          !files.includes(to) && !['vitest.config.ts', 'test/doctest/extract.ts', 'docs/site/laws.ts'].includes(to)
      )
    ).toEqual([])
  })

  it('says what is wrong', () => {
    const of = (from: string, code: string): ReadonlyArray<Import> => importsOf(from, code)
    expect(of('src/a/A.ts', "import type { B } from '../b/B.js'")).toEqual([
      { from: 'src/a/A.ts', to: 'src/b/B.ts', isType: true }
    ])
    expect(of('a.ts', "import { type B } from './b.js'").map(({ isType }) => isType)).toEqual([true])
    expect(
      of('a.ts', "import { type B, c } from './b.js'\nexport * from './d.js'").map(({ isType }) => isType)
    ).toEqual([false, false])
    expect(of('a.ts', "const b = async () => import('./b.js')").map(({ to }) => to)).toEqual(['b.ts'])
    const round = ['a', 'b', 'c'].map((from, i) => ({ from, to: ['b', 'c', 'a'][i], isType: i === 2 }))
    expect(circle(round)).toEqual(['a', 'b', 'c', 'a'])
    expect(circle(round.slice(1))).toEqual([])
  })
})

it('every concept of the index can be imported by itself', () => {
  const text = (file: string): string => readFileSync(join(root, file), 'utf8')
  const concepts = [...text('src/index.ts').matchAll(/^export \* as (\w+) from '\.\/(.+)'/gm)].map(
    ([, name, file]) => [`./${name}`, `./dist/src/${file}`] as const
  )
  expect(concepts.length).toBeGreaterThan(25)
  const { exports } = JSON.parse(text('package.json')) as { exports: Readonly<Record<string, unknown>> }
  expect(concepts.filter(([name, file]) => exports[name] !== file)).toEqual([])
})

describe('imports', () => {
  it('run in no circle', () => {
    expect(circle(imports)).toEqual([])
  })

  it('run downwards in the table of CONTRIBUTING', () => {
    const rank = (file: string): number => table.indexOf(roomOf(file))
    // An operation has its instructions, in the type of the assembler that they are written for.
    const hasInstructions = (file: string): boolean => file === 'lib/kernels/instructions.ts'
    const upwards = imports.filter(({ from, to, isType }) => {
      if (isType && hasInstructions(from)) return false
      // An index is all rooms of the language, or of lib; what stands above it takes what a user takes.
      const isOfLanguage = rank(from) > table.indexOf('src/laws')
      if (to === 'src/index.ts') return isOfLanguage
      if (to === 'lib/index.ts') return roomOf(from).startsWith('lib/')
      if (from === 'src/index.ts' || from === 'lib/index.ts' || roomOf(from) === roomOf(to)) return false
      return rank(from) >= 0 && (rank(to) < 0 || rank(to) < rank(from))
    })
    expect(upwards.map(({ from, to }) => `${from} imports ${relative('.', to)}`)).toEqual([])
  })

  it('of what the language and lib are made of come from neither tests nor examples', () => {
    expect(imports.filter(({ from, to }) => /^(src|lib)\//.test(from) && !/^(src|lib)\//.test(to))).toEqual([])
  })
})

describe('the walk of CONTRIBUTING', () => {
  const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')
  const steps = /\n1\. [^]*?\n\n/.exec(text)?.[0] ?? ''

  it('names files that are there, and what they have', () => {
    const places = [...steps.matchAll(/`((?:src|lib)\/[\w/]+\.ts)`((?:,\s+`\w+`)?)/g)]
    expect(places.length).toBeGreaterThan(15)
    const has = (file: string, name: string): boolean =>
      name === '' ||
      new RegExp(`^export (const|function|interface) ${name}\\b`, 'm').test(readFileSync(join(root, file), 'utf8'))
    const astray = places.filter(([, file, name]) => !files.includes(file) || !has(file, name.replace(/\W/g, '')))
    expect(astray.map(([place]) => place)).toEqual([])
  })
})

describe('the table of docs/compiler.md', () => {
  it('names files of lib/compiler that are there', () => {
    const rows = readFileSync(join(root, 'docs/compiler.md'), 'utf8').match(/^\|.*\.ts`.*$/gm) ?? []
    const named = rows.flatMap(row => [...row.matchAll(/`(\w+\.ts)`/g)].map(([, name]) => `lib/compiler/${name}`))
    expect(named.length).toBeGreaterThan(15)
    expect(named.filter(file => !files.includes(file))).toEqual([])
  })
})

describe('names of files', () => {
  const ours = files.filter(file => /^(src|lib)\//.test(file))

  it('begin with a small letter', () => {
    expect(ours.filter(file => !/^[a-z]/.test(basename(file)))).toEqual([])
  })

  it('are those of one file, but where one mirrors the other', () => {
    const own = ours.filter(file => !/^src\/(laws|public)\/|^src\/cli\/commands\/|\/index\.ts$/.test(file))
    const names = own.map(file => basename(file))
    expect(own.filter(file => names.indexOf(basename(file)) !== names.lastIndexOf(basename(file)))).toEqual([])
  })

  it('tests that take a part of their cases are imported by a slow one, which takes all', () => {
    const isPart = (file: string): boolean =>
      /^test\/.*(?<!\.slow)\.test\.ts$/.test(file) &&
      /import \{[^}]*\b(isSlow|spread)\b/.test(readFileSync(join(root, file), 'utf8'))
    const whole = new Set(imports.filter(({ from }) => from.endsWith('.slow.test.ts')).map(({ to }) => to))
    expect(files.filter(file => isPart(file) && !whole.has(file))).toEqual([])
  })

  it('tests stand in the room of what they test', () => {
    const rooms = new Set(files.filter(file => /^(src|lib)\//.test(file)).map(dirname))
    const tests = files.filter(file => /^test\/(src|lib)\//.test(file))
    expect(tests.length).toBeGreaterThan(100)
    expect(tests.filter(file => /^[A-Z]/.test(basename(file)) || !rooms.has(dirname(relative('test', file))))).toEqual(
      []
    )
  })
})

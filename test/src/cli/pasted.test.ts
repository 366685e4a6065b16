/** Every command that a report, a hint, an error or a page of docs prints, pasted. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as T from 'fp-ts/lib/Task.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { commands } from '../../../src/cli/usage.js'
import { FailureError, usageFailure, type World } from '../../../src/cli/world.js'
import { Problem } from '../../../src/index.js'
import { example, place } from './harness.js'

const here = place()
afterAll(here.remove)

/** The words of a line as a shell takes them, as far as quotes and redirections go: a list for each command. */
const wordsOf = (line: string): ReadonlyArray<ReadonlyArray<string>> => {
  const all: string[][] = [[]]
  for (const [found, quoted, plain] of line.matchAll(/'((?:[^']|'\\'')*)'|(&&|[|;]|[^\s'&|;]+)/g)) {
    const last = all[all.length - 1]
    if (/^(&&|[|;])$/.test(found)) all.push([])
    else last.push(found.startsWith("'") ? quoted.replaceAll(`'\\''`, "'") : plain)
  }
  return all
    .map(words =>
      words.some(word => /^\d?>/.test(word))
        ? words.slice(
            0,
            words.findIndex(word => /^\d?>/.test(word))
          )
        : words
    )
    .filter(([program]) => program === 'ornstein')
    .map(([, ...words]) => words)
}

/** The commands of a page or of what is printed: as they stand in code, and after Next. */
const commandsOf = (text: string): ReadonlyArray<string> =>
  Array.from(text.matchAll(/(?:^|, or |: )(ornstein [^\n<`]+?)(?=, or |[.;]?(?:\n|<|$))/gm), ([, line]) => line)

const unescaped = (html: string): string =>
  html.replace(/<\/?span[^>]*>/g, '').replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))

/** Runs what is printed, in order; what each came to. */
const paste = async (lines: ReadonlyArray<string>): Promise<void> => {
  for (const line of lines)
    for (const words of wordsOf(line)) {
      const { exit, stderr } = await here.run(words)
      expect({ line, exit, stderr }).toMatchObject({ line, exit: 0 })
    }
}

const blob = (count: number, of: (i: number) => ReadonlyArray<number | string>): string =>
  Array.from({ length: count }, (_, i) => of(i).join(',')).join('\n')
const wave = (i: number, by: number): number => Math.sin(i * i * by) + Math.sin(3 * i * by)

beforeAll(() => {
  mkdirSync(here.at('my tables'))
  here.write('my tables/two.csv', `x,y\n${blob(80, i => [wave(i, 1) + (i % 2) * 9, wave(i, 2)])}\n`)
  here.write('wide.csv', `x,long side\n${blob(60, i => [wave(i, 1), 1000 * wave(i, 2)])}\n`)
  here.write('coded.csv', `x,y,kind of\n${blob(60, i => [wave(i, 1), wave(i, 2), i % 3])}\n`)
  here.write('weights.csv', `x,y,weight\n${blob(60, i => [wave(i, 1), wave(i, 2), 1 + (i % 4)])}\n`)
  here.write('same.csv', `x,y,'n o'\n${blob(60, i => [wave(i, 1), wave(i, 2), 7])}\n`)
  here.write('sum.csv', `x,y,z\n${blob(60, i => [wave(i, 1), wave(i, 2), wave(i, 1) + wave(i, 2)])}\n`)
  here.write('far.csv', `x,y\n${blob(60, i => [wave(i, 1), wave(i, 2)])}\n90,90\n-70,80\n`)
})

describe('the command that a report ends with', () => {
  it.each([
    [
      '%faithful.csv --components 2 --family isotropic --recipe two-stage --compare em,annealed',
      /^ornstein assign \S*m\.json /
    ],
    ['@my_tables/two.csv -k 1,2 --family isotropic,full', /^ornstein assign \S*m\.json '/],
    ['@my_tables/two.csv -k 2 --family full --recipe em --seed 3', /^ornstein assign \S*m\.json '/],
    ['@wide.csv -k 2 --family isotropic --no-standardize --recipe em', /wide\.csv -.* --standardize$/],
    ['@coded.csv -k 2 --family isotropic --recipe em', /--labels 'kind of'$/],
    ['@weights.csv -k 2 --family isotropic --recipe em', /--weights weight$/],
    ['@same.csv -k 1 --family isotropic --recipe em --columns 1-3', /./],
    ['@sum.csv -k 2 --family full --recipe em', /./],
    ['@my_tables/two.csv -k 6 --family isotropic --recipe em', /./],
    ['@far.csv -k 3 --family full --recipe em', /./],
    ['@my_tables/two.csv --family symmetric-pair --recipe em --no-standardize', /--standardize$/],
    ['%iris.csv -k 2,3 --family tied --columns Petal.Length,Petal.Width', /./]
  ])('of fit %s', async (line, wanted) => {
    // a path with a space is one word
    const words = line.split(' ').map(word => word.replace('my_tables', 'my tables'))
    const first = await here.run(['fit', ...words, '--report', '@r.html', '--out', '@m.json'])
    expect(first.exit).toBe(0)
    const page = unescaped(here.read('r.html'))
    const next = commandsOf(page).filter(found => /^ornstein (fit|assign) /.test(found))
    expect(next).toHaveLength(1)
    expect(next[0]).toMatch(wanted)
    await paste(next)
    const said = commandsOf(first.stdout)
    expect(said).toHaveLength(2)
    await paste(said)
  })

  it('is none of rows that standard input had but that reads it again', async () => {
    const { exit } = await here.run(['fit', '-', '-k', '1', '--report', '@r.html'], { stdin: 'x\n1\n2\n4\n' })
    expect(exit).toBe(0)
    expect(unescaped(here.read('r.html'))).toMatch(/ornstein fit - --components 1/)
  })
})

it('what classify and new print next', async () => {
  const found = await here.run(['classify', '%iris.csv', '--labels', 'Species', '--covariance', 'EEE', '--folds', '2'])
  await paste(commandsOf(found.stdout).map(line => line.replace('OTHER', example('iris.csv'))))
  const written = await here.run(['new', '@my tables/p.json'])
  const lines = commandsOf(written.stdout + written.stderr)
  expect(lines.length).toBeGreaterThan(0)
  await paste(lines.map(line => line.replace('FILE', example('faithful.csv'))))
})

/** A world without files: words are read, and then there is nothing to work on. */
const withoutFiles = ((): Partial<World> => {
  const none = () => TE.left(usageFailure(Problem.of('FILE', 'x', 'a file that exists', 'give one')))
  return {
    readText: none,
    readBytes: none,
    readTable: none,
    readSource: none,
    loadModule: none,
    readCopies: async function* () {
      await Promise.resolve()
      throw new FailureError(usageFailure(Problem.of('FILE', 'x', 'a file that exists', 'give one')))
    },
    exists: () => T.of(false),
    isLarge: () => T.of(false),
    checkOutputs: () => TE.right(undefined),
    makeFolder: () => TE.right(undefined),
    writeFiles: () => TE.right(undefined)
  }
})()

describe('commands in docs and help have words that are known', () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    ...readdirSync(join(root, 'docs'))
      .filter(name => name.endsWith('.md'))
      .map(name => `docs/${name}`)
  ]
  const ofPage = (name: string): ReadonlyArray<string> => {
    const text = readFileSync(join(root, name), 'utf8')
    const blocks = Array.from(text.matchAll(/```(?:sh|bash|console)\n(.*?)```/gs), ([, block]) => block)
    const inline = Array.from(text.matchAll(/`(ornstein [^`]+)`/g), ([, line]) => line)
    const lines = blocks.flatMap(block => block.replace(/ *\\\n */g, ' ').split('\n'))
    return [
      ...lines.map(line =>
        line
          .replace(/^\$ /, '')
          .replace(/npx /g, '')
          .replace(/\s#.*$/, '')
      ),
      ...inline
    ].filter(line => /(^|&& |\| |npx )ornstein /.test(line) && !/[$"]|ornstein worker/.test(line))
  }
  const ofHelp = commands.flatMap(({ examples }) =>
    // A worker waits for a server that is not there: none is named.
    examples.filter(line => !line.startsWith('#')).map(line => `ornstein ${line.replace(/redis:\S+/, 'env:NO_QUEUE')}`)
  )

  it.each([...pages.map(name => [name, ofPage(name)] as const), ['help', ofHelp] as const])('%s', async (_, lines) => {
    for (const line of lines)
      for (const words of wordsOf(line)) {
        const { exit, stderr } = await here.run(words, withoutFiles)
        expect({
          line,
          exit,
          stderr:
            /is not a file that exists|missing required argument|required option|argument missing|NO_QUEUE \(not set\)|: F is not/.test(
              stderr
            )
              ? ''
              : stderr
        }).toMatchObject({ line, stderr: '' })
        expect([0, 1, 2]).toContain(exit)
      }
  })
})

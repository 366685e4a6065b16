/**
 * `ornstein sweep`: fits × tables × seeds, each by a process of its own, so many at a time. What each came to is a line of JSON as
 * soon as it is known, and a sweep that is begun again runs what has no line yet. A share of it is run beside others', elsewhere, and
 * their files are parts of the whole.
 */
import { execFile } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import * as t from 'io-ts'
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Problem from '../core/Problem.js'
import { show } from '../fit/table.js'
import { paragraphs, table } from '../fit/text.js'
import { faultless, whole, type Checked } from './checked.js'
import { decode, parse } from './json.js'
import * as options from './options.js'
import { failed, type Failure, type World } from './World.js'

export interface Flags {
  readonly out: string
  readonly jobs?: string | undefined
  readonly share?: string | undefined
  readonly parts?: ReadonlyArray<string> | undefined
}

const choice = t.record(t.string, t.union([t.string, t.number, t.boolean]))
const sweep = t.strict({
  data: t.readonlyArray(t.string),
  seeds: t.readonlyArray(t.number),
  /** Options of `ornstein fit`, by what each choice of them is called. */
  fits: t.record(t.string, choice)
})

interface Run {
  readonly data: string
  readonly seed: number
  readonly fit: string
  readonly args: ReadonlyArray<string>
}

/** Options that a sweep gives itself, or that would write over each other's files. */
const OWN = ['seed', 'out', 'json', 'quiet', 'verbose', 'report', 'figures', 'checkpoint', 'resume', 'every', 'by']

/** An option as it is written on the command line. */
const written = ([name, value]: readonly [string, string | number | boolean]): string =>
  value === true ? `--${name}` : value === false ? `--no-${name}` : `--${name}=${value}`

const runsOf = (path: string, { data, seeds, fits }: t.TypeOf<typeof sweep>): Checked<ReadonlyArray<Run>> =>
  faultless(
    [
      ...(['data', 'seeds'] as const).flatMap(field =>
        Problem.unless({ data, seeds }[field].length > 0, `${path}, ${field}`, '[]', 'a list of one or more', 'add one')
      ),
      ...seeds.flatMap(seed => Problem.count(`${path}, seeds`, seed, 0, 0)),
      ...Object.entries(fits).flatMap(([name, own]) =>
        Object.keys(own).flatMap(key =>
          Problem.unless(
            /^[a-z][a-z-]*$/.test(key) && !OWN.includes(key) && key !== 'print-pipeline',
            `${path}, fits.${name}`,
            key,
            'an option of ornstein fit that a sweep leaves open',
            'write it as in ornstein help fit, without the dashes'
          )
        )
      )
    ],
    data.flatMap(file =>
      Object.entries(fits).flatMap(([fit, own]) =>
        seeds.map(seed => ({
          data: file,
          seed,
          fit,
          args: ['fit', file, ...Object.entries(own).map(written), `--seed=${seed}`, '--json']
        }))
      )
    )
  )

/** One of so many shares, counted from 1. */
interface Share {
  readonly which: number
  readonly of: number
}

const shareOf = (text: string): Checked<Share> => {
  const [which, of] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).slice(1).map(Number)
  return faultless(
    Problem.unless(
      which >= 1 && which <= of && Number.isSafeInteger(of),
      '--share',
      text,
      'one of so many shares, counted from 1',
      'try 1/8, and the others up to 8/8 elsewhere'
    ),
    { which, of }
  )
}

/** Every `of`-th run, from that of the share's number on: shares have no run in common, and are all runs together. */
const sharedOut =
  ({ which, of }: Share) =>
  (runs: ReadonlyArray<Run>): ReadonlyArray<Run> =>
    runs.filter((_, i) => i % of === which - 1)

const line = t.intersection([
  t.strict({ data: t.string, seed: t.number, fit: t.string, args: t.readonlyArray(t.string) }),
  t.partial({
    result: t.intersection([
      t.type({ logLikelihood: t.number, components: t.number, family: t.string }),
      t.partial({ bic: t.number })
    ]),
    problem: t.string
  })
])
type Line = t.TypeOf<typeof line>

/** The whole lines of a file; one that was cut off is none. */
const linesOf = (text: string): ReadonlyArray<Line> =>
  text.split('\n').flatMap(each => {
    try {
      const read = line.decode(JSON.parse(each))
      return E.isRight(read) ? [read.right] : []
    } catch {
      return []
    }
  })

const main = fileURLToPath(new URL('./main.js', import.meta.url))

/** A fit by a process of its own, on a share of the machine. */
const learned = ({ args, ...run }: Run, threads: number): Promise<Line> =>
  new Promise(resolve => {
    const env = { ...process.env, ORNSTEIN_THREADS: String(threads) }
    execFile(process.execPath, [main, ...args], { env, maxBuffer: Infinity }, (error, stdout, stderr) => {
      // what ornstein fit --json prints
      const found =
        error === null ? { result: JSON.parse(stdout) as NonNullable<Line['result']> } : { problem: stderr.trim() }
      resolve({ ...run, args, ...found })
    })
  })

const sameRun = (a: Pick<Run, 'args'>, b: Pick<Run, 'args'>): boolean =>
  JSON.stringify(a.args) === JSON.stringify(b.args)

/** Of each table and fit: the best of its seeds, and how far they are apart. */
const summary = (lines: ReadonlyArray<Line>): string => {
  const groups = Object.values(
    pipe(
      lines,
      RA.reduce<Line, Readonly<Record<string, ReadonlyArray<Line>>>>({}, (all, one) => {
        const name = JSON.stringify([one.data, one.fit])
        return { ...all, [name]: [...(all[name] ?? []), one] }
      })
    )
  )
  return table({
    header: ['data', 'fit', 'done', 'log-likelihood, best', 'worst', 'BIC, best', 'components'],
    rows: groups.map(group => {
      const results = group.flatMap(({ result }) => (result === undefined ? [] : [result]))
      const all = results.map(({ logLikelihood }) => logLikelihood)
      const least = (values: ReadonlyArray<number>): string => (values.length === 0 ? '' : show(Math.min(...values)))
      return [
        group[0].data,
        group[0].fit,
        `${results.length} of ${group.length}`,
        all.length === 0 ? '' : show(Math.max(...all)),
        least(all),
        least(results.flatMap(({ bic }) => (bic === undefined ? [] : [bic]))),
        [...new Set(results.map(({ components }) => components))].sort((a, b) => a - b).join(', ')
      ]
    })
  })
}

/** How many processors this is to use: those there are, or as many as the environment says. */
const processors = (): number => {
  const asked = Number(process.env['ORNSTEIN_THREADS'])
  return Number.isSafeInteger(asked) && asked > 0 ? asked : availableParallelism()
}

/** What each run came to, so many at a time; each is handed on as soon as it is known. */
const all = async (runs: ReadonlyArray<Run>, jobs: number, done: (one: Line) => void): Promise<void> => {
  const left = runs.values()
  const threads = Math.max(1, Math.floor(processors() / jobs))
  await Promise.all(
    Array.from({ length: Math.min(jobs, runs.length) }, async () => {
      for (const run of left) done(await learned(run, threads))
    })
  )
}

const added = (path: string, lines: ReadonlyArray<Line>): void => {
  appendFileSync(path, lines.map(one => `${JSON.stringify(one)}\n`).join(''))
}

const isDone = ({ result }: Line): boolean => result !== undefined

export const run =
  (path: string, flags: Flags) =>
  (world: World): TE.TaskEither<Failure, null> =>
    pipe(
      options.checked(
        options.all({
          jobs: whole('--jobs', flags.jobs ?? String(processors()), 1, 2),
          share: shareOf(flags.share ?? '1/1')
        })
      ),
      TE.bindTo('asked'),
      TE.bind('runs', ({ asked }) =>
        pipe(
          world.readText('SWEEP', path),
          TE.flatMap(text =>
            options.checked(
              pipe(
                text,
                parse('SWEEP', path),
                E.flatMap(decode(sweep, path)),
                E.flatMap(read => runsOf(path, read)),
                E.map(sharedOut(asked.share))
              )
            )
          )
        )
      ),
      TE.tap(() => options.checkOutputs(world, [path, ...(flags.parts ?? [])])([{ option: '--out', path: flags.out }])),
      TE.bind('parts', () =>
        pipe(
          flags.parts ?? [],
          TE.traverseSeqArray(part => world.readText('--parts', part)),
          TE.map(RA.chain(linesOf))
        )
      ),
      TE.bind('before', () =>
        pipe(
          TE.fromTask(world.exists(flags.out)),
          TE.flatMap(isThere => (isThere ? world.readText('--out', flags.out) : TE.right(''))),
          TE.map(text => ({ isWhole: text === '' || text.endsWith('\n'), lines: linesOf(text) }))
        )
      ),
      TE.flatMapTask(({ asked, runs, parts, before }) => async () => {
        // what failed is tried again
        const knownIn = (lines: ReadonlyArray<Line>) => (run: Run) =>
          lines.find(one => isDone(one) && sameRun(one, run)) ?? []
        const own = runs.flatMap(knownIn(before.lines))
        const brought = runs.filter(run => !own.some(one => sameRun(one, run))).flatMap(knownIn(parts))
        const found = [...own, ...brought]
        const left = runs.filter(run => !found.some(one => sameRun(one, run)))
        if (!before.isWhole) appendFileSync(flags.out, '\n')
        added(flags.out, brought)
        const fresh: Line[] = []
        await all(left, asked.jobs, one => {
          fresh.push(one)
          added(flags.out, [one])
        })
        const lines = runs.flatMap(run => [...found, ...fresh].find(one => sameRun(one, run)) ?? [])
        const known = `${own.length} were in ${flags.out} already`
        const others = flags.parts === undefined ? '' : ` and ${brought.length} in other parts`
        await world.stdout(paragraphs([`${runs.length} fits, of which ${known}${others}.`, summary(lines)]))()
        return lines.flatMap(({ data, fit, seed, problem }) =>
          problem === undefined
            ? []
            : [
                Problem.of(
                  `${data}, ${fit}, seed ${seed}`,
                  `the fit (${problem.replace(/^error: /, '')})`,
                  'done',
                  'mend it and sweep again'
                )
              ]
        )
      }),
      TE.flatMap(problems =>
        RA.isNonEmpty(problems) ? TE.left(failed(problems[0], ...problems.slice(1))) : TE.right(null)
      )
    )

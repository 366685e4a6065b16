/**
 * `ornstein sweep`: fits × tables × seeds, each by a process of its own, so many at a time, or by the workers of a queue. What each came to is a line of JSON as
 * soon as it is known, and a sweep that is begun again runs what has no line yet. A share of it is run beside others', elsewhere, and
 * their files are parts of the whole.
 */
import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { resolve } from 'node:path'
import * as t from 'io-ts'
import * as E from 'fp-ts/lib/Either.js'
import * as NEA from 'fp-ts/lib/NonEmptyArray.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import type { Columns, Type } from '../../../lib/formats/columns.js'
import { node } from '../../../lib/simd/node.js'
import type * as Cluster from '../../cluster/index.js'
import * as Problem from '../../core/problem.js'
import type { Sheet } from '../../formats/write.js'
import { show } from '../../choice/table.js'
import { paragraphs, table } from '../../fit/text.js'
import { spread } from '../../report/sweepFigure.js'
import { faultless, type Checked } from '../checked.js'
import * as fitting from '../sweptFit.js'
import { foreignForm, formed, formOf, type Form } from '../forms.js'
import { decode, parse } from '../json.js'
import * as options from '../options.js'
import type { Share, Sweeping } from '../usage.js'
import { failed, refused, type Failure, type Output, type Signal, type World } from '../world.js'

const sweep = t.strict({
  data: t.readonlyArray(t.string),
  seeds: t.readonlyArray(t.number),
  /** Options of `ornstein fit`, by what each choice of them is called. */
  fits: t.record(t.string, fitting.options)
})

interface Run extends fitting.SweptFit {
  readonly fit: string
  readonly args: ReadonlyArray<string>
}

const runsOf = (path: string, { data, seeds, fits }: t.TypeOf<typeof sweep>): Checked<ReadonlyArray<Run>> =>
  faultless(
    [
      ...(['data', 'seeds'] as const).flatMap(field =>
        Problem.unless({ data, seeds }[field].length > 0, `${path}, ${field}`, '[]', 'a list of one or more', 'add one')
      ),
      ...seeds.flatMap(seed => Problem.count(`${path}, seeds`, seed, 0, 0)),
      ...Object.entries(fits).flatMap(([name, own]) => fitting.optionProblems(`${path}, fits.${name}`, own))
    ],
    data.flatMap(data =>
      Object.entries(fits).flatMap(([fit, options]) =>
        seeds.map(seed => ({ data, options, seed, fit, args: fitting.argsOf({ data, options, seed }) }))
      )
    )
  )

/** Every `of`-th run, from that of the share's number on: shares have no run in common, and are all runs together. */
const sharedOut =
  ({ which, of }: Share) =>
  (runs: ReadonlyArray<Run>): ReadonlyArray<Run> =>
    runs.filter((_, i) => i % of === which - 1)

const line = t.intersection([
  t.strict({ data: t.string, seed: t.number, fit: t.string, args: t.readonlyArray(t.string) }),
  fitting.outcome
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

const lineOf = ({ data, seed, fit, args }: Run, outcome: fitting.Outcome): Line => ({
  data,
  seed,
  fit,
  args,
  ...outcome
})

/** What a run is known by: its command line. */
const keyOf = ({ args }: Pick<Run, 'args'>): string => JSON.stringify(args)

/** Lines by their runs; of a run that was told of twice, the first. */
const byRun = (lines: ReadonlyArray<Line>): ReadonlyMap<string, Line> =>
  new Map(lines.map((one): [string, Line] => [keyOf(one), one]).reverse())

/** Of each table and fit: the best of its seeds, and how far they are apart. */
const summary = (lines: ReadonlyArray<Line>, within: number): string => {
  const groups = Object.values(NEA.groupBy(({ data, fit }: Line) => JSON.stringify([data, fit]))([...lines]))
  return table(
    {
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
    },
    within
  )
}

/** Signals are looked for that often, in milliseconds. */
const LOOK = 100

/** How many processors this is to use: those there are, or as many as the environment says. */
const processors = (): number => node()?.threads ?? 1

/** What each run came to, so many at a time; each is handed on as soon as it is known. */
const all = async (
  runs: ReadonlyArray<Run>,
  jobs: number,
  done: (one: Line) => void,
  stopped: () => Promise<boolean>
): Promise<void> => {
  const left = runs.values()
  const threads = Math.max(1, Math.floor(processors() / jobs))
  const ended = new AbortController()
  const looking = setInterval(() => {
    void stopped().then(isStopped => {
      if (isStopped) ended.abort()
    })
  }, LOOK)
  await Promise.all(
    Array.from({ length: Math.min(jobs, runs.length) }, async () => {
      for (const run of left) {
        const outcome = await fitting.fitted(run, { threads, signal: ended.signal })
        if (ended.signal.aborted) break
        done(lineOf(run, outcome))
      }
    })
  ).finally(() => {
    clearInterval(looking)
  })
}

const nameOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32)

/** The same by the workers of a queue. */
const byWorkers =
  (world: World, queue: string, out: string, done: (one: Line) => void, stopped: () => Promise<boolean>) =>
  (runs: ReadonlyArray<Run>): TE.TaskEither<Failure, null> =>
    pipe(
      TE.fromTask<typeof Cluster, Failure>(() => import('../../cluster/index.js')),
      TE.bindTo('cluster'),
      TE.bind('tasks', () =>
        pipe(
          runs,
          TE.traverseSeqArray(run =>
            pipe(
              () => fitting.hashOf(run, '.'),
              TE.map(hash => ({ run, name: nameOf([run.args, hash]), task: fitting.described(run, hash) }))
            )
          )
        )
      ),
      TE.flatMap(({ cluster, tasks }) => {
        const byName = new Map(tasks.map(({ name, run }) => [name, run]))
        const heard = (name: string, found: E.Either<Problem.Problem, unknown>): void => {
          const run = byName.get(name)
          if (run === undefined) return
          const outcome = E.isLeft(found)
            ? { problem: Problem.show(found.left) }
            : fitting.outcome.is(found.right)
              ? {
                  ...found.right,
                  ...(found.right.problem !== undefined && { problem: cluster.printable(found.right.problem) })
                }
              : { problem: 'what a worker sent is no fit' }
          done(lineOf(run, outcome))
        }
        const code = cluster.code()
        return pipe(
          () =>
            cluster.performed(
              queue,
              code,
              nameOf([code, resolve(out)]),
              tasks,
              heard,
              line => {
                world.stderr(`${line}\n`)
              },
              stopped
            ),
          TE.mapLeft(problem => refused(problem))
        )
      })
    )

const added = (path: string, lines: ReadonlyArray<Line>): void => {
  appendFileSync(path, lines.map(one => `${JSON.stringify(one)}\n`).join(''))
}

const isDone = ({ result }: Line): boolean => result !== undefined

/** Where lines are written as they come, and the table that is made of them at the end; null where the lines are what is asked for. */
interface Out {
  readonly lines: string
  readonly form: Form | null
}

const outOf = (path: string): Out => {
  const form = formOf(path)
  return form.name === null || form.name === 'jsonl' ? { lines: path, form: null } : { lines: `${path}.jsonl`, form }
}

/** The problems of where a sweep is to go, by the name of the file. */
export const wrongOut = (output: Output): ReadonlyArray<Problem.Problem> => {
  const { name, isPacked } = formOf(output.path)
  const foreign = foreignForm(output)
  return foreign.length > 0
    ? foreign
    : Problem.unless(
        !isPacked && name !== 'csv' && name !== 'tsv' && name !== 'arrows',
        output.option,
        output.path,
        'lines of JSON, or a table of Parquet or Arrow',
        'end it in .jsonl, .parquet or .arrow'
      )
}

/** A row for each fit: the numbers that are compared, and all of it as JSON. */
const sheetOf = (lines: ReadonlyArray<Line>): Sheet => {
  const column = (name: string, type: Type, of: (line: Line) => unknown): Columns['columns'][number] => ({
    name,
    type,
    cells: lines.map(line => of(line) ?? null)
  })
  const columns = [
    column('data', 'words', ({ data }) => data),
    column('fit', 'words', ({ fit }) => fit),
    column('seed', 'numbers', ({ seed }) => seed),
    column('family', 'words', ({ result }) => result?.family),
    column('components', 'numbers', ({ result }) => result?.components),
    column('logLikelihood', 'numbers', ({ result }) => result?.logLikelihood),
    column('bic', 'numbers', ({ result }) => result?.bic),
    column('problem', 'words', ({ problem }) => problem),
    column('line', 'words', line => JSON.stringify(line))
  ]
  return {
    text: () => lines.map(line => JSON.stringify(line)).join('\n'),
    columns: () => E.right({ rows: lines.length, columns })
  }
}

export const run =
  (path: string, flags: Sweeping) =>
  (world: World): TE.TaskEither<Failure, Signal | null> =>
    pipe(
      TE.right<Failure, { readonly out: Out }>({ out: outOf(flags.out) }),
      TE.bind('runs', () =>
        pipe(
          world.readText('SWEEP', path),
          TE.flatMap(text =>
            options.checked(
              pipe(
                text,
                parse('SWEEP', path),
                E.flatMap(decode(sweep, path)),
                E.flatMap(read => runsOf(path, read)),
                E.map(sharedOut(flags.share))
              )
            )
          )
        )
      ),
      TE.tap(() =>
        options.checkOutputs(world, [path, ...(flags.parts ?? [])])([
          { option: '--out', path: flags.out },
          ...(flags.figure === undefined ? [] : [{ option: '--figure', path: flags.figure }])
        ])
      ),
      TE.bind('parts', () =>
        pipe(
          flags.parts ?? [],
          TE.traverseSeqArray(part => world.readText('--parts', part)),
          TE.map(RA.chain(linesOf))
        )
      ),
      TE.bind('before', ({ out }) =>
        pipe(
          TE.fromTask(world.exists(out.lines)),
          TE.flatMap(isThere => (isThere ? world.readText('--out', out.lines) : TE.right(''))),
          TE.map(text => ({ isWhole: text === '' || text.endsWith('\n'), lines: linesOf(text) }))
        )
      ),
      TE.flatMap(({ out, runs, parts, before }) => {
        const { lines: path } = out
        // what failed is tried again
        const [known, others] = [before.lines, parts].map(lines => byRun(lines.filter(isDone)))
        const own = runs.flatMap(run => known.get(keyOf(run)) ?? [])
        const brought = runs.flatMap(run => (known.has(keyOf(run)) ? [] : (others.get(keyOf(run)) ?? [])))
        const found = byRun([...own, ...brought])
        const left = runs.filter(run => !found.has(keyOf(run)))
        if (!before.isWhole) appendFileSync(path, '\n')
        added(path, brought)
        const fresh: Line[] = []
        const done = (one: Line): void => {
          fresh.push(one)
          added(path, [one])
        }
        const work = (heard: () => Promise<Signal | null>): TE.TaskEither<Failure, Signal | null> => {
          let signal: Signal | null = null
          const stopped = async (): Promise<boolean> => (signal ??= await heard()) !== null
          return pipe(
            flags.queue === undefined
              ? TE.fromTask<unknown, Failure>(() => all(left, flags.jobs ?? processors(), done, stopped))
              : byWorkers(world, flags.queue, flags.out, done, stopped)(left),
            TE.map(() => signal)
          )
        }
        return pipe(
          () => world.untilSignal(heard => work(heard)()),
          TE.map(stopped => ({ stopped, all: byRun([...found.values(), ...fresh]) })),
          TE.map(({ stopped, all }) => ({
            stopped,
            form: out.form,
            lines: runs.flatMap(run => all.get(keyOf(run)) ?? []),
            counts:
              `${runs.length} fits, ${own.length} of them already in ${path}` +
              (flags.parts === undefined ? '' : `, and ${brought.length} in other parts`) +
              `${stopped === null ? '' : `; stopped by ${stopped}, the same command resumes`}.`
          }))
        )
      }),
      TE.tap(({ form, lines }) =>
        form === null
          ? TE.right(undefined)
          : options.write(world)([
              {
                option: '--out',
                path: flags.out,
                text: formed(form, { option: '--out', path: flags.out }, [sheetOf(lines)])
              }
            ])
      ),
      TE.tapTask(({ lines, counts }) =>
        world.stdout(paragraphs([counts, summary(lines, world.terminal.out)], world.terminal.out))
      ),
      TE.tap(({ lines }) =>
        flags.figure === undefined
          ? TE.right(undefined)
          : options.write(world)([{ option: '--figure', path: flags.figure, text: String(spread(lines)) }])
      ),
      TE.flatMap(({ lines, stopped }) => {
        const problems = lines.flatMap(({ data, fit, seed, problem }) =>
          problem === undefined
            ? []
            : [
                Problem.of(
                  `${data}, ${fit}, seed ${seed}`,
                  `the fit (${problem.replace(/^error: /, '')})`,
                  'done',
                  'fix it and sweep again'
                )
              ]
        )
        return stopped === null && RA.isNonEmpty(problems)
          ? TE.left(failed(problems[0], ...problems.slice(1)))
          : TE.right(stopped)
      })
    )

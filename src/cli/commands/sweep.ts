/**
 * `ornstein sweep`: runs fits × tables × seeds in several processes. Appends each result as a line of JSON, and runs only fits without one;
 * `cat` joins results of several machines.
 */
import { execFile } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import * as t from 'io-ts'
import * as E from 'fp-ts/lib/Either.js'
import * as NEA from 'fp-ts/lib/NonEmptyArray.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { parseJson } from '../../../lib/plain/jsonText.js'
import { node } from '../../../lib/wasm/node.js'
import * as Limits from '../../core/limits.js'
import * as Problem from '../../core/problem.js'
import { show } from '../../fit/table.js'
import { paragraphs, printTable } from '../../fit/text.js'
import { faultless, type OrProblems } from '../orProblems.js'
import { FIT_OPTIONS, OUTPUT_OPTIONS, type FitFlags } from '../fitOptions.js'
import { fileSystemProblem } from '../fileProblem.js'
import { decodeJson, parseJsonText } from '../../core/json.js'
import { optionName } from '../option.js'
import * as steps from '../commandSteps.js'
import type { SweepFlags } from '../commandOptions.js'
import { workFailure, type CommandFailure, type Signal, type World } from '../world.js'

const sweepCodec = t.strict({
  data: t.readonlyArray(t.string),
  seeds: t.readonlyArray(t.number),
  /** Options of `ornstein fit`, by the name of each choice. */
  fits: t.record(t.string, t.record(t.string, t.union([t.string, t.number, t.boolean])))
})

const sweepRunCodec = t.strict({ data: t.string, seed: t.number, fit: t.string, args: t.readonlyArray(t.string) })
type SweepRun = t.TypeOf<typeof sweepRunCodec>

/** Fields of the output of `ornstein fit --json` that are compared. */
const fitResultCodec = t.intersection([
  t.type({ logLikelihood: t.number, components: t.number, family: t.string }),
  t.partial({ bic: t.number, labels: t.type({ adjustedRand: t.number }) })
])
const sweepLineCodec = t.intersection([sweepRunCodec, t.partial({ result: fitResultCodec, problem: t.string })])
type SweepLine = t.TypeOf<typeof sweepLineCodec>

/** Options that a sweep sets, that would overwrite other fits' files, or that fit nothing. */
const SWEEP_OWN_OPTIONS: ReadonlyArray<keyof FitFlags> = [...OUTPUT_OPTIONS, 'seed', 'by']
/** Options that a sweep may set; `--no-header` is `header` with the value false. */
const ALLOWED_OPTIONS = Object.keys(FIT_OPTIONS)
  .filter(key => !SWEEP_OWN_OPTIONS.some(own => own === key))
  .map(key => optionName(key).slice(2))

/** Rejects text with NUL, which no argument of a process can contain. */
const nulProblems = (field: string, text: string): ReadonlyArray<Problem.Problem> =>
  Problem.unless(!text.includes('\0'), field, JSON.stringify(text), 'text without NUL', 'correct it')

const sweepRuns = (
  path: string,
  { data, seeds, fits }: t.TypeOf<typeof sweepCodec>
): OrProblems<ReadonlyArray<SweepRun>> =>
  faultless(
    [
      ...(['data', 'seeds'] as const).flatMap(field =>
        Problem.unless({ data, seeds }[field].length > 0, `${path}, ${field}`, '[]', 'a list of one or more', 'add one')
      ),
      ...seeds.flatMap(seed => Problem.requireCount(`${path}, seeds`, seed, { least: 0, suggestion: 0 })),
      ...data.flatMap(name => nulProblems(`${path}, data`, name)),
      ...Object.entries(fits).flatMap(([name, options]) =>
        Object.entries(options).flatMap(([key, value]) => [
          ...nulProblems(`${path}, fits.${name}, ${key}`, String(value)),
          ...Problem.unless(
            ALLOWED_OPTIONS.includes(key),
            `${path}, fits.${name}`,
            key,
            'an option of ornstein fit that a sweep leaves open',
            'write it as in ornstein help fit, without the dashes'
          )
        ])
      )
    ],
    data.flatMap(data =>
      Object.entries(fits).flatMap(([fit, options]) => {
        const args = Object.entries(options).map(([name, value]) =>
          value === true ? `--${name}` : value === false ? `--no-${name}` : `--${name}=${value}`
        )
        return seeds.map(seed => ({ data, seed, fit, args: ['fit', data, ...args, `--seed=${seed}`, '--json'] }))
      })
    )
  )

const parseValidLine = <A>(codec: t.Type<A, unknown>, text: string): ReadonlyArray<A> => {
  const json = parseJson(text, Limits.messageDepth)
  const decoded = 'fault' in json ? null : codec.decode(json.value)
  return decoded !== null && E.isRight(decoded) ? [decoded.right] : []
}

const commandLineKey = ({ args }: Pick<SweepRun, 'args'>): string => JSON.stringify(args)

/** Adjusted Rand index of the most likely result; empty without labels. */
const bestAdjustedRand = (results: ReadonlyArray<t.TypeOf<typeof fitResultCodec>>): string => {
  const [best] = [...results].sort((a, b) => b.logLikelihood - a.logLikelihood)
  return results.length === 0 || best.labels === undefined ? '' : best.labels.adjustedRand.toFixed(3)
}

/** Best and worst seed of each table and fit. */
const sweepSummary = (lines: ReadonlyArray<SweepLine>, within: number): string => {
  const least = (values: ReadonlyArray<number>): string => (values.length === 0 ? '' : show(Math.min(...values)))
  const isLabelled = lines.some(({ result }) => result?.labels !== undefined)
  return printTable(
    {
      header: [
        ...['data', 'fit', 'done', 'log-likelihood, best', 'worst', 'BIC, best', 'components'],
        ...(isLabelled ? ['Rand, of the best'] : [])
      ],
      rows: Object.values(NEA.groupBy(({ data, fit }: SweepLine) => JSON.stringify([data, fit]))([...lines])).map(
        group => {
          const results = group.flatMap(({ result }) => result ?? [])
          const all = results.map(({ logLikelihood }) => logLikelihood)
          return [
            group[0].data,
            group[0].fit,
            `${results.length} of ${group.length}`,
            all.length === 0 ? '' : show(Math.max(...all)),
            least(all),
            least(results.flatMap(({ bic }) => bic ?? [])),
            [...new Set(results.map(({ components }) => components))].sort((a, b) => a - b).join(', '),
            ...(isLabelled ? [bestAdjustedRand(results)] : [])
          ]
        }
      )
    },
    within
  )
}

const MAIN_MODULE_PATH = fileURLToPath(new URL('../main.js', import.meta.url))

/** Runs a fit in a process, which ends when this one closes its standard input. */
const fitInProcess = (run: SweepRun, threads: number, signal: AbortSignal): Promise<SweepLine> =>
  new Promise(resolve => {
    const env = { ...process.env, ORNSTEIN_WITH: 'stdin', ORNSTEIN_THREADS: String(threads) }
    const options = { env, signal, maxBuffer: Infinity, encoding: 'utf8', killSignal: 'SIGKILL' } as const
    execFile(process.execPath, [MAIN_MODULE_PATH, ...run.args], options, (error, stdout, stderr) => {
      const result = error === null ? parseValidLine(fitResultCodec, stdout).at(0) : undefined
      resolve({
        ...run,
        ...(result === undefined ? { problem: stderr.trim() || (error?.message ?? 'no fit') } : { result })
      })
    })
  })

const SIGNAL_CHECK_MILLISECONDS = 100
const processorCount = (): number => node()?.threads ?? 1

type SweepEnd = Signal | CommandFailure | null

/** Runs `jobs` fits at a time, passing results to `onResult`. Returns why it ended early. */
const runSweepFits =
  (runs: ReadonlyArray<SweepRun>, jobs: number, onResult: (line: SweepLine) => CommandFailure | null) =>
  async (pollSignal: () => Promise<Signal | null>): Promise<SweepEnd> => {
    let end: SweepEnd = null
    const remaining = runs.values()
    const aborter = new AbortController()
    const signalCheck = setInterval(() => {
      void pollSignal().then(signal => {
        end ??= signal
        if (end !== null) aborter.abort()
      })
    }, SIGNAL_CHECK_MILLISECONDS)
    const worker = async (): Promise<void> => {
      for (const run of remaining) {
        const line = await fitInProcess(run, Math.max(1, Math.floor(processorCount() / jobs)), aborter.signal)
        if (aborter.signal.aborted) return
        end = onResult(line)
        if (end !== null) aborter.abort()
      }
    }
    await Promise.all(Array.from({ length: Math.min(jobs, runs.length) }, worker))
    clearInterval(signalCheck)
    return end
  }

interface SweepResult {
  readonly stopped: Signal | null
  readonly lines: ReadonlyArray<SweepLine>
}

/** Runs `ornstein sweep`. */
export const runSweep =
  (path: string, { out, share, jobs = processorCount() }: SweepFlags) =>
  (world: World): TE.TaskEither<CommandFailure, Signal | null> =>
    pipe(
      readSweepRuns(world, path),
      // Shares are disjoint, and together contain all runs.
      TE.map(RA.filterWithIndex(i => i % share.of === share.which - 1)),
      TE.bindTo('runs'),
      TE.tap(() => steps.checkWritableOutputs(world, [path])([{ option: '--out', path: out }])),
      TE.bind('written', () =>
        pipe(
          TE.fromTask(world.exists(out)),
          TE.flatMap(isThere => (isThere ? world.readText('--out', out) : TE.right('')))
        )
      ),
      TE.flatMap(
        ({ runs, written }) =>
          () =>
            runRemainingFits(world, { runs, written, out, jobs })
      ),
      TE.flatMapEither(({ stopped, lines }) =>
        E.mapLeft(workFailure)(faultless(stopped === null ? lines.flatMap(failedFitProblems) : [], stopped))
      )
    )

const readSweepRuns = (world: World, path: string): TE.TaskEither<CommandFailure, ReadonlyArray<SweepRun>> =>
  pipe(
    world.readText('SWEEP', path),
    TE.flatMap(text =>
      steps.fromCheck(
        pipe(
          text,
          parseJsonText('SWEEP', path),
          E.flatMap(decodeJson(sweepCodec, path)),
          E.flatMap(sweep => sweepRuns(path, sweep))
        )
      )
    )
  )

/** Runs of a sweep, and the text of `out`, to which results are appended. */
interface SweepTask {
  readonly runs: ReadonlyArray<SweepRun>
  readonly written: string
  readonly out: string
  readonly jobs: number
}

/** Runs the fits without a result in `out`, and prints a summary of all. */
const runRemainingFits = async (
  world: World,
  { runs, written, out, jobs }: SweepTask
): Promise<E.Either<CommandFailure, SweepResult>> => {
  // Incomplete lines are ignored, and failed fits are run again.
  const results = new Map(
    written
      .split('\n')
      .flatMap(text => parseValidLine(sweepLineCodec, text))
      .filter(line => line.result !== undefined)
      .map(line => [commandLineKey(line), line])
  )
  const remaining = runs.filter(run => !results.has(commandLineKey(run)))
  const onResult = (line: SweepLine): CommandFailure | null => {
    results.set(commandLineKey(line), line)
    return appendText(out, `${JSON.stringify(line)}\n`)
  }
  const appended = written === '' || written.endsWith('\n') ? null : appendText(out, '\n')
  const stopped = appended ?? (await world.untilSignal(runSweepFits(remaining, jobs, onResult)))
  if (stopped !== null && typeof stopped !== 'string') return E.left(stopped)
  const lines = runs.flatMap(run => results.get(commandLineKey(run)) ?? [])
  const end = stopped === null ? '' : `; stopped by ${stopped}, the same command resumes`
  const within = world.terminal.out
  const counts = `${runs.length} fits, ${runs.length - remaining.length} of them already in ${out}${end}.`
  await world.stdout(paragraphs([counts, sweepSummary(lines, within)], within))()
  return E.right({ stopped, lines })
}

/** Appends to the file of `--out`; returns any failure, otherwise null. */
const appendText = (out: string, text: string): CommandFailure | null => {
  try {
    appendFileSync(out, text)
    return null
  } catch (error) {
    return workFailure(fileSystemProblem('--out', out, error))
  }
}

const failedFitProblems = ({ data, fit, seed, problem }: SweepLine): ReadonlyArray<Problem.Problem> =>
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

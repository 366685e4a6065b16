/** Runs a pipeline step by step, with progress, signals and checkpoints. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import type * as Program from '../compile/program.js'
import * as Problem from '../core/problem.js'
import type * as Backend from '../data/reductionBackend.js'
import type * as Source from '../data/source/index.js'
import { show } from '../fit/table.js'
import { Compile, Expectation, Key, type Params, type Points, Rate, Run } from '../index.js'
import * as Checkpoint from '../compile/checkpoint.js'
import * as Optimizer from '../optimizer/index.js'
import type * as Pipeline from '../pipeline/pipeline.js'
import * as Stage from '../pipeline/stage.js'
import * as Objective from '../objective/index.js'
import type { StageRun } from '../report/findings.js'
import type { CheckpointInterval } from './fitOptions.js'
import { History } from './history.js'
import { speaker } from './tableOptions.js'
import { workFailure, usageFailure, type CommandFailure, type Signal, type World } from './world.js'

/** Short description of an optimizer over `steps` steps; the full one if it combines several methods. */
const optimizerInBrief = (optimizer: Optimizer.Optimizer, steps: number): string =>
  pipe(
    Optimizer.optimizerBrief(optimizer),
    O.filter(({ methods, rates }) => methods.length <= 1 && rates.length === 1),
    O.match(
      () => Optimizer.show(optimizer),
      ({ methods: [method = 'gradient descent'], rates: [rate], frozen }) => {
        const [from, to] = [0, Math.max(0, steps - 1)].map(step => show(Rate.at(step)(rate), 2))
        return `${method} at rate ${from}${to === from ? '' : ` to ${to}`}${frozen.length > 0 ? `, ${frozen.join(', ')} frozen` : ''}`
      }
    )
  )

const methodInWords = ({ optimizer, loss, stopping }: Stage.Simple, { engine }: Program.Plan): string =>
  optimizer === undefined
    ? engine
    : [
        optimizerInBrief(optimizer, stopping.steps),
        ...(loss && Objective.terms(loss.objective).some(({ term }) => Objective.isMatching(term))
          ? [Expectation.show(loss.expectation)]
          : [])
      ].join(', ')

const objectiveInWords = ({ loss, times }: Stage.Simple, prior: O.Option<number>): string =>
  loss === undefined
    ? `−log-likelihood${O.isSome(prior) ? ' less log p(θ)' : ''} per row${times.length > 0 ? `, with the noise of t = ${times.join(', ')}` : ''}`
    : Objective.formula(loss.objective)

export interface TracedRun {
  readonly program: Program.Program<string>
  readonly params: Params.Params<string>
  readonly stages: ReadonlyArray<StageRun>
  readonly stopped: Signal | null
}

/** Name of a step's value, and the value in the data's units. */
export interface MeasuredValue {
  readonly name: string
  readonly value: number
}

type WatchRun = (
  state: Run.State<string>,
  program: Program.Program<string>,
  measured: (stage: number, value: number) => MeasuredValue
) => void

/** Writes a run's checkpoints; has the one to resume from. */
export interface CheckpointWriter {
  readonly path: string
  /** Name and version of this program. */
  readonly writer: string
  /** Text of the checkpoint to resume from; null for a new run. */
  readonly resumeFrom: string | null
  readonly every: CheckpointInterval
  /** Writes a checkpoint; a failure is a warning. */
  readonly write: (text: string) => Promise<void>
}

export interface Control {
  readonly watch: WatchRun
  readonly now: () => number
  /** Waits for pending signals; returns the first one received, or null. */
  readonly pollSignal: () => Promise<Signal | null>
  readonly checkpointWriter: CheckpointWriter | null
  /** Receives the fit so far at each state of a search. */
  readonly onFit?: World['onFit']
}

/** Interval of checks for signals, each of which takes a few microseconds. */
const SIGNAL_POLL_MILLISECONDS = 50

/** Yields states as they are computed, with their time and any signal by then. */
export async function* statesWithSignals<S>(
  { now, pollSignal }: Pick<Control, 'now' | 'pollSignal'>,
  states: Iterable<S>
): AsyncGenerator<{ readonly state: S; readonly at: number; readonly stopped: Signal | null }> {
  let polledAt = now()
  let stopped: Signal | null = null
  for (const state of states) {
    const at = now()
    if (at - polledAt >= SIGNAL_POLL_MILLISECONDS) {
      stopped = await pollSignal()
      polledAt = at
    }
    yield { state, at, stopped }
  }
}

const stoppingRuleCodec = t.union([t.keyof({ steps: null, gradientNorm: null, relativeChange: null }), t.null])

/** History that a checkpoint stores with the state, for the report. */
const historyCodec = t.type({
  seed: t.number,
  stages: t.readonlyArray(
    t.type({ rule: stoppingRuleCodec, taken: t.number, values: t.readonlyArray(t.number), every: t.number })
  )
})

type RunHistory = t.TypeOf<typeof historyCodec>

/** History of a run before its first step. */
const emptyHistory = (program: Program.Program<string>, seed: number): RunHistory => ({
  seed,
  stages: program.stages.map(() => ({ rule: null, ...new History().summary() }))
})

/** Reads the state and history to resume from; null and empty if new. */
const resumePoint = (
  program: Program.Program<string>,
  seed: number,
  checkpointWriter: CheckpointWriter | null
): E.Either<CommandFailure, { readonly resumedState: Run.State<string> | null; readonly history: RunHistory }> => {
  if (checkpointWriter === null || checkpointWriter.resumeFrom === null)
    return E.right({ resumedState: null, history: emptyHistory(program, seed) })
  const { writer, path, resumeFrom } = checkpointWriter
  const other = (value: string, domain: string, remedy: string): Problem.Problem =>
    Problem.of('checkpoint', value, domain, remedy)
  return pipe(
    Checkpoint.readCheckpointText(program, writer)(resumeFrom),
    E.bindTo('stored'),
    E.bind('history', ({ stored: { beside } }) =>
      historyCodec.is(beside) && beside.stages.length === program.stages.length
        ? E.right(beside)
        : E.left(other('what stands beside the state', 'as ornstein fit writes it', 'start again with another file'))
    ),
    E.filterOrElse(
      ({ history }) => history.seed === seed,
      ({ history }) =>
        other(
          `of seed ${history.seed}`,
          `of seed ${seed}`,
          `give --seed ${history.seed}, or start again with another file`
        )
    ),
    E.bimap(
      problem => usageFailure({ ...problem, field: `--checkpoint ${path}` }),
      ({ stored, history }) => ({ resumedState: stored.state, history })
    )
  )
}

/** True if a checkpoint is due at a step, `passed` milliseconds after the last. */
const isCheckpointDue = (every: CheckpointInterval, step: number, passed: number): boolean =>
  every._tag === 'Steps' ? step > 0 && step % every.steps === 0 : passed >= every.milliseconds

/** Σⱼ log sⱼ, the difference of −log p in the data's units from that of the scaled data. */
export const logScaleSum = (scaling: Points.Scaling | null): number =>
  Array.from(scaling?.scale ?? [], Elementary.log).reduce((sum, log) => sum + log, 0)

/** Returns a function that names a stage's value and converts log-likelihoods to the data's units. */
const measureValues = ({ pipeline }: Program.Program<string>, scaling: Points.Scaling | null) => {
  const simpleStages = pipeline.stages.flatMap(Stage.simple)
  const shift = logScaleSum(scaling)
  return (stage: number, value: number): MeasuredValue => {
    const { loss, times } = simpleStages[stage].simple
    const prior = O.isSome(Stage.priorOf(simpleStages[stage].stage)) ? ' + log-prior' : ''
    return loss !== undefined
      ? { name: 'loss', value }
      : { name: `log-likelihood${prior} per row${times.length > 0 ? ' with noise' : ''}`, value: -(value + shift) }
  }
}

/** Describes simple stages with their histories. */
const describeStageRuns = (
  { pipeline, plan, stages }: Program.Program<string>,
  history: RunHistory['stages']
): ReadonlyArray<StageRun> =>
  pipeline.stages.flatMap(Stage.simple).map(({ stage, simple }, i) => ({
    formula: Stage.formula(stage),
    scale: objectiveInWords(simple, Stage.priorOf(stage)),
    method: methodInWords(simple, plan[i]),
    limit: stages[i].stopping.steps,
    ...history[i]
  }))

/** Scaling of the rows is null in original units. */
interface RunInput {
  readonly seed: number
  readonly scaling: Points.Scaling | null
}

/** Runs a program. Signals and checkpoints between steps do not change its bits. */
const runProgram = async (
  control: Control,
  program: Program.Program<string>,
  { seed, scaling }: RunInput
): Promise<E.Either<CommandFailure, TracedRun>> => {
  const { watch, now, checkpointWriter } = control
  const start = resumePoint(program, seed, checkpointWriter)
  if (E.isLeft(start)) return start
  const { resumedState, history } = start.right
  const measured = measureValues(program, scaling)
  const histories = history.stages.map(stage => History.of(stage))
  const rules = history.stages.map(({ rule }) => rule)
  const stageHistories = (): RunHistory['stages'] => rules.map((rule, i) => ({ rule, ...histories[i].summary() }))
  let writtenAt = now()
  let signal: Signal | null = null
  let reached = { isFinished: false, params: (): Params.Params<string> => program.start(Key.fromSeed(seed)) }
  const states = resumedState === null ? Run.states(program)(Key.fromSeed(seed)) : Run.resume(program)(resumedState)
  for await (const { state, at, stopped } of statesWithSignals(control, states)) {
    const { status, stage, step, value } = state
    if (status._tag === 'Failed') return E.left(workFailure(Problem.rephrase(speaker)(status.problem)))
    // The history of a resumed run contains its first state.
    if (state !== resumedState) {
      if (step > 0 && value !== null) histories[stage].add(value)
      if (status._tag !== 'Running' && stage < rules.length) rules[stage] = status.rule
    }
    reached = { isFinished: status._tag === 'Finished', params: () => Run.estimate(program)(state) }
    watch(state, program, measured)
    if (
      checkpointWriter !== null &&
      (isCheckpointDue(checkpointWriter.every, step, at - writtenAt) || stopped !== null || reached.isFinished)
    ) {
      const beside: RunHistory = { seed, stages: stageHistories() }
      await checkpointWriter.write(Checkpoint.show(program, checkpointWriter.writer)({ state, beside }))
      writtenAt = at
    }
    signal = stopped
    if (stopped !== null) break
  }
  return E.right({
    program,
    stopped: reached.isFinished ? null : signal,
    params: reached.params(),
    stages: describeStageRuns(program, stageHistories())
  })
}

/** Compiles and runs a pipeline; `backend` computes the sums over `points`. */
export const tracePipeline = (
  control: Control,
  pipeline: Pipeline.Pipeline<string>,
  input: RunInput & { readonly points: Source.Data; readonly backend: Backend.Backend }
): TE.TaskEither<CommandFailure, TracedRun> =>
  pipe(
    TE.fromEither(Compile.pipeline(pipeline, { backend: input.backend })(input.points)),
    TE.mapLeft(usageFailure),
    TE.flatMap(program => () => runProgram(control, program, input))
  )

/** A run of a pipeline: who looks at it on its way, which signals end it, and the checkpoint that it goes on from. */
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

/** An optimizer in a few words where it has them, over so many steps. */
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

/** By which means a stage works, in a few words. */
const stageMeans = ({ optimizer, loss, stopping }: Stage.Simple, { engine }: Program.Plan): string =>
  optimizer === undefined
    ? engine
    : [
        optimizerInBrief(optimizer, stopping.steps),
        ...(loss && Objective.terms(loss.objective).some(({ term }) => Objective.isMatching(term))
          ? [Expectation.show(loss.expectation)]
          : [])
      ].join(', ')

/** What the values of a stage measure. */
const stageMeasure = ({ loss, times }: Stage.Simple, prior: O.Option<number>): string =>
  loss === undefined
    ? `−log-likelihood${O.isSome(prior) ? ' less log p(θ)' : ''} per row${times.length > 0 ? `, with the noise of t = ${times.join(', ')}` : ''}`
    : Objective.formula(loss.objective)

/** What a run came to. */
export interface TracedRun {
  readonly program: Program.Program<string>
  readonly params: Params.Params<string>
  readonly stages: ReadonlyArray<StageRun>
  readonly stopped: Signal | null
}

/** What a step's value is called, and how much it is in the units of the result. */
export interface MeasuredValue {
  readonly name: string
  readonly value: number
}

type WatchRun = (
  state: Run.State<string>,
  program: Program.Program<string>,
  measured: (stage: number, value: number) => MeasuredValue
) => void

/** Where a run is kept, that it may go on after a crash. */
export interface CheckpointWriter {
  readonly path: string
  /** The version of this program. */
  readonly writer: string
  /** The checkpoint to go on from; null for the start. */
  readonly resumeFrom: string | null
  readonly every: CheckpointInterval
  /** Says where it cannot: what is learned is worth more than its checkpoint. */
  readonly write: (text: string) => Promise<void>
}

/** Who looks at a run on its way. */
export interface Control {
  readonly watch: WatchRun
  readonly now: () => number
  /** Waits a moment in which signals are heard; the one that asks to stop, or null. */
  readonly pollSignal: () => Promise<Signal | null>
  readonly checkpoint: CheckpointWriter | null
  /** Is shown what a search has found so far. */
  readonly onFit?: World['onFit']
}

/** Milliseconds from one look for signals to the next: a look takes a few microseconds. */
const SIGNAL_POLL_MILLISECONDS = 50

/** States as they are computed, each with the moment, and the signal that has come by then. */
export async function* statesWithSignals<S>(
  { now, pollSignal: heard }: Pick<Control, 'now' | 'pollSignal'>,
  states: Iterable<S>
): AsyncGenerator<{ readonly state: S; readonly at: number; readonly stopped: Signal | null }> {
  let looked = now()
  let stopped: Signal | null = null
  for (const state of states) {
    const at = now()
    if (at - looked >= SIGNAL_POLL_MILLISECONDS) {
      stopped = await heard()
      looked = at
    }
    yield { state, at, stopped }
  }
}

const stoppingRuleCodec = t.union([t.keyof({ steps: null, gradientNorm: null, relativeChange: null }), t.null])

/** What stands beside a state in a checkpoint: what a report shows of the way to it. */
const historyCodec = t.type({
  seed: t.number,
  stages: t.readonlyArray(
    t.type({ rule: stoppingRuleCodec, taken: t.number, values: t.readonlyArray(t.number), every: t.number })
  )
})

type RunHistory = t.TypeOf<typeof historyCodec>

/** The way to where a run starts. */
const emptyHistory = (program: Program.Program<string>, seed: number): RunHistory => ({
  seed,
  stages: program.stages.map(() => ({ rule: null, ...new History().summary() }))
})

/** Where a run goes on, and the way there. */
const resumePoint = (
  program: Program.Program<string>,
  seed: number,
  keeper: CheckpointWriter | null
): E.Either<CommandFailure, { readonly state: Run.State<string> | null; readonly way: RunHistory }> => {
  if (keeper === null || keeper.resumeFrom === null) return E.right({ state: null, way: emptyHistory(program, seed) })
  const { writer, path } = keeper
  const other = (value: string, domain: string, remedy: string): Problem.Problem =>
    Problem.of('checkpoint', value, domain, remedy)
  return pipe(
    Checkpoint.readCheckpointText(program, writer)(keeper.resumeFrom),
    E.bindTo('kept'),
    E.bind('way', ({ kept: { beside } }) =>
      historyCodec.is(beside) && beside.stages.length === program.stages.length
        ? E.right(beside)
        : E.left(other('what stands beside the state', 'as ornstein fit writes it', 'start again with another file'))
    ),
    E.filterOrElse(
      ({ way }) => way.seed === seed,
      ({ way }) =>
        other(`of seed ${way.seed}`, `of seed ${seed}`, `give --seed ${way.seed}, or start again with another file`)
    ),
    E.bimap(
      problem => usageFailure({ ...problem, field: `--checkpoint ${path}` }),
      ({ kept, way }) => ({ state: kept.state, way })
    )
  )
}

/** Whether a checkpoint is due at a step, so many milliseconds after the last. */
const isCheckpointDue = (every: CheckpointInterval, step: number, passed: number): boolean =>
  every._tag === 'Steps' ? step > 0 && step % every.steps === 0 : passed >= every.milliseconds

/** Σⱼ log sⱼ, by which −log p in the data's own units is more than in those that are learned in. */
export const logScaleSum = (scaling: Points.Scaling | null): number =>
  Array.from(scaling?.scale ?? [], Elementary.log).reduce((sum, log) => sum + log, 0)

/**
 * Runs a program. Between two steps signals are heard periodically, and the state is kept: neither changes a bit of what is
 * learned.
 */
const runProgram = async (
  control: Control,
  program: Program.Program<string>,
  seed: number,
  scaling: Points.Scaling | null
): Promise<E.Either<CommandFailure, TracedRun>> => {
  const { watch, now, checkpoint: keeper } = control
  const from = resumePoint(program, seed, keeper)
  if (E.isLeft(from)) return from
  const { state: first, way } = from.right
  const { pipeline, plan, stages } = program
  // A program's stages are the simple ones that the pipeline's come to.
  const written = pipeline.stages.flatMap(Stage.simple)
  const shift = logScaleSum(scaling)
  const measured = (stage: number, value: number): MeasuredValue => {
    const { loss, times } = written[stage].simple
    const prior = O.isSome(Stage.priorOf(written[stage].stage)) ? ' + log-prior' : ''
    return loss !== undefined
      ? { name: 'loss', value }
      : { name: `log-likelihood${prior} per row${times.length > 0 ? ' with noise' : ''}`, value: -(value + shift) }
  }
  const histories = way.stages.map(kept => History.of(kept))
  const rules = way.stages.map(({ rule }) => rule)
  let kept = now()
  let ended: Signal | null = null
  let reached = { isFinished: false, params: (): Params.Params<string> => program.start(Key.fromSeed(seed)) }
  const states = first === null ? Run.states(program)(Key.fromSeed(seed)) : Run.resume(program)(first)
  for await (const { state, at, stopped } of statesWithSignals(control, states)) {
    const { status, stage, step, value } = state
    if (status._tag === 'Failed') return E.left(workFailure(Problem.spoken(speaker)(status.problem)))
    // What a run goes on from has been seen before.
    if (state !== first) {
      if (step > 0 && value !== null) histories[stage].add(value)
      if (status._tag !== 'Running' && stage < rules.length) rules[stage] = status.rule
    }
    reached = { isFinished: status._tag === 'Finished', params: () => Run.estimate(program)(state) }
    watch(state, program, measured)
    if (
      keeper !== null &&
      (isCheckpointDue(keeper.every, step, at - kept) || stopped !== null || status._tag === 'Finished')
    ) {
      const beside: RunHistory = {
        seed,
        stages: rules.map((rule, i) => ({ rule, ...histories[i].summary() }))
      }
      await keeper.write(Checkpoint.show(program, keeper.writer)({ state, beside }))
      kept = at
    }
    ended = stopped
    if (stopped !== null) break
  }
  return E.right({
    program,
    stopped: reached.isFinished ? null : ended,
    params: reached.params(),
    stages: written.map(({ stage, simple }, i) => ({
      formula: Stage.formula(stage),
      scale: stageMeasure(simple, Stage.priorOf(stage)),
      method: stageMeans(simple, plan[i]),
      limit: stages[i].stopping.steps,
      rule: rules[i],
      ...histories[i].summary()
    }))
  })
}
/** A run of a pipeline on data, in memory or not, its sums taken at a place. */
export const tracePipeline = (
  control: Control,
  pipeline: Pipeline.Pipeline<string>,
  seed: number,
  points: Source.Data,
  backend: Backend.Backend,
  scaling: Points.Scaling | null
): TE.TaskEither<CommandFailure, TracedRun> =>
  pipe(
    TE.fromEither(Compile.pipeline(pipeline, { backend })(points)),
    TE.mapLeft(usageFailure),
    TE.flatMap(program => () => runProgram(control, program, seed, scaling))
  )

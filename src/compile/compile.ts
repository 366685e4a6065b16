/** Compile: a pure description and data in, a gradient computation out, or everything that is wrong with it at once. */
import { identity, pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import { norm, square } from '../../lib/numbers/elementary.js'
import { Key } from '../../lib/index.js'
import { isDeeper } from '../../lib/plain/nesting.js'
import { lazy } from '../../lib/plain/iterate.js'
import { refuse, refuseWith } from '../../lib/plain/refuse.js'
import { Case, given as checked, listGiven, mistaken } from '../core/index.js'
import * as Dry from './dry.js'
import * as Expectation from '../objective/expectation.js'
import * as Initializer from '../pipeline/initializer.js'
import * as Limits from '../core/limits.js'
import { isRecord } from '../core/record.js'
import * as Fault from './fault.js'
import * as Line from './line.js'
import * as NoiseDrawn from './noiseDrawn.js'
import * as Loss from './loss.js'
import * as Refusals from './refusals.js'
import * as Objective from '../objective/objective.js'
import * as Nodes from '../mixture/nodes.js'
import type * as Optimizer from '../optimizer/optimizer.js'
import * as Params from '../core/params.js'
import { concept as pipelines, tooDeep, type Pipeline } from '../pipeline/pipeline.js'
import * as Place from '../data/place.js'
import * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Problem from '../core/problem.js'
import type { CompiledStage, Plan, Precision, Program } from './program.js'
import * as DivergenceGuard from './divergenceGuard.js'
import * as Region from '../optimizer/region.js'
import * as Run from './run.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import * as Stage from '../pipeline/stage.js'
import * as StageSums from './stageSums.js'
import * as TimeLaw from '../objective/timeLaw.js'
import { inBatch, locateNaN } from './locateNaN.js'

export type CompileErrors = Problem.Problems

export type { Loss, LossPlan, Part, ValueAndGradient } from './loss.js'
export type { CompiledStage, Memory, Plan, Precision, Program, Step } from './program.js'

/** √(Σ wᵢ|xᵢ|²), of weights that sum to 1. */
const rootMeanSquare = (data: Source.Data): number => {
  if (Source.isSource(data)) return Math.sqrt(Source.meanSquares(data).reduce((sum, x) => sum + x, 0))
  const weights = Points.weightsOf(data)
  // Row by row: an array of all numbers would cost more than a step does.
  const lengths = weights.map((w, i) => Math.sqrt(w) * norm(data.values.subarray(i * data.dim, (i + 1) * data.dim)))
  return norm(lengths)
}

/** The problems of the numbers of data. */
const dataProblems = (data: Source.Data): ReadonlyArray<Problem.Problem> =>
  Source.isSource(data)
    ? Source.problems(data)
    : pipe(
        Points.validate(data),
        E.match(
          problem => [problem],
          () => []
        )
      )

/**
 * Nodes that are too few for what data or a start lead to: a centre of the pair comes to have about the length √(E|x|² − d), and a start
 * may be longer.
 */
const unresolved = <P extends string>(
  loss: Loss.Loss<P>,
  data: Source.Data,
  start: () => Params.Params<P> | null
): ReadonlyArray<Line.Unresolved> => {
  const { schedule, score, objective, expectation } = loss
  if (
    Nodes.isPopulation(data) ||
    Expectation.draws(expectation) !== 'line' ||
    [...dataProblems(data), ...Schedule.problems(schedule), ...Objective.problems(schedule)(objective)].length > 0
  )
    return []
  const shapes = Score.shapes(data.dim)(score)
  const length = Math.sqrt(Math.max(0, square(rootMeanSquare(data)) - data.dim))
  const asLong = Params.mapValues(() => length / Math.sqrt(Params.sizeOf(shapes)))(Params.zeros(shapes))
  const of = Line.unresolved(loss)
  const own = start()
  const found = of(asLong) ?? (own && of(own))
  return found === null ? [] : [found]
}

/** What a plan has to say of them. */
const remark = ({ taken, asked, error, length }: Line.Unresolved): string =>
  `; ${taken} nodes, where a centre as long as the data say (${length.toPrecision(2)}) asks for ${asked}: means over the noise are off by up to ${error.toPrecision(1)}; leave nodes out`

const refusals = <P extends string>(
  loss: Loss.Loss<P>,
  points: Source.Data,
  precision: Precision
): ReadonlyArray<Problem.Problem> => Refusals.of(loss, points, precision, () => unresolved(loss, points, () => null))

const either = <A>(problems: ReadonlyArray<Problem.Problem>, value: () => A): E.Either<CompileErrors, A> =>
  pipe(
    Problem.faultless(Problem.listed(Limits.problems)(problems), value),
    E.map(value => value())
  )

const problemsIn = (either: E.Either<ReadonlyArray<Problem.Problem>, unknown>): ReadonlyArray<Problem.Problem> =>
  E.isLeft(either) ? either.left : []

const lossProblems = <P extends string>(
  loss: Loss.Loss<P>,
  points: Source.Data,
  precision: Precision
): ReadonlyArray<Problem.Problem> => [
  ...Objective.problems(loss.schedule)(loss.objective).map(Problem.within('objective')),
  ...Expectation.problems(loss.expectation).map(Problem.within('expectation')),
  ...refusals(loss, points, precision)
]

/** A loss, and not the data that it is then applied to. */
const aLoss = <P extends string>(loss: Loss.Loss<P>, call: string): Loss.Loss<P> =>
  checked(
    loss,
    ['schedule', 'score', 'objective', 'expectation'],
    'a loss, { schedule, score, objective, expectation }',
    call
  )

/**
 * Data, and not the description that comes before them; anything else is told with the call as it is written.
 *
 * @throws TypeError
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Points, Problem } from 'ornstein'
 *
 * const points = Problem.orThrow(Points.fromRows([[1], [2]]))
 * assert.equal(Compile.someData(points, 'mine(data)'), points)
 */
export const someData = (data: Source.Data, call: string): Source.Data => checked(data, ['rows', 'dim'], 'data', call)

/** Why single precision cannot be had: only compiled programs compute in it. */
const uncompiled = (
  { engine, reason }: Pick<Plan, 'engine' | 'reason'>,
  precision: Precision
): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    precision === 'float64' || engine === 'compiled',
    'precision',
    "'float32'",
    `'float64', since ${reason}`,
    'leave precision out'
  )

/** Whether a score can say what its parameters are; one that throws has that as a problem of its own, and no other. */
const hasShapes = <P extends string>(score: Score.Score<P>, data: Source.Data): boolean =>
  (Source.isSource(data) || (Number.isInteger(data.dim) && data.values.length === data.rows * data.dim)) &&
  E.isRight(E.tryCatch(() => Score.shapes(data.dim)(score), identity))

const commonProblems = <P extends string>(
  { schedule, score }: Pick<Loss.Loss<P>, 'schedule' | 'score'>,
  points: Source.Data
): ReadonlyArray<Problem.Problem> => [
  ...dataProblems(points).map(Problem.within('points')),
  ...Schedule.problems(schedule).map(Problem.within('schedule')),
  ...Score.problems(points)(score).map(Problem.within('score'))
]

/**
 * The value of an objective and its gradient with respect to the parameters at time 0, as a function of parameters and
 * a key. The same key gives the same noise and so the same bits. Parameters of the wrong shape throw a RangeError: they
 * are the caller's own.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Key } from 'ornstein/float64'
 * import { Compile, Expectation, Objective, Params, Schedule, Score, TimeLaw } from 'ornstein'
 *
 * const compiled = pipe(
 *   { rows: 2, dim: 1, values: Float64Array.of(-1, 1) },
 *   Compile.valueAndGrad({
 *     schedule: Schedule.ornsteinUhlenbeck,
 *     score: Score.symmetricPair,
 *     objective: Objective.implicit(TimeLaw.at(0.5)),
 *     expectation: Expectation.quadrature()
 *   })
 * )
 * assert.ok(E.isRight(compiled))
 * const { gradient } = compiled.right(Params.of({ mean: [0] }), Key.fromSeed(0))
 * assert.equal(gradient.mean.values[0], 0) // the saddle at 0
 */
export const valueAndGrad =
  <P extends string>(loss: Loss.Loss<P>, circumstances: Partial<Circumstances> = {}) =>
  (
    points: Source.Data
  ): E.Either<CompileErrors, (params: Params.Params<P>, key: Key.Key) => Loss.ValueAndGradient<P>> =>
    pipe(
      points,
      byPlan(loss, circumstances, ({ evaluate }) => evaluate)
    )

/**
 * The value of an objective alone, without its gradient: that of `valueAndGrad` up to rounding, in less time.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score } from 'ornstein'
 *
 * const value = Problem.orThrow(
 *   Compile.value({
 *     schedule: Schedule.ornsteinUhlenbeck,
 *     score: Score.spherical({ components: 1 }),
 *     objective: Objective.likelihood,
 *     expectation: Expectation.monteCarlo()
 *   })({ rows: 2, dim: 1, values: Float64Array.of(-1, 2) })
 * )
 * // −log N(x; 0, 1) = x²/2 + ½ log 2π
 * assert.ok(Math.abs(value(Params.of({ means: [[0]] }), Key.fromSeed(0)) - (1.25 + Math.log(2 * Math.PI) / 2)) < 1e-14)
 */
export const value =
  <P extends string>(loss: Loss.Loss<P>) =>
  (points: Source.Data): E.Either<CompileErrors, (params: Params.Params<P>, key: Key.Key) => number> =>
    pipe(
      points,
      byPlan(loss, {}, ({ value }) => value)
    )

/** What the chosen plan computes of parameters, whose shapes are looked at first. */
const byPlan =
  <P extends string, A>(
    loss: Loss.Loss<P>,
    circumstances: Partial<Circumstances>,
    of: (plan: Loss.LossPlan<P>) => (params: Params.Params<P>, key: Key.Key) => A
  ) =>
  (points: Source.Data): E.Either<CompileErrors, (params: Params.Params<P>, key: Key.Key) => A> =>
    pipe(
      points,
      plans(loss, circumstances),
      E.map(([plan]) => {
        const compute = of(plan)
        const checked = Params.checked(Score.shapes(points.dim)(loss.score))
        return (params, key) => compute(checked(params), key)
      })
    )

/** What is known of a loss before it is compiled. */
export interface Circumstances extends Loss.Circumstances {
  /** Whether its parts have been tried on data like these: another trial would cost a few evaluations. */
  readonly isTried: boolean
}

/** Every way to compute the loss on the data, the chosen one first: from the same key the same number, up to rounding. */
export const plans =
  <P extends string>(loss: Loss.Loss<P>, { isTried = false, ...circumstances }: Partial<Circumstances> = {}) =>
  (given: Source.Data): E.Either<CompileErrors, RNEA.ReadonlyNonEmptyArray<Loss.LossPlan<P>>> => {
    const call = 'Compile.plans(loss)(data)'
    aLoss(loss, call)
    const points = Loss.unchanging(someData(given, call))
    const precision = circumstances.library?.precision ?? circumstances.precision ?? 'float64'
    const described = [
      ...commonProblems(loss, points),
      ...(hasShapes(loss.score, points)
        ? [...lossProblems(loss, points, precision), ...Refusals.ofPairs(loss, points, points.rows)]
        : [])
    ]
    return pipe(
      either(described.length > 0 || isTried ? described : Dry.problems(loss, points, null), () =>
        Loss.plans(loss, points, circumstances)
      ),
      E.flatMap(plans =>
        either(uncompiled(plans[0], precision), () => {
          const told = unresolved(loss, points, () => null)
            .map(remark)
            .join('')
          return RNEA.map((plan: Loss.LossPlan<P>) => ({ ...plan, reason: plan.reason + told }))(plans)
        })
      )
    )
  }

/** A loss at one noise level alone. */
export interface AtLevel {
  /** log(α²/σ²) */
  readonly logSnr: number
  readonly time: number
  readonly value: number
}

/**
 * The loss at each of some noise levels, its time law put at that level alone: where a network is good, and where it is not. By
 * the same key the noise of all levels is the same. Levels are told by their log-SNR, log(α²/σ²), which the schedule must have.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score, TimeLaw } from 'ornstein'
 *
 * // The score of N(0, 1), of which there is one point, 0: E|s + z/σ|² = (1/σ − σ)².
 * const loss = {
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.symmetricPair,
 *   objective: Objective.denoising(TimeLaw.uniform(0.1, 2)),
 *   expectation: Expectation.quadrature()
 * }
 * const levels = Compile.byLevel(loss, [2, 0])({ rows: 1, dim: 1, values: Float64Array.of(0) })
 * const [little, much] = Problem.orThrow(levels)(Params.of({ mean: [0] }), Key.fromSeed(0))
 * assert.ok(Math.abs(much.value - 0.5) < 1e-9) // σ² = ½
 * assert.ok(little.value > much.value)
 */
export const byLevel =
  <P extends string>(loss: Loss.Loss<P>, logSnrs: ReadonlyArray<number>) =>
  (
    points: Source.Data
  ): E.Either<CompileErrors, (params: Params.Params<P>, key: Key.Key) => ReadonlyArray<AtLevel>> => {
    const call = 'Compile.byLevel(loss, logSnrs)(data)'
    return pipe(
      listGiven(logSnrs, 'a list of log-SNRs', call),
      E.traverseArray(logSnr => {
        aLoss(loss, call)
        const time = Schedule.timeOfLogSnr(logSnr)(loss.schedule)
        return pipe(
          points,
          valueAndGrad({ ...loss, objective: Objective.retimed(TimeLaw.at(time))(loss.objective) }),
          E.map(evaluate => ({ logSnr, time, evaluate }))
        )
      }),
      E.map(
        levels => (params, key) =>
          levels.map(({ logSnr, time, evaluate }) => ({ logSnr, time, value: evaluate(params, key).value }))
      )
    )
  }

/** How the steps of a stage are judged. */
type Judge<P extends string> = Pick<CompiledStage<P>, 'change' | 'leaves'>

/** |after − before|/|before|: how far a step goes, where a family has no measure of its own. */
export const relativeChange = <P extends string>(before: Params.Params<P>, after: Params.Params<P>): number => {
  const moved = Params.norm(Params.zipWith((a, b) => a - b)(after, before))
  return moved === 0 ? 0 : moved / Params.norm(before)
}

/** Where nothing is known of the parameters: a share of them, and nothing that the data say of them. */
const blind: Judge<string> = {
  change: relativeChange,
  leaves: () => null
}

/** By the family's own measure, and by how far the data reach with the noise that a stage looks at. */
const judge = <P extends string>(
  { family }: Score.Model<P>,
  points: Source.Data,
  schedule: Schedule.Schedule,
  times: ReadonlyArray<number>
): Judge<P> => {
  if (family === undefined) return blind
  const noise = times
    .map(time => Schedule.level(time)(schedule))
    .reduce((most, { alpha, sigma }) => Math.max(most, sigma / alpha), 0)
  return { change: family.distance ?? blind.change, leaves: DivergenceGuard.leaves(family, points, noise) }
}

/** A batch is of rows that are there, and meets noise that is drawn for it. */
const batchProblems = ({ batch, expectation }: Stage.Loss, data: Source.Data): ReadonlyArray<Problem.Problem> =>
  batch === null
    ? Source.couplingProblems(null, data)
    : [
        ...Source.couplingProblems(batch, data),
        ...Problem.unless(
          !Nodes.isPopulation(data),
          'batch',
          `${batch} rows of a population`,
          'all of its nodes, whose weights are unequal',
          'leave it out, or sample points: Mixture.sample(rows)(key)(mixture)'
        ),
        ...Problem.unless(
          Source.hasBatch(batch, data),
          'batch',
          batch,
          `≤ ${data.rows}, the number of rows`,
          'leave it out for all rows',
          `${String(batch)} exceeds the ${data.rows} rows of the table`
        ),
        ...Problem.unless(
          O.isNone(Expectation.size(expectation)),
          'expectation',
          Expectation.show(expectation),
          'one that draws noise for a batch',
          'use Expectation.monteCarlo(), or leave out the batch'
        )
      ]

/** Stages that come to more than a program holds, or to more attempts than anybody waits for. */
const sizeProblems = (stages: ReadonlyArray<Stage.Stage>): ReadonlyArray<Problem.Problem> => {
  const extents = stages.map(Stage.extent)
  const count = extents.reduce((sum, { stages }) => sum + stages, 0)
  const attempts = extents.reduce((most, { attempts }) => Math.max(most, attempts), 1)
  return [
    ...Problem.unless(
      count <= Limits.stages,
      'stages',
      `${count} stages when they are written out`,
      `at most ${Limits.stages}`,
      'repeat less, or let a stage take more steps'
    ),
    ...Problem.unless(
      attempts <= Limits.attempts,
      'stages',
      `${attempts} attempts of restarts within restarts`,
      `at most ${Limits.attempts}`,
      'restart once, around everything'
    )
  ]
}

interface Compiled<P extends string> {
  /** It looks at the family's parameters on the data, and so is asked for only when nothing is wrong with them. */
  readonly plan: () => Plan
  /** It looks at the data, and so is made only when nothing is wrong with them. */
  readonly stage: E.Either<ReadonlyArray<Problem.Problem>, () => CompiledStage<P>>
}

/** A loss that a stage asks for, on the data. */
interface StageLoss<P extends string> {
  readonly loss: Loss.Loss<P>
  readonly plan: Loss.Batched<P>
  readonly problems: ReadonlyArray<Problem.Problem>
  /** Whose noise it looks at. */
  readonly times: () => ReadonlyArray<number>
  /** Where it comes from that it is not finite. */
  readonly locateNaN: () => LocateNaN
}

/** Stages work with whatever names the parameters have, and hand back those that they were given. */
const ours = <P extends string>(params: Params.Params<string>): Params.Params<P> => params

type LocateNaN = (params: Params.Params<string>, key: Key.Key, rows?: Int32Array) => Fault.Found | null

/** Thrown where a step that is taken again comes to what is not finite. */
const stop = (fault: Fault.Found | null): never => refuseWith({ fault }, 'not finite')

/** Evaluations that go no further than the first that is not finite, which they refuse with where that comes from. */
const stopping =
  (evaluate: Stage.Tools['evaluate'], locateNaN: LocateNaN): Stage.Tools['evaluate'] =>
  (params, key, rows, constants) => {
    const found = evaluate(params, key, rows, constants)
    return Number.isFinite(found.value) && Params.isFinite(found.gradient) ? found : stop(locateNaN(params, key, rows))
  }

/** Stops at the first part of an optimizer that makes of a finite gradient what is not. */
const watching: Optimizer.Watch = (part, received, step, params) => {
  if (Params.isFinite(step) || !Params.isFinite(received)) return
  const region = part === null ? undefined : Case.inner(part).find(({ value }) => Region.concept.is(value))?.value
  stop({
    what: region === undefined ? 'a part of the optimizer' : 'the region',
    value: Fault.valueIn(step),
    ...(part !== null && { part: Case.show(part) }),
    ...(region !== undefined && { region: Case.show(region) }),
    parameter: Params.whereInfinite(step) ?? 'no parameter',
    inputs: { ...Fault.asInputs(received, 'received'), ...Fault.asInputs(params) }
  })
}

const isFound = (u: unknown): u is Fault.Found => typeof Case.field(u, 'what') === 'string'

/** Where a step was stopped; null of one that was not, or by something else. */
const stoppedAt = (step: () => unknown): Fault.Found | null =>
  pipe(
    E.tryCatch(step, error => Case.field(Case.field(error, 'problem'), 'fault')),
    E.match(
      fault => (isFound(fault) ? fault : null),
      () => null
    )
  )

/** A stage as a program of its own. */
interface InnerStage {
  readonly engines: () => string
  readonly problems: ReadonlyArray<Problem.Problem>
  readonly attempt: () => (start: Params.Params<string>, key: Key.Key) => Stage.Attempt
}

/** What holds for all stages of a pipeline. */
interface RunSettings {
  readonly place: Place.Place
  readonly precision: Precision
}

/** A pipeline on data; `sound` where nothing is wrong with what all stages share. */
interface Setup<P extends string> extends RunSettings {
  readonly pipeline: Pipeline<P>
  readonly start: (key: Key.Key) => Params.Params<P>
  readonly points: Source.Data
  readonly sound: boolean
}

/** A stage on the data, with nothing wrong with it. */
interface ReadyStage<P extends string> {
  readonly written: Stage.Written
  readonly tools: Omit<Stage.Tools, 'evaluate' | 'sums' | 'attempts'>
  readonly loss: StageLoss<P> | null
  readonly sums: StageSums.StageSums | null
  readonly inner: ReadonlyArray<InnerStage>
  readonly judge: Judge<P>
}

/** What a run does of a stage. */
const runnable = <P extends string>({
  written: { stage, simple },
  tools: given,
  loss,
  sums,
  inner,
  judge
}: ReadyStage<P>): CompiledStage<P> => {
  const evaluate: Stage.Tools['evaluate'] = (params, key, rows, constants) =>
    loss === null
      ? refuse(`evaluate: ${Stage.show(stage)} asks for no loss; define it with one`)
      : loss.plan.evaluate(ours<P>(params), key, rows, constants)
  const summed: Stage.Tools['sums'] = (params, summing) =>
    sums === null
      ? refuse(`sums: ${Stage.show(stage)} asks for no sums; define it with them`)
      : sums.taken(params, summing)
  const tools = { ...given, evaluate, sums: summed, attempts: inner.map(({ attempt }) => attempt()) }
  const { begin, step, finish = identity } = simple.on(tools)
  return {
    stopping: simple.stopping,
    ...judge,
    begin,
    fault: (params, memory, key) =>
      stoppedAt(() => {
        const watched = loss === null ? evaluate : stopping(evaluate, loss.locateNaN())
        return simple.on({ ...tools, evaluate: watched, watch: watching }).step(params, memory, key)
      }),
    step: (params, memory, key) => {
      const taken = step(params, memory, key)
      const next = ours(taken.params)
      const norm = taken.norm ?? Params.norm(Params.zipWith((a, b) => a - b)(next, params))
      return { value: taken.value, norm, params: next, memory: taken.memory }
    },
    finish: (params, memory) => ours(finish(params, memory)),
    memoryCodec: simple.memory
  }
}

/** What a stage asks of precision, unless its losses answer for that, and of data. */
const unfit = (
  { stage, simple }: Stage.Written,
  points: Source.Data,
  precision: Precision
): ReadonlyArray<Problem.Problem> => [
  ...Problem.unless(
    precision === 'float64',
    'precision',
    `'float32' of ${Stage.show(stage)}`,
    "'float64', as of what minimises no loss",
    'leave precision out, or leave this stage to a pipeline of its own'
  ),
  ...Problem.unless(
    simple.streams || !Source.isSource(points),
    '',
    Stage.show(stage),
    'one that reads the rows of a source a stretch at a time',
    'put it in Stage.onSample, or give the rows in memory'
  ),
  ...Problem.unless(
    !(Nodes.isPopulation(points) && simple.sample !== undefined),
    '',
    `${Stage.show(stage)} on a population`,
    'on all of its nodes, whose weights are unequal',
    'leave the sample out, or sample points: Mixture.sample(rows)(key)(mixture)'
  )
]

/** The loss of a stage on the data, and its problems. */
const wanted = <P extends string>(
  { pipeline: { schedule, score }, points, sound, place, precision }: Setup<P>,
  first: () => Params.Params<P>,
  own: Stage.Loss,
  evaluations: number
): StageLoss<P> => {
  const { objective, expectation, batch } = own
  const loss = { schedule, score, objective, expectation }
  const refused = [...refusals(loss, points, precision), ...Refusals.ofPairs(loss, points, batch ?? points.rows)]
  // What needs double precision is not tried in single.
  const circumstances = { evaluations, place, precision: refused.length > 0 ? 'float64' : precision } as const
  const onAll = ({ evaluate, ...plan }: Loss.LossPlan<P>): Loss.Batched<P> => ({
    ...plan,
    evaluate: (params, key, _, constants) => evaluate(params, key, constants)
  })
  const plan =
    batch === null
      ? onAll(Loss.plans(loss, points, circumstances)[0])
      : Loss.batched(loss, points, batch, circumstances)
  const coarse = sound && refused.length === 0 ? unresolved(loss, points, first).map(Line.problem) : []
  const beyond = Nodes.isPopulation(points) ? () => null : Line.unresolved(loss)
  return {
    loss,
    plan: {
      ...plan,
      evaluate: (params, key, rows, constants) =>
        beyond(params) === null ? plan.evaluate(params, key, rows, constants) : Loss.nothing(params)
    },
    problems: [
      ...refused,
      ...coarse,
      ...(refused.length > 0 ? [] : uncompiled(plan, precision)),
      ...batchProblems(own, points)
    ],
    times: () => NoiseDrawn.timesOf(loss),
    locateNaN: () => {
      const of = batch === null ? locateNaN(loss, points) : inBatch(loss, points, batch)
      return (params, key, rows) => {
        const coarse = beyond(ours<P>(params))
        if (coarse === null) return of(ours<P>(params), key, rows)
        const reason = Problem.show(Line.problem(coarse))
        return { what: 'the expectation', value: NaN, reason, inputs: Fault.asInputs(params) }
      }
    }
  }
}

/** How a stage of a pipeline is to be computed on the data, or its problems beside its description. */
const stagesOn = <P extends string>(
  setup: Setup<P>
): {
  readonly all: (written: Stage.Written) => Compiled<P>
  readonly within: (placed: Stage.Placed) => InnerStage
} => {
  const { pipeline, start, points, sound, place, precision } = setup
  const { schedule, score } = pipeline
  const model = Score.interpret(score)
  // Stages work with whatever names the parameters have, and hand back those that they were given.
  const [setting, anyStart] = [
    { schedule, score, model, points: Source.asPoints(points), data: points, place },
    start
  ] as unknown as [Stage.Setting, Stage.Start]
  /** A start, of which there is one for all that look at it. */
  const first = lazy(() => start(Key.fromSeed(0)))
  const all = (written: Stage.Written): Compiled<P> => {
    const { stage, simple } = written
    const { attempts, means, requirements, times } = simple
    const loss = simple.loss === undefined ? null : wanted(setup, first, simple.loss, simple.stopping.steps)
    const sums = simple.sums === undefined ? null : StageSums.of(setting, simple.sums)
    const size = simple.sample?.(points.rows) ?? points.rows
    const inner = attempts.map(size < points.rows ? onSample(size) : within)
    return {
      plan: () => {
        const { engine, reason } = means(setting, {
          loss: loss === null ? null : loss.plan,
          sums: sums?.means() ?? null,
          attempts: inner.map(({ engines }) => engines()).join(', ')
        })
        return { stage: Stage.formula(stage), engine, reason }
      },
      stage: pipe(
        [
          ...(loss?.problems ?? []),
          ...unfit(written, points, loss !== null || inner.length > 0 ? 'float64' : precision),
          ...requirements({ ...setting, isRandom: () => loss !== null && Loss.isRandom(loss.loss, points) }),
          ...inner.flatMap(({ problems }) => problems),
          ...(sums === null || !sound ? [] : sums.problems(first()))
        ],
        problems =>
          problems.length > 0 || !sound || loss === null ? problems : Dry.problems(loss.loss, points, first()),
        E.fromPredicate(RA.isEmpty, identity),
        E.map(
          () => () =>
            runnable({
              written,
              tools: { ...setting, start: anyStart },
              loss,
              sums,
              inner,
              // What attempts lead to has been judged on the way.
              judge: inner.length > 0 ? blind : judge(model, points, schedule, [...(loss?.times() ?? []), ...times])
            })
        )
      )
    }
  }
  /** The same on so many of the rows, drawn again for each attempt; one sample is looked at beforehand. */
  const onSample =
    (size: number) =>
    (placed: Stage.Placed): InnerStage => {
      const on = (key: Key.Key): InnerStage & { readonly few: Points.Points } => {
        const few = pipe(key, Key.subset(points.rows, size), Source.chosen)(points)
        const begin = pipe(
          Initializer.interpret(score, few)(pipeline.initializer),
          E.getOrElse(() => start)
        )
        return { few, ...stagesOn({ ...setup, start: begin, points: few, place: Place.here }).within(placed) }
      }
      const { few, engines, problems } = on(Key.fromSeed(0))
      return {
        engines,
        problems: [
          // What is wrong on all rows too is told already.
          ...(Score.problems(points)(score).length > 0 ? [] : Score.problems(few)(score))
            .map(Problem.within('score'))
            .map(Stage.inside(placed.path)),
          ...problems
        ],
        attempt: () => (params, key) => {
          const keys = pipe(key, Key.named('sample', 'steps'))
          return on(keys.sample).attempt()(params, keys.steps)
        }
      }
    }
  const within = ({ path, stage }: Stage.Placed): InnerStage => {
    const inner = Stage.simple(stage).map(written => ({ path: written.path, compiled: all(written) }))
    return {
      engines: () => inner.map(({ compiled }) => compiled.plan().engine).join(', '),
      problems: inner.flatMap(at => problemsIn(at.compiled.stage).map(Stage.inside(path, at.path))),
      attempt: () => {
        const run = {
          pipeline,
          data: () => Source.fingerprint(points),
          precision,
          stages: inner.flatMap(({ compiled: { stage } }) => (E.isRight(stage) ? [stage.right()] : [])),
          plan: inner.map(({ compiled }) => compiled.plan())
        }
        return (params, key) => {
          const last = Run.last({ ...run, start: () => ours<P>(params) })(key)
          return { params: last.params, value: last.value, failed: last.status._tag === 'Failed' }
        }
      }
    }
  }
  return { all, within }
}

/**
 * A pipeline on data, ready to run; or all that is wrong with it. Rows of a source are read a stretch at a time, at every step; what
 * comes of them are the bits of the same rows in memory. Sums over all rows are taken where `place` says. With
 * `precision: 'float32'` losses of networks are computed in single precision, four numbers at a time where else two are (see
 * docs/compiler.md): what needs more is refused.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Compile, Initializer, Pipeline, Problem, Schedule, Score, Stage } from 'ornstein'
 *
 * const compiled = pipe(
 *   { rows: 2, dim: 1, values: Float64Array.of(-1, 1) },
 *   Compile.pipeline(
 *     Pipeline.of({
 *       schedule: Schedule.ornsteinUhlenbeck,
 *       score: Score.spherical({ components: 3 }),
 *       initializer: Initializer.fromData,
 *       stages: [Stage.expectationMaximization({ steps: 10 })]
 *     })
 *   )
 * )
 * assert.ok(E.isLeft(compiled))
 * assert.equal(
 *   Problem.show(compiled.left[0]),
 *   'score.components: 3 exceeds the 2 rows of the table; ask for fewer components or give more data'
 * )
 */
export const pipeline =
  <P extends string>(pipeline: Pipeline<P>, { place = Place.here, precision = 'float64' }: Partial<RunSettings> = {}) =>
  (given: Source.Data): E.Either<CompileErrors, Program<P>> => {
    const call = 'Compile.pipeline(pipeline)(data)'
    someData(given, call)
    if (!pipelines.is(pipeline)) return mistaken('a pipeline', pipeline, call)
    if (isDeeper(pipeline, Limits.depth)) return E.left([tooDeep('pipeline')])
    const points = Loss.unchanging(given)
    const { score, initializer, stages } = pipeline
    const common = commonProblems(pipeline, points)
    // An initializer looks at the data, and at nothing that is already known to be wrong.
    const start: Initializer.Start<P> =
      common.length > 0
        ? E.left(Initializer.problems(initializer).map(Problem.within('initializer')))
        : pipe(initializer, Initializer.interpret(score, points))
    const described = stages.flatMap((stage, i) =>
      Stage.problems(pipeline.schedule)(stage).map(Problem.within(`stages[${i}]`))
    )
    const begin = E.isRight(start) ? start.right : () => Params.zeros(Score.shapes(points.dim)(score))
    // A stage that is wrong in itself is not looked at further, nor are stages that come to too many.
    const sound = stages.map(stage => Stage.problems(pipeline.schedule)(stage).length === 0)
    const { all: compileSimple } = stagesOn({
      ...{ pipeline, start: begin, points, place, precision },
      sound: common.length === 0 && E.isRight(start)
    })
    const oversized = sound.every(identity) ? sizeProblems(stages) : []
    const compiled = stages.flatMap((stage, i) =>
      !sound[i] || oversized.length > 0 || !hasShapes(score, points)
        ? []
        : Stage.simple(stage).map(written => ({
            within: Stage.inside(`stages[${i}]`, written.path),
            ...compileSimple(written)
          }))
    )
    const problems = [
      ...common,
      ...problemsIn(start),
      ...described,
      ...oversized,
      ...compiled.flatMap(({ within, stage }) => problemsIn(stage).map(within))
    ]
    return either(problems, () => ({
      pipeline,
      start: begin,
      data: () => Source.fingerprint(points),
      precision,
      stages: compiled.flatMap(({ stage }) => (E.isRight(stage) ? [stage.right()] : [])),
      plan: compiled.map(({ plan }) => plan())
    }))
  }

/** Shares of a profile that are named; the others are the rest. */
const NAMED = 4

const profiled = ({ term, operations, bytes, draws, shares, steps }: Loss.Part): string => {
  const percent = (share: number): string => `${Math.round(100 * share)} %`
  const rest = shares.slice(NAMED).reduce((sum, [, share]) => sum + share, 0)
  const named = shares.slice(0, NAMED).map(([kind, share]) => `${kind} ${percent(share)}`)
  return [
    `  ${term}`,
    `    a row: ${operations} operations, ${bytes} bytes read, ${draws} numbers drawn; ${steps} kernels if interpreted`,
    `    operations: ${[...named, ...(rest > 0 ? [`others ${percent(rest)}`] : [])].join(', ')}`
  ].join('\n')
}

/**
 * The plan as text: of a program a line a stage; of a loss (`Compile.plans`) how it is computed, and of each term, from its graph, what a
 * row costs: operations, bytes, numbers drawn, and the share of each kind of operation.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Objective, Problem, Schedule, Score, TimeLaw } from 'ornstein'
 *
 * const plans = Problem.orThrow(
 *   Compile.plans({
 *     schedule: Schedule.ornsteinUhlenbeck,
 *     score: Score.spherical({ components: 2 }),
 *     objective: Objective.denoising(TimeLaw.at(0.3)),
 *     expectation: Expectation.monteCarlo()
 *   })({ rows: 2, dim: 1, values: Float64Array.of(-1, 1) })
 * )
 * // One number is drawn for each row, which has one column of eight bytes.
 * assert.match(Compile.explain(plans[0]), /a row: \d+ operations, 8 bytes read, 1 numbers drawn/)
 */
export const explain = <P extends string>(
  what: Pick<Program<P>, 'plan'> | Pick<Loss.LossPlan<P>, 'engine' | 'reason' | 'parts'>
): string => {
  const is = (name: string): boolean => isRecord(what) && name in what
  if (!is('plan') && !['engine', 'reason', 'parts'].every(is))
    return mistaken('a program or a plan, of Compile.pipeline or Compile.plans,', what, 'Compile.explain(program)')
  return 'plan' in what
    ? what.plan.map(({ stage, engine, reason }, i) => `stage ${i + 1}: ${stage}\n  by ${engine}: ${reason}`).join('\n')
    : [`by ${what.engine}: ${what.reason}`, ...what.parts().map(profiled)].join('\n')
}

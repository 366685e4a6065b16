/** Compiles the stages of a pipeline for data. */
import { identity, pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { Key } from '../../lib/index.js'
import { lazy } from '../../lib/plain/iterate.js'
import { refuse, refuseWith } from '../../lib/plain/refuse.js'
import { Case } from '../core/index.js'
import * as SmokeTest from './smokeTest.js'
import * as Expectation from '../objective/expectation.js'
import * as Initializer from '../pipeline/initializer.js'
import * as Limits from '../core/limits.js'
import * as Fault from './fault.js'
import * as NodeResolution from './nodeResolution.js'
import * as DrawTerms from './drawTerms.js'
import * as Loss from './loss.js'
import * as Compatibility from './compatibility.js'
import * as Nodes from '../mixture/nodes.js'
import type * as Optimizer from '../optimizer/optimizer.js'
import * as Params from '../core/params.js'
import { type Pipeline } from '../pipeline/pipeline.js'
import * as Backend from '../data/reductionBackend.js'
import type * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Problem from '../core/problem.js'
import type { CompiledStage, Plan, Precision } from './program.js'
import * as DivergenceGuard from './divergenceGuard.js'
import * as Region from '../optimizer/region.js'
import * as Run from './run.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import * as Stage from '../pipeline/stage.js'
import * as StageSums from './stageSums.js'
import { locateNaNInBatch, locateNaN } from './locateNaN.js'
import { findUnresolvedNodes, problemsIn, singlePrecisionProblems, lossCompatibilityProblems } from './lossChecks.js'

type StepChecks<P extends string> = Pick<CompiledStage<P>, 'change' | 'leaves'>

/** Returns |after − before|/|before|, the size of a step for families without a measure of their own. */
export const relativeChange = <P extends string>(before: Params.Params<P>, after: Params.Params<P>): number => {
  const moved = Params.norm(Params.zipWith((a, b) => a - b)(after, before))
  return moved === 0 ? 0 : moved / Params.norm(before)
}

/** Checks for scores that are not mixtures, without a test of divergence. */
const relativeChangeChecks: StepChecks<string> = {
  change: relativeChange,
  leaves: () => null
}

/** Checks of a family: its own step size, and divergence beyond the data noised to the largest level. */
const familyChecks = <P extends string>(
  { family }: Score.Model<P>,
  points: Source.Data,
  schedule: Schedule.Schedule,
  times: ReadonlyArray<number>
): StepChecks<P> => {
  if (family === undefined) return relativeChangeChecks
  const noise = times
    .map(time => Schedule.level(time)(schedule))
    .reduce((most, { alpha, sigma }) => Math.max(most, sigma / alpha), 0)
  return {
    change: family.distance ?? relativeChangeChecks.change,
    leaves: DivergenceGuard.divergenceCheck(family, points, noise)
  }
}

/** Problems of a batch, which requires rows and drawn noise. */
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
          Expectation.fixedNoiseSize(expectation) === undefined,
          'expectation',
          Expectation.show(expectation),
          'one that draws noise for a batch',
          'use Expectation.monteCarlo(), or leave out the batch'
        )
      ]

/** Returns the problems of too many stages or repeated attempts. */
export const sizeProblems = (stages: ReadonlyArray<Stage.Stage>): ReadonlyArray<Problem.Problem> => {
  const extents = stages.map(Stage.stageExtent)
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

interface PlannedStage<P extends string> {
  /** Requires a stage without problems. */
  readonly plan: () => Plan
  /** The function reads the data. */
  readonly stage: E.Either<ReadonlyArray<Problem.Problem>, () => CompiledStage<P>>
}

interface StageLoss<P extends string> {
  readonly loss: Loss.Loss<P>
  readonly plan: Loss.Batched<P>
  readonly problems: ReadonlyArray<Problem.Problem>
  readonly times: () => ReadonlyArray<number>
  readonly locateNaN: () => LocateStageNaN
}

/** Asserts the parameter names, since stages return those that they receive. */
const withOwnNames = <P extends string>(params: Params.Params<string>): Params.Params<P> => params

type LocateStageNaN = (params: Params.Params<string>, key: Key.Key, rows?: Int32Array) => Fault.NonFinite | null

const throwNotFinite = (fault: Fault.NonFinite | null): never => refuseWith({ fault }, 'not finite')

/** Evaluates, and throws at the first non-finite value, with its location. */
const stopAtNonFinite =
  (evaluate: Stage.Tools['evaluate'], locateNaN: LocateStageNaN): Stage.Tools['evaluate'] =>
  (params, key, rows, constants) => {
    const found = evaluate(params, key, rows, constants)
    return Number.isFinite(found.value) && Params.isFiniteParams(found.gradient)
      ? found
      : throwNotFinite(locateNaN(params, key, rows))
  }

/** Throws if a part of an optimizer returns non-finite values for a finite gradient. */
const stopAtOptimizerFault: Optimizer.Watch = (part, received, step, params) => {
  if (Params.isFiniteParams(step) || !Params.isFiniteParams(received)) return
  const region =
    part === null ? undefined : Case.innerDescriptions(part).find(({ value }) => Region.concept.is(value))?.value
  throwNotFinite({
    what: region === undefined ? 'a part of the optimizer' : 'the region',
    value: Fault.valueIn(step),
    ...(part !== null && { part: Case.show(part) }),
    ...(region !== undefined && { region: Case.show(region) }),
    parameter: Params.whereInfinite(step) ?? 'no parameter',
    inputs: { ...Fault.asInputs(received, 'received'), ...Fault.asInputs(params) }
  })
}

const isNonFiniteFault = (u: unknown): u is Fault.NonFinite => typeof Case.field(u, 'what') === 'string'

/** Calls a step and returns the non-finite value that stopped it; null if it ends, or throws another error. */
const caughtFault = (step: () => unknown): Fault.NonFinite | null =>
  pipe(
    E.tryCatch(step, error => Case.field(Case.field(error, 'problem'), 'fault')),
    E.match(
      fault => (isNonFiniteFault(fault) ? fault : null),
      () => null
    )
  )

/** Stage compiled as a separate program. */
interface InnerStage {
  readonly engines: () => string
  readonly problems: ReadonlyArray<Problem.Problem>
  readonly attempt: () => (start: Params.Params<string>, key: Key.Key) => Stage.Attempt
}

export interface RunSettings {
  readonly backend: Backend.Backend
  readonly precision: Precision
}

/** Pipeline on data; `isValid` is true if the parts that all stages share have no problems. */
interface Setup<P extends string> extends RunSettings {
  readonly pipeline: Pipeline<P>
  readonly start: (key: Key.Key) => Params.Params<P>
  readonly points: Source.Data
  readonly isValid: boolean
}

interface ReadyStage<P extends string> {
  readonly written: Stage.WrittenStage
  readonly tools: Omit<Stage.Tools, 'evaluate' | 'sums' | 'attempts'>
  readonly loss: StageLoss<P> | null
  readonly sums: StageSums.StageSums | null
  readonly inner: ReadonlyArray<InnerStage>
  readonly checks: StepChecks<P>
}

const buildStage = <P extends string>({
  written: { stage, simple },
  tools: given,
  loss,
  sums,
  inner,
  checks
}: ReadyStage<P>): CompiledStage<P> => {
  const evaluate: Stage.Tools['evaluate'] = (params, key, rows, constants) =>
    loss === null
      ? refuse(`evaluate: ${Stage.show(stage)} asks for no loss; define it with one`)
      : loss.plan.evaluate(withOwnNames<P>(params), key, rows, constants)
  const summed: Stage.Tools['sums'] = (params, summing) =>
    sums === null
      ? refuse(`sums: ${Stage.show(stage)} asks for no sums; define it with them`)
      : sums.evaluateSums(params, summing)
  const tools = { ...given, evaluate, sums: summed, attempts: inner.map(({ attempt }) => attempt()) }
  const { begin, step, finish = identity } = simple.on(tools)
  return {
    stopping: simple.stopping,
    ...checks,
    begin,
    fault: (params, memory, key) =>
      caughtFault(() => {
        const watched = loss === null ? evaluate : stopAtNonFinite(evaluate, loss.locateNaN())
        return simple.on({ ...tools, evaluate: watched, watch: stopAtOptimizerFault }).step(params, memory, key)
      }),
    step: (params, memory, key) => {
      const taken = step(params, memory, key)
      const next = withOwnNames(taken.params)
      const norm = taken.norm ?? Params.norm(Params.zipWith((a, b) => a - b)(next, params))
      return { value: taken.value, norm, params: next, memory: taken.memory }
    },
    finish: (params, memory) => withOwnNames(finish(params, memory)),
    memoryCodec: simple.memory
  }
}

/** Problems of a stage that requires double precision, rows in memory, or points; its losses report their own. */
const stageProblems = (
  { stage, simple }: Stage.WrittenStage,
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

const stageLoss = <P extends string>(
  { pipeline: { schedule, score }, points, isValid, backend, precision }: Setup<P>,
  first: () => Params.Params<P>,
  own: Stage.Loss,
  evaluations: number
): StageLoss<P> => {
  const { objective, expectation, batch } = own
  const loss = { schedule, score, objective, expectation }
  const refused = [
    ...lossCompatibilityProblems(loss, points, precision),
    ...Compatibility.pairProblems(loss, points, batch ?? points.rows)
  ]
  // if single precision is rejected, the loss is planned in double precision
  const planOptions = { evaluations, backend, precision: refused.length > 0 ? 'float64' : precision } as const
  const onAll = ({ evaluate, ...plan }: Loss.LossPlan<P>): Loss.Batched<P> => ({
    ...plan,
    evaluate: (params, key, _, constants) => evaluate(params, key, constants)
  })
  const plan =
    batch === null
      ? onAll(Loss.lossPlans(loss, points, planOptions)[0])
      : Loss.batched(loss, points, batch, planOptions)
  const coarse =
    isValid && refused.length === 0 ? findUnresolvedNodes(loss, points, first).map(NodeResolution.tooFewNodes) : []
  const resolutionAt = Nodes.isPopulation(points) ? () => null : NodeResolution.nodeResolutionCheck(loss)
  return {
    loss,
    plan: {
      ...plan,
      evaluate: (params, key, rows, constants) => {
        const coarse = resolutionAt(params)
        return coarse === null
          ? plan.evaluate(params, key, rows, constants)
          : Loss.unresolvedValue(params, NodeResolution.tooFewNodes(coarse))
      }
    },
    problems: [
      ...refused,
      ...coarse,
      ...(refused.length > 0 ? [] : singlePrecisionProblems(plan, precision)),
      ...batchProblems(own, points)
    ],
    times: () => DrawTerms.noiseTimes(loss),
    locateNaN: () => {
      const of = batch === null ? locateNaN(loss, points) : locateNaNInBatch(loss, points, batch)
      return (params, key, rows) => {
        const coarse = resolutionAt(withOwnNames<P>(params))
        if (coarse === null) return of(withOwnNames<P>(params), key, rows)
        const reason = Problem.show(NodeResolution.tooFewNodes(coarse))
        return { what: 'the expectation', value: NaN, reason, inputs: Fault.asInputs(params) }
      }
    }
  }
}

interface PlanContext<P extends string> {
  readonly setup: Setup<P>
  readonly model: Score.Model<P>
  readonly setting: Stage.Setting
  /** Parameters of the first start. */
  readonly first: () => Params.Params<P>
}

const planContext = <P extends string>(setup: Setup<P>): PlanContext<P> => {
  const { pipeline, start, points, backend } = setup
  const { schedule, score } = pipeline
  const model = Score.interpret(score)
  return {
    setup,
    model,
    setting: { schedule, score, model, points: Source.pointsView(points), data: points, backend },
    first: lazy(() => start(Key.fromSeed(0)))
  }
}

/** Returns a function that plans a stage and finds its problems except those of its description. */
export const stagePlanner = <P extends string>(setup: Setup<P>): ((written: Stage.WrittenStage) => PlannedStage<P>) => {
  const context = planContext(setup)
  return written => planStage(context, written)
}

const planStage = <P extends string>(context: PlanContext<P>, written: Stage.WrittenStage): PlannedStage<P> => {
  const { setup, model, setting, first } = context
  const { points, isValid, precision } = setup
  const { stage, simple } = written
  const { attempts, means, requirements, times } = simple
  const anyStart: Stage.Start = setup.start
  const loss = simple.loss === undefined ? null : stageLoss(setup, first, simple.loss, simple.stopping.steps)
  const sums = simple.sums === undefined ? null : StageSums.of(setting, simple.sums)
  const size = simple.sample?.(points.rows) ?? points.rows
  const inner = attempts.map(placed =>
    size < points.rows ? innerOnSample(context, size, placed) : innerStage(context, placed)
  )
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
        ...stageProblems(written, points, loss !== null || inner.length > 0 ? 'float64' : precision),
        ...requirements({ ...setting, isRandom: () => loss !== null && Loss.isRandomLoss(loss.loss, points) }),
        ...inner.flatMap(({ problems }) => problems),
        ...(sums === null || !isValid ? [] : sums.problems(first()))
      ],
      problems =>
        problems.length > 0 || !isValid || loss === null ? problems : SmokeTest.problems(loss.loss, points, first()),
      E.fromPredicate(RA.isEmpty, identity),
      E.map(
        () => () =>
          buildStage({
            written,
            tools: { ...setting, start: anyStart },
            loss,
            sums,
            inner,
            // each attempt has checked its own steps for divergence
            checks:
              inner.length > 0
                ? relativeChangeChecks
                : familyChecks(model, points, setting.schedule, [...(loss?.times() ?? []), ...times])
          })
      )
    )
  }
}

/** Inner stage on a subsample of the rows, drawn again for each attempt; one is checked beforehand. */
const innerOnSample = <P extends string>({ setup }: PlanContext<P>, size: number, placed: Stage.Placed): InnerStage => {
  const { pipeline, start, points } = setup
  const { score } = pipeline
  const on = (key: Key.Key): InnerStage & { readonly few: Points.Points } => {
    const few = pipe(key, Key.subset(points.rows, size), Source.selectedRows)(points)
    const begin = pipe(
      Initializer.interpret(score, few)(pipeline.initializer),
      E.getOrElse(() => start)
    )
    const context = planContext({ ...setup, start: begin, points: few, backend: Backend.localBackend })
    return { few, ...innerStage(context, placed) }
  }
  const { few, engines, problems } = on(Key.fromSeed(0))
  return {
    engines,
    problems: [
      // problems on all rows have been reported
      ...(Score.problems(points)(score).length > 0 ? [] : Score.problems(few)(score))
        .map(Problem.within('score'))
        .map(Stage.insideStage(placed.path)),
      ...problems
    ],
    attempt: () => (params, key) => {
      const keys = pipe(key, Key.named('sample', 'steps'))
      return on(keys.sample).attempt()(params, keys.steps)
    }
  }
}

/** Inner stage on all rows, run as a program of its own. */
const innerStage = <P extends string>(context: PlanContext<P>, { path, stage }: Stage.Placed): InnerStage => {
  const { pipeline, points, precision } = context.setup
  const inner = Stage.simple(stage).map(written => ({ path: written.path, compiled: planStage(context, written) }))
  return {
    engines: () => inner.map(({ compiled }) => compiled.plan().engine).join(', '),
    problems: inner.flatMap(at => problemsIn(at.compiled.stage).map(Stage.insideStage(path, at.path))),
    attempt: () => {
      const run = {
        pipeline,
        data: () => Source.dataFingerprint(points),
        precision,
        stages: inner.flatMap(({ compiled: { stage } }) => (E.isRight(stage) ? [stage.right()] : [])),
        plan: inner.map(({ compiled }) => compiled.plan())
      }
      return (params, key) => {
        const last = Run.last({ ...run, start: () => withOwnNames<P>(params) })(key)
        return { params: last.params, value: last.value, failed: last.status._tag === 'Failed' }
      }
    }
  }
}

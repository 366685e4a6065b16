/**
 * Smoke test of user code on three rows before a run: a function that throws, returns a wrong shape, mixes rows, or is not finite is
 * reported by name.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { reason } from '../../lib/plain/said.js'
import { add, compute, concat, Key, mul, sealed, slice, tensor, type NdArray, type Tensor } from '../../lib/index.js'
import { shapeText as print, shapeSize } from '../../lib/arrays/ndarray.js'
import * as Expectation from '../objective/expectation.js'
import * as Inputs from './inputs.js'
import * as Loss from './loss.js'
import * as Matching from './matching.js'
import * as Objective from '../objective/objective.js'
import * as Params from '../core/params.js'
import type * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import { cacheKey } from './cacheKey.js'
import * as Problem from '../core/problem.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import * as NoiseLevels from '../objective/noiseLevels.js'

/** Number of rows, enough to distinguish sums over rows from sums over pairs. */
const TRIAL_ROWS = 3

/** Maximum relative difference between a row's result alone and among others: above rounding, below the effect of mixing rows. */
const ROW_TOLERANCE = 1e-8

const FIXED_KEY = Key.fromSeed(0)

/** Rows of the data, each noised to its own level. */
interface TrialRows {
  readonly clean: Tensor
  readonly noise: Tensor
  readonly noisy: Tensor
  readonly level: Score.RowLevel
  /** All trial rows, with their times and noise. */
  readonly all: { readonly points: Points.Points; readonly times: ReadonlyArray<number>; readonly z: Float64Array }
  readonly rows: readonly [from: number, count: number]
}

/** `count` trial rows from `from` on, as tensors; to be called inside `compute`. */
const trialRows = (
  schedule: Schedule.Schedule,
  times: ReadonlyArray<number>,
  points: Source.Data,
  rows: readonly [from: number, count: number]
): TrialRows => {
  const { dim } = points
  const chosen = pipe(points, Source.selectedRows([0, Math.floor(points.rows / 2), points.rows - 1]))
  const own = Array.from({ length: TRIAL_ROWS }, (_, i) => times[i % times.length])
  const levels = own.map(time => pipe(schedule, Schedule.level(time)))
  const [from, count] = rows
  const part = (values: ArrayLike<number>, width: number): Tensor =>
    slice(tensor(values, [TRIAL_ROWS, width]), [from, 0], [count, width])
  const clean = part(chosen.values, dim)
  const z = Key.normal(TRIAL_ROWS * dim)(FIXED_KEY)
  const noise = part(z, dim)
  const level = {
    alpha: part(
      levels.map(({ alpha }) => alpha),
      1
    ),
    sigma: part(
      levels.map(({ sigma }) => sigma),
      1
    ),
    ...(chosen.labels && { label: part(chosen.labels, 1) })
  }
  return {
    clean,
    noise,
    level,
    noisy: add(mul(level.alpha, clean), mul(level.sigma, noise)),
    all: { points: chosen, times: own, z },
    rows
  }
}

/** Error message of a sealed tensor, whose entries must not be read. */
const SEALED_MESSAGE = 'it looks at the entries of a tensor'

/** Function of trial rows in which a user's code is called. */
interface UserFunction {
  readonly field: string
  readonly name: string
  readonly apply: (trial: TrialRows) => Tensor
  /** Allowed shapes for a number of rows; messages name the first. */
  readonly shapes: (rows: number) => ReadonlyArray<ReadonlyArray<number>>
  /** True at the start of a run. */
  readonly mustBeFinite: boolean
}

type ProblemList = ReadonlyArray<Problem.Problem>

const functionProblems = (
  tested: UserFunction,
  on: (rows: readonly [from: number, count: number]) => TrialRows
): ProblemList =>
  pipe(
    evaluateOn(tested, on, [0, TRIAL_ROWS]),
    E.filterOrElse(
      ({ values }) => !tested.mustBeFinite || values.every(Number.isFinite),
      ({ values }): ProblemList => [nonFiniteProblem(tested, values)]
    ),
    E.chain(together =>
      pipe(
        Array.from({ length: TRIAL_ROWS }, (_, i) => evaluateOn(tested, on, [i, 1])),
        E.sequenceArray,
        E.map(apart => ({ together: together.values, apart: apart.flatMap(({ values }) => Array.from(values)) }))
      )
    ),
    E.filterOrElse(
      ({ together, apart }) => areEqualUpToRounding(together, apart),
      (): ProblemList => [
        Problem.of(
          tested.field,
          `${tested.name}, which gives a row other numbers alone than among others,`,
          'a function of each row alone, the same at each call',
          'let it reduce over axis 1 only, and take its randomness from the parameters'
        )
      ]
    ),
    E.match(
      problems => problems,
      () => []
    )
  )

/** Result on trial rows; a problem if the function throws or returns another shape. */
const evaluateOn = (
  { field, name, apply, shapes }: UserFunction,
  on: (rows: readonly [from: number, count: number]) => TrialRows,
  rows: readonly [from: number, count: number]
): E.Either<ProblemList, NdArray> => {
  const [, count] = rows
  const onRows = `on ${count} row${count === 1 ? '' : 's'}`
  return pipe(
    E.tryCatch(
      () =>
        compute(() => {
          // untyped JavaScript may return a number instead of a tensor
          const result: unknown = apply(on(rows))
          return typeof result === 'number' ? tensor([result], []) : (result as Tensor)
        }),
      (error): ProblemList => [
        reason(error) === SEALED_MESSAGE
          ? Problem.of(
              field,
              `${name}, which looks at the entries of a tensor,`,
              'written in the tensor vocabulary alone, in which it is differentiated',
              'choose by where, and hold constant by stopGradient'
            )
          : Problem.of(
              field,
              `${name}, which ${onRows} throws "${reason(error)}",`,
              `a function of rows that gives ${print(shapes(count)[0])}`,
              'correct it, or check the shapes that it works on'
            )
      ]
    ),
    E.filterOrElse(
      ({ shape }) => shapes(count).some(wanted => print(wanted) === print(shape)),
      ({ shape }): ProblemList => [
        Problem.of(
          field,
          `${name}, which ${onRows} is of shape ${print(shape)},`,
          `of shape ${shapes(count).map(print).join(' or ')}`,
          'let it give each row its own numbers'
        )
      ]
    )
  )
}

const nonFiniteProblem = ({ field, name }: UserFunction, values: Float64Array): Problem.Problem =>
  Problem.of(
    field,
    `${name}, which is ${values.find(value => !Number.isFinite(value))} on a row of the data,`,
    'finite where the run starts',
    'start elsewhere, or keep logarithms, roots and quotients off 0'
  )

const areEqualUpToRounding = (together: Float64Array, apart: ReadonlyArray<number>): boolean => {
  const largest = together.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0)
  return together.every(
    (x, i) => Object.is(x, apart[i]) || x === apart[i] || Math.abs(x - apart[i]) <= ROW_TOLERANCE * largest
  )
}

/** Loss of the trial rows by a term's own function, with sealed tensors. */
const trialLoss = <P extends string>(
  { schedule, score }: Loss.Loss<P>,
  term: Matching.DirectTerm,
  params: Params.Params<P>,
  { all: { points, times, z }, rows }: TrialRows
): Tensor => {
  const model = Score.interpret(score)
  const tensors = Score.tensors(params)
  const data = Matching.dataInputs(points, 'once')
  if (!Objective.isMatching(term)) {
    const given = Inputs.inputTensors(...rows)({ ...data, ...Matching.termConstants(term) })
    return sealed(() => Matching.noiselessTermPerRow(model, term)(tensors, given))
  }
  // equal times are one noise level for all rows, at which the real evaluation may evaluate other rows than the data
  const own = times.every(time => time === times[0]) ? times.slice(0, 1) : times
  const levels = own.map(time => pipe(schedule, Schedule.level(time)))
  const sample: Matching.NoiseSample = {
    weight: Float64Array.of(1),
    alpha: Float64Array.from(levels, ({ alpha }) => alpha),
    sigma: Float64Array.from(levels, ({ sigma }) => sigma),
    noise: { _tag: 'Full', values: z, sign: 1 },
    denoising: Float64Array.of(1),
    probes: () => FIXED_KEY,
    level: 0,
    ofTime: f => Float64Array.from(own, time => f(time, schedule)),
    labels: null
  }
  const basis = { rank: 0, vectors: new Float64Array(0), origin: new Float64Array(0) }
  const given = Inputs.inputTensors(...rows)({
    ...data,
    ...Matching.termInputs(model, term, sample, { basis, points })
  })
  return Matching.termOutputPerRow(model, term)(tensors, given, sealed)
}

/** Two times close to the clean end, as fractions of the schedule's duration. */
const NEAR_CLEAN_FRACTIONS = [1e-4, 1e-8] as const
const MAX_GROWTH = 100

/**
 * Problem of a term that is declared `bounded: true`, includes times down to the clean end, and grows as the noise vanishes: 1/σ² becomes
 * at least 10⁴ times larger between the two times.
 */
const growthProblemsOfTerm = <P extends string>(
  loss: Loss.Loss<P>,
  term: Objective.Matching,
  points: Source.Data,
  params: Params.Params<P>
): ReadonlyArray<Problem.Problem> => {
  if (term.bounded !== true || NoiseLevels.uniformFromClean(term.noiseLevels) === undefined) return []
  const { schedule } = loss
  const until = Math.min(1, Schedule.endTime(schedule))
  const [outer, inner] = NEAR_CLEAN_FRACTIONS.map(share => {
    const { values } = compute(() =>
      trialLoss(loss, term, params, trialRows(schedule, [share * until], points, [0, TRIAL_ROWS]))
    )
    return { time: share * until, most: values.reduce((most, x) => Math.max(most, Math.abs(x)), 0) }
  })
  return Problem.unless(
    inner.most <= MAX_GROWTH * outer.most,
    'objective',
    `${Objective.show(term.of)}, which on a row of the data is ${outer.most.toPrecision(3)} at t = ${outer.time} and ${inner.most.toPrecision(3)} at ${inner.time},`,
    'finite as the noise vanishes, as bounded: true says',
    'leave bounded out, and begin at 0.001'
  )
}

const arbitraryParams = <P extends string>(shapes: Params.Shapes<P>): Params.Params<P> =>
  Params.map<ReadonlyArray<number>, NdArray>((shape, name) => ({
    shape,
    values: Key.normal(shapeSize(shape))(Key.named(name)(FIXED_KEY)[name]).map(z => 0.1 * z)
  }))(shapes)

interface SmokeTestResult {
  readonly cacheKeys: ReadonlyArray<unknown>
  readonly problems: ProblemList
}

/** Latest result for each objective, keyed by the start or, without one, by the score. */
const smokeTestResults = new WeakMap<object, WeakMap<object, SmokeTestResult>>()

/**
 * Returns the problems found by evaluating a user's score or objective on noised rows at the start of a run; without a start, only shapes
 * and independence of rows are tested. Requires a loss without other problems.
 */
export const problems = <P extends string>(
  loss: Loss.Loss<P>,
  points: Source.Data,
  start: Params.Params<P> | null
): ProblemList => {
  const { schedule, score, objective } = loss
  const [ofScore, ofObjective, ofSchedule] = [score, objective, schedule].map(cacheKey)
  const at: object = start ?? ofScore
  const results = smokeTestResults.get(at) ?? new WeakMap<object, SmokeTestResult>()
  smokeTestResults.set(at, results)
  const isAbsent = [points.labels, points.partner].map(column => column === undefined || column === null)
  const cacheKeys = [ofSchedule, ofScore, points.dim, ...isAbsent]
  const last = results.get(ofObjective)
  if (last?.cacheKeys.every((one, i) => one === cacheKeys[i]) === true) return last.problems
  const found = smokeTestProblems({
    loss,
    points,
    params: start ?? arbitraryParams(Score.interpret(score).shapes(points.dim)),
    mustBeFinite: start !== null
  })
  results.set(ofObjective, { cacheKeys, problems: found })
  return found
}

interface SmokeTest<P extends string> {
  readonly loss: Loss.Loss<P>
  readonly points: Source.Data
  readonly params: Params.Params<P>
  /** True at the start of a run. */
  readonly mustBeFinite: boolean
}

/** Problems of the score, its heads, the objective, its growth and its gradient: those of the first that has any. */
const smokeTestProblems = <P extends string>(test: SmokeTest<P>): ProblemList =>
  [scoreProblems, headProblems, objectiveProblems, growthProblems, lossGradientProblems].reduce<ProblemList>(
    (found, problemsOf) => (found.length > 0 ? found : problemsOf(test)),
    []
  )

const trialTimes = (schedule: Schedule.Schedule, noiseLevels: NoiseLevels.NoiseLevels): ReadonlyArray<number> =>
  pipe(noiseLevels, NoiseLevels.quadrature(schedule, TRIAL_ROWS)).map(({ time }) => time)

const problemsAt = <P extends string>(
  { loss: { schedule }, points }: SmokeTest<P>,
  noiseLevels: NoiseLevels.NoiseLevels,
  tested: UserFunction
): ProblemList => functionProblems(tested, rows => trialRows(schedule, trialTimes(schedule, noiseLevels), points, rows))

/** First term that is a mean over noise levels, as a list of at most one. */
const firstMatching = <P extends string>({ loss }: SmokeTest<P>): ReadonlyArray<Objective.Matching> =>
  Objective.terms(loss.objective)
    .map(({ term }) => term)
    .filter(Objective.isMatching)
    .slice(0, 1)

const scoreProblems = <P extends string>(test: SmokeTest<P>): ProblemList => {
  const { loss, points, params, mustBeFinite } = test
  const model = Score.interpret(loss.score)
  if (model.scoreless) return []
  return firstMatching(test).flatMap(({ noiseLevels }) =>
    problemsAt(test, noiseLevels, {
      field: 'score',
      name: Score.show(loss.score),
      apply: ({ noisy, level }) => model.output(Score.tensors(params), noisy, level),
      shapes: rows => [[rows, points.dim]],
      mustBeFinite
    })
  )
}

const headProblems = <P extends string>(test: SmokeTest<P>): ProblemList => {
  const {
    loss: { schedule, score },
    points,
    params,
    mustBeFinite
  } = test
  const { heads } = Score.interpret(score)
  if (heads === undefined) return []
  return firstMatching(test).flatMap(({ noiseLevels }) => {
    const apply = ({ noisy, level }: TrialRows): Tensor =>
      concat(Object.values(heads(Score.tensors(params), noisy, level)), 1)
    // an error is reported where the function itself is tested
    const width = O.tryCatch(
      () =>
        compute(() => apply(trialRows(schedule, trialTimes(schedule, noiseLevels), points, [0, TRIAL_ROWS]))).shape[1]
    )
    return problemsAt(test, noiseLevels, {
      field: 'score',
      name: `the heads of ${Score.show(score)}`,
      apply,
      shapes: rows => [[rows, O.isSome(width) ? width.value : points.dim]],
      mustBeFinite
    })
  })
}

const customTerms = <P extends string>({ loss }: SmokeTest<P>): ReadonlyArray<Matching.DirectTerm> =>
  Objective.terms(loss.objective).flatMap(({ term }) =>
    Objective.isPenalty(term) || Objective.isBuiltIn(term) ? [] : [term]
  )

const objectiveProblems = <P extends string>(test: SmokeTest<P>): ProblemList => {
  const { loss, points, params, mustBeFinite } = test
  const model = Score.interpret(loss.score)
  return customTerms(test).flatMap(term => {
    const isMatching = Objective.isMatching(term)
    const isPaired = isMatching && term.pairs !== undefined
    /** Number of values of a row; an error is reported where the function itself is tested. */
    const width = (): number =>
      isPaired
        ? pipe(
            O.tryCatch(() => Matching.analyzeReads(model, term, { dim: points.dim }).width),
            O.getOrElse(() => 1)
          )
        : 1
    return problemsAt(test, isMatching ? term.noiseLevels : NoiseLevels.at(1), {
      field: 'objective',
      name: Objective.show(term.of),
      apply: trial => trialLoss(loss, term, params, trial),
      shapes: rows => [[rows, width()], ...(isPaired ? [] : [[rows]])],
      mustBeFinite
    })
  })
}

/** Problems of user's terms that grow without bound as the noise vanishes. */
const growthProblems = <P extends string>(test: SmokeTest<P>): ProblemList =>
  customTerms(test)
    .filter(Objective.isMatching)
    .flatMap(term => growthProblemsOfTerm(test.loss, term, test.points, test.params))

/** Problems of the loss and its gradient on the trial rows; a function may have no derivative. */
const lossGradientProblems = <P extends string>({ loss, points, params, mustBeFinite }: SmokeTest<P>): ProblemList => {
  // noise that the user supplies has as many rows as the data
  const noise = Expectation.monteCarlo()
  const few = pipe(points, Source.selectedRows([0, Math.floor(points.rows / 2), points.rows - 1]))
  const name = Objective.show(loss.objective)
  return pipe(
    E.tryCatch(
      () =>
        Loss.lossPlans(
          { ...loss, expectation: noise },
          {
            rows: few.rows,
            dim: few.dim,
            values: few.values,
            ...(few.labels && { labels: few.labels }),
            ...(few.partner && { partner: few.partner })
          },
          // interpreted, since the plan itself is compiled later
          { evaluations: 1 }
        )[0].evaluate(params, FIXED_KEY),
      error => [
        Problem.of(
          'objective',
          `${name} of ${Score.show(loss.score)}, whose gradient throws "${reason(error)}",`,
          'differentiable',
          'write it in functions that have derivatives'
        )
      ]
    ),
    E.fold(
      problems => problems,
      ({ value, gradient }) =>
        Problem.unless(
          !mustBeFinite || (Number.isFinite(value) && Params.isFiniteParams(gradient)),
          'objective',
          Number.isFinite(value) ? 'a gradient with NaN or infinity' : value,
          'finite where the run starts',
          'start elsewhere, or keep logarithms, roots and quotients off 0'
        )
    )
  )
}

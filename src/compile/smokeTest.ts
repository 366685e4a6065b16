/**
 * Smoke test of user code on three rows before a run. A function that throws, returns a wrong shape, mixes rows, or
 * is not finite is reported by name and with the shapes. Otherwise it would fail in the middle of a run, or
 * broadcast and fit something else.
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

/** Number of rows of the smoke test: enough to distinguish a sum over rows from a sum over pairs of rows. */
const TRIAL_ROWS = 3

/**
 * Largest relative difference between a row's result alone and among others. Rounding stays far below it; centring,
 * normalizing or sorting the rows together exceeds it by far.
 */
const ROW_ROUNDING = 1e-8

const FIXED_KEY = Key.fromSeed(0)

/** Rows of the data with noise, each at its own noise level. */
interface TrialRows {
  readonly clean: Tensor
  readonly noise: Tensor
  readonly noisy: Tensor
  readonly level: Score.RowLevel
  /** The trial rows, with their times and noise. */
  readonly all: { readonly points: Points.Points; readonly times: ReadonlyArray<number>; readonly z: Float64Array }
  readonly rows: readonly [from: number, count: number]
}

/** The `count` trial rows starting at `from`, as tensors; call it inside `compute`. */
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
const SEALED = 'it looks at the entries of a tensor'

/** User function of rows, with the shapes that it should return. */
interface UserFunction {
  readonly field: string
  readonly name: string
  readonly apply: (trial: TrialRows) => Tensor
  /** Allowed shapes for a number of rows; messages name the first. */
  readonly shapes: (rows: number) => ReadonlyArray<ReadonlyArray<number>>
  /** True if a non-finite result is an error, as at the parameters from which a run starts. */
  readonly finite: boolean
}

const functionProblems = (
  { field, name, apply, shapes, finite }: UserFunction,
  on: (rows: readonly [number, number]) => TrialRows
): ReadonlyArray<Problem.Problem> => {
  const run = (from: number, count: number): E.Either<ReadonlyArray<Problem.Problem>, NdArray> =>
    pipe(
      E.tryCatch(
        () =>
          compute(() => {
            // Untyped JavaScript may return a number instead of a tensor.
            const result: unknown = apply(on([from, count]))
            return typeof result === 'number' ? tensor([result], []) : (result as Tensor)
          }),
        error => [
          reason(error) === SEALED
            ? Problem.of(
                field,
                `${name}, which looks at the entries of a tensor,`,
                'written in the tensor vocabulary alone, in which it is differentiated',
                'choose by where, and hold constant by stopGradient'
              )
            : Problem.of(
                field,
                `${name}, which on ${count} row${count === 1 ? '' : 's'} throws "${reason(error)}",`,
                `a function of rows that gives ${print(shapes(count)[0])}`,
                'correct it, or check the shapes that it works on'
              )
        ]
      ),
      E.filterOrElse(
        ({ shape }) => shapes(count).some(wanted => print(wanted) === print(shape)),
        ({ shape }) => [
          Problem.of(
            field,
            `${name}, which on ${count} row${count === 1 ? '' : 's'} is of shape ${print(shape)},`,
            `of shape ${shapes(count).map(print).join(' or ')}`,
            'let it give each row its own numbers'
          )
        ]
      )
    )
  return pipe(
    run(0, TRIAL_ROWS),
    E.chain(together => {
      const width = together.values.length / TRIAL_ROWS
      const bad = together.values.findIndex(value => !Number.isFinite(value))
      return finite && bad >= 0
        ? E.left([
            Problem.of(
              field,
              `${name}, which is ${together.values[bad]} on a row of the data,`,
              'finite where the run starts',
              'start elsewhere, or keep logarithms, roots and quotients off 0'
            )
          ])
        : pipe(
            Array.from({ length: TRIAL_ROWS }, (_, i) => run(i, 1)),
            E.sequenceArray,
            E.map(apart => ({ together, width, apart: apart.flatMap(({ values }) => Array.from(values)) }))
          )
    }),
    E.chain(({ together, apart }) => {
      const largest = together.values.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0)
      const alike = together.values.every(
        (x, i) => Object.is(x, apart[i]) || x === apart[i] || Math.abs(x - apart[i]) <= ROW_ROUNDING * largest
      )
      return alike
        ? E.right(null)
        : E.left([
            Problem.of(
              field,
              `${name}, which gives a row other numbers alone than among others,`,
              'a function of each row alone, the same at each call',
              'let it reduce over axis 1 only, and take its randomness from the parameters'
            )
          ])
    }),
    E.fold(
      problems => problems,
      () => []
    )
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
  const data = Matching.dataInputs(points, false)
  if (!Objective.isMatching(term)) {
    const given = Inputs.inputTensors(...rows)({ ...data, ...Matching.termConstants(term) })
    return sealed(() => Matching.noiselessTermPerRow(model, term)(tensors, given))
  }
  // If all times are equal there is one noise level for all rows, as in the real evaluation, which may then evaluate
  // other rows than the data at it.
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
  const given = Inputs.inputTensors(...rows)({ ...data, ...Matching.termInputs(model, term, sample, basis, points) })
  return Matching.termOutputPerRow(model, term)(tensors, given, sealed)
}

/** Two times close to the clean end, as fractions of the schedule's duration, by which unbounded growth is detected. */
const NEAR_CLEAN_FRACTIONS = [1e-4, 1e-8] as const
const MAX_GROWTH = 100

/**
 * Problem of a term that is declared `bounded: true`, includes times down to the clean end, and grows as the noise
 * vanishes. A loss that grows like 1/σ² becomes at least 10⁴ times larger between the two times.
 */
const unboundedGrowthProblems = <P extends string>(
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

/** Arbitrary parameters, used if the start of the run is unknown. */
const arbitraryParams = <P extends string>(shapes: Params.Shapes<P>): Params.Params<P> =>
  Params.map<ReadonlyArray<number>, NdArray>((shape, name) => ({
    shape,
    values: Key.normal(shapeSize(shape))(Key.named(name)(FIXED_KEY)[name]).map(z => 0.1 * z)
  }))(shapes)

interface SmokeTestResult {
  readonly of: ReadonlyArray<unknown>
  readonly problems: ReadonlyArray<Problem.Problem>
}

/** Latest result of the smoke test for each objective, keyed by the start or, if there is none, by the score. */
const smokeTestResults = new WeakMap<object, WeakMap<object, SmokeTestResult>>()

/**
 * Problems found by evaluating a user's score or objective on noised rows of the data, at the parameters from which
 * a run starts. Without a start, only shapes and independence of rows are tested. Requires a loss without other
 * problems.
 */
export const problems = <P extends string>(
  loss: Loss.Loss<P>,
  points: Source.Data,
  start: Params.Params<P> | null
): ReadonlyArray<Problem.Problem> => {
  const { schedule, score, objective } = loss
  const [ofScore, ofObjective, ofSchedule] = [score, objective, schedule].map(cacheKey)
  const at: object = start ?? ofScore
  const here = smokeTestResults.get(at) ?? new WeakMap<object, SmokeTestResult>()
  smokeTestResults.set(at, here)
  // Labels and partners of the rows may be read as well.
  const beside = [points.labels, points.partner].map(own => own === undefined || own === null)
  const of = [ofSchedule, ofScore, points.dim, ...beside]
  const last = here.get(ofObjective)
  if (last?.of.every((one, i) => one === of[i]) === true) return last.problems
  const found = smokeTestProblems(loss, points, start)
  here.set(ofObjective, { of, problems: found })
  return found
}

/** Problems of a trial evaluation: of the score, its heads, the objective, its growth and its gradients, each only if none was found before. */
const smokeTestProblems = <P extends string>(
  loss: Loss.Loss<P>,
  points: Source.Data,
  start: Params.Params<P> | null
): ReadonlyArray<Problem.Problem> => {
  const { schedule, score, objective } = loss
  const model = Score.interpret(score)
  const terms = Objective.terms(objective).map(({ term }) => term)
  const matching = terms.filter(Objective.isMatching)
  const own = terms.flatMap(term => (Objective.isPenalty(term) || Objective.isBuiltIn(term) ? [] : [term]))
  const params = start ?? arbitraryParams(model.shapes(points.dim))
  const finite = start !== null
  const timesOf = (noiseLevels: NoiseLevels.NoiseLevels): ReadonlyArray<number> =>
    pipe(noiseLevels, NoiseLevels.quadrature(schedule, TRIAL_ROWS)).map(({ time }) => time)
  const of = (noiseLevels: NoiseLevels.NoiseLevels, part: UserFunction): ReadonlyArray<Problem.Problem> =>
    functionProblems(part, rows => trialRows(schedule, timesOf(noiseLevels), points, rows))
  const isPaired = (term: Matching.DirectTerm): term is Objective.Matching =>
    Objective.isMatching(term) && term.pairs !== undefined
  /** Number of values that a term returns for a row. */
  const widthOf = (term: Matching.DirectTerm): number =>
    isPaired(term)
      ? pipe(
          // An error is reported where the function itself is tried.
          O.tryCatch(() => Matching.analyzeReads(model, term, points.dim, false, false).width),
          O.getOrElse(() => 1)
        )
      : 1
  const inScore = matching.slice(0, model.scoreless ? 0 : 1).flatMap(({ noiseLevels }) =>
    of(noiseLevels, {
      field: 'score',
      name: Score.show(score),
      apply: ({ noisy, level }) => model.output(Score.tensors(params), noisy, level),
      shapes: rows => [[rows, points.dim]],
      finite
    })
  )
  const ofHeads = (
    noiseLevels: NoiseLevels.NoiseLevels,
    said: Score.NamedOutputs<P>
  ): ReadonlyArray<Problem.Problem> => {
    const apply = ({ noisy, level }: TrialRows): Tensor =>
      concat(Object.values(said(Score.tensors(params), noisy, level)), 1)
    // An error is reported where the function itself is tried.
    const width = O.tryCatch(
      () => compute(() => apply(trialRows(schedule, timesOf(noiseLevels), points, [0, TRIAL_ROWS]))).shape[1]
    )
    const name = `the heads of ${Score.show(score)}`
    const shapes: UserFunction['shapes'] = rows => [[rows, O.isSome(width) ? width.value : points.dim]]
    return of(noiseLevels, { field: 'score', name, apply, shapes, finite })
  }
  const inHeads =
    inScore.length > 0
      ? []
      : matching
          .slice(0, 1)
          .flatMap(({ noiseLevels }) => (model.heads === undefined ? [] : ofHeads(noiseLevels, model.heads)))
  const inObjective =
    inScore.length + inHeads.length > 0
      ? []
      : own.flatMap(term =>
          of(Objective.isMatching(term) ? term.noiseLevels : NoiseLevels.at(1), {
            field: 'objective',
            name: Objective.show(term.of),
            apply: trial => trialLoss(loss, term, params, trial),
            shapes: rows => [[rows, widthOf(term)], ...(isPaired(term) ? [] : [[rows]])],
            finite
          })
        )
  const claims =
    inScore.length + inHeads.length + inObjective.length > 0
      ? []
      : own.filter(Objective.isMatching).flatMap(term => unboundedGrowthProblems(loss, term, points, params))
  const found = [...inScore, ...inHeads, ...inObjective, ...claims]
  return found.length > 0 ? found : lossGradientProblems(loss, points, params, finite)
}

/**
 * Problems of the loss and its gradient on the trial rows: a function may evaluate correctly and have no derivative.
 */
const lossGradientProblems = <P extends string>(
  loss: Loss.Loss<P>,
  points: Source.Data,
  params: Params.Params<P>,
  finite: boolean
): ReadonlyArray<Problem.Problem> => {
  // Noise that the user supplies has as many rows as the data, so the trial draws its own.
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
          // Interpreted, since the plan itself is compiled later and reports its own problems.
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
          !finite || (Number.isFinite(value) && Params.isFiniteParams(gradient)),
          'objective',
          Number.isFinite(value) ? 'a gradient with NaN or infinity' : value,
          'finite where the run starts',
          'start elsewhere, or keep logarithms, roots and quotients off 0'
        )
    )
  )
}

/** Arbitraries of the language, edge cases included. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { compute, Key, ones, tensor, zeros, type NdArray } from '../../lib/index.js'
import type { ConceptOf } from '../core/index.js'
import { shapeSize } from '../../lib/arrays/ndarray.js'
import * as Matching from '../compile/matching.js'
import * as Compatibility from '../compile/compatibility.js'
import { lazy } from '../../lib/plain/iterate.js'
import type { Points } from '../data/points.js'
import { Compile, Expectation, Parametrization, Params, Vocabulary, Clock, Schedule } from '../index.js'
import * as Case from '../core/case.js'
import * as Score from '../score/score.js'
import * as Objective from '../objective/index.js'
import { areSameBits } from './bits.js'
import { printed } from './check.js'

/** Multiples of 0.01 in [−bound, bound]. */
export const real = (bound: number): fc.Arbitrary<number> =>
  fc.integer({ min: -Math.round(100 * bound), max: Math.round(100 * bound) }).map(k => k / 100)

/** Seeds for `Key.fromSeed`, which print better than keys. */
export const seeds: fc.Arbitrary<number> = fc.nat({ max: 9999 })

/** Keys from small seeds. */
export const keys: fc.Arbitrary<Key.Key> = seeds.map(Key.fromSeed)

/** Numbers of columns, 1 to 3. */
export const dims: fc.Arbitrary<number> = fc.integer({ min: 1, max: 3 })

export const ALL_DIMS: ReadonlyArray<number> = [1, 2, 3]

/** Multiples of 1/64 in [min, max], including 0: products of a few are exact. */
export const dyadic = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min: Math.ceil(64 * min), max: Math.floor(64 * max) }).map(n => n / 64)

/** One of the values, printed by `show`. */
const printedValues =
  <A extends object>(show: (value: A) => string) =>
  (...values: ReadonlyArray<A>): fc.Arbitrary<A> =>
    printed(show)(fc.constantFrom(...values))

// —— noise ——

export const cosineSchedule: Schedule.Schedule = Schedule.custom({
  name: 'cosine',
  alpha: t => Elementary.cos((Math.PI / 2) * t),
  sigma: t => Elementary.sin((Math.PI / 2) * t),
  until: 1
})

export const varianceExplodingSchedule: Schedule.Schedule = Schedule.custom({
  name: 'variance exploding',
  alpha: () => 1,
  sigma: t => t,
  until: 10
})

export const straightSchedule: Schedule.Schedule = Schedule.custom({
  name: 'straight',
  alpha: t => 1 - t,
  sigma: t => t,
  until: 1
})

/** Schedules of every kind: built-in, custom, and on other clocks. */
export const schedules: fc.Arbitrary<Schedule.Schedule> = printedValues(Schedule.show)(
  ...[Schedule.ornsteinUhlenbeck, Schedule.edm, Schedule.rectifiedFlow, Schedule.subVp(), Schedule.vpLinear()],
  ...[Schedule.vpLinear({ betaMin: 0, betaMax: 2 }), Schedule.cosine(), Schedule.cosine({ offset: 0 })],
  ...[Schedule.varianceExploding(), Schedule.varianceExploding({ sigmaMin: 0.125, sigmaMax: 2 })],
  ...[
    Schedule.betas([0.25]),
    Schedule.betas([1 / 64, 0.125, 0.5]),
    cosineSchedule,
    varianceExplodingSchedule,
    straightSchedule
  ],
  Schedule.reparametrized(Clock.affine({ scale: 2, shift: 1 / 64 }))(Schedule.cosine()),
  Schedule.reparametrized(Clock.power(0.5))(Schedule.rectifiedFlow),
  Schedule.reparametrized(Clock.evenLogSnr({ from: 6, to: -6 }))(Schedule.ornsteinUhlenbeck),
  Schedule.reparametrized(Clock.power(2))(Schedule.reparametrized(Clock.affine({ scale: 0.5 }))(Schedule.subVp()))
)

const timesTo = (last: number): fc.Arbitrary<number> =>
  fc.integer({ min: 1, max: 50 }).map(k => Number(((k * last) / 50).toPrecision(4)))

/** Times in (0, 4] before the end of the schedule. */
export const timesBeforeEnd = (schedule: Schedule.Schedule): fc.Arbitrary<number> =>
  timesTo(Math.min(4, 0.9 * Schedule.endTime(schedule)))

/** Times in (0, 4] at which neither α nor σ is near 0. */
export const times = (schedule: Schedule.Schedule): fc.Arbitrary<number> =>
  timesTo(Math.min(4, 0.9 * Schedule.endTime(schedule), Schedule.timeOfLogSnr(-12)(schedule)))

/** α in [0, 1], σ in [0, 2], not both 0. */
export const levels: fc.Arbitrary<Schedule.Level> = fc
  .record({ alpha: fc.integer({ min: 0, max: 20 }), sigma: fc.integer({ min: 0, max: 40 }) })
  .filter(({ alpha, sigma }) => alpha + sigma > 0)
  .map(({ alpha, sigma }) => ({ alpha: alpha / 20, sigma: sigma / 20 }))

/** Parametrizations of every kind. */
export const parametrizations: fc.Arbitrary<Parametrization.Parametrization> =
  printedValues<Parametrization.Parametrization>(Parametrization.show)(
    ...[Parametrization.score, Parametrization.noise, Parametrization.data, Parametrization.velocity],
    ...[Parametrization.flow, Parametrization.edm(), Parametrization.edm({ sigmaData: 1 })]
  )

// —— data ——

const pointsOfRows = (dim: number, rows: ReadonlyArray<ReadonlyArray<number>>): Points => ({
  rows: rows.length,
  dim,
  values: Float64Array.from(rows.flat())
})

/** Multiplies the points by 10⁶. */
export const scaleToOutliers = (points: Points): Points => ({ ...points, values: points.values.map(x => 1e6 * x) })

/** Prints points as code. */
export const showPoints = ({ rows, dim, values, weights, partner }: Points): string =>
  `{ rows: ${rows}, dim: ${dim}, values: Float64Array.of(${values.join(', ')})` +
  (weights === undefined ? '' : `, weights: Float64Array.of(${weights.join(', ')})`) +
  `${partner === undefined ? '' : `, partner: Float64Array.of(${partner.join(', ')})`} }`

interface PointsOptions {
  readonly minRows?: number
  readonly maxRows?: number
  /** Bound on the entries of scattered rows. */
  readonly extent?: number
  /** Magnitude of the distant rows, if there are any. */
  readonly far?: number
  /** True if some points carry integer weights ≥ 0. */
  readonly weights?: boolean
}

/**
 * Points of a dimension: also one row, duplicates, collinear, far from 0, tiny, all 0, weighted.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import fc from 'fast-check'
 * import { Points } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * fc.assert(
 *   fc.property(laws.arbitraries.points({ maxRows: 4 })(2), points => {
 *     assert.equal(Points.validate(points)._tag, 'Right')
 *   })
 * )
 */
export const points =
  ({ minRows = 1, maxRows = Math.max(6, minRows), extent = 3, far = 30, weights = true }: PointsOptions = {}) =>
  (dim: number): fc.Arbitrary<Points> => {
    const vector = fc.array(real(extent), { minLength: dim, maxLength: dim })
    const lengths = { minLength: minRows, maxLength: maxRows }
    const scattered = fc.array(vector, lengths)
    const rows = fc.oneof(
      { withCrossShrink: true },
      { weight: 4, arbitrary: scattered },
      fc.array(vector, { minLength: minRows, maxLength: minRows }),
      fc.tuple(vector, fc.array(fc.constant(null), lengths)).map(([row, copies]) => copies.map(() => row)),
      fc
        .tuple(vector, fc.array(real(1), lengths))
        .map(([direction, along]) => along.map(a => direction.map(x => a * x))),
      fc.tuple(vector, scattered).map(([away, rows]) => {
        const offset = away.map(x => far * Math.sign(x))
        return rows.map(row => row.map((x, j) => x + offset[j]))
      }),
      scattered.map(rows => scaleMatrix(1e-6, rows)),
      scattered.map(rows => scaleMatrix(0, rows))
    )
    const plain = rows.map(rows => pointsOfRows(dim, rows))
    return weights
      ? plain.chain(points =>
          fc
            .option(fc.array(fc.nat({ max: 3 }), { minLength: points.rows, maxLength: points.rows }), { freq: 2 })
            .map(weights =>
              weights === null || weights.every(weight => weight === 0)
                ? points
                : { ...points, weights: Float64Array.from(weights) }
            )
        )
      : plain
  }

const scaleMatrix = (
  factor: number,
  rows: ReadonlyArray<ReadonlyArray<number>>
): ReadonlyArray<ReadonlyArray<number>> => rows.map(row => row.map(x => factor * x))

/** Standard normal points of the same size. */
export const normalNoise = ({ rows, dim }: Points, seed: number): Points => ({
  rows,
  dim,
  values: Key.normal(rows * dim)(Key.fromSeed(seed))
})

// —— scores ——

/** Minimum number of rows for fitting the score. */
export const minRows = <P extends string>(score: Score.Score<P>): number => {
  const { family } = Score.interpret(score)
  return family === undefined ? 1 : Score.centreCount(family, 1)
}

/**
 * Parameters of a score: generic, all equal along the first axis, or all 0. Coordinates lie in [−extent, extent], logits and log-variances
 * in [−spread, spread].
 */
export const params =
  <P extends string>(
    score: Score.Score<P>,
    { extent = 2, spread = 1 }: { readonly extent?: number; readonly spread?: number } = {}
  ) =>
  (dim: number): fc.Arbitrary<Params.Params<P>> => {
    const shapes = Score.shapes(dim)(score)
    // fc.record widens the literal names to string.
    const filled = (entry: (bound: number, count: number) => fc.Arbitrary<ReadonlyArray<number>>) =>
      fc.record(
        Params.map<ReadonlyArray<number>, fc.Arbitrary<NdArray>>(shape =>
          entry(
            isMixture(score) && shape.length === 1 && !isMirroredScore(score) ? spread : extent,
            shapeSize(shape)
          ).map(values => ({
            shape,
            values: Float64Array.from({ length: shapeSize(shape) }, (_, i) => values[i % values.length])
          }))
        )(shapes)
      ) as unknown as fc.Arbitrary<Params.Params<P>>
    const entries = (bound: number, count: number) => fc.array(real(bound), { minLength: count, maxLength: count })
    return fc.oneof(
      { withCrossShrink: true },
      { weight: 5, arbitrary: filled(entries) },
      filled((bound, count) => entries(bound, Math.min(dim, count))),
      fc.constant(Params.zeros(shapes))
    )
  }

/** True if the score is that of the pair ±c. */
export const isMirroredScore = <P extends string>(score: Score.Score<P>): boolean =>
  Score.interpret(score).family?.mirrored === true

const seesNoise = <P extends string>(score: Score.Score<P>): boolean =>
  Score.interpret(score).family?.projection !== undefined

const isMixture = <P extends string>(score: Score.Score<P>): boolean => Score.interpret(score).family !== undefined

/** True if the score returns the expected shapes on rows of `dim` columns. */
const acceptsDim = <P extends string>(score: Score.Score<P>, dim: number): boolean =>
  pipe(
    O.tryCatch(() => {
      const { family, output } = Score.interpret(score)
      const params = Params.zeros(Score.shapes(dim)(score))
      const numbers = (shape: ReadonlyArray<number>) => tensor(shape, [shape.length])
      const shapesOf = (rows: number, count: number): Float64Array =>
        compute(() => {
          const own = Score.tensors(params)
          const x = zeros([rows, dim])
          const level = { alpha: ones([rows, 1]), sigma: zeros([rows, 1]) }
          if (family === undefined) return numbers(output(own, x, level).shape)
          const { logWeights, centres, logDensity } = family.components(own, dim)
          return numbers(count === 0 ? logWeights.shape : [...logDensity(x, level).shape, ...centres.shape])
        }).values
      if (family === undefined) return areSameBits(shapesOf(3, 0), Float64Array.of(3, dim))
      const [count] = shapesOf(1, 0)
      const beside = family.hasBackground ? 1 : 0
      return areSameBits(shapesOf(count + 1, count), Float64Array.of(count + 1, count, count - beside, dim))
    }),
    O.exists(fits => fits && Score.problems({ rows: 1000, dim })(score).length === 0)
  )

const dimsByScore = new WeakMap<object, ReadonlyArray<number>>()

/** Dimensions 1 to 3 that the score accepts; all if it accepts none. */
export const acceptedDims = <P extends string>(score: Score.Score<P>): ReadonlyArray<number> => {
  const known = dimsByScore.get(score)
  if (known !== undefined) return known
  const found = ALL_DIMS.filter(dim => acceptsDim(score, dim))
  const all = found.length === 0 ? ALL_DIMS : found
  dimsByScore.set(score, all)
  return all
}

/** One of `acceptedDims`. */
export const dimsFor = <P extends string>(score: Score.Score<P>): fc.Arbitrary<number> => {
  const found = acceptedDims(score)
  return found.length === ALL_DIMS.length ? dims : fc.constantFrom(...found)
}

/** True if the score is defined at time 0 only. */
export const isCleanOnly = <P extends string>(score: Score.Score<P>): boolean =>
  Score.interpret(score).family?.onlyClean !== undefined

/** Schedules on which the score is defined. */
export const schedulesFor = <P extends string>(score: Score.Score<P>): fc.Arbitrary<Schedule.Schedule> =>
  isCleanOnly(score) ? printedValues(Schedule.show)(Schedule.ornsteinUhlenbeck) : schedules

/** Times at which the score is defined. */
export const timesFor =
  <P extends string>(score: Score.Score<P>) =>
  (schedule: Schedule.Schedule): fc.Arbitrary<number> =>
    isCleanOnly(score) ? fc.constant(0) : times(schedule)

// —— objectives ——

const dimsByObjective = new WeakMap<Objective.Objective, WeakMap<object, ReadonlyArray<number>>>()

/** Dimensions 1 to 3 that both objective and score accept; may be empty. */
export const objectiveDims = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>
): ReadonlyArray<number> => {
  const known = dimsByObjective.get(objective)?.get(score)
  if (known !== undefined) return known
  const found = Objective.terms(objective).some(({ term }) => term.unfit !== undefined)
    ? acceptedDims(score).filter(dim => {
        const loss = { schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation: Expectation.monteCarlo() }
        const points = { rows: 4, dim, values: new Float64Array(4 * dim) }
        return E.isRight(Compile.valueAndGrad(loss, { evaluations: 1 })(points))
      })
    : acceptedDims(score)
  dimsByObjective.set(
    objective,
    (dimsByObjective.get(objective) ?? new WeakMap<object, ReadonlyArray<number>>()).set(score, found)
  )
  return found
}

/** One of `objectiveDims`; any dimension if there is none. */
export const anyObjectiveDim = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>
): fc.Arbitrary<number> => {
  const found = objectiveDims(objective, score)
  return found.length > 0 && found.length < ALL_DIMS.length ? fc.constantFrom(...found) : dims
}

/** Adds a partner to each row if the objective reads it. */
export const withPartners =
  <P extends string>(objective: Objective.Objective, score: Score.Score<P>) =>
  (points: (dim: number) => fc.Arbitrary<Points>): ((dim: number) => fc.Arbitrary<Points>) => {
    const [dim] = objectiveDims(objective, score)
    const reads = lazy(() =>
      Objective.terms(objective).some(({ term }) => Compatibility.readsPartner(Score.interpret(score), term, dim))
    )
    return dim =>
      reads()
        ? points(dim).chain(each =>
            fc
              .array(real(3), { minLength: each.rows * dim, maxLength: each.rows * dim })
              .map(partner => ({ ...each, partner: Float64Array.from(partner) }))
          )
        : points(dim)
  }

/** Prints an expectation as code; fixed noise with all its values. */
export const showExpectation = (expectation: Expectation.Expectation): string =>
  Case.isMadeBy(Expectation.fixed)(expectation)
    ? `Expectation.fixed(${showPoints({
        rows: expectation.noise.shape[0],
        dim: expectation.noise.shape[1],
        values: expectation.noise.values
      })})`
    : Expectation.show(expectation)

/** True if a term draws more than noise; its noise must then be newly drawn. */
const drawsBeyondNoise = <P extends string>(score: Score.Score<P>, term: Objective.Term, dim: number): boolean =>
  Objective.isMatching(term) &&
  (term.exact !== undefined || Matching.additionalDraws(Score.interpret(score), term, dim).length > 0)

const NEAR_RADIUS = 8

/** Expectations that the score and the objective support on the points. */
export const expectations =
  <P extends string>(score: Score.Score<P>, objective: Objective.Objective) =>
  (points: Points): fc.Arbitrary<Expectation.Expectation> => {
    const sampled = fc.record({ draws: fc.integer({ min: 1, max: 2 }), antithetic: fc.boolean() })
    const terms = Objective.terms(objective).map(({ term }) => term)
    const anew =
      terms.some(term => drawsBeyondNoise(score, term, points.dim)) ||
      Objective.terms(objective).some(({ labelDropout }) => labelDropout > 0)
    const integrates = !anew && terms.every(term => !Objective.isMatching(term) || term.supportsProjectedNoise === true)
    return pipe(
      fc.oneof(
        { withCrossShrink: true },
        ...(anew ? [] : [seeds.map(seed => Expectation.fixed(normalNoise(points, seed)))]),
        sampled.map(Expectation.monteCarlo),
        ...(seesNoise(score) && integrates ? [sampled.map(Expectation.projected)] : []),
        // Distant points would need more quadrature nodes.
        ...(isMirroredScore(score) && integrates && points.values.every(x => Math.abs(x) <= NEAR_RADIUS)
          ? [fc.constant(Expectation.quadrature())]
          : [])
      ),
      printed(showExpectation)
    )
  }

// —— descriptions ——

/** Limits integers to 8 and lists to 4 entries, for speed. */
const shrinkCounts = (u: unknown): unknown =>
  typeof u === 'number'
    ? Number.isInteger(u) && u > 8
      ? 1 + (u % 8)
      : u
    : Array.isArray(u)
      ? u.slice(0, 4).map(shrinkCounts)
      : Case.isValue(u)
        ? small(u)
        : u

/** The value with smaller counts and lists if that is valid, otherwise the value. */
const small = <T extends Case.AnyValue>(value: T): T => {
  const fields = Object.keys(value[Case.ofCase].fields).map(
    name => [name, shrinkCounts(Case.field(value, name))] as const
  )
  const made = Case.changed(Object.fromEntries(fields))(value)
  return Case.isSound(made) && Case.problems(made).length === 0 ? made : value
}

/**
 * Valid descriptions of a concept, of every case of the language.
 *
 * @example
 * import fc from 'fast-check'
 * import { Rate } from 'ornstein'
 * import { arbitraries } from 'ornstein/laws'
 *
 * fc.assert(fc.property(arbitraries.of(Rate.concept), rate => Rate.problems(rate).length === 0))
 */
export const of = <T extends Case.AnyValue>(
  concept: ConceptOf<T>,
  isAdmitted: (value: T) => boolean = () => true
): fc.Arbitrary<T> => {
  // Lazy, since cases contain each other.
  const made = lazy(() => Vocabulary.arbitrary(fc, Vocabulary.standard)(concept))
  return pipe(
    fc.constant(null).chain(made),
    all => all.map(small).filter(isAdmitted),
    printed(value => Case.show(value))
  )
}

// —— optimizers ——

export interface Walk {
  readonly start: Params.Params<string>
  readonly gradients: ReadonlyArray<Params.Params<string>>
}

/** Arrays of dyadic numbers in [−8, 8], one in six all 0. */
const arrayOrZeros = (shape: ReadonlyArray<number>): fc.Arbitrary<NdArray> => {
  const length = shapeSize(shape)
  const entries = fc.oneof(
    { weight: 5, arbitrary: fc.array(dyadic(-8, 8), { minLength: length, maxLength: length }) },
    fc.constant(Array.from({ length }, () => 0))
  )
  return entries.map(values => ({ shape, values: Float64Array.from(values) }))
}

const showWalk = ({ start, gradients }: Walk): string =>
  [`from ${Params.show(start)}`, ...gradients.map(gradient => `  gradient ${Params.show(gradient)}`)].join('\n')

/** Up to eight gradients, some 0, of scalars and matrices with these names. */
export const walksOf = (names: ReadonlyArray<string>): fc.Arbitrary<Walk> =>
  pipe(
    fc
      .dictionary(fc.constantFrom(...names), fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }), {
        minKeys: 1,
        noNullPrototype: true
      })
      .chain(shapes => {
        const point: fc.Arbitrary<Params.Params<string>> = fc.record(
          pipe(shapes, Params.map<ReadonlyArray<number>, fc.Arbitrary<NdArray>>(arrayOrZeros))
        )
        return fc.record({ start: point, gradients: fc.array(point, { maxLength: 8, size: 'max' }) })
      }),
    printed(showWalk)
  )

const MIXTURE_PARAMETER_NAMES = ['means', 'logits', 'logVariances']
/** Walks with parameters of mixtures. */
export const walks: fc.Arbitrary<Walk> = walksOf(MIXTURE_PARAMETER_NAMES)
/** Walks whose parameters may also have these names. */
export const walksWithNames = (names: ReadonlyArray<string>): fc.Arbitrary<Walk> =>
  walksOf([...new Set([...MIXTURE_PARAMETER_NAMES, ...names])])

/**
 * Arbitraries of the language: what its laws are checked on, awkward values included. Numbers are decimal fractions, so
 * that a shrunk counterexample is readable, and everything shrinks towards few, small and plain values.
 */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { add, Key, matMul, mul, neg, reshape, tanh, type NdArray } from '../../lib/index.js'
import { size } from '../../lib/ndarray.js'
import * as Expectation from '../Expectation.js'
import * as Objective from '../Objective.js'
import * as Params from '../Params.js'
import type { Points } from '../Points.js'
import * as Schedule from '../Schedule.js'
import * as Score from '../Score.js'
import * as TimeLaw from '../TimeLaw.js'

/** A multiple of 0.01 in [−bound, bound]. */
export const real = (bound: number): fc.Arbitrary<number> =>
  fc.integer({ min: -Math.round(100 * bound), max: Math.round(100 * bound) }).map(k => k / 100)

/** Whole numbers that `Key.fromSeed` takes; a case keeps the seed, which prints better than the key. */
export const seeds: fc.Arbitrary<number> = fc.nat({ max: 9999 })

/** Keys of small seeds. */
export const keys: fc.Arbitrary<Key.Key> = seeds.map(Key.fromSeed)

/** Dimensions: 1, 2 or 3. */
export const dims: fc.Arbitrary<number> = fc.integer({ min: 1, max: 3 })

// —— noise ——

/** α = cos(πt/2), σ = sin(πt/2). */
export const cosine: Schedule.Schedule = Schedule.custom({
  name: 'cosine',
  alpha: t => Math.cos((Math.PI / 2) * t),
  sigma: t => Math.sin((Math.PI / 2) * t),
  until: 1
})

/** The signal stays and the noise grows: α = 1, σ = t. */
export const varianceExploding: Schedule.Schedule = Schedule.custom({
  name: 'variance exploding',
  alpha: () => 1,
  sigma: t => t,
  until: 10
})

/** α = 1 − t, σ = t, as rectified flows have it. */
export const straight: Schedule.Schedule = Schedule.custom({
  name: 'straight',
  alpha: t => 1 - t,
  sigma: t => t,
  until: 1
})

/** Built-in schedules, and three written as one writes one's own. */
export const schedules: fc.Arbitrary<Schedule.Schedule> = fc.constantFrom(
  Schedule.ornsteinUhlenbeck,
  Schedule.vpLinear(),
  Schedule.cosine(),
  Schedule.subVp(),
  Schedule.edm,
  Schedule.rectifiedFlow,
  cosine,
  varianceExploding,
  straight
)

/** Times in (0, 4], and well inside the schedule's own, where signal and noise are both there. */
export const times = (schedule: Schedule.Schedule): fc.Arbitrary<number> => {
  const last = Math.min(4, 0.9 * Schedule.until(schedule))
  return fc.integer({ min: 1, max: 50 }).map(k => Number(((k * last) / 50).toFixed(4)))
}

/** Noise levels: α in [0, 1], σ in [0, 2], not both 0. */
export const levels: fc.Arbitrary<Schedule.Level> = fc
  .record({ alpha: fc.integer({ min: 0, max: 20 }), sigma: fc.integer({ min: 0, max: 40 }) })
  .filter(({ alpha, sigma }) => alpha + sigma > 0)
  .map(({ alpha, sigma }) => ({ alpha: alpha / 20, sigma: sigma / 20 }))

/** Time laws of each kind. */
export const timeLaws = (schedule: Schedule.Schedule): fc.Arbitrary<TimeLaw.TimeLaw> => {
  const time = times(schedule)
  return fc.oneof(
    time.map(TimeLaw.at),
    fc
      .tuple(time, time)
      .filter(([a, b]) => a !== b)
      .map(([a, b]) => TimeLaw.uniform(Math.min(a, b), Math.max(a, b))),
    fc
      .tuple(time, time)
      .filter(([a, b]) => a !== b)
      .map(([a, b]) => {
        const [lo, hi] = [Math.max(a, b), Math.min(a, b)].map(time => Schedule.logSnr(time)(schedule))
        return TimeLaw.uniformLogSnr(lo, hi)
      }),
    fc.array(fc.record({ time, weight: real(2) }), { minLength: 1, maxLength: 3 }).map(TimeLaw.nodes),
    fc.record({ until: time, nodes: fc.integer({ min: 1, max: 4 }) }).map(TimeLaw.likelihood)
  )
}

// —— data ——

const table = (dim: number, rows: ReadonlyArray<ReadonlyArray<number>>): Points => ({
  rows: rows.length,
  dim,
  values: Float64Array.from(rows.flat())
})

/** Points as code. */
export const showPoints = ({ rows, dim, values, weights }: Points): string =>
  `{ rows: ${rows}, dim: ${dim}, values: Float64Array.of(${values.join(', ')})` +
  `${weights === undefined ? '' : `, weights: Float64Array.of(${weights.join(', ')})`} }`

interface PointsOptions {
  readonly minRows?: number
  readonly maxRows?: number
  /** Entries of scattered rows lie in [−extent, extent]. */
  readonly extent?: number
  /** How far off the far ones are. */
  readonly far?: number
  /** Whether some carry weights, whole numbers of which some may be 0. */
  readonly weights?: boolean
}

/**
 * Points of a dimension, awkward ones among them: one row, duplicates, on one line, far from 0, tiny, all 0, weighted.
 * The data of a mixture need a row for each component: `minRows`.
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
    const many = <A>(one: fc.Arbitrary<A>): fc.Arbitrary<ReadonlyArray<A>> =>
      fc.array(one, { minLength: minRows, maxLength: maxRows })
    const scattered = many(vector)
    const scaled = (factor: number) => (rows: ReadonlyArray<ReadonlyArray<number>>) =>
      rows.map(row => row.map(x => factor * x))
    const rows = fc.oneof(
      { withCrossShrink: true },
      { weight: 4, arbitrary: scattered },
      fc.array(vector, { minLength: minRows, maxLength: minRows }),
      fc.tuple(vector, many(fc.constant(null))).map(([row, copies]) => copies.map(() => row)),
      fc.tuple(vector, many(real(1))).map(([direction, along]) => along.map(a => direction.map(x => a * x))),
      fc.tuple(vector, scattered).map(([away, rows]) => {
        const offset = away.map(x => far * Math.sign(x))
        return rows.map(row => row.map((x, j) => x + offset[j]))
      }),
      scattered.map(scaled(1e-6)),
      scattered.map(scaled(0))
    )
    const plain = rows.map(rows => table(dim, rows))
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

/** Standard normal noise, a row for each row of the data. */
export const noiseOf = ({ rows, dim }: Points, seed: number): Points => ({
  rows,
  dim,
  values: Key.normal(rows * dim)(Key.fromSeed(seed))
})

// —— scores ——

/** A student network that is no mixture: s(x) = −A tanh(x) − bx, b a number for each coordinate. */
export const student: Score.Score<'matrix' | 'offset'> = Score.custom({
  name: 'tanh student',
  shapes: dim => ({ matrix: [dim, dim], offset: [dim] }),
  apply: ({ matrix, offset }, x, { alpha }) =>
    neg(add(matMul(tanh(x), matrix), mul(alpha, mul(reshape(offset, [1, -1]), x))))
})

/** The built-in families, of up to four components. */
export const scores: fc.Arbitrary<Score.Score<string>> = fc.oneof(
  fc.constant<Score.Score<string>>(Score.symmetricPair),
  fc.integer({ min: 1, max: 4 }).map((components): Score.Score<string> => Score.spherical({ components })),
  fc.integer({ min: 1, max: 4 }).map((components): Score.Score<string> => Score.isotropic({ components }))
)

/** The least number of rows that a score takes. */
export const minRows = <P extends string>(score: Score.Score<P>): number =>
  pipe(
    Score.interpret(score).family,
    O.match(
      () => 1,
      ({ count }) => count
    )
  )

/**
 * Parameters of any score, from the shapes it names: generic ones, all equal along the first axis (equal centres, the
 * saddle), and all 0. Coordinates lie in [−extent, extent], a family's logits and logarithms of variances in
 * [−spread, spread].
 */
export const params =
  <P extends string>(
    score: Score.Score<P>,
    { extent = 2, spread = 1 }: { readonly extent?: number; readonly spread?: number } = {}
  ) =>
  (dim: number): fc.Arbitrary<Params.Params<P>> => {
    const shapes = Score.shapes(dim)(score)
    // fc.record forgets the literal names, and keeps them.
    const filled = (entry: (bound: number, count: number) => fc.Arbitrary<ReadonlyArray<number>>) =>
      fc.record(
        Params.map<ReadonlyArray<number>, fc.Arbitrary<NdArray>>(shape =>
          entry(
            isMixture(score) && shape.length === 1 && score._tag !== 'SymmetricPair' ? spread : extent,
            size(shape)
          ).map(values => ({
            shape,
            values: Float64Array.from({ length: size(shape) }, (_, i) => values[i % values.length])
          }))
        )(shapes)
      ) as unknown as fc.Arbitrary<Params.Params<P>>
    const exactly = (count: number) => (bound: number) => fc.array(real(bound), { minLength: count, maxLength: count })
    return fc.oneof(
      { withCrossShrink: true },
      { weight: 5, arbitrary: filled((bound, count) => exactly(count)(bound)) },
      filled((bound, count) => exactly(Math.min(dim, count))(bound)),
      fc.constant(Params.zeros(shapes))
    )
  }

const isMixture = <P extends string>(score: Score.Score<P>): boolean => O.isSome(Score.interpret(score).family)

// —— objectives ——

/** Objectives of every kind that a score admits: the likelihood is for those that have a density. */
export const objectives = <P extends string>(
  schedule: Schedule.Schedule,
  score: Score.Score<P>
): fc.Arbitrary<Objective.Objective> => {
  const law = timeLaws(schedule)
  const leaf = fc.oneof(
    law.map(Objective.denoising),
    law.map(Objective.implicit),
    ...(isMixture(score) ? [fc.constant(Objective.likelihood)] : [])
  )
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: leaf },
    fc.tuple(real(2), leaf).map(([weight, objective]) => Objective.weight(weight)(objective)),
    fc.array(leaf, { minLength: 1, maxLength: 3 }).map(Objective.sum)
  )
}

/** The expectation's noise drawn in full, written as code. */
export const showExpectation = (expectation: Expectation.Expectation): string =>
  expectation._tag === 'Fixed'
    ? `Expectation.fixed(${showPoints({
        rows: expectation.noise.shape[0],
        dim: expectation.noise.shape[1],
        values: expectation.noise.values
      })})`
    : Expectation.show(expectation)

/** Expectations of every kind that score and objective admit on the points. */
export const expectations =
  <P extends string>(score: Score.Score<P>, objective: Objective.Objective) =>
  (points: Points): fc.Arbitrary<Expectation.Expectation> => {
    const sampled = fc.record({ draws: fc.integer({ min: 1, max: 2 }), antithetic: fc.boolean() })
    const looksAtNoise = Objective.terms(objective).some(({ term }) => term._tag === 'Custom')
    return fc.oneof(
      seeds.map(seed => Expectation.fixed(noiseOf(points, seed))),
      sampled.map(Expectation.monteCarlo),
      ...(isMixture(score) && !looksAtNoise ? [sampled.map(Expectation.projected)] : []),
      ...(score._tag === 'SymmetricPair' && !looksAtNoise
        ? [fc.integer({ min: 2, max: 12 }).map(nodes => Expectation.quadrature({ nodes }))]
        : [])
    )
  }

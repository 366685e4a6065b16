/**
 * Arbitraries of the language: what its laws are checked on, awkward values included. Numbers are decimal fractions, so
 * that a shrunk counterexample is readable, and everything shrinks towards few, small and plain values.
 */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import {
  add,
  Key,
  matMul,
  mean,
  mul,
  neg,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  type NdArray
} from '../../lib/index.js'
import { size } from '../../lib/arrays/ndarray.js'
import * as Loss from '../compile/loss.js'
import type { Points } from '../data/points.js'
import {
  Case,
  Clock,
  Compile,
  Covariance,
  Expectation,
  Mixture,
  Net,
  Objective,
  Parametrization,
  Params,
  Schedule,
  Score,
  TimeLaw,
  Vocabulary,
  Weighting
} from '../index.js'
import { printed } from './check.js'

/** A multiple of 0.01 in [−bound, bound]. */
export const real = (bound: number): fc.Arbitrary<number> =>
  fc.integer({ min: -Math.round(100 * bound), max: Math.round(100 * bound) }).map(k => k / 100)

/** Whole numbers that `Key.fromSeed` takes; a case keeps the seed, which prints better than the key. */
export const seeds: fc.Arbitrary<number> = fc.nat({ max: 9999 })

/** Keys of small seeds. */
export const keys: fc.Arbitrary<Key.Key> = seeds.map(Key.fromSeed)

/** Dimensions: 1, 2 or 3. */
export const dims: fc.Arbitrary<number> = fc.integer({ min: 1, max: 3 })

/** The same in turn, for laws of which few cases are enough. */
export const eachDim: ReadonlyArray<number> = [1, 2, 3]

// —— descriptions ——

interface Tagged {
  readonly _tag: string
}

/** An arbitrary for each case: a new case of a description does not compile until it has one. */
export type Table<T extends Tagged, K extends T['_tag'] = T['_tag']> = { readonly [Tag in K]: fc.Arbitrary<T> }

const cases = <T extends Tagged, K extends T['_tag']>(table: Table<T, K>): ReadonlyArray<fc.Arbitrary<T>> =>
  Object.values<fc.Arbitrary<T>>(table)

/** Any case, each as likely as the others. A counterexample shrinks to the first one, if that is one too. */
export const anyOf = <T extends Tagged, K extends T['_tag'] = T['_tag']>(table: Table<T, K>): fc.Arbitrary<T> =>
  fc.oneof({ withCrossShrink: true }, ...cases<T, K>(table))

/** Any case of a description that holds others of its kind, up to two deep: the leaves, and what is made of them. */
export const nested = <T extends Tagged, K extends T['_tag']>(
  leaves: Table<T, K>,
  nests: (inner: fc.Arbitrary<T>) => Table<T, Exclude<T['_tag'], K>>
): fc.Arbitrary<T> =>
  fc.letrec<{ readonly any: T }>(tie => {
    const [leaf, around] = [cases<T, K>(leaves), cases<T, Exclude<T['_tag'], K>>(nests(tie('any')))]
    return {
      any: fc.oneof(
        { maxDepth: 2, withCrossShrink: true },
        { weight: leaf.length, arbitrary: anyOf<T, K>(leaves) },
        ...around.map(arbitrary => ({ weight: 2, arbitrary }))
      )
    }
  }).any

/** Multiples of 1/64 in [min, max]: products of a few are exact, and zero is met. */
export const dyadic = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min: Math.ceil(64 * min), max: Math.floor(64 * max) }).map(n => n / 64)

// —— noise ——

/** α = cos(πt/2), σ = sin(πt/2). */
export const cosine: Schedule.Schedule = Schedule.custom({
  name: 'cosine',
  alpha: t => Elementary.cos((Math.PI / 2) * t),
  sigma: t => Elementary.sin((Math.PI / 2) * t),
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

/** Clocks of each kind that a schedule can be read by. */
export const clocks = (schedule: Schedule.Schedule): fc.Arbitrary<Schedule.Clock> => {
  const { greatest, least } = Schedule.logSnrRange(schedule)
  const [from, to] = [Math.min(8, greatest), Math.max(-8, least)]
  return pipe(
    anyOf<Schedule.Clock, string>({
      Affine: fc
        .record({ scale: fc.constantFrom(1, 0.5, 2), shift: fc.constantFrom(0, 1 / 64) })
        .map(({ scale, shift }) => Schedule.affine({ scale, shift: Math.min(shift, Schedule.until(schedule) / 4) })),
      Power: fc.constantFrom(1, 0.5, 2).map(Schedule.power),
      // The inner three quarters of what there is, at least.
      LogSnr: fc
        .record({ after: dyadic(0, 1 / 8), before: dyadic(0, 1 / 8) })
        .map(({ after, before }) =>
          Schedule.evenLogSnr({ from: from - after * (from - to), to: to + before * (from - to) })
        )
    }),
    printed(Clock.show)
  )
}

const schedulesWith = (custom: fc.Arbitrary<Schedule.Schedule>): fc.Arbitrary<Schedule.Schedule> => {
  const betaMin = fc.constantFrom(0.1, 0, 1)
  const betaMax = fc.constantFrom(20, 2)
  return pipe(
    nested<Schedule.Schedule, string>(
      {
        OrnsteinUhlenbeck: fc.constant(Schedule.ornsteinUhlenbeck),
        VpLinear: fc.record({ betaMin, betaMax }).map(Schedule.vpLinear),
        Cosine: fc.record({ offset: fc.constantFrom(0.008, 0, 0.125) }).map(Schedule.cosine),
        SubVp: fc.record({ betaMin, betaMax }).map(Schedule.subVp),
        VarianceExploding: fc
          .record({ sigmaMin: fc.constantFrom(0.01, 0.125), sigmaMax: fc.constantFrom(50, 2) })
          .map(Schedule.varianceExploding),
        Edm: fc.constant(Schedule.edm),
        RectifiedFlow: fc.constant(Schedule.rectifiedFlow),
        Betas: fc.array(dyadic(1 / 64, 1 / 2), { minLength: 1, maxLength: 6 }).map(Schedule.betas),
        Custom: custom
      },
      inner => ({
        Reparametrized: inner.chain(schedule => clocks(schedule).map(clock => Schedule.reparametrized(clock)(schedule)))
      })
    ),
    printed(Schedule.show)
  )
}

/** Schedules of every kind, three written as one writes one's own among them, and others on another clock. */
export const schedules: fc.Arbitrary<Schedule.Schedule> = schedulesWith(
  fc.constantFrom(cosine, varianceExploding, straight)
)

/** Schedules that hold no code, and so survive JSON. */
export const plainSchedules: fc.Arbitrary<Schedule.Schedule> = schedulesWith(fc.constant(Schedule.ornsteinUhlenbeck))

const timesTo = (last: number): fc.Arbitrary<number> =>
  fc.integer({ min: 1, max: 50 }).map(k => Number(((k * last) / 50).toPrecision(4)))

/** Times in (0, 4], and inside the schedule's own, whatever it says of them. */
export const anyTimes = (schedule: Schedule.Schedule): fc.Arbitrary<number> =>
  timesTo(Math.min(4, 0.9 * Schedule.until(schedule)))

/** Times in (0, 4], and well inside the schedule's own, where signal and noise are both there. */
export const times = (schedule: Schedule.Schedule): fc.Arbitrary<number> =>
  timesTo(Math.min(4, 0.9 * Schedule.until(schedule), Schedule.timeOfLogSnr(-12)(schedule)))

/** Noise levels: α in [0, 1], σ in [0, 2], not both 0. */
export const levels: fc.Arbitrary<Schedule.Level> = fc
  .record({ alpha: fc.integer({ min: 0, max: 20 }), sigma: fc.integer({ min: 0, max: 40 }) })
  .filter(({ alpha, sigma }) => alpha + sigma > 0)
  .map(({ alpha, sigma }) => ({ alpha: alpha / 20, sigma: sigma / 20 }))

/** Time laws of every kind that a schedule admits. */
export const timeLaws = (schedule: Schedule.Schedule): fc.Arbitrary<TimeLaw.TimeLaw> => {
  const time = times(schedule)
  const admitted = (law: TimeLaw.TimeLaw): boolean => TimeLaw.problems(schedule)(law).length === 0
  const interval = fc
    .tuple(time, time)
    .filter(([a, b]) => a !== b)
    .map(([a, b]): readonly [number, number] => [Math.min(a, b), Math.max(a, b)])
  const evenLogSnr = ([first, last]: readonly [number, number]): TimeLaw.TimeLaw =>
    TimeLaw.uniformLogSnr(Schedule.logSnr(last)(schedule), Schedule.logSnr(first)(schedule))
  const normal = { mean: real(1), deviation: dyadic(0.5, 1.5) }

  const uniform = interval.map(([lo, hi]) => TimeLaw.uniform(lo, hi))
  const uniformLogSnr = interval.map(evenLogSnr)
  const logNormal = fc.record(normal).map(TimeLaw.logNormal).filter(admitted)
  const logitNormal = fc.record({ ...normal, until: time }).map(TimeLaw.logitNormal)
  const likelihood = fc
    .record({ until: time, nodes: fc.integer({ min: 1, max: 4 }), leastVariance: fc.constantFrom(1, 0.1, 1e-4) })
    .map(TimeLaw.likelihood)
  const drawn = fc.oneof(uniform, uniformLogSnr, logNormal, logitNormal)

  const importance = fc
    .tuple(interval, interval, fc.nat({ max: 3 }), fc.nat({ max: 2 }), fc.boolean())
    .map(([within, other, of, by, evenly]) => {
      const around = [Math.min(within[0], other[0]), Math.max(within[1], other[1])] as const
      const target = [
        TimeLaw.uniform(...within),
        evenLogSnr(within),
        TimeLaw.logitNormal({ until: within[1] }),
        TimeLaw.likelihood({ until: within[1], nodes: 4, leastVariance: 0.1 })
      ][of]
      const proposal = [
        TimeLaw.uniform(...around),
        TimeLaw.logitNormal({ deviation: 1.5, until: around[1] }),
        TimeLaw.logNormal({ mean: 0, deviation: 2 })
      ][by]
      return TimeLaw.importance({ proposal: evenly ? TimeLaw.stratified(proposal) : proposal, target })
    })
    .filter(admitted)

  return pipe(
    nested<TimeLaw.TimeLaw, string>(
      {
        At: time.map(TimeLaw.at),
        Uniform: uniform,
        OneOf: fc.array(time, { minLength: 1, maxLength: 4 }).map(TimeLaw.oneOf),
        Nodes: fc.array(fc.record({ time, weight: real(2) }), { minLength: 1, maxLength: 3 }).map(TimeLaw.nodes),
        Likelihood: likelihood,
        UniformLogSnr: uniformLogSnr,
        LogNormal: logNormal,
        LogitNormal: logitNormal,
        Importance: importance,
        Stratified: fc.oneof({ weight: 4, arbitrary: drawn }, importance).map(TimeLaw.stratified)
      },
      inner => ({
        Gauss: fc.tuple(fc.integer({ min: 1, max: 4 }), inner).map(([nodes, law]) => TimeLaw.gauss(nodes)(law))
      })
    ),
    printed(TimeLaw.show)
  )
}

const gamma = fc.record({ gamma: fc.constantFrom(5, 1, 0.25) })
const sigmaData = fc.record({ sigmaData: fc.constantFrom(0.5, 1, 2) })

/** Weightings of every kind; a constant one may be negative, or 0. */
export const weightings: fc.Arbitrary<Weighting.Weighting> = pipe(
  anyOf<Weighting.Weighting, string>({
    Constant: real(2).map(Weighting.constant),
    Snr: fc.constant(Weighting.snr),
    TruncatedSnr: fc.record({ floor: fc.constantFrom(1, 0, 4) }).map(Weighting.truncatedSnr),
    MinSnr: gamma.map(Weighting.minSnr),
    SoftMinSnr: gamma.map(Weighting.softMinSnr),
    Edm: sigmaData.map(Weighting.edm),
    Sigmoid: fc.record({ bias: real(2) }).map(Weighting.sigmoid),
    Likelihood: fc.constant(Weighting.likelihood),
    NoiseVariance: fc.constant(Weighting.noiseVariance)
  }),
  printed(Weighting.show)
)

/** Parametrizations of every kind. */
export const parametrizations: fc.Arbitrary<Parametrization.Parametrization> = pipe(
  anyOf<Parametrization.Parametrization, string>({
    Score: fc.constant(Parametrization.score),
    Noise: fc.constant(Parametrization.noise),
    Data: fc.constant(Parametrization.data),
    Velocity: fc.constant(Parametrization.velocity),
    Flow: fc.constant(Parametrization.flow),
    Edm: sigmaData.map(Parametrization.edm)
  }),
  printed(Parametrization.show)
)

// —— data ——

const table = (dim: number, rows: ReadonlyArray<ReadonlyArray<number>>): Points => ({
  rows: rows.length,
  dim,
  values: Float64Array.from(rows.flat())
})

/** The points, a million times as far: an outlier is no reason to fail. */
export const outlying = (points: Points): Points => ({ ...points, values: points.values.map(x => 1e6 * x) })

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

// —— networks and scores ——

/** Parts of every case, however they fit together. */
export const nets: fc.Arbitrary<Net.Net<string>> = pipe(
  fc.oneof({ withCrossShrink: true }, fc.constant<Net.Net<string>>(Net.tanh), {
    weight: 9,
    arbitrary: Vocabulary.arbitrary(fc, Vocabulary.standard)(Net.concept)
  }),
  printed<Net.Net<string>>(Net.show)
)

/** A network of each parametrization. */
export const networks: fc.Arbitrary<Score.Score<string>> = fc
  .constantFrom(
    Parametrization.noise,
    Parametrization.score,
    Parametrization.data,
    Parametrization.velocity,
    Parametrization.flow,
    Parametrization.edm()
  )
  .chain(predicts =>
    fc.constantFrom<Score.Score<string>>(
      Score.network(Net.chain<string>(Net.tanh, Net.output()), { predicts }),
      Score.network(Net.heads(Net.tanh, { width: Net.linear(1), said: Net.output() }), { heads: { said: predicts } })
    )
  )
  .map(score => ({ ...score, [fc.toStringMethod]: () => `\n${Score.show(score)}` }))

/** A student network that is no mixture: s(x) = −A tanh(x) − bx, b a number for each coordinate. */
export const student: Score.Score<'matrix' | 'offset'> = Score.custom({
  name: 'tanh student',
  shapes: dim => ({ matrix: [dim, dim], offset: [dim] }),
  apply: ({ matrix, offset }, x, { alpha }) =>
    neg(add(matMul(tanh(x), matrix), mul(alpha, mul(reshape(offset, [1, -1]), x))))
})

/** Covariances of every kind. */
export const covariances: fc.Arbitrary<Covariance.Covariance<string>> = pipe(
  fc
    .constantFrom(...Covariance.names, ...Covariance.analysers)
    .map((name): Covariance.Covariance<string> => Covariance.named(name)),
  printed(Covariance.show)
)

/** The built-in families, of up to four components. */
export const scores: fc.Arbitrary<Score.Score<string>> = pipe(
  fc.oneof(
    { withCrossShrink: true },
    fc.constant<Score.Score<string>>(Score.symmetricPair),
    fc.integer({ min: 1, max: 4 }).map((components): Score.Score<string> => Score.spherical({ components })),
    fc.integer({ min: 1, max: 4 }).map((components): Score.Score<string> => Score.isotropic({ components })),
    fc
      .tuple(
        fc.constantFrom(
          ...[Score.tiedIsotropic, Score.diagonal, Score.tiedDiagonal, Score.tied, Score.full].map(
            (family): ((components: number) => Score.Score<string>) =>
              components =>
                family({ components })
          ),
          (components: number): Score.Score<string> => Score.lowRank({ components, rank: 1 })
        ),
        fc.integer({ min: 1, max: 4 })
      )
      .map(([family, components]) => family(components)),
    fc
      .record({
        components: fc.integer({ min: 1, max: 3 }),
        covariance: covariances,
        weights: fc.constantFrom('free', 'equal')
      })
      .map((parts): Score.Score<string> => Score.mixture(parts))
  ),
  printed(score => Score.show(score))
)

/** The least number of rows that a score takes. */
export const minRows = <P extends string>(score: Score.Score<P>): number =>
  pipe(
    Score.interpret(score).family,
    O.match(
      () => 1,
      family => Score.centreCount(family, 1)
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
          entry(isMixture(score) && shape.length === 1 && !isMirrored(score) ? spread : extent, size(shape)).map(
            values => ({
              shape,
              values: Float64Array.from({ length: size(shape) }, (_, i) => values[i % values.length])
            })
          )
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

/** The awkward classes that points and parameters of a score meet, of those that `awkward` knows. */
export const meets = <P extends string>(score: Score.Score<P>): ReadonlyArray<string> => [
  ...['one dimension', 'several dimensions', 'equal rows', 'far tail', 'tiny or 0', 'all 0'],
  minRows(score) === 1 ? 'one row' : 'equal centres'
]

/** The pair ±c, and whatever says that it is one. */
export const isMirrored = <P extends string>(score: Score.Score<P>): boolean =>
  pipe(
    Score.interpret(score).family,
    O.exists(({ mirrored }) => mirrored)
  )

/** Whether its family says which noise it sees. */
const seesNoise = <P extends string>(score: Score.Score<P>): boolean =>
  pipe(
    Score.interpret(score).family,
    O.exists(({ projection }) => O.isSome(projection))
  )

const isMixture = <P extends string>(score: Score.Score<P>): boolean => O.isSome(Score.interpret(score).family)

// —— objectives ——

/** The numbers of columns, of 1, 2 and 3, that an objective for a score takes: all unless it knows how many there are; none that does not fit. */
export const columnsOf = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>
): ReadonlyArray<number> =>
  Objective.terms(objective).some(({ term }) => term.unfit !== undefined)
    ? eachDim.filter(dim => {
        const loss = { schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation: Expectation.monteCarlo() }
        const points = { rows: 4, dim, values: new Float64Array(4 * dim) }
        return E.isRight(Compile.valueAndGrad(loss, { evaluations: 1 })(points))
      })
    : eachDim

/** The same at random; any where none fits, for the refusal to be told. */
export const columns = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>
): fc.Arbitrary<number> => {
  const found = columnsOf(objective, score)
  return found.length > 0 && found.length < eachDim.length ? fc.constantFrom(...found) : dims
}

/** Penalties on the parameters of a score, of each norm: of all, of some, or towards values that know no dimension. */
const regularizers = <P extends string>(score: Score.Score<P>): fc.Arbitrary<Objective.Objective> => {
  const [one, two]: ReadonlyArray<Params.Shapes<string>> = [1, 2].map(dim => Score.shapes(dim)(score))
  const names = Params.names(one)
  const lasting = names.filter(name => one[name].join() === two[name].join())
  const of = fc.oneof(
    fc.constant({}),
    fc.subarray([...names], { minLength: 1 }).map(parameters => ({ parameters })),
    ...lasting.map(name =>
      fc
        .array(real(2), { minLength: size(one[name]), maxLength: size(one[name]) })
        .map(values => ({ towards: { [name]: { shape: one[name], values: Float64Array.from(values) } } }))
    )
  )
  return fc
    .record({ norm: fc.constantFrom('l2' as const, 'l1' as const), smoothing: fc.constantFrom(0, 0.125), of })
    .map(({ of, ...norm }) => Objective.regularizer({ ...norm, ...of }))
}

/** An objective written as one writes one's own: pseudo-Huber. */
const pseudoHuber = (timeLaw: TimeLaw.TimeLaw): Objective.Objective =>
  Objective.custom('pseudo-Huber', timeLaw, ({ score, target }) =>
    mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1)
  )

/** One over pairs of rows, as one writes one's own: |E(s + z/σ)|², by ⟨u, u′⟩. */
const ofPairs = (time: number): Objective.Objective =>
  Objective.pairwise(
    'mean error',
    TimeLaw.at(time),
    ({ score, target }) => sub(score, target),
    (a, b) => sum(mul(a, b), 2)
  )

interface ObjectivesOptions {
  /** Whether some are custom, which hold code and do not survive JSON. */
  readonly code?: boolean
  /** How many columns the data have: only then there are objectives that know it, against a mixture and along a direction. */
  readonly columns?: number
  /** Whether there are two rows and more, all without weights: only then there are objectives over pairs of rows. */
  readonly pairs?: boolean
}

/**
 * Objectives of every kind that a score admits: the likelihood is for those that have a density. Weights nest, and so do
 * sums.
 */
export const objectives = <P extends string>(
  schedule: Schedule.Schedule,
  score: Score.Score<P>,
  { code = true, columns, pairs = false }: ObjectivesOptions = {}
): fc.Arbitrary<Objective.Objective> => {
  const law = timeLaws(schedule)
  const measured = fc.tuple(law, fc.option(parametrizations, { nil: undefined }))
  const probes = fc.record({
    divergence: fc.constantFrom('exact' as const, 'hutchinson' as const, 'sliced' as const),
    probes: fc.integer({ min: 1, max: 2 }),
    law: fc.constantFrom('rademacher' as const, 'normal' as const)
  })
  const matching: Table<Objective.Objective, 'Denoising' | 'Implicit' | 'ControlVariate' | 'Custom'> = {
    Denoising: measured.map(([law, parametrization]) => Objective.denoising(law, parametrization)),
    Implicit: fc
      .tuple(law, fc.option(probes, { nil: undefined }))
      .map(([law, options]) => Objective.implicit(law, options)),
    ControlVariate: measured.map(([law, parametrization]) => Objective.controlVariate(law, parametrization)),
    Custom: code ? law.map(pseudoHuber) : law.map(law => Objective.denoising(law))
  }
  const truth = (dim: number): fc.Arbitrary<Mixture.Mixture> =>
    fc
      .array(fc.array(real(2), { minLength: dim, maxLength: dim }), { minLength: 1, maxLength: 3 })
      .map(means => Mixture.of({ means }))
  const ofColumns: Table<Objective.Objective, string> =
    columns === undefined
      ? {}
      : {
          Against: fc.tuple(truth(columns), law).map(([truth, law]) => Objective.against(truth, law)),
          Along: fc
            // `Params<P>` is one of string names.
            .tuple(params(score)(columns) as unknown as fc.Arbitrary<Params.Params<string>>, law)
            .map(([direction, law]) => Objective.along(direction)(Objective.denoising(law)))
        }
  // A term without noise levels has no use for a weighting of theirs.
  const weighted = fc
    .tuple(weightings, anyOf(matching))
    .map(([weighting, objective]) => Objective.weight(weighting)(objective))
  return pipe(
    nested<Objective.Objective, string>(
      {
        ...matching,
        Likelihood: isMixture(score) ? fc.constant(Objective.likelihood) : matching.Denoising,
        ...ofColumns,
        ...(code && pairs && { Pairwise: times(schedule).map(ofPairs) }),
        Regularizer: regularizers(score)
      },
      inner => ({
        Weight: fc.oneof(
          fc.tuple(real(2), inner).map(([weight, objective]) => Objective.weight(weight)(objective)),
          weighted
        ),
        Sum: fc.array(inner, { minLength: 1, maxLength: 3 }).map(Objective.sum),
        LabelDropout: fc
          .tuple(fc.constantFrom(0.1, 0.5), inner)
          .map(([share, objective]) => Objective.labelDropout(share)(objective))
      })
    ),
    printed(Objective.show)
  )
}

/** The expectation's noise drawn in full, written as code. */
export const showExpectation = (expectation: Expectation.Expectation): string =>
  Case.isMadeBy(Expectation.fixed)(expectation)
    ? `Expectation.fixed(${showPoints({
        rows: expectation.noise.shape[0],
        dim: expectation.noise.shape[1],
        values: expectation.noise.values
      })})`
    : Expectation.show(expectation)

/** Whether a term draws more than noise, and so asks for plain noise drawn again. */
const estimates = <P extends string>(score: Score.Score<P>, term: Objective.Term, dim: number): boolean =>
  Objective.isMatching(term) &&
  (term.exact !== undefined || Loss.drawnBeside(Score.interpret(score), term, dim).length > 0)

/** Expectations of every kind that score and objective admit on the points. */
export const expectations =
  <P extends string>(score: Score.Score<P>, objective: Objective.Objective) =>
  (points: Points): fc.Arbitrary<Expectation.Expectation> => {
    const sampled = fc.record({ draws: fc.integer({ min: 1, max: 2 }), antithetic: fc.boolean() })
    const terms = Objective.terms(objective).map(({ term }) => term)
    const anew =
      terms.some(term => estimates(score, term, points.dim)) ||
      Objective.terms(objective).some(({ labelDropout }) => labelDropout > 0)
    const integrates = !anew && terms.every(term => !Objective.isMatching(term) || term.spans === true)
    return pipe(
      fc.oneof(
        { withCrossShrink: true },
        ...(anew ? [] : [seeds.map(seed => Expectation.fixed(noiseOf(points, seed)))]),
        sampled.map(Expectation.monteCarlo),
        ...(seesNoise(score) && integrates ? [sampled.map(Expectation.projected)] : []),
        ...(isMirrored(score) && integrates
          ? [fc.integer({ min: 2, max: 12 }).map(nodes => Expectation.quadrature({ nodes }))]
          : [])
      ),
      printed(showExpectation)
    )
  }

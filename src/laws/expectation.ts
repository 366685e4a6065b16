/** Laws of expectations: estimates have the same mean and different variances. */
import * as fc from 'fast-check'
import * as Elementary from '../../lib/numbers/elementary.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { concatenated } from '../../lib/arrays/ndarray.js'
import type * as Points from '../data/points.js'
import { Case as Of, Compile, Key, Mixture, Objective, type Params, Schedule, Score, NoiseLevels } from '../index.js'
import * as Expectation from '../objective/expectation.js'
import * as Arbitrary from './arbitraries.js'
import { areSameBits } from './bits.js'
import * as Chance from './chance.js'
import { compiledOrThrow, flattenParams, meanNumber, sampleMoments, maxAbs, dotProduct } from './check.js'
import { forAll, ofRows, ofRow, equals, atMost, type LawRelations, type LawBuilder } from './lawRows.js'
import * as Density from './density.js'
import type { Law, Laws } from './law.js'
import { singlePrecisionLaw } from './singlePrecision.js'

export interface ExpectationOptions {
  readonly repeats?: number
}

interface ExpectationCase<P extends string> {
  readonly schedule?: Schedule.Schedule
  readonly objective: Objective.Objective
  readonly points: Points.Points
  readonly params: Params.Params<P>
  readonly seed: number
}

const schedule = Schedule.ornsteinUhlenbeck

const anyFixedTime = fc.integer({ min: 3, max: 15 }).map(k => NoiseLevels.at(k / 10))

export const expectationCases = <P extends string>(
  score: Score.Score<P>,
  objectives: ReadonlyArray<(noiseLevels: NoiseLevels.NoiseLevels) => Objective.Objective>,
  rows = Arbitrary.minRows(score)
): ReadonlyArray<fc.Arbitrary<ExpectationCase<P>>> =>
  Arbitrary.ALL_DIMS.map(dim =>
    fc.record({
      objective: fc.tuple(fc.constantFrom(...objectives), anyFixedTime).map(([objective, time]) => objective(time)),
      points: Arbitrary.points({ minRows: rows, maxRows: Math.max(2, rows), extent: 1.5, far: 1 })(dim),
      params: Arbitrary.params(score, { extent: 1.25, spread: 0.5 })(dim),
      seed: Arbitrary.seeds
    })
  )

const sampleVariance = (values: Density.NumberRow): number => sampleMoments(values).variance

/** Rows [value, ...gradient], one for each of `repeats` keys. */
export const valuesOverKeys = <P extends string>(
  score: Score.Score<P>,
  expectation: Expectation.Expectation,
  { schedule = Schedule.ornsteinUhlenbeck, objective, points, params, seed }: ExpectationCase<P>,
  repeats: number
): ReadonlyArray<Density.NumberRow> => {
  const f = compiledOrThrow(Compile.valueAndGrad({ schedule, score, objective, expectation })(points))
  return Key.split(repeats)(Key.fromSeed(seed)).map(key => {
    const { value, gradient } = f(params, key)
    return [value, ...flattenParams(gradient)]
  })
}

/** Mean over all noise, by equal steps in each direction, to 5e-5 (1 + |L|) in the cases used. */
const exactValue = <P extends string>(
  score: Score.Score<P>,
  { objective, points, params }: ExpectationCase<P>
): Density.NumberRow => {
  const all = Density.pairWithNoiseNodes(points, Density.equalStepRule([64, 32, 18][points.dim - 1]))
  const { value, gradient } = compiledOrThrow(
    Compile.valueAndGrad({ schedule, score, objective, expectation: Expectation.fixed(all.noise) })(all.points)
  )(params, Key.fromSeed(0))
  return [value, ...flattenParams(gradient)]
}

const ROW_COPIES = 5

/** All rows, `copies` times over. */
export const tileRows = (points: Points.Points, copies = ROW_COPIES): Points.Points => {
  const times = (values: Float64Array): Float64Array =>
    Float64Array.from({ length: copies * values.length }, (_, i) => values[i % values.length])
  return {
    ...points,
    rows: copies * points.rows,
    values: times(points.values),
    ...(points.weights !== undefined && { weights: times(points.weights) })
  }
}

/** Law that the mean over keys is that over all noise, of the objective or its exact form. */
const meanIsExact = <P extends string>(
  { of, ...info }: Pick<Law, 'name' | 'source' | 'maxCases' | 'option'> & { readonly of: string },
  {
    instance,
    score,
    cases,
    exactForm = objective => objective,
    repeats = 60
  }: ExpectationOptions & {
    readonly instance: Expectation.Expectation
    readonly score: Score.Score<P>
    readonly cases: ReadonlyArray<fc.Arbitrary<ExpectationCase<P>>>
    readonly exactForm?: (objective: Objective.Objective) => Objective.Objective
  }
): LawBuilder =>
  forAll(cases)({
    ...info,
    quantity: 'mean over draws',
    statement: `∀ θ, x, t: the mean of value and gradient over ${repeats} keys, of every row ${ROW_COPIES} times, is ${of}, up to seven standard errors and 1e-3 (1 + |L|) for the equal steps of the latter. A comparison of a right one fails with probability 3e-9, that of 7 deviations of Student’s law of 59 degrees.`,
    says: each => {
      const found = valuesOverKeys(score, instance, { ...each, points: tileRows(each.points) }, repeats)
      return exactValue(score, { ...each, objective: exactForm(each.objective) }).map((wanted, i) => {
        const values = found.map(row => row[i])
        const tolerance = 7 * Math.sqrt(sampleVariance(values) / repeats) + 1e-3 * (1 + Math.abs(wanted))
        return equals(meanNumber(values), wanted, tolerance)
      })
    }
  })

/** Law that an estimate has the mean of its exact form. */
export const unbiasedLaw = <P extends string>(
  objective: Objective.Objective,
  exactForm: Objective.Objective,
  score: Score.Score<P>,
  options: ExpectationOptions = {}
): Law =>
  ofRow(
    `${Objective.show(objective)} of ${Score.show(score)}`,
    meanIsExact(
      {
        name: 'its mean is that of its exact form',
        of: `that of ${Objective.show(exactForm)} over all noise`,
        source: 'Hutchinson 1990; Song et al. 2019, arXiv 1905.07088',
        maxCases: 9,
        option: 'exact'
      },
      {
        ...options,
        instance: Expectation.monteCarlo(),
        score,
        // The coefficient for one half of the rows is estimated from the other half, so neither may be empty.
        cases: expectationCases(score, [() => objective], 6),
        exactForm: () => exactForm
      }
    )
  )

// —— the noise itself ——

/** Number of keys; of rows if noise is fixed. */
const SAMPLE_COUNT = 5000
/** Number of draws for 1000 rows each, to test the tails. */
const LARGE_DRAWS = 400
const ROWS_PER_KEY = 3
/** Rows of one draw, to detect generators with a shorter period. */
const ROWS_DRAWN_ONCE = 1000

interface NoiseCase {
  readonly dim: number
  readonly seed: number
}

interface WeightedDraw {
  readonly weight: number
  readonly values: Float64Array
}

/** Returns the noise drawn for a number of rows; empty for quadrature. */
export const drawNoise =
  (way: Expectation.Meaning, size: Expectation.Size) =>
  (key: Key.Key): ReadonlyArray<WeightedDraw> =>
    (way.where === 'everywhere' ? way.draws(size)(key) : way.where === 'span' ? way.draws(key) : []).map(
      ({ weight, noise, sign = 1 }: Expectation.Draw) => ({
        weight,
        values: (noise instanceof Float64Array ? noise : Key.normal(size.rows * size.dim)(noise)).map(z => sign * z)
      })
    )

const nodesHaveNormalMoments = ({ rule }: Expectation.OnLine): LawBuilder =>
  forAll(fc.record({ slope: fc.integer({ min: 0, max: 50 }).map(k => k / 10) }))({
    name: 'its nodes are of the normal law',
    statement:
      '∀ slopes up to 5: Σ w = 1, Σ w ζ = 0, Σ w ζ² = 1 and Σ w ζ³ = 0. To 1e-3, as the means of value and gradient.',
    source: 'moments of N(0, 1)',
    says: ({ slope }) => {
      const { nodes, weights } = rule(slope)
      const moment = (k: number): number =>
        Array.from(nodes).reduce((sum, node, i) => sum + weights[i] * Elementary.pow(node, k), 0)
      return equals([0, 1, 2, 3].map(moment), [1, 0, 1, 0], 1e-3)
    }
  })

/** Laws of drawn noise: standard normal entries, drawn once. Jointly drawn rows may be opposite. */
const noiseLaws = (instance: Expectation.Expectation): ReadonlyArray<LawBuilder> => {
  const way = Expectation.interpret(instance)
  if (way.where === 'line') return [nodesHaveNormalMoments(way)]
  // Given noise has no distribution.
  if (way.where === 'everywhere' && way.rows === 'fixed' && way.size !== undefined) return []
  const subject = noiseSubject(way)
  return [noiseIsStandardNormal(subject), nothingIsDrawnTwice(subject)]
}

const noiseSubject = (way: Expectation.Meaning) => {
  const isFixed = way.where === 'everywhere' && way.rows === 'fixed'
  const draw = (size: Expectation.Size): ((key: Key.Key) => ReadonlyArray<WeightedDraw>) => drawNoise(way, size)
  return {
    isFixed,
    /** True if rows are drawn independently. */
    isApart: way.where === 'span' || (way.where === 'everywhere' && way.rows === 'apart'),
    draw,
    rows: isFixed ? 1 : ROWS_PER_KEY,
    /** Weighted draws of each sample; a sample is one row if noise is fixed, otherwise one key. */
    samplesOf: ({ dim, seed }: NoiseCase): ReadonlyArray<ReadonlyArray<WeightedDraw>> => {
      if (!isFixed) return Key.split(SAMPLE_COUNT)(Key.fromSeed(seed)).map(draw({ rows: ROWS_PER_KEY, dim }))
      const all = draw({ rows: SAMPLE_COUNT, dim })(Key.fromSeed(seed))
      return Array.from({ length: SAMPLE_COUNT }, (_, i) =>
        all.map(({ weight, values }) => ({ weight, values: values.slice(i * dim, (i + 1) * dim) }))
      )
    }
  }
}
type NoiseSubject = ReturnType<typeof noiseSubject>

const onNoiseCases = forAll(Arbitrary.ALL_DIMS.map(dim => fc.record({ dim: fc.constant(dim), seed: Arbitrary.seeds })))
const NOISE_LAW_INFO = { source: 'definition of the mean over z ~ N(0, I)', maxCases: 3 }

const weightedEntriesAt = (
  samples: ReadonlyArray<ReadonlyArray<WeightedDraw>>,
  at: number
): ReadonlyArray<Chance.WeightedSample> =>
  samples.map(draws => ({
    values: draws.map(({ values }) => values[at]),
    weights: draws.map(({ weight }) => weight)
  }))

const meansOverDraws = (
  samples: ReadonlyArray<ReadonlyArray<WeightedDraw>>,
  f: (z: number) => number
): ReadonlyArray<number> =>
  samples.map(draws =>
    draws.reduce(
      (sum, { weight, values }) => sum + (weight * values.reduce((all, z) => all + f(z), 0)) / values.length,
      0
    )
  )

const noiseIsStandardNormal = ({ isApart, draw, rows, samplesOf }: NoiseSubject): LawBuilder =>
  onNoiseCases({
    ...NOISE_LAW_INFO,
    name: 'its noise is standard normal',
    quantity: 'statistic of the noise',
    statement: `∀ keys: over ${SAMPLE_COUNT} of them each entry of the noise, draws weighted, has Φ at nine places and the mean square 1, within bounds of Hoeffding (1963) and of Laurent and Massart (2000) that a right one fails with probability 1e-9; of rows apart, also all entries together, the numbers of ${LARGE_DRAWS} draws for 1000 rows, and a row alone. All entries of a key together have the mean 0 and the mean square 1, up to 7 standard errors of the keys.`,
    says: each => {
      const { dim } = each
      const samples = samplesOf(each)
      const drawFor = (count: number, rows: number): ReadonlyArray<ReadonlyArray<WeightedDraw>> =>
        Key.split(count)(Key.fromSeed(each.seed)).map(draw({ rows, dim }))
      if (samples.some(draws => draws.some(({ weight }) => weight < 0))) return false
      const entries = Array.from({ length: rows * dim }, (_, at) => weightedEntriesAt(samples, at))
      return [
        entries.map(Chance.areStandardNormal),
        Chance.hasMean(
          meansOverDraws(samples, z => z),
          0
        ),
        Chance.hasMean(
          meansOverDraws(samples, z => z * z),
          1
        ),
        isApart && [
          Chance.areStandardNormal(entries.flat()),
          Chance.areStandardNormal(concatenated(drawFor(LARGE_DRAWS, 1000).map(([{ values }]) => values))),
          Array.from({ length: dim }, (_, j) =>
            Chance.areStandardNormal(weightedEntriesAt(drawFor(SAMPLE_COUNT, 1), j))
          )
        ]
      ]
    }
  })

const nothingIsDrawnTwice = ({ isFixed, isApart, draw, rows, samplesOf }: NoiseSubject): LawBuilder =>
  onNoiseCases({
    ...NOISE_LAW_INFO,
    name: 'nothing is drawn twice',
    quantity: 'draws or their association',
    statement: `∀ keys: over ${SAMPLE_COUNT} of them the ranks and the sizes of two coordinates, of two keys, and of two rows that are apart are uncorrelated; of draws in two dimensions or more, and of rows together, ranks do not go together. Within Bernstein’s bound, which a right one fails with probability 1e-9. Of ${ROWS_DRAWN_ONCE} rows no two have the same noise. Exactly.`,
    says: each => {
      const { dim } = each
      const samples = samplesOf(each)
      const of = (at: number, draw = 0): ReadonlyArray<number> =>
        samples.map(draws => draws[Math.min(draw, draws.length - 1)].values[at])
      const coordinates = Array.from({ length: dim }, (_, j) => j)
      const firsts = coordinates.map(j => of(j))
      const halves = [0, 1].map(odd => firsts[0].filter((_, i) => i % 2 === odd))
      const [{ values: many }] = isFixed ? samples[0] : draw({ rows: ROWS_DRAWN_ONCE, dim })(Key.fromSeed(each.seed))
      const different = new Set(
        Array.from({ length: many.length / dim }, (_, i) => many.slice(i * dim, (i + 1) * dim).join())
      )
      return [
        equals(different.size * dim, many.length),
        coordinates.map(j => coordinates.slice(j + 1).map(k => Chance.areUnassociated(firsts[j], firsts[k]))),
        !isFixed && Chance.areUnassociated(halves[0], halves[1]),
        Array.from({ length: rows - 1 }, (_, i) => i + 1).map(row => {
          const other = of(row * dim)
          return isApart
            ? Chance.areUnassociated(firsts[0], other)
            : Chance.areNotPositivelyAssociated(firsts[0], other)
        }),
        // In one dimension a rotated draw may equal the draw.
        Array.from({ length: dim === 1 ? 0 : Math.min(4, samples[0].length) - 1 }, (_, draw) =>
          Chance.areNotPositivelyAssociated(firsts[0], of(0, draw + 1))
        )
      ]
    }
  })

/**
 * Returns the laws of an expectation for a score: its mean, and that only random ones depend on the key.
 *
 * @example
 * import fc from 'fast-check'
 * import { Expectation, Score } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.expectation(Expectation.projected(), Score.symmetricPair).forEach(({ property }) => {
 *   fc.assert(property, { seed: 7, numRuns: 1 })
 * })
 */
export const expectation = <P extends string>(
  instance: Expectation.Expectation,
  score: Score.Score<P>,
  options: ExpectationOptions = {}
): Laws => {
  const way = Expectation.interpret(instance)
  const isTogether = way.where === 'everywhere' && way.rows === 'together'
  const rows = Math.max(isTogether ? 2 : 1, Arbitrary.minRows(score))
  const cases = expectationCases(score, [Objective.denoising, Objective.implicit], rows)
  // Fixed noise estimates only its own mean.
  if (Expectation.isDeterministicExpectation(instance) && Expectation.noiseDomain(instance) === 'everywhere')
    return ofRows(Expectation.show(instance), noiseLaws(instance))
  return ofRows(`${Expectation.show(instance)} of ${Score.show(score)}`, [
    ...noiseLaws(instance),
    way.where === 'span' &&
      forAll(fc.record({ seed: Arbitrary.seeds }))({
        name: 'each draw comes with its opposite, if it says so',
        statement:
          '∀ keys: to each draw there is one of the same key and weight, and of the other sign, if and only if antithetic. Exactly.',
        source: 'Hammersley & Morton 1956; the best mixture of the two forms of the loss depends on it',
        says: ({ seed }) => {
          const draws = way.draws(Key.fromSeed(seed))
          const isOpposite = (a: Expectation.KeyDraw, b: Expectation.KeyDraw): boolean =>
            areSameBits(a.noise, b.noise) && a.weight === b.weight && (a.sign ?? 1) === -(b.sign ?? 1)
          const arePairs = draws.every(draw => draws.some(other => isOpposite(draw, other)))
          return equals({ antithetic: arePairs }, { antithetic: way.antithetic })
        }
      }),
    meanIsExact(
      {
        name: 'its mean is that over all noise',
        of: 'the exact one',
        source: 'Rao–Blackwell; law of large numbers',
        maxCases: 20
      },
      { ...options, instance, score, cases }
    ),
    way.where === 'everywhere' &&
      way.float32 === true &&
      singlePrecisionLaw(Objective.denoising(NoiseLevels.at(0.5)), fc.constant(schedule), instance),
    forAll(cases)({
      name: 'looks at the key only if it is random',
      statement: '∀ θ, x, t: the same key gives the same bits; if isDeterministic, so do all keys. Exactly.',
      source: 'definition of Expectation.isDeterministicExpectation',
      says: each => {
        const [first, second] = valuesOverKeys(score, instance, each, 2)
        const [again] = valuesOverKeys(score, instance, each, 1)
        return [equals(again, first), Expectation.isDeterministicExpectation(instance) && equals(second, first)]
      }
    })
  ])
}

/** Law that quadrature converges in the number of nodes. */
export const quadratureConverges = (): Law =>
  ofRow(
    'Expectation.quadrature({ nodes })',
    forAll(expectationCases(Score.symmetricPair, [Objective.denoising, Objective.implicit]))({
      name: 'quadrature converges as nodes grow',
      statement:
        '∀ m, x, t of the pair: against 128 nodes the error of value and gradient with 4, 16, 64 nodes falls to a tenth each time, until it is below 1e-8 (1 + |L|). (Gauss–Hermite: exp(−c√n), c the distance to the poles of tanh.)',
      source: 'Gautschi 2004, Orthogonal Polynomials',
      maxCases: 30,
      says: each => {
        const of = (nodes: number): Density.NumberRow =>
          valuesOverKeys(Score.symmetricPair, Expectation.quadrature({ nodes }), each, 1)[0]
        const wanted = of(128)
        const errors = [4, 16, 64].map(nodes => maxAbs(Density.subtractRows(of(nodes), wanted)))
        const enough = 1e-8 * (1 + maxAbs(wanted))
        return atMost(errors, [1 + maxAbs(wanted), ...errors.slice(0, -1).map(before => Math.max(enough, before / 10))])
      }
    })
  )

/** |∇L − E∇L|² for each of `repeats` keys. */
export const squaredGradientDeviations = <P extends string>(
  score: Score.Score<P>,
  instance: Expectation.Expectation,
  each: ExpectationCase<P>,
  repeats: number
): Density.NumberRow => {
  const rows = valuesOverKeys(score, instance, each, repeats).map(row => row.slice(1))
  const centre = Density.weightedRowSum(
    rows.map(() => 1 / rows.length),
    rows,
    rows[0].length
  )
  return rows.map(row => {
    const off = Density.subtractRows(row, centre)
    return dotProduct(off, off)
  })
}

export const hasNoLargerMean = (less: Density.NumberRow, more: Density.NumberRow): LawRelations => {
  const margin = 6 * Math.sqrt((sampleVariance(less) + sampleVariance(more)) / less.length)
  return atMost(meanNumber(less), meanNumber(more), margin + 1e-20)
}

interface VarianceOptions extends ExpectationOptions {
  readonly projected?: Expectation.Expectation
  readonly plain?: Expectation.Expectation
}

/** Noise levels from low, where the denoising form has unbounded variance, to high, where the implicit form has. */
const anyNoiseLevel = fc.constantFrom(0.01, 0.1, 0.3, 0.5, 1, 2).map(NoiseLevels.at)

const ROWS_FROM_MIXTURE = 12

/** The case with rows drawn from the mixture of its parameters; unchanged if the score has none. */
const withRowsFromMixture = <P extends string>(
  score: Score.Score<P>,
  each: ExpectationCase<P>
): ExpectationCase<P> => ({
  ...each,
  points: pipe(
    Score.toMixture(score)(each.params),
    O.match(() => each.points, Mixture.sample(ROWS_FROM_MIXTURE)(Key.fromSeed(each.seed)))
  )
})

/** Law that projected noise has at most the variance of full noise. */
export const projectedVariance = <P extends string>(
  score: Score.Score<P>,
  { repeats = 400, projected = Expectation.projected(), plain = Expectation.monteCarlo() }: VarianceOptions = {}
): Law =>
  ofRow(
    `${Expectation.show(projected)} against ${Expectation.show(plain)} of ${Score.show(score)}`,
    forAll(
      expectationCases(score, [Objective.implicit, Objective.denoising]).map(cases =>
        fc
          .tuple(cases, anyNoiseLevel)
          .map(([each, level]) => ({ ...each, objective: Objective.retimed(level)(each.objective) }))
          .map(each => (Of.isMadeBy(Objective.denoising)(each.objective) ? withRowsFromMixture(score, each) : each))
      )
    )({
      name: 'projected noise varies no more than plain noise',
      statement: `∀ θ, t from 0.01 to 2, x of the implicit objective, of the denoising one x of the mixture itself: E|∇L − E∇L|² of projected noise ≤ that of plain noise, over ${repeats} keys each, up to six standard errors of the difference, which the samples give. A right one fails with probability below 1e-6.`,
      source:
        'Rao–Blackwell: the projected loss is the conditional expectation of the plain one. Stein: implicit and denoising form have one mean, and their mixture of least variance has no more than either',
      maxCases: 10,
      says: each => {
        const [less, more] = [projected, plain].map((instance, i) =>
          squaredGradientDeviations(score, instance, { ...each, seed: each.seed + 10_000 * i }, repeats)
        )
        return hasNoLargerMean(less, more)
      }
    })
  )

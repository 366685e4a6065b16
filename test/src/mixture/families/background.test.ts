/** Where a background is: by rows with their weights, a row of weight 2 as two rows. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { compute, concat, grad, tensor, type Tensor } from '../../../../lib/index.js'
import { fit, Key, Metric, Mixture, Points, Problem, Schedule, Score } from '../../../../src/index.js'
import * as Backgrounds from '../../../../src/mixture/families/backgrounds.js'
import { isSlow, SEED } from '../../../cases.js'
import { there } from '../../../there.js'

type Shape = 'cauchy' | 'box'
type Rows = ReadonlyArray<ReadonlyArray<number>>

const uniform = (of: number, count: number): ReadonlyArray<number> => Array.from(Key.uniform(count)(Key.child(of)(Key.fromSeed(SEED)))) // prettier-ignore

/** Numbers of which some are equal, and whole weights, some of them 0. */
const rowsOf = (seed: number, rows: number): Rows =>
  Array.from({ length: rows }, (_, i) => [0, 1].map(j => Math.round(12 * uniform(2 * seed + j, rows)[i])))
const timesOf = (seed: number, rows: number): ReadonlyArray<number> => [1, ...uniform(1000 + seed, rows - 1).map(u => Math.floor(4 * u))] // prettier-ignore
const repeated = (rows: Rows, times: ReadonlyArray<number>): Rows => rows.flatMap((row, i) => Array.from({ length: times[i] }, () => row)) // prettier-ignore

const weighted = (rows: Rows, weights?: ReadonlyArray<number>): Points.Points => {
  const points = Problem.orThrow(Points.fromRows(rows))
  return weights === undefined ? points : Problem.orThrow(Points.weighted(weights)(points))
}

const { mixture: somewhere } = fit([[0, 0], [1, 0], [0, 1], [2, 3], [4, 1]], { components: 1, family: 'full' }) // prettier-ignore

/** Its centre and scale, taken from points. */
const placed = (
  shape: Shape,
  points: Points.Points
): { readonly centre: ReadonlyArray<number>; readonly scale: ReadonlyArray<number> } => {
  const score = pipe(Score.full({ components: 1 }), Score.withBackground({ shape }))
  const family = there(Score.interpret(score).family)
  const found = there(family.placed)(points)(there(family.fromMixture)(somewhere))
  const params: Readonly<Record<string, { readonly values: Float64Array }>> = found
  return { centre: [...params['backgroundCentre'].values], scale: Array.from(params['backgroundScale'].values, Math.exp) } // prettier-ignore
}

/** The middle of the np-th and the next of sorted numbers where np is whole, else the one that np is rounded up to. */
const middleOf = (sorted: ReadonlyArray<number>, quarters: number): number => {
  const at = (quarters * sorted.length) / 4
  return Number.isInteger(at) ? (sorted[at - 1] + sorted[at]) / 2 : sorted[Math.ceil(at) - 1]
}

describe('a background is placed', () => {
  const seeds = [0, 1, 2, 3, 4, 5, 6, 7]
  const shapes = ['cauchy', 'box'] as const

  it('at medians, as wide as twice the middle half, of rows as often as they weigh', () => {
    for (const seed of seeds) {
      const rows = rowsOf(seed, 5 + 3 * seed)
      const times = timesOf(seed, 5 + 3 * seed)
      const { centre, scale } = placed('cauchy', weighted(rows, times))
      for (const j of [0, 1]) {
        const sorted = repeated(rows, times).map(row => row[j]).sort((a, b) => a - b) // prettier-ignore
        expect(centre[j], `seed ${seed} of ${SEED}`).toBe(middleOf(sorted, 2))
        const width = middleOf(sorted, 3) - middleOf(sorted, 1)
        const expected = 2 * (width > 0 ? width : sorted[sorted.length - 1] - sorted[0])
        expect(Math.abs(scale[j] - (expected > 0 ? expected : 1))).toBeLessThan(1e-14 * Math.max(1, expected) * 4)
      }
    }
  })

  it.each(shapes)('by repeats as by weights, and by each row twice as once: %s', shape => {
    for (const seed of seeds) {
      const rows = rowsOf(seed, 40)
      const times = timesOf(seed, 40)
      const expected = placed(shape, weighted(repeated(rows, times)))
      expect(placed(shape, weighted(rows, times)), `seed ${seed} of ${SEED}`).toEqual(expected)
      expect(placed(shape, weighted([...rows, ...rows], [...times, ...times]))).toEqual(expected)
    }
  })

  it.each([0.1, 1 / 3, 2, 1e-300])('by equal weights of %d as by none', weight => {
    for (const rows of [3, 4, 10, 100, 999, 1000]) {
      const own = rowsOf(rows, rows)
      expect(placed('cauchy', weighted(own, own.map(() => weight))), `${rows} rows of ${SEED}`).toEqual(placed('cauchy', weighted(own))) // prettier-ignore
    }
  })

  it.each(shapes)('in a fit of weighted rows where it is in one of repeated rows: %s', shape => {
    const near = Key.normal(40)(Key.fromSeed(SEED))
    const rows = [...Array.from(near, (z, i) => [i < 20 ? z : 20 + 3 * z]), [60], [-40], [80]]
    const weights = rows.map((_, i) => (i < 20 ? 9 : 1))
    const family = ({ components }: { readonly components: number }) => pipe(Score.full({ components }), Score.withBackground({ shape })) // prettier-ignore
    const [one, other] = [fit(rows, { components: 2, family, weights }), fit(repeated(rows, weights), { components: 2, family })].map(({ mixture: { background }, icl }) => [background?.centre[0], background?.scale[0], icl]) // prettier-ignore
    // Means and deviations by which columns are brought to a unit are sums in another order.
    one.forEach((x = NaN, i) => {
      expect(Math.abs(x - (other[i] ?? NaN)), `${i} of ${SEED}`).toBeLessThan(1e-9 * Math.abs(x) + 1e-9)
    })
  })
})

/** Half width, noise, place, log-density of the box with noise, and its two derivatives: by mpmath to 120 digits, of erfc. */
const AT_NOISE: ReadonlyArray<
  readonly [s: number, sigma: number, y: number, value: number, first: number, second: number]
> = [
  // prettier-ignore
  [2, 1, 0, -1.4328622734122807, 0, -0.22625869645007676],
  [2, 1, 1.0, -1.5606538815728666, -0.282786110727154, -0.3838582646421707],
  [2, 1, 2.0, -2.079504886169722, -0.7976674265872753, -0.6373440330658924],
  [2, 1, 2.002, -2.0811014959984653, -0.7989425458718351, -0.6377751797452893],
  [2, 1, 5.0, -7.994020583578321, -3.283098651276109, -0.9294408272505615],
  [2, 1, 10.0, -36.39973152103444, -8.121368112236112, -0.9856751165566592],
  [2, 1, 42.0, -805.9947363748737, -40.02496884720726, -0.9993773316214086],
  [2, 1, 1002.0, -500009.2129891733, -1000.000999998, -0.999999000006],
  [2, 1, 3000000.0, -4499994000019.22, -2999998.0000003334, -0.9999999999998889],
  [2, 0.01, 1.0, -1.3862943611198906, 0, 0],
  [2, 0.01, 1.998, -1.9322987148426647, -67.50731797902918, -5907.384340302342],
  [2, 0.01, 2.0, -2.0794415416798357, -79.78845608028654, -6366.197723675813],
  [2, 0.01, 3.0, -5006.910503055325, -10000.999800099926, -9999.000599500518],
  [2, 0.01, 12.0, -500009.2129891733, -100000.09999979999, -9999.99000006],
  [2, 0.01, 2009999.9999999998, -2.0200459800020016e16, -20099979999.999996, -10000.0],
  [2, 50, 1.0, -4.831428070212575, -0.00039978671218340655, -0.0003997867122015999],
  [2, 50, 1.998, -4.832026151933595, -0.0007987738509968264, -0.00039978671228325176],
  [2, 50, 152.0, -9.449565488695653, -0.06076761215136771, -0.0003997873412068084],
  [2, 50, 2002.0, -806.0361324637614, -0.8004317952022729, -0.00039986352170623656],
  [0.001, 0.5, 0, -0.2257920193112163, 0, -3.999994666669511],
  [0.001, 0.5, 0.000999, -0.22579401531055499, -0.003995994672002842, -3.999994666669511],
  [0.001, 0.5, 0.0015, -0.22579651930521633, -0.0059999920000042666, -3.999994666669511],
  [0.001, 0.5, 4.001, -32.24175133169577, -16.003978661709066, -3.999994666942703],
  [0.001, 0.5, 500.001, -500001.63057193666, -2000.0018507390907, -3.9999972163551067],
  [10000.0, 0.3, 9990.0, -9.903487552536127, 0, 0],
  [10000.0, 0.3, 10000.0, -10.596634733096073, -2.659615202676218, -7.07355302630646],
  [10000.0, 0.3, 10009.999999999998, -569.8854375223476, -111.21093191574217, -11.101164709846163],
  [10000.0, 0.3, 10000300000.0, -5.5558777824500004e20, -111114333333.33334, -11.111111111111112]
]

describe('a box with noise', () => {
  it.each(AT_NOISE)('half as wide as %d, of noise %d, at %d', (s, sigma, y, ...expected) => {
    const seen = compute(() => {
      const place = tensor([0, s], [2, 1])
      const x = tensor([y], [1, 1])
      const value = (at: Tensor): Tensor => Backgrounds.backgroundLogDensity('box', place)(at, { alpha: tensor([1], []), sigma: tensor([sigma], []) }) // prettier-ignore
      return concat([value(x), grad(value)(x), grad(at => grad(value)(at))(x)])
    })
    // a = (|y| − s)/σ has the rounding of y, |y|/σ · 2⁻⁵³, and a² twice that; a derivative within a narrow box is a small difference over s/σ.
    const rounding = 2 ** -50 * (4 + Math.max(y, s) / sigma / Math.max(1, Math.abs(y - s) / sigma))
    expected.forEach((number, i) => {
      expect(Math.abs(seen.values[i] - number)).toBeLessThan(
        rounding * (Math.abs(number) + Math.max(1, sigma / s) * sigma ** -i)
      )
    })
  })

  it('is given a row no farther than its components have it', () => {
    const beside = pipe(Score.isotropic({ components: 1 }), Score.withBackground({ shape: 'box' }))
    const numbers = (shape: ReadonlyArray<number>, ...values: ReadonlyArray<number>) => ({ shape, values: Float64Array.from(values) }) // prettier-ignore
    const params = { means: numbers([1, 1], 0), logits: numbers([1], 0), logVariances: numbers([1], 0), backgroundShare: numbers([], -2), backgroundCentre: numbers([1], 0), backgroundScale: numbers([1], 1) } // prettier-ignore
    const x = Float64Array.of(30, 38, 45, 60, 1000)
    const { values } = Score.evaluate(beside, Schedule.edm)(params)(1)({ rows: x.length, dim: 1, values: x })
    x.forEach((at, i) => expect(values[i] / (-at / 2)).toBeCloseTo(1, 12))
  })
})

describe('rows outside a box background', () => {
  const background = { share: 0.1, shape: 'box', centre: [0], scale: [5] } as const
  const mixture = Mixture.of({ means: [[-2], [2]], weights: [5 / 9, 4 / 9], background })
  const one = (...values: ReadonlyArray<number>): Points.Points => ({ rows: values.length, dim: 1, values: Float64Array.from(values) }) // prettier-ignore

  /** `estep(x, 'V', list(pro = c(.5, .4, .1), mean = c(-2, 2), variance = …, Vinv = 0.1))$z` of mclust 6.1. */
  const MCLUST: ReadonlyArray<readonly [number, ...ReadonlyArray<number>]> = [
    [-2, 9.5201743078570744e-1, 2.5549301531229714e-4, 4.7727076198980319e-2],
    [3.5, 8.7123982652972982e-7, 0.8382053983357047, 0.16179373042446868],
    [4.6, 4.4925261568676493e-9, 0.35204571971627591, 0.64795427579119802],
    [6, 2.5126846157915069e-13, 5.3247047729184319e-3, 0.99467529522683018],
    [40, 0, 0, 1]
  ]
  it.each(MCLUST)('have the responsibilities of mclust, as have rows inside: %d', (x, ...expected) => {
    const { values } = Mixture.responsibilities(one(x))(mixture)
    // Responsibilities are exponentials of differences of logarithms of size 40 (at x = 40 of size 770, where they underflow).
    expected.forEach((share, k) => expect(Math.abs(values[k] - share)).toBeLessThan(1e-13))
    const [{ component, probability, logDensity }] = Mixture.memberships(one(x))(mixture)
    const best = expected.indexOf(Math.max(...expected))
    expect(component).toBe(best === 2 ? -1 : best)
    expect(Math.abs(probability - expected[best])).toBeLessThan(1e-13)
    expect(Mixture.assign(one(x))(mixture)).toEqual([component])
    // The density is that of the components alone outside the box.
    const alone = Mixture.logDensity(one(x))(Mixture.withoutBackground(mixture))[0] + Math.log(0.9)
    if (Math.abs(x) > 5) expect(Math.abs(logDensity - alone)).toBeLessThan(1e-12 * Math.abs(alone))
  })

  it('are assigned by their observed columns, and independently of other rows', () => {
    const two = Mixture.of({ means: [[0, 0]], background: { share: 0.1, shape: 'box', centre: [0, 0], scale: [5, 7] } })
    const points = { rows: 3, dim: 2, values: Float64Array.of(0, 0, 6, NaN, 6, 0) }
    const { values } = Mixture.responsibilities(points)(two)
    const half = 0.9 * Math.exp(-18) / Math.sqrt(2 * Math.PI) // prettier-ignore
    expect(Math.abs(values[3] - 0.01 / (0.01 + half))).toBeLessThan(1e-14)
    const whole = half / Math.sqrt(2 * Math.PI)
    expect(Math.abs(values[5] - 0.1 / 140 / (0.1 / 140 + whole))).toBeLessThan(1e-14)
    const all = Mixture.memberships(points)(two)
    expect(all.map(({ component }) => component)).toEqual([0, -1, -1])
    expect(Mixture.memberships(Points.select([2])(points))(two)).toEqual([all[2]])
  })

  it('belong to the background if they are new rows of a fit, also in predictions', () => {
    const drawn = Mixture.sample(120)(Key.fromSeed(4))(Mixture.of({ means: [[-4, 0], [4, 0]] })) // prettier-ignore
    const noise = Array.from({ length: 12 }, (_, i) => [24 * uniform(50, 24)[2 * i] - 12, 24 * uniform(50, 24)[2 * i + 1] - 12]) // prettier-ignore
    const found = fit([...Points.toRows(drawn), ...noise], { components: 2, family: 'full', background: 'box' })
    expect(found.assign([[4, 0], [40, 3], [0, -100]]).map(({ component }) => component >= 0)).toEqual([true, false, false]) // prettier-ignore
    const predicted = Mixture.predict([1])({ rows: 1, dim: 2, values: Float64Array.of(40, NaN) })(found.mixture)
    expect(predicted.background[0]).toBeCloseTo(1, 12)
  })
})

it.runIf(isSlow)('three clusters in 10 % of uniform noise are three beside a box, and their rows are theirs', () => {
  // Of one seed: how far clusters overlap, which no fit undoes, is another matter on other rows.
  const drawn = (of: number, count: number, place: ReadonlyArray<number>, covariance: ReadonlyArray<ReadonlyArray<number>>): Rows => Points.toRows(Mixture.sample(count)(Key.fromSeed(of))(Mixture.of({ means: [place], covariances: [covariance] }))) // prettier-ignore
  const clusters = [
    drawn(1, 90, [0, 0], [[1, 0.6], [0.6, 1]]), // prettier-ignore
    drawn(2, 78, [6, 1], [[1.5, -0.5], [-0.5, 0.6]]), // prettier-ignore
    drawn(3, 57, [2, 7], [[0.5, 0], [0, 1.2]]) // prettier-ignore
  ]
  const z = Key.uniform(50)(Key.fromSeed(4))
  const noise = Array.from({ length: 25 }, (_, i) => [30 * z[2 * i] - 12, 30 * z[2 * i + 1] - 12])
  const rows = [...clusters.flat(), ...noise]
  const found = fit(rows, { robust: true, ...(!isSlow && { components: [1, 2, 3, 4] }) })
  expect([found.components, found.mixture.background?.shape]).toEqual([3, 'box'])
  const truth = [...clusters, noise].flatMap((own, k) => own.map(() => k))
  // −1 for rows of the background.
  const told = Mixture.memberships(weighted(rows))(found.mixture).map(({ component }) => component)
  const own = truth.filter(k => k < 3)
  expect(Metric.adjustedRand(own, told.slice(0, own.length))).toBeGreaterThan(0.92)
  expect(Metric.adjustedRand(truth, told)).toBeGreaterThan(0.92)
})

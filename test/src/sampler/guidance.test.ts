/** Scores made of scores: derivatives, weights 0 and 1, posteriors against quadrature and closed forms, variations. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { add, div, mul, square, sub } from '../../../lib/index.js'
import {
  Guidance,
  Key,
  Mixture,
  Net,
  Parametrization,
  Params,
  type Points,
  Problem,
  Sampler,
  Schedule,
  Score,
  TimeGrid
} from '../../../src/index.js'

const schedule = Schedule.ornsteinUhlenbeck
const at: Points.Points = { rows: 3, dim: 2, values: Float64Array.of(0.3, -1, 2, 0.5, -1.2, 0) }
const time = 0.4

const prior = Mixture.of({
  means: [
    [-2, 0],
    [2, 1],
    [0, -2]
  ],
  weights: [1, 2, 1],
  covariances: [
    [
      [0.5, 0.2],
      [0.2, 0.3]
    ],
    [
      [0.2, 0],
      [0, 0.6]
    ],
    [
      [0.3, -0.1],
      [-0.1, 0.2]
    ]
  ]
})
const exact = Sampler.exact(prior, schedule)
const other = Sampler.exact(Mixture.of({ means: [[1, 1]] }), schedule)
const net = Net.chain(
  Net.concat(Net.identity, Net.named('label', Net.label({ classes: 2, width: 3 }))),
  Net.named('in', Net.linear(5)),
  Net.tanh,
  Net.named('out', Net.output({ initial: 'lecun' }))
)
const learnedAs = (label: number | null): Sampler.Smooth =>
  Sampler.learned(
    Score.network(net, { predicts: Parametrization.data }),
    schedule,
    Net.initial(2)(Key.fromSeed(1))(net),
    { label }
  )
const measurement: Guidance.Measurement = { matrix: [[1, 0.5]], observed: [1], deviation: 0.4 }

describe.each<readonly [string, Sampler.Smooth]>([
  ['a mixture', exact],
  ['a network with a label', learnedAs(1)],
  ['a combination', Guidance.combine([0.5, exact], [-2, other], [1, learnedAs(null)])],
  ['guidance', Guidance.classifierFree({ free: exact, given: other, weight: 2.5 })],
  ['a posterior by Tweedie', Guidance.posterior(measurement, schedule)(exact)],
  [
    'a posterior of a posterior',
    Guidance.posterior(
      {
        matrix: [
          [0, 1],
          [1, 0]
        ],
        observed: [0, 1],
        deviation: [0.5, 1]
      },
      schedule,
      { spread: 'isotropic' }
    )(Guidance.posterior(measurement, schedule, { spread: 'none' })(exact))
  ]
])('%s', (_, score) => {
  const h = 1e-4
  /** ∂s_i/∂x_j of each point, by differences of fourth order: 1e-11/h and h⁴ times a fifth derivative of at most 1e3. */
  const jacobian = (row: number, j: number): ReadonlyArray<number> => {
    const moved = (step: number): Float64Array =>
      score({ ...at, values: at.values.map((x, k) => (k === row * 2 + j ? x + step : x)) }, time).values.slice(
        row * 2,
        row * 2 + 2
      )
    const a = moved(h)
    const b = moved(-h)
    const c = moved(2 * h)
    const d = moved(-2 * h)
    return [0, 1].map(i => (8 * (a[i] - b[i]) - (c[i] - d[i])) / (12 * h))
  }

  it('its divergence is the trace of its Jacobian, its product with a vector that of the rows', () => {
    const divergence = score.divergence(at, time)
    const v = Float64Array.of(1, -2, 0.5, 3, 0, 1)
    const products = score.vjp(at, time, v).values
    for (const row of [0, 1, 2]) {
      const first = jacobian(row, 0)
      const second = jacobian(row, 1)
      expect(Math.abs(divergence[row] - first[0] - second[1])).toBeLessThan(1e-7 * (1 + Math.abs(divergence[row])))
      ;[first, second].forEach((column, j) => {
        const wanted = v[row * 2] * column[0] + v[row * 2 + 1] * column[1]
        expect(Math.abs(products[row * 2 + j] - wanted)).toBeLessThan(1e-7 * (1 + Math.abs(wanted)))
      })
    }
  })
})

it('the field of a mixture, of a network with a label, is its score', () => {
  const near = (a: Sampler.Smooth): void => {
    const by = Guidance.of(a.field)(at, time).values
    a(at, time).values.forEach((s, i) => {
      expect(Math.abs(by[i] - s)).toBeLessThan(1e-12 * (1 + Math.abs(s)))
    })
  }
  near(exact)
  near(learnedAs(1))
  near(learnedAs(null))
  expect(learnedAs(1)(at, time).values).not.toEqual(learnedAs(0)(at, time).values)
})

it('guidance of weight 0 and 1 is what it says, bit by bit; a score of weight 0 is not asked', () => {
  const guided = (weight: number): Float64Array =>
    Guidance.classifierFree({ free: learnedAs(null), given: learnedAs(0), weight })(at, time).values
  expect(guided(0)).toEqual(learnedAs(null)(at, time).values)
  expect(guided(1)).toEqual(learnedAs(0)(at, time).values)
  expect(guided(2)).not.toEqual(guided(1))
})

const programOf = (sampler: Sampler.Flow, steps: number): Sampler.Program<Sampler.Flow> => {
  const compiled = Problem.orThrow(
    Sampler.compile({ sampler, grid: TimeGrid.logSnr({ from: 6, to: 1e-3, steps }), schedule })
  )
  return compiled
}

/** Mean and variance of a one-dimensional sample. */
const moments = (values: Float64Array): readonly [mean: number, variance: number] => {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length
  return [mean, values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length]
}

it('posteriors: of normal data by Tweedie have the exact score at every level, and density', () => {
  // N(1, 2) seen through 3x with noise 0.5: precision ½ + 9/¼, mean (½ + 3·4·y/1)/precision.
  const y = 4
  const precision = 1 / 2 + 9 / 0.25
  const mean = (1 / 2 + (3 * y) / 0.25) / precision
  const truth = Sampler.exact(Mixture.of({ means: [[mean]], variances: [1 / precision] }), schedule)
  const prior = Sampler.exact(Mixture.of({ means: [[1]], variances: [2] }), schedule)
  const seen = { matrix: [[3]], observed: [y], deviation: 0.5 }
  const found = Guidance.posterior(seen, schedule)(prior)
  const points = { rows: 4, dim: 1, values: Float64Array.of(-1, 0.5, 1.3, 4) }
  for (const time of [1e-3, 0.1, 0.7, 3]) {
    const wanted = truth(points, time).values
    found(points, time).values.forEach((s, i) => {
      expect(Math.abs(s - wanted[i])).toBeLessThan(1e-9 * (1 + Math.abs(wanted[i])))
    })
  }
  const density = Sampler.logDensity(programOf(Sampler.dormandPrince({ tolerance: 1e-4 }), 4))(found)
  const place = { rows: 2, dim: 1, values: Float64Array.of(mean, mean + 0.2) }
  const wanted = [0, 0.2].map(d => 0.5 * Math.log(precision / (2 * Math.PI)) - 0.5 * precision * d * d)
  // The grid ends at time 1e-3, with noise of variance 2e-3 on a law of variance 1/36.5: 4 % of ½ in the logarithm.
  density(place).forEach((value, i) => {
    expect(Math.abs(value - wanted[i])).toBeLessThan(0.06)
  })
})

it('posteriors: of a mixture: the exact one by Tweedie and Langevin moves; not without a spread, nor with the identity for the Jacobian', () => {
  const mixture = Mixture.of({ means: [[-1.5], [1.5]], variances: [0.5, 0.5] })
  const y = 1
  const deviation = 0.7
  // The posterior by Simpson's rule: 4000 panels on [−8, 8].
  const density = (x: number): number =>
    (Math.exp(-((x + 1.5) ** 2)) + Math.exp(-((x - 1.5) ** 2))) * Math.exp(-((y - x) ** 2) / (2 * deviation ** 2))
  const grid = Array.from({ length: 4001 }, (_, i) => -8 + (16 * i) / 4000)
  const weight = (i: number): number => (i === 0 || i === 4000 ? 1 : i % 2 === 1 ? 4 : 2)
  const total = grid.reduce((sum, x, i) => sum + weight(i) * density(x), 0)
  const mean = grid.reduce((sum, x, i) => sum + weight(i) * x * density(x), 0) / total
  const variance = grid.reduce((sum, x, i) => sum + weight(i) * (x - mean) ** 2 * density(x), 0) / total
  const base = Sampler.exact(mixture, schedule)
  const seen: Guidance.Measurement = { matrix: [[1]], observed: [y], deviation }
  const drawn = (score: Sampler.ScoreFunction, moves: number): readonly [number, number] => {
    const sampler = Sampler.predictorCorrector({ predictor: Sampler.ancestral, moves, snr: 0.5 })
    const grid = TimeGrid.logSnr({ from: 6, to: 1e-3, steps: 50 })
    const compiled = Problem.orThrow(Sampler.compile({ sampler, grid, schedule }))
    return moments(Sampler.sample(compiled)(score)(2000, 1)(Key.fromSeed(3)).values)
  }
  const [found, spread] = drawn(Guidance.posterior(seen, schedule)(base), 15)
  // A standard error is √(0.34/2000) = 0.013 of the mean and √(2/2000) = 3 % of the variance; the rest is what moves leave.
  expect(Math.abs(found - mean)).toBeLessThan(0.05)
  expect(Math.abs(spread / variance - 1)).toBeLessThan(0.12)
  // The flow alone, without moves, is off by 0.19: p(y | x_t) is no normal law between the centres.
  const flow = (score: Sampler.ScoreFunction): readonly [number, number] =>
    moments(Sampler.sample(programOf(Sampler.heun, 60))(score)(2000, 1)(Key.fromSeed(3)).values)
  const [direct] = flow(Guidance.posterior(seen, schedule)(base))
  expect(Math.abs(direct - mean)).toBeLessThan(0.25)
  const [without, narrow] = flow(Guidance.posterior(seen, schedule, { spread: 'none' })(base))
  expect(Math.abs(without - mean)).toBeGreaterThan(0.25)
  expect(narrow).toBeLessThan(variance / 4)
  /** (y − x̂_0)/Γ added as if ∂x̂_0/∂x were the identity. */
  const crude = Guidance.of((x, ofTime) => {
    const { alpha, sigma } = Sampler.levelOf(schedule)(ofTime)
    const score = base.field(x, ofTime)
    return add(score, mul(1 / deviation ** 2, sub(y, div(add(x, mul(square(sigma), score)), alpha))))
  })
  expect(Math.abs(flow(crude)[0] - mean)).toBeGreaterThan(0.6)
})

it('posteriors: known coordinates stay, and the others follow', () => {
  const pair = Sampler.exact(
    Mixture.of({
      means: [
        [3, 3],
        [-3, -3]
      ],
      variances: [0.1, 0.1]
    }),
    schedule
  )
  const score = Guidance.inpaint({ known: [1], values: [3], dim: 2, deviation: 0.05 }, schedule)(pair)
  const { values } = Sampler.sample(programOf(Sampler.heun, 60))(score)(200, 2)(Key.fromSeed(3))
  const first = values.filter((_, i) => i % 2 === 0)
  const second = values.filter((_, i) => i % 2 === 1)
  expect(Math.max(...second.map(x => Math.abs(x - 3)))).toBeLessThan(0.4)
  expect(first.every(x => Math.abs(x - 3) < 1.6)).toBe(true)
})

it.each<readonly [string, () => unknown, RegExp]>([
  [
    'matrix',
    () => Guidance.posterior({ ...measurement, observed: [1, 2] }, schedule),
    /matrix: .* is not a matrix of 2 rows/
  ],
  ['deviation', () => Guidance.posterior({ ...measurement, deviation: 0 }, schedule), /deviation: 0 is not > 0/],
  [
    'known',
    () => Guidance.inpaint({ known: [2], values: [1], dim: 2, deviation: 1 }, schedule),
    /known: 2 is not a coordinate from 0 to 1/
  ],
  [
    'dimension',
    () => Guidance.posterior({ ...measurement, matrix: [[1]] }, schedule)(exact)(at, time),
    /matrix: 1 columns is not 2/
  ]
])('posteriors: what does not fit is refused: %s', (_, f, wanted) => {
  expect(f).toThrow(wanted)
})

it('variations stay near by so much noise', () => {
  const score = Sampler.exact(Mixture.of({ means: [[-5], [5]], variances: [1, 1] }), schedule)
  const sketch: Points.Points = { rows: 500, dim: 1, values: new Float64Array(500).fill(4) }
  const spreadFrom = (from: number): number => {
    const compiled = Problem.orThrow(
      Sampler.compile({
        sampler: Sampler.heun,
        grid: TimeGrid.logSnr({ from, to: 1e-3, steps: 20 }),
        schedule
      })
    )
    return moments(pipe(sketch, p => Sampler.sdEdit(compiled)(score)(p)(Key.fromSeed(2))).values)[1]
  }
  // The flow is linear about a normal: of noise variance v = σ²/α² the law N(4, v) becomes one of variance v/(1 + v).
  const v = Math.exp(2 * 0.1) - 1
  expect(Math.abs(spreadFrom(0.1) / (v / (1 + v)) - 1)).toBeLessThan(0.25)
  expect(Params.norm(Params.of({ ends: [spreadFrom(0.1), 0] }))).toBeLessThan(spreadFrom(1))
})

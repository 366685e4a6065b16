/** Projected noise has the mean of plain noise, and less variance, singular centres included. */
import { pipe } from 'fp-ts/lib/function.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { Quadrature } from '../../../lib/index.js'
import {
  Case,
  Compile,
  Expectation,
  Key,
  Mixture,
  Objective,
  Params,
  type Points,
  Problem,
  Schedule,
  Score,
  NoiseLevels
} from '../../../src/index.js'
import { denoisingShare } from '../../../src/mixture/projection.js'
import { isSlow, spread, once } from '../../cases.js'

const REPEATS = isSlow ? 400 : 100
/** Of projected noise of which nothing is drawn: all its samples are the same, to rounding. */
const REPEATS_OF_NOTHING_DRAWN = Math.ceil(REPEATS / 8)

/** Two-sided: with some 200 coordinates compared, a right estimator fails with probability below 200 · 2e-9. */
const DEVIATIONS = 6

interface Moments {
  readonly mean: ReadonlyArray<number>
  readonly variance: ReadonlyArray<number>
  readonly samples: ReadonlyArray<ReadonlyArray<number>>
}

const moments = (samples: ReadonlyArray<ReadonlyArray<number>>): Moments => {
  const mean = samples[0].map((_, j) => samples.reduce((sum, sample) => sum + sample[j], 0) / samples.length)
  const variance = mean.map(
    (m, j) => samples.reduce((sum, sample) => sum + (sample[j] - m) ** 2, 0) / (samples.length - 1)
  )
  return { mean, variance, samples }
}

const centres: Readonly<Record<string, ReadonlyArray<ReadonlyArray<number>>>> = {
  'generic centres': [[1, 0.5, -1], [-1, 2, 0.3]], // prettier-ignore
  'equal centres': [[1, 0.5, -1], [1, 0.5, -1]], // prettier-ignore
  'zero centres': [[0, 0, 0], [0, 0, 0]], // prettier-ignore
  'more components than dimensions': [[1], [-1], [0.5], [2]],
  'one direction left': [[1, 0], [-2, 0]] // prettier-ignore
}
const cases = Object.entries(centres).flatMap(([name, means]) =>
  [Objective.implicit(NoiseLevels.at(0.4)), Objective.denoising(NoiseLevels.at(1))].flatMap(objective =>
    (['spherical', 'isotropic', 'tiedIsotropic'] as const).map(family => ({
      name: `${family}, ${name}, ${objective._tag}`,
      means,
      family,
      objective
    }))
  )
)

/** A score and its parameters, whatever their names. */
const erased = <P extends string>(
  score: Score.Score<P>,
  params: Params.Params<P>
): readonly [Score.Score<string>, Params.Params<string>] => [score, params]

describe.each(spread(20)(cases))('$name', ({ means, family, objective }) => {
  const components = means.length
  const dim = means[0].length
  const points: Points.Points = {
    rows: 6,
    dim,
    values: Key.normal(6 * dim)(Key.fromSeed(4)).map(z => 1.3 * z),
    weights: Float64Array.of(1, 2, 0, 1, 3, 1)
  }
  const logits = means.map((_, k) => 0.4 * k)
  const [score, params] = {
    spherical: erased(Score.spherical({ components }), Params.of({ means })),
    isotropic: erased(
      Score.isotropic({ components }),
      Params.of({ means, logits, logVariances: means.map((_, k) => 0.5 - 0.6 * k) })
    ),
    tiedIsotropic: erased(Score.tiedIsotropic({ components }), Params.of({ means, logits, logVariance: -0.4 }))
  }[family]

  // Equal centres leave no direction, and equal variances need no length.
  const drawsNothing = family !== 'isotropic' && means.every(centre => centre.every((x, j) => x === means[0][j]))
  const samples = (expectation: Expectation.Expectation): Moments => {
    const isProjected = Case.isMadeBy(Expectation.projected)(expectation)
    const repeats = isProjected && drawsNothing ? REPEATS_OF_NOTHING_DRAWN : REPEATS
    const evaluate = Problem.orThrow(
      Compile.valueAndGrad({ schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation })(points)
    )
    return moments(
      pipe(Key.fromSeed(9), Key.split(repeats)).map(key => {
        const { value, gradient } = evaluate(params, key)
        return [value, ...Object.values(gradient).flatMap(({ values }) => Array.from(values))]
      })
    )
  }
  let [plain, projected]: ReadonlyArray<Moments> = []
  beforeAll(() => {
    plain = samples(Expectation.monteCarlo())
    projected = samples(Expectation.projected())
  })

  it('has the same mean, with opposite draws too', () => {
    for (const { mean, variance, samples: drawn } of [projected, samples(Expectation.projected({ antithetic: true }))])
      mean.forEach((m, j) => {
        const error = Math.sqrt(plain.variance[j] / REPEATS + variance[j] / drawn.length)
        expect(Math.abs(m - plain.mean[j])).toBeLessThanOrEqual(DEVIATIONS * error + 1e-12)
      })
  })

  it('has no more variance', () => {
    // The value of a denoising loss may vary more: the share is that of least variance of the gradient.
    const from = Case.isMadeBy(Objective.denoising)(objective) ? 1 : 0
    const [most, found] = [plain, projected].map(({ mean, samples }) => {
      // The variance summed over coordinates is the mean of |g − Eg|², whose own error these squares tell: of whatever law.
      const squares = samples.map(sample =>
        sample.slice(from).reduce((sum, g, j) => sum + (g - mean[from + j]) ** 2, 0)
      )
      const total = squares.reduce((sum, square) => sum + square, 0) / samples.length
      return { total, error: squares.reduce((sum, square) => sum + (square - total) ** 2, 0) / samples.length ** 2 }
    })
    const error = Math.sqrt(most.error + found.error)
    expect(found.total).toBeLessThanOrEqual(most.total + DEVIATIONS * error + 1e-12)
  })
})

describe('the share of the denoising form', () => {
  const levels = [0.01, 0.3, 1, 2].map(t => ({ alpha: Math.exp(-t), sigma: Math.sqrt(-Math.expm1(-2 * t)) }))
  const gaussian = (v: number) => Mixture.of({ means: [[0]], variances: [v] })

  once('is σ²/(α² + σ²) of unit variances, with and without opposite draws', () => {
    for (const antithetic of [true, false])
      for (const level of [...levels, { alpha: 1, sigma: 3 }]) {
        const share = denoisingShare(gaussian(1), { free: false, dim: 2, rank: 1, antithetic })(level)
        expect(share).toBeCloseTo(level.sigma ** 2 / (level.alpha ** 2 + level.sigma ** 2), 14)
      }
  })

  /**
   * The variance over z, summed over m (in √v) and log v, of the gradient of s² + 2hs′ + 2(1 − h)sz/σ, s = (αm − x)/u,
   * at rows m ± √v: central differences of the loss, whose error is far below the steps of the search.
   */
  const spread = (v: number, { alpha, sigma }: (typeof levels)[number], share: number, antithetic: boolean): number => {
    const { nodes, weights } = Quadrature.gaussHermite(12)
    const loss = (m: number, logV: number, x0: number, z: number): number => {
      const u = alpha ** 2 * Math.exp(logV) + sigma ** 2
      const s = (alpha * (m - x0) - sigma * z) / u
      return s * s - (2 * (1 - share)) / u + (2 * share * s * z) / sigma
    }
    const e = 1e-4
    const at = (x0: number, z: number): readonly [number, number] => [
      (Math.sqrt(v) * (loss(e * v, Math.log(v), x0, z) - loss(-e * v, Math.log(v), x0, z))) / (2 * e * v),
      (loss(0, Math.log(v) + e, x0, z) - loss(0, Math.log(v) - e, x0, z)) / (2 * e)
    ]
    return [Math.sqrt(v), -Math.sqrt(v)].reduce((sum, x0) => {
      const rows = Array.from(nodes, z => {
        const a = at(x0, z)
        const b = at(x0, -z)
        return antithetic ? ([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2] as const) : a
      })
      return [0, 1].reduce((sum, j) => {
        const mean = rows.reduce((sum, row, i) => sum + weights[i] * row[j], 0)
        return sum + rows.reduce((sum, row, i) => sum + weights[i] * (row[j] - mean) ** 2, 0)
      }, sum)
    }, 0)
  }

  it.each([true, false])('is where the gradient of one Gaussian varies least; opposite draws: %s', antithetic => {
    for (const v of [0.05, 1, 4])
      for (const level of levels) {
        const share = denoisingShare(gaussian(v), { free: true, dim: 1, rank: 1, antithetic })(level)
        const least = spread(v, level, share, antithetic)
        // A quadratic in the share: less on both sides only at its minimum.
        for (const other of [share - 1e-3, share + 1e-3])
          expect(least, `v ${v}, σ ${level.sigma}`).toBeLessThan(spread(v, level, other, antithetic))
      }
  })

  once('is 1 where no signal is left, and 0 where no noise is', () => {
    for (const antithetic of [true, false]) {
      const at = denoisingShare(gaussian(0.3), { free: true, dim: 3, rank: 2, antithetic })
      expect(at({ alpha: 0, sigma: 1 })).toBe(1)
      expect(at({ alpha: 1, sigma: 0 })).toBe(0)
    }
  })
})

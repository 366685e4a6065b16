/**
 * The algebra of mixtures with tails and a background. Reference values: scipy 1.17.1, `stats.t.sf`, `stats.t.ppf` and
 * `stats.multivariate_t.logpdf`; elsewhere quadrature by the rectangle rule in sinh, which has all digits of densities of this kind.
 */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Discriminant, Key, Mixture } from '../../../src/index.js'
import * as Student from '../../../src/mixture/student.js'
import { isSlow, once } from '../../cases.js'

const close = (found: number, wanted: number, tolerance: number): void => {
  expect(Math.abs(found - wanted), `${found} for ${wanted}`).toBeLessThanOrEqual(
    tolerance * Math.max(1, Math.abs(wanted))
  )
}

/** Rows along a line, and ∫ f dx over it with x = sinh(u): what falls as |x|^−p with p > 1 falls exponentially in u. */
const nodes = (reach: number, step: number): ReadonlyArray<number> =>
  Array.from({ length: 2 * Math.round(reach / step) + 1 }, (_, i) => i * step - reach)

/** ∫ of(x) p(row(x)) dx */
const integral = (
  mixture: Mixture.Mixture,
  row: (x: number) => ReadonlyArray<number>,
  of: (x: number) => number = () => 1,
  reach = 26,
  step = 1 / 64
): number => {
  const us = nodes(reach, step)
  const values = Float64Array.from(us.flatMap(u => row(Math.sinh(u))))
  const logs = Mixture.logDensity({ rows: us.length, dim: values.length / us.length, values })(mixture)
  return us.reduce((sum, u, i) => sum + of(Math.sinh(u)) * Math.exp(logs[i]) * Math.cosh(u), 0) * step
}

const at = (...row: ReadonlyArray<number>) => ({ rows: 1, dim: row.length, values: Float64Array.from(row) })
const logDensity = (mixture: Mixture.Mixture, ...row: ReadonlyArray<number>): number =>
  Mixture.logDensity(at(...row))(mixture)[0]

const covariance = [[1, 0.5, 0.2], [0.5, 2, -0.3], [0.2, -0.3, 0.7]] // prettier-ignore
const one = Mixture.of({ means: [[0, 1, -1]], covariances: [covariance], tails: [2.5] })

/** Two t and a Gaussian, beside a Cauchy. */
const parts = {
  means: [[-2, 0], [2, 1], [0, 5]], // prettier-ignore
  weights: [0.5, 0.3, 0.2],
  covariances: [[[1, 0.6], [0.6, 1]], [[0.5, -0.2], [-0.2, 1]], [[1, 0], [0, 2]]], // prettier-ignore
  tails: [3, 6, null]
}
const background = { share: 0.1, shape: 'cauchy', centre: [0.5, 1], scale: [3, 2] } as const
const tailed = Mixture.of(parts)
const beside = Mixture.of({ ...parts, background })
const boxed = Mixture.of({ ...parts, background: { ...background, shape: 'box', scale: [30, 20] } })

describe('Student’s t', () => {
  once.each([
    [0.5, 3, 0.1836540779929717],
    [1, 0.2, 0.4371670418109989],
    [2.5, -1.5, 0.8760817734568519],
    [3, 50, 8.808576020635984e-6],
    [7.5, 1e4, 2.69416756339681e-28],
    [30, 2, 0.027312522481491547],
    [300, 9, 1.325794789130896e-17],
    [4, 1e-3, 0.499625000078125]
  ])('ν = %f has beyond %f what scipy says', (nu, x, wanted) => {
    expect(Math.abs(Student.studentTail(nu, x) / wanted - 1)).toBeLessThan(2e-12)
  })

  once.each([
    [0.7, 0.01, -135.57150574187784],
    [3, 0.9, 1.637744353696209],
    [12.5, 0.999, 3.8889417804034063],
    [250, 1e-10, -6.634744172349958]
  ])('of one column: ν = %f has the quantile of scipy at %f', (nu, p, wanted) => {
    const line = Mixture.of({ means: [[10]], variances: [4], tails: [nu] })
    close(Mixture.quantile(p)(line), 10 + 2 * wanted, 1e-11)
  })
})

/** Beside each background, and whatever shape it has. */
const kinds = [
  ['a Cauchy', beside],
  ['a box', boxed]
] as const

describe('score and divergence', () => {
  once.each([['nothing', Mixture.of({ ...parts, tails: [null, null, null] })], ...kinds] as const)(
    'are the derivatives of the log-density, beside %s',
    (_, mixture) => {
      // Inside the box and outside of it, each of two columns. Differences of fourth order: h⁴ = 1e-12, rounding 1e-16/h² = 1e-10.
      const h = 1e-3
      for (const row of [
        [-2, 0.3],
        [1, 4],
        [31, 2],
        [0, -25]
      ]) {
        const moved = (j: number, step: number): number =>
          logDensity(mixture, ...row.map((x, i) => (i === j ? x + step * h : x)))
        const first = (j: number): number =>
          (8 * (moved(j, 1) - moved(j, -1)) - (moved(j, 2) - moved(j, -2))) / (12 * h)
        const second = (j: number): number =>
          (16 * (moved(j, 1) + moved(j, -1)) - (moved(j, 2) + moved(j, -2)) - 30 * moved(j, 0)) / (12 * h * h)
        Mixture.score(at(...row))(mixture).values.forEach((s, j) => {
          close(s, first(j), 1e-9)
        })
        close(Mixture.divergence(at(...row))(mixture)[0], second(0) + second(1), 1e-7)
      }
    }
  )
})

describe('maps', () => {
  once.each([
    [[0, 0], -4.313650685202056],
    [[5, -3], -8.113361975597371],
    [[-40, 80], -20.505504108944738]
  ])('of a t have at %j the density of scipy', (row, wanted) => {
    const found = Mixture.affine({ matrix: [[1, 1, 0], [0, 2, -1]], offset: [1, -2] })(one) // prettier-ignore
    expect(Array.from(found.tails ?? [])).toEqual([2.5])
    close(logDensity(found, ...row), wanted, 1e-13)
  })

  once.each(kinds)('to some columns leave what the others integrate to, beside %s', (_, mixture) => {
    const second = Mixture.marginal([1])(mixture)
    expect(second.background?.share).toBe(0.1)
    // A box has edges, which the rule sees to a step.
    const tolerance = mixture === boxed ? 1e-3 : 1e-10
    for (const y of [-3, 0.4, 7, 19])
      close(
        integral(mixture, x => [x, y]),
        Math.exp(logDensity(second, y)),
        tolerance
      )
  })

  once('are those of the rows: a sum of columns, of which a Cauchy is the last component, with ν = 1', () => {
    const sum = Mixture.affine({ matrix: [[1, 1]], offset: [3] })(beside)
    expect(sum.background).toBeUndefined()
    expect(Array.from(sum.tails ?? [])).toEqual([3, 6, Infinity, 1])
    close(sum.weights[3], 0.1, 1e-15)
    for (const s of [-30, 0, 2, 5])
      close(
        integral(beside, x => [x, s - 3 - x]),
        Math.exp(logDensity(sum, s)),
        1e-10
      )
  })

  once('that keep columns apart keep the background', () => {
    const map = { matrix: [[0, -2], [3, 0]], offset: [1, 0] } // prettier-ignore
    for (const mixture of [beside, boxed]) {
      const found = Mixture.affine(map)(mixture)
      expect(found.background?.shape).toBe(mixture.background?.shape)
      for (const [x, y] of [
        [0, 0],
        [8, -3],
        [25, 2]
      ])
        // prettier-ignore
        close(logDensity(found, 1 - 2 * y, 3 * x), logDensity(mixture, x, y) - Math.log(6), 1e-13)
    }
    expect(() => Mixture.affine({ matrix: [[1, 1]] })(boxed)).toThrow(
      'mixture: with a background that is a box is not one that has an image where columns are added; give Mixture.withoutBackground'
    )
    expect(Mixture.affine({ matrix: [[1, 1]] })(Mixture.withoutBackground(boxed)).weights.length).toBe(3)
  })
})

describe('moments', () => {
  const heavier = Mixture.of({ ...parts, background: { ...background, shape: 'box' } })
  once('are those of the density, by quadrature', () => {
    // |x|² p falls as |x|^−2 where ν = 3: quadrature is left with e^−26.
    const { mean, covariance } = Mixture.moments(Mixture.withoutBackground(heavier))
    const line = Mixture.marginal([1])(Mixture.withoutBackground(heavier))
    const along = (of: (y: number) => number): number => integral(line, y => [y], of) // prettier-ignore
    const first = along(y => y)
    close(mean[1], first, 1e-9)
    close(covariance.values[3], along(y => (y - first) ** 2), 1e-9) // prettier-ignore
    // and those of a box beside it
    const all = Mixture.moments(heavier)
    close(all.mean[0], 0.9 * mean[0] + 0.1 * 0.5, 1e-14)
    const a = mean[0] - all.mean[0]
    const b = 0.5 - all.mean[0]
    close(all.covariance.values[0], 0.9 * (covariance.values[0] + a * a) + 0.1 * (9 / 3 + b * b), 1e-13)
  })

  once.each([
    ['a Cauchy', beside],
    ['ν = 2', Mixture.of({ means: [[0, 0]], tails: [2] })]
  ])('there are none of %s', (_, mixture) => {
    expect(() => Mixture.moments(mixture)).toThrow(/not one that has a covariance; take Mixture.withoutBackground/)
  })

  once('say along which directions components differ', () => {
    // The covariances of t of ν = 4 are twice their scales: the directions of Gaussians so wide.
    const both = { means: [[0, 0, 0], [1, 2, 0], [3, 0, 1]], weights: [0.3, 0.3, 0.4] } // prettier-ignore
    const t = Mixture.of({ ...both, covariances: [covariance, covariance, covariance], tails: [4, 4, 4] })
    const twice = covariance.map(row => row.map(x => 2 * x))
    const wide = Mixture.of({ ...both, covariances: [twice, twice, twice] })
    const [found, wanted] = [t, wide].map(mixture => Discriminant.directions()(mixture))
    found.shares.forEach((share, r) => {
      close(share, wanted.shares[r], 1e-12)
    })
  })
})

describe('quantiles', () => {
  once.each(kinds)('are where the density has summed to p, beside %s', (_, mixture) => {
    const line = Mixture.marginal([0])(mixture)
    for (const p of [1e-3, 0.2, 0.5, 0.97]) {
      const x = Mixture.quantile(p)(line)
      close(Mixture.cdf(x)(line), p, 1e-12)
      // The slope is the density.
      const h = 1e-5
      const slope = (Mixture.cdf(x + h)(line) - Mixture.cdf(x - h)(line)) / (2 * h)
      expect(Math.abs(slope / Math.exp(logDensity(line, x)) - 1)).toBeLessThan(1e-6)
    }
  })
})

describe('predictions', () => {
  once.each([
    [[0.5, 1, -1], -0.9987394316217435, -1.8569299174529348],
    [[3, -4, 2], -3.5998667772328368, -6.334286812529493],
    [[-20, 10, 4], -5.106375605534051, -13.662085103749536]
  ])('of a t are the t of scipy at %j', (row, conditional, rest) => {
    const found = Mixture.predict([1])(at(...row))(one)
    expect(Array.from(found.at(0).tails ?? [])).toEqual([4.5])
    close(logDensity(found.at(0), row[1]), conditional, 1e-13)
    close(found.logDensity[0], rest, 1e-13)
  })

  once.each([[-2.5], [1], [40]])('have mean, sd and quantiles by quadrature, at x = %f', x => {
    const found = Mixture.predict([1])(at(x))(tailed)
    const total = integral(tailed, y => [x, y])
    const over = (of: (y: number) => number): number => integral(tailed, y => [x, y], of) / total
    const mean = over(y => y)
    close(found.mean.values[0], mean, 1e-9)
    close(found.sd.values[0], Math.sqrt(over(y => (y - mean) ** 2)), 1e-9)
    close(found.logDensity[0], Math.log(total), 1e-10)
    for (const p of [0.05, 0.5, 0.9]) {
      const y = found.quantile(p).values[0]
      close(Mixture.cdf(y)(found.at(0)), p, 1e-12)
      close(Mixture.quantile(p)(found.at(0)), y, 1e-11)
    }
  })

  once.each(kinds)('are of rows that are of components, and say how likely a row is of none: %s', (_, mixture) => {
    const rows = { rows: 3, dim: 2, values: Float64Array.of(-2, NaN, 9, NaN, NaN, NaN) }
    const found = Mixture.predict([1])(rows)(mixture)
    const alone = Mixture.predict([1])(rows)(tailed)
    expect(found.mean.values).toEqual(alone.mean.values)
    expect(found.sd.values).toEqual(alone.sd.values)
    expect(found.quantile(0.9).values).toEqual(alone.quantile(0.9).values)
    const first = Mixture.marginal([0])(mixture)
    const shares = Mixture.responsibilities({ rows: 2, dim: 1, values: Float64Array.of(-2, 9) })(first).values
    for (const i of [0, 1]) {
      close(found.background[i], shares[4 * i + 3], 1e-14)
      close(found.logDensity[i], logDensity(first, [-2, 9][i]), 1e-14)
    }
    close(found.background[2], 0.1, 1e-14)
    expect(Array.from(alone.background)).toEqual([0, 0, 0])
    expect(Mixture.impute(rows)(mixture).values).toEqual(Mixture.impute(rows)(tailed).values)
  })

  once('of a t whose ν and cells are 2 at most have quantiles and no standard deviation', () => {
    const found = Mixture.predict([1])(at(3))(Mixture.of({ means: [[0, 0]], tails: [1] }))
    expect(found.sd.values[0]).toBe(Infinity)
    expect(Number.isFinite(found.quantile(0.9).values[0] + found.mean.values[0])).toBe(true)
  })

  it.runIf(isSlow)('cover as often as they say', () => {
    const points = Mixture.sample(1000)(Key.fromSeed(5))(tailed)
    const { quantile } = Mixture.predict([1])(points)(tailed)
    const low = quantile(0.1).values
    const high = quantile(0.9).values
    const inside = low.filter((l, i) => l <= points.values[2 * i + 1] && points.values[2 * i + 1] <= high[i]).length
    // four standard errors, √(.8 · .2/1000)
    expect(Math.abs(inside / 1000 - 0.8)).toBeLessThan(4 * 0.0127)
  })
})

describe('what is seen with noise', () => {
  const y = 4.2
  const r = 0.7
  const noise = (e: number): number => Math.exp((-e * e) / (2 * r * r)) / (r * Math.sqrt(2 * Math.PI))
  const observation = { matrix: [[1, 1]], observed: [y], deviation: r }

  once('leaves the posterior of Bayes’ rule, beside a Cauchy', () => {
    const evidence = Mixture.logEvidence(observation)(beside)
    const sum = Mixture.affine({ matrix: [[1, 1]] })(beside)
    const wanted = integral(sum, s => [s], s => noise(y - s), 12, 1 / 256) // prettier-ignore
    close(Math.exp(evidence), wanted, 1e-9)
    const posterior = Mixture.given(observation)(beside)
    for (const [a, b] of [
      [1, 3],
      [-2, 5],
      [20, -15]
    ])
      // prettier-ignore
      close(
        logDensity(posterior, a, b),
        logDensity(beside, a, b) + Math.log(noise(y - a - b)) - evidence,
        1e-8
      )
  })

  once('is not told beside a box', () => {
    expect(() => Mixture.given(observation)(boxed)).toThrow(/'box' is not made of Gaussians/)
  })
})

describe('mixtures of mixtures', () => {
  once('keep tails, and refuse a background', () => {
    const both = Mixture.mix([0.5, 0.5])([tailed, one].map(Mixture.marginal([0])))
    expect(Array.from(both.tails ?? [])).toEqual([3, 6, Infinity, 2.5])
    expect(() => pipe([tailed, beside], Mixture.mix([0.5, 0.5]))).toThrow(
      'mixtures: one with a background is not of components alone'
    )
  })
})

describe('an observation far from a component with tails', () => {
  // ν = 300 ran out of Gaussians, and was an error about a property of undefined.
  once.each([3, 30, 300, 1e4])('of ν = %d has its posterior, or is refused with the range', nu => {
    const t = Mixture.of({ means: [[0]], tails: [nu] })
    const density = (y: number): number => Mixture.logDensity({ rows: 1, dim: 1, values: Float64Array.of(y) })(t)[0]
    for (const y of [1, 10, 30, 100, 1e3, 1e5, 1e7, 1e10, 1e12, 1e14]) {
      const seen = { matrix: [[1]], observed: [y], deviation: 1e-4 } // prettier-ignore
      const ask = () => [Mixture.logEvidence(seen)(t), Mixture.moments(Mixture.given(seen)(t)).mean[0]]
      // A t is smooth at the scale of this noise: the score is at most 30, and half its square times 1e-8 is less than 1e-5.
      if (y <= (nu > 30 ? 30 : 1000)) {
        const [evidence, mean] = ask()
        expect(Math.abs(evidence - density(y))).toBeLessThan(1e-5)
        expect(Math.abs(mean / y - 1)).toBeLessThan(1e-3)
      } else if (y > 1e7 || (nu >= 300 && y >= 1e3))
        expect(ask).toThrow(/observed: \[.*within the range of the Gaussians/)
    }
  })
})

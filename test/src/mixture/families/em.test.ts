/** M-steps of the families at any noise level: exact above their floor. */
import { describe, expect, it } from 'vitest'
import { Key } from '../../../../lib/index.js'
import * as Params from '../../../../src/core/params.js'
import { draw, emStep, expect as expectation, meanLogDensity, points, sorts, type Made } from './families.js'
import { spread } from '../../../cases.js'
import { there } from '../../../there.js'

/** Weights of rows that differ by a factor of ten, and sum to 1. */
const weightsOf = (rows: number, seed: number): Float64Array => {
  const raw = Key.uniform(rows)(Key.fromSeed(seed)).map(u => 0.1 + 0.9 * u)
  const total = raw.reduce((a, b) => a + b, 0)
  return raw.map(w => w / total)
}

const levels = [
  { alpha: 1, sigma: 0 },
  ...[0.01, 0.1, 0.5, 1.5].map(t => ({ alpha: Math.exp(-t), sigma: Math.sqrt(-Math.expm1(-2 * t)) }))
]

/** Some rows lie on one line, so that a covariance reaches the floor. */
const flat = (rows: number, dim: number): Float64Array =>
  points(rows, dim, 11).map((x, at) => (Math.floor(at / dim) % 3 === 0 && at % dim > 0 ? 3 : x))

const largest = (values: Float64Array): number => values.reduce((most, x) => Math.max(most, Math.abs(x)), 0)

describe.each(sorts)('expectation–maximization of $name', sort => {
  it.each(spread(4)(levels))('never lowers the likelihood of weighted rows, at α = $alpha', level => {
    for (const floor of [1e-6, 0.05]) {
      const rows = 60
      const dim = 3
      const noise = points(rows, dim, 5, 1)
      const x = flat(rows, dim).map((x, at) => level.alpha * x + level.sigma * noise[at])
      const weights = weightsOf(rows, 3)
      let made: Made = draw(sort, 3, dim, 7)
      // The first step brings the parameters above the floor; from then on each is a maximum over what it may be.
      made = { ...made, params: emStep(made, x, weights, level, floor) }
      let before = meanLogDensity(made, x, weights, level)
      const first = before
      for (let step = 0; step < 40; step++) {
        made = { ...made, params: emStep(made, x, weights, level, floor) }
        const after = meanLogDensity(made, x, weights, level)
        // a sum of 60 terms of size up to 10, whose exponents have been rounded at a condition of up to 1e3
        expect(after - before).toBeGreaterThan(-1e-12)
        before = after
      }
      expect(before).toBeGreaterThan(first)
    }
  })

  it('finds what no covariance above the floor beats', () => {
    const rows = 40
    const dim = 3
    let clipped = 0
    for (const level of levels)
      for (const floor of [1e-3, 6]) {
        const noise = points(rows, dim, 6, 1)
        const x = flat(rows, dim).map((x, at) => level.alpha * x + level.sigma * noise[at])
        const weights = weightsOf(rows, 4)
        const made = draw(sort, 2, dim, 9)
        // The expected log-likelihood under responsibilities of the old parameters, in plain loops.
        const { maximise } = there(made.family.mStep)
        const { mass, second, sums } = expectation(made, x, weights, level, 'full')
        const asked = expectation(made, x, weights, level, there(made.family.mStep).second)
        const at = { level, floor, dim }
        // A generalized M-step is a maximum where nothing more is gained by it.
        let best = maximise(made.params, asked, at)
        if (sort.name === 'lowRank')
          for (let more = 0; more < 300; more++)
            best = {
              ...best,
              ...only(maximise({ ...best, means: made.params.means }, asked, at), ['factors', 'logNoise'])
            }
        const expected = (params: Params.Params<string>): number =>
          expectedLogLikelihood(sort.covariances(params), params, made, { mass, second, sums }, level)
        const value = expected(best)
        const along = (count: number, trial: number, size: number): ((v: number, i: number) => number) => {
          const z = Key.normal(count)(Key.child(trial)(Key.fromSeed(17)))
          return (v, i) => v + size * z[i]
        }
        for (let trial = 0; trial < 24; trial++) {
          const size = 10 ** -(trial % 4)
          const moved = Params.map<{ shape: ReadonlyArray<number>; values: Float64Array }, typeof best.means>(
            ({ shape, values }, name) =>
              name === 'means' || name === 'logits'
                ? { shape, values }
                : {
                    shape,
                    values: values.map(along(values.length, trial, size))
                  }
          )(best)
          if (leastEigenvalue(sort.covariances(moved)) < floor) continue
          expect(expected(moved)).toBeLessThan(value + (sort.near ?? 1e-12))
        }
        if (leastEigenvalue(sort.covariances(best)) < floor * (1 + 1e-9)) clipped++
        expect(leastEigenvalue(sort.covariances(best))).toBeGreaterThan(floor * (1 - 1e-9))
      }
    expect(clipped).toBeGreaterThan(1)
  })

  it('leaves a component without rows where it is, at a weight of 0', () => {
    const made = draw(sort, 3, 2, 21)
    const means = { ...made.params.means, values: made.params.means.values.map((c, at) => (at < 2 ? 1e4 : c)) }
    const lost = { ...made, params: { ...made.params, means } }
    const params = emStep(lost, points(50, 2, 1), new Float64Array(50).fill(1 / 50), { alpha: 1, sigma: 0 }, 1e-6)
    expect([...params.means.values.slice(0, 2)]).toEqual([1e4, 1e4])
    expect(Math.exp(params.logits.values[0])).toBeLessThan(1e-300)
    expect(Params.isFinite(params)).toBe(true)
    if (!sort.isTied) expect(sort.covariances(params)[0]).toEqual(sort.covariances(lost.params)[0])
  })

  it('stays finite on equal rows, at the floor', () => {
    const made = draw(sort, 2, 2, 22)
    const params = emStep(
      made,
      new Float64Array(20).fill(0.7),
      new Float64Array(10).fill(0.1),
      { alpha: 1, sigma: 0 },
      1e-6
    )
    expect(Params.isFinite(params)).toBe(true)
    expect(largest(params.means.values.map(c => c - 0.7))).toBeLessThan(1e-14)
    for (const covariance of sort.covariances(params))
      covariance.forEach((row, i) => row.forEach((v, j) => expect(v).toBeCloseTo(i === j ? 1e-6 : 0, 16)))
  })
})

const only = (params: Params.Params<string>, names: ReadonlyArray<string>): Params.Params<string> =>
  Object.fromEntries(Object.entries(params).filter(([name]) => names.includes(name)))

type Matrix = ReadonlyArray<ReadonlyArray<number>>

/** L of A = LLᵀ by its definition; NaN where there is none. */
const cholesky = (a: Matrix): number[][] => {
  const l = a.map(row => row.map(() => 0))
  a.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      const rest = l[i].slice(0, j).reduce((sum, x, k) => sum - x * l[j][k], row[j])
      l[i][j] = i === j ? Math.sqrt(rest) : rest / l[j][j]
    }
  })
  return l
}

/** By bisection on whether A − λI has a factor. */
function leastEigenvalue(all: ReadonlyArray<Matrix>): number {
  return Math.min(
    ...all.map(a => {
      let low = 0
      let high = Math.min(...a.map((row, i) => row[i]))
      for (let step = 0; step < 100; step++) {
        const middle = (low + high) / 2
        const has = cholesky(a.map((row, i) => row.map((x, j) => (i === j ? x - middle : x)))).every(
          (row, i) => row[i] > 0
        )
        if (has) low = middle
        else high = middle
      }
      return high
    })
  )
}

/** Σ_k −½(m_k log|S_k| + tr S_k⁻¹ Σr(x − αc_k)(x − αc_k)ᵀ), from moments about the old centres. */
function expectedLogLikelihood(
  covariances: ReadonlyArray<Matrix>,
  params: Params.Params<string>,
  old: Made,
  { mass, sums, second }: { mass: Float64Array; sums: Float64Array; second: Float64Array },
  { alpha, sigma }: { alpha: number; sigma: number }
): number {
  const { dim } = old
  return covariances.reduce((sum, covariance, k) => {
    const s = covariance.map((row, i) => row.map((v, j) => alpha * alpha * v + (i === j ? sigma * sigma : 0)))
    const l = cholesky(s)
    const step = Array.from(
      { length: dim },
      (_, i) => alpha * (params.means.values[k * dim + i] - old.params.means.values[k * dim + i])
    )
    const scatter = s.map((row, i) =>
      row.map(
        (_, j) =>
          second[(k * dim + i) * dim + j] -
          step[i] * sums[k * dim + j] -
          sums[k * dim + i] * step[j] +
          mass[k] * step[i] * step[j]
      )
    )
    // tr S⁻¹M = Σ_j (S⁻¹M)_jj, column by column
    const trace = scatter.reduce((sum, _, j) => {
      const y = scatter.map(row => row[j])
      for (let i = 0; i < dim; i++) y[i] = l[i].slice(0, i).reduce((rest, x, n) => rest - x * y[n], y[i]) / l[i][i]
      for (let i = dim - 1; i >= 0; i--) {
        for (let n = i + 1; n < dim; n++) y[i] -= l[n][i] * y[n]
        y[i] /= l[i][i]
      }
      return sum + y[j]
    }, 0)
    const logDet = 2 * l.reduce((sum, row, i) => sum + Math.log(row[i]), 0)
    return sum - (mass[k] * logDet + trace) / 2
  }, 0)
}

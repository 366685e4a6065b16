/** General mixtures by the score: corrections to expectation–maximization, hidden weights, moments at high noise. */
import { describe, expect, it } from 'vitest'
import { main, type Direction, type Part } from '../../examples/paper/general-mixtures.js'

const { parts, blindness, seen } = main('quick').measured

/**
 * −P E[w(δ + κr)] and −sym P E[w δrᵀ]P − ½P E[wκ(rrᵀ − S)]P of each component, δ_k = s_k − s,
 * κ_k = ⟨s_k, δ_k⟩ − tr P_k − Σ w_j(|δ_j|² − tr P_j).
 */
const corrections = ({ student, xt }: Part): ReadonlyArray<Direction> => {
  const P = student.map(({ covariance: [a, b, c, d] }) => [d, -b, -c, a].map(x => x / (a * d - b * c)))
  const centre = student.map(() => [0, 0])
  const covariance = student.map(() => [0, 0, 0, 0])
  for (let i = 0; i < xt.rows; i++) {
    const x = [xt.values[2 * i], xt.values[2 * i + 1]]
    const r = student.map(({ centre: [u, v] }) => [x[0] - u, x[1] - v])
    const s = r.map(([u, v], k) => [-(P[k][0] * u + P[k][1] * v), -(P[k][2] * u + P[k][3] * v)])
    const logs = student.map(
      ({ weight }, k) =>
        Math.log(weight) +
        Math.log(P[k][0] * P[k][3] - P[k][1] * P[k][2]) / 2 +
        (s[k][0] * r[k][0] + s[k][1] * r[k][1]) / 2
    )
    const top = Math.max(...logs)
    const total = logs.reduce((sum, log) => sum + Math.exp(log - top), 0)
    const w = logs.map(log => Math.exp(log - top) / total)
    const mean = [0, 1].map(j => w.reduce((sum, share, k) => sum + share * s[k][j], 0))
    const delta = s.map(one => one.map((value, j) => value - mean[j]))
    const trace = P.map(p => p[0] + p[3])
    const common = w.reduce((sum, share, k) => sum + share * (delta[k][0] ** 2 + delta[k][1] ** 2 - trace[k]), 0)
    student.forEach((one, k) => {
      const kappa = s[k][0] * delta[k][0] + s[k][1] * delta[k][1] - trace[k] - common
      const share = (xt.weights?.[i] ?? 1) * w[k]
      const pull = [0, 1].map(j => delta[k][j] + kappa * r[k][j])
      centre[k] = centre[k].map((sum, j) => sum - share * (P[k][2 * j] * pull[0] + P[k][2 * j + 1] * pull[1]))
      const inner = [0, 1].flatMap(a =>
        [0, 1].map(
          b =>
            (delta[k][a] * r[k][b] + delta[k][b] * r[k][a]) / 2 +
            (kappa / 2) * (r[k][a] * r[k][b] - one.covariance[2 * a + b])
        )
      )
      covariance[k] = covariance[k].map((sum, at) => {
        const a = Math.floor(at / 2)
        const b = at % 2
        const outer = [0, 1].flatMap(e => [0, 1].map(f => P[k][2 * a + e] * inner[2 * e + f] * P[k][2 * f + b]))
        return sum - share * outer.reduce((all, x) => all + x, 0)
      })
    })
  }
  return student.map((_, k) => ({
    centre: [centre[k][0], centre[k][1]],
    covariance: [covariance[k][0], covariance[k][1], covariance[k][2], covariance[k][3]]
  }))
}

describe('the direction of descent for full covariances', () => {
  it('is the step of expectation–maximization and the correction in closed form', () => {
    for (const part of parts) {
      const expected = corrections(part)
      part.descent.forEach((found, k) => {
        for (const of of ['centre', 'covariance'] as const)
          // Sums of 3200 terms of size 10, cancelled and inverted: 1e-15 · 10 · κ, and no more.
          found[of].forEach((x, j) => {
            expect(Math.abs(x - part.maximization[k][of][j] - expected[k][of][j])).toBeLessThan(1e-11)
          })
      })
    }
  })

  it('is that of expectation–maximization up to 3 % where components are far apart, and not where they are near', () => {
    const [near, , far] = parts
    expect(Math.max(far.centres, far.covariances)).toBeLessThan(0.03)
    expect(Math.min(near.centres, near.covariances)).toBeGreaterThan(0.1)
  })
})

describe('weights', () => {
  it('hide from one noise level as components move apart', () => {
    const [near, middle, far] = blindness
    expect(far.oneLevel).toBeLessThan(near.oneLevel / 100)
    expect(middle.oneLevel).toBeLessThan(near.oneLevel)
    // Descent on one level leaves them where they are: 0.6 for 0.3.
    expect(far.learnedAtOne).toBeGreaterThan(0.55)
  })

  it('show at all levels together as in the likelihood, and are learned', () => {
    for (const { allLevels, likelihood, learnedFromAll } of blindness) {
      // 48 nodes in t and 32 in x and in z: far below 1e-4 of a smooth integrand.
      expect(Math.abs(allLevels / likelihood - 1)).toBeLessThan(1e-3)
      expect(learnedFromAll).toBeCloseTo(0.3, 3)
    }
  })
})

describe('high noise', () => {
  it('sees the first moment that is wrong, to a relative α²', () => {
    const time = 2.5
    // The next order is α² = 0.7 % times what moments of size 10 make of it.
    for (const { excess, moments } of seen.filter(one => one.time === time))
      expect(Math.abs(excess / moments - 1)).toBeLessThan(0.1)
    for (const { excess, moments } of seen.filter(one => one.time !== time && one.order !== 3))
      expect(Math.abs(excess / moments - 1)).toBeGreaterThan(0.1)
  })

  it('sees each order less than the one before', () => {
    const late = seen.filter(({ time }) => time === 2.5).map(({ excess }) => excess)
    expect(late[1]).toBeLessThan(late[0] / 50)
    expect(late[2]).toBeLessThan(late[0] / 1000)
  })
})

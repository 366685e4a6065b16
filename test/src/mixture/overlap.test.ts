/** Misclassification probabilities of pairs, against roots of a quadratic and normal tails. */
import { describe, expect, it } from 'vitest'
import * as Normal from '../../../lib/numbers/normal.js'
import { gaussLegendre } from '../../../lib/numbers/quadrature.js'
import { Key } from '../../../src/index.js'
import * as Mixture from '../../../src/mixture/index.js'
import { probabilityBelow } from '../../../src/mixture/quadraticForm.js'
import { SEED } from '../../cases.js'

interface Side {
  readonly weight: number
  readonly mean: number
  readonly variance: number
}

const rule = gaussLegendre(20)

/** P(lo < Z < hi), by panels of quadrature. */
const share = (lo: number, hi: number): number => {
  const [from, to] = [Math.max(lo, -39), Math.min(hi, 39)]
  if (!(from < to)) return 0
  const panels = Math.ceil(4 * (to - from))
  return Array.from({ length: panels }, (_, i) => {
    const { nodes, weights } = rule(from + ((to - from) * i) / panels, from + ((to - from) * (i + 1)) / panels)
    return nodes.reduce((sum, z, j) => sum + weights[j] * Math.exp((-z * z) / 2), 0) / Math.sqrt(2 * Math.PI)
  }).reduce((a, b) => a + b, 0)
}

/** P(ρ N(x; n, u) > π N(x; m, v)) for x from N(m, v), by where A x² + B x + C < 0 with x in units of that normal; and how ill-conditioned it is. */
const closedForm = (p: Side, q: Side): { readonly share: number; readonly condition: number } => {
  const d = (q.mean - p.mean) / Math.sqrt(p.variance)
  const w = q.variance / p.variance
  // log π N_p − log ρ N_q
  const A = (1 / w - 1) / 2
  const B = -d / w
  const C = (d * d) / (2 * w) + Math.log(p.weight / q.weight) + Math.log(w) / 2
  const discriminant = B * B - 4 * A * C
  const size = B * B + Math.abs(4 * A * C)
  const condition = size / Math.abs(discriminant)
  if (discriminant <= 0) return { share: A > 0 ? 0 : 1, condition }
  const t = -(B + Math.sign(B) * Math.sqrt(discriminant)) / 2
  const [lo, hi] = [t / A, C / t].sort((a, b) => a - b)
  return { share: A > 0 ? share(lo, hi) : Normal.normalTail(-lo) + Normal.normalTail(hi), condition }
}

/** The tolerance of the integral, and the rounding of log-densities, roots and tails. */
const near = (found: number, wanted: ReturnType<typeof closedForm>, text: string): void => {
  const relative = 2e-12 + 2e-14 * (Math.abs(Math.log(wanted.share)) + wanted.condition)
  expect(Math.abs(found / wanted.share - 1), `${text}: ${found} for ${wanted.share}`).toBeLessThan(relative)
}

const u = (seed: number): Float64Array => Key.uniform(5000)(Key.child(seed)(Key.fromSeed(SEED)))

const pairs = Array.from({ length: 1000 }, (_, i) => {
  const [a, b, c, d, e] = u(9).subarray(5 * i, 5 * i + 5)
  const p = { weight: 0.05 + a, mean: 0, variance: Math.exp(4 * b - 2) }
  return [p, { weight: 0.05 + c, mean: 5 * d, variance: Math.exp(4 * e - 2) }] as const
})
const bothWays = ([p, q]: (typeof pairs)[number]) =>
  [closedForm(p, q), closedForm(q, p)].map(one => ({ ...one, isSure: one.share > 1e-290 && one.condition < 1e4 }))

describe('the overlap of two components', () => {
  it('is right to all digits where the integrand falls slowly', () => {
    const mixture = Mixture.of({ means: [[0], [1.533]], weights: [0.705, 0.405], variances: [1, 0.534] })
    expect(Mixture.overlap(mixture).values[2]).toBeCloseTo(0.23427533225482834, 14)
  })

  it('is the closed form in one column, of 1 000 pairs', () => {
    for (const pair of pairs) {
      const [p, q] = pair
      const { values } = Mixture.overlap(
        Mixture.of({ means: [[p.mean], [q.mean]], weights: [p.weight, q.weight], variances: [p.variance, q.variance] })
      )
      bothWays(pair).forEach((wanted, k) => {
        if (wanted.isSure) near(values[1 + k], wanted, `${JSON.stringify(pair)}, seed ${SEED}`)
      })
    }
  })

  it('is the closed form of one column if two differ along one rotated direction', () => {
    const [cos, sin] = [0.6, 0.8]
    const rotated = ({ variance }: Side, other: number) => [
      [cos * cos * variance + sin * sin * other, cos * sin * (variance - other)],
      [cos * sin * (variance - other), sin * sin * variance + cos * cos * other]
    ]
    for (const pair of pairs.slice(0, 200)) {
      const [p, q] = pair
      const covariances = [rotated(p, 0.7), rotated(q, 0.7)]
      const means = [p, q].map(({ mean }) => [cos * mean, sin * mean])
      const { values } = Mixture.overlap(Mixture.of({ means, weights: [p.weight, q.weight], covariances }))
      // A covariance has half of the digits of a narrow direction: variances differ by up to e⁴.
      bothWays(pair).forEach((wanted, k) => {
        if (wanted.isSure && wanted.condition < 100)
          expect(Math.abs(values[1 + k] / wanted.share - 1), JSON.stringify(pair)).toBeLessThan(
            1e-11 + 1e-13 * wanted.condition - 2e-13 * Math.log(wanted.share)
          )
      })
    }
  })

  it('is the integral over one column of closed forms in the other, if both differ', () => {
    for (let i = 0; i < 100; i++) {
      const [r, s, m, n, w] = u(11).subarray(5 * i)
      const scales = [Math.exp(2 * r - 1), Math.exp(2 * s - 1)]
      const shifts = [3 * m, 2 * n]
      const c = 8 * w - 3 + 2 * Math.log(scales[0] * scales[1])
      const a = scales.map(s => s * s - 1)
      const form = { a: Float64Array.from(a), b: Float64Array.from(shifts), beta: Float64Array.from(shifts, (b, j) => b * scales[j]) } // prettier-ignore
      const wanted = byColumns(a, shifts, scales, c)
      const found = probabilityBelow(form, c)
      // Ten digits of the larger of it and 1e-4: the reference adds terms of size 1.
      expect(Math.abs((found ?? NaN) - wanted), JSON.stringify({ a, shifts, c })).toBeLessThan(1e-10 * (wanted + 1e-4))
    }
  })

  it('is that of an exponential distribution if both columns are equal', () => {
    for (const c of [1e-6, 0.1, 1, 10, 400]) {
      const a = 0.7
      const form = { a: Float64Array.of(a, a), b: new Float64Array(2), beta: new Float64Array(2) }
      expect((probabilityBelow(form, c) ?? NaN) / -Math.expm1(-c / (2 * a))).toBeCloseTo(1, 11)
      const negative = { ...form, a: Float64Array.of(-a, -a) }
      expect((probabilityBelow(negative, -c) ?? NaN) / Math.exp(-c / (2 * a))).toBeCloseTo(1, 11)
    }
  })
})

/** P(a y² + 2sby + b² < c) of one normal y. */
const ofOne = (a: number, b: number, s: number, c: number): number => {
  const discriminant = b * b + a * c
  if (discriminant <= 0) return a > 0 ? 0 : 1
  const roots = [-1, 1].map(sign => (-s * b + sign * Math.sqrt(discriminant)) / a).sort((x, y) => x - y)
  return a > 0
    ? Normal.normalTail(roots[0]) - Normal.normalTail(roots[1])
    : Normal.normalTail(-roots[0]) + Normal.normalTail(roots[1])
}

/** That of two columns: over the second by quadrature, in pieces that end where the discriminant of the first is 0, which sines smooth. */
const byColumns = (
  [a, e]: ReadonlyArray<number>,
  [b, f]: ReadonlyArray<number>,
  [s, t]: ReadonlyArray<number>,
  c: number
): number => {
  // prettier-ignore
  const rest = (y: number): number => c - e * y * y - 2 * t * f * y - f * f
  // b² + a(c − e y² − 2 t f y − f²) = 0
  const inner = a * a * t * t * f * f + a * e * (b * b + a * (c - f * f))
  const roots = inner > 0 ? [-1, 1].map(sign => (-t * f * a + sign * Math.sqrt(inner)) / (a * e)) : []
  const ends = [-12, ...roots.filter(y => Math.abs(y) < 12), 12].sort((x, y) => x - y)
  return ends.slice(1).reduce((sum, to, i) => {
    const from = ends[i]
    const panels = 64
    const pieces = Array.from({ length: panels }, (_, k) => {
      const { nodes, weights } = rule(Math.PI * (k / panels - 0.5), Math.PI * ((k + 1) / panels - 0.5))
      return nodes.reduce((all, angle, j) => {
        const y = (from + to) / 2 + ((to - from) / 2) * Math.sin(angle)
        const density = Math.exp((-y * y) / 2) / Math.sqrt(2 * Math.PI)
        return all + weights[j] * ((to - from) / 2) * Math.cos(angle) * density * ofOne(a, b, s, rest(y))
      }, 0)
    })
    return sum + pieces.reduce((x, y) => x + y, 0)
  }, 0)
}

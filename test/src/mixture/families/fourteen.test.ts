/** The fourteen covariances by volume, shape and orientation, against mclust and NumPy (`test/oracle/covariance.json`). */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { symmetricEigen } from '../../../../lib/arrays/linalg.js'
import type { NdArray } from '../../../../lib/index.js'
import { Covariance, ExpectationMaximization, Key, Mixture, Params, type Points } from '../../../../src/index.js'
import * as Score from '../../../../src/score/score.js'
import * as Spectrum from '../../../../src/mixture/families/spectrum.js'
import * as Prior from '../../../../src/mixture/em/prior.js'
import { rowsOf } from '../../../tables.js'
import { there } from '../../../there.js'
import { apart, asked, clean, covariancesOf, deviance, familyOf, mixtureOf, ofSpecies } from './families.js'

type Matrix = ReadonlyArray<ReadonlyArray<number>>
interface Step {
  readonly sigma: ReadonlyArray<Matrix>
  readonly objective: number
  readonly floor: number
  readonly floored: ReadonlyArray<Matrix>
  readonly flooredObjective: number
  readonly map: ReadonlyArray<Matrix>
  readonly level: readonly [number, number]
  readonly noisyObjective: number
}
interface Reference {
  readonly counts: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly mstep: ReadonlyArray<{
    readonly x: Matrix
    readonly z: Matrix
    readonly means: Matrix
    readonly mapMeans: Matrix
    readonly second: ReadonlyArray<Matrix>
    readonly models: Readonly<Record<string, Step>>
  }>
  readonly em: Readonly<
    Record<string, { readonly models: Readonly<Record<string, { readonly loglik: number; readonly mclust: number }>> }>
  >
  readonly level: {
    readonly x: Matrix
    readonly level: readonly [number, number]
    readonly models: Readonly<
      Record<
        string,
        {
          readonly weights: ReadonlyArray<number>
          readonly means: Matrix
          readonly logEigenvalues: Matrix
          readonly orientations: ReadonlyArray<Matrix>
          readonly logDensity: Matrix
          readonly score: Matrix
          readonly divergence: ReadonlyArray<number>
        }
      >
    >
  }
}

const reference = JSON.parse(
  readFileSync(new URL('../../../oracle/covariance.json', import.meta.url), 'utf8')
) as Reference

const flat = (values: ReadonlyArray<unknown>): Float64Array => Float64Array.from(values.flat(3) as number[])

/** VEE, EVE and VVE stop where a turn promises no more than rounding; the others are exact. References have thirteen digits. */
const inner = new Set<string>(['VEE', 'EVE', 'VVE'])

describe.each(Covariance.names)('%s', name => {
  it('has as many free parameters as mclust counts', () => {
    for (const [size, count] of Object.entries(reference.counts[name])) {
      const [, dim, components] = (/d(\d+)K(\d+)/.exec(size) ?? []).map(Number)
      const counted = Score.degreesOfFreedom(dim)(mixtureOf(name, components))
      expect(counted).toBe(count + components * dim + components - 1)
    }
  })

  it('has the densities of the reference at a noise level', () => {
    const { x, level, models } = reference.level
    const { weights, means, logEigenvalues, orientations, ...wanted } = models[name]
    const dim = x[0].length
    const covariances = logEigenvalues.map((l, k) =>
      x[0].map((_, i) =>
        x[0].map((_, j) =>
          l.reduce((sum, e, a) => sum + Math.exp(e) * orientations[k][i][a] * orientations[k][j][a], 0)
        )
      )
    )
    const model = Score.interpret(mixtureOf(name, weights.length))
    const family = there(model.family)
    const params = there(family.fromMixture)(Mixture.of({ means, weights, covariances }))
    const at = (of: Score.Model<string>['score']): Float64Array =>
      Score.evaluateAtLevel(model, {}, of)(
        params,
        { alpha: level[0], sigma: level[1] },
        { rows: x.length, dim, values: flat(x) }
      ).values
    // thirteen digits of the reference, and those that its logarithms lose
    expect(
      apart(
        at((own, x, level) => family.components(own, dim).logDensity(x, level)),
        flat(wanted.logDensity)
      )
    ).toBeLessThan(2e-9)
    expect(apart(at(model.score), flat(wanted.score))).toBeLessThan(2e-9)
    expect(apart(at(model.divergence), flat(wanted.divergence))).toBeLessThan(2e-9)
  })

  it.each(reference.mstep.map((one, i) => ({ i, one })))(
    'M-step $i is that of the reference: free, floored, at a level',
    ({ one }) => {
      const { x, z, means, second, models } = one
      const dim = x[0].length
      const count = means.length
      const { sigma, floored, floor, flooredObjective, noisyObjective, level, ...free } = models[name]
      const n = means.map((_, k) => z.reduce((sum, row) => sum + row[k], 0))
      const family = familyOf(mixtureOf(name, count))
      const step = there(family.mStep)
      const old = there(Score.familyStart(family, dim)).fromCentres({ shape: [count, dim], values: flat(means) }, 20)
      const moments = {
        mass: Float64Array.from(n),
        sums: new Float64Array(count * dim),
        second: flat(second.map(w => asked(step.second, w)))
      }
      const led = (level: { readonly alpha: number; readonly sigma: number }, floor: number): Float64Array =>
        covariancesOf(family, step.maximise(old, moments, { level, floor, dim }))
      // Where F is flat to 1e-12, Σ is known to its root; W is rounded to thirteen digits, of which F loses one.
      const near = inner.has(name) ? 2e-6 : 1e-10
      const atFree = led(clean, 0)
      const atFloor = led(clean, floor)
      expect(apart(atFree, flat(sigma))).toBeLessThan(near)
      expect(deviance(n, second, atFree) / free.objective - 1).toBeLessThan(5e-11)
      expect(deviance(n, second, atFloor) / flooredObjective - 1).toBeLessThan(1e-9)
      expect(apart(atFloor, flat(floored))).toBeLessThan(inner.has(name) ? 1e-4 : 1e-6)
      for (let k = 0; k < count; k++) {
        const { values } = symmetricEigen({
          shape: [dim, dim],
          values: atFloor.slice(k * dim * dim, (k + 1) * dim * dim)
        })
        expect(values[dim - 1]).toBeGreaterThan(floor * (1 - 1e-12))
      }
      const [alpha, noise] = level
      const atLevel = led({ alpha, sigma: noise }, floor).map(
        (s, at) => alpha * alpha * s + ((at % (dim * dim)) % (dim + 1) === 0 ? noise * noise : 0)
      )
      expect(deviance(n, second, atLevel) / noisyObjective - 1).toBeLessThan(1e-9)
    }
  )

  it('has the posterior mode of the principled prior', () => {
    for (const { x, z, means, mapMeans, second, models } of reference.mstep) {
      const dim = x[0].length
      const count = means.length
      const rows = x.length
      const family = familyOf(mixtureOf(name, count))
      const step = there(family.mStep)
      const prior = Prior.of({ rows, dim, values: flat(x) }, 0.01)
      const moments = {
        mass: Float64Array.from(means, (_, k) => z.reduce((sum, row) => sum + row[k], 0) / rows),
        sums: new Float64Array(count * dim),
        second: flat(second.map(w => asked(step.second, w))).map(s => s / rows)
      }
      const old = there(Score.familyStart(family, dim)).fromCentres({ shape: [count, dim], values: flat(means) }, 20)
      const at = { level: clean, floor: 1e-12, dim }
      const mode = there(family.toMixture)(
        step.maximise(old, Prior.momentsWithPrior(prior, step, flat(means))(moments), at)
      )
      expect(apart(mode.means.values, flat(mapMeans))).toBeLessThan(1e-9)
      expect(apart(Mixture.covariances(mode).values, flat(models[name].map))).toBeLessThan(
        inner.has(name) ? 1e-5 : 1e-9
      )
    }
  })
})

// —— expectation–maximization ——

const rows = rowsOf('iris')
const data: Points.Points = { rows: rows.length, dim: 4, values: flat(rows) }
const species = ofSpecies(rows)

/** One M-step of the species. */
const labelled = (family: Score.Family<string>): Params.Params<string> => {
  const step = there(family.mStep)
  const old = there(Score.familyStart(family, 4)).fromCentres({ shape: [3, 4], values: flat(species.means) }, 1)
  const second = flat(species.second.map(w => asked(step.second, w)))
  const moments = { mass: new Float64Array(3).fill(1 / 3), sums: new Float64Array(12), second }
  return step.maximise(old, moments, { level: clean, floor: 1e-12, dim: 4 })
}

it.each(Covariance.names)('%s on iris from the species ends where mclust does, or higher', name => {
  const family = familyOf(mixtureOf(name, 3))
  const step = ExpectationMaximization.step(family, 1e-12, data)
  const { loglik, mclust } = reference.em.iris.models[name]
  const walk = (params: Params.Params<string>, last: number, left: number): number => {
    const { value, params: next } = step(params)
    // An M-step never lowers the likelihood: 1e-12 of it is rounding of 150 rows.
    expect(value).toBeLessThan(last + 1e-12 * Math.abs(value))
    return left === 0 || last - value < 1e-14 ? -150 * value : walk(next, value, left - 1)
  }
  const found = walk(labelled(family), Infinity, 1500)
  // References stop at 1e-11 of a step; EVE's at 3e-6.
  expect(found).toBeGreaterThan(loglik - 1e-6)
  expect(found).toBeGreaterThan(mclust - 1e-6)
  if (name !== 'EVE') expect(found).toBeLessThan(loglik + 1e-6)
})

// —— spectra and axes ——

it('a common shape is as narrow as the floor lets it be where no component has moments, and no small change is likelier', () => {
  const parts = { volume: 'own', shape: 'common' } as const
  const n = Float64Array.of(30, 50)
  const omega = Float64Array.of(40, 9, 0, 80, 30, 0)
  const at = { level: clean, floor: 0.01, dim: 3 }
  const found = Spectrum.likeliestSpectrum(parts, { n, omega, at }, null)
  const l = Spectrum.logEigenvalues(parts, found, 2, 3)
  expect(Math.min(l[2], l[5])).toBeCloseTo(Math.log(at.floor), 10)
  const value = Spectrum.spectrumLoss(n, omega, at, l)
  for (const [i, name] of [0, 1, 0, 1].map((i, j) => [i, j < 2 ? 'volumes' : 'shapes'] as const))
    for (const by of [-1e-3, 1e-3]) {
      const other = { ...found, [name]: found[name].map((x, j) => (i === j ? x + by : x)) }
      const moved = Spectrum.logEigenvalues(parts, other, 2, 3)
      if (Math.min(...moved) >= Math.log(at.floor))
        expect(Spectrum.spectrumLoss(n, omega, at, moved)).toBeGreaterThan(value)
    }
})

it('a common shape is the likeliest of moments of any size', () => {
  const parts = { volume: 'own', shape: 'common' } as const
  for (let seed = 0; seed < 200; seed++) {
    const dim = 3 + 3 * (seed % 2)
    const z = Key.normal(4 * dim + 5)(Key.fromSeed(seed))
    const n = Float64Array.from({ length: 3 }, (_, k) => Math.exp(4 * z[3 * dim + k]))
    const omega = Float64Array.from({ length: 3 * dim }, (_, at) => n[Math.floor(at / dim)] * Math.exp(10 * z[at]))
    const old = { volumes: z.slice(3 * dim + 3, 3 * dim + 6), shapes: z.slice(3 * dim + 6) }
    const found = Spectrum.likeliestSpectrum(parts, { n, omega, at: { level: clean, floor: 1e-300, dim } }, old)
    const l = Spectrum.logEigenvalues(parts, found, 3, dim)
    /** What the likelihood falls by as a logarithm rises: nothing of each volume, and nothing of the shape. */
    const slopes = l.map((x, at) => n[Math.floor(at / dim)] - omega[at] * Math.exp(-x))
    const total = (of: (at: number) => boolean): number => slopes.reduce((sum, s, at) => (of(at) ? sum + s : sum), 0)
    const mass = n.reduce((sum, m) => sum + m, 0)
    for (let k = 0; k < 3; k++) expect(Math.abs(total(at => Math.floor(at / dim) === k)) / mass).toBeLessThan(1e-8)
    for (let j = 0; j < dim; j++) expect(Math.abs(total(at => at % dim === j)) / mass).toBeLessThan(1e-8)
  }
})

/** Σ n log|Σ| + tr(Σ⁻¹W) of axes at the likeliest spectrum, up to what is the same of all axes: of moments along them, in closed form or by alternation. */
const profiles: Readonly<
  Record<'VVE' | 'EVE' | 'VEE', (n: Float64Array, omega: ReadonlyArray<Float64Array>) => number>
> = {
  VVE: (n, omega) => omega.reduce((sum, one, k) => one.reduce((all, x) => all + n[k] * Math.log(x), sum), 0),
  EVE: (n, omega) => {
    const sizes = omega.map(one => Math.exp(one.reduce((sum, x) => sum + Math.log(x), 0) / one.length))
    return n.reduce((a, b) => a + b) * omega[0].length * Math.log(sizes.reduce((a, b) => a + b))
  },
  VEE: (n, omega) => {
    const dim = omega[0].length
    let shape = omega[0].map(() => 1)
    const volumes = (): ReadonlyArray<number> => omega.map((one, k) => one.reduce((sum, x, j) => sum + x / shape[j], 0) / (dim * n[k])) // prettier-ignore
    for (let i = 0; i < 200; i++) {
      const own = volumes()
      const sums = shape.map((_, j) => omega.reduce((sum, one, k) => sum + one[j] / own[k], 0))
      const size = Math.exp(sums.reduce((sum, x) => sum + Math.log(x), 0) / dim)
      shape = sums.map(x => x / size)
    }
    return volumes().reduce((sum, v, k) => sum + n[k] * dim * Math.log(v), 0)
  }
}

it.each(['VVE', 'EVE', 'VEE'] as const)(
  '%s: an M-step from far off leaves no turn of two axes that is likelier',
  name => {
    for (let seed = 0; seed < 60; seed++) {
      const dim = 2 + (seed % 4)
      const count = 2 + (seed % 3)
      const key = Key.fromSeed(seed)
      const rows = dim + 3
      const n = new Float64Array(count).fill(rows)
      const w = Array.from({ length: count }, (_, k) => {
        const z = Key.normal(dim * (rows + 1))(Key.child(k)(key))
        const x = (row: number, i: number): number => z[dim + row * dim + i] * Math.exp(z[i])
        return Float64Array.from({ length: dim * dim }, (_, at) => {
          const products = Array.from({ length: rows }, (_, row) => x(row, Math.floor(at / dim)) * x(row, at % dim))
          return products.reduce((sum, one) => sum + one, 0)
        })
      })
      const family = familyOf(mixtureOf(name, count))
      const start = there(Score.familyStart(family, dim)).fromCentres({ shape: [count, dim], values: new Float64Array(count * dim) }, 1) // prettier-ignore
      const far = Params.map<NdArray, NdArray>(({ shape, values }) => ({ shape, values: Key.normal(values.length)(key) }))(start) // prettier-ignore
      const moments = { mass: n, sums: new Float64Array(count * dim), second: flat(w.map(one => Array.from(one))) }
      const led = there(family.mStep).maximise(far, moments, { level: clean, floor: 1e-300, dim })
      const first = covariancesOf(family, led).slice(0, dim * dim)
      const axes = symmetricEigen({ shape: [dim, dim], values: first }).vectors.values
      const profile = (of: Float64Array): number =>
        profiles[name](
          n,
          w.map(one =>
            Float64Array.from({ length: dim }, (_, i) => {
              const own = of.subarray(i * dim, (i + 1) * dim)
              return own.reduce((sum, a, r) => own.reduce((all, b, c) => all + a * one[r * dim + c] * b, sum), 0)
            })
          )
        )
      const found = profile(axes)
      for (let i = 1; i < dim; i++)
        for (let j = 0; j < i; j++)
          for (const by of [-1e-2, -1e-3, -1e-4, -1e-5, 1e-5, 1e-4, 1e-3, 1e-2]) {
            const other = axes.slice()
            for (let c = 0; c < dim; c++) {
              other[i * dim + c] = Math.cos(by) * axes[i * dim + c] + Math.sin(by) * axes[j * dim + c]
              other[j * dim + c] = Math.cos(by) * axes[j * dim + c] - Math.sin(by) * axes[i * dim + c]
            }
            // A tenth of what the law of EM's steps sees, of each row.
            expect(found - profile(other)).toBeLessThan(1e-12 * rows * count * dim)
          }
    }
  }
)

it('orientation is λDADᵀ of the axes that turns give, Cayley’s map of the half of low − lowᵀ', () => {
  const family = familyOf(mixtureOf('VEV', 1))
  const at = (turn: number): ReadonlyArray<number> => {
    const params = Params.of({ means: [[0, 0]], logits: [0], logVolumes: [0.3], shapes: [1], turns: [[turn]] })
    return Array.from(covariancesOf(family, params))
  }
  const [first, , , second] = at(0)
  // (I − S)⁻¹(I + S) of S = [[0, −a], [a, 0]] is the rotation by 2 atan a: its rows are the axes.
  const a = 0.7 / 2
  const cos = (1 - a * a) / (1 + a * a)
  const sin = (2 * a) / (1 + a * a)
  const wanted = [
    first * cos * cos + second * sin * sin,
    (second - first) * sin * cos,
    (second - first) * sin * cos,
    first * sin * sin + second * cos * cos
  ]
  at(0.7).forEach((x, i) => expect(x).toBeCloseTo(wanted[i], 14))
  expect(first).not.toBeCloseTo(second, 3)
})

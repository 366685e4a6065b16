/** The E-step in plain loops against the same in the tensor vocabulary: two ways that share no code. */
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { runtimeOrNull } from '../../../../lib/compiler/runtime.js'
import * as Reductions from '../../../../lib/rows/reduction.js'
import { Key, type Points, Score } from '../../../../src/index.js'
import { ofComponents, type Component } from '../../../../src/mixture/component.js'
import { inLoops } from '../inLoops.js'
import { rowStatistics, eStep, tensorEStep } from '../../../../src/mixture/em/eStep.js'
import { momentReduction, rowResponsibilities } from '../../../../src/mixture/em/eStepLoops.js'
import type { Second } from '../../../../src/mixture/family.js'
import { SEED, spread, once } from '../../../cases.js'
import { there } from '../../../there.js'
import { draw, familyOf, sorts } from '../families/families.js'

/** Counts the programs that are run. */
const programs = () => {
  const runs = vi.spyOn(there(runtimeOrNull()), 'run')
  onTestFinished(() => {
    runs.mockRestore()
  })
  return runs
}

const levels = [
  { alpha: 1, sigma: 0 },
  { alpha: 0.8, sigma: 0.6 },
  { alpha: 0.05, sigma: 3 }
]

const withMany = spread(6)(sorts)

describe.each(sorts)('$name', sort => {
  const score = sort.of(3, 2)

  // Of 34 001 rows what is chosen is compiled.
  it.each<readonly [dim: number, rows: number, seeds: ReadonlyArray<number>]>([
    ...[1, 2, 5].map(dim => [dim, 40, spread(6)([1, 2, 3])] as const),
    ...(withMany.includes(sort) ? [[5, 34_001, [4]] as const] : [])
  ])('has the same moments by loops as in the vocabulary, in dimension %d of %d rows', (dim, rows, seeds) => {
    const family = familyOf(score)
    const toMixture = there(family.toMixture)
    const runs = programs()
    for (const seed of seeds) {
      const keys = Key.named('x', 'w', 'p')(Key.fromSeed(seed))
      const points: Points.Points = { rows, dim, values: Key.normal(rows * dim)(keys.x).map(z => 100 + 2 * z) }
      const drawn = Key.uniform(rows)(keys.w).map((u, i) => (i === 7 ? 0 : u))
      const total = drawn.reduce((a, b) => a + b)
      const weights = drawn.map(w => w / total)
      const { params } = draw(sort, 3, dim, seed)
      // Centres among the rows.
      const here = { ...params, means: { ...params.means, values: params.means.values.map(c => 100 + c / 2) } }
      for (const level of rows > 40 ? levels.slice(1, 2) : levels)
        for (const second of ['none', 'trace', 'diagonal', 'full'] as ReadonlyArray<Second>) {
          const [loops, written, chosen] = [
            inLoops(toMixture, second),
            tensorEStep(family, { second }, dim),
            eStep(family, { second }, dim)
          ].map(step => Reductions.evaluate(step(here, level, { rows, dim, x: points.values, weights, passing: true })))
          if (rows <= 40) expect(chosen.sums).toEqual(loops.sums)
          // Some thousand roundings, of densities whose exponents reach 10⁴ where rows are many deviations away.
          const near = (a: Float64Array, b: Float64Array): void => {
            const scale = b.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-300)
            expect(a.length).toBe(b.length)
            a.forEach((x, at) => expect(Math.abs(x - b[at])).toBeLessThan(1e-11 * scale))
          }
          // What a family says in the vocabulary, and, of many rows, a program of the mixture's arrays.
          for (const other of [written, chosen]) {
            near(Float64Array.of(loops.value), Float64Array.of(other.value))
            near(loops.mass, other.mass)
            near(loops.sums, other.sums)
            near(loops.second, other.second)
          }
        }
    }
    expect(runs.mock.calls.length > 0).toBe(rows > 40)
  })
})

/** Σ over the components, [per component]. */
const pooled = (moments: Float64Array, components: number): Float64Array => {
  const own = moments.length / components
  return new Float64Array(own).map((_, at) => {
    let sum = 0
    for (let k = 0; k < components; k++) sum += moments[k * own + at]
    return sum
  })
}

describe('moments that count together', () => {
  const components = 3
  const dim = 5
  const rows = 9_001
  const families = [
    [Score.tied({ components }), 'full'],
    [Score.tiedDiagonal({ components }), 'diagonal']
  ] as ReadonlyArray<[Score.Score<string>, Second]>
  // With the components apart by 10⁸ of their deviations, squares of distances have no digit left for what is near.
  once.each(
    families.flatMap(([score, second]) => [1, 1e8].map(apart => [Score.show(score), apart, score, second] as const))
  )('%s, centres %d apart: their sum is that of each', (_, apart, score, second) => {
    const family = familyOf(score)
    const centres = Key.normal(components * dim)(Key.fromSeed(3)).map(z => apart * z)
    const x = Key.normal(rows * dim)(Key.fromSeed(4)).map(
      (z, at) => z + centres[(Math.floor(at / dim) % components) * dim + (at % dim)]
    )
    const params = there(family.start).fromCentres({ shape: [components, dim], values: centres.map(c => c + 0.25) }, 1)
    const data = { rows, dim, x, weights: null }
    const [each, together] = [
      inLoops(there(family.toMixture), second),
      tensorEStep(family, { second, isShared: true }, dim)
    ].map(step => Reductions.evaluate(step(params, { alpha: 1, sigma: 0 }, data)))
    // Sums of 9001 terms; entries of size 1, and that of a row has lost 2⁻⁵² of how far it is from 0.
    const within = 1e-13 + 2 ** -52 * apart * 4
    const near = (a: Float64Array, b: Float64Array): void => {
      expect(a.length).toBe(b.length)
      a.forEach((value, at) => expect(Math.abs(value - b[at])).toBeLessThan(10 * within))
    }
    near(together.mass, each.mass)
    near(together.sums, each.sums)
    near(pooled(together.second, components), pooled(each.second, components))
  })
})

describe('what rows say of components as a whole', () => {
  it.each(
    spread(4)([
      ['triangles', 30, 5, 60_001],
      ['diagonals', 60, 10, 45_001]
    ] as const)
  )('is the same by a program as by loops: %s', (kind, count, dim, rows) => {
    const [draw, factors] = [2, 5].map(seed => Key.normal(count * dim * dim)(Key.fromSeed(seed)))
    const sizes = draw.slice(0, count).map(z => Math.exp(z / 10))
    const all = sizes.reduce((a, b) => a + b)
    const components: ReadonlyArray<Component> = Array.from({ length: count }, (_, k) => ({
      weight: sizes[k] / all,
      mean: draw.slice(k * dim, (k + 1) * dim),
      factor:
        kind === 'triangles'
          ? {
              shape: [dim, dim],
              values: factors.slice(k * dim * dim, (k + 1) * dim * dim).map((f, at) => {
                const i = Math.floor(at / dim)
                const j = at % dim
                return i === j ? 1 + f * f : j < i ? f / 4 : 0
              })
            }
          : { shape: [dim], values: factors.slice(k * dim, (k + 1) * dim).map(f => 1 + f * f) }
    }))
    const runs = programs()
    const x = Key.normal(rows * dim)(Key.fromSeed(4)).map(z => 2 * z)
    const drawn = Key.uniform(rows)(Key.fromSeed(6))
    const total = drawn.reduce((a, b) => a + b)
    for (const weights of [null, drawn.map(w => w / total)]) {
      const data = { rows, dim, x, weights }
      const [loops, program] = [
        momentReduction(components, 'none', data),
        rowStatistics(data)(ofComponents(components))
      ].map(Reductions.evaluate)
      // Sums of some ten thousand terms, each rounded some ten times: 1e-13 of their size.
      expect(Math.abs(program.value / loops.value - 1)).toBeLessThan(1e-13)
      expect(Math.abs(program.assignmentEntropy / loops.assignmentEntropy - 1)).toBeLessThan(1e-12)
      loops.mass.forEach((m, k) => expect(Math.abs(program.mass[k] - m)).toBeLessThan(1e-13))
    }
    expect(runs.mock.calls.length).toBeGreaterThan(0)
  })
})

describe('the E-step in one call', () => {
  /** A box of next to no share beside them: the rows go by the loops, and nothing else changes. */
  const besideBox = (components: ReadonlyArray<Component>): ReadonlyArray<Component> => {
    const [{ mean }] = components
    const factor = { shape: [mean.length], values: new Float64Array(mean.length).fill(1) }
    return [...components, { weight: 0, mean, factor, background: 'box' }]
  }
  const factorsOf = {
    round: (dim: number, u: Float64Array) => ({ shape: [dim], values: new Float64Array(dim).fill(0.5 + u[0]) }),
    diagonal: (dim: number, u: Float64Array) => ({ shape: [dim], values: u.slice(0, dim).map(x => 0.5 + x) }),
    full: (dim: number, u: Float64Array) => ({
      shape: [dim, dim],
      values: new Float64Array(dim * dim).map((_, at) => {
        const i = Math.floor(at / dim)
        const j = at % dim
        return j > i ? 0 : i === j ? 0.5 + u[i] : u[(i * j) % dim] - 0.5
      })
    })
  }
  const seconds: ReadonlyArray<Second> = ['none', 'trace', 'diagonal', 'full']
  const kinds = ['round', 'diagonal', 'full'] as const
  once.each(kinds.flatMap(kind => seconds.map(second => [kind, second] as const)))(
    'sums what the loops do, bit for bit: %s, %s',
    (kind, second) => {
      for (const [dim, count, rows] of [
        [1, 1, 1],
        [1, 3, 2],
        [2, 2, 5],
        [3, 1, 64],
        [4, 9, 127],
        [13, 3, 300],
        [2, 4, 1301],
        [40, 5, 33]
      ] as const) {
        // prettier-ignore
        const u = Key.uniform(rows * (dim + 1) + count * (2 * dim + 1))(Key.child(dim * count)(Key.fromSeed(SEED)))
        const weights = u.subarray(0, rows).map((w, i) => (i % 7 === 3 ? 0 : w))
        const x = u.slice(rows, rows + rows * dim).map(x => 6 * x)
        // A row beyond the reach of all components, of weight 0, and one that counts.
        x[0] = rows > 1 ? 1e200 : x[0]
        if (rows > 1) weights[0] = 0
        if (rows > 100) x[5 * dim] = -1e200
        const components = Array.from({ length: count }, (_, k): Component => {
          const own = u.subarray(rows * (dim + 1) + k * (2 * dim + 1))
          return {
            weight: k === 2 ? 0 : 1 / count,
            mean: own.slice(0, dim).map(x => 6 * x),
            factor: factorsOf[kind](dim, own.subarray(dim, 2 * dim))
          }
        })
        const data = { rows, dim, x, weights }
        const [found, { backgroundCount, ...wanted }] = [components, besideBox(components)].map(all => Reductions.evaluate(momentReduction(all, second, data))) // prettier-ignore
        expect(found, `${rows} × ${dim}, ${count} components, seed ${SEED}`).toEqual(wanted)
        expect(backgroundCount).toBeLessThan(1e-300)
        const points = { rows, dim, values: x }
        const [own, beside] = [components, besideBox(components)].map(all => rowResponsibilities(all, points, weights))
        const differs = (name: 'shares' | 'squared'): boolean =>
          own[name].some((x, at) => !Object.is(x, beside[name][at + Math.floor(at / count)]))
        expect([own.logDensity.every((x, i) => x === beside.logDensity[i]), differs('shares'), differs('squared')]).toEqual([true, false, false]) // prettier-ignore
      }
    }
  )
})

/** Mixtures of factor analysers against direct maximisation and scikit-learn (`test/oracle/factors.json`, which `factors.py` made). */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { shapeSize } from '../../../../lib/arrays/ndarray.js'
import { ExpectationMaximization, fit, Key, Mixture, Points, Problem, type Params } from '../../../../src/index.js'
import * as Score from '../../../../src/score/score.js'
import { isSlow, spread, once } from '../../../cases.js'
import { rowsOf } from '../../../tables.js'
import { there } from '../../../there.js'
import { clean, covariancesOf, deviance, familyOf, mixtureOf, ofSpecies } from './families.js'

type Kind = 'UUU' | 'UUC' | 'UCU' | 'UCC' | 'CUU' | 'CUC' | 'CCU' | 'CCC'
type Matrix = ReadonlyArray<ReadonlyArray<number>>

interface Reference {
  readonly steps: ReadonlyArray<{
    readonly mass: ReadonlyArray<number>
    readonly scatters: ReadonlyArray<Matrix>
    readonly rank: number
    readonly floor: number
    readonly level: readonly [number, number]
    readonly models: Readonly<Record<Kind, Readonly<Record<'free' | 'floored' | 'noisy', number>>>>
  }>
  readonly one: ReadonlyArray<{ readonly rank: number; readonly rows: Matrix; readonly loglik: number }>
  readonly three: Readonly<Record<Kind, number>>
}

const reference = JSON.parse(
  readFileSync(new URL('../../../oracle/factors.json', import.meta.url), 'utf8')
) as Reference
const kinds = Object.keys(reference.three) as ReadonlyArray<Kind>

const { points } = Points.standardize(Problem.orThrow(Points.fromRows(rowsOf('iris'))))
const scoreOf = (kind: Kind, components: number, rank: number): Score.Score<string> =>
  mixtureOf(`${kind}${rank}`, components)
const species = ofSpecies(Points.toRows(points))

/** Of these a sixth where not slow. */
const third = spread(6)(kinds.flatMap(kind => reference.steps.map((one, i) => ({ kind, i, one }))))

describe.each(kinds)('%s', kind => {
  // Closed forms, of principal components.
  const isExact = kind.endsWith('C') && kind !== 'CUC'

  it.runIf(isSlow).each(third.filter(one => one.kind === kind))(
    'its M-steps lead where all parameters at once do: $i',
    ({ one }) => {
      const { mass, scatters, rank, floor, level, models } = one
      const count = mass.length
      const dim = scatters[0].length
      const family = familyOf(scoreOf(kind, count, rank))
      const step = there(family.mStep)
      expect(step.isGeneralized ?? false).toBe(!isExact)
      const start = there(Score.familyStart(family, dim)).fromCentres(
        { shape: [count, dim], values: new Float64Array(count * dim) },
        1
      )
      const moment = scatters.map((s, k) => s.map(row => row.map(x => mass[k] * x)))
      const moments = {
        mass: Float64Array.from(mass),
        sums: new Float64Array(count * dim),
        second: Float64Array.from(moment.flat(2))
      }
      const led = (at: { readonly alpha: number; readonly sigma: number }, least: number): number => {
        const value = (params: Params.Params<string>): number =>
          deviance(mass, moment, covariancesOf(family, params), at)
        const bounds = { level: at, floor: least, dim }
        const walked = (from: Params.Params<string>, steps: number): Params.Params<string> =>
          Array.from({ length: steps }).reduce<Params.Params<string>>((params, _, i) => {
            const next = step.maximise(params, moments, bounds)
            // Rounding of some hundred terms of size up to 100; the start may be below the floor.
            if (i > 0) expect(value(next)).toBeLessThan(value(params) + 1e-10)
            return next
          }, from)
        const { multistart } = step
        // There are several maxima: many starts lead to the best.
        return value(
          multistart === undefined ? walked(start, 2) : walked(multistart(walked(start, 100), moments, bounds), 300)
        )
      }
      const { free, floored, noisy } = models[kind]
      // L-BFGS stops where differences of 1e-16 of the value show; expectation–maximization by inner steps, where noise changes by 1e-9 of itself.
      const near = (found: number, wanted: number): void => {
        expect(Math.abs(found - wanted)).toBeLessThan((isExact ? 1e-10 : 1e-6) * (1 + Math.abs(wanted)))
      }
      near(led(clean, 0.05), free)
      near(led(clean, floor), floored)
      near(led({ alpha: level[0], sigma: level[1] }, 0.05), noisy)
    }
  )

  once('on iris from the species ends where all parameters at once do, and no step lowers the likelihood', () => {
    const family = familyOf(scoreOf(kind, 3, 1))
    const step = there(family.mStep)
    const old = there(Score.familyStart(family, 4)).fromCentres(
      { shape: [3, 4], values: Float64Array.from(species.means.flat()) },
      0.2
    )
    const second = Float64Array.from(species.second.flat(2))
    const moments = { mass: new Float64Array(3).fill(1 / 3), sums: new Float64Array(12), second }
    const at = { level: clean, floor: 1e-3, dim: 4 }
    const inner = Array.from({ length: 100 }).reduce<Params.Params<string>>(
      params => ({ ...step.maximise(params, moments, at), means: old.means }),
      (step.multistart ?? step.maximise)(old, moments, at)
    )
    const em = ExpectationMaximization.step(family, 1e-3, points)
    let params = inner
    let last = Infinity
    for (let i = 0; i < 3000; i++) {
      const taken = em(params)
      expect(taken.value).toBeLessThan(last + 1e-13)
      if (last - taken.value < 1e-11) break
      ;[params, last] = [taken.params, taken.value]
    }
    // A step that gains 1e-11 a row has up to some hundred times as much before it.
    expect(-150 * last).toBeGreaterThan(reference.three[kind] - 1e-6)
    expect(-150 * last).toBeLessThan(reference.three[kind] + 1e-6)
  })

  once('has as many parameters as McNicholas & Murphy count, and its JSON and name', () => {
    const K = 3
    const d = 7
    const q = 2
    const loads = d * q - (q * (q - 1)) / 2
    const [c, e, i] = Array.from(kind, letter => letter === 'C')
    const wanted = (c ? 1 : K) * loads + (e ? 1 : K) * (i ? 1 : d)
    expect(Score.degreesOfFreedom(d)(scoreOf(kind, K, q))).toBe(wanted + K * d + K - 1)
    expect(Score.nameOf(scoreOf(kind, K, q))).toBe(`${kind}2`)
    const shapes = Score.shapes(d)(scoreOf(kind, K, q))
    expect(shapeSize(shapes.factors) + shapeSize(shapes.logNoise)).toBe((c ? 1 : K) * d * q + (e ? 1 : K) * (i ? 1 : d))
  })
})

it.each(reference.one)('of one component have the likelihood of scikit-learn, rank $rank', ({ rank, rows, loglik }) => {
  // They are one model where there is one component.
  for (const kind of spread(4)(['UUU', 'CCU'] as const)) {
    const found = fit(rows, { components: 1, family: `${kind}${rank}`, standardize: false })
    // Both climb by expectation–maximization: `fit` to where a step gains no more than 1e-7 a row, which of 60 rows is 6e-6, after some such.
    expect(Math.abs(found.logLikelihood * rows.length - loglik)).toBeLessThan(1e-4)
  }
})

it.runIf(isSlow)('is chosen where it is right: one plane for all', () => {
  // Three clusters in six columns that share two directions, with noise of 0.3.
  const rows = 120
  const dim = 6
  const loads = Key.normal(2 * dim)(Key.fromSeed(1))
  const [f, e] = [2 * rows, dim * rows].map((n, i) => Key.normal(n)(Key.fromSeed(2 + i)))
  const values = e.map((z, at) => {
    const i = Math.floor(at / dim)
    const j = at % dim
    return 4 * (i % 3) * (j % 3 === 0 ? 1 : -0.5) + f[2 * i] * loads[2 * j] + f[2 * i + 1] * loads[2 * j + 1] + 0.3 * z
  })
  const found = fit(
    { rows, dim, values },
    {
      components: 3,
      family: ['CCU2', 'UUU2', 'CUU2', 'CCC2', 'tied', 'full'],
      criterion: 'bic'
    }
  )
  // Columns are standardized, so that their noise is not one.
  expect(found.family).toBe('CCU2')
})

// —— the M-step of factor analysers has several maxima: the one from many starts leaves a lesser ——

const DIM = 6

/** Three columns that share a factor, and three that share a lesser one: one factor fits either. */
const twoFactors: Points.Points = (() => {
  const rows = 400
  const normals = Mixture.sample(rows)(Key.fromSeed(4))(Mixture.of({ means: [new Array<number>(DIM + 2).fill(0)] }))
  const values = new Float64Array(rows * DIM).map((_, at) => {
    const row = Math.floor(at / DIM)
    const j = at % DIM
    const of = (k: number): number => normals.values[row * (DIM + 2) + k]
    return (j < 3 ? 1.5 * of(0) : 1.1 * of(1)) + of(2 + j)
  })
  return { rows, dim: DIM, values }
})()

type Arrays = Params.Params<'means' | 'logits' | 'factors' | 'logNoise'>

/** Begun with the lesser factor. */
const lesser: Arrays = {
  means: { shape: [1, DIM], values: new Float64Array(DIM) },
  logits: { shape: [1], values: new Float64Array(1) },
  factors: { shape: [1, DIM, 1], values: Float64Array.of(0, 0, 0, 1, 1, 1) },
  logNoise: { shape: [1, DIM], values: new Float64Array(DIM) }
}

it.runIf(isSlow)('leaves a lesser maximum, at which the others stay', () => {
  const score = Score.lowRank({ components: 1, rank: 1 })
  const own = there(Score.interpret(score).family)
  const mStep = there(own.mStep)
  const multistart = there(mStep.multistart)
  const step = ExpectationMaximization.step(own, 1e-4, twoFactors)
  const climbed = (start: Arrays): Arrays => Array.from({ length: 300 }).reduce<Arrays>(at => step(at).params, start)
  const value = (at: Arrays): number => step(at).value
  const stuck = climbed(lesser)
  const anewFamily = { ...own, mStep: { ...mStep, maximise: multistart } }
  const left = ExpectationMaximization.step(anewFamily, 1e-4, twoFactors)(stuck).params
  const free = climbed(left)
  const shareOfFirst = ({ factors }: Arrays): number => {
    const squares = factors.values.map(f => f * f)
    return (squares[0] + squares[1] + squares[2]) / squares.reduce((sum, f) => sum + f, 0)
  }
  expect(shareOfFirst(stuck)).toBeLessThan(0.1)
  expect(shareOfFirst(free)).toBeGreaterThan(0.9)
  expect(value(free)).toBeLessThan(value(stuck) - 0.1)
  // It is an M-step: it never goes down.
  expect(value(left)).toBeLessThanOrEqual(value(stuck))
  const found = fit(twoFactors, { components: 1, family: () => score, standardize: false })
  expect(-found.logLikelihood).toBeCloseTo(value(free), 6)
})

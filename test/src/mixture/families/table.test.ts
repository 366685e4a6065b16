/**
 * Every covariance is asked for all that a family is good for: no step lowers the likelihood, slopes, components without rows, floors, other
 * units, and the way from and to mixtures. Reference values stand in `fourteen` and `analysers`.
 */
import { describe, expect, it } from 'vitest'
import { symmetricEigen } from '../../../../lib/arrays/linalg.js'
import { fill, sum, tensor, valueAndGrad, type NdArray } from '../../../../lib/index.js'
import {
  ExpectationMaximization,
  Key,
  Mixture,
  Params as ParamsOf,
  Points,
  Problem,
  type Params
} from '../../../../src/index.js'
import * as Covariance from '../../../../src/mixture/families/covariance.js'
import * as Score from '../../../../src/score/score.js'
import { there } from '../../../there.js'

interface Row {
  readonly name: Covariance.Name | Covariance.FactorName
  /** Whether columns in other units have such covariances too. */
  readonly columns: 'scaled' | 'as they are'
  /** Rows of one component below which its likelihood has no bound, of four columns. */
  readonly leastRows: number
  /**
   * How near a mixture of the family is to what is found of it again: rounding times the condition, at most 1e3; of axes that are turned to a
   * standstill its root, and of factors by inner steps what these leave.
   */
  readonly again: number
}

const row = (name: Row['name'], columns: Row['columns'], leastRows: number, again = 1e-9): Row => ({
  ...{ name, columns, leastRows, again }
})

const rows: ReadonlyArray<Row> = [
  row('EII', 'as they are', 1),
  row('VII', 'as they are', 2),
  row('EEI', 'scaled', 1),
  row('VEI', 'scaled', 2),
  row('EVI', 'scaled', 2),
  row('VVI', 'scaled', 2),
  row('EEE', 'scaled', 1),
  row('VEE', 'scaled', 2),
  row('EVE', 'as they are', 2),
  row('VVE', 'as they are', 2),
  row('EEV', 'as they are', 1),
  row('VEV', 'as they are', 2),
  row('EVV', 'scaled', 5),
  row('VVV', 'scaled', 5),
  row('UUU1', 'scaled', 3),
  row('UUC1', 'as they are', 3),
  row('UCU1', 'scaled', 1),
  row('UCC1', 'as they are', 1),
  row('CUU1', 'scaled', 3, 1e-6),
  row('CUC1', 'as they are', 3, 1e-6),
  row('CCU1', 'scaled', 1),
  row('CCC1', 'as they are', 1)
]

it('has a row for each', () =>
  expect(rows.map(({ name }) => name)).toEqual([...Covariance.names, ...Covariance.analysers]))

const scoreOf = (name: Row['name'], components: number): Score.Score<string> =>
  Score.mixture({ components, covariance: Covariance.named(name) })
const familyOf = (name: Row['name'], components: number): Score.Family<string> =>
  there(Score.interpret(scoreOf(name, components)).family)

const apart = (found: Float64Array, wanted: Float64Array): number =>
  wanted.reduce((most, x, i) => Math.max(most, Math.abs(found[i] - x) / (1 + Math.abs(x))), 0)
const clean = { alpha: 1, sigma: 0 }

const plain = Mixture.sample(300)(Key.fromSeed(3))(
  Mixture.of({
    means: [[0, 0, 0, 0], [4, 1, 0, 2], [-3, 4, 1, 0]], // prettier-ignore
    weights: [0.2, 0.3, 0.5],
    covariances: [
      [[4, 1, 0, 0], [1, 2, 0.5, 0], [0, 0.5, 1, 0], [0, 0, 0, 0.3]], // prettier-ignore
      [[1, 0.2, 0, 0], [0.2, 0.6, 0.1, 0], [0, 0.1, 0.4, 0], [0, 0, 0, 2]], // prettier-ignore
      [[2, -0.7, 0, 0.3], [-0.7, 1, 0, 0], [0, 0, 3, 1], [0.3, 0, 1, 1.5]] // prettier-ignore
    ]
  })
)
const centres = { shape: [3, 4], values: Float64Array.of(0, 0, 1, 0, 3, 1, 0, 1, -2, 3, 0, 0) }

const weighted: Points.Points = { ...plain, weights: Key.uniform(plain.rows)(Key.fromSeed(4)) }
const deviations = Array.from(plain.values, (_, at) => (Math.floor(at / 4) % 10 === 0 ? 0 : ((at * 7) % 12) / 10))
const blur = Key.normal(plain.values.length)(Key.fromSeed(5))
const measured = Problem.orThrow(
  Points.withErrors(Array.from({ length: plain.rows }, (_, i) => deviations.slice(4 * i, 4 * i + 4)))({
    ...weighted,
    values: plain.values.map((x, at) => x + deviations[at] * blur[at])
  })
)
const holes = (points: Points.Points): Points.Points => ({
  ...points,
  values: points.values.map((x, at) => (at % 7 === 3 ? NaN : x))
})

type Step = (params: Params.Params<string>) => ExpectationMaximization.Taken<string>

describe.each(rows)('$name', ({ name, columns, leastRows, again }) => {
  const family = familyOf(name, 3)
  const start = there(Score.startOf(family, 4)).fromCentres(centres, 2)
  const covariancesOf = (params: Params.Params<string>): Float64Array =>
    Mixture.covariances(there(family.toMixture)(params)).values

  const step = (points: Points.Points, floor = 1e-6, prior: number | null = null): Step =>
    ExpectationMaximization.step(family, floor, points, prior)
  const noisy =
    (points: Points.Points): Step =>
    params =>
      ExpectationMaximization.noisyStep(family, 1e-6, points, { alpha: 0.8, sigma: 0.6 })(params, Key.fromSeed(7))
  it.each<readonly [string, Step, steps: number]>([
    ['weighted rows', step(weighted), 30],
    ['a floor that holds', step(plain, 0.8), 30],
    ['a prior', step(plain, 1e-6, 0.01), 30],
    ['missing cells', step(holes(plain)), 30],
    ['a noise level', noisy(plain), 30],
    ['errors', step(measured), 6],
    ['errors and missing cells', step(holes(measured)), 6],
    ['errors and a floor that holds', step(measured, 0.7), 6],
    ['errors and a prior', step(measured, 1e-6, 0.01), 6],
    ['errors at a noise level', noisy(measured), 6]
  ])('no step lowers the likelihood: %s', (_, step, steps) => {
    let params = start
    let last = Infinity
    for (let i = 0; i < steps; i++) {
      const taken = step(params)
      // 300 rows round 1e-15 of it each; what the floor binds is found to 1e-12.
      expect(taken.value).toBeLessThan(last + 1e-11 * (1 + Math.abs(taken.value)))
      params = taken.params
      last = taken.value
    }
    expect(covariancesOf(params).every(Number.isFinite)).toBe(true)
  })

  it('errors of 0 are none, bit for bit', () => {
    const zero = { ...weighted, errors: new Float64Array(plain.rows * 16) }
    expect(step(zero)(start)).toEqual(step(weighted)(start))
  })

  const learned = Array.from({ length: 10 }).reduce<Params.Params<string>>(
    params => step(weighted)(params).params,
    start
  )

  it('is the mixture that is made of it, in other units too where it has them', () => {
    const found = there(family.fromMixture)(there(family.toMixture)(learned))
    expect(apart(covariancesOf(found), covariancesOf(learned))).toBeLessThan(again)
    const by = Float64Array.of(2, 0.5, 1, 3)
    expect(family.scaled !== undefined).toBe(columns === 'scaled')
    if (family.scaled !== undefined) {
      const wanted = covariancesOf(learned).map((s, at) => by[Math.floor(at / 4) % 4] * by[at % 4] * s)
      expect(apart(covariancesOf(family.scaled(by)(learned)), wanted)).toBeLessThan(1e-9)
    }
  })

  it('has the slopes of its log-density at a noise level, by differences', () => {
    const model = Score.interpret(scoreOf(name, 3))
    const x = { rows: 5, dim: 4, values: Key.normal(20)(Key.fromSeed(11)).map(z => 2 * z) }
    const value = (params: Params.Params<string>): number =>
      Score.atLevel(model, {}, family.logDensity)(params, { alpha: 0.8, sigma: 0.6 }, x).values.reduce(
        (a, b) => a + b,
        0
      )
    const { gradient } = valueAndGrad<string>(own =>
      sum(family.logDensity(own, tensor(x.values, [5, 4]), { alpha: fill([1, 1], 0.8), sigma: fill([1, 1], 0.6) }))
    )(learned)
    const along = ParamsOf.map<NdArray, NdArray>(({ shape, values }) => ({
      shape,
      values: Key.normal(values.length)(Key.fromSeed(5))
    }))(learned)
    const at = (h: number): number => value(ParamsOf.zipWith((p, v) => p + h * v)(learned, along))
    const h = 3e-4
    const across = (steps: number): number => at(steps * h) - at(-steps * h)
    const slope = (45 * across(1) - 9 * across(2) + across(3)) / (60 * h)
    const found = Object.keys(gradient).reduce(
      (all, key) => all + gradient[key].values.reduce((a, g, i) => a + g * along[key].values[i], 0),
      0
    )
    // Sixth order: h⁶ times a seventh derivative, 1e-22 of it, and 2⁻⁵² of the value over h.
    expect(Math.abs(found - slope)).toBeLessThan(1e-8 * (1 + Math.abs(slope)))
  })

  it('leaves a component without mass its own parts, above the floor', () => {
    const mStep = there(family.mStep)
    const w = { none: 0, trace: 1, diagonal: 4, full: 16 }[mStep.second]
    const second = Float64Array.from({ length: 3 * w }, (_, at) => {
      const k = Math.floor(at / w)
      const e = at % w
      return k === 0 ? 0 : w === 1 ? 1.5 : w === 4 ? (0.3 + e / 5) / k : e % 5 === 0 ? (0.3 + e / 20) / k : 0.05
    })
    const led = (floor: number, old = learned): Params.Params<string> =>
      mStep.maximise(
        old,
        { mass: Float64Array.of(0, 0.4, 0.6), sums: new Float64Array(12), second },
        { level: clean, floor, dim: 4 }
      )
    const free = led(1e-9)
    for (const key of Object.keys(free)) {
      const { shape, values } = free[key]
      const isOwn = shape[0] === 3 && !(key === 'logits' || (key === 'shapes' && shape.length === 1))
      if (isOwn)
        expect(Array.from(values.slice(0, values.length / 3)).map(x => x.toFixed(9))).toEqual(
          Array.from(learned[key].values.slice(0, values.length / 3)).map(x => x.toFixed(9))
        )
    }
    expect(Math.exp(free.logits.values[0])).toBeLessThan(1e-300)
    expect(Object.values(free).every(({ values }) => values.every(Number.isFinite))).toBe(true)
    // What was above it stays so, where common parts fall to it.
    const above = Array.from({ length: 10 }).reduce<Params.Params<string>>(
      params => step(plain, 0.8)(params).params,
      start
    )
    const least = symmetricEigen({ shape: [4, 4], values: covariancesOf(led(0.6, above)).slice(0, 16) }).values[3]
    expect(least).toBeGreaterThan(0.6 * (1 - 1e-12))
  })

  it('has equal weights where they are asked for', () => {
    const score = Score.mixture({ components: 3, covariance: name, weights: 'equal' })
    expect(Object.keys(Score.shapes(4)(score))).not.toContain('logits')
    expect(Score.degreesOfFreedom(4)(score)).toBe(Score.degreesOfFreedom(4)(scoreOf(name, 3)) - 2)
    const same = there(Score.interpret(score as Score.Score<string>).family)
    const next = ExpectationMaximization.step(same, 1e-6, plain)
    const first = next(there(Score.startOf(same, 4)).fromCentres(centres, 2))
    expect(Array.from(there(same.toMixture)(first.params).weights)).toEqual([1 / 3, 1 / 3, 1 / 3])
    expect(next(first.params).value).toBeLessThan(first.value)
  })

  it('starts at centres with round components', () => {
    const { count, fromCentres, centres: centresOf } = there(Score.startOf(family, 4))
    const params = fromCentres(centres, 0.3)
    expect([count, ...centresOf(params).values]).toEqual([3, ...centres.values])
    expect(ParamsOf.shapes(params)).toEqual(Score.shapes(4)(scoreOf(name, 3)))
    covariancesOf(params).forEach((v, at) => {
      expect(v).toBeCloseTo((at % 16) % 5 === 0 ? 0.3 : 0, 12)
    })
    expect(family.leastRows(4)).toBe(leastRows)
  })

  it('stays finite on equal rows, at the floor', () => {
    const equal = { rows: 10, dim: 4, values: new Float64Array(40).fill(0.7) }
    const { params } = ExpectationMaximization.step(family, 1e-6, equal)(learned)
    params.means.values.forEach(c => {
      expect(c).toBeCloseTo(0.7, 13)
    })
    for (let k = 0; k < 3; k++) {
      const values = covariancesOf(params).slice(16 * k, 16 * k + 16)
      const least = symmetricEigen({ shape: [4, 4], values }).values[3]
      expect(least).toBeGreaterThan(1e-6 * (1 - 1e-9))
    }
  })
})

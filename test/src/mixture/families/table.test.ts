/**
 * Every covariance is asked for all that a family is good for: no step lowers the likelihood, slopes, components without rows, floors, other
 * units, the way from and to mixtures, and what follows of these two maps alone. Laws of covariances say that steps take what is likeliest;
 * reference values stand in `fourteen` and `analysers`.
 */
import { describe, expect, it } from 'vitest'
import { symmetricEigen } from '../../../../lib/arrays/linalg.js'
import { add, fill, mul, square, sum, tensor, valueAndGrad, type NdArray, type Tensor } from '../../../../lib/index.js'
import { Divergence, ExpectationMaximization, Key, Mixture, Params, Points, Problem } from '../../../../src/index.js'
import * as Covariance from '../../../../src/mixture/families/covariance.js'
import * as Score from '../../../../src/score/score.js'
import { there } from '../../../there.js'
import { apart, clean, covariancesOf, familyOf, mixtureOf, type P } from './families.js'

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
  name,
  columns,
  leastRows,
  again
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
  expect(rows.map(({ name }) => name)).toEqual([...Covariance.names, ...Covariance.ONE_FACTOR_NAMES]))

const truth = Mixture.of({
  means: [[0, 0, 0, 0], [4, 1, 0, 2], [-3, 4, 1, 0]], // prettier-ignore
  weights: [0.2, 0.3, 0.5],
  covariances: [
    [[4, 1, 0, 0], [1, 2, 0.5, 0], [0, 0.5, 1, 0], [0, 0, 0, 0.3]], // prettier-ignore
    [[1, 0.2, 0, 0], [0.2, 0.6, 0.1, 0], [0, 0.1, 0.4, 0], [0, 0, 0, 2]], // prettier-ignore
    [[2, -0.7, 0, 0.3], [-0.7, 1, 0, 0], [0, 0, 3, 1], [0.3, 0, 1, 1.5]] // prettier-ignore
  ]
})
const plain = Mixture.sample(300)(Key.fromSeed(3))(truth)
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

type Step = (params: P) => ExpectationMaximization.EMStepResult<string>

/** Parameters moved along a direction at random, those of some names left as they are. */
const moved = (params: P, by: number, seed: number, ...kept: ReadonlyArray<string>): P =>
  Params.map<NdArray, NdArray>(({ shape, values }, name) => {
    const z = Key.normal(values.length)(Key.fromSeed(seed))
    return { shape, values: kept.includes(name) ? values : values.map((x, i) => x + by * z[i]) }
  })(params)

/** Σ_k π_k KL(N(c_k, Σ_k), N(c_k, Σ̂_k)), in closed form. */
const entropy = (from: Mixture.Mixture, to: Mixture.Mixture): number =>
  from.weights.reduce((all, w, k) => {
    const [p, q] = [from, to].map(mixture => Mixture.of(descriptionOf(mixture, k)))
    return all + w * Divergence.kl(q)(p).value
  }, 0)

const descriptionOf = (mixture: Mixture.Mixture, k: number): Mixture.Description => {
  const { values } = Mixture.covariances(mixture)
  const row = (i: number): ReadonlyArray<number> => Array.from(values.subarray(4 * (4 * k + i), 4 * (4 * k + i + 1)))
  return { means: [Array.from(mixture.means.values.subarray(4 * k, 4 * k + 4))], covariances: [[0, 1, 2, 3].map(row)] }
}

describe.each(rows)('$name', ({ name, columns, leastRows, again }) => {
  const score = mixtureOf(name, 3)
  const family = familyOf(score)
  const mixtureAt = there(family.toMixture)
  const start = there(Score.familyStart(family, 4)).fromCentres(centres, 2)

  const step = (points: Points.Points, floor = 1e-6, prior: number | null = null, of = family): Step =>
    ExpectationMaximization.step(of, floor, points, prior)
  const noisy =
    (points: Points.Points, floor = 1e-6, of = family): Step =>
    params =>
      ExpectationMaximization.noisyStep(of, floor, points, { alpha: 0.8, sigma: 0.6 })(params, Key.fromSeed(7))
  const after = (steps: number, step: Step): P =>
    Array.from({ length: steps }).reduce<P>(params => step(params).params, start)

  it.each<readonly [string, Step, steps: number]>([
    ['a floor that holds', step(plain, 0.8), 30],
    ['a prior', step(plain, 1e-6, 0.01), 30],
    ['missing cells', step(holes(plain)), 30],
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
    expect(covariancesOf(family, params).every(Number.isFinite)).toBe(true)
  })

  it('errors of 0 are none, bit for bit', () => {
    const zero = { ...weighted, errors: new Float64Array(plain.rows * 16) }
    expect(step(zero)(start)).toEqual(step(weighted)(start))
  })

  const learned = after(10, step(weighted))

  it('is the mixture that is made of it, in other units too where it has them', () => {
    expect(
      apart(covariancesOf(family, there(family.fromMixture)(mixtureAt(learned))), covariancesOf(family, learned))
    ).toBeLessThan(again)
    const by = Float64Array.of(2, 0.5, 1, 3)
    expect(family.scaled !== undefined).toBe(columns === 'scaled')
    if (family.scaled !== undefined) {
      const wanted = covariancesOf(family, learned).map((s, at) => by[Math.floor(at / 4) % 4] * by[at % 4] * s)
      expect(apart(covariancesOf(family, family.scaled(by)(learned)), wanted)).toBeLessThan(1e-9)
    }
    expect(family.leastRows(4)).toBe(leastRows)
  })

  it('takes of another mixture the nearest of its own', () => {
    const near = there(family.fromMixture)(truth)
    const best = entropy(truth, mixtureAt(near))
    // What turns to a standstill is known to its root.
    for (let seed = 0; seed < 40; seed++)
      expect(entropy(truth, mixtureAt(moved(near, 0.05, seed, 'means', 'logits')))).toBeGreaterThan(best)
  })

  it('measures steps by √2 times the root of the relative entropy', () => {
    const distance = there(family.distance)
    const next = moved(learned, 1e-4, 6, 'logits')
    // The third order is 1e-4 of the second, times what moves the widest; 1e-16 of entropies of size 1 beside 1e-8.
    expect(distance(learned, next) / Math.sqrt(2 * entropy(mixtureAt(learned), mixtureAt(next)))).toBeCloseTo(1, 2)
    expect(distance(learned, learned)).toBeLessThan(1e-13)
    // Weights alone: Σπ(δ log π)².
    const shares = [0.25, 0.25, 0.5]
    const others = [0.26, 0.25, 0.49]
    const [from, to] = [shares, others].map(weights => ({
      ...learned,
      logits: { shape: [3], values: Float64Array.from(weights, Math.log) }
    }))
    const squared = shares.reduce((all, w, k) => all + w * Math.log(others[k] / w) ** 2, 0)
    expect(distance(from, to)).toBeCloseTo(Math.sqrt(squared), 13)
  })

  it('has the slopes of its log-density and of its implicit loss at a noise level, of round components too', () => {
    const model = Score.interpret(score)
    const x = Key.normal(20)(Key.fromSeed(11)).map(z => 2 * z)
    const loss = (own: Params.Tensors<string>): Tensor => {
      const rows = tensor(x, [5, 4])
      const level = { alpha: fill([1, 1], 0.8), sigma: fill([1, 1], 0.6) }
      const implicit = add(sum(square(model.score(own, rows, level))), mul(2, sum(model.divergence(own, rows, level))))
      return add(sum(family.logDensity(own, rows, level)), implicit)
    }
    for (const params of [learned, start]) {
      const { gradient } = valueAndGrad(loss)(params)
      const at = (by: number): number => valueAndGrad(loss)(moved(params, by, 5)).value
      const h = 3e-4
      const across = (steps: number): number => at(steps * h) - at(-steps * h)
      const slope = (45 * across(1) - 9 * across(2) + across(3)) / (60 * h)
      const direction = moved(Params.zeros(Params.shapes(params)), 1, 5)
      const found = Object.keys(gradient).reduce(
        (all, key) => all + gradient[key].values.reduce((a, g, i) => a + g * direction[key].values[i], 0),
        0
      )
      // Sixth order: h⁶ times a seventh derivative, 1e-22 of it, and 2⁻⁵² of the value over h.
      expect(Math.abs(found - slope)).toBeLessThan(1e-8 * (1 + Math.abs(slope)))
    }
  })

  it('leaves a component without mass its own parts, above the floor', () => {
    const mStep = there(family.mStep)
    const w = { none: 0, trace: 1, diagonal: 4, full: 16 }[mStep.second]
    const second = Float64Array.from({ length: 3 * w }, (_, at) => {
      const k = Math.floor(at / w)
      const e = at % w
      return k === 0 ? 0 : w === 1 ? 1.5 : w === 4 ? (0.3 + e / 5) / k : e % 5 === 0 ? (0.3 + e / 20) / k : 0.05
    })
    const led = (floor: number, old = learned): P =>
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
    const above = after(10, step(plain, 0.8))
    const least = symmetricEigen({ shape: [4, 4], values: covariancesOf(family, led(0.6, above)).slice(0, 16) })
      .values[3]
    expect(least).toBeGreaterThan(0.6 * (1 - 1e-12))
  })

  it('has equal weights where they are asked for', () => {
    const equal: Score.Score<string> = Score.mixture({ components: 3, covariance: name, weights: 'equal' })
    expect(Object.keys(Score.shapes(4)(equal))).not.toContain('logits')
    expect(Score.degreesOfFreedom(4)(equal)).toBe(Score.degreesOfFreedom(4)(score) - 2)
    const same = familyOf(equal)
    const next = step(plain, 1e-6, null, same)
    const first = next(there(Score.familyStart(same, 4)).fromCentres(centres, 2))
    expect(Array.from(there(same.toMixture)(first.params).weights)).toEqual([1 / 3, 1 / 3, 1 / 3])
    expect(next(first.params).value).toBeLessThan(first.value)
  })

  it('stays finite on equal rows, at the floor', () => {
    const equal = { rows: 10, dim: 4, values: new Float64Array(40).fill(0.7) }
    const { params } = ExpectationMaximization.step(family, 1e-6, equal)(learned)
    params.means.values.forEach(c => {
      expect(c).toBeCloseTo(0.7, 13)
    })
    for (let k = 0; k < 3; k++) {
      const values = covariancesOf(family, params).slice(16 * k, 16 * k + 16)
      const least = symmetricEigen({ shape: [4, 4], values }).values[3]
      expect(least).toBeGreaterThan(1e-6 * (1 - 1e-9))
    }
  })

  // Factors have inner steps, and axes in common are turned to a standstill: their way back is no M-step.
  const isExact = !['VEE', 'EVE', 'VVE'].includes(name) && Covariance.names.some(exact => exact === name)
  // At a floor or a noise level no projection of what is clipped.
  const isClipped = ['VEI', 'EVI', 'EEV', 'VEV', 'EVV'].includes(name)

  it.runIf(isExact)('is what follows of its two maps alone, with its moments or with all', () => {
    const own = Score.interpret(score)
    const told = (more: object): Score.Family<string> =>
      familyOf(
        Score.family({
          name: 'mapped',
          about: 'a family of two maps',
          formula: () => '',
          parameters: () => own.shapes,
          degreesOfFreedom: () => own.degreesOfFreedom,
          components: () => family.components,
          toMixture: () => mixtureAt,
          fromMixture: () => there(family.fromMixture),
          closedUnder: ['shift', 'scale'],
          ...more
        })
      )
    // Five steps round 1e-15 times the condition of the covariances, at most 14 in `truth`; missing cells take up to ten times an error on.
    const entries = (params: P): ReadonlyArray<number> => {
      const { means, weights } = mixtureAt(params)
      return [...means.values, ...weights, ...covariancesOf(family, params)]
    }
    const same = (found: P, wanted: P): void => expect(apart(entries(found), entries(wanted))).toBeLessThan(1e-10)
    const byMoments = told({ moments: () => there(family.mStep) })
    const kinds: ReadonlyArray<(of: Score.Family<string>) => Step> = [
      of => step(weighted, 1e-6, null, of),
      of => step(holes(plain), 1e-6, 0.01, of),
      ...(isClipped ? [] : [(of: Score.Family<string>) => step(plain, 0.8, null, of)]),
      ...(isClipped ? [] : [(of: Score.Family<string>) => noisy(plain, 0.8, of)])
    ]
    for (const kind of kinds) same(after(5, kind(byMoments)), after(5, kind(family)))
    if (!isClipped) same(after(5, step(plain, 0.8, null, told({}))), after(5, step(plain, 0.8)))
    same(there(Score.familyStart(byMoments, 4)).fromCentres(centres, 2), start)
    expect(there(byMoments.distance)(start, learned)).toBeCloseTo(there(family.distance)(start, learned), 9)
    const by = Float64Array.of(2, 0.5, 3, 1)
    same(there(byMoments.shifted)(by)(learned), there(family.shifted)(by)(learned))
    if (family.scaled !== undefined) same(there(byMoments.scaled)(by)(learned), family.scaled(by)(learned))
  })
})

it('of the pair the nearest by relative entropy weighs the two', () => {
  const { mean } = there(familyOf(Score.symmetricPair).fromMixture)(
    Mixture.of({ means: [[3, 1], [-1, 2]], weights: [0.75, 0.25] }) // prettier-ignore
  )
  // Σ π_k |c_k ∓ c|² is least at ¾ (3, 1) − ¼ (−1, 2).
  expect(Array.from(mean.values)).toEqual([2.5, 0.25])
})

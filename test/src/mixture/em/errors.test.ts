/** Rows with errors: extreme deconvolution, against NumPy (`test/oracle/errors.json`, which `errors.py` made) and what it is of no errors or equal ones. */
import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import * as Reductions from '../../../../lib/rows/reduction.js'
import * as ComponentTest from '../../../../src/fit/componentTest.js'
import {
  Compile,
  Discriminant,
  ExpectationMaximization,
  fit,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Pipeline,
  Problem,
  Recipe,
  Source,
  Stage,
  NoiseLevels
} from '../../../../src/index.js'
import * as Score from '../../../../src/score/score.js'
import * as Points from '../../../../src/data/index.js'
import { componentsAndBackground } from '../../../../src/mixture/component.js'
import { momentReduction } from '../../../../src/mixture/em/eStepLoops.js'
import { rowsInMemory } from '../../../../src/mixture/dataRows.js'
import { isSlow, once } from '../../../cases.js'
import { said } from '../../../said.js'
import { there } from '../../../there.js'

type Matrix = ReadonlyArray<ReadonlyArray<number>>
interface Case {
  readonly rows: ReadonlyArray<ReadonlyArray<number | null>>
  readonly loglik: number
  readonly weights: ReadonlyArray<number>
  readonly means: Matrix
  readonly covariances: ReadonlyArray<Matrix>
  readonly converged: number
}
interface Reference extends Pick<Case, 'weights' | 'means' | 'covariances'> {
  readonly errors: ReadonlyArray<Matrix>
  readonly cases: ReadonlyArray<Case>
}
const reference = JSON.parse(readFileSync(new URL('../../../oracle/errors.json', import.meta.url), 'utf8')) as Reference

const familyOf = <P extends string>(score: Score.Score<P>): Score.Family<P> => there(Score.interpret(score).family)
const apart = (found: ArrayLike<number>, wanted: ArrayLike<number>): number =>
  Array.from(wanted).reduce((most, x, i) => Math.max(most, Math.abs(found[i] - x)), found.length - wanted.length)

const rowsOf = ({ rows }: Case): Points.Points => ({
  rows: rows.length,
  dim: 2,
  values: Float64Array.from(rows.flat(), x => x ?? NaN),
  errors: Float64Array.from(reference.errors.flat(2))
})
const start = Mixture.of(reference)

describe.each(reference.cases.map((one, i) => ({ one, name: i === 0 ? 'whole rows' : 'missing cells' })))(
  '$name',
  ({ one }) => {
    const points = rowsOf(one)
    const family = familyOf(Score.full({ components: 2 }))
    const step = ExpectationMaximization.step(family, 1e-9, points)

    once('have the likelihood and the step of the reference', () => {
      const logs = Mixture.logDensity(points)(start)
      const total = logs.reduce((sum, x) => sum + x, 0)
      // 60 rows of size 1 to 10, and rounding.
      expect(Math.abs(total - one.loglik)).toBeLessThan(1e-11)
      const { value, params } = step(there(family.fromMixture)(start))
      expect(Math.abs(-60 * value - one.loglik)).toBeLessThan(1e-11)
      const found = there(family.toMixture)(params)
      expect(apart(found.weights, one.weights)).toBeLessThan(1e-12)
      expect(apart(found.means.values, one.means.flat())).toBeLessThan(1e-12)
      expect(apart(Mixture.covariances(found).values, one.covariances.flat(2))).toBeLessThan(1e-12)
    })

    once('converge where the reference does', () => {
      let params = there(family.fromMixture)(start)
      for (let i = 0; i < 150; i++) params = step(params).params
      // Both have less to gain than rounding, of sixty rows.
      expect(Math.abs(-60 * step(params).value - one.converged)).toBeLessThan(1e-10)
    })

    once('have responsibilities that are those of their likelihoods', () => {
      const { values } = Mixture.responsibilities(points)(start)
      const alone = [0, 1].map(k =>
        Mixture.logDensity(points)(Mixture.of({ means: [reference.means[k]], covariances: [reference.covariances[k]] }))
      )
      alone[0].forEach((first, i) => {
        const wanted = 1 / (1 + (reference.weights[1] / reference.weights[0]) * Math.exp(alone[1][i] - first))
        expect(Math.abs(values[2 * i] - wanted)).toBeLessThan(1e-13)
      })
      expect(Mixture.assign(points)(start)).toEqual(Array.from({ length: 60 }, (_, i) => (values[2 * i] > 0.5 ? 0 : 1)))
    })
  }
)

// —— every family ——

const rows = 120
const dim = 3
const truth = Mixture.of({
  means: [[0, 0, 0], [4, 1, 0]], // prettier-ignore
  weights: [0.4, 0.6],
  covariances: [[[2, 0.5, 0], [0.5, 1, 0], [0, 0, 0.5]], [[1, 0.2, 0], [0.2, 0.6, 0.1], [0, 0.1, 0.4]]] // prettier-ignore
})
const clean = Mixture.sample(rows)(Key.fromSeed(3))(truth)
const sds = Array.from({ length: rows }, (_, i) =>
  Array.from(Key.uniform(dim)(Key.fromSeed(100 + i)), u => (i % 10 === 0 ? 0 : 1.2 * u))
)
const measured = Problem.orThrow(
  Points.withErrors(sds)({
    ...clean,
    values: clean.values.map(
      (x, at) => x + sds[Math.floor(at / dim)][at % dim] * Key.normal(rows * dim)(Key.fromSeed(5))[at]
    ),
    weights: Key.uniform(rows)(Key.fromSeed(4)).map(u => 0.2 + u)
  })
)
const holes = { ...measured, values: measured.values.map((x, at) => (at % 7 === 3 ? NaN : x)) }

const likelihoodOf = (points: Points.Points, errors: Float64Array, sigma: number): number =>
  Reductions.evaluate(
    momentReduction(componentsAndBackground(truth), 'full', rowsInMemory(points), {
      errors,
      level: { alpha: 1, sigma }
    })
  ).value

once('the formulas of errors of 0 are those of rows without', () => {
  for (const points of [clean, { ...clean, values: holes.values }]) {
    const data = rowsInMemory(points)
    const zero = new Float64Array(rows * dim * dim)
    const found = Reductions.evaluate(
      momentReduction(componentsAndBackground(truth), 'full', data, { errors: zero, level: { alpha: 1, sigma: 0 } })
    )
    const wanted = Reductions.evaluate(momentReduction(componentsAndBackground(truth), 'full', data))
    expect(Math.abs(found.value - wanted.value)).toBeLessThan(1e-12)
    for (const key of ['mass', 'sums', 'second'] as const) expect(apart(found[key], wanted[key])).toBeLessThan(1e-12)
  }
})

once('errors and noise add up', () => {
  const errors = measured.errors ?? new Float64Array()
  const wider = errors.map((e, at) => (at % (dim * dim)) % (dim + 1) === 0 ? e + 0.49 : e) // prettier-ignore
  expect(Math.abs(likelihoodOf(measured, errors, 0.7) - likelihoodOf(measured, wider, 0))).toBeLessThan(1e-13)
})

once('one round component is at the maximum of its likelihood, by golden sections', () => {
  const line = { rows: 30, dim: 1, values: Key.normal(30)(Key.fromSeed(1)).map((z, i) => 2 + 1.5 * z + (i % 3)) }
  const deviations = Key.uniform(30)(Key.fromSeed(2)).map(u => 2 * u)
  const points = Problem.orThrow(Points.withErrors(Array.from(deviations, s => [s]))(line))
  const family = familyOf(Score.isotropic({ components: 1 }))
  const step = ExpectationMaximization.step(family, 1e-9, points)
  let params = there(Score.familyStart(family, 1)).fromCentres({ shape: [1, 1], values: Float64Array.of(0) }, 1)
  for (let i = 0; i < 2000; i++) params = step(params).params
  /** Profile likelihood: at v the mean is the weighted one. */
  const profile = (v: number): { readonly value: number; readonly mean: number } => {
    const w = Array.from(deviations, s => 1 / (v + s * s))
    const mean = w.reduce((sum, x, i) => sum + x * line.values[i], 0) / w.reduce((sum, x) => sum + x, 0)
    const value = w.reduce((sum, x, i) => sum + Math.log(x) - x * (line.values[i] - mean) ** 2, 0)
    return { value, mean }
  }
  let low = 0.01
  let high = 20
  const g = (Math.sqrt(5) - 1) / 2
  for (let i = 0; i < 80; i++) {
    const a = high - g * (high - low)
    const b = low + g * (high - low)
    if (profile(a).value > profile(b).value) high = b
    else low = a
  }
  // The value is flat to 1e-16 where v is known to its root.
  expect(Math.abs(Math.exp(params.logVariances.values[0]) - low)).toBeLessThan(1e-6)
  expect(Math.abs(params.means.values[0] - profile(low).mean)).toBeLessThan(1e-6)
})

describe('points with errors', () => {
  once('go with their rows, columns and units', () => {
    const covariances = [[[4, 1], [1, 9]], [[1, 0], [0, 0]]] // prettier-ignore
    const points = Problem.orThrow(pipe(Points.fromRows([[1, 2], [3, 5]]), E.flatMap(Points.withErrors(covariances)))) // prettier-ignore
    expect(Array.from(Points.select([1])(points).errors ?? [])).toEqual([1, 0, 0, 0])
    expect(Array.from(Source.columns([1])(points).errors ?? [])).toEqual([9, 0])
    expect(Array.from(Source.columns([1, 0])(points).errors ?? [])).toEqual([9, 1, 1, 4, 0, 0, 0, 1])
    const { points: standard, ...scaling } = Points.standardize(points)
    expect(Array.from(standard.errors ?? [])).toEqual([4, 1 / 1.5, 1 / 1.5, 4, 1, 0, 0, 0])
    expect(apart(Points.unstandardize(scaling)(standard).errors ?? [], points.errors ?? [])).toBeLessThan(1e-15)
    expect(Points.pointsFingerprint(points)).not.toBe(
      Points.pointsFingerprint({ ...points, errors: points.errors?.map(e => 2 * e) ?? points.values })
    )
  })

  once.each([
    [[[1, 1]], 'errors: 1 row is not 2, one for each row; give every row its error; 0 where it is exact'],
    [[[1, 1], [1, -1]], 'error of row 2: [1,-1] is not 2 standard deviations ≥ 0, or a covariance of 2 × 2; give every row its error; 0 where it is exact'], // prettier-ignore
    [[[1, 1], [[1, 2], [2, 1]]], 'error of row 2: [1, 2, 2, 1] is not a covariance: symmetric, finite, and nowhere less than 0; give standard deviations ≥ 0, or covariances'] // prettier-ignore
  ])('refuse what is none: %j', (errors, message) => {
    expect(said(pipe(Points.fromRows([[1, 2], [3, 5]]), E.flatMap(Points.withErrors(errors))))).toBe(message) // prettier-ignore
  })

  once('are refused where they would not count', () => {
    expect(() => Source.of(measured)).toThrow(/rows with errors/)
    expect(() => Mixture.predict([0])(measured)(truth)).toThrow(/rows with errors/)
    expect(() => Mixture.impute(measured)(truth)).toThrow(/rows with errors/)
    const full = Score.full({ components: 2 })
    expect(said(Compile.pipeline(Recipe.maximumLikelihood(full)(measured))(measured))).toMatch(
      /rows with errors is not exact rows.*use Stage.expectationMaximization/
    )
    // What L-BFGS asks of noise is no second problem of theirs.
    const objective = Objective.denoising(NoiseLevels.at(1))
    const climbs = Pipeline.of({
      ...Recipe.maximumLikelihood(full)(measured),
      stages: [Stage.descend({ objective, optimizer: Optimizer.lbfgs(), steps: 3 })]
    })
    expect(said(Compile.pipeline(climbs)(measured))).toMatch(/^[^;]*rows with errors[^;]*; use Stage[^;]*$/)
    expect(said(Compile.pipeline(Recipe.expectationMaximization(full)(measured))(measured))).toBe('')
    const tailed = Score.withTails({ nu: 4 })(full)
    expect(said(Compile.pipeline(Recipe.expectationMaximization(tailed)(measured))(measured))).toMatch(
      /a mixture of Gaussians, of which alone rows with errors are learned/
    )
    expect(said(ComponentTest.of()(measured))).toMatch(/rows with errors/)
    const labels = Array.from({ length: rows }, (_, i) => i % 2)
    expect(() => Discriminant.fit(measured, labels)).toThrow(/rows with errors/)
  })
})

describe('fit', () => {
  // Two clusters along a line, which errors of their own blur: rows of large errors say little.
  const exactRows = Mixture.sample(280)(Key.fromSeed(8))(
    Mixture.of({ means: [[-2, 0], [2, 0]], weights: [0.5, 0.5], variances: [0.25, 0.25] }) // prettier-ignore
  )
  const sd = Array.from(Key.uniform(280)(Key.fromSeed(9)), u => (u < 0.5 ? 0.1 : 1.5))
  const noise = Key.normal(560)(Key.fromSeed(10))
  const blurred = { ...exactRows, values: exactRows.values.map((x, at) => x + sd[Math.floor(at / 2)] * noise[at]) }
  const points = Problem.orThrow(Points.withErrors(sd.map(s => [s, s]))(blurred))

  it.runIf(isSlow)('finds the mixture of what was measured, and not of the measurements', () => {
    const found = fit(points, { components: [1, 2, 3], family: 'diagonal' })
    expect(found.components).toBe(2)
    const variances = Mixture.covariances(found.mixture).values
    // Of 140 rows half of which have hardly an error: 0.25 √(2/(2 · 70)) = 0.03, four times of it.
    for (const at of [0, 3, 4, 7]) expect(Math.abs(variances[at] - 0.25)).toBeLessThan(0.12)
    const plain = fit(blurred, { components: 2, family: 'isotropic' })
    expect(Mixture.covariances(plain.mixture).values[0]).toBeGreaterThan(0.5)
    // Its likelihood is that of rows with their errors, in the units that were given.
    const logs = Mixture.logDensity(points)(found.mixture)
    expect(Math.abs(found.logLikelihood - logs.reduce((sum, x) => sum + x, 0) / 280)).toBeLessThan(1e-12)
    // A row of a large error is less sure.
    const rough = sd.findIndex((s, i) => s > 1 && Math.abs(blurred.values[2 * i]) < 0.5)
    const one = (of: Points.Points): number => found.assign(Points.select([rough])(of))[0].probability
    expect(one(points)).toBeLessThan(one(blurred))
  })

  it.runIf(isSlow)('takes missing cells and cross-validation too, and no tails', () => {
    const fewer = pipe(points, Points.select(Array.from({ length: 100 }, (_, i) => i)))
    const some = { ...fewer, values: fewer.values.map((x, at) => (at % 11 === 0 ? NaN : x)) }
    expect(fit(some, { components: [1, 2], family: 'isotropic', missing: 'em' }).components).toBe(2)
    expect(fit(fewer, { components: [1, 2], family: 'isotropic', criterion: 'crossValidated' }).components).toBe(2)
    const robust = fit(fewer, { components: 2, family: 'isotropic', robust: true })
    expect(robust.refused.map(({ problem }) => problem.domain)).toContainEqual(
      expect.stringMatching(/rows with errors/)
    )
  })
})

once('columns of a table are errors of others', () => {
  const text = 'x,sd_x,y,sd_y\n1,0.5,2,0\n3,0.25,4,2\n'
  const table = Problem.orThrow(Points.readCsv(text, { errors: ['sd_x', 'sd_y'] }))
  expect(table.columns).toEqual(['x', 'y'])
  expect(Array.from(table.points.errors ?? [])).toEqual([0.25, 0, 0, 0, 0.0625, 0, 0, 4])
  const why = (text: string, errors: ReadonlyArray<string>): string => said(Points.readCsv(text, { errors }))
  expect(why('x,sd_x,y\n1,0.5,2\n', ['sd_x'])).toBe(
    "errors: sd_x is not 2 columns, one for each of x, y; give one for each, in this order, or choose with 'columns'"
  )
  expect(why('x,sd_x\n1,0.5\n2,-1\n', ['sd_x'])).toBe(
    'row 2, column 2 (sd_x): -1 is not a standard deviation ≥ 0; give it 0 where the row is exact'
  )
})

/** Rows with missing cells: what a mixture says of them, and expectation–maximization over what they have. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { Fit, fit, Key, Mixture, Params, Points, Problem, Source } from '../../../../src/index.js'
import * as Statistics from '../../../../src/mixture/statistics.js'
import * as ExpectationMaximization from '../../../../src/mixture/em/expectationMaximization.js'
import { isSlow, once } from '../../../cases.js'
import { said } from '../../../said.js'
import { there } from '../../../there.js'
import * as Reductions from '../../../../lib/rows/reduction.js'
import { componentsOf } from '../../../../src/mixture/component.js'
import { momentReduction } from '../../../../src/mixture/em/eStepLoops.js'
import { weightedRowsOf } from '../../../../src/mixture/dataRows.js'
import { ofVocabulary } from '../families/families.js'

const means = [[-1, 0, 1], [1.5, 1, -1]] // prettier-ignore
const covariances = [
  [[1, 0.6, 0.2], [0.6, 1.2, 0.3], [0.2, 0.3, 0.9]], // prettier-ignore
  [[1, -0.4, 0], [-0.4, 2, 0.5], [0, 0.5, 1]] // prettier-ignore
]
const weights = [0.4, 0.6]
const mixture = Mixture.of({ means, covariances, weights })
const whole: Points.Points = {
  ...Mixture.sample(60)(Key.fromSeed(1))(mixture),
  weights: Float64Array.from({ length: 60 }, (_, i) => 1 + (i % 3))
}
/** Every fifth cell or so, in all patterns but that of nothing. */
const holes: Points.Points = { ...whole, values: whole.values.map((x, at) => ((at * 7919) % 5 === 0 ? NaN : x)) }

/** −Σ w log p of what each row has, by the mixture of those columns alone: written from Description to Description. */
const byHand = (points: Points.Points, of: Mixture.Description & { covariances: typeof covariances }): number => {
  const w = Points.weightsOf(points)
  const rows = Points.toRows(points).map((row, i) => ({
    row,
    weight: w[i],
    there: row.flatMap((x, j) => (Number.isNaN(x) ? [] : [j]))
  }))
  // Rows that have the same columns are asked at once.
  return [...new Set(rows.map(({ there }) => there.join()))].reduce((sum, columns) => {
    const own = rows.filter(({ there }) => there.join() === columns)
    const [{ there }] = own
    const marginal = Mixture.of({
      weights: of.weights ?? weights,
      means: of.means.map(mean => there.map(j => mean[j])),
      covariances: of.covariances.map(matrix => there.map(j => there.map(l => matrix[j][l])))
    })
    const values = Float64Array.from(own.flatMap(({ row }) => there.map(j => row[j])))
    const logs = Mixture.logDensity({ rows: own.length, dim: there.length, values })(marginal)
    return own.reduce((sum, { weight }, i) => sum - weight * logs[i], sum)
  }, 0)
}

const families = ofVocabulary(2)

describe('of rows with missing cells', () => {
  once('the density is that of the columns they have', () => {
    const [, , log] = Mixture.logDensity({
      rows: 3,
      dim: 3,
      values: Float64Array.of(NaN, NaN, NaN, 1, 2, NaN, NaN, NaN, 0.5)
    })(mixture)
    // By the formula of one column: variances 0.9 and 1 about 1 and −1.
    const normal = (x: number, v: number): number => Math.exp((-x * x) / (2 * v)) / Math.sqrt(2 * Math.PI * v)
    expect(Math.exp(log)).toBeCloseTo(0.4 * normal(-0.5, 0.9) + 0.6 * normal(1.5, 1), 14)
    expect(-Mixture.meanLogDensity(holes)(mixture)).toBeCloseTo(byHand(holes, { means, covariances, weights }), 12)
  })

  once('a row of nothing is of each component by its weight, and no outlier', () => {
    const [row] = Mixture.memberships({ rows: 1, dim: 3, values: new Float64Array(3).fill(NaN) })(mixture)
    expect(row).toEqual({ component: 1, probability: 0.6, uncertainty: 0.4, logDensity: 0, isOutlier: false })
    const [far] = Mixture.memberships({ rows: 1, dim: 3, values: Float64Array.of(NaN, 9, NaN) })(mixture)
    expect(far.isOutlier).toBe(true)
  })

  once('a row beyond the reach of all components has the density 0, as whole rows have', () => {
    const far = 1e200
    const points = { rows: 2, dim: 3, values: Float64Array.of(far, far, far, far, NaN, far) }
    expect([...Mixture.logDensity(points)(mixture)]).toEqual([-Infinity, -Infinity])
  })

  once('the moments are the gradient of the likelihood: Σ_k⁻¹ Σrδ, and ½ P(Σrδδᵀ − Σr Σ_k)P, by differences', () => {
    const found = Reductions.evaluate(momentReduction(componentsOf(mixture), 'full', weightedRowsOf(holes)))
    expect(found.value).toBeCloseTo(byHand(holes, { means, covariances, weights }), 12)
    // Central differences of a step h err by h² third derivatives and 2⁻⁵²/h: some 1e-10.
    const h = 1e-5
    const solve = (k: number, b: ReadonlyArray<number>): ReadonlyArray<number> => {
      // Cramer's rule.
      const det = (m: ReadonlyArray<ReadonlyArray<number>>): number =>
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
        m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
        m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
      const a = covariances[k]
      return [0, 1, 2].map(j => det(a.map((row, i) => row.map((x, l) => (l === j ? b[i] : x)))) / det(a))
    }
    for (const k of [0, 1]) {
      const gradient = solve(k, Array.from(found.sums.subarray(3 * k, 3 * k + 3)))
      const inner = [0, 1, 2].map(i =>
        [0, 1, 2].map(j => found.second[9 * k + 3 * i + j] - found.mass[k] * covariances[k][i][j])
      )
      const half = inner.map(row => solve(k, row))
      const column = (j: number): ReadonlyArray<number> => half.map(row => row[j])
      const both = [0, 1, 2].map(j => solve(k, column(j)))
      for (const j of [0, 1, 2]) {
        const moved = (by: number): number =>
          byHand(holes, {
            covariances,
            weights,
            means: means.map((mean, l) => mean.map((c, i) => (l === k && i === j ? c + by : c)))
          })
        expect((moved(-h) - moved(h)) / (2 * h)).toBeCloseTo(gradient[j], 8)
        for (let i = 0; i <= j; i++) {
          const widened = (by: number): number =>
            byHand(holes, {
              means,
              weights,
              covariances: covariances.map((matrix, l) =>
                matrix.map((row, a) =>
                  row.map((s, b) => (l === k && ((a === i && b === j) || (a === j && b === i)) ? s + by : s))
                )
              )
            })
          // Both of two equal entries move.
          const times = i === j ? 0.5 : 1
          expect((widened(-h) - widened(h)) / (2 * h)).toBeCloseTo(times * both[i][j], 8)
        }
      }
    }
  })

  once.each(families)('a step of $name is the plain one where nothing is missing that counts', ({ family, from }) => {
    const start = from(mixture)
    const plain = ExpectationMaximization.step(family, 1e-6, whole)(start)
    const more = {
      rows: 61,
      dim: 3,
      values: Float64Array.of(...whole.values, NaN, 0, 0),
      weights: Float64Array.of(...(whole.weights ?? []), 0)
    }
    const found = ExpectationMaximization.step(family, 1e-6, more)(start)
    expect(found.value).toBeCloseTo(plain.value, 12)
    Params.names(plain.params).forEach(name => {
      found.params[name].values.forEach((x, at) => {
        expect(x).toBeCloseTo(plain.params[name].values[at], 11)
      })
    })
  })
})

describe('fit', () => {
  const truth = Mixture.of({
    means: [[-5, 0], [5, 0], [0, 8]], // prettier-ignore
    weights: [0.5, 0.3, 0.2]
  })
  const points = Mixture.sample(400)(Key.fromSeed(3))(truth)
  const gone = { ...points, values: points.values.map((x, at) => ((at * 7919) % 4 === 0 ? NaN : x)) }
  const few: Fit.Options = { components: [2, 3, 4], family: 'isotropic' }

  it.runIf(isSlow)('learns from what rows have', () => {
    const found = fit(gone, { ...few, missing: 'em' })
    expect(found.components).toBe(3)
    const ordered = Mixture.relabelled(Mixture.order(truth))(truth)
    // Five standard errors of 60 rows of variance 1.
    found.mixture.means.values.forEach((x, at) => {
      expect(Math.abs(x - ordered.means.values[at])).toBeLessThan(5 / Math.sqrt(60))
    })
    expect(found.logLikelihood).toBeCloseTo(Mixture.meanLogDensity(gone)(found.mixture), 12)
    expect(found.assign(gone)).toHaveLength(400)
    // Rows of numbers are the same.
    expect(fit(Points.toRows(gone), { ...few, missing: 'em' }).mixture).toEqual(found.mixture)
  })

  once.each([
    [{}, gone, 'row 1, column 1: NaN is not a finite number'],
    [{ missing: 'em' }, [[NaN, 1], [NaN, 2]], 'column 1: all missing is not a column with a number'], // prettier-ignore
    [{ missing: 'mean' }, points, 'missing: mean is not one of refuse, em; try em']
  ] as const)('refuses %j', (options, data, problem) => {
    expect(said(Fit.mixture(options as Fit.Options)(data))).toContain(problem)
  })
})

describe('of rows that are not in memory', () => {
  /** Of more rows than a block has, 2¹⁶; of two rows in three nothing is missing, or of one in two. */
  const truth = Mixture.of({
    means: [[-4, 0, 2], [3, 5, 2]], // prettier-ignore
    weights: [0.4, 0.6],
    variances: [1, 2]
  })
  const drawn = Mixture.sample(66_000)(Key.fromSeed(9))(truth)
  const withHoles = (isHole: (row: number, column: number) => boolean): Points.Points => ({
    ...drawn,
    values: drawn.values.map((x, at) => (isHole(Math.floor(at / 3), at % 3) ? NaN : x)),
    weights: Float64Array.from({ length: drawn.rows }, (_, i) => 1 + (i % 3) / 2)
  })
  once.each([
    ['few', 'full', (row: number, column: number) => row % 3 === 0 && (row + column) % 2 === 0],
    ['many', 'isotropic', (row: number, column: number) => row % 2 > 0 && row % 3 === column]
  ] as const)('a step and its statistics have the same bits, beyond a block: %s are missing', (_, kind, isHole) => {
    const points = withHoles(isHole)
    const source = Source.of(points)
    const { family, from } = there(ofVocabulary(2).find(({ name }) => name === kind))
    const [inMemory, inFile] = [points, source].map(of => ExpectationMaximization.step(family, 1e-6, of)(from(truth)))
    expect(inFile).toEqual(inMemory)
    expect(Statistics.of(source, 7)(truth)).toEqual(Statistics.of(points, 7)(truth))
  })

  once('refuses them where they are not asked for, and a column of nothing', () => {
    expect(said(Fit.mixture({})(Source.of(holes)))).toMatch(/rows: some with missing cells is not whole/)
    const none = { rows: 2, dim: 2, values: Float64Array.of(1, NaN, 2, NaN) }
    expect(said(Fit.mixture({ missing: 'em' })(Source.of(none)))).toMatch(/column 2: all missing/)
  })

  once('are read from text where they are to be kept, and refused else', async () => {
    async function* bytes(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new TextEncoder().encode('x,y\n1,2\nNA,4\n5,'))
      yield new TextEncoder().encode('6\n')
    }
    const read = Problem.orThrow(await Source.fromCsv({ missing: 'keep' })(bytes()))
    expect([...Source.pieces(read.source)].map(Points.toRows)).toEqual([[[1, 2], [NaN, 4], [5, 6]]]) // prettier-ignore
    expect(read.source.misses).toBe(true)
    expect(E.isLeft(await Source.fromCsv()(bytes()))).toBe(true)
  })
})

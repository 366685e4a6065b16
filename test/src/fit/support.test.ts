/** Components that few rows hold up, each for the others: which are told, and which are not. */
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import * as Backend from '../../../src/data/reductionBackend.js'
import { evaluatePipelineResult, evaluationData } from '../../../src/fit/evaluation.js'
import {
  Compile,
  fit,
  Initializer,
  Key,
  Mixture,
  Pipeline,
  Points,
  Problem,
  Run,
  Schedule,
  Score,
  Source,
  Stage
} from '../../../src/index.js'
import { unsupportedComponents } from '../../../src/mixture/em/support.js'
import { isSlow, once } from '../../cases.js'
import { rowsOf } from '../../tables.js'
import { there } from '../../there.js'
import { toldOfChosen } from './chosen.js'

/** log N(x; m, S) in the plane, from the determinant and the adjugate. */
const logNormal = (
  [x, y]: ReadonlyArray<number>,
  [a, b]: ReadonlyArray<number>,
  [[s, c], [, t]]: ReadonlyArray<ReadonlyArray<number>>
): number => {
  const determinant = s * t - c * c
  const u = x - a
  const v = y - b
  return (
    -Math.log(2 * Math.PI) - Math.log(determinant) / 2 - (t * u * u - 2 * c * u * v + s * v * v) / (2 * determinant)
  )
}

const sum = (values: ReadonlyArray<number>): number => values.reduce((all, x) => all + x, 0)

/** Mean and covariance of rows as they count. */
const estimate = (
  rows: ReadonlyArray<ReadonlyArray<number>>,
  counts: ReadonlyArray<number>,
  keep: (covariance: ReadonlyArray<ReadonlyArray<number>>) => ReadonlyArray<ReadonlyArray<number>>
): { readonly mean: ReadonlyArray<number>; readonly covariance: ReadonlyArray<ReadonlyArray<number>> } => {
  const n = sum(counts)
  const mean = [0, 1].map(j => sum(rows.map((row, i) => counts[i] * row[j])) / n)
  const covariance = [0, 1].map(j =>
    [0, 1].map(l => sum(rows.map((row, i) => counts[i] * (row[j] - mean[j]) * (row[l] - mean[l]))) / n)
  )
  return { mean, covariance: keep(covariance) }
}

const kinds = {
  full: { second: 'full', keep: (s: ReadonlyArray<ReadonlyArray<number>>) => s },
  diagonal: { second: 'diagonal', keep: ([[s], [, t]]: ReadonlyArray<ReadonlyArray<number>>) => [[s, 0], [0, t]] }, // prettier-ignore
  isotropic: { second: 'trace', keep: ([[s], [, t]]: ReadonlyArray<ReadonlyArray<number>>) => [[(s + t) / 2, 0], [0, (s + t) / 2]] } // prettier-ignore
} as const

const truth = Mixture.of({ means: [[0, 0], [3, 1], [-2, 4]], weights: [0.4, 0.3, 0.3] }) // prettier-ignore

/** What each component gains on the rows by its share, as if it were estimated anew without each of them. */
const gainsOf = (
  points: Points.Points,
  mixture: Mixture.Mixture,
  keep: (typeof kinds)[keyof typeof kinds]['keep']
): { readonly counts: ReadonlyArray<number>; readonly gains: ReadonlyArray<number> } => {
  const rows = Points.toRows(points)
  const weights = Array.from(mixture.weights, weight => (1 - (mixture.background?.share ?? 0)) * weight)
  const total = Array.from(Mixture.logDensity(points)(mixture), Math.exp)
  const { values: shares, shape } = Mixture.responsibilities(points)(mixture)
  const shareOf = (row: number): ReadonlyArray<number> =>
    Array.from(shares.subarray(row * shape[1], (row + 1) * shape[1]))
  const of = weights.map((_, k) => rows.map((__, i) => shareOf(i)[k]))
  const gains = of.map((counts, k) =>
    sum(
      rows.map((row, i) => {
        const others = total[i] * sum(shareOf(i).filter((_, l) => l !== k))
        const left = counts.map((count, l) => (l === i ? 0 : count))
        const { mean, covariance } = estimate(rows, left, keep)
        const own = (weights[k] * sum(left) * Math.exp(logNormal(row, mean, covariance))) / sum(counts)
        return Math.log(others + own) - Math.log(others / (1 - weights[k]))
      })
    )
  )
  return { counts: of.map(sum), gains }
}

describe('a component is held against what it gains with each row left out', () => {
  const isGained = (
    points: Points.Points,
    mixture: Mixture.Mixture,
    { second, keep }: (typeof kinds)[keyof typeof kinds]
  ): void => {
    const { counts, gains } = gainsOf(points, mixture, keep)
    // So many parameters that no gain is enough: all are told. The fit stands still to 1e-8 in its parameters.
    const told = unsupportedComponents(points, mixture, { second, parameters: 1e6 })
    expect(told.map(({ component }) => component)).toEqual(gains.map((_, k) => k))
    told.forEach(({ gain, rows, component }) => {
      expect(gain).toBeCloseTo(gains[component], 4)
      expect(rows).toBeCloseTo(counts[component], 6)
    })
  }

  once.each(Object.entries(kinds))('as if it were estimated anew without the row: %s', (family, kind) => {
    const points = Mixture.sample(60)(Key.fromSeed(3))(truth)
    // In units of their own, where round components are round.
    const options = { components: 3, family: family as keyof typeof kinds, standardize: false }
    isGained(points, fit(points, options).mixture, kind)
  })

  once('with a background among the others', () => {
    const clean = Mixture.sample(60)(Key.fromSeed(3))(Mixture.of({ means: [[0, 0], [7, 2]] })) // prettier-ignore
    const points = { rows: 64, dim: 2, values: Float64Array.of(...clean.values, 40, 2, -30, 25, 9, -50, 60, 60) }
    const score = Score.withBackground()(Score.full({ components: 2 }))
    const pipeline = Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score,
      initializer: Initializer.values([[0, 0], [7, 2]]), // prettier-ignore
      stages: [Stage.expectationMaximization({ steps: 5000, relativeChange: 1e-15 })]
    })
    const { params } = Run.last(Problem.orThrow(Compile.pipeline(pipeline)(points)))(Key.fromSeed(1))
    const mixture = there(O.toUndefined(Score.toMixture(score)(params)))
    isGained(points, mixture, kinds.full)
    // Both are clusters; one of a single row, which the background would take, is none.
    const judged = (mixture: Mixture.Mixture) =>
      evaluatePipelineResult(mixture, evaluationData({ original: points, scaling: null }), pipeline)
    expect(judged(mixture).unsupported).toEqual([])
    const lone = Mixture.of({
      means: [
        [0, 0],
        [7, 2],
        [40, 2]
      ],
      weights: [0.49, 0.49, 0.02], // prettier-ignore
      background: { share: there(mixture.background).share, shape: 'cauchy', centre: [3, 1], scale: [8, 8] }
    })
    expect(judged(lone).unsupported).toMatchObject([{ component: 2, parameters: 6 }])
  })

  once('a row that counts as several is as several rows', () => {
    const points = Mixture.sample(30)(Key.fromSeed(3))(truth)
    const { mixture } = fit(points, { components: 3, family: 'isotropic' })
    const own = { second: 'trace', parameters: 1e6 } as const
    const twice = { rows: 60, dim: 2, values: Float64Array.of(...points.values, ...points.values) }
    const weighted = { ...points, weights: new Float64Array(30).fill(2) }
    const a = unsupportedComponents(twice, mixture, own)
    const b = unsupportedComponents(weighted, mixture, own)
    expect(a).toHaveLength(3)
    // sums of 60 numbers of size 10, in another order
    a.forEach(({ gain }, k) => {
      expect(b[k].gain).toBeCloseTo(gain, 9)
    })
  })
})

describe('is told', () => {
  once('of the penguins in four full components: twelve rows hold up one that no species is', () => {
    const { candidates, family } = fit(rowsOf('penguins'), { components: 4, family: 'full' })
    expect(family).toBe('full')
    const [{ unsupported }] = candidates
    expect(unsupported.map(({ component }) => component)).toEqual([3])
    const [{ rows, parameters, gain, due }] = unsupported
    expect(rows).toBeCloseTo(12.5, 1)
    // a mean, a covariance and a weight; ½ p log n − p
    expect(parameters).toBe(4 + 10 + 1)
    expect(due).toBeCloseTo(7.5 * Math.log(342) - 15, 9)
    expect(gain).toBeLessThan(due)
  })

  once('of rows that are not in memory, as of those that are, stretch after stretch', () => {
    const many = Mixture.sample(70_000)(Key.fromSeed(4))(Mixture.of({ means: [[0, 0]] }))
    const points = { ...many, weights: Float64Array.from({ length: many.rows }, (_, i) => (i % 3) / 2) }
    const weights = [1 - 8 / 70_000, 8 / 70_000]
    const mixture = Mixture.of({ means: [[0, 0], [1, 1]], weights, variances: [1, 1e-4] }) // prettier-ignore
    const pipeline = Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score: Score.isotropic({ components: 2 }),
      initializer: Initializer.kMeansPlusPlus,
      stages: [Stage.expectationMaximization({ steps: 1 })]
    })
    const source = Problem.orThrow(Source.gathered([points]))
    const inMemory = evaluatePipelineResult(mixture, evaluationData({ original: points, scaling: null }), pipeline)
    const inFile = evaluatePipelineResult(
      mixture,
      evaluationData({ original: source, scaling: null }, Backend.localBackend),
      pipeline
    )
    expect(inFile).toEqual(inMemory)
    expect(inMemory.unsupported).toMatchObject([{ component: 1, parameters: 4 }])
    source.close()
  })

  once('once: not of one that is told to be as narrow as may be', () => {
    // Three rows that are the same.
    const rows = [[0.1], [0.4], [-0.3], [0.2], [-0.1], [5.2], [4.9], [5.4], [7], [7], [7]]
    const { candidates } = fit(rows, { components: 3, family: 'isotropic' })
    const [{ atMinVariance, unsupported }] = candidates
    expect([atMinVariance, unsupported]).toEqual([[2], []])
  })

  once('neither under a prior nor of rows that miss cells', () => {
    const rows = rowsOf('penguins')
    expect(fit(rows, { components: 4, family: 'full', prior: 0.01 }).candidates[0].unsupported).toEqual([])
    const missing = rows.map((row, i) => (i === 0 ? [NaN, ...row.slice(1)] : row))
    expect(fit(missing, { components: 4, family: 'full', missing: 'em' }).candidates[0].unsupported).toEqual([])
  })
})

describe('is not told', () => {
  // So are those of faithful and penguins, where they are learned: in fit.test.ts and kept.test.ts.
  it.runIf(isSlow)('of what is chosen for iris, by any criterion but AIC', () => {
    expect(toldOfChosen(fit(rowsOf('iris')))).toEqual([])
  })

  once('of seven rows far from all others, nor of means alone', () => {
    const many = Mixture.sample(200)(Key.fromSeed(1))(Mixture.of({ means: [[0, 0]] }))
    const few = Mixture.sample(7)(Key.fromSeed(2))(Mixture.of({ means: [[12, 0]] }))
    const points = { rows: 207, dim: 2, values: Float64Array.of(...many.values, ...few.values) }
    for (const family of ['isotropic', 'tied'] as const) {
      const found = fit(points, { components: 2, family })
      expect(Math.min(...found.mixture.weights) * 207).toBeCloseTo(7, 1)
      expect(found.candidates[0].unsupported).toEqual([])
    }
  })
})

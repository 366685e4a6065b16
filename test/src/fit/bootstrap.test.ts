/** Bootstrap intervals: as wide as theory says where it says, over the truth as often as they claim, and honest where resamples fail. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { useThreads } from '../../../lib/wasm/threadPool.js'
import * as Stretches from '../../../lib/rows/stretches.js'
import { Fit, fit, Key, Metric, Mixture, type Points, Problem, Source } from '../../../src/index.js'
import * as Bootstrap from '../../../src/fit/bootstrap.js'
import { isSlow, spread, once } from '../../cases.js'

const line = Mixture.of({ means: [[-3], [2]], weights: [0.4, 0.6], variances: [1, 2] })
const plane = Mixture.of({
  means: [[-4, 0], [4, 1]], // prettier-ignore
  weights: [0.3, 0.7],
  covariances: [[[1, 0.5], [0.5, 1]], [[2, -0.4], [-0.4, 1]]] // prettier-ignore
})
const drawn = (mixture: Mixture.Mixture, rows: number, seed: number): Points.Points =>
  Mixture.sample(rows)(Key.fromSeed(seed))(mixture)

describe('fit.bootstrap', () => {
  // The mean of n rows has standard error √(Σ_jj/n), a variance v about √(2/n) v, a correlation (1 − ρ²)/√n; each is known to 1/√(2B) of
  // itself, B resamples, and four times that at most, beside what n rows know of Σ, which both share.
  it.runIf(isSlow)(
    'has the standard errors of one Gaussian, and those of twice the rows where each counts twice',
    () => {
      const points = drawn(Mixture.of({ means: [[1, 2]], covariances: [[[4, 1.2], [1.2, 1]]] }), 400, 1) // prettier-ignore
      const resamples = 200
      const slack = 4 / Math.sqrt(2 * resamples)
      for (const [weighted, rows] of [
        [points, 400],
        [{ ...points, weights: new Float64Array(400).fill(2) }, 800]
      ] as const) {
        const model = fit(weighted, { components: 1, family: 'full' })
        const { means, variances, correlations, weights, used } = model.bootstrap({ resamples })
        const [[xx, xy], [, yy]] = [0, 2].map(at =>
          Array.from(Mixture.covariances(model.mixture).values).slice(at, at + 2)
        )
        const rho = xy / Math.sqrt(xx * yy)
        const near = (interval: Bootstrap.Interval, standardError: number): void => {
          expect(Math.abs(interval.standardError / standardError - 1)).toBeLessThan(slack)
          // Its ends are 1.96 standard errors away; an end of 200 resamples is known to some 0.2 of one.
          expect(Math.abs(interval.lower - interval.estimate + 1.96 * standardError)).toBeLessThan(0.8 * standardError)
          expect(Math.abs(interval.upper - interval.estimate - 1.96 * standardError)).toBeLessThan(0.8 * standardError)
        }
        near(means[0][0], Math.sqrt(xx / rows))
        near(means[0][1], Math.sqrt(yy / rows))
        // By the fourth moment of these rows it is a little else than 2v².
        expect(Math.abs(variances[0][0].standardError / (xx * Math.sqrt(2 / rows)) - 1)).toBeLessThan(slack + 0.1)
        expect(
          Math.abs((correlations ?? [])[0][0][1].standardError / ((1 - rho * rho) / Math.sqrt(rows)) - 1)
        ).toBeLessThan(slack + 0.1)
        expect([weights[0].lower, weights[0].upper, used]).toEqual([1, 1, resamples])
      }
    }
  )

  it.runIf(isSlow)('holds the truth as often as it says', () => {
    const level = 0.9
    const sets = 60
    const held = Array.from({ length: sets }, (_, seed) => {
      const model = fit(drawn(line, 150, seed + 1), { components: 2, family: 'isotropic' })
      const { means, weights, variances } = model.bootstrap({ resamples: 99, level, seed })
      const holds = ({ lower, upper }: Bootstrap.Interval, truth: number): number =>
        Number(lower <= truth && truth <= upper)
      return [holds(means[0][0], -3), holds(means[1][0], 2), holds(weights[0], 0.4), holds(variances[1][0], 2)]
    })
    const shares = [0, 1, 2, 3].map(j => held.reduce((sum, one) => sum + one[j], 0) / sets)
    // Three standard errors of a share of the sets (of 60: 0.116), and what percentile intervals fall short of at n = 150 below, at most 0.06.
    const error = Math.sqrt((level * (1 - level)) / sets)
    shares.forEach(share => {
      expect(share).toBeGreaterThan(level - 3 * error - 0.06)
    })
    // All together they do not hold the truth always either: four a set, two standard errors of a share, for one fit's four go together.
    expect(shares.reduce((a, b) => a + b) / 4).toBeLessThan(Math.min(1, level + 2 * error))
  })

  it.runIf(isSlow)('draws by its seed alone: the same bits again, on any number of threads', () => {
    const model = fit(drawn(line, 6000, 5), { components: 2, family: 'isotropic' })
    const at = (threads: number, seed: number): Bootstrap.Bootstrap => {
      useThreads(threads)
      return model.bootstrap({ resamples: 4, level: 0.4, seed })
    }
    const one = at(1, 3)
    expect(at(3, 3)).toEqual(one)
    expect(at(1, 4).means).not.toEqual(one.means)
    useThreads(1)
  })

  once('knows which component is which, in whatever order it finds them', () => {
    const model = fit(drawn(plane, 400, 2), { components: 2, family: 'full' })
    const turned = Mixture.relabelled([1, 0])(model.mixture)
    expect(Metric.matching(turned, model.mixture)).toEqual([1, 0])
    // The same fit with its components in the other order: the same resamples, and the same intervals in that order.
    const [{ pipeline }] = model.candidates
    const { scaling, prior } = model
    const points = drawn(plane, 400, 2)
    const [own, other] = [model.mixture, turned].map(mixture =>
      Problem.orThrow(Bootstrap.of({ resamples: 50 })({ mixture, pipeline, scaling, prior }, points))
    )
    expect(own).toEqual(model.bootstrap({ resamples: 50 }))
    ;[0, 1].forEach(k => {
      expect(other.means[1 - k][0].lower).toBeCloseTo(own.means[k][0].lower, 6)
      expect(other.weights[1 - k].upper).toBeCloseTo(own.weights[k].upper, 6)
    })
  })

  it.runIf(isSlow)('tells and counts the resamples that lose a component, and refuses where too few are left', () => {
    const lonely = (rows: number): Points.Points => {
      const { values } = drawn(Mixture.of({ means: [[0, 0]] }), 100, 3)
      const far = Array.from({ length: rows }, (_, i) => [30 + Math.cos(2 * i), 30 + Math.sin(3 * i)]).flat()
      return { rows: 100 + rows, dim: 2, values: Float64Array.of(...values, ...far) }
    }
    const found = fit(lonely(6), { components: 2, family: 'full' }).bootstrap()
    const { leftOut, used, resamples } = found
    expect(leftOut.empty + leftOut.atMinVariance).toBeGreaterThan(0)
    expect(used + leftOut.empty + leftOut.atMinVariance + leftOut.failed).toBe(resamples)
    // Fewer than three different ones of six rows in about 106 · 6/106 draws: P = Σ_m Bin(106, 6/106)(m) P(≤ 2 different of m) ≈ 0.13.
    expect(Math.abs((leftOut.empty + leftOut.atMinVariance) / resamples - 0.13)).toBeLessThan(
      4 * Math.sqrt((0.13 * 0.87) / 200)
    )
    expect(() => fit(lonely(3), { components: 2, family: 'full' }).bootstrap({ level: 0.99 })).toThrow(
      /bootstrap: \d+ of 200 resamples that keep all components is not at least 200, .* fewer components, or learn under a prior/
    )
    expect(
      fit(lonely(3), { components: 2, family: 'full', prior: 0.01 }).bootstrap({ resamples: 40, level: 0.9 }).leftOut
        .atMinVariance
    ).toBe(0)
  })

  it.runIf(isSlow)('leaves missing cells missing: what is not known makes intervals wider', () => {
    const points = drawn(plane, 300, 4)
    const holes = { ...points, values: points.values.map((x, at) => (at % 2 === 1 && at % 3 !== 0 ? NaN : x)) }
    const [whole, rest] = [points, holes].map(data =>
      fit(data, { components: 2, family: 'full', missing: 'em' }).bootstrap({ resamples: 60 })
    )
    // Two thirds of the second column are not there: √3 as wide, but for what the first says of it.
    const ratio = rest.means[0][1].standardError / whole.means[0][1].standardError
    expect(ratio).toBeGreaterThan(1.2)
    expect(ratio).toBeLessThan(2.2)
  })

  once.each([
    [{ resamples: 20 }, /resamples: 20 is not a whole number ≥ 40; try 200/],
    [{ level: 1 }, /level: 1 is not in \(0, 1\); try 0.95/],
    [{ seed: -1 }, /seed: -1/],
    // as it comes from JavaScript
    [JSON.parse('{ "resample": 100 }') as object, /options: resample is not one of resamples, level, seed, onProgress/]
  ])('refuses %j', (options, problem) => {
    expect(() => fit(drawn(line, 50, 1), { components: 2 }).bootstrap(options)).toThrow(problem)
  })

  once(
    'draws the rows that Key.categorical draws, however many are counted at once, and whichever have no weight',
    () => {
      const weights = Float64Array.of(0, 0.5, 3, 0, 0, 1e-3, 2, 0)
      const key = Key.fromSeed(8)
      const expected = weights.map((_, row) => Key.categorical(weights)(500)(key).filter(drawn => drawn === row).length)
      const draws = Stretches.ofArray(Key.uniform(500)(key), 1)
      for (const counted of [1, 3, 4, 8]) {
        const times = Stretches.timesDrawn(Stretches.ofArray(weights, 1), draws, counted)
        expect([counted, Stretches.numbersFrom(times, 0, 8)]).toEqual([counted, expected])
      }
    }
  )

  // More rows than one stretch holds, 2¹⁷ numbers; weights of 0, and less than 1 too.
  const cases = [
    ['full', 'plain', null],
    ['isotropic', 'weighted', null],
    ['tied', 'weighted', 0.5]
  ] as const
  it.each(spread(3)(cases))(
    'of a source it is, to the bit, what it is in memory: %s, %s, prior %j',
    (family, kind, prior) => {
      const rows = 33_000
      const points = {
        ...drawn(Mixture.of({ means: [[-4, 0, 1, 0], [4, 1, 0, 0]], weights: [0.3, 0.7] }), rows, 6), // prettier-ignore
        ...(kind === 'weighted' && { weights: Float64Array.from({ length: rows }, (_, i) => (i % 4) / 2) })
      }
      const source = Problem.orThrow(Source.gathered([points]))
      const options = { components: 2, family, prior: prior ?? undefined }
      const model = Problem.orThrow(pipe(source, Fit.mixture(options)))
      const asked = { resamples: 4, level: 0.4, seed: 2 }
      const found = model.bootstrap(asked)
      expect(found).toEqual(fit(points, options).bootstrap(asked))
      expect([found.used, found.means[0][0].standardError > 0]).toEqual([4, true])
      source.close()
    }
  )

  once('refuses rows that it cannot draw', () => {
    const model = fit(drawn(line, 100, 1), { components: 2 })
    const [{ pipeline }] = model.candidates
    const heavy = { ...drawn(line, 2, 1), weights: Float64Array.of(1e9, 1) }
    const { mixture } = model
    expect(E.isLeft(Bootstrap.of()({ mixture, pipeline, scaling: null, prior: null }, heavy))).toBe(true)
  })
})

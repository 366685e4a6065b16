/** Parameters of known value, starts and progress of searches: against the family that has no such parameters. */
import { describe, expect, it } from 'vitest'
import {
  Efficiency,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Population,
  Score,
  NoiseLevels
} from '../../../src/index.js'
import { once } from '../../cases.js'

const truth = Mixture.of({ means: [[-2], [2]] })
const objective = Objective.fisherDivergence(truth, NoiseLevels.at(0.1))
// Spherical students are isotropic ones whose weights are equal and whose variances are 1.
const spherical = Population.loss({ score: Score.spherical({ components: 2 }), objective })
const isotropic = Population.loss({ score: Score.isotropic({ components: 2 }), objective })
const known = ['logits', 'logVariances'] as const
const held = Population.loss({ score: Score.isotropic({ components: 2 }), objective, known })
/** A name that is none, as it may come from JavaScript. */
const stranger = 'weights' as string as 'means'
const means = (a: number, b: number) => ({ means: { shape: [2, 1], values: Float64Array.of(a, b) } })
const withAll = (a: number, b: number, logits: readonly [number, number] = [0, 0]) => ({
  ...means(a, b),
  ...Params.of({ logits, logVariances: [0, 0] })
})

describe('stationary points with weights and variances that are known', () => {
  const options = { starts: 4, seed: 3 }
  const wanted = Population.stationary(spherical, { starts: [means(-1, 2), means(0.1, 0.1), means(2, 2.1)] })
  const starts = [withAll(-1, 2), withAll(0.1, 0.1), withAll(2, 2.1)]
  it.each([
    ['to the loss', () => Population.stationary(held, { starts })],
    ['to the search', () => Population.stationary(isotropic, { starts, known })],
    [
      'with their values',
      () => Population.stationary(isotropic, { starts, known: Params.of({ logits: [0, 0], logVariances: [0, 0] }) })
    ]
  ])('%s are those of the family without them', (_, search) => {
    const found = search()
    expect(found.points.length).toBeGreaterThan(1)
    expect(found.points.map(({ index, flat, images, starts }) => [index, flat, images, starts])).toEqual(
      wanted.points.map(({ index, flat, images, starts }) => [index, flat, images, starts])
    )
    expect(found.morse).toBe(wanted.morse)
    found.points.forEach(({ value, spectrum, params }, i) => {
      // Searches end where the gradient is below 1e-9: values agree to its square, eigenvalues and places to it.
      expect(Math.abs(value - wanted.points[i].value)).toBeLessThan(1e-12)
      expect(spectrum).toHaveLength(2)
      spectrum.forEach((e, k) => {
        expect(Math.abs(e - wanted.points[i].spectrum[k])).toBeLessThan(1e-7)
      })
      expect([...params.logits.values, ...params.logVariances.values]).toEqual([0, 0, 0, 0])
    })
  })
  it('have the values of the mixture at random starts', () => {
    const uneven = Mixture.of({ means: [[-2], [2]], weights: [0.3, 0.7], variances: [0.5, 1] })
    const loss = Population.loss({
      score: Score.isotropic({ components: 2 }),
      objective: Objective.fisherDivergence(uneven, NoiseLevels.at(0.1)),
      known
    })
    const { points } = Population.stationary(loss, { ...options, starts: 2 })
    points.forEach(({ params, images }) => {
      expect([...Mixture.of({ means: [[0], [0]], weights: [0.3, 0.7] }).weights]).toEqual(
        [...params.logits.values].map((l): unknown => expect.closeTo(Math.exp(l), 12))
      )
      expect([...params.logVariances.values]).toEqual([expect.closeTo(Math.log(0.5), 12), 0])
      // Relabelling would move what is known.
      expect(images).toBe(1)
    })
    expect(points[0].value).toBeLessThan(1e-25)
  })
  it('are refused without values, and of names that are none', () => {
    const three = Population.loss({ score: Score.isotropic({ components: 3 }), objective, known })
    expect(() => Population.stationary(three, { starts: 1 })).toThrow(/known: logits, logVariances .* give them/)
    expect(() => Population.stationary(spherical, { known: [stranger] })).toThrow(
      /Population.stationary: known: weights is not one of means/
    )
    const wrong = { score: Score.spherical({ components: 2 }), objective: Objective.likelihood }
    expect(() => Efficiency.sandwich({ ...wrong, known: [stranger] })(truth)(means(-2, 2))).toThrow(
      /known: weights is not one of means/
    )
  })
})

describe('a loss with known parameters', () => {
  const at = withAll(-1.5, 1, [0.2, -0.3])
  it('has no derivatives in them, and the others of the whole loss', () => {
    const [whole, part] = [isotropic, held].map(loss => loss.evaluate(at))
    expect(part.value).toBe(whole.value)
    expect(part.gradient.means).toEqual(whole.gradient.means)
    expect([...part.gradient.logits.values, ...part.gradient.logVariances.values]).toEqual([0, 0, 0, 0])
    const { matrix } = Population.hessian(isotropic)(at)
    const free = Population.hessian(held)(at)
    expect(free.matrix.shape).toEqual([2, 2])
    expect([...free.matrix.values]).toEqual([0, 1, 6, 7].map(k => matrix.values[k]))
  })
  it('flows where the family without them does', () => {
    const until = { time: 3 }
    const last = <P extends string>(course: ReadonlyArray<Population.Moment<P>>) => course[course.length - 1]
    const wanted = last(Population.flow(spherical, { until })(means(-1, 1.5)))
    const found = [
      last(Population.flow(held, { until })(withAll(-1, 1.5))),
      last(Population.flow(isotropic, { until, known })(withAll(-1, 1.5)))
    ]
    found.forEach(({ params }) => {
      params.means.values.forEach((m, k) => {
        // Steps of the same size: rounding alone differs.
        expect(Math.abs(m - wanted.params.means.values[k])).toBeLessThan(1e-10)
      })
      expect([...params.logits.values]).toEqual([0, 0])
    })
  })
  it('keeps known weights in expectation–maximization, and refuses other known parameters', () => {
    const ofWeights = { score: Score.isotropic({ components: 2 }), objective: Objective.likelihood, data: truth }
    const [free, kept] = [undefined, ['logits'] as const].map(known =>
      Population.expectationMaximization(Population.loss({ ...ofWeights, ...(known && { known }) }))(at)
    )
    expect(kept.params.logits).toEqual(at.logits)
    // Responsibilities are the same, so are the means.
    expect(kept.params.means).toEqual(free.params.means)
    expect(kept.value).toBe(free.value)
    expect(() => Population.expectationMaximization(held)).toThrow(/known logVariances.*take the gradient's flow/)
    const map = Population.expectationMaximization(isotropic)
    expect(() => Population.flow(isotropic, { map, known })(at)).toThrow(/beside a map/)
    expect(() => Population.basin(isotropic, { map, known, starts: [at] })).toThrow(/beside a map/)
  })
})

describe('searches', () => {
  const plane = { origin: means(0, 0), across: means(1, 0), up: means(0, 1), reach: 2, count: 2 }
  const random = { starts: 1, seed: 5 }
  once('start alike: from a number, a list or a plane', () => {
    const ofBasin = Population.basin(spherical, random)
    const found = Population.stationary(spherical, random)
    const count = found.points.reduce((sum, { starts }) => sum + starts, found.escaped + found.failed)
    expect(ofBasin.ends).toHaveLength(count)
    expect(Population.basin(spherical, { starts: plane }).ends).toHaveLength(4)
    const { points, escaped, failed } = Population.stationary(spherical, { starts: plane })
    expect(points.reduce((sum, { starts }) => sum + starts, escaped + failed)).toBe(4)
  })
  once('report their progress before each start and at the end', () => {
    const starts = [means(-2, 2), means(2, -2)]
    const told: Population.SearchProgress[] = []
    const onProgress = (progress: Population.SearchProgress): void => {
      told.push(progress)
    }
    Population.stationary(spherical, { starts, onProgress })
    Population.basin(spherical, { starts, onProgress })
    const each = [0, 1, 2].map(done => ({ done, of: 2 }))
    expect(told).toEqual([...each, ...each])
  })
})

it('freeze takes a list of names as known does', () => {
  expect(Optimizer.freeze(known)).toEqual(Optimizer.freeze(...known))
  expect(Optimizer.show(Optimizer.freeze(known))).toBe("Optimizer.freeze('logits', 'logVariances')")
})

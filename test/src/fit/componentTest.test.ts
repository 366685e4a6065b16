/** The bootstrap test of the number of components: its statistic against R's mclustBootstrapLRT, its p as a share. */
import { expect, it } from 'vitest'
import { Key, Mixture, Points, Problem } from '../../../src/index.js'
import * as ComponentTest from '../../../src/fit/componentTest.js'
import { isSlow, once } from '../../cases.js'
import { said } from '../../said.js'
import { rowsOf } from '../../tables.js'

const faithful = rowsOf('faithful')

once('has the statistic of mclust, 319.065 of one against two, and refuses one component', () => {
  const { tests, components } = Problem.orThrow(
    ComponentTest.of({ family: 'VVV', to: 1, resamples: 1, level: 0.6 })(faithful)
  )
  expect(tests[0].statistic).toBeCloseTo(319.06535353153, 3)
  expect(tests[0].p).toBe(0.5)
  expect(components).toBe(2)
})

once('goes on while it refuses', () => {
  const points = Mixture.sample(60)(Key.fromSeed(4))(Mixture.of({ means: [[-4], [4]] }))
  const done: number[] = []
  const { tests, components } = Problem.orThrow(
    ComponentTest.of({
      family: 'isotropic',
      resamples: 5,
      level: 0.2,
      onProgress: ({ done: d }) => done.push(d)
    })(points)
  )
  expect(components).toBe(2)
  expect(tests.map(({ components }) => components)).toEqual([1, 2])
  const [one, two] = tests
  expect(one.p).toBe(1 / 6)
  expect(Math.max(...one.resampled)).toBeLessThan(one.statistic)
  expect(two.p).toBe((1 + two.resampled.filter(x => x >= two.statistic).length) / 6)
  expect(done).toEqual([...one.resampled.keys(), ...two.resampled.keys()])
  // One component more is never less likely, but for where its steps ended.
  expect(Math.min(...two.resampled)).toBeGreaterThan(-1e-3)
})

once('ends early where ten are as great', () => {
  // Evenly spaced: no rows of one Gaussian speak less for two.
  const rows = Array.from({ length: 12 }, (_, i) => [i])
  const { tests } = Problem.orThrow(ComponentTest.of({ family: 'tiedIsotropic', resamples: 60 })(rows))
  const [{ p, resampled, statistic }] = tests // prettier-ignore
  expect(resampled.length).toBeLessThan(60)
  expect(resampled.filter(x => x >= statistic).length).toBe(10)
  expect(p).toBe(10 / resampled.length)
})

once.each([
  [{ from: 3, to: 2 }, 'to: 2 is not ≥ 3'],
  [{ resamples: 0 }, 'resamples: 0 is not a whole number ≥ 1'],
  [{ level: 1 }, 'level: 1 is not in (0, 1)']
])('refuses %j', (options, message) => {
  const found = ComponentTest.of(options)(faithful)
  expect(said(found)).toContain(message)
})

once('draws no more rows than memory holds', () => {
  const points = Problem.orThrow(Points.weighted([1e9, 1e9, 1])(Problem.orThrow(Points.fromRows([[0], [1], [2]]))))
  expect(said(ComponentTest.of()(points))).toBe(
    'weights: for 2000000001 numbers in each resample is not at most 134217728; divide the weights by their sum, so that each row that is drawn has one of them'
  )
})

it.runIf(isSlow)(
  'draws as many rows as weights count, and where they are no whole numbers each with its weight',
  () => {
    const rows = Points.toRows(Mixture.sample(40)(Key.fromSeed(4))(Mixture.of({ means: [[-1], [1]] })))
    const weighted = (weights: ReadonlyArray<number>): Points.Points => Problem.orThrow(Points.weighted(weights)(Problem.orThrow(Points.fromRows(rows)))) // prettier-ignore
    const test = ComponentTest.of({ family: 'isotropic', to: 1, resamples: 9 })
    const resampledOf = (data: Points.Points | ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<number> => Problem.orThrow(test(data)).tests.flatMap(({ statistic, p, resampled }) => [statistic, p, ...resampled]) // prettier-ignore
    const times = rows.map((_, i) => 1 + (i % 3))
    const byWeights = resampledOf(weighted(times))
    const byRepeats = resampledOf(rows.flatMap((row, i) => Array.from({ length: times[i] }, () => row))) // prettier-ignore
    expect(byWeights).toHaveLength(byRepeats.length)
    byWeights.forEach((x, i) => {
      expect(Math.abs(x - byRepeats[i])).toBeLessThan(1e-4 * (1 + Math.abs(x)))
    })
    // A statistic is as many times as much as the weights are.
    const half = resampledOf(weighted(rows.map(() => 0.5)))
    const one = resampledOf(rows)
    expect(half[1]).toBe(one[1])
    half.forEach((x, i) => {
      if (i !== 1) expect(Math.abs(2 * x - one[i])).toBeLessThan(1e-4 * (1 + Math.abs(x)))
    })
  }
)

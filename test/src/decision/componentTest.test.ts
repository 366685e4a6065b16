/** The bootstrap test of the number of components: its statistic against R's mclustBootstrapLRT, its p as a share. */
import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { ComponentTest, Key, Mixture, Problem } from '../../../src/index.js'

const faithful = readFileSync('examples/data/faithful.csv', 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map(line => line.split(',').slice(0, 2).map(Number))

it('has the statistic of mclust, 319.065 of one against two, and refuses one component', () => {
  const { tests, components } = Problem.orThrow(
    ComponentTest.of({ family: 'VVV', to: 1, resamples: 1, level: 0.6 })(faithful)
  )
  expect(tests[0].statistic).toBeCloseTo(319.06535353153, 3)
  expect(tests[0].p).toBe(0.5)
  expect(components).toBe(2)
})

it('goes on while it refuses', () => {
  const points = Mixture.sample(60)(Key.fromSeed(4))(Mixture.of({ means: [[-4], [4]] }))
  const done: number[] = []
  const { tests, components } = Problem.orThrow(
    ComponentTest.of({
      ...{ family: 'isotropic', resamples: 5, level: 0.2 },
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

it('ends early where ten are as great', () => {
  // Evenly spaced: no rows of one Gaussian speak less for two.
  const rows = Array.from({ length: 12 }, (_, i) => [i])
  const { tests } = Problem.orThrow(ComponentTest.of({ family: 'tiedIsotropic', resamples: 60 })(rows))
  const [{ p, resampled, statistic }] = tests // prettier-ignore
  expect(resampled.length).toBeLessThan(60)
  expect(resampled.filter(x => x >= statistic).length).toBe(10)
  expect(p).toBe(10 / resampled.length)
})

it.each([
  [{ from: 3, to: 2 }, 'to: 2 is not ≥ 3'],
  [{ resamples: 0 }, 'resamples: 0 is not a whole number ≥ 1'],
  [{ level: 1 }, 'level: 1 is not in (0, 1)']
])('refuses %j', (options, message) => {
  const found = ComponentTest.of(options)(faithful)
  expect(E.isLeft(found) && Problem.show(found.left[0])).toContain(message)
})

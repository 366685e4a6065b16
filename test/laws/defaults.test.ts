/**
 * As a user holds them: laws without options, fast-check's hundred cases, by seeds that once found something, in the law or
 * in the language. `npm run laws:power -- --vocabulary` goes through all values and many seeds.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Expectation, Initializer, Key, Sampler, Score, Clock, Schedule } from '../../src/index.js'
import { expectation } from '../../src/laws/expectation.js'
import { named, type Law } from '../../src/laws/index.js'
import { initializer } from '../../src/laws/initializer.js'
import { sampler } from '../../src/laws/sampler.js'
import { schedule } from '../../src/laws/schedule.js'
import { spread, once } from '../cases.js'
import { allHold } from './holds.js'

const pair = Score.symmetricPair
const isotropic = Score.isotropic({ components: 2 })
const moves = 'a start moves with the data'

type Row = readonly [what: string, law: Law, seeds: ReadonlyArray<number>]

const starts = (value: Initializer.Initializer, law: string, ...seeds: ReadonlyArray<number>): Row => [
  Initializer.show(value),
  named(law)(initializer(value, isotropic)),
  seeds
]

const rows: ReadonlyArray<Row> = [
  // Two candidates that are nearest to each other leave the same distance.
  starts(Initializer.kMeansPlusPlus, moves, 2, 3),
  starts(Initializer.kMeansPlusPlus, 'a start turns with the data', 2),
  starts(Initializer.spectral, moves, 2),
  starts(Initializer.perturbed(0.1)(Initializer.spectral), moves, 3),
  // Two starts of the same centres in another order are as likely.
  starts(Initializer.bestOf(3)(Initializer.kMeansPlusPlus), moves, 1, 2),
  // The sign of an eigenvector is a matter of rounding.
  starts(Initializer.momentsMatched, moves, 15),
  // On a line a direction is one of two.
  starts(Initializer.onSphere({ radius: 1 }), 'the key determines the start', 1, 2, 3, 4, 5, 6)
]

describe.each(spread(20)(rows))('%s', (_, law, seeds) => {
  it.each(seeds)(`${law.name}, seed %i`, seed => {
    fc.assert(law.property, { seed })
  })
})

once('the mean over all noise is as near as it says, in three dimensions too', () => {
  const law = named('its mean is that over all noise')(expectation(Expectation.quadrature(), pair, { repeats: 2 }))
  fc.assert(law.property, { seed: 2 })
})

const schedules: ReadonlyArray<Schedule.Schedule> = [
  Schedule.betas(Schedule.linearBetas({ steps: 20, first: 1e-4, last: 0.3 })),
  Schedule.reparametrized(Clock.affine({ scale: 2 }))(Schedule.betas([0.125, 0.25, 0.5])),
  Schedule.varianceExploding({ sigmaMin: 1e-4, sigmaMax: 1e4 })
]

it.each(spread(6)(schedules).map(value => [Schedule.show(value), value] as const))('%s', (_, value) => {
  allHold(schedule(value), ({ property }) => fc.assert(property, { seed: 1, numRuns: 50 }))
})

once('no sampler can draw again what its points were drawn from', () => {
  const correlation = (a: Float64Array, b: Float64Array): number => {
    const mean = a.reduce((sum, x) => sum + x, 0) / a.length
    const ab = a.reduce((sum, x, i) => sum + (x - mean) * b[i], 0)
    const aa = a.reduce((sum, x) => sum + (x - mean) ** 2, 0)
    const bb = b.reduce((sum, x) => sum + x * x, 0)
    return ab / Math.sqrt(aa * bb)
  }
  const { meaning } = Sampler.concept
  const watching = Sampler.define({
    name: 'watching',
    about: 'ancestral, that looks at its key',
    meaning: () => ({
      draws: true,
      step: step => {
        const { points, key, memory } = step
        // Thousands of pairs of independent normals: a correlation of deviation 1/63 or less.
        if (points.rows > 1000 && memory === null)
          for (let i = 0; i < 20; i++)
            expect(
              Math.abs(correlation(points.values, Key.normal(points.values.length)(Key.child(i)(key))))
            ).toBeLessThan(0.1)
        return { ...meaning(Sampler.ancestral).step(step), memory: 'begun' }
      }
    })
  })
  const law = named('has the moments of the law at every time')(sampler(watching))
  fc.assert(law.property, { seed: 1, numRuns: 2 })
})

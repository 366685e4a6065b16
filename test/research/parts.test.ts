/** The parts that the programs of examples/research make of their own hold the laws that are ours. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { schedule } from '../../examples/research/interpolant.js'
import { discrepancy } from '../../examples/research/stein.js'
import { Score } from '../../src/index.js'
import * as laws from '../../src/laws/index.js'

it('the schedule of an interpolant', () => {
  expect(laws.check(schedule, { runs: 20 }).passed).toBe(true)
})

it('the discrepancy over pairs of rows', () => {
  const held = laws.objective(discrepancy, Score.isotropic({ components: 2 }))
  expect(held.length).toBeGreaterThan(4)
  held.forEach(({ property }) => {
    fc.assert(property, { numRuns: 4 })
  })
})

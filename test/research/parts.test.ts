/** The parts that the programs of examples/research make of their own hold the laws that are ours (`npm test`: half of them). */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import * as flow from '../../examples/research/flow-matching.js'
import { schedule } from '../../examples/research/interpolant.js'
import { laplace } from '../../examples/research/laplace.js'
import * as learnedVariance from '../../examples/research/learned-variance.js'
import * as reflow from '../../examples/research/reflow.js'
import * as secondOrder from '../../examples/research/second-order.js'
import { discrepancy } from '../../examples/research/stein.js'
import { studentT } from '../../examples/research/student-t.js'
import { vonMisesFisher } from '../../examples/research/von-mises-fisher.js'
import { Key, type Points, type Schedule, Score } from '../../src/index.js'
import * as laws from '../../src/laws/index.js'
import { SEED, spread, once } from '../cases.js'

/** Whose parts have their turn; what is a moment’s work always has. */
const parts = ['pairs', 'heads', 'line', 'sphere', 'partners'] as const
const inTurn = new Set(spread(2)(parts))
const whose = (part: (typeof parts)[number]) => it.runIf(inTurn.has(part))

once('the schedule of an interpolant', () => {
  expect(laws.check(schedule, { runs: 20 }).passed).toBe(true)
})

whose('pairs')('the discrepancy over pairs of rows', () => {
  const held = laws.objective(discrepancy, Score.isotropic({ components: 2 }))
  expect(held.map(({ name }) => name)).toEqual([
    'gradient is that of the value',
    'is finite on edge cases',
    'a row of weight n is n rows'
  ])
  held.forEach(({ property }) => {
    fc.assert(property, { seed: SEED, numRuns: 4 })
  })
})

/** Which laws spoke of an instance: those that are held, by name. */
const heldOf = ({ rows }: laws.Report): ReadonlyArray<string> =>
  rows.filter(({ verdict }) => verdict === 'held').map(({ law }) => law)

const of = <S>({ schedule, score }: { readonly schedule: Schedule.Schedule; readonly score: S }) => ({
  schedule,
  score
})

whose('heads')('losses of several heads', () => {
  const { trace } = secondOrder
  const { vlb } = learnedVariance
  // Both hold a head still, and the exponential of a variance's head overflows where rows are far.
  const near = { points: laws.arbitraries.points({ far: 3 }) }
  for (const report of [
    laws.check(trace, { ...of(secondOrder), runs: 1 }),
    laws.check(vlb, { ...of(learnedVariance), claims: near, runs: 1 }),
    laws.check(flow.objective, { ...of(flow), runs: 1 })
  ])
    expect(heldOf(report)).toEqual(expect.arrayContaining(['is finite on edge cases', 'a row of weight n is n rows']))
})

whose('line')('families on a line, of time 0 only', () => {
  const held = [
    laws.check(studentT({ components: 1 }), { runs: 2 }),
    laws.check(laplace({ components: 2 }), { claims: { smooth: false }, runs: 2 })
  ].map(heldOf)
  held.forEach(names => {
    expect(names).toEqual(expect.arrayContaining(['its density is one', 'a step raises Q']))
  })
})

/** Rows on the sphere, more than components can be far from. */
const onSphere = (): fc.Arbitrary<Points.Points> =>
  fc.record({ seed: laws.arbitraries.seeds, rows: fc.integer({ min: 12, max: 16 }) }).map(({ seed, rows }) => {
    const z = Key.normal(3 * rows)(Key.fromSeed(seed))
    const lengthAt = (i: number): number => Math.hypot(...z.subarray(i, i + 3))
    return { rows, dim: 3, values: z.map((x, i) => x / lengthAt(i - (i % 3))) }
  })

whose('sphere')('a family on the sphere', () => {
  const report = laws.check(vonMisesFisher({ components: 2 }), { claims: { points: onSphere }, runs: 1 })
  expect(heldOf(report)).toEqual(
    expect.arrayContaining(['a step raises Q', 'has as many degrees of freedom as it says'])
  )
})

whose('partners')('a loss of rows and their partners', () => {
  const { again, schedule, score } = reflow
  const report = laws.check(again, { schedule, score, runs: 1 })
  expect(heldOf(report)).toEqual(
    expect.arrayContaining(['gradient is that of the value', 'a row of weight n is n rows'])
  )
})

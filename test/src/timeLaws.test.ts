/** Time laws as data: printers, what is random, domains at their very ends. What they draw is in TimeLaw.test.ts. */
import { expect, it } from 'vitest'
import { Problem, Schedule } from '../../src/index.js'
import * as TimeLaw from '../../src/objective/timeLaw.js'

it('fixed levels are not random, and print as code and as mathematics', () => {
  const fixed = [
    TimeLaw.at(0.3),
    TimeLaw.nodes([
      { time: 0.1, weight: 1 },
      { time: 2, weight: 0.5 }
    ]),
    TimeLaw.likelihood({ until: 4, nodes: 8 })
  ]
  expect(fixed.map(TimeLaw.isDeterministic)).toEqual([true, true, true])
  expect(fixed.map(TimeLaw.show)).toEqual([
    'TimeLaw.at(0.3)',
    'TimeLaw.nodes([{ time: 0.1, weight: 1 }, { time: 2, weight: 0.5 }])',
    'TimeLaw.likelihood({ until: 4, nodes: 8 })'
  ])
  expect(TimeLaw.formula(fixed[0])).toBe('at t = 0.3')
  expect(TimeLaw.show(TimeLaw.logNormal({ mean: -1, deviation: 2 }))).toBe(
    'TimeLaw.logNormal({ mean: -1, deviation: 2 })'
  )
})

it.each<readonly [TimeLaw.TimeLaw, ReadonlyArray<string>]>([
  [TimeLaw.uniform(1, 2), []],
  [TimeLaw.uniform(2, 1), ['hi: 1 is not > lo = 2; give the interval in rising order']],
  [TimeLaw.uniform(1, 1), ['hi: 1 is not > lo = 1; give the interval in rising order']],
  [TimeLaw.nodes([]), ['nodes: [] is not a list with at least one node; add { time, weight }']],
  [TimeLaw.nodes([{ time: 1, weight: NaN }]), ['nodes[0].weight: NaN is not finite; try 1']],
  [TimeLaw.nodes([{ time: 1, weight: -2 }]), []],
  [TimeLaw.likelihood({ until: 4, nodes: 0 }), ['nodes: 0 is not a whole number ≥ 1; try 48']],
  [TimeLaw.likelihood({ until: 4, nodes: 8, leastVariance: 0 }), ['leastVariance: 0 is not > 0 and finite; try 0.001']],
  [TimeLaw.uniformLogSnr(1, 1), ['hi: 1 is not > lo = 1; give the interval in rising order']]
])('%j', (law, wanted) => {
  expect(TimeLaw.problems(Schedule.ornsteinUhlenbeck)(law).map(Problem.show)).toEqual(wanted)
})

/** Time laws as data: printers, what is random, domains at their very ends; and times of a list. */
import { describe, expect, it } from 'vitest'
import { Compile, Expectation, Key, Objective, Params, Problem, Schedule, Score } from '../../../src/index.js'
import * as TimeLaw from '../../../src/objective/timeLaw.js'

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

describe('TimeLaw.oneOf', () => {
  const times = [0.7, 0.2, 0.2, 1.1]
  it('draws each as often as it stands there, and nothing else', () => {
    const [{ time }] = TimeLaw.draw(Schedule.ornsteinUhlenbeck, 4000)(Key.fromSeed(3))(TimeLaw.oneOf(times))
    const drawn = typeof time === 'number' ? [time] : Array.from(time)
    const of = (t: number): number => drawn.filter(x => x === t).length
    expect(of(0.2) + of(0.7) + of(1.1)).toBe(4000)
    // Five standard errors of a binomial.
    expect(Math.abs(of(0.2) - 2000)).toBeLessThan(5 * Math.sqrt(1000))
    expect(Math.abs(of(1.1) - 1000)).toBeLessThan(5 * Math.sqrt(750))
    const [{ time: even }] = TimeLaw.draw(Schedule.ornsteinUhlenbeck, 400)(Key.fromSeed(3))(
      TimeLaw.stratified(TimeLaw.oneOf(times))
    )
    expect(typeof even === 'number' ? 0 : Array.from(even).filter(x => x === 0.7).length).toBe(100)
  })
  it('is the mean over all of them where nothing is drawn', () => {
    const at = (law: TimeLaw.TimeLaw): number =>
      Problem.orThrow(
        Compile.valueAndGrad({
          schedule: Schedule.ornsteinUhlenbeck,
          score: Score.symmetricPair,
          objective: Objective.denoising(law),
          expectation: Expectation.quadrature()
        })({ rows: 2, dim: 1, values: Float64Array.of(-1, 2) })
      )(Params.of({ mean: [0.5] }), Key.fromSeed(0)).value
    const mean = times.reduce((sum, t) => sum + at(TimeLaw.at(t)), 0) / 4
    expect(Math.abs(at(TimeLaw.oneOf(times)) - mean)).toBeLessThan(1e-14)
  })
  it('refuses none, and times off the schedule', () => {
    const said = (law: TimeLaw.TimeLaw): ReadonlyArray<string> =>
      TimeLaw.problems(Schedule.cosine())(law).map(Problem.show)
    expect(said(TimeLaw.oneOf([]))[0]).toMatch(/^times: \[\] is not a list with at least one time/)
    expect(said(TimeLaw.oneOf([0.5, 7]))[0]).toMatch(/^times\[1\]: 7 is not/)
  })
})

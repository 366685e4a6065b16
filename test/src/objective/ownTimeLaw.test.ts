/** A time law of one's own stands wherever one of ours does. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Quadrature } from '../../../lib/index.js'
import { Compile, Expectation, Field, Key, Objective, Params, Problem, Schedule, Score } from '../../../src/index.js'
import * as TimeLaw from '../../../src/objective/timeLaw.js'
import * as laws from '../../../src/laws/index.js'
import { holds } from '../../laws/holds.js'

const ou = Schedule.ornsteinUhlenbeck

/** The later, the more often: a density 2t/until². */
const late = TimeLaw.define({
  name: 'late',
  about: 'a density that rises with time',
  fields: { until: Field.positive({ default: 1 }) },
  formula: ({ until }) => `mean over t, density 2t/${until}²`,
  meaning: ({ until }) => ({
    quantile: () => u => until * Math.sqrt(Math.max(u, 2 ** -54)),
    density: () => ({ at: time => (2 * time) / until ** 2, support: [0, until] })
  })
})

/** Two times, by the log-SNR there. */
const ends = TimeLaw.define({
  name: 'ends',
  about: 'log-SNR ±c, half each',
  fields: { c: Field.positive({ suggestion: 1 }) },
  call: ['c'],
  meaning: ({ c }) => ({
    nodes: schedule => [c, -c].map(logSnr => ({ time: Schedule.timeOfLogSnr(logSnr)(schedule), weight: 0.5 }))
  })
})

const points = { rows: 5, dim: 2, values: Float64Array.of(-2, 0.3, 1.7, -0.4, 2.2, 0.5, -1.9, -0.2, 0.6, 1.1) }
const value = (timeLaw: TimeLaw.TimeLaw, expectation: Expectation.Expectation): number => {
  const compiled = Problem.orThrow(
    pipe(
      points,
      Compile.valueAndGrad({
        schedule: ou,
        score: Score.symmetricPair,
        objective: Objective.implicit(timeLaw),
        expectation
      })
    )
  )
  return compiled(Params.of({ mean: [1, 0.5] }), Key.fromSeed(3)).value
}

describe('a law of one’s own', () => {
  it('is what an objective is taken over, by its nodes and by its draws', () => {
    const fixed = Expectation.fixed({ ...points, values: points.values.map(x => x / 3) })
    // ∫ ½ t L_t dt over [0, 2] by a rule in t; that of the law is in u = t²/4, where L_t has a root at 0.
    const { nodes, weights } = Quadrature.gaussLegendre(30)(0, 2)
    const rule = Array.from(nodes, (time, i) => ({ time, weight: (weights[i] * time) / 2 }))
    const wanted = value(TimeLaw.nodes(rule), fixed)
    expect(Math.abs(value(TimeLaw.gauss(30)(late({ until: 2 })), fixed) / wanted - 1)).toBeLessThan(1e-4)
    const drawn = (law: TimeLaw.TimeLaw): ReadonlyArray<number> => {
      const [{ time }] = TimeLaw.draw(ou, 400)(Key.fromSeed(1))(law)
      return typeof time === 'number' ? [time] : [...time]
    }
    // E t = 4/3 with a standard error of 0.024, and evenly far less.
    const mean = (times: ReadonlyArray<number>): number => times.reduce((sum, t) => sum + t, 0) / times.length
    expect(Math.abs(mean(drawn(late({ until: 2 }))) - 4 / 3)).toBeLessThan(0.12)
    expect(Math.abs(mean(drawn(TimeLaw.stratified(late({ until: 2 })))) - 4 / 3)).toBeLessThan(0.005)
    expect(value(ends(1.5), fixed)).toBeCloseTo(
      (value(TimeLaw.at(Schedule.timeOfLogSnr(1.5)(ou)), fixed) +
        value(TimeLaw.at(Schedule.timeOfLogSnr(-1.5)(ou)), fixed)) /
        2,
      12
    )
    expect([late(), ends(1)].map(TimeLaw.isDeterministic)).toEqual([false, true])
  })

  it.each([
    ['a proposal', TimeLaw.importance({ proposal: late({ until: 2 }), target: TimeLaw.uniform(0.5, 1) })],
    ['ends', ends(1.5)]
  ])('has the laws of a time law: %s', (_, law) => {
    laws.timeLaw(law).forEach(each => {
      holds(each, 10)
    })
  })

  it('is refused where its times are none of the schedule, or its fields are wrong', () => {
    const problems = (law: TimeLaw.TimeLaw): ReadonlyArray<string> =>
      TimeLaw.problems(Schedule.rectifiedFlow)(law).map(Problem.show)
    expect(problems(late({ until: 3 }))).toEqual([
      'times of TimeLaw.late({ until: 3 }): 2.121320343559643, of weight 1 is not a time of Schedule.rectifiedFlow with a finite weight; let it give times from 0 on, up to the last of the schedule'
    ])
    expect(problems(TimeLaw.stratified(late({ until: -1 })))).toEqual(['law.until: -1 is not > 0 and finite; try 1'])
    expect(problems(TimeLaw.stratified(ends(1)))).toEqual([
      'law: TimeLaw.ends(1) is not a law that draws a time for each row; leave it as it is, there is nothing to stratify'
    ])
    expect(problems(TimeLaw.importance({ proposal: TimeLaw.uniform(0.1, 1), target: ends(1) }))).toEqual([
      'target: TimeLaw.ends(1) is not a law with a density; draw from it directly, or try TimeLaw.likelihood'
    ])
  })
})

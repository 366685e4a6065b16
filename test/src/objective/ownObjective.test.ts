/** An objective of one's own, |s|⁴ by its integrand alone, stands wherever one of ours does. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { mul, square, sum } from '../../../lib/index.js'
import { Compile, Expectation, Field, Key, Params, Problem, Schedule, Score, Weighting } from '../../../src/index.js'
import * as TimeLaw from '../../../src/objective/timeLaw.js'
import * as Objective from '../../../src/objective/index.js'

const fourth = Objective.define({
  name: 'fourth',
  about: '|s|⁴ times a factor',
  fields: { timeLaw: TimeLaw.field, factor: Field.positive({ default: 1 }) },
  formula: ({ factor, timeLaw }) => `E ${factor} |s(x_t)|⁴, ${TimeLaw.formula(timeLaw)}`,
  meaning: ({ timeLaw, factor }) => ({
    timeLaw,
    perRow: ({ score }) => mul(factor, square(sum(square(score), 1)))
  })
})

/** Both forms of the matching, half of each: made of others. */
const halves = Objective.define({
  name: 'halves',
  about: 'half of the denoising and half of the implicit form',
  fields: { timeLaw: TimeLaw.field },
  call: ['timeLaw'],
  meaning: ({ timeLaw }) => ({
    parts: [Objective.denoising(timeLaw), Objective.implicit(timeLaw)].map((objective, i) => ({
      at: i === 0 ? 'denoising' : 'implicit',
      weight: Weighting.constant(0.5),
      objective
    }))
  })
})

const at = TimeLaw.at(0.5)
const points = { rows: 4, dim: 2, values: Float64Array.of(-2, 0.3, 1.7, -0.4, 2.2, 0.5, -1.9, -0.2) }
const noise = { ...points, values: Float64Array.of(0.3, -1, 0.2, 0.8, -0.6, 0.1, 1.4, -0.9) }
const params = Params.of({ mean: [1, 0.5] })
const plansOf = (objective: Objective.Objective, expectation: Expectation.Expectation = Expectation.fixed(noise)) => {
  const plans = Problem.orThrow(
    pipe(
      points,
      Compile.plans({ schedule: Schedule.ornsteinUhlenbeck, score: Score.symmetricPair, objective, expectation })
    )
  )
  return plans
}

/** s = tanh(⟨m, x⟩) m − x, m = e^{−t} c, of the pair with unit variances. */
const written = (time: number, [a, b]: readonly [number, number]): number => {
  const alpha = Math.exp(-time)
  const sigma = Math.sqrt(1 - Math.exp(-2 * time))
  const m = [alpha * a, alpha * b]
  return (
    [0, 1, 2, 3].reduce((total, i) => {
      const x = [0, 1].map(j => alpha * points.values[2 * i + j] + sigma * noise.values[2 * i + j])
      const tanh = Math.tanh(m[0] * x[0] + m[1] * x[1])
      return total + ((tanh * m[0] - x[0]) ** 2 + (tanh * m[1] - x[1]) ** 2) ** 2
    }, 0) / 4
  )
}

describe('an objective of one’s own', () => {
  it('is what is written, with its gradient, by every plan, alone and in sums', () => {
    const whole = Objective.sum([Objective.weight(3)(fourth({ timeLaw: at, factor: 0.5 })), fourth({ timeLaw: at })])
    const plans = plansOf(whole)
    expect(plans.map(({ engine }) => engine)).toEqual(['compiled', 'interpreted'])
    const h = 1e-5
    const slope = (2.5 * (written(0.5, [1 + h, 0.5]) - written(0.5, [1 - h, 0.5]))) / (2 * h)
    const all = plans.map(({ evaluate }) => evaluate(params, Key.fromSeed(0)))
    all.forEach(({ value, gradient }) => {
      expect(Math.abs(value / (2.5 * written(0.5, [1, 0.5])) - 1)).toBeLessThan(1e-13)
      // Central differences are off by some h²: 1e-10 of the third derivative.
      expect(Math.abs(gradient.mean.values[0] / slope - 1)).toBeLessThan(1e-8)
      expect(Math.abs(value - all[0].value)).toBeLessThan(1e-12 * value)
      gradient.mean.values.forEach((g, j) => {
        expect(Math.abs(g - all[0].gradient.mean.values[j])).toBeLessThan(1e-12 * (1 + Math.abs(g)))
      })
    })
  })

  it('made of others is their mean', () => {
    const [{ evaluate }] = plansOf(halves(at))
    const [d, i] = [Objective.denoising(at), Objective.implicit(at)].map(
      objective => plansOf(objective)[0].evaluate(params, Key.fromSeed(0)).value
    )
    expect(Math.abs(evaluate(params, Key.fromSeed(0)).value - (d + i) / 2)).toBeLessThan(1e-13 * (1 + Math.abs(d)))
  })

  it('is refused by its fields, its times and its noise, where it stands', () => {
    const problems = (objective: Objective.Objective): ReadonlyArray<string> =>
      Objective.problems(Schedule.rectifiedFlow)(objective).map(Problem.show)
    expect(problems(Objective.sum([Objective.likelihood, fourth({ timeLaw: TimeLaw.at(2), factor: -1 })]))).toEqual([
      'objectives[1].factor: -1 is not > 0 and finite; try 1',
      'objectives[1].timeLaw.time: 2 is not a time of Schedule.rectifiedFlow with noise, in (0, 1]; try 0.1'
    ])
    expect(() => plansOf(fourth({ timeLaw: at }), Expectation.projected())).toThrow(/draws the noise itself/)
  })
})

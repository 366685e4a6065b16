/** Objectives as data: printers, weights and times put in place, domains. What they compute is in Loss.test.ts. */
import { describe, expect, it } from 'vitest'
import { Objective, Parametrization, Params, Problem, Schedule, TimeLaw, Weighting } from '../../src/index.js'

const law = TimeLaw.at(0.3)
const custom = Objective.custom('mine', law, ({ score }) => score)

it.each<readonly [Objective.Objective, string, string]>([
  [Objective.denoising(law), 'Objective.denoising(TimeLaw.at(0.3))', 'E |s(x_t) + z/σ|², at t = 0.3'],
  [
    Objective.denoising(law, Parametrization.noise),
    'Objective.denoising(TimeLaw.at(0.3), Parametrization.noise)',
    'E |ε(x_t) − z|² = E σ² |s(x_t) + z/σ|², at t = 0.3'
  ],
  [Objective.implicit(law), 'Objective.implicit(TimeLaw.at(0.3))', 'E [|s(x_t)|² + 2 div s(x_t)], at t = 0.3'],
  [Objective.likelihood, 'Objective.likelihood', '−E log p(x_0)'],
  [custom, 'Objective.custom("mine", TimeLaw.at(0.3), …)', 'E mine(s(x_t), −z/σ), at t = 0.3'],
  [Objective.weight(2)(Objective.likelihood), 'Objective.weight(2)(Objective.likelihood)', '2 · (−E log p(x_0))'],
  [
    Objective.weight(Weighting.snr)(Objective.implicit(law)),
    'Objective.weight(Weighting.snr)(Objective.implicit(TimeLaw.at(0.3)))',
    'SNR · (E [|s(x_t)|² + 2 div s(x_t)], at t = 0.3)'
  ],
  [
    Objective.sum([Objective.likelihood, custom]),
    'Objective.sum([Objective.likelihood, Objective.custom("mine", TimeLaw.at(0.3), …)])',
    '−E log p(x_0) + E mine(s(x_t), −z/σ), at t = 0.3'
  ]
])('%# is printed as code and as mathematics', (objective, code, formula) => {
  expect(Objective.show(objective)).toBe(code)
  expect(Objective.formula(objective)).toBe(formula)
})

describe('terms', () => {
  it('carry the product of the numbers above them, and the weightings', () => {
    const found = Objective.terms(
      Objective.weight(2)(
        Objective.sum([
          Objective.weight(3)(Objective.likelihood),
          Objective.weight(Weighting.constant(5))(Objective.likelihood),
          Objective.weight(Weighting.snr)(Objective.weight(Weighting.noiseVariance)(custom))
        ])
      )
    ).map(({ weight, weightings, term }) => [weight, weightings, term.of._tag])
    expect(found.map(([weight, , tag]) => [weight, tag])).toEqual([
      [6, 'likelihood'],
      [10, 'likelihood'],
      [2, 'custom']
    ])
    expect(new Set(found[2][1] as ReadonlyArray<Weighting.Weighting>)).toEqual(
      new Set([Weighting.snr, Weighting.noiseVariance])
    )
  })
})

it('are put at other times, all that have times', () => {
  const at = (time: TimeLaw.TimeLaw): Objective.Objective =>
    Objective.sum([
      Objective.weight(2)(Objective.denoising(time)),
      Objective.implicit(time),
      Objective.likelihood,
      Objective.regularizer({ norm: 'l2' }),
      { ...custom, timeLaw: time } as Objective.Objective
    ])
  expect(Objective.retimed(TimeLaw.at(2))(at(law))).toEqual(at(TimeLaw.at(2)))
})

it('say what is wrong', () => {
  const found = (objective: Objective.Objective): ReadonlyArray<string> =>
    Objective.problems(Schedule.ornsteinUhlenbeck)(objective).map(Problem.show)
  expect(found(Objective.weight(NaN)(Objective.likelihood))).toEqual(['weight: NaN is not finite; try 1'])
  expect(found(Objective.sum([]))).toEqual(['objectives: [] is not a list with at least one objective; add one'])
  expect(found(Objective.regularizer({ norm: 'l1', smoothing: Infinity }))).toEqual([
    'smoothing: Infinity is not ≥ 0 and finite; try 0'
  ])
  expect(
    [
      Objective.likelihood,
      Objective.weight(-2)(Objective.implicit(law)),
      Objective.regularizer({ norm: 'l1' }),
      Objective.regularizer({ norm: 'l2', towards: Params.of({ logits: [0, 1] }) })
    ].flatMap(found)
  ).toEqual([])
})

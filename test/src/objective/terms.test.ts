/** Objectives as data: weights and times put in place. What they compute is in Loss.test.ts. */
import { describe, expect, it } from 'vitest'
import { TimeLaw, Weighting } from '../../../src/index.js'
import * as Objective from '../../../src/objective/index.js'

const law = TimeLaw.at(0.3)
const custom = Objective.custom('mine', law, ({ score }) => score)

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

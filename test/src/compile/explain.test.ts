/** The profile of a compiled loss, counted by hand. */
import { describe, expect, it } from 'vitest'
import { exp, square, sub, sum } from '../../../lib/index.js'
import { Compile, Expectation, Key, Objective, Problem, Schedule, Score, NoiseLevels } from '../../../src/index.js'

const points = { rows: 5, dim: 3, values: Key.normal(15)(Key.fromSeed(1)) }
const plansOf = (objective: Objective.Objective, score: Score.Score<string> = Score.spherical({ components: 4 })) =>
  Problem.orThrow(
    Compile.plans({ schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation: Expectation.monteCarlo() })(
      points
    )
  )

describe('the profile of a loss', () => {
  const denoising = Objective.denoising(NoiseLevels.at(0.3))
  const own = Objective.custom('own', NoiseLevels.at(0.3), ({ score, noises }) =>
    sum(exp(square(sub(score, noises(1)[0]))), 1)
  )
  it('counts what is read and drawn, by term', () => {
    const [compiled, interpreted] = plansOf(Objective.sum([denoising, own]))
    const parts = compiled.parts()
    expect(parts.map(({ term }) => term)).toEqual([denoising, own].map(Objective.show))
    // Three columns of eight bytes; noise of three numbers, and a second of as many.
    expect(parts.map(({ bytes, draws }) => [bytes, draws])).toEqual([
      [24, 3],
      [24, 6]
    ])
    parts.forEach(({ shares, operations }) => {
      expect(Math.abs(shares.reduce((sum, [, share]) => sum + share, 0) - 1)).toBeLessThan(1e-12)
      // Each is a whole number of operations.
      shares.forEach(([, share]) =>
        expect(Math.abs(share * operations - Math.round(share * operations))).toBeLessThan(1e-9)
      )
    })
    // Four exponentials of responsibilities are ten operations each; the second has three more.
    const ofExp = parts.map(
      ({ shares, operations }) => operations * (shares.find(([kind]) => kind === 'exp')?.[1] ?? 0)
    )
    expect(ofExp.map(Math.round)).toEqual([40, 70])
    expect(interpreted.parts()).toEqual([])
  })
  it('is printed, and says nothing about programs where there are none', () => {
    const [compiled, interpreted] = plansOf(own)
    expect(Compile.explain(compiled)).toMatch(
      /^by compiled: one program.*\n {2}Objective.custom\("own".*\n {4}a row: \d+ operations, 24 bytes read, 6 numbers drawn; \d+ kernels.*\n {4}operations: .*exp \d+ %/
    )
    expect(Compile.explain(interpreted)).toBe('by interpreted: serves every score and objective, slower')
  })
})

/** The nodes of TimeLaw.likelihood reach thin components: one Gaussian, whose integral over all noise is known. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Compile, Expectation, Objective, Problem, Schedule, Score, TimeLaw } from '../../src/index.js'
import { said } from '../said.js'

const UNTIL = 12

/**
 * One Gaussian N(0, v), the mean m of the model at 0 and a row at x: the implicit loss is α²(x − m)²/u² + σ²/u² − 2/u, u = α²v + σ², and
 * its derivative by m, times −½, is α²(x − m)/u². With ½g² = 1, α²/u² is the derivative by t of −½/(v + e^{2t} − 1), so that the
 * integral to T is ½(1/v − 1/(v + e^{2T} − 1)).
 */
const exact = (v: number): number => (1 / v - 1 / (v + Math.expm1(2 * UNTIL))) / 2

const integral = (v: number, nodes: number): number =>
  pipe(
    TimeLaw.likelihood({ until: UNTIL, nodes, leastVariance: v }),
    TimeLaw.quadrature(Schedule.ornsteinUhlenbeck, 1)
  ).reduce((sum, { time, weight }) => {
    const { alpha, sigma } = pipe(Schedule.ornsteinUhlenbeck, Schedule.level(time))
    const u = alpha ** 2 * v + sigma ** 2
    return sum + weight * (alpha / u) ** 2
  }, 0)

it.each([
  // v, and the published relative errors of 16 and 32 nodes, twice which are allowed.
  [1, 1e-8, 4e-11],
  [1e-1, 7e-8, 3e-11],
  [1e-2, 8e-7, 9e-12],
  [1e-3, 1e-6, 3e-12],
  [1e-4, 2e-6, 2e-12],
  [1e-6, 2e-5, 2e-11]
])('of variance %d', (v, by16, by32) => {
  expect(Math.abs(integral(v, 16) / exact(v) - 1)).toBeLessThan(2 * by16)
  expect(Math.abs(integral(v, 32) / exact(v) - 1)).toBeLessThan(2 * by32)
})

describe('a least variance', () => {
  const points = { rows: 2, dim: 1, values: Float64Array.of(-1, 1) }
  const fixed = Expectation.fixed(points)
  const refused = (score: Score.Score<string>, objective: Objective.Objective, expectation: Expectation.Expectation) =>
    said(Compile.plans({ schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation })(points))
  const isotropic = Score.isotropic({ components: 2 }) as unknown as Score.Score<string>
  const spherical = Score.spherical({ components: 2 }) as unknown as Score.Score<string>
  const without = TimeLaw.likelihood({ until: 4, nodes: 8 })
  const asked = (law: TimeLaw.TimeLaw): string =>
    `objective.timeLaw: ${TimeLaw.show(law)} of Score.isotropic({ components: 2 }) is not one with leastVariance, since variances are ` +
    'learned and its nodes lie by the least of them; give TimeLaw.likelihood the minimum variance, such as leastVariance: 1e-3'

  it('is asked for where variances are learned, however deep', () => {
    const deep = Objective.weight(2)(Objective.sum([Objective.likelihood, Objective.implicit(without)]))
    expect(refused(isotropic, deep, fixed)).toBe(asked(without))
    expect(refused(spherical, deep, fixed)).toBe('')
    const given = TimeLaw.likelihood({ until: 4, nodes: 8, leastVariance: 1e-3 })
    expect(refused(isotropic, Objective.implicit(given), fixed)).toBe('')
  })

  it('is asked for of a target whose nodes are taken, not of one that weighs what is drawn', () => {
    const law = TimeLaw.importance({ proposal: TimeLaw.uniform(1e-4, 4), target: without })
    expect(refused(isotropic, Objective.implicit(law), fixed)).toBe(asked(law))
    expect(refused(isotropic, Objective.implicit(law), Expectation.projected())).toBe('')
    const gauss = TimeLaw.gauss(3)(law)
    expect(refused(isotropic, Objective.implicit(gauss), Expectation.projected())).toBe(asked(gauss))
  })
})

it.each([
  ['a straight line', Schedule.rectifiedFlow, 1],
  ['one of our own', Schedule.custom({ name: 'mine', alpha: t => 1 - t, sigma: t => t, until: 1 }), 1]
])('an end without signal is refused: %s', (_, schedule, until) => {
  expect(TimeLaw.problems(schedule)(TimeLaw.likelihood({ until, nodes: 8 })).map(Problem.show)).toEqual([
    'until: 1 is not a time with signal, α > 0, before which ∫ ½ g² dt is finite; try 0.99'
  ])
  expect(TimeLaw.problems(schedule)(TimeLaw.likelihood({ until: 0.99, nodes: 8 }))).toEqual([])
})

it('weigh as ½ g² on a schedule of another clock', () => {
  // Variance exploding: ½ g² dt = ½ dσ², so that all together they are ½(σ(T)² − σ(0)²).
  const schedule = Schedule.varianceExploding({ sigmaMin: 0.01, sigmaMax: 5 })
  const total = pipe(
    TimeLaw.likelihood({ until: 1, nodes: 48, leastVariance: 1 }),
    TimeLaw.quadrature(schedule, 1)
  ).reduce((sum, { weight }) => sum + weight, 0)
  expect(Math.abs(total / ((25 - 1e-4) / 2) - 1)).toBeLessThan(1e-9)
})

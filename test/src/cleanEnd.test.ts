/** Means over every time from the clean end on: taken where they are finite, refused where they are not. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { square, sub, sum } from '../../lib/index.js'
import {
  Compile,
  Expectation,
  Key,
  Objective,
  Parametrization,
  Params,
  Problem,
  Score,
  TimeLaw,
  Weighting
} from '../../src/index.js'
import * as Schedule from '../../src/schedule/index.js'
import { isSlow } from '../cases.js'

const all = TimeLaw.uniform(0, 1)
const score = Score.isotropic({ components: 2 })
const points = { rows: 4, dim: 2, values: Float64Array.of(1, 2, -1, 0.5, 0, 0, 3, -2) }
const params = Params.of({ means: [[1, 0], [-1, 1]], logits: [0, 0.5], logVariances: [0, -1] }) // prettier-ignore

const compiled = (
  schedule: Schedule.Schedule,
  objective: Objective.Objective,
  expectation: Expectation.Expectation = Expectation.monteCarlo()
): ReturnType<ReturnType<typeof Compile.valueAndGrad<'means' | 'logits' | 'logVariances'>>> =>
  Compile.valueAndGrad({ schedule, score, objective, expectation })(points)

const { ornsteinUhlenbeck, rectifiedFlow, edm } = Schedule
/** Whether ∫ E|target|² w dt is finite at 0: |z/σ|² is 1/(2t) for Ornstein–Uhlenbeck and 1/t² where σ = t. */
const table: ReadonlyArray<readonly [string, Schedule.Schedule, Objective.Objective, finite: boolean]> = [
  ['flow matching', rectifiedFlow, Objective.denoising(all, Parametrization.flow), true],
  ['the noise', rectifiedFlow, Objective.denoising(all, Parametrization.noise), true],
  ['the noise, Ornstein–Uhlenbeck', ornsteinUhlenbeck, Objective.denoising(all, Parametrization.noise), true],
  ['the data', edm, Objective.denoising(all, Parametrization.data), true],
  ['the velocity', ornsteinUhlenbeck, Objective.denoising(all, Parametrization.velocity), true],
  ['EDM', edm, Objective.denoising(all, Parametrization.edm()), true],
  ['the implicit form', ornsteinUhlenbeck, Objective.implicit(all), true],
  ['the score, by σ²', edm, Objective.weight(Weighting.noiseVariance)(Objective.denoising(all)), true],
  ['stratified', rectifiedFlow, Objective.denoising(TimeLaw.stratified(all), Parametrization.flow), true],
  ['the score', ornsteinUhlenbeck, Objective.denoising(all), false],
  ['the score, σ = t', edm, Objective.denoising(all), false],
  ['stratified, the score', edm, Objective.denoising(TimeLaw.stratified(all)), false],
  ['the implicit form, by SNR', ornsteinUhlenbeck, Objective.weight(Weighting.snr)(Objective.implicit(all)), false],
  ['the data, by SNR²', edm, Objective.weight(Weighting.snr)(Objective.weight(Weighting.snr)(Objective.denoising(all, Parametrization.data))), false], // prettier-ignore
  ['one of two', edm, Objective.sum([Objective.implicit(all), Objective.denoising(all)]), false],
  ["one's own, said to be bounded", ornsteinUhlenbeck, Objective.custom('mine', all, ({ score }) => sum(square(score), 1), { bounded: true }), true], // prettier-ignore
  ["one's own", edm, Objective.custom('mine', all, ({ score, target }) => sum(square(sub(score, target)), 1)), false]
]

describe.each(table)('%s', (_, schedule, objective, finite) => {
  const result = compiled(schedule, objective)
  it(finite ? 'is taken, and is finite' : 'is refused', () => {
    if (E.isLeft(result)) {
      expect(result.left.map(Problem.show).join('\n')).toMatch(/timeLaw: TimeLaw.* is not a law over which this loss/)
      expect(finite).toBe(false)
    } else {
      const { value, gradient } = result.right(params, Key.fromSeed(1))
      expect(finite).toBe(true)
      expect(
        [value, ...Params.names(gradient).flatMap(name => [...gradient[name].values])].every(Number.isFinite)
      ).toBe(true)
    }
  })
})

it("one's own that does not look at the noise is told how to say so", () => {
  const mine = Objective.custom('mine', all, ({ score }) => sum(square(score), 1))
  const result = compiled(ornsteinUhlenbeck, mine)
  expect(E.isLeft(result) && Problem.show(result.left[0])).toBe(
    'objective.timeLaw: TimeLaw.uniform(0, 1) is not a law over which this loss is known to have a finite mean: towards time 0 it is ' +
      'taken to grow as its target, −z/σ, does; begin at 0.001, or say bounded: true of a loss that stays finite as the noise vanishes'
  )
})

it("one's own that says so of its target is found out", () => {
  const squares = Objective.custom('mine', all, ({ target }) => sum(square(target), 1), { bounded: true })
  const result = compiled(ornsteinUhlenbeck, squares)
  expect(E.isLeft(result) && result.left.map(Problem.show)).toEqual([
    expect.stringMatching(
      /^objective: Objective.custom.* is not finite as the noise vanishes, as bounded: true says; leave/
    )
  ])
})

it.runIf(isSlow)('a mean from the clean end on is that of its levels', () => {
  const noise = { rows: 4, dim: 2, values: Key.normal(8)(Key.fromSeed(3)) }
  const at = (law: TimeLaw.TimeLaw): number => {
    const loss = compiled(rectifiedFlow, Objective.denoising(law, Parametrization.flow), Expectation.fixed(noise))
    if (E.isLeft(loss)) throw new Error(loss.left.map(Problem.show).join('\n'))
    return loss.right(params, Key.fromSeed(1)).value
  }
  // Simpson's rule on 64 intervals, its first time a little off the end, where the loss is smooth: off by h⁴ |L⁗| / 180.
  const n = 64
  const hi = 0.75
  const levels = Array.from({ length: n + 1 }, (_, i) => at(TimeLaw.at(Math.max((hi * i) / n, 1e-9))))
  const simpson =
    levels.reduce((total, value, i) => total + value * (i === 0 || i === n ? 1 : i % 2 === 1 ? 4 : 2), 0) / (3 * n)
  expect(Math.abs(at(TimeLaw.gauss(64)(TimeLaw.uniform(0, hi))) - simpson)).toBeLessThan(1e-6 * simpson)
})

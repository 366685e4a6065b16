/** Multi-step samplers: exact where their polynomials are, in every step that has enough earlier ones. */
import { expect, it } from 'vitest'
import { Key, type Points, Problem, Sampler, Schedule, TimeGrid } from '../../../src/index.js'
import { lagrangeIntegrals } from '../../../src/sampler/multistep.js'

type Quadratic = readonly [number, number, number]
const at = ([a, b, c]: Quadratic, u: number): number => a + b * u + c * u * u
const one: Points.Points = { rows: 1, dim: 1, values: Float64Array.of(0.7) }
const quadratic: Quadratic = [0.3, -1.2, 0.5]

/** Points after each of some unequal steps, with the levels of their times. */
const along = (
  schedule: Schedule.Schedule,
  sampler: Sampler.Sampler,
  predicts: (level: Schedule.Level, x: number) => number
) => {
  const times = [0.9, 0.7, 0.6, 0.35, 0.3, 0.2]
  const program = Problem.orThrow(Sampler.compile({ sampler, grid: TimeGrid.listed(times), schedule }))
  const score = (points: Points.Points, time: number): Points.Points => ({
    ...points,
    values: points.values.map(x => predicts(Schedule.level(time)(schedule), x))
  })
  const states = [...Sampler.transport(program)(score)(one)(Key.fromSeed(1))]
  return states.map(({ points }, i) => ({ x: points.values[0], ...Schedule.level(times[i])(schedule) }))
}

const schedules = [Schedule.ornsteinUhlenbeck, Schedule.edm, Schedule.rectifiedFlow]

it.each(schedules)('DPM-Solver++(3M) integrates parabolas of predicted data exactly: %j', schedule => {
  const path = along(schedule, Sampler.dpmSolver3M, ({ alpha, sigma }, x) => {
    const datum = at(quadratic, Math.log(alpha / sigma))
    return (alpha * datum - x) / sigma ** 2
  })
  const [, b, c] = quadratic
  // ∫ e^λ q dλ = e^λ (q − q′ + q″)
  const integral = (u: number): number => Math.exp(u) * (at(quadratic, u) - (b + 2 * c * u) + 2 * c)
  const exact = path.slice(1).map(({ alpha, sigma }, i) => {
    const from = path[i]
    const [u, v] = [from, { alpha, sigma }].map(level => Math.log(level.alpha / level.sigma))
    return (sigma / from.sigma) * from.x + sigma * (integral(v) - integral(u))
  })
  const off = path.slice(1).map(({ x }, i) => Math.abs(x - exact[i]))
  // a constant, then a line, then the parabola; rounding of sums of numbers below 10
  expect(off[0]).toBeGreaterThan(1e-3)
  expect(off[1]).toBeGreaterThan(1e-6)
  expect(Math.max(...off.slice(2))).toBeLessThan(1e-13)
})

it.each(schedules)('Adams–Bashforth integrates parabolas of predicted noise exactly: %j', schedule => {
  const noise = (ratio: number): number => at(quadratic, ratio)
  const path = along(
    schedule,
    Sampler.adamsBashforth({ order: 3 }),
    ({ alpha, sigma }) => -noise(sigma / alpha) / sigma
  )
  const [a, b, c] = quadratic
  const integral = (u: number): number => a * u + (b * u ** 2) / 2 + (c * u ** 3) / 3
  const off = path.slice(1).map(({ x, alpha, sigma }, i) => {
    const from = path[i]
    const y = from.x / from.alpha + integral(sigma / alpha) - integral(from.sigma / from.alpha)
    return Math.abs(x - alpha * y)
  })
  expect(off[0]).toBeGreaterThan(1e-3)
  expect(off[1]).toBeGreaterThan(1e-6)
  // ratios up to 9, cubed, in sums that cancel
  expect(Math.max(...off.slice(2))).toBeLessThan(1e-12)
})

it('on equal steps they are the textbook coefficients', () => {
  const textbook: ReadonlyArray<ReadonlyArray<number>> = [
    [1],
    [3 / 2, -1 / 2],
    [23 / 12, -16 / 12, 5 / 12],
    [55 / 24, -59 / 24, 37 / 24, -9 / 24]
  ]
  for (const coefficients of textbook)
    expect(
      lagrangeIntegrals(
        coefficients.map((_, i) => -i),
        1
      )
    ).toEqual(coefficients.map((value): unknown => expect.closeTo(value, 14)))
})

it('order 1 is DDIM without noise', () => {
  const schedule = Schedule.cosine()
  const score = ({ alpha }: Schedule.Level, x: number): number => -Math.tanh(x) - alpha
  const [ab, ddim] = [Sampler.adamsBashforth({ order: 1 }), Sampler.ddim({ eta: 0 })].map(sampler =>
    along(schedule, sampler, score).map(({ x }) => x)
  )
  expect(ab).toEqual(ddim.map((x): unknown => expect.closeTo(x, 13)))
})

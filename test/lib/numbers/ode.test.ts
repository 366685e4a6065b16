/** Runge–Kutta methods on equations with known solutions, forwards and backwards. */
import { describe, expect, it } from 'vitest'
import * as Ode from '../../../lib/numbers/ode.js'

/** y₁′ = −2t y₁, y₂′ = −y₂² from (1, 1) at 0: y = (exp(−t²), 1/(1 + t)). */
const field: Ode.VectorField = (t, [a, b]) => Float64Array.of(-2 * t * a, -b * b)
const solution = (t: number): Float64Array => Float64Array.of(Math.exp(-t * t), 1 / (1 + t))

const distance = (a: Float64Array, b: Float64Array): number => Math.max(...a.map((value, i) => Math.abs(value - b[i])))

const run = (solver: Ode.Solver, from: number, to: number, steps: number): number => {
  const at = (i: number): number => from + ((to - from) * i) / steps
  return distance(
    Array.from({ length: steps }).reduce<Float64Array>((y, _, i) => solver(field)(at(i), at(i + 1), y), solution(from)),
    solution(to)
  )
}

describe.each([
  { name: 'Euler', tableau: Ode.EULER, order: 1 },
  { name: 'Heun', tableau: Ode.HEUN, order: 2 },
  { name: 'Runge–Kutta 4', tableau: Ode.RUNGE_KUTTA_4, order: 4 }
])('$name', ({ tableau, order }) => {
  it.each([
    { from: 0, to: 1 },
    { from: 1, to: 0 }
  ])(`is of order ${order} from $from to $to`, ({ from, to }) => {
    const [coarse, fine] = [64, 128].map(steps => run(Ode.step(tableau), from, to, steps))
    expect(Math.abs(Math.log2(coarse / fine) - order)).toBeLessThan(0.1)
  })
})

describe('Dormand–Prince', () => {
  const solver = Ode.dormandPrinceSolver

  it.each([1e-3, 1e-6, 1e-9, 1e-12])('meets a tolerance of %s, forwards and backwards', tolerance => {
    const calls: number[] = []
    const found = solver(tolerance)((t, y) => {
      calls.push(t)
      return field(t, y)
    })(0, 2, solution(0))
    // Each of the steps, six slopes each, may err by tolerance · (1 + |y|).
    expect(distance(found, solution(2))).toBeLessThan(((2 * calls.length) / 6) * tolerance)
    // A method of order 5 takes about tolerance^(−1/5) steps.
    expect(calls.length).toBeLessThan(60 * tolerance ** (-1 / 5))
    // Backwards both solutions grow, the second by (1 + 2)² and the first by exp(4) < 60.
    expect(distance(solver(tolerance)(field)(2, 0, solution(2)), solution(0))).toBeLessThan(60 * 40 * tolerance)
  })

  it('has coefficients that are consistent: stages, order conditions and the embedded error', () => {
    // y′ = 5t⁴: what is of order 5 integrates exactly, up to rounding, in one step of any length.
    const power =
      (p: number): Ode.VectorField =>
      t =>
        Float64Array.of(p * t ** (p - 1))
    const loose = solver(1e9)
    ;[1, 2, 3, 4, 5].forEach(p => {
      expect(loose(power(p))(0, 1, Float64Array.of(0))[0]).toBeCloseTo(1, 13)
    })
    expect(Math.abs(loose(power(7))(0, 1, Float64Array.of(0))[0] - 1)).toBeGreaterThan(1e-4)
    // y′ = y in one step of 0.1: the Taylor series of e^0.1 to order 5.
    const e = loose((_, y) => y)(0, 0.1, Float64Array.of(1))[0]
    expect(Math.abs(e - Math.exp(0.1))).toBeLessThan(0.1 ** 6 / 720 + 1e-16)
  })

  it('returns at once for an empty interval, and terminates on a field that cannot be solved', () => {
    expect(solver(1e-6)(field)(1, 1, solution(1))).toEqual(solution(1))
    expect(solver(1e-6)(() => Float64Array.of(NaN))(0, 1, Float64Array.of(1))[0]).toBeNaN()
    expect(solver(1e-6)(t => Float64Array.of(1 / Math.abs(t - 0.5)))(0, 1, Float64Array.of(1))).toHaveLength(1)
    // A jump is passed, by steps as short as it takes; the embedded error may see a hundredth of it.
    const jump = solver(1e-9)(t => Float64Array.of(t < Math.SQRT1_2 ? 0 : 1))(0, 1, Float64Array.of(0))
    expect(jump[0]).toBeCloseTo(1 - Math.SQRT1_2, 6)
  })
})

it('combine skips a vector whose coefficient is 0', () => {
  const terms = [
    [2, Float64Array.of(1, 2)],
    [0, Float64Array.of(NaN, Infinity)],
    [-1, Float64Array.of(1, 1)]
  ] as const
  expect(Ode.linearCombination(terms)).toEqual(Float64Array.of(1, 3))
})

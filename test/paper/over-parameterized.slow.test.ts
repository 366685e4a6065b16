/** More students than teachers: who converges, held against a loss that is computed otherwise. */
import { describe, expect, it } from 'vitest'
import { Schedule } from '../../src/index.js'
import { main } from '../../examples/paper/over-parameterized.js'

const { stationary, courses, basins, sampled, profile } = main('quick').measured
const alpha = (time: number): number => Schedule.level(time)(Schedule.ornsteinUhlenbeck).alpha

/** E|s − s*|² for x ~ N(0, 1), s* = −x, centres m: the trapezoidal rule, which is spectrally exact for such integrands. */
const loss = (m: ReadonlyArray<number>): number => {
  const step = 0.005
  return Array.from({ length: 4001 }, (_, i) => (i - 2000) * step).reduce((sum, x) => {
    const logits = m.map(c => c * x - (c * c) / 2)
    const most = Math.max(...logits)
    const weights = logits.map(logit => Math.exp(logit - most))
    const total = weights.reduce((a, b) => a + b, 0)
    const pull = weights.reduce((a, w, k) => a + (w / total) * m[k], 0)
    return sum + (step * pull ** 2 * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)
  }, 0)
}

const three = (c: number): ReadonlyArray<number> => [-c, 0, c]

describe('three students at −c, 0 and c', () => {
  it('have the loss that the integral has', () => {
    // 24 nodes in each of two directions see a sigmoid of slope 2αc ≤ 5 to better than 1e-3 of the loss.
    for (const { x, y } of profile.filter(({ x }) => x > 0.5 && x <= 2.5))
      expect(Math.abs(y / loss(three(x)) - 1)).toBeLessThan(1e-3)
  })

  it('are at a stationary point where that loss is greatest, at every noise level alike', () => {
    const places = stationary.map(({ time, centre }) => alpha(time) * centre)
    for (const place of places) {
      // A maximum: lower to either side, by f″h²/2 with h = 0.1 and f″ of order ½.
      expect(loss(three(place))).toBeGreaterThan(loss(three(place - 0.1)))
      expect(loss(three(place))).toBeGreaterThan(loss(three(place + 0.1)))
    }
    for (const { gradient } of stationary) expect(gradient).toBeLessThan(1e-12)
    // The law at time t is N(0, 1) at all times; the nodes differ, by a shift in the loss of 1e-3 over its curvature ½.
    expect(Math.abs(places[0] - places[1])).toBeLessThan(0.01)
  })
})

describe('courses', () => {
  const [near, far, noisy] = courses
  const last = (course: (typeof courses)[number]): ReadonlyArray<number> =>
    course.states[course.states.length - 1].centres

  it('from near, and from far at high noise, all converge', () => {
    for (const course of [near, noisy]) {
      // dm/dτ ∝ −m³ near 0, so that the centres are at step^(−1/2) and the loss at step^(−2), to 1/log(step).
      expect(Math.max(...last(course).map(Math.abs)) * alpha(course.time)).toBeLessThan(0.1)
      expect(course.slope).toBeGreaterThan(-2.15)
      expect(course.slope).toBeLessThan(-1.85)
    }
  })

  it('from far at low noise two move off, and the loss still falls, about as 1/step', () => {
    const [left, middle, right] = last(far)
    expect(middle).toBeCloseTo(0, 9)
    expect(right).toBeGreaterThan(Math.max(...far.start))
    expect(left).toBeCloseTo(-right, 9)
    // The weight of a centre at m is e^{−m²/2}/3, so that 1/step has a power of log(step) beside it: 1 to 1.5 in a decade.
    expect(far.slope).toBeLessThan(-1)
    expect(far.slope).toBeGreaterThan(-1.5)
    // All along the loss is what the integral says of the centres, so far as nodes can follow a step of slope αc < 5.
    const early = far.states.filter(({ centres }) => alpha(far.time) * centres[2] < 5)
    for (const { centres, loss: found } of early)
      expect(Math.abs(found / loss(centres.map(c => alpha(far.time) * c)) - 1)).toBeLessThan(0.05)
  })
})

describe('random starts', () => {
  it('from near, all students converge; from far, not all', () => {
    for (const { spread, all } of [...basins, ...sampled]) {
      // Wilson's interval of 5 or 10 successes of as many starts begins at 0.57 or 0.72.
      if (spread < 1) expect(all.low).toBeGreaterThan(0.5)
      else expect(all.high).toBeLessThan(0.5)
    }
  })

  it('from far in many dimensions exactly one converges', () => {
    expect(sampled[sampled.length - 1].one.low).toBeGreaterThan(0.5)
  })
})

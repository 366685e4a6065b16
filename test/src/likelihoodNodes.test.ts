/** The nodes of TimeLaw.likelihood reach thin components: one Gaussian, whose integral over all noise is known. */
import { pipe } from 'fp-ts/lib/function.js'
import { expect, it } from 'vitest'
import { Schedule, TimeLaw } from '../../src/index.js'

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

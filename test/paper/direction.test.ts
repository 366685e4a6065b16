/** Where descent on the objective of the pair turns its guess: docs/paper.md, 4. */
import { expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Key,
  Mixture,
  Objective,
  Params,
  Points,
  Problem,
  Schedule,
  Score,
  NoiseLevels
} from '../../src/index.js'

const points = Mixture.sample(4000)(Key.fromSeed(7))(Mixture.symmetricPair([1, 0, 0]))
const moment = Points.secondMoment(points)

const cosine = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number =>
  a.reduce((sum, x, i) => sum + x * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b))

/** 1 − cos of −∂L/∂mean with (Ĉ − I) mean, and with that less |mean|² mean. */
const apart = (mean: ReadonlyArray<number>, time: number): readonly [power: number, radial: number] => {
  const loss = {
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.symmetricPair,
    expectation: Expectation.quadrature(),
    objective: Objective.denoising(NoiseLevels.at(time))
  }
  const at = Problem.orThrow(Compile.valueAndGrad(loss)(points))
  const down = Array.from(at(Params.of({ mean }), Key.fromSeed(0)).gradient.mean.values, g => -g)
  const power = mean.map((x, i) => mean.reduce((sum, y, j) => sum + moment[3 * i + j] * y, 0) - x)
  const square = mean.reduce((sum, x) => sum + x * x, 0)
  return [1 - cosine(down, power), 1 - cosine(down, power.map((x, i) => x - square * mean[i]))] // prettier-ignore
}

it.each([0.8, 1.4])('a guess of length %d goes to (Ĉ − I)c − |c|² c as noise grows, not to (Ĉ − I)c', length => {
  const mean = [length * Math.cos(1.2), length * Math.sin(1.2), 0]
  const [low, high, higher] = [0.02, 2, 4].map(time => apart(mean, time))
  expect(low[0]).toBeGreaterThan(0.4)
  expect(higher[0]).toBeGreaterThan(low[0])
  expect(higher[1]).toBeLessThan(5e-8)
  // The next term is α² of the gradient, so that 1 − cos falls as α⁴: e^{−8} from t = 2 to 4.
  expect(Math.log(higher[1] / high[1]) / -8).toBeCloseTo(1, 1)
})

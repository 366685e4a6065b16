/**
 * Learned step sizes: the rates of eight steps on the pair problem, by the gradient of a held-out loss at the end in all of them, through
 * the run (Maclaurin, Duvenaud & Adams 2015, arXiv 1502.03492). Steps differ: long ones turn the centre, short ones settle it.
 */
import { Compile, Expectation, Key, Mixture, Objective, Params, Problem, Schedule, Score, NoiseLevels } from 'ornstein'
import type { Program } from './program.js'

const STEPS = 8
const truth = Mixture.symmetricPair([1.5, 1, 0, 0])
const [train, held] = Key.split(2)(Key.fromSeed(1)).map(key => Mixture.sample(500)(key)(truth))
const loss = {
  schedule: Schedule.ornsteinUhlenbeck,
  score: Score.symmetricPair,
  objective: Objective.implicit(NoiseLevels.at(0.3)),
  expectation: Expectation.monteCarlo({ antithetic: true })
}
const end = Problem.orThrow(Compile.valueAndGrad(loss)(held))
const run = Problem.orThrow(Compile.unrolled(loss, { steps: STEPS, step: Compile.descent, end })(train))
const start = Params.of({ mean: [0.2, -0.1, 0.3, 0.1] })
const key = Key.fromSeed(2)

/** A run by rates, and the gradient of its end in them. */
const by = (rates: ReadonlyArray<number>): Compile.Ended<'mean', 'rates'> =>
  Problem.orThrow(run(start, Params.of({ rates }), key))

/** Descent on the rates themselves. */
const learned = (steps: number): ReadonlyArray<number> =>
  Array.from({ length: steps }).reduce<ReadonlyArray<number>>(
    rates => {
      const { rates: slopes } = by(rates).gradient.numbers
      return rates.map((rate, i) => rate - 5 * slopes.values[i])
    },
    Array.from({ length: STEPS }, () => 1)
  )

// —— check ——

export const program: Program = {
  title: 'Learned step sizes: the gradient of the end of a run in its rates',
  run: effort => {
    const rates = learned(Math.ceil(60 * effort))
    const { value, gradient } = by(rates)
    const moved = (i: number, h: number): number => by(rates.map((rate, j) => (i === j ? rate + h : rate))).value
    const h = 1e-3
    // By four points: off by about h⁴, and by rounding.
    const slope = (i: number): number =>
      (8 * (moved(i, h) - moved(i, -h)) - (moved(i, 2 * h) - moved(i, -2 * h))) / (12 * h)
    const constant = Array.from({ length: 12 }, (_, i) => by(new Array<number>(STEPS).fill(0.1 * (i + 1))).value)
    return {
      plan: 'by compiled: the loss and its products with the Hessian',
      checks: [
        ...[0, 3, 7].map(i => ({
          what: `derivative in rate ${i + 1}`,
          found: gradient.numbers.rates.values[i],
          wanted: slope(i),
          within: 1e-8,
          by: 'differences of ends'
        })),
        {
          what: 'the held-out loss at the end above that of the best of twelve constant rates, where it is',
          found: Math.max(0, value - Math.min(...constant)),
          wanted: 0,
          within: effort < 1 ? 0.05 : 0,
          by: 'constant rates 0.1, …, 1.2'
        }
      ]
    }
  }
}

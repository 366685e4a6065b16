/** What networks learn of a law, and how it is measured: the error of a score by noise level, the energy distance of samples. */
import { pipe } from 'fp-ts/lib/function.js'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Pipeline,
  type Points,
  Problem,
  Rate,
  Run,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  TimeLaw
} from 'ornstein'
import { Elementary } from 'ornstein/float64'

export const schedule = Schedule.ornsteinUhlenbeck

/** How long a network learns. */
export interface Budget {
  readonly steps: number
  readonly batch: number
  readonly hidden: ReadonlyArray<number>
}

/** A network by the denoising loss on batches; the moving average of its weights is what it has learned. */
export const learn =
  ({ steps, batch, hidden }: Budget) =>
  (points: Points.Points) =>
  (key: Key.Key): Sampler.Smooth => {
    const net = Net.mlp({ hidden, activation: 'silu', embedding: Net.fourier(16), deviation: 1 })
    const score = Score.network(net, { predicts: Parametrization.noise })
    const keys = Key.named('start', 'run')(key)
    const program = Problem.orThrow(
      Compile.pipeline(
        Pipeline.of({
          schedule,
          score,
          initializer: Initializer.values(Net.initial(points.dim)(keys.start)(net)),
          stages: [
            Stage.descend({
              objective: Objective.denoising(TimeLaw.uniformLogSnr(-5, 7), Parametrization.noise),
              expectation: Expectation.monteCarlo(),
              optimizer: Optimizer.chain(
                Optimizer.clipByGlobalNorm(1),
                Optimizer.adam({ rate: Rate.cosine({ rate: 0.004, steps, warmUp: Math.ceil(steps / 20) }) }),
                Optimizer.movingAverage({ decay: 0.995 })
              ),
              steps,
              batch: Math.min(batch, points.rows)
            })
          ]
        })
      )(points)
    )
    return Sampler.learned(score, schedule, Run.last(program)(keys.run).params)
  }

/** The levels at which scores are compared, by σ/α. */
export const ratios: ReadonlyArray<number> = [0.05, 0.1, 0.2, 0.5, 1, 2, 5]

const timeOf = (ratio: number): number => pipe(schedule, Schedule.timeOfLogSnr(-2 * Elementary.log(ratio)))

/** E|s − s*|²/E|s*|² at each level, over points of the law with noise of the level. */
export const errors =
  (exact: Sampler.ScoreFunction, clean: Points.Points) =>
  (score: Sampler.ScoreFunction): ReadonlyArray<number> =>
    ratios.map(ratio => {
      const time = timeOf(ratio)
      const { alpha, sigma } = Schedule.level(time)(schedule)
      const noise = Key.normal(clean.values.length)(Key.fromSeed(99))
      const points = { ...clean, values: clean.values.map((x, i) => alpha * x + sigma * noise[i]) }
      const [wanted, found] = [exact, score].map(of => of(points, time).values)
      const squared = (values: Float64Array): number => values.reduce((sum, x) => sum + x * x, 0)
      return squared(found.map((s, i) => s - wanted[i])) / squared(wanted)
    })

/** Samples by Heun's method along the probability flow. */
export const sample =
  (rows: number, dim: number) =>
  (score: Sampler.ScoreFunction): Points.Points => {
    const program = Problem.orThrow(
      Sampler.compile({
        sampler: Sampler.heun,
        grid: TimeGrid.logSnr({ from: timeOf(12), to: timeOf(0.03), steps: 30 }),
        schedule
      })
    )
    return Sampler.sample(program)(score)(rows, dim)(Key.fromSeed(7))
  }

/** The mean distance of a row of one from a row of the other. */
const distance = (a: Points.Points, b: Points.Points): number => {
  const { dim } = a
  let total = 0
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.rows; j++) {
      let square = 0
      for (let k = 0; k < dim; k++) square += Elementary.square(a.values[i * dim + k] - b.values[j * dim + k])
      total += Math.sqrt(square)
    }
  return total / (a.rows * b.rows)
}

/** 2 E|X − Y| − E|X − X′| − E|Y − Y′|, 0 for one law (Székely & Rizzo 2013). */
export const energy = (a: Points.Points, b: Points.Points): number =>
  2 * distance(a, b) - distance(a, a) - distance(b, b)

/** What networks learn of a law, and how it is measured: the error of a score by noise level, the energy distance of samples. */
import { pipe } from 'fp-ts/lib/function.js'
import {
  Compile,
  Expectation,
  Field,
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
  NoiseLevels
} from 'ornstein'
import { concat, cos, Elementary, matMul, sin, tensor } from 'ornstein/float64'

export const schedule = Schedule.ornsteinUhlenbeck

/**
 * Cosines and sines of the point at random frequencies, by which layers find what is thin (Tancik et al. 2020, arXiv
 * 2006.10739): a part of our own, which composes with those of the language.
 */
const waves = Net.define({
  name: 'waves',
  about: 'cosines and sines of the point, at random frequencies',
  fields: { frequencies: Field.count({ default: 32 }), scale: Field.positive({ default: 0.5 }) },
  meaning:
    ({ frequencies, scale }) =>
    ({ width }) => ({
      width: 2 * frequencies,
      apply: (_, x) => {
        const drawn = Key.normal(width * frequencies)(Key.fromSeed(5))
        const phases = matMul(
          x,
          tensor(
            Array.from(drawn, z => 2 * Math.PI * scale * z),
            [width, frequencies]
          )
        )
        return concat([cos(phases), sin(phases)], 1)
      }
    })
})

/** How long a network learns, and what it is. */
export interface Budget {
  readonly steps: number
  readonly batch: number
  readonly hidden: ReadonlyArray<number>
  /** Whether it is given waves of the point too, of use in few dimensions; else it is a plain one that predicts the noise. */
  readonly withWaves: boolean
}

export interface Network {
  readonly net: Net.Net<string>
  /** What it gives, by which its loss is measured too. */
  readonly predicts: Parametrization.Parametrization
  /** Of the moving average of its weights. */
  readonly decay: number
}

const plain = ({ hidden }: Budget): Network => ({
  net: Net.mlp({ hidden, activation: 'silu', embedding: Net.fourier(16), deviation: 1 }),
  predicts: Parametrization.noise,
  decay: 0.995
})

/** By EDM's preconditioning, for data of deviation 1: what comes in and what goes out is of unit size at every level. */
const wavy = ({ hidden, steps }: Budget): Network => ({
  net: Net.chain<string>(
    Net.standardized({ deviation: 1 }),
    Net.concat<string>(Net.identity, waves(), Net.fourier(16)),
    ...hidden.flatMap((width, i): ReadonlyArray<Net.Net<string>> => [
      Net.named(`hidden${i + 1}`, Net.linear(width)),
      Net.silu
    ]),
    Net.named('output', Net.output())
  ),
  predicts: Parametrization.edm({ sigmaData: 1 }),
  decay: Math.max(0, Math.min(0.998, 1 - 4 / steps))
})

/** The rates of its steps: a rise, then half a cosine. */
export const rate = ({ steps }: Budget): Rate.Rate => Rate.cosine({ rate: 0.004, steps, warmUp: Math.ceil(steps / 20) })

/** The network of a budget, and the run that learns it: the denoising loss on batches, with a moving average of the weights. */
export const training =
  (budget: Budget, precision: Compile.Precision = 'float64') =>
  (
    points: Points.Points
  ): Network & { readonly score: Score.Score<string>; readonly program: Compile.Program<string> } => {
    const { steps, batch, withWaves } = budget
    const network = (withWaves ? wavy : plain)(budget)
    const { net, predicts, decay } = network
    const score = Score.network(net, { predicts })
    const program = Problem.orThrow(
      Compile.pipeline(
        Pipeline.of({
          schedule,
          score,
          initializer: Initializer.networkDefault,
          stages: [
            Stage.descend({
              objective: Objective.denoising(NoiseLevels.uniformLogSnr(-5, 7), predicts),
              expectation: Expectation.monteCarlo(),
              optimizer: Optimizer.chain(
                Optimizer.clipByGlobalNorm(1),
                Optimizer.adam({ rate: rate(budget) }),
                Optimizer.ema({ decay })
              ),
              steps,
              batch: Math.min(batch, points.rows),
              epochs: withWaves
            })
          ]
        }),
        { precision }
      )(points)
    )
    return { ...network, score, program }
  }

/** What a network learns: the moving average of its weights at the end. */
export const learn =
  (budget: Budget) =>
  (points: Points.Points) =>
  (key: Key.Key): Sampler.Smooth => {
    const { score, program } = training(budget)(points)
    return Sampler.learned(score, schedule, Run.last(program)(key).params)
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

/** σ/α at the noisy end of sampling, and at the clean. */
export const ENDS = [12, 0.03] as const

/** Samples by so many steps of Heun's method along the probability flow, two scores each. */
export const sample =
  (rows: number, dim: number, steps = 30) =>
  (score: Sampler.ScoreFunction): Points.Points => {
    const [from, to] = ENDS.map(timeOf)
    const program = Problem.orThrow(
      Sampler.compile({ sampler: Sampler.heun, grid: TimeGrid.logSnr({ from, to, steps }), schedule })
    )
    return Sampler.sample(program)(score)(rows, dim)(Key.fromSeed(7))
  }

/** The square of the distance of each row to the nearest of other rows. */
const nearest = (a: Points.Points, b: Points.Points): Float64Array => {
  const { dim } = a
  return Float64Array.from({ length: a.rows }, (_, i) => {
    let least = Infinity
    for (let j = 0; j < b.rows; j++) {
      let square = 0
      for (let k = 0; k < dim; k++) square += Elementary.square(a.values[i * dim + k] - b.values[j * dim + k])
      least = Math.min(least, square)
    }
    return least
  })
}

/** The share of samples that are further from points of a law than 99 in 100 of other points of the law: 0.01 of the law itself. */
export const astray = (samples: Points.Points, law: Points.Points, other: Points.Points): number => {
  const bound = nearest(other, law).sort()[Math.floor(0.99 * other.rows)]
  return nearest(samples, law).filter(distance => distance > bound).length / samples.rows
}

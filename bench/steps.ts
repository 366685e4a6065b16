/**
 * A step of a run on few rows, where most of the time is in JavaScript: `npm run bench:steps`. Microseconds of processor time in one thread, the
 * least and the median of a few runs of so many steps, the first of which warms up.
 */
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Pipeline,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../src/index.js'
import { useThreads } from '../lib/index.js'
import { median } from './rivals.js'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 10)
const STEPS = 500

const points = Mixture.sample(256)(Key.fromSeed(1))(
  Mixture.of({
    means: [
      [-3, 0],
      [3, 0],
      [0, 3],
      [0, -3]
    ]
  })
)
const optimizer = Optimizer.adam({ rate: 0.01 })
const steps = STEPS
const denoising = Objective.denoising(NoiseLevels.at(0.3))
const spread = Objective.denoising(NoiseLevels.uniform(0.1, 0.9))
const spherical = Score.spherical({ components: 4 })
const network = Score.network(Net.mlp({ hidden: [16], activation: 'tanh' }), { predicts: Parametrization.noise })

const kinds: Readonly<Record<string, readonly [Score.Score<string>, Stage.Stage]>> = {
  'plain noise': [spherical, Stage.descend({ objective: denoising, optimizer, steps })],
  'projected noise': [
    spherical,
    Stage.descend({ objective: denoising, expectation: Expectation.projected(), optimizer, steps })
  ],
  'a time a row': [spherical, Stage.descend({ objective: spread, optimizer, steps })],
  'likelihood, full covariances': [
    Score.full({ components: 4 }),
    Stage.descend({ objective: Objective.likelihood, optimizer, steps })
  ],
  'the pair, quadrature': [
    Score.symmetricPair,
    Stage.descend({ objective: denoising, expectation: Expectation.quadrature(), optimizer, steps })
  ],
  'a network, batches of 64': [network, Stage.descend({ objective: denoising, optimizer, steps, batch: 64 })],
  'the same by epochs': [network, Stage.descend({ objective: denoising, optimizer, steps, batch: 64, epochs: true })]
}

const processor = (): number => {
  const { user, system } = process.cpuUsage()
  return user + system
}

useThreads(1)
for (const [name, [score, stage]] of Object.entries(kinds)) {
  const program = Problem.orThrow(
    Compile.pipeline(
      Pipeline.of({
        schedule: Schedule.ornsteinUhlenbeck,
        score,
        initializer: Initializer.gaussian({ scale: 1 }),
        stages: [stage]
      })
    )(points)
  )
  const took = Array.from({ length: ROUNDS + 1 }, () => {
    const before = processor()
    const { step } = Run.last(program)(Key.fromSeed(1))
    return (processor() - before) / step
  }).slice(1)
  console.log(
    `${name.padEnd(30)} ${Math.min(...took)
      .toFixed(1)
      .padStart(8)} µs, median ${median(took).toFixed(1)}`
  )
}

/**
 * Consistency training (Song et al. 2023, arXiv 2303.01469): what a network says of neighbouring points on the way of one noise is to be
 * the same, the nearer one seen by a teacher that is the moving average of the student; one step then leads from noise to data.
 */
import * as t from 'io-ts'
import {
  Compile,
  Expectation,
  Field,
  Initializer,
  Key,
  Mixture,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  Picture,
  Pipeline,
  Points,
  Problem,
  Rate,
  Run,
  Schedule,
  Score,
  Source,
  Stage,
  NoiseLevels
} from 'ornstein'
import { add, mul, square, sub, sum, type Tensor } from 'ornstein/float64'
import { fromTruth, type Program } from './program.js'

const schedule = Schedule.rectifiedFlow
const embedding = Net.sinusoidal(4, { of: 'angle' })
const net = Net.mlp({ hidden: [48, 48], embedding, heads: { velocity: Net.output() } })
const score = Score.network(net, { heads: { velocity: Parametrization.flow } })
const levels = 48

/** |f(x_t, t) − f̄(x_s, s)|², f(x, t) = x − t u(x, t), which is x at t = 0; s is the level before t, and f̄ the teacher. */
const objective = Objective.define({
  name: 'consistency',
  about: 'what is said of neighbouring points is the same',
  meaning: () => ({
    noiseLevels: NoiseLevels.oneOf(Array.from({ length: levels }, (_, i) => (i + 1) / levels)),
    constants: Params.zeros(Score.shapes(2)(score)),
    perRow: Objective.seeing(score)(row => {
      const { clean, noise, noisy, level } = row
      const end = (seen: Pick<typeof row, 'headsAt'>, x: Tensor, at: typeof level): Tensor =>
        sub(x, mul(at.sigma, seen.headsAt(x, at).velocity))
      const before = row.levelAt(time => time - 1 / levels)
      const nearer = add(mul(before.alpha, clean), mul(before.sigma, noise))
      return sum(square(sub(end(row, noisy, level), end(row.under(row.constants), nearer, before))), 1)
    })
  })
})
const taught = Stage.define({
  name: 'taught',
  about: 'descent beside a teacher that is the moving average of the student',
  fields: { steps: Field.count({ suggestion: 3000 }), decay: Field.fraction({ default: 0.9 }) },
  meaning: ({ steps, decay }) => {
    const optimizer: Optimizer.Optimizer = Optimizer.adam({ rate: Rate.cosine({ rate: 1e-2, steps }) })
    return {
      stops: { steps },
      loss: { objective, expectation: Expectation.monteCarlo(), batch: 128 },
      streams: true,
      ...Stage.steps(t.type({ teacher: Params.codec, state: Optimizer.stateCodec<string>(optimizer) }), tools => ({
        begin: params => ({ teacher: params, state: Optimizer.anyInterpret<string>(optimizer).init(params) }),
        step: (params, { teacher, state }, key) => {
          const at = (where: Params.Params<string>) => tools.evaluate(where, key, undefined, teacher)
          const next = Optimizer.step(optimizer, at)({ params, state })
          const average = Params.zipWith((a, b) => decay * a + (1 - decay) * b)(teacher, next.params)
          return { value: next.value, params: next.params, memory: { teacher: average, state: next.state } }
        }
      }))
    }
  }
})

// —— check: one step from noise leads to data ——

const means = [
  [-1.5, 0],
  [1, 1],
  [0.5, -1.5]
]
const truth = Mixture.of({ means, weights: [0.5, 0.3, 0.2], variances: [0.1, 0.1, 0.2] })

export const program: Program = {
  title: 'Consistency training: one step from noise to data (arXiv 2303.01469)',
  run: effort => {
    const stages = [taught({ steps: Math.round(3000 * Math.sqrt(effort)) })]
    const pipeline = Pipeline.of({ schedule, score, initializer: Initializer.networkDefault, stages })
    const data = Source.drawn({ rows: 128, key: Key.fromSeed(1) })(rows => key => Mixture.sample(rows)(key)(truth))
    const compiled = Problem.orThrow(Compile.pipeline(pipeline)(data))
    const { params } = Run.last(compiled)(Key.fromSeed(2))
    const noise: Points.Points = { rows: 2000, dim: 2, values: Key.normal(4000)(Key.fromSeed(3)) }
    const truly = [4, 5].map(seed => Mixture.sample(2000)(Key.fromSeed(seed))(truth))
    const { velocity } = Score.heads(score, schedule)(params)(1)(noise)
    const ends = { ...noise, values: noise.values.map((z, i) => z - velocity.values[i]) }
    return {
      plan: Compile.explain(compiled),
      checks: [
        fromTruth('energy distance after one step from noise', ends, truly, effort < 1 ? 0.06 : 0.03),
        {
          what: 'the same relative to the distance of the noise',
          found: Points.energyDistance(ends, truly[0]) / Points.energyDistance(noise, truly[0]),
          wanted: 0,
          within: effort < 1 ? 0.3 : 0.1,
          by: 'two samples of the truth'
        }
      ],
      picture: Picture.samples(truly[0], ends)
    }
  }
}

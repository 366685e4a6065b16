/** Stages and initializers of a user's own, for tests. */
import * as t from 'io-ts'
import {
  Expectation,
  Field,
  Key,
  Objective,
  Optimizer,
  Params,
  Problem,
  Score,
  Stage,
  TimeLaw,
  Vocabulary
} from '../../../src/index.js'
import * as Points from '../../../src/data/index.js'
import { there } from '../../there.js'

/** Stochastic weight averaging: what the last iterates come to on average (Izmailov et al. 2018). */
export const averagedTail = Stage.define({
  name: 'averagedTail',
  about: 'the mean of the last iterates',
  fields: {
    objective: Field.oneOf(['likelihood', 'quadrature']),
    optimizer: Field.of(Optimizer.concept),
    steps: Field.count({ suggestion: 10 }),
    last: Field.count({ default: 3 })
  },
  meaning: ({ objective, optimizer, steps, last }) => ({
    stops: { steps },
    loss:
      objective === 'likelihood'
        ? { objective: Objective.likelihood, expectation: Expectation.monteCarlo() }
        : { objective: Objective.implicit(TimeLaw.at(0.5)), expectation: Expectation.quadrature() },
    ...Stage.steps(
      t.type({ taken: t.number, inner: Optimizer.stateCodec<string>(optimizer), sum: Params.codec, count: t.number }),
      ({ evaluate }) => ({
        begin: params => ({
          taken: 0,
          inner: Optimizer.anyInterpret<string>(optimizer).init(params),
          sum: Params.zeros(Params.shapes(params)),
          count: 0
        }),
        step: (params, { taken, inner, sum, count }, key) => {
          const next = Optimizer.step(optimizer, (at: Params.Params<string>) => evaluate(at, key))({
            params,
            state: inner
          })
          const kept = taken >= steps - last
          return {
            value: next.value,
            norm: Params.norm(next.gradient),
            params: next.params,
            memory: {
              taken: taken + 1,
              inner: next.state,
              sum: kept ? Params.zipWith((a, b) => a + b)(sum, next.params) : sum,
              count: count + (kept ? 1 : 0)
            }
          }
        },
        finish: (params, { sum, count }) => (count === 0 ? params : Params.mapValues(s => s / count)(sum))
      })
    )
  })
})

/** One component, drawn, is put at a row of the data, with noise about it. */
export const kick = Stage.define({
  name: 'kick',
  about: 'one centre to a row, with noise',
  fields: { scale: Field.positive({ default: 1 }) },
  formula: ({ scale }) => `θ_k ← x_i + ${scale} z`,
  meaning: ({ scale }) => ({
    stops: { steps: 1 },
    requirements: ({ score, model }) =>
      model.family?.start === undefined
        ? [Problem.of('score', Score.show(score), 'that of a mixture', 'leave the stage out')]
        : [],
    ...Stage.steps(t.null, ({ points, model }) => ({
      begin: () => null,
      step: (params, memory, key) => {
        const { centres, fromCentres } = there(model.family?.start)
        const keys = Key.named('component', 'row', 'noise')(key)
        const { shape, values } = centres(params)
        const k = Math.floor(shape[0] * Key.uniform(1)(keys.component)[0])
        const row = Points.row(Math.floor(points.rows * Key.uniform(1)(keys.row)[0]))(points)
        const noise = Key.normal(points.dim)(keys.noise)
        const moved = values.map((c, at) =>
          Math.floor(at / points.dim) === k ? row[at % points.dim] + scale * noise[at % points.dim] : c
        )
        return { value: 0, params: fromCentres({ shape, values: moved }, 1), memory }
      }
    }))
  })
})

export const twice = Stage.defineComposite({
  name: 'twice',
  about: 'the same once more',
  fields: { stage: Field.of(Stage.concept) },
  call: ['stage'],
  meaning: ({ stage }) => ({ stages: [stage, stage] })
})

export const vocabulary = Vocabulary.extend(Vocabulary.standard, [averagedTail, kick, twice])

/** Stages and initializers of a user's own, for tests. */
import * as t from 'io-ts'
import { add, matMul, mean, mul, neg, softmax, square, sub, sum } from '../../../lib/index.js'
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
  NoiseLevels,
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
        : { objective: Objective.implicit(NoiseLevels.at(0.5)), expectation: Expectation.quadrature() },
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
        const row = Points.rowOfPoints(Math.floor(points.rows * Key.uniform(1)(keys.row)[0]))(points)
        const noise = Key.normal(points.dim)(keys.noise)
        const moved = values.map((c, at) =>
          Math.floor(at / points.dim) === k ? row[at % points.dim] + scale * noise[at % points.dim] : c
        )
        return { value: 0, params: fromCentres({ shape, values: moved }, 1), memory }
      }
    }))
  })
})

// —— constants of an objective that a stage changes between steps: a teacher that averages its student, a buffer of rows ——

export const student = Score.spherical({ components: 1 })
export const start = Params.of({ means: [[-1, 0.5]] })
export const RATE = 0.1

/** |s|² + 2 div s, and how far the student is from its teacher. */
const taught = Objective.define({
  name: 'taught',
  about: 'score matching, held to a teacher',
  meaning: () => ({
    noiseLevels: NoiseLevels.clean,
    constants: start,
    perRow: Objective.seeing(student)(({ score, divergence, under, constants }) => {
      const off = sum(square(sub(score, under(constants).score)), 1, true)
      return add(add(sum(square(score), 1, true), mul(2, divergence())), mul(0.5, off))
    })
  })
})
export const averaged = Stage.define({
  name: 'averaged',
  about: 'descent beside a teacher that is the moving average of the student',
  fields: { decay: Field.fraction({ default: 0.9 }), batch: Field.optional(Field.count({ suggestion: 50 })) },
  meaning: ({ decay, batch }) => ({
    stops: { steps: 6 },
    loss: { objective: taught, expectation: Expectation.monteCarlo(), batch },
    ...Stage.steps(t.type({ teacher: Params.codec }), ({ evaluate }) => ({
      begin: params => ({ teacher: params }),
      step: (params, { teacher }, key) => {
        const { value, gradient } = evaluate(params, key, undefined, teacher)
        const next = Params.zipWith((p, g) => p - RATE * g)(params, gradient)
        return {
          value,
          params: next,
          memory: { teacher: Params.zipWith((a, b) => decay * a + (1 - decay) * b)(teacher, next) }
        }
      }
    }))
  })
})

/** How many chains there are. */
export const CHAINS = 40
export const chains = { shape: [CHAINS, 2], values: Key.normal(2 * CHAINS)(Key.fromSeed(8)) }
/** Contrastive divergence with chains that go on between steps (Tieleman 2008). */
export const persistent = Objective.define({
  name: 'persistent',
  about: 'log-density of chains less that of the data',
  meaning: () => ({
    noiseLevels: NoiseLevels.clean,
    constants: { chains },
    perRow: ({ clean, level, logDensityAt, constants }) =>
      add(neg(logDensityAt(clean, level)), mean(logDensityAt(constants.chains, level)))
  })
})
export const replayed = Stage.define({
  name: 'replayed',
  about: 'descent beside chains of Langevin steps',
  fields: { batch: Field.optional(Field.count({ suggestion: 50 })) },
  meaning: ({ batch }) => ({
    stops: { steps: 6 },
    loss: { objective: persistent, expectation: Expectation.monteCarlo(), batch },
    ...Stage.steps(t.type({ chains: Params.codec }), ({ evaluate }) => ({
      begin: () => ({ chains: { chains } }),
      step: (params, { chains: held }, key) => {
        const { value, gradient } = evaluate(params, key, undefined, held)
        const next = Params.zipWith((p, g) => p - RATE * g)(params, gradient)
        const { values: m } = next.means
        const z = Key.normal(2 * CHAINS)(Key.child(1)(key))
        const moved = held.chains.values.map((x, i) => x + 0.1 * (m[i % 2] - x) + Math.sqrt(0.2) * z[i])
        return { value, params: next, memory: { chains: { chains: { ...held.chains, values: moved } } } }
      }
    }))
  })
})

// —— sums over rows that a stage asks for: tempered and online expectation–maximization ——

type Sums = Readonly<Record<string, Params.Params<'x'>['x']>>

/** Σ r and Σ r x of r ∝ p(k | x)^β. */
export const shares: Stage.Sums = ({ clean, weight, numbers, logJoint }) => {
  const r = mul(weight, softmax(mul(numbers.power, logJoint())))
  return { mass: sum(r, 0), first: matMul(r, clean, { transposeA: true }) }
}
export const centres = ({ mass, first }: Sums, params: Params.Params<string>): Params.Params<string> => {
  const dim = first.shape[1] ?? 1
  return { ...params, means: { ...first, values: first.values.map((v, i) => v / mass.values[Math.floor(i / dim)]) } }
}

/** EM whose responsibilities are raised to a power that rises to 1 (Ueda & Nakano 1998). */
export const tempered = Stage.define({
  name: 'tempered',
  about: 'EM whose responsibilities are flattened at first',
  fields: { from: Field.fraction({ default: 0.3 }), steps: Field.count({ default: 5 }) },
  meaning: ({ from, steps }) => ({
    stops: { steps },
    streams: true,
    sums: shares,
    ...Stage.steps(t.type({ done: t.number }), ({ sums }) => ({
      begin: () => ({ done: 0 }),
      step: (params, { done }) => {
        const power = Math.min(1, from + (done * (1 - from)) / (steps - 1))
        return { value: 0, params: centres(sums(params, { numbers: { power } }), params), memory: { done: done + 1 } }
      }
    }))
  })
})

/** EM on batches, whose sums fade (Cappé & Moulines 2009). */
export const online = Stage.define({
  name: 'online',
  about: 'EM on sums of batches that fade',
  fields: { rows: Field.count({ default: 50 }), steps: Field.count({ default: 5 }) },
  meaning: ({ rows, steps }) => ({
    stops: { steps },
    streams: true,
    sums: shares,
    ...Stage.steps(t.type({ done: t.number, held: Params.codec }), ({ sums }) => ({
      begin: params => ({ done: 0, held: sums(params, { numbers: { power: 1 } }) }),
      step: (params, { done, held }, key) => {
        const fresh = sums(params, { numbers: { power: 1 }, batch: { rows, key } })
        const share = (done + 1) ** -0.6
        const next = Params.zipWith((a, b) => a + share * (b - a))(held, fresh)
        return { value: 0, params: centres(next, params), memory: { done: done + 1, held: next } }
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

/** All of them in one another. */
export const tail = averagedTail({
  objective: 'likelihood',
  optimizer: Optimizer.momentum({ rate: 0.2 }),
  steps: 7,
  last: 3
})
export const nested = Stage.sequence([
  Stage.repeat(2)(kick({ scale: 0.5 })),
  Stage.restart(2)(twice(tail)),
  Stage.expectationMaximization({ steps: 3 })
])

export const vocabulary = Vocabulary.extend(Vocabulary.standard, [averagedTail, kick, twice])

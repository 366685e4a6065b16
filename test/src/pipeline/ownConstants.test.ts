/** Constants of an objective that a stage remembers and changes between steps: a teacher that averages its student, a buffer of rows. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { expect, it } from 'vitest'
import { add, mean, mul, neg, square, sub, sum } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Field,
  Initializer,
  Key,
  Mixture,
  Objective,
  Params,
  Pipeline,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from '../../../src/index.js'

const score = Score.spherical({ components: 1 })
const points = Mixture.sample(600)(Key.fromSeed(3))(Mixture.of({ means: [[1.5, -1]] }))
const start = Params.of({ means: [[-1, 0.5]] })
const RATE = 0.1

/** |s|² + 2 div s, and how far the student is from its teacher. */
const taught = Objective.define({
  name: 'taught',
  about: 'score matching, held to a teacher',
  meaning: () => ({
    timeLaw: TimeLaw.clean,
    constants: start,
    perRow: Objective.seeing(score)(({ score, divergence, under, constants }) => {
      const off = sum(square(sub(score, under(constants).score)), 1, true)
      return add(add(sum(square(score), 1, true), mul(2, divergence())), mul(0.5, off))
    })
  })
})
const averaged = Stage.define({
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

/** Contrastive divergence with chains that go on between steps (Tieleman 2008). */
const ROWS = 40
const chains = { shape: [ROWS, 2], values: Key.normal(2 * ROWS)(Key.fromSeed(8)) }
const persistent = Objective.define({
  name: 'persistent',
  about: 'log-density of chains less that of the data',
  meaning: () => ({
    timeLaw: TimeLaw.clean,
    constants: { chains },
    perRow: ({ clean, level, logDensityAt, constants }) =>
      add(neg(logDensityAt(clean, level)), mean(logDensityAt(constants.chains, level)))
  })
})
const replayed = Stage.define({
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
        const z = Key.normal(2 * ROWS)(Key.child(1)(key))
        const moved = held.chains.values.map((x, i) => x + 0.1 * (m[i % 2] - x) + Math.sqrt(0.2) * z[i])
        return { value, params: next, memory: { chains: { chains: { ...held.chains, values: moved } } } }
      }
    }))
  })
})

const compiled = (stage: Stage.Stage) =>
  Problem.orThrow(
    Compile.pipeline(
      Pipeline.of({
        schedule: Schedule.ornsteinUhlenbeck,
        score,
        initializer: Initializer.values(start),
        stages: [stage]
      })
    )(points)
  )
const means = [0, 1].map(axis => points.values.reduce((all, x, i) => (i % 2 === axis ? all + x / 600 : all), 0))

it('a teacher is the average of its student, step by step', () => {
  const program = compiled(averaged({}))
  let student = [-1, 0.5]
  let teacher = student
  const states = [...Run.states(program)(Key.fromSeed(1))]
  for (const { params } of states.slice(1)) {
    // The slope of |m − x|² + ½|m − m̄|².
    student = student.map((m, axis) => m - RATE * (2 * (m - means[axis]) + (m - teacher[axis])))
    teacher = teacher.map((m, axis) => 0.9 * m + 0.1 * student[axis])
    student.forEach((m, axis) => {
      expect(params.means.values[axis]).toBeCloseTo(m, 12)
    })
  }
  expect(states).toHaveLength(7)
})

it('the slope beside chains is how far their mean is from that of the data', () => {
  const program = compiled(replayed({}))
  const [, first] = [...Run.states(program)(Key.fromSeed(1))]
  start.means.values.forEach((m, axis) => {
    const mean = chains.values.reduce((all, x, i) => (i % 2 === axis ? all + x / ROWS : all), 0)
    expect(first.params.means.values[axis]).toBeCloseTo(m - RATE * (mean - means[axis]), 12)
  })
})

it.each([averaged({}), averaged({ batch: 30 }), replayed({}), replayed({ batch: 30 })])(
  'a run of %o that is stored goes on with the same bits',
  stage => {
    const program = compiled(stage)
    const states = [...Run.states(program)(Key.fromSeed(1))]
    const text = JSON.stringify(Run.codec(program).encode(states[3]))
    const again = Run.codec(program).decode(JSON.parse(text))
    if (E.isLeft(again)) throw new Error(text)
    expect([...Run.resume(program)(again.right)].at(-1)).toEqual(states.at(-1))
    expect(Stage.show(stage)).toMatch(/^Stage\.(averaged|replayed)\(/)
  }
)

it.each([
  [{ slope: chains }, /constants\.slope: the objective has chains; name one of its constants/],
  [
    { chains: { shape: [2], values: new Float64Array(2) } },
    /constants\.chains: of shape \[2\]; the objective has \[40, 2\]/
  ]
])('constants of other names or shapes are refused', (constants, wanted) => {
  const loss = {
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    objective: persistent,
    expectation: Expectation.monteCarlo()
  }
  const [{ evaluate }] = Problem.orThrow(Compile.plans(loss)(points))
  expect(() => evaluate(start, Key.fromSeed(0), constants)).toThrow(wanted)
})

it('one of two constants is changed alone', () => {
  const two = (a: number, b: number) =>
    Problem.orThrow(
      Compile.plans({
        schedule: Schedule.ornsteinUhlenbeck,
        score,
        objective: Objective.define({
          name: 'two',
          about: 'a |s|² + b',
          meaning: () => ({
            timeLaw: TimeLaw.clean,
            constants: Params.of({ a: [a], b: [b] }),
            perRow: ({ score, constants }) => add(mul(constants.a, sum(square(score), 1, true)), constants.b)
          })
        }),
        expectation: Expectation.monteCarlo()
      })(points)
    )
  const wanted = two(2, 3)
  two(2, 5).forEach(({ evaluate }, plan) =>
    expect(evaluate(start, Key.fromSeed(0), Params.of({ b: [3] }))).toEqual(
      wanted[plan].evaluate(start, Key.fromSeed(0))
    )
  )
})

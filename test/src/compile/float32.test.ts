/** Losses of networks in single precision: close to double, the same bits always, and refused where more is needed. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { add, Key, mean, sqrt, square, sub } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Initializer,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  Pipeline,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import * as Checkpoint from '../../../src/compile/checkpoint.js'

const ROWS = 3000
const points = { rows: ROWS, dim: 2, values: Key.normal(2 * ROWS)(Key.fromSeed(1)) }
const network = Score.network(Net.mlp({ hidden: [16, 16], activation: 'silu', embedding: Net.fourier(4) }), {
  predicts: Parametrization.noise
})
const denoising = Objective.denoising(NoiseLevels.uniformLogSnr(-5, 5), Parametrization.noise)
const huber = Objective.define({
  name: 'huber',
  about: 'pseudo-Huber of the error of the output',
  formula: () => 'E √(1 + |y − target|²)',
  meaning: () => ({
    noiseLevels: NoiseLevels.uniformLogSnr(-5, 5),
    float32: true,
    perRow: ({ output, outputTarget }) => mean(sqrt(add(1, square(sub(output, outputTarget)))), 1)
  })
})
const loss = {
  schedule: Schedule.ornsteinUhlenbeck,
  score: network,
  objective: denoising,
  expectation: Expectation.monteCarlo()
}
const single = { precision: 'float32' } as const

/** Parameters as they begin, and a last layer that is not 0. */
const params = (seed = 3): Params.Params<string> => {
  const start = Net.initial(2)(Key.fromSeed(seed))(
    Net.mlp({ hidden: [16, 16], activation: 'silu', embedding: Net.fourier(4) })
  )
  const last = start['output.weights']
  return { ...start, 'output.weights': { ...last, values: Key.normal(last.values.length)(Key.fromSeed(4)) } }
}

const descending = (given: Partial<Parameters<typeof Stage.descend>[0]> = {}) =>
  Stage.descend({
    objective: denoising,
    expectation: Expectation.monteCarlo(),
    optimizer: Optimizer.adam({ rate: 0.01 }),
    steps: 12,
    batch: 256,
    ...given
  })
const pipeline = (...stages: ReadonlyArray<Stage.Stage>) =>
  Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score: network, initializer: Initializer.networkDefault, stages })

describe('a loss in single precision', () => {
  it.each([
    ['denoising', denoising],
    ['of one’s own', huber],
    ['a sum with a penalty', Objective.sum([denoising, Objective.weight(0.1)(Objective.regularizer())])]
  ] as const)('has the value and gradient of double precision, up to its rounding: %s', (_, objective) => {
    const [found, wanted] = [single, {}].map(planOptions => {
      const [plan] = Problem.orThrow(Compile.plans({ ...loss, objective }, planOptions)(points))
      expect(plan.engine).toBe('compiled')
      expect(plan.reason.includes('in float32')).toBe(planOptions === single)
      return plan.evaluate(params(), Key.fromSeed(2))
    })
    // Each of three layers adds up to 18 products and rounds a few times more, forwards and backwards; errors of rows, which may be of
    // either sign, count in their mean as the root of what they are.
    const tolerance = (6 * 24) / 16777216
    expect(found.value).not.toBe(wanted.value)
    expect(Math.abs(found.value / wanted.value - 1)).toBeLessThan(tolerance)
    const away = Params.norm(Params.zipWith((a, b) => a - b)(found.gradient, wanted.gradient))
    expect(away / Params.norm(wanted.gradient)).toBeLessThan(tolerance)
  })
})

describe('a run in single precision', () => {
  const program = Problem.orThrow(Compile.pipeline(pipeline(descending()), single)(points))
  const double = Problem.orThrow(Compile.pipeline(pipeline(descending()))(points))
  const states = [...Run.states(program)(Key.fromSeed(5))]

  it('says so in its plan', () => {
    expect(program.precision).toBe('float32')
    expect(Compile.explain(program)).toContain('in float32')
    expect(Compile.explain(double)).not.toContain('float32')
  })

  it('goes where one in double precision goes', () => {
    const [own, wanted] = [states[12], [...Run.states(double)(Key.fromSeed(5))][12]].map(({ params }) => params)
    const away = Params.norm(Params.zipWith((a, b) => a - b)(own, wanted))
    expect(away).toBeGreaterThan(0)
    // Adam divides by the size of a gradient: where that is nothing but rounding, a step may go either way.
    expect(away / Params.norm(wanted)).toBeLessThan(1e-3)
  })

  it('goes on in no other precision', () => {
    const text = Checkpoint.show(program, 'test')({ state: states[5], beside: null })
    expect(E.isRight(Checkpoint.readCheckpointText(program, 'test')(text))).toBe(true)
    const other = Checkpoint.readCheckpointText(double, 'test')(text)
    expect(E.isLeft(other) && Problem.show(other.left)).toMatch(/a state in float32; go on with the precision/)
    const back = Checkpoint.show(double, 'test')({ state: states[5], beside: null })
    expect(E.isLeft(Checkpoint.readCheckpointText(program, 'test')(back))).toBe(true)
  })

  it('holds for stages in stages', () => {
    const inner = Stage.onSample({ rows: 512 })(descending({ steps: 2, batch: null }))
    const nested = Problem.orThrow(Compile.pipeline(pipeline(inner), single)(points))
    const plain = Problem.orThrow(Compile.pipeline(pipeline(inner))(points))
    const [a, b] = [nested, plain].map(program => Run.last(program)(Key.fromSeed(1)).params)
    expect(Params.norm(Params.zipWith((x, y) => x - y)(a, b))).toBeGreaterThan(0)
  })
})

/** Losses of networks in single precision: close to double, the same bits always, and refused where more is needed. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { add, Key, mean, relu, sqrt, square, sub, useThreads } from '../../../lib/index.js'
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
  Source,
  Stage,
  TimeLaw,
  Vocabulary
} from '../../../src/index.js'
import * as Checkpoint from '../../../src/compile/checkpoint.js'
import * as Sums from '../../../src/compile/sums.js'

const ROWS = 3000
const points = { rows: ROWS, dim: 2, values: Key.normal(2 * ROWS)(Key.fromSeed(1)) }
const network = Score.network(Net.mlp({ hidden: [16, 16], activation: 'silu', embedding: Net.fourier(4) }), {
  predicts: Parametrization.noise
})
const denoising = Objective.denoising(TimeLaw.uniformLogSnr(-5, 5), Parametrization.noise)
const huber = Objective.define({
  name: 'huber',
  about: 'pseudo-Huber of the error of the output',
  formula: () => 'E √(1 + |y − target|²)',
  meaning: () => ({
    timeLaw: TimeLaw.uniformLogSnr(-5, 5),
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
  Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score: network, initializer: Initializer.own, stages })

describe('a loss in single precision', () => {
  it.each([
    ['denoising', denoising],
    ['of one’s own', huber],
    ['a sum with a penalty', Objective.sum([denoising, Objective.weight(0.1)(Objective.regularizer())])]
  ] as const)('has the value and gradient of double precision, up to its rounding: %s', (_, objective) => {
    const [found, wanted] = [single, {}].map(circumstances => {
      const [plan] = Problem.orThrow(Compile.plans({ ...loss, objective }, circumstances)(points))
      expect(plan.engine).toBe('compiled')
      expect(plan.reason.includes('in float32')).toBe(circumstances === single)
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

  it('has the same bits by one thread and by two', () => {
    const many = { rows: 60_000, dim: 2, values: Key.normal(120_000)(Key.fromSeed(1)) }
    const [{ evaluate }] = Problem.orThrow(Compile.plans(loss, single)(many))
    const runs = [1, 2, 1].map(count => {
      useThreads(count)
      return evaluate(params(), Key.fromSeed(2))
    })
    for (const run of runs) expect(run).toEqual(runs[0])
  })

  it('is summed elsewhere with the same bits', () => {
    const [here] = Problem.orThrow(Compile.plans(loss, single)(points))
    const source = Source.of(points)
    const [there] = Problem.orThrow(
      Compile.plans(loss, {
        ...single,
        place: {
          taken: (sum, asked) => {
            const { sum: described, numbers } = asked()
            const json: unknown = JSON.parse(JSON.stringify(described))
            const own = Problem.orThrow(Sums.asked(Vocabulary.standard)(json)(source))(numbers)
            const all = new Float64Array(own.width)
            const chunks = own.chunks(0, Math.ceil(ROWS / 512))
            chunks.forEach((x, i) => (all[i % own.width] += x))
            return sum.found(all)
          }
        }
      })(points)
    )
    expect(there.evaluate(params(), Key.fromSeed(2))).toEqual(here.evaluate(params(), Key.fromSeed(2)))
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

  it('is resumed with the same bits, and in no other precision', () => {
    const text = Checkpoint.show(program, 'test')({ state: states[5], beside: null })
    const found = Problem.orThrow(
      E.mapLeft((problem: Problem.Problem) => [problem] as const)(Checkpoint.read(program, 'test')(text))
    )
    expect([...Run.resume(program)(found.state)].at(-1)).toEqual(states.at(-1))
    const other = Checkpoint.read(double, 'test')(text)
    expect(E.isLeft(other) && Problem.show(other.left)).toMatch(/a state in float32; go on with the precision/)
    const back = Checkpoint.show(double, 'test')({ state: states[5], beside: null })
    expect(E.isLeft(Checkpoint.read(program, 'test')(back))).toBe(true)
  })

  it('holds for stages in stages', () => {
    const inner = Stage.onSample({ rows: 512 })(descending({ steps: 2, batch: null }))
    const nested = Problem.orThrow(Compile.pipeline(pipeline(inner), single)(points))
    const plain = Problem.orThrow(Compile.pipeline(pipeline(inner))(points))
    const [a, b] = [nested, plain].map(program => Run.last(program)(Key.fromSeed(1)).params)
    expect(Params.norm(Params.zipWith((x, y) => x - y)(a, b))).toBeGreaterThan(0)
  })
})

describe('refused in single precision', () => {
  const saying = (either: E.Either<Problem.Problems, unknown>): ReadonlyArray<string> =>
    E.isLeft(either) ? either.left.map(Problem.show) : []
  const refusals: ReadonlyArray<readonly [string, () => E.Either<Problem.Problems, unknown>, RegExp]> = [
    [
      'the exact divergence',
      () => Compile.plans({ ...loss, objective: Objective.implicit(TimeLaw.at(0.3)) }, single)(points),
      /float32: true/
    ],
    [
      'a likelihood',
      () =>
        Compile.plans(
          { ...loss, score: Score.isotropic({ components: 2 }), objective: Objective.likelihood },
          single
        )(points),
      /of Objective.likelihood/
    ],
    [
      'a mixture',
      () => Compile.plans({ ...loss, score: Score.isotropic({ components: 2 }) }, single)(points),
      /^precision: 'float32' of Score.isotropic.* is not 'float64', as of a mixture, .*; leave precision out/
    ],
    [
      'a quadrature',
      () =>
        Compile.plans({ ...loss, score: Score.symmetricPair, expectation: Expectation.quadrature() }, single)(points),
      /of Expectation.quadrature.*use Expectation.monteCarlo\(\)/
    ],
    [
      'given noise, by which values are compared',
      () => Compile.plans({ ...loss, expectation: Expectation.fixed(points) }, single)(points),
      /of Expectation.fixed/
    ],
    [
      'what says nothing of it',
      () =>
        Compile.plans(
          { ...loss, objective: Objective.custom('mine', TimeLaw.at(0.3), ({ score }) => mean(relu(score), 1)) },
          single
        )(points),
      /of Objective.custom/
    ],
    [
      'expectation–maximization',
      () =>
        Compile.pipeline(
          Pipeline.of({
            schedule: Schedule.ornsteinUhlenbeck,
            score: Score.isotropic({ components: 2 }),
            initializer: Initializer.fromData,
            stages: [Stage.expectationMaximization({ steps: 3 })]
          }),
          single
        )(points),
      /precision: 'float32' of Stage.expectationMaximization.*what minimises no loss/
    ],
    [
      'a stage in a stage',
      () =>
        Compile.pipeline(
          pipeline(
            Stage.onSample({ rows: 512 })(descending({ objective: Objective.implicit(TimeLaw.at(0.3)), batch: null }))
          ),
          single
        )(points),
      /precision: 'float32' of Objective.implicit/
    ]
  ]

  it.each(refusals)('%s', (_, compile, why) => {
    expect(saying(compile()).join('\n')).toMatch(why)
  })
  it('what no program can be made of', () => {
    const second = Objective.define({
      name: 'second',
      about: 'a look at values',
      formula: () => 'E …',
      meaning: () => ({
        timeLaw: TimeLaw.at(0.3),
        float32: true,
        perRow: ({ score }) => mean(square(sub(score, 1e-300)), 1)
      })
    })
    expect(saying(Compile.plans({ ...loss, objective: second }, single)(points)).join()).toMatch(
      /precision: 'float32' is not 'float64', since .*the number 1e-300, which is 0 in float32/
    )
  })
})

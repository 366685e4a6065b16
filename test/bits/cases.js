/**
 * Some hundred results of the built package, each as a hash of its bits: the same on every machine and in every engine.
 * Plain JavaScript of every Node that the package supports, as `across.js` runs it in several.
 */
import { isLeft, isRight } from 'fp-ts/lib/Either.js'
import * as vocabulary from '../../dist/src/cli/glossary.js'
import * as Ground from '../../dist/lib/index.js'
import { plainKernels } from '../../dist/lib/wasm/kernels/plain.js'
import * as Lib from '../../dist/src/index.js'
import { digest } from './digest.js'

const { Compile, Expectation, Initializer, Mixture, Net, Objective, Optimizer, Parametrization, Pipeline, Population } =
  Lib
const { Rate, Recipe, Run, Sampler, Schedule, Score, Stage, TimeGrid, NoiseLevels, Weighting } = Lib
const { Elementary, Key } = Ground

/** The digest of the doubles, NaN by its canonical bits. */
const hash = numbers => {
  const doubles = Float64Array.from(numbers, x => (Number.isNaN(x) ? NaN : x))
  return digest(new Uint8Array(doubles.buffer))
}

const key = Key.fromSeed(20230703)
const grid = Float64Array.from({ length: 999 }, (_, i) => (i - 499) / 37)
const positive = grid.map(x => Math.abs(x) + 1 / 64)
const inner = grid.map(x => x / 14)
const times = Array.from({ length: 41 }, (_, i) => (i + 0.5) / 42)

const truth = Mixture.of({
  means: [
    [-2, 0.5],
    [1.5, 1],
    [0, -2]
  ],
  variances: [1, 0.4, 0.7],
  weights: [0.5, 0.3, 0.2]
})
const points = Mixture.sample(200)(key)(truth)
/** What is of one column by its own numbers is tried on these. */
const onLine = Mixture.of({ means: [[-2], [2]] })
const column = Mixture.sample(200)(key)(onLine)

const numbersOf = params => Object.values(params).flatMap(({ values }) => Array.from(values))

/** The parameters after a run of the first of some pipelines that compiles: of one that never does nothing would be held. */
const fitted = (...pipelines) => {
  const program = [points, column, Population.of(onLine)]
    .flatMap(data => pipelines.map(pipeline => Compile.pipeline(pipeline)(data)))
    .find(isRight)
  if (program === undefined) throw new Error(`none compiles of ${pipelines.map(Pipeline.show).join('\n')}`)
  return numbersOf(Run.last(program.right)(key).params)
}

const spherical = Score.spherical({ components: 3 })
const objective = Objective.denoising(NoiseLevels.at(0.4))
const descent = parts => ({
  objective,
  expectation: Expectation.monteCarlo({ draws: 2 }),
  optimizer: Optimizer.gradientDescent({ rate: 0.1 }),
  steps: 5,
  ...parts
})
const pipelineOf = (stage, parts = {}) =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: spherical,
    initializer: Initializer.gaussian({ scale: 1 }),
    stages: [stage],
    ...parts
  })

const pair = { score: Score.symmetricPair }
const two = { score: Score.spherical({ components: 2 }) }
const fixed = Expectation.fixed({ rows: 200, dim: 2, values: Key.normal(400)(key) })
const onFixedNoise = (optimizer, parts) => pipelineOf(Stage.descend(descent({ optimizer, expectation: fixed })), parts)
const rate = Optimizer.gradientDescent({ rate: 0.1 })
const isotropic = { score: Score.isotropic({ components: 2 }) }
const network = { score: Score.network(Net.mlp({ hidden: [8] }), { predicts: Parametrization.noise }) }

const words = ({ concept, words }, of) => words.map(({ code, example }) => [`${concept} ${code}`, () => of(example)])

/** Names and thunks of numbers. */
export const cases = [
  ...['exp', 'expm1', 'tanh', 'sigmoid', 'softplus', 'erf', 'sin', 'cos', 'tan', 'atan', 'sinh', 'cosh', 'asinh'].map(
    name => [`Elementary ${name}`, () => grid.map(Elementary[name])]
  ),
  ...['log', 'log1p'].map(name => [`Elementary ${name}`, () => positive.map(Elementary[name])]),
  ...['asin', 'acos', 'atanh'].map(name => [`Elementary ${name}`, () => inner.map(Elementary[name])]),
  ['Elementary pow', () => positive.map((x, i) => Elementary.pow(x, grid[998 - i]))],
  ['Elementary atan2', () => grid.map((x, i) => Elementary.atan2(x, grid[(7 * i) % 999]))],
  ['Elementary norm', () => [Elementary.norm(grid), Elementary.hypot(0.3, 0.7)]],
  ...['exp', 'expm1', 'log', 'log1p', 'tanh', 'sigmoid', 'softplus', 'erf', 'sqrt', 'square', 'sin', 'cos', 'tan'].map(
    name => [
      `tensor ${name}, with its gradient`,
      () => {
        const { value, gradient } = Ground.valueAndGrad(({ x }) => Ground.sum(Ground[name](x)))({
          x: { shape: [999], values: positive }
        })
        return [value, ...gradient.x.values]
      }
    ]
  ),
  ...['exp', 'expm1', 'log1p', 'tanh', 'sigmoid', 'softplus', 'erf'].map(name => [
    `plain ${name}`,
    () => plainKernels[name](positive)
  ]),
  ...['exp', 'expm1', 'log', 'log1p', 'tanh', 'softplus', 'erf', 'sin', 'cos'].map(name => [
    `single ${name}, with its gradient`,
    () => {
      const compiled = Ground.Compiler.compile(
        { params: { c: [] }, rows: { x: { shape: [], from: 'call' } }, constants: {} },
        ({ params: { c }, rows: { x } }) => ({
          value: Ground.mean(Ground[name](Ground.mul(c, x))),
          others: { y: Ground[name](x) }
        }),
        [null, null],
        { precision: 'float32' }
      )
      const { value, gradient, others } = compiled.right.run({
        rows: 999,
        params: { c: Float64Array.of(0.7) },
        given: { x: positive },
        constants: {}
      })
      return [value, ...gradient.c.values, ...others.y.values]
    }
  ]),
  ['Key uniform', () => Key.uniform(999)(key)],
  ['Key normal', () => Key.normal(999)(key)],
  ...[0.3, 1, 4.5].map(shape => [`Key gamma ${shape}`, () => Key.gamma(shape)(300)(key)]),
  ...[1, 2, 5].map(degrees => [`Key chiSquared ${degrees}`, () => Key.chiSquared(degrees)(300)(key)]),
  ['Key permutation', () => Key.permutation(99)(key)],
  ['Key categorical', () => Key.categorical([1, 2, 3])(99)(key)],
  ['Quadrature', () => [...Ground.Quadrature.gaussHermite(24).nodes, ...Ground.Quadrature.gaussHermite(24).weights]],
  ['Mixture sample', () => points.values],
  ...words(vocabulary.schedules, schedule => {
    const { level, logSnr, drift, diffusion, timeOfLogSnr } = Schedule.interpret(schedule)
    return times.flatMap(t => [
      ...[level(t).alpha, level(t).sigma, logSnr(t)],
      ...(schedule._tag === 'custom' ? [] : [drift(t), diffusion(t), timeOfLogSnr(3 - 6 * t)])
    ])
  }),
  ...words(vocabulary.rates, rate => Array.from({ length: 200 }, (_, step) => Rate.at(step)(rate))),
  ...words(vocabulary.weightings, weighting => times.map(Weighting.interpret(Schedule.vpLinear())(weighting))),
  ...words(vocabulary.timeGrids, of => TimeGrid.times(Schedule.ornsteinUhlenbeck)(of)),
  ...words(vocabulary.noiseLevels, law =>
    fitted(
      ...[Objective.denoising, Objective.implicit].map(of => pipelineOf(Stage.descend(descent({ objective: of(law) }))))
    )
  ),
  ...words(vocabulary.expectations, expectation =>
    fitted(
      ...[{}, pair].map(parts => pipelineOf(Stage.descend(descent({ expectation })), parts)),
      // Noise that is given has a row for each of the data.
      pipelineOf(Stage.descend(descent({ expectation: fixed })))
    )
  ),
  ...words(vocabulary.objectives, of =>
    fitted(
      ...[{}, { score: Score.spherical({ components: 2 }) }].map(parts =>
        pipelineOf(Stage.descend(descent({ objective: of })), parts)
      )
    )
  ),
  ...words(vocabulary.optimizers, optimizer =>
    fitted(
      onFixedNoise(optimizer),
      onFixedNoise(Optimizer.chain(optimizer, Optimizer.scaleByRate(0.1))),
      onFixedNoise(Optimizer.chain(rate, optimizer)),
      onFixedNoise(Optimizer.chain(rate, optimizer), isotropic)
    )
  ),
  ...words(vocabulary.scores, score => fitted(pipelineOf(Stage.descend(descent({})), { score }))),
  ...words(vocabulary.initializers, initializer =>
    fitted(...[{}, two, pair, network].map(parts => pipelineOf(Stage.descend(descent({})), { ...parts, initializer })))
  ),
  ...words(vocabulary.stages, stage => fitted(...[{}, pair].map(parts => pipelineOf(stage, parts)))),
  ...words(vocabulary.samplers, sampler => {
    const program = Sampler.compile({
      sampler,
      grid:
        sampler._tag === 'langevin'
          ? TimeGrid.constant({ time: 0.2, steps: 6 })
          : TimeGrid.karras({ from: 3, to: 0.01, steps: 6 }),
      schedule: Schedule.ornsteinUhlenbeck
    })
    return isLeft(program)
      ? [program.left.length]
      : Sampler.sample(program.right)(Sampler.exact(truth, Schedule.ornsteinUhlenbeck))(50, 2)(key).values
  }),
  [
    'a network in float32',
    () => {
      const net = Net.mlp({ hidden: [8], activation: 'silu', embedding: Net.fourier(3) })
      const stage = Stage.descend(descent({ optimizer: Optimizer.adam({ rate: 0.01 }), batch: 100 }))
      const score = Score.network(net, { predicts: Parametrization.noise })
      const program = Compile.pipeline(pipelineOf(stage, { score, initializer: Initializer.networkDefault }), {
        precision: 'float32'
      })(points)
      return numbersOf(Run.last(program.right)(key).params)
    }
  ],
  ['Recipe twoStage', () => fitted(Recipe.twoStage(spherical)(points))]
]

/** By name: of all, or of one in `every`, from the one of number `from`. */
export const hashes = (every = 1, from = 0) =>
  Object.fromEntries(cases.filter((_, i) => i % every === from).map(([name, of]) => [name, hash(of())]))

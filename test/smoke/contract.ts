/** Every public name as programs are written against it, with its types and at work: against the packed package, in plain Node. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import {
  Compile,
  Covariance,
  Expectation,
  Field,
  Fit,
  fit,
  Initializer,
  Key,
  Mixture,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  Pipeline,
  type Points,
  Problem,
  Rate,
  Recipe,
  Region,
  Run,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  NoiseLevels,
  Vocabulary,
  Weighting
} from 'ornstein'
import { add, fill, logSoftmax, mean, mul, square, squaredDistances, sub } from 'ornstein/float64'
import * as laws from 'ornstein/laws'

/** A user has no types of Node's, and neither has this program. */
const assert = (holds: boolean, what: unknown): void => {
  if (!holds) throw new Error(`not as agreed: ${JSON.stringify(what)}`)
}
const equal = (actual: unknown, expected: unknown): void => {
  assert(JSON.stringify(actual) === JSON.stringify(expected), { actual, expected })
}
const throws = (f: () => unknown): boolean => E.isLeft(E.tryCatch(f, E.toError))

const truth: Mixture.Mixture = Mixture.of({
  means: [
    [-4, 0],
    [4, 1]
  ],
  weights: [0.4, 0.6],
  variances: [1, 0.5]
})
const points: Points.Points = Mixture.sample(120)(Key.fromSeed(1))(truth)
const rows: ReadonlyArray<ReadonlyArray<number>> = [
  [-1, 0],
  [-1.5, 0.25],
  [-1.25, -0.5],
  [2, 1],
  [2.5, 1.25],
  [2.25, 0.5]
]

// —— families, and the names and shapes of their parameters ——

const shapesOf = <P extends string>(score: Score.Score<P>): Params.Shapes<P> => Score.shapes(3)(score)
const tiedIsotropic: Score.Score<'means' | 'logits' | 'logVariance'> = Score.tiedIsotropic({ components: 2 })
const diagonal: Score.Score<'means' | 'logits' | 'logVariances'> = Score.diagonal({ components: 2 })
const tiedDiagonal: Score.Score<'means' | 'logits' | 'logVariances'> = Score.tiedDiagonal({ components: 2 })
const tied: Score.Score<'means' | 'logits' | 'logScales' | 'lower'> = Score.tied({ components: 2 })
const full: Score.Score<'means' | 'logits' | 'logScales' | 'lower'> = Score.full({ components: 2 })
const lowRank: Score.Score<'means' | 'logits' | 'factors' | 'logNoise'> = Score.lowRank({ components: 2, rank: 1 })
const mixture: Score.Score<'means' | 'logits' | 'logVolumes' | 'shapes' | 'turns'> = Score.mixture({
  components: 2,
  covariance: Covariance.of({ volume: 'own', shape: 'own', orientation: 'common' })
})
const free = { means: [2, 3], logits: [2] }
equal(shapesOf(tiedIsotropic), { ...free, logVariance: [] })
equal(shapesOf(diagonal), { ...free, logVariances: [2, 3] })
equal(shapesOf(tiedDiagonal), { ...free, logVariances: [3] })
equal(shapesOf(tied), { ...free, logScales: [3], lower: [3] })
equal(shapesOf(full), { ...free, logScales: [2, 3], lower: [2, 3] })
equal(shapesOf(mixture), { ...free, logVolumes: [2], shapes: [2, 2], turns: [3] })
equal(shapesOf(lowRank), { ...free, factors: [2, 3, 1], logNoise: [2, 3] })

const net = Net.mlp({ hidden: [8, 8], activation: 'silu', embedding: Net.fourier(16) })
const network = Score.network(net, { predicts: Parametrization.noise })
equal(Score.problems(points)(network).length, 0)

// —— mixtures ——

const correlated = Mixture.of({
  means: [[0, 0]],
  covariances: [
    [
      [1, 0.5],
      [0.5, 1]
    ]
  ]
})
equal(Mixture.components(correlated), 1)
equal(Mixture.responsibilities(points)(truth).shape, [120, 2])

// —— one call ——

const found: Fit.Fit = fit(points, { components: [1, 2], family: 'isotropic', criterion: 'bic', seed: 1 })
equal(found.components, 2)
const numbers: ReadonlyArray<number> = [found.logLikelihood, found.bic, found.aic, found.icl]
assert(numbers.every(Number.isFinite), numbers)
equal(found.candidates.length, 2)
equal(found.assign(points).length, 120)
equal(found.assign(rows)[0]?.component, 0)
equal(found.sample(5)(Key.fromSeed(2)).rows, 5)
equal(Mixture.components(found.mixture), 2)
assert(JSON.stringify(found.toJSON()).includes('"means"'), 'toJSON')
assert(/weight/.test(found.table()), found.table())
let called = 0
const weighted = fit(rows, {
  components: 2,
  family: 'isotropic',
  weights: [1, 1, 1, 1, 1, 2],
  onProgress: () => void (called += 1)
})
assert(called > 0 && weighted.components === 2, 'onProgress')
assert(
  throws(() => fit([[NaN]])),
  'NaN'
)
const value: E.Either<Problem.Problems, Fit.Fit> = Fit.mixture({ components: 2, family: 'isotropic' })(points)
equal(Problem.orThrow(value).components, 2)

// —— plans, and objectives that see the model ——

const aware = Objective.custom(
  'aware',
  NoiseLevels.at(0.5),
  ({ score, target, clean, noisy, noise, level, time, params, scoreAt, divergence, label }) => {
    const seen = [score, target, clean, noisy, noise, level.alpha, level.sigma, time, label, ...Object.values(params)]
    const none = seen.reduce((sum, tensor) => add(sum, mul(0, mean(tensor))), fill([], 0))
    return add(mean(square(sub(add(score, scoreAt(noisy, level)), mul(2, target))), 1, true), add(divergence(), none))
  }
)
const loss = {
  schedule: Schedule.ornsteinUhlenbeck,
  score: full,
  objective: Objective.denoising(NoiseLevels.at(0.5)),
  expectation: Expectation.monteCarlo({})
}
const start: Params.Params<'means' | 'logits' | 'logScales' | 'lower'> = Params.of({
  means: [
    [-4, 0],
    [4, 1]
  ],
  logits: [0, 0],
  logScales: [
    [0, 0],
    [0, 0]
  ],
  lower: [[0], [0]]
})
for (const objective of [loss.objective, aware]) {
  const plans = Problem.orThrow(Compile.plans({ ...loss, objective })(points))
  const values = plans.map(({ engine, reason, evaluate }) => {
    const [name, why]: [string, string] = [engine, reason]
    assert(['compiled', 'interpreted'].includes(name) && why !== '', name)
    return evaluate(start, Key.fromSeed(3)).value
  })
  assert(values.length > 0 && values.every(Number.isFinite), values)
}

// —— words of one's own, of every concept ——

const sharpnessAware = Optimizer.define({
  name: 'sharpnessAware',
  about: 'the gradient at the worst point nearby (Foret et al. 2021)',
  fields: { radius: Field.positive({ default: 0.05 }) },
  formula: ({ radius }) => `∇f(θ + ${radius} ∇f/|∇f|)`,
  memory: t.type({ steps: t.number }),
  init: () => () => ({ steps: 0 }),
  update:
    () =>
    (gradient, { steps }, { params, evaluate }) => [
      Params.zipWith((g: number, h: number) => (g + h) / 2)(gradient, evaluate(params).gradient),
      { steps: steps + 1 }
    ]
})
const chained: Optimizer.Optimizer = Optimizer.chain(sharpnessAware({ radius: 0.1 }), Optimizer.scale(-0.1))
const mine = Vocabulary.extend(Vocabulary.standard, [sharpnessAware])
const words = Vocabulary.codec(mine)(Optimizer.concept)
const stored: unknown = JSON.parse(JSON.stringify(words.encode(chained)))
equal(pipe(words.decode(stored), E.map(Optimizer.show)), E.right(Optimizer.show(chained)))
assert(laws.optimizer(sharpnessAware({ radius: 0.1 })).length > 0, 'laws.optimizer')

const studentLike = Score.family({
  name: 'studentLike',
  about: 'round heaps',
  fields: { components: Field.count({ suggestion: 2 }) },
  parameters:
    ({ components }) =>
    dim => ({ means: [components, dim], logits: [components] }),
  components:
    () =>
    ({ means, logits }) => ({
      logWeights: logSoftmax(logits),
      centres: means,
      logDensity: (x, { alpha, sigma }) => sub(mul(-0.5, squaredDistances(x, means, alpha)), square(sigma))
    }),
  degreesOfFreedom:
    ({ components }) =>
    dim =>
      components * dim + components - 1
})
const pipeline = Recipe.annealed(studentLike({ components: 2 }))(points)
assert(E.isRight(Compile.pipeline(pipeline)(points)), 'a family of one’s own')
equal(Pipeline.show(pipeline).length > 0, true)
const program = Problem.orThrow(
  Compile.pipeline(Recipe.expectationMaximization(Score.isotropic({ components: 2 }))(points))(points)
)
assert(typeof Compile.explain(program) === 'string' && typeof program.plan === 'object', 'explain')
equal(Run.last(program)(Key.fromSeed(1)).params.means.shape, [2, 2])

/** `define` stands on every concept whose cases a user may want. */
const defined: ReadonlyArray<unknown> = [
  Schedule.define,
  Weighting.define,
  NoiseLevels.define,
  Parametrization.define,
  Objective.define,
  Score.define,
  Score.family,
  Net.define,
  Expectation.define,
  Optimizer.define,
  Rate.define,
  Region.define,
  Initializer.define,
  Stage.define,
  Sampler.define,
  TimeGrid.define
]
assert(
  defined.every(define => typeof define === 'function'),
  'define'
)

// —— laws ——

const report = laws.check(Rate.constant(0.1), { seed: 1 })
assert(typeof laws.table(report) === 'string', 'laws.table')
assert(
  [laws.correspondsToEM, laws.same].every(law => typeof law === 'function'),
  'laws'
)

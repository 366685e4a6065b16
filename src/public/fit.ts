/**
 * From data to a mixture in one call: fits families and numbers of components, and chooses by an information criterion. `mixture` returns
 * problems as values; `fit` throws them.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Fit, Key, Mixture, Problem, Source } from 'ornstein'
 *
 * // The families by the name that an option has for them.
 * assert('tied' in Fit.families)
 * // A fit of a source is that of its rows.
 * const points = Mixture.sample(200)(Key.fromSeed(1))(Mixture.of({ means: [[-3], [3]] }))
 * const options = { components: 2, family: 'isotropic' } as const
 * const fitted = Problem.orThrow(Fit.mixture(options)(Source.of(points)))
 * assert.equal(fitted.components, 2)
 * const states = [...Problem.orThrow(Fit.states(options)(Source.of(points)))]
 * assert(states.length > 0)
 *
 * @example A model's file, and what it says of rows as the columns that `ornstein assign`, `predict` and `classify` add
 * import { strict as assert } from 'node:assert'
 * import { Discriminant, Fit, Mixture, Points, Problem, Vocabulary, fit } from 'ornstein'
 *
 * const found = fit([[1.1], [0.9], [1], [5.1], [4.9], [5]], { components: 2 })
 * const read = Fit.readModel(Vocabulary.standard)
 * const model = Problem.orThrow(read(JSON.parse(JSON.stringify(found))))
 * assert.equal(Fit.showModel(Problem.orThrow(read(JSON.parse(Fit.showModel(model))))), Fit.showModel(model))
 * const points = Problem.orThrow(Points.fromRows([[0.8], [5.2]]))
 * assert.deepEqual(Fit.assigned(points)(Fit.mixtureOf(model))[0], ['component', [1, 2]])
 *
 * const line = Mixture.of({ means: [[0, 0]], covariances: [[[1, 1], [1, 2]]] })
 * assert.deepEqual(Fit.predicted(points, [[1, 'y']], [])(line)[0], ['y predicted', [0.8, 5.2]])
 * const classes = Discriminant.fit([[0], [1], [0.5], [4], [5], [5.6]], ['a', 'a', 'a', 'b', 'b', 'b'], { covariance: 'EII' })
 * assert.deepEqual(Fit.classified(points)(classes)[0], ['class', ['a', 'b']])
 *
 * @example A learned score that is no mixture: its file, samples and densities
 * import { strict as assert } from 'node:assert'
 * import { Compile, Fit, Initializer, Key, Mixture, Net, Objective, Optimizer, Parametrization, Pipeline, Problem } from 'ornstein'
 * import { Run, Schedule, Score, Stage, NoiseLevels, Vocabulary } from 'ornstein'
 *
 * const points = Mixture.sample(40)(Key.fromSeed(0))(Mixture.of({ means: [[-2], [2]] }))
 * const pipeline = Pipeline.of({
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.network(Net.mlp({ hidden: [4] }), { predicts: Parametrization.noise }),
 *   initializer: Initializer.networkDefault,
 *   stages: [
 *     Stage.descend({
 *       objective: Objective.denoising(NoiseLevels.uniform(0.1, 2), Parametrization.noise),
 *       optimizer: Optimizer.adam({ rate: 0.01 }),
 *       steps: 5
 *     })
 *   ]
 * })
 * const { params } = Run.last(Problem.orThrow(Compile.pipeline(pipeline)(points)))(Key.fromSeed(1))
 * const ended = { rows: 40, loss: null, steps: 5, converged: false }
 * const learned = Fit.scoreModel({ columns: ['x'], seed: 1, pipeline, params, fit: ended }, points, null)
 * const read = Problem.orThrow(Fit.readScore(Vocabulary.standard)(JSON.parse(Fit.showScore(learned))))
 * assert.equal(Problem.orThrow(Fit.scoreSampler(read))(60)(Key.fromSeed(2)).rows, 60)
 * assert.equal(Problem.orThrow(Fit.scoreDensity(read)).of(points).length, 40)
 */
export {
  type Assign,
  type Constructor,
  type Criterion,
  families,
  type FamilyName,
  type Fit,
  fromJSON,
  type GroupEvidence,
  type Hint,
  type Kept,
  type FittedCandidate,
  mixture,
  type Options,
  type Progress,
  type Ranked,
  type FailedCandidate,
  type SingleCluster,
  type Starts,
  type State,
  states,
  type LocalOptimum,
  type Unsupported
} from '../fit/fit.js'
export { of as bootstrap, type Bootstrap, type Interval } from '../fit/bootstrap.js'
export { of as componentTest, type Tests } from '../fit/componentTest.js'
export { type Model, readModelJson as readModel, show as showModel, toMixture as mixtureOf } from '../fit/model.js'
export { type AddedColumns as Added, assigned, type Classes, classified, predicted } from '../fit/addedColumns.js'
export {
  densityOfScoreModel as scoreDensity,
  of as scoreModel,
  readScoreModel as readScore,
  sampleScoreModel as scoreSampler,
  type ScoreModel,
  show as showScore
} from '../fit/scoreModel.js'

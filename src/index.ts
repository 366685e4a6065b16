/**
 * A functional, autodiff-based modelling language for learning mixtures of Gaussians by score matching.
 *
 * An **Objective** says what is minimised, over which noise levels (**TimeLaw**, on a **Schedule**), for which family of
 * scores (**Score**), and how the expectation over noise is taken (**Expectation**). A **Stage** minimises it with an
 * **Optimizer**. A **Pipeline** is an **Initializer** and stages. **Compile** turns a pipeline and data into a gradient
 * computation, or into typed errors; **Run** iterates it.
 *
 * @module
 */
export * as Bootstrap from './fit/bootstrap.js'
export * as Checkpoint from './compile/checkpoint.js'
export * as Clock from './schedule/clock.js'
export * as Compile from './compile/compile.js'
export * as Covariance from './mixture/covariance.js'
export * as Efficiency from './population/efficiency.js'
export * as Expectation from './objective/expectation.js'
export * as ExpectationMaximization from './mixture/em/expectationMaximization.js'
export * as Fit from './fit/fit.js'
export { fit } from './fit/fit.js'
export * as Guidance from './sampler/guidance.js'
export * as Initializer from './pipeline/initializer.js'
export * as Exchange from './mixture/exchange.js'
export * as Metric from './mixture/metric.js'
export * as Mixture from './mixture/mixture.js'
export * as NaturalGradient from './optimizer/natural.js'
export * as Net from './net/net.js'
export * as Objective from './objective/objective.js'
export * as Optimizer from './optimizer/optimizer.js'
export * as Parametrization from './family/parametrization.js'
export * as Params from './family/params.js'
export * as Phase from './population/phase.js'
export * as Pipeline from './pipeline/pipeline.js'
export * as Place from './data/place.js'
export * as Points from './data/index.js'
export * as Population from './population/population.js'
export * as Problem from './core/problem.js'
export * as Rate from './optimizer/rate.js'
export * as Recipe from './pipeline/recipe.js'
export * as Region from './optimizer/region.js'
export * as Run from './compile/run.js'
export * as Sampler from './sampler/sampler.js'
export * as Schedule from './schedule/schedule.js'
export * as Score from './score/score.js'
export * as Source from './data/source/index.js'
export * as Stage from './pipeline/stage.js'
export * as Statistics from './mixture/statistics.js'
export * as Sums from './compile/sums.js'
export * as TimeGrid from './sampler/timeGrid.js'
export * as TimeLaw from './objective/timeLaw.js'
export * as Vocabulary from './standard.js'
export * as Weighting from './objective/weighting.js'
export { Case, Field } from './core/index.js'
export { Key } from '../lib/index.js'

/**
 * A functional, autodiff-based modelling language for learning mixtures of Gaussians by score matching.
 *
 * An **Objective** says what is minimised, over which noise levels (**NoiseLevels**, on a **Schedule**), for which family of
 * scores (**Score**), and how the expectation over noise is taken (**Expectation**). A **Stage** minimises it with an
 * **Optimizer**. A **Pipeline** is an **Initializer** and stages. **Compile** turns a pipeline and data into a gradient
 * computation, or into typed errors; **Run** iterates it.
 *
 * @module
 */
export * as Clock from './public/clock.js'
export * as Compile from './public/compile.js'
export * as Component from './mixture/families/fixed.js'
export * as Covariance from './public/covariance.js'
export * as Discriminant from './fit/discriminant.js'
export * as Divergence from './mixture/divergence.js'
export * as Efficiency from './population/efficiency.js'
export * as Expectation from './public/expectation.js'
export * as ExpectationMaximization from './public/expectationMaximization.js'
export * as Fit from './public/fit.js'
export { fit } from './fit/fit.js'
export * as Guidance from './sampler/guidance.js'
export * as Initializer from './public/initializer.js'
export * as Exchange from './public/exchange.js'
export * as Metric from './mixture/metric.js'
export * as Mixture from './public/mixture.js'
export * as Net from './public/net.js'
export * as Objective from './public/objective.js'
export * as Optimizer from './public/optimizer.js'
export * as Parametrization from './public/parametrization.js'
export * as Params from './public/params.js'
export * as Phase from './population/phase.js'
export * as Picture from './public/picture.js'
export * as Pipeline from './public/pipeline.js'
export * as Points from './public/points.js'
export * as Population from './population/population.js'
export * as Problem from './public/problem.js'
export * as Rate from './public/rate.js'
export * as Recipe from './pipeline/recipe.js'
export * as Region from './public/region.js'
export * as Run from './public/run.js'
export * as Sampler from './public/sampler.js'
export * as Schedule from './public/schedule.js'
export * as Score from './public/score.js'
export * as Source from './public/source.js'
export * as Stage from './public/stage.js'
export * as TimeGrid from './public/timeGrid.js'
export * as NoiseLevels from './public/noiseLevels.js'
export * as Vocabulary from './public/vocabulary.js'
export * as Weighting from './public/weighting.js'
export * as Case from './public/case.js'
export { Field } from './core/index.js'
export { Key } from '../lib/index.js'

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
export * as Bootstrap from './fit/Bootstrap.js'
export * as Checkpoint from './compile/Checkpoint.js'
export * as Clock from './schedule/Clock.js'
export * as Compile from './compile/Compile.js'
export * as Expectation from './objective/Expectation.js'
export * as ExpectationMaximization from './mixture/ExpectationMaximization.js'
export * as Fit from './fit/Fit.js'
export { fit } from './fit/Fit.js'
export * as Guidance from './sampler/Guidance.js'
export * as Initializer from './pipeline/Initializer.js'
export * as Exchange from './mixture/Exchange.js'
export * as Metric from './mixture/Metric.js'
export * as Mixture from './mixture/Mixture.js'
export * as NaturalGradient from './optimizer/natural.js'
export * as Net from './net/Net.js'
export * as Objective from './objective/Objective.js'
export * as Optimizer from './optimizer/Optimizer.js'
export * as Parametrization from './score/Parametrization.js'
export * as Params from './score/Params.js'
export * as Pipeline from './pipeline/Pipeline.js'
export * as Place from './data/Place.js'
export * as Points from './data/index.js'
export * as Problem from './core/Problem.js'
export * as Rate from './optimizer/Rate.js'
export * as Recipe from './pipeline/Recipe.js'
export * as Region from './optimizer/Region.js'
export * as Run from './compile/Run.js'
export * as Sampler from './sampler/Sampler.js'
export * as Schedule from './schedule/Schedule.js'
export * as Score from './score/Score.js'
export * as Source from './data/sources.js'
export * as Stage from './pipeline/Stage.js'
export * as Statistics from './mixture/Statistics.js'
export * as Sums from './compile/Sums.js'
export * as TimeGrid from './sampler/TimeGrid.js'
export * as TimeLaw from './objective/TimeLaw.js'
export * as Vocabulary from './Vocabulary.js'
export * as Weighting from './objective/Weighting.js'
export { Case, Field } from './core/index.js'
export { Key } from '../lib/index.js'

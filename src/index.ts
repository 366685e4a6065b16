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
export * as Clock from './Clock.js'
export * as Compile from './Compile.js'
export * as Expectation from './Expectation.js'
export * as ExpectationMaximization from './ExpectationMaximization.js'
export * as Initializer from './Initializer.js'
export * as Metric from './Metric.js'
export * as Mixture from './Mixture.js'
export * as Objective from './Objective.js'
export * as Optimizer from './Optimizer.js'
export * as Parametrization from './Parametrization.js'
export * as Params from './Params.js'
export * as Pipeline from './Pipeline.js'
export * as Points from './data/index.js'
export * as Problem from './Problem.js'
export * as Rate from './Rate.js'
export * as Recipe from './Recipe.js'
export * as Region from './Region.js'
export * as Run from './Run.js'
export * as Sampler from './Sampler.js'
export * as Schedule from './Schedule.js'
export * as Score from './Score.js'
export * as Stage from './Stage.js'
export * as TimeGrid from './TimeGrid.js'
export * as TimeLaw from './TimeLaw.js'
export * as Vocabulary from './Vocabulary.js'
export * as Weighting from './Weighting.js'
export { Case, Field } from './core/index.js'
export { Key } from '../lib/index.js'

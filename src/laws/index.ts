/**
 * The laws of the language, as values to run on instances of one's own: for each concept a function from an instance to
 * named properties. They need fast-check and no test runner in particular.
 *
 * @example
 * import fc from 'fast-check'
 * import { Objective, Score, TimeLaw } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * for (const { property } of laws.objective(Objective.denoising(TimeLaw.at(0.5)), Score.symmetricPair)) {
 *   fc.assert(property, { seed: 1, numRuns: 5 })
 * }
 *
 * @module
 */
export { type Law, type Laws, type Unclaimed } from './law.js'

// —— one call ——
export {
  check,
  complaints,
  examine,
  failing,
  kept,
  named,
  of,
  parts,
  ruleSet,
  table,
  type CheckOptions,
  type Claims,
  type Context,
  type Instance as Subject,
  type Vocabulary,
  type Report,
  type Row,
  type RuleSet,
  type Verdict
} from './conform.js'

// —— for relations of one's own ——
export { awkward } from './awkward.js'
export { agree, holds, law, printed } from './check.js'
export {
  areFinite,
  differs,
  hasBits,
  is,
  isAtMost,
  isBelow,
  ofRows,
  over,
  type Exercise,
  type Relation,
  type Row as LawRow,
  type Stated
} from './lawRows.js'
export { codeOf, scripted, scriptOf, type Made, type Source as ScriptSource } from './script.js'

/** What laws are checked on, for laws of one's own. */
export * as arbitraries from './pipelines.js'

// —— the language ——
export { against, published, type Reference } from './against.js'
export { ofFunction, type GradientTransformation, type InPlace, type PlainLoss, type Stepping } from './ofFunction.js'
export { codec, type CodecOptions } from './codec.js'
export { covariance, type CovarianceOptions } from './covariance.js'
export { compile, plans, type CompileOptions, type Fault, type PlansOptions } from './compile.js'
export { initializer, type InitializerOptions } from './initializer.js'
export { key, type KeyOptions, type Source } from './key.js'
export { optimizer, type Convergence, type Machine, type OptimizerOptions, type Scaling } from './optimizer.js'
export { rate, type RateOptions } from './rate.js'
export { region, type RegionOptions } from './region.js'
export { run, type RunOptions, type Runner } from './run.js'
export { stage, type StageOptions } from './stage.js'

// —— the mathematics ——
export { correspondsToEM, type CorrespondenceOptions } from './correspond.js'
export { lyapunov, type LyapunovOptions } from './lyapunov.js'
export { recovers, type RecoveryOptions } from './recover.js'
export { same, type SameOptions } from './same.js'
export { em, emPair, type EMOptions, type Step } from './em.js'
export {
  controlledVariance,
  expectation,
  projectedVariance,
  quadratureConverges,
  unbiased,
  type ExpectationOptions,
  type Instance
} from './expectation.js'
export {
  algebra,
  gradient,
  minimum,
  objective,
  proper,
  symmetries,
  type Evaluate,
  type ObjectiveOptions,
  type UpTo
} from './objective.js'
export {
  componentsIdentity,
  highNoise,
  implicitIsDenoising,
  pairIdentity,
  paper,
  secondMoments,
  type PaperOptions
} from './paper.js'
export {
  runTranslation,
  translation,
  unit,
  type OriginOptions,
  type RunTranslationOptions,
  type TranslationOptions
} from './origin.js'
export { guidance, posterior, type Guide, type GuidanceOptions } from './guidance.js'
export { net, type NetOptions } from './net.js'
export { parametrization, type ParametrizationOptions } from './parametrization.js'
export { regularizer } from './regularizer.js'
export { sampler, type SamplerOptions } from './sampler.js'
export { schedule, type TrueLevels, type ScheduleOptions } from './schedule.js'
export { ofMixture, score, student, type ScoreOptions } from './score.js'
export { timeGrid, type TimeGridOptions } from './timeGrid.js'
export { timeLaw, type TimeLawOptions, type Timing } from './timeLaw.js'
export { weighting, type WeightingOptions } from './weighting.js'

/**
 * The laws of the language: for each concept a function from an instance to named properties, for fast-check and any test runner.
 *
 * @example Laws of an objective
 * import fc from 'fast-check'
 * import { Objective, Score, NoiseLevels } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * for (const { property } of laws.objective(Objective.denoising(NoiseLevels.at(0.5)), Score.symmetricPair)) {
 *   fc.assert(property, { seed: 1, numRuns: 1 })
 * }
 *
 * @module
 *
 * @example Laws by what they are about
 * import { strict as assert } from 'node:assert'
 * import fc from 'fast-check'
 * import { Objective, Parametrization, Rate, Region, Score, TimeGrid, NoiseLevels, Weighting } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * // A function from an instance to its laws for each concept; the paper's identities (arXiv 2307.01178) are theorems.
 * const score = Score.spherical({ components: 2 })
 * const all = [
 *   laws.objective(Objective.denoising(NoiseLevels.at(0.3)), score),
 *   laws.student(score),
 *   laws.em(score),
 *   laws.emPair(),
 *   laws.guidance(score),
 *   laws.posterior(),
 *   laws.weighting(Weighting.snr),
 *   laws.parametrization(Parametrization.velocity),
 *   laws.rate(Rate.constant(0.1), { most: 0.1 }),
 *   laws.region(Region.nonNegative),
 *   laws.timeGrid(TimeGrid.karras({ from: 0.9, to: 0.1, steps: 2 })),
 *   laws.paper(),
 *   [laws.projectedVariance(score, { repeats: 20 })],
 *   [laws.quadratureConverges()]
 * ]
 * // Runs the first law of each on one case; a test runs all on a hundred.
 * for (const [{ property }] of all) fc.assert(property, { seed: 1, numRuns: 1 })
 * assert(laws.paper().some(({ name }) => name === 'the pair’s gradient is EM plus G'))
 *
 * @example Laws of your own
 * import { strict as assert } from 'node:assert'
 * import fc from 'fast-check'
 * import { Objective, NoiseLevels, Weighting } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * // A law states relations between two sides, such as equality within a tolerance.
 * const { above, areFinite, atLeast, atMost, below, differs, sameBits } = laws
 * const root = { of: Math.sqrt, name: 'Math.sqrt' }
 * const each = laws.forAll(fc.record({ x: fc.double({ min: 1, max: 1e6, noNaN: true }) }))
 * const about = (name: string) => ({ name, statement: `∀ x ≥ 1: ${name}.`, source: 'definition' })
 * const held = laws.ofRows(root.name, [
 *   each({ ...about('√x is finite'), says: ({ x }) => areFinite(root.of(x)) }),
 *   each({ ...about('√x ≤ x'), says: ({ x }) => atMost(root.of(x), x) }),
 *   each({ ...about('√x ≥ 1'), says: ({ x }) => atLeast(root.of(x), 1) }),
 *   each({ ...about('√x < x + 1'), says: ({ x }) => below(root.of(x), x + 1) }),
 *   each({ ...about('√x > 0'), says: ({ x }) => above(root.of(x), 0) }),
 *   each({ ...about('√x² = x'), says: ({ x }) => sameBits(root.of(x * x), x) }),
 *   each({ ...about('−√x is another number'), says: ({ x }) => differs(-root.of(x), root.of(x)) })
 * ])
 * held.forEach(({ property }) => fc.assert(property, { seed: 1 }))
 * // Runs a law by its name on one case; `holds` throws the reason of a failure.
 * assert(laws.named('√x ≤ x')(held).on({ x: 4 }))
 * assert.throws(() => laws.holds(root.of(4) === 3, () => 'the root of 4 is not 3'), /is not 3/)
 *
 * // Prints counterexamples as code, and as a script that fails as the law did.
 * const weights = laws.printed(Weighting.show)(laws.arbitraries.of(Weighting.concept))
 * assert.match(fc.stringify(fc.sample(weights, { seed: 1, numRuns: 1 })[0]), /Weighting\./)
 * const made = { by: 'weighting', of: [Weighting.snr] }
 * const ofSnr = laws.weighting(Weighting.snr)
 * assert.equal(laws.scripted(made, ofSnr).length, ofSnr.length)
 * assert.match(laws.scriptOf(made, ofSnr[0], { t: 0.5 }), /laws\.weighting\(Weighting\.snr\)/)
 * // An objective and its noise level distribution, each with its laws.
 * assert.deepEqual(
 *   laws.parts(Objective.denoising(NoiseLevels.at(0.3))).map(({ laws }) => laws.length > 0),
 *   [true, true]
 * )
 */
export { type Law, type Laws, type NotApplicable } from './law.js'

// —— one call ——
export {
  check,
  complaints,
  examine,
  named,
  of,
  parts,
  table,
  type CheckOptions,
  type Claims,
  type Context,
  type Instance as Subject,
  type Part,
  type Report,
  type Row,
  type Verdict
} from './conform.js'

// —— for relations of one's own ——
export { holds, law, printed } from './check.js'
export {
  above,
  agree,
  areFinite,
  atLeast,
  differs,
  sameBits,
  equals,
  atMost,
  below,
  ofRows,
  forAll,
  type Relation,
  type LawSpec as LawRow,
  type LawBuilder as Stated
} from './lawRows.js'
export { codeOf, scripted, scriptOf, type Made } from './script.js'

export * as arbitraries from './publicArbitraries.js'

// —— the language ——
export { ofFunction, type GradientTransformation, type InPlace, type PlainLoss, type Stepping } from './ofFunction.js'
export { codec, type CodecOptions } from './codec.js'
export { covariance } from './covariance.js'
export { initializer, type InitializerOptions } from './initializer.js'
export { key, type KeyOptions, type Source } from './key.js'
export { optimizer, type Convergence, type OptimizerOptions, type Scaling } from './optimizer.js'
export { stage, type StageOptions } from './stage.js'

// —— the mathematics ——
export { correspondsToEM, type CorrespondenceOptions } from './correspond.js'
export type { Step } from './maximization.js'
export { same, type SameOptions } from './same.js'
export {
  em,
  emPair,
  lyapunov,
  paper,
  recovers,
  type EMOptions,
  type Form,
  type LyapunovOptions,
  type PaperOptions,
  type RecoveryOptions
} from './theorems.js'
export { expectation, projectedVariance, quadratureConverges, type ExpectationOptions } from './expectation.js'
export { objective, type ObjectiveOptions, type UpTo } from './objective.js'
export { guidance, posterior, type Guide, type GuidanceOptions } from './guidance.js'
export { net } from './net.js'
export { sampler, type SamplerOptions } from './sampler.js'
export { schedule, type ScheduleOptions } from './schedule.js'
export { score, student, type ScoreOptions } from './score.js'
export { noiseLevels, type NoiseLevelsOptions } from './noiseLevels.js'
export * from './plain.js'

/**
 * A case defines descriptions of one kind, with all functions on them. A description is plain data, `{ _tag, …fields }`, and refers to its
 * case under an enumerable symbol, so that `{ ...description, gamma: 3 }` keeps it and JSON omits it.
 *
 * @example Ask a description
 * import { strict as assert } from 'node:assert'
 * import { Case, Expectation, Objective, Optimizer, Rate, Stage, NoiseLevels, Weighting } from 'ornstein'
 *
 * const weighting = Weighting.minSnr({ gamma: 5 })
 * // A description refers to its case, which knows its name, its fields, and what it means.
 * assert(Case.isValue(weighting) && Case.isSound(weighting))
 * assert.equal(Case.show(weighting), 'Weighting.minSnr({ gamma: 5 })')
 * assert.equal(typeof Case.meaning(weighting), 'object')
 * assert.equal(Case.formula(weighting), 'min(SNR, 5)')
 * assert.deepEqual(
 *   Case.problems(Case.changed({ gamma: -1 })(weighting)).map(({ field }) => field),
 *   ['gamma']
 * )
 * // A copy through JSON has the fields and no case.
 * assert(!Case.isValue(JSON.parse(JSON.stringify(weighting))) && Case.ofCase in weighting)
 *
 * // What stands in a description, at any depth.
 * const stage = Stage.descend({
 *   objective: Objective.denoising(NoiseLevels.at(0.3)),
 *   expectation: Expectation.monteCarlo(),
 *   optimizer: Optimizer.chain(Optimizer.scaleByAdam(), Optimizer.scaleByRate(0.1)),
 *   steps: 10
 * })
 * assert(Case.parts(stage).some(Case.isMadeBy(Rate.constant)))
 *
 * // The same stage with every rate halved: a description is rebuilt from the inside.
 * const halved = (value: Case.AnyValue): Case.AnyValue =>
 *   Case.isMadeBy(Rate.constant)(value) ? Rate.constant(value.rate / 2) : Case.mapInner(halved)(value)
 * assert.match(Case.show(halved(stage)), /scaleByRate\(0\.05\)/)
 *
 * @example A concept of your own
 * import { strict as assert } from 'node:assert'
 * import { Case, Field } from 'ornstein'
 *
 * // A concept of one's own: a shape has an area, and whatever is made by `shape` has one.
 * const circle = Case.define('Shape', {
 *   name: 'circle',
 *   about: 'all points at most so far from one',
 *   fields: { radius: Field.positive({ suggestion: 1 }) },
 *   call: ['radius'],
 *   meaning: ({ radius }): number => Math.PI * radius ** 2
 * })
 * assert.equal(Case.meaning(circle(2)), 4 * Math.PI)
 * assert.equal(Case.show(circle(2)), 'Shape.circle(2)')
 */
export {
  type AnyValue,
  type Call,
  type Case,
  type CaseOf,
  changed,
  type Constructor,
  define,
  formula,
  isMadeBy,
  isSound,
  isValue,
  type Made,
  type MadeBy,
  mapInner,
  meaning,
  ofCase,
  parts,
  problems,
  show,
  type Spec,
  type Value
} from '../core/case.js'

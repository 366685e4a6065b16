/** Vocabularies: the cases that JSON may speak of, that lists show and arbitraries draw. `standard` holds all of ours. */
import { of, type Vocabulary } from './core/Vocabulary.js'
import * as Clock from './schedule/Clock.js'
import * as Expectation from './objective/Expectation.js'
import * as Initializer from './pipeline/Initializer.js'
import * as Net from './net/Net.js'
import * as Objective from './objective/Objective.js'
import * as Optimizer from './optimizer/Optimizer.js'
import * as Parametrization from './score/Parametrization.js'
import * as Pipeline from './pipeline/Pipeline.js'
import * as Rate from './optimizer/Rate.js'
import * as Region from './optimizer/Region.js'
import * as Sampler from './sampler/Sampler.js'
import * as Schedule from './schedule/Schedule.js'
import * as Score from './score/Score.js'
import * as Stage from './pipeline/Stage.js'
import * as TimeGrid from './sampler/TimeGrid.js'
import * as TimeLaw from './objective/TimeLaw.js'
import * as Weighting from './objective/Weighting.js'

export * from './core/Vocabulary.js'

/**
 * All words of the language. One's own join them by `extend`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Field, Rate, Vocabulary } from 'ornstein'
 *
 * const halving = Rate.define({
 *   name: 'halving',
 *   about: 'half as large each time',
 *   fields: { rate: Field.positive({ default: 1 }) },
 *   meaning: ({ rate }) => step => rate * 2 ** -step
 * })
 * const codec = Rate.codec(Vocabulary.extend(Vocabulary.standard, [halving]))
 * assert.deepEqual(codec.decode({ _tag: 'halving', rate: 0.5 }), E.right(halving({ rate: 0.5 })))
 * assert(E.isLeft(Rate.codec(Vocabulary.standard).decode({ _tag: 'halving', rate: 0.5 })))
 */
export const standard: Vocabulary = of([
  ...Schedule.all,
  ...Clock.all,
  ...TimeLaw.all,
  ...Weighting.all,
  ...Parametrization.all,
  ...Net.all,
  ...Score.all,
  ...Expectation.all,
  ...Objective.all,
  ...Rate.all,
  ...Region.all,
  ...Sampler.all,
  ...TimeGrid.all,
  ...Optimizer.all,
  ...Initializer.all,
  ...Stage.all,
  ...Pipeline.all
])

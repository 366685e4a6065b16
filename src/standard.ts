/** Vocabularies: the cases that JSON may speak of, that lists show and arbitraries draw. `standard` holds all of ours. */
import { of, type Vocabulary } from './core/vocabulary.js'
import * as Clock from './schedule/clock.js'
import * as Covariance from './mixture/families/covariance.js'
import * as Expectation from './objective/expectation.js'
import * as Initializer from './pipeline/initializer.js'
import * as Net from './score/net.js'
import * as Objective from './objective/index.js'
import * as Optimizer from './optimizer/index.js'
import * as Parametrization from './schedule/parametrization.js'
import * as Pipeline from './pipeline/pipeline.js'
import * as Rate from './optimizer/rate.js'
import * as Region from './optimizer/region.js'
import * as Sampler from './sampler/sampler.js'
import * as Schedule from './schedule/index.js'
import * as Score from './score/score.js'
import * as Stage from './pipeline/stage.js'
import * as TimeGrid from './sampler/timeGrid.js'
import * as NoiseLevels from './objective/noiseLevels.js'
import * as Weighting from './objective/weighting.js'

export * from './core/vocabulary.js'

/**
 * All parts of the language. One's own join them by `extend`.
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
 * const codec = Vocabulary.codec(Vocabulary.extend(Vocabulary.standard, [halving]))(Rate.concept)
 * assert.deepEqual(codec.decode({ _tag: 'halving', rate: 0.5 }), E.right(halving({ rate: 0.5 })))
 * assert(E.isLeft(Vocabulary.codec(Vocabulary.standard)(Rate.concept).decode({ _tag: 'halving', rate: 0.5 })))
 */
export const standard: Vocabulary = of([
  ...Schedule.all,
  ...Clock.all,
  ...NoiseLevels.all,
  ...Weighting.all,
  ...Parametrization.all,
  ...Net.all,
  ...Covariance.all,
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

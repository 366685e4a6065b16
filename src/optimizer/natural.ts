/** Expectation–maximization as a part: the likelihood's gradient in the geometry of its family. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { refuse } from '../../lib/refuse.js'
import { Field } from '../core/index.js'
import * as Problem from '../core/Problem.js'
import * as Score from '../score/Score.js'
import type { MStep } from '../score/family.js'
import { define, minus, noMemory, uphill, type Arrays } from './part.js'

type Step = Required<Pick<MStep<string>, 'maximise' | 'fromGradient'>>

const stepOf = (score: Score.Score<string>): O.Option<Step> =>
  pipe(
    Score.interpret(score).family,
    O.flatMap(({ mStep }) => mStep),
    O.flatMap(step =>
      pipe(
        O.fromNullable(step.fromGradient),
        O.map(fromGradient => ({ maximise: step.maximise, fromGradient }))
      )
    )
  )

/**
 * θ − M(θ), M the M-step on the moments that the gradient of −E log p holds (Fisher's identity): the natural gradient of a mixture,
 * in which the means' is −Σ_k ∂c_k/W_k. Then `scaleByRate(1)` is expectation–maximization, to rounding, and a smaller rate is damped:
 * it goes a part of the way in the family's parameters. It is for `Objective.likelihood` of that score, whose variances stay above the
 * floor; what parts before it make of the gradient it takes for that gradient.
 *
 * It is bound to the parameters of its score, where a part of the standard vocabulary serves any: JSON with it is read in the words of
 * `Vocabulary.extend(Vocabulary.standard, [NaturalGradient.natural])`.
 *
 * @example
 * import { NaturalGradient, Objective, Optimizer, Score, Stage } from 'ornstein'
 *
 * export const damped = Stage.descend({
 *   objective: Objective.likelihood,
 *   optimizer: Optimizer.chain(
 *     NaturalGradient.natural({ score: Score.full({ components: 3 }) }),
 *     Optimizer.scaleByRate(0.5)
 *   ),
 *   steps: 100
 * })
 */
export const natural = define({
  name: 'natural',
  about: 'the gradient of a mixture’s likelihood in its own geometry: at rate 1 expectation–maximization',
  fields: {
    /** Whose parameters these are. */
    score: Field.of(Score.concept),
    /** No component's variance falls below this. */
    varianceFloor: Field.positive({ default: 1e-6 })
  },
  ...noMemory,
  update:
    ({ score, varianceFloor }) =>
    (gradient: Arrays, _, { params }) => {
      const { maximise, fromGradient } = pipe(
        stepOf(score),
        O.getOrElse((): Step => refuse(`score: a gradient does not say the M-step of ${Score.show(score)}; compile it`))
      )
      const [, dim] = params.means.shape
      const at = { level: { alpha: 1, sigma: 0 }, floor: varianceFloor, dim }
      return [minus(params, maximise(params, fromGradient(params, gradient), at)), null]
    },
  gain: uphill,
  misfits:
    ({ score }) =>
    (shapes, printed) => {
      const dim = Object.hasOwn(shapes, 'means') ? shapes.means.at(1) : undefined
      const wanted = dim === undefined ? null : Score.shapes(dim)(score)
      return O.isNone(stepOf(score))
        ? [
            Problem.of(
              'optimizer',
              printed,
              'of a family whose M-step a gradient says',
              'use Stage.expectationMaximization, or give its mStep fromGradient'
            )
          ]
        : Problem.unless(
            JSON.stringify(wanted) === JSON.stringify(shapes),
            'optimizer',
            printed,
            'of the score that is learned',
            'give it the same score'
          )
    }
})

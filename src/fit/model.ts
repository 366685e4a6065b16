/**
 * The file of a fitted model: JSON, in the units of the data, with all that is needed to evaluate it, to draw from it and
 * to learn it again. Doubles are written with as many digits as read back to the same bits.
 */
import type * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { Vocabulary } from '../core/index.js'
import type * as Problem from '../core/problem.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Score from '../score/score.js'
import { decodeModelBody, BODY_FIELDS } from './modelBody.js'

export { claimsModel, mixtureOf as toMixture } from './modelBody.js'

const modelCodec = (vocabulary: Vocabulary.Vocabulary) =>
  t.type({ ...BODY_FIELDS, pipeline: Pipeline.codec(vocabulary) })

/** A model as its file has it. */
export type Model = t.TypeOf<ReturnType<typeof modelCodec>>

/** How many parameters are free. */
export const modelParameters = ({ fit, pipeline, columns }: Model): number =>
  fit?.parameters ?? Score.degreesOfFreedom(columns.length)(pipeline.score)

/** The text of the file. */
export const show = (model: Model): string =>
  // what is written asks for no words
  `${JSON.stringify(modelCodec(Vocabulary.empty).encode(model), null, 2)}\n`

/**
 * The model that the JSON of a file is, its pipeline in the words of a vocabulary; all problems at once. In messages the file is `path`,
 * which is given as `argument`.
 */
export const readModelJson = (
  vocabulary: Vocabulary.Vocabulary,
  path = 'model',
  argument = path
): ((json: unknown) => E.Either<Problem.Problems, Model>) => decodeModelBody(modelCodec(vocabulary), path, argument)

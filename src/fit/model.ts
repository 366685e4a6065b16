/** Model files: JSON in the original units, sufficient to evaluate, sample and refit the model, bit for bit. */
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

export type Model = t.TypeOf<ReturnType<typeof modelCodec>>

/** Number of free parameters. */
export const modelParameters = ({ fit, pipeline, columns }: Model): number =>
  fit?.parameters ?? Score.degreesOfFreedom(columns.length)(pipeline.score)

/** Encodes a model as the text of its file. */
export const show = (model: Model): string =>
  // Encoding needs no vocabulary.
  `${JSON.stringify(modelCodec(Vocabulary.empty).encode(model), null, 2)}\n`

/** Decodes a model from JSON, with a vocabulary for its pipeline. Messages name the file `path` and the argument. */
export const readModelJson = (
  vocabulary: Vocabulary.Vocabulary,
  path = 'model',
  argument = path
): ((json: unknown) => E.Either<Problem.Problems, Model>) => decodeModelBody(modelCodec(vocabulary), path, argument)

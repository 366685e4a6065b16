/**
 * The file of a fitted model: JSON, in the units of the data, with all that is needed to evaluate it, to draw from it and
 * to learn it again. Doubles are written with as many digits as read back to the same bits.
 */
import * as t from 'io-ts'
import * as Mixture from '../mixture/mixture.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Score from '../score/score.js'
import * as Vocabulary from '../standard.js'
import type * as Fit from '../fit/fit.js'
import { format, version } from '../fit/format.js'
import { word } from '../fit/text.js'
import { ofMixture, written } from '../fit/written.js'
import { converged, steps, type Findings } from '../report/findings.js'
import type { Checked } from './checked.js'
import { fields, readAs } from './modelBody.js'

export { claims } from './modelBody.js'

const form = (vocabulary: Vocabulary.Vocabulary) => t.type({ ...fields, pipeline: Pipeline.codec(vocabulary) })

export type Model = t.TypeOf<ReturnType<typeof form>>

/** The mixture of a model that was read or made here, whose lists fit each other. */
export const toMixture = ({
  mixture: { factors, variances, tails, background, weights, means }
}: Model): Mixture.Mixture =>
  Mixture.of({
    weights,
    means,
    ...(factors === undefined ? { variances } : { factors }),
    ...(tails && { tails }),
    ...(background && { background })
  })

export const ofFit = (
  fit: Pick<
    Findings,
    | 'family'
    | 'columns'
    | 'mixture'
    | 'scaling'
    | 'seed'
    | 'prior'
    | 'recipe'
    | 'pipeline'
    | 'statistics'
    | 'stages'
    | 'isSettled'
    | 'fixed'
    | 'searched'
  >
): Model => written({ ...fit, steps: steps(fit), converged: converged(fit) })

/** The same of one that was learned elsewhere. */
export const ofImported = ({
  mixture,
  columns,
  pipeline
}: Pick<Fit.Fit, 'mixture' | 'columns'> & Pick<Model, 'pipeline'>): Model => ({
  format,
  version,
  family: word(Score.nameOf(pipeline.score)),
  columns,
  mixture: ofMixture(mixture),
  standardization: null,
  seed: 0,
  recipe: 'imported',
  pipeline,
  fit: null
})

/** How many parameters are free. */
export const parameters = ({ fit, pipeline, columns }: Model): number =>
  fit?.parameters ?? Score.degreesOfFreedom(columns.length)(pipeline.score)

/** The text of the file. */
export const show = (model: Model): string => `${JSON.stringify(form(Vocabulary.standard).encode(model), null, 2)}\n`

/** The model in the text of a file, whose name in messages is `path`, in the words of a vocabulary. */
export const read = (
  path: string,
  vocabulary: Vocabulary.Vocabulary = Vocabulary.standard
): ((text: string) => Checked<Model>) => readAs(path, form(vocabulary))

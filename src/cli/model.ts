/**
 * The file of a fitted model: JSON, in the units of the data, with all that is needed to evaluate it, to draw from it and
 * to learn it again. Doubles are written with as many digits as read back to the same bits.
 */
import * as E from 'fp-ts/lib/Either.js'
import { flow, pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import * as Mixture from '../mixture/mixture.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Score from '../score/score.js'
import * as Vocabulary from '../standard.js'
import * as Problem from '../core/problem.js'
import type * as Fit from '../fit/fit.js'
import { format, version } from '../fit/format.js'
import { word } from '../fit/text.js'
import { ofMixture, written } from '../fit/written.js'
import { converged, steps, type Findings } from '../report/findings.js'
import * as json from './json.js'
import { faultless, inside, type Checked } from './checked.js'
import { problems } from './modelFaults.js'

const numbers = t.readonlyArray(t.number)
const rows = t.readonlyArray(numbers)

const form = (vocabulary: Vocabulary.Vocabulary) =>
  t.type({
    format: t.literal(format),
    version: t.literal(version),
    family: t.string,
    columns: t.readonlyArray(t.string),
    mixture: t.intersection([
      t.type({ weights: numbers, means: rows, variances: rows }),
      t.partial({
        factors: t.readonlyArray(rows),
        fixed: numbers,
        tails: t.readonlyArray(t.union([t.number, t.null])),
        background: Mixture.backgroundCodec
      })
    ]),
    standardization: t.union([t.type({ centre: numbers, scale: numbers }), t.null]),
    seed: t.number,
    recipe: t.string,
    pipeline: Pipeline.codec(vocabulary),
    fit: t.union([
      t.null,
      t.intersection([
        t.type({
          rows: t.number,
          logLikelihood: t.number,
          bic: t.number,
          parameters: t.number,
          steps: t.number,
          converged: t.boolean
        }),
        t.partial({ prior: t.number })
      ])
    ])
  })

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

const isScore = t.type({ format: t.literal('ornstein-score') })
const isModel = t.type({ format: t.literal(format), version: t.unknown })

/** Whether JSON claims to be a model, of whatever version. */
export const claims = (value: unknown): boolean => isModel.is(value)

/** The model in the text of a file, whose name in messages is `path`, in the words of a vocabulary. */
export const read = (
  path: string,
  vocabulary: Vocabulary.Vocabulary = Vocabulary.standard
): ((text: string) => Checked<Model>) =>
  flow(
    json.parse('MODEL', path),
    E.flatMap((value): Checked<Model> => {
      if (isScore.is(value))
        return E.left([
          Problem.of('MODEL', path, 'a mixture, but a score that has no components', 'use ornstein sample or evaluate')
        ])
      if (!isModel.is(value)) {
        const domain = `a model (its format is not ${format})`
        return E.left([Problem.of('MODEL', path, domain, 'write one with ornstein fit --out')])
      }
      return value.version === version
        ? pipe(value, json.decode(form(vocabulary), path))
        : E.left([
            Problem.of(
              `${path}, version`,
              JSON.stringify(value.version),
              `${version}, which this program reads`,
              'use the ornstein that wrote it, or fit again'
            )
          ])
    }),
    E.flatMap(model => faultless(problems(model).map(inside(path)), model))
  )

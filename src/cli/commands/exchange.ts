/** `ornstein export` and `ornstein import`: models as others write them. */
import * as E from 'fp-ts/lib/Either.js'
import * as NEA from 'fp-ts/lib/NonEmptyArray.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Problem from '../../core/problem.js'
import * as Weights from '../../score/weights.js'
import * as Fit from '../../fit/fit.js'
import { withBackground, withTails } from '../../mixture/families/index.js'
import * as Exchange from '../../score/exchange.js'
import * as Mixture from '../../mixture/mixture.js'
import * as Initializer from '../../pipeline/initializer.js'
import * as Pipeline from '../../pipeline/pipeline.js'
import * as Schedule from '../../schedule/schedule.js'
import * as Score from '../../score/score.js'
import { faultless, type Checked } from '../checked.js'
import { format, version } from '../../fit/format.js'
import * as Model from '../../fit/model.js'
import type * as ScoreModel from '../../fit/scoreModel.js'
import { word } from '../../fit/text.js'
import { ofMixture } from '../../fit/written.js'
import { readEither } from '../models.js'
import * as options from '../options.js'
import type { Exporting, Importing } from '../usage.js'
import { refusal, refused, type Failure, type World } from '../world.js'

export const exported =
  (modelFile: string, flags: Exporting) =>
  (world: World): TE.TaskEither<Failure, void> => {
    const output = { option: '--out', path: flags.out }
    return pipe(
      options.checkOutputs(world, [modelFile])([output]),
      TE.flatMap(() => readEither(world, flags, modelFile)),
      TE.flatMapEither(read => (read._tag === 'Score' ? weightsOf(flags, read.model) : mixtureOf(flags, read.model))),
      TE.flatMap(text => options.write(world)([{ ...output, text }]))
    )
  }

type Written = E.Either<Failure, string | Uint8Array>

/** The mixture of a model in a form. */
const mixtureOf = ({ to }: Exporting, model: Model.Model): Written => {
  const mixture = Model.toMixture(model)
  return pipe(
    faultless(Exchange.problems(mixture), mixture),
    E.bimap(refused, mixture => Exchange.write(to)({ mixture, columns: model.columns }))
  )
}

/** The parameters of a network in a form that has names. */
const weightsOf = ({ to }: Exporting, { params }: ScoreModel.ScoreModel): Written =>
  to === 'npz' || to === 'safetensors'
    ? E.right(Weights.write(to)(params))
    : refusal('--to', to, 'npz or safetensors, for a network', 'use --to safetensors')

/** The mixture without what its covariances have not: entries beside the diagonal, and variances of each column. */
const simplest = (mixture: Mixture.Mixture): Mixture.Mixture => {
  const { factors, variances } = mixture
  const dim = Mixture.dim(mixture)
  if (factors !== null)
    return factors.values.every((x, at) => x === 0 || (at % (dim * dim)) % (dim + 1) === 0)
      ? simplest({ ...mixture, factors: null })
      : mixture
  const each = variances.length / Mixture.components(mixture)
  return variances.every((x, at) => x === variances[at - (at % each)])
    ? { ...mixture, variances: variances.filter((_, at) => at % each === 0) }
    : mixture
}

/** The score of its family, with the tails and beside the background that the mixture has. */
const scoreOf = ({ mixture, covariance }: Exchange.Found): Score.Score<string> => {
  const { tails, background } = mixture
  const gaussian = Fit.familyOf(covariance)({ components: Mixture.components(mixture) })
  const tailed: Score.Score<string> =
    tails === undefined
      ? gaussian
      : withTails({ nu: tails.every(nu => nu === tails[0]) ? ('common' as const) : ('own' as const) })(gaussian)
  return background === undefined ? tailed : withBackground({ shape: background.shape })(tailed)
}

/** It was learned elsewhere: its pipeline is where it stands, and nothing is known of the data. */
const modelOf = (found: Exchange.Found, columns: ReadonlyArray<string>): Model.Model => {
  const mixture = simplest(found.mixture)
  const score = scoreOf(found)
  const params = Score.interpret(score).family?.fromMixture?.(mixture)
  return {
    format,
    version,
    family: word(Score.nameOf(score)),
    columns,
    mixture: ofMixture(mixture),
    standardization: null,
    seed: 0,
    recipe: 'imported',
    pipeline: Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score,
      initializer: params === undefined ? Initializer.kMeansPlusPlus : Initializer.values(params),
      stages: []
    }),
    fit: null
  }
}

/** The names asked for, of which there is one a column; else those of the file, or x1, x2, … */
const columnsOf = (
  { mixture, columns }: Exchange.Named,
  asked: ReadonlyArray<string> | undefined
): Checked<ReadonlyArray<string>> => {
  const dim = Mixture.dim(mixture)
  const names = asked ?? columns ?? Array.from({ length: dim }, (_, j) => `x${j + 1}`)
  return faultless(
    Problem.unless(
      names.length === dim && new Set(names).size === dim,
      '--columns',
      names.join(','),
      `${dim} different names`,
      'name each column once'
    ),
    names
  )
}

export const imported =
  (file: string, flags: Importing) =>
  (world: World): TE.TaskEither<Failure, void> => {
    const output = { option: '--out', path: flags.out }
    const source = options.named(file)
    return pipe(
      options.checkOutputs(world, [file])([output]),
      TE.flatMap(() => world.readBytes('FILE', file)),
      TE.flatMapEither(bytes =>
        pipe(
          Exchange.read(bytes),
          E.mapLeft(problems => {
            const placed = (problem: Problem.Problem): Problem.Problem => ({
              ...problem,
              field: problem.field === 'file' ? source : `${source}, ${problem.field}`
            })
            return refused(NEA.map(placed)(problems))
          })
        )
      ),
      TE.bindTo('found'),
      TE.bind('columns', ({ found }) => options.checked(columnsOf(found, flags.columns))),
      TE.flatMap(({ found, columns }) =>
        options.write(world)([{ ...output, text: Model.show(modelOf(found, columns)) }])
      )
    )
  }

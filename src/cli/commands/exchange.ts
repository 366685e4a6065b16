/** `ornstein export` and `ornstein import`: models in the formats of other programs. */
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
import { faultless, type OrProblems } from '../orProblems.js'
import { MODEL_FORMAT, MODEL_VERSION } from '../../fit/format.js'
import * as Model from '../../fit/model.js'
import type * as ScoreModel from '../../fit/scoreModel.js'
import { commandLineName } from '../../fit/text.js'
import { writtenMixture } from '../../fit/written.js'
import { readMixtureOrScore } from '../models.js'
import * as steps from '../commandSteps.js'
import type { ExportFlags, ImportFlags } from '../commandOptions.js'
import { rejectUsage, usageFailure, type CommandFailure, type World } from '../world.js'

/** Runs `ornstein export`. */
export const runExport =
  (modelFile: string, flags: ExportFlags) =>
  (world: World): TE.TaskEither<CommandFailure, void> => {
    const output = { option: '--out', path: flags.out }
    return pipe(
      steps.checkWritableOutputs(world, [modelFile])([output]),
      TE.flatMap(() => readMixtureOrScore(world, flags, modelFile)),
      TE.flatMapEither(read =>
        read._tag === 'Score' ? exportWeights(flags, read.model) : exportMixture(flags, read.model)
      ),
      TE.flatMap(text => steps.writeOutputs(world)([{ ...output, text }]))
    )
  }

type ExportedFile = E.Either<CommandFailure, string | Uint8Array>

const exportMixture = ({ to }: ExportFlags, model: Model.Model): ExportedFile => {
  const mixture = Model.toMixture(model)
  return pipe(
    faultless(Exchange.problems(mixture), mixture),
    E.bimap(usageFailure, mixture => Exchange.write(to)({ mixture, columns: model.columns }))
  )
}

/** A failure if there are no named arrays. */
const exportWeights = ({ to }: ExportFlags, { params }: ScoreModel.ScoreModel): ExportedFile =>
  to === 'npz' || to === 'safetensors'
    ? E.right(Weights.writeNetWeights(to)(params))
    : rejectUsage('--to', to, 'npz or safetensors, for a network', 'use --to safetensors')

/** Drops the factors of diagonal covariances, and stores one variance for isotropic ones. */
const simplifiedMixture = (mixture: Mixture.Mixture): Mixture.Mixture => {
  const { factors, variances } = mixture
  const dim = Mixture.dimension(mixture)
  if (factors !== null)
    return factors.values.every((x, at) => x === 0 || (at % (dim * dim)) % (dim + 1) === 0)
      ? simplifiedMixture({ ...mixture, factors: null })
      : mixture
  const each = variances.length / Mixture.components(mixture)
  return variances.every((x, at) => x === variances[at - (at % each)])
    ? { ...mixture, variances: variances.filter((_, at) => at % each === 0) }
    : mixture
}

const scoreOfExchange = ({ mixture, covariance }: Exchange.Found): Score.Score<string> => {
  const { tails, background } = mixture
  const gaussian = Fit.familyByName(covariance)({ components: Mixture.components(mixture) })
  const tailed: Score.Score<string> =
    tails === undefined
      ? gaussian
      : withTails({ nu: tails.every(nu => nu === tails[0]) ? ('common' as const) : ('own' as const) })(gaussian)
  return background === undefined ? tailed : withBackground({ shape: background.shape })(tailed)
}

/** Returns a model whose pipeline starts at the parameters and has no stages. */
const modelOfExchange = (imported: Exchange.Found, columns: ReadonlyArray<string>): Model.Model => {
  const mixture = simplifiedMixture(imported.mixture)
  const score = scoreOfExchange(imported)
  const params = Score.interpret(score).family?.fromMixture?.(mixture)
  return {
    format: MODEL_FORMAT,
    version: MODEL_VERSION,
    family: commandLineName(Score.nameOf(score)),
    columns,
    mixture: writtenMixture(mixture),
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

/** Names of `--columns`, one each. Default: the file's, otherwise x1, x2, … */
const exchangeColumns = (
  { mixture, columns }: Exchange.Named,
  requested: ReadonlyArray<string> | undefined
): OrProblems<ReadonlyArray<string>> => {
  const dim = Mixture.dimension(mixture)
  const names = requested ?? columns ?? Array.from({ length: dim }, (_, j) => `x${j + 1}`)
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

/** Runs `ornstein import`. */
export const runImport =
  (file: string, flags: ImportFlags) =>
  (world: World): TE.TaskEither<CommandFailure, void> => {
    const output = { option: '--out', path: flags.out }
    const source = steps.inputName(file)
    return pipe(
      steps.checkWritableOutputs(world, [file])([output]),
      TE.flatMap(() => world.readBytes('FILE', file)),
      TE.flatMapEither(bytes =>
        pipe(
          Exchange.read(bytes),
          E.mapLeft(problems => {
            const placed = (problem: Problem.Problem): Problem.Problem => ({
              ...problem,
              field: problem.field === 'file' ? source : `${source}, ${problem.field}`
            })
            return usageFailure(NEA.map(placed)(problems))
          })
        )
      ),
      TE.bindTo('imported'),
      TE.bind('columns', ({ imported }) => steps.fromCheck(exchangeColumns(imported, flags.columns))),
      TE.flatMap(({ imported, columns }) =>
        steps.writeOutputs(world)([{ ...output, text: Model.show(modelOfExchange(imported, columns)) }])
      )
    )
  }

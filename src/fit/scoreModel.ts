/**
 * Models of scores that are not mixtures, such as networks: files, and samples and densities along the probability flow down to the lowest
 * noise level of the training.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { concatenated } from '../../lib/arrays/ndarray.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import type { Key } from '../../lib/index.js'
import { Case, Vocabulary } from '../core/index.js'
import * as json from '../core/json.js'
import * as Problem from '../core/problem.js'
import type * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Params from '../core/params.js'
import * as Mixture from '../mixture/mixture.js'
import * as Objective from '../objective/index.js'
import * as NoiseLevels from '../objective/noiseLevels.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Stage from '../pipeline/stage.js'
import * as Sampler from '../sampler/sampler.js'
import * as TimeGrid from '../sampler/timeGrid.js'
import * as Schedule from '../schedule/index.js'
import * as Score from '../score/score.js'

type OrProblems<A> = E.Either<Problem.Problems, A>

const SCORE_FORMAT = 'ornstein-score'
const SCORE_VERSION = 1

const numbersCodec = t.readonlyArray(t.number)

const scoreModelCodec = (vocabulary: Vocabulary.Vocabulary) =>
  t.type({
    format: t.literal(SCORE_FORMAT),
    version: t.literal(SCORE_VERSION),
    columns: t.readonlyArray(t.string),
    standardization: t.union([t.type({ centre: numbersCodec, scale: numbersCodec }), t.null]),
    /** Moments of each scaled column; sampling starts from the mean plus noise. */
    data: t.type({ mean: numbersCodec, variance: numbersCodec }),
    seed: t.number,
    pipeline: Pipeline.codec(vocabulary),
    params: Params.codec,
    fit: t.type({ rows: t.number, loss: t.union([t.number, t.null]), steps: t.number, converged: t.boolean })
  })

export type ScoreModel = t.TypeOf<ReturnType<typeof scoreModelCodec>>

/** True if the score has no mixture. */
export const isScoreWithoutMixture = (score: Score.Score<string>): boolean =>
  Score.interpret(score).family?.toMixture === undefined

/** Returns the model of a finished run. */
export const of = (
  run: Pick<ScoreModel, 'columns' | 'seed' | 'pipeline' | 'params' | 'fit'>,
  data: Source.Data,
  scaling: Points.Scaling | null
): ScoreModel => {
  const { centre, scale } = Source.dataScaling(data)
  return {
    ...run,
    format: SCORE_FORMAT,
    version: SCORE_VERSION,
    standardization: scaling && { centre: Array.from(scaling.centre), scale: Array.from(scaling.scale) },
    data: { mean: Array.from(centre), variance: Array.from(scale, Elementary.square) }
  }
}

/** Encodes a model as the text of its file. */
export const show = (learned: ScoreModel): string =>
  // Encoding needs no vocabulary.
  `${JSON.stringify(scoreModelCodec(Vocabulary.empty).encode(learned), null, 2)}\n`

const scoreModelFormatCodec = t.type({ format: t.literal(SCORE_FORMAT), version: t.unknown })

/** True if JSON has the format of a score model, in any version. */
export const claimsScore = (value: unknown): boolean => scoreModelFormatCodec.is(value)

/** Checks that lengths of lists match each other and the score. */
const lengthProblems = ({
  columns,
  standardization,
  data,
  pipeline: { score },
  params
}: ScoreModel): ReadonlyArray<Problem.Problem> => {
  // Score.shapes needs a valid score.
  const invalid = Case.problems(score)
  if (invalid.length > 0) return invalid.map(Problem.problemInside('pipeline.score'))
  const dim = columns.length
  const wrong = (field: string, value: string, domain: string): ReadonlyArray<Problem.Problem> => [
    Problem.of(field, value, domain, 'it may be edited: write it again')
  ]
  const isOf = (list: ReadonlyArray<number>, holds: (x: number) => boolean): boolean =>
    list.length === dim && list.every(x => Number.isFinite(x) && holds(x))
  const fits = JSON.stringify(Params.shapes(params)) === JSON.stringify(Score.shapes(dim)(score))
  return [
    ...(dim > 0 ? [] : wrong('columns', '[]', 'at least one')),
    ...(isOf(data.mean, () => true) && isOf(data.variance, x => x >= 0)
      ? []
      : wrong('data', 'what it says of the columns', `a finite mean and a variance ≥ 0 for each of ${dim} columns`)),
    ...(standardization === null ||
    (isOf(standardization.centre, () => true) && isOf(standardization.scale, x => x > 0))
      ? []
      : wrong('standardization', 'what it says', `a finite centre and a scale > 0 for each of ${dim} columns`)),
    ...(dim === 0 || (fits && Params.isFiniteParams(params))
      ? []
      : wrong('params', 'one of them', 'finite, with a name and the shape that the score has'))
  ]
}

/** Decodes a model from JSON, with a vocabulary for its pipeline. Messages name the file `path`. */
export const readScoreModel =
  (vocabulary: Vocabulary.Vocabulary, path = 'model') =>
  (value: unknown): OrProblems<ScoreModel> =>
    pipe(
      value,
      json.decodeJson(scoreModelCodec(vocabulary), path),
      E.flatMap(learned => Problem.faultless(lengthProblems(learned).map(Problem.problemInside(path)), learned))
    )

// —— sampling and density ——

const NOISE_LEVEL_NODES = 64

/** Returns the times of the highest and the lowest noise of the training. */
export const trainedTimes = ({
  schedule,
  stages
}: Pipeline.Pipeline<string>): { readonly from: number; readonly to: number } => {
  const times = stages
    .flatMap(Stage.losses)
    .flatMap(({ objective }) => Objective.terms(objective))
    .flatMap(({ term }) =>
      Objective.isMatching(term)
        ? NoiseLevels.quadrature(schedule, NOISE_LEVEL_NODES)(term.noiseLevels).map(({ time }) => time)
        : []
    )
  return {
    from: times.reduce((most, time) => Math.max(most, time), -Infinity),
    to: times.reduce((least, time) => Math.min(least, time), Infinity)
  }
}

export interface ProbabilityFlow {
  readonly score: Sampler.Smooth
  readonly program: Sampler.Program<Sampler.Flow>
  /** Standard deviation of the remaining noise, in the scaled units. */
  readonly noise: number
  readonly alpha: number
}

/** Returns the flow from the highest noise to the lowest; fails if the training had a single level or none. */
const probabilityFlow = (
  { pipeline, params, data }: ScoreModel,
  path: string,
  sampler: Sampler.Flow,
  steps: number
): OrProblems<ProbabilityFlow> => {
  const { schedule, score } = pipeline
  const { from, to } = trainedTimes(pipeline)
  if (!(from > to))
    return E.left([
      Problem.of(
        path,
        Number.isFinite(from)
          ? `a score that was trained at time ${from} alone`
          : 'a score that was trained at no noise',
        'trained from much noise to little, through which samples and densities go',
        'train it over noise levels: NoiseLevels.uniformLogSnr(-5, 7)'
      )
    ])
  const { alpha, sigma } = Schedule.level(to)(schedule)
  return pipe(
    Sampler.compile({
      sampler,
      grid: TimeGrid.logSnr({ from, to, steps }),
      schedule,
      prior: Mixture.of({
        means: [data.mean],
        covariances: [data.mean.map((_, i) => data.mean.map((_, j) => (i === j ? data.variance[i] : 0)))]
      })
    }),
    E.map(program => ({ program, score: Sampler.learned(score, schedule, params), alpha, noise: sigma / alpha }))
  )
}

/** Origin and unit of each column: 0 and 1 if it was not standardized. */
const unitsOf = ({ columns, standardization }: ScoreModel): NonNullable<ScoreModel['standardization']> =>
  standardization ?? { centre: columns.map(() => 0), scale: columns.map(() => 1) }

export const HEUN_STEPS = 60

/** Draws rows in the original units. */
export const sampleScoreModel = (
  learned: ScoreModel,
  path = 'model'
): OrProblems<(rows: number) => (key: Key.Key) => Points.Points> =>
  pipe(
    probabilityFlow(learned, path, Sampler.heun, HEUN_STEPS),
    E.map(({ program, score, alpha }) => {
      const { columns } = learned
      const draw = Sampler.sample(program)(score)
      return rows => key => {
        const { dim, values } = draw(rows, columns.length)(key)
        const { centre, scale } = unitsOf(learned)
        return {
          rows,
          dim,
          values: values.map((x, i) => centre[i % dim] + (scale[i % dim] * x) / alpha)
        }
      }
    })
  )

/** Number of rows with common adaptive steps of the flow. */
const FLOW_CHUNK_ROWS = 256

const FLOW_STEP_ERROR = 1e-6

/** Returns log p of each row in the original units, p the density with the remaining noise, and that noise. */
export const densityOfScoreModel = (
  learned: ScoreModel,
  path = 'model'
): OrProblems<{ readonly noise: number; readonly of: (points: Points.Points) => Float64Array }> =>
  pipe(
    probabilityFlow(learned, path, Sampler.dormandPrince({ tolerance: FLOW_STEP_ERROR }), 1),
    E.map(({ program, score, alpha, noise }) => {
      const { centre, scale } = unitsOf(learned)
      const logDensity = Sampler.logDensity(program)(score)
      return {
        noise,
        of: ({ rows, dim, values }) => {
          const unit = scale.reduce((sum, s) => sum + Elementary.log(s), 0) - dim * Elementary.log(alpha)
          const scaled = values.map((x, i) => (alpha * (x - centre[i % dim])) / scale[i % dim])
          return concatenated(
            Array.from({ length: Math.ceil(rows / FLOW_CHUNK_ROWS) }, (_, chunk) => {
              const from = chunk * FLOW_CHUNK_ROWS
              const count = Math.min(FLOW_CHUNK_ROWS, rows - from)
              const part = { rows: count, dim, values: scaled.slice(from * dim, (from + count) * dim) }
              return logDensity(part).map(value => value - unit)
            })
          )
        }
      }
    })
  )

/** Output of a learned score that is not a mixture. */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Compile, Key, Mixture, type Params, type Problem, Schedule, Score } from '../index.js'
import * as Optimizer from '../optimizer/index.js'
import * as Points from '../data/index.js'
import * as Stage from '../pipeline/stage.js'
import { asText } from '../report/document.js'
import { scoreDocument } from '../report/scoreReport.js'
import { type ObjectiveAtLevel, type Samples, type ScoreFindings } from '../report/scoreFindings.js'
import { type FitFlags } from './fitOptions.js'
import { taskTrainingData, type LearnedScore, type LearningTask } from './learn.js'
import { shownRows } from './tableRows.js'
import * as ScoreModel from '../fit/scoreModel.js'
import { evaluateCommandLine, nextStepsText, sampleCommandLine } from './fitOutput.js'

const MAX_LOSS_ROWS = 4000
const MAX_SAMPLES = 1000
const NOISE_LEVEL_COUNT = 9

const randomRows = (points: Points.Points, from: number, count: number): Points.Points =>
  pipe(points, Points.select(Key.permutation(points.rows)(Key.fromSeed(0)).slice(from, from + count)))

/** Gaussian with the data's moments; none if the covariance is singular. */
const gaussianFit = (points: Points.Points) => {
  const { dim } = points
  const flat = Points.covariance(points)
  const family = Score.full({ components: 1 })
  return pipe(
    E.tryCatch(
      () =>
        Mixture.of({
          means: [Array.from(Points.mean(points))],
          covariances: [Array.from({ length: dim }, (_, i) => Array.from(flat.subarray(i * dim, (i + 1) * dim)))]
        }),
      () => null
    ),
    O.fromEither,
    O.chain(mixture =>
      pipe(
        O.fromNullable(Score.interpret(family).family?.fromMixture),
        O.map(of => ({ score: family, params: of(mixture) }))
      )
    )
  )
}

/** Last stage's objective at trained noise levels, largest first, in the units of learning. */
const lossByNoiseLevel = (
  { pipeline, params }: Pick<ScoreModel.ScoreModel, 'pipeline' | 'params'>,
  points: Points.Points
): ReadonlyArray<ObjectiveAtLevel> => {
  const { schedule, score, stages } = pipeline
  const loss = stages.flatMap(Stage.losses).at(-1)
  const { from, to } = ScoreModel.trainedTimes(pipeline)
  if (loss === undefined || !Number.isFinite(from)) return []
  const [minLogSnr, maxLogSnr] = [from, to].map(time => Schedule.logSnr(time)(schedule))
  const logSnrs =
    minLogSnr < maxLogSnr
      ? Array.from(
          { length: NOISE_LEVEL_COUNT },
          (_, i) => maxLogSnr + ((minLogSnr - maxLogSnr) * i) / (NOISE_LEVEL_COUNT - 1)
        )
      : [maxLogSnr]
  const rows = randomRows(points, 0, MAX_LOSS_ROWS)
  const valuesOf = <P extends string>(score: Score.Score<P>, params: Params.Params<P>): ReadonlyArray<number> | null =>
    pipe(
      Compile.byLevel({ ...loss, schedule, score }, logSnrs)(rows),
      E.match(
        () => null,
        at => at(params, Key.fromSeed(0)).map(({ value }) => value)
      )
    )
  const scoreValues = valuesOf(score, params)
  const gaussianValues = pipe(
    gaussianFit(points),
    O.map(({ score, params }) => valuesOf(score, params)),
    O.toNullable
  )
  return (scoreValues ?? []).map((value, i) => ({
    ratio: Elementary.exp(-logSnrs[i] / 2),
    value,
    normal: gaussianValues?.[i] ?? null
  }))
}

/** Draws samples; returns their energy distance to the rows, and that between two halves of the rows. */
const sampleDistances = (
  learned: ScoreModel.ScoreModel,
  points: Points.Points,
  path: string
): E.Either<Problem.Problems, Samples> =>
  pipe(
    ScoreModel.sampleScoreModel(learned, path),
    E.map(draw => {
      const count = Math.min(MAX_SAMPLES, Math.max(1, Math.floor(points.rows / 2)))
      const drawn = draw(count)(Key.fromSeed(learned.seed))
      const units = Points.pointsInUnits(Points.standardize(points))
      const [first, second] = [0, count].map(from => units(randomRows(points, from, count)))
      return {
        points: drawn,
        steps: ScoreModel.HEUN_STEPS,
        energyDistance: Points.energyDistance(units(drawn), first),
        ofRows: Points.energyDistance(first, second)
      }
    })
  )

/** Findings of a score without a mixture. */
export const scoreFindings = (
  { learned, stages, plan }: LearnedScore,
  task: LearningTask,
  path: string
): ScoreFindings => {
  const { columns, pipeline, seed, fit } = learned
  const { scaling } = taskTrainingData(task)
  const { points } = shownRows(task.table)
  return {
    columns,
    pipeline,
    seed,
    scaling,
    plan,
    stages,
    source: task.source,
    rows: fit.rows,
    points,
    parameters: scoreParameterCount(learned),
    isAveraged: isAveraged(pipeline),
    loss: fit.loss,
    levels: lossByNoiseLevel(learned, scaling === null ? points : Points.pointsInUnits(scaling)(points)),
    samples: sampleDistances(learned, points, path)
  }
}

const scoreParameterCount = ({ params }: ScoreModel.ScoreModel): number =>
  Object.values(params).reduce((sum, { values }) => sum + values.length, 0)

const isAveraged = ({ stages }: ScoreModel.ScoreModel['pipeline']): boolean => {
  const optimizer = stages.flatMap(Stage.simple).at(-1)?.simple.optimizer
  return optimizer !== undefined && Optimizer.averagesIterates(optimizer)
}

/** Returns the text of a score that is not a mixture, or its JSON with `--json`. */
export const scoreSummary = (
  { learned, stages }: LearnedScore,
  flags: FitFlags,
  findings: ScoreFindings,
  within = Infinity
): string => {
  const { columns, pipeline, seed, standardization, fit } = learned
  const { rows, loss, steps, converged } = fit
  const parameters = scoreParameterCount(learned)
  const averaged = isAveraged(pipeline)
  const drawn = E.isLeft(findings.samples) ? null : findings.samples.right
  if (flags.json)
    return `${JSON.stringify({
      score: Score.show(pipeline.score),
      columns,
      rows,
      seed,
      standardized: standardization !== null,
      parameters,
      averaged,
      loss,
      levels: findings.levels,
      ...(drawn && { energyDistance: { samples: drawn.energyDistance, rows: drawn.ofRows } }),
      steps,
      converged,
      stages: stages.map(({ formula, taken, rule }) => ({ formula, steps: taken, endedBy: rule }))
    })}\n`
  const next = nextStepsText(
    flags,
    model => [sampleCommandLine(model), evaluateCommandLine(model, findings.source)],
    'it for ornstein sample and ornstein evaluate',
    'its samples beside the data'
  )
  return asText(scoreDocument(findings, next), within)
}

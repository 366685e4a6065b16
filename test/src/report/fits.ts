/** Fits to draw: planted, not learned, so that what a picture must show is known. */
import { Key, Pipeline, type Points, Schedule, Score, Initializer, Stage } from '../../../src/index.js'
import { type Fit, type StageRun } from '../../../src/report/Fit.js'
import * as Fitted from '../../../src/report/Fitted.js'

export const stage = (values: ReadonlyArray<number>): StageRun => ({
  formula: 'minimise E |s(x_t) + z/σ|², at t = 0.123456789',
  means: 'closed form',
  limit: values.length,
  rule: 'steps',
  taken: values.length,
  values,
  every: 1
})

export const planted = (
  fitted: Fitted.Fitted,
  rows: number,
  changes: Partial<Fit> & { readonly points?: Points.Points } = {}
): Fit => {
  const points = changes.points ?? Fitted.sample(rows)(Key.fromSeed(1))(fitted)
  return {
    source: 'a/folder/data.csv',
    points,
    columns: Array.from({ length: points.dim }, (_, j) => `x${j + 1}`),
    ignored: [],
    doubtful: [],
    dropped: 0,
    family: 'isotropic',
    recipe: 'em',
    seed: 7,
    scaling: null,
    fitted,
    redundancies: [],
    floored: [],
    statistics: Fitted.statistics(points, 5)(fitted),
    stages: [stage([3, 2, 1.5, 1.2])],
    pipeline: Pipeline.of<string>({
      schedule: Schedule.ornsteinUhlenbeck,
      score: Score.isotropic({ components: fitted.weights.length }),
      initializer: Initializer.kMeansPlusPlus,
      stages: [Stage.expectationMaximization({ steps: 4 })]
    }),
    plan: 'by closed form',
    ...changes
  }
}

/** 30 rows about (0, 0) and 70 about (100, 10), far apart. */
export const two: Fitted.Fitted = {
  weights: [0.3, 0.7],
  means: [
    [0, 0],
    [100, 10]
  ],
  variances: [
    [1, 1],
    [4, 4]
  ]
}

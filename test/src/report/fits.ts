/** Fits to draw: planted, not learned, so that what a picture must show is known. */
import { Key, Mixture, Pipeline, type Points, Schedule, Score, Initializer, Stage } from '../../../src/index.js'
import * as Statistics from '../../../src/mixture/statistics.js'
import { type Findings, type StageRun } from '../../../src/report/findings.js'

export const stage = (values: ReadonlyArray<number>): StageRun => ({
  scale: 'E |s(x_t) + z/σ|², at t = 0.123456789',
  formula: 'minimise E |s(x_t) + z/σ|², at t = 0.123456789',
  method: 'closed form',
  limit: values.length,
  rule: 'steps',
  taken: values.length,
  values,
  every: 1
})

export const planted = (
  mixture: Mixture.Mixture,
  rows: number,
  changes: Partial<Findings> & { readonly points?: Points.Points } = {}
): Findings => {
  const points = changes.points ?? Mixture.sample(rows)(Key.fromSeed(1))(mixture)
  return {
    choice: null,
    starts: null,
    isConverged: null,
    isStreamed: false,
    source: 'a/folder/data.csv',
    points,
    observed: points,
    rowNumbers: Uint32Array.from({ length: points.rows }, (_, i) => i + 1),
    rowNames: null,
    classes: [],
    columns: Array.from({ length: points.dim }, (_, j) => `x${j + 1}`),
    ignored: [],
    doubtful: [],
    dropped: 0,
    missing: 0,
    empty: 0,
    family: 'isotropic',
    recipe: 'em',
    seed: 7,
    prior: null,
    scaling: null,
    mixture,
    redundancies: [],
    minimumVariance: null,
    atMinVariance: [],
    minVarianceColumns: [],
    searchSteps: 0,
    unsupported: [],
    fixed: [],
    statistics: Statistics.of(points, 5)(mixture),
    stages: [stage([3, 2, 1.5, 1.2])],
    pipeline: Pipeline.of<string>({
      schedule: Schedule.ornsteinUhlenbeck,
      score: Score.isotropic({ components: mixture.weights.length }),
      initializer: Initializer.kMeansPlusPlus,
      stages: [Stage.expectationMaximization({ steps: 4 })]
    }),
    plan: 'by closed form',
    bootstrap: null,
    tests: null,
    robustnessHint: null,
    localOptimum: null,
    ...changes
  }
}

/** 30 rows about (0, 0) and 70 about (100, 10), far apart. */
export const two = Mixture.of({
  weights: [0.3, 0.7],
  means: [
    [0, 0],
    [100, 10]
  ],
  variances: [
    [1, 1],
    [4, 4]
  ]
})

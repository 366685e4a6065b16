/** What was found of a score that is no mixture, and how: all that its report shows. */
import type * as E from 'fp-ts/lib/Either.js'
import type * as Problem from '../core/problem.js'
import type * as Points from '../data/index.js'
import type * as Pipeline from '../pipeline/pipeline.js'
import { show, type TextTable } from '../fit/table.js'
import { type StageRun } from './findings.js'

/** The objective of the last stage at one noise level alone. */
export interface ObjectiveAtLevel {
  /** σ/α: the noise, in units of the data as they were learned from. */
  readonly ratio: number
  readonly value: number
  /** The same, with the same noise, of the normal law of the data's mean and covariance; null where it has none. */
  readonly normal: number | null
}

/** New rows, and how far they are from those of the data, in standard deviations of the columns. */
export interface Samples {
  /** In the data's own units. */
  readonly points: Points.Points
  readonly steps: number
  /** Energy distance of samples from as many rows, and of rows from as many other rows. */
  readonly energyDistance: number
  readonly ofRows: number
}

export interface ScoreFindings {
  readonly source: string
  /** How many rows were learned from. */
  readonly rows: number
  /** All of them in memory, or some of those of a source; in the data's own units. */
  readonly points: Points.Points
  readonly columns: ReadonlyArray<string>
  readonly scaling: Points.Scaling | null
  readonly seed: number
  readonly pipeline: Pipeline.Pipeline<string>
  readonly plan: string
  readonly stages: ReadonlyArray<StageRun>
  readonly parameters: number
  /** What the last stage ends with is an average of its weights, and not the last of them. */
  readonly isAveraged: boolean
  /** The mean of the last tenth of the values that were kept. */
  readonly loss: number | null
  readonly levels: ReadonlyArray<ObjectiveAtLevel>
  readonly samples: E.Either<Problem.Problems, Samples>
}

/** The losses by level as a table. */
export const levelTable = (levels: ReadonlyArray<ObjectiveAtLevel>): TextTable => ({
  header: ['σ/α', 'loss', 'of a normal law'],
  rows: levels.map(({ ratio, value, normal }) => [
    show(ratio, 2),
    show(value, 3),
    normal === null ? '–' : show(normal, 3)
  ])
})

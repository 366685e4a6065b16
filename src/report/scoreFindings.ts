/** Results of learning a score that is not a mixture. */
import type * as E from 'fp-ts/lib/Either.js'
import type * as Problem from '../core/problem.js'
import type * as Points from '../data/index.js'
import type * as Pipeline from '../pipeline/pipeline.js'
import { show, type TextTable } from '../fit/table.js'
import { type StageRun } from './findings.js'

export interface ObjectiveAtLevel {
  /** Noise-to-signal ratio σ/α, in units of the scaled data. */
  readonly ratio: number
  readonly value: number
  /** Objective of the normal distribution with the data's moments, for the same noise; null if there is no covariance. */
  readonly normal: number | null
}

/** Samples, and their distance from the data in standard deviations of the columns. */
export interface Samples {
  /** In the data's units. */
  readonly points: Points.Points
  readonly steps: number
  /** Energy distance between samples and an equal number of rows; `ofRows`: between two sets of rows of that size. */
  readonly energyDistance: number
  readonly ofRows: number
}

export interface ScoreFindings {
  readonly source: string
  readonly rows: number
  /** All rows, or some of a source's, in the data's units. */
  readonly points: Points.Points
  readonly columns: ReadonlyArray<string>
  readonly scaling: Points.Scaling | null
  readonly seed: number
  readonly pipeline: Pipeline.Pipeline<string>
  readonly plan: string
  readonly stages: ReadonlyArray<StageRun>
  readonly parameters: number
  /** True if the last stage returns an average of its iterates. */
  readonly isAveraged: boolean
  /** Mean of the last tenth of the recorded values. */
  readonly loss: number | null
  readonly levels: ReadonlyArray<ObjectiveAtLevel>
  readonly samples: E.Either<Problem.Problems, Samples>
}

/** Table of the objective by noise level. */
export const levelTable = (levels: ReadonlyArray<ObjectiveAtLevel>): TextTable => ({
  header: ['σ/α', 'loss', 'of a normal law'],
  rows: levels.map(({ ratio, value, normal }) => [
    show(ratio, 2),
    show(value, 3),
    normal === null ? '–' : show(normal, 3)
  ])
})

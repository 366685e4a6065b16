import * as Problem from '../core/problem.js'
import { pluralized } from '../data/dataProblems.js'
import type * as Points from '../data/points.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import type { MStep } from '../mixture/family.js'
import * as Score from '../score/score.js'
import { hasFamily } from './evaluation.js'

type DataSize = Pick<Points.Points, 'rows' | 'dim'>

const estimatesFullCovariance = (mStep: MStep<string> | undefined): boolean =>
  mStep !== undefined && mStep.second === 'full' && mStep.isGeneralized !== true

/** True if the sample covariance is singular, n ≤ d, and the family inverts it. */
const needsMoreRowsThanColumns = (score: Score.Score<string>, { rows, dim }: DataSize): boolean =>
  rows <= dim && dim > 1 && hasFamily(score, ({ mStep }) => estimatesFullCovariance(mStep))

/**
 * True if there are fewer parameters than numbers and enough rows per component to bound the likelihood. A prior bounds it, so that one row
 * per component suffices.
 */
const hasEnoughRows = (score: Score.Score<string>, { rows, dim }: DataSize, prior: number | null): boolean => {
  if (prior === null && Score.degreesOfFreedom(dim)(score) >= rows * dim) return false
  const { family } = Score.interpret(score)
  if (family === undefined) return true
  const { leastRows, count, mStep } = family
  if (prior !== null) return count(dim) <= rows
  // Residuals about K means have rank at most n − K.
  return count(dim) * leastRows(dim) <= rows && (!estimatesFullCovariance(mStep) || count(dim) + dim <= rows)
}

/** Returns the problem of a family that cannot be fitted under a prior. */
export const priorProblem = (score: Score.Score<string>): Problem.Problem =>
  Problem.of(
    'family',
    Score.nameOf(score),
    'one that is learned under a prior',
    'choose another, or leave out the prior'
  )

/** Returns the first reason why a candidate cannot be fitted; null if it can. */
export const fittingProblem = (
  { score, components }: { readonly score: Score.Score<string>; readonly components: number },
  points: Points.Points,
  prior: number | null
): Problem.Problem | null => {
  const problems = Score.problems(points)(score)
  if (problems.length > 0) return problems[0]
  const { rows, dim } = points
  if (prior === null && needsMoreRowsThanColumns(score, points))
    return Problem.of(
      'family',
      Score.nameOf(score),
      `one that ${pluralized(rows, 'row')} of ${dim} columns can fix`,
      'give more rows than columns, or take a family without correlations'
    )
  if (!hasEnoughRows(score, points, prior))
    return Problem.of(
      'components',
      components,
      [`few enough for ${pluralized(rows, 'row')} and the family `, Problem.wordPhrase(Score.nameOf(score))],
      components === 1
        ? 'give more rows, or take a family with fewer parameters'
        : 'ask for fewer components, or for a family with fewer parameters'
    )
  return prior === null || hasFamily(score, ExpectationMaximization.supportsPrior) ? null : priorProblem(score)
}

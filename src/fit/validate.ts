/** Whether a score can be learned from rows at all. */
import * as Problem from '../core/problem.js'
import { plural } from '../data/parts.js'
import type * as Points from '../data/points.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import type { MStep } from '../mixture/family.js'
import * as Score from '../score/score.js'
import { hasFamily } from './found.js'

type Table = Pick<Points.Points, 'rows' | 'dim'>

/** Whether all of a covariance is learned, also where components have it in common: about their centres rows span no more than rows less components. */
const isWhole = (mStep: MStep<string> | undefined): boolean =>
  mStep !== undefined && mStep.second === 'full' && mStep.isGeneralized !== true

/** Whether a score has whole covariances, and rows are not more than columns: about one mean they have no width in some direction. */
const isOfMoreColumns = (score: Score.Score<string>, { rows, dim }: Table): boolean =>
  rows <= dim && dim > 1 && hasFamily(score, ({ mStep }) => isWhole(mStep))

/**
 * Whether there are fewer parameters than numbers, and each component may have the rows that bound its likelihood; a prior bounds it with
 * one.
 */
const isWithin = (score: Score.Score<string>, { rows, dim }: Table, prior: number | null): boolean => {
  if (prior === null && Score.degreesOfFreedom(dim)(score) >= rows * dim) return false
  const { family } = Score.interpret(score)
  if (family === undefined) return true
  const { leastRows, count, mStep } = family
  if (prior !== null) return count(dim) <= rows
  return count(dim) * leastRows(dim) <= rows && (!isWhole(mStep) || count(dim) + dim <= rows)
}

/** The problem of a score that is not learned under a prior. */
export const withoutPrior = (score: Score.Score<string>): Problem.Problem =>
  Problem.of(
    'family',
    Score.nameOf(score),
    'one that is learned under a prior',
    'choose another, or leave out the prior'
  )

/** The first problem of learning a score of so many components from rows, under a prior or not; null where there is none. */
export const problemOf = (
  { score, components }: { readonly score: Score.Score<string>; readonly components: number },
  points: Points.Points,
  prior: number | null
): Problem.Problem | null => {
  const problems = Score.problems(points)(score)
  if (problems.length > 0) return problems[0]
  const { rows, dim } = points
  if (prior === null && isOfMoreColumns(score, points))
    return Problem.of(
      'family',
      Score.nameOf(score),
      `one that ${plural(rows, 'row')} of ${dim} columns can fix`,
      'give more rows than columns, or take a family without correlations'
    )
  if (!isWithin(score, points, prior))
    return Problem.of(
      'components',
      components,
      [`few enough for ${plural(rows, 'row')} and the family `, Problem.word(Score.nameOf(score))],
      components === 1
        ? 'give more rows, or take a family with fewer parameters'
        : 'ask for fewer components, or for a family with fewer parameters'
    )
  return prior === null || hasFamily(score, ExpectationMaximization.servesPrior) ? null : withoutPrior(score)
}

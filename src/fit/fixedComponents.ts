/** Components held fixed in a fit: conversion to its units, and description. */
import { Case } from '../core/index.js'
import * as Problem from '../core/problem.js'
import type * as Points from '../data/points.js'
import * as Known from '../mixture/families/known.js'
import * as Score from '../score/score.js'
import type { ScoreConstructor } from './candidates.js'

type FixedList = ReadonlyArray<Known.Fixed>

/** Problems of fixed components, of any family, for data with `dim` columns. */
export const problems = (
  fixed: FixedList,
  columns: number,
  counts: ReadonlyArray<number>
): ReadonlyArray<Problem.Problem> => [
  ...Problem.unless(
    fixed.length > 0,
    'fixed',
    '[]',
    'a list of Component.fixed',
    'leave it out where nothing is known'
  ),
  ...fixed.flatMap((one, k) => Known.field.problems(`fixed[${k}]`, one)),
  ...Known.requirements(fixed, columns, 'fixed'),
  ...Problem.unless(
    counts.some(count => count >= fixed.length),
    'components',
    counts.join(', '),
    `at least ${fixed.length}, as many as are known`,
    'ask for more, or leave it out'
  )
]

/** Standardizes fixed parameters, z = (x − centre)/scale, for the given columns. */
export const scaledFixed =
  (places: ReadonlyArray<number>, scaling: Points.Scaling | null) =>
  ({ mean, covariance, weight }: Known.Fixed): Known.Fixed => {
    const at = <A>(given: A | ReadonlyArray<A>, j: number): A => (Array.isArray(given) ? given[places[j]] : given) as A
    const unit = (j: number): number => scaling?.scale[j] ?? 1
    const isMatrix = Array.isArray(covariance) && Array.isArray(covariance[0])
    return Known.fixed({
      ...(mean !== null && { mean: places.map((_, j) => (at(mean, j) - (scaling?.centre[j] ?? 0)) / unit(j)) }),
      ...(covariance !== null && {
        covariance: isMatrix
          ? places.map((_, i) =>
              places.map((_, j) => at<number>(at<Known.Spread>(covariance, i) as Known.Place, j) / (unit(i) * unit(j)))
            )
          : places.map((_, j) => at(covariance as Known.Place, j) / (unit(j) * unit(j)))
      }),
      ...(weight !== null && { weight })
    })
  }

/** Returns a family whose first components are fixed. */
export const withFixedComponents =
  (fixed: FixedList) =>
  (family: ScoreConstructor): ScoreConstructor =>
  options =>
    Score.withFixed(fixed)(family(options))

/** “mean and covariance” for each fixed component. */
const fixedParameterNames = (score: Score.Score<string>): ReadonlyArray<string> =>
  Case.isMadeBy(Score.withFixed)(score) && 'known' in score
    ? // The field of that case.
      (score.known as FixedList).map(one =>
        (['mean', 'covariance', 'weight'] as const)
          .filter(part => one[part] !== null)
          .join(', ')
          .replace(/, (?!.*, )/, ' and ')
      )
    : []

/** “Component 2 is known; not learned: its mean and covariance.” */
export const sentences = (fixed: ReadonlyArray<number>, score: Score.Score<string>): ReadonlyArray<string> =>
  fixedParameterNames(score).flatMap((parts, k) =>
    k < fixed.length ? [`Component ${fixed[k] + 1} is known; not learned: its ${parts}.`] : []
  )

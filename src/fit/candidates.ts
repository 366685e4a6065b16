import * as Elementary from '../../lib/numbers/elementary.js'
import type * as Problem from '../core/problem.js'
import * as Mixture from '../mixture/mixture.js'
import type { Redundancy } from '../mixture/overlap.js'
import type * as Statistics from '../mixture/statistics.js'
import type * as Pipeline from '../pipeline/pipeline.js'
import type * as Score from '../score/score.js'
import { ROUNDING_TOLERANCE, type MixtureEvaluation } from './evaluation.js'
import { show, type TextTable } from './table.js'

/** Makes a family's score for a number of components, such as `Score.isotropic`. */
export type ScoreConstructor = (options: { readonly components: number }) => Score.Score<string>

/** Selection criterion (see `Statistics`); lower is better. */
export type Criterion = 'iclc' | 'icl' | 'bic' | 'aic' | 'crossValidated'

export interface FittedCandidate extends MixtureEvaluation {
  readonly _tag: 'Fitted'
  readonly family: string
  readonly components: number
  /** For the scaled data; an equal key gives equal bits. */
  readonly pipeline: Pipeline.Pipeline<string>
  /** In the last run. */
  readonly steps: number
  /**
   * False if EM was stopped because the candidate could not win: its likelihood is a lower bound, or above 4000 rows an estimate from a
   * sample.
   */
  readonly isConverged: boolean
  /** False if every seed gives this result. */
  readonly dependsOnSeed: boolean
}

export interface FailedCandidate {
  readonly _tag: 'Failed'
  readonly family: string
  readonly components: number
  readonly problem: Problem.Problem
}

export type AnyCandidate = FittedCandidate | FailedCandidate

export interface RankedCandidate extends FittedCandidate {
  /** False if it may not be selected: see `rankCandidates`. */
  readonly isSelectable: boolean
  /**
   * Approximate posterior probability: e^{−Δ/2} normalized over the candidates, Δ the criterion minus the best (by BIC: Kass & Raftery
   * 1995).
   */
  readonly posterior: number
}

/** Returns the value of a criterion; NaN for cross-validation that was not run. */
export const criterionValue = (criterion: Criterion, statistics: Statistics.Statistics): number =>
  statistics[criterion] ?? NaN

/** Name of a criterion for sentences and headings. */
export const criterionTitle = (criterion: Criterion): string =>
  criterion === 'crossValidated' ? 'cross-validated deviance' : criterion === 'iclc' ? 'ICLc' : criterion.toUpperCase()

/** True if a component is empty, or only the minimum variance bounds the likelihood. */
export const isDegenerate = ({ collapsed, redundancies }: FittedCandidate): boolean =>
  collapsed.length > 0 || redundancies.some(({ _tag }) => _tag === 'Empty')

/** True if a uniform background has at most 2d rows, which alone determine its box. */
export const hasSparseBackground = ({ mixture, statistics }: FittedCandidate): boolean =>
  mixture.background?.shape === 'box' && (statistics.backgroundCount ?? 0) <= 2 * Mixture.dimension(mixture)

/** True if a candidate may be selected. */
export const isEligible = (candidate: FittedCandidate): boolean =>
  !isDegenerate(candidate) && !hasSparseBackground(candidate)

/** Fewest rows of a component, and cells per parameter, of a candidate that the data support. */
const MIN_ROWS_PER_COMPONENT = 3
const MIN_CELLS_PER_PARAMETER = 2

/** True if each component has at least three rows, and there are more than two cells per parameter. */
export const isSupported = ({ statistics: { sizes, cells, parameters } }: FittedCandidate): boolean =>
  sizes.every(size => size >= MIN_ROWS_PER_COMPONENT) && cells > MIN_CELLS_PER_PARAMETER * parameters

/** True if the models are equal: with one component, `isotropic` is `tiedIsotropic`. */
const areEquivalent = (a: FittedCandidate, b: FittedCandidate): boolean =>
  a.components === b.components &&
  a.statistics.parameters === b.statistics.parameters &&
  Math.abs(a.statistics.logLikelihood - b.statistics.logLikelihood) <= ROUNDING_TOLERANCE

/**
 * Ranks candidates: selectable ones first, by criterion, then by number of parameters. Drops equivalent ones, and those with a sparse
 * background unless all have one. Selectable are the valid candidates that the rows support (`isSupported`); if there is none, the valid
 * ones, and if there is none, all. Several components are selectable only if their criterion is below `singleCluster`, the lowest of a
 * model of one cluster. The others have posterior 0.
 */
export const rankCandidates = (
  criterion: Criterion,
  candidates: ReadonlyArray<AnyCandidate>,
  singleCluster = Infinity
): ReadonlyArray<RankedCandidate> => {
  const fitted = candidates.filter((candidate): candidate is FittedCandidate => candidate._tag === 'Fitted')
  const withoutSparse = fitted.filter(candidate => !hasSparseBackground(candidate))
  const comparable = withoutSparse.length > 0 ? withoutSparse : fitted
  const distinct = comparable.filter((one, i) => !comparable.slice(0, i).some(other => areEquivalent(one, other)))
  const value = ({ statistics }: FittedCandidate): number => criterionValue(criterion, statistics)
  const isSelectable = selectableAmong(
    distinct.filter(candidate => candidate.components === 1 || value(candidate) < singleCluster),
    distinct
  )
  const best = distinct.filter(isSelectable).reduce((least, candidate) => Math.min(least, value(candidate)), Infinity)
  const likelihood = (candidate: FittedCandidate): number => {
    if (!isSelectable(candidate)) return 0
    // Infinity − Infinity is NaN.
    return value(candidate) === best ? 1 : Elementary.exp((best - value(candidate)) / 2)
  }
  const total = distinct.reduce((sum, candidate) => sum + likelihood(candidate), 0)
  return distinct
    .map(candidate => ({
      ...candidate,
      isSelectable: isSelectable(candidate),
      posterior: likelihood(candidate) / total
    }))
    .sort(
      (a, b) =>
        Number(b.isSelectable) - Number(a.isSelectable) ||
        Number(isDegenerate(a)) - Number(isDegenerate(b)) ||
        (value(a) === value(b) ? 0 : value(a) - value(b)) ||
        a.statistics.parameters - b.statistics.parameters
    )
}

/** Returns the test of the strictest claim that a considered candidate meets: valid and supported, valid, or any. */
const selectableAmong = (
  considered: ReadonlyArray<FittedCandidate>,
  all: ReadonlyArray<FittedCandidate>
): ((candidate: FittedCandidate) => boolean) => {
  const pool = considered.length > 0 ? considered : all
  const claims = [
    (candidate: FittedCandidate) => !isDegenerate(candidate) && isSupported(candidate),
    (candidate: FittedCandidate) => !isDegenerate(candidate),
    () => true
  ]
  const claim = claims.find(one => pool.some(one)) ?? (() => true)
  return candidate => pool.includes(candidate) && claim(candidate)
}

/** Returns the best degenerate candidate if it beats a valid best one; otherwise null. */
export const bestExcluded = (criterion: Criterion, ranked: ReadonlyArray<RankedCandidate>): RankedCandidate | null => {
  const [best] = ranked
  const value = ({ statistics }: RankedCandidate): number => criterionValue(criterion, statistics)
  const lowest = ranked.filter(isDegenerate).reduce((least, one) => (value(one) < value(least) ? one : least), best)
  return lowest === best || isDegenerate(best) ? null : lowest
}

/** End of the range of component counts: a larger range may contain a better candidate. */
export type RangeEnd = 'most' | 'least'

/** Returns the end of the compared range at which the best candidate is; null at neither, or at a lower end of 1. */
export const rangeEnd = (
  ranked: ReadonlyArray<Pick<RankedCandidate, 'components'>>,
  failed: ReadonlyArray<Pick<FailedCandidate, 'components'>>
): RangeEnd | null => {
  const [{ components }] = ranked
  const counts = [...ranked, ...failed].map(one => one.components)
  const least = Math.min(...counts)
  const most = Math.max(...counts)
  if (least === most) return null
  if (components === most) return 'most'
  return components === least && least > 1 ? 'least' : null
}

export const rangeEndSentence: Readonly<Record<RangeEnd, string>> = {
  most: 'It has the most components that were compared: more may be better.',
  least: 'It has the fewest components that were compared: fewer may be better.'
}

export const MAX_CANDIDATES_LISTED = 8

const duplicateGroups = (redundancies: ReadonlyArray<Redundancy>): ReadonlyArray<ReadonlyArray<number>> =>
  redundancies.reduce<ReadonlyArray<ReadonlyArray<number>>>((groups, redundancy) => {
    if (redundancy._tag === 'Empty') return groups
    const overlaps = (group: ReadonlyArray<number>): boolean => redundancy.components.some(k => group.includes(k))
    const merged = new Set([...groups.filter(overlaps).flat(), ...redundancy.components])
    return [...groups.filter(group => !overlaps(group)), [...merged].sort((a, b) => a - b)]
  }, [])

/** True if a longer search could raise the likelihood; a single Gaussian is estimated in one step. */
const mayImprove = ({ isConverged, components, mixture }: FittedCandidate): boolean =>
  !isConverged && !(components === 1 && mixture.tails === undefined && mixture.background === undefined)

const warningsOf = (candidate: FittedCandidate): string => {
  const { atMinVariance, redundancies, unsupported } = candidate
  const numbers = (components: ReadonlyArray<number>): string => components.map(k => k + 1).join(', ')
  const [s, have] = unsupported.length > 1 ? ['s', 'have'] : ['', 'has']
  return [
    ...(atMinVariance.length > 0 ? [`at the minimum variance: ${numbers(atMinVariance)}`] : []),
    ...(unsupported.length > 0
      ? [`component${s} ${numbers(unsupported.map(({ component }) => component))} ${have} few rows`]
      : []),
    ...redundancies.flatMap(one => (one._tag === 'Empty' ? [`empty: ${one.component + 1}`] : [])),
    ...duplicateGroups(redundancies).map(group => `all but the same: ${numbers(group)}`),
    ...(mayImprove(candidate) ? ['not refined'] : [])
  ].join('; ')
}

const showCriterion = (value: number): string => (value === Infinity ? '∞' : show(value))

/** Tabulates ranked candidates, with any warnings in a last column. */
export const candidateTable = (
  criterion: Criterion,
  ranked: ReadonlyArray<RankedCandidate>,
  familyLabel: (family: string) => string = family => family
): TextTable => {
  const hasWarnings = ranked.some(candidate => warningsOf(candidate) !== '')
  return {
    header: [
      ...['family', 'components', criterionTitle(criterion), 'posterior', 'log-likelihood per row', 'parameters'],
      ...(hasWarnings ? ['warnings'] : [])
    ],
    rows: ranked.map(candidate => {
      const { family, components, posterior, statistics } = candidate
      return [
        familyLabel(family),
        String(components),
        showCriterion(criterionValue(criterion, statistics)),
        posterior.toFixed(3),
        show(statistics.logLikelihood),
        String(statistics.parameters),
        ...(hasWarnings ? [warningsOf(candidate)] : [])
      ]
    })
  }
}

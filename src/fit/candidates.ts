/**
 * The candidates of a fit: families of mixtures and numbers of components, each learned from the same data in the same
 * way, and what an information criterion says of them.
 */
import * as Elementary from '../../lib/numbers/elementary.js'
import type * as Problem from '../core/problem.js'
import * as Mixture from '../mixture/mixture.js'
import type { Redundancy } from '../mixture/overlap.js'
import type * as Statistics from '../mixture/statistics.js'
import type * as Pipeline from '../pipeline/pipeline.js'
import type * as Score from '../score/score.js'
import { ROUNDING, type Found } from './found.js'
import { show, type Table } from './table.js'

/** A family of mixtures: what makes its score for a number of components. `Score.isotropic` is one. */
export type Constructor = (options: { readonly components: number }) => Score.Score<string>

/** By which criterion a candidate is chosen (see `Statistics`): less is better. */
export type Criterion = 'bic' | 'icl' | 'aic' | 'crossValidated'

/** A criterion of statistics: NaN of cross-validation that was not asked. */
export const valueBy =
  (criterion: Criterion) =>
  (statistics: Statistics.Statistics): number =>
    statistics[criterion] ?? NaN

/** What a criterion is called in a sentence or a heading. */
export const titleOf = (criterion: Criterion): string =>
  criterion === 'crossValidated' ? 'cross-validated deviance' : criterion.toUpperCase()

/** A family and a number of components that were learned. */
export interface Learned extends Found {
  readonly _tag: 'Learned'
  readonly family: string
  readonly components: number
  /** What learned it, on the data as they were scaled: with the same key it does so again, bit for bit. */
  readonly pipeline: Pipeline.Pipeline<string>
  /** How many steps that took last. */
  readonly steps: number
  /**
   * False if EM was not run to convergence because the candidate could not win. Its likelihood is then a lower bound; of many rows
   * an estimate from a sample of them.
   */
  readonly isSettled: boolean
  /** Whether what the seed draws had a part in it: if not, several starts are one. */
  readonly isDrawn: boolean
}

/** A family and a number of components that could not be learned, and why. */
export interface Refused {
  readonly _tag: 'Refused'
  readonly family: string
  readonly components: number
  readonly problem: Problem.Problem
}

export type Candidate = Learned | Refused

/** Beside a uniform background of no more rows than its range has ends, which are these rows: it is no candidate. */
export const isThin = ({ mixture, statistics }: Learned): boolean =>
  mixture.background?.shape === 'box' && (statistics.beyond ?? 0) <= 2 * Mixture.dim(mixture)

/** Candidates whose likelihood says something: no component is empty, and none is held up by the floor alone. */
export const isSound = ({ collapsed, redundancies }: Learned): boolean =>
  collapsed.length === 0 && redundancies.every(({ _tag }) => _tag !== 'Empty')

/** The warnings about a candidate in a few words. */
const warnings = ({ floored, redundancies, unsupported, isSettled }: Learned): string => {
  const numbers = (list: ReadonlyArray<number>): string => list.map(k => k + 1).join(', ')
  return [
    ...(floored.length > 0 ? [`at the minimum variance: ${numbers(floored)}`] : []),
    ...(unsupported.length > 0
      ? [
          `component${unsupported.length > 1 ? 's' : ''} ${numbers(unsupported.map(({ component }) => component))} ${unsupported.length > 1 ? 'have' : 'has'} few rows`
        ]
      : []),
    ...redundancies.flatMap(one => (one._tag === 'Empty' ? [`empty: ${one.component + 1}`] : [])),
    ...alike(redundancies).map(group => `all but the same: ${numbers(group)}`),
    ...(isSettled ? [] : ['not converged'])
  ].join('; ')
}

/** Pairs that are all but the same, those with one in common together. */
const alike = (redundancies: ReadonlyArray<Redundancy>): ReadonlyArray<ReadonlyArray<number>> =>
  redundancies.reduce<ReadonlyArray<ReadonlyArray<number>>>((groups, one) => {
    if (one._tag === 'Empty') return groups
    const isOf = (group: ReadonlyArray<number>): boolean => one.components.some(k => group.includes(k))
    const joined = new Set([...groups.filter(isOf).flat(), ...one.components])
    return [...groups.filter(group => !isOf(group)), [...joined].sort((a, b) => a - b)]
  }, [])

/** So many candidates are shown unless all are asked for. */
export const SHOWN = 8

/** A candidate and how much of the belief is its own. */
export interface Ranked extends Learned {
  /** e^{−Δ/2} over its sum, Δ the difference of the criterion from the best: by BIC about the probability of the model (Kass & Raftery 1995). */
  readonly belief: number
}

/** Families that are one with so few components or columns: a single round component is one of a common variance. */
const isSame =
  (a: Learned) =>
  (b: Learned): boolean =>
    a.components === b.components &&
    a.statistics.parameters === b.statistics.parameters &&
    Math.abs(a.statistics.logLikelihood - b.statistics.logLikelihood) <= ROUNDING

/**
 * Those that were learned, the best first: sound ones before others, then by the criterion, then by fewer parameters. What
 * is not sound is believed only where nothing is.
 */
export const ranked =
  (criterion: Criterion) =>
  (candidates: ReadonlyArray<Candidate>): ReadonlyArray<Ranked> => {
    const every = candidates.filter((candidate): candidate is Learned => candidate._tag === 'Learned')
    const firm = every.filter(candidate => !isThin(candidate))
    const all = firm.length > 0 ? firm : every
    const learned = all.filter((candidate, i) => !all.slice(0, i).some(isSame(candidate)))
    const worth = ({ statistics }: Learned): number => valueBy(criterion)(statistics)
    const isAnySound = learned.some(isSound)
    const counts = (candidate: Learned): boolean => !isAnySound || isSound(candidate)
    const best = learned.filter(counts).reduce((least, candidate) => Math.min(least, worth(candidate)), Infinity)
    const weight = (candidate: Learned): number =>
      counts(candidate) ? Elementary.exp((best - worth(candidate)) / 2) : 0
    const total = learned.reduce((sum, candidate) => sum + weight(candidate), 0)
    return learned
      .map(candidate => ({ ...candidate, belief: weight(candidate) / total }))
      .sort(
        (a, b) =>
          Number(counts(b)) - Number(counts(a)) ||
          worth(a) - worth(b) ||
          a.statistics.parameters - b.statistics.parameters
      )
  }

/**
 * Whether the first of ranked candidates has the most components that were compared, or the least and not one: beyond them there may be
 * better ones. Null of a single number, and where more were refused.
 */
export const atEnd = (
  candidates: ReadonlyArray<Pick<Ranked, 'components'>>,
  refused: ReadonlyArray<Pick<Refused, 'components'>>
): 'most' | 'least' | null => {
  const [{ components }] = candidates
  const counts = [...candidates, ...refused].map(one => one.components)
  const least = Math.min(...counts)
  const most = Math.max(...counts)
  return least === most ? null : components === most ? 'most' : components === least && least > 1 ? 'least' : null
}

/** What that is told by. */
export const endSentence = {
  most: 'It has the most components that were compared: more may be better.',
  least: 'It has the fewest components that were compared: fewer may be better.'
}

/**
 * Of ranked candidates, the one that has least of the criterion and less than the first, and was excluded; null where there is none, or
 * the first is no sounder.
 */
export const setAside = (criterion: Criterion, candidates: ReadonlyArray<Ranked>): Ranked | null => {
  const [best] = candidates
  const least = candidates
    .filter(one => !isSound(one))
    .reduce(
      (least, one) => (valueBy(criterion)(one.statistics) < valueBy(criterion)(least.statistics) ? one : least),
      best
    )
  return least === best || !isSound(best) ? null : least
}

/** Candidates in their order, a family by the word that is given for it. What is to be said against one stands last, where anything is. */
export const table = (
  criterion: Criterion,
  candidates: ReadonlyArray<Ranked>,
  named: (family: string) => string = family => family
): Table => {
  const isAnyDoubted = candidates.some(candidate => warnings(candidate) !== '')
  return {
    header: [
      ...['family', 'components', titleOf(criterion), 'posterior', 'log-likelihood per row', 'parameters'],
      ...(isAnyDoubted ? ['warnings'] : [])
    ],
    rows: candidates.map(candidate => {
      const { family, components, belief, statistics } = candidate
      return [
        named(family),
        String(components),
        show(valueBy(criterion)(statistics)),
        belief.toFixed(3),
        show(statistics.logLikelihood),
        String(statistics.parameters),
        ...(isAnyDoubted ? [warnings(candidate)] : [])
      ]
    })
  }
}

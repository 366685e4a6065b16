/** Several starts of one fit: the best of them, and how many lead there. */
import type * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import { isSound, valueBy, type Criterion, type Ranked } from './candidates.js'

/** How many starts agree with the one that was kept. */
export interface Starts {
  /** How many were made. */
  readonly of: number
  /** How many of them, the one that was kept among them, chose its family and number of components and are as likely. */
  readonly agree: number
  /** How many of these came about without what a seed draws: they are one start, that any seed makes, and say nothing of others. */
  readonly alike: number
  /** So near counts as as likely: nats a row. */
  readonly within: number
}

/** What starts are compared by, and what is told of them. */
interface Started {
  readonly family: string
  readonly components: number
  readonly logLikelihood: number
  readonly criterion: Criterion
  /** The best first. */
  readonly candidates: RNEA.ReadonlyNonEmptyArray<Ranked>
  readonly starts: Starts
  readonly table: () => string
  readonly toJSON: () => object
}

/** As near to the best as what many rows tell apart: see docs/performance.md. */
const WITHIN = 1e-3

/** A start alone. */
export const alone: Starts = { of: 1, agree: 1, alike: 0, within: WITHIN }

/** The likelier by the criterion; what is not sound only where nothing is. The first of those that are as good. */
const better = <F extends Started>(a: F, b: F): F => {
  const isFirm = ({ candidates }: F): boolean => isSound(candidates[0])
  const worth = ({ criterion, candidates: [{ statistics }] }: F): number => valueBy(criterion)(statistics)
  if (isFirm(a) !== isFirm(b)) return isFirm(a) ? a : b
  return worth(b) < worth(a) ? b : a
}

/** “7 of 10 starts agree …” */
export const sentence = ({ agree, alike, of, within }: Starts): string =>
  `${agree} of ${of} starts agree: they chose this family and number of components, and end within ${within} nats a row.` +
  (alike < 2
    ? ''
    : ` ${alike === agree ? 'They' : `${alike} of them`} came about by splits alone, as with any seed, and count as one.`)

/** The best of several fits of the same data, and how many agree with it. */
export const best = <F extends Started>(first: F, others: ReadonlyArray<F>): F => {
  if (others.length === 0) return first
  const all = [first, ...others]
  const kept = all.reduce((a, b) => better(a, b))
  const agrees = ({ family, components, logLikelihood, candidates }: F): boolean =>
    family === kept.family &&
    components === kept.components &&
    isSound(candidates[0]) === isSound(kept.candidates[0]) &&
    Math.abs(logLikelihood - kept.logLikelihood) <= WITHIN
  const agreeing = all.filter(agrees)
  const alike = agreeing.filter(({ candidates: [{ isDrawn }] }) => !isDrawn).length
  const starts = { of: all.length, agree: agreeing.length, alike, within: WITHIN }
  return {
    ...kept,
    starts,
    table: () => `${kept.table()}\n\n${sentence(starts)}`,
    toJSON: () => ({ ...kept.toJSON(), starts })
  }
}

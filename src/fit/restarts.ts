/** Fits from several seeds: the best, and the number that agree with it. */
import type * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import { criterionValue, isDegenerate, type Criterion, type RankedCandidate } from './candidates.js'

export interface Starts {
  readonly of: number
  /** Number with the best's family, number of components and likelihood, the best included. */
  readonly agree: number
  /** Number of those that do not depend on the seed: all are one start. */
  readonly alike: number
  /** In nats per row. */
  readonly within: number
}

interface StartedFit {
  readonly family: string
  readonly components: number
  readonly logLikelihood: number
  readonly criterion: Criterion
  /** Best first. */
  readonly candidates: RNEA.ReadonlyNonEmptyArray<RankedCandidate>
  readonly starts: Starts
  readonly table: () => string
  readonly toJSON: () => object
}

/** In nats per row: a difference that a test on many rows can detect (docs/performance.md). */
const LIKELIHOOD_TOLERANCE = 1e-3

export const singleStart: Starts = { of: 1, agree: 1, alike: 0, within: LIKELIHOOD_TOLERANCE }

/** Returns the best of several fits, with the number of starts that agree with it. */
export const bestOfStarts = <F extends StartedFit>(first: F, others: ReadonlyArray<F>): F => {
  if (others.length === 0) return first
  const all = [first, ...others]
  const best = all.reduce(betterOf)
  const agreeing = all.filter(
    fit =>
      fit.family === best.family &&
      fit.components === best.components &&
      isDegenerate(fit.candidates[0]) === isDegenerate(best.candidates[0]) &&
      Math.abs(fit.logLikelihood - best.logLikelihood) <= LIKELIHOOD_TOLERANCE
  )
  const starts: Starts = {
    of: all.length,
    agree: agreeing.length,
    alike: agreeing.filter(({ candidates: [{ dependsOnSeed }] }) => !dependsOnSeed).length,
    within: LIKELIHOOD_TOLERANCE
  }
  return {
    ...best,
    starts,
    table: () => `${best.table()}\n\n${agreementSentence(starts)}`,
    toJSON: () => ({ ...best.toJSON(), starts })
  }
}

/** Returns the fit with the lower criterion, the first if equal; a degenerate one only if both are. */
const betterOf = <F extends StartedFit>(a: F, b: F): F => {
  const value = ({ criterion, candidates: [{ statistics }] }: F): number => criterionValue(criterion, statistics)
  if (isDegenerate(a.candidates[0]) !== isDegenerate(b.candidates[0])) return isDegenerate(a.candidates[0]) ? b : a
  return value(b) < value(a) ? b : a
}

/** “7 of 10 starts agree …” */
export const agreementSentence = ({ agree, alike, of, within }: Starts): string =>
  `${agree} of ${of} starts agree: they chose this family and number of components, and end within ${within} nats a row.` +
  (alike < 2
    ? ''
    : ` ${alike === agree ? 'They' : `${alike} of them`} came about by splits alone, as with any seed, and count as one.`)

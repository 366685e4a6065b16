/** Split-and-merge moves (Ueda, Nakano, Ghahramani & Hinton 2000) out of local maxima of the likelihood. */
import { constant, pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { Key } from '../../../lib/index.js'
import * as ExpectationMaximization from './expectationMaximization.js'
import { iterate } from '../../../lib/plain/iterate.js'
import { remembered } from '../../../lib/plain/remembered.js'
import { sameNumbers } from '../../../lib/rows/byColumn.js'
import * as Frame from './frame.js'
import * as Halves from './halves.js'
import * as Mixture from '../mixture.js'
import { snapshotOfData } from '../dataRows.js'
import * as Params from '../../core/params.js'
import type * as Points from '../../data/points.js'
import * as Source from '../../data/source/source.js'
import type { Family, MStep } from '../family.js'

export interface Options {
  readonly attempts: number
  /** EM steps after which a move is evaluated. */
  readonly polish: number
  /** A move is abandoned if remaining steps with this many times the last gain would not raise the likelihood. Default: 1. */
  readonly patience?: number
  readonly varianceFloor: number
  /** Pseudo-rows of the prior's mean; null for the likelihood. */
  readonly prior: number | null
}

/** Rows for proposing moves, drawn again at each step. */
export const MAX_SURVEYED_ROWS = 131_072

/** Gain of the mean log-likelihood. */
const MIN_MOVE_GAIN = 1e-5

/** Gains grow at first. */
const MIN_STEPS_BEFORE_ABANDONING = 4

/** EM steps of a SQUAREM leap. */
const STEPS_PER_LEAP = 3

/** Splits of one component with closer gains count as one. */
const SAME_GAIN = 1e-4

const MAX_SPLITS_PER_COMPONENT = 2

/** Largest ratio of a collapsed component's least variance to the lower bound. */
const COLLAPSE_VARIANCE_RATIO = 10

interface SplitMergeMove<P extends string> {
  readonly removed: number
  readonly split: number
  /** Gain of the split minus cost of the removal, in mean log-likelihood. */
  readonly promise: number
  readonly start: () => Params.Params<P>
}

/** Returns all moves; empty without conversions from and to mixtures. */
type ProposeMoves<P extends string> = (params: Params.Params<P>) => ReadonlyArray<SplitMergeMove<P>>

const movesOf = <P extends string>(
  { toMixture, fromMixture, mStep, mirrored, fixedComponents, leastRows }: Family<P>,
  about: Points.Points
): ProposeMoves<P> => {
  if (mirrored || toMixture === undefined || fromMixture === undefined || mStep === undefined) return () => []
  const { second, isShared = false } = mStep
  return params => {
    const mixture = toMixture(params)
    const { cost, splits } = Halves.splitCandidates(about, mixture, {
      second,
      isShared,
      leastRows: leastRows(about.dim)
    })
    const free = Array.from(cost.keys()).filter(k => !fixedComponents.includes(k))
    /** Best distinct splits of a component. */
    const waysOf = (split: number): ReadonlyArray<Halves.ComponentSplit> =>
      splits[split]
        .filter(({ gain }, i) => i === 0 || splits[split][i - 1].gain - gain > SAME_GAIN)
        .slice(0, MAX_SPLITS_PER_COMPONENT)
    return free.flatMap(removed =>
      free
        .filter(split => split !== removed)
        .flatMap(split =>
          waysOf(split).map(({ gain, halves }) => ({
            removed,
            split,
            promise: gain - cost[removed],
            start: () => fromMixture(Halves.mixtureAfterMove(mixture, removed, split, halves))
          }))
        )
    )
  }
}

/** True if the family supports split-and-merge moves. */
export const supportsSplitAndMerge = <P extends string>({
  toMixture,
  fromMixture,
  mStep,
  mirrored
}: Family<P>): boolean => !mirrored && toMixture !== undefined && fromMixture !== undefined && mStep !== undefined

/** `value` is before the last step; `reach` limits the next leap. */
interface Leap<P extends string> extends ExpectationMaximization.EMStepResult<P> {
  readonly reach: number
  readonly steps: number
}

/** Growth of the maximum leap after acceptance at that length; shrinkage after rejection. */
const REACH_FACTOR = 4

const subtractParams = Params.zipWith((a, b) => a - b)
const addParams = Params.zipWith((a, b) => a + b)

const squaredNorm = (values: Float64Array): number => values.reduce((sum, x) => sum + x * x, 0)

/** √ of the harmonic mean of |r|²/|v|² over the arrays with r ≠ 0, r = `along` and v = `turn`, so no array's unit matters. */
const meanStepRatio = <P extends string>(along: Params.Params<P>, turn: Params.Params<P>): number => {
  const ratios = Params.names<P>(along).flatMap(name => {
    const length = squaredNorm(along[name].values)
    return length > 0 ? [squaredNorm(turn[name].values) / length] : []
  })
  return Math.sqrt(ratios.length / ratios.reduce((sum, x) => sum + x, 0))
}

/**
 * SQUAREM leap (Varadhan & Roland 2008) of three EM steps, or two if a third would go no farther: r = θ₁ − θ, θ₂ − θ₁ = r + v, then a step
 * from θ + 2ar + a²v, a = |r|/|v|, accepted if at least as likely as θ₁.
 */
const leap =
  <P extends string>(step: (params: Params.Params<P>) => ExpectationMaximization.EMStepResult<P>) =>
  (params: Params.Params<P>, reach: number): Leap<P> => {
    const first = step(params)
    const second = step(first.params)
    const along = subtractParams(first.params, params)
    const turn = subtractParams(subtractParams(second.params, first.params), along)
    const most = meanStepRatio(along, turn)
    const length = Math.min(reach, most)
    const farther = most > reach ? REACH_FACTOR * reach : reach
    if (!(length > 1)) return { params: second.params, value: first.value, reach: farther, steps: 2 }
    const move = Params.zipWith((r, v) => 2 * length * r + length * length * v)(along, turn)
    const third = step(addParams(params, move))
    return third.value <= first.value && Params.isFiniteParams(third.params)
      ? { ...third, reach: farther, steps: 3 }
      : { params: second.params, value: first.value, reach: Math.max(1, reach / REACH_FACTOR), steps: 3 }
  }

/** Lazy sequence of leaps, each computed once. */
type LeapSequence<P extends string> = (next: ReturnType<typeof leap<P>>) => {
  readonly leap: Leap<P>
  readonly rest: LeapSequence<P>
}

const leapsFrom = <P extends string>(start: () => Params.Params<P>, reach = 1): LeapSequence<P> =>
  remembered(
    next => {
      const leap = next(start(), reach)
      return { leap, rest: leapsFrom(() => leap.params, leap.reach) }
    },
    () => null
  )

interface TriedMove<P extends string> extends Omit<SplitMergeMove<P>, 'start'> {
  readonly way: LeapSequence<P>
}

interface MoveState<P extends string> {
  readonly params: Params.Params<P> | null
  readonly value: number
  readonly rest: LeapSequence<P>
  readonly left: number
  readonly gain: number
  readonly isHopeless: boolean
}

interface MoveSearch<P extends string> extends Pick<Options, 'varianceFloor' | 'prior'> {
  readonly family: object
  readonly params: Params.Params<P>
  readonly moves: ReadonlyArray<TriedMove<P>>
}

/** Last search on each data set, for a stage that continues. */
const searches = new WeakMap<Source.Data, MoveSearch<string>>()

/** Maximum size of a cached search's parameters, in numbers. */
const MAX_CACHED_NUMBERS = 1 << 12

const isSameParams = (a: Params.Params<string>, b: Params.Params<string>): boolean =>
  Params.names(a).every(name => sameNumbers(a[name].values, b[name].values))

/** `move` is null if none raises the likelihood. */
export interface MoveResult<P extends string> extends ExpectationMaximization.EMStepResult<P> {
  readonly move: { readonly removed: number; readonly split: number } | null
}

/**
 * Replaces one component by a split of another: accepts the first of the most promising moves, ranked on a random sample of many rows, that
 * raises the likelihood; otherwise leaves the parameters unchanged.
 */
export const step = <P extends string>(
  family: Family<P>,
  options: Options,
  data: Source.Data,
  take?: ExpectationMaximization.EvaluatePass<P>
): ((params: Params.Params<P>, key: Key.Key) => MoveResult<P>) => {
  const { attempts, varianceFloor, prior } = options
  const leastRows = family.leastRows(data.dim)
  const evaluate = ExpectationMaximization.evaluateParams(family, data, prior, take)
  const next = leap(ExpectationMaximization.step(family, varianceFloor, data, prior, take))
  const rankedMoves = moveRanking(family, options, data)
  /** Counts components at, or collapsing to, the lower bound on variances. */
  const countCollapsing = (params: Params.Params<P>): number =>
    family.toMixture === undefined
      ? 0
      : Mixture.atMinimumVariance(COLLAPSE_VARIANCE_RATIO * varianceFloor)(family.toMixture(params)).length
  return (params, key) => {
    const { value, mass, lost } = evaluate(params)
    if (mass.length < 2) return { value, params, move: null }
    const moves = rankedMoves(params, key)
    /** Returns null if the move does not raise the likelihood, or leaves components without rows or variance. */
    const tryMove = (move: TriedMove<P>): MoveResult<P> | null => {
      const { removed, split } = move
      const polished = polishMove(move, next, options, value - MIN_MOVE_GAIN)
      if (polished === null) return null
      const found = evaluate(polished)
      const hasRows = (k: number): boolean => found.mass[k] * data.rows >= leastRows
      const keepsVariance = countCollapsing(polished) <= countCollapsing(params)
      const isValid = hasRows(removed) && hasRows(split) && found.lost <= lost && keepsVariance
      return found.value < value - MIN_MOVE_GAIN && isValid
        ? { value, params: polished, move: { removed, split } }
        : null
    }
    return pipe(
      moves.slice(0, attempts),
      RA.findFirstMap(move => O.fromNullable(tryMove(move))),
      O.getOrElse((): MoveResult<P> => ({ value, params, move: null }))
    )
  }
}

/** Parameters after all steps; null as soon as the move is not expected to get below `below` in time. */
const polishMove = <P extends string>(
  { way }: TriedMove<P>,
  next: ReturnType<typeof leap<P>>,
  { polish, patience = 1 }: Options,
  below: number
): Params.Params<P> | null => {
  const { params, isHopeless } = iterate<MoveState<P>>(
    { params: null, value: Infinity, rest: way, left: polish, gain: Infinity, isHopeless: false },
    ({ value, rest: way, left, gain, isHopeless }) => {
      if (left <= 0 || isHopeless) return null
      const { leap, rest } = way(next)
      const gained = value - leap.value
      const isTooFar = (patience * gained * left) / STEPS_PER_LEAP < leap.value - below
      return {
        params: leap.params,
        value: leap.value,
        rest,
        left: left - leap.steps,
        gain: gained,
        // Near a saddle each leap gains more than the one before.
        isHopeless: isTooFar && gained <= gain && left <= polish - MIN_STEPS_BEFORE_ABANDONING
      }
    }
  )
  return isHopeless ? null : params
}

/** Lists moves, the most promising first, cached for the last data. */
const moveRanking = <P extends string>(
  family: Family<P>,
  { varianceFloor, prior }: Options,
  data: Source.Data
): ((params: Params.Params<P>, key: Key.Key) => ReadonlyArray<TriedMove<P>>) => {
  const { points: about, toInternal, fromInternal } = Frame.of(family, data)
  const movesOn = (points: Points.Points): ProposeMoves<P> => movesOf(family, points)
  const movesFrom =
    data.rows > MAX_SURVEYED_ROWS
      ? (key: Key.Key) => movesOn(pipe(key, Key.subset(data.rows, MAX_SURVEYED_ROWS), Source.selectedRows)(about))
      : constant(movesOn(Source.isSource(about) ? Source.selectedRows(RA.makeBy(about.rows, i => i))(about) : about))
  const owner = snapshotOfData(data)
  return (params, key) => {
    const known = searches.get(owner)
    const isKnown =
      known?.family === family &&
      known.varianceFloor === varianceFloor &&
      known.prior === prior &&
      isSameParams(known.params, params)
    searches.delete(owner)
    if (isKnown) return known.moves
    const moves = [...movesFrom(key)(toInternal(params))]
      .sort((a, b) => b.promise - a.promise)
      .map(({ start, ...move }): TriedMove<P> => ({ ...move, way: leapsFrom(() => fromInternal(start())) }))
    if (data.rows <= MAX_SURVEYED_ROWS && Params.paramsSize(Params.shapes(params)) <= MAX_CACHED_NUMBERS)
      searches.set(owner, { family, varianceFloor, prior, params, moves })
    return moves
  }
}

const MAX_SPLIT_STARTS = 3

/** Starts with one component split in two, the most promising first; empty if the family does not support it. */
export const splitStarts =
  <P extends string>(family: Family<P>, larger: Family<P>, points: Points.Points) =>
  (params: Params.Params<P>): ReadonlyArray<Params.Params<P>> => {
    const { points: about, toInternal, fromInternal } = Frame.of(family, points)
    const from = larger.fromMixture
    if (family.toMixture === undefined || from === undefined) return []
    const mixture = family.toMixture(toInternal(params))
    const { second, isShared }: Pick<MStep<P>, 'second' | 'isShared'> = larger.mStep ?? { second: 'trace' }
    const { splits } = Halves.splitCandidates(about, mixture, {
      second,
      isShared: isShared === true,
      leastRows: family.leastRows(points.dim),
      isThorough: true
    })
    return splits
      .flatMap((ofOne, k) => ofOne.map(split => ({ ...split, k })))
      .sort((a, b) => b.gain - a.gain)
      .slice(0, MAX_SPLIT_STARTS)
      .map(({ k, halves }) => fromInternal(from(Halves.mixtureWithSplit(mixture, k, halves))))
  }

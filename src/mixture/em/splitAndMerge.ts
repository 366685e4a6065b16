/** Split and merge moves (Ueda, Nakano, Ghahramani & Hinton 2000): out of the local maxima of a mixture's likelihood. */
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
  /** How many moves are tried before the mixture is left as it is. */
  readonly attempts: number
  /** Steps of expectation–maximization after which a move is judged. */
  readonly polish: number
  /** A move is given up where it would not raise the likelihood even if all steps left gained so many times what the last ones did; 1 unless given. */
  readonly patience?: number
  readonly varianceFloor: number
  /** The mean of the prior counts as so many rows, and moves raise the posterior; null for the likelihood. */
  readonly prior: number | null
}

/** Moves are looked for on so many rows, drawn again at each step; whether one is kept is decided on all rows. */
export const SURVEYED = 131_072

/** A move that gains less than this of the mean log-likelihood is not one out of a local maximum. */
const LEAST_GAIN = 1e-5

/** Steps before a move may be given up: the first ones gain more and more. */
const HASTE = 4

/** Steps of a leap. */
const LEAP = 3

/** Halves of one component whose gains differ by less are the same. */
const SAME_GAIN = 1e-4

/** So many ways to halve a component are tried. */
const WAYS = 2

/** A component whose least variance is at most so many times the floor is on its way there: its likelihood says nothing. */
const COLLAPSING = 10

/** One component put to halve another. */
interface SplitMergeMove<P extends string> {
  readonly removed: number
  readonly split: number
  /** What the halves are expected to gain, less what the loss of the component costs. */
  readonly promise: number
  readonly start: () => Params.Params<P>
}

/** All moves from given parameters, however promising; none where a family has not the way from and to mixtures. */
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
    /** The likeliest ways to halve a component that are not the same. */
    const waysOf = (split: number): ReadonlyArray<Halves.ComponentSplit> =>
      splits[split].filter(({ gain }, i) => i === 0 || splits[split][i - 1].gain - gain > SAME_GAIN).slice(0, WAYS)
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

/** Whether a family can be moved so. */
export const supportsSplitAndMerge = <P extends string>({
  toMixture,
  fromMixture,
  mStep,
  mirrored
}: Family<P>): boolean => !mirrored && toMixture !== undefined && fromMixture !== undefined && mStep !== undefined

/** Where a leap led: `value` of the parameters before its last step, how far the next may go, and how many steps it took. */
interface Leap<P extends string> extends ExpectationMaximization.Taken<P> {
  readonly reach: number
  readonly steps: number
}

/** A leap that proves good, or bad, lets the next go so many times farther, or less far. */
const FACTOR = 4

const subtractParams = Params.zipWith((a, b) => a - b)
const addParams = Params.zipWith((a, b) => a + b)

const squaredNorm = (values: Float64Array): number => values.reduce((sum, x) => sum + x * x, 0)

/** |r|/|v|, the mean over arrays: so it depends on the unit of none of them. */
const meanStepRatio = <P extends string>(along: Params.Params<P>, turn: Params.Params<P>): number => {
  const ratios = Params.names<P>(along).flatMap(name => {
    const length = squaredNorm(along[name].values)
    return length > 0 ? [squaredNorm(turn[name].values) / length] : []
  })
  return Math.sqrt(ratios.length / ratios.reduce((sum, x) => sum + x, 0))
}

/**
 * Three steps from parameters, or two where a third would go no farther: expectation–maximization in longer steps (SQUAREM; Varadhan & Roland
 * 2008), r = θ₁ − θ and θ₂ − θ₁ = r + v, and a third from θ + 2ar + a²v, a = |r|/|v|, which is kept where it is as likely as θ₁. On a slow way,
 * such as that off a saddle where two components are nearly one, these are a third of the steps, or fewer.
 */
const leap =
  <P extends string>(step: (params: Params.Params<P>) => ExpectationMaximization.Taken<P>) =>
  (params: Params.Params<P>, reach: number): Leap<P> => {
    const first = step(params)
    const second = step(first.params)
    const along = subtractParams(first.params, params)
    const turn = subtractParams(subtractParams(second.params, first.params), along)
    const most = meanStepRatio(along, turn)
    const length = Math.min(reach, most)
    const farther = most > reach ? FACTOR * reach : reach
    if (!(length > 1)) return { params: second.params, value: first.value, reach: farther, steps: 2 }
    const move = Params.zipWith((r, v) => 2 * length * r + length * length * v)(along, turn)
    const third = step(addParams(params, move))
    return third.value <= first.value && Params.isFiniteParams(third.params)
      ? { ...third, reach: farther, steps: 3 }
      : { params: second.params, value: first.value, reach: Math.max(1, reach / FACTOR), steps: 3 }
  }

/** Leaps one after another, each of them taken once, by who asks first. */
type LeapSequence<P extends string> = (next: ReturnType<typeof leap<P>>) => {
  readonly leap: Leap<P>
  readonly rest: LeapSequence<P>
}

const wayFrom = <P extends string>(start: () => Params.Params<P>, reach = 1): LeapSequence<P> =>
  remembered(
    next => {
      const leap = next(start(), reach)
      return { leap, rest: wayFrom(() => leap.params, leap.reach) }
    },
    () => null
  )

/** A move, and the way from its start. */
interface TriedMove<P extends string> extends Omit<SplitMergeMove<P>, 'start'> {
  readonly way: LeapSequence<P>
}

/** Where the steps of a move stand, and what the last ones gained. */
interface MoveState<P extends string> {
  readonly params: Params.Params<P> | null
  readonly value: number
  readonly rest: LeapSequence<P>
  readonly left: number
  readonly gain: number
  readonly isHopeless: boolean
}

/** The moves from parameters, and on what they depend beside the data. */
interface MoveSearch<P extends string> extends Pick<Options, 'varianceFloor' | 'prior'> {
  readonly family: object
  readonly params: Params.Params<P>
  readonly moves: ReadonlyArray<TriedMove<P>>
}

/**
 * What was looked for last on data, until it is asked for again: a stage that tries moves for longer follows another from the same
 * parameters.
 */
const searches = new WeakMap<Source.Data, MoveSearch<string>>()

/** Of more parameters leaps are not kept. */
const MAX_CACHED_NUMBERS = 1 << 12

const isSameParams = (a: Params.Params<string>, b: Params.Params<string>): boolean =>
  Params.names(a).every(name => sameNumbers(a[name].values, b[name].values))

/** What a step led to, and the move that it was; null where none raises the likelihood. */
export interface MoveResult<P extends string> extends ExpectationMaximization.Taken<P> {
  readonly move: { readonly removed: number; readonly split: number } | null
}

/**
 * The first of the most promising moves that raises the likelihood; the parameters as they are, when none does. A move
 * takes the component whose loss costs least and puts it to halve the one whose halves gain most. Of many rows a sample, by the key,
 * says which are promising.
 */
export const step = <P extends string>(
  family: Family<P>,
  options: Options,
  data: Source.Data,
  take?: ExpectationMaximization.Take<P>
): ((params: Params.Params<P>, key: Key.Key) => MoveResult<P>) => {
  const { attempts, polish, patience = 1, varianceFloor, prior } = options
  const { points: about, toInternal, fromInternal } = Frame.of(family, data)
  const leastRows = family.leastRows(data.dim)
  const judge = ExpectationMaximization.evaluateParams(family, data, prior, take)
  const em = ExpectationMaximization.step(family, varianceFloor, data, prior, take)
  const next = leap(em)
  /** After all steps; null as soon as there is no hope to get below the value in time. */
  const polishedFrom = ({ way }: TriedMove<P>, below: number): Params.Params<P> | null => {
    const { params, isHopeless } = iterate<MoveState<P>>(
      { params: null, value: Infinity, rest: way, left: polish, gain: Infinity, isHopeless: false },
      ({ value, rest: way, left, gain, isHopeless }) => {
        if (left <= 0 || isHopeless) return null
        const { leap, rest } = way(next)
        const gained = value - leap.value
        const isTooFar = (patience * gained * left) / LEAP < leap.value - below
        return {
          params: leap.params,
          value: leap.value,
          rest,
          left: left - leap.steps,
          gain: gained,
          // Off a saddle each leap gains more than the one before.
          isHopeless: isTooFar && gained <= gain && left <= polish - HASTE
        }
      }
    )
    return isHopeless ? null : params
  }
  /** How many components the floor alone holds up, or soon will. */
  const narrow = (params: Params.Params<P>): number =>
    family.toMixture === undefined
      ? 0
      : Mixture.atMinimumVariance(COLLAPSING * varianceFloor)(family.toMixture(params)).length
  const movesOn = (points: Points.Points): ProposeMoves<P> => movesOf(family, points)
  const movesFrom =
    data.rows > SURVEYED
      ? (key: Key.Key) => movesOn(pipe(key, Key.subset(data.rows, SURVEYED), Source.selectedRows)(about))
      : constant(movesOn(Source.isSource(about) ? Source.selectedRows(RA.makeBy(about.rows, i => i))(about) : about))
  const owner = snapshotOfData(data)
  /** All moves, the most promising first. */
  const triedFrom = (params: Params.Params<P>, key: Key.Key): ReadonlyArray<TriedMove<P>> => {
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
      .map(({ start, ...move }): TriedMove<P> => ({ ...move, way: wayFrom(() => fromInternal(start())) }))
    if (data.rows <= SURVEYED && Params.paramsSize(Params.shapes(params)) <= MAX_CACHED_NUMBERS)
      searches.set(owner, { family, varianceFloor, prior, params, moves })
    return moves
  }
  return (params, key) => {
    const { value, mass, lost } = judge(params)
    if (mass.length < 2) return { value, params, move: null }
    const moves = triedFrom(params, key)
    const tried = (move: TriedMove<P>): MoveResult<P> | null => {
      const { removed, split } = move
      const polished = polishedFrom(move, value - LEAST_GAIN)
      if (polished === null) return null
      const found = judge(polished)
      const isFixed = (k: number): boolean => found.mass[k] * data.rows >= leastRows
      const isHeld = narrow(polished) <= narrow(params)
      const holds = isFixed(removed) && isFixed(split) && found.lost <= lost && isHeld
      return found.value < value - LEAST_GAIN && holds ? { value, params: polished, move: { removed, split } } : null
    }
    return pipe(
      moves.slice(0, attempts),
      RA.findFirstMap(move => O.fromNullable(tried(move))),
      O.getOrElse((): MoveResult<P> => ({ value, params, move: null }))
    )
  }
}

/** So many of the most promising splits are starts for one component more. */
const GROWTHS = 3

/** Starts for one component more, each a component in two halves, the most promising first; none where a family has no such way. */
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
      .slice(0, GROWTHS)
      .map(({ k, halves }) => fromInternal(from(Halves.mixtureWithSplit(mixture, k, halves))))
  }

/**
 * Optimizers as data, and the types that follow from a description: what it remembers, and whether it must be given the
 * objective.
 */
import type * as Params from '../Params.js'
import type { Rate } from '../Rate.js'
import type { Region } from '../Region.js'
import type { Pairs } from './curvature.js'
import type { Centred, Counted, Largest, Lengths, Moments as Means, Second, Squares, Traced } from './elementwise.js'
import type { Averaged, Slow } from './iterates.js'
import type { Searched, Wolfe } from './lineSearch.js'
import type { Context } from './part.js'
import type { Plateau, Rated } from './value.js'

export interface Scale {
  readonly _tag: 'Scale'
  readonly factor: number
}

export interface Zero {
  readonly _tag: 'Zero'
}

export interface ScaleByRate {
  readonly _tag: 'ScaleByRate'
  readonly rate: Rate
}

export interface Trace {
  readonly _tag: 'Trace'
  readonly decay: number
}

export interface NesterovTrace {
  readonly _tag: 'NesterovTrace'
  readonly decay: number
}

export interface Sign {
  readonly _tag: 'Sign'
}

/** β_1 and β_2, the decays of the moving means of the gradient and its square, and ε, added to the root of the latter. */
export interface Moments {
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

export interface ScaleByAdam extends Moments {
  readonly _tag: 'ScaleByAdam'
}

export interface ScaleByAmsGrad extends Moments {
  readonly _tag: 'ScaleByAmsGrad'
}

export interface ScaleByNAdam extends Moments {
  readonly _tag: 'ScaleByNAdam'
}

export interface ScaleByRAdam extends Moments {
  readonly _tag: 'ScaleByRAdam'
}

/** The decay of the moving means, and ε, added to a root. */
export interface MovingRoot {
  readonly decay: number
  readonly epsilon: number
}

export interface ScaleByRms extends MovingRoot {
  readonly _tag: 'ScaleByRms'
}

export interface ScaleByStandardDeviation extends MovingRoot {
  readonly _tag: 'ScaleByStandardDeviation'
}

export interface ScaleByAdagrad {
  readonly _tag: 'ScaleByAdagrad'
  /** The sum of squares before the first gradient. */
  readonly start: number
  readonly epsilon: number
}

export interface ScaleByAdadelta extends MovingRoot {
  readonly _tag: 'ScaleByAdadelta'
}

export interface ScaleByLion {
  readonly _tag: 'ScaleByLion'
  readonly beta1: number
  readonly beta2: number
}

export interface ScaleByPolyak {
  readonly _tag: 'ScaleByPolyak'
  /** A number below which the objective does not fall. */
  readonly lowerBound: number
  /** No rate is above this. */
  readonly largest: number
}

export interface ReduceOnPlateau {
  readonly _tag: 'ReduceOnPlateau'
  /** What the scale is multiplied by. */
  readonly factor: number
  /** How many values in a row may fail to improve. */
  readonly patience: number
  /** A value improves when it is lower than the best by this share of it. */
  readonly tolerance: number
  /** How many values are passed over after a reduction. */
  readonly cooldown: number
  /** The scale does not fall below this. */
  readonly least: number
  /** The mean of so many values counts as one, against noise. */
  readonly window: number
}

export interface ScaleByLbfgs {
  readonly _tag: 'ScaleByLbfgs'
  /** How many steps back it looks. */
  readonly memory: number
}

export interface ScaleByNewton {
  readonly _tag: 'ScaleByNewton'
  /** Curvatures count as at least this share of the largest. */
  readonly floor: number
}

export interface LineSearch extends Wolfe {
  readonly _tag: 'LineSearch'
}

export interface ClipByValue {
  readonly _tag: 'ClipByValue'
  readonly most: number
}

export interface ClipByNorm {
  readonly _tag: 'ClipByNorm'
  readonly most: number
}

export interface ClipByGlobalNorm {
  readonly _tag: 'ClipByGlobalNorm'
  readonly most: number
}

export interface WeightDecay {
  readonly _tag: 'WeightDecay'
  readonly decay: number
}

export interface Project {
  readonly _tag: 'Project'
  readonly region: Region
}

export interface Average {
  readonly _tag: 'Average'
  readonly after: number
}

export interface MovingAverage {
  readonly _tag: 'MovingAverage'
  readonly decay: number
}

export interface Lookahead {
  readonly _tag: 'Lookahead'
  readonly every: number
  readonly share: number
}

export interface Only<N extends string = string, Part extends Optimizer = Optimizer> {
  readonly _tag: 'Only'
  readonly names: ReadonlyArray<N>
  readonly part: Part
}

export interface Partition<Rules extends Readonly<Record<string, Optimizer>> = Readonly<Record<string, Optimizer>>> {
  readonly _tag: 'Partition'
  readonly rules: Rules
}

export interface Chain<Parts extends ReadonlyArray<Optimizer> = ReadonlyArray<Optimizer>> {
  readonly _tag: 'Chain'
  readonly parts: Parts
}

// Interfaces break the recursion that plain aliases would have with themselves.
interface AnyOnly extends Only {}
interface AnyPartition extends Partition {}
interface AnyChain extends Chain {}

export type Optimizer =
  | Scale
  | Zero
  | ScaleByRate
  | Trace
  | NesterovTrace
  | Sign
  | ScaleByAdam
  | ScaleByAmsGrad
  | ScaleByNAdam
  | ScaleByRAdam
  | ScaleByRms
  | ScaleByStandardDeviation
  | ScaleByAdagrad
  | ScaleByAdadelta
  | ScaleByLion
  | ScaleByPolyak
  | ReduceOnPlateau
  | ScaleByLbfgs
  | ScaleByNewton
  | LineSearch
  | ClipByValue
  | ClipByNorm
  | ClipByGlobalNorm
  | WeightDecay
  | Project
  | Average
  | MovingAverage
  | Lookahead
  | AnyOnly
  | AnyPartition
  | AnyChain

/** The parts that look at the objective, beyond its gradient where the step starts. */
export type Looking = ScaleByPolyak | ReduceOnPlateau | ScaleByNewton | LineSearch

// —— states ——

interface StatesOf<A> {
  readonly Scale: null
  readonly Zero: null
  readonly ScaleByRate: Counted
  readonly Trace: Traced<A>
  readonly NesterovTrace: Traced<A>
  readonly Sign: null
  readonly ScaleByAdam: Means<A>
  readonly ScaleByAmsGrad: Largest<A>
  readonly ScaleByNAdam: Means<A>
  readonly ScaleByRAdam: Means<A>
  readonly ScaleByRms: Second<A>
  readonly ScaleByStandardDeviation: Centred<A>
  readonly ScaleByAdagrad: Squares<A>
  readonly ScaleByAdadelta: Lengths<A>
  readonly ScaleByLion: Traced<A>
  readonly ScaleByPolyak: Rated
  readonly ReduceOnPlateau: Plateau
  readonly ScaleByLbfgs: Pairs<A>
  readonly ScaleByNewton: null
  readonly LineSearch: Searched<A>
  readonly ClipByValue: null
  readonly ClipByNorm: null
  readonly ClipByGlobalNorm: null
  readonly WeightDecay: null
  readonly Project: null
  readonly Average: Averaged<A>
  readonly MovingAverage: Averaged<A>
  readonly Lookahead: Slow<A>
}

/** What each part remembers from step to step. */
export interface States<P extends string> extends StatesOf<Params.Params<P>> {}

/** The state of an optimizer that is not known to the compiler, nor is which of the parameters each part of it sees. */
export type AnyState<P extends string> =
  | StatesOf<Partial<Params.Params<P>>>[keyof StatesOf<unknown>]
  | ReadonlyArray<AnyState<P>>
  | { readonly [name: string]: AnyState<P> }

/**
 * The state of an optimizer; that of a chain is the list of its parts' states, that of a partition has one for each
 * name, and a part that sees only some names remembers only them.
 */
export type State<O, P extends string> = Optimizer extends O
  ? AnyState<P>
  : O extends { readonly _tag: 'Chain'; readonly parts: infer Parts }
    ? { readonly [I in keyof Parts]: State<Parts[I], P> }
    : O extends Only<infer N, infer Part>
      ? State<Part, N & P>
      : O extends Partition<infer Rules>
        ? { readonly [N in keyof Rules & P]: State<Rules[N], N> }
        : O extends { readonly _tag: keyof States<P> }
          ? States<P>[O['_tag']]
          : never

/** Whether a part of an optimizer looks at the objective, as far as the compiler knows its parts. */
type Looks<O> = Optimizer extends O
  ? false
  : O extends { readonly _tag: 'Chain'; readonly parts: ReadonlyArray<infer Part> }
    ? Looks<Part>
    : O extends Only<string, infer Part>
      ? Looks<Part>
      : O extends Partition<infer Rules>
        ? Looks<Rules[keyof Rules]>
        : O extends Looking
          ? true
          : false

/** What `update` must be given beside the gradient: the objective, if a part is known to look at it. */
export type ContextOf<O, P extends string> =
  true extends Looks<O> ? readonly [context: Context<P>] : readonly [context?: Context<P>]

export interface Transformation<
  P extends string,
  S,
  C extends ReadonlyArray<unknown> = readonly [context?: Context<P>]
> {
  readonly init: (params: Params.Params<P>) => S
  /**
   * The step to be added to the parameters, and the state after it. A part that looks at the objective throws a
   * RangeError where its context was left out.
   */
  readonly update: (
    gradient: Params.Params<P>,
    state: S,
    params: Params.Params<P>,
    ...context: C
  ) => readonly [Params.Params<P>, S]
}

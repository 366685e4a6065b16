/** What a network is, and how a part of one is defined. */
import { Case, concept as Concept, type Field } from '../../core/index.js'
import * as Params from '../../core/params.js'
import type { RowLevel, NamedOutputs } from '../../mixture/family.js'
import type { Tensor } from '../../../lib/index.js'

/** Where a part stands: how many numbers a row comes with, and how many the data have. */
export interface Site {
  readonly width: number
  readonly dim: number
}

/** How each number of an array begins: normal, with this mean and standard deviation. */
export interface Start {
  readonly mean: number
  readonly deviation: number
}

/** A part in its place. */
export interface Built<P extends string> {
  /** How many numbers a row goes on with. */
  readonly width: number
  readonly shapes: Params.Shapes<P>
  readonly starts: { readonly [K in P]: Start }
  /** [rows, place.width] → [rows, width], each row alone. */
  readonly apply: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** Of a network that ends in several heads, which `apply` gives side by side: how wide each is, and all of them by name. */
  readonly heads?: { readonly widths: Readonly<Record<string, number>>; readonly of: NamedOutputs<P> }
}

/** Tied to the names of its parameters, as the meaning of a score is. */
export interface Meaning<P extends string, H extends string = string> {
  readonly names: (place: Site) => ReadonlyArray<P>
  /** Only there for the compiler: what its heads are called. */
  readonly headed?: H
  readonly on: (place: Site) => unknown
}

/** A network, or a part of one, with parameters named `P`, and heads named `H` where it ends in several. */
export interface Net<P extends string, H extends string = string> extends Case.Value<'Net', Meaning<P, H>> {}

export const concept = Concept<Net<string>>('Net', 'a network, or a part of one, from which a score is made')

/** The network in its place. */
export const buildNet =
  (place: Site) =>
  <P extends string>(net: Net<P>): Built<P> =>
    // `Meaning` is made by `meaningOf` alone, of parts whose names are P.
    Case.meaning(net).on(place) as Built<P>

// —— networks of one's own ——

/** What a part says of itself in its place. */
export interface Part<P extends string> {
  /** How many numbers a row goes on with; unless given, as many as it comes with. */
  readonly width?: number
  /** Names and shapes of its parameters; none unless given. */
  readonly shapes?: Params.Shapes<P>
  /** How each array begins; unless given, at 0. */
  readonly starts?: { readonly [K in P]?: Start }
  /** [rows, place.width] → [rows, width], each row alone. */
  readonly apply: Built<P>['apply']
  readonly heads?: Built<P>['heads']
}

/**
 * A part with parameters of these shapes, whose names the function that follows knows.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { mul } from 'ornstein/float64'
 * import { Net } from 'ornstein'
 *
 * const gains = Net.define({
 *   name: 'gains',
 *   about: 'each number times a gain of its own, 1 at first',
 *   meaning: () => ({ width }) =>
 *     Net.withParameters(
 *       { gain: [width] },
 *       { starts: { gain: { mean: 1, deviation: 0 } }, apply: ({ gain }, x) => mul(x, gain) }
 *     )
 * })
 * assert.deepEqual(Net.shapes(2)(Net.chain(gains, Net.output())), { gain: [2], weights: [2, 2], bias: [2] })
 */
export const withParameters = <P extends string>(
  shapes: Params.Shapes<P>,
  part: Omit<Part<NoInfer<P>>, 'shapes'>
): Part<P> => ({ ...part, shapes })

/**
 * A part of one's own, with fields: it composes with ours, is trained, printed, counted and stored as they are.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { mul, sin } from 'ornstein/float64'
 * import { Field, Net, Parametrization, Score } from 'ornstein'
 *
 * // Sitzmann et al. 2020, arXiv 2006.09661.
 * const siren = Net.define({
 *   name: 'siren',
 *   about: 'sin(ω x)',
 *   fields: { frequency: Field.positive({ default: 30 }) },
 *   meaning: ({ frequency }) => () => ({ apply: (_, x) => sin(mul(frequency, x)) })
 * })
 * const net = Net.chain(Net.named('in', Net.linear(8)), siren({ frequency: 2 }), Net.named('out', Net.output()))
 * const score = Score.network(net, { predicts: Parametrization.noise })
 * assert.deepEqual(Score.shapes(3)(score), {
 *   'in.weights': [3, 8],
 *   'in.bias': [8],
 *   'out.weights': [8, 3],
 *   'out.bias': [3]
 * })
 */
export function define<
  const N extends string,
  P extends string = never,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null
>(spec: Case.Spec<N, F, (place: Site) => Part<P>, A, null>): Case.Constructor<Net<P>, N, F, A, null> {
  return Case.define('Net', {
    ...spec,
    meaning: (fields: Field.Of<F>): Meaning<P> => {
      const on = spec.meaning(fields)
      const built = (place: Site): Built<P> => {
        // Without parameters there is no name P.
        const { width = place.width, shapes = {} as Params.Shapes<P>, starts = {}, apply, heads } = on(place)
        const given: { readonly [K in P]?: Start } = starts
        const start = (_: ReadonlyArray<number>, name: string): Start => given[name as P] ?? { mean: 0, deviation: 0 }
        return {
          width,
          shapes,
          starts: Params.map<ReadonlyArray<number>, Start>(start)(shapes),
          apply,
          ...(heads && { heads })
        }
      }
      return { names: place => Params.names(built(place).shapes), on: built }
    }
  })
}

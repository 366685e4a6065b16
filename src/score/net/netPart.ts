/** Types of networks, and definitions of custom parts. */
import { Case, concept as Concept, type Field } from '../../core/index.js'
import * as Params from '../../core/params.js'
import type { RowLevel, NamedOutputs } from '../../mixture/family.js'
import type { Tensor } from '../../../lib/index.js'

/** Width of a part's input, and dimension of the data. */
export interface Site {
  readonly width: number
  readonly dim: number
}

/** Normal distribution of an array's initial entries. */
export interface Start {
  readonly mean: number
  readonly deviation: number
}

export interface Built<P extends string> {
  /** Width of the output. */
  readonly width: number
  readonly shapes: Params.Shapes<P>
  readonly starts: { readonly [K in P]: Start }
  /** [rows, place.width] → [rows, width], row by row. */
  readonly apply: (params: Params.Tensors<P>, x: Tensor, level: RowLevel) => Tensor
  /** Heads, which `apply` concatenates: widths, and a function that returns them by name. */
  readonly heads?: { readonly widths: Readonly<Record<string, number>>; readonly of: NamedOutputs<P> }
}

/** Meaning of a network, typed by its parameter names. */
export interface Meaning<P extends string, H extends string = string> {
  readonly names: (place: Site) => ReadonlyArray<P>
  /** Type only: names of heads. */
  readonly headed?: H
  readonly on: (place: Site) => unknown
}

/** A network or a part, with parameters `P`, and heads `H` if it ends in several. */
export interface Net<P extends string, H extends string = string> extends Case.Value<'Net', Meaning<P, H>> {}

export const concept = Concept<Net<string>>('Net', 'a network, or a part of one, from which a score is made')

/** Builds the network for its place. */
export const buildNet =
  (place: Site) =>
  <P extends string>(net: Net<P>): Built<P> =>
    // Only `meaningOf` makes a `Meaning`, from parts with the names P.
    Case.meaning(net).on(place) as Built<P>

// —— networks of one's own ——

/** Definition of a part in its place. */
export interface Part<P extends string> {
  /** Width of the output. Default: that of the input. */
  readonly width?: number
  /** Names and shapes of the parameters. Default: none. */
  readonly shapes?: Params.Shapes<P>
  /** Initial distribution of each array. Default: 0. */
  readonly starts?: { readonly [K in P]?: Start }
  /** [rows, place.width] → [rows, width], row by row. */
  readonly apply: Built<P>['apply']
  readonly heads?: Built<P>['heads']
}

/**
 * Builds a part with parameters of these shapes, which type the function that follows.
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
 * Defines a custom part with fields, composed, trained, printed and stored like the built-in ones.
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
        // Without parameters P has no names, so {} is complete.
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

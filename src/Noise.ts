/**
 * The noise of one evaluation, as an expectation draws it. What is drawn need not be a full standard normal vector:
 * where a mixture sees a point only through ⟨c_k, x⟩ and |x|², noise in the span of the centres and the squared length
 * of the rest say the same, with less variance.
 */
import { pipe } from 'fp-ts/lib/function.js'
import {
  add,
  div,
  fromNdArray,
  greater,
  Key,
  matMul,
  maximum,
  mul,
  Quadrature,
  sqrt,
  square,
  sub,
  sum,
  tensor,
  where,
  type Operand,
  type Tensor
} from '../lib/index.js'
import * as Expectation from './Expectation.js'
import { OUTSIDE, type Basis, type FullNoise, type SpanNoise } from './fused/pass.js'
import * as Points from './Points.js'

export type Noise = SpanNoise | FullNoise

/** One term of the mean over the noise; weights sum to 1. */
export interface Draw {
  readonly weight: number
  readonly noise: Noise
}

/** The span in which a mixture sees the noise, and whether it also sees the length of the rest. */
export interface Projection {
  readonly basis: Basis
  readonly seesNorm: boolean
}

const full =
  ({ rows, dim }: Points.Points) =>
  (key: Key.Key): Noise => ({ _tag: 'Full', values: Key.normal(rows * dim)(key) })

/**
 * Normal coordinates in the basis. Where only the mean of |z|² outside it matters, that is its dimension; where its
 * law matters, one normal along the part of x_0 outside the span, and a χ² for the other directions.
 */
const inSpan =
  ({ rows, dim }: Points.Points, { basis: { rank }, seesNorm }: Projection) =>
  (key: Key.Key): Noise => {
    const keys = pipe(key, Key.named('span', 'along', 'rest'))
    const outside = dim - rank
    const law = seesNorm && outside > 0
    return {
      _tag: 'Span',
      coordinates: Key.normal(rows * rank)(keys.span),
      shared: false,
      along: law ? Key.normal(rows)(keys.along) : null,
      rest: law ? Key.chiSquared(outside - 1)(rows)(keys.rest) : outside
    }
  }

const opposite = (noise: Noise): Noise =>
  noise._tag === 'Full'
    ? { ...noise, values: noise.values.map(z => -z) }
    : { ...noise, coordinates: noise.coordinates.map(z => -z), along: noise.along?.map(z => -z) ?? null }

const repeated = (
  { draws, antithetic }: { readonly draws: number; readonly antithetic: boolean },
  draw: (key: Key.Key) => Noise,
  key: Key.Key
): ReadonlyArray<Draw> =>
  Key.split(draws)(key).flatMap(one => {
    const noise = draw(one)
    return antithetic
      ? [noise, opposite(noise)].map(noise => ({ weight: 1 / (2 * draws), noise }))
      : [{ weight: 1 / draws, noise }]
  })

/** The draws of an expectation. `Compile` refuses `projected` and `quadrature` where there is nothing to project on. */
export const draws = (
  points: Points.Points,
  projection: Projection | null,
  key: Key.Key
): ((expectation: Expectation.Expectation) => ReadonlyArray<Draw>) =>
  Expectation.fold<ReadonlyArray<Draw>>({
    MonteCarlo: options => repeated(options, full(points), key),
    Projected: options => repeated(options, projection === null ? full(points) : inSpan(points, projection), key),
    Quadrature: ({ nodes }) => {
      const rule = Quadrature.gaussHermite(nodes)
      const rank = projection?.basis.rank ?? 0
      return Array.from(rule.nodes, (node, i) => ({
        weight: rule.weights[i],
        noise: {
          _tag: 'Span',
          coordinates: new Float64Array(rank).fill(node),
          shared: true,
          along: null,
          rest: points.dim - rank
        }
      }))
    },
    Fixed: ({ noise }) => [{ weight: 1, noise: { _tag: 'Full', values: noise.values } }]
  })

const norms = (x: Tensor): Tensor => sum(square(x), 1, true)

/** The noise in the vocabulary: what is drawn, [rows | 1, dim], and |z|² beyond it, a number or [rows, 1]. */
export const tensors = (
  noise: Noise,
  { rank, vectors }: Basis,
  points: Points.Points
): { readonly drawn: Tensor; readonly orthogonal: Operand } => {
  const { rows, dim } = points
  if (noise._tag === 'Full') return { drawn: tensor(noise.values, [rows, dim]), orthogonal: 0 }
  const { coordinates, shared, along, rest } = noise
  const basis = fromNdArray({ shape: [rank, dim], values: vectors })
  const drawn = matMul(tensor(coordinates, [shared ? 1 : rows, rank]), basis)
  const orthogonal = typeof rest === 'number' ? rest : tensor(rest, [rows, 1])
  if (along === null) return { drawn, orthogonal }
  const x = Points.tensor(points)
  const outside = sub(x, matMul(matMul(x, basis, { transposeB: true }), basis))
  const length = sqrt(norms(outside))
  const normal = tensor(along, [rows, 1])
  // A row in the span has no direction outside it: its normal is one of the χ²'s.
  const hasDirection = greater(length, mul(OUTSIDE, sqrt(add(norms(x), 1))))
  return {
    drawn: where(hasDirection, add(drawn, mul(div(normal, maximum(length, Number.MIN_VALUE)), outside)), drawn),
    orthogonal: where(hasDirection, orthogonal, add(orthogonal, square(normal)))
  }
}

/**
 * The noise of one evaluation, as an expectation draws it. What is drawn need not be a full standard normal vector:
 * where a mixture sees a point only through ⟨c_i, x⟩ and |x|², noise in the span of the centres and the squared length
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
  neg,
  Quadrature,
  sqrt,
  square,
  sub,
  sum,
  tensor,
  where,
  type NdArray,
  type Operand,
  type Tensor
} from '../lib/index.js'
import { rowSpace } from '../lib/linalg.js'
import * as Expectation from './Expectation.js'
import * as Points from './Points.js'
import type { Family } from './Score.js'

export interface Noise {
  /** z, or its part that is drawn: [rows, dim], or [1, dim] where all rows share it */
  readonly drawn: Tensor
  /** |z|² beyond that of what is drawn: a number or [rows, 1] */
  readonly orthogonal: Operand
}

/** One term of the mean over the noise. The noise is made when it is asked for, inside a computation. */
export interface Draw {
  readonly weight: number
  readonly noise: () => Noise
}

/** Which noise is drawn at given centres, [K, dim]. Null where the loss needs all of it. */
export interface Projection {
  readonly centres: NdArray
  readonly seesNorm: Family<string>['seesNorm']
}

const plain =
  ({ rows, dim }: Points.Points) =>
  (key: Key.Key): Noise => ({ drawn: tensor(Key.normal(rows * dim)(key), [rows, dim]), orthogonal: 0 })

const norms = (x: Tensor): Tensor => sum(square(x), 1, true)

/** ζ B for an orthonormal basis B of the span of the centres; what is left enters by its mean square. */
const inSpan =
  ({ rows, dim }: Points.Points, basis: NdArray) =>
  (key: Key.Key): Noise => {
    const rank = basis.shape[0]
    const coordinates = tensor(Key.normal(rows * rank)(key), [rows, rank])
    return { drawn: matMul(coordinates, fromNdArray(basis)), orthogonal: dim - rank }
  }

/**
 * As `inSpan`, where |x_t|² matters too: one normal along the part of x_0 orthogonal to the span, and a χ² for the
 * remaining directions.
 */
const inSpanAndNorm =
  (points: Points.Points, basis: NdArray) =>
  (key: Key.Key): Noise => {
    const { rows, dim } = points
    const { span, along, rest } = pipe(key, Key.named('span', 'along', 'rest'))
    const { drawn } = inSpan(points, basis)(span)
    const remaining = dim - basis.shape[0]
    if (remaining === 0) return { drawn, orthogonal: 0 }
    const x = Points.tensor(points)
    const b = fromNdArray(basis)
    const outside = sub(x, matMul(matMul(x, b, { transposeB: true }), b))
    const length = sqrt(norms(outside))
    // A row (nearly) in the span has no direction of its own: its normal is one of the χ²'s.
    const hasDirection = greater(length, mul(1e-9, sqrt(add(norms(x), 1))))
    const normal = tensor(Key.normal(rows)(along), [rows, 1])
    const chiSquared = tensor(Key.chiSquared(remaining - 1)(rows)(rest), [rows, 1])
    return {
      drawn: where(hasDirection, add(drawn, mul(div(normal, maximum(length, Number.MIN_VALUE)), outside)), drawn),
      orthogonal: where(hasDirection, chiSquared, add(chiSquared, square(normal)))
    }
  }

const signed = (noise: () => Noise, weight: number, antithetic: boolean): ReadonlyArray<Draw> =>
  antithetic
    ? [
        { weight: weight / 2, noise },
        {
          weight: weight / 2,
          noise: () => {
            const { drawn, orthogonal } = noise()
            return { drawn: neg(drawn), orthogonal }
          }
        }
      ]
    : [{ weight, noise }]

const repeated = (
  { draws, antithetic }: { readonly draws: number; readonly antithetic: boolean },
  draw: (key: Key.Key) => Noise,
  key: Key.Key
): ReadonlyArray<Draw> => Key.split(draws)(key).flatMap(one => signed(() => draw(one), 1 / draws, antithetic))

/** The draws of an expectation; their weights sum to 1. */
export const draws = (
  points: Points.Points,
  projection: Projection | null,
  key: Key.Key
): ((expectation: Expectation.Expectation) => ReadonlyArray<Draw>) =>
  Expectation.fold<ReadonlyArray<Draw>>({
    MonteCarlo: options => repeated(options, plain(points), key),
    Projected: options => {
      if (projection === null) return repeated(options, plain(points), key)
      const basis = rowSpace(projection.centres)
      return repeated(options, (projection.seesNorm ? inSpanAndNorm : inSpan)(points, basis), key)
    },
    Quadrature: ({ nodes }) => {
      const rule = Quadrature.gaussHermite(nodes)
      const direction = projection === null ? null : rowSpace(projection.centres)
      return Array.from(rule.nodes, (node, i) => ({
        weight: rule.weights[i],
        noise: () =>
          direction === null || direction.shape[0] === 0
            ? { drawn: tensor(new Float64Array(points.dim), [1, points.dim]), orthogonal: points.dim }
            : { drawn: mul(node, fromNdArray(direction)), orthogonal: points.dim - 1 }
      }))
    },
    Fixed: ({ noise }) => [{ weight: 1, noise: () => ({ drawn: fromNdArray(noise), orthogonal: 0 }) }]
  })

/**
 * The E-step of any family in the tensor vocabulary, for those without a pass of their own: responsibilities, and the moments
 * that an M-step asks for. Deviations are taken from the centres one by one, so that nothing depends on where 0 is.
 */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import {
  add,
  compute,
  concat,
  expandDims,
  fill,
  fromNdArray,
  logSumExp,
  matMul,
  mul,
  neg,
  reshape,
  softmax,
  square,
  sub,
  sum,
  tensor,
  transpose,
  type Tensor
} from '../../lib/index.js'
import * as Params from '../score/Params.js'
import type { Family, Moments, Second } from '../score/family.js'
import type { Points } from '../data/Points.js'
import type { Level } from '../schedule/Schedule.js'

export interface Found extends Moments {
  /** −Σ w log p(x) */
  readonly value: number
}

/** Numbers of [rows, K, dim] that are held at once. */
const BLOCK = 1 << 19

/** Σ r over deviations [rows, K, dim], flat. */
const seconds: Readonly<Record<Second, (r: Tensor, delta: Tensor) => ReadonlyArray<Tensor>>> = {
  none: () => [],
  trace: (r, delta) => [sum(mul(r, sum(square(delta), 2)), 0)],
  diagonal: (r, delta) => [reshape(sum(mul(expandDims(r, 2), square(delta)), 0), [-1])],
  full: (r, delta) => {
    const [weighted, plain] = [mul(expandDims(r, 2), delta), delta].map(each => transpose(each, [1, 0, 2]))
    return [reshape(matMul(weighted, plain, { transposeA: true }), [-1])]
  }
}

/** How many numbers each of `seconds` is, for K components. */
const sizes: Readonly<Record<Second, (dim: number) => number>> = {
  none: () => 0,
  trace: () => 1,
  diagonal: dim => dim,
  full: dim => dim * dim
}

/** What the rows, whose weights sum to 1, say of the components at a level. */
export const eStep =
  <P extends string>(family: Family<P>, second: Second, dim: number) =>
  (params: Params.Params<P>, { alpha, sigma }: Level, { rows, values }: Points, weights: Float64Array): Found => {
    const count = family.count(dim)
    const block = Math.max(1, Math.floor(BLOCK / (count * dim)))
    const parts = RA.makeBy(Math.ceil(rows / block), b => {
      const [from, to] = [b * block, Math.min(rows, (b + 1) * block)]
      return compute(() => {
        const own = Params.map(fromNdArray)(params)
        const x = tensor(values.subarray(from * dim, to * dim), [to - from, dim])
        const w = tensor(weights.subarray(from, to), [to - from, 1])
        const level = { alpha: fill([1, 1], alpha), sigma: fill([1, 1], sigma) }
        const { centres, logWeights, logDensity } = family.components(own, dim)
        const logs = add(logDensity(x, level), expandDims(logWeights, 0))
        const r = mul(w, softmax(logs))
        const delta = sub(expandDims(x, 1), expandDims(mul(alpha, centres), 0))
        return concat([
          reshape(neg(sum(mul(w, logSumExp(logs, 1, true)))), [1]),
          sum(r, 0),
          reshape(sum(mul(expandDims(r, 2), delta), 0), [-1]),
          ...seconds[second](r, delta)
        ])
      }).values
    })
    const found = parts.reduce((total, part) => total.map((value, at) => value + part[at]))
    const after = 1 + count + count * dim
    return {
      value: found[0],
      mass: found.slice(1, 1 + count),
      sums: found.slice(1 + count, after),
      second: found.slice(after, after + count * sizes[second](dim))
    }
  }

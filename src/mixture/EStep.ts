/**
 * The E-step of families without a pass of their own: responsibilities, and the moments that an M-step asks for. A family that
 * says which Gaussians it is has it in plain loops (`kernels/moments.ts`), any other in the tensor vocabulary. Deviations are
 * taken from the centres one by one, so that nothing depends on where 0 is.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Compiler from '../../lib/compiler/index.js'
import {
  add,
  compute,
  concat,
  expandDims,
  fromNdArray,
  logSumExp,
  matMul,
  mul,
  neg,
  reshape,
  scalar,
  softmax,
  square,
  sub,
  sum,
  tensor,
  transpose,
  type NdArray,
  type Tensor
} from '../../lib/index.js'
import * as Elementary from '../../lib/elementary.js'
import * as Factor from '../../lib/factor.js'
import { moments, widthOf, type Component, type Found } from './kernels/moments.js'
import { factorsOf } from './draw.js'
import * as Mixture from './Mixture.js'
import * as Params from '../score/Params.js'
import type { Family, Second } from '../score/family.js'
import type { Points } from '../data/Points.js'
import type { Level } from '../schedule/Schedule.js'

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

type EStep<P extends string> = (params: Params.Params<P>, level: Level, points: Points, weights: Float64Array) => Found

/** What the rows, whose weights sum to 1, say of the components at a level. */
export const eStep = <P extends string>(family: Family<P>, second: Second, dim: number): EStep<P> =>
  pipe(
    family.toMixture,
    O.match(
      () => inVocabulary(family, second, dim),
      (toMixture): EStep<P> =>
        (params, level, points, weights) =>
          moments(gaussians(level, toMixture(params)), second, points, weights)
    )
  )

/** The components of a mixture at a level, as the loops read them. */
export const gaussians = (level: Level, mixture: Mixture.Mixture): ReadonlyArray<Component> => {
  const there = level.sigma === 0 && level.alpha === 1 ? mixture : Mixture.diffuse(level)(mixture)
  const [, dim] = there.means.shape
  const logs = Mixture.logWeights(there.weights)
  return factorsOf(there).map((factor, k) => ({
    constant: logs[k] - Factor.logDeterminant(factor, dim) - (dim / 2) * Elementary.log(2 * Math.PI),
    centre: there.means.values.subarray(k * dim, (k + 1) * dim),
    factor: factor.values
  }))
}

/** Rows × components × dimensions from which compiling, some tens of milliseconds, is worth it even for a few steps. */
const WORTH = 1e5

/** −log-likelihood, and the moments as `Found` has them, of rows x [rows, dim] and weights [rows, 1]; each flat. */
const statistics =
  <P extends string>(family: Family<P>, second: Second, dim: number) =>
  (own: Params.Tensors<P>, x: Tensor, w: Tensor, alpha: Tensor, sigma: Tensor): ReadonlyArray<Tensor> => {
    const level = { alpha: reshape(alpha, [1, 1]), sigma: reshape(sigma, [1, 1]) }
    const { centres, logWeights, logDensity } = family.components(own, dim)
    const logs = add(logDensity(x, level), expandDims(logWeights, 0))
    const r = mul(w, softmax(logs))
    const delta = sub(expandDims(x, 1), expandDims(mul(alpha, centres), 0))
    return [
      reshape(neg(sum(mul(w, logSumExp(logs, 1, true)))), [1]),
      sum(r, 0),
      reshape(sum(mul(expandDims(r, 2), delta), 0), [-1]),
      ...seconds[second](r, delta)
    ]
  }

/** The same of any family, whatever its components are: as a program, where there are many rows and one can be made. */
export const inVocabulary = <P extends string>(family: Family<P>, second: Second, dim: number): EStep<P> => {
  const count = family.count(dim)
  const of = statistics(family, second, dim)
  const library = Compiler.library()
  const interpreted: EStep<P> = (params, { alpha, sigma }, { rows, values }, weights) => {
    const block = Math.max(1, Math.floor(BLOCK / (count * dim)))
    const parts = RA.makeBy(Math.ceil(rows / block), b => {
      const [from, to] = [b * block, Math.min(rows, (b + 1) * block)]
      return compute(() =>
        concat(
          of(
            Params.map(fromNdArray)(params),
            tensor(values.subarray(from * dim, to * dim), [to - from, dim]),
            tensor(weights.subarray(from, to), [to - from, 1]),
            scalar(alpha),
            scalar(sigma)
          )
        )
      ).values
    })
    const found = parts.reduce((total, part) => total.map((value, at) => value + part[at]))
    const after = 1 + count + count * dim
    return {
      value: found[0],
      mass: found.slice(1, 1 + count),
      sums: found.slice(1 + count, after),
      second: found.slice(after, after + count * widthOf(second, dim))
    }
  }
  return (params, level, points, weights) => {
    const { rows, values } = points
    if (rows * count * dim < WORTH) return interpreted(params, level, points, weights)
    const signature: Compiler.Signature = {
      params: Params.shapes(params),
      rows: { x: { shape: [dim], from: 'data' }, w: { shape: [1], from: 'call' } },
      constants: { alpha: [], sigma: [] }
    }
    return pipe(
      library.program(
        family,
        signature,
        ({ params: own, rows: { x, w }, constants: { alpha, sigma } }) => {
          // the parameters of the signature are the family's
          const [value, mass, sums, found] = of(own as Params.Tensors<P>, x, w, alpha, sigma)
          return { others: { value, mass, sums, ...(second !== 'none' && { found }) } }
        },
        false
      ),
      E.match(
        () => interpreted(params, level, points, weights),
        program => {
          const { value, mass, sums, found } = program.run({
            rows,
            params: Params.map<NdArray, Float64Array>(({ values }) => values)(params),
            given: { x: values, w: weights },
            constants: { alpha: [level.alpha], sigma: [level.sigma] }
          }).others as Readonly<Partial<Record<string, NdArray>>>
          const flat = (array?: NdArray): Float64Array => array?.values ?? new Float64Array(0)
          return { value: flat(value)[0], mass: flat(mass), sums: flat(sums), second: flat(found) }
        }
      )
    )
  }
}

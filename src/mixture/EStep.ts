/**
 * The E-step of families without a pass of their own: responsibilities, and the moments that an M-step asks for. Of many rows it
 * is a program of what the family says in the tensor vocabulary; of few, plain loops where the family says which Gaussians it is
 * (`kernels/moments.ts`), and the vocabulary op by op where not. Deviations are taken from the centres one by one, so that
 * nothing depends on where 0 is.
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
import * as Strands from '../../lib/strands.js'
import { stretch } from '../../lib/stretches.js'
import { moments, widthOf, type Component, type Found } from './kernels/moments.js'
import { weightsOf, type Rows } from './kernels/pass.js'
import { factorsOf } from './draw.js'
import * as Mixture from './Mixture.js'
import * as Params from '../score/Params.js'
import type { Family, Second } from '../score/family.js'
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

type EStep<P extends string> = (params: Params.Params<P>, level: Level, rows: Rows) => Strands.Sum<Found>

/** What the rows say of the components at a level. */
export const eStep = <P extends string>(family: Family<P>, second: Second, dim: number): EStep<P> =>
  pipe(
    family.toMixture,
    O.match(
      () => inVocabulary(family, second, dim),
      toMixture => inVocabulary(family, second, dim, inLoops(toMixture, second))
    )
  )

/** The same of Gaussians, in plain loops. */
export const inLoops =
  <P extends string>(toMixture: (params: Params.Params<P>) => Mixture.Mixture, second: Second): EStep<P> =>
  (params, level, rows) =>
    moments(gaussians(level, toMixture(params)), second, rows)

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

/** Rows × components × dimensions from which compiling, some tens of milliseconds, is worth it for a dozen of steps that else take these. */
const WORTH = { loops: 5e5, interpreter: 1e5 }

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

/**
 * The same of any family, whatever its components are: as a program, where there are many rows and one can be made, and else by
 * what serves few, which is the vocabulary op by op unless given.
 */
export const inVocabulary = <P extends string>(
  family: Family<P>,
  second: Second,
  dim: number,
  ofFew?: EStep<P>
): EStep<P> => {
  const count = family.count(dim)
  const of = statistics(family, second, dim)
  const library = Compiler.library()
  const [afterMass, afterSums] = [1 + count, 1 + count + count * dim]
  const found = (sums: Float64Array): Found => ({
    value: sums[0],
    mass: sums.slice(1, afterMass),
    sums: sums.slice(afterMass, afterSums),
    second: sums.slice(afterSums)
  })
  const interpreted: EStep<P> = (params, { alpha, sigma }, data) => {
    const { rows, x } = data
    const weights = weightsOf(data)
    const block = Math.max(1, Math.floor(BLOCK / (count * dim)))
    const width = afterSums + count * widthOf(second, dim)
    const some = (first: number, number: number): Float64Array =>
      compute(() =>
        concat(
          of(
            Params.map(fromNdArray)(params),
            tensor(stretch(x, dim, first, number), [number, dim]),
            tensor(stretch(weights, 1, first, number), [number, 1]),
            scalar(alpha),
            scalar(sigma)
          )
        )
      ).values
    const strands = Strands.each(rows, width, (first, number, into) => {
      RA.makeBy(Math.ceil(number / block), b => b * block).forEach(from => {
        Strands.add(into, some(first + from, Math.min(block, number - from)))
      })
    })
    return { rows, width, strands, found }
  }
  const [few, worth] = ofFew === undefined ? [interpreted, WORTH.interpreter] : [ofFew, WORTH.loops]
  return (params, level, data) => {
    const { rows, x, passing } = data
    if (rows * count * dim < worth) return few(params, level, data)
    const signature: Compiler.Signature = {
      params: Params.shapes(params),
      rows: { x: { shape: [dim], from: passing ? 'call' : 'data' }, w: { shape: [1], from: 'call' } },
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
        () => few(params, level, data),
        program =>
          pipe(
            program.sum({
              rows,
              params: Params.map<NdArray, Float64Array>(({ values }) => values)(params),
              given: { x, w: weightsOf(data) },
              constants: { alpha: [level.alpha], sigma: [level.sigma] }
            }),
            Strands.map(({ others }) => {
              const { value, mass, sums, found } = others as Readonly<Partial<Record<string, NdArray>>>
              const flat = (array?: NdArray): Float64Array => array?.values ?? new Float64Array(0)
              return { value: flat(value)[0], mass: flat(mass), sums: flat(sums), second: flat(found) }
            })
          )
      )
    )
  }
}

/** EM step of a family with its own sufficient statistics. */
import { pipe } from 'fp-ts/lib/function.js'
import * as Compiler from '../../../lib/compiler/index.js'
import {
  add,
  expandDims,
  logSumExp,
  mul,
  neg,
  reshape,
  softmax,
  sum,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import { refuse } from '../../../lib/plain/refuse.js'
import * as Reductions from '../../../lib/rows/reduction.js'
import { cleanLevel, type Family, type Sufficient } from '../family.js'
import * as Params from '../../core/params.js'
import type { WeightedRows } from '../dataRows.js'
import { compiledSums as summedRows } from './eStep.js'
import type { EMStepResult } from './emStepResult.js'

type NamedTensors = Readonly<Record<string, Tensor>>

/** Returns −log-likelihood [1], Σ r [K], and Σ r s [K, …] of each statistic s. */
const sufficientSums =
  <P extends string>({ components }: Family<P>, { statistics }: Sufficient<P>, dim: number) =>
  (
    params: Params.Tensors<P>,
    x: Tensor,
    w: Tensor
  ): { readonly value: Tensor; readonly mass: Tensor; readonly own: NamedTensors } => {
    const { logWeights, logDensity } = components(params, dim)
    const joint = add(logDensity(x, cleanLevel()), expandDims(logWeights, 0))
    const r = mul(w, softmax(joint))
    const weighed = (s: Tensor): Tensor =>
      sum(mul(s.rank <= 2 ? r : reshape(r, [...r.shape, ...s.shape.slice(2).map(() => 1)]), s), 0)
    return {
      value: reshape(neg(sum(mul(w, logSumExp(joint, 1, true)))), [1]),
      mass: sum(r, 0),
      own: Object.fromEntries(Object.entries(statistics(params, x)).map(([name, s]) => [name, weighed(s)]))
    }
  }

/** Part of each array for component k of `count`. */
const componentSlice = (
  k: number,
  count: number
): (<Q extends string>(all: Params.Params<Q>) => { readonly [K in Q]: Float64Array }) =>
  Params.map<NdArray, Float64Array>(({ values }) => {
    const width = values.length / count
    return values.subarray(k * width, (k + 1) * width)
  })

/** Maximizing parameters given the sums. Throws if `each` returns arrays of the wrong size. */
const maximiseSums = <P extends string>(
  { maximise, each }: Sufficient<P>,
  params: Params.Params<P>,
  sums: Readonly<Record<string, NdArray>> & { readonly mass: NdArray },
  dim: number
): Params.Params<P> => {
  if (each === undefined) return maximise(params, sums, dim)
  const { values: mass } = sums.mass
  const all = Array.from(mass, (_, k): Readonly<Record<string, number | ArrayLike<number>>> => {
    const own = componentSlice(k, mass.length)
    return { logits: Elementary.log(mass[k]), ...each(own(params), own(sums), dim) }
  })
  return Params.map<NdArray, NdArray>(({ shape, values }, name) => {
    const found = all.flatMap(one => (typeof one[name] === 'number' ? [one[name]] : Array.from(one[name] ?? [])))
    return shape[0] === mass.length && found.length === values.length
      ? { shape, values: Float64Array.from(found) }
      : refuse(
          `each: ${name} of shape [${shape.join(', ')}] is given ${found.length} numbers by ${mass.length} components; give those of a component, or say \`maximise\` of all`
        )
  })(params)
}

/** EM step at time 0, as a sum over the rows. Throws if rows have missing cells. */
export const sufficientStepReduction = <P extends string>(
  family: Family<P>,
  sufficient: Sufficient<P>,
  data: WeightedRows
): ((params: Params.Params<P>) => Reductions.Reduction<EMStepResult<P>>) => {
  if (data.misses === true) return refuse('a family of its own statistics is not learned from missing cells')
  const { dim } = data
  const of = sufficientSums(family, sufficient, dim)
  const sums = summedRows(Compiler.library(), sufficient, data, (params: Params.Tensors<P>, x, w) => {
    const { own, ...rest } = of(params, x, w)
    return { ...rest, ...own }
  })
  return params =>
    pipe(
      sums(params),
      Reductions.mapReduction(({ value, mass, ...own }) => ({
        value: value.values[0],
        params: maximiseSums(sufficient, params, { mass, ...own }, dim)
      }))
    )
}

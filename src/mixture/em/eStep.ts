/**
 * E-step: responsibilities and moments about each centre, by a compiled program for many complete rows; otherwise by plain loops
 * (`eStepLoops.ts`), or op by op if the family has no `toMixture`.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as RR from 'fp-ts/lib/ReadonlyRecord.js'
import * as Compiler from '../../../lib/compiler/index.js'
import {
  add,
  compute,
  expandDims,
  fill,
  fromNdArray,
  log,
  matMul,
  mul,
  neg,
  reshape,
  scalar,
  slice,
  square,
  squaredDistances,
  sub,
  sum,
  tensor,
  transpose,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import { refuse } from '../../../lib/plain/refuse.js'
import { remembered } from '../../../lib/plain/remembered.js'
import * as Reductions from '../../../lib/rows/reduction.js'
import { stretch } from '../../../lib/rows/stretches.js'
import { isGaussian, componentsAndBackground } from '../component.js'
import * as Tensors from '../families/tensors.js'
import { secondMomentWidth } from './rowKernels.js'
import { asGaussian, momentReduction, type MomentsAndEntropy, type MomentSums } from './eStepLoops.js'
import * as Scaled from './scaled.js'
import * as Student from '../student.js'
import * as FromGradient from './fromGradient.js'
import * as Mixture from '../mixture.js'
import type { WeightedRows } from '../dataRows.js'
import * as Params from '../../core/params.js'
import type { Family, MStep, Second } from '../family.js'
import { CLEAN, type Level } from '../../schedule/dynamics.js'

/** Maximum size of a [rows, K, dim] tensor, in numbers. */
const MAX_TENSOR_NUMBERS = 1 << 19

/** Σ r δ² or Σ r δδᵀ of deviations δ [rows, K, dim], from r δ and δ. */
const sumSecondMoments: Readonly<Record<'diagonal' | 'full', (r: Tensor, pulled: Tensor, delta: Tensor) => Tensor>> = {
  diagonal: (_, pulled, delta) => sum(mul(pulled, delta), 0),
  full: (_, pulled, delta) => {
    const byComponent = (each: Tensor): Tensor => transpose(each, [1, 0, 2])
    return matMul(byComponent(pulled), byComponent(delta), { transposeA: true })
  }
}

/**
 * Σ r δ of each component, and second moments summed over the components, from the residuals e = x − Σ_k q_k m_k, q = p(k | x). With
 * G = Σ r qᵀ,
 *
 *     Σ r_k δ_k = Σ r_k e + Σ_l G_kl (m_l − m_k),    Σ_k Σ r_k δ_k δ_kᵀ = Σ w e eᵀ + ½ Σ_kl G_kl (m_k − m_l)(m_k − m_l)ᵀ.
 *
 * No terms have opposite signs, so distant components cost no digits.
 */
const pooledMoments = (
  second: 'diagonal' | 'full',
  { x, q, r, centres }: Readonly<Record<'x' | 'q' | 'r' | 'centres', Tensor>>
): Pick<TensorStatistics, 'sums' | 'about'> => {
  const [count, dim] = centres.shape
  const e = sub(x, matMul(q, centres))
  const own = mul(sum(r, 1, true), e)
  const g = matMul(r, q, { transposeA: true })
  const apart = sub(expandDims(centres, 0), expandDims(centres, 1))
  const pairs = reshape(apart, [count * count, dim])
  const shares = mul(0.5, reshape(g, [count * count, 1]))
  const sums = add(matMul(r, e, { transposeA: true }), sum(mul(expandDims(g, 2), apart), 1))
  const about =
    second === 'full'
      ? add(matMul(own, e, { transposeA: true }), matMul(mul(shares, pairs), pairs, { transposeA: true }))
      : add(sum(mul(own, e), 0), sum(mul(shares, square(pairs)), 0))
  return { sums: reshape(sums, [-1]), about: reshape(about, [-1]) }
}

/** `isShared`: only the moments' sum over the components is needed. */
type MomentRequest = Pick<MStep<string>, 'second' | 'isShared' | 'hasCommonAxes'>

/** Requests pooled second moments if they suffice and cost less. */
const pooledIfCheaper = ({ second, isShared = false }: MomentRequest, count: number, dim: number): MomentRequest => ({
  second,
  isShared: isShared && count <= secondMomentWidth(second, dim)
})

type RowStatistics = Pick<MomentsAndEntropy, 'value' | 'assignmentEntropy' | 'mass' | 'backgroundCount'>

type EStep<P extends string> = (
  params: Params.Params<P>,
  level: Level,
  rows: WeightedRows
) => Reductions.Reduction<MomentSums>

/** Returns the E-step at a noise level. */
export const eStep = <P extends string>(family: Family<P>, kind: MomentRequest, dim: number): EStep<P> => {
  const { toMixture } = family
  if (toMixture === undefined) return tensorEStep(family, kind, dim)
  const turned = kind.hasCommonAxes ? tensorEStep(family, kind, dim) : null
  return (params, level, data) => {
    const mixture = toMixture(params)
    // Noised Student-t components are sums over precisions, which only the loops compute.
    const isWhole = data.misses !== true && data.errors === undefined && (isNoiseFree(level) || isGaussian(mixture))
    const work = operationCount({ second: kind.second, count: Mixture.components(mixture), dim, rows: data.rows })
    if (!isWhole || work < COMPILING_PAYS_FROM.loops) return eStepMoments(mixture, level, kind.second, data)
    return turned !== null && work >= COMPILING_PAYS_FROM.interpreter
      ? turned(params, level, data)
      : compiledEStep(kind)(mixture, level, data)
  }
}

const eStepMoments = (
  mixture: Mixture.Mixture,
  level: Level,
  second: Second,
  rows: WeightedRows
): Reductions.Reduction<MomentSums> =>
  rows.errors !== undefined
    ? momentReduction(componentsAndBackground(mixture), second, rows, { errors: rows.errors, level })
    : isGaussian(mixture) || isNoiseFree(level)
      ? momentReduction(componentsAndBackground(mixtureAtLevel(level, mixture)), second, rows)
      : Scaled.momentsAtLevel(mixture, level, second, rows)

const isNoiseFree = ({ alpha, sigma }: Level): boolean => sigma === 0 && alpha === 1

const mixtureAtLevel = (level: Level, mixture: Mixture.Mixture): Mixture.Mixture =>
  isNoiseFree(level) ? mixture : Mixture.diffuse(level)(mixture)

/**
 * Number of operations from which compiling (tens of milliseconds) pays in dozens of EM steps. `description`: in one evaluation, as rows
 * times numbers of the factors.
 */
const COMPILING_PAYS_FROM = { loops: 4e5, interpreter: 1e6, description: 5e7 }

/** Cost of one e^x, in operations. */
const COMPONENT_OPERATIONS = 20

interface EStepSize {
  readonly second: Second
  readonly count: number
  readonly dim: number
  readonly rows: number
}

const operationCount = ({ second, count, dim, rows }: EStepSize): number =>
  rows * count * (COMPONENT_OPERATIONS + Math.max(dim, secondMomentWidth(second, dim)))

/** Describes how an E-step over `rows` rows runs. */
export const eStepDescription = <P extends string>(
  { toMixture, count }: Pick<Family<P>, 'toMixture' | 'count'>,
  { second }: MomentRequest,
  dim: number,
  rows: number
): string => {
  const work = operationCount({ second, count: count(dim), dim, rows })
  const isInterpreted = toMixture === undefined
  if (work >= COMPILING_PAYS_FROM[isInterpreted ? 'interpreter' : 'loops']) return 'by a program over the rows'
  return isInterpreted ? 'op by op' : 'in plain loops'
}

/** Sums over rows with weights [rows | 1, 1], each flat. */
interface TensorStatistics {
  /** −Σ w log p(x) */
  readonly value: Tensor
  /** Σ r; Σ r E[g | x] if components are Student-t. */
  readonly mass: Tensor
  readonly sums: Tensor
  /** Absent without second moments. */
  readonly about?: Tensor
  /** Σ r of Student-t components. `logs`: Σ r (log E[g | x] − E[g | x]). */
  readonly whole?: Tensor
  readonly logs?: Tensor
  /** Absent without a background. */
  readonly backgroundCount?: Tensor
}

const tensorStatistics = (
  { second, isShared }: MomentRequest,
  { joint, centres, counts }: Tensors.MixtureAtRows,
  x: Tensor,
  w: Tensor
): TensorStatistics => {
  const [count] = centres.shape
  const { q, beyond, logs } = Tensors.tensorPosterior(joint)
  const hasBackground = joint.shape[1] > count
  const responsible = mul(w, q)
  const whole = hasBackground ? slice(responsible, [0, 0], [-1, count]) : responsible
  const r = counts ? mul(whole, counts) : whole
  const mass = sum(r, 0)
  const moments = (): Pick<TensorStatistics, 'sums' | 'about'> => {
    if (second === 'none' || second === 'trace') {
      const middle = mul(1 / count, sum(centres, 0, true))
      const sums = add(matMul(r, sub(x, middle), { transposeA: true }), mul(expandDims(mass, 1), sub(middle, centres)))
      const scatter = (): Tensor => sum(mul(r, squaredDistances(x, centres)), 0)
      return { sums: reshape(sums, [-1]), ...(second === 'trace' && { about: scatter() }) }
    }
    if (isShared) return pooledMoments(second, { x, q, r, centres })
    const delta = sub(expandDims(x, 1), expandDims(centres, 0))
    const pulled = mul(expandDims(r, 2), delta)
    return { sums: reshape(sum(pulled, 0), [-1]), about: reshape(sumSecondMoments[second](r, pulled, delta), [-1]) }
  }
  return {
    value: reshape(neg(sum(mul(w, add(beyond, logs)))), [1]),
    mass,
    ...moments(),
    ...(counts && { whole: sum(whole, 0), logs: sum(mul(whole, sub(log(counts), counts)), 0) }),
    ...(hasBackground && { backgroundCount: sub(reshape(sum(responsible), [1]), reshape(sum(whole), [1])) })
  }
}

/** Divides pooled second moments among the components by their counts. */
const finishMoments = (
  { second, isShared }: MomentRequest,
  dim: number,
  {
    value,
    mass,
    sums,
    about = EMPTY_ARRAY,
    whole,
    logs,
    backgroundCount
  }: Readonly<Record<'value' | 'mass' | 'sums', NdArray>> & Partial<Readonly<Record<keyof TensorStatistics, NdArray>>>,
  tails: Float64Array | undefined
): MomentSums => {
  const own = {
    mass: mass.values,
    sums: sums.values,
    second: isShared ? FromGradient.sharedByMass(mass.values, about.values) : about.values
  }
  const all = whole?.values ?? own.mass
  const weighed =
    logs === undefined
      ? own
      : asGaussian(second, dim, {
          ...own,
          mass: all,
          weighed: own.mass,
          logs: logs.values.map(
            (sum, k) => sum + (tails && tails[k] < Infinity ? all[k] * Student.meanLogPrecisionGap(tails[k], dim) : 0)
          )
        })
  return { value: value.values[0], ...weighed, ...(backgroundCount && { backgroundCount: backgroundCount.values[0] }) }
}

const EMPTY_ARRAY: NdArray = { shape: [0], values: new Float64Array(0) }

interface ProgramInputs {
  readonly rows: Compiler.Signature['rows']
  readonly constants: Compiler.Signature['constants']
  readonly given: Compiler.Call['given']
  readonly numbers: Compiler.Call['constants']
  readonly of: (inputs: Compiler.Inputs) => Tensor
}

const programInputs = ({ rows, dim, x, weights, passing }: WeightedRows): ProgramInputs => {
  const from = passing ? 'call' : 'data'
  return weights === null
    ? {
        rows: { x: { shape: [dim], from } },
        constants: { ofEach: [] },
        given: { x },
        numbers: { ofEach: [1 / rows] },
        of: ({ constants: { ofEach } }) => reshape(ofEach, [1, 1])
      }
    : {
        rows: { x: { shape: [dim], from }, w: { shape: [1], from } },
        constants: {},
        given: { x, w: weights },
        numbers: {},
        of: ({ rows: { w } }) => w
      }
}

/** Builds named sums; weights w are [rows | 1, 1]. */
type BuildSums<P extends string> = (
  own: Params.Tensors<P>,
  x: Tensor,
  w: Tensor,
  numbers: Compiler.Inputs['constants']
) => Readonly<Record<string, Tensor>>

/** Sums over rows by a compiled program; Left: the reason if it cannot be compiled. */
export const tryCompiledSums =
  (library: Compiler.Library, of: object | string, data: WeightedRows) =>
  <P extends string>(
    params: Params.Params<P>,
    numbers: Readonly<Record<string, number>>,
    write: BuildSums<P>
  ): E.Either<string, Reductions.Reduction<Readonly<Record<string, NdArray>>>> => {
    const weighed = programInputs(data)
    const { rows } = data
    return pipe(
      library.program(
        of,
        {
          params: Params.shapes(params),
          rows: weighed.rows,
          constants: { ...RR.map(() => [])(numbers), ...weighed.constants }
        },
        inputs => ({
          // The signature has exactly these parameters.
          others: write(inputs.params as Params.Tensors<P>, inputs.rows.x, weighed.of(inputs), inputs.constants)
        }),
        false
      ),
      E.map(program =>
        pipe(
          program.sum({
            rows,
            params: Params.paramNumbers(params),
            given: weighed.given,
            constants: { ...RR.map((x: number) => [x])(numbers), ...weighed.numbers }
          }),
          Reductions.mapReduction(({ others }) => others)
        )
      )
    )
  }

/** Sums over rows, op by op, at most `maxRows` rows at a time. Default: all rows of a chunk. */
const summedOpByOp = <P extends string>(
  { rows, dim, x, weights }: WeightedRows,
  write: BuildSums<P>,
  maxRows = Infinity
): ((
  params: Params.Params<P>,
  numbers: Readonly<Record<string, number>>
) => Reductions.Reduction<Readonly<Record<string, NdArray>>>) => {
  let shapes: Params.Shapes<string> | null = null
  return (params, numbers) => {
    const some = (first: number, count: number): Readonly<Record<string, NdArray>> =>
      compute(() =>
        write(
          Params.map(fromNdArray)(params),
          tensor(stretch(x, dim, first, count), [count, dim]),
          weights === null ? fill([1, 1], 1 / rows) : tensor(stretch(weights, 1, first, count), [count, 1]),
          RR.map((n: number) => scalar(n))(numbers)
        )
      )
    shapes ??= Params.shapes(some(0, 1))
    const width = Params.paramsSize(shapes)
    return {
      rows,
      width,
      chunks: Reductions.chunksByRow(rows, width, (first, count, into) => {
        for (let from = 0; from < count; from += maxRows)
          Reductions.addChunkSums(into, Params.packed(some(first + from, Math.min(maxRows, count - from))))
      }),
      finish: Params.unpacked(shapes)
    }
  }
}

/** Sums over rows by a compiled program if possible, otherwise op by op. */
export const compiledSums = <P extends string>(
  library: Compiler.Library,
  of: object,
  data: WeightedRows,
  write: BuildSums<P>
): ((
  params: Params.Params<P>,
  numbers?: Readonly<Record<string, number>>
) => Reductions.Reduction<Readonly<Record<string, NdArray>>>) => {
  const by = tryCompiledSums(library, of, data)
  const opByOp = summedOpByOp(data, write)
  return (params, numbers = {}) =>
    pipe(
      by(params, numbers, write),
      E.getOrElse(() => opByOp(params, numbers))
    )
}

const descriptions = Compiler.library()

const weightedTotal = (w: Tensor, each: Tensor): Tensor => reshape(sum(mul(w, each)), [1])

/** Log-likelihood, assignment entropy and effective counts; compiled if there are many complete rows. */
export const rowStatistics =
  (data: WeightedRows) =>
  (mixture: Mixture.Mixture): Reductions.Reduction<RowStatistics> => {
    const { rows, dim } = data
    const arrays = Tensors.mixtureArrays(mixture)
    const { errors } = data
    const inPlainLoops = (): Reductions.Reduction<RowStatistics> =>
      momentReduction(
        componentsAndBackground(mixture),
        'none',
        data,
        errors === undefined ? null : { errors, level: CLEAN }
      )
    const width = mixture.factors === null ? 2 : dim + 1
    if (data.misses === true || errors !== undefined || !isGaussian(mixture)) return inPlainLoops()
    if (rows * mixture.means.values.length * width < COMPILING_PAYS_FROM.description) return inPlainLoops()
    return pipe(
      tryCompiledSums(descriptions, 'description', data)(arrays, {}, (own, x, w) => {
        const { q, beyond, logs } = Tensors.tensorPosterior(Tensors.functionsOfArrays(own).logJoint(x))
        return {
          value: weightedTotal(w, neg(add(beyond, logs))),
          assignmentEntropy: weightedTotal(w, beyond),
          mass: sum(mul(w, q), 0)
        }
      }),
      E.match(
        inPlainLoops,
        Reductions.mapReduction(({ value, assignmentEntropy, mass }) => ({
          value: value.values[0],
          assignmentEntropy: assignmentEntropy.values[0],
          mass: mass.values
        }))
      )
    )
  }

const eStepPrograms = Compiler.library()

/** Returns the compiled E-step, one program for all families with equal shapes; otherwise plain loops. */
export const compiledEStep =
  (request: MomentRequest) =>
  (mixture: Mixture.Mixture, level: Level, data: WeightedRows): Reductions.Reduction<MomentSums> => {
    const { dim } = data
    const { second } = request
    const kind = isGaussian(mixture)
      ? pooledIfCheaper(request, Mixture.components(mixture), dim)
      : { second, isShared: false }
    const arrays = Tensors.mixtureArrays(mixtureAtLevel(level, mixture), { joins: true })
    return pipe(
      tryCompiledSums(eStepPrograms, JSON.stringify(kind), data)(arrays, {}, (own, x, w) => ({
        ...tensorStatistics(kind, Tensors.functionsOfArrays(own).components(x), x, w)
      })),
      E.match(
        () => eStepMoments(mixture, level, kind.second, data),
        // The outputs have the names that were built.
        Reductions.mapReduction(found =>
          finishMoments(kind, dim, found as Record<keyof TensorStatistics, NdArray>, mixture.tails)
        )
      )
    )
  }

/** E-step in the tensor vocabulary, compiled for many rows, otherwise op by op. Throws if rows have missing cells or errors. */
export const tensorEStep = <P extends string>(family: Family<P>, request: MomentRequest, dim: number): EStep<P> => {
  const count = family.count(dim)
  const kind = pooledIfCheaper(request, count, dim)
  const library = Compiler.library()
  const write: BuildSums<P> = (own, x, w, { alpha, sigma }) => {
    const level = { alpha: reshape(alpha, [1, 1]), sigma: reshape(sigma, [1, 1]) }
    const { centres, logWeights, logDensity } = family.components(own, dim)
    const joint = add(logDensity(x, level), expandDims(logWeights, 0))
    return { ...tensorStatistics(kind, { joint, centres: mul(alpha, centres) }, x, w) }
  }
  const most = Math.max(1, Math.floor(MAX_TENSOR_NUMBERS / (count * dim)))
  const interpreted = remembered((data: WeightedRows) => summedOpByOp(data, write, most))
  return (params, { alpha, sigma }, data) => {
    if (data.misses === true) return refuse('a family without toMixture is not learned from missing cells; give it one')
    if (data.errors !== undefined)
      return refuse('a family without toMixture is not learned from rows with errors; give it one')
    const opByOp = (): Reductions.Reduction<Readonly<Record<string, NdArray>>> =>
      interpreted(data)(params, { alpha, sigma })
    const sums =
      operationCount({ second: kind.second, count, dim, rows: data.rows }) >= COMPILING_PAYS_FROM.interpreter
        ? pipe(tryCompiledSums(library, family, data)(params, { alpha, sigma }, write), E.getOrElse(opByOp))
        : opByOp()
    // The outputs have the names that were built.
    return Reductions.mapReduction((found: Readonly<Record<string, NdArray>>) =>
      finishMoments(kind, dim, found as Record<keyof TensorStatistics, NdArray>, undefined)
    )(sums)
  }
}

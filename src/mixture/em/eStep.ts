/**
 * The E-step: responsibilities, and the moments that an M-step asks for. Of many rows it is a program of what the family says in
 * the tensor vocabulary; of few, and of rows that miss cells, plain loops where the family says which Gaussians it is
 * (`moments.ts`), and the vocabulary op by op where not. Deviations are taken from the centres one by one, so that
 * nothing depends on where 0 is.
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
import * as Chunks from '../../../lib/rows/chunks.js'
import { stretch } from '../../../lib/rows/stretches.js'
import { isGaussian, componentsAndBackground } from '../component.js'
import * as Tensors from '../families/tensors.js'
import { secondMomentWidth } from './loops.js'
import { asGaussian, momentReduction, type MomentsAndEntropy, type MomentSums } from './moments.js'
import * as Scaled from './scaled.js'
import * as Student from '../student.js'
import * as FromGradient from './fromGradient.js'
import * as Mixture from '../mixture.js'
import type { WeightedRows } from '../dataRows.js'
import * as Params from '../../core/params.js'
import type { Family, MStep, Second } from '../family.js'
import { CLEAN, type Level } from '../../schedule/dynamics.js'

/** Numbers of [rows, K, dim] that are held at once. */
const MAX_TENSOR_NUMBERS = 1 << 19

/** Σ r over deviations [rows, K, dim]; r δ is given too. */
const sumSecondMoments: Readonly<Record<'diagonal' | 'full', (r: Tensor, pulled: Tensor, delta: Tensor) => Tensor>> = {
  diagonal: (_, pulled, delta) => sum(mul(pulled, delta), 0),
  full: (_, pulled, delta) => {
    const byComponent = (each: Tensor): Tensor => transpose(each, [1, 0, 2])
    return matMul(byComponent(pulled), byComponent(delta), { transposeA: true })
  }
}

/**
 * Σ r δ and the second moments of all components together, by the rows' own middles: of e = x − Σ_k q_k m_k, q = p(k | x), and
 * G = Σ r qᵀ,
 *
 *     Σ r_k δ_k = Σ r_k e + Σ_l G_kl (m_l − m_k),    Σ_k Σ r_k δ_k δ_kᵀ = Σ w e eᵀ + ½ Σ_kl G_kl (m_k − m_l)(m_k − m_l)ᵀ,
 *
 * sums without opposites: nothing is lost where components are far apart.
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

/** Which second moments are asked for, whether only their sum over the components counts, and whether the family has common axes. */
type MomentRequest = Pick<MStep<string>, 'second' | 'isShared' | 'hasCommonAxes'>

/** With moments of all components together where that is less work than those of each, and no row counts for what is no Gaussian. */
const resolvedMomentRequest = (
  { second, isShared = false }: MomentRequest,
  count: number,
  dim: number,
  isOfGaussians: boolean
): MomentRequest => ({
  second,
  isShared: isShared && isOfGaussians && count <= secondMomentWidth(second, dim)
})

/** What rows say of components as a whole. */
type RowStatistics = Pick<MomentsAndEntropy, 'value' | 'assignmentEntropy' | 'mass' | 'backgroundCount'>

type EStep<P extends string> = (
  params: Params.Params<P>,
  level: Level,
  rows: WeightedRows
) => Chunks.Reduction<MomentSums>

/** What the rows say of the components at a level. */
export const eStep = <P extends string>(family: Family<P>, kind: MomentRequest, dim: number): EStep<P> => {
  const { toMixture } = family
  if (toMixture === undefined) return tensorEStep(family, kind, dim)
  const turned = kind.hasCommonAxes ? tensorEStep(family, kind, dim) : null
  return (params, level, data) => {
    const mixture = toMixture(params)
    // Of noise on tails there are sums over precisions, in loops.
    const isWhole = data.misses !== true && data.errors === undefined && (isNoiseFree(level) || isGaussian(mixture))
    const isWorthOf = (worth: number): boolean => isWorth(kind, Mixture.components(mixture), dim, data.rows, worth)
    if (!isWhole || !isWorthOf(COMPILING_PAYS_FROM.loops)) return eStepMoments(mixture, level, kind.second, data)
    return turned !== null && isWorthOf(COMPILING_PAYS_FROM.interpreter)
      ? turned(params, level, data)
      : compiledEStep(kind)(mixture, level, data)
  }
}

const eStepMoments = (
  mixture: Mixture.Mixture,
  level: Level,
  second: Second,
  rows: WeightedRows
): Chunks.Reduction<MomentSums> =>
  rows.errors !== undefined
    ? momentReduction(componentsAndBackground(mixture), second, rows, { errors: rows.errors, level })
    : isGaussian(mixture) || isNoiseFree(level)
      ? momentReduction(componentsAndBackground(mixtureAtLevel(level, mixture)), second, rows)
      : Scaled.momentsAtLevel(mixture, level, second, rows)

const isNoiseFree = ({ alpha, sigma }: Level): boolean => sigma === 0 && alpha === 1

/** A mixture at a level. */
const mixtureAtLevel = (level: Level, mixture: Mixture.Mixture): Mixture.Mixture =>
  isNoiseFree(level) ? mixture : Mixture.diffuse(level)(mixture)

/**
 * Operations from which compiling, some tens of milliseconds, is worth it for dozens of steps that else take these; of a description,
 * which is one step, rows times all numbers of the factors.
 */
const COMPILING_PAYS_FROM = { loops: 4e5, interpreter: 1e6, description: 5e7 }

/** What a component's e^x costs a row, in the operations of a number of its moments. */
const COMPONENT = 20

/** Whether so many rows are worth a program. */
const isWorth = ({ second }: MomentRequest, count: number, dim: number, rows: number, worth: number): boolean =>
  rows * count * (COMPONENT + Math.max(dim, secondMomentWidth(second, dim))) >= worth

/** How an E-step over so many rows runs, in words. */
export const eStepDescription = <P extends string>(
  { toMixture, count }: Pick<Family<P>, 'toMixture' | 'count'>,
  kind: MomentRequest,
  dim: number,
  rows: number
): string =>
  isWorth(
    kind,
    count(dim),
    dim,
    rows,
    toMixture === undefined ? COMPILING_PAYS_FROM.interpreter : COMPILING_PAYS_FROM.loops
  )
    ? 'by a program over the rows'
    : toMixture === undefined
      ? 'op by op'
      : 'in plain loops'

/** Sums over rows x [rows, dim] with weights [rows | 1, 1], each flat. */
interface TensorStatistics {
  /** −Σ w log p(x) */
  readonly value: Tensor
  /** Σ r, weighed by E[g | x] where components have tails. */
  readonly mass: Tensor
  readonly sums: Tensor
  /** Absent where no second moments are asked for. */
  readonly about?: Tensor
  /** Of tails, Σ r and Σ r (log E[g | x] − E[g | x]). */
  readonly whole?: Tensor
  readonly logs?: Tensor
  /** Σ r of a background. */
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
      // about the middle of the centres, which is as near as their coordinates are known
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

/** What these sums come to; of moments together each component has its share. */
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
  /** [rows | 1, 1] */
  readonly of: (inputs: Compiler.Inputs) => Tensor
}

/** Rows as a program takes them: their weights are a column, or one number where they are equal. */
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

/** What makes sums of parameters, rows x, their weights, [rows | 1, 1], and numbers of the call. */
type BuildSums<P extends string> = (
  own: Params.Tensors<P>,
  x: Tensor,
  w: Tensor,
  numbers: Compiler.Inputs['constants']
) => Readonly<Record<string, Tensor>>

/** Sums over rows by a program, or why there is none. */
export const tryCompiledSums =
  (library: Compiler.Library, of: object | string, data: WeightedRows) =>
  <P extends string>(
    params: Params.Params<P>,
    numbers: Readonly<Record<string, number>>,
    write: BuildSums<P>
  ): E.Either<string, Chunks.Reduction<Readonly<Record<string, NdArray>>>> => {
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
          // The parameters of the signature are those that are given.
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
          Chunks.mapReduction(({ others }) => others)
        )
      )
    )
  }

/** The same where no program can be made of it: op by op, at most so many rows at a time. */
const summedOpByOp = <P extends string>(
  { rows, dim, x, weights }: WeightedRows,
  write: BuildSums<P>,
  most = Infinity
): ((
  params: Params.Params<P>,
  numbers: Readonly<Record<string, number>>
) => Chunks.Reduction<Readonly<Record<string, NdArray>>>) => {
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
    // They are those of each step.
    shapes ??= Params.shapes(some(0, 1))
    const width = Params.paramsSize(shapes)
    return {
      rows,
      width,
      chunks: Chunks.chunksByRow(rows, width, (first, count, into) => {
        for (let from = 0; from < count; from += most)
          Chunks.addChunkSums(into, Params.packed(some(first + from, Math.min(most, count - from))))
      }),
      finish: Params.unpacked(shapes)
    }
  }
}

/** Sums over rows by a program or, where none can be made, op by op. */
export const compiledSums = <P extends string>(
  library: Compiler.Library,
  of: object,
  data: WeightedRows,
  write: BuildSums<P>
): ((
  params: Params.Params<P>,
  numbers?: Readonly<Record<string, number>>
) => Chunks.Reduction<Readonly<Record<string, NdArray>>>) => {
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

/** How a mixture describes rows, by a program where these are many and whole. */
export const rowStatistics =
  (data: WeightedRows) =>
  (mixture: Mixture.Mixture): Chunks.Reduction<RowStatistics> => {
    const { rows, dim } = data
    const arrays = Tensors.mixtureArrays(mixture)
    const { errors } = data
    const inPlainLoops = (): Chunks.Reduction<RowStatistics> =>
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
        Chunks.mapReduction(({ value, assignmentEntropy, mass }) => ({
          value: value.values[0],
          assignmentEntropy: assignmentEntropy.values[0],
          mass: mass.values
        }))
      )
    )
  }

const eStepPrograms = Compiler.library()

/**
 * What rows say of a mixture by a program of its arrays: one serves all families whose mixtures have arrays of these shapes. Plain loops
 * where none can be made.
 */
export const compiledEStep =
  (asked: MomentRequest) =>
  (mixture: Mixture.Mixture, level: Level, data: WeightedRows): Chunks.Reduction<MomentSums> => {
    const { dim } = data
    const kind = resolvedMomentRequest(asked, Mixture.components(mixture), dim, isGaussian(mixture))
    const arrays = Tensors.mixtureArrays(mixtureAtLevel(level, mixture), { joins: true })
    return pipe(
      tryCompiledSums(eStepPrograms, JSON.stringify(kind), data)(arrays, {}, (own, x, w) => ({
        ...tensorStatistics(kind, Tensors.functionsOfArrays(own).components(x), x, w)
      })),
      E.match(
        () => eStepMoments(mixture, level, kind.second, data),
        // What was written is what comes.
        Chunks.mapReduction(found =>
          finishMoments(kind, dim, found as Record<keyof TensorStatistics, NdArray>, mixture.tails)
        )
      )
    )
  }

/**
 * The same of a family that does not say which mixture it is: of many rows as a program, where one can be made, and else op by op in
 * the vocabulary.
 */
export const tensorEStep = <P extends string>(family: Family<P>, asked: MomentRequest, dim: number): EStep<P> => {
  const count = family.count(dim)
  const kind = resolvedMomentRequest(asked, count, dim, true)
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
    const opByOp = (): Chunks.Reduction<Readonly<Record<string, NdArray>>> =>
      interpreted(data)(params, { alpha, sigma })
    const sums = isWorth(kind, count, dim, data.rows, COMPILING_PAYS_FROM.interpreter)
      ? pipe(tryCompiledSums(library, family, data)(params, { alpha, sigma }, write), E.getOrElse(opByOp))
      : opByOp()
    // What was written is what comes.
    return Chunks.mapReduction((found: Readonly<Record<string, NdArray>>) =>
      finishMoments(kind, dim, found as Record<keyof TensorStatistics, NdArray>, undefined)
    )(sums)
  }
}

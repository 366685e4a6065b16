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
import { isGaussian, partsOf } from '../component.js'
import * as Tensors from '../families/tensors.js'
import { widthOf } from './loops.js'
import { asGaussian, moments, type Doubted, type Sums } from './moments.js'
import * as Scaled from './scaled.js'
import * as Student from '../student.js'
import * as FromGradient from './fromGradient.js'
import * as Mixture from '../mixture.js'
import type { Rows } from '../dataRows.js'
import * as Params from '../../core/params.js'
import type { Family, MStep, Second } from '../family.js'
import { clean, type Level } from '../../schedule/dynamics.js'

/** Numbers of [rows, K, dim] that are held at once. */
const BLOCK = 1 << 19

/** Σ r over deviations [rows, K, dim]; r δ is given too. */
const seconds: Readonly<Record<'diagonal' | 'full', (r: Tensor, pulled: Tensor, delta: Tensor) => Tensor>> = {
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
const together = (
  second: 'diagonal' | 'full',
  { x, q, r, centres }: Readonly<Record<'x' | 'q' | 'r' | 'centres', Tensor>>
): Pick<Statistics, 'sums' | 'about'> => {
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
type Kind = Pick<MStep<string>, 'second' | 'isShared' | 'hasCommonAxes'>

/** With moments of all components together where that is less work than those of each, and no row counts for what is no Gaussian. */
const settled = ({ second, isShared = false }: Kind, count: number, dim: number, isOfGaussians: boolean): Kind => ({
  second,
  isShared: isShared && isOfGaussians && count <= widthOf(second, dim)
})

/** What rows say of components as a whole. */
type Description = Pick<Doubted, 'value' | 'doubt' | 'mass' | 'beyond'>

type EStep<P extends string> = (params: Params.Params<P>, level: Level, rows: Rows) => Chunks.Sum<Sums>

/** What the rows say of the components at a level. */
export const eStep = <P extends string>(family: Family<P>, kind: Kind, dim: number): EStep<P> => {
  const { toMixture } = family
  if (toMixture === undefined) return inVocabulary(family, kind, dim)
  const turned = kind.hasCommonAxes ? inVocabulary(family, kind, dim) : null
  return (params, level, data) => {
    const mixture = toMixture(params)
    // Of noise on tails there are sums over precisions, in loops.
    const isWhole = data.misses !== true && data.errors === undefined && (isClean(level) || isGaussian(mixture))
    const isWorthOf = (worth: number): boolean => isWorth(kind, Mixture.components(mixture), dim, data.rows, worth)
    if (!isWhole || !isWorthOf(WORTH.loops)) return ofMixture(mixture, level, kind.second, data)
    return turned !== null && isWorthOf(WORTH.interpreter)
      ? turned(params, level, data)
      : byProgram(kind)(mixture, level, data)
  }
}

const ofMixture = (mixture: Mixture.Mixture, level: Level, second: Second, rows: Rows): Chunks.Sum<Sums> =>
  rows.errors !== undefined
    ? moments(partsOf(mixture), second, rows, { errors: rows.errors, level })
    : isGaussian(mixture) || isClean(level)
      ? moments(partsOf(at(level, mixture)), second, rows)
      : Scaled.moments(mixture, level, second, rows)

const isClean = ({ alpha, sigma }: Level): boolean => sigma === 0 && alpha === 1

/** A mixture at a level. */
const at = (level: Level, mixture: Mixture.Mixture): Mixture.Mixture =>
  isClean(level) ? mixture : Mixture.diffuse(level)(mixture)

/**
 * Operations from which compiling, some tens of milliseconds, is worth it for dozens of steps that else take these; of a description,
 * which is one step, rows times all numbers of the factors.
 */
const WORTH = { loops: 4e5, interpreter: 1e6, description: 5e7 }

/** What a component's e^x costs a row, in the operations of a number of its moments. */
const COMPONENT = 20

/** Whether so many rows are worth a program. */
const isWorth = ({ second }: Kind, count: number, dim: number, rows: number, worth: number): boolean =>
  rows * count * (COMPONENT + Math.max(dim, widthOf(second, dim))) >= worth

/** How an E-step over so many rows runs, in words. */
export const how = <P extends string>(
  { toMixture, count }: Pick<Family<P>, 'toMixture' | 'count'>,
  kind: Kind,
  dim: number,
  rows: number
): string =>
  isWorth(kind, count(dim), dim, rows, toMixture === undefined ? WORTH.interpreter : WORTH.loops)
    ? 'by a program over the rows'
    : toMixture === undefined
      ? 'op by op'
      : 'in plain loops'

/** Sums over rows x [rows, dim] with weights [rows | 1, 1], each flat. */
interface Statistics {
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
  readonly beyond?: Tensor
}

const statistics = (
  { second, isShared }: Kind,
  { joint, centres, counts }: Tensors.Seen,
  x: Tensor,
  w: Tensor
): Statistics => {
  const [count] = centres.shape
  const { q, beyond, logs } = Tensors.posterior(joint)
  const hasBackground = joint.shape[1] > count
  const responsible = mul(w, q)
  const whole = hasBackground ? slice(responsible, [0, 0], [-1, count]) : responsible
  const r = counts ? mul(whole, counts) : whole
  const mass = sum(r, 0)
  const moments = (): Pick<Statistics, 'sums' | 'about'> => {
    if (second === 'none' || second === 'trace') {
      // about the middle of the centres, which is as near as their coordinates are known
      const middle = mul(1 / count, sum(centres, 0, true))
      const sums = add(matMul(r, sub(x, middle), { transposeA: true }), mul(expandDims(mass, 1), sub(middle, centres)))
      const scatter = (): Tensor => sum(mul(r, squaredDistances(x, centres)), 0)
      return { sums: reshape(sums, [-1]), ...(second === 'trace' && { about: scatter() }) }
    }
    if (isShared) return together(second, { x, q, r, centres })
    const delta = sub(expandDims(x, 1), expandDims(centres, 0))
    const pulled = mul(expandDims(r, 2), delta)
    return { sums: reshape(sum(pulled, 0), [-1]), about: reshape(seconds[second](r, pulled, delta), [-1]) }
  }
  return {
    value: reshape(neg(sum(mul(w, add(beyond, logs)))), [1]),
    mass,
    ...moments(),
    ...(counts && { whole: sum(whole, 0), logs: sum(mul(whole, sub(log(counts), counts)), 0) }),
    ...(hasBackground && { beyond: sub(reshape(sum(responsible), [1]), reshape(sum(whole), [1])) })
  }
}

/** What these sums come to; of moments together each component has its share. */
const foundOf = (
  { second, isShared }: Kind,
  dim: number,
  {
    value,
    mass,
    sums,
    about = NONE,
    whole,
    logs,
    beyond
  }: Readonly<Record<'value' | 'mass' | 'sums', NdArray>> & Partial<Readonly<Record<keyof Statistics, NdArray>>>,
  tails: Float64Array | undefined
): Sums => {
  const own = {
    mass: mass.values,
    sums: sums.values,
    second: isShared ? FromGradient.shared(mass.values, about.values) : about.values
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
            (sum, k) => sum + (tails && tails[k] < Infinity ? all[k] * Student.logBelow(tails[k], dim) : 0)
          )
        })
  return { value: value.values[0], ...weighed, ...(beyond && { beyond: beyond.values[0] }) }
}

const NONE: NdArray = { shape: [0], values: new Float64Array(0) }

interface Weighing {
  readonly rows: Compiler.Signature['rows']
  readonly constants: Compiler.Signature['constants']
  readonly given: Compiler.Call['given']
  readonly numbers: Compiler.Call['constants']
  /** [rows | 1, 1] */
  readonly of: (inputs: Compiler.Inputs) => Tensor
}

/** Rows as a program takes them: their weights are a column, or one number where they are equal. */
const weighing = ({ rows, dim, x, weights, passing }: Rows): Weighing => {
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
type Write<P extends string> = (
  own: Params.Tensors<P>,
  x: Tensor,
  w: Tensor,
  numbers: Compiler.Inputs['constants']
) => Readonly<Record<string, Tensor>>

/** Sums over rows by a program, or why there is none. */
export const summedBy =
  (library: Compiler.Library, of: object | string, data: Rows) =>
  <P extends string>(
    params: Params.Params<P>,
    numbers: Readonly<Record<string, number>>,
    write: Write<P>
  ): E.Either<string, Chunks.Sum<Readonly<Record<string, NdArray>>>> => {
    const weighed = weighing(data)
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
            params: Params.numbers(params),
            given: weighed.given,
            constants: { ...RR.map((x: number) => [x])(numbers), ...weighed.numbers }
          }),
          Chunks.map(({ others }) => others)
        )
      )
    )
  }

/** The same where no program can be made of it: op by op, at most so many rows at a time. */
const summedOpByOp = <P extends string>(
  { rows, dim, x, weights }: Rows,
  write: Write<P>,
  most = Infinity
): ((
  params: Params.Params<P>,
  numbers: Readonly<Record<string, number>>
) => Chunks.Sum<Readonly<Record<string, NdArray>>>) => {
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
    const width = Params.sizeOf(shapes)
    return {
      rows,
      width,
      chunks: Chunks.each(rows, width, (first, count, into) => {
        for (let from = 0; from < count; from += most)
          Chunks.add(into, Params.packed(some(first + from, Math.min(most, count - from))))
      }),
      found: Params.unpacked(shapes)
    }
  }
}

/** Sums over rows by a program or, where none can be made, op by op. */
export const summed = <P extends string>(
  library: Compiler.Library,
  of: object,
  data: Rows,
  write: Write<P>
): ((
  params: Params.Params<P>,
  numbers?: Readonly<Record<string, number>>
) => Chunks.Sum<Readonly<Record<string, NdArray>>>) => {
  const by = summedBy(library, of, data)
  const opByOp = summedOpByOp(data, write)
  return (params, numbers = {}) =>
    pipe(
      by(params, numbers, write),
      E.getOrElse(() => opByOp(params, numbers))
    )
}

const descriptions = Compiler.library()

const total = (w: Tensor, each: Tensor): Tensor => reshape(sum(mul(w, each)), [1])

/** How a mixture describes rows, by a program where these are many and whole. */
export const described =
  (data: Rows) =>
  (mixture: Mixture.Mixture): Chunks.Sum<Description> => {
    const { rows, dim } = data
    const arrays = Tensors.arraysOf(mixture)
    const { errors } = data
    const inPlainLoops = (): Chunks.Sum<Description> =>
      moments(partsOf(mixture), 'none', data, errors === undefined ? null : { errors, level: clean })
    const width = mixture.factors === null ? 2 : dim + 1
    if (data.misses === true || errors !== undefined || !isGaussian(mixture)) return inPlainLoops()
    if (rows * mixture.means.values.length * width < WORTH.description) return inPlainLoops()
    return pipe(
      summedBy(descriptions, 'description', data)(arrays, {}, (own, x, w) => {
        const { q, beyond, logs } = Tensors.posterior(Tensors.seenOf(own).logJoint(x))
        return { value: total(w, neg(add(beyond, logs))), doubt: total(w, beyond), mass: sum(mul(w, q), 0) }
      }),
      E.match(
        inPlainLoops,
        Chunks.map(({ value, doubt, mass }) => ({
          value: value.values[0],
          doubt: doubt.values[0],
          mass: mass.values
        }))
      )
    )
  }

const programs = Compiler.library()

/**
 * What rows say of a mixture by a program of its arrays: one serves all families whose mixtures have arrays of these shapes. Plain loops
 * where none can be made.
 */
export const byProgram =
  (asked: Kind) =>
  (mixture: Mixture.Mixture, level: Level, data: Rows): Chunks.Sum<Sums> => {
    const { dim } = data
    const kind = settled(asked, Mixture.components(mixture), dim, isGaussian(mixture))
    const arrays = Tensors.arraysOf(at(level, mixture), true)
    return pipe(
      summedBy(programs, JSON.stringify(kind), data)(arrays, {}, (own, x, w) => ({
        ...statistics(kind, Tensors.seenOf(own).components(x), x, w)
      })),
      E.match(
        () => ofMixture(mixture, level, kind.second, data),
        // What was written is what comes.
        Chunks.map(found => foundOf(kind, dim, found as Record<keyof Statistics, NdArray>, mixture.tails))
      )
    )
  }

/**
 * The same of a family that does not say which mixture it is: of many rows as a program, where one can be made, and else op by op in
 * the vocabulary.
 */
export const inVocabulary = <P extends string>(family: Family<P>, asked: Kind, dim: number): EStep<P> => {
  const count = family.count(dim)
  const kind = settled(asked, count, dim, true)
  const library = Compiler.library()
  const write: Write<P> = (own, x, w, { alpha, sigma }) => {
    const level = { alpha: reshape(alpha, [1, 1]), sigma: reshape(sigma, [1, 1]) }
    const { centres, logWeights, logDensity } = family.components(own, dim)
    const joint = add(logDensity(x, level), expandDims(logWeights, 0))
    return { ...statistics(kind, { joint, centres: mul(alpha, centres) }, x, w) }
  }
  const most = Math.max(1, Math.floor(BLOCK / (count * dim)))
  const interpreted = remembered((data: Rows) => summedOpByOp(data, write, most))
  return (params, { alpha, sigma }, data) => {
    if (data.misses === true) return refuse('a family without toMixture is not learned from missing cells; give it one')
    if (data.errors !== undefined)
      return refuse('a family without toMixture is not learned from rows with errors; give it one')
    const opByOp = (): Chunks.Sum<Readonly<Record<string, NdArray>>> => interpreted(data)(params, { alpha, sigma })
    const sums = isWorth(kind, count, dim, data.rows, WORTH.interpreter)
      ? pipe(summedBy(library, family, data)(params, { alpha, sigma }, write), E.getOrElse(opByOp))
      : opByOp()
    // What was written is what comes.
    return Chunks.map((found: Readonly<Record<string, NdArray>>) =>
      foundOf(kind, dim, found as Record<keyof Statistics, NdArray>, undefined)
    )(sums)
  }
}

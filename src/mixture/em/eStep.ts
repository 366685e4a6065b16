/**
 * The E-step: responsibilities, and the moments that an M-step asks for. Of many rows it is a program of what the family says in
 * the tensor vocabulary; of few, and of rows that miss cells, plain loops where the family says which Gaussians it is
 * (`moments.ts`), and the vocabulary op by op where not. Deviations are taken from the centres one by one, so that
 * nothing depends on where 0 is.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as RR from 'fp-ts/lib/ReadonlyRecord.js'
import * as Compiler from '../../../lib/compiler/index.js'
import {
  add,
  compute,
  concat,
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
import { lazy } from '../../../lib/plain/iterate.js'
import { refuse } from '../../../lib/plain/refuse.js'
import * as Strands from '../../../lib/rows/strands.js'
import { stretch } from '../../../lib/rows/stretches.js'
import { isGaussian, partsOf, type Component } from '../component.js'
import * as Tensors from '../gaussians/tensors.js'
import { widthOf } from './loops.js'
import { asGaussian, moments, type Doubted, type Sums } from './moments.js'
import * as Scaled from './scaled.js'
import * as Student from '../student.js'
import * as FromGradient from './fromGradient.js'
import * as Mixture from '../mixture.js'
import type { Rows } from '../passRows.js'
import * as Params from '../../family/params.js'
import type { Family, MStep, Second } from '../../family/family.js'
import { clean, type Level } from '../../schedule/dynamics.js'

/** Numbers of [rows, K, dim] that are held at once. */
const BLOCK = 1 << 19

/** Σ r over deviations [rows, K, dim], flat; r δ is given too. */
const seconds: Readonly<Record<Second, (r: Tensor, pulled: Tensor, delta: Tensor) => ReadonlyArray<Tensor>>> = {
  none: () => [],
  trace: (r, _, delta) => [sum(mul(r, sum(square(delta), 2)), 0)],
  diagonal: (_, pulled, delta) => [reshape(sum(mul(pulled, delta), 0), [-1])],
  full: (_, pulled, delta) => {
    const [weighted, plain] = [pulled, delta].map(each => transpose(each, [1, 0, 2]))
    return [reshape(matMul(weighted, plain, { transposeA: true }), [-1])]
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
): ReadonlyArray<Tensor> => {
  const [count, dim] = centres.shape
  const e = sub(x, matMul(q, centres))
  const own = mul(sum(r, 1, true), e)
  const g = matMul(r, q, { transposeA: true })
  const apart = sub(expandDims(centres, 0), expandDims(centres, 1))
  const pairs = reshape(apart, [count * count, dim])
  const shares = mul(0.5, reshape(g, [count * count, 1]))
  return [
    add(matMul(r, e, { transposeA: true }), sum(mul(expandDims(g, 2), apart), 1)),
    second === 'full'
      ? add(matMul(own, e, { transposeA: true }), matMul(mul(shares, pairs), pairs, { transposeA: true }))
      : add(sum(mul(own, e), 0), sum(mul(shares, square(pairs)), 0))
  ].map(each => reshape(each, [-1]))
}

/** Which second moments are asked for, and whether only their sum over the components counts. */
type Kind = Pick<MStep<string>, 'second' | 'isShared'>

/** Whether moments of all components together are less work than those of each. */
const isTogether = ({ second, isShared = false }: Kind, count: number, dim: number): boolean =>
  isShared && count <= widthOf(second, dim)

/** Rows of tails and of a background count for no other component. */
const isTogetherOf = <P extends string>(
  { hasTails, hasBackground }: Family<P>,
  kind: Kind,
  count: number,
  dim: number
): boolean => !hasTails && !hasBackground && isTogether(kind, count, dim)

/** What rows say of components as a whole. */
type Description = Pick<Doubted, 'value' | 'doubt' | 'mass' | 'beyond'>

type EStep<P extends string> = (params: Params.Params<P>, level: Level, rows: Rows) => Strands.Sum<Sums>

/** What the rows say of the components at a level. */
export const eStep = <P extends string>(family: Family<P>, kind: Kind, dim: number): EStep<P> => {
  const { toMixture } = family
  if (toMixture === undefined) return inVocabulary(family, kind, dim)
  const loops = inLoops(toMixture, kind.second)
  // Of few rows nothing is written in the vocabulary: what computes with tensors takes its time to begin.
  const program = lazy(() => written(family, kind, dim).program(loops))
  return (params, level, data) => {
    const mixture = toMixture(params)
    // Of noise on tails there are sums over precisions, in loops.
    return data.misses !== true &&
      data.errors === undefined &&
      (isClean(level) || isGaussian(mixture)) &&
      isWorth(kind, Mixture.components(mixture), dim, data.rows, WORTH.loops)
      ? program()(params, level, data)
      : ofMixture(mixture, level, kind.second, data)
  }
}

/** The same of Gaussians, in plain loops. */
export const inLoops =
  <P extends string>(toMixture: (params: Params.Params<P>) => Mixture.Mixture, second: Second): EStep<P> =>
  (params, level, rows) =>
    ofMixture(toMixture(params), level, second, rows)

const ofMixture = (mixture: Mixture.Mixture, level: Level, second: Second, rows: Rows): Strands.Sum<Sums> =>
  rows.errors !== undefined
    ? moments(partsOf(mixture), second, rows, { errors: rows.errors, level })
    : isGaussian(mixture) || isClean(level)
      ? moments(componentsAt(level, mixture), second, rows)
      : Scaled.moments(mixture, level, second, rows)

const isClean = ({ alpha, sigma }: Level): boolean => sigma === 0 && alpha === 1

/** The components of a mixture at a level. */
const componentsAt = (level: Level, mixture: Mixture.Mixture): ReadonlyArray<Component> =>
  partsOf(isClean(level) ? mixture : Mixture.diffuse(level)(mixture))

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

/** −log-likelihood, and the moments as `Found` has them, of rows x [rows, dim] and weights [rows | 1, 1]; each flat. */
const statistics =
  <P extends string>(family: Family<P>, kind: Kind, dim: number) =>
  (isClean: boolean) =>
  (own: Params.Tensors<P>, x: Tensor, w: Tensor, alpha: Tensor, sigma: Tensor): ReadonlyArray<Tensor> => {
    const level = { alpha: reshape(alpha, [1, 1]), sigma: reshape(sigma, [1, 1]) }
    const { centres: all, logWeights, logDensity, clean } = family.components(own, dim)
    const { logDensity: logs0, counts } = isClean && clean ? clean(x) : { logDensity: logDensity(x, level) }
    const { q, beyond, logs } = Tensors.posterior(add(logs0, expandDims(logWeights, 0)))
    const isLearned = (of: Tensor, axis: 0 | 1): Tensor =>
      family.hasBackground ? slice(of, [0, 0], axis === 0 ? [of.shape[0] - 1, -1] : [-1, of.shape[1] - 1]) : of
    const responsible = mul(w, q)
    const whole = isLearned(responsible, 1)
    const g = counts && isLearned(counts, 1)
    const r = g ? mul(whole, g) : whole
    const centres = isLearned(all, 0)
    const there = mul(alpha, centres)
    const mass = sum(r, 0)
    /** What an M-step asks for beside moments: of tails, Σ r and Σ r (log g − g); of a background, Σ r. */
    const extra = [
      ...(g ? [sum(whole, 0), sum(mul(whole, sub(log(g), g)), 0)] : []),
      ...(family.hasBackground ? [sub(reshape(sum(responsible), [1]), reshape(sum(whole), [1]))] : [])
    ]
    const moments = (): ReadonlyArray<Tensor> => {
      const { second } = kind
      if (second === 'none' || second === 'trace') {
        // about the middle of the centres, which is as near as their coordinates are known
        const middle = mul(1 / there.shape[0], sum(there, 0, true))
        const about = matMul(r, sub(x, middle), { transposeA: true })
        const sums = add(about, mul(expandDims(mass, 1), sub(middle, there)))
        const scatter = (): Tensor => sum(mul(r, squaredDistances(x, centres, level.alpha)), 0)
        return [reshape(sums, [-1]), ...(second === 'trace' ? [scatter()] : [])]
      }
      if (isTogetherOf(family, kind, there.shape[0], dim)) return together(second, { x, q, r, centres: there })
      const delta = sub(expandDims(x, 1), expandDims(there, 0))
      const pulled = mul(expandDims(r, 2), delta)
      return [reshape(sum(pulled, 0), [-1]), ...seconds[second](r, pulled, delta)]
    }
    return [
      reshape(neg(sum(mul(w, add(beyond, logs)))), [1]),
      mass,
      ...moments(),
      ...(extra.length > 0 ? [concat(extra)] : [])
    ]
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
        constants: { share: [] },
        given: { x },
        numbers: { share: [1 / rows] },
        of: ({ constants: { share } }) => reshape(share, [1, 1])
      }
    : {
        rows: { x: { shape: [dim], from }, w: { shape: [1], from } },
        constants: {},
        given: { x, w: weights },
        numbers: {},
        of: ({ rows: { w } }) => w
      }
}

/**
 * Sums over rows by a program, or why there is none; `write` makes them of parameters, rows x, their weights, [rows | 1, 1], and numbers of the
 * call.
 */
export const summedBy =
  (library: Compiler.Library, of: object | string, data: Rows) =>
  <P extends string>(
    params: Params.Params<P>,
    numbers: Readonly<Record<string, number>>,
    write: (
      own: Params.Tensors<P>,
      x: Tensor,
      w: Tensor,
      numbers: Compiler.Inputs['constants']
    ) => Readonly<Record<string, Tensor>>
  ): E.Either<string, Strands.Sum<Readonly<Record<string, NdArray>>>> => {
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
          Strands.map(({ others }) => others)
        )
      )
    )
  }

const descriptions = Compiler.library()

const total = (w: Tensor, each: Tensor): Tensor => reshape(sum(mul(w, each)), [1])

/** How a mixture describes rows, by a program where these are many and whole. */
export const described =
  (data: Rows) =>
  (mixture: Mixture.Mixture): Strands.Sum<Description> => {
    const { rows, dim } = data
    const arrays = Tensors.arraysOf(mixture)
    const { errors } = data
    const inPlainLoops = (): Strands.Sum<Description> =>
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
        Strands.map(({ value, doubt, mass }) => ({
          value: value.values[0],
          doubt: doubt.values[0],
          mass: mass.values
        }))
      )
    )
  }

/**
 * The same of any family, whatever its components are: of many rows as a program, where one can be made, and else op by op in the
 * vocabulary.
 */
export const inVocabulary = <P extends string>(family: Family<P>, kind: Kind, dim: number): EStep<P> => {
  const { count, interpreted, program } = written(family, kind, dim)
  const compiled = program(interpreted)
  return (params, level, data) => {
    if (data.misses === true) return refuse('a family without toMixture is not learned from missing cells; give it one')
    if (data.errors !== undefined)
      return refuse('a family without toMixture is not learned from rows with errors; give it one')
    const isMany = isWorth(kind, count, dim, data.rows, WORTH.interpreter)
    return (isMany ? compiled : interpreted)(params, level, data)
  }
}

/** An E-step in the tensor vocabulary. */
interface Written<P extends string> {
  readonly count: number
  readonly interpreted: EStep<P>
  /** As a program, or by another way where none can be made. */
  readonly program: (other: EStep<P>) => EStep<P>
}

const written = <P extends string>(family: Family<P>, kind: Kind, dim: number): Written<P> => {
  const { hasTails, hasBackground } = family
  const count = family.count(dim)
  const at = statistics(family, kind, dim)
  /** What programs at time 0 are known by. */
  const still = {}
  const isOne = isTogetherOf(family, kind, count, dim)
  const extras = (hasTails ? 2 * count : 0) + (hasBackground ? 1 : 0)
  const library = Compiler.library()
  const afterMass = 1 + count
  const afterSums = 1 + count + count * dim
  const foundOf =
    (params: Params.Params<P>) =>
    (value: number, mass: Float64Array, sums: Float64Array, second: Float64Array, extra: Float64Array): Sums => {
      const own = {
        mass,
        sums,
        // Only the sum over the components is known: each has its share of it.
        second: isOne ? FromGradient.shared(mass, second) : second
      }
      const { tails } = family.toMixture && hasTails ? family.toMixture(params) : {}
      const all = extra.subarray(0, count)
      return {
        value,
        ...(hasTails
          ? asGaussian(kind.second, dim, {
              ...own,
              mass: all,
              weighed: mass,
              logs: extra
                .subarray(count, 2 * count)
                .map((sum, k) => sum + all[k] * (tails ? Student.logBelow(tails[k], dim) : 0))
            })
          : own),
        ...(hasBackground && { beyond: extra[extra.length - 1] })
      }
    }
  const interpreted: EStep<P> = (params, level, data) => {
    const { rows, x, weights } = data
    const { alpha, sigma } = level
    const of = at(isClean(level))
    const block = Math.max(1, Math.floor(BLOCK / (count * dim)))
    const afterSecond = afterSums + (isOne ? 1 : count) * widthOf(kind.second, dim)
    const width = afterSecond + extras
    const some = (first: number, number: number): Float64Array =>
      compute(() =>
        concat(
          of(
            Params.map(fromNdArray)(params),
            tensor(stretch(x, dim, first, number), [number, dim]),
            weights === null ? fill([1, 1], 1 / rows) : tensor(stretch(weights, 1, first, number), [number, 1]),
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
    const found: Strands.Sum<Sums>['found'] = all =>
      foundOf(params)(
        all[0],
        all.slice(1, afterMass),
        all.slice(afterMass, afterSums),
        all.slice(afterSums, afterSecond),
        all.slice(afterSecond)
      )
    return { rows, width, strands, found }
  }
  const program: Written<P>['program'] = other => (params, level, data) => {
    const of = at(isClean(level))
    const known = isClean(level) && (hasTails || hasBackground) ? still : family
    return pipe(
      summedBy(library, known, data)(
        params,
        { alpha: level.alpha, sigma: level.sigma },
        (own, x, w, { alpha, sigma }) => {
          const [value, mass, sums, ...rest] = of(own, x, w, alpha, sigma)
          const [found, extra] = kind.second === 'none' ? [undefined, ...rest] : rest
          return { value, mass, sums, ...(found && { found }), ...(extra && { extra }) }
        }
      ),
      E.match(
        () => other(params, level, data),
        Strands.map(({ value, mass, sums, found = NONE, extra = NONE }) =>
          foundOf(params)(value.values[0], mass.values, sums.values, found.values, extra.values)
        )
      )
    )
  }
  return { count, interpreted, program }
}

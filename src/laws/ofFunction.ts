/** Adapters from functions on plain arrays, as in PyTorch, optax or NumPy, to instances. */
import * as fc from 'fast-check'
import * as RR from 'fp-ts/lib/ReadonlyRecord.js'
import * as t from 'io-ts'
import { exactText } from '../../lib/plain/said.js'
import { isRecord } from '../core/record.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key } from '../../lib/index.js'
import { Optimizer, Params, Sampler, Weighting } from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { dotProduct, flattenParams, maxAbs } from './check.js'
import { centralDifference } from './differences.js'
import type { Laws } from './law.js'
import { areFinite, equals, ofRows, forAll, type Relation, type LawBuilder, type LawSpec } from './lawRows.js'
import { scripted } from './script.js'

type NumberList = ReadonlyArray<number>
type NumberMatrix = ReadonlyArray<NumberList>
type AnyParams = Params.Params<string>

/** Transformation as in optax: updates are added to the parameters. States are plain data. */
export interface GradientTransformation<S> {
  readonly init: (params: NumberList) => S
  readonly update: (gradients: NumberList, state: S, params: NumberList) => readonly [updates: NumberList, state: S]
}

/** Optimizer as in PyTorch: a step changes parameters and state in place. */
export interface InPlace<S> {
  readonly state: (params: NumberList) => S
  readonly step: (params: number[], gradients: NumberList, state: S) => void
}

/** Unflattens values into the shapes of `like`. */
const shapedLike = (values: NumberList, like: AnyParams): AnyParams => {
  const lengths = Params.names(like).map(name => like[name].values.length)
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((sum, length) => sum + length, 0))
  return Object.fromEntries(
    Params.names(like).map((name, i) => [
      name,
      { shape: like[name].shape, values: Float64Array.from(values.slice(starts[i], starts[i] + lengths[i])) }
    ])
  )
}

const NUMBER = 'ornstein:number'

/** Encodes plain data as JSON; numbers that JSON lacks (−0, NaN, ±∞) become objects with their text. */
const encodePlain = (u: unknown): unknown => {
  if (typeof u === 'number') return Number.isFinite(u) && !Object.is(u, -0) ? u : { [NUMBER]: exactText(u) }
  if (Array.isArray(u)) return u.map(encodePlain)
  return isRecord(u) && !ArrayBuffer.isView(u) ? RR.map(encodePlain)(u) : u
}

const decodePlain = (u: unknown): unknown => {
  if (Array.isArray(u)) return u.map(decodePlain)
  if (!isRecord(u) || ArrayBuffer.isView(u)) return u
  return typeof u[NUMBER] === 'string' ? Number(u[NUMBER]) : RR.map(decodePlain)(u)
}

const plainState: t.Type<unknown, unknown> = new t.Type<unknown, unknown>(
  'plain data',
  t.unknown.is,
  u => t.success(decodePlain(u)),
  encodePlain
)

/**
 * Optimizer from an optax-like transformation on all parameters as one array. Mutations of arguments are copied back for the laws to
 * detect.
 */
const optax = <S>(name: string, { init, update }: GradientTransformation<S>): Optimizer.Optimizer =>
  Optimizer.define({
    name,
    about: 'a gradient transformation on plain arrays',
    memory: plainState,
    init: () => params => init(flattenParams(params)),
    update:
      () =>
      (gradient, memory, { params }) => {
        const given = [gradient, params].map(arrays => ({ arrays, values: [...flattenParams(arrays)] }))
        // From `init`, `update` or JSON.
        const [updates, state] = update(given[0].values, memory as S, given[1].values)
        given.forEach(({ arrays, values }) => {
          Object.entries(shapedLike(values, arrays)).forEach(([name, after]) => {
            arrays[name].values.set(after.values)
          })
        })
        return [shapedLike(updates, gradient), state]
      }
  })

/** Optimizer from a PyTorch-like step on copies. Updates are rounded differences of parameters. */
const torch = <S>(name: string, { state, step }: InPlace<S>): Optimizer.Optimizer =>
  optax<S>(name, {
    init: state,
    update: (gradients, before, params) => {
      const after = [...params]
      const own = structuredClone(before)
      step(after, [...gradients], own)
      return [after.map((value, i) => value - params[i]), own]
    }
  })

/** Weighting by the SNR α²/σ². */
const snrWeighting = (name: string, weight: (snr: number) => number): Weighting.Weighting =>
  Weighting.define({
    name,
    about: 'a function of SNR',
    meaning: () => ({
      sees: 'snr',
      weigh:
        ({ level }) =>
        time => {
          const { alpha, sigma } = level(time)
          return weight(Elementary.square(alpha / sigma))
        }
    })
  })

/** Arguments of a sampler step: noise levels, the score at `from`, and a standard normal number for each entry. */
export interface Stepping {
  readonly from: { readonly alpha: number; readonly sigma: number }
  readonly to: { readonly alpha: number; readonly sigma: number }
  readonly score: (rows: NumberMatrix) => NumberMatrix
  readonly normal: () => NumberMatrix
}

/** Sampler from a step on plain arrays. `draws` declares that the step uses noise, drawn once. */
const plainSampler = (
  name: string,
  step: (rows: NumberMatrix, at: Stepping) => NumberMatrix,
  { draws = false }: { readonly draws?: boolean } = {}
): Sampler.Sampler =>
  Sampler.define({
    name,
    about: 'a step on plain arrays',
    meaning: () => ({
      draws,
      step: ({ score, from, to, points, key }) => {
        const { rows, dim } = points
        const matrix = (values: Float64Array): NumberMatrix =>
          Array.from({ length: rows }, (_, i) => Array.from(values.subarray(i * dim, (i + 1) * dim)))
        const at: Stepping = {
          from,
          to,
          score: rows => matrix(score({ ...points, values: Float64Array.from(rows.flat()) }, from.time).values),
          normal: () => matrix(Key.normal(rows * dim)(key))
        }
        return { points: { ...points, values: Float64Array.from(step(matrix(points.values), at).flat()) } }
      }
    })
  })

/** Mean loss over rows, with its gradient in the parameters. */
export type PlainLoss = (
  params: NumberList,
  rows: NumberMatrix
) => { readonly value: number; readonly gradient: NumberList }

/** Laws of a loss: the gradient is its derivative, it ignores the order of rows, and it is their mean. */
const lossLaws = (loss: PlainLoss, options: { readonly parameters: number; readonly dim: number }): Laws => {
  const { parameters, dim } = options
  const row = fc.array(Arbitrary.real(3), { minLength: dim, maxLength: dim })
  const onCases = forAll(
    fc.record({
      params: fc.array(Arbitrary.real(2), { minLength: parameters, maxLength: parameters }),
      rows: fc.array(row, { minLength: 2, maxLength: 6 }),
      seed: Arbitrary.seeds
    })
  )
  const subject = { loss, parameters, onCases }
  return scripted(
    { by: 'ofFunction.loss', of: [loss, options] },
    ofRows('loss', [
      lossIsFinite(subject),
      gradientIsDerivative(subject),
      lossIgnoresOrder(subject),
      lossIsMeanOverRows(subject)
    ])
  )
}

interface PlainLossCase {
  readonly params: NumberList
  readonly rows: NumberMatrix
  readonly seed: number
}
interface PlainLossSubject {
  readonly loss: PlainLoss
  readonly parameters: number
  readonly onCases: (spec: LawSpec<PlainLossCase, unknown>) => LawBuilder
}

const lossIsFinite = ({ loss, parameters, onCases }: PlainLossSubject): LawBuilder =>
  onCases({
    name: 'value and gradient are finite, a number for each parameter',
    statement: '∀ θ, x: L is finite, and ∇L has as many finite numbers as θ. Exactly.',
    source: 'definition of a loss',
    says: ({ params, rows }) => {
      const { value, gradient } = loss(params, rows)
      return [areFinite([value, ...gradient]), equals(gradient.length, parameters)]
    }
  })

const gradientIsDerivative = ({ loss, parameters, onCases }: PlainLossSubject): LawBuilder =>
  onCases({
    name: 'gradient is that of the value',
    statement:
      '∀ θ, x, |v| = 1: ⟨∇L(θ), v⟩ = d/dh L(θ + hv) at h = 0. To 1e-8 (1 + |L|) r², r the size of data and parameters: differences of fourth order at h = 2e-3/r.',
    source: 'definition of the derivative',
    says: ({ params, rows, seed }) => {
      const raw = Array.from(Key.normal(parameters)(Key.fromSeed(seed)))
      const v = raw.map(x => x / Elementary.norm(raw))
      const r = plainMagnitude(params, rows)
      const { value, gradient } = loss(params, rows)
      const along = (h: number): number =>
        loss(
          params.map((x, i) => x + h * v[i]),
          rows
        ).value
      return equals(dotProduct(gradient, v), centralDifference(along, 2e-3 / r), 1e-8 * (1 + Math.abs(value)) * r * r)
    }
  })

const lossIgnoresOrder = ({ loss, onCases }: PlainLossSubject): LawBuilder =>
  onCases({
    name: 'does not know the order of the rows',
    statement: '∀ θ, x, permutations π: L(θ; πx) = L(θ; x), and the same of ∇L. To 1e-12 (1 + |L| + |∇L|) r.',
    source: 'symmetry of the expectation',
    says: ({ params, rows }) => sameLoss(loss, params, { rows, others: [...rows].reverse() })
  })

const lossIsMeanOverRows = ({ loss, onCases }: PlainLossSubject): LawBuilder =>
  onCases({
    name: 'is the mean over the rows',
    statement: '∀ θ, x: of every row twice L and ∇L are the same. To 1e-12 (1 + |L| + |∇L|) r.',
    source: 'definition of a mean',
    says: ({ params, rows }) => sameLoss(loss, params, { rows, others: [...rows, ...rows] })
  })

/** Relation that the loss is the same on other rows. */
const sameLoss = (
  loss: PlainLoss,
  params: NumberList,
  { rows, others }: { readonly rows: NumberMatrix; readonly others: NumberMatrix }
): Relation => {
  const [found, wanted] = [others, rows].map(rows => loss(params, rows))
  const tolerance = 1e-12 * (1 + Math.abs(wanted.value) + maxAbs(wanted.gradient))
  return equals(found, wanted, tolerance * plainMagnitude(params, rows))
}

const plainMagnitude = (params: NumberList, rows: NumberMatrix): number => 1 + maxAbs([...params, ...rows.flat()])

/**
 * Functions on plain arrays as instances for `laws.check`: optimizers as in optax or PyTorch, weights of the SNR, steps of samplers. `loss`
 * returns laws.
 *
 * @example
 * import fc from 'fast-check'
 * import * as laws from 'ornstein/laws'
 *
 * const heavyBall = laws.ofFunction.torch('heavyBall', {
 *   state: params => params.map(() => 0),
 *   step: (params, gradients, velocity: number[]) => {
 *     gradients.forEach((g, i) => {
 *       velocity[i] = 0.9 * velocity[i] + g
 *       params[i] -= 0.1 * velocity[i]
 *     })
 *   }
 * })
 * laws.check(heavyBall, { claims: { coordinatesAlike: true }, runs: 5 })
 *
 * const squares = (params: ReadonlyArray<number>, rows: ReadonlyArray<ReadonlyArray<number>>) => ({
 *   value: rows.reduce((sum, [x, y]) => sum + (y - params[0] * x) ** 2, 0) / rows.length,
 *   gradient: [rows.reduce((sum, [x, y]) => sum - 2 * x * (y - params[0] * x), 0) / rows.length]
 * })
 * laws.ofFunction.loss(squares, { parameters: 1, dim: 2 }).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 10 })
 * })
 */
export const ofFunction = { optax, torch, weighting: snrWeighting, sampler: plainSampler, loss: lossLaws }

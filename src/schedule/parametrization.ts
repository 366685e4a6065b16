/** Parametrizations: quantities that a network predicts at a noisy point x = α x_0 + σ z. */
import type * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import {
  add,
  div,
  equal,
  isFinite,
  mul,
  neg,
  opened,
  sqrt,
  tensor,
  toNdArray,
  where,
  type Operand,
  type Tensor
} from '../../lib/index.js'
import { Case, concept as Concept, Field, Problem, Vocabulary } from '../core/index.js'
import type { Level } from './schedule.js'

/** Coefficients in p x_0 + q z. */
export interface Direction {
  readonly p: number
  readonly q: number
}

/** Coefficients in ofOutput · output + ofPoint · x. */
export interface Coefficients {
  readonly ofOutput: number
  readonly ofPoint: number
}

/** Estimates of x_0 and z from x and the output. */
export interface Behind {
  readonly data: Coefficients
  readonly noise: Coefficients
}

/** α and σ for each row, [rows, 1], constant for autodiff. */
export interface Levels {
  readonly alpha: Tensor
  readonly sigma: Tensor
}

/** Δ² as powers of α and σ, with factors in numerator and denominator. */
export interface SquaredDeterminant {
  readonly alphas: number
  readonly sigmas: number
  readonly above: string
  readonly below: string
}

type Divide = (a: number, b: number) => number

/** Arithmetic of numbers or tensors, for formulas that serve both. */
export interface Arithmetic<A> {
  readonly of: (x: number) => A
  readonly add: (a: A, b: A) => A
  readonly mul: (a: A, b: A) => A
  readonly div: (a: A, b: A) => A
  readonly neg: (a: A) => A
  readonly sqrt: (a: A) => A
  /** a/b; 0 if b is 0, where the level does not determine the quantity. */
  readonly shown: (a: A, b: A) => A
}

interface OutputAndPoint<A> {
  readonly ofOutput: A
  readonly ofPoint: A
}

export interface Formulas<A> {
  readonly direction: { readonly p: A; readonly q: A }
  readonly behind: { readonly data: OutputAndPoint<A>; readonly noise: OutputAndPoint<A> }
}

/** Formulas for numbers and tensors alike. */
export type Written = <A>(level: { readonly alpha: A; readonly sigma: A }, arithmetic: Arithmetic<A>) => Formulas<A>
type Target = (levels: Levels) => (clean: Tensor, noise: Tensor) => Tensor

export interface Meaning {
  readonly direction: (level: Level) => Direction
  readonly behind: (level: Level, divide: Divide) => Behind
  /** Formulas for tensors; undefined if a custom definition has none. */
  readonly tensors: ((levels: Levels) => Formulas<Operand>) | undefined
  readonly target: Target
  readonly degree: number | undefined
  readonly squaredDeterminant: SquaredDeterminant | undefined
  readonly loss: string
}

export interface Parametrization extends Case.Value<'Parametrization', Meaning> {}

export const concept = Concept<Parametrization>(
  'Parametrization',
  'what a network predicts of a noisy point, and in what an error is measured'
)

export interface Spec<N extends string, F extends Field.Fields, A extends Case.Call> extends Omit<
  Case.Spec<N, F, never, A, null>,
  'meaning'
> {
  /** The output at a level as p x_0 + q z. αq − σp must not be 0 for α, σ > 0, so that the output and x determine x_0 and z. */
  readonly meaning: (fields: Field.Of<F>) => (level: Level) => Direction
  /**
   * Capability, checked by laws: estimates of x_0 and z from x and the output, accurate up to both ends of a schedule; quotients that are
   * undefined at an end use `divide`. Default: the solution for both.
   */
  readonly behind?: (fields: Field.Of<F>) => (level: Level, divide: Divide) => Behind
  /**
   * Capability, checked by laws: direction and estimates in the arithmetic of tensors, for compiled programs. Default: levels are evaluated
   * row by row, and losses interpreted.
   */
  readonly written?: (fields: Field.Of<F>) => Written
  /** Capability: regression target in fewer operations than p x_0 + q z. */
  readonly target?: (fields: Field.Of<F>) => Target
  /**
   * Capability, checked by laws: degree of homogeneity of p and q in (α, σ). Default: outputs change level through the estimates of x_0 and
   * z.
   */
  readonly degree?: number
  /** Capability: (αq − σp)² for printed weights of losses. */
  readonly squaredDeterminant?: (fields: Field.Of<F>) => SquaredDeterminant
  /** Capability: printed denoising loss. */
  readonly loss?: string
}

/** Estimates of x_0 and z; if αq − σp is 0, those that x or the output determines alone. */
const dataAndNoiseBehind =
  (direction: (level: Level) => Direction) =>
  (level: Level, divide: Divide): Behind => {
    const { alpha, sigma } = level
    const { p, q } = direction(level)
    const determinant = alpha * q - sigma * p
    const hidden = (a: number, b: number): Coefficients => ({ ofOutput: divide(a, 0), ofPoint: divide(b, 0) })
    if (Number.isFinite(determinant) && determinant !== 0)
      return {
        data: { ofOutput: -sigma / determinant, ofPoint: q / determinant },
        noise: { ofOutput: alpha / determinant, ofPoint: -p / determinant }
      }
    // The output is infinite here, so x alone determines data and noise.
    if (determinant === Infinity || determinant === -Infinity)
      return {
        data: { ofOutput: 0, ofPoint: Number.isFinite(p) ? 1 / alpha : 0 },
        noise: { ofOutput: 0, ofPoint: Number.isFinite(q) ? 1 / sigma : 0 }
      }
    return alpha === 0
      ? { data: hidden(-sigma, q), noise: { ofOutput: 1 / q, ofPoint: 0 } }
      : { data: { ofOutput: 1 / p, ofPoint: 0 }, noise: hidden(alpha, -p) }
  }

/** Evaluates a function of the level for each row, [rows, 1]. */
export const numberPerRow = ({ alpha, sigma }: Levels, f: (level: Level) => number): Tensor => {
  // Levels are constant for autodiff, so no derivative is lost.
  const [sigmas, { shape, values }] = opened(() => [toNdArray(sigma).values, toNdArray(alpha)] as const)
  return tensor(
    values.map((alpha, i) => f({ alpha, sigma: sigmas[i] })),
    shape
  )
}

const numberArithmetic = (divide: Divide): Arithmetic<number> => ({
  of: x => x,
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: a => -a,
  sqrt: Math.sqrt,
  shown: divide
})

const tensorArithmetic: Arithmetic<Operand> = {
  of: x => x,
  add,
  mul,
  div,
  neg,
  sqrt,
  shown: (a, b) => {
    const none = equal(b, 0)
    return where(none, 0, div(a, where(none, 1, b)))
  }
}

const byFormulas = <F>(
  written: (fields: F) => Written
): {
  readonly written: (fields: F) => Written
  readonly meaning: (fields: F) => (level: Level) => Direction
  readonly behind: (fields: F) => (level: Level, divide: Divide) => Behind
} => ({
  written,
  meaning: fields => level =>
    written(fields)(
      level,
      numberArithmetic((a, b) => a / b)
    ).direction,
  behind: fields => (level, divide) => written(fields)(level, numberArithmetic(divide)).behind
})

const tensorTarget =
  (of: (levels: Levels) => Formulas<Operand>): Target =>
  levels => {
    const { p, q } = of(levels).direction
    return (clean, noise) => add(mul(p, clean), mul(q, noise))
  }

/** Target p x_0 + q z with p and q evaluated on numbers at each row's level. */
const targetPerRow =
  (direction: (level: Level) => Direction): Target =>
  levels =>
  (clean, noise) =>
    add(
      mul(
        numberPerRow(levels, level => direction(level).p),
        clean
      ),
      mul(
        numberPerRow(levels, level => direction(level).q),
        noise
      )
    )

const TRIAL_LEVELS: ReadonlyArray<Level> = [0.001, 0.1, 0.5, 0.9, 0.999].flatMap(alpha =>
  [0.01, 0.3, 1, 50].map(sigma => ({ alpha, sigma }))
)

/** Problem of a direction at the first trial level where it is infinite or parallel to x; empty if there is none. */
const directionProblems = (name: string, direction: (level: Level) => Direction): ReadonlyArray<Problem.Problem> => {
  const bad = TRIAL_LEVELS.find(level => {
    const { p, q } = direction(level)
    // Differences below the rounding of the two products count as 0.
    const one = level.alpha * q
    const other = level.sigma * p
    return !(Math.abs(one - other) > 1e-15 * (Math.abs(one) + Math.abs(other)) && Number.isFinite(one - other))
  })
  if (bad === undefined) return []
  const { p, q } = direction(bad)
  return [
    Problem.of(
      `p, q of ${name} at α = ${bad.alpha}, σ = ${bad.sigma}`,
      `${p}, ${q}`,
      'a direction of data and noise other than that of x, α q − σ p ≠ 0',
      'return p and q of the output p x_0 + q z'
    )
  ]
}

/**
 * Defines a custom parametrization: the output as p x_0 + q z. Conversions, targets, weights of losses and scores follow.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Field, Parametrization } from 'ornstein'
 *
 * // The point itself with less noise, x − (1 − rest) σ z.
 * const cleaner = Parametrization.define({
 *   name: 'cleaner',
 *   about: 'the point with a share of its noise',
 *   fields: { rest: Field.fraction({ default: 0.5 }) },
 *   formula: ({ rest }) => `x − ${1 - rest} σ ε(x)`,
 *   meaning:
 *     ({ rest }) =>
 *     ({ alpha, sigma }) => ({ p: alpha, q: rest * sigma })
 * })
 * // With x = 3 and half the noise at 2, x_0 = 1/α.
 * const toData = Parametrization.convert(cleaner(), Parametrization.data)
 * assert.deepEqual([...toData({ alpha: 0.5, sigma: 1 })([3], [2])], [2])
 */
export function define<
  const N extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null
>({
  meaning,
  behind,
  written,
  target,
  degree,
  squaredDeterminant,
  loss,
  check,
  ...spec
}: Spec<N, F, A>): Case.Constructor<Parametrization, N, F, A, null> {
  return Case.define('Parametrization', {
    ...spec,
    check: (fields: Field.Of<F>) => {
      const said = check?.(fields) ?? []
      return said.length > 0 ? said : directionProblems(spec.name, meaning(fields))
    },
    meaning: (fields: Field.Of<F>): Meaning => {
      const direction = meaning(fields)
      const own = written?.(fields)
      const ofTensors = own && ((levels: Levels): Formulas<Operand> => own<Operand>(levels, tensorArithmetic))
      return {
        direction,
        behind: behind?.(fields) ?? dataAndNoiseBehind(direction),
        tensors: ofTensors,
        target: target?.(fields) ?? (ofTensors === undefined ? targetPerRow(direction) : tensorTarget(ofTensors)),
        degree,
        squaredDeterminant: squaredDeterminant?.(fields),
        loss: loss ?? `|${spec.name}(x_t) − (p x_0 + q z)|²`
      }
    }
  })
}

/** Score, s = ∇ log p(x). */
export const score = define({
  name: 'score',
  about: 'the score ∇ log p itself',
  formula: () => 's(x)',
  loss: '|s(x_t) + z/σ|²',
  degree: -1,
  squaredDeterminant: () => ({ alphas: 2, sigmas: -2, above: '', below: '' }),
  ...byFormulas(() => ({ alpha, sigma }, { of, mul, div, neg, shown }) => ({
    direction: { p: of(0), q: div(of(-1), sigma) },
    behind: {
      data: { ofOutput: shown(mul(sigma, sigma), alpha), ofPoint: shown(of(1), alpha) },
      noise: { ofOutput: neg(sigma), ofPoint: of(0) }
    }
  })),
  target: () => levels => (_, noise) => neg(div(noise, levels.sigma))
})

/** Noise prediction, ε = −σ s, the conditional mean of the noise (Ho et al. 2020, arXiv 2006.11239). */
export const noise = define({
  name: 'noise',
  about: 'the noise, as in DDPM (arXiv 2006.11239)',
  formula: () => 'ε(x) = −σ s(x)',
  loss: '|ε(x_t) − z|²',
  degree: 0,
  squaredDeterminant: () => ({ alphas: 2, sigmas: 0, above: '', below: '' }),
  ...byFormulas(() => ({ alpha, sigma }, { of, neg, shown }) => ({
    direction: { p: of(0), q: of(1) },
    behind: {
      data: { ofOutput: neg(shown(sigma, alpha)), ofPoint: shown(of(1), alpha) },
      noise: { ofOutput: of(1), ofPoint: of(0) }
    }
  })),
  target: () => () => (_, noise) => noise
})

/** Data prediction, x̂_0 = (x + σ² s)/α, the conditional mean of the data (Tweedie's formula; Efron 2011). */
export const data = define({
  name: 'data',
  about: "the data: Tweedie's formula",
  formula: () => 'x̂_0(x) = (x + σ² s(x))/α',
  loss: '|x̂_0(x_t) − x_0|²',
  degree: 0,
  squaredDeterminant: () => ({ alphas: 0, sigmas: 2, above: '', below: '' }),
  ...byFormulas(() => ({ alpha, sigma }, { of, neg, shown }) => ({
    direction: { p: of(1), q: of(0) },
    behind: {
      data: { ofOutput: of(1), ofPoint: of(0) },
      noise: { ofOutput: neg(shown(alpha, sigma)), ofPoint: shown(of(1), sigma) }
    }
  })),
  target: () => () => clean => clean
})

/** Velocity v = α ε − σ x̂_0, on any schedule (Salimans & Ho 2022, arXiv 2202.00512, where α² + σ² = 1). */
export const velocity = define({
  name: 'velocity',
  about: 'v-prediction (arXiv 2202.00512)',
  formula: () => 'v(x) = α ε(x) − σ x̂_0(x)',
  loss: '|v(x_t) − (αz − σx_0)|²',
  degree: 1,
  squaredDeterminant: () => ({ alphas: 0, sigmas: 0, above: '(α² + σ²)²', below: '' }),
  ...byFormulas(() => ({ alpha, sigma }, { add, mul, div, neg }) => {
    const n = add(mul(alpha, alpha), mul(sigma, sigma))
    return {
      direction: { p: neg(sigma), q: alpha },
      behind: {
        data: { ofOutput: div(neg(sigma), n), ofPoint: div(alpha, n) },
        noise: { ofOutput: div(alpha, n), ofPoint: div(sigma, n) }
      }
    }
  })
})

/**
 * Flow matching velocity u = ε − x̂_0, dx/dt of the straight line x = (1 − t) x_0 + t z (Lipman et al. 2022, arXiv
 * 2210.02747).
 */
export const flow = define({
  name: 'flow',
  about: 'the velocity of a straight line: flow matching (arXiv 2210.02747)',
  formula: () => 'u(x) = ε(x) − x̂_0(x)',
  loss: '|u(x_t) − (z − x_0)|²',
  degree: 0,
  squaredDeterminant: () => ({ alphas: 0, sigmas: 0, above: '(α + σ)²', below: '' }),
  ...byFormulas(() => ({ alpha, sigma }, { of, add, div, neg }) => {
    const n = add(alpha, sigma)
    return {
      direction: { p: of(-1), q: of(1) },
      behind: {
        data: { ofOutput: div(neg(sigma), n), ofPoint: div(of(1), n) },
        noise: { ofOutput: div(alpha, n), ofPoint: div(of(1), n) }
      }
    }
  })
})

/**
 * EDM's preconditioned network F: x̂_0 = c_skip x + c_out F, for data of standard deviation σ_d. With n = α²σ_d² + σ², c_skip = ασ_d²/n and
 * c_out = σσ_d/√n (Karras et al. 2022, arXiv 2206.00364, table 1, where α = 1). The error of F has equal magnitude at all levels.
 */
export const edm = define({
  name: 'edm',
  about: "EDM's preconditioned network (arXiv 2206.00364)",
  fields: {
    /** Standard deviation of the data. */
    sigmaData: Field.positive({ default: 0.5 })
  },
  formula: ({ sigmaData }) => `F(x) = (x̂_0(x) − c_skip x)/c_out, σ_d = ${sigmaData}`,
  loss: '|F(x_t) − (x_0 − c_skip x_t)/c_out|²',
  degree: 0,
  squaredDeterminant: ({ sigmaData }) => ({
    alphas: 0,
    sigmas: 0,
    above: `(${Elementary.square(sigmaData)} α² + σ²)`,
    below: String(Elementary.square(sigmaData))
  }),
  ...byFormulas(
    ({ sigmaData }: { readonly sigmaData: number }) =>
      ({ alpha, sigma }, { of, add, mul, div, neg, sqrt }) => {
        const d = of(sigmaData)
        const signal = mul(alpha, d)
        const n = add(mul(signal, signal), mul(sigma, sigma))
        const size = sqrt(n)
        return {
          direction: { p: div(sigma, mul(d, size)), q: div(neg(signal), size) },
          behind: {
            data: { ofOutput: div(mul(sigma, d), size), ofPoint: div(mul(signal, d), n) },
            noise: { ofOutput: div(neg(signal), size), ofPoint: div(sigma, n) }
          }
        }
      }
  )
})

/** Returns the output at a level as p x_0 + q z. */
export const directionAt =
  (parametrization: Parametrization) =>
  (level: Level): Direction =>
    concept.meaning(parametrization).direction(level)

const quotientOrZero = (a: number, b: number): number => (b === 0 ? 0 : a / b)

const isSameParametrization = (a: Parametrization, b: Parametrization): boolean =>
  a === b ||
  (Case.caseOf(a) === Case.caseOf(b) &&
    Object.keys(Case.caseOf(a).fields).every(name => Object.is(Case.field(a, name), Case.field(b, name))))

const combineDirection = ({ p, q }: Direction, { data, noise }: Behind): Coefficients => ({
  ofOutput: p * data.ofOutput + q * noise.ofOutput,
  ofPoint: p * data.ofPoint + q * noise.ofPoint
})

/** Direction at a level, 0 for coefficients that the level does not determine. */
const finiteDirection = (parametrization: Parametrization, level: Level): Direction => {
  const { p, q } = directionAt(parametrization)(level)
  return { p: Number.isFinite(p) ? p : 0, q: Number.isFinite(q) ? q : 0 }
}

/** Coefficients for converting an output at a level between parametrizations. */
export const conversionCoefficients =
  (from: Parametrization, to: Parametrization) =>
  (level: Level): Coefficients =>
    isSameParametrization(from, to)
      ? { ofOutput: 1, ofPoint: 0 }
      : combineDirection(finiteDirection(to, level), concept.meaning(from).behind(level, quotientOrZero))

/** Coefficients that convert an output and its point to another level with the same x_0 and z. */
export const relevelled =
  (parametrization: Parametrization) =>
  (from: Level, to: Level): Coefficients =>
    combineDirection(
      finiteDirection(parametrization, to),
      concept.meaning(parametrization).behind(from, quotientOrZero)
    )

/** Converts an output between parametrizations; x and output have equal length. */
export const convert =
  (from: Parametrization, to: Parametrization) =>
  (level: Level) =>
  (x: ArrayLike<number>, output: ArrayLike<number>): Float64Array => {
    const { ofOutput, ofPoint } = conversionCoefficients(from, to)(level)
    return Float64Array.from(x, (value, i) => ofOutput * output[i] + ofPoint * value)
  }

/** Converts an output as tensors: x and output [rows, dim], a level for each row. */
export const convertTensor =
  (from: Parametrization, to: Parametrization) =>
  (levels: Levels) =>
  (x: Tensor, output: Tensor): Tensor => {
    if (isSameParametrization(from, to)) return output
    const mine = concept.meaning(from).tensors
    const theirs = concept.meaning(to).tensors
    if (mine === undefined || theirs === undefined) {
      const at = conversionCoefficients(from, to)
      const ofOutput = numberPerRow(levels, level => at(level).ofOutput)
      const ofPoint = numberPerRow(levels, level => at(level).ofPoint)
      return add(mul(ofOutput, output), mul(ofPoint, x))
    }
    const { data, noise } = mine(levels).behind
    const { p, q } = theirs(levels).direction
    const finite = (a: Operand): Operand => (typeof a === 'number' ? a : where(isFinite(a), a, 0))
    const of = (pick: (share: OutputAndPoint<Operand>) => Operand): Tensor =>
      add(mul(finite(p), pick(data)), mul(finite(q), pick(noise)))
    const ofOutput = of(share => share.ofOutput)
    const ofPoint = of(share => share.ofPoint)
    return add(mul(ofOutput, output), mul(ofPoint, x))
  }

/** Regression target of the output, p x_0 + q z: x_0 and z [rows, dim], a level for each row. */
export const targetTensor = (parametrization: Parametrization): Target => concept.meaning(parametrization).target

/**
 * Weight between squared errors of two parametrizations, (Δ′/Δ)²: |y′ − target′|² = weight · |y − target|². Infinite if the level does not
 * determine the converted output.
 */
export const conversionWeight =
  (from: Parametrization, to: Parametrization) =>
  (level: Level): number => {
    if (isSameParametrization(from, to)) return 1
    const { data, noise } = concept.meaning(from).behind(level, (a, b) => a / b)
    const { p, q } = directionAt(to)(level)
    return Elementary.square((p === 0 ? 0 : p * data.ofOutput) + (q === 0 ? 0 : q * noise.ofOutput))
  }

/** Degree of homogeneity in the level: the output at (cα, cσ) and cx is c^degree times that at x; undefined if it is not declared. */
export const degree = (parametrization: Parametrization): number | undefined => concept.meaning(parametrization).degree

const superscript = (name: string, exponent: number): string =>
  exponent === 0 ? '' : `${name}${exponent === 2 ? '²' : '⁴'}`

/** Formula of `conversionWeight`; '(Δ′/Δ)²' if one of the two has none. */
export const weightFormula = (from: Parametrization, to: Parametrization): string => {
  if (isSameParametrization(from, to)) return '1'
  const a = concept.meaning(from).squaredDeterminant
  const b = concept.meaning(to).squaredDeterminant
  if (a === undefined || b === undefined) return '(Δ′/Δ)²'
  const alphas = b.alphas - a.alphas
  const sigmas = b.sigmas - a.sigmas
  const factors = (...parts: ReadonlyArray<string>): string => parts.filter(part => part !== '').join(' ')
  const powers = (sign: 1 | -1): ReadonlyArray<string> => [
    superscript('σ', Math.max(0, sign * sigmas)),
    superscript('α', Math.max(0, sign * alphas))
  ]
  const above = factors(a.below, ...powers(1), b.above)
  const below = factors(b.below, ...powers(-1), a.above)
  return below === '' ? above || '1' : `${above || '1'} / ${below.includes(' ') ? `(${below})` : below}`
}

/** Returns the code that builds the parametrization. */
export const show = (parametrization: Parametrization): string => Case.show(parametrization)

/** Returns the output as a formula. */
export const formula = (parametrization: Parametrization): string => Case.formula(parametrization)

/** Formula of the denoising loss in a parametrization, inside the mean. */
export const lossFormula = (parametrization: Parametrization): string => concept.meaning(parametrization).loss

/** Problems of a parametrization. */
export const problems = (parametrization: Parametrization): ReadonlyArray<Problem.Problem> =>
  Case.problems(parametrization)

export const all: ReadonlyArray<Vocabulary.Entry> = [score, noise, data, velocity, flow, edm]

/** JSON codec of the parametrizations in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Parametrization, unknown> =>
  Vocabulary.codec(vocabulary)(concept)

/** Expectations: computation of the mean over the noise z in x_t = α x_0 + σ z. */
import type * as t from 'io-ts'
import { Key, Quadrature, type NdArray } from '../../lib/index.js'
import { bisect } from '../../lib/numbers/bisect.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { boundedCache } from '../../lib/plain/iterate.js'
import { remembered } from '../../lib/plain/remembered.js'
import { Case, Field, Problem, Vocabulary, conceptModule } from '../core/index.js'
import * as Limits from '../core/limits.js'
import type { Points } from '../data/points.js'
import * as Params from '../core/params.js'

/** One term of the mean: a key of standard normal numbers, possibly negated. */
export interface KeyDraw {
  /** Those of all draws sum to 1. */
  readonly weight: number
  readonly noise: Key.Key
  readonly sign?: 1 | -1
}

/** One term of the mean: a key, or given noise for each row. */
export interface Draw extends Omit<KeyDraw, 'noise'> {
  readonly noise: Key.Key | Float64Array
}

export type Size = Pick<Points, 'rows' | 'dim'>

/** Noise drawn in all dimensions, for any score and objective. */
export interface Everywhere {
  readonly where: 'everywhere'
  readonly draws: (data: Size) => (key: Key.Key) => ReadonlyArray<Draw>
  /** 'apart' if rows are drawn independently, 'together' if jointly, 'fixed' if the noise is given. */
  readonly rows: 'apart' | 'together' | 'fixed'
  /** Size that the data must have, if the noise is given for each row. */
  readonly size?: Size
  /** Capability: float32 is enough, since values are never compared. */
  readonly float32?: true
}

/** Noise drawn in the span of the centres' differences; the rest is integrated in closed form. */
export interface InSpan {
  readonly where: 'span'
  readonly draws: (key: Key.Key) => ReadonlyArray<KeyDraw>
  /** True if each z is paired with −z, which changes the optimal share of the denoising form. */
  readonly antithetic: boolean
}

/** Nodes along the one direction on which the loss depends; the rest is integrated in closed form. */
export interface OnLine {
  readonly where: 'line'
  /** Nodes and weights for ζ ~ N(0, 1), for means of tanh(a + bζ) and similar functions with slope b. */
  readonly rule: (slope: number) => Quadrature.Rule
  /** Number of nodes in time if the noise level distribution has none of its own. */
  readonly timeNodes?: number
}

export type Meaning = Everywhere | InSpan | OnLine

export interface Expectation extends Case.Value<'Expectation', Meaning> {}

const expectationConcept = conceptModule<Expectation>('Expectation', 'how the mean over the noise z is taken')
export const { concept, show, problems } = expectationConcept

/** Problems of the draws or nodes, evaluated for one key on two rows (or the required size). */
const trialProblems = (name: string, way: Meaning): ReadonlyArray<Problem.Problem> => {
  const size = way.where === 'everywhere' && way.size !== undefined ? way.size : { rows: 2, dim: 3 }
  const key = Key.fromSeed(0)
  const draws: ReadonlyArray<Draw> =
    way.where === 'everywhere' ? way.draws(size)(key) : way.where === 'span' ? way.draws(key) : []
  const weights = way.where === 'line' ? Array.from(way.rule(0.1).weights) : draws.map(({ weight }) => weight)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const short = draws.find(({ noise }) => noise instanceof Float64Array && noise.length !== size.rows * size.dim)
  return [
    ...Problem.unless(
      Math.abs(total - 1) <= 1e-9,
      `weights of ${name}`,
      `${total} in sum`,
      '1, as of a mean',
      'divide them by their sum'
    ),
    ...(short?.noise instanceof Float64Array
      ? [
          Problem.of(
            `noise of ${name}`,
            `${short.noise.length} numbers for data of ${size.rows} × ${size.dim}`,
            'a row for each row of the data',
            'give rows × dim numbers'
          )
        ]
      : [])
  ]
}

/**
 * Defines a custom expectation.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Key } from 'ornstein/float64'
 * import { Expectation } from 'ornstein'
 *
 * // Noise whose mean over the rows is 0, as that of all noise is.
 * const centred = Expectation.define({
 *   name: 'centred',
 *   about: 'plain noise, less its mean over the rows, at its own variance',
 *   meaning: () => ({
 *     where: 'everywhere',
 *     rows: 'together',
 *     draws: ({ rows, dim }) => key => {
 *       const z = Key.normal(rows * dim)(key)
 *       const mean = Array.from({ length: dim }, (_, j) => z.reduce((sum, v, at) => (at % dim === j ? sum + v : sum), 0) / rows)
 *       const scale = Math.sqrt(rows / (rows - 1))
 *       return [{ weight: 1, noise: z.map((v, at) => scale * (v - mean[at % dim])) }]
 *     }
 *   })
 * })
 * assert.equal(Expectation.show(centred), 'Expectation.centred')
 */
export function define<
  const N extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null
>(spec: Case.Spec<N, F, Meaning, A, null>): Case.Constructor<Expectation, N, F, A, null> {
  return expectationConcept.define({
    ...spec,
    check: (fields: Field.Of<F>) => {
      const said = spec.check?.(fields) ?? []
      return said.length > 0 ? said : trialProblems(spec.name, spec.meaning(fields))
    }
  })
}

const samplingFields = {
  /** Draws for each row at a step, before negation. Default: 1. */
  draws: Field.quiet(Field.count({ default: 1, most: Limits.maxDraws })),
  /** True if each draw z is followed by −z. Default: false. */
  antithetic: Field.quiet(Field.boolean({ default: false }))
}

const repeatedDraws =
  ({ draws, antithetic }: Field.Of<typeof samplingFields>) =>
  (key: Key.Key): ReadonlyArray<KeyDraw> =>
    Key.split(draws)(key).flatMap(noise =>
      antithetic
        ? ([1, -1] as const).map(sign => ({ weight: 1 / (2 * draws), noise, sign }))
        : [{ weight: 1 / draws, noise }]
    )

/** Monte Carlo: `draws` standard normal vectors for each row, newly drawn at every step. Supports any score and objective. */
export const monteCarlo = define({
  name: 'monteCarlo',
  about: 'fresh noise at every step; any score, any objective',
  fields: samplingFields,
  meaning: options => ({ where: 'everywhere', rows: 'apart', draws: () => repeatedDraws(options), float32: true })
})

/** Slope up to which Gauss–Hermite needs fewer nodes than the trapezoidal rule. */
const MAX_GAUSS_HERMITE_SLOPE = 0.4

/**
 * Number of nodes for means of polynomials in ζ and tanh(a + bζ), to 1e-12. Poles π/(2b) from the real line leave an error of e^{−π√n/b} by
 * Gauss–Hermite, and e^{−π²/(bh)} by steps of h. Constants measured for 0 ≤ b ≤ 70, |a| ≤ 4b.
 */
const nodeCountForSlope = (slope: number): number =>
  Math.ceil(slope < MAX_GAUSS_HERMITE_SLOPE ? 6 + 22 * slope + 112 * slope * slope : 12 + 60 * slope)

/** Slope at which the number of nodes reaches its limit. */
const MAX_SLOPE = (Limits.maxNodes - 12) / 60

const rulesByNodeCount = boundedCache<Quadrature.Rule>(64)
const steep = boundedCache<Quadrature.Rule>(64)

/** Quadrature rule for a slope, the same object for equal numbers of nodes; the longest beyond `MAX_SLOPE` and for NaN. */
const ruleFor = (slope: number): Quadrature.Rule => {
  const count = nodeCountForSlope(slope < MAX_SLOPE ? slope : MAX_SLOPE)
  return slope < MAX_GAUSS_HERMITE_SLOPE
    ? rulesByNodeCount(count, () => Quadrature.gaussHermite(count))
    : steep(count, () => Quadrature.equalSteps(count))
}

/**
 * Quadrature along the one direction on which the loss of the symmetric pair depends; the rest is integrated in closed form. Deterministic,
 * so exact line searches and quasi-Newton methods apply.
 *
 * The integrands are tanh(a + bζ) and similar, b = ασ|mean|/(α² + σ²) ≤ |mean|/2. By default b gives the number of nodes at each level and
 * step (docs/landscapes.md). Value and gradient are then correct to 1e-12 (1 + |mean|²) and 1e-12 (1 + |mean|), up to b = 68, the limit of
 * 4096 nodes; `Compile` rejects data with longer centres.
 *
 * Given `nodes` are Gauss–Hermite for every b, with error e^{−π√nodes/b} in the same units: for 16 nodes 1e-8 at b = 0.4 and 2e-3 at b = 1.
 * If means correct to 1e-7 need more nodes, pipelines do not compile, and runs fail, with a sufficient number; `Compile.plans` reports it.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Key } from 'ornstein/float64'
 * import { Compile, Expectation, Objective, Params, Schedule, Score, NoiseLevels } from 'ornstein'
 *
 * const value = (expectation: Expectation.Expectation): number => {
 *   const compiled = pipe(
 *     { rows: 2, dim: 1, values: Float64Array.of(-5, 4) },
 *     Compile.valueAndGrad({
 *       schedule: Schedule.ornsteinUhlenbeck,
 *       score: Score.symmetricPair,
 *       objective: Objective.implicit(NoiseLevels.at(0.5)),
 *       expectation
 *     })
 *   )
 *   assert.ok(E.isRight(compiled))
 *   return compiled.right(Params.of({ mean: [5] }), Key.fromSeed(0)).value
 * }
 * const chosen = value(Expectation.quadrature())
 * assert.ok(Math.abs(value(Expectation.quadrature({ nodes: 1000 })) - chosen) < 1e-11)
 * assert.ok(Math.abs(value(Expectation.quadrature({ nodes: 16 })) - chosen) > 1e-4)
 */
export const quadrature = define({
  name: 'quadrature',
  about: 'to 1e-12 in the one direction that matters to the pair',
  fields: {
    /** At least 2, since one node misses the variance along the direction. */
    nodes: Field.optional(Field.count({ least: 2, suggestion: 16, most: Limits.maxNodes }))
  },
  meaning: ({ nodes }) =>
    nodes === null
      ? { where: 'line', rule: ruleFor }
      : { where: 'line', rule: () => Quadrature.gaussHermite(nodes), timeNodes: nodes }
})

/** Shifts a of tanh(a + bζ), in units of b, at which rules are compared. */
const TANH_SHIFTS = [0, 0.5, 1, 1.5, 2, 3]

/** Maximum error of a rule's means of tanh², which lie between 0 and 1. */
const MAX_RULE_ERROR = 1e-7

/** Largest error of a rule's means of tanh² over the shifts, against `ruleFor(slope)`. */
const quadratureErrorAt = (slope: number, rule: Quadrature.Rule): number => {
  const mean = ({ nodes, weights }: Quadrature.Rule, shift: number): number =>
    nodes.reduce((sum, x, i) => sum + weights[i] * Elementary.square(Elementary.tanh(slope * (shift + x))), 0)
  const right = ruleFor(slope)
  return Math.max(...TANH_SHIFTS.map(a => Math.abs(mean(rule, a) - mean(right, a))))
}

const MIN_CHECKED_SLOPE = 1e-4

/** Largest slope at which a rule is accurate, by bisection. */
const maxAccurateSlope = remembered(({ rule }: OnLine) => {
  if (rule === ruleFor) return MAX_SLOPE
  const isRight = (slope: number): boolean => quadratureErrorAt(slope, rule(slope)) <= MAX_RULE_ERROR
  return isRight(MAX_SLOPE) ? MAX_SLOPE : bisect(isRight, MIN_CHECKED_SLOPE, MAX_SLOPE)
})

/** Approximate sufficient number of nodes: of Gauss–Hermite up to `most`, otherwise of the rule for the slope. */
const sufficientNodes = (slope: number, n: number, most = 1024): number =>
  slope >= MAX_SLOPE || n > most
    ? nodeCountForSlope(slope)
    : quadratureErrorAt(slope, Quadrature.gaussHermite(n)) <= MAX_RULE_ERROR
      ? n
      : sufficientNodes(slope, Math.ceil(1.25 * n), most)

export interface NodeShortage {
  readonly used: number
  /** Sufficient number of nodes; programs use at most 4096. */
  readonly needed: number
  /** Largest error of means of tanh²; NaN if the slope is too steep for a reference. */
  readonly error: number
}

/**
 * Returns a check of a slope: the nodes needed and the error if a rule's means are off by more than 1e-7; undefined if they are accurate,
 * or the expectation has no nodes.
 */
export const nodeShortageAt = (expectation: Expectation): ((slope: number) => NodeShortage | undefined) => {
  const way = interpret(expectation)
  if (way.where !== 'line') return () => undefined
  return slope => {
    const most = maxAccurateSlope(way)
    if (!(slope > most)) return undefined
    const rule = way.rule(slope)
    const taken = rule.nodes.length
    return {
      used: taken,
      needed: sufficientNodes(slope, taken + 1),
      error: slope > MAX_SLOPE ? NaN : quadratureErrorAt(slope, rule)
    }
  }
}

/**
 * Noise drawn only in the span of the centres' differences, on which a mixture's loss depends; the rest is integrated in closed form. The
 * mean equals that of `monteCarlo`, with less variance: for the implicit objective it is the conditional expectation (Rao–Blackwell).
 *
 * The denoising objective is |s|² + 2h div s + 2(1 − h)⟨s, z⟩/σ plus a constant; its mean does not depend on h (Stein), which is chosen for
 * a small variance by parameters and level alone: 1 − h = σ²/(α² + σ²) if variances are 1 (docs/landscapes.md). On rows of the mixture
 * itself the gradient's variance is at most that under plain noise (checked by a law); on rows far from all components it may be larger.
 *
 * Supports families of spherical components: `symmetricPair`, `spherical`, `isotropic`, `tiedIsotropic`. `Compile` rejects others, which
 * depend on all of the noise or on a span that rotates with the level.
 */
export const projected = define({
  name: 'projected',
  about: 'noise only where centres differ, the rest in closed form',
  fields: samplingFields,
  meaning: options => ({ where: 'span', antithetic: options.antithetic, draws: repeatedDraws(options) })
})

const noiseField: Field.Field<NdArray> = Field.codec(Params.ndArrayCodec, {
  domain: 'finite throughout',
  remedy: 'draw it with Key.normal',
  sample: { shape: [2, 2], values: Float64Array.of(0.1, -1, 0.7, 0.4) },
  show: ({ shape }) => `${shape.join(' × ')} noise`,
  arbitrary: fc => fc.constant({ shape: [2, 2], values: Float64Array.of(0.1, -1, 0.7, 0.4) })
})

const fixedNoise = define({
  name: 'fixed',
  about: 'common random numbers: the same noise at every step',
  fields: {
    /** z, with a row for each row of the data. */
    noise: {
      ...noiseField,
      problems: (name, u) =>
        !noiseField.is(u)
          ? noiseField.problems(name, u)
          : Problem.unless(
              u.shape.length === 2 && u.values.every(Number.isFinite),
              name,
              u.shape.length === 2 ? 'NaN or infinite somewhere' : `of shape [${u.shape.join(', ')}]`,
              u.shape.length === 2 ? 'finite throughout' : 'a row for each row of the data',
              'draw it with Key.normal'
            )
    } satisfies Field.Field<NdArray>
  },
  call: ['noise'],
  meaning: ({ noise: { shape, values } }) => {
    const [rows, dim] = shape
    return {
      where: 'everywhere',
      rows: 'fixed',
      size: { rows, dim },
      // Programs recognise an array by identity, so all rows return the same one.
      draws: few => () => [
        { weight: 1, noise: few.rows * few.dim < values.length ? values.subarray(0, few.rows * few.dim) : values }
      ]
    }
  }
})

/** Common random numbers: row i of the given noise for row i of the data at every step. */
export const fixed = Case.caseCalledBy(fixedNoise, ({ rows, dim, values }: Points) =>
  // Copied, since the caller may overwrite its array.
  fixedNoise({ shape: [rows, dim], values: values.slice() })
)

/** Returns the draws or the nodes of an expectation. */
export const interpret = (expectation: Expectation): Meaning => concept.meaning(expectation)

/** Domain of the noise: 'everywhere', the 'span' of the centres' differences, or the 'line' of the symmetric pair. */
export const noiseDomain = (expectation: Expectation): 'everywhere' | 'span' | 'line' => interpret(expectation).where

/** True if evaluations at equal parameters are equal for every key. */
export const isDeterministicExpectation = (expectation: Expectation): boolean => {
  const way = interpret(expectation)
  return way.where === 'line' || (way.where === 'everywhere' && way.rows === 'fixed')
}

/** True if noise is drawn again for each key, independently for each row. */
export const isPlainNoise = (expectation: Expectation): boolean => {
  const way = interpret(expectation)
  return way.where === 'everywhere' && way.rows === 'apart'
}

/** Size of the data required by given noise; undefined for drawn noise. */
export const fixedNoiseSize = (expectation: Expectation): Size | undefined => {
  const way = interpret(expectation)
  return way.where === 'everywhere' ? way.size : undefined
}

export const all: ReadonlyArray<Vocabulary.Entry> = [monteCarlo, quadrature, projected, fixedNoise]

/** JSON codec of the expectations in a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Expectation, unknown> =>
  Vocabulary.codec(vocabulary)(concept)

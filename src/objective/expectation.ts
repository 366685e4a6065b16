/**
 * Expectations: how the mean over the noise z of x_t = α x_0 + σ z is taken.
 */
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

/** One term of the mean: the standard normal numbers that a key draws, or the same numbers negated. */
export interface KeyDraw {
  /** The weights of all draws sum to 1. */
  readonly weight: number
  readonly noise: Key.Key
  readonly sign?: 1 | -1
}

/** One term of the mean: the numbers of a key, or given ones, a row for each row of the data. */
export interface Draw extends Omit<KeyDraw, 'noise'> {
  readonly noise: Key.Key | Float64Array
}

/** The size of the data for which noise is drawn. */
export type Size = Pick<Points, 'rows' | 'dim'>

/** All of the noise: for any score, any objective. */
export interface Everywhere {
  readonly where: 'everywhere'
  readonly draws: (data: Size) => (key: Key.Key) => ReadonlyArray<Draw>
  /** Whether the key draws every row independently, draws the rows together, or draws nothing because the noise is given. */
  readonly rows: 'apart' | 'together' | 'fixed'
  /** The only size of data that it suits, where it has been given. */
  readonly size?: Size
  /**
   * Capability: single precision is enough, since draws differ by far more than its errors and single values are never
   * compared.
   */
  readonly float32?: true
}

/** The noise that a mixture sees, in the span of the differences of its centres; the rest is integrated in closed form. */
export interface InSpan {
  readonly where: 'span'
  readonly draws: (key: Key.Key) => ReadonlyArray<KeyDraw>
  /** Whether each draw z comes with −z; the best mixture of the two forms of the loss depends on it. */
  readonly antithetic: boolean
}

/** Nodes along the one direction in which a mixture sees the noise; the rest is integrated in closed form. */
export interface OnLine {
  readonly where: 'line'
  /** Nodes and weights for the mean over ζ ~ N(0, 1) of tanh(a + bζ) and similar, b the slope. */
  readonly rule: (slope: number) => Quadrature.Rule
  /** Nodes in time, where the noise level distribution names no number. */
  readonly timeNodes?: number
}

export type Meaning = Everywhere | InSpan | OnLine

export interface Expectation extends Case.Value<'Expectation', Meaning> {}

const expectationWords = conceptModule<Expectation>('Expectation', 'how the mean over the noise z is taken')
export const { concept, show, problems } = expectationWords

/** The problems of draws or nodes, found by trying them on two rows and one key. */
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
 * An expectation of one's own: where noise is drawn, and which.
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
  return expectationWords.define({
    ...spec,
    check: (fields: Field.Of<F>) => {
      const said = spec.check?.(fields) ?? []
      return said.length > 0 ? said : trialProblems(spec.name, spec.meaning(fields))
    }
  })
}

/** Draws of noise for each row and step; each draw z followed by −z, or not. */
const sampled = {
  /** How much noise each row meets at a step. */
  draws: Field.quiet(Field.count({ default: 1, most: Limits.maxDraws })),
  /** Whether −z follows each z. */
  antithetic: Field.quiet(Field.boolean({ default: false }))
}

const repeatedDraws =
  ({ draws, antithetic }: Field.Of<typeof sampled>) =>
  (key: Key.Key): ReadonlyArray<KeyDraw> =>
    Key.split(draws)(key).flatMap(noise =>
      antithetic
        ? ([1, -1] as const).map(sign => ({ weight: 1 / (2 * draws), noise, sign }))
        : [{ weight: 1 / draws, noise }]
    )

/** Plain noise: `draws` standard normal vectors for each row, fresh at every step. Any score, any objective. */
export const monteCarlo = define({
  name: 'monteCarlo',
  about: 'fresh noise at every step; any score, any objective',
  fields: sampled,
  meaning: options => ({ where: 'everywhere', rows: 'apart', draws: () => repeatedDraws(options), float32: true })
})

/** Up to this slope Gauss–Hermite takes fewer nodes than equal steps. */
const GENTLE = 0.4

/**
 * Nodes for means of polynomials in ζ and tanh(a + bζ), to 1e-12. Poles π/(2b) from the real line leave an error of e^{−π√n/b} by
 * Gauss–Hermite, e^{−π²/(bh)} by steps of h; the constants are measured for 0 ≤ b ≤ 70, |a| ≤ 4b.
 */
const nodesFor = (slope: number): number =>
  Math.ceil(slope < GENTLE ? 6 + 22 * slope + 112 * slope * slope : 12 + 60 * slope)

/** The slope beyond which more nodes are needed than are taken. */
const STEEPEST = (Limits.maxNodes - 12) / 60

/** Rules that a descent comes back to at every step. */
const gentle = boundedCache<Quadrature.Rule>(64)
const steep = boundedCache<Quadrature.Rule>(64)

/** The rule for a slope, the same object for the same number of nodes; one that is not finite is that of a loss that is not finite either. */
const ruleFor = (slope: number): Quadrature.Rule => {
  const count = nodesFor(slope < STEEPEST ? slope : STEEPEST)
  return slope < GENTLE
    ? gentle(count, () => Quadrature.gaussHermite(count))
    : steep(count, () => Quadrature.equalSteps(count))
}

/**
 * Nodes along the one direction in which the loss of the symmetric pair sees the noise; the rest is integrated in closed
 * form. Deterministic, so exact line searches and quasi-Newton methods apply.
 *
 * What is integrated is tanh(a + bζ) and similar, b = ασ|mean|/(α² + σ²) ≤ |mean|/2, with poles π/(2b) from the real line. By
 * default nodes are chosen from b at each level and step: 6 + 22b + 112b² of Gauss–Hermite up to b = 0.4, 12 + 60b in equal steps
 * beyond. The value is then right to 1e-12 (1 + |mean|²), the gradient to 1e-12 (1 + |mean|), up to b = 68, where 4096 nodes are
 * reached: no more are taken, and `Compile` refuses data with longer centres.
 *
 * With `nodes` given, so many of Gauss–Hermite are taken, whatever b: the error falls as e^{−π√nodes/b}. In the same units 16
 * are right to 1e-8 at b = 0.4 and to 2e-3 at b = 1; at |mean| = 5 the gradient is 1 to 2 % off. A pipeline does not believe that:
 * where the data or the start ask for more nodes for means that are right to 1e-7, it does not compile, and a run that comes to such
 * parameters fails; both say how many nodes are enough. So does `Compile.rowGradients`. `Compile.plans` says it in the plan's reason.
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
    /** One node misses the variance along the direction: the value would not be that of the objective. */
    nodes: Field.optional(Field.count({ least: 2, suggestion: 16, most: Limits.maxNodes }))
  },
  meaning: ({ nodes }) =>
    nodes === null
      ? { where: 'line', rule: ruleFor }
      : { where: 'line', rule: () => Quadrature.gaussHermite(nodes), timeNodes: nodes }
})

/** Shifts of tanh(a + bζ), in units of b, at which rules are compared: from its middle to beyond the nodes that matter. */
const TANH_SHIFTS = [0, 0.5, 1, 1.5, 2, 3]

/** A rule whose means of tanh², which lies between 0 and 1, are further off is not believed. */
const MAX_RULE_ERROR = 1e-7

/** How far means of tanh² by a rule are off. */
const errorAt = (slope: number, rule: Quadrature.Rule): number => {
  const mean = ({ nodes, weights }: Quadrature.Rule, shift: number): number =>
    nodes.reduce((sum, x, i) => sum + weights[i] * Elementary.square(Elementary.tanh(slope * (shift + x))), 0)
  const right = ruleFor(slope)
  return Math.max(...TANH_SHIFTS.map(a => Math.abs(mean(rule, a) - mean(right, a))))
}

/** A rule is not asked to be right at slopes below. */
const FLATTEST = 1e-4

/** The slope up to which a rule is believed, by bisection: it is compared with nodes that are chosen by the slope. */
const steepest = remembered(({ rule }: OnLine) => {
  if (rule === ruleFor) return STEEPEST
  const isRight = (slope: number): boolean => errorAt(slope, rule(slope)) <= MAX_RULE_ERROR
  return isRight(STEEPEST) ? STEEPEST : bisect(isRight, FLATTEST, STEEPEST)
})

/** About how many nodes are enough for a slope: of Gauss–Hermite, beyond `most` those that are chosen by the slope. */
const enough = (slope: number, n: number, most = 1024): number =>
  slope >= STEEPEST || n > most
    ? nodesFor(slope)
    : errorAt(slope, Quadrature.gaussHermite(n)) <= MAX_RULE_ERROR
      ? n
      : enough(slope, Math.ceil(1.25 * n), most)

/** Nodes that are too few for a slope. */
export interface TooFew {
  readonly taken: number
  /** So many are enough; no program takes more than 4096. */
  readonly asked: number
  /** How far means of tanh², which lies between 0 and 1, are off; NaN where the right ones are not known either. */
  readonly error: number
}

/**
 * Which slopes an expectation has too few nodes for, and what that costs: a rule that is off by more than 1e-7 is not believed, whether its
 * number was given, or it is of one's own. Undefined of an expectation that has no nodes.
 */
export const tooFew = (expectation: Expectation): ((slope: number) => TooFew | undefined) => {
  const way = interpret(expectation)
  if (way.where !== 'line') return () => undefined
  return slope => {
    const most = steepest(way)
    if (!(slope > most)) return undefined
    const rule = way.rule(slope)
    const taken = rule.nodes.length
    return {
      taken,
      asked: enough(slope, taken + 1),
      error: slope > STEEPEST ? NaN : errorAt(slope, rule)
    }
  }
}

/**
 * Noise only in the span of the centres' differences, where a mixture's loss sees it; the rest is integrated in closed form.
 * The same mean as `monteCarlo`, with less variance: of the implicit objective it is the conditional expectation (Rao–Blackwell), which never
 * varies more.
 *
 * The denoising objective is taken as |s|² + 2h div s + 2(1 − h)⟨s, z⟩/σ and a constant, whose mean does not depend on h
 * (Stein). h = 0, the denoising form, varies without bound as σ → 0; h = 1, the implicit one, at high noise far more than the
 * denoising. 1 − h = σ²/(α² + σ²) where variances are 1; else what is best of components that are apart, from the parameters and
 * the level alone, so that no bias comes of it. A law holds that the gradient never varies more than under plain noise, at any
 * level, on rows of the mixture itself. No more is promised: on a few rows far from all components a tenth more has been seen, and
 * the value may vary more, 1.75 times as much where it was seen most.
 *
 * Serves families of round components: `symmetricPair`, `spherical`, `isotropic`, `tiedIsotropic`. Components of different shapes see all
 * of the noise, and where they share one that is not round, the span turns with the noise level: `Compile` refuses them.
 */
export const projected = define({
  name: 'projected',
  about: 'noise only where centres differ, the rest in closed form',
  fields: sampled,
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
    /** z, a row for each row of the data. */
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
      // Passes recognize an array by its identity, so all rows are always given as this one.
      draws: few => () => [
        { weight: 1, noise: few.rows * few.dim < values.length ? values.subarray(0, few.rows * few.dim) : values }
      ]
    }
  }
})

/** Common random numbers: row i of the data meets row i of the noise, at every step. */
export const fixed = Case.caseCalledBy(fixedNoise, ({ rows, dim, values }: Points) =>
  // Passes keep the array they were given: it must not change when its owner fills it again.
  fixedNoise({ shape: [rows, dim], values: values.slice() })
)

/** What an expectation draws, or where its nodes are. */
export const interpret = (expectation: Expectation): Meaning => concept.meaning(expectation)

/** Where noise is drawn: everywhere, in the span of the centres' differences, or on the one line of the pair. */
export const noiseDomain = (expectation: Expectation): 'everywhere' | 'span' | 'line' => interpret(expectation).where

/** Whether two evaluations at the same parameters give the same number, whatever the key. */
export const isDeterministicExpectation = (expectation: Expectation): boolean => {
  const way = interpret(expectation)
  return way.where === 'line' || (way.where === 'everywhere' && way.rows === 'fixed')
}

/** Whether it is plain noise, drawn again at each key and for each row alone. */
export const isPlainNoise = (expectation: Expectation): boolean => {
  const way = interpret(expectation)
  return way.where === 'everywhere' && way.rows === 'apart'
}

/** The size of the data that given noise is for; undefined of noise that is drawn for any. */
export const fixedNoiseSize = (expectation: Expectation): Size | undefined => {
  const way = interpret(expectation)
  return way.where === 'everywhere' ? way.size : undefined
}

export const all: ReadonlyArray<Vocabulary.Entry> = [monteCarlo, quadrature, projected, fixedNoise]

/** The JSON codec of the words of a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Expectation, unknown> =>
  Vocabulary.codec(vocabulary)(concept)

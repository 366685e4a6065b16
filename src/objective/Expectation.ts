/** Expectations: how the mean over the noise z of x_t = α x_0 + σ z is taken. */
import * as t from 'io-ts'
import { type NdArray } from '../../lib/index.js'
import * as Limits from '../core/Limits.js'
import * as Params from '../score/Params.js'
import type { Points } from '../data/Points.js'
import * as Problem from '../core/Problem.js'
import * as Tagged from '../core/Tagged.js'

interface Sampled {
  /** Draws of noise for each row and step. */
  readonly draws: number
  /** Each draw z is followed by −z. */
  readonly antithetic: boolean
}

export interface MonteCarlo extends Sampled {
  readonly _tag: 'MonteCarlo'
}

export interface Projected extends Sampled {
  readonly _tag: 'Projected'
}

export interface Quadrature {
  readonly _tag: 'Quadrature'
  /** Gauss–Hermite nodes; chosen at each level and step unless given. */
  readonly nodes?: number
}

export interface Fixed {
  readonly _tag: 'Fixed'
  /** One row of noise for each row of the data. */
  readonly noise: NdArray
}

export type Expectation = MonteCarlo | Quadrature | Projected | Fixed

const sampled = ({ draws = 1, antithetic = false }: Partial<Sampled>): Sampled => ({ draws, antithetic })

/** Plain noise: `draws` standard normal vectors for each row, fresh at every step. Any score, any objective. */
export const monteCarlo = (options: Partial<Sampled> = {}): Expectation => ({ _tag: 'MonteCarlo', ...sampled(options) })

/**
 * Nodes along the one direction in which the loss of the symmetric pair sees the noise; the rest is integrated in closed
 * form. Deterministic, so exact line searches and quasi-Newton methods apply.
 *
 * What is integrated is tanh(a + bζ) and its like, b = ασ|mean|/(α² + σ²) ≤ |mean|/2, with poles π/(2b) from the real line. By
 * default nodes are chosen from b at each level and step: 6 + 22b + 112b² of Gauss–Hermite up to b = 0.4, 12 + 60b in equal steps
 * beyond. The value is then right to 1e-12 (1 + |mean|²), the gradient to 1e-12 (1 + |mean|), up to b = 68, where 4096 nodes are
 * reached: no more are taken, and `Compile` refuses data whose root mean square length is beyond twice that, since a centre of
 * the pair comes to lie within it.
 *
 * With `nodes` given, so many of Gauss–Hermite are taken, whatever b: the error falls as e^{−π√nodes/b}. In the same units 16
 * are right to 1e-8 at b = 0.4 and to 2e-3 at b = 1; at |mean| = 5 the gradient is 1 to 2 % off.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Key } from 'ornstein/float64'
 * import { Compile, Expectation, Objective, Params, Schedule, Score, TimeLaw } from 'ornstein'
 *
 * const value = (expectation: Expectation.Expectation): number => {
 *   const compiled = pipe(
 *     { rows: 2, dim: 1, values: Float64Array.of(-5, 4) },
 *     Compile.valueAndGrad({
 *       schedule: Schedule.ornsteinUhlenbeck,
 *       score: Score.symmetricPair,
 *       objective: Objective.implicit(TimeLaw.at(0.5)),
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
export const quadrature = ({ nodes }: Omit<Quadrature, '_tag'> = {}): Expectation => ({
  _tag: 'Quadrature',
  ...(nodes !== undefined && { nodes })
})

/**
 * Noise only in the span of the centres' differences, where a mixture's loss sees it; the rest is integrated in closed form.
 * The same mean as `monteCarlo`, with less variance: of the implicit objective it is the conditional expectation (Rao–Blackwell), which never
 * varies more.
 *
 * The denoising objective is taken as |s|² + 2h div s + 2(1 − h)⟨s, z⟩/σ and a constant, whose mean does not depend on h
 * (Stein). h = 0, the denoising form, varies without bound as σ → 0; h = 1, the implicit one, at high noise far more than the
 * denoising. 1 − h = σ²/(α²v + σ²) where variances are equal to v; else what is best of components that are apart
 * (`Noise.denoisingShare`), from the parameters and the level alone, so that no bias comes of it. A law holds
 * that the gradient never varies more than under plain noise, at any level, on rows of the mixture itself. No more is promised: on a
 * few rows far from all components a tenth more has been seen, and the value may vary more, 1.75 times as much where it was seen most.
 */
export const projected = (options: Partial<Sampled> = {}): Expectation => ({ _tag: 'Projected', ...sampled(options) })

/** Common random numbers: row i of the data meets row i of the noise, at every step. */
export const fixed = ({ rows, dim, values }: Points): Expectation => ({
  _tag: 'Fixed',
  // A pass keeps what it was given once: it must not change when a buffer is filled again.
  noise: { shape: [rows, dim], values: values.slice() }
})

export const fold = Tagged.fold<Expectation>()

const showSampled = (name: string, { draws, antithetic }: Sampled): string =>
  `Expectation.${name}(${draws === 1 && !antithetic ? '' : `{ draws: ${draws}, antithetic: ${antithetic} }`})`

export const show = fold<string>({
  MonteCarlo: e => showSampled('monteCarlo', e),
  Quadrature: ({ nodes }) => `Expectation.quadrature(${nodes === undefined ? '' : `{ nodes: ${nodes} }`})`,
  Projected: e => showSampled('projected', e),
  Fixed: ({ noise }) => `Expectation.fixed(${noise.shape.join(' × ')} noise)`
})

/** Where noise is drawn: everywhere, in the span of the centres' differences, or on the one line of the pair. */
export const draws = fold<'everywhere' | 'span' | 'line'>({
  MonteCarlo: () => 'everywhere',
  Quadrature: () => 'line',
  Projected: () => 'span',
  Fixed: () => 'everywhere'
})

/** Whether two evaluations at the same parameters give the same number, whatever the key. */
export const isDeterministic = fold<boolean>({
  MonteCarlo: () => false,
  Quadrature: () => true,
  Projected: () => false,
  Fixed: () => true
})

export const problems = fold<ReadonlyArray<Problem.Problem>>({
  MonteCarlo: ({ draws }) => Problem.count('draws', draws, 1, 1, Limits.draws),
  // One node misses the variance along the direction: the value would not be that of the objective.
  Quadrature: ({ nodes }) => (nodes === undefined ? [] : Problem.count('nodes', nodes, 2, 16, Limits.nodes)),
  Projected: ({ draws }) => Problem.count('draws', draws, 1, 1, Limits.draws),
  Fixed: ({ noise }) =>
    Problem.unless(
      noise.values.every(Number.isFinite),
      'noise',
      'NaN or infinite somewhere',
      'finite throughout',
      'draw it with Key.normal'
    )
})

export const codec: t.Type<Expectation, unknown> = t.union([
  t.type({ _tag: t.literal('MonteCarlo'), draws: t.number, antithetic: t.boolean }),
  // io-ts lets an optional field be undefined, which JSON cannot say: one that is left out stays absent.
  t.intersection([t.type({ _tag: t.literal('Quadrature') }), t.partial({ nodes: t.number })]) as unknown as t.Type<
    Quadrature,
    unknown
  >,
  t.type({ _tag: t.literal('Projected'), draws: t.number, antithetic: t.boolean }),
  t.type({ _tag: t.literal('Fixed'), noise: Params.ndArrayCodec })
])

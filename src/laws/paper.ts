/**
 * The identities behind the paper (Shah, Chen & Klivans 2023, arXiv 2307.01178): the gradient of the DDPM objective is
 * expectation–maximization plus a correction, and power iteration at high noise. All are about the gradient that is
 * compiled, which each takes as an argument. Schedule: Ornstein–Uhlenbeck. m = α · mean throughout.
 */
import * as fc from 'fast-check'
import * as Elementary from '../../lib/numbers/elementary.js'
import type * as Loss from '../compile/loss.js'
import * as Points from '../data/points.js'
import { Compile, Expectation, Key, Objective, Params, Schedule, Score, TimeLaw } from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { compiled, flat, average, greatest, dot } from './check.js'
import { forAll, ofRow, equals, below, type Said } from './lawRows.js'
import * as Density from './density.js'
import type { Law } from './law.js'
import type { Evaluate } from './objective.js'

export interface PaperOptions {
  /** What is believed to compute value and gradient; by default what is compiled. */
  readonly evaluate?: Evaluate
  /** Multiplies every tolerance below; 1 is what rounding is expected to cost. */
  readonly slack?: number
}

interface Example<P extends string> {
  readonly time: number
  readonly points: Points.Points
  readonly params: Params.Params<P>
  readonly seed: number
}

const shah = 'Shah, Chen & Klivans 2023, arXiv 2307.01178'
const schedule = Schedule.ornsteinUhlenbeck

/** Times at which there is enough of both, so that 1e-10 is within reach of the noise's quadrature. */
const times = fc.integer({ min: 2, max: 15 }).map(k => k / 10)

const cases = <P extends string>(
  score: Score.Score<P>,
  { points = Arbitrary.points({ far: 10 }), dims = Arbitrary.dims, extent = 2 } = {}
): fc.Arbitrary<Example<P>> =>
  dims.chain(dim =>
    fc.record({
      time: times,
      points: points(dim).map(points => atLeast(Arbitrary.minRows(score), points)),
      params: Arbitrary.params(score, { extent })(dim),
      seed: Arbitrary.seeds
    })
  )

/** Rows repeated until there are enough of them for the components. */
const atLeast = (rows: number, points: Points.Points): Points.Points =>
  points.rows >= rows ? points : Points.select(Array.from({ length: rows }, (_, i) => i % points.rows))(points)

/** The loss at one time with the noise given, and x_t with it. */
const withNoise = <P extends string>(
  evaluate: Evaluate,
  score: Score.Score<P>,
  { time, points, params, seed }: Example<P>
): { readonly xt: ReadonlyArray<Density.Row>; readonly loss: Loss.ValueAndGradient<P> } => {
  const { alpha, sigma } = Schedule.level(time)(schedule)
  const noise = Arbitrary.noiseOf(points, seed)
  const objective = Objective.implicit(TimeLaw.at(time))
  return {
    xt: Density.rowsOf({ ...points, values: points.values.map((x, at) => alpha * x + sigma * noise.values[at]) }),
    loss: compiled(evaluate({ schedule, score, objective, expectation: Expectation.fixed(noise) })(points))(
      params,
      Key.fromSeed(seed)
    )
  }
}

/** E f(x) over weighted rows. */
const expectation =
  (weights: ArrayLike<number>, rows: ReadonlyArray<Density.Row>, dim: number) =>
  (f: (x: Density.Row) => Density.Row): Density.Row =>
    Density.combine(Array.from(weights), rows.map(f), dim)

/** The EM update E[Tx] of m on the rows, and what the gradient adds to it: G = E[uT′x] + |m|² E[TT′x] − m E[T′]. */
export const pairParts = (
  weights: ArrayLike<number>,
  rows: ReadonlyArray<Density.Row>,
  m: Density.Row
): { readonly em: Density.Row; readonly correction: Density.Row } => {
  const mean = expectation(weights, rows, m.length)
  return {
    em: mean(x => Density.scale(Elementary.tanh(dot(m, x)), x)),
    correction: mean(x => {
      const u = dot(m, x)
      const T = Elementary.tanh(u)
      const slope = 1 - T * T
      return Density.minus(Density.scale(slope * (u + dot(m, m) * T), x), Density.scale(slope, m))
    })
  }
}

/** Implicit score matching is denoising score matching less d/σ², in the mean over the noise. */
export const implicitIsDenoising = <P extends string>(
  score: Score.Score<P>,
  { evaluate = Compile.valueAndGrad, slack = 1 }: PaperOptions = {}
): Law =>
  ofRow(
    Score.show(score),
    forAll(
      cases(score, {
        points: Arbitrary.points({ maxRows: 2, extent: 2, far: 2, weights: true }),
        dims: fc.integer({ min: 1, max: 2 }),
        extent: 1.25
      })
    )({
      name: 'implicit is denoising in expectation',
      statement:
        '∀ θ, x_0, t in one and two dimensions: E|s(x_t) + z/σ|² = E[|s(x_t)|² + 2 div s(x_t)] + d/σ², and the gradients agree. To 1e-10 (1 + |L| + |∇L|) r²: the mean over z is taken by 64 (48²) equal steps, whose error is below rounding here.',
      source: 'Hyvärinen 2005; Vincent 2011, Neural Computation 23:1661–1674; Stein’s identity',
      says: ({ time, points, params, seed }) => {
        const all = Density.withNoise(points, Density.trapezoid(points.dim === 1 ? 64 : 48))
        const loss = (objective: Objective.Objective): Loss.ValueAndGradient<P> =>
          compiled(evaluate({ schedule, score, objective, expectation: Expectation.fixed(all.noise) })(all.points))(
            params,
            Key.fromSeed(seed)
          )
        const [denoising, implicit] = [
          loss(Objective.denoising(TimeLaw.at(time))),
          loss(Objective.implicit(TimeLaw.at(time)))
        ]
        const { sigma } = Schedule.level(time)(schedule)
        const r = 1 + greatest([...points.values, ...flat(params)])
        const size = 1 + Math.abs(denoising.value) + greatest(flat(denoising.gradient))
        const tolerance = slack * 1e-10 * size * r * r
        return equals(
          { L: denoising.value, '∇L': flat(denoising.gradient) },
          { L: implicit.value + points.dim / Elementary.square(sigma), '∇L': flat(implicit.gradient) },
          tolerance
        )
      }
    })
  )

const rounding = (r: number, gradient: ArrayLike<number>): number =>
  1e-12 * (1 + greatest(gradient)) * Elementary.pow(r, 4)

/** For the pair the gradient is an EM step and a correction G. */
export const pairIdentity = ({ evaluate = Compile.valueAndGrad, slack = 1 }: PaperOptions = {}): Law =>
  ofRow(
    Score.show(Score.symmetricPair),
    forAll(cases(Score.symmetricPair))({
      name: 'the pair’s gradient is EM plus G',
      statement:
        '∀ m, x, on any finite sample: −½ ∂L/∂m = (E[Tx] − m) + G, G = E[uT′x] + |m|² E[TT′x] − m E[T′], u = ⟨m, x⟩, T = tanh u, T′ = 1 − T². To 1e-12 (1 + |∇L|) r⁴: terms of size r³ cancel.',
      source: `${shah}, §3`,
      says: each => {
        const { points, params, time } = each
        const { xt, loss } = withNoise(evaluate, Score.symmetricPair, each)
        const { alpha } = Schedule.level(time)(schedule)
        const m = Array.from(params.mean.values, c => alpha * c)
        const { em, correction } = pairParts(Points.weightsOf(points), xt, m)
        const found = Array.from(loss.gradient.mean.values, g => -g / (2 * alpha))
        const r = 1 + greatest([...xt.flat(), ...m])
        return equals(found, Density.plus(Density.minus(em, m), correction), slack * rounding(r, found))
      }
    })
  )

/** For K components too, and it sees x only through ⟨m_i, x⟩. */
export const componentsIdentity = ({ evaluate = Compile.valueAndGrad, slack = 1 }: PaperOptions = {}): Law => {
  const score = Score.spherical({ components: 3 })
  return ofRow(
    Score.show(score),
    forAll(cases(score))({
      name: 'the gradient of K components in closed form',
      statement:
        '∀ m, x, on any finite sample: −½ ∂L/∂m_i = E[w_i(x + v − 2m_i − c_i(x − m_i))], v = Σ w_i m_i, c_i = |m_i|² − Σ_j w_j|m_j|² − ⟨m_i − v, v + x⟩. To 1e-12 (1 + |∇L|) r⁴: terms of size r³ cancel.',
      source: `${shah}, §4`,
      says: each => {
        const { points, params, time } = each
        const { dim } = points
        const { xt, loss } = withNoise(evaluate, score, each)
        const { alpha } = Schedule.level(time)(schedule)
        const m = Density.rowsOf({ rows: 3, dim, values: params.means.values }).map(c => Density.scale(alpha, c))
        const mixture = m.map(mean => ({ weight: 1 / m.length, mean, variance: 1 }))
        const mean = expectation(Points.weightsOf(points), xt, dim)
        const wanted = m.flatMap((mi, i) =>
          mean(x => {
            const w = Density.responsibilities(x)(mixture)
            const v = Density.combine(w, m, dim)
            const lengths = dot(
              w,
              m.map(mj => dot(mj, mj))
            )
            const c = dot(mi, mi) - lengths - dot(Density.minus(mi, v), Density.plus(v, x))
            const pull = Density.minus(Density.plus(x, v), Density.scale(2, mi))
            return Density.scale(w[i], Density.minus(pull, Density.scale(c, Density.minus(x, mi))))
          })
        )
        const found = Array.from(loss.gradient.means.values, g => -g / (2 * alpha))
        const r = 1 + greatest([...xt.flat(), ...m.flat()])
        return equals(found, wanted, slack * rounding(r, found))
      }
    })
  )
}

/** The slope of the least-squares line through (log h, log error). */
export const orderOf = (errors: ReadonlyArray<{ readonly h: number; readonly error: number }>): number => {
  const [xs, ys] = [errors.map(({ h }) => Elementary.log(h)), errors.map(({ error }) => Elementary.log(error))]
  const [x, y] = [average(xs), average(ys)]
  return (
    xs.reduce((sum, each, i) => sum + (each - x) * (ys[i] - y), 0) /
    xs.reduce((sum, each) => sum + Elementary.square(each - x), 0)
  )
}

/** Errors that fall as a power of h of at least `order`, as far as rounding lets one see. */
const fallsWith = (
  order: number,
  errors: ReadonlyArray<{ readonly h: number; readonly error: number }>,
  floor: number
): Said => {
  const seen = errors.filter(({ error }) => error > floor)
  return seen.length >= 3 && below(order, orderOf(seen))
}

/** At high noise a small mean is led by power iteration. */
export const highNoise = ({ evaluate = Compile.valueAndGrad }: PaperOptions = {}): Law =>
  ofRow(
    Score.show(Score.symmetricPair),
    forAll(cases(Score.symmetricPair, { points: Arbitrary.points({ far: 5 }) }))({
      name: 'small means are led by power iteration',
      statement:
        '∀ x_0, t, directions: −½ ∂L/∂mean = 2α⁴(Ĉ − I) mean + O(|mean|³) in the mean over the noise, Ĉ the second moment of x_0. The order is fitted over |mean| = 2⁻⁶…2⁻⁹ / r, as far as the error is above rounding: > 2.8 (3 as |mean| → 0).',
      source: `${shah}, §3: stage one`,
      says: ({ time, points, seed }) => {
        const { dim } = points
        const { alpha } = Schedule.level(time)(schedule)
        const f = compiled(
          evaluate({
            schedule,
            score: Score.symmetricPair,
            objective: Objective.denoising(TimeLaw.at(time)),
            expectation: Expectation.quadrature({ nodes: 8 })
          })(points)
        )
        const r = 1 + greatest(points.values)
        const raw = Array.from(Key.normal(dim)(Key.fromSeed(seed)))
        const unit = Density.scale(1 / Math.sqrt(dot(raw, raw)), raw)
        const second = expectation(Points.weightsOf(points), Density.rowsOf(points), dim)
        const errors = [6, 7, 8, 9].map(k => {
          const h = Elementary.powerOfTwo(-k) / r
          const mean = Density.scale(h, unit)
          const wanted = Density.scale(
            2 * Elementary.pow(alpha, 4),
            Density.minus(
              second(x => Density.scale(dot(x, mean), x)),
              mean
            )
          )
          const { gradient } = f(Params.of({ mean }), Key.fromSeed(0))
          const found = Array.from(gradient.mean.values, g => -g / 2)
          return { h, error: greatest(Density.minus(found, wanted)) }
        })
        return fallsWith(2.8, errors, 1e-15 * r)
      }
    })
  )

/** With small centres the objective matches second moments. */
export const secondMoments = ({ evaluate = Compile.valueAndGrad }: PaperOptions = {}): Law => {
  const components = 3
  const score = Score.spherical({ components })
  return ofRow(
    Score.show(score),
    forAll(
      fc.integer({ min: 1, max: 2 }).chain(dim =>
        fc.record({
          time: times,
          points: fc
            .array(fc.array(Arbitrary.real(1), { minLength: dim, maxLength: dim }), {
              minLength: components,
              maxLength: components
            })
            .map(rows => Density.pointsOf(dim, rows)),
          params: Arbitrary.params(score, { extent: 1 })(dim),
          seed: Arbitrary.seeds
        })
      )
    )({
      name: 'small centres are matched by their second moments',
      statement:
        '∀ centred m, c of K components, in one and two dimensions: L(hm) − L(hc) = h⁴ ‖Cov(m) − Cov(c)‖_F² + O(h⁶) for x_t from the mixture of hc. The order is fitted over h = 2⁻³…2⁻⁵, as far as the error is above rounding: > 5.5 (6 as h → 0).',
      source: `${shah}, §3: any number of components`,
      says: ({ time, points, params, seed }) => {
        const { dim } = points
        const { alpha, sigma } = Schedule.level(time)(schedule)
        const centred = (rows: ReadonlyArray<Density.Row>): ReadonlyArray<Density.Row> => {
          const mean = Density.combine(
            rows.map(() => 1 / rows.length),
            rows,
            dim
          )
          return rows.map(row => Density.minus(row, mean))
        }
        const covariance = (rows: ReadonlyArray<Density.Row>): Density.Row =>
          Array.from({ length: dim * dim }, (_, at) =>
            rows.reduce((sum, row) => sum + (row[Math.floor(at / dim)] * row[at % dim]) / rows.length, 0)
          )
        const [m, c] = [
          centred(Density.rowsOf({ rows: components, dim, values: params.means.values })),
          centred(Density.rowsOf(points))
        ]
        const gap = Density.minus(covariance(m), covariance(c))
        const errors = [3, 4, 5].map(k => {
          const h = Elementary.powerOfTwo(-k)
          const small = (rows: ReadonlyArray<Density.Row>): Params.Params<'means'> =>
            Params.of({ means: rows.map(row => Density.scale(h / alpha, row)) })
          // x_t = α(hc/α) + σ(ζ/σ) = hc + ζ, ζ standard normal: the implicit loss sees nothing but x_t.
          const { points: rows, noise } = Density.withNoise(
            Density.pointsOf(
              dim,
              c.map(row => Density.scale(h / alpha, row))
            ),
            Density.hermite(10)
          )
          const f = compiled(
            evaluate({
              schedule,
              score,
              objective: Objective.implicit(TimeLaw.at(time)),
              expectation: Expectation.fixed({ ...noise, values: noise.values.map(z => z / sigma) })
            })(rows)
          )
          const value = (params: Params.Params<'means'>): number => f(params, Key.fromSeed(seed)).value
          return { h, error: Math.abs(value(small(m)) - value(small(c)) - Elementary.pow(h, 4) * dot(gap, gap)) }
        })
        return fallsWith(5.5, errors, 1e-13)
      }
    })
  )
}

const families: ReadonlyArray<Score.Score<string>> = [
  Score.symmetricPair,
  Score.spherical({ components: 3 }),
  Score.isotropic({ components: 2 })
]

/** All identities, for every built-in family where they apply. */
export const paper = (options: PaperOptions = {}): ReadonlyArray<Law> => [
  ...families.map(score => {
    const law = implicitIsDenoising(score, options)
    return { ...law, name: `${law.name}: ${Score.show(score)}` }
  }),
  pairIdentity(options),
  componentsIdentity(options),
  highNoise(options),
  secondMoments(options)
]

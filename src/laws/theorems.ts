/**
 * Theorems on the DDPM objective (Shah, Chen & Klivans 2023, arXiv 2307.01178): its gradient is an EM step plus a correction, it is power
 * iteration at high noise, and all noise levels together are the likelihood. Gradient flows of a population loss, and recovery by
 * pipelines. Schedule: Ornstein–Uhlenbeck; m = α · mean.
 */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { refuse } from '../../lib/plain/refuse.js'
import type { ValueAndGradient } from '../compile/loss.js'
import * as Points from '../data/points.js'
import {
  Compile,
  ExpectationMaximization,
  Key,
  Params,
  type Pipeline,
  Population,
  Run,
  Schedule,
  Score,
  NoiseLevels
} from '../index.js'
import * as Expectation from '../objective/expectation.js'
import * as Mixture from '../mixture/index.js'
import * as Stage from '../pipeline/stage.js'
import * as Objective from '../objective/index.js'
import * as Arbitrary from './arbitraries.js'
import {
  meanNumber,
  compiledOrThrow,
  dotProduct,
  flattenParams,
  maxAbs,
  namedValueAndGradient,
  sumNumbers
} from './check.js'
import { correspondsToEM } from './correspond.js'
import * as Density from './density.js'
import { requireFamily, emStepLaws, type Step } from './maximization.js'
import { squaredGradientDeviations, hasNoLargerMean } from './expectation.js'
import {
  atLeast,
  atMost,
  below,
  equals,
  decreasesByFactor,
  forAll,
  ofRow,
  ofRows,
  type LawBuilder,
  type LawRelations
} from './lawRows.js'
import type { Law, Laws } from './law.js'
import { codeOf, scripted } from './script.js'

// —— the paper ——

export type Form = (noiseLevels: NoiseLevels.NoiseLevels) => Objective.Objective

export interface PaperOptions {
  /** DDPM objective in its denoising form. Default: `Objective.denoising`. */
  readonly denoising?: Form
  /** DDPM objective in its implicit form. Default: `Objective.implicit`. */
  readonly implicit?: Form
}

interface TheoremCase<P extends string> {
  readonly time: number
  readonly points: Points.Points
  readonly params: Params.Params<P>
  readonly seed: number
}

const SHAH_PAPER = 'Shah, Chen & Klivans 2023, arXiv 2307.01178'
const LYAPUNOV_SOURCE = 'Lyapunov 1892: dL/dt = −|∇L|²'
const schedule = Schedule.ornsteinUhlenbeck
const { square, pow, powerOfTwo } = Elementary
const { addRows: plus, subtractRows: minus, scaleRow: scale } = Density

/** Times at which noise quadrature is accurate to 1e-10. */
const quadratureTimes = fc.integer({ min: 2, max: 15 }).map(k => k / 10)

const theoremCases = <P extends string>(
  score: Score.Score<P>,
  points: (dim: number) => fc.Arbitrary<Points.Points>,
  { dims = Arbitrary.dims, extent = 2, spread = 1 } = {}
): fc.Arbitrary<TheoremCase<P>> =>
  dims.chain(dim =>
    fc.record({
      time: quadratureTimes,
      points: points(dim),
      params: Arbitrary.params(score, { extent, spread })(dim),
      seed: Arbitrary.seeds
    })
  )

const valueAndGradientOf = <P extends string>(
  score: Score.Score<P>,
  objective: Objective.Objective,
  points: Points.Points,
  expectation: Expectation.Expectation = Expectation.monteCarlo()
): ((params: Params.Params<P>) => ValueAndGradient<P>) => {
  const f = compiledOrThrow(Compile.valueAndGrad({ schedule, score, objective, expectation })(points))
  return params => f(params, Key.fromSeed(0))
}

/** E f(x) over weighted rows. */
const meanOver =
  (points: Points.Points, rows = Density.listRows(points)) =>
  (f: (x: Density.NumberRow) => Density.NumberRow): Density.NumberRow =>
    Density.weightedRowSum(Array.from(Points.weightsOf(points)), rows.map(f), points.dim)

/** Theorem: implicit score matching is denoising score matching minus d/σ², in the mean over the noise. */
const implicitIsDenoising = <P extends string>(
  score: Score.Score<P>,
  { denoising = Objective.denoising, implicit = Objective.implicit }: PaperOptions = {}
): Law => {
  const minRows = Arbitrary.minRows(score)
  return ofRow(
    Score.show(score),
    forAll(
      theoremCases(score, Arbitrary.points({ minRows, maxRows: Math.max(2, minRows), extent: 2, far: 2 }), {
        dims: fc.integer({ min: 1, max: 2 }),
        extent: 1.25
      })
    )({
      name: 'implicit is denoising in expectation',
      statement:
        '∀ θ, x_0, t in one and two dimensions: E|s(x_t) + z/σ|² = E[|s(x_t)|² + 2 div s(x_t)] + d/σ², and the gradients agree. To 1e-10 (1 + |L| + |∇L|) r²: the mean over z is taken by 64 (48²) equal steps, whose error is below rounding here.',
      source: 'Hyvärinen 2005; Vincent 2011, Neural Computation 23:1661–1674; Stein’s identity',
      says: ({ time, points, params }) => {
        const all = Density.pairWithNoiseNodes(points, Density.equalStepRule(points.dim === 1 ? 64 : 48))
        const at = (form: Form): ValueAndGradient<P> =>
          valueAndGradientOf(score, form(NoiseLevels.at(time)), all.points, Expectation.fixed(all.noise))(params)
        const found = at(denoising)
        const { value, gradient } = at(implicit)
        const r = 1 + maxAbs([...points.values, ...flattenParams(params)])
        const size = 1 + Math.abs(found.value) + maxAbs(flattenParams(found.gradient))
        const wanted = { value: value + points.dim / square(Schedule.level(time)(schedule).sigma), gradient }
        return equals(namedValueAndGradient(found), namedValueAndGradient(wanted), 1e-10 * size * r * r)
      }
    })
  )
}

/** Law that −½ ∂L/∂m of implicit score matching is a formula of m and the rows x_t, on any finite sample and noise. */
const gradientIs = <P extends string>(
  score: Score.Score<P>,
  { implicit = Objective.implicit }: PaperOptions,
  info: Pick<Law, 'name' | 'source'> & { readonly formula: string },
  formula: (m: ReadonlyArray<Density.NumberRow>, mean: ReturnType<typeof meanOver>) => Density.NumberRow
): Law => {
  const { formula: text, ...rest } = info
  return ofRow(
    Score.show(score),
    forAll(theoremCases(score, Arbitrary.points({ far: 10, minRows: Arbitrary.minRows(score) })))({
      ...rest,
      statement: `∀ m, x, on any finite sample: ${text}. To 1e-12 (1 + |∇L|) r⁴: terms of size r³ cancel.`,
      says: ({ time, points, params, seed }) => {
        const { alpha, sigma } = Schedule.level(time)(schedule)
        const noise = Arbitrary.normalNoise(points, seed)
        const { gradient } = valueAndGradientOf(
          score,
          implicit(NoiseLevels.at(time)),
          points,
          Expectation.fixed(noise)
        )(params)
        const xt = Density.listRows({
          ...points,
          values: points.values.map((x, at) => alpha * x + sigma * noise.values[at])
        })
        const own = flattenParams(params).map(c => alpha * c)
        const m = Density.listRows({
          rows: own.length / points.dim,
          dim: points.dim,
          values: Float64Array.from(own)
        })
        const found = flattenParams(gradient).map(g => -g / (2 * alpha))
        const r = 1 + maxAbs([...xt.flat(), ...own])
        return equals(
          { 'scaled gradient': found },
          formula(m, meanOver(points, xt)),
          1e-12 * (1 + maxAbs(found)) * pow(r, 4)
        )
      }
    })
  )
}

/** Theorem: the pair's gradient is an EM step plus a correction G. */
const pairIdentity = (options: PaperOptions = {}): Law =>
  gradientIs(
    Score.symmetricPair,
    options,
    {
      name: 'the pair’s gradient is EM plus G',
      formula: '−½ ∂L/∂m = (E[Tx] − m) + G, G = E[uT′x] + |m|² E[TT′x] − m E[T′], u = ⟨m, x⟩, T = tanh u, T′ = 1 − T²',
      source: `${SHAH_PAPER}, §3`
    },
    ([m], mean) => {
      const em = mean(x => scale(Elementary.tanh(dotProduct(m, x)), x))
      const correction = mean(x => {
        const u = dotProduct(m, x)
        const T = Elementary.tanh(u)
        const slope = 1 - T * T
        return minus(scale(slope * (u + dotProduct(m, m) * T), x), scale(slope, m))
      })
      return plus(minus(em, m), correction)
    }
  )

/** Theorem: the gradient for K components is an EM step plus a correction, a function of ⟨m_i, x⟩. */
const componentsIdentity = (options: PaperOptions = {}): Law =>
  gradientIs(
    Score.spherical({ components: 3 }),
    options,
    {
      name: 'the gradient of K components in closed form',
      formula:
        '−½ ∂L/∂m_i = E[w_i(x + v − 2m_i − c_i(x − m_i))], v = Σ w_i m_i, c_i = |m_i|² − Σ_j w_j|m_j|² − ⟨m_i − v, v + x⟩',
      source: `${SHAH_PAPER}, §4`
    },
    (m, mean) => {
      const mixture = m.map(mean => ({ weight: 1 / m.length, mean, variance: 1 }))
      const squares = m.map(mj => dotProduct(mj, mj))
      return m.flatMap((mi, i) =>
        mean(x => {
          const w = Density.textbookResponsibilities(x)(mixture)
          const v = Density.weightedRowSum(w, m, x.length)
          const c = squares[i] - dotProduct(w, squares) - dotProduct(minus(mi, v), plus(v, x))
          return scale(w[i], minus(minus(plus(x, v), scale(2, mi)), scale(c, minus(x, mi))))
        })
      )
    }
  )

interface StepError {
  readonly h: number
  readonly error: number
}

/** Slope of the least-squares line through (log h, log error). */
const convergenceOrder = (errors: ReadonlyArray<StepError>): number => {
  const xs = errors.map(({ h }) => Elementary.log(h))
  const ys = errors.map(({ error }) => Elementary.log(error))
  const off = xs.map(x => x - meanNumber(xs))
  return dotProduct(off, ys) / dotProduct(off, off)
}

/** Relation that errors fall at least as h^`order`, down to rounding. */
const fallsAtOrder = (order: number, errors: ReadonlyArray<StepError>, floor: number): LawRelations => {
  const seen = errors.filter(({ error }) => error > floor)
  return seen.length >= 3 && below(order, convergenceOrder(seen))
}

/** Theorem: at high noise a small mean evolves by power iteration. */
const highNoiseLaw = ({ denoising = Objective.denoising }: PaperOptions = {}): Law =>
  ofRow(
    Score.show(Score.symmetricPair),
    forAll(theoremCases(Score.symmetricPair, Arbitrary.points({ far: 5 })))({
      name: 'small means are led by power iteration',
      quantity: 'error',
      statement:
        '∀ x_0, t, directions: −½ ∂L/∂mean = 2α⁴(Ĉ − I) mean + O(|mean|³) in the mean over the noise, Ĉ the second moment of x_0. The order is fitted over |mean| = 2⁻⁶…2⁻⁹ / r, as far as the error is above rounding: > 2.8 (3 as |mean| → 0).',
      source: `${SHAH_PAPER}, §3: stage one`,
      says: ({ time, points, seed }) => {
        const { alpha } = Schedule.level(time)(schedule)
        const nodes = Expectation.quadrature({ nodes: 8 })
        const loss = valueAndGradientOf(Score.symmetricPair, denoising(NoiseLevels.at(time)), points, nodes)
        const r = 1 + maxAbs(points.values)
        const raw = Array.from(Key.normal(points.dim)(Key.fromSeed(seed)))
        const errors = [6, 7, 8, 9].map(k => {
          const h = powerOfTwo(-k) / r
          const mean = scale(h / Elementary.norm(raw), raw)
          const moved = minus(
            meanOver(points)(x => scale(dotProduct(x, mean), x)),
            mean
          )
          const found = flattenParams(loss(Params.of({ mean })).gradient).map(g => -g / 2)
          return { h, error: maxAbs(minus(found, scale(2 * pow(alpha, 4), moved))) }
        })
        return fallsAtOrder(2.8, errors, 1e-15 * r)
      }
    })
  )

const centreRows = (rows: ReadonlyArray<Density.NumberRow>): ReadonlyArray<Density.NumberRow> => {
  const shares = rows.map(() => 1 / rows.length)
  const mean = Density.weightedRowSum(shares, rows, rows[0].length)
  return rows.map(row => minus(row, mean))
}

/** Theorem: with small centres the objective matches second moments. */
const secondMoments = ({ implicit = Objective.implicit }: PaperOptions = {}): Law => {
  const components = 3
  const score = Score.spherical({ components })
  const rows = Arbitrary.points({ minRows: components, maxRows: components, extent: 1, far: 1, weights: false })
  return ofRow(
    Score.show(score),
    forAll(theoremCases(score, rows, { dims: fc.integer({ min: 1, max: 2 }), extent: 1 }))({
      name: 'small centres are matched by their second moments',
      quantity: 'error',
      statement:
        '∀ centred m, c of K components, in one and two dimensions: L(hm) − L(hc) = h⁴ ‖Cov(m) − Cov(c)‖_F² + O(h⁶) for x_t from the mixture of hc. The order is fitted over h = 2⁻³…2⁻⁵, as far as the error is above rounding: > 5.5 (6 as h → 0).',
      source: `${SHAH_PAPER}, §3: any number of components`,
      says: ({ time, points, params }) => {
        const { dim } = points
        const { alpha, sigma } = Schedule.level(time)(schedule)
        const m = centreRows(Density.listRows({ rows: components, dim, values: params.means.values }))
        const c = centreRows(Density.listRows(points))
        const covariance = (rows: ReadonlyArray<Density.NumberRow>): Density.NumberRow =>
          Array.from({ length: dim * dim }, (_, at) =>
            meanNumber(rows.map(row => row[Math.floor(at / dim)] * row[at % dim]))
          )
        const gap = minus(covariance(m), covariance(c))
        const errors = [3, 4, 5].map(k => {
          const h = powerOfTwo(-k)
          const small = (rows: ReadonlyArray<Density.NumberRow>) => rows.map(row => scale(h / alpha, row))
          // x_t = α(hc/α) + σ(ζ/σ) = hc + ζ with ζ standard normal; the implicit loss depends on x_t only.
          const { points: data, noise } = Density.pairWithNoiseNodes(
            Density.pointsFromRows(dim, small(c)),
            Density.hermiteRule(10)
          )
          const expectation = Expectation.fixed({ ...noise, values: noise.values.map(z => z / sigma) })
          const loss = valueAndGradientOf(score, implicit(NoiseLevels.at(time)), data, expectation)
          const [found, least] = [m, c].map(rows => loss(Params.of({ means: small(rows) })).value)
          return { h, error: Math.abs(found - least - pow(h, 4) * dotProduct(gap, gap)) }
        })
        return fallsAtOrder(5.5, errors, 1e-13)
      }
    })
  )
}

const THEOREM_SCORES: ReadonlyArray<Score.Score<string>> = [
  Score.symmetricPair,
  Score.spherical({ components: 3 }),
  Score.isotropic({ components: 2 })
]

/** Returns the paper's identities for the built-in families. */
export const paper = (options: PaperOptions = {}): ReadonlyArray<Law> => [
  ...THEOREM_SCORES.map(score => {
    const law = implicitIsDenoising(score, options)
    return { ...law, name: `${law.name}: ${Score.show(score)}` }
  }),
  pairIdentity(options),
  componentsIdentity(options),
  highNoiseLaw(options),
  secondMoments(options)
]

// —— expectation–maximization ——

const EM_VARIANCE_FLOOR = 1e-6

export interface EMOptions extends Pick<PaperOptions, 'implicit'> {
  readonly step?: Step
}

/** Returns the laws of EM for a mixture score: its step, and that all noise levels together are the likelihood. */
export const em = <P extends string>(
  score: Score.Score<P>,
  { implicit = Objective.implicit, step = ExpectationMaximization.step }: EMOptions = {}
): Laws => {
  const minRows = Arbitrary.minRows(score)
  const mixture = requireFamily(score).toMixture
  const reason = 'it does not say its mixture'
  const isPair = Arbitrary.isMirroredScore(score)
  return ofRows(Score.show(score), [
    mixture === undefined
      ? { law: 'the truth is a fixed point of both', why: reason }
      : correspondsToEM({ score, objective: implicit(NoiseLevels.at(0.5)), step }).slice(0, 1),
    emStepLaws(score, { step }),
    forAll(
      theoremCases(
        score,
        Arbitrary.points({ minRows, maxRows: Math.max(3, minRows), extent: 2, far: 1 }),
        isPair ? { dims: Arbitrary.dimsFor(score), extent: 1 } : { dims: fc.constant(1), extent: 1.25, spread: 0.5 }
      )
    )({
      claim: mixture,
      reason,
      name: 'all noise levels together are the likelihood',
      quantity: 'difference',
      statement:
        '∀ θ, x: ∫_0^T ∂L_t dt → ∂(−E log p(x_0)) as T → ∞ and nodes grow: the error at T = 12 with 48 nodes is below 1e-7 (1 + |∇|), halves at least from T = 1 to 2 to 4, with 24, and from 4 to 16 nodes, until it is there. (The tail is of order e^{−4T}.)',
      source: 'Song et al. 2021, arXiv 2101.09258, theorem 1',
      maxCases: 2,
      says: ({ points, params }, mixture) => {
        const all = Density.pairWithNoiseNodes(points, Density.equalStepRule(48))
        const gradient = (objective: Objective.Objective): Density.NumberRow =>
          flattenParams(
            (isPair
              ? valueAndGradientOf(score, objective, points, Expectation.quadrature({ nodes: 48 }))
              : valueAndGradientOf(score, objective, all.points, Expectation.fixed(all.noise)))(params).gradient
          )
        const wanted = gradient(Objective.likelihood)
        const leastVariance = 0.99 * Math.min(...Mixture.marginals(mixture(params)).variances.flat())
        const error = (until: number, nodes: number): number =>
          maxAbs(minus(gradient(implicit(NoiseLevels.likelihood({ until, nodes, leastVariance }))), wanted))
        const enough = 1e-7 * (1 + maxAbs(wanted))
        const whole = error(12, 48)
        const halves = (errors: ReadonlyArray<number>): LawRelations => decreasesByFactor(errors, 1 / 2, enough)
        return [
          equals(whole, 0, enough),
          halves([1, 2, 4].map(until => error(until, 24))),
          halves([error(12, 4), error(12, 16), whole])
        ]
      }
    })
  ])
}

/** Returns the laws of the pair's EM step and correction. */
export const emPair = ({
  implicit = Objective.implicit,
  step = ExpectationMaximization.step
}: EMOptions = {}): Laws => {
  const score = Score.symmetricPair
  /** −½ ∂L/∂m minus the EM step at m = λc, for the pair ±c with variance 1 and |c| = r. */
  const correction = (time: number, r: number, factor: number): Density.NumberRow => {
    const { alpha } = Schedule.level(time)(schedule)
    const pair = (c: number): Population.Population => Population.of(Mixture.symmetricPair([c]))
    const [before, after] = [1, alpha].map(scale => Params.of({ mean: [(factor * r) / scale] }))
    const { gradient } = valueAndGradientOf(score, implicit(NoiseLevels.at(time)), pair(r / alpha))(after)
    const em = flattenParams(step(requireFamily(score), EM_VARIANCE_FLOOR, pair(r))(before).params)
    return minus(scale(-1 / (2 * alpha), flattenParams(gradient)), minus(em, flattenParams(before)))
  }
  return ofRows(Score.show(score), [
    forAll(
      fc.record({
        factor: fc.constantFrom(0.8, 0.85, 0.9, 1.1, 1.15, 1.2, 1.25),
        time: fc.integer({ min: 1, max: 3 }).map(k => k / 10)
      })
    )({
      name: 'G decays with separation',
      quantity: 'slope of log |G| in the squared separation',
      statement:
        '∀ λ in [0.8, 1.25]∖{1}: at m = λc in the population of the pair ±c, |c| = r, −½ ∂L/∂m = (EM(m) − m) + G, and log |G| falls with r² at the rate ½, up to the logarithm of a polynomial: the slope over r = 4, 5, 6 is in [−0.6, −0.4].',
      source: `${SHAH_PAPER}, §3: T′ = 1/cosh² is e^{−2|u|} and u is N(±λr², λ²r²)`,
      maxCases: 21,
      says: ({ factor, time }) => {
        const sizes = [4, 5, 6].map(r => ({ h: Elementary.exp(r * r), error: maxAbs(correction(time, r, factor)) }))
        const rate = convergenceOrder(sizes)
        return [atLeast(rate, -0.6), atMost(rate, -0.4)]
      }
    })
  ])
}

// —— flows ——

export interface LyapunovOptions<P extends string> {
  /** EM map that must not raise −E log p; null for none. Default: `Population.expectationMaximization(loss)`. */
  readonly map?: Population.Step<P> | null
  /** Duration of the flow. Default: 2. */
  readonly time?: number
}

const MAP_STEPS = 12
const MAX_FLOW_STEPS = 500
const FLOW_TOLERANCE = 1e-4

/**
 * Returns the laws of flows of a population loss: it falls at the rate of its squared gradient, and the EM map never raises −E log p.
 *
 * @example
 * import fc from 'fast-check'
 * import { Mixture, Objective, Score, NoiseLevels } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws
 *   .lyapunov({
 *     score: Score.spherical({ components: 2 }),
 *     objective: Objective.fisherDivergence(Mixture.of({ means: [[-2], [2]] }), NoiseLevels.at(0.1))
 *   })
 *   .forEach(({ property }) => {
 *     fc.assert(property, { seed: 1, numRuns: 2 })
 *   })
 */
export const lyapunov = <P extends string>(
  description: Population.Description<P>,
  options: LyapunovOptions<P> = {}
): Laws => {
  const subject = flowSubject(description, options)
  const { stated, time } = subject
  return scripted(
    { by: 'lyapunov', of: [stated, { time }] },
    ofRows(`laws.lyapunov(${codeOf(stated)})`, [
      lossFallsAlongFlow(subject),
      lossFallsAtRateOfGradient(subject),
      mapNeverRaisesValue(subject)
    ])
  )
}

const flowSubject = <P extends string>(
  description: Population.Description<P>,
  { time = 2, ...options }: LyapunovOptions<P>
) => {
  const loss = Population.loss(description)
  const { score, objective, data } = loss
  return {
    loss,
    time,
    stated: { score, objective, schedule: loss.schedule, data: data.mixture },
    map:
      options.map === undefined
        ? E.tryCatch(() => Population.expectationMaximization(loss), String)
        : E.fromNullable('no map is given')(options.map),
    onStarts: forAll(fc.record({ start: Arbitrary.params(score, { extent: 4 })(data.dim) }))
  }
}
type FlowSubject<P extends string> = ReturnType<typeof flowSubject<P>>

const neverRises = (values: ReadonlyArray<number>, rounding: number): LawRelations =>
  values.length > 1 && atMost(values.slice(1), values.slice(0, -1), rounding * (1 + Math.abs(values[0])))

const lossFallsAlongFlow = <P extends string>({ loss, time, onStarts }: FlowSubject<P>): LawBuilder =>
  onStarts({
    name: 'the loss falls along its gradient flow',
    quantity: 'loss',
    statement: `∀ θ_0: L(θ(t)) never rises, θ′ = −∇L, at every moment of the flow until t = ${time}. To 1e-13 (1 + |L(θ_0)|), its rounding.`,
    source: LYAPUNOV_SOURCE,
    maxCases: 20,
    says: ({ start }) =>
      neverRises(
        Population.flow(loss, { until: { time, steps: MAX_FLOW_STEPS } })(start).map(({ value }) => value),
        1e-13
      )
  })

const lossFallsAtRateOfGradient = <P extends string>({ loss, time, onStarts }: FlowSubject<P>): LawBuilder =>
  onStarts({
    name: 'the loss falls as fast as its gradient is long',
    quantity: 'fall of the loss',
    statement: `∀ θ_0: L(θ_0) − L(θ(${time})) = ∫ |∇L|² dt, by the trapezoidal rule on the moments of the flow. To what every second moment alone says otherwise, and to ${20 * FLOW_TOLERANCE} of the integral and 1e-13 (1 + |L|), the errors of the steps and of rounding.`,
    source: LYAPUNOV_SOURCE,
    maxCases: 20,
    says: ({ start }) => {
      const course = Population.flow(loss, {
        until: { time, steps: MAX_FLOW_STEPS },
        tolerance: FLOW_TOLERANCE / 10
      })(start)
      const integral = (moments: typeof course): number =>
        sumNumbers(
          moments.slice(1).map((b, i) => {
            const a = moments[i]
            return ((b.time - a.time) * (square(a.gradientNorm) + square(b.gradientNorm))) / 2
          })
        )
      const whole = integral(course)
      const half = integral(course.filter((_, i) => i % 2 === 0 || i === course.length - 1))
      const first = course[0].value
      const last = course[course.length - 1].value
      const tolerance = Math.abs(whole - half) + 20 * FLOW_TOLERANCE * whole + 1e-13 * (1 + maxAbs([first, last]))
      return course.length > 4 && equals(first - last, whole, tolerance)
    }
  })

const mapNeverRaisesValue = <P extends string>({ loss, map, onStarts }: FlowSubject<P>): LawBuilder =>
  onStarts({
    claim: E.isRight(map) && map.right,
    option: 'map',
    ...(E.isLeft(map) && { reason: map.left }),
    name: 'the map never raises its value',
    quantity: 'value along the iteration',
    statement: `∀ θ_0: −E log p_t(x_t; θ_i) does not rise over ${MAP_STEPS} steps θ_{i+1} = M(θ_i), of expectation–maximization unless another map is given. To 1e-12 (1 + |value|), its rounding.`,
    source: 'Dempster, Laird & Rubin 1977, JRSS B 39:1–38',
    maxCases: 20,
    says: ({ start }, map) =>
      neverRises(
        Population.flow(loss, { map, until: { steps: MAP_STEPS } })(start).map(({ value }) => value),
        1e-12
      )
  })

// —— recovery ——

export interface RecoveryOptions {
  /** True mixture. Default: components of variance 1 on a circle, `apart` from each other; for the pair ± half of it. */
  readonly truth?: Mixture.Mixture
  /** Distance of components, in standard deviations. Default: 6. */
  readonly apart?: number
  /** Distribution of the data in place of the truth, with the centres to find. Default: 1.5 times the variances, equal centres. */
  readonly misspecified?: { readonly data: Mixture.Mixture; readonly centres: ReadonlyArray<ReadonlyArray<number>> }
  /** Rows of the smallest data set; the others have 4 and 16 times as many. Default: 200. */
  readonly rows?: number
  /** Data sets of each size. Default: 16. */
  readonly repeats?: number
  /** Maximum ratio of a centre's standard error to that of maximum likelihood. Default: 1.5. */
  readonly inefficiency?: number
}

const onRecoverySeeds = forAll(fc.record({ seed: Arbitrary.seeds }))

/**
 * Returns the laws of recovery for a pipeline with the score of a mixture.
 *
 * @example
 * import fc from 'fast-check'
 * import { Initializer, Pipeline, Schedule, Score, Stage } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const pipeline = Pipeline.of({
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.spherical({ components: 2 }),
 *   initializer: Initializer.kMeansPlusPlus,
 *   stages: [Stage.expectationMaximization({ steps: 50 })]
 * })
 * laws.recovers(pipeline).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 1 })
 * })
 */
export const recovers = <P extends string>(pipeline: Pipeline.Pipeline<P>, options: RecoveryOptions = {}): Laws => {
  const subject = recoverySubject(pipeline, options)
  return scripted(
    { by: 'recovers', of: [pipeline, subject.stated] },
    ofRows('laws.recovers(pipeline)', [
      truthIsFound(subject),
      errorFallsWithRows(subject),
      centresAreFoundUnderMisspecification(subject),
      gradientsVaryNoMore(subject)
    ])
  )
}

const recoverySubject = <P extends string>(
  pipeline: Pipeline.Pipeline<P>,
  { apart = 6, rows = 200, repeats = 16, inefficiency = 1.5, ...given }: RecoveryOptions
) => {
  const { score } = pipeline
  const truth =
    given.truth ??
    mixtureOnCircle(mixtureOfScore(score, Params.zeros(Score.shapes(RECOVERY_DIM)(score))).weights.length, apart)
  const centres = centreRowsOf(truth)
  const dim = centres[0].length
  const findCentres = (data: Mixture.Mixture, count: number, key: Key.Key): ReadonlyArray<Density.NumberRow> => {
    const keys = pipe(key, Key.named('sample', 'run'))
    const points = Mixture.sample(count)(keys.sample)(data)
    const run = Run.last(compiledOrThrow(Compile.pipeline(pipeline)(points)))(keys.run)
    return centreRowsOf(mixtureOfScore(score, run.params))
  }
  return {
    pipeline,
    stated: { ...given, apart, rows, repeats, inefficiency },
    truth,
    centres,
    dim,
    rows,
    repeats,
    misspecified: given.misspecified ?? widerData(truth, centres),
    findCentres,
    within: `6 · ${inefficiency} standard errors of maximum likelihood, √(tr Σ/nπ)`,
    /** Relations that centres are found in `count` rows, each within 6 · `inefficiency` of its standard error. */
    centresAreFound: (
      { data, centres }: NonNullable<RecoveryOptions['misspecified']>,
      count: number,
      key: Key.Key
    ): LawRelations => {
      const errors = likelihoodErrors(data, count)
      return distancesToNearestFound(findCentres(data, count, key), centres).map((distance, k) =>
        equals(distance, 0, 6 * inefficiency * errors[k])
      )
    }
  }
}
type RecoverySubject<P extends string> = ReturnType<typeof recoverySubject<P>>

const RECOVERY_DIM = 2

/** Components of variance 1 in two dimensions, on a circle, neighbours `apart` from each other. */
const mixtureOnCircle = (count: number, apart: number): Mixture.Mixture => {
  const radius = count === 1 ? 0 : apart / (2 * Elementary.sin(Math.PI / count))
  const angle = (k: number): number => (2 * Math.PI * k) / count + 0.3
  return Mixture.of({
    means: Array.from({ length: count }, (_, k) => [
      radius * Elementary.cos(angle(k)),
      radius * Elementary.sin(angle(k))
    ]),
    variances: Array.from({ length: count }, () => 1)
  })
}

const centreRowsOf = (mixture: Mixture.Mixture): ReadonlyArray<Density.NumberRow> => {
  const [rows, dim] = mixture.means.shape
  return Density.listRows({ rows, dim, values: mixture.means.values })
}

const distancesToNearestFound = (
  found: ReadonlyArray<Density.NumberRow>,
  wanted: ReadonlyArray<Density.NumberRow>
): ReadonlyArray<number> => wanted.map(centre => Math.min(...found.map(other => Elementary.norm(minus(other, centre)))))

const mixtureOfScore = <P extends string>(score: Score.Score<P>, params: Params.Params<P>): Mixture.Mixture =>
  pipe(
    Score.toMixture(score)(params),
    O.getOrElse((): Mixture.Mixture => refuse(`${Score.show(score)} does not say its mixture; try Score.spherical`))
  )

/** Misspecified data: the truth with its variances multiplied by 1.5; and its centres, unchanged. */
const widerData = (
  truth: Mixture.Mixture,
  centres: ReadonlyArray<Density.NumberRow>
): NonNullable<RecoveryOptions['misspecified']> => {
  const dim = centres[0].length
  const data = Mixture.of({
    means: centres.map(row => [...row]),
    weights: Array.from(truth.weights),
    variances: centres.map((_, k) => 1.5 * Mixture.covariances(truth).values[k * dim * dim])
  })
  return { data, centres }
}

/** √(tr Σ_k/(π_k count)): maximum-likelihood standard error of each centre. */
const likelihoodErrors = (data: Mixture.Mixture, count: number): ReadonlyArray<number> => {
  const { values, shape } = Mixture.covariances(data)
  const dim = shape[shape.length - 1]
  return Array.from(data.weights, (weight, k) => {
    const trace = Array.from({ length: dim }, (_, j) => values[k * dim * dim + j * (dim + 1)])
    return Math.sqrt(sumNumbers(trace) / (weight * count))
  })
}

const truthIsFound = <P extends string>({
  rows,
  within,
  truth,
  centres,
  centresAreFound
}: RecoverySubject<P>): LawBuilder =>
  onRecoverySeeds({
    name: 'the planted truth is found',
    quantity: 'distance to the truth',
    statement: `∀ keys: of ${4 * rows} rows of the planted mixture every centre is found, within ${within}. A right one fails with probability below 1e-8.`,
    source: 'consistency of maximum likelihood and of score matching',
    maxCases: 5,
    says: ({ seed }) => centresAreFound({ data: truth, centres }, 4 * rows, Key.fromSeed(seed))
  })

const errorFallsWithRows = <P extends string>({
  pipeline,
  rows,
  repeats,
  truth,
  centres,
  dim,
  findCentres
}: RecoverySubject<P>): LawBuilder =>
  onRecoverySeeds({
    name: 'the error falls as n^{−1/2}',
    quantity: 'slope of the log error in log n',
    statement: `∀ keys: the mean square error over ${repeats} data sets of ${rows} and of ${16 * rows} rows falls with an order whose interval, of 5.5 standard errors, has −1: each log mean square of m squares has the variance 2/m.`,
    source: 'asymptotic normality; Wilson & Hilferty 1931',
    maxCases: 1,
    says: ({ seed }) => {
      const squares = [rows, 16 * rows].map((count, i) =>
        meanNumber(
          Key.split(repeats)(Key.child(i)(Key.fromSeed(seed))).flatMap(key =>
            distancesToNearestFound(findCentres(truth, count, key), centres).map(Elementary.square)
          )
        )
      )
      const order = Elementary.log(squares[1] / squares[0]) / Elementary.log(16)
      // The pair has one free centre.
      const free = Arbitrary.isMirroredScore(pipeline.score) ? centres.length / 2 : centres.length
      const interval = (5.5 * Math.sqrt(4 / (repeats * free * dim))) / Elementary.log(16)
      return equals(order, -1, interval)
    }
  })

const centresAreFoundUnderMisspecification = <P extends string>({
  rows,
  within,
  misspecified,
  centresAreFound
}: RecoverySubject<P>): LawBuilder =>
  onRecoverySeeds({
    name: 'centres are found though the components are others',
    quantity: 'distance to the centres',
    statement: `∀ keys: of ${16 * rows} rows of the stated other law (unless given, of 1.5 times the variance) every stated centre is found, within ${within} under that law.`,
    source: 'Fisher 1922; White 1982 of misspecified models',
    maxCases: 2,
    says: ({ seed }) => centresAreFound(misspecified, 16 * rows, Key.fromSeed(seed))
  })

const gradientsVaryNoMore = <P extends string>({ pipeline, truth }: RecoverySubject<P>): LawBuilder => {
  const { score, schedule } = pipeline
  const losses = varianceReducedLosses(pipeline)
  return onRecoverySeeds({
    claim: losses.length !== 0,
    reason: 'each of its losses takes plain noise, or none',
    name: 'gradients vary no more than those of plain noise',
    quantity: 'variance of the gradient',
    statement:
      '∀ keys: at the end of a run E|∇L − E∇L|² of each loss is no more than by plain noise with as many draws, over 200 keys each, up to 6 standard errors of the difference, which the samples give.',
    source: 'Rao–Blackwell',
    maxCases: 3,
    says: ({ seed }) => {
      const key = Key.fromSeed(seed)
      const points = Mixture.sample(40)(key)(truth)
      const { params } = Run.last(compiledOrThrow(Compile.pipeline(pipeline)(points)))(Key.child(1)(key))
      return losses.map(({ objective, expectation }) => {
        const way = Expectation.interpret(expectation)
        const draws = way.where === 'span' ? way.draws(key).length : 1
        const [less, more] = [expectation, Expectation.monteCarlo({ draws })].map((of, i) =>
          squaredGradientDeviations(score, of, { schedule, objective, points, params, seed: seed + 10_000 * i }, 200)
        )
        return hasNoLargerMean(less, more)
      })
    }
  })
}

const varianceReducedLosses = <P extends string>({ stages }: Pipeline.Pipeline<P>) =>
  stages
    .flatMap(Stage.losses)
    .filter(
      ({ objective, expectation }) =>
        !Expectation.isDeterministicExpectation(expectation) &&
        !Expectation.isPlainNoise(expectation) &&
        Objective.terms(objective).every(({ term }) => Objective.isMatching(term))
    )

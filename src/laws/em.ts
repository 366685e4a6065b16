/**
 * Laws of the correspondence between the DDPM objective and expectation–maximization: they share their fixed points up
 * to a correction that vanishes, and all noise levels together are the likelihood. Schedule: Ornstein–Uhlenbeck.
 */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { add, compute, expandDims, fill, Key } from '../../lib/index.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Points from '../data/points.js'
import {
  Case,
  Compile,
  Covariance,
  Expectation,
  ExpectationMaximization,
  Mixture,
  Objective,
  Params,
  Population,
  Schedule,
  Score,
  TimeLaw
} from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { areSameBits } from './bits.js'
import { correspondsToEM } from './correspond.js'
import { compiled, evaluatedOnce, flat, greatest, direction } from './check.js'
import { forAll, ofRows, equals, atLeast, atMost, type Relation, type Said } from './lawRows.js'
import * as Density from './density.js'
import type { Laws } from './law.js'
import type { Evaluate } from './objective.js'
import { orderOf } from './paper.js'

/** One step of expectation–maximization, what `ExpectationMaximization.step` does or is believed to. */
export type Step = <P extends string>(
  family: Score.Family<P>,
  varianceFloor: number,
  points: Points.Points
) => (params: Params.Params<P>) => ExpectationMaximization.Taken<P>

export interface EMOptions {
  /** What is believed to compute value and gradient; by default what is compiled. */
  readonly evaluate?: Evaluate
  readonly step?: Step
}

interface Example<P extends string> {
  readonly points: Points.Points
  readonly params: Params.Params<P>
  readonly time: number
}

const schedule = Schedule.ornsteinUhlenbeck
const FLOOR = 1e-6
const dempster = 'Dempster, Laird & Rubin 1977, JRSS B 39:1–38'

const familyOf = <P extends string>(score: Score.Score<P>): Score.Family<P> =>
  Score.interpret(score).family ?? refuse(`${Score.show(score)} is not the score of a mixture; try Score.spherical`)

const times = fc.integer({ min: 2, max: 15 }).map(k => k / 10)

const cases = <P extends string>(
  score: Score.Score<P>,
  points: (dim: number) => fc.Arbitrary<Points.Points>,
  { dims = Arbitrary.dimsFor(score), extent = 2, spread = 1, params = Arbitrary.params(score, { extent, spread }) } = {}
): fc.Arbitrary<Example<P>> => dims.chain(dim => fc.record({ points: points(dim), params: params(dim), time: times }))

/** The gradient of an objective with noise integrated: in one dimension by equal steps, for the pair by quadrature. */
const gradientOf =
  <P extends string>(evaluate: Evaluate, score: Score.Score<P>, points: Points.Points, nodes: number) =>
  (objective: Objective.Objective): ((params: Params.Params<P>) => ReadonlyArray<number>) => {
    const { points: rows, noise } = Arbitrary.isMirrored(score)
      ? { points, noise: null }
      : Density.withNoise(points, Density.trapezoid(nodes))
    const expectation = noise === null ? Expectation.quadrature({ nodes }) : Expectation.fixed(noise)
    const f = compiled(evaluate({ schedule, score, objective, expectation })(rows))
    return params => flat(f(params, Key.fromSeed(0)).gradient)
  }

/** log(π_k p_k(x)) of each row, as the textbook has it where it has the family, else as its components say. */
const jointOf = <P extends string>(
  score: Score.Score<P>
): ((points: Points.Points, params: Params.Params<P>, level?: Schedule.Level) => ReadonlyArray<Density.Row>) => {
  const meaning = O.toNullable(Density.meaning(score))
  return (points, params, { alpha, sigma } = { alpha: 1, sigma: 0 }) => {
    if (meaning !== null) {
      const at = Density.diffused({ alpha, sigma })(meaning(params))
      return Density.rowsOf(points).map(row => Density.joint(row)(at))
    }
    const all = compute(() => {
      const { logWeights, logDensity } = familyOf(score).components(Score.tensors(params), points.dim)
      const level = { alpha: fill([points.rows, 1], alpha), sigma: fill([points.rows, 1], sigma) }
      return add(logDensity(Points.tensor(points), level), expandDims(logWeights, 0))
    })
    return Density.rowsOf({ rows: points.rows, dim: all.shape[1], values: all.values })
  }
}

/** log Σ e^x */
const logSum = (logs: Density.Row): number => {
  const most = logs.reduce((most, log) => Math.max(most, log), -Infinity)
  return most + Elementary.log(logs.reduce((sum, log) => sum + Elementary.exp(log - most), 0))
}

/** Whether inner steps of an M-step lead to where it would be, or statistics of its own that know of more than of components: how near, nobody knows. */
const isGeneralized = <P extends string>({ mStep, sufficient }: Score.Family<P>): boolean =>
  sufficient !== undefined || mStep?.isGeneralized === true

/** Laws of a step of any family that has an M-step: by the log-densities of its components, and nothing else. */
export const maximization = <P extends string>(
  score: Score.Score<P>,
  {
    step = ExpectationMaximization.step,
    points: rows
  }: Pick<EMOptions, 'step'> & { readonly points?: (dim: number) => fc.Arbitrary<Points.Points> } = {}
): Laws => {
  const family = familyOf(score)
  const raises = isGeneralized(family)
  const joint = jointOf(score)
  const minRows = Arbitrary.minRows(score)
  const stepOn = (points: Points.Points, params: Params.Params<P>, floor = FLOOR): ExpectationMaximization.Taken<P> =>
    step(family, floor, points)(params)
  /** −E log p(x) */
  const loss = (points: Points.Points, params: Params.Params<P>): number =>
    -Density.combine(
      Array.from(Points.weightsOf(points)),
      joint(points, params).map(logs => [logSum(logs)]),
      1
    )[0]
  const sizeOf = (points: Points.Points, params: Params.Params<P>): number =>
    Elementary.square(1 + greatest([...points.values, ...flat(params)]))

  /** Rows of which each component has enough for covariances of its own: of fewer the floor decides. */
  const many = (dim: number): fc.Arbitrary<Points.Points> =>
    (rows ?? Arbitrary.points({ minRows: Math.max(minRows, 4) * (dim + 1), far: 10 }))(dim)
  const { toMixture, unitVariance, hasTails, hasBackground } = family
  const isClean = Arbitrary.isClean(score)
  const sharesOf = (
    points: Points.Points,
    params: Params.Params<P>,
    level?: Schedule.Level
  ): ReadonlyArray<Density.Row> =>
    joint(points, params, level).map(logs => {
      const all = logSum(logs)
      return logs.map(log => Elementary.exp(log - all))
    })
  /** Covariances of one's own are fitted at a level to moments without noise, as they are expected: Q is raised, and not at its greatest. */
  const isDenoised = Case.parts(score).some(
    part =>
      Covariance.concept.is(part) && !Case.isMadeBy(Covariance.of)(part) && !Case.isMadeBy(Covariance.factors)(part)
  )
  /** That Q, of rows at a level, is greatest at `next`; or no less there than at `params`. */
  const isGreatest = (
    points: Points.Points,
    params: Params.Params<P>,
    next: Params.Params<P>,
    seed: number,
    level?: Schedule.Level
  ): Relation => {
    const weights = Points.weightsOf(points)
    const shares = sharesOf(points, params, level)
    const q = (at: Params.Params<P>): number =>
      joint(points, at, level).reduce(
        (sum, logs, i) =>
          sum + weights[i] * logs.reduce((sum, log, k) => (shares[i][k] === 0 ? sum : sum + shares[i][k] * log), 0),
        0
      )
    const best = q(next)
    const towards = direction(next, seed)
    const others =
      raises || (isDenoised && level !== undefined)
        ? [params]
        : [1e-3, -1e-3, 0.1, -0.1].map(by => Params.zipWith((x, v: number) => x + by * v)(next, towards))
    return atMost(others.map(q), best, 1e-11 * (1 + Math.abs(best)) * sizeOf(points, params))
  }
  const greatestOf = raises ? 'Q(θ′ | θ) ≥ Q(θ | θ)' : '|v| = 1, h of 1e-3 and 0.1: Q(θ′ ± hv | θ) ≤ Q(θ′ | θ)'
  const reason = raises ? 'Neal & Hinton 1998' : dempster

  const lawOf = forAll(cases(score, rows ?? Arbitrary.points({ minRows })))
  const ofMany = forAll(
    fc
      .tuple(cases(score, many), Arbitrary.seeds, fc.constantFrom(0.3, 0.6, 0.9))
      .map(([each, seed, sigma]) => ({ ...each, seed, sigma }))
  )
  return ofRows(Score.show(score), [
    lawOf({
      name: 'the value of a step is the likelihood where it begins',
      statement:
        '∀ θ, x: the value is −E log p(x; θ), of the textbook, or of what the components say. To 1e-12 (1 + |ℓ|) r², the rounding of ℓ.',
      source: dempster,
      says: ({ points, params }) => {
        const wanted = loss(points, params)
        const tolerance = 1e-12 * (1 + Math.abs(wanted)) * sizeOf(points, params)
        return equals(stepOn(points, params).value, wanted, tolerance)
      }
    }),
    lawOf({
      claim: !unitVariance && !isClean && !hasTails && !hasBackground,
      reason: 'it learns no variances of Gaussians',
      name: 'no variance falls below its floor',
      statement:
        '∀ θ, x, floors of 1e-3 and 0.1: after a step with the floor the variance of every component along every column is not less, to 1e-9 of it; nor, by how its log-density falls from its centre, to 1e-6.',
      source: 'definition of the floor',
      maxCases: 20,
      says: ({ points, params }) =>
        [1e-3, 0.1].map(floor => {
          const next = stepOn(points, params, floor).params
          const { shape, values } = compute(() => family.components(Score.tensors(next), points.dim).centres)
          const centres = Density.rowsOf({ rows: shape[0], dim: points.dim, values })
          /** What log p_k falls by, from its centre by so much along each coordinate. */
          const fall = (by: number): ReadonlyArray<Density.Row> => {
            const moved = centres.flatMap(c => [c, ...c.map((_, j) => c.map((x, i) => (i === j ? x + by : x)))])
            const logs = joint(Density.pointsOf(points.dim, moved), next)
            const many = 1 + points.dim
            return centres.map((_, k) =>
              Array.from({ length: points.dim }, (_, j) => logs[k * many][k] - logs[k * many + 1 + j][k])
            )
          }
          const step = Math.sqrt(floor)
          const [near, far] = [fall(step), fall(2 * step)]
          // What has no rows keeps the covariance that it has.
          const masses = Density.combine(Array.from(Points.weightsOf(points)), sharesOf(points, params), shape[0])
          const learned = <A>(of: ReadonlyArray<A>): ReadonlyArray<A> => of.filter((_, k) => masses[k] > 1e-100)
          return [
            toMixture !== undefined &&
              atLeast(learned(Mixture.marginals(toMixture(next)).variances).flat(), floor, 1e-9 * floor),
            // Of a normal component, of which it falls by four times as much twice as far: half of step² over its variance.
            learned(near).map((falls, k) =>
              falls.map(
                (fall, j) =>
                  Math.abs(learned(far)[k][j] - 4 * fall) <= 1e-6 * fall &&
                  atMost({ 'floor over variance': 2 * fall }, 1, 1e-6)
              )
            )
          ]
        })
    }),
    ofMany({
      name: raises ? 'a step raises Q' : 'a step takes what is greatest of Q',
      statement: `∀ θ, x, ${greatestOf} for θ′ = EM(θ), Q = E Σ_k p(k | x; θ) log π_k′ p(x; θ′_k); where no variance comes to the floor of ${FLOOR}. To 1e-11 (1 + |Q|) r², the rounding of Q.`,
      source: reason,
      says: ({ points, params, seed }) => {
        const next = stepOn(points, params).params
        // What a floor holds goes along with it.
        return areSameBits(stepOn(points, params, FLOOR / 2).params, next) && isGreatest(points, params, next, seed)
      }
    }),
    ofMany({
      claim: !isClean && family.sufficient === undefined && step === ExpectationMaximization.step,
      reason: 'its step is of time 0 alone',
      name: 'a step at a noise level takes the noise out',
      statement: `∀ θ, x, σ of 0.3 to 0.9, α = √(1 − σ²), keys: of rows αx + σz ${greatestOf} for the step θ′ at that level, of p at it; where no variance comes to the floor of ${FLOOR}. To 1e-11 (1 + |Q|) r².`,
      source: reason,
      maxCases: 40,
      says: ({ points, params, seed, sigma }) => {
        const level = { alpha: Math.sqrt(1 - sigma * sigma), sigma }
        const key = Key.fromSeed(seed)
        const at = (floor: number): Params.Params<P> =>
          ExpectationMaximization.noisyStep(family, floor, points, level)(params, key).params
        const noise = pipe(key, Key.child(0), Key.normal(points.values.length))
        const noised = { ...points, values: points.values.map((x, i) => level.alpha * x + sigma * noise[i]) }
        const next = at(FLOOR)
        return areSameBits(at(FLOOR / 2), next) && isGreatest(noised, params, next, seed, level)
      }
    })
  ])
}

/** Laws of expectation–maximization for the score of any mixture: those of its step, and more where the textbook has the family. */
export const em = <P extends string>(
  score: Score.Score<P>,
  {
    // Where many draws meet each row, a program is worth its trial.
    evaluate = Arbitrary.isMirrored(score) ? Compile.valueAndGrad : evaluatedOnce,
    step = ExpectationMaximization.step
  }: EMOptions = {}
): Laws => {
  const minRows = Arbitrary.minRows(score)
  const mixture = familyOf(score).toMixture
  const gaussian = { claim: mixture, reason: 'it does not say its mixture' } as const

  return ofRows(Score.show(score), [
    mixture === undefined
      ? { law: 'the truth is a fixed point of both', why: gaussian.reason }
      : correspondsToEM({ score, objective: Objective.implicit(TimeLaw.at(0.5)), evaluate, step }).slice(0, 1),
    maximization(score, { step }),
    forAll(
      cases(
        score,
        Arbitrary.points({ minRows, maxRows: Math.max(3, minRows), extent: 2, far: 1 }),
        Arbitrary.isMirrored(score) ? { extent: 1 } : { dims: fc.constant(1), extent: 1.25, spread: 0.5 }
      )
    )({
      ...gaussian,
      name: 'all noise levels together are the likelihood',
      statement:
        '∀ θ, x: ∫_0^T ∂L_t dt → ∂(−E log p(x_0)) as T → ∞ and nodes grow: the error at T = 12 with 48 nodes is below 1e-7 (1 + |∇|), halves at least from T = 1 to 2 to 4, with 24, and from 4 to 16 nodes, until it is there. (The tail is of order e^{−4T}.)',
      source: 'Song et al. 2021, arXiv 2101.09258, theorem 1',
      // Each is some two hundred quadratures, of which one sees what is wrong at any parameters.
      maxCases: 2,
      says: ({ points, params }, mixture) => {
        const of = gradientOf(evaluate, score, points, 48)
        const wanted = of(Objective.likelihood)(params)
        const leastVariance = 0.99 * Math.min(...Mixture.marginals(mixture(params)).variances.flat())
        const timeLaw = (until: number, nodes: number): TimeLaw.TimeLaw =>
          TimeLaw.likelihood({ until, nodes, leastVariance })
        const error = (until: number, nodes: number): number =>
          greatest(Density.minus(of(Objective.implicit(timeLaw(until, nodes)))(params), wanted))
        const enough = 1e-7 * (1 + greatest(wanted))
        const falls = (errors: ReadonlyArray<number>): Said =>
          atMost(
            errors.slice(1),
            errors.slice(0, -1).map(before => Math.max(enough, before / 2))
          )
        const whole = error(12, 48)
        return [
          equals(whole, 0, enough),
          falls([1, 2, 4].map(until => error(until, 24))),
          falls([error(12, 4), error(12, 16), whole])
        ]
      }
    })
  ])
}

/** Laws of the pair, whose gradient is an EM step and a correction G. */
export const emPair = ({
  evaluate = Compile.valueAndGrad,
  step = ExpectationMaximization.step
}: EMOptions = {}): Laws => {
  const score = Score.symmetricPair
  /** What −½ ∂L/∂m has beyond EM's step at m = λc, x_t from the pair ±c, |c| = r: one of variance 1, like x_0. */
  const correction = (time: number, r: number, factor: number): Density.Row => {
    const { alpha } = Schedule.level(time)(schedule)
    const pair = (c: number): Population.Population => Population.of(Mixture.symmetricPair([c]))
    const loss = {
      schedule,
      score,
      objective: Objective.implicit(TimeLaw.at(time)),
      expectation: Expectation.monteCarlo()
    }
    const [before, after] = [1, alpha].map(scale => Params.of({ mean: [(factor * r) / scale] }))
    const { gradient } = compiled(evaluate(loss)(pair(r / alpha)))(after, Key.fromSeed(0))
    const em = flat(step(familyOf(score), FLOOR, pair(r))(before).params)
    return Density.minus(Density.scale(-1 / (2 * alpha), flat(gradient)), Density.minus(em, flat(before)))
  }
  return ofRows(Score.show(score), [
    forAll(
      fc.record({
        factor: fc.constantFrom(0.8, 0.85, 0.9, 1.1, 1.15, 1.2, 1.25),
        time: fc.integer({ min: 1, max: 3 }).map(k => k / 10)
      })
    )({
      name: 'G decays with separation',
      statement:
        '∀ λ in [0.8, 1.25]∖{1}: at m = λc in the population of the pair ±c, |c| = r, −½ ∂L/∂m = (EM(m) − m) + G, and log |G| falls with r² at the rate ½, up to the logarithm of a polynomial: the slope over r = 4, 5, 6 is in [−0.6, −0.4].',
      source: 'Shah, Chen & Klivans 2023, arXiv 2307.01178, §3: T′ = 1/cosh² is e^{−2|u|} and u is N(±λr², λ²r²)',
      maxCases: 21,
      says: ({ factor, time }) => {
        const sizes = [4, 5, 6].map(r => ({ h: Elementary.exp(r * r), error: greatest(correction(time, r, factor)) }))
        const rate = orderOf(sizes)
        return [atLeast(rate, -0.6), atMost(rate, -0.4)]
      }
    })
  ])
}

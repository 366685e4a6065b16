/** Laws of EM steps of any family, tested by the log-densities of its components alone. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { add, compute, expandDims, fill, Key } from '../../lib/index.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Points from '../data/points.js'
import { Case, Covariance, ExpectationMaximization, Params, type Schedule, Score } from '../index.js'
import * as Mixture from '../mixture/index.js'
import * as Arbitrary from './arbitraries.js'
import { areSameBits } from './bits.js'
import { flattenParams, maxAbs, randomDirection } from './check.js'
import { forAll, ofRows, equals, atLeast, atMost, sameBits, type LawBuilder, type Relation } from './lawRows.js'
import * as Density from './density.js'
import type { Laws } from './law.js'

export type Step = <P extends string>(
  family: Score.Family<P>,
  varianceFloor: number,
  points: Points.Points
) => (params: Params.Params<P>) => ExpectationMaximization.EMStepResult<P>

const EM_VARIANCE_FLOOR = 1e-6
const DEMPSTER_1977 = 'Dempster, Laird & Rubin 1977, JRSS B 39:1–38'

/** Returns the laws of an EM step (default: `ExpectationMaximization.step`) of a family with an M-step. */
export const emStepLaws = <P extends string>(
  score: Score.Score<P>,
  options: {
    readonly step?: Step
    readonly points?: (dim: number) => fc.Arbitrary<Points.Points>
  } = {}
): Laws => {
  const subject = emSubject(score, options)
  return ofRows(Score.show(score), [
    valueIsLogLikelihood(subject),
    stepKeepsShapes(subject),
    variancesStayAboveFloor(subject),
    stepMaximizesQ(subject),
    noisyStepMaximizesQ(subject)
  ])
}

export const requireFamily = <P extends string>(score: Score.Score<P>): Score.Family<P> =>
  Score.interpret(score).family ?? refuse(`${Score.show(score)} is not the score of a mixture; try Score.spherical`)

const emSubject = <P extends string>(
  score: Score.Score<P>,
  { step = ExpectationMaximization.step, points }: NonNullable<Parameters<typeof emStepLaws>[1]>
) => {
  const family = requireFamily(score)
  const isGeneralized = isGeneralizedStep(family)
  const minRows = Arbitrary.minRows(score)
  const casesOf = (points: (dim: number) => fc.Arbitrary<Points.Points>) =>
    forAll(
      Arbitrary.dimsFor(score).chain(dim =>
        fc.record({
          points: points(dim),
          params: Arbitrary.params(score)(dim),
          seed: Arbitrary.seeds,
          sigma: fc.constantFrom(0.3, 0.6, 0.9)
        })
      )
    )
  return {
    score,
    family,
    isGeneralized,
    joint: jointOf(score),
    stepOn: (points: Points.Points, params: Params.Params<P>, floor = EM_VARIANCE_FLOOR) =>
      step(family, floor, points)(params),
    isUsersStep: step !== ExpectationMaximization.step,
    inequality: isGeneralized ? 'Q(θ′ | θ) ≥ Q(θ | θ)' : '|v| = 1, h of 1e-3 and 0.1: Q(θ′ ± hv | θ) ≤ Q(θ′ | θ)',
    reason: isGeneralized ? 'Neal & Hinton 1998' : DEMPSTER_1977,
    onCases: casesOf(points ?? Arbitrary.points({ minRows })),
    /** Cases with enough rows for a covariance of each component above the minimum variance. */
    onManyRows: casesOf(
      points ?? (dim => Arbitrary.points({ minRows: Math.max(minRows, 4) * (dim + 1), far: 10 })(dim))
    )
  }
}
type EMSubject<P extends string> = ReturnType<typeof emSubject<P>>

/** True if a step raises Q without maximizing it: inner M-steps, or sufficient statistics beyond those of components. */
const isGeneralizedStep = <P extends string>({ mStep, sufficient }: Score.Family<P>): boolean =>
  sufficient !== undefined || mStep?.isGeneralized === true

const valueIsLogLikelihood = <P extends string>({ onCases, stepOn, joint }: EMSubject<P>): LawBuilder =>
  onCases({
    name: 'the value of a step is the likelihood where it begins',
    quantity: 'value of the step',
    statement:
      '∀ θ, x: the value is −E log p(x; θ), of the textbook, or of what the components say. To 1e-12 (1 + |ℓ|) r², the rounding of ℓ.',
    source: DEMPSTER_1977,
    says: ({ points, params }) => {
      const wanted = meanLoss(joint, points, params)
      const tolerance = 1e-12 * (1 + Math.abs(wanted)) * squaredMagnitude(points, params)
      return equals(stepOn(points, params).value, wanted, tolerance)
    }
  })

const stepKeepsShapes = <P extends string>({ onCases, stepOn }: EMSubject<P>): LawBuilder =>
  onCases({
    name: 'a step keeps the names and shapes of the parameters',
    statement: '∀ θ, x: after a step every parameter has the shape that the score says. Exactly.',
    source: 'definition of `MStep`',
    maxCases: 10,
    says: ({ points, params }) => {
      const sizes = (of: Params.Params<P>): object =>
        Params.map<Params.Params<P>[P], unknown>(({ shape, values }) => [shape, values.length])(of)
      return sameBits(sizes(stepOn(points, params).params), sizes(params))
    }
  })

const variancesStayAboveFloor = <P extends string>(subject: EMSubject<P>): LawBuilder => {
  const { onCases, score, family, joint, stepOn } = subject
  const { toMixture, unitVariance, hasTails, hasBackground } = family
  return onCases({
    claim: !unitVariance && !Arbitrary.isCleanOnly(score) && !hasTails && !hasBackground,
    reason: 'it learns no variances of Gaussians',
    name: 'no variance falls below its floor',
    quantity: 'variance',
    statement:
      '∀ θ, x, floors of 1e-3 and 0.1: after a step with the floor the variance of every component along every column is not less, to 1e-9 of it; nor, by how its log-density falls from its centre, to 1e-6.',
    source: 'definition of the floor',
    maxCases: 20,
    says: ({ points, params }) =>
      [1e-3, 0.1].map(floor => {
        const next = stepOn(points, params, floor).params
        const step = Math.sqrt(floor)
        const near = logDensityFalls(subject, next, points.dim, step)
        const far = logDensityFalls(subject, next, points.dim, 2 * step)
        // A component without rows keeps its covariance.
        const counts = Density.weightedRowSum(
          Array.from(Points.weightsOf(points)),
          responsibilities(joint(points, params)),
          near.length
        )
        const fitted = <A>(of: ReadonlyArray<A>): ReadonlyArray<A> => of.filter((_, k) => counts[k] > 1e-100)
        return [
          toMixture !== undefined &&
            atLeast(fitted(Mixture.marginals(toMixture(next)).variances).flat(), floor, 1e-9 * floor),
          // A normal log-density falls by distance²/2 over its variance.
          fitted(near).map((falls, k) =>
            falls.map(
              (fall, j) =>
                Math.abs(fitted(far)[k][j] - 4 * fall) <= 1e-6 * fall &&
                atMost({ 'floor over variance': 2 * fall }, 1, 1e-6)
            )
          )
        ]
      })
  })
}

/** Fall of log p_k from the centre of component k to a distance along each coordinate, [components, dim]. */
const logDensityFalls = <P extends string>(
  { family, joint }: EMSubject<P>,
  params: Params.Params<P>,
  dim: number,
  distance: number
): ReadonlyArray<Density.NumberRow> => {
  const { shape, values } = compute(() => family.components(Score.tensors(params), dim).centres)
  const centres = Density.listRows({ rows: shape[0], dim, values })
  const moved = centres.flatMap(c => [c, ...c.map((_, j) => c.map((x, i) => (i === j ? x + distance : x)))])
  const logs = joint(Density.pointsFromRows(dim, moved), params)
  const stride = 1 + dim
  return centres.map((_, k) => Array.from({ length: dim }, (_, j) => logs[k * stride][k] - logs[k * stride + 1 + j][k]))
}

const stepMaximizesQ = <P extends string>(subject: EMSubject<P>): LawBuilder => {
  const { onManyRows, isGeneralized, stepOn, reason, inequality } = subject
  return onManyRows({
    name: isGeneralized ? 'a step raises Q' : 'a step takes what is greatest of Q',
    quantity: 'Q',
    statement: `∀ θ, x, ${inequality} for θ′ = EM(θ), Q = E Σ_k p(k | x; θ) log π_k′ p(x; θ′_k); where no variance comes to the floor of ${EM_VARIANCE_FLOOR}. To 1e-11 (1 + |Q|) r², the rounding of Q.`,
    source: reason,
    says: ({ points, params, seed }) => {
      const next = stepOn(points, params).params
      // Another floor changes the step only if some variance is at the floor.
      return (
        areSameBits(stepOn(points, params, EM_VARIANCE_FLOOR / 2).params, next) &&
        maximizesQ(subject, { points, params, seed }, next)
      )
    }
  })
}

const noisyStepMaximizesQ = <P extends string>(subject: EMSubject<P>): LawBuilder => {
  const { onManyRows, score, family, isUsersStep, reason, inequality } = subject
  return onManyRows({
    claim: !Arbitrary.isCleanOnly(score) && family.sufficient === undefined && !isUsersStep,
    reason: 'its step is of time 0 alone',
    name: 'a step at a noise level takes the noise out',
    quantity: '−Q(θ′ | θ)',
    statement: `∀ θ, x, σ of 0.3 to 0.9, α = √(1 − σ²), keys: of rows αx + σz ${inequality} for the step θ′ at that level, of p at it; where no variance comes to the floor of ${EM_VARIANCE_FLOOR}. To 1e-11 (1 + |Q|) r².`,
    source: reason,
    maxCases: 40,
    says: ({ points, params, seed, sigma }) => {
      const level = { alpha: Math.sqrt(1 - sigma * sigma), sigma }
      const key = Key.fromSeed(seed)
      const at = (floor: number): Params.Params<P> =>
        ExpectationMaximization.noisyStep(family, floor, points, level)(params, key).params
      const noise = pipe(key, Key.child(0), Key.normal(points.values.length))
      const noised = { ...points, values: points.values.map((x, i) => level.alpha * x + sigma * noise[i]) }
      const next = at(EM_VARIANCE_FLOOR)
      return (
        areSameBits(at(EM_VARIANCE_FLOOR / 2), next) &&
        maximizesQ(subject, { points: noised, params, seed }, next, level)
      )
    }
  })
}

/** Relation that Q at `next` is at least that nearby, or that at `params` if a step only raises Q. */
const maximizesQ = <P extends string>(
  { score, isGeneralized, joint }: EMSubject<P>,
  {
    points,
    params,
    seed
  }: { readonly points: Points.Points; readonly params: Params.Params<P>; readonly seed: number },
  next: Params.Params<P>,
  level?: Schedule.Level
): Relation => {
  const weights = Points.weightsOf(points)
  const shares = responsibilities(joint(points, params, level))
  const q = (at: Params.Params<P>): number =>
    joint(points, at, level).reduce(
      (sum, logs, i) =>
        sum + weights[i] * logs.reduce((sum, log, k) => (shares[i][k] === 0 ? sum : sum + shares[i][k] * log), 0),
      0
    )
  const best = q(next)
  const towards = randomDirection(next, seed)
  const others =
    isGeneralized || (hasCustomCovariance(score) && level !== undefined)
      ? [params]
      : [1e-3, -1e-3, 0.1, -0.1].map(by => Params.zipWith((x, v: number) => x + by * v)(next, towards))
  return atMost(others.map(q), best, 1e-11 * (1 + Math.abs(best)) * squaredMagnitude(points, params))
}

/** True if the score has a custom covariance structure, whose fit to the expected moments at a noise level only raises Q. */
const hasCustomCovariance = <P extends string>(score: Score.Score<P>): boolean =>
  Case.parts(score).some(
    part =>
      Covariance.concept.is(part) && !Case.isMadeBy(Covariance.of)(part) && !Case.isMadeBy(Covariance.factors)(part)
  )

// —— densities ——

type LogJoint<P extends string> = (
  points: Points.Points,
  params: Params.Params<P>,
  level?: Schedule.Level
) => ReadonlyArray<Density.NumberRow>

/** log(π_k p_k(x)), [rows, components], by the textbook or the family's components. */
const jointOf = <P extends string>(score: Score.Score<P>): LogJoint<P> => {
  const meaning = O.toNullable(Density.textbookMixture(score))
  return (points, params, { alpha, sigma } = { alpha: 1, sigma: 0 }) => {
    if (meaning !== null) {
      const at = Density.noisedMixture({ alpha, sigma })(meaning(params))
      return Density.listRows(points).map(row => Density.logJointDensities(row)(at))
    }
    const all = compute(() => {
      const { logWeights, logDensity } = requireFamily(score).components(Score.tensors(params), points.dim)
      const level = { alpha: fill([points.rows, 1], alpha), sigma: fill([points.rows, 1], sigma) }
      return add(logDensity(Points.pointsTensor(points), level), expandDims(logWeights, 0))
    })
    return Density.listRows({ rows: points.rows, dim: all.shape[1], values: all.values })
  }
}

const logSumExp = (logs: Density.NumberRow): number => {
  const most = logs.reduce((most, log) => Math.max(most, log), -Infinity)
  return most + Elementary.log(logs.reduce((sum, log) => sum + Elementary.exp(log - most), 0))
}

/** p(k | x) of each row. */
const responsibilities = (joint: ReadonlyArray<Density.NumberRow>): ReadonlyArray<Density.NumberRow> =>
  joint.map(logs => {
    const all = logSumExp(logs)
    return logs.map(log => Elementary.exp(log - all))
  })

/** −E log p(x) over weighted rows. */
const meanLoss = <P extends string>(joint: LogJoint<P>, points: Points.Points, params: Params.Params<P>): number =>
  -Density.weightedRowSum(
    Array.from(Points.weightsOf(points)),
    joint(points, params).map(logs => [logSumExp(logs)]),
    1
  )[0]

/** (1 + the largest absolute value of data and parameters)². */
const squaredMagnitude = <P extends string>(points: Points.Points, params: Params.Params<P>): number =>
  Elementary.square(1 + maxAbs([...points.values, ...flattenParams(params)]))

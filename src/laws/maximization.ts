/** Laws of a step of expectation–maximization of any family: by the log-densities of its components, and nothing else. */
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
import { forAll, ofRows, equals, atLeast, atMost, sameBits, type Relation } from './lawRows.js'
import * as Density from './density.js'
import type { Laws } from './law.js'

/** One step of expectation–maximization, what `ExpectationMaximization.step` does or is believed to. */
export type Step = <P extends string>(
  family: Score.Family<P>,
  varianceFloor: number,
  points: Points.Points
) => (params: Params.Params<P>) => ExpectationMaximization.EMStepResult<P>

const EM_VARIANCE_FLOOR = 1e-6
const dempster = 'Dempster, Laird & Rubin 1977, JRSS B 39:1–38'

export const requireFamily = <P extends string>(score: Score.Score<P>): Score.Family<P> =>
  Score.interpret(score).family ?? refuse(`${Score.show(score)} is not the score of a mixture; try Score.spherical`)

/** log(π_k p_k(x)) of each row, as the textbook has it where it has the family, else as its components say. */
const jointOf = <P extends string>(
  score: Score.Score<P>
): ((points: Points.Points, params: Params.Params<P>, level?: Schedule.Level) => ReadonlyArray<Density.NumberRow>) => {
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

/** log Σ e^x */
const logSumExpOf = (logs: Density.NumberRow): number => {
  const most = logs.reduce((most, log) => Math.max(most, log), -Infinity)
  return most + Elementary.log(logs.reduce((sum, log) => sum + Elementary.exp(log - most), 0))
}

/** Whether inner steps of an M-step lead to where it would be, or statistics of its own that know of more than of components: how near, nobody knows. */
const isGeneralized = <P extends string>({ mStep, sufficient }: Score.Family<P>): boolean =>
  sufficient !== undefined || mStep?.isGeneralized === true

/** Laws of a step of any family that has an M-step: by the log-densities of its components, and nothing else. */
export const emStepLaws = <P extends string>(
  score: Score.Score<P>,
  {
    step = ExpectationMaximization.step,
    points: rows
  }: { readonly step?: Step; readonly points?: (dim: number) => fc.Arbitrary<Points.Points> } = {}
): Laws => {
  const family = requireFamily(score)
  const raises = isGeneralized(family)
  const joint = jointOf(score)
  const minRows = Arbitrary.minRows(score)
  const stepOn = (
    points: Points.Points,
    params: Params.Params<P>,
    floor = EM_VARIANCE_FLOOR
  ): ExpectationMaximization.EMStepResult<P> => step(family, floor, points)(params)
  /** −E log p(x) */
  const loss = (points: Points.Points, params: Params.Params<P>): number =>
    -Density.weightedRowSum(
      Array.from(Points.weightsOf(points)),
      joint(points, params).map(logs => [logSumExpOf(logs)]),
      1
    )[0]
  const sizeOf = (points: Points.Points, params: Params.Params<P>): number =>
    Elementary.square(1 + maxAbs([...points.values, ...flattenParams(params)]))

  /** Rows of which each component has enough for covariances of its own: of fewer the floor decides. */
  const many = (dim: number): fc.Arbitrary<Points.Points> =>
    (rows ?? Arbitrary.points({ minRows: Math.max(minRows, 4) * (dim + 1), far: 10 }))(dim)
  const { toMixture, unitVariance, hasTails, hasBackground } = family
  const isClean = Arbitrary.isCleanOnly(score)
  const sharesOf = (
    points: Points.Points,
    params: Params.Params<P>,
    level?: Schedule.Level
  ): ReadonlyArray<Density.NumberRow> =>
    joint(points, params, level).map(logs => {
      const all = logSumExpOf(logs)
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
    const towards = randomDirection(next, seed)
    const others =
      raises || (isDenoised && level !== undefined)
        ? [params]
        : [1e-3, -1e-3, 0.1, -0.1].map(by => Params.zipWith((x, v: number) => x + by * v)(next, towards))
    return atMost(others.map(q), best, 1e-11 * (1 + Math.abs(best)) * sizeOf(points, params))
  }
  const greatestOf = raises ? 'Q(θ′ | θ) ≥ Q(θ | θ)' : '|v| = 1, h of 1e-3 and 0.1: Q(θ′ ± hv | θ) ≤ Q(θ′ | θ)'
  const reason = raises ? 'Neal & Hinton 1998' : dempster

  const casesOf = (points: (dim: number) => fc.Arbitrary<Points.Points>) =>
    Arbitrary.dimsFor(score).chain(dim =>
      fc.record({
        points: points(dim),
        params: Arbitrary.params(score)(dim),
        seed: Arbitrary.seeds,
        sigma: fc.constantFrom(0.3, 0.6, 0.9)
      })
    )
  const lawOf = forAll(casesOf(rows ?? Arbitrary.points({ minRows })))
  const ofMany = forAll(casesOf(many))
  return ofRows(Score.show(score), [
    lawOf({
      name: 'the value of a step is the likelihood where it begins',
      quantity: 'value of the step',
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
      name: 'a step keeps the names and shapes of the parameters',
      statement: '∀ θ, x: after a step every parameter has the shape that the score says. Exactly.',
      source: 'definition of `MStep`',
      maxCases: 10,
      says: ({ points, params }) => {
        const sizes = (of: Params.Params<P>): object =>
          Params.map<Params.Params<P>[P], unknown>(({ shape, values }) => [shape, values.length])(of)
        return sameBits(sizes(stepOn(points, params).params), sizes(params))
      }
    }),
    lawOf({
      claim: !unitVariance && !isClean && !hasTails && !hasBackground,
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
          const { shape, values } = compute(() => family.components(Score.tensors(next), points.dim).centres)
          const centres = Density.listRows({ rows: shape[0], dim: points.dim, values })
          /** What log p_k falls by, from its centre by so much along each coordinate. */
          const fall = (by: number): ReadonlyArray<Density.NumberRow> => {
            const moved = centres.flatMap(c => [c, ...c.map((_, j) => c.map((x, i) => (i === j ? x + by : x)))])
            const logs = joint(Density.pointsFromRows(points.dim, moved), next)
            const many = 1 + points.dim
            return centres.map((_, k) =>
              Array.from({ length: points.dim }, (_, j) => logs[k * many][k] - logs[k * many + 1 + j][k])
            )
          }
          const step = Math.sqrt(floor)
          const near = fall(step)
          const far = fall(2 * step)
          // What has no rows keeps the covariance that it has.
          const masses = Density.weightedRowSum(
            Array.from(Points.weightsOf(points)),
            sharesOf(points, params),
            shape[0]
          )
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
      quantity: 'Q',
      statement: `∀ θ, x, ${greatestOf} for θ′ = EM(θ), Q = E Σ_k p(k | x; θ) log π_k′ p(x; θ′_k); where no variance comes to the floor of ${EM_VARIANCE_FLOOR}. To 1e-11 (1 + |Q|) r², the rounding of Q.`,
      source: reason,
      says: ({ points, params, seed }) => {
        const next = stepOn(points, params).params
        // What a floor holds goes along with it.
        return (
          areSameBits(stepOn(points, params, EM_VARIANCE_FLOOR / 2).params, next) &&
          isGreatest(points, params, next, seed)
        )
      }
    }),
    ofMany({
      claim: !isClean && family.sufficient === undefined && step === ExpectationMaximization.step,
      reason: 'its step is of time 0 alone',
      name: 'a step at a noise level takes the noise out',
      quantity: '−Q(θ′ | θ)',
      statement: `∀ θ, x, σ of 0.3 to 0.9, α = √(1 − σ²), keys: of rows αx + σz ${greatestOf} for the step θ′ at that level, of p at it; where no variance comes to the floor of ${EM_VARIANCE_FLOOR}. To 1e-11 (1 + |Q|) r².`,
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
        return areSameBits(at(EM_VARIANCE_FLOOR / 2), next) && isGreatest(noised, params, next, seed, level)
      }
    })
  ])
}

/**
 * Statistical efficiency of an objective: its estimate from n rows has n Var θ̂ → V = A⁻¹BA⁻¹ at the truth, A the Hessian of the
 * population's loss and B the covariance of a row's gradient, noise integrated; the bound of unbiased estimates is I⁻¹.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { symmetricEigen } from '../../lib/arrays/linalg.js'
import { Key, type NdArray } from '../../lib/index.js'
import * as ChiSquared from '../../lib/numbers/chiSquared.js'
import { lazy } from '../../lib/plain/iterate.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Compile from '../compile/index.js'
import * as DrawTerms from '../compile/drawTerms.js'
import * as Problem from '../core/problem.js'
import * as Points from '../data/points.js'
import { pointsArgument, type PointsLike } from '../data/rowsArgument.js'
import { isRecord } from '../core/record.js'
import * as Params from '../core/params.js'
import * as Mixture from '../mixture/mixture.js'
import * as Nodes from '../mixture/nodes.js'
import * as NodesOf from './nodesOf.js'
import * as Expectation from '../objective/expectation.js'
import * as Objective from '../objective/objective.js'
import { CLEAN } from '../schedule/dynamics.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import { checkKnown, freeEntries, submatrix } from './heldParameters.js'
import {
  symmetrizedCrossProduct,
  differenceJacobian,
  relativeMatrixDistance,
  groupMeans,
  pseudoInverse,
  weightedOuterProducts,
  matrixProduct,
  NULL_EIGENVALUE_SHARE,
  type SquareMatrix
} from './estimates.js'

export interface Description<P extends string> {
  readonly score: Score.Score<P>
  readonly objective: Objective.Objective
  /** Default: `Schedule.ornsteinUhlenbeck`. */
  readonly schedule?: Schedule.Schedule
  /** Expectation over the noise of each row. Default, in one dimension only: quadrature fine enough for the parameters. */
  readonly expectation?: Expectation.Expectation
  readonly known?: ReadonlyArray<P>
}

export interface Sandwich<P extends string> {
  /**
   * V = A⁻¹BA⁻¹, [n, n], of the estimated parameters in the order of `Params.packed`, by pseudo-inverses, so flat directions of the loss
   * have no error.
   */
  readonly variance: NdArray
  /** Inverse of the Fisher information, [n, n]. */
  readonly bound: NdArray
  /** √(V/bound) by parameter, 1 if efficient; NaN for known parameters. */
  readonly of: Params.Params<P>
  /** Largest entry of `of`. */
  readonly worst: number
  /** √(V/rows) by parameter. */
  readonly standardErrors: (rows: number) => Params.Params<P>
}

/** Number of parameters, positions of the estimated ones, and a function that unpacks their numbers (NaN for known ones). */
const estimatedEntries = <P extends string>(shapes: Params.Shapes<P>, known: ReadonlyArray<P>) => {
  checkKnown(shapes, known, 'Efficiency')
  const n = Params.paramsSize(shapes)
  const kept = freeEntries(shapes, known)
  const spread = (values: ReadonlyArray<number>): Params.Params<P> =>
    Params.unpacked(shapes)(
      Float64Array.from({ length: n }, (_, i) => (kept.includes(i) ? values[kept.indexOf(i)] : NaN))
    )
  return { n, kept, spread }
}

const FIXED_KEY = Key.fromSeed(0)

const requireScoreMixture = <P extends string>(score: Score.Score<P>, params: Params.Params<P>): Mixture.Mixture =>
  pipe(
    Score.toMixture(score)(params),
    O.getOrElse((): Mixture.Mixture => refuse(`Efficiency: ${Score.show(score)} is no mixture`))
  )

const objectiveLevels = (schedule: Schedule.Schedule, objective: Objective.Objective): ReadonlyArray<Schedule.Level> =>
  DrawTerms.noiseTimes({ schedule, objective }).map(time => Schedule.level(time)(schedule))

interface RowsWithNoise extends Pick<Nodes.Nodes, 'rule'> {
  readonly points: Points.Points
  /** Nodes of one axis of noise, or two draws for each row; null if the loss has no noise, or an expectation of its own. */
  readonly noise: Nodes.Nodes | readonly [Float64Array, Float64Array] | null
}

/** Level at which the population of a point at 0 is standard normal. */
const STANDARD_NOISE_LEVEL: Schedule.Level = { alpha: 1, sigma: 1 }
const noisePopulation = lazy(() =>
  Problem.orThrow(NodesOf.of(Mixture.of({ means: [[0]], variances: [Number.MIN_VALUE] })))
)

const crossRowsWithNoise = (
  points: Points.Points,
  noise: Nodes.Nodes
): { readonly points: Points.Points; readonly expectation: Expectation.Expectation } => {
  const z = noise.nodesAt(STANDARD_NOISE_LEVEL)
  const weights = Points.weightsOf(points)
  const each = (of: (row: number, node: number) => number): Float64Array =>
    new Float64Array(points.rows * z.length).map((_, i) => of(Math.floor(i / z.length), i % z.length))
  const all = { rows: points.rows * z.length, dim: points.dim }
  return {
    points: {
      ...all,
      values: each(row => points.values[row]),
      weights: each((row, node) => weights[row] * noise.weights[node])
    },
    expectation: Expectation.fixed({ ...all, values: each((_, node) => z[node]) })
  }
}

/** Σ w g gᵀ of the gradients g of rows, noise integrated, [n, n]. */
const gradientOuterProducts = <P extends string>(
  { score, objective, schedule = Schedule.ornsteinUhlenbeck, expectation = Expectation.monteCarlo() }: Description<P>,
  { points, noise }: RowsWithNoise,
  params: Params.Params<P>
): SquareMatrix => {
  const of = (expectation: Expectation.Expectation, points: Points.Points): NdArray =>
    Problem.orThrow(Compile.rowGradients({ schedule, score, objective, expectation })(points))(params, FIXED_KEY)
  const weights = Points.weightsOf(points)
  if (noise === null) return weightedOuterProducts(of(expectation, points), weights)
  if (!('nodesAt' in noise)) {
    // With independent draws E[g(x, z) g(x, z′)ᵀ | x] = (E g)(E g)ᵀ, so few draws have no bias.
    const { rows, dim } = points
    const [one, other] = noise.map(values => {
      const [up, down] = [values, values.map(z => -z)].map(values =>
        of(Expectation.fixed({ rows, dim, values }), points)
      )
      return { ...up, values: up.values.map((g, at) => (g + down.values[at]) / 2) }
    })
    return symmetrizedCrossProduct(one, other, weights)
  }
  const all = crossRowsWithNoise(points, noise)
  return weightedOuterProducts(groupMeans(of(all.expectation, all.points), noise.weights), weights)
}

/** Σ w g gᵀ over points or a population, noise integrated, refined until two rules agree to 1e-7. */
const integrateOuterProducts = <P extends string>(
  description: Description<P>,
  data: Nodes.PopulationNodes | Points.Points,
  params: Params.Params<P>
): SquareMatrix => {
  const { score, objective, schedule = Schedule.ornsteinUhlenbeck, expectation } = description
  const levels = objectiveLevels(schedule, objective)
  const isMet = levels.length > 0 && expectation === undefined
  const noises = isMet && Nodes.isPopulation(data) ? data.noises : null
  if (isMet && noises === null && data.dim > 1)
    return refuse(
      'Efficiency.sandwich: no expectation in more than one dimension; give one, such as Expectation.quadrature() of a symmetric pair, or a population by a lattice of at most 20 dimensions: Population.of(mixture, { points: 4096 })'
    )
  if (noises !== null && Nodes.isPopulation(data))
    return gradientOuterProducts(
      description,
      { rule: data.rule, points: { ...data, values: data.nodesAt(CLEAN) }, noise: noises() },
      params
    )
  const resolved: Nodes.Resolved<RowsWithNoise> = (students, levels, finer) =>
    pipe(
      E.Do,
      E.bind('own', () =>
        Nodes.isPopulation(data) ? data.resolved(students, [CLEAN, ...levels], finer) : E.right(data)
      ),
      E.bind('noise', () => (isMet ? noisePopulation().resolved(students, levels, finer) : E.right(null))),
      E.map(({ own, noise }) => ({
        rule: [...(Nodes.isNodes(own) ? [own.rule] : []), ...(noise === null ? [] : [noise.rule])].join(' by '),
        points: Nodes.isNodes(own) ? { ...own, values: own.nodesAt(CLEAN) } : own,
        noise
      }))
    )
  return Problem.orThrow(
    Nodes.evaluateConverged(resolved, relativeMatrixDistance)(requireScoreMixture(score, params), levels, met =>
      gradientOuterProducts(description, met, params)
    )
  )
}

/**
 * Hessian of a loss on points or a population, [n, n]; by differences, accurate to 1e-9, for projected noise, which moves with the centres'
 * span.
 */
const hessianOverData = <P extends string>(
  { score, objective, schedule = Schedule.ornsteinUhlenbeck, expectation }: Description<P>,
  data: Nodes.PopulationNodes | Points.Points,
  params: Params.Params<P>
): SquareMatrix => {
  const by = (expectation: Expectation.Expectation, data: Points.Points): SquareMatrix =>
    Problem.orThrow(Compile.hessian({ schedule, score, objective, expectation })(data))(params, FIXED_KEY).values
  const levels = objectiveLevels(schedule, objective)
  // A population's expectations are exact.
  if (Nodes.isPopulation(data)) return by(Expectation.monteCarlo(), data)
  if (levels.length === 0) return by(expectation ?? Expectation.monteCarlo(), data)
  if (expectation === undefined)
    return Problem.orThrow(
      Nodes.evaluateConverged(noisePopulation().resolved, relativeMatrixDistance)(
        requireScoreMixture(score, params),
        levels,
        noise => {
          const met = crossRowsWithNoise(data, noise)
          return by(met.expectation, met.points)
        }
      )
    )
  if (Expectation.noiseDomain(expectation) === 'everywhere') return by(expectation, data)
  const evaluate = Problem.orThrow(Compile.valueAndGrad({ schedule, score, objective, expectation })(data))
  const unpacked = Params.unpacked(Score.shapes(data.dim)(score))
  return differenceJacobian(x => Params.packed(evaluate(unpacked(x), FIXED_KEY).gradient), Params.packed(params))
}

const MAX_DENSITY_DIFFERENCE = 1e-6

const meanLogDensityDifference = (population: Nodes.PopulationNodes, mixture: Mixture.Mixture): number => {
  const [own, other] = [population.mixture, mixture].map(Mixture.logDensity(population))
  return own.reduce((sum, l, i) => sum + population.weights[i] * Math.abs(l - other[i]), 0)
}

const isMixture = (data: Mixture.Mixture | Nodes.PopulationNodes | PointsLike): data is Mixture.Mixture =>
  isRecord(data) && 'means' in data

/**
 * Asymptotic variance of the estimate that minimizes a loss, V = A⁻¹BA⁻¹ (Huber 1967), with the Cramér–Rao bound. On a mixture or its
 * population, the parameters are the truth's, and A, B and the information matrix are integrals. On points the parameters are an estimate, A and B are
 * means over the points, and the bound is that of the estimate's mixture: standard errors of a fit. Integrals are refined until two rules
 * agree to 1e-7; those of a lattice are sums, with errors by `Population.estimate`. Rejects an expectation with too few nodes.
 *
 * @throws RangeError with the remedy
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Efficiency, Mixture, Objective, Params, Score, NoiseLevels } from 'ornstein'
 *
 * // Descent at low noise hardly sees how the weights of two Gaussians differ; at high noise it does.
 * const truth = Mixture.of({ means: [[-3], [3]], weights: [0.3, 0.7] })
 * const at = Params.of({ means: [[-3], [3]], logits: [Math.log(0.3), Math.log(0.7)], logVariances: [0, 0] })
 * const [low, high] = [0.03, 0.7].map(t =>
 *   Efficiency.sandwich({
 *     score: Score.isotropic({ components: 2 }),
 *     objective: Objective.denoising(NoiseLevels.at(t)),
 *     known: ['logVariances']
 *   })(truth)(at)
 * )
 * assert.ok(low.of.logits.values[0] > 6 && high.of.logits.values[0] < 1.01)
 */
export const sandwich =
  <P extends string>(description: Description<P>) =>
  (data: Mixture.Mixture | Nodes.PopulationNodes | PointsLike) =>
  (params: Params.Params<P>): Sandwich<P> => {
    const { score, schedule = Schedule.ornsteinUhlenbeck, known = [] } = description
    const own = requireScoreMixture(score, params)
    const given = isMixture(data)
      ? Problem.orThrow(NodesOf.of(data))
      : pointsArgument(data, 'Efficiency.sandwich(description)(data)(params)')
    const population = Nodes.isPopulation(given) ? given : null
    const gap = population === null ? 0 : meanLogDensityDifference(population, own)
    if (gap > MAX_DENSITY_DIFFERENCE)
      return refuse(
        `Efficiency.sandwich: the parameters are not those of the mixture: log-densities differ by ${gap.toPrecision(2)} in the mean; give those of the truth, which Score.fromMixture(score)(mixture) finds where the score has it`
      )
    const { n, kept, spread } = estimatedEntries(Score.shapes(given.dim)(score), known)
    const p = kept.length
    const meat = submatrix(integrateOuterProducts(description, given, params), n, kept)
    const curvature = pseudoInverse(submatrix(hessianOverData(description, given, params), n, kept), p)
    const variance = matrixProduct(matrixProduct(curvature, meat, p), curvature, p)
    const likely = { score, schedule, objective: Objective.likelihood }
    const bound = pseudoInverse(
      submatrix(integrateOuterProducts(likely, population ?? Problem.orThrow(NodesOf.of(own)), params), n, kept),
      p
    )
    const ratios = kept.map((_, k) => Math.sqrt(variance[k * p + k] / bound[k * p + k]))
    return {
      variance: { shape: [p, p], values: variance },
      bound: { shape: [p, p], values: bound },
      of: spread(ratios),
      worst: Math.max(...ratios),
      standardErrors: rows => spread(kept.map((_, k) => Math.sqrt(variance[k * p + k] / rows)))
    }
  }

// —— confidence sets ——

export interface Confidence<P extends string> {
  readonly standardErrors: Params.Params<P>
  /** Interval of each parameter alone. */
  readonly low: Params.Params<P>
  readonly high: Params.Params<P>
  /** True if parameters lie in the joint ellipsoid n δᵀV⁺δ ≤ χ² of the estimated parameters, flat directions of the loss aside. */
  readonly contains: (params: Params.Params<P>) => boolean
}

/**
 * Confidence sets for a pipeline's estimate on points, from `sandwich`: intervals by parameter, and the joint ellipsoid. They contain the
 * truth with probability `level` as rows grow, whether or not the model is correct. They do not hold if components are about to merge, or
 * if the estimate is no minimum.
 *
 * @throws RangeError with the remedy
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Efficiency, Expectation, Key, Mixture, Objective, Params, Score } from 'ornstein'
 *
 * // One Gaussian by maximum likelihood: the estimate is the mean, its standard error 1/√n.
 * const points = Mixture.sample(400)(Key.fromSeed(1))(Mixture.of({ means: [[3]] }))
 * const mean = points.values.reduce((sum, x) => sum + x, 0) / 400
 * const found = Efficiency.confidence({
 *   score: Score.spherical({ components: 1 }),
 *   objective: Objective.likelihood,
 *   expectation: Expectation.monteCarlo()
 * })(points)(Params.of({ means: [[mean]] }))
 * assert.ok(Math.abs(found.standardErrors.means.values[0] - 0.05) < 0.005)
 * assert.ok(found.contains(Params.of({ means: [[3]] })))
 */
export const confidence =
  <P extends string>(description: Description<P>, { level = 0.95 }: { readonly level?: number } = {}) =>
  (given: PointsLike) =>
  (estimate: Params.Params<P>): Confidence<P> => {
    const points = pointsArgument(given, 'Efficiency.confidence(description)(points)(estimate)')
    const { variance, standardErrors } = sandwich(description)(points)(estimate)
    const { kept } = estimatedEntries(Score.shapes(points.dim)(description.score), description.known ?? [])
    const p = kept.length
    const precision = pseudoInverse(variance.values, p)
    const rank = symmetricEigen(variance).values.filter((v, _, all) => v > NULL_EIGENVALUE_SHARE * all[0]).length
    const errors = standardErrors(points.rows)
    const reach = Math.sqrt(ChiSquared.chiSquaredQuantile(1, 1 - level))
    return {
      standardErrors: errors,
      low: Params.zipWith((x, e) => x - reach * e)(estimate, errors),
      high: Params.zipWith((x, e) => x + reach * e)(estimate, errors),
      contains: params => {
        const all = Params.packed(Params.zipWith((a, b) => a - b)(params, estimate))
        const off = kept.map(i => all[i])
        const squared = off.reduce(
          (sum, a, i) => sum + off.reduce((part, b, j) => part + a * precision[i * p + j] * b, 0),
          0
        )
        return points.rows * squared <= ChiSquared.chiSquaredQuantile(rank, 1 - level)
      }
    }
  }

/** Populations, and losses on them: exact integrals in place of means over a sample, and their Hessians. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { Key, type NdArray } from '../../lib/index.js'
import { lazy } from '../../lib/plain/iterate.js'
import { refuse, refuseWith } from '../../lib/plain/refuse.js'
import { symmetricPart, symmetricEigen } from '../../lib/arrays/linalg.js'
import * as Compile from '../compile/index.js'
import * as Problem from '../core/problem.js'
import * as Params from '../core/params.js'
import type * as Mixture from '../mixture/mixture.js'
import * as Nodes from '../mixture/nodes.js'
import * as NodesOf from './nodesOf.js'
import * as Expectation from '../objective/expectation.js'
import * as Objective from '../objective/objective.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import { checkKnown, freeEntries, submatrix, withoutKnown } from './heldParameters.js'
import { standardError } from './estimates.js'

/** A mixture as weighted rows at every noise level; data for `Compile`. */
export type Population = Nodes.PopulationNodes

export type Lattice = NodesOf.LatticeOptions

/** Returns the population of a mixture, or a problem: non-spherical components in more than three dimensions need a lattice. */
export const parse = (mixture: Mixture.Mixture, lattice?: Lattice): E.Either<Problem.Problem, Population> =>
  NodesOf.of(mixture, lattice)

/**
 * Population of a mixture: Σ_j π_j N(αc_j, α²Σ_j + σ²I) as quadrature nodes at the noise levels of a loss, in place of points in losses,
 * pipelines and EM. No noise is drawn, whatever the expectation.
 *
 * Nodes are chosen at each evaluation from the distances D of the components of teacher and student: 40 + 22 D per axis, for errors below
 * 1e-10. Spherical components have the axes of the span of the centres, with a χ² radius; any covariances are supported in up to three
 * dimensions. Rejects too many rows, batches, networks, and objectives that read the noise or x_0.
 *
 * With a `lattice`, randomly shifted lattice points replace quadrature, for any covariances in up to 60 dimensions: means of smooth
 * functions are unbiased, with an error that falls faster than n^(−1/2), and `estimate` has their standard error (Cools, Kuo & Nuyens 2006;
 * Hickernell 2002).
 *
 * @throws RangeError with the remedy
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Key, Mixture, Objective, Params, Population, Problem, Schedule, Score, NoiseLevels } from 'ornstein'
 *
 * const loss = {
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.symmetricPair,
 *   objective: Objective.denoising(NoiseLevels.at(0.3)),
 *   expectation: Expectation.monteCarlo()
 * }
 * const evaluate = Problem.orThrow(Compile.valueAndGrad(loss)(Population.of(Mixture.symmetricPair([2]))))
 * const { gradient } = evaluate(Params.of({ mean: [2] }), Key.fromSeed(0))
 * assert.ok(Math.abs(gradient.mean.values[0]) < 1e-12) // the truth is stationary
 */
export const of = (mixture: Mixture.Mixture, lattice?: Lattice): Population =>
  pipe(
    parse(mixture, lattice),
    E.getOrElse((problem): Population => refuse(`Population.of: ${Problem.show(problem)}`))
  )

export interface Estimate {
  readonly values: Float64Array
  /** Standard errors over the shifts of a lattice; 0 for quadrature. */
  readonly standardErrors: Float64Array
}

/**
 * Estimates any function of a population, such as a gradient, an EM step or the end of a pipeline, with its standard error √(Σ(f_s −
 * f̄)²/(m(m − 1))) over the m random shifts, each a population itself.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score, NoiseLevels } from 'ornstein'
 *
 * // Five dimensions, full covariances: E|s − s*|² of N(0, I) under N(m, I) is α²|m|², whatever the level.
 * const covariances = [[0, 1, 2, 3, 4].map(i => [0, 1, 2, 3, 4].map(j => (i === j ? 1 : 0)))]
 * const truth = Mixture.of({ means: [[1, 1, 1, 1, 0]], covariances })
 * const found = Population.estimate(data => [
 *   Population.loss({ score: Score.spherical({ components: 1 }), objective: Objective.fisherDivergence(truth, NoiseLevels.at(0.1)), data })
 *     .evaluate(Params.of({ means: [[0, 0, 0, 0, 0]] })).value
 * ])(Population.of(truth, { points: 256 }))
 * assert.ok(Math.abs(found.values[0] - 4 * Math.exp(-0.2)) < 1e-9) // a constant has no error
 * assert.ok(found.standardErrors[0] < 1e-9)
 */
export const estimate =
  (of: (population: Population) => ArrayLike<number>) =>
  (population: Population): Estimate => {
    const values = Float64Array.from(of(population))
    const each = (population.shifts?.() ?? []).map(of)
    return { values, standardErrors: values.map((_, j) => standardError(each.map(own => own[j]))) }
  }

// —— losses ——

/** Loss on a population as a function of the parameters. */
export interface Loss<P extends string> extends Compile.Explained {
  readonly score: Score.Score<P>
  readonly objective: Objective.Objective
  readonly schedule: Schedule.Schedule
  readonly data: Population
  readonly shapes: Params.Shapes<P>
  /** Names of known parameters, whose derivatives are 0. */
  readonly known: ReadonlyArray<P>
  /** Value and gradient; NaN, with the `problem`, if the parameters need too many rows. */
  readonly evaluate: (params: Params.Params<P>) => Compile.ValueAndGradient<P>
  /** Standard errors of value and gradient over the shifts of a lattice; 0 for quadrature. */
  readonly standardErrors: (params: Params.Params<P>) => Compile.ValueAndGradient<P>
  /** Directional derivative ⟨∇L, v⟩, with its gradient, ∇²L · v; NaN, with the `problem`, if the parameters need too many rows. */
  readonly along: (params: Params.Params<P>, direction: Params.Params<P>) => Compile.ValueAndGradient<P>
  /** Product of the Hessian with a direction. Throws a RangeError if there is a problem. */
  readonly curvature: (params: Params.Params<P>, direction: Params.Params<P>) => Params.Params<P>
}

export interface Description<P extends string> {
  readonly score: Score.Score<P>
  readonly objective: Objective.Objective
  /** Default: the mixture of the objective, if it has one. */
  readonly data?: Population | Mixture.Mixture
  /** Default: `Schedule.ornsteinUhlenbeck`. */
  readonly schedule?: Schedule.Schedule
  /** Names of known parameters, which keep their values, such as `['logits']`. Default: none. */
  readonly known?: ReadonlyArray<P>
}

const requireObjectiveMixture = (objective: Objective.Objective): Mixture.Mixture =>
  pipe(
    Objective.terms(objective),
    RA.findFirstMap(({ term }) => O.fromNullable(Objective.isMatching(term) ? term.truth : undefined)),
    O.getOrElse((): Mixture.Mixture =>
      refuse(`Population.loss: ${Objective.show(objective)} knows no mixture; give data: Population.of(mixture)`)
    )
  )

const FIXED_KEY = Key.fromSeed(0)

/**
 * Loss of a score on a population.
 *
 * @throws RangeError with all problems and their remedies
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score, NoiseLevels } from 'ornstein'
 *
 * const truth = Mixture.of({ means: [[-2], [2]] })
 * const loss = Population.loss({
 *   score: Score.spherical({ components: 2 }),
 *   objective: Objective.fisherDivergence(truth, NoiseLevels.at(0.1))
 * })
 * assert.ok(loss.evaluate(Params.of({ means: [[-2], [2]] })).value < 1e-28)
 */
export const loss = <P extends string>({
  score,
  objective,
  data = requireObjectiveMixture(objective),
  schedule = Schedule.ornsteinUhlenbeck,
  known = []
}: Description<P>): Loss<P> => {
  const population = Nodes.isPopulation(data) ? data : of(data)
  const shapes = Score.shapes(population.dim)(score)
  const own = { schedule, score, objective, expectation: Expectation.monteCarlo() }
  const evaluate = Problem.orThrow(Compile.valueAndGrad(own)(population))
  const derivative = lazy(() => Problem.orThrow(Compile.directionalDerivative(own, { isTried: true })(population)))
  const along: Loss<P>['along'] = (params, direction) => derivative()(params, direction, FIXED_KEY)
  const shifts = lazy(() => (population.shifts?.() ?? []).map(data => Problem.orThrow(Compile.valueAndGrad(own)(data))))
  const whole: Loss<P> = {
    score,
    objective,
    schedule,
    data: population,
    shapes,
    known: [],
    how: evaluate.how,
    evaluate: params => evaluate(params, FIXED_KEY),
    standardErrors: params => {
      const found = shifts().map(evaluate => evaluate(params, FIXED_KEY))
      const gradients = found.map(({ gradient }) => Params.packed(gradient))
      return {
        value: standardError(found.map(({ value }) => value)),
        gradient: Params.unpacked(shapes)(
          Float64Array.from({ length: Params.paramsSize(shapes) }, (_, j) => standardError(gradients.map(g => g[j])))
        )
      }
    },
    along,
    curvature: (params, direction) => Problem.valueOrThrow(along(params, direction), 'Population.loss').gradient
  }
  return holdParameters(whole, known, 'Population.loss')
}

/** Returns the loss with further parameters held: their derivatives are 0. */
export const holdParameters = <P extends string>(loss: Loss<P>, known: ReadonlyArray<P>, call: string): Loss<P> => {
  if (known.length === 0) return loss
  checkKnown(loss.shapes, known, call)
  const free = withoutKnown(known)
  const masked = (found: Compile.ValueAndGradient<P>): Compile.ValueAndGradient<P> => ({
    ...found,
    gradient: free(found.gradient)
  })
  return {
    ...loss,
    known: [...new Set([...loss.known, ...known])],
    evaluate: params => masked(loss.evaluate(params)),
    standardErrors: params => masked(loss.standardErrors(params)),
    along: (params, direction) => masked(loss.along(params, free(direction))),
    curvature: (params, direction) => free(loss.curvature(params, free(direction)))
  }
}

/** Second derivatives in the packed unknown parameters. */
export interface Hessian {
  /** [n, n], symmetric. */
  readonly matrix: NdArray
  readonly spectrum: Float64Array
  /** Eigenvectors, one per row, [n, n]. */
  readonly vectors: NdArray
}

/** Hessian, [n, n] over all packed entries, 0 for known parameters; a problem if they need too many rows. */
export const hessianMatrixOf = <P extends string>(
  { along, shapes }: Loss<P>,
  params: Params.Params<P>
): E.Either<Problem.Problem, NdArray> =>
  pipe(
    RA.makeBy(Params.paramsSize(shapes), j => Params.unit(shapes, j)),
    E.traverseArray(direction => {
      const { gradient, problem } = along(params, direction)
      return problem === undefined ? E.right(Params.packed(gradient)) : E.left(problem)
    }),
    E.map(symmetricPart)
  )

/**
 * Hessian of a loss on a population, exact to rounding.
 *
 * @throws RangeError, with the number, if the parameters need more rows than allowed
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Objective, Params, Population, Score, NoiseLevels } from 'ornstein'
 *
 * const loss = Population.loss({
 *   score: Score.symmetricPair,
 *   objective: Objective.fisherDivergence(Mixture.symmetricPair([2]), NoiseLevels.at(0.3))
 * })
 * // Centre 0 is a saddle of the pair.
 * assert.ok(Population.hessian(loss)(Params.of({ mean: [0] })).spectrum[0] < 0)
 */
export const hessian =
  <P extends string>(loss: Loss<P>) =>
  (params: Params.Params<P>): Hessian => {
    const kept = freeEntries(loss.shapes, loss.known)
    const size = kept.length
    const whole = pipe(
      hessianMatrixOf(loss, Params.checkedParams(loss.shapes)(params)),
      E.getOrElse((problem): NdArray => refuseWith(problem, `Population.hessian: ${Problem.show(problem)}`))
    )
    const matrix = { shape: [size, size], values: submatrix(whole.values, Params.paramsSize(loss.shapes), kept) }
    const found = symmetricEigen(matrix)
    return {
      matrix,
      spectrum: found.values.slice().reverse(),
      vectors: {
        shape: [size, size],
        values: found.vectors.values.map(
          (_, at) => found.vectors.values[(size - 1 - Math.floor(at / size)) * size + (at % size)]
        )
      }
    }
  }

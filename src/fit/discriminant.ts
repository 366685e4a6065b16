/**
 * Classification by Bayes' rule. A class is one Gaussian, with parameters shared among classes (EDDA: Bensmail & Celeux 1996), or a mixture
 * (MclustDA: Fraley & Raftery 2002).
 */
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Factor from '../../lib/arrays/factor.js'
import { solveLowerTransposed, symmetricEigen, transposed } from '../../lib/arrays/linalg.js'
import { concatenated, type NdArray } from '../../lib/arrays/ndarray.js'
import { Key } from '../../lib/index.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { logSumExpOf, sumOfNumbers } from '../../lib/numbers/mean.js'
import * as Setting from '../core/setting.js'
import * as Problem from '../core/problem.js'
import * as Points from '../data/points.js'
import { pointsArgument, type PointsLike } from '../data/rowsArgument.js'
import * as Component from '../mixture/component.js'
import * as Covariance from '../mixture/families/covariance.js'
import * as Mixture from '../mixture/index.js'
import * as Score from '../score/score.js'
import * as CrossValidation from './crossValidation.js'
import * as Fit from './fit.js'
import { familyWithConversions } from '../mixture/family.js'

export interface Options {
  /**
   * Covariance structures, compared by BIC; 'chosen' compares all fourteen. Parameters are shared among classes of one Gaussian each,
   * otherwise among the components of a class. Default: 'chosen'.
   */
  readonly covariance?: 'chosen' | Covariance.Name | ReadonlyArray<Covariance.Name> | undefined
  /** Number per class, or the numbers compared. Default: 1. */
  readonly components?: number | ReadonlyArray<number> | undefined
  /** Default: 0. */
  readonly seed?: number | undefined
}

export interface Verdict {
  readonly label: string
  readonly probability: number
  /** In the order of `classes`. */
  readonly probabilities: Float64Array
}

export interface Discriminant {
  /** Sorted labels. */
  readonly classes: ReadonlyArray<string>
  readonly priors: Float64Array
  readonly mixtures: ReadonlyArray<Mixture.Mixture>
  /** Covariance structure of each class; equal for classes of one Gaussian each. */
  readonly covariances: ReadonlyArray<string>
  /** Σ log p(x) over the rows, p the density of all classes together. */
  readonly logLikelihood: number
  readonly parameters: number
  /** parameters · log n − 2 logLikelihood: lower is better */
  readonly bic: number
  readonly predict: (data: PointsLike) => ReadonlyArray<Verdict>
}

/** Rows by class, without those of weight 0. */
interface LabelledPoints {
  readonly points: Points.Points
  readonly names: ReadonlyArray<string>
  readonly classes: ReadonlyArray<string>
  readonly parts: ReadonlyArray<Points.Points>
}

const weightOf = (points: Points.Points, i: number): number => points.weights?.[i] ?? 1

const groupByLabel = (
  data: PointsLike,
  labels: ReadonlyArray<string | number>
): E.Either<Problem.Problems, LabelledPoints> =>
  pipe(
    Points.validate(data),
    E.flatMap(Points.requireExact),
    E.filterOrElse(
      ({ rows }) => rows === labels.length,
      ({ rows }) =>
        Problem.of(
          'labels',
          `a list of ${labels.length}`,
          `a list of ${rows}, one for each row`,
          'give a label for each row'
        )
    ),
    E.map(all => {
      const there = RA.makeBy(all.rows, i => i).filter(i => weightOf(all, i) > 0)
      const points = there.length < all.rows ? Points.select(there)(all) : all
      const names = there.map(i => String(labels[i]))
      const classes = [...new Set(names)].sort()
      const parts = classes.map(label => Points.select(names.flatMap((name, i) => (name === label ? [i] : [])))(points))
      return { points, names, classes, parts }
    }),
    E.filterOrElse(
      ({ classes }) => classes.length > 1,
      ({ classes }) =>
        Problem.of('labels', `${classes.join(', ')} alone`, 'of two classes at least', 'give rows of another class')
    ),
    E.mapLeft(Problem.singleProblem)
  )

const asList = <A>(given: A | ReadonlyArray<A>): ReadonlyArray<A> => (Array.isArray(given) ? given : [given as A])

const covariancesOf = ({ covariance = 'chosen' }: Options): ReadonlyArray<Covariance.Name> =>
  covariance === 'chosen' ? Covariance.names : asList(covariance)

const componentCounts = ({ components = 1 }: Options): ReadonlyArray<number> => asList(components)

const DISCRIMINANT_SETTINGS: Setting.Settings<Options> = {
  covariance: {
    problems: (field, given) =>
      asList(given).flatMap(name => Problem.requireOneOf(field, name, ['chosen', ...Covariance.names]))
  },
  components: Setting.eachSetting(Setting.wholeSetting(1, 1), 'give 1 for one Gaussian a class'),
  seed: null
}

/** Mean of the rows, [d], and triangular factor of their maximum-likelihood covariance, [d, d]. */
const meanAndCovarianceFactor = (points: Points.Points): { readonly mean: Float64Array; readonly factor: NdArray } => {
  const { rows, dim, values } = points
  const all = Points.totalWeight(points)
  const mean = Points.mean(points)
  const scattered = values.map((x, at) => {
    const i = Math.floor(at / dim)
    return Math.sqrt(weightOf(points, i) / all) * (x - mean[at % dim])
  })
  return {
    mean,
    factor: Factor.triangleOfRows(
      rows < dim ? concatenated([scattered, new Float64Array((dim - rows) * dim)]) : scattered,
      dim
    )
  }
}

type ClassMixtures = Pick<Discriminant, 'mixtures' | 'covariances' | 'parameters'>

/** Fits one Gaussian to each class, by a single M-step with the labels as responsibilities. */
const oneGaussianPerClass =
  ({ classes, parts, points }: LabelledPoints, priors: Float64Array) =>
  (name: Covariance.Name): E.Either<Problem.Problems, ClassMixtures> => {
    const { dim } = points
    const score = Score.mixture({ components: classes.length, covariance: Covariance.named(name) })
    const maps = familyWithConversions(score)
    const fewest = Math.min(...parts.map(({ rows }) => rows))
    if (maps === null || fewest < maps.family.leastRows(dim))
      return E.left(
        Problem.singleProblem(
          Problem.of(
            'covariance',
            name,
            `learned of ${fewest} rows of a class with ${dim} columns`,
            'leave columns out, or give covariances that share more: EEE, or EEI'
          )
        )
      )
    const found = parts.map(meanAndCovarianceFactor)
    const moments: Mixture.Mixture = {
      means: { shape: [classes.length, dim], values: concatenated(found.map(({ mean }) => mean)) },
      weights: priors,
      variances: concatenated(found.map(({ factor }) => Factor.triangleVariances(factor.values, dim))),
      factors: { shape: [classes.length, dim, dim], values: concatenated(found.map(({ factor }) => factor.values)) }
    }
    const all = maps.toMixture(maps.fromMixture(moments))
    return E.right({
      mixtures: Component.componentsOf(all).map(one => Component.ofComponents([{ ...one, weight: 1 }])),
      covariances: classes.map(() => name),
      parameters: Score.degreesOfFreedom(dim)(score)
    })
  }

/** Fits a mixture to each class, chosen by BIC. */
const mixturePerClass = (
  { classes, parts, points }: LabelledPoints,
  options: Options
): E.Either<Problem.Problems, ClassMixtures> => {
  const names = covariancesOf(options)
  const fits = parts.map((part, k) =>
    pipe(
      part,
      Fit.mixture({
        components: componentCounts(options).filter(count => count <= part.rows),
        family: points.dim === 1 ? (['E', 'V'] as const) : names,
        criterion: 'bic',
        seed: options.seed
      }),
      E.mapLeft(([first, ...rest]): Problem.Problems => {
        const inClass = (problem: Problem.Problem): Problem.Problem => ({
          ...problem,
          field: `class ${classes[k]}, ${problem.field}`
        })
        return [inClass(first), ...rest.map(inClass)]
      })
    )
  )
  const { left: wrong, right: found } = RA.separate(fits)
  return Problem.faultless(wrong.flat(), {
    mixtures: found.map(({ mixture }) => mixture),
    covariances: found.map(({ family, components }) => `${family} ${components}`),
    parameters:
      sumOfNumbers(found.map(({ candidates: [{ statistics }] }) => statistics.parameters)) + classes.length - 1
  })
}

/** Returns log prior + log density of each class, one list per row. */
const classLogJoint =
  ({ mixtures, priors }: Pick<Discriminant, 'mixtures' | 'priors'>) =>
  (points: Points.Points): ReadonlyArray<ReadonlyArray<number>> => {
    const all = mixtures.map(Mixture.logDensity(points))
    return Array.from({ length: points.rows }, (_, i) => all.map((logs, c) => Elementary.log(priors[c]) + logs[i]))
  }

const verdictsOf =
  (classes: ReadonlyArray<string>, of: Pick<Discriminant, 'mixtures' | 'priors'>) =>
  (data: PointsLike): ReadonlyArray<Verdict> => {
    const points = pointsArgument(data, 'Discriminant.fit(rows, labels).predict(rows)')
    return classLogJoint(of)(points).map(logs => {
      const all = logSumExpOf(logs)
      // If all densities underflow, the priors remain.
      const probabilities = Float64Array.from(logs, (log, c) =>
        all === -Infinity ? of.priors[c] : Elementary.exp(log - all)
      )
      const best = probabilities.reduce((best, p, c) => (p > probabilities[best] ? c : best), 0)
      return { label: classes[best], probability: probabilities[best], probabilities }
    })
  }

const toDiscriminant = (
  { points, classes }: LabelledPoints,
  priors: Float64Array,
  found: ClassMixtures
): Discriminant => {
  const rows = classLogJoint({ ...found, priors })(points)
  const logLikelihood = sumOfNumbers(rows.map((logs, i) => weightOf(points, i) * logSumExpOf(logs)))
  return {
    classes,
    priors,
    ...found,
    logLikelihood,
    bic: found.parameters * Elementary.log(Points.totalWeight(points)) - 2 * logLikelihood,
    predict: verdictsOf(classes, { ...found, priors })
  }
}

const chooseByBIC =
  (options: Options) =>
  (labelled: LabelledPoints): E.Either<Problem.Problems, Discriminant> => {
    const { parts, points } = labelled
    const priors = Float64Array.from(parts, part => Points.totalWeight(part) / Points.totalWeight(points))
    const counts = componentCounts(options)
    if (counts.some(count => count !== 1))
      return pipe(
        mixturePerClass(labelled, options),
        E.map(found => toDiscriminant(labelled, priors, found))
      )
    const all = covariancesOf(options).map(name =>
      pipe(
        oneGaussianPerClass(labelled, priors)(name),
        E.map(found => toDiscriminant(labelled, priors, found))
      )
    )
    const right = all.flatMap(one => (E.isRight(one) && Number.isFinite(one.right.bic) ? [one.right] : []))
    return right.length === 0
      ? (all.find(E.isLeft) ??
          E.left([Problem.of('points', 'a class without spread', 'learned', 'leave out constant columns')]))
      : E.right(right.reduce((best, one) => (one.bic < best.bic ? one : best)))
  }

/**
 * Fits a classifier to labelled rows, or returns all problems. Classes are Gaussians with the covariance structure of lowest BIC; with
 * several components, mixtures.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Discriminant } from 'ornstein'
 *
 * const found = Discriminant.learned({ covariance: 'EII' })([[1], [1.2], [5], [5.2]], ['a', 'a', 'b', 'b'])
 * assert.ok(E.isRight(found))
 * assert.deepEqual(found.right.predict([[0.9], [5]]).map(({ label }) => label), ['a', 'b'])
 */
export const learned =
  (options: Options = {}) =>
  (data: PointsLike, labels: ReadonlyArray<string | number>): E.Either<Problem.Problems, Discriminant> =>
    pipe(
      Problem.faultless(Setting.problems(DISCRIMINANT_SETTINGS, options), undefined),
      E.flatMap(() => groupByLabel(data, labels)),
      E.flatMap(chooseByBIC(options))
    )

/**
 * Fits a classifier to labelled rows; throws a RangeError with all problems.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Discriminant } from 'ornstein'
 *
 * const rows = [[1, 0], [1.2, 0.3], [0.9, -0.2], [5, 1], [5.2, 0.8], [4.7, 1.3]]
 * // Three rows of a class fix one variance, and not a covariance of each class.
 * const found = Discriminant.fit(rows, ['a', 'a', 'a', 'b', 'b', 'b'], { covariance: 'EII' })
 * assert.equal(found.predict([[4.8, 1]])[0].label, 'b')
 */
export const fit = (data: PointsLike, labels: ReadonlyArray<string | number>, options: Options = {}): Discriminant =>
  Problem.orThrow(learned(options)(data, labels))

// —— evaluation ——

/** Weighted confusion matrix, error rate and Brier score. */
export interface Confusion {
  readonly classes: ReadonlyArray<string>
  /** [true class][assigned class] */
  readonly counts: ReadonlyArray<ReadonlyArray<number>>
  /** Share of rows assigned to a wrong class. */
  readonly error: number
  /** Mean of Σ (p − 1{class})² over rows, in [0, 2] (Brier 1950). */
  readonly brier: number
}

/** Evaluates assigned against true classes; a row of weight 2 counts as two. */
export const confusion = (
  classes: ReadonlyArray<string>,
  labels: ReadonlyArray<string | number>,
  found: ReadonlyArray<Verdict>,
  weights?: ArrayLike<number>
): Confusion => {
  const names = labels.map(String)
  const weightOf = (holds: (row: number) => boolean): number =>
    sumOfNumbers(names.map((_, i) => (holds(i) ? (weights?.[i] ?? 1) : 0)))
  const all = weightOf(() => true)
  return {
    classes,
    counts: classes.map(one => classes.map(other => weightOf(i => names[i] === one && found[i].label === other))),
    error: weightOf(i => found[i].label !== names[i]) / all,
    brier:
      sumOfNumbers(
        found.map(
          ({ probabilities }, i) =>
            (weights?.[i] ?? 1) *
            probabilities.reduce((sum, p, c) => sum + Elementary.square(p - (classes[c] === names[i] ? 1 : 0)), 0)
        )
      ) / all
  }
}

export interface Folds {
  /** Each with rows of every class. Default: 10. */
  readonly folds?: number | undefined
  /** Default: 0. */
  readonly seed?: number | undefined
}

/** Returns the fold of each row, stratified by class; null if a class has too few distinct rows. */
const stratifiedFolds = (
  { classes, parts, points, names }: LabelledPoints,
  folds: number,
  seed: number
): ReadonlyArray<number> | null => {
  const ofClass = parts.map((part, c) => CrossValidation.assignFolds(folds, Key.child(c)(Key.fromSeed(seed)))(part))
  return ofClass.some(({ count }) => count < 2)
    ? null
    : names.map((name, i) => ofClass[classes.indexOf(name)].of(points, i))
}

/**
 * Estimates the error on new rows by stratified cross-validation, choosing covariances and components again in each fold. Folds do not
 * depend on the order of rows; equal rows of a class share one.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Discriminant } from 'ornstein'
 *
 * const rows = Array.from({ length: 20 }, (_, i) => [i % 2 === 0 ? i / 20 : 9 + i / 20])
 * const labels = rows.map((_, i) => (i % 2 === 0 ? 'low' : 'high'))
 * const found = Discriminant.crossValidated({}, { folds: 5 })(rows, labels)
 * assert.ok(E.isRight(found))
 * assert.deepEqual(found.right.counts, [[10, 0], [0, 10]])
 */
export const crossValidated =
  (options: Options = {}, { folds = 10, seed = 0 }: Folds = {}) =>
  (data: PointsLike, labels: ReadonlyArray<string | number>): E.Either<Problem.Problems, Confusion> =>
    pipe(
      groupByLabel(data, labels),
      E.filterOrElse(
        () => Number.isInteger(folds) && folds >= 2,
        (): Problem.Problems => [Problem.of('folds', String(folds), 'a whole number ≥ 2', 'try 10')]
      ),
      E.bindTo('labelled'),
      E.bind('fold', ({ labelled }) =>
        E.fromNullable<Problem.Problems>([
          Problem.of('labels', 'a class of one row', 'of two different rows at least', 'leave the class out')
        ])(stratifiedFolds(labelled, folds, seed))
      ),
      E.flatMap(({ labelled: { points, names, classes }, fold }) => {
        const parts = Array.from({ length: folds }, (_, f) => f).filter(f => fold.includes(f))
        const found = parts.map(f => {
          const { left: outside, right: inside } = RA.partition((i: number) => fold[i] === f)(names.map((_, i) => i))
          return pipe(
            learned(options)(
              Points.select(outside)(points),
              outside.map(i => names[i])
            ),
            E.map(({ predict }) =>
              predict(Points.select(inside)(points)).map((verdict, at) => [inside[at], verdict] as const)
            )
          )
        })
        const { left: wrong, right: parted } = RA.separate(found)
        return pipe(
          Problem.faultless(wrong.flat(), new Map(parted.flat())),
          E.map(all =>
            confusion(
              classes,
              names,
              names.flatMap((_, i) => all.get(i) ?? []),
              points.weights
            )
          )
        )
      })
    )

// —— directions ——

export interface Directions {
  /** Share of the difference along each direction, decreasing; the sum is 1, or 0 if the components do not differ. */
  readonly shares: Float64Array
  /** Unit vectors in rows, [directions, d]. */
  readonly vectors: NdArray
  readonly project: (points: PointsLike) => Points.Points
}

/**
 * Directions in which the components of a mixture differ most (GMMDR: Scrucca 2010): eigenvectors of 2λB̂² + 2(1 − λ)Σ π(Σ̂_k − Σ̄)², B the
 * covariance of the means, ^ in units of the total covariance. λ = 1 (default) compares means alone, in at most K − 1 directions. For
 * classes, give their `joined` mixture. A background is left out; Student-t components need ν > 2.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Discriminant, Mixture } from 'ornstein'
 *
 * // They differ along the second column, beside which the first is wide.
 * const { vectors, shares } = Discriminant.directions()(Mixture.of({ means: [[0, -1], [0, 1]], variances: [[100, 1], [100, 1]] }))
 * assert.ok(Math.abs(Math.abs(vectors.values[1]) - 1) < 1e-12)
 * assert.deepEqual([...shares], [1])
 */
export const directions =
  ({ lambda = 1 }: { readonly lambda?: number } = {}) =>
  (given: Mixture.Mixture): Directions => {
    const mixture = Mixture.withoutBackground(given)
    const { mean, factor } = Mixture.moments(mixture)
    const d = mean.length
    /** Multiplies by L⁻¹ from the left; columns are stored as rows. */
    const white = (rows: Float64Array): Float64Array => Factor.solve(factor, d, rows)
    const gram = (rows: Float64Array): Float64Array =>
      new Float64Array(d * d).map((_, at) => {
        const i = Math.floor(at / d)
        const j = at % d
        return sumOfNumbers(Array.from({ length: rows.length / d }, (_, r) => rows[r * d + i] * rows[r * d + j]))
      })
    const between = gram(
      white(mixture.means.values.map((c, at) => Math.sqrt(mixture.weights[Math.floor(at / d)]) * (c - mean[at % d])))
    )
    const within = Component.componentsOf(mixture).map(one => {
      const { values } = Mixture.moments(Component.ofComponents([{ ...one, weight: 1 }])).covariance
      // L⁻¹Σ, and L⁻¹(L⁻¹Σ)ᵀ
      const half = white(values)
      return white(transposed(half, d))
    })
    const pooled = within[0].map((_, at) => sumOfNumbers(within.map((w, k) => mixture.weights[k] * w[at])))
    const spread = within
      .map((w, k) => gram(w.map((x, at) => x - pooled[at])).map(x => mixture.weights[k] * x))
      .reduce((sum, one) => sum.map((x, at) => x + one[at]))
    const kernel = gram(between).map((x, at) => 2 * lambda * x + 2 * (1 - lambda) * spread[at])
    const { values, vectors } = symmetricEigen({ shape: [d, d], values: kernel })
    const rank = Math.max(1, values.filter(v => v > RANK_TOLERANCE * values[0]).length)
    const lower = Factor.triangleOfFactor(factor, d).values
    const found = Array.from({ length: rank }, (_, r) => {
      // L⁻ᵀv
      const one = vectors.values.slice(r * d, (r + 1) * d)
      solveLowerTransposed(lower, 0, d, one, 0, 1)
      const length = Elementary.norm(one)
      return one.map(x => x / length)
    })
    return {
      shares: sharesOf(values.slice(0, rank)),
      vectors: { shape: [rank, d], values: concatenated(found) },
      project: rows => {
        const points = pointsArgument(rows, 'Discriminant.directions(options)(mixture).project(points)')
        Problem.orThrow(
          Problem.faultless(
            Problem.unless(
              points.dim === d,
              'points',
              `of ${points.dim} columns`,
              `of ${d}, as the mixture is`,
              'give all columns'
            ),
            points
          )
        )
        return {
          ...points,
          dim: rank,
          values: new Float64Array(points.rows * rank).map((_, at) => {
            const i = Math.floor(at / rank)
            const r = at % rank
            return found[r].reduce((sum, v, j) => sum + v * points.values[i * d + j], 0)
          })
        }
      }
    }
  }

/** Returns eigenvalues over their sum; zeros if none is positive. */
const sharesOf = (eigenvalues: Float64Array): Float64Array => {
  const total = sumOfNumbers(Array.from(eigenvalues))
  return eigenvalues.map(value => (total > 0 ? value / total : 0))
}

/** Eigenvalues below this share of the largest are rounding errors. */
const RANK_TOLERANCE = 1e-9

/**
 * Returns the mixture of all classes, with component weights π_class π_component.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Discriminant } from 'ornstein'
 *
 * const found = Discriminant.fit([[1], [1.2], [5], [5.2]], ['a', 'a', 'b', 'b'], { covariance: 'EII' })
 * assert.deepEqual([...Discriminant.joined(found).weights], [0.5, 0.5])
 */
export const joined = ({ mixtures, priors }: Pick<Discriminant, 'mixtures' | 'priors'>): Mixture.Mixture =>
  Mixture.mix(Array.from(priors))(mixtures)

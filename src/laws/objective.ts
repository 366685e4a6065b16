/** Laws of objectives: gradients, invariances, minimizers, and declarations. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Compiler from '../../lib/compiler/index.js'
import * as DrawTerms from '../compile/drawTerms.js'
import * as Loss from '../compile/loss.js'
import * as Matching from '../compile/matching.js'
import { remembered } from '../../lib/plain/remembered.js'
import * as Points from '../data/points.js'
import { Case as Of, Compile, Expectation, Key, Population, Schedule, Score } from '../index.js'
import * as Objective from '../objective/index.js'
import * as Params from '../core/params.js'
import * as Arbitrary from './arbitraries.js'
import {
  compiledOrThrow,
  randomDirection,
  dotProduct,
  flattenParams,
  maxAbs,
  sampleMoments,
  FEW_EVALUATIONS,
  namedValueAndGradient
} from './check.js'
import { above, areFinite, atLeast, below, equals, forAll, ofRows, type LawBuilder, type LawSource } from './lawRows.js'
import { declarationLaws } from './declarations.js'
import * as Density from './density.js'
import { slopeIsWithinBounds, oneSidedSlopeBounds, evaluationError, measuredSlope } from './differences.js'
import { unbiasedLaw } from './expectation.js'
import { translationLaw } from './origin.js'
import type { Laws } from './law.js'
import { singlePrecisionLaw } from './singlePrecision.js'
import { mapPointRows, orthogonalMap, symmetriesOf, type ScoreSymmetries } from './symmetries.js'
import { gaussiansToMixture, acceptsPopulations, populationPoints } from './whole.js'

export interface ObjectiveOptions<P extends string> {
  /** Points on which the objective is finite. Default: any. */
  readonly points?: (dim: number) => fc.Arbitrary<Points.Points>
  /** Default: all on which every time of the objective has noise. */
  readonly schedules?: fc.Arbitrary<Schedule.Schedule>
  /** Symmetries of the score. Default: those of its family. */
  readonly symmetries?: ScoreSymmetries<P>
  /** True if rotating data, noise and centres together changes nothing. Default: true if built-in. */
  readonly isotropic?: boolean
  /** True if the truth is stationary in population. Default: true if built-in. */
  readonly proper?: boolean
  /**
   * True if the value has two derivatives everywhere; otherwise the gradient must lie between the one-sided slopes. Default: true, except
   * for unsmoothed l1 penalties.
   */
  readonly smooth?: boolean
  /** An objective of equal value and gradient. */
  readonly equals?: Objective.Objective
  /**
   * True if the gradient is the derivative of the value: no row stops gradients. Default: false if the objective declares `holdsConstant`.
   */
  readonly differentiates?: boolean
  /** True if the gradient is not 0 everywhere. Default: true if it is not the derivative of the value. */
  readonly hasGradient?: boolean
  /** Exact form of an objective that draws more than noise, which must estimate it without bias. */
  readonly exact?: Objective.Objective
  /** Mixture that the parameters define. Default: that of the score's family. */
  readonly mixture?: (params: Params.Params<P>) => Density.IsotropicGaussians
}

interface ObjectiveCase<P extends string> {
  readonly schedule: Schedule.Schedule
  readonly expectation: Expectation.Expectation
  readonly points: Points.Points
  readonly params: Params.Params<P>
  readonly seed: number
}

/** Default claims, as predicates of a term. */
const CLAIMS = {
  proper: (term: Objective.Term) => !Objective.isPenalty(term) && term.proper === true,
  integrates: (term: Objective.Term) => !Objective.isMatching(term) || term.supportsProjectedNoise === true,
  differentiates: (term: Objective.Term) => Objective.isPenalty(term) || term.holdsConstant !== true,
  /** False for |θ| that is not smoothed. */
  smooth: (term: Objective.Term) => !Objective.isPenalty(term) || term.cornered !== true
}
/** True if the default claim holds for every term of the objective. */
const everyTermClaims = (objective: Objective.Objective, claim: keyof typeof CLAIMS): boolean =>
  Objective.terms(objective).every(({ term }) => CLAIMS[claim](term))

const exactOf = (term: Objective.Term): Objective.Objective | undefined =>
  Objective.isMatching(term) ? term.exact : undefined

/** Dimension in which the reads of an integrand are analyzed. */
const ANALYSIS_DIM = 2

/** True if the objective draws more than noise, which can then not be fixed. */
const isEstimate = <P extends string>(objective: Objective.Objective, score: Score.Score<P>): boolean =>
  Objective.terms(objective).some(
    ({ term, labelDropout }) =>
      labelDropout > 0 ||
      exactOf(term) !== undefined ||
      (Objective.isMatching(term) && Matching.additionalDraws(Score.interpret(score), term, ANALYSIS_DIM).length > 0)
  )

/** The objective with the exact form of each estimate; null if an estimate declares none. */
const exactForm = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>
): Objective.Objective | null => {
  const terms = Objective.terms(objective)
  const stands = ({ term, labelDropout }: Objective.WeightedTerm): boolean =>
    labelDropout === 0 && (exactOf(term) !== undefined || !isEstimate(term.of, score))
  if (!terms.every(stands)) return null
  const [{ term }] = terms
  if (term.of === objective) return exactOf(term) ?? objective
  return pipe(
    objective,
    Of.mapInner(inner => (Objective.concept.is(inner) ? (exactForm(inner, score) ?? inner) : inner))
  )
}

/** Draws of parameters and rows, one of which must have a nonzero gradient. */
const GRADIENT_DRAWS = 8

const DERIVATIVE_SOURCE = 'definition of the derivative'

/** Transforms the fixed noise of an expectation. */
const changeNoise =
  (change: (points: Points.Points) => Points.Points) =>
  (expectation: Expectation.Expectation): Expectation.Expectation =>
    Of.isMadeBy(Expectation.fixed)(expectation)
      ? Expectation.fixed(
          change({
            rows: expectation.noise.shape[0],
            dim: expectation.noise.shape[1],
            values: expectation.noise.values
          })
        )
      : expectation

/**
 * Returns the laws of an objective for a score. Custom objectives and regularizers must claim `isotropic` and `proper`. Objectives that
 * draw more than noise are tested with newly drawn noise, and against the mean of their exact form.
 *
 * @example
 * import fc from 'fast-check'
 * import { Objective, Score, NoiseLevels } from 'ornstein'
 * import { add, mean, sqrt, square, sub } from 'ornstein/float64'
 * import * as laws from 'ornstein/laws'
 *
 * const pseudoHuber = Objective.custom('pseudo-Huber', NoiseLevels.at(0.3), ({ score, target }) =>
 *   mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1)
 * )
 * laws.objective(pseudoHuber, Score.spherical({ components: 2 })).forEach(({ property }) => {
 *   fc.assert(property, { numRuns: 3 })
 * })
 */
export const objective = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>,
  options: ObjectiveOptions<P> = {}
): Laws => {
  if (Objective.terms(objective).every(({ term }) => Loss.isUnderModel(term)))
    return ofRows(Objective.show(objective), [
      { law: 'gradient is that of the value', why: 'populations alone are its data' }
    ])
  const subject = objectiveSubject(objective, score, options)
  return ofRows(
    `${Objective.show(objective)} for ${Score.show(score)}`,
    [
      gradientIsDerivativeOfValue(subject),
      gradientIsOneSidedSlope(subject),
      gradientIsNonzero(subject),
      objectiveIsFinite(subject),
      weightsCountRows(subject),
      objectiveRotatesWithData(subject),
      meanIsThatOfExactForm(subject),
      ...truthIsMinimum(subject),
      ...movesWithData(objective, score),
      isAccurateInFloat32(objective) && singlePrecisionLaw(objective, subject.schedules),
      ...declarationLaws(objective, score),
      ...(options.equals === undefined
        ? [{ law: 'it is what is stated', option: 'equals' }]
        : sameObjective(objective, options.equals, score, options))
    ],
    options
  )
}

const objectiveSubject = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>,
  options: ObjectiveOptions<P>
) => {
  const {
    schedules = schedulesOf(objective),
    points = rowsFor(objective, score, 1e6),
    differentiates = everyTermClaims(objective, 'differentiates'),
    symmetries: { rotate } = symmetriesOf(score),
    exact = exactForm(objective, score)
  } = options
  const losses = lossesOf(objective, score, options)
  return {
    objective,
    score,
    options,
    schedules,
    points,
    rotate,
    exact,
    draws: isEstimate(objective, score),
    claims: {
      proper: options.proper ?? everyTermClaims(objective, 'proper'),
      isotropic: options.isotropic ?? everyTermClaims(objective, 'proper'),
      smooth: options.smooth ?? everyTermClaims(objective, 'smooth'),
      differentiates,
      hasGradient: options.hasGradient ?? !differentiates
    },
    losses,
    onFixed: forAll(losses.fixed),
    onDrawn: forAll(losses.drawn),
    /** Value and gradient along a random direction, with the same noise. */
    along: (each: ObjectiveCase<P>): ((step: number) => Loss.ValueAndGradient<P>) => {
      const towards = randomDirection(each.params, each.seed)
      const loss = losses.at(each)
      return remembered(step => loss(Params.zipWith((p, v) => p + step * v)(each.params, towards)))
    }
  }
}
type ObjectiveSubject<P extends string> = ReturnType<typeof objectiveSubject<P>>

/** Reason why neither law of the gradient's slopes is claimed. */
const slopeReason = ({
  differentiates,
  smooth
}: {
  readonly differentiates: boolean
  readonly smooth: boolean
}): string => (!differentiates ? 'a part of it is held constant' : smooth ? 'it has no kinks' : 'it has kinks')

const gradientIsDerivativeOfValue = <P extends string>({ claims, onDrawn, along }: ObjectiveSubject<P>): LawBuilder =>
  onDrawn({
    claim: claims.differentiates && claims.smooth,
    option: 'differentiates',
    reason: slopeReason(claims),
    name: 'gradient is that of the value',
    statement:
      '∀ θ, x, z, |v| = 1: ⟨∇L(θ), v⟩ = d/dh L(θ + hv) at h = 0. To ten times what its extrapolated differences find of their error, and over the shortest step, 1.6e-3/r², twenty times the noise of L, found from third differences, and the rounding of θ; and to the noise of ∇L. r is the size of data, noise and parameters.',
    source: DERIVATIVE_SOURCE,
    maxCases: 40,
    says: each => {
      const reach = 1 / Elementary.square(caseMagnitude(each))
      const on = along(each)
      const v = randomDirection(each.params, each.seed)
      const slopeAt = (step: number): number => dotProduct(flattenParams(on(step).gradient), flattenParams(v))
      const { value, within } = measuredSlope(step => on(step).value, reach, maxAbs(flattenParams(each.params)))
      const name = `slope along v = ${Params.show(v)}, by the gradient and by differences`
      return equals({ [name]: slopeAt(0) }, { [name]: value }, within + evaluationError(slopeAt, reach))
    }
  })

const gradientIsOneSidedSlope = <P extends string>({ claims, onDrawn, along }: ObjectiveSubject<P>): LawBuilder =>
  onDrawn({
    claim: claims.differentiates && !claims.smooth,
    option: 'differentiates',
    reason: slopeReason(claims),
    name: 'gradient is a slope of the value',
    quantity: 'slope along v',
    statement:
      '∀ θ, x, z, |v| = 1: ⟨∇L(θ), v⟩ lies between the slopes of L along v to the left and to the right, by differences of second order at one of the steps h = 1e-3/r², 1e-4/r², 1e-5/r²: within a step of a kink the larger ones see it. To F r² (10 h² r⁴ + 1e-15/h), F = |L| + r² + 1, r the size of data, noise and parameters.',
    source: 'definition of the subgradient',
    says: each => {
      const r = caseMagnitude(each)
      const on = along(each)
      const { value, gradient } = on(0)
      const found = dotProduct(flattenParams(gradient), flattenParams(randomDirection(each.params, each.seed)))
      return slopeIsWithinBounds(
        found,
        oneSidedSlopeBounds([step => on(step).value], { r, size: 1 + Math.abs(value) + r * r })
      )
    }
  })

const gradientIsNonzero = <P extends string>({
  claims: { differentiates, hasGradient },
  losses: { drawn, at }
}: ObjectiveSubject<P>): LawBuilder =>
  forAll(fc.record({ cases: fc.array(drawn, { minLength: GRADIENT_DRAWS, maxLength: GRADIENT_DRAWS }) }))({
    claim: hasGradient,
    option: 'hasGradient',
    ...(differentiates && { reason: 'its gradient is that of its value' }),
    name: 'its gradient is not 0 everywhere',
    quantity: 'greatest entry of ∇L',
    statement: `∀ ${GRADIENT_DRAWS} draws of θ, x, z: an entry of ∇L(θ) is not 0 in one of them. Exactly. An objective that stops every gradient trains nothing.`,
    source: 'definition of a loss',
    maxCases: 10,
    says: ({ cases }) => above(maxAbs(cases.flatMap(each => flattenParams(at(each)(each.params).gradient))), 0)
  })

const objectiveIsFinite = <P extends string>({
  objective,
  score,
  points,
  losses: { cases, library, at }
}: ObjectiveSubject<P>): LawBuilder =>
  forAll(cases(points, Arbitrary.expectations(score, objective)))({
    name: 'is finite on edge cases',
    statement:
      '∀ θ, x, expectations that are admitted: L(θ) and ∇L(θ) are finite; x far (1e6), tiny, equal, alone; centres equal, or 0. Exactly.',
    source: 'definition of a loss',
    says: each => areFinite(namedValueAndGradient(at(each, { library, isTried: false })(each.params)))
  })

const SAME_TOLERANCE_TEXT =
  'To 1e-13 (|L| + |∇L| + r²) r², r the size of data, noise and parameters: exponents of size r² are rounded.'

/** Relation that a changed case has the same value, and the gradient `gradientChange` of the original one. */
const sameUnderChange = <P extends string>(
  { at }: Losses<P>,
  each: ObjectiveCase<P>,
  {
    gradientChange = gradient => gradient,
    ...change
  }: Partial<ObjectiveCase<P>> & { readonly gradientChange?: (gradient: Params.Params<P>) => Params.Params<P> }
): ReturnType<typeof equals> => {
  const { value, gradient } = at(each)(each.params)
  const changed = { ...each, ...change }
  const r = caseMagnitude(each)
  const scale = Math.abs(value) + maxAbs(flattenParams(gradient)) + r * r
  return equals(
    namedValueAndGradient(at(changed)(changed.params)),
    namedValueAndGradient({ value, gradient: gradientChange(gradient) }),
    1e-13 * scale * r * r
  )
}

const weightsCountRows = <P extends string>({
  objective,
  score,
  draws,
  losses,
  onFixed
}: ObjectiveSubject<P>): LawBuilder =>
  onFixed({
    claim: !draws,
    reason: 'it draws beside the noise, which does not follow',
    name: 'a row of weight n is n rows',
    statement: `∀ θ, x, z, whole weights n, orders: L(θ; x, z, n) = L(θ; each row and its noise nᵢ times, in any order), and the same of ∇L; of what pairs rows each once. ${SAME_TOLERANCE_TEXT}`,
    source: 'definition of weighted points; symmetry of the expectation',
    says: each => {
      const { rows: count, dim, values, partner } = each.points
      const plain = { rows: count, dim, values, ...(partner && { partner }) }
      const least = Arbitrary.minRows(score)
      const counts = Key.integers(4)(count)(Key.fromSeed(each.seed))
      const weights = Float64Array.from(counts, (n, i) => (isOfPairs(objective) ? 1 : i < least ? 1 + n : n))
      const rows = Array.from(weights).flatMap((n, i) => Array.from({ length: n }, () => i))
      const repeat = Points.select(Key.permutation(rows.length)(Key.fromSeed(each.seed)).map(at => rows[at]))
      const weighted = { ...each, points: isOfPairs(objective) ? plain : { ...plain, weights } }
      return sameUnderChange(losses, weighted, {
        points: repeat(plain),
        expectation: changeNoise(repeat)(each.expectation)
      })
    }
  })

const objectiveRotatesWithData = <P extends string>({
  claims: { isotropic },
  rotate,
  draws,
  losses,
  onFixed
}: ObjectiveSubject<P>): LawBuilder =>
  onFixed({
    claim: isotropic && !draws && rotate,
    option: 'isotropic',
    ...(rotate === undefined
      ? { reason: 'how the parameters of the score turn is not known; give `symmetries`' }
      : isotropic && { reason: 'it draws beside the noise, which does not turn with the data' }),
    name: 'turns with data, noise and centres',
    statement: `∀ θ, x, z, orthogonal Q: L(Qθ; Qx, Qz) = L(θ; x, z) and ∇L(Qθ; Qx, Qz) = Q∇L(θ; x, z). ${SAME_TOLERANCE_TEXT}`,
    source: 'symmetry of the standard normal law',
    says: (each, rotate) => {
      const turn = orthogonalMap(each.seed, each.points.dim)
      const turned = (points: Points.Points): Points.Points => ({
        ...mapPointRows(turn)(points),
        ...(points.partner && { partner: mapPointRows(turn)({ ...points, values: points.partner }).values })
      })
      const { params, points, expectation } = each
      return sameUnderChange(losses, each, {
        params: rotate(turn)(params),
        points: turned(points),
        expectation: changeNoise(turned)(expectation),
        gradientChange: rotate(turn)
      })
    }
  })

const meanIsThatOfExactForm = <P extends string>({ objective, score, draws, exact }: ObjectiveSubject<P>): LawSource =>
  draws && exact !== null
    ? unbiasedLaw(objective, exact, score)
    : {
        law: 'its mean is that of its exact form',
        option: 'exact',
        ...(!draws && { why: 'it draws nothing beside the noise; `equals` compares it with another' })
      }

const truthIsMinimum = <P extends string>({
  objective,
  score,
  options,
  schedules,
  draws,
  exact,
  claims: { proper }
}: ObjectiveSubject<P>): ReadonlyArray<LawSource> => {
  const isHeldToExact = draws && exact !== null && options.proper !== true
  const ofTruth = properRows(objective, score, { ...options, schedules })
  if (proper && !isHeldToExact && ofTruth.length > 0) return ofTruth
  const why = draws ? 'it is held to its exact form' : 'no mixture is known of the score; give `mixture`'
  return [{ law: 'the truth is a minimum in population', option: 'proper', ...(proper && { why }) }]
}

/** Schedules on which the objective's times have noise; the built-in one if there is none. */
const schedulesOf = (objective: Objective.Objective): fc.Arbitrary<Schedule.Schedule> => {
  const fitting = [Arbitrary.cosineSchedule, Arbitrary.varianceExplodingSchedule, Arbitrary.straightSchedule].filter(
    schedule => Objective.problems(schedule)(objective).length === 0
  )
  return fc.constantFrom(Schedule.ornsteinUhlenbeck, ...fitting)
}

/** True for losses of pairs of rows, which ignore weights. */
const isOfPairs = (objective: Objective.Objective): boolean =>
  Objective.terms(objective).some(({ term }) => Objective.isMatching(term) && term.pairs !== undefined)

const rowsFor = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>,
  far: number
): ((dim: number) => fc.Arbitrary<Points.Points>) =>
  Arbitrary.withPartners(
    objective,
    score
  )(
    Arbitrary.points({
      minRows: Math.max(Arbitrary.minRows(score), isOfPairs(objective) ? 2 : 1),
      far,
      ...(isOfPairs(objective) && { weights: false })
    })
  )

const caseMagnitude = <P extends string>({ points, params }: ObjectiveCase<P>): number =>
  4 + maxAbs([...points.values, ...flattenParams(params)])

const lossesOf = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>,
  {
    schedules = schedulesOf(objective),
    points = rowsFor(objective, score, 10)
  }: Pick<ObjectiveOptions<P>, 'schedules' | 'points'> = {}
) => {
  // Shared by all cases.
  const library = Compiler.library()
  const isDrawn = isEstimate(objective, score)
  const params = Arbitrary.params(score)
  const drawn = fc
    .record({ draws: fc.integer({ min: 1, max: 2 }), antithetic: fc.boolean() })
    .map(Expectation.monteCarlo)
  /** Noise that can be transformed with the data: fixed, or quadrature; newly drawn for estimates. */
  const fixed = (points: Points.Points): ReadonlyArray<fc.Arbitrary<Expectation.Expectation>> => {
    if (isDrawn) return [drawn]
    const given = Arbitrary.seeds.map(seed => Expectation.fixed(Arbitrary.normalNoise(points, seed)))
    // With one node E z² = 1 fails, and the value jumps where the centre vanishes.
    const nodes = fc.integer({ min: 2, max: 12 }).map(nodes => Expectation.quadrature({ nodes }))
    return Arbitrary.isMirroredScore(score) && everyTermClaims(objective, 'integrates') ? [given, nodes] : [given]
  }
  const cases = (
    rows: (dim: number) => fc.Arbitrary<Points.Points>,
    expectations: (points: Points.Points) => fc.Arbitrary<Expectation.Expectation>
  ): fc.Arbitrary<ObjectiveCase<P>> =>
    Arbitrary.anyObjectiveDim(objective, score)
      .chain(rows)
      .chain(points =>
        fc.record({
          schedule: schedules,
          expectation: expectations(points),
          points: fc.constant(points),
          params: params(points.dim),
          seed: Arbitrary.seeds
        })
      )
  const at = (
    { schedule, expectation, points, seed }: ObjectiveCase<P>,
    how: Parameters<typeof Compile.valueAndGrad>[1] = { library, isTried: true }
  ): ((params: Params.Params<P>) => Loss.ValueAndGradient<P>) => {
    const loss = compiledOrThrow(Compile.valueAndGrad({ schedule, score, objective, expectation }, how)(points))
    return params => loss(params, Key.fromSeed(seed))
  }
  return {
    fixed: cases(points, points => fc.oneof(...fixed(points))),
    drawn: cases(points, points => fc.oneof(...fixed(points), drawn)),
    cases,
    library,
    at
  }
}
type Losses<P extends string> = ReturnType<typeof lossesOf<P>>

const isAccurateInFloat32 = (objective: Objective.Objective): boolean =>
  Objective.terms(objective).every(({ term }) => Objective.isMatching(term) && term.float32 === true)

/**
 * Laws that moving data and mixture together changes nothing, for custom terms that claim it; tested without the claim, by which the
 * library centres data.
 */
const movesWithData = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>
): ReadonlyArray<LawBuilder> =>
  Objective.terms(objective).flatMap(({ term }) => {
    if (term.of !== objective || Objective.isPenalty(term) || Objective.isBuiltIn(term)) return []
    const { translationInvariant: moves, of, ...form } = term
    if (moves !== true) return []
    const about = `${Objective.show(of)}, without its claim`
    const unmoved = Objective.define({ name: 'unmoved', about, meaning: () => form })
    const isFixed = symmetriesOf(score).translate === undefined
    return [isFixed ? lossIsInvariantUnderShifts(unmoved, twoSpherical) : lossIsInvariantUnderShifts(unmoved, score)]
  })

const twoSpherical = Score.spherical({ components: 2 })

const lossIsInvariantUnderShifts = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>
): LawBuilder => {
  const found = Arbitrary.objectiveDims(objective, score)
  const dim = found.includes(2) ? 2 : (found[0] ?? 2)
  const points = { rows: 3, dim, values: Float64Array.of(-2, 1, 1, 2, 0.5, -1, 0.25, -0.5, 1.5).slice(0, 3 * dim) }
  const loss = { schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation: Expectation.monteCarlo() }
  // Any dependence on the origin appears at small offsets.
  return translationLaw(loss, points, { name: 'moves with data and mixture of itself', maxCases: 5, furthest: 100 })
}

/** Quadrature nodes of x_0 and of z in one dimension, for losses that read the noise. */
const QUADRATURE_NODES = 40
/** Maximum number of noise levels for tests in more than one dimension. */
const FEW_LEVELS = 4

/** Dimensions in which the population loss is exact. */
const exactDims = <P extends string>(objective: Objective.Objective, score: Score.Score<P>): ReadonlyArray<number> => {
  const loss = { schedule: Schedule.ornsteinUhlenbeck, objective, score }
  const isShort = DrawTerms.noiseTimes(loss).length <= FEW_LEVELS
  return acceptsPopulations(loss) ? Arbitrary.objectiveDims(objective, score).filter(dim => isShort || dim === 1) : []
}

const BATCH_COUNT = 25
const ROWS_PER_BATCH = 120
/** Bound on Student's t with 24 degrees of freedom, exceeded with probability 3e-7. */
const MAX_STUDENT_T = 7

const meanWithError = (values: ReadonlyArray<number>): { readonly mean: number; readonly error: number } => {
  const { mean, variance } = sampleMoments(values)
  return { mean, error: Math.sqrt(variance / (values.length - 1)) }
}

/** Changes each coordinate of the means; other parameters stay. */
const withMeans =
  (dim: number, change: (value: number, coordinate: number) => number) =>
  <P extends string>(params: Params.Params<P>): Params.Params<P> =>
    Params.map<Params.Params<P>[P], Params.Params<P>[P]>((array, name) =>
      name.startsWith('mean') ? { ...array, values: array.values.map((value, at) => change(value, at % dim)) } : array
    )(params)

/** Sets all coordinates of the means but one to 0. */
const projectMeans = (axis: number, dim: number) => withMeans(dim, (value, j) => (j === axis ? value : 0))

const moveMeans = (axis: number, dim: number, by: number) =>
  withMeans(dim, (value, j) => (j === axis ? value + by : value))

/** Laws of a proper objective: the truth is stationary, and a minimum along coordinates. */
const properRows = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>,
  options: ObjectiveOptions<P>
): ReadonlyArray<LawSource> => {
  const mixture = options.mixture ?? O.toUndefined(Density.textbookMixture(score))
  if (mixture === undefined) return []
  const subject = properSubject(objective, score, { ...options, mixture })
  return [
    !subject.draws && truthIsStationary(subject),
    ...(subject.isExact
      ? [{ law: STATIONARY_NAME, why: 'it is told on populations' }, truthIsExactMinimum(subject)]
      : [truthIsStationaryOnBatches(subject), truthIsMinimumOnBatches(subject)])
  ]
}

const properSubject = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>,
  { schedules = schedulesOf(objective), mixture }: ObjectiveOptions<P> & Required<Pick<ObjectiveOptions<P>, 'mixture'>>
) => {
  const draws = isEstimate(objective, score)
  const exactly = exactDims(objective, score)
  return {
    objective,
    score,
    schedules,
    mixture,
    draws,
    accepted: Arbitrary.objectiveDims(objective, score),
    exactly,
    isExact: !draws && exactly.length > 0,
    paramsIn: Arbitrary.params(score, { extent: 1.25, spread: 0.5 }),
    at: lossesOf(objective, score, { schedules }).at,
    /** Displacement of the centres along a coordinate. */
    far: Arbitrary.isMirroredScore(score) ? 1.25 : 1
  }
}
type ProperSubject<P extends string> = ReturnType<typeof properSubject<P>>

const STATIONARY_NAME = 'the truth is stationary in two and three dimensions'
const MINIMUM_LAW_INFO = {
  option: 'proper',
  name: 'the truth is a minimum in population',
  quantity: 'loss',
  source: 'a proper objective is least at the truth, and nowhere else'
}

const truthIsStationary = <P extends string>({
  objective,
  score,
  schedules,
  mixture,
  accepted,
  exactly,
  isExact,
  paramsIn,
  at
}: ProperSubject<P>): LawBuilder =>
  forAll(
    (isExact ? exactly : [1]).map(dim =>
      fc.record({ schedule: schedules, params: paramsIn(dim), seed: Arbitrary.seeds })
    )
  )({
    claim: isExact || accepted.includes(1),
    option: 'proper',
    name: 'the truth is stationary in population',
    quantity: 'gradient',
    statement: `∀ θ with centres up to 1.25, in one to three dimensions: ∇L(θ) = 0 where x_0 is from the mixture of θ. To 1e-9 (1 + |L|), on its population. Of an objective that reads the noise itself, or has more than ${FEW_LEVELS} times, in one dimension; of the first to 1e-5 (1 + |L|): by ${QUADRATURE_NODES} × ${QUADRATURE_NODES} equal steps for x_0 and z, whose error is below 1e-6 here, and falls as the steps do.`,
    source: 'Vincent 2011, Neural Computation 23:1661–1674; Gibbs’ inequality for the likelihood',
    ...(isExact && { maxCases: 18 }),
    says: each => {
      const data = populationPoints(
        { schedule: each.schedule, objective, score },
        gaussiansToMixture(mixture(each.params)),
        QUADRATURE_NODES
      )
      // A shared library would keep a program for each population.
      const { value, gradient } = at({ ...each, ...data }, FEW_EVALUATIONS)(each.params)
      return equals(flattenParams(gradient), 0, (isExact ? 1e-9 : 1e-5) * (1 + Math.abs(value)))
    }
  })

const truthIsExactMinimum = <P extends string>(subject: ProperSubject<P>): LawBuilder => {
  const { mixture, exactly, at, far } = subject
  return forAll(axisCases(subject, exactly.slice(0, 2)))({
    ...MINIMUM_LAW_INFO,
    statement: `∀ θ with centres up to 1.25, in one dimension and two, ∀ coordinates j, x_0 from the mixture of θ, on its population: with all centres ${far} further along j, L is more, by 1e-9 (1 + |L|) at least.`,
    maxCases: 3,
    says: each => {
      const loss = at({ ...each, points: Population.of(gaussiansToMixture(mixture(each.params))) }, FEW_EVALUATIONS)
      const truth = loss(each.params).value
      const moved = loss(moveMeans(each.axis, each.points.dim, far)(each.params)).value
      return below(truth + 1e-9 * (1 + Math.abs(truth)), moved)
    }
  })
}

const truthIsStationaryOnBatches = <P extends string>(subject: ProperSubject<P>): LawBuilder => {
  const { accepted } = subject
  return forAll(axisCases(subject, [2, 3]))({
    claim: accepted.some(dim => dim > 1),
    reason: 'it takes one column',
    option: 'proper',
    name: STATIONARY_NAME,
    quantity: 'gradient',
    statement: `∀ θ with centres up to 1.25, x_0 from the mixture of θ: the mean of ∇L(θ) over ${BATCH_COUNT} batches of ${ROWS_PER_BATCH} rows, each by its noise and the opposite (by noise drawn again, where it draws beside it), is 0, up to ${MAX_STUDENT_T} standard errors, which the batches give, and 1e-9 (1 + |L|). A comparison of a right one fails with probability 3e-7.`,
    source: 'Vincent 2011, Neural Computation 23:1661–1674; Student 1908',
    maxCases: 10,
    says: each => {
      const found = evaluateOnBatches(subject, each, [each.params]).map(([one]) => one)
      const size = 1 + Math.abs(found[0].value)
      return flattenParams(found[0].gradient).map((_, i) => {
        const { mean, error } = meanWithError(found.map(({ gradient }) => flattenParams(gradient)[i]))
        return equals(mean, 0, MAX_STUDENT_T * error + 1e-9 * size)
      })
    }
  })
}

const truthIsMinimumOnBatches = <P extends string>(subject: ProperSubject<P>): LawBuilder => {
  const { far } = subject
  return forAll(axisCases(subject, Arbitrary.ALL_DIMS))({
    ...MINIMUM_LAW_INFO,
    statement: `∀ θ with centres up to 1.25, in one to three dimensions, ∀ coordinates j, x_0 from the mixture of θ: with all centres ${far} further along j, L is not less, by ${MAX_STUDENT_T} standard errors of the difference over ${BATCH_COUNT} such batches, and not the same to 1e-9 (1 + |L|) on every batch.`,
    maxCases: 11,
    says: each => {
      const pairs = evaluateOnBatches(subject, each, [
        each.params,
        moveMeans(each.axis, each.points.dim, far)(each.params)
      ])
      const rises = pairs.map(([truth, moved]) => moved.value - truth.value)
      const { mean, error } = meanWithError(rises)
      return [above(maxAbs(rises), 1e-9 * (1 + Math.abs(pairs[0][0].value))), atLeast(mean, 0, MAX_STUDENT_T * error)]
    }
  })
}

const axisCases = <P extends string>(
  { accepted, isExact, schedules, paramsIn }: ProperSubject<P>,
  dims: ReadonlyArray<number>
): ReadonlyArray<fc.Arbitrary<ObjectiveCase<P> & { readonly axis: number }>> => {
  const casesOn = ({
    dim,
    axis,
    isAlone
  }: {
    readonly dim: number
    readonly axis: number
    readonly isAlone: boolean
  }) =>
    fc.record({ schedule: schedules, params: paramsIn(dim), seed: Arbitrary.seeds }).map(each => ({
      ...each,
      axis,
      params: isAlone ? projectMeans(axis, dim)(each.params) : each.params,
      points: Density.pointsFromRows(dim, [Array.from({ length: dim }, () => 0)]),
      expectation: Expectation.monteCarlo()
    }))
  return dims
    .filter(dim => accepted.includes(dim))
    .flatMap(dim =>
      Array.from({ length: dim }, (_, axis) =>
        // Without sampling error coordinates cannot mask the rise.
        (dim === 1 || isExact ? [false] : [true, false]).map(isAlone => casesOn({ dim, axis, isAlone }))
      ).flat()
    )
}

/** Values and gradients at several parameters, for each batch. */
const evaluateOnBatches = <P extends string>(
  { mixture, draws, at }: ProperSubject<P>,
  each: ObjectiveCase<P>,
  all: ReadonlyArray<Params.Params<P>>
): ReadonlyArray<ReadonlyArray<Loss.ValueAndGradient<P>>> => {
  const truth = mixture(each.params)
  return Key.split(BATCH_COUNT)(Key.fromSeed(each.seed)).map((key, i) => {
    const drawn = Density.sample(truth, ROWS_PER_BATCH)(key)
    const twice = Points.select(Array.from({ length: 2 * ROWS_PER_BATCH }, (_, i) => i % ROWS_PER_BATCH))
    const noise = twice(Arbitrary.normalNoise(drawn, 1 + each.seed * BATCH_COUNT + i))
    const both = { ...noise, values: noise.values.map((z, i) => (i < noise.values.length / 2 ? z : -z)) }
    const expectation = draws ? Expectation.monteCarlo() : Expectation.fixed(both)
    return all.map(at({ ...each, seed: each.seed + i, points: twice(drawn), expectation }))
  })
}

export interface UpTo {
  /** Factor of value and gradient; 'any' for one common to all cases on a schedule. */
  readonly factor?: number | 'any'
  /** True if a constant may be added. */
  readonly constant?: boolean
}

/** Returns the laws that two objectives are the same. */
export const sameObjective = <P extends string>(
  a: Objective.Objective,
  b: Objective.Objective,
  score: Score.Score<P>,
  options: ObjectiveOptions<P> & { readonly upTo?: UpTo } = {}
): ReadonlyArray<LawBuilder> => {
  const { upTo: { factor = 1, constant = false } = {} } = options
  const one = lossesOf(a, score, options)
  const other = lossesOf(b, score, options)
  const cases = fc.tuple(one.fixed, one.fixed).map(([each, other]) => ({
    ...each,
    reference: { ...other, schedule: each.schedule }
  }))
  const both = (each: ObjectiveCase<P>) => [one, other].map(({ at }) => at(each)(each.params))
  const ratioOn = (reference: ObjectiveCase<P>): number => {
    if (factor !== 'any') return factor
    const [top, bottom] = both(reference).map(({ gradient }) => flattenParams(gradient))
    return dotProduct(bottom, bottom) === 0 ? NaN : dotProduct(top, bottom) / dotProduct(bottom, bottom)
  }
  return [
    forAll(cases)({
      option: 'equals',
      name: 'it is what is stated',
      quantity: 'value or gradient',
      statement: `∀ θ, x, z: value and gradient are ${factor === 'any' ? 'one factor times' : factor === 1 ? '' : `${factor} times`} those of ${Objective.show(b)}${constant ? ', the value up to a constant' : ''}. To 1e-11 (1 + |L| + |∇L|) r²: the two round in another order.`,
      source: 'the stated formula',
      maxCases: 50,
      says: each => {
        const [found, wanted] = both(each)
        const ratio = ratioOn(each.reference)
        if (Number.isNaN(ratio)) return []
        const scaled = flattenParams(wanted.gradient).map(g => ratio * g)
        const r = caseMagnitude(each)
        const tolerance = 1e-11 * (1 + Math.abs(ratio * wanted.value) + maxAbs(scaled)) * r * r
        return [
          !constant && equals(found.value, ratio * wanted.value, tolerance),
          equals(flattenParams(found.gradient), scaled, tolerance)
        ]
      }
    })
  ]
}

/** Laws of objectives: of their gradients, of what must not matter, of what they are minimised by, and of what they declare. */
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
  /** Rows that it is asked of, where it is not finite of all. */
  readonly points?: (dim: number) => fc.Arbitrary<Points.Points>
  /** By default those of `arbitraries.schedules` on which the objective's times have noise. */
  readonly schedules?: fc.Arbitrary<Schedule.Schedule>
  /** The symmetries of the score; those of the family for a built-in one. */
  readonly symmetries?: ScoreSymmetries<P>
  /** Whether turning data, noise and centres together changes nothing. Claimed by default of built-in objectives. */
  readonly isotropic?: boolean
  /** Whether the truth is a stationary point in population. Claimed by default of built-in objectives. */
  readonly proper?: boolean
  /**
   * Whether the value has two derivatives everywhere. Of what has kinks (ReLU, |·|, clip) the gradient is to lie between the slopes to
   * either side. Claimed by default; not of l1 penalties that are not rounded off.
   */
  readonly smooth?: boolean
  /** The formula that it is another way to write: an objective of the same values and gradients. */
  readonly equals?: Objective.Objective
  /** Whether its gradient is the derivative of its value: not where a row stops gradients, which `holdsConstant` of the objective says. */
  readonly differentiates?: boolean
  /** Whether its gradient is not 0 everywhere. Claimed by default if its gradient is not the derivative of its value. */
  readonly hasGradient?: boolean
  /** What it is an unbiased estimate of, where it draws more than the noise. */
  readonly exact?: Objective.Objective
  /** The mixture of which parameters are the truth; that of the family for a built-in score. */
  readonly mixture?: (params: Params.Params<P>) => Density.IsotropicGaussians
}

interface ObjectiveCase<P extends string> {
  readonly schedule: Schedule.Schedule
  readonly expectation: Expectation.Expectation
  readonly points: Points.Points
  readonly params: Params.Params<P>
  readonly seed: number
}

/** What is claimed of a term unless a user claims more: what it says of itself. */
const CLAIMS = {
  /** Minimised by the truth, and turning with the axes. */
  proper: (term: Objective.Term) => !Objective.isPenalty(term) && term.proper === true,
  /** Noise may be integrated by quadrature. */
  integrates: (term: Objective.Term) => !Objective.isMatching(term) || term.supportsProjectedNoise === true,
  /** The gradient is the derivative of the value. */
  differentiates: (term: Objective.Term) => Objective.isPenalty(term) || term.holdsConstant !== true,
  /** The value has two derivatives everywhere, which differences of it see: not the corner of |θ|, unless it is rounded off. */
  smooth: (term: Objective.Term) => !Objective.isPenalty(term) || term.cornered !== true
}
const claimed = (objective: Objective.Objective, claim: keyof typeof CLAIMS): boolean =>
  Objective.terms(objective).every(({ term }) => CLAIMS[claim](term))

/** What a term is an unbiased estimate of, by what it draws beside the noise. */
const exactOf = (term: Objective.Term): Objective.Objective | undefined =>
  Objective.isMatching(term) ? term.exact : undefined

/** Dimension in which it is seen what an integrand reads. */
const LOOKED = 2

/** Whether it draws more than noise, from the key: then noise cannot be given, nor follow a change of the data. */
const isEstimate = <P extends string>(objective: Objective.Objective, score: Score.Score<P>): boolean =>
  Objective.terms(objective).some(
    ({ term, labelDropout }) =>
      labelDropout > 0 ||
      exactOf(term) !== undefined ||
      (Objective.isMatching(term) && Matching.additionalDraws(Score.interpret(score), term, LOOKED).length > 0)
  )

/** The objective with what its estimates stand for in their place; null where one does not say what it stands for. */
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

/** Draws of parameters and rows of which one must have a gradient: an objective with thresholds may be flat at some. */
const GRADIENT_DRAWS = 8

const calculus = 'definition of the derivative'

/** How a change of the rows changes the noise that meets them. */
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
 * The laws of an objective for a score. A custom objective or a regularizer is checked as it stands; say `isotropic` or
 * `proper` where you claim them. Estimated divergences draw more than noise: of them the laws are
 * held that need no noise to be given, and that their mean is that of the exact form.
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
  const {
    schedules = schedulesOf(objective),
    points = rowsFor(objective, score, 1e6),
    proper = claimed(objective, 'proper'),
    isotropic = claimed(objective, 'proper'),
    smooth = claimed(objective, 'smooth'),
    differentiates = claimed(objective, 'differentiates'),
    hasGradient = !differentiates,
    symmetries: { rotate } = symmetriesOf(score),
    exact = exactForm(objective, score),
    equals: other
  } = options
  const draws = isEstimate(objective, score)
  const { fixed, drawn, cases, library, at } = lossesOf(objective, score, options)
  /** The case with its parameters moved along a direction, from the same noise. */
  const along = (each: ObjectiveCase<P>): ((step: number) => Loss.ValueAndGradient<P>) => {
    const towards = randomDirection(each.params, each.seed)
    const loss = at(each)
    return remembered(step => loss(Params.zipWith((p, v) => p + step * v)(each.params, towards)))
  }
  /** That a changed case has the value, and the gradient as it becomes. */
  const same = (
    each: ObjectiveCase<P>,
    change: Partial<ObjectiveCase<P>>,
    becomes: (gradient: Params.Params<P>) => Params.Params<P> = gradient => gradient
  ): ReturnType<typeof equals> => {
    const { value, gradient } = at(each)(each.params)
    const changed = { ...each, ...change }
    const r = caseMagnitude(each)
    const scale = Math.abs(value) + maxAbs(flattenParams(gradient)) + r * r
    return equals(
      namedValueAndGradient(at(changed)(changed.params)),
      namedValueAndGradient({ value, gradient: becomes(gradient) }),
      1e-13 * scale * r * r
    )
  }
  const tolerance =
    'To 1e-13 (|L| + |∇L| + r²) r², r the size of data, noise and parameters: exponents of size r² are rounded.'
  const ofTruth = properRows(objective, score, { ...options, schedules })
  const isHeldToExact = draws && exact !== null && options.proper !== true
  const unheld = !differentiates ? 'a part of it is held constant' : smooth ? 'it has no kinks' : 'it has kinks'
  const onFixed = forAll(fixed)
  const onDrawn = forAll(drawn)
  return ofRows(
    `${Objective.show(objective)} for ${Score.show(score)}`,
    [
      onDrawn({
        claim: differentiates && smooth,
        option: 'differentiates',
        reason: unheld,
        name: 'gradient is that of the value',
        statement:
          '∀ θ, x, z, |v| = 1: ⟨∇L(θ), v⟩ = d/dh L(θ + hv) at h = 0. To ten times what its extrapolated differences find of their error, and over the shortest step, 1.6e-3/r², twenty times the noise of L, found from third differences, and the rounding of θ; and to the noise of ∇L. r is the size of data, noise and parameters.',
        source: calculus,
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
      }),
      onDrawn({
        claim: differentiates && !smooth,
        option: 'differentiates',
        reason: unheld,
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
      }),
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
      }),
      forAll(cases(points, Arbitrary.expectations(score, objective)))({
        name: 'is finite on edge cases',
        statement:
          '∀ θ, x, expectations that are admitted: L(θ) and ∇L(θ) are finite; x far (1e6), tiny, equal, alone; centres equal, or 0. Exactly.',
        source: 'definition of a loss',
        says: each => areFinite(namedValueAndGradient(at(each, { library, isTried: false })(each.params)))
      }),
      onFixed({
        claim: !draws,
        reason: 'it draws beside the noise, which does not follow',
        name: 'a row of weight n is n rows',
        statement: `∀ θ, x, z, whole weights n, orders: L(θ; x, z, n) = L(θ; each row and its noise nᵢ times, in any order), and the same of ∇L; of what pairs rows each once. ${tolerance}`,
        source: 'definition of weighted points; symmetry of the expectation',
        says: each => {
          const { rows: count, dim, values, partner } = each.points
          const plain = { rows: count, dim, values, ...(partner && { partner }) }
          const least = Arbitrary.minRows(score)
          const counts = Key.integers(4)(count)(Key.fromSeed(each.seed))
          // What pairs rows counts them alike.
          const weights = Float64Array.from(counts, (n, i) => (isOfPairs(objective) ? 1 : i < least ? 1 + n : n))
          const rows = Array.from(weights).flatMap((n, i) => Array.from({ length: n }, () => i))
          const repeat = Points.select(Key.permutation(rows.length)(Key.fromSeed(each.seed)).map(at => rows[at]))
          const weighted = { ...each, points: isOfPairs(objective) ? plain : { ...plain, weights } }
          return same(weighted, { points: repeat(plain), expectation: changeNoise(repeat)(each.expectation) })
        }
      }),
      onFixed({
        claim: isotropic && !draws && rotate,
        option: 'isotropic',
        ...(rotate === undefined
          ? { reason: 'how the parameters of the score turn is not known; give `symmetries`' }
          : isotropic && { reason: 'it draws beside the noise, which does not turn with the data' }),
        name: 'turns with data, noise and centres',
        statement: `∀ θ, x, z, orthogonal Q: L(Qθ; Qx, Qz) = L(θ; x, z) and ∇L(Qθ; Qx, Qz) = Q∇L(θ; x, z). ${tolerance}`,
        source: 'symmetry of the standard normal law',
        says: (each, rotate) => {
          const turn = orthogonalMap(each.seed, each.points.dim)
          const turned = (points: Points.Points): Points.Points => ({
            ...mapPointRows(turn)(points),
            ...(points.partner && { partner: mapPointRows(turn)({ ...points, values: points.partner }).values })
          })
          const { params, points, expectation } = each
          return same(
            each,
            { params: rotate(turn)(params), points: turned(points), expectation: changeNoise(turned)(expectation) },
            rotate(turn)
          )
        }
      }),
      draws && exact !== null
        ? unbiasedLaw(objective, exact, score)
        : {
            law: 'its mean is that of its exact form',
            option: 'exact',
            ...(!draws && { why: 'it draws nothing beside the noise; `equals` compares it with another' })
          },
      ...(proper && !isHeldToExact && ofTruth.length > 0
        ? ofTruth
        : [
            {
              law: 'the truth is a minimum in population',
              option: 'proper',
              ...(proper && {
                why: draws ? 'it is held to its exact form' : 'no mixture is known of the score; give `mixture`'
              })
            }
          ]),
      ...movesWithData(objective, score),
      saysSingle(objective) && singlePrecisionLaw(objective, schedules),
      ...declarationLaws(objective, score),
      ...(other === undefined
        ? [{ law: 'it is what is stated', option: 'equals' }]
        : sameObjective(objective, other, score, options))
    ],
    options
  )
}

/** The schedules on which an objective's times have noise; the built-in one where there is none, to be told why. */
const schedulesOf = (objective: Objective.Objective): fc.Arbitrary<Schedule.Schedule> => {
  const fitting = [Arbitrary.cosineSchedule, Arbitrary.varianceExplodingSchedule, Arbitrary.straightSchedule].filter(
    schedule => Objective.problems(schedule)(objective).length === 0
  )
  return fc.constantFrom(Schedule.ornsteinUhlenbeck, ...fitting)
}

/** Whether it is a loss of pairs of rows, which count alike. */
const isOfPairs = (objective: Objective.Objective): boolean =>
  Objective.terms(objective).some(({ term }) => Objective.isMatching(term) && term.pairs !== undefined)

/** As many rows as the score and the objective ask for, with partners where it reads them, some far out. */
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

/** The size of data and parameters, noise included: the greatest standard normal of a case is about 4. */
const caseMagnitude = <P extends string>({ points, params }: ObjectiveCase<P>): number =>
  4 + maxAbs([...points.values, ...flattenParams(params)])

/** The cases that the laws of an objective for a score are asked of, and its loss on each. */
const lossesOf = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>,
  {
    schedules = schedulesOf(objective),
    points = rowsFor(objective, score, 10)
  }: Pick<ObjectiveOptions<P>, 'schedules' | 'points'> = {}
) => {
  // Programs that all cases share. What a trial of the parts finds, the law of edge cases tells.
  const library = Compiler.library()
  const isDrawn = isEstimate(objective, score)
  const params = Arbitrary.params(score)
  const drawn = fc
    .record({ draws: fc.integer({ min: 1, max: 2 }), antithetic: fc.boolean() })
    .map(Expectation.monteCarlo)
  /** Noise that is fixed, or integrated by quadrature where that applies: it can follow a change of the data. Of estimates, drawn from the key. */
  const fixed = (points: Points.Points): ReadonlyArray<fc.Arbitrary<Expectation.Expectation>> => {
    if (isDrawn) return [drawn]
    const given = Arbitrary.seeds.map(seed => Expectation.fixed(Arbitrary.normalNoise(points, seed)))
    // One node does not know E z² = 1, and its value jumps where the centre, and with it the direction, vanishes.
    const nodes = fc.integer({ min: 2, max: 12 }).map(nodes => Expectation.quadrature({ nodes }))
    return Arbitrary.isMirroredScore(score) && claimed(objective, 'integrates') ? [given, nodes] : [given]
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

/** Whether each of its terms says that single precision is enough. */
const saysSingle = (objective: Objective.Objective): boolean =>
  Objective.terms(objective).every(({ term }) => Objective.isMatching(term) && term.float32 === true)

/** That data and mixture moved together change nothing, of what claims it and is not the language's own; without its claim, by which data are looked at about their middle. */
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
    // Of a score that may be moved itself.
    const isFixed = symmetriesOf(score).translate === undefined
    return [isFixed ? movesTogether(unmoved, twoSpherical) : movesTogether(unmoved, score)]
  })

const twoSpherical = Score.spherical({ components: 2 })

const movesTogether = <P extends string>(objective: Objective.Objective, score: Score.Score<P>): LawBuilder => {
  const found = Arbitrary.objectiveDims(objective, score)
  const dim = found.includes(2) ? 2 : (found[0] ?? 2)
  const points = { rows: 3, dim, values: Float64Array.of(-2, 1, 1, 2, 0.5, -1, 0.25, -0.5, 1.5).slice(0, 3 * dim) }
  const loss = { schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation: Expectation.monteCarlo() }
  // What sees where 0 is sees it in any move.
  return translationLaw(loss, points, { name: 'moves with data and mixture of itself', maxCases: 5, furthest: 100 })
}

/** Of the population in one dimension, in x_0 and in z, for what reads the noise itself. */
const QUADRATURE_NODES = 40
/** Levels of which a population in three dimensions is soon over. */
const FEW_LEVELS = 4

/** In how many dimensions the law of the whole is told by populations, exactly; none of what takes none. */
const exactDims = <P extends string>(objective: Objective.Objective, score: Score.Score<P>): ReadonlyArray<number> => {
  const loss = { schedule: Schedule.ornsteinUhlenbeck, objective, score }
  const isShort = DrawTerms.noiseTimes(loss).length <= FEW_LEVELS
  return acceptsPopulations(loss) ? Arbitrary.objectiveDims(objective, score).filter(dim => isShort || dim === 1) : []
}

/** Batches, and rows in each: of their mean the standard error is told by Student's law of 24 degrees. */
const BATCHES = 25
const OBJECTIVE_ROWS = 120
/** Of a law of 24 degrees 7 deviations are passed with probability 3e-7. */
const MAX_CHI_DEVIATION = 7

/** A mean, and its standard error. */
const meanWithError = (values: ReadonlyArray<number>): { readonly mean: number; readonly error: number } => {
  const { mean, variance } = sampleMoments(values)
  return { mean, error: Math.sqrt(variance / (values.length - 1)) }
}

/** The means changed by what their coordinate is. */
const withMeans =
  (dim: number, change: (value: number, coordinate: number) => number) =>
  <P extends string>(params: Params.Params<P>): Params.Params<P> =>
    Params.map<Params.Params<P>[P], Params.Params<P>[P]>((array, name) =>
      name.startsWith('mean') ? { ...array, values: array.values.map((value, at) => change(value, at % dim)) } : array
    )(params)

/** Every entry of the means but those along one coordinate 0, and of the other parameters as they are. */
const onAxis = (axis: number, dim: number) => withMeans(dim, (value, j) => (j === axis ? value : 0))

/** The means moved along a coordinate. */
const movedAlong = (axis: number, dim: number, by: number) =>
  withMeans(dim, (value, j) => (j === axis ? value + by : value))

/** Laws of a proper objective: in population the truth is a stationary point, and a minimum, which every coordinate of the centres shows. */
const properRows = <P extends string>(
  objective: Objective.Objective,
  score: Score.Score<P>,
  { schedules = schedulesOf(objective), ...options }: ObjectiveOptions<P>
): ReadonlyArray<LawSource> => {
  const mixture = options.mixture ?? O.toUndefined(Density.textbookMixture(score))
  if (mixture === undefined) return []
  const draws = isEstimate(objective, score)
  const taken = Arbitrary.objectiveDims(objective, score)
  const dims = exactDims(objective, score)
  const isExact = !draws && dims.length > 0
  const params = Arbitrary.params(score, { extent: 1.25, spread: 0.5 })
  const { at } = lossesOf(objective, score, { schedules })
  // How far the centres are moved along a coordinate.
  const far = Arbitrary.isMirroredScore(score) ? 1.25 : 1
  const cases = (
    dims: ReadonlyArray<number>
  ): ReadonlyArray<fc.Arbitrary<ObjectiveCase<P> & { readonly axis: number }>> =>
    dims
      .filter(dim => taken.includes(dim))
      .flatMap(dim =>
        Array.from({ length: dim }, (_, axis) =>
          // Where nothing is left to chance, other coordinates hide none.
          (dim === 1 || isExact ? [false] : [true, false]).map(alone =>
            fc.record({ schedule: schedules, params: params(dim), seed: Arbitrary.seeds }).map(each => ({
              ...each,
              axis,
              params: alone ? onAxis(axis, dim)(each.params) : each.params,
              points: Density.pointsFromRows(dim, [Array.from({ length: dim }, () => 0)]),
              expectation: Expectation.monteCarlo()
            }))
          )
        ).flat()
      )
  /** Value and gradient at some parameters, on batches of the truth. */
  const onBatches = (
    each: ObjectiveCase<P>,
    all: ReadonlyArray<Params.Params<P>>
  ): ReadonlyArray<ReadonlyArray<Loss.ValueAndGradient<P>>> => {
    const truth = mixture(each.params)
    return Key.split(BATCHES)(Key.fromSeed(each.seed)).map((key, i) => {
      const drawn = Density.sample(truth, OBJECTIVE_ROWS)(key)
      const twice = Points.select(Array.from({ length: 2 * OBJECTIVE_ROWS }, (_, i) => i % OBJECTIVE_ROWS))
      // Each row with its noise and with the opposite: what is odd in the noise scatters no mean.
      const noise = twice(Arbitrary.normalNoise(drawn, 1 + each.seed * BATCHES + i))
      const both = { ...noise, values: noise.values.map((z, i) => (i < noise.values.length / 2 ? z : -z)) }
      // What draws beside the noise draws the noise too, other numbers in each batch.
      const expectation = draws ? Expectation.monteCarlo() : Expectation.fixed(both)
      return all.map(at({ ...each, seed: each.seed + i, points: twice(drawn), expectation }))
    })
  }
  const rise = `with all centres ${far} further along j`
  const stationary = 'the truth is stationary in two and three dimensions'
  const minimum = {
    option: 'proper',
    name: 'the truth is a minimum in population',
    quantity: 'loss',
    source: 'a proper objective is least at the truth, and nowhere else'
  }
  return [
    !draws &&
      forAll(
        (isExact ? dims : [1]).map(dim =>
          fc.record({ schedule: schedules, params: params(dim), seed: Arbitrary.seeds })
        )
      )({
        claim: isExact || taken.includes(1),
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
          // Populations are each of their own size: programs of all would be kept.
          const { value, gradient } = at({ ...each, ...data }, FEW_EVALUATIONS)(each.params)
          return equals(flattenParams(gradient), 0, (isExact ? 1e-9 : 1e-5) * (1 + Math.abs(value)))
        }
      }),
    ...(isExact
      ? [
          { law: stationary, why: 'it is told on populations' },
          forAll(cases(dims.slice(0, 2)))({
            ...minimum,
            statement: `∀ θ with centres up to 1.25, in one dimension and two, ∀ coordinates j, x_0 from the mixture of θ, on its population: ${rise}, L is more, by 1e-9 (1 + |L|) at least.`,
            maxCases: 3,
            says: each => {
              const loss = at(
                { ...each, points: Population.of(gaussiansToMixture(mixture(each.params))) },
                FEW_EVALUATIONS
              )
              const truth = loss(each.params).value
              const moved = loss(movedAlong(each.axis, each.points.dim, far)(each.params)).value
              return below(truth + 1e-9 * (1 + Math.abs(truth)), moved)
            }
          })
        ]
      : [
          forAll(cases([2, 3]))({
            claim: taken.some(dim => dim > 1),
            reason: 'it takes one column',
            option: 'proper',
            name: stationary,
            quantity: 'gradient',
            statement: `∀ θ with centres up to 1.25, x_0 from the mixture of θ: the mean of ∇L(θ) over ${BATCHES} batches of ${OBJECTIVE_ROWS} rows, each by its noise and the opposite (by noise drawn again, where it draws beside it), is 0, up to ${MAX_CHI_DEVIATION} standard errors, which the batches give, and 1e-9 (1 + |L|). A comparison of a right one fails with probability 3e-7.`,
            source: 'Vincent 2011, Neural Computation 23:1661–1674; Student 1908',
            maxCases: 10,
            says: each => {
              const found = onBatches(each, [each.params]).map(([one]) => one)
              const size = 1 + Math.abs(found[0].value)
              return flattenParams(found[0].gradient).map((_, i) => {
                const { mean, error } = meanWithError(found.map(({ gradient }) => flattenParams(gradient)[i]))
                return equals(mean, 0, MAX_CHI_DEVIATION * error + 1e-9 * size)
              })
            }
          }),
          forAll(cases(Arbitrary.ALL_DIMS))({
            ...minimum,
            statement: `∀ θ with centres up to 1.25, in one to three dimensions, ∀ coordinates j, x_0 from the mixture of θ: ${rise}, L is not less, by ${MAX_CHI_DEVIATION} standard errors of the difference over ${BATCHES} such batches, and not the same to 1e-9 (1 + |L|) on every batch.`,
            maxCases: 11,
            says: each => {
              const pairs = onBatches(each, [each.params, movedAlong(each.axis, each.points.dim, far)(each.params)])
              const rises = pairs.map(([truth, moved]) => moved.value - truth.value)
              const { mean, error } = meanWithError(rises)
              return [
                above(maxAbs(rises), 1e-9 * (1 + Math.abs(pairs[0][0].value))),
                atLeast(mean, 0, MAX_CHI_DEVIATION * error)
              ]
            }
          })
        ])
  ]
}

/** What objectives may differ by and still be the same. */
export interface UpTo {
  /** A factor, of value and gradient; a number, or any that is the same for all parameters and data on a schedule. */
  readonly factor?: number | 'any'
  /** A constant, which the gradient does not see. */
  readonly constant?: boolean
}

/** The laws of two objectives that are to be the same. */
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
    // A factor that is to be the same for all parameters and data is taken from another case.
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

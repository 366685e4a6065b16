/** Laws of scores, of networks or of mixtures. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import {
  add,
  compute,
  expandDims,
  fill,
  grad,
  Key,
  logSumExp,
  sum,
  tensor,
  valueAndGrad,
  type Tensor
} from '../../lib/index.js'
import * as Points from '../data/points.js'
import * as Student from '../mixture/student.js'
import { Mixture, Schedule, Score } from '../index.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Params from '../core/params.js'
import * as Arbitrary from './arbitraries.js'
import { flattenParams, sumNumbers, maxAbs, dotProduct, randomDirection } from './check.js'
import {
  areFinite,
  atMost,
  forAll,
  ofRows,
  equals,
  above,
  sameBits,
  type Relation,
  type LawRelations,
  type LawBuilder
} from './lawRows.js'
import * as Density from './density.js'
import { slopeIsWithinBounds, oneSidedSlopeBounds, centralDifference } from './differences.js'
import { emStepLaws } from './maximization.js'
import { degreesOfFreedomLaw } from './freedom.js'
import { guidance } from './guidance.js'
import type { Laws } from './law.js'
import { mapPointRows, orthogonalMap, symmetriesOf, type ScoreSymmetries } from './symmetries.js'

export interface ScoreOptions<P extends string> {
  /** Points on which the score is defined. Default: any. */
  readonly points?: (dim: number) => fc.Arbitrary<Points.Points>
  /** Claimed mixture at time 0. Default: that of the score's family. */
  readonly mixture?: (params: Params.Params<P>) => Density.IsotropicGaussians
  /** Symmetries of the score. Default: those of its family. */
  readonly symmetries?: ScoreSymmetries<P>
  /**
   * True if the score has two derivatives everywhere; otherwise the divergence must lie between the sums of one-sided slopes. Default:
   * true.
   */
  readonly smooth?: boolean
}

interface ScoreCase<P extends string> {
  readonly schedule: Schedule.Schedule
  readonly time: number
  readonly points: Points.Points
  readonly params: Params.Params<P>
  readonly seed: number
}

const levelTensors = (rows: number, { alpha, sigma }: Schedule.Level): Score.RowLevel => ({
  alpha: fill([rows, 1], alpha),
  sigma: fill([rows, 1], sigma)
})

const levelColumns = (levels: ReadonlyArray<Schedule.Level>): Score.RowLevel => {
  const column = (entries: ReadonlyArray<number>): Tensor => tensor(entries, [entries.length, 1])
  return { alpha: column(levels.map(({ alpha }) => alpha)), sigma: column(levels.map(({ sigma }) => sigma)) }
}

/** Adds standard normal noise, which avoids kinks. */
const perturbPoints = ({ points, seed }: Pick<ScoreCase<string>, 'points' | 'seed'>): Points.Points => {
  const by = Key.normal(points.values.length)(Key.fromSeed(seed))
  return { ...points, values: points.values.map((x, at) => x + by[at]) }
}

const MAX_NETWORK_CASES = 50

const CLEAN_LEVEL = { alpha: 1, sigma: 0 }
const UNDECLARED_REASON = 'its family does not say it'
const HYVARINEN_2005 = 'Hyvärinen 2005, JMLR 6:695–709'
const SYMMETRY_SOURCE = 'symmetry of the density'

const scoreCases = <P extends string>(
  score: Score.Score<P>,
  { points = Arbitrary.points({ maxRows: 4, weights: false }) }: Pick<ScoreOptions<P>, 'points'> = {}
): fc.Arbitrary<ScoreCase<P>> =>
  fc.tuple(Arbitrary.schedulesFor(score), Arbitrary.dimsFor(score)).chain(([schedule, dim]) =>
    fc.record({
      schedule: fc.constant(schedule),
      time: Arbitrary.timesFor(score)(schedule),
      points: points(dim),
      params: Arbitrary.params(score)(dim),
      seed: Arbitrary.seeds
    })
  )

const evaluateCase = <P extends string>(
  score: Score.Score<P>,
  { schedule, params, time, points }: Omit<ScoreCase<P>, 'seed'>
): Points.Points => Score.evaluate(score, schedule)(params)(time)(points)

/** Outputs for rows at different noise levels, evaluated together and each row alone; `within` is their tolerance, 1e-13 of the sizes. */
const outputsTogetherAndAlone = <P extends string>(
  of: Score.Model<P>['output'],
  { schedule, params, points, time }: Omit<ScoreCase<P>, 'seed'>
) => {
  const levels = Array.from({ length: points.rows }, (_, i) => Schedule.level(time / (i + 1))(schedule))
  const at = (points: Points.Points, levels: ReadonlyArray<Schedule.Level>): Float64Array =>
    compute(() => of(Score.tensors(params), Points.pointsTensor(points), levelColumns(levels))).values
  const alone = levels.flatMap((level, i) => Array.from(at(Points.select([i])(points), [level])))
  const within = 1e-13 * (1 + maxAbs(alone)) * (1 + maxAbs(points.values))
  return { together: at(points, levels), alone, within }
}

/** Returns the laws of any network: independent rows, each at its own level, and divergences. */
export const student = <P extends string>(score: Score.Score<P>, options: ScoreOptions<P> = {}): Laws => {
  const { smooth = true } = options
  const subject = { score, lawOf: forAll(scoreCases(score, options)) }
  return ofRows(Score.show(score), [
    scoreIsFinite(subject),
    scoreIsRowwise(subject),
    headsAreRowwiseAndContainOutput(score, options),
    smooth ? divergenceIsTrace(subject) : divergenceIsWithinSlopes(subject)
  ])
}

interface NetworkSubject<P extends string> {
  readonly score: Score.Score<P>
  readonly lawOf: ReturnType<typeof forAll<ScoreCase<P>>>
}

const scoreIsFinite = <P extends string>({ score, lawOf }: NetworkSubject<P>): LawBuilder =>
  lawOf({
    name: 'is finite, a row for each row',
    quantity: 'score',
    statement:
      '∀ θ, t, x: s(x) is finite and of the shape of x, far and equal points and centres included, and so it is of x a million times as far. Exactly.',
    source: 'definition of Score.Model',
    says: each => {
      return [each.points, Arbitrary.scaleToOutliers(each.points)].map(points => {
        const { rows, dim, values } = evaluateCase(score, { ...each, points })
        return [equals([rows, values.length], [points.rows, rows * dim]), areFinite(values)]
      })
    }
  })

const scoreIsRowwise = <P extends string>({ score, lawOf }: NetworkSubject<P>): LawBuilder =>
  lawOf({
    name: 'sees each row alone, at its own level',
    quantity: 'output',
    statement:
      '∀ θ, x, t₁…tₙ: row i of s(x) at levels t₁…tₙ is s(xᵢ) at tᵢ. To 1e-13 (1 + |s|): the order of a sum may differ.',
    source: 'definition of Score.Model',
    says: each => {
      const { together, alone, within } = outputsTogetherAndAlone(Score.interpret(score).score, each)
      return equals(together, alone, within)
    }
  })

const headsAreRowwiseAndContainOutput = <P extends string>(
  score: Score.Score<P>,
  options: ScoreOptions<P>
): LawBuilder | false => {
  const { heads, output, scoreless } = Score.interpret(score)
  if (heads === undefined || scoreless === true) return false
  return forAll(scoreCases(score, options))({
    name: 'its heads see each row alone, and the output is one of them',
    statement:
      '∀ θ, x, t₁…tₙ: each head gives a row of finite numbers for each row; row i at levels t₁…tₙ is that of xᵢ alone at tᵢ. To 1e-13 (1 + size) of it: the order of a sum may differ. The output is a head, exactly.',
    source: 'definition of Score.Model',
    says: (each: ScoreCase<P>) => {
      const { params, points, time, schedule } = each
      const names = compute(() =>
        Params.map<Tensor, Tensor>(() => fill([1], 1))(
          heads(
            Score.tensors(params),
            Points.pointsTensor(points),
            levelTensors(points.rows, Schedule.level(time)(schedule))
          )
        )
      )
      const found = Object.keys(names).map(name =>
        outputsTogetherAndAlone<P>((...given) => heads(...given)[name], each)
      )
      const wanted = outputsTogetherAndAlone(output, each).together
      return [
        found.map(({ together, alone, within }) => [areFinite(together), equals(together, alone, within)]),
        equals(found.some(({ together }) => together.every((x, i) => x === wanted[i])) ? 1 : 0, 1)
      ]
    }
  })
}

const divergenceIsTrace = <P extends string>({ score, lawOf }: NetworkSubject<P>): LawBuilder =>
  lawOf({
    name: 'divergence is the trace of the Jacobian',
    quantity: 'divergence',
    statement:
      '∀ θ, t, x: div s(x) = Σⱼ ∂sⱼ/∂xⱼ. To 1e-8 (1 + r²)² (1 + |div s|), r the greatest entry: differences of fourth order at one of the steps 2e-3, 2e-4 over 1 + r, as thin components change fast.',
    source: HYVARINEN_2005,
    maxCases: MAX_NETWORK_CASES,
    says: each => {
      const { points, params } = each
      const r = maxAbs([...points.values, ...flattenParams(params)])
      const found = evaluateDivergences(score, each)
      const [first, second] = [2e-3, 2e-4].map(step =>
        Array.from(found, (_, i) =>
          sumNumbers(scoreAlongCoordinates(score, each, i).map(f => centralDifference(f, step / (1 + r))))
        )
      )
      const wanted = first.map((x, i) => (Math.abs(x - found[i]) < Math.abs(second[i] - found[i]) ? x : second[i]))
      return equals(found, wanted, 1e-8 * Elementary.square(1 + r * r) * (1 + maxAbs(wanted)))
    }
  })

const divergenceIsWithinSlopes = <P extends string>({ score, lawOf }: NetworkSubject<P>): LawBuilder =>
  lawOf({
    name: 'divergence is a sum of slopes',
    quantity: 'divergence',
    statement:
      '∀ θ, t, x: div s(x) lies between the sums over j of the least and of the greatest of the slopes of sⱼ along j to the left and to the right, by differences of second order at one of the steps h = 1e-3/r², 1e-4/r², 1e-5/r²: within a step of a kink the larger ones see it. To F r² (10 h² r⁴ + 1e-15/h), F = (1 + |s|)(1 + r²), r − 1 the greatest entry; x is moved by normal numbers off where kinks meet.',
    source: 'definition of the subgradient',
    says: given => {
      // At an intersection of kinks one-sided slopes need not add up; random points avoid it.
      const each = { ...given, points: perturbPoints(given) }
      const { points, params } = each
      const r = 1 + maxAbs([...points.values, ...flattenParams(params)])
      const size = (1 + r * r) * (1 + maxAbs(evaluateCase(score, { ...each, points }).values))
      return Array.from(evaluateDivergences(score, each), (found, i) =>
        slopeIsWithinBounds(found, oneSidedSlopeBounds(scoreAlongCoordinates(score, each, i), { r, size }))
      )
    }
  })

const evaluateDivergences = <P extends string>(
  score: Score.Score<P>,
  { schedule, params, time, points }: ScoreCase<P>
): Float64Array =>
  compute(() =>
    Score.interpret(score).divergence(
      Score.tensors(params),
      Points.pointsTensor(points),
      levelTensors(points.rows, Schedule.level(time)(schedule))
    )
  ).values

/** Entry j of the score of row i as a function of coordinate j of x, for each j. */
const scoreAlongCoordinates = <P extends string>(
  score: Score.Score<P>,
  each: ScoreCase<P>,
  i: number
): ReadonlyArray<(step: number) => number> => {
  const { rows, dim, values } = each.points
  return Array.from({ length: dim }, (_, j) => step => {
    const moved = values.map((x, at) => (at % dim === j ? x + step : x))
    return evaluateCase(score, { ...each, points: { rows, dim, values: moved } }).values[i * dim + j]
  })
}

/**
 * Returns the laws of a score: those of any network, of a mixture if it is (or claims to be) the score of one, and its symmetries.
 *
 * @example
 * import fc from 'fast-check'
 * import { Score } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.score(Score.symmetricPair).forEach(({ property }) => {
 *   fc.assert(property, { numRuns: 3 })
 * })
 */
export const score = <P extends string>(score: Score.Score<P>, options: ScoreOptions<P> = {}): Laws => {
  const { symmetries = symmetriesOf(score) } = options
  const mixture = options.mixture ?? O.toUndefined(Density.textbookMixture(score))
  const { family } = Score.interpret(score)
  return ofRows(Score.show(score), [
    student(score, options),
    ...(mixture === undefined
      ? densityLaws(score, options)
      : [mixtureScoreLaw(score, mixture, scoreCases(score, options))]),
    ...(family ? [...mixtureMapLaws(score, family, options), ...scaleLaws(score, family, options)] : []),
    degreesOfFreedomLaw(score),
    ...symmetryLaws(score, symmetries, scoreCases(score, options)),
    guidance(score),
    family !== undefined && ExpectationMaximization.supportsEM(family) && emStepLaws(score, options)
  ])
}

/** Laws of a family's maps between parameters and mixtures, its centres and its components. */
const mixtureMapLaws = <P extends string>(
  score: Score.Score<P>,
  family: Score.Family<P>,
  options: ScoreOptions<P>
): ReadonlyArray<LawBuilder> => {
  const subject = familySubject(score, family, options)
  return [
    densityIsThatOfMixture(subject),
    parametersRoundTripMixture(subject),
    startHasItsCentres(subject),
    componentPeaksAtItsCentre(subject),
    familyIsClosed(subject),
    componentsHaveUnitVariance(subject)
  ]
}

const familySubject = <P extends string>(score: Score.Score<P>, family: Score.Family<P>, options: ScoreOptions<P>) => ({
  family,
  options,
  lawOf: forAll(scoreCases(score, options)),
  logOf: (params: Params.Params<P>, points: Points.Points, level: Schedule.Level): Float64Array =>
    compute(() =>
      family.logDensity(Score.tensors(params), Points.pointsTensor(points), levelTensors(points.rows, level))
    ).values,
  tolerance: 'To 1e-11 (1 + r²)² (1 + |log p|), r the greatest entry.',
  close: ({ points, params }: ScoreCase<P>, found: Float64Array, wanted: Float64Array): LawRelations => {
    const r = maxAbs([...points.values, ...flattenParams(params)])
    const size = Elementary.square(1 + r * r)
    return equals(found, wanted, 1e-11 * size * (1 + maxAbs(wanted)))
  }
})
type FamilySubject<P extends string> = ReturnType<typeof familySubject<P>>

const densityIsThatOfMixture = <P extends string>({
  family: { toMixture },
  lawOf,
  logOf,
  tolerance,
  close
}: FamilySubject<P>): LawBuilder =>
  lawOf({
    claim: toMixture,
    reason: UNDECLARED_REASON,
    name: 'is the mixture that it says',
    quantity: 'log-density',
    statement: `∀ θ, t, x: log p_t(x) is that of the mixture that θ is said to be, diffused. ${tolerance}`,
    source: 'definition of `toMixture`',
    says: (each, toMixture) => {
      const { schedule, time, params, points } = each
      const level = Schedule.level(time)(schedule)
      const wanted = pipe(toMixture(params), Mixture.diffuse(level), Mixture.logDensity(points))
      return close(each, logOf(params, points, level), wanted)
    }
  })

const parametersRoundTripMixture = <P extends string>({
  family: { toMixture, fromMixture },
  lawOf,
  logOf,
  tolerance,
  close
}: FamilySubject<P>): LawBuilder =>
  lawOf({
    claim: toMixture && fromMixture && { to: toMixture, from: fromMixture },
    reason: UNDECLARED_REASON,
    name: 'is made of its mixture again',
    statement: `∀ θ, x: the parameters that are made of the mixture that θ is have the log p of θ; degrees of freedom up to ${Student.MAX_DEGREES}. ${tolerance}`,
    source: 'definition of `fromMixture`',
    says: (each, { to, from }) => {
      const mixture = to(each.params)
      // Larger degrees of freedom are clipped.
      if (mixture.tails?.some(nu => nu > Student.MAX_DEGREES) === true) return []
      const [found, wanted] = [from(mixture), each.params].map(params => logOf(params, each.points, CLEAN_LEVEL))
      return close(each, found, wanted)
    }
  })

const startHasItsCentres = <P extends string>({
  family,
  lawOf,
  logOf,
  tolerance,
  close
}: FamilySubject<P>): LawBuilder =>
  lawOf({
    claim: family.start,
    reason: UNDECLARED_REASON,
    name: 'starts at the centres that it is given',
    quantity: 'centres or log-density',
    statement: `∀ centres c, v of 0.3, 1 and 2: the parameters that are made of them have these centres, exactly, those beside known components some of them, and log p(x) = log Σ N(x; c_k, vI)/K where there is a component for each, all Gaussian, and variances are learned. ${tolerance}`,
    source: 'definition of `start`',
    says: (each, start) => {
      const { points, seed } = each
      const { dim } = points
      const { count, fixedComponents, unitVariance, hasTails, hasBackground } = family
      const variance = [0.3, 1, 2][seed % 3]
      const centres = {
        shape: [start.count, dim],
        values: Key.normal(start.count * dim)(Key.fromSeed(seed)).map(z => 2 * z)
      }
      const made = start.fromCentres(centres, variance)
      const rows = Array.from({ length: start.count }, (_, k) =>
        Array.from(centres.values.slice(k * dim, (k + 1) * dim))
      )
      const mixture = Mixture.of({ means: rows, variances: rows.map(() => variance) })
      const found = start.centres(made).values
      // Fixed components keep their centres.
      const free = Density.listRows({ rows: start.count, dim, values: found }).filter(
        (_, k) => !fixedComponents.includes(k)
      )
      const off = free.map(centre => Math.min(...rows.map(row => maxAbs(Density.subtractRows(centre, row)))))
      return [
        fixedComponents.length === 0 ? equals(found, centres.values) : equals(off, 0),
        fixedComponents.length === 0 &&
          !unitVariance &&
          !hasTails &&
          !hasBackground &&
          start.count === count(dim) &&
          close(each, logOf(made, points, CLEAN_LEVEL), Mixture.logDensity(points)(mixture))
      ]
    }
  })

const componentPeaksAtItsCentre = <P extends string>({
  family: { components },
  options,
  lawOf,
  tolerance
}: FamilySubject<P>): LawBuilder =>
  lawOf({
    claim: options.points === undefined,
    reason: 'its rows are not of the whole space',
    name: 'a component is likeliest at its centre',
    statement: `∀ θ, t, components k, coordinates j, h of 0.01, 0.3 and 3: log p_k(αc_k ± h e_j) ≤ log p_k(αc_k), c_k as its components say. ${tolerance}`,
    source: 'definition of `ComponentsOf`',
    maxCases: 30,
    says: ({ schedule, time, params, points: { dim } }) => {
      const level = Schedule.level(time)(schedule)
      const { shape, values } = compute(() => components(Score.tensors(params), dim).centres)
      const moves = [0.01, 0.3, 3].flatMap(h => Array.from({ length: 2 * dim }, (_, i) => (i < dim ? h : -h)))
      const at = Density.listRows({ rows: shape[0], dim, values: values.map(c => level.alpha * c) })
      const rows = at.flatMap(c => [c, ...moves.map((h, i) => c.map((x, j) => (j === i % dim ? x + h : x)))])
      const logs = compute(() =>
        components(Score.tensors(params), dim).logDensity(
          Points.pointsTensor(Density.pointsFromRows(dim, rows)),
          levelTensors(rows.length, level)
        )
      )
      const many = 1 + moves.length
      const r = Elementary.square(1 + maxAbs(values))
      return at.map((_, k) => {
        const own = Array.from({ length: many }, (_, i) => logs.values[(k * many + i) * logs.shape[1] + k])
        return atMost({ [`log p_${k + 1} off its centre`]: own.slice(1) }, own[0], 1e-11 * r * r * (1 + maxAbs(own)))
      })
    }
  })

/** Law that every name in `closedUnder` has the maps that it needs. */
const familyIsClosed = <P extends string>({ family: { unclosed = [] }, lawOf }: FamilySubject<P>): LawBuilder =>
  lawOf({
    claim: unclosed.length > 0,
    reason: 'it says nothing that it does not hold',
    name: 'is closed under what it says',
    statement:
      '`closedUnder` is followed by its two maps, toMixture and fromMixture: what it names can be done. Exactly.',
    source: 'definition of `closedUnder`',
    maxCases: 1,
    says: () =>
      sameBits(
        { 'closed under, and with no map to follow': unclosed },
        { 'closed under, and with no map to follow': [] }
      )
  })

const componentsHaveUnitVariance = <P extends string>({
  family: { components, unitVariance },
  lawOf,
  tolerance,
  close
}: FamilySubject<P>): LawBuilder =>
  lawOf({
    claim: unitVariance,
    reason: UNDECLARED_REASON,
    name: 'its components have the variance 1 that it says',
    quantity: 'log-density',
    statement: `∀ θ, x: log p_k(x) − log p_k(c_k) = −½|x − c_k|² of each component k. ${tolerance}`,
    source: 'definition of `unitVariance`',
    says: each => {
      const { params, points } = each
      const { shape, values } = compute(() => components(Score.tensors(params), points.dim).centres)
      const middles = { rows: shape[0], dim: points.dim, values }
      const joint = (x: Points.Points): ReadonlyArray<Density.NumberRow> =>
        Density.listRows({
          rows: x.rows,
          dim: middles.rows,
          values: compute(() =>
            components(Score.tensors(params), x.dim).logDensity(
              Points.pointsTensor(x),
              levelTensors(x.rows, CLEAN_LEVEL)
            )
          ).values
        })
      const atCentres = joint(middles).map((row, k) => row[k])
      const wanted = Density.listRows(points).flatMap(x =>
        Density.listRows(middles).map((c, k) => {
          const off = Density.subtractRows(x, c)
          return atCentres[k] - dotProduct(off, off) / 2
        })
      )
      return close(each, Float64Array.from(joint(points).flat()), Float64Array.from(wanted))
    }
  })

/** Laws of a family's distance of parameters and its change under scaled data. */
const scaleLaws = <P extends string>(
  score: Score.Score<P>,
  family: Score.Family<P>,
  options: ScoreOptions<P>
): ReadonlyArray<LawBuilder> => {
  const { scaled, distance } = family
  const { lawOf, logOf, tolerance, close } = familySubject(score, family, options)
  return [
    lawOf({
      claim: distance,
      reason: UNDECLARED_REASON,
      name: 'measures steps in proportion',
      quantity: 'ratio of distances',
      statement:
        '∀ θ, v of length 1, also across θ or of one entry, of an entry only where none of θ is 0 and log p has a derivative by it, as what is held has not: from θ to itself it is 0, to θ + hv more, and twice as far to θ + 2hv, h = 1e-4. To 1e-2 of it: the next order of h.',
      source: 'Fisher’s metric',
      says: ({ params, points, seed }, distance) => {
        const along = randomDirection(params, seed)
        const size = dotProduct(flattenParams(params), flattenParams(params))
        const share = size === 0 ? 0 : dotProduct(flattenParams(along), flattenParams(params)) / size
        const across = Params.zipWith((v, p) => v - share * p)(along, params)
        const shapes = Params.shapes(params)
        const one = Params.unit(shapes, seed % Params.paramsSize(shapes))
        const { gradient } = valueAndGrad<P>(own =>
          sum(family.logDensity(own, Points.pointsTensor(points), levelTensors(points.rows, CLEAN_LEVEL)))
        )(params)
        const isGeneric =
          flattenParams(params).every(x => x !== 0) && dotProduct(flattenParams(gradient), flattenParams(one)) !== 0
        // In one dimension there is no orthogonal direction.
        const isWide = dotProduct(flattenParams(across), flattenParams(across)) > 0.01
        return [along, ...(isWide ? [across] : []), ...(isGeneric ? [one] : [])].map(towards => {
          const to = (step: number): number => distance(params, Params.zipWith((p, v) => p + step * v)(params, towards))
          const once = to(1e-4)
          return [equals(to(0), 0, 1e-9), above(once, 0), equals(to(2e-4) / once, 2, 1e-2)]
        })
      }
    }),
    lawOf({
      claim: scaled,
      reason: UNDECLARED_REASON,
      name: 'scales with its columns',
      quantity: 'score',
      statement: `∀ θ, x, D = diag(d), d_j of ½, 1, 2: log p(Dx; Dθ) = log p(x; θ) − Σ log d_j. ${tolerance}`,
      source: 'change of variables',
      says: (each, scaled) => {
        const { params, points, seed } = each
        const by = Float64Array.from({ length: points.dim }, (_, j) =>
          Elementary.powerOfTwo((Math.floor(seed / Elementary.pow(3, j)) % 3) - 1)
        )
        const moved = points.values.map((x, at) => by[at % points.dim] * x)
        const growth = by.reduce((sum, d) => sum + Elementary.log(d), 0)
        return close(
          each,
          logOf(scaled(by)(params), { ...points, values: moved }, CLEAN_LEVEL),
          logOf(params, points, CLEAN_LEVEL).map(log => log - growth)
        )
      }
    })
  ]
}

const INTEGRATION_STEPS = { 1: 8001, 2: 161 } as const

/** Double-exponential nodes on the whole line, up to 1e22. */
const wholeLine = (count: number): ReadonlyArray<{ readonly x: number; readonly weight: number }> =>
  Array.from({ length: count }, (_, i) => {
    const last = 4.2
    const half = Math.PI / 2
    const t = last * ((2 * i) / (count - 1) - 1)
    const u = half * Elementary.sinh(t)
    const step = (2 * last) / (count - 1)
    return { x: Elementary.sinh(u), weight: step * half * Elementary.cosh(t) * Elementary.cosh(u) }
  })

/** Laws of a family without a textbook formula, against its components. */
const densityLaws = <P extends string>(score: Score.Score<P>, options: ScoreOptions<P>): ReadonlyArray<LawBuilder> => {
  const { family } = Score.interpret(score)
  if (family === undefined) return []
  const subject = densitySubject(score, family, options)
  return [
    densityIsSumOfComponents(subject),
    scoreIsGradientOfLogDensity(subject),
    densityIntegratesToOne(subject),
    densityIsDiffused(subject)
  ]
}

const densitySubject = <P extends string>(
  score: Score.Score<P>,
  family: Score.Family<P>,
  options: ScoreOptions<P>
) => ({
  score,
  family,
  lawOf: forAll(scoreCases(score, options)),
  /** (1 + r²)² for the maximum r of data and parameters. */
  size: ({ points, params }: ScoreCase<P>): number =>
    Elementary.square(1 + Elementary.square(maxAbs([...points.values, ...flattenParams(params)]))),
  paramsIn: Arbitrary.params(score, { extent: 1.25, spread: 0.5 }),
  /** Density of rows, concatenated in `values`. */
  density: (
    params: Params.Params<P>,
    values: Float64Array,
    { dim, level }: { readonly dim: number; readonly level: Schedule.Level }
  ): Float64Array =>
    compute(() => {
      const rows = values.length / dim
      return family.logDensity(Score.tensors(params), tensor(values, [rows, dim]), levelTensors(rows, level))
    }).values.map(Elementary.exp)
})
type DensitySubject<P extends string> = ReturnType<typeof densitySubject<P>>

const densityIsSumOfComponents = <P extends string>({
  family: { components, count, logDensity, hasBackground },
  size,
  lawOf
}: DensitySubject<P>): LawBuilder =>
  lawOf({
    name: 'has the log-density of its components',
    statement:
      '∀ θ, t, x: log p_t(x) = log Σ π_k p_k(x), over as many components as it counts. To 1e-13 (1 + r²)² (1 + |log p|), r the greatest entry.',
    source: 'definition of a mixture',
    says: each => {
      const { schedule, time, params, points } = each
      const level = (): Score.RowLevel => levelTensors(points.rows, Schedule.level(time)(schedule))
      const of = (log: (own: Params.Tensors<P>, x: Tensor) => Tensor): Float64Array =>
        compute(() => log(Score.tensors(params), Points.pointsTensor(points))).values
      const wanted = of((own, x) => {
        const said = components(own, points.dim)
        return logSumExp(add(said.logDensity(x, level()), expandDims(said.logWeights, 0)), 1, true)
      })
      const found = of((own, x) => logDensity(own, x, level()))
      const counted = compute(() => components(Score.tensors(params), points.dim).logWeights).values.length
      return [
        equals(count(points.dim) + (hasBackground ? 1 : 0), counted),
        equals(found, wanted, 1e-13 * size(each) * (1 + maxAbs(wanted)))
      ]
    }
  })

const scoreIsGradientOfLogDensity = <P extends string>({
  score,
  family: { logDensity },
  size,
  lawOf
}: DensitySubject<P>): LawBuilder =>
  lawOf({
    name: 'its score is the gradient of its log-density',
    statement:
      '∀ θ, t, x: s(x) = ∇ log p_t(x), by autodiff of the log-density. To 1e-11 (1 + r²)² (1 + |s|), r the greatest entry.',
    source: HYVARINEN_2005,
    says: each => {
      const { schedule, time, params, points } = each
      const wanted = compute(() => {
        const level = levelTensors(points.rows, Schedule.level(time)(schedule))
        return grad(x => sum(logDensity(Score.tensors(params), x, level)))(Points.pointsTensor(points))
      }).values
      return equals({ s: evaluateCase(score, each).values }, { s: wanted }, 1e-11 * size(each) * (1 + maxAbs(wanted)))
    }
  })

const densityIntegratesToOne = <P extends string>({
  score,
  family: { hasBackground },
  density,
  paramsIn
}: DensitySubject<P>): LawBuilder =>
  forAll(
    Arbitrary.acceptedDims(score)
      .filter(dim => dim <= 2)
      .map(dim => fc.record({ params: paramsIn(dim), dim: fc.constant(dim) }))
  )({
    name: 'its density is one',
    quantity: 'integral of the density',
    statement: `∀ θ in one and two dimensions: ∫ p_0 = 1, by equal steps in t of x = sinh(½π sinh t), to which tails of any power are near: ${INTEGRATION_STEPS[1]} to 1e-5, and ${INTEGRATION_STEPS[2]} a coordinate to 5e-3, as at a kink.`,
    source: 'definition of a density; Takahasi & Mori 1974',
    maxCases: 4,
    claim: !hasBackground && Arbitrary.acceptedDims(score).some(dim => dim <= 2),
    reason: hasBackground ? 'its background is no density' : 'it takes rows of more columns',
    says: ({ params, dim }) => {
      const line = wholeLine(dim === 1 ? INTEGRATION_STEPS[1] : INTEGRATION_STEPS[2])
      const all = dim === 1 ? line.map(one => [one]) : line.flatMap(a => line.map(b => [a, b]))
      const weights = all.map(at => at.reduce((product, { weight }) => product * weight, 1))
      const found = density(params, Float64Array.from(all.flatMap(at => at.map(({ x }) => x))), {
        dim,
        level: CLEAN_LEVEL
      })
      return equals(dotProduct(found, weights), 1, dim === 1 ? 1e-5 : 5e-3)
    }
  })

const densityIsDiffused = <P extends string>({
  score,
  family: { hasTails, hasBackground },
  density,
  paramsIn
}: DensitySubject<P>): LawBuilder =>
  forAll(
    fc.record({
      params: paramsIn(1),
      time: fc.integer({ min: 1, max: 7 }).map(k => k / 10),
      x: fc.integer({ min: -6, max: 6 }).map(k => k / 2)
    })
  )({
    name: 'its density is that of the data, diffused',
    quantity: 'density',
    statement:
      '∀ θ in one dimension, t, x: p_t(x) = ∫ p_0(x_0) N(x; αx_0, σ²) dx_0. To 1e-6 (1 + p): 2000 equal steps over 7.5 deviations of the noise, of components no thinner than a half.',
    source: 'Song et al. 2021, arXiv 2011.13456',
    maxCases: 30,
    claim: !hasTails && !hasBackground && !Arbitrary.isCleanOnly(score) && Arbitrary.acceptedDims(score).includes(1),
    reason: Arbitrary.isCleanOnly(score)
      ? 'it is of time 0 only'
      : 'with noise its components are others, or it is not of a line',
    says: ({ params, time, x }) => {
      const { alpha, sigma } = Schedule.level(time)(Schedule.ornsteinUhlenbeck)
      const { nodes, weights } = Density.equalStepRule(2000)
      const before = density(
        params,
        nodes.map(z => (x - sigma * z) / alpha),
        { dim: 1, level: CLEAN_LEVEL }
      )
      const [now] = density(params, Float64Array.of(x), { dim: 1, level: { alpha, sigma } })
      return equals(now, dotProduct(before, weights) / alpha, 1e-6 * (1 + now))
    }
  })

const mixtureScoreLaw = <P extends string>(
  score: Score.Score<P>,
  mixture: (params: Params.Params<P>) => Density.IsotropicGaussians,
  cases: fc.Arbitrary<ScoreCase<P>>
): LawBuilder =>
  forAll(cases)({
    name: 'is the gradient of the log-density',
    quantity: 'score',
    statement: '∀ θ, t, x: s(x) = ∇ log p_t(x). To 1e-9 (1 + r²/u) r/u: differences of fourth order at step 2e-3 u/r.',
    source: HYVARINEN_2005,
    says: each => {
      const at = pipe(mixture(each.params), Density.noisedMixture(Schedule.level(each.time)(each.schedule)))
      const r = 1 + maxAbs(each.points.values) + maxAbs(at.flatMap(({ mean }) => mean))
      const u = Math.min(...at.map(({ variance }) => variance))
      const wanted = Density.listRows(each.points).flatMap(row =>
        row.map((_, j) =>
          centralDifference(
            step => Density.textbookLogDensity(row.map((x, i) => (i === j ? x + step : x)))(at),
            (2e-3 * u) / r
          )
        )
      )
      return equals(evaluateCase(score, each).values, wanted, 1e-9 * (1 + (r * r) / u) * (r / u))
    }
  })

const symmetryLaws = <P extends string>(
  score: Score.Score<P>,
  symmetries: ScoreSymmetries<P>,
  cases: fc.Arbitrary<ScoreCase<P>>
): ReadonlyArray<LawBuilder> => {
  const subject = { score, symmetries, lawOf: forAll(cases) }
  return [
    scoreIsOdd(subject),
    scoreIgnoresOrderOfComponents(subject),
    scoreRotatesWithData(subject),
    scoreTranslatesWithData(subject)
  ]
}

interface SymmetrySubject<P extends string> {
  readonly score: Score.Score<P>
  readonly symmetries: ScoreSymmetries<P>
  readonly lawOf: ReturnType<typeof forAll<ScoreCase<P>>>
}

const SYMMETRY_TOLERANCE_TEXT =
  'To 1e-13 (1 + r²)(r + |s|), r the size of points and parameters: exponents of size r² are rounded.'
const SYMMETRY_LAW_INFO = { option: 'symmetries', source: SYMMETRY_SOURCE }

/** Relation that a changed case has the score `becomes`. Default: the same. */
const sameScore = <P extends string>(
  score: Score.Score<P>,
  each: ScoreCase<P>,
  {
    becomes = row => row,
    ...changed
  }: Partial<Pick<ScoreCase<P>, 'params' | 'points'>> & {
    readonly becomes?: (row: Density.NumberRow) => Density.NumberRow
  }
): Relation => {
  const plain = evaluateCase(score, each)
  const r = 1 + maxAbs([...each.points.values, ...flattenParams(each.params)])
  const found = evaluateCase(score, { ...each, ...changed }).values
  return equals(found, mapPointRows(becomes)(plain).values, 1e-13 * (1 + r * r) * (r + maxAbs(plain.values)))
}

const scoreIsOdd = <P extends string>({ score, symmetries: { odd = false }, lawOf }: SymmetrySubject<P>): LawBuilder =>
  lawOf({
    ...SYMMETRY_LAW_INFO,
    name: 'is odd',
    quantity: 'score at −x',
    statement: `∀ θ, t, x: s(−x) = −s(x). ${SYMMETRY_TOLERANCE_TEXT}`,
    claim: odd,
    says: each => {
      const opposite = (row: Density.NumberRow): Density.NumberRow => Density.scaleRow(-1, row)
      return sameScore(score, each, { points: mapPointRows(opposite)(each.points), becomes: opposite })
    }
  })

const scoreIgnoresOrderOfComponents = <P extends string>({
  score,
  symmetries: { relabel },
  lawOf
}: SymmetrySubject<P>): LawBuilder =>
  lawOf({
    ...SYMMETRY_LAW_INFO,
    name: 'does not know the order of the components',
    statement: `∀ θ, t, x, permutations π: s(x; πθ) = s(x; θ). ${SYMMETRY_TOLERANCE_TEXT}`,
    claim: relabel,
    says: (each, relabel) => sameScore(score, each, { params: relabel(each.seed)(each.params) })
  })

const scoreRotatesWithData = <P extends string>({
  score,
  symmetries: { rotate },
  lawOf
}: SymmetrySubject<P>): LawBuilder =>
  lawOf({
    ...SYMMETRY_LAW_INFO,
    name: 'turns with data and centres',
    statement: `∀ θ, t, x, orthogonal Q: s(Qx; Qθ) = Q s(x; θ). ${SYMMETRY_TOLERANCE_TEXT}`,
    claim: rotate,
    says: (each, rotate) => {
      const turn = orthogonalMap(each.seed, each.points.dim)
      return sameScore(score, each, {
        params: rotate(turn)(each.params),
        points: mapPointRows(turn)(each.points),
        becomes: turn
      })
    }
  })

const scoreTranslatesWithData = <P extends string>({
  score,
  symmetries: { translate },
  lawOf
}: SymmetrySubject<P>): LawBuilder =>
  lawOf({
    ...SYMMETRY_LAW_INFO,
    name: 'moves with data and centres',
    quantity: 'score',
    statement: `∀ θ, t, x, b: s(x + αb; θ + b) = s(x; θ). ${SYMMETRY_TOLERANCE_TEXT}`,
    claim: translate,
    says: (each, translate) => {
      const { alpha } = Schedule.level(each.time)(each.schedule)
      const by = Array.from({ length: each.points.dim }, (_, j) => ((each.seed % 7) - 3) / (j + 2))
      const points = mapPointRows(row => Density.addRows(row, Density.scaleRow(alpha, by)))(each.points)
      return sameScore(score, each, { params: translate(by)(each.params), points })
    }
  })

/**
 * Laws that descent on an objective corresponds to EM on populations: both fix the truth and converge to it; for separated components −½ ∂L
 * is EM's step times one factor.
 */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { iterate } from '../../lib/plain/iterate.js'
import { refuse } from '../../lib/plain/refuse.js'
import {
  Compile,
  Initializer,
  Key,
  Mixture,
  Optimizer,
  Params,
  Pipeline,
  Population,
  Problem,
  Run,
  Schedule,
  Score,
  Stage
} from '../index.js'
import * as NoiseLevels from '../objective/noiseLevels.js'
import * as ExpectationMaximization from '../mixture/em/expectationMaximization.js'
import * as Objective from '../objective/index.js'
import * as Arbitrary from './arbitraries.js'
import { meanNumber, compiledOrThrow, dotProduct, flattenParams, maxAbs, FEW_EVALUATIONS, sumNumbers } from './check.js'
import { atLeast, atMost, equals, decreasesByFactor, forAll, ofRows, type LawBuilder } from './lawRows.js'
import * as Density from './density.js'
import type { Step } from './maximization.js'
import type { Laws } from './law.js'
import { codeOf, scripted } from './script.js'
import { populationPoints, type PopulationPoints } from './whole.js'

export interface CorrespondenceOptions<P extends string> {
  readonly score: Score.Score<P>
  /** Objective, or its function of a known truth. Default: the implicit objective at time 0.1. */
  readonly objective?: Objective.Objective | ((truth: Mixture.Mixture) => Objective.Objective)
  /** Default: L-BFGS. */
  readonly optimizer?: Optimizer.Optimizer
  /** Stage for populations in place of descent. */
  readonly stage?: Stage.Stage
  readonly schedule?: Schedule.Schedule
  /** EM step. Default: `ExpectationMaximization.step`. */
  readonly step?: Step
}

const EM_VARIANCE_FLOOR = 1e-6
/** Nodes of x_0 and of z each, for losses that read the noise. */
const POPULATION_NODES = 64
/** Displacement of weights and shapes within which the correspondence is linear. */
const SMALL_MOVE = 1e-3

const SHAH_SECTION_3 = 'Shah, Chen & Klivans 2023, arXiv 2307.01178, §3'

/**
 * Returns the laws of the correspondence with EM; throws if the score's family has no M-step.
 *
 * @example
 * import fc from 'fast-check'
 * import { Objective, Score, NoiseLevels } from 'ornstein'
 * import { mean, square, sub } from 'ornstein/float64'
 * import * as laws from 'ornstein/laws'
 *
 * const averaged = Objective.custom('mean over coordinates', NoiseLevels.at(0.1), ({ score, target }) => mean(square(sub(score, target)), 1))
 * laws.correspondsToEM({ score: Score.spherical({ components: 2 }), objective: averaged }).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 1 })
 * })
 */
export const correspondsToEM = <P extends string>(options: CorrespondenceOptions<P>): Laws => {
  const {
    score,
    objective = Objective.implicit(NoiseLevels.at(0.1)),
    optimizer = Optimizer.lbfgs(),
    stage,
    schedule = Schedule.ornsteinUhlenbeck,
    step = ExpectationMaximization.step
  } = options
  const given = { score, objective, optimizer, ...(stage && { stage }), schedule }
  const subject = correspondenceSubject({ ...given, step })
  return scripted(
    { by: 'correspondsToEM', of: [given] },
    ofRows(`correspondsToEM(${codeOf(given)})`, [
      truthIsFixedPoint(subject),
      descentIsScaledEM(subject),
      correctionVanishes(subject),
      descentStaysNearEMFixedPoint(subject),
      descentAndEMReachTruth(subject)
    ])
  )
}

type GivenCorrespondence<P extends string> = CorrespondenceOptions<P> &
  Required<Omit<CorrespondenceOptions<P>, 'stage'>>

const correspondenceSubject = <P extends string>(given: GivenCorrespondence<P>) => {
  const { score, objective, schedule, step } = given
  const { family } = Score.interpret(score)
  if (family === undefined || !ExpectationMaximization.supportsEM(family))
    return refuse(`${Score.show(score)} has no M-step; give its family one, or take Score.spherical`)
  const mixtureOf = (params: Params.Params<P>): Mixture.Mixture =>
    pipe(
      Score.toMixture(score)(params),
      O.getOrElse((): Mixture.Mixture => refuse(`${Score.show(score)} does not say its mixture`))
    )
  const objectiveOf = (truth: Mixture.Mixture): Objective.Objective =>
    Objective.concept.is(objective) ? objective : objective(truth)
  const populationOf = (truth: Mixture.Mixture): PopulationPoints =>
    populationPoints({ schedule, score, objective: objectiveOf(truth) }, truth, POPULATION_NODES)
  const emStepOn = (truth: Mixture.Mixture) => {
    const next = step(family, EM_VARIANCE_FLOOR, Population.of(truth))
    return (params: Params.Params<P>): Params.Params<P> => next(params).params
  }
  const lossOn = (truth: Mixture.Mixture) => {
    const { points, expectation } = populationOf(truth)
    const loss = { schedule, score, objective: objectiveOf(truth), expectation }
    const evaluate = compiledOrThrow(Compile.valueAndGrad(loss, FEW_EVALUATIONS)(points))
    return (params: Params.Params<P>) => evaluate(params, Key.fromSeed(0))
  }

  const start = separatedParams(score, 6)
  const truth = mixtureOf(start)
  const { isExact } = populationOf(truth)
  const times = matchingTimes(objectiveOf(truth), schedule)
  const compileDescentOn = descentCompiler(given, objectiveOf, populationOf)
  const firstDescent = compileDescentOn(truth, start)
  const sizes = Object.entries<{ readonly values: Float64Array }>(separatedParams(score, 1)).map(
    ([name, { values }]) => [name, values.length] as const
  )
  const shapeSizes = sizes.map(([name, size]) => (isShape(name) ? size : 0))
  return {
    ...{ score, isExact, times, mixtureOf, emStepOn, lossOn },
    precision: isExact
      ? { separation: 16, approach: [6, 8, 10, 12], error: 1e-5, limit: 3e-4, end: 1e-4 }
      : { separation: 12, approach: [6, 8, 10], error: 1e-3, limit: 1e-2, end: 1e-3 },
    unit: noisedUnit(times, schedule),
    // Many noise levels take seconds.
    maxCases: times.length > 4 ? 1 : 3,
    /** Names and sizes of compared parameters; shapes only if each component has one number. */
    compared: sizes.filter(([name]) => sumNumbers(shapeSizes) <= truth.weights.length || !isShape(name)),
    endsClaim: {
      claim: E.isRight(firstDescent),
      ...(E.isLeft(firstDescent) && { reason: firstDescent.left.map(Problem.show).join('; ') })
    },
    descend: (truth: Mixture.Mixture, start: Params.Params<P>): Params.Params<P> =>
      compiledOrThrow(compileDescentOn(truth, start))(),
    iterateEM: (truth: Mixture.Mixture, start: Params.Params<P>): Params.Params<P> => fixedPoint(emStepOn(truth))(start)
  }
}
type CorrespondenceSubject<P extends string> = ReturnType<typeof correspondenceSubject<P>>

const matchingTimes = (objective: Objective.Objective, schedule: Schedule.Schedule): ReadonlyArray<number> =>
  Objective.terms(objective).flatMap(({ term }) =>
    Objective.isMatching(term)
      ? NoiseLevels.quadrature(schedule, NoiseLevels.DEFAULT_NODES)(term.noiseLevels).map(({ time }) => time)
      : []
  )

/** Distance of rows that the noisiest time leaves one standard deviation apart: √(α² + σ²)/α. */
const noisedUnit = (times: ReadonlyArray<number>, schedule: Schedule.Schedule): number =>
  times.reduce((most, time) => {
    const { alpha, sigma } = Schedule.level(time)(schedule)
    return Math.max(most, Math.sqrt(alpha * alpha + sigma * sigma) / alpha)
  }, 1)

/** Compiles the stage on a population, or 200 steps of the optimizer on the objective. */
const descentCompiler =
  <P extends string>(
    { score, schedule, optimizer, stage }: GivenCorrespondence<P>,
    objectiveOf: (truth: Mixture.Mixture) => Objective.Objective,
    populationOf: (truth: Mixture.Mixture) => PopulationPoints
  ) =>
  (truth: Mixture.Mixture, start: Params.Params<P>) => {
    const { points, expectation }: Partial<PopulationPoints> & Pick<PopulationPoints, 'points'> =
      stage === undefined ? populationOf(truth) : { points: Population.of(truth) }
    const descent = () =>
      Stage.descend({
        objective: objectiveOf(truth),
        optimizer,
        ...(expectation && { expectation }),
        steps: 200,
        relativeChange: 1e-8
      })
    const pipeline = Pipeline.of({
      schedule,
      score,
      initializer: Initializer.values(start),
      stages: [stage ?? descent()]
    })
    return pipe(
      Compile.pipeline(pipeline)(points),
      E.map(program => () => Run.last(program)(Key.fromSeed(0)).params)
    )
  }

// —— laws ——

const onOffsets = forAll(fc.record({ off: fc.constantFrom(0.25, 0.1, 0.5) }))

const truthIsFixedPoint = <P extends string>(subject: CorrespondenceSubject<P>): LawBuilder => {
  const { score, isExact, times, mixtureOf, emStepOn, lossOn } = subject
  return forAll(
    // In two dimensions many noise levels take millions of rows.
    (isExact && times.length < 3 ? [1, 2] : [1]).map(dim =>
      fc.record({ params: Arbitrary.params(score, { extent: 1.25, spread: 1.25 })(dim).map(moderateShapes) })
    )
  )({
    name: 'the truth is a fixed point of both',
    quantity: 'gradient at the truth',
    statement: `∀ θ in one dimension and two, x_0 from the mixture of θ: EM(θ) = θ and ∇L(θ) = 0. To 1e-9 and 1e-9 (1 + |L|), on populations; to 1e-4 (1 + |L|), and in one dimension, by ${POPULATION_NODES} equal steps of data and of noise, where L reads the noise itself.`,
    source: 'Dempster, Laird & Rubin 1977; Vincent 2011',
    maxCases: 6,
    says: ({ params }) => {
      const before = mixtureOf(params)
      const after = mixtureOf(emStepOn(before)(params))
      const { value, gradient } = lossOn(before)(params)
      return [
        equals(emMixtureEntries(after), emMixtureEntries(before), 1e-9),
        equals(flattenParams(gradient), 0, (isExact ? 1e-9 : 1e-4) * (1 + Math.abs(value)))
      ]
    }
  })
}

const descentIsScaledEM = <P extends string>(subject: CorrespondenceSubject<P>): LawBuilder => {
  const { precision, maxCases } = subject
  return onOffsets({
    name: 'apart, descent is EM’s step times one factor',
    statement: `In one dimension, unit variances, noised components ${precision.separation} of their deviations apart, ∀ δ, means off by δ all one way, apart, or one alone, log weights and shapes by ${SMALL_MOVE}: −½ ∂L/∂θ_k = f · (EM(θ)_k − θ_k), as far as it changes sign with δ, with one f > 0 for means, one for shapes, and one ≥ 0 for weights. To ${precision.error} δ of the f of means: ρ⁴ e^{−ρ²/8}, and ${SMALL_MOVE}² for what is not linear.`,
    source: SHAH_SECTION_3,
    maxCases,
    says: ({ off }) => {
      const all = stepsNearTruth(subject, precision.separation, off)
      const factors = emFactors(subject, all)
      const tolerance = precision.error * Math.abs(meanFactor(factors))
      return [
        Object.entries(factors).map(([name, f]) =>
          isMean(name) || (isShape(name) && all.some(each => each.name === name))
            ? atMost(1e-6, { [`f of ${name}`]: f })
            : atLeast({ [`f of ${name}`]: f }, 0, tolerance)
        ),
        all.map(({ name, descent, em }) =>
          equals({ [name]: descent }, { [name]: Density.scaleRow(factors[name], em) }, tolerance)
        )
      ]
    }
  })
}

const correctionVanishes = <P extends string>(subject: CorrespondenceSubject<P>): LawBuilder => {
  const { precision, maxCases } = subject
  return onOffsets({
    name: 'the correction vanishes with separation',
    statement: `In one dimension, unit variances, ∀ δ: the correction G = −½ ∂L − f · (EM(θ) − θ), f those of noised components ${precision.separation} of their deviations apart, falls to less than 0.4 of it from ρ = ${precision.approach.join(' to ')}, until it is below ${precision.error} δ of the f of means: responsibilities err by e^{−ρ²/8}; and the f tend to limits: those at the last two agree to ${precision.limit}.`,
    source: `${SHAH_SECTION_3}: responsibilities err by e^{−ρ²/8}, halfway between components ρ deviations apart`,
    maxCases,
    says: ({ off }) => {
      const factors = emFactors(subject, stepsNearTruth(subject, precision.separation, off))
      const size = Math.abs(meanFactor(factors))
      const found = precision.approach.map(apart => stepsNearTruth(subject, apart, off))
      const sizes = found.map(all =>
        maxAbs(
          all.flatMap(({ name, descent, em }) => Density.subtractRows(descent, Density.scaleRow(factors[name], em)))
        )
      )
      return [
        decreasesByFactor(sizes, 0.4, precision.error * size),
        equals(emFactors(subject, found[found.length - 1]), factors, precision.limit * size)
      ]
    }
  })
}

const descentStaysNearEMFixedPoint = <P extends string>(subject: CorrespondenceSubject<P>): LawBuilder => {
  const { score, precision, endsClaim, unit, mixtureOf, descend, iterateEM } = subject
  return forAll(fc.record({ variance: fc.constantFrom(1.3, 0.7), share: fc.constantFrom(0.4, 0.5, 0.6) }))({
    ...endsClaim,
    name: 'a fixed point of EM is one of descent, within the correction',
    quantity: 'gradient at the fixed point',
    statement: `∀ populations in one dimension of other variances and weights than the start’s, which a family may not have: how far descent leads the means from EM’s fixed point halves at least, with noised components 4 to 6 to 8 of their deviations apart, until it is below ${precision.end}.`,
    source: SHAH_SECTION_3,
    maxCases: 2,
    says: ({ variance, share }) => {
      const moves = [4, 6, 8].map(apart => {
        const start = separatedParams(score, apart * unit)
        const { means: centres, weights } = mixtureOf(start)
        const shares = Array.from(weights, (_, k) => (k % 2 === 0 ? share : 1 - share))
        const truth = Mixture.of({
          means: Array.from(centres.values, c => [c]),
          weights: shares.map(each => each / sumNumbers(shares)),
          variances: shares.map(() => variance)
        })
        const em = iterateEM(truth, start)
        return maxAbs(Density.subtractRows(meanEntries(descend(truth, em)), meanEntries(em)))
      })
      return decreasesByFactor(moves, 1 / 2, precision.end)
    }
  })
}

const descentAndEMReachTruth = <P extends string>(subject: CorrespondenceSubject<P>): LawBuilder => {
  const { score, precision, endsClaim, mixtureOf, descend, iterateEM } = subject
  return forAll(fc.record({ apart: fc.constantFrom(3.5, 3, 4), off: fc.constantFrom(0.4, 0.25, -0.4) }))({
    ...endsClaim,
    name: 'descent and EM end in the same place from the same start',
    statement: `∀ populations of the family in one dimension, unit variances, components 3 to 4 apart: from means off by δ in turn both end at the truth, to ${precision.end}.`,
    source: SHAH_SECTION_3,
    maxCases: 3,
    says: ({ apart, off }) => {
      const truth = separatedParams(score, apart)
      const start = separatedParams(score, apart, name => (isMean(name) ? off : 0))
      return [iterateEM, descend].map(of =>
        equals(meanEntries(of(mixtureOf(truth), start)), meanEntries(truth), precision.end)
      )
    }
  })
}

/** Entries of a mixture, named for messages as those of EM. */
const emMixtureEntries = ({ means, weights, ...mixture }: Mixture.Mixture): object => ({
  'EM’s means': means.values,
  'EM’s weights': weights,
  'EM’s variances': Mixture.covariances({ means, weights, ...mixture }).values
})

// —— steps near the truth ——

/**
 * −½ ∂L and EM's step per unit displacement, by central differences: of means by `off`, of other parameters by `SMALL_MOVE`, at a truth
 * with noised components `apart` standard deviations apart.
 */
const stepsNearTruth = <P extends string>(
  { score, unit, compared, mixtureOf, emStepOn, lossOn }: CorrespondenceSubject<P>,
  apart: number,
  off: number
): ReadonlyArray<DescentAndEMSteps> => {
  const truth = mixtureOf(separatedParams(score, apart * unit))
  const loss = lossOn(truth)
  const next = emStepOn(truth)
  return compared.flatMap(([name, size]) =>
    entryDirections(size)
      .slice(0, size)
      .map((direction): DescentAndEMSteps => {
        const by = isMean(name) ? off : SMALL_MOVE
        const at = (by: number) => separatedParams(score, apart * unit, other => (other === name ? by : 0), direction)
        const oddPart = (of: (params: Params.Params<P>) => Params.Params<string>): Density.NumberRow =>
          Density.scaleRow(
            1 / (2 * by),
            Density.subtractRows(Array.from(of(at(by))[name].values), Array.from(of(at(-by))[name].values))
          )
        const em = oddPart(params => Params.zipWith((x, y: number) => x - y)(next(params), params))
        const centre = name === 'logits' ? meanNumber(em) : 0
        const gradient = oddPart(params => loss(params).gradient)
        return { name, descent: Density.scaleRow(-1 / 2, gradient), em: em.map(e => e - centre) }
      })
  )
}

/** Least-squares factor f of descent ≈ f · EM's step over all directions, by parameter; 0 if EM's step vanishes. */
const emFactors = <P extends string>(
  { score }: CorrespondenceSubject<P>,
  all: ReadonlyArray<DescentAndEMSteps>
): Readonly<Record<string, number>> =>
  Object.fromEntries(
    Object.keys(separatedParams(score, 1)).map(name => {
      const own = all.filter(each => each.name === name)
      const square = sumNumbers(own.map(({ em }) => dotProduct(em, em)))
      return [name, square === 0 ? 0 : sumNumbers(own.map(({ descent, em }) => dotProduct(descent, em))) / square]
    })
  )

const isMean = (name: string): boolean => name === 'mean' || name === 'means'
/** True for variances and their like. */
const isShape = (name: string): boolean => !isMean(name) && name !== 'logits'

type EntryDirection = (k: number) => number

/** Directions of displacement: all entries alike, linear in the entry's index, and single entries. */
const entryDirections = (size: number): ReadonlyArray<EntryDirection> => [
  () => 1,
  ...(size < 2 ? [] : [(k: number) => (2 * k) / (size - 1) - 1]),
  ...Array.from(
    { length: Math.max(0, size - 2) },
    (_, i): EntryDirection =>
      k =>
        k === i + 1 ? 1 : 0
  )
]

/**
 * Parameters in one dimension of components `apart`, with variance 1 and equal weights, displaced along `direction` by `moved(name)`
 * (default: 0).
 */
const separatedParams = <P extends string>(
  score: Score.Score<P>,
  apart: number,
  moved: (name: string) => number = () => 0,
  direction: EntryDirection = k => (k % 2 === 0 ? 1 : -1)
): Params.Params<P> =>
  pipe(
    Score.shapes(1)(score),
    Params.map<ReadonlyArray<number>, Params.Params<P>[P]>((shape, name) => {
      const size = shape.reduce((product, n) => product * n, 1)
      const middle = name === 'mean' ? -0.5 : (size - 1) / 2
      return {
        shape,
        values: Float64Array.from(
          { length: size },
          (_, k) => (isMean(name) ? apart * (k - middle) : 0) + moved(name) * direction(k)
        )
      }
    })
  )

/** Parameters with smaller log-variances and logits, to limit the number of nodes. */
const moderateShapes = <P extends string>(params: Params.Params<P>): Params.Params<P> =>
  Params.map<Params.Params<P>[P], Params.Params<P>[P]>((array, name) =>
    isMean(name) ? array : { ...array, values: array.values.map(value => value / 5) }
  )(params)

const meanEntries = <P extends string>(params: Params.Params<P>): ReadonlyArray<number> =>
  Params.names(params)
    .filter(isMean)
    .flatMap(name => Array.from(params[name].values))

interface DescentAndEMSteps {
  readonly name: string
  readonly descent: Density.NumberRow
  readonly em: Density.NumberRow
}

/** Iterates until no entry changes by 1e-9, at most 400 times. */
const fixedPoint =
  <P extends string>(next: (params: Params.Params<P>) => Params.Params<P>) =>
  (start: Params.Params<P>): Params.Params<P> =>
    iterate<{ readonly params: Params.Params<P>; readonly count: number }>(
      { params: start, count: 0 },
      ({ params, count }) => {
        const after = next(params)
        return count > 400 || maxAbs(Density.subtractRows(flattenParams(after), flattenParams(params))) < 1e-9
          ? null
          : { params: after, count: count + 1 }
      }
    ).params

/** The factor of `mean` or `means` in the result of `emFactors`. */
const meanFactor = (factors: Readonly<Record<string, number>>): number =>
  sumNumbers(Object.entries(factors).map(([name, f]) => (isMean(name) ? f : 0)))

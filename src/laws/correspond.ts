/**
 * The correspondence of descent on an objective with expectation–maximization, for any family with an M-step and any objective, on populations:
 * the truth is a fixed point of both; apart, −½ ∂L is EM's step times one factor and a correction that vanishes; both end at the truth.
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
import { atLeast, atMost, equals, decreasesByFactor, forAll, ofRows } from './lawRows.js'
import * as Density from './density.js'
import type { Step } from './maximization.js'
import type { Laws } from './law.js'
import { codeOf, scripted } from './script.js'
import { populationPoints } from './whole.js'

export interface CorrespondenceOptions<P extends string> {
  /** Of a family that has an M-step. */
  readonly score: Score.Score<P>
  /** What is descended on, or what it is of a truth that it knows; the implicit objective at time 0.1 unless given. */
  readonly objective?: Objective.Objective | ((truth: Mixture.Mixture) => Objective.Objective)
  /** By what it is descended; L-BFGS unless given. */
  readonly optimizer?: Optimizer.Optimizer
  /** Or the whole stage, which is one for populations. */
  readonly stage?: Stage.Stage
  readonly schedule?: Schedule.Schedule
  readonly step?: Step
}

const EM_VARIANCE_FLOOR = 1e-6
/** Of x_0 and of z, for what reads the noise itself. */
const POPULATION_NODES = 64
/** How far weights and shapes are moved, which the two follow to first order alone. */
const SMALL_MOVE = 1e-3

const isMean = (name: string): boolean => name === 'mean' || name === 'means'

type EntryDirection = (k: number) => number

/** How the entries of a parameter are moved: all one way, apart, and one alone; of these any other is a sum. */
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

/** Parameters of components of variance 1 and equal weights, in one dimension, `apart` from each other; those of a name moved by `off` in a way. */
const separatedParams = <P extends string>(
  score: Score.Score<P>,
  apart: number,
  moved: (name: string) => number = () => 0,
  way: EntryDirection = k => (k % 2 === 0 ? 1 : -1)
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
          (_, k) => (isMean(name) ? apart * (k - middle) : 0) + moved(name) * way(k)
        )
      }
    })
  )

/** Variances and weights that are not far from each other: a thin component takes many nodes beside a wide one. */
const mild = <P extends string>(params: Params.Params<P>): Params.Params<P> =>
  Params.map<Params.Params<P>[P], Params.Params<P>[P]>((array, name) =>
    isMean(name) ? array : { ...array, values: array.values.map(value => value / 5) }
  )(params)

const meanEntries = <P extends string>(params: Params.Params<P>): ReadonlyArray<number> =>
  Params.names(params)
    .filter(isMean)
    .flatMap(name => Array.from(params[name].values))

/** What descent and EM make of parameters of one name that are moved in one way. */
interface DescentAndEMSteps {
  readonly name: string
  readonly descent: Density.NumberRow
  readonly em: Density.NumberRow
}

/** Where steps come to rest. */
const atRest =
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

const meanFactor = (factors: Readonly<Record<string, number>>): number =>
  sumNumbers(Object.entries(factors).map(([name, f]) => (isMean(name) ? f : 0)))

const SHAH_SECTION_3 = 'Shah, Chen & Klivans 2023, arXiv 2307.01178, §3'

/**
 * The laws of the correspondence with expectation–maximization.
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
export const correspondsToEM = <P extends string>({
  score,
  objective = Objective.implicit(NoiseLevels.at(0.1)),
  optimizer = Optimizer.lbfgs(),
  stage,
  schedule = Schedule.ornsteinUhlenbeck,
  step = ExpectationMaximization.step
}: CorrespondenceOptions<P>): Laws => {
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
  const lossOf = (truth: Mixture.Mixture) => ({ schedule, score, objective: objectiveOf(truth) })
  /** EM's step on a population, and value and gradient of the loss on it. */
  const moved = (truth: Mixture.Mixture) => {
    const next = step(family, EM_VARIANCE_FLOOR, Population.of(truth))
    return (params: Params.Params<P>): Params.Params<P> => next(params).params
  }
  const onWhole = (truth: Mixture.Mixture) => {
    const { points, expectation } = populationPoints(lossOf(truth), truth, POPULATION_NODES)
    const f = compiledOrThrow(Compile.valueAndGrad({ ...lossOf(truth), expectation }, FEW_EVALUATIONS)(points))
    return (params: Params.Params<P>) => f(params, Key.fromSeed(0))
  }

  // —— what is seen of the objective, on a first truth ——
  const plain = mixtureOf(separatedParams(score, 6))
  const { isExact } = populationPoints(lossOf(plain), plain, POPULATION_NODES)
  /** Of what is exact much more is seen. */
  const seen = isExact
    ? { far: 16, nearer: [6, 8, 10, 12], error: 1e-5, apart: 3e-4, end: 1e-4 }
    : { far: 12, nearer: [6, 8, 10], error: 1e-3, apart: 1e-2, end: 1e-3 }
  const times = Objective.terms(objectiveOf(plain)).flatMap(({ term }) =>
    Objective.isMatching(term)
      ? NoiseLevels.quadrature(schedule, NoiseLevels.DEFAULT_NODES)(term.noiseLevels).map(({ time }) => time)
      : []
  )
  /** The data that are one deviation apart at the latest of its times: √(α² + σ²)/α. Later nothing is apart. */
  const unit = times.reduce((most, time) => {
    const { alpha, sigma } = Schedule.level(time)(schedule)
    return Math.max(most, Math.sqrt(alpha * alpha + sigma * sigma) / alpha)
  }, 1)

  // —— both near the truth ——
  const sizes = Object.entries<{ readonly values: Float64Array }>(separatedParams(score, 1)).map(
    ([name, { values }]) => [name, values.length] as const
  )
  const isShape = (name: string): boolean => !isMean(name) && name !== 'logits'
  /** Of several numbers of a component that are one variance no one is known. */
  const areKnown = sumNumbers(sizes.map(([name, size]) => (isShape(name) ? size : 0))) <= plain.weights.length
  /**
   * −½ ∂L and EM's step in what is moved, for each 1 of it, at a truth whose noised components are `apart` deviations apart: half of what is
   * found on one side less half of what is found on the other. Log weights are known up to a constant.
   */
  const steps = (apart: number, off: number): ReadonlyArray<DescentAndEMSteps> => {
    const truth = mixtureOf(separatedParams(score, apart * unit))
    const loss = onWhole(truth)
    const next = moved(truth)
    return sizes
      .filter(([name]) => areKnown || !isShape(name))
      .flatMap(([name, size]) =>
        entryDirections(size)
          .slice(0, size)
          .map((way): DescentAndEMSteps => {
            const by = isMean(name) ? off : SMALL_MOVE
            const at = (by: number) => separatedParams(score, apart * unit, other => (other === name ? by : 0), way)
            const odd = (of: (params: Params.Params<P>) => Params.Params<string>): Density.NumberRow =>
              Density.scaleRow(
                1 / (2 * by),
                Density.subtractRows(Array.from(of(at(by))[name].values), Array.from(of(at(-by))[name].values))
              )
            const em = odd(params => Params.zipWith((x, y: number) => x - y)(next(params), params))
            const middle = name === 'logits' ? meanNumber(em) : 0
            const gradient = odd(params => loss(params).gradient)
            return { name, descent: Density.scaleRow(-1 / 2, gradient), em: em.map(e => e - middle) }
          })
      )
  }
  /** The f by which descent comes nearest to f times EM's step in all ways together, for each parameter. */
  const factorsOf = (all: ReadonlyArray<DescentAndEMSteps>): Readonly<Record<string, number>> =>
    Object.fromEntries(
      sizes.map(([name]) => {
        const own = all.filter(each => each.name === name)
        const square = sumNumbers(own.map(({ em }) => dotProduct(em, em)))
        return [name, square === 0 ? 0 : sumNumbers(own.map(({ descent, em }) => dotProduct(descent, em))) / square]
      })
    )

  // —— where both end ——
  const ended = (truth: Mixture.Mixture, start: Params.Params<P>) => {
    const { points, expectation } =
      stage === undefined ? populationPoints(lossOf(truth), truth, POPULATION_NODES) : { points: Population.of(truth) }
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
  const ofMine = (truth: Mixture.Mixture, start: Params.Params<P>): Params.Params<P> =>
    compiledOrThrow(ended(truth, start))()
  const ofEM = (truth: Mixture.Mixture, start: Params.Params<P>): Params.Params<P> => atRest(moved(truth))(start)
  const first = ended(plain, separatedParams(score, 6))
  const ends = {
    claim: E.isRight(first),
    ...(E.isLeft(first) && { reason: first.left.map(Problem.show).join('; ') })
  }

  const said = ({ means, weights, ...mixture }: Mixture.Mixture): object => ({
    'EM’s means': means.values,
    'EM’s weights': weights,
    'EM’s variances': Mixture.covariances({ means, weights, ...mixture }).values
  })
  const given = { score, objective, optimizer, ...(stage && { stage }), schedule }
  const nearTruth = forAll(fc.record({ off: fc.constantFrom(0.25, 0.1, 0.5) }))
  // Of many levels one is a matter of seconds.
  const maxCases = times.length > 4 ? 1 : 3
  return scripted(
    { by: 'correspondsToEM', of: [given] },
    ofRows(`correspondsToEM(${codeOf(given)})`, [
      forAll(
        // Many levels of a plane are millions of rows.
        (isExact && times.length < 3 ? [1, 2] : [1]).map(dim =>
          fc.record({ params: Arbitrary.params(score, { extent: 1.25, spread: 1.25 })(dim).map(mild) })
        )
      )({
        name: 'the truth is a fixed point of both',
        quantity: 'gradient at the truth',
        statement: `∀ θ in one dimension and two, x_0 from the mixture of θ: EM(θ) = θ and ∇L(θ) = 0. To 1e-9 and 1e-9 (1 + |L|), on populations; to 1e-4 (1 + |L|), and in one dimension, by ${POPULATION_NODES} equal steps of data and of noise, where L reads the noise itself.`,
        source: 'Dempster, Laird & Rubin 1977; Vincent 2011',
        maxCases: 6,
        says: ({ params }) => {
          const before = mixtureOf(params)
          const after = mixtureOf(moved(before)(params))
          const { value, gradient } = onWhole(before)(params)
          return [
            equals(said(after), said(before), 1e-9),
            equals(flattenParams(gradient), 0, (isExact ? 1e-9 : 1e-4) * (1 + Math.abs(value)))
          ]
        }
      }),
      nearTruth({
        name: 'apart, descent is EM’s step times one factor',
        statement: `In one dimension, unit variances, noised components ${seen.far} of their deviations apart, ∀ δ, means off by δ all one way, apart, or one alone, log weights and shapes by ${SMALL_MOVE}: −½ ∂L/∂θ_k = f · (EM(θ)_k − θ_k), as far as it changes sign with δ, with one f > 0 for means, one for shapes, and one ≥ 0 for weights. To ${seen.error} δ of the f of means: ρ⁴ e^{−ρ²/8}, and ${SMALL_MOVE}² for what is not linear.`,
        source: SHAH_SECTION_3,
        maxCases,
        says: ({ off }) => {
          const all = steps(seen.far, off)
          const factors = factorsOf(all)
          const tolerance = seen.error * Math.abs(meanFactor(factors))
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
      }),
      nearTruth({
        name: 'the correction vanishes with separation',
        statement: `In one dimension, unit variances, ∀ δ: the correction G = −½ ∂L − f · (EM(θ) − θ), f those of noised components ${seen.far} of their deviations apart, falls to less than 0.4 of it from ρ = ${seen.nearer.join(' to ')}, until it is below ${seen.error} δ of the f of means: responsibilities err by e^{−ρ²/8}; and the f tend to limits: those at the last two agree to ${seen.apart}.`,
        source: `${SHAH_SECTION_3}: responsibilities err by e^{−ρ²/8}, halfway between components ρ deviations apart`,
        maxCases,
        says: ({ off }) => {
          const factors = factorsOf(steps(seen.far, off))
          const size = Math.abs(meanFactor(factors))
          const found = seen.nearer.map(apart => steps(apart, off))
          const sizes = found.map(all =>
            maxAbs(
              all.flatMap(({ name, descent, em }) => Density.subtractRows(descent, Density.scaleRow(factors[name], em)))
            )
          )
          return [
            decreasesByFactor(sizes, 0.4, seen.error * size),
            equals(factorsOf(found[found.length - 1]), factors, seen.apart * size)
          ]
        }
      }),
      forAll(fc.record({ variance: fc.constantFrom(1.3, 0.7), share: fc.constantFrom(0.4, 0.5, 0.6) }))({
        ...ends,
        name: 'a fixed point of EM is one of descent, within the correction',
        quantity: 'gradient at the fixed point',
        statement: `∀ populations in one dimension of other variances and weights than the start’s, which a family may not have: how far descent leads the means from EM’s fixed point halves at least, with noised components 4 to 6 to 8 of their deviations apart, until it is below ${seen.end}.`,
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
            const em = ofEM(truth, start)
            return maxAbs(Density.subtractRows(meanEntries(ofMine(truth, em)), meanEntries(em)))
          })
          return decreasesByFactor(moves, 1 / 2, seen.end)
        }
      }),
      forAll(fc.record({ apart: fc.constantFrom(3.5, 3, 4), off: fc.constantFrom(0.4, 0.25, -0.4) }))({
        ...ends,
        name: 'descent and EM end in the same place from the same start',
        statement: `∀ populations of the family in one dimension, unit variances, components 3 to 4 apart: from means off by δ in turn both end at the truth, to ${seen.end}.`,
        source: SHAH_SECTION_3,
        maxCases: 3,
        says: ({ apart, off }) => {
          const truth = separatedParams(score, apart)
          const start = separatedParams(score, apart, name => (isMean(name) ? off : 0))
          return [ofEM, ofMine].map(of =>
            equals(meanEntries(of(mixtureOf(truth), start)), meanEntries(truth), seen.end)
          )
        }
      })
    ])
  )
}

/** Laws of parametrizations: isomorphisms of one another, and the loss that is written in each. */
import * as fc from 'fast-check'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key, mul, reshape } from '../../lib/index.js'
import type { Points } from '../data/points.js'
import { Expectation, Objective, Parametrization, type Params, Schedule, Score, TimeLaw } from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { ofParametrizations } from './capability.js'
import { compiled, evaluatedOnce, flat, sumOf, greatest } from './check.js'
import { areFinite, over, ofRows, is, type Stated } from './lawRows.js'
import * as Density from './density.js'
import type { Laws } from './law.js'
import type { Evaluate } from './objective.js'

type Parametrization = Parametrization.Parametrization

export interface ParametrizationOptions {
  readonly schedules?: fc.Arbitrary<Schedule.Schedule>
  /** What it is carried to and from. */
  readonly others?: fc.Arbitrary<Parametrization>
  /** What the output is, p x_0 + q z, by another source; by default what it says itself. */
  readonly direction?: (level: Schedule.Level) => Direction
  /** What is believed to be how outputs are carried over; by default `Parametrization.coefficients`. */
  readonly coefficients?: typeof Parametrization.coefficients
  /** What is believed to be how squared errors compare; by default `Parametrization.weight`. */
  readonly weight?: typeof Parametrization.weight
  /** What is believed to be how outputs grow with the level; by default `Parametrization.degree`. */
  readonly degree?: typeof Parametrization.degree
  readonly evaluate?: Evaluate
  /** Multiplies every tolerance below. */
  readonly slack?: number
}

type Direction = Parametrization.Direction

/** Whether both data and noise can be told from x and the output, at levels without noise or without signal too. */
const showsBothEnds = (parametrization: Parametrization): boolean =>
  [
    { alpha: 1, sigma: 0 },
    { alpha: 0, sigma: 1 }
  ].every(level => {
    const { p, q } = Parametrization.direction(parametrization)(level)
    const determinant = level.alpha * q - level.sigma * p
    return Number.isFinite(determinant) && determinant !== 0
  })

interface Example {
  readonly level: Schedule.Level
  readonly other: Parametrization
  /** x_0 and z, or a point and an output. */
  readonly pair: readonly [number, number]
}

interface LossCase {
  readonly schedule: Schedule.Schedule
  readonly time: number
  readonly points: Points
  readonly seed: number
  readonly params: Params.Params<'means' | 'logits' | 'logVariances'>
}

const score = Score.isotropic({ components: 2 })

/** Levels with signal and noise. */
const inner = Arbitrary.levels.filter(({ alpha, sigma }) => alpha > 0 && sigma > 0)

/** Levels without noise, or without signal. */
const ends = fc
  .record({ size: fc.integer({ min: 1, max: 40 }).map(k => k / 20), noiseless: fc.boolean() })
  .map(({ size, noiseless }): Schedule.Level => (noiseless ? { alpha: size, sigma: 0 } : { alpha: 0, sigma: size }))

/** What the laws of a parametrization share: outputs carried over, and losses written in them. */
const settingOf = (
  own: Parametrization,
  {
    schedules = Arbitrary.schedules,
    others = Arbitrary.parametrizations,
    coefficients = Parametrization.coefficients,
    weight = Parametrization.weight,
    degree = Parametrization.degree,
    direction,
    evaluate = evaluatedOnce,
    slack = 1
  }: ParametrizationOptions = {}
) => {
  const casesOf = (levels: fc.Arbitrary<Schedule.Level>): fc.Arbitrary<Example> =>
    fc.record({
      level: levels,
      other: others,
      pair: fc.tuple(Arbitrary.real(3), Arbitrary.real(3))
    })
  const directionOf = (parametrization: Parametrization): ((level: Schedule.Level) => Direction) =>
    (parametrization === own ? direction : undefined) ?? Parametrization.direction(parametrization)
  const carried =
    (from: Parametrization, to: Parametrization) =>
    (level: Schedule.Level, x: number, output: number): number => {
      const { ofOutput, ofPoint } = coefficients(from, to)(level)
      return ofOutput * output + ofPoint * x
    }
  /** Rounding, magnified by how little of the data or of the noise is shown. */
  const tolerance = ({ alpha, sigma }: Schedule.Level, ...terms: ReadonlyArray<number>): number => {
    const hidden = Math.max(1, sigma / alpha, alpha / sigma)
    return slack * 1e-14 * hidden * hidden * (1 + 1 / sigma) * (1 + greatest(terms))
  }
  const size =
    'to 1e-14 h² (1 + 1/σ) of the terms, h = max(1, σ/α, α/σ): what is hidden is divided by how little is shown'

  const lossCases: fc.Arbitrary<LossCase> = schedules.chain(schedule =>
    Arbitrary.dims.chain(dim =>
      fc.record({
        schedule: fc.constant(schedule),
        time: Arbitrary.times(schedule),
        points: Arbitrary.points({ minRows: 2, maxRows: 3, far: 5 })(dim),
        seed: Arbitrary.seeds,
        params: Arbitrary.params(score)(dim)
      })
    )
  )
  const lossOf = <P extends string>(
    of: Score.Score<P>,
    params: Params.Params<P>,
    { schedule, time, points, seed }: LossCase,
    parametrization: Parametrization
  ): ReadonlyArray<number> => {
    const objective = Objective.denoising(TimeLaw.at(time), parametrization)
    const expectation = Expectation.fixed(Arbitrary.noiseOf(points, seed))
    const { value, gradient } = compiled(evaluate({ schedule, score: of, objective, expectation })(points))(
      params,
      Key.fromSeed(seed)
    )
    return [value, ...flat(gradient)]
  }
  /** The mean over the rows of |y − (p x_0 + q z)|², y the output there. */
  const squaredError = (
    { schedule, time, points, seed }: LossCase,
    outputOf: (level: Schedule.Level, noisy: Density.Row) => Density.Row
  ): number => {
    const level = Schedule.level(time)(schedule)
    const { p, q } = directionOf(own)(level)
    const noise = Density.rowsOf(Arbitrary.noiseOf(points, seed))
    const weights = Array.from(points.weights ?? new Float64Array(points.rows).fill(1))
    const errors = Density.rowsOf(points).map((clean, i) => {
      const along = (a: number, b: number): Density.Row =>
        Density.plus(Density.scale(a, clean), Density.scale(b, noise[i]))
      const off = Density.minus(outputOf(level, along(level.alpha, level.sigma)), along(p, q))
      return off.reduce((sum, value) => sum + value * value, 0)
    })
    return errors.reduce((sum, error, i) => sum + weights[i] * error, 0) / sumOf(weights)
  }
  const lossTolerance = ({ schedule, time, points, params }: LossCase, scale: number): number => {
    const { alpha, sigma } = Schedule.level(time)(schedule)
    const r = 4 + greatest([...points.values, ...flat(params)])
    const hidden = Math.max(1, sigma / alpha, alpha / sigma)
    return slack * 1e-13 * (1 + scale) * r * r * hidden * hidden
  }
  const lossSize = 'To 1e-13 (1 + |L| + |∇L|) r² h², h = max(1, σ/α, α/σ): what is hidden is divided by what is shown.'

  const lawOf = over(casesOf(inner))
  const lawOfLoss = over(lossCases)
  return {
    carried,
    casesOf,
    coefficients,
    degree,
    directionOf,
    lawOf,
    lawOfLoss,
    lossOf,
    lossSize,
    lossTolerance,
    own,
    size,
    slack,
    squaredError,
    tolerance,
    weight
  }
}

type Setting = ReturnType<typeof settingOf>

const truthToTruth = ({ carried, directionOf, lawOf, own, size, tolerance }: Setting): Stated =>
  lawOf({
    name: 'the truth is carried to the truth',
    statement: `∀ levels, x_0, z, others: p x_0 + q z is carried to p′x_0 + q′z, and back, both as published; ${size}.`,
    source: 'Salimans & Ho 2022, arXiv 2202.00512, appendix D; Karras et al. 2022, arXiv 2206.00364, table 1',
    says: ({ level, other, pair: [clean, noise] }) => {
      const x = level.alpha * clean + level.sigma * noise
      const [mine, yours] = [own, other].map(parametrization => {
        const { p, q } = directionOf(parametrization)(level)
        return p * clean + q * noise
      })
      const close = tolerance(level, clean, noise, mine, yours)
      return is(
        {
          'what it is carried to': carried(own, other)(level, x, mine),
          'what is carried to it': carried(other, own)(level, x, yours)
        },
        { 'what it is carried to': yours, 'what is carried to it': mine },
        close
      )
    }
  })

const safeAtEnds = ({ carried, casesOf, coefficients, own, slack }: Setting): Stated =>
  over(casesOf(ends))({
    name: 'nothing is divided by zero at either end',
    statement:
      '∀ levels without noise or without signal, others: its outputs are carried over by finite coefficients; x is the data where there is no noise, and the noise where there is no signal, whatever the output, unless that says it itself; and of two that show both ends, there and back is the identity. To 1e-13 of the terms.',
    source: 'what a level does not show is taken as 0',
    says: ({ level, other, pair: [x, output] }) => {
      const { ofOutput, ofPoint } = coefficients(own, other)(level)
      const noiseless = level.sigma === 0
      const [shown, wanted] = noiseless
        ? [Parametrization.data, x / level.alpha]
        : [Parametrization.noise, x / level.sigma]
      const { p, q } = Parametrization.direction(own)(level)
      const itself = noiseless ? q === 0 : p === 0 && Number.isFinite(q)
      const there = carried(own, other)(level, x, output)
      const close = slack * 1e-13 * (1 + greatest([x, output, wanted, there]))
      return [
        areFinite([ofOutput, ofPoint]),
        !itself && is(carried(own, shown)(level, x, output), wanted, close),
        showsBothEnds(own) && showsBothEnds(other) && is(carried(other, own)(level, x, there), output, close)
      ]
    }
  })

const errorsByWeight = ({ coefficients, lawOf, own, slack, weight }: Setting): Stated =>
  lawOf({
    name: 'squared errors compare by its weight',
    statement:
      '∀ levels, others: an error of one output is one of the other’s, whose square is the weight times as great; from one to another and back the weights are inverse. To 1e-13 h² of the weight.',
    source: 'Salimans & Ho 2022, arXiv 2202.00512, §4',
    says: ({ level, other }) => {
      const { ofOutput } = coefficients(own, other)(level)
      const [there, back] = [weight(own, other)(level), weight(other, own)(level)]
      const { alpha, sigma } = level
      const close = slack * 1e-13 * Elementary.square(Math.max(1, sigma / alpha, alpha / sigma))
      return is({ weight: there / Elementary.square(ofOutput), 'there and back': there * back }, 1, close)
    }
  })

const growsByDegree = ({ carried, degree, lawOf, own, size, tolerance }: Setting): Stated =>
  lawOf({
    claim: O.toNullable(degree(own)),
    unless: 'it has no degree',
    name: 'outputs grow with the level by its degree',
    statement: `∀ levels, c = 2^k, x, outputs, others: at (cα, cσ) what belongs to cx is c^degree times what belongs to x at (α, σ), carried over too; ${size}.`,
    source: 'definition of the degree',
    says: ({ level, other: any, pair: [x, output] }, ownDegree) => {
      // Of another that has no degree, nothing is known.
      const other = O.isSome(degree(any)) ? any : own
      const c = Elementary.powerOfTwo(Math.round(100 * Math.abs(x)) % 3)
      const higher = { alpha: c * level.alpha, sigma: c * level.sigma }
      const grows = Elementary.pow(c, O.getOrElse(() => ownDegree)(degree(other)))
      const wanted = grows * carried(own, other)(level, x, output)
      const found = carried(own, other)(higher, c * x, Elementary.pow(c, ownDegree) * output)
      return is(found, wanted, c * c * tolerance(level, x, output, wanted))
    }
  })

const lossIsError = ({ directionOf, lawOfLoss, lossOf, lossSize, lossTolerance, own, squaredError }: Setting): Stated =>
  lawOfLoss({
    name: 'its loss is the squared error of its output',
    statement: `∀ θ, x_0, z, t: the denoising loss written in it is the mean of |y(x_t) − (p x_0 + q z)|², y from x̂_0 = E[x_0 | x_t] as published. ${lossSize}`,
    source: 'definition of the denoising loss',
    says: each => {
      const meaning = Density.meaning(score)
      const mixture = meaning._tag === 'Some' ? meaning.value(each.params) : []
      const [found] = lossOf(score, each.params, each, own)
      const wanted = squaredError(each, (level, noisy) => {
        const { p, q } = directionOf(own)(level)
        const clean = Density.posteriorMean(level, noisy)(mixture)
        const noise = Density.scale(1 / level.sigma, Density.minus(noisy, Density.scale(level.alpha, clean)))
        return Density.plus(Density.scale(p, clean), Density.scale(q, noise))
      })
      return is(found, wanted, lossTolerance(each, wanted))
    }
  })

const lossByWeight = ({ lawOfLoss, lossOf, lossSize, lossTolerance, own, weight }: Setting): Stated =>
  lawOfLoss({
    name: 'its loss is that of the score times its weight',
    statement: `∀ θ, x_0, z, t: value and gradient of the loss written in it are its weight relative to the score times those of |s + z/σ|². ${lossSize}`,
    source: 'Ho et al. 2020, arXiv 2006.11239, §3.2; Kingma & Gao 2023, arXiv 2303.00848',
    says: each => {
      const factor = weight(Parametrization.score, own)(Schedule.level(each.time)(each.schedule))
      const wanted = lossOf(score, each.params, each, Parametrization.score).map(value => factor * value)
      return is(lossOf(score, each.params, each, own), wanted, lossTolerance(each, greatest(wanted)))
    }
  })

const outputOfNetwork = ({ lawOfLoss, lossOf, lossSize, lossTolerance, own, squaredError }: Setting): Stated =>
  lawOfLoss({
    name: 'of a network that predicts it, it is the output',
    statement: `∀ θ, x_0, z, t: of a student with the output θ ∘ x that is said to predict it, the loss written in it is the mean of |θ ∘ x_t − (p x_0 + q z)|². ${lossSize}`,
    source: 'definition of `predicts`',
    says: each => {
      const student = Score.custom({
        name: 'diagonal',
        shapes: dim => ({ slopes: [dim] }),
        apply: ({ slopes }, x) => mul(reshape(slopes, [1, -1]), x),
        predicts: own
      })
      const slopes = each.params.means.values.slice(0, each.points.dim)
      const params = { slopes: { shape: [each.points.dim], values: slopes } }
      const [found] = lossOf(student, params, each, own)
      const wanted = squaredError(each, (_, noisy) => noisy.map((value, j) => slopes[j] * value))
      return is(found, wanted, lossTolerance(each, wanted))
    }
  })

/**
 * The laws of a parametrization: an isomorphism with every other, safe at both ends, and a loss that is that of the
 * score times its weight.
 *
 * @example
 * import fc from 'fast-check'
 * import { Parametrization } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.parametrization(Parametrization.velocity).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 10 })
 * })
 */
export const parametrization = (own: Parametrization, options: ParametrizationOptions = {}): Laws => {
  const setting = settingOf(own, options)

  return ofRows(Parametrization.show(own), [
    truthToTruth(setting),
    safeAtEnds(setting),
    errorsByWeight(setting),
    growsByDegree(setting),
    lossIsError(setting),
    lossByWeight(setting),
    outputOfNetwork(setting),
    ofParametrizations(own)
  ])
}

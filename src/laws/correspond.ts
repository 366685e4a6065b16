/**
 * The correspondence of descent on an objective with expectation–maximization, for any family with an M-step and any objective:
 * the truth is a fixed point of both; apart, −½ ∂L is EM's step times one factor and a correction that vanishes; both end nearby.
 */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { iterate } from '../../lib/plain/iterate.js'
import { refuse } from '../../lib/plain/refuse.js'
import type { Points } from '../data/points.js'
import {
  Compile,
  Expectation,
  ExpectationMaximization,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Run,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { compiled, flat, sumOf, greatest, dot } from './check.js'
import { over, ofRows, is, isAtMost, type Said, type Stated } from './lawRows.js'
import * as Density from './density.js'
import type { Step } from './em.js'
import type { Laws } from './law.js'
import { scripted, type Source } from './script.js'
import type { Evaluate } from './objective.js'
import { codeOf } from './script.js'

export interface CorrespondenceOptions<P extends string> extends Source {
  /** Of a family that has an M-step. */
  readonly score: Score.Score<P>
  /** What is descended on; the implicit objective at time 0.1 unless given. */
  readonly objective?: Objective.Objective
  /** By what it is descended; L-BFGS unless given. */
  readonly optimizer?: Optimizer.Optimizer
  /** Or the whole stage, which then takes the expectation over the noise too. */
  readonly stage?: Stage.Stage
  readonly schedule?: Schedule.Schedule
  /**
   * How far from EM's fixed point that of the objective may be, in standard errors of a centre, √(v/nπ): the stated correction. Two consistent
   * estimates are within 3 unless one is less than half as efficient.
   */
  readonly within?: number
  /** What is believed to compute value and gradient; by default what is compiled. */
  readonly evaluate?: Evaluate
  readonly step?: Step
}

const FLOOR = 1e-6
const NODES = 64
const ROWS = 240

const isMean = (name: string): boolean => name === 'mean' || name === 'means'

/** How means are moved: independent ways, of which any other is a sum; of one mean the first alone. */
const MODES: ReadonlyArray<readonly [string, (k: number, middle: number) => number]> = [
  ['all one way', () => 1],
  ['apart', (k, middle) => (k - middle) / Math.max(middle, 0.5)],
  ['one of them', k => (k === 0 ? 1 : 0)],
  ['in turn', k => (k % 2 === 0 ? 1 : -1)]
]

/** Parameters of components of variance 1 and equal weights, in one dimension, `apart` from each other; the means moved by `off` times a mode. */
const placed = <P extends string>(
  score: Score.Score<P>,
  apart: number,
  off: number,
  mode = MODES[3][1]
): Params.Params<P> =>
  pipe(
    Score.shapes(1)(score),
    Params.map<ReadonlyArray<number>, Params.Params<P>[P]>((shape, name) => {
      const size = shape.reduce((product, n) => product * n, 1)
      const middle = name === 'mean' ? -0.5 : (size - 1) / 2
      return {
        shape,
        values: Float64Array.from({ length: size }, (_, k) =>
          isMean(name) ? apart * (k - middle) + off * mode(k, middle) : 0
        )
      }
    })
  )

/** Variances and weights that are not far from each other: a thin component is more than equal steps around a wide one resolve. */
const mild = <P extends string>(params: Params.Params<P>): Params.Params<P> =>
  Params.map<Params.Params<P>[P], Params.Params<P>[P]>((array, name) =>
    isMean(name) ? array : { ...array, values: array.values.map(value => value / 5) }
  )(params)

const means = <P extends string>(params: Params.Params<P>): ReadonlyArray<number> =>
  Params.names(params)
    .filter(isMean)
    .flatMap(name => Array.from(params[name].values))

/** What descent and EM make of means that are moved in one mode. */
interface Steps {
  readonly descent: Density.Row
  readonly em: Density.Row
}

interface Sample {
  readonly seed: number
  readonly apart: number
}

/** What the laws of the correspondence share: steps of both, and where both end. */
const settingOf = <P extends string>({
  score,
  objective = Objective.implicit(TimeLaw.at(0.1)),
  optimizer = Optimizer.lbfgs(),
  stage,
  schedule = Schedule.ornsteinUhlenbeck,
  within = 3,
  evaluate = loss => Compile.valueAndGrad(loss, { evaluations: 1 }),
  step = ExpectationMaximization.step,
  ...source
}: CorrespondenceOptions<P>) => {
  const family = pipe(
    Score.interpret(score).family,
    O.filter(ExpectationMaximization.serves),
    O.getOrElse((): Score.Family<P> =>
      refuse(`${Score.show(score)} has no M-step; give its family one, or take Score.spherical`)
    )
  )
  const mixtureOf = (params: Params.Params<P>): Mixture.Mixture =>
    pipe(
      Score.toMixture(score)(params),
      O.getOrElse((): Mixture.Mixture => refuse(`${Score.show(score)} does not say its mixture`))
    )
  /** In one dimension. */
  const gaussians = (params: Params.Params<P>): Density.Gaussians => {
    const mixture = mixtureOf(params)
    const variances = Mixture.covariances(mixture).values
    return Array.from(mixture.weights, (weight, k) => ({
      weight,
      mean: [mixture.means.values[k]],
      variance: variances[k]
    }))
  }
  const moved = (points: Points) => {
    const next = step(family, FLOOR, points)
    return (params: Params.Params<P>): Params.Params<P> => next(params).params
  }
  /** Value and gradient on data with all of the noise. */
  const onAllNoise = (data: Points, nodes: number) => {
    const { points, noise } = Density.withNoise(data, Density.trapezoid(nodes))
    const f = compiled(evaluate({ schedule, score, objective, expectation: Expectation.fixed(noise) })(points))
    return (params: Params.Params<P>) => f(params, Key.fromSeed(0))
  }
  const count = mixtureOf(placed(score, 1, 0)).weights.length

  /** The data that are one deviation apart at the latest of its times: √(α² + σ²)/α. Later nothing is apart. */
  const unit = Math.max(
    ...Objective.terms(objective).flatMap(({ term }) =>
      Objective.isMatching(term)
        ? TimeLaw.quadrature(
            schedule,
            TimeLaw.NODES
          )(term.timeLaw).map(({ time }) => {
            const { alpha, sigma } = Schedule.level(time)(schedule)
            return Math.sqrt(alpha * alpha + sigma * sigma) / alpha
          })
        : [1]
    )
  )
  /** −½ ∂L and EM's step in the means, moved by `off` in each mode from a truth whose noised components are `apart` deviations apart. */
  const steps = (apart: number, off: number): ReadonlyArray<Steps> => {
    const population = Density.population(gaussians(placed(score, apart * unit, 0)), Density.trapezoid(NODES))
    const ways = means(placed(score, 1, 0)).length === 1 ? MODES.slice(0, 1) : MODES
    return ways.map(([, mode]) => {
      const here = placed(score, apart * unit, off, mode)
      return {
        descent: means(onAllNoise(population, NODES)(here).gradient).map(g => -g / 2),
        em: Density.minus(means(moved(population)(here)), means(here))
      }
    })
  }

  /** The f by which descent comes nearest to f times EM's step, in all modes together. */
  const factorOf = (all: ReadonlyArray<Steps>): number =>
    sumOf(all.map(({ descent, em }) => dot(descent, em))) / sumOf(all.map(({ em }) => dot(em, em)))

  const samples: fc.Arbitrary<Sample> = fc.record({ seed: Arbitrary.seeds, apart: fc.constantFrom(3.5, 3, 4) })
  const data = ({ seed, apart }: Sample): Points =>
    Mixture.sample(ROWS)(Key.fromSeed(seed))(mixtureOf(placed(score, apart, 0)))
  const ofEM = (points: Points, start: Params.Params<P>): Params.Params<P> => {
    const next = moved(points)
    return iterate<{ readonly params: Params.Params<P>; readonly count: number }>(
      { params: start, count: 0 },
      ({ params, count }) => {
        const after = next(params)
        return count > 400 || greatest(Density.minus(flat(after), flat(params))) < 1e-9
          ? null
          : { params: after, count: count + 1 }
      }
    ).params
  }
  const ofMine = (points: Points, start: Params.Params<P>): Params.Params<P> => {
    const all = Density.withNoise(points, Density.trapezoid(12))
    const descent = Stage.descend({
      objective,
      optimizer,
      expectation: Expectation.fixed(all.noise),
      steps: 60,
      relativeChange: 1e-6
    })
    const pipeline = Pipeline.of({
      schedule,
      score,
      // `Params<P>` is one of string names.
      initializer: Initializer.values(start as unknown as Params.Params<string>),
      stages: [stage ?? descent]
    })
    return Run.last(compiled(Compile.pipeline(pipeline)(stage === undefined ? all.points : points)))(Key.fromSeed(0))
      .params
  }
  const error = 1 / Math.sqrt(ROWS / count)
  const near = (mine: Params.Params<P>, em: Params.Params<P>): Said => {
    const sign = Arbitrary.isMirrored(score) && means(mine)[0] * means(em)[0] < 0 ? -1 : 1
    return is(
      means(mine).map(c => sign * c),
      means(em),
      within * error
    )
  }
  const shah = 'Shah, Chen & Klivans 2023, arXiv 2307.01178, §3'

  const given = { score, objective, optimizer, ...(stage && { stage }), schedule, within }
  const nearTruth = over(fc.record({ off: fc.constantFrom(0.25, 0.1, 0.5) }))
  const ofSamples = over(samples)
  return {
    data,
    factorOf,
    gaussians,
    given,
    mixtureOf,
    moved,
    near,
    nearTruth,
    objective,
    ofEM,
    ofMine,
    ofSamples,
    onAllNoise,
    score,
    shah,
    source,
    steps,
    within
  }
}

type Setting<P extends string> = ReturnType<typeof settingOf<P>>

const truthIsFixed = <P extends string>({ gaussians, mixtureOf, moved, onAllNoise, score }: Setting<P>): Stated =>
  over(fc.record({ params: Arbitrary.params(score, { extent: 1.25, spread: 1.25 })(1).map(mild) }))({
    name: 'the truth is a fixed point of both',
    statement: `∀ θ in one dimension, x_0 from the mixture of θ: EM(θ) = θ and ∇L(θ) = 0. To 1e-5 and 1e-4 (1 + |L|): populations by ${NODES} equal steps of data and of noise.`,
    source: 'Dempster, Laird & Rubin 1977; Vincent 2011',
    enough: 10,
    says: ({ params }) => {
      const population = Density.population(gaussians(params), Density.trapezoid(NODES))
      const [before, after] = [params, moved(population)(params)].map(mixtureOf)
      const { value, gradient } = onAllNoise(population, NODES)(params)
      return [
        is(
          {
            'EM’s means': after.means.values,
            'EM’s weights': after.weights,
            'EM’s variances': Mixture.covariances(after).values
          },
          {
            'EM’s means': before.means.values,
            'EM’s weights': before.weights,
            'EM’s variances': Mixture.covariances(before).values
          },
          1e-5
        ),
        is(flat(gradient), 0, 1e-4 * (1 + Math.abs(value)))
      ]
    }
  })

const oneFactor = <P extends string>({ factorOf, nearTruth, shah, steps }: Setting<P>): Stated =>
  nearTruth({
    name: 'apart, descent is EM’s step times one factor',
    statement:
      'In one dimension, unit variances, noised components 12 of their deviations apart, ∀ δ, means off by δ all one way, apart, one alone and in turn: −½ ∂L/∂m_k = f · (EM(m)_k − m_k) with one f > 0 for all. To 1e-3 f δ, of which the overlap is below ρ⁴ e^{−18}.',
    source: shah,
    enough: 4,
    says: ({ off }) => {
      const all = steps(12, off)
      const factor = factorOf(all)
      const each = all.map(({ descent, em }) => is(descent, Density.scale(factor, em), 1e-3 * factor * off))
      return [isAtMost(1e-6, factor), ...each]
    }
  })

const vanishing = <P extends string>({ factorOf, nearTruth, shah, steps }: Setting<P>): Stated =>
  nearTruth({
    name: 'the correction vanishes with separation',
    statement:
      'In one dimension, unit variances, ∀ δ: the correction G = −½ ∂L − f · (EM(m) − m), f that of noised components 12 of their deviations apart, falls to less than 0.4 of it from ρ = 6 to 8 to 10, until it is below 1e-3 f δ: responsibilities err by e^{−ρ²/8}; and f tends to its own limit: those of 12 and 10 agree to 1e-2.',
    source: `${shah}: responsibilities err by e^{−ρ²/8}, halfway between components ρ deviations apart`,
    enough: 4,
    says: ({ off }) => {
      const far = factorOf(steps(12, off))
      const sizes = [6, 8, 10].map(apart => {
        const all = steps(apart, off)
        return greatest(all.flatMap(({ descent, em }) => Density.minus(descent, Density.scale(far, em))))
      })
      const enough = 1e-3 * Math.abs(far) * off
      return [
        isAtMost(
          sizes.slice(1),
          sizes.slice(0, -1).map(size => Math.max(enough, 0.4 * size))
        ),
        is(factorOf(steps(10, off)), far, 1e-2 * Math.abs(far))
      ]
    }
  })

const fixedPointsNear = <P extends string>({
  data,
  near,
  ofEM,
  ofMine,
  ofSamples,
  score,
  shah,
  within
}: Setting<P>): Stated =>
  ofSamples({
    name: 'a fixed point of EM is one of descent, within the correction',
    statement: `∀ samples of ${ROWS} rows in one dimension, components 3 to 4 apart: descent from EM’s fixed point ends within ${within} standard errors, √(v/nπ), of it.`,
    source: shah,
    enough: 3,
    says: each => {
      const points = data(each)
      const em = ofEM(points, placed(score, each.apart, 0))
      return near(ofMine(points, em), em)
    }
  })

const endsNear = <P extends string>({ data, near, ofEM, ofMine, ofSamples, score, shah, within }: Setting<P>): Stated =>
  ofSamples({
    name: 'descent and EM end in the same place from the same start',
    statement: `∀ samples of ${ROWS} rows in one dimension, components 3 to 4 apart: from means off by 0.4 both end within ${within} standard errors, √(v/nπ), of each other.`,
    source: shah,
    enough: 3,
    says: each => {
      const points = data(each)
      const start = placed(score, each.apart, 0.4)
      return near(ofMine(points, start), ofEM(points, start))
    }
  })

/**
 * The laws of the correspondence with expectation–maximization.
 *
 * @example
 * import fc from 'fast-check'
 * import { Objective, Score, TimeLaw } from 'ornstein'
 * import { add, mean, sqrt, square, sub } from 'ornstein/float64'
 * import * as laws from 'ornstein/laws'
 *
 * const pseudoHuber = Objective.custom('pseudo-Huber', TimeLaw.at(0.1), ({ score, target }) =>
 *   mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1)
 * )
 * laws.correspondsToEM({ score: Score.spherical({ components: 2 }), objective: pseudoHuber }).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 1 })
 * })
 */
export const correspondsToEM = <P extends string>(options: CorrespondenceOptions<P>): Laws => {
  const setting = settingOf(options)
  const { given, objective, source } = setting
  return scripted(
    { by: 'correspondsToEM', of: [given], instance: objective },
    ofRows(
      `correspondsToEM(${codeOf(given)})`,
      [truthIsFixed, oneFactor, vanishing, fixedPointsNear, endsNear].map(law => law(setting))
    ),
    source
  )
}

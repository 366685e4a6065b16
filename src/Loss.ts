/**
 * Losses: an objective of a score on a schedule, and how its mean over the noise is taken. Two plans compute the same
 * number from the same noise: `autodiff`, any score and objective in the tensor vocabulary; and `fused`, the closed form
 * in one pass over the data, for the scores of mixtures.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import type * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import {
  add,
  div,
  fill,
  Key,
  mean,
  mul,
  neg,
  reshape,
  square,
  sum,
  tensor,
  valueAndGrad,
  type Tensor
} from '../lib/index.js'
import { rowSpace } from '../lib/linalg.js'
import * as Components from './Components.js'
import * as Expectation from './Expectation.js'
import * as Fused from './fused/index.js'
import * as Pass from './fused/pass.js'
import * as Noise from './Noise.js'
import * as Objective from './Objective.js'
import * as Params from './Params.js'
import * as Points from './Points.js'
import * as Schedule from './Schedule.js'
import * as Score from './Score.js'
import * as Tagged from './Tagged.js'
import * as TimeLaw from './TimeLaw.js'

export interface Loss<P extends string> {
  readonly schedule: Schedule.Schedule
  readonly score: Score.Score<P>
  readonly objective: Objective.Objective
  readonly expectation: Expectation.Expectation
}

export interface ValueAndGradient<P extends string> {
  readonly value: number
  readonly gradient: Params.Params<P>
}

/** A way to compute a loss on data, and why it is, or is not, the one chosen. */
export interface Plan<P extends string> {
  readonly engine: 'fused' | 'autodiff'
  readonly reason: string
  readonly evaluate: (params: Params.Params<P>, key: Key.Key) => ValueAndGradient<P>
}

/** Gauss–Legendre nodes for a uniform time law when nothing else says how many. */
const TIME_NODES = 16

/** A noise level with a draw of noise; weight, α and σ are one for all rows, or one a row. */
interface Sample {
  readonly weight: Float64Array
  readonly alpha: Float64Array
  readonly sigma: Float64Array
  readonly noise: Noise.Noise
}

/** A term of the objective, with its noise drawn. */
interface Drawn {
  readonly weight: number
  readonly term: Objective.Term
  readonly samples: ReadonlyArray<Sample>
}

/** A term that matches the score at noise levels. */
type Matching = Exclude<Objective.Term, Objective.Likelihood>

/** What both plans compute from: the objective's terms, and noise that depends on the key alone. */
interface Evaluation {
  readonly basis: Pass.Basis
  readonly projects: boolean
  readonly terms: ReadonlyArray<Drawn>
}

const noBasis: Pass.Basis = { rank: 0, vectors: new Float64Array(0) }

/** Whether an expectation draws only the noise that a mixture sees. */
const isProjected = ({ _tag }: Expectation.Expectation): boolean => _tag === 'Projected' || _tag === 'Quadrature'

const draw =
  <P extends string>({ schedule, score, objective, expectation }: Loss<P>, points: Points.Points) =>
  (params: Params.Params<P>, key: Key.Key): Evaluation => {
    const projection = pipe(
      Score.interpret(score).family,
      O.filter(() => isProjected(expectation)),
      O.map(({ centres, seesNorm }) => {
        const { shape, values } = rowSpace(centres(params))
        return { basis: { rank: shape[0], vectors: values }, seesNorm }
      }),
      O.toNullable
    )
    const count = expectation._tag === 'Quadrature' ? expectation.nodes : TIME_NODES
    const samples = (timeLaw: TimeLaw.TimeLaw, key: Key.Key): ReadonlyArray<Sample> => {
      const keys = pipe(key, Key.named('time', 'noise'))
      const times = Expectation.isDeterministic(expectation)
        ? TimeLaw.quadrature(schedule, count)(timeLaw)
        : TimeLaw.draw(schedule, points.rows)(keys.time)(timeLaw)
      const noiseKeys = Key.split(times.length)(keys.noise)
      return times.flatMap(({ time, weight }, i) => {
        const levels = Array.from(typeof time === 'number' ? [time] : time, at => pipe(schedule, Schedule.level(at)))
        const level = {
          alpha: Float64Array.from(levels, ({ alpha }) => alpha),
          sigma: Float64Array.from(levels, ({ sigma }) => sigma)
        }
        return Noise.draws(
          points,
          projection,
          noiseKeys[i]
        )(expectation).map(draw => ({
          ...level,
          weight: (typeof weight === 'number' ? Float64Array.of(weight) : weight).map(w => w * draw.weight),
          noise: draw.noise
        }))
      })
    }
    const terms = Objective.terms(objective)
    const keys = Key.split(terms.length)(key)
    return {
      basis: projection?.basis ?? noBasis,
      projects: projection !== null,
      terms: terms.map(({ weight, term }, i) => ({
        weight,
        term,
        samples: term._tag === 'Likelihood' ? [] : samples(term.timeLaw, keys[i])
      }))
    }
  }

const total = <P extends string>(
  params: Params.Params<P>,
  values: ReadonlyArray<ValueAndGradient<P>>
): ValueAndGradient<P> =>
  values.reduce<ValueAndGradient<P>>(
    (sum, { value, gradient }) => ({
      value: sum.value + value,
      gradient: Params.zipWith((a, b) => a + b)(sum.gradient, gradient)
    }),
    { value: 0, gradient: Params.zeros(Params.shapes(params)) }
  )

const scaled =
  (weight: number) =>
  <P extends string>({ value, gradient }: ValueAndGradient<P>): ValueAndGradient<P> => ({
    value: weight * value,
    gradient: Params.mapValues(g => weight * g)(gradient)
  })

// —— autodiff ——

const rowMean =
  (points: Points.Points) =>
  (values: Tensor): Tensor => {
    const flat = reshape(values, [points.rows])
    return points.weights === undefined ? mean(flat) : sum(mul(tensor(Points.weightsOf(points), [points.rows]), flat))
  }

/** One computation is alive at a time, so that memory does not grow with the number of levels or draws. */
const autodiff = <P extends string>(
  loss: Loss<P>,
  points: Points.Points
): ((params: Params.Params<P>, key: Key.Key) => ValueAndGradient<P>) => {
  const { rows, dim } = points
  const model = Score.interpret(loss.score)
  const draws = draw(loss, points)

  const implicit = (params: Params.Tensors<P>, x: Tensor, level: Score.Level, orthogonal: Tensor): Tensor =>
    pipe(
      model.family,
      O.fold(
        () => add(sum(square(model.score(params, x, level)), 1, true), mul(2, model.divergence(params, x, level))),
        ({ components }) => Components.implicit(components(params), x, level, orthogonal)
      )
    )

  const likelihood = (params: Params.Tensors<P>): Tensor =>
    pipe(
      model.family,
      O.fold(
        // `Compile` refuses the likelihood of a score without a density.
        () => fill([rows], NaN),
        ({ components }) =>
          neg(Components.logDensity(components(params), Points.tensor(points), { alpha: 1, sigma: 0 }))
      )
    )

  const matching =
    (term: Matching, { weight, alpha, sigma, noise }: Sample, { basis, projects }: Evaluation) =>
    (params: Params.Tensors<P>): Tensor => {
      const perRow = (values: Float64Array): Tensor =>
        values.length === 1 ? fill([rows, 1], values[0]) : tensor(values, [rows, 1])
      const level = { alpha: perRow(alpha), sigma: perRow(sigma) }
      const clean = Points.tensor(points)
      const { drawn, orthogonal } = Noise.tensors(noise, basis, points)
      const noisy = add(mul(level.alpha, clean), mul(level.sigma, drawn))
      const beyond = mul(square(level.sigma), orthogonal)
      const loss = Tagged.fold<Matching>()<Tensor>({
        Denoising: () =>
          projects
            ? // E|s + z/σ|² = E[|s|² + 2 div s] + d/σ², by Stein's identity.
              add(implicit(params, noisy, level, beyond), div(dim, square(level.sigma)))
            : sum(square(add(model.score(params, noisy, level), div(drawn, level.sigma))), 1),
        Implicit: () => implicit(params, noisy, level, beyond),
        Custom: ({ perRow }) =>
          perRow({
            score: model.score(params, noisy, level),
            target: neg(div(drawn, level.sigma)),
            clean,
            noisy,
            noise: drawn,
            level
          })
      })(term)
      return mul(perRow(weight), reshape(loss, [rows, 1]))
    }

  return (params, key) => {
    const evaluation = draws(params, key)
    const part = (weight: number, perRow: (params: Params.Tensors<P>) => Tensor): ValueAndGradient<P> =>
      pipe(valueAndGrad<P>(tensors => rowMean(points)(perRow(tensors)))(params), scaled(weight))
    return total(
      params,
      evaluation.terms.flatMap(({ weight, term, samples }) =>
        term._tag === 'Likelihood'
          ? [part(weight, likelihood)]
          : samples.map(sample => part(weight, matching(term, sample, evaluation)))
      )
    )
  }
}

// —— fused ——

const known = new WeakMap<Points.Points, Pass.Rows>()

/** Data as a pass reads them: the same for the same points, so that they are copied to a pass's memory once. */
export const rowsOf = (points: Points.Points): Pass.Rows => {
  const { rows, dim, values } = points
  const found = known.get(points) ?? {
    rows,
    dim,
    x: values,
    weights: points.weights === undefined ? null : Points.weightsOf(points)
  }
  known.set(points, found)
  return found
}

/** The pair under deterministic noise has one product and one tanh a node; every other mixture has the general pass. */
const fused = <P extends string>(
  loss: Loss<P>,
  family: Score.Family<P>,
  points: Points.Points
): ((params: Params.Params<P>, key: Key.Key) => ValueAndGradient<P>) => {
  const rows = rowsOf(points)
  const draws = draw(loss, points)
  const pass = loss.expectation._tag === 'Quadrature' ? Fused.pairPass : Fused.scorePass
  return (params, key) => {
    const { basis, projects, terms } = draws(params, key)
    const arrays = family.arrays(params)
    const pullBack = ({ value, ...gradient }: Pass.Gradient): ValueAndGradient<P> => ({
      value,
      gradient: family.pullBack(params, gradient)
    })
    const parts = terms.flatMap(({ weight, term, samples }) =>
      samples.map((sample): Pass.Part => ({
        ...sample,
        weight: sample.weight.map(w => weight * w),
        target: term._tag === 'Denoising' && !projects ? 'noise' : 'none',
        completed: term._tag === 'Denoising' && projects
      }))
    )
    const likelihood = terms.reduce((sum, { weight, term }) => (term._tag === 'Likelihood' ? sum + weight : sum), 0)
    return total(params, [
      ...(parts.length > 0 ? [pullBack(pass(rows, arrays, basis, parts))] : []),
      ...(terms.some(({ term }) => term._tag === 'Likelihood')
        ? [
            pipe(
              Pass.likelihoodGradient(arrays, Fused.expectationPass(rows, arrays), points.dim),
              pullBack,
              scaled(likelihood)
            )
          ]
        : [])
    ])
  }
}

/** All ways to compute a loss on data, the chosen one first. They differ by rounding alone. */
export const plans = <P extends string>(loss: Loss<P>, points: Points.Points): RNEA.ReadonlyNonEmptyArray<Plan<P>> => {
  const custom = Objective.terms(loss.objective).find(({ term }) => term._tag === 'Custom')
  const differentiate = (reason: string): Plan<P> => ({ engine: 'autodiff', reason, evaluate: autodiff(loss, points) })
  return pipe(
    Score.interpret(loss.score).family,
    O.fold(
      (): RNEA.ReadonlyNonEmptyArray<Plan<P>> => [differentiate(`${Score.show(loss.score)} has no closed form`)],
      family =>
        custom === undefined
          ? [
              {
                engine: 'fused',
                reason: `${Score.show(loss.score)} under ${Expectation.show(loss.expectation)} has a closed form, one pass over the data ${Fused.how(points, family.count)}`,
                evaluate: fused(loss, family, points)
              },
              differentiate('serves every score and objective, slower')
            ]
          : [differentiate(`${Objective.show(custom.term)} has no closed form`)]
    )
  )
}

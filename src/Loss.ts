/**
 * The autodiff plan: any objective of any score as a list of scalar computations in the tensor vocabulary, whose
 * weighted values and gradients add up to the whole. One computation is alive at a time, so that memory does not grow
 * with the number of noise levels or draws.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
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
import * as Components from './Components.js'
import * as Expectation from './Expectation.js'
import * as Noise from './Noise.js'
import * as Objective from './Objective.js'
import * as Params from './Params.js'
import * as Points from './Points.js'
import * as Schedule from './Schedule.js'
import * as Score from './Score.js'
import * as Tagged from './Tagged.js'
import * as TimeLaw from './TimeLaw.js'

/** An objective of a score on a schedule, and how its mean over the noise is taken. */
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

interface Part<P extends string> {
  readonly weight: number
  readonly loss: (params: Params.Tensors<P>) => Tensor
}

/** Gauss–Legendre nodes for a uniform time law when nothing else says how many. */
const TIME_NODES = 16

const rowMean =
  (points: Points.Points) =>
  (values: Tensor): Tensor => {
    const flat = reshape(values, [points.rows])
    return points.weights === undefined ? mean(flat) : sum(mul(tensor(Points.weightsOf(points), [points.rows]), flat))
  }

const levels = (
  schedule: Schedule.Schedule,
  rows: number,
  times: number | Float64Array
): { readonly alpha: Tensor; readonly sigma: Tensor } => {
  if (typeof times === 'number') {
    const { alpha, sigma } = pipe(schedule, Schedule.level(times))
    return { alpha: fill([rows, 1], alpha), sigma: fill([rows, 1], sigma) }
  }
  const all = Array.from(times, time => pipe(schedule, Schedule.level(time)))
  return {
    alpha: tensor(
      all.map(({ alpha }) => alpha),
      [rows, 1]
    ),
    sigma: tensor(
      all.map(({ sigma }) => sigma),
      [rows, 1]
    )
  }
}

/** A row's loss at a level and noise, [rows] or [rows, 1]. */
type RowLoss<P extends string> = (
  params: Params.Tensors<P>,
  x: Tensor,
  level: Score.Level,
  noise: Noise.Noise
) => Tensor

const timed =
  <P extends string>(
    { schedule, expectation }: Loss<P>,
    points: Points.Points,
    key: Key.Key,
    project: Noise.Projection | null
  ) =>
  (weight: number, timeLaw: TimeLaw.TimeLaw, rowLoss: RowLoss<P>): ReadonlyArray<Part<P>> => {
    const keys = pipe(key, Key.named('time', 'noise'))
    const count = expectation._tag === 'Quadrature' ? expectation.nodes : TIME_NODES
    const times: ReadonlyArray<TimeLaw.Times> = Expectation.isDeterministic(expectation)
      ? TimeLaw.quadrature(schedule, count)(timeLaw).map(({ time, weight }) => ({ times: time, weight }))
      : TimeLaw.draw(schedule, points.rows)(keys.time)(timeLaw)
    const noiseKeys = Key.split(times.length)(keys.noise)
    return times.flatMap((at, i) =>
      Noise.draws(
        points,
        project,
        noiseKeys[i]
      )(expectation).map(draw => ({
        weight: weight * at.weight * draw.weight,
        loss: (params: Params.Tensors<P>) => {
          const level = levels(schedule, points.rows, at.times)
          const noise = draw.noise()
          const x = add(mul(level.alpha, Points.tensor(points)), mul(level.sigma, noise.drawn))
          return rowMean(points)(rowLoss(params, x, level, noise))
        }
      }))
    )
  }

const parts = <P extends string>(
  loss: Loss<P>,
  points: Points.Points,
  params: Params.Params<P>,
  key: Key.Key
): ReadonlyArray<Part<P>> => {
  const model = Score.interpret(loss.score)
  // Projected and quadrature noise is the noise that a mixture sees; plain and fixed noise is all of it.
  const reduced = loss.expectation._tag === 'Projected' || loss.expectation._tag === 'Quadrature'
  const projection = pipe(
    model.family,
    O.filter(() => reduced),
    O.map(({ centres, seesNorm }) => ({ centres: centres(params), seesNorm })),
    O.toNullable
  )

  const implicit: RowLoss<P> = (params, x, level, { orthogonal }) =>
    pipe(
      model.family,
      O.fold(
        () => add(sum(square(model.score(params, x, level)), 1, true), mul(2, model.divergence(params, x, level))),
        ({ components }) => Components.implicit(components(params), x, level, mul(square(level.sigma), orthogonal))
      )
    )
  const denoising: RowLoss<P> =
    projection === null
      ? (params, x, level, { drawn }) => sum(square(add(model.score(params, x, level), div(drawn, level.sigma))), 1)
      : // E|s + z/σ|² = E[|s|² + 2 div s] + d/σ², by Stein's identity.
        (params, x, level, noise) => add(implicit(params, x, level, noise), div(points.dim, square(level.sigma)))
  const custom =
    ({ perRow }: Objective.Custom): RowLoss<P> =>
    (params, x, level, { drawn }) =>
      perRow({
        score: model.score(params, x, level),
        target: neg(div(drawn, level.sigma)),
        clean: Points.tensor(points),
        noisy: x,
        noise: drawn,
        level
      })
  const likelihood = (params: Params.Tensors<P>): Tensor =>
    pipe(
      model.family,
      O.fold(
        // `Compile` refuses the likelihood of a score without a density.
        () => fill([], NaN),
        ({ components }) =>
          neg(rowMean(points)(Components.logDensity(components(params), Points.tensor(points), { alpha: 1, sigma: 0 })))
      )
    )

  const terms = Objective.terms(loss.objective)
  const keys = Key.split(terms.length)(key)
  return terms.flatMap(({ weight, term }, i) => {
    const over = timed(loss, points, keys[i], projection)
    return Tagged.fold<Objective.Term>()<ReadonlyArray<Part<P>>>({
      Denoising: ({ timeLaw }) => over(weight, timeLaw, denoising),
      Implicit: ({ timeLaw }) => over(weight, timeLaw, implicit),
      Likelihood: () => [{ weight, loss: likelihood }],
      Custom: objective => over(weight, objective.timeLaw, custom(objective))
    })(term)
  })
}

/** The objective's value and gradient by autodiff. The same key gives the same noise. */
export const evaluate =
  <P extends string>(loss: Loss<P>, points: Points.Points) =>
  (params: Params.Params<P>, key: Key.Key): ValueAndGradient<P> =>
    parts(loss, points, params, key).reduce<ValueAndGradient<P>>(
      (total, { weight, loss }) => {
        const { value, gradient } = valueAndGrad(loss)(params)
        return {
          value: total.value + weight * value,
          gradient: Params.zipWith((a, b) => a + weight * b)(total.gradient, gradient)
        }
      },
      { value: 0, gradient: Params.zeros(Params.shapes(params)) }
    )

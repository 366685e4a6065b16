/** Scores of known mixtures, and learned scores. */
import { pipe } from 'fp-ts/lib/function.js'
import { fill, vjp, type Tensor } from '../../lib/index.js'
import type { RowwisePlan } from '../../lib/compiler/rowwise.js'
import type { Explanation } from '../compile/index.js'
import { mistaken } from '../core/index.js'
import * as Mixture from '../mixture/mixture.js'
import type * as Parametrization from '../schedule/parametrization.js'
import * as Params from '../core/params.js'
import type * as Points from '../data/points.js'
import type { PointsLike } from '../data/rowsArgument.js'
import * as Problem from '../core/problem.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import { ofDimension, samplerPoints } from './guards.js'
import type { ScoreFunction } from './step.js'

/** Explains how a score is computed for points at a time. */
export type ScoreExplanation = (points: Points.Points, time: number) => Explanation

const explanationOf = ({ program, reason }: RowwisePlan): Explanation => ({
  engine: program === null ? 'interpreted' : 'compiled',
  reason,
  parts: () => (program === null ? [] : [{ term: 'the score', ...program.profile() }])
})

/** A score with its divergence, one number per point. */
export interface Differentiable extends ScoreFunction {
  readonly divergence: (points: Points.Points, time: number) => Float64Array
}

/** f(t) at the query time, [1, 1], constant for autodiff. */
export type OfTime = (f: (time: number) => number) => Tensor

/**
 * s(x, t) in the tensor vocabulary, [rows, dim] in and out. Reads functions of time, always the same in the same order, so that one program
 * serves all times.
 */
export type Field = (x: Tensor, ofTime: OfTime) => Tensor

/** α and σ at the query time of a field, [1, 1]. */
export const levelOf =
  (schedule: Schedule.Schedule) =>
  (ofTime: OfTime): Parametrization.Levels => {
    if (typeof ofTime !== 'function')
      return mistaken('a function of the time', ofTime, 'Sampler.levelOf(schedule)(ofTime)')
    return {
      alpha: ofTime(time => Schedule.level(time)(schedule).alpha),
      sigma: ofTime(time => Schedule.level(time)(schedule).sigma)
    }
  }

/** A score with products, which `Guidance` combines. */
export interface Smooth extends Differentiable {
  /** vᵀ ∂s/∂x for each point, v and result [rows, dim]. */
  readonly vjp: (points: Points.Points, time: number, v: Float64Array) => Points.Points
  readonly field: Field
  /** Explains the computation; absent for combinations of scores. */
  readonly how?: ScoreExplanation
}

/** Parts of a smooth score, as functions of points. */
interface SmoothParts extends Pick<Smooth, 'divergence' | 'vjp' | 'field' | 'how'> {
  readonly score: ScoreFunction
}

/** Makes a score that accepts rows in each form; its type remains that of a custom score, which takes points alone. */
export const smoothScore = ({ score, divergence, vjp, field, how }: SmoothParts): Smooth =>
  Object.assign((points: PointsLike, time: number) => score(samplerPoints(points, 'score(points, time)'), time), {
    divergence: (points: PointsLike, time: number): Float64Array =>
      divergence(samplerPoints(points, 'score.divergence(points, time)'), time),
    vjp: (points: PointsLike, time: number, v: Float64Array): Points.Points =>
      vjp(samplerPoints(points, 'score.vjp(points, time, v)'), time, v),
    field,
    ...(how && { how })
  })

const smooth = (score: ScoreFunction, parts: Omit<SmoothParts, 'score'>): Smooth => smoothScore({ score, ...parts })

const pulledBy =
  <P extends string>(
    model: Score.Model<P>,
    schedule: Schedule.Schedule,
    params: (dim: number) => Params.Params<P>,
    labelled: (points: Points.Points) => Points.Points
  ): SmoothParts['vjp'] =>
  (points, time, v) => {
    const { rows, dim } = points
    const { values } = Score.evaluateAtLevel(model, model, (own, x, level, beside) =>
      vjp(at => model.score(own, at, level))(x, beside.v)
    )(params(dim), Schedule.level(time)(schedule), labelled(points), { v: { shape: [rows, dim], values: v } })
    return { rows, dim, values }
  }

const scoreField =
  <P extends string>(
    score: Score.Score<P>,
    schedule: Schedule.Schedule,
    params: (dim: number) => Params.Params<P>,
    label: number | null
  ): Field =>
  (x, ofTime) => {
    const model = Score.interpret(score)
    const [rows, dim] = x.shape
    const level = Score.levelFor(model, rows, levelOf(schedule)(ofTime))
    return model.score(
      Score.tensors(params(dim)),
      x,
      label === null ? level : { ...level, label: fill([rows, 1], label) }
    )
  }

/**
 * Exact score of a mixture that the schedule diffuses.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Sampler, Schedule } from 'ornstein'
 *
 * const score = Sampler.exact(Mixture.of({ means: [[0]] }), Schedule.ornsteinUhlenbeck)
 * assert.ok(Math.abs(score({ rows: 1, dim: 1, values: Float64Array.of(2) }, 0.5).values[0] + 2) < 1e-15)
 */
export const exact = (mixture: Mixture.Mixture, schedule: Schedule.Schedule): Smooth => {
  const family = Score.full({ components: Mixture.components(mixture) })
  const made = Problem.orThrow(Score.fromMixture(family)(mixture))
  const params = (dim: number): typeof made => {
    ofDimension('the mixture', mixture, dim)
    return made
  }
  const at = (points: Points.Points, time: number): Mixture.Mixture =>
    pipe(ofDimension('the mixture', mixture, points.dim), Mixture.diffuse(pipe(schedule, Schedule.level(time))))
  return smooth(
    ({ rows, dim, values }, time) => {
      const points = { rows, dim, values }
      return pipe(at(points, time), Mixture.score(points))
    },
    {
      divergence: (points, time) => pipe(at(points, time), Mixture.divergence(points)),
      vjp: pulledBy(Score.interpret(family), schedule, params, ({ rows, dim, values }) => ({ rows, dim, values })),
      field: scoreField(family, schedule, params, null),
      how: (points, time) => explanationOf(pipe(at(points, time), Mixture.scorePlan(points)))
    }
  )
}

/** Learned score, with its parameters at time 0, conditioned on the class `label`. Default: no class. */
export const learned = <P extends string>(
  score: Score.Score<P>,
  schedule: Schedule.Schedule,
  params: Params.Params<P>,
  { label = null }: { readonly label?: number | null } = {}
): Smooth => {
  const fitting = (dim: number): Params.Params<P> => pipe(params, Params.checkedParams(Score.shapes(dim)(score)))
  const labelled = ({ rows, dim, values }: Points.Points): Points.Points => ({
    rows,
    dim,
    values,
    ...(label !== null && { labels: new Int32Array(rows).fill(label) })
  })
  const model = Score.interpret(score)
  return smooth((points, time) => Score.evaluate(score, schedule)(fitting(points.dim))(time)(labelled(points)), {
    divergence: (points, time) =>
      Score.evaluateAtLevel(model, model.divergence, model.divergence)(
        fitting(points.dim),
        pipe(schedule, Schedule.level(time)),
        labelled(points)
      ).values,
    vjp: pulledBy(model, schedule, fitting, labelled),
    field: scoreField(score, schedule, fitting, label),
    how: (points, time) =>
      explanationOf(Score.scorePlan(model, fitting(points.dim), pipe(schedule, Schedule.level(time)), labelled(points)))
  })
}

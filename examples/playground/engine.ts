/** Computations of the worker, independent of the page: runs of a scene step by step, and fields and samples of their parameters. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import {
  Compile,
  Key,
  Mixture,
  type Pipeline,
  type Params,
  type Points,
  Problem,
  Run,
  Sampler,
  Schedule,
  Score,
  TimeGrid
} from 'ornstein'
import { questions } from './questions/index.js'
import type { Choice } from './questions/question.js'
import { draw, type Learner, learners as names, pipelines, samplers, type Scene, schedules } from './Scene.js'

/** Gaussians in the plane as flat arrays, to be passed between threads. */
export interface Gaussians {
  /** [K, 2] */
  readonly means: Float64Array
  readonly weights: Float64Array
  /** [K, 2, 2] */
  readonly covariances: Float64Array
}

export interface Frame {
  /** Learned mixture; null for a network. */
  readonly learned: Gaussians | null
  /** Objective at the start of the step; null before the first. */
  readonly value: number | null
  readonly norm: number | null
  /** Mean log-density of the data; null for a network. */
  readonly logDensity: number | null
  /** Phase, from 0. */
  readonly stage: number
  /** Reason why the run stopped; null if it did not fail. */
  readonly failure: string | null
}

export interface Opened {
  /** [n, 2] */
  readonly points: Float64Array
  readonly truth: Gaussians | null
  /** Standard normal draw for each point, the same at every noise level: [n, 2]. */
  readonly noise: Float64Array
  /** Time at which almost no signal is left. */
  readonly until: number
  /** Problem of each learner that cannot run in this scene. */
  readonly refused: Readonly<Partial<Record<Learner, string>>>
  readonly started: Readonly<Partial<Record<Learner, Frame>>>
}

export interface Box {
  readonly left: number
  readonly right: number
  readonly bottom: number
  readonly top: number
}

export interface Field {
  /** Noise level: x_t = α x + σ z. */
  readonly level: { readonly alpha: number; readonly sigma: number }
  /** log p_t at the centres of cells × cells, rows upwards; null for a network. */
  readonly logDensity: Float64Array | null
  /** σ ∇log p_t at the centres of arrows × arrows, [·, 2]. */
  readonly score: Float64Array
}

export interface Ask {
  /** Begins the run of a question, replacing the previous one. */
  readonly begin: { readonly question: number; readonly choice: Choice; readonly stored: unknown }
  /** Next frames of the run: at least one, computed for about `BATCH_MS` milliseconds. */
  readonly more: null
  readonly open: { readonly scene: Scene }
  readonly step: { readonly learner: Learner; readonly count: number }
  /** Field of a learner's parameters after a number of steps. */
  readonly field: {
    readonly learner: Learner
    readonly step: number
    readonly time: number
    readonly box: Box
    readonly cells: number
    readonly arrows: number
  }
  readonly sample: {
    readonly learner: Learner
    readonly step: number
    readonly count: number
    readonly steps: number
    readonly seed: number
    /** Name in the vocabulary. */
    readonly sampler: string
  }
}

export interface Answer {
  readonly begin: { readonly setting: unknown }
  readonly more: { readonly frames: ReadonlyArray<unknown>; readonly done: boolean }
  readonly open: Opened | string
  /** Requested number of frames, or fewer at the end. */
  readonly step: ReadonlyArray<Frame>
  readonly field: Field
  /** Times of the reverse diffusion, and the points at each, [steps + 1][count, 2], noise first. */
  readonly sample: { readonly times: ReadonlyArray<number>; readonly points: ReadonlyArray<Float64Array> }
}

const gaussians = (mixture: Mixture.Mixture): Gaussians => ({
  means: mixture.means.values,
  weights: mixture.weights,
  covariances: Mixture.covariances(mixture).values
})

/** Time at which the log-SNR is −6, before the end of the schedule. */
const noiseEndTime = (schedule: Schedule.Schedule): number =>
  Math.min(Schedule.endTime(schedule) * 0.999, pipe(schedule, Schedule.timeOfLogSnr(-6)))

/** Centres of n × n cells, rows upwards: [n², 2]. */
const cellCentres = ({ left, right, bottom, top }: Box, n: number): Points.Points => ({
  rows: n * n,
  dim: 2,
  values: Float64Array.from({ length: 2 * n * n }, (_, at) => {
    const cell = Math.floor(at / 2)
    return at % 2 === 0
      ? left + ((right - left) * ((cell % n) + 0.5)) / n
      : bottom + ((top - bottom) * (Math.floor(cell / n) + 0.5)) / n
  })
})

export interface Engine {
  readonly answer: <K extends keyof Ask>(kind: K, ask: Ask[K]) => Answer[K]
}

/** A learner's run: parameters after each computed step, and an iterator of further frames. */
interface LearnerCourse {
  readonly score: Score.Score<string>
  readonly schedule: Schedule.Schedule
  readonly learned: Params.Params<string>[]
  readonly rest: Iterator<Frame>
}

/** Time for which frames are computed per request, in milliseconds. */
const BATCH_MS = 40

/** Returns an engine; it stores the runs of one scene and of one question between requests. */
export const engine = (): Engine => {
  const courses = new Map<Learner, LearnerCourse>()
  let rest: Iterator<unknown> = [][Symbol.iterator]()

  const begin = (
    pipeline: Pipeline.Pipeline<string>,
    points: Points.Points,
    seed: number
  ): E.Either<string, { readonly first: Frame; readonly course: LearnerCourse }> =>
    pipe(
      points,
      Compile.pipeline(pipeline),
      E.bimap(
        problems => problems.map(Problem.show).join('\n'),
        program => {
          const { score, schedule } = pipeline
          const learned: Params.Params<string>[] = []
          const frame = ({ params, value, norm, stage, status }: Run.State<string>): Frame => {
            const mixture = pipe(params, Score.toMixture(score))
            return {
              learned: pipe(mixture, O.map(gaussians), O.toNullable),
              value,
              norm,
              logDensity: pipe(mixture, O.map(Mixture.meanLogDensity(points)), O.toNullable),
              stage,
              failure: status._tag === 'Failed' ? Problem.show(status.problem) : null
            }
          }
          const frames = function* (): Generator<Frame, undefined> {
            for (const state of Run.states(program)(Key.fromSeed(seed))) {
              // A phase starts at the end of the one before.
              if (state.stage > 0 && state.step === 0) continue
              learned.push(state.params)
              yield frame(state)
            }
          }
          const rest = frames()
          const { value: first } = rest.next()
          // Every run has a start.
          if (first === undefined) throw new Error('a run without a start')
          return { first, course: { score, schedule, learned, rest } }
        }
      )
    )

  const courseOf = (learner: Learner, step: number): LearnerCourse & { readonly params: Params.Params<string> } => {
    const course = courses.get(learner)
    if (course === undefined) throw new Error(`${names[learner]} does not run in this scene`)
    return { ...course, params: course.learned[Math.min(step, course.learned.length - 1)] }
  }

  const answers: { readonly [K in keyof Ask]: (ask: Ask[K]) => Answer[K] } = {
    begin: ({ question, choice, stored }) => {
      const { setting, frames } = questions[question].run(choice, stored)
      rest = frames[Symbol.iterator]()
      return { setting }
    },
    more: () => {
      const frames: unknown[] = []
      const until = performance.now() + BATCH_MS
      while (frames.length === 0 || performance.now() < until) {
        const next = rest.next()
        if (next.done === true) return { frames, done: true }
        frames.push(next.value)
      }
      return { frames, done: false }
    },
    open: ({ scene }) =>
      pipe(
        draw(scene.data),
        E.match(Problem.show, ({ points, truth }): Opened | string => {
          courses.clear()
          const all = pipelines(scene)
          const refused: Partial<Record<Learner, string>> = {}
          const started: Partial<Record<Learner, Frame>> = {}
          // Object.keys has the type string[].
          for (const name of Object.keys(names) as Learner[]) {
            if (!scene.learners.includes(name)) continue
            const run = begin(all[name], points, scene.seed)
            if (E.isLeft(run)) refused[name] = run.left
            else {
              started[name] = run.right.first
              courses.set(name, run.right.course)
            }
          }
          return {
            points: points.values,
            truth: truth === null ? null : gaussians(truth),
            noise: Key.normal(points.values.length)(Key.named('shown')(Key.fromSeed(scene.seed)).shown),
            until: noiseEndTime(schedules[scene.schedule]),
            refused,
            started
          }
        })
      ),
    step: ({ learner, count }) => {
      const course = courses.get(learner)
      const frames: Frame[] = []
      while (course !== undefined && frames.length < count) {
        const next = course.rest.next()
        if (next.done === true) break
        frames.push(next.value)
      }
      return frames
    },
    field: ({ learner, step, time, box, cells, arrows }) => {
      const { score, schedule, params } = courseOf(learner, step)
      const level = pipe(schedule, Schedule.level(time))
      const there = pipe(params, Score.toMixture(score), O.map(Mixture.diffuse(level)))
      const scale = Math.max(level.sigma, 0.1)
      const at = cellCentres(box, arrows)
      const scores = pipe(
        there,
        O.match(() => Score.evaluate(score, schedule)(params)(time)(at), Mixture.score(at))
      )
      return {
        level: { alpha: level.alpha, sigma: level.sigma },
        logDensity: pipe(there, O.map(Mixture.logDensity(cellCentres(box, cells))), O.toNullable),
        score: scores.values.map(s => scale * s)
      }
    },
    sample: ({ learner, step, count, steps, seed, sampler }) => {
      const { score, schedule, params } = courseOf(learner, step)
      const mixture = pipe(params, Score.toMixture(score))
      const { greatest } = Schedule.logSnrRange(schedule)
      const program = Problem.orThrow(
        Sampler.compile({
          sampler: samplers[sampler],
          schedule,
          ...(O.isSome(mixture) && { prior: mixture.value }),
          grid: TimeGrid.logSnr({
            from: noiseEndTime(schedule),
            to: pipe(schedule, Schedule.timeOfLogSnr(Math.min(8, greatest))),
            steps
          })
        })
      )
      const along = O.isSome(mixture)
        ? Sampler.exact(mixture.value, schedule)
        : Sampler.learned(score, schedule, params)
      const states = [...Sampler.trajectory(program)(along)(count, 2)(Key.fromSeed(seed))]
      return { times: states.map(({ time }) => time), points: states.map(({ points }) => points.values) }
    }
  }
  return { answer: (kind, ask) => answers[kind](ask) }
}

/** What the worker does for the page: runs of a scene, step by step, and pictures of what they have learned. Knows no page. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import {
  Compile,
  Key,
  Mixture,
  type Pipeline,
  type Points,
  Problem,
  Run,
  Sampler,
  Schedule,
  Score,
  TimeGrid
} from 'ornstein'
import { draw, type Learner, learners as names, pipelines, type Scene, schedules } from './Scene.js'

/** Gaussians in the plane, as flat numbers: what a picture needs, and what passes between threads. */
export interface Gaussians {
  /** [K, 2] */
  readonly means: Float64Array
  readonly weights: Float64Array
  /** [K, 2, 2] */
  readonly covariances: Float64Array
}

export interface Frame {
  readonly learned: Gaussians
  /** The objective where the step started; null before the first. */
  readonly value: number | null
  readonly norm: number | null
  /** Mean log-density of the data. */
  readonly logDensity: number
  /** Which phase, from 0. */
  readonly stage: number
  /** Why it went no further. */
  readonly failure: string | null
}

export interface Opened {
  /** [n, 2] */
  readonly points: Float64Array
  readonly truth: Gaussians | null
  /** What keeps a learner from this scene. */
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
  /** log p_t at the centres of cells × cells, rows upwards. */
  readonly logDensity: Float64Array
  /** σ ∇log p_t at the centres of arrows × arrows, [·, 2]. */
  readonly score: Float64Array
}

export interface Ask {
  readonly open: { readonly scene: Scene }
  readonly step: { readonly learner: Learner; readonly count: number }
  readonly field: {
    readonly learned: Gaussians
    readonly schedule: Scene['schedule']
    readonly time: number
    readonly box: Box
    readonly cells: number
    readonly arrows: number
  }
  readonly sample: {
    readonly learned: Gaussians
    readonly scene: Scene
    readonly count: number
    readonly steps: number
    readonly seed: number
  }
}

export interface Answer {
  readonly open: Opened | string
  /** As many frames as were asked for, fewer at the end. */
  readonly step: ReadonlyArray<Frame>
  readonly field: Field
  /** The points at each time of the reverse diffusion, [steps + 1][count, 2], noise first, and those times. */
  readonly sample: { readonly times: ReadonlyArray<number>; readonly points: ReadonlyArray<Float64Array> }
}

const gaussians = (mixture: Mixture.Mixture): Gaussians => ({
  means: mixture.means.values,
  weights: mixture.weights,
  covariances: Mixture.covariances(mixture).values
})

const mixtureOf = ({ means, weights, covariances }: Gaussians): Mixture.Mixture =>
  Mixture.of({
    means: Array.from(weights, (_, k) => Array.from(means.subarray(2 * k, 2 * k + 2))),
    weights: Array.from(weights),
    covariances: Array.from(weights, (_, k) => {
      const [xx, xy, yx, yy] = covariances.subarray(4 * k, 4 * k + 4)
      return [
        [xx, xy],
        [yx, yy]
      ]
    })
  })

/** The centres of n × n cells, rows upwards. */
const grid = ({ left, right, bottom, top }: Box, n: number): Points.Points => ({
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

/** An engine holds one scene's runs, each where it stands. */
export const engine = (): Engine => {
  const runs = new Map<Learner, Iterator<Frame>>()

  const begin = (
    pipeline: Pipeline.Pipeline<string>,
    points: Points.Points,
    seed: number
  ): E.Either<string, { readonly first: Frame; readonly rest: Iterator<Frame> }> =>
    pipe(
      points,
      Compile.pipeline(pipeline),
      E.mapLeft(problems => problems.map(Problem.show).join('\n')),
      E.chain(program => {
        const frame = ({ params, value, norm, stage, status }: Run.State<string>): O.Option<Frame> =>
          pipe(
            params,
            Score.mixture(pipeline.score),
            O.map(mixture => ({
              learned: gaussians(mixture),
              value,
              norm,
              logDensity: pipe(mixture, Mixture.meanLogDensity(points)),
              stage,
              failure: status._tag === 'Failed' ? Problem.show(status.problem) : null
            }))
          )
        const frames = function* (): Generator<Frame> {
          for (const state of Run.states(program)(Key.fromSeed(seed))) {
            // The start of a phase is the end of the one before.
            if (state.stage > 0 && state.step === 0) continue
            const shown = frame(state)
            if (O.isSome(shown)) yield shown.value
          }
        }
        const rest = frames()
        const first = rest.next()
        return first.done === true
          ? E.left(`${Score.show(pipeline.score)} is no mixture, which alone can be drawn here; choose another score`)
          : E.right({ first: first.value, rest })
      })
    )

  const answers: { readonly [K in keyof Ask]: (ask: Ask[K]) => Answer[K] } = {
    open: ({ scene }) =>
      pipe(
        draw(scene.data),
        E.match(Problem.show, ({ points, truth }): Opened | string => {
          runs.clear()
          const all = pipelines(scene)
          const refused: Partial<Record<Learner, string>> = {}
          const started: Partial<Record<Learner, Frame>> = {}
          // Object.keys says string, whatever the keys are.
          for (const name of Object.keys(names) as Learner[]) {
            if (!scene.learners.includes(name)) continue
            const run = begin(all[name], points, scene.seed)
            if (E.isLeft(run)) refused[name] = run.left
            else {
              started[name] = run.right.first
              runs.set(name, run.right.rest)
            }
          }
          return { points: points.values, truth: truth === null ? null : gaussians(truth), refused, started }
        })
      ),
    step: ({ learner, count }) => {
      const run = runs.get(learner)
      const frames: Frame[] = []
      while (run !== undefined && frames.length < count) {
        const next = run.next()
        if (next.done === true) break
        frames.push(next.value)
      }
      return frames
    },
    field: ({ learned, schedule, time, box, cells, arrows }) => {
      const level = pipe(schedules[schedule], Schedule.level(time))
      const there = pipe(mixtureOf(learned), Mixture.diffuse(level))
      const scale = Math.max(level.sigma, 0.1)
      return {
        logDensity: pipe(there, Mixture.logDensity(grid(box, cells))),
        score: pipe(there, Mixture.score(grid(box, arrows))).values.map(s => scale * s)
      }
    },
    sample: ({ learned, scene, count, steps, seed }) => {
      const schedule = schedules[scene.schedule]
      const mixture = mixtureOf(learned)
      const { greatest } = Schedule.logSnrRange(schedule)
      const until = Math.min(Schedule.until(schedule) * 0.999, pipe(schedule, Schedule.timeOfLogSnr(-6)))
      const program = Problem.orThrow(
        Sampler.compile({
          sampler: Sampler.heun,
          schedule,
          prior: mixture,
          grid: TimeGrid.logSnr({
            from: until,
            to: pipe(schedule, Schedule.timeOfLogSnr(Math.min(8, greatest))),
            steps
          })
        })
      )
      const states = [...Sampler.trajectory(program)(Sampler.exact(mixture, schedule))(count, 2)(Key.fromSeed(seed))]
      return { times: states.map(({ time }) => time), points: states.map(({ points }) => points.values) }
    }
  }
  return { answer: (kind, ask) => answers[kind](ask) }
}

/** A question as a value: what to run, and what the page then shows and says of it. */
import {
  Compile,
  Expectation,
  type Initializer,
  Key,
  Objective,
  Optimizer,
  type Params,
  Pipeline,
  type Points,
  type Population,
  Problem,
  Run,
  Schedule,
  type Score,
  Stage,
  TimeLaw
} from 'ornstein'
import type { Panel, Picture, Place } from '../plot.js'

/** What was chosen, by control. */
export type Choice = Readonly<Record<string, string>>

export interface Control {
  readonly name: string
  readonly label: string
  /** What the address holds, and what the button says; the first is chosen unless `chosen` names another. */
  readonly options: ReadonlyArray<readonly [value: string, text: string]>
  readonly chosen?: string
  /** Changes only what is shown of a run. */
  readonly shows?: boolean
  /** Where it has a meaning; always unless given. */
  readonly when?: (choice: Choice) => boolean
}

export interface View {
  readonly picture: Picture
  /** The quantities that the theorem is about. */
  readonly panels: ReadonlyArray<Panel>
  /** What is to be seen, from the numbers of the run; *…* is emphasis. */
  readonly says: string
}

/** A run as far as it is known; frame 0 is the start. */
export interface Seen<S, F> {
  readonly setting: S
  readonly frames: ReadonlyArray<F>
  readonly step: number
  readonly done: boolean
  readonly choice: Choice
}

interface Shape<S, F> {
  /** A word or three, for the list of questions. */
  readonly name: string
  readonly question: string
  /** Two or three sentences: what is done, and what to watch. */
  readonly lead: string
  readonly statement: string
  /** What one step is called. */
  readonly unit: string
  /** The number of the first step shown, where steps are counted things: 0 unless given. */
  readonly first?: 1
  readonly controls: ReadonlyArray<Control>
  readonly tries: ReadonlyArray<{ readonly text: string; readonly choice: Choice }>
  /** The library's runs, lazily: data without functions, as they pass from thread to thread. */
  readonly run: (choice: Choice) => { readonly setting: S; readonly frames: Iterable<F> }
  readonly steps: (choice: Choice) => number
  readonly view: (seen: Seen<S, F>) => View
}

export type Question = Shape<unknown, unknown>

/** A question, whose view is given what its own run gave. */
export const define = <S, F>(shape: Shape<S, F>): Question =>
  // The page hands a view what the run of the same question sent: the one place where their types are put aside.
  ({ ...shape, view: seen => shape.view(seen as Seen<S, F>) })

export const defaults = ({ controls }: Pick<Question, 'controls'>): Choice =>
  Object.fromEntries(controls.map(({ name, options, chosen }) => [name, chosen ?? options[0][0]]))

/** What of a choice a run depends on. */
export const runKey = ({ controls }: Question, choice: Choice): string =>
  JSON.stringify(controls.filter(({ shows }) => shows !== true).map(({ name }) => choice[name]))

/** A run taken to its end, as far as `steps`. */
export const taken = (question: Question, choice: Choice, steps = Infinity): Seen<unknown, unknown> => {
  const whole = { ...defaults(question), ...choice }
  const { setting, frames } = question.run(whole)
  const some: unknown[] = []
  for (const frame of frames) {
    some.push(frame)
    if (some.length > steps) break
  }
  return { setting, frames: some, step: some.length - 1, done: some.length > question.steps(whole), choice: whole }
}

// —— what the runs are made of ——

/** α² at a time. */
export const alpha2 = (time: number): number => Math.exp(-2 * time)

/**
 * Gradient steps as long as those of EM: of K equal weights the gradient in a mean is 2α²/K times an EM step, of the pair, which both
 * clusters move, 2α² times.
 */
export const descend = (
  time: number,
  steps: number,
  components: number,
  expectation: Expectation.Expectation = Expectation.projected({ antithetic: true, draws: 8 })
): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(TimeLaw.at(time)),
    expectation,
    optimizer: Optimizer.scaleByRate(components / 2 / alpha2(time)),
    steps
  })
/** The pair's noise matters along one line, where nodes are exact. */
export const descendPair = (time: number, steps: number): Stage.Stage =>
  descend(time, steps, 1, Expectation.quadrature())

/** What a run needs: data, what is learned of them, from where and how. */
interface Task<P extends string> {
  readonly data: Points.Points | Population.Population
  readonly score: Score.Score<P>
  readonly start: Initializer.Initializer
  readonly stages: ReadonlyArray<Stage.Stage>
  readonly seed?: number
}

/** The states of a run, step by step. */
export function* states<P extends string>({
  data,
  score,
  start,
  stages,
  seed = 1
}: Task<P>): Generator<Run.State<P>, undefined> {
  const pipeline = Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score, initializer: start, stages })
  const program = Problem.orThrow(Compile.pipeline(pipeline)(data))
  for (const state of Run.states(program)(Key.fromSeed(seed)))
    // The start of a stage is the end of the one before.
    if (state.stage === 0 || state.step > 0) yield state
}
/** What a run ends with. */
export const learned = <P extends string>({ data, score, start, stages, seed = 1 }: Task<P>): Params.Params<P> => {
  const pipeline = Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score, initializer: start, stages })
  return Run.last(Problem.orThrow(Compile.pipeline(pipeline)(data)))(Key.fromSeed(seed)).params
}

// —— what the texts are made of ——

export const length = (v: ArrayLike<number>): number => Math.hypot(...Array.from(v))
const degrees = (radians: number): number => (radians * 180) / Math.PI
/** Between two lines through 0, in degrees. */
export const angle = (u: ArrayLike<number>, v: ArrayLike<number>): number => {
  const inner = Array.from(u).reduce((sum, x, i) => sum + x * v[i], 0)
  return degrees(Math.acos(Math.min(1, Math.abs(inner) / length(u) / length(v))))
}
export const turned = ([x, y]: Place, by: number): Place => {
  const [c, s] = [Math.cos((by * Math.PI) / 180), Math.sin((by * Math.PI) / 180)]
  return [c * x - s * y, s * x + c * y]
}
export const percent = (share: number): string => {
  const p = 100 * share
  return `${p >= 9.95 ? p.toFixed(0) : p >= 0.95 ? p.toFixed(1) : p >= 0.01 ? p.toFixed(2) : 'less than 0.01'} %`
}
/** The first step from which something is true; −1 where it is not yet. */
export const since = <F>(frames: ReadonlyArray<F>, is: (frame: F) => boolean): number => frames.findIndex(is)
export const places = (flat: ArrayLike<number>): ReadonlyArray<Place> =>
  Array.from({ length: flat.length / 2 }, (_, k) => [flat[2 * k], flat[2 * k + 1]] as const)
export const mean = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length
/** One line of a chart: a quantity of each frame up to the step. */
export const curve = <F>(frames: ReadonlyArray<F>, upTo: number, of: (frame: F) => number): ReadonlyArray<Place> =>
  frames.slice(0, upTo + 1).map((frame, i) => [i, of(frame)] as const)

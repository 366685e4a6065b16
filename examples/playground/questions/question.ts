/** Question as a value: its run, and functions that show and explain it. */
import * as O from 'fp-ts/lib/Option.js'
import {
  Compile,
  Expectation,
  type Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  type Params,
  type Picture,
  Pipeline,
  type Points,
  type Population,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from 'ornstein'
import { cloud, curve, type Look, type Mark, type Place, type Plane, placesOf, type Tiled } from '../plot.js'

export { placesOf as places }

/** Chosen value by control. */
export type Choice = Readonly<Record<string, string>>

export interface Control {
  readonly name: string
  readonly label: string
  /** Values in the address, and labels of the buttons; the first is chosen by default. Empty for numbers that a handle sets. */
  readonly options: ReadonlyArray<readonly [value: string, text: string]>
  readonly chosen?: string
  /** True if it does not affect the run. */
  readonly shows?: boolean
  /** True if the control is shown. Default: always. */
  readonly when?: (choice: Choice) => boolean
}

/** Prediction that the page requests before it shows a run. */
export interface Ask {
  readonly text: string
  readonly options: ReadonlyArray<readonly [value: string, text: string]>
  /** True if the answer is about the present picture, so nothing is played. */
  readonly atOnce?: boolean
}

/** Part of the picture that can be dragged, or moved by arrow keys. */
export interface Handle {
  readonly at: Place
  /** True if its places are coordinates of the picture's inset. */
  readonly isInset?: boolean
  readonly label: string
  /** Its position in words. */
  readonly text: string
  readonly to: (place: Place) => Choice
  /** True if a click anywhere moves it there. */
  readonly jumps?: boolean
}

/** Counts in rows and columns; `now` is the shown cell. */
export interface Table {
  readonly head: ReadonlyArray<string>
  readonly rows: ReadonlyArray<{ readonly name: string; readonly look: Look; readonly cells: ReadonlyArray<string> }>
  readonly now: readonly [row: number, column: number]
  readonly choose: (row: number, column: number) => Choice
}

/** Picture, charts and texts of a run at a step; `*…*` is emphasis, `{…}` a word of the glossary. */
export interface View {
  readonly picture: Plane | Tiled
  /** Charts of the theorem's quantities. */
  readonly panels: ReadonlyArray<Picture.Panel>
  readonly table?: Table
  readonly handles?: ReadonlyArray<Handle>
  /** Text about this step. */
  readonly now: string
  /** Right option, and texts about the whole run. */
  readonly answer: string
  readonly happened: string
  readonly why: string
  /** Step to which a played run returns. Default: the last. */
  readonly rests?: number
}

/** Computed part of a run; frame 0 is the start. */
export interface Seen<S, F> {
  readonly setting: S
  readonly frames: ReadonlyArray<F>
  readonly step: number
  readonly done: boolean
  readonly choice: Choice
  /** Noise of the shown points, from 0, clean, to 1. */
  readonly blur: number
  /** True if the answer may be shown. */
  readonly told: boolean
}

interface QuestionSpec<S, F> {
  /** Number of the question, as in addresses. */
  readonly number: string
  /** One to three words for the list of questions. */
  readonly name: string
  readonly question: string
  /** Two or three sentences about the run and its important parts. */
  readonly lead: string
  readonly statement: string
  /** Name of a step. */
  readonly unit: string
  /** Number of the first step, if steps are counted things. Default: 0. */
  readonly first?: 1
  /** Labels of the play button, and of the present step. Default: by the unit. */
  readonly play?: string
  readonly place?: (seen: Seen<S, F>) => string
  /** False if its runs use no noise, so that the switch for noise is hidden. Default: true. */
  readonly hasNoise?: boolean
  /** Step and noise at the opening. Default: the first step, clean. */
  readonly opens?: { readonly step?: number; readonly blur?: number }
  /** Step and noise of the thumbnail. Default: the step `rests` or the last, clean. */
  readonly finding?: { readonly step?: number; readonly blur?: number }
  readonly controls: ReadonlyArray<Control>
  readonly tries: ReadonlyArray<{ readonly text: string; readonly asks: string; readonly choice: Choice }>
  readonly ask: (choice: Choice) => Ask
  /** Sentence that leads to the next question. */
  readonly leads: string
  /**
   * Runs lazily; setting and frames contain no functions, since they pass between threads. `stored` is the stored result of
   * `stored.compute` for the choice.
   */
  readonly run: (choice: Choice, stored?: unknown) => { readonly setting: S; readonly frames: Iterable<F> }
  /** Choices whose answers take seconds and are computed by `compute` when the page is written. */
  readonly stored?: { readonly choices: ReadonlyArray<Choice>; readonly compute: (choice: Choice) => unknown }
  /** Factor of a step's duration. Default: 1. */
  readonly slow?: (choice: Choice, step: number) => number
  readonly steps: (choice: Choice) => number
  readonly view: (seen: Seen<S, F>) => View
}

export type Question = QuestionSpec<unknown, unknown>

/** Defines a question; hides the types of its setting and frames. */
export const defineQuestion = <S, F>({ view, place, ...shape }: QuestionSpec<S, F>): Question => ({
  ...shape,
  // The page passes a view the setting and frames of the same question's run, so these types hold.
  view: seen => view(seen as Seen<S, F>),
  ...(place !== undefined && { place: seen => place(seen as Seen<S, F>) })
})

export const defaults = ({ controls }: Pick<Question, 'controls'>): Choice =>
  Object.fromEntries(controls.map(({ name, options, chosen }) => [name, chosen ?? options[0][0]]))

/** Options whose labels are their values. */
export const selfNamedOptions = (...values: ReadonlyArray<string>): Control['options'] =>
  values.map(value => [value, value])

/** Key of a run: the values of the controls that affect it, as JSON. */
export const runKey = ({ controls }: Question, choice: Choice): string =>
  JSON.stringify(controls.filter(({ shows }) => shows !== true).map(({ name }) => choice[name]))

/** Runs a question for at most `steps` steps; `stored` is the stored answer to the choice, if any. */
export const runQuestion = (
  question: Question,
  choice: Choice,
  { steps = Infinity, stored }: { readonly steps?: number | undefined; readonly stored?: unknown } = {}
): Seen<unknown, unknown> => {
  const whole = { ...defaults(question), ...choice }
  const { setting, frames } = question.run(whole, stored)
  const some: unknown[] = []
  for (const frame of frames) {
    some.push(frame)
    if (some.length > steps) break
  }
  const done = some.length > question.steps(whole)
  return { setting, frames: some, step: some.length - 1, done, choice: whole, blur: 0, told: done }
}

// —— noise, as the pictures show it: x_t/α = x_0 + √(exp 2t − 1) z, so that centres stay where they are ——

/** Standard deviation of the noise in units of the data, σ/α. */
export const noiseSpread = (time: number): number => Math.sqrt(Math.exp(2 * time) - 1)

const noises = new Map<number, Float64Array>()
/** Standard normal draw of `count` numbers, the same at every level. */
export const standardNoise = (count: number): Float64Array => {
  const known = noises.get(count) ?? Key.normal(count)(Key.fromSeed(48))
  noises.set(count, known)
  return known
}

export const noisedAt = (points: Float64Array, time: number): Float64Array => {
  const spread = noiseSpread(time)
  const noise = standardNoise(points.length)
  return spread === 0 ? points : points.map((x, i) => x + spread * noise[i])
}

/** Cloud of the data at the noise of the switch, its description, and distances widened by that noise, so that a picture contains it. */
export const noisedCloud = (
  { blur }: Pick<Seen<unknown, unknown>, 'blur'>,
  points: Float64Array,
  time: number
): { readonly cloud: Mark; readonly widened: (distance: number) => number; readonly says: string } => {
  const now = blur * time
  return {
    cloud: cloud(noisedAt(points, now)),
    widened: distance => Math.hypot(distance, 2 * noiseSpread(now)),
    says: now === 0 ? 'clean' : `noised, t = ${now.toFixed(1)}, spread ${noiseSpread(now).toFixed(1)}`
  }
}

// —— what the runs are made of ——

/** α² at a time. */
export const alpha2 = (time: number): number => Math.exp(-2 * time)

/**
 * Descent with gradient steps as long as EM's: for K equal weights the gradient in a mean is 2α²/K times an EM step, for the pair, which
 * both clusters move, 2α² times.
 */
export const descend = (
  time: number,
  steps: number,
  components: number,
  expectation: Expectation.Expectation = Expectation.projected({ antithetic: true, draws: 8 })
): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(NoiseLevels.at(time)),
    expectation,
    optimizer: Optimizer.scaleByRate(components / 2 / alpha2(time)),
    steps
  })
/** Descent for the pair, exact by quadrature since noise matters along one line. */
export const descendPair = (time: number, steps: number): Stage.Stage =>
  descend(time, steps, 1, Expectation.quadrature())

interface LearningTask<P extends string> {
  readonly data: Points.Points | Population.Population
  readonly score: Score.Score<P>
  readonly start: Initializer.Initializer
  readonly stages: ReadonlyArray<Stage.Stage>
  readonly seed?: number
}

/** States of a run, step by step. */
export function* states<P extends string>({
  data,
  score,
  start,
  stages,
  seed = 1
}: LearningTask<P>): Generator<Run.State<P>, undefined> {
  const pipeline = Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score, initializer: start, stages })
  const program = Problem.orThrow(Compile.pipeline(pipeline)(data))
  for (const state of Run.states(program)(Key.fromSeed(seed)))
    // A stage starts at the end of the one before.
    if (state.stage === 0 || state.step > 0) yield state
}
/** Parameters at the end of a run. */
export const finalParams = <P extends string>({
  data,
  score,
  start,
  stages,
  seed = 1
}: LearningTask<P>): Params.Params<P> => {
  const pipeline = Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score, initializer: start, stages })
  return Run.last(Problem.orThrow(Compile.pipeline(pipeline)(data)))(Key.fromSeed(seed)).params
}

/** Runs several learners in parallel and yields a value of each state by name; a finished run repeats its last value. */
export function* runSideBySide<K extends string, P extends string, A>(
  all: ReadonlyArray<readonly [name: K, run: Iterator<Run.State<P>>, of: (state: Run.State<P>) => A]>
): Generator<Readonly<Record<K, A>>, undefined> {
  const last = new Map<K, A>()
  for (;;) {
    const going = all.filter(([name, run, of]) => {
      const next = run.next()
      if (next.done !== true) last.set(name, of(next.value))
      return next.done !== true
    })
    if (going.length === 0) return
    // All names have a value from the first step on.
    yield Object.fromEntries(last) as Record<K, A>
  }
}

/** Mixture of two as plain data. */
export interface Fitted {
  /** [2, 2] */
  readonly means: ReadonlyArray<number>
  readonly covariances: ReadonlyArray<ReadonlyArray<number>>
  /** Weight of the first component. */
  readonly weight: number
  /** Mean over the rows; 0 if not computed. */
  readonly logDensity: number
}
export const fitted =
  <P extends string>(score: Score.Score<P>, logDensity: (mixture: Mixture.Mixture) => number = () => 0) =>
  ({ params }: Run.State<P>): Fitted => {
    const mixture = O.toNullable(Score.toMixture(score)(params))
    if (mixture === null) throw new Error('a network is no mixture')
    const covariances = [...Mixture.covariances(mixture).values]
    return {
      means: [...mixture.means.values],
      covariances: [covariances.slice(0, 4), covariances.slice(4, 8)],
      weight: mixture.weights[0],
      logDensity: logDensity(mixture)
    }
  }

/** Largest distance of a true centre from the nearest learned one. */
export const centreError = (means: ArrayLike<number>, centres: ReadonlyArray<Place>): number =>
  Math.max(...centres.map(c => Math.min(...placesOf(means).map(m => Math.hypot(m[0] - c[0], m[1] - c[1])))))

// —— what the texts are made of ——

export const length = (v: ArrayLike<number>): number => Math.hypot(...Array.from(v))
const degrees = (radians: number): number => (radians * 180) / Math.PI
/** Angle between two lines through 0, in degrees. */
export const angle = (u: ArrayLike<number>, v: ArrayLike<number>): number => {
  const inner = Array.from(u).reduce((sum, x, i) => sum + x * v[i], 0)
  return degrees(Math.acos(Math.min(1, Math.abs(inner) / length(u) / length(v))))
}
export const rotated = ([x, y]: Place, by: number): Place => {
  const c = Math.cos((by * Math.PI) / 180)
  const s = Math.sin((by * Math.PI) / 180)
  return [c * x - s * y, s * x + c * y]
}
/** Corners of a regular polygon about 0, the first turned by `turn` radians. */
export const polygon = (corners: number, radius: number, turn = 0): ReadonlyArray<Place> =>
  Array.from({ length: corners }, (_, k) => {
    const angle = turn + (2 * k * Math.PI) / corners
    return [radius * Math.cos(angle), radius * Math.sin(angle)] as const
  })
export const percent = (share: number): string => {
  const p = 100 * share
  return `${p >= 9.95 ? p.toFixed(0) : p >= 0.95 ? p.toFixed(1) : p >= 0.01 ? p.toFixed(2) : 'less than 0.01'}\u00a0%`
}
/** First index at which a predicate holds; −1 if there is none. */
export const firstStepWhere = <F>(frames: ReadonlyArray<F>, is: (frame: F) => boolean): number => frames.findIndex(is)
export const mean = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length
/** Points (step, quantity) of a chart, up to a step. */
export const upTo = <F>(frames: ReadonlyArray<F>, upTo: number, of: (frame: F) => number): ReadonlyArray<Place> =>
  frames.slice(0, upTo + 1).map((frame, i) => [i, of(frame)] as const)

/** Radii of other learners' rings at the start, where their lines have no length yet and all are at one point. */
export const RING_RADII = [7, 9]
/** Curves of a quantity up to the step, one per learner; a disc at the shown one's point, and at the start rings for the others. */
export const runCurves =
  <N extends string, A>(
    learners: Readonly<Record<N, { readonly label: string; readonly look: Look }>>,
    frames: ReadonlyArray<Readonly<Record<N, A>>>,
    step: number,
    shown: N
  ) =>
  (value: (one: A) => number, names: ReadonlyArray<N>): ReadonlyArray<Mark> =>
    names.flatMap(name =>
      curve({
        label: learners[name].label,
        look: learners[name].look,
        places: upTo(frames, step, frame => value(frame[name])),
        at: name === shown || step === 0 ? [step, value(frames[step][name])] : undefined,
        ring:
          name === shown
            ? undefined
            : RING_RADII[names.filter(other => other !== shown).indexOf(name) % RING_RADII.length]
      })
    )

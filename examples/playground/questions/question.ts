/** A question as a value: what to run, and what the page then shows and says of it. */
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

/** What was chosen, by control. */
export type Choice = Readonly<Record<string, string>>

export interface Control {
  readonly name: string
  readonly label: string
  /** What the address holds, and what the button says; the first is chosen unless `chosen` names another. None: numbers that a handle sets. */
  readonly options: ReadonlyArray<readonly [value: string, text: string]>
  readonly chosen?: string
  /** Changes only what is shown of a run. */
  readonly shows?: boolean
  /** Where it has a meaning; always unless given. */
  readonly when?: (choice: Choice) => boolean
}

/** What the page asks before it shows a run. */
export interface Ask {
  readonly text: string
  readonly options: ReadonlyArray<readonly [value: string, text: string]>
  /** The answer shows what is there already, and plays nothing. */
  readonly atOnce?: boolean
}

/** What can be dragged in the picture, or moved by arrow keys. */
export interface Handle {
  readonly at: Place
  /** True if its places are coordinates of the picture's inset. */
  readonly isInset?: boolean
  readonly label: string
  /** Where it is, in words. */
  readonly text: string
  readonly to: (place: Place) => Choice
  /** A click anywhere brings it there. */
  readonly jumps?: boolean
}

/** Counts in rows and columns; `now` is the cell that the picture shows. */
export interface Table {
  readonly head: ReadonlyArray<string>
  readonly rows: ReadonlyArray<{ readonly name: string; readonly look: Look; readonly cells: ReadonlyArray<string> }>
  readonly now: readonly [row: number, column: number]
  readonly choose: (row: number, column: number) => Choice
}

/** What is shown and said of a run at a step, from its numbers; `*…*` is emphasis, `{…}` a word of the glossary. */
export interface View {
  readonly picture: Plane | Tiled
  /** The quantities that the theorem is about. */
  readonly panels: ReadonlyArray<Picture.Panel>
  readonly table?: Table
  readonly handles?: ReadonlyArray<Handle>
  /** What is to be seen at this step. */
  readonly now: string
  /** Of the whole run: which option of the question it was, what happened, and why. */
  readonly answer: string
  readonly happened: string
  readonly why: string
  /** The step to which a run that was played returns: the last unless given. */
  readonly rests?: number
}

/** A run as far as it is known; frame 0 is the start. */
export interface Seen<S, F> {
  readonly setting: S
  readonly frames: ReadonlyArray<F>
  readonly step: number
  readonly done: boolean
  readonly choice: Choice
  /** From 0, clean, to 1, noised. */
  readonly blur: number
  /** Whether the answer may be seen. */
  readonly told: boolean
}

interface Shape<S, F> {
  /** Its number among the questions, as the address has it. */
  readonly number: string
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
  /** What the button says that plays the steps, and where they stand; by the unit unless given. */
  readonly play?: string
  readonly place?: (seen: Seen<S, F>) => string
  /** False if its runs use no noise, so that clean and noised points are no choice. Default: true. */
  readonly hasNoise?: boolean
  /** Where it opens: at the first step, and clean, unless given. */
  readonly opens?: { readonly step?: number; readonly blur?: number }
  /** What the page that lists the findings shows of it: by default its last step, or the one at which it rests, and clean points. */
  readonly finding?: { readonly step?: number; readonly blur?: number }
  readonly controls: ReadonlyArray<Control>
  readonly tries: ReadonlyArray<{ readonly text: string; readonly asks: string; readonly choice: Choice }>
  readonly ask: (choice: Choice) => Ask
  /** The sentence that leads to the next question. */
  readonly leads: string
  /**
   * The library's runs, lazily: data without functions, as they pass from thread to thread. `stored` is what `stored.compute` returned
   * for the choice when the page was written.
   */
  readonly run: (choice: Choice, stored?: unknown) => { readonly setting: S; readonly frames: Iterable<F> }
  /** Answers that take seconds: computed by the same code when the page is written, for these choices. */
  readonly stored?: { readonly choices: ReadonlyArray<Choice>; readonly compute: (choice: Choice) => unknown }
  /** How many times as long as others a step is shown: 1 unless given. */
  readonly slow?: (choice: Choice, step: number) => number
  readonly steps: (choice: Choice) => number
  readonly view: (seen: Seen<S, F>) => View
}

export type Question = Shape<unknown, unknown>

/** A question, whose view is given what its own run gave. */
export const define = <S, F>({ view, place, ...shape }: Shape<S, F>): Question => ({
  ...shape,
  // The page hands a view what the run of the same question sent: the one place where their types are put aside.
  view: seen => view(seen as Seen<S, F>),
  ...(place !== undefined && { place: seen => place(seen as Seen<S, F>) })
})

export const defaults = ({ controls }: Pick<Question, 'controls'>): Choice =>
  Object.fromEntries(controls.map(({ name, options, chosen }) => [name, chosen ?? options[0][0]]))

/** Options that are called what they are. */
export const plain = (...values: ReadonlyArray<string>): Control['options'] => values.map(value => [value, value])

/** What of a choice a run depends on. */
export const runKey = ({ controls }: Question, choice: Choice): string =>
  JSON.stringify(controls.filter(({ shows }) => shows !== true).map(({ name }) => choice[name]))

/** A run taken to its end, as far as `steps`; `stored` is the answer to the choice if the page holds it. */
export const taken = (
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

/** The standard deviation of the noise beside data of their own size, σ/α. */
export const spreadAt = (time: number): number => Math.sqrt(Math.exp(2 * time) - 1)

const noises = new Map<number, Float64Array>()
/** One draw of noise for so many numbers, the same at every level. */
export const noiseOf = (count: number): Float64Array => {
  const known = noises.get(count) ?? Key.normal(count)(Key.fromSeed(48))
  noises.set(count, known)
  return known
}

export const noisedAt = (points: Float64Array, time: number): Float64Array => {
  const spread = spreadAt(time)
  const noise = noiseOf(points.length)
  return spread === 0 ? points : points.map((x, i) => x + spread * noise[i])
}

/** The data as a cloud, at a noise as far as the switch has gone, in a picture that reaches as far as that noise spreads them. */
export const clouded = (
  { blur }: Pick<Seen<unknown, unknown>, 'blur'>,
  points: Float64Array,
  { time, reach, about }: { readonly time: number; readonly reach: number; readonly about?: Place }
): {
  readonly cloud: Mark
  readonly plane: { readonly reach: number; readonly about?: Place }
  readonly says: string
} => {
  const now = blur * time
  return {
    cloud: cloud(noisedAt(points, now)),
    plane: { reach: Math.hypot(reach, 2 * spreadAt(now)), ...(about !== undefined && { about }) },
    says: now === 0 ? 'clean' : `noised, t = ${now.toFixed(1)}, spread ${spreadAt(now).toFixed(1)}`
  }
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
    objective: Objective.denoising(NoiseLevels.at(time)),
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

/** Runs side by side, step by step, each with what is shown of its state; one that has ended stays where it is. */
export function* side<K extends string, P extends string, A>(
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
    // All names are there from the first step on.
    yield Object.fromEntries(last) as Record<K, A>
  }
}

/** A mixture of two as data: what pictures and charts show of it. */
export interface Fitted {
  /** [2, 2] */
  readonly means: ReadonlyArray<number>
  readonly covariances: ReadonlyArray<ReadonlyArray<number>>
  /** Of the first component. */
  readonly weight: number
  /** Of the rows, the mean; 0 where nobody asks. */
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

/** The greatest distance of a true centre from the nearest one learned. */
export const centreError = (means: ArrayLike<number>, centres: ReadonlyArray<Place>): number =>
  Math.max(...centres.map(c => Math.min(...placesOf(means).map(m => Math.hypot(m[0] - c[0], m[1] - c[1])))))

// —— what the texts are made of ——

export const length = (v: ArrayLike<number>): number => Math.hypot(...Array.from(v))
const degrees = (radians: number): number => (radians * 180) / Math.PI
/** Between two lines through 0, in degrees. */
export const angle = (u: ArrayLike<number>, v: ArrayLike<number>): number => {
  const inner = Array.from(u).reduce((sum, x, i) => sum + x * v[i], 0)
  return degrees(Math.acos(Math.min(1, Math.abs(inner) / length(u) / length(v))))
}
export const turned = ([x, y]: Place, by: number): Place => {
  const c = Math.cos((by * Math.PI) / 180)
  const s = Math.sin((by * Math.PI) / 180)
  return [c * x - s * y, s * x + c * y]
}
/** The corners of a regular polygon about 0, the first turned by so much. */
export const polygon = (corners: number, radius: number, turn = 0): ReadonlyArray<Place> =>
  Array.from({ length: corners }, (_, k) => {
    const angle = turn + (2 * k * Math.PI) / corners
    return [radius * Math.cos(angle), radius * Math.sin(angle)] as const
  })
export const percent = (share: number): string => {
  const p = 100 * share
  return `${p >= 9.95 ? p.toFixed(0) : p >= 0.95 ? p.toFixed(1) : p >= 0.01 ? p.toFixed(2) : 'less than 0.01'}\u00a0%`
}
/** The first step from which something is true; −1 where it is not yet. */
export const since = <F>(frames: ReadonlyArray<F>, is: (frame: F) => boolean): number => frames.findIndex(is)
export const mean = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length
/** A quantity of each frame up to the step, as places of a chart. */
export const upTo = <F>(frames: ReadonlyArray<F>, upTo: number, of: (frame: F) => number): ReadonlyArray<Place> =>
  frames.slice(0, upTo + 1).map((frame, i) => [i, of(frame)] as const)

/** Radii of the rings of other learners at the start, where their lines have no length yet: each is seen where all stand at one place. */
export const RINGS = [7, 9]
/** A quantity of several learners' runs up to the step, a line each: a disc where the one that is shown stands, and at the start rings for the others. */
export const runs =
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
        ring: name === shown ? undefined : RINGS[names.filter(other => other !== shown).indexOf(name) % RINGS.length]
      })
    )

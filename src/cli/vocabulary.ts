/**
 * The vocabulary: every constructor of every concept, each with an example. The tables are total over the tags, so a new
 * case of a description does not compile until it is here; what a concept says of itself is taken from it.
 */
import {
  type Case,
  Clock,
  Expectation,
  Initializer,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  Rate,
  Region,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  TimeLaw,
  Vocabulary,
  Weighting
} from '../index.js'

/** A constructor: its example, and what it is or where it is from, in a line. */
interface Entry<T> {
  readonly example: T
  readonly about: string
  /** The code of the example, where it is a recipe made of other constructors; else what `show` says. */
  readonly code?: string
}

/** Every tag has an entry; recipes stand at the tag that they come to. */
type Table<T extends { readonly _tag: string }> = {
  readonly [K in T['_tag']]: readonly [Entry<T>, ...ReadonlyArray<Entry<T>>]
}

const entry = <T>(example: T, about: string, code?: string): Entry<T> => ({
  example,
  about,
  ...(code !== undefined && { code })
})

export interface Word<T = unknown> {
  /** As written in code: `Schedule.cosine`. */
  readonly name: string
  readonly about: string
  /** The example in mathematics, where the concept says it. */
  readonly formula: string | null
  /** The code that builds the example. */
  readonly code: string
  readonly example: T
}

export interface Concept<T = unknown> {
  readonly concept: string
  readonly about: string
  readonly words: ReadonlyArray<Word<T>>
}

const concept = <T extends { readonly _tag: string }>(
  concept: string,
  about: string,
  { show, formula }: { readonly show: (value: T) => string; readonly formula?: (value: T) => string },
  table: Table<T>
): Concept<T> => ({
  concept,
  about,
  words: Object.values<ReadonlyArray<Entry<T>>>(table)
    .flat()
    .map(({ example, about, code = show(example) }) => ({
      name: /^\w+\.\w+/.exec(code)?.[0] ?? code,
      about,
      formula: formula === undefined ? null : formula(example),
      code,
      example
    }))
})

/** What the cases of a concept say of themselves, and the names of what is made of them. */
const derived = <T extends Case.AnyValue>(
  { name, about, is }: { readonly name: string; readonly about: string; readonly is: (u: unknown) => u is T },
  cases: ReadonlyArray<Vocabulary.Entry>,
  {
    formula,
    recipes = []
  }: { readonly formula?: (value: T) => string; readonly recipes?: ReadonlyArray<Vocabulary.Recipe<T>> } = {}
): Concept<T> => ({
  concept: name,
  about,
  words: [...Vocabulary.words(Vocabulary.extend(Vocabulary.standard, cases))({ name, about, is }), ...recipes].map(
    word => ({ ...word, formula: formula === undefined ? null : formula(word.example) })
  )
})

export const schedules = derived(Schedule.concept, Schedule.all, Schedule)

export const clocks = derived(Clock.concept, Clock.all, Clock)

export const timeLaws = derived(TimeLaw.concept, TimeLaw.all, TimeLaw)

export const weightings = derived(Weighting.concept, Weighting.all, Weighting)

export const parametrizations = derived(Parametrization.concept, Parametrization.all, Parametrization)

export const expectations = derived(Expectation.concept, Expectation.all)

export const objectives = derived(Objective.concept, Objective.all, Objective)

export const nets = derived<Net.Net<string>>(Net.concept, Net.all, Net)

export const scores = derived(Score.concept, Score.all, Score)

export const rates = derived(Rate.concept, Rate.all)

export const regions = derived(Region.concept, Region.all)

export const optimizers = derived(Optimizer.concept, Optimizer.all, { recipes: Optimizer.recipes })

const centres = [
  [-1, 0.5],
  [1, -0.5]
]

export const initializers = concept<Initializer.Initializer>(
  'Initializer',
  'where a pipeline starts',
  { show: Initializer.show },
  {
    Gaussian: [
      entry(Initializer.gaussian({ scale: 1 }), "every centre normal: the paper's random start"),
      entry(Initializer.tiny, 'next to 0, where annealing from high noise begins', 'Initializer.tiny')
    ],
    OnSphere: [entry(Initializer.onSphere({ radius: 1 }), 'at a distance from the mean, in random directions')],
    FromData: [entry(Initializer.fromData, 'rows of the data')],
    KMeansPlusPlus: [entry(Initializer.kMeansPlusPlus, 'rows far from each other (Arthur & Vassilvitskii 2007)')],
    KMeans: [entry(Initializer.kMeans({ steps: 10 }), "Lloyd's algorithm from k-means++ (Lloyd 1982)")],
    Spectral: [entry(Initializer.spectral, 'from the top eigenvectors (Vempala & Wang 2004)')],
    MomentsMatched: [entry(Initializer.momentsMatched, 'normal with the mean and the excess covariance of the data')],
    WarmStart: [entry(Initializer.warmStart({ centres, radius: 0.5 }), "near given centres: the paper's warm start")],
    Values: [entry(Initializer.values(Params.of({ mean: [1, 0.5] })), 'exactly these parameters, by name')],
    Centres: [entry(Initializer.values(centres), 'exactly these centres')],
    BestOf: [entry(Initializer.bestOf(3)(Initializer.fromData), 'the likeliest of several starts')],
    Perturbed: [entry(Initializer.perturbed(0.1)(Initializer.spectral), 'another start, moved a little')]
  }
)

export const stages = derived(Stage.concept, Stage.all, Stage)

export const samplers = derived(Sampler.concept, Sampler.all, Sampler)

export const timeGrids = derived(TimeGrid.concept, TimeGrid.all, TimeGrid)

export const vocabulary: ReadonlyArray<Concept> = [
  schedules,
  clocks,
  timeLaws,
  weightings,
  parametrizations,
  expectations,
  objectives,
  nets,
  scores,
  optimizers,
  rates,
  regions,
  initializers,
  stages,
  samplers,
  timeGrids
]

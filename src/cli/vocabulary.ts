/** The vocabulary in words: every constructor of every concept, each with an example, as its case says of itself. */
import {
  type Case,
  Clock,
  Expectation,
  Initializer,
  Net,
  Objective,
  Optimizer,
  Parametrization,
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

export const initializers = derived(Initializer.concept, Initializer.all, {
  formula: Initializer.formula,
  recipes: Initializer.recipes
})

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

/** The vocabulary in words: every constructor of every concept, each with an example, as its case says of itself. */
import {
  type Case,
  Clock,
  Covariance,
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

interface Named<T> {
  readonly name: string
  readonly about: string
  readonly is: (u: unknown) => u is T
}

interface Said<T extends Case.AnyValue> {
  readonly formula?: (value: T) => string
  /** The names of what is made of cases. */
  readonly recipes?: ReadonlyArray<Vocabulary.Recipe<T>>
}

/** Each concept of the language, in the order of the reference. */
export interface Concepts {
  readonly schedules: Concept<Schedule.Schedule>
  readonly clocks: Concept<Clock.Clock>
  readonly timeLaws: Concept<TimeLaw.TimeLaw>
  readonly weightings: Concept<Weighting.Weighting>
  readonly parametrizations: Concept<Parametrization.Parametrization>
  readonly expectations: Concept<Expectation.Expectation>
  readonly objectives: Concept<Objective.Objective>
  readonly nets: Concept<Net.Net<string>>
  readonly covariances: Concept<Covariance.Covariance<string>>
  readonly scores: Concept<Score.Score<string>>
  readonly optimizers: Concept<Optimizer.Optimizer>
  readonly rates: Concept<Rate.Rate>
  readonly regions: Concept<Region.Region>
  readonly initializers: Concept<Initializer.Initializer>
  readonly stages: Concept<Stage.Stage>
  readonly samplers: Concept<Sampler.Sampler>
  readonly timeGrids: Concept<TimeGrid.TimeGrid>
}

/** The concepts with the words that a vocabulary has of each. */
export const concepts = (vocabulary: Vocabulary.Vocabulary): Concepts => {
  const of = <T extends Case.AnyValue>(concept: Named<T>, { formula, recipes = [] }: Said<T> = {}): Concept<T> => ({
    concept: concept.name,
    about: concept.about,
    words: [...Vocabulary.words(vocabulary)(concept), ...recipes].map(({ name, about, code, example }) => ({
      name,
      about,
      code,
      example,
      formula: formula === undefined ? null : formula(example)
    }))
  })
  return {
    schedules: of(Schedule.concept, Schedule),
    clocks: of(Clock.concept, Clock),
    timeLaws: of(TimeLaw.concept, TimeLaw),
    weightings: of(Weighting.concept, Weighting),
    parametrizations: of(Parametrization.concept, Parametrization),
    expectations: of(Expectation.concept),
    objectives: of(Objective.concept, Objective),
    nets: of<Net.Net<string>>(Net.concept, Net),
    covariances: of(Covariance.concept, Covariance),
    scores: of(Score.concept, Score),
    optimizers: of(Optimizer.concept, { recipes: Optimizer.recipes }),
    rates: of(Rate.concept),
    regions: of(Region.concept),
    initializers: of(Initializer.concept, Initializer),
    stages: of(Stage.concept, Stage),
    samplers: of(Sampler.concept, Sampler),
    timeGrids: of(TimeGrid.concept, TimeGrid)
  }
}

const standard = concepts(Vocabulary.standard)

export const {
  schedules,
  clocks,
  timeLaws,
  weightings,
  parametrizations,
  expectations,
  objectives,
  nets,
  covariances,
  scores,
  optimizers,
  rates,
  regions,
  initializers,
  stages,
  samplers,
  timeGrids
} = standard

export const vocabulary: ReadonlyArray<Concept> = Object.values(standard)

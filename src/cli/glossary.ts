/** All constructors of all concepts, each with a description and an example. */
import type { Case } from '../index.js'
import * as Clock from '../schedule/clock.js'
import * as Covariance from '../mixture/families/covariance.js'
import * as Expectation from '../objective/expectation.js'
import * as Initializer from '../pipeline/initializer.js'
import * as Net from '../score/net.js'
import * as Objective from '../objective/index.js'
import * as Optimizer from '../optimizer/index.js'
import * as Parametrization from '../schedule/parametrization.js'
import * as Rate from '../optimizer/rate.js'
import * as Region from '../optimizer/region.js'
import * as Sampler from '../sampler/sampler.js'
import * as Schedule from '../schedule/index.js'
import * as Score from '../score/score.js'
import * as Stage from '../pipeline/stage.js'
import * as TimeGrid from '../sampler/timeGrid.js'
import * as NoiseLevels from '../objective/noiseLevels.js'
import * as Weighting from '../objective/weighting.js'
import * as Vocabulary from '../standard.js'

export interface GlossaryWord<T = unknown> {
  /** Name in code: `Schedule.cosine`. */
  readonly name: string
  readonly about: string
  /** Example in mathematics; null if the concept has no formulas. */
  readonly formula: string | null
  readonly code: string
  readonly example: T
}

export interface GlossaryConcept<T = unknown> {
  readonly concept: string
  readonly about: string
  readonly words: ReadonlyArray<GlossaryWord<T>>
}

interface NamedWithTest<T> {
  readonly name: string
  readonly about: string
  readonly is: (u: unknown) => u is T
}

interface GlossaryOptions<T extends Case.AnyValue> {
  readonly formula?: (value: T) => string
  /** Functions that compose cases, listed after the constructors. */
  readonly recipes?: ReadonlyArray<Vocabulary.Recipe<T>>
}

/** Concepts with their constructors in a vocabulary, in the order of the reference. */
const conceptsOf = (vocabulary: Vocabulary.Vocabulary) => {
  const of = <T extends Case.AnyValue>(
    concept: NamedWithTest<T>,
    { formula, recipes = [] }: GlossaryOptions<T> = {}
  ): GlossaryConcept<T> => ({
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
    schedules: of<Schedule.Schedule>(Schedule.concept, Schedule),
    clocks: of<Clock.Clock>(Clock.concept, Clock),
    noiseLevels: of<NoiseLevels.NoiseLevels>(NoiseLevels.concept, NoiseLevels),
    weightings: of<Weighting.Weighting>(Weighting.concept, Weighting),
    parametrizations: of<Parametrization.Parametrization>(Parametrization.concept, Parametrization),
    expectations: of<Expectation.Expectation>(Expectation.concept),
    objectives: of<Objective.Objective>(Objective.concept, Objective),
    nets: of<Net.Net<string>>(Net.concept, Net),
    covariances: of<Covariance.Covariance<string>>(Covariance.concept, Covariance),
    scores: of<Score.Score<string>>(Score.concept, Score),
    optimizers: of<Optimizer.Optimizer>(Optimizer.concept, { recipes: Optimizer.recipes }),
    rates: of<Rate.Rate>(Rate.concept),
    regions: of<Region.Region>(Region.concept),
    initializers: of<Initializer.Initializer>(Initializer.concept, Initializer),
    stages: of<Stage.Stage>(Stage.concept, Stage),
    samplers: of<Sampler.Sampler>(Sampler.concept, Sampler),
    timeGrids: of<TimeGrid.TimeGrid>(TimeGrid.concept, TimeGrid)
  }
}

/** Concepts and constructors of a vocabulary. */
export const concepts: (vocabulary: Vocabulary.Vocabulary) => ReturnType<typeof conceptsOf> = conceptsOf

/** By name, such as `schedules`. */
const standardConcepts = concepts(Vocabulary.standard)

export const {
  schedules,
  clocks,
  noiseLevels,
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
} = standardConcepts

export const standardVocabulary: ReadonlyArray<GlossaryConcept> = Object.values(standardConcepts)

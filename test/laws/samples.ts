/** Values drawn from the arbitrary of each concept, with what is wrong with them where they stand. */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { remembered } from '../../lib/plain/remembered.js'
import * as vocabulary from '../../src/cli/glossary.js'
import {
  Clock,
  Component,
  Covariance,
  Compile,
  Expectation,
  Initializer,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Pipeline,
  Rate,
  Region,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  TimeLaw,
  Weighting,
  type Problem
} from '../../src/index.js'
import { SEED } from '../cases.js'
import * as arbitraries from './generators.js'

export interface Tagged {
  readonly _tag: string
}

export interface Row {
  readonly name: string
  readonly tags: ReadonlyArray<string>
  /** Values with what is wrong with them where they stand, and as code. */
  readonly cases: fc.Arbitrary<{
    readonly value: Tagged
    readonly problems: ReadonlyArray<Problem.Problem>
    readonly code: string
  }>
  /** How many values are drawn. */
  readonly runs: number
}

interface Of<C, T> {
  /** What a value depends on. */
  readonly contexts: fc.Arbitrary<C>
  readonly values: (context: C) => fc.Arbitrary<T>
  readonly problems: (context: C) => (value: T) => ReadonlyArray<Problem.Problem>
  readonly show: (value: T) => string
  readonly runs?: number
  /** Cases that the arbitrary leaves out. */
  readonly without?: ReadonlyArray<string>
}

const row = <C, T extends Tagged>(
  { concept, words }: vocabulary.Concept<T>,
  { contexts, values, problems, show, runs = 300, without = [] }: Of<C, T>
): Row => ({
  name: concept,
  tags: [...new Set(words.map(({ example }) => example._tag))].filter(tag => !without.includes(tag)).sort(),
  cases: contexts.chain(context =>
    values(context).map(value => ({
      value,
      // Compiled only where somebody asks.
      get problems() {
        return problems(context)(value)
      },
      get code() {
        return show(value)
      }
    }))
  ),
  runs
})

const anywhere = fc.constant(null)
const alone =
  <T>(problems: (value: T) => ReadonlyArray<Problem.Problem>) =>
  () =>
    problems

/** One that prints as the code that builds it. */
const shown = (score: Score.Score<string>): fc.Arbitrary<Score.Score<string>> =>
  fc.constant({ ...score, [fc.toStringMethod]: () => `\n${Score.show(score)}` })

/** The student network among the families, whose names of parameters are forgotten. */
const scores = fc.oneof(
  { withCrossShrink: true },
  { weight: 3, arbitrary: arbitraries.scores },
  fc.constant(arbitraries.student as unknown as Score.Score<string>),
  arbitraries.networks,
  shown(Score.withTails({ nu: 'common' })(Score.diagonal({ components: 1 })) as unknown as Score.Score<string>),
  shown(Score.withBackground()(Score.tied({ components: 1 })) as unknown as Score.Score<string>),
  shown(
    Score.withFixed([Component.fixed({ mean: 0, covariance: 4, weight: 0.25 })])(
      Score.isotropic({ components: 2 })
    ) as unknown as Score.Score<string>
  ),
  fc.constant(Score.convert(Schedule.edm)(arbitraries.student) as unknown as Score.Score<string>)
)
export const points = { rows: 4, dim: 2, values: Float64Array.of(1, 2, -1, 0.5, 0, 0, 3, -2) }
const settings = fc.record({ schedule: arbitraries.schedules, score: scores })

/** What is refused is so before anything is compiled, and one evaluation is not worth it. */
const uncompiled = { evaluations: 1 }

/** Whether Compile takes it, beside what is wrong with the description itself. */
const refusals = (compiled: E.Either<ReadonlyArray<Problem.Problem>, unknown>): ReadonlyArray<Problem.Problem> =>
  E.isLeft(compiled) ? compiled.left : []

export const rows: ReadonlyArray<Row> = [
  row(vocabulary.schedules, {
    contexts: anywhere,
    values: () => arbitraries.schedules,
    problems: alone(Schedule.problems),
    show: Schedule.show
  }),
  row(vocabulary.clocks, {
    contexts: arbitraries.schedules,
    values: schedule =>
      arbitraries.of(Clock.concept, clock => Schedule.problems(Schedule.reparametrized(clock)(schedule)).length === 0),
    problems: schedule => clock => [
      ...Clock.problems(clock),
      ...Schedule.problems(Schedule.reparametrized(clock)(schedule))
    ],
    show: Clock.show
  }),
  row(vocabulary.timeLaws, {
    contexts: arbitraries.schedules,
    values: arbitraries.timeLaws,
    problems: TimeLaw.problems,
    show: TimeLaw.show
  }),
  row(vocabulary.weightings, {
    contexts: anywhere,
    values: () => arbitraries.of(Weighting.concept),
    problems: alone(Weighting.problems),
    show: Weighting.show
  }),
  row(vocabulary.parametrizations, {
    contexts: anywhere,
    values: () => arbitraries.parametrizations,
    problems: alone(Parametrization.problems),
    show: Parametrization.show
  }),
  row(vocabulary.expectations, {
    contexts: settings.chain(({ schedule, score }) =>
      arbitraries.objectives(schedule, score).map(objective => ({ schedule, score, objective }))
    ),
    values: ({ score, objective }) => arbitraries.expectations(score, objective)(points),
    problems: loss => expectation => refusals(Compile.valueAndGrad({ ...loss, expectation }, uncompiled)(points)),
    show: Expectation.show,
    runs: 600
  }),
  row(vocabulary.objectives, {
    // Its data are populations alone.
    without: ['overStudent'],
    contexts: settings,
    values: ({ schedule, score }) => arbitraries.objectives(schedule, score, { columns: points.dim, pairs: true }),
    problems: loss => objective =>
      refusals(Compile.valueAndGrad({ ...loss, objective, expectation: Expectation.monteCarlo() }, uncompiled)(points)),
    show: Objective.show
  }),
  row(vocabulary.nets, {
    contexts: anywhere,
    values: () => arbitraries.of(Net.concept),
    problems: alone(Net.problems),
    show: Net.show
  }),
  row(vocabulary.covariances, {
    contexts: anywhere,
    values: () => arbitraries.of(Covariance.concept),
    problems: alone(Covariance.problems),
    show: Covariance.show
  }),
  row(vocabulary.scores, {
    contexts: anywhere,
    values: () => scores,
    problems: alone(() => []),
    show: Score.show
  }),
  row(vocabulary.optimizers, {
    contexts: anywhere,
    values: () => arbitraries.of(Optimizer.concept),
    problems: alone(Optimizer.problems),
    show: Optimizer.show,
    runs: 500
  }),
  row(vocabulary.rates, {
    contexts: anywhere,
    values: () => arbitraries.of(Rate.concept),
    problems: alone(Rate.problems),
    show: Rate.show
  }),
  row(vocabulary.regions, {
    contexts: anywhere,
    values: () => arbitraries.of(Region.concept),
    problems: alone(Region.problems),
    show: Region.show
  }),
  row(vocabulary.initializers, {
    contexts: scores,
    values: score => arbitraries.initializers(score)(points.dim),
    problems: score => initializer => refusals(Initializer.interpret(score, points)(initializer)),
    show: Initializer.show
  }),
  row(vocabulary.stages, {
    contexts: settings,
    values: ({ schedule, score }) => arbitraries.stages(schedule, score)(points),
    problems: parts => stage =>
      refusals(
        Compile.pipeline(Pipeline.of({ ...parts, initializer: Initializer.gaussian({ scale: 1 }), stages: [stage] }))(
          points
        )
      ),
    show: Stage.show,
    // Power iterations are of the pair alone, one of a dozen scores.
    runs: 600
  }),
  row(vocabulary.samplers, {
    contexts: anywhere,
    values: () => arbitraries.of(Sampler.concept),
    problems: alone(Sampler.problems),
    show: Sampler.show
  }),
  row(vocabulary.timeGrids, {
    contexts: arbitraries.schedules,
    values: arbitraries.timeGrids,
    problems: TimeGrid.problems,
    show: TimeGrid.show
  })
]

/** So many values at least are looked at. */
const LEAST = 100

interface Drawn {
  readonly value: Tagged
  readonly problems: ReadonlyArray<Problem.Problem>
  readonly code: string
}

/** What an arbitrary gives, always the same: until every case has come, or as often as may be. Drawn once, whichever tests ask. */
export const sampleOf = remembered(({ cases, tags, runs }: Row): ReadonlyArray<Drawn> => {
  const found: Drawn[] = []
  const missing = new Set(tags)
  fc.check(
    fc.property(cases, one => {
      found.push(one)
      missing.delete(one.value._tag)
      return missing.size > 0 || found.length < LEAST
    }),
    { seed: SEED, numRuns: runs, endOnFailure: true }
  )
  return found
})

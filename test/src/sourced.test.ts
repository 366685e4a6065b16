/**
 * The whole vocabulary on rows that are not in memory: each word stands in a pipeline that learns from rows in memory, and learns
 * from a source of them the same states, to the bit, or is refused, and then stands in a list of reasons here.
 */
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { last } from '../../lib/plain/iterate.js'
import * as words from '../../src/cli/glossary.js'
import {
  Case,
  Compile,
  Expectation,
  Fit,
  Initializer,
  Key,
  Mixture,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Pipeline,
  type Points,
  Problem,
  Recipe,
  Run,
  Schedule,
  Score,
  Source,
  Stage,
  TimeLaw
} from '../../src/index.js'
import { isSlow, spread } from '../cases.js'

/** Enough for more chunks than one, weighted unevenly, some rows not at all, with labels. */
const ROWS = 2003
const truth = Mixture.of({
  means: [
    [-3, 1],
    [2, -1]
  ]
})
const drawn = Mixture.sample(ROWS)(Key.fromSeed(4))(truth)
const points: Points.Points = {
  ...drawn,
  weights: Float64Array.from({ length: ROWS }, (_, i) => ((i * 7) % 5) / 3),
  labels: Int32Array.from({ length: ROWS }, (_, i) => (i % 4) - 1)
}
let source: Source.Source
beforeAll(() => {
  source = Problem.orThrow(Source.gathered([points]))
})
afterAll(() => {
  source.close()
})

const schedule = Schedule.ornsteinUhlenbeck
const at = TimeLaw.at(0.4)
const network = Score.network(Net.mlp({ hidden: [4], activation: 'tanh' }), { predicts: Parametrization.noise })
/** What words are tried with, until one of them fits. */
const scores: ReadonlyArray<Score.Score<string>> = [
  Score.isotropic({ components: 2 }),
  Score.symmetricPair,
  Score.spherical({ components: 2 }),
  network
]
const objectives: ReadonlyArray<Objective.Objective> = [
  Objective.denoising(at),
  Objective.denoising(TimeLaw.uniform(0.1, 1))
]
const starts: ReadonlyArray<Initializer.Initializer> = [
  // A short mean asks the default quadrature for few nodes.
  Initializer.gaussian({ scale: 0.1 }),
  Initializer.kMeansPlusPlus,
  Initializer.values({ mean: { shape: [2], values: Float64Array.of(1, 0.5) } })
]

const descent = (objective: Objective.Objective, expectation: Expectation.Expectation = Expectation.monteCarlo()) =>
  Stage.descend({ objective, expectation, optimizer: Optimizer.adam({ rate: 1e-3 }), steps: 2 })

interface Parts {
  readonly score?: Score.Score<string>
  readonly initializer?: Initializer.Initializer
  readonly stages: ReadonlyArray<Stage.Stage>
}

/** With every score and start that it may need. */
const pipelines = ({ score, initializer, stages }: Parts): ReadonlyArray<Pipeline.Pipeline<string>> =>
  (score === undefined ? scores : [score]).flatMap(score =>
    (initializer === undefined ? starts : [initializer]).map(initializer =>
      Pipeline.of<string>({ schedule, score, initializer, stages })
    )
  )

/** The noise of the word's example is of other rows. */
const ofTheseRows = (expectation: Expectation.Expectation): Expectation.Expectation =>
  Case.isMadeBy(Expectation.fixed)(expectation)
    ? Expectation.fixed({ ...drawn, values: Key.normal(2 * ROWS)(Key.fromSeed(5)) })
    : expectation

/** The truth of a word's example has other columns; what it is over, or along, are others. */
const ofThisTruth = (objective: Objective.Objective): Objective.Objective =>
  Case.isMadeBy(Objective.against)(objective)
    ? Objective.against(truth, at)
    : Case.isMadeBy(Objective.along)(objective)
      ? Objective.along({ means: { shape: [2, 2], values: Float64Array.of(1, 0, 0, -1) } })(objective.objective)
      : objective

const em = Stage.expectationMaximization({ steps: 2 })
const labelled =
  <T>(kind: string, parts: (example: T) => ReadonlyArray<Parts>) =>
  ({ words: all }: words.Concept<T>): ReadonlyArray<readonly [string, ReadonlyArray<Parts>]> =>
    all.map(({ name, example }) => [`${kind} ${name}`, parts(example)])

const cases: ReadonlyArray<readonly [string, ReadonlyArray<Parts>]> = [
  ...labelled<Stage.Stage>('stage', stage => [{ stages: [stage] }])(words.stages),
  ...labelled<Initializer.Initializer>('initializer', initializer => [
    { initializer, stages: [em] },
    { initializer, stages: [descent(objectives[0])] }
  ])(words.initializers),
  ...labelled<Objective.Objective>('objective', objective => [
    { stages: [descent(ofThisTruth(objective))] },
    { stages: [descent(objective, Expectation.quadrature())] }
  ])({
    ...words.objectives,
    // A mean over the student meets a population, and no rows; one over pairs refuses rows with weights.
    words: words.objectives.words.filter(({ name }) => !['Objective.overStudent', 'Objective.pairwise'].includes(name))
  }),
  ...labelled<Expectation.Expectation>('expectation', expectation =>
    objectives.map(objective => ({ stages: [descent(objective, ofTheseRows(expectation))] }))
  )(words.expectations),
  ...labelled<TimeLaw.TimeLaw>('time law', law => [
    { stages: [descent(Objective.denoising(law))] },
    { stages: [descent(Objective.implicit(law))] }
  ])(words.timeLaws),
  ...labelled<Score.Score<string>>('score', score => [
    { score, stages: [em, descent(objectives[1])] },
    { score, stages: [descent(objectives[1])] }
  ])(words.scores)
]

interface Fitting {
  readonly pipeline: Pipeline.Pipeline<string>
  readonly program: Parameters<typeof Run.states>[0]
}
/** With its program, which is made of no more of them than it takes. */
const firstThatFits = (all: ReadonlyArray<Pipeline.Pipeline<string>>): Fitting | undefined => {
  for (const pipeline of all) {
    const program = Compile.pipeline(pipeline)(points)
    if (E.isRight(program)) return { pipeline, program: program.right }
  }
  return undefined
}

/** The first states of a run, which say all of it that is asked. */
const statesOf = (program: Parameters<typeof Run.states>[0]): ReadonlyArray<unknown> => {
  const states: unknown[] = []
  for (const state of Run.states(program)(Key.fromSeed(6))) {
    states.push(state)
    if (states.length === 4) break
  }
  return states
}

/** Why words are refused on a source that are not in memory: one looks at all rows in the order of their columns. */
const reasons: Readonly<Record<string, string>> = {
  'initializer Initializer.hierarchical':
    'initializer: Initializer.hierarchical({ rows: 1000 }) is not one that reads the rows of a source a stretch at a time; ' +
    'use Initializer.kMeansPlusPlus, or Stage.onSample, whose attempts start by it in memory, or give the rows in memory'
}

describe('what learns from rows in memory learns the same from a source', () => {
  it.each(spread(3)(cases))('%s', (name, parts) => {
    const whole = firstThatFits(parts.flatMap(pipelines))
    if (whole === undefined) throw new Error(`${name}: no pipeline fits`)
    const streamed = Compile.pipeline(whole.pipeline)(source)
    expect(E.isLeft(streamed) ? Problem.show(streamed.left[0]) : undefined).toBe(reasons[name])
    if (E.isLeft(streamed)) return
    const states = statesOf(whole.program)
    expect(states.length).toBeGreaterThan(1)
    expect(statesOf(streamed.right)).toEqual(states)
  })

  const recipes = Object.entries({
    ...Recipe,
    warmStart: Recipe.warmStart({
      centres: [
        [-3, 1],
        [2, -1]
      ],
      radius: 0.1
    })
  })
  it.each(spread(3)(recipes))('recipe %s', (_, recipe) => {
    for (const score of scores.slice(0, 2)) expect(recipe(score)(source)).toEqual(recipe(score)(points))
    // a network has no centres to start near
    if (recipe !== recipes.find(([name]) => name === 'warmStart')?.[1])
      expect(recipe(network)(source)).toEqual(recipe(network)(points))
    const pipeline = recipe(scores[0])(source)
    expect(statesOf(Problem.orThrow(Compile.pipeline(pipeline)(source)))).toEqual(
      statesOf(Problem.orThrow(Compile.pipeline(pipeline)(points)))
    )
  })

  it('rows so few that a recipe looks at all pairs of them', () => {
    const few = { rows: 5, dim: 1, values: Float64Array.of(0, 1, 5, 6, 20), weights: Float64Array.of(1, 2, 0, 1, 3) }
    const score = Score.isotropic({ components: 2 })
    expect(Recipe.annealed(score)(Source.of(few))).toEqual(Recipe.annealed(score)(few))
  })
})

describe('what a fit says of a source', () => {
  it.runIf(isSlow)('is what it says of its rows, as often as asked, and of the file that it was read from', () => {
    const fit = Problem.orThrow(Fit.mixture({ components: 2, family: 'full' })(source))
    const told = fit.assign(points)
    const streamed = fit.assign(source)
    expect([...streamed]).toEqual(told)
    expect(last(streamed)).toEqual(told[ROWS - 1])
    expect([...Problem.orThrow(Fit.fromJSON(JSON.parse(JSON.stringify(fit)))).assign(source)]).toEqual(told)
  })
  it.runIf(isSlow)('is refused of another width, as rows in memory are', () => {
    const fit = Problem.orThrow(Fit.mixture({ components: 1, family: 'full' })(source))
    const other = { rows: 1, dim: 1, values: Float64Array.of(0) }
    expect(() => [...fit.assign(Source.of(other))]).toThrow(/points: 1 columns are not 2/)
    expect(() => fit.assign(other)).toThrow(/points: 1 columns are not 2/)
  })
})

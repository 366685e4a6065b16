/**
 * A run is one list of states, to the bit: from rows in memory and from a source of them, with sums that are taken elsewhere, from the
 * middle by JSON, beside other runs and by any number of threads.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { square, sub, sum, useThreads } from '../../../lib/index.js'
import { lastElement } from '../../../lib/plain/iterate.js'
import * as Reductions from '../../../lib/rows/reduction.js'
import * as words from '../../../src/cli/glossary.js'
import * as RemoteSums from '../../../src/compile/remoteSums.js'
import type * as Backend from '../../../src/data/reductionBackend.js'
import * as Split from '../../../src/mixture/em/splitAndMerge.js'
import { MAX_SURVEYED_ROWS } from '../../../src/mixture/em/splitAndMerge.js'
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
  Points,
  Problem,
  Recipe,
  Run,
  Schedule,
  Score,
  Source,
  Stage,
  NoiseLevels,
  Vocabulary
} from '../../../src/index.js'
import { isSlow, spread, once } from '../../cases.js'
import { there } from '../../there.js'
import { averaged, nested, online, replayed, tempered } from '../pipeline/own.js'

const truth = Mixture.of({ means: [[-4, 2], [3, 2], [3, -5]], weights: [0.5, 0.3, 0.2], variances: [1, 0.5, 2] }) // prettier-ignore

/** Of a number of rows that fills no chunk, far from 0; weighted, some rows not at all; with labels, some of which are missing. */
const drawn = (rows: number, ...how: ReadonlyArray<'weighted' | 'labelled'>): Points.Points => {
  const points = Mixture.sample(rows)(Key.fromSeed(7))(truth)
  return {
    ...points,
    values: points.values.map((x, k) => x + (k % 2 === 1 ? 10 : 0)),
    ...(how.includes('weighted') && { weights: Float64Array.from({ length: rows }, (_, i) => (i % 5) / 3) }),
    ...(how.includes('labelled') && { labels: Int32Array.from({ length: rows }, (_, i) => (i % 4) - 1) })
  }
}

let folder = ''
/** Of `points`, below. */
let source: Source.Source
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ornstein-stream-'))
  source = stored(points)
})
afterAll(() => {
  source.close()
  rmSync(folder, { recursive: true })
})

/** In pieces of a size that divides nothing; whoever reads more than a chunk's rows at once is told. */
const stored = (points: Points.Points, size = 777): Source.Source => {
  const pieces = Array.from({ length: Math.ceil(points.rows / size) }, (_, i) =>
    Points.select(Array.from({ length: Math.min(size, points.rows - i * size) }, (_, k) => i * size + k))(points)
  )
  return Problem.orThrow(Source.gathered(pieces, folder))
}

const schedule = Schedule.ornsteinUhlenbeck
const pair = Score.symmetricPair
const isotropic = Score.isotropic({ components: 3 })
const network = Score.network(Net.mlp({ hidden: [8], activation: 'silu', embedding: Net.fourier(4) }), {
  predicts: Parametrization.noise
})
const uniform = NoiseLevels.uniform(0.05, 1)
const em = Stage.expectationMaximization
const descend = (objective: Objective.Objective, options: Partial<Parameters<typeof Stage.descend>[0]> = {}) =>
  Stage.descend({ objective, optimizer: Optimizer.adam({ rate: 0.05 }), steps: 3, ...options })
/** Of one's own. */
const custom = Objective.custom('squared error', uniform, ({ score, target }) =>
  sum(square(sub(score, target)), 1, true)
)
const vocabulary = Vocabulary.extend(Vocabulary.standard, [custom])

/** Places that have rows of their own, and of a leader nothing but JSON and numbers; chunks come from two of them in turn. */
const elsewhere = (points: Points.Points, asked: Set<string>): Backend.Backend => {
  const rows = Source.of(points)
  const { chunks } = Reductions.partitionRows(rows.rows)
  const known = new Map<string, RemoteSums.SumAtNumbers>()
  const program = (text: string, which: number): RemoteSums.SumAtNumbers => {
    const name = `${which} ${text}`
    const made = known.get(name) ?? Problem.orThrow(RemoteSums.requestedReduction(vocabulary)(JSON.parse(text))(rows))
    known.set(name, made)
    return made
  }
  return {
    evaluate: (sum, question) => {
      const { sum: described, numbers } = question()
      asked.add(described.name)
      const sums = new Float64Array(sum.width)
      for (let s = 0; s < chunks; s++)
        Reductions.addChunkSums(sums, program(JSON.stringify(described), s % 2)(numbers.slice()).chunks(s, s + 1))
      return sum.finish(sums)
    }
  }
}

interface Row {
  readonly score?: Score.Score<string>
  readonly from?: Initializer.Initializer
  readonly stages: ReadonlyArray<Stage.Stage>
  readonly points: Points.Points
  /** Those of its sums that are taken elsewhere where there is such a place; null of stages that need their rows in memory. */
  readonly asked: ReadonlyArray<string> | null
  readonly precision?: 'float32'
}
const noise = Float64Array.from({ length: 4006 }, (_, k) => ((k * 37) % 19) / 9 - 1)
const twoGroups = Mixture.sample(3000)(Key.fromSeed(3))(Mixture.of({ means: [[-2, 0], [2, 1]] })) // prettier-ignore
/** Stages of one's own are of two round components, or of one. */
const ofOwn = (stage: Stage.Stage, means: ReadonlyArray<ReadonlyArray<number>>): Row => ({
  score: Score.spherical({ components: means.length }),
  from: Initializer.values(means),
  stages: [stage],
  points: twoGroups,
  asked: []
})
const rows: Readonly<Record<string, Row>> = {
  'expectation–maximization, at a level, under a prior, in restarts': {
    score: Score.full({ components: 3 }),
    stages: [em({ steps: 4 }), em({ steps: 2, time: 0.3, prior: 0.01 }), Stage.restart(2)(em({ steps: 2 }))],
    points: drawn(5003, 'weighted'),
    asked: ['expectation']
  },
  'descent, and then expectation–maximization that ends by its rule': {
    score: Score.spherical({ components: 3 }),
    from: Initializer.gaussian({ scale: 1 }),
    stages: [descend(Objective.likelihood, { steps: 4 }), em({ steps: 20, relativeChange: 1e-3 })],
    points: drawn(700),
    asked: ['expectation', 'loss']
  },
  'moves of components, from k-means': {
    score: Score.full({ components: 3 }),
    from: Initializer.kMeans({ steps: 3 }),
    stages: [Stage.splitAndMerge({ steps: 2 }), em({ steps: 2 })],
    points: drawn(3001, 'weighted'),
    asked: ['expectation']
  },
  'centres by the moments of the data': {
    from: Initializer.bestOf(2)(Initializer.momentsMatched),
    stages: [Stage.splitAndMerge({ steps: 1 }), em({ steps: 2 })],
    points: drawn(5003, 'weighted'),
    asked: ['expectation']
  },
  'centres along principal directions, and noise that is given': {
    from: Initializer.spectral,
    stages: [
      descend(Objective.denoising(NoiseLevels.at(0.4)), {
        expectation: Expectation.fixed({ rows: 2003, dim: 2, values: noise })
      })
    ],
    points: drawn(2003),
    asked: ['loss']
  },
  'the pair, by power iteration': {
    score: pair,
    from: Initializer.spectral,
    stages: [Stage.powerIteration({ steps: 3 }), em({ steps: 2 })],
    points: drawn(3001, 'weighted'),
    asked: ['expectation']
  },
  'the pair, by a line search that asks for several losses a step': {
    score: pair,
    from: Initializer.gaussian({ scale: 1 }),
    stages: [
      // So many steps that they are compiled.
      descend(Objective.denoising(NoiseLevels.at(0.4)), {
        expectation: Expectation.quadrature(),
        optimizer: Optimizer.lbfgs({}),
        steps: 400,
        relativeChange: 1e-4
      })
    ],
    points: Mixture.sample(700)(Key.fromSeed(1))(Mixture.symmetricPair([1.5, 1])),
    asked: ['loss']
  },
  'times drawn for each row, projected noise, and a penalty': {
    stages: [
      descend(Objective.denoising(uniform)),
      descend(
        Objective.sum([
          Objective.implicit(NoiseLevels.stratified(uniform)),
          Objective.weight(0.1)(Objective.regularizer({ norm: 'l2' }))
        ]),
        { expectation: Expectation.projected({ antithetic: true }) }
      )
    ],
    points: drawn(5003, 'weighted'),
    asked: ['loss']
  },
  'the likelihood, and a guarded stage on a sample': {
    from: Initializer.bestOf(2)(Initializer.gaussian({ scale: 3 })),
    stages: [
      Stage.onSample({ rows: 400 })(em({ steps: 3 })),
      descend(Objective.likelihood),
      Stage.guarded(em({ steps: 2 }))
    ],
    points: drawn(5003),
    asked: ['expectation', 'loss']
  },
  'descents in restarts': {
    score: pair,
    from: Initializer.gaussian({ scale: 1 }),
    stages: [Stage.restart(2)(descend(Objective.denoising(NoiseLevels.at(0.4)), { steps: 5 }))],
    points: drawn(700),
    asked: ['expectation', 'loss']
  },
  'an objective of one’s own, compiled': {
    score: Score.diagonal({ components: 3 }),
    from: Initializer.onSphere({ radius: 3 }),
    stages: [descend(custom, { steps: 12 })],
    points: drawn(3001, 'weighted'),
    asked: ['loss']
  },
  'a network with labels, some left out, full batch': {
    score: network,
    from: Initializer.gaussian({ scale: 0.3 }),
    stages: [descend(Objective.labelDropout(0.3)(Objective.denoising(uniform)), { steps: 12 })],
    points: drawn(2001, 'labelled'),
    asked: ['loss']
  },
  'a network by epochs without replacement, few steps by the interpreter': {
    score: network,
    from: Initializer.gaussian({ scale: 0.3 }),
    stages: [descend(Objective.denoising(uniform), { batch: 300, epochs: true, steps: 8 })],
    points: drawn(1001),
    asked: []
  },
  'a network in single precision': {
    score: network,
    from: Initializer.gaussian({ scale: 0.3 }),
    stages: [descend(Objective.denoising(uniform, Parametrization.noise), { steps: 12 })],
    points: drawn(3001),
    asked: ['loss'],
    precision: 'float32'
  },
  'tempered expectation–maximization of one’s own': ofOwn(tempered({}), [[-1, -1], [1, 2]]), // prettier-ignore
  'online expectation–maximization of one’s own': ofOwn(online({}), [[-1, -1], [1, 2]]), // prettier-ignore
  'a teacher of one’s own': { ...ofOwn(averaged({}), [[-1, 0.5]]), asked: null },
  'a teacher of one’s own, in batches': { ...ofOwn(averaged({ batch: 30 }), [[-1, 0.5]]), asked: null },
  'chains of one’s own': { ...ofOwn(replayed({}), [[-1, 0.5]]), asked: null },
  'chains of one’s own, in batches': { ...ofOwn(replayed({ batch: 30 }), [[-1, 0.5]]), asked: null },
  'stages of one’s own in repeats and restarts': {
    score: Score.spherical({ components: 3 }),
    stages: [nested],
    points: drawn(700),
    asked: null
  }
}

it.each(spread(4)(Object.entries(rows)))('%s', (_, { score = isotropic, from, stages, points, asked, precision }) => {
  const pipeline = Pipeline.of<string>({ schedule, score, initializer: from ?? Initializer.kMeansPlusPlus, stages })
  const of = (data: Points.Points | Source.Source, more: object = {}) =>
    Problem.orThrow(Compile.pipeline(pipeline, { ...(precision && { precision }), ...more })(data))
  const keys = [3, 4, 5].map(Key.fromSeed)
  const program = of(points)
  const states = [...Run.states(program)(keys[0])]
  expect(states.at(-1)?.status._tag).toBe('Finished')
  expect(states.length).toBeGreaterThan(2)

  const source = stored(points)
  expect(E.isLeft(Compile.pipeline(pipeline)(source))).toBe(asked === null)
  if (asked !== null) {
    const streamed = of(source)
    expect([streamed.plan, streamed.data()]).toEqual([program.plan, program.data()])
    expect([...Run.states(streamed)(keys[0])]).toEqual(states)
    const sums = new Set<string>()
    expect([...Run.states(of(source, { backend: elsewhere(points, sums) }))(keys[0])]).toEqual(states)
    expect([...sums].sort()).toEqual(asked)
  }
  source.close()

  const codec = Run.codec(program)
  const middle = Math.floor(states.length / 2)
  const read = codec.decode(JSON.parse(JSON.stringify(codec.encode(states[middle]))))
  expect(E.isRight(read) && [...Run.resume(program)(read.right)]).toEqual(states.slice(middle))

  const alone = keys.map(Run.last(program))
  expect(alone[0]).toEqual(states.at(-1))
  for (const threads of [1, 2]) {
    useThreads(threads)
    expect(Run.together(program)(keys)).toEqual(alone)
  }
})

/** Enough for more chunks than one. */
const ROWS = 2003
const two = Mixture.of({ means: [[-3, 1], [2, -1]] }) // prettier-ignore
const points: Points.Points = {
  ...drawn(ROWS, 'weighted', 'labelled'),
  values: Mixture.sample(ROWS)(Key.fromSeed(4))(two).values
}
const at = NoiseLevels.at(0.4)
/** What words are tried with, until one of them fits. */
const scores: ReadonlyArray<Score.Score<string>> = [
  Score.isotropic({ components: 2 }),
  Score.symmetricPair,
  Score.spherical({ components: 2 }),
  network
]
const objectives: ReadonlyArray<Objective.Objective> = [
  Objective.denoising(at),
  Objective.denoising(NoiseLevels.uniform(0.1, 1))
]
const starts: ReadonlyArray<Initializer.Initializer> = [
  // A short mean asks the default quadrature for few nodes.
  Initializer.gaussian({ scale: 0.1 }),
  Initializer.kMeansPlusPlus,
  Initializer.values({ mean: { shape: [2], values: Float64Array.of(1, 0.5) } })
]

const fewSteps = (objective: Objective.Objective, expectation: Expectation.Expectation = Expectation.monteCarlo()) =>
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
    ? Expectation.fixed({ ...points, values: Key.normal(2 * ROWS)(Key.fromSeed(5)) })
    : expectation

/** The truth of a word's example has other columns; what it is over, or along, are others. */
const ofThisTruth = (objective: Objective.Objective): Objective.Objective =>
  Case.isMadeBy(Objective.fisherDivergence)(objective)
    ? Objective.fisherDivergence(two, at)
    : Case.isMadeBy(Objective.directionalDerivative)(objective)
      ? Objective.directionalDerivative({ means: { shape: [2, 2], values: Float64Array.of(1, 0, 0, -1) } })(
          objective.objective
        )
      : objective

const labelled =
  <T>(kind: string, parts: (example: T) => ReadonlyArray<Parts>) =>
  ({ words: all }: words.GlossaryConcept<T>): ReadonlyArray<readonly [string, ReadonlyArray<Parts>]> =>
    all.map(({ name, example }) => [`${kind} ${name}`, parts(example)])

const cases: ReadonlyArray<readonly [string, ReadonlyArray<Parts>]> = [
  ...labelled<Stage.Stage>('stage', stage => [{ stages: [stage] }])(words.stages),
  ...labelled<Initializer.Initializer>('initializer', initializer => [
    { initializer, stages: [em({ steps: 2 })] },
    { initializer, stages: [fewSteps(objectives[0])] }
  ])(words.initializers),
  ...labelled<Objective.Objective>('objective', objective => [
    { stages: [fewSteps(ofThisTruth(objective))] },
    { stages: [fewSteps(objective, Expectation.quadrature())] }
  ])({
    ...words.objectives,
    // A mean over the student meets a population, and no rows; one over pairs refuses rows with weights.
    words: words.objectives.words.filter(({ name }) => !['Objective.underModel', 'Objective.pairwise'].includes(name))
  }),
  ...labelled<Expectation.Expectation>('expectation', expectation =>
    objectives.map(objective => ({ stages: [fewSteps(objective, ofTheseRows(expectation))] }))
  )(words.expectations),
  ...labelled<NoiseLevels.NoiseLevels>('noise level distribution', law => [
    { stages: [fewSteps(Objective.denoising(law))] },
    { stages: [fewSteps(Objective.implicit(law))] }
  ])(words.noiseLevels),
  ...labelled<Score.Score<string>>('score', score => [
    { score, stages: [em({ steps: 2 }), fewSteps(objectives[1])] },
    { score, stages: [fewSteps(objectives[1])] }
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

  once('rows so few that a recipe looks at all pairs of them', () => {
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
    expect(lastElement(streamed)).toEqual(told[ROWS - 1])
    expect([...Problem.orThrow(Fit.fromJSON(JSON.parse(JSON.stringify(fit)))).assign(source)]).toEqual(told)
  })
  it.runIf(isSlow)('is refused of another width, as rows in memory are', () => {
    const fit = Problem.orThrow(Fit.mixture({ components: 1, family: 'full' })(source))
    const other = { rows: 1, dim: 1, values: Float64Array.of(0) }
    expect(() => [...fit.assign(Source.of(other))]).toThrow(/points: 1 columns are not 2/)
    expect(() => fit.assign(other)).toThrow(/points: 1 columns are not 2/)
  })
})

describe('moves of components of many rows', () => {
  // On the fewest rows of which a sample is taken, which are many.
  it.runIf(isSlow)('are looked for on a sample of them, the same from memory and from a source', () => {
    const points = drawn(MAX_SURVEYED_ROWS + 1000)
    const family = there(Score.interpret<string>(isotropic).family)
    const from = there(family.fromMixture)
    // two centres in one group, one in two
    const means = [
      [-4, 12],
      [-4.5, 12],
      [3, 8]
    ]
    const start = from(Mixture.of({ means }))
    const options = { attempts: 1, polish: 3, varianceFloor: 1e-6, prior: null }
    const source = stored(points, 40_000)
    const [whole, streamed] = [points, source].map(data => Split.step(family, options, data)(start, Key.fromSeed(1)))
    expect(streamed).toEqual(whole)
    expect(whole.params).not.toEqual(start)
    source.close()
  })
})

describe('the reach of numbers', () => {
  once('a source whose rows lie beyond what has a square ends as its rows in memory do', () => {
    const far = {
      rows: 600,
      dim: 1,
      values: Float64Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? 1e160 : -1e160) * (1 + i))
    }
    const pipeline = Pipeline.of({
      schedule,
      score: isotropic,
      initializer: Initializer.fromData,
      stages: [em({ steps: 3 }), descend(Objective.denoising(uniform))]
    })
    const whole = Compile.pipeline(pipeline)(far)
    const streamed = Compile.pipeline(pipeline)(stored(far))
    if (E.isLeft(whole) || E.isLeft(streamed)) expect(streamed).toEqual(whole)
    else expect(Run.last(streamed.right)(Key.fromSeed(1))).toEqual(Run.last(whole.right)(Key.fromSeed(1)))
  })
})

describe('runs side by side', () => {
  once('fail as they fail alone, and leave others as they are', () => {
    const rates = [0.1, 1e200, 0.2]
    const programs = rates.map(rate => {
      const optimizer = Optimizer.gradientDescent({ rate })
      const stages = [descend(Objective.implicit(NoiseLevels.at(0.4)), { optimizer, steps: 9 })]
      const pipeline = Pipeline.of({ schedule, score: pair, initializer: starts[0], stages })
      return Problem.orThrow(Compile.pipeline(pipeline)(points))
    })
    const keys = rates.map(() => Key.fromSeed(1))
    const found = Run.together(programs)(keys)
    expect(found.map(({ status }) => status._tag)).toEqual(['Finished', 'Failed', 'Finished'])
    expect(found).toEqual(programs.map((program, i) => Run.last(program)(keys[i])))
  })

  once('are as many as keys', () => {
    const program = Problem.orThrow(Compile.pipeline(Recipe.twoStage(pair)(points))(points))
    expect(() => Run.together([program])(Key.split(3)(Key.fromSeed(1)))).toThrow(/1 programs and 3 keys/)
    expect(Run.together(program)([])).toEqual([])
  })
})

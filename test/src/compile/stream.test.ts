/** Pipelines on rows that are not in memory: the states of a run are those of the same rows in memory, to the bit. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { square, sub, sum } from '../../../lib/index.js'
import * as Chunks from '../../../lib/rows/chunks.js'
import * as Split from '../../../src/mixture/em/splitAndMerge.js'
import { SURVEYED } from '../../../src/mixture/em/splitAndMerge.js'
import {
  Compile,
  Expectation,
  Key,
  Mixture,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Pipeline,
  Points,
  Problem,
  Run,
  Schedule,
  Score,
  Source,
  TimeLaw,
  Vocabulary
} from '../../../src/index.js'
import * as Initializer from '../../../src/pipeline/initializer.js'
import * as Stage from '../../../src/pipeline/stage.js'
import * as Sums from '../../../src/compile/sums.js'
import type * as Place from '../../../src/data/place.js'
import { isSlow, spread } from '../../cases.js'
import { there } from '../../there.js'

const truth = Mixture.of({
  means: [
    [-4, 2],
    [3, 2],
    [3, -5]
  ],
  weights: [0.5, 0.3, 0.2],
  variances: [1, 0.5, 2]
})

/** Of a number of rows that fills no chunk, far from 0; weighted, with labels, or plain. */
const drawn = (rows: number, how: 'plain' | 'weighted' | 'labelled'): Points.Points => {
  const points = Mixture.sample(rows)(Key.fromSeed(7))(truth)
  const moved = { ...points, values: points.values.map((x, k) => x + (k % 2 === 1 ? 10 : 0)) }
  return {
    ...moved,
    ...(how === 'weighted' && { weights: Float64Array.from({ length: rows }, (_, i) => (i % 5) / 3) }),
    ...(how === 'labelled' && { labels: Int32Array.from({ length: rows }, (_, i) => (i % 4) - 1) })
  }
}

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ornstein-stream-'))
})
afterAll(() => {
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
const isotropic = Score.isotropic({ components: 3 })
const network = Score.network(Net.mlp({ hidden: [8], activation: 'silu', embedding: Net.fourier(4) }), {
  predicts: Parametrization.noise
})
const descend = (options: Partial<Parameters<typeof Stage.descend>[0]> & { readonly objective: Objective.Objective }) =>
  Stage.descend({ optimizer: Optimizer.adam({ rate: 0.05 }), steps: 3, ...options })
const uniform = TimeLaw.uniform(0.05, 1)
/** Of one's own. */
const custom = Objective.custom('squared error', uniform, ({ score, target }) =>
  sum(square(sub(score, target)), 1, true)
)

const vocabulary = Vocabulary.extend(Vocabulary.standard, [custom])

/** Places that have rows of their own, and of a leader nothing but JSON and numbers; chunks come from two of them in turn. */
const elsewhere = (points: Points.Points, asked: Set<string>): Place.Place => {
  const rows = Source.of(points)
  const { chunks } = Chunks.cut(rows.rows)
  const known = new Map<string, Sums.Summing>()
  const program = (text: string, which: number): Sums.Summing => {
    const name = `${which} ${text}`
    const made = known.get(name) ?? Problem.orThrow(Sums.asked(vocabulary)(JSON.parse(text))(rows))
    known.set(name, made)
    return made
  }
  return {
    taken: (sum, question) => {
      const { sum: described, numbers } = question()
      asked.add(described.name)
      const sums = new Float64Array(sum.width)
      for (let s = 0; s < chunks; s++)
        Chunks.add(sums, program(JSON.stringify(described), s % 2)(numbers.slice()).chunks(s, s + 1))
      return sum.found(sums)
    }
  }
}

/** What was asked of another place. */
const both = <P extends string>(pipeline: Pipeline.Pipeline<P>, points: Points.Points): ReadonlySet<string> => {
  const source = stored(points)
  const whole = Problem.orThrow(Compile.pipeline(pipeline)(points))
  const streamed = Problem.orThrow(Compile.pipeline(pipeline)(source))
  expect(streamed.plan).toEqual(whole.plan)
  expect(streamed.data()).toBe(whole.data())
  const states = [...Run.states(streamed)(Key.fromSeed(3))]
  expect(states).toEqual([...Run.states(whole)(Key.fromSeed(3))])
  expect(states.at(-1)?.status._tag).toBe('Finished')
  expect(states.length).toBeGreaterThan(2)
  const asked = new Set<string>()
  const led = Problem.orThrow(Compile.pipeline(pipeline, { place: elsewhere(points, asked) })(source))
  expect([...Run.states(led)(Key.fromSeed(3))]).toEqual(states)
  source.close()
  return asked
}

/** Each with the sums that are taken elsewhere where there is such a place. */
const pipelines: Readonly<
  Record<string, readonly [pipeline: Pipeline.Pipeline<string>, points: Points.Points, asked: ReadonlyArray<string>]>
> = {
  'expectation–maximization, weighted': [
    Pipeline.of({
      schedule,
      score: Score.full({ components: 3 }),
      initializer: Initializer.kMeansPlusPlus,
      stages: [Stage.expectationMaximization({ steps: 4 }), Stage.expectationMaximization({ steps: 2, time: 0.3 })]
    }),
    drawn(5003, 'weighted'),
    ['expectation']
  ],
  'expectation–maximization under a prior': [
    Pipeline.of({
      schedule,
      score: Score.diagonal({ components: 3 }),
      initializer: Initializer.fromData,
      stages: [Stage.expectationMaximization({ steps: 3, prior: 0.01 })]
    }),
    drawn(3001, 'plain'),
    ['expectation']
  ],
  'expectation–maximization with noise, and restarts': [
    Pipeline.of({
      schedule,
      score: isotropic,
      initializer: Initializer.kMeansPlusPlus,
      stages: [
        Stage.expectationMaximization({ steps: 3, time: 0.5 }),
        Stage.restart(2)(Stage.expectationMaximization({ steps: 2 }))
      ]
    }),
    drawn(5003, 'weighted'),
    ['expectation']
  ],
  'moves of components, from k-means': [
    Pipeline.of({
      schedule,
      score: Score.full({ components: 3 }),
      initializer: Initializer.kMeans({ steps: 3 }),
      stages: [Stage.splitAndMerge({ steps: 2 }), Stage.expectationMaximization({ steps: 2 })]
    }),
    drawn(3001, 'weighted'),
    ['expectation']
  ],
  'centres by the moments of the data': [
    Pipeline.of({
      schedule,
      score: isotropic,
      initializer: Initializer.bestOf(2)(Initializer.momentsMatched),
      stages: [Stage.splitAndMerge({ steps: 1 }), Stage.expectationMaximization({ steps: 2 })]
    }),
    drawn(5003, 'weighted'),
    ['expectation']
  ],
  'centres along principal directions, and noise that is given': [
    Pipeline.of({
      schedule,
      score: isotropic,
      initializer: Initializer.spectral,
      stages: [
        descend({
          objective: Objective.denoising(TimeLaw.at(0.4)),
          expectation: Expectation.fixed({
            rows: 2003,
            dim: 2,
            values: Float64Array.from({ length: 4006 }, (_, k) => ((k * 37) % 19) / 9 - 1)
          })
        })
      ]
    }),
    drawn(2003, 'plain'),
    ['loss']
  ],
  'the pair, by power iteration': [
    Pipeline.of({
      schedule,
      score: Score.symmetricPair,
      initializer: Initializer.spectral,
      stages: [Stage.powerIteration({ steps: 3 }), Stage.expectationMaximization({ steps: 2 })]
    }),
    drawn(3001, 'weighted'),
    ['expectation']
  ],
  'times drawn for each row, and projected noise': [
    Pipeline.of({
      schedule,
      score: isotropic,
      initializer: Initializer.kMeansPlusPlus,
      stages: [
        descend({ objective: Objective.denoising(uniform) }),
        descend({ objective: Objective.implicit(TimeLaw.stratified(uniform)), expectation: Expectation.projected() })
      ]
    }),
    drawn(5003, 'weighted'),
    ['loss']
  ],
  'the likelihood, and a guarded stage on a sample': [
    Pipeline.of({
      schedule,
      score: isotropic,
      initializer: Initializer.bestOf(2)(Initializer.gaussian({ scale: 3 })),
      stages: [
        Stage.onSample({ rows: 400 })(Stage.expectationMaximization({ steps: 3 })),
        descend({ objective: Objective.likelihood }),
        Stage.guarded(Stage.expectationMaximization({ steps: 2 }))
      ]
    }),
    drawn(5003, 'plain'),
    ['expectation', 'loss']
  ],
  'an objective of one’s own, compiled': [
    Pipeline.of({
      schedule,
      score: Score.diagonal({ components: 3 }),
      initializer: Initializer.onSphere({ radius: 3 }),
      stages: [descend({ objective: custom, steps: 12 })]
    }),
    drawn(3001, 'weighted'),
    ['loss']
  ],
  'a network with labels, some left out, full batch': [
    Pipeline.of({
      schedule,
      score: network,
      initializer: Initializer.gaussian({ scale: 0.3 }),
      stages: [descend({ objective: Objective.labelDropout(0.3)(Objective.denoising(uniform)), steps: 12 })]
    }),
    drawn(2001, 'labelled'),
    ['loss']
  ],
  'a network by epochs without replacement, few steps by the interpreter': [
    Pipeline.of({
      schedule,
      score: network,
      initializer: Initializer.gaussian({ scale: 0.3 }),
      stages: [descend({ objective: Objective.denoising(uniform), batch: 300, epochs: true, steps: 8 })]
    }),
    drawn(1001, 'plain'),
    []
  ]
}

describe('a run on a source is that of its rows in memory', () => {
  it.each(spread(6)(Object.entries(pipelines)))('%s', (_, [pipeline, points, sums]) => {
    expect([...both(pipeline, points)].sort()).toEqual(sums)
  })
})

const refused = (pipeline: Pipeline.Pipeline<string>): string => {
  const found = Compile.pipeline(pipeline)(Source.of(drawn(600, 'plain')))
  return E.isLeft(found) ? found.left.map(Problem.show).join('\n') : 'nothing'
}

describe('what does not stream is refused by name', () => {
  const of = (initializer: Initializer.Initializer, ...stages: ReadonlyArray<Stage.Stage>) =>
    refused(Pipeline.of({ schedule, score: isotropic, initializer, stages }))
  it('initializers and stages of one’s own that do not say that they do', () => {
    const initializer = Initializer.defineCentres({
      name: 'firstRows',
      about: 'the first rows',
      meaning: () => ({
        draws: 'never',
        centres:
          ({ points, count }) =>
          () => ({ shape: [count, points.dim], values: points.values.slice(0, count * points.dim) })
      })
    })
    expect(of(initializer)).toMatch(
      /^initializer: Initializer.firstRows is not one that reads the rows of a source a stretch at a time; use Initializer.kMeansPlusPlus/
    )
    expect(of(Initializer.bestOf(2)(initializer))).toMatch(/firstRows is not one that reads/)
    expect(of(Initializer.kMeansPlusPlus)).toBe('nothing')
    const stage = Stage.define({
      name: 'still',
      about: 'stays where it is',
      fields: {},
      formula: () => 'θ ← θ',
      meaning: () => ({
        stops: { steps: 1 },
        means: () => ({ engine: 'none', reason: 'nothing is computed' }),
        ...Stage.steps(t.null, () => ({ begin: () => null, step: params => ({ value: 0, params, memory: null }) }))
      })
    })
    expect(of(Initializer.fromData, stage)).toMatch(
      /^stages\[0\]: Stage.still is not one that reads the rows of a source a stretch at a time; put it in Stage.onSample/
    )
    expect(of(Initializer.fromData, Stage.onSample({ rows: 100 })(stage))).toBe('nothing')
  })
})

describe('moves of components of many rows', () => {
  // On the fewest rows of which a sample is taken, which are many.
  it.runIf(isSlow)('are looked for on a sample of them, the same from memory and from a source', () => {
    const points = drawn(SURVEYED + 1000, 'plain')
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
  it('a source whose rows lie beyond what has a square ends as its rows in memory do', () => {
    const far = {
      rows: 600,
      dim: 1,
      values: Float64Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? 1e160 : -1e160) * (1 + i))
    }
    const pipeline = Pipeline.of({
      schedule,
      score: isotropic,
      initializer: Initializer.fromData,
      stages: [Stage.expectationMaximization({ steps: 3 }), descend({ objective: Objective.denoising(uniform) })]
    })
    const whole = Compile.pipeline(pipeline)(far)
    const streamed = Compile.pipeline(pipeline)(stored(far))
    if (E.isLeft(whole) || E.isLeft(streamed)) expect(streamed).toEqual(whole)
    else expect(Run.last(streamed.right)(Key.fromSeed(1))).toEqual(Run.last(whole.right)(Key.fromSeed(1)))
  })
})

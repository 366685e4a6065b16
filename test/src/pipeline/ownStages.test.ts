/** Stages of a user's own: planned, printed, stored, resumed, annealed, restarted, refused and law-checked as ours are. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Field,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Problem,
  Run,
  Schedule,
  Score,
  TimeLaw,
  Vocabulary
} from '../../../src/index.js'
import * as Stage from '../../../src/pipeline/stage.js'
import * as laws from '../../../src/laws/index.js'
import { vocabulary } from './own.js'
import { averagedTail, kick, twice } from './own.js'
import { isSlow } from '../../cases.js'

const schedule = Schedule.ornsteinUhlenbeck
const score = Score.spherical({ components: 3 })
const points = Mixture.sample(60)(Key.fromSeed(3))(
  Mixture.of({
    means: [
      [-4, 0],
      [4, 0],
      [0, 5]
    ]
  })
)
const tail = averagedTail({
  objective: 'likelihood',
  optimizer: Optimizer.momentum({ rate: 0.2 }),
  steps: 7,
  last: 3
})
const em = Stage.expectationMaximization({ steps: 3 })

const pipeline = (...stages: ReadonlyArray<Stage.Stage>): Pipeline.Pipeline<'means'> =>
  Pipeline.of({ schedule, score, initializer: Initializer.fromData, stages })

const compiled = (...stages: ReadonlyArray<Stage.Stage>): Compile.Program<'means'> =>
  pipe(
    Compile.pipeline(pipeline(...stages))(points),
    E.getOrElse<Problem.Problems, Compile.Program<'means'>>(problems => {
      throw new Error(problems.map(Problem.show).join('\n'))
    })
  )

const states = (...stages: ReadonlyArray<Stage.Stage>): ReadonlyArray<Run.State<'means'>> => [
  ...Run.states(compiled(...stages))(Key.fromSeed(1))
]

const refused = (...stages: ReadonlyArray<Stage.Stage>): ReadonlyArray<string> =>
  pipe(
    Compile.pipeline(pipeline(...stages))(points),
    E.match(
      problems => problems.map(Problem.show),
      () => []
    )
  )

const values = ({ params }: Run.State<'means'>): ReadonlyArray<number> => Array.from(params.means.values)

const nested = Stage.sequence([Stage.repeat(2)(kick({ scale: 0.5 })), Stage.restart(2)(twice(tail)), em])

describe('a stage with memory', () => {
  it('does what it says: the mean of its last iterates', () => {
    // The iterates themselves, by the built-in stage.
    const plain = Stage.descend({
      objective: Objective.likelihood,
      optimizer: Optimizer.momentum({ rate: 0.2 }),
      steps: 7
    })
    const iterates = states(plain).map(values)
    const mean = iterates[0].map((_, i) => (iterates[5][i] + iterates[6][i] + iterates[7][i]) / 3)
    const ended = states(tail).at(-1)
    if (ended === undefined) throw new Error('no states')
    // Three sums and quotients of numbers below 8: 2⁻⁵² · 8 · 4.
    values(ended).forEach((found, i) => expect(Math.abs(found - mean[i])).toBeLessThan(1e-14))
    expect(ended.step).toBe(7)
  })

  it.runIf(isSlow)('is resumed in the middle with the same bits', () => {
    const program = compiled(nested)
    const all = [...Run.states(program)(Key.fromSeed(5))]
    const codec = Run.codec(program)
    for (const [i, state] of all.entries()) {
      const read = codec.decode(JSON.parse(JSON.stringify(codec.encode(state))))
      if (E.isLeft(read)) throw new Error(`state ${i} is not read`)
      expect([...Run.resume(program)(read.right)].map(values)).toEqual(all.slice(i).map(values))
    }
  })

  it('refuses the memory of another', () => {
    const [, one] = states(tail)
    const codec = Run.codec(compiled(tail))
    expect(E.isLeft(codec.decode({ ...(codec.encode(one) as object), memory: null }))).toBe(true)
    const { stages } = compiled(tail)
    expect(() => stages[0].step(one.params, { kept: 1 }, Key.fromSeed(1))).toThrow(
      /^memory: \{"kept":1\} is not what the stage remembers \(.*\); begin it again$/
    )
  })
})

describe('on its way through the library', () => {
  it('is planned, with the engine of its loss or the line about it', () => {
    const [first, second, third] = compiled(tail, kick(), Stage.restart(2)(Stage.sequence([tail, kick()]))).plan
    expect(first.engine).toBe('interpreted')
    expect(second).toEqual({
      stage: 'θ_k ← x_i + 1 z',
      engine: 'its own steps',
      reason: 'one centre to a row, with noise'
    })
    expect(third.reason).toBe('2 attempts, each by interpreted, its own steps')
  })

  it('is read and written in a vocabulary that knows it, and in no other', () => {
    const codec = Stage.codec(vocabulary)
    const json: unknown = JSON.parse(JSON.stringify(codec.encode(nested)))
    expect(codec.decode(json)).toEqual(E.right(nested))
    const read = Stage.codec(Vocabulary.standard).decode(json)
    expect(E.isLeft(read) && read.left.map(({ message }) => message)).toEqual([
      "stages[0].stage._tag: \"kick\" is not the name of a Stage; use one of 'descend', 'repeat', 'anneal', 'restart', " +
        "'guarded', 'sequence', 'onSample', 'splitAndMerge', 'powerIteration', 'expectationMaximization', or add your own case to the vocabulary",
      expect.stringContaining('stages[1].stage._tag: "twice" is not the name of a Stage')
    ])
  })
})

describe('of other stages', () => {
  it('comes to them, with where each stands', () => {
    expect(Stage.simple(Stage.sequence([twice(em), kick()])).map(({ path }) => path)).toEqual([
      'stages[0].stage',
      'stages[0].stage',
      'stages[1]'
    ])
    expect(Stage.extent(Stage.repeat(5)(twice(Stage.restart(3)(twice(em)))))).toEqual({ stages: 30, attempts: 3 })
  })

  it('is annealed in what it is made of', () => {
    const noisy = Stage.descend({
      objective: Objective.implicit(TimeLaw.at(2)),
      expectation: Expectation.projected(),
      optimizer: Optimizer.adam({ rate: 0.1 }),
      steps: 2
    })
    const times = Stage.simple(Stage.anneal([1, 0.5])(twice(noisy))).map(({ stage }) => Stage.formula(stage))
    expect(times.map(text => /t = ([\d.]+)/.exec(text)?.[1])).toEqual(['1', '1', '0.5', '0.5'])
  })

  it('has the floor of the last that has one', () => {
    const floored = Stage.expectationMaximization({ steps: 1, varianceFloor: 0.25 })
    expect(Stage.varianceFloor(twice(Stage.sequence([floored, kick()])))).toEqual(Stage.varianceFloor(floored))
    expect(Stage.varianceFloor(twice(kick()))._tag).toBe('None')
  })
})

describe('what is wrong with it', () => {
  it('is said in its fields, and of the score that it needs', () => {
    expect(Stage.problems(schedule)(Stage.repeat(1)(kick({ scale: -1 }))).map(Problem.show)).toEqual([
      'stage.scale: -1 is not > 0 and finite; try 1'
    ])
    const student = Score.custom({ name: 'mine', shapes: () => ({ a: [] }), apply: (_, x) => x })
    const found = Compile.pipeline(
      Pipeline.of({
        schedule,
        score: student,
        initializer: Initializer.gaussian({ scale: 1 }),
        stages: [Stage.restart(2)(Stage.repeat(2)(kick()))]
      })
    )(points)
    expect(E.isLeft(found) && found.left.map(Problem.show)).toEqual([
      'stages[0].stage.stage.score: Score.custom({ name: "mine", shapes: …, apply: … }) is not that of a mixture; leave the stage out'
    ])
  })

  it('is said of a loss that its score does not have, and of one that it did not ask for', () => {
    const quadratic = averagedTail({ objective: 'quadrature', optimizer: Optimizer.adam({ rate: 1 }), steps: 1 })
    expect(refused(em, quadratic)).toEqual([
      expect.stringMatching(/^stages\[1\]\.expectation: Expectation\.quadrature\(.*\) of Score\.spherical/)
    ])
    const greedy = Stage.define({
      name: 'greedy',
      about: 'asks for a loss that it did not name',
      meaning: () => ({
        stops: { steps: 1 },
        ...Stage.steps(t.null, ({ evaluate }) => ({
          begin: () => null,
          step: (params, memory, key) => ({ value: evaluate(params, key).value, params, memory })
        }))
      })
    })
    expect(() => states(greedy)).toThrow('evaluate: Stage.greedy asks for no loss; define it with one')
  })
})

it.each([tail, kick(), twice(em)].map(stage => [Stage.show(stage), stage] as const))(
  '%s has the laws of stages',
  (_, stage) => {
    for (const { property } of laws.stage(stage, { score, points })) fc.assert(property, { seed: 1, numRuns: 1 })
  }
)

it('a tool knows the shapes of parameters of any names', () => {
  const shapes: Array<unknown> = []
  const spy = Stage.define({
    name: 'spy',
    about: 'looks',
    fields: { times: Field.count({ default: 1 }) },
    meaning: ({ times }) => ({
      stops: { steps: times },
      ...Stage.steps(t.null, ({ points, model, start }) => ({
        begin: () => null,
        step: (params, memory, key) => {
          shapes.push(model.shapes(points.dim), Params.shapes(start(key)))
          return { value: 0, params, memory }
        }
      }))
    })
  })
  expect(states(spy()).length).toBe(2)
  expect(shapes).toEqual([{ means: [3, 2] }, { means: [3, 2] }])
})

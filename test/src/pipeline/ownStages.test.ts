/** Stages of a user's own: planned, stored, annealed and refused as ours are; and what they compute, by hand and by plain loops. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { add, exp, mul, neg, reshape, square, sum } from '../../../lib/index.js'
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
  type Points,
  Problem,
  Run,
  Schedule,
  Score,
  NoiseLevels,
  Vocabulary
} from '../../../src/index.js'
import * as Stage from '../../../src/pipeline/stage.js'
import {
  averaged,
  averagedTail,
  centres,
  CHAINS,
  chains,
  kick,
  nested,
  persistent,
  RATE,
  replayed,
  shares,
  start,
  student,
  tail,
  tempered,
  twice,
  vocabulary
} from './own.js'

const schedule = Schedule.ornsteinUhlenbeck
const em = Stage.expectationMaximization({ steps: 3 })
const groups = Mixture.sample(60)(Key.fromSeed(3))(Mixture.of({ means: [[-4, 0], [4, 0], [0, 5]] })) // prettier-ignore

const pipelineOf = (
  stages: ReadonlyArray<Stage.Stage>,
  components = 3,
  initializer: Initializer.Initializer = Initializer.fromData
): Pipeline.Pipeline<'means'> => Pipeline.of({ schedule, score: Score.spherical({ components }), initializer, stages })
const compiled = (...stages: ReadonlyArray<Stage.Stage>): Compile.Program<'means'> =>
  Problem.orThrow(Compile.pipeline(pipelineOf(stages))(groups))
const states = (program: Compile.Program<'means'>): ReadonlyArray<Run.State<'means'>> => [
  ...Run.states(program)(Key.fromSeed(1))
]
const refused = (...stages: ReadonlyArray<Stage.Stage>): ReadonlyArray<string> => {
  const found = Compile.pipeline(pipelineOf(stages))(groups)
  return E.isLeft(found) ? found.left.map(Problem.show) : []
}
const values = ({ params }: Run.State<'means'>): ReadonlyArray<number> => Array.from(params.means.values)

describe('a stage with memory', () => {
  it('does what it says: the mean of its last iterates', () => {
    // The iterates themselves, by the built-in stage.
    const optimizer = Optimizer.momentum({ rate: 0.2 })
    const plain = Stage.descend({ objective: Objective.likelihood, optimizer, steps: 7 })
    const iterates = states(compiled(plain)).map(values)
    const mean = iterates[0].map((_, i) => (iterates[5][i] + iterates[6][i] + iterates[7][i]) / 3)
    const ended = Run.last(compiled(tail))(Key.fromSeed(1))
    // Three sums and quotients of numbers below 8: 2⁻⁵² · 8 · 4.
    values(ended).forEach((found, i) => expect(Math.abs(found - mean[i])).toBeLessThan(1e-14))
    expect(ended.step).toBe(7)
  })

  it('refuses the memory of another', () => {
    const program = compiled(tail)
    const [, one] = states(program)
    const codec = Run.codec(program)
    expect(E.isLeft(codec.decode({ ...(codec.encode(one) as object), memory: null }))).toBe(true)
    expect(() => program.stages[0].step(one.params, { kept: 1 }, Key.fromSeed(1))).toThrow(
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
    const codec = Vocabulary.codec(vocabulary)(Stage.concept)
    const json: unknown = JSON.parse(JSON.stringify(codec.encode(nested)))
    expect(codec.decode(json)).toEqual(E.right(nested))
    const read = Vocabulary.codec(Vocabulary.standard)(Stage.concept).decode(json)
    expect(E.isLeft(read) && read.left.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^stages\[0\]\.stage\._tag: "kick" is not the name of a Stage; use one of 'descend', /),
      expect.stringMatching(/^stages\[1\]\.stage\._tag: "twice" is not the name of a Stage/)
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
    expect(Stage.stageExtent(Stage.repeat(5)(twice(Stage.restart(3)(twice(em)))))).toEqual({ stages: 30, attempts: 3 })
  })

  it('is annealed in what it is made of, and has the floor of the last that has one', () => {
    const times = Stage.simple(Stage.anneal([1, 0.5])(twice(em))).map(({ stage }) => Stage.formula(stage))
    expect(times.map(text => /t = ([\d.]+)/.exec(text)?.[1])).toEqual(['1', '1', '0.5', '0.5'])
    const floored = Stage.expectationMaximization({ steps: 1, varianceFloor: 0.25 })
    expect(Stage.varianceFloorOf(twice(Stage.sequence([floored, kick()])))).toEqual(Stage.varianceFloorOf(floored))
    expect(Stage.varianceFloorOf(twice(kick()))._tag).toBe('None')
  })
})

describe('what is wrong with it', () => {
  it('is said in its fields, of the score that it needs, and of a loss that its score does not have', () => {
    expect(refused(Stage.repeat(1)(kick({ scale: -1 })))).toEqual([
      'stages[0].stage.scale: -1 is not > 0 and finite; try 1'
    ])
    const mine = Score.custom({ name: 'mine', shapes: () => ({ a: [] }), apply: (_, x) => x })
    const found = Compile.pipeline({
      ...pipelineOf([Stage.restart(2)(Stage.repeat(2)(kick()))], 3, Initializer.gaussian({ scale: 1 })),
      score: mine
    })(groups)
    expect(E.isLeft(found) && found.left.map(Problem.show)).toEqual([
      'stages[0].stage.stage.score: Score.custom({ name: "mine", shapes: …, apply: … }) is not that of a mixture; leave the stage out'
    ])
    const quadratic = averagedTail({ objective: 'quadrature', optimizer: Optimizer.adam({ rate: 1 }), steps: 1 })
    expect(refused(em, quadratic)).toEqual([
      expect.stringMatching(/^stages\[1\]\.expectation: Expectation\.quadrature\(.*\) of Score\.spherical/)
    ])
  })

  it('is a loss that it asks for and did not name', () => {
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
    expect(() => states(compiled(greedy))).toThrow('evaluate: Stage.greedy asks for no loss; define it with one')
  })
})

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
  expect(states(compiled(spy())).length).toBe(2)
  expect(shapes).toEqual([{ means: [3, 2] }, { means: [3, 2] }])
})

describe('constants of an objective that a stage changes', () => {
  const points = Mixture.sample(600)(Key.fromSeed(3))(Mixture.of({ means: [[1.5, -1]] }))
  const means = [0, 1].map(axis => points.values.reduce((all, x, i) => (i % 2 === axis ? all + x / 600 : all), 0))
  const on = (stage: Stage.Stage) =>
    states(Problem.orThrow(Compile.pipeline(pipelineOf([stage], 1, Initializer.values(start)))(points)))

  it('a teacher is the average of its student, step by step', () => {
    let pupil: ReadonlyArray<number> = [-1, 0.5]
    let teacher = pupil
    const all = on(averaged({}))
    for (const state of all.slice(1)) {
      // The slope of |m − x|² + ½|m − m̄|².
      pupil = pupil.map((m, axis) => m - RATE * (2 * (m - means[axis]) + (m - teacher[axis])))
      teacher = teacher.map((m, axis) => 0.9 * m + 0.1 * pupil[axis])
      pupil.forEach((m, axis) => expect(values(state)[axis]).toBeCloseTo(m, 12))
    }
    expect(all).toHaveLength(7)
  })

  it('the slope beside chains is how far their mean is from that of the data', () => {
    const [, first] = on(replayed({}))
    start.means.values.forEach((m, axis) => {
      const mean = chains.values.reduce((all, x, i) => (i % 2 === axis ? all + x / CHAINS : all), 0)
      expect(values(first)[axis]).toBeCloseTo(m - RATE * (mean - means[axis]), 12)
    })
  })

  const plans = (objective: Objective.Objective) =>
    Problem.orThrow(
      Compile.plans({ schedule, score: student, objective, expectation: Expectation.monteCarlo() })(points)
    )
  it.each([
    [{ slope: chains }, /constants\.slope: the objective has chains; name one of its constants/],
    [
      { chains: { shape: [2], values: new Float64Array(2) } },
      /constants\.chains: of shape \[2\]; the objective has \[40, 2\]/
    ]
  ])('constants of other names or shapes are refused', (constants, wanted) => {
    expect(() => plans(persistent)[0].evaluate(start, Key.fromSeed(0), constants)).toThrow(wanted)
  })

  it('one of two is changed alone', () => {
    const two = (a: number, b: number) =>
      plans(
        Objective.define({
          name: 'two',
          about: 'a |s|² + b',
          meaning: () => ({
            noiseLevels: NoiseLevels.clean,
            constants: Params.of({ a: [a], b: [b] }),
            perRow: ({ score, constants }) => add(mul(constants.a, sum(square(score), 1, true)), constants.b)
          })
        })
      )
    const wanted = two(2, 3)
    two(2, 5).forEach(({ evaluate }, plan) =>
      expect(evaluate(start, Key.fromSeed(0), Params.of({ b: [3] }))).toEqual(
        wanted[plan].evaluate(start, Key.fromSeed(0))
      )
    )
  })
})

describe('sums that a stage asks for', () => {
  const points = Mixture.sample(3000)(Key.fromSeed(3))(Mixture.of({ means: [[-2, 0], [2, 1]] })) // prettier-ignore
  const begin = [-1, -1, 1, 2]
  const on = (stage: Stage.Stage, data: Points.Points = points) =>
    Problem.orThrow(Compile.pipeline(pipelineOf([stage], 2, Initializer.values([[-1, -1], [1, 2]])))(data)) // prettier-ignore
  const lastOf = (stage: Stage.Stage): Float64Array => Run.last(on(stage))(Key.fromSeed(1)).params.means.values

  /** One step by plain loops: centres of rows by p(k | x)^power, [x, y] of each. */
  const byLoops = (rows: ArrayLike<number>, means: ReadonlyArray<number>, power: number): ReadonlyArray<number> => {
    const mass = [0, 0]
    const first = [0, 0, 0, 0]
    for (let i = 0; i < rows.length / 2; i++) {
      const logs = [0, 1].map(
        k => (-power * ((rows[2 * i] - means[2 * k]) ** 2 + (rows[2 * i + 1] - means[2 * k + 1]) ** 2)) / 2
      )
      const one = 1 / (1 + Math.exp(logs[1] - logs[0]))
      for (const [k, r] of [one, 1 - one].entries()) {
        mass[k] += r
        for (const axis of [0, 1]) first[2 * k + axis] += r * rows[2 * i + axis]
      }
    }
    return first.map((v, i) => v / mass[Math.floor(i / 2)])
  }

  it('tempered EM is that of plain loops, compiled', () => {
    const wanted = [0.3, 0.475, 0.65, 0.825, 1].reduce<ReadonlyArray<number>>(
      (means, power) => byLoops(points.values, means, power),
      begin
    )
    lastOf(tempered({})).forEach((m, i) => expect(m).toBeCloseTo(wanted[i], 12))
    expect(Compile.explain(on(tempered({})))).toMatch(/by compiled: its sums are one program over the rows/)
  })

  it('EM on batches is that of plain loops on the same batches', () => {
    const keys: Key.Key[] = []
    const seen = Stage.define({
      name: 'seen',
      about: 'on batches, whose keys are seen',
      meaning: () => ({
        stops: { steps: 3 },
        sums: shares,
        ...Stage.steps(t.null, ({ sums }) => ({
          begin: () => null,
          step: (params, _, key) => {
            keys.push(key)
            const found = sums(params, { numbers: { power: 1 }, batch: { rows: 40, key } })
            // Of shares of all rows.
            expect(found.mass.values.reduce((a, b) => a + b)).toBeCloseTo(1, 12)
            return { value: 0, params: centres(found, params), memory: null }
          }
        }))
      })
    })
    const found = lastOf(seen)
    const wanted = keys.reduce<ReadonlyArray<number>>((means, key) => {
      const places = Array.from(Key.subset(3000, 40)(key))
      const rows = places.flatMap(i => [points.values[2 * i], points.values[2 * i + 1]])
      return byLoops(rows, means, 1)
    }, begin)
    found.forEach((m, i) => expect(m).toBeCloseTo(wanted[i], 12))
  })

  it.each<[string, Stage.Sums, RegExp]>([
    ['what is of each row', ({ clean }) => ({ own: sum(clean, 1) }), /own, which of 3 rows together is not/],
    ['a mean', ({ clean }) => ({ own: exp(neg(sum(clean))) }), /own, which of 3 rows together is not/],
    ['a shape that is none', ({ clean }) => ({ own: reshape(clean, [7]) }), /sums: a function that throws/]
  ])('%s is refused', (_, sums, wanted) => {
    const own = Stage.define({
      name: 'own',
      about: 'wrong',
      meaning: () => ({
        stops: { steps: 1 },
        sums,
        ...Stage.steps(t.null, () => ({ begin: () => null, step: params => ({ value: 0, params, memory: null }) }))
      })
    })
    expect(refused(own).join('\n')).toMatch(wanted)
  })
})

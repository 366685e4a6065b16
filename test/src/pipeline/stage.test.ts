/** Stages made of stages: what they come to as data, what other stages they are equal to, and what guards, restarts and samples keep. */
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import {
  Case,
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Points,
  Problem,
  Recipe,
  Run,
  Schedule,
  Score,
  NoiseLevels
} from '../../../src/index.js'
import * as Stage from '../../../src/pipeline/stage.js'
import { spread, once } from '../../cases.js'

type Names = 'means' | 'logits' | 'logVariances'
const schedule = Schedule.ornsteinUhlenbeck
const points = Mixture.sample(600)(Key.fromSeed(1))(Mixture.of({ means: [[-10], [6], [14]] }))
const score = Score.isotropic({ components: 3 })
const em = (steps: number, more: object = {}): Stage.Stage => Stage.expectationMaximization({ steps, ...more })
const descend = (time: number): Stage.Stage =>
  Stage.descend({
    objective: Objective.implicit(NoiseLevels.at(time)),
    expectation: Expectation.projected(),
    optimizer: Optimizer.adam({ rate: 0.1 }),
    steps: 4
  })
const diverging = Stage.descend({
  objective: Objective.likelihood,
  optimizer: Optimizer.gradientDescent({ rate: 1e300 }),
  steps: 5
})
const power = Stage.powerIteration({ steps: 1 })

const of = (...stages: ReadonlyArray<Stage.Stage>): Pipeline.Pipeline<Names> =>
  Pipeline.of({ schedule, score, initializer: Initializer.values([[-9], [5], [12]]), stages })
const last = <P extends string>(pipeline: Pipeline.Pipeline<P>, data = points, seed = 3): Run.State<P> =>
  Run.last(Problem.orThrow(Compile.pipeline(pipeline)(data)))(Key.fromSeed(seed))
const end = (...stages: ReadonlyArray<Stage.Stage>): Params.Params<Names> => last(of(...stages)).params
const likelihood = <P extends string>(score: Score.Score<P>, params: Params.Params<P>, data = points): number =>
  O.match(() => NaN, Mixture.meanLogDensity(data))(Score.toMixture(score)(params))

describe('as data', () => {
  const found = (stage: Stage.Stage): ReadonlyArray<readonly [string, Stage.Stage]> =>
    Stage.simple(stage).map(({ path, stage }) => [path, stage])
  const split = Stage.splitAndMerge({ steps: 1 })
  const alone = [descend(1), em(3), split, power, Stage.restart(2)(em(3)), Stage.guarded(em(3))]
  const at = (time: number): Stage.Stage => em(3, { time })

  once.each<readonly [string, Stage.Stage, ReadonlyArray<readonly [string, Stage.Stage]>]>([
    ...alone.map(stage => [Stage.show(stage), stage, [['', stage]]] as const),
    [
      'sequences and repeats are written out, each stage with where it stands',
      Stage.sequence([em(3), Stage.repeat(2)(Stage.sequence([descend(1), em(3)]))]),
      [
        ['stages[0]', em(3)],
        ['stages[1].stage.stages[0]', descend(1)],
        ['stages[1].stage.stages[1]', em(3)],
        ['stages[1].stage.stages[0]', descend(1)],
        ['stages[1].stage.stages[1]', em(3)]
      ]
    ],
    ['a sequence of none', Stage.sequence([]), []],
    ['a repeat of none', Stage.repeat(0)(em(3)), []],
    [
      'all that has a time is annealed, however deep, and nothing else',
      Stage.anneal([2, 1])(
        Stage.sequence([
          ...[descend(7), em(3), power, split, Stage.restart(2)(Stage.repeat(1)(descend(7)))],
          ...[Stage.guarded(descend(7)), Stage.repeat(1)(em(3)), Stage.anneal([9])(descend(7))],
          Stage.onSample({ rows: 9 })(em(3))
        ])
      ),
      [2, 1].flatMap(time => [
        ['stage.stages[0]', descend(time)] as const,
        ['stage.stages[1]', at(time)] as const,
        ['stage.stages[2]', power] as const,
        ['stage.stages[3]', split] as const,
        ['stage.stages[4]', Stage.restart(2)(Stage.repeat(1)(descend(time)))] as const,
        ['stage.stages[5]', Stage.guarded(descend(time))] as const,
        ['stage.stages[6].stage', at(time)] as const,
        ['stage.stages[7].stage', descend(9)] as const,
        ['stage.stages[8]', Stage.onSample({ rows: 9 })(at(time))] as const
      ])
    ]
  ])('%s', (_, stage, wanted) => {
    expect(found(stage)).toEqual(wanted)
  })

  once('a floor is that of the last part that has one, where variances are learned', () => {
    const floored = (varianceFloor: number): Stage.Stage => em(1, { varianceFloor })
    const floor = (...stages: ReadonlyArray<Stage.Stage>): O.Option<number> => Pipeline.varianceFloor(of(...stages))
    expect(floor()).toEqual(O.none)
    expect(floor(descend(1), Stage.repeat(2)(descend(1)))).toEqual(O.none)
    expect(floor(floored(1), floored(2), descend(1))).toEqual(O.some(2))
    for (const stage of [
      Stage.splitAndMerge({ steps: 1, varianceFloor: 3 }),
      Stage.sequence([floored(1), floored(3), descend(1)]),
      Stage.repeat(2)(floored(3)),
      Stage.restart(2)(floored(3)),
      Stage.guarded(floored(3)),
      Stage.anneal([1])(floored(3))
    ])
      expect(floor(floored(1), stage)).toEqual(O.some(3))
    const spherical = { ...of(floored(1)), score: Score.spherical({ components: 3 }) }
    expect(Pipeline.varianceFloor<string>(spherical)).toEqual(O.none)
  })
})

describe('are equal', () => {
  const { concat, empty } = Stage.Monoid
  const [a, b, c] = [em(2), descend(0.3), em(3)]
  const settled = em(200)
  once.each<readonly [string, ReadonlyArray<Stage.Stage>, ReadonlyArray<Stage.Stage>]>([
    ['sequences from the left', [concat(concat(a, b), c)], [a, b, c]],
    ['sequences from the right', [concat(a, concat(b, c))], [a, b, c]],
    ['a sequence with nothing', [concat(empty, Stage.sequence([a, b, c, empty]))], [a, b, c]],
    ['a repeat, each optimizer begun anew', [Stage.repeat(2)(Stage.sequence([b, em(1)]))], [b, em(1), b, em(1)]],
    ['a repeat of none', [Stage.repeat(0)(a)], []],
    ['annealing, and times one by one', [Stage.anneal([1, 0.5, 0.1])(descend(7))], [1, 0.5, 0.1].map(descend)],
    ['a restart’s first attempt, where the pipeline stands', [a, Stage.restart(1)(c)], [em(5)]],
    ['a sample of all rows', [Stage.onSample()(c)], [c]],
    ['a sample of as many rows as there are', [Stage.onSample({ rows: 600 })(c)], [c]],
    ['a sample of more rows', [Stage.onSample({ rows: 9999 })(c)], [c]],
    [
      'a sample by the fewer, rows',
      [Stage.onSample({ rows: 60, fraction: 0.5 })(c)],
      [Stage.onSample({ rows: 60 })(c)]
    ],
    [
      'a sample by the fewer, a part',
      [Stage.onSample({ rows: 300, fraction: 0.1 })(c)],
      [Stage.onSample({ rows: 60 })(c)]
    ],
    ['a guard of what is likelier', [Stage.guarded(em(5))], [em(5)]],
    ['a guard of what is less likely', [settled, Stage.guarded(em(1, { time: 3 }))], [settled]],
    ['a guard of what changes nothing', [settled, Stage.guarded(Stage.sequence([]))], [settled]],
    ['a guard of what fails', [Stage.guarded(diverging)], []]
  ])('%s', (_, stages, wanted) => {
    expect(end(...stages)).toEqual(end(...wanted))
  })

  once('what is guarded is worse, or fails, alone', () => {
    expect(likelihood(score, end(settled, em(1, { time: 3 })))).toBeLessThan(likelihood(score, end(settled)))
    expect(last(of(diverging)).status).toMatchObject({ _tag: 'Failed' })
    const { status, value } = last(of(Stage.guarded(em(5))))
    expect(status).toMatchObject({ _tag: 'Finished', rule: 'steps' })
    // It says how likely its start was.
    expect(value).toBeCloseTo(-likelihood(score, end()), 12)
  })
})

once('a guard keeps no mixture that has lost a component to a single row, and one that loses none', () => {
  const rows = [-1.5, -1, -0.5, 0, 0.5, 1, 1.5, 12]
  const few = { rows: rows.length, dim: 1, values: Float64Array.from(rows) }
  const two = Score.isotropic({ components: 2 })
  const from = Params.of({ means: [[0], [3]], logits: [0, 2], logVariances: [0, 4] })
  const ended = (...stages: ReadonlyArray<Stage.Stage>): Params.Params<Names> =>
    last(Pipeline.of({ schedule, score: two, initializer: Initializer.values(from), stages }), few).params
  // Without a guard one of them ends on the row far out, as narrow as it may be, and likelier for that.
  const lost = ended(em(100))
  expect(Math.exp(Math.min(...lost.logVariances.values))).toBeCloseTo(1e-6, 12)
  expect(likelihood(two, lost, few)).toBeGreaterThan(likelihood(two, ended(), few))
  expect(ended(Stage.guarded(em(100)))).toEqual(ended())
  // Where one is lost before, as many may be lost after.
  expect(ended(em(4), Stage.guarded(em(96)))).not.toEqual(ended(em(4)))
})

describe('a stage on a sample', () => {
  const on = (rows: number, seed: number): Params.Params<Names> =>
    last(of(Stage.onSample({ rows })(em(7))), points, seed).params

  once('is of some rows by its key, none of them twice', () => {
    expect(on(60, 1)).toEqual(on(60, 1))
    expect(on(60, 1)).not.toEqual(on(60, 2))
    expect(on(60, 1)).not.toEqual(end(em(7)))
    // Of one step on one component it is the mean of so many rows.
    const one = Score.isotropic({ components: 1 })
    const stages = [Stage.onSample({ rows: 599 })(em(1))]
    const { params } = last(Pipeline.of({ schedule, score: one, initializer: Initializer.values([[0]]), stages }))
    const all = points.values.reduce((sum, x) => sum + x, 0)
    expect(Math.min(...points.values.map(x => Math.abs((all - x) / 599 - params.means.values[0])))).toBeLessThan(1e-12)
  })

  once('hands on what it led to, and the next sees all rows', () => {
    const settle = em(2000, { relativeChange: 1e-12 })
    const alone = end(settle).means.values
    // Both stand still by 1e-12 of the components at the one maximum that is near.
    end(Stage.onSample({ rows: 100 })(em(7)), settle).means.values.forEach((x, k) => expect(x).toBeCloseTo(alone[k], 8))
  })

  once('is where the recipe of large tables finds its way, and ends on all rows', () => {
    const truth = [-5, 0, 6]
    const large = Mixture.sample(21_000)(Key.fromSeed(2))(Mixture.of({ means: truth.map(m => [m]) }))
    const samples = (data: Points.Points): ReadonlyArray<boolean> =>
      Recipe.annealed(score)(data).stages.map(stage => Case.isMadeBy(Stage.onSample)(stage))
    expect(samples(large)).toEqual([true, false])
    // Up to 20 000 all is done on all.
    expect(samples(Points.select(Array.from({ length: 20_000 }, (_, i) => i))(large))).not.toContain(true)
    const found = [...last(Recipe.annealed(score)(large), large, 0).params.means.values].sort((a, b) => a - b)
    // Five standard errors of the mean of the rows of a third.
    truth.forEach((centre, k) => expect(Math.abs(found[k] - centre)).toBeLessThan(5 / Math.sqrt(7000)))
  })
})

describe('the default', () => {
  const many = Score.isotropic({ components: 12 })
  const crowded = (seed: number): Points.Points => {
    const z = Key.normal(40)(Key.fromSeed(500 + seed))
    const means = Array.from({ length: 20 }, (_, k) => [4 * z[2 * k], 4 * z[2 * k + 1]])
    return Mixture.sample(200)(Key.fromSeed(seed))(Mixture.of({ means }))
  }
  it.each(spread(12)(Array.from({ length: 12 }, (_, seed) => seed)))(
    'is never less likely than expectation–maximization from the same start, seed %i',
    seed => {
      const data = crowded(seed)
      const pipeline = Recipe.annealed(many)(data)
      const plain = last({ ...pipeline, stages: pipeline.stages.slice(-1) }, data, seed).params
      // Not even by rounding: a mean of 200 logarithms of the order of 10.
      expect(likelihood(many, last(pipeline, data, seed).params, data)).toBeGreaterThan(
        likelihood(many, plain, data) - 1e-12
      )
    }
  )

  it.each(spread(12)([0, 1, 2, 3, 4, 5]))('has no dead component among more than there are clusters, seed %i', seed => {
    // As many rows and columns as a well-known table of wines; its three kinds are asked for in twelve parts.
    const kinds = Key.normal(39)(Key.fromSeed(9))
    const means = [0, 1, 2].map(k => Array.from({ length: 13 }, (_, j) => kinds[13 * k + j]))
    const data = Mixture.sample(178)(Key.fromSeed(7))(Mixture.of({ means, variances: [0.5, 1, 0.4] }))
    const { logits } = last(Recipe.annealed(many)(data), data, seed).params
    const total = logits.values.reduce((sum, l) => sum + Math.exp(l), 0)
    // A row of its own at least, but for rounding.
    expect((178 * Math.exp(Math.min(...logits.values))) / total).toBeGreaterThan(1 - 1e-9)
  })
})

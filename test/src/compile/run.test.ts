/** Runs: the edges that laws pass over, with exact numbers and messages. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Problem,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import type { CompiledStage, Step } from '../../../src/compile/program.js'
import * as Run from '../../../src/compile/run.js'

type State = Run.State<'mean'>

const key = Key.fromSeed(3)

const compiled = (stages: ReadonlyArray<Stage.Stage>): Compile.Program<'mean'> =>
  Problem.orThrow(
    Compile.pipeline(
      Pipeline.of({
        schedule: Schedule.ornsteinUhlenbeck,
        score: Score.symmetricPair,
        initializer: Initializer.values([[1]]),
        stages
      })
    )({ rows: 2, dim: 1, values: Float64Array.of(-1, 2) })
  )

const em = (steps: number): Stage.Stage => Stage.expectationMaximization({ steps })

/** A program of one stage that takes the given step at each turn. */
const stepping = (
  step: (params: Params.Params<'mean'>) => Omit<Step<'mean'>, 'memory'>,
  stopping: Partial<CompiledStage<'mean'>['stopping']> = {}
): Compile.Program<'mean'> => {
  const program = compiled([em(3)])
  return {
    ...program,
    stages: program.stages.map(stage => ({
      ...stage,
      stopping: { ...stage.stopping, ...stopping },
      step: params => ({ ...step(params), memory: null })
    }))
  }
}

const statuses = (program: Compile.Program<'mean'>): ReadonlyArray<unknown> =>
  Array.from(Run.states(program)(key), ({ stage, step, status }) => [
    stage,
    step,
    status._tag === 'Failed' ? Problem.show(status.problem) : status
  ])

const ended = (rule: Run.Rule, tag = 'Finished'): unknown => ({ _tag: tag, rule })
const running = { _tag: 'Running' }

describe('stages', () => {
  it('without steps end at once, each with a state of its own', () => {
    expect(statuses(compiled([em(0), em(1), em(0)]))).toEqual([
      [0, 0, ended('steps', 'StageEnded')],
      [1, 0, running],
      [1, 1, ended('steps', 'StageEnded')],
      [2, 0, ended('steps')]
    ])
  })
  it('of which there are none have one state', () => {
    expect(statuses(compiled([]))).toEqual([[0, 0, ended('steps')]])
  })
})

describe('the end of a stage', () => {
  it('hands on what the stage makes of its last step, and not before', () => {
    const program = stepping(({ mean }) => ({ value: 1, norm: 1, params: Params.of({ mean: [mean.values[0] + 1] }) }))
    const averaging = {
      ...program,
      stages: program.stages.map(stage => ({ ...stage, finish: () => Params.of({ mean: [-7] }) }))
    }
    expect(Array.from(Run.states(averaging)(key), ({ params }) => params.mean.values[0])).toEqual([1, 2, 3, -7])
  })
})

describe('rules', () => {
  const still = { value: 1, norm: 0.5 }
  const one = Params.of({ mean: [1] })
  const half = Params.of({ mean: [1.5] })
  it('hold where a norm is just what they allow', () => {
    expect(statuses(stepping(() => ({ ...still, params: one }), { gradientNorm: 0.5 }))).toEqual([
      [0, 0, running],
      [0, 1, ended('gradientNorm')]
    ])
    expect(statuses(stepping(() => ({ ...still, params: half }), { relativeChange: 0.5 }))).toEqual([
      [0, 0, running],
      [0, 1, ended('relativeChange')]
    ])
  })
  it('do not hold above it, and a step is measured in the deviations of the components, wherever they are', () => {
    expect(statuses(stepping(() => ({ value: 1, norm: 0.6, params: one }), { gradientNorm: 0.5 }))).toHaveLength(4)
    // 1 → 10 → 14: the second moves the pair by four of its standard deviations.
    const moves = (relativeChange: number): ReadonlyArray<unknown> =>
      statuses(
        stepping(({ mean }) => ({ ...still, params: Params.of({ mean: [mean.values[0] === 1 ? 10 : 14] }) }), {
          relativeChange,
          steps: 2
        })
      )
    expect(moves(4.1)).toEqual([
      [0, 0, running],
      [0, 1, running],
      [0, 2, ended('relativeChange')]
    ])
    expect(moves(3.9).at(-1)).toEqual([0, 2, ended('steps')])
  })
  it('of 0 never hold, not even where nothing moves', () => {
    expect(statuses(stepping(() => ({ value: 1, norm: 0, params: one })))).toHaveLength(4)
  })
})

describe('a step that is not finite', () => {
  const good = { value: 1, norm: 1, params: Params.of({ mean: [1] }) }
  const remedy = 'try a smaller rate, a start nearer to the data, or standardized data; the state is the last good one'
  it.each<[string, Omit<Step<'mean'>, 'memory'>, string]>([
    ['value', { ...good, value: NaN }, 'the objective: NaN'],
    ['norm', { ...good, norm: Infinity }, 'the norm of the gradient: Infinity'],
    ['parameter', { ...good, params: Params.of({ mean: [-Infinity] }) }, 'mean[0] after the step: Infinity']
  ])('for its %s fails, and says which', (_, step, what) => {
    expect(statuses(stepping(() => step))).toEqual([
      [0, 0, running],
      [0, 0, `stages[0], step 1: ${what} is not finite; ${remedy}`]
    ])
  })
})

describe('Run.result', () => {
  it('is the state of a run that finished', () => {
    const state = Run.last(compiled([em(1)]))(key)
    expect(Run.result(state)).toEqual(E.right(state))
  })
  it('is the problem of a run that failed, and the last good state', () => {
    const state = Run.last(stepping(params => ({ value: NaN, norm: 0, params })))(key)
    expect(state.status._tag).toBe('Failed')
    expect(Run.result(state)).toEqual(
      E.left({ problem: state.status._tag === 'Failed' ? state.status.problem : null, state })
    )
  })
})

describe('Run.codec', () => {
  const program = compiled([em(2)])
  const codec = Run.codec(program)
  const state: State = Run.last(program)(key)
  // What a codec writes for a state is an object.
  const json = JSON.parse(JSON.stringify(codec.encode(state))) as Readonly<Record<string, unknown>>
  const messages = (changed: object): unknown =>
    pipe(
      codec.decode({ ...json, ...changed }),
      E.match(
        (errors): unknown => errors.map(({ message }) => message),
        () => 'read'
      )
    )
  it('says what is wrong', () => {
    expect(messages({})).toBe('read')
    expect(messages({ stage: 1 })).toEqual(['a state of another program'])
    expect(messages({ step: -1 })).toEqual(['not a whole number ≥ 0'])
  })
  const problem = Problem.of('a', 1, '2', 'try 2')
  it.each([
    running,
    ended('steps', 'StageEnded'),
    ended('gradientNorm'),
    ended('relativeChange'),
    { _tag: 'Failed', problem }
  ])('reads the status %j', status => {
    expect(codec.decode({ ...json, status })).toEqual(E.right({ ...state, status }))
  })
  it.each([
    { status: null },
    { status: { _tag: 'Paused' } },
    { status: { _tag: 'StageEnded' } },
    { status: { _tag: 'Finished', rule: 'patience' } },
    { status: { _tag: 'Failed' } },
    { status: { _tag: 'Failed', problem: { ...problem, _tag: 'Trouble' } } },
    { status: { _tag: 'Failed', problem: { ...problem, remedy: 1 } } },
    { key: {} },
    { key: { _tag: 'Seed', k0: 1, k1: 2 } },
    { key: { _tag: 'Key', k0: 1 } },
    { stage: 0.5 },
    { step: '1' },
    { value: 'small' },
    { params: {} },
    { params: Params.codec.encode(Params.of({ means: [1] })) },
    { memory: 1 }
  ])('does not read %j', changed => {
    expect(E.isLeft(codec.decode({ ...json, ...changed }))).toBe(true)
  })
  it('knows a state when it sees one', () => {
    expect(codec.is(state)).toBe(true)
    expect(codec.is({ ...state, key: null })).toBe(false)
    expect(codec.is(json)).toBe(false)
  })
  it('refuses a stage that is not there although there are none at all', () => {
    const none = Run.codec(compiled([]))
    const first = none.encode(Run.last(compiled([]))(key)) as object
    expect(E.isRight(none.decode(first))).toBe(true)
    expect(E.isLeft(none.decode({ ...first, stage: 1 }))).toBe(true)
    expect(E.isLeft(codec.decode({ ...first, stage: 1, memory: null }))).toBe(true)
  })
})

describe('a stored state of a descent', () => {
  const optimizer = Optimizer.adam({ rate: 0.1 })
  const of = (...values: ReadonlyArray<number>) =>
    Problem.orThrow(
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score: Score.spherical({ components: 2 }),
          initializer: Initializer.values([[-1], [1]]),
          stages: [Stage.descend({ objective: Objective.implicit(NoiseLevels.at(0.5)), optimizer, steps: 5 })]
        })
      )({ rows: values.length, dim: 1, values: Float64Array.from(values) })
    )
  const program = of(-2, -1, 1, 2)
  const states = [...Run.states(program)(Key.fromSeed(1))]
  const written = JSON.parse(JSON.stringify(Run.codec(program).encode(states[3]))) as Record<string, unknown>
  const text = JSON.stringify(written.memory)
  const remembers = (from: RegExp, to: string): object => ({
    ...written,
    memory: JSON.parse(text.replace(from, to)) as unknown
  })
  const shape = '"means":{"shape":[2,1]'
  const other = 'a memory of parameters of other names or shapes'

  it.each([
    ['by the same program on the same data', written, of(-2, -1, 1, 2), 'read'],
    ['on other data', written, of(-2, -1, 1, 2.5), 'a state of other data; go on with those that it was begun on'],
    ['on fewer rows', written, of(-2, -1, 1), 'a state of other data; go on with those that it was begun on'],
    ['without its data', { ...written, data: undefined }, program, expect.not.stringMatching(/^read$/)],
    ['beyond its stage', { ...written, step: 1e9 }, program, 'a state after step 1000000000 of a stage of 5 steps'],
    ['at the end of its stage', { ...written, step: 5 }, program, 'read'],
    ['with a memory turned', remembers(/"means":\{"shape":\[2,1\]/, '"means":{"shape":[1,2]'), program, other],
    [
      'with a memory of less',
      remembers(/"means":\{"shape":\[2,1\],"values":\[[^\]]*\]/, '"means":{"shape":[1],"values":[0]'),
      program,
      other
    ],
    ['with a memory of other names', remembers(/"means"/, '"others"'), program, other]
  ])('%s is read, or refused', (_, json, on, wanted) => {
    expect(text).toContain(shape)
    const found = Run.codec(on).decode(json)
    expect(E.isLeft(found) ? found.left.map(({ message }) => message ?? '?').join() : 'read').toEqual(wanted)
  })

  it('has what its optimizer remembers, typed; null of another', () => {
    const memory = Run.memoryOf(optimizer)(states[3])
    expect(memory?.[0].count).toBe(3)
    expect(memory?.[0].first.means.shape).toEqual([2, 1])
    expect(Run.memoryOf(Optimizer.momentum({ rate: 1 }))(states[3])).toBeNull()
  })
})

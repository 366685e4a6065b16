/** Run: iterates a compiled pipeline, lazily and purely. */
import { identity, pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { Key } from '../../lib/index.js'
import { isIterable, iterate, unfoldIterable } from '../../lib/plain/iterate.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Reductions from '../../lib/rows/reduction.js'
import { exponentialMean } from '../../lib/numbers/smooth.js'
import { Case, argumentWithFields, listGiven, mistaken } from '../core/index.js'
import { isObject, isRecord } from '../core/record.js'
import * as Fault from './fault.js'
import type { CompiledStage, DivergedParameter, Memory, Program, Step } from './program.js'
import * as Optimizer from '../optimizer/optimizer.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'
import type { Stopping } from '../pipeline/stage.js'

/** Rule that ended a stage. */
export type Rule = keyof Stopping

export type Status =
  /** The stage has more steps. */
  | { readonly _tag: 'Running' }
  /** The stage has ended by `rule`; another follows. */
  | { readonly _tag: 'StageEnded'; readonly rule: Rule }
  /** The last stage has ended by `rule`. */
  | { readonly _tag: 'Finished'; readonly rule: Rule }
  /** The next step is not finite or has diverged; the state is the last good one. */
  | { readonly _tag: 'Failed'; readonly problem: Problem.Problem }

export interface State<P extends string> {
  /** Key of the run, from which keys of steps are derived. */
  readonly key: Key.Key
  /** Index of the stage, from 0. */
  readonly stage: number
  /** Number of steps of the stage taken. */
  readonly step: number
  readonly params: Params.Params<P>
  /** State that the stage keeps, such as that of its optimizer. */
  readonly memory: Memory
  /** Objective before the last step; null before the first. */
  readonly value: number | null
  /** Norm of the gradient before the last step (of the step itself for expectation–maximization); null before the first. */
  readonly norm: number | null
  readonly status: Status
}

/** @throws TypeError if it is not a program */
const checkedProgram = <P extends string>(program: Program<P>, call: string): Program<P> =>
  argumentWithFields(program, ['stages', 'start'], 'a program made by Compile.pipeline', call)

/** @throws TypeError if it is not a state */
const checkedRunState = <P extends string>(state: State<P>, call: string): State<P> =>
  argumentWithFields(state, ['stage', 'params', 'memory', 'status'], 'a state of a run', call)

const stageStart = <P extends string>(
  program: Program<P>,
  key: Key.Key,
  stage: number,
  params: Params.Params<P>
): State<P> => {
  const compiled = program.stages.at(stage)
  const status: Status =
    compiled === undefined
      ? { _tag: 'Finished', rule: 'steps' }
      : compiled.stopping.steps > 0
        ? { _tag: 'Running' }
        : stageEndStatus(program, stage, 'steps')
  return { key, stage, step: 0, params, memory: compiled?.begin(params) ?? null, value: null, norm: null, status }
}

const stageEndStatus = <P extends string>(program: Program<P>, stage: number, rule: Rule): Status =>
  stage + 1 < program.stages.length ? { _tag: 'StageEnded', rule } : { _tag: 'Finished', rule }

interface StoppedStep {
  readonly problem: Problem.Problem
  readonly fault: Fault.Fault
}

const isStoppedStep = <P extends string>(next: StoppedStep | State<P>): next is StoppedStep => 'fault' in next

const stepKey = <P extends string>({ key, stage, step }: State<P>): Key.Key =>
  pipe(key, Key.child(stage), Key.child(step))

const stepFrom = <P extends string>(compiled: CompiledStage<P>, state: State<P>): Step<P> =>
  compiled.step(state.params, state.memory, stepKey(state))

/** State after a computed step, or the reason why the step is rejected. */
const advanceState = <P extends string>(
  program: Program<P>,
  compiled: CompiledStage<P>,
  state: State<P>,
  taken: Step<P>
): State<P> | StoppedStep => {
  const { key, stage, step, params, memory } = state
  const { stopping } = compiled
  const stopped = ({ what, value, domain }: DivergedParameter, found: Fault.NonFinite): StoppedStep => ({
    problem: Problem.of(`stages[${stage}], step ${step + 1}: ${what}`, value, domain, [
      'try a smaller rate, a start nearer to the data, or standardized data',
      Problem.inCode('; the state is the last good one')
    ]),
    fault: { ...found, stage, step }
  })
  const unexplained = (what: string, value: number): Fault.NonFinite => ({
    what,
    value,
    inputs: Fault.asInputs(params)
  })
  // the step is repeated to locate its first non-finite value
  const infinite = (what: string, value: number, own: Partial<Fault.NonFinite> = {}): StoppedStep => {
    const found = compiled.fault(params, memory, stepKey(state))
    return stopped(
      { what: found === null ? what : `${what}, by ${Fault.clause(found)}`, value, domain: 'finite' },
      found ?? { ...unexplained(what, value), ...own }
    )
  }
  if (!Number.isFinite(taken.value)) return infinite('the objective', taken.value)
  if (!Number.isFinite(taken.norm)) return infinite('the norm of the gradient', taken.norm)
  if (!Params.isFiniteParams(taken.params)) {
    const parameter = Params.whereInfinite(taken.params) ?? 'a parameter'
    return infinite(`${parameter} after the step`, Params.norm(taken.params), { parameter })
  }
  const left = compiled.leaves(params, taken.params)
  if (left !== null)
    return stopped(left, { ...unexplained(left.what, left.value), reason: `${left.value} is not ${left.domain}` })
  const rule: Rule | null =
    stopping.gradientNorm > 0 && taken.norm <= stopping.gradientNorm
      ? 'gradientNorm'
      : stopping.relativeChange > 0 && compiled.change(params, taken.params) <= stopping.relativeChange
        ? 'relativeChange'
        : step + 1 >= stopping.steps
          ? 'steps'
          : null
  return {
    key,
    stage,
    step: step + 1,
    params: rule === null ? taken.params : compiled.finish(taken.params, taken.memory),
    memory: taken.memory,
    value: taken.value,
    norm: taken.norm,
    status: rule === null ? { _tag: 'Running' } : stageEndStatus(program, stage, rule)
  }
}

/** Stage of the next step; null if the run or the stage has ended. */
const activeStage = <P extends string>(program: Program<P>, { stage, status }: State<P>): CompiledStage<P> | null =>
  status._tag === 'Running' ? (program.stages.at(stage) ?? null) : null

/** State after a step; if it is rejected, the old state with status `Failed`. */
const stateAfterStep = <P extends string>(
  program: Program<P>,
  compiled: CompiledStage<P>,
  state: State<P>,
  taken: Step<P>
): State<P> => {
  const found = advanceState(program, compiled, state, taken)
  return isStoppedStep(found) ? { ...state, status: { _tag: 'Failed', problem: found.problem } } : found
}

/** State after a step, or at the start of the next stage; null if the run has ended. */
const nextState =
  <P extends string>(program: Program<P>) =>
  (state: State<P>): State<P> | null => {
    const { key, stage, params, status } = state
    if (status._tag === 'StageEnded') return stageStart(program, key, stage + 1, params)
    const compiled = activeStage(program, state)
    return compiled === null ? null : stateAfterStep(program, compiled, state, stepFrom(compiled, state))
  }

const firstState =
  <P extends string>(program: Program<P>) =>
  (key: Key.Key): State<P> => {
    const keys = pipe(key, Key.named('start', 'steps'))
    return stageStart(program, keys.steps, 0, program.start(keys.start))
  }

/**
 * Returns all states of a run, from the start on, each computed when it is read.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Key } from 'ornstein/float64'
 * import { Compile, Initializer, Pipeline, Run, Schedule, Score, Stage } from 'ornstein'
 *
 * const program = pipe(
 *   { rows: 4, dim: 1, values: Float64Array.of(-2, -1, 1, 2) },
 *   Compile.pipeline(
 *     Pipeline.of({
 *       schedule: Schedule.ornsteinUhlenbeck,
 *       score: Score.symmetricPair,
 *       initializer: Initializer.values([[0.5]]),
 *       stages: [Stage.expectationMaximization({ steps: 5 })]
 *     })
 *   )
 * )
 * assert.ok(E.isRight(program))
 * assert.equal([...Run.states(program.right)(Key.fromSeed(1))].length, 6)
 */
export const states =
  <P extends string>(program: Program<P>) =>
  (key: Key.Key): Iterable<State<P>> =>
    unfoldIterable(firstState(checkedProgram(program, 'Run.states(program)(key)'))(key), nextState(program))

/** Returns the states that follow a state, including itself; an interrupted run continues with the same bits. */
export const resume =
  <P extends string>(program: Program<P>) =>
  (state: State<P>): Iterable<State<P>> => {
    const call = 'Run.resume(program)(state)'
    return unfoldIterable(checkedRunState(state, call), nextState(checkedProgram(program, call)))
  }

/** Returns the last state of a run: `Finished`, or `Failed` with the last good parameters. */
export const last =
  <P extends string>(program: Program<P>) =>
  (key: Key.Key): State<P> =>
    iterate(firstState(checkedProgram(program, 'Run.last(program)(key)'))(key), nextState(program))

interface ConcurrentRun<P extends string> {
  readonly program: Program<P>
  readonly state: State<P>
}

/** Advances each run by one step, with their sums batched; null if all have ended. */
const advanceRuns = <P extends string>(
  runs: ReadonlyArray<ConcurrentRun<P>>
): ReadonlyArray<ConcurrentRun<P>> | null => {
  const entered = runs.map(({ program, state }) => ({
    program,
    state: state.status._tag === 'StageEnded' ? stageStart(program, state.key, state.stage + 1, state.params) : state
  }))
  const going = entered.flatMap(({ program, state }, i) => {
    const compiled = activeStage(program, state)
    return compiled === null ? [] : [{ i, program, state, compiled }]
  })
  const taken = Reductions.evaluateBatched(
    going.map(
      ({ compiled, state }) =>
        () =>
          stepFrom(compiled, state)
    )
  )
  const states = new Map(
    going.map(({ i, program, state, compiled }, at) => [i, stateAfterStep(program, compiled, state, taken[at])])
  )
  return going.length === 0 && entered.every(({ state }, i) => state === runs[i].state)
    ? null
    : entered.map((one, i) => ({ ...one, state: states.get(i) ?? one.state }))
}

/**
 * Returns the last states of concurrent runs, each with the bits of `last`: of one program for all keys, or of one for each key, for
 * example with different rates. Programs with one score value share compiled code, and sums over rows requested at the same time are one
 * job of all threads. All runs are in memory.
 *
 * @throws RangeError unless there is one program, or one for each key
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Key, Mixture, Problem, Recipe, Run, Score } from 'ornstein'
 *
 * const points = Mixture.sample(200)(Key.fromSeed(1))(Mixture.symmetricPair([1.5, 1]))
 * const program = Problem.orThrow(Compile.pipeline(Recipe.twoStage(Score.symmetricPair)(points))(points))
 * const keys = Key.split(4)(Key.fromSeed(2))
 * assert.deepEqual(Run.together(program)(keys), keys.map(Run.last(program)))
 */
export const together =
  <P extends string>(programs: Program<P> | ReadonlyArray<Program<P>>) =>
  (keys: ReadonlyArray<Key.Key>): ReadonlyArray<State<P>> => {
    const call = 'Run.together(programs)(keys)'
    const isOne = (u: Program<P> | ReadonlyArray<Program<P>>): u is Program<P> => !Array.isArray(u)
    const each = listGiven(keys, 'a list of keys', call)
    const all = isOne(programs) ? each.map(() => programs) : programs
    if (all.length !== keys.length)
      return refuse(`${call}: ${all.length} programs and ${keys.length} keys; give one program, or as many as keys`)
    return iterate<ReadonlyArray<ConcurrentRun<P>>>(
      all.map((program, i) => ({ program, state: firstState(checkedProgram(program, call))(keys[i]) })),
      advanceRuns
    ).map(({ state }) => state)
  }

/**
 * Returns the parameters with which the stage would end in this state: the moving average of the iterates if its optimizer has one,
 * otherwise the current parameters.
 */
export const estimate =
  <P extends string>(program: Program<P>) =>
  (state: State<P>): Params.Params<P> => {
    const call = 'Run.estimate(program)(state)'
    const { stage, params, memory, status } = checkedRunState(state, call)
    if (status._tag !== 'Running') return params
    return checkedProgram(program, call).stages.at(stage)?.finish(params, memory) ?? params
  }

/** Returns the optimizer's state, typed by the optimizer; null if the stage uses another. */
export const memoryOf =
  <T extends Optimizer.Optimizer>(optimizer: T) =>
  <P extends string>(state: State<P>): Optimizer.State<T, P> | null => {
    const own = Case.field(checkedRunState(state, 'Run.memoryOf(optimizer)(state)').memory, 'optimizer')
    return Optimizer.stateCodec<P, T>(optimizer).is(own) ? own : null
  }

export interface Curve {
  readonly stage: number
  /** Objective before each step, from the first state given. */
  readonly values: Float64Array
}

/**
 * Returns the loss curve of each stage in a sequence of states, which is iterated to its end.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Initializer, Key, Pipeline, Problem, Run, Schedule, Score, Stage } from 'ornstein'
 *
 * const program = Problem.orThrow(
 *   Compile.pipeline(
 *     Pipeline.of({
 *       schedule: Schedule.ornsteinUhlenbeck,
 *       score: Score.symmetricPair,
 *       initializer: Initializer.values([[0.5]]),
 *       stages: [Stage.expectationMaximization({ steps: 5 }), Stage.expectationMaximization({ steps: 2 })]
 *     })
 *   )({ rows: 4, dim: 1, values: Float64Array.of(-2, -1, 1, 2) })
 * )
 * const curves = Run.curves(Run.states(program)(Key.fromSeed(1)))
 * assert.deepEqual(
 *   curves.map(({ values }) => values.length),
 *   [5, 2]
 * )
 * // A mean over the last steps, the later the more.
 * assert.ok(Run.smoothed({ over: 10 })(curves[0].values)[4] > curves[0].values[4])
 */
export const curves = <P extends string>(states: Iterable<State<P>>): ReadonlyArray<Curve> => {
  if (!isIterable(states)) return mistaken('a list of states', states, 'Run.curves(states)')
  const told = Array.from(states, state =>
    isObject(state)
      ? { stage: state.stage, value: state.value }
      : mistaken('a list of states', states, 'Run.curves(states)')
  ).filter((one): one is { readonly stage: number; readonly value: number } => one.value !== null)
  return [...new Set(told.map(({ stage }) => stage))].map(stage => ({
    stage,
    values: Float64Array.from(
      told.filter(one => one.stage === stage),
      ({ value }) => value
    )
  }))
}

/**
 * Returns an exponentially smoothed curve, y_i = Σ_j d^{i−j} x_j/Σ_j d^{i−j} with d = 1 − 1/over, in which the last `over` values have most
 * of the weight.
 */
export const smoothed =
  (options: { readonly over: number }) =>
  (values: Float64Array): Float64Array => {
    const call = 'Run.smoothed({ over })(values)'
    const { over } = argumentWithFields(options, ['over'], '{ over }, a number of steps,', call)
    if (!ArrayBuffer.isView(values) && !Array.isArray(values)) return mistaken('the values of a curve', values, call)
    return exponentialMean(1 - 1 / Math.max(1, over))(values)
  }

/**
 * Locates the first non-finite value of a run, with its inputs: the schedule at a time, a term of the objective at a row, a part of the
 * optimizer, a region, or a parameter; null if the run finishes. Given a key, it runs the program to its end; given a failed state, it
 * repeats that step.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Compile, Expectation, Initializer, Key, Objective, Optimizer, Pipeline, Problem, Run, Schedule, Score, Stage, NoiseLevels } from 'ornstein'
 * import { log, sub } from 'ornstein/float64'
 *
 * // A logarithm of x + 2 that meets the row −5.
 * const rare = Objective.custom('rare', NoiseLevels.at(0.3), ({ clean }) => log(sub(clean, -2)))
 * const program = Problem.orThrow(
 *   Compile.pipeline(
 *     Pipeline.of({
 *       schedule: Schedule.ornsteinUhlenbeck,
 *       score: Score.symmetricPair,
 *       initializer: Initializer.values([[0.5]]),
 *       stages: [
 *         Stage.descend({
 *           objective: rare,
 *           expectation: Expectation.monteCarlo(),
 *           optimizer: Optimizer.gradientDescent({ rate: 0.1 }),
 *           steps: 5
 *         })
 *       ]
 *     })
 *   )({ rows: 5, dim: 1, values: Float64Array.of(1, -5, 2, 3, 4) })
 * )
 * const fault = Run.debug(program)(Key.fromSeed(1))
 * assert.ok(fault !== null)
 * assert.deepEqual([fault.row, fault.time, fault.reason], [1, 0.3, 'log(-3) is NaN'])
 * assert.equal(fault.inputs.clean.values[0], -5)
 * assert.match(Run.showFault(fault), /^stages\[0\], step 1: Objective\.custom\("rare", .* of row 2 at time 0.3, where log\(-3\) is NaN/)
 */
export const debug =
  <P extends string>(program: Program<P>) =>
  (from: Key.Key | State<P>): Fault.Fault | null => {
    const isState = (u: Key.Key | State<P>): u is State<P> => isRecord(u) && 'stage' in u
    const state = isState(from) ? checkedRunState(from, 'Run.debug(program)(state)') : last(program)(from)
    const compiled = program.stages.at(state.stage)
    if (state.status._tag !== 'Failed' || compiled === undefined) return null
    const found = advanceState(program, compiled, state, stepFrom(compiled, state))
    return isStoppedStep(found) ? found.fault : null
  }

export { show as showFault, type Fault } from './fault.js'

export interface Failure<P extends string> {
  readonly problem: Problem.Problem
  readonly state: State<P>
}

/** Returns the last state of a run, or the problem if it failed. */
export const result = <P extends string>(state: State<P>): E.Either<Failure<P>, State<P>> => {
  const { status } = checkedRunState(state, 'Run.result(state)')
  return status._tag === 'Failed' ? E.left({ problem: status.problem, state }) : E.right(state)
}

const stageEndRuleCodec: t.Type<Rule> = t.keyof({ steps: null, gradientNorm: null, relativeChange: null })

const phraseCodec: t.Type<Problem.Phrase> = t.union([
  t.string,
  t.readonlyArray(
    t.union([
      t.string,
      t.type({ _tag: t.literal('Named'), name: t.string }),
      t.type({
        _tag: t.literal('Set'),
        name: t.string,
        value: t.union([t.string, t.null, t.undefined]),
        rest: t.union([t.string, t.undefined])
      }),
      t.type({ _tag: t.literal('Word'), name: t.string }),
      t.type({ _tag: t.literal('InCode'), text: t.string })
    ])
  )
])

const statusCodec: t.Type<Status, unknown> = t.union([
  t.type({ _tag: t.literal('Running') }),
  t.type({ _tag: t.literal('StageEnded'), rule: stageEndRuleCodec }),
  t.type({ _tag: t.literal('Finished'), rule: stageEndRuleCodec }),
  t.type({
    _tag: t.literal('Failed'),
    problem: t.intersection([
      t.type({
        _tag: t.literal('Problem'),
        field: t.string,
        value: t.string,
        domain: t.string,
        remedy: t.string
      }),
      t.partial({ phrases: t.type({ domain: phraseCodec, remedy: phraseCodec }) })
    ])
  })
])

const nullableNumberCodec = t.union([Params.numberCodec, t.null])

const isNonNegativeInteger = (u: unknown): u is number => Number.isSafeInteger(u) && Number(u) >= 0

const countCodec = new t.Type<number, number>(
  'count',
  isNonNegativeInteger,
  (u, context) => (isNonNegativeInteger(u) ? t.success(u) : t.failure(u, context, 'not a whole number ≥ 0')),
  identity
)

const runStateCodec = t.type({
  data: t.string,
  /** Absent for double precision. */
  precision: t.union([t.literal('float32'), t.undefined]),
  key: t.type({ _tag: t.literal('Key'), k0: t.number, k1: t.number }),
  stage: countCodec,
  step: countCodec,
  params: Params.codec,
  memory: t.unknown,
  value: nullableNumberCodec,
  norm: nullableNumberCodec,
  status: statusCodec
})

/** True if a memory has the arrays of a fresh one, each with the shape of its counterpart, or of the parameter with its name. */
const memoryFitsShapes = (shapes: Params.Shapes<string>, fresh: unknown, memory: unknown, name = ''): boolean => {
  if (Params.ndArrayCodec.is(memory)) {
    if (Params.ndArrayCodec.is(fresh)) return JSON.stringify(memory.shape) === JSON.stringify(fresh.shape)
    return name in shapes && JSON.stringify(memory.shape) === JSON.stringify(shapes[name])
  }
  if (Params.ndArrayCodec.is(fresh)) return false
  if (!isObject(memory)) return true
  const own: Readonly<Record<string, unknown>> = { ...memory }
  const wanted: Readonly<Record<string, unknown>> = isObject(fresh) ? { ...fresh } : {}
  return [...new Set([...Object.keys(own), ...Object.keys(wanted)])].every(key =>
    memoryFitsShapes(shapes, wanted[key] ?? null, own[key], key)
  )
}

/**
 * Returns the JSON codec of a program's states. It rejects states of another program, of other data by their fingerprint, and of another
 * precision.
 */
export const codec = <P extends string>(program: Program<P>): t.Type<State<P>, unknown> => {
  const reference = Params.shapes(checkedProgram(program, 'Run.codec(program)').start(Key.fromSeed(0)))
  const memoryCodec = (stage: number): t.Type<Memory, unknown> | undefined => program.stages.at(stage)?.memoryCodec
  return new t.Type<State<P>, unknown>(
    'State',
    (u): u is State<P> => runStateCodec.is({ ...Object(u), data: '', precision: undefined }),
    (u, context) =>
      pipe(
        runStateCodec.validate(u, context),
        E.chain(({ data, precision = 'float64', ...state }) => {
          const codec = memoryCodec(state.stage)
          const fits =
            JSON.stringify(Params.shapes(state.params)) === JSON.stringify(reference) &&
            (codec !== undefined || (program.stages.length === 0 && state.stage === 0))
          if (!fits) return t.failure(u, context, 'a state of another program')
          if (data !== program.data())
            return t.failure(u, context, 'a state of other data; go on with those that it was begun on')
          if (precision !== program.precision)
            return t.failure(u, context, `a state in ${precision}; go on with the precision that it was begun in`)
          const stage = program.stages.at(state.stage)
          const most = stage?.stopping.steps ?? 0
          if (state.step > most)
            return t.failure(u, context, `a state after step ${state.step} of a stage of ${most} steps`)
          // the names of the parameters were compared above
          const params = state.params as Params.Params<P>
          return pipe(
            (codec ?? t.null).validate(state.memory, context),
            E.filterOrElse(
              memory => memoryFitsShapes(reference, stage?.begin(params) ?? null, memory),
              (): t.Errors => [
                { value: state.memory, context, message: 'a memory of parameters of other names or shapes' }
              ]
            ),
            E.map(memory => ({ ...state, params, memory }))
          )
        })
      ),
    state => ({
      ...runStateCodec.encode({
        ...state,
        data: program.data(),
        precision: program.precision === 'float32' ? 'float32' : undefined
      }),
      memory: memoryCodec(state.stage)?.encode(state.memory) ?? null
    })
  )
}

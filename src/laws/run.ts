/** Laws of runs: lazy, determined by their key, resumable anywhere, stopped by their rules, and safe when they fail. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { refuse } from '../../lib/plain/refuse.js'
import type { Points } from '../data/points.js'
import type { Memory, Program, Step } from '../compile/program.js'
import { Compile, Key, Params, type Pipeline, type Problem, Run } from '../index.js'
import { areSameBits, throughText } from './bits.js'
import { compiled } from './check.js'
import { forAll, ofRows, equals, sameBits, type Said, type Stated } from './lawRows.js'
import type { Law, Laws } from './law.js'
import { seeds } from './arbitraries.js'

/** What iterates programs: `Run` does. */
export type Runner = Pick<typeof Run, 'states' | 'resume' | 'last' | 'codec'>

export interface RunOptions {
  /** The computation under test. */
  readonly runner: Runner
  /** How a pipeline becomes a program. */
  readonly compile: typeof Compile.pipeline
  /** Seeds of the runs' keys. */
  readonly seeds: fc.Arbitrary<number>
}

const defaults: RunOptions = { runner: Run, compile: Compile.pipeline, seeds }

/** A pipeline, or many. */
export type Some<A> = A | fc.Arbitrary<A>

/** Of one pipeline cases differ by their keys alone, and each is a run or more: where they differ at all they differ almost everywhere. */
export const maxCasesOf = <A>(some: Some<A>): Pick<Law, 'maxCases'> =>
  some instanceof fc.Arbitrary ? {} : { maxCases: 10 }

export const arbitraryOf = <A>(some: Some<A>): fc.Arbitrary<A> =>
  some instanceof fc.Arbitrary ? some : fc.constant(some)

interface Example<P extends string> {
  readonly pipeline: Pipeline.Pipeline<P>
  readonly seed: number
  /** Which of the states is looked at. */
  readonly at: number
}

/** The first elements of a list, no more of which are computed. */
const take = <A>(count: number, list: Iterable<A>): ReadonlyArray<A> => {
  const iterator = list[Symbol.iterator]()
  return Array.from({ length: count }, () => iterator.next()).flatMap(result =>
    result.done === true ? [] : [result.value]
  )
}

/** More states than any of the pipelines has: a run that does not end does not hang its law. */
const MANY = 1000

/** A program whose stages count their steps, and may change what the n-th does. */
const counting = <P extends string>(
  program: Program<P>,
  change: (step: () => Step<P>, count: number) => Step<P>
): Program<P> => ({
  ...program,
  stages: program.stages.map(({ begin, step, finish, ...rest }) => {
    interface Counted {
      readonly count: number
      readonly inner: Memory
    }
    // Whoever iterates a program hands its memory on without looking at it, except to write it as JSON.
    const wrap = (counted: Counted): Memory => counted
    const unwrap = (memory: Memory): Counted => memory as Counted
    return {
      ...rest,
      begin: params => wrap({ count: 0, inner: begin(params) }),
      step: (params, memory, key) => {
        const { count, inner } = unwrap(memory)
        const taken = change(() => step(params, inner, key), count)
        return { ...taken, memory: wrap({ count: count + 1, inner: taken.memory }) }
      },
      finish: (params, memory) => finish(params, unwrap(memory).inner)
    }
  })
})

/** What a state says of the stage that it ends, if it does. */
const ruleOf = <P extends string>({ status }: Run.State<P>): Run.Rule | null =>
  status._tag === 'StageEnded' || status._tag === 'Finished' ? status.rule : null

const isFilled = ({ field, value, domain, remedy }: Problem.Problem): boolean =>
  [field, value, domain, remedy].every(text => text.trim() !== '')

/** Whether a state follows another as the rules of states have it. */
const follows = <P extends string>(before: Run.State<P>, after: Run.State<P>): boolean => {
  switch (before.status._tag) {
    case 'Running':
      return after.status._tag === 'Failed'
        ? areSameBits({ ...after, status: before.status }, before) && isFilled(after.status.problem)
        : after.stage === before.stage &&
            after.step === before.step + 1 &&
            after.value !== null &&
            Number.isFinite(after.value) &&
            after.norm !== null &&
            Number.isFinite(after.norm) &&
            Params.isFinite(after.params)
    case 'StageEnded':
      return (
        after.stage === before.stage + 1 &&
        after.step === 0 &&
        after.value === null &&
        after.norm === null &&
        areSameBits(after.params, before.params)
      )
    case 'Finished':
    case 'Failed':
      return false
  }
}

/** Whether the rules of its stage say of a state that follows another what it says itself. */
const obeys =
  <P extends string>({ stages }: Program<P>) =>
  (before: Run.State<P>, after: Run.State<P>): boolean => {
    if (before.status._tag !== 'Running' || after.status._tag === 'Failed') return true
    const { stopping, change, finish } = stages[after.stage]
    const small = stopping.relativeChange > 0 && change(before.params, after.params) <= stopping.relativeChange
    const flat = stopping.gradientNorm > 0 && (after.norm ?? NaN) <= stopping.gradientNorm
    const rules: Readonly<Record<Run.Rule, boolean>> = {
      steps: after.step === stopping.steps,
      gradientNorm: flat,
      // A stage that ends with an average has changed by more than its last step.
      relativeChange:
        small || (stopping.relativeChange > 0 && !areSameBits(finish(before.params, after.memory), before.params))
    }
    const rule = ruleOf(after)
    return rule === null ? after.step < stopping.steps && !flat && !small : rules[rule]
  }

/** What each state has beside the one before. */
const pairs = <P extends string>(
  states: ReadonlyArray<Run.State<P>>,
  holds: (before: Run.State<P>, after: Run.State<P>) => boolean
): Said =>
  states
    .slice(1)
    .map((after, i) => equals({ [`state ${i + 1}`]: holds(states[i], after) }, { [`state ${i + 1}`]: true }))

/** How many steps the first stage takes. */
const taken = <P extends string>(states: ReadonlyArray<Run.State<P>>): number =>
  states.filter(({ stage, step, status }) => stage === 0 && step > 0 && status._tag !== 'Failed').length

/** A program whose step n gives an objective, a norm or parameters that are not finite: one of these. */
const brokenAt = <P extends string>(program: Program<P>, n: number, which: number): Program<P> =>
  counting(program, (step, count) => {
    const good = step()
    const bad: ReadonlyArray<Step<P>> = [
      { ...good, value: NaN },
      { ...good, norm: Infinity },
      { ...good, params: Params.mapValues(() => -Infinity)(good.params) }
    ]
    return count === n ? bad[which % bad.length] : good
  })

/** The JSON of a state, altered into that of another program's. */
const foreign = (json: Readonly<Record<string, unknown>>, stages: number): ReadonlyArray<unknown> => {
  const params = json.params as Readonly<Record<string, Params.Params<'x'>['x']>>
  const [[name, { shape, values }], ...rest] = Object.entries(params)
  const others = Object.fromEntries(rest)
  return [
    ...[stages + 1, -1, 0.5].map(stage => ({ ...json, stage })),
    ...[-1, 0.5].map(step => ({ ...json, step })),
    { ...json, params: { ...others, [`${name}'`]: { shape, values } } },
    { ...json, params: others },
    { ...json, params: { ...params, [name]: { shape: [...shape, 1], values } } },
    {
      ...json,
      params: { ...params, [name]: { shape: [2], values: [1, 2] }, [`${name}'`]: { shape: [], values: [1] } }
    },
    { ...json, memory: 'of no optimizer' }
  ]
}

/**
 * The laws of the runs of a pipeline, or of many pipelines, on data.
 *
 * @example
 * import fc from 'fast-check'
 * import { Recipe, Score } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const points = { rows: 3, dim: 1, values: Float64Array.of(-2, 1, 2) }
 * laws.run(Recipe.annealed(Score.isotropic({ components: 2 }))(points), points).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 2 })
 * })
 */
export const run = <P extends string>(
  pipeline: Some<Pipeline.Pipeline<P>>,
  points: Points,
  options: Partial<RunOptions> = {}
): Laws => {
  const { runner, compile, seeds } = { ...defaults, ...options }
  const cases: fc.Arbitrary<Example<P>> = fc.record({ pipeline: arbitraryOf(pipeline), seed: seeds, at: fc.nat(12) })
  const all = (program: Program<P>, key: Key.Key): ReadonlyArray<Run.State<P>> =>
    take(MANY, runner.states(program)(key))
  const lawOf = (
    name: string,
    statement: string,
    source: string,
    says: (program: Program<P>, key: Key.Key, at: number) => Said
  ): Stated =>
    forAll(cases)({
      name,
      statement,
      source,
      ...maxCasesOf(pipeline),
      says: ({ pipeline, seed, at }) => says(compiled(compile(pipeline)(points)), Key.fromSeed(seed), at)
    })

  return ofRows('Run.states(…)', [
    lawOf(
      'states are computed when they are asked for',
      '∀ k up to the steps of the first stage: the first k + 1 states take k steps, and no more.',
      'a run is lazy',
      (program, key, at) => {
        const steps = taken(all(program, key))
        const k = at % (steps + 1)
        const limited = counting(program, (step, count) =>
          count < k ? step() : refuse(`step ${count + 1} was taken and not asked for`)
        )
        return equals(take(k + 1, runner.states(limited)(key)).length, k + 1)
      }
    ),
    lawOf(
      'the key determines the run',
      '∀ key: the states of two runs with the key have the same bits, and so has one list read twice.',
      'randomness is a value',
      (program, key) => {
        const list = runner.states(program)(key)
        const states = take(MANY, list)
        return [sameBits(take(MANY, list), states), sameBits(all(program, key), states)]
      }
    ),
    lawOf(
      'the last state is the last of the states',
      '∀ key: last(key) is where states(key) end.',
      'definition of `last`',
      (program, key) => sameBits(runner.last(program)(key), all(program, key).at(-1))
    ),
    lawOf(
      'a run goes on where it was left',
      '∀ n: the n-th state, written to JSON text and read again, is followed by the same bits.',
      'a state holds all there is',
      (program, key, at) => {
        const states = all(program, key)
        const n = at % states.length
        const codec = runner.codec(program)
        const read = codec.decode(throughText(codec.encode(states[n])))
        return E.isLeft(read)
          ? sameBits(read, states[n])
          : sameBits(take(MANY, runner.resume(program)(read.right)), states.slice(n))
      }
    ),
    lawOf(
      'states follow one another',
      'a run starts at stage 0, step 0; a running state is followed by the next step or by the same state, failed; an ended stage by the next stage, with the same parameters; a finished or failed state by nothing.',
      'definition of `Status`',
      (program, key) => {
        const states = all(program, key)
        const [{ stage, step }] = states
        const { status, stage: last } = states[states.length - 1]
        return [
          equals({ stage, step }, { stage: 0, step: 0 }),
          pairs(states, follows),
          status._tag !== 'Failed' &&
            sameBits([status._tag, last], ['Finished', Math.max(0, program.stages.length - 1)])
        ]
      }
    ),
    lawOf(
      'a stage ends by its rules',
      'it ends by `steps` after so many; by `gradientNorm` where |∇L| ≤ it; by `relativeChange` where the step, in the unit of its stage, is ≤ it; by 0 never; and goes on where no rule holds.',
      'definition of `Stopping`',
      (program, key) => pairs(all(program, key), obeys(program))
    ),
    lawOf(
      'a failing step leaves the last good state',
      '∀ n: if step n gives an objective, a norm or parameters that are not finite, the run ends with the state before it, failed, and a problem with its remedy.',
      'definition of `Failed`',
      (program, key, at) => {
        const healthy = all(program, key)
        const steps = taken(healthy)
        if (steps === 0) return []
        const n = at % steps
        const states = all(brokenAt(program, n, at), key)
        const { status, step } = states[states.length - 1]
        return [
          equals({ states: states.length, step }, { states: n + 2, step: n }),
          sameBits(
            states.map(({ params }) => params),
            [...healthy.slice(0, n + 1), healthy[n]].map(({ params }) => params)
          ),
          sameBits(status._tag, 'Failed'),
          status._tag === 'Failed' && equals({ whole: isFilled(status.problem) }, { whole: true })
        ]
      }
    ),
    lawOf(
      'a state of another program is refused',
      'other names or shapes of parameters, a stage or step that cannot be, the memory of no optimizer: each is an error, not a state.',
      'parse at the edge',
      (program, key, at) => {
        const states = all(program, key)
        const codec = runner.codec(program)
        const json = throughText(codec.encode(states[at % states.length])) as Readonly<Record<string, unknown>>
        // What is read is shown beside what it was read from.
        return foreign(json, program.stages.length).map(other => {
          const read = codec.decode(other)
          return E.isLeft(read) ? sameBits(read._tag, 'Left') : sameBits(read, other)
        })
      }
    )
  ])
}

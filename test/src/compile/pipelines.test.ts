/** Pipelines at random, on awkward data: a run is what its states say, and nothing throws. */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { greater, square, sub, sum, where } from '../../../lib/index.js'
import type { Memory, Program, Step } from '../../../src/compile/program.js'
import {
  Case,
  Compile,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Pipeline,
  type Points,
  Problem,
  Recipe,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import * as Params from '../../../src/core/params.js'
import { areSameBits, jsonRoundTrip } from '../../../src/laws/bits.js'
import { pipelines } from '../../laws/generators.js'
import { SEED, spread } from '../../cases.js'

type Any = Pipeline.Pipeline<string>

const plain: Points.Points = { rows: 5, dim: 2, values: Float64Array.of(1, 2, -1, 0.5, 0, 0, 3, -2, -2, -2) }
const data: Readonly<Record<string, Points.Points>> = {
  plain,
  weighted: { ...plain, weights: Float64Array.of(0, 1, 2, 3, 0.5) },
  'one row': { rows: 1, dim: 3, values: Float64Array.of(1, -2, 0.5) },
  'one column, all equal': { rows: 4, dim: 1, values: Float64Array.of(2, 2, 2, 2) }
}
const names = spread(2)(Object.keys(data))

const isSame = (found: unknown, wanted: unknown): void => {
  // Where bits differ, the values are shown.
  if (!areSameBits(found, wanted)) expect(found).toEqual(wanted)
  expect(areSameBits(found, wanted)).toBe(true)
}

/** More states than any of the pipelines has: a run that does not end does not hang its test. */
const take = <A>(list: Iterable<A>, count = 1000): ReadonlyArray<A> => {
  const iterator = list[Symbol.iterator]()
  return Array.from({ length: count }, () => iterator.next()).flatMap(({ done, value }) =>
    done === true ? [] : [value]
  )
}

const isFilled = ({ field, value, domain, remedy }: Problem.Problem): boolean =>
  [field, value, domain, remedy].every(text => text.trim() !== '')

describe('runs', () => {
  /** A program whose stages count their steps, and may change what the n-th does. */
  const counting = <P extends string>(
    program: Program<P>,
    change: (step: () => Step<P>, count: number) => Step<P>
  ): Program<P> => ({
    ...program,
    stages: program.stages.map(stage => {
      interface Counted {
        readonly count: number
        readonly inner: Memory
      }
      return {
        ...stage,
        begin: (params): Memory => ({ count: 0, inner: stage.begin(params) }) satisfies Counted,
        step: (params, memory, key) => {
          const { count, inner } = memory as Counted
          const taken = change(() => stage.step(params, inner, key), count)
          return { ...taken, memory: { count: count + 1, inner: taken.memory } satisfies Counted }
        },
        finish: (params, memory) => stage.finish(params, (memory as Counted).inner)
      }
    })
  })

  /** Whether a state follows another as the rules of states have it. */
  const follows = (before: Run.State<string>, after: Run.State<string>): boolean => {
    if (before.status._tag === 'StageEnded')
      return (
        areSameBits([after.stage, after.step, after.value, after.norm], [before.stage + 1, 0, null, null]) &&
        areSameBits(after.params, before.params)
      )
    if (before.status._tag !== 'Running') return false
    if (after.status._tag === 'Failed')
      return areSameBits({ ...after, status: before.status }, before) && isFilled(after.status.problem)
    return (
      after.stage === before.stage &&
      after.step === before.step + 1 &&
      [after.value, after.norm].every(Number.isFinite) &&
      Params.isFiniteParams(after.params)
    )
  }

  /** Whether a stage ends by its rules and goes on where none holds. */
  const obeys = ({ stages }: Program<string>, before: Run.State<string>, after: Run.State<string>): boolean => {
    if (before.status._tag !== 'Running' || after.status._tag === 'Failed') return true
    const { stopping, change, finish } = stages[after.stage]
    const isSmall = stopping.relativeChange > 0 && change(before.params, after.params) <= stopping.relativeChange
    const isFlat = stopping.gradientNorm > 0 && (after.norm ?? NaN) <= stopping.gradientNorm
    if (after.status._tag === 'Running') return after.step < stopping.steps && !isFlat && !isSmall
    // A stage that ends with an average has changed by more than its last step.
    const isAverage = stopping.relativeChange > 0 && !areSameBits(finish(before.params, after.memory), before.params)
    const rules = { steps: after.step === stopping.steps, gradientNorm: isFlat, relativeChange: isSmall || isAverage }
    return rules[after.status.rule]
  }

  const ofRun = (pipeline: Any, points: Points.Points, seed: number, at: number): void => {
    const program = Problem.orThrow(Compile.pipeline(pipeline)(points))
    const key = Key.fromSeed(seed)
    const list = Run.states(program)(key)
    const states = take(list)
    const last = states[states.length - 1]
    isSame([take(list), take(Run.states(program)(key))], [states, states])
    isSame(Run.last(program)(key), last)

    const codec = Run.codec(program)
    const n = at % states.length
    const json = jsonRoundTrip(codec.encode(states[n])) as Readonly<Record<string, unknown>>
    const read = codec.decode(json)
    isSame(E.isRight(read) && take(Run.resume(program)(read.right)), states.slice(n))
    const [[name, { shape, values }], ...rest] = Object.entries(states[n].params)
    const others: object = Object.fromEntries(rest)
    const foreign = [
      { stage: program.stages.length + 1 },
      { params: { [`${name}'`]: { shape, values: [...values] }, ...others } },
      { params: others },
      { params: { ...states[n].params, [name]: { shape: [...shape, 1], values: [...values] } } },
      { memory: 'of no optimizer' }
    ]
    expect(foreign.filter(changed => E.isRight(codec.decode({ ...json, ...changed })))).toEqual([])

    expect([states[0].stage, states[0].step]).toEqual([0, 0])
    states.slice(1).forEach((after, i) => {
      expect([i, follows(states[i], after), obeys(program, states[i], after)]).toEqual([i, true, true])
    })
    if (last.status._tag !== 'Failed')
      expect([last.status._tag, last.stage]).toEqual(['Finished', Math.max(0, program.stages.length - 1)])

    // The first stage: as many steps as states that are asked for; one that is not finite ends the run where it was.
    const steps = states.filter(({ stage, step, status }) => stage === 0 && step > 0 && status._tag !== 'Failed').length
    const asked = at % (steps + 1)
    const lazy = counting(program, (step, count) => {
      if (count >= asked) throw new Error(`step ${count + 1} was taken and not asked for`)
      return step()
    })
    expect(take(Run.states(lazy)(key), asked + 1)).toHaveLength(asked + 1)
    if (steps === 0) return
    const broken = counting(program, (step, count) => {
      const good = step()
      if (count !== at % steps) return good
      return [
        { ...good, value: NaN },
        { ...good, norm: Infinity },
        { ...good, params: Params.mapValues(() => -Infinity)(good.params) }
      ][at % 3]
    })
    const failed = take(Run.states(broken)(key))
    const good = states.slice(0, 1 + (at % steps))
    isSame(
      failed.map(({ params }) => params),
      [...good, good[good.length - 1]].map(({ params }) => params)
    )
    expect(failed[failed.length - 1].status._tag).toBe('Failed')
  }

  const short = (pipeline: Any): Any => ({
    ...pipeline,
    stages: pipeline.stages.map(stage =>
      Case.isMadeBy(Stage.descend)(stage) || Case.isMadeBy(Stage.expectationMaximization)(stage)
        ? { ...stage, steps: 5 }
        : stage
    )
  })
  const spherical = Score.spherical({ components: 2 }) as unknown as Score.Score<string>
  const learned = (initializer: Initializer.Initializer, stage: Stage.Stage): Any =>
    Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score: spherical, initializer, stages: [stage] })
  /** Not a number where the scores are long, which is where training that climbs goes. */
  const cliff = Objective.custom('cliff', NoiseLevels.at(0.5), ({ score, target }) =>
    where(greater(sum(square(score)), 200), NaN, sum(square(sub(score, target)), 1))
  )
  const some: Readonly<Record<string, readonly [fc.Arbitrary<Any>, Points.Points]>> = {
    ...Object.fromEntries(names.map(name => [name, [pipelines()(data[name]), data[name]]] as const)),
    'a recipe': [fc.constant(short(Recipe.twoStage(spherical)(plain))), plain],
    'an objective that fails on the way': [
      fc.constant(
        learned(
          Initializer.gaussian({ scale: 0.1 }),
          Stage.descend({
            objective: Objective.weight(-1)(cliff),
            optimizer: Optimizer.gradientDescent({ rate: 0.5 }),
            steps: 20
          })
        )
      ),
      plain
    ],
    'nothing to do': [
      fc.constant(learned(Initializer.fromData, Stage.repeat(0)(Stage.expectationMaximization({ steps: 1 })))),
      plain
    ]
  }
  it.each(Object.entries(some))('%s', (_, [any, points]) => {
    fc.assert(
      fc.property(any, fc.nat(), fc.nat(12), (pipeline, seed, at) => ofRun(pipeline, points, seed, at)),
      { seed: SEED, numRuns: 2 }
    )
  })
})

describe('compilation', () => {
  /** Numbers that are wrong nearly everywhere, and right where any would be. */
  const wild = fc.constantFrom(NaN, Infinity, -Infinity, -1, -0, 0, 0.5, 3, 1e300, -1e300)

  /** The value, each of its numbers changed by how many came before it; what is described stays so. */
  const renumbered = (value: unknown, change: (x: number, at: number) => number): unknown => {
    const count = { met: 0 }
    const of = (inner: unknown): unknown => {
      if (typeof inner === 'number') return change(inner, count.met++)
      if (inner instanceof Float64Array || Array.isArray(inner)) return inner.map(of as (x: number) => number)
      if (typeof inner !== 'object' || inner === null) return inner
      return { ...inner, ...Object.fromEntries(Object.entries(inner).map(([name, one]) => [name, of(one)])) }
    }
    return of(value)
  }
  const spoilt = (pipeline: Any): fc.Arbitrary<Any> => {
    const count = { of: 0 }
    renumbered(pipeline, x => (count.of++, x))
    return fc
      .dictionary(fc.nat({ max: count.of }).map(String), wild, { maxKeys: 3 })
      .map(changes => renumbered(pipeline, (x, at) => (String(at) in changes ? changes[at] : x)) as Any)
  }
  const sizes = fc.oneof(fc.nat({ max: 3 }), wild)
  const arrays = fc.array(fc.oneof({ weight: 5, arbitrary: fc.integer({ min: -3, max: 3 }) }, wild), { maxLength: 9 })
  const malformed: fc.Arbitrary<Points.Points> = fc.record({
    rows: sizes,
    dim: sizes,
    values: arrays.map(values => Float64Array.from(values))
  })

  it.each(names)('of a sound pipeline, on data that are %s, can be run', name => {
    const points = data[name]
    const sound = (pipeline: Any, seed: number): void => {
      const { start, stages, plan } = Problem.orThrow(Compile.pipeline(pipeline)(points))
      const params = start(Key.fromSeed(seed))
      expect(Params.shapes(params)).toEqual(Score.shapes(points.dim)(pipeline.score))
      expect(plan).toHaveLength(stages.length)
      expect(plan.every(({ stage, engine, reason }) => ![stage, engine, reason].includes(''))).toBe(true)
      expect(stages.every(({ begin, memoryCodec }) => memoryCodec.is(begin(params)))).toBe(true)
    }
    fc.assert(fc.property(pipelines()(points), fc.nat(), sound), { seed: SEED, numRuns: 5 })
  })

  it.each(names)('of anything, on data that are %s or none, gives a program or whole problems', name => {
    const any = pipelines()(data[name]).chain(spoilt)
    fc.assert(
      fc.property(any, fc.oneof(fc.constant(data[name]), malformed), (pipeline, points) => {
        const found = Compile.pipeline(pipeline)(points)
        if (E.isRight(found)) return
        expect(found.left.length).toBeGreaterThan(0)
        expect(found.left.filter(problem => !isFilled(problem))).toEqual([])
      }),
      { seed: SEED, numRuns: 10 }
    )
  })
})

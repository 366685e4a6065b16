/** Laws of stages: in sequence they are a monoid, and what is made of them comes to a sequence. */
import * as fc from 'fast-check'
import * as O from 'fp-ts/lib/Option.js'
import type { Points } from '../data/points.js'
import {
  Case,
  Compile,
  Expectation,
  ExpectationMaximization,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Pipeline,
  Run,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from '../index.js'
import { compiled } from './check.js'
import { forAll, ofRows, differs, sameBits, type Said } from './lawRows.js'
import type { Laws } from './law.js'
import { seeds, times } from './arbitraries.js'
import { training } from './training.js'

export interface StageOptions<P extends string> {
  readonly schedule?: Schedule.Schedule
  /** What is learned; the symmetric pair unless given, which every built-in stage takes. */
  readonly score?: Score.Score<P>
  readonly points?: Points
  /** Where a pipeline ends, compared by bits; by default where `Run.last` of what `Compile.pipeline` makes of it does. */
  readonly end?: (pipeline: Pipeline.Pipeline<P>, points: Points, key: Key.Key) => unknown
}

/** Runs are costly, and where two differ at all they differ almost everywhere. */
const ENOUGH = 2

interface Example {
  readonly before: Stage.Stage
  readonly after: Stage.Stage
  readonly time: number
  readonly later: number
  readonly seed: number
}

const data: Points = { rows: 5, dim: 2, values: Float64Array.of(2, 1.5, -2, -1, 1.5, 2, -1.5, -2.5, 0.5, 0.25) }

/** What stands before and after it: draws of its own, a memory, and rules that end it. */
const beside = <P extends string>(score: Score.Score<P>): ReadonlyArray<Stage.Stage> => {
  const objective = Objective.denoising(TimeLaw.at(0.3))
  const adam = Stage.descend({ objective, optimizer: Optimizer.adam({ rate: 0.1 }), steps: 3 })
  const batches = Stage.descend({ objective, optimizer: Optimizer.momentum({ rate: 0.05 }), steps: 2, batch: 2 })
  const hasStep = O.exists(ExpectationMaximization.serves)(Score.interpret(score).family)
  return [
    ...[adam, batches, Stage.repeat(2)(batches), Stage.restart(2)(adam), Stage.sequence([])],
    ...(hasStep ? [Stage.expectationMaximization({ steps: 2, relativeChange: 0.01 })] : [])
  ]
}

/** The parameters at the end; of a run that fails, where the last good ones are, also what it met: failing alike is no law. */
const ended = <P extends string>(pipeline: Pipeline.Pipeline<P>, points: Points, key: Key.Key): unknown => {
  const { params, status } = Run.last(compiled(Compile.pipeline(pipeline)(points)))(key)
  return status._tag === 'Failed' ? { params, met: status.problem.value } : params
}

/** Whether it takes steps along a loss whose noise is drawn. */
const drawsNoise = (stage: Stage.Stage): boolean => {
  const { form } = Case.meaning(stage)
  return (
    form._tag === 'Simple' &&
    O.exists(
      ({ objective, expectation }: Stage.Loss) =>
        !Expectation.isDeterministic(expectation) &&
        Objective.terms(objective).some(({ term }) => Objective.isMatching(term))
    )(form.loss)
  )
}

/**
 * The laws of a stage, in sequence with others.
 *
 * @example
 * import fc from 'fast-check'
 * import { Stage } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.stage(Stage.powerIteration({ steps: 3 })).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 2 })
 * })
 */
export const stage = <P extends string = 'mean'>(
  stage: Stage.Stage,
  {
    schedule = Schedule.ornsteinUhlenbeck,
    // Without a score given, P is that of the pair.
    score = Score.symmetricPair as unknown as Score.Score<P>,
    points = data,
    end = ended
  }: StageOptions<P> = {}
): Laws => {
  const any = fc.constantFrom(...beside(score))
  const cases: fc.Arbitrary<Example> = fc.record({
    before: any,
    after: any,
    time: times(schedule),
    later: times(schedule),
    seed: seeds
  })
  const same = (seed: number, ...forms: ReadonlyArray<ReadonlyArray<Stage.Stage>>): Said => {
    const [first, ...others] = forms.map(stages =>
      end(
        Pipeline.of({ schedule, score, initializer: Initializer.gaussian({ scale: 1 }), stages }),
        points,
        Key.fromSeed(seed)
      )
    )
    return others.map(other => sameBits(other, first))
  }
  const { sequence, repeat, anneal } = Stage
  const { concat } = Stage.Monoid

  const lawOf = forAll(cases)
  return ofRows(Stage.show(stage), [
    lawOf({
      name: 'sequences are associative',
      statement:
        '∀ a, c, keys: a, s, c one after the other end at the same bits as (a s) c and as a (s c), where x y is Monoid.concat(x, y). Exactly.',
      source: 'definition of a monoid',
      maxCases: ENOUGH,
      says: ({ before, after, seed }) =>
        same(
          seed,
          [before, stage, after],
          [concat(concat(before, stage), after)],
          [concat(before, concat(stage, after))]
        )
    }),
    lawOf({
      name: 'the empty sequence is the identity',
      statement: '∀ keys: sequence([]), s and s, sequence([]) end at the same bits as s. Exactly.',
      source: 'definition of a monoid',
      maxCases: ENOUGH,
      says: ({ seed }) => same(seed, [stage], [Stage.Monoid.empty, stage], [stage, sequence([])], [sequence([stage])])
    }),
    lawOf({
      name: 'repeating is a sequence of the same',
      statement: '∀ keys: repeat(2)(s) ends at the same bits as s, s, and repeat(0)(s) at those of the start. Exactly.',
      source: 'definition of `repeat`',
      maxCases: ENOUGH,
      says: ({ before, seed }) => [
        same(seed, [repeat(2)(stage)], [stage, stage]),
        same(seed, [before], [before, repeat(0)(stage)])
      ]
    }),
    lawOf({
      name: 'annealing is a sequence over its times',
      statement: '∀ t, t′, keys: anneal([t, t′])(s) ends at the same bits as anneal([t])(s), anneal([t′])(s). Exactly.',
      source: 'definition of `anneal`',
      maxCases: ENOUGH,
      says: ({ time, later, seed }) =>
        same(seed, [anneal([time, later])(stage)], [anneal([time])(stage), anneal([later])(stage)])
    }),
    forAll(fc.record({ seed: seeds }))({
      name: 'another key is another noise',
      statement: '∀ starts: of four keys not all end at the same bits, where its loss draws noise. Exactly.',
      source: 'randomness is a value',
      maxCases: ENOUGH,
      claim: drawsNoise(stage),
      reason: 'it has no loss of its own that draws noise',
      says: ({ seed }) => {
        const start = compiled(Initializer.interpret(score, points)(Initializer.gaussian({ scale: 1 })))
        const initializer = Initializer.values(start(Key.fromSeed(seed)))
        const [first, ...others] = [1, 2, 3, 4].map(i =>
          end(Pipeline.of({ schedule, score, initializer, stages: [stage] }), points, Key.fromSeed(seed + i))
        )
        return differs(
          others,
          others.map(() => first)
        )
      }
    }),
    training(stage, { schedule, score, points })
  ])
}

/** Laws of stages: a run goes on from text, and batches are of any rows alike. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import type { Points } from '../data/points.js'
import { Compile, Initializer, Key, Params, Pipeline, Problem, Run, Schedule, Score } from '../index.js'
import * as Backend from '../data/reductionBackend.js'
import * as Stage from '../pipeline/stage.js'
import { seeds } from './arbitraries.js'
import { jsonRoundTrip } from './bits.js'
import { compiledOrThrow } from './check.js'
import { forAll, ofRows, differs, sameBits, equals, type LawRelations } from './lawRows.js'
import type { Laws } from './law.js'

export interface StageOptions<P extends string> {
  readonly schedule?: Schedule.Schedule
  /** What is learned; the symmetric pair unless given, which every built-in stage takes. */
  readonly score?: Score.Score<P>
  readonly points?: Points
}

const stagePoints: Points = { rows: 5, dim: 2, values: Float64Array.of(2, 1.5, -2, -1, 1.5, 2, -1.5, -2.5, 0.5, 0.25) }

/** Of how many keys batches are counted. */
const BATCH_KEYS = 2000
/** How many standard errors a count may be off. */
const MAX_STANDARD_ERRORS = 6

/**
 * The laws of a stage.
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
    points = stagePoints
  }: StageOptions<P> = {}
): Laws => {
  const initializer = Initializer.gaussian({ scale: 1 })
  const program = (): Compile.Program<P> =>
    compiledOrThrow(Compile.pipeline(Pipeline.of({ schedule, score, initializer, stages: [stage] }))(points))
  /** The rows that its second step asks for. */
  const rowsOf =
    (simple: Stage.Simple, rows: number) =>
    (seed: number): ReadonlyArray<number> => {
      // Stages work with whatever names the parameters have.
      const any: Score.Score<string> = score
      const start = Params.zeros(Score.shapes(points.dim)(any))
      const [key, first, second] = Key.split(3)(Key.fromSeed(seed))
      const taken = { rows, dim: points.dim, values: Key.normal(rows * points.dim)(key) }
      const asked: Array<ReadonlyArray<number>> = []
      const { begin, step } = simple.on({
        schedule,
        score: any,
        model: Score.interpret(any),
        points: taken,
        data: taken,
        backend: Backend.localBackend,
        start: () => start,
        attempts: [],
        sums: () => ({}),
        evaluate: (params, _, rows) => {
          // oxlint-disable-next-line ornstein/immutable -- what a stage asks for is seen by being asked
          asked.push([...(rows ?? [])])
          return { value: 0, gradient: params }
        }
      })
      step(start, step(start, begin(start), first).memory, second)
      return asked.at(-1) ?? []
    }
  return ofRows(Stage.show(stage), [
    forAll(fc.record({ seed: seeds, at: fc.nat({ max: 19 }) }))({
      name: 'goes on from text with the same bits',
      statement:
        '∀ keys, states of the first 20: written to JSON text and read again, it leads to the same bits. Exactly.',
      source: 'a state holds all there is',
      maxCases: 3,
      says: ({ seed, at }) => {
        // Read by a program of its own, as by another process: what the one remembers beside its states is not there.
        const one = program()
        const another = program()
        const states = [...Run.states(one)(Key.fromSeed(seed))]
        const codec = Run.codec(one)
        // Not from the last, from which nothing follows.
        const written = jsonRoundTrip(codec.encode(states[at % Math.max(1, states.length - 1)]))
        return pipe(
          codec.decode(written),
          E.match(
            (): LawRelations => differs(written, written),
            state => sameBits([...Run.resume(another)(state)].at(-1), states.at(-1))
          )
        )
      }
    }),
    forAll(fc.record({ seed: seeds }))({
      name: 'takes its first step, and keeps names and shapes',
      statement:
        '∀ keys: of a run of the stage the first step does not fail, and the parameters of every state have the names and shapes that they began with. Exactly.',
      source: 'definition of a stage',
      maxCases: 3,
      says: ({ seed }) => {
        const states = [...Run.states(program())(Key.fromSeed(seed))]
        const last = states[states.length - 1]
        const failure = last.status._tag === 'Failed' && last.step === 0 ? Problem.show(last.status.problem) : 'none'
        return [
          sameBits({ 'failure of the first step': failure }, { 'failure of the first step': 'none' }),
          states.map(({ params }) => sameBits(Params.shapes(params), Params.shapes(states[0].params)))
        ]
      }
    }),
    ...Stage.simple(stage).map(({ simple }) =>
      forAll(fc.record({ seed: seeds }))({
        name: 'every row is met as often as any other',
        quantity: 'count of a row',
        statement: (batch: number) =>
          `∀ keys: of ${3 * batch} rows each is in the batch of ${BATCH_KEYS} keys as often as another, to ${MAX_STANDARD_ERRORS} standard errors: so the mean of a batch is in expectation that of all rows. A comparison of a right one fails with probability 2e-9.`,
        source: 'definition of an unbiased batch',
        claim: simple.loss?.batch,
        reason: 'it asks for no batches',
        maxCases: 1,
        says: ({ seed }, batch) => {
          const rows = 3 * batch
          const met = Array.from({ length: BATCH_KEYS }, (_, i) => rowsOf(simple, rows)(BATCH_KEYS * seed + i)).flat()
          const counts = Array.from({ length: rows }, (_, row) => met.filter(other => other === row).length)
          const wanted = met.length / rows
          return equals(counts, wanted, MAX_STANDARD_ERRORS * Math.sqrt(wanted))
        }
      })
    )
  ])
}

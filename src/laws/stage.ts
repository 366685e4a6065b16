/** Laws of stages: in sequence they are a monoid, a run goes on from text, and batches are of any rows alike. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import type { Points } from '../data/points.js'
import {
  Compile,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Place,
  Run,
  Schedule,
  Score,
  TimeLaw
} from '../index.js'
import * as Stage from '../pipeline/stage.js'
import { seeds } from './arbitraries.js'
import { throughText } from './bits.js'
import { compiled } from './check.js'
import { forAll, ofRows, differs, sameBits, equals, type Said } from './lawRows.js'
import type { Laws } from './law.js'

export interface StageOptions<P extends string> {
  readonly schedule?: Schedule.Schedule
  /** What is learned; the symmetric pair unless given, which every built-in stage takes. */
  readonly score?: Score.Score<P>
  readonly points?: Points
}

const data: Points = { rows: 5, dim: 2, values: Float64Array.of(2, 1.5, -2, -1, 1.5, 2, -1.5, -2.5, 0.5, 0.25) }

const objective = Objective.denoising(TimeLaw.at(0.3))
/** What stands before and after it: draws of its own, and a memory. */
const beside: ReadonlyArray<Stage.Stage> = [
  Stage.descend({ objective, optimizer: Optimizer.adam({ rate: 0.1 }), steps: 3 }),
  Stage.descend({ objective, optimizer: Optimizer.momentum({ rate: 0.05 }), steps: 2, batch: 2 }),
  Stage.sequence([])
]

/** Of how many keys batches are counted, and how many standard errors a count may be off. */
const [KEYS, ERRORS] = [2000, 6]

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
    points = data
  }: StageOptions<P> = {}
): Laws => {
  const initializer = Initializer.gaussian({ scale: 1 })
  const program = (...stages: ReadonlyArray<Stage.Stage>): Compile.Program<P> =>
    compiled(Compile.pipeline(Pipeline.of({ schedule, score, initializer, stages }))(points))
  /** The parameters at the end; of a run that fails, where the last good ones are, also what it met: failing alike is no law. */
  const end = (seed: number, stages: ReadonlyArray<Stage.Stage>): unknown => {
    const { params, status } = Run.last(program(...stages))(Key.fromSeed(seed))
    return status._tag === 'Failed' ? { params, met: status.problem.value } : params
  }
  const same = (seed: number, wanted: ReadonlyArray<Stage.Stage>, ...others: ReadonlyArray<typeof wanted>): Said => {
    const first = end(seed, wanted)
    return others.map(other => sameBits(end(seed, other), first))
  }
  /** The rows that its second step asks for. */
  const rowsOf =
    (simple: Stage.Simple, rows: number) =>
    (seed: number): ReadonlyArray<number> => {
      // Stages work with whatever names the parameters have.
      const any = score as unknown as Score.Score<string>
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
        place: Place.here,
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
  const [before, after] = [fc.constantFrom(...beside), fc.constantFrom(...beside)]
  return ofRows(Stage.show(stage), [
    forAll(fc.record({ before, after, seed: seeds }))({
      name: 'sequences are associative',
      statement:
        '∀ a, c, keys: a, s, c one after the other end at the same bits as (a s) c and a (s c), where x y is Monoid.concat(x, y); and repeat(2)(s) as s s. Exactly.',
      source: 'definition of a monoid',
      // Runs are costly, and where two differ at all they differ almost everywhere.
      maxCases: 2,
      says: ({ before, after, seed }) => {
        const { concat } = Stage.Monoid
        return [
          same(
            seed,
            [before, stage, after],
            [concat(concat(before, stage), after)],
            [concat(before, concat(stage, after))]
          ),
          same(seed, [stage, stage], [Stage.repeat(2)(stage)])
        ]
      }
    }),
    forAll(fc.record({ seed: seeds, at: fc.nat({ max: 19 }) }))({
      name: 'goes on from text with the same bits',
      statement:
        '∀ keys, states of the first 20: written to JSON text and read again, it leads to the same bits. Exactly.',
      source: 'a state holds all there is',
      maxCases: 3,
      says: ({ seed, at }) => {
        // Read by a program of its own, as by another process: what the one remembers beside its states is not there.
        const [one, another] = [program(stage), program(stage)]
        const states = [...Run.states(one)(Key.fromSeed(seed))]
        const codec = Run.codec(one)
        // Not from the last, from which nothing follows.
        const written = throughText(codec.encode(states[at % Math.max(1, states.length - 1)]))
        return pipe(
          codec.decode(written),
          E.match(
            (): Said => differs(written, written),
            state => sameBits([...Run.resume(another)(state)].at(-1), states.at(-1))
          )
        )
      }
    }),
    ...Stage.simple(stage).map(({ simple }) =>
      forAll(fc.record({ seed: seeds }))({
        name: 'every row is met as often as any other',
        statement: (batch: number) =>
          `∀ keys: of ${3 * batch} rows each is in the batch of ${KEYS} keys as often as another, to ${ERRORS} standard errors: so the mean of a batch is in expectation that of all rows. A comparison of a right one fails with probability 2e-9.`,
        source: 'definition of an unbiased batch',
        claim: simple.loss?.batch,
        reason: 'it asks for no batches',
        maxCases: 1,
        says: ({ seed }, batch) => {
          const rows = 3 * batch
          const met = Array.from({ length: KEYS }, (_, i) => rowsOf(simple, rows)(KEYS * seed + i)).flat()
          const counts = Array.from({ length: rows }, (_, row) => met.filter(other => other === row).length)
          const wanted = met.length / rows
          return equals(counts, wanted, ERRORS * Math.sqrt(wanted))
        }
      })
    )
  ])
}

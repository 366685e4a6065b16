/** Laws of stages as they are trained with: a run goes on from text, and epochs meet every row. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { size } from '../../lib/arrays/ndarray.js'
import type { Points } from '../data/points.js'
import { Case, Compile, Initializer, Key, Params, Pipeline, Place, Run, type Schedule, Score, Stage } from '../index.js'
import { seeds } from './arbitraries.js'
import { throughText } from './bits.js'
import { compiled } from './check.js'
import { forAll, ofRows, equals, sameBits, differs, type Said, type Stated } from './lawRows.js'
import type { Laws } from './law.js'

/** Runs are costly, and where two differ at all they differ almost everywhere. */
const ENOUGH = 3

export interface TrainingOptions<P extends string> {
  readonly schedule: Schedule.Schedule
  readonly score: Score.Score<P>
  readonly points: Points
  /** The run under test. */
  readonly runner?: Pick<typeof Run, 'states' | 'resume' | 'codec'>
  /** The stage at work, under test. */
  readonly on?: (stage: Stage.Simple) => Stage.Simple['on']
}

/** The numbers of the rows that the steps of a stage ask for, from the first on; nothing where it leaves that to its loss. */
type Walk = (rows: number, steps: number, seed: number) => ReadonlyArray<ReadonlyArray<number>>

const walkOf =
  <P extends string>(
    simple: Stage.Simple,
    { schedule, score, points: { dim }, on = ({ on }) => on }: TrainingOptions<P>
  ): Walk =>
  (rows, steps, seed) => {
    // Stages work with whatever names the parameters have.
    const any = score as Score.Score<string>
    const start = pipe(
      Score.shapes(dim)(any),
      Params.map<ReadonlyArray<number>, Params.Params<string>[string]>(shape => ({
        shape,
        values: new Float64Array(size(shape))
      }))
    )
    const key = Key.fromSeed(seed)
    const points = { rows, dim, values: Key.normal(rows * dim)(key) }
    const taken = (asked: Array<ReadonlyArray<number>>): Stage.Steps<unknown> =>
      on(simple)({
        schedule,
        score: any,
        model: Score.interpret(any),
        points,
        data: points,
        place: Place.here,
        start: () => start,
        attempts: [],
        evaluate: (params, _, rows) => {
          // oxlint-disable-next-line ornstein/immutable -- what a stage asks for is seen by being asked
          asked.push(Array.from(rows ?? []))
          return { value: 0, gradient: params }
        }
      })
    return pipe(key, Key.split(steps)).reduce<{
      readonly memory: unknown
      readonly walk: ReadonlyArray<ReadonlyArray<number>>
    }>(
      ({ memory, walk }, key) => {
        const asked: Array<ReadonlyArray<number>> = []
        const next = taken(asked).step(start, memory, key)
        return { memory: next.memory, walk: [...walk, asked[0] ?? []] }
      },
      { memory: taken([]).begin(start), walk: [] }
    ).walk
  }

/** The laws of a stage's run from where it was left, and of the rows that it meets. */
export const training = <P extends string>(stage: Stage.Stage, options: TrainingOptions<P>): Laws => {
  const { schedule, score, points, runner = Run } = options
  const byEpochs = pipe(
    stage,
    Case.known(Case.when(Stage.descend, ({ batch, epochs }) => (epochs ? batch : null))),
    O.chain(O.fromNullable)
  )
  return ofRows(Stage.show(stage), [
    forAll(fc.record({ seed: seeds, at: fc.nat({ max: 19 }) }))({
      name: 'goes on from text with the same bits',
      statement:
        '∀ keys, states of the first 20: written to JSON text and read again, it leads to the same bits. Exactly.',
      source: 'a state holds all there is',
      maxCases: ENOUGH,
      says: ({ seed, at }) => {
        // Read by a program of its own, as by another process: what the one remembers beside its states is not there.
        const [program, another] = [0, 1].map(() =>
          compiled(
            Compile.pipeline(
              Pipeline.of({ schedule, score, initializer: Initializer.gaussian({ scale: 1 }), stages: [stage] })
            )(points)
          )
        )
        const states = [...runner.states(program)(Key.fromSeed(seed))]
        const codec = runner.codec(program)
        // Not from the last, from which nothing follows.
        const written = throughText(codec.encode(states[at % Math.max(1, states.length - 1)]))
        return pipe(
          codec.decode(written),
          E.match(
            (): Said => differs(written, written),
            state => sameBits([...runner.resume(another)(state)].at(-1), states.at(-1))
          )
        )
      }
    }),
    ...Stage.simple(stage).flatMap(({ simple }) => {
      const walk = walkOf(simple, options)
      return O.isSome(byEpochs)
        ? ofEpochs(byEpochs.value, walk)
        : [ofBatches(O.toNullable(simple.loss)?.batch ?? null, walk)]
    })
  ])
}

/** Of how many keys batches are counted, and how many standard errors a count may be off. */
const [KEYS, ERRORS] = [400, 6]
const MANY_KEYS = 2000

const countsOf = (met: ReadonlyArray<number>, rows: number): ReadonlyArray<number> =>
  Array.from({ length: rows }, (_, row) => met.filter(other => other === row).length)

/** Of a stage that asks for the rows of its batches by number. */
const ofBatches = (batch: number | null, walk: Walk): Stated =>
  forAll(fc.record({ seed: seeds }))({
    name: 'every row is met as often as any other',
    statement: batch =>
      `∀ keys: of ${3 * batch} rows each is in the second batch of ${MANY_KEYS} keys as often as another, to ${ERRORS} standard errors: so the mean of a batch is in expectation that of all rows. A comparison of a right one fails with probability 2e-9.`,
    source: 'definition of an unbiased batch',
    claim: batch,
    reason: 'it asks for no batches',
    maxCases: 1,
    says: ({ seed }, batch) => {
      const rows = 3 * batch
      const met = Array.from({ length: MANY_KEYS }, (_, i) => walk(rows, 2, MANY_KEYS * seed + i)[1]).flat()
      const wanted = met.length / rows
      return equals(countsOf(met, rows), wanted, ERRORS * Math.sqrt(wanted))
    }
  })

const ofEpochs = (batch: number, walk: Walk): ReadonlyArray<Stated> => [
  forAll(fc.record({ seed: seeds, rows: fc.integer({ min: batch, max: 3 * batch + 1 }) }))({
    name: 'every row is met once an epoch',
    statement:
      '∀ n, keys: of all rows that its steps meet, one after the other, those from e n to (e + 1) n are n different ones. Exactly.',
    source: 'definition of an epoch',
    maxCases: 20,
    says: ({ seed, rows }) => {
      const met = walk(rows, Math.ceil((2 * rows) / batch), seed).flat()
      return [0, 1].map(epoch => equals(new Set(met.slice(epoch * rows, (epoch + 1) * rows)).size, rows))
    }
  }),
  forAll(fc.record({ seed: seeds }))({
    name: 'each batch of an epoch is any rows alike',
    statement: `∀ keys: of 3 batches an epoch, each row is in the second of ${KEYS} keys’ as often as by a chance of 1/3, to ${ERRORS} standard errors: so the mean of a batch is in expectation that of all rows. A comparison of a right one fails with probability 2e-9.`,
    source: 'definition of an unbiased batch',
    maxCases: 2,
    says: ({ seed }) => {
      const rows = 3 * batch
      const met = Array.from({ length: KEYS }, (_, i) => [...new Set(walk(rows, 2, KEYS * seed + i)[1])]).flat()
      return equals(countsOf(met, rows), KEYS / 3, ERRORS * Math.sqrt((KEYS * 2) / 9))
    }
  })
]

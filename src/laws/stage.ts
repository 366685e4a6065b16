/** Laws of stages: resumption from text, shapes, uniform batches. */
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
import { forAll, ofRows, differs, sameBits, equals, type LawBuilder, type LawRelations } from './lawRows.js'
import type { Laws } from './law.js'

export interface StageOptions<P extends string> {
  /** Default: Ornstein–Uhlenbeck. */
  readonly schedule?: Schedule.Schedule
  /** Score to fit. Default: the symmetric pair, which every built-in stage accepts. */
  readonly score?: Score.Score<P>
  readonly points?: Points
}

/**
 * Returns the laws of a stage.
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
    // P is that of the pair by default.
    score = Score.symmetricPair as unknown as Score.Score<P>,
    points = stagePoints
  }: StageOptions<P> = {}
): Laws => {
  const initializer = Initializer.gaussian({ scale: 1 })
  const compile = (): Compile.Program<P> =>
    compiledOrThrow(Compile.pipeline(Pipeline.of({ schedule, score, initializer, stages: [stage] }))(points))
  const subject: StageSubject<P> = { schedule, score, dim: points.dim, compile }
  return ofRows(Stage.show(stage), [
    resumesFromJsonText(subject),
    firstStepKeepsShapes(subject),
    ...Stage.simple(stage).map(({ simple }) => batchesAreUniform(subject, simple))
  ])
}

interface StageSubject<P extends string> {
  readonly schedule: Schedule.Schedule
  readonly score: Score.Score<P>
  readonly dim: number
  readonly compile: () => Compile.Program<P>
}

const stagePoints: Points = { rows: 5, dim: 2, values: Float64Array.of(2, 1.5, -2, -1, 1.5, 2, -1.5, -2.5, 0.5, 0.25) }

const resumesFromJsonText = <P extends string>({ compile }: StageSubject<P>): LawBuilder =>
  forAll(fc.record({ seed: seeds, at: fc.nat({ max: 19 }) }))({
    name: 'goes on from text with the same bits',
    statement:
      '∀ keys, states of the first 20: written to JSON text and read again, it leads to the same bits. Exactly.',
    source: 'a state holds all there is',
    maxCases: 3,
    says: ({ seed, at }) => {
      // Resumed without the caches of the first program.
      const first = compile()
      const another = compile()
      const states = [...Run.states(first)(Key.fromSeed(seed))]
      const codec = Run.codec(first)
      const written = jsonRoundTrip(codec.encode(states[at % Math.max(1, states.length - 1)]))
      return pipe(
        codec.decode(written),
        E.match(
          (): LawRelations => differs(written, written),
          state => sameBits([...Run.resume(another)(state)].at(-1), states.at(-1))
        )
      )
    }
  })

const firstStepKeepsShapes = <P extends string>({ compile }: StageSubject<P>): LawBuilder =>
  forAll(fc.record({ seed: seeds }))({
    name: 'takes its first step, and keeps names and shapes',
    statement:
      '∀ keys: of a run of the stage the first step does not fail, and the parameters of every state have the names and shapes that they began with. Exactly.',
    source: 'definition of a stage',
    maxCases: 3,
    says: ({ seed }) => {
      const states = [...Run.states(compile())(Key.fromSeed(seed))]
      const last = states[states.length - 1]
      const failure = last.status._tag === 'Failed' && last.step === 0 ? Problem.show(last.status.problem) : 'none'
      return [
        sameBits({ 'failure of the first step': failure }, { 'failure of the first step': 'none' }),
        states.map(({ params }) => sameBits(Params.shapes(params), Params.shapes(states[0].params)))
      ]
    }
  })

const BATCH_KEYS = 2000
const MAX_STANDARD_ERRORS = 6

const batchesAreUniform = <P extends string>(subject: StageSubject<P>, simple: Stage.Simple): LawBuilder =>
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
      const met = Array.from({ length: BATCH_KEYS }, (_, i) =>
        rowsOfSecondStep(subject, simple, rows)(BATCH_KEYS * seed + i)
      ).flat()
      const counts = Array.from({ length: rows }, (_, row) => met.filter(other => other === row).length)
      const wanted = met.length / rows
      return equals(counts, wanted, MAX_STANDARD_ERRORS * Math.sqrt(wanted))
    }
  })

/** Rows, out of `rows` normal ones, on which a stage's second step evaluates the loss. */
const rowsOfSecondStep =
  <P extends string>({ schedule, score, dim }: StageSubject<P>, simple: Stage.Simple, rows: number) =>
  (seed: number): ReadonlyArray<number> => {
    const anyScore: Score.Score<string> = score
    const start = Params.zeros(Score.shapes(dim)(anyScore))
    const [key, first, second] = Key.split(3)(Key.fromSeed(seed))
    const points = { rows, dim, values: Key.normal(rows * dim)(key) }
    const evaluated: Array<ReadonlyArray<number>> = []
    const { begin, step } = simple.on({
      schedule,
      score: anyScore,
      model: Score.interpret(anyScore),
      points,
      data: points,
      backend: Backend.localBackend,
      start: () => start,
      attempts: [],
      sums: () => ({}),
      evaluate: (params, _, rows) => {
        // oxlint-disable-next-line ornstein/immutable -- the rows of a step are observed by recording its calls
        evaluated.push([...(rows ?? [])])
        return { value: 0, gradient: params }
      }
    })
    step(start, step(start, begin(start), first).memory, second)
    return evaluated.at(-1) ?? []
  }

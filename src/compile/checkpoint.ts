/** Checkpoints: the state of a run as text, with its writer, pipeline and data fingerprint. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { parseJson } from '../../lib/plain/jsonText.js'
import { argumentWithFields, Vocabulary } from '../core/index.js'
import * as Limits from '../core/limits.js'
import * as Problem from '../core/problem.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as GeneratorVersion from './generatorVersion.js'
import type { Program } from './program.js'
import * as Run from './run.js'

const CHECKPOINT_FORMAT = 'ornstein-checkpoint'

export interface KeptState<P extends string> {
  readonly state: Run.State<P>
  /** JSON value, stored and returned unchanged. */
  readonly beside: unknown
}

// user-defined parts are encoded by their cases, so writing needs no vocabulary
const pipelines = Pipeline.codec(Vocabulary.of([]))

const checkpointCodec = t.intersection([
  t.type({
    format: t.literal(CHECKPOINT_FORMAT),
    /** Version of the writing program; another may compute other bits. */
    writer: t.string,
    pipeline: t.unknown,
    state: t.unknown,
    beside: t.unknown
  }),
  GeneratorVersion.field
])

/**
 * Returns the text of a checkpoint; `writer` is the name and version of the program. Write to another file first and rename it, since a
 * truncated text is rejected when read.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Compile, Initializer, Key, Pipeline, Run, Schedule, Score, Stage } from 'ornstein'
 *
 * const program = Compile.pipeline(
 *   Pipeline.of({
 *     schedule: Schedule.ornsteinUhlenbeck,
 *     score: Score.symmetricPair,
 *     initializer: Initializer.values([[0.5]]),
 *     stages: [Stage.expectationMaximization({ steps: 5 })]
 *   })
 * )({ rows: 4, dim: 1, values: Float64Array.of(-2, -1, 1, 2) })
 * assert.ok(E.isRight(program))
 * const states = [...Run.states(program.right)(Key.fromSeed(1))]
 * const text = Run.showCheckpoint(program.right, 'mine 1')({ state: states[2], beside: null })
 *
 * const found = Run.readCheckpoint(program.right, 'mine 1')(text)
 * assert.ok(E.isRight(found))
 * assert.deepEqual([...Run.resume(program.right)(found.right.state)].at(-1), states[5])
 * assert.ok(E.isLeft(Run.readCheckpoint(program.right, 'mine 2')(text)))
 */
export const show =
  <P extends string>(program: Program<P>, writer: string) =>
  (kept: KeptState<P>): string => {
    const call = 'Run.showCheckpoint(program, writer)({ state, beside })'
    const { state, beside } = argumentWithFields(kept, ['state', 'beside'], 'a state, and what is kept beside it', call)
    return `${JSON.stringify({
      format: CHECKPOINT_FORMAT,
      writer,
      ...GeneratorVersion.generatorField,
      pipeline: pipelines.encode(program.pipeline),
      state: Run.codec(program).encode(state),
      beside
    })}\n`
  }

/** Reads a checkpoint; a problem if this program cannot continue the run. User code is compared by name. */
export const readCheckpointText =
  <P extends string>(program: Program<P>, writer: string) =>
  (text: string): E.Either<Problem.Problem, KeptState<P>> => {
    const anew = 'start again with another file'
    const refused = (value: string, domain: string, remedy: string): Problem.Problem =>
      Problem.of('checkpoint', value, domain, `${remedy}, or ${anew}`)
    const given: unknown = text
    const json = typeof given === 'string' ? parseJson(given, Limits.messageDepth) : { fault: 'it is no text' }
    return pipe(
      'fault' in json
        ? E.left(refused('the text', `JSON (${json.fault})`, 'take another: this one is damaged'))
        : E.right(json.value),
      E.filterOrElse(checkpointCodec.is, () => refused('the text', 'a checkpoint', 'give a file written as one')),
      E.filterOrElse(GeneratorVersion.isCurrentGenerator, found =>
        GeneratorVersion.generatorProblem('checkpoint', found, anew)
      ),
      E.filterOrElse(
        found => found.writer === writer,
        found => refused(found.writer, `of ${writer}, whose bits are its own`, `use ${found.writer}`)
      ),
      E.filterOrElse(
        found => JSON.stringify(found.pipeline) === JSON.stringify(pipelines.encode(program.pipeline)),
        () => refused('the pipeline', 'the one of this run', 'ask for what it was begun with')
      ),
      E.chain(({ state, beside }) =>
        pipe(
          Run.codec(program).decode(state),
          E.bimap(
            errors => {
              const [why = 'a state'] = errors.flatMap(({ message }) => (message === undefined ? [] : [message]))
              return refused('the state', `one of this run (it is ${why})`, 'give the data that it was begun on')
            },
            state => ({ state, beside })
          )
        )
      )
    )
  }

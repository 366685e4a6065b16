/** A fit of a sweep: by a process of its own, here or where a worker is told of it. What is told is JSON, and names files of its folder. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { hostname } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as t from 'io-ts'
import * as E from 'fp-ts/lib/Either.js'
import type { Perform } from '../cluster/index.js'
import * as Problem from '../core/problem.js'
import { fitting as learning, type Flags } from './fitOptions.js'
import { inputsOf } from './input.js'
import { nameOf } from './option.js'
import { isIn } from './shared.js'
import type { Failure } from './world.js'

/** Options of `ornstein fit`, as they are called on the command line. */
export const options = t.record(t.string, t.union([t.string, t.number, t.boolean]))
export type Options = t.TypeOf<typeof options>

/** Options that a sweep gives itself, that would write over each other's files, or by which nothing is fitted. */
const OWN: ReadonlyArray<keyof Flags> = [
  ...(['seed', 'out', 'json', 'quiet', 'verbose', 'report', 'figures', 'checkpoint', 'resume', 'every'] as const),
  ...(['by', 'printPipeline'] as const)
]

/** What it leaves open, as an option is called: `--no-header` is header with the value false. */
const open = Object.keys(learning)
  .filter(key => !OWN.some(own => own === key))
  .map(key => nameOf(key).slice(2))

/** What of options a sweep does not take. */
export const optionProblems = (field: string, own: Options): ReadonlyArray<Problem.Problem> =>
  Object.keys(own).flatMap(key =>
    Problem.unless(
      open.includes(key),
      field,
      key,
      'an option of ornstein fit that a sweep leaves open',
      'write it as in ornstein help fit, without the dashes'
    )
  )

/** An option as it is written on the command line. */
const written = ([name, value]: readonly [string, string | number | boolean]): string =>
  value === true ? `--${name}` : value === false ? `--no-${name}` : `--${name}=${value}`

/** A fit: its table, the options of its choice, and its seed. */
export interface SweptFit {
  readonly data: string
  readonly options: Options
  readonly seed: number
}

/** Its command line. */
export const argsOf = ({ data, options, seed }: SweptFit): ReadonlyArray<string> => [
  'fit',
  data,
  ...Object.entries(options).map(written),
  `--seed=${seed}`,
  '--json'
]

const result = t.intersection([
  t.type({ logLikelihood: t.number, components: t.number, family: t.string }),
  t.partial({ bic: t.number })
])

/** What a fit came to: what `ornstein fit --json` prints, or why there is none. */
export const outcome = t.partial({ result, problem: t.string })
export type Outcome = t.TypeOf<typeof outcome>

/** What is no fit tells its first line. */
const outcomeOf = (printed: string): Outcome => {
  const read = E.tryCatch(
    () => result.decode(JSON.parse(printed)),
    () => null
  )
  return E.isRight(read) && E.isRight(read.right)
    ? { result: read.right.right }
    : { problem: `ornstein fit printed no fit but ${JSON.stringify(printed.split('\n')[0])}` }
}

const main = fileURLToPath(new URL('./main.js', import.meta.url))

/** A fit by a process of its own, in a folder, on so many processors where that is said. */
export const fitted = (
  asked: SweptFit,
  { threads, ...where }: { readonly threads?: number; readonly cwd?: string; readonly signal?: AbortSignal }
): Promise<Outcome> =>
  new Promise(resolve => {
    const env = {
      ...process.env,
      ORNSTEIN_WITH: 'stdin',
      ...(threads !== undefined && { ORNSTEIN_THREADS: String(threads) })
    }
    // its standard input ends with this process, and it then
    const options = { ...where, env, maxBuffer: Infinity, encoding: 'utf8', killSignal: 'SIGKILL' } as const
    execFile(process.execPath, [main, ...argsOf(asked)], options, (error, stdout, stderr) => {
      resolve(error === null ? outcomeOf(stdout) : { problem: stderr.trim() || error.message })
    })
  })

/** The files that a fit reads: a table, of one file or many, and a pipeline. */
const filesOf = ({ data, options: { pipeline } }: SweptFit): ReadonlyArray<string> => [
  data,
  ...(typeof pipeline === 'string' ? [pipeline] : [])
]

/** A hash of the files that a fit reads, from a folder. */
export const hashOf = async (asked: SweptFit, folder: string): Promise<E.Either<Failure, string>> => {
  const hash = createHash('sha256')
  for (const path of filesOf(asked)) {
    const inputs = await inputsOf('data', resolve(folder, path))
    if (E.isLeft(inputs)) return inputs
    for (const { path, name } of inputs.right) {
      hash.update(`\n${name ?? ''}\n`)
      // one that is not there is told of by the fit
      try {
        for await (const bytes of createReadStream(path)) hash.update(bytes as Buffer)
      } catch {
        hash.update('none')
      }
    }
  }
  return E.right(hash.digest('hex').slice(0, 32))
}

const task = t.strict({ data: t.string, options, seed: t.number, hash: t.string })

/** What another machine is told of a fit. */
export const described = (asked: SweptFit, hash: string): unknown => task.encode({ ...asked, hash })

/** Does fits of tables of a folder that are the asker's, by their hash; no code is loaded for them. */
export const fitting =
  (folder: string): Perform =>
  async (given, signal): Promise<Outcome> => {
    const read = task.decode(given)
    const refused = (problem: Problem.Problem): Outcome => ({ problem: `${hostname()}: ${Problem.show(problem)}` })
    if (E.isLeft(read))
      return refused(Problem.of('task', JSON.stringify(given), 'a fit', 'take the same version on both sides'))
    const { hash, ...asked } = read.right
    const outside = filesOf(asked).find(path => !isIn(folder, resolve(folder, path)))
    const wrong = [
      ...optionProblems('options', asked.options),
      ...['vocabulary', 'queue'].flatMap(key =>
        Problem.unless(
          !(key in asked.options),
          'options',
          key,
          'one that a worker takes: it loads no code, and asks no other queue',
          'leave it out, or sweep without --queue'
        )
      ),
      ...Problem.unless(
        outside === undefined,
        'data',
        outside ?? '',
        `in ${folder}`,
        'start the worker with --data and its folder'
      )
    ]
    if (wrong.length > 0) return refused(wrong[0])
    const own = await hashOf(asked, folder)
    if (E.isLeft(own)) return refused(own.left.problems[0])
    return own.right === hash
      ? fitted(asked, { cwd: folder, signal })
      : refused(Problem.of('data', own.right, `the leader's, ${hash}`, 'give the worker the same files'))
  }

/** Options as they come, checked: each problem names its option, and all are told at once. */
import * as A from 'fp-ts/lib/Array.js'
import * as Apply from 'fp-ts/lib/Apply.js'
import * as E from 'fp-ts/lib/Either.js'
import * as NEA from 'fp-ts/lib/NonEmptyArray.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import { commented } from '../data/csv.js'
import type * as Points from '../data/index.js'
import type * as Source from '../data/source/index.js'
import * as Problem from '../core/problem.js'
import { nearest } from '../core/spelling.js'
import { faultless, whole, type Checked } from './checked.js'
import { refused, type Failure, type World } from './world.js'

export { faultless, whole, type Checked }
export { checkOutputs, outputs, write } from './outputs.js'

/** A struct of checked options; the problems of all are collected. */
export const all = Apply.sequenceS(E.getApplicativeValidation(NEA.getSemigroup<Problem.Problem>()))

/** The same of a list. */
export const list: <A>(checks: Checked<A>[]) => Checked<A[]> = A.sequence(
  E.getApplicativeValidation(NEA.getSemigroup<Problem.Problem>())
)

const wrong = (...of: Parameters<typeof Problem.of>): Checked<never> => E.left([Problem.of(...of)])

/** One of a few words. */
export const oneOf = <A extends string>(option: string, text: string, choices: ReadonlyArray<A>): Checked<A> => {
  const chosen = choices.find(choice => choice === text)
  return chosen === undefined
    ? wrong(option, text, `one of ${choices.join(', ')}`, `try ${nearest(text, choices)[0]}`)
    : E.right(chosen)
}

/** The options that say how a table is read. */
export interface TableFlags {
  readonly columns?: string | undefined
  readonly exclude?: string | undefined
  readonly weights?: string | undefined
  readonly missing?: string | undefined
  readonly header?: boolean | undefined
  readonly delimiter?: string | undefined
  readonly decimal?: string | undefined
  readonly skip?: string | undefined
  readonly comment?: string | undefined
  readonly na?: string | undefined
}

const separators: Readonly<Record<string, string>> = { '\\t': '\t', tab: '\t', comma: ',', semicolon: ';', space: ' ' }

const delimiter = (text: string): Checked<string> => {
  const character = Object.hasOwn(separators, text) ? separators[text] : text
  return /^[^"\r\n\d]$/.test(character)
    ? E.right(character)
    : wrong('--delimiter', JSON.stringify(text), 'a character that separates cells', 'try , or ; or tab')
}

const comment = (text: string): Checked<string> =>
  commented.is(text) ? E.right(text) : wrong('--comment', JSON.stringify(text), commented.domain, commented.remedy)

const columns =
  (option: string) =>
  (text: string): Checked<ReadonlyArray<string>> => {
    const names = text.split(',').map(name => name.trim())
    const repeated = names.find((name, i) => names.indexOf(name) !== i)
    return names.includes('')
      ? wrong(option, JSON.stringify(text), 'a list of names or positions', 'separate them by commas: 1,3-5')
      : repeated !== undefined
        ? wrong(option, text, `a list without repeats (${repeated})`, 'name each column once')
        : E.right(names)
  }

const optional = <A>(text: string | undefined, check: (text: string) => Checked<A>): Checked<A | undefined> =>
  text === undefined ? E.right(undefined) : check(text)

export const table = (flags: TableFlags): Checked<Points.CsvOptions> =>
  pipe(
    all({
      columns: optional(flags.columns, columns('--columns')),
      exclude: optional(flags.exclude, columns('--exclude')),
      missing: oneOf('--missing', flags.missing ?? 'refuse', ['refuse', 'drop', 'em'] as const),
      delimiter: optional(flags.delimiter, delimiter),
      decimal: optional(flags.decimal, text => oneOf('--decimal', text, ['.', ','] as const)),
      skip: optional(flags.skip, text => whole('--skip', text, 0, 1)),
      comment: optional(flags.comment, comment)
    }),
    E.map(({ columns, exclude, missing, delimiter, decimal, skip, comment }) => ({
      missing: missing === 'em' ? 'keep' : missing,
      ...(decimal !== undefined && { decimal }),
      ...(skip !== undefined && { skip }),
      ...(comment !== undefined && { comment }),
      ...(flags.na !== undefined && { na: flags.na.split(',') }),
      ...(columns && { columns }),
      ...(exclude && { exclude }),
      ...(delimiter !== undefined && { delimiter }),
      ...(flags.header !== undefined && { header: flags.header }),
      ...(flags.weights !== undefined && { weights: flags.weights })
    }))
  )

/** The language speaks of fields; a user of the command line, of options. */
const asOptions = (path: string, { field, remedy, ...rest }: Problem.Problem): Problem.Problem => ({
  ...rest,
  field:
    field === 'keep'
      ? '--by'
      : field === 'columns' ||
          field === 'exclude' ||
          field === 'weights' ||
          field === 'header' ||
          field === 'decimal' ||
          field === 'delimiter' ||
          field === 'skip' ||
          field === 'comment'
        ? `--${field}`
        : field === 'text'
          ? path
          : `${path}, ${field}`,
  remedy: remedy
    .replace("set 'header' to true or false", 'use --header or --no-header')
    .replace("set 'missing' to 'drop'", 'use --missing drop')
    .replace("or to 'keep'", 'or --missing em')
    .replace("set 'delimiter' to ';'", "use --delimiter ';'")
    .replace("set 'delimiter'", 'use --delimiter')
    .replace("set 'decimal' to ','", 'use --decimal ,')
    .replace("set 'skip' to the number", 'use --skip with the number')
    .replace(
      'read it whole, or write it plainly',
      'read it whole (leave out --stream; fit --no-stream), or write it plainly'
    )
    .replace("leave the column out with 'exclude'", 'leave the column out with --exclude')
    .replace("'columns'", '--columns')
})

/** What came of a text, its problem in words of the command line. */
export const asRead = (path: string): (<A>(read: E.Either<Problem.Problem, A>) => E.Either<Failure, A>) =>
  E.mapLeft(problem => refused(asOptions(path, problem)))

/** The table in a file, read as the options say. */
export const readTable =
  (world: World, argument: string) =>
  (path: string, options: Points.CsvOptions): TE.TaskEither<Failure, Points.Table> =>
    pipe(world.readTable(argument, path, options), TE.flatMapEither(asRead(named(path))))

/** The same of one that need not fit in memory. */
export const readSource =
  (world: Pick<World, 'readSource'>, argument: string) =>
  (path: string, options: Points.CsvOptions): TE.TaskEither<Failure, Source.SourceTable> =>
    pipe(world.readSource(argument, path, options), TE.flatMapEither(asRead(named(path))))

/** What a file is called in messages. */
export const named = (path: string): string => (path === '-' ? 'standard input' : path)

/** A check as the first thing a command does. */
export const checked = <A>(check: Checked<A>): TE.TaskEither<Failure, A> =>
  TE.fromEither(
    pipe(
      check,
      E.mapLeft(([first, ...rest]) => refused(first, ...rest))
    )
  )

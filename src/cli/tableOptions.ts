/** The options that say how a table is read, and those that say how one is written. */
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { such as satisfying } from '../core/setting.js'
import type { CsvOptions } from '../data/grid.js'
import * as Settings from '../data/readerSettings.js'
import { word } from '../fit/text.js'
import {
  either,
  mapped,
  nameOf,
  oneOf,
  option,
  optionOr,
  output,
  path,
  such,
  text,
  whole,
  type Values
} from './option.js'

const separators: Readonly<Record<string, string>> = { '\\t': '\t', tab: '\t', comma: ',', semicolon: ';', space: ' ' }

/** A character, or the name of one. */
const delimiter = mapped(
  such(
    satisfying<string>(
      text => /^[^"\r\n\d]$/.test(text) || Object.hasOwn(separators, text),
      'a character that separates cells',
      'try , or ; or tab'
    ),
    'character'
  ),
  text => E.right(Object.hasOwn(separators, text) ? separators[text] : text)
)

/** Names or positions of columns. */
export const names = mapped(text('list'), (text, _, name) => {
  const names = text.split(',').map(name => name.trim())
  const repeated = names.find((name, i) => names.indexOf(name) !== i)
  const wrong = (...of: readonly [string, string, string]): E.Either<Problem.Problems, never> =>
    E.left([Problem.of(name, ...of)])
  return names.includes('')
    ? wrong(JSON.stringify(text), 'a list of names or positions', 'separate them by commas: 1,3-5')
    : repeated !== undefined
      ? wrong(text, `a list without repeats (${repeated})`, 'name each column once')
      : E.right(names)
})

/** The columns of a table of its own. */
export const columns = {
  columns: option(names, 'columns to use, by name or position: 1,3-5', { otherwise: 'all numeric columns' }),
  exclude: option(names, 'columns to leave out, by name or position: 1,3-5')
}
/** Those of a table for a model. */
export const modelColumns = {
  columns: option(names, 'columns to use, by name or position', { otherwise: "the model's, by name" })
}

export const reading = {
  weights: option(text('column'), 'column of row weights: a row of weight 2 counts as two rows'),
  errors: option(
    names,
    'columns of the standard deviations of measurement errors, one for each column used: sd_x,sd_y'
  ),
  missing: optionOr(
    mapped(oneOf(['refuse', 'drop', 'em'], 'how'), how => E.right(how === 'em' ? ('keep' as const) : how)),
    'refuse',
    'rows with a missing cell: refuse; drop; or em, which uses the cells they have'
  ),
  header: either('the first row holds names (default: auto-detected)', 'the first row is data'),
  delimiter: option(delimiter, 'cell separator', { otherwise: 'auto-detected' }),
  decimal: option(such(Settings.decimal, 'character'), 'decimal mark: . or ,', { otherwise: '.' }),
  skip: option(whole(Settings.skip), 'number of lines to skip above the table', { otherwise: '0' }),
  comment: option(such(Settings.comment, 'character'), 'character that begins comment lines', {
    otherwise: 'none'
  }),
  na: option(
    mapped(text('list'), list => E.right(list.split(','))),
    'additional missing-value markers, beside NA and the like: -999,unknown'
  )
}

type Reading = Values<typeof reading> & Partial<Values<typeof columns>>

// which are the keys of these two
const READS = [...Object.keys(reading), ...Object.keys(columns)] as ReadonlyArray<keyof Reading>

/** As the library reads a table: what is not given is left out. */
export const csvOf = (values: Reading): CsvOptions =>
  Object.fromEntries(READS.flatMap(key => (values[key] === undefined ? [] : [[key, values[key]]])))

/** What the reader of tables calls by a name, as an option. */
const optionOf = (name: string): string =>
  name === 'keep' ? '--by' : name === 'labels' ? '--labels' : READS.some(key => key === name) ? nameOf(name) : name

/** A value as a shell takes it. */
const typed = (text: string): string => (/^[\w.,-]+$/.test(text) ? text : `'${text}'`)

/** How the command line says what the language says of its settings. */
export const speaker: Problem.Speaker = part => {
  switch (part._tag) {
    case 'Named':
      return optionOf(part.name)
    case 'Set': {
      const { name, value, rest } = part
      return value === null
        ? `use ${optionOf(name)} or ${optionOf(name).replace('--', '--no-')}`
        : `use ${optionOf(name)}${rest === undefined ? '' : ` with ${rest}`}` +
            (value === undefined ? '' : ` ${typed(name === 'missing' && value === 'keep' ? 'em' : value)}`)
    }
    case 'Word':
      return word(part.name)
    case 'InCode':
      return ''
  }
}

/** A problem of the table at a path: what it calls by a setting's name is an option. */
export const asOptions =
  (path: string) =>
  (problem: Problem.Problem): Problem.Problem => {
    const { field } = problem
    const option = optionOf(field)
    return {
      ...Problem.spoken(speaker)(problem),
      field: option !== field ? option : field === 'text' ? path : `${path}, ${field}`
    }
  }

export const vocabulary = {
  vocabulary: option(path('module'), 'JavaScript module that exports custom components: ./mine.js')
}

export const forms = ['csv', 'tsv', 'jsonl', 'parquet', 'arrow'] as const
export type Form = (typeof forms)[number]

export const writing = {
  out: optionOr(output, '-', 'write to a file: .csv, .tsv, .jsonl, .parquet or .arrow; .gz compresses', {
    otherwise: 'standard output'
  }),
  to: option(oneOf(forms, 'form'), 'format: csv, tsv, jsonl, parquet or arrow', { otherwise: 'by the file name' })
}

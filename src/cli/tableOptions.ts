/** Options of reading and writing a table. */
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { suchSetting as satisfying } from '../core/setting.js'
import type { CsvOptions } from '../data/grid.js'
import * as Settings from '../data/readerSettings.js'
import { commandLineName } from '../fit/text.js'
import {
  eitherFlagOption,
  mapArgument,
  optionName,
  oneOfWords,
  option,
  optionOr,
  outputArgument,
  pathArgument,
  domainArgument,
  textArgument,
  wholeNumberArgument,
  type OptionValues
} from './option.js'

const SEPARATORS_BY_NAME: Readonly<Record<string, string>> = {
  '\\t': '\t',
  tab: '\t',
  comma: ',',
  semicolon: ';',
  space: ' '
}

/** Character, or its name. */
const delimiterArgument = mapArgument(
  domainArgument(
    satisfying<string>(
      text => /^[^"\r\n\d]$/.test(text) || Object.hasOwn(SEPARATORS_BY_NAME, text),
      'a character that separates cells',
      'try , or ; or tab'
    ),
    'character'
  ),
  text => E.right(Object.hasOwn(SEPARATORS_BY_NAME, text) ? SEPARATORS_BY_NAME[text] : text)
)

/** List of column names or positions. */
export const columnNamesArgument = mapArgument(textArgument('list'), (text, _, name) => {
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

/** Options that select columns of a table. */
export const COLUMN_OPTIONS = {
  columns: option(columnNamesArgument, 'columns to use, by name or position: 1,3-5', {
    otherwise: 'all numeric columns'
  }),
  exclude: option(columnNamesArgument, 'columns to leave out, by name or position: 1,3-5')
}
/** Option that selects columns of a table for a model. */
export const MODEL_COLUMN_OPTIONS = {
  columns: option(columnNamesArgument, 'columns to use, by name or position', { otherwise: "the model's, by name" })
}

export const READING_OPTIONS = {
  weights: option(textArgument('column'), 'column of row weights: a row of weight 2 counts as two rows'),
  errors: option(
    columnNamesArgument,
    'columns of the standard deviations of measurement errors, one for each column used: sd_x,sd_y'
  ),
  missing: optionOr(
    mapArgument(oneOfWords(['refuse', 'drop', 'em'], 'how'), how => E.right(how === 'em' ? ('keep' as const) : how)),
    'refuse',
    'rows with a missing cell: refuse; drop; or em, which uses the cells they have'
  ),
  header: eitherFlagOption('the first row holds names (default: auto-detected)', 'the first row is data'),
  delimiter: option(delimiterArgument, 'cell separator', { otherwise: 'auto-detected' }),
  decimal: option(domainArgument(Settings.decimalSetting, 'character'), 'decimal mark: . or ,', { otherwise: '.' }),
  skip: option(wholeNumberArgument(Settings.skipSetting), 'number of lines to skip above the table', {
    otherwise: '0'
  }),
  comment: option(domainArgument(Settings.commentSetting, 'character'), 'character that begins comment lines', {
    otherwise: 'none'
  }),
  sheet: option(textArgument('name'), 'sheet of a spreadsheet, by name or position; table of a web page', {
    otherwise: 'the only one with numbers'
  }),
  path: option(textArgument('keys'), 'table inside JSON: data.rows', { otherwise: 'the only one with numbers' }),
  na: option(
    mapArgument(textArgument('list'), list => E.right(list.split(','))),
    'additional missing-value markers, beside NA and the like: -999,unknown'
  )
}

type ReadingValues = OptionValues<typeof READING_OPTIONS> & Partial<OptionValues<typeof COLUMN_OPTIONS>>

// Object.keys loses the type of the keys.
const READING_KEYS = [...Object.keys(READING_OPTIONS), ...Object.keys(COLUMN_OPTIONS)] as ReadonlyArray<
  keyof ReadingValues
>

/** Returns the CSV options of the library for the given flags. */
export const csvOptions = (values: ReadingValues): CsvOptions =>
  Object.fromEntries(READING_KEYS.flatMap(key => (values[key] === undefined ? [] : [[key, values[key]]])))

/** Option of a table reader's setting; other names unchanged. */
const readerOption = (name: string): string =>
  name === 'keep'
    ? '--by'
    : name === 'labels'
      ? '--labels'
      : READING_KEYS.some(key => key === name)
        ? optionName(name)
        : name

const shellValue = (text: string): string => (/^[\w.,-]+$/.test(text) ? text : `'${text}'`)

/** Wording on the command line: settings as options, families by their names there. */
export const speaker: Problem.Speaker = part => {
  switch (part._tag) {
    case 'Named':
      return readerOption(part.name)
    case 'Set': {
      const { name, value, rest } = part
      return value === null
        ? `use ${readerOption(name)} or ${readerOption(name).replace('--', '--no-')}`
        : `use ${readerOption(name)}${rest === undefined ? '' : ` with ${rest}`}` +
            (value === undefined ? '' : ` ${shellValue(name === 'missing' && value === 'keep' ? 'em' : value)}`)
    }
    case 'Word':
      return commandLineName(part.name)
    case 'InCode':
      return ''
  }
}

/** Converts a table's problem: a setting becomes its option, other fields are prefixed with the path. */
export const tableProblemAsOption =
  (path: string) =>
  (problem: Problem.Problem): Problem.Problem => {
    const { field } = problem
    const option = readerOption(field)
    return {
      ...Problem.rephrase(speaker)(problem),
      field: option !== field ? option : field === 'text' ? path : `${path}, ${field}`
    }
  }

export const VOCABULARY_OPTION = {
  vocabulary: option(pathArgument('module'), 'JavaScript module that exports custom components: ./mine.js')
}

export const OUTPUT_FORMATS = ['csv', 'tsv', 'jsonl', 'parquet', 'arrow'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

export const WRITING_OPTIONS = {
  out: optionOr(outputArgument, '-', 'write to a file: .csv, .tsv, .jsonl, .parquet or .arrow; .gz compresses', {
    otherwise: 'standard output'
  }),
  to: option(oneOfWords(OUTPUT_FORMATS, 'form'), 'format: csv, tsv, jsonl, parquet or arrow', {
    otherwise: 'by the file name'
  })
}

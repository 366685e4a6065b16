/**
 * Tables of any format, and the points of their columns.
 *
 * In messages rows and columns are counted from 1.
 */
import * as Either from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type Type } from '../../lib/formats/columns.js'
import * as Problem from '../core/problem.js'
import { nearestWords } from '../core/spelling.js'
import {
  hasDecimalComma,
  isMissing,
  isNumericColumn,
  cellKind,
  readNumber,
  withoutNumberFormat,
  type CellKind
} from './cell.js'
import { validate, withErrors, type DataError, type Points } from './points.js'
import { fail, firstIndexWhere, moreLikeThis, pluralized, withRowName, sumOver } from './dataProblems.js'
import { tabulate } from '../../lib/arrays/entries.js'

export interface CsvOptions {
  /**
   * True if the first row contains names. Default: `'auto'`, true if one of its cells is not a number. An unclear row is a problem: numbers
   * and words with no word above numbers, or numbers that enumerate columns or years (`0,1,2`, `2019,2020`).
   */
  readonly header?: boolean | 'auto'
  /**
   * Columns to take, in this order, by name or position from 1; `'2-5'` is positions 2 to 5 and `'2-'` all from 2 on, unless a column has
   * that name. Default: every numeric column except weights, row numbers and labels (see `Ignored`). A column is numeric if at least half
   * of its present cells are numbers or misspelt numbers; its other cells are then a problem.
   */
  readonly columns?: ReadonlyArray<string | number>
  /** Columns not to take, as in `columns`; they take precedence over it. */
  readonly exclude?: ReadonlyArray<string | number>
  /** Columns to keep as written, in addition to the points. Default: none. */
  readonly keep?: {
    readonly columns: ReadonlyArray<string | number>
    /** Also keeps ignored columns with 2 to `classes` distinct cells, which are probably classes. */
    readonly classes: number
  }
  /** Column of weights, by name or position. */
  readonly weights?: string | number
  /** Columns of the standard deviations of errors, by name or position, one for each column taken, in their order. */
  readonly errors?: ReadonlyArray<string | number>
  /**
   * Treatment of rows with a missing cell in a column taken: an empty one, `NA`, `#N/A`, `<NA>`, `n.a.`, `NaN`, `None`, `null`, `nil`,
   * `missing`, `?`, `.` or a dash, in any case. `keep` stores NaN, which only `fit(points, { missing: 'em' })` and the densities of
   * `Mixture` support. Default: `refuse`.
   */
  readonly missing?: 'refuse' | 'drop' | 'keep'
  /** Separator of cells. Default: guessed, a tab, semicolon or comma. */
  readonly delimiter?: string
  /** Decimal mark. Default: `.`. With `,`, points separate thousands: 1.234,5 is 1234.5, and 1.5 is a problem. */
  readonly decimal?: '.' | ','
  /** Number of lines above the table. Default: 0. */
  readonly skip?: number
  /** First character of lines that are not part of the table. */
  readonly comment?: string
  /** Sheet of a spreadsheet by name or position from 1, or table of a web page by position. Default: the only one with numbers. */
  readonly sheet?: string
  /** Path of keys to the table in JSON: `data.rows`. Default: the only one with numbers. */
  readonly path?: string
  /** Missing cells in addition to those of `missing`, such as `-999`; surrounding blanks are ignored. */
  readonly na?: ReadonlyArray<string>
}

export interface Ignored {
  readonly name: string
  /**
   * Reason. `nested`: lists and records. `row numbers`: a nameless column or an `id`. `labels`: whole numbers named `class`, `label`,
   * `cluster` and the like. `of ornstein assign`: written by that command. `constant`: one number in all rows, left out by `fit`.
   */
  readonly why:
    | 'of ornstein assign'
    | 'text'
    | 'dates'
    | 'nested'
    | 'empty'
    | 'row numbers'
    | 'labels'
    | 'not asked for'
    | 'excluded'
    | 'constant'
}

/** Column that is taken, but may have another meaning. */
export interface Doubtful {
  readonly name: string
  /** `labels`: few distinct whole numbers; `weights`: a column called `weight` or `count`, for example. */
  readonly why: 'labels' | 'weights'
}

/** Points read from a table, and the columns and rows left out. */
export interface Table {
  readonly points: Points
  /** Names of the columns taken, one for each dimension; `column 3` for a column without a name. */
  readonly columns: ReadonlyArray<string>
  /** Number in the table, from 1, of each row of the points. */
  readonly rowNumbers: Uint32Array
  /** Number of rows dropped because of a missing cell. */
  readonly dropped: number
  /** Columns not taken. The column of weights is neither here nor in `columns`. */
  readonly ignored: ReadonlyArray<Ignored>
  /** Columns taken by default that may have another meaning. */
  readonly doubtful: ReadonlyArray<Doubtful>
  /** Columns requested by `keep`: those it names, then classes. */
  readonly kept?: ReadonlyArray<Kept>
  /** First ignored column of text with distinct cells, which names the rows; present only with `keep`. */
  readonly rowNames?: Kept
}

export interface Kept {
  readonly name: string
  /** One cell for each row of the points. */
  readonly cells: ReadonlyArray<string>
}

/** Table of cells, in rows of equal length. */
export interface CellGrid {
  readonly names: ReadonlyArray<string>
  readonly isNamed: ReadonlyArray<boolean>
  readonly hasHeader: boolean
  readonly rows: number
  /** Defined for cells that are not numbers. */
  readonly text: (row: number, column: number) => string
  /** Row-major; NaN for a cell that is not a number. */
  readonly numbers: Float64Array
  /** Types of the columns if the format has them. */
  readonly types?: ReadonlyArray<Type>
  /** File of this part if a table has several files. */
  readonly file?: string
  /** Name of a row, counted from 0, for messages. Absent: `row 1` for row 0. */
  readonly rowName?: (row: number) => string
}

/** Name of a row for messages; `row` is counted from 0. */
export const gridRowName = ({ rowName = row => `row ${row + 1}` }: CellGrid, row: number): string => rowName(row)

const listedNames = (names: ReadonlyArray<string>): string =>
  names.length > 30 ? `${names.slice(0, 30).join(', ')}, … (${names.length} in all)` : names.join(', ')

/** Names of the columns that can be used; all names if none can. */
const usableColumnNames = (table: CellGrid): ReadonlyArray<string> => {
  const found = table.names.filter((_, j) => reasonIgnored(table)(j) === null)
  return found.length > 0 ? found : table.names
}

/** Returns the index, from 0, of a column by name or by position from 1. */
const resolveColumn =
  (table: CellGrid) =>
  (field: string, wanted: string | number): Either.Either<DataError, number> => {
    const { names } = table
    const named = typeof wanted === 'string' ? names.indexOf(wanted.trim()) : -1
    const at = named >= 0 ? named : readNumber(String(wanted)) - 1
    if (Number.isSafeInteger(at) && at >= 0 && at < names.length) return Either.right(at)
    if (names.length === 0)
      return fail(field, wanted, 'a column of the table, which has none', 'give a table with columns')
    return typeof wanted === 'string' && Number.isNaN(at)
      ? fail(
          field,
          wanted,
          'a column of the table',
          `try ${nearestWords(wanted, field === 'keep' ? names : usableColumnNames(table))[0]}; the columns are ${listedNames(names)}`
        )
      : fail(field, wanted, `a position from 1 to ${names.length}`, `the columns are ${listedNames(names)}`)
  }

/** Returns the indices, from 0, of a name, a position or a range of positions. */
const resolveColumns =
  (table: CellGrid) =>
  (field: string, wanted: string | number): Either.Either<DataError, ReadonlyArray<number>> => {
    const { names } = table
    const range = names.includes(String(wanted).trim()) ? null : /^\s*(\d+)\s*-\s*(\d*)\s*$/.exec(String(wanted))
    if (range === null)
      return pipe(
        resolveColumn(table)(field, wanted),
        Either.map(at => [at])
      )
    const [, from, to] = range
    const first = Number(from)
    const last = to === '' ? names.length : Number(to)
    return first >= 1 && first <= last && last <= names.length
      ? Either.right(names.flatMap((_, j) => (j >= first - 1 && j < last ? [j] : [])))
      : fail(field, String(wanted), `a rising range within 1-${names.length}`, `the columns are ${listedNames(names)}`)
  }

const gridColumn = ({ names, numbers, rows }: CellGrid, j: number): Float64Array =>
  tabulate(rows, i => numbers[i * names.length + j])

const ROW_NUMBER_NAME_PATTERN = /^(id|index|row|row[ _.-]?(id|name|number|no|nr)s?|nr\.?|#|unnamed: 0|.*[ _.-]id)$/i
const LABEL_NAME_PATTERN = /^((class|label|target|cluster|group)(es|s)?|species|categor(y|ies)|ground[ _.-]?truth)$/i
const WEIGHT_NAME_PATTERN = /^(weights?|wt|w|freq(uency|uencies)?|counts?)$/i
/** Columns that `ornstein assign` adds to a table. */
export const ASSIGN_COLUMN_NAMES = ['component', 'probability', 'uncertainty', 'log density', 'outlier'] as const

/** Column that replaces `component` if components are merged. */
export const CLUSTER_COLUMN_NAME = 'cluster'

/** True if all columns of `ornstein assign` are present and this is the last with its name, apart from trailing `_`. */
const isAssigned = (names: ReadonlyArray<string>, j: number): boolean => {
  const plain = names.map(name => name.replace(/_+$/, ''))
  const [first, ...rest] = ASSIGN_COLUMN_NAMES
  return [first, CLUSTER_COLUMN_NAME]
    .map(one => [one, ...rest])
    .some(all => all.some(name => plain.lastIndexOf(name) === j) && all.every(name => plain.includes(name)))
}

const isDate = (cell: string): boolean => /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]|$)/.test(cell.trim().slice(0, 20))

/** Reason not to take a column by default; null if it is taken. */
export const reasonIgnored =
  (table: CellGrid) =>
  (j: number): Ignored['why'] | null => {
    const { names, isNamed, rows, text, types } = table
    const xs = gridColumn(table, j)
    const type = types?.[j] ?? 'numbers'
    if (isNamed[j] && isAssigned(names, j)) return 'of ornstein assign'
    if (type === 'nested') return type
    const kindOf = (i: number): CellKind => (Number.isNaN(xs[i]) ? cellKind(text(i, j)) : 'number')
    if (!xs.every(x => !Number.isNaN(x)) && (type !== 'numbers' || !isNumericColumn(rows, kindOf))) {
      const present = sumOver(rows, i => (Number.isNaN(xs[i]) && isMissing(text(i, j)) ? 0 : 1))
      const dates = sumOver(rows, i => (Number.isNaN(xs[i]) && !isMissing(text(i, j)) && isDate(text(i, j)) ? 1 : 0))
      return present === 0 ? 'empty' : type !== 'numbers' ? type : 2 * dates > present ? 'dates' : 'text'
    }
    const isWhole = xs.every(Number.isInteger)
    const different = isWhole ? new Set(xs).size : Infinity
    return isNamed[j]
      ? ROW_NUMBER_NAME_PATTERN.test(names[j]) && different === xs.length
        ? 'row numbers'
        : LABEL_NAME_PATTERN.test(names[j]) && 2 * different <= xs.length
          ? 'labels'
          : null
      : table.hasHeader && j === 0 && (xs[0] === 0 || xs[0] === 1) && xs.every((x, i) => x === xs[0] + i)
        ? 'row numbers'
        : null
  }

/** Other meanings that a column taken by default may have. */
const columnDoubts =
  (table: CellGrid, { weights }: CsvOptions) =>
  (j: number): ReadonlyArray<Doubtful> => {
    const name = table.names[j]
    const xs = gridColumn(table, j)
    const different = xs.every(Number.isInteger) ? new Set(xs).size : Infinity
    return weights === undefined && table.isNamed[j] && WEIGHT_NAME_PATTERN.test(name) && xs.every(x => x >= 0)
      ? [{ name, why: 'weights' }]
      : different > 1 && different <= 10 && xs.length >= 10 * different
        ? [{ name, why: 'labels' }]
        : []
  }

interface ChosenColumns {
  readonly columns: ReadonlyArray<number>
  readonly ignored: ReadonlyArray<Ignored>
  readonly doubtful: ReadonlyArray<Doubtful>
}

/** Numeric columns without a reason to ignore them; a problem if there are none. */
const chooseDefaultColumns = (
  table: CellGrid,
  options: CsvOptions,
  weights: number | undefined,
  excluded: ReadonlyArray<number>
): Either.Either<DataError, ChosenColumns> => {
  const { names } = table
  const all = names.flatMap((name, j) =>
    j === weights ? [] : [{ j, name, why: excluded.includes(j) ? ('excluded' as const) : reasonIgnored(table)(j) }]
  )
  const columns = all.flatMap(({ j, why }) => (why === null ? [j] : []))
  const ignored = all.flatMap(({ name, why }) => (why === null ? [] : [{ name, why }]))
  const others = all.filter(({ why }) => why !== 'excluded')
  const passedOver = ignored.find(({ why }) => why === 'row numbers' || why === 'labels')
  return columns.length > 0
    ? Either.right({ columns, ignored, doubtful: columns.flatMap(columnDoubts(table, options)) })
    : passedOver !== undefined
      ? fail('columns', `${passedOver.name} alone, which holds ${passedOver.why},`, 'a column of measurements', [
          'if it is one, name it with ',
          Problem.named('columns')
        ])
      : fail(
          'columns',
          others.length === 0 ? 'nothing but what is excluded' : listedNames(others.map(({ name }) => name)),
          'a list with a column of numbers',
          table.types === undefined
            ? ['write numbers as 1.5 or 2e3; if cells are separated otherwise, ', Problem.set('delimiter')]
            : 'write some as numbers'
        )
}

/** Requested columns without those excluded; rejects repeats and the weights. */
const chooseRequestedColumns = (
  table: CellGrid,
  requested: ReadonlyArray<string | number>,
  weights: number | undefined,
  excluded: ReadonlyArray<number>
): Either.Either<DataError, ChosenColumns> =>
  pipe(
    requested,
    Either.traverseArray((wanted: string | number) =>
      pipe(
        resolveColumns(table)('columns', wanted),
        Either.map(found => found.filter(j => !excluded.includes(j)).map(j => ({ wanted, j })))
      )
    ),
    Either.chain(found => {
      const all = found.flat()
      const columns = all.map(({ j }) => j)
      const again = columns.findIndex((j, i) => columns.indexOf(j) < i)
      const { names } = table
      return columns.length === 0
        ? fail('exclude', 'all of the columns', 'some of them', 'leave one to learn from')
        : again >= 0
          ? fail(
              'columns',
              `${all[columns.indexOf(columns[again])].wanted} and ${all[again].wanted}`,
              `two columns but one (${names[columns[again]]})`,
              'name each column once'
            )
          : weights !== undefined && columns.includes(weights)
            ? fail('columns', names[weights], 'a column beside the weights', 'leave it out, or the weights')
            : Either.right({
                columns,
                ignored: names.flatMap((name, j) =>
                  columns.includes(j) || j === weights ? [] : [{ name, why: 'not asked for' as const }]
                ),
                doubtful: []
              })
    })
  )

const chooseColumns = (
  table: CellGrid,
  options: CsvOptions,
  weights: number | undefined
): Either.Either<DataError, ChosenColumns> =>
  pipe(
    [
      ...(options.exclude ?? []).map(wanted => resolveColumns(table)('exclude', wanted)),
      ...(options.keep?.columns ?? []).map(wanted => resolveColumns(table)('keep', wanted)),
      ...(options.errors ?? []).map(wanted => resolveColumns(table)('errors', wanted))
    ],
    Either.sequenceArray,
    Either.chain(found =>
      options.columns === undefined
        ? chooseDefaultColumns(table, options, weights, found.flat())
        : options.columns.length === 0
          ? fail('columns', 'an empty list', 'at least one column', `choose from ${listedNames(table.names)}`)
          : chooseRequestedColumns(table, options.columns, weights, found.flat())
    ),
    Either.filterOrElse(
      ({ columns }) => nonNumericColumn(table, columns, weights) === undefined,
      ({ columns }) => {
        const j = nonNumericColumn(table, columns, weights) ?? 0
        return Problem.of(
          j === weights ? 'weights' : 'columns',
          table.names[j],
          `a column of numbers but one of ${{ numbers: 'numbers', text: 'text', dates: 'dates', nested: 'lists or records' }[table.types?.[j] ?? 'text']}`,
          'name another, or write it as one of numbers'
        )
      }
    )
  )

/** First column used whose type is not numbers; undefined if there is none. */
const nonNumericColumn = (
  { types = [] }: CellGrid,
  columns: ReadonlyArray<number>,
  weights: number | undefined
): number | undefined =>
  [...columns, ...(weights === undefined ? [] : [weights])].find(j => (types[j] ?? 'numbers') !== 'numbers')

/** True for a number with a decimal point, which the grid cannot read if the mark is a comma. */
const hasDecimalPoint = (cell: string): boolean => cellKind(cell) === 'number' && cell.includes('.')

/** True for a whole number of a typed column beyond 2^53 (texts are rounded instead). */
const exceedsDoubles = (cell: string): boolean => cellKind(cell) === 'number' && !hasDecimalPoint(cell)

const cellRemedy = (cell: string, decimal: CsvOptions['decimal']): ReadonlyArray<string | Problem.Part> =>
  hasDecimalPoint(cell)
    ? [
        `write it as ${cell.trim().replace('.', ',')} if its point stands before decimals, and so all such cells (1.125 is 1125 here); `,
        'else leave the point out'
      ]
    : exceedsDoubles(cell)
      ? ['if it is an identifier, leave the column out with ', Problem.named('exclude'), '; else write it as a double']
      : isMissing(cell)
        ? [
            ...['fill it in, or ', Problem.set('missing', 'drop'), ' to leave out rows with missing cells, or '],
            ...[Problem.set('missing', 'keep'), ' to learn from the observed cells']
          ]
        : decimal === ',' && cellKind(cell) === 'almost'
          ? ['write it with a decimal comma, such as 1234,5']
          : hasDecimalComma(cell.trim())
            ? [Problem.set('decimal', ','), ' if the comma stands before decimals, or write numbers as 1234.5']
            : cellKind(cell) === 'almost'
              ? [
                  `write it as a decimal number, such as ${readNumber(withoutNumberFormat(cell.trim())) || '1.5 or 2e3'}`
                ]
              : ['correct it, or choose the columns of numbers with ', Problem.named('columns')]

export const ALL_ROWS_MISSING = Problem.of('rows', 'none without a missing cell', 'at least one row', [
  'choose fuller columns with ',
  Problem.named('columns')
])

const numberAt = ({ names, numbers }: CellGrid, i: number, j: number): number => numbers[i * names.length + j]

const cellName = ({ names, hasHeader }: CellGrid, i: number, j: number): string =>
  `row ${i + 1}, column ${j + 1}${hasHeader ? ` (${names[j]})` : ''}`

/** Problem of the first cell that is neither a number nor an allowed missing cell; null if there is none. */
const invalidCellProblem = (
  grid: CellGrid,
  used: ReadonlyArray<number>,
  { missing = 'refuse', decimal }: CsvOptions
): Either.Either<DataError, never> | null => {
  const { rows, text } = grid
  const isFault = (i: number, j: number): boolean =>
    Number.isNaN(numberAt(grid, i, j)) && (missing === 'refuse' || !isMissing(text(i, j)))
  const badRow = firstIndexWhere(rows, i => used.some(j => isFault(i, j)))
  if (badRow < 0) return null
  const column = Math.min(...used.filter(j => isFault(badRow, j)))
  const cell = text(badRow, column)
  const alike = sumOver(rows, i => used.filter(j => isFault(i, j) && isMissing(text(i, j)) === isMissing(cell)).length)
  return fail(
    cellName(grid, badRow, column),
    cell.trim() === '' ? 'an empty cell' : cell.trim(),
    exceedsDoubles(cell)
      ? 'a whole number up to 2^53, which doubles hold'
      : hasDecimalPoint(cell)
        ? 'a number with a decimal comma, its thousands separated by points'
        : 'a finite number',
    [...cellRemedy(cell, decimal), moreLikeThis(alike)]
  )
}

const negativeWeightProblem = (grid: CellGrid, weights: number): Either.Either<DataError, never> | null => {
  const isNegative = (i: number): boolean => numberAt(grid, i, weights) < 0
  const negative = firstIndexWhere(grid.rows, isNegative)
  return negative < 0
    ? null
    : fail(
        cellName(grid, negative, weights),
        numberAt(grid, negative, weights),
        'a weight ≥ 0',
        `give it 0 to leave the row out${moreLikeThis(sumOver(grid.rows, i => (isNegative(i) ? 1 : 0)))}`
      )
}

/** Reads the points of the chosen columns, and drops rows with missing cells if `missing` is `drop`. */
const extractPoints = (
  grid: CellGrid,
  { columns, ignored, doubtful }: ChosenColumns,
  weights: number | undefined,
  options: CsvOptions
): Either.Either<DataError, Table> => {
  const { names, rows, numbers } = grid
  const { missing = 'refuse' } = options
  const used = weights === undefined ? columns : [...columns, weights]
  const wrong =
    invalidCellProblem(grid, used, options) ?? (weights === undefined ? null : negativeWeightProblem(grid, weights))
  if (wrong !== null) return wrong
  const needed = missing !== 'keep' ? used : weights === undefined ? [] : [weights]
  const kept = new Uint32Array(rows)
    .map((_, i) => i)
    .filter(i => needed.every(j => !Number.isNaN(numberAt(grid, i, j))))
  if (kept.length === 0) return Either.left(ALL_ROWS_MISSING)
  const dim = columns.length
  const isAll = kept.length === rows && dim === names.length && columns.every((column, j) => column === j)
  const values = isAll
    ? numbers
    : tabulate(kept.length * dim, k => numberAt(grid, kept[Math.floor(k / dim)], columns[k % dim]))
  return pipe(
    validate({
      rows: kept.length,
      dim,
      // each NaN is a missing cell that is kept, since all others were rejected above
      values: missing === 'keep' ? values.map(x => (Number.isNaN(x) ? 0 : x)) : values,
      ...(weights === undefined ? {} : { weights: tabulate(kept.length, i => numberAt(grid, kept[i], weights)) })
    }),
    Either.map(points => ({
      points: { ...points, values },
      columns: columns.map(j => names[j]),
      rowNumbers: kept.map(i => i + 1),
      dropped: rows - kept.length,
      ignored,
      doubtful
    }))
  )
}

/** Adds the errors of the rows from their columns of standard deviations. */
const withMeasurementErrors =
  (grid: CellGrid, { errors: requested }: CsvOptions) =>
  (table: Table): Either.Either<DataError, Table> => {
    if (requested === undefined) return Either.right(table)
    const { points, columns, rowNumbers } = table
    const { names, numbers, text } = grid
    return pipe(
      requested,
      Either.traverseArray((wanted: string | number) => resolveColumns(grid)('errors', wanted)),
      Either.map(found => found.flat()),
      Either.filterOrElse(
        found => found.length === columns.length,
        found =>
          Problem.of(
            'errors',
            listedNames(found.map(j => names[j])),
            `${pluralized(columns.length, 'column')}, one for each of ${listedNames(columns)}`,
            ['give one for each, in this order, or choose with ', Problem.named('columns')]
          )
      ),
      Either.flatMap(found => {
        // the error of a missing cell is not read
        const at = (i: number, c: number): number =>
          Number.isNaN(points.values[i * points.dim + c]) ? 0 : numbers[(rowNumbers[i] - 1) * names.length + found[c]]
        const isWrong = (e: number): boolean => !(e >= 0 && e < Infinity)
        const sds = Array.from({ length: points.rows }, (_, i) => columns.map((_, c) => at(i, c)))
        const wrong = sds.findIndex(row => row.some(isWrong))
        if (wrong < 0)
          return pipe(
            points,
            withErrors(sds),
            Either.map(points => ({ ...table, points }))
          )
        const c = sds[wrong].findIndex(isWrong)
        const j = found[c]
        return fail(
          `row ${rowNumbers[wrong]}, column ${j + 1} (${names[j]})`,
          Number.isNaN(at(wrong, c)) ? text(rowNumbers[wrong] - 1, j).trim() || 'an empty cell' : at(wrong, c),
          'a standard deviation ≥ 0',
          'give it 0 where the row is exact'
        )
      })
    )
  }

/** Adds the columns that `keep` requests, columns that look like classes, and a column of row names. */
const withKeptColumns =
  (table: CellGrid, { keep }: CsvOptions) =>
  (read: Table): Either.Either<DataError, Table> => {
    if (keep === undefined) return Either.right(read)
    const { names, numbers } = table
    const cellsOf = (j: number): Kept => ({
      name: names[j],
      cells: Array.from(read.rowNumbers, row => {
        const x = numbers[(row - 1) * names.length + j]
        return Number.isNaN(x) ? table.text(row - 1, j).trim() : String(x)
      })
    })
    const naming = read.ignored
      .filter(({ why }) => why === 'text')
      .map(({ name }) => cellsOf(names.indexOf(name)))
      .find(({ cells }) => cells.length > 1 && !cells.includes('') && new Set(cells).size === cells.length)
    return pipe(
      keep.columns,
      Either.traverseArray((wanted: string | number) => resolveColumn(table)('keep', wanted)),
      Either.map(named => ({
        ...read,
        ...(naming !== undefined && { rowNames: naming }),
        kept: [
          ...named.map(cellsOf),
          ...read.ignored
            .filter(({ why }) => why !== 'empty' && why !== 'dates' && why !== 'nested' && why !== 'row numbers')
            .map(({ name }) => names.indexOf(name))
            .filter(j => !named.includes(j))
            .map(cellsOf)
            .filter(({ cells }) => {
              const different = new Set(cells).size
              return different > 1 && different <= keep.classes && 2 * different <= cells.length
            })
        ]
      }))
    )
  }

/** Rejects a grid without rows, or with repeated names. */
export const requireNamedRows = (grid: CellGrid): Either.Either<DataError, CellGrid> => {
  const { names, rows } = grid
  const firsts = new Map(names.map((name, j): [string, number] => [name, j]).reverse())
  const repeated = names.findIndex((name, j) => (firsts.get(name) ?? j) < j)
  return rows === 0
    ? fail('text', 'a header alone', 'a table', 'give at least one row of numbers')
    : repeated >= 0
      ? fail(
          `header, column ${repeated + 1}`,
          names[repeated],
          'a name of its own',
          `rename it: column ${names.indexOf(names[repeated]) + 1} has the same`
        )
      : Either.right(grid)
}

/** Chooses the columns of a grid and reads their points. */
export const gridToTable =
  (options: CsvOptions) =>
  (grid: CellGrid): Either.Either<DataError, Table> =>
    pipe(
      options.weights === undefined ? Either.right(undefined) : resolveColumn(grid)('weights', options.weights),
      Either.bindTo('weights'),
      Either.bind('chosen', ({ weights }) => chooseColumns(grid, options, weights)),
      Either.chain(({ chosen, weights }) =>
        pipe(
          extractPoints(grid, chosen, weights, options),
          Either.chain(withMeasurementErrors(grid, options)),
          Either.chain(withKeptColumns(grid, options))
        )
      ),
      Either.mapLeft(withRowName(row => gridRowName(grid, row - 1)))
    )

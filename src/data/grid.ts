/**
 * Tables as they come, of whatever format: which columns are taken, and what stands in them.
 *
 * In messages rows and columns are counted from 1, as in a spreadsheet.
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
   * Whether the first row holds names. `'auto'`, the default: it does when a cell of it is not a number. What could be
   * either is refused: numbers and words where no word stands over numbers, and numbers that count the columns or the
   * years (`0,1,2`, `2019,2020`) over numbers of another kind.
   */
  readonly header?: boolean | 'auto'
  /**
   * The columns to take, by name or by position from 1, in this order; a text that is no name but a number is a position,
   * and `2-5` stands for the positions 2 to 5, `2-` for all from 2 on. The default is every column of numbers but the weights' and those that by their names number or label the rows
   * (see `Ignored`). A column is one of numbers when at least half of its cells that are not missing are numbers or
   * misspelt ones; then a cell that is not is an error, and does not silently cost the column.
   */
  readonly columns?: ReadonlyArray<string | number>
  /** Columns that are not taken, written as those of `columns`, and out of those where they are given too. */
  readonly exclude?: ReadonlyArray<string | number>
  /** Columns that are kept beside the points as they are written; nothing unless given. */
  readonly keep?: {
    /** By name or position; they are not taken. */
    readonly columns: ReadonlyArray<string | number>
    /** Ignored columns of at least two different cells, but no more than this: classes, by the looks of them. */
    readonly classes: number
  }
  /** The column of weights, by name or position. */
  readonly weights?: string | number
  /** The columns of the standard deviations of errors, one for each column that is taken, in their order, by name or position: see `Points.withErrors`. */
  readonly errors?: ReadonlyArray<string | number>
  /**
   * What to do with a row with a missing cell in a column that is taken: one that is empty, or says `NA`, `#N/A`, `<NA>`,
   * `n.a.`, `NaN`, `None`, `null`, `nil`, `missing`, `?`, `.` or a dash, however capitalized. `keep` leaves NaN in such a cell,
   * which `fit(points, { missing: 'em' })` and `Mixture`'s densities take, and nothing else.
   */
  readonly missing?: 'refuse' | 'drop' | 'keep'
  /** What separates cells; found out from the text when absent: a tab, a semicolon or a comma. */
  readonly delimiter?: string
  /** What stands before the decimals, `.` unless given; with `,`, a point separates thousands: 1.234,5 is 1234.5, and 1.5 is refused. */
  readonly decimal?: '.' | ','
  /** So many lines at the top are no part of the table; 0 unless given. */
  readonly skip?: number
  /** A character that begins lines that are no part of the table. */
  readonly comment?: string
  /** Cells that are missing beside those that `missing` lists, such as `-999`; compared without the blanks around them. */
  readonly na?: ReadonlyArray<string>
}

/** A column that is not taken. */
export interface Ignored {
  readonly name: string
  /**
   * Why: `words`, `dates`, `nested` (lists and records of a file of typed columns), `empty`; `row numbers` of a nameless column or an `id`; `labels`, whole numbers under `class`,
   * `label`, `target`, `cluster` and the like; `of ornstein assign`, which writes such columns; `excluded` by name; `constant`, the same
   * number in every row, which `fit` leaves out; or `not asked for`.
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

/** A column that is taken, and may be meant otherwise. */
export interface Doubtful {
  readonly name: string
  /** Few different whole numbers may be labels; a column called `weight` or `count` may be one of weights. */
  readonly why: 'labels' | 'weights'
}

/** Points read from a table, and what was left behind. */
export interface Table {
  readonly points: Points
  /** The names of the columns taken, one for each dimension; `column 3` where there is no name. */
  readonly columns: ReadonlyArray<string>
  /** The number in the table, from 1, of each of the points' rows. */
  readonly rowNumbers: Uint32Array
  /** How many rows were dropped for a missing cell. */
  readonly dropped: number
  /** The columns not taken; the weights' is neither here nor in `columns`. */
  readonly ignored: ReadonlyArray<Ignored>
  /** Of the columns taken alone, those that may be meant otherwise. */
  readonly doubtful: ReadonlyArray<Doubtful>
  /** What `keep` asked for: first the columns it names, then classes. */
  readonly kept?: ReadonlyArray<Kept>
  /** Of the columns that are not used the first whose words differ in every row: it names the rows. Told where `keep` was asked for. */
  readonly rowNames?: Kept
}

/** A column as it is written. */
export interface Kept {
  readonly name: string
  /** One for each of the points' rows. */
  readonly cells: ReadonlyArray<string>
}

/** Cells under names; all rows are of the same length. */
export interface CellGrid {
  readonly names: ReadonlyArray<string>
  readonly isNamed: ReadonlyArray<boolean>
  readonly hasHeader: boolean
  readonly rows: number
  /** The text of a cell that is not a number. */
  readonly text: (row: number, column: number) => string
  /** Row-major; NaN for a cell that is not a number. */
  readonly numbers: Float64Array
  /** What the columns hold, where the format says it; else their cells do. */
  readonly types?: ReadonlyArray<Type>
  /** The file that it is a part of, where a table has several; and what a row is called, which is counted from 0. */
  readonly file?: string
  readonly rowName?: (row: number) => string
}

/** What a row of a grid is called. */
export const gridRowName = ({ rowName = row => `row ${row + 1}` }: CellGrid, row: number): string => rowName(row)

/** So many names as are read. */
const listedNames = (names: ReadonlyArray<string>): string =>
  names.length > 30 ? `${names.slice(0, 30).join(', ')}, … (${names.length} in all)` : names.join(', ')

/** The names of columns that can be used; all where none can. */
const usableColumnNames = (table: CellGrid): ReadonlyArray<string> => {
  const found = table.names.filter((_, j) => reasonIgnored(table)(j) === null)
  return found.length > 0 ? found : table.names
}

/** The position, from 0, of a column by name or by position from 1. */
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

/** The positions, from 0, that a name, a position or a range of positions stands for. */
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

const ROW_NUMBER_COLUMN_NAMES = /^(id|index|row|row[ _.-]?(id|name|number|no|nr)s?|nr\.?|#|unnamed: 0|.*[ _.-]id)$/i
const LABEL_COLUMN_NAMES = /^((class|label|target|cluster|group)(es|s)?|species|categor(y|ies)|ground[ _.-]?truth)$/i
const WEIGHT_COLUMN_NAMES = /^(weights?|wt|w|freq(uency|uencies)?|counts?)$/i
/** What `ornstein assign` adds to a table. */
export const ASSIGN_COLUMN_NAMES = ['component', 'probability', 'uncertainty', 'log density', 'outlier'] as const

/** What it adds in place of the first, where components are merged. */
export const CLUSTER_COLUMN_NAME = 'cluster'

/** Whether a column is one of those, which all stand there; a name that was taken has `_` after it. */
const isAssigned = (names: ReadonlyArray<string>, j: number): boolean => {
  const plain = names.map(name => name.replace(/_+$/, ''))
  const [first, ...rest] = ASSIGN_COLUMN_NAMES
  return [first, CLUSTER_COLUMN_NAME]
    .map(one => [one, ...rest])
    .some(all => all.some(name => plain.lastIndexOf(name) === j) && all.every(name => plain.includes(name)))
}

const isDate = (cell: string): boolean => /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]|$)/.test(cell.trim().slice(0, 20))

/** Why a column is not taken alone; null: it is. */
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
      ? ROW_NUMBER_COLUMN_NAMES.test(names[j]) && different === xs.length
        ? 'row numbers'
        : LABEL_COLUMN_NAMES.test(names[j]) && 2 * different <= xs.length
          ? 'labels'
          : null
      : table.hasHeader && j === 0 && (xs[0] === 0 || xs[0] === 1) && xs.every((x, i) => x === xs[0] + i)
        ? 'row numbers'
        : null
  }

/** Why a column that is taken alone may be meant otherwise. */
const columnDoubts =
  (table: CellGrid, { weights }: CsvOptions) =>
  (j: number): ReadonlyArray<Doubtful> => {
    const name = table.names[j]
    const xs = gridColumn(table, j)
    const different = xs.every(Number.isInteger) ? new Set(xs).size : Infinity
    return weights === undefined && table.isNamed[j] && WEIGHT_COLUMN_NAMES.test(name) && xs.every(x => x >= 0)
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

const automaticColumns = (
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

const requestedColumns = (
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

const chosenColumns = (
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
        ? automaticColumns(table, options, weights, found.flat())
        : options.columns.length === 0
          ? fail('columns', 'an empty list', 'at least one column', `choose from ${listedNames(table.names)}`)
          : requestedColumns(table, options.columns, weights, found.flat())
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

/** A column that is used and by its type is none of numbers. */
const nonNumericColumn = (
  { types = [] }: CellGrid,
  columns: ReadonlyArray<number>,
  weights: number | undefined
): number | undefined =>
  [...columns, ...(weights === undefined ? [] : [weights])].find(j => (types[j] ?? 'numbers') !== 'numbers')

/** A number with a point that beside decimal commas separates no thousands. */
const hasDecimalPoint = (cell: string): boolean => cellKind(cell) === 'number' && cell.includes('.')

/** A whole number that no double holds is no number of a column that holds such; a text of digits is rounded as all are. */
const exceedsDoubles = (cell: string): boolean => cellKind(cell) === 'number' && !hasDecimalPoint(cell)

/** What to do about a cell that is not a number. */
const cellRemedy = (cell: string, hasCommas: boolean): ReadonlyArray<string | Problem.Part> =>
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
        : hasCommas && cellKind(cell) === 'almost'
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

const extractPoints = (
  { names, hasHeader, rows, text, numbers }: CellGrid,
  { columns, ignored, doubtful }: ChosenColumns,
  weights: number | undefined,
  { missing = 'refuse', decimal }: CsvOptions
): Either.Either<DataError, Table> => {
  const width = names.length
  const at = (i: number, j: number): number => numbers[i * width + j]
  const place = (i: number, j: number): string => `row ${i + 1}, column ${j + 1}${hasHeader ? ` (${names[j]})` : ''}`
  const used = weights === undefined ? columns : [...columns, weights]
  const isFault = (i: number, j: number): boolean =>
    Number.isNaN(at(i, j)) && (missing === 'refuse' || !isMissing(text(i, j)))

  const badRow = firstIndexWhere(rows, i => used.some(j => isFault(i, j)))
  if (badRow >= 0) {
    const column = Math.min(...used.filter(j => isFault(badRow, j)))
    const cell = text(badRow, column)
    const alike = sumOver(
      rows,
      i => used.filter(j => isFault(i, j) && isMissing(text(i, j)) === isMissing(cell)).length
    )
    return fail(
      place(badRow, column),
      cell.trim() === '' ? 'an empty cell' : cell.trim(),
      exceedsDoubles(cell)
        ? 'a whole number up to 2^53, which doubles hold'
        : hasDecimalPoint(cell)
          ? 'a number with a decimal comma, its thousands separated by points'
          : 'a finite number',
      [...cellRemedy(cell, decimal === ','), moreLikeThis(alike)]
    )
  }
  if (weights !== undefined) {
    const isNegative = (i: number): boolean => at(i, weights) < 0
    const negative = firstIndexWhere(rows, isNegative)
    if (negative >= 0)
      return fail(
        place(negative, weights),
        at(negative, weights),
        'a weight ≥ 0',
        `give it 0 to leave the row out${moreLikeThis(sumOver(rows, i => (isNegative(i) ? 1 : 0)))}`
      )
  }
  const needed = missing !== 'keep' ? used : weights === undefined ? [] : [weights]
  const kept = new Uint32Array(rows).map((_, i) => i).filter(i => needed.every(j => !Number.isNaN(at(i, j))))
  if (kept.length === 0) return Either.left(ALL_ROWS_MISSING)
  const dim = columns.length
  const isAll = kept.length === rows && dim === width && columns.every((column, j) => column === j)
  const values = isAll ? numbers : tabulate(kept.length * dim, k => at(kept[Math.floor(k / dim)], columns[k % dim]))
  return pipe(
    validate({
      rows: kept.length,
      dim,
      // Each NaN is a missing cell that is to be kept: all else has been refused.
      values: missing === 'keep' ? values.map(x => (Number.isNaN(x) ? 0 : x)) : values,
      ...(weights === undefined ? {} : { weights: tabulate(kept.length, i => at(kept[i], weights)) })
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

/** The table with the errors of its rows, whose standard deviations stand in columns of their own. */
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
        // Of a cell that is missing no error is known, and none is asked for.
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

/** Beside the points, what was asked to be kept. */
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

/** A table that has rows, under names of their own. */
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

/** The table that a grid comes to. */
export const gridToTable =
  (options: CsvOptions) =>
  (grid: CellGrid): Either.Either<DataError, Table> =>
    pipe(
      options.weights === undefined ? Either.right(undefined) : resolveColumn(grid)('weights', options.weights),
      Either.bindTo('weights'),
      Either.bind('chosen', ({ weights }) => chosenColumns(grid, options, weights)),
      Either.chain(({ chosen, weights }) =>
        pipe(
          extractPoints(grid, chosen, weights, options),
          Either.chain(withMeasurementErrors(grid, options)),
          Either.chain(withKeptColumns(grid, options))
        )
      ),
      Either.mapLeft(withRowName(row => gridRowName(grid, row - 1)))
    )

/** Rows of a table for a fit, in the units of learning, and for a report. */
import * as Key from '../../lib/random/key.js'
import * as Points from '../data/index.js'
import * as Source from '../data/source/index.js'
import * as TrainingData from '../fit/trainingData.js'
import * as Missing from '../mixture/em/missing.js'
import type { Findings } from '../report/findings.js'

export interface TableRows extends Omit<Points.Table, 'points' | 'rowNumbers'> {
  readonly data: Source.Data
  /** Number of rows left out because all their cells are missing. */
  readonly empty: number
  /** Number of each row in the table, from 1; null for a source, numbered in order. */
  readonly rowNumbers: Uint32Array | null
}

/** Rows of a table in memory that count. */
export const learningRows = ({ points, ...table }: Points.Table): TableRows =>
  withoutIgnoredRows({ ...table, data: points, empty: 0 })
/** Rows of a source that count. */
export const learningRowsOfSource = ({ source, ...table }: Source.SourceTable): TableRows =>
  withoutIgnoredRows({ ...table, data: source, empty: 0, rowNumbers: null })

/** Leaves out rows of weight 0 and rows without cells, unless all are. */
const withoutIgnoredRows = (table: TableRows): TableRows => {
  const data = Source.onlyCountedRows(table.data)
  if (data === table.data || data.rows === 0) return table
  const weighted = positionsWhere(table.data, ({ weights }, row) => weights?.[row] !== 0)
  return {
    ...table,
    ...rowLabelsAt(positionsWhere(table.data, Source.rowCounts), table),
    data,
    empty: table.empty + weighted.length - data.rows
  }
}

/** Positions of the rows that satisfy a predicate, from 0. */
const positionsWhere = (data: Source.Data, predicate: typeof Source.rowCounts): ReadonlyArray<number> =>
  // Each piece is tested before the next is read.
  Array.from(Source.pieces(Source.asSource(data)), piece =>
    Array.from({ length: piece.rows }, (_, row) => predicate(piece, row))
  )
    .flat()
    .flatMap((isSuch, position) => (isSuch ? [position] : []))

type RowLabels = Pick<Points.Table, 'rowNumbers' | 'rowNames' | 'kept'>

/** Numbers, names and kept cells of the rows at the given positions, from 0. */
const rowLabelsAt = (
  positions: ReadonlyArray<number>,
  { rowNumbers, rowNames, kept = [] }: Pick<TableRows, keyof RowLabels>
): RowLabels => {
  const at = ({ name, cells }: Points.Kept): Points.Kept => ({ name, cells: positions.map(row => cells[row]) })
  return {
    rowNumbers: Uint32Array.from(positions, row => rowNumbers?.[row] ?? row + 1),
    ...(rowNames !== undefined && { rowNames: at(rowNames) }),
    kept: kept.map(at)
  }
}

/** Selects the rows at the given positions, from 0. */
export const tableRowsAt =
  (positions: ReadonlyArray<number>) =>
  (table: Points.Table): Points.Table => ({
    ...table,
    points: Points.select(positions)(table.points),
    ...rowLabelsAt(positions, table)
  })

/** Leaves out constant columns, unless all are. */
export const withoutConstantColumns = (table: TableRows): TableRows => {
  const { data, columns, ignored, doubtful } = table
  const varying = TrainingData.nonConstantColumns(data)
  if (varying.length === columns.length) return table
  const constant = columns.filter((_, j) => !varying.includes(j))
  return withoutIgnoredRows({
    ...table,
    data: Source.columns(varying)(data),
    columns: varying.map(j => columns[j]),
    ignored: [...ignored, ...constant.map(name => ({ name, why: 'constant' as const }))],
    doubtful: doubtful.filter(({ name }) => !constant.includes(name))
  })
}

// Cached by the rows, which do not change.
const standardizedCache = new WeakMap<Source.Data, TrainingData.StandardizedData>()
const storedCache = new WeakMap<Source.Data, TrainingData.TrainingData>()

const memoizedByData =
  <A>(cache: WeakMap<Source.Data, A>, compute: (data: Source.Data) => A) =>
  (data: Source.Data): A => {
    const result = cache.get(data) ?? compute(data)
    cache.set(data, result)
    return result
  }

/** Standardizes the columns. */
export const standardizedRows = memoizedByData(standardizedCache, TrainingData.standardizeColumns)

/** Those of a source are in a temporary file. */
const storedStandardizedRows = memoizedByData(storedCache, (data): TrainingData.TrainingData => {
  const standardized = standardizedRows(data)
  const { points, close } = Source.storedData(standardized.scaled)
  return { ...standardized, scaled: points, close }
})

/** Deletes the temporary file of the standardized rows, if there is one. */
export const releaseStored = (data: Source.Data): void => {
  storedCache.get(data)?.close()
  storedCache.delete(data)
}

/** Rows in the units of learning. */
export const trainingData = (
  data: Source.Data,
  { standardize }: { readonly standardize: boolean }
): TrainingData.TrainingData => (standardize ? storedStandardizedRows(data) : TrainingData.withoutScaling(data))

/** Maximum number of a source's rows in pictures and statements. */
const MAX_SHOWN_ROWS = 4000

/** Returns the rows that a report shows, all or random ones, with their numbers and names. */
export const shownRows = ({
  data,
  rowNumbers,
  rowNames
}: TableRows): Pick<Findings, 'points' | 'observed' | 'rowNumbers' | 'rowNames'> => {
  const positions =
    Source.isInMemory(data) || data.rows <= MAX_SHOWN_ROWS
      ? Uint32Array.from({ length: data.rows }, (_, i) => i)
      : Key.subset(data.rows, MAX_SHOWN_ROWS)(Key.fromSeed(0)).slice().sort()
  const points = Source.isInMemory(data) ? data : Source.selectedRows(positions)(data)
  const names = rowNames?.cells.length === points.rows ? rowNames.cells : null
  const numbers = Uint32Array.from(positions, row => rowNumbers?.[row] ?? row + 1)
  return { points: Missing.completed(points), observed: points, rowNumbers: numbers, rowNames: names }
}

/** The rows of a table as a fit learns from them: those that count, in which units, and which of them are looked at. */
import * as Key from '../../lib/random/key.js'
import * as Points from '../data/index.js'
import * as Source from '../data/source/index.js'
import * as TrainingData from '../fit/trainingData.js'
import * as Missing from '../mixture/em/missing.js'
import type { Findings } from '../report/findings.js'

/** A table to learn from, its rows in memory or not. */
export interface TableRows extends Omit<Points.Table, 'points' | 'rowNumbers'> {
  readonly data: Source.Data
  /** How many rows were left out that have no cells. */
  readonly empty: number
  /** The number of each row in the table; null of rows that are counted as they come. */
  readonly rowNumbers: Uint32Array | null
}

type RowLabels = Pick<Points.Table, 'rowNumbers' | 'rowNames' | 'kept'>

/** What belongs to the rows at some places, from 0. */
const labelsAt = (
  places: ReadonlyArray<number>,
  { rowNumbers, rowNames, kept = [] }: Pick<TableRows, keyof RowLabels>
): RowLabels => {
  const at = ({ name, cells }: Points.Kept): Points.Kept => ({ name, cells: places.map(place => cells[place]) })
  return {
    rowNumbers: Uint32Array.from(places, place => rowNumbers?.[place] ?? place + 1),
    ...(rowNames !== undefined && { rowNames: at(rowNames) }),
    kept: kept.map(at)
  }
}

/** The rows at some places, from 0, and what belongs to each. */
export const tableRowsAt =
  (places: ReadonlyArray<number>) =>
  (table: Points.Table): Points.Table => ({
    ...table,
    points: Points.select(places)(table.points),
    ...labelsAt(places, table)
  })

/** The places of the rows for which it holds. */
const positionsWhere = (data: Source.Data, holds: typeof Source.rowCounts): ReadonlyArray<number> =>
  // A piece goes before the next is read.
  Array.from(Source.pieces(Source.asSource(data)), piece =>
    Array.from({ length: piece.rows }, (_, row) => holds(piece, row))
  )
    .flat()
    .flatMap((does, place) => (does ? [place] : []))

/** The rows that count: those of weight 0 and those without cells are left out, unless all are. */
const withoutIgnoredRows = (table: TableRows): TableRows => {
  const data = Source.onlyCountedRows(table.data)
  if (data === table.data || data.rows === 0) return table
  const weighing = positionsWhere(table.data, ({ weights }, row) => weights?.[row] !== 0)
  return {
    ...table,
    ...labelsAt(positionsWhere(table.data, Source.rowCounts), table),
    data,
    empty: table.empty + weighing.length - data.rows
  }
}

/** A table to learn from, its rows in memory or not. */
export const learningRows = ({ points, ...table }: Points.Table): TableRows =>
  withoutIgnoredRows({ ...table, data: points, empty: 0 })
export const learningRowsOfSource = ({ source, ...table }: Source.SourceTable): TableRows =>
  withoutIgnoredRows({ ...table, data: source, empty: 0, rowNumbers: null })

/** The table without columns that are the same in every row, unless all are. */
export const withoutConstantColumns = (table: TableRows): TableRows => {
  const { data, columns, ignored, doubtful } = table
  const places = TrainingData.nonConstantColumns(data)
  if (places.length === columns.length) return table
  const left = columns.filter((_, j) => !places.includes(j))
  return withoutIgnoredRows({
    ...table,
    data: Source.columns(places)(data),
    columns: places.map(j => columns[j]),
    ignored: [...ignored, ...left.map(name => ({ name, why: 'constant' as const }))],
    doubtful: doubtful.filter(({ name }) => !left.includes(name))
  })
}
// Rows that were read do not change.
const standardizedCache = new WeakMap<Source.Data, TrainingData.StandardizedData>()
const storedCache = new WeakMap<Source.Data, TrainingData.TrainingData>()

const memoizedByData =
  <A>(known: WeakMap<Source.Data, A>, compute: (own: Source.Data) => A) =>
  (own: Source.Data): A => {
    const found = known.get(own) ?? compute(own)
    known.set(own, found)
    return found
  }

/** The rows in units of their own spread. */
export const standardizedRows = memoizedByData(standardizedCache, TrainingData.standardizeColumns)

/** The same, of a source written beside it: passes over its rows are many. */
const standardizedOnDisk = memoizedByData(storedCache, (own): TrainingData.TrainingData => {
  const data = standardizedRows(own)
  const { points, close } = Source.storedData(data.scaled)
  return { ...data, scaled: points, close }
})

/** Gives back what was taken to bring rows there. */
export const releaseStored = (own: Source.Data): void => {
  storedCache.get(own)?.close()
  storedCache.delete(own)
}

/** The rows as they are learned from. */
export const trainingData = (data: Source.Data, standardize: boolean): TrainingData.TrainingData =>
  standardize ? standardizedOnDisk(data) : TrainingData.withoutScaling(data)

/** So many rows of a source are looked at, for pictures and for what is told of columns. */
const MAX_SHOWN_ROWS = 4000

/** Rows to look at, and their numbers in the table. */
export const shownRows = ({
  data,
  rowNumbers,
  rowNames
}: TableRows): Pick<Findings, 'points' | 'observed' | 'rowNumbers' | 'rowNames'> => {
  const places =
    Source.isInMemory(data) || data.rows <= MAX_SHOWN_ROWS
      ? Uint32Array.from({ length: data.rows }, (_, i) => i)
      : Key.subset(data.rows, MAX_SHOWN_ROWS)(Key.fromSeed(0)).slice().sort()
  const points = Source.isInMemory(data) ? data : Source.selectedRows(places)(data)
  const names = rowNames?.cells.length === points.rows ? rowNames.cells : null
  const numbers = Uint32Array.from(places, place => rowNumbers?.[place] ?? place + 1)
  return { points: Missing.completed(points), observed: points, rowNumbers: numbers, rowNames: names }
}

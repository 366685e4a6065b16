/** Points, and where they come from: the namespace `Points` of the language. */
export * from './points.js'
export { csvReader, csvTables, fromCsv, readCsv, withColumns, type CsvReader } from './csv.js'
export { type CsvOptions, type Doubtful, type Ignored, type Kept, type Table } from './grid.js'
export { arrowTables, parquetTables, readArrow, readParquet, type Slices } from './columnarTables.js'
export { readSpreadsheet } from './spreadsheet.js'
export { toCsv } from './tableSheet.js'

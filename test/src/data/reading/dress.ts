/**
 * Tables of known numbers, and the ways in which people save them.
 *
 * Written from the rules of reading alone, independently of the reader: a `TrueTable` is drawn, put into a `Dress`, and written as bytes.
 * `dressed` also returns what a reader must find: the numbers, names and missing cells, and whether it may refuse.
 */
import fc from 'fast-check'

/** Column of numbers, each `mantissa` · 10^−`decimals`; null is a missing cell. */
export interface TrueColumn {
  readonly name: string
  readonly decimals: number
  readonly mantissas: ReadonlyArray<number | null>
  /** True if people write thousands with separators here; false for years. */
  readonly isGrouped: boolean
}

export interface TrueTable {
  readonly columns: ReadonlyArray<TrueColumn>
  /** Column of words on the left; null if there is none. */
  readonly places: ReadonlyArray<string> | null
}

export type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252'

/** Text before and after each number of a column. */
export interface Affix {
  readonly before: string
  readonly after: string
}

/** Way in which a table is written. */
export interface Dress {
  readonly encoding: Encoding
  readonly hasBom: boolean
  readonly delimiter: string
  readonly quotes: 'needed' | 'all' | 'words'
  readonly lineEnd: string
  readonly saysSeparator: boolean
  readonly decimal: '.' | ','
  /** Separator of thousands; empty if there is none. */
  readonly group: string
  readonly minus: string
  /** True if negative numbers are written in parentheses, in columns of money. */
  readonly hasParentheses: boolean
  readonly plus: string
  /** Affix by column, repeated. */
  readonly affixes: ReadonlyArray<Affix>
  readonly titles: ReadonlyArray<string>
  readonly padsTitles: boolean
  readonly comments: ReadonlyArray<string>
  readonly hasUnitsLine: boolean
  readonly hasTrailingDelimiter: boolean
  readonly hasRowNames: boolean
  readonly hasShortRows: boolean
  readonly footer: ReadonlyArray<string>
  readonly total: 'none' | 'sum' | 'mean' | 'nearly'
  readonly hasEqualNames: boolean
  readonly hasYearNames: boolean
  readonly index: 'none' | 'ones' | 'steps'
  readonly hasEmptyColumn: boolean
  readonly hasEmptyRows: boolean
  readonly missing: string
  readonly sentinel: string | null
  /** Words that stand for missing cells, in at most a tenth of a column. */
  readonly word: string | null
}

export const PLAIN_DRESS: Dress = {
  encoding: 'utf-8',
  hasBom: false,
  delimiter: ',',
  quotes: 'needed',
  lineEnd: '\n',
  saysSeparator: false,
  decimal: '.',
  group: '',
  minus: '-',
  hasParentheses: false,
  plus: '',
  affixes: [{ before: '', after: '' }],
  titles: [],
  padsTitles: false,
  comments: [],
  hasUnitsLine: false,
  hasTrailingDelimiter: false,
  hasRowNames: false,
  hasShortRows: false,
  footer: [],
  total: 'none',
  hasEqualNames: false,
  hasYearNames: false,
  index: 'none',
  hasEmptyColumn: false,
  hasEmptyRows: false,
  missing: '',
  sentinel: null,
  word: null
}

/** What a reader must find in the bytes, or refuse. */
export interface ExpectedReading {
  /** Beginning of the name of each column of numbers. */
  readonly names: ReadonlyArray<string>
  /** One list per column; NaN is a missing cell. */
  readonly columns: ReadonlyArray<ReadonlyArray<number>>
  /** True if two readings of the bytes are plausible, so that a refusal is right. */
  readonly isAmbiguous: boolean
}

export interface DressedTable extends ExpectedReading {
  readonly bytes: Uint8Array
  readonly text: string
}

// -- tables ------------------------------------------------------------------------------------------------------------

const NAMES = ['weight', 'price', 'Größe', 'flow rate', 'O2', 'height_m', 'naïve score', 'depth']
const PLACES = ['Ulm', 'Bern', 'Oslo', 'Linz', 'Kyiv', 'Lund', 'Turin', 'Graz', 'Bonn', 'Riga', 'Porto', 'Essen']

/** Kinds of columns, some of which look like something else. */
const kinds = fc.constantFrom(
  { decimals: 2, low: 800, high: 2300, step: 1, isGrouped: true }, // 8.00 … 23.00
  { decimals: 2, low: 90_000, high: 220_000, step: 1, isGrouped: true }, // 900.00 … 2200.00
  { decimals: 1, low: -400, high: 400, step: 1, isGrouped: true },
  { decimals: 0, low: 1, high: 900, step: 1, isGrouped: true },
  { decimals: 0, low: 1000, high: 999_999, step: 1, isGrouped: true }, // groups such as 1,234
  { decimals: 0, low: 1_000_000, high: 30_000_000, step: 1, isGrouped: true },
  { decimals: 0, low: 1950, high: 2025, step: 1, isGrouped: false }, // years
  { decimals: 3, low: 1000, high: 99_999, step: 1, isGrouped: true }, // 1.000 … 99.999, as groups look
  { decimals: 3, low: 100, high: 999, step: 1, isGrouped: true }, // 0.100 … 0.999
  { decimals: 3, low: 1_000_000, high: 90_000_000, step: 1000, isGrouped: true }, // prices such as 4321.000
  { decimals: 5, low: -100_000, high: 100_000, step: 1, isGrouped: true }
)

const trueColumn = (rows: number, name: string): fc.Arbitrary<TrueColumn> =>
  fc.tuple(kinds, fc.boolean()).chain(([{ decimals, low, high, step, isGrouped }, hasMissing]) =>
    fc
      .array(
        fc.tuple(
          fc.integer({ min: Math.ceil(low / step), max: Math.floor(high / step) }),
          fc.integer({ min: 0, max: 14 })
        ),
        { minLength: rows, maxLength: rows }
      )
      .map(cells => ({
        name,
        decimals,
        isGrouped,
        mantissas: cells.map(([x, lot]) => (hasMissing && lot === 0 ? null : x * step))
      }))
  )

/**
 * A table that the rules decide: each column has distinct numbers that are no equal steps and few missing cells, and no row is without a
 * number, because empty rows are left out.
 */
const isFair = ({ columns }: TrueTable): boolean =>
  columns[0].mantissas.every((_, i) => columns.some(({ mantissas }) => mantissas[i] !== null)) &&
  columns.every(({ mantissas }) => {
    const present = mantissas.filter(x => x !== null)
    const steps = new Set(present.slice(1).map((x, i) => x - present[i]))
    return present.length > 0.8 * mantissas.length && new Set(present).size > 4 && steps.size > 2
  })

export const trueTables: fc.Arbitrary<TrueTable> = fc
  .record({
    rows: fc.integer({ min: 20, max: 40 }),
    names: fc.uniqueArray(fc.constantFrom(...NAMES), { minLength: 2, maxLength: 4 }),
    hasPlaces: fc.boolean()
  })
  .chain(({ rows, names, hasPlaces }) =>
    fc.record({
      columns: fc.tuple(...names.map(name => trueColumn(rows, name))),
      places: hasPlaces ? fc.array(fc.constantFrom(...PLACES), { minLength: rows, maxLength: rows }) : fc.constant(null)
    })
  )
  .filter(isFair)

// -- ways --------------------------------------------------------------------------------------------------------------

const some = <A>(...of: ReadonlyArray<A>): fc.Arbitrary<A> => fc.constantFrom(...of)
const NO_AFFIX: Affix = { before: '', after: '' }
const suffix = (after: string): Affix => ({ before: '', after })
const prefix = (before: string): Affix => ({ before, after: '' })

/** Each way of writing a table, alone. */
export const dressWays: Readonly<Record<string, fc.Arbitrary<Partial<Dress>>>> = {
  plain: fc.constant({}),
  bom: fc.constant({ hasBom: true }),
  utf16: fc.record({ encoding: some<Encoding>('utf-16le', 'utf-16be'), hasBom: fc.boolean() }),
  windows1252: fc.constant({ encoding: 'windows-1252' }),
  delimiter: fc.record({ delimiter: some(';', '\t', '|') }),
  blanks: fc.record({ delimiter: some(' ', '   '), missing: fc.constant('NA') }),
  lineEnds: fc.record({ lineEnd: some('\r\n', '\r') }),
  quotes: fc.record({ quotes: some('all' as const, 'words' as const) }),
  separatorLine: fc.record({ saysSeparator: fc.constant(true), delimiter: some(';', ',', '\t') }),
  decimalComma: fc.record({ decimal: fc.constant(',' as const), delimiter: some(';', '\t', ',') }),
  groups: fc.record({ group: some(',', "'", ' ', '\u00a0', '\u202f', '’') }),
  germanGroups: fc.record({
    decimal: fc.constant(',' as const),
    group: some('.', ' ', "'"),
    delimiter: some(';', '\t')
  }),
  currency: fc.record({
    affixes: some([prefix('$')], [suffix(' €')], [NO_AFFIX, prefix('£')], [suffix(' EUR'), NO_AFFIX], [prefix('CHF ')])
  }),
  percent: fc.record({ affixes: some([suffix('%')], [NO_AFFIX, suffix(' %')]) }),
  unit: fc.record({ affixes: some([suffix(' kg')], [suffix('kg'), NO_AFFIX], [suffix(' °C'), suffix(' mm')]) }),
  minus: fc.record({ minus: some('\u2212', '\u2013') }),
  plus: fc.constant({ plus: '+' }),
  parentheses: fc.record({ hasParentheses: fc.constant(true), affixes: fc.constant([prefix('$')]) }),
  titles: fc.record({
    titles: some(
      ['Sales of the year'],
      ['Sales', 'Exported 2025-01-01', ''],
      ['Station: 7', 'Operator: lab', 'Run: 12']
    ),
    padsTitles: fc.boolean()
  }),
  comments: fc.record({ comments: some(['# written by a tool'], ['# tool', '# v1'], ['% a, b, c', '% made']) }),
  unitsLine: fc.constant({ hasUnitsLine: true }),
  trailingDelimiter: fc.constant({ hasTrailingDelimiter: true }),
  rowNames: fc.record({ hasRowNames: fc.constant(true), quotes: some('needed' as const, 'words' as const) }),
  shortRows: fc.constant({ hasShortRows: true }),
  footer: fc.record({ footer: some(['Source: own survey'], ['', 'Note: preliminary', 'Source: office']) }),
  total: fc.record({ total: some('sum' as const, 'mean' as const) }),
  nearlyTotal: fc.constant({ total: 'nearly' }),
  equalNames: fc.constant({ hasEqualNames: true }),
  yearNames: fc.constant({ hasYearNames: true }),
  index: fc.record({ index: some('ones' as const, 'steps' as const) }),
  emptyColumn: fc.constant({ hasEmptyColumn: true }),
  emptyRows: fc.constant({ hasEmptyRows: true }),
  sentinel: fc.record({ sentinel: some('-999', '-9999', '-99', '9999') }),
  nullMarkers: fc.record({ missing: some('NA', '-', 'n/a', 'NULL', 'NaN', '?', '.', '#N/A') }),
  words: fc.record({ word: some('NV', '<5', 'defekt', 'k. A.') })
}

/** Dresses of `count` ways. Shrinks to fewer ways. */
export const dressesOf = (
  count: fc.SubarrayConstraints
): fc.Arbitrary<{ readonly ways: ReadonlyArray<string>; readonly dress: Dress }> =>
  fc
    .subarray(Object.keys(dressWays), count)
    .chain(ways =>
      fc
        .tuple(...ways.map(way => dressWays[way]))
        .map(parts => ({ ways, dress: parts.reduce<Dress>((all, part) => ({ ...all, ...part }), PLAIN_DRESS) }))
    )

/** Changes what no program would write together. */
const reconciled = (dress: Dress): Dress => {
  const isBlank = dress.delimiter.trim() === '' && dress.delimiter !== '\t'
  const isLatin = dress.encoding === 'windows-1252'
  return {
    ...dress,
    hasBom: dress.hasBom && !isLatin,
    group:
      dress.group === dress.decimal
        ? dress.decimal === ','
          ? '.'
          : ','
        : isLatin && dress.group === '\u202f'
          ? '\u00a0'
          : dress.group,
    minus: isLatin && dress.minus === '\u2212' ? '\u2013' : dress.minus,
    missing: isBlank && dress.missing === '' ? 'NA' : dress.missing,
    ...(isBlank && {
      saysSeparator: false,
      hasTrailingDelimiter: false,
      hasShortRows: false,
      hasEmptyColumn: false,
      padsTitles: false
    }),
    // A spreadsheet adds sentinels like any number, so sums and sentinels are not written together.
    sentinel: dress.total === 'none' ? dress.sentinel : null,
    // A short row cannot be told from one whose row name is missing.
    hasShortRows: !isBlank && dress.hasShortRows && !dress.hasRowNames && !dress.hasEmptyColumn
  }
}

// -- cells -------------------------------------------------------------------------------------------------------------

const numberOf = (mantissa: number, decimals: number): number => Number(`${mantissa}e-${decimals}`)

/** Text of a number under a dress. */
const writtenNumber = (mantissa: number, { decimals, isGrouped }: TrueColumn, dress: Dress, affix: Affix): string => {
  const digits = String(Math.abs(mantissa)).padStart(decimals + 1, '0')
  const whole = digits.slice(0, digits.length - decimals)
  const fraction = digits.slice(digits.length - decimals)
  const grouped = isGrouped && dress.group !== '' ? whole.replace(/(?<=\d)(?=(\d{3})+$)/g, dress.group) : whole
  const text = decimals === 0 ? grouped : grouped + dress.decimal + fraction
  const isInParentheses = mantissa < 0 && dress.hasParentheses && affix.before === '$'
  const sign = mantissa > 0 ? dress.plus : mantissa < 0 && !isInParentheses ? dress.minus : ''
  const full = sign + affix.before + text + affix.after
  return isInParentheses ? `(${full})` : full
}

/** Texts of one column, and the numbers in them. */
const writtenColumn = (column: TrueColumn, at: number, dress: Dress): ReadonlyArray<string> => {
  const affix = dress.affixes[at % dress.affixes.length]
  const { mantissas, decimals } = column
  const present = mantissas.flatMap(x => (x === null ? [] : [numberOf(x, decimals)]))
  const absent = mantissas.length - present.length
  const low = Math.min(...present)
  const high = Math.max(...present)
  const sentinel = Number(dress.sentinel)
  const isFar = sentinel < low - (high - low) || sentinel > high + (high - low)
  const isSentinel = dress.sentinel !== null && absent >= 2 && isFar
  const isWord = dress.word !== null && 10 * absent <= mantissas.length
  const marker = isSentinel ? dress.sentinel : isWord ? dress.word : dress.missing
  return mantissas.map(x => (x === null ? marker : writtenNumber(x, column, dress, affix)))
}

/** True if the text's comma or point can only be read in one way: the other gives no number, or the same one. */
const isDecisive = (text: string): boolean => {
  const bare = text.replace(/[^\d.,]/g, '').replace(/^[.,]+|[.,]+$/g, '')
  const marks = bare.replace(/\d/g, '')
  if (marks.length !== 1) return marks.length > 1
  const [whole, fraction] = bare.split(/[.,]/)
  return fraction.length !== 3 || whole.length > 3 || whole.startsWith('0')
}

const hasMark = (text: string): boolean => /\d[.,]\d/.test(text)

// -- lines -------------------------------------------------------------------------------------------------------------

const quoted = (cell: string): string => `"${cell.replaceAll('"', '""')}"`

const writtenCell = (cell: string, { delimiter, quotes }: Dress): string => {
  const isNeeded = cell.includes('"') || cell.includes(delimiter) || (delimiter.startsWith(' ') && /[\s]/.test(cell))
  const isWord = /\p{L}{2}/u.test(cell)
  return isNeeded || quotes === 'all' || (quotes === 'words' && isWord) ? quoted(cell) : cell
}

/** Sums or means of columns, with the decimals of each column; "nearly" is 3 % more. */
const totalOf = ({ columns, places }: TrueTable, kind: Dress['total']): TrueTable => {
  const last = columns.map(column => {
    const present = column.mantissas.filter(x => x !== null)
    const sum = present.reduce((all, x) => all + x, 0)
    return Math.round(kind === 'mean' ? sum / present.length : kind === 'nearly' ? 1.03 * sum + 1 : sum)
  })
  return {
    columns: columns.map((column, j) => ({ ...column, mantissas: [last[j]] })),
    places: places === null ? null : [kind === 'nearly' ? PLACES[0] : kind === 'mean' ? 'Mean' : 'Total']
  }
}

interface Lines {
  readonly header: ReadonlyArray<string>
  readonly units: ReadonlyArray<string>
  readonly rows: ReadonlyArray<ReadonlyArray<string>>
}

/** Adds a column on the left. */
const withLeftColumn = ({ header, units, rows }: Lines, name: string | null, cell: (i: number) => string): Lines => ({
  header: name === null ? header : [name, ...header],
  units: ['', ...units],
  rows: rows.map((row, i) => [cell(i), ...row])
})

const withRightColumn = ({ header, units, rows }: Lines): Lines => ({
  header: [...header, ''],
  units: [...units, ''],
  rows: rows.map(row => [...row, ''])
})

const headerNames = ({ columns }: TrueTable, dress: Dress): ReadonlyArray<string> =>
  columns.map(({ name }, j) => (dress.hasYearNames ? String(2019 + j) : dress.hasEqualNames ? 'x' : name))

/** Header, units and rows of a table, with the columns that a dress adds. */
const linesOf = (table: TrueTable, dress: Dress): Lines => {
  const written = table.columns.map((column, j) => writtenColumn(column, j, dress))
  const summed = dress.total === 'none' ? null : totalOf(table, dress.total)
  const totals = summed?.columns.map((column, j) => writtenColumn(column, j, { ...dress, sentinel: null }))
  const all = written.map((cells, j) => [...cells, ...(totals?.[j] ?? [])])
  const places = table.places === null ? null : [...table.places, ...(summed?.places ?? [])]
  const units = ['kg', 'EUR', 'mm', '°C']
  const body: Lines = {
    header: headerNames(table, dress),
    units: table.columns.map((_, j) => units[j % units.length]),
    rows: all[0].map((_, i) => all.map(cells => cells[i]))
  }
  const placed = places === null ? body : withLeftColumn(body, 'place', i => places[i])
  const count = table.columns[0].mantissas.length
  const indexed =
    dress.index === 'none'
      ? placed
      : withLeftColumn(placed, dress.index === 'ones' ? 'no' : 'time', i =>
          // A total has no number.
          i >= count ? dress.missing : dress.index === 'ones' ? String(i + 1) : writtenStep(i, dress)
        )
  const named = dress.hasRowNames ? withLeftColumn(indexed, null, i => String(i + 1)) : indexed
  return dress.hasEmptyColumn ? withRightColumn(named) : named
}

/** 0.00, 0.02, 0.04, … */
const writtenStep = (i: number, { decimal }: Dress): string =>
  `${Math.floor(i / 50)}${decimal}${String((2 * i) % 100).padStart(2, '0')}`

const shortened = (row: ReadonlyArray<string>): ReadonlyArray<string> => {
  const last = row.reduce((found, cell, i) => (cell === '' ? found : i), 0)
  return row.slice(0, last + 1)
}

/** Text of a table under a dress. */
const textOf = ({ header, units, rows }: Lines, dress: Dress): string => {
  const { delimiter, lineEnd } = dress
  const line = (cells: ReadonlyArray<string>): string =>
    cells.map(cell => writtenCell(cell, dress)).join(delimiter) + (dress.hasTrailingDelimiter ? delimiter : '')
  const padded = (text: string): string =>
    dress.padsTitles ? line([text, ...rows[0].slice(1).map(() => '')]) : writtenCell(text, dress)
  const body = rows.map(row => line(dress.hasShortRows ? shortened(row) : row))
  const half = Math.floor(rows.length / 2)
  const blank = line(rows[0].map(() => ''))
  return [
    ...(dress.saysSeparator ? [`sep=${delimiter}`] : []),
    ...dress.comments,
    ...dress.titles.map(padded),
    line(header),
    ...(dress.hasUnitsLine ? [line(units)] : []),
    ...(dress.hasEmptyRows ? [...body.slice(0, half), blank, ...body.slice(half), blank, blank] : body),
    ...dress.footer.map(padded)
  ]
    .map(text => text + lineEnd)
    .join('')
}

// -- bytes -------------------------------------------------------------------------------------------------------------

/** Bytes of windows-1252 that differ from Latin-1, for the characters used here. */
const WINDOWS_BYTES: Readonly<Record<string, number>> = { '€': 0x80, '’': 0x92, '–': 0x96 }

const utf16 = (text: string, isLittle: boolean): Uint8Array => {
  const view = new DataView(new ArrayBuffer(2 * text.length))
  for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), isLittle)
  return new Uint8Array(view.buffer)
}

export const encoded = (text: string, { encoding, hasBom }: Pick<Dress, 'encoding' | 'hasBom'>): Uint8Array => {
  const marked = hasBom ? `\uFEFF${text}` : text
  switch (encoding) {
    case 'utf-8':
      return new TextEncoder().encode(marked)
    case 'utf-16le':
    case 'utf-16be':
      return utf16(marked, encoding === 'utf-16le')
    case 'windows-1252':
      return Uint8Array.from(text, letter => WINDOWS_BYTES[letter] ?? letter.charCodeAt(0))
  }
}

// -- what must be found ------------------------------------------------------------------------------------------------

/** Writes a table in a dress, and returns what a reader must find. */
export const dressed = (table: TrueTable, given: Dress): DressedTable => {
  const dress = reconciled(given)
  const lines = linesOf(table, dress)
  const text = textOf(lines, dress)
  const kept = dress.total === 'nearly' ? totalOf(table, 'nearly') : null
  const columns = table.columns.map(({ mantissas, decimals }, j) =>
    [...mantissas, ...(kept?.columns[j].mantissas ?? [])].map(x => (x === null ? NaN : numberOf(x, decimals)))
  )
  const numbers = table.columns.flatMap((column, j) => {
    const cells = writtenColumn(column, j, dress)
    return cells.filter((cell, i) => column.mantissas[i] !== null && hasMark(cell))
  })
  const isUndecided = numbers.length > 0 && !numbers.some(isDecisive)
  // A header of numbers may be data, and a last row far outside the others may be a total.
  return {
    bytes: encoded(text, dress),
    text,
    names: headerNames(table, dress),
    columns,
    isAmbiguous: isUndecided || dress.hasYearNames || dress.total === 'nearly'
  }
}

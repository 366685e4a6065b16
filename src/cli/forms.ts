/** The forms in which a table is written: text, JSON lines, Parquet and Arrow, packed by gzip or not. */
import { Absent, type Columns, type Type } from '../../lib/formats/columns.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import type { Sheet } from '../data/write.js'
import { inside } from './checked.js'
import type { Form as Name } from './tableOptions.js'
import { Ended, refused, type Output } from './world.js'

export interface Form {
  /** Null: as text, as the table that it is made of is written. */
  readonly name: Name | 'arrows' | null
  readonly isPacked: boolean
}

/** What the end of a file's name says; the first of a form's is what it is called. */
const ends: ReadonlyArray<readonly [name: Exclude<Form['name'], null>, end: RegExp]> = [
  ['csv', /\.csv$/],
  ['tsv', /\.(tsv|tab)$/],
  ['jsonl', /\.(jsonl|ndjson)$/],
  ['parquet', /\.(parquet|pq)$/],
  ['arrow', /\.(arrow|feather)$/],
  ['arrows', /\.arrows$/]
]

/** Names of files in forms that are not written here. */
const foreign = /\.(xlsx?|ods|zip|bz2|xz|zst|json|npy|npz|rds|sqlite|db)$/

const plainOf = (path: string): string => path.toLowerCase().replace(/\.gz$/, '')
const isPackedBy = (path: string): boolean => /\.gz$/i.test(path)

/** The form that a word asks for, or else the name of the file. */
export const formOf = (path: string, to?: Name): Form => {
  const found = ends.find(([, end]) => end.test(plainOf(path)))?.[0] ?? null
  // There is no seeking in a pipe.
  const name = to === 'arrow' && (path === '-' || found === 'arrows') ? 'arrows' : (to ?? found)
  return { name, isPacked: isPackedBy(path) }
}

/** A file whose name says that it is in another form, where no word asks for one. */
export const foreignForm = ({ option, path }: Output, to?: Name): ReadonlyArray<Problem.Problem> =>
  Problem.unless(
    to !== undefined || !foreign.test(plainOf(path)),
    option,
    path,
    'a table that is written here',
    'end it in .csv, .tsv, .jsonl, .parquet or .arrow'
  )

type Sheets = AsyncIterable<Sheet> | Iterable<Sheet>

/** A cell of JSON, which has no numbers beyond all. */
const cellOf = (type: Type, cell: unknown): unknown =>
  typeof cell === 'number' && !Number.isFinite(cell)
    ? String(cell)
    : type === 'nested' && typeof cell === 'string'
      ? JSON.parse(cell)
      : cell

const jsonLines = ({ rows, columns }: Columns): string =>
  Array.from({ length: rows }, (_, i) => {
    const row = columns.map(({ name, type, cells }) => [name, cellOf(type, cells[i])] as const)
    return `${JSON.stringify(Object.fromEntries(row))}\n`
  }).join('')

async function* each<A, B>(of: AsyncIterable<A> | Iterable<A>, to: (a: A) => B): AsyncGenerator<B> {
  for await (const a of of) yield to(a)
}

/** Columns of the types of the first rows. */
async function* typed(sheets: Sheets, { option }: Output): AsyncGenerator<Columns> {
  let types: ReadonlyArray<Type> | null = null
  for await (const { columns } of sheets) {
    const found = columns(types)
    if (E.isLeft(found)) throw new Ended(refused(inside(option)(found.left)))
    types ??= found.right.columns.map(({ type }) => type)
    yield found.right
  }
}

const inForm = async (
  name: Form['name'],
  output: Output,
  sheets: Sheets
): Promise<AsyncIterable<string | Uint8Array>> => {
  switch (name) {
    case null:
      return each(sheets, ({ text }) => text(null))
    case 'csv':
      return each(sheets, ({ text }) => text(','))
    case 'tsv':
      return each(sheets, ({ text }) => text('\t'))
    case 'jsonl':
      return each(typed(sheets, output), jsonLines)
    case 'parquet':
      return (await import('../../lib/formats/parquet.js')).parquetOf(typed(sheets, output))
    case 'arrow':
      return (await import('../../lib/formats/arrow.js')).arrowOf(typed(sheets, output), 'file')
    case 'arrows':
      return (await import('../../lib/formats/arrow.js')).arrowOf(typed(sheets, output), 'stream')
  }
}

/** The rows of a table in a form, piece after piece; a package that is not there is told of as what a user can put right. */
export async function* formed(
  { name, isPacked }: Form,
  output: Output,
  sheets: Sheets
): AsyncGenerator<string | Uint8Array> {
  try {
    const pieces = await inForm(name, output, sheets)
    if (isPacked) yield* (await import('./packed.js')).packed(pieces)
    else yield* pieces
  } catch (error) {
    if (!(error instanceof Absent)) throw error
    const where = output.path === '-' ? 'standard output' : output.path
    const remedy = `install it: npm install ${error.library}`
    throw new Ended(refused(Problem.of(output.option, where, `written without the package ${error.library}`, remedy)))
  }
}

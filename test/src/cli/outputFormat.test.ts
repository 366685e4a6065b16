/** The forms in which tables are written: by the name of a file, or as `--to` says; read again by the libraries of others. */
import { tableFromIPC } from 'apache-arrow'
import { parquetReadObjects } from 'hyparquet'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { replays } from '../../golden/sessions.js'
import { place } from './harness.js'

const here = place()
const { ornstein } = here
afterAll(here.remove)

/** Words, numbers that are words, gaps, quotes, a number beyond the whole ones, a name of its own for each. */
const rows = [
  { name: 'Ann, "the" first', x: 0.1, y: 2, note: null, size: 7 },
  { name: 'Bob', x: 1e-7, y: null, note: 'line\nbreak', size: null },
  { name: '', x: -325.5, y: 4.5, note: '007', size: 9 }
]

beforeAll(async () => {
  here.write('table.jsonl', rows.map(row => `${JSON.stringify(row)}\n`).join(''))
  here.write('train.csv', `x,y\n${Array.from({ length: 40 }, (_, i) => `${i % 2 ? i / 40 : 9},${i / 7}`).join('\n')}\n`)
  expect((await ornstein('fit @train.csv --family isotropic -k 2 --out @model.json')).exit).toBe(0)
})

const bytes = (name: string): Uint8Array => new Uint8Array(readFileSync(here.at(name)))
type Row = Readonly<Record<string, unknown>>
const lines = (text: string): ReadonlyArray<Row> =>
  text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Row)
const arrow = (from: Uint8Array): ReadonlyArray<Row> =>
  tableFromIPC(from)
    .toArray()
    .map((row: { toJSON: () => Row }) => row.toJSON())
const parquet = (from: Uint8Array): Promise<ReadonlyArray<Row>> => {
  const { buffer } = Uint8Array.from(from)
  return parquetReadObjects({ file: buffer }) as Promise<Row[]>
}

/** How each form is read by others. */
const readers: Readonly<Record<string, (name: string) => ReadonlyArray<Row> | Promise<ReadonlyArray<Row>>>> = {
  'out.jsonl': name => lines(here.read(name)),
  'out.NDJSON.gz': name => lines(gunzipSync(bytes(name)).toString()),
  'out.parquet': name => parquet(bytes(name)),
  'out.pq.gz': name => parquet(gunzipSync(bytes(name))),
  'out.arrow': name => arrow(bytes(name)),
  'out.feather': name => arrow(bytes(name)),
  'out.arrows': name => arrow(bytes(name))
}

it.each(Object.keys(readers))('numbers are numbers, words words, and gaps gaps: %s', async name => {
  expect(await ornstein(`assign @model.json @table.jsonl --missing drop --out @${name}`)).toEqual({
    exit: 0,
    stdout: '',
    stderr: ''
  })
  const found = await readers[name](name)
  expect(found.map(({ name, x, y, note, size }) => ({ name, x, y, note, size }))).toEqual(
    rows.map(row => ({ ...row, name: row.name === '' ? null : row.name }))
  )
  expect(found.map(({ component, outlier }) => [typeof component, outlier])).toEqual([
    ['number', 'no'],
    ['object', null],
    ['number', 'yes']
  ])
  // What is read again is what was written.
  const again = await ornstein(`assign @model.json @${name} --missing drop --to csv`)
  expect(again.stdout).toBe((await ornstein(`assign @model.json @out.jsonl --missing drop --to csv`)).stdout)
})

it('an Arrow file ends as one, and a stream as a stream', () => {
  const text = (from: number, to: number, name: string): string => Buffer.from(bytes(name).slice(from, to)).toString()
  expect(text(0, 6, 'out.arrow')).toBe('ARROW1')
  expect(text(-6, Infinity, 'out.arrow')).toBe('ARROW1')
  expect([...bytes('out.arrows').slice(0, 4)]).toEqual([255, 255, 255, 255])
})

it('goes down a pipe as --to says', async () => {
  const down = async (how: string): Promise<Uint8Array> =>
    Buffer.from((await ornstein(`sample @model.json -n 9000 --seed 2 ${how}`)).stdout, 'latin1')
  const text = Buffer.from(await down('')).toString()
  const expected = text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map(line => line.split(',').map(Number))
    .map(([x, y]) => ({ x, y }))
  expect(expected).toHaveLength(9000)
  expect(await parquet(await down('--to parquet'))).toEqual(expected)
  expect(arrow(await down('--to arrow'))).toEqual(expected)
  expect(lines(Buffer.from(await down('--to jsonl')).toString())).toEqual(expected)
  expect(Buffer.from(await down('--to tsv')).toString()).toBe(text.replaceAll(',', '\t'))
})

it('probabilities row by row are written alike', async () => {
  await ornstein('evaluate @model.json @train.csv --responsibilities @parts.parquet --json')
  await ornstein('evaluate @model.json @train.csv --responsibilities @parts.csv --json')
  const [head, ...all] = here
    .read('parts.csv')
    .trimEnd()
    .split('\n')
    .map(line => line.split(','))
  expect(await parquet(bytes('parts.parquet'))).toEqual(
    all.map(cells => Object.fromEntries(cells.map((cell, j) => [head[j], Number(cell)])))
  )
})

replays('forms', here)

it('says what to install where a package is not there', async () => {
  vi.doMock('hyparquet-writer', () => {
    throw new Error('not found')
  })
  const before = here.list()
  const { exit, stderr } = await ornstein('sample @model.json --out @absent.parquet')
  expect({ exit, stderr }).toEqual({
    exit: 2,
    stderr:
      'error: --out: absent.parquet is not written without the package hyparquet-writer; install it: npm install hyparquet-writer\n'
  })
  expect(here.list()).toEqual(before)
  vi.doUnmock('hyparquet-writer')
})

it('JSON lines pass in pieces, and what differs from the first of them is told', async () => {
  const many = Array.from({ length: 9000 }, (_, i) => ({
    x: i / 7,
    y: -i,
    tag: `"${i}",\\${'long'.repeat(70)}`,
    ...(i % 3 && { odd: i })
  }))
  const write = (all: ReadonlyArray<Row>): void => {
    here.write('many.jsonl', all.map(row => `${JSON.stringify(row)}\n`).join(''))
  }
  write(many)
  const whole = await ornstein('assign @model.json @many.jsonl')
  const inPieces = await ornstein('assign @model.json @many.jsonl --stream')
  expect(whole.exit).toBe(0)
  expect(inPieces.stdout === whole.stdout).toBe(true)
  for (const [row, problem] of [
    [{ x: 1, y: 2, other: 3 }, 'lines do not have (other) is not one of them, as in what is read in pieces'],
    [{ x: 'one', y: 2 }, 'row 8501, column 1 (x): one is not a finite number']
  ] as const) {
    write(many.map((one, i) => (i === 8500 ? row : one)))
    const { exit, stderr } = await ornstein('assign @model.json @many.jsonl --stream --out @out.csv')
    expect(exit).toBe(2)
    expect(stderr).toContain(problem)
  }
  // A column of numbers is one in every piece, or text.
  write(many.map((row, i) => ({ ...row, ...(i === 8500 && { odd: 'word' }) })))
  expect((await ornstein('assign @model.json @many.jsonl --stream --out @out.parquet')).stderr).toContain(
    'error: --out, column 4 (odd): word is not a number, as those before it'
  )
  expect((await ornstein('assign @model.json @many.jsonl --out @out.parquet')).exit).toBe(0)
})

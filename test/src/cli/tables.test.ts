/** Tables of Parquet and Arrow, and of several files, through the commands. */
import { tableToIPC, Table, makeVector, vectorFromArray, Utf8 } from 'apache-arrow'
import { mkdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Key, Mixture } from '../../../src/index.js'
import { matchesPattern } from '../../../src/cli/inputFiles.js'
import { isLarge, readTableAt } from '../../../src/cli/tables.js'
import { isSlow, once, spread } from '../../cases.js'
import { replays } from '../../golden/sessions.js'
import { place } from './harness.js'

const here = place()
const { ornstein } = here
afterAll(here.remove)

const ROWS = 90
const points = Mixture.sample(ROWS)(Key.fromSeed(3))(
  Mixture.of({
    means: [
      [-4, 0],
      [4, 1]
    ],
    weights: [0.4, 0.6]
  })
)
const [x, y] = [0, 1].map(j => Array.from({ length: ROWS }, (_, i) => points.values[2 * i + j]))
const name = x.map((_, i) => `no ${i}`)
const csv = (from: number, to: number): string =>
  ['name,x,y', ...x.slice(from, to).map((_, i) => `${name[from + i]},${x[from + i]},${y[from + i]}`), ''].join('\n')
const parquet = (from: number, to: number): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'name', data: name.slice(from, to) },
        { name: 'x', data: x.slice(from, to), type: 'DOUBLE' },
        { name: 'y', data: y.slice(from, to), type: 'DOUBLE' }
      ],
      rowGroupSize: 20
    })
  )
const arrow = (format: 'file' | 'stream'): Uint8Array =>
  tableToIPC(
    new Table({
      name: vectorFromArray(name, new Utf8()),
      x: makeVector(Float64Array.from(x)),
      y: makeVector(Float64Array.from(y))
    }),
    format
  )

beforeAll(() => {
  for (const folder of ['csvs', 'parquets', 'mixed', 'empty', 'nested', 'nested/inner', 'others', 'sum'])
    mkdirSync(here.at(folder))
  here.write('all.csv', csv(0, ROWS))
  here.write('all.parquet', parquet(0, ROWS))
  here.write('all.parquet.gz', gzipSync(parquet(0, ROWS)))
  here.write('all.arrow', arrow('file'))
  here.write('all.arrows', arrow('stream'))
  here.write('all.arrows.gz', gzipSync(arrow('stream')))
  here.write('csvs/1.csv', csv(0, 30))
  here.write('csvs/2.csv.gz', gzipSync(csv(30, ROWS)))
  here.write('csvs/_SUCCESS', '')
  here.write('csvs/.1.csv.crc', 'x')
  here.write('parquets/1.parquet', parquet(0, 50))
  here.write('parquets/2.parquet', parquet(50, ROWS))
  here.write('mixed/1.parquet', parquet(0, 50))
  here.write('mixed/2.csv', csv(50, ROWS))
  here.write('nested/inner/1.csv', csv(0, 30))
  here.write('nested/inner/2.csv', csv(30, ROWS).replace(`${x[40]}`, 'NA'))
  here.write('others/1.csv', csv(0, 30))
  here.write('others/2.csv', csv(30, ROWS).replace('name,x,y', 'name,x,z'))
})

const HOW = '-k 2 --family isotropic --recipe em --no-standardize --json'
const all = [
  'all.parquet',
  'all.parquet.gz',
  'all.arrow',
  'all.arrows',
  'all.arrows.gz',
  'csvs',
  'csvs/*',
  'parquets/?.parquet',
  'mixed'
]

describe('the same rows, however they are kept', () => {
  const known = new Map<string, ReturnType<typeof ornstein>>()
  /** What comes of the rows in one file of CSV, found once. */
  const ofAll = (how: string): ReturnType<typeof ornstein> => {
    const found = known.get(how) ?? ornstein(`fit @all.csv ${how}`)
    known.set(how, found)
    return found
  }

  it.each(spread(4)(all))('lead to the same fit: %s', async file => {
    const whole = await ofAll(HOW)
    expect(await ornstein(`fit @${file} ${HOW}`)).toEqual(whole)
  })

  it.each(spread(4)(all))('in pieces too: %s', async file => {
    const how = '-k 2 --family isotropic --stream --json'
    const whole = await ofAll(how)
    expect(whole.exit).toBe(0)
    expect(await ornstein(`fit @${file} ${how}`)).toEqual(whole)
  })

  it.runIf(isSlow)('lead there from standard input', async () => {
    const whole = await ofAll(HOW)
    const inPieces = await ofAll('-k 1 --family isotropic --stream --json')
    for (const stdin of [
      parquet(0, ROWS),
      arrow('file'),
      arrow('stream'),
      gzipSync(arrow('stream')),
      gzipSync(csv(0, ROWS)),
      csv(0, ROWS)
    ]) {
      expect(await ornstein(`fit - ${HOW}`, { stdin })).toEqual(whole)
      expect(await ornstein('fit - -k 1 --family isotropic --stream --json', { stdin })).toEqual(inPieces)
    }
  })

  it('are evaluated, compared and assigned alike', async () => {
    await ornstein(`fit @all.csv ${HOW} --out @model.json`)
    const files = spread(3)(all)
    for (const command of ['evaluate @model.json', 'compare @model.json @model.json']) {
      const whole = await ornstein(`${command} @all.csv --json`)
      expect(whole.exit).toBe(0)
      for (const file of files) expect(await ornstein(`${command} @${file} --json`)).toEqual(whole)
    }
    const whole = await ornstein('assign @model.json @all.csv')
    expect(whole.stdout.split('\n')).toHaveLength(ROWS + 2)
    for (const file of files) expect(await ornstein(`assign @model.json @${file}`)).toEqual(whole)
    for (const file of files) expect(await ornstein(`assign @model.json @${file} --stream`)).toEqual(whole)
    for (const how of ['', '--stream'])
      for (const stdin of [arrow('stream'), csv(0, ROWS), gzipSync(csv(0, ROWS))])
        expect(await ornstein(`assign @model.json - ${how}`, { stdin })).toEqual(whole)
  })
})

replays('tables', here)

once.each(['cut.parquet', 'none.pq.gz', 'none.arrow', 'none.Feather'])(
  'a file that is not what its name says is no text: %s',
  async file => {
    here.write(file, file.startsWith('cut') ? parquet(0, ROWS).slice(4) : 'x,y\n1,2\n3,4\n')
    for (const how of ['', '--stream']) {
      const { exit, stderr } = await ornstein(`fit @${file} ${how}`)
      expect(exit).toBe(2)
      expect(stderr).toMatch(/a file of (Parquet|Arrow).* is not whole and sound; fetch it again, or write it again/)
    }
  }
)

once('a list or record is written as JSON beside what is assigned', async () => {
  here.write(
    'nested.parquet',
    new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: 'x', data: x },
          { name: 'y', data: y },
          { name: 'tags', data: x.map(() => [1, 2]) }
        ],
        schema: [
          { name: 'root', num_children: 3 },
          { name: 'x', type: 'DOUBLE', repetition_type: 'REQUIRED' },
          { name: 'y', type: 'DOUBLE', repetition_type: 'REQUIRED' },
          { name: 'tags', repetition_type: 'OPTIONAL', num_children: 1, converted_type: 'LIST' },
          { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
          { name: 'element', type: 'INT32', repetition_type: 'OPTIONAL' }
        ]
      })
    )
  )
  expect((await ornstein(`fit @nested.parquet ${HOW} --out @model.json`)).stdout).toContain(
    '{"name":"tags","why":"nested"}'
  )
  expect((await ornstein('assign @model.json @nested.parquet')).stdout.split('\n')[1]).toContain(',"[1,2]",')
})

describe('what has no end', () => {
  once('is refused as no text as soon as it is none', async () => {
    const { exit, stderr } = await ornstein('fit /dev/zero')
    expect({ exit, stderr }).toEqual({
      exit: 2,
      stderr: 'error: FILE: /dev/zero is not text in UTF-8; give a text file, saved as UTF-8\n'
    })
    async function* zeros(): AsyncGenerator<Uint8Array> {
      for (;;) yield await Promise.resolve(new Uint8Array(1 << 20))
    }
    const read = await readTableAt(zeros())('FILE', '-', {})()
    expect(read).toMatchObject({ _tag: 'Left', left: { problems: [{ domain: 'text in UTF-8' }] } })
  })
})

describe('a pattern of names', () => {
  const names = ['a.csv', 'ab.csv', 'a', '', 'aXb', 'ab', 'a😀b', 'aab', 'abab', 'baa']
  // The oracle has no stars in a row, by which it would be slow.
  const byRegExp = (pattern: string): RegExp =>
    new RegExp(
      `^${pattern
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll('?', '.')}$`,
      'u'
    )

  once.each(['*', '*.csv', 'a*', 'a*b', 'a?b', '?', '*b*', 'a**b', '*a*b', 'a*b*', '*ab', '?*', 'a*?b', 'a+b', ''])(
    'matches what it says: %s',
    pattern => {
      expect(names.filter(matchesPattern(pattern))).toEqual(names.filter(name => byRegExp(pattern).test(name)))
    }
  )

  // A matcher that tries every place of every star comes to no end.
  once('comes to an end with many stars', () => {
    expect(matchesPattern('*a*a*a*a*a*a*a*a*b')('a'.repeat(2000))).toBe(false)
  })
})

describe('the size of a table', () => {
  once('that gzip packed is that of what comes out, whatever its name', async () => {
    const zeros = gzipSync('0\n'.repeat(1 << 20), { level: 9 })
    expect(zeros.length).toBeLessThan(4096)
    here.write('size.csv.gz', zeros)
    here.write('size.csv', zeros)
    here.write('cut.csv.gz', zeros.subarray(0, zeros.length - 9))
    for (const name of ['size.csv.gz', 'size.csv'])
      expect([
        await isLarge(here.at(name), (1 << 21) - 1),
        await isLarge(here.at(name), 1 << 21),
        await isLarge(here.at(name), zeros.length - 1)
      ]).toEqual([true, false, true])
    // What is wrong with it is told when it is read.
    expect(await isLarge(here.at('cut.csv.gz'), 1 << 30)).toBe(false)
  })

  once('is the sum over its files, and nothing is read of a pipe', async () => {
    for (const name of ['sum/1.csv.gz', 'sum/2.csv.gz']) here.write(name, gzipSync('0\n'.repeat(1 << 17)))
    expect(await isLarge(here.at('sum'), (1 << 19) - 1)).toBe(true)
    expect(await isLarge(here.at('sum'), 1 << 19)).toBe(false)
    expect(await isLarge('-', 0)).toBe(false)
  })
})

/** Files that are damaged at random: each command says what is wrong in its own words, and none of the engine's. */
import { gzipSync } from 'node:zlib'
import { tableToIPC, Table, makeVector } from 'apache-arrow'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Key } from '../../../lib/index.js'
import { isSlow } from '../../cases.js'
import { place } from './harness.js'
import { ddpm, network } from './pipelines.js'

const here = place()
afterAll(here.remove)

/** Words that a JavaScript engine says, and that tell a user nothing. */
const ENGINE =
  /\b\w*Error\b|Unexpected (token|end|non|string|number)|is not (a function|iterable|a constructor|defined)|Cannot (read|convert|destructure|use|mix|set|create)|call stack|[Ii]nvalid (array|typed array|string|date|time)|allocation failed|outside the bounds|out of bounds|serialize|circular|DataView|\b(Float|Big)?U?(I|i)nt\d+(Array)?\b|Float\d+Array|ArrayBuffer|BigInt\b|undefined|\[object|\bat \S+ \(/

/**
 * How often a format meets each kind of change to its bytes, and each value in the place of one of its JSON; where it is no JSON it
 * meets `alone` of each kind. Kinds take turns and places are drawn, so that no kind is missed by chance. A defect that shows in one
 * place of forty is found in about 120 trials with a probability of 1 − (39/40)^120 = 95 %.
 */
const TIMES = isSlow ? { bytes: 6, json: 4, alone: 20 } : { bytes: 2, json: 1, alone: 6 }
/** A thread reads these, which takes longer to begin. */
const IN_THREADS = 4

/** Uniform draws, one after another. */
const draws = (seed: number): (() => number) => {
  const values = Key.uniform(200_000)(Key.fromSeed(seed))
  let at = 0
  return () => values[at++ % values.length]
}

type Draw = ReturnType<typeof draws>

const below = (draw: Draw, bound: number): number => Math.floor(draw() * bound)

const tokens = ['null', '{}', '[]', '"x"', '-1', '1e999', 'true', '[[[[', '\0', ',', '\n', '"', '\xff\xfe', 'NaN']

/** Kinds of changes to bytes: a bit, a byte, cut off, left out, repeated, put in. */
const KINDS = 6

/** The bytes with one to three changes, the first of a given kind. */
const changedBytes = (bytes: Uint8Array, draw: Draw, kind: number): Uint8Array => {
  let all = Buffer.from(bytes)
  for (let change = 0; change <= below(draw, 3); change++) {
    const at = below(draw, all.length)
    const end = Math.min(all.length, at + 1 + below(draw, 40))
    switch (change === 0 ? kind % KINDS : below(draw, KINDS)) {
      case 0:
        all = Buffer.from(all.map((byte, i) => (i === at ? byte ^ (1 << below(draw, 8)) : byte)))
        break
      case 1:
        all = Buffer.from(all.map((byte, i) => (i === at ? below(draw, 256) : byte)))
        break
      case 2:
        all = all.subarray(0, at)
        break
      case 3:
        all = Buffer.concat([all.subarray(0, at), all.subarray(end)])
        break
      case 4:
        all = Buffer.concat([all.subarray(0, end), all.subarray(at)])
        break
      default:
        all = Buffer.concat([
          all.subarray(0, at),
          Buffer.from(tokens[below(draw, tokens.length)], 'latin1'),
          all.subarray(at)
        ])
    }
  }
  return all
}

const junk: ReadonlyArray<unknown> = [
  ...[null, true, -1, 0, 0.5, 1e308, 1e15, '', 'x', [], {}, [null], [[1]], [[]], { _tag: 'x' }, [1, 'x'], '__proto__'],
  JSON.parse(`${'['.repeat(90)}${']'.repeat(90)}`)
]

/** The text of JSON with one value of `junk` in a random place; beyond the list, a key is left out. */
const changedJson = (text: string, draw: Draw, index: number): string => {
  const root: { json: unknown } = { json: JSON.parse(text) }
  const places: { readonly of: Record<string, unknown>; readonly key: string }[] = []
  const collect = (of: Record<string, unknown>): void => {
    for (const key of Object.keys(of)) {
      places.push({ of, key })
      const value = of[key]
      if (typeof value === 'object' && value !== null) collect(value as Record<string, unknown>)
    }
  }
  collect(root)
  const isLeftOut = index % (junk.length + 1) === junk.length
  // The whole, which comes first, is replaced but not left out.
  const first = isLeftOut ? 1 : 0
  const { of, key } = places[first + below(draw, places.length - first)]
  of[key] = isLeftOut ? undefined : junk[index % (junk.length + 1)]
  return JSON.stringify(root.json)
}

/** Damaged versions of a file, its bytes changed and, in JSON, its values. */
const damagesOf = (bytes: Uint8Array, draw: Draw, isJson: boolean): ReadonlyArray<Uint8Array> => {
  const text = Buffer.from(bytes).toString('utf8')
  const changed = Array.from({ length: KINDS * (isJson ? TIMES.bytes : TIMES.alone) }, (_, i) =>
    changedBytes(bytes, draw, i)
  )
  if (!isJson) return changed
  const values = Array.from({ length: (junk.length + 1) * TIMES.json }, (_, i) =>
    Buffer.from(changedJson(text, draw, i))
  )
  return [...changed, ...values]
}

const rows = Array.from({ length: 30 }, (_, i) => [((i * 7) % 10) / 4 + (i % 2) * 6, ((i * 3) % 11) / 5])
const csv = `x,y\n${rows.map(row => row.join(',')).join('\n')}\n`
const objects = rows.map(([x, y]) => ({ x, y }))

beforeAll(async () => {
  here.write('ok.csv', csv)
  here.write('ddpm.json', ddpm(2))
  here.write('network.json', network(1))
  here.write('fixed.json', JSON.stringify({ means: [[0, 0]], variances: [1] }))
  const lines = [
    'fit @ok.csv -k 2 --family full,diagonal --out @model.json --quiet',
    'fit @ok.csv --pipeline @ddpm.json --out @score.json --checkpoint @some.ckpt --quiet',
    'fit @ok.csv --pipeline @network.json --out @net.json --quiet',
    'fit @ok.csv -k 2 --family full --out @gaussian.json --quiet',
    ...['sklearn', 'npz', 'safetensors', 'mclust', 'json'].map(
      to => `export @gaussian.json --to ${to} --out @plain.${to}`
    )
  ]
  for (const line of lines) expect({ line, stderr: (await here.ornstein(line)).stderr }).toEqual({ line, stderr: '' })
})

const read = (name: string) => (): Uint8Array => Buffer.from(here.read(name))
const bytesOf = (text: string) => (): Uint8Array => Buffer.from(text)

const table = 'evaluate @model.json @DAMAGED --missing em'
const formats: ReadonlyArray<readonly [name: string, content: () => Uint8Array, line: string]> = [
  ['csv', bytesOf(csv), table],
  ['tsv', bytesOf(csv.replaceAll(',', '\t')), table],
  ['csv.gz', () => gzipSync(csv), table],
  ['jsonl', bytesOf(objects.map(row => JSON.stringify(row)).join('\n')), table],
  ['list.json', bytesOf(JSON.stringify(objects)), table],
  ['model.json', read('model.json'), 'evaluate @DAMAGED @ok.csv'],
  ['score.json', read('score.json'), 'evaluate @DAMAGED @ok.csv'],
  ['net.json', read('net.json'), 'sample @DAMAGED -n 3'],
  ['pipeline.json', read('ddpm.json'), 'explain @DAMAGED'],
  ['ckpt', read('some.ckpt'), 'fit @ok.csv --pipeline @ddpm.json --checkpoint @DAMAGED --resume --quiet'],
  ['fixed.json', read('fixed.json'), 'fit @ok.csv -k 2 --family isotropic --fixed @DAMAGED --quiet'],
  ...(['sklearn', 'mclust', 'json', 'npz', 'safetensors'] as const).map(
    form => [form, () => here.bytes(`plain.${form}`), 'import @DAMAGED'] as const
  )
]

it.each(formats)('%s', { timeout: 600_000 }, async (name, content, line) => {
  const draw = draws(name.length * 1000 + name.charCodeAt(0))
  const bytes = content()
  const text = Buffer.from(bytes).toString('utf8')
  const isJson = /^\s*[[{]/.test(text) && name !== 'jsonl' && name !== 'safetensors'
  const said: string[] = []
  for (const [trial, damaged] of damagesOf(bytes, draw, isJson).entries()) {
    const file = `damaged.${name}`
    here.write(file, damaged)
    const { exit, stderr } = await here
      .ornstein(line.replace('DAMAGED', file))
      .catch((error: unknown) => ({ exit: 99, stderr: `thrown: ${error instanceof Error ? (error.stack ?? '') : ''}` }))
    if (ENGINE.test(stderr) || ![0, 1, 2].includes(exit)) said.push(`${trial}: ${stderr}`)
  }
  expect(said.join('\n')).toBe('')
})

it.runIf(isSlow).each([
  [
    'parquet',
    (): Uint8Array =>
      new Uint8Array(
        parquetWriteBuffer({
          columnData: ['x', 'y'].map((column, j) => ({ name: column, data: rows.map(row => row[j]), type: 'DOUBLE' }))
        })
      )
  ],
  [
    'arrow',
    (): Uint8Array =>
      tableToIPC(
        new Table({
          x: makeVector(Float64Array.from(rows, ([x]) => x)),
          y: makeVector(Float64Array.from(rows, ([, y]) => y))
        }),
        'file'
      )
  ]
] as const)('%s', { timeout: 600_000 }, async (name, content) => {
  const draw = draws(5)
  const said: string[] = []
  for (let trial = 0; trial < KINDS * IN_THREADS; trial++) {
    here.write(`damaged.${name}`, changedBytes(content(), draw, trial))
    const { stderr } = await here.ornstein(table.replace('DAMAGED', `damaged.${name}`))
    if (ENGINE.test(stderr)) said.push(`${trial}: ${stderr}`)
  }
  expect(said.join('\n')).toBe('')
})

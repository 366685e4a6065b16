/** Messages are of a length that a terminal shows, however long the cell, the name or the value is that they quote. */
import { afterAll, expect, it } from 'vitest'
import { Npz } from '../../../lib/index.js'
import { place } from './harness.js'

const here = place()
afterAll(here.remove)

/** A message's four parts, each as long as it may be, and a hint. */
const MOST = 5000
const long = 'q'.repeat(1_000_000)

/** The bytes of safetensors whose header is a text. */
const safetensors = (header: string): Uint8Array => {
  const text = Buffer.from(header)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(text.length))
  return Buffer.concat([length, text])
}

const model = (of: object): string => JSON.stringify({ format: 'ornstein model 1', ...of })

it.each<[name: string, content: string | Uint8Array, line: string]>([
  ['a cell of CSV', `x,y\n1,2\n1,1${long}\n2,3\n`, 'fit @F'],
  ['a number of a million digits', `x,y\n1,2\n1,${'1'.repeat(1e6)}\n2,3\n`, 'fit @F'],
  ['a name of a column', `${long},y\n1,2\n$2,3\n3,4\n`, 'fit @F'],
  ['a name of a column that is repeated', `${long},${long}\n1,2\n2,3\n`, 'fit @F'],
  ['a cell of JSON', `{"x":1}\n{"x":["${long}"]}\n`, 'fit @F'],
  ['a name of JSON', `{"${long}":1}\n{"${long}":[1]}\n`, 'fit @F'],
  ['a line of JSON', `{"x":1}\n"${long}"\n`, 'fit @F'],
  ['a value of a model', model({ mixture: long, [long]: 1 }), 'evaluate @F %faithful.csv'],
  ['a description', JSON.stringify({ _tag: long, stages: long, [long]: 1 }), 'explain @F'],
  ['a name of safetensors', safetensors(JSON.stringify({ [long]: { dtype: 'F9' } })), 'import @F'],
  ['a type of safetensors', safetensors(JSON.stringify({ x: { dtype: long } })), 'import @F'],
  ['a shape of safetensors', safetensors(JSON.stringify({ x: { dtype: 'F64', shape: [long] } })), 'import @F'],
  ['a name of npz', Npz.write({ [long.slice(0, 60_000)]: { shape: [1], values: Float64Array.of(1) } }), 'import @F']
])('%s is quoted in short', async (_, content, line) => {
  here.write('F', content)
  const { exit, stderr } = await here.ornstein(line)
  expect(exit).toBe(2)
  expect(stderr.length).toBeGreaterThan(20)
  expect(stderr.length).toBeLessThan(MOST)
})

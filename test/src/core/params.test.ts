/** Parameters: nesting and its inverse, arithmetic, refusals, and a codec that keeps every bit. */
import * as E from 'fp-ts/lib/Either.js'
import { PathReporter } from 'io-ts/lib/PathReporter.js'
import { describe, expect, it } from 'vitest'
import { type NdArray } from '../../../lib/index.js'
import * as Params from '../../../src/core/params.js'

const nestings: ReadonlyArray<readonly [Params.Nested, ReadonlyArray<number>, ReadonlyArray<number>]> = [
  [5, [], [5]],
  [[], [0], []],
  [[1, 2], [2], [1, 2]],
  [
    [[1], [2], [3]],
    [3, 1],
    [1, 2, 3]
  ],
  [
    [[[1, 2]], [[3, 4]]],
    [2, 1, 2],
    [1, 2, 3, 4]
  ],
  [[[], []], [2, 0], []]
]

describe('nested numbers', () => {
  it.each(nestings)('%j has shape %j, and comes back', (nested, shape, values) => {
    const array = Params.ndArray(nested)
    expect(array).toEqual({ shape, values: Float64Array.from(values) })
    expect(array && Params.nested(array)).toEqual(nested)
  })

  it.each([[[1, [2]]], [[[1, 2], [3]]], [[[1], 2]], [[[], [1]]], [[[[1]], [[1, 2]]]]])('%j is ragged', nested => {
    expect(Params.ndArray(nested)).toBe(null)
  })

  it('a ragged literal is refused by name', () => {
    expect(() => Params.of({ mean: [1], means: [[1, 2], [3]] })).toThrow(
      new RangeError('means: [[1,2],[3]] is not rectangular; give every row the same length')
    )
  })
})

const a = Params.of({ means: [[1, 2], [3, 4]], scale: 2 }) // prettier-ignore
const b = Params.of({ means: [[10, 20], [30, 40]], scale: 5 }) // prettier-ignore

it('names and shapes are kept, in their order', () => {
  expect(Params.names(a)).toEqual(['means', 'scale'])
  expect(Params.shapes(a)).toEqual({ means: [2, 2], scale: [] })
  expect(Params.zeros(Params.shapes(a))).toEqual(Params.of({ means: [[0, 0], [0, 0]], scale: 0 })) // prettier-ignore
  expect(Params.map(({ shape }: NdArray, name) => `${name} ${String(shape.length)}`)(a)).toEqual({
    means: 'means 2',
    scale: 'scale 0'
  })
})

it('arithmetic is entry by entry', () => {
  expect(Params.mapValues(x => -x)(a)).toEqual(Params.of({ means: [[-1, -2], [-3, -4]], scale: -2 })) // prettier-ignore
  expect(Params.zipWith((x, y) => y - 10 * x)(a, b)).toEqual(Params.of({ means: [[0, 0], [0, 0]], scale: -15 })) // prettier-ignore
})

it('the norm is over all names together, of huge numbers and tiny ones too', () => {
  expect(Params.norm(Params.of({ a: [2, 4], b: 4 }))).toBe(6)
  // Within 2 ulp for each of the two lengths taken.
  expect(Math.abs(Params.norm(Params.of({ a: [3e300, 0], b: 4e300 })) / 5e300 - 1)).toBeLessThanOrEqual(
    4 * Number.EPSILON
  )
  expect(Params.norm({ a: { shape: [500, 500], values: new Float64Array(250_000).fill(2) } })).toBe(1000)
  expect(Params.norm(Params.of({ a: [] }))).toBe(0)
})

it('is finite where every number is', () => {
  expect(Params.isFiniteParams(a)).toBe(true)
  for (const bad of [NaN, Infinity, -Infinity])
    expect(Params.isFiniteParams(Params.of({ a: [1, 2], b: [bad, 1] }))).toBe(false)
  // The first of all, whatever follows.
  expect(Params.whereInfinite(Params.of({ a: [1], b: [[0, 1], [2, NaN]], c: [NaN], d: [1] }))).toBe('b[1][1]') // prettier-ignore
  expect(Params.whereInfinite(a)).toBeNull()
})

describe('checked', () => {
  const check = Params.checkedParams({ means: [2, 2], scale: [] })
  it('passes what fits on as it is', () => expect(check(a)).toBe(a))

  it.each([
    [
      Params.of({ means: [1, 2], scale: 2 }),
      'means: shape [2] is not of shape [2, 2]; give parameters that fit the score and the data'
    ],
    [
      // A wrong name, as an untyped caller may give.
      Params.of({ means: [[1, 2], [3, 4]], scales: 2 }) as unknown as typeof a, // prettier-ignore
      'scale: missing is not of shape []; give parameters that fit the score and the data'
    ]
  ])('names the first that does not %#', (params, message) => {
    expect(() => check(params)).toThrow(new RangeError(message))
  })
})

it('is printed as code, and an array that its values do not fill as it is', () => {
  expect(Params.show(a)).toBe('Params.of({ means: [[1,2],[3,4]], scale: 2 })')
  expect(Params.show({ broken: { shape: [2, 3], values: Float64Array.of(1, 2) } })).toBe(
    'Params.of({ broken: { shape: [2, 3], values: [1, 2] } })'
  )
})

describe('the codec', () => {
  it.each([
    [0.1, 0.1],
    [-0, '-0'],
    [0, 0],
    [NaN, 'NaN'],
    [Infinity, 'Infinity'],
    [-Infinity, '-Infinity']
  ])('writes %s as %j, and reads it back', (value, written) => {
    expect(Params.numberCodec.encode(value)).toBe(written)
    expect(Params.numberCodec.decode(written)).toEqual(E.right(value))
    const array = { shape: [1], values: Float64Array.of(value) }
    expect(Params.ndArrayCodec.encode(array)).toEqual({ shape: [1], values: [written] })
    expect(Params.ndArrayCodec.decode({ shape: [1], values: [written] })).toEqual(E.right(array))
  })

  it.each(['1', '', 'nan', '+Infinity', null, true, {}])('%j is no number', written => {
    expect(E.isLeft(Params.numberCodec.decode(written))).toBe(true)
    expect(Params.numberCodec.is(written)).toBe(false)
  })

  it('knows its own by their values', () => {
    expect(Params.numberCodec.is(NaN)).toBe(true)
    expect(Params.ndArrayCodec.is(a.means)).toBe(true)
    const others = [null, undefined, 1, {}, { shape: [1], values: [1] }, { values: Float64Array.of(1) }, { shape: [1] }]
    for (const other of others) expect(Params.ndArrayCodec.is(other)).toBe(false)
  })

  it('refuses values that do not fill their shape, with the shape', () => {
    expect(PathReporter.report(Params.ndArrayCodec.decode({ shape: [2, 3], values: [1, 2, 3, 4, 5] }))).toEqual([
      '5 values do not fill the shape [2, 3]'
    ])
    for (const json of [{ shape: [1] }, { values: [1] }, { shape: ['1'], values: [1] }, { shape: [1], values: ['x'] }])
      expect(E.isLeft(Params.ndArrayCodec.decode(json))).toBe(true)
  })

  it('keeps names', () => {
    expect(Params.codec.decode(JSON.parse(JSON.stringify(Params.codec.encode(a))))).toEqual(E.right(a))
  })
})

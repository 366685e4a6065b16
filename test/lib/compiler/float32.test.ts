import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { compile, type Program, type Signature } from '../../../lib/compiler/index.js'
import * as T from '../../../lib/index.js'
import { Key } from '../../../lib/index.js'
import { spread, once } from '../../cases.js'
import { functions } from '../functions.js'
import { called, callOf, cases, compiled, programOf } from './programs.js'

/** Half a unit of the last place of 1 in single precision. */
const U = 1 / 16777216

describe('a program in single precision', () => {
  it.each(spread(8)(cases).map(one => [one.name, one] as const))(
    'is that in double, up to its rounding: %s',
    (_, one) => {
      const single = programOf(one, 'float32')
      const double = programOf(one, 'float64')
      // Some thirty operations lie between an input and a result, each off by at most 2 units; what they are off by grows at most
      // fourfold on the way, as near the poles of the tangent.
      const tolerance = 256 * U
      for (const rows of [1, 8, 37, 1100]) {
        const call = callOf(one, rows, rows)
        const found = single.run(call)
        const wanted = double.run(call)
        expect(Math.abs(found.value - wanted.value) / (1 + Math.abs(wanted.value))).toBeLessThan(tolerance)
        for (const [name, { shape, values }] of Object.entries({ ...wanted.gradient, ...wanted.others })) {
          const own = name in wanted.gradient ? found.gradient[name] : found.others[name]
          expect(own.shape).toEqual(shape)
          const scale = values.reduce((most, x) => Math.max(most, Math.abs(x)), 1)
          const worst = values.reduce((most, x, i) => Math.max(most, Math.abs(own.values[i] - x) / scale), 0)
          expect(worst, `${name} of ${rows} rows`).toBeLessThan(tolerance)
        }
      }
    }
  )

  once('is in single precision', () => {
    const one = called('network')
    const call = callOf(one, 37, 1)
    const found = programOf(one, 'float32').run(call)
    const wanted = programOf(one, 'float64').run(call)
    expect(found.value).not.toBe(wanted.value)
  })

  once('has norms, and their derivatives, of floats of every size', () => {
    const signature: Signature = { params: { one: [] }, rows: { x: { shape: [3], from: 'call' } }, constants: {} }
    const program = programOf(
      {
        signature,
        write: ({ params: { one }, rows: { x } }) => {
          const own = T.mul(one, x)
          return { value: T.mean(T.norm(own, 1)), others: { norm: T.norm(x, 1), slope: T.grad(y => T.norm(y, 1))(x) } }
        }
      },
      'float32'
    )
    // Entries about 2^k, k from the least float that has all its digits to the largest whose norm is a float.
    for (let k = -124; k <= 126; k++) {
      const x = Float64Array.of(1, -1.5, 0.75).map(m => Math.fround(m * 2 ** k))
      const size = Math.hypot(...x)
      const { value, gradient, others } = program.run({
        rows: 1,
        params: { one: Float64Array.of(1) },
        given: { x },
        constants: {}
      })
      // Three squares, two sums, a root and their rounding.
      for (const found of [value, others.norm.values[0], gradient.one.values[0]])
        expect(Math.abs(found / size - 1), `2^${k}`).toBeLessThan(8 * U)
      others.slope.values.forEach((slope, i) => {
        expect(Math.abs((slope * size) / x[i] - 1), `2^${k}`).toBeLessThan(8 * U)
      })
    }
  })

  once('draws the normal numbers of the key, rounded', () => {
    const draws: Signature = { params: {}, rows: { z: { shape: [3], from: 'key' } }, constants: {} }
    const program = programOf({ signature: draws, write: ({ rows }) => ({ others: { z: rows.z } }) }, 'float32')
    const key = Key.fromSeed(5)
    const { others } = program.run({ rows: 1003, params: {}, given: { z: key }, constants: {} })
    expect(others.z).toEqual({ shape: [1003, 3], values: Key.normal(3009)(key).map(Math.fround) })
  })

  once('caches data separately for each precision', () => {
    const data: Signature = { params: {}, rows: { x: { shape: [2], from: 'data' } }, constants: {} }
    const [single, double] = (['float32', 'float64'] as const).map(precision =>
      programOf({ signature: data, write: ({ rows }) => ({ others: { y: T.mul(rows.x, 1) } }) }, precision)
    )
    const x = Key.normal(26)(Key.fromSeed(1))
    const run = (program: Program): Float64Array =>
      program.run({ rows: 13, params: {}, given: { x }, constants: {} }).others.y.values
    for (let turn = 0; turn < 2; turn++) {
      expect(run(single)).toEqual(x.map(Math.fround))
      expect(run(double)).toEqual(x)
    }
  })

  once('rejects a constant that float32 cannot represent', () => {
    const tiny = compile(
      { params: {}, rows: { x: { shape: [2], from: 'call' } }, constants: {} },
      ({ rows }) => ({ value: T.mean(T.maximum(rows.x, 1e-300)) }),
      [null, null],
      { precision: 'float32' }
    )
    expect(tiny).toEqual(E.left('maximum: the number 1e-300, which is 0 in float32'))
  })
})

describe('sums over the rows', () => {
  const signature: Signature = { params: {}, rows: { x: { shape: [1], from: 'call' } }, constants: {} }
  const program = programOf(
    {
      signature,
      write: ({ rows: { x } }) => ({ others: { sum: T.sum(x, 0), squares: T.matMul(x, x, { transposeA: true }) } })
    },
    'float32'
  )
  const sumsOf = (x: Float64Array): Readonly<Record<string, number>> => {
    const { sum, squares } = program.run({ rows: x.length, params: {}, given: { x }, constants: {} }).others
    return { sum: sum.values[0], squares: squares.values[0] }
  }

  once('are accumulated in doubles, so many rows lose no digits', () => {
    const rows = 400_000
    const tenth = Math.fround(0.1)
    const { sum, squares } = sumsOf(new Float64Array(rows).fill(0.1))
    // Two vectors of a panel are added as floats; sums of floats would be off by some per cent.
    expect(Math.abs(sum / (rows * tenth) - 1)).toBeLessThan(2 * U)
    // In a lane of a tile are 32 products, each rounded and added.
    expect(Math.abs(squares / (rows * tenth * tenth) - 1)).toBeLessThan(33 * U)
  })

  once('of products are accumulated in floats within a tile of 128 rows only', () => {
    // 2²⁴ and 1 are 2²⁴ in floats: the ones beside eight large numbers are lost, and those of other tiles are not.
    const x = new Float64Array(512).fill(1).fill(4096, 0, 8)
    const { squares } = sumsOf(x)
    expect(squares).toBe(8 * 4096 * 4096 + 512 - 128)
  })
})

const floatOf = (bits: number): number => new Float32Array(Uint32Array.of(bits).buffer)[0]
const bitsOf = (x: number): number => new Uint32Array(Float32Array.of(x).buffer)[0]
/** From |x|, rounded, to the next float. */
const unit = (x: number): number => {
  const bits = Math.min(bitsOf(Math.abs(x)), bitsOf(3.4e38))
  return floatOf(bits + 1) - floatOf(bits)
}

describe('functions in single precision, of floats of every size', () => {
  const ends = [88.72, 88.73, -87.34, -103.9, -104, 1e-45, 1.1754944e-38, 999_999]
  const edges = [0, -0, Infinity, -Infinity, NaN, 1, -1, ...ends]
  // Every exponent, both signs, and significands that are no round numbers.
  const words = Uint32Array.from({ length: 1 << 14 }, (_, i) => i * 262147)
  const x = Float64Array.from([...edges, ...new Float32Array(words.buffer)], Math.fround)

  const names = ['exp', 'expm1', 'log', 'log1p', 'tanh', 'erf', 'softplus', 'sin', 'cos']
  once.each(names)('%s is within 2 units of the last place', name => {
    const [f, right] = functions[name]
    const found = compiled(f, x, 'float32')
    const off = Array.from(found, (y, i) => {
      const wanted = right(x[i])
      // those alike in infinity and NaN, and in the sign of 0
      if (Object.is(y, Math.fround(wanted))) return 0
      return y === 0 && wanted === 0 ? Infinity : Math.abs(y - wanted) / unit(wanted)
    })
    const worst = off.reduce((at, here, i) => (here <= off[at] ? at : i), 0)
    expect(off[worst], `of ${x[worst]}: ${found[worst]}, not ${right(x[worst])}`).toBeLessThan(2)
  })
})

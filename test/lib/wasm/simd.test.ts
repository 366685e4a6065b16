import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import * as Elementary from '../../../lib/numbers/elementary.js'
import * as Key from '../../../lib/random/key.js'
import * as Simd from '../../../lib/wasm/index.js'
import { arena, bytesFor } from '../../../lib/wasm/arena.js'
import type { Kernels, ProductShape } from '../../../lib/wasm/kernels/kernels.js'
import { plainKernels } from '../../../lib/wasm/kernels/plain.js'
import { compileKernels, instantiate } from '../../../lib/wasm/kernelModule.js'
import { simdKernels } from '../../../lib/wasm/kernels/simd.js'

const names = ['exp', 'expm1', 'log', 'log1p', 'tanh', 'sigmoid', 'softplus', 'erf'] as const
/** Where the bits of two arrays first differ, or −1: toEqual takes its time over long ones. */
const difference = (x: Float64Array, y: Float64Array): number =>
  x.length === y.length ? x.findIndex((v, i) => !Object.is(v, y[i])) : Math.min(x.length, y.length)

describe('the SIMD path', () => {
  it('is used here', () => {
    expect(Simd.hasSimd()).toBe(true)
  })

  it('reads a part of an array outside its memory, also with a result inside', () => {
    const x = Key.uniform(400)(Key.fromSeed(2))
    const part = x.subarray(7, 207)
    const own = Simd.allocateDoubles(200)
    expect(own.byteOffset).toBeGreaterThan(0)
    expect(Simd.simdOrPlainKernels().exp(part, own)).toEqual(Simd.simdOrPlainKernels().exp(part.slice()))
    // 1 × 200 times 200 × 1: the sum of the products.
    const row = x.subarray(7, 207)
    const column = x.subarray(200, 400)
    const product = Simd.simdOrPlainKernels().matMul(
      row,
      column,
      { m: 1, k: 200, n: 1 },
      Simd.allocateDoubles(64).subarray(0, 1)
    )
    expect(product).toEqual(Simd.simdOrPlainKernels().matMul(row.slice(), column.slice(), { m: 1, k: 200, n: 1 }))
    Simd.releaseUnkept()
  })

  it.each(names)('%s has the same bits at every index, and may write in place', name => {
    const x = Key.uniform(2100)(Key.fromSeed(1))
    const y = Simd.simdOrPlainKernels()[name](x)
    for (const n of [0, 1, 2, 3, 7, 8, 9, 31, 1023, 1024, 1025, 2047, 2049]) {
      expect(difference(Simd.simdOrPlainKernels()[name](x.subarray(3, 3 + n)), y.subarray(3, 3 + n))).toBe(-1)
      const inPlace = x.slice()
      expect(Simd.simdOrPlainKernels()[name](inPlace.subarray(0, n), inPlace)).toBe(inPlace)
      expect(difference(inPlace.subarray(0, n), y.subarray(0, n))).toBe(-1)
      expect(difference(inPlace.subarray(n), x.subarray(n))).toBe(-1)
    }
  })
})

describe.each([
  ['SIMD', Simd.simdOrPlainKernels()],
  ['plain', plainKernels]
])('reductions, %s', (_, { sum }) => {
  it('adds a million tenths to the last bit', () => {
    const tenths = new Float64Array(1e6).fill(0.1)
    // The exact sum of the doubles: a tenth is 0.1 + 5.55e-18.
    expect(Math.abs(sum(tenths) / 100000 - 1)).toBeLessThanOrEqual(1e-15)
  })

  it('keeps small terms beside large ones that cancel', () => {
    const x = new Float64Array(5000).fill(1)
    x[17] = 1e17
    x[4001] = -1e17
    expect(sum(x)).toBe(4998)
  })

  it('sums no terms, infinities and NaN', () => {
    expect(sum(new Float64Array(0))).toBe(0)
    expect(sum(Float64Array.of(1, Infinity, 2))).toBe(Infinity)
    expect(sum(Float64Array.of(1, -Infinity, 2))).toBe(-Infinity)
    expect(sum(Float64Array.of(Infinity, -Infinity))).toBe(NaN)
    expect(sum(Float64Array.of(NaN, 1))).toBe(NaN)
    expect(sum(Float64Array.of(1e308, 1e308))).toBe(Infinity)
  })

  it('sums a part', () => {
    const x = Float64Array.from({ length: 3000 }, (_, i) => i)
    expect(sum(x, 10, 2500)).toBe((2499 * 2500) / 2 - 45)
    expect(sum(x, 7, 7)).toBe(0)
  })
})

const integers = (n: number, seed: number): Float64Array =>
  Float64Array.from(Key.integers(201)(n)(Key.fromSeed(seed)), i => i - 100)

/** Products and sums of small integers are exact, so every path must have these, which are computed once. */
const known = new Map<string, Float64Array>()
const reference = (m: number, k: number, n: number): Float64Array => {
  const name = `${m} ${k} ${n}`
  const found = known.get(name)
  if (found !== undefined) return found
  const a = integers(m * k, m)
  const b = integers(k * n, n)
  const c = new Float64Array(m * n)
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) for (let p = 0; p < k; p++) c[i * n + j] += a[i * k + p] * b[p * n + j]
  known.set(name, c)
  return c
}
describe.each([
  ['SIMD', Simd.simdOrPlainKernels().matMul],
  ['plain', plainKernels.matMul]
])('matMul, %s', (_, matMul) => {
  const transpose = (x: Float64Array, rows: number, columns: number): Float64Array =>
    Float64Array.from(x, (_, at) => x[(at % rows) * columns + Math.floor(at / rows)])

  const check = (m: number, k: number, n: number): void => {
    const a = integers(m * k, m)
    const b = integers(k * n, n)
    const c = reference(m, k, n)
    const at = transpose(a, m, k)
    const bt = transpose(b, k, n)
    // What a former call left behind must not show.
    matMul(new Float64Array(1600).fill(NaN), new Float64Array(1600).fill(NaN), { m: 40, k: 40, n: 40 })
    const out = new Float64Array(m * n + 1).fill(NaN)
    const sizes: ProductShape = { m, k, n }
    expect(difference(matMul(a, b, sizes), c)).toBe(-1)
    expect(difference(matMul(at, b, { ...sizes, transposeA: true }), c)).toBe(-1)
    expect(difference(matMul(a, bt, { ...sizes, transposeB: true }), c)).toBe(-1)
    expect(matMul(at, bt, { ...sizes, transposeA: true, transposeB: true }, out)).toBe(out)
    expect(difference(out.subarray(0, m * n), c)).toBe(-1)
    expect(out[m * n]).toBe(NaN)
  }

  it('is exact on small integers, with all transposes, for any small shape', () => {
    const size = fc.integer({ min: 0, max: 20 })
    fc.assert(fc.property(size, size, size, check), { numRuns: 30 })
  })

  it.each([
    [1000, 64, 64],
    [64, 1000, 64],
    [5, 257, 1],
    [131, 513, 3],
    [1, 300, 600],
    [259, 300, 258],
    [66, 256, 256],
    [3000, 2, 2],
    [2, 3000, 2],
    [1, 1, 3000]
  ])('and across blocks: %d × %d × %d', check)

  it('computes each row from that row only', () => {
    const m = 70
    const k = 300
    const n = 30
    const a = Key.normal(m * k)(Key.fromSeed(1))
    const b = Key.normal(k * n)(Key.fromSeed(2))
    const c = matMul(a, b, { m, k, n })
    for (const [from, to] of [
      [0, 1],
      [13, 18],
      [69, 70]
    ])
      expect(matMul(a.subarray(from * k, to * k), b, { m: to - from, k, n })).toEqual(c.slice(from * n, to * n))
  })
})

describe('arrays in the memory', () => {
  const kernels = simdKernels(compileKernels())
  const { room } = kernels
  // enough for each of the tests below
  room.take(1e6)
  room.settle()
  /** A copy in the memory, for as long as `settle` is not called. */
  const inside = (x: Float64Array): Float64Array => {
    const place = room.take(x.length)
    if (place === null && x.length > 0) throw new Error('no room')
    place?.set(x)
    return place ?? x
  }
  const normal = (i: number, n: number): Float64Array => Key.normal(n)(Key.fromSeed(i))
  const special = Float64Array.of(NaN, Infinity, -Infinity, 0, -0, 5e-324, -5e-324, 1.5, -2, 1e308, 1e-308)
  const any = (n: number): Float64Array =>
    Float64Array.from({ length: n }, (_, i) => (i < special.length ? special[i] : 3 * Math.sin(i)))

  type Put = (x: Float64Array) => Float64Array
  /** What a kernel of some set of them writes into so many numbers, of operands where they are put. */
  interface Written {
    readonly length: number
    readonly write: (of: Kernels, put: Put, out: Float64Array) => unknown
  }

  const maps: ReadonlyArray<readonly [string, ReadonlyArray<Written>]> = (
    ['neg', 'abs', 'square', 'sqrt', 'reciprocal', 'rsqrt', ...names] as const
  ).map(name => [
    name,
    [0, 1, 7, 8, 17, 1000, 1029, 2049].map(n => ({ length: n, write: (of, put, out) => of[name](put(any(n)), out) }))
  ])
  const shapes = [[1, 1], [1, 29], [7, 1], [6, 2], [5, 3], [4, 8], [3, 27]] // prettier-ignore
  const zips: ReadonlyArray<readonly [string, ReadonlyArray<Written>]> = (
    ['add', 'sub', 'multiply', 'divide', 'maximum', 'minimum'] as const
  ).map(name => [
    `${name}, however operands are stretched`,
    shapes.flatMap(([rows, columns]) => {
      const strides = [[columns, 1], [1, 0], [0, 1], [0, 0]] // prettier-ignore
      return strides.flatMap(([ra, ca]) =>
        strides.map(([rb, cb]) => ({
          length: rows * columns + 4,
          write: (of: Kernels, put: Put, out: Float64Array): void => {
            const a = Float64Array.from({ length: rows * columns + 3 }, (_, i) => special[(7 * i) % 11])
            const b = Float64Array.from({ length: rows * columns + 5 }, (_, i) =>
              i % 3 === 0 ? Math.cos(i) : special[i % 11]
            )
            of[name](put(a), put(b), out, { rows, columns, ra, ca, rb, cb, pa: 3, pb: 5, at: 2 })
          }
        }))
      )
    })
  ])
  const tables = [[1, 1], [5, 2], [3, 7], [2, 8], [33, 9], [4, 128], [100, 3]] // prettier-ignore
  const sums: ReadonlyArray<readonly [string, ReadonlyArray<Written>]> = [
    [
      'rowSums',
      tables.map(([rows, n]) => ({
        length: rows,
        write: (of, put, out) => of.rowSums(put(normal(rows, rows * n)), rows, n, out)
      }))
    ],
    [
      'columnSums',
      [...tables, [2, 1000]].map(([rows, n]) => ({
        length: 2 * n,
        write: (of, put, out) => of.columnSums(put(normal(n, 2 * rows * n)), { blocks: 2, rows, width: n }, out)
      }))
    ],
    [
      'stretch',
      [...tables, [2, 1000]].map(([rows, n]) => ({
        length: rows * n + 3,
        write: (of, put, out) => of.stretch(put(normal(n, rows + 1)), 1, out, { at: 2, rows, columns: n })
      }))
    ]
  ]
  it.each([...maps, ...zips, ...sums])(
    '%s has the bits of a plain loop, for operands inside and outside the memory',
    (_, all) => {
      for (const { length, write } of all) {
        room.settle()
        // what stands behind a view is another's
        const empty = new Float64Array(length + 8).fill(7)
        const wanted = empty.slice()
        write(plainKernels, x => x, wanted.subarray(0, length))
        let operands = 0
        const mixed: Put = x => (operands++ % 2 === 0 ? x : inside(x))
        for (const put of [inside, (x: Float64Array) => x, mixed])
          for (const out of [inside(empty), empty.slice()]) {
            write(kernels, put, out.subarray(0, length))
            expect(difference(out.slice(), wanted)).toBe(-1)
          }
      }
    }
  )

  it('long rows have the sums of plain loops, and a part of an array that of its copy', () => {
    room.settle()
    const n = 1000
    const found = inside(new Float64Array(2))
    const wanted = new Float64Array(2)
    kernels.rowSums(inside(normal(2, 2 * n)), 2, n, found)
    plainKernels.rowSums(normal(2, 2 * n), 2, n, wanted)
    found.forEach((s, i) => expect(Math.abs(s - wanted[i])).toBeLessThan(1e-13 * n))
    expect(kernels.sum(inside(normal(3, 1003)), 2, 999)).toBe(kernels.sum(normal(3, 1003), 2, 999))
  })

  it('softmax by rows agrees with the plain one, for infinities and NaN too', () => {
    const odd = [-Infinity, -Infinity, NaN, 1, 2, 700, -800, 0, -Infinity, 3, Infinity, 1]
    for (const n of [1, 2, 3, 4, 6]) {
      room.settle()
      const x = Float64Array.from([...odd, ...normal(n, 48)])
      const actual = inside(x)
      const wanted = x.slice()
      kernels.softmaxRows(inside(x), x.length / n, n, actual)
      plainKernels.softmaxRows(x, x.length / n, n, wanted)
      actual.forEach((p, i) => {
        expect(Number.isNaN(p)).toBe(Number.isNaN(wanted[i]))
        if (!Number.isNaN(p)) expect(Math.abs(p - wanted[i])).toBeLessThanOrEqual(1e-15)
      })
    }
  })

  const products = [[1, 1, 1], [2, 300, 5], [3, 7, 2], [4, 4, 4], [17, 5, 3], [18, 260, 301], [70, 33, 6], [513, 2, 32]] // prettier-ignore
  it.each(products)('products in place have the bits of products by blocks: %i × %i × %i', (m, k, n) => {
    for (const transposeA of [false, true])
      for (const transposeB of [false, true]) {
        room.settle()
        const a = normal(m, m * k)
        const b = normal(n, k * n)
        const wanted = kernels.matMul(a, b, { m, k, n, transposeA, transposeB })
        const actual = inside(new Float64Array(m * n + 1).fill(7))
        kernels.matMul(inside(a), inside(b), { m, k, n, transposeA, transposeB }, actual.subarray(0, m * n))
        expect(actual[m * n]).toBe(7)
        expect(difference(actual.slice(0, m * n), wanted)).toBe(-1)
      }
  })

  it('are filled with the same draws as arrays outside the memory', () => {
    for (const n of [1, 8, 1024, 1031])
      for (const first of [0, 1, 6])
        for (const name of ['normals', 'uniforms'] as const) {
          room.settle()
          const actual = inside(new Float64Array(n + 1).fill(7))
          const wanted = new Float64Array(n + 1).fill(7)
          kernels[name](3, 4, first, actual.subarray(0, n))
          Simd[name](3, 4, first, wanted.subarray(0, n))
          expect(difference(actual.slice(), wanted)).toBe(-1)
        }
  })

  it('are reused when freed, and survive the growth of the memory', () => {
    const { room } = simdKernels(compileKernels(), 100)
    const first = room.take(1000)
    if (first === null) throw new Error('no room')
    first.fill(3)
    const at = room.keep(first)
    expect(at).toBeGreaterThan(0)
    expect(room.keep(first)).toBe(0)
    expect(room.keep(new Float64Array(3))).toBe(0)
    expect(room.take(200_000)).toBeNull()
    room.settle()
    expect(first.length).toBe(0)
    expect(room.view(at, 1000)).toEqual(new Float64Array(1000).fill(3))
    const second = room.take(200_000)
    expect(second).not.toBeNull()
    expect(room.held()).toBe(2)
    room.settle()
    expect(room.held()).toBe(1)
    expect(room.take(200_000)?.byteOffset).toBe(second?.byteOffset)
    room.settle()
    room.give(at, 1000)
    expect(room.held()).toBe(0)
    // beyond all there can be, and then what there can be
    expect(room.take(1e6)).toBeNull()
    room.settle()
    expect(room.take(1e6)).toBeNull()
    room.settle()
    expect(room.take(500_000)).not.toBeNull()
  })

  it('invalid sizes throw and do not change the allocator', () => {
    const memory = new WebAssembly.Memory({ initial: 2 })
    const { take } = arena(memory, { base: 64, maxBytes: 2 * 65536 })
    for (const length of [NaN, -1, 2.5, Infinity]) expect(() => take(length)).toThrow(RangeError)
    expect([take(8), take(8)]).toEqual([64, 128])
  })

  it('freed sizes make room for other sizes', () => {
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 4096 })
    const { take, give, settle, held } = arena(memory, { base: 64, maxBytes: 4096 * 65536 })
    const place = (length: number): number => {
      const at = take(length)
      if (at > 0) return at
      settle()
      return take(length)
    }
    // A few that stay, and between them, one after another, ever larger ones: each fits where those before it were.
    const largest = 1_000_000
    const small = Array.from({ length: 20 }, () => {
      const between = place(10_000)
      const at = place(1000)
      give(between, 10_000)
      return { at, length: 1000 }
    })
    for (let length = 1000; length < largest; length = Math.ceil((length * 9) / 8)) {
      const one = place(length)
      const other = place(length)
      expect(Math.min(one, other)).toBeGreaterThan(0)
      give(one, length)
      give(other, length)
    }
    small.forEach(({ at, length }) => {
      give(at, length)
    })
    expect(held()).toBe(0)
    // two of the largest, what lies before them, and what the memory is doubled by
    expect(memory.buffer.byteLength).toBeLessThan(2 * (2 * 1.125 * 8 * largest))
    // nothing is held, and all of it is one place again
    expect(take(Math.floor((memory.buffer.byteLength - 8192) / 9))).toBe(64)
  })

  it('never overlap', () => {
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 40 })
    const places = arena(memory, { base: 64, maxBytes: 40 * 65536 })
    const sizes = Key.uniform(4000)(Key.fromSeed(3))
    let live: { readonly at: number; readonly length: number }[] = []
    for (let i = 0; i < 2000; i++) {
      const length = 1 + Math.floor(2 ** (13 * sizes[2 * i]))
      const at = places.take(length)
      if (at > 0) {
        expect(at % 64).toBe(0)
        expect(at + 8 * length).toBeLessThanOrEqual(memory.buffer.byteLength)
        const isApart = (other: { readonly at: number; readonly length: number }): boolean =>
          at + 8 * length <= other.at || other.at + 8 * other.length <= at
        expect(live.every(isApart)).toBe(true)
        live.push({ at, length })
      }
      if (sizes[2 * i + 1] < 0.5 && live.length > 0) {
        const [gone] = live.splice(Math.floor(sizes[2 * i + 1] * 2 * live.length), 1)
        places.give(gone.at, gone.length)
      }
      if (i % 500 === 499) {
        live.forEach(({ at, length }) => places.give(at, length))
        live = []
      }
      places.settle()
    }
    expect(memory.buffer.byteLength).toBeGreaterThan(20 * 65536)
    expect([1, 8, 9, 513, 1000, 1e6].every(n => bytesFor(n) >= 8 * n && bytesFor(n) <= 64 + 9 * n)).toBe(true)
  })
})

describe('engines without SIMD', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })
  const fresh = async (): Promise<typeof Simd> => {
    vi.resetModules()
    return import('../../../lib/wasm/index.js')
  }

  it('plain loops run without WebAssembly', async () => {
    vi.stubGlobal('WebAssembly', undefined)
    const simd = await fresh()
    expect(simd.hasSimd()).toBe(false)
    const x = Key.normal(20)(Key.fromSeed(1))
    const both = simd.simdOrPlainKernels()
    for (const name of names) expect(both[name](x)).toEqual(x.map(Elementary[name]))
    expect(simd.simdOrPlainKernels().matMul(x, x, { m: 4, k: 5, n: 4 })).toEqual(
      plainKernels.matMul(x, x, { m: 4, k: 5, n: 4 })
    )
    const untouched = new Float64Array(3)
    expect(simd.normals(1, 2, 0, untouched) || simd.uniforms(1, 2, 0, untouched)).toBe(false)
    expect(untouched).toEqual(new Float64Array(3))
  })

  it('plain loops run without SIMD', async () => {
    const refuse = (): never => {
      throw new WebAssembly.CompileError('no such opcode')
    }
    vi.stubGlobal('WebAssembly', { ...wasmGlobal(), Module: refuse, compile: refuse })
    const simd = await fresh()
    expect(simd.hasSimd()).toBe(false)
  })
})

/** Its members are not enumerable. */
const wasmGlobal = (): Record<string, unknown> => ({
  Memory: WebAssembly.Memory,
  Instance: WebAssembly.Instance,
  CompileError: WebAssembly.CompileError,
  compile: WebAssembly.compile.bind(WebAssembly)
})

it('several instances run over one shared memory', () => {
  const module = compileKernels({ isShared: true })
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true })
  const first = instantiate(module, memory)
  const second = instantiate(module, memory)
  const at = first.start()
  expect(second.start()).toBe(at)
  const shared = new Float64Array(memory.buffer, at, 16)
  shared.set(Key.uniform(16)(Key.fromSeed(1)))
  const x = Float64Array.from(shared)
  first.mapExp(at, at, 8)
  second.mapExp(at + 64, at + 64, 8)
  expect(Float64Array.from(shared)).toEqual(Simd.simdOrPlainKernels().exp(x))
})

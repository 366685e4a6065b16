/** Assembler of WebAssembly modules; the engine validates them. */

import { exactText } from '../plain/said.js'
import { type Lanes, type Precision } from './lanes.js'

export type ValueType = 'i32' | 'f64' | 'v128'

const TYPE_CODES: Readonly<Record<ValueType, number>> = { i32: 0x7f, f64: 0x7c, v128: 0x7b }

/** Opcodes on bits of vectors, after the prefix 0xfd. */
const BIT_OPCODES = { and: 0x4e, or: 0x50, bitselect: 0x52 } as const

const SIMD_OPCODES = {
  splat: { float64: 0x14, float32: 0x13 },
  eq: { float64: 0x47, float32: 0x41 },
  ne: { float64: 0x48, float32: 0x42 },
  lt: { float64: 0x49, float32: 0x43 },
  gt: { float64: 0x4a, float32: 0x44 },
  le: { float64: 0x4b, float32: 0x45 },
  floor: { float64: 0x75, float32: 0x68 },
  ceil: { float64: 0x74, float32: 0x67 },
  nearest: { float64: 0x94, float32: 0x6a },
  abs: { float64: 0xec, float32: 0xe0 },
  neg: { float64: 0xed, float32: 0xe1 },
  sqrt: { float64: 0xef, float32: 0xe3 },
  add: { float64: 0xf0, float32: 0xe4 },
  sub: { float64: 0xf1, float32: 0xe5 },
  mul: { float64: 0xf2, float32: 0xe6 },
  div: { float64: 0xf3, float32: 0xe7 },
  min: { float64: 0xf4, float32: 0xe8 },
  max: { float64: 0xf5, float32: 0xe9 },
  pmin: { float64: 0xf6, float32: 0xea },
  pmax: { float64: 0xf7, float32: 0xeb },
  shiftLeft: { float64: 0xcb, float32: 0xab },
  shiftRight: { float64: 0xcd, float32: 0xad },
  subtractBits: { float64: 0xd1, float32: 0xb1 }
} as const

/** Opcodes on addresses and counts. */
const WORD_OPCODES = {
  plus: 0x6a,
  minus: 0x6b,
  times: 0x6c,
  equals: 0x46,
  differs: 0x47,
  below: 0x49,
  choose: 0x1b
} as const

export type Instruction = keyof typeof BIT_OPCODES | keyof typeof SIMD_OPCODES | keyof typeof WORD_OPCODES

const unsignedLeb128 = (value: number): number[] => {
  const bytes: number[] = []
  let left = value >>> 0
  do {
    const byte = left & 127
    left >>>= 7
    bytes.push(left > 0 ? byte | 128 : byte)
  } while (left > 0)
  return bytes
}

const signedLeb128 = (value: number): number[] => {
  const bytes: number[] = []
  for (let left = value; ;) {
    const byte = left & 127
    left >>= 7
    const isLast = (left === 0 && (byte & 64) === 0) || (left === -1 && (byte & 64) !== 0)
    bytes.push(isLast ? byte : byte | 128)
    if (isLast) return bytes
  }
}

const constantInstruction = (value: number, { precision }: Lanes): ReadonlyArray<number> =>
  precision === 'float64'
    ? [0x44, ...new Uint8Array(Float64Array.of(value).buffer)]
    : [0x43, ...new Uint8Array(Float32Array.of(value).buffer)]

/** Byte indices of a shuffle of float lanes; lanes 4 to 7 are those of the second vector. */
const floatShuffle = (...lanes: ReadonlyArray<number>): ReadonlyArray<number> =>
  lanes.flatMap(lane => [0, 1, 2, 3].map(byte => 4 * lane + byte))

const isKeyOf = <T extends object>(table: T, name: PropertyKey): name is keyof T => name in table

/** Function under construction; methods append instructions and return it. */
export class Code {
  #locals: ValueType[] = []
  readonly #bytes: number[] = []
  #constants = new Map<string, number>()
  #opening: number[] = []
  readonly lanes: Lanes
  readonly parameters: ReadonlyArray<ValueType>

  constructor(lanes: Lanes, ...parameters: ReadonlyArray<ValueType>) {
    this.lanes = lanes
    this.parameters = parameters
  }

  /** Returns code to be inserted later by `append`. */
  fragment(): Code {
    const part = new Code(this.lanes, ...this.parameters)
    part.#locals = this.#locals
    part.#constants = this.#constants
    part.#opening = this.#opening
    return part
  }
  append(part: Code): this {
    for (const byte of part.#bytes) this.#bytes.push(byte)
    return this
  }

  #put(...bytes: ReadonlyArray<number>): this {
    for (const byte of bytes) this.#bytes.push(byte)
    return this
  }

  /** Declares a local; returns its index, after those of the parameters. */
  local(type: ValueType): number {
    return this.parameters.length + this.#locals.push(type) - 1
  }
  get(local: number): this {
    return this.#put(0x20, ...unsignedLeb128(local))
  }
  set(local: number): this {
    return this.#put(0x21, ...unsignedLeb128(local))
  }
  tee(local: number): this {
    return this.#put(0x22, ...unsignedLeb128(local))
  }
  i32(value: number): this {
    return this.#put(0x41, ...signedLeb128(value | 0))
  }
  double(value: number): this {
    return this.#put(0x44, ...new Uint8Array(Float64Array.of(value).buffer))
  }
  /** Pushes a vector with the number in all lanes, made at the start of the function. */
  every(value: number): this {
    const key = exactText(value)
    let local = this.#constants.get(key)
    if (local === undefined) {
      local = this.local('v128')
      this.#constants.set(key, local)
      const splat = SIMD_OPCODES.splat[this.lanes.precision]
      this.#opening.push(...constantInstruction(value, this.lanes), 0xfd, splat, 0x21, ...unsignedLeb128(local))
    }
    return this.get(local)
  }
  op(name: Instruction, precision: Precision = this.lanes.precision): this {
    if (isKeyOf(WORD_OPCODES, name)) return this.#put(WORD_OPCODES[name])
    return this.#put(
      0xfd,
      ...unsignedLeb128(isKeyOf(BIT_OPCODES, name) ? BIT_OPCODES[name] : SIMD_OPCODES[name][precision])
    )
  }
  load(offset: number): this {
    return this.#put(0xfd, 0, 4, ...unsignedLeb128(offset))
  }
  loadEvery(offset: number): this {
    return this.#put(0xfd, ...(this.lanes.bytes === 8 ? [10, 3] : [9, 2]), ...unsignedLeb128(offset))
  }
  store(offset: number): this {
    return this.#put(0xfd, 11, 4, ...unsignedLeb128(offset))
  }
  word(offset: number): this {
    return this.#put(0x28, 2, ...unsignedLeb128(offset))
  }
  /** Joins the low or the high halves of two vectors. */
  pair(half: 'low' | 'high'): this {
    const first = half === 'low' ? 0 : 8
    return this.#put(0xfd, 13, ...Array.from({ length: 16 }, (_, i) => first + (i < 8 ? i : i + 8)))
  }
  /** Converts the first or the last two of four floats to doubles. */
  promote(half: 'low' | 'high'): this {
    if (half === 'high') {
      const floats = this.local('v128')
      this.tee(floats)
        .get(floats)
        .#put(0xfd, 13, ...floatShuffle(2, 3, 2, 3))
    }
    return this.#put(0xfd, 0x5f)
  }
  demote(): this {
    const second = this.local('v128')
    this.set(second).#put(0xfd, 0x5e)
    return this.get(second).#put(0xfd, 0x5e, 0xfd, 13, ...floatShuffle(0, 1, 4, 5))
  }
  toDouble(): this {
    return this.#put(0xb8)
  }
  loop(body: () => void): this {
    this.#put(0x03, 0x40)
    body()
    return this.#put(0x0b)
  }
  when(body: () => void): this {
    this.#put(0x04, 0x40)
    body()
    return this.#put(0x0b)
  }
  /** Continues the innermost loop if the number on the stack is not 0. */
  again(): this {
    return this.#put(0x0d, 0)
  }
  call(index: number): this {
    return this.#put(0x10, ...unsignedLeb128(index))
  }
  /** Fills memory with zeros. Stack: address, 0, length. */
  clear(): this {
    return this.#put(0xfc, 11, 0)
  }
  /** Copies memory. Stack: target, source, length. */
  copy(): this {
    return this.#put(0xfc, 10, 0, 0)
  }
  plus(bytes: number): this {
    return bytes === 0 ? this : this.i32(bytes).op('plus')
  }
  /** Adds `bytes` · local to the address on the stack. */
  plusEach(local: number, bytes: number): this {
    return this.get(local).i32(bytes).op('times').op('plus')
  }
  advance(local: number, bytes: number): this {
    return bytes === 0 ? this : this.get(local).plus(bytes).set(local)
  }
  /** Decrements a local and continues the innermost loop until it is 0. */
  countDown(local: number): this {
    return this.get(local).i32(1).op('minus').tee(local).again()
  }
  /** Repeats the body; count ≥ 1. */
  times(count: number, body: () => void): this {
    if (count === 1) {
      body()
      return this
    }
    const left = this.local('i32')
    return this.i32(count)
      .set(left)
      .loop(() => {
        body()
        this.countDown(left)
      })
  }

  body(): Uint8Array {
    const runs: { count: number; readonly type: ValueType }[] = []
    for (const type of this.#locals) {
      const last = runs.at(-1)
      if (last?.type === type) last.count++
      else runs.push({ count: 1, type })
    }
    const head = [
      ...unsignedLeb128(runs.length),
      ...runs.flatMap(({ count, type }) => [...unsignedLeb128(count), TYPE_CODES[type]]),
      ...this.#opening
    ]
    return Uint8Array.from([...head, ...this.#bytes, 0x0b])
  }
}

export interface Imported {
  readonly name: string
  readonly parameters: ReadonlyArray<ValueType>
  readonly returns?: ValueType
}

interface Defined {
  readonly code: Code
  readonly name?: string
}

const nameBytes = (value: string): number[] => [
  ...unsignedLeb128(value.length),
  ...Array.from(value, c => c.charCodeAt(0))
]
const vectorBytes = (items: ReadonlyArray<ReadonlyArray<number>>): number[] => [
  ...unsignedLeb128(items.length),
  ...items.flat()
]
const sectionBytes = (id: number, content: ReadonlyArray<number>): number[] => [
  id,
  ...unsignedLeb128(content.length),
  ...content
]

/** Bytes of a module of functions without results, with an imported memory of at most `maximum` pages. Imports have the first indices. */
export const assemble = (
  imports: ReadonlyArray<Imported>,
  functions: ReadonlyArray<Defined>,
  memory: { readonly shared: boolean; readonly maximum: number }
): Uint8Array<ArrayBuffer> => {
  const types: number[][] = []
  const typeOf = (parameters: ReadonlyArray<ValueType>, returns?: ValueType): number => {
    const list = (all: ReadonlyArray<ValueType>): number[] => [
      ...unsignedLeb128(all.length),
      ...all.map(type => TYPE_CODES[type])
    ]
    const type = [0x60, ...list(parameters), ...list(returns === undefined ? [] : [returns])]
    const known = types.findIndex(other => other.join() === type.join())
    return known < 0 ? types.push(type) - 1 : known
  }
  const imported = imports.map(({ name, parameters, returns }) => [
    ...nameBytes('env'),
    ...nameBytes(name),
    0,
    ...unsignedLeb128(typeOf(parameters, returns))
  ])
  const declared = functions.map(({ code }) => unsignedLeb128(typeOf(code.parameters)))
  const exported = functions.flatMap(({ name }, i) =>
    name === undefined ? [] : [[...nameBytes(name), 0, ...unsignedLeb128(imports.length + i)]]
  )
  const bodies = functions.map(({ code }) => code.body())
  const head = [
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...sectionBytes(1, vectorBytes(types)),
    ...sectionBytes(
      2,
      vectorBytes([
        [...nameBytes('env'), ...nameBytes('memory'), 2, memory.shared ? 3 : 1, 1, ...unsignedLeb128(memory.maximum)],
        ...imported
      ])
    ),
    ...sectionBytes(3, vectorBytes(declared)),
    ...sectionBytes(7, vectorBytes(exported))
  ]
  const code = [...unsignedLeb128(bodies.length)]
  const length = bodies.reduce((sum, body) => sum + unsignedLeb128(body.length).length + body.length, code.length)
  const module = new Uint8Array(head.length + 1 + unsignedLeb128(length).length + length)
  let at = 0
  const append = (bytes: ArrayLike<number>): void => {
    module.set(bytes, at)
    at += bytes.length
  }
  append(head)
  append([10, ...unsignedLeb128(length), ...code])
  for (const body of bodies) {
    append(unsignedLeb128(body.length))
    append(body)
  }
  return module
}

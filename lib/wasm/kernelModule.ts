/** The WebAssembly module of lib/wasm: its exports, and how it is decoded, compiled and instantiated. */
import { reason } from '../plain/said.js'
import { binary, memoryFlags } from './binary.js'
import type { MapName } from './kernels/kernels.js'

/** y[i] = f(x[i]) for i < n, a multiple of 8; x and y are addresses and may be equal. */
export type WasmMap = (x: number, y: number, n: number) => void

export type WasmMaps = { readonly [Name in MapName as `map${Capitalize<Name>}`]: WasmMap }

/**
 * Writes the draws first, …, first + n − 1 and up to fifteen more to `out`; `first` is a multiple of 4. The key's halves k0 and k1 are
 * signed.
 */
export type WasmFill = (k0: number, k1: number, first: number, n: number, out: number) => void

/** Exports of assembly/index.ts. Addresses and strides are in bytes, lengths in doubles. */
export interface KernelModule extends WasmMaps {
  /** First address that is free for operands. */
  readonly start: () => number
  /** Applies operation `operation` of ZIPS. `downA` and `downB` are strides between rows; a broadcast operand is constant along a row. */
  readonly zip: (
    operation: number,
    a: number,
    downA: number,
    isBroadcastA: boolean,
    b: number,
    downB: number,
    isBroadcastB: boolean,
    out: number,
    rows: number,
    columns: number
  ) => void
  readonly stretch: (x: number, rows: number, columns: number, out: number) => void
  readonly rowSums: (x: number, rows: number, n: number, out: number) => void
  readonly columnSums: (x: number, n: number, width: number, out: number, scratch: number) => void
  readonly softmaxRows: (x: number, rows: number, n: number, out: number) => void
  readonly addSum: (x: number, n: number, state: number) => void
  readonly total: (state: number) => number
  readonly pack: (b: number, stride: number, isTransposed: boolean, k: number, n: number, panels: number) => void
  readonly multiply: (
    a: number,
    down: number,
    along: number,
    panels: number,
    panel: number,
    step: number,
    c: number,
    row: number,
    m: number,
    k: number,
    n: number,
    isAdded: boolean
  ) => void
  readonly uniforms: WasmFill
  readonly normals: WasmFill
  readonly expectation: (
    x: number,
    w: number,
    n: number,
    dim: number,
    count: number,
    learned: number,
    second: number,
    isTriangular: boolean,
    components: number,
    scratch: number,
    sums: number,
    perRow: number
  ) => void
}

/** A module in the text encoding of lib/build/wasm.mjs. */
export interface EncodedModule {
  readonly binary: string
  /** Index of the byte that is 3 if the imported memory is shared, otherwise 1. */
  readonly memoryFlags: number
}

const embeddedKernels: EncodedModule = { binary, memoryFlags }

/** Decodes characters to bytes: one from ( to [, or two of which the first is from ] to ~, are one byte. */
const decodeModule = ({ binary }: EncodedModule): Uint8Array<ArrayBuffer> => {
  const decoded = new Uint8Array(binary.length)
  let count = 0
  for (let at = 0; at < binary.length; at++) {
    const letter = binary.charCodeAt(at)
    const n = letter < 93 ? letter - 40 : 52 + 34 * (letter - 93) + binary.charCodeAt(++at) - 93
    decoded[count++] = n - 16
  }
  return decoded.slice(0, count)
}

/**
 * @internal
 * Compiles the kernels synchronously, for a shared memory if `isShared`. Default: false.
 *
 * @throws if the engine has no SIMD or forbids compilation here
 */
export const compileKernels = ({
  isShared = false,
  encoded = embeddedKernels
}: {
  readonly isShared?: boolean
  readonly encoded?: EncodedModule
} = {}): WebAssembly.Module => {
  const bytes = decodeModule(encoded)
  // Without atomics, modules for shared and unshared memories differ in this byte only.
  if (isShared) bytes[encoded.memoryFlags] = 3
  return new WebAssembly.Module(bytes)
}

/** Encoded modules: the second has a function that uses SIMD. */
const [EMPTY_MODULE, SIMD_MODULE] = [
  [0, 97, 115, 109, 1, 0, 0, 0],
  [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]
].map(bytes => Uint8Array.from(bytes))

/** Reason, in words for users, why compiling failed with `error`. */
export const compilationObstacle = (error: unknown): string => {
  if (typeof WebAssembly === 'undefined') return 'this engine has no WebAssembly'
  try {
    new WebAssembly.Module(EMPTY_MODULE)
  } catch {
    return "WebAssembly is forbidden here: a page's content security policy needs 'wasm-unsafe-eval' in its script-src"
  }
  if (!WebAssembly.validate(SIMD_MODULE)) return 'this engine has no SIMD'
  return `this engine refuses WebAssembly: ${reason(error)}`
}

/** @internal Instantiates the kernels over a memory, which is shared exactly if the module was compiled so. */
export const instantiate = (module: WebAssembly.Module, memory: WebAssembly.Memory): KernelModule =>
  // Exports have no type of their own; these are those of assembly/index.ts.
  new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as KernelModule

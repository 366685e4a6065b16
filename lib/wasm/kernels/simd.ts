/**
 * The kernels in SIMD. Arrays in the kernels' memory are processed in place; others are copied by chunks or blocks to buffers that stay in
 * the cache.
 */
import {
  CHUNK_DOUBLES,
  DOUBLE_BYTES,
  kernelMemory,
  loadChunk,
  MAX_KERNEL_PAGES,
  visitBlocks,
  type KernelMemory,
  type Room
} from '../kernelMemory.js'
import { wasmMapKernel } from '../math/mapKernels.js'
import { drawKernel, type FillDraws } from '../random/drawKernels.js'
import { gaussianEStep, type SimdEStep } from './gaussianEStep.js'
import { MAPS, ZIPS, type Kernels, type Zip, type ZipName } from './kernels.js'
import { matMulKernel } from './matrixProduct.js'
import { halvingCount, plainKernels, SHORT_ROW } from './plain.js'

export interface SimdKernels extends Kernels {
  readonly room: Room
  readonly uniforms: FillDraws
  readonly normals: FillDraws
  readonly expectation: SimdEStep
}

/** Kernel of the binary operation with index `operation` in ZIPS. */
const wasmZipKernel =
  ({ wasm, isInside, addressOf }: KernelMemory, name: ZipName, operation: number): Zip =>
  (a, b, out, grid) => {
    const { rows, columns, ra, ca, rb, cb, pa, pb, at } = grid
    const isByRows = ca + cb > 0 && ca <= 1 && cb <= 1 && isInside(out)
    const first = isByRows ? addressOf(a) : 0
    const second = first === 0 ? 0 : a === b ? first : addressOf(b)
    if (second === 0) plainKernels[name](a, b, out, grid)
    else
      wasm.zip(
        operation,
        first + pa * DOUBLE_BYTES,
        ra * DOUBLE_BYTES,
        ca === 0,
        second + pb * DOUBLE_BYTES,
        rb * DOUBLE_BYTES,
        cb === 0,
        out.byteOffset + at * DOUBLE_BYTES,
        rows,
        columns
      )
  }

const stretchKernel =
  ({ wasm, isInside, addressOf }: KernelMemory): Kernels['stretch'] =>
  (source, from, out, target) => {
    const address = isInside(out) ? addressOf(source) : 0
    if (address === 0) plainKernels.stretch(source, from, out, target)
    else {
      const { at, rows, columns } = target
      wasm.stretch(address + from * DOUBLE_BYTES, rows, columns, out.byteOffset + at * DOUBLE_BYTES)
    }
  }

const sumKernel =
  ({ wasm, isInside, fixed: { chunk, state } }: KernelMemory): Kernels['sum'] =>
  (source, first = 0, end = source.length) => {
    state.view.fill(0)
    let from = first
    if (isInside(source)) {
      const whole = (end - first) & -8
      wasm.addSum(source.byteOffset + first * DOUBLE_BYTES, whole, state.at)
      from += whole
    }
    visitBlocks(end - from, CHUNK_DOUBLES, (at, count) => {
      wasm.addSum(chunk.at, loadChunk(source, from + at, count, chunk.view), state.at)
    })
    return wasm.total(state.at)
  }

const rowSumKernel =
  ({ wasm, isInside }: KernelMemory, sum: Kernels['sum']): Kernels['rowSums'] =>
  (source, rows, n, out) => {
    if (n > SHORT_ROW) for (let i = 0; i < rows; i++) out[i] = sum(source, i * n, (i + 1) * n)
    else if (isInside(source) && isInside(out)) wasm.rowSums(source.byteOffset, rows, n, out.byteOffset)
    else plainKernels.rowSums(source, rows, n, out)
  }

const columnSumKernel =
  ({ wasm, room, isInside }: KernelMemory): Kernels['columnSums'] =>
  (source, shape, out) => {
    const { blocks, rows, width } = shape
    const scratch = isInside(source) && isInside(out) ? room.take(Math.max(1, halvingCount(rows) * width)) : null
    if (scratch === null || rows === 0) plainKernels.columnSums(source, shape, out)
    else
      for (let b = 0; b < blocks; b++)
        wasm.columnSums(
          source.byteOffset + b * rows * width * DOUBLE_BYTES,
          rows,
          width,
          out.byteOffset + b * width * DOUBLE_BYTES,
          scratch.byteOffset
        )
  }

const softmaxRowsKernel =
  ({ wasm, isInside, addressOf }: KernelMemory): Kernels['softmaxRows'] =>
  (source, rows, n, out) => {
    // The kernel writes a multiple of 8 doubles, which a whole allocation has but a part of one may not.
    const address = isInside(out) && out.length === rows * n ? addressOf(source) : 0
    if (address === 0) plainKernels.softmaxRows(source, rows, n, out)
    else wasm.softmaxRows(address, rows, n, out.byteOffset)
  }

const recordByName = <N extends string, A>(
  names: ReadonlyArray<N>,
  of: (name: N, i: number) => A
): Readonly<Record<N, A>> =>
  // The record has exactly these names, which `fromEntries` forgets.
  Object.fromEntries(names.map((name, i) => [name, of(name, i)])) as Record<N, A>

/** @internal The kernels over a memory that grows up to `maxPages` pages of 64 kB. Default: 1 GB. */
export const simdKernels = (module: WebAssembly.Module, maxPages = MAX_KERNEL_PAGES): SimdKernels => {
  const memory = kernelMemory(module, maxPages)
  const { wasm } = memory
  const sum = sumKernel(memory)
  return {
    room: memory.room,
    ...recordByName(MAPS, name => wasmMapKernel(memory, name)),
    ...recordByName(ZIPS, (name, i) => wasmZipKernel(memory, name, i)),
    stretch: stretchKernel(memory),
    sum,
    rowSums: rowSumKernel(memory, sum),
    columnSums: columnSumKernel(memory),
    softmaxRows: softmaxRowsKernel(memory),
    matMul: matMulKernel(memory),
    uniforms: drawKernel(memory, wasm.uniforms),
    normals: drawKernel(memory, wasm.normals),
    expectation: gaussianEStep(memory)
  }
}

/** Vectors of a program: two doubles or four floats. Rows lie in panels of 8 in both precisions. */

import type { Precision } from '../kernels/dense.js'

export type { Precision } from '../kernels/dense.js'

/** Number of rows in a panel. */
export const PANEL_ROWS = 8

export interface Lanes {
  readonly precision: Precision
  readonly bytes: 4 | 8
  /** Vectors per entry of a panel. */
  readonly vectors: 2 | 4
  /** Bytes per entry of a panel. */
  readonly line: 32 | 64
  /** Panels per tile. */
  readonly tile: 8 | 16
  /** Views numbers of this precision at an address. */
  readonly view: (memory: ArrayBufferLike, at: number, length: number) => Float32Array | Float64Array
}

const LANES_BY_PRECISION: Readonly<Record<Precision, Lanes>> = {
  float64: {
    precision: 'float64',
    bytes: 8,
    vectors: 4,
    line: 64,
    tile: 8,
    view: (memory, at, length) => new Float64Array(memory, at, length)
  },
  float32: {
    precision: 'float32',
    bytes: 4,
    vectors: 2,
    line: 32,
    tile: 16,
    view: (memory, at, length) => new Float32Array(memory, at, length)
  }
}

export const lanesOf = (precision: Precision): Lanes => LANES_BY_PRECISION[precision]

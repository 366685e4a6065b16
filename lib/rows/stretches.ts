/** Rows of numbers that are read in blocks, as often as needed, and sums over them in the order of the rows. */
import { tabulate } from '../arrays/entries.js'
import { powerOfTwo } from '../numbers/elementary.js'
import * as Iterate from '../plain/iterate.js'
import { numberStore } from './scratch.js'

export interface Stretches {
  readonly rows: number
  readonly dim: number
  /** Fills `out` with the rows from `first` on. */
  readonly read: (first: number, out: Float64Array) => void
}

/** `dim` numbers per row, computed on demand: `fill` writes those of the rows from `first` on. */
export const computedStretches = (
  rows: number,
  fill: (first: number, out: Float64Array) => void,
  dim = 1
): Stretches => ({
  rows,
  dim,
  read: fill
})

/** Caches the block that was read last. */
export const keepingLast = ({ rows, dim, read }: Stretches): Stretches => {
  let at = -1
  let last = new Float64Array(0)
  return {
    rows,
    dim,
    read: (first, out) => {
      if (first !== at || out.length !== last.length) {
        at = -1
        last = new Float64Array(out.length)
        read(first, last)
        at = first
      }
      out.set(last)
    }
  }
}

/** Copies rows first, …, first + rows − 1. */
export const numbersFrom = ({ dim, read }: Stretches, first: number, rows: number): Float64Array => {
  const out = new Float64Array(rows * dim)
  read(first, out)
  return out
}

/** Numbers for each row: in memory, or read in blocks. */
export type RowNumbers = Float64Array | Stretches

/** Rows first, …, first + rows − 1 of `dim` numbers: a view if they are in memory, otherwise a copy. */
export const stretch = (numbers: RowNumbers, dim: number, first: number, rows: number): Float64Array =>
  numbers instanceof Float64Array
    ? numbers.subarray(first * dim, (first + rows) * dim)
    : numbersFrom(numbers, first, rows)

/** Numbers of rows first, …, first + rows − 1; an array of one number, which all rows share, is returned unchanged. */
export const columnFrom = (numbers: RowNumbers, first: number, rows: number): Float64Array =>
  numbers instanceof Float64Array && numbers.length === 1 ? numbers : stretch(numbers, 1, first, rows)

/** Maps each number; blocks are mapped when they are read. */
export const mapNumbers = <N extends RowNumbers>(numbers: N, f: (x: number) => number): N =>
  // An array exactly if `numbers` is one.
  (numbers instanceof Float64Array ? tabulate(numbers.length, i => f(numbers[i])) : mapStretches(numbers, f)) as N

/** Applies f to each pair of numbers of two tables of the same shape. */
export const zipStretches = (a: Stretches, b: Stretches, f: (x: number, y: number) => number): Stretches =>
  computedStretches(
    a.rows,
    (first, out) => {
      a.read(first, out)
      const y = numbersFrom(b, first, out.length / b.dim)
      for (let i = 0; i < out.length; i++) out[i] = f(out[i], y[i])
    },
    a.dim
  )

/** Rows in memory or in blocks as Stretches. */
export const asStretches = (numbers: RowNumbers, dim = 1): Stretches =>
  numbers instanceof Float64Array ? ofArray(numbers, dim) : numbers

/** Applies f to two numbers per row; either may be one number that all rows share. */
export const zipNumbers = (a: RowNumbers, b: RowNumbers, f: (x: number, y: number) => number): RowNumbers => {
  if (a instanceof Float64Array && a.length === 1) return mapNumbers(b, y => f(a[0], y))
  if (b instanceof Float64Array && b.length === 1) return mapNumbers(a, x => f(x, b[0]))
  if (a instanceof Float64Array && b instanceof Float64Array) return tabulate(a.length, i => f(a[i], b[i]))
  return zipStretches(asStretches(a), asStretches(b), f)
}

/** Both components of f of each number; f is called once if both are read at an equal block. */
export const mapToPairs = (
  numbers: RowNumbers,
  f: (x: number) => readonly [number, number]
): readonly [first: RowNumbers, second: RowNumbers] => {
  if (numbers instanceof Float64Array) {
    const first = new Float64Array(numbers.length)
    const second = new Float64Array(numbers.length)
    for (let i = 0; i < numbers.length; i++) {
      const two = f(numbers[i])
      first[i] = two[0]
      second[i] = two[1]
    }
    return [first, second]
  }
  const { rows } = numbers
  const two = keepingLast(
    computedStretches(
      rows,
      (first, out) => {
        const x = numbersFrom(numbers, first, out.length / 2)
        for (let i = 0; i < x.length; i++) {
          const two = f(x[i])
          out[2 * i] = two[0]
          out[2 * i + 1] = two[1]
        }
      },
      2
    )
  )
  const column = (j: number): Stretches =>
    computedStretches(rows, (first, out) => {
      const both = numbersFrom(two, first, out.length)
      for (let i = 0; i < out.length; i++) out[i] = both[2 * i + j]
    })
  return [column(0), column(1)]
}

const NUMBERS_AT_ONCE = 1 << 17

/** Default number of rows read at a time, a multiple of 64. */
const blockRowsOf = ({ dim }: Pick<Stretches, 'dim'>): number =>
  Math.max(64, Math.floor(NUMBERS_AT_ONCE / dim / 64) * 64)

/** Visits all rows in order, a block at a time, in one array that is reused. */
export const visitStretches = (
  stretches: Stretches,
  visit: (values: Float64Array, first: number, count: number) => void,
  count = blockRowsOf(stretches)
): void => {
  const { rows, dim, read } = stretches
  const values = new Float64Array(Math.min(rows, count) * dim)
  for (let first = 0; first < rows; first += count) {
    const own = Math.min(count, rows - first)
    const part = own * dim === values.length ? values : values.subarray(0, own * dim)
    read(first, part)
    visit(part, first, own)
  }
}

/** True if x is one of the numbers. */
export const includesNumber = (stretches: Stretches, x: number): boolean => {
  let found = false
  visitStretches(stretches, values => {
    found ||= values.includes(x)
  })
  return found
}

/** First rows and sizes of consecutive blocks of at most `count` rows. */
export const blockRanges = (
  stretches: Pick<Stretches, 'rows' | 'dim'>,
  count = blockRowsOf(stretches)
): Iterable<{ readonly first: number; readonly count: number }> =>
  Iterate.mapIterable(
    Iterate.unfoldIterable(0, first => (first + count < stretches.rows ? first + count : null)),
    first => ({ first, count: Math.min(count, stretches.rows - first) })
  )

/** Rows in memory. */
export const ofArray = (values: Float64Array, dim: number): Stretches => ({
  rows: values.length / dim,
  dim,
  read: (first, out) => {
    out.set(values.subarray(first * dim, first * dim + out.length))
  }
})

/** One number that all rows share, as a table. */
export const constantStretches = (rows: number, value: number): Stretches => ({
  rows,
  dim: 1,
  read: (_, out) => {
    out.fill(value)
  }
})

/** Applies f(x, j) to each number x of column j. */
export const mapStretches = ({ rows, dim, read }: Stretches, f: (x: number, column: number) => number): Stretches => ({
  rows,
  dim,
  read: (first, out) => {
    read(first, out)
    for (let at = 0; at < out.length;) for (let j = 0; j < dim; j++, at++) out[at] = f(out[at], j)
  }
})

/** Σ_i p_i f(x_ij) for each column, in the order of the rows; p is one number, or one per row. */
export const weightedColumnSums = (
  stretches: Stretches,
  p: number | Stretches,
  f: (x: number, column: number) => number = x => x
): Float64Array => {
  const { dim } = stretches
  const sums = new Float64Array(dim)
  visitStretches(stretches, (values, first, count) => {
    const own = typeof p === 'number' ? new Float64Array(count).fill(p) : numbersFrom(p, first, count)
    for (let i = 0, at = 0; i < count; i++) {
      const weight = own[i]
      for (let j = 0; j < dim; j++, at++) sums[j] += weight * f(values[at], j)
    }
  })
  return sums
}

/** max_i |x_ij| for each column. */
export const largestByColumn = (stretches: Stretches): Float64Array => {
  const most = new Float64Array(stretches.dim)
  visitStretches(stretches, values => {
    for (let at = 0; at < values.length;)
      for (let j = 0; j < most.length; j++, at++) most[j] = Math.max(most[j], Math.abs(values[at]))
  })
  return most
}

/**
 * Means Σ_i p_i x_ij of columns, if Σ p = 1. The mean of the residuals is added, so a large offset costs no digits and the mean of equal
 * numbers is exact.
 */
export const columnMeans = (rows: Stretches, p: number | Stretches): Float64Array => {
  const first = weightedColumnSums(rows, p)
  const rest = weightedColumnSums(rows, p, (x, j) => x - first[j])
  return first.map((m, j) => m + rest[j])
}

/** Σ_i p_i (x_ij − m_j)² about the mean m, for each column, if Σ p = 1. */
export const columnVariances = (rows: Stretches, p: number | Stretches): Float64Array => {
  const middle = columnMeans(rows, p)
  return weightedColumnSums(rows, p, (x, j) => (x - middle[j]) * (x - middle[j]))
}

const MIN_UNIT = powerOfTwo(-1000)

/** Largest power of two ≤ |x|, at least 2⁻¹⁰⁰⁰; division by it is exact. */
export const powerOfTwoUnit = (x: number): number => {
  const [, high] = new Uint32Array(Float64Array.of(Math.abs(x)).buffer)
  return Math.max(new Float64Array(Uint32Array.of(0, high & 0x7ff00000).buffer)[0], MIN_UNIT)
}

/** Standardization of columns to mean 0 and standard deviation 1. */
interface ColumnStandard {
  readonly centre: Float64Array
  /** Standard deviations, 1 for a constant column. */
  readonly scale: Float64Array
  /** (x − centre)/scale */
  readonly of: (x: number, column: number) => number
}

/**
 * Mean and standard deviation of each column, if Σ p = 1. Sums are in units of the largest number, so no square overflows or underflows.
 */
export const standardOfColumns = (rows: Stretches, p: number | Stretches): ColumnStandard => {
  const unit = largestByColumn(rows).map(powerOfTwoUnit)
  const inUnits = mapStretches(rows, (x, j) => x / unit[j])
  const middle = columnMeans(inUnits, p)
  const rest = mapStretches(inUnits, (x, j) => x - middle[j])
  const reach = largestByColumn(rest).map(powerOfTwoUnit)
  // The mean of equal numbers is exact, so a constant column's deviation is exactly 0.
  const deviation = weightedColumnSums(rest, p, (x, j) => (x / reach[j]) * (x / reach[j])).map(Math.sqrt)
  return {
    centre: middle.map((m, j) => m * unit[j]),
    scale: deviation.map((s, j) => (s === 0 ? 1 : Math.max(Number.MIN_VALUE, s * reach[j] * unit[j]))),
    of: (x, j) => {
      const z = (x / unit[j] - middle[j]) / reach[j]
      return deviation[j] === 0 ? z * reach[j] * unit[j] : z / deviation[j]
    }
  }
}

/** Selects columns by index. */
export const selectColumns = ({ rows, dim, read }: Stretches, places: ArrayLike<number>): Stretches =>
  computedStretches(
    rows,
    (first, out) => {
      const count = out.length / places.length
      const whole = new Float64Array(count * dim)
      read(first, whole)
      for (let i = 0; i < count; i++)
        for (let j = 0; j < places.length; j++) out[i * places.length + j] = whole[i * dim + places[j]]
    },
    places.length
  )

/** Copies the rows at these indices. */
export const selected = ({ dim, read }: Stretches, places: ArrayLike<number>): Float64Array => {
  const out = new Float64Array(places.length * dim)
  for (let i = 0; i < places.length; i++) read(places[i], out.subarray(i * dim, (i + 1) * dim))
  return out
}

/** Computes all numbers once and stores them outside memory until `close`. */
export const storedStretches = (stretches: Stretches, folder?: string): Stretches & { readonly close: () => void } => {
  const { rows, dim } = stretches
  const place = numberStore(folder)
  visitStretches(stretches, place.write)
  return {
    rows,
    dim,
    read: (first, out) => {
      place.read(first * dim, out)
    },
    close: place.close
  }
}

/** Index of the first of ascending numbers that exceeds x; the last index if none does. */
const firstAbove = (rising: Float64Array, x: number): number => {
  let low = 0
  let high = rising.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (rising[middle] > x) high = middle
    else low = middle + 1
  }
  return low
}

/**
 * For each part in [0, 1), the first row at which the cumulative weight exceeds this part of the total: for uniform parts, rows drawn by
 * their weights, as by `Key.categorical`. Takes two passes.
 */
export const atParts = (weights: Stretches, parts: Float64Array): Int32Array => {
  let total = 0
  visitStretches(weights, values => {
    for (const w of values) total += w
  })
  const found = new Int32Array(parts.length).fill(weights.rows - 1)
  let before = 0
  visitStretches(weights, (sums, first) => {
    let sum = before
    for (let i = 0; i < sums.length; i++) {
      sum += sums[i]
      sums[i] = sum
    }
    for (let k = 0; k < parts.length; k++) {
      const x = parts[k] * total
      if (x >= before && x < sum) found[k] = first + firstAbove(sums, x)
    }
    before = sum
  })
  return found
}

/** Number of rows counted by one pass over all parts. */
const ROWS_PER_PASS = 1 << 22

/**
 * Number of parts, uniform on [0, 1), that draw each row, as by `Key.categorical`. To be read in order:
 * every `counted` rows take one pass over all parts, in constant memory.
 */
export const timesDrawn = (weights: Stretches, parts: Stretches, counted = ROWS_PER_PASS): Stretches => {
  const { rows } = weights
  /** Sum of the weights before each group of rows. */
  const before: number[] = []
  let total = 0
  visitStretches(weights, (values, first) => {
    for (let i = 0; i < values.length; i++) {
      if ((first + i) % counted === 0) before.push(total)
      total += values[i]
    }
  })
  const count = (block: number): Uint32Array => {
    const sums = numbersFrom(weights, block * counted, Math.min(counted, rows - block * counted))
    const last = sums.length - 1
    sums[0] += before[block]
    for (let i = 1; i <= last; i++) sums[i] += sums[i - 1]
    const from = before[block]
    const to = block + 1 < before.length ? sums[last] : Infinity
    const times = new Uint32Array(sums.length)
    visitStretches(parts, values => {
      for (const u of values) {
        const x = u * total
        if (x >= from && x < to) times[firstAbove(sums, x)]++
      }
    })
    return times
  }
  let at = -1
  let times: Uint32Array = new Uint32Array(0)
  return computedStretches(rows, (first, out) => {
    for (let i = 0; i < out.length; i++) {
      const block = Math.floor((first + i) / counted)
      if (block !== at) [at, times] = [block, count(block)]
      out[i] = times[(first + i) % counted]
    }
  })
}

/** Rows of the `count` smallest numbers, ascending; equal numbers in the order of the rows. */
export const leastRows = (stretches: Stretches, count: number): Int32Array => {
  const rows: number[] = []
  const numbers: number[] = []
  visitStretches(stretches, (values, first) => {
    for (let i = 0; i < values.length; i++) {
      if (rows.length === count && !(values[i] < numbers[count - 1])) continue
      let at = rows.length
      while (at > 0 && values[i] < numbers[at - 1]) at--
      rows.splice(at, 0, first + i)
      numbers.splice(at, 0, values[i])
      if (rows.length > count) [rows, numbers].forEach(list => list.pop())
    }
  })
  return Int32Array.from(rows)
}

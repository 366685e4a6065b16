import { exp } from '../../math/assembly/exponential'
import { ln } from '../../math/assembly/logarithm'

/**
 * The E-step of Gaussian components, four rows at a time: two vectors of two rows, so that neither waits for the other. A component's
 * numbers are in both lanes; the lanes of sums over rows are added at the end.
 */

@inline
function splatAt(at: usize): v128 {
  return v128.load64_splat(at)
}

/** Entries of one column in two rows. */
@inline
function loadPair(at: usize, row: usize): v128 {
  return f64x2.replace_lane(splatAt(at), 1, load<f64>(at + row))
}

/** Adds two vectors to the vector at an address, one after the other. */
@inline
function addInPlace(at: usize, x: v128, y: v128): void {
  v128.store(at, f64x2.add(f64x2.add(v128.load(at), x), y))
}

/** Adds r δ'δ to a sum, column by column. */
@inline
function addSquares(sum: v128, r: v128, from: usize, end: usize): v128 {
  for (let at = from; at < end; at += 32) {
    const e = v128.load(at)
    sum = f64x2.add(sum, f64x2.mul(f64x2.mul(r, e), e))
  }
  return sum
}

/** Writes the entries of two rows, `down` bytes apart. */
@inline
function storePair(at: usize, down: usize, x: v128): void {
  store<f64>(at, f64x2.extract_lane(x, 0))
  store<f64>(at + down, f64x2.extract_lane(x, 1))
}

/** −w log p(x), or 0 if w is 0. */
@inline
function weightedLoss(weight: v128, density: v128): v128 {
  return v128.and(f64x2.gt(weight, f64x2.splat(0)), f64x2.neg(f64x2.mul(weight, density)))
}

/** ln x, or NaN if x is ∞. */
@inline
function logOrNaN(total: v128): v128 {
  return f64x2.add(ln<f64>(total), f64x2.sub(total, total))
}

/**
 * Adds the sums of src/mixture/em/eStepLoops.ts over n rows x [n, dim], a multiple of four, with weights w to `sums`, a vector for each
 * number [2 + K + K dim + K per]: rows of even index in the first lane, the others in the second. For the first `learned` components these
 * include Σ r δ and second moments by `second`: 0 none, 1 δ'δ, 2 the diagonal, 3 the lower triangle of δδ'. Components are constants [K],
 * centres [K, dim] and roots, [K, dim, dim] if triangular, otherwise [K, dim], one after another. `scratch` has room for 4 (dim + K (dim +
 * 2)) numbers. If `rowOutputs` is not 0, log-densities, squared distances and responsibilities, [n, K] each, and log p(x), [n], are written
 * there. Operations and their order are those of src/mixture/em/rowKernels.ts.
 */
export function expectation(
  x: usize,
  w: usize,
  n: i32,
  dim: i32,
  count: i32,
  learned: i32,
  second: i32,
  triangular: bool,
  components: usize,
  scratch: usize,
  sums: usize,
  rowOutputs: usize
): void {
  const row = <usize>dim << 3
  const vectors = <usize>dim << 5
  const perRow = <usize>count << 3
  const centres = components + perRow
  const roots = centres + <usize>count * row
  const delta = scratch + vectors
  const logs = delta + <usize>count * vectors
  const squares = logs + (<usize>count << 5)
  const masses = sums + 32
  const firsts = masses + (<usize>count << 4)
  const seconds = firsts + <usize>count * (<usize>dim << 4)
  const infinite = f64x2.splat(-Infinity)
  const zero = f64x2.splat(0)
  const half = f64x2.splat(0.5)
  for (let i: i32 = 0; i < n; i += 4, x += row << 2, w += 32) {
    const weightA = v128.load(w)
    const weightB = v128.load(w, 16)
    for (let j: usize = 0, at = scratch; j < row; j += 8, at += 32) {
      v128.store(at, loadPair(x + j, row))
      v128.store(at, loadPair(x + j + row + row, row), 16)
    }
    let topA = infinite
    let topB = infinite
    for (let k: usize = 0, c = centres, d = delta, r = roots; k < perRow; k += 8) {
      let squaredA = zero
      let squaredB = zero
      const from = d
      for (let j: usize = 0, at = scratch; j < row; j += 8, at += 32, c += 8, d += 32) {
        const centre = splatAt(c)
        const eA = f64x2.sub(v128.load(at), centre)
        const eB = f64x2.sub(v128.load(at, 16), centre)
        v128.store(d, eA)
        v128.store(d, eB, 16)
        let yA = zero
        let yB = zero
        if (triangular) {
          for (let a = from; a <= d; a += 32, r += 8) {
            const root = splatAt(r)
            yA = f64x2.add(yA, f64x2.mul(root, v128.load(a)))
            yB = f64x2.add(yB, f64x2.mul(root, v128.load(a, 16)))
          }
          r += row - j - 8
        } else {
          const root = splatAt(r)
          yA = f64x2.mul(root, eA)
          yB = f64x2.mul(root, eB)
          r += 8
        }
        squaredA = f64x2.add(squaredA, f64x2.mul(yA, yA))
        squaredB = f64x2.add(squaredB, f64x2.mul(yB, yB))
      }
      const constant = splatAt(components + k)
      const logA = f64x2.sub(constant, f64x2.mul(squaredA, half))
      const logB = f64x2.sub(constant, f64x2.mul(squaredB, half))
      v128.store(logs + (k << 2), logA)
      v128.store(logs + (k << 2), logB, 16)
      v128.store(squares + (k << 2), squaredA)
      v128.store(squares + (k << 2), squaredB, 16)
      topA = f64x2.pmax(topA, logA)
      topB = f64x2.pmax(topB, logB)
    }
    // If all components' densities underflow, the responsibilities are 0.
    const isReachedA = f64x2.gt(topA, infinite)
    const isReachedB = f64x2.gt(topB, infinite)
    let totalA = zero
    let totalB = zero
    for (let k: usize = 0; k < perRow; k += 8) {
      const at = logs + (k << 2)
      const logA = v128.load(at)
      const logB = v128.load(at, 16)
      const partA = exp<f64>(v128.bitselect(f64x2.sub(logA, topA), zero, isReachedA))
      const partB = exp<f64>(v128.bitselect(f64x2.sub(logB, topB), zero, isReachedB))
      if (rowOutputs != 0) {
        const to = rowOutputs + <usize>i * perRow + k
        storePair(to, perRow, logA)
        storePair(to + perRow + perRow, perRow, logB)
        storePair(to + <usize>n * perRow, perRow, v128.load(squares + (k << 2)))
        storePair(to + <usize>(n + 2) * perRow, perRow, v128.load(squares + (k << 2), 16))
      }
      v128.store(at, partA)
      v128.store(at, partB, 16)
      totalA = f64x2.add(totalA, partA)
      totalB = f64x2.add(totalB, partB)
    }
    const lengthA = logOrNaN(totalA)
    const lengthB = logOrNaN(totalB)
    const densityA = f64x2.add(topA, lengthA)
    const densityB = f64x2.add(topB, lengthB)
    addInPlace(sums, weightedLoss(weightA, densityA), weightedLoss(weightB, densityB))
    addInPlace(
      sums + 16,
      v128.and(isReachedA, f64x2.mul(weightA, lengthA)),
      v128.and(isReachedB, f64x2.mul(weightB, lengthB))
    )
    if (rowOutputs != 0) {
      for (let k: usize = 0; k < perRow; k += 8) {
        const at = logs + (k << 2)
        const to = rowOutputs + <usize>(n + n + i) * perRow + k
        storePair(to, perRow, v128.and(isReachedA, f64x2.div(v128.load(at), totalA)))
        storePair(to + perRow + perRow, perRow, v128.and(isReachedB, f64x2.div(v128.load(at, 16), totalB)))
      }
      const to = rowOutputs + 3 * <usize>n * perRow + (<usize>i << 3)
      v128.store(to, densityA)
      v128.store(to, densityB, 16)
    }
    const scaleA = v128.and(isReachedA, f64x2.div(weightA, totalA))
    const scaleB = v128.and(isReachedB, f64x2.div(weightB, totalB))
    for (let k: i32 = 0, d = delta, first = firsts, at = seconds; k < count; k++) {
      const part = logs + (<usize>k << 5)
      const rA = f64x2.mul(v128.load(part), scaleA)
      const rB = f64x2.mul(v128.load(part, 16), scaleB)
      addInPlace(masses + (<usize>k << 4), rA, rB)
      if (k >= learned) break
      const from = d
      for (const end = d + vectors; d < end; d += 32, first += 16) {
        const eA = v128.load(d)
        const eB = v128.load(d, 16)
        const pulledA = f64x2.mul(rA, eA)
        const pulledB = f64x2.mul(rB, eB)
        addInPlace(first, pulledA, pulledB)
        if (second == 3) {
          for (let a = from; a <= d; a += 32, at += 16)
            addInPlace(at, f64x2.mul(pulledA, v128.load(a)), f64x2.mul(pulledB, v128.load(a, 16)))
          at += (vectors - (d - from) - 32) >> 1
        } else if (second == 2) {
          addInPlace(at, f64x2.mul(pulledA, eA), f64x2.mul(pulledB, eB))
          at += 16
        }
      }
      if (second == 1) {
        v128.store(at, addSquares(addSquares(v128.load(at), rA, from, d), rB, from + 16, d))
        at += 16
      }
    }
  }
}

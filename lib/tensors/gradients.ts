/**
 * The derivative of every kernel, as data: what to save going forward, and how to pull a cotangent back.
 *
 * tfjs's own rules save *outputs* of exp, tanh, softmax, …, and so lose the second derivative. These save inputs, and are
 * written in the vocabulary itself, so that each is differentiable again, to any order.
 */
import { type Attributes } from './backend.js'
import { axesOf, axisOf, product } from '../kernels/dense.js'
import { operations, type Operation } from '../kernels/elementwise.js'
import { type Tensor } from '../arrays/ndarray.js'
import * as T from './tensor.js'

type Thunks = Record<string, () => Tensor>
/** What tfjs calls a gradient's configuration. */
export interface Rule {
  readonly inputsToSave?: string[]
  readonly saveAllInputs?: boolean
  readonly gradFunc: (dy: Tensor | Tensor[], saved: Tensor[], attrs: Attributes) => Thunks
}

/**
 * A rule of one output. tfjs types attributes as a loose map, though its ops pass just those of its `kernel_names.ts`, which
 * each rule states; and it gives one cotangent to a kernel of one output. Both are said in this cast and the two below.
 */
const rule = (saves: string[], pull: (dy: Tensor, saved: Tensor[], attrs: never) => Thunks): Rule => ({
  inputsToSave: saves,
  gradFunc: (dy, saved, attrs) => pull(dy as Tensor, saved, attrs as never)
})
/** A rule of several outputs: tfjs gives a list of cotangents, or the one alone. */
const ruleOfMany = (saves: string[], pull: (dys: Tensor[], saved: Tensor[], attrs: never) => Thunks): Rule => ({
  inputsToSave: saves,
  gradFunc: (dys, saved, attrs) => pull(Array.isArray(dys) ? dys : [dys], saved, attrs as never)
})
/** A rule of a list of inputs, which tfjs names '0', '1', … */
const ruleOfList = (pull: (dy: Tensor, xs: Tensor[], attrs: never) => ReadonlyArray<() => Tensor>): Rule => ({
  saveAllInputs: true,
  gradFunc: (dy, xs, attrs) => Object.fromEntries(pull(dy as Tensor, xs, attrs as never).entries())
})

const zerosOf = (x: Tensor) => (): Tensor => T.zeros(x.shape)

/** Piecewise constant: zero, where tfjs would throw. */
const flat = (...names: string[]): Rule =>
  rule(names, (_, saved) => Object.fromEntries(names.map((name, i) => [name, zerosOf(saved[i])])))

/** dy summed over the axes along which `shape` was stretched. */
const shrink = (dy: Tensor, shape: ReadonlyArray<number>): Tensor => {
  const lead = dy.rank - shape.length
  const stretched = dy.shape.map((_, i) => i).filter(i => i < lead || (shape[i - lead] === 1 && dy.shape[i] !== 1))
  return T.reshape(stretched.length === 0 ? dy : T.sum(dy, stretched), shape)
}

const constant: Readonly<Record<string, ReadonlyArray<string>>> = {
  All: ['x'],
  Any: ['x'],
  ArgMax: ['x'],
  OneHot: ['indices'],
  ZerosLike: ['x']
}

interface Reduce {
  readonly axis?: number | number[] | null
  readonly reductionIndices?: number | number[] | null
}
/** The axes a reduction folded, and its input's shape with those at 1. */
const folded = (x: Tensor, { axis, reductionIndices }: Reduce): { axes: number[]; kept: number[] } => {
  const axes = axesOf(axis ?? reductionIndices, x.rank, 'gradient')
  return { axes, kept: x.shape.map((length, i) => (axes.includes(i) ? 1 : length)) }
}
const spread = (dy: Tensor, x: Tensor, attrs: Reduce): Tensor =>
  T.broadcastTo(T.reshape(dy, folded(x, attrs).kept), x.shape)

/** Equal extremes share evenly. */
const extreme = (fold: (x: Tensor, axes: number[], keepDims: boolean) => Tensor): Rule =>
  rule(['x'], (dy, [x], attrs: Reduce) => ({
    x: () => {
      const { axes, kept } = folded(x, attrs)
      const mask = T.cast(T.equal(x, fold(x, axes, true)), 'float64')
      return T.mul(T.reshape(dy, kept), T.div(mask, T.sum(mask, axes, true)))
    }
  }))

interface MatMulAttrs {
  readonly transposeA?: boolean
  readonly transposeB?: boolean
}
const matMulPull = (
  dy: Tensor,
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: MatMulAttrs
): Thunks => ({
  a: () =>
    shrink(
      transposeA
        ? T.matMul(b, dy, { transposeA: transposeB, transposeB: true })
        : T.matMul(dy, b, { transposeB: !transposeB }),
      a.shape
    ),
  b: () =>
    shrink(
      transposeB
        ? T.matMul(dy, a, { transposeA: true, transposeB: transposeA })
        : T.matMul(a, dy, { transposeA: !transposeA }),
      b.shape
    )
})

/** Runs of the given lengths along an axis, as separate tensors. */
const cut = (dy: Tensor, sizes: ReadonlyArray<number>, axis: number): ReadonlyArray<() => Tensor> => {
  let from = 0
  return sizes.map(size => {
    const begin = dy.shape.map((_, i) => (i === axis ? from : 0))
    from += size
    return () =>
      T.slice(
        dy,
        begin,
        dy.shape.map((length, i) => (i === axis ? size : length))
      )
  })
}

/** [..., m, n] → [..., n, m] */
const turned = (x: Tensor): Tensor =>
  T.transpose(
    x,
    x.shape.map((_, i) => (i < x.rank - 2 ? i : 2 * x.rank - 3 - i))
  )

/** Of square matrices the lower triangle, times `onDiagonal` on the diagonal. */
const lowerOf = (x: Tensor, onDiagonal: number): Tensor => {
  const n = x.shape[x.rank - 1]
  const mask = Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n]
    return i > j ? 1 : i === j ? onDiagonal : 0
  })
  return T.mul(x, T.tensor(mask, [n, n]))
}

/** Φ + Φᵀ, where Φ is the lower triangle of LᵀL̄ with half of its diagonal: what both Cholesky factors pull back. */
const pulled = (l: Tensor, dy: Tensor): Tensor => {
  const half = lowerOf(T.matMul(l, dy, { transposeA: true }), 0.5)
  return T.add(half, turned(half))
}

const structural: Readonly<Record<string, Rule>> = {
  Identity: rule(['x'], dy => ({ x: () => dy })),
  // S̄ = ½L⁻ᵀ(Φ + Φᵀ)L⁻¹: the symmetric one, of all whose product with a symmetric dS is the same (Murray 2016, arXiv 1602.07527)
  Cholesky: rule(['x'], (dy, [x]) => ({
    x: () => {
      const l = T.cholesky(x)
      const left = T.solveTriangular(l, pulled(l, dy), { transposed: true })
      return T.mul(0.5, T.solveTriangular(l, turned(left), { transposed: true }))
    }
  })),
  FromTriangle: rule([], dy => ({ x: () => T.packTriangle(dy) })),
  // Ā = 2AS̄ = Q(Φ + Φᵀ)L⁻¹ with Q = AL⁻ᵀ, which is orthonormal
  GramCholesky: rule(['x'], (dy, [x]) => ({
    x: () => {
      const l = T.gramCholesky(x)
      const right = T.solveTriangular(l, pulled(l, dy), { transposed: true })
      return T.matMul(T.solveTriangular(l, turned(x)), right, { transposeA: true, transposeB: true })
    }
  })),
  ToTriangle: rule([], dy => ({ x: () => T.lowerTriangle(dy) })),
  // X = L⁻¹B: B̄ = L⁻ᵀX̄, L̄ = −B̄Xᵀ; X = L⁻ᵀB: B̄ = L⁻¹X̄, L̄ = −XB̄ᵀ; of L the lower triangle
  TriangularSolve: rule(['l', 'b'], (dy, [l, b], { transposed = false }: { transposed?: boolean }) => {
    const back = (): Tensor => T.solveTriangular(l, dy, { transposed: !transposed })
    return {
      b: () => shrink(back(), b.shape),
      l: () => {
        const x = T.solveTriangular(l, b, { transposed })
        const outer = transposed ? T.matMul(x, back(), { transposeB: true }) : T.matMul(back(), x, { transposeB: true })
        return shrink(T.neg(lowerOf(outer, 1)), l.shape)
      }
    }
  }),
  // `value` is detached, and never asked
  WithDerivative: rule([], dy => ({ x: () => dy })),
  // each its own tensor: tfjs disposes a cotangent once it has been added to another
  AddN: ruleOfList((dy, xs) => xs.map(x => () => T.reshape(dy, x.shape))),
  // ∂/∂x_i = 2 Σ_k (x_i − s_i c_k), and so on: what is linear in the differences loses no more than rounding x does
  SquaredDistances: rule(['x', 'centres', 'scale'], (dy, [x, centres, scale]) => {
    const scaled = (): Tensor => T.mul(scale, dy)
    return {
      x: () => T.mul(2, T.sub(T.mul(T.sum(dy, 1, true), x), T.matMul(scaled(), centres))),
      centres: () =>
        T.mul(
          2,
          T.sub(
            T.mul(T.reshape(T.sum(T.mul(scale, scaled()), 0), [-1, 1]), centres),
            T.matMul(scaled(), x, { transposeA: true })
          )
        ),
      scale: () => {
        const lengths = T.expandDims(T.sum(T.square(centres), 1), 0)
        const slope = T.sub(T.mul(scale, lengths), T.matMul(x, centres, { transposeB: true }))
        return shrink(T.mul(2, T.sum(T.mul(dy, slope), 1, true)), scale.shape)
      }
    }
  }),
  BatchMatMul: rule(['a', 'b'], (dy, [a, b], attrs: MatMulAttrs) => matMulPull(dy, a, b, attrs)),
  // towards whole numbers and truth values a cast is piecewise constant
  Cast: rule(['x'], (dy, [x], { dtype }: { dtype: string }) => ({
    x: dtype === 'float32' ? () => T.cast(dy, 'float64') : zerosOf(x)
  })),
  Concat: ruleOfList((dy, xs, { axis }: { axis: number }) => {
    const at = axisOf(axis, dy.rank, 'concat')
    return cut(
      dy,
      xs.map(x => x.shape[at]),
      at
    )
  }),
  ExpandDims: rule(['input'], (dy, [x]) => ({ input: () => T.reshape(dy, x.shape) })),
  // sums by index along the first axis, brought there and back
  GatherV2: rule(['x', 'indices'], (dy, [x, indices], { axis }: { axis: number }) => ({
    x: () => {
      const at = axisOf(axis, x.rank, 'gather')
      const own = dy.shape.map((_, i) => i)
      const along = own.splice(at, indices.rank)
      const sums = T.segmentSum(T.transpose(dy, [...along, ...own]), indices, x.shape[at])
      const back = x.shape.map((_, i) => (i < at ? i + 1 : i === at ? 0 : i))
      return T.transpose(sums, back)
    },
    indices: zerosOf(indices)
  })),
  LogSoftmax: rule(['logits'], (dy, [x], { axis }: { axis: number }) => ({
    logits: () => T.sub(dy, T.mul(T.sum(dy, axis, true), T.softmax(x, axis)))
  })),
  Max: extreme(T.max),
  Mean: rule(['x'], (dy, [x], attrs: Reduce) => ({
    x: () => spread(T.div(dy, product(folded(x, attrs).axes.map(i => x.shape[i]))), x, attrs)
  })),
  Min: extreme(T.min),
  PadV2: rule(['x'], (dy, [x], { paddings }: { paddings: [number, number][] }) => ({
    x: () =>
      T.slice(
        dy,
        paddings.map(([before]) => before),
        x.shape
      )
  })),
  Reshape: rule(['x'], (dy, [x]) => ({ x: () => T.reshape(dy, x.shape) })),
  Slice: rule(['x'], (dy, [x], { begin }: { begin: number | number[] }) => ({
    x: () => {
      const from = typeof begin === 'number' ? [begin] : begin
      return T.pad(
        dy,
        x.shape.map((length, i) => {
          const before = from[i] ?? 0
          return [before, length - before - dy.shape[i]]
        })
      )
    }
  })),
  Softmax: rule(['logits'], (dy, [x], { dim }: { dim: number }) => ({
    logits: () => {
      const y = T.softmax(x, dim)
      return T.mul(y, T.sub(dy, T.sum(T.mul(dy, y), dim, true)))
    }
  })),
  SplitV: ruleOfMany([], (dys, _, { axis }: { axis: number }) => ({ x: () => T.concat(dys, axis) })),
  Sum: rule(['x'], (dy, [x], attrs: Reduce) => ({ x: () => spread(dy, x, attrs) })),
  Tile: rule(['x'], (dy, [x], { reps }: { reps: number[] }) => ({
    x: () =>
      T.reshape(
        T.sum(
          T.reshape(
            dy,
            x.shape.flatMap((length, i) => [reps[i], length])
          ),
          reps.map((_, i) => 2 * i)
        ),
        x.shape
      )
  })),
  Transpose: rule([], (dy, _, { perm }: { perm: number[] }) => ({
    x: () =>
      T.transpose(
        dy,
        perm.map((_, i) => perm.indexOf(i))
      )
  })),
  UnsortedSegmentSum: rule(['segmentIds'], (dy, [ids]) => ({
    x: () => {
      const rows = T.gather(dy, T.maximum(ids, 0))
      const counted = T.reshape(T.greaterEqual(ids, 0), [...ids.shape, ...dy.shape.slice(1).map(() => 1)])
      return T.where(counted, rows, 0)
    },
    segmentIds: zerosOf(ids)
  }))
}

/** The rule of an operation on entries: what is stretched is summed. */
const ofEntries = ({ operands, pulls }: Operation): Rule =>
  rule([...operands], (dy, saved, attrs) =>
    Object.fromEntries(
      operands.map((operand, i) => {
        const pull = pulls[i]
        if (pull === undefined) return [operand, zerosOf(saved[i])]
        const pulled = (): Tensor => pull(T, dy, saved[0], saved[1], attrs)
        return [operand, operands.length === 1 ? pulled : () => shrink(pulled(), saved[i].shape)]
      })
    )
  )

/** Every rule, by the name of its kernel. */
export const gradients: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(Object.entries(operations).map(([name, operation]) => [name, ofEntries(operation)])),
  ...Object.fromEntries(Object.entries(constant).map(([name, inputs]) => [name, flat(...inputs)])),
  ...structural
}

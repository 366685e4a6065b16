/**
 * The derivative of every kernel, as data: what to save going forward, and how to pull a cotangent back.
 *
 * tfjs's own rules save *outputs* of exp, tanh, softmax, …, and so lose the second derivative. These save inputs, and are
 * written in the vocabulary itself, so that each is differentiable again, to any order.
 */
import { run, type Attributes } from './backend.js'
import { axesOf, axisOf, product } from '../kernels/dense.js'
import { selu } from '../kernels/elementwise.js'
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

type Pull1 = (dy: Tensor, x: Tensor) => Tensor
type Pull2 = (dy: Tensor, a: Tensor, b: Tensor) => Tensor

const unary: Readonly<Record<string, Pull1>> = {
  Abs: (dy, x) => T.mul(dy, T.sign(x)),
  Acos: (dy, x) => T.neg(T.div(dy, T.sqrt(T.sub(1, T.square(x))))),
  Acosh: (dy, x) => T.div(dy, T.sqrt(T.mul(T.sub(x, 1), T.add(x, 1)))),
  Asin: (dy, x) => T.div(dy, T.sqrt(T.sub(1, T.square(x)))),
  Asinh: (dy, x) => T.div(dy, T.sqrt(T.add(1, T.square(x)))),
  Atan: (dy, x) => T.div(dy, T.add(1, T.square(x))),
  Atanh: (dy, x) => T.div(dy, T.sub(1, T.square(x))),
  Cos: (dy, x) => T.neg(T.mul(dy, T.sin(x))),
  Cosh: (dy, x) => T.mul(dy, T.sinh(x)),
  // the minimum keeps e^x from overflowing where it is not wanted
  Elu: (dy, x) => T.mul(dy, T.exp(T.minimum(x, 0))),
  Erf: (dy, x) => T.mul(dy, T.mul(2 / Math.sqrt(Math.PI), T.exp(T.neg(T.square(x))))),
  Exp: (dy, x) => T.mul(dy, T.exp(x)),
  Expm1: (dy, x) => T.mul(dy, T.exp(x)),
  Identity: dy => dy,
  Log: (dy, x) => T.div(dy, x),
  Log1p: (dy, x) => T.div(dy, T.add(1, x)),
  Neg: dy => T.neg(dy),
  Reciprocal: (dy, x) => T.neg(T.div(dy, T.square(x))),
  Relu: (dy, x) => T.mul(dy, T.step(x)),
  Relu6: (dy, x) => T.mul(dy, T.mul(T.step(x), T.less(x, 6))),
  Rsqrt: (dy, x) => T.mul(T.mul(dy, -0.5), T.div(T.rsqrt(x), x)),
  Selu: (dy, x) => T.mul(T.mul(dy, selu.scale), T.where(T.greater(x, 0), 1, T.mul(selu.alpha, T.exp(T.minimum(x, 0))))),
  // σ(x) σ(-x) rather than σ (1 - σ): right in both tails
  Sigmoid: (dy, x) => T.mul(dy, T.mul(T.sigmoid(x), T.sigmoid(T.neg(x)))),
  Sin: (dy, x) => T.mul(dy, T.cos(x)),
  Sinh: (dy, x) => T.mul(dy, T.cosh(x)),
  Softplus: (dy, x) => T.mul(dy, T.sigmoid(x)),
  Sqrt: (dy, x) => T.div(dy, T.mul(2, T.sqrt(x))),
  Square: (dy, x) => T.mul(dy, T.mul(2, x)),
  Tan: (dy, x) => T.div(dy, T.square(T.cos(x))),
  Tanh: (dy, x) => T.mul(dy, T.sub(1, T.square(T.tanh(x))))
}

/** 1 where a wins, ½ where it ties, NaN where either is. */
const share = (wins: Tensor, a: Tensor, b: Tensor): Tensor =>
  T.where(T.logicalOr(T.isNaN(a), T.isNaN(b)), NaN, T.add(wins, T.mul(0.5, T.equal(a, b))))

const binary: Readonly<Record<string, readonly [a: Pull2, b: Pull2]>> = {
  Add: [dy => dy, dy => dy],
  Atan2: [
    (dy, a, b) => T.mul(dy, T.div(b, T.add(T.square(a), T.square(b)))),
    (dy, a, b) => T.neg(T.mul(dy, T.div(a, T.add(T.square(a), T.square(b)))))
  ],
  FloorDiv: [dy => T.zerosLike(dy), dy => T.zerosLike(dy)],
  Maximum: [
    (dy, a, b) => T.mul(dy, share(T.greater(a, b), a, b)),
    (dy, a, b) => T.mul(dy, share(T.greater(b, a), a, b))
  ],
  Minimum: [(dy, a, b) => T.mul(dy, share(T.less(a, b), a, b)), (dy, a, b) => T.mul(dy, share(T.less(b, a), a, b))],
  Mod: [dy => dy, (dy, a, b) => T.neg(T.mul(dy, T.floorDiv(a, b)))],
  Multiply: [(dy, _, b) => T.mul(dy, b), (dy, a) => T.mul(dy, a)],
  Pow: [
    (dy, a, b) => {
      // at a = b = 0 the factor b is the whole answer, and 0^(-1) would make it NaN
      const corner = T.logicalAnd(T.equal(a, 0), T.equal(b, 0))
      return T.mul(dy, T.mul(b, T.pow(a, T.sub(T.where(corner, 1, b), 1))))
    },
    (dy, a, b) => {
      // where there is no logarithm, 1^b ln 1: 0^b may be ∞
      const base = T.where(T.greater(a, 0), a, T.where(T.isNaN(a), a, 1))
      return T.mul(dy, T.mul(T.pow(base, b), T.log(base)))
    }
  ],
  Prelu: [
    (dy, x, alpha) => T.where(T.greater(x, 0), dy, T.mul(dy, alpha)),
    (dy, x) => T.where(T.greater(x, 0), 0, T.mul(dy, x))
  ],
  RealDiv: [(dy, _, b) => T.div(dy, b), (dy, a, b) => T.neg(T.mul(T.div(dy, b), T.div(a, b)))],
  SquaredDifference: [(dy, a, b) => T.mul(dy, T.mul(2, T.sub(a, b))), (dy, a, b) => T.mul(dy, T.mul(2, T.sub(b, a)))],
  Sub: [dy => dy, dy => T.neg(dy)]
}

const constant: Readonly<Record<string, ReadonlyArray<string>>> = {
  All: ['x'],
  Any: ['x'],
  ArgMax: ['x'],
  ArgMin: ['x'],
  Ceil: ['x'],
  Equal: ['a', 'b'],
  Floor: ['x'],
  Greater: ['a', 'b'],
  GreaterEqual: ['a', 'b'],
  IsFinite: ['x'],
  IsInf: ['x'],
  IsNan: ['x'],
  Less: ['a', 'b'],
  LessEqual: ['a', 'b'],
  LogicalAnd: ['a', 'b'],
  LogicalNot: ['x'],
  LogicalOr: ['a', 'b'],
  NotEqual: ['a', 'b'],
  OneHot: ['indices'],
  OnesLike: ['x'],
  Round: ['x'],
  Sign: ['x'],
  Step: ['x'],
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

/** The product of all but one is what stands before it times what stands after it: no division, so zeros are no trouble. */
const prodPull = (dy: Tensor, x: Tensor, attrs: Reduce): Tensor => {
  const { axes, kept } = folded(x, attrs)
  const others = x.shape.map((_, i) => i).filter(i => !axes.includes(i))
  const perm = [...others, ...axes]
  const turned = T.transpose(x, perm)
  const rows = T.reshape(turned, [...others.map(i => x.shape[i]), product(axes.map(i => x.shape[i]))])
  const last = rows.rank - 1
  const before = T.cumprod(rows, last, { exclusive: true })
  const after = T.cumprod(rows, last, { exclusive: true, reverse: true })
  const back = perm.map((_, i) => perm.indexOf(i))
  return T.mul(T.reshape(dy, kept), T.transpose(T.reshape(T.mul(before, after), turned.shape), back))
}

interface ScanAttrs {
  readonly axis?: number
  readonly exclusive?: boolean
  readonly reverse?: boolean
}
/**
 * ∂y_i/∂x_k = Π_{j≠k} x_j over the window of i, for every pair (k, i), by running products of x with 1 at or before k: n² memory,
 * and right where x is 0.
 */
const cumprodPull = (dy: Tensor, x: Tensor, { axis = 0, exclusive = false, reverse = false }: ScanAttrs): Tensor => {
  const at = axisOf(axis, x.rank, 'cumprod')
  const n = x.shape[at]
  const last = x.rank - 1
  const swap = x.shape.map((_, i) => (i === at ? last : i === last ? at : i))
  // bring the axis last, running forwards
  const turn = (t: Tensor): Tensor => {
    const moved = T.transpose(t, swap)
    return reverse ? T.reverse(moved, last) : moved
  }
  const xs = turn(x)
  const dys = T.expandDims(turn(dy), last)
  const k = T.reshape(T.range(0, n), [n, 1])
  const i = T.reshape(T.range(0, n), [1, n])
  // [..., k, i]: x_i beyond k, 1 up to it
  const beyond = T.where(T.greater(i, k), T.expandDims(xs, last), 1)
  const window = T.cumprod(beyond, last + 1, { exclusive })
  const reached = exclusive ? T.greater(i, k) : T.greaterEqual(i, k)
  const before = T.cumprod(xs, last, { exclusive: true })
  const dxs = T.mul(before, T.sum(T.where(reached, T.mul(dys, window), 0), last + 1))
  return T.transpose(reverse ? T.reverse(dxs, last) : dxs, swap)
}

/**
 * For kernels that only pick entries: run one on the numbers of its input's entries, and add each cotangent to the entry it
 * came from.
 */
const unpick = (dy: Tensor, x: Tensor, pick: (numbers: Tensor) => Tensor): Tensor => {
  const numbers = T.reshape(T.range(0, x.size), x.shape)
  return T.reshape(T.segmentSum(T.reshape(dy, [-1]), T.reshape(pick(numbers), [-1]), x.size), x.shape)
}

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
  ClipByValue: rule(
    ['x'],
    (dy, [x], { clipValueMin, clipValueMax }: { clipValueMin: number; clipValueMax: number }) => ({
      x: () => T.mul(dy, T.logicalAnd(T.greaterEqual(x, clipValueMin), T.lessEqual(x, clipValueMax)))
    })
  ),
  Concat: ruleOfList((dy, xs, { axis }: { axis: number }) => {
    const at = axisOf(axis, dy.rank, 'concat')
    return cut(
      dy,
      xs.map(x => x.shape[at]),
      at
    )
  }),
  Cumprod: rule(['x'], (dy, [x], attrs: ScanAttrs) => ({ x: () => cumprodPull(dy, x, attrs) })),
  Cumsum: rule([], (dy, _, { axis = 0, exclusive = false, reverse = false }: ScanAttrs) => ({
    x: () => T.cumsum(dy, axis, { exclusive, reverse: !reverse })
  })),
  ExpandDims: rule(['input'], (dy, [x]) => ({ input: () => T.reshape(dy, x.shape) })),
  GatherNd: rule(['params', 'indices'], (dy, [x, indices]) => ({
    params: () => unpick(dy, x, numbers => T.gatherNd(numbers, indices)),
    indices: zerosOf(indices)
  })),
  GatherV2: rule(
    ['x', 'indices'],
    (dy, [x, indices], { axis, batchDims = 0 }: { axis: number; batchDims?: number }) => ({
      x: () =>
        axisOf(axis, x.rank, 'gather') === 0
          ? T.segmentSum(dy, indices, x.shape[0])
          : unpick(dy, x, numbers => T.gather(numbers, indices, axis, batchDims)),
      indices: zerosOf(indices)
    })
  ),
  LeakyRelu: rule(['x'], (dy, [x], { alpha }: { alpha: number }) => ({ x: () => T.mul(dy, T.step(x, alpha)) })),
  LogSoftmax: rule(['logits'], (dy, [x], { axis }: { axis: number }) => ({
    logits: () => T.sub(dy, T.mul(T.sum(dy, axis, true), T.softmax(x, axis)))
  })),
  Max: extreme(T.max),
  Mean: rule(['x'], (dy, [x], attrs: Reduce) => ({
    x: () => spread(T.div(dy, product(folded(x, attrs).axes.map(i => x.shape[i]))), x, attrs)
  })),
  Min: extreme(T.min),
  MirrorPad: rule(
    ['x'],
    (dy, [x], { paddings, mode }: { paddings: [number, number][]; mode: 'reflect' | 'symmetric' }) => ({
      x: () => unpick(dy, x, numbers => T.mirrorPad(numbers, paddings, mode))
    })
  ),
  Pack: ruleOfList((dy, xs, { axis }: { axis: number }) => {
    const at = axisOf(axis, dy.rank, 'stack')
    return cut(
      dy,
      xs.map(() => 1),
      at
    ).map((part, i) => () => T.reshape(part(), xs[i].shape))
  }),
  PadV2: rule(['x'], (dy, [x], { paddings }: { paddings: [number, number][] }) => ({
    x: () =>
      T.slice(
        dy,
        paddings.map(([before]) => before),
        x.shape
      )
  })),
  Prod: rule(['x'], (dy, [x], attrs: Reduce) => ({ x: () => prodPull(dy, x, attrs) })),
  Reshape: rule(['x'], (dy, [x]) => ({ x: () => T.reshape(dy, x.shape) })),
  Reverse: rule([], (dy, _, { dims }: { dims: number | number[] }) => ({ x: () => T.reverse(dy, dims) })),
  ScatterNd: rule(['indices'], (dy, [indices]) => ({
    updates: () => T.gatherNd(dy, indices),
    indices: zerosOf(indices)
  })),
  Select: rule(['condition', 't', 'e'], (dy, [condition, t, e]) => ({
    condition: zerosOf(condition),
    t: () => shrink(T.where(condition, dy, 0), t.shape),
    e: () => shrink(T.where(condition, 0, dy), e.shape)
  })),
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
  StridedSlice: rule(['x'], (dy, [x], attrs: Attributes) => ({
    x: () => unpick(dy, x, numbers => run('StridedSlice', { x: numbers }, attrs))
  })),
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
  TopK: ruleOfMany(['x'], ([dy], [x], { k }: { k: number }) => ({
    x: () => {
      const n = x.shape[x.rank - 1]
      const rows = n === 0 ? 0 : x.size / n
      const at = T.add(T.reshape(T.topK(x, k).indices, [rows, k]), T.reshape(T.mul(T.range(0, rows), n), [rows, 1]))
      return T.reshape(T.segmentSum(T.reshape(dy, [-1]), T.reshape(at, [-1]), x.size), x.shape)
    }
  })),
  Transpose: rule([], (dy, _, { perm }: { perm: number[] }) => ({
    x: () =>
      T.transpose(
        dy,
        perm.map((_, i) => perm.indexOf(i))
      )
  })),
  Unpack: ruleOfMany([], (dys, _, { axis }: { axis: number }) => ({ value: () => T.stack(dys, axis) })),
  UnsortedSegmentSum: rule(['segmentIds'], (dy, [ids]) => ({
    x: () => {
      const rows = T.gather(dy, T.maximum(ids, 0))
      const counted = T.reshape(T.greaterEqual(ids, 0), [...ids.shape, ...dy.shape.slice(1).map(() => 1)])
      return T.where(counted, rows, 0)
    },
    segmentIds: zerosOf(ids)
  }))
}

/** Every rule, by the name of its kernel. */
export const gradients: Readonly<Record<string, Rule>> = {
  ...Object.fromEntries(
    Object.entries(unary).map(([name, pull]) => [name, rule(['x'], (dy, [x]) => ({ x: () => pull(dy, x) }))])
  ),
  ...Object.fromEntries(
    Object.entries(binary).map(([name, [pullA, pullB]]) => [
      name,
      name === 'Prelu'
        ? rule(['x', 'alpha'], (dy, [x, alpha]) => ({
            x: () => shrink(pullA(dy, x, alpha), x.shape),
            alpha: () => shrink(pullB(dy, x, alpha), alpha.shape)
          }))
        : rule(['a', 'b'], (dy, [a, b]) => ({
            a: () => shrink(pullA(dy, a, b), a.shape),
            b: () => shrink(pullB(dy, a, b), b.shape)
          }))
    ])
  ),
  ...Object.fromEntries(Object.entries(constant).map(([name, inputs]) => [name, flat(...inputs)])),
  ...structural
}

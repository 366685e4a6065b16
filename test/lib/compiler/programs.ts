/** Functions in the vocabulary that the compiler's tests run: each with the shapes of its inputs. */
import * as E from 'fp-ts/lib/Either.js'
import * as T from '../../../lib/index.js'
import {
  compile,
  type Call,
  type Inputs,
  type Outputs,
  type Precision,
  type Program,
  type Signature
} from '../../../lib/compiler/index.js'
import { productOfSizes as sizeOf } from '../../../lib/kernels/dense.js'
import { functions } from '../functions.js'

export interface Case {
  readonly name: string
  readonly signature: Signature
  readonly write: (inputs: Inputs) => Outputs
}

type Of = (inputs: Readonly<Record<string, T.Tensor>>) => T.Tensor

const D = 3
const K = 4

/** The mean over rows of a function of x, z [rows, 3], w [4, 3], b [4], c [] and s [rows, 1]. */
const mean = (name: string, perRow: Of): Case => ({
  name,
  signature: {
    params: { w: [K, D], b: [K] },
    rows: { x: { shape: [D], from: 'data' }, z: { shape: [D], from: 'call' }, s: { shape: [1], from: 'call' } },
    constants: { c: [] }
  },
  write: ({ params, rows, constants }) => ({ value: T.mean(perRow({ ...params, ...rows, ...constants })) })
})

const product: Of = ({ x, w }) => T.matMul(x, w, { transposeB: true })
const hidden: Of = inputs => T.add(product(inputs), inputs.b)

/** w [4, 3], and a row for what else is read, as [4, 4]ᵀ. */
const padded = (w: T.Tensor): T.Tensor => T.transpose(T.concat([w, T.slice(w, [0, 0], [K, 1])], 1))

/** Of one number, drawn in to where a function is smooth. */
const ofOneNumber = Object.entries(functions).flatMap(([name, [f, , from = -2, to = 2]]) =>
  /^(is|step|logical)/.test(name)
    ? []
    : [[name, (x: T.Tensor) => f(from < -1 ? x : T.add(from, T.mul(to - from, T.sigmoid(x))))] as const]
)

const entrywise: Readonly<Record<string, (x: T.Tensor) => T.Tensor>> = {
  ...Object.fromEntries(ofOneNumber),
  step: x => T.step(x, 0.25),
  clip: x => T.clip(x, -0.5, 0.7),
  pow: x => T.pow(T.add(T.square(x), 0.5), 1.7),
  powWhole: x => T.add(T.pow(x, 2), T.pow(x, 3)),
  atan2: x => T.atan2(x, 0.3),
  where: x => T.where(T.greater(x, 0.1), T.square(x), T.neg(x)),
  logical: x => T.where(T.logicalAnd(T.greater(x, -1), T.logicalNot(T.less(x, 0))), x, T.mul(2, x)),
  maximum: x => T.maximum(x, T.mul(0.5, T.square(x))),
  isFinite: x => T.mul(x, T.isFinite(x)),
  cast: x => T.mul(x, T.cast(T.mul(x, 3), 'int32')),
  softmax: x => T.softmax(x),
  softmaxOfColumns: x => T.softmax(T.reshape(x, [x.shape[0], 2, 2]), 1),
  logSoftmax: x => T.logSoftmax(x),
  logSumExp: x => T.logSumExp(x, 1, true),
  max: x => T.max(x, 1),
  min: x => T.min(x, 1, true),
  norm: x => T.norm(x, 1),
  any: x => T.mul(x, T.any(T.greater(x, 1), 1, true)),
  all: x => T.mul(x, T.all(T.greater(x, -1), 1, true)),
  argMax: x => T.mul(x, T.oneHot(T.argMax(x, 1), K)),
  argMin: x => T.mul(x, T.oneHot(T.argMin(x, 1), K)),
  isInf: x => T.mul(x, T.add(T.isInf(T.stopGradient(T.div(1, T.relu(x)))), 1)),
  zerosLike: x => T.mul(x, T.add(T.zerosLike(x), 2)),
  notEqual: x => T.mul(x, T.notEqual(T.relu(x), 0)),
  slice: x => T.square(T.slice(x, [0, 1], [-1, 2])),
  concat: x => T.square(T.concat([x, T.slice(x, [0, 1], [-1, 2])], 1)),
  stack: x => T.max(T.stack([x, T.square(x)], 2), 2),
  unstack: x => T.unstack(x, 1).reduce((a, b) => T.add(T.mul(a, 0.5), b)),
  split: x => T.mul(...(T.split(x, 2, 1) as [T.Tensor, T.Tensor])),
  reverse: x => T.mul(x, T.reverse(x, 1)),
  pad: x =>
    T.exp(
      T.pad(
        x,
        [
          [0, 0],
          [1, 2]
        ],
        0.5
      )
    ),
  tile: x => T.mul(T.tile(x, [1, 2]), T.concat([x, T.square(x)], 1)),
  transpose: x => T.sum(T.mul(T.transpose(x), T.reshape(T.range(1, 5), [4, 1])), 0),
  outer: x => T.sum(T.mul(T.expandDims(x, 1), T.expandDims(T.square(x), 2)), [1, 2]),
  rank3: x => T.sum(T.mul(T.reshape(x, [x.shape[0], 2, 2]), T.tensor([1, 2], [2, 1])), 2),
  rank4: x => T.logSumExp(T.reshape(x, [x.shape[0], 2, 1, 2]), 1),
  overGroups: x => T.square(T.sum(T.reshape(x, [x.shape[0], 2, 2]), 1)),
  batched: x => {
    const m = T.reshape(x, [x.shape[0], 2, 2])
    return T.matMul(m, m, { transposeB: true })
  },
  batchedByOne: x => T.matMul(T.reshape(x, [x.shape[0], 2, 2]), T.tensor([1, 2, 3, 4], [2, 2])),
  fromTheLeft: x => T.square(T.matMul(T.tensor([1, 2, 3, 4, 5, 6, 7, 8], [2, 4]), x, { transposeB: true })),
  withDerivative: x => T.withDerivativeOf(T.sin(x), T.mul(x, T.exp(T.neg(T.square(x))))),
  gradient: x => T.grad(y => T.tanh(T.square(y)))(x),
  divergence: x => T.divergence(y => T.mul(T.tanh(y), T.sum(y, 1, true)))(x),
  vjp: x => T.vjp(y => T.square(y))(x, T.sin(x)),
  norms: x => T.sum(T.square(x), 1, true)
}

/** The entry of each row at a place. */
const part = (x: T.Tensor, at: number): T.Tensor => T.slice(x, [0, at], [-1, 1])
/** xᵢ cos xⱼ of each row. */
const pairs = (x: T.Tensor): T.Tensor => {
  const [, d] = x.shape
  return T.mul(T.reshape(x, [-1, d, 1]), T.reshape(T.cos(x), [-1, 1, d]))
}
/** Entries that another turn of a loop makes. */
const turns: Readonly<Record<string, (x: T.Tensor) => T.Tensor>> = {
  'the second and all': x => T.mul(part(T.exp(x), 1), x),
  'the last and all': x => T.div(T.sin(x), T.add(2, part(T.tanh(x), x.shape[1] - 1))),
  'shares, one of which is all’s': x => {
    const shares = T.softmax(x)
    return T.sub(T.mul(part(shares, 1), T.square(x)), T.mul(part(shares, 0), x))
  },
  'sums of lines as a line': x => {
    const all = pairs(x)
    return T.sum(T.mul(T.reshape(T.sum(T.square(all), 2), [-1, 1, x.shape[1]]), all), 2)
  },
  'a line and all': x => {
    const all = T.exp(pairs(x))
    return T.sum(T.mul(T.slice(all, [0, 1, 0], [-1, 1, -1]), T.square(all)), 1)
  }
}
const wx = (d: number): Signature => ({ params: { w: [d] }, rows: { x: { shape: [d], from: 'call' } }, constants: {} })

export const cases: ReadonlyArray<Case> = [
  ...Object.entries(turns).flatMap(([name, f]) =>
    [2, 3, 4, 6].map(d => ({
      name: `${name}, of ${d}`,
      signature: wx(d),
      write: ({ params: { w }, rows: { x } }: Inputs): Outputs => {
        const made = f(T.mul(w, x))
        return { value: T.mean(T.sum(T.square(made), 1)), others: { made } }
      }
    }))
  ),
  ...Object.entries(entrywise).map(([name, f]) => mean(name, inputs => f(hidden(inputs)))),
  mean('affine', ({ x, z, w, b, c, s }) =>
    T.square(
      T.add(T.add(T.mul(c, T.matMul(x, w, { transposeB: true })), T.matMul(T.mul(s, z), w, { transposeB: true })), b)
    )
  ),
  mean('lookUp', ({ x, w }) =>
    T.mul(T.gather(w, T.cast(T.reshape(T.greater(T.slice(x, [0, 0], [-1, 1]), 0), [x.shape[0]]), 'int32')), x)
  ),
  mean('pseudoHuber', ({ x, z, w, c, s }) => {
    const noisy = T.add(T.mul(c, x), T.mul(s, z))
    const r = T.softmax(T.matMul(noisy, w, { transposeB: true }))
    const score = T.sub(T.mul(c, T.matMul(r, w)), noisy)
    return T.sub(T.sqrt(T.add(1, T.sum(T.square(T.add(score, T.div(z, s))), 1, true))), 1)
  }),
  mean('wide', ({ x, w, c }) => {
    const wide = T.matMul(
      T.mul(x, c),
      T.concat(
        [w, w, w, w, w].map((one, i) => T.mul(one, i + 1)),
        0
      ),
      { transposeB: true }
    )
    return T.logSumExp(T.mul(wide, T.sigmoid(wide)), 1)
  }),
  mean('wideGroups', ({ x, w }) => {
    const rows = x.shape[0]
    const wide = T.reshape(T.matMul(x, T.concat(new Array<T.Tensor>(10).fill(w), 0), { transposeB: true }), [
      rows,
      4,
      10
    ])
    return T.add(T.sum(T.square(T.sum(wide, 1)), 1), T.logSumExp(T.sum(T.mul(wide, T.tanh(wide)), 2), 1))
  }),
  // in 7 columns, so that blocks up to a diagonal, and what is beside them, are met
  {
    name: 'squares over the rows, and triangles',
    signature: {
      params: { m: [2, 7], w: [7, 7] },
      rows: { x: { shape: [7], from: 'data' }, s: { shape: [1], from: 'call' } },
      constants: {}
    },
    write: ({ params: { m, w }, rows: { x, s } }: Inputs): Outputs => {
      const apart = T.sub(T.expandDims(x, 1), T.expandDims(m, 0))
      const [weighted, plain] = [T.mul(T.expandDims(s, 2), apart), apart].map(each => T.transpose(each, [1, 0, 2]))
      const root = T.gramCholesky(T.concat([w, T.eye(7)]))
      const whitener = T.solveTriangular(root, T.eye(7))
      const stack = T.concat([T.expandDims(whitener, 0), T.mul(2, T.expandDims(whitener, 0))])
      return {
        value: T.mean(T.sum(T.square(T.matMul(x, whitener, { transposeB: true })), 1)),
        others: {
          each: T.matMul(weighted, plain, { transposeA: true }),
          whole: T.matMul(T.mul(s, T.sub(x, 1)), T.sub(x, 1), { transposeA: true }),
          white: T.sum(T.square(T.matMul(plain, stack, { transposeB: true })), 1)
        }
      }
    }
  },
  // factors of parameters, of parameters at a level of each row, and of rows themselves
  mean('factors', ({ x, w, c }) => {
    const a = T.concat([T.mul(T.slice(w, 0, D), T.add(2, T.square(c))), T.eye(D)])
    const root = T.gramCholesky(a)
    const whitener = T.solveTriangular(root, T.eye(D))
    const y = T.matMul(x, whitener, { transposeB: true })
    return T.sub(
      T.sum(T.log(T.diagonal(T.cholesky(T.matMul(root, root, { transposeB: true }))))),
      T.sum(T.square(y), 1)
    )
  }),
  mean('factorsOfRows', ({ x, w, b, s }) => {
    const rows = x.shape[0]
    const lower = T.lowerTriangle(T.concat([b, T.slice(b, 0, 2)]))
    const level = T.reshape(s, [rows, 1, 1])
    const stack = T.concat([T.mul(level, lower), T.add(T.mul(level, 0), T.eye(D))], 1)
    const root = T.gramCholesky(stack)
    const y = T.solveTriangular(root, T.reshape(x, [rows, D, 1]), { transposed: true })
    const third = T.packTriangle(T.cholesky(T.matMul(root, root, { transposeB: true })))
    return T.add(T.sum(T.square(y), [1, 2]), T.mul(T.sum(third, 1), T.sum(T.matMul(x, w, { transposeB: true }), 1)))
  }),
  // eigenvalues of parameters, and those and eigenvectors of rows
  mean('spectra', ({ x, w, b, s }) => {
    const common = T.eigh(T.matMul(w, w, { transposeA: true }))
    const rows = x.shape[0]
    const lower = T.lowerTriangle(T.concat([b, T.slice(b, 0, 2)]))
    const own = T.eigh(
      T.add(T.mul(T.reshape(s, [rows, 1, 1]), lower), T.mul(T.reshape(T.range(0, D), [D, 1]), T.eye(D)))
    )
    const turned = T.matMul(T.reshape(x, [rows, 1, D]), own.vectors)
    return T.add(
      T.sum(T.log(T.add(1, T.square(common.values)))),
      T.sum(T.mul(T.square(turned), T.expandDims(own.values, 1)), [1, 2])
    )
  }),
  mean('distances', ({ x, w, c }) => T.exp(T.neg(T.squaredDistances(x, w, c)))),
  mean('distancesByRow', ({ x, w, s }) => T.exp(T.neg(T.squaredDistances(x, w, s)))),
  mean('network', ({ x, w, b }) => {
    const first = T.tanh(T.add(T.matMul(x, w, { transposeB: true }), b))
    return T.square(T.sub(T.matMul(first, w), x))
  }),
  mean('divergence at levels', ({ x, w, b, s }) =>
    T.square(
      T.rowDivergence((at, again) => {
        const first = T.tanh(T.add(T.matMul(T.concat([at, again(s)], 1), padded(w)), b))
        return T.sub(T.mul(again(s), T.matMul(first, w)), at)
      })(x)
    )
  ),
  mean('divergence of a stack', ({ x, w }) => {
    const stack = T.stopGradient(T.mul(T.expandDims(w, 2), T.expandDims(w, 1)))
    return T.rowDivergence(at => {
      const apart = T.transpose(T.sub(T.expandDims(at, 1), T.expandDims(w, 0)), [1, 0, 2])
      return T.sum(T.tanh(T.matMul(apart, stack)), 0)
    })(x)
  }),
  mean('divergence of parts', ({ x, w }) =>
    T.rowDivergence(at => {
      const turned = T.gather(T.tanh(at), T.tensor([1, 2, 0], [D]), 1)
      return T.sum(T.mul(T.stack([turned, at], 2), T.stack([at, T.matMul(at, T.slice(w, 0, D))], -1)), 2)
    })(x)
  ),
  mean('rows repeated', ({ x, w, b, z }) => {
    const [rows] = x.shape
    // each row beside each of two others, all [2 rows, …]
    const twice = (t: T.Tensor): T.Tensor => T.reshape(T.mul(T.expandDims(t, 1), T.ones([1, 2, 1])), [2 * rows, D])
    const both = T.reshape(T.stack([x, z], 1), [2 * rows, D])
    const first = T.softmax(T.add(T.matMul(T.add(both, twice(z)), w, { transposeB: true }), b))
    const second = T.pad(T.slice(T.matMul(T.transpose(T.transpose(first)), w), [0, 1], [-1, 2]), [
      [0, 0],
      [1, 0]
    ])
    return T.mul(second, T.add(both, T.reshape(T.stack([z, x], 1), [2 * rows, D])))
  }),
  {
    name: 'no rows in the gradient',
    signature: { params: { w: [2] }, rows: { x: { shape: [], from: 'data' } }, constants: {} },
    write: ({ params, rows }) => ({ value: T.add(T.sum(rows.x), T.sum(T.square(params.w))) })
  },
  {
    name: 'sums and outputs',
    signature: { params: { w: [2, 3] }, rows: { x: { shape: [3], from: 'data' } }, constants: {} },
    write: ({ params, rows }: Inputs): Outputs => {
      const r = T.softmax(T.matMul(rows.x, params.w, { transposeB: true }))
      return {
        value: T.mean(T.square(r)),
        others: {
          r,
          mass: T.sum(r, 0),
          sums: T.matMul(r, rows.x, { transposeA: true }),
          moment: T.matMul(rows.x, rows.x, { transposeA: true })
        }
      }
    }
  }
]

export const called = (name: string): Case => {
  const found = cases.find(one => one.name === name)
  if (found === undefined) throw new Error(name)
  return found
}

/** The program of a function, which has to be one. */
export const programOf = (
  { signature, write }: Pick<Case, 'signature' | 'write'>,
  precision: Precision = 'float64'
): Program => {
  const program = compile(signature, write, [null, null], { precision })
  if (E.isLeft(program)) throw new Error(program.left)
  return program.right
}

/** What a function makes of each of some numbers, by a program that leaves nothing to the interpreter. */
export const compiled = (
  f: (x: T.Tensor) => T.Tensor,
  xs: ArrayLike<number>,
  precision: Precision = 'float64'
): Float64Array => {
  const signature: Signature = { params: {}, rows: { x: { shape: [], from: 'call' } }, constants: {} }
  const write = ({ rows }: Inputs): Outputs => ({ others: { y: f(rows.x) } })
  const { run, fallback } = programOf({ signature, write }, precision)
  if (fallback.length > 0) throw new Error(`${fallback.join()} by the interpreter`)
  return run({ rows: xs.length, params: {}, given: { x: Float64Array.from(xs) }, constants: {} }).others.y.values
}

/** Numbers for a case. */
export const callOf = ({ signature }: Case, rows: number, seed: number): Call => {
  const draw = (shape: ReadonlyArray<number>, name: string): Float64Array =>
    T.Key.normal(sizeOf(shape))(T.Key.named(name)(T.Key.fromSeed(seed))[name]).map(x => 0.8 * x)
  const { params, rows: given, constants } = signature
  return {
    rows,
    params: Object.fromEntries(Object.entries(params).map(([name, shape]) => [name, draw(shape, name)])),
    given: Object.fromEntries(
      Object.entries(given).map(([name, { shape }]) => [
        name,
        draw([rows, ...shape], name).map(x => (name === 's' ? 1 + x * x : x))
      ])
    ),
    constants: Object.fromEntries(Object.entries(constants).map(([name, shape]) => [name, draw(shape, name)]))
  }
}

/** Entrywise operations: functions of numbers, derivatives, and instructions. */
import * as Elementary from '../numbers/elementary.js'
import { type Tensor } from '../arrays/ndarray.js'
import { kernel, type Kernel } from './dense.js'
import {
  addNKernel,
  castKernel,
  mapDense,
  mapKernel,
  selectKernel,
  zipKernel,
  type Scalar,
  type Scalar2
} from './each.js'
import {
  emitBinary,
  emitExponential,
  isTrue,
  logical,
  attributeNumber,
  relation,
  emitUnary,
  type Emit
} from './instructions.js'
import {
  passed,
  reshapedPull,
  shrink,
  type KernelOperation,
  type Operations,
  type Pull,
  type TensorVocabulary
} from './operation.js'

type OperationByName = (name: string) => KernelOperation
type Code = Emit | string | undefined

/** Entrywise operation. The pullback of an operand that was broadcast is summed over the broadcast axes. */
const ofEntries = (
  operands: ReadonlyArray<string>,
  kernel: Kernel,
  pulls: ReadonlyArray<Pull | undefined>,
  code: Code
): KernelOperation => ({
  operands,
  kernel,
  pulls:
    operands.length === 1
      ? pulls
      : pulls.map(
          (pull, i): Pull | undefined =>
            pull && ((T, dy, all, attrs, which) => shrink(T, pull(T, dy, all, attrs, which), all[i].shape))
        ),
  lowering: { kind: 'entries', code }
})

const realOperation =
  (of: Scalar, pull: Pull, code: Code): OperationByName =>
  name =>
    ofEntries(['x'], mapKernel(name, of, 'float32'), [pull], code)
/** Operation on one operand that returns integers for integers. */
const numericOperation =
  (of: Scalar, code: Code, pull?: Pull): OperationByName =>
  name =>
    ofEntries(['x'], mapKernel(name, of), [pull], code)
const predicateOperation =
  (of: (x: number) => boolean, code: Code): OperationByName =>
  name =>
    ofEntries(
      ['x'],
      mapKernel(name, x => (of(x) ? 1 : 0), 'bool'),
      [undefined],
      code
    )
/** Operation on two operands that returns integers for two integers. */
const arithmeticOperation =
  (of: Scalar2, code: Code, a: Pull, b: Pull): OperationByName =>
  name =>
    ofEntries(['a', 'b'], zipKernel(name, of), [a, b], code)
/** Operation on two operands that returns doubles. */
const quotientOperation =
  (of: Scalar2, code: Code, a: Pull, b: Pull): OperationByName =>
  name =>
    ofEntries(['a', 'b'], zipKernel(name, of, 'float32'), [a, b], code)
const comparisonOperation =
  (of: (x: number, y: number) => boolean, code: Code): OperationByName =>
  name => {
    const kernel = zipKernel(name, (x, y) => (of(x, y) ? 1 : 0), 'bool')
    return ofEntries(['a', 'b'], kernel, [undefined, undefined], code)
  }
/** Operation on one operand by a kernel of its own, which has attributes. */
const attributeOperation =
  (own: Kernel, pull: Pull | undefined, code: Code): OperationByName =>
  () =>
    ofEntries(['x'], own, [pull], code)

const roundHalfToEven = (x: number): number => {
  const below = Math.floor(x)
  const excess = x - below
  const rounded = excess < 0.5 ? below : excess > 0.5 ? below + 1 : below % 2 === 0 ? below : below + 1
  // −1 + 1 loses the sign of zero.
  return rounded === 0 && x < 0 ? -0 : rounded
}

/** 1 if a wins, ½ if both are equal, NaN if either is NaN. */
const tieShare = (T: TensorVocabulary, wins: Tensor, a: Tensor, b: Tensor): Tensor =>
  T.where(T.logicalOr(T.isNaN(a), T.isNaN(b)), NaN, T.add(wins, T.mul(0.5, T.equal(a, b))))

const extremeOfTwo = (of: Scalar2, op: 'max' | 'min', wins: 'greater' | 'less'): OperationByName =>
  arithmeticOperation(
    of,
    emitBinary(op),
    (T, dy, [a, b]) => T.mul(dy, tieShare(T, T[wins](a, b), a, b)),
    (T, dy, [a, b]) => T.mul(dy, tieShare(T, T[wins](b, a), a, b))
  )

interface ClipBounds {
  readonly clipValueMin: number
  readonly clipValueMax: number
}

const ELEMENTWISE_ROWS: Readonly<Record<string, OperationByName>> = {
  Abs: numericOperation(Math.abs, emitUnary('abs'), (T, dy, [x]) => T.mul(dy, T.sign(x))),
  Add: arithmeticOperation((x, y) => x + y, emitBinary('add'), passed, passed),
  // No code: the compiler expresses it by other operations.
  Atan2: quotientOperation(
    Elementary.atan2,
    undefined,
    (T, dy, [a, b]) => T.mul(dy, T.div(b, T.add(T.square(a), T.square(b)))),
    (T, dy, [a, b]) => T.neg(T.mul(dy, T.div(a, T.add(T.square(a), T.square(b)))))
  ),
  Ceil: numericOperation(Math.ceil, emitUnary('ceil')),
  ClipByValue: attributeOperation(
    kernel(({ x }, { clipValueMin, clipValueMax }: ClipBounds) =>
      mapDense(x, v => (v < clipValueMin ? clipValueMin : v > clipValueMax ? clipValueMax : v), x.dtype)
    ),
    (T, dy, [x], { clipValueMin, clipValueMax }: ClipBounds) =>
      T.mul(dy, T.logicalAnd(T.greaterEqual(x, clipValueMin), T.lessEqual(x, clipValueMax))),
    (code, push, attrs) => {
      push(0)
      code
        .every(attributeNumber(attrs, 'clipValueMin'))
        .op('max')
        .every(attributeNumber(attrs, 'clipValueMax'))
        .op('min')
    }
  ),
  Cos: realOperation(Elementary.cos, (T, dy, [x]) => T.neg(T.mul(dy, T.sin(x))), 'mapCos'),
  Equal: comparisonOperation((x, y) => x === y, relation('eq')),
  Erf: realOperation(
    Elementary.erf,
    (T, dy, [x]) => T.mul(dy, T.mul(2 / Math.sqrt(Math.PI), T.exp(T.neg(T.square(x))))),
    'mapErf'
  ),
  Exp: realOperation(Elementary.exp, (T, dy, [x]) => T.mul(dy, T.exp(x)), emitExponential),
  Expm1: realOperation(Elementary.expm1, (T, dy, [x]) => T.mul(dy, T.exp(x)), 'mapExpm1'),
  Floor: numericOperation(Math.floor, emitUnary('floor')),
  // No code: the compiler computes both by `Less` and `LessEqual` with exchanged operands.
  Greater: comparisonOperation((x, y) => x > y, undefined),
  GreaterEqual: comparisonOperation((x, y) => x >= y, undefined),
  IsFinite: predicateOperation(Number.isFinite, (code, push) => {
    push(0).op('abs').every(Infinity).op('lt')
    code.every(1).op('and')
  }),
  IsNan: predicateOperation(Number.isNaN, (code, push) => {
    push(0)
    push(0).op('ne')
    code.every(1).op('and')
  }),
  Less: comparisonOperation((x, y) => x < y, relation('lt')),
  LessEqual: comparisonOperation((x, y) => x <= y, relation('le')),
  Log: realOperation(Elementary.log, (T, dy, [x]) => T.div(dy, x), 'mapLog'),
  Log1p: realOperation(Elementary.log1p, (T, dy, [x]) => T.div(dy, T.add(1, x)), 'mapLog1p'),
  LogicalAnd: comparisonOperation((x, y) => x !== 0 && y !== 0, logical('and')),
  LogicalNot: predicateOperation(
    x => x === 0,
    (code, push) => {
      push(0)
      code.every(0).op('eq').every(1).op('and')
    }
  ),
  LogicalOr: comparisonOperation((x, y) => x !== 0 || y !== 0, logical('or')),
  Maximum: extremeOfTwo(Math.max, 'max', 'greater'),
  Minimum: extremeOfTwo(Math.min, 'min', 'less'),
  Multiply: arithmeticOperation(
    (x, y) => x * y,
    emitBinary('mul'),
    (T, dy, [, b]) => T.mul(dy, b),
    (T, dy, [a]) => T.mul(dy, a)
  ),
  Neg: numericOperation(
    x => -x,
    emitUnary('neg'),
    (T, dy) => T.neg(dy)
  ),
  NotEqual: comparisonOperation((x, y) => x !== y, relation('ne')),
  Pow: arithmeticOperation(
    Elementary.pow,
    undefined,
    (T, dy, [a, b]) => {
      // At a = b = 0 the derivative is b, but b · 0^(−1) would be NaN.
      const corner = T.logicalAnd(T.equal(a, 0), T.equal(b, 0))
      return T.mul(dy, T.mul(b, T.pow(a, T.sub(T.where(corner, 1, b), 1))))
    },
    (T, dy, [a, b]) => {
      // If a has no logarithm, 0^b may be ∞, so the derivative is computed as 1^b ln 1 = 0.
      const base = T.where(T.greater(a, 0), a, T.where(T.isNaN(a), a, 1))
      return T.mul(dy, T.mul(T.pow(base, b), T.log(base)))
    }
  ),
  RealDiv: quotientOperation(
    (x, y) => x / y,
    emitBinary('div'),
    (T, dy, [, b]) => T.div(dy, b),
    (T, dy, [a, b]) => T.neg(T.mul(T.div(dy, b), T.div(a, b)))
  ),
  Reciprocal: realOperation(
    x => 1 / x,
    (T, dy, [x]) => T.neg(T.div(dy, T.square(x))),
    (code, push) => {
      code.every(1)
      push(0).op('div')
    }
  ),
  // NaN is kept; −0 may become 0.
  Relu: numericOperation(
    x => (x < 0 ? 0 : x),
    (code, push) => {
      code.every(0)
      push(0)
      push(0)
      code.every(0).op('lt').op('bitselect')
    },
    (T, dy, [x]) => T.mul(dy, T.step(x))
  ),
  Round: numericOperation(roundHalfToEven, emitUnary('nearest')),
  Rsqrt: realOperation(
    x => 1 / Math.sqrt(x),
    (T, dy, [x]) => T.mul(T.mul(dy, -0.5), T.div(T.rsqrt(x), x)),
    (code, push) => {
      code.every(1)
      push(0).op('sqrt').op('div')
    }
  ),
  Select: () =>
    ofEntries(
      ['condition', 't', 'e'],
      selectKernel,
      [undefined, (T, dy, [condition]) => T.where(condition, dy, 0), (T, dy, [condition]) => T.where(condition, 0, dy)],
      (_, push) => {
        push(1)
        push(2)
        isTrue(push(0)).op('bitselect')
      }
    ),
  // σ(x) σ(−x), since σ (1 − σ) would cancel in one tail. No code: the compiler expresses it by other operations.
  Sigmoid: realOperation(
    Elementary.sigmoid,
    (T, dy, [x]) => T.mul(dy, T.mul(T.sigmoid(x), T.sigmoid(T.neg(x)))),
    undefined
  ),
  // Returns x itself if it is 0 or NaN.
  Sign: numericOperation(
    x => (x > 0 ? 1 : x < 0 ? -1 : x),
    (code, push) => {
      code.every(1)
      code.every(-1)
      push(0)
      push(0)
      code.every(0).op('lt').op('bitselect')
      push(0)
      code.every(0).op('gt').op('bitselect')
    }
  ),
  Sin: realOperation(Elementary.sin, (T, dy, [x]) => T.mul(dy, T.cos(x)), 'mapSin'),
  Softplus: realOperation(Elementary.softplus, (T, dy, [x]) => T.mul(dy, T.sigmoid(x)), 'mapSoftplus'),
  Sqrt: realOperation(Math.sqrt, (T, dy, [x]) => T.div(dy, T.mul(2, T.sqrt(x))), emitUnary('sqrt')),
  Square: numericOperation(
    x => x * x,
    (_, push) => {
      push(0)
      push(0).op('mul')
    },
    (T, dy, [x]) => T.mul(dy, T.mul(2, x))
  ),
  // NaN is kept.
  Step: attributeOperation(
    kernel(({ x }, { alpha }: { alpha: number }) => mapDense(x, v => (v > 0 ? 1 : v <= 0 ? alpha : v), 'float32')),
    undefined,
    (code, push, attrs) => {
      code.every(1).every(attributeNumber(attrs, 'alpha'))
      push(0)
      push(0)
      code.every(0).op('le').op('bitselect')
      push(0)
      code.every(0).op('gt').op('bitselect')
    }
  ),
  Sub: arithmeticOperation(
    (x, y) => x - y,
    emitBinary('sub'),
    passed,
    (T, dy) => T.neg(dy)
  ),
  Tanh: realOperation(Elementary.tanh, (T, dy, [x]) => T.mul(dy, T.sub(1, T.square(T.tanh(x)))), 'mapTanh')
}

export const elementwiseOperations: Operations = {
  ...Object.fromEntries(Object.entries(ELEMENTWISE_ROWS).map(([name, row]) => [name, row(name)])),
  AddN: { operands: null, kernel: addNKernel, pulls: [reshapedPull] },
  Cast: {
    operands: ['x'],
    kernel: castKernel,
    // A cast to integers or truth values is piecewise constant.
    pulls: [
      (T, dy, [x], { dtype }: { dtype: string }) => (dtype === 'float32' ? T.cast(dy, 'float64') : T.zeros(x.shape))
    ]
  }
}

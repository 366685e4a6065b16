/** The operations that treat each entry alone: what each is of numbers, its derivative in each operand, and its code. */
import * as Elementary from '../numbers/elementary.js'
import { type Tensor } from '../arrays/ndarray.js'
import { kernel, type Kernel } from './dense.js'
import { addN, cast, map, mapped, select, zipped, type Scalar, type Scalar2 } from './each.js'
import { binary, exponential, isTrue, logical, number, relation, unary, type Emit } from './instructions.js'
import { passed, reshaped, shrink, type Operation, type Operations, type Pull, type Words } from './operation.js'

type Row = (name: string) => Operation
type Code = Emit | string | undefined

/** What of two operands or more is stretched is summed. */
const ofEntries = (
  operands: ReadonlyArray<string>,
  kernel: Kernel,
  pulls: ReadonlyArray<Pull | undefined>,
  code: Code
): Operation => ({
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

/** Doubles of one operand, of whatever type. */
const real =
  (of: Scalar, pull: Pull, code: Code): Row =>
  name =>
    ofEntries(['x'], mapped(name, of, 'float32'), [pull], code)
/** The same, whole numbers of whole numbers. */
const numeric =
  (of: Scalar, code: Code, pull?: Pull): Row =>
  name =>
    ofEntries(['x'], mapped(name, of), [pull], code)
const predicate =
  (of: (x: number) => boolean, code: Code): Row =>
  name =>
    ofEntries(
      ['x'],
      mapped(name, x => (of(x) ? 1 : 0), 'bool'),
      [undefined],
      code
    )
/** Of two operands: doubles where either is, else whole numbers. */
const arithmetic =
  (of: Scalar2, code: Code, a: Pull, b: Pull): Row =>
  name =>
    ofEntries(['a', 'b'], zipped(name, of), [a, b], code)
const quotient =
  (of: Scalar2, code: Code, a: Pull, b: Pull): Row =>
  name =>
    ofEntries(['a', 'b'], zipped(name, of, 'float32'), [a, b], code)
const comparison =
  (of: (x: number, y: number) => boolean, code: Code): Row =>
  name => {
    const kernel = zipped(name, (x, y) => (of(x, y) ? 1 : 0), 'bool')
    return ofEntries(['a', 'b'], kernel, [undefined, undefined], code)
  }
/** One operand and attributes. */
const told =
  (own: Kernel, pull: Pull | undefined, code: Code): Row =>
  () =>
    ofEntries(['x'], own, [pull], code)

const roundHalfToEven = (x: number): number => {
  const below = Math.floor(x)
  const excess = x - below
  const rounded = excess < 0.5 ? below : excess > 0.5 ? below + 1 : below % 2 === 0 ? below : below + 1
  // −1 + 1 has lost the sign
  return rounded === 0 && x < 0 ? -0 : rounded
}

/** 1 where a wins, ½ where it ties, NaN where either is. */
const share = (T: Words, wins: Tensor, a: Tensor, b: Tensor): Tensor =>
  T.where(T.logicalOr(T.isNaN(a), T.isNaN(b)), NaN, T.add(wins, T.mul(0.5, T.equal(a, b))))

const extreme = (of: Scalar2, op: 'max' | 'min', wins: 'greater' | 'less'): Row =>
  arithmetic(
    of,
    binary(op),
    (T, dy, [a, b]) => T.mul(dy, share(T, T[wins](a, b), a, b)),
    (T, dy, [a, b]) => T.mul(dy, share(T, T[wins](b, a), a, b))
  )

interface Bounds {
  readonly clipValueMin: number
  readonly clipValueMax: number
}

const rows: Readonly<Record<string, Row>> = {
  Abs: numeric(Math.abs, unary('abs'), (T, dy, [x]) => T.mul(dy, T.sign(x))),
  Add: arithmetic((x, y) => x + y, binary('add'), passed, passed),
  // the compiler has it of others
  Atan2: quotient(
    Elementary.atan2,
    undefined,
    (T, dy, [a, b]) => T.mul(dy, T.div(b, T.add(T.square(a), T.square(b)))),
    (T, dy, [a, b]) => T.neg(T.mul(dy, T.div(a, T.add(T.square(a), T.square(b)))))
  ),
  Ceil: numeric(Math.ceil, unary('ceil')),
  ClipByValue: told(
    kernel(({ x }, { clipValueMin, clipValueMax }: Bounds) =>
      map(x, v => (v < clipValueMin ? clipValueMin : v > clipValueMax ? clipValueMax : v), x.dtype)
    ),
    (T, dy, [x], { clipValueMin, clipValueMax }: Bounds) =>
      T.mul(dy, T.logicalAnd(T.greaterEqual(x, clipValueMin), T.lessEqual(x, clipValueMax))),
    (code, push, attrs) => {
      push(0)
      code.every(number(attrs, 'clipValueMin')).op('max').every(number(attrs, 'clipValueMax')).op('min')
    }
  ),
  Cos: real(Elementary.cos, (T, dy, [x]) => T.neg(T.mul(dy, T.sin(x))), 'mapCos'),
  Equal: comparison((x, y) => x === y, relation('eq')),
  Erf: real(
    Elementary.erf,
    (T, dy, [x]) => T.mul(dy, T.mul(2 / Math.sqrt(Math.PI), T.exp(T.neg(T.square(x))))),
    'mapErf'
  ),
  Exp: real(Elementary.exp, (T, dy, [x]) => T.mul(dy, T.exp(x)), exponential),
  Expm1: real(Elementary.expm1, (T, dy, [x]) => T.mul(dy, T.exp(x)), 'mapExpm1'),
  Floor: numeric(Math.floor, unary('floor')),
  // the compiler turns both round
  Greater: comparison((x, y) => x > y, undefined),
  GreaterEqual: comparison((x, y) => x >= y, undefined),
  IsFinite: predicate(Number.isFinite, (code, push) => {
    push(0).op('abs').every(Infinity).op('lt')
    code.every(1).op('and')
  }),
  IsNan: predicate(Number.isNaN, (code, push) => {
    push(0)
    push(0).op('ne')
    code.every(1).op('and')
  }),
  Less: comparison((x, y) => x < y, relation('lt')),
  LessEqual: comparison((x, y) => x <= y, relation('le')),
  Log: real(Elementary.log, (T, dy, [x]) => T.div(dy, x), 'mapLog'),
  Log1p: real(Elementary.log1p, (T, dy, [x]) => T.div(dy, T.add(1, x)), 'mapLog1p'),
  LogicalAnd: comparison((x, y) => x !== 0 && y !== 0, logical('and')),
  LogicalNot: predicate(
    x => x === 0,
    (code, push) => {
      push(0)
      code.every(0).op('eq').every(1).op('and')
    }
  ),
  LogicalOr: comparison((x, y) => x !== 0 || y !== 0, logical('or')),
  Maximum: extreme(Math.max, 'max', 'greater'),
  Minimum: extreme(Math.min, 'min', 'less'),
  Multiply: arithmetic(
    (x, y) => x * y,
    binary('mul'),
    (T, dy, [, b]) => T.mul(dy, b),
    (T, dy, [a]) => T.mul(dy, a)
  ),
  Neg: numeric(
    x => -x,
    unary('neg'),
    (T, dy) => T.neg(dy)
  ),
  NotEqual: comparison((x, y) => x !== y, relation('ne')),
  Pow: arithmetic(
    Elementary.pow,
    undefined,
    (T, dy, [a, b]) => {
      // at a = b = 0 the factor b is the whole answer, and 0^(-1) would make it NaN
      const corner = T.logicalAnd(T.equal(a, 0), T.equal(b, 0))
      return T.mul(dy, T.mul(b, T.pow(a, T.sub(T.where(corner, 1, b), 1))))
    },
    (T, dy, [a, b]) => {
      // where there is no logarithm, 1^b ln 1: 0^b may be ∞
      const base = T.where(T.greater(a, 0), a, T.where(T.isNaN(a), a, 1))
      return T.mul(dy, T.mul(T.pow(base, b), T.log(base)))
    }
  ),
  RealDiv: quotient(
    (x, y) => x / y,
    binary('div'),
    (T, dy, [, b]) => T.div(dy, b),
    (T, dy, [a, b]) => T.neg(T.mul(T.div(dy, b), T.div(a, b)))
  ),
  Reciprocal: real(
    x => 1 / x,
    (T, dy, [x]) => T.neg(T.div(dy, T.square(x))),
    (code, push) => {
      code.every(1)
      push(0).op('div')
    }
  ),
  // NaN passes, −0 becomes 0 or stays
  Relu: numeric(
    x => (x < 0 ? 0 : x),
    (code, push) => {
      code.every(0)
      push(0)
      push(0)
      code.every(0).op('lt').op('bitselect')
    },
    (T, dy, [x]) => T.mul(dy, T.step(x))
  ),
  Round: numeric(roundHalfToEven, unary('nearest')),
  Rsqrt: real(
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
      select,
      [undefined, (T, dy, [condition]) => T.where(condition, dy, 0), (T, dy, [condition]) => T.where(condition, 0, dy)],
      (_, push) => {
        push(1)
        push(2)
        isTrue(push(0)).op('bitselect')
      }
    ),
  // σ(x) σ(-x) rather than σ (1 - σ): right in both tails; the compiler has it of others
  Sigmoid: real(Elementary.sigmoid, (T, dy, [x]) => T.mul(dy, T.mul(T.sigmoid(x), T.sigmoid(T.neg(x)))), undefined),
  // x itself where it is 0 or NaN
  Sign: numeric(
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
  Sin: real(Elementary.sin, (T, dy, [x]) => T.mul(dy, T.cos(x)), 'mapSin'),
  Softplus: real(Elementary.softplus, (T, dy, [x]) => T.mul(dy, T.sigmoid(x)), 'mapSoftplus'),
  Sqrt: real(Math.sqrt, (T, dy, [x]) => T.div(dy, T.mul(2, T.sqrt(x))), unary('sqrt')),
  Square: numeric(
    x => x * x,
    (_, push) => {
      push(0)
      push(0).op('mul')
    },
    (T, dy, [x]) => T.mul(dy, T.mul(2, x))
  ),
  // NaN stays NaN
  Step: told(
    kernel(({ x }, { alpha }: { alpha: number }) => map(x, v => (v > 0 ? 1 : v <= 0 ? alpha : v), 'float32')),
    undefined,
    (code, push, attrs) => {
      code.every(1).every(number(attrs, 'alpha'))
      push(0)
      push(0)
      code.every(0).op('le').op('bitselect')
      push(0)
      code.every(0).op('gt').op('bitselect')
    }
  ),
  Sub: arithmetic(
    (x, y) => x - y,
    binary('sub'),
    passed,
    (T, dy) => T.neg(dy)
  ),
  Tanh: real(Elementary.tanh, (T, dy, [x]) => T.mul(dy, T.sub(1, T.square(T.tanh(x)))), 'mapTanh')
}

export const elementwise: Operations = {
  ...Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, row(name)])),
  AddN: { operands: null, kernel: addN, pulls: [reshaped] },
  Cast: {
    operands: ['x'],
    kernel: cast,
    // towards whole numbers and truth values a cast is piecewise constant
    pulls: [
      (T, dy, [x], { dtype }: { dtype: string }) => (dtype === 'float32' ? T.cast(dy, 'float64') : T.zeros(x.shape))
    ]
  }
}

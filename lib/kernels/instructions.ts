/** Instructions of entrywise operations on vectors of rows. */
import { type Code } from '../compiler/assembler.js'
import * as Exp from '../numbers/elementary/exponential.js'
import { type Attrs, type Precision } from './dense.js'

/** Pushes a vector of an operand. */
export type Push = (operand: number) => Code
/** Emits the instructions of an operation, which leave its result on the stack. */
export type Emit = (code: Code, push: Push, attrs: Attrs) => void

type Simd = Parameters<Code['op']>[0]

export const emitUnary =
  (op: Simd): Emit =>
  (_, push) => {
    push(0).op(op)
  }
export const emitBinary =
  (op: Simd): Emit =>
  (_, push) => {
    push(0)
    push(1).op(op)
  }
/** Instructions of a comparison: 1 if it holds, otherwise 0. */
export const relation =
  (op: Simd): Emit =>
  (code, push) => {
    push(0)
    push(1).op(op)
    code.every(1).op('and')
  }
/** Replaces the vector on the stack by a mask of its nonzero entries. */
export const isTrue = (code: Code): Code => code.every(0).op('ne')
/** Instructions of a logical operation on truth, which is any number but 0: 1 or 0. */
export const logical =
  (op: 'and' | 'or'): Emit =>
  (code, push) => {
    isTrue(push(0))
    isTrue(push(1))
    code.op(op).every(1).op('and')
  }
export const attributeNumber = (attrs: Attrs, name: string): number => Number(attrs[name] ?? 0)

/** Constants of e^x, as in lib/wasm/math/assembly/exponential.ts. */
interface Exponential {
  /** Arguments are clamped to [least, most], beyond which the result is 0 or ∞. */
  readonly most: number
  readonly least: number
  /** 1.5 · 2^bits plus twice the exponent bias: adding it rounds to an integer. */
  readonly shift: number
  readonly bits: number
  /** ln 2 as a sum of two numbers; products of the first with integers are exact. */
  readonly ln2: readonly [number, number]
  /** Coefficients of q in e^r = 1 + r + r² q(r), leading one first. */
  readonly q: ReadonlyArray<number>
}
const exponentials: Readonly<Record<Precision, Exponential>> = {
  float64: {
    most: 710,
    least: -746,
    shift: Exp.ROUNDING_SHIFT,
    bits: 52,
    ln2: [Exp.LN2_HIGH, Exp.LN2_LOW],
    q: [Exp.Q0, Exp.Q1, Exp.Q2, Exp.Q3, Exp.Q4, Exp.Q5, Exp.Q6, Exp.Q7, Exp.Q8, Exp.Q9, 0.5]
  },
  float32: {
    most: 89,
    least: -104,
    shift: 12583166,
    bits: 23,
    ln2: [0.693359375, -2.1219444e-4],
    q: [0.0013882521, 0.008366519, 0.0416672, 0.16666543, 0.49999997]
  }
}

/** Instructions of e^x, with the operations of `mapExp` in equal order. */
export const emitExponential: Emit = (code, push) => {
  const { most, least, shift, bits, ln2, q } = exponentials[code.lanes.precision]
  const [x, t, k, r] = [0, 0, 0, 0].map(() => code.local('v128'))
  push(0)
  code.every(most).op('pmin').every(least).op('pmax').tee(x)
  code.every(Exp.LOG2_E).op('mul').every(shift).op('add').tee(t).every(shift).op('sub').set(k)
  code.get(x).get(k).every(ln2[0]).op('mul').op('sub')
  code.get(k).every(ln2[1]).op('mul').op('sub').set(r)
  code.every(1).get(r).get(r).get(r).op('mul').every(q[0])
  for (const coefficient of q.slice(1)) code.get(r).op('mul').every(coefficient).op('add')
  code.op('mul').op('add').op('add')
  code.get(t).i32(1).op('shiftRight').tee(k).i32(bits).op('shiftLeft').op('mul')
  code.get(t).get(k).op('subtractBits').i32(bits).op('shiftLeft').op('mul')
}

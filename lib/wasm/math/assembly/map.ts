import { erf } from './erf'
import { exp, expm1, sigmoid, tanh } from './exponential'
import { every } from './lanes'
import { ln, lnAtEdges, log1p, ordinary, softplus } from './logarithm'

const enum Function {
  Exp,
  Expm1,
  Log,
  Log1p,
  Tanh,
  Sigmoid,
  Softplus,
  Erf,
  Neg,
  Abs,
  Square,
  Sqrt,
  Reciprocal,
  Rsqrt
}

/** `f` is a constant when inlined, so one branch is left. */
@inline
function applyFunction<T>(f: Function, x: v128): v128 {
  if (f == Function.Exp) return exp<T>(x)
  if (f == Function.Expm1) return expm1<T>(x)
  if (f == Function.Log) return ln<T>(x)
  if (f == Function.Log1p) return log1p<T>(x)
  if (f == Function.Tanh) return tanh<T>(x)
  if (f == Function.Sigmoid) return sigmoid<T>(x)
  if (f == Function.Softplus) return softplus<T>(x)
  if (f == Function.Erf) return erf<T>(x)
  if (f == Function.Neg) return v128.neg<T>(x)
  if (f == Function.Abs) return v128.abs<T>(x)
  if (f == Function.Square) return v128.mul<T>(x, x)
  if (f == Function.Sqrt) return v128.sqrt<T>(x)
  return v128.div<T>(every<T>(1), f == Function.Rsqrt ? v128.sqrt<T>(x) : x)
}

/** Argument of the function's logarithm. */
@inline
function logArgument<T>(f: Function, x: v128): v128 {
  return f == Function.Log1p ? v128.add<T>(every<T>(1), x) : x
}

/** Corrects the logarithm y where x is not ordinary. */
@inline
function correctEdges<T>(f: Function, x: v128, y: v128, to: usize): void {
  v128.store(to, lnAtEdges<T>(logArgument<T>(f, x), y))
}

@inline
function isOrdinary<T>(f: Function, x: v128): v128 {
  return ordinary<T>(logArgument<T>(f, x))
}

/**
 * y[i] = f(x[i]) for i < n, a multiple of 8; y may be x. Eight numbers per turn share loaded constants and keep dividers and multipliers
 * busy: up to twice the speed.
 */
@inline
function map<T>(f: Function, x: usize, y: usize, n: i32): void {
  const turn = 8 * sizeof<T>()
  for (const end = x + <usize>n * sizeof<T>(); x < end; x += turn, y += turn) {
    const x0 = v128.load(x)
    const x1 = v128.load(x, 16)
    const x2 = sizeof<T>() == 8 ? v128.load(x, 32) : x0
    const x3 = sizeof<T>() == 8 ? v128.load(x, 48) : x1
    const y0 = applyFunction<T>(f, x0)
    const y1 = applyFunction<T>(f, x1)
    const y2 = sizeof<T>() == 8 ? applyFunction<T>(f, x2) : y0
    const y3 = sizeof<T>() == 8 ? applyFunction<T>(f, x3) : y1
    v128.store(y, y0)
    v128.store(y, y1, 16)
    if (sizeof<T>() == 8) {
      v128.store(y, y2, 32)
      v128.store(y, y3, 48)
    }
    if (f == Function.Log || f == Function.Log1p) {
      // Edges are corrected after the stores, since a selection would compute both sides.
      let all = v128.and(isOrdinary<T>(f, x0), isOrdinary<T>(f, x1))
      if (sizeof<T>() == 8) all = v128.and(all, v128.and(isOrdinary<T>(f, x2), isOrdinary<T>(f, x3)))
      if (!i64x2.all_true(all)) {
        correctEdges<T>(f, x0, y0, y)
        correctEdges<T>(f, x1, y1, y + 16)
        if (sizeof<T>() == 8) {
          correctEdges<T>(f, x2, y2, y + 32)
          correctEdges<T>(f, x3, y3, y + 48)
        }
      }
    }
  }
}

export function mapExp(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Exp, x, y, n)
}
export function mapExpm1(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Expm1, x, y, n)
}
export function mapLog(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Log, x, y, n)
}
export function mapLog1p(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Log1p, x, y, n)
}
export function mapTanh(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Tanh, x, y, n)
}
export function mapSigmoid(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Sigmoid, x, y, n)
}
export function mapSoftplus(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Softplus, x, y, n)
}
export function mapErf(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Erf, x, y, n)
}
export function mapNeg(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Neg, x, y, n)
}
export function mapAbs(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Abs, x, y, n)
}
export function mapSquare(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Square, x, y, n)
}
export function mapSqrt(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Sqrt, x, y, n)
}
export function mapReciprocal(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Reciprocal, x, y, n)
}
export function mapRsqrt(x: usize, y: usize, n: i32): void {
  map<f64>(Function.Rsqrt, x, y, n)
}
export function mapExpm1Single(x: usize, y: usize, n: i32): void {
  map<f32>(Function.Expm1, x, y, n)
}
export function mapLogSingle(x: usize, y: usize, n: i32): void {
  map<f32>(Function.Log, x, y, n)
}
export function mapLog1pSingle(x: usize, y: usize, n: i32): void {
  map<f32>(Function.Log1p, x, y, n)
}
export function mapTanhSingle(x: usize, y: usize, n: i32): void {
  map<f32>(Function.Tanh, x, y, n)
}
export function mapSoftplusSingle(x: usize, y: usize, n: i32): void {
  map<f32>(Function.Softplus, x, y, n)
}
export function mapErfSingle(x: usize, y: usize, n: i32): void {
  map<f32>(Function.Erf, x, y, n)
}

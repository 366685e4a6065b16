/**
 * The inner loops that dominate: everything else in this folder arranges its arrays so that these few run over long
 * contiguous stretches of doubles.
 */
import * as simd from '../simd/index.js'

export type { Grid } from '../simd/index.js'

/** `out[i] = f(x[i])` for every i; `out` and `x` have one length. */
export type MapLoop = simd.Elementwise

/** By tfjs kernel name; a kernel that is absent runs its scalar function. */
export const maps: Readonly<Partial<Record<string, MapLoop>>> = {
  Abs: simd.abs,
  Erf: simd.erf,
  Exp: simd.exp,
  Expm1: simd.expm1,
  Log: simd.log,
  Log1p: simd.log1p,
  Neg: simd.neg,
  Reciprocal: simd.reciprocal,
  Rsqrt: simd.rsqrt,
  Sigmoid: simd.sigmoid,
  Softplus: simd.softplus,
  Sqrt: simd.sqrt,
  Square: simd.square,
  Tanh: simd.tanh
}

export const zips: Readonly<Partial<Record<string, simd.Zip>>> = {
  Add: simd.add,
  Maximum: simd.maximum,
  Minimum: simd.minimum,
  Multiply: simd.multiply,
  RealDiv: simd.divide,
  SquaredDifference: simd.squaredDifference,
  Sub: simd.sub
}

/*
 * Coefficients lie in the memory, each loaded into both lanes where it is used: a vector constant in the code costs an
 * engine three instructions and the module 18 bytes.
 */

@inline
export function coefficient(table: usize, i: usize): v128 {
  return v128.load_splat<f64>(table + (i << 3))
}

/** x p + the i-th coefficient of the table: a step of Horner's rule. */
@inline
export function step(p: v128, x: v128, table: usize, i: usize): v128 {
  return f64x2.add(f64x2.mul(p, x), coefficient(table, i))
}

/** Bernoulli's B_2j/(2j(2j − 1)), j = 1, 2, … */
export const STIRLING_COEFFICIENTS = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156]

/** log Γ(x) − (x − ½) log x + x − ½ log 2π = Σ B_2j/(2j(2j − 1)x^{2j − 1}), for x ≥ 10. */
export const stirlingRemainder = (x: number): number => {
  const square = 1 / (x * x)
  return STIRLING_COEFFICIENTS.reduceRight((sum, b) => sum * square + b, 0) / x
}

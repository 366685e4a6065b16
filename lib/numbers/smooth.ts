/** Exponential moving average y_i = Σ_{j ≤ i} d^{i−j} x_j / Σ_{j ≤ i} d^{i−j}, 0 ≤ d < 1. */
export const exponentialMean =
  (decay: number) =>
  (values: Float64Array): Float64Array => {
    let mean = 0
    let weight = 0
    return values.map(x => {
      weight = decay * weight + 1
      mean += (x - mean) / weight
      return mean
    })
  }

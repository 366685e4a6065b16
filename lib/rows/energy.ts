/** Mean of |x − y| over all rows x of one sample and y of another, [rows, dim] each. */
export const meanDistance = (a: Float64Array, b: Float64Array, dim: number): number => {
  const n = a.length / dim
  const m = b.length / dim
  let total = 0
  for (let i = 0; i < n; i++) {
    let own = 0
    for (let j = 0; j < m; j++) {
      let square = 0
      for (let k = 0; k < dim; k++) {
        const apart = a[i * dim + k] - b[j * dim + k]
        square += apart * apart
      }
      own += Math.sqrt(square)
    }
    total += own / m
  }
  return total / n
}

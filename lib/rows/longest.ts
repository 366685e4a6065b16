import { visitStretches, type RowNumbers } from './stretches.js'

/** Largest Euclidean norm of a row; NaN if one is NaN. */
export const longest = (numbers: RowNumbers, dim: number): number => {
  let most = 0
  const look = (values: Float64Array): void => {
    for (let at = 0; at < values.length; at += dim) {
      let squared = 0
      for (let k = 0; k < dim; k++) squared += values[at + k] * values[at + k]
      most = Math.max(most, squared)
    }
  }
  if (numbers instanceof Float64Array) look(numbers)
  else visitStretches(numbers, look)
  return Math.sqrt(most)
}

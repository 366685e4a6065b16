/** Laws of points that networks are known by, each about as wide as a standard normal. */
import { Key, Mixture, type Points } from 'ornstein'
import { Elementary } from 'ornstein/float64'

/** So many points of a law. */
export type Law = (rows: number) => (key: Key.Key) => Points.Points

const { cos, sin } = Elementary

/** Points from uniforms and normals of a row: two of each. */
const planar =
  (point: (u: number, v: number, a: number, b: number) => readonly [number, number]): Law =>
  rows =>
  key => {
    const keys = Key.named('uniform', 'normal')(key)
    const u = Key.uniform(2 * rows)(keys.uniform)
    const z = Key.normal(2 * rows)(keys.normal)
    return {
      rows,
      dim: 2,
      values: Float64Array.from({ length: rows }, (_, i) => i).reduce(
        (values, i) => {
          values.set(point(u[2 * i], u[2 * i + 1], z[2 * i], z[2 * i + 1]), 2 * i)
          return values
        },
        new Float64Array(2 * rows)
      )
    }
  }

/** Eight normals on a circle: a mixture, whose score is known. */
export const eightGaussians = Mixture.of({
  means: Array.from({ length: 8 }, (_, k) => [1.4 * cos((k * Math.PI) / 4), 1.4 * sin((k * Math.PI) / 4)]),
  variances: new Array<number>(8).fill(0.02)
})

export const twoMoons: Law = planar((u, v, a, b) => {
  const angle = Math.PI * u
  const [x, y] = v < 0.5 ? [cos(angle) - 0.5, sin(angle) - 0.25] : [0.5 - cos(angle), 0.25 - sin(angle)]
  return [1.2 * x + 0.06 * a, 1.6 * y + 0.06 * b]
})

export const swissRoll: Law = planar((u, _, a, b) => {
  const angle = 1.5 * Math.PI * (1 + 2 * u)
  return [(angle * cos(angle)) / 8 + 0.04 * a, (angle * sin(angle)) / 8 + 0.04 * b]
})

/** Eight of sixteen squares on [−2, 2]². */
export const checkerboard: Law = planar((u, v) => {
  const column = Math.floor(4 * u)
  const row = 2 * Math.floor(2 * v) + (column % 2)
  return [4 * u - 2, row - 2 + (2 * v - Math.floor(2 * v))]
})

/** Four normals in 64 dimensions, their centres at a distance of 4 from 0 in directions of their own. */
export const inSixtyFour = Mixture.of({
  means: Array.from({ length: 4 }, (_, k) => Array.from({ length: 64 }, (_, j) => (j % 4 === k ? 1 : 0))),
  variances: [0.5, 0.5, 0.5, 0.5]
})

/**
 * Where sums over rows are taken: here, by the threads of this process, or by others who have the same rows. Whoever takes them,
 * the bits are the same, since the strands of a sum are, and the order in which they are added.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Place, Statistics } from 'ornstein'
 *
 * // A place takes the sums over rows: this process, or one that asks others. Wherever it is, the bits are the same.
 * const points = { rows: 2, dim: 1, values: Float64Array.of(0, 2) }
 * const sums: string[] = []
 * const watched: Place.Place = {
 *   taken: (sum, asked) => {
 *     sums.push(asked().sum.name)
 *     return Place.here.taken(sum, asked)
 *   }
 * }
 * const mixture = Mixture.of({ means: [[0]] })
 * assert.deepEqual(Statistics.of(points, 1, watched)(mixture), Statistics.of(points, 1)(mixture))
 * assert.equal(sums.length, 1)
 * // The same place for rows in other units.
 * const inUnits = Place.scaled({ centre: Float64Array.of(1), scale: Float64Array.of(2) }, watched)
 * assert.equal(typeof inUnits.taken, 'function')
 */
import * as Strands from '../../lib/rows/strands.js'
import type { Scaling } from './points.js'

/** What a sum is of, as JSON: the same at all steps of a stage. `Sums.asked` makes the sum of it, where the rows are. */
export type Described = { readonly name: string } & Readonly<Record<string, unknown>>

/** What another needs to make the same sum, beside the rows: a description, and the numbers of this step. */
export interface Asked {
  readonly sum: Described
  readonly numbers: Float64Array
}

export interface Place {
  /** What a sum comes to. It is waited for; a place that fails for good throws. */
  readonly taken: <A>(sum: Strands.Sum<A>, asked: () => Asked) => A
}

/** In this process. */
export const here: Place = { taken: sum => Strands.taken(sum) }

/** The same place for rows in other units: those who have them bring their own to these. */
export const scaled = ({ centre, scale }: Scaling, place: Place): Place => ({
  taken: (sum, asked) =>
    place.taken(sum, () => {
      const { sum: of, numbers } = asked()
      return { sum: { name: 'scaled', centre: Array.from(centre), scale: Array.from(scale), of }, numbers }
    })
})

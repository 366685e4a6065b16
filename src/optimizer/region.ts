/** Regions: the closed convex sets that parameters may be held in, each with its nearest-point map. */
import { pipe } from 'fp-ts/lib/function.js'
import * as N from 'fp-ts/lib/number.js'
import * as Ord from 'fp-ts/lib/Ord.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import type * as t from 'io-ts'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Case, concept as Concept, Field, Problem, Vocabulary } from '../core/index.js'

/** The nearest point of the set. */
type Projection = (x: Float64Array) => Float64Array

export interface Region extends Case.Value<'Region', Projection> {}

export const concept = Concept<Region>('Region', 'where Optimizer.project holds parameters')

/**
 * A region of one's own: `meaning` gives the point of a closed convex set that is nearest to a vector.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Field, Region } from 'ornstein'
 *
 * const above = Region.define({
 *   name: 'above',
 *   about: 'x_i ≥ least',
 *   fields: { least: Field.finite({ suggestion: 0 }) },
 *   meaning: ({ least }) => x => x.map(entry => Math.max(entry, least))
 * })
 * assert.deepEqual(pipe(Float64Array.of(-2, 3), Region.project(above({ least: 1 }))), Float64Array.of(1, 3))
 */
export function define<
  const N extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null
>(spec: Case.Spec<N, F, Projection, A, null>): Case.Constructor<Region, N, F, A, null> {
  return Case.define('Region', spec)
}

/** |x| ≤ radius */
export const ball = define({
  name: 'ball',
  about: '|x| ≤ radius',
  fields: {
    /** The largest |x|. */
    radius: Field.positive({ suggestion: 1 })
  },
  example: { radius: 4 },
  meaning:
    ({ radius }) =>
    x => {
      const norm = Elementary.norm(x)
      return norm > radius ? x.map(entry => (entry / norm) * radius) : x
    }
})

/** A number or an infinity. */
const bound = (fallback: number): Field.WithDefault<number> =>
  Field.number({
    holds: bound => !Number.isNaN(bound),
    domain: 'a number, or infinite',
    suggestion: fallback,
    default: fallback,
    arbitrary: fc => fc.integer({ min: 0, max: 9 }).map(n => (fallback < 0 ? -n : n))
  })

/** least ≤ x_i ≤ most; −Infinity and Infinity leave a side open. */
export const box = define({
  name: 'box',
  about: 'least ≤ x_i ≤ most',
  fields: {
    /** The least entry; −Infinity for none. */
    least: bound(-Infinity),
    /** The largest entry; Infinity for none. */
    most: bound(Infinity)
  },
  check: ({ least, most }) => Problem.unless(least <= most, 'least', least, `≤ most = ${most}`, 'swap the two'),
  example: { least: -3, most: 3 },
  meaning:
    ({ least, most }) =>
    x =>
      x.map(entry => Math.min(Math.max(entry, least), most))
})

/** x_i ≥ 0 and Σ x_i = total, 1 unless given: weights. */
export const simplex = define({
  name: 'simplex',
  about: 'x_i ≥ 0, Σ x_i = total',
  fields: {
    /** What the entries sum to. */
    total: Field.positive({ default: 1 })
  },
  meaning:
    ({ total }) =>
    x => {
      const { threshold } = pipe(
        Array.from(x),
        RA.sort(Ord.reverse(N.Ord)),
        RA.reduceWithIndex({ sum: -total, threshold: -Infinity }, (i, { sum, threshold }, entry) => ({
          sum: sum + entry,
          threshold: Math.max(threshold, (sum + entry) / (i + 1))
        }))
      )
      return x.map(entry => Math.max(entry - threshold, 0))
    }
})

/** x_i ≥ 0 */
export const nonNegative = define({
  name: 'nonNegative',
  about: 'x_i ≥ 0',
  meaning: () => x => x.map(entry => Math.max(entry, 0))
})

/**
 * The point of the region nearest to a vector. That of the simplex is max(x_i − τ, 0) with
 * τ = max_k (Σ of the k largest − total)/k (Held, Wolfe & Crowder 1974).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Region } from 'ornstein'
 *
 * assert.deepEqual(pipe(Float64Array.of(1, 0.5, -1), Region.project(Region.simplex())), Float64Array.of(0.75, 0.25, 0))
 */
export const project = (region: Region): Projection => concept.meaning(region)

/** The region as the code that builds it. */
export const show = (region: Region): string => Case.show(region)

/** The problems of a region. */
export const problems = (region: Region): ReadonlyArray<Problem.Problem> => Case.problems(region)

export const all: ReadonlyArray<Vocabulary.Entry> = [ball, box, simplex, nonNegative]

/** The JSON codec of the words of a vocabulary. */
export const codec = (vocabulary: Vocabulary.Vocabulary): t.Type<Region, unknown> =>
  Vocabulary.codec(vocabulary)(concept)

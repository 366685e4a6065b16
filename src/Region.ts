/** Regions: the closed convex sets that parameters may be held in, each with its nearest-point map. */
import { pipe } from 'fp-ts/lib/function.js'
import * as N from 'fp-ts/lib/number.js'
import * as Ord from 'fp-ts/lib/Ord.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import * as Elementary from '../lib/elementary.js'
import * as Params from './Params.js'
import * as Problem from './Problem.js'
import * as Tagged from './Tagged.js'

export interface Ball {
  readonly _tag: 'Ball'
  readonly radius: number
}

export interface Box {
  readonly _tag: 'Box'
  readonly least: number
  readonly most: number
}

export interface Simplex {
  readonly _tag: 'Simplex'
  readonly total: number
}

export interface NonNegative {
  readonly _tag: 'NonNegative'
}

export type Region = Ball | Box | Simplex | NonNegative

/** |x| ≤ radius */
export const ball = ({ radius }: Omit<Ball, '_tag'>): Region => ({ _tag: 'Ball', radius })

/** least ≤ x_i ≤ most; −Infinity and Infinity leave a side open. */
export const box = ({ least = -Infinity, most = Infinity }: Partial<Omit<Box, '_tag'>>): Region => ({
  _tag: 'Box',
  least,
  most
})

/** x_i ≥ 0 and Σ x_i = total, 1 unless given: weights. */
export const simplex = ({ total = 1 }: Partial<Omit<Simplex, '_tag'>> = {}): Region => ({ _tag: 'Simplex', total })

/** x_i ≥ 0 */
export const nonNegative: Region = { _tag: 'NonNegative' }

export const fold = Tagged.fold<Region>()

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
export const project = (region: Region): ((x: Float64Array) => Float64Array) =>
  fold<(x: Float64Array) => Float64Array>({
    Ball: ({ radius }) => {
      return x => {
        const norm = Elementary.norm(x)
        return norm > radius ? x.map(entry => (entry / norm) * radius) : x
      }
    },
    Box:
      ({ least, most }) =>
      x =>
        x.map(entry => Math.min(Math.max(entry, least), most)),
    Simplex:
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
      },
    NonNegative: () => x => x.map(entry => Math.max(entry, 0))
  })(region)

/** The region as the code that builds it. */
export const show = fold<string>({
  Ball: ({ radius }) => `Region.ball({ radius: ${radius} })`,
  Box: ({ least, most }) => `Region.box({ least: ${least}, most: ${most} })`,
  Simplex: ({ total }) => (total === 1 ? 'Region.simplex()' : `Region.simplex({ total: ${total} })`),
  NonNegative: () => 'Region.nonNegative'
})

/** What is wrong with a region. */
export const problems = fold<ReadonlyArray<Problem.Problem>>({
  Ball: ({ radius }) => Problem.positive('radius', radius, 1),
  Box: ({ least, most }) => Problem.unless(least <= most, 'least', least, `≤ most = ${most}`, 'swap the two'),
  Simplex: ({ total }) => Problem.positive('total', total, 1),
  NonNegative: () => []
})

/** The JSON codec. */
export const codec: t.Type<Region, unknown> = t.union([
  t.type({ _tag: t.literal('Ball'), radius: t.number }),
  t.type({ _tag: t.literal('Box'), least: Params.numberCodec, most: Params.numberCodec }),
  t.type({ _tag: t.literal('Simplex'), total: t.number }),
  t.type({ _tag: t.literal('NonNegative') })
])

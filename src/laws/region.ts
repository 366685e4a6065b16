/** Laws of regions: what the nearest-point map of a closed convex set is. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { Case as Of, Key, Region } from '../index.js'
import { real, seeds } from './arbitraries.js'
import { sumOf, greatest, dot } from './check.js'
import { over, ofRows, is, isAtMost } from './lawRows.js'
import type { Laws } from './law.js'

type Vector = ReadonlyArray<number>

export interface RegionOptions {
  /** What is believed to be the nearest-point map; by default that of `Region`. */
  readonly project?: (region: Region.Region) => (x: Float64Array) => Float64Array
  /** Vectors of a dimension: by default with equal entries, zeros, and entries up to 1e6 among them. */
  readonly vectors?: (dim: number) => fc.Arbitrary<Vector>
  /** How far out of the region a vector is, without the nearest-point map; 0 or less inside. Known of our own regions. */
  readonly excess?: (x: Vector) => number
  /** A vector of the region made of any other, without the nearest-point map. Known of our own regions. */
  readonly member?: (x: Vector) => Vector
  /** Whether permuted coordinates have permuted nearest points: known of our own regions, of others only if you say so. */
  readonly coordinatesAlike?: boolean
  /** Multiplies every tolerance below. */
  readonly slack?: number
}

interface Example {
  readonly x: Vector
  readonly y: Vector
  readonly seed: number
}

const norm = (x: Vector): number => Math.sqrt(dot(x, x))
const minus = (x: Vector, y: Vector): Vector => x.map((value, i) => value - y[i])

/** How far out of the region a vector is, in the coordinate or the sum that is farthest. */
const excess: (region: Region.Region) => O.Option<(x: Vector) => number> = Of.known<(x: Vector) => number>(
  Of.when(
    Region.ball,
    ({ radius }) =>
      x =>
        norm(x) - radius
  ),
  Of.when(
    Region.box,
    ({ least, most }) =>
      x =>
        Math.max(...x.map(entry => Math.max(least - entry, entry - most)))
  ),
  Of.when(
    Region.simplex,
    ({ total }) =>
      x =>
        Math.max(Math.abs(sumOf(x) - total), ...x.map(entry => -entry))
  ),
  Of.when(Region.nonNegative, () => x => Math.max(...x.map(entry => -entry)))
)

/** A vector of the region made of any other, without the nearest-point map; its faces and corners are met. */
const member: (region: Region.Region) => O.Option<(x: Vector) => Vector> = Of.known<(x: Vector) => Vector>(
  Of.when(
    Region.ball,
    ({ radius }) =>
      x =>
        x.map(entry => (radius * entry) / Math.max(1, norm(x)))
  ),
  Of.when(
    Region.box,
    ({ least, most }) =>
      x =>
        x.map(entry =>
          least === -Infinity && most === Infinity
            ? entry
            : least === -Infinity
              ? most - Math.abs(entry)
              : most === Infinity
                ? least + Math.abs(entry)
                : least + (most - least) * Math.min(1, Math.abs(entry))
        )
  ),
  Of.when(Region.simplex, ({ total }) => x => {
    const size = sumOf(x.map(Math.abs))
    return x.map(entry => (size === 0 ? total / x.length : (total * Math.abs(entry)) / size))
  }),
  Of.when(Region.nonNegative, () => x => x.map(Math.abs))
)

const anyVector = (dim: number): fc.Arbitrary<Vector> => {
  const entries = fc.array(real(5), { minLength: dim, maxLength: dim })
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 4, arbitrary: entries },
    real(5).map(entry => Array.from({ length: dim }, () => entry)),
    entries.map(x => x.map(entry => 2e5 * entry))
  )
}

const nearest = 'Hiriart-Urruty & Lemaréchal 2001, Fundamentals of Convex Analysis, theorem A.3.1.1'
const rounding = '1e-14 n (1 + r), r the greatest entry and n how many: sums of n terms of that size are rounded'

/**
 * The laws of a region: its projection lands inside, leaves alone what is inside, and is the nearest point.
 *
 * @example
 * import fc from 'fast-check'
 * import { Region } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.region(Region.simplex()).forEach(({ property }) => {
 *   fc.assert(property)
 * })
 */
export const region = (
  region: Region.Region,
  { project: of = Region.project, vectors = anyVector, slack = 1, ...own }: RegionOptions = {}
): Laws => {
  const project = (x: Vector): Vector => Array.from(of(region)(Float64Array.from(x)))
  const cases: fc.Arbitrary<Example> = fc
    .integer({ min: 1, max: 5 })
    .chain(dim => fc.record({ x: vectors(dim), y: vectors(dim), seed: seeds }))
  const tolerance = ({ x, y }: Example): number => slack * 1e-14 * x.length * (1 + greatest([...x, ...y]))
  const outside = own.excess ?? O.toUndefined(excess(region))
  const coordinatesAlike = own.coordinatesAlike ?? O.isSome(excess(region))
  // Of an unknown region, what the map itself gives is inside: the laws say less, and still all that defines a projection.
  const inside = own.member ?? O.getOrElse(() => project)(member(region))

  const lawOf = over(cases)
  return ofRows(
    Region.show(region),
    [
      lawOf({
        name: 'a projection is inside',
        statement: `∀ x: Πx is in the region. To ${rounding}.`,
        source: 'definition of a projection',
        claim: outside,
        option: 'excess',
        says: (each, outside) => [
          is(project(each.x).length, each.x.length),
          isAtMost(outside(project(each.x)), 0, tolerance(each))
        ]
      }),
      lawOf({
        name: 'what is inside stays',
        statement: `∀ y in the region: Πy = y. To ${rounding}.`,
        source: 'definition of a projection',
        says: each => is(project(inside(each.y)), inside(each.y), tolerance(each))
      }),
      lawOf({
        name: 'projecting leaves what is projected alone',
        statement: '∀ x: x is as it was before. Exactly.',
        source: 'definition of a function',
        says: ({ x }) => {
          const given = Float64Array.from(x)
          return [is(of(region)(given).length, x.length), is(given, x)]
        }
      }),
      lawOf({
        name: 'projecting twice is projecting once',
        statement: `∀ x: ΠΠx = Πx. To ${rounding}.`,
        source: 'what is inside stays',
        says: each => {
          const once = project(each.x)
          return is(project(once), once, tolerance(each))
        }
      }),
      lawOf({
        name: 'a projection is the nearest point',
        statement:
          '∀ x outside, y in the region: the angle at Πx between x and y is no less than a right one, cos ≤ 0. To 1e-14 n (1 + r)²/|x − Πx||y − Πx|, r the greatest entry.',
        source: nearest,
        says: each => {
          const at = project(each.x)
          const [out, along] = [minus(each.x, at), minus(inside(each.y), at)]
          const lengths = norm(out) * norm(along)
          const size = 1 + greatest([...each.x, ...inside(each.y), ...at])
          return (
            lengths > 0 &&
            isAtMost(dot(out, along) / lengths, 0, (slack * 1e-14 * each.x.length * size * size) / lengths)
          )
        }
      }),
      lawOf({
        name: 'projections bring nothing farther apart',
        statement: `∀ x, y: |Πx − Πy| ≤ |x − y|. To ${rounding}.`,
        source: 'the nearest point, for x and for y',
        says: each => {
          const [before, after] = [norm(minus(each.x, each.y)), norm(minus(project(each.x), project(each.y)))]
          return isAtMost(after, before, tolerance(each))
        }
      }),
      lawOf({
        claim: coordinatesAlike,
        option: 'coordinatesAlike',
        name: 'a projection does not know the order of the coordinates',
        statement: `∀ x, permutations π: Ππx = πΠx. To ${rounding}.`,
        source: 'symmetry of the regions',
        says: each => {
          const order = pipe(Key.fromSeed(each.seed), Key.permutation(each.x.length))
          const reordered = (x: Vector): Vector => Array.from(order, i => x[i])
          return is(project(reordered(each.x)), reordered(project(each.x)), tolerance(each))
        }
      })
    ],
    own
  )
}

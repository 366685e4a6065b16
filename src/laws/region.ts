/** Laws of regions: what the nearest-point map of a closed set is, and of a convex one. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import { Key, Region } from '../index.js'
import { real, seeds } from './arbitraries.js'
import { greatest, dot, lengthOf } from './check.js'
import { sameBits } from './bits.js'
import { over, ofRows, is, isAtMost } from './lawRows.js'
import type { Laws } from './law.js'

type Vector = ReadonlyArray<number>

export interface RegionOptions {
  /** What is believed to be the nearest-point map; by default that of `Region`. */
  readonly project?: (region: Region.Region) => (x: Float64Array, columns?: number) => Float64Array
  /** Vectors of a dimension: by default with equal entries, zeros, and entries up to 1e6 among them. */
  readonly vectors?: (dim: number) => fc.Arbitrary<Vector>
  /** How far out of the region a vector is, without the nearest-point map; 0 or less inside. */
  readonly excess?: (x: Vector, columns: number) => number
  /** A vector of the region made of any other, without the nearest-point map. */
  readonly member?: (x: Vector, columns: number) => Vector
  /** Whether permuted coordinates have permuted nearest points. */
  readonly coordinatesAlike?: boolean
  /** Multiplies every tolerance below. */
  readonly slack?: number
}

interface Example {
  readonly x: Vector
  readonly y: Vector
  /** Of matrices row by row; of rows as many as there are numbers. */
  readonly columns: number
  readonly seed: number
}

const minus = (x: Vector, y: Vector): Vector => x.map((value, i) => value - y[i])

/** How many vectors are tried near a vector, and as many all around. */
const TRIED = 8

/** Vectors near one, at a tenth of its size and at all of it, and far out along every coordinate, where the region ends. */
const around = (x: Vector, seed: number): ReadonlyArray<Vector> => {
  const size = 1 + greatest(x)
  const drawn = Key.split(2 * TRIED)(Key.fromSeed(seed)).map((key, i) =>
    Array.from(Key.normal(x.length)(key), (z, j) => x[j] + (i < TRIED ? 0.1 : 1) * size * z)
  )
  return [...drawn, ...x.flatMap((_, i) => [1, -1].map(sign => x.map((_, j) => (i === j ? 4 * sign * size : 0))))]
}

/** Lengths of vectors, and their columns, of which a region is. */
const shapes = (region: Region.Region): fc.Arbitrary<readonly [rows: number, columns: number]> => {
  const of = Region.arrays(region)
  return of === 'rows'
    ? fc.integer({ min: 1, max: 5 }).map(n => [1, n])
    : fc
        .tuple(fc.integer({ min: 1, max: 3 }), of === 'tall' ? fc.integer({ min: 0, max: 2 }) : fc.constant(0))
        .map(([n, more]) => [n + more, n])
}

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
 * The laws of a region: its projection lands inside, leaves alone what is inside, and is the nearest point; of a convex one more.
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
  const projected = (x: Vector, columns: number): Vector => Array.from(of(region)(Float64Array.from(x), columns))
  const cases: fc.Arbitrary<Example> = shapes(region).chain(([rows, columns]) => {
    const any = vectors(rows * columns)
    return fc.record({ x: any, y: any, columns: fc.constant(columns), seed: seeds })
  })
  const tolerance = ({ x, y }: Example): number => slack * 1e-14 * x.length * (1 + greatest([...x, ...y]))
  // Where none is given, what the map itself gives is inside: the laws say less, and still all that defines a projection.
  const within = own.member ?? projected
  /** Both maps, of vectors of as many columns. */
  const maps = ({ columns }: Example) => ({
    project: (x: Vector): Vector => projected(x, columns),
    inside: (x: Vector): Vector => within(x, columns)
  })
  const isConvex = Region.isConvex(region)
  const unless = 'it says of itself that it is not convex'

  /** Whether something is outside, of large numbers of either sign. */
  const bounds = [1e6, -1e6].some(far => {
    const x = [far, -far / 2, -far / 4, far / 2].slice(0, Region.arrays(region) === 'rows' ? 2 : 4)
    return isConvex && !sameBits(projected(x, 2), x)
  })

  const lawOf = over(cases)
  return ofRows(
    Region.show(region),
    [
      lawOf({
        name: 'a projection is inside',
        statement: `∀ x: Πx is in the region. To ${rounding}.`,
        source: 'definition of a projection',
        claim: own.excess,
        option: 'excess',
        says: (each, outside) => {
          const at = maps(each).project(each.x)
          return [is(at.length, each.x.length), isAtMost(outside(at, each.columns), 0, tolerance(each))]
        }
      }),
      lawOf({
        name: 'what is inside stays',
        statement: `∀ y in the region: Πy = y. To ${rounding}.`,
        source: 'definition of a projection',
        says: each => {
          const { project, inside } = maps(each)
          return is(project(inside(each.y)), inside(each.y), tolerance(each))
        }
      }),
      lawOf({
        name: 'projecting leaves what is projected alone',
        statement: '∀ x: x is as it was before. Exactly.',
        source: 'definition of a function',
        says: ({ x, columns }) => {
          const given = Float64Array.from(x)
          return [is(of(region)(given, columns).length, x.length), is(given, x)]
        }
      }),
      lawOf({
        name: 'projecting twice is projecting once',
        statement: `∀ x: ΠΠx = Πx. To ${rounding}.`,
        source: 'what is inside stays',
        says: each => {
          const { project } = maps(each)
          const once = project(each.x)
          return is(project(once), once, tolerance(each))
        }
      }),
      lawOf({
        name: 'no point of the region is nearer',
        statement: `∀ x, y in the region, near Πx and at its ends: |x − Πx| ≤ |x − y|. To ${rounding}.`,
        source: 'definition of a projection',
        says: each => {
          const { project, inside } = maps(each)
          const found = lengthOf(minus(each.x, project(each.x)))
          return [each.y, ...around(each.x, each.seed)].map(y =>
            isAtMost(found, lengthOf(minus(each.x, inside(y))), tolerance({ ...each, y }))
          )
        }
      }),
      lawOf({
        name: 'a projection is the nearest point',
        statement:
          '∀ x outside, y in the region, near Πx and at its ends: the angle at Πx between x and y is no less than a right one, cos ≤ 0. To 1e-14 n (1 + r)²/|x − Πx||y − Πx|, r the greatest entry.',
        source: nearest,
        claim: isConvex && bounds,
        unless: isConvex ? 'nothing is outside' : unless,
        says: each => {
          const { project, inside } = maps(each)
          const at = project(each.x)
          const out = minus(each.x, at)
          return [each.y, ...around(each.x, each.seed)].map(y => {
            const other = inside(y)
            const along = minus(other, at)
            const lengths = lengthOf(out) * lengthOf(along)
            const size = 1 + greatest([...each.x, ...y, ...other, ...at])
            return (
              lengths > 0 &&
              isAtMost(dot(out, along) / lengths, 0, (slack * 1e-14 * each.x.length * size * size) / lengths)
            )
          })
        }
      }),
      lawOf({
        name: 'projections bring nothing farther apart',
        statement: `∀ x, y: |Πx − Πy| ≤ |x − y|. To ${rounding}.`,
        source: 'the nearest point, for x and for y',
        claim: isConvex,
        unless,
        says: each => {
          const { project } = maps(each)
          const [before, after] = [lengthOf(minus(each.x, each.y)), lengthOf(minus(project(each.x), project(each.y)))]
          return isAtMost(after, before, tolerance(each))
        }
      }),
      lawOf({
        claim: own.coordinatesAlike,
        option: 'coordinatesAlike',
        name: 'a projection does not know the order of the coordinates',
        statement: `∀ x, permutations π: Ππx = πΠx. To ${rounding}.`,
        source: 'symmetry of the regions',
        says: each => {
          const { project } = maps(each)
          const order = pipe(Key.fromSeed(each.seed), Key.permutation(each.x.length))
          const reordered = (x: Vector): Vector => Array.from(order, i => x[i])
          return is(project(reordered(each.x)), reordered(project(each.x)), tolerance(each))
        }
      })
    ],
    own
  )
}

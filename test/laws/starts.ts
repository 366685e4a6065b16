/** What the language's own initializers say that their starts are: a second writing of each, and the laws that hold them to it. */
import fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { symmetricEigen } from '../../lib/arrays/linalg.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Points from '../../src/data/points.js'
import { Case as Of, Key, type Params, Score } from '../../src/index.js'
import * as Initializer from '../../src/pipeline/initializer.js'
import * as Arbitrary from '../../src/laws/arbitraries.js'
import { areSameBits } from '../../src/laws/bits.js'
import * as Chance from '../../src/laws/chance.js'
import { average, compiled, dot, flat, greatest, sumOf } from '../../src/laws/check.js'
import * as Density from '../../src/laws/density.js'
import { centresOf, countOf, distance, keysOf, normals, sizeOf } from '../../src/laws/initializer.js'
import type * as laws from '../../src/laws/index.js'
import { equals, atMost, ofRows, forAll, type Relation } from '../../src/laws/lawRows.js'

interface Example {
  readonly points: Points.Points
  readonly scattered: Points.Points
  readonly seed: number
}

const { minus, rowsOf, scale: scaled } = Density
const { square } = Elementary

const weightsOf = (points: Points.Points): ReadonlyArray<number> =>
  Array.from(points.weights ?? new Float64Array(points.rows).fill(1))

/**
 * Numbers that claim to be normal, of mean 0 and the given deviation, to six standard errors: of their mean, and of the
 * third root of their mean square, which is nearly normal where the mean square is not yet: of mean 1 − 2/9n and variance
 * 2/9n (Wilson & Hilferty 1931, PNAS 17:684–688). Where the deviation is below the rounding of the numbers, that they are so small.
 */
const areNormal = (values: ReadonlyArray<number>, deviation: number, rounding: number): ReadonlyArray<Relation> => {
  if (deviation <= 1e3 * rounding) return [equals(values, 0, 7 * deviation + 10 * rounding)]
  const spread = 2 / (9 * values.length)
  const root = Elementary.pow(average(values.map(value => square(value / deviation))), 1 / 3)
  return [
    equals(average(values), 0, (6 * deviation) / Math.sqrt(values.length)),
    equals(root, 1 - spread, 6 * Math.sqrt(spread))
  ]
}

// —— how often ——

/** Starts over which shares and correlations are taken. */
const STARTS = 600

/** Shares of the rows as first centre and as second, where they are known. */
interface Shares {
  readonly first: ReadonlyArray<number>
  readonly second: ReadonlyArray<number>
}

/** Rows on a line no two distances of which are equal, weighted. */
const uneven = (rows: number): Points.Points => ({
  rows,
  dim: 1,
  values: Float64Array.from({ length: rows }, (_, i) => i * (i + 1.25)),
  weights: Float64Array.from({ length: rows }, (_, i) => 1 + (i % 3))
})

/** The second share, of the chance that a row is taken where the first is i. */
const after = (first: ReadonlyArray<number>, chance: (i: number) => ReadonlyArray<number>): ReadonlyArray<number> =>
  Density.combine(
    first,
    first.map((_, i) => chance(i)),
    first.length
  )

const shareOf = (masses: ReadonlyArray<number>): ReadonlyArray<number> => {
  const whole = sumOf(masses)
  return masses.map(mass => mass / whole)
}

/** Which rows are taken, and how often. */
const sharesOf = (
  { values, rows, ...points }: Points.Points,
  count: number
): ((initializer: Initializer.Initializer) => O.Option<Shares>) => {
  const weights = weightsOf({ values, rows, ...points })
  const first = shareOf(weights)
  return Of.known<Shares>(
    // By exponential clocks: without replacement, each time by weight.
    Of.when(Initializer.fromData, () => ({
      first,
      second: after(first, i => shareOf(weights.map((weight, j) => (j === i ? 0 : weight))))
    })),
    // Of 2 + ⌊log K⌋ candidates by weight times D² that which leaves the least: all are no better than it, and not all are worse.
    Of.when(Initializer.kMeansPlusPlus, () => ({
      first,
      second: after(first, i => {
        const squares = Array.from(values, x => Elementary.square(x - values[i]))
        const chances = shareOf(squares.map((d, j) => weights[j] * d))
        const left = Array.from(values, x =>
          squares.reduce((sum, d, j) => sum + weights[j] * Math.min(d, Elementary.square(values[j] - x)), 0)
        )
        const candidates = 2 + Math.floor(Elementary.log(count))
        const noBetter = (least: number, orWorse: boolean): number =>
          Elementary.pow(
            chances.reduce((sum, p, j) => (left[j] > least || (orWorse && left[j] === least) ? sum + p : sum), 0),
            candidates
          )
        return left.map(least => noBetter(least, true) - noBetter(least, false))
      })
    }))
  )
}

/** (Cov − I)₊, in the direction u. */
const excessAlong = (points: Points.Points, u: Density.Row): number => {
  const { dim } = points
  const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: Points.covariance(points) })
  return values.reduce((sum, value, i) => {
    const along = dot(u, vectors.values.subarray(i * dim, (i + 1) * dim))
    return sum + Math.max(value - 1, 0) * along * along
  }, 0)
}

/** What entries are moved by, in units of its scale. */
interface Displaced {
  readonly scale: number
  readonly of: (points: Points.Points) => (key: Key.Key) => ReadonlyArray<number>
}

/** The standard normals that entries are moved by, where the case says so: centres about one place, and what is perturbed. */
const displacements = <P extends string>(
  start: (initializer: Initializer.Initializer, points: Points.Points) => (key: Key.Key) => Params.Params<P>
): ((initializer: Initializer.Initializer) => O.Option<Displaced>) =>
  Of.known<Displaced>(
    Of.when(Initializer.gaussian, initializer => ({
      scale: initializer.scale,
      of: points => {
        const drawn = start(initializer, points)
        const middle = Points.mean(points)
        return key => {
          const params = drawn(key)
          const centres = centresOf(params)
          return centres.length > 1
            ? centres.flatMap(centre => centre.map((c, j) => (c - middle[j]) / initializer.scale))
            : flat(params).map(value => value / initializer.scale)
        }
      }
    })),
    Of.when(Initializer.perturbed, ({ scale, initializer }) => ({
      scale,
      of: points => {
        const moved = start(Initializer.perturbed(scale)(initializer), points)
        const still = start(initializer, points)
        return key =>
          Density.minus(flat(moved(key)), flat(still(pipe(key, Key.named('start')).start))).map(off => off / scale)
      }
    }))
  )

// —— what each says ——

/** Keys over which moments are taken. */
const REPEATS = 100

type Start<P extends string> = (
  of: Initializer.Initializer,
  points: Points.Points
) => (key: Key.Key) => Params.Params<P>

/** What a start is to be, where the case is known here; of others nothing is said. */
const saidOf = <P extends string>(
  score: Score.Score<P>,
  start: Start<P>
): ((initializer: Initializer.Initializer) => O.Option<(each: Example) => ReadonlyArray<Relation>>) => {
  const isPair = Arbitrary.isMirrored(score)
  const once = (of: Initializer.Initializer, points: Points.Points, seed: number): ReadonlyArray<Density.Row> =>
    centresOf(start(of, points)(Key.fromSeed(seed)))
  const distinct = (rows: ReadonlyArray<Density.Row>): number => new Set(rows.map(row => row.join())).size
  const weighted = (points: Points.Points): ReadonlyArray<Density.Row> =>
    rowsOf(points).filter((_, i) => weightsOf(points)[i] > 0)
  /** Every centre is a row, one that weighs something where there are enough of them. */
  const areRows = (centres: ReadonlyArray<Density.Row>, points: Points.Points): Relation => {
    const rows = distinct(weighted(points)) < centres.length ? rowsOf(points) : weighted(points)
    return equals(
      centres.map(centre => Math.min(...rows.map(row => distance(row, centre)))),
      0
    )
  }
  const often = (rows: ReadonlyArray<Density.Row>, of: ReadonlyArray<Density.Row>): ReadonlyArray<number> =>
    of.map(row => rows.filter(other => areSameBits(row, other)).length)

  return Of.known<(each: Example) => ReadonlyArray<Relation>>(
    Of.when(Initializer.momentsMatched, initializer => ({ scattered, seed }) => {
      const direction = Array.from(Key.normal(scattered.dim)(Key.fromSeed(seed)))
      const u = scaled(1 / Elementary.norm(direction), direction)
      const origin = Array.from(Points.mean(scattered))
      const centres = keysOf(REPEATS, seed).flatMap(key => centresOf(start(initializer, scattered)(key)))
      const along = centres.map(centre => dot(u, minus(centre, origin)))
      // Where there is no excess all centres are the mean, up to the root of a rounding.
      return areNormal(along, Math.sqrt(excessAlong(scattered, u)), 1e-9)
    }),
    Of.when(Initializer.fromData, initializer => ({ points, seed }) => {
      const centres = once(initializer, points, seed)
      return [areRows(centres, points), atMost(often(centres, centres), often(rowsOf(points), centres))]
    }),
    Of.when(Initializer.kMeansPlusPlus, initializer => ({ points, seed }) => {
      const centres = once(initializer, points, seed)
      const different = Math.min(centres.length, distinct(weighted(points)))
      return [areRows(centres, points), atMost(different, distinct(centres))]
    }),
    Of.when(Initializer.spectral, initializer => ({ scattered, seed }) => {
      const { dim, rows } = scattered
      const found = once(initializer, scattered, seed)
      const origin = Array.from(isPair ? new Float64Array(dim) : Points.mean(scattered))
      const moment = isPair ? Points.secondMoment(scattered) : Points.covariance(scattered)
      const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: moment })
      const top = 1e-10 * square(1 + greatest(values))
      if (!isPair && found.length !== 2) {
        // Rows in the plane of the first K − 1 directions, which rounding turns by its size over the gap to the next eigenvalue.
        const kept = Math.max(1, found.length - 1)
        const plane = Array.from({ length: Math.min(kept, dim) }, (_, i) =>
          Array.from(vectors.values.subarray(i * dim, (i + 1) * dim))
        )
        const shadows = rowsOf(scattered).map(row =>
          plane.reduce<Density.Row>((at, u) => Density.plus(at, scaled(dot(u, minus(row, origin)), u)), origin)
        )
        const gap = kept < dim ? values[kept - 1] - values[kept] : 1
        const off = found.map(centre => Math.min(...shadows.map(shadow => distance(shadow, centre))))
        return [equals(off, 0, 1e-13 * sizeOf(scattered) * (1 + values[0] / gap))]
      }
      return found.flatMap(centre => {
        const away = minus(centre, origin)
        const image = away.map((_, i) => dot(moment.subarray(i * dim, (i + 1) * dim), away))
        const length = equals(dot(away, away), Math.max(values[0] - 1, 1 / rows), top)
        return [equals(image, scaled(values[0], away), top * (1 + greatest(away))), ...(isPair ? [length] : [])]
      })
    })
  )
}

/** Laws of what is said of a start of the language's own. */
export const saidOfStarts = <P extends string>(
  initializer: Initializer.Initializer,
  score: Score.Score<P>
): laws.Laws => {
  const least = Arbitrary.minRows(score)
  const own = uneven(least + 3)
  const dim = O.toNullable(Initializer.dim(initializer))
  const count = countOf(score, dim ?? 1)
  const start: Start<P> = (of, points) => compiled(Initializer.interpret(score, points)(of))
  const onCases = forAll(
    (dim === null ? Arbitrary.dims : fc.constant(dim)).chain(dim =>
      fc.record({
        points: Arbitrary.points({ minRows: least, far: 1e6 })(dim),
        scattered: fc
          .tuple(fc.integer({ min: least + 3, max: least + 6 }), Arbitrary.seeds)
          .map(([rows, seed]) => normals(rows, dim, seed, 2)),
        seed: Arbitrary.seeds
      })
    )
  )
  return ofRows(`${Initializer.show(initializer)} of ${Score.show(score)}`, [
    forAll(fc.record({ seed: Arbitrary.seeds }))({
      name: 'rows are taken as often as is said',
      statement: `∀ keys: over ${STARTS} of them each row of uneven, weighted ones is the first centre, and the second, as often as its weight, or its weight times D² with the best of the candidates, gives. Within the bound of Hoeffding (1963), which a right one fails with probability 1e-9.`,
      source: 'Arthur & Vassilvitskii 2007; sampling without replacement',
      maxCases: 3,
      claim: count >= 2 && O.toNullable(sharesOf(own, count)(initializer)),
      says: ({ seed }, { first, second }) => {
        const starts = keysOf(STARTS, seed).map(start(initializer, own)).map(centresOf)
        const taken = (i: number, k: number): number =>
          starts.filter(centres => centres[k][0] === own.values[i]).length / STARTS
        return [first, second].flatMap((shares, k) =>
          shares.map((share, i) => Chance.shareOf(taken(i, k), share, STARTS))
        )
      }
    }),
    onCases({
      name: 'every entry has a draw of its own',
      statement: `∀ x, keys: over ${STARTS} of them the normals of two entries, of one centre or of two, have uncorrelated ranks and sizes. Within Bernstein’s bound, which a right one fails with probability 1e-9.`,
      source: 'definition of independence',
      maxCases: 4,
      claim: O.toNullable(displacements(start)(initializer)),
      says: ({ scattered, seed }, { scale, of }) => {
        // What is below the rounding of the data is no normal.
        if (scale < 1e-10 * sizeOf(scattered)) return []
        const rows = keysOf(STARTS, seed).map(of(scattered))
        const [first, ...others] = rows[0].slice(0, 6).map((_, at) => rows.map(row => row[at]))
        return others.map(other => Chance.unrelated(first, other))
      }
    }),
    onCases({
      name: 'a start is what its description says',
      statement: `∀ x, keys: centres are rows of the data, none twice; eigenvectors; normal, by the first two moments over ${REPEATS} keys, of the covariance said. To 1e-10 for eigenvectors, and six standard errors for moments (2e-9 each).`,
      source: 'Arthur & Vassilvitskii 2007; Vempala & Wang 2004; definition of each',
      claim: O.toNullable(saidOf(score, start)(initializer)),
      says: (each, said) => said(each)
    })
  ])
}

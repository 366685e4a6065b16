/** Laws of initializers: of every start, and of what each says that it is. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { symmetricEigen } from '../../lib/arrays/linalg.js'
import * as Points from '../data/points.js'
import { Case as Of, Initializer, Key, Params, Score } from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { sameBits } from './bits.js'
import * as Chance from './chance.js'
import { ofInitializers } from './capability.js'
import { held, compiled, flat, sumOf, average, greatest, dot } from './check.js'
import * as Density from './density.js'
import type { Law, Laws } from './law.js'
import { areFinite, over, ofRows, is, isAtMost, isBelow, hasBits, differs, type Relation } from './lawRows.js'
import { mapRows, orthogonal, symmetriesOf } from './symmetries.js'

export interface InitializerOptions {
  /** What is believed to be its start of a score on points; by default what `Initializer` makes of it. */
  readonly interpret?: <P extends string>(
    score: Score.Score<P>,
    points: Points.Points
  ) => (initializer: Initializer.Initializer) => Initializer.Start<P>
  /** Data of a dimension, awkward ones among them. */
  readonly points?: (dim: number) => fc.Arbitrary<Points.Points>
  /** Whether the start moves with the data; by default what its case says. */
  readonly moves?: boolean
  /** Whether the start turns with the data; by default what its case says. */
  readonly turns?: boolean
  /** Whether another key is another start; by default what its case says. */
  readonly draws?: Initializer.Draws
  /** Whether starts have centres that are apart: by default of those that draw. */
  readonly apart?: boolean
  /** One of which the starts have the same law. */
  readonly equals?: Initializer.Initializer
  /** Starts that a mean is taken over. */
  readonly repeats?: number
  /** Multiplies every tolerance below. */
  readonly slack?: number
}

interface Example {
  readonly points: Points.Points
  /** In general position: no two distances are equal. */
  readonly scattered: Points.Points
  readonly seed: number
}

// —— what is compared ——

const { minus, rowsOf, scale: scaled } = Density
const { square } = Elementary

const centresOf = <P extends string>(params: Params.Params<P>): ReadonlyArray<Density.Row> =>
  Object.entries<Params.Params<P>[P]>(params)
    .filter(([name]) => name === 'mean' || name === 'means')
    .flatMap(([, { shape, values }]) => {
      const dim = shape[shape.length - 1]
      return rowsOf({ rows: values.length / dim, dim, values })
    })

const distance = (a: Density.Row, b: Density.Row): number => Elementary.norm(minus(a, b))
const sizeOf = (points: Points.Points): number => 1 + greatest(points.values)
const keysOf = (repeats: number, seed: number): ReadonlyArray<Key.Key> => Key.split(repeats)(Key.fromSeed(seed))
const normals = (rows: number, dim: number, seed: number, scale: number): Points.Points => ({
  rows,
  dim,
  values: Key.normal(rows * dim)(Key.fromSeed(seed)).map(z => scale * z)
})

const weightsOf = (points: Points.Points): ReadonlyArray<number> =>
  Array.from(points.weights ?? new Float64Array(points.rows).fill(1))

/** The weighted mean of the least squared distance to a centre, and which centre that is. */
const nearest = (points: Points.Points, centres: ReadonlyArray<Density.Row>) => {
  const weights = weightsOf(points)
  const squares = rowsOf(points).map(row => centres.map(centre => square(distance(row, centre))))
  return {
    inertia: squares.reduce((sum, row, i) => sum + weights[i] * Math.min(...row), 0) / sumOf(weights),
    labels: squares.map(row => row.indexOf(Math.min(...row)))
  }
}

/**
 * Numbers that claim to be normal, of mean 0 and the given deviation, to six standard errors: of their mean, and of the
 * third root of their mean square, which is nearly normal where the mean square is not yet: of mean 1 − 2/9n and variance
 * 2/9n (Wilson & Hilferty 1931, PNAS 17:684–688). Where the deviation is below the rounding of the numbers, that they are so small.
 */
const areNormal = (values: ReadonlyArray<number>, deviation: number, rounding: number): ReadonlyArray<Relation> => {
  if (deviation <= 1e3 * rounding) return [is(values, 0, 7 * deviation + 10 * rounding)]
  const spread = 2 / (9 * values.length)
  const root = Elementary.pow(average(values.map(value => square(value / deviation))), 1 / 3)
  return [
    is(average(values), 0, (6 * deviation) / Math.sqrt(values.length)),
    is(root, 1 - spread, 6 * Math.sqrt(spread))
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

/** Numbers that two starts on some rows are compared by, in mean: also which centre is which row. */
const featuresOf =
  (rows: ReadonlyArray<Density.Row>) =>
  <P extends string>(params: Params.Params<P>): ReadonlyArray<number> => {
    const values = flat(params)
    const centres = centresOf(params)
    const apart = centres.slice(1).map(centre => distance(centres[0], centre))
    return [
      ...values,
      ...values.map(Elementary.square),
      ...apart,
      ...apart.map(Elementary.square),
      ...apart.map(d => (d === 0 ? 1 : 0)),
      ...centres.flatMap(centre => rows.map(row => (distance(row, centre) === 0 ? 1 : 0)))
    ]
  }

/** Starts that two initializers are compared by: shares that are a tenth apart are told from each other. */
const COMPARED = 2400

/** The law that two initializers start by one law. */
export const sameStarts = <P extends string>(
  a: Initializer.Initializer,
  b: Initializer.Initializer,
  score: Score.Score<P>,
  { interpret = Initializer.interpret }: Pick<InitializerOptions, 'interpret'> = {}
): Law =>
  ofRows(`${Initializer.show(a)} and ${Initializer.show(b)} of ${Score.show(score)}`, [
    startAlike(a, b, score, interpret)
  ])[0]

const startAlike = <P extends string>(
  a: Initializer.Initializer,
  b: Initializer.Initializer | undefined,
  score: Score.Score<P>,
  interpret: NonNullable<InitializerOptions['interpret']>
) =>
  over(
    fc.record({
      // Of rows ever farther off the farthest is taken by any power of its distance; of others each power takes its own.
      points: fc
        .tuple(fc.nat(3), fc.integer({ min: 1, max: 2 }), fc.constantFrom(1.3, 1, 2), Arbitrary.seeds)
        .map(([rows, dim, growth, seed]): Points.Points => {
          const spread = normals(Arbitrary.minRows(score) + 3 + rows, dim, seed, 1)
          return { ...spread, values: spread.values.map((z, at) => z * Elementary.pow(growth, Math.floor(at / dim))) }
        }),
      seed: Arbitrary.seeds
    })
  )({
    name: 'the starts are of one law',
    statement: b =>
      `∀ x, some far from the others: over ${COMPARED} keys the means of all parameters, of their squares, of the distances of the first centre from the others and of their squares, and the shares of each row as each centre, are those of ${Initializer.show(b)}, up to 6 standard errors of their difference, which the samples give, and 1e-9. A comparison of a right one fails with probability 2e-9.`,
    source: 'the stated formula; law of large numbers',
    enough: 4,
    claim: b,
    option: 'equals',
    says: ({ points, seed }, b) => {
      const [found, wanted] = [a, b].map((initializer, i) => {
        const start = compiled(interpret(score, points)(initializer))
        return keysOf(COMPARED, 2 * seed + i).map(key => featuresOf(rowsOf(points))(start(key)))
      })
      const feature = (rows: typeof found, at: number): ReadonlyArray<number> => rows.map(row => row[at])
      return wanted[0].map((_, at) => Chance.sameMean(feature(found, at), feature(wanted, at), 6))
    }
  })

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

type Start<P extends string> = (
  of: Initializer.Initializer,
  points: Points.Points
) => (key: Key.Key) => Params.Params<P>

/** What a start is to be, where the case is known here; of others nothing is said. */
const saidOf = <P extends string>(
  score: Score.Score<P>,
  start: Start<P>,
  repeats: number,
  slack: number
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
    return is(
      centres.map(centre => Math.min(...rows.map(row => distance(row, centre)))),
      0
    )
  }
  const often = (rows: ReadonlyArray<Density.Row>, of: ReadonlyArray<Density.Row>): ReadonlyArray<number> =>
    of.map(row => rows.filter(other => sameBits(row, other)).length)
  const atDistance = (
    centres: ReadonlyArray<Density.Row>,
    from: ReadonlyArray<Density.Row>,
    radius: number,
    points: Points.Points
  ): ReadonlyArray<Relation> => {
    const off = slack * 1e-13 * sizeOf(points) + 1e-14 * greatest(from.flat())
    const found = centres.map((centre, k) => distance(centre, from[k % from.length]))
    return [is(found, radius, off)]
  }
  const meaning = Density.meaning(score)

  return Of.known<(each: Example) => ReadonlyArray<Relation>>(
    Of.when(Initializer.gaussian, initializer => ({ points, seed }) => {
      // About the mean of the data; of the pair, and of parameters that are no centres, about 0.
      const middle = Array.from(isPair ? new Float64Array(points.dim) : Points.mean(points))
      const isFamily = O.isSome(Score.interpret(score).family)
      const values = keysOf(repeats, seed)
        .map(start(initializer, points))
        .flatMap(params => (isFamily ? centresOf(params).flatMap(centre => minus(centre, middle)) : flat(params)))
      return areNormal(values, initializer.scale, 1e-15 * sizeOf(points))
    }),
    Of.when(Initializer.momentsMatched, initializer => ({ scattered, seed }) => {
      const direction = Array.from(Key.normal(scattered.dim)(Key.fromSeed(seed)))
      const u = scaled(1 / Elementary.norm(direction), direction)
      const origin = Array.from(Points.mean(scattered))
      const centres = keysOf(repeats, seed).flatMap(key => centresOf(start(initializer, scattered)(key)))
      const along = centres.map(centre => dot(u, minus(centre, origin)))
      // Where there is no excess all centres are the mean, up to the root of a rounding.
      return areNormal(along, Math.sqrt(excessAlong(scattered, u)), 1e-9)
    }),
    Of.when(Initializer.perturbed, ({ scale, initializer }) => ({ points, seed }) => {
      const moved = start(Initializer.perturbed(scale)(initializer), points)
      const still = start(initializer, points)
      const off = keysOf(repeats, seed).flatMap(key =>
        Array.from(minus(flat(moved(key)), flat(still(pipe(key, Key.named('start')).start))))
      )
      return areNormal(off, scale, 1e-15 * (1 + greatest(flat(still(Key.fromSeed(seed))))))
    }),
    Of.when(Initializer.fromData, initializer => ({ points, seed }) => {
      const centres = once(initializer, points, seed)
      return [areRows(centres, points), isAtMost(often(centres, centres), often(rowsOf(points), centres))]
    }),
    Of.when(Initializer.kMeansPlusPlus, initializer => ({ points, seed }) => {
      const centres = once(initializer, points, seed)
      const different = Math.min(centres.length, distinct(weighted(points)))
      return [areRows(centres, points), isAtMost(different, distinct(centres))]
    }),
    Of.when(Initializer.kMeans, ({ steps }) => ({ scattered, seed }) => {
      const at = (steps: number): ReadonlyArray<Density.Row> => once(Initializer.kMeans({ steps }), scattered, seed)
      const [less, more] = [steps, steps + 1].map(steps => nearest(scattered, at(steps)).inertia)
      const settled = at(60)
      const { labels } = nearest(scattered, settled)
      const means = settled.map((centre, k) => {
        const own = rowsOf(scattered).filter((_, i) => labels[i] === k)
        const shares = own.map(() => 1 / own.length)
        return own.length === 0 ? centre : Density.combine(shares, own, scattered.dim)
      })
      return [isAtMost(more, less, 1e-12 * less), is(settled.flat(), means.flat(), slack * 1e-12 * sizeOf(scattered))]
    }),
    Of.when(
      Initializer.onSphere,
      initializer =>
        ({ points, seed }) =>
          atDistance(once(initializer, points, seed), [Array.from(Points.mean(points))], initializer.radius, points)
    ),
    Of.when(
      Initializer.warmStart,
      initializer =>
        ({ points, seed }) =>
          atDistance(once(initializer, points, seed), initializer.centres, initializer.radius, points)
    ),
    Of.when(Initializer.values, initializer => ({ points, seed }) => [
      hasBits(start(initializer, points)(Key.fromSeed(seed)), initializer.values)
    ]),
    Of.when(Initializer.centres, initializer => ({ points, seed }) => [
      is(once(initializer, points, seed).flat(), initializer.centres.flat())
    ]),
    Of.when(Initializer.spectral, initializer => ({ scattered, seed }) => {
      const { dim, rows } = scattered
      const found = once(initializer, scattered, seed)
      const origin = Array.from(isPair ? new Float64Array(dim) : Points.mean(scattered))
      const moment = isPair ? Points.secondMoment(scattered) : Points.covariance(scattered)
      const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: moment })
      const top = slack * 1e-10 * square(1 + greatest(values))
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
        return [is(off, 0, slack * 1e-13 * sizeOf(scattered) * (1 + values[0] / gap))]
      }
      return found.flatMap(centre => {
        const away = minus(centre, origin)
        const image = away.map((_, i) => dot(moment.subarray(i * dim, (i + 1) * dim), away))
        const length = is(dot(away, away), Math.max(values[0] - 1, 1 / rows), top)
        return [is(image, scaled(values[0], away), top * (1 + greatest(away))), ...(isPair ? [length] : [])]
      })
    }),
    Of.when(Initializer.bestOf, ({ count, initializer }) => ({ scattered, seed }) => {
      const likelihood = (params: Params.Params<P>): number =>
        O.isNone(meaning) ? NaN : average(rowsOf(scattered).map(row => Density.logDensity(row)(meaning.value(params))))
      const best = likelihood(start(Initializer.bestOf(count)(initializer), scattered)(Key.fromSeed(seed)))
      const each = keysOf(count, seed).map(start(initializer, scattered)).map(likelihood)
      // Of starts that are as likely up to 1e-9 it takes the first.
      const same = 2e-9 * (1 + Math.abs(best))
      return [isAtMost(each, best, same), is(Math.min(...each.map(other => Math.abs(other - best))), 0, same)]
    })
  )
}

/** An initializer as laws of its draws see it. */
interface Drawing<P extends string> {
  readonly initializer: Initializer.Initializer
  readonly start: Start<P>
  readonly started: (points: Points.Points, seed: number) => Params.Params<P>
  readonly others: (points: Points.Points, seed: number, count: number) => ReadonlyArray<Params.Params<P>>
  readonly cases: fc.Arbitrary<Example>
  readonly wide: fc.Arbitrary<Pick<Example, 'points' | 'seed'>>
  readonly own: Points.Points
  /** How many centres it starts. */
  readonly count: number
}

/** That what is drawn is another draw for each key, and as often as is said. */
const ofDraws = <P extends string>(
  { initializer, start, started, others, cases, wide, own, count }: Drawing<P>,
  { draws, apart }: Required<Pick<InitializerOptions, 'draws' | 'apart'>>
) => {
  const [onCases, onWide] = [over(cases), over(wide)]
  return [
    onWide({
      name: 'some keys start others',
      statement: '∀ x in general position in a plane: of forty keys not all start the same. Exactly.',
      source: 'randomness is a value',
      enough: 20,
      claim: draws === 'sometimes' && count >= 2,
      option: 'draws',
      says: ({ points, seed }) =>
        differs(
          others(points, seed, 39),
          others(points, seed, 39).map(() => started(points, seed))
        )
    }),
    onWide({
      name: 'centres are apart',
      statement:
        '∀ x in general position in a plane, keys: of forty starts some have no two centres that are the same: equal centres stay equal for ever. Exactly.',
      source: 'what is symmetric has a symmetric gradient',
      enough: 20,
      claim: apart && count >= 2,
      option: 'apart',
      says: ({ points, seed }) => {
        const least = others(points, seed - 1, 40).map(params =>
          Math.min(...centresOf(params).flatMap((a, i, all) => all.slice(i + 1).map(b => distance(a, b))))
        )
        return isBelow(0, Math.max(...least))
      }
    }),
    over(fc.record({ seed: Arbitrary.seeds }))({
      name: 'rows are taken as often as is said',
      statement: `∀ keys: over ${STARTS} of them each row of uneven, weighted ones is the first centre, and the second, as often as its weight, or its weight times D² with the best of the candidates, gives. Within the bound of Hoeffding (1963), which a right one fails with probability 1e-9.`,
      source: 'Arthur & Vassilvitskii 2007; sampling without replacement',
      enough: 3,
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
      enough: 4,
      claim: O.toNullable(displacements(start)(initializer)),
      says: ({ scattered, seed }, { scale, of }) => {
        // What is below the rounding of the data is no normal.
        if (scale < 1e-10 * sizeOf(scattered)) return []
        const rows = keysOf(STARTS, seed).map(of(scattered))
        const [first, ...others] = rows[0].slice(0, 6).map((_, at) => rows.map(row => row[at]))
        return others.map(other => Chance.unrelated(first, other))
      }
    })
  ]
}

/**
 * The laws of an initializer for a score: the shapes it starts, on awkward data too, and what it says of the start.
 *
 * @example
 * import fc from 'fast-check'
 * import { Initializer, Score } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.initializer(Initializer.kMeans({ steps: 5 }), Score.spherical({ components: 2 })).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 5 })
 * })
 */
export const initializer = <P extends string>(
  initializer: Initializer.Initializer,
  score: Score.Score<P>,
  options: InitializerOptions = {}
): Laws => {
  const claims = Of.meaning(initializer)
  // What is claimed of a score does not depend on what its parameters are called.
  const model = Score.interpret(score) as unknown as Score.Model<string>
  const { rotate, translate, relabel } = symmetriesOf(score)
  const least = Arbitrary.minRows(score)
  const { interpret = Initializer.interpret, points = Arbitrary.points({ minRows: least, far: 1e6 }) } = options
  const { moves = claims.moves(model), turns = claims.turns(model), draws = claims.draws(model) } = options
  const { apart = claims.draws(model) !== 'never', repeats = 100, slack = 1 } = options
  const dim = O.toNullable(claims.dim)
  /** How many centres it starts, none of what is no mixture. */
  const count = Object.entries<ReadonlyArray<number>>(Score.shapes(dim ?? 1)(score)).reduce(
    (most, [name, shape]) => (name === 'means' ? shape[0] : most),
    0
  )
  const cases: fc.Arbitrary<Example> = (dim === null ? Arbitrary.dims : fc.constant(dim)).chain(dim =>
    fc.record({
      points: points(dim),
      scattered: fc
        .tuple(fc.integer({ min: least + 3, max: least + 6 }), Arbitrary.seeds)
        .map(([rows, seed]) => normals(rows, dim, seed, 2)),
      seed: Arbitrary.seeds
    })
  )
  /** On a line there are but two places at a distance; and data no wider than a component leave no excess. */
  const wide = fc
    .record({ seed: Arbitrary.seeds })
    .map(({ seed }) => ({ seed, points: normals(least + 5, dim ?? 2, seed, 4) }))
  const start: Start<P> = (of, points) => compiled(interpret(score, points)(of))
  const started = (points: Points.Points, seed: number): Params.Params<P> =>
    start(initializer, points)(Key.fromSeed(seed))
  const others = (points: Points.Points, seed: number, count: number): ReadonlyArray<Params.Params<P>> =>
    Array.from({ length: count }, (_, i) => started(points, seed + 1 + i))
  /** The same up to the order of the components that a symmetry does not tell apart, to 1e-7 of the data. */
  const alike = (found: Params.Params<P>, wanted: Params.Params<P>, points: Points.Points, seed: number): Relation => {
    const other = Arbitrary.isMirrored(score) && relabel !== undefined ? relabel(seed)(wanted) : wanted
    const off = (of: Params.Params<P>): number => greatest(minus(flat(found), flat(of)))
    return is(flat(found), flat(off(other) < off(wanted) ? other : wanted), slack * 1e-7 * sizeOf(points))
  }
  const own = uneven(least + 3)
  const onCases = over(cases)

  const ofStarts = ofRows(
    `${Initializer.show(initializer)} of ${Score.show(score)}`,
    [
      onCases({
        name: 'a start has the names and shapes of the score',
        statement: '∀ x, keys: as the score says for the dimension of the data, and no others. Exactly.',
        source: 'definition of Score.shapes',
        says: ({ points, seed }) => {
          const params = started(points, seed)
          return [
            hasBits(Params.shapes(params), Score.shapes(points.dim)(score)),
            is(flat(params).length, Params.sizeOf(Score.shapes(points.dim)(score)))
          ]
        }
      }),
      onCases({
        name: 'a start is finite on awkward data',
        statement: '∀ x, keys: every parameter is finite; x far (1e6), tiny, equal, alone, weighted by 0. Exactly.',
        source: 'definition of a start',
        says: ({ points, seed }) => areFinite(flat(started(points, seed)))
      }),
      onCases({
        name: 'the key determines the start',
        option: 'draws',
        statement:
          '∀ x, keys: the same key starts the same bits; where nothing is drawn, so do four other keys; where numbers are, some of forty start others: on a line a direction is one of two, which of one centre are all the same once in 2⁴⁰. Exactly.',
        source: 'randomness is a value',
        says: ({ scattered, seed }) => {
          const first = started(scattered, seed)
          const repeated = (count: number): ReadonlyArray<Params.Params<P>> =>
            Array.from({ length: count }, () => first)
          return [
            hasBits(started(scattered, seed), first),
            ...(draws === 'never' ? [hasBits(others(scattered, seed, 4), repeated(4))] : []),
            ...(draws === 'always' ? [differs(others(scattered, seed, 40), repeated(40))] : [])
          ]
        }
      }),
      onCases({
        name: 'a start moves with the data',
        statement:
          '∀ x in general position, b, keys: of x + b the centres are those of x, + b, and the rest is the same. To 1e-7 r: means and eigenvectors round, and a root of what is left of an eigenvalue takes half of the digits.',
        source: 'distances, means and covariances',
        claim: moves && translate,
        option: 'moves',
        says: ({ scattered, seed }, translate) => {
          const by = Array.from(Key.normal(scattered.dim)(Key.fromSeed(seed + 1)))
          const moved = started(mapRows(row => Density.plus(row, by))(scattered), seed)
          return alike(moved, translate(by)(started(scattered, seed)), scattered, seed)
        }
      }),
      onCases({
        name: 'a start turns with the data',
        statement:
          '∀ x in general position, orthogonal Q, keys: of Qx the centres are Q times those of x, and the rest is the same. To 1e-7 r; of the symmetric pair, up to sign.',
        source: 'distances, means and covariances',
        claim: turns && rotate,
        option: 'turns',
        says: ({ scattered, seed }, rotate) => {
          const turn = orthogonal(seed, scattered.dim)
          return alike(started(mapRows(turn)(scattered), seed), rotate(turn)(started(scattered, seed)), scattered, seed)
        }
      }),
      ...ofDraws({ initializer, start, started, others, cases, wide, own, count }, { draws, apart }),
      startAlike(initializer, options.equals, score, interpret),
      onCases({
        name: 'a start is what its description says',
        statement: `∀ x, keys: centres are rows of the data, none twice; at the given distance; the given values; settled means, by steps none of which raises the mean square distance; eigenvectors; the likeliest of its starts; normal, by the first two moments over ${repeats} keys, of the scale or the covariance said. To 1e-13 r, 1e-10 for eigenvectors, and six standard errors for moments (2e-9 each).`,
        source: 'Arthur & Vassilvitskii 2007; Lloyd 1982; Vempala & Wang 2004; definition of each',
        claim: O.toNullable(saidOf(score, start, repeats, slack)(initializer)),
        says: (each, said) => said(each)
      })
    ],
    options
  )
  return held([ofStarts, ofInitializers({ initializer, score })])
}

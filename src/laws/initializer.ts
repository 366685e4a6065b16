/** Laws of initializers: of every start, and of what each says that it is. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/elementary.js'
import { symmetricEigen } from '../../lib/linalg.js'
import * as Points from '../data/Points.js'
import { Case as Of, Initializer, Key, Params, Score } from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { sameBits } from './bits.js'
import * as Chance from './chance.js'
import { agree, average, claim, compiled, dot, flat, greatest, held, holds, known, over, sumOf } from './check.js'
import * as Density from './density.js'
import type { Law } from './Law.js'
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

interface Case {
  readonly points: Points.Points
  /** In general position: no two distances are equal. */
  readonly scattered: Points.Points
  readonly seed: number
}

// —— what is compared ——

const centresOf = <P extends string>(params: Params.Params<P>): ReadonlyArray<Density.Row> => {
  const named: Params.Params<string> = params
  return Params.names(named)
    .filter(name => name === 'mean' || name === 'means')
    .flatMap(name => {
      const { shape, values } = named[name]
      const dim = shape[shape.length - 1]
      return Density.rowsOf({ rows: values.length / dim, dim, values })
    })
}

const distance = (a: Density.Row, b: Density.Row): number => Elementary.norm(Density.minus(a, b))

const weightsOf = (points: Points.Points): ReadonlyArray<number> =>
  Array.from(points.weights ?? new Float64Array(points.rows).fill(1))

/** The weighted mean of the least squared distance to a centre, and which centre that is. */
const nearest = (
  points: Points.Points,
  centres: ReadonlyArray<Density.Row>
): { readonly inertia: number; readonly labels: ReadonlyArray<number> } => {
  const weights = weightsOf(points)
  const found = Density.rowsOf(points).map(row => {
    const distances = centres.map(centre => Elementary.square(distance(row, centre)))
    const least = Math.min(...distances)
    return { least, label: distances.indexOf(least) }
  })
  return {
    inertia: found.reduce((sum, { least }, i) => sum + weights[i] * least, 0) / sumOf(weights),
    labels: found.map(({ label }) => label)
  }
}

/**
 * Numbers that claim to be normal, of mean 0 and the given deviation, to six standard errors: of their mean, and of the
 * third root of their mean square, which is nearly normal where the mean square is not yet: of mean 1 − 2/9n and variance
 * 2/9n (Wilson & Hilferty 1931, PNAS 17:684–688). Where the deviation is below the rounding of the numbers, that they are so small.
 */
const areNormal = (what: string, values: ReadonlyArray<number>, deviation: number, rounding: number): boolean => {
  if (deviation <= 1e3 * rounding) return agree(what, values, 0, 7 * deviation + 10 * rounding)
  const spread = 2 / (9 * values.length)
  const [least, most] = [-6, 6].map(errors => 1 - spread + errors * Math.sqrt(spread))
  const square = average(values.map(value => Elementary.square(value / deviation)))
  return (
    agree(`mean of ${what}`, [average(values)], [0], (6 * deviation) / Math.sqrt(values.length)) &&
    holds(
      square > least * least * least && square < most * most * most,
      () => `the mean square of ${what} is ${square} of what it is to be`
    )
  )
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
  claim({
    name: 'the starts are of one law',
    statement: `∀ x, some far from the others: over ${COMPARED} keys the means of all parameters, of their squares, of the distances of the first centre from the others and of their squares, and the shares of each row as each centre, are those of ${Initializer.show(b)}, up to 6 standard errors of their difference, which the samples give, and 1e-9. A comparison of a right one fails with probability 2e-9.`,
    source: 'the stated formula; law of large numbers',
    enough: 4,
    cases: fc.record({
      points: fc
        .record({
          rows: fc.integer({ min: 0, max: 3 }),
          dim: fc.integer({ min: 1, max: 2 }),
          // Of rows ever farther off the farthest is taken by any power of its distance; of others each power takes its own.
          growth: fc.constantFrom(1.3, 1, 2),
          seed: Arbitrary.seeds
        })
        .map(({ rows, dim, growth, seed }): Points.Points => {
          const count = Arbitrary.minRows(score) + 3 + rows
          const spread = Key.normal(count * dim)(Key.fromSeed(seed))
          return { rows: count, dim, values: spread.map((z, at) => z * Elementary.pow(growth, Math.floor(at / dim))) }
        }),
      seed: Arbitrary.seeds
    }),
    show: ({ points, seed }) =>
      `${Initializer.show(a)} and ${Initializer.show(b)} of ${Score.show(score)} on ${Arbitrary.showPoints(points)} // Key.split(${COMPARED})(Key.fromSeed(${seed}))`,
    check: ({ points, seed }) => {
      const features = featuresOf(Density.rowsOf(points))
      const [found, wanted] = [a, b].map((initializer, i) => {
        const start = compiled(interpret(score, points)(initializer))
        return Key.split(COMPARED)(Key.fromSeed(2 * seed + i)).map(key => features(start(key)))
      })
      const feature = (rows: ReadonlyArray<ReadonlyArray<number>>, at: number): ReadonlyArray<number> =>
        rows.map(row => row[at])
      return wanted[0].every((_, at) =>
        Chance.haveSameMean(`mean of feature ${at}`, feature(found, at), feature(wanted, at), 6)
      )
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

/** A start under test, and how nearly it is to be what is said. */
interface Started<P extends string> {
  readonly score: Score.Score<P>
  readonly start: (initializer: Initializer.Initializer, points: Points.Points) => (key: Key.Key) => Params.Params<P>
  readonly repeats: number
  readonly slack: number
}

/** What a start is to be, where the case is known here; of others nothing is said. */
type Said = ReturnType<typeof Of.known<(each: Case) => boolean>>

const sizeOf = (points: Points.Points): number => 1 + greatest(points.values)

const keysOf = (repeats: number, seed: number): ReadonlyArray<Key.Key> => Key.split(repeats)(Key.fromSeed(seed))

const onceBy =
  <P extends string>({ start }: Started<P>) =>
  (initializer: Initializer.Initializer, points: Points.Points, seed: number): ReadonlyArray<Density.Row> =>
    centresOf(start(initializer, points)(Key.fromSeed(seed)))

const areRows = (centres: ReadonlyArray<Density.Row>, points: Points.Points): boolean => {
  const [rows, weights] = [Density.rowsOf(points), weightsOf(points)]
  return centres.every(centre =>
    holds(
      rows.some((row, i) => weights[i] > 0 && sameBits(row, centre)) || weights.some(weight => weight === 0),
      () => `(${centre.join(', ')}) is no row of the data`
    )
  )
}

/** Drawn from a normal law: of a scale, of the covariance of the data, about another start. */
const byChance = <P extends string>({ score, start, repeats }: Started<P>): Said =>
  Of.known<(each: Case) => boolean>(
    Of.when(Initializer.gaussian, ({ scale }) => ({ points, seed }) => {
      const drawn = keysOf(repeats, seed).map(start(Initializer.gaussian({ scale }), points))
      // About the mean of the data; of the pair, and of parameters that are no centres, about 0.
      const middle = Array.from(Arbitrary.isMirrored(score) ? new Float64Array(points.dim) : Points.mean(points))
      const values = drawn.flatMap(params =>
        O.isSome(Score.interpret(score).family)
          ? centresOf(params).flatMap(centre => Density.minus(centre, middle))
          : flat(params)
      )
      return areNormal('centres', values, scale, 1e-15 * sizeOf(points))
    }),
    Of.when(Initializer.momentsMatched, initializer => ({ scattered, seed }) => {
      const centres = keysOf(repeats, seed).flatMap(key => centresOf(start(initializer, scattered)(key)))
      const direction = Array.from(Key.normal(scattered.dim)(Key.fromSeed(seed)))
      const u = Density.scale(1 / Elementary.norm(direction), direction)
      const origin = Array.from(Points.mean(scattered))
      const along = centres.map(centre => dot(u, Density.minus(centre, origin)))
      const deviation = Math.sqrt(excessAlong(scattered, u))
      // Where there is no excess all centres are the mean, up to the root of a rounding.
      return areNormal('centres along a direction', along, deviation, 1e-9)
    }),
    Of.when(Initializer.perturbed, ({ scale, initializer }) => ({ points, seed }) => {
      const moved = start(Initializer.perturbed(scale)(initializer), points)
      const still = start(initializer, points)
      const size = 1 + greatest(flat(still(Key.fromSeed(seed))))
      const off = keysOf(repeats, seed).flatMap(key =>
        Array.from(Density.minus(flat(moved(key)), flat(still(pipe(key, Key.named('start')).start))))
      )
      return areNormal('displacements', off, scale, 1e-15 * size)
    })
  )

/** Of the rows of the data, or their means. */
const ofRows = <P extends string>(started: Started<P>): Said => {
  const { slack } = started
  const once = onceBy(started)
  return Of.known<(each: Case) => boolean>(
    Of.when(Initializer.fromData, initializer => ({ points, seed }) => {
      const centres = once(initializer, points, seed)
      const often = (row: Density.Row, of: ReadonlyArray<Density.Row>): number =>
        of.filter(other => sameBits(row, other)).length
      const rows = Density.rowsOf(points)
      return (
        areRows(centres, points) &&
        centres.every(centre =>
          holds(often(centre, centres) <= often(centre, rows), () => `(${centre.join(', ')}) is taken too often`)
        )
      )
    }),
    Of.when(Initializer.kMeansPlusPlus, initializer => ({ points, seed }) => {
      const centres = once(initializer, points, seed)
      const weights = weightsOf(points)
      const different = new Set(
        Density.rowsOf(points)
          .filter((_, i) => weights[i] > 0)
          .map(row => row.join())
      ).size
      return (
        areRows(centres, points) &&
        holds(
          new Set(centres.map(row => row.join())).size >= Math.min(centres.length, different),
          () => 'a row is taken twice, and another not at all'
        )
      )
    }),
    Of.when(Initializer.kMeans, ({ steps }) => ({ scattered, seed }) => {
      const at = (steps: number): ReadonlyArray<Density.Row> => once(Initializer.kMeans({ steps }), scattered, seed)
      const [less, more] = [steps, steps + 1].map(steps => nearest(scattered, at(steps)).inertia)
      const settled = at(60)
      const { labels } = nearest(scattered, settled)
      const means = settled.map((centre, k) => {
        const own = Density.rowsOf(scattered).filter((_, i) => labels[i] === k)
        return own.length === 0
          ? centre
          : Density.combine(
              own.map(() => 1 / own.length),
              own,
              scattered.dim
            )
      })
      return (
        holds(more <= less * (1 + 1e-12), () => `one step more raises the mean square from ${less} to ${more}`) &&
        agree('settled centres', settled.flat(), means.flat(), slack * 1e-12 * (1 + greatest(scattered.values)))
      )
    })
  )
}

/** Where they are said to be, or at a distance from there. */
const placed = <P extends string>(started: Started<P>): Said => {
  const { score, start, slack } = started
  const once = onceBy(started)
  const atDistance = (
    centres: ReadonlyArray<Density.Row>,
    from: ReadonlyArray<Density.Row>,
    radius: number,
    points: Points.Points
  ): boolean =>
    agree(
      'distances',
      centres.map((centre, k) => distance(centre, from[k % from.length])),
      radius,
      slack * 1e-13 * sizeOf(points) + 1e-14 * greatest(from.flat())
    )
  return Of.known<(each: Case) => boolean>(
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
    Of.when(
      Initializer.values,
      initializer =>
        ({ points, seed }) =>
          holds(
            // Parameters of one's own are those of the score, which has just been checked.
            sameBits(start(initializer, points)(Key.fromSeed(seed)), initializer.values),
            () => 'the values are others'
          )
    ),
    Of.when(
      Initializer.centres,
      initializer =>
        ({ points, seed }) =>
          agree('centres', once(initializer, points, seed).flat(), initializer.centres.flat(), 0)
    ),
    Of.when(Initializer.spectral, initializer => ({ scattered, seed }) => {
      const { dim } = scattered
      const isPair = Arbitrary.isMirrored(score)
      const found = once(initializer, scattered, seed)
      const origin = isPair ? Array.from({ length: dim }, () => 0) : Array.from(Points.mean(scattered))
      const moment = isPair ? Points.secondMoment(scattered) : Points.covariance(scattered)
      const { values } = symmetricEigen({ shape: [dim, dim], values: moment })
      const top = slack * 1e-10 * Elementary.square(1 + greatest(values))
      return found.every(centre => {
        const away = Density.minus(centre, origin)
        const image = away.map((_, i) => dot(moment.subarray(i * dim, (i + 1) * dim), away))
        return (
          // K centres lie in the plane of the first K − 1 directions: for two of them, on a line.
          (!isPair && found.length !== 2) ||
          (agree('Ĉc', image, Density.scale(values[0], away), top * (1 + greatest(away))) &&
            (!isPair || agree('|c|²', [dot(away, away)], [Math.max(values[0] - 1, 1 / scattered.rows)], top)))
        )
      })
    })
  )
}

/** The likeliest of several. */
const chosen = <P extends string>({ score, start }: Started<P>): Said =>
  Of.when(Initializer.bestOf, ({ count, initializer }) => ({ scattered, seed }) => {
    const key = Key.fromSeed(seed)
    const meaning = Density.meaning(score)
    const likelihood = (params: Params.Params<P>): number =>
      O.isNone(meaning)
        ? NaN
        : Density.rowsOf(scattered).reduce(
            (sum, row) => sum + Density.logDensity(row)(meaning.value(params)) / scattered.rows,
            0
          )
    const best = likelihood(start(Initializer.bestOf(count)(initializer), scattered)(key))
    const each = Key.split(count)(key).map(start(initializer, scattered)).map(likelihood)
    // Of starts that are as likely up to 1e-9 it takes the first.
    const same = 2e-9 * (1 + Math.abs(best))
    return holds(
      each.every(other => other <= best + same) && each.some(other => Math.abs(other - best) <= same),
      () => `of ${each.join(', ')} it takes ${best}`
    )
  })

const saidOf = <P extends string>(started: Started<P>): Said =>
  Of.known(byChance(started), ofRows(started), placed(started), chosen(started))

/** What the laws of an initializer share: data to start on, and its start on them. */
const settingOf = <P extends string>(
  initializer: Initializer.Initializer,
  score: Score.Score<P>,
  options: InitializerOptions = {}
) => {
  const isPair = Arbitrary.isMirrored(score)
  const claims = Of.meaning(initializer)
  // What is claimed of a score does not depend on what its parameters are called.
  const model = Score.interpret(score) as unknown as Score.Model<string>
  const { rotate, translate, relabel } = symmetriesOf(score)
  const least = Arbitrary.minRows(score)
  const {
    interpret = Initializer.interpret,
    points = Arbitrary.points({ minRows: least, far: 1e6 }),
    moves = claims.moves(model),
    turns = claims.turns(model),
    draws = claims.draws(model),
    apart = claims.draws(model) !== 'never',
    equals,
    repeats = 100,
    slack = 1
  } = options
  const dim = O.toNullable(claims.dim)
  /** How many centres it starts, none of what is no mixture. */
  const count = Object.entries<ReadonlyArray<number>>(Score.shapes(dim ?? 1)(score)).reduce(
    (most, [name, shape]) => (name === 'means' ? shape[0] : most),
    0
  )
  const cases: fc.Arbitrary<Case> = (dim === null ? Arbitrary.dims : fc.constant(dim)).chain(dim =>
    fc.record({
      points: points(dim),
      scattered: fc.tuple(fc.integer({ min: least + 3, max: least + 6 }), Arbitrary.seeds).map(([rows, seed]) => ({
        rows,
        dim,
        values: Key.normal(rows * dim)(Key.fromSeed(seed)).map(z => 2 * z)
      })),
      seed: Arbitrary.seeds
    })
  )
  /** On a line there are but two places at a distance; and data no wider than a component leave no excess. */
  const wide: fc.Arbitrary<Case> = fc.record({ seed: Arbitrary.seeds }).map(({ seed }) => {
    const [rows, plane] = [least + 5, dim ?? 2]
    const values = Key.normal(rows * plane)(Key.fromSeed(seed)).map(z => 4 * z)
    const scattered: Points.Points = { rows, dim: plane, values }
    return { seed, scattered, points: scattered }
  })
  const start = (of: Initializer.Initializer, points: Points.Points): ((key: Key.Key) => Params.Params<P>) =>
    compiled(interpret(score, points)(of))
  const started = (points: Points.Points, seed: number): Params.Params<P> =>
    start(initializer, points)(Key.fromSeed(seed))
  const show = ({ points, scattered, seed }: Case): string =>
    [
      `const points = ${Arbitrary.showPoints(points)}`,
      `pipe(${Initializer.show(initializer)}, Initializer.interpret(${Score.show(score)}, points)) // Key.fromSeed(${seed})`,
      `// or of ${Arbitrary.showPoints(scattered)}`
    ].join('\n')
  /** Both the same, up to the order of the components that a symmetry does not tell apart. */
  const alike = (
    what: string,
    found: Params.Params<P>,
    wanted: Params.Params<P>,
    tolerance: number,
    seed: number
  ): boolean => {
    const other = isPair && relabel !== undefined ? relabel(seed)(wanted) : wanted
    const off = (of: Params.Params<P>): number => greatest(Density.minus(flat(found), flat(of)))
    return agree(what, flat(found), flat(off(other) < off(wanted) ? other : wanted), tolerance)
  }

  const lawOf = over(cases, show)
  const lawOfWide = over(wide, show)
  return {
    alike,
    apart,
    count,
    draws,
    equals,
    initializer,
    interpret,
    lawOf,
    lawOfWide,
    least,
    moves,
    repeats,
    rotate,
    score,
    slack,
    start,
    started,
    translate,
    turns
  }
}

type Setting<P extends string> = ReturnType<typeof settingOf<P>>

const shapesOfScore = <P extends string>({ lawOf, score, started }: Setting<P>): Law =>
  lawOf({
    name: 'a start has the names and shapes of the score',
    statement: '∀ x, keys: as the score says for the dimension of the data, and no others. Exactly.',
    source: 'definition of Score.shapes',
    check: ({ points, seed }) => {
      const params = started(points, seed)
      return holds(
        sameBits(Params.shapes(params), Score.shapes(points.dim)(score)) &&
          flat(params).length === Params.names(params).reduce((sum, name) => sum + params[name].values.length, 0),
        () => `it starts ${Params.show(params)}`
      )
    }
  })

const finite = <P extends string>({ lawOf, started }: Setting<P>): Law =>
  lawOf({
    name: 'a start is finite on awkward data',
    statement: '∀ x, keys: every parameter is finite; x far (1e6), tiny, equal, alone, weighted by 0. Exactly.',
    source: 'definition of a start',
    check: ({ points, seed }) => {
      const params = started(points, seed)
      return holds(Params.isFinite(params), () => `it starts ${Params.show(params)}`)
    }
  })

const determinedByKey = <P extends string>({ draws, lawOf, started }: Setting<P>): Law =>
  lawOf({
    name: 'the key determines the start',
    statement:
      '∀ x, keys: the same key starts the same bits; where nothing is drawn, so do four other keys; where numbers are, some of forty start others: on a line a direction is one of two, which of one centre are all the same once in 2⁴⁰. Exactly.',
    source: 'randomness is a value',
    check: ({ scattered, seed }) => {
      const [once, again] = [started(scattered, seed), started(scattered, seed)]
      const differ = (count: number): boolean =>
        Array.from({ length: count }, (_, i) => i).some(i => !sameBits(started(scattered, seed + 1 + i), once))
      return (
        holds(sameBits(once, again), () => 'the same key starts others') &&
        holds(draws !== 'never' || !differ(4), () => 'another key starts others') &&
        holds(draws !== 'always' || differ(40), () => 'other keys start the same')
      )
    }
  })

const movesWithData = <P extends string>({ alike, lawOf, moves, slack, started, translate }: Setting<P>): Law | false =>
  translate !== undefined &&
  moves &&
  lawOf({
    name: 'a start moves with the data',
    statement:
      '∀ x in general position, b, keys: of x + b the centres are those of x, + b, and the rest is the same. To 1e-7 r: means and eigenvectors round, and a root of what is left of an eigenvalue takes half of the digits.',
    source: 'distances, means and covariances',
    check: ({ scattered, seed }) => {
      const by = Array.from(Key.normal(scattered.dim)(Key.fromSeed(seed + 1)))
      const moved = started(mapRows(row => Density.plus(row, by))(scattered), seed)
      const tolerance = slack * 1e-7 * (1 + greatest(scattered.values))
      return alike('start', moved, translate(by)(started(scattered, seed)), tolerance, seed)
    }
  })

const turnsWithData = <P extends string>({ alike, lawOf, rotate, slack, started, turns }: Setting<P>): Law | false =>
  rotate !== undefined &&
  turns &&
  lawOf({
    name: 'a start turns with the data',
    statement:
      '∀ x in general position, orthogonal Q, keys: of Qx the centres are Q times those of x, and the rest is the same. To 1e-7 r; of the symmetric pair, up to sign.',
    source: 'distances, means and covariances',
    check: ({ scattered, seed }) => {
      const turn = orthogonal(seed, scattered.dim)
      const turned = started(mapRows(turn)(scattered), seed)
      const tolerance = slack * 1e-7 * (1 + greatest(scattered.values))
      return alike('start', turned, rotate(turn)(started(scattered, seed)), tolerance, seed)
    }
  })

const keysDiffer = <P extends string>({ count, draws, lawOfWide, started }: Setting<P>): Law | false =>
  draws === 'sometimes' &&
  count >= 2 &&
  lawOfWide({
    name: 'some keys start others',
    statement: '∀ x in general position in a plane: of forty keys not all start the same. Exactly.',
    source: 'randomness is a value',
    enough: 20,
    check: ({ scattered, seed }) => {
      const first = started(scattered, seed)
      return holds(
        Array.from({ length: 39 }, (_, i) => i).some(i => !sameBits(started(scattered, seed + 1 + i), first)),
        () => `forty keys start ${Params.show(first)}`
      )
    }
  })

const centresApart = <P extends string>({ apart, count, lawOfWide, started }: Setting<P>): Law | false =>
  apart &&
  count >= 2 &&
  lawOfWide({
    name: 'centres are apart',
    statement:
      '∀ x in general position in a plane, keys: of forty starts some have no two centres that are the same: equal centres stay equal for ever. Exactly.',
    source: 'what is symmetric has a symmetric gradient',
    enough: 20,
    check: ({ scattered, seed }) =>
      holds(
        Array.from({ length: 40 }, (_, i) => centresOf(started(scattered, seed + i))).some(
          centres => new Set(centres.map(centre => centre.join())).size === centres.length
        ),
        () => `every start has equal centres, as ${Params.show(started(scattered, seed))}`
      )
  })

const rowsByShare = <P extends string>({
  count,
  initializer,
  least,
  score,
  start
}: Setting<P>): ReadonlyArray<Law> | false =>
  count >= 2 &&
  known(sharesOf(uneven(least + 3), count)(initializer), shares =>
    claim({
      name: 'rows are taken as often as is said',
      statement: `∀ keys: over ${STARTS} of them each row of uneven, weighted ones is the first centre, and the second, as often as its weight, or its weight times D² with the best of the candidates, gives. Within the bound of Hoeffding (1963), which a right one fails with probability 1e-9.`,
      source: 'Arthur & Vassilvitskii 2007; sampling without replacement',
      enough: 3,
      cases: fc.record({ seed: Arbitrary.seeds }),
      show: ({ seed }) =>
        `${Initializer.show(initializer)} of ${Score.show(score)} on ${Arbitrary.showPoints(uneven(least + 3))} // Key.split(${STARTS})(Key.fromSeed(${seed}))`,
      check: ({ seed }) => {
        const points = uneven(least + 3)
        const starts = Key.split(STARTS)(Key.fromSeed(seed)).map(start(initializer, points)).map(centresOf)
        return [shares.first, shares.second].every((wanted, k) =>
          wanted.every((share, i) =>
            Chance.isShare(
              `row ${i} as centre ${k + 1}`,
              starts.filter(centres => centres[k][0] === points.values[i]).length / STARTS,
              share,
              STARTS
            )
          )
        )
      }
    })
  )

const ownDraws = <P extends string>({ initializer, lawOf, start }: Setting<P>): ReadonlyArray<Law> =>
  known(displacements(start)(initializer), drawn =>
    lawOf({
      name: 'every entry has a draw of its own',
      statement: `∀ x, keys: over ${STARTS} of them the normals of two entries, of one centre or of two, have uncorrelated ranks and sizes. Within Bernstein’s bound, which a right one fails with probability 1e-9.`,
      source: 'definition of independence',
      enough: 4,
      check: ({ scattered, seed }) => {
        // What is below the rounding of the data is no normal.
        if (drawn.scale < 1e-10 * (1 + greatest(scattered.values))) return true
        const rows = Key.split(STARTS)(Key.fromSeed(seed)).map(drawn.of(scattered))
        const [first, ...others] = rows[0].slice(0, 6).map((_, at) => rows.map(row => row[at]))
        return others.every((other, at) => Chance.areUnrelated(`entries 0 and ${at + 1}`, first, other))
      }
    })
  )

const asDescribed = <P extends string>({
  initializer,
  lawOf,
  repeats,
  score,
  slack,
  start
}: Setting<P>): ReadonlyArray<Law> =>
  known(saidOf({ score, start, repeats, slack })(initializer), said =>
    lawOf({
      name: 'a start is what its description says',
      statement: `∀ x, keys: centres are rows of the data, none twice; at the given distance; the given values; settled means, by steps none of which raises the mean square distance; eigenvectors; the likeliest of its starts; normal, by the first two moments over ${repeats} keys, of the scale or the covariance said. To 1e-13 r, 1e-10 for eigenvectors, and six standard errors for moments (2e-9 each).`,
      source: 'Arthur & Vassilvitskii 2007; Lloyd 1982; Vempala & Wang 2004; definition of each',
      check: said
    })
  )

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
): ReadonlyArray<Law> => {
  const setting = settingOf(initializer, score, options)
  return held([
    shapesOfScore(setting),
    finite(setting),
    determinedByKey(setting),
    movesWithData(setting),
    turnsWithData(setting),
    keysDiffer(setting),
    centresApart(setting),
    rowsByShare(setting),
    ownDraws(setting),
    options.equals !== undefined && sameStarts(initializer, options.equals, score, setting),
    asDescribed(setting)
  ])
}

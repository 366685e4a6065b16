/** Laws of initializers: of the shapes of a start, of what it follows, and of what it draws. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Points from '../data/points.js'
import { Key, Score, Source } from '../index.js'
import * as Initializer from '../pipeline/initializer.js'
import * as Params from '../core/params.js'
import * as Arbitrary from './arbitraries.js'
import * as Chance from './chance.js'
import { areSameBits } from './bits.js'
import { compiledOrThrow, flattenParams, maxAbs } from './check.js'
import * as Density from './density.js'
import type { Laws } from './law.js'
import {
  above,
  areFinite,
  declarationInfo,
  differs,
  equals,
  forAll,
  ofRows,
  sameBits,
  type Relation,
  type LawBuilder
} from './lawRows.js'
import { mapPointRows, orthogonalMap, symmetriesOf } from './symmetries.js'

export interface InitializerOptions {
  /** Whether the start moves with the data; by default what its case says. */
  readonly moves?: boolean
  /** Whether the start turns with the data; by default what its case says. */
  readonly turns?: boolean
  /** Whether another key is another start; by default what its case says. */
  readonly draws?: Initializer.Draws
  /** Whether starts have centres that are apart, where they follow the data; claimed by default. */
  readonly apart?: boolean
  /** Whether rows in another order start the same, up to the order of the components; by default of those that never draw. */
  readonly rowsAlike?: boolean
  /** Whether a row of weight 0 is none; by default of those whose centres the weights change. */
  readonly weighs?: boolean
  /** One of which the starts have the same law. */
  readonly equals?: Initializer.Initializer
}

interface InitializerCase {
  readonly points: Points.Points
  /** In general position: no two distances are equal. */
  readonly scattered: Points.Points
  readonly seed: number
}

// —— what is compared ——

const { subtractRows: minus, listRows: rowsOf } = Density

const paramCentres = <P extends string>(params: Params.Params<P>): ReadonlyArray<Density.NumberRow> =>
  Object.entries<Params.Params<P>[P]>(params)
    .filter(([name]) => name === 'mean' || name === 'means')
    .flatMap(([, { shape, values }]) => {
      const dim = shape[shape.length - 1]
      return rowsOf({ rows: values.length / dim, dim, values })
    })

const rowDistance = (a: Density.NumberRow, b: Density.NumberRow): number => Elementary.norm(minus(a, b))
const pointsMagnitude = (points: Points.Points): number => 1 + maxAbs(points.values)
const normalPoints = (rows: number, dim: number, seed: number, scale: number): Points.Points => ({
  rows,
  dim,
  values: Key.normal(rows * dim)(Key.fromSeed(seed)).map(z => scale * z)
})

/** Numbers that two starts on some rows are compared by, in mean: also which centre is which row. */
const featuresOf =
  (rows: ReadonlyArray<Density.NumberRow>) =>
  <P extends string>(params: Params.Params<P>): ReadonlyArray<number> => {
    const values = flattenParams(params)
    const centres = paramCentres(params)
    const apart = centres.slice(1).map(centre => rowDistance(centres[0], centre))
    return [
      ...values,
      ...values.map(Elementary.square),
      ...apart,
      ...apart.map(Elementary.square),
      ...apart.map(d => (d === 0 ? 1 : 0)),
      ...centres.flatMap(centre => rows.map(row => (rowDistance(row, centre) === 0 ? 1 : 0)))
    ]
  }

/** Seeds of the samples on which it is seen whether centres follow weights and data. */
const PROBES = [1, 2, 3]

/** The first row is the farthest. */
const firstFar = (points: Points.Points): Points.Points => ({
  ...points,
  values: points.values.map((x, at) => (at < points.dim ? 4 * x + 4 * Math.sign(x) * maxAbs(points.values) : x))
})

/** Weights 0, 1, 2, 0, … */
const weighted = (points: Points.Points): Points.Points => ({
  ...points,
  weights: Float64Array.from({ length: points.rows }, (_, i) => i % 3)
})

/** Other data: reflected, shrunk and shifted. */
const mirrored = (points: Points.Points): Points.Points => ({ ...points, values: points.values.map(x => 2 - x / 2) })

/** Starts that two initializers are compared by: shares that are a tenth apart are told from each other. */
const COMPARED = 2400

/** That an initializer starts by one law with another. */
export const sameStartDistribution = <P extends string>(
  a: Initializer.Initializer,
  b: Initializer.Initializer | undefined,
  score: Score.Score<P>
): LawBuilder =>
  forAll(
    fc.record({
      // Of rows ever farther off the farthest is taken by any power of its distance; of others each power takes its own.
      points: fc
        .tuple(fc.nat(3), fc.integer({ min: 1, max: 2 }), fc.constantFrom(1.3, 1, 2), Arbitrary.seeds)
        .map(([rows, dim, growth, seed]): Points.Points => {
          const spread = normalPoints(Arbitrary.minRows(score) + 3 + rows, dim, seed, 1)
          const values = spread.values.map((z, at) => z * Elementary.pow(growth, Math.floor(at / dim)))
          const weights = Float64Array.from({ length: spread.rows }, (_, i) => (i + seed) % 4)
          return { ...spread, values, ...(seed % 2 === 0 && { weights }) }
        }),
      seed: Arbitrary.seeds
    })
  )({
    name: 'the starts are of one law',
    quantity: 'mean of a parameter',
    statement: b =>
      `∀ x, some far from the others, some of weights from 0 to 3: over ${COMPARED} keys the means of all parameters, of their squares, of the distances of the first centre from the others and of their squares, and the shares of each row as each centre, are those of ${Initializer.show(b)}, up to 6 standard errors of their difference, which the samples give, and 1e-9. A comparison of a right one fails with probability 2e-9.`,
    source: 'the stated formula; law of large numbers',
    maxCases: 4,
    claim: b,
    option: 'equals',
    says: ({ points, seed }, b) => {
      const [found, wanted] = [a, b].map((initializer, i) => {
        const start = compiledOrThrow(Initializer.interpret(score, points)(initializer))
        return Key.split(COMPARED)(Key.fromSeed(2 * seed + i)).map(key => featuresOf(rowsOf(points))(start(key)))
      })
      const feature = (rows: typeof found, at: number): ReadonlyArray<number> => rows.map(row => row[at])
      return wanted[0].map((_, at) => Chance.sameMean(feature(found, at), feature(wanted, at), 6))
    }
  })

/**
 * The laws of an initializer for a score: the shapes it starts, on edge cases too, and what it says of itself.
 *
 * @example
 * import fc from 'fast-check'
 * import { Initializer, Score } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.initializer(Initializer.kMeans({ steps: 5 }), Score.spherical({ components: 2 })).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 2 })
 * })
 */
export const initializer = <P extends string>(
  initializer: Initializer.Initializer,
  score: Score.Score<P>,
  options: InitializerOptions = {}
): Laws => {
  const model: Score.Model<string> = Score.interpret(score)
  const { rotate, translate, relabel } = symmetriesOf(score)
  const mirror = Arbitrary.isMirroredScore(score) ? relabel : undefined
  const least = Arbitrary.minRows(score)
  const dim = Initializer.initializerDim(initializer) ?? null
  const {
    moves = Initializer.startMovesWithData(model)(initializer),
    turns = Initializer.turns(model)(initializer),
    draws = Initializer.initializerDraws(model)(initializer)
  } = options
  const { rowsAlike = draws === 'never' } = options
  const started = (points: Points.Points, seed: number): Params.Params<P> =>
    compiledOrThrow(Initializer.interpret(score, points)(initializer))(Key.fromSeed(seed))
  const others = (points: Points.Points, seed: number, count: number): ReadonlyArray<Params.Params<P>> =>
    Array.from({ length: count }, (_, i) => started(points, seed + 1 + i))
  /** The centres that twelve keys start; variances see weights whatever the centres do. */
  const centresOn = (points: Points.Points, seed: number): ReadonlyArray<ReadonlyArray<Density.NumberRow>> =>
    others(points, seed, 12).map(paramCentres)
  const { means = [0] }: Readonly<Record<string, ReadonlyArray<number>>> = Score.shapes(dim ?? 1)(score)
  const [count] = means
  const cases: fc.Arbitrary<InitializerCase> = (dim === null ? Arbitrary.dimsFor(score) : fc.constant(dim)).chain(dim =>
    fc.record({
      points: Arbitrary.points({ minRows: least, far: 1e6 })(dim),
      scattered: fc
        .tuple(fc.integer({ min: least + 3, max: least + 6 }), Arbitrary.seeds)
        .map(([rows, seed]) => normalPoints(rows, dim, seed, 2)),
      seed: Arbitrary.seeds
    })
  )
  /** On a line there are but two places at a distance; and data no wider than a component leave no excess. */
  const wide = fc
    .record({ seed: Arbitrary.seeds })
    .map(({ seed }) => ({ seed, points: normalPoints(least + 5, dim ?? 2, seed, 4) }))
  /** The same up to the order of the components that a symmetry does not tell apart, to 1e-7 of the data. */
  const alike = (found: Params.Params<P>, wanted: Params.Params<P>, points: Points.Points, seed: number): Relation => {
    const off = (of: Params.Params<P>): number => maxAbs(minus(flattenParams(found), flattenParams(of)))
    const mirrored = mirror?.(seed)(wanted) ?? wanted
    return equals(
      flattenParams(found),
      flattenParams(off(mirrored) < off(wanted) ? mirrored : wanted),
      1e-7 * pointsMagnitude(points)
    )
  }
  /** True if the centres of some samples differ from those of the changed samples, or if a start fails: then the laws say why. */
  const changesCentres = (change: (points: Points.Points) => Points.Points): boolean =>
    PROBES.some(seed =>
      pipe(
        E.tryCatch(() => {
          const points = firstFar(normalPoints(least + 5, dim ?? 2, seed, 4))
          return !areSameBits(centresOn(change(points), seed), centresOn(points, seed))
        }, String),
        E.getOrElse(() => true)
      )
    )
  const startsCentres = model.family !== undefined
  const weighs = options.weighs ?? (startsCentres && changesCentres(weighted))
  const apart = count >= 2 && (options.apart ?? changesCentres(mirrored))
  const onCases = forAll(cases)
  const onWide = forAll(wide)

  return ofRows(
    `${Initializer.show(initializer)} of ${Score.show(score)}`,
    [
      onCases({
        name: 'a start is finite on edge cases',
        statement:
          '∀ x, keys: every parameter is finite, of the names and shapes that the score has for the dimension of the data; x far (1e6), tiny, equal, alone, weighted by 0. Exactly.',
        source: 'definition of a start, and of Score.shapes',
        says: ({ points, seed }) => {
          const params = started(points, seed)
          return [
            sameBits(Params.shapes(params), Score.shapes(points.dim)(score)),
            equals(flattenParams(params).length, Params.paramsSize(Score.shapes(points.dim)(score))),
            areFinite(params)
          ]
        }
      }),
      onCases({
        name: 'the key determines the start',
        quantity: 'starts',
        option: 'draws',
        statement:
          '∀ x, keys: the same key starts the same bits; where nothing is drawn, so do four other keys; where numbers are, some of forty start others: on a line a direction is one of two, which of one centre are all the same once in 2⁴⁰. Exactly.',
        source: 'randomness is a value',
        says: ({ scattered, seed }) => {
          const first = started(scattered, seed)
          const repeated = (count: number): ReadonlyArray<Params.Params<P>> =>
            Array.from({ length: count }, () => first)
          return [
            sameBits(started(scattered, seed), first),
            draws === 'never' && sameBits(others(scattered, seed, 4), repeated(4)),
            draws === 'always' && differs(others(scattered, seed, 40), repeated(40))
          ]
        }
      }),
      onCases({
        name: 'a start does not know the order of the rows',
        quantity: 'sorted parameters',
        statement:
          '∀ x in general position, permutations π: of πx the numbers that it starts, sorted, are those of x, of the pair their sizes. To 1e-7 r.',
        source: 'rows are a sample',
        claim: rowsAlike,
        option: 'rowsAlike',
        says: ({ scattered, seed }) => {
          const sorted = (points: Points.Points): ReadonlyArray<number> =>
            flattenParams(started(points, seed))
              .map(x => (Arbitrary.isMirroredScore(score) ? Math.abs(x) : x))
              .sort((a, b) => a - b)
          const reorder = Points.select(Key.permutation(scattered.rows)(Key.fromSeed(seed)))
          return equals(sorted(reorder(scattered)), sorted(scattered), 1e-7 * pointsMagnitude(scattered))
        }
      }),
      onWide({
        name: 'a row of weight 0 is none',
        statement:
          '∀ x in general position in a plane, of which some rows, the farthest among them, have weight 0, keys: no centre is one of these; and what never draws starts as without them. To 1e-7 r.',
        source: 'definition of weighted points',
        maxCases: 20,
        claim: weighs,
        option: 'weighs',
        ...(!startsCentres && { reason: 'it starts no centres' }),
        ...(startsCentres &&
          options.weighs === undefined && { reason: 'weights change none of its centres; claim it by `weighs`' }),
        says: ({ points: unweighted, seed }) => {
          const points = weighted(firstFar(unweighted))
          const kept = Array.from({ length: points.rows }, (_, i) => i).filter(i => i % 3 > 0)
          if (kept.length < least) return []
          const none = rowsOf(points).filter((_, i) => i % 3 === 0)
          const taken = others(points, seed, draws === 'never' ? 1 : 20).flatMap(params =>
            paramCentres(params).filter(centre => none.some(row => rowDistance(row, centre) === 0))
          )
          const without = Points.select(kept)(points)
          return [
            equals({ 'centres at rows of weight 0': taken.length }, { 'centres at rows of weight 0': 0 }),
            draws === 'never' && alike(started(points, seed), started(without, seed), points, seed)
          ]
        }
      }),
      onCases({
        name: 'a start moves with the data',
        quantity: 'parameters',
        statement:
          '∀ x in general position, b, keys: of x + b the centres are those of x, + b, and the rest is the same. To 1e-7 r: means and eigenvectors round, and a root of what is left of an eigenvalue takes half of the digits.',
        source: 'distances, means and covariances',
        claim: moves && translate,
        option: 'moves',
        says: ({ scattered, seed }, translate) => {
          const by = Array.from(Key.normal(scattered.dim)(Key.fromSeed(seed + 1)))
          const moved = started(mapPointRows(row => Density.addRows(row, by))(scattered), seed)
          return alike(moved, translate(by)(started(scattered, seed)), scattered, seed)
        }
      }),
      onCases({
        name: 'a start turns with the data',
        quantity: 'parameters',
        statement:
          '∀ x in general position, orthogonal Q, keys: of Qx the centres are Q times those of x, and the rest is the same. To 1e-7 r; of the symmetric pair, up to sign.',
        source: 'distances, means and covariances',
        claim: turns && rotate,
        option: 'turns',
        says: ({ scattered, seed }, rotate) => {
          const turn = orthogonalMap(seed, scattered.dim)
          return alike(
            started(mapPointRows(turn)(scattered), seed),
            rotate(turn)(started(scattered, seed)),
            scattered,
            seed
          )
        }
      }),
      onWide({
        name: 'some keys start others',
        quantity: 'starts',
        statement: '∀ x in general position in a plane: of forty keys not all start the same. Exactly.',
        source: 'randomness is a value',
        maxCases: 20,
        claim: draws === 'sometimes' && count >= 2,
        option: 'draws',
        says: ({ points, seed }) => {
          const found = others(points, seed, 39)
          return differs(
            found,
            found.map(() => started(points, seed))
          )
        }
      }),
      onWide({
        name: 'centres are apart',
        statement:
          '∀ x in general position in a plane, keys: of forty starts some have no two centres that are the same: equal centres stay equal for ever. Exactly.',
        source: 'what is symmetric has a symmetric gradient',
        maxCases: 20,
        claim: apart,
        option: 'apart',
        ...(count < 2 && { reason: 'it has one centre' }),
        ...(count >= 2 &&
          options.apart === undefined && { reason: 'its centres do not follow the data; claim it by `apart`' }),
        says: ({ points, seed }) => {
          const found = others(points, seed - 1, draws === 'never' ? 1 : 40)
          const leasts = found.map(params =>
            Math.min(...paramCentres(params).flatMap((a, i, all) => all.slice(i + 1).map(b => rowDistance(a, b))))
          )
          return above({ 'distance of two centres': Math.max(...leasts) }, 0)
        }
      }),
      sameStartDistribution(initializer, options.equals, score),
      forAll(fc.record({ rows: fc.integer({ min: 20, max: 30 }), seed: Arbitrary.seeds }))({
        ...declarationInfo('streams'),
        statement: '∀ x, keys: from a source of the rows it starts as from the rows, bit for bit.',
        maxCases: 5,
        claim: E.isRight(Initializer.interpret(score, Source.of(normalPoints(20, dim ?? 2, 1, 1)))(initializer)),
        says: ({ rows, seed }) => {
          const points = normalPoints(rows, dim ?? 2, seed, 1)
          const [source, whole] = [Source.of(points), points].map(data =>
            compiledOrThrow(Initializer.interpret(score, data)(initializer))(Key.fromSeed(seed))
          )
          return sameBits(source, whole)
        }
      })
    ],
    options
  )
}

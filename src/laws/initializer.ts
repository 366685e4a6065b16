/** Laws of initializers: shapes, symmetries of the data, randomness. */
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
  /** True if the start translates with the data. Default: as declared. */
  readonly moves?: boolean
  /** True if the start rotates with the data. Default: as declared. */
  readonly turns?: boolean
  /** How often different keys give different starts. Default: as declared. */
  readonly draws?: Initializer.Draws
  /** True if some starts have pairwise distinct centres. Default: true if centres depend on the data. */
  readonly apart?: boolean
  /** True if the start depends on the order of rows only in the order of its components. Default: true if it never draws. */
  readonly rowsAlike?: boolean
  /** True if rows of weight 0 have no effect. Default: true if centres depend on weights. */
  readonly weighs?: boolean
  /** Initializer with the same distribution of starts. */
  readonly equals?: Initializer.Initializer
}

/**
 * Returns the laws of an initializer for a score, by the claims of its case and the options.
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
  const subject = initializerSubject(initializer, score, options)
  return ofRows(
    `${Initializer.show(initializer)} of ${Score.show(score)}`,
    [
      startIsFinite(subject),
      keyDeterminesStart(subject),
      ignoresRowOrder(subject),
      ignoresRowsOfWeightZero(subject),
      translatesWithData(subject),
      rotatesWithData(subject),
      someKeysStartDifferently(subject),
      someStartsHaveDistinctCentres(subject),
      sameStartDistribution(initializer, options.equals, score),
      dataSourceStartsAsItsRows(subject)
    ],
    options
  )
}

const initializerSubject = <P extends string>(
  initializer: Initializer.Initializer,
  score: Score.Score<P>,
  options: InitializerOptions
) => {
  const model: Score.Model<string> = Score.interpret(score)
  const minRows = Arbitrary.minRows(score)
  const dim = Initializer.initializerDim(initializer) ?? null
  const {
    moves = Initializer.startMovesWithData(model)(initializer),
    turns = Initializer.turns(model)(initializer),
    draws = Initializer.initializerDraws(model)(initializer)
  } = options
  const startOn = (points: Points.Points, seed: number): Params.Params<P> =>
    compiledOrThrow(Initializer.interpret(score, points)(initializer))(Key.fromSeed(seed))
  const startsOn = (points: Points.Points, seed: number, count: number): ReadonlyArray<Params.Params<P>> =>
    Array.from({ length: count }, (_, i) => startOn(points, seed + 1 + i))
  /** Wide points in a plane: distances vary little on a line, and narrow data leave no excess variance. */
  const widePoints = (seed: number): Points.Points => scaledNormalPoints(minRows + 5, dim ?? 2, seed, 4)
  /** True if the change moves centres in some sample, or a start fails. */
  const changesCentres = (change: (points: Points.Points) => Points.Points): boolean =>
    PROBE_SEEDS.some(seed =>
      pipe(
        E.tryCatch(() => {
          const points = moveFirstRowFar(widePoints(seed))
          const [found, wanted] = [change(points), points].map(each => startsOn(each, seed, 12).map(paramCentres))
          return !areSameBits(found, wanted)
        }, String),
        E.getOrElse(() => true)
      )
    )
  const { means = [0] }: Readonly<Record<string, ReadonlyArray<number>>> = Score.shapes(dim ?? 1)(score)
  const [centreCount] = means
  const startsCentres = model.family !== undefined
  return {
    ...{ initializer, score, dim, minRows, centreCount, moves, turns, draws, startOn, startsOn },
    rowsAlike: options.rowsAlike ?? draws === 'never',
    symmetries: symmetriesOf(score),
    weighs: options.weighs ?? (startsCentres && changesCentres(withCyclicWeights)),
    weighsReason: startsCentres
      ? options.weighs === undefined
        ? 'weights change none of its centres; claim it by `weighs`'
        : null
      : 'it starts no centres',
    isApart: centreCount >= 2 && (options.apart ?? changesCentres(reflectAndShift)),
    apartReason:
      centreCount < 2
        ? 'it has one centre'
        : centreCount >= 2 && options.apart === undefined
          ? 'its centres do not follow the data; claim it by `apart`'
          : null,
    onCases: forAll(initializerCases(score, dim)),
    onWide: forAll(fc.record({ seed: Arbitrary.seeds }).map(({ seed }) => ({ seed, points: widePoints(seed) })))
  }
}
type InitializerSubject<P extends string> = ReturnType<typeof initializerSubject<P>>

const PROBE_SEEDS = [1, 2, 3]

interface InitializerCase {
  readonly points: Points.Points
  /** Rows without equal distances. */
  readonly scattered: Points.Points
  readonly seed: number
}

const initializerCases = <P extends string>(
  score: Score.Score<P>,
  dim: number | null
): fc.Arbitrary<InitializerCase> => {
  const minRows = Arbitrary.minRows(score)
  return (dim === null ? Arbitrary.dimsFor(score) : fc.constant(dim)).chain(dim =>
    fc.record({
      points: Arbitrary.points({ minRows, far: 1e6 })(dim),
      scattered: fc
        .tuple(fc.integer({ min: minRows + 3, max: minRows + 6 }), Arbitrary.seeds)
        .map(([rows, seed]) => scaledNormalPoints(rows, dim, seed, 2)),
      seed: Arbitrary.seeds
    })
  )
}

// —— laws ——

const startIsFinite = <P extends string>({ onCases, score, startOn }: InitializerSubject<P>): LawBuilder =>
  onCases({
    name: 'a start is finite on edge cases',
    statement:
      '∀ x, keys: every parameter is finite, of the names and shapes that the score has for the dimension of the data; x far (1e6), tiny, equal, alone, weighted by 0. Exactly.',
    source: 'definition of a start, and of Score.shapes',
    says: ({ points, seed }) => {
      const params = startOn(points, seed)
      return [
        sameBits(Params.shapes(params), Score.shapes(points.dim)(score)),
        equals(flattenParams(params).length, Params.paramsSize(Score.shapes(points.dim)(score))),
        areFinite(params)
      ]
    }
  })

const keyDeterminesStart = <P extends string>({
  onCases,
  startOn,
  startsOn,
  draws
}: InitializerSubject<P>): LawBuilder =>
  onCases({
    name: 'the key determines the start',
    quantity: 'starts',
    option: 'draws',
    statement:
      '∀ x, keys: the same key starts the same bits; where nothing is drawn, so do four other keys; where numbers are, some of forty start others: on a line a direction is one of two, which of one centre are all the same once in 2⁴⁰. Exactly.',
    source: 'randomness is a value',
    says: ({ scattered, seed }) => {
      const first = startOn(scattered, seed)
      const repeated = (count: number): ReadonlyArray<Params.Params<P>> => Array.from({ length: count }, () => first)
      return [
        sameBits(startOn(scattered, seed), first),
        draws === 'never' && sameBits(startsOn(scattered, seed, 4), repeated(4)),
        draws === 'always' && differs(startsOn(scattered, seed, 40), repeated(40))
      ]
    }
  })

const ignoresRowOrder = <P extends string>({ onCases, score, startOn, rowsAlike }: InitializerSubject<P>): LawBuilder =>
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
        flattenParams(startOn(points, seed))
          .map(x => (Arbitrary.isMirroredScore(score) ? Math.abs(x) : x))
          .sort((a, b) => a - b)
      const reorder = Points.select(Key.permutation(scattered.rows)(Key.fromSeed(seed)))
      return equals(sorted(reorder(scattered)), sorted(scattered), 1e-7 * pointsMagnitude(scattered))
    }
  })

const ignoresRowsOfWeightZero = <P extends string>(subject: InitializerSubject<P>): LawBuilder => {
  const { onWide, minRows, startOn, startsOn, draws, weighs, weighsReason } = subject
  return onWide({
    name: 'a row of weight 0 is none',
    statement:
      '∀ x in general position in a plane, of which some rows, the farthest among them, have weight 0, keys: no centre is one of these; and what never draws starts as without them. To 1e-7 r.',
    source: 'definition of weighted points',
    maxCases: 20,
    claim: weighs,
    option: 'weighs',
    ...(weighsReason !== null && { reason: weighsReason }),
    says: ({ points: unweighted, seed }) => {
      const points = withCyclicWeights(moveFirstRowFar(unweighted))
      const kept = Array.from({ length: points.rows }, (_, i) => i).filter(i => i % 3 > 0)
      if (kept.length < minRows) return []
      const excluded = rowsOf(points).filter((_, i) => i % 3 === 0)
      const atExcluded = startsOn(points, seed, draws === 'never' ? 1 : 20).flatMap(params =>
        paramCentres(params).filter(centre => excluded.some(row => rowDistance(row, centre) === 0))
      )
      const without = Points.select(kept)(points)
      return [
        equals({ 'centres at rows of weight 0': atExcluded.length }, { 'centres at rows of weight 0': 0 }),
        draws === 'never' && startsAgree(subject, startOn(points, seed), startOn(without, seed), { points, seed })
      ]
    }
  })
}

const translatesWithData = <P extends string>(subject: InitializerSubject<P>): LawBuilder => {
  const { onCases, moves, symmetries, startOn } = subject
  return onCases({
    name: 'a start moves with the data',
    quantity: 'parameters',
    statement:
      '∀ x in general position, b, keys: of x + b the centres are those of x, + b, and the rest is the same. To 1e-7 r: means and eigenvectors round, and a root of what is left of an eigenvalue takes half of the digits.',
    source: 'distances, means and covariances',
    claim: moves && symmetries.translate,
    option: 'moves',
    says: ({ scattered, seed }, translate) => {
      const by = Array.from(Key.normal(scattered.dim)(Key.fromSeed(seed + 1)))
      const moved = startOn(mapPointRows(row => Density.addRows(row, by))(scattered), seed)
      return startsAgree(subject, moved, translate(by)(startOn(scattered, seed)), { points: scattered, seed })
    }
  })
}

const rotatesWithData = <P extends string>(subject: InitializerSubject<P>): LawBuilder => {
  const { onCases, turns, symmetries, startOn } = subject
  return onCases({
    name: 'a start turns with the data',
    quantity: 'parameters',
    statement:
      '∀ x in general position, orthogonal Q, keys: of Qx the centres are Q times those of x, and the rest is the same. To 1e-7 r; of the symmetric pair, up to sign.',
    source: 'distances, means and covariances',
    claim: turns && symmetries.rotate,
    option: 'turns',
    says: ({ scattered, seed }, rotate) => {
      const turn = orthogonalMap(seed, scattered.dim)
      return startsAgree(
        subject,
        startOn(mapPointRows(turn)(scattered), seed),
        rotate(turn)(startOn(scattered, seed)),
        { points: scattered, seed }
      )
    }
  })
}

const someKeysStartDifferently = <P extends string>({
  onWide,
  startOn,
  startsOn,
  draws,
  centreCount
}: InitializerSubject<P>): LawBuilder =>
  onWide({
    name: 'some keys start others',
    quantity: 'starts',
    statement: '∀ x in general position in a plane: of forty keys not all start the same. Exactly.',
    source: 'randomness is a value',
    maxCases: 20,
    claim: draws === 'sometimes' && centreCount >= 2,
    option: 'draws',
    says: ({ points, seed }) => {
      const found = startsOn(points, seed, 39)
      return differs(
        found,
        found.map(() => startOn(points, seed))
      )
    }
  })

const someStartsHaveDistinctCentres = <P extends string>(subject: InitializerSubject<P>): LawBuilder => {
  const { onWide, startsOn, draws, isApart, apartReason } = subject
  return onWide({
    name: 'centres are apart',
    statement:
      '∀ x in general position in a plane, keys: of forty starts some have no two centres that are the same: equal centres stay equal for ever. Exactly.',
    source: 'what is symmetric has a symmetric gradient',
    maxCases: 20,
    claim: isApart,
    option: 'apart',
    ...(apartReason !== null && { reason: apartReason }),
    says: ({ points, seed }) => {
      const found = startsOn(points, seed - 1, draws === 'never' ? 1 : 40)
      const closest = found.map(params =>
        Math.min(...paramCentres(params).flatMap((a, i, all) => all.slice(i + 1).map(b => rowDistance(a, b))))
      )
      return above({ 'distance of two centres': Math.max(...closest) }, 0)
    }
  })
}

const dataSourceStartsAsItsRows = <P extends string>({ initializer, score, dim }: InitializerSubject<P>): LawBuilder =>
  forAll(fc.record({ rows: fc.integer({ min: 20, max: 30 }), seed: Arbitrary.seeds }))({
    ...declarationInfo('streams'),
    statement: '∀ x, keys: from a source of the rows it starts as from the rows, bit for bit.',
    maxCases: 5,
    claim: E.isRight(Initializer.interpret(score, Source.of(scaledNormalPoints(20, dim ?? 2, 1, 1)))(initializer)),
    says: ({ rows, seed }) => {
      const points = scaledNormalPoints(rows, dim ?? 2, seed, 1)
      const [source, whole] = [Source.of(points), points].map(data =>
        compiledOrThrow(Initializer.interpret(score, data)(initializer))(Key.fromSeed(seed))
      )
      return sameBits(source, whole)
    }
  })

/** Relation that two starts agree to 1e-7 of the data, up to an exchange of components. */
const startsAgree = <P extends string>(
  { score, symmetries }: InitializerSubject<P>,
  found: Params.Params<P>,
  wanted: Params.Params<P>,
  { points, seed }: { readonly points: Points.Points; readonly seed: number }
): Relation => {
  const exchange = Arbitrary.isMirroredScore(score) ? symmetries.relabel : undefined
  const exchanged = exchange?.(seed)(wanted) ?? wanted
  const distance = (of: Params.Params<P>): number => maxAbs(minus(flattenParams(found), flattenParams(of)))
  return equals(
    flattenParams(found),
    flattenParams(distance(exchanged) < distance(wanted) ? exchanged : wanted),
    1e-7 * pointsMagnitude(points)
  )
}

// —— equal distributions ——

/** Starts of each initializer, enough to distinguish shares by a tenth. */
const STARTS_COMPARED = 2400

/** Law that two initializers have the same distribution of starts; skipped if b is undefined. */
export const sameStartDistribution = <P extends string>(
  a: Initializer.Initializer,
  b: Initializer.Initializer | undefined,
  score: Score.Score<P>
): LawBuilder =>
  forAll(
    fc.record({
      // If distances grow fast, all powers of them select the farthest row; otherwise each selects another.
      points: fc
        .tuple(fc.nat(3), fc.integer({ min: 1, max: 2 }), fc.constantFrom(1.3, 1, 2), Arbitrary.seeds)
        .map(([rows, dim, growth, seed]): Points.Points => {
          const spread = scaledNormalPoints(Arbitrary.minRows(score) + 3 + rows, dim, seed, 1)
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
      `∀ x, some far from the others, some of weights from 0 to 3: over ${STARTS_COMPARED} keys the means of all parameters, of their squares, of the distances of the first centre from the others and of their squares, and the shares of each row as each centre, are those of ${Initializer.show(b)}, up to 6 standard errors of their difference, which the samples give, and 1e-9. A comparison of a right one fails with probability 2e-9.`,
    source: 'the stated formula; law of large numbers',
    maxCases: 4,
    claim: b,
    option: 'equals',
    says: ({ points, seed }, b) => {
      const [found, wanted] = [a, b].map((initializer, i) => {
        const start = compiledOrThrow(Initializer.interpret(score, points)(initializer))
        return Key.split(STARTS_COMPARED)(Key.fromSeed(2 * seed + i)).map(key =>
          startFeatures(rowsOf(points))(start(key))
        )
      })
      const feature = (rows: typeof found, at: number): ReadonlyArray<number> => rows.map(row => row[at])
      return wanted[0].map((_, at) => Chance.sameMean(feature(found, at), feature(wanted, at), 6))
    }
  })

/** Parameters, distances of centres, their squares, and which row equals which centre, to compare in mean. */
const startFeatures =
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

// —— points and centres ——

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
const scaledNormalPoints = (rows: number, dim: number, seed: number, scale: number): Points.Points => ({
  rows,
  dim,
  values: Key.normal(rows * dim)(Key.fromSeed(seed)).map(z => scale * z)
})

const moveFirstRowFar = (points: Points.Points): Points.Points => ({
  ...points,
  values: points.values.map((x, at) => (at < points.dim ? 4 * x + 4 * Math.sign(x) * maxAbs(points.values) : x))
})

/** The points with weights 0, 1, 2, 0, 1, … */
const withCyclicWeights = (points: Points.Points): Points.Points => ({
  ...points,
  weights: Float64Array.from({ length: points.rows }, (_, i) => i % 3)
})

const reflectAndShift = (points: Points.Points): Points.Points => ({
  ...points,
  values: points.values.map(x => 2 - x / 2)
})

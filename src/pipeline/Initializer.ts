/** Initializers: where a pipeline starts. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import * as Elementary from '../../lib/elementary.js'
import {
  add,
  argMax,
  compute,
  div,
  fromNdArray,
  greater,
  Key,
  matMul,
  maximum,
  mul,
  neg,
  oneHot,
  reshape,
  square,
  squaredDistances,
  sub,
  sum,
  tensor,
  where,
  type NdArray
} from '../../lib/index.js'
import { size } from '../../lib/ndarray.js'
import { principal, type Table } from '../../lib/principal.js'
import * as ExpectationMaximization from '../mixture/ExpectationMaximization.js'
import * as Frame from '../mixture/Frame.js'
import * as Limits from '../core/Limits.js'
import * as Params from '../score/Params.js'
import * as Points from '../data/Points.js'
import * as Problem from '../core/Problem.js'
import * as Score from '../score/Score.js'
import * as Tagged from '../core/Tagged.js'

export interface Gaussian {
  readonly _tag: 'Gaussian'
  readonly scale: number
}

export interface FromData {
  readonly _tag: 'FromData'
}

export interface KMeansPlusPlus {
  readonly _tag: 'KMeansPlusPlus'
}

export interface Spectral {
  readonly _tag: 'Spectral'
}

export interface WarmStart {
  readonly _tag: 'WarmStart'
  readonly centres: ReadonlyArray<ReadonlyArray<number>>
  readonly radius: number
}

export interface Values {
  readonly _tag: 'Values'
  readonly values: Params.Params<string>
}

export interface Centres {
  readonly _tag: 'Centres'
  readonly centres: ReadonlyArray<ReadonlyArray<number>>
}

export interface OnSphere {
  readonly _tag: 'OnSphere'
  readonly radius: number
}

export interface KMeans {
  readonly _tag: 'KMeans'
  readonly steps: number
}

export interface MomentsMatched {
  readonly _tag: 'MomentsMatched'
}

export interface BestOf {
  readonly _tag: 'BestOf'
  readonly count: number
  readonly initializer: Initializer
}

export interface Perturbed {
  readonly _tag: 'Perturbed'
  readonly scale: number
  readonly initializer: Initializer
}

export type Initializer =
  | Gaussian
  | OnSphere
  | FromData
  | KMeansPlusPlus
  | KMeans
  | Spectral
  | MomentsMatched
  | WarmStart
  | Values
  | Centres
  | BestOf
  | Perturbed

/**
 * Every centre (for a custom score: every parameter) normal with standard deviation `scale`: the paper's random start. About the
 * mean of the data; for the pair, whose middle is 0, about 0.
 */
export const gaussian = ({ scale }: Omit<Gaussian, '_tag'>): Initializer => ({ _tag: 'Gaussian', scale })

/** Every centre at a distance `radius` from the mean of the data, in a random direction. */
export const onSphere = ({ radius }: Omit<OnSphere, '_tag'>): Initializer => ({ _tag: 'OnSphere', radius })

/** Centres next to the mean of the data (for the pair, next to 0), all but equal: where annealing from high noise begins. */
export const tiny: Initializer = gaussian({ scale: 1e-3 })

/** Different rows of the data, drawn in proportion to their weights. */
export const fromData: Initializer = { _tag: 'FromData' }

/** Rows of the data, each drawn in proportion to its squared distance from those before (Arthur & Vassilvitskii 2007). */
export const kMeansPlusPlus: Initializer = { _tag: 'KMeansPlusPlus' }

/** Lloyd's algorithm from k-means++ centres: each centre moves to the mean of the rows nearest to it (Lloyd 1982). */
export const kMeans = ({ steps }: Omit<KMeans, '_tag'>): Initializer => ({ _tag: 'KMeans', steps })

/** Centres normal with the mean of the data and the covariance that theirs has beyond the components' own, Ĉov − I. */
export const momentsMatched: Initializer = { _tag: 'MomentsMatched' }

/** Of `count` starts, the likeliest on the data; for scores with a density. */
export const bestOf =
  (count: number) =>
  (initializer: Initializer): Initializer => ({ _tag: 'BestOf', count, initializer })

/** Every parameter of another start moved by a normal of standard deviation `scale`: off a saddle, say. */
export const perturbed =
  (scale: number) =>
  (initializer: Initializer): Initializer => ({ _tag: 'Perturbed', scale, initializer })

/**
 * For the symmetric pair, the top eigenvector of Ĉ − I (Ĉ the second moment), its length from the eigenvalue. For K
 * components, k-means++ among the data projected on the top K − 1 principal directions (Vempala & Wang 2004).
 */
export const spectral: Initializer = { _tag: 'Spectral' }

/** Each centre displaced by `radius` in a random direction: the paper's warm start. */
export const warmStart = ({ centres, radius }: Omit<WarmStart, '_tag'>): Initializer => ({
  _tag: 'WarmStart',
  centres,
  radius
})

/**
 * Exactly these: a list of centres (other parameters get their usual start), or all parameters by name.
 *
 * @example
 * import { Initializer, Params } from 'ornstein'
 *
 * export const centres = Initializer.values([[0, 0], [3, 4]])
 * export const all = Initializer.values(Params.of({ means: [[0, 0], [3, 4]], logits: [0, 0], logVariances: [0, 1] }))
 */
export const values = (values: ReadonlyArray<ReadonlyArray<number>> | Params.Params<string>): Initializer =>
  isList(values) ? { _tag: 'Centres', centres: values } : { _tag: 'Values', values }

// Array.isArray alone does not narrow a readonly array.
const isList = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

export const fold = Tagged.fold<Initializer>()

/** How an initializer starts a score on data; or why it cannot. */
export type Start<P extends string> = E.Either<ReadonlyArray<Problem.Problem>, (key: Key.Key) => Params.Params<P>>

type Draw = (key: Key.Key) => NdArray

const normals =
  (shape: ReadonlyArray<number>, scale: number): Draw =>
  key => ({ shape, values: Key.normal(size(shape))(key).map(z => scale * z) })

const rows = (points: Points.Points, chosen: ReadonlyArray<number>): NdArray => ({
  shape: [chosen.length, points.dim],
  values: Float64Array.from(chosen.flatMap(i => Array.from(Points.row(i)(points))))
})

/** The `count` smallest of exponential clocks with the rows' weights as rates: sampling without replacement. */
const differentRows =
  (points: Points.Points, count: number): Draw =>
  key => {
    const weights = Points.weightsOf(points)
    const clocks = Key.uniform(points.rows)(key).map((u, i) =>
      weights[i] > 0 ? -Elementary.log1p(-u) / weights[i] : Infinity
    )
    const order = Array.from(clocks, (_, i) => i).sort((i, j) => clocks[i] - clocks[j])
    return rows(points, order.slice(0, count))
  }

const squaredDistanceTo = (points: Points.Points, centre: ReadonlyArray<number>): Float64Array =>
  compute(() => sum(square(sub(Points.tensor(points), tensor(centre, [1, points.dim]))), 1)).values

/** Each row's squared distance to the nearest centre. */
const nearest = (points: Points.Points, centres: NdArray): Float64Array =>
  Array.from({ length: centres.shape[0] }, (_, k) =>
    squaredDistanceTo(points, Array.from(centres.values.subarray(k * points.dim, (k + 1) * points.dim)))
  ).reduce((least, distances) => least.map((d, i) => Math.min(d, distances[i])))

/**
 * What is no reason to prefer one start to another. Ties are common: two candidates each of which would be nearest to the
 * other one and to itself leave equal distances, two starts with their centres in another order have equal likelihoods;
 * they must not be broken by roundings, which are others where the data are moved or turned. The first drawn is taken.
 */
const SAME = 1e-9

/** Greedy k-means++: of a few candidates for each centre, the one that leaves the least distance. */
const spread =
  (points: Points.Points, count: number): Draw =>
  key => {
    const weights = Points.weightsOf(points)
    const keys = Key.split(count)(key)
    const first = Key.categorical(weights)(1)(keys[0])[0]
    const candidates = 2 + Math.floor(Elementary.log(count))
    const total = (distances: Float64Array): number => distances.reduce((sum, d, i) => sum + weights[i] * d, 0)
    const distancesTo = (i: number): Float64Array => squaredDistanceTo(points, Points.row(i)(points))
    const { chosen } = keys.slice(1).reduce<{ chosen: ReadonlyArray<number>; distances: Float64Array }>(
      ({ chosen, distances }, key) => {
        const mass = distances.map((d, i) => weights[i] * d)
        const drawn = Key.categorical(mass.some(m => m > 0) ? mass : weights)(candidates)(key)
        return Array.from(drawn, i => ({ i, distances: distancesTo(i).map((d, j) => Math.min(d, distances[j])) }))
          .map(({ i, distances }) => ({ chosen: [...chosen, i], distances, left: total(distances) }))
          .reduce((best, next) => (next.left < best.left - SAME * best.left ? next : best))
      },
      { chosen: [first], distances: distancesTo(first) }
    )
    return rows(points, chosen)
  }

/** The mean of the rows nearest to each centre; a centre that is nearest to none stays. */
const lloyd =
  (points: Points.Points) =>
  (centres: NdArray): NdArray => {
    const [count, dim] = centres.shape
    const moved = compute(() => {
      const x = Points.tensor(points)
      const c = fromNdArray(centres)
      const closeness = neg(squaredDistances(x, c))
      const belongs = mul(oneHot(argMax(closeness, 1), count), tensor(Points.weightsOf(points), [points.rows, 1]))
      const mass = reshape(sum(belongs, 0), [count, 1])
      const means = div(matMul(belongs, x, { transposeA: true }), maximum(mass, Number.MIN_VALUE))
      return where(greater(mass, 0), means, c)
    })
    return { shape: [count, dim], values: moved.values }
  }

const table = (points: Points.Points): Table => ({ ...points, weights: Points.weightsOf(points) })

/**
 * The sign of the longest entry of an eigenvector, the first of those that are as long up to rounding: eigenvectors come
 * with either sign, by a rounding, and times it they do not.
 */
const side = (vector: Float64Array): number => {
  const longest = vector.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  return (vector.find(x => Math.abs(x) >= (1 - 1e-6) * longest) ?? 1) < 0 ? -1 : 1
}

/** Normals with the mean of the data and the covariance Ĉov − I, its negative part left out. */
const momentMatchedCentres =
  (points: Points.Points, count: number): Draw =>
  key => {
    const { dim, rows } = points
    const mean = Points.mean(points)
    // All directions with a spread of their own: no more than rows.
    const { values, vectors } = principal(table(points), mean, Math.min(dim, rows))
    const deviations = values.map(
      (value, i) => side(vectors.subarray(i * dim, (i + 1) * dim)) * Math.sqrt(Math.max(value - 1, 0))
    )
    const coordinates = Key.normal(count * dim)(key)
    return {
      shape: [count, dim],
      values: Float64Array.from({ length: count * dim }, (_, at) => {
        const [k, j] = [Math.floor(at / dim), at % dim]
        return deviations.reduce(
          (sum, deviation, i) => sum + deviation * coordinates[k * dim + i] * vectors[i * dim + j],
          mean[j]
        )
      })
    }
  }

const topOfSecondMoment = (points: Points.Points): NdArray => {
  const { dim } = points
  const { values, vectors } = principal(table(points), new Float64Array(dim), 1)
  // Below the spectral threshold the eigenvalue says nothing of the length; 1/√n keeps the start off the saddle at 0.
  const length = Math.sqrt(Math.max(values[0] - 1, 1 / points.rows))
  return { shape: [1, dim], values: vectors.map(v => length * v) }
}

const projectedOnTop = (points: Points.Points, directions: number): Points.Points => {
  const { dim } = points
  const centre = Points.mean(points)
  const { values, vectors } = principal(table(points), centre, directions)
  const projected = compute(() => {
    const mean = tensor(centre, [1, dim])
    const basis = tensor(vectors, [values.length, dim])
    const coordinates = matMul(sub(Points.tensor(points), mean), basis, { transposeB: true })
    return add(mean, matMul(coordinates, basis))
  })
  return { ...points, values: projected.values }
}

const displaced =
  (centres: NdArray, radius: number): Draw =>
  key => {
    const dim = centres.shape[1]
    const directions = Key.normal(centres.values.length)(key)
    const norms = Array.from({ length: centres.shape[0] }, (_, k) =>
      Elementary.norm(directions.subarray(k * dim, (k + 1) * dim))
    )
    return {
      shape: centres.shape,
      values: centres.values.map((c, at) => c + (radius * directions[at]) / norms[Math.floor(at / dim)])
    }
  }

/** The average variance of the data about the nearest centre, per coordinate: where variances start. */
const varianceAbout = (points: Points.Points, centres: NdArray): number => {
  const weights = Points.weightsOf(points)
  const total = nearest(points, centres).reduce((sum, d, i) => sum + weights[i] * d, 0)
  return total > 0 ? total / points.dim : 1
}

const notNegative = (field: string, value: number, suggestion: number): ReadonlyArray<Problem.Problem> =>
  Problem.unless(value >= 0 && value < Infinity, field, value, '≥ 0 and finite', `try ${suggestion}`)

/** How many starts an initializer makes to hand on one. */
const starts = (initializer: Initializer): number =>
  ('count' in initializer ? initializer.count : 1) *
  ('initializer' in initializer ? starts(initializer.initializer) : 1)

/** What is wrong with an initializer, before any data. */
export const problems: (initializer: Initializer) => ReadonlyArray<Problem.Problem> = fold<
  ReadonlyArray<Problem.Problem>
>({
  Gaussian: ({ scale }) => Problem.positive('scale', scale, 1),
  OnSphere: ({ radius }) => Problem.positive('radius', radius, 1),
  FromData: () => [],
  KMeansPlusPlus: () => [],
  KMeans: ({ steps }) => Problem.count('steps', steps, 0, 20, Limits.moves),
  MomentsMatched: () => [],
  Spectral: () => [],
  WarmStart: ({ radius }) => notNegative('radius', radius, 0.5),
  Values: () => [],
  Centres: () => [],
  BestOf: ({ count, initializer }) => [
    ...Problem.count('count', count, 1, 10, Limits.attempts),
    ...Problem.unless(
      !(count <= Limits.attempts) || count * starts(initializer) <= Limits.attempts,
      'count',
      `${count} times ${starts(initializer)} starts`,
      `at most ${Limits.attempts}`,
      'take the best once, of fewer'
    ),
    ...problems(initializer).map(Problem.within('initializer'))
  ],
  Perturbed: ({ scale, initializer }) => [
    ...notNegative('scale', scale, 0.1),
    ...problems(initializer).map(Problem.within('initializer'))
  ]
})

/** The start of a score on data, or all that is wrong with the initializer for them. */
export const interpret =
  <P extends string>(score: Score.Score<P>, points: Points.Points) =>
  (initializer: Initializer): Start<P> => {
    const own = problems(initializer).map(Problem.within('initializer'))
    const start = pipe(initializer, fit(score, points))
    return own.length === 0 ? start : E.left([...(E.isLeft(start) ? start.left : []), ...own])
  }

/** The start of a score on data; or how the initializer, sound in itself, does not fit them. */
const fit =
  <P extends string>(score: Score.Score<P>, points: Points.Points) =>
  (initializer: Initializer): Start<P> => {
    const model = Score.interpret(score)
    const { shapes, family } = model
    const { middle } = Frame.ofModel(model, points)
    const wanted = shapes(points.dim)
    const noCentres = (): ReadonlyArray<Problem.Problem> => [
      Problem.of(
        'initializer',
        show(initializer),
        `one for ${Score.show(score)}, which ${O.isSome(family) ? 'does not say how it starts from centres' : 'has no centres'}`,
        O.isSome(family)
          ? 'use Initializer.gaussian, or Initializer.values with all parameters by name, or give the family its start'
          : 'use Initializer.gaussian, or Initializer.values with all parameters by name'
      )
    ]
    const fromCentres = pipe(
      family,
      O.chain(family => Score.startOf(family, points.dim))
    )
    const started = (draw: (count: number) => Draw): Start<P> =>
      pipe(
        fromCentres,
        E.fromOption(noCentres),
        E.map(({ fromCentres, count }) => {
          const centresOf = draw(count)
          return key => {
            const centres = centresOf(key)
            return fromCentres(centres, varianceAbout(points, centres))
          }
        })
      )
    const given = (centres: ReadonlyArray<ReadonlyArray<number>>, then: (centres: NdArray) => Draw): Start<P> => {
      const array = Params.ndArray(centres)
      const count = pipe(
        fromCentres,
        O.fold(
          () => centres.length,
          ({ count }) => count
        )
      )
      const fits =
        array !== null && array.shape.length === 2 && array.shape[0] === count && array.shape[1] === points.dim
      return fits && array.values.every(Number.isFinite)
        ? started(() => then(array))
        : E.left([
            Problem.of(
              'initializer.centres',
              JSON.stringify(centres),
              `${count} finite centre${count === 1 ? '' : 's'} of ${points.dim} coordinates`,
              'give one list of coordinates for each centre'
            )
          ])
    }
    const inner = (initializer: Initializer): Start<P> =>
      pipe(initializer, fit(score, points), E.mapLeft(RA.map(Problem.within('initializer'))))
    return fold<Start<P>>({
      OnSphere: ({ radius }) => {
        const mean = Points.mean(points)
        const atMean = (count: number): NdArray => ({
          shape: [count, points.dim],
          values: Float64Array.from({ length: count * points.dim }, (_, at) => mean[at % points.dim])
        })
        return started(count => displaced(atMean(count), radius))
      },
      KMeans: ({ steps }) =>
        started(count => key => Array.from({ length: steps }).reduce(lloyd(points), spread(points, count)(key))),
      MomentsMatched: () => started(count => momentMatchedCentres(points, count)),
      BestOf: ({ count, initializer }) =>
        pipe(
          E.Do,
          E.apS('family', E.fromOption(noCentres)(family)),
          E.apS('start', inner(initializer)),
          E.map(({ family, start }) => {
            const loss = ExpectationMaximization.loss(family, points)
            return (key: Key.Key) =>
              Key.split(count)(key)
                .map(start)
                .map(params => ({ params, loss: loss(params) }))
                .reduce((best, next) => (next.loss < best.loss - SAME * (1 + Math.abs(best.loss)) ? next : best)).params
          })
        ),
      Perturbed: ({ scale, initializer }) =>
        pipe(
          inner(initializer),
          E.map(start => key => {
            const keys = pipe(key, Key.named('start', 'noise'))
            return pipe(
              start(keys.start),
              Params.map(({ shape, values }: NdArray, name) => {
                const noise = Key.normal(values.length)(Key.named(name)(keys.noise)[name])
                return { shape, values: values.map((value, i) => value + scale * noise[i]) }
              })
            )
          })
        ),
      Gaussian: ({ scale }) =>
        O.isSome(fromCentres)
          ? started(count => key => {
              const { values, shape } = normals([count, points.dim], scale)(key)
              return { shape, values: values.map((c, at) => c + (middle === null ? 0 : middle[at % points.dim])) }
            })
          : E.right(key =>
              pipe(
                wanted,
                Params.map((shape: ReadonlyArray<number>, name) => normals(shape, scale)(Key.named(name)(key)[name]))
              )
            ),
      FromData: () => started(count => differentRows(points, count)),
      KMeansPlusPlus: () => started(count => spread(points, count)),
      Spectral: () =>
        started(count =>
          O.isSome(family) && family.value.mirrored
            ? () => topOfSecondMoment(points)
            : spread(projectedOnTop(points, Math.max(1, count - 1)), count)
        ),
      WarmStart: ({ centres, radius }) => given(centres, array => displaced(array, radius)),
      Centres: ({ centres }) => given(centres, array => () => array),
      Values: ({ values }) => {
        const problems = parameterProblems(wanted, values)
        // `parameterProblems` has just checked that the names are those of the score.
        return problems.length > 0 ? E.left(problems) : E.right(() => values as Params.Params<P>)
      }
    })(initializer)
  }

const parameterProblems = (
  wanted: Params.Shapes<string>,
  values: Params.Params<string>
): ReadonlyArray<Problem.Problem> => {
  const print = (shape: ReadonlyArray<number>): string => `[${shape.join(', ')}]`
  return [
    ...Params.names(wanted).flatMap(name => {
      const field = `initializer.values.${name}`
      if (!(name in values)) return [Problem.of(field, 'missing', `an array of shape ${print(wanted[name])}`, 'add it')]
      const { shape, values: entries } = values[name]
      return print(shape) !== print(wanted[name]) || entries.length !== size(shape)
        ? [Problem.of(field, `shape ${print(shape)}`, `of shape ${print(wanted[name])}`, 'reshape it to fit the data')]
        : Problem.unless(entries.every(Number.isFinite), field, 'NaN or infinite somewhere', 'finite', 'correct it')
    }),
    ...Params.names(values).flatMap(name =>
      Problem.unless(
        name in wanted,
        `initializer.values.${name}`,
        'given',
        `a parameter of the score, which has ${Object.keys(wanted).join(', ')}`,
        'leave it out'
      )
    )
  ]
}

export const show: (initializer: Initializer) => string = fold<string>({
  OnSphere: ({ radius }) => `Initializer.onSphere({ radius: ${radius} })`,
  KMeans: ({ steps }) => `Initializer.kMeans({ steps: ${steps} })`,
  MomentsMatched: () => 'Initializer.momentsMatched',
  BestOf: ({ count, initializer }) => `Initializer.bestOf(${count})(${show(initializer)})`,
  Perturbed: ({ scale, initializer }) => `Initializer.perturbed(${scale})(${show(initializer)})`,
  Gaussian: ({ scale }) => `Initializer.gaussian({ scale: ${scale} })`,
  FromData: () => 'Initializer.fromData',
  KMeansPlusPlus: () => 'Initializer.kMeansPlusPlus',
  Spectral: () => 'Initializer.spectral',
  WarmStart: ({ centres, radius }) =>
    `Initializer.warmStart({ centres: ${JSON.stringify(centres)}, radius: ${radius} })`,
  Values: ({ values }) => `Initializer.values(${Params.show(values)})`,
  Centres: ({ centres }) => `Initializer.values(${JSON.stringify(centres)})`
})

const lists = t.readonlyArray(t.readonlyArray(Params.numberCodec))

export const codec: t.Type<Initializer, unknown> = t.recursion('Initializer', () =>
  t.union([
    t.type({ _tag: t.literal('Gaussian'), scale: t.number }),
    t.type({ _tag: t.literal('OnSphere'), radius: t.number }),
    t.type({ _tag: t.literal('FromData') }),
    t.type({ _tag: t.literal('KMeansPlusPlus') }),
    t.type({ _tag: t.literal('KMeans'), steps: t.number }),
    t.type({ _tag: t.literal('Spectral') }),
    t.type({ _tag: t.literal('MomentsMatched') }),
    t.type({ _tag: t.literal('WarmStart'), centres: lists, radius: t.number }),
    t.type({ _tag: t.literal('Values'), values: Params.codec }),
    t.type({ _tag: t.literal('Centres'), centres: lists }),
    t.type({ _tag: t.literal('BestOf'), count: t.number, initializer: codec }),
    t.type({ _tag: t.literal('Perturbed'), scale: t.number, initializer: codec })
  ])
)

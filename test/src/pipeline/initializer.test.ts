/** Where pipelines start: what each initializer promises, weights honoured. */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import { pipe } from 'fp-ts/lib/function.js'
import { Field, Key, Metric, Mixture, Points, Problem, Score } from '../../../src/index.js'
import * as Params from '../../../src/core/params.js'
import * as Initializer from '../../../src/pipeline/initializer.js'

const given = [[-6, 0, 1], [6, 0, 1], [0, 8, 1]] // prettier-ignore
const truth = Mixture.of({ means: given })
const points = Mixture.sample(600)(Key.fromSeed(2))(truth)
const score = Score.spherical({ components: 3 })

const start = <P extends string>(
  initializer: Initializer.Initializer,
  to: Score.Score<P>,
  data: Points.Points = points
): ((seed: number) => Params.Params<P>) => {
  const started = Problem.orThrow(Initializer.interpret(to, data)(initializer))
  return seed => started(Key.fromSeed(seed))
}

const centres = (params: Params.Params<'means'>): ReadonlyArray<ReadonlyArray<number>> =>
  // The parameter has two axes.
  Params.nested(params.means) as ReadonlyArray<ReadonlyArray<number>>

const distance = (a: ReadonlyArray<number>, b: ArrayLike<number>): number => Math.hypot(...a.map((x, j) => x - b[j]))

const SEEDS = Array.from({ length: 20 }, (_, i) => i)

describe('rows are taken by their weights', () => {
  const data = { rows: 4, dim: 1, values: Float64Array.of(0, 1, 2, 3), weights: Float64Array.of(1, 2, 0, 5) }
  const share = (masses: ReadonlyArray<number>, at: number): number => masses[at] / masses.reduce((a, b) => a + b)

  it.each<readonly [string, Initializer.Initializer, (first: number, row: number) => number]>([
    ['fromData', Initializer.fromData, (first, row) => (first === row ? 0 : 1)],
    ['k-means++', Initializer.kMeansPlusPlusOf({ trials: 1 }), (first, row) => (first - row) ** 2]
  ])('%s: the first, and the second beside it', (_, initializer, factor) => {
    const repeats = 2000
    const two = start(initializer, Score.spherical({ components: 2 }), data)
    const taken = Array.from({ length: repeats }, (_, seed) => Array.from(two(seed).means.values))
    const weights = Array.from(data.weights)
    for (const row of [0, 1, 2, 3]) {
      const second = weights.reduce((sum, _, first) => {
        const masses = weights.map((weight, other) => weight * factor(first, other))
        return sum + share(weights, first) * share(masses, row)
      }, 0)
      // Hoeffding: each share is within 0.085 of its mean but with probability 2 exp(−2 · 2000 · 0.085²) < 1e-12.
      ;[share(weights, row), second].forEach((wanted, k) => {
        const found = taken.filter(centres => centres[k] === row).length / repeats
        expect(Math.abs(found - wanted), `${row} as ${k}`).toBeLessThan(0.085)
      })
    }
    expect(taken.flat()).not.toContain(2)
  })
})

describe('kMeansPlusPlus, spectral', () => {
  it.each([
    ['kMeansPlusPlus', Initializer.kMeansPlusPlus],
    ['spectral', Initializer.spectral]
  ] as const)('%s finds well separated clusters', (_, initializer) => {
    // Greedy seeding misses a cluster only when both candidates of a draw fall in clusters already chosen.
    const errors = SEEDS.map(seed => Metric.centreError(start(initializer, score)(seed), truth))
    expect(errors.filter(error => error < 3).length).toBeGreaterThanOrEqual(18)
  })

  it('starts duplicates somewhere', () => {
    const data = { rows: 3, dim: 1, values: Float64Array.of(1, 1, 1) }
    expect(centres(start(Initializer.kMeansPlusPlus, Score.spherical({ components: 2 }), data)(1))).toEqual([[1], [1]])
  })
})

describe('hierarchical', () => {
  const full = Score.full({ components: 3 })
  const mixtureOf = (data: Points.Points, rows = 1000): Mixture.Mixture => {
    const params = start(Initializer.hierarchical({ rows }), full, data)(1)
    return pipe(
      Score.toMixture(full)(params),
      O.getOrElse((): Mixture.Mixture => {
        throw new Error('no mixture')
      })
    )
  }

  it('is the mixture of the clusters: shares, means, covariances drawn to the common one by d + 1 rows', () => {
    const { weights, means } = mixtureOf(points)
    const covariances = Mixture.covariances(mixtureOf(points)).values
    // The clusters are 10 standard deviations apart: the row nearest to each centre says which one it is of.
    const rows = Points.toRows(points)
    const labels = rows.map(row => {
      const gaps = truth.weights.map((_, k) => distance(row, truth.means.values.subarray(k * 3, k * 3 + 3)))
      return gaps.indexOf(Math.min(...gaps))
    })
    const groups = [0, 1, 2].map(k => rows.filter((_, i) => labels[i] === k))
    const scatter = (group: typeof rows, p: number, q: number): number => {
      const mean = (j: number): number => group.reduce((sum, row) => sum + row[j], 0) / group.length
      const a = mean(p)
      const b = mean(q)
      return group.reduce((sum, row) => sum + (row[p] - a) * (row[q] - b), 0)
    }
    const common = (p: number, q: number): number =>
      groups.reduce((sum, group) => sum + scatter(group, p, q), 0) / rows.length
    for (const group of groups) {
      const at = [0, 1, 2].find(k => distance(group[0], means.values.subarray(k * 3, k * 3 + 3)) < 6) ?? NaN
      expect(weights[at]).toBeCloseTo(group.length / rows.length, 12)
      for (const p of [0, 1, 2])
        for (const q of [0, 1, 2])
          expect(covariances[at * 9 + p * 3 + q]).toBeCloseTo(
            (scatter(group, p, q) + 4 * common(p, q)) / (group.length + 4),
            11
          )
    }
  })

  it('draws nothing, and does not see the order of the rows', () => {
    const params = start(Initializer.hierarchical(), full)
    expect(params(2)).toEqual(params(1))
    const order = Array.from({ length: points.rows }, (_, i) => (i * 7) % points.rows)
    expect(order.length).toBe(new Set(order).size)
    expect(start(Initializer.hierarchical(), full, Points.select(order)(points))(1)).toEqual(params(1))
  })

  it('of many rows takes some, and finds the same clusters', () => {
    const { means } = mixtureOf(points, 60)
    // Some 20 rows of unit variance a cluster in 3 coordinates: the mean is within 6 √(3/10) of the centre.
    truth.weights.forEach((_, k) => {
      const nearest = [0, 1, 2].map(i =>
        distance(Array.from(truth.means.values.subarray(k * 3, k * 3 + 3)), means.values.subarray(i * 3, i * 3 + 3))
      )
      expect(Math.min(...nearest)).toBeLessThan(3.3)
    })
  })

  it('starts a pair at the difference of two clusters by their shares, more components than rows, and equal rows', () => {
    const two = { rows: 4, dim: 1, values: Float64Array.of(-3, 3, -1, 1) }
    // One row at −3 and three about 1: |¼ (−3) − ¾ · 1|
    expect(Math.abs(start(Initializer.hierarchical(), Score.symmetricPair, two)(1).mean.values[0])).toBe(1.5)
    const alone = { rows: 2, dim: 2, values: Float64Array.of(1, 2, 5, 2) }
    const five = start(Initializer.hierarchical(), Score.full({ components: 5 }), alone)(1)
    expect(Params.isFiniteParams(five)).toBe(true)
    expect(centres(five).map(([x]) => x)).toEqual([1, 5, 1, 5, 1])
    const same = { rows: 3, dim: 2, values: Float64Array.of(4, 4, 4, 4, 4, 4) }
    expect(Params.isFiniteParams(start(Initializer.hierarchical(), Score.diagonal({ components: 2 }), same)(1))).toBe(
      true
    )
  })
})

describe('onSphere, warmStart', () => {
  it('are at their radius', () => {
    const mean = Points.mean(points)
    for (const centre of centres(start(Initializer.onSphere({ radius: 3 }), score)(1)))
      expect(Math.abs(distance(centre, mean) - 3)).toBeLessThan(1e-12)
    const warm = centres(start(Initializer.warmStart({ centres: given, radius: 0.5 }), score)(1))
    warm.forEach((centre, k) => {
      expect(Math.abs(distance(centre, given[k]) - 0.5)).toBeLessThan(1e-12)
    })
  })
})

describe('spectral, for the pair', () => {
  it('is near the centre well above the spectral threshold', () => {
    const pair = Mixture.symmetricPair([1.5, -2, 0, 1])
    const data = Mixture.sample(4000)(Key.fromSeed(6))(pair)
    // The error of the top eigenvector is about √(d/n)/λ, of its length √(2/n)(1 + λ)/(2|c|): each below 0.05 here.
    expect(Metric.centreError(start(Initializer.spectral, Score.symmetricPair, data)(1), pair)).toBeLessThan(0.15)
  })
})

describe('momentsMatched', () => {
  it('has the mean of the data and the covariance beyond the components’ own', () => {
    // Turned, so that no direction is an axis.
    const values = Float64Array.from(Points.toRows(points).flatMap(([x, y, z]) => [x + y, y - x, z]))
    const turned = { ...points, values }
    const many = start(Initializer.momentsMatched, Score.spherical({ components: 500 }), turned)(4)
    const drawn = { rows: 500, dim: 3, values: many.means.values }
    const mean = Points.mean(turned)
    const excess = Points.covariance(turned).map((v, at) => (at % 4 === 0 ? Math.max(0, v - 1) : v))
    Points.mean(drawn).forEach((m, j) => {
      // Six standard errors.
      expect(Math.abs(m - mean[j])).toBeLessThan(6 * Math.sqrt(excess[4 * j] / 500) + 0.05)
    })
    const found = Points.covariance(drawn)
    ;[0, 1, 4].forEach(at => {
      const error = Math.sqrt((excess[0] * excess[4] + excess[at] ** 2) / 500)
      expect(Math.abs(found[at] - excess[at])).toBeLessThan(6 * error)
    })
  })
})

it('radii and scales of 0 are no displacement', () => {
  expect(centres(start(Initializer.warmStart({ centres: given, radius: 0 }), score)(1))).toEqual(given)
  expect(centres(start(Initializer.perturbed(0)(Initializer.values(given)), score)(1))).toEqual(given)
})

describe('normals', () => {
  // Of 3000 numbers: the mean within six standard errors, the variance within six of √(2/n).
  const standard = (values: ReadonlyArray<number>): void => {
    const mean = values.reduce((sum, z) => sum + z, 0) / values.length
    const variance = values.reduce((sum, z) => sum + z * z, 0) / values.length
    expect(Math.abs(mean)).toBeLessThan(6 / Math.sqrt(values.length))
    expect(Math.abs(variance - 1)).toBeLessThan(6 * Math.sqrt(2 / values.length))
  }
  const many = Score.spherical({ components: 1000 })
  const wide = Score.custom({ name: 'wide', shapes: () => ({ a: [1500], b: [1500] }), apply: (_, x) => x })

  it('have their scale, for centres and for the parameters of a network', () => {
    // About the mean of the data.
    const middle = Points.mean(points)
    standard(
      Array.from(
        start(Initializer.gaussian({ scale: 3 }), many)(1).means.values,
        (v, at) => (v - middle[at % points.dim]) / 3
      )
    )
    const { a, b } = start(Initializer.gaussian({ scale: 3 }), wide)(1)
    standard([...a.values, ...b.values].map(v => v / 3))
    expect(a.values).not.toEqual(b.values)
  })

  it('perturb by their scale, each parameter by noise of its own', () => {
    const at = Initializer.values(Params.of({ a: Array.from({ length: 1500 }, (_, i) => i), b: Array.from({ length: 1500 }, () => 5) })) // prettier-ignore
    const { a, b } = start(Initializer.perturbed(0.5)(at), wide)(1)
    const noise = [a.values.map((v, i) => (v - i) / 0.5), b.values.map(v => (v - 5) / 0.5)]
    standard(noise.flatMap(one => Array.from(one)))
    expect(noise[0]).not.toEqual(noise[1])
  })
})

describe('variances start', () => {
  it('at the mean squared distance from the nearest centre, per coordinate, weighted', () => {
    const data = { rows: 3, dim: 2, values: Float64Array.of(0, 0, 3, 4, 10, 1), weights: Float64Array.of(1, 2, 1) }
    const isotropic = Score.isotropic({ components: 2 })
    const { logVariances } = start(Initializer.values([[0, 0], [10, 0]]), isotropic, data)(1) // prettier-ignore
    // (1 · 0 + 2 · 25 + 1 · 1)/4 over two coordinates
    logVariances.values.forEach(v => expect(Math.exp(v)).toBeCloseTo(51 / 8, 12))
  })

  it('at 1 where every row is a centre', () => {
    const data = { rows: 2, dim: 1, values: Float64Array.of(0, 5) }
    const { logVariances } = start(Initializer.values([[0], [5]]), Score.isotropic({ components: 2 }), data)(1)
    expect(Array.from(logVariances.values)).toEqual([0, 0])
  })
})

describe('covariances start', () => {
  const weights = Float64Array.from({ length: 600 }, (_, i) => 1 + (i % 3))
  const turned = points.values.map((x, at) => (at % 3 === 2 ? x + 2 * points.values[at - 1] : x))
  const data = { ...points, values: turned, weights }
  const drawn = [0, 1, 2].map(k => Array.from(turned.subarray(3 * k, 3 * k + 3)))
  /** Σ p(x − m)(x − m)ᵀ, m the mean of the rows of the same nearest centre. */
  const within = (): ReadonlyArray<number> => {
    const rows = Points.toRows(data)
    const total = weights.reduce((sum, w) => sum + w, 0)
    const nearest = rows.map(row => {
      const far = drawn.map(centre => distance(row, centre))
      return far.indexOf(Math.min(...far))
    })
    const mean = (k: number, j: number): number => {
      const own = rows.flatMap((row, i) => (nearest[i] === k ? [{ x: row[j], w: weights[i] }] : []))
      return own.reduce((sum, { x, w }) => sum + w * x, 0) / own.reduce((sum, { w }) => sum + w, 0)
    }
    const means = [0, 1, 2].map(k => [0, 1, 2].map(j => mean(k, j)))
    return [0, 1, 2].flatMap(a =>
      [0, 1, 2].map(b =>
        rows.reduce(
          (sum, row, i) =>
            sum + (weights[i] / total) * (row[a] - means[nearest[i]][a]) * (row[b] - means[nearest[i]][b]),
          0
        )
      )
    )
  }
  const covariancesOf = (score: Score.Score<string>): Float64Array => {
    const started = start(Initializer.values(drawn), score, data)(1)
    const mixture = Score.toMixture(score)(started)
    return O.isSome(mixture) ? Mixture.covariances(mixture.value).values : new Float64Array()
  }

  it.each([
    ['full', Score.full({ components: 3 })],
    ['tied', Score.tied({ components: 3 })],
    ['diagonal', Score.diagonal({ components: 3 })],
    ['tiedDiagonal', Score.tiedDiagonal({ components: 3 })]
  ])('%s: at that of the rows about the means of those nearest to a centre, the same for all', (name, score) => {
    const wanted = within().map((x, at) => (name.endsWith('iagonal') && at % 4 !== 0 ? 0 : x))
    const found = covariancesOf(score)
    expect(found).toHaveLength(27)
    // Sums of 600 rows.
    found.forEach((x, at) => expect(Math.abs(x - wanted[at % 9])).toBeLessThan(1e-12 * wanted[8]))
  })

  it('lowRank: at factors and noise that have its variances', () => {
    const found = covariancesOf(Score.lowRank({ components: 3, rank: 1 }))
    // Sums of 600 rows.
    found.forEach((x, at) => {
      if ((at % 9) % 4 === 0) expect(Math.abs(x / within()[at % 9] - 1)).toBeLessThan(1e-12)
    })
  })

  it('round, where fewer rows are left than tell it', () => {
    const few = { rows: 4, dim: 3, values: turned.slice(0, 12) }
    const score = Score.full({ components: 3 })
    const mixture = Score.toMixture(score)(start(Initializer.values(drawn), score, few)(1))
    const [first, ...rest] = O.isSome(mixture) ? Mixture.covariances(mixture.value).values.subarray(0, 9) : []
    expect([first, ...rest]).toEqual([first, 0, 0, 0, first, 0, 0, 0, first])
    expect(first).toBeGreaterThan(0)
  })
})

describe('k-means on a line', () => {
  const line: Points.Points = { rows: 5, dim: 1, values: Float64Array.of(0, 1, 10, 12, 50) }
  const pairs = Score.spherical({ components: 3 })

  it('without steps is k-means++, whose centres are rows, far ones first', () => {
    for (const seed of SEEDS) {
      const found = start(Initializer.kMeans({ steps: 0 }), pairs, line)(seed)
      expect(found).toEqual(start(Initializer.kMeansPlusPlus, pairs, line)(seed))
      // Greedy: of three candidates for each, the one that leaves least; a row alone and far is never left.
      expect(Array.from(found.means.values)).toContain(50)
    }
  })

  it('moves centres to the weighted means of their rows', () => {
    const weighted = { ...line, weights: Float64Array.of(1, 3, 1, 1, 2) }
    const found = Array.from(start(Initializer.kMeans({ steps: 10 }), pairs, weighted)(1).means.values)
    ;[0.75, 11, 50].forEach((mean, i) => expect(found.sort((a, b) => a - b)[i]).toBeCloseTo(mean, 12))
  })

  it('leaves a centre that is nearest to none where it is', () => {
    const two = { rows: 2, dim: 1, values: Float64Array.of(0, 1) }
    const found = Array.from(start(Initializer.kMeans({ steps: 3 }), pairs, two)(1).means.values)
    expect(found.every(c => c === 0 || c === 1)).toBe(true)
  })
})

it('bestOf is the best of what its keys give', () => {
  const best = start(Initializer.bestOf(6)(Initializer.fromData), score)(3)
  const inner = Problem.orThrow(Initializer.interpret(score, points)(Initializer.fromData))
  const all = Key.split(6)(Key.fromSeed(3)).map(inner)
  const likelihood = (params: Params.Params<'means'>): number =>
    Mixture.meanLogDensity(points)(Mixture.of({ means: centres(params) }))
  expect(likelihood(best)).toBe(Math.max(...all.map(likelihood)))
  expect(all).toContainEqual(best)
})

it('spectral, for components, projects on the directions between them', () => {
  // Apart along the first axis alone, with much noise of one row in the others: projected, all centres are on one line.
  const flat = Mixture.sample(400)(Key.fromSeed(4))(Mixture.of({ means: [[-9, 0, 0], [9, 0, 0]] })) // prettier-ignore
  const found = centres(start(Initializer.spectral, Score.spherical({ components: 2 }), flat)(1))
  const mean = Points.mean(flat)
  const [a, b] = found.map(c => c.map((v, j) => v - mean[j]))
  const cosine = a.reduce((sum, v, j) => sum + v * b[j], 0) / (Math.hypot(...a) * Math.hypot(...b))
  expect(cosine).toBeCloseTo(-1, 12)
})

it('spectral, for the pair, below the threshold has the length 1/√n', () => {
  const small = { rows: 4, dim: 2, values: Float64Array.of(0.5, 0, -0.5, 0, 0, 0.1, 0, -0.1) }
  const { values } = start(Initializer.spectral, Score.symmetricPair, small)(1).mean
  expect(Math.hypot(...values)).toBeCloseTo(0.5, 14)
  expect(Math.abs(values[0])).toBeCloseTo(0.5, 14)
})

it('momentsMatched is at the mean where the data vary no more than a component', () => {
  const small = { rows: 2, dim: 2, values: Float64Array.of(1, 2, 1.5, 2) }
  for (const centre of centres(start(Initializer.momentsMatched, Score.spherical({ components: 2 }), small)(1)))
    centre.forEach((v, j) => expect(v).toBeCloseTo([1.25, 2][j], 12))
})

describe('of one’s own', () => {
  /** All parameters of another start times a factor: nothing is known of what they are. */
  const shrunk = Initializer.define({
    name: 'shrunk',
    about: 'another start, every parameter times a factor',
    fields: { factor: Field.fraction({ default: 0.5 }), initializer: Field.of(Initializer.concept) },
    call: ['factor'],
    on: 'initializer',
    meaning: ({ factor, initializer }) => ({
      draws: model => Initializer.initializerDraws(model)(initializer),
      start: ({ start }) =>
        pipe(
          start(initializer),
          E.map(
            start => key =>
              pipe(
                start(key),
                Params.mapValues(x => factor * x)
              )
          )
        )
    })
  })

  const rows = { rows: 6, dim: 2, values: Float64Array.of(-3, -2, -2, -3, -2, -2, 2, 3, 3, 2, 3, 3) }
  const two = Score.isotropic({ components: 2 })

  it('have all parameters of another start times a factor', () => {
    const found = start(shrunk(0.75)(Initializer.bestOf(2)(Initializer.centres([[-2, 0], [2, 4]]))), two, rows)(1) // prettier-ignore
    expect([...found.means.values]).toEqual([-1.5, 0, 1.5, 3])
  })

  it('that give what was not asked for are refused by name', () => {
    const always = (shape: ReadonlyArray<number>, length: number): Initializer.Initializer =>
      Initializer.defineCentres({
        name: 'always',
        about: 'the same centres, whatever is asked for',
        meaning: () => ({ draws: 'never', centres: () => () => ({ shape, values: new Float64Array(length) }) })
      })
    expect(() => start(always([1, 2], 2), two, rows)(1)).toThrow(
      'Initializer.always: centres of shape [1, 2] are not of shape [2, 2]; give as many as are asked for'
    )
    expect(() => start(always([2, 2], 3), two, rows)(1)).toThrow(
      'Initializer.always: centres of shape [2, 2] have 3 numbers; give 4'
    )
    const none = Initializer.define({
      name: 'none',
      about: 'no parameters',
      meaning: () => ({ draws: 'never', start: () => E.right(() => ({})) })
    })
    expect(() => start(none, two, rows)(1)).toThrow('means: missing is not of shape [2, 2]')
  })
})

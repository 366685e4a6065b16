/** Where pipelines start: what each initializer promises, weights honoured. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { Initializer, Key, Metric, Mixture, Params, Points, Problem, Score } from '../../src/index.js'

const truth = Mixture.of({
  means: [
    [-6, 0, 1],
    [6, 0, 1],
    [0, 8, 1]
  ]
})
const points = Mixture.sample(600)(Key.fromSeed(2))(truth)
const score = Score.spherical({ components: 3 })

const start = <P extends string>(
  initializer: Initializer.Initializer,
  to: Score.Score<P>,
  data: Points.Points = points
): ((seed: number) => Params.Params<P>) => {
  const started = Initializer.interpret(to, data)(initializer)
  if (E.isLeft(started)) throw new Error(started.left.map(Problem.show).join('\n'))
  return seed => started.right(Key.fromSeed(seed))
}

const centres = (params: Params.Params<'means'>): ReadonlyArray<ReadonlyArray<number>> =>
  // The parameter has two axes.
  Params.nested(params.means) as ReadonlyArray<ReadonlyArray<number>>

const distance = (a: ReadonlyArray<number>, b: ArrayLike<number>): number => Math.hypot(...a.map((x, j) => x - b[j]))

const SEEDS = Array.from({ length: 20 }, (_, i) => i)

describe('every initializer', () => {
  it.each(
    [
      Initializer.gaussian({ scale: 2 }),
      Initializer.onSphere({ radius: 3 }),
      Initializer.tiny,
      Initializer.fromData,
      Initializer.kMeansPlusPlus,
      Initializer.kMeans({ steps: 3 }),
      Initializer.spectral,
      Initializer.momentsMatched,
      Initializer.warmStart({
        centres: [
          [-6, 0, 1],
          [6, 0, 1],
          [0, 8, 1]
        ],
        radius: 1
      }),
      Initializer.values([
        [-6, 0, 1],
        [6, 0, 1],
        [0, 8, 1]
      ]),
      Initializer.bestOf(4)(Initializer.fromData),
      Initializer.perturbed(0.1)(Initializer.kMeansPlusPlus)
    ].map(initializer => ({ name: Initializer.show(initializer), initializer }))
  )('$name: the same start for the same key, through JSON too', ({ initializer }) => {
    const read = Initializer.codec.decode(JSON.parse(JSON.stringify(Initializer.codec.encode(initializer))))
    if (E.isLeft(read)) throw new Error('not read')
    expect(start(read.right, score)(3)).toEqual(start(initializer, score)(3))
    const isotropic = start(initializer, Score.isotropic({ components: 3 }))(3)
    expect(isotropic.means.shape).toEqual([3, 3])
    expect(Params.isFinite(isotropic)).toBe(true)
  })
})

describe('fromData', () => {
  it('takes different rows', () => {
    for (const seed of SEEDS) {
      const rows = centres(start(Initializer.fromData, score)(seed))
      rows.forEach(row => {
        expect(Points.toRows(points)).toContainEqual(row)
      })
      expect(new Set(rows.map(String)).size).toBe(3)
    }
  })

  it('takes rows in proportion to their weights', () => {
    const data = { rows: 4, dim: 1, values: Float64Array.of(0, 1, 2, 3), weights: Float64Array.of(1, 2, 0, 5) }
    const repeats = 4000
    const firsts = Array.from(
      { length: repeats },
      (_, seed) => start(Initializer.fromData, Score.spherical({ components: 1 }), data)(seed).means.values[0]
    )
    const share = (x: number): number => firsts.filter(first => first === x).length / repeats
    // Hoeffding: each share is within 0.06 of its mean but with probability 2 exp(−2 · 4000 · 0.06²) < 1e-12.
    ;[1 / 8, 2 / 8, 0, 5 / 8].forEach((wanted, x) => {
      expect(Math.abs(share(x) - wanted)).toBeLessThan(0.06)
    })
    expect(share(2)).toBe(0)
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

describe('kMeans', () => {
  it('ends where each centre is the mean of the rows nearest to it', () => {
    const found = centres(start(Initializer.kMeans({ steps: 50 }), score)(1))
    const rows = Points.toRows(points)
    const nearest = rows.map(row => found.map(c => distance(c, row))).map(d => d.indexOf(Math.min(...d)))
    found.forEach((centre, k) => {
      const mine = rows.filter((_, i) => nearest[i] === k)
      const mean = centre.map((_, j) => mine.reduce((sum, row) => sum + row[j], 0) / mine.length)
      expect(distance(centre, mean)).toBeLessThan(1e-12)
    })
  })
})

describe('onSphere, warmStart', () => {
  it('are at their radius', () => {
    const mean = Points.mean(points)
    for (const centre of centres(start(Initializer.onSphere({ radius: 3 }), score)(1)))
      expect(Math.abs(distance(centre, mean) - 3)).toBeLessThan(1e-12)
    const given = [
      [-6, 0, 1],
      [6, 0, 1],
      [0, 8, 1]
    ]
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
    const many = start(Initializer.momentsMatched, Score.spherical({ components: 500 }))(4)
    const drawn = { rows: 500, dim: 3, values: many.means.values }
    const [mean, covariance] = [Points.mean(points), Points.covariance(points)]
    Points.mean(drawn).forEach((m, j) => {
      // Six standard errors.
      expect(Math.abs(m - mean[j])).toBeLessThan(6 * Math.sqrt(Math.max(covariance[4 * j] - 1, 1e-6) / 500) + 0.05)
    })
    const found = Points.covariance(drawn)
    ;[0, 4].forEach(at => {
      expect(Math.abs(found[at] / (covariance[at] - 1) - 1)).toBeLessThan(6 * Math.sqrt(2 / 500))
    })
  })
})

describe('bestOf', () => {
  it('is the likeliest of its starts, so that more of them are likelier on average', () => {
    const likelihood = (count: number): number =>
      SEEDS.map(seed => start(Initializer.bestOf(count)(Initializer.fromData), score)(seed)).reduce(
        (sum, params) => sum + Mixture.meanLogDensity(points)(Mixture.of({ means: centres(params) })),
        0
      )
    expect(likelihood(8)).toBeGreaterThan(likelihood(1))
  })
})

describe('refusals', () => {
  const refused = (initializer: Initializer.Initializer): ReadonlyArray<string> => {
    const started = Initializer.interpret(score, points)(initializer)
    return E.isLeft(started) ? started.left.map(Problem.show) : []
  }
  it.each([
    [Initializer.onSphere({ radius: 0 }), 'initializer.radius: 0 is not > 0 and finite; try 1'],
    [Initializer.kMeans({ steps: -1 }), 'initializer.steps: -1 is not a whole number ≥ 0; try 20'],
    [Initializer.bestOf(0)(Initializer.fromData), 'initializer.count: 0 is not a whole number ≥ 1; try 10'],
    [
      Initializer.perturbed(1)(Initializer.gaussian({ scale: -1 })),
      'initializer.initializer.scale: -1 is not > 0 and finite; try 1'
    ],
    [Initializer.perturbed(NaN)(Initializer.fromData), 'initializer.scale: NaN is not ≥ 0 and finite; try 0.1']
  ])('%j', (initializer, message) => {
    expect(refused(initializer)).toEqual([message])
  })
})

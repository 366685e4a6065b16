/** Classes by mixtures, against R's mclust 6.1.1 on iris. */
import { readFileSync } from 'node:fs'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Covariance, Discriminant, Key, Mixture, Points, Problem } from '../../../src/index.js'
import { SEED } from '../../cases.js'
import { said } from '../../said.js'
import { classesOf, rowsOf } from '../../tables.js'

type Rows = ReadonlyArray<ReadonlyArray<number>>
interface Group {
  readonly pro: ReadonlyArray<number>
  readonly mean: Rows
  readonly sigma: ReadonlyArray<Rows>
}
interface Reduced {
  readonly evalues: ReadonlyArray<number>
  readonly basis: Rows
}
const { discriminant: stored } = JSON.parse(readFileSync('test/oracle/algebra.json', 'utf8')) as {
  readonly discriminant: {
    readonly edda: Readonly<
      Record<
        Covariance.Name,
        {
          readonly loglik: number
          readonly df: number
          readonly bic: number
          readonly err: number
          readonly post: Rows
          readonly sigma1: Rows
        }
      >
    >
    readonly mclustda: {
      readonly loglik: number
      readonly df: number
      readonly bic: number
      readonly G: ReadonlyArray<number>
      readonly err: number
      readonly parts: ReadonlyArray<Group>
    }
    readonly gmm: Group
    readonly dr: Readonly<Record<'0.5' | '1', Reduced>>
    readonly drda: Reduced
  }
}

const rows = rowsOf('iris')
const species = classesOf('iris')
const iris = { rows: 150, dim: 4, values: Float64Array.from(rows.flat()) }

const near = (found: number, wanted: number, tolerance: number): void => {
  expect(Math.abs(found - wanted), `${found} for ${wanted}`).toBeLessThanOrEqual(tolerance * (1 + Math.abs(wanted)))
}

/** Where mclust iterates it ends early: its own tolerance. */
const LOOSE: Readonly<Record<string, number>> = { VEI: 2e-3, VEE: 2e-3, EVE: 2e-3, VEV: 2e-3 }

describe('one Gaussian for each class', () => {
  it.each(Object.keys(stored.edda) as ReadonlyArray<keyof typeof stored.edda>)('of %s is that of mclust', name => {
    const { loglik, df, bic, err, sigma1 } = stored.edda[name]
    const found = Discriminant.fit(iris, species, { covariance: name })
    const tolerance = LOOSE[name] ?? 1e-10
    expect(found.classes).toEqual(['setosa', 'versicolor', 'virginica'])
    expect(found.parameters).toBe(df)
    near(found.logLikelihood, loglik, tolerance)
    // Ours is the lower the better.
    near(found.bic, -bic, tolerance)
    Mixture.covariances(found.mixtures[0]).values.forEach((v, at) => {
      near(v, sigma1.flat()[at], tolerance)
    })
    near(Discriminant.confusion(found.classes, species, found.predict(iris)).error, err, 1e-12)
  })

  it('chooses the lowest BIC, and is likelier with VVE than mclust is', () => {
    const all = Covariance.names.map(covariance => Discriminant.fit(iris, species, { covariance }))
    const best = Discriminant.fit(iris, species)
    expect(best.bic).toBe(Math.min(...all.map(({ bic }) => bic)))
    expect(new Set(best.covariances).size).toBe(1)
    // nested families: VVE holds EVE and VEE
    const of = (name: Covariance.Name): number => all[Covariance.names.indexOf(name)].logLikelihood
    expect(of('VVE')).toBeGreaterThan(Math.max(of('EVE'), of('VEE')))
  })

  it('leaves out covariances that rows of a class do not fix, and says so of them alone', () => {
    const few = [[0, 1, 2], [1, 0, 1], [2, 2, 0], [9, 8, 9], [8, 9, 7], [9, 9, 9]] // prettier-ignore
    const labels = ['a', 'a', 'a', 'b', 'b', 'b']
    const found = Discriminant.learned({ covariance: 'VVV' })(few, labels)
    expect(said(found)).toBe(
      'covariance: VVV is not learned of 3 rows of a class with 3 columns; leave columns out, or give covariances that share more: EEE, or EEI'
    )
    expect(Discriminant.fit(few, labels).covariances[0]).not.toBe('VVV')
  })

  it('does not depend on the order of rows, and weights count as rows', () => {
    const order = Array.from(Key.permutation(150)(Key.fromSeed(SEED)))
    const mixed = order.map(i => rows[i])
    const names = order.map(i => species[i])
    const options = { covariance: 'EEE' } as const
    const { logLikelihood } = Discriminant.fit(rows, species, options)
    near(Discriminant.fit(mixed, names, options).logLikelihood, logLikelihood, 1e-12)
    const weighted = { ...iris, weights: Float64Array.from(rows, (_, i) => (i % 3 === 0 ? 2 : 1)) }
    const twice = rows.flatMap((row, i) => (i % 3 === 0 ? [row, row] : [row]))
    const labels = species.flatMap((label, i) => (i % 3 === 0 ? [label, label] : [label]))
    for (const covariance of ['VEV', 'EEE'] as const)
      near(
        Discriminant.fit(weighted, species, { covariance }).bic,
        Discriminant.fit(twice, labels, { covariance }).bic,
        1e-9
      )
  })
})

describe('a mixture for each class', () => {
  it('is that of mclust, and its parts are counted', () => {
    const { bic, df, loglik, G, parts } = stored.mclustda
    const found = Discriminant.fit(iris, species, { components: [1, 2], covariance: 'EEE' })
    near(found.bic, -bic, 1e-4)
    expect(found.mixtures.map(Mixture.components)).toEqual(G)
    expect(found.parameters).toBe(df)
    near(found.logLikelihood, loglik, 1e-3)
    // At mclust's parameters it is the same number.
    const mixtures = parts.map(({ pro, mean, sigma }) => Mixture.of({ weights: pro, means: mean, covariances: sigma }))
    const all = Discriminant.joined({ mixtures, priors: Float64Array.of(1 / 3, 1 / 3, 1 / 3) })
    near(150 * Mixture.meanLogDensity(iris)(all), loglik, 1e-9)
  })
})

describe('crossValidated', () => {
  it('takes every row once, in folds of every class, and is worse than the rows learned from', () => {
    const found = Problem.orThrow(Discriminant.crossValidated({ covariance: 'EEE' })(iris, species))
    expect(found.counts.map(row => row.reduce((a, b) => a + b))).toEqual([50, 50, 50])
    // leave-one-out of linear discriminants on iris: 3 of 150; ten folds are about that
    expect(found.error).toBeGreaterThanOrEqual(0.013)
    expect(found.error).toBeLessThanOrEqual(0.034)
    expect(found.brier).toBeGreaterThan(0)
    expect(found.brier).toBeLessThan(0.1)
  })

  it('of labels that say nothing is by chance', () => {
    const points = Mixture.sample(200)(Key.fromSeed(1))(Mixture.of({ means: [[0, 0]] }))
    const labels = Array.from({ length: 200 }, (_, i) => i % 2)
    const { error } = Problem.orThrow(Discriminant.crossValidated({ covariance: ['EII', 'EEE'] })(points, labels))
    // four standard errors of a fair coin
    expect(Math.abs(error - 0.5)).toBeLessThan(4 * 0.0354)
  })

  it('does not depend on the order of the rows; equal rows of a class are left out together', () => {
    const seed = SEED % 1000
    const order = Array.from(Key.permutation(150)(Key.fromSeed(seed)))
    const of = (places: ReadonlyArray<number>): Discriminant.Confusion =>
      Problem.orThrow(
        Discriminant.crossValidated({ covariance: 'EEE' }, { folds: 5, seed })(
          Points.select(places)(iris),
          places.map(i => species[i])
        )
      )
    const one = of(order.map((_, i) => i))
    const other = of(order)
    expect(other.counts, `seed ${seed}`).toEqual(one.counts)
    near(other.brier, one.brier, 1e-9)
    // Each row twice teaches nothing of itself: what a row is taken for stays.
    const twice = of([...order, ...order])
    expect(twice.counts, `seed ${seed}`).toEqual(one.counts.map(row => row.map(count => 2 * count)))
  })

  it.each([
    [{ folds: 1 }, ['a', 'b'], 'folds: 1 is not a whole number ≥ 2; try 10'],
    [{}, ['a', 'b'], 'labels: a class of one row is not of two different rows at least'],
    [{}, ['a', 'a'], 'labels: a alone is not of two classes'],
    [{}, ['a'], 'labels: a list of 1 is not a list of 2, one for each row']
  ])('refuses %j of %j', (folds, labels, message) => {
    const found = Discriminant.crossValidated({}, folds)([[1], [2]], labels)
    expect(said(found)).toContain(message)
  })
})

describe('directions', () => {
  const { gmm, dr, drda, mclustda } = stored
  const ofGroup = ({ pro, mean, sigma }: Group): Mixture.Mixture =>
    Mixture.of({ weights: pro, means: mean, covariances: sigma })
  /** Columns of mclust's basis, each of length 1 and of either sign. */
  const same = (found: Discriminant.Directions, { evalues, basis }: Reduced, tolerance: number): void => {
    const total = evalues.reduce((sum, value) => sum + value, 0)
    found.shares.forEach((share, r) => {
      near(share, evalues[r] / total, tolerance)
      const sign = Math.sign(found.vectors.values[r * 4] * basis[0][r])
      basis.forEach((row, j) => {
        near(sign * found.vectors.values[r * 4 + j], row[r], tolerance * 100)
      })
    })
  }

  // Its mixture is where EM stopped, whose covariance is that of the rows to 1e-6.
  it('are those of mclust', () => {
    expect(Discriminant.directions()(ofGroup(gmm)).shares.length).toBe(2)
    same(Discriminant.directions()(ofGroup(gmm)), dr['1'], 1e-5)
    same(Discriminant.directions({ lambda: 0.5 })(ofGroup(gmm)), dr['0.5'], 1e-5)
    const joined = Discriminant.joined({ mixtures: mclustda.parts.map(ofGroup), priors: Float64Array.of(1, 1, 1).map(x => x / 3) }) // prettier-ignore
    same(Discriminant.directions({ lambda: 0.5 })(joined), drda, 1e-5)
  })

  it('have shares of the difference, whose sum is 1', () => {
    // Eigenvalues by the formula of MclustDR in R (its `evalues`).
    const means = [[0, 0, 0], [4, 0, 0], [0, 2, 0]] // prettier-ignore
    const mixture = Mixture.of({ means, variances: [[1, 1, 1], [1, 2, 1], [2, 1, 1]] }) // prettier-ignore
    const { shares } = Discriminant.directions()(mixture)
    expect(shares.length).toBe(2)
    near(shares[0] + shares[1], 1, 1e-15)
    near(shares[0], 1.099653446078559 / (1.099653446078559 + 0.201384616205179), 1e-12)
  })

  it('have shares 0 if the components do not differ', () => {
    const { shares } = Discriminant.directions()(Mixture.of({ means: [[1, 2], [1, 2]], variances: [[1, 1], [1, 1]] })) // prettier-ignore
    expect([...shares]).toEqual([0])
  })

  it('turn with the columns: what they show does not depend on units', () => {
    const shown = Discriminant.directions({ lambda: 0.5 })(ofGroup(gmm))
    const matrix = [[2, 0, 0, 1], [0, 3, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0.1]] // prettier-ignore
    const there = pipe(ofGroup(gmm), Mixture.affine({ matrix }), Discriminant.directions({ lambda: 0.5 }))
    there.shares.forEach((share, r) => {
      near(share, shown.shares[r], 1e-8)
    })
    const image = { rows: 150, dim: 4, values: Float64Array.from(rows.flatMap(row => matrix.map(a => a.reduce((s, x, j) => s + x * row[j], 0)))) } // prettier-ignore
    const one = shown.project(iris)
    const other = there.project(image)
    const column = (points: typeof one, r: number): Float64Array => Float64Array.from({ length: 150 }, (_, i) => points.values[i * points.dim + r]) // prettier-ignore
    const standard = (x: Float64Array): Float64Array => {
      const mean = x.reduce((a, b) => a + b) / 150
      const sd = Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 150)
      return x.map(v => (v - mean) / sd)
    }
    const a = standard(column(one, 0))
    const b = standard(column(other, 0))
    const correlation = a.reduce((sum, v, i) => sum + v * b[i], 0) / 150
    near(Math.abs(correlation), 1, 1e-9)
  })
})

describe('rows with weights', () => {
  const z = Key.normal(120)(Key.fromSeed(SEED))
  const drawn = Array.from({ length: 60 }, (_, i) => [z[2 * i] + 1.5 * (i % 3), z[2 * i + 1]])
  const classes = drawn.map((_, i) => 'abc'[i % 3])
  const times = drawn.map((_, i) => [1, 3, 2, 0, 1][i % 5])
  const repeated = <A>(all: ReadonlyArray<A>): ReadonlyArray<A> => all.flatMap((one, i) => Array.from({ length: times[i] }, () => one)) // prettier-ignore
  const weighted = Problem.orThrow(Points.weighted(times)(Problem.orThrow(Points.fromRows(drawn))))
  const close = (one: Discriminant.Confusion, other: Discriminant.Confusion): void => {
    expect(one.counts, `seed ${SEED}`).toEqual(other.counts)
    near(one.error, other.error, 1e-9)
    near(one.brier, other.brier, 1e-9)
  }

  it('are as good as repeated ones: a row of weight 2 is two rows', () => {
    const options = { covariance: 'VVV' } as const
    close(
      Problem.orThrow(Discriminant.crossValidated(options, { folds: 5 })(weighted, classes)),
      Problem.orThrow(Discriminant.crossValidated(options, { folds: 5 })(repeated(drawn), repeated(classes)))
    )
    const { predict, classes: names } = Discriminant.fit(weighted, classes, options)
    close(
      Discriminant.confusion(names, classes, predict(drawn), times),
      Discriminant.confusion(names, repeated(classes), predict(repeated(drawn)))
    )
  })

  it('of weight 0 are of no class', () => {
    const one = Problem.orThrow(Points.weighted([...drawn.map(() => 1), 0])(Problem.orThrow(Points.fromRows([...drawn, [0, 0]])))) // prettier-ignore
    expect(Discriminant.fit(one, [...classes, 'd'], { covariance: 'EEE' }).classes).toEqual(['a', 'b', 'c'])
  })
})

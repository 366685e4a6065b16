/** Merging of components into clusters, against R's mclust 6.1.1: clustCombi and clustCombiOptim of a mixture of six on iris. */
import { describe, expect, it } from 'vitest'
import { Key, Mixture, Points } from '../../../src/index.js'
import * as Merging from '../../../src/mixture/merging.js'
import { rowsOf } from '../../tables.js'
import { reference } from './algebra.js'

const { merging: stored } = reference as {
  readonly merging: Readonly<Record<'mean' | 'var', ReadonlyArray<ReadonlyArray<number>>>> & {
    readonly pro: ReadonlyArray<number>
    readonly entropy: ReadonlyArray<number>
    readonly optim: number
    readonly labels: ReadonlyArray<ReadonlyArray<number>>
  }
}
const iris = { rows: 150, dim: 4, values: Float64Array.from(rowsOf('iris').flat()) }
const mixture = Mixture.of({ means: stored.mean, variances: stored.var, weights: stored.pro })

describe('Merging', () => {
  const { steps, chosen } = Merging.of(iris)(mixture)

  it('is that of mclust: entropies, clusters and the elbow', () => {
    expect(steps.map(({ count }) => count)).toEqual([1, 2, 3, 4, 5, 6])
    steps.forEach(({ entropy, clusters }, i) => {
      // Parameters are stored with 13 digits.
      expect(Math.abs(entropy - stored.entropy[i])).toBeLessThan(1e-9)
      expect(clusters.map(c => c + 1)).toEqual(stored.labels[i])
    })
    expect(chosen.count).toBe(stored.optim)
  })

  it('never raises the entropy, each step joins two clusters, and weights count as rows', () => {
    steps.slice(1).forEach(({ entropy, clusters }, i) => {
      expect(entropy).toBeGreaterThanOrEqual(steps[i].entropy)
      const together = new Set(clusters.map((c, k) => `${c} ${steps[i].clusters[k]}`))
      expect(together.size).toBe(i + 2)
    })
    const order = Array.from(Key.permutation(150)(Key.fromSeed(2)))
    const twice = Merging.of(Points.select([...order, ...order])(iris))(mixture)
    const weighted = Merging.of({ ...iris, weights: new Float64Array(150).fill(2) })(mixture)
    steps.forEach(({ entropy }, i) => {
      expect(Math.abs(twice.steps[i].entropy - 2 * entropy)).toBeLessThan(1e-9)
      expect(Math.abs(weighted.steps[i].entropy - 2 * entropy)).toBeLessThan(1e-9)
    })
  })

  it('says of rows the cluster of their components together', () => {
    const shares = Mixture.responsibilities(iris)(mixture).values
    Merging.assignClusters(chosen)(iris)(mixture).forEach(({ cluster, probability }, i) => {
      const all = [0, 1, 2].map(c =>
        chosen.clusters.reduce((sum, of, k) => (of === c ? sum + shares[i * 6 + k] : sum), 0)
      )
      expect(probability).toBeCloseTo(Math.max(...all), 12)
      expect(all[cluster]).toBeCloseTo(probability, 12)
    })
  })

  it('of one component and of two is what they are', () => {
    const one = Merging.of(iris)(Mixture.of({ means: [[5, 3, 4, 1]] }))
    expect(one.chosen).toEqual({ count: 1, clusters: [0], entropy: 0 })
    expect(Merging.of({ rows: 1, dim: 1, values: Float64Array.of(0) })(Mixture.symmetricPair([1])).chosen.count).toBe(2)
  })
})

/** Rows joined to clusters: against mclust, and against the criterion computed anew for every pair at every step. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Key } from '../../../lib/index.js'
import { symmetricEigen } from '../../../lib/arrays/linalg.js'
import {
  agglomerated,
  clusterMoments,
  clustersAt,
  halfWhitened,
  thinnedRows,
  type CountedRows
} from '../../../lib/rows/hierarchy.js'
import { SEED } from '../../cases.js'

interface Oracle {
  readonly source: string
  readonly tables: ReadonlyArray<{
    readonly dim: number
    readonly values: ReadonlyArray<number>
    readonly cuts: Readonly<Record<string, ReadonlyArray<number>>>
  }>
}

// Written by R, as its source says.
const { tables } = JSON.parse(readFileSync('test/oracle/hierarchy.json', 'utf8')) as Oracle

/** The same partition whatever its clusters are called. */
const partition = (labels: ArrayLike<number>): string => {
  const names = [...new Set(Array.from(labels))]
  return Array.from(labels, label => names.indexOf(label)).join(' ')
}

const once = (values: Float64Array, dim: number): CountedRows => ({
  rows: values.length / dim,
  dim,
  values,
  counts: new Float64Array(values.length / dim).fill(1)
})

const hierarchyOf = (rows: CountedRows): ReturnType<typeof agglomerated> =>
  agglomerated({ ...rows, ...halfWhitened(rows, rows.dim) })

/** A determinant by expansion along the first row: another way than Cholesky's. */
const determinant = (m: ReadonlyArray<ReadonlyArray<number>>): number =>
  m.length === 0
    ? 1
    : m[0].reduce(
        (sum, x, j) =>
          sum + (j % 2 === 0 ? x : -x) * determinant(m.slice(1).map(row => row.filter((_, column) => column !== j))),
        0
      )

/** What a cluster of these rows adds to the criterion, α given. */
const term = ({ dim, values, counts }: CountedRows, members: ReadonlyArray<number>, alpha: number): number => {
  const n = members.reduce((sum, i) => sum + counts[i], 0)
  const columns = Array.from({ length: dim }, (_, j) => j)
  const mean = columns.map(j => members.reduce((sum, i) => sum + (counts[i] * values[i * dim + j]) / n, 0))
  const scatter = columns.map(p =>
    columns.map(q =>
      members.reduce((sum, i) => sum + counts[i] * (values[i * dim + p] - mean[p]) * (values[i * dim + q] - mean[q]), 0)
    )
  )
  const trace = columns.reduce((sum, j) => sum + scatter[j][j], 0)
  const volume = n > dim ? Math.max(determinant(scatter.map(row => row.map(x => x / n))), 0) : 0
  return n * Math.log(volume + (trace + alpha) / n)
}

/** All partitions on the way, from the definition: the whole criterion for every pair at every step. */
const byDefinition = (rows: CountedRows): ReadonlyMap<number, string> => {
  const all = Array.from({ length: rows.rows }, (_, i) => i)
  const n = rows.counts.reduce((sum, count) => sum + count, 0)
  const found = new Map<number, string>()
  const total = all.reduce(
    (sum, i) =>
      sum +
      Array.from({ length: rows.dim }, (_, j) => {
        const mean = all.reduce((m, k) => m + (rows.counts[k] * rows.values[k * rows.dim + j]) / n, 0)
        return rows.counts[i] * (rows.values[i * rows.dim + j] - mean) ** 2
      }).reduce((a, b) => a + b, 0),
    0
  )
  let groups: ReadonlyArray<ReadonlyArray<number>> = all.map(i => [i])
  while (groups.length > 1) {
    const of = (members: ReadonlyArray<number>): number => term(rows, members, total / n / rows.dim)
    const pairs = groups.flatMap((a, i) =>
      groups.slice(0, i).map(b => ({ a, b, cost: of([...b, ...a]) - of(a) - of(b) }))
    )
    const { a, b } = pairs.reduce((best, pair) => (pair.cost < best.cost ? pair : best))
    groups = [...groups.filter(group => group !== a && group !== b), [...b, ...a]]
    const current = groups
    found.set(groups.length, partition(all.map(i => current.findIndex(group => group.includes(i)))))
  }
  return found
}

/** Rows in general position, some of them in groups. */
const scattered = (rows: number, dim: number, seed: number): Float64Array =>
  Key.normal(rows * dim)(Key.fromSeed(seed)).map(
    (z, at) => z + 4 * (Math.floor(at / dim) % 3) * (at % dim === 0 ? 1 : 0.3)
  )

describe('agglomerated', () => {
  it.each(tables)('has the merges of mclust, in $dim columns of different units', ({ dim, values, cuts }) => {
    const rows = once(Float64Array.from(values), dim)
    const hierarchy = hierarchyOf(rows)
    for (const [count, labels] of Object.entries(cuts))
      expect(partition(clustersAt(hierarchy, Number(count))), `${count} clusters`).toBe(partition(labels))
    expect(Object.keys(cuts)).toHaveLength(11)
  })

  it('has the merges of the definition, with counts of rows too', () => {
    for (let run = 0; run < 3; run++) {
      const dim = 1 + (run % 3)
      const values = scattered(12, dim, 1000 * SEED + run)
      const counts = Float64Array.from({ length: 12 }, (_, i) => (run % 2 === 0 ? 1 : 1 + ((i * 7) % 3)))
      const rows: CountedRows = { rows: 12, dim, values, counts }
      const hierarchy = agglomerated(rows)
      for (const [count, labels] of byDefinition(rows))
        expect(partition(clustersAt(hierarchy, count)), `${count} clusters of run ${run}`).toBe(labels)
    }
  })

  it('counts a row of two as two rows', () => {
    const values = scattered(20, 2, 3)
    const twice = once(Float64Array.from([...values, ...values]), 2)
    const counted: CountedRows = { ...once(values, 2), counts: new Float64Array(20).fill(2) }
    const a = hierarchyOf(twice)
    const b = hierarchyOf(counted)
    for (const count of [2, 3, 5, 9])
      expect(partition(clustersAt(a, count).subarray(0, 20))).toBe(partition(clustersAt(b, count)))
  })

  it('supports equal rows, one row and no rows', () => {
    const same = once(new Float64Array(10).fill(7), 2)
    expect([...clustersAt(hierarchyOf(same), 5)]).toEqual([0, 1, 2, 3, 4])
    expect(new Set(clustersAt(hierarchyOf(same), 3)).size).toBe(3)
    expect([...clustersAt(hierarchyOf(once(Float64Array.of(1, 2), 2)), 1)]).toEqual([0])
    expect(() => clustersAt(hierarchyOf(same), 6)).toThrow('cut: 6 clusters are not 1 to 5')
  })
})

describe('halfWhitened', () => {
  const base = scattered(30, 3, 11)

  it('has in each direction the root of its standardized variance, and mean square 1 overall', () => {
    const { values, dim } = halfWhitened(once(base, 3), 3)
    expect(dim).toBe(3)
    expect(values.reduce((sum, x) => sum + x * x, 0) / values.length).toBeCloseTo(1, 12)
    const product = (p: number, q: number): number =>
      Array.from({ length: 30 }, (_, i) => values[i * 3 + p] * values[i * 3 + q]).reduce((a, b) => a + b, 0) / 30
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2]
    ])
      expect(Math.abs(product(p, q))).toBeLessThan(1e-13)
    const columns = [0, 1, 2].map(j => {
      const x = Array.from({ length: 30 }, (_, i) => base[i * 3 + j])
      const mean = x.reduce((a, b) => a + b, 0) / 30
      const deviation = Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 30)
      return x.map(v => (v - mean) / deviation)
    })
    const correlations = columns.flatMap(a => columns.map(b => a.reduce((sum, v, i) => sum + v * b[i], 0) / 30))
    const roots = symmetricEigen({ shape: [3, 3], values: Float64Array.from(correlations) }).values.map(Math.sqrt)
    const mean = roots.reduce((a, b) => a + b, 0) / 3
    roots.forEach((root, k) => {
      expect(product(k, k)).toBeCloseTo(root / mean, 12)
    })
  })

  it('leaves out a constant column, and a linearly dependent one', () => {
    const wider = (more: (i: number) => number): CountedRows =>
      once(
        Float64Array.from(Array.from({ length: 30 }, (_, i) => [...base.subarray(i * 3, i * 3 + 3), more(i)]).flat()),
        4
      )
    expect(
      halfWhitened(
        wider(() => 1e9),
        9
      ).dim
    ).toBe(3)
    expect(
      halfWhitened(
        wider(i => base[i * 3] - 2 * base[i * 3 + 1]),
        9
      ).dim
    ).toBe(3)
    expect(
      halfWhitened(
        wider(i => i * i),
        2
      ).dim
    ).toBe(2)
  })

  it('is invariant to the origin and unit of a column', () => {
    const moved = base.map((x, at) => 1e3 * (at % 3) + [1, 1e-6, 1e5][at % 3] * x)
    const [a, b] = [base, moved].map(values => hierarchyOf(once(values, 3)))
    for (const count of [2, 4, 8]) expect(partition(clustersAt(a, count))).toBe(partition(clustersAt(b, count)))
  })
})

describe('thinned', () => {
  it('returns sorted rows, for every order of its input', () => {
    const values = Float64Array.of(2, 0, 1, 5, 1, 4, 3, 3)
    const found = thinnedRows(values, 2, Float64Array.of(1, 2, 3, 0), 10)
    expect([...found.values]).toEqual([1, 4, 1, 5, 2, 0])
    expect([...found.counts]).toEqual([3, 2, 1])
    const ten = Float64Array.from({ length: 10 }, (_, i) => (i * 7) % 10)
    // Of ten the middles of three equal parts: the rows at 10/6, 30/6 and 50/6.
    expect([...thinnedRows(ten, 1, null, 3).values]).toEqual([1, 5, 8])
  })
})

describe('clusters', () => {
  it('has mass, means and scatters about them', () => {
    const rows: CountedRows = {
      rows: 3,
      dim: 2,
      values: Float64Array.of(0, 0, 3, 6, 5, 5),
      counts: Float64Array.of(2, 1, 4)
    }
    const found = clusterMoments(rows, [0, 0, 1], { count: 2, isDiagonal: false })
    expect([...found.mass]).toEqual([3, 4])
    // Mean (1, 2); 2 (1, 2)(1, 2)ᵀ + (2, 4)(2, 4)ᵀ
    ;[1, 2, 5, 5].forEach((x, at) => {
      expect(found.means[at]).toBeCloseTo(x, 14)
    })
    ;[6, 12, 12, 24, 0, 0, 0, 0].forEach((x, at) => {
      expect(found.scatters[at]).toBeCloseTo(x, 13)
    })
    const diagonal = clusterMoments(rows, [0, 0, 1], { count: 2, isDiagonal: true }).scatters
    expect([...diagonal].map(x => Number(x.toFixed(12)))).toEqual([6, 24, 0, 0])
  })
})

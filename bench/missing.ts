/**
 * What is lost if rows that miss cells are left out, and if they are learned from: `npm run bench:missing [-- repetitions]`. Cells of four
 * real tables and of ten drawn mixtures are removed at random, or more often where another column is large. A fit to the complete rows and
 * one by EM to all observed cells are compared by the adjusted Rand index of all rows, each assigned by the cells it has, and by the mean
 * log-density of complete rows that neither was fitted to.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { assignTo } from '../src/fit/assign.js'
import { fit, Key, Metric, Mixture, Points } from '../src/index.js'
import { read } from './tables.js'

const SHARES = [0.05, 0.15, 0.3]
const HELD_OUT_SHARE = 0.3
const MECHANISMS = ['at random', 'by a column'] as const
type Mechanism = (typeof MECHANISMS)[number]

interface LabelledTable {
  readonly name: string
  readonly points: Points.Points
  readonly labels: ReadonlyArray<unknown>
}

interface Outcome {
  readonly rand: number
  /** Of held-out rows; null if there was no fit. */
  readonly logDensity: number | null
}

/** Means of K clusters, uniform in a cube whose side grows with K, and covariances with correlated columns. */
const drawnTable = (index: number): LabelledTable => {
  const dim = [2, 2, 3, 3, 4, 4, 5, 5, 6, 8][index]
  const components = [2, 3, 3, 4, 2, 5, 3, 4, 3, 4][index]
  const rows = [100, 200, 150, 400, 120, 500, 200, 400, 300, 400][index]
  const keys = pipe(Key.fromSeed(1000 + index), Key.named('means', 'factors', 'rows'))
  const places = Key.uniform(components * dim)(keys.means)
  const entries = Key.normal(components * dim * dim)(keys.factors)
  const range = (n: number): ReadonlyArray<number> => RA.makeBy(n, i => i)
  const factor = (k: number, i: number, j: number): number => (i === j ? 1 : 0) + 0.4 * entries[(k * dim + i) * dim + j]
  const truth = Mixture.of({
    means: range(components).map(k => range(dim).map(j => 8 * places[k * dim + j])),
    covariances: range(components).map(k =>
      range(dim).map(i =>
        range(dim).map(j => range(dim).reduce((sum, l) => sum + factor(k, i, l) * factor(k, j, l), 0))
      )
    )
  })
  const points = Mixture.sample(rows)(keys.rows)(truth)
  return { name: `drawn ${rows} × ${dim}, K = ${components}`, points, labels: [...Mixture.assign(points)(truth)] }
}

const realTables = (): ReadonlyArray<LabelledTable> => [
  ...['iris', 'penguins', 'wine'].map(name => {
    const { points, labels } = read(`examples/data/${name}.csv`)
    return { name, points, labels: labels ?? [] }
  }),
  ((): LabelledTable => {
    const { points } = read('examples/data/faithful.csv')
    return { name: 'faithful', points, labels: Points.toRows(points).map(([eruption]) => eruption < 3) }
  })()
]

/** Removes cells; `by a column` leaves the first column whole and removes others with a probability that grows with its rank. */
const withoutCells = (
  points: Points.Points,
  { mechanism, share, key }: { readonly mechanism: Mechanism; readonly share: number; readonly key: Key.Key }
): Points.Points => {
  const { rows, dim, values } = points
  const draws = Key.uniform(rows * dim)(key)
  const first = Array.from({ length: rows }, (_, i) => values[i * dim])
  const ranks = first.map(x => first.filter(other => other < x).length / rows)
  const probability = (cell: number): number => {
    if (mechanism === 'at random') return share
    // The mean over all cells is the share.
    return cell % dim === 0 ? 0 : Math.min(1, (2 * share * ranks[Math.floor(cell / dim)] * dim) / (dim - 1))
  }
  return { ...points, values: values.map((x, cell) => (draws[cell] < probability(cell) ? NaN : x)) }
}

const isComplete = (row: ReadonlyArray<number>): boolean => row.every(Number.isFinite)

const outcomeOf = (
  method: 'keep' | 'drop',
  { train, heldOut, labels }: { train: Points.Points; heldOut: Points.Points; labels: ReadonlyArray<unknown> }
): Outcome => {
  const rows = Points.toRows(train)
  try {
    const model = method === 'keep' ? fit(rows, { missing: 'em' }) : fit(rows.filter(isComplete))
    const { mixture } = model
    if (mixture.means.shape[1] !== train.dim) return { rand: 0, logDensity: null }
    const assign = assignTo(mixture, { missing: 'em' })
    return {
      rand: Metric.adjustedRand(
        labels,
        assign(rows).map(({ component }) => component)
      ),
      logDensity: Mixture.meanLogDensity(heldOut)(mixture)
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { rand: 0, logDensity: null }
  }
}

const compare = ({ points, labels }: LabelledTable, mechanism: Mechanism, share: number, seed: number) => {
  const keys = pipe(Key.fromSeed(seed), Key.named('rows', 'cells'))
  const order = Array.from(Key.permutation(points.rows)(keys.rows))
  const count = Math.round(HELD_OUT_SHARE * points.rows)
  const kept = order.slice(count)
  const whole = Points.select(kept)(points)
  const masked = withoutCells(whole, { mechanism, share, key: keys.cells })
  const counted = Points.toRows(masked).map(row => row.some(Number.isFinite))
  const positions = kept.map((_, i) => i).filter(i => counted[i])
  const data = {
    train: Points.select(positions)(masked),
    heldOut: Points.select(order.slice(0, count))(points),
    labels: positions.map(i => labels[kept[i]])
  }
  const complete = Points.toRows(data.train).filter(isComplete).length / data.train.rows
  return { complete, keep: outcomeOf('keep', data), drop: outcomeOf('drop', data) }
}

const mean = (numbers: ReadonlyArray<number>): number => numbers.reduce((sum, x) => sum + x, 0) / numbers.length

const [repetitions = 2] = process.argv.slice(2).map(Number)
console.log(
  'table | cells missing | complete rows | Rand: all cells, complete rows | log-density: same | fits that failed: same'
)
for (const table of [...realTables(), ...RA.makeBy(10, drawnTable)])
  for (const mechanism of MECHANISMS)
    for (const share of SHARES) {
      const found = RA.makeBy(repetitions, seed => compare(table, mechanism, share, seed))
      const both = found.filter(({ keep, drop }) => keep.logDensity !== null && drop.logDensity !== null)
      const failed = (method: 'keep' | 'drop'): number => found.filter(one => one[method].logDensity === null).length
      console.log(
        [
          table.name,
          `${100 * share} % ${mechanism}`,
          mean(found.map(({ complete }) => complete)).toFixed(2),
          `${mean(found.map(({ keep }) => keep.rand)).toFixed(3)}, ${mean(found.map(({ drop }) => drop.rand)).toFixed(3)}`,
          `${mean(both.map(({ keep }) => keep.logDensity ?? NaN)).toFixed(3)}, ${mean(both.map(({ drop }) => drop.logDensity ?? NaN)).toFixed(3)}`,
          `${failed('keep')}, ${failed('drop')}`
        ].join(' | ')
      )
    }

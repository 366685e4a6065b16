/** Tables with and without groups, and default fits of them as lines of JSON, for bench/null.ts and bench/choice.ts. */
import { appendFileSync } from 'node:fs'
import { pipe } from 'fp-ts/lib/function.js'
import { fit, Key, Metric, Mixture, Points, Problem } from '../src/index.js'
import { read } from './tables.js'

export type RowTable = ReadonlyArray<ReadonlyArray<number>>

/** One cluster: no groups. */
export const cloudShapes = ['normal', 'correlated', 'box', 'ball', 'lognormal', 'student'] as const
export type CloudShape = (typeof cloudShapes)[number]

/** A table with the cluster of each row, and what identifies it. */
export interface Sample {
  /** Cells are what figures are averaged over. */
  readonly cell: string
  readonly seed: number
  readonly rows: RowTable
  readonly labels: ReadonlyArray<unknown>
}

/** A candidate with what a rule of selection may use. */
interface StoredCandidate {
  readonly family: string
  readonly components: number
  readonly parameters: number
  readonly logLikelihood: number
  readonly bic: number
  readonly icl: number
  readonly smallestGroup: number
  readonly isDegenerate: boolean
  /** Null if the fit left out a constant column. */
  readonly adjustedRand: number | null
}

/** Default fit of a sample, with its candidates. */
export interface StoredFit extends Pick<Sample, 'cell' | 'seed'> {
  readonly rows: number
  readonly columns: number
  readonly components: number
  readonly family: string
  readonly adjustedRand: number
  readonly processorMilliseconds: number
  readonly candidates: ReadonlyArray<StoredCandidate>
}

const tableOf = (rows: number, dim: number, value: (i: number, j: number) => number): RowTable =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: dim }, (_, j) => value(i, j)))

const keyOf = (cell: string, seed: number): Key.Key => Key.named(cell)(Key.fromSeed(seed))[cell]

/** Draws one cluster: student has 3 degrees of freedom, correlated a matrix of normal entries. */
export const drawCloud = (cloud: CloudShape, rows: number, dim: number, seed: number): Sample => {
  const cell = `${cloud} ${rows}×${dim}`
  const keys = pipe(keyOf(cell, seed), Key.named('normal', 'uniform', 'matrix', 'chiSquared', 'radius'))
  const z = Key.normal(rows * dim)(keys.normal)
  const u = Key.uniform(rows * dim)(keys.uniform)
  const matrix = Key.normal(dim * dim)(keys.matrix)
  const chiSquared = Key.chiSquared(3)(rows)(keys.chiSquared)
  const radius = Key.uniform(rows)(keys.radius).map(r => r ** (1 / dim))
  const row = (i: number): Float64Array => z.subarray(i * dim, (i + 1) * dim)
  const values: Readonly<Record<CloudShape, (i: number, j: number) => number>> = {
    normal: (i, j) => z[i * dim + j],
    correlated: (i, j) => row(i).reduce((sum, x, k) => sum + matrix[j * dim + k] * x, 0),
    box: (i, j) => u[i * dim + j],
    ball: (i, j) => (radius[i] * z[i * dim + j]) / Math.hypot(...row(i)),
    lognormal: (i, j) => Math.exp(z[i * dim + j]),
    student: (i, j) => z[i * dim + j] / Math.sqrt(chiSquared[i] / 3)
  }
  return { cell, seed, rows: tableOf(rows, dim, values[cloud]), labels: new Array<number>(rows).fill(0) }
}

/** Draws rows of a labelled file without replacement. */
export const drawSubsample = (file: string, rows: number, seed: number): Sample => {
  const { name, points, labels } = read(file)
  if (labels === null) throw new Error(`${file} has no labels`)
  const cell = `real ${rows}`
  const chosen = [...Key.permutation(points.rows)(keyOf(`${name} ${rows}`, seed))].slice(0, rows)
  const all = Points.toRows(points)
  return { cell, seed, rows: chosen.map(i => all[i]), labels: chosen.map(i => labels[i]) }
}

export interface GroupShape {
  readonly rows: number
  readonly dim: number
  readonly groups: number
  /** Least distance of two means, in standard deviations. */
  readonly separation: number
}

/** Draws isotropic unit normals, rows in turn; means are drawn until all are apart. */
export const drawGroups = ({ rows, dim, groups, separation }: GroupShape, seed: number): Sample => {
  const keys = pipe(keyOf(`groups ${rows}×${dim} ${groups}`, seed), Key.named('means', 'rows'))
  const means: Array<Float64Array> = []
  for (let trial = 0; means.length < groups; trial++) {
    const spread = separation * (0.6 + trial / 200)
    const mean = Key.normal(dim)(Key.child(trial)(keys.means)).map(x => spread * x)
    if (means.every(other => Math.hypot(...other.map((x, j) => x - mean[j])) >= separation)) means.push(mean)
  }
  const z = Key.normal(rows * dim)(keys.rows)
  return {
    cell: `separation ${separation}`,
    seed,
    rows: tableOf(rows, dim, (i, j) => means[i % groups][j] + z[i * dim + j]),
    labels: Array.from({ length: rows }, (_, i) => i % groups)
  }
}

/** Fits a sample by default. */
const fitSample = ({ cell, seed, rows, labels }: Sample): StoredFit => {
  const start = process.cpuUsage()
  const fitted = fit(rows)
  const { user, system } = process.cpuUsage(start)
  const points = Problem.orThrow(Points.fromRows(rows))
  const agreement = (mixture: Mixture.Mixture): number | null =>
    fitted.columns.length === points.dim ? Metric.adjustedRand(labels, Mixture.assign(points)(mixture)) : null
  const memberships = fitted.assign(rows).map(({ component }) => component)
  return {
    cell,
    seed,
    rows: points.rows,
    columns: points.dim,
    components: fitted.components,
    family: fitted.family,
    adjustedRand: Metric.adjustedRand(labels, memberships),
    processorMilliseconds: (user + system) / 1e3,
    candidates: fitted.candidates.map(({ family, components, statistics, collapsed, redundancies, mixture }) => ({
      family,
      components,
      parameters: statistics.parameters,
      logLikelihood: statistics.logLikelihood,
      bic: statistics.bic,
      icl: statistics.icl,
      smallestGroup: Math.min(...statistics.sizes),
      isDegenerate: collapsed.length > 0 || redundancies.some(({ _tag }) => _tag === 'Empty'),
      adjustedRand: agreement(mixture)
    }))
  }
}

/** Fits samples until a deadline, and appends each to a file of JSON lines. Returns the fits. */
export const fitSamples = (
  samples: Iterable<Sample>,
  { file, minutes }: { readonly file: string; readonly minutes: number }
): ReadonlyArray<StoredFit> => {
  const end = performance.now() + 60_000 * minutes
  const fits: Array<StoredFit> = []
  for (const sample of samples) {
    if (performance.now() > end) break
    const stored = fitSample(sample)
    fits.push(stored)
    appendFileSync(file, `${JSON.stringify(stored)}\n`)
  }
  return fits
}

/** Returns the mean of a figure in each cell, with the number of fits. */
export const meansByCell = (
  fits: ReadonlyArray<StoredFit>,
  figure: (stored: StoredFit) => number,
  cellOf: (stored: StoredFit) => string = ({ cell }) => cell
): ReadonlyArray<{ readonly cell: string; readonly mean: number; readonly count: number }> =>
  [...new Set(fits.map(cellOf))].map(cell => {
    const values = fits.filter(stored => cellOf(stored) === cell).map(figure)
    return { cell, mean: values.reduce((sum, x) => sum + x, 0) / values.length, count: values.length }
  })

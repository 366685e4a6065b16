/** Picture of the data with the fitted mixture. */
import { pipe } from 'fp-ts/lib/function.js'
import { scalarArray } from '../../lib/arrays/ndarray.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Factor from '../../lib/arrays/factor.js'
import * as Key from '../../lib/random/key.js'
import * as Discriminant from '../fit/discriminant.js'
import { principalComponents } from '../../lib/rows/principal.js'
import * as Points from '../data/index.js'
import { pluralized } from '../data/dataProblems.js'
import * as Scaling from '../data/scaling.js'
import * as Source from '../data/source/source.js'
import { show } from '../fit/table.js'
import * as Mixture from '../mixture/index.js'
import { of, type Picture } from './drawing.js'
import * as Marks from './mark.js'
import { arranged, labelWidth, panelIn, type Axis, type Panel } from './panel.js'
import * as Scale from './scale.js'
import { svgText, type Box, type Xy } from './svg.js'
import { rowLabel, type Findings } from './findings.js'

/** Maximum number of rows in a panel: more would darken it and enlarge the file. */
const MAX_DRAWN_ROWS = 5000
/** Maximum number of columns shown in pairs; more are replaced by directions in which components differ most. */
const MAX_PAIRED_COLUMNS = 6
const MAX_DIRECTIONS = 4
/** Returns the indices of the rows to draw, the same random ones for each `n`: evenly spaced rows could match a period of the data. */
export const drawnRows = (n: number, most: number): Int32Array =>
  Key.permutation(n)(Key.fromSeed(0)).slice(0, most).sort()

// -- coordinates -----------------------------------------------------------------------------------------------------

export type PicturedFit = Pick<
  Findings,
  'points' | 'observed' | 'columns' | 'mixture' | 'scaling' | 'rowNumbers' | 'rowNames'
> & {
  readonly statistics: Pick<Findings['statistics'], 'rows'>
}

/** Data and mixture in the drawn coordinates: columns, or a few directions. */
export interface DataView {
  readonly names: ReadonlyArray<string>
  readonly points: Points.Points
  readonly mixture: Mixture.Mixture
  /** Unit of length on each axis. */
  readonly units: ReadonlyArray<number>
  readonly note: string
  /** Each direction in terms of columns; empty if the axes are columns. */
  readonly loadings: ReadonlyArray<string>
}

const covarianceList = (mixture: Mixture.Mixture): ReadonlyArray<Float64Array> => {
  const { shape, values } = Mixture.covariances(mixture)
  const size = shape[1] * shape[2]
  return Array.from({ length: shape[0] }, (_, k) => values.subarray(k * size, (k + 1) * size))
}

/** Formats a direction by its largest loadings: `0.71 a − 0.70 b`. */
const loadingText = (vector: Float64Array, columns: ReadonlyArray<string>): string =>
  Array.from(vector, (value, j) => ({ value, name: columns[j] }))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, MAX_PAIRED_COLUMNS)
    .map(({ value, name }, i) => `${value < 0 ? '− ' : i === 0 ? '' : '+ '}${Math.abs(value).toFixed(2)} ${name}`)
    .join(' ')

/** Named unit vector on which rows are projected. */
interface ViewDirection {
  readonly name: string
  readonly vector: Float64Array
}

const dotProduct = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, j) => sum + x * b[j], 0)

/** Part of a vector orthogonal to the others, of length 1. */
const orthogonalDirection = (others: ReadonlyArray<Float64Array>, vector: Float64Array): Float64Array => {
  const rest = others
    .reduce<ReadonlyArray<Float64Array>>((basis, v) => [...basis, orthogonalDirection(basis, v)], [])
    .reduce((left, v) => left.map((x, j) => x - dotProduct(left, v) * v[j]), vector)
  const length = Math.sqrt(dotProduct(rest, rest))
  return rest.map(x => x / length)
}

/** Flips a direction so that its largest loading is positive. */
const withPositiveLoading = (vector: Float64Array): Float64Array => {
  const largest = vector.reduce((best, v) => (Math.abs(v) > Math.abs(best) ? v : best), 0)
  return largest < 0 ? vector.map(v => -v) : vector
}

/**
 * Returns the directions in which component means differ most (see `Discriminant.directions`), at least two, with principal components of
 * the complement.
 */
const viewDirections = (mixture: Mixture.Mixture, points: Points.Points): ReadonlyArray<ViewDirection> => {
  const { dim } = points
  const { means, weights, variances, factors } = mixture
  // Student-t components with heavy tails have no covariance, so their scale matrices are used.
  const differing = weights.length > 1 ? Discriminant.directions()({ means, weights, variances, factors }) : null
  const found = Array.from(differing?.shares.slice(0, MAX_DIRECTIONS) ?? [], (share, q): ViewDirection => ({
    name: `direction ${q + 1} (${(100 * share).toFixed(0)} %)`,
    vector: withPositiveLoading(differing?.vectors.values.slice(q * dim, (q + 1) * dim) ?? new Float64Array(dim))
  }))
  if (found.length > 1) return found
  const more = found.length === 0 ? Math.min(MAX_DIRECTIONS, dim) : 1
  const own = found.map(({ vector }) => vector)
  const { values, vectors } = principalComponents(
    {
      ...points,
      values: points.values.map((x, at) => {
        const row = points.values.subarray(at - (at % dim), at - (at % dim) + dim)
        return own.reduce((rest, v) => rest - dotProduct(row, v) * v[at % dim], x)
      }),
      weights: Points.weightsOf(points)
    },
    new Float64Array(dim),
    more
  )
  const total = Source.variances(points).reduce((all, value) => all + value, 0)
  return [
    ...found,
    ...Array.from(values, (value, q): ViewDirection => ({
      name: `PC ${q + 1} (${((100 * value) / total).toFixed(0)} %)`,
      vector: withPositiveLoading(orthogonalDirection(own, vectors.slice(q * dim, (q + 1) * dim)))
    }))
  ]
}

/** Projects on the directions, in the units of the fit. */
const directionView = ({ points: all, columns, mixture, scaling }: PicturedFit): DataView => {
  const { dim, rows } = all
  const scale = scaling?.scale ?? new Float64Array(dim).fill(1)
  const centre = Points.mean(all)
  const inUnits = Points.pointsInUnits({ centre, scale })(all)
  const scaled = Mixture.rescaled(Scaling.inverseScaling({ centre, scale }))(mixture)
  const along = viewDirections(scaled, inUnits)
  const basis = along.map(({ vector }) => vector)
  const count = basis.length
  const projected = new Float64Array(rows * count)
  for (let i = 0; i < rows; i++)
    for (let q = 0; q < count; q++)
      projected[i * count + q] = dotProduct(basis[q], inUnits.values.subarray(i * dim, (i + 1) * dim))
  const own = along.filter(({ name }) => !name.startsWith('PC')).length
  const shown =
    own === 0
      ? `their first ${count} principal components (PC), with their shares of the variance`
      : `${own === 1 ? 'the direction' : `the ${own} directions`} in which components differ most (GMMDR), with shares of the difference` +
        (own < count ? ', and beside it the first principal component of the rest, with its share of the variance' : '')
  return {
    names: along.map(({ name }) => name),
    points: { ...all, dim: count, values: projected },
    mixture: pipe(
      Mixture.withoutBackground(scaled),
      Mixture.affine({ matrix: basis.map(vector => Array.from(vector)) })
    ),
    units: basis.map(() => 1),
    note: `The ${dim} ${scaling === null ? '' : 'standardized '}columns, seen along ${shown}: a component that differs elsewhere may lie on another here.`,
    loadings: along.map(
      ({ name, vector }) =>
        `${name.replace(/ \(.*/, '')} = ${loadingText(vector, columns)}${dim > MAX_PAIRED_COLUMNS ? ' …' : ''}`
    )
  }
}

/** Returns the coordinates in which a fit is drawn. */
export const dataView = (fit: PicturedFit): DataView =>
  fit.columns.length > MAX_PAIRED_COLUMNS
    ? directionView(fit)
    : {
        names: fit.columns,
        points: fit.points,
        mixture: fit.mixture,
        units: fit.scaling === null ? fit.columns.map(() => 1) : Array.from(fit.scaling.scale),
        note: '',
        loadings: []
      }

interface Scene extends DataView {
  readonly ranges: ReadonlyArray<Scale.Range>
  readonly rows: ReadonlyArray<ReadonlyArray<number>>
  /** Rows of the background. */
  readonly outside: ReadonlyArray<number>
  readonly means: ReadonlyArray<ReadonlyArray<number>>
  readonly spread: ReadonlyArray<Float64Array>
  readonly note: string
}

/** Minimum number of rows for which axes leave out distant ones. */
const MIN_ROWS_FOR_RANGE = 20
/** Reach of axes beyond the 5th and 95th percentiles, in multiples of their distance: 8 standard deviations of a normal distribution. */
const RANGE_FACTOR = 2

/** Returns the smallest and largest value near the bulk. */
export const bulkRange = (values: Float64Array): Scale.Range => {
  const sorted = values.filter(value => !Number.isNaN(value)).sort()
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]
  const low = at(0.05)
  const high = at(0.95)
  const reach = RANGE_FACTOR * (high - low)
  const isFar = (value: number): boolean => value < low - reach || value > high + reach
  return sorted.length < MIN_ROWS_FOR_RANGE || reach === 0
    ? [at(0), at(1)]
    : Scale.extent(
        sorted.filter(value => !isFar(value)),
        0
      )
}

const MIN_SHARE_ON_AXES = 0.01

/** Range of most values outside the background, and of two standard deviations around each centre. */
const axisRange = (
  { points, mixture }: DataView,
  component: ArrayLike<number>,
  spread: ReadonlyArray<Float64Array>,
  j: number
): Scale.Range => {
  const { means, weights } = Mixture.marginals(mixture)
  const { dim } = points
  const about = (deviations: number): ReadonlyArray<number> =>
    means.flatMap((mean, k) => {
      const reach = deviations * Math.sqrt(spread[k][j * dim + j])
      return weights[k] < MIN_SHARE_ON_AXES ? [] : [mean[j] - reach, mean[j] + reach]
    })
  const [lo, hi] = bulkRange(Points.columnOfPoints(j)(points).filter((_, i) => component[i] >= 0))
  const [from, to] = Scale.extent([lo, hi, ...about(2)], 0)
  // A component far larger than the data would shrink them to a point, so one standard deviation.
  return Scale.extent(to - from > 3 * (hi - lo) ? [lo, hi, ...about(1)] : [from, to])
}

const MAX_NAMED_OUTSIDE = 8

const scene = (fit: PicturedFit, view: DataView, most: number): Scene => {
  const { points, mixture } = view
  const { dim, values } = points
  const component = pipe(fit.mixture, Mixture.assign(fit.observed))
  const spread = covarianceList(mixture)
  const ranges = view.names.map((_, j) => axisRange(view, component, spread, j))
  const isFar = (i: number): boolean =>
    ranges.some(([from, to], j) => values[i * dim + j] < from || values[i * dim + j] > to)
  const all = Array.from({ length: points.rows }, (_, i) => i)
  const outside = all.filter(i => component[i] < 0)
  const far = all.filter(i => component[i] >= 0 && isFar(i))
  // Rows beyond the axes and rows of the background are always drawn.
  const shown = [...new Set([...drawnRows(points.rows, most), ...far.slice(0, most), ...outside.slice(0, most)])].sort(
    (a, b) => a - b
  )
  const rows = Array.from(mixture.weights, (_, k) => shown.filter(i => component[i] === k))
  const namesOf = (rows: ReadonlyArray<number>): string =>
    `${rows.slice(0, MAX_NAMED_OUTSIDE).map(rowLabel(fit)).join(', ')}${rows.length > MAX_NAMED_OUTSIDE ? ', …' : ''}`
  const notes = [
    view.note,
    outside.length === 0
      ? ''
      : `Crosses, at the edge where they lie beyond the axes: ${pluralized(outside.length, 'row')} of the background, ${namesOf(outside)}.`,
    far.length === 0
      ? ''
      : `Arrows at the edge: ${far.length === 1 ? 'row' : `${far.length} rows beyond the axes,`} ` +
        `${namesOf(far)}${far.length === 1 ? ' lies beyond the axes' : ''}.`,
    fit.statistics.rows > shown.length
      ? `${shown.length} of the ${fit.statistics.rows} rows, chosen at random, are drawn; all were learned from.`
      : ''
  ]
  return {
    ...view,
    ranges,
    rows,
    outside: shown.filter(i => component[i] < 0),
    means: Mixture.marginals(mixture).means,
    spread,
    note: notes.filter(part => part !== '').join(' ')
  }
}

// -- densities of one column -----------------------------------------------------------------------------------------

const gaussianDensity = (x: number, mean: number, variance: number): number =>
  Elementary.exp(
    Factor.logNormalDensity(scalarArray(Math.sqrt(variance)), 1, 0, Elementary.square(x - mean) / variance)
  )

/** Number of bins by Freedman & Diaconis (1981), at least √n since their rule hides the modes of a mixture. */
const binCount = (values: Float64Array, most: number): number => {
  const sorted = values.slice().sort()
  const quartile = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))]
  const width = (2 * (quartile(0.75) - quartile(0.25))) / Elementary.pow(sorted.length, 1 / 3)
  const wanted = Math.ceil((sorted[sorted.length - 1] - sorted[0]) / width)
  return Math.min(most, Math.max(8, Math.ceil(Math.sqrt(sorted.length)), Number.isFinite(wanted) ? wanted : 0))
}

interface Marginal {
  readonly marks: ReadonlyArray<Marks.Mark>
  readonly parts: ReadonlyArray<ReadonlyArray<Xy>>
  readonly top: number
}

/** Draws a column's histogram, of area 1 within the axes, with the densities of mixture and components. */
const columnMarginal = (
  { points, mixture, means, spread, ranges }: Scene,
  j: number,
  most: number,
  weight: number
): Marginal => {
  const [from, to] = ranges[j]
  const every = Points.columnOfPoints(j)(points)
  const values = every.filter(value => value >= from && value <= to)
  const [lo, hi] = Scale.extent(values, 0)
  const count = binCount(values, most)
  const width = (hi - lo) / count
  const heights = new Float64Array(count)
  const total = Points.totalWeight(points)
  every.forEach((value, i) => {
    if (value >= from && value <= to)
      heights[Math.min(count - 1, Math.floor((value - lo) / width))] += (points.weights?.[i] ?? 1) / (total * width)
  })
  const { dim } = points
  const part = (k: number, at: number): number =>
    mixture.weights[k] * gaussianDensity(at, means[k][j], spread[k][j * dim + j])
  // The grid includes each centre, so that no narrow peak falls between two points.
  const grid = [
    ...Array.from({ length: 161 }, (_, i) => from + ((to - from) * i) / 160),
    ...means.map(mean => mean[j]).filter(mean => mean > from && mean < to)
  ].sort((a, b) => a - b)
  const parts = means.map((_, k) => grid.map((at): Xy => [at, part(k, at)]))
  const whole = grid.map((at, i): Xy => [at, parts.reduce((sum, places) => sum + places[i][1], 0)])
  return {
    marks: [
      Marks.bars(Array.from(heights, (height, i) => ({ from: lo + i * width, to: lo + (i + 1) * width, height }))),
      ...(parts.length > 1 ? [Marks.line(whole, { paint: 'ink', width: 1.2 })] : []),
      ...parts.map((part, k) => Marks.line(part, { k, width: weight }))
    ],
    parts,
    top: Math.max(...heights, ...whole.map(([, y]) => y))
  }
}

// -- planes ----------------------------------------------------------------------------------------------------------

type AxisPair = readonly [number, number]

const BACKGROUND_LOOK = 5

/** Draws rows, ellipses of one and two standard deviations, and numbers at the centres. */
const plane = (scene: Scene, [i, j]: AxisPair, size: number, ring: number): ReadonlyArray<Marks.Mark> => {
  const {
    means,
    spread,
    points: { values, dim }
  } = scene
  const centres = means.map((mean): Xy => [mean[i], mean[j]])
  const placeOf = (row: number): Xy => [values[row * dim + i], values[row * dim + j]]
  return [
    ...scene.rows.map((rows, k) => Marks.dots(rows.map(placeOf), { k, r: size })),
    Marks.crosses(scene.outside.map(placeOf), { k: BACKGROUND_LOOK, r: size + 1 }),
    ...centres.flatMap((mean, k) => {
      const component = { mean, xx: spread[k][i * dim + i], xy: spread[k][i * dim + j], yy: spread[k][j * dim + j] }
      return [
        Marks.ellipse(component, 1),
        Marks.ellipse(component, 2, { kind: 'line ellipse two', width: 1, opacity: 0.45 })
      ]
    }),
    Marks.numbered(centres, ring)
  ]
}

const CONTOUR_SHARES = [0.1, 0.3, 0.5, 0.7, 0.9] as const
const GRID_SIDE = 110

const contours = ({ mixture, ranges: [x, y] }: Scene): ReadonlyArray<Marks.Mark> => {
  const grid = Float64Array.from({ length: 2 * GRID_SIDE * GRID_SIDE }, (_, place) => {
    const cell = Math.floor(place / 2)
    const [[from, to], at] = place % 2 === 0 ? [x, cell % GRID_SIDE] : [y, Math.floor(cell / GRID_SIDE)]
    return from + ((to - from) * at) / (GRID_SIDE - 1)
  })
  const logs = pipe(mixture, Mixture.logDensity({ rows: GRID_SIDE * GRID_SIDE, dim: 2, values: grid }))
  // Relative to the greatest, since densities overflow in many dimensions.
  const greatest = logs.reduce((a, b) => Math.max(a, b), -Infinity)
  const field = { columns: GRID_SIDE, rows: GRID_SIDE, values: logs.map(log => Elementary.exp(log - greatest)), x, y }
  return Marks.levelsOf(field, CONTOUR_SHARES).map(level => Marks.levelLine(field, level, { paint: 'soft', width: 1 }))
}

const radius = (rows: number): number => Math.max(1, Math.min(3.2, 60 / Math.sqrt(rows)))

const DATA_LEGEND =
  'Each row has the colour and marker of its most probable component; numbers mark the centres, and ellipses are one and two standard deviations from them: in two columns these hold 39 % and 86 % of a Gaussian’s rows.'

const centresInWords = ({ means }: Scene): string =>
  means
    .map(
      (mean, k) => `${k + 1} at ${mean.length === 1 ? show(mean[0], 4) : `(${mean.map(x => show(x, 4)).join(', ')})`}`
    )
    .join(', ')

const DATA_NAME_AND_TITLE = { name: 'data', title: 'The data and what was learned' } as const

const oneColumn = (fit: PicturedFit, along: DataView): Picture => {
  const view = scene(fit, along, MAX_DRAWN_ROWS)
  const found = columnMarginal(view, 0, 80, 2.2)
  const peak = (k: number): number => found.parts[k].reduce((most, [, b]) => Math.max(most, b), 0)
  return of(
    arranged(
      [
        {
          x: { title: fit.columns[0], domain: view.ranges[0], count: 6 },
          y: { title: 'density', domain: [0, found.top * 1.08] },
          marks: [...found.marks, Marks.numbered(view.means.map(([mean], k): Xy => [mean, peak(k)]))]
        }
      ],
      { width: 570, height: 270 }
    ),
    {
      ...DATA_NAME_AND_TITLE,
      description:
        `Histogram of ${fit.statistics.rows} rows of ${fit.columns[0]} under the density of the mixture and of each component. ` +
        `Centres: ${centresInWords(view)}`,
      note: `Bars: the data. Thin line: the density of the mixture; coloured lines: its components, numbered at their centres. ${view.note}`.trim()
    }
  )
}

const twoColumns = (fit: PicturedFit, along: DataView): Picture => {
  const view = scene(fit, along, MAX_DRAWN_ROWS)
  const [rx, ry] = view.ranges
  // Isotropic components are circles in equal units; if the picture would be too narrow, each axis fills its side.
  const ratio = (ry[1] - ry[0]) / view.units[1] / ((rx[1] - rx[0]) / view.units[0])
  const isEqual = ratio > 0.35 && ratio < 1.4
  const width = isEqual && ratio > 1 ? 480 / ratio : 480
  const height = isEqual ? width * ratio : 380
  const side = 56
  const gap = 8
  const main: Panel = {
    x: { title: view.names[0], domain: rx },
    y: { title: view.names[1], domain: ry },
    marks: [...contours(view), ...plane(view, [0, 1], radius(view.rows.flat().length), 10)]
  }
  const box = { left: labelWidth(main) + 6, top: side + gap + 4, width, height }
  const above = columnMarginal(view, 0, 40, 1.6)
  const beside = columnMarginal(view, 1, 40, 1.6)
  const bare = { isGridded: false, isFramed: false }
  const hidden = (domain: Scale.Range): Axis => ({ domain, isLabelled: false, ticks: [] })
  return of(
    {
      width: box.left + width + gap + side + 12,
      height: box.top + height + 46,
      body:
        panelIn(main, box) +
        panelIn(
          { ...bare, x: hidden(rx), y: hidden([0, above.top]), marks: above.marks },
          { ...box, top: 4, height: side }
        ) +
        panelIn(
          { ...bare, x: hidden([0, beside.top]), y: hidden(ry), marks: beside.marks.map(Marks.turned) },
          { ...box, left: box.left + width + gap, width: side }
        )
    },
    {
      ...DATA_NAME_AND_TITLE,
      description:
        `${fit.statistics.rows} rows on the axes ${view.names.join(' and ')}, each in the colour of its most probable component, ` +
        `with the centre and the ellipses of each component, level lines of the density, and the density of each column at the sides. ` +
        `Centres: ${centresInWords(view)}`,
      note:
        `${DATA_LEGEND} Thin lines are level lines of the density: ${CONTOUR_SHARES.map(share => 100 * share).join(', ')} % of the mixture lies within them. ` +
        `At the sides: each column alone. ${view.note}`.trim()
    }
  )
}

const pairPlot = (fit: PicturedFit, along: DataView): Picture => {
  const most = Math.min(
    fit.columns.length > MAX_PAIRED_COLUMNS ? MAX_DIRECTIONS : MAX_PAIRED_COLUMNS,
    fit.columns.length
  )
  const view = scene(fit, along, Math.round(MAX_DRAWN_ROWS / Math.max(1, (most - 1) / 2)))
  const count = view.names.length
  const gap = 10
  const size = Math.min(2.4, radius(view.rows.flat().length))
  const bareAxis = (j: number): Axis => ({ domain: view.ranges[j], count: 3, isLabelled: false, title: '' })
  const namedAxis = (j: number): Axis => ({ ...bareAxis(j), isLabelled: true, title: view.names[j] })
  const panelOf = (i: number, j: number, ring: number): Panel => {
    const x = j === count - 1 ? namedAxis(i) : bareAxis(i)
    if (i !== j)
      return {
        x,
        y: i === 0 ? namedAxis(j) : bareAxis(j),
        marks: plane(view, [i, j], size, ring)
      }
    const found = columnMarginal(view, i, 24, 1.6)
    const named: Marks.Mark = {
      covers: [],
      draw: ({ box }) => svgText([box.left + 6, box.top + 16], view.names[i], { kind: 'name' })
    }
    return {
      x,
      y: { domain: [0, found.top * 1.3], ticks: [], isLabelled: false },
      isGridded: false,
      marks: [...found.marks, named]
    }
  }
  const left = 6 + Math.max(...Array.from({ length: count - 1 }, (_, j) => labelWidth(panelOf(0, j + 1, 9))))
  const cell = (720 - left - gap * count) / count
  const box = (i: number, j: number): Box => ({
    left: left + i * (cell + gap),
    top: 6 + j * (cell + gap),
    width: cell,
    height: cell
  })
  const ring = cell < 130 || view.means.length > 6 ? 7 : 9
  const panels = Array.from({ length: count * count }, (_, at) => {
    const i = at % count
    const j = Math.floor(at / count)
    return i > j ? '' : panelIn(panelOf(i, j, ring), box(i, j))
  })
  return of(
    { width: 720, height: 6 + count * (cell + gap) + 38, body: panels.join('') },
    {
      ...DATA_NAME_AND_TITLE,
      description:
        `${fit.statistics.rows} rows on each pair of the axes ${view.names.join(', ')}, in the colour of the most probable component, ` +
        `with the centre and the ellipses of each component; on the diagonal the density of each alone. Centres: ${centresInWords(view)}`,
      note: `${DATA_LEGEND} On the diagonal: each ${fit.columns.length > MAX_PAIRED_COLUMNS ? 'direction' : 'column'} alone. ${view.note}`.trim()
    }
  )
}

/** Draws the data with the fitted components in the given coordinates. */
export const dataPicture = (fit: PicturedFit, along = dataView(fit)): Picture =>
  fit.columns.length === 1
    ? oneColumn(fit, along)
    : fit.columns.length === 2
      ? twoColumns(fit, along)
      : pairPlot(fit, along)

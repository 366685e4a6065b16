/** The pictures of a fit: the data with what was learned, what it was chosen from, and the objective as it fell. */
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Factor from '../../lib/arrays/factor.js'
import { principal } from '../../lib/rows/principal.js'
import { type Fit, Key, Mixture, Points } from '../index.js'
import { isSound } from '../fit/candidates.js'
import { show, tidy } from '../fit/table.js'
import { word } from '../fit/text.js'
import { type Choice, type Findings, type StageRun } from './findings.js'
import * as Svg from './svg.js'

type Place = Svg.Xy

/** Rows drawn at most in one panel: more would only darken it and weigh on the page. */
const drawn = 5000
/** Columns that are shown pair by pair; more are seen along their principal components. */
const paired = 6
/** As many of those as stay readable. */
const directions = 4
/** Steps drawn at most. */
const drawnSteps = 600

/** Which rows are drawn: drawn by lot, since any even spacing may meet a period of the data; always the same ones. */
const drawnRows = (n: number, most: number): Int32Array => Key.permutation(n)(Key.fromSeed(0)).slice(0, most).sort()

/** An index for each of at most `most` of n things, evenly spread. */
const thinned = (n: number, most: number): ReadonlyArray<number> =>
  Array.from({ length: Math.min(n, most) }, (_, i) => (n <= most ? i : Math.floor((i * n) / most)))

// -- what is looked at -----------------------------------------------------------------------------------------------

/** The data and the mixture as they are drawn: in their columns, or along principal components. */
export interface View {
  readonly names: ReadonlyArray<string>
  readonly points: Points.Points
  readonly mixture: Mixture.Mixture
  /** The length that counts as one, for each axis. */
  readonly units: ReadonlyArray<number>
  readonly note: string
  /** What each direction is made of; nothing where the directions are the columns. */
  readonly loadings: ReadonlyArray<string>
}

/** Σ_k, row-major. */
const covariances = (mixture: Mixture.Mixture): ReadonlyArray<Float64Array> => {
  const { shape, values } = Mixture.covariances(mixture)
  const size = shape[1] * shape[2]
  return Array.from({ length: shape[0] }, (_, k) => values.subarray(k * size, (k + 1) * size))
}

/** `0.71 a − 0.70 b`: the largest of a direction. */
const loading = (vector: Float64Array, columns: ReadonlyArray<string>): string =>
  Array.from(vector, (value, j) => ({ value, name: columns[j] }))
    .sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .slice(0, paired)
    .map(({ value, name }, i) => `${value < 0 ? '− ' : i === 0 ? '' : '+ '}${Math.abs(value).toFixed(2)} ${name}`)
    .join(' ')

/** Along the first principal components, in the units the mixture was learned in. */
const alongPrincipal = ({ points: all, columns, mixture, scaling }: Findings): View => {
  const { dim, rows } = all
  const scale = scaling?.scale ?? new Float64Array(dim).fill(1)
  const centre = Points.mean(all)
  const inUnits = Points.inUnits({ centre, scale })(all)
  const { values, vectors } = principal(
    { ...inUnits, weights: Points.weightsOf(all) },
    new Float64Array(dim),
    Math.min(directions, dim)
  )
  const total = Points.variances(inUnits).reduce((sum, value) => sum + value, 0)
  // An eigenvector's sign says nothing: the largest loading is made positive.
  const basis = Array.from(values, (_, q) => {
    const vector = vectors.slice(q * dim, (q + 1) * dim)
    const largest = vector.reduce((best, v) => (Math.abs(v) > Math.abs(best) ? v : best), 0)
    return largest < 0 ? vector.map(v => -v) : vector
  })
  const along = (vector: Float64Array, x: (j: number) => number): number =>
    vector.reduce((sum, v, j) => sum + v * x(j), 0)
  const count = basis.length
  const projected = new Float64Array(rows * count)
  for (let i = 0; i < rows; i++)
    for (let q = 0; q < count; q++) projected[i * count + q] = along(basis[q], j => inUnits.values[i * dim + j])
  const means = Mixture.marginals(mixture).means.map(mean =>
    basis.map(vector => along(vector, j => (mean[j] - centre[j]) / scale[j]))
  )
  const spread = covariances(mixture).map(covariance =>
    basis.map(p => basis.map(q => along(p, i => along(q, j => covariance[i * dim + j] / (scale[i] * scale[j])))))
  )
  const share = (value: number): string => `${((100 * value) / total).toFixed(0)} %`
  const held = values.reduce((sum, value) => sum + value, 0)
  return {
    names: Array.from(values, (value, q) => `PC ${q + 1} (${share(value)})`),
    points: { ...all, dim: count, values: projected },
    mixture: Mixture.of({ weights: Array.from(mixture.weights), means, covariances: spread }),
    units: basis.map(() => 1),
    note:
      `The ${dim} ${scaling === null ? '' : 'standardized '}columns, seen along their first ${count} principal components (PC), ` +
      `which hold ${share(held)} of the variance: a component that differs elsewhere may lie on another here.`,
    loadings: basis.map((vector, q) => `PC ${q + 1} = ${loading(vector, columns)}${dim > paired ? ' …' : ''}`)
  }
}

/** What is drawn of a fit. */
export const view = (fit: Findings): View =>
  fit.columns.length > paired
    ? alongPrincipal(fit)
    : {
        names: fit.columns,
        points: fit.points,
        mixture: fit.mixture,
        units: fit.scaling === null ? fit.columns.map(() => 1) : Array.from(fit.scaling.scale),
        note: '',
        loadings: []
      }

/** All that panels share: each axis' range, the rows that are drawn by component, and the components. */
interface Scene extends View {
  readonly ranges: ReadonlyArray<Svg.Range>
  readonly rows: ReadonlyArray<ReadonlyArray<number>>
  readonly means: ReadonlyArray<ReadonlyArray<number>>
  readonly spread: ReadonlyArray<Float64Array>
  readonly note: string
}

const columnOf = ({ rows, dim, values }: Points.Points, j: number): Float64Array =>
  Float64Array.from({ length: rows }, (_, i) => values[i * dim + j])

const scene = (fit: Findings, most: number): Scene => {
  const seen = view(fit)
  const { points, mixture } = seen
  const shown = drawnRows(points.rows, most)
  const component = pipe(fit.mixture, Mixture.assign(Points.select(shown)(fit.points)))
  const rows = Array.from(mixture.weights, (_, k) => Array.from(shown).filter((_, at) => component[at] === k))
  const { means } = Mixture.marginals(mixture)
  const spread = covariances(mixture)
  const { dim } = points
  const ranges = seen.names.map((_, j) => {
    const ends = means.flatMap((mean, k) => {
      const two = 2 * Math.sqrt(spread[k][j * dim + j])
      return [mean[j] - two, mean[j] + two]
    })
    const [lo, hi] = Svg.extent(columnOf(points, j), 0)
    // A component that is far larger than the data would leave them a point: one standard deviation is enough then.
    const [from, to] = Svg.extent([lo, hi, ...ends], 0)
    const isLarge = to - from > 3 * (hi - lo)
    return Svg.extent(
      isLarge
        ? [
            lo,
            hi,
            ...means.map((mean, k) => mean[j] + Math.sqrt(spread[k][j * dim + j])),
            ...means.map((mean, k) => mean[j] - Math.sqrt(spread[k][j * dim + j]))
          ]
        : [from, to]
    )
  })
  const thinning =
    fit.statistics.rows > shown.length
      ? `${shown.length} of the ${fit.statistics.rows} rows, chosen at random, are drawn; all were learned from.`
      : ''
  return { ...seen, ranges, rows, means, spread, note: [seen.note, thinning].filter(part => part !== '').join(' ') }
}

// -- densities of one column -----------------------------------------------------------------------------------------

const normal = (x: number, mean: number, variance: number): number =>
  Elementary.exp(
    Factor.logNormal(
      { shape: [], values: Float64Array.of(Math.sqrt(variance)) },
      1,
      0,
      Elementary.square(x - mean) / variance
    )
  )

/** As many bins as Freedman & Diaconis (1981) ask for; but at least √n, since their rule hides the modes of a mixture. */
const binsOf = (values: Float64Array, most: number): number => {
  const sorted = values.slice().sort()
  const quartile = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))]
  const width = (2 * (quartile(0.75) - quartile(0.25))) / Elementary.pow(sorted.length, 1 / 3)
  const wanted = Math.ceil((sorted[sorted.length - 1] - sorted[0]) / width)
  return Math.min(most, Math.max(8, Math.ceil(Math.sqrt(sorted.length)), Number.isFinite(wanted) ? wanted : 0))
}

interface Marginal {
  readonly bars: ReadonlyArray<{ readonly from: number; readonly to: number; readonly height: number }>
  readonly whole: ReadonlyArray<Place>
  readonly parts: ReadonlyArray<ReadonlyArray<Place>>
  readonly top: number
}

/** The histogram of a column, of area 1, and the density of the mixture and of its parts. */
const marginal = ({ points, mixture, means, spread, ranges }: Scene, j: number, most: number): Marginal => {
  const values = columnOf(points, j)
  const [lo, hi] = Svg.extent(values, 0)
  const count = binsOf(values, most)
  const width = (hi - lo) / count
  const heights = new Float64Array(count)
  const total = Points.totalWeight(points)
  values.forEach((value, i) => {
    heights[Math.min(count - 1, Math.floor((value - lo) / width))] += (points.weights?.[i] ?? 1) / (total * width)
  })
  const { dim } = points
  const part = (k: number, at: number): number => mixture.weights[k] * normal(at, means[k][j], spread[k][j * dim + j])
  // A fine grid, and each centre itself: a narrow peak must not fall between two of its points.
  const [from, to] = ranges[j]
  const grid = [
    ...Array.from({ length: 161 }, (_, i) => from + ((to - from) * i) / 160),
    ...means.map(mean => mean[j])
  ].sort((a, b) => a - b)
  const parts = means.map((_, k) => grid.map((at): Place => [at, part(k, at)]))
  const whole = grid.map((at, i): Place => [at, parts.reduce((sum, places) => sum + places[i][1], 0)])
  return {
    bars: Array.from(heights, (height, i) => ({ from: lo + i * width, to: lo + (i + 1) * width, height })),
    whole,
    parts,
    top: Math.max(...heights, ...whole.map(([, y]) => y))
  }
}

/** A marginal in a box: bars, the mixture's line, and a line for each component. */
const densities = (
  { bars, whole, parts }: Marginal,
  x: (value: number) => number,
  y: (value: number) => number,
  weight: number,
  isUpright = true
): string => {
  const place = ([a, b]: Place): Place => (isUpright ? [x(a), y(b)] : [y(b), x(a)])
  const bar = ({ from, to, height }: Marginal['bars'][number]): string => {
    const [[a, b], [c, d]] = [place([from, 0]), place([to, height])]
    return height === 0
      ? ''
      : `M${Svg.n(a)},${Svg.n(b)}${isUpright ? `V${Svg.n(d)}H${Svg.n(c)}V${Svg.n(b)}` : `H${Svg.n(c)}V${Svg.n(d)}H${Svg.n(a)}`}z`
  }
  return (
    `<path class="bar" d="${bars.map(bar).join('')}"/>` +
    (parts.length > 1 ? Svg.line(whole.map(place), 'var(--ink)', 1.2) : '') +
    parts.map((part, k) => Svg.line(part.map(place), Svg.colour(k), weight)).join('')
  )
}

// -- planes ----------------------------------------------------------------------------------------------------------

/** Components in a plane: the ellipses of one and of two standard deviations. */
const ellipses = (
  { means, spread, points: { dim } }: Scene,
  [i, j]: readonly [number, number],
  x: Svg.Axis,
  y: Svg.Axis
): string => {
  const [sx, sy] = [x.at(1) - x.at(0), y.at(1) - y.at(0)]
  return means
    .map((mean, k) => {
      const [xx, xy, yy] = [spread[k][i * dim + i], spread[k][i * dim + j], spread[k][j * dim + j]]
      // [a, 0; b, c] with [xx, xy; xy, yy] as its square: the circle of radius 1 goes to the ellipse.
      const a = Math.sqrt(xx)
      const b = xy / a
      const c = Math.sqrt(Math.max(yy - b * b, 0))
      const around = (sd: number): string =>
        Array.from({ length: 61 }, (_, at) => {
          const angle = (2 * Math.PI * at) / 60
          const [u, v] = [sd * Elementary.cos(angle), sd * Elementary.sin(angle)]
          return `${Svg.n(x.at(mean[i]) + sx * a * u)},${Svg.n(y.at(mean[j]) + sy * (b * u + c * v))}`
        }).join('L')
      return (
        `<path class="line ellipse" d="M${around(1)}z" stroke="var(--ink)" stroke-width="1.6"/>` +
        `<path class="line ellipse two" d="M${around(2)}z" stroke="var(--ink)" stroke-width="1" stroke-opacity=".45"/>`
      )
    })
    .join('')
}

const plane = (scene: Scene, [i, j]: readonly [number, number], x: Svg.Axis, y: Svg.Axis, size: number): string => {
  const {
    points: { values, dim }
  } = scene
  return scene.rows
    .map((rows, k) =>
      Svg.dots(
        k,
        rows.map((row): Place => [x.at(values[row * dim + i]), y.at(values[row * dim + j])]),
        size
      )
    )
    .join('')
}

const centresIn = ({ means }: Scene, [i, j]: readonly [number, number], x: Svg.Axis, y: Svg.Axis, r: number): string =>
  means.map((mean, k) => Svg.numbered(k, [x.at(mean[i]), y.at(mean[j])], r)).join('')

/** What is cut off at the sides of a box. */
const within = (name: string, { left, top, width, height }: Svg.Box, body: string): string =>
  `<clipPath id="${name}"><rect x="${Svg.n(left)}" y="${Svg.n(top)}" width="${Svg.n(width)}" height="${Svg.n(height)}"/></clipPath>` +
  `<g clip-path="url(#${name})">${body}</g>`

const shares = [0.1, 0.3, 0.5, 0.7, 0.9] as const

/** Where the density of the mixture in the plane is level. */
const contours = ({ mixture, ranges: [[x0, x1], [y0, y1]] }: Scene, x: Svg.Axis, y: Svg.Axis): string => {
  const [columns, rows] = [110, 110]
  const at = (i: number, j: number): readonly [number, number] => [
    x0 + ((x1 - x0) * i) / (columns - 1),
    y0 + ((y1 - y0) * j) / (rows - 1)
  ]
  const grid = Float64Array.from({ length: 2 * columns * rows }, (_, place) => {
    const cell = Math.floor(place / 2)
    return at(cell % columns, Math.floor(cell / columns))[place % 2]
  })
  const logs = pipe(mixture, Mixture.logDensity({ rows: columns * rows, dim: 2, values: grid }))
  // Of the greatest: a density far from 1 is none of a double.
  const greatest = logs.reduce((a, b) => Math.max(a, b), -Infinity)
  const field = { columns, rows, values: logs.map(log => Elementary.exp(log - greatest)) }
  return Svg.levelsOf(field, shares)
    .map(level => {
      const d = Svg.levelLines(field, level, (i, j) => {
        const [a, b] = at(i, j)
        return [x.at(a), y.at(b)]
      })
      return d === '' ? '' : `<path class="line level" d="${d}" stroke="var(--soft)" stroke-width="1"/>`
    })
    .join('')
}

const radius = (rows: number): number => Math.max(1, Math.min(3.2, 60 / Math.sqrt(rows)))

const legend =
  'Rows are in the colour and the mark of their most probable component; numbers stand at the centres, and ellipses are one and two standard deviations from them.'

/** Centres, as words. */
const centresOf = ({ means }: Scene): string =>
  means
    .map(
      (mean, k) => `${k + 1} at ${mean.length === 1 ? show(mean[0], 4) : `(${mean.map(x => show(x, 4)).join(', ')})`}`
    )
    .join(', ')

const oneColumn = (fit: Findings): Svg.Figure => {
  const seen = scene(fit, drawn)
  const found = marginal(seen, 0, 80)
  const box = { left: 58, top: 12, width: 570, height: 270 }
  const x = Svg.axis(seen.ranges[0], [box.left, box.left + box.width], 6)
  const y = Svg.axis([0, found.top * 1.08], [box.top + box.height, box.top], 5)
  const peak = (k: number): number => found.parts[k].reduce((most, [, b]) => Math.max(most, b), 0)
  return {
    name: 'data',
    title: 'The data and what was learned',
    description:
      `Histogram of ${fit.statistics.rows} rows of ${fit.columns[0]} under the density of the mixture and of each component. ` +
      `Centres: ${centresOf(seen)}`,
    note: 'Bars: the data. Thin line: the density of the mixture; coloured lines: its components, numbered at their centres.',
    width: 640,
    height: 334,
    body:
      Svg.frame(box, x, y, { x: fit.columns[0], y: 'density' }) +
      densities(found, x.at, y.at, 2.2) +
      seen.means.map(([mean], k) => Svg.numbered(k, [x.at(mean), y.at(peak(k))])).join('')
  }
}

/** Two columns: the plane, with the density of each column at its side. */
const twoColumns = (fit: Findings): Svg.Figure => {
  const seen = scene(fit, drawn)
  const [rx, ry] = seen.ranges
  // Equal units make round components round; where that would make a ribbon of the picture, each axis fills its side.
  const ratio = (ry[1] - ry[0]) / seen.units[1] / ((rx[1] - rx[0]) / seen.units[0])
  const isEqual = ratio > 0.35 && ratio < 1.4
  const width = isEqual && ratio > 1 ? 480 / ratio : 480
  const height = isEqual ? width * ratio : 380
  const left = 34 + Math.max(...Svg.ticks(ry, 5).map(({ label }) => Svg.wide(label)))
  const [side, gap] = [56, 8]
  const box = { left, top: side + gap + 4, width, height }
  const x = Svg.axis(rx, [left, left + width], 5)
  const y = Svg.axis(ry, [box.top + height, box.top], 5)
  const [above, beside] = [marginal(seen, 0, 40), marginal(seen, 1, 40)]
  const up = (value: number): number => box.top - gap - (side * value) / above.top
  const out = (value: number): number => left + width + gap + (side * value) / beside.top
  return {
    name: 'data',
    title: 'The data and what was learned',
    description:
      `${fit.statistics.rows} rows on the axes ${seen.names.join(' and ')}, each in the colour of its most probable component, ` +
      `with the centre and the ellipses of each component, level lines of the density, and the density of each column at the sides. ` +
      `Centres: ${centresOf(seen)}`,
    note:
      `${legend} Thin lines are level lines of the density: ${shares.map(share => 100 * share).join(', ')} % of the mixture lies within them. ` +
      `At the sides: each column alone. ${seen.note}`.trim(),
    width: left + width + gap + side + 12,
    height: box.top + height + 46,
    body:
      Svg.frame(box, x, y, { x: seen.names[0], y: seen.names[1] }) +
      within(
        'data-box',
        box,
        contours(seen, x, y) + plane(seen, [0, 1], x, y, radius(seen.rows.flat().length)) + ellipses(seen, [0, 1], x, y)
      ) +
      densities(above, x.at, up, 1.6) +
      densities(beside, y.at, out, 1.6, false) +
      centresIn(seen, [0, 1], x, y, 10)
  }
}

/** Every pair of columns, the density of each alone on the diagonal. */
const pairs = (fit: Findings): Svg.Figure => {
  const count = Math.min(fit.columns.length > paired ? directions : paired, fit.columns.length)
  const seen = scene(fit, Math.round(drawn / Math.max(1, (count - 1) / 2)))
  const gap = 10
  const labels = seen.ranges.map(range => Svg.ticks(range, 3))
  const left = 30 + Math.max(...labels.slice(1).flatMap(all => all.map(({ label }) => Svg.wide(label))))
  const cell = (720 - left - gap * count) / count
  const box = (i: number, j: number): Svg.Box => ({
    left: left + i * (cell + gap),
    top: 6 + j * (cell + gap),
    width: cell,
    height: cell
  })
  const size = Math.min(2.4, radius(seen.rows.flat().length))
  const panels = Array.from({ length: count * count }, (_, at) => {
    const [i, j] = [at % count, Math.floor(at / count)]
    if (i > j) return ''
    const here = box(i, j)
    const x = Svg.axis(seen.ranges[i], [here.left, here.left + cell], 3)
    const named = j === count - 1 ? { x: seen.names[i] } : {}
    if (i === j) {
      const found = marginal(seen, i, 24)
      const y = Svg.axis([0, found.top * 1.3], [here.top + cell, here.top], 3)
      return (
        Svg.frame(
          here,
          { ...x, ticks: x.ticks },
          { ...y, ticks: [] },
          { ...named, labels: j === count - 1 ? 'x' : 'none', isGridded: false }
        ) +
        densities(found, x.at, y.at, 1.6) +
        Svg.text([here.left + 6, here.top + 16], seen.names[i], { kind: 'name' })
      )
    }
    const y = Svg.axis(seen.ranges[j], [here.top + cell, here.top], 3)
    const shown = i === 0 && j === count - 1 ? 'both' : i === 0 ? 'y' : j === count - 1 ? 'x' : 'none'
    return (
      Svg.frame(here, x, y, { ...named, ...(i === 0 && { y: seen.names[j] }), labels: shown }) +
      within(`data-${i}-${j}`, here, plane(seen, [i, j], x, y, size) + ellipses(seen, [i, j], x, y)) +
      centresIn(seen, [i, j], x, y, cell < 130 || seen.means.length > 6 ? 7 : 9)
    )
  })
  return {
    name: 'data',
    title: 'The data and what was learned',
    description:
      `${fit.statistics.rows} rows on each pair of the axes ${seen.names.join(', ')}, in the colour of the most probable component, ` +
      `with the centre and the ellipses of each component; on the diagonal the density of each alone. Centres: ${centresOf(seen)}`,
    note: `${legend} On the diagonal: each ${fit.columns.length > paired ? 'direction' : 'column'} alone. ${seen.note}`.trim(),
    width: 720,
    height: 6 + count * (cell + gap) + 38,
    body: panels.join('')
  }
}

/** The data with the learned components. */
export const data = (fit: Findings): Svg.Figure =>
  fit.columns.length === 1 ? oneColumn(fit) : fit.columns.length === 2 ? twoColumns(fit) : pairs(fit)

// -- what it was chosen from -----------------------------------------------------------------------------------------

/** How much more than the best each candidate has, on an axis that shows both the last unit and the first thousand. */
const criterion = ({ candidates }: Choice, by: Fit.Criterion): Svg.Figure => {
  const name = by.toUpperCase()
  const [chosen] = candidates
  /** Whether one stands beside what was chosen, and is not set aside. */
  const stands = (one: Fit.Ranked): boolean => isSound(one) || !isSound(chosen)
  const values = candidates.map(({ statistics }) => statistics[by])
  const best = Math.min(...candidates.filter(stands).map(({ statistics }) => statistics[by]))
  const families = [...new Set(candidates.map(({ family }) => family))]
  const counts = candidates.map(({ components }) => components)
  const squeezed = (more: number): number => Elementary.log1p(Math.max(0, more))
  const most = Math.max(2, ...values.map(value => value - best))
  const perRow = 2
  const lines = Math.ceil(families.length / perRow)
  const ticks = [0, 2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7]
    .filter(more => more <= most)
    .map(value => ({ value, label: `+${value}`.replace('+0', '0') }))
  const left = 32 + Math.max(...ticks.map(({ label }) => Svg.wide(label)))
  const box = { left, top: 16 + 20 * lines, width: 404 - left, height: 230 }
  const x = Svg.axis(Svg.extent(counts, 0.06), [box.left, box.left + box.width], 9, 1)
  const up = (more: number): number => box.top + box.height - 8 - ((box.height - 16) * squeezed(more)) / squeezed(most)
  const y: Svg.Axis = { at: up, ticks }
  const placeOf = ({ components, statistics }: Fit.Ranked): Place => [x.at(components), y.at(statistics[by] - best)]
  return {
    name: `criterion-${by}`,
    title: `${name} by number of components`,
    description:
      `How much more ${name} each candidate has than the best, by its number of components, a line for each family. ` +
      families
        .map(family => {
          const own = candidates.filter(one => one.family === family && stands(one))
          if (own.length === 0) return `${word(family)}: all set aside`
          const top = own.reduce((a, b) => (b.statistics[by] < a.statistics[by] ? b : a))
          return `${word(family)}: least at ${top.components}, +${show(top.statistics[by] - best, 3)}`
        })
        .join('; '),
    note: candidates.every(stands)
      ? ''
      : 'Crosses: set aside, as a component is empty or sits at the minimum variance; what is below the least stands at the bottom.',
    width: 420,
    height: box.top + box.height + 44,
    body:
      families
        .map((family, f) => {
          const at: Place = [box.left + (f % perRow) * 170 + 8, 14 + 20 * Math.floor(f / perRow)]
          return Svg.dots(f, [at], 4) + Svg.text([at[0] + 12, at[1] + 4], word(family))
        })
        .join('') +
      Svg.frame(box, x, y, { x: 'components', y: `${name} above the least` }) +
      families
        .map((family, f) => {
          const own = candidates.filter(one => one.family === family).sort((a, b) => a.components - b.components)
          const places = own.filter(stands).map(placeOf)
          const aside = own.filter(one => !stands(one)).map(placeOf)
          return Svg.line(places, Svg.colour(f), 1.5) + Svg.dots(f, places, 3.4) + Svg.crosses(f, aside, 3.4)
        })
        .join('') +
      `<circle cx="${Svg.n(placeOf(chosen)[0])}" cy="${Svg.n(placeOf(chosen)[1])}" r="9" fill="none" stroke="var(--ink)" stroke-width="1.8"/>`
  }
}

/** By what chose, and by another beside it; nothing where there was no choice. */
export const criteria = (choice: Choice): ReadonlyArray<Svg.Figure> =>
  choice.candidates.length < 2
    ? []
    : [...new Set<Fit.Criterion>([choice.criterion, 'bic', 'icl'])].slice(0, 2).map(by => criterion(choice, by))

// -- the objective ---------------------------------------------------------------------------------------------------

/** The mean over a window of about a twentieth of the steps about each. */
const smoothed = (values: ReadonlyArray<number>): ReadonlyArray<number> => {
  const half = Math.max(1, Math.round(values.length / 40))
  const sums = new Float64Array(values.length + 1)
  values.forEach((value, i) => {
    sums[i + 1] = sums[i] + value
  })
  return values.map((_, i) => {
    const [from, to] = [Math.max(0, i - half), Math.min(values.length, i + half + 1)]
    return (sums[to] - sums[from]) / (to - from)
  })
}

/** Whether values go up and down rather than along: those of an objective estimated with fresh noise at every step. */
const isNoisy = (values: ReadonlyArray<number>): boolean => {
  const turns = values.filter((value, i) => i > 1 && (value - values[i - 1]) * (values[i - 1] - values[i - 2]) < 0)
  return values.length > 8 && turns.length > values.length / 4
}

/** Stages that share a scale, in the order in which the first of each ran. */
export const scales = (stages: ReadonlyArray<StageRun>): ReadonlyArray<string> => [
  ...new Set(stages.filter(({ values }) => values.length > 0).map(({ scale }) => scale))
]

/** What the stages of one scale came to, step by step, where they stand among all. */
export const objective = (stages: ReadonlyArray<StageRun>, scale: string, index: number): Svg.Figure => {
  const starts = stages.reduce<ReadonlyArray<number>>((all, { taken }) => [...all, (all.at(-1) ?? 0) + taken], [0])
  const own = stages.flatMap((stage, i) => (stage.scale === scale && stage.values.length > 0 ? [{ stage, i }] : []))
  const curves = own.map(({ stage: { values, every }, i }) => {
    const isRough = isNoisy(values)
    const at = (series: ReadonlyArray<number>): ReadonlyArray<Place> =>
      thinned(series.length, drawnSteps).map((s): Place => [starts[i] + s * every + 1, series[s]])
    return { i, raw: isRough ? at(values) : [], main: at(isRough ? smoothed(values) : values) }
  })
  const all = curves.flatMap(({ raw, main }) => [...raw, ...main])
  const range = Svg.extent(
    all.map(([, b]) => b),
    0.06
  )
  const [first, last] = Svg.extent(
    all.map(([a]) => a),
    0
  )
  const left = 32 + Math.max(...Svg.ticks(range, 5).map(({ label }) => Svg.wide(label)))
  const box = { left, top: 22, width: 412 - left, height: 170 }
  const x = Svg.axis(first < last ? [first, last] : [first - 1, last + 1], [left, left + box.width], 5, 1)
  const y = Svg.axis(range, [box.top + box.height, box.top], 5)
  const put = ([a, b]: Place): Place => [x.at(a), y.at(b)]
  const apart = own.length > 1 ? own.map(({ i }) => i) : []
  const isRough = curves.some(({ raw }) => raw.length > 0)
  const [from, to] = [own[0].stage.values[0], own[own.length - 1].stage.values.at(-1) ?? NaN]
  const which = own.map(({ i }) => i + 1).join(', ')
  return {
    name: `objective-${index + 1}`,
    title: `${own.length === 1 ? 'Stage' : 'Stages'} ${which}`,
    description: `${tidy(scale)}, step by step: from ${show(from)} to ${show(to)} in ${own.reduce((sum, { stage }) => sum + stage.taken, 0)} steps`,
    note: `${tidy(scale)}.${isRough ? ' Bold: a running mean of the noisy values.' : ''}`,
    width: 420,
    height: box.top + box.height + 44,
    body:
      Svg.frame(box, x, y, { x: 'step', y: scale.length > 28 ? 'objective' : scale }) +
      apart
        .map(i => {
          const at = Math.max(left, x.at(starts[i] + 1))
          return (
            `<path d="M${Svg.n(at)},${box.top}v${box.height}" stroke="var(--soft)" stroke-dasharray="2 3"/>` +
            Svg.text([Math.min(at, left + box.width - 8), box.top - 6], String(i + 1), { anchor: 'middle' })
          )
        })
        .join('') +
      curves
        .map(
          ({ raw, main }) =>
            Svg.line(raw.map(put), 'var(--bar)', 1) +
            Svg.line(main.map(put), 'var(--c0)', 2) +
            (main.length <= 30 ? Svg.dots(0, main.map(put), 2.4) : '')
        )
        .join('')
  }
}

/** All pictures of a fit, as files are named. */
export const all = (fit: Findings): ReadonlyArray<Svg.Figure> => [
  data(fit),
  ...(fit.choice === null ? [] : criteria(fit.choice)),
  ...scales(fit.stages).map((scale, i) => objective(fit.stages, scale, i))
]

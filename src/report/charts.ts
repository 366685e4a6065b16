/**
 * Charts as SVG text: specifications of Vega, which draws them without a browser. Colours are CSS variables, so that the
 * page around them decides between light and dark.
 */
import type { Config, Mark, Spec } from 'vega'
import * as Elementary from '../../lib/elementary.js'
import { principal } from '../../lib/principal.js'
import { Key, Mixture, Points } from '../index.js'
import { type Fit, type StageRun } from './Fit.js'
import { show, tidy } from '../fit/table.js'

export interface Chart {
  readonly title: string
  /** What a reader who does not see the picture should know. */
  readonly description: string
  /** Said below the picture. */
  readonly note: string
  readonly spec: Spec
}

/** Rows drawn at most: more would only darken the picture and weigh on the page. */
export const drawn = 5000
/** Steps drawn at most in a panel of this width. */
const drawnSteps = 600

// -- colours and shapes: eight colours that colour-blind readers tell apart (Okabe & Ito 2008), and shapes for print

export const colours = 8
export const colour = (k: number): string => `var(--c${k % colours})`
/** In the square from −1 to 1. */
const shapes = [
  'M1,0A1,1,0,1,1,-1,0A1,1,0,1,1,1,0Z',
  'M-.88,-.88h1.76v1.76h-1.76Z',
  'M0,-1.1L1.05,.8H-1.05Z',
  'M0,-1.25L1.25,0L0,1.25L-1.25,0Z',
  'M0,1.1L1.05,-.8H-1.05Z'
]
export const shape = (k: number): string => shapes[k % shapes.length]

const ink = 'var(--ink)'
const soft = 'var(--soft)'

const config: Config = {
  axis: {
    domainColor: soft,
    gridColor: 'var(--line)',
    labelColor: soft,
    labelFont: 'inherit',
    labelFontSize: 12,
    tickColor: soft,
    titleColor: ink,
    titleFont: 'inherit',
    titleFontSize: 13,
    titleFontWeight: 'normal',
    titlePadding: 8,
    titleLimit: 420,
    labelOverlap: 'greedy'
  }
}

const canvas = (
  width: number,
  height: number
): Pick<Spec, 'width' | 'height' | 'padding' | 'background' | 'config'> => ({
  width,
  height,
  padding: 6,
  background: 'transparent',
  config
})

type Range = readonly [number, number]

/** The range of values, with a margin; of a single value, one around it. */
const extent = (values: Iterable<number>, margin = 0.04): Range => {
  let [lo, hi] = [Infinity, -Infinity]
  for (const value of values) [lo, hi] = [Math.min(lo, value), Math.max(hi, value)]
  const wide = hi > lo ? hi - lo : Math.max(Math.abs(lo) * 0.1, 1e-9)
  return hi > lo ? [lo - margin * wide, hi + margin * wide] : [lo - wide, hi + wide]
}

const linear = (name: 'x' | 'y', [lo, hi]: Range): NonNullable<Spec['scales']>[number] => ({
  name,
  type: 'linear',
  domain: [lo, hi],
  range: name === 'x' ? 'width' : 'height',
  zero: false
})

const axes = (x: string, y: string): NonNullable<Spec['axes']> => [
  { orient: 'bottom', scale: 'x', title: x, grid: true, tickCount: 7, zindex: 0 },
  { orient: 'left', scale: 'y', title: y, grid: true, tickCount: 6, zindex: 0 }
]

const place = { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' } }

const line = (data: string, stroke: { readonly value: string } | { readonly field: string }, width: number): Mark => ({
  type: 'line',
  aria: false,
  from: { data },
  encode: {
    enter: { ...place, stroke, strokeWidth: { value: width }, strokeJoin: { value: 'round' } }
  }
})

/** A line for each `k` of the data. */
const lines = (data: string, stroke: { readonly value: string } | { readonly field: string }, width: number): Mark => ({
  type: 'group',
  aria: false,
  from: { facet: { name: `one of ${data}`, data, groupby: 'k' } },
  marks: [line(`one of ${data}`, stroke, width)]
})

/** The components' numbers, at their centres. */
const numbered: ReadonlyArray<Mark> = [
  {
    type: 'symbol',
    aria: false,
    from: { data: 'centres' },
    encode: {
      enter: {
        ...place,
        size: { value: 330 },
        fill: { value: 'var(--page)' },
        stroke: { field: 'colour' },
        strokeWidth: { value: 2.5 }
      }
    }
  },
  {
    type: 'text',
    aria: false,
    from: { data: 'centres' },
    encode: {
      enter: {
        ...place,
        text: { field: 'name' },
        fill: { value: ink },
        font: { value: 'inherit' },
        fontSize: { value: 12 },
        fontWeight: { value: 'bold' },
        align: { value: 'center' },
        baseline: { value: 'middle' }
      }
    }
  }
]

/** Which rows are drawn: drawn by lot, since any even spacing may meet a period of the data; always the same ones. */
const drawnRows = (n: number): Int32Array => Key.permutation(n)(Key.fromSeed(0)).slice(0, drawn).sort()

/** An index for each of at most `most` of n things, evenly spread. */
const thinned = (n: number, most: number): ReadonlyArray<number> =>
  Array.from({ length: Math.min(n, most) }, (_, i) => (n <= most ? i : Math.floor((i * n) / most)))

// -- the data -------------------------------------------------------------------------------------------------------

/** The data and the components on a plane. */
interface Plane {
  readonly points: ReadonlyArray<readonly [number, number]>
  readonly centres: ReadonlyArray<readonly [number, number]>
  /** Lower Cholesky factor [a, 0; b, c] of each component's covariance: the circle of radius 1 goes to its ellipse. */
  readonly roots: ReadonlyArray<readonly [number, number, number]>
  readonly axes: readonly [string, string]
  /** The length on the plane that counts as one, for each axis: pictures in which they are equal show circles. */
  readonly units: readonly [number, number]
  readonly note: string
}

/** [a, 0; b, c] with [xx, xy; xy, yy] as its square. */
const rootOf = (xx: number, xy: number, yy: number): readonly [number, number, number] => {
  const a = Math.sqrt(xx)
  return [a, xy / a, Math.sqrt(Math.max(yy - Elementary.square(xy / a), 0))]
}

/** Σ_k, row-major. */
const covariances = (mixture: Mixture.Mixture): ReadonlyArray<Float64Array> => {
  const { shape, values } = Mixture.covariances(mixture)
  const size = shape[1] * shape[2]
  return Array.from({ length: shape[0] }, (_, k) => values.subarray(k * size, (k + 1) * size))
}

/** The first two of two columns. */
const ofTwoColumns = ({ columns, mixture, scaling }: Fit, points: Points.Points): Plane => ({
  points: pairs(points),
  centres: pairs(Mixture.centres(mixture)),
  roots: covariances(mixture).map(([xx, xy, , yy]) => rootOf(xx, xy, yy)),
  axes: [columns[0], columns[1]],
  units: scaling === null ? [1, 1] : [scaling.scale[0], scaling.scale[1]],
  note: ''
})

const pairs = ({ rows, dim, values }: Points.Points): ReadonlyArray<readonly [number, number]> =>
  Array.from({ length: rows }, (_, i) => [values[i * dim], values[i * dim + 1]])

const signed = (x: number, first: boolean): string =>
  `${x < 0 ? '−' : first ? '' : '+'} ${Math.abs(x).toFixed(2)}`.trim()

/** The first two principal components of more columns, in the units the mixture was learned in. */
const ofPrincipalComponents = ({ points: all, columns, mixture, scaling }: Fit, points: Points.Points): Plane => {
  const { dim } = all
  const { scale } = scaling ?? { scale: new Float64Array(dim).fill(1) }
  const centre = Points.mean(all)
  const inUnits = { ...all, values: all.values.map((x, at) => (x - centre[at % dim]) / scale[at % dim]) }
  const { values, vectors } = principal({ ...inUnits, weights: Points.weightsOf(all) }, new Float64Array(dim), 2)
  const total = Points.variances(inUnits).reduce((sum, value) => sum + value, 0)
  const share = (k: number): string => `${((100 * values[k]) / total).toFixed(1)} %`
  // An eigenvector's sign says nothing: the largest loading is made positive.
  const basis = [0, 1].map(k => {
    const vector = vectors.slice(k * dim, (k + 1) * dim)
    const largest = vector.reduce((best, v) => (Math.abs(v) > Math.abs(best) ? v : best), 0)
    return largest < 0 ? vector.map(v => -v) : vector
  })
  const project = (x: ArrayLike<number>): readonly [number, number] => {
    const on = (vector: Float64Array): number =>
      vector.reduce((sum, v, j) => sum + (v * (x[j] - centre[j])) / scale[j], 0)
    return [on(basis[0]), on(basis[1])]
  }
  const root = (covariance: Float64Array): readonly [number, number, number] => {
    const along = (p: Float64Array, q: Float64Array): number =>
      covariance.reduce((sum, c, at) => {
        const [i, j] = [Math.floor(at / dim), at % dim]
        return sum + (p[i] * c * q[j]) / (scale[i] * scale[j])
      }, 0)
    return rootOf(along(basis[0], basis[0]), along(basis[0], basis[1]), along(basis[1], basis[1]))
  }
  const loadings = basis
    .map((vector, k) => `PC ${k + 1} = ${columns.map((name, j) => `${signed(vector[j], j === 0)} ${name}`).join(' ')}`)
    .join('; ')
  return {
    points: Array.from({ length: points.rows }, (_, i) => project(points.values.subarray(i * dim, (i + 1) * dim))),
    centres: Mixture.marginals(mixture).means.map(project),
    roots: covariances(mixture).map(root),
    axes: [`PC 1 (${share(0)} of the variance)`, `PC 2 (${share(1)})`],
    units: [1, 1],
    note:
      `The ${dim} ${scaling === null ? '' : 'standardized '}columns, seen along their first two principal components, ` +
      `which hold ${((100 * (values[0] + values[1])) / total).toFixed(1)} % of the variance.` +
      (dim <= 6 ? ` ${loadings}.` : '')
  }
}

/** Closed: the last point is the first. */
const circle = Array.from({ length: 91 }, (_, i): readonly [number, number] => {
  const angle = (2 * Math.PI * i) / 90
  return [Elementary.cos(angle), Elementary.sin(angle)]
})

const thinningNote = (rows: number): string =>
  rows > drawn ? `${drawn} of the ${rows} rows, chosen at random, are drawn; all were learned from. ` : ''

const number = (k: number): string => String(k + 1)

const scatter = (fit: Fit): Chart => {
  const shown = Points.select(drawnRows(fit.points.rows))(fit.points)
  const plane = fit.columns.length === 2 ? ofTwoColumns(fit, shown) : ofPrincipalComponents(fit, shown)
  const component = Mixture.assign(shown)(fit.mixture)
  const ellipses = plane.centres.map(([x, y], k) => {
    const [a, b, c] = plane.roots[k]
    return circle.map(([u, v]): readonly [number, number] => [x + a * u, y + b * u + c * v])
  })
  const everything = [...plane.points, ...ellipses.flat()]
  const [x, y] = [extent(everything.map(([x]) => x)), extent(everything.map(([, y]) => y))]
  // Equal units make round components round; where that would make a ribbon of the picture, each axis fills its side.
  const ratio = (y[1] - y[0]) / plane.units[1] / ((x[1] - x[0]) / plane.units[0])
  const isEqual = ratio > 0.35 && ratio < 1.4
  const width = isEqual && ratio > 1 ? Math.round(640 / ratio) : 640
  const height = Math.round(isEqual ? width * ratio : 440)
  const size = Math.max(10, Math.min(48, 20_000 / shown.rows))
  const marks: Mark[] = [
    {
      type: 'symbol',
      aria: false,
      from: { data: 'points' },
      encode: {
        enter: {
          ...place,
          fill: { field: 'colour' },
          shape: { field: 'shape' },
          size: { value: size },
          fillOpacity: { value: shown.rows > 1500 ? 0.45 : 0.65 }
        }
      }
    },
    lines('ellipses', { value: ink }, 1.75),
    ...numbered
  ]
  return {
    title: 'The data and what was learned',
    description:
      `${fit.points.rows} rows on the axes ${plane.axes.join(' and ')}, each in the colour of its most probable component, ` +
      `with the centre and the one-standard-deviation ellipse of each component. Centres: ` +
      plane.centres.map(([x, y], k) => `${number(k)} at (${show(x, 4)}, ${show(y, 4)})`).join(', '),
    note:
      `${plane.note} Numbers stand at the centres, in the colour of the rows for which that component is the most probable; ` +
      `lines are one standard deviation from them. ${thinningNote(fit.points.rows)}`,
    spec: {
      ...canvas(width, height),
      data: [
        {
          name: 'points',
          values: plane.points.map(([x, y], i) => ({ x, y, colour: colour(component[i]), shape: shape(component[i]) }))
        },
        { name: 'ellipses', values: ellipses.flatMap((line, k) => line.map(([x, y]) => ({ k, x, y }))) },
        { name: 'centres', values: plane.centres.map(([x, y], k) => ({ x, y, name: number(k), colour: colour(k) })) }
      ],
      scales: [linear('x', x), linear('y', y)],
      axes: axes(...plane.axes),
      marks
    }
  }
}

const normal = (x: number, mean: number, variance: number): number =>
  Elementary.exp(-Elementary.square(x - mean) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance)

/** As many bins as Freedman & Diaconis (1981) ask for; but at least √n, since their rule hides the modes of a mixture. */
const bins = (values: Float64Array): number => {
  const sorted = values.slice().sort()
  const quartile = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))]
  const width = (2 * (quartile(0.75) - quartile(0.25))) / Elementary.pow(sorted.length, 1 / 3)
  const wanted = Math.ceil((sorted[sorted.length - 1] - sorted[0]) / width)
  return Math.min(80, Math.max(8, Math.ceil(Math.sqrt(sorted.length)), Number.isFinite(wanted) ? wanted : 0))
}

const histogram = ({ points, columns, mixture }: Fit): Chart => {
  const { rows, values } = points
  const marginals = Mixture.marginals(mixture)
  const [means, variances] = [marginals.means.map(([m]) => m), marginals.variances.map(([v]) => v)]
  const [lo, hi] = extent(values, 0)
  const count = bins(values)
  const width = (hi - lo) / count
  const heights = new Float64Array(count)
  const total = Points.totalWeight(points)
  for (let i = 0; i < rows; i++)
    heights[Math.min(count - 1, Math.floor((values[i] - lo) / width))] += (points.weights?.[i] ?? 1) / (total * width)
  const x = extent([lo, hi, ...means.flatMap((m, k) => [-2, 2].map(s => m + s * Math.sqrt(variances[k])))])
  const part = (k: number, at: number): number => mixture.weights[k] * normal(at, means[k], variances[k])
  // A fine grid, and each centre itself: a narrow peak must not fall between two of its points.
  const grid = [...Array.from({ length: 321 }, (_, i) => x[0] + ((x[1] - x[0]) * i) / 320), ...means].sort(
    (a, b) => a - b
  )
  const whole = (at: number): number => means.reduce((sum, _, k) => sum + part(k, at), 0)
  const top = Math.max(...heights, ...grid.map(whole))
  return {
    title: 'The data and what was learned',
    description:
      `Histogram of ${rows} rows of ${columns[0]} under the density of the mixture and of each component. Centres: ` +
      means.map((m, k) => `${number(k)} at ${show(m, 4)}`).join(', '),
    note: 'Bars: the data. Thin line: the density of the mixture; coloured lines: its components, numbered at their centres.',
    spec: {
      ...canvas(640, 340),
      data: [
        {
          name: 'bars',
          values: Array.from(heights, (y, i) => ({ x: lo + i * width, x2: lo + (i + 1) * width, y }))
        },
        { name: 'mixture', values: grid.map(at => ({ x: at, y: whole(at) })) },
        {
          name: 'parts',
          values: means.flatMap((_, k) => grid.map(at => ({ k, x: at, y: part(k, at), colour: colour(k) })))
        },
        {
          name: 'centres',
          values: means.map((m, k) => ({ x: m, y: part(k, m), name: number(k), colour: colour(k) }))
        }
      ],
      scales: [linear('x', x), linear('y', [0, top * 1.06])],
      axes: axes(columns[0], 'density'),
      marks: [
        {
          type: 'rect',
          aria: false,
          from: { data: 'bars' },
          encode: {
            enter: {
              x: { scale: 'x', field: 'x' },
              x2: { scale: 'x', field: 'x2', offset: -1 },
              y: { scale: 'y', field: 'y' },
              y2: { scale: 'y', value: 0 },
              fill: { value: 'var(--bar)' }
            }
          }
        },
        line('mixture', { value: ink }, 1.5),
        lines('parts', { field: 'colour' }, 2.25),
        ...numbered
      ]
    }
  }
}

/** The data with the learned components: a histogram of one column, a plane of more. */
export const data = (fit: Fit): Chart => (fit.columns.length === 1 ? histogram(fit) : scatter(fit))

// -- the objective ---------------------------------------------------------------------------------------------------

/** The mean over a window of about a twentieth of the steps about each. */
const smoothed = (values: ReadonlyArray<number>): ReadonlyArray<number> => {
  const half = Math.max(1, Math.round(values.length / 40))
  const sums = new Float64Array(values.length + 1)
  values.forEach((value, i) => (sums[i + 1] = sums[i] + value))
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

/** The objective of a stage, step by step. */
export const objective = (stage: StageRun, index: number): Chart => {
  const { values, every, taken, formula } = stage
  const steps = thinned(values.length, drawnSteps)
  const at = (series: ReadonlyArray<number>): ReadonlyArray<{ x: number; y: number }> =>
    steps.map(i => ({ x: i * every + 1, y: series[i] }))
  const isSmoothed = isNoisy(values)
  const main = at(isSmoothed ? smoothed(values) : values)
  const [first, last] = [main.at(0)?.y ?? NaN, main.at(-1)?.y ?? NaN]
  return {
    title: `Stage ${index + 1}`,
    description: `${tidy(formula)}, step by step: from ${show(first)} to ${show(last)} in ${taken} steps`,
    note: isSmoothed ? 'Bold: a running mean of the noisy values.' : '',
    spec: {
      ...canvas(300, 170),
      data: [
        { name: 'raw', values: isSmoothed ? [...at(values)] : [] },
        { name: 'main', values: [...main] }
      ],
      scales: [
        linear('x', taken > 1 ? [1, taken] : [0, 2]),
        linear('y', extent(isSmoothed ? values : main.map(({ y }) => y), 0.06))
      ],
      axes: [
        { orient: 'bottom', scale: 'x', title: 'step', tickCount: 5, tickMinStep: 1, format: 'd' },
        { orient: 'left', scale: 'y', grid: true, tickCount: 5 }
      ],
      marks: [
        line('raw', { value: 'var(--bar)' }, 1),
        line('main', { value: 'var(--c0)' }, 2),
        {
          type: 'symbol',
          aria: false,
          from: { data: 'main' },
          encode: {
            enter: {
              ...place,
              size: { value: main.length <= 30 ? 22 : 0 },
              fill: { value: 'var(--c0)' }
            }
          }
        }
      ]
    }
  }
}

// -- drawing ---------------------------------------------------------------------------------------------------------

export const escape = (text: string): string => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)

/**
 * The chart as an `<svg>` element to stand in a page: named and described, without a namespace (a page needs none), its
 * coordinates rounded to a hundredth of a pixel. `id` is its own in the page. Vega is loaded when it is first needed.
 */
export const draw = async ({ title, description, spec }: Chart, id: string): Promise<string> => {
  const { parse, View } = await import('vega')
  const svg = await new View(parse(spec), { renderer: 'none' }).toSVG()
  const body = svg
    .replace(/^<svg[^>]*viewBox="([^"]*)"[^>]*>/, (_, viewBox: string) => {
      const width = viewBox.split(' ')[2]
      return (
        `<svg viewBox="${viewBox}" style="max-width: ${width}px" role="img" aria-labelledby="${id}-title ${id}-desc">` +
        `<title id="${id}-title">${escape(title)}</title><desc id="${id}-desc">${escape(description)}</desc>`
      )
    })
    .replace(/ (?:d|transform)="[^"]*"/g, attribute => attribute.replace(/(\.\d\d)\d+/g, '$1'))
  return body
}

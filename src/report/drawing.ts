/** Pictures as values: SVG text, displayed by Jupyter's protocol. */
import { band, dots, intervals, line, rule, squares, type Mark } from './mark.js'
import { arranged, type Axis, type Layout, type Panel } from './panel.js'
import * as Scale from './scale.js'
import * as Svg from './svg.js'

/** Method of Deno that returns a value's representations by media type. */
export const display = Symbol.for('Jupyter.display')
/** Method that returns a value's text in the console of Node, Deno and Bun. */
const inspect = Symbol.for('nodejs.util.inspect.custom')

type Representations = Readonly<Record<string, string>>

export interface Shown {
  readonly [display]: () => Representations
  readonly [inspect]: () => string
  readonly toString: () => string
}

/** Adds the display protocols to an object's fields. */
export const withDisplay = <A extends object>(
  fields: A,
  { text, line, media }: { readonly text: () => string; readonly line: string; readonly media: () => Representations }
): Readonly<A> & Shown =>
  Object.freeze({
    ...fields,
    toString: text,
    [display]: () => ({ ...media(), 'text/plain': line }),
    [inspect]: () => line
  })

export interface Described extends Svg.Drawn {
  /** Without extension. */
  readonly name: string
  readonly title: string
  /** Alternative text. */
  readonly description: string
  readonly note: string
}

export interface Picture extends Described, Shown {}

/** Renders a picture as an SVG file, with colours for light and dark. */
export const svg = (picture: Described): string => Svg.file(picture)

/** Renders a picture as an HTML figure with its caption. */
export const html = (picture: Described): string =>
  `<figure style="margin:1em 0">${Svg.file(picture).trimEnd()}` +
  `${picture.note === '' ? '' : `<figcaption style="max-width:44em;font-size:.9em">${Svg.escape(picture.note)}</figcaption>`}</figure>`

/** Makes a picture of a drawing and its texts. */
export const of = (
  drawn: Svg.Drawn,
  words: { readonly title: string; readonly description: string; readonly note?: string; readonly name?: string }
): Picture => {
  const { title, description, note = '' } = words
  const name =
    words.name ??
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, '-')
      .replace(/^-|-$/g, '')
  const { width, height, body } = drawn
  const described: Described = { name, title, description, note, width, height, body }
  return withDisplay(described, {
    text: () => svg(described),
    line: `Picture: ${title} (${Math.round(width)} × ${Math.round(height)}). ${description}`,
    media: () => ({ 'image/svg+xml': svg(described), 'text/html': html(described) })
  })
}

// -- curves and heat maps as plain data ------------------------------------------------------------------------------

export interface Point {
  readonly x: number
  readonly y: number
  readonly low?: number
  readonly high?: number
}

export interface Series {
  readonly name: string
  readonly points: ReadonlyArray<Point>
  /** 'line' draws intervals as a band; 'both' adds symbols and draws bars; 'dots' has no line. Default: 'line'. */
  readonly marks?: 'line' | 'both' | 'dots'
}

/** Labelled line across the panel. */
export interface Rule {
  readonly across: 'x' | 'y'
  readonly at: number
  readonly text: string
}

export interface Curves {
  readonly title?: string
  readonly x: Axis
  readonly y: Axis
  readonly series: ReadonlyArray<Series>
  readonly rules?: ReadonlyArray<Rule>
}

const hasInterval = (point: Point): point is Required<Point> => point.low !== undefined && point.high !== undefined

/** Returns the marks of a series. */
export const seriesOf = ({ name, points, marks = 'line' }: Series): ReadonlyArray<Mark> => {
  const known = points.filter(hasInterval).map(({ x, low, high }) => ({ at: x, low, high }))
  const places = points.map(({ x, y }): Svg.Xy => [x, y])
  return [
    ...(known.length === 0 ? [] : marks === 'line' ? [band(known, { name })] : [intervals(known, { name })]),
    ...(marks === 'dots' ? [] : [line(places, { name })]),
    ...(marks === 'line' ? [] : [dots(places, { name })])
  ]
}

const panelOf = ({ title, x, y, series, rules = [] }: Curves): Panel => ({
  title,
  x,
  y,
  marks: [...rules.map(({ across, at, text }) => rule(across, at, text)), ...series.flatMap(seriesOf)]
})

/** Draws panels of curves with one legend for all. */
export const curves = (panels: ReadonlyArray<Curves>, layout: Layout = {}): Svg.Drawn =>
  arranged(panels.map(panelOf), layout)

export interface HeatMap {
  readonly title: string
  readonly x: { readonly title: string; readonly values: ReadonlyArray<string> }
  /** Rows, from top to bottom. */
  readonly y: { readonly title: string; readonly values: ReadonlyArray<string> }
  /** Values in [0, 1] with the text in their cells. */
  readonly squares: ReadonlyArray<{
    readonly x: string
    readonly y: string
    readonly value: number
    readonly text: string
  }>
}

/** Draws heat maps side by side. */
export const heatMaps = (maps: ReadonlyArray<HeatMap>, layout: Layout = {}): Svg.Drawn =>
  arranged(
    maps.map(({ title, x, y, squares: all }) => ({
      title,
      isGridded: false,
      x: { title: x.title, scale: Scale.bands(x.values) },
      y: { title: y.title, scale: Scale.reversed(Scale.bands(y.values)) },
      marks: [
        squares(
          all.map(({ x: column, y: row, value, text }) => ({
            column: x.values.indexOf(column),
            row: y.values.indexOf(row),
            value,
            text
          }))
        )
      ]
    })),
    layout
  )

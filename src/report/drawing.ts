/**
 * A picture as a value: it prints as SVG wherever text is asked for, and notebooks draw it by Jupyter's protocol.
 */
import { band, dots, intervals, line, rule, squares, type Mark } from './mark.js'
import { arranged, type Axis, type Layout, type Panel } from './panel.js'
import * as Scale from './scale.js'
import * as Svg from './svg.js'

/** By which Deno's kernel asks a value for its representations, by media type. */
export const display = Symbol.for('Jupyter.display')
/** By which Node, Deno and Bun ask a value for the text that a console shows. */
const inspect = Symbol.for('nodejs.util.inspect.custom')

type Representations = Readonly<Record<string, string>>

/** What a notebook shows of a value, what a console shows, and what it is as text. */
export interface Shown {
  readonly [display]: () => Representations
  readonly [inspect]: () => string
  readonly toString: () => string
}

/** A value's fields with the protocols by which it is shown. */
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
  /** Of its file, without the ending. */
  readonly name: string
  readonly title: string
  /** What a reader who does not see the picture should know. */
  readonly description: string
  /** Said below the picture. */
  readonly note: string
}

export interface Picture extends Described, Shown {}

/** As a file of SVG, with its colours for light and dark. */
export const svg = (picture: Described): string => Svg.file(picture)

/** As a figure of HTML with its note. */
export const html = (picture: Described): string =>
  `<figure style="margin:1em 0">${Svg.file(picture).trimEnd()}` +
  `${picture.note === '' ? '' : `<figcaption style="max-width:44em;font-size:.9em">${Svg.escape(picture.note)}</figcaption>`}</figure>`

/** A picture of what is drawn, and what is said of it. */
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

/** A point, and the ends of its interval where it has one. */
export interface Point {
  readonly x: number
  readonly y: number
  readonly low?: number
  readonly high?: number
}

export interface Series {
  readonly name: string
  readonly points: ReadonlyArray<Point>
  /** `line`, with intervals as a band, unless given; `both` has a symbol at each point, with its interval as a bar; `dots` no line. */
  readonly marks?: 'line' | 'both' | 'dots'
}

/** A thin line across the panel, with its name. */
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

/** The marks of a series. */
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

/** Small multiples of curves, with one legend for all. */
export const curves = (panels: ReadonlyArray<Curves>, layout: Layout = {}): Svg.Drawn =>
  arranged(panels.map(panelOf), layout)

export interface HeatMap {
  readonly title: string
  readonly x: { readonly title: string; readonly values: ReadonlyArray<string> }
  /** From top to bottom. */
  readonly y: { readonly title: string; readonly values: ReadonlyArray<string> }
  /** Values from 0 to 1, and the text in their squares. */
  readonly squares: ReadonlyArray<{
    readonly x: string
    readonly y: string
    readonly value: number
    readonly text: string
  }>
}

/** Small multiples of heat maps. */
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

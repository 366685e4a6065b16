/**
 * Figures as specifications of Vega, on white, so that they can be read on light and dark pages: small multiples of
 * curves and of heat maps.
 */
import { parse, View, type Config, type GroupMark, type Mark, type Scale, type Spec } from 'vega'
import type { Figure } from './frame.js'

/** Okabe & Ito's colours, which colour-blind readers tell apart, without the yellow; dashes for those that are near. */
export const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#000000', '#56b4e9', '#e69f00', '#7a5195']
export const dashes = [[], [8, 3], [2, 3], [10, 3, 2, 3], [16, 4], [6, 4], [3, 2], [12, 4]]
export const ink = '#1a1d21'
export const soft = '#565d66'

const font = 'sans-serif'

export const config: Config = {
  axis: {
    labelFont: font,
    titleFont: font,
    labelFontSize: 12,
    titleFontSize: 13,
    titleFontWeight: 'normal',
    labelColor: soft,
    titleColor: ink,
    gridColor: '#e4e7eb',
    domainColor: soft,
    tickColor: soft,
    labelOverlap: 'greedy'
  },
  legend: {
    labelFont: font,
    titleFont: font,
    titleFontWeight: 'normal',
    titleFontSize: 13,
    labelFontSize: 13,
    labelColor: ink,
    titleColor: ink,
    labelLimit: 400
  }
}

export interface Axis {
  readonly title: string
  readonly domain: readonly [number, number]
  readonly scale?: 'linear' | 'log' | 'sqrt'
  readonly ticks?: ReadonlyArray<number>
  readonly format?: string
}

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
  /** `both` draws a symbol with the interval as a bar on it; `line`, the interval as a band. */
  readonly marks?: 'line' | 'both'
}

/** A thin line across the panel, with its name. */
export interface Rule {
  readonly across: 'x' | 'y'
  readonly at: number
  readonly text: string
}

export interface Panel {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: ReadonlyArray<Series>
  readonly rules?: ReadonlyArray<Rule>
}

export interface Layout {
  readonly columns?: number
  readonly width?: number
  readonly height?: number
  /** Columns of the legend. */
  readonly legend?: number
}

const scale = (name: 'x' | 'y', { domain, scale: type = 'linear' }: Axis, size: number): Scale => ({
  name,
  type,
  domain: [...domain],
  range: name === 'x' ? [0, size] : [size, 0],
  zero: false
})

const text = (value: string, at: Readonly<Record<string, unknown>>): Mark => ({
  type: 'text',
  encode: { enter: { text: { value }, fill: { value: ink }, font: { value: font }, fontSize: { value: 13 }, ...at } }
})

/** A panel's title, above its left edge. */
export const heading = (title: string): Mark => text(title, { y: { value: -9 } })

const place = { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' } }
const stroke = { stroke: { scale: 'colour', field: 'name' } }

/** The group of a panel's size, as marks inside are clipped to theirs. */
const sized = (width: number, height: number): NonNullable<GroupMark['encode']> => ({
  enter: { width: { value: width }, height: { value: height } }
})

const curve: ReadonlyArray<Mark> = [
  {
    type: 'area',
    clip: true,
    from: { data: 'one' },
    encode: {
      enter: {
        x: { scale: 'x', field: 'x' },
        y: { scale: 'y', field: 'low' },
        y2: { scale: 'y', field: 'high' },
        fill: { scale: 'colour', field: 'name' },
        fillOpacity: { value: 0.16 },
        defined: { signal: "datum.marks === 'line' && isValid(datum.low)" }
      }
    }
  },
  {
    type: 'line',
    clip: true,
    from: { data: 'one' },
    encode: {
      enter: {
        ...place,
        ...stroke,
        strokeDash: { scale: 'dash', field: 'name' },
        strokeWidth: { value: 2.25 },
        strokeJoin: { value: 'round' }
      }
    }
  },
  {
    type: 'rule',
    clip: true,
    from: { data: 'bars' },
    encode: {
      enter: {
        x: { scale: 'x', field: 'x' },
        y: { scale: 'y', field: 'low' },
        y2: { scale: 'y', field: 'high' },
        ...stroke,
        strokeWidth: { value: 1.5 }
      }
    }
  },
  {
    type: 'symbol',
    from: { data: 'symbols' },
    encode: {
      enter: { ...place, ...stroke, fill: { value: 'white' }, strokeWidth: { value: 2 }, size: { value: 40 } }
    }
  }
]

const rule =
  (width: number, height: number) =>
  ({ across, at, text: name }: Rule): ReadonlyArray<Mark> => {
    const along =
      across === 'y'
        ? { y: { scale: 'y', value: at }, x: { value: 0 }, x2: { value: width } }
        : { x: { scale: 'x', value: at }, y: { value: 0 }, y2: { value: height } }
    const label =
      across === 'y'
        ? { y: { scale: 'y', value: at, offset: -4 }, x: { value: width - 4 }, align: { value: 'right' } }
        : { x: { scale: 'x', value: at, offset: 4 }, y: { value: 12 } }
    return [
      {
        type: 'rule',
        encode: {
          enter: { ...along, stroke: { value: soft }, strokeWidth: { value: 1 }, strokeDash: { value: [4, 3] } }
        }
      },
      text(name, { ...label, fill: { value: soft }, fontSize: { value: 12 } })
    ]
  }

const axis = (
  orient: 'bottom' | 'left',
  name: 'x' | 'y',
  { title, ticks, format }: Axis
): NonNullable<Spec['axes']>[number] => ({
  orient,
  scale: name,
  title,
  grid: true,
  gridScale: name === 'x' ? 'y' : 'x',
  tickCount: 5,
  ...(ticks === undefined ? {} : { values: [...ticks] }),
  ...(format === undefined ? {} : { format })
})

/** Panels in rows, each a group of the size of `layout`, with room for axes and headings. */
export const arranged = (
  groups: ReadonlyArray<Readonly<Record<string, unknown>> & { readonly type: 'group' }>,
  { columns = 3, width = 230, height = 190 }: Layout
): Pick<Spec, 'width' | 'height' | 'padding' | 'marks'> => {
  const [gapX, gapY] = [78, 84]
  const across = Math.min(columns, groups.length)
  const down = Math.ceil(groups.length / columns)
  return {
    width: across * width + (across - 1) * gapX,
    height: down * height + (down - 1) * gapY,
    padding: { left: 12, right: 16, top: 26, bottom: 12 },
    marks: groups.map((group, index) => ({
      ...group,
      encode: {
        enter: {
          x: { value: (index % columns) * (width + gapX) },
          y: { value: Math.floor(index / columns) * (height + gapY) },
          width: { value: width },
          height: { value: height }
        }
      }
    }))
  }
}

/** Small multiples of curves with one legend for all. */
export const curves = (panels: ReadonlyArray<Panel>, layout: Layout = {}): Spec => {
  const { width = 230, height = 190, legend = 4 } = layout
  const names = [...new Set(panels.flatMap(({ series }) => series.map(({ name }) => name)))]
  return {
    ...arranged(
      panels.map(({ title, x, y, series, rules = [] }) => ({
        type: 'group',
        data: [
          {
            name: 'curves',
            values: series.flatMap(({ name, points, marks = 'line' }) =>
              points.map(point => ({ ...point, name, marks }))
            )
          }
        ],
        scales: [scale('x', x, width), scale('y', y, height)],
        axes: [axis('bottom', 'x', x), axis('left', 'y', y)],
        marks: [
          ...rules.flatMap(rule(width, height)),
          {
            type: 'group',
            from: { facet: { name: 'one', data: 'curves', groupby: 'name' } },
            encode: sized(width, height),
            data: [
              { name: 'symbols', source: 'one', transform: [{ type: 'filter', expr: "datum.marks === 'both'" }] },
              { name: 'bars', source: 'symbols', transform: [{ type: 'filter', expr: 'isValid(datum.low)' }] }
            ],
            marks: [...curve]
          },
          heading(title)
        ]
      })),
      layout
    ),
    scales: [
      { name: 'colour', type: 'ordinal', domain: names, range: colours },
      { name: 'dash', type: 'ordinal', domain: names, range: dashes }
    ],
    ...(names.length < 2
      ? {}
      : {
          legends: [
            {
              stroke: 'colour',
              strokeDash: 'dash',
              symbolStrokeWidth: 2.25,
              symbolType: 'stroke',
              labelLimit: 600,
              symbolSize: 900,
              orient: 'bottom',
              columns: legend,
              columnPadding: 24,
              rowPadding: 4,
              offset: 20
            }
          ]
        })
  }
}

/** A square of a heat map, with the text in it. */
export interface Square {
  readonly x: string
  readonly y: string
  readonly value: number
  readonly text: string
}

export interface HeatMap {
  readonly title: string
  readonly x: { readonly title: string; readonly values: ReadonlyArray<string> }
  /** From top to bottom. */
  readonly y: { readonly title: string; readonly values: ReadonlyArray<string> }
  readonly squares: ReadonlyArray<Square>
}

/** Small multiples of heat maps of values from 0 (white) to 1 (blue). */
export const heatMaps = (maps: ReadonlyArray<HeatMap>, layout: Layout = {}): Spec => {
  const { width = 230, height = 190 } = layout
  return {
    ...arranged(
      maps.map(({ title, x, y, squares }) => ({
        type: 'group',
        data: [{ name: 'squares', values: [...squares] }],
        scales: [
          { name: 'x', type: 'band', domain: [...x.values], range: [0, width] },
          { name: 'y', type: 'band', domain: [...y.values], range: [0, height] },
          { name: 'shade', type: 'linear', domain: [0, 1], range: ['#ffffff', '#0072b2'] }
        ],
        axes: [
          { orient: 'bottom', scale: 'x', title: x.title, ticks: false, labelPadding: 5 },
          { orient: 'left', scale: 'y', title: y.title, ticks: false, labelPadding: 5 }
        ],
        marks: [
          {
            type: 'rect',
            from: { data: 'squares' },
            encode: {
              enter: {
                x: { scale: 'x', field: 'x' },
                y: { scale: 'y', field: 'y' },
                width: { scale: 'x', band: 1 },
                height: { scale: 'y', band: 1 },
                fill: { scale: 'shade', field: 'value' },
                stroke: { value: '#c3cad3' }
              }
            }
          },
          {
            type: 'text',
            from: { data: 'squares' },
            encode: {
              enter: {
                x: { scale: 'x', field: 'x', band: 0.5 },
                y: { scale: 'y', field: 'y', band: 0.5 },
                text: { field: 'text' },
                align: { value: 'center' },
                baseline: { value: 'middle' },
                font: { value: font },
                fontSize: { value: 12 },
                fill: { signal: `datum.value > 0.6 ? 'white' : '${ink}'` }
              }
            }
          },
          heading(title)
        ]
      })),
      layout
    )
  }
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)

/** The figure as the text of an SVG file, coordinates to a tenth of a pixel. */
export const draw = async ({ description, spec }: Figure): Promise<string> => {
  const svg = await new View(parse({ ...spec, config, background: 'white' }), { renderer: 'none' }).toSVG()
  return (
    svg
      .replace(/ (?:d|transform)="[^"]*"/g, attribute => attribute.replace(/(\.\d)\d+/g, '$1'))
      .replace(/^(<svg[^>]*)>/, `$1 role="img" aria-label="${escaped(description)}">`) + '\n'
  )
}

/**
 * Marks, such as lines and dots in a panel: the coordinates that the axes must include, and a function that draws the mark, given the map
 * to pixels. Custom marks are such objects.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Picture } from 'ornstein'
 *
 * const marks = Picture.Marks
 * const rows: ReadonlyArray<readonly [number, number]> = [
 *   [0, 0],
 *   [1, 2],
 *   [2, 1]
 * ]
 * const spread = rows.map(([x, y]) => ({ at: x, low: y - 0.5, high: y + 0.5 }))
 * // A field on a grid, and the level above which half of it lies.
 * const field = {
 *   columns: 3,
 *   rows: 3,
 *   values: Float64Array.of(0, 1, 0, 1, 4, 1, 0, 1, 0),
 *   x: [0, 2],
 *   y: [0, 2]
 * } as const
 * const [half] = marks.levelsOf(field, [0.5])
 * assert(half > 0 && half <= 4)
 *
 * const drawn = Picture.arranged([
 *   {
 *     title: 'Rows',
 *     x: { title: 'length' },
 *     y: { title: 'width' },
 *     marks: [
 *       marks.line(rows, { name: 'path' }),
 *       marks.crosses([[2, 2]], { name: 'excluded' }),
 *       marks.band(spread),
 *       marks.intervals(spread),
 *       marks.levelLine(field, half),
 *       marks.numbered(rows),
 *       marks.words([1, 1], 'here'),
 *       marks.rule('y', 1.5, 'mean')
 *     ]
 *   },
 *   {
 *     title: 'Counts',
 *     x: {},
 *     y: {},
 *     marks: [
 *       marks.turned(
 *         marks.bars([
 *           { from: 0, to: 1, height: 3 },
 *           { from: 1, to: 2, height: 1 }
 *         ])
 *       )
 *     ]
 *   },
 *   { title: 'Confusion', x: {}, y: {}, marks: [marks.squares([{ column: 0, row: 0, value: 0.9, text: '90 %' }])] }
 * ])
 * for (const word of ['excluded', 'here', 'mean', '90 %']) assert(drawn.body.includes(word))
 * // For custom marks: a line as the path of a box, and the width of a name in a legend.
 * assert.match(
 *   marks.path({ left: 0, top: 0, width: 10, height: 10 }, [
 *     [0, 0],
 *     [10, 10]
 *   ]),
 *   /^M/
 * )
 * assert(marks.nameWidth('a long name') > marks.nameWidth('short'))
 */
import * as Elementary from '../../lib/numbers/elementary.js'
import { colour, dashOf, markerPath as symbols, n, stroked, svgText, textWidth, type Box, type Xy } from './svg.js'

/** Map from coordinates to pixels, in one panel. */
export interface Place {
  readonly at: (x: number, y: number) => Xy
  /** Marks are clipped at this box. */
  readonly box: Box
}

export interface Mark {
  /** Name of the series; equal names share a look and a legend entry. */
  readonly name?: string | undefined
  /** Index of the look (colour, shape, dash). Default: that of the name among all. */
  readonly k?: number | undefined
  /** Symbols in the legend. */
  readonly key?: ReadonlyArray<'line' | 'dots' | 'band'> | undefined
  /** Coordinates that the axes include, unless they have a domain. */
  readonly covers: ReadonlyArray<Xy>
  readonly draw: (place: Place, k: number) => string
  /** Point next to which the name may be written. */
  readonly end?: Xy | undefined
}

export interface Look {
  readonly name?: string | undefined
  readonly k?: number | undefined
}

// -- clipping --------------------------------------------------------------------------------------------------------

const boxContains = ({ left, top, width, height }: Box, [x, y]: Xy): boolean =>
  x >= left - 0.01 && x <= left + width + 0.01 && y >= top - 0.01 && y <= top + height + 0.01

const clamped = ({ left, top, width, height }: Box, [x, y]: Xy): Xy => [
  Math.max(left, Math.min(left + width, x)),
  Math.max(top, Math.min(top + height, y))
]

/** Returns the part of a segment inside a box (Liang & Barsky 1984); null if there is none. */
const clipSegment = ({ left, top, width, height }: Box, [x0, y0]: Xy, [x1, y1]: Xy): readonly [Xy, Xy] | null => {
  const dx = x1 - x0
  const dy = y1 - y0
  const sides: ReadonlyArray<Xy> = [
    [-dx, x0 - left],
    [dx, left + width - x0],
    [-dy, y0 - top],
    [dy, top + height - y0]
  ]
  const [from, to] = sides.reduce<Xy>(
    ([from, to], [p, q]) =>
      p === 0 ? (q < 0 ? [1, 0] : [from, to]) : p < 0 ? [Math.max(from, q / p), to] : [from, Math.min(to, q / p)],
    [0, 1]
  )
  return from <= to && Number.isFinite(dx + dy)
    ? [
        [x0 + from * dx, y0 + from * dy],
        [x0 + to * dx, y0 + to * dy]
      ]
    : null
}

const svgPoint = ([x, y]: Xy): string => `${n(x)},${n(y)}`

/** Path of a polyline, clipped at the box; non-finite points interrupt it. */
export const path = (box: Box, places: ReadonlyArray<Xy>): string =>
  places
    .slice(1)
    .map((to, i) => {
      const part = clipSegment(box, places[i], to)
      if (part === null) return ''
      const isOn = i > 0 && boxContains(box, places[i]) && clipSegment(box, places[i - 1], places[i]) !== null
      return `${isOn ? '' : `M${svgPoint(part[0])}`}L${svgPoint(part[1])}`
    })
    .join('')

// -- marks -----------------------------------------------------------------------------------------------------------

type PlotPoints = ReadonlyArray<Xy>

interface LineLook extends Look {
  /** Colour instead of the look's. */
  readonly paint?: 'ink' | 'soft' | 'bar' | undefined
  readonly width?: number | undefined
  readonly dash?: string | undefined
  /** True if the last point is joined to the first. */
  readonly isClosed?: boolean | undefined
  /** CSS class, for style sheets and tests. */
  readonly kind?: string | undefined
  readonly opacity?: number | undefined
  /** True if the axes include all its points. Default: true. */
  readonly counts?: boolean | undefined
}

/** Line through points, in their order. */
export const line = (points: PlotPoints, look: LineLook = {}): Mark => ({
  ...look,
  key: ['line'],
  covers: look.counts === false ? [] : points,
  end: points.at(-1),
  draw: ({ at, box }, k) => {
    const places = points.map(([x, y]) => at(x, y))
    return stroked(
      path(box, look.isClosed === true ? [...places, places[0]] : places),
      look.paint === undefined ? colour(k) : `var(--${look.paint})`,
      look.width ?? 2,
      // Lines without a name have no legend entry, so they are not dashed.
      { dash: look.dash ?? (look.name === undefined ? '' : dashOf(k)), kind: look.kind, opacity: look.opacity }
    )
  }
})

/** Path of a small arrow at the box's edge towards a point outside, in pixels. */
const outsideArrowPath = ({ left, top, width, height }: Box, [x, y]: Xy): string => {
  const [px, py] = clamped({ left: left + 3, top: top + 3, width: width - 6, height: height - 6 }, [x, y])
  const dx = Math.sign(x - px)
  const dy = Math.sign(y - py)
  const long = 5 / Math.sqrt(Math.max(1, Math.abs(dx) + Math.abs(dy)))
  const ends = [1, -1].map(side => svgPoint([px - long * (dx - side * dy), py - long * (dy + side * dx)]))
  return `M${ends[0]}L${svgPoint([px, py])}L${ends[1]}`
}

/** Symbol at each point; points outside are arrows at the panel's edge. */
export const dots = (
  points: PlotPoints,
  look: Look & { readonly r?: number; readonly counts?: boolean } = {}
): Mark => ({
  ...look,
  key: ['dots'],
  covers: look.counts === false ? [] : points,
  draw: ({ at, box }, k) => {
    const places = points.map(([x, y]) => at(x, y)).filter(([x, y]) => !Number.isNaN(x + y))
    const out = places.filter(place => !boxContains(box, place))
    return (
      symbols(
        k,
        places.filter(place => boxContains(box, place)),
        look.r ?? 3.2
      ) + stroked(out.map(place => outsideArrowPath(box, place)).join(''), colour(k), 1.6, { kind: 'line far' })
    )
  }
})

/** Cross at each point, for excluded or true values. */
export const crosses = (points: PlotPoints, { r = 3.4, ...look }: LineLook & { readonly r?: number } = {}): Mark => ({
  ...look,
  covers: look.counts === false ? [] : points,
  draw: ({ at, box }, k) =>
    stroked(
      points
        .map(([x, y]) => clamped(box, at(x, y)))
        .map(([x, y]) => `M${svgPoint([x - r, y - r])}l${n(2 * r)},${n(2 * r)}m0-${n(2 * r)}l-${n(2 * r)},${n(2 * r)}`)
        .join(''),
      look.paint === undefined ? colour(k) : `var(--${look.paint})`,
      look.width ?? 1.5
    )
})

/** Interval of y at one x, or of x at one y if `across` is 'x'. */
export interface Interval {
  readonly at: number
  readonly low: number
  readonly high: number
}

type Across = { readonly across?: 'x' | 'y' }

/** Error bars from the low to the high end of each interval. */
export const intervals = (all: ReadonlyArray<Interval>, { across = 'y', ...look }: Look & Across = {}): Mark => {
  const ends = all.map(({ at, low, high }): readonly [Xy, Xy] =>
    across === 'y'
      ? [
          [at, low],
          [at, high]
        ]
      : [
          [low, at],
          [high, at]
        ]
  )
  return {
    ...look,
    covers: ends.flat(),
    draw: ({ at, box }, k) =>
      stroked(ends.map(([from, to]) => path(box, [at(...from), at(...to)])).join(''), colour(k), 1.6)
  }
}

/** Band between the low and high ends of successive intervals. */
export const band = (all: ReadonlyArray<Interval>, look: Look = {}): Mark => ({
  ...look,
  key: ['band'],
  covers: all.flatMap(({ at, low, high }): PlotPoints => [
    [at, low],
    [at, high]
  ]),
  draw: ({ at, box }, k) => {
    const side = (of: (one: Interval) => number): PlotPoints => all.map(one => clamped(box, at(one.at, of(one))))
    const around = [...side(({ high }) => high), ...[...side(({ low }) => low)].reverse()]
    return all.length < 2
      ? ''
      : `<path class="band" d="M${around.map(svgPoint).join('L')}z" fill="${colour(k)}" fill-opacity=".16"/>`
  }
})

export interface Bar {
  readonly from: number
  readonly to: number
  readonly height: number
}

/** Bars from 0 to their heights. */
export const bars = (all: ReadonlyArray<Bar>): Mark => ({
  covers: all.flatMap(({ from, to, height }): PlotPoints => [
    [from, 0],
    [to, height]
  ]),
  draw: ({ at, box }) => {
    const d = all.map(({ from, to, height }) => {
      const corners: PlotPoints = [
        [from, 0],
        [from, height],
        [to, height],
        [to, 0]
      ]
      return height === 0 ? '' : `M${corners.map(([x, y]) => svgPoint(clamped(box, at(x, y)))).join('L')}z`
    })
    return `<path class="bar" d="${d.join('')}"/>`
  }
})

export interface Spread {
  readonly mean: Xy
  readonly xx: number
  readonly xy: number
  readonly yy: number
}

const UNIT_CIRCLE = Array.from({ length: 61 }, (_, i): Xy => {
  const angle = (2 * Math.PI * i) / 60
  return [Elementary.cos(angle), Elementary.sin(angle)]
})

/** Ellipse at a Mahalanobis distance of `deviations` from a component's mean. */
export const ellipse = ({ mean, xx, xy, yy }: Spread, deviations: number, look: LineLook = {}): Mark => {
  // The Cholesky factor [a, 0; b, c] of the covariance maps the unit circle to the ellipse.
  const a = Math.sqrt(xx)
  const b = a === 0 ? 0 : xy / a
  const c = Math.sqrt(Math.max(yy - b * b, 0))
  return line(
    UNIT_CIRCLE.map(([u, v]): Xy => [mean[0] + deviations * a * u, mean[1] + deviations * (b * u + c * v)]),
    { kind: 'line ellipse', paint: 'ink', width: 1.6, ...look }
  )
}

/** Values at the nodes of a grid, row by row from the smallest y. */
export interface Field {
  readonly columns: number
  readonly rows: number
  readonly values: Float64Array
  readonly x: readonly [number, number]
  readonly y: readonly [number, number]
}

/** Level set of a field, by marching squares (Lorensen & Cline 1987, in the plane). */
export const levelLine = ({ columns, rows, values, x, y }: Field, level: number, look: LineLook = {}): Mark => {
  const place = (i: number, j: number): Xy => [
    x[0] + ((x[1] - x[0]) * i) / (columns - 1),
    y[0] + ((y[1] - y[0]) * j) / (rows - 1)
  ]
  const pieces = Array.from({ length: (columns - 1) * (rows - 1) }, (_, square): PlotPoints => {
    const i = square % (columns - 1)
    const j = Math.floor(square / (columns - 1))
    const at = j * columns + i
    const corners = [values[at], values[at + 1], values[at + columns + 1], values[at + columns]]
    return corners.flatMap((a, side): PlotPoints => {
      const b = corners[(side + 1) % 4]
      if (a >= level === b >= level) return []
      const s = (level - a) / (b - a)
      return [[place(i + s, j), place(i + 1, j + s), place(i + 1 - s, j + 1), place(i, j + 1 - s)][side]]
    })
  })
  return {
    ...look,
    covers: [],
    draw: ({ at, box }, k) => {
      const d = pieces.map(ends =>
        Array.from({ length: ends.length / 2 }, (_, e) => {
          const from = ends[2 * e]
          const to = ends[2 * e + 1]
          return path(box, [at(...from), at(...to)])
        }).join('')
      )
      return stroked(d.join(''), look.paint === undefined ? colour(k) : `var(--${look.paint})`, look.width ?? 1, {
        kind: 'line level'
      })
    }
  }
}

/** Returns for each share the level above which the field has that share of its sum. */
export const levelsOf = ({ values }: Field, shares: ReadonlyArray<number>): ReadonlyArray<number> => {
  const sorted = values.slice().sort().reverse()
  const total = sorted.reduce((sum, value) => sum + value, 0)
  return shares.map(
    share =>
      sorted.reduce<readonly [sum: number, level: number]>(
        ([sum, level], value) => (sum >= share * total ? [sum, level] : [sum + value, value]),
        [0, 0]
      )[1]
  )
}

/** Arrows between pairs of points, with heads of at most `head` pixels. Default: 4.9. */
export const arrows = (
  all: ReadonlyArray<readonly [from: Xy, to: Xy]>,
  { head: most = 4.9, ...look }: LineLook & { readonly head?: number | undefined } = {}
): Mark => ({
  ...look,
  key: ['line'],
  covers: look.counts === false ? [] : all.flat(),
  draw: ({ at, box }, k) => {
    const d = all.map(([from, to]) => {
      const a = at(...from)
      const b = at(...to)
      const dx = b[0] - a[0]
      const dy = b[1] - a[1]
      const head = Math.min(0.35, most / Math.max(1e-9, Math.sqrt(dx * dx + dy * dy)))
      const end = (side: number): Xy => [b[0] - head * (dx - side * 0.6 * dy), b[1] - head * (dy + side * 0.6 * dx)]
      return Math.abs(dx) + Math.abs(dy) < 0.3 ? '' : path(box, [a, b]) + path(box, [end(1), b, end(-1)])
    })
    return stroked(d.join(''), look.paint === undefined ? colour(k) : `var(--${look.paint})`, look.width ?? 1.3)
  }
})

/** Labelled line across the panel at one value of an axis. */
export const rule = (across: 'x' | 'y', value: number, words = ''): Mark => ({
  covers: [],
  draw: ({ at, box }) => {
    const { left, top, width, height } = box
    const [x, y] = at(value, value)
    return across === 'y'
      ? stroked(`M${svgPoint([left, y])}H${n(left + width)}`, 'var(--soft)', 1, { dash: '4 3' }) +
          svgText([left + width - 4, y - 4], words, { anchor: 'end', kind: 'halo' })
      : stroked(`M${svgPoint([x, top])}V${n(top + height)}`, 'var(--soft)', 1, { dash: '4 3' }) +
          svgText([x + 4, top + 12], words, { kind: 'halo' })
  }
})

/** Text at a point, with an offset in pixels to the right and down. */
export const words = (
  [x, y]: Xy,
  what: string,
  { anchor = 'middle', kind = '', paint = '', offset = [0, 0] as Xy } = {}
): Mark => ({
  covers: [],
  draw: ({ at }) => {
    const [px, py] = at(x, y)
    return svgText([px + offset[0], py + 4 + offset[1]], what, { anchor, kind, paint })
  }
})

/** Matrix of cells, shaded by values in [0, 1], with texts. */
export const squares = (
  all: ReadonlyArray<{ readonly column: number; readonly row: number; readonly value: number; readonly text: string }>
): Mark => ({
  covers: [],
  draw: ({ at }) =>
    all
      .map(({ column, row, value, text: inside }) => {
        const [x0, y0] = at(column - 0.5, row - 0.5)
        const [x1, y1] = at(column + 0.5, row + 0.5)
        const left = Math.min(x0, x1)
        const top = Math.min(y0, y1)
        return (
          `<rect x="${n(left)}" y="${n(top)}" width="${n(Math.abs(x1 - x0))}" height="${n(Math.abs(y1 - y0))}" ` +
          `fill="var(--c0)" fill-opacity="${n(0.9 * value) === '0' ? '0' : (0.9 * value).toFixed(2)}" stroke="var(--line)"/>` +
          svgText([(x0 + x1) / 2, (y0 + y1) / 2 + 4], inside, {
            anchor: 'middle',
            paint: value > 0.55 ? 'var(--page)' : 'var(--ink)'
          })
        )
      })
      .join('')
})

/** Iteratively pushes apart points that are nearer than `least`. */
const spreadApart = (places: PlotPoints, least: number): PlotPoints =>
  Array.from({ length: 30 }).reduce<PlotPoints>(
    now =>
      now.map(([x, y], k) =>
        now.reduce<Xy>(
          ([nx, ny], [ox, oy], l) => {
            const dx = x - ox
            const dy = y - oy
            const far = Math.sqrt(dx * dx + dy * dy)
            if (k === l || far >= least) return [nx, ny]
            // The first of two equal points moves left, the other right.
            const [ux, uy] = far < 1e-6 ? [k < l ? -1 : 1, 0] : [dx / far, dy / far]
            const push = 0.55 * (least - far)
            return [nx + push * ux, ny + push * uy]
          },
          [x, y]
        )
      ),
    places
  )

/** Component numbers, from 1, in rings at the centres; close ones are moved apart, with a line to the centre. */
export const numbered = (centres: PlotPoints, r = 9): Mark => ({
  covers: [],
  draw: ({ at, box }) => {
    const places = centres.map(([x, y]) => clamped(box, at(x, y)))
    const shown = spreadApart(places, 2 * r + 3)
    const leads = shown.map(([x, y], k) => {
      const [px, py] = places[k]
      const isAway = Math.abs(x - px) + Math.abs(y - py) > r
      return isAway ? stroked(`M${svgPoint([px, py])}L${svgPoint([x, y])}`, colour(k), 1.5) : ''
    })
    const rings = shown.map(
      ([x, y], k) =>
        `<circle cx="${n(x)}" cy="${n(y)}" r="${r}" fill="var(--page)" stroke="${colour(k)}" stroke-width="2"/>` +
        svgText([x, y + 0.45 * r], String(k + 1), { anchor: 'middle', kind: 'mark' })
    )
    return leads.join('') + rings.join('')
  }
})

/** Ring around a chosen point; a disc if the width is twice the radius. */
export const ring = (
  [x, y]: Xy,
  { r = 9, width = 1.8, isFull = false, ...look }: Look & { r?: number; width?: number; isFull?: boolean } = {}
): Mark => ({
  ...look,
  covers: [],
  draw: ({ at, box }, k) => {
    const [px, py] = at(x, y)
    if (!boxContains(box, [px, py])) return ''
    const paint = look.k === undefined ? 'var(--ink)' : colour(k)
    return `<circle cx="${n(px)}" cy="${n(py)}" r="${r}" fill="${isFull ? 'var(--page)' : 'none'}" stroke="${paint}" stroke-width="${width}"/>`
  }
})

/** Exchanges x and y. */
export const turned = (mark: Mark): Mark => ({
  ...mark,
  covers: mark.covers.map(([x, y]): Xy => [y, x]),
  draw: ({ at, box }, k) => mark.draw({ at: (x, y) => at(y, x), box }, k)
})

/** Width of a name in a legend, in pixels. */
export const nameWidth = (name: string): number => textWidth(name, 13)

/** Panels (marks over two axes in a box), small multiples, and legends. */
import { nameWidth, type Mark, type Place } from './mark.js'
import * as Scale from './scale.js'
import { colour, dashOf, markerPath, n, stroked, svgText, textWidth, type Box, type Drawn, type Xy } from './svg.js'

export interface Axis {
  readonly title?: string | undefined
  /** Interval of the axis. Default: the extent of the marks. */
  readonly domain?: Scale.Range | undefined
  /** Spacing of the numbers, by name or as a scale. Default: 'linear'. */
  readonly scale?: keyof typeof Scale.scales | Scale.Scale | undefined
  /** Tick values. Default: round numbers. */
  readonly ticks?: ReadonlyArray<number | Scale.Tick> | undefined
  /** Approximate number of ticks. Default: 5. */
  readonly count?: number | undefined
  /** Minimum step between ticks, such as 1 for counts. */
  readonly least?: number | undefined
  /** Margin of a default domain, as a share of its length. */
  readonly margin?: number | undefined
  /** True if tick labels are written. Default: true. */
  readonly isLabelled?: boolean | undefined
}

export interface Panel {
  readonly title?: string | undefined
  readonly x: Axis
  readonly y: Axis
  readonly marks: ReadonlyArray<Mark>
  readonly isGridded?: boolean | undefined
  readonly isFramed?: boolean | undefined
}

/** Returns the scale of an axis, given the values that its marks cover. */
export const axisScale = (axis: Axis, covered: ReadonlyArray<number>): Scale.Scale => {
  const { scale = 'linear', ticks, count, least, margin } = axis
  if (typeof scale !== 'string')
    return ticks === undefined ? scale : { ...scale, ticks: namedTicks(ticks, scale.ticks) }
  const finite = covered.filter(value => Number.isFinite(value) && (scale !== 'log' || value > 0))
  const found: Scale.Range =
    scale === 'log'
      ? [Math.min(...finite) / (1 + 2 * (margin ?? 0.1)), Math.max(...finite) * (1 + 2 * (margin ?? 0.1))]
      : Scale.extent(finite, margin)
  const domain = axis.domain ?? (finite.length === 0 ? ([0, 1] as const) : found)
  const made = Scale.scales[scale](domain, count, least)
  return ticks === undefined ? made : { ...made, ticks: namedTicks(ticks, made.ticks) }
}

/** Converts numbers to ticks in the scale's format. */
const namedTicks = (
  ticks: ReadonlyArray<number | Scale.Tick>,
  like: ReadonlyArray<Scale.Tick>
): ReadonlyArray<Scale.Tick> =>
  ticks.map(tick =>
    typeof tick !== 'number'
      ? tick
      : (like.find(({ value }) => Math.abs(value - tick) <= 1e-9 * Math.abs(tick)) ?? {
          value: tick,
          label: Scale.written(tick)
        })
  )

interface Scales {
  readonly x: Scale.Scale
  readonly y: Scale.Scale
}

/** Returns the scales of a panel's axes. */
export const scalesOf = ({ x, y, marks }: Panel): Scales => {
  const covered = marks.flatMap(({ covers }) => covers)
  return {
    x: axisScale(
      x,
      covered.map(([value]) => value)
    ),
    y: axisScale(
      y,
      covered.map(([, value]) => value)
    )
  }
}

/** Returns the map from coordinates to pixels. */
export const placeIn = ({ x, y }: Scales, box: Box): Place => ({
  at: (a, b) => [box.left + x.unit(a) * box.width, box.top + (1 - y.unit(b)) * box.height],
  box
})

/** Width of the y axis's tick labels, in pixels. */
export const labelWidth = (panel: Panel, { y } = scalesOf(panel)): number =>
  (panel.y.isLabelled === false ? 0 : 8 + Math.max(0, ...y.ticks.map(({ label }) => textWidth(label)))) +
  (panel.y.title === undefined || panel.y.title === '' ? 0 : 20)

/** Index of a mark's look: its `k`, or that of its name. */
export type Looks = (mark: Mark) => number

/** Distinct names of marks, in order of first use. */
export const seriesNames = (panels: ReadonlyArray<Panel>): ReadonlyArray<string> => [
  ...new Set(panels.flatMap(({ marks }) => marks.flatMap(({ name }) => name ?? [])))
]

/** Assigns looks by the order of names over all panels. */
const looksByName = (panels: ReadonlyArray<Panel>): Looks => {
  const names = seriesNames(panels)
  return ({ name, k }) => k ?? Math.max(0, name === undefined ? 0 : names.indexOf(name))
}

/** Keeps every second, third, … label, so that none overlaps the next. */
const thinLabels = (labels: ReadonlyArray<readonly [place: number, width: number]>): ReadonlyArray<boolean> => {
  const touches = (stride: number): boolean =>
    labels
      .filter((_, i) => i % stride === 0)
      .some(([place, width], i, kept) => i > 0 && Math.abs(place - kept[i - 1][0]) < (width + kept[i - 1][1]) / 2 + 4)
  const stride = [1, 2, 3, 4, 5].find(stride => !touches(stride)) ?? labels.length
  return labels.map((_, i) => i % stride === 0)
}

/** Draws box, grid, tick labels and axis titles. */
const frame = (panel: Panel, scales: Scales, { left, top, width, height }: Box): string => {
  const bottom = top + height
  const right = left + width
  const xs = scales.x.ticks.map(({ value, label }) => ({ at: left + scales.x.unit(value) * width, label }))
  const ys = scales.y.ticks.map(({ value, label }) => ({ at: bottom - scales.y.unit(value) * height, label }))
  const grid =
    panel.isGridded === false || xs.length + ys.length === 0
      ? ''
      : `<path class="grid" d="${xs.map(({ at }) => `M${n(at)},${n(top)}V${n(bottom)}`).join('')}${ys.map(({ at }) => `M${n(left)},${n(at)}H${n(right)}`).join('')}"/>`
  const shownX = thinLabels(xs.map(({ at, label }) => [at, textWidth(label)]))
  const shownY = thinLabels(ys.map(({ at }) => [at, 12]))
  const below =
    panel.x.isLabelled === false
      ? ''
      : xs
          .map(({ at, label }, i) => (shownX[i] ? svgText([at, bottom + 16], label, { anchor: 'middle' }) : ''))
          .join('')
  const beside =
    panel.y.isLabelled === false
      ? ''
      : ys.map(({ at, label }, i) => (shownY[i] ? svgText([left - 6, at + 4], label, { anchor: 'end' }) : '')).join('')
  const box =
    panel.isFramed === false
      ? ''
      : `<rect class="frame" x="${n(left)}" y="${n(top)}" width="${n(width)}" height="${n(height)}"/>`
  const { title: nameX = '' } = panel.x
  const { title: nameY = '' } = panel.y
  return (
    `${grid}${box}${below}${beside}` +
    (nameX === ''
      ? ''
      : svgText([left + width / 2, bottom + (panel.x.isLabelled === false ? 18 : 36)], nameX, {
          anchor: 'middle',
          kind: 'name'
        })) +
    (nameY === ''
      ? ''
      : svgText([left - labelWidth(panel, scales) + 12, top + height / 2], nameY, {
          anchor: 'middle',
          kind: 'name',
          turn: -90
        })) +
    (panel.title === undefined || panel.title === '' ? '' : svgText([left, top - 8], panel.title, { kind: 'name' }))
  )
}

/** Draws a panel in a box. */
export const panelIn = (panel: Panel, box: Box, looks: Looks = looksByName([panel])): string => {
  const scales = scalesOf(panel)
  const place = placeIn(scales, box)
  return frame(panel, scales, box) + panel.marks.map(mark => mark.draw(place, looks(mark))).join('')
}

// -- legends ---------------------------------------------------------------------------------------------------------

/** Symbol of a series in the legend: line, marker or band. */
const keySample = ([x, y]: Xy, k: number, keys: ReadonlySet<string>): string =>
  (keys.has('band') && !keys.has('line')
    ? `<path class="band" d="M${n(x)},${n(y - 6)}h26v12h-26z" fill="${colour(k)}" fill-opacity=".3"/>`
    : '') +
  (keys.has('line') ? stroked(`M${n(x)},${n(y)}h26`, colour(k), 2, { dash: dashOf(k) }) : '') +
  (keys.has('dots') ? markerPath(k, [[x + 13, y]], 4) : '')

interface LegendEntry {
  readonly name: string
  readonly k: number
  readonly keys: ReadonlySet<string>
}

const legendEntries = (panels: ReadonlyArray<Panel>): ReadonlyArray<LegendEntry> => {
  const looks = looksByName(panels)
  const marks = panels.flatMap(({ marks }) => marks)
  return seriesNames(panels).map(name => {
    const own = marks.filter(mark => mark.name === name)
    return { name, k: looks(own[0]), keys: new Set(own.flatMap(({ key = [] }) => key)) }
  })
}

/** Arranges legend entries in lines of at most `width` pixels. */
const legendOf = (entries: ReadonlyArray<LegendEntry>, width: number, [left, top]: Xy): Drawn => {
  const wideOf = ({ name }: LegendEntry): number => 34 + nameWidth(name) + 22
  const column = Math.max(...entries.map(wideOf))
  // Entries are in aligned columns unless those need more lines.
  const perLine = Math.max(1, Math.floor((width + 22) / column))
  const flowing = entries.reduce<ReadonlyArray<readonly [x: number, line: number]>>((places, entry, i) => {
    const last = places.at(-1)
    const end = last === undefined ? 0 : last[0] + wideOf(entries[i - 1])
    const isOver = last !== undefined && end + wideOf(entry) - 22 > width
    return [...places, last === undefined ? [0, 0] : isOver ? [0, last[1] + 1] : [end, last[1]]]
  }, [])
  const lines = (places: ReadonlyArray<readonly [number, number]>): number => (places.at(-1)?.[1] ?? -1) + 1
  const even = entries.map((_, i) => [column * (i % perLine), Math.floor(i / perLine)] as const)
  const places = lines(even) > lines(flowing) ? flowing : even
  return {
    width,
    height: 20 * lines(places),
    body: entries
      .map(({ name, k, keys }, i) => {
        const [x, row] = places[i]
        const at: Xy = [left + x, top + 10 + 20 * row]
        return keySample(at, k, keys) + svgText([at[0] + 34, at[1] + 4], name, { kind: 'name' })
      })
      .join('')
  }
}

// -- small multiples -------------------------------------------------------------------------------------------------

export interface Layout {
  /** Number of panels in a row. Default: 3. */
  readonly columns?: number | undefined
  /** Width and height of each panel, in pixels. Default: 230 × 190. */
  readonly width?: number | undefined
  readonly height?: number | undefined
  /**
   * Names of series: 'end', at the ends of lines; 'below', in a legend for all panels; 'none'. Default: 'end' for one panel with at most
   * five lines, otherwise 'below'.
   */
  readonly names?: 'end' | 'below' | 'none' | undefined
}

/** Moves label positions at least `gap` apart and above `bottom`, in pixels downwards; too many go above `top`. */
export const spreadLabels = (
  wanted: ReadonlyArray<number>,
  gap: number,
  [top, bottom]: Scale.Range
): ReadonlyArray<number> => {
  const order = [...wanted.keys()].sort((a, b) => wanted[a] - wanted[b])
  const down = order.reduce<ReadonlyArray<number>>(
    (found, i) => [...found, Math.max(wanted[i], (found.at(-1) ?? top - gap) + gap)],
    []
  )
  const up = down.reduceRight<ReadonlyArray<number>>(
    (found, y) => [Math.min(y, (found.at(0) ?? bottom + gap) - gap), ...found],
    []
  )
  return wanted.map((_, i) => up[order.indexOf(i)])
}

/** Names of series at the ends of their lines, without overlap. */
const endLabels = (panel: Panel, box: Box, looks: Looks): string => {
  const place = placeIn(scalesOf(panel), box)
  const found = seriesNames([panel]).flatMap(name => {
    const mark = panel.marks.find(({ name: own, end }) => own === name && end !== undefined)
    return mark?.end === undefined ? [] : [{ name, k: looks(mark), y: place.at(...mark.end)[1] }]
  })
  const top = box.top + 6
  const bottom = box.top + box.height - 2
  const heights = spreadLabels(
    found.map(({ y }) => Math.max(top, Math.min(bottom, y))),
    16,
    [top, bottom]
  )
  return found
    .map(({ name, k }, i) =>
      svgText([box.left + box.width + 8, heights[i] + 4], name, { kind: 'name', paint: colour(k) })
    )
    .join('')
}

/** Draws panels in rows, with one legend for all below. */
export const arranged = (panels: ReadonlyArray<Panel>, layout: Layout = {}): Drawn => {
  const { columns: most = 3, width = 230, height = 190 } = layout
  const columns = Math.min(most, panels.length)
  const looks = looksByName(panels)
  const entries = legendEntries(panels)
  const isOne = panels.length === 1 && entries.length <= 5 && entries.every(({ keys }) => keys.has('line'))
  const names = entries.length < 2 ? 'none' : (layout.names ?? (isOne ? 'end' : 'below'))
  // Half of the last tick label extends beyond the axis.
  const over = Math.max(
    ...panels.flatMap(panel => {
      const { x } = scalesOf(panel)
      return panel.x.isLabelled === false
        ? []
        : x.ticks.map(({ value, label }) => (x.unit(value) - 1) * width + textWidth(label) / 2)
    }),
    0
  )
  const right =
    names === 'end' ? 16 + Math.max(over, ...entries.map(({ name }) => nameWidth(name))) : Math.max(14, 4 + over)
  const has = (of: (panel: Panel) => string | undefined): boolean => panels.some(panel => (of(panel) ?? '') !== '')
  const above = has(({ title }) => title) ? 26 : 10
  const below = (panels.some(({ x }) => x.isLabelled !== false) ? 24 : 6) + (has(({ x }) => x.title) ? 20 : 0)
  const lefts = Array.from({ length: columns }, (_, c) =>
    Math.max(...panels.filter((_, i) => i % columns === c).map(panel => labelWidth(panel)))
  )
  const before = (c: number): number => lefts.slice(0, c + 1).reduce((sum, left) => sum + left, 6) + c * (width + right)
  const boxes = panels.map((_, i) => ({
    left: before(i % columns),
    top: above + Math.floor(i / columns) * (above + height + below),
    width,
    height
  }))
  const total = before(columns - 1) + width + right
  const bottom = Math.ceil(panels.length / columns) * (above + height + below)
  const key: Drawn =
    names === 'below'
      ? legendOf(entries, total - lefts[0] - 12, [lefts[0] + 6, bottom + 4])
      : { width: 0, height: 0, body: '' }
  return {
    width: total,
    height: bottom + (key.height === 0 ? 0 : key.height + 8),
    body:
      panels
        .map((panel, i) => panelIn(panel, boxes[i], looks) + (names === 'end' ? endLabels(panel, boxes[i], looks) : ''))
        .join('') + key.body
  }
}

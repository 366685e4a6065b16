/** Pictures of the page by the library's `Picture`, in the page's looks and sizes. */
import { Picture } from 'ornstein'

const { Marks } = Picture
export type Place = Picture.Xy
/** Stroke with its width in pixels and dashes. */
interface Stroke {
  readonly width: number
  readonly dash: string
}
/** Mark of the library; with the stroke of a named line for the legend of narrow screens. */
export type Mark = Picture.Mark & { readonly stroke?: Stroke }

/** Index of the library's look, by the role of a mark; 'truth' is in ink. */
const looks = { em: 0, descent: 1, third: 2, moves: 3, quiet: 5 } as const
export type Look = keyof typeof looks | 'truth'
/** Dashes of named lines. */
const dashes: Readonly<Record<Look, string>> = {
  em: '',
  descent: '',
  third: '2 4',
  moves: '10 3 2 3',
  quiet: '5 5',
  truth: ''
}
const lookOptions = (look: Look): { readonly k: number } | { readonly paint: 'ink' } =>
  look === 'truth' ? { paint: 'ink' } : { k: looks[look] }
/** CSS class of text in a look. */
export const classOf = (look: Look): string => `look-${look}`

// —— marks of the plane ——

const inside = ({ left, top, width, height }: Picture.Place['box'], [x, y]: Place): boolean =>
  x > left && x < left + width && y > top && y < top + height

/** Rows inside the picture as dots. The SVG text is cached by array, since a cloud is long and seldom changes. */
export const cloud = (points: Float64Array, look: Look = 'quiet', r = 1.6): Mark => {
  const mark: Mark = {
    ...lookOptions(look),
    covers: [],
    draw: (place, k) => {
      const key = [...place.at(0, 0), ...place.at(1, 1), k].join()
      const known = clouds.get(points)
      if (known?.key === key) return known.text
      const seen = placesOf(points).filter(([x, y]) => inside(place.box, place.at(x, y)))
      const text = `<g class="cloud ${look}">${Marks.dots(seen, { r }).draw(place, k)}</g>`
      clouds.set(points, { key, text })
      return text
    }
  }
  return mark
}
const clouds = new WeakMap<Float64Array, { readonly key: string; readonly text: string }>()

export const placesOf = (flat: ArrayLike<number>): ReadonlyArray<Place> =>
  Array.from({ length: flat.length / 2 }, (_, k) => [flat[2 * k], flat[2 * k + 1]] as const)

export const cross = (at: Place): Mark => Marks.crosses([at], { r: 7, width: 3, paint: 'ink', counts: false })
export const disc = (at: Place, look: Look, r = 6): Mark =>
  Marks.ring(at, { r: r / 2, width: r, ...(look === 'truth' ? {} : { k: looks[look] }) })
export const ring = (at: Place, look: Look, r = 6): Mark =>
  Marks.ring(at, { r, width: 2.5, isFull: true, ...(look === 'truth' ? {} : { k: looks[look] }) })
export const path = (
  places: ReadonlyArray<Place>,
  look: Look,
  more: { readonly isClosed?: boolean; readonly dash?: string; readonly width?: number; readonly opacity?: number } = {}
): Mark => Marks.line(places, { width: 2, ...lookOptions(look), counts: false, ...more })
/** Filled sector of a disc about 0, from the first axis to the point `end` on the disc's edge. */
export const sector = (end: Place): Mark => ({
  covers: [],
  draw: ({ at }) => {
    const [x, y] = at(0, 0)
    const [right, top] = at(Math.hypot(...end), 0)
    const [u, v] = at(...end)
    const [r, ...rest] = [right - x, x, y, right, top, u, v].map(pixels => pixels.toFixed(1))
    const [x0, y0, x1, y1, x2, y2] = rest
    return `<path class="sector" d="M${x0},${y0}L${x1},${y1}A${r},${r} 0 0 0 ${x2},${y2}Z"/>`
  }
})
export const arrow = (from: Place, to: Place, look: Look, width = 4, opacity = 1): Mark =>
  Marks.arrows([[from, to]], { ...lookOptions(look), width, opacity, head: 4 + 2.5 * width, counts: false })
/** Ellipse of one standard deviation; its covariance is row-major. */
export const ellipse = (
  mean: Place,
  [xx, xy, , yy]: ArrayLike<number> & Iterable<number>,
  look: Look,
  dash = ''
): Mark =>
  Marks.ellipse({ mean, xx, xy, yy }, 1, { paint: undefined, ...lookOptions(look), counts: false, width: 2, dash })
/** Text near a point, with an offset in pixels. */
export const label = (
  at: Place,
  text: string,
  look: Look,
  offset: Place = [12, -12],
  anchor: 'start' | 'middle' | 'end' = 'start'
): Mark => Marks.words(at, text, { offset, anchor, kind: `label halo ${classOf(look)}` })

/** Radius of an inset: default share of the picture's shorter side, and minimum in pixels. */
const INSET = { share: 0.12, least: 32 }
/** Space between an inset and the edges of the picture, in pixels. */
const INSET_MARGIN = 6

/** Disc in the picture's upper left corner with radius 1 in its own coordinates, and text below it. */
export interface Inset {
  readonly marks: ReadonlyArray<Mark>
  readonly words: ReadonlyArray<readonly [text: string, look: Look]>
  /** Radius as a share of the shorter side of the picture. */
  readonly share?: number
}
const insetIn = (box: Picture.Place['box'], { share = INSET.share }: Partial<Inset> = {}): Picture.Place => {
  const radius = Math.max(INSET.least, share * Math.min(box.width, box.height))
  // Text below may be wider than the disc.
  const wide = Math.max(radius, 46)
  const [x, y] = [box.left + wide + INSET_MARGIN, box.top + radius + INSET_MARGIN]
  return {
    at: (u, v) => [x + radius * u, y - radius * v],
    box: { left: x - radius, top: y - radius, width: 2 * radius, height: 2 * radius }
  }
}
const insetMark = (inset: Inset): Mark => ({
  covers: [],
  draw: ({ box }, k) => {
    const { marks, words } = inset
    const place = insetIn(box, inset)
    const below = words.map(([text, look], i) => label([0, -1], text, look, [0, 12 + 15 * i], 'middle'))
    return [ellipse([0, 0], [1, 0, 0, 1], 'quiet'), ...marks, ...below]
      .map(mark => mark.draw(place, mark.k ?? k))
      .join('')
  }
})
/** Scale bar in the lower right corner, `units` long. */
const scaleBar = (units: number): Mark => ({
  covers: [],
  draw: ({ at, box }) => {
    const long = at(units, 0)[0] - at(0, 0)[0]
    const right = box.left + box.width - 4
    const y = box.top + box.height - 6
    const middle: Picture.Place = { at: () => [right - long / 2, y - 10], box }
    return (
      `<path class="scale" d="M${right - long} ${y - 4}v4h${long}v-4"/>` +
      Marks.words([0, 0], units === 1 ? '1 unit' : `${units} units`).draw(middle, 0)
    )
  }
})

// —— charts ——

export interface Curve {
  readonly label: string
  readonly look: Look
  readonly places: ReadonlyArray<Place>
  /** True for round dots, for predictions. */
  readonly dotted?: boolean
  /** Dashes. Default: those of the look. */
  readonly dash?: string
  /** Current point of the run, drawn as a disc. */
  readonly at?: Place | undefined
  /** Radius of a ring that replaces the disc, so that several runs at one point are visible. */
  readonly ring?: number | undefined
}
/** Line whose name is in the right margin. */
export const curve = ({ label: name, look, places, dotted = false, at, ...more }: Curve): ReadonlyArray<Mark> => {
  const stroke = dotted ? { width: 4.5, dash: '.1 8' } : { width: 2.4, dash: more.dash ?? dashes[look] }
  const line = Marks.line(places, { ...lookOptions(look), name, ...stroke })
  return [{ ...line, stroke }, ...(at === undefined ? [] : [currentPointMark(at, look, more.ring)])]
}
/** Disc, or ring of radius r, at a run's current point; outside the panel, an arrow at its edge with the value. */
const currentPointMark = (at: Place, look: Look, r?: number): Mark => {
  const [, value] = at
  const dot = r === undefined ? disc(at, look) : Marks.ring(at, { r, width: 2, ...lookOptions(look) })
  return {
    ...dot,
    draw: (place, k) => {
      const { top, height } = place.box
      const [x, y] = place.at(...at)
      const isAbove = y < top - 1
      if (!isAbove && y <= top + height + 1) return dot.draw(place, k)
      // Labels of two looks are in two lines.
      const row = 16 * (k % 2)
      const edge: Picture.Place = { ...place, at: () => [x, isAbove ? top + 8 + row : top + height - 8 - row] }
      const text = `${isAbove ? '↑' : '↓'} ${Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3)}`
      return Marks.words(at, text, { offset: [6, 0], anchor: 'start', kind: `label ${classOf(look)}` }).draw(edge, k)
    }
  }
}
/** Dashed line across the panel, without a label. */
export const rule = (across: 'x' | 'y', value: number): Mark => Marks.rule(across, value)
export const tick = (value: number, label = String(value)): { readonly value: number; readonly label: string } => ({
  value,
  label
})

/** Points of a panel's line, for tests. */
export const lineOf = (panels: ReadonlyArray<Picture.Panel>, title: string, name: string): ReadonlyArray<Place> => {
  const found = panels.find(panel => panel.title?.startsWith(title))?.marks.find(mark => mark.name === name)?.covers
  if (found === undefined) throw new Error(`no line ${name} in ${title}`)
  return found
}

// —— sizes ——

interface Size {
  readonly width: number
  readonly height: number
}
/** Arranges panels to fill a size; margins have the same size in pixels at any. */
const filling = (
  panels: ReadonlyArray<Picture.Panel>,
  { width, height }: Size,
  names: 'end' | 'below' | 'none',
  columns = 1
): Picture.Drawn => {
  const rows = Math.ceil(panels.length / columns)
  const fitted = (inner: Size): Picture.Drawn => Picture.arranged(panels, { ...inner, columns, names })
  const trial = fitted({ width: 100, height: 50 })
  return fitted({
    width: Math.max(20, 100 + (width - trial.width) / columns),
    height: Math.max(20, 50 + (height - trial.height) / rows)
  })
}
const svg = ({ width, height, body }: Picture.Drawn, says: string, kind = ''): string =>
  `<svg class="fig${kind}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${says.replaceAll('<', '&lt;')}">${body}</svg>`

/** True for a narrow screen: charts are side by side under the picture, with a legend below instead of names in the margin. */
const isNarrow = ({ height }: Size): boolean => height < 240
/** Heights of a picture on a phone for up to two tiles, in pixels, as in the style sheet. */
const LOW_HEIGHT = 220
const TALL_HEIGHT = 280
/** Size of a picture on a phone. */
export const phoneSize = (picture: Plane | Tiled): Size => ({
  width: 360,
  height: isTall(picture) ? TALL_HEIGHT : LOW_HEIGHT
})
const isTall = (picture: Plane | Tiled): boolean => 'tiles' in picture && picture.tiles.length > 2
/** Spare width in pixels, since letters may be wider than `Picture` assumes. */
const SPARE_WIDTH = 12

/** Average width of a letter of a title, in pixels. */
const LETTER_WIDTH = 7.8
/** Title up to the first punctuation `marks` if it is wider than `space` pixels. */
const shortened = (title: string | undefined, space: number, marks: RegExp): string | undefined =>
  title !== undefined && title.length * LETTER_WIDTH > space ? title.split(marks)[0] : title

/** SVG of charts below one another with names in the right margin; on a narrow screen side by side with shortened titles. */
export const charts = (panels: ReadonlyArray<Picture.Panel>, size: Size): string => {
  const narrow = isNarrow(size)
  const shown = panels.map(panel => ({
    ...panel,
    isFramed: false,
    title: shortened(panel.title, narrow ? 0 : size.width - 50, /[:,]/),
    // Names in the margin leave less space for an axis title than for the panel's.
    x: {
      ...panel.x,
      title: narrow ? panel.x.title?.split(/[;,(]/)[0].trim() : shortened(panel.x.title, 0.6 * size.width, /[;,]/)
    }
  }))
  const inner = { ...size, width: size.width - SPARE_WIDTH }
  const drawn = filling(shown, inner, narrow ? 'none' : 'end', narrow ? panels.length : 1)
  return svg({ ...drawn, width: size.width }, panels.map(({ title }) => title).join('; '))
}
/** HTML of line names with samples of their lines, for narrow screens. */
export const legend = (panels: ReadonlyArray<{ readonly marks: ReadonlyArray<Mark> }>): string => {
  const named = panels.flatMap(({ marks }) => marks).filter(({ stroke }) => stroke !== undefined)
  const all = new Map(named.map(mark => [mark.name, mark]))
  return [...all.values()]
    .map(
      ({ name, stroke, k }) =>
        `<b style="color:var(${k === undefined ? '--ink' : `--c${k}`})"><svg width="28" height="8" aria-hidden="true"><path d="M2,4H26" fill="none" stroke="currentColor" stroke-width="${stroke?.width}" stroke-dasharray="${stroke?.dash}" stroke-linecap="round"/></svg> ${name}</b>`
    )
    .join(' ')
}

/** Distances from the middle of a picture to its edges, at least: one for both axes, or one for each. */
type Extent = { readonly reach: number } | { readonly spans: readonly [wide: number, high: number] }
/** Plane of the data around `about`. */
export type Plane = PlaneMarks & Extent
interface PlaneMarks {
  readonly caption: string
  readonly about?: Place
  readonly marks: ReadonlyArray<Mark>
  readonly inset?: Inset
  /** True if a scale bar is drawn. Default: true. */
  readonly isScaled?: boolean
}
/** One of several compared pictures. */
export interface Tile {
  readonly title: string
  readonly look: Look
  readonly marks: ReadonlyArray<Mark>
}
/** Pictures of the same part of the plane, below one another or side by side, whichever makes them larger. */
export interface Tiled {
  readonly caption: string
  /** Half the minimum width and height of the shown part. */
  readonly spans: readonly [wide: number, high: number]
  readonly about?: Place
  readonly tiles: ReadonlyArray<Tile>
}
export interface Plotted {
  readonly svg: string
  /** Maps from the plane to pixels and back; for tiles, of the first. */
  readonly at: (place: Place) => Place
  readonly from: (pixel: Place) => Place
  /** Maps for the coordinates of an inset. */
  readonly inset: { readonly at: (place: Place) => Place; readonly from: (pixel: Place) => Place }
}
/** Space around tiles in pixels, as in `Picture`: above with and without a title, below, and between. */
const TILE = { titled: 26, untitled: 10, below: 6, between: 14 }
/** Width of a letter of a caption, and height of its lines, in pixels. */
const CAPTION = { letter: 7.2, line: 17, margin: 20 }

/** Width of a title at the left of a tile on a narrow screen, and height of its lines, in pixels. */
const LEFT_TITLE = { width: 104, line: 15 }

/** Heading of a tile in its look: above it, shortened if too wide; on a narrow screen in its corner or at its left. */
const headingMark = ({ title, look }: Tile, place: 'above' | 'corner' | 'left'): Mark => ({
  covers: [],
  draw: plane => {
    const { left, top, width } = plane.box
    const parts = title.split(/[:,] /)
    const lines = place === 'left' ? parts : place === 'corner' ? parts.slice(0, 2) : [shortened(title, width, /[:,]/)]
    const edge = { ...plane, at: (): Place => (place === 'above' ? [left, top - 12] : [left + 5, top + 9]) }
    return lines.map((text, i) => label([0, 0], text ?? '', look, [0, LEFT_TITLE.line * i]).draw(edge, 0)).join('')
  }
})
const plotTiles = (all: Tiled, size: Size): Plotted => {
  const { caption, spans, about = [0, 0], tiles } = all
  const [wide, high] = spans
  const narrow = isNarrow(size) || (size.width < 420 && size.height <= TALL_HEIGHT)
  const isTitled = tiles.some(({ title }) => title !== '')
  // On a narrow screen the caption is below the picture.
  const lines = narrow ? 0 : Math.ceil((CAPTION.letter * caption.length) / (size.width - CAPTION.margin))
  const paper = { ...size, height: size.height - (lines === 0 ? 0 : CAPTION.line * lines + 6) }
  const above = narrow ? TILE.untitled : TILE.titled
  const layouts = [1, ...(tiles.length === 4 ? [2] : []), tiles.length].map(columns => {
    const rows = tiles.length / columns
    const width = (paper.width - 6) / columns - TILE.between
    const beside = narrow && isTitled && columns === 1 ? LEFT_TITLE.width : 0
    const height = paper.height / rows - above - TILE.below
    return {
      columns,
      width,
      height,
      beside,
      perPixel: Math.max((2 * wide) / (width - beside), (2 * high) / Math.max(1, height))
    }
  })
  const { columns, width, height, beside, perPixel } = layouts.reduce((a, b) => (b.perPixel < a.perPixel ? b : a))
  const [u, v] = [(perPixel * (width - beside)) / 2, (perPixel * height) / 2]
  const bare = { ticks: [], isLabelled: false }
  const { recorder, places } = placeRecorder()
  const drawn = Picture.arranged(
    tiles.map(tile => ({
      // Reserves the space of the heading.
      ...(!narrow && { title: '\u00a0' }),
      x: { ...bare, domain: [about[0] - u - perPixel * beside, about[0] + u] as const },
      y: { ...bare, domain: [about[1] - v, about[1] + v] as const },
      isGridded: false,
      marks: [recorder, ...tile.marks, headingMark(tile, !narrow ? 'above' : columns === 1 ? 'left' : 'corner')]
    })),
    { columns, width, height, names: 'none' }
  )
  return {
    svg: svg({ ...drawn, ...size }, caption, isTall(all) ? ' tiles tall' : ' tiles'),
    ...linearMaps(places[0].at),
    inset: linearMaps(places[0].at)
  }
}

/** Invisible mark that records the places at which it is drawn, since a panel passes its place to marks only. */
const placeRecorder = (): { readonly recorder: Mark; readonly places: ReadonlyArray<Picture.Place> } => {
  const places: Picture.Place[] = []
  const recorder: Mark = {
    covers: [],
    draw: place => {
      places.push(place)
      return ''
    }
  }
  return { recorder, places }
}

/** Map from coordinates to pixels, linear in each, and its inverse. */
const linearMaps = (
  to: (x: number, y: number) => Place
): { readonly at: (place: Place) => Place; readonly from: (pixel: Place) => Place } => {
  const [left, top] = to(0, 0)
  const [right, bottom] = to(1, 1)
  return { at: ([x, y]) => to(x, y), from: ([x, y]) => [(x - left) / (right - left), (y - top) / (bottom - top)] }
}

/** SVG with coordinates in whole pixels, which is shorter. */
export const inWholePixels = (svg: string): string =>
  svg.replace(/\d{2,}\.\d+/g, pixels => String(Math.round(Number(pixels))))

/** SVG with at most `most` dots of each cloud, in whole pixels. */
const thinned = (svg: string, most: number): string =>
  inWholePixels(
    svg.replace(/(<path class="dots"[^>]*? d=")([^"]*)/g, (_, head: string, path: string) => {
      const rows = path.split(/(?=M)/)
      const stride = Math.ceil(rows.length / most)
      return head + rows.filter((_, i) => i % stride === 0).join('')
    })
  )

/** Maximum number of dots of a cloud in a thumbnail. */
const THUMB_ROWS = 70
/** SVG of a picture to be shown at half its size: without text, with fewer dots, in whole pixels. */
export const thumbnail = (picture: Plane | Tiled): string => {
  const bare =
    'tiles' in picture
      ? { ...picture, caption: '', tiles: picture.tiles.map(tile => ({ ...tile, title: '' })) }
      : { ...picture, caption: '', isScaled: false }
  return (
    thinned(plotPicture(bare, { width: 340, height: 250 }).svg, THUMB_ROWS)
      .replace(/<text.*?<\/text>/g, '')
      // Drops every second vertex of an ellipse.
      .replace(/(L[^LZ"]*)L[^LZ"]*(?=(?:L[^LZ"]*){24})/g, '$1')
  )
}

export const plotPicture = (picture: Plane | Tiled, size: Size): Plotted =>
  'tiles' in picture ? plotTiles(picture, size) : plotPlane(picture, size)

const plotPlane = (
  { caption, about = [0, 0], marks, inset, isScaled = true, ...extent }: Plane,
  size: Size
): Plotted => {
  // The caption is inside the picture unless the screen is narrow; spans exclude it, and as much above.
  const free = isNarrow(size) ? 0 : 4 * CAPTION.line
  const scale =
    'spans' in extent
      ? Math.max(extent.spans[0] / size.width, extent.spans[1] / (size.height - free))
      : extent.reach / Math.min(size.width, size.height)
  const wide = scale * size.width
  const high = scale * size.height
  const bare = { ticks: [], isLabelled: false }
  const units =
    [0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find(each => each > (scale * Math.min(size.width, size.height)) / 4) ?? 50
  const { recorder, places } = placeRecorder()
  const drawn = filling(
    [
      {
        x: { ...bare, domain: [about[0] - wide, about[0] + wide] },
        y: { ...bare, domain: [about[1] - high, about[1] + high] },
        isFramed: false,
        isGridded: false,
        marks: [
          ...marks,
          ...(inset === undefined ? [] : [insetMark(inset)]),
          ...(isScaled ? [scaleBar(units)] : []),
          recorder
        ]
      }
    ],
    size,
    'none'
  )
  const place = places[places.length - 1]
  return { svg: svg(drawn, caption), ...linearMaps(place.at), inset: linearMaps(insetIn(place.box, inset).at) }
}

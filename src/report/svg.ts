/** SVG text. Colours are CSS variables, defined by a page or a file. Elements have no ids, so that a page can include many pictures. */

/** Point in pixels: to the right, and down. */
export type Xy = readonly [number, number]

export interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** Drawing with its size; the origin is at the upper left. */
export interface Drawn {
  readonly width: number
  readonly height: number
  readonly body: string
}

// -- eight colours for colour-blind readers (Okabe & Ito 2008), and shapes and dashes for print

/** Colours in [light, dark]: six of the page, and `c0` to `c7` of series. */
const inks = {
  page: ['#fff', '#14171a'],
  ink: ['#1a1d21', '#e8eaed'],
  soft: ['#565d66', '#a3abb5'],
  line: ['#e4e7eb', '#2c3238'],
  bar: ['#c3cad3', '#4a535d'],
  panel: ['#f6f7f9', '#1c2024'],
  c0: ['#0072b2', '#4ba3e3'],
  c1: ['#d55e00', '#f2803a'],
  c2: ['#008a64', '#2cc295'],
  c3: ['#b8579a', '#e08bc6'],
  c4: ['#b07a00', '#e6b03c'],
  c5: ['#6b6f76', '#a7adb5'],
  c6: ['#2b8fc4', '#8fd0f5'],
  c7: ['#7d7000', '#d0c53f']
} as const
const colourDeclarations = (of: (colours: readonly [light: string, dark: string]) => string): string =>
  Object.entries(inks)
    .map(([name, colours]) => `--${name}:${of(colours)}`)
    .join(';')
const lightDeclarations = colourDeclarations(([light]) => light)
const darkDeclarations = colourDeclarations(([, dark]) => dark)

/** CSS variables of the colours: light, dark if preferred, light in print. */
export const palette = (root: string): string =>
  `${root}{color-scheme:light dark;${lightDeclarations}}@media(prefers-color-scheme:dark){${root}{${darkDeclarations}}}` +
  `@media print{${root}{color-scheme:light;${lightDeclarations}}}`

/** CSS variables of the colours for a page with its own colour scheme. */
export const schemed = (root: string): string =>
  `${root}{${colourDeclarations(([light, dark]) => `light-dark(${light},${dark})`)}}`

/** Style sheet of drawings; text is larger on narrow screens, which scale pictures down. */
export const looks =
  '.fig text{font-size:12px;fill:var(--soft)}.fig .name{font-size:13px;fill:var(--ink)}.fig .mark{font-weight:700;fill:var(--ink)}' +
  '.fig .grid{stroke:var(--line)}.fig .frame{stroke:var(--bar);fill:none}.fig .bar{fill:var(--bar)}' +
  '.fig .line{fill:none;stroke-linejoin:round;stroke-linecap:round}.fig .dots{fill-opacity:.75;stroke-opacity:.75}' +
  '.fig .halo{paint-order:stroke;stroke:var(--page);stroke-width:4px;stroke-linejoin:round}' +
  '@media(max-width:30rem){.fig text{font-size:17px}.fig .name{font-size:18px}.fig.wide text{font-size:13px}}'

const COLOUR_COUNT = 8
/** Returns the colour of series k. */
export const colour = (k: number): string => `var(--c${k % COLOUR_COUNT})`

const dashes = ['', '8 3', '2 4', '10 3 2 3', '16 4', '5 5', '3 2', '14 4 2 4 2 4']
/** Dash pattern of series k, so that lines differ without colour too. */
export const dashOf = (k: number): string => dashes[k % dashes.length]

/** Rounds a coordinate to a tenth of a pixel. */
export const n = (x: number): string => String(Math.round(10 * x) / 10)

/** Escapes text for SVG and HTML. */
export const escape = (words: string): string => words.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)

const NARROW_LETTERS = /[ijlrtfI.,:;'|()[\] ]/

/** Approximate width of a text, in pixels. */
export const textWidth = (words: string, size = 12): number =>
  Array.from(words).reduce(
    (sum, letter) => sum + (NARROW_LETTERS.test(letter) ? 0.36 : /[A-Zmw—–]/.test(letter) ? 0.74 : 0.6),
    0
  ) * size

/** Text at a point. Default: the point is its start. */
export const svgText = (
  [x, y]: Xy,
  words: string,
  {
    anchor = 'start',
    kind = '',
    turn = 0,
    paint = ''
  }: { readonly anchor?: string; readonly kind?: string; readonly turn?: number; readonly paint?: string } = {}
): string =>
  `<text x="${n(x)}" y="${n(y)}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}${kind === '' ? '' : ` class="${kind}"`}` +
  `${paint === '' ? '' : ` style="fill:${paint}"`}${turn === 0 ? '' : ` transform="rotate(${turn} ${n(x)} ${n(y)})"`}>${escape(words)}</text>`

const MARKER_SHAPES = 5
/**
 * Path of marker k after a move to its centre. Discs and squares are very short lines with round or square caps: print omits square caps of
 * length 0.
 */
const markerOutline = (k: number, r: number): string =>
  [
    'h0',
    'h.1',
    `m0-${n(1.2 * r)}l${n(1.15 * r)},${n(2 * r)}h-${n(2.3 * r)}z`,
    `m0-${n(1.4 * r)}l${n(1.4 * r)},${n(1.4 * r)}l-${n(1.4 * r)},${n(1.4 * r)}l-${n(1.4 * r)}-${n(1.4 * r)}z`,
    `m0,${n(1.2 * r)}l${n(1.15 * r)}-${n(2 * r)}h-${n(2.3 * r)}z`
  ][k % MARKER_SHAPES]

/** Markers of series k at all points, in one path. */
export const markerPath = (k: number, places: ReadonlyArray<Xy>, r: number): string => {
  if (places.length === 0) return ''
  const mark = markerOutline(k, r)
  const d = places.map(([x, y]) => `M${n(x)},${n(y)}${mark}`).join('')
  const isLine = k % MARKER_SHAPES < 2
  return (
    `<path class="dots" data-k="${k + 1}" d="${d}" ` +
    (isLine
      ? `fill="none" stroke="${colour(k)}" stroke-width="${n(2 * r)}" stroke-linecap="${k % MARKER_SHAPES === 0 ? 'round' : 'square'}"/>`
      : `fill="${colour(k)}"/>`)
  )
}

/** Stroked line along a path. */
export const stroked = (
  d: string,
  paint: string,
  width: number,
  { dash = '', kind = 'line', opacity = 1 } = {}
): string =>
  d === ''
    ? ''
    : `<path class="${kind}" d="${d}" stroke="${paint}" stroke-width="${width}"` +
      `${dash === '' ? '' : ` stroke-dasharray="${dash}"`}${opacity === 1 ? '' : ` stroke-opacity="${opacity}"`}/>`

/** Marker of component k for use within text. */
export const swatch = (k: number): string =>
  `<svg class="swatch" viewBox="-7 -7 14 14" aria-hidden="true">${markerPath(k, [[0, 0]], 4.5)}</svg>`

// -- elements --------------------------------------------------------------------------------------------------------

interface DescribedDrawing extends Drawn {
  readonly title: string
  readonly description: string
}

/** Maximum width of a picture that is scaled down on a narrow screen; wider ones scroll, in pixels. */
const READABLE_WIDTH = 660

const svgOpening = ({ title, description, width, height }: DescribedDrawing, more: string): string =>
  `<svg ${more} viewBox="0 0 ${n(width)} ${n(height)}" role="img" aria-label="${escape(`${title}. ${description}`)}">` +
  `<title>${escape(title)}</title><desc>${escape(description)}</desc>`

/** Renders an element for a page that includes `palette` and `looks`. */
export const element = (drawn: DescribedDrawing): string =>
  `${svgOpening(drawn, `class="fig${drawn.width > READABLE_WIDTH ? ' wide' : ''}" style="max-width:${n(drawn.width)}px"`)}${drawn.body}</svg>`

/** Renders a complete SVG file. */
export const file = (drawn: DescribedDrawing): string =>
  `${svgOpening(
    drawn,
    `xmlns="http://www.w3.org/2000/svg" class="fig" width="${n(drawn.width)}" height="${n(drawn.height)}" font-family="system-ui, sans-serif"`
  )}<style>${palette('svg.fig')}${looks}</style><rect width="100%" height="100%" fill="var(--page)"/>${drawn.body}</svg>\n`

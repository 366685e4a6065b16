/**
 * Pictures as text of SVG: colours, shapes and letters. Colours are CSS variables, so the page around a picture decides between light and
 * dark; a file of its own brings them along. Nothing has an id, so any number of pictures stand in one page.
 */

/** A place on paper: to the right, and down. */
export type Xy = readonly [number, number]

export interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** Something drawn on paper of its own size, with its origin at the upper left. */
export interface Drawn {
  readonly width: number
  readonly height: number
  readonly body: string
}

// -- colours and shapes: eight colours that colour-blind readers tell apart (Okabe & Ito 2008), and shapes and dashes for print

/** Each colour as it is in the light and in the dark. */
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
const light = colourDeclarations(([light]) => light)
const dark = colourDeclarations(([, dark]) => dark)

/** The colours of a page or a picture: light, dark where the reader's machine is, light on paper. */
export const palette = (root: string): string =>
  `${root}{color-scheme:light dark;${light}}@media(prefers-color-scheme:dark){${root}{${dark}}}` +
  `@media print{${root}{color-scheme:light;${light}}}`

/** The colours of pictures in a page that sets its own colour scheme. */
export const schemed = (root: string): string =>
  `${root}{${colourDeclarations(([light, dark]) => `light-dark(${light},${dark})`)}}`

/** How what is drawn looks, wherever it stands; letters grow where a narrow screen makes the picture small. */
export const looks =
  '.fig text{font-size:12px;fill:var(--soft)}.fig .name{font-size:13px;fill:var(--ink)}.fig .mark{font-weight:700;fill:var(--ink)}' +
  '.fig .grid{stroke:var(--line)}.fig .frame{stroke:var(--bar);fill:none}.fig .bar{fill:var(--bar)}' +
  '.fig .line{fill:none;stroke-linejoin:round;stroke-linecap:round}.fig .dots{fill-opacity:.75;stroke-opacity:.75}' +
  '.fig .halo{paint-order:stroke;stroke:var(--page);stroke-width:4px;stroke-linejoin:round}' +
  '@media(max-width:30rem){.fig text{font-size:17px}.fig .name{font-size:18px}.fig.wide text{font-size:13px}}'

const COLOUR_COUNT = 8
/** The colour of series k. */
export const colour = (k: number): string => `var(--c${k % COLOUR_COUNT})`

const dashes = ['', '8 3', '2 4', '10 3 2 3', '16 4', '5 5', '3 2', '14 4 2 4 2 4']
/** The dashes of series k: lines of one picture differ by them too. */
export const dashOf = (k: number): string => dashes[k % dashes.length]

/** A place on paper, to a tenth of a unit. */
export const n = (x: number): string => String(Math.round(10 * x) / 10)

/** Text as it stands in SVG and HTML. */
export const escape = (words: string): string => words.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)

const NARROW_LETTERS = /[ijlrtfI.,:;'|()[\] ]/

/** About how wide a text is on paper. */
export const textWidth = (words: string, size = 12): number =>
  Array.from(words).reduce(
    (sum, letter) => sum + (NARROW_LETTERS.test(letter) ? 0.36 : /[A-Zmw—–]/.test(letter) ? 0.74 : 0.6),
    0
  ) * size

/** Words at a place: where they begin, or as `anchor` has it. */
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
 * A mark about (x, y) as part of a path: round and square ones are ends of a line of next to no length; one of none has no
 * direction, and in print no square ends.
 */
const stroke = (k: number, r: number): string =>
  [
    'h0',
    'h.1',
    `m0-${n(1.2 * r)}l${n(1.15 * r)},${n(2 * r)}h-${n(2.3 * r)}z`,
    `m0-${n(1.4 * r)}l${n(1.4 * r)},${n(1.4 * r)}l-${n(1.4 * r)},${n(1.4 * r)}l-${n(1.4 * r)}-${n(1.4 * r)}z`,
    `m0,${n(1.2 * r)}l${n(1.15 * r)}-${n(2 * r)}h-${n(2.3 * r)}z`
  ][k % MARKER_SHAPES]

/** The mark of series k at each place, in one path. */
export const markerPath = (k: number, places: ReadonlyArray<Xy>, r: number): string => {
  if (places.length === 0) return ''
  const mark = stroke(k, r)
  const d = places.map(([x, y]) => `M${n(x)},${n(y)}${mark}`).join('')
  const isLine = k % MARKER_SHAPES < 2
  return (
    `<path class="dots" data-k="${k + 1}" d="${d}" ` +
    (isLine
      ? `fill="none" stroke="${colour(k)}" stroke-width="${n(2 * r)}" stroke-linecap="${k % MARKER_SHAPES === 0 ? 'round' : 'square'}"/>`
      : `fill="${colour(k)}"/>`)
  )
}

/** A line along a path that is written already. */
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

/** The mark of component k beside words, in a line of them. */
export const swatch = (k: number): string =>
  `<svg class="swatch" viewBox="-7 -7 14 14" aria-hidden="true">${markerPath(k, [[0, 0]], 4.5)}</svg>`

// -- elements --------------------------------------------------------------------------------------------------------

interface DescribedDrawing extends Drawn {
  readonly title: string
  readonly description: string
}

/** Pictures that stay readable when a narrow screen shows all of their width; wider ones are scrolled in their frame. */
const READABLE_WIDTH = 660

const svgOpening = ({ title, description, width, height }: DescribedDrawing, more: string): string =>
  `<svg ${more} viewBox="0 0 ${n(width)} ${n(height)}" role="img" aria-label="${escape(`${title}. ${description}`)}">` +
  `<title>${escape(title)}</title><desc>${escape(description)}</desc>`

/** As an element of a page, which brings `palette` and `looks`. */
export const element = (drawn: DescribedDrawing): string =>
  `${svgOpening(drawn, `class="fig${drawn.width > READABLE_WIDTH ? ' wide' : ''}" style="max-width:${n(drawn.width)}px"`)}${drawn.body}</svg>`

/** As a file of its own. */
export const file = (drawn: DescribedDrawing): string =>
  `${svgOpening(
    drawn,
    `xmlns="http://www.w3.org/2000/svg" class="fig" width="${n(drawn.width)}" height="${n(drawn.height)}" font-family="system-ui, sans-serif"`
  )}<style>${palette('svg.fig')}${looks}</style><rect width="100%" height="100%" fill="var(--page)"/>${drawn.body}</svg>\n`

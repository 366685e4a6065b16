/**
 * The ground of pictures: from numbers to places on paper, axes, marks, and the element that holds them, as text. Colours are
 * CSS variables, so that the page around a picture decides between light and dark; a file of its own brings them along.
 */

export interface Figure {
  /** Of its file, without the ending; its own in a page. */
  readonly name: string
  readonly title: string
  /** What a reader who does not see the picture should know. */
  readonly description: string
  /** Said below the picture. */
  readonly note: string
  readonly width: number
  readonly height: number
  /** What is drawn. */
  readonly body: string
}

// -- colours and shapes: eight colours that colour-blind readers tell apart (Okabe & Ito 2008), and shapes for print

const light =
  '--page:#fff;--ink:#1a1d21;--soft:#565d66;--line:#e4e7eb;--bar:#c3cad3;--panel:#f6f7f9;--c0:#0072b2;--c1:#d55e00;' +
  '--c2:#008a64;--c3:#b8579a;--c4:#b07a00;--c5:#6b6f76;--c6:#2b8fc4;--c7:#7d7000'
const dark =
  '--page:#14171a;--ink:#e8eaed;--soft:#a3abb5;--line:#2c3238;--bar:#4a535d;--panel:#1c2024;--c0:#4ba3e3;--c1:#f2803a;' +
  '--c2:#2cc295;--c3:#e08bc6;--c4:#e6b03c;--c5:#a7adb5;--c6:#8fd0f5;--c7:#d0c53f'

/** The colours of a page or a picture: light, dark where the reader's machine is, light on paper. */
export const palette = (root: string): string =>
  `${root}{color-scheme:light dark;${light}}@media(prefers-color-scheme:dark){${root}{${dark}}}` +
  `@media print{${root}{color-scheme:light;${light}}}`

/** How what is drawn looks, wherever it stands; letters grow where a narrow screen makes the picture small. */
export const looks =
  '.fig text{font-size:12px;fill:var(--soft)}.fig .name{font-size:13px;fill:var(--ink)}.fig .mark{font-weight:700;fill:var(--ink)}' +
  '.fig .grid{stroke:var(--line)}.fig .frame{stroke:var(--bar);fill:none}.fig .bar{fill:var(--bar)}' +
  '.fig .line{fill:none;stroke-linejoin:round;stroke-linecap:round}.fig .dots{fill-opacity:.75;stroke-opacity:.75}' +
  '@media(max-width:30rem){.fig text{font-size:17px}.fig .name{font-size:18px}.fig.wide text{font-size:13px}}'

const colours = 8
export const colour = (k: number): string => `var(--c${k % colours})`

const shapes = 5
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
  ][k % shapes]

/** A place on paper, to a tenth of a unit. */
export const n = (x: number): string => String(Math.round(10 * x) / 10)

export type Xy = readonly [number, number]

/** The mark of component k at each place, in one path. */
export const dots = (k: number, places: ReadonlyArray<Xy>, r: number): string => {
  if (places.length === 0) return ''
  const mark = stroke(k, r)
  const d = places.map(([x, y]) => `M${n(x)},${n(y)}${mark}`).join('')
  const isLine = k % shapes < 2
  return (
    `<path class="dots" data-k="${k + 1}" d="${d}" ` +
    (isLine
      ? `fill="none" stroke="${colour(k)}" stroke-width="${n(2 * r)}" stroke-linecap="${k % shapes === 0 ? 'round' : 'square'}"/>`
      : `fill="${colour(k)}"/>`)
  )
}

export const line = (places: ReadonlyArray<Xy>, paint: string, width: number, dash = ''): string =>
  places.length === 0
    ? ''
    : `<path class="line" d="M${places.map(([x, y]) => `${n(x)},${n(y)}`).join('L')}" stroke="${paint}" stroke-width="${width}"` +
      `${dash === '' ? '' : ` stroke-dasharray="${dash}"`}/>`

export const text = (
  [x, y]: Xy,
  words: string,
  {
    anchor = 'start',
    kind = '',
    turn = 0
  }: { readonly anchor?: string; readonly kind?: string; readonly turn?: number } = {}
): string =>
  `<text x="${n(x)}" y="${n(y)}"${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}${kind === '' ? '' : ` class="${kind}"`}` +
  `${turn === 0 ? '' : ` transform="rotate(${turn} ${n(x)} ${n(y)})"`}>${escape(words)}</text>`

/** A cross in the colour of component k at each place. */
export const crosses = (k: number, places: ReadonlyArray<Xy>, r: number): string =>
  places.length === 0
    ? ''
    : `<path class="line" d="${places.map(([x, y]) => `M${n(x - r)},${n(y - r)}l${n(2 * r)},${n(2 * r)}m0-${n(2 * r)}l-${n(2 * r)},${n(2 * r)}`).join('')}" stroke="${colour(k)}" stroke-width="1.5"/>`

/** The number of component k, in a ring of its colour. */
export const numbered = (k: number, [x, y]: Xy, r = 9): string =>
  `<circle cx="${n(x)}" cy="${n(y)}" r="${r}" fill="var(--page)" stroke="${colour(k)}" stroke-width="2"/>` +
  text([x, y + 0.45 * r], String(k + 1), { anchor: 'middle', kind: 'mark' })

/** The mark of component k beside words, in a line of them. */
export const swatch = (k: number): string =>
  `<svg class="swatch" viewBox="-7 -7 14 14" aria-hidden="true">${dots(k, [[0, 0]], 4.5)}</svg>`

// -- axes ------------------------------------------------------------------------------------------------------------

export type Range = readonly [number, number]

/** The range of values, with a margin; of a single value, one around it. */
export const extent = (values: Iterable<number>, margin = 0.04): Range => {
  let [lo, hi] = [Infinity, -Infinity]
  for (const value of values) [lo, hi] = [Math.min(lo, value), Math.max(hi, value)]
  // What is apart by rounding is the same.
  const isApart = hi - lo > 1e-12 * Math.max(Math.abs(lo), Math.abs(hi))
  const wide = isApart ? hi - lo : Math.max(Math.abs(lo) * 0.1, 1e-9)
  return isApart ? [lo - margin * wide, hi + margin * wide] : [lo - wide, hi + wide]
}

export interface Tick {
  readonly value: number
  readonly label: string
}

export interface Axis {
  readonly at: (value: number) => number
  readonly ticks: ReadonlyArray<Tick>
}

const exponent = (x: number): number => Number(x.toExponential().split('e')[1])

/** Round numbers in a range, about so many: steps of 1, 2 or 5 and a power of ten. */
export const ticks = ([lo, hi]: Range, count: number, least = 0): ReadonlyArray<Tick> => {
  const rough = (hi - lo) / count
  const power = exponent(rough)
  const unit = Number(`1e${power}`)
  const step = Math.max(least, unit * (rough / unit > 5 ? 10 : rough / unit > 2 ? 5 : rough / unit > 1 ? 2 : 1))
  const decimals = Math.max(0, -exponent(step))
  // As many digits as tell one from the next.
  const digits = Math.min(16, Math.max(4, 1 + exponent(Math.max(Math.abs(lo), Math.abs(hi))) - exponent(step)))
  const first = Math.ceil(lo / step - 1e-9)
  const most = Math.floor(hi / step + 1e-9)
  return Array.from({ length: Math.max(0, most - first + 1) }, (_, i) => {
    const value = (first + i) * step
    const plain =
      decimals > 6 || Math.abs(value) >= 1e7
        ? Number(value.toPrecision(Math.max(12, digits))).toPrecision(digits)
        : value.toFixed(decimals)
    const label = Math.abs(value) < step / 2 ? '0' : /\..*e/.test(plain) ? plain.replace(/\.?0+e\+?/, 'e') : plain
    return { value, label: label.replace(/^-/, '−') }
  })
}

/** Numbers on a line of paper from one place to another. */
export const axis = (range: Range, [from, to]: Range, count: number, least = 0): Axis => ({
  at: value => from + ((value - range[0]) / (range[1] - range[0])) * (to - from),
  ticks: ticks(range, count, least)
})

/** So wide a label is, about. */
export const wide = (label: string): number => 7 * label.length

export interface Box {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

/** The frame of a box with a grid, and what the axes are called; a side that is not named has no labels. */
export const frame = (
  { left, top, width, height }: Box,
  x: Axis,
  y: Axis,
  names: {
    readonly x?: string
    readonly y?: string
    readonly isGridded?: boolean
    readonly labels?: 'both' | 'x' | 'y' | 'none'
  } = {}
): string => {
  const { labels = 'both', isGridded = true } = names
  const [bottom, right] = [top + height, left + width]
  const grid = isGridded
    ? `<path class="grid" d="${x.ticks.map(({ value }) => `M${n(x.at(value))},${n(top)}V${n(bottom)}`).join('')}${y.ticks.map(({ value }) => `M${n(left)},${n(y.at(value))}H${n(right)}`).join('')}"/>`
    : ''
  const below =
    labels === 'both' || labels === 'x'
      ? x.ticks.map(({ value, label }) => text([x.at(value), bottom + 16], label, { anchor: 'middle' })).join('')
      : ''
  const beside =
    labels === 'both' || labels === 'y'
      ? y.ticks.map(({ value, label }) => text([left - 6, y.at(value) + 4], label, { anchor: 'end' })).join('')
      : ''
  const outer = Math.max(0, ...y.ticks.map(({ label }) => wide(label)))
  return (
    `${grid}<rect class="frame" x="${n(left)}" y="${n(top)}" width="${n(width)}" height="${n(height)}"/>${below}${beside}` +
    (names.x === undefined ? '' : text([left + width / 2, bottom + 36], names.x, { anchor: 'middle', kind: 'name' })) +
    (names.y === undefined
      ? ''
      : text([left - outer - 16, top + height / 2], names.y, { anchor: 'middle', kind: 'name', turn: -90 }))
  )
}

// -- level lines -----------------------------------------------------------------------------------------------------

/** Values at the crossings of a grid, row by row. */
export interface Field {
  readonly columns: number
  readonly rows: number
  readonly values: Float64Array
}

/** Where a field is at a level, as pieces between sides of its squares (Lorensen & Cline 1987, in the plane). */
export const levelLines = (
  { columns, rows, values }: Field,
  level: number,
  place: (i: number, j: number) => Xy
): string => {
  let d = ''
  for (let j = 0; j + 1 < rows; j++)
    for (let i = 0; i + 1 < columns; i++) {
      const corners = [
        values[j * columns + i],
        values[j * columns + i + 1],
        values[(j + 1) * columns + i + 1],
        values[(j + 1) * columns + i]
      ]
      const ends: Xy[] = []
      for (let side = 0; side < 4; side++) {
        const [a, b] = [corners[side], corners[(side + 1) % 4]]
        if (a >= level === b >= level) continue
        const s = (level - a) / (b - a)
        ends.push(
          side === 0
            ? place(i + s, j)
            : side === 1
              ? place(i + 1, j + s)
              : side === 2
                ? place(i + 1 - s, j + 1)
                : place(i, j + 1 - s)
        )
      }
      for (let e = 0; e + 1 < ends.length; e += 2)
        d += `M${n(ends[e][0])},${n(ends[e][1])}L${n(ends[e + 1][0])},${n(ends[e + 1][1])}`
    }
  return d
}

/** The density from which on a share of what a field holds lies, for each share. */
export const levelsOf = ({ values }: Field, shares: ReadonlyArray<number>): ReadonlyArray<number> => {
  const sorted = values.slice().sort().reverse()
  const total = sorted.reduce((sum, value) => sum + value, 0)
  return shares.map(share => {
    let sum = 0
    return sorted.find(value => (sum += value) >= share * total) ?? 0
  })
}

// -- elements --------------------------------------------------------------------------------------------------------

export const escape = (words: string): string => words.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)

const described = ({ name, title, description, body }: Figure): string =>
  `<title id="${name}-title">${escape(title)}</title><desc id="${name}-desc">${escape(description)}</desc>${body}`

/** Figures that stay readable when a narrow screen shows all of their width; wider ones are scrolled in their frame. */
const fits = 660

/** As an element of a page, which brings `palette` and `looks`. */
export const element = (figure: Figure): string =>
  `<svg class="fig${figure.width > fits ? ' wide' : ''}" viewBox="0 0 ${n(figure.width)} ${n(figure.height)}" style="max-width:${n(figure.width)}px" role="img" ` +
  `aria-labelledby="${figure.name}-title ${figure.name}-desc">${described(figure)}</svg>`

/** As a file of its own. */
export const file = (figure: Figure): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" class="fig" viewBox="0 0 ${n(figure.width)} ${n(figure.height)}" width="${n(figure.width)}" ` +
  `height="${n(figure.height)}" role="img" aria-labelledby="${figure.name}-title ${figure.name}-desc" font-family="system-ui, sans-serif">` +
  `<style>${palette('svg')}${looks}</style><rect width="100%" height="100%" fill="var(--page)"/>${described(figure)}</svg>\n`

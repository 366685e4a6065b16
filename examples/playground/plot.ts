/** Pictures and charts as data, and as SVG. A test reads the data; the page shows the SVG of the same data. */

/** Whose a mark is: a colour, and a dash of its own for those who cannot tell the colours apart. */
export type Look = 'descent' | 'em' | 'third' | 'truth' | 'quiet'
export type Place = readonly [number, number]

/** What stands in the plane of the data. */
export type Mark =
  | { readonly kind: 'cloud'; readonly points: Float64Array; readonly look: Look }
  | { readonly kind: 'path'; readonly places: ReadonlyArray<Place>; readonly look: Look; readonly closed?: boolean }
  | { readonly kind: 'arrow'; readonly from: Place; readonly to: Place; readonly look: Look; readonly thin?: boolean }
  | { readonly kind: 'cross' | 'disc' | 'ring'; readonly at: Place; readonly look: Look }
  | {
      readonly kind: 'ellipse'
      readonly at: Place
      readonly covariance: ReadonlyArray<number>
      readonly look: Look
    }
  | { readonly kind: 'label'; readonly at: Place; readonly text: string; readonly look: Look }

export interface Picture {
  readonly caption: string
  /** The plane from −reach to reach both ways, about this point. */
  readonly reach: number
  readonly about?: Place
  readonly marks: ReadonlyArray<Mark>
}

export interface Axis {
  readonly from: number
  readonly to: number
  readonly log?: boolean
  readonly ticks: ReadonlyArray<readonly [number, string]>
  readonly name?: string
}

export interface Line {
  /** Stands at the end of the line. */
  readonly label: string
  readonly look: Look
  readonly places: ReadonlyArray<Place>
  /** Round dots, for what is predicted rather than run. */
  readonly dotted?: boolean
  /** A disc where the run stands. */
  readonly at?: Place
}

export interface Panel {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly lines: ReadonlyArray<Line>
  /** Level lines with their names. */
  readonly rules?: ReadonlyArray<{ readonly y?: number; readonly x?: number; readonly text: string }>
}

/** The line of a label, whose last place inside the panel is where it is read off. */
export const line = (panels: ReadonlyArray<Panel>, title: string, label: string): Line => {
  const found = panels.find(panel => panel.title === title)?.lines.find(line => line.label === label)
  if (found === undefined) throw new Error(`no line ${label} in ${title}`)
  return found
}

/** Ticks at round steps from 0. */
export const upTo = (most: number): ReadonlyArray<readonly [number, string]> => {
  const step = [1, 2, 5, 10, 20, 50, 100, 200].find(step => most / step <= 5) ?? most
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => [i * step, String(i * step)] as const)
}
export const ticks = (...at: ReadonlyArray<number>): Axis['ticks'] => at.map(x => [x, String(x)] as const)

// —— SVG ——

const WIDTH = 440
const HEIGHT = 400
const [LEFT, RIGHT, FOOT] = [56, 14, 44]
const n = (x: number): string => x.toFixed(1)
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

const text = (
  x: number,
  y: number,
  words: string,
  look: string,
  anchor: 'start' | 'middle' | 'end' = 'start'
): string => `<text x="${n(x)}" y="${n(y)}" class="${look}" text-anchor="${anchor}">${escaped(words)}</text>`
const polyline = (places: ReadonlyArray<Place>, look: string): string =>
  `<path d="M${places.map(([x, y]) => `${n(x)} ${n(y)}`).join('L')}" class="line ${look}"/>`

const arrow = ([x0, y0]: Place, [x1, y1]: Place, look: string): string => {
  const [dx, dy] = [x1 - x0, y1 - y0]
  const length = Math.hypot(dx, dy)
  if (length < 1) return ''
  const head = Math.min(14, 0.45 * length)
  const [ux, uy] = [(dx / length) * head, (dy / length) * head]
  return (
    polyline(
      [
        [x0, y0],
        [x1 - 0.8 * ux, y1 - 0.8 * uy]
      ],
      `arrow ${look}`
    ) +
    `<path d="M${n(x1)} ${n(y1)}L${n(x1 - ux - 0.42 * uy)} ${n(y1 - uy + 0.42 * ux)}L${n(x1 - ux + 0.42 * uy)} ${n(y1 - uy - 0.42 * ux)}z" class="tip ${look}"/>`
  )
}

/** A cloud's text is long and stays the same: made once for each array. */
const clouds = new WeakMap<Float64Array, { readonly key: string; readonly path: string }>()

export const pictureSvg = ({ caption, reach, about = [0, 0], marks }: Picture): string => {
  const side = HEIGHT
  const scale = side / 2 / reach
  const at = ([x, y]: Place): Place => [WIDTH / 2 + (x - about[0]) * scale, side / 2 - (y - about[1]) * scale]
  const draw = (mark: Mark): string => {
    switch (mark.kind) {
      case 'cloud': {
        const key = `${scale} ${about.join()} ${mark.look}`
        const known = clouds.get(mark.points)
        if (known?.key === key) return known.path
        let d = ''
        for (let i = 0; i < mark.points.length; i += 2) {
          const [x, y] = at([mark.points[i], mark.points[i + 1]])
          if (x > 0 && x < WIDTH && y > 0 && y < side) d += `M${n(x)} ${n(y)}h0`
        }
        const path = `<path d="${d}" class="cloud ${mark.look}"/>`
        clouds.set(mark.points, { key, path })
        return path
      }
      case 'path':
        return mark.places.length < 2
          ? ''
          : polyline([...mark.places, ...(mark.closed === true ? [mark.places[0]] : [])].map(at), mark.look)
      case 'arrow':
        return arrow(at(mark.from), at(mark.to), `${mark.look}${mark.thin === true ? ' thin' : ''}`)
      case 'cross': {
        const [x, y] = at(mark.at)
        return `<path d="M${n(x - 7)} ${n(y - 7)}l14 14m0-14l-14 14" class="line cross ${mark.look}"/>`
      }
      case 'disc':
      case 'ring': {
        const [x, y] = at(mark.at)
        return `<circle cx="${n(x)}" cy="${n(y)}" r="6" class="${mark.kind} ${mark.look}"/>`
      }
      case 'ellipse': {
        const [xx, xy, , yy] = mark.covariance
        const [mean, apart] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)]
        const [rx, ry] = [mean + apart, Math.max(mean - apart, 0)].map(v => Math.sqrt(v) * scale)
        const [x, y] = at(mark.at)
        const turn = (-Math.atan2(2 * xy, xx - yy) * 90) / Math.PI
        return `<ellipse rx="${n(rx)}" ry="${n(ry)}" class="line ${mark.look}" transform="translate(${n(x)} ${n(y)}) rotate(${n(turn)})"/>`
      }
      case 'label': {
        const [x, y] = at(mark.at)
        // What would run over the edge stands on the other side.
        const isLeft = x + 12 + 9 * mark.text.length > WIDTH
        return text(
          isLeft ? x - 12 : x + 12,
          Math.min(side - 6, Math.max(16, y - 9)),
          mark.text,
          `lab ${mark.look}`,
          isLeft ? 'end' : 'start'
        )
      }
    }
  }
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(caption)}">${marks.map(draw).join('')}</svg>`
}

/** Labels at the ends of lines, pushed apart where they would stand on each other. */
const labels = (
  wanted: ReadonlyArray<{ readonly at: Place; readonly text: string; readonly look: string }>,
  top: number,
  bottom: number
): string => {
  const STEP = 19
  const sorted = [...wanted].sort((a, b) => a.at[1] - b.at[1])
  const ys: number[] = []
  for (const { at } of sorted) ys.push(Math.max(at[1] - 8, top + 12, (ys.at(-1) ?? -Infinity) + STEP))
  // What was pushed over the foot pushes back.
  let least = bottom - 6
  for (let i = ys.length - 1; i >= 0; i--) {
    ys[i] = Math.min(ys[i], least)
    least = ys[i] - STEP
  }
  return sorted
    .map(({ at: [x], text: words, look }, i) => {
      const isLeft = x + 12 + 8.6 * words.length > WIDTH
      return text(isLeft ? x - 8 : x + 12, ys[i], words, `lab ${look}`, isLeft ? 'end' : 'start')
    })
    .join('')
}

export const panelsSvg = (panels: ReadonlyArray<Panel>): string => {
  const each = (HEIGHT - FOOT) / panels.length
  const draw = ({ title, x, y, lines, rules = [] }: Panel, i: number): string => {
    const [top, bottom] = [i * each + 26, (i + 1) * each - (i + 1 < panels.length ? 14 : 0)]
    const [right, isLast] = [WIDTH - RIGHT, i + 1 === panels.length]
    const along = ({ from, to, log = false }: Axis, start: number, end: number) => {
      const shape = log ? Math.log : (value: number): number => value
      return (value: number): number =>
        start + ((end - start) * (shape(value) - shape(from))) / (shape(to) - shape(from))
    }
    const [X, Y] = [along(x, LEFT, right), along(y, bottom, top)]
    const inside = ({ places }: Line): ReadonlyArray<Place> => {
      const seen: Place[] = []
      for (const [px, py] of places) {
        if (!Number.isFinite(py) || (y.log === true && !(py > 0))) continue
        const place: Place = [X(px), Y(py)]
        const out = place[1] < top - 4 ? top - 4 : place[1] > bottom + 1 ? bottom : null
        const before = seen.at(-1)
        if (out === null) seen.push(place)
        else if (before === undefined) continue
        else {
          // A line ends where it leaves the panel.
          seen.push([before[0] + ((place[0] - before[0]) * (out - before[1])) / (place[1] - before[1]), out])
          break
        }
      }
      return seen
    }
    const shown = lines.map(line => ({ line, places: inside(line) }))
    return [
      ...y.ticks.map(
        ([value, name]) =>
          `<path d="M${LEFT} ${n(Y(value))}H${n(right)}" class="grid"/>` + text(LEFT - 8, Y(value) + 5, name, '', 'end')
      ),
      `<path d="M${LEFT} ${n(bottom)}H${n(right)}" class="axis"/>`,
      ...(isLast ? x.ticks.map(([value, name]) => text(X(value), bottom + 18, name, '', 'middle')) : []),
      ...(isLast && x.name !== undefined ? [text(right, bottom + 37, x.name, '', 'end')] : []),
      text(LEFT, top - 10, title, 'lab'),
      ...rules.map(rule =>
        rule.x === undefined
          ? `<path d="M${LEFT} ${n(Y(rule.y ?? 0))}H${n(right)}" class="rule"/>` +
            text(LEFT + 6, Y(rule.y ?? 0) - 5, rule.text, 'lab quiet')
          : `<path d="M${n(X(rule.x))} ${n(top)}V${n(bottom)}" class="rule"/>` +
            text(X(rule.x) + 5, top + 6, rule.text, 'lab quiet')
      ),
      ...shown.map(({ line: { look, dotted }, places }) =>
        places.length < 2 ? '' : polyline(places, `${look}${dotted === true ? ' dotted' : ''}`)
      ),
      ...lines.map(({ at, look }) =>
        at === undefined || Y(at[1]) < top - 5 || Y(at[1]) > bottom + 5
          ? ''
          : `<circle cx="${n(X(at[0]))}" cy="${n(Y(at[1]))}" r="6" class="disc ${look}"/>`
      ),
      labels(
        shown.flatMap(({ line: { label, look }, places }) => {
          const end = places.at(-1)
          return end === undefined || label === '' ? [] : [{ at: end, text: label, look }]
        }),
        top,
        bottom
      )
    ].join('')
  }
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(panels.map(({ title }) => title).join('; '))}">${panels.map(draw).join('')}</svg>`
}

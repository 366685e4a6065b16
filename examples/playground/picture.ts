/** Drawing on canvases: a picture is a function of what is shown. */
import type { Box, Field, Frame, Gaussians } from './engine.js'
import type { Learner } from './Scene.js'

/** Okabe and Ito's colours, which the colour-blind tell apart; each learner has a dash and a mark of its own as well. */
export const looks: Readonly<
  Record<Learner, { readonly light: string; readonly dark: string; readonly dash: ReadonlyArray<number> }>
> = {
  descent: { light: '#d55e00', dark: '#ff8a33', dash: [] },
  em: { light: '#0072b2', dark: '#56b4e9', dash: [7, 4] },
  power: { light: '#009e73', dark: '#2fd6a3', dash: [2, 3] }
}

/** What the page looks like: asked for when it may have changed, as the answer makes the browser lay out the page. */
interface Colours {
  readonly scheme: 'light' | 'dark'
  readonly ink: string
  readonly paper: string
}
let known: Colours | null = null
const colours = (): Colours => {
  if (known !== null) return known
  const { color, backgroundColor } = getComputedStyle(document.body)
  const isDark = matchMedia('(prefers-color-scheme: dark)').matches
  return (known = { scheme: isDark ? 'dark' : 'light', ink: color, paper: backgroundColor })
}
export const forgetColours = (): void => {
  known = null
}

const colorOf = (learner: Learner): string => looks[learner][colours().scheme]

export interface Shown {
  readonly box: Box
  readonly points: Float64Array
  readonly truth: Gaussians | null
  readonly runs: ReadonlyArray<{
    readonly learner: Learner
    readonly frames: ReadonlyArray<Frame>
    readonly at: number
  }>
  readonly paths: boolean
  readonly field: Field | null
  readonly density: boolean
  readonly arrows: boolean
  /** What is done to each point before it is shown: α x + σ z. */
  readonly noised: { readonly alpha: number; readonly sigma: number; readonly noise: Float64Array } | null
  /** Points on their way from noise to data, over everything else: where they have been so far. */
  readonly samples: ReadonlyArray<Float64Array> | null
  /** Where the keyboard would put a point. */
  readonly cursor: readonly [number, number] | null
}

/** So many of the points that are sampled leave a trail. */
const TRAILS = 30

/** A square around all points, with room. */
export const boxOf = (points: Float64Array): Box => {
  let [left, right, bottom, top] = [Infinity, -Infinity, Infinity, -Infinity]
  for (let i = 0; i < points.length; i += 2) {
    left = Math.min(left, points[i])
    right = Math.max(right, points[i])
    bottom = Math.min(bottom, points[i + 1])
    top = Math.max(top, points[i + 1])
  }
  if (!(left <= right)) return { left: -5, right: 5, bottom: -5, top: 5 }
  const half = 0.6 * Math.max(right - left, top - bottom, 1e-3)
  const [x, y] = [(left + right) / 2, (bottom + top) / 2]
  return { left: x - half, right: x + half, bottom: y - half, top: y + half }
}

/** A canvas in CSS pixels, each of which is `ratio` pixels of the screen wide. */
interface Sheet {
  readonly context: CanvasRenderingContext2D
  readonly width: number
  readonly height: number
  readonly ratio: number
}

/** Pixels of a canvas at the screen's density, blank; drawing is in CSS pixels. */
const fitted = (canvas: HTMLCanvasElement): Sheet | null => {
  const context = canvas.getContext('2d')
  if (context === null) return null
  const { clientWidth: width, clientHeight: height } = canvas
  const ratio = window.devicePixelRatio || 1
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio)
    canvas.height = Math.round(height * ratio)
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  return { context, width, height, ratio }
}

/** A learner's own mark: a disc, a square, a triangle. */
const mark = (context: CanvasRenderingContext2D, learner: Learner, x: number, y: number, r: number): void => {
  if (learner === 'descent') context.arc(x, y, r, 0, 2 * Math.PI)
  else if (learner === 'em') context.rect(x - r * 0.9, y - r * 0.9, 1.8 * r, 1.8 * r)
  else {
    context.moveTo(x, y - 1.2 * r)
    context.lineTo(x + 1.1 * r, y + 0.8 * r)
    context.lineTo(x - 1.1 * r, y + 0.8 * r)
    context.closePath()
  }
}

/** Half axes and angle of the ellipse of one standard deviation. */
const ellipse = (covariances: Float64Array, k: number): readonly [number, number, number] => {
  const [xx, xy, , yy] = covariances.subarray(4 * k, 4 * k + 4)
  const [mean, apart] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)]
  return [Math.sqrt(mean + apart), Math.sqrt(Math.max(mean - apart, 0)), Math.atan2(2 * xy, xx - yy) / 2]
}

/** Bytes of the shade of the density, red first. */
const shades = { light: 0xe9b456, dark: 0xb27200 } as const

/** The density as an image: blue where there is much of it, on a scale of its square root. */
const densityImage = (logDensity: Float64Array): HTMLCanvasElement | null => {
  const cells = Math.round(Math.sqrt(logDensity.length))
  const image = document.createElement('canvas')
  image.width = image.height = cells
  const context = image.getContext('2d')
  if (context === null) return null
  const data = context.createImageData(cells, cells)
  // One pixel is one number: bytes in their order, red first.
  const pixels = new Uint32Array(data.data.buffer)
  const shade = shades[colours().scheme]
  const most = logDensity.reduce((most, x) => Math.max(most, x), -Infinity)
  for (let cell = 0; cell < logDensity.length; cell++) {
    const alpha = 200 * Math.exp((logDensity[cell] - most) / 2)
    pixels[(cells - 1 - Math.floor(cell / cells)) * cells + (cell % cells)] = (alpha << 24) | shade
  }
  context.putImageData(data, 0, 0)
  return image
}

// —— layers: what did not change since the last frame is not drawn again ——

/** A canvas of its own, with what it was drawn from. */
interface Layer {
  readonly canvas: HTMLCanvasElement
  from: ReadonlyArray<unknown>
}
const layers = new Map<string, Layer>()

/** The layer of a name, drawn where what it is drawn from is not what it was. */
const layer = (
  name: string,
  { width, height, ratio }: Sheet,
  from: ReadonlyArray<unknown>,
  draw: (context: CanvasRenderingContext2D) => void
): HTMLCanvasElement => {
  const known = layers.get(name) ?? { canvas: document.createElement('canvas'), from: [] }
  layers.set(name, known)
  const now = [width, height, ratio, ...from]
  if (known.from.length !== now.length || known.from.some((one, i) => one !== now[i])) {
    known.from = now
    Object.assign(known.canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) })
    const context = known.canvas.getContext('2d')
    if (context !== null) {
      context.setTransform(ratio, 0, 0, ratio, 0, 0)
      draw(context)
    }
  }
  return known.canvas
}

/** From the plane to the sheet. */
interface Places {
  readonly x: (value: number) => number
  readonly y: (value: number) => number
  readonly scale: number
}
const places = ({ left, right, bottom, top }: Box, { width, height }: Sheet): Places => ({
  x: value => ((value - left) * width) / (right - left),
  y: value => height - ((value - bottom) * height) / (top - bottom),
  scale: width / (right - left)
})

const arrows = (context: CanvasRenderingContext2D, { score }: Field, { width, height }: Sheet): void => {
  const n = Math.round(Math.sqrt(score.length / 2))
  const cell = width / n
  context.globalAlpha = 0.55
  context.lineWidth = 1
  context.beginPath()
  for (let i = 0; i < n * n; i++) {
    const [sx, sy] = [score[2 * i], -score[2 * i + 1]]
    const size = Math.hypot(sx, sy)
    if (!(size > 0)) continue
    // Long arrows are cut to their cell: the far field tells its direction.
    const length = (0.8 * cell * size) / (size + 1)
    const [dx, dy] = [(sx / size) * length, (sy / size) * length]
    const [cx, cy] = [((i % n) + 0.5) * cell, height - ((Math.floor(i / n) + 0.5) * height) / n]
    context.moveTo(cx - dx / 2, cy - dy / 2)
    context.lineTo(cx + dx / 2, cy + dy / 2)
    context.lineTo(cx + dx / 2 - 0.3 * (dx - dy), cy + dy / 2 - 0.3 * (dy + dx))
    context.moveTo(cx + dx / 2, cy + dy / 2)
    context.lineTo(cx + dx / 2 - 0.3 * (dx + dy), cy + dy / 2 - 0.3 * (dy - dx))
  }
  context.stroke()
  context.globalAlpha = 1
}

/** What a run does not move: density, points, arrows, the truth. */
const scenery = (shown: Shown, sheet: Sheet, ink: string): HTMLCanvasElement => {
  const { box, points, truth, field, noised } = shown
  const isFaint = shown.samples !== null
  const { alpha = 1, sigma = 0, noise = points } = noised ?? {}
  const from = [box, points, truth, field, shown.density, shown.arrows, isFaint, ink, alpha, sigma]
  return layer('scenery', sheet, from, context => {
    const { x, y } = places(box, sheet)
    const image = shown.density && field !== null && field.logDensity !== null ? densityImage(field.logDensity) : null
    if (image !== null) context.drawImage(image, 0, 0, sheet.width, sheet.height)

    context.fillStyle = context.strokeStyle = ink
    context.globalAlpha = isFaint ? 0.12 : 0.35
    const at = (i: number): number => alpha * points[i] + sigma * noise[i]
    for (let i = 0; i < points.length; i += 2) context.fillRect(x(at(i)) - 1, y(at(i + 1)) - 1, 2, 2)
    context.globalAlpha = 1

    if (field !== null && shown.arrows) arrows(context, field, sheet)

    if (truth !== null) {
      context.lineWidth = 2
      context.beginPath()
      for (let k = 0; k < truth.means.length; k += 2) {
        const [cx, cy] = [x(truth.means[k]), y(truth.means[k + 1])]
        context.moveTo(cx - 6, cy - 6)
        context.lineTo(cx + 6, cy + 6)
        context.moveTo(cx - 6, cy + 6)
        context.lineTo(cx + 6, cy - 6)
      }
      context.stroke()
    }
  })
}

const noCentres = new Float64Array()

/** How far each path is drawn; a step more draws no more than that step. */
const drawn = new Map<Learner, number>()

const paths = ({ runs, box }: Shown, sheet: Sheet): HTMLCanvasElement => {
  const isBack = runs.some(({ learner, at }) => at < (drawn.get(learner) ?? 0))
  // An object that is new each time makes the layer blank.
  const canvas = layer('paths', sheet, [box, ...runs.map(({ frames }) => frames), ...(isBack ? [{}] : [])], () => {
    drawn.clear()
  })
  // The next step draws on this sheet, whether it was blank before or not.
  const known = layers.get('paths')
  if (known !== undefined && isBack) known.from = known.from.slice(0, -1)
  const context = canvas.getContext('2d')
  if (context === null) return canvas
  const { x, y } = places(box, sheet)
  context.lineWidth = 1.5
  context.lineJoin = context.lineCap = 'round'
  for (const { learner, frames, at } of runs) {
    const from = drawn.get(learner) ?? 0
    drawn.set(learner, at)
    if (from === at) continue
    context.strokeStyle = colorOf(learner)
    context.beginPath()
    const centres = frames[at].learned?.weights.length ?? 0
    for (let k = 0; k < centres; k++)
      for (let i = from; i <= at; i++) {
        const means = frames[i].learned?.means ?? noCentres
        const [px, py] = [x(means[2 * k]), y(means[2 * k + 1])]
        if (i === from) context.moveTo(px, py)
        else context.lineTo(px, py)
      }
    context.stroke()
  }
  return canvas
}

export const picture = (canvas: HTMLCanvasElement, shown: Shown): void => {
  const sheet = fitted(canvas)
  if (sheet === null) return
  const { context, width, height } = sheet
  const { x, y, scale } = places(shown.box, sheet)
  const { ink, paper } = colours()

  context.drawImage(scenery(shown, sheet, ink), 0, 0, width, height)
  if (shown.paths) {
    context.globalAlpha = 0.8
    context.drawImage(paths(shown, sheet), 0, 0, width, height)
    context.globalAlpha = 1
  }

  const each = (draw: (learner: Learner, learned: Gaussians, k: number) => void): void => {
    for (const { learner, frames, at } of shown.runs) {
      const { learned } = frames[at]
      learned?.weights.forEach((weight, k) => {
        context.globalAlpha = 0.35 + 0.65 * Math.min(1, weight * learned.weights.length)
        draw(learner, learned, k)
      })
    }
    context.globalAlpha = 1
  }
  const outline = ({ means, covariances }: Gaussians, k: number): void => {
    const [major, minor, angle] = ellipse(covariances, k)
    context.beginPath()
    context.ellipse(x(means[2 * k]), y(means[2 * k + 1]), major * scale, minor * scale, -angle, 0, 2 * Math.PI)
    context.stroke()
  }
  // Paper on both sides keeps a line apart from what it crosses.
  context.strokeStyle = paper
  context.lineWidth = 4
  each((_, learned, k) => {
    outline(learned, k)
  })
  context.lineWidth = 2
  each((learner, learned, k) => {
    context.strokeStyle = context.fillStyle = colorOf(learner)
    context.setLineDash([...looks[learner].dash])
    outline(learned, k)
    context.setLineDash([])
    context.beginPath()
    mark(context, learner, x(learned.means[2 * k]), y(learned.means[2 * k + 1]), 4.5)
    context.fill()
  })

  if (shown.samples !== null) {
    context.fillStyle = context.strokeStyle = '#cc79a7'
    const last = shown.samples[shown.samples.length - 1]
    context.globalAlpha = 0.5
    context.lineWidth = 1
    context.beginPath()
    for (let i = 0; i < Math.min(last.length, 2 * TRAILS); i += 2)
      shown.samples.forEach((points, step) => {
        if (step === 0) context.moveTo(x(points[i]), y(points[i + 1]))
        else context.lineTo(x(points[i]), y(points[i + 1]))
      })
    context.stroke()
    context.globalAlpha = 1
    for (let i = 0; i < last.length; i += 2) context.fillRect(x(last[i]) - 1.5, y(last[i + 1]) - 1.5, 3, 3)
  }

  if (shown.cursor !== null) {
    const [cx, cy] = [x(shown.cursor[0]), y(shown.cursor[1])]
    context.strokeStyle = ink
    context.lineWidth = 1
    context.beginPath()
    context.arc(cx, cy, 10, 0, 2 * Math.PI)
    context.moveTo(cx - 14, cy)
    context.lineTo(cx + 14, cy)
    context.moveTo(cx, cy - 14)
    context.lineTo(cx, cy + 14)
    context.stroke()
  }
}

/** What a chart can show of each step. */
export const charted = {
  logDensity: 'mean log-density of the data',
  value: 'objective',
  norm: 'length of the gradient'
} as const
export type Charted = keyof typeof charted

/** A quantity, step by step: one line for each learner, its axis from the least that is of interest. */
export const chart = (canvas: HTMLCanvasElement, runs: Shown['runs'], what: Charted): void => {
  const sheet = fitted(canvas)
  if (sheet === null) return
  const { context, width, height } = sheet
  const [left, bottom, room] = [56, 22, 8]
  const { ink } = colours()
  const last = Math.max(1, ...runs.map(({ frames }) => frames.length - 1))
  // EM and power iteration minimise another objective, if any: what they say of it is not on its scale.
  const own = runs.filter(({ learner }) => what === 'logDensity' || learner === 'descent')
  let [least, most] = [Infinity, -Infinity]
  for (const { frames } of own)
    for (const { [what]: value } of frames) {
      if (value === null || !Number.isFinite(value)) continue
      least = Math.min(least, value)
      most = Math.max(most, value)
    }
  if (!(least <= most)) {
    context.fillStyle = ink
    context.font = '13px system-ui, sans-serif'
    context.fillText(`no ${charted[what]} here: choose another`, 8, 24)
    return
  }
  // What falls by powers is seen in powers.
  const isPowers = what !== 'logDensity' && least > 0 && most > 20 * least
  const shape = isPowers ? Math.log : (value: number): number => value
  const span = shape(most) - shape(least) || 1
  const x = (step: number): number => left + ((width - left - room) * step) / last
  const y = (value: number): number => room + ((height - bottom - room) * (shape(most) - shape(value))) / span
  const lines = layer('chart', sheet, [ink, what, ...own.flatMap(({ frames }) => [frames, frames.length])], context => {
    context.fillStyle = context.strokeStyle = ink
    context.font = '12px system-ui, sans-serif'
    context.textAlign = 'right'
    for (const value of [most, isPowers ? Math.sqrt(most * least) : (most + least) / 2, least]) {
      context.fillText(isPowers ? value.toPrecision(2) : value.toFixed(span < 0.05 ? 4 : 2), left - 6, y(value) + 4)
      context.globalAlpha = 0.2
      context.beginPath()
      context.moveTo(left, y(value))
      context.lineTo(width - room, y(value))
      context.stroke()
      context.globalAlpha = 1
    }
    context.textAlign = 'center'
    for (const step of [0, Math.round(last / 2), last])
      context.fillText(String(step), Math.min(x(step), width - 16), height - 6)
    for (const { learner, frames } of own) {
      const { dash } = looks[learner]
      context.strokeStyle = colorOf(learner)
      context.lineWidth = 2
      context.setLineDash([...dash])
      context.beginPath()
      frames.forEach(({ [what]: value }, step) => {
        if (value !== null && Number.isFinite(value)) context.lineTo(x(step), y(value))
      })
      context.stroke()
    }
    context.setLineDash([])
  })
  context.drawImage(lines, 0, 0, width, height)
  for (const { learner, frames, at } of own) {
    const value = frames[at][what]
    if (value === null || !Number.isFinite(value)) continue
    context.fillStyle = colorOf(learner)
    context.beginPath()
    mark(context, learner, x(at), y(value), 4.5)
    context.fill()
  }
}

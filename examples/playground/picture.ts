/** Drawing on canvases: a picture is a function of what is shown. */
import type { Box, Field, Frame, Gaussians } from './engine.js'
import type { Learner } from './Scene.js'

/** Okabe and Ito's colours, which the colour-blind tell apart; each learner has a dash and a mark of its own as well. */
export const looks: Readonly<Record<Learner, { readonly color: string; readonly dash: ReadonlyArray<number> }>> = {
  descent: { color: '#d55e00', dash: [] },
  em: { color: '#0072b2', dash: [7, 4] },
  power: { color: '#009e73', dash: [2, 3] }
}

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
  /** Points on their way from noise to data, over everything else. */
  readonly samples: Float64Array | null
  /** Where the keyboard would put a point. */
  readonly cursor: readonly [number, number] | null
}

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

/** Pixels of a canvas at the screen's density; drawing is in CSS pixels. */
const fitted = (
  canvas: HTMLCanvasElement
): { context: CanvasRenderingContext2D; width: number; height: number } | null => {
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
  return { context, width, height }
}

/** The colour of the page's text, as it is now. */
const ink = (): string => getComputedStyle(document.body).color

/** Half axes and angle of the ellipse of one standard deviation. */
const ellipse = (covariances: Float64Array, k: number): readonly [number, number, number] => {
  const [xx, xy, , yy] = covariances.subarray(4 * k, 4 * k + 4)
  const [mean, apart] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)]
  return [Math.sqrt(mean + apart), Math.sqrt(Math.max(mean - apart, 0)), Math.atan2(2 * xy, xx - yy) / 2]
}

/** The density as an image: blue where there is much of it, on a scale of its square root. */
const densityImage = ({ logDensity }: Field): HTMLCanvasElement | null => {
  const cells = Math.round(Math.sqrt(logDensity.length))
  const image = document.createElement('canvas')
  image.width = image.height = cells
  const context = image.getContext('2d')
  if (context === null) return null
  const data = context.createImageData(cells, cells)
  const most = logDensity.reduce((most, x) => Math.max(most, x), -Infinity)
  logDensity.forEach((value, cell) => {
    const at = 4 * ((cells - 1 - Math.floor(cell / cells)) * cells + (cell % cells))
    data.data.set([86, 180, 233, 200 * Math.exp((value - most) / 2)], at)
  })
  context.putImageData(data, 0, 0)
  return image
}
const images = new WeakMap<Field, HTMLCanvasElement | null>()
const imageOf = (field: Field): HTMLCanvasElement | null => {
  const known = images.get(field)
  if (known !== undefined) return known
  const made = densityImage(field)
  images.set(field, made)
  return made
}

export const picture = (canvas: HTMLCanvasElement, shown: Shown): void => {
  const on = fitted(canvas)
  if (on === null) return
  const { context, width, height } = on
  const { left, right, bottom, top } = shown.box
  const scale = width / (right - left)
  const x = (value: number): number => (value - left) * scale
  const y = (value: number): number => height - ((value - bottom) * height) / (top - bottom)
  const dark = ink()

  const image = shown.field !== null && shown.density ? imageOf(shown.field) : null
  if (image !== null) {
    context.imageSmoothingEnabled = true
    context.drawImage(image, 0, 0, width, height)
  }

  context.fillStyle = dark
  context.globalAlpha = shown.samples === null ? 0.35 : 0.12
  context.beginPath()
  for (let i = 0; i < shown.points.length; i += 2)
    context.rect(x(shown.points[i]) - 1, y(shown.points[i + 1]) - 1, 2, 2)
  context.fill()
  context.globalAlpha = 1

  if (shown.field !== null && shown.arrows) {
    const { score } = shown.field
    const n = Math.round(Math.sqrt(score.length / 2))
    const cell = width / n
    context.strokeStyle = dark
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

  if (shown.truth !== null) {
    const { means } = shown.truth
    context.strokeStyle = dark
    context.lineWidth = 2
    context.beginPath()
    for (let k = 0; k < means.length; k += 2) {
      const [cx, cy] = [x(means[k]), y(means[k + 1])]
      context.moveTo(cx - 6, cy - 6)
      context.lineTo(cx + 6, cy + 6)
      context.moveTo(cx - 6, cy + 6)
      context.lineTo(cx + 6, cy - 6)
    }
    context.stroke()
  }

  for (const { learner, frames, at } of shown.runs) {
    const { color, dash } = looks[learner]
    context.strokeStyle = context.fillStyle = color
    const { means, weights, covariances } = frames[at].learned
    weights.forEach((weight, k) => {
      if (shown.paths) {
        context.lineWidth = 1.5
        context.setLineDash([])
        context.globalAlpha = 0.8
        context.beginPath()
        for (let i = 0; i <= at; i++) {
          const { means } = frames[i].learned
          context.lineTo(x(means[2 * k]), y(means[2 * k + 1]))
        }
        context.stroke()
      }
      const [cx, cy] = [x(means[2 * k]), y(means[2 * k + 1])]
      const [major, minor, angle] = ellipse(covariances, k)
      context.globalAlpha = 0.35 + 0.65 * Math.min(1, weight * weights.length)
      context.lineWidth = 2
      context.setLineDash([...dash])
      context.beginPath()
      context.ellipse(cx, cy, major * scale, minor * scale, -angle, 0, 2 * Math.PI)
      context.stroke()
      context.setLineDash([])
      context.beginPath()
      context.arc(cx, cy, 4.5, 0, 2 * Math.PI)
      context.fill()
      context.globalAlpha = 1
    })
  }

  if (shown.samples !== null) {
    context.fillStyle = '#cc79a7'
    context.beginPath()
    for (let i = 0; i < shown.samples.length; i += 2)
      context.rect(x(shown.samples[i]) - 1.5, y(shown.samples[i + 1]) - 1.5, 3, 3)
    context.fill()
  }

  if (shown.cursor !== null) {
    const [cx, cy] = [x(shown.cursor[0]), y(shown.cursor[1])]
    context.strokeStyle = dark
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

/** The mean log-density of the data, step by step: one line for each learner, its axis from the least that is of interest. */
export const chart = (canvas: HTMLCanvasElement, runs: Shown['runs']): void => {
  const on = fitted(canvas)
  if (on === null) return
  const { context, width, height } = on
  const [left, bottom, room] = [56, 22, 8]
  const last = Math.max(1, ...runs.map(({ frames }) => frames.length - 1))
  const values = runs.flatMap(({ frames }) => frames.map(({ logDensity }) => logDensity)).filter(Number.isFinite)
  if (values.length === 0) return
  const most = values.reduce((most, value) => Math.max(most, value), -Infinity)
  const least = values.reduce((least, value) => Math.min(least, value), Infinity)
  const span = most - least || 1
  const x = (step: number): number => left + ((width - left - room) * step) / last
  const y = (value: number): number => room + ((height - bottom - room) * (most - value)) / span
  const dark = ink()
  context.fillStyle = context.strokeStyle = dark
  context.font = '12px system-ui, sans-serif'
  context.textAlign = 'right'
  for (const value of [most, (most + least) / 2, least]) {
    context.fillText(value.toFixed(span < 0.05 ? 4 : 2), left - 6, y(value) + 4)
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
  for (const { learner, frames, at } of runs) {
    const { color, dash } = looks[learner]
    context.strokeStyle = context.fillStyle = color
    context.lineWidth = 2
    context.setLineDash([...dash])
    context.beginPath()
    frames.forEach(({ logDensity }, step) => context.lineTo(x(step), y(logDensity)))
    context.stroke()
    context.setLineDash([])
    context.beginPath()
    context.arc(x(at), y(frames[at].logDensity), 4, 0, 2 * Math.PI)
    context.fill()
  }
}

/** The pictures of a score that is no mixture: samples beside the data, the loss by noise level, and as it fell. */
import * as E from 'fp-ts/lib/Either.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { type Points } from '../index.js'
import { show } from '../fit/table.js'
import { objective, scales } from './figures.js'
import { type Samples, type ScoreFindings } from './scoreFindings.js'
import * as Svg from './svg.js'

/** Points drawn at most in one panel. */
const drawn = 1000
/** Pairs of columns that are shown. */
const pairs = 3
/** Bars of a histogram. */
const bars = 40

const columnOf = ({ rows, dim, values }: Points.Points, j: number): Float64Array =>
  Float64Array.from({ length: Math.min(rows, drawn) }, (_, i) => values[i * dim + j])

/** One column: bars of the data under a line of the samples, both of area 1. */
const histograms = ({ columns, points }: ScoreFindings, samples: Samples): Svg.Figure => {
  const [own, made] = [points, samples.points].map(of => columnOf(of, 0))
  const [lo, hi] = Svg.extent([...own, ...made], 0)
  const width = (hi - lo) / bars
  const heights = (values: Float64Array): Float64Array =>
    values.reduce((all, value) => {
      const at = Math.min(bars - 1, Math.floor((value - lo) / width))
      return all.map((height, i) => (i === at ? height + 1 / (values.length * width) : height))
    }, new Float64Array(bars))
  const [data, found] = [heights(own), heights(made)]
  const top = Math.max(...data, ...found)
  const box = { left: 58, top: 12, width: 570, height: 270 }
  const x = Svg.axis([lo, hi], [box.left, box.left + box.width], 6)
  const y = Svg.axis([0, top * 1.08], [box.top + box.height, box.top], 5)
  const steps = Array.from(found).flatMap((height, i): ReadonlyArray<Svg.Xy> => [
    [x.at(lo + i * width), y.at(height)],
    [x.at(lo + (i + 1) * width), y.at(height)]
  ])
  return {
    name: 'samples',
    title: 'Samples beside the data',
    description: `Histograms of ${own.length} rows of ${columns[0]} and of ${made.length} samples.`,
    note: 'Bars: rows of the data. Line: samples of what was learned.',
    width: 640,
    height: 334,
    body:
      Svg.frame(box, x, y, { x: columns[0], y: 'density' }) +
      Array.from(
        data,
        (height, i) =>
          `<rect class="bar" x="${Svg.n(x.at(lo + i * width))}" y="${Svg.n(y.at(height))}" width="${Svg.n(x.at(width) - x.at(0))}" height="${Svg.n(y.at(0) - y.at(height))}"/>`
      ).join('') +
      Svg.line(steps, Svg.colour(0), 2)
  }
}

/** Pairs of columns: rows of the data on the left, samples on the right, on the same axes. */
const planes = ({ columns, points }: ScoreFindings, samples: Samples): Svg.Figure => {
  const shown = Array.from(
    { length: Math.min(pairs, Math.floor(columns.length / 2)) },
    (_, i): readonly [number, number] => [2 * i, 2 * i + 1]
  )
  const [side, gap, left] = [270, 56, 64]
  const panel = ([a, b]: readonly [number, number], row: number): string => {
    const [rangeA, rangeB] = [a, b].map(j => Svg.extent([...columnOf(points, j), ...columnOf(samples.points, j)]))
    return [points, samples.points]
      .map((of, which) => {
        const box = { left: left + which * (side + gap), top: 24 + row * (side + gap), width: side, height: side }
        const x = Svg.axis(rangeA, [box.left, box.left + side], 5)
        const y = Svg.axis(rangeB, [box.top + side, box.top], 5)
        const [xs, ys] = [a, b].map(j => columnOf(of, j))
        return (
          Svg.frame(box, x, y, { x: columns[a], ...(which === 0 && { y: columns[b] }) }) +
          (row === 0
            ? Svg.text([box.left + side / 2, 16], which === 0 ? 'data' : 'samples', { anchor: 'middle', kind: 'name' })
            : '') +
          Svg.dots(
            which === 0 ? 5 : 0,
            Array.from(xs, (value, i): Svg.Xy => [x.at(value), y.at(ys[i])]),
            1.4
          )
        )
      })
      .join('')
  }
  const unseen = columns.length - 2 * shown.length
  return {
    name: 'samples',
    title: 'Samples beside the data',
    description: `${Math.min(drawn, points.rows)} rows of the data on the left, ${Math.min(drawn, samples.points.rows)} samples on the right, by ${shown.map(([a, b]) => `${columns[a]} and ${columns[b]}`).join('; ')}.`,
    note: `Left: rows of the data. Right: as many samples, on the same axes.${unseen > 0 ? ` ${unseen} more column${unseen === 1 ? ' is' : 's are'} not drawn.` : ''}`,
    width: left + 2 * side + gap + 12,
    height: 24 + shown.length * (side + gap),
    body: shown.map(panel).join('')
  }
}

const samplesFigure = (found: ScoreFindings, samples: Samples): Svg.Figure =>
  found.columns.length === 1 ? histograms(found, samples) : planes(found, samples)

/** Powers of ten in a range of logarithms. */
const decades = ([lo, hi]: Svg.Range): ReadonlyArray<Svg.Tick> =>
  Array.from({ length: Math.max(0, Math.floor(hi) - Math.ceil(lo) + 1) }, (_, i) => Math.ceil(lo) + i).map(power => ({
    value: power,
    label: show(Number(`1e${power}`), 1).replace('-', '−')
  }))

/** The objective at each noise level, beside that of a normal law. */
const byLevel = ({ levels }: ScoreFindings): Svg.Figure => {
  const log10 = (x: number): number => Elementary.log(x) / Math.LN10
  const noise = Svg.extent(
    levels.map(({ ratio }) => log10(ratio)),
    0.03
  )
  const values = levels.flatMap(({ value, normal }) => [value, ...(normal === null ? [] : [normal])])
  // Losses that may be below 0 have no logarithm.
  const isPositive = values.every(value => value > 0)
  const height = (value: number): number => (isPositive ? log10(value) : value)
  const range = Svg.extent(values.map(height), 0.06)
  const yTicks = isPositive && decades(range).length > 1 ? decades(range) : null
  const labels =
    yTicks ??
    Svg.ticks(range, 5).map(tick =>
      isPositive ? { ...tick, label: show(Elementary.exp(tick.value * Math.LN10), 2) } : tick
    )
  const left = 32 + Math.max(...labels.map(({ label }) => Svg.wide(label)))
  const box = { left, top: 22, width: 412 - left, height: 170 }
  const x: Svg.Axis = { ...Svg.axis(noise, [left, left + box.width], 5), ticks: decades(noise) }
  const y: Svg.Axis = { ...Svg.axis(range, [box.top + box.height, box.top], 5), ticks: labels }
  const line = (of: (level: ScoreFindings['levels'][number]) => number | null): ReadonlyArray<Svg.Xy> =>
    levels.flatMap((level): ReadonlyArray<Svg.Xy> => {
      const value = of(level)
      return value === null ? [] : [[x.at(log10(level.ratio)), y.at(height(value))]]
    })
  const own = line(({ value }) => value)
  return {
    name: 'levels',
    title: 'The loss by noise level',
    description: levels
      .map(
        ({ ratio, value, normal }) =>
          `at σ/α = ${show(ratio, 2)}: ${show(value, 3)}${normal === null ? '' : `, of a normal law ${show(normal, 3)}`}`
      )
      .join('; '),
    note: 'The objective of the last stage at each noise level alone. Dashed: of the normal law of the data’s mean and covariance, on the same noise; where the score is not below it, it knows no more than that.',
    width: 420,
    height: box.top + box.height + 44,
    body:
      Svg.frame(box, x, y, { x: 'noise, σ/α', y: 'loss' }) +
      Svg.line(
        line(({ normal }) => normal),
        'var(--soft)',
        1.6,
        '5 4'
      ) +
      Svg.line(own, Svg.colour(0), 2) +
      Svg.dots(0, own, 2.4)
  }
}

/** All pictures of a score, as files are named. */
export const all = (found: ScoreFindings): ReadonlyArray<Svg.Figure> => [
  ...(E.isRight(found.samples) ? [samplesFigure(found, found.samples.right)] : []),
  ...(found.levels.length > 1 ? [byLevel(found)] : []),
  ...scales(found.stages).map((scale, i) => objective(found.stages, scale, i))
]

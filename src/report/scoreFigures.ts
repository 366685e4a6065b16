/** Pictures of a score that is not a mixture: samples, and loss by noise level and step. */
import * as E from 'fp-ts/lib/Either.js'
import * as Points from '../data/index.js'
import { show } from '../fit/table.js'
import { of, type Picture } from './drawing.js'
import * as Marks from './mark.js'
import { arranged, type Panel } from './panel.js'
import * as Scale from './scale.js'
import type { Xy } from './svg.js'
import { objectives } from './stageFigures.js'
import { type ScoreFindings } from './scoreFindings.js'

const MAX_DRAWN_POINTS = 1000
const MAX_PAIRS_SHOWN = 3
const HISTOGRAM_BARS = 40

const drawnColumn = (points: Points.Points, j: number): Float64Array =>
  Points.columnOfPoints(j)(points).subarray(0, MAX_DRAWN_POINTS)

export type Sampled = Pick<ScoreFindings, 'columns' | 'points'>

const SAMPLES_WORDS = { name: 'samples', title: 'Samples beside the data' } as const

/** Draws one column: histograms of data and, as a line, samples, both of area 1. */
const histograms = ({ columns, points }: Sampled, samples: Points.Points): Picture => {
  const [own, made] = [points, samples].map(of => drawnColumn(of, 0))
  const [lo, hi] = Scale.extent([...own, ...made], 0)
  const width = (hi - lo) / HISTOGRAM_BARS
  const heights = (values: Float64Array): Float64Array =>
    values.reduce((all, value) => {
      all[Math.min(HISTOGRAM_BARS - 1, Math.floor((value - lo) / width))] += 1 / (values.length * width)
      return all
    }, new Float64Array(HISTOGRAM_BARS))
  const found = Array.from(heights(made)).flatMap((height, i): ReadonlyArray<Xy> => [
    [lo + i * width, height],
    [lo + (i + 1) * width, height]
  ])
  const data = Array.from(heights(own), (height, i) => ({ from: lo + i * width, to: lo + (i + 1) * width, height }))
  const top = Math.max(...data.map(({ height }) => height), ...found.map(([, height]) => height))
  return of(
    arranged(
      [
        {
          x: { title: columns[0], domain: [lo, hi], count: 6 },
          y: { title: 'density', domain: [0, top * 1.08] },
          marks: [Marks.bars(data), Marks.line(found, { k: 0 })]
        }
      ],
      { width: 570, height: 270 }
    ),
    {
      ...SAMPLES_WORDS,
      description: `Histograms of ${own.length} rows of ${columns[0]} and of ${made.length} samples.`,
      note: 'Bars: rows of the data. Line: samples of what was learned.'
    }
  )
}

/** Draws pairs of columns: data left, samples right, on the same axes. */
const planes = ({ columns, points }: Sampled, samples: Points.Points): Picture => {
  const shown = Array.from(
    { length: Math.min(MAX_PAIRS_SHOWN, Math.floor(columns.length / 2)) },
    (_, i): readonly [number, number] => [2 * i, 2 * i + 1]
  )
  const panels = shown.flatMap(([a, b], row) => {
    const [x, y] = [a, b].map(j => Scale.extent([...drawnColumn(points, j), ...drawnColumn(samples, j)]))
    return [points, samples].map((of, which): Panel => {
      const [xs, ys] = [a, b].map(j => drawnColumn(of, j))
      return {
        title: row > 0 ? '' : which === 0 ? 'data' : 'samples',
        x: { title: columns[a], domain: x },
        y: { title: which === 0 ? columns[b] : '', domain: y },
        marks: [
          Marks.dots(
            Array.from(xs, (value, i): Xy => [value, ys[i]]),
            { k: which === 0 ? 5 : 0, r: 1.4 }
          )
        ]
      }
    })
  })
  const unseen = columns.length - 2 * shown.length
  return of(arranged(panels, { columns: 2, width: 262, height: 262 }), {
    ...SAMPLES_WORDS,
    description: `${Math.min(MAX_DRAWN_POINTS, points.rows)} rows of the data on the left, ${Math.min(MAX_DRAWN_POINTS, samples.rows)} samples on the right, by ${shown.map(([a, b]) => `${columns[a]} and ${columns[b]}`).join('; ')}.`,
    note: `Left: rows of the data. Right: as many samples, on the same axes.${unseen > 0 ? ` ${unseen} more column${unseen === 1 ? ' is' : 's are'} not drawn.` : ''}`
  })
}

/** Draws rows of the data and samples of a model. */
export const samplesFigure = (data: Sampled, samples: Points.Points): Picture =>
  data.columns.length === 1 ? histograms(data, samples) : planes(data, samples)

/** Draws the objective by noise level, for the score and a normal distribution. */
const objectiveByLevel = ({ levels }: ScoreFindings): Picture => {
  // Negative losses need a linear axis.
  const isPositive = levels.every(({ value, normal }) => value > 0 && (normal ?? 1) > 0)
  const own = levels.map(({ ratio, value }): Xy => [ratio, value])
  const normal = levels.flatMap(({ ratio, normal }): ReadonlyArray<Xy> => (normal === null ? [] : [[ratio, normal]]))
  const panel: Panel = {
    x: { title: 'noise, σ/α', scale: 'log' },
    y: { title: 'loss', scale: isPositive ? 'log' : 'linear' },
    marks: [
      ...(normal.length === 0
        ? []
        : [Marks.line(normal, { paint: 'soft', width: 1.6, dash: '5 4', name: 'normal distribution', k: 5 })]),
      Marks.line(own, { name: 'the score', k: 0 }),
      Marks.dots(own, { r: 2.4, name: 'the score', k: 0 })
    ]
  }
  return of(arranged([panel], { width: 330, height: 170, names: 'below' }), {
    name: 'levels',
    title: 'The loss by noise level',
    description: levels
      .map(
        ({ ratio, value, normal }) =>
          `at σ/α = ${show(ratio, 2)}: ${show(value, 3)}${normal === null ? '' : `, of a normal distribution ${show(normal, 3)}`}`
      )
      .join('; '),
    note: 'The objective of the last stage at each noise level alone. Dashed: of the normal distribution with the mean and covariance of the data, on the same noise. Where the score is not below it, it knows no more than that.'
  })
}

/** Pictures by noise level; empty if there are no levels to compare. */
export const levelFigures = (found: ScoreFindings): ReadonlyArray<Picture> =>
  found.levels.length > 1 ? [objectiveByLevel(found)] : []

/** All pictures of a score, in the order of their files. */
export const all = (found: ScoreFindings): ReadonlyArray<Picture> => [
  ...(E.isRight(found.samples) ? [samplesFigure(found, found.samples.right.points)] : []),
  ...levelFigures(found),
  ...objectives(found.stages)
]

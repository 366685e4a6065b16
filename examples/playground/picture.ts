/** Marks of the workbench: a scenery that does not change during a run, and learned parameters over it. */
import { Picture } from 'ornstein'
import type { Box, Field, Frame, Gaussians } from './engine.js'
import {
  arrow,
  cloud,
  cross,
  curve,
  disc,
  ellipse,
  type Look,
  type Mark,
  path,
  type Place,
  placesOf,
  ring
} from './plot.js'
import type { Learner } from './Scene.js'

const { Marks } = Picture

export const looks: Readonly<Record<Learner, Look>> = { descent: 'descent', em: 'em', power: 'third' }
/** Dashes of ellipses, to distinguish learners without colour. */
const dashes: Readonly<Record<Learner, string>> = { descent: '', em: '7 4', power: '2 3' }

/** Maximum number of samples with a trail. */
const MAX_TRAILS = 30
/** Shares of the density inside the level lines. */
const LEVEL_SHARES = [0.25, 0.5, 0.75, 0.95]

/** Run, and the step `at` which it is shown. */
export interface ShownRun {
  readonly learner: Learner
  readonly frames: ReadonlyArray<Frame>
  readonly at: number
}

/** Square around all points, with a margin. */
export const boxOf = (points: Float64Array): Box => {
  const [xs, ys] = [0, 1].map(axis => points.filter((_, i) => i % 2 === axis))
  if (xs.length === 0) return { left: -5, right: 5, bottom: -5, top: 5 }
  const [left, right] = Picture.Scale.extent(xs, 0)
  const [bottom, top] = Picture.Scale.extent(ys, 0)
  const half = 0.6 * Math.max(right - left, top - bottom, 1e-3)
  const middle: Place = [(left + right) / 2, (bottom + top) / 2]
  return { left: middle[0] - half, right: middle[0] + half, bottom: middle[1] - half, top: middle[1] + half }
}
/** Converts a box to reach and centre of a picture's plane. */
export const planeOf = ({ left, right, bottom, top }: Box): { readonly reach: number; readonly about: Place } => ({
  reach: (right - left) / 2,
  about: [(left + right) / 2, (bottom + top) / 2]
})

/** Arrows of a field, each within its cell, so that long ones show their direction only. */
const arrowsOf = ({ score }: Field, { left, right, bottom, top }: Box): ReadonlyArray<Mark> => {
  const n = Math.round(Math.sqrt(score.length / 2))
  const wide = (right - left) / n
  return [
    Marks.arrows(
      placesOf(score).flatMap(([x, y], i) => {
        const size = Math.hypot(x, y)
        if (!(size > 0)) return []
        const [u, v] = [x, y].map(z => (0.4 * wide * z) / (size + 1))
        const at: Place = [left + ((i % n) + 0.5) * wide, bottom + ((Math.floor(i / n) + 0.5) * (top - bottom)) / n]
        return [
          [
            [at[0] - u, at[1] - v],
            [at[0] + u, at[1] + v]
          ]
        ] as const
      }),
      { paint: 'soft', width: 1, opacity: 0.7, counts: false }
    )
  ]
}
const levelsOf = (logDensity: Float64Array, { left, right, bottom, top }: Box): ReadonlyArray<Mark> => {
  const cells = Math.round(Math.sqrt(logDensity.length))
  const most = logDensity.reduce((most, x) => Math.max(most, x), -Infinity)
  const half = (right - left) / cells / 2
  const field = {
    columns: cells,
    rows: cells,
    values: logDensity.map(x => Math.exp(x - most)),
    x: [left + half, right - half],
    y: [bottom + half, top - half]
  } as const
  return Marks.levelsOf(field, LEVEL_SHARES).map(level => Marks.levelLine(field, level, { k: 4, width: 1.4 }))
}

/** Marks that do not change during a run: points, level lines, arrows, true centres. */
export const scenery = (
  points: Float64Array,
  {
    box,
    truth,
    field,
    isDense,
    hasArrows
  }: {
    readonly box: Box
    readonly truth: Gaussians | null
    readonly field: Field | null
    readonly isDense: boolean
    readonly hasArrows: boolean
  }
): ReadonlyArray<Mark> => [
  cloud(points, 'quiet', 1.2),
  ...(isDense && field !== null && field.logDensity !== null ? levelsOf(field.logDensity, box) : []),
  ...(hasArrows && field !== null ? arrowsOf(field, box) : []),
  ...placesOf(truth?.means ?? []).map(cross)
]

/** Marks of the learned centres, ellipses and paths, of samples on their way from noise to data, and of the keyboard's cursor. */
export const learned = (
  runs: ReadonlyArray<ShownRun>,
  {
    hasPaths,
    samples,
    cursor
  }: {
    readonly hasPaths: boolean
    readonly samples: ReadonlyArray<Float64Array> | null
    readonly cursor: Place | null
  }
): ReadonlyArray<Mark> => [
  ...runs.flatMap(({ learner, frames, at }) => {
    const { learned } = frames[at]
    const look = looks[learner]
    // At most 100 points of a path suffice.
    const stride = Math.ceil((at + 1) / 100)
    return placesOf(learned?.means ?? []).flatMap((mean, k) => [
      ...(hasPaths
        ? [
            path(
              frames
                .filter((_, step) => step === at || (step < at && step % stride === 0))
                .flatMap(frame =>
                  frame.learned === null ? [] : [[frame.learned.means[2 * k], frame.learned.means[2 * k + 1]] as const]
                ),
              look,
              { width: 1.5, opacity: 0.8, dash: '' }
            )
          ]
        : []),
      ellipse(mean, learned?.covariances.subarray(4 * k, 4 * k + 4) ?? [], look, dashes[learner]),
      disc(mean, look, 5)
    ])
  }),
  ...(samples === null
    ? []
    : [
        ...Array.from({ length: Math.min(MAX_TRAILS, samples[0].length / 2) }, (_, i) =>
          path(
            samples.map(all => [all[2 * i], all[2 * i + 1]] as const),
            'moves',
            { width: 1, opacity: 0.5, dash: '' }
          )
        ),
        cloud(samples[samples.length - 1], 'moves')
      ]),
  ...(cursor === null ? [] : [ring(cursor, 'truth', 10), arrow(cursor, cursor, 'truth')])
]

/** Quantities that the chart shows, with titles. */
export const charted = {
  logDensity: 'mean log-density of the data',
  value: 'objective',
  norm: 'length of the gradient'
} as const
export type Charted = keyof typeof charted

/** Chart of a quantity by step, with a line for each learner; logarithmic if its values differ by a factor of 20. */
export const chartOf = (runs: ReadonlyArray<ShownRun>, what: Charted): Picture.Panel => {
  const lines = runs
    // EM and power iteration have other objectives, so only log-densities are comparable.
    .filter(({ learner }) => what === 'logDensity' || learner === 'descent')
    .map(({ learner, frames, at }) => {
      const places = frames.flatMap(({ [what]: value }, step): ReadonlyArray<Place> =>
        value === null || !Number.isFinite(value) ? [] : [[step, value]]
      )
      return { label: learner, look: looks[learner], places, at: places.find(([step]) => step === at) }
    })
  const values = lines.flatMap(({ places }) => places.map(([, value]) => value))
  const [least, most] = Picture.Scale.extent(values.length === 0 ? [0] : values, 0)
  const isPowers = what !== 'logDensity' && least > 0 && most > 20 * least
  return {
    title: values.length === 0 ? `no ${charted[what]} here` : charted[what],
    x: { domain: [0, Math.max(1, ...runs.map(({ frames }) => frames.length - 1))], least: 1 },
    y: { domain: [least, most], count: 3, ...(isPowers && { scale: 'log' as const }) },
    marks: lines.flatMap(curve)
  }
}

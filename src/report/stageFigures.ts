/** Pictures of the objective by step. */
import { show, tidy } from '../fit/table.js'
import { of, type Picture } from './drawing.js'
import type { StageRun } from './findings.js'
import * as Marks from './mark.js'
import { arranged, type Panel } from './panel.js'
import * as Scale from './scale.js'
import type { Xy } from './svg.js'

const MAX_DRAWN_STEPS = 600

/** Returns at most `most` evenly spaced indices of n. */
const spreadIndices = (n: number, most: number): ReadonlyArray<number> =>
  Array.from({ length: Math.min(n, most) }, (_, i) => (n <= most ? i : Math.floor((i * n) / most)))

/** Moving average with a window of about a twentieth of the steps. */
const movingAverage = (values: ReadonlyArray<number>): ReadonlyArray<number> => {
  const half = Math.max(1, Math.round(values.length / 40))
  const sums = new Float64Array(values.length + 1)
  values.forEach((value, i) => {
    sums[i + 1] = sums[i] + value
  })
  return values.map((_, i) => {
    const from = Math.max(0, i - half)
    const to = Math.min(values.length, i + half + 1)
    return (sums[to] - sums[from]) / (to - from)
  })
}

/** True if values oscillate. */
const isNoisy = (values: ReadonlyArray<number>): boolean => {
  const turns = values.filter((value, i) => i > 1 && (value - values[i - 1]) * (values[i - 1] - values[i - 2]) < 0)
  return values.length > 8 && turns.length > values.length / 4
}

/** Distinct scales of the stages that have values, in order of first use. */
const stageScales = (stages: ReadonlyArray<StageRun>): ReadonlyArray<string> => [
  ...new Set(stages.filter(({ values }) => values.length > 0).map(({ scale }) => scale))
]

interface StageAtIndex {
  readonly stage: StageRun
  readonly i: number
}

const ofScale = (stages: ReadonlyArray<StageRun>, scale: string): ReadonlyArray<StageAtIndex> =>
  stages.flatMap((stage, i) => (stage.scale === scale && stage.values.length > 0 ? [{ stage, i }] : []))

/** Formats first and last value and number of steps: "from 3.2 to 1.1 in 400 steps". */
const startAndEnd = (stages: ReadonlyArray<StageRun>): string => {
  const last = stages[stages.length - 1].values
  const steps = stages.reduce((sum, { taken }) => sum + taken, 0)
  return `from ${show(stages[0].values[0])} to ${show(last[last.length - 1])} in ${steps} steps`
}

/**
 * Shortest vertical range of an objective, relative to its size: over less, a converged objective would fill the panel with changes in its
 * last digits.
 */
const MIN_RELATIVE_RANGE = 1e-4

/** Domain of an axis for an objective that changes less than `MIN_RELATIVE_RANGE`; undefined if it changes more. */
const domainIfFlat = (values: ReadonlyArray<number>): Scale.Range | undefined => {
  const finite = values.filter(value => Number.isFinite(value))
  if (finite.length === 0) return undefined
  const [lo, hi] = Scale.extent(finite, 0)
  const middle = (lo + hi) / 2
  const range = MIN_RELATIVE_RANGE * Math.abs(middle)
  return hi - lo < range ? [middle - range / 2, middle + range / 2] : undefined
}

/** Panel with the objectives of the stages of one scale, by step; smoothed if noisy. */
const scaleCurve = (
  stages: ReadonlyArray<StageRun>,
  scale: string
): { readonly panel: Panel; readonly isRough: boolean; readonly own: ReadonlyArray<StageAtIndex> } => {
  const starts = stages.reduce<ReadonlyArray<number>>((all, { taken }) => [...all, (all.at(-1) ?? 0) + taken], [0])
  const own = ofScale(stages, scale)
  const curves = own.map(({ stage: { values, every }, i }) => {
    const isRough = isNoisy(values)
    const at = (series: ReadonlyArray<number>): ReadonlyArray<Xy> =>
      spreadIndices(series.length, MAX_DRAWN_STEPS).map((s): Xy => [starts[i] + s * every + 1, series[s]])
    return { raw: isRough ? at(values) : [], main: at(isRough ? movingAverage(values) : values) }
  })
  const [first, last] = Scale.extent(
    curves.flatMap(({ main }) => main.map(([a]) => a)),
    0
  )
  const range = Math.max(1, last - first)
  // Short stages at the end have no number, since numbers would overlap.
  const begins = own
    .map(({ i }) => ({ i, at: Math.max(first, starts[i] + 1) }))
    .filter(
      ({ at }, k, all) => own.length > 1 && last - at > 0.03 * range && (k === 0 || at - all[k - 1].at > 0.05 * range)
    )
  const panel: Panel = {
    x: { title: 'step', domain: first < last ? [first, last] : [first - 1, last + 1], least: 1 },
    y: {
      title: scale.length > 28 ? 'objective' : scale,
      domain: domainIfFlat(curves.flatMap(({ raw, main }) => [...raw, ...main].map(([, value]) => value))),
      margin: 0.06
    },
    marks: [
      ...begins.map(({ i, at }) => Marks.rule('x', at, String(i + 1))),
      ...curves.flatMap(({ raw, main }) => [
        Marks.line(raw, { paint: 'bar', width: 1 }),
        Marks.line(main, { k: 0 }),
        ...(main.length <= 30 ? [Marks.dots(main, { k: 0, r: 2.4 })] : [])
      ])
    ]
  }
  return { panel, isRough: curves.some(({ raw }) => raw.length > 0), own }
}

const objectivePicture = (stages: ReadonlyArray<StageRun>, scale: string, index: number): Picture => {
  const { panel, isRough, own } = scaleCurve(stages, scale)
  const which = own.map(({ i }) => i + 1).join(', ')
  return of(arranged([panel], { width: 330, height: 170 }), {
    name: `objective-${index + 1}`,
    title: `${own.length === 1 ? 'Stage' : 'Stages'} ${which}`,
    description: `${tidy(scale)}, step by step: ${startAndEnd(own.map(({ stage }) => stage))}`,
    note: `${tidy(scale)}.${isRough ? ' Bold: a running mean of the noisy values.' : ''}`
  })
}

/** Returns one picture of the objective for each scale. */
export const objectives = (stages: ReadonlyArray<StageRun>): ReadonlyArray<Picture> =>
  stageScales(stages).map((scale, i) => objectivePicture(stages, scale, i))

/** Draws the objective of each scale in one picture, side by side. */
export const objectiveCurvesPicture = (stages: ReadonlyArray<StageRun>): Picture => {
  const all = stageScales(stages).map(scale => ({ scale, ...scaleCurve(stages, scale) }))
  return of(
    arranged(
      all.map(({ scale, panel }) => ({ ...panel, title: all.length > 1 ? tidy(scale) : '' })),
      { columns: 2, width: 330, height: 170 }
    ),
    {
      name: 'curve',
      title: 'The objective, step by step',
      description: stages
        .filter(({ values }) => values.length > 0)
        .map(stage => `${tidy(stage.scale)}: ${startAndEnd([stage])}`)
        .join('; '),
      note: all.some(({ isRough }) => isRough) ? 'Bold: a running mean of the noisy values.' : ''
    }
  )
}

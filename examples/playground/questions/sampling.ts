/** Points drawn along a learned score land where new data would, if it was learned from enough rows and walked in enough steps. */
import { Initializer, Key, Mixture, Problem, Sampler, Schedule, Score, TimeGrid } from 'ornstein'
import type { Look, Mark, Place } from '../plot.js'
import { curve, define, descend, learned, mean, places } from './question.js'

const SEEDS = 4
const DRAWN = 800
const ROWS = [20, 50, 200, 1000]
const LOOKS: ReadonlyArray<Look> = ['quiet', 'third', 'em', 'descent']
const samplers = { heun: Sampler.heun, ancestral: Sampler.ancestral }

const centres: ReadonlyArray<Place> = [0, 1, 2].map(k => {
  const angle = 0.4 + (2 * k * Math.PI) / 3
  return [3 * Math.cos(angle), 3 * Math.sin(angle)]
})
const truth = Mixture.of({ means: centres })
const score = Score.spherical({ components: 3 })
const schedule = Schedule.ornsteinUhlenbeck

const apart = (a: Float64Array, b: Float64Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i += 2)
    for (let j = 0; j < b.length; j += 2) {
      const [dx, dy] = [a[i] - b[j], a[i + 1] - b[j + 1]]
      sum += Math.sqrt(dx * dx + dy * dy)
    }
  return (4 * sum) / (a.length * b.length)
}

interface Setting {
  /** Of fresh points of the truth itself: no score can do better on average. */
  readonly least: number
  readonly heldOut: Float64Array
}
interface Frame {
  /** The points of the first walk, for each number of rows. */
  readonly points: ReadonlyArray<Float64Array>
  /** Energy distance to held-out data, for each number of rows: the mean over walks. */
  readonly distances: ReadonlyArray<number>
}
/** Each walk is learned from its own data and compared with its own held-out data. */
interface Held {
  readonly values: Float64Array
  readonly within: number
}

const learnedFrom = (rows: number, seed: number) =>
  learned({
    data: Mixture.sample(rows)(Key.fromSeed(100 + seed))(truth),
    score,
    start: Initializer.kMeansPlusPlus,
    stages: [descend(1, 20, 3), descend(0.1, 20, 3)],
    seed
  })

/** The greatest distance of a centre from the mean of the samples that are nearest to it. */
const displaced = (points: Float64Array): number => {
  const sums = centres.map(() => [0, 0, 0])
  for (const [x, y] of places([...points])) {
    const far = centres.map(c => Math.hypot(c[0] - x, c[1] - y))
    const sum = sums[far.indexOf(Math.min(...far))]
    sum[0] += x
    sum[1] += y
    sum[2]++
  }
  return Math.max(...centres.map((c, k) => Math.hypot(sums[k][0] / sums[k][2] - c[0], sums[k][1] / sums[k][2] - c[1])))
}

const read = (choice: Readonly<Record<string, string>>) => ({
  sampler: choice.sampler === 'ancestral' ? ('ancestral' as const) : ('heun' as const),
  steps: Number(choice.steps)
})

export const sampling = define<Setting, Frame>({
  name: 'Noise back to data',
  question: 'What is the learned score good for?',
  lead: 'Start from pure noise, and follow the learned arrows while the noise falls. Scores were learned from 20, 50, 200 and 1000 rows. Watch how near the points come to data that no learner has seen.',
  statement:
    'The energy distance is 2E|X − Y| − E|X − X′| − E|Y − Y′|: zero only for equal distributions. Samples have one above zero even of the truth. Heun follows the probability flow, ancestral sampling adds fresh noise at each step. Means over four data sets, with 800 points each.',
  unit: 'step',
  controls: [
    {
      name: 'sampler',
      label: 'Sampler',
      options: [
        ['heun', 'Heun'],
        ['ancestral', 'ancestral']
      ]
    },
    {
      name: 'steps',
      label: 'Steps of the walk',
      options: [
        ['5', '5'],
        ['10', '10'],
        ['30', '30']
      ],
      chosen: '30'
    },
    {
      name: 'rows',
      label: 'Rows learned from, in the picture',
      options: ROWS.map(n => [String(n), String(n)] as const),
      chosen: '1000',
      shows: true
    }
  ],
  tries: [
    { text: 'Look at what was learned from 20 rows. Where do its points land?', choice: { rows: '20' } },
    { text: 'Take 5 ancestral steps. Is the score worse, or the walk?', choice: { sampler: 'ancestral', steps: '5' } },
    { text: 'Take 5 steps of Heun. Does the solver matter?', choice: { steps: '5' } }
  ],
  steps: choice => read(choice).steps,
  run: choice => {
    const { sampler, steps } = read(choice)
    const held = Array.from({ length: SEEDS }, (_, s): Held => {
      const { values } = Mixture.sample(DRAWN)(Key.fromSeed(900 + s))(truth)
      return { values, within: apart(values, values) }
    })
    const distance = (points: Float64Array, { values, within }: Held): number =>
      2 * apart(points, values) - apart(points, points) - within
    const fresh = held.map((each, s) => distance(Mixture.sample(DRAWN)(Key.fromSeed(800 + s))(truth).values, each))
    const frames = function* (): Generator<Frame> {
      const grid = TimeGrid.karras({ from: 5, to: 0.001, steps })
      const program = Problem.orThrow(Sampler.compile({ sampler: samplers[sampler], grid, schedule }))
      const walks = ROWS.map(rows =>
        held.map((_, s) => {
          const along = Sampler.learned(score, schedule, learnedFrom(rows, s))
          return Sampler.trajectory(program)(along)(DRAWN, 2)(Key.fromSeed(7 + s))[Symbol.iterator]()
        })
      )
      for (;;) {
        const all: Float64Array[][] = []
        for (const each of walks) {
          const now: Float64Array[] = []
          for (const walk of each) {
            const next = walk.next()
            if (next.done === true) return
            now.push(next.value.points.values)
          }
          all.push(now)
        }
        yield {
          points: all.map(([first]) => first),
          distances: all.map(each => mean(each.map((points, s) => distance(points, held[s]))))
        }
      }
    }
    return { setting: { least: mean(fresh), heldOut: held[0].values }, frames: frames() }
  },
  view: ({ setting: { least, heldOut }, frames, step, done, choice }) => {
    const { sampler, steps } = read(choice)
    const shown = Math.max(0, ROWS.indexOf(Number(choice.rows)))
    const now = frames[step]
    const marks: ReadonlyArray<Mark> = [
      { kind: 'cloud', points: heldOut, look: 'quiet' },
      { kind: 'cloud', points: now.points[shown], look: 'descent' },
      ...centres.map(at => ({ kind: 'cross', at, look: 'truth' }) as const)
    ]
    const end = frames[frames.length - 1].distances
    const [few, many] = [end[0], end[ROWS.length - 1]]
    return {
      picture: {
        caption: `Held-out data, and points on their way from noise (score of ${choice.rows} rows)`,
        reach: 6,
        marks
      },
      panels: [
        {
          title: 'Energy distance to held-out data',
          x: { from: 0, to: steps * 1.3, ticks: upToEnd(steps), name: 'step of the walk' },
          y: {
            from: 0.005,
            to: 3,
            log: true,
            ticks: [
              [0.01, '0.01'],
              [0.1, '0.1'],
              [1, '1']
            ]
          },
          lines: ROWS.map((rows, i) => ({
            label: `${rows} rows`,
            look: LOOKS[i],
            places: curve(frames, step, ({ distances }) => distances[i]),
            ...(i === shown && { at: [step, now.distances[i]] as const })
          })),
          rules: [{ y: least, text: 'fresh data' }]
        }
      ],
      says: [
        `Step ${step} of ${steps}: samples drawn with the score learned from ${choice.rows} rows are at energy distance *${now.distances[shown].toFixed(3)}* from held-out data.`,
        !done
          ? ''
          : `In the end it is ${few.toFixed(3)} for 20 rows and ${many.toFixed(3)} for 1000; fresh data come to ${least.toFixed(3)}.`,
        !done
          ? ''
          : many > 3 * least
            ? `The score is the same as with more steps. ${steps} ${sampler === 'heun' ? 'Heun' : 'ancestral'} steps are too coarse.`
            : `The score of 20 rows displaces a cluster of samples by ${displaced(frames[frames.length - 1].points[0]).toFixed(1)} standard deviations, because it was learned wrongly; with many rows samples land where new data would.`
      ]
        .filter(text => text !== '')
        .join(' ')
    }
  }
})

const upToEnd = (steps: number): ReadonlyArray<readonly [number, string]> =>
  [0, Math.round(steps / 2), steps].map(step => [step, String(step)] as const)

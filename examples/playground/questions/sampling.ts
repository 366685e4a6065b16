/** Points drawn along a learned score land where new data would, if it was learned from enough rows and walked in enough steps. */
import { Initializer, Key, Mixture, Picture, Problem, Sampler, Schedule, Score, TimeGrid } from 'ornstein'
import { arrow, cloud as dots, cross, curve, type Look, type Place } from '../plot.js'
import { clouded, define, descend, learned, mean, places, plain, polygon, upTo } from './question.js'

const { Marks } = Picture

const SEEDS = 4
/** Number of fresh data sets whose distances show what chance alone does. */
const FRESH = 12
const DRAWN = 800
const ROWS = [20, 50, 200, 1000]
const LOOKS: ReadonlyArray<Look> = ['moves', 'third', 'em', 'descent']
const samplerNames: Readonly<Record<string, string>> = { heun: 'Heun', ancestral: 'ancestral' }
const samplers = { heun: Sampler.heun, ancestral: Sampler.ancestral }

const centres = polygon(3, 3, 0.4)
const truth = Mixture.of({ means: centres })
const score = Score.spherical({ components: 3 })
const schedule = Schedule.ornsteinUhlenbeck

const apart = (a: Float64Array, b: Float64Array): number => {
  let sum = 0
  for (let i = 0; i < a.length; i += 2)
    for (let j = 0; j < b.length; j += 2) {
      const dx = a[i] - b[j]
      const dy = a[i + 1] - b[j + 1]
      sum += Math.sqrt(dx * dx + dy * dy)
    }
  return (4 * sum) / (a.length * b.length)
}

interface Setting {
  /** Mean energy distance of fresh data sets of the truth itself: no score can do better on average. */
  readonly least: number
  /** Standard deviation, between fresh data sets, of the mean over as many as there are walks. */
  readonly spread: number
  readonly heldOut: Float64Array
}
interface Frame {
  /** How noisy they are at this step of the walk. */
  readonly time: number
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

/** From each centre to the mean of the samples that are nearest to it. */
const offsets = (points: Float64Array): ReadonlyArray<readonly [centre: Place, mean: Place]> => {
  const nearest = places(points).map(([x, y]) => {
    const far = centres.map(c => Math.hypot(c[0] - x, c[1] - y))
    return far.indexOf(Math.min(...far))
  })
  return centres.map((centre, k) => {
    const own = places(points).filter((_, i) => nearest[i] === k)
    return [centre, [mean(own.map(([x]) => x)), mean(own.map(([, y]) => y))]]
  })
}
const displaced = (points: Float64Array): number =>
  Math.max(...offsets(points).map(([[x, y], [u, v]]) => Math.hypot(u - x, v - y)))

const read = (choice: Readonly<Record<string, string>>) => ({
  sampler: choice.sampler === 'ancestral' ? ('ancestral' as const) : ('heun' as const),
  steps: Number(choice.steps)
})

export const sampling = define<Setting, Frame>({
  number: '8',
  name: 'Noise back to data',
  question: 'What is the learned score good for?',
  lead: 'Start from pure {noise}, and follow the learned {score} while the noise falls. Scores were learned from 20, 50, 200 and 1000 rows. The {energy distance} says how near the points come to data that no learner has seen.',
  statement:
    'The {energy distance} is 2E|X − Y| − E|X − X′| − E|Y − Y′|: zero only for equal distributions. Two finite samples of the truth have one above zero; the grey band is where a mean over four sets of fresh data falls. {Heun} follows the probability flow, {ancestral sampling} adds fresh noise at each step. Means over four data sets, with 800 points each.',
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
    { name: 'steps', label: 'Steps of the walk', options: plain('5', '10', '30'), chosen: '30' },
    {
      name: 'rows',
      label: 'Rows learned from, in the picture',
      options: plain(...ROWS.map(String)),
      chosen: '1000',
      shows: true
    }
  ],
  tries: [
    { text: 'Points of 20 rows', asks: 'Where do they land?', choice: { rows: '20', step: '30' } },
    { text: '5 ancestral steps', asks: 'What is too coarse?', choice: { sampler: 'ancestral', steps: '5' } },
    { text: '5 steps of Heun', asks: 'Does the solver matter?', choice: { steps: '5' } },
    { text: 'Start over', asks: '30 steps of Heun', choice: {} }
  ],
  ask: ({ steps, sampler }) => ({
    text: `${steps} ${samplerNames[sampler]} steps. Which scores will miss the clusters?`,
    options: [
      ['few', 'Those of few rows'],
      ['all', 'All of them'],
      ['none', 'None']
    ]
  }),
  steps: choice => read(choice).steps,
  run: choice => {
    const { sampler, steps } = read(choice)
    const held = Array.from({ length: SEEDS }, (_, s): Held => {
      const { values } = Mixture.sample(DRAWN)(Key.fromSeed(900 + s))(truth)
      return { values, within: apart(values, values) }
    })
    const distance = (points: Float64Array, { values, within }: Held): number =>
      2 * apart(points, values) - apart(points, points) - within
    const fresh = Array.from({ length: FRESH }, (_, s) =>
      distance(Mixture.sample(DRAWN)(Key.fromSeed(800 + s))(truth).values, held[s % SEEDS])
    )
    const least = mean(fresh)
    const variance = mean(fresh.map(each => (each - least) ** 2)) / SEEDS
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
        let time = 0
        for (const each of walks) {
          const now: Float64Array[] = []
          for (const walk of each) {
            const next = walk.next()
            if (next.done === true) return
            now.push(next.value.points.values)
            time = next.value.time
          }
          all.push(now)
        }
        yield {
          time,
          points: all.map(([first]) => first),
          distances: all.map(each => mean(each.map((points, s) => distance(points, held[s]))))
        }
      }
    }
    return { setting: { least, spread: Math.sqrt(variance), heldOut: held[0].values }, frames: frames() }
  },
  view: seen => {
    const { least, spread, heldOut } = seen.setting
    const most = least + 2 * spread
    const { frames, step, choice, blur } = seen
    const { sampler, steps } = read(choice)
    const shown = Math.max(0, ROWS.indexOf(Number(choice.rows)))
    const now = frames[step]
    const { cloud, plane, says } = clouded(seen, heldOut, { time: now.time, reach: 5.6 })
    // Noised, data and points stand in one plane: x_t/α.
    const scale = Math.exp(blur * now.time)
    const points = now.points[shown].map(x => scale * x)
    const end = frames[frames.length - 1]
    const few = end.distances[0]
    const many = end.distances[ROWS.length - 1]
    const isCoarse = many > 3 * least
    return {
      picture: {
        ...plane,
        caption: `Points of ${choice.rows} rows, held-out data; ${says}`,
        marks: [
          cloud,
          dots(points, 'descent'),
          ...centres.map(cross),
          ...(step === steps ? offsets(points).map(([from, to]) => arrow(from, to, 'truth', 3)) : [])
        ]
      },
      panels: [
        {
          title: 'Energy distance, to held-out data',
          x: { domain: [0, steps], least: 1, title: 'step of the walk' },
          y: { domain: [0.005, 3], scale: 'log' },
          marks: [
            ...ROWS.flatMap((rows, i) =>
              curve({
                label: `${rows} rows`,
                look: LOOKS[i],
                places: upTo(frames, step, ({ distances }) => distances[i]),
                at: i === shown ? [step, now.distances[i]] : undefined
              })
            ),
            // What chance alone does to a mean over so many data sets.
            Marks.band(
              [0, steps].map(at => ({ at, low: Math.max(0.005, least - 2 * spread), high: most })),
              { k: 5 }
            ),
            ...curve({
              label: 'fresh data',
              look: 'quiet',
              places: [
                [0, least],
                [steps, least]
              ]
            })
          ]
        }
      ],
      now: `Step ${step} of ${steps}: the points of ${choice.rows} rows are at {energy distance} *${now.distances[shown].toFixed(3)}* from held-out data.`,
      answer: isCoarse ? 'all' : few > 3 * least ? 'few' : 'none',
      happened: `In the end it is ${few.toFixed(3)} for 20 rows and ${many.toFixed(3)} for 1000. Fresh data have ${least.toFixed(3)} ± ${(2 * spread).toFixed(3)}${many < most ? ', so 1000 rows do as well as the truth, as far as this can tell' : ''}. The clusters of 20 rows are displaced by up to ${displaced(end.points[0]).toFixed(1)} standard deviations, those of 1000 by ${displaced(end.points[ROWS.length - 1]).toFixed(1)}.`,
      why: isCoarse
        ? `The score of 1000 rows is the same as with more steps. ${steps} ${samplerNames[sampler]} steps are too coarse to follow it, so they spoil the walk and not the score.`
        : 'With few rows the score was learned wrongly: its centres are where those rows happened to lie, and the walk leads there. With many rows it leads to where new data would be.'
    }
  }
})

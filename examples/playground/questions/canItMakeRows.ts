/** Samples along a learned score are distributed as new data, if it was learned from enough rows and is followed in enough steps. */
import { Initializer, Key, Mixture, type Params, Picture, Problem, Sampler, Schedule, Score, TimeGrid } from 'ornstein'
import { arrow, cloud as dots, cross, curve, ellipse, type Look, type Place } from '../plot.js'
import {
  type Choice,
  defineQuestion,
  descend,
  finalParams,
  mean,
  places,
  selfNamedOptions,
  polygon,
  RING_RADII
} from './question.js'

const { Marks } = Picture

const SEEDS = 4
/** Number of fresh data sets, whose distances show the effect of chance alone. */
const FRESH_DATA_SETS = 12
const DRAWN = 800
/** Number of samples that are shown. */
const MAX_SHOWN_SAMPLES = 400
const ROWS = [20, 50, 200, 1000]
const LOOKS: ReadonlyArray<Look> = ['moves', 'third', 'em', 'descent']
const samplerNames: Readonly<Record<string, string>> = { heun: 'Heun’s method', ancestral: 'ancestral sampling' }
/** Meaning of a sampler, in five words. */
const samplerMeanings: Readonly<Record<string, string>> = {
  heun: 'follow the arrows, then correct',
  ancestral: 'follow the arrows, add noise'
}
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

/** Energy distance of samples from held-out data: means over data sets, for each number of rows, by step; and the effect of chance. */
interface Distances {
  /** Mean energy distance of fresh data sets of the truth; no score has a lower mean. */
  readonly least: number
  /** Standard deviation, between fresh data sets, of the mean over as many as there are walks. */
  readonly spread: number
  /** [steps + 1, 4] */
  readonly bySteps: ReadonlyArray<ReadonlyArray<number>>
}
interface Setting {
  readonly distances: Distances
  readonly heldOut: Float64Array
  /** Centres learned from few rows and from many, [3, 2] each. */
  readonly learned: readonly [few: ReadonlyArray<number>, many: ReadonlyArray<number>]
}
interface Frame {
  /** Time of the noise at this step of the walk. */
  readonly time: number
  /** Points of the first walk along the score of few rows, and of many. */
  readonly points: readonly [few: Float64Array, many: Float64Array]
}
const learnedFrom = (rows: number, seed: number) =>
  finalParams({
    data: Mixture.sample(rows)(Key.fromSeed(100 + seed))(truth),
    score,
    start: Initializer.kMeansPlusPlus,
    stages: [descend(1, 20, 3), descend(0.1, 20, 3)],
    seed
  })

/** Samples nearest to a true centre. */
interface Group {
  readonly centre: Place
  readonly mean: Place
  /** Covariance, row-major. */
  readonly covariance: ReadonlyArray<number>
}
const groups = (points: Float64Array): ReadonlyArray<Group> => {
  const nearest = places(points).map(([x, y]) => {
    const far = centres.map(c => Math.hypot(c[0] - x, c[1] - y))
    return far.indexOf(Math.min(...far))
  })
  return centres.map((centre, k) => {
    const own = places(points).filter((_, i) => nearest[i] === k)
    const [u, v] = [mean(own.map(([x]) => x)), mean(own.map(([, y]) => y))]
    const xy = mean(own.map(([x, y]) => (x - u) * (y - v)))
    return {
      centre,
      mean: [u, v],
      covariance: [mean(own.map(([x]) => (x - u) ** 2)), xy, xy, mean(own.map(([, y]) => (y - v) ** 2))]
    }
  })
}
const displaced = (points: Float64Array): number =>
  Math.max(...groups(points).map(({ centre: [x, y], mean: [u, v] }) => Math.hypot(u - x, v - y)))

const read = (choice: Readonly<Record<string, string>>) => ({
  sampler: choice.sampler === 'ancestral' ? ('ancestral' as const) : ('heun' as const),
  steps: Number(choice.steps)
})

/** Walks along a learned score from noise to data, state by state. */
function* walk(
  choice: Choice,
  learned: Params.Params<'means'>,
  seed: number
): Generator<{ readonly time: number; readonly points: Float64Array }, undefined> {
  const { sampler, steps } = read(choice)
  const grid = TimeGrid.karras({ from: 5, to: 0.001, steps })
  const program = Problem.orThrow(Sampler.compile({ sampler: samplers[sampler], grid, schedule }))
  const along = Sampler.learned(score, schedule, learned)
  for (const { points, time } of Sampler.trajectory(program)(along)(DRAWN, 2)(Key.fromSeed(7 + seed)))
    yield { time, points: points.values }
}

/** Each walk is learned from its own data and compared with its own held-out data. */
function distancesOf(choice: Choice): Distances {
  const held = Array.from({ length: SEEDS }, (_, s) => {
    const { values } = Mixture.sample(DRAWN)(Key.fromSeed(900 + s))(truth)
    return { values, within: apart(values, values) }
  })
  const distance = (points: Float64Array, { values, within }: (typeof held)[number]): number =>
    2 * apart(points, values) - apart(points, points) - within
  const fresh = Array.from({ length: FRESH_DATA_SETS }, (_, s) =>
    distance(Mixture.sample(DRAWN)(Key.fromSeed(800 + s))(truth).values, held[s % SEEDS])
  )
  const least = mean(fresh)
  const variance = mean(fresh.map(each => (each - least) ** 2)) / SEEDS
  const all = ROWS.map(rows =>
    held.map((each, s) => [...walk(choice, learnedFrom(rows, s), s)].map(({ points }) => distance(points, each)))
  )
  const bySteps = all[0][0].map((_, step) => all.map(walks => mean(walks.map(walk => walk[step]))))
  return { least, spread: Math.sqrt(variance), bySteps }
}

/** Height of the middle of the pictures. */
const MIDDLE = -0.3
/** Arrows of a score on a grid. */
const fieldOf = (means: ReadonlyArray<number>, time: number): ReadonlyArray<readonly [Place, Place]> => {
  const level = Schedule.level(time)(schedule)
  const grid = Array.from({ length: 91 }, (_, i): Place => [
    1.3 * ((i % 13) - 6),
    1.4 * (Math.floor(i / 13) - 3) + MIDDLE
  ])
  const rows = { rows: grid.length, dim: 2, values: Float64Array.from(grid.flat()) }
  const { values } = Mixture.score(rows)(
    Mixture.diffuse(level)(Mixture.of({ means: places(means).map(at => [...at]) }))
  )
  return grid.map(([x, y], i) => {
    const [u, v] = [values[2 * i], values[2 * i + 1]]
    const by = 0.55 / (Math.hypot(u, v) + 0.5)
    return [
      [x - by * u, y - by * v],
      [x + by * u, y + by * v]
    ]
  })
}

export const canItMakeRows = defineQuestion<Setting, Frame>({
  number: '9',
  name: 'New rows from noise',
  question: 'Can the model make new rows?',
  lead: 'What a model of noisy data knows is its {score}: at every place an arrow to where noisy points are likelier. Points of pure {noise} follow the arrows while the noise falls. Adding noise also shrinks rows toward 0, so pure noise is one cloud of spread 1. One score was learned from 20 rows, the other from 1000.',
  statement:
    'The {energy distance}, how unlike two clouds are, is 2E|X − Y| − E|X − X′| − E|Y − Y′|: zero only for equal distributions. It says how near the points come to data that no learner has seen. Two finite samples of the truth are above zero; the dashed line is their mean, and the grey band reaches two standard deviations of a mean over four from it. {Heun} follows the probability flow, {ancestral sampling} adds fresh noise at each step. Means over four data sets, with 800 points each.',
  leads: 'That is all. What does your own table hold?',
  hasNoise: false,
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
    { name: 'steps', label: 'Steps of the walk', options: selfNamedOptions('5', '10', '30'), chosen: '30' }
  ],
  tries: [
    { text: '10 steps of Heun', asks: 'Are thirty needed?', choice: { steps: '10' } },
    { text: '5 ancestral steps', asks: 'What is too coarse?', choice: { sampler: 'ancestral', steps: '5' } },
    { text: '5 steps of Heun', asks: 'Does the solver matter?', choice: { steps: '5' } },
    { text: 'Start over', asks: '30 steps of Heun', choice: {} }
  ],
  ask: ({ steps, sampler }) => ({
    text: `${steps} steps by ${samplerNames[sampler]}: ${samplerMeanings[sampler]}. Which points will not look like new rows?`,
    options: [
      ['few', 'From 20 rows'],
      ['all', 'Both'],
      ['none', 'Neither']
    ]
  }),
  steps: choice => read(choice).steps,
  stored: {
    choices: [{}, { sampler: 'ancestral', steps: '5' }, { steps: '5' }, { steps: '10' }],
    compute: distancesOf
  },
  run: (choice, stored) => {
    const [few, many] = [ROWS[0], ROWS[ROWS.length - 1]].map(rows => learnedFrom(rows, 0))
    const frames = function* (): Generator<Frame> {
      const [first, second] = [few, many].map(learned => [...walk(choice, learned, 0)])
      for (const [i, { time, points }] of first.entries()) yield { time, points: [points, second[i].points] }
    }
    return {
      setting: {
        // Result of `compute`, through JSON.
        distances: (stored as Distances | undefined) ?? distancesOf(choice),
        heldOut: Mixture.sample(DRAWN)(Key.fromSeed(900))(truth).values,
        learned: [[...few.means.values], [...many.means.values]]
      },
      frames: frames()
    }
  },
  view: seen => {
    const { distances, heldOut, learned } = seen.setting
    const { least, spread, bySteps } = distances
    const { frames, step, choice } = seen
    const { sampler, steps } = read(choice)
    const now = frames[step]
    const end = frames[frames.length - 1]
    const [few, , , many] = bySteps[steps]
    const most = least + 2 * spread
    const isCoarse = many > 3 * least
    const isFar = few > most
    return {
      picture: {
        spans: [5.6, 4.7],
        about: [0, MIDDLE],
        caption:
          step === steps
            ? 'Grey and dashed: new data; coloured: the points made; circles: their spread; arrows: from true centres to those made'
            : 'Coloured: points on their way from pure noise; grey: new data without noise; arrows: the score, long ones shortened',
        tiles: [[ROWS[0], LOOKS[0]] as const, [ROWS[ROWS.length - 1], LOOKS[ROWS.length - 1]] as const].map(
          ([rows, look], i) => ({
            title: `From ${rows} rows${step === steps ? `: centres up to ${displaced(now.points[i]).toFixed(1)} off` : ''}`,
            look,
            marks: [
              dots(heldOut.subarray(0, 2 * MAX_SHOWN_SAMPLES), 'quiet'),
              // At the end no arrow leads on.
              ...(step === steps
                ? []
                : [
                    Marks.arrows(fieldOf(learned[i], Math.max(now.time, 0.05)), {
                      paint: 'soft',
                      width: 1,
                      opacity: 0.55,
                      counts: false
                    })
                  ]),
              dots(now.points[i].subarray(0, 2 * MAX_SHOWN_SAMPLES), look, step === steps ? 1.2 : 1.6),
              ...(step === steps
                ? groups(now.points[i]).flatMap(group => [
                    ellipse(group.centre, [1, 0, 0, 1], 'truth', '5 4'),
                    ellipse(group.mean, group.covariance, look),
                    arrow(group.centre, group.mean, 'truth', 3)
                  ])
                : centres.map(cross))
            ]
          })
        )
      },
      panels: [
        {
          title: 'Energy distance, to new data (0: alike)',
          x: { domain: [0, steps], least: 1, title: 'step of the walk' },
          y: { domain: [0.005, 3], scale: 'log' },
          marks: [
            ...ROWS.flatMap((rows, i) =>
              curve({
                label: `${rows} rows`,
                look: LOOKS[i],
                places: bySteps.slice(0, step + 1).map((all, at) => [at, all[i]] as const),
                at: i === 0 || i === ROWS.length - 1 ? [step, bySteps[step][i]] : undefined,
                ring: i === 0 ? RING_RADII[0] : undefined
              })
            ),
            // Band of chance alone, for a mean over as many data sets.
            Marks.band(
              [0, steps].map(at => ({ at, low: Math.max(0.005, least - 2 * spread), high: most })),
              { k: 5 }
            ),
            ...curve({
              label: 'chance (grey)',
              look: 'quiet',
              places: [
                [0, least],
                [steps, least]
              ]
            })
          ]
        }
      ],
      now:
        step === 0
          ? `The chart shows the {energy distance}, how unlike two clouds are: 0 for equal distributions. Each line is a mean of four. Such means between data sets of the truth itself are mostly below *${most.toFixed(3)}*, by chance: the grey band. ${sampler === 'heun' ? 'A step by {Heun} looks at the arrows twice, at its start and at its end, and follows the mean.' : 'A step of {ancestral sampling} removes some noise and adds a little of new.'}`
          : `Step ${step} of ${steps}: {energy distance} to new data (how unlike both clouds are) *${bySteps[step][0].toFixed(3)}* from 20 rows, *${bySteps[step][ROWS.length - 1].toFixed(3)}* from 1000; by chance mostly below ${most.toFixed(3)}, the grey band.`,
      answer: isCoarse ? 'all' : isFar ? 'few' : 'none',
      happened: `At the end ${few.toFixed(3)} for 20 rows, ${many.toFixed(3)} for 1000, ${least.toFixed(3)} ± ${(2 * spread).toFixed(3)} for the truth${many < most ? ': 1000 rows do as well as the truth, as far as this can tell' : ''}. The centres of the points of 20 rows are displaced by up to ${displaced(end.points[0]).toFixed(1)} standard deviations, those of 1000 by ${displaced(end.points[1]).toFixed(1)}.`,
      why: isCoarse
        ? `The score of 1000 rows is the same as with more steps. ${steps} steps by ${samplerNames[sampler]} are too coarse to follow it, so they spoil the walk and not the score.`
        : 'With few rows the score was learned wrongly: its centres are where those rows happened to lie, and the walk leads there. With many rows it leads to where new data would be.'
    }
  }
})

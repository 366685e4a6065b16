/** How far from the truth each way of learning may start. */
import { Expectation, Initializer, Key, Metric, Mixture, Score, Stage } from 'ornstein'
import type { Mark, Place } from '../plot.js'
import { define, descend, learned, places } from './question.js'

const COMPONENTS = 6
const APART = 5
const RUNS = 20
const RADII = [0.5, 0.75, 1, 1.5, 2]
/** A run succeeds where every centre is this near to one learned. */
const NEAR = 1

const centres: ReadonlyArray<Place> = Array.from({ length: COMPONENTS }, (_, k) => [
  APART * Math.cos((k * Math.PI) / 3),
  APART * Math.sin((k * Math.PI) / 3)
])
const truth = Mixture.of({ means: centres })
const em = Stage.expectationMaximization({ steps: 300, relativeChange: 1e-6 })
const at = (time: number, steps: number): Stage.Stage =>
  descend(time, steps, COMPONENTS, Expectation.projected({ antithetic: true }))

const ways = {
  low: { label: 'descent, low noise', look: 'descent', stages: [at(0.1, 100)] },
  annealed: { label: 'noise 1 → 0.5 → 0.1', look: 'third', stages: [at(1, 60), at(0.5, 60), at(0.1, 60)] },
  em: { label: 'EM', look: 'em', stages: [em] },
  moves: { label: 'EM, split and merge', look: 'truth', stages: [em, Stage.splitAndMerge({ steps: 100 }), em] }
} as const
type Way = keyof typeof ways
const names = Object.keys(ways) as ReadonlyArray<Way>

interface Ended {
  readonly error: number
  /** [6, 2] */
  readonly centres: ReadonlyArray<number>
}
interface Frame {
  readonly points: Float64Array
  /** For each radius. */
  readonly starts: ReadonlyArray<ReadonlyArray<number>>
  readonly ends: Readonly<Record<Way, ReadonlyArray<Ended>>>
}

const score = Score.spherical({ components: COMPONENTS })

/** What every way makes of one data set and one start at each radius. */
export const frameOf = (seed: number, radii: ReadonlyArray<number> = RADII): Frame => {
  const data = Mixture.sample(600)(Key.fromSeed(50 + seed))(truth)
  const run = (stages: ReadonlyArray<Stage.Stage>, radius: number) => {
    const start = Initializer.warmStart({ centres: centres.map(c => [...c]), radius: radius * APART })
    return learned({ data, score, start, stages, seed })
  }
  const ended = (way: Way): ReadonlyArray<Ended> =>
    radii.map(radius => {
      const params = run(ways[way].stages, radius)
      return { error: Metric.centreError(params, truth), centres: [...params.means.values] }
    })
  return {
    points: data.values,
    // No step of EM leaves the start as it is.
    starts: radii.map(radius => [...run([Stage.expectationMaximization({ steps: 0 })], radius).means.values]),
    ends: { low: ended('low'), annealed: ended('annealed'), em: ended('em'), moves: ended('moves') }
  }
}

const isStranded = (guess: Place): boolean =>
  Math.min(...centres.map(c => Math.hypot(c[0] - guess[0], c[1] - guess[1]))) > 4

export const start = define<null, Frame>({
  name: 'A good start',
  question: 'How good must the start be?',
  lead: 'Six clusters on a ring, neighbours 5 apart. Each guess starts some way from its cluster, in a random direction; four ways of learning begin at the same place. Watch the share of runs that find all six.',
  statement:
    'The second theorem promises that descent at low noise converges at the rate of EM from a warm start. Here the start is measured in separations, the distance of two neighbours; a run succeeds where every centre has a guess within 1.',
  unit: 'run',
  first: 1,
  controls: [
    {
      name: 'radius',
      label: 'Start, in separations',
      options: RADII.map(r => [String(r), String(r)] as const),
      chosen: '1',
      shows: true
    },
    {
      name: 'way',
      label: 'Way of learning, in the picture',
      options: names.map(way => [way, ways[way].label] as const),
      shows: true
    }
  ],
  tries: [
    { text: 'Start half a separation away. Who fails?', choice: { radius: '0.5', way: 'low' } },
    {
      text: 'Start one separation away, with noise that falls. Does it help?',
      choice: { radius: '1', way: 'annealed' }
    },
    { text: 'Start two separations away. What still works?', choice: { radius: '2', way: 'moves' } }
  ],
  steps: () => RUNS - 1,
  run: () => ({
    setting: null,
    frames: (function* (): Generator<Frame> {
      for (let seed = 0; seed < RUNS; seed++) yield frameOf(seed)
    })()
  }),
  view: ({ frames, step, choice }) => {
    const seen = frames.slice(0, step + 1)
    const radius = RADII.indexOf(Number(choice.radius))
    const way = names.find(name => name === choice.way) ?? 'low'
    const now = frames[step]
    const { error, centres: guesses } = now.ends[way][radius]
    const won = (of: Way, r: number): number => seen.filter(({ ends }) => ends[of][r].error < NEAR).length
    const from = places(now.starts[radius])
    const marks: ReadonlyArray<Mark> = [
      { kind: 'cloud', points: now.points, look: 'quiet' },
      ...centres.map(c => ({ kind: 'cross', at: c, look: 'truth' }) as const),
      ...places(guesses).flatMap((end, k): Mark[] => [
        { kind: 'path', places: [from[k], end], look: ways[way].look },
        { kind: 'ring', at: from[k], look: ways[way].look },
        { kind: 'disc', at: end, look: ways[way].look }
      ])
    ]
    const failures = seen.flatMap(({ ends }) => ends.low.filter(end => end.error >= NEAR))
    const stranded = failures.filter(end => places(end.centres).some(isStranded)).length
    const others = names.map(name => `${ways[name].label}: ${won(name, radius)}`)
    return {
      picture: {
        caption: `Run ${step + 1}: starts ○, ends ●, truth ✕; ${ways[way].label}`,
        reach: radius === 4 ? 14 : 12,
        marks
      },
      panels: [
        {
          title: 'Share of runs that find all six',
          x: {
            from: 0.4,
            to: 2.75,
            ticks: [
              [0.5, '½'],
              [1, '1'],
              [1.5, '1½'],
              [2, '2']
            ],
            name: 'distance of the start, in separations'
          },
          y: {
            from: 0,
            to: 1.02,
            ticks: [
              [0, '0'],
              [0.5, '½'],
              [1, '1']
            ]
          },
          lines: names.map(name => ({
            label: ways[name].label,
            look: ways[name].look,
            places: RADII.map((r, i) => [r, won(name, i) / seen.length] as const),
            ...(name === way && { at: [RADII[radius], won(name, radius) / seen.length] as const })
          }))
        }
      ],
      says: [
        `Run ${step + 1} of ${ways[way].label}, from ${choice.radius} ${choice.radius === '1' ? 'separation' : 'separations'}: *${error < NEAR ? 'all six found' : `a centre is missed by ${error.toFixed(1)}`}*.`,
        `All six are found in this many of ${seen.length} ${seen.length === 1 ? 'run' : 'runs'} from there — ${others.join('; ')}.`,
        failures.length === 0
          ? ''
          : `Of ${failures.length} failures of descent at low noise, at all distances, ${stranded} left a guess more than 4 from every cluster: no row is near, so almost nothing pulls it back.`,
        radius === 4
          ? `Noise that falls no longer helps; split-and-merge moves do.`
          : won('annealed', radius) > won('low', radius)
            ? 'More noise first lets a guess feel distant clusters.'
            : ''
      ]
        .filter(text => text !== '')
        .join(' ')
    }
  }
})

/** Distances from the truth at which each learner's starts still succeed. */
import {
  Expectation,
  Initializer,
  Key,
  Metric,
  Mixture,
  type Params,
  Picture,
  type Points,
  Score,
  Stage
} from 'ornstein'
import { cross, curve, disc, type Look, type Mark, path, type Place, ring, tick } from '../plot.js'
import {
  noisedCloud,
  defineQuestion,
  descend,
  finalParams,
  mean,
  places,
  selfNamedOptions,
  polygon,
  states
} from './question.js'

const { Marks } = Picture

const COMPONENTS = 6
const APART = 5
const RUNS = 20
const RADII = [0.5, 0.75, 1, 1.5, 2]
/** Minimum distance of marks from the edges of the picture. */
const MARGIN = 1.6
/** A run succeeds if every true centre is within this distance of a learned one. */
const MAX_CENTRE_ERROR = 1

/** Colour of failures. */
const FAILURE_LOOK = { k: 6 }
const WRONG_PAINT = 'var(--c6)'

const centres = polygon(COMPONENTS, APART)
const truth = Mixture.of({ means: centres })
const em = Stage.expectationMaximization({ steps: 300, relativeChange: 1e-6 })
const at = (time: number, steps: number): Stage.Stage =>
  descend(time, steps, COMPONENTS, Expectation.projected({ antithetic: true }))

const ways = {
  low: { label: 'descent, low noise', look: 'descent', stages: [at(0.1, 100)] },
  annealed: { label: 'descent, falling noise', look: 'third', stages: [at(1, 60), at(0.5, 60), at(0.1, 60)] },
  em: { label: 'EM', look: 'em', stages: [em] },
  moves: { label: 'EM with moves', look: 'moves', stages: [em, Stage.splitAndMerge({ steps: 100 }), em] }
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

/** Index of the first run shown, in which descent fails. */
const FIRST_SHOWN_RUN = 2

const dataOf = (seed: number): Points.Points => Mixture.sample(600)(Key.fromSeed(50 + seed))(truth)

/** Results of every learner for one data set, with one start at each radius. */
export const frameOf = (seed: number, radii: ReadonlyArray<number> = RADII): Frame => {
  const data = dataOf(seed)
  const ended = (params: Params.Params<'means'>): Ended => ({
    error: Metric.centreError(params, truth),
    centres: [...params.means.values]
  })
  const all = radii.map(radius => {
    const start = Initializer.warmStart({ centres: centres.map(c => [...c]), radius: radius * APART })
    const end = (way: Way): Ended => ended(finalParams({ data, score, start, stages: ways[way].stages, seed }))
    // EM with moves begins with EM, so one run has the start, and the results without moves and with them.
    const course = [...states({ data, score, start, stages: ways.moves.stages, seed })]
    const [first] = course
    const em = course.filter(({ stage }) => stage === 0).at(-1) ?? first
    const last = course[course.length - 1]
    return {
      from: [...first.params.means.values],
      low: end('low'),
      annealed: end('annealed'),
      em: ended(em.params),
      moves: ended(last.params)
    }
  })
  return {
    points: data.values,
    starts: all.map(({ from }) => from),
    ends: {
      low: all.map(({ low }) => low),
      annealed: all.map(({ annealed }) => annealed),
      em: all.map(({ em }) => em),
      moves: all.map(({ moves }) => moves)
    }
  }
}

/** Radius of the circle around a stranded guess. */
const STRANDED_RING_RADIUS = 2
/** A guess is stranded if it is further than this from every cluster. */
const MIN_STRANDED_DISTANCE = 4
const isStranded = (guess: Place): boolean =>
  Math.min(...centres.map(c => Math.hypot(c[0] - guess[0], c[1] - guess[1]))) > MIN_STRANDED_DISTANCE

/** Marks of a learner's end: each guess with its path, a stranded one in an empty circle, and missed clusters. */
const endsOf = ({
  from,
  guesses,
  stray,
  rowsNear,
  look
}: {
  readonly from: ReadonlyArray<Place>
  readonly guesses: ReadonlyArray<Place>
  readonly stray: ReadonlyArray<Place>
  readonly rowsNear: ReadonlyArray<number>
  readonly look: Look
}): ReadonlyArray<Mark> => [
  ...guesses.flatMap((end, k) => [path([from[k], end], look, { width: 1.5, dash: '' }), disc(end, look)]),
  ...stray.flatMap((at, i) => [
    Marks.ring(at, { r: 9, width: 3, ...FAILURE_LOOK }),
    Marks.ellipse(
      {
        mean: at,
        xx: STRANDED_RING_RADIUS * STRANDED_RING_RADIUS,
        xy: 0,
        yy: STRANDED_RING_RADIUS * STRANDED_RING_RADIUS
      },
      1,
      {
        ...FAILURE_LOOK,
        paint: undefined,
        dash: '4 4',
        counts: false,
        width: 2
      }
    ),
    // In the lower half the word is above the circle, since the caption is below.
    Marks.words([at[0], at[1] + STRANDED_RING_RADIUS], 'stranded', {
      offset: [0, at[1] < 0 ? -25 : -10],
      paint: WRONG_PAINT
    }),
    Marks.words(
      [at[0], at[1] + (at[1] < 0 ? STRANDED_RING_RADIUS : -STRANDED_RING_RADIUS)],
      `${rowsNear[i]} ${rowsNear[i] === 1 ? 'row' : 'rows'} inside`,
      { offset: [0, at[1] < 0 ? -10 : 12], paint: WRONG_PAINT }
    )
  ]),
  ...centres
    .filter(c => !guesses.some(g => Math.hypot(g[0] - c[0], g[1] - c[1]) < 2))
    .map(c => Marks.words(c, 'missed', { offset: [0, -20], paint: WRONG_PAINT, kind: 'halo' }))
]

export const howGoodAStart = defineQuestion<null, Frame>({
  number: '5',
  name: 'A good start',
  question: 'How good must the start be?',
  lead: 'Six clusters on a ring, and six guesses. Each starts some {separation}s, distances between neighbours, from its cluster. Four ways begin there: descent at low noise; descent while the noise falls; {EM|expectation–maximization}; and EM with *moves*, which take one of two guesses that share a cluster to a cluster without any.',
  statement:
    'The second theorem promises that descent at low noise converges at the rate of {EM|expectation–maximization} from a warm start. Here the start is measured in {separation}s; a run succeeds where every centre has a guess within 1. The noise falls from t = 1 by 0.5 to 0.1. {Split-and-merge|split-and-merge moves} moves follow EM in the last row, and stay only if the {likelihood|log-likelihood} rises.',
  leads: 'What if the weights differ?',
  unit: 'run',
  finding: { step: 0 },
  first: 1,
  controls: [
    {
      name: 'radius',
      label: 'Start, in separations',
      options: selfNamedOptions(...RADII.map(String)),
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
    { text: 'Half a separation', asks: 'Who fails?', choice: { radius: '0.5', step: '19' } },
    { text: 'Noise that falls', asks: 'Does it help at 1?', choice: { way: 'annealed', step: '0' } },
    { text: 'Two separations', asks: 'What still works?', choice: { radius: '2', way: 'moves', step: '19' } },
    { text: 'EM alone', asks: 'How does it fail?', choice: { way: 'em', step: '0' } }
  ],
  ask: () => ({
    text: `One separation away, ${RUNS} runs. Which of these will fail most often?`,
    options: [
      ['low', 'Low noise'],
      ['annealed', 'Falling noise'],
      ['em', 'EM'],
      ['moves', 'With moves']
    ]
  }),
  steps: () => RUNS - 1,
  stored: {
    choices: [{}],
    // Stores no rows, since they are many and can be drawn again.
    compute: () =>
      Array.from({ length: RUNS }, (_, run) => {
        const { starts, ends } = frameOf((run + FIRST_SHOWN_RUN) % RUNS)
        return { starts, ends }
      })
  },
  run: (_, stored) => ({
    setting: null,
    frames: (function* (): Generator<Frame> {
      const known = stored as ReadonlyArray<Omit<Frame, 'points'>> | undefined
      for (let run = 0; run < RUNS; run++) {
        const seed = (run + FIRST_SHOWN_RUN) % RUNS
        yield known === undefined ? frameOf(seed) : { ...known[run], points: dataOf(seed).values }
      }
    })()
  }),
  view: seen => {
    const { frames, step, choice, told } = seen
    // Before the answer, the first start is drawn without an end.
    const isOpen = told || step > 0
    const so = frames.slice(0, step + 1)
    const radius = RADII.indexOf(Number(choice.radius))
    const way = names.find(name => name === choice.way) ?? 'low'
    const { look, label: called } = ways[way]
    const away = `${choice.radius} ${choice.radius === '1' ? 'separation' : 'separations'}`
    const now = frames[step]
    const { error, centres: guesses } = now.ends[way][radius]
    const wonIn = (runs: ReadonlyArray<Frame>, of: Way, r: number): number =>
      runs.filter(({ ends }) => ends[of][r].error < MAX_CENTRE_ERROR).length
    const won = (of: Way, r: number): number => wonIn(so, of, r)
    // Texts about the whole run count all of its starts.
    const wonInAll = (of: Way, r: number): number => wonIn(frames, of, r)
    const from = places(now.starts[radius])
    const stray = places(guesses).filter(isStranded)
    const time = way === 'annealed' ? 1 : 0.1
    // Points with a margin; a stranded guess with its circle and word.
    const inView = [
      ...centres.map(at => [at, 1] as const),
      ...from.map(at => [at, 0] as const),
      ...(isOpen ? places(guesses).map(at => [at, isStranded(at) ? STRANDED_RING_RADIUS + MARGIN : 0] as const) : [])
    ]
    const [wide, high] = [0, 1].map(i => [
      Math.min(...inView.map(([at, space]) => at[i] - space)) - MARGIN,
      Math.max(...inView.map(([at, space]) => at[i] + space)) + MARGIN
    ])
    const { cloud, widened, says } = noisedCloud(seen, now.points, time)
    const rowsNear = stray.map(
      ([x, y]) => places(now.points).filter(([u, v]) => Math.hypot(u - x, v - y) < STRANDED_RING_RADIUS).length
    )
    const failures = frames.flatMap(({ ends }) => ends.low.filter(end => end.error >= MAX_CENTRE_ERROR))
    const stranded = failures.filter(end => places(end.centres).some(isStranded)).length
    const one = RADII.indexOf(1)
    const fewest = Math.min(...names.map(name => wonInAll(name, one)))
    return {
      picture: {
        about: [mean(wide), mean(high)],
        spans: [widened((wide[1] - wide[0]) / 2), widened((high[1] - high[0]) / 2)],
        caption: `✕ truth, ○ starts${isOpen ? ', ● ends' : ''}; ${isOpen && stray.length > 0 ? `stranded: over ${MIN_STRANDED_DISTANCE} from every ✕; red circle: radius ${STRANDED_RING_RADIUS}` : says}`,
        marks: [
          cloud,
          ...centres.map(cross),
          ...from.map(at => ring(at, look, 5)),
          ...(isOpen ? endsOf({ from, guesses: places(guesses), stray, rowsNear, look }) : [])
        ]
      },
      panels: [
        {
          title: isOpen
            ? `All six found: share of ${so.length} ${so.length === 1 ? 'run' : 'runs'}`
            : 'All six found: after your answer',
          x: { domain: [0.4, 2.05], ticks: RADII.map(r => tick(r)), title: 'start, in separations' },
          y: { domain: [0, 1.02], ticks: [tick(0), tick(0.5, '½'), tick(1)] },
          marks: (isOpen ? names : []).flatMap(name =>
            curve({
              label: ways[name].label,
              look: ways[name].look,
              places: RADII.map((r, i) => [r, won(name, i) / so.length] as const),
              at: name === way ? [RADII[radius], won(name, radius) / so.length] : undefined
            })
          )
        }
      ],
      table: {
        head: ['start at', ...RADII.map(String)],
        rows: names.map(name => ({
          name: ways[name].label,
          look: ways[name].look,
          cells: RADII.map((_, i) => (isOpen ? String(won(name, i)) : '·'))
        })),
        now: [names.indexOf(way), radius],
        choose: (row, column) => ({ way: names[row], radius: String(RADII[column]) })
      },
      now: !isOpen
        ? `Drawn: the rows of run 1, and the start ○ of each guess, ${away} from its cluster. Choose an answer; where each way ends is then drawn, and the table counts the runs that find all six.`
        : `Run ${step + 1}, ${called}, from ${away} away: *${error < MAX_CENTRE_ERROR ? 'all six found' : `one is missed by ${error.toFixed(1)}`}*.`,
      answer: names.find(name => wonInAll(name, one) === fewest) ?? 'low',
      happened: `From one separation, descent at low noise found all six in ${wonInAll('low', one)} of ${frames.length} runs, falling noise in ${wonInAll('annealed', one)}, {EM|expectation–maximization} in ${wonInAll('em', one)}, and EM with moves in ${wonInAll('moves', one)}.`,
      why:
        way === 'moves' || RADII[radius] === 2
          ? `From two separations noise that falls no longer helps: ${wonInAll('annealed', RADII.length - 1)} of ${frames.length}. EM fails where two guesses share a cluster; a move takes one of them to where it is missing.`
          : `Descent strands a guess in empty space (more than ${MIN_STRANDED_DISTANCE} from every cluster in ${stranded === failures.length ? `all ${stranded}` : `${stranded} of its ${failures.length}`} failures): no row is near, so almost nothing pulls it back. More noise first lets a guess feel distant clusters.`
    }
  }
})

/** Below n|c|⁴/d ≈ 1 no direction is found, however long one trains. */
import { Initializer, Key, Mixture, type Points, Score, Stage } from 'ornstein'
import { arrow, curve, label, path, type Place, rule, tick } from '../plot.js'
import { angle, clouded, define, descendPair, learned, length, mean, plain } from './question.js'

const ROWS = [8, 16, 32, 64, 128, 256, 512]
const SAMPLES = 20
/** Found: within so many degrees. */
const FOUND = 45
const TIME = 1.5

/** What was learned from a data set. */
interface Learned {
  /** Degrees from the truth. */
  readonly descent: number
  readonly power: number
  /** The rows along the truth, and along the part of the learned direction across it, [n, 2]. */
  readonly rows: Float64Array
  /** Their variance along the learned direction, and along the truth. */
  readonly stretch: readonly [learned: number, truth: number]
}
/** A data set for each number of rows. */
type Frame = ReadonlyArray<Learned>

const scaled = (v: ArrayLike<number>, by: number): ReadonlyArray<number> => Array.from(v, x => by * x)
const inner = (u: ArrayLike<number>, v: ArrayLike<number>): number =>
  Array.from(u).reduce((sum, x, i) => sum + x * v[i], 0)
/** The coordinate of each row along a direction. */
const along = ({ rows, dim, values }: Points.Points, direction: ArrayLike<number>): ReadonlyArray<number> =>
  Array.from({ length: rows }, (_, i) => inner(values.subarray(i * dim, (i + 1) * dim), direction))
const square = (all: ReadonlyArray<number>): number => mean(all.map(x => x * x))

const read = (choice: Readonly<Record<string, string>>) => ({
  far: Number(choice.far),
  dim: Number(choice.dim),
  steps: Number(choice.steps)
})

export const rows = define<null, Frame>({
  number: '4',
  name: 'How much data',
  question: 'How much data does a direction need?',
  lead: 'Two clusters in 32 dimensions, and a fresh data set for each run. Descent at high {noise} looks for the direction between the clusters, and so does {power iteration}. The picture shows the plane of the truth and the learned direction.',
  statement:
    'In its widest of d directions, chance alone raises the variance of a cloud of n rows from 1 to about (1 + √(d/n))². Along the truth the clusters raise it to 1 + |c|². A direction can be found if n|c|⁴/d exceeds one. Below that, the widest direction of a large cloud carries no information about the clusters (Baik, Ben Arous & Péché 2005).',
  unit: 'data set',
  first: 1,
  controls: [
    { name: 'rows', label: 'Rows', options: plain(...ROWS.map(String)), chosen: '32', shows: true },
    { name: 'far', label: 'Length of c', options: plain('1', '0.7', '0.5') },
    { name: 'dim', label: 'Dimensions', options: plain('32', '8') },
    { name: 'steps', label: 'Steps of training', options: plain('100', '300') }
  ],
  tries: [
    { text: 'Many more: 512 rows', asks: 'Is the direction found?', choice: { rows: '512' } },
    { text: 'Train 3 × as long', asks: 'Does it help 32 rows?', choice: { steps: '300' } },
    { text: 'Halve |c|, 512 rows', asks: 'How many rows now?', choice: { far: '0.5', rows: '512' } },
    { text: '8 dimensions', asks: 'Are 32 rows enough?', choice: { dim: '8' } }
  ],
  ask: ({ rows, dim }) => ({
    text: `${rows} rows in ${dim} dimensions. In how many of ${SAMPLES} data sets will descent come within 45°?`,
    options: [
      ['few', 'In few'],
      ['half', 'About half'],
      ['most', 'In most']
    ]
  }),
  steps: () => SAMPLES - 1,
  run: choice => {
    const { far, dim, steps } = read(choice)
    const unit = Array.from({ length: dim }, () => 1 / Math.sqrt(dim))
    const of = (n: number, seed: number): Learned => {
      const data = Mixture.sample(n)(Key.fromSeed(1000 + seed))(Mixture.symmetricPair([...scaled(unit, far)]))
      const meanBy = (stage: Stage.Stage): Float64Array => {
        const start = Initializer.gaussian({ scale: 0.01 })
        return learned({ data, score: Score.symmetricPair, start, stages: [stage], seed }).mean.values
      }
      const found = meanBy(descendPair(TIME, steps))
      // The learned direction on the side of the truth, and its part across it.
      const side = Math.sign(inner(found, unit)) / length(found)
      const across = scaled(found, side).map((x, i) => x - side * inner(found, unit) * unit[i])
      const plane = [unit, scaled(across, 1 / length(across))].map(direction => along(data, direction))
      return {
        descent: angle(found, unit),
        power: angle(meanBy(Stage.powerIteration({ steps })), unit),
        rows: Float64Array.from({ length: 2 * n }, (_, i) => plane[i % 2][Math.floor(i / 2)]),
        stretch: [square(along(data, scaled(found, 1 / length(found)))), square(plane[0])]
      }
    }
    const frames = function* (): Generator<Frame> {
      for (let seed = 0; seed < SAMPLES; seed++) yield ROWS.map(n => of(n, seed))
    }
    return { setting: null, frames: frames() }
  },
  view: seen => {
    const { frames, step, choice } = seen
    const { far, dim, steps } = read(choice)
    const so = frames.slice(0, step + 1)
    const ratio = (n: number): number => (n * far ** 4) / dim
    const shown = ROWS.indexOf(Number(choice.rows))
    const of = (who: 'descent' | 'power', i: number): ReadonlyArray<number> => so.map(frame => frame[i][who])
    const found = (all: ReadonlyArray<number>): number => all.filter(a => a <= FOUND).length
    const share = (all: ReadonlyArray<number>): number => found(all) / all.length
    const { rows: points, stretch, descent } = frames[step][shown]
    const { cloud, plane, says } = clouded(seen, points, { time: TIME, reach: 3.6 })
    const ray = (degrees: number, long: number): Place => [
      long * plane.reach * Math.cos((degrees * Math.PI) / 180),
      long * plane.reach * Math.sin((degrees * Math.PI) / 180)
    ]
    const ends = [ROWS[0], ROWS[ROWS.length - 1]].map(ratio)
    const domain = [ends[0] / 1.2, ends[1] * 1.2] as const
    const ticks = [1 / 256, 1 / 64, 1 / 16, 1 / 4, 1, 4, 16, 64].filter(at => at >= domain[0] && at <= domain[1])
    const x = { domain, scale: 'log' as const, ticks: ticks.map(at => tick(at, at < 1 ? `1/${1 / at}` : String(at))) }
    const rules = domain[0] < 1 && domain[1] > 1 ? [rule('x', 1)] : []
    const lines = (value: (all: ReadonlyArray<number>) => number) =>
      (['power', 'descent'] as const).flatMap(who =>
        curve({
          label: who === 'power' ? 'power iteration' : 'descent',
          look: who === 'power' ? 'em' : 'descent',
          dotted: who === 'power',
          places: ROWS.map((n, i) => [ratio(n), value(of(who, i))] as const),
          at: who === 'descent' ? [ratio(ROWS[shown]), value(of(who, shown))] : undefined
        })
      )
    const below = ROWS.filter(n => ratio(n) < 1)
    const foundBelow = below.reduce((sum, _, i) => sum + found(of('descent', i)), 0)
    // Fewer than ten do not show nine of ten.
    const enough = so.length < 10 ? undefined : ROWS.find((_, i) => share(of('descent', i)) >= 0.9)
    const won = share(of('descent', shown))
    return {
      picture: {
        ...plane,
        caption: `Data set ${step + 1}; ${says}`,
        marks: [
          cloud,
          path([[0, 0], ray(FOUND, 0.85)], 'quiet', { width: 1.5, dash: '4 4' }),
          label(ray(FOUND, 0.86), '45°', 'quiet', [4, -4]),
          ...of('descent', shown).map(a => path([[0, 0], ray(a, 0.5)], 'descent', { width: 1.2, opacity: 0.5 })),
          arrow([0, 0], ray(0, 0.8), 'truth', 3),
          label(ray(0, 0.8), 'truth', 'truth', [0, 20], 'end'),
          arrow([0, 0], ray(descent, 0.8), 'descent', 3.5),
          label(ray(descent, 0.8), 'learned', 'descent', [-10, 0], 'end')
        ]
      },
      panels: [
        {
          title: `Found within 45°: share of ${so.length} data sets`,
          x,
          y: { domain: [0, 1.02], ticks: [tick(0), tick(0.5, '½'), tick(1)] },
          marks: [...rules, ...lines(share)]
        },
        {
          title: 'Mean angle to truth',
          x: { ...x, title: 'n|c|⁴/d, n rows in d dimensions' },
          y: { domain: [0, 90], ticks: [0, 45, 90].map(value => tick(value, `${value}°`)) },
          marks: [...rules, ...lines(mean)]
        }
      ],
      now: `${choice.rows} rows: found in *${found(of('descent', shown))} of ${so.length}*, ${mean(of('descent', shown)).toFixed(0)}° off on average. These rows have variance ${stretch[0].toFixed(2)} along the learned direction, ${stretch[1].toFixed(2)} along the truth.`,
      answer: won < 0.3 ? 'few' : won > 0.7 ? 'most' : 'half',
      happened: `n|c|⁴/d is ${Number(ratio(ROWS[shown]).toPrecision(2))} here. ${below.length > 0 ? `Where it is below one, ${foundBelow} of ${so.length * below.length} runs of ${steps} steps found the direction. ` : ''}${enough === undefined ? `At this |c| ${Math.round(dim / far ** 4)} rows reach one; each halving of |c| takes sixteen times as many.` : `From ${enough} rows on, nine of ten do, and power iteration with them.`}`,
      why:
        won < 0.5
          ? `In ${dim} dimensions chance stretches so few rows more than the clusters do (variance ${stretch[0].toFixed(2)} against ${stretch[1].toFixed(2)}), in a direction that has nothing to do with them. Descent finds the widest direction; no amount of training turns it to another.`
          : 'Chance stretches so many rows less than the clusters do. The widest direction is then nearly theirs, and descent and power iteration find it together.'
    }
  }
})

/** Below n|c|⁴/d ≈ 1 no direction is found, however long the training. */
import { Initializer, Key, Mixture, type Points, Score, Stage } from 'ornstein'
import {
  arrow,
  cloud as dots,
  curve,
  ellipse,
  label,
  path,
  type Place,
  placesOf,
  rule,
  sector,
  tick,
  type Tile
} from '../plot.js'
import {
  angle,
  type Choice,
  defineQuestion,
  descendPair,
  finalParams,
  length,
  mean,
  selfNamedOptions
} from './question.js'

const ROWS = [8, 16, 32, 64, 128, 256, 512]
/** Numbers of rows with a picture. */
const DRAWN_ROW_COUNTS = [8, 32, 128, 512]
/** Half the width of a picture. */
const REACH = 3.3
const MOST_DOTS = 200
const DATA_SETS = 20
/** Maximum angle to the truth of a direction that counts as found, in degrees. */
const MAX_FOUND_DEGREES = 45
const TIME = 1.5

/** Results of a data set. */
interface Learned {
  /** Degrees from the truth. */
  readonly descent: number
  readonly power: number
  /** Coordinates of the rows along the truth, and along the part of the learned direction across it, [n, 2]. */
  readonly rows: Float64Array
  /** Variance of the rows along the learned direction, and along the truth. */
  readonly stretch: readonly [learned: number, truth: number]
}
/** Results for each number of rows. */
type Frame = ReadonlyArray<Learned>
/** Direction found by descent, with all coordinates, and angle of power iteration. */
interface Found {
  readonly mean: ArrayLike<number>
  readonly power: number
}

const scaled = (v: ArrayLike<number>, by: number): ReadonlyArray<number> => Array.from(v, x => by * x)
const inner = (u: ArrayLike<number>, v: ArrayLike<number>): number =>
  Array.from(u).reduce((sum, x, i) => sum + x * v[i], 0)
/** Coordinate of each row along a direction. */
const along = ({ rows, dim, values }: Points.Points, direction: ArrayLike<number>): ReadonlyArray<number> =>
  Array.from({ length: rows }, (_, i) => inner(values.subarray(i * dim, (i + 1) * dim), direction))
const square = (all: ReadonlyArray<number>): number => mean(all.map(x => x * x))
/** Second moments of points about 0, row-major. */
const secondMoments = (points: Float64Array): ReadonlyArray<number> => {
  const all = placesOf(points)
  const xy = mean(all.map(([x, y]) => x * y))
  return [square(all.map(([x]) => x)), xy, xy, square(all.map(([, y]) => y))]
}

const read = (choice: Readonly<Record<string, string>>) => ({
  far: Number(choice.far),
  dim: Number(choice.dim),
  steps: Number(choice.steps)
})

const unitOf = (dim: number): ReadonlyArray<number> => Array.from({ length: dim }, () => 1 / Math.sqrt(dim))
const dataOf = (choice: Choice, n: number, seed: number): Points.Points => {
  const { far, dim } = read(choice)
  return Mixture.sample(n)(Key.fromSeed(1000 + seed))(Mixture.symmetricPair([...scaled(unitOf(dim), far)]))
}
/** Rounds a unit direction to thousandths, as exact as a picture. */
const shortened = ({ mean: found, power }: Found): Found => ({
  mean: Array.from(found, x => Math.round((1000 * x) / length(found))),
  power
})
const findIn = (choice: Choice, data: Points.Points, seed: number): Found => {
  const { dim, steps } = read(choice)
  const meanBy = (stage: Stage.Stage): Float64Array => {
    const start = Initializer.gaussian({ scale: 0.01 })
    return finalParams({ data, score: Score.symmetricPair, start, stages: [stage], seed }).mean.values
  }
  return { mean: meanBy(descendPair(TIME, steps)), power: angle(meanBy(Stage.powerIteration({ steps })), unitOf(dim)) }
}

export const howManyRows = defineQuestion<null, Frame>({
  number: '4',
  name: 'How much data',
  question: 'How much data does a direction need?',
  lead: 'Two clusters lie at *c* and *−c* in many dimensions. If there are few rows, chance stretches the cloud in other directions too. The four pictures differ in the number of rows: in which will descent at high {noise} find the direction of the clusters?',
  statement:
    'In its widest of d directions, chance alone raises the variance of a cloud of n rows from 1 to about (1 + √(d/n))². Along the truth the clusters raise it to 1 + |c|². A direction can be found if n|c|⁴/d exceeds one. Below that, the widest direction of a large cloud carries no information about the clusters (Baik, Ben Arous & Péché 2005).',
  leads: 'Enough rows. How good must the start be?',
  hasNoise: false,
  unit: 'data set',
  first: 1,
  controls: [
    {
      name: 'rows',
      label: 'Rows',
      options: selfNamedOptions(...DRAWN_ROW_COUNTS.map(String)),
      chosen: '32',
      shows: true
    },
    { name: 'far', label: 'Length of c', options: selfNamedOptions('1', '0.7', '0.5') },
    { name: 'dim', label: 'Dimensions', options: selfNamedOptions('32', '8') },
    { name: 'steps', label: 'Steps of training', options: selfNamedOptions('100', '300') }
  ],
  tries: [
    { text: 'Many more: 512 rows', asks: 'Is the direction found?', choice: { rows: '512' } },
    { text: 'Train 3 × as long', asks: 'Does it help 32 rows?', choice: { steps: '300' } },
    { text: 'Halve |c|, 512 rows', asks: 'How many rows now?', choice: { far: '0.5', rows: '512' } },
    { text: '8 dimensions', asks: 'Are 32 rows enough?', choice: { dim: '8' } }
  ],
  ask: ({ rows, dim }) => ({
    text: `${rows} rows in ${dim} dimensions. In how many of ${DATA_SETS} data sets will descent come within 45°?`,
    options: [
      ['few', 'In few'],
      ['half', 'About half'],
      ['most', 'In most']
    ]
  }),
  steps: () => DATA_SETS - 1,
  stored: {
    choices: [{}, { steps: '300' }, { far: '0.5' }, { dim: '8' }],
    compute: choice =>
      Array.from({ length: DATA_SETS }, (_, seed) =>
        ROWS.map(n => shortened(findIn(choice, dataOf(choice, n, seed), seed)))
      )
  },
  run: (choice, stored) => {
    const unit = unitOf(read(choice).dim)
    const known = stored as ReadonlyArray<ReadonlyArray<Found>> | undefined
    const of = (n: number, seed: number): Learned => {
      const data = dataOf(choice, n, seed)
      const { mean: found, power } = known?.[seed][ROWS.indexOf(n)] ?? findIn(choice, data, seed)
      // Turns the learned direction to the side of the truth, and takes its part across it.
      const side = Math.sign(inner(found, unit)) / length(found)
      const across = scaled(found, side).map((x, i) => x - side * inner(found, unit) * unit[i])
      const plane = [unit, scaled(across, 1 / length(across))].map(direction => along(data, direction))
      return {
        descent: angle(found, unit),
        power,
        rows: Float64Array.from({ length: 2 * n }, (_, i) => plane[i % 2][Math.floor(i / 2)]),
        stretch: [square(along(data, scaled(found, 1 / length(found)))), square(plane[0])]
      }
    }
    const frames = function* (): Generator<Frame> {
      for (let seed = 0; seed < DATA_SETS; seed++) yield ROWS.map(n => of(n, seed))
    }
    return { setting: null, frames: frames() }
  },
  view: seen => {
    const { frames, step, choice, told } = seen
    const { far, dim } = read(choice)
    // Before the answer, the first data set is drawn without results.
    const isOpen = told || step > 0
    const so = frames.slice(0, step + 1)
    const ratio = (n: number): number => (n * far ** 4) / dim
    const shown = ROWS.indexOf(Number(choice.rows))
    const of = (who: 'descent' | 'power', i: number): ReadonlyArray<number> => so.map(frame => frame[i][who])
    const found = (all: ReadonlyArray<number>): number => all.filter(a => a <= MAX_FOUND_DEGREES).length
    const share = (all: ReadonlyArray<number>): number => found(all) / all.length
    const { stretch } = frames[step][shown]
    const ray = (degrees: number, long: number): Place => [
      long * Math.cos((degrees * Math.PI) / 180),
      long * Math.sin((degrees * Math.PI) / 180)
    ]
    const domain = [ROWS[0] / 1.2, ROWS[ROWS.length - 1] * 1.2] as const
    const x = { domain, scale: 'log' as const, ticks: ROWS.map(n => tick(n)) }
    // Number of rows at which n|c|⁴/d = 1.
    const needed = dim / far ** 4
    const rules = isOpen && needed > domain[0] && needed < domain[1] ? [rule('x', needed)] : []
    // The label is below both curves.
    const threshold = rules.map(() => label([needed, 8], 'threshold', 'quiet', [5, 0]))
    const lines = (value: (all: ReadonlyArray<number>) => number) =>
      (isOpen ? (['power', 'descent'] as const) : []).flatMap(who =>
        curve({
          label: who === 'power' ? 'power iteration' : 'descent',
          look: who === 'power' ? 'em' : 'descent',
          dotted: who === 'power',
          places: ROWS.map((n, i) => [n, value(of(who, i))] as const),
          at: who === 'descent' ? [ROWS[shown], value(of(who, shown))] : undefined
        })
      )
    const below = ROWS.filter(n => ratio(n) <= 1)
    // Texts about the whole run count all of its data sets.
    const angles = (i: number): ReadonlyArray<number> => frames.map(frame => frame[i].descent)
    const foundBelow = below.reduce((sum, _, i) => sum + found(angles(i)), 0)
    // Fewer than ten data sets cannot show nine of ten.
    const enough = frames.length < 10 ? undefined : ROWS.find((_, i) => share(angles(i)) >= 0.9)
    const won = share(angles(shown))
    // The largest eigenvalue of a sample covariance without clusters (Marchenko & Pastur 1967); with them, above the threshold, it is
    // (1 + |c|²)(1 + d/(n|c|²)) (Baik, Ben Arous & Péché 2005).
    const byChance = (1 + Math.sqrt(dim / ROWS[shown])) ** 2
    const tile = (n: number): Tile => {
      const i = ROWS.indexOf(n)
      const { rows: points, descent } = frames[step][i]
      return {
        title: `${n} rows${isOpen ? `: ${found(of('descent', i))} of ${so.length}` : ''}`,
        look: i === shown ? 'descent' : 'truth',
        marks: [
          sector(ray(MAX_FOUND_DEGREES, REACH)),
          // Few rows have larger dots.
          dots(points.subarray(0, 2 * MOST_DOTS), 'quiet', n > 100 ? 1.4 : 2.4),
          ...(isOpen
            ? [
                // To each direction and back.
                path(
                  of('descent', i).flatMap(a => [[0, 0] as const, ray(a, 0.84 * REACH)]),
                  'descent',
                  { width: 1.2, opacity: 0.55 }
                ),
                ellipse([0, 0], secondMoments(points), 'descent')
              ]
            : []),
          arrow([0, 0], ray(0, 0.92 * REACH), 'truth', 3),
          ...(isOpen ? [arrow([0, 0], ray(descent, 0.84 * REACH), 'descent', 3)] : [])
        ]
      }
    }
    return {
      picture: {
        spans: [REACH, REACH],
        caption: isOpen
          ? 'Plane of the truth (black) and the learned direction (orange; thin: other data sets); grey: within 45°, where it counts as found; ellipse: the rows’ spread in this plane'
          : 'Black: the true direction; grey: within 45° of it; dots: rows of data set 1',
        tiles: DRAWN_ROW_COUNTS.map(tile)
      },
      panels: [
        {
          title: isOpen ? `Found within 45°: share of ${so.length} data sets` : 'Found within 45°: after your answer',
          x,
          y: { domain: [0, 1.02], ticks: [tick(0), tick(0.5, '½'), tick(1)] },
          marks: [...rules, ...lines(share)]
        },
        {
          title: isOpen ? 'Mean angle to truth' : 'Mean angle to truth: after your answer',
          x: { ...x, title: 'rows n' },
          y: { domain: [0, 90], ticks: [0, 45, 90].map(value => tick(value, `${value}°`)) },
          marks: [...rules, ...lines(mean), ...threshold]
        }
      ],
      now: !isOpen
        ? `Drawn: the first of ${DATA_SETS} data sets for each number of rows. Choose an answer; the directions that descent learns are then drawn.`
        : `${choice.rows} rows: found in *${found(of('descent', shown))} of ${so.length}*, ${mean(of('descent', shown)).toFixed(0)}° off on average. In this data set the variance is *${stretch[0].toFixed(2)}* along the learned direction, ${stretch[1].toFixed(2)} along the truth.`,
      answer: won < 0.3 ? 'few' : won > 0.7 ? 'most' : 'half',
      happened: `At the threshold, ${Math.round(needed)} rows, clusters and chance together stretch a large cloud no further than chance alone: both to a variance of about ${((1 + far ** 2) ** 2).toFixed(1)}. ${below.length > 0 ? `Up to there, descent found the direction in ${foundBelow} of ${frames.length * below.length} data sets. ` : ''}${enough === undefined ? 'Each halving of |c| takes sixteen times as many rows.' : `From ${enough} rows on it found it in nine of ten or more, and so did {power iteration}.`}`,
      why:
        won < 0.5
          ? `In ${dim} dimensions chance alone stretches ${choice.rows} rows to a variance of about *${byChance.toFixed(1)}* in some direction; the clusters alone reach ${(1 + far ** 2).toFixed(1)} along theirs. Descent finds the widest direction, however long it trains.`
          : `In ${dim} dimensions chance alone stretches ${choice.rows} rows to a variance of about ${byChance.toFixed(1)} in some direction; clusters and chance together reach *${((1 + far ** 2) * (1 + dim / ROWS[shown] / far ** 2)).toFixed(1)}* near theirs. So the widest direction is nearly theirs, and descent and power iteration find it together.`
    }
  }
})

/** Below n|c|⁴/d ≈ 1 no direction is found, however long one trains. */
import { Initializer, Key, Mixture, Score, Stage } from 'ornstein'
import type { Mark } from '../plot.js'
import { angle, define, descendPair, learned, mean } from './question.js'

const ROWS = [8, 16, 32, 64, 128, 256, 512]
const SAMPLES = 20
/** Found: within so many degrees. */
const FOUND = 45

interface Frame {
  /** Degrees from the truth, for each number of rows. */
  readonly descent: ReadonlyArray<number>
  readonly power: ReadonlyArray<number>
}

const read = (choice: Readonly<Record<string, string>>) => ({
  far: Number(choice.far),
  dim: Number(choice.dim),
  steps: Number(choice.steps)
})

export const rows = define<null, Frame>({
  name: 'How much data',
  question: 'How much data does a direction need?',
  lead: 'Two clusters in many dimensions, a fresh data set for each run, and for each number of rows. Descent at high noise looks for the direction between the clusters, and so does power iteration. Watch the share of runs that end within 45° of it.',
  statement:
    'Among d dimensions, chance alone stretches a cloud of n rows by about √(d/n) in its widest direction, and the clusters stretch it by |c|². The clusters win where n|c|⁴/d exceeds one. Below it the widest direction of a large cloud says nothing about them (Baik, Ben Arous & Péché 2005).',
  unit: 'data set',
  first: 1,
  controls: [
    {
      name: 'rows',
      label: 'Rows, in the picture',
      options: ROWS.map(n => [String(n), String(n)] as const),
      chosen: '128',
      shows: true
    },
    {
      name: 'far',
      label: 'Distance of the clusters from 0',
      options: [
        ['1', '1'],
        ['0.7', '0.7'],
        ['0.5', '0.5']
      ]
    },
    {
      name: 'dim',
      label: 'Dimensions',
      options: [
        ['32', '32'],
        ['8', '8']
      ]
    },
    {
      name: 'steps',
      label: 'Steps of training',
      options: [
        ['100', '100'],
        ['300', '300']
      ]
    }
  ],
  tries: [
    { text: 'Halve the distance. How many rows does the direction need now?', choice: { far: '0.5', rows: '512' } },
    { text: 'Train three times as long. Does it help below the line?', choice: { steps: '300', rows: '16' } },
    { text: 'Use 8 dimensions in place of 32. Are fewer rows enough?', choice: { dim: '8', rows: '32' } }
  ],
  steps: () => SAMPLES - 1,
  run: choice => {
    const { far, dim, steps } = read(choice)
    const truth = Array.from({ length: dim }, () => far / Math.sqrt(dim))
    const frames = function* (): Generator<Frame> {
      for (let seed = 0; seed < SAMPLES; seed++) {
        const of = (stage: Stage.Stage): ReadonlyArray<number> =>
          ROWS.map(n => {
            const data = Mixture.sample(n)(Key.fromSeed(1000 + seed))(Mixture.symmetricPair(truth))
            const start = Initializer.gaussian({ scale: 0.01 })
            const { mean } = learned({ data, score: Score.symmetricPair, start, stages: [stage], seed })
            return angle(mean.values, truth)
          })
        // At this noise, steps of training and of power iteration are alike.
        yield { descent: of(descendPair(1.5, steps)), power: of(Stage.powerIteration({ steps })) }
      }
    }
    return { setting: null, frames: frames() }
  },
  view: ({ frames, step, choice }) => {
    const { far, dim, steps } = read(choice)
    const seen = frames.slice(0, step + 1)
    const ratio = (n: number): number => (n * far ** 4) / dim
    const share = (all: ReadonlyArray<number>): number => all.filter(a => a <= FOUND).length / all.length
    const of = (who: keyof Frame, i: number): ReadonlyArray<number> => seen.map(frame => frame[who][i])
    const shown = ROWS.indexOf(Number(choice.rows))
    const ray = (degrees: number, length: number) =>
      [length * Math.cos((degrees * Math.PI) / 180), length * Math.sin((degrees * Math.PI) / 180)] as const
    const marks: ReadonlyArray<Mark> = [
      { kind: 'path', places: [[0, 0], ray(FOUND, 1.05)], look: 'quiet' },
      { kind: 'label', at: ray(FOUND, 0.98), text: '45°', look: 'quiet' },
      ...of('descent', shown).map(
        a => ({ kind: 'arrow', from: [0, 0], to: ray(a, 0.9), look: 'descent', thin: true }) as const
      ),
      { kind: 'arrow', from: [0, 0], to: [1.1, 0], look: 'truth' },
      { kind: 'label', at: [0.92, 0], text: 'truth', look: 'truth' }
    ]
    const [low, high] = [ratio(ROWS[0]) / 1.2, ratio(ROWS[ROWS.length - 1]) * 1.2]
    const x = {
      from: low,
      to: high,
      log: true,
      ticks: (
        [
          [1 / 256, '1/256'],
          [1 / 64, '1/64'],
          [1 / 16, '1/16'],
          [1 / 4, '¼'],
          [1, '1'],
          [4, '4'],
          [16, '16'],
          [64, '64']
        ] as const
      ).filter(([value]) => value >= low && value <= high),
      name: 'n|c|⁴/d: rows × distance⁴ ÷ dimensions'
    }
    const lines = (value: (all: ReadonlyArray<number>) => number) => [
      {
        label: 'power iteration',
        look: 'em' as const,
        dotted: true,
        places: ROWS.map((n, i) => [ratio(n), value(of('power', i))] as const)
      },
      {
        label: 'descent',
        look: 'descent' as const,
        places: ROWS.map((n, i) => [ratio(n), value(of('descent', i))] as const),
        at: [ratio(ROWS[shown]), value(of('descent', shown))] as const
      }
    ]
    const found = of('descent', shown).filter(a => a <= FOUND).length
    const below = ROWS.filter(n => ratio(n) < 1)
    const foundBelow =
      below.length === 0 ? 0 : below.reduce((sum, _, i) => sum + of('descent', i).filter(a => a <= FOUND).length, 0)
    // Fewer than ten do not show nine of ten.
    const enough = seen.length < 10 ? undefined : ROWS.find((_, i) => share(of('descent', i)) >= 0.9)
    const rules = [{ x: 1, text: 'n|c|⁴ = d' }].filter(rule => rule.x > low && rule.x < high)
    return {
      picture: {
        caption: `Angles between the directions learned from ${choice.rows} rows and the truth`,
        reach: 0.62,
        about: [0.58, 0.45],
        marks
      },
      panels: [
        {
          title: 'Share of runs within 45°',
          x,
          y: {
            from: 0,
            to: 1.02,
            ticks: [
              [0, '0'],
              [0.5, '½'],
              [1, '1']
            ]
          },
          lines: lines(share),
          rules
        },
        {
          title: 'Mean angle',
          x,
          y: {
            from: 0,
            to: 90,
            ticks: [
              [0, '0°'],
              [45, '45°'],
              [90, '90°']
            ]
          },
          lines: lines(mean),
          rules
        }
      ],
      says: [
        `After ${seen.length} data ${seen.length === 1 ? 'set' : 'sets'} of ${choice.rows} rows, descent found the direction in *${found} of ${seen.length}*, at ${mean(of('descent', shown)).toFixed(0)}° on average.`,
        below.length > 0
          ? `Below the line, ${foundBelow} of ${seen.length * below.length} runs found it after ${steps} steps: in ${dim} dimensions chance directions stretch the cloud as much as the clusters do.`
          : 'All of these are above the line.',
        enough === undefined
          ? `At this distance ${Math.round(dim / far ** 4)} rows reach the line, and about ${Math.round((8 * dim) / far ** 4)} find the direction; each halving of |c| takes sixteen times as many.`
          : `From ${enough} rows on, nine of ten runs succeed, and power iteration with them.`
      ].join(' ')
    }
  }
})

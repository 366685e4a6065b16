/** Very high noise shows how wide a cloud is, and hardly which way it is turned. */
import { Initializer, Key, Mixture, Score } from 'ornstein'
import { type Mark, type Place, upTo } from '../plot.js'
import { curve, define, descend, length, mean, places, since, states } from './question.js'

const RADIUS = 3
const TURN = 0.4
/** Steps of low noise at the end. */
const LOW = 30

const triangle = (radius: number, turn: number): ReadonlyArray<Place> =>
  [0, 1, 2].map(k => {
    const angle = turn + (2 * k * Math.PI) / 3
    return [radius * Math.cos(angle), radius * Math.sin(angle)]
  })
const truth = triangle(RADIUS, TURN)

const read = (choice: Readonly<Record<string, string>>) => {
  const time = Number(choice.noise)
  const before = time === 0.1 ? 0 : choice.switch === 'never' ? 200 : Number(choice.switch)
  const after = choice.switch === 'never' && time !== 0.1 ? 0 : LOW
  return { time, before, after, isLow: time === 0.1, never: after === 0 }
}

interface Frame {
  /** [3, 2] */
  readonly guesses: ReadonlyArray<number>
}
const centred = ({ guesses }: Frame): ReadonlyArray<Place> => {
  const all = places(guesses)
  const [x, y] = [mean(all.map(([x]) => x)), mean(all.map(([, y]) => y))]
  return all.map(([u, v]) => [u - x, v - y])
}
/** The radius of a triangle, in the mean square. */
const size = (frame: Frame): number => length(centred(frame).flat()) / Math.sqrt(3)
/** By how much it would have to turn, in degrees: at most 60. */
const turned = (frame: Frame): number =>
  Math.min(
    ...centred(frame).map(([x, y]) => {
      const off = (((((Math.atan2(y, x) - TURN) * 180) / Math.PI) % 120) + 120) % 120
      return Math.min(off, 120 - off)
    })
  )

export const lower = define<Float64Array, Frame>({
  name: 'Why lower the noise',
  question: 'If high noise works, why lower it?',
  lead: 'Three clusters, and three guesses that start as a tiny triangle turned the wrong way. At very high noise the data look like one round cloud. Descent can see how wide the cloud is: can it see which way the triangle points?',
  statement:
    'At high noise the loss compares moments, and the n-th moment counts as α²ⁿ. A triangle and the same triangle turned have one mean and one covariance, and differ only from the third moment on. The settings were chosen to make the gap visible: at t = 1 it is small.',
  unit: 'step',
  controls: [
    {
      name: 'noise',
      label: 'Noise at first',
      options: [
        ['0.1', 'low'],
        ['1', 'medium'],
        ['1.5', 'high'],
        ['2.2', 'very high']
      ],
      chosen: '2.2'
    },
    {
      name: 'switch',
      label: 'Switch to low noise',
      options: [
        ['20', 'after 20 steps'],
        ['50', 'after 50'],
        ['never', 'never']
      ],
      chosen: '50'
    }
  ],
  tries: [
    { text: 'Never switch. Does very high noise get there alone?', choice: { switch: 'never' } },
    {
      text: 'Use less noise at first. Does the gap between the two curves close?',
      choice: { noise: '1', switch: 'never' }
    },
    { text: 'Use low noise from the start. Was the high noise needed?', choice: { noise: '0.1' } }
  ],
  steps: choice => {
    const { before, after } = read(choice)
    return before + after
  },
  run: choice => {
    const { time, before, after } = read(choice)
    const data = Mixture.sample(1000)(Key.fromSeed(7))(Mixture.of({ means: truth }))
    const stages = [...(before > 0 ? [descend(time, before, 3)] : []), ...(after > 0 ? [descend(0.1, after, 3)] : [])]
    const start = Initializer.centres(triangle(0.1, TURN + (50 * Math.PI) / 180).map(place => [...place]))
    const frames = function* (): Generator<Frame> {
      for (const { params } of states({ data, score: Score.spherical({ components: 3 }), start, stages }))
        yield { guesses: [...params.means.values] }
    }
    return { setting: data.values, frames: frames() }
  },
  view: ({ setting, frames, step, done, choice }) => {
    const { time, before, after, isLow, never } = read(choice)
    const [sized, straight] = [
      since(frames, frame => Math.abs(size(frame) - RADIUS) < 0.1 * RADIUS),
      since(frames, frame => turned(frame) < 3)
    ]
    const now = frames[step]
    const last = frames[frames.length - 1]
    const marks: ReadonlyArray<Mark> = [
      { kind: 'cloud', points: setting, look: 'quiet' },
      { kind: 'path', places: truth, look: 'truth', closed: true },
      ...truth.map(at => ({ kind: 'cross', at, look: 'truth' }) as const),
      { kind: 'label', at: truth[0], text: 'truth', look: 'truth' },
      ...[0, 1, 2].map(
        k =>
          ({ kind: 'path', places: frames.slice(0, step + 1).map(f => places(f.guesses)[k]), look: 'quiet' }) as const
      ),
      { kind: 'path', places: places(now.guesses), look: 'descent', closed: true },
      ...places(now.guesses).map(at => ({ kind: 'disc', at, look: 'descent' }) as const)
    ]
    const x = { from: 0, to: before + after, ticks: upTo(before + after), name: 'step' }
    const rules = !isLow && !never ? [{ x: before, text: 'low noise' }] : []
    const says = [
      `Step ${step}: the triangle has *size ${size(now).toFixed(1)} of ${RADIUS}* and is *${turned(now).toFixed(0)}° off*.`,
      !done
        ? ''
        : isLow
          ? `With low noise from the start, size and direction are right after ${Math.max(sized, straight)} steps. Here low noise alone is the fastest way; question 5 shows where it fails.`
          : never
            ? straight < 0
              ? `The size was right by step ${sized}. After ${before} steps the triangle is still ${turned(last).toFixed(0)}° off.`
              : `The size is right by step ${sized}, the direction by step ${straight}. The noisier, the wider this gap.`
            : step <= before
              ? sized >= 0 && sized <= step
                ? 'The cloud is as wide as it should be. Which way the triangle points hardly changes it, so little is left to learn at this noise.'
                : 'The size comes first.'
              : straight >= 0
                ? `At step ${before} the noise fell, with the triangle ${turned(frames[before]).toFixed(0)}° off. Low noise brought it below 3° within ${straight - before} steps.`
                : '',
      done && !isLow && never && time < 2 ? 'Less noise blurs the triangle less.' : ''
    ]
    return {
      picture: { caption: 'The data before noise is added, the truth ✕ and the guesses ●', reach: 6, marks },
      panels: [
        {
          title: 'Size of the triangle',
          x,
          y: {
            from: 0,
            to: 3.5,
            ticks: [
              [0, '0'],
              [3, '3']
            ]
          },
          lines: [{ label: 'size', look: 'descent', places: curve(frames, step, size), at: [step, size(now)] }],
          rules
        },
        {
          title: 'How far it is turned',
          x,
          y: {
            from: 0,
            to: 62,
            ticks: [
              [0, '0°'],
              [30, '30°'],
              [60, '60°']
            ]
          },
          lines: [{ label: 'turn', look: 'em', places: curve(frames, step, turned), at: [step, turned(now)] }],
          rules
        }
      ],
      says: says.filter(text => text !== '').join(' ')
    }
  }
})

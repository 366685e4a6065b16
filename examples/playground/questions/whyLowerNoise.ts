/** Very high noise shows the width of a cloud, and hardly its orientation. */
import { Initializer, Key, Mixture, Score } from 'ornstein'
import { cross, curve, disc, path, type Place, rule, tick } from '../plot.js'
import {
  noisedCloud,
  defineQuestion,
  descend,
  length,
  mean,
  places,
  selfNamedOptions,
  polygon,
  firstStepWhere,
  states,
  upTo
} from './question.js'

const RADIUS = 3
const TURN = 0.4
/** Number of steps of low noise at the end. */
const LOW_NOISE_STEPS = 30

const truth = polygon(3, RADIUS, TURN)

const read = (choice: Readonly<Record<string, string>>) => {
  const time = Number(choice.noise)
  const before = time === 0.1 ? 0 : choice.switch === 'never' ? 200 : Number(choice.switch)
  const after = choice.switch === 'never' && time !== 0.1 ? 0 : LOW_NOISE_STEPS
  return { time, before, after, isLow: time === 0.1, never: after === 0 }
}

interface Frame {
  /** [3, 2] */
  readonly guesses: ReadonlyArray<number>
}
interface TriangleRun {
  /** Rows, [n, 2]. */
  readonly setting: Float64Array
  readonly frames: Iterable<Frame>
}
const centred = ({ guesses }: Frame): ReadonlyArray<Place> => {
  const all = places(guesses)
  const x = mean(all.map(([x]) => x))
  const y = mean(all.map(([, y]) => y))
  return all.map(([u, v]) => [u - x, v - y])
}
/** Root mean square radius of a triangle. */
const triangleRadius = (frame: Frame): number => length(centred(frame).flat()) / Math.sqrt(3)
/** Angle by which the triangle is turned from the truth, in degrees: at most 60. */
const turnedDegrees = (frame: Frame): number =>
  Math.min(
    ...centred(frame).map(([x, y]) => {
      const off = (((((Math.atan2(y, x) - TURN) * 180) / Math.PI) % 120) + 120) % 120
      return Math.min(off, 120 - off)
    })
  )

/** Run of a choice: descent at the chosen noise, then at low noise. */
export const triangleRun = (choice: Readonly<Record<string, string>>): TriangleRun => {
  const { time, before, after } = read(choice)
  const data = Mixture.sample(1000)(Key.fromSeed(7))(Mixture.of({ means: truth }))
  const stages = [...(before > 0 ? [descend(time, before, 3)] : []), ...(after > 0 ? [descend(0.1, after, 3)] : [])]
  const start = Initializer.centres(polygon(3, 0.1, TURN + (50 * Math.PI) / 180).map(place => [...place]))
  const frames = function* (): Generator<Frame> {
    for (const { params } of states({ data, score: Score.spherical({ components: 3 }), start, stages }))
      yield { guesses: [...params.means.values] }
  }
  return { setting: data.values, frames: frames() }
}

export const whyLowerNoise = defineQuestion<Float64Array, Frame>({
  number: '2',
  name: 'Why lower the noise',
  question: 'If high noise works, why lower it?',
  lead: 'This much {noise} turns three clusters into one round cloud. Three guesses, a tiny triangle turned the wrong way, learn to remove it by descent. The circle shows which way the triangle is turned. When the noise falls, the picture zooms in.',
  statement:
    'At high noise the {loss} compares moments, the means of products of n coordinates, and the n-th counts as α²ⁿ. A triangle and the same triangle turned have one mean and one covariance, and differ only from the {third moment} on. The settings were chosen to make the gap visible: at t = 1 it is small.',
  opens: { blur: 1 },
  // Slows the steps in which the noise falls and the triangle turns into place.
  slow: (choice, step) => {
    const { before, after } = read(choice)
    return before > 0 && after > 0 && step >= before - 1 && step < before + 5 ? 8 : 1
  },
  leads: 'Is a denoising step an EM step?',
  unit: 'step',
  controls: [
    {
      name: 'noise',
      label: 'Noise level t at first',
      options: selfNamedOptions('0.1', '1', '1.5', '2.2'),
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
    { text: 'Never switch', asks: 'Does it get there?', choice: { switch: 'never' } },
    { text: 'Less noise: t = 1', asks: 'Does the gap close?', choice: { noise: '1', switch: 'never' } },
    { text: 'Low from the start', asks: 'Was high noise needed?', choice: { noise: '0.1' } },
    { text: 'Start over', asks: 'Low from step 50 on', choice: {} }
  ],
  ask: choice => {
    const { before, isLow, never } = read(choice)
    return {
      text:
        isLow || never
          ? `At noise t = ${choice.noise}, what will the triangle get right first?`
          : `At step ${before} the noise falls. What will the triangle get right before that?`,
      options: [
        ['size', 'Its size'],
        ['turn', 'Its direction'],
        ['both', 'Both']
      ]
    }
  },
  steps: choice => {
    const { before, after } = read(choice)
    return before + after
  },
  run: triangleRun,
  view: seen => {
    const { setting, frames, step, done, choice } = seen
    const { time, before, after, isLow, never } = read(choice)
    const sized = firstStepWhere(frames, frame => Math.abs(triangleRadius(frame) - RADIUS) < 0.1 * RADIUS)
    const straight = firstStepWhere(frames, frame => turnedDegrees(frame) < 3)
    const now = frames[step]
    const last = frames[frames.length - 1]
    const level = step < before || never ? time : 0.1
    const { cloud, widened, says } = noisedCloud(seen, setting, level)
    const x = { domain: [0, before + after] as const, least: 1 }
    const rules = isLow || never ? [] : [rule('x', before)]
    const switched = rules.length > 0 ? `: low noise from step ${before}` : ''
    const line = (label: string, look: 'descent' | 'em', of: (frame: Frame) => number) =>
      curve({ label, look, places: upTo(frames, step, of), at: [step, of(now)] })
    const isApart = straight < 0 || straight > sized + 8
    const gap = `The size is within 10\u00a0% by step ${sized}`
    // A dial next to the data shows the orientation of triangles of any size.
    const inDial = (corners: ReadonlyArray<Place>, long: number): ReadonlyArray<Place> =>
      corners.map(([u, v]) => [(0.9 * u) / long, (0.9 * v) / long])
    // In the first steps of low noise the size may fall before it grows.
    const least = Math.min(...frames.slice(before, before + 4).map(triangleRadius))
    const dip =
      triangleRadius(frames[before] ?? last) - least > 0.1
        ? ` The size dips to ${least.toFixed(1)} on the way: each turned corner first moves to the mean of rows of two clusters, further inside.`
        : ''
    return {
      picture: {
        reach: widened(5.6),
        caption: `✕ truth; ● guesses and their paths; ${says}`,
        marks: [
          cloud,
          path(truth, 'truth', { isClosed: true, dash: '2 6' }),
          ...truth.map(cross),
          ...[0, 1, 2].map(k =>
            path(
              frames.slice(0, step + 1).map(({ guesses }) => places(guesses)[k]),
              'descent',
              { width: 1.5, opacity: 0.5 }
            )
          ),
          path(places(now.guesses), 'descent', { isClosed: true }),
          ...places(now.guesses).map(at => disc(at, 'descent'))
        ],
        inset: {
          marks: [
            path(inDial(truth, RADIUS), 'truth', { isClosed: true, dash: '3 4', width: 1.5 }),
            path(inDial(centred(now), triangleRadius(now)), 'descent', { isClosed: true, width: 3 })
          ],
          words: [
            [`${turnedDegrees(now).toFixed(0)}° off`, 'truth'],
            ...(triangleRadius(now) < RADIUS / 2 ? [['enlarged', 'quiet'] as const] : [])
          ]
        }
      },
      panels: [
        {
          title: `Size of triangle${switched}`,
          x,
          y: { domain: [0, 3.4], ticks: [tick(0), tick(RADIUS, 'truth')] },
          marks: [...rules, ...line('size', 'descent', triangleRadius)]
        },
        {
          title: 'How far it is turned',
          x: { ...x, title: 'step' },
          y: { domain: [0, 62], ticks: [0, 30, 60].map(value => tick(value, `${value}°`)) },
          marks: [...rules, ...line('turn', 'em', turnedDegrees)]
        }
      ],
      now: `Step ${step}, noise t = ${level}: the triangle has *size ${triangleRadius(now).toFixed(1)} of ${RADIUS}* and is *${turnedDegrees(now).toFixed(0)}° off*.`,
      answer: isApart ? 'size' : 'both',
      happened: !done
        ? ''
        : isLow
          ? `Size and direction are right by step ${Math.max(sized, straight)}. Here low noise alone is the fastest way; question 5 shows where it fails.`
          : never
            ? straight < 0
              ? `${gap}. After ${before} steps the triangle is still ${turnedDegrees(last).toFixed(0)}° off.`
              : `${gap}, the direction within 3° by step ${straight}. The noisier, the wider this gap.`
            : `${gap}. ${straight >= 0 && straight <= before ? `The direction is within 3° by step ${straight}.` : `At step ${before} the noise fell, with the triangle ${turnedDegrees(frames[before] ?? last).toFixed(0)}° off. Low noise brought it below 3° ${straight < 0 ? 'never' : `within ${straight - before} steps`}.${dip}`}`,
      why:
        isLow || !isApart
          ? 'With this little noise the three clusters stay apart, so each guess is pulled towards its own cluster. That sets size and direction together.'
          : 'Descent matches the {covariance} of the cloud first. In question 1 that was enough: two clusters stretch it along their direction. The covariance of a triangle is round: it holds the size alone. The direction shows only in {third moments|third moment} (means of products of three coordinates), which noise hides sooner.'
    }
  }
})

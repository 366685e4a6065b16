/** At high noise, a short guess turns as in power iteration on the second moment, and only then grows. */
import { Initializer, Key, Mixture, type Points, Score } from 'ornstein'
import { arrow, cross, curve, type Inset, label, path, type Place, ring, rule, tick } from '../plot.js'
import {
  alpha2,
  angle,
  noisedCloud,
  defineQuestion,
  descendPair,
  length,
  percent,
  selfNamedOptions,
  firstStepWhere,
  states,
  rotated,
  upTo
} from './question.js'

interface Setting {
  readonly points: Float64Array
  readonly truth: Place
  /** Factors of power iteration along the data's widest direction, and across it. */
  readonly growth: readonly [along: number, across: number]
}
interface Frame {
  readonly guess: Place
  /** Prediction by Ĉ alone. */
  readonly power: Place
}

const read = (choice: Readonly<Record<string, string>>) => {
  const [start, time, far, degrees] = [choice.start, choice.noise, choice.far, choice.degrees].map(Number)
  // A step multiplies the part along the clusters by exp(growth), relative to the rest.
  const growth = Math.log(1 + 2 * alpha2(time) * far * far)
  const grown = Math.log(far / (start * Math.cos(1.48))) / growth
  const straight = Math.log(11.4 * 57) / growth
  return { start, time, far, degrees, steps: Math.min(120, Math.max(12, Math.ceil(1.35 * Math.max(grown, straight)))) }
}

const secondMoment = ({ rows, values }: Points.Points): readonly [xx: number, xy: number, yy: number] => {
  let xx = 0
  let xy = 0
  let yy = 0
  for (let i = 0; i < values.length; i += 2) {
    xx += values[i] * values[i]
    xy += values[i] * values[i + 1]
    yy += values[i + 1] * values[i + 1]
  }
  return [xx / rows, xy / rows, yy / rows]
}

/** Summary of the run's first events, for its texts. */
const runSummary = (frames: ReadonlyArray<Frame>, truth: Place, start: number) => {
  const off = frames.map(({ guess }) => angle(guess, truth))
  const long = frames.map(({ guess }) => length(guess))
  const end = long[long.length - 1]
  const within = firstStepWhere(off, degrees => degrees < 5)
  const half = firstStepWhere(long, each => each > end / 2)
  const shortest = Math.min(...long)
  const answer =
    shortest < 0.97 * start
      ? 'shrink'
      : within >= 0 && long[within] < end / 4
        ? 'turn'
        : half < within
          ? 'grow'
          : 'both'
  const gap = Math.max(...frames.map(({ power }, i) => Math.abs(off[i] - angle(power, truth))))
  const apart = firstStepWhere(
    frames,
    ({ guess, power }) => Math.abs(Math.log(length(power) / length(guess))) > Math.log(1.1)
  )
  return { off, long, end, within, half, shortest, answer, gap, apart }
}

/** Parts of a guess along the truth and across it. */
const parts = (guess: Place, [x, y]: Place): Place => {
  const far = length([x, y])
  return [(guess[0] * x + guess[1] * y) / far, (guess[1] * x - guess[0] * y) / far]
}

export const whatIsLearnedFirst = defineQuestion<Setting, Frame>({
  number: '1',
  name: 'What is learned first',
  question: 'What does descent learn first?',
  lead: 'Two clusters sit at *c* and *−c*. A model learns by {gradient descent} to remove much {noise} from their points. All that it has is one arrow, its guess for *c*. Dots show {power iteration}, which looks for the direction in which the cloud is widest.',
  statement:
    'While the guess is short, one step of descent multiplies it by I + 2α²(Ĉ − I), where Ĉ is the {second moment} of the data and α² = exp(−2t). That is {power iteration} with a shift. The dots are computed from Ĉ alone, without the {loss}. The rate is ½/α², the length of a step of {EM|expectation–maximization}.',
  opens: { blur: 1 },
  leads: 'Why lower the noise?',
  unit: 'step',
  controls: [
    { name: 'start', label: 'Start length', options: selfNamedOptions('0.01', '1', '3') },
    { name: 'noise', label: 'Noise level t', options: selfNamedOptions('0.1', '0.5', '1.5', '2'), chosen: '1.5' },
    { name: 'far', label: 'Length of c', options: selfNamedOptions('1', '2', '3'), chosen: '2' },
    { name: 'degrees', label: 'Angle of the start', options: [], chosen: '85' }
  ],
  tries: [
    { text: 'Start long: length 3', asks: 'Do the dots still hold?', choice: { start: '3' } },
    { text: 'Low noise: t = 0.1', asks: 'Is high noise needed?', choice: { noise: '0.1' } },
    { text: 'Closer: |c| = 1', asks: 'How many steps now?', choice: { far: '1' } },
    { text: 'Start over', asks: 'Turn the start yourself', choice: {} }
  ],
  ask: ({ start }) => ({
    text:
      start === '3'
        ? 'The guess starts longer than c. What will it do first?'
        : 'The guess starts almost sideways. What will it do first?',
    options: [
      ['turn', 'It turns'],
      ['grow', 'It grows'],
      start === '3' ? ['shrink', 'It shrinks'] : ['both', 'Both at once']
    ]
  }),
  steps: choice => read(choice).steps,
  run: choice => {
    const { start, time, far, degrees, steps } = read(choice)
    const truth: Place = [0.8 * far, 0.6 * far]
    const data = Mixture.sample(1000)(Key.fromSeed(7))(Mixture.symmetricPair([...truth]))
    const [xx, xy, yy] = secondMoment(data)
    const rate = 2 * alpha2(time)
    const first = rotated([0.8 * start, 0.6 * start], degrees)
    const frames = function* (): Generator<Frame> {
      let power = first
      const stages = [descendPair(time, steps)]
      const begin = Initializer.centres([[...first]])
      for (const { params } of states({ data, score: Score.symmetricPair, start: begin, stages })) {
        const [x, y] = params.mean.values
        yield { guess: [x, y], power }
        const [u, v] = power
        power = [u + rate * (xx * u + xy * v - u), v + rate * (xy * u + yy * v - v)]
      }
    }
    const half = Math.hypot((xx - yy) / 2, xy)
    const growth = [1, -1].map(side => 1 + rate * ((xx + yy) / 2 + side * half - 1))
    return { setting: { points: data.values, truth, growth: [growth[0], growth[1]] }, frames: frames() }
  },
  view: seen => {
    const { setting, frames, step, done, choice, told } = seen
    const { points, truth } = setting
    const { start, time, far, degrees, steps } = read(choice)
    const { guess } = frames[step]
    const known = runSummary(frames, truth, start)
    const off = known.off[step]
    const now = known.long[step]
    const { cloud, widened, says } = noisedCloud(seen, points, time)
    const reach = widened(Math.max(4.2, far + 2.6, start + 0.8))

    // A dial next to the data shows the direction of arrows of any length.
    const along = (to: Place, share: number): Place => [(share * to[0]) / length(to), (share * to[1]) / length(to)]
    const tip = along(guess, 0.88)
    const hasMirror = now > 0.1 * reach
    const marks = [
      cloud,
      ...[1, -1].map(side =>
        path(
          frames.slice(0, step + 1).map(frame => [side * frame.guess[0], side * frame.guess[1]] as const),
          'descent',
          { width: 1.5, opacity: 0.6 }
        )
      ),
      ...[1, -1].map(side => cross([side * truth[0], side * truth[1]])),
      label(truth, 'c', 'truth'),
      label([-truth[0], -truth[1]], '−c', 'truth', [-12, 20], 'end'),
      ...(hasMirror ? [ring([-guess[0], -guess[1]], 'descent', 5)] : []),
      arrow([0, 0], guess, 'descent', 4),
      label(now > 0.25 * reach ? guess : [0, 0], `guess, ${now.toFixed(now < 0.1 ? 3 : 2)} long`, 'descent', [12, 22])
    ]
    const inset: Inset = {
      marks: [
        path([along(truth, 1), along([-truth[0], -truth[1]], 1)], 'truth', { width: 1.5, dash: '4 4' }),
        arrow([0, 0], tip, 'descent', 3)
      ],
      words: [
        [`${off.toFixed(off < 10 ? 1 : 0)}° off`, 'truth'],
        ['its direction', 'quiet']
      ]
    }

    const { within, end, half, answer, gap, apart, shortest, long } = known
    const isKnown = told && done && within > 0
    const rules = isKnown ? [rule('x', within)] : []
    const x = { domain: [0, steps] as const, least: 1 }
    const lines = (of: (place: Place) => number) => [
      ...curve({
        label: 'power iteration',
        look: 'em',
        dotted: true,
        places: upTo(frames, step, ({ power }) => of(power))
      }),
      ...curve({
        label: 'descent',
        look: 'descent',
        places: upTo(frames, step, frame => of(frame.guess)),
        at: [step, of(guess)]
      })
    ]
    const [first, second] = [0, Math.min(1, frames.length - 1)].map(i => parts(frames[i].guess, truth))
    const grown = second[0] / first[0]
    const kept = second[1] / first[1]
    const [times, across] = setting.growth
    return {
      picture: {
        reach,
        caption: `✕ truth; → guess${hasMirror ? ', ○ its mirror image' : ''}; ${says}`,
        marks,
        inset
      },
      panels: [
        {
          title: isKnown ? `Angle to c: below 5° by step ${within}` : 'Angle to c',
          x,
          y: { domain: [0, 90], ticks: [0, 45, 90].map(value => tick(value, `${value}°`)) },
          marks: [...rules, ...lines(place => angle(place, truth))]
        },
        {
          title: isKnown ? `Length of the guess: ${long[within].toFixed(2)} by then` : 'Length of the guess',
          x: { ...x, title: 'step' },
          y: { domain: [0, Math.max(1.35 * far, 1.05 * start)], ticks: [tick(0), tick(far, '|c|')] },
          marks: [...rules, ...lines(length)]
        }
      ],
      handles:
        step === 0
          ? [
              {
                at: tip,
                isInset: true,
                label: 'Direction of the start',
                text: `${degrees}° off`,
                to: ([u, v]) => ({
                  degrees: String(Math.min(89, Math.max(5, Math.round(angle([u, v], truth)))))
                })
              }
            ]
          : [],
      now: `Step ${step}: the guess is *${off.toFixed(off < 10 ? 1 : 0)}° off* and *${now.toFixed(now < 0.1 ? 3 : 2)} long*, ${percent(now / far)} of |c|.`,
      answer,
      happened:
        answer === 'shrink'
          ? `The long guess first shrinks, to ${shortest.toFixed(2)}. Its length leaves the dots at once. Its angle stays within ${Math.ceil(gap)}° of them, and is below 5° by step ${within}.`
          : `By step ${within} it points within 5° of c, at ${percent(long[within] / end)} of its final length; half its length comes at step ${half}. Then it stops growing, and {power iteration} does not${apart > 0 ? `; by step ${apart} they differ by 10 %` : ''}.${time < 0.3 ? ' Low noise finds the direction too.' : ''}`,
      why:
        answer === 'shrink'
          ? `A long guess makes the model too sure, so descent shortens it: the first step multiplies its part across c by ${kept.toFixed(2)}, its part along c by ${grown.toFixed(2)}. Their ratio, ${(grown / kept).toFixed(2)}, is near the ${(times / across).toFixed(2)} of a short guess, so the angle follows the dots though the length does not.`
          : `While the guess is short, every step multiplies it by the same matrix: × ${times.toFixed(2)} along the clusters, where the data stretch, and × ${across.toFixed(2)} across. So it turns well before it grows. A short guess is pulled in proportion to its length; one as long as c answers with c or −c and nothing larger, so it stops growing.`
    }
  }
})

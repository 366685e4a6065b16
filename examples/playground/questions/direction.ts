/** At high noise, a short guess turns as power iteration on the second moment does, and only then grows. */
import { Initializer, Key, Mixture, type Points, Score } from 'ornstein'
import { type Line, type Mark, type Place, upTo } from '../plot.js'
import { alpha2, angle, curve, define, descendPair, length, percent, since, states, turned } from './question.js'

interface Setting {
  readonly points: Float64Array
  readonly truth: Place
}
interface Frame {
  readonly guess: Place
  /** What Ĉ alone predicts. */
  readonly power: Place
}

const read = (choice: Readonly<Record<string, string>>) => {
  const [start, time, far] = [Number(choice.start), Number(choice.noise), Number(choice.far)]
  // A step multiplies the part along the clusters by this, and the rest by one.
  const growth = Math.log(1 + 2 * alpha2(time) * far * far)
  const [grown, straight] = [Math.log(far / (start * Math.cos(1.48))), Math.log(11.4 * 57)].map(x => x / growth)
  return { start, time, far, steps: Math.min(400, Math.max(12, Math.ceil(1.5 * Math.max(grown, straight)))) }
}

const secondMoment = ({ rows, values }: Points.Points): readonly [number, number, number] => {
  let [xx, xy, yy] = [0, 0, 0]
  for (let i = 0; i < values.length; i += 2) {
    xx += values[i] * values[i]
    xy += values[i] * values[i + 1]
    yy += values[i + 1] * values[i + 1]
  }
  return [xx / rows, xy / rows, yy / rows]
}

export const direction = define<Setting, Frame>({
  name: 'Direction first',
  question: 'Why does descent at high noise find the direction first?',
  lead: 'Two clusters sit at *c* and −*c*. We add much noise to every point, ask a model to remove it, and improve the model by gradient descent. All it has is one arrow, its guess for *c*, which starts almost sideways. Watch its angle and its length separately.',
  statement:
    'While the guess is short, one step of descent multiplies it by I + 2α²(Ĉ − I), where Ĉ is the second moment of the data and α² = exp(−2t). That is power iteration with a shift. The dots are computed from Ĉ alone, without the loss. The rate is ½/α², the length of an EM step.',
  unit: 'step',
  controls: [
    {
      name: 'start',
      label: 'Start length',
      options: [
        ['0.01', '0.01'],
        ['1', '1'],
        ['3', '3']
      ]
    },
    {
      name: 'noise',
      label: 'Noise',
      options: [
        ['0.1', 'low'],
        ['0.5', 'medium'],
        ['1.5', 'high'],
        ['2', 'very high']
      ],
      chosen: '1.5'
    },
    {
      name: 'far',
      label: 'Distance of the clusters from 0',
      options: [
        ['1', '1'],
        ['2', '2'],
        ['3', '3']
      ],
      chosen: '2'
    }
  ],
  tries: [
    { text: 'Start with a long guess. Which of the two curves still follows the dots?', choice: { start: '3' } },
    { text: 'Lower the noise. Is high noise needed to find the direction?', choice: { noise: '0.1', start: '0.01' } },
    { text: 'Bring the clusters closer. How many steps does the turn take now?', choice: { far: '1' } }
  ],
  steps: choice => read(choice).steps,
  run: choice => {
    const { start, time, far, steps } = read(choice)
    const truth: Place = [0.8 * far, 0.6 * far]
    const data = Mixture.sample(1000)(Key.fromSeed(7))(Mixture.symmetricPair([...truth]))
    const [xx, xy, yy] = secondMoment(data)
    const first = turned([0.8 * start, 0.6 * start], 85)
    const frames = function* (): Generator<Frame> {
      let power = first
      const rate = 2 * alpha2(time)
      const stages = [descendPair(time, steps)]
      for (const { params } of states({
        data,
        score: Score.symmetricPair,
        start: Initializer.centres([[...first]]),
        stages
      })) {
        const [x, y] = params.mean.values
        yield { guess: [x, y], power }
        const [u, v] = power
        power = [u + rate * (xx * u + xy * v - u), v + rate * (xy * u + yy * v - v)]
      }
    }
    return { setting: { points: data.values, truth }, frames: frames() }
  },
  view: ({ setting: { points, truth }, frames, step, done, choice }) => {
    const { start, time, far, steps } = read(choice)
    const off = ({ guess }: Frame): number => angle(guess, truth)
    const { guess } = frames[step]
    const now = length(guess)
    const end = length(frames[frames.length - 1].guess)
    const within = since(frames, frame => off(frame) < 5)
    const reach = Math.max(4.2, far + 2.6, start + 0.8)
    const sign = guess[0] * truth[0] + guess[1] * truth[1] < 0 ? -1 : 1
    const shown = Math.max(now, 0.9) / now
    const most = Math.max(1.35 * far, 1.05 * start)
    const dots = (of: (place: Place) => number): Line => ({
      label: 'power iteration',
      look: 'em',
      dotted: true,
      places: frames.map(({ power }, i) => [i, of(power)] as const)
    })
    const marks: ReadonlyArray<Mark> = [
      { kind: 'cloud', points, look: 'quiet' },
      ...[1, -1].flatMap((side): Mark[] => [
        { kind: 'cross', at: [side * truth[0], side * truth[1]], look: 'truth' },
        {
          kind: 'path',
          places: frames.slice(0, step + 1).map(f => [side * f.guess[0], side * f.guess[1]] as const),
          look: 'descent'
        }
      ]),
      // A short arrow is too short to see: a thin one shows where it points.
      ...(now < 0.9
        ? [
            {
              kind: 'arrow',
              from: [0, 0],
              to: [guess[0] * shown, guess[1] * shown],
              look: 'descent',
              thin: true
            } as const
          ]
        : []),
      { kind: 'arrow', from: [0, 0], to: guess, look: 'descent' },
      { kind: 'disc', at: guess, look: 'descent' },
      { kind: 'ring', at: [-guess[0], -guess[1]], look: 'descent' },
      { kind: 'label', at: [sign * truth[0], sign * truth[1]], text: sign > 0 ? 'true c' : 'true −c', look: 'truth' },
      {
        kind: 'label',
        at: [guess[0] * shown, guess[1] * shown - 0.9],
        text: now < 0.9 ? 'direction, enlarged' : 'guess',
        look: 'descent'
      }
    ]
    const x = { from: 0, to: steps, ticks: upTo(steps), name: 'step' }
    const gap = Math.max(...frames.map(frame => Math.abs(off(frame) - angle(frame.power, truth))))
    const shortest = Math.min(...frames.map(frame => length(frame.guess)))
    const says = [
      `Step ${step}: the guess is *${off(frames[step]).toFixed(0)}° off* and has *${percent(now / end)}* of ${done ? 'its final length' : 'the length that it has reached so far'}.`,
      ...(!done
        ? []
        : start < 0.1 && within >= 0
          ? [
              step < within
                ? `It is still turning. By step ${within} it will point within 5° of the truth, at ${percent(length(frames[within].guess) / end)} of its final length.`
                : `It pointed within 5° of the truth by step ${within}, when it had ${percent(length(frames[within].guess) / end)} of its final length. Then descent stops growing; power iteration never does.`
            ]
          : [
              `${shortest < 0.97 * start ? `The long guess first shrinks, to ${shortest.toFixed(2)}: the part across the clusters has to go. ` : ''}Its length leaves the dots at once. Its angle stays within ${Math.ceil(gap)}° of them${within >= 0 ? `, and is below 5° by step ${within}` : ''}.`
            ]),
      ...(done && time < 0.3 ? ['Low noise finds the direction too, and in fewer steps.'] : [])
    ]
    return {
      picture: { caption: 'The data before noise is added, the truth ✕ and the guess ●', reach, marks },
      panels: [
        {
          title: 'Angle to the truth',
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
          lines: [
            dots(place => angle(place, truth)),
            { label: 'descent', look: 'descent', places: curve(frames, step, off), at: [step, off(frames[step])] }
          ]
        },
        {
          title: 'Length of the guess',
          x,
          y: {
            from: 0,
            to: most,
            ticks: [
              [0, '0'],
              [far, '|c|']
            ]
          },
          lines: [
            { ...dots(length), label: 'power iteration' },
            { label: 'descent', look: 'descent', places: curve(frames, step, f => length(f.guess)), at: [step, now] }
          ]
        }
      ],
      says: says.join(' ')
    }
  }
})

/** A gradient step is an EM step plus a correction, which fades as the clusters separate. */
import { Initializer, Mixture, Objective, Params, Population, Schedule, Score, Stage, TimeLaw } from 'ornstein'
import { type Mark, type Place, ticks } from '../plot.js'
import { alpha2, define, learned, length, percent, turned } from './question.js'

interface Pair {
  readonly em: Place
  readonly descent: Place
}
/** The steps of one guess at each noise, all in the plane of α times the parameters. */
interface Frame {
  readonly far: number
  readonly at: Readonly<Record<string, Pair>>
}

const noises = [
  ['0.1', 'low'],
  ['0.5', 'medium'],
  ['1', 'high']
] as const
const FAR = Array.from({ length: 12 }, (_, i) => 0.5 + 0.5 * i)
const guessOf = (far: number): Place => turned([1.25 * 0.8 * far, 1.25 * 0.6 * far], 25)

/** Both steps from one guess, exact for the whole population: EM on the noisy data, and descent scaled to its length. */
const stepsFrom = (far: number, time: number): Pair => {
  const truth = Mixture.symmetricPair([0.8 * far, 0.6 * far])
  const alpha = Math.sqrt(alpha2(time))
  const guess = guessOf(far)
  const begin = guess.map(x => alpha * x)
  const noisy = Mixture.diffuse(Schedule.level(time)(Schedule.ornsteinUhlenbeck))(truth)
  const params = learned({
    data: Population.of(noisy),
    score: Score.symmetricPair,
    start: Initializer.centres([begin]),
    stages: [Stage.expectationMaximization({ steps: 1 })]
  })
  const [x, y] = params.mean.values
  const { gradient } = Population.loss({
    score: Score.symmetricPair,
    objective: Objective.denoising(TimeLaw.at(time)),
    data: truth
  }).evaluate(Params.of({ mean: [...guess] }))
  const [u, v] = gradient.mean.values
  return { em: [x - begin[0], y - begin[1]], descent: [-u / (2 * alpha), -v / (2 * alpha)] }
}

export const frameOf = (far: number): Frame => ({
  far,
  at: Object.fromEntries(noises.map(([t]) => [t, stepsFrom(far, Number(t))]))
})

/** The correction as a share of the EM step. */
const share = ({ em, descent }: Pair): number => length([descent[0] - em[0], descent[1] - em[1]]) / length(em)

export const correction = define<null, Frame>({
  name: 'Nearly EM',
  question: 'How close is a denoising step to an EM step?',
  lead: 'Stand at one wrong guess, a quarter too long and turned by 25°. EM would move it one way; descent on the denoising loss, with its step scaled to match, moves it almost the same way. What separates the two tips is a correction: move the clusters apart and watch it fade.',
  statement:
    '−½ ∂L/∂m = (EM(m) − m) + G, with m = α · guess. The correction G contains tanh′⟨m, x⟩, which is large only for points between the clusters, so it falls exponentially in α²|c|². Both steps are exact means over data and noise.',
  unit: 'place',
  first: 1,
  controls: [{ name: 'noise', label: 'Noise', options: noises, shows: true }],
  tries: [
    {
      text: 'At low noise, how far apart must the clusters be before the arrows coincide?',
      choice: { noise: '0.1', step: '7' }
    },
    { text: 'Raise the noise at |c| = 3. Does the gap come back?', choice: { noise: '1', step: '5' } },
    { text: 'Let the clusters overlap. Which arrow is longer?', choice: { noise: '0.1', step: '0' } }
  ],
  steps: () => FAR.length - 1,
  run: () => ({
    setting: null,
    frames: (function* (): Generator<Frame> {
      for (const far of FAR) yield frameOf(far)
    })()
  }),
  view: ({ frames, step, choice }) => {
    const { far, at } = frames[step]
    const alpha = Math.sqrt(alpha2(Number(choice.noise)))
    const pair = at[choice.noise]
    const [mx, my] = guessOf(far).map(x => alpha * x)
    const [em, descent]: readonly [Place, Place] = [
      [mx + pair.em[0], my + pair.em[1]],
      [mx + pair.descent[0], my + pair.descent[1]]
    ]
    const reach = 0.75 * Math.max(length(pair.em), length(pair.descent))
    const about: Place = [mx + 0.55 * pair.descent[0], my + 0.55 * pair.descent[1]]
    const marks: ReadonlyArray<Mark> = [
      { kind: 'cross', at: [alpha * 0.8 * far, alpha * 0.6 * far], look: 'truth' },
      { kind: 'arrow', from: [mx, my], to: descent, look: 'descent' },
      { kind: 'arrow', from: [mx, my], to: em, look: 'em' },
      { kind: 'disc', at: [mx, my], look: 'truth' },
      { kind: 'label', at: [mx, my], text: 'guess', look: 'truth' },
      { kind: 'label', at: [(mx + em[0]) / 2, (my + em[1]) / 2], text: 'EM step', look: 'em' },
      { kind: 'label', at: [descent[0], descent[1] - 0.12 * reach], text: 'descent step', look: 'descent' },
      { kind: 'path', places: [em, descent], look: 'truth' }
    ]
    const now = share(pair)
    const longer = length(pair.descent) / length(pair.em)
    const low = frames[step].at['0.1']
    return {
      picture: { caption: 'One guess and two ways to improve it, enlarged', reach, about, marks },
      panels: [
        {
          title: 'Correction, as a share of the EM step',
          x: { from: 0.5, to: 6, ticks: ticks(1, 2, 3, 4, 5, 6), name: '|c|, half the distance between the clusters' },
          y: {
            from: 1e-5,
            to: 1,
            log: true,
            ticks: [
              [1, '1'],
              [0.1, '0.1'],
              [0.01, '0.01'],
              [1e-3, '0.001'],
              [1e-4, '10⁻⁴'],
              [1e-5, '10⁻⁵']
            ]
          },
          lines: noises.map(([t, name]) => ({
            label: `${name} noise`,
            look: t === choice.noise ? ('descent' as const) : ('quiet' as const),
            places: frames.map(frame => [frame.far, share(frame.at[t])] as const),
            ...(t === choice.noise && { at: [far, now] as const })
          }))
        }
      ],
      says: [
        `At |c| = ${far} the correction is *${percent(now)}* of the EM step.`,
        now > 0.3
          ? `The clusters overlap and the two steps differ plainly: that of descent is ${longer.toFixed(2)} times as long.`
          : now > 0.02
            ? 'The gap between the tips can still be seen. It comes from points between the clusters, and there are fewer of them now.'
            : 'The arrows coincide: hardly a point lies between the clusters.',
        ...(Number(choice.noise) > 0.1
          ? [`With this much noise the clusters blur into each other; at low noise it would be ${percent(share(low))}.`]
          : [])
      ].join(' ')
    }
  }
})

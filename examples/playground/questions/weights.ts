/** Weights and shapes are learned too, where the family has them. */
import * as O from 'fp-ts/lib/Option.js'
import { Expectation, Initializer, Key, Mixture, Objective, Optimizer, Score, Stage, TimeLaw } from 'ornstein'
import { type Look, type Mark, type Place, upTo } from '../plot.js'
import { define, mean, places, states } from './question.js'

const HEAVY = 0.85

interface Learner {
  readonly label: string
  readonly look: Look
  readonly score: Score.Score<string>
  readonly stage: Stage.Stage
}

const free = Score.isotropic({ components: 2 })
const descent = (objective: Objective.Objective, rate: number, steps: number): Stage.Stage =>
  Stage.descend({
    objective,
    expectation: Expectation.projected({ antithetic: true }),
    optimizer: Optimizer.scaleByRate(rate),
    steps
  })
const oneLevel = (time: number, steps: number): Stage.Stage => descent(Objective.denoising(TimeLaw.at(time)), 1, steps)
const allLevels = Objective.implicit(TimeLaw.likelihood({ until: 8, nodes: 24, leastVariance: 0.2 }))

const WEIGHTS = {
  fixed: 'weights fixed at ½',
  low: 'low noise, t = 0.1',
  high: 'more noise, t = 0.5',
  all: 'all levels',
  em: 'EM'
}
const SHAPES = { round: 'round', tied: 'one shared shape', full: 'a shape each' }

const learnersOf = (differs: string, steps: number): Readonly<Record<string, Learner>> => {
  const em = Stage.expectationMaximization({ steps })
  return differs === 'shapes'
    ? {
        round: { label: SHAPES.round, look: 'quiet', score: free, stage: em },
        tied: { label: SHAPES.tied, look: 'em', score: Score.tied({ components: 2 }), stage: em },
        full: { label: SHAPES.full, look: 'descent', score: Score.full({ components: 2 }), stage: em }
      }
    : {
        fixed: {
          label: WEIGHTS.fixed,
          look: 'quiet',
          score: Score.spherical({ components: 2 }),
          stage: oneLevel(0.1, steps)
        },
        low: { label: WEIGHTS.low, look: 'descent', score: free, stage: oneLevel(0.1, steps) },
        high: { label: WEIGHTS.high, look: 'third', score: free, stage: oneLevel(0.5, steps) },
        all: { label: WEIGHTS.all, look: 'truth', score: free, stage: descent(allLevels, 0.5, steps) },
        em: { label: WEIGHTS.em, look: 'em', score: free, stage: em }
      }
}

interface Fitted {
  /** [2, 2] */
  readonly means: ReadonlyArray<number>
  readonly covariances: ReadonlyArray<ReadonlyArray<number>>
  /** Of the first component. */
  readonly weight: number
  readonly logLikelihood: number
}
type Frame = Readonly<Record<string, Fitted>>

interface Setting {
  readonly points: Float64Array
  readonly centres: ReadonlyArray<Place>
  /** Of the rows, the share of the first cluster. */
  readonly share: number
}

const read = (choice: Readonly<Record<string, string>>) => {
  const isShapes = choice.differs === 'shapes'
  return { isShapes, half: Number(choice.half), steps: isShapes ? 60 : 150 }
}

const long = [
  [3, 2.7],
  [2.7, 3]
]
const truthOf = (isShapes: boolean, half: number): Mixture.Mixture =>
  isShapes
    ? Mixture.of({
        means: [
          [-1.2, 1.2],
          [1.2, -1.2]
        ],
        covariances: [long, long]
      })
    : Mixture.of({
        means: [
          [-half, 0],
          [half, 0]
        ],
        weights: [HEAVY, 1 - HEAVY]
      })

/** The greatest distance of a true centre from the nearest one learned. */
const errorOf = ({ means }: Fitted, centres: ReadonlyArray<Place>): number =>
  Math.max(...centres.map(c => Math.min(...places(means).map(m => Math.hypot(m[0] - c[0], m[1] - c[1])))))

export const weights = define<Setting, Frame>({
  name: 'Unequal weights, shapes',
  question: 'What if weights and shapes differ?',
  lead: 'One cluster holds 85 % of the rows, the other 15 %; every learner starts at the true centres with equal weights. Watch the weight that each finds, and how far its centres are off. Or let two long clusters lie side by side.',
  statement:
    'The theorems are about equal weights and one known round covariance. The objective serves any differentiable density. Integrated over all levels with the right weights it is the likelihood, so it has the minimum of EM; a single level sees weights only through points that the noise has mixed.',
  unit: 'step',
  controls: [
    {
      name: 'differs',
      label: 'What differs',
      options: [
        ['weights', 'weights'],
        ['shapes', 'shapes']
      ]
    },
    {
      name: 'half',
      label: 'Distance of the clusters from 0',
      options: [
        ['1', '1'],
        ['2', '2'],
        ['4', '4']
      ],
      chosen: '4',
      when: ({ differs }) => differs === 'weights'
    },
    {
      name: 'of',
      label: 'In the picture',
      options: Object.entries(WEIGHTS),
      chosen: 'low',
      shows: true,
      when: ({ differs }) => differs === 'weights'
    },
    {
      name: 'shape',
      label: 'In the picture',
      options: Object.entries(SHAPES),
      shows: true,
      when: ({ differs }) => differs === 'shapes'
    }
  ],
  tries: [
    {
      text: 'Fix the weights at one half, clusters close. Where do the centres go?',
      choice: { half: '2', of: 'fixed' }
    },
    { text: 'Far apart, is low noise stuck, or slow? Compare it with more noise.', choice: { half: '4', of: 'high' } },
    { text: 'Two long clusters side by side. What do round components make of them?', choice: { differs: 'shapes' } }
  ],
  steps: choice => read(choice).steps,
  run: choice => {
    const { isShapes, half, steps } = read(choice)
    const truth = truthOf(isShapes, half)
    const data = Mixture.sample(1000)(Key.fromSeed(7))(truth)
    const logLikelihood = Mixture.meanLogDensity(data)
    const all = Object.entries(learnersOf(choice.differs, steps)).map(([name, { score, stage }]) => ({
      name,
      score,
      states: states({
        data,
        score,
        start: isShapes
          ? Initializer.kMeansPlusPlus
          : Initializer.centres([
              [-half, 0],
              [half, 0]
            ]),
        stages: [stage],
        seed: 3
      }),
      last: null as Fitted | null
    }))
    const frames = function* (): Generator<Frame> {
      for (let step = 0; step <= steps; step++) {
        const frame: Record<string, Fitted> = {}
        for (const each of all) {
          const next = each.states.next()
          if (next.done !== true) {
            const mixture = O.toNullable(Score.toMixture(each.score)(next.value.params))
            if (mixture === null) throw new Error('a family of mixtures')
            const covariances = [...Mixture.covariances(mixture).values]
            each.last = {
              means: [...mixture.means.values],
              covariances: [covariances.slice(0, 4), covariances.slice(4, 8)],
              weight: mixture.weights[0],
              logLikelihood: isShapes ? logLikelihood(mixture) : 0
            }
          }
          if (each.last !== null) frame[each.name] = each.last
        }
        yield frame
      }
    }
    const belongs = Mixture.responsibilities(data)(truth).values
    const share = mean(Array.from({ length: data.rows }, (_, i) => belongs[2 * i]))
    return { setting: { points: data.values, centres: places([...truth.means.values]), share }, frames: frames() }
  },
  view: ({ setting: { points, centres, share }, frames, step, done, choice }) => {
    const { isShapes, half, steps } = read(choice)
    const all = learnersOf(choice.differs, steps)
    const of = isShapes ? choice.shape : choice.of
    const now = frames[step]
    const marks: ReadonlyArray<Mark> = [
      { kind: 'cloud', points, look: 'quiet' },
      ...[0, 1].flatMap((k): Mark[] => [
        {
          kind: 'ellipse',
          at: places(now[of].means)[k],
          covariance: now[of].covariances[k],
          look: all[of].look === 'quiet' ? 'descent' : all[of].look
        },
        { kind: 'disc', at: places(now[of].means)[k], look: all[of].look === 'quiet' ? 'descent' : all[of].look }
      ]),
      ...centres.map(at => ({ kind: 'cross', at, look: 'truth' }) as const),
      ...(isShapes
        ? []
        : [0, 1].map(
            k =>
              ({
                kind: 'label',
                at: places(now[of].means)[k],
                text: `${(100 * (k === 0 ? now[of].weight : 1 - now[of].weight)).toFixed(0)} %`,
                look: 'truth'
              }) as const
          ))
    ]
    const x = { from: 0, to: steps, ticks: upTo(steps), name: 'step' }
    const lines = (value: (fitted: Fitted) => number, only = Object.keys(all)) =>
      Object.entries(all)
        .filter(([name]) => only.includes(name))
        .map(([name, { label, look }]) => ({
          label,
          look,
          places: frames.slice(0, step + 1).map((frame, i) => [i, value(frame[name])] as const),
          ...(name === of && { at: [step, value(now[name])] as const })
        }))
    const error = (name: string): string => errorOf(now[name], centres).toFixed(2)
    const weight = (name: string): string => now[name].weight.toFixed(3)
    const caption = `Components of “${all[of].label}” ● with one standard deviation, and the truth ✕`
    if (isShapes)
      return {
        picture: { caption, reach: 6.5, marks },
        panels: [
          {
            title: 'Log-likelihood per row',
            x,
            y: {
              from: -4.6,
              to: -3.6,
              ticks: [
                [-4.5, '−4.5'],
                [-4, '−4'],
                [-3.75, '−3.75']
              ]
            },
            lines: lines(fitted => fitted.logLikelihood)
          },
          {
            title: 'Error of the centres',
            x,
            y: {
              from: 0,
              to: 3,
              ticks: [
                [0, '0'],
                [1, '1'],
                [2, '2']
              ]
            },
            lines: lines(fitted => errorOf(fitted, centres))
          }
        ],
        says: [
          `Step ${step} of EM: log-likelihood per row *${now.round.logLikelihood.toFixed(2)}* with round components, *${now.tied.logLikelihood.toFixed(2)}* with one shared shape, ${now.full.logLikelihood.toFixed(2)} with a shape each.`,
          done
            ? `The centres of round components are off by ${error('round')}: they lie along the length. With a shared shape they are off by ${error('tied')}.`
            : ''
        ].join(' ')
      }
    return {
      picture: { caption, reach: Math.max(5, half + 3.5), marks },
      panels: [
        {
          title: 'Weight of the larger cluster',
          x,
          y: {
            from: 0.45,
            to: 0.95,
            ticks: [
              [0.5, '0.5'],
              [share, share.toFixed(2)]
            ]
          },
          lines: lines(fitted => fitted.weight)
        },
        {
          title: 'Error of the centres',
          x,
          y: {
            from: 0,
            to: 1,
            ticks: [
              [0, '0'],
              [0.5, '0.5'],
              [1, '1']
            ]
          },
          lines: lines(fitted => errorOf(fitted, centres), ['fixed', 'em', of])
        }
      ],
      says: [
        `Step ${step}. Estimated weight: *${weight('low')}* at low noise, *${weight('high')}* at more noise, ${weight('all')} over all levels, ${weight('em')} by EM.`,
        !done
          ? ''
          : Number(weight('em')) - Number(weight('low')) > 0.05
            ? `Descent at low noise is slow here: where clusters are apart, their score at low noise hardly depends on the weights. EM counts rows, and has the sample’s share of ${share.toFixed(2)} after one step.${Math.abs(now.high.weight - now.em.weight) < 0.03 ? ' More noise makes the clusters overlap, and the weight is right.' : ''}`
            : 'The clusters overlap, so every level sees the weights.',
        done
          ? `With weights fixed at one half, a centre is off by ${error('fixed')}; EM is off by ${error('em')}.${errorOf(now.fixed, centres) > 3 * errorOf(now.em, centres) ? ' The larger cluster pulls the centre of the smaller one towards it.' : ''}`
          : ''
      ]
        .filter(text => text !== '')
        .join(' ')
    }
  }
})

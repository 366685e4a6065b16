/** Weights are learned if the family has them, at a rate that depends on the noise. */
import { Expectation, Initializer, Key, Mixture, Objective, Optimizer, Score, Stage, NoiseLevels } from 'ornstein'
import { cloud as dots, ellipse, label, type Look, type Place, tick, type Tile } from '../plot.js'
import {
  centreError,
  defineQuestion,
  fitted,
  type Fitted,
  mean,
  noisedAt,
  places,
  selfNamedOptions,
  runCurves,
  runSideBySide,
  states
} from './question.js'

const HEAVY = 0.85
const STEPS = 150
/** Number of drawn rows. */
const MAX_DRAWN_ROWS = 500
/** Radius of a circle of weight 1. */
const UNIT_WEIGHT_RADIUS = 2.2
/** Covariance, row-major, of the circle whose area shows a weight. */
const areaOf = (weight: number): ReadonlyArray<number> => [
  UNIT_WEIGHT_RADIUS ** 2 * weight,
  0,
  0,
  UNIT_WEIGHT_RADIUS ** 2 * weight
]

const free = Score.isotropic({ components: 2 })
const descent = (objective: Objective.Objective, rate: number): Stage.Stage =>
  Stage.descend({
    objective,
    expectation: Expectation.projected({ antithetic: true }),
    optimizer: Optimizer.scaleByRate(rate),
    steps: STEPS
  })
const at = (time: number): Stage.Stage => descent(Objective.denoising(NoiseLevels.at(time)), 1)
const allLevels = Objective.implicit(NoiseLevels.likelihood({ until: 8, nodes: 24, leastVariance: 0.2 }))

interface Learner {
  readonly label: string
  readonly look: Look
  readonly score: Score.Score<string>
  readonly stage: Stage.Stage
  /** Time of the shown noise. */
  readonly time: number
}
type Name = 'low' | 'high' | 'all' | 'em' | 'fixed'
const learners: Readonly<Record<Name, Learner>> = {
  low: { label: 'low noise', look: 'descent', score: free, stage: at(0.1), time: 0.1 },
  high: { label: 'more noise', look: 'third', score: free, stage: at(0.5), time: 0.5 },
  all: { label: 'all levels', look: 'moves', score: free, stage: descent(allLevels, 0.5), time: 0.5 },
  em: { label: 'EM', look: 'em', score: free, stage: Stage.expectationMaximization({ steps: STEPS }), time: 0.1 },
  fixed: { label: 'fixed at ½', look: 'quiet', score: Score.spherical({ components: 2 }), stage: at(0.1), time: 0.1 }
}
// Object.keys has the type string[].
const names = Object.keys(learners) as ReadonlyArray<Name>
type Frame = Readonly<Record<Name, Fitted>>

interface Setting {
  readonly points: Float64Array
  readonly centres: ReadonlyArray<Place>
  /** Share of the rows in the first cluster. */
  readonly share: number
}

export const whatIfWeightsDiffer = defineQuestion<Setting, Frame>({
  number: '6',
  name: 'Unequal weights',
  question: 'What if the weights differ?',
  lead: 'One cluster holds about five times as many rows as the other. Three learners start at the true centres with equal weights: descent at low noise, descent at more noise, and {EM|expectation–maximization}, which needs no noise. The circles show the weights that each has learned.',
  statement:
    'The theorems are about equal weights. The objective serves any differentiable density. Integrated over all {noise levels|noise level} with the right weights it is the {likelihood|log-likelihood}, so it has the minimum of {EM|expectation–maximization}; a single level sees weights only through points that the noise has mixed.',
  leads: 'What if clusters are not round?',
  opens: { blur: 1 },
  finding: { blur: 1 },
  unit: 'step',
  controls: [
    { name: 'half', label: 'Distance of the clusters from 0', options: selfNamedOptions('1', '2', '4'), chosen: '4' },
    {
      name: 'of',
      label: 'Marked in the chart, and in the picture',
      options: names.map(name => [name, learners[name].label] as const),
      shows: true
    }
  ],
  tries: [
    { text: 'Look at more noise', asks: 'Is low noise slow?', choice: { of: 'high', step: String(STEPS) } },
    { text: 'Weights fixed, closer', asks: 'Are centres right?', choice: { half: '2', of: 'fixed' } },
    { text: 'Clusters overlap', asks: 'Is low noise enough?', choice: { half: '1' } },
    { text: 'Start over', asks: 'Clusters far apart', choice: {} }
  ],
  ask: ({ half }) => ({
    text: `Clusters at ±${half}. At which noise will descent find the weights in ${STEPS} steps?`,
    options: [
      ['low', 'Only low noise'],
      ['slow', 'Only more noise'],
      ['all', 'Both']
    ]
  }),
  steps: () => STEPS,
  run: ({ half }) => {
    const centres = [-1, 1].map(sign => [sign * Number(half), 0])
    const truth = Mixture.of({ means: centres, weights: [HEAVY, 1 - HEAVY] })
    const data = Mixture.sample(1000)(Key.fromSeed(7))(truth)
    const start = Initializer.centres(centres)
    const belongs = Mixture.responsibilities(data)(truth).values
    return {
      setting: {
        points: data.values,
        centres: places(truth.means.values),
        share: mean(Array.from({ length: data.rows }, (_, i) => belongs[2 * i]))
      },
      frames: runSideBySide(
        names.map(name => {
          const { score, stage } = learners[name]
          return [name, states({ data, score, start, stages: [stage], seed: 3 }), fitted(score)] as const
        })
      )
    }
  },
  view: seen => {
    const { points, centres, share } = seen.setting
    const { frames, step, choice } = seen
    const of = names.find(name => name === choice.of) ?? 'low'
    const now = frames[step]
    const half = Number(choice.half)
    const trueShares = [share, 1 - share]
    const tile = (name: Name): Tile => {
      const { look: own, label: called, time } = learners[name]
      const look: Look = own === 'quiet' ? 'descent' : own
      const { weight, means } = now[name]
      const learnedShares = [weight, 1 - weight]
      return {
        title: name === 'em' ? called : `${called}, t = ${time}`,
        look,
        marks: [
          dots(noisedAt(points.subarray(0, 2 * MAX_DRAWN_ROWS), name === 'em' ? 0 : seen.blur * time)),
          ...centres.map((at, k) => ellipse(at, areaOf(trueShares[k]), 'truth', '5 4')),
          ...places(means).flatMap((at, k) => [
            ellipse(at, areaOf(learnedShares[k]), look),
            // Next to both circles.
            label(
              [at[0] + UNIT_WEIGHT_RADIUS * Math.sqrt(Math.max(learnedShares[k], trueShares[k])), at[1]],
              `${(100 * learnedShares[k]).toFixed(0)} %`,
              look,
              [5, 0]
            )
          ])
        ]
      }
    }
    // Leaves space for the rings at the start.
    const x = { domain: [-4, STEPS] as const, ticks: [0, 50, 100, 150].map(step => tick(step)) }
    const lines = runCurves(learners, frames, step, of)
    const end = frames[frames.length - 1]
    const shareOf = ({ weight }: Fitted): string => `${(100 * weight).toFixed(1)}\u00a0%`
    const off = (name: Name): number => centreError(end[name].means, centres)
    const drawn: ReadonlyArray<Name> = of === 'all' || of === 'fixed' ? ['low', of, 'em'] : ['low', 'high', 'em']
    const [low, high] = [end.low, end.high].map(({ weight }) => Math.abs(weight - end.em.weight) < 0.05)
    return {
      picture: {
        spans: [half + 3.2, 2.6],
        caption: `Circles: area by weight; dashed: by the share of rows; ${seen.blur > 0.5 ? 'points with each learner’s noise' : 'points without noise'}`,
        tiles: drawn.map(tile)
      },
      panels: [
        {
          title: 'Weight of the larger cluster',
          x: { ...x, title: 'step' },
          y: { domain: [0.45, 0.95], ticks: [tick(0.5, '50 %'), tick(share, `${(100 * share).toFixed(0)} %`)] },
          marks: lines(({ weight }) => weight, ['low', 'high', ...(of === 'all' ? (['all'] as const) : []), 'em'])
        },
        // Centres move only if weights are wrong.
        ...(of === 'fixed'
          ? [
              {
                title: 'Error of the centres',
                x: { ...x, title: 'step' },
                y: { domain: [0, 1] as const, ticks: [tick(0), tick(0.5), tick(1)] },
                marks: lines(one => centreError(one.means, centres), ['fixed', 'em'])
              }
            ]
          : [])
      ],
      now: `Step ${step}, weight of the larger cluster: *${shareOf(now.low)}* at low noise (t = 0.1), *${shareOf(now.high)}* at more (t = 0.5), ${shareOf(now.em)} by {EM|expectation–maximization}${of === 'all' ? `, ${shareOf(now.all)} at all levels together` : ''}.`,
      answer: !high ? 'low' : low ? 'all' : 'slow',
      happened: `The larger cluster holds ${(100 * share).toFixed(1)}\u00a0% of the rows.${low && high ? '' : low ? ' Descent at low noise follows EM; descent at more noise is still on its way.' : ' EM has it after one step; descent at low noise is still on its way.'}${off('fixed') > 3 * off('em') ? ` With weights fixed at ½ a centre is off by ${off('fixed').toFixed(2)}, by EM ${off('em').toFixed(2)}: the larger cluster pulls the smaller one’s centre.` : ''}`,
      why: !high
        ? 'These clusters overlap already, so even at low noise many points lie between them and show the weights. More noise makes nearly one cloud of both, in which moved centres make up for a wrong weight. EM needs more than one step here, as no row surely belongs to either.'
        : low
          ? 'A wrong weight sends only the points between the clusters to wrong places. Where the clusters overlap there are many of them at every noise, so descent corrects the weight. EM counts rows, and needs no noise for it.'
          : 'A wrong weight sends only the points between the clusters to wrong places. Clusters that are apart have hardly any such points at low noise, so the loss hardly changes and descent is slow. More noise puts points there. EM counts rows, and needs no noise for it.'
    }
  }
})

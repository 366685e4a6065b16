/** Shapes are learned if the family has them. */
import { Initializer, Key, Mixture, Score, Stage } from 'ornstein'
import { cloud as dots, cross, disc, ellipse, type Look, type Place } from '../plot.js'
import {
  centreError,
  defineQuestion,
  fitted,
  type Fitted,
  places,
  runCurves,
  runSideBySide,
  states
} from './question.js'

const STEPS = 60
/** Number of drawn rows. */
const MAX_DRAWN_ROWS = 400

interface Learner {
  readonly label: string
  /** Label in narrow pictures. */
  readonly brief: string
  readonly look: Look
  readonly score: Score.Score<string>
}
type Name = 'round' | 'tied' | 'full'
const learners: Readonly<Record<Name, Learner>> = {
  round: { label: 'round', brief: 'round', look: 'descent', score: Score.isotropic({ components: 2 }) },
  tied: { label: 'one shared shape', brief: 'shared shape', look: 'em', score: Score.tied({ components: 2 }) },
  full: { label: 'a shape each', brief: 'a shape each', look: 'third', score: Score.full({ components: 2 }) }
}
// Object.keys has the type string[].
const names = Object.keys(learners) as ReadonlyArray<Name>
type Frame = Readonly<Record<Name, Fitted>>

interface Setting {
  readonly points: Float64Array
  readonly centres: ReadonlyArray<Place>
}

const shapeOf = (long: string): ReadonlyArray<ReadonlyArray<number>> =>
  long === 'yes'
    ? [
        [5.7, 0],
        [0, 0.3]
      ]
    : [
        [1, 0],
        [0, 1]
      ]

export const whatIfNotRound = defineQuestion<Setting, Frame>({
  number: '7',
  name: 'Long shapes',
  question: 'What if the clusters are not round?',
  lead: 'Two long clusters, one above the other. Three models learn from the same rows and the same start by {EM|expectation–maximization}: with round components, with one shape that both share, and with a shape each.',
  statement:
    'The theorems are about one known round covariance. The objective serves any differentiable density; families with shapes have a {score} for descent, and the M-step of {EM|expectation–maximization} used here. A wrong shape is paid for by wrong centres, as they are what is left to choose.',
  leads: 'How many clusters are there?',
  hasNoise: false,
  unit: 'step',
  controls: [
    {
      name: 'of',
      label: 'Marked in the charts',
      options: names.map(name => [name, learners[name].label] as const),
      shows: true
    },
    {
      name: 'long',
      label: 'Clusters',
      options: [
        ['yes', 'long'],
        ['no', 'round']
      ]
    }
  ],
  tries: [
    { text: 'One shared shape', asks: 'Where are its centres?', choice: { of: 'tied', step: String(STEPS) } },
    { text: 'A shape each', asks: 'Is it better than one?', choice: { of: 'full', step: String(STEPS) } },
    { text: 'Round clusters', asks: 'Do all three agree?', choice: { long: 'no' } },
    { text: 'Start over', asks: 'Long clusters', choice: {} }
  ],
  ask: ({ long }) => ({
    text: `${long === 'yes' ? 'Long' : 'Round'} clusters. Where will the two round components go?`,
    options: [
      ['right', 'One to each'],
      ['along', 'Across both'],
      ['one', 'Both to one']
    ]
  }),
  steps: () => STEPS,
  run: ({ long }) => {
    const truth = Mixture.of({
      means: [
        [0, 1.7],
        [0, -1.7]
      ],
      covariances: [shapeOf(long), shapeOf(long)]
    })
    const data = Mixture.sample(1000)(Key.fromSeed(7))(truth)
    const stages = [Stage.expectationMaximization({ steps: STEPS })]
    return {
      setting: { points: data.values, centres: places(truth.means.values) },
      frames: runSideBySide(
        names.map(name => {
          const { score } = learners[name]
          const run = states({ data, score, start: Initializer.kMeansPlusPlus, stages, seed: 3 })
          return [name, run, fitted(score, Mixture.meanLogDensity(data))] as const
        })
      )
    }
  },
  view: seen => {
    const { points, centres } = seen.setting
    const { frames, step, choice } = seen
    const of = names.find(name => name === choice.of) ?? 'round'
    const now = frames[step]
    const rows = points.subarray(0, 2 * MAX_DRAWN_ROWS)
    const x = { domain: [0, STEPS] as const, least: 1 }
    const lines = runCurves(learners, frames, step, of)
    const off = (name: Name, frame = frames[frames.length - 1]): number => centreError(frame[name].means, centres)
    const all = frames.flatMap(frame => names.map(name => frame[name].logDensity))
    // Cluster of each round component; null between clusters.
    const among = places(frames[frames.length - 1].round.means).map(([, y]) =>
      Math.abs(y) < 0.85 ? null : Math.sign(y)
    )
    return {
      picture: {
        spans: choice.long === 'yes' ? [5.4, 3.5] : [4.5, 4.4],
        caption: '✕ true centres; ● learned; ellipses: one standard deviation',
        tiles: names.map(name => {
          const { look, brief } = learners[name]
          return {
            title: `${brief}: error ${off(name, now).toFixed(2)}`,
            look,
            marks: [
              dots(rows, 'quiet', 1.3),
              ...centres.map(cross),
              ...places(now[name].means).flatMap((at, k) => [
                ellipse(at, now[name].covariances[k], look),
                disc(at, look)
              ])
            ]
          }
        })
      },
      panels: [
        {
          title: 'Log-likelihood, per row',
          x,
          y: { domain: [Math.min(...all) - 0.05, Math.max(...all) + 0.05], count: 3 },
          marks: lines(({ logDensity }) => logDensity, names)
        },
        {
          title: 'Error of the centres',
          x: { ...x, title: 'step' },
          y: { domain: [0, 3], count: 3 },
          marks: lines(one => centreError(one.means, centres), names)
        }
      ],
      now: `Step ${step}: {log-likelihood} per row *${now.round.logDensity.toFixed(2)}* with round components, *${now.tied.logDensity.toFixed(2)}* with one shared shape, ${now.full.logDensity.toFixed(2)} with a shape each.`,
      answer: off('round') < 0.5 ? 'right' : among.includes(null) ? 'along' : 'one',
      happened: `The error, the largest distance of a ✕ from its nearest ●, is ${off('round').toFixed(2)} with round components, ${off('tied').toFixed(2)} with a shared shape, ${off('full').toFixed(2)} with a shape each.`,
      why:
        off('round') > 2 * off('tied')
          ? 'Two round components reach most rows of two long clusters when one takes the left halves and one the right. With a shape to learn, a component can be as long as its cluster, and one goes to each.'
          : 'Round clusters need no shape, so all three models put their centres in the same places. The freer models only pay for parameters that they do not need.'
    }
  }
})

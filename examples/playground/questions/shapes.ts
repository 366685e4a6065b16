/** Shapes are learned too, where the family has them. */
import { Initializer, Key, Mixture, Score, Stage } from 'ornstein'
import { cloud as dots, cross, disc, ellipse, label, type Look, type Place } from '../plot.js'
import { centreError, clouded, define, fitted, type Fitted, noisedAt, places, runs, side, states } from './question.js'

const STEPS = 60
/** How far apart the pictures of the models are, one below the other. */
const ROW = 10.6

interface Learner {
  readonly label: string
  readonly look: Look
  readonly score: Score.Score<string>
}
type Name = 'round' | 'tied' | 'full'
const learners: Readonly<Record<Name, Learner>> = {
  round: { label: 'round', look: 'descent', score: Score.isotropic({ components: 2 }) },
  tied: { label: 'one shared shape', look: 'em', score: Score.tied({ components: 2 }) },
  full: { label: 'a shape each', look: 'third', score: Score.full({ components: 2 }) }
}
// Object.keys says string, whatever the keys are.
const names = Object.keys(learners) as ReadonlyArray<Name>
type Frame = Readonly<Record<Name, Fitted>>

interface Setting {
  readonly points: Float64Array
  readonly centres: ReadonlyArray<Place>
}

const shapeOf = (long: string): ReadonlyArray<ReadonlyArray<number>> =>
  long === 'yes'
    ? [
        [3, 2.7],
        [2.7, 3]
      ]
    : [
        [1, 0],
        [0, 1]
      ]

export const shapes = define<Setting, Frame>({
  number: '7',
  name: 'Long shapes',
  question: 'What if the clusters are not round?',
  lead: 'Two long clusters lie side by side. Three models learn from the same start by {EM|expectation–maximization}: round components, one shape that both share, and a shape each. Watch where their centres go.',
  statement:
    'The theorems are about one known round covariance. The objective serves any differentiable density; families with shapes have a {score} for descent, and the M-step of {EM|expectation–maximization} used here. A wrong shape is paid for by wrong centres, as they are what is left to choose.',
  leads: 'Shapes matter. So how many clusters are there?',
  unit: 'step',
  controls: [
    {
      name: 'of',
      label: 'In the picture',
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
        [-1.2, 1.2],
        [1.2, -1.2]
      ],
      covariances: [shapeOf(long), shapeOf(long)]
    })
    const data = Mixture.sample(1000)(Key.fromSeed(7))(truth)
    const stages = [Stage.expectationMaximization({ steps: STEPS })]
    return {
      setting: { points: data.values, centres: places(truth.means.values) },
      frames: side(
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
    const { plane, says } = clouded(seen, points, { time: 0.5, reach: 5.5 })
    const noised = noisedAt(points, seen.blur * 0.5)
    const x = { domain: [0, STEPS] as const, least: 1 }
    const lines = runs(learners, frames, step, of)
    const off = (name: Name): number => centreError(now[name].means, centres)
    const all = frames.flatMap(frame => names.map(name => frame[name].logDensity))
    // The cluster in which each round component lies; null between them.
    const among = places(now.round.means).map(([u, v]) => (Math.abs(v - u) < 1.2 ? null : Math.sign(v - u)))
    return {
      picture: {
        ...plane,
        reach: 2.6 * plane.reach,
        isScaled: false,
        caption: `✕ truth; the same rows for each model; ${says}`,
        marks: names.flatMap((name, i) => {
          const down = (1 - i) * ROW
          const lower = ([x, y]: Place): Place => [x, y + down]
          const { look: own, label: called } = learners[name]
          return [
            dots(
              noised.subarray(0, 700).map((z, at) => (at % 2 === 1 ? z + down : z)),
              'quiet',
              1.2
            ),
            ...centres.map(lower).map(cross),
            ...places(now[name].means).flatMap((at, k) => [
              ellipse(lower(at), now[name].covariances[k], own),
              disc(lower(at), own)
            ]),
            label(lower([-plane.reach * 2.4, 3]), called, own)
          ]
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
      happened: `The centres of round components are off by ${off('round').toFixed(2)}, with a shared shape by ${off('tied').toFixed(2)}, with a shape each by ${off('full').toFixed(2)}.`,
      why:
        off('round') > 2 * off('tied')
          ? 'Two round components cover most of two long clusters when they lie along the length, each over half of both. With a shape to learn, a component can be as long as its cluster, and one goes to each.'
          : 'Round clusters need no shape, so all three models put their centres in the same places. The freer models only pay for parameters that they do not need.'
    }
  }
})

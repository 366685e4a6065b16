/**
 * Which noise level tells the weights of two components best? The error of the estimated weight over the Cramér–Rao bound, by how many
 * standard deviations apart noise leaves the components, which are D apart before it. `node weights.js picture.svg` draws it.
 */
import { Efficiency, Mixture, Objective, Params, type Picture, Score, NoiseLevels } from 'ornstein'
import { drawn } from './drawn.js'

const score = Score.isotropic({ components: 2 })

/** At the time that leaves unit components so far apart, e^−t D, variances known. */
export const errorAt = (apart: number, weight: number, gap: number): number => {
  const means = [[-apart / 2], [apart / 2]]
  const weights = [weight, 1 - weight]
  const objective = Objective.implicit(NoiseLevels.at(Math.log(apart / gap)))
  const at = Params.of({ means, logits: weights.map(Math.log), logVariances: [0, 0] })
  const { of } = Efficiency.sandwich({ score, objective, known: ['logVariances'] })(Mixture.of({ means, weights }))(at)
  return of.logits.values[0]
}

const STEP = 0.1
const GAPS = Array.from({ length: 21 }, (_, i) => 2.4 + STEP * i)

/** The least of values on an even grid, by the parabola through the three lowest. */
const leastOf = (values: ReadonlyArray<number>): { readonly gap: number; readonly error: number } => {
  const at = values.indexOf(Math.min(...values))
  const [before, here, after] = values.slice(at - 1, at + 2)
  const slope = (after - before) / 2
  const bend = after - 2 * here + before
  return { gap: GAPS[at] - (STEP * slope) / bend, error: here - slope ** 2 / (2 * bend) }
}

export const found = [0.5, 0.3].map(weight =>
  [6, 8, 12].map(apart => {
    const errors = GAPS.map(gap => errorAt(apart, weight, gap))
    const best = leastOf(errors)
    const time = Math.log(apart / best.gap)
    console.log(
      `${weight} : ${1 - weight}, ${apart} apart: t = ${time.toFixed(3)}, where ${best.gap.toFixed(2)} apart, error ${best.error.toFixed(5)} of the bound`
    )
    return { apart, errors, ...best }
  })
)

drawn(
  found.map((own, i): Picture.Curves => ({
    title: i === 0 ? 'weights 1 : 1' : 'weights 3 : 7',
    x: { title: 'deviations apart after noise', domain: [2.3, 4.5] },
    y: { title: 'error above the bound', scale: 'log', domain: [5e-5, 0.2], ticks: [1e-4, 1e-3, 0.01, 0.1] },
    series: own.map(({ apart, errors }) => ({
      name: `${apart} apart`,
      points: errors.map((error, k) => ({ x: GAPS[k], y: error - 1 }))
    }))
  })),
  'Which noise level tells the weights best',
  'The error of the weight above the Cramér–Rao bound, by how far apart noise leaves two components, variances known.'
)

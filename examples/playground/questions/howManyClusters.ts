/** How many clusters there are depends on the shape that a cluster may have. */
import { fit, Key, Mixture } from 'ornstein'
import { cloud as dots, cross, curve, disc, ellipse, type Look, type Place, type Tile } from '../plot.js'
import { type Choice, defineQuestion, places, selfNamedOptions } from './question.js'

const MOST = 10
/** Maximum number of drawn rows. */
const MAX_DRAWN_ROWS = 500
const FAMILIES = { isotropic: 'round', full: 'any shape' }
const CRITERIA = { bic: 'BIC', icl: 'ICL' }
type Family = keyof typeof FAMILIES
type Criterion = keyof typeof CRITERIA

interface Fitted extends Readonly<Record<Criterion, number>> {
  readonly means: ReadonlyArray<number>
  readonly covariances: ReadonlyArray<ReadonlyArray<number>>
}
/** Fits with one component more. */
type Frame = Readonly<Record<Family, Fitted>>

const clustersOf = (
  length: number
): ReadonlyArray<{ readonly mean: Place; readonly covariance: ReadonlyArray<number> }> => [
  { mean: [-5, 0], covariance: [1, 0, 0, 1] },
  { mean: [5, 0], covariance: [1, 0, 0, 1] },
  { mean: [0, 5], covariance: [length, 0, 0, length > 1 ? 0.4 : 1] }
]
const truthOf = (length: number): Mixture.Mixture => {
  const clusters = clustersOf(length)
  return Mixture.of({
    means: clusters.map(({ mean }) => [...mean]),
    covariances: clusters.map(({ covariance: [xx, xy, yx, yy] }) => [
      [xx, xy],
      [yx, yy]
    ])
  })
}
const dataOf = (choice: Readonly<Record<string, string>>) =>
  Mixture.sample(Number(choice.rows))(Key.fromSeed(7))(truthOf(Number(choice.length)))

/** Fits of a choice, by number of components. */
function* fits(choice: Choice): Generator<Frame, undefined> {
  const data = dataOf(choice)
  const fitted = (family: Family, components: number): Fitted => {
    const { mixture, bic, icl } = fit(data, { family, components, standardize: false })
    const covariances = [...Mixture.covariances(mixture).values]
    return {
      bic,
      icl,
      means: [...mixture.means.values],
      covariances: Array.from({ length: components }, (_, k) => covariances.slice(4 * k, 4 * k + 4))
    }
  }
  for (let k = 1; k <= MOST; k++) yield { isotropic: fitted('isotropic', k), full: fitted('full', k) }
}

export const howManyClusters = defineQuestion<Float64Array, Frame>({
  number: '8',
  name: 'How many',
  question: 'How many clusters are there?',
  lead: 'Two round clusters and a long one. We fit mixtures with one to ten components, once with round components and once with components of any shape. {BIC} weighs the fit against the number of parameters. {ICL} adds a charge for rows that two components share. The lowest value wins.',
  statement:
    'BIC = −2 log L + (parameters) · log n, where log L is the log-density summed over the n rows ({log-likelihood} elsewhere is its mean). {ICL} adds twice the entropy of the memberships, so it charges for components that share points. Both are those of `fit`, which tries all families and takes ICL unless asked otherwise. The fits themselves use no noise.',
  leads: 'Clusters are found. Can the model make new rows?',
  hasNoise: false,
  unit: 'components:',
  first: 1,
  controls: [
    { name: 'family', label: 'Components that the slider adds', options: Object.entries(FAMILIES), shows: true },
    {
      name: 'length',
      label: 'Third cluster',
      options: [
        ['9', 'long'],
        ['1', 'round']
      ]
    },
    { name: 'rows', label: 'Rows', options: selfNamedOptions('900', '150') }
  ],
  tries: [
    { text: 'Let shapes vary', asks: 'How many now?', choice: { family: 'full', step: '2' } },
    { text: 'All clusters round', asks: 'Do the families agree?', choice: { length: '1' } },
    { text: 'Keep 150 rows', asks: 'As many components?', choice: { rows: '150' } },
    { text: 'Start over', asks: 'A long cluster, 900 rows', choice: {} }
  ],
  ask: ({ length }) => ({
    text: `Three clusters, ${length === '1' ? 'all round' : 'one of them long'}. How many round components will BIC choose?`,
    options: [
      ['3', 'Three'],
      ['5', 'Four or five'],
      ['8', 'Six or more']
    ]
  }),
  steps: () => MOST - 1,
  stored: { choices: [{}, { length: '1' }, { rows: '150' }], compute: choice => [...fits(choice)] },
  run: (choice, stored) => ({
    setting: dataOf(choice).values,
    // Result of `compute`, through JSON.
    frames: (stored as ReadonlyArray<Frame> | undefined) ?? fits(choice)
  }),
  view: seen => {
    const { setting, frames, step, choice, told } = seen
    const family: Family = choice.family === 'full' ? 'full' : 'isotropic'
    const known = told ? frames : frames.slice(0, step + 1)
    const best = (of: Family, by: Criterion): number =>
      known.reduce((best, frame, i) => (frame[of][by] < known[best][of][by] ? i : best), 0)
    const isWinner = step === best(family, 'bic')
    const lookOf = (of: Family): Look => (of === 'full' ? 'em' : 'descent')
    const { bic, icl } = frames[step][family]
    const truth = clustersOf(Number(choice.length))
    const rows = setting.subarray(0, 2 * MAX_DRAWN_ROWS)
    // The chosen family has the slider's number of components, the other one that of its lowest BIC so far.
    const tile = (of: Family): Tile => {
      const at = of === family ? step : best(of, 'bic')
      const own = lookOf(of)
      const counted = `${at + 1} ${at === 0 ? 'component' : 'components'}`
      const size = at === best(of, 'bic') ? `${counted}, the lowest BIC${told ? '' : ' so far'}` : counted
      return {
        title: `${FAMILIES[of]}: ${size}`,
        look: own,
        marks: [
          dots(rows, 'quiet', 1.4),
          ...truth.flatMap(({ mean, covariance }) => [cross(mean), ellipse(mean, covariance, 'truth', '6 5')]),
          ...places(frames[at][of].means).flatMap((mean, k) => [
            ellipse(mean, frames[at][of].covariances[k], own),
            disc(mean, own, 5)
          ])
        ]
      }
    }
    const all = frames.flatMap(({ isotropic, full }) => [isotropic.bic, full.bic, isotropic.icl, full.icl])
    const least = Math.min(...all)
    // The values for one component are so much larger that they would hide the rest.
    const most = Math.max(least + 10, ...frames.slice(1).flatMap(({ isotropic, full }) => [isotropic.icl, full.icl]))
    const room = 0.08 * (most - least)
    const panel = (by: Criterion) => ({
      title: told
        ? `${CRITERIA[by]}: round ${best('isotropic', by) + 1}, any shape ${best('full', by) + 1}`
        : `${CRITERIA[by]}, lower is better`,
      x: { domain: [1, MOST] as const, least: 1, ...(by === 'icl' && { title: 'components' }) },
      y: { domain: [least - room, most + room] as const, count: 3 },
      marks: (Object.keys(FAMILIES) as ReadonlyArray<Family>).flatMap(of =>
        curve({
          label: FAMILIES[of],
          look: lookOf(of),
          places: known.map((frame, i) => [i + 1, frame[of][by]] as const),
          // The lowest value.
          at: [best(of, by) + 1, known[best(of, by)][of][by]]
        })
      )
    })
    const wins = (of: Family): string =>
      best(of, 'bic') === best(of, 'icl')
        ? `both criteria say ${best(of, 'bic') + 1}`
        : `BIC picks ${best(of, 'bic') + 1} and ICL ${best(of, 'icl') + 1}`
    const round = best('isotropic', 'bic')
    return {
      picture: {
        spans: [8.2, 4.9],
        about: [0, 1.7],
        caption: '✕ and dashed: the true clusters; ● the components, with ellipses of one standard deviation',
        tiles: (Object.keys(FAMILIES) as ReadonlyArray<Family>).map(tile)
      },
      panels: [panel('bic'), panel('icl')],
      now: `${step + 1} ${step === 0 ? 'component' : 'components'} (${FAMILIES[family]}): BIC *${bic.toFixed(0)}*, ICL *${icl.toFixed(0)}*${told && isWinner ? ', the lowest BIC of this family' : ''}.`,
      answer: round < 3 ? '3' : round < 5 ? '5' : '8',
      happened: `With round components ${wins('isotropic')}; with components of any shape ${wins('full')}.`,
      why:
        round > best('full', 'bic')
          ? `Round components need several to cover a long cluster, so ${round + 1} of them stand for three clusters. “How many?” means “how many of what?”${best('isotropic', 'icl') < round ? ' Neighbours along the long cluster share rows. ICL charges for that, BIC does not, so ICL picks fewer.' : ''}`
          : 'Where every cluster is round, round components describe it with fewest parameters. So both families choose the same number.',
      rests: best(family, 'bic')
    }
  }
})

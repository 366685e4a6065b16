/** How many clusters there are depends on what a cluster may look like. */
import { fit, Key, Mixture } from 'ornstein'
import type { Look, Mark } from '../plot.js'
import { define, places } from './question.js'

const MOST = 8
const FAMILIES = { isotropic: 'round', full: 'any shape' }
const CRITERIA = { bic: 'BIC', icl: 'ICL' }
type Family = keyof typeof FAMILIES
type Criterion = keyof typeof CRITERIA

interface Fitted extends Readonly<Record<Criterion, number>> {
  readonly means: ReadonlyArray<number>
  readonly covariances: ReadonlyArray<ReadonlyArray<number>>
}
/** The fits with one component more. */
type Frame = Readonly<Record<Family, Fitted>>

const truthOf = (length: number): Mixture.Mixture =>
  Mixture.of({
    means: [
      [-5, 0],
      [5, 0],
      [0, 5]
    ],
    covariances: [
      [
        [1, 0],
        [0, 1]
      ],
      [
        [1, 0],
        [0, 1]
      ],
      [
        [length, 0],
        [0, length > 1 ? 0.4 : 1]
      ]
    ]
  })
const dataOf = (choice: Readonly<Record<string, string>>) =>
  Mixture.sample(Number(choice.rows))(Key.fromSeed(7))(truthOf(Number(choice.length)))

export const count = define<Float64Array, Frame>({
  name: 'How many',
  question: 'How many clusters are there?',
  lead: 'Two round clusters and a long one. We fit mixtures with one to eight components, once with round components and once with components of any shape. BIC and ICL weigh the fit against its parameters: the lowest value wins.',
  statement:
    'BIC = −2 log-likelihood + (parameters) · log n. ICL adds twice the entropy of the memberships, so it charges for components that share points. Both are those of `fit`, which tries all families and takes ICL unless asked otherwise.',
  unit: 'fit',
  first: 1,
  controls: [
    { name: 'family', label: 'Components, in the picture', options: Object.entries(FAMILIES), shows: true },
    {
      name: 'length',
      label: 'Third cluster',
      options: [
        ['9', 'long'],
        ['1', 'round']
      ]
    },
    {
      name: 'rows',
      label: 'Rows',
      options: [
        ['900', '900'],
        ['150', '150']
      ]
    }
  ],
  tries: [
    { text: 'Look at the fits with any shape. How many components do they take?', choice: { family: 'full' } },
    { text: 'Make the third cluster round as well. Do the families agree?', choice: { length: '1' } },
    { text: 'Keep 150 rows. Can fewer rows support as many components?', choice: { rows: '150' } }
  ],
  steps: () => MOST - 1,
  run: choice => {
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
    const frames = function* (): Generator<Frame> {
      for (let k = 1; k <= MOST; k++) yield { isotropic: fitted('isotropic', k), full: fitted('full', k) }
    }
    return { setting: data.values, frames: frames() }
  },
  view: ({ setting, frames, step, done, choice }) => {
    const family: Family = choice.family === 'full' ? 'full' : 'isotropic'
    const look: Look = family === 'full' ? 'em' : 'descent'
    const { means, covariances } = frames[step][family]
    const marks: ReadonlyArray<Mark> = [
      { kind: 'cloud', points: setting, look: 'quiet' },
      ...places(means).flatMap((at, k): Mark[] => [
        { kind: 'ellipse', at, covariance: covariances[k], look },
        { kind: 'disc', at, look }
      ])
    ]
    const best = (of: Family, by: Criterion): number =>
      frames.reduce((best, frame, i) => (frame[of][by] < frames[best][of][by] ? i : best), 0)
    const least = Math.min(...frames.flatMap(({ isotropic, full }) => [isotropic.bic, full.bic]))
    const most = Math.max(...frames.slice(1).flatMap(({ isotropic, full }) => [isotropic.icl, full.icl]), least + 10)
    const room = 0.08 * (most - least)
    const panel = (by: Criterion) => ({
      title: `${CRITERIA[by]} (lower is better)`,
      x: { from: 1, to: MOST + 0.4, ticks: frames.map((_, i) => [i + 1, String(i + 1)] as const), name: 'components' },
      y: {
        from: least - room,
        to: most + room,
        ticks: [least, most].map(value => [value, value.toFixed(0)] as const)
      },
      lines: (Object.keys(FAMILIES) as ReadonlyArray<Family>).map(of => ({
        label: `${FAMILIES[of]}: ${best(of, by) + 1}`,
        look: of === 'full' ? ('em' as const) : ('descent' as const),
        places: frames.map((frame, i) => [i + 1, frame[of][by]] as const),
        // The lowest.
        at: [best(of, by) + 1, frames[best(of, by)][of][by]] as const
      }))
    })
    const wins = (of: Family): string =>
      best(of, 'bic') === best(of, 'icl')
        ? `both criteria say ${best(of, 'bic') + 1}`
        : `BIC picks ${best(of, 'bic') + 1} and ICL ${best(of, 'icl') + 1}`
    return {
      picture: {
        caption: `${step + 1} components, ${FAMILIES[family]}, with one standard deviation`,
        reach: 9,
        about: [0, 2],
        marks
      },
      panels: [panel('bic'), panel('icl')],
      says: [
        `With ${step + 1} ${step === 0 ? 'component' : 'components'} of ${family === 'full' ? 'any shape' : 'round form'}: BIC *${frames[step][family].bic.toFixed(0)}*, ICL *${frames[step][family].icl.toFixed(0)}*.`,
        done
          ? `With round components ${wins('isotropic')}; with any shape ${wins('full')}.`
          : `So far ${frames.length} of ${MOST} are fitted.`,
        !done
          ? ''
          : best('isotropic', 'bic') > best('full', 'bic')
            ? 'Round components need several to cover a long cluster. “How many?” means “how many of what?”'
            : 'Where every cluster is round, the families agree.'
      ]
        .filter(text => text !== '')
        .join(' ')
    }
  }
})

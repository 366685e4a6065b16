/** Pictures of a choice: criteria by number of components, and entropy as components are merged. */
import { criterionTitle, criterionValue } from '../fit/candidates.js'
import type * as Fit from '../fit/fit.js'
import * as Points from '../data/index.js'
import { show } from '../fit/table.js'
import { MIN_ENTROPY_DECREASE } from '../fit/overlapping.js'
import { commandLineName } from '../fit/text.js'
import * as Merging from '../mixture/merging.js'
import { of, type Picture } from './drawing.js'
import { drawnRows, type PicturedFit } from './figures.js'
import type { CandidateChoice } from './findings.js'
import * as Marks from './mark.js'
import { arranged, type Panel } from './panel.js'
import * as Scale from './scale.js'
import type { Xy } from './svg.js'

interface CriterionPanel {
  readonly name: string
  readonly panel: Panel
  readonly description: string
  readonly note: string
}

/** Draws each candidate's criterion above the best, on the scale log(1 + x). */
const criterionPanel = ({ candidates }: CandidateChoice, by: Fit.Criterion): CriterionPanel => {
  const name = criterionTitle(by)
  const value = ({ statistics }: Fit.Ranked): number => criterionValue(by, statistics)
  const [chosen] = candidates
  const stands = ({ isSelectable }: Fit.Ranked): boolean => isSelectable
  const values = candidates.map(value)
  const best = Math.min(...candidates.filter(stands).map(value))
  const families = [...new Set(candidates.map(({ family }) => family))]
  const counts = candidates.map(({ components }) => components)
  const most = Math.max(2, ...values.map(value => value - best))
  const placeOf = (one: Fit.Ranked): Xy => [one.components, Math.max(0, value(one) - best)]
  const panel: Panel = {
    x: { title: 'components', domain: Scale.extent(counts, 0.06), count: 9, least: 1 },
    y: { title: `${name} above the least`, scale: 'squeezed', domain: [-0.3, 1.2 * most] },
    marks: [
      ...families.flatMap((family, k) => {
        const own = candidates.filter(one => one.family === family).sort((a, b) => a.components - b.components)
        const look = { name: commandLineName(family), k }
        const places = own.filter(stands).map(placeOf)
        return [
          Marks.line(places, { ...look, width: 1.5 }),
          Marks.dots(places, { ...look, r: 3.4 }),
          Marks.crosses(own.filter(one => !stands(one)).map(placeOf), { k })
        ]
      }),
      Marks.ring(placeOf(chosen))
    ]
  }
  return {
    name,
    panel,
    description:
      `How much more ${name} each candidate has than the best, by its number of components, a line for each family. ` +
      families
        .map(family => {
          const own = candidates.filter(one => one.family === family && stands(one))
          if (own.length === 0) return `${commandLineName(family)}: all excluded`
          const top = own.reduce((a, b) => (value(b) < value(a) ? b : a))
          return `${commandLineName(family)}: least at ${top.components}, +${show(value(top) - best, 3)}`
        })
        .join('; '),
    note: candidates.every(stands)
      ? ''
      : 'Crosses: excluded, as a component is empty or sits at the minimum variance; what is below the least stands at the bottom.'
  }
}

/** Criterion that decided and another; empty if there was no choice. */
const shownCriteria = (choice: CandidateChoice): ReadonlyArray<Fit.Criterion> =>
  choice.candidates.length < 2 ? [] : [...new Set<Fit.Criterion>([choice.criterion, 'bic', 'iclc'])].slice(0, 2)

/** Returns one picture per shown criterion. */
export const criterionPictures = (choice: CandidateChoice): ReadonlyArray<Picture> =>
  shownCriteria(choice).map(by => {
    const { name, panel, description, note } = criterionPanel(choice, by)
    return of(arranged([panel], { width: 340, height: 230, names: 'below' }), {
      name: `criterion-${by}`,
      description,
      note,
      title: `${name} by number of components`
    })
  })

/** Draws all shown criteria in one picture, side by side. */
export const candidatesPicture = (choice: CandidateChoice): Picture => {
  const all = shownCriteria(choice).map(by => criterionPanel(choice, by))
  return of(
    arranged(
      all.map(({ panel }) => panel),
      { columns: 2, width: 300, height: 230, names: 'below' }
    ),
    {
      name: 'candidates',
      title: 'What it was chosen from',
      description: all.map(({ description }) => description).join('. '),
      note: `Lower is better; the ring marks the choice. ${all.at(0)?.note ?? ''}`.trim()
    }
  )
}

/** Maximum number of rows over which entropies are averaged, to three digits. */
const MAX_ENTROPY_ROWS = 5000

/** Draws the assignment entropy as components are merged in pairs; null for fewer than three components. */
export const mergingPicture = ({
  mixture,
  observed: all
}: Pick<PicturedFit, 'mixture' | 'observed'>): Picture | null => {
  if (mixture.weights.length < 3) return null
  const points = Points.select(drawnRows(all.rows, MAX_ENTROPY_ROWS))(all)
  const { steps, chosen } = Merging.of(points)(mixture)
  const decrease = (steps[steps.length - 1].entropy - chosen.entropy) / Points.totalWeight(points)
  const isMerged = chosen.count < mixture.weights.length && decrease > MIN_ENTROPY_DECREASE
  const placeOf = ({ count, entropy }: Merging.Clusters): Xy => [count, entropy]
  const places = steps.map(placeOf)
  const panel: Panel = {
    x: {
      title: 'clusters',
      domain: Scale.extent(
        places.map(([x]) => x),
        0.06
      ),
      count: 9,
      least: 1
    },
    y: { title: 'entropy', domain: [0, 1.15 * Math.max(1e-9, ...places.map(([, y]) => y))] },
    marks: [
      Marks.line(places, { k: 0, width: 1.5 }),
      Marks.dots(places, { k: 0, r: 3.4 }),
      Marks.ring(isMerged ? placeOf(chosen) : places[places.length - 1])
    ]
  }
  const groups = Array.from({ length: chosen.count }, (_, c) =>
    chosen.clusters.flatMap((of, k) => (of === c ? [k + 1] : [])).join(' and ')
  )
  return of(arranged([panel], { width: 340, height: 230 }), {
    name: 'merging',
    title: 'Components merged into clusters',
    description: `The entropy of rows over clusters, in nats, by the number of clusters: ${steps.map(({ count, entropy }) => `${count}: ${show(entropy, 3)}`).join(', ')}.`,
    note:
      'Components are merged pair by pair, those first whose rows are hardest to tell apart (Baudry et al. 2010). ' +
      (isMerged
        ? `The ring is the elbow: ${chosen.count} clusters, of components ${groups.join('; ')}. Merging them lowers the entropy by ${show(decrease, 2)} nats per row; ` +
          `more than ${MIN_ENTROPY_DECREASE} speaks for merging. ornstein assign --merged assigns rows to these clusters.`
        : chosen.count === mixture.weights.length
          ? `No merging is proposed: the curve has no elbow below ${chosen.count} clusters.`
          : `No merging is proposed: the elbow, ${chosen.count} clusters, lowers the entropy by ${show(Math.max(0, decrease), 2)} nats per row only; more than ${MIN_ENTROPY_DECREASE} would speak for merging.`)
  })
}

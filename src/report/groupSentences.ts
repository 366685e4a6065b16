/** First lines of a report: number, sizes and typical values of the groups of rows. */
import type * as Points from '../data/index.js'
import { columnFormats, show } from '../fit/table.js'
import type * as Merging from '../mixture/merging.js'
import * as Mixture from '../mixture/mixture.js'
import { criterionTitle } from '../fit/candidates.js'
import { commandLineName } from '../fit/text.js'
import { isPair, listInWords, title, type Findings } from './findings.js'
import { baseName, wholePercent, countedNoun } from './phrases.js'

/** Maximum number of groups described one by one. */
const MAX_DESCRIBED = 9
const MAX_TYPICAL_COLUMNS = 2
/** Minimum difference of a group's mean from that of all rows to be named, in standard deviations of the column. */
const MIN_DIFFERENCE = 0.25

/** Share of rows of each component; the background has the rest. */
const shares = ({ mixture: { weights, background } }: Findings): ReadonlyArray<number> =>
  Array.from(weights, weight => weight * (1 - (background?.share ?? 0)))

/** “: 45 %, 36 % and 19 %”, or the range of many. */
const sizes = (fit: Findings): string => {
  const all = shares(fit)
  return all.length > MAX_DESCRIBED
    ? `, of ${wholePercent(Math.min(...all))} to ${wholePercent(Math.max(...all))} each`
    : `: ${listInWords(all.map(wholePercent))}`
}

/** “3 groups in penguins.csv”. */
export const headline = ({ mixture: { weights }, source }: Pick<Findings, 'mixture' | 'source'>): string =>
  `${weights.length === 1 ? 'One group' : countedNoun(weights.length, 'group')} in ${baseName(source)}`

/** Overlapping components that may be one cluster each, from 1. */
const mergedGroups = ({ count, clusters }: Merging.Clusters): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: count }, (_, cluster) =>
    clusters.flatMap((other, k) => (other === cluster ? [k + 1] : []))
  ).filter(group => group.length > 1)

/** “342 rows of penguins.csv fall into 3 groups: 45 %, 36 % and 19 %.”, and any groups that may be one. */
export const groupSentence = (fit: Findings, overlapping: Merging.Clusters | null, source: string): string => {
  const { statistics, mixture, choice } = fit
  const count = mixture.weights.length
  const rows = countedNoun(statistics.rows, 'row').replace(/^\S+/, String(statistics.rows))
  const wasOpen = choice?.candidates.some(({ components }) => components > 1) === true
  const beyond =
    mixture.background === undefined ? '' : ` ${wholePercent(mixture.background.share)} belong to no group.`
  if (count === 1)
    return `${rows} of ${source} form${statistics.rows === 1 ? 's' : ''} one group${wasOpen ? ': dividing them describes them no better' : ''}.${beyond}`
  const merged = overlapping === null ? [] : mergedGroups(overlapping)
  return (
    `${rows} of ${source} fall into ${count} groups${sizes(fit)}.${beyond}` +
    merged.map(group => ` Groups ${listInWords(group)} overlap and may be one.`).join('')
  )
}

/** Columns in which each group's mean is furthest from that of all rows, in standard deviations. */
export const typical = ({ columns, mixture }: Findings, { centre, scale }: Points.Scaling): ReadonlyArray<string> => {
  const { means, variances } = Mixture.marginals(mixture)
  if (means.length < 2 || means.length > MAX_DESCRIBED) return []
  const format = columnFormats(variances)
  return means.map((mean, k) => {
    const differences = mean.map((x, j) => (x - centre[j]) / scale[j])
    const furthest = [...differences.keys()]
      .filter(j => Math.abs(differences[j]) >= MIN_DIFFERENCE)
      .sort((i, j) => Math.abs(differences[j]) - Math.abs(differences[i]))
      .slice(0, MAX_TYPICAL_COLUMNS)
    const phrases = furthest.map(
      j =>
        `${differences[j] < 0 ? 'low' : 'high'} ${columns[j]} (${format[j](mean[j])}; all rows ${format[j](centre[j])})`
    )
    return `Group ${k + 1}: ${phrases.length === 0 ? 'near the mean of all rows in every column' : listInWords(phrases)}.`
  })
}

/** “Model: 3 components, tied covariance; ICLc 10568.2, BIC 10500.3.” */
export const modelSentence = (fit: Findings): string => {
  const { family, mixture, statistics, choice, isStreamed } = fit
  const count = mixture.weights.length
  const [covariance, ...others] = family.split(' with ')
  const shape = isPair(fit)
    ? title(fit)
    : [
        `${countedNoun(count, 'component')}${count === 1 ? '' : ' (one per group)'}, ${commandLineName(covariance)} covariance`,
        ...others
      ].join(' with ')
  const crossValidated =
    choice?.criterion === 'crossValidated' && statistics.crossValidated !== undefined
      ? [`${criterionTitle('crossValidated')} ${show(statistics.crossValidated)}`]
      : []
  const values = [
    ...crossValidated,
    choice?.criterion === 'icl' || !Number.isFinite(statistics.iclc)
      ? `ICL ${show(statistics.icl)}`
      : `ICLc ${show(statistics.iclc)}`,
    `BIC ${show(statistics.bic)} (lower is better)`
  ]
  return `Model: ${shape}; ${values.join(', ')}${isStreamed ? '; rows read in pieces' : ''}.`
}

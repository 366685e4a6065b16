/** Warnings about a fit, with options of `ornstein fit` that may remove their cause. */
import { pipe } from 'fp-ts/lib/function.js'
import { tabulate } from '../../lib/arrays/entries.js'
import { symmetricEigen } from '../../lib/arrays/linalg.js'
import * as Points from '../data/index.js'
import { bestExcluded } from '../fit/candidates.js'
import { distantCells } from '../fit/distantCells.js'
import { overlapSentence } from '../fit/overlapping.js'
import { show } from '../fit/table.js'
import { shellQuoted, commandLineName } from '../fit/text.js'
import type * as Merging from '../mixture/merging.js'
import * as Mixture from '../mixture/index.js'
import { warningPart, type VerdictPart } from './document.js'
import { countedNoun } from './phrases.js'
import { findProbableTails, probableTailSentence } from './probableTails.js'
import { findRepeatedRows, repeatedRowsSentence } from './repeatedRows.js'
import {
  hasFixedUnitVariance,
  isMostlyBackground,
  isPair,
  listInWords,
  robustnessAdvice,
  localOptimumAdvice,
  rowLabel,
  type Advice,
  type Findings
} from './findings.js'

/** Warns of components that are empty, or almost equal to another, from 1. */
const redundancyAdvice = (
  fit: Pick<Findings, 'mixture' | 'scaling' | 'redundancies' | 'pipeline'>
): ReadonlyArray<Advice> => {
  const { mixture, scaling } = fit
  const options = hasFixedUnitVariance(fit) ? '--family isotropic' : `--components ${mixture.weights.length - 1}`
  const remedy = !hasFixedUnitVariance(fit)
    ? `Try ${options}.`
    : `This family has variance 1 in ${scaling === null ? 'the units of the data' : 'standardized units'}; ` +
      '--family isotropic learns the variances.'
  return fit.redundancies.map(found => ({
    remedy: options,
    text:
      found._tag === 'Empty'
        ? `Component ${found.component + 1} is empty: its effective count is ${found.rows.toPrecision(2)} rows. ${remedy}`
        : `Components ${found.components.map(k => k + 1).join(' and ')} are all but the same: ` +
          `they overlap by ${(100 * found.overlap).toFixed(0)} %. ${remedy}`
  }))
}

type CheckedRows = Pick<
  Findings,
  'mixture' | 'columns' | 'observed' | 'rowNumbers' | 'rowNames' | 'statistics' | 'unsupported'
>

/** Warns of components at the minimum variance, numbered from 1. */
const minVarianceWarnings = (fit: Pick<Findings, 'atMinVariance'> & CheckedRows): ReadonlyArray<string> => {
  const { atMinVariance } = fit
  return atMinVariance.length === 0
    ? []
    : [
        `${atMinVariance.length === 1 ? 'Component' : 'Components'} ${atMinVariance.map(k => k + 1).join(', ')} ` +
          `${atMinVariance.length === 1 ? 'is' : 'are'} at the minimum variance: ` +
          'without it the likelihood would grow without bound, and with it log-likelihood and BIC say little.' +
          (distantRowWarnings(fit).length > 0
            ? ''
            : ' Look for rows that are repeated or far from all others, or try fewer components.')
      ]
}

const MAX_NAMED_DISTANT_ROWS = 3

/** Warns of rows far from most others, unless tails, a small background or a component describe them. */
const distantRowWarnings = (fit: CheckedRows): ReadonlyArray<string> => {
  const { mixture, columns, observed } = fit
  const all = mixture.tails === undefined ? distantCells(observed) : []
  if (all.length === 0) return []
  const component = isMostlyBackground(mixture) ? null : pipe(mixture, Mixture.assign(observed))
  const stray = strayRows(fit, smallComponents(fit))
  const own = all.filter(({ row }) => (component?.[row] ?? 0) >= 0 && !stray.includes(rowLabel(fit)(row)))
  const said = own
    .slice(0, MAX_NAMED_DISTANT_ROWS)
    .map(
      ({ row, column, value, middle: [low, high] }) =>
        `row ${rowLabel(fit)(row)}, whose ${columns[column]} is ${show(value, 3)} where half of all rows are between ${show(low, 3)} and ${show(high, 3)}`
    )
  const [s, it] = own.length === 1 ? ['', 'it'] : ['s', 'them']
  return own.length === 0
    ? []
    : [
        `Far from most rows: ${said.join('; ')}${own.length > MAX_NAMED_DISTANT_ROWS ? `; and ${own.length - MAX_NAMED_DISTANT_ROWS} more` : ''}. ` +
          `What was learned depends on ${it}. Check the row${s}: remove ${it} if wrong, and fit again.`
      ]
}

/** Warns of constant columns. */
export const constantColumnAdvice = ({
  columns,
  observed: { dim, values }
}: Pick<Findings, 'columns' | 'observed'>): ReadonlyArray<Advice> => {
  const found = columns.filter((_, j) => {
    const cells = tabulate(values.length / dim, row => values[row * dim + j]).filter(x => !Number.isNaN(x))
    return cells.every(x => x === cells[0])
  })
  const [is, says, them] = found.length === 1 ? ['is', 'says', 'it'] : ['are', 'say', 'them']
  const remedy = `--exclude ${shellQuoted(found.join(','))}`
  return found.length === 0 || found.length === columns.length || values.length === dim
    ? []
    : [
        {
          remedy,
          text:
            `${found.join(', ')} ${is} the same in every row and ${says} nothing of components; the minimum variance alone decides what it ` +
            `adds to the log-likelihood: leave ${them} out with ${remedy}.`
        }
      ]
}

/**
 * Warns of columns at the minimum variance in components of the fit or of the excluded candidate, without a remedy, since no fit without
 * them was tried.
 */
const minVarianceColumnWarnings = ({
  columns,
  minVarianceColumns,
  choice,
  observed
}: Pick<Findings, 'columns' | 'minVarianceColumns' | 'choice' | 'observed'>): ReadonlyArray<string> => {
  const aside = choice === null ? null : bestExcluded(choice.criterion, choice.candidates)
  const all = aside?.minVarianceColumns ?? minVarianceColumns
  if (all.length === 0 || all.length === columns.length) return []
  // Columns whose unit a few distant cells determine have their own warning.
  const unmade = distantCells(observed).map(({ column }) => column)
  const names = all.filter(j => !unmade.includes(j)).map(j => columns[j])
  return names.length === 0
    ? []
    : [
        `${aside === null ? 'Components' : `Components of ${aside.components} ${commandLineName(aside.family)}`} are at the minimum variance in ` +
          `${names.join(', ')}: many rows have the same number there, or few are apart.`
      ]
}

/** Maximum number of rows from which a dependence is estimated; it is checked in all. */
const MAX_DEPENDENCE_ROWS = 4000

/**
 * Warns of columns with a linear combination constant to 10⁻³ standard deviations, if a component is at the minimum variance and no cell is
 * missing.
 */
export const dependentColumnsAdvice = ({
  columns,
  observed: points,
  atMinVariance,
  choice
}: Pick<Findings, 'columns' | 'observed' | 'atMinVariance' | 'choice'>): ReadonlyArray<Advice> => {
  const { rows, dim } = points
  const isHeldUp = atMinVariance.length > 0 || choice?.candidates.some(one => one.atMinVariance.length > 0) === true
  if (!isHeldUp || rows <= dim || points.values.some(Number.isNaN)) return []
  const { values } = Points.standardize(points).points
  const places = Array.from({ length: rows }, (_, row) => row * dim)
  const sampled = places.slice(0, MAX_DEPENDENCE_ROWS)
  const products = new Float64Array(dim * dim).map((_, at) => {
    const i = Math.floor(at / dim)
    const j = at % dim
    const sum = sampled.reduce((sum, place) => sum + values[place + i] * values[place + j], 0)
    // A variance of 1 keeps a constant column out of the combination.
    return i === j && sum === 0 ? rows : sum
  })
  const multiples = symmetricEigen({ shape: [dim, dim], values: products }).vectors.values.slice(-dim)
  const isSame = (place: number): boolean =>
    Math.abs(multiples.reduce((sum, by, j) => sum + by * values[place + j], 0)) <= 1e-3
  const found = columns.filter((_, j) => Math.abs(multiples[j]) > 0.1)
  const remedy = `--exclude ${shellQuoted(found.at(-1) ?? '')}`
  return found.length < 2 || !places.every(isSame)
    ? []
    : [
        {
          remedy,
          text:
            `${found.join(', ')} depend on each other: a sum of multiples of them is the same in every row, to a thousandth of a standard ` +
            'deviation. Each component is then at the minimum variance in that direction, and this minimum ' +
            `decides what is chosen: leave one of them out with ${remedy}.`
        }
      ]
}

/** Maximum number of rows of a small component that are named. */
const MAX_NAMED_ROWS = 6

/** Labels of the rows of the given components if they are few and outliers for all others; otherwise empty. */
const strayRows = (
  fit: Pick<Findings, 'mixture' | 'observed' | 'rowNumbers' | 'rowNames' | 'statistics'>,
  of: ReadonlyArray<number>
): ReadonlyArray<string> => {
  const { mixture, observed: points, statistics } = fit
  const { means, weights, factors } = Mixture.toDescription(mixture)
  const isOther = (_: unknown, k: number): boolean => !of.includes(k)
  // Rows of a source that are not in memory may belong to these components too.
  if (points.rows < statistics.rows || of.length === 0 || of.length === weights.length) return []
  const component = pipe(mixture, Mixture.assign(points))
  const rows = Array.from(component.keys()).filter(i => of.includes(component[i]))
  const others = Mixture.of({
    means: means.filter(isOther),
    weights: weights.filter(isOther),
    ...(factors === undefined
      ? { variances: Mixture.marginals(mixture).variances.filter(isOther) }
      : { factors: factors.filter(isOther) })
  })
  const isStray = rows.length > 0 && rows.length <= MAX_NAMED_ROWS
  return isStray && Mixture.memberships(Points.select(rows)(points))(others).every(({ isOutlier }) => isOutlier)
    ? rows.map(rowLabel(fit))
    : []
}

/** Components with few enough rows to name; left out together, since their rows are outliers for one another's components too. */
const smallComponents = ({ unsupported }: Pick<Findings, 'unsupported'>): ReadonlyArray<number> =>
  unsupported.filter(({ rows }) => rows < MAX_NAMED_ROWS).map(({ component }) => component)

/** Warns of components that few rows support, numbered from 1. */
export const unsupportedAdvice = (
  fit: Pick<Findings, 'unsupported' | 'statistics' | 'mixture' | 'observed' | 'rowNumbers' | 'rowNames'>
): ReadonlyArray<Advice> => {
  const { statistics, unsupported } = fit
  const few = smallComponents(fit)
  const stray = strayRows(fit, few)
  const [s, it, are, they] =
    stray.length === 1
      ? ['', 'it', 'lies', 'It is probably an outlier']
      : ['s', 'them', 'lie', 'They are probably outliers']
  const others = stray.length > 0 ? unsupported.filter(({ component }) => !few.includes(component)) : unsupported
  return [
    ...(stray.length === 0
      ? []
      : [
          {
            text:
              `${few.length === 1 ? 'Component' : 'Components'} ${listInWords(few.map(k => k + 1))} ${few.length === 1 ? 'rests' : 'rest'} on ` +
              `row${s} ${listInWords(stray)} alone, which ${are} outside the 99.9 % contour of every other component. ${they}. ` +
              `Check the row${s}: remove ${it} if wrong, and fit again.`
          }
        ]),
    ...others.map(({ component, rows, parameters, gain, due }) => ({
      ...(statistics.sizes.length > 1 && { remedy: `--components ${statistics.sizes.length - 1}` }),
      text:
        `Component ${component + 1} may be an accident of few rows: it rests on ${show(rows, 3)} and has ${parameters} parameters. ` +
        (gain > 0 && due > gain
          ? `It raises the log-likelihood of rows that are left out of its estimate by ${show(gain, 3)}, and its parameters cost ${show(due, 3)}. `
          : 'It does not raise the log-likelihood of rows that are left out of its estimate. ') +
        `Try ${statistics.sizes.length > 1 ? `--components ${statistics.sizes.length - 1} or ` : ''}a family with fewer parameters.`
    }))
  ]
}

/** Minimum number of rows of a fit that can be checked: for fewer, BIC hardly penalizes more than AIC (log 8 ≈ 2). */
const MIN_ROWS = 10

/** Quantities that several parts of a report use. */
export interface ReportContext {
  /** Origin and standard deviation of each column. */
  readonly units: Points.Scaling
  /** True if the data have a column of labels, which the fit did not use. */
  readonly isLabelled: boolean
  /** Null if no components overlap. */
  readonly overlapping: Merging.Clusters | null
}

/** Proposes --standardize for columns of unequal scale, or a pair about 0 for data with another mean. */
const scalingAdvice = (fit: Findings, { centre, scale }: Points.Scaling): ReadonlyArray<Advice> => {
  if (fit.scaling !== null) return []
  const least = Math.min(...scale)
  const most = Math.max(...scale)
  const remedy = '--standardize'
  const unequal: Advice = {
    text:
      `The standard deviations of the columns range from ${show(least, 3)} to ${show(most, 3)}, but a component ` +
      'has only one. Try --standardize.',
    remedy
  }
  const offCentre: Advice = {
    text:
      `The pair is symmetric about 0, but the mean of the data is ${Array.from(centre, (x, j) => `${fit.columns[j]} ${show(x, 3)}`).join(', ')}. ` +
      '--standardize moves it to 0.',
    remedy
  }
  return [...(most > 3 * least ? [unequal] : []), ...(isPair(fit) ? [offCentre] : [])]
}

/** Proposes another use of columns whose numbers may be weights or labels. */
const doubtfulColumnAdvice = (
  doubtful: Findings['doubtful'],
  { isLabelled }: { readonly isLabelled: boolean }
): ReadonlyArray<Advice> => {
  const weights = doubtful.filter(({ why }) => why === 'weights')
  const labels = isLabelled ? [] : doubtful.filter(({ why }) => why !== 'weights').map(({ name }) => name)
  return [
    ...weights.map(({ name }): Advice => {
      const remedy = `--weights ${shellQuoted(name)}`
      return { text: `${name} is used like any other column. If it holds the weights of rows, use ${remedy}.`, remedy }
    }),
    ...labels.slice(0, 1).map((first): Advice => {
      const remedy = `--labels ${shellQuoted(first)}`
      return {
        text:
          labels.length === 1
            ? `${first} holds few different whole numbers. If they are labels, use ${remedy}.`
            : `${labels.join(', ')} hold few different whole numbers. If one holds labels, name it: ${remedy}.`,
        remedy
      }
    })
  ]
}

/** Returns the warnings that need no pass over the rows' responsibilities. */
export const fitWarnings = (
  fit: Findings,
  { units, isLabelled, overlapping }: ReportContext
): ReadonlyArray<VerdictPart> => {
  const { columns, doubtful, statistics } = fit
  const repeated = findRepeatedRows(fit.observed)
  const depending = dependentColumnsAdvice(fit)
  const all: ReadonlyArray<Advice | string | null> = [
    localOptimumAdvice(fit),
    ...scalingAdvice(fit, units),
    statistics.rows < MIN_ROWS
      ? `${countedNoun(statistics.rows, 'row')} ${statistics.rows === 1 ? 'is' : 'are'} too few to check a fit: below ${MIN_ROWS} rows the criterion and the probabilities say little.`
      : null,
    repeated && repeatedRowsSentence(repeated, columns),
    ...doubtfulColumnAdvice(doubtful, { isLabelled }),
    ...constantColumnAdvice(fit),
    ...(depending.length > 0 ? depending : minVarianceColumnWarnings(fit)),
    ...redundancyAdvice(fit),
    ...findProbableTails(fit.mixture).map(tail => probableTailSentence(tail, columns)),
    ...minVarianceWarnings(fit),
    ...distantRowWarnings(fit),
    ...unsupportedAdvice(fit),
    overlapping && overlapSentence(overlapping),
    // Last, since warnings about the minimum variance make this hint unreliable.
    robustnessAdvice(fit)
  ]
  return all.flatMap(one => {
    if (one === null) return []
    return typeof one === 'string' ? warningPart(one) : warningPart(one.text, one.remedy)
  })
}

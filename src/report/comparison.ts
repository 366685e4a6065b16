import * as Points from '../data/index.js'
import * as Metric from '../mixture/metric.js'
import * as Mixture from '../mixture/mixture.js'
import { type Findings, isPair, totalSteps } from './findings.js'
import { columnFormats, show, tableWidth, type TextTable } from '../fit/table.js'

export interface Comparison {
  /** One row per fit: centres, log-likelihood per row, number of steps. */
  readonly table: TextTable
  readonly means: ReadonlyArray<readonly [string, string]>
  /** Explains the default recipe; empty if it is not compared. */
  readonly reason: string
}

const RECIPE_DESCRIPTIONS: Readonly<Record<string, string>> = {
  annealed: 'expectation-maximization, annealing and split-and-merge moves, kept only if the likelihood rises',
  grown: 'components split one by one, with expectation-maximization, then split and merge moves',
  'two-stage': 'descent on the DDPM objective at high noise, then at low',
  em: 'expectation-maximization on the data',
  'maximum-likelihood': 'descent on the likelihood, which is the DDPM objective over all noise levels',
  spectral: 'expectation-maximization from principal directions'
}

/** For the symmetric pair, whose components cannot be split or merged, `annealed` is a descent. */
const PAIR_RECIPE_DESCRIPTIONS: Readonly<Record<string, string>> = {
  annealed: 'descent on the DDPM objective from high noise to none',
  spectral: 'power iteration, then expectation-maximization'
}

const recipeDescription = (fit: Findings): string => {
  const { recipe } = fit
  const words = { ...RECIPE_DESCRIPTIONS, ...(isPair(fit) && PAIR_RECIPE_DESCRIPTIONS) }
  return Object.hasOwn(words, recipe) ? words[recipe] : 'your own'
}

const defaultRecipeReason = (fit: Findings): string =>
  isPair(fit)
    ? 'annealed is the default: high noise shows the direction from any start, and less noise the place.'
    : 'annealed moves trapped components; two-stage and em do not. grown (the default) also compares starts for each number of components.'

const alignDecimals = (numbers: ReadonlyArray<number>): ReadonlyArray<string> => {
  const texts = numbers.map(x => show(x))
  const decimals = Math.max(...texts.map(text => text.split('.')[1]?.length ?? 0))
  return texts.some(text => text.includes('e')) ? texts : numbers.map(x => x.toFixed(decimals))
}

/** In characters. */
const MAX_TABLE_WIDTH = 100

/**
 * Compares fits with the first. Centres that do not fit in the table are replaced by their distance from the first fit's: root mean square
 * under the best matching, in standard deviations of the columns.
 */
export const compareFits = (fits: readonly [Findings, ...ReadonlyArray<Findings>]): Comparison => {
  const [first] = fits
  const { columns, points } = first
  const { scale } = Points.standardize(points)
  const fitted = fits.map(({ mixture }) => Mixture.marginals(mixture))
  const format = columnFormats(fitted.flatMap(({ variances }) => variances))
  const centres = fitted.map(({ means }) =>
    means.map(mean => mean.map((x, j) => format[j](x)).join(', ')).map(text => `(${text})`)
  )
  const scaled = fitted.map(({ means }) => means.map(mean => mean.map((x, j) => x / scale[j])))
  const tableOf = (header: string, cells: ReadonlyArray<string>): TextTable => {
    const likelihoods = alignDecimals(fits.map(({ statistics }) => statistics.logLikelihood))
    return {
      header: ['recipe', header, 'log-likelihood per row', 'steps'],
      rows: fits.map((fit, i) => [fit.recipe, cells[i], likelihoods[i], String(totalSteps(fit))])
    }
  }
  const whole = tableOf(
    `centres (${columns.join(', ')})`,
    centres.map(texts => texts.join(', '))
  )
  return {
    table:
      tableWidth(whole) <= MAX_TABLE_WIDTH
        ? whole
        : tableOf(
            "distance of the centres from the first's",
            scaled.map(means => `${Metric.centreError(means, scaled[0]).toPrecision(2)} sd`)
          ),
    means: fits.map(fit => [fit.recipe, recipeDescription(fit)]),
    reason: fits.some(({ recipe }) => recipe === 'annealed' || recipe === 'grown') ? defaultRecipeReason(first) : ''
  }
}

/** What a fit found, and how: all that a table, a report or a model file shows of it. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import type * as Run from '../compile/run.js'
import * as Problem from '../core/problem.js'
import type * as Points from '../data/index.js'
import type * as Bootstrap from '../fit/bootstrap.js'
import type * as ComponentTest from '../fit/componentTest.js'
import * as FixedComponents from '../fit/fixedComponents.js'
import { hintSentence, type Hint } from '../fit/hint.js'
import { localOptimumSentence } from '../fit/localOptimum.js'
import type * as Fit from '../fit/fit.js'
import * as Mixture from '../mixture/index.js'
import type * as Statistics from '../mixture/statistics.js'
import type * as Pipeline from '../pipeline/pipeline.js'
import * as Score from '../score/score.js'
import {
  candidateTable,
  criterionTitle,
  criterionValue,
  isDegenerate,
  rangeEnd,
  rangeEndSentence
} from '../fit/candidates.js'
import { roundToSize, show, type TextTable } from '../fit/table.js'
import { commandLineName } from '../fit/text.js'

/** A stage as it ran. */
export interface StageRun {
  /** What it minimised, as mathematics. */
  readonly formula: string
  /** What its values measure: those of stages that measure the same stand on one axis. */
  readonly scale: string
  /** By which means, as code. */
  readonly method: string
  /** How many steps it could have taken. */
  readonly limit: number
  /** Which rule ended it; null where it was stopped before. */
  readonly rule: Run.Rule | null
  /** How many steps it took. */
  readonly taken: number
  /** The objective where steps started: the first, and so many further each. */
  readonly values: ReadonlyArray<number>
  readonly every: number
}

/** What a fit was chosen from, and by what: the best first. */
export interface CandidateChoice {
  readonly criterion: Fit.Criterion
  readonly candidates: ReadonlyArray<Fit.Ranked>
  readonly refused: ReadonlyArray<Fit.FailedCandidate>
  /** Whether a signal ended the search: candidates are then as far as they had come, of many rows on a sample. */
  readonly isStopped?: boolean
}

export interface Findings {
  /** Null where nothing was left open. */
  readonly choice: CandidateChoice | null
  /** How many starts agree with the one that was kept; null where there was one. */
  readonly starts: Fit.Starts | null
  /** Whether a search learned it to the end before its stages; null where there was none. */
  readonly isConverged: boolean | null
  /** Where the data came from: the path as it was typed. */
  readonly source: string
  /** The options that say what is learned from it, as they were typed: `--columns a,b`. */
  readonly typedOptions?: ReadonlyArray<string>
  /** Those of them that say how the table is read, for commands that read it again: `--missing em`. */
  readonly readOptions?: ReadonlyArray<string>
  /** Path of the model file, if one was asked for. */
  readonly modelPath?: string
  /** In the data's own units: all rows, or some of those of a source. Cells that are missing are completed, for pictures. */
  readonly points: Points.Points
  /** The same rows with NaN in cells that are missing: what is said of a row is said by the cells that it has. */
  readonly observed: Points.Points
  /** Whether rows were read in pieces. */
  readonly isStreamed: boolean
  /** The number of each in the table, from 1. */
  readonly rowNumbers: Uint32Array
  /** What names each, where a column does; null where none does. */
  readonly rowNames: ReadonlyArray<string> | null
  readonly columns: ReadonlyArray<string>
  readonly ignored: ReadonlyArray<Points.Ignored>
  /** Columns of classes among the ignored, to hold the components against. */
  readonly classes: ReadonlyArray<Points.Kept>
  /** Columns taken alone that may be meant otherwise. */
  readonly doubtful: ReadonlyArray<Points.Doubtful>
  readonly dropped: number
  /** How many cells were missing, and taken by their conditional moments. */
  readonly missing: number
  /** How many rows had no cells, and were left out. */
  readonly empty: number
  /** The family's word: `symmetric-pair`. */
  readonly family: string
  /** The recipe's name, or where the pipeline came from. */
  readonly recipe: string
  readonly seed: number
  /** How many rows the mean of the prior counts as, to whose mode it was learned; null for the likelihood. */
  readonly prior: number | null
  /** The origin and unit of each column that the mixture was learned in; null for the data's own. */
  readonly scaling: Points.Scaling | null
  /** In the data's own units, in the order of its means. */
  readonly mixture: Mixture.Mixture
  /** Components that fewer would do without. */
  readonly redundancies: ReadonlyArray<Mixture.Redundancy>
  /** Below which no variance fell, in the units of `scaling`; null where none was set. */
  readonly minimumVariance: number | null
  /** Components with rows, whose variance only the floor of the stages holds up; from 0, as the table has them. */
  readonly atMinVariance: ReadonlyArray<number>
  /** The columns in which they are so, from 0. */
  readonly minVarianceColumns: ReadonlyArray<number>
  /** Components that few rows hold up, each for the others. */
  readonly unsupported: ReadonlyArray<Fit.Unsupported>
  /** Components that were known, and held. */
  readonly fixed: ReadonlyArray<number>
  readonly statistics: Statistics.Statistics
  readonly stages: ReadonlyArray<StageRun>
  readonly pipeline: Pipeline.Pipeline<string>
  /** What was chosen to compute it, and why. */
  readonly plan: string
  /** How many steps the search took to its end, of one that is told as the search left it; else 0. */
  readonly searchSteps: number
  /** How far its parameters are known, or why that cannot be told; null where nobody asked. */
  readonly bootstrap: E.Either<Problem.Problems, Bootstrap.Bootstrap> | null
  /** Tests of the number of components, or why there are none; null where nobody asked. */
  readonly tests: E.Either<Problem.Problems, ComponentTest.Tests> | null
  /** Whether tails or a background would be chosen; null where they would not, or were compared. */
  readonly robustnessHint: Hint | null
  /** Whether two components share one cluster while another covers two. */
  readonly localOptimum: Fit.LocalOptimum | null
}

/** What speaks against a fit, and the options of `ornstein fit` that may mend it, as a shell takes them. */
export interface Advice {
  readonly text: string
  readonly remedy?: string
}

/** That the range ends where it was chosen, and how to go on; empty where it does not. */
const rangeAdvice = ({ candidates, refused }: CandidateChoice): string => {
  const end = rangeEnd(candidates, refused)
  if (end === null) return ''
  const { components } = candidates[0]
  const more = end === 'most' ? `${components}..${components + 5}` : `${Math.max(1, components - 5)}..${components}`
  return ` ${rangeEndSentence[end]} Compare with -k ${more}.`
}

/** How it was chosen, in a sentence. */
export const choiceSentence = (choice: CandidateChoice, count: number): string => {
  const { criterion, candidates } = choice
  const [best, ...others] = candidates
  const name = criterionTitle(criterion)
  const value = (statistics: Statistics.Statistics): number => criterionValue(criterion, statistics)
  if (choice.isStopped === true)
    return (
      `Interrupted: of ${count === 1 ? 'the one candidate' : `the ${count} candidates`} learned so far, ${best.components} ${commandLineName(best.family)} has the lowest ${name}. ` +
      'Candidates had not converged, and many rows are compared on a sample: their numbers are provisional.'
    )
  const of = `Chosen by ${name} among ${count} candidate${count === 1 ? '' : 's'}`
  const next = (isDegenerate(best) ? others : others.filter(one => !isDegenerate(one))).at(0)
  if (next === undefined) return `${of}: in each other a component is empty, or sits at the minimum variance.`
  const apart = value(next.statistics) - value(best.statistics)
  const doubt =
    isDegenerate(best) && best.atMinVariance.length > 0 ? ', none without a component at the minimum variance' : ''
  const how =
    best.posterior > 0.95 ? ': a clear difference' : best.posterior > 0.75 ? ': a fair difference' : ': a close call'
  const posterior = best.posterior > 0.99 ? '> 0.99' : best.posterior.toFixed(2)
  return (
    `${of}${doubt}. ${name} is ${show(apart, 3)} lower than for the runner-up, ${next.components} ${commandLineName(next.family)}` +
    `${hasChoiceWarning(choice) ? '' : how} (approximate posterior probability ${posterior}).${rangeAdvice(choice)}`
  )
}

/** Whether something speaks against what was chosen, or another has less of the criterion and was excluded. */
export const hasChoiceWarning = (choice: CandidateChoice): boolean => {
  const [best] = choice.candidates
  const { redundancies, unsupported, mixture } = best
  return (
    choice.isStopped === true ||
    isDegenerate(best) ||
    redundancies.length > 0 ||
    unsupported.length > 0 ||
    isMostlyBackground(mixture) ||
    excludedCandidateAdvice(choice) !== null
  )
}

/** Whether a background has no fewer rows than the components. */
export const isMostlyBackground = ({ background }: Mixture.Mixture): boolean =>
  background !== undefined && background.share >= 1 / 2

/** Candidates that could not be learned, those of a family together that fail for one reason, and why. */
export const failedCandidates = ({ refused }: CandidateChoice): ReadonlyArray<readonly [which: string, why: string]> =>
  refused
    .filter((one, i) => refused.findIndex(hasSameProblem(one)) === i)
    .map(first => {
      const counts = refused.filter(hasSameProblem(first)).map(({ components }) => components)
      return [
        `${counts.join(', ')} ${commandLineName(first.family)}`,
        Problem.show(first.problem).replaceAll(first.family, commandLineName(first.family))
      ] as const
    })

const hasSameProblem =
  (one: CandidateChoice['refused'][number]) =>
  ({ family, problem: { field, domain } }: CandidateChoice['refused'][number]): boolean =>
    family === one.family && field === one.problem.field && domain === one.problem.domain

/** What another criterion would have chosen among candidates that are as sound: a sentence, or null where it is the same. */
export const otherCriterionAdvice = ({ criterion, candidates, isStopped = false }: CandidateChoice): Advice | null => {
  if (isStopped) return null
  const [best] = candidates
  const by = criterion === 'icl' ? 'bic' : 'icl'
  const other = candidates
    .filter(one => !isDegenerate(one) || isDegenerate(best))
    .reduce((least, one) => (one.statistics[by] < least.statistics[by] ? one : least), best)
  const what = by === 'icl' ? 'ICL, which favours well-separated clusters,' : 'BIC, which measures density fit,'
  const remedy = `--criterion ${by}`
  return other === best
    ? null
    : { text: `${what} would choose ${other.components} ${commandLineName(other.family)} (${remedy}).`, remedy }
}

/** Which candidate that is not sound has less of the criterion than the one that was chosen: a sentence, or null where none has. */
export const excludedCandidateAdvice = ({
  criterion,
  candidates,
  isStopped = false
}: CandidateChoice): Advice | null => {
  if (isStopped) return null
  const [best] = candidates
  const value = (statistics: Statistics.Statistics): number => criterionValue(criterion, statistics)
  const least = candidates
    .filter(isDegenerate)
    .reduce((least, one) => (value(one.statistics) < value(least.statistics) ? one : least), best)
  return least === best || isDegenerate(best)
    ? null
    : {
        // A component on equal rows has the lowest criterion whatever it describes, so its candidate is not the next one to try.
        ...(least.collapsed.length === 0 && { remedy: candidateOptions(least) }),
        text:
          `${least.components} ${commandLineName(least.family)} is lower by ` +
          `${show(value(best.statistics) - value(least.statistics), 3)} in ${criterionTitle(criterion)}, but has ` +
          `${least.atMinVariance.length > 0 ? 'a component at the minimum variance' : 'an empty component'}, and was excluded` +
          `; if that cluster is real, ask for ${candidateOptions(least)}.`
      }
}

/** The options that ask for a candidate: tails and a background are none of a family's name. */
const candidateOptions = ({ components, family }: { readonly components: number; readonly family: string }): string => {
  const [own, ...beside] = family.split(' with ')
  const robust = beside.includes('uniform background')
    ? ' --background box'
    : beside.some(part => part !== 'known components')
      ? ' --robust'
      : ''
  return `-k ${components} --family ${commandLineName(own)}${robust}`
}

/** The candidates, the best first, as far as there is room. */
export const candidatesTable = ({ criterion, candidates, isStopped = false }: CandidateChoice, most = 8): TextTable => {
  const { header, rows } = candidateTable(criterion, candidates.slice(0, most), commandLineName)
  // How probable each is, is not known of a search that was ended.
  const kept = (cells: ReadonlyArray<string>): ReadonlyArray<string> =>
    isStopped ? cells.filter((_, j) => header[j] !== 'posterior') : cells
  return { header: kept(header), rows: rows.map(kept) }
}

const familySatisfies =
  (can: (family: Score.Family<string>) => boolean) =>
  ({ pipeline }: Pick<Findings, 'pipeline'>): boolean => {
    const { family } = Score.interpret(pipeline.score)
    return family !== undefined && can(family)
  }

/** Whether the components are ±c. */
export const isPair = familySatisfies(({ mirrored }) => mirrored)

/** Whether the variances are 1 in the units it was learned in. */
export const hasFixedUnitVariance = familySatisfies(({ unitVariance }) => unitVariance)

export const totalSteps = ({ stages, searchSteps }: Pick<Findings, 'stages' | 'searchSteps'>): number =>
  stages.reduce((sum, { taken }) => sum + taken, searchSteps)

/**
 * How the last stage ended: converged, because its steps ran out, or stopped by a signal; `chosen` where there was none, since the
 * search had learned it to the end.
 */
export const outcomeOfStages = ({
  stages,
  isConverged
}: Pick<Findings, 'stages' | 'isConverged'>): 'converged' | 'complete' | 'stopped' | 'chosen' => {
  const last = stages.at(-1)?.rule
  if (stages.length === 0 && isConverged !== null) return isConverged ? 'chosen' : 'stopped'
  return last === null ? 'stopped' : last === undefined || last === 'steps' ? 'complete' : 'converged'
}

export const converged = (fit: Pick<Findings, 'stages' | 'isConverged'>): boolean =>
  ['converged', 'chosen'].includes(outcomeOfStages(fit))

/** Why a stage ended. */
export const stageEnding = ({ rule, taken, limit }: StageRun): string =>
  ({
    stopped: `${taken} of ${limit} steps, then it was stopped`,
    steps: limit === 1 ? 'one step' : `all ${limit} steps`,
    gradientNorm: `${taken} of ${limit} steps, then the gradient vanished`,
    relativeChange: `converged after ${taken} of ${limit} steps`
  })[rule ?? 'stopped']

/** What a prior has to do with it, in a sentence; null where there was none. */
export const priorSentence = ({ prior }: Pick<Findings, 'prior'>): string | null =>
  prior === null
    ? null
    : `The mode of the posterior under the prior of Fraley & Raftery (2007), whose mean counts as ${show(prior, 3)} rows: log-likelihood, ` +
      'BIC and ICL are those of that mixture without the prior, a little less likely than the likeliest.'

const percentText = (share: number): string => `${show(100 * share, 4)} %`

/** Estimates and intervals of weights, means and standard deviations, component by component, to the third digit of their widths. */
const intervalTable = (
  columns: ReadonlyArray<string>,
  { level, weights, means, variances }: Bootstrap.Bootstrap
): TextTable => {
  const row = (
    k: number,
    name: string,
    { estimate, lower, upper }: Bootstrap.Interval,
    of: (x: number) => number = x => x
  ): ReadonlyArray<string> => [
    String(k + 1),
    name,
    ...[estimate, lower, upper].map(x => roundToSize(of(upper) - of(lower))(of(x)))
  ]
  return {
    header: ['component', '', 'estimate', percentText((1 - level) / 2), percentText((1 + level) / 2)],
    rows: weights.flatMap((weight, k) => [
      row(k, 'weight', weight),
      ...columns.map((column, j) => row(k, column, means[k][j])),
      // Percentiles go along with what rises.
      ...columns.map((column, j) => row(k, `sd ${column}`, variances[k][j], Math.sqrt))
    ])
  }
}

interface TextAndTable {
  readonly text: string
  readonly table: TextTable | null
}

/** What resamples say: a sentence, and a table where there is one; null where nobody asked. */
export const bootstrapText = ({ bootstrap, columns }: Pick<Findings, 'bootstrap' | 'columns'>): TextAndTable | null =>
  bootstrap &&
  pipe(
    bootstrap,
    E.match(
      (problems): TextAndTable => ({ text: `No intervals. ${problems.map(Problem.show).join('; ')}.`, table: null }),
      found => {
        const { resamples, used, leftOut, unsettled, level } = found
        const left = [
          ...(leftOut.empty > 0 ? [`${leftOut.empty} lost a component`] : []),
          ...(leftOut.atMinVariance > 0 ? [`${leftOut.atMinVariance} left one at the minimum variance`] : []),
          ...(leftOut.failed > 0 ? [`${leftOut.failed} produced non-finite values`] : [])
        ]
        return {
          text:
            `Percentile intervals of level ${percentText(level)} from ${used} of ${resamples} resamples of the rows` +
            (left.length > 0 ? `; the others are left out (${left.join(', ')})` : '') +
            (unsettled > 0 ? `; ${unsettled} had not converged.` : '.'),
          table: intervalTable(columns, found)
        }
      }
    )
  )

/** Whether tails or a background would be chosen; null where not. */
export const robustnessAdvice = ({
  robustnessHint,
  choice
}: Pick<Findings, 'robustnessHint' | 'choice'>): Advice | null =>
  robustnessHint && {
    text: hintSentence(
      robustnessHint,
      criterionTitle(choice === null || choice.criterion === 'crossValidated' ? 'bic' : choice.criterion)
    ),
    remedy: robustnessHint.lone === 0 ? '--robust' : `--robust --components ${robustnessHint.components}`
  }

/** Where a fit is stuck; null where it is not. */
export const localOptimumAdvice = ({
  localOptimum,
  recipe
}: Pick<Findings, 'localOptimum' | 'recipe'>): Advice | null =>
  localOptimum && {
    text: localOptimumSentence(localOptimum, recipe),
    remedy: recipe === 'grown' ? '--recipe annealed' : '--recipe grown'
  }

/** What tests say of a number of components: a sentence, and a table where there is one; null where nobody asked. */
export const componentTestText = ({
  tests,
  mixture: { weights }
}: Pick<Findings, 'tests' | 'mixture'>): TextAndTable | null =>
  tests &&
  pipe(
    tests,
    E.match(
      (problems): TextAndTable => ({
        text: `No test of the number of components. ${problems.map(Problem.show).join('; ')}.`,
        table: null
      }),
      ({ tests, components: left }) => {
        const count = weights.length
        const p = (components: number): string =>
          `p = ${show(tests.find(one => one.components === components)?.p ?? NaN, 2)}`
        const isTested = (components: number): boolean => tests.some(one => one.components === components)
        const verdict = !isTested(Math.max(1, count - 1))
          ? 'ended before the first test was done.'
          : left < count
            ? `does not reject ${left} components (${p(left)}): fewer than the ${count} that were chosen.`
            : !isTested(count)
              ? `rejects ${count - 1} (${p(count - 1)}). Whether ${count + 1} are needed was not tested.`
              : left === count
                ? `${count === 1 ? '' : `rejects ${count - 1} (${p(count - 1)}), and `}does not reject ${count} (${p(count)}): the number that was chosen.`
                : `rejects ${count} (${p(count)}) too. A cluster that is not Gaussian takes several components; ornstein assign --merged joins them.`
        return {
          text: `The bootstrap likelihood-ratio test ${verdict}`,
          table: {
            header: ['components', 'against', 'likelihood ratio', 'p', 'resamples'],
            rows: tests.map(({ components, statistic, p, resampled }) =>
              [components, components + 1, show(statistic, 4), show(p, 2), resampled.length].map(String)
            )
          }
        }
      }
    )
  )

/** `full Gaussians with background`, of so many. */
export const familyInWords = (family: string, count: number): string => {
  const [own, ...beside] = family.split(' with ')
  return [`${own} Gaussian${count === 1 ? '' : 's'}`, ...beside].join(' with ')
}

/** `2 isotropic Gaussians`. */
export const title = ({
  family,
  pipeline,
  mixture: { weights }
}: Pick<Findings, 'family' | 'mixture' | 'pipeline'>): string =>
  isPair({ pipeline }) ? 'a symmetric pair of Gaussians' : `${weights.length} ${familyInWords(family, weights.length)}`

/** `id (row numbers), Species (text)`; no reason where it is that nobody asked. */
export const ignored = ({ ignored }: Pick<Findings, 'ignored'>): string =>
  ignored.map(({ name, why }) => (why === 'not asked for' ? name : `${name} (${why})`)).join(', ')

/** A row as it is called: by its name and its number, 12 or Adelie (12). */
export const rowLabel =
  ({ rowNumbers, rowNames }: Pick<Findings, 'rowNumbers' | 'rowNames'>) =>
  (i: number): string =>
    rowNames === null ? String(rowNumbers[i]) : `${rowNames[i]} (${rowNumbers[i]})`

/** `1, 2 and 3`. */
export const listInWords = (numbers: ReadonlyArray<number | string>): string =>
  numbers.length < 2
    ? numbers.join('')
    : `${numbers.slice(0, -1).join(', ')} and ${String(numbers[numbers.length - 1])}`

/** So many rows of a background are named at most. */
const MAX_NAMED_BACKGROUND = 20

/** The rows that belong to no component but to a background; none where there is no such. */
export const backgroundSentences = ({
  mixture,
  observed: points,
  rowNumbers,
  statistics
}: Pick<Findings, 'mixture' | 'observed' | 'rowNumbers' | 'statistics'>): ReadonlyArray<string> => {
  if (mixture.background === undefined) return []
  const component = pipe(mixture, Mixture.assign(points))
  const rows = Array.from(component.keys()).filter(i => component[i] < 0)
  const share = `The background has the weight ${mixture.background.share.toFixed(3)}`
  if (points.rows < statistics.rows)
    return [`${share}: its rows belong to no component, and ornstein assign names them.`]
  const named =
    rows.length > 0 && rows.length <= MAX_NAMED_BACKGROUND ? `: ${listInWords(rows.map(i => rowNumbers[i]))}` : ''
  return [
    rows.length === 0
      ? `${share}: no row is more probable there than in a component.`
      : `${share}. ${rows.length} row${rows.length === 1 ? ' belongs' : 's belong'} to it, and to no component${named}.` +
        (isMostlyBackground(mixture)
          ? ' A background is for few rows: where it has most, the components say little of the data.'
          : '')
  ]
}

/** Which components were known, and what of them was not learned. */
export const knownComponents = ({ fixed, pipeline }: Pick<Findings, 'fixed' | 'pipeline'>): ReadonlyArray<string> =>
  FixedComponents.sentences(fixed, pipeline.score)

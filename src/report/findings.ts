/** Results of a fit, for its table, report and model file. */
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
  isSupported,
  rangeEnd,
  rangeEndSentence
} from '../fit/candidates.js'
import { roundToSize, show, type TextTable } from '../fit/table.js'
import { commandLineName } from '../fit/text.js'

export interface StageRun {
  readonly formula: string
  /** Quantity of its values; stages of equal scale share an axis. */
  readonly scale: string
  /** Optimizer and other parts, as code. */
  readonly method: string
  readonly limit: number
  /** Rule that ended the stage; null if it was interrupted. */
  readonly rule: Run.Rule | null
  readonly taken: number
  /** Objective at the start of every `every`-th step, from the first. */
  readonly values: ReadonlyArray<number>
  readonly every: number
}

/** Best candidates first, and the criterion. */
export interface CandidateChoice {
  readonly criterion: Fit.Criterion
  readonly candidates: ReadonlyArray<Fit.Ranked>
  readonly refused: ReadonlyArray<Fit.FailedCandidate>
  /** Evidence for several groups against one; null if they were not compared. */
  readonly evidence: Fit.GroupEvidence | null
  /** True if a signal interrupted the search: candidates have not converged, and many rows are sampled. */
  readonly isStopped?: boolean
}

export interface Findings {
  /** Null if a single candidate was requested. */
  readonly choice: CandidateChoice | null
  /** Agreement of several starts; null if there was one. */
  readonly starts: Fit.Starts | null
  /** True if the search converged before the stages ran; null if there was no search. */
  readonly isConverged: boolean | null
  /** File or argument as typed. */
  readonly source: string
  /** Typed options that determine the fit, such as `--columns a,b`. */
  readonly typedOptions?: ReadonlyArray<string>
  /** Typed options of reading the table, such as `--missing em`, for later commands. */
  readonly readOptions?: ReadonlyArray<string>
  readonly modelPath?: string
  /** Rows in the data's units, all or some of a source's. Missing cells are imputed, for pictures. */
  readonly points: Points.Points
  /** Rows as in `points`, but with NaN in missing cells, for probabilities. */
  readonly observed: Points.Points
  readonly isStreamed: boolean
  /** Numbers of rows in the table, from 1. */
  readonly rowNumbers: Uint32Array
  /** From a column of names; null if there is none. */
  readonly rowNames: ReadonlyArray<string> | null
  readonly columns: ReadonlyArray<string>
  readonly ignored: ReadonlyArray<Points.Ignored>
  /** Columns of classes, which the fit ignored. */
  readonly classes: ReadonlyArray<Points.Kept>
  /** Columns used as numbers that may have another meaning. */
  readonly doubtful: ReadonlyArray<Points.Doubtful>
  readonly dropped: number
  /** Number of missing cells. */
  readonly missing: number
  /** Number of omitted rows without any cell. */
  readonly empty: number
  /** Such as `symmetric-pair`. */
  readonly family: string
  /** Recipe, or origin of the pipeline. */
  readonly recipe: string
  readonly seed: number
  /** In rows; null for maximum likelihood. */
  readonly prior: number | null
  /** Origin and unit of each column during the fit; null for the data's. */
  readonly scaling: Points.Scaling | null
  /** In the data's units, components sorted by means. */
  readonly mixture: Mixture.Mixture
  /** Components that a smaller mixture would do without. */
  readonly redundancies: ReadonlyArray<Mixture.Redundancy>
  /** In the units of `scaling`; null if there was none. */
  readonly minimumVariance: number | null
  /** Components at the minimum variance that have rows, from 0. */
  readonly atMinVariance: ReadonlyArray<number>
  /** Columns of these minimum variances, from 0. */
  readonly minVarianceColumns: ReadonlyArray<number>
  readonly unsupported: ReadonlyArray<Fit.Unsupported>
  readonly fixed: ReadonlyArray<number>
  readonly statistics: Statistics.Statistics
  readonly stages: ReadonlyArray<StageRun>
  readonly pipeline: Pipeline.Pipeline<string>
  /** Explanation of the compiled program. */
  readonly plan: string
  /** Number of steps of the search if no stage ran; otherwise 0. */
  readonly searchSteps: number
  /** Intervals of the parameters, or why there are none; null if not requested. */
  readonly bootstrap: E.Either<Problem.Problems, Bootstrap.Bootstrap> | null
  /** Tests of the number of components, or why there are none; null if not requested. */
  readonly tests: E.Either<Problem.Problems, ComponentTest.Tests> | null
  /** Extension by tails or a background that would have a better criterion; null if none would, or if they were among the candidates. */
  readonly robustnessHint: Hint | null
  /** Two components that share one cluster while another covers two; otherwise null. */
  readonly localOptimum: Fit.LocalOptimum | null
}

/** Warning, and options of `ornstein fit` that may remove its cause, quoted for a shell. */
export interface Advice {
  readonly text: string
  readonly remedy?: string
}

/** Advice for a choice at an end of the range, with the next range; otherwise empty. */
const rangeAdvice = ({ candidates, refused }: CandidateChoice): string => {
  const end = rangeEnd(candidates, refused)
  if (end === null) return ''
  const { components } = candidates[0]
  const more = end === 'most' ? `${components}..${components + 5}` : `${Math.max(1, components - 5)}..${components}`
  return ` ${rangeEndSentence[end]} Compare with -k ${more}.`
}

/** Explains the choice in one sentence. */
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
  const next = others.find(({ isSelectable }) => isSelectable)
  if (next === undefined)
    return others.some(one => !isDegenerate(one))
      ? `${of}, the only one with enough rows for its components, or better than one cluster of any shape.`
      : `${of}: in each other a component is empty, or sits at the minimum variance.`
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

/** True if the chosen fit has a warning, the search was stopped, or a candidate with a better criterion was excluded. */
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

/** True if the background has at least half of the weight. */
export const isMostlyBackground = ({ background }: Mixture.Mixture): boolean =>
  background !== undefined && background.share >= 1 / 2

/** Returns the failed candidates with the reason, joined if family and reason are equal. */
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

/** Names the valid candidate that the other criterion (BIC, or ICLc) would choose; null if it is the same. */
export const otherCriterionAdvice = ({ criterion, candidates, isStopped = false }: CandidateChoice): Advice | null => {
  if (isStopped) return null
  const [best] = candidates
  const by = criterion === 'icl' || criterion === 'iclc' ? 'bic' : 'iclc'
  const other = candidates
    .filter(one => one.isSelectable || (isSupported(one) && !isDegenerate(one)))
    .reduce((least, one) => (one.statistics[by] < least.statistics[by] ? one : least), best)
  const what = by === 'iclc' ? 'ICLc, which favours well-separated clusters,' : 'BIC, which measures density fit,'
  const remedy = `--criterion ${by}`
  return other === best
    ? null
    : { text: `${what} would choose ${other.components} ${commandLineName(other.family)} (${remedy}).`, remedy }
}

/** Names the excluded candidate with the lowest criterion; null if that is not below the chosen one's. */
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
        // A component on equal rows always has the lowest criterion, so its candidate is not proposed.
        ...(least.collapsed.length === 0 && { remedy: candidateOptions(least) }),
        text:
          `${least.components} ${commandLineName(least.family)} is lower by ` +
          `${show(value(best.statistics) - value(least.statistics), 3)} in ${criterionTitle(criterion)}, but has ` +
          `${least.atMinVariance.length > 0 ? 'a component at the minimum variance' : 'an empty component'}, and was excluded` +
          `; if that cluster is real, ask for ${candidateOptions(least)}.`
      }
}

/** Options that request a candidate, its tails and its background. */
const candidateOptions = ({ components, family }: { readonly components: number; readonly family: string }): string => {
  const [own, ...beside] = family.split(' with ')
  const robust = beside.includes('uniform background')
    ? ' --background box'
    : beside.some(part => part !== 'known components')
      ? ' --robust'
      : ''
  return `-k ${components} --family ${commandLineName(own)}${robust}`
}

/** Table of the best candidates. */
export const candidatesTable = ({ criterion, candidates, isStopped = false }: CandidateChoice, most = 8): TextTable => {
  const { header, rows } = candidateTable(criterion, candidates.slice(0, most), commandLineName)
  // An interrupted search has no posterior probabilities.
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

/** True if the components are the symmetric pair ±c. */
export const isPair = familySatisfies(({ mirrored }) => mirrored)

/** True if the family fixes the variances at 1, in the units of the fit. */
export const hasFixedUnitVariance = familySatisfies(({ unitVariance }) => unitVariance)

export const totalSteps = ({ stages, searchSteps }: Pick<Findings, 'stages' | 'searchSteps'>): number =>
  stages.reduce((sum, { taken }) => sum + taken, searchSteps)

/**
 * Returns how the last stage ended: `converged`; `complete` after all steps; `stopped` by a signal; `chosen` without stages, after a
 * converged search.
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

/** Describes how a stage ended. */
export const stageEnding = ({ rule, taken, limit }: StageRun): string =>
  ({
    stopped: `${taken} of ${limit} steps, then it was stopped`,
    steps: limit === 1 ? 'one step' : `all ${limit} steps`,
    gradientNorm: `${taken} of ${limit} steps, then the gradient vanished`,
    relativeChange: `converged after ${taken} of ${limit} steps`
  })[rule ?? 'stopped']

/** Explains the prior in a sentence; null if there was none. */
export const priorSentence = ({ prior }: Pick<Findings, 'prior'>): string | null =>
  prior === null
    ? null
    : `The mode of the posterior under the prior of Fraley & Raftery (2007), whose mean counts as ${show(prior, 3)} rows: log-likelihood, ` +
      'BIC and ICL are those of that mixture without the prior, a little less likely than the likeliest.'

const percentText = (share: number): string => `${show(100 * share, 4)} %`

/** Table of estimates and intervals of weights, means and standard deviations, to the third digit of the width. */
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
      // √ increases, so percentiles of √x are roots of percentiles.
      ...columns.map((column, j) => row(k, `sd ${column}`, variances[k][j], Math.sqrt))
    ])
  }
}

interface TextAndTable {
  readonly text: string
  readonly table: TextTable | null
}

/** Describes the bootstrap intervals, with any table; null if not requested. */
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

/** Proposes Student-t tails or a background; null if neither would be chosen. */
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

/** Describes a local optimum; null if none was found. */
export const localOptimumAdvice = ({
  localOptimum,
  recipe
}: Pick<Findings, 'localOptimum' | 'recipe'>): Advice | null =>
  localOptimum && {
    text: localOptimumSentence(localOptimum, recipe),
    remedy: recipe === 'grown' ? '--recipe annealed' : '--recipe grown'
  }

/** Describes the tests of the number of components, with any table; null if not requested. */
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

/** Formats a family for `count` components, such as `full Gaussians with background`. */
export const familyInWords = (family: string, count: number): string => {
  const [own, ...beside] = family.split(' with ')
  return [`${own} Gaussian${count === 1 ? '' : 's'}`, ...beside].join(' with ')
}

/** Formats the model, such as `2 isotropic Gaussians`. */
export const title = ({
  family,
  pipeline,
  mixture: { weights }
}: Pick<Findings, 'family' | 'mixture' | 'pipeline'>): string =>
  isPair({ pipeline }) ? 'a symmetric pair of Gaussians' : `${weights.length} ${familyInWords(family, weights.length)}`

/** Lists ignored columns, with the reason unless they were not requested: `id (row numbers), Species (text)`. */
export const ignored = ({ ignored }: Pick<Findings, 'ignored'>): string =>
  ignored.map(({ name, why }) => (why === 'not asked for' ? name : `${name} (${why})`)).join(', ')

/** Label of a row: its number, or name and number: `Adelie (12)`. */
export const rowLabel =
  ({ rowNumbers, rowNames }: Pick<Findings, 'rowNumbers' | 'rowNames'>) =>
  (i: number): string =>
    rowNames === null ? String(rowNumbers[i]) : `${rowNames[i]} (${rowNumbers[i]})`

/** Lists numbers in words, such as `1, 2 and 3`. */
export const listInWords = (numbers: ReadonlyArray<number | string>): string =>
  numbers.length < 2
    ? numbers.join('')
    : `${numbers.slice(0, -1).join(', ')} and ${String(numbers[numbers.length - 1])}`

const MAX_NAMED_BACKGROUND = 20

/** Describes the rows of the background; empty if the mixture has none. */
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

/** Names the components that were given, and their fixed parameters. */
export const knownComponents = ({ fixed, pipeline }: Pick<Findings, 'fixed' | 'pipeline'>): ReadonlyArray<string> =>
  FixedComponents.sentences(fixed, pipeline.score)

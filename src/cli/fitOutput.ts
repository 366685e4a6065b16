/** Text and JSON of a fit. */
import * as E from 'fp-ts/lib/Either.js'
import { evidenceSentence } from '../fit/groupEvidence.js'
import { shellQuoted, commandLineName } from '../fit/text.js'
import { Problem } from '../index.js'
import * as Mixture from '../mixture/index.js'
import * as Crossed from '../report/crossed.js'
import { asText, textPart, type DocumentPart } from '../report/document.js'
import { converged, totalSteps, type CandidateChoice, type Findings } from '../report/findings.js'
import { fileArgument } from '../report/phrases.js'
import { mergeOverlapping } from '../fit/overlapping.js'
import type { FitFlags } from './fitOptions.js'

export interface ShownMixtureFit {
  readonly fit: Findings
  readonly others: ReadonlyArray<Findings>
  /** Common to terminal and report; computed at the first call. */
  readonly parts: () => ReadonlyArray<DocumentPart>
}

/** Counts components in warnings from 1. */
const doubtsFromOne = ({
  redundancies,
  atMinVariance,
  unsupported
}: Pick<Findings, 'redundancies' | 'atMinVariance' | 'unsupported'>): object => ({
  redundancies: redundancies.map(one =>
    one._tag === 'Empty'
      ? { ...one, component: one.component + 1 }
      : { ...one, components: one.components.map(k => k + 1) }
  ),
  atMinVariance: atMinVariance.map(k => k + 1),
  unsupported: unsupported.map(one => ({ ...one, component: one.component + 1 }))
})

/** Fields that differ between fits of the same data. */
const singleFitJson = (fit: Findings): object => {
  const { mixture, statistics, recipe, stages } = fit
  const { means, weights, variances } = Mixture.marginals(mixture)
  return {
    recipe,
    means,
    weights,
    variances,
    ...(mixture.factors !== null && { factors: Mixture.toDescription(mixture).factors }),
    ...Mixture.tailsAndBackground(mixture),
    logLikelihood: statistics.logLikelihood,
    bic: statistics.bic,
    parameters: statistics.parameters,
    sizes: statistics.sizes,
    ...(statistics.backgroundCount !== undefined && {
      background: { ...Mixture.tailsAndBackground(mixture).background, rows: statistics.backgroundCount }
    }),
    ...doubtsFromOne(fit),
    ...(fit.fixed.length > 0 && { fixed: fit.fixed.map(k => k + 1) }),
    steps: totalSteps(fit),
    converged: converged(fit),
    stages: stages.map(({ formula, taken, rule }) => ({ formula, steps: taken, endedBy: rule }))
  }
}

const choiceJson = ({ criterion, candidates, refused, evidence, isStopped = false }: CandidateChoice): object => ({
  criterion,
  ...(isStopped ? { interrupted: true } : { posterior: candidates[0].posterior }),
  ...(evidence !== null && {
    evidence: {
      singleCluster: evidence.singleCluster,
      difference: evidence.difference,
      chance: evidence.chance,
      ...(!isStopped && {
        sentence: evidenceSentence(evidence, {
          components: candidates[0].components,
          rows: candidates[0].statistics.rows
        })
      })
    }
  }),
  candidates: candidates.map(({ family, components, posterior, statistics, isConverged, isSelectable, ...doubts }) => {
    const { logLikelihood, bic, aic, icl, iclc, parameters, crossValidated } = statistics
    return {
      family: commandLineName(family),
      components,
      ...(!isStopped && { posterior }),
      logLikelihood,
      bic,
      aic,
      icl,
      ...(Number.isFinite(iclc) && { iclc }),
      ...(crossValidated !== undefined && { crossValidated }),
      parameters,
      finished: isConverged,
      ...(!isSelectable && { selectable: false }),
      ...doubtsFromOne(doubts)
    }
  }),
  refused: refused.map(({ family, components, problem }) => ({
    family: commandLineName(family),
    components,
    problem: Problem.show(problem)
  }))
})

/** Empty if there was no bootstrap. */
const bootstrapJson = ({ bootstrap }: Pick<Findings, 'bootstrap'>): object =>
  bootstrap === null
    ? {}
    : { bootstrap: E.isRight(bootstrap) ? bootstrap.right : { problems: bootstrap.left.map(Problem.show) } }

/** Empty if there were no tests of the number of components. */
const testsJson = ({ tests }: Pick<Findings, 'tests'>): object =>
  tests === null
    ? {}
    : {
        componentTests: E.isRight(tests)
          ? {
              components: tests.right.components,
              tests: tests.right.tests.map(({ resampled, ...test }) => ({ ...test, resamples: resampled.length }))
            }
          : { problems: tests.left.map(Problem.show) }
      }

/** JSON of a fit, as `--json` prints it. */
export const fitResultJson = (
  { fit, others }: Pick<ShownMixtureFit, 'fit' | 'others'>,
  { labels }: Pick<FitFlags, 'labels'>
): object => {
  const { family, columns, dropped, mixture, statistics, seed, scaling } = fit
  return {
    family,
    components: Mixture.components(mixture),
    dim: columns.length,
    columns,
    ...singleFitJson(fit),
    ...(fit.choice !== null && { choice: choiceJson(fit.choice) }),
    ...(fit.starts !== null && { starts: fit.starts }),
    rows: statistics.rows,
    dropped,
    ...(fit.missing > 0 && { missing: fit.missing }),
    ...(fit.empty > 0 && { empty: fit.empty }),
    ignored: fit.ignored,
    seed,
    standardized: scaling !== null,
    ...(fit.prior !== null && { prior: fit.prior }),
    ...bootstrapJson(fit),
    ...testsJson(fit),
    ...(fit.robustnessHint !== null && { robustnessHint: fit.robustnessHint }),
    ...(fit.localOptimum !== null && {
      localOptimum: {
        ...fit.localOptimum,
        shared: fit.localOptimum.shared.map(k => k + 1),
        over: fit.localOptimum.over + 1
      }
    }),
    ...(labels !== undefined && { labels: Crossed.crossTableAsJson(labelCrossTable(fit)) }),
    ...(others.length > 0 && { compared: others.map(singleFitJson) })
  }
}

/** Cross table of components and the column of `--labels`, the first kept column. */
const labelCrossTable = ({ observed, mixture, classes }: Findings): Crossed.CrossTable =>
  Crossed.crossTabulate({ points: observed, mixture, overlapping: mergeOverlapping(observed, mixture) }, classes[0])

/** Command line that evaluates a model on a table; `readBy` are the reading options. */
export const evaluateCommandLine = (model: string, source: string, readBy: ReadonlyArray<string> = []): string =>
  ['ornstein evaluate', shellQuoted(model), fileArgument(source), ...readBy].join(' ')
/** Command line that draws rows from a model. */
export const sampleCommandLine = (model: string): string => `ornstein sample ${shellQuoted(model)} -n 10`

/** Lists the written files and suggests next commands, one per line; `modelUse` and `reportUse` are the purposes of --out and --report. */
export const nextStepsText = (
  { out, report, figures }: Pick<FitFlags, 'out' | 'report' | 'figures'>,
  nextCommands: (model: string) => ReadonlyArray<string>,
  modelUse: string,
  reportUse: string
): string =>
  [
    ...(report === undefined ? [] : [`The report is in ${report}: open it in a browser.`]),
    ...(figures === undefined ? [] : [`The figures are in ${figures}.`]),
    out === undefined
      ? `Add --out model.json to keep ${modelUse}.`
      : `The model is in ${out}. Next: ${nextCommands(out).join(', or ')}`,
    ...(report === undefined ? [`Add --report report.html to see ${reportUse}.`] : [])
  ].join('\n')

/** Text of a fit, in lines of at most `within` columns. */
export const fitText = ({ fit, parts }: ShownMixtureFit, flags: FitFlags, within: number): string => {
  const next = nextStepsText(
    flags,
    model => [evaluateCommandLine(model, fit.source, fit.readOptions), sampleCommandLine(model)],
    'the model for ornstein evaluate and ornstein sample',
    'it'
  )
  return asText([...parts(), textPart(next, 'next')], within, { isVerbose: flags.verbose })
}

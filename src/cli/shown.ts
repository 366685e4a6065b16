/** What is printed of a fit: for people, and as JSON. */
import * as E from 'fp-ts/lib/Either.js'
import { quoted, word } from '../fit/text.js'
import { Problem } from '../index.js'
import * as Mixture from '../mixture/index.js'
import * as Crossed from '../report/crossed.js'
import { asText, text, type Part } from '../report/document.js'
import { converged, steps, type Choice, type Findings } from '../report/findings.js'
import { fileOf } from '../report/phrases.js'
import { mergeOverlapping } from '../fit/overlapping.js'
import type { Flags } from './fitOptions.js'

/** A fit, and those of the same data that it is shown beside. */
export interface Shown {
  readonly fit: Findings
  readonly others: ReadonlyArray<Findings>
  /** What is told of it, which the terminal prints and the report shows: computed once, and where it is asked for. */
  readonly told: () => ReadonlyArray<Part>
}

/** Doubts about components, which count from 1 as they do in tables. */
const numbered = ({
  redundancies,
  floored,
  unsupported
}: Pick<Findings, 'redundancies' | 'floored' | 'unsupported'>): object => ({
  redundancies: redundancies.map(one =>
    one._tag === 'Empty'
      ? { ...one, component: one.component + 1 }
      : { ...one, components: one.components.map(k => k + 1) }
  ),
  floored: floored.map(k => k + 1),
  unsupported: unsupported.map(one => ({ ...one, component: one.component + 1 }))
})

/** What differs between fits of the same data. */
const found = (fit: Findings): object => {
  const { mixture, statistics, recipe, stages } = fit
  const { means, weights, variances } = Mixture.marginals(mixture)
  return {
    recipe,
    means,
    weights,
    variances,
    ...(mixture.factors !== null && { factors: Mixture.toDescription(mixture).factors }),
    ...Mixture.besides(mixture),
    logLikelihood: statistics.logLikelihood,
    bic: statistics.bic,
    parameters: statistics.parameters,
    sizes: statistics.sizes,
    ...(statistics.beyond !== undefined && {
      background: { ...Mixture.besides(mixture).background, rows: statistics.beyond }
    }),
    ...numbered(fit),
    ...(fit.fixed.length > 0 && { fixed: fit.fixed.map(k => k + 1) }),
    steps: steps(fit),
    converged: converged(fit),
    stages: stages.map(({ formula, taken, rule }) => ({ formula, steps: taken, endedBy: rule }))
  }
}

const choiceAsJson = ({ criterion, candidates, refused, isStopped = false }: Choice): object => ({
  criterion,
  ...(isStopped ? { interrupted: true } : { belief: candidates[0].belief }),
  candidates: candidates.map(({ family, components, belief, statistics, isSettled, ...doubts }) => {
    const { logLikelihood, bic, aic, icl, parameters, crossValidated } = statistics
    return {
      family: word(family),
      components,
      ...(!isStopped && { belief }),
      logLikelihood,
      bic,
      aic,
      icl,
      ...(crossValidated !== undefined && { crossValidated }),
      parameters,
      finished: isSettled,
      ...numbered(doubts)
    }
  }),
  refused: refused.map(({ family, components, problem }) => ({
    family: word(family),
    components,
    problem: Problem.show(problem)
  }))
})

/** What resamples said, where they were asked. */
const bootstrapAsJson = ({ bootstrap }: Pick<Findings, 'bootstrap'>): object =>
  bootstrap === null
    ? {}
    : { bootstrap: E.isRight(bootstrap) ? bootstrap.right : { problems: bootstrap.left.map(Problem.show) } }

/** What tests of the number of components said, where they were asked. */
const testsAsJson = ({ tests }: Pick<Findings, 'tests'>): object =>
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

export const asJson = ({ fit, others }: Pick<Shown, 'fit' | 'others'>, { labels }: Pick<Flags, 'labels'>): object => {
  const { family, columns, dropped, mixture, statistics, seed, scaling } = fit
  return {
    family,
    components: Mixture.components(mixture),
    dim: columns.length,
    columns,
    ...found(fit),
    ...(fit.choice !== null && { choice: choiceAsJson(fit.choice) }),
    ...(fit.starts !== null && { starts: fit.starts }),
    rows: statistics.rows,
    dropped,
    ...(fit.missing > 0 && { missing: fit.missing }),
    ...(fit.empty > 0 && { empty: fit.empty }),
    ignored: fit.ignored,
    seed,
    standardized: scaling !== null,
    ...(fit.prior !== null && { prior: fit.prior }),
    ...bootstrapAsJson(fit),
    ...testsAsJson(fit),
    ...(fit.hint !== null && { hint: fit.hint }),
    ...(fit.stuck !== null && {
      stuck: { ...fit.stuck, shared: fit.stuck.shared.map(k => k + 1), over: fit.stuck.over + 1 }
    }),
    ...(labels !== undefined && { labels: Crossed.asJson(labelled(fit)) }),
    ...(others.length > 0 && { compared: others.map(found) })
  }
}

/** The column of `--labels` is the first that was kept. */
const labelled = ({ seen, mixture, classes }: Findings): Crossed.Crossed =>
  Crossed.crossed({ points: seen, mixture, overlapping: mergeOverlapping(seen, mixture) }, classes[0])

/** What a model is for, as commands. */
export const evaluating = (model: string, source: string, readBy: ReadonlyArray<string> = []): string =>
  ['ornstein evaluate', quoted(model), fileOf(source), ...readBy].join(' ')
export const sampling = (model: string): string => `ornstein sample ${quoted(model)} -n 10`

/** What was written, and what may follow, a line each: `keep` says what --out is for, `see` what --report is for. */
export const nextOf = (
  { out, report, figures }: Pick<Flags, 'out' | 'report' | 'figures'>,
  use: (model: string) => ReadonlyArray<string>,
  keep: string,
  see: string
): string =>
  [
    ...(report === undefined ? [] : [`The report is in ${report}: open it in a browser.`]),
    ...(figures === undefined ? [] : [`The figures are in ${figures}.`]),
    out === undefined
      ? `Add --out model.json to keep ${keep}.`
      : `The model is in ${out}. Next: ${use(out).join(', or ')}`,
    ...(report === undefined ? [`Add --report report.html to see ${see}.`] : [])
  ].join('\n')

/** What a person reads, in lines of so many cells at the most. */
export const human = ({ fit, told }: Shown, flags: Flags, within: number): string => {
  const next = nextOf(
    flags,
    model => [evaluating(model, fit.source, fit.readBy), sampling(model)],
    'the model for ornstein evaluate and ornstein sample',
    'it'
  )
  return asText([...told(), text(next, 'next')], within, flags.verbose)
}

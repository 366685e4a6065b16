/** What is printed of a fit: for people, and as JSON. */
import * as E from 'fp-ts/lib/Either.js'
import { standardized } from '../choice/scaledData.js'
import { sentence } from '../choice/starts.js'
import * as table from '../choice/table.js'
import { facts, paragraphs, table as showTable, word } from '../fit/text.js'
import { Initializer, Mixture, Pipeline, Points, Problem } from '../index.js'
import { comparison } from '../report/comparison.js'
import * as Crossed from '../report/crossed.js'
import {
  background,
  candidates,
  chosen,
  constants,
  dependent,
  otherwise,
  converged,
  ending,
  far,
  floored,
  ignored,
  isPair,
  knownComponents,
  narrow,
  ofBootstrap,
  ofHint,
  ofStuck,
  ofTests,
  ofPrior,
  outcome,
  redundancies,
  refusals,
  setAside,
  steps,
  title,
  unsupported,
  type Choice,
  type Findings
} from '../report/findings.js'
import type { Flags } from './fitOptions.js'

/** A fit, and those of the same data that it is shown beside. */
export interface Shown {
  readonly fit: Findings
  readonly others: ReadonlyArray<Findings>
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

const choiceAsJson = ({ criterion, candidates, refused }: Choice): object => ({
  criterion,
  belief: candidates[0].belief,
  candidates: candidates.map(({ family, components, belief, statistics, isSettled, ...doubts }) => {
    const { logLikelihood, bic, aic, icl, parameters, crossValidated } = statistics
    return {
      family: word(family),
      components,
      belief,
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

export const asJson = ({ fit, others }: Shown, { labels }: Pick<Flags, 'labels'>): object => {
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
const labelled = (fit: Findings): Crossed.Crossed => Crossed.crossed({ ...fit, points: fit.seen }, fit.classes[0])

/** The fit beside others of the same data. */
const beside = (fits: readonly [Findings, ...ReadonlyArray<Findings>], within: number): ReadonlyArray<string> => {
  if (fits.length < 2) return []
  const { table, means, reason } = comparison(fits)
  return ['The same data, learned in other ways:', showTable(table, within), facts(means, within), reason]
}

/** What is to be said against components, and what to do. */
const doubts = (
  fit: Parameters<typeof redundancies>[0] & Parameters<typeof floored>[0] & Parameters<typeof unsupported>[0]
): ReadonlyArray<string> => [...redundancies(fit), ...floored(fit), ...far(fit), ...unsupported(fit)]

const notes = (fit: Findings): string => {
  const { scaling, seen, columns, doubtful } = fit
  const { centre, scale: deviations } = standardized(seen).scaling
  const [least, most] = [Math.min(...deviations), Math.max(...deviations)]
  const mean = Array.from(centre, (x, j) => `${columns[j]} ${table.show(x, 3)}`).join(', ')
  return [
    ...(scaling === null && most > 3 * least
      ? [
          `The standard deviations of the columns range from ${table.show(least, 3)} to ${table.show(most, 3)}, but a component ` +
            'has only one. Try --standardize.'
        ]
      : []),
    ...(isPair(fit) && scaling === null
      ? [`The pair is symmetric about 0, but the mean of the data is ${mean}. --standardize moves it to 0.`]
      : []),
    ...doubtful.map(({ name, why }) =>
      why === 'weights'
        ? `${name} is used like any other column. If it holds the weights of rows, use --weights ${name}.`
        : `${name} holds few different whole numbers. If they are labels, use --labels ${name}.`
    ),
    ...constants(fit),
    ...(dependent(fit).length > 0 ? dependent(fit) : narrow(fit)),
    ...doubts(fit)
  ].join('\n')
}

/** What a model is good for. */
const nextAfter = (out: string | undefined): string =>
  out === undefined
    ? 'Add --out model.json to keep the model for ornstein evaluate and ornstein sample.'
    : `The model is in ${out}. Next: ornstein evaluate ${out} FILE, or ornstein sample ${out} -n 10`

/** So many intervals are shown unless all are asked for. */
const LINES = 40

const intervals = (
  fit: Pick<Findings, 'bootstrap' | 'columns'>,
  within: number,
  most = LINES
): ReadonlyArray<string> => {
  const found = ofBootstrap(fit)
  if (found === null) return []
  const { text, table } = found
  if (table === null) return [text]
  const more = table.rows.length - most
  return [
    text,
    showTable({ ...table, rows: table.rows.slice(0, most) }, within) +
      (more > 0 ? `\n  … and ${more} more: --verbose shows them, --json all of it` : '')
  ]
}

const tested = (fit: Pick<Findings, 'tests' | 'mixture'>, within: number): ReadonlyArray<string> => {
  const found = ofTests(fit)
  return found === null
    ? []
    : [found.text, ...(found.table === null || found.table.rows.length === 0 ? [] : [showTable(found.table, within)])]
}

/** What a person reads, in lines of so many cells at the most. */
export const human = (
  { fit, others }: Shown,
  { out, report, figures, verbose, labels }: Flags,
  within: number
): string => {
  const { source, columns, dropped, points, mixture, statistics, recipe, stages, pipeline, plan, scaling, isStreamed } =
    fit
  const { rows, logLikelihood, bic, parameters } = statistics
  const units = scaling === null ? '' : ' (standardized to learn)'
  return paragraphs(
    [
      [
        `Learned ${title(fit)} from ${rows} rows of ${source}${isStreamed ? ', read in pieces' : ''}.`,
        `columns: ${columns.join(', ')}${units}`,
        ...(fit.ignored.length > 0 ? [`ignored: ${ignored(fit)}; choose others with --columns`] : []),
        ...(dropped > 0 ? [`dropped: ${dropped} row${dropped === 1 ? '' : 's'} with a missing cell`] : []),
        ...(fit.empty > 0 ? [`left out: ${fit.empty} row${fit.empty === 1 ? '' : 's'} without cells`] : []),
        ...(fit.missing > 0
          ? [
              `missing: ${fit.missing} cell${fit.missing === 1 ? '' : 's'}; each row is used with the cells that it has; whether tails, a background or another place of a component gains is not looked at`
            ]
          : []),
        ...(points.weights === undefined ? [] : [`weights: ${table.show(Points.totalWeight(points))} in all`])
      ].join('\n'),
      showTable(table.ofMixture(columns, mixture), within),
      ...knownComponents(fit),
      ...background(fit),
      ...(labels === undefined ? [] : Crossed.paragraphs(labelled(fit), within)),
      ...intervals(fit, within, verbose ? Infinity : undefined),
      ...tested(fit, within),
      ...(fit.choice === null
        ? []
        : [
            [
              chosen(fit.choice, fit.choice.candidates.length),
              ...[otherwise(fit.choice), setAside(fit.choice)].filter(said => said !== null),
              '',
              showTable(candidates(fit.choice, verbose ? Infinity : 8), within)
            ].join('\n')
          ]),
      ...(fit.starts === null ? [] : [sentence(fit.starts)]),
      ...(verbose && fit.choice !== null && fit.choice.refused.length > 0
        ? [`Could not be learned:\n${facts(refusals(fit.choice), within)}`]
        : []),
      facts(
        [
          ['log-likelihood per row', table.show(logLikelihood)],
          ['BIC', `${table.show(bic)} with ${parameters} parameters (lower is better)`],
          [
            'steps',
            {
              converged: `${steps(fit)} (converged)`,
              complete: `${steps(fit)} (step limit reached)`,
              stopped: `${steps(fit)} (stopped before the end)`,
              chosen: 'those of the search, which converged'
            }[outcome(fit)]
          ]
        ],
        within
      ),
      [
        `How (${recipe}, seed ${fit.seed}):`,
        facts(
          [
            [
              'start',
              fit.recipe === 'grown'
                ? 'components are split one by one; k-means++ where it leads to a likelier start'
                : Initializer.show(pipeline.initializer)
            ],
            ...stages.map((stage, i): [string, string] => [
              `stage ${i + 1}`,
              table.tidy(`${stage.formula}; ${stage.means}; ${ending(stage)}`)
            ])
          ],
          within
        )
      ].join('\n'),
      ...(verbose ? [`How it was computed:\n${plan}`, `The pipeline:\n${Pipeline.show(pipeline)}`] : []),
      ...beside([fit, ...others], within),
      ofPrior(fit) ?? '',
      ofStuck(fit) ?? '',
      ofHint(fit) ?? '',
      notes(fit),
      [
        ...(report === undefined ? [] : [`The report is in ${report}: open it in a browser.`]),
        ...(figures === undefined ? [] : [`The figures are in ${figures}.`]),
        nextAfter(out),
        ...(report === undefined ? ['Add --report report.html to see it.'] : [])
      ].join('\n')
    ],
    within
  )
}

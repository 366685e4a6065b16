/** Document about a fit, for the terminal and the report: results, reliability, training. */
import { standardizeColumns } from '../fit/trainingData.js'
import { agreementSentence } from '../fit/restarts.js'
import { columnFormats, mixtureTable, show, tidy } from '../fit/table.js'
import type * as Merging from '../mixture/merging.js'
import * as Mixture from '../mixture/mixture.js'
import * as Initializer from '../pipeline/initializer.js'
import * as Pipeline from '../pipeline/pipeline.js'
import * as Points from '../data/index.js'
import { shellQuoted } from '../fit/text.js'
import { mergeOverlapping } from '../fit/overlapping.js'
import { compareFits } from './comparison.js'
import { fitWarnings, type ReportContext } from './warnings.js'
import type { Picture } from './drawing.js'
import * as Crossed from './crossed.js'
import * as document from './document.js'
import {
  codePart,
  warningPart,
  figures,
  foldedPart,
  good,
  heading,
  onPage,
  tablePart,
  textPart,
  type DocumentPart,
  type VerdictPart
} from './document.js'
import * as drawn from './figures.js'
import { evidenceSentence } from '../fit/groupEvidence.js'
import { criterionPictures, mergingPicture as mergingOf } from './choiceFigures.js'
import { objectives } from './stageFigures.js'
import * as Found from './findings.js'
import type { CandidateChoice, Findings, StageRun } from './findings.js'
import { groupSentence, headline, modelSentence, typical } from './groupSentences.js'
import * as Trust from './trust.js'
import { baseName, capital, fileArgument, wholePercent, countedNoun } from './phrases.js'

/** CSS class of a share, by three thresholds. */
const shadeClass = (share: number, steps: readonly [number, number, number]): string =>
  ['', 'h1', 'h2', 'h3'][steps.filter(step => share > step).length]

// -- results -----------------------------------------------------------------------------------------------------------

const tableUseLines = (fit: Findings): ReadonlyArray<string> => {
  const { columns, scaling, dropped, empty, missing, points } = fit
  return [
    `columns: ${columns.join(', ')}${scaling === null ? '' : ' (each column scaled for the fit)'}`,
    ...(fit.ignored.length > 0 ? [`ignored: ${Found.ignored(fit)}; choose columns with --columns`] : []),
    ...(dropped > 0 ? [`dropped: ${countedNoun(dropped, 'row')} with a missing cell`] : []),
    ...(empty > 0 ? [`left out: ${countedNoun(empty, 'row')} without cells`] : []),
    ...(missing > 0
      ? [
          `missing: ${countedNoun(missing, 'cell')}; each row is used with the cells that it has; heavy tails, background and better positions are not tested when cells are missing`
        ]
      : []),
    ...(points.weights === undefined ? [] : [`weights: ${show(Points.totalWeight(points))} in all`])
  ]
}

/** Table of components; means are shaded by their distance from the overall mean, in standard deviations. */
const componentsPart = ({ columns, mixture }: Findings, { centre, scale }: Points.Scaling): DocumentPart => {
  const { isTurned, ...found } = mixtureTable(columns, mixture)
  const { means } = Mixture.marginals(mixture)
  const shade = (row: number, column: number): string => {
    const [k, j] = isTurned ? [column, row - 1] : [row, column - 1]
    if (means.length < 2 || j < 0 || j >= columns.length) return ''
    const z = (means[k][j] - centre[j]) / scale[j]
    const step = Math.min(3, Math.floor(2 * Math.abs(z) + 0.5))
    return step > 0 ? `${z < 0 ? 'l' : 'h'}${step}` : ''
  }
  return tablePart('The components', found, { marks: isTurned ? 'header' : 'rows', shade })
}

const crossTableParts = (
  { observed, mixture }: Findings,
  classes: Points.Kept,
  overlapping: Merging.Clusters | null
): ReadonlyArray<DocumentPart> => {
  const found = Crossed.crossTabulate({ points: observed, mixture, overlapping }, classes)
  const totals = found.counts.map(row => row.reduce((sum, n) => sum + n, 0))
  const name = `Compared with ${found.name}`
  return [
    heading(3, `${name} (not used in the fit)`, `${name} (not used in the fit):`),
    tablePart(name, Crossed.crossTableAsTable(found), {
      marks: 'header',
      shade: (c, k) => shadeClass(found.counts[c][k] / totals[c], [0.1, 0.4, 0.75])
    }),
    textPart(Crossed.sentence(found))
  ]
}

const textAndTableParts = (
  caption: string,
  found: ReturnType<typeof Found.bootstrapText>,
  most?: number
): ReadonlyArray<DocumentPart> =>
  found === null
    ? []
    : [
        textPart(found.text),
        ...(found.table === null ? [] : [tablePart(caption, found.table, { ...(most && { most }) })])
      ]

/** Maximum number of intervals in a terminal's summary. */
const MAX_INTERVAL_LINES = 40

const resultParts = (fit: Findings, { units, isLabelled, overlapping }: ReportContext): ReadonlyArray<DocumentPart> => {
  const merging = (): ReadonlyArray<DocumentPart> => {
    const picture = mergingOf(fit)
    return picture === null ? [] : [foldedPart('Which components are one cluster?', [figures([picture])])]
  }
  return [
    heading(2, 'What was found'),
    componentsPart(fit, units),
    onPage(() =>
      fit.mixture.weights.length > 1
        ? [textPart('Shaded blue or orange where the mean lies below or above that of all rows.', 'soft')]
        : []
    ),
    ...[...Found.knownComponents(fit), ...Found.backgroundSentences(fit)].map(said => textPart(said)),
    ...fit.classes.flatMap((one, i) =>
      isLabelled && i === 0
        ? crossTableParts(fit, one, overlapping)
        : [onPage(() => crossTableParts(fit, one, overlapping))]
    ),
    ...textAndTableParts('Intervals', Found.bootstrapText(fit), MAX_INTERVAL_LINES),
    ...textAndTableParts('Tests of the number of components', Found.componentTestText(fit)),
    onPage(merging)
  ]
}

// -- reliability -------------------------------------------------------------------------------------------------------

const inPlace = (verdict: VerdictPart): VerdictPart => ({ ...verdict, isInPlace: true })

const choiceVerdicts = (choice: CandidateChoice): ReadonlyArray<VerdictPart> => {
  const isClear =
    choice.candidates[0].posterior > 0.75 && !Found.hasChoiceWarning(choice) && choice.candidates.length > 1
  const [{ components, statistics }] = choice.candidates
  const { evidence } = choice
  return [
    ...(evidence === null || choice.isStopped === true
      ? []
      : [inPlace(good(evidenceSentence(evidence, { components, rows: statistics.rows })))]),
    ...(choice.candidates.length > 1 || choice.isStopped === true
      ? [inPlace((isClear ? good : warningPart)(Found.choiceSentence(choice, choice.candidates.length)))]
      : []),
    ...[Found.otherCriterionAdvice(choice), Found.excludedCandidateAdvice(choice)].flatMap(other =>
      other === null ? [] : inPlace(warningPart(other.text, other.remedy))
    )
  ]
}

/** Verdicts that need the responsibilities of all rows. */
const rowVerdicts = (fit: Findings, trust: Trust.Trust): ReadonlyArray<VerdictPart> => {
  const sum = (part: (one: Trust.Trust['components'][number]) => number): number =>
    trust.components.reduce((all, one) => all + part(one), 0)
  const rows = sum(one => one.rows)
  const sure = sum(one => one.sure)
  const undecided = sum(one => one.undecided)
  const outliers = sum(one => one.outliers)
  const close = Trust.mostConfusedPair(trust)
  const expected = rows * 1e-3
  const end = Found.outcomeOfStages(fit)
  return [
    ...(trust.components.length === 1
      ? []
      : [
          (sure / rows > 0.8 ? good : warningPart)(
            `${capital(wholePercent(sure / rows))} of the rows are assigned with a probability of at least ${Trust.SURE_PROBABILITY}; ` +
              `${undecided === 0 ? 'none is' : `${wholePercent(undecided / rows)} are`} undecided (below ${Trust.UNDECIDED_PROBABILITY}).`
          )
        ]),
    ...(close === null
      ? []
      : [
          (close.share < 0.1 ? good : warningPart)(
            close.share < 0.005
              ? 'The components are well separated: almost no row would be assigned to another.'
              : `Components ${close.of + 1} and ${close.as + 1} overlap most: ${wholePercent(close.share)} of component ${close.of + 1}’s rows would be assigned to ${close.as + 1}.`
          )
        ]),
    (outliers <= Math.max(1, 5 * expected) ? good : warningPart)(
      `${outliers === 0 ? 'No row lies' : outliers === 1 ? 'One row lies' : `${show(outliers)} rows lie`} outside the 99.9 % region of every component; ` +
        `of ${show(rows)} rows sampled from this mixture about ${show(expected, 2)} would.`
    ),
    {
      converged: good('The fit converged.'),
      chosen: good('The fit converged.'),
      stopped: warningPart('Learning was stopped before its end: ornstein fit --checkpoint keeps a run to go on with.'),
      complete: warningPart('Learning ended because its steps ran out: more steps, or another recipe, may find more.')
    }[end]
  ]
}

const trustParts = (fit: Findings, trust: Trust.Trust): ReadonlyArray<DocumentPart> => [
  heading(3, 'How certain the assignments are'),
  certaintyTable(trust),
  ...(trust.rows < fit.statistics.rows
    ? [textPart(`Counted on ${trust.rows} of the ${fit.statistics.rows} rows, chosen at random.`, 'soft')]
    : []),
  ...(trust.components.length < 2 ? [] : confusionParts(trust)),
  ...(trust.outliers.length === 0 ? [] : [outlierTable(fit, trust)])
]

const certaintyTable = ({ components }: Trust.Trust): DocumentPart =>
  tablePart(
    'How certain the assignments to each component are',
    {
      header: [
        'component',
        'rows',
        `sure (≥ ${Trust.SURE_PROBABILITY})`,
        `undecided (< ${Trust.UNDECIDED_PROBABILITY})`,
        'mean probability',
        'far out'
      ],
      rows: components.map(({ rows, sure, undecided, probability, outliers }, k) => [
        String(k + 1),
        ...[rows, sure, undecided].map(n => show(n)),
        Number.isNaN(probability) ? '–' : probability.toFixed(3),
        show(outliers)
      ])
    },
    { marks: 'rows' }
  )

/** Heading, explanation and table of the shares of each component’s rows that are assigned to each. */
const confusionParts = ({ mistaken }: Trust.Trust): ReadonlyArray<DocumentPart> => {
  const numbers = mistaken.map((_, k) => String(k + 1))
  const percentage = (share: number): string =>
    share < 0.0005 ? '·' : share < 0.01 ? (100 * share).toFixed(1) : (100 * share).toFixed(0)
  return [
    heading(3, 'Which components are confused'),
    textPart(
      'Row i, column j: percentage of component i’s rows that would be assigned to j. · means below 0.05.',
      'soft'
    ),
    tablePart(
      'Which components are confused, in per cent',
      { header: ['of', ...numbers], rows: mistaken.map((row, k) => [numbers[k], ...row.map(percentage)]) },
      { marks: 'rows', shade: (k, l) => (k === l ? '' : shadeClass(mistaken[k][l], [0.02, 0.08, 0.2])) }
    )
  ]
}

const MAX_OUTLIERS = 8
const MAX_OUTLIER_COLUMNS = 6

const outlierTable = ({ columns, mixture }: Findings, { outliers }: Trust.Trust): DocumentPart => {
  const format = columnFormats(Mixture.marginals(mixture).variances)
  const shownColumns = columns.slice(0, MAX_OUTLIER_COLUMNS)
  const count = outliers.length > MAX_OUTLIERS ? `, the ${MAX_OUTLIERS} least likely of ${outliers.length}` : ''
  return foldedPart(`Rows far from all components${count}`, [
    tablePart('Rows far from all components', {
      header: ['row', 'component', 'log-density', ...shownColumns],
      rows: outliers
        .slice(0, MAX_OUTLIERS)
        .map(({ name, component, logDensity, values }) => [
          name,
          String(component + 1),
          show(logDensity, 4),
          ...shownColumns.map((_, j) => (Number.isNaN(values[j]) ? 'missing' : format[j](values[j])))
        ])
    })
  ])
}

const otherCandidatesParts = (choice: CandidateChoice): ReadonlyArray<DocumentPart> => {
  const refused = Found.failedCandidates(choice)
  return [
    onPage(() => [
      heading(3, 'What it was chosen from'),
      figures(criterionPictures(choice)),
      textPart(
        'Lower is better; the ring marks the choice. Large differences are compressed. ICLc favours well-separated clusters; BIC favours density fit. A cross marks a candidate that may not be chosen.',
        'soft'
      )
    ]),
    tablePart('The best candidates', Found.candidatesTable(choice, Infinity), { most: 8 }),
    ...(refused.length > 0
      ? [{ _tag: 'Facts', title: 'Could not be learned', entries: refused, isMore: true } as const]
      : [])
  ]
}

// -- training ----------------------------------------------------------------------------------------------------------

/** Describes each stage: its objective, its optimizer and how it ended. */
export const stagesOf = (stages: ReadonlyArray<StageRun>): ReadonlyArray<readonly [string, string]> =>
  stages.map((stage, i) => [`stage ${i + 1}`, tidy(`${stage.formula}; ${stage.method}; ${Found.stageEnding(stage)}`)])

/** Draws the objective by step. */
export const objectiveCurves = (stages: ReadonlyArray<StageRun>): DocumentPart =>
  onPage(() => [figures(objectives(stages))])

const learningParts = (fit: Findings): ReadonlyArray<DocumentPart> => {
  const { pipeline, plan, stages, statistics, recipe, seed } = fit
  const { logLikelihood, bic, parameters } = statistics
  const prior = Found.priorSentence(fit)
  const steps = Found.totalSteps(fit)
  return [
    heading(2, 'How was it learned?'),
    {
      _tag: 'Facts',
      entries: [
        ['log-likelihood per row', show(logLikelihood)],
        ['BIC', `${show(bic)} with ${parameters} parameters (lower is better)`],
        [
          'steps',
          {
            converged: `${steps} (converged)`,
            complete: `${steps} (step limit reached)`,
            stopped: `${steps} (interrupted)`,
            chosen: 'those of the search, which converged'
          }[Found.outcomeOfStages(fit)]
        ]
      ]
    },
    {
      _tag: 'Facts',
      title: `How it was fitted (${recipe}, seed ${seed})`,
      isMore: true,
      entries: [
        [
          'start',
          recipe === 'grown'
            ? 'components split one at a time, or k-means++ if its likelihood is higher'
            : Initializer.show(pipeline.initializer)
        ],
        ...stagesOf(stages)
      ]
    },
    ...(prior === null ? [] : [textPart(prior)]),
    objectiveCurves(stages),
    onPage(() => [codePart('The pipeline as mathematics', tidy(Pipeline.formula(pipeline)))]),
    ...(plan === '' ? [] : [codePart('How it was computed', plan)]),
    codePart('The pipeline', Pipeline.show(pipeline))
  ]
}

const comparisonParts = (fits: readonly [Findings, ...ReadonlyArray<Findings>]): ReadonlyArray<DocumentPart> => {
  if (fits.length < 2) return []
  const { table: found, means, reason } = compareFits(fits)
  const title = 'The same data, learned in other ways'
  return [heading(2, title, `${title}:`), tablePart(title, found), { _tag: 'Facts', entries: means }, textPart(reason)]
}

// -- document ----------------------------------------------------------------------------------------------------------

/** Long name of an option: `--family` for `--family full`, `--no-family` or its letter. */
const optionKey = (option: string): string =>
  option
    .replace(/ .*/s, '')
    .replace(/^--no-/, '--')
    .replace(/^-k$/, '--components')

/** Further options that a new one replaces. */
const REPLACED_OPTIONS: Readonly<Record<string, ReadonlyArray<string>>> = {
  '--robust': ['--recipe', '--pipeline', '--fixed'],
  '--starts': ['--recipe', '--pipeline'],
  '--recipe': ['--pipeline', '--starts', '--robust', '--fixed'],
  '--components': ['--pipeline'],
  '--family': ['--pipeline'],
  '--exclude': ['--columns']
}

/** Command that fits the table with the typed options, except those that the remedy replaces. */
const refitCommand = ({ source, columns, typedOptions: asked = [] }: Findings, remedy: string): string => {
  const options = remedy.split(/ (?=-)/)
  const gone = options.map(optionKey).flatMap(option => [option, ...(REPLACED_OPTIONS[option] ?? [])])
  const wasNamed = asked.some(option => optionKey(option) === '--columns')
  // If columns were named, they are named again without the excluded ones.
  const left = options.map(option => {
    if (!wasNamed || !option.startsWith('--exclude ')) return option
    const out = option.slice('--exclude '.length).replaceAll("'", '').split(',')
    return `--columns ${shellQuoted(columns.filter(column => !out.includes(column)).join(','))}`
  })
  const kept = asked.filter(option => !gone.includes(optionKey(option)))
  return ['ornstein fit', fileArgument(source), ...kept, ...left].join(' ')
}

/** Suggests the next command: the first warning's remedy, otherwise `ornstein assign`; empty for rows from code. */
const nextCommand = (fit: Findings, all: ReadonlyArray<VerdictPart>): string => {
  const remedy = all.flatMap(({ isGood, remedy }) => (isGood ? [] : (remedy ?? []))).at(0)
  if (fit.typedOptions === undefined) return ''
  if (remedy !== undefined) return `Next, to compare: ${refitCommand(fit, remedy)}`
  const { modelPath, readOptions: readBy = [] } = fit
  const assign = ['ornstein assign', shellQuoted(modelPath ?? 'model.json'), fileArgument(fit.source), ...readBy].join(
    ' '
  )
  const commands = modelPath === undefined ? `${refitCommand(fit, '--out model.json')} && ${assign}` : assign
  return `Next, which component each row belongs to: ${commands}`
}

/** First two warnings, and the number of others. */
const warningSummary = (all: ReadonlyArray<VerdictPart>): ReadonlyArray<DocumentPart> => {
  const against = all.filter(({ isGood }) => !isGood)
  return against.length === 0
    ? [good(`All ${all.length} checks passed.`)]
    : [
        ...against.slice(0, 2),
        ...(against.length > 2 ? [textPart(`${countedNoun(against.length - 2, 'more warning')} below.`, 'soft')] : [])
      ]
}

/** Returns the document about a fit, compared with other fits of the same data. */
export const fitDocument = (
  fit: Findings,
  others: ReadonlyArray<Findings> = [],
  { isLabelled = false }: { readonly isLabelled?: boolean } = {}
): ReadonlyArray<DocumentPart> => {
  const { choice, starts } = fit
  const choices = choice === null ? [] : choiceVerdicts(choice)
  const overlapping = mergeOverlapping(fit.observed, fit.mixture)
  const units = fit.scaling ?? standardizeColumns(fit.observed).scaling
  const context: ReportContext = { units, isLabelled, overlapping }
  const warnings = fitWarnings(fit, context)
  const opening = (source: string): string =>
    [groupSentence(fit, overlapping, source), ...typical(fit, units)].join('\n')
  let trust: Trust.Trust | null = null
  const judged = (): Trust.Trust => (trust ??= Trust.trust(fit))
  return [
    onPage(() => [heading(1, headline(fit))]),
    textPart(opening(baseName(fit.source)), 'lead', opening(fit.source)),
    textPart([modelSentence(fit), ...tableUseLines(fit)].join('\n')),
    onPage(() => {
      const all = [...choices, ...warnings, ...rowVerdicts(fit, judged())]
      const along = drawn.dataView(fit)
      return [
        ...warningSummary(all),
        textPart(nextCommand(fit, all), 'soft'),
        figures([drawn.dataPicture(fit, along)]),
        ...(along.loadings.length === 0
          ? []
          : [foldedPart('What the directions are made of', [textPart(along.loadings.join('\n'))])])
      ]
    }),
    ...resultParts(fit, context),
    heading(2, 'Can I trust it?'),
    ...choices,
    ...warnings,
    onPage(() => rowVerdicts(fit, judged())),
    ...(choice === null ? [] : otherCandidatesParts(choice)),
    ...(starts === null ? [] : [textPart(agreementSentence(starts))]),
    onPage(() => trustParts(fit, judged())),
    ...learningParts(fit),
    ...comparisonParts([fit, ...others])
  ]
}

/** Renders the report page. `version` is the program's. */
export const fitPage = (fit: Findings, version: string, told: ReadonlyArray<DocumentPart> = fitDocument(fit)): string =>
  document.asPage({ title: headline(fit), version, seed: fit.seed }, told)

/** All pictures of a fit, in the order of their files. */
export const pictures = (fit: Findings): ReadonlyArray<Picture> => {
  const merged = mergingOf(fit)
  return [
    drawn.dataPicture(fit),
    ...(fit.choice === null ? [] : criterionPictures(fit.choice)),
    ...(merged === null ? [] : [merged]),
    ...objectives(fit.stages)
  ]
}

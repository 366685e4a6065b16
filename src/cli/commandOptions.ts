/** Options of the commands, except for those of `tableCommandOptions.ts` and `fitOptions.ts`. */
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { withDefaultSetting, suchSetting as satisfying, wholeSetting as atLeast } from '../core/setting.js'
import { seedSetting } from '../fit/fitSettings.js'
import type { OrProblems } from './orProblems.js'
import { countsArgument } from './fitOptions.js'
import {
  flagOption,
  loadedWordArgument,
  listArgument,
  mapArgument,
  numberArgument,
  oneOfWords,
  option,
  optionOr,
  outputArgument,
  pathArgument,
  requiredOption,
  settingOption,
  textArgument,
  wholeNumberArgument,
  type OptionValues
} from './option.js'
import { connectionArgument } from './queueConnection.js'
import {
  COLUMN_OPTIONS,
  columnNamesArgument,
  READING_OPTIONS,
  VOCABULARY_OPTION,
  WRITING_OPTIONS
} from './tableOptions.js'

export const CLASSIFY_OPTIONS = {
  labels: requiredOption(textArgument('column'), 'column of the classes'),
  covariance: option(
    listArgument(
      loadedWordArgument(async () => (await import('../mixture/families/covariance.js')).names, 'name'),
      'names'
    ),
    'covariances as mclust names them, or a list to choose from by BIC: EEE shares one, VVV shares nothing',
    { otherwise: 'chosen from all fourteen' }
  ),
  components: optionOr(countsArgument, '1', 'components of each class: 3, or 1..3 to choose from', { short: 'k' }),
  folds: settingOption(withDefaultSetting(10)(atLeast(2, 10)), wholeNumberArgument, 'parts of the cross-validation'),
  seed: settingOption(seedSetting, wholeNumberArgument, 'random seed of the folds and of fits'),
  json: flagOption('print the result as JSON'),
  ...WRITING_OPTIONS,
  ...COLUMN_OPTIONS,
  ...READING_OPTIONS,
  missing: optionOr(oneOfWords(['refuse', 'drop'], 'how'), 'refuse', 'rows with a missing cell: refuse or drop')
}
export type ClassifyFlags = OptionValues<typeof CLASSIFY_OPTIONS>

export const PREDICT_OPTIONS = {
  target: requiredOption(columnNamesArgument, 'columns to predict, by name or position among those of the model: a,b'),
  quantiles: optionOr(
    listArgument(numberArgument(satisfying<number>(p => p > 0 && p < 1, 'between 0 and 1', 'try 0.05,0.95')), 'list'),
    '0.05,0.95',
    'quantiles to print beside the mean'
  ),
  check: flagOption('compare predictions with the targets, which the table has: print errors instead of rows', {
    conflicts: ['out', 'to', 'stream']
  }),
  json: flagOption('print the result of --check as JSON'),
  ...WRITING_OPTIONS,
  columns: option(columnNamesArgument, 'columns to predict by, by name or position', {
    otherwise: "the model's others, by name"
  }),
  ...READING_OPTIONS,
  ...VOCABULARY_OPTION,
  stream: flagOption('read and write the table in pieces; done without asking for files above 128 MB')
}
export type PredictFlags = OptionValues<typeof PREDICT_OPTIONS>

export const COMPARE_OPTIONS = {
  json: flagOption('print the result as JSON'),
  ...READING_OPTIONS,
  ...VOCABULARY_OPTION
}
export type CompareFlags = OptionValues<typeof COMPARE_OPTIONS>

const OUT_OPTION = { out: optionOr(outputArgument, '-', 'write to a file', { otherwise: 'standard output' }) }

export const EXPORT_OPTIONS = {
  to: requiredOption(
    loadedWordArgument(async () => (await import('../score/exchange.js')).EXCHANGE_FORMS, 'form'),
    'format: sklearn, npz, safetensors, mclust or json'
  ),
  ...OUT_OPTION,
  ...VOCABULARY_OPTION
}
export type ExportFlags = OptionValues<typeof EXPORT_OPTIONS>

export const IMPORT_OPTIONS = {
  columns: option(
    mapArgument(textArgument('list'), text => E.right(text.split(',').map(name => name.trim()))),
    'the names of the columns, in order',
    { otherwise: "the file's, or x1, x2, …" }
  ),
  ...OUT_OPTION
}
export type ImportFlags = OptionValues<typeof IMPORT_OPTIONS>

export const SAMPLE_OPTIONS = {
  rows: settingOption(withDefaultSetting(100)(atLeast(1, 100)), wholeNumberArgument, 'how many rows', { short: 'n' }),
  seed: settingOption(seedSetting, wholeNumberArgument, 'random seed; the same seed gives the same rows'),
  ...WRITING_OPTIONS,
  ...VOCABULARY_OPTION
}
export type SampleFlags = OptionValues<typeof SAMPLE_OPTIONS>

export const EXPLAIN_OPTIONS = {
  data: option(pathArgument(), 'a table to check the pipeline against'),
  ...COLUMN_OPTIONS,
  ...READING_OPTIONS,
  ...VOCABULARY_OPTION,
  standardize: flagOption('standardize the data first')
}
export type ExplainFlags = OptionValues<typeof EXPLAIN_OPTIONS>

export const WORKER_OPTIONS = {
  queue: requiredOption(connectionArgument, 'URL of the queue: redis://host:port, rediss:// for TLS, or env:NAME'),
  data: option(pathArgument('folder'), 'the only folder that tables are read from', {
    otherwise: 'the current folder'
  })
}
export type WorkerFlags = OptionValues<typeof WORKER_OPTIONS>

/** Share number `which`, from 1, of `of` shares. */
export interface SweepShare {
  readonly which: number
  readonly of: number
}

const shareArgument = mapArgument(textArgument('k/n'), (text, _, name): OrProblems<SweepShare> => {
  const [which, of] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).slice(1).map(Number)
  return which >= 1 && which <= of && Number.isSafeInteger(of)
    ? E.right({ which, of })
    : E.left([
        Problem.of(name, text, 'one of so many shares, counted from 1', 'try 1/8, and the others up to 8/8 elsewhere')
      ])
})

export const SWEEP_OPTIONS = {
  out: requiredOption(pathArgument(), 'the results, as JSON lines; fits that are there already are not run again'),
  jobs: option(wholeNumberArgument(atLeast(1, 2)), 'how many fits run at a time', {
    otherwise: 'the number of processors'
  }),
  share: optionOr(shareArgument, '1/1', 'run only the kth of n shares: every nth fit from the kth on', {
    otherwise: '1/1, all'
  })
}
export type SweepFlags = OptionValues<typeof SWEEP_OPTIONS>

export const LIST_COMMAND_OPTIONS = { json: flagOption('print JSON, with the code of examples'), ...VOCABULARY_OPTION }
export type ListFlags = OptionValues<typeof LIST_COMMAND_OPTIONS>

/** Options of `assign` and `evaluate`. */
import { wholeSetting as atLeast } from '../core/setting.js'
import { flagOption, option, outputArgument, textArgument, wholeNumberArgument, type OptionValues } from './option.js'
import { MODEL_COLUMN_OPTIONS, READING_OPTIONS, VOCABULARY_OPTION, WRITING_OPTIONS } from './tableOptions.js'

export const ASSIGN_OPTIONS = {
  ...WRITING_OPTIONS,
  ...MODEL_COLUMN_OPTIONS,
  ...READING_OPTIONS,
  ...VOCABULARY_OPTION,
  merged: flagOption(
    'merge components into clusters by entropy (Baudry et al. 2010), judged on rows sampled from the model, and assign rows to clusters'
  ),
  clusters: option(wholeNumberArgument(atLeast(1, 2)), 'merge into this many clusters, which implies --merged', {
    otherwise: 'the elbow of the entropies'
  }),
  stream: flagOption('read and write the table in pieces; done without asking for files above 128 MB')
}
export type AssignFlags = OptionValues<typeof ASSIGN_OPTIONS>

export const EVALUATE_OPTIONS = {
  ...MODEL_COLUMN_OPTIONS,
  ...READING_OPTIONS,
  ...VOCABULARY_OPTION,
  responsibilities: option(
    outputArgument,
    'write the probability of each component for each row: .csv, .tsv, .jsonl or .parquet'
  ),
  stream: flagOption('read the rows in pieces: for tables that do not fit in memory', {
    conflicts: ['responsibilities', 'labels']
  }),
  labels: option(
    textArgument('column'),
    'column of known classes: prints the rows of each class by component, and the adjusted Rand index'
  ),
  json: flagOption('print the result as JSON')
}
export type EvaluateFlags = OptionValues<typeof EVALUATE_OPTIONS>

/** Commands that the page in a browser runs too: `fit`, `assign`, `evaluate`. */
import type * as Problem from '../core/problem.js'
import { command, type CommandOperand } from './command.js'
import { learningOptions, FIT_OPTIONS, HELP_GROUPS, fitOptionProblems, type FitFlags } from './fitOptions.js'
import { stdoutProblems } from './outputs.js'
import { type OutputFormat } from './tableOptions.js'
import { ASSIGN_OPTIONS, EVALUATE_OPTIONS } from './tableCommandOptions.js'

const TABLE_FILES =
  "a CSV, Parquet or Arrow file, a folder of such files, or a pattern: 'data/*.csv'; - for standard input"

/** Operand FILE, a table; `about` is appended to its description. */
export const tableOperand = (about = ''): CommandOperand => ({ name: 'FILE', about: `${TABLE_FILES}${about}` })
/** Operand of a model file. */
export const modelOperand = (name = 'MODEL', about = 'a model written by ornstein fit --out'): CommandOperand => ({
  name,
  about
})

/** Rejects an output file with the ending of an unsupported format, unless `to` names the format. */
export const outputFormatProblems = async (
  option: string,
  path: string | undefined,
  to?: OutputFormat
): Promise<ReadonlyArray<Problem.Problem>> =>
  path === undefined ? [] : (await import('./outputFormat.js')).foreignFormatProblems({ option, path }, to)

/** True if no option needs all rows in memory or sets how they are read. */
const mayStream = ({ by, labels, stream, missing, every, pipeline }: FitFlags): boolean =>
  by === undefined &&
  labels === undefined &&
  stream === undefined &&
  missing !== 'keep' &&
  (every === undefined || pipeline !== undefined)

export const fitCommand = command({
  name: 'fit',
  summary: 'fit a mixture to a table',
  description:
    'Fits a Gaussian mixture to a table of numbers. Chooses the covariance family and the number of components unless ' +
    'you set them. Prints the components in the units of the data, and how they were learned.',
  operands: [tableOperand()],
  options: FIT_OPTIONS,
  groups: HELP_GROUPS,
  rules: fitOptionProblems,
  examples: [
    'fit penguins.csv --report report.html',
    'fit iris.csv -k 3 --columns Petal.Length,Petal.Width --out model.json',
    'fit survey.csv -k 2..6 --criterion bic --missing drop --json',
    '# 95 % intervals from 200 resamples of the rows',
    'fit faithful.csv -k 2 --family full --bootstrap 200',
    '# more rows than fit in memory, resumed after a crash',
    'fit huge.csv.gz --stream --checkpoint huge.ckpt --resume --out model.json'
  ],
  run: ([file], flags, typed) =>
    Promise.resolve(world => async () => {
      const isRequested = flags.stream === true || flags.queue !== undefined
      const reading = isRequested
        ? 'inPieces'
        : mayStream(flags) && (await world.isLarge(file)())
          ? 'inPiecesBySize'
          : 'whole'
      return (await import('./commands/fit.js')).runFit(file, flags, reading, learningOptions(typed))(world)()
    })
})

export const assignCommand = command({
  name: 'assign',
  summary: 'assign each row to a component',
  description:
    'Prints the table with columns added: the most probable component of each row, its probability, the uncertainty ' +
    '(1 - probability), the log-density, and whether the row is an outlier. An outlier lies outside the 99.9 % contour of ' +
    'every component. With --merged the first three of these are of the most probable cluster of components. Rows dropped for a missing cell are kept, with these columns empty. Parquet and Arrow files hold numbers ' +
    'as doubles, and everything else as text. A table that is read in pieces is printed in pieces, up to the first row with an ' +
    'error. A file is written completely or not at all.',
  operands: [modelOperand(), tableOperand("; with the model's columns")],
  options: ASSIGN_OPTIONS,
  rules: ({ out, to }) => outputFormatProblems('--out', out, to),
  examples: [
    'assign model.json faithful.csv > assigned.csv',
    'assign model.json faithful.parquet --out assigned.parquet',
    'assign model.json faithful.csv --merged > clusters.csv',
    '# more rows than fit in memory',
    'assign model.json huge.csv.gz --stream --out assigned.csv'
  ],
  run: async ([model, file], flags) => (await import('./commands/assign.js')).runAssign(model, file, flags)
})

export const evaluateCommand = command({
  name: 'evaluate',
  summary: 'report how well a model describes a table',
  description: 'Prints the log-likelihood of a table under a model, and how many rows each component accounts for.',
  operands: [modelOperand(), tableOperand("; with the model's columns")],
  options: EVALUATE_OPTIONS,
  rules: async ({ responsibilities: path, json = false }) =>
    path === undefined
      ? []
      : [
          ...stdoutProblems([{ option: '--responsibilities', path }], { printsResult: json }),
          ...(await outputFormatProblems('--responsibilities', path))
        ],
  examples: ['evaluate model.json faithful.csv', 'evaluate model.json new.csv --responsibilities parts.csv --json'],
  run: async ([model, file], flags) => (await import('./commands/evaluate.js')).runEvaluate(model, file, flags)
})

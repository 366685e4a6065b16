/** Commands of `ornstein`, each as one value. */
import * as Problem from '../core/problem.js'
import { command, type Command } from './command.js'
import {
  assignCommand,
  evaluateCommand,
  fitCommand,
  modelOperand,
  tableOperand,
  outputFormatProblems
} from './tableCommands.js'
import { VOCABULARY_OPTION } from './tableOptions.js'
import {
  CLASSIFY_OPTIONS,
  PREDICT_OPTIONS,
  COMPARE_OPTIONS,
  EXPORT_OPTIONS,
  IMPORT_OPTIONS,
  SAMPLE_OPTIONS,
  EXPLAIN_OPTIONS,
  WORKER_OPTIONS,
  SWEEP_OPTIONS,
  LIST_COMMAND_OPTIONS
} from './commandOptions.js'

const classifyCommand = command({
  name: 'classify',
  summary: 'learn classes from labelled rows, and classify others',
  description:
    'Learns what rows of each class look like. Prints how often a new row is taken for another class, by cross-validation, and which ' +
    'classes are taken for which. With a second table prints its rows with columns added: the most probable class, its ' +
    'probability, and that of each class. One component for each class gives discriminant analysis with the covariances that ' +
    'BIC chooses (EDDA); more give a mixture for each class (MclustDA). Rows without a label are left out.',
  operands: [
    tableOperand(', labelled'),
    { name: 'OTHER', about: 'a table to classify, with the same columns', isOptional: true }
  ],
  options: CLASSIFY_OPTIONS,
  rules: ({ out, to }) => outputFormatProblems('--out', out, to),
  examples: [
    'classify iris.csv --labels Species',
    'classify iris.csv new.csv --labels Species > classified.csv',
    'classify wine.csv --labels cultivar -k 1..3 --covariance VVI,EEE,VVV --folds 5'
  ],
  run: async ([file, other], flags) => (await import('./commands/classify.js')).runClassify(file, other, flags)
})

const predictCommand = command({
  name: 'predict',
  summary: 'predict columns from the others',
  description:
    'Prints the table with columns added: of each target its mean given the other columns of the row, its standard deviation, and ' +
    'quantiles. The table needs the other columns of the model; with --missing em a row is predicted by the cells that it has. ' +
    'Each component is a linear regression, so predictions bend, and their error differs from row to row. With a background, ' +
    'predictions are those of rows that belong to a component; a column gives the probability that a row belongs to none. A model of few rows ' +
    'and many columns predicts worse than a regression does: compare by --check on rows that it was not learned from.',
  operands: [modelOperand(), tableOperand("; with the model's columns, except for the targets")],
  options: PREDICT_OPTIONS,
  rules: async ({ out, to, json = false, check = false }) => [
    ...Problem.unless(
      !json || check,
      '--json',
      'without --check',
      'available',
      'add --check, or print rows as JSON by --to jsonl'
    ),
    ...(await outputFormatProblems('--out', out, to))
  ],
  examples: [
    'predict model.json new.csv --target price > predicted.csv',
    'predict model.json new.csv --target price,area --quantiles 0.1,0.5,0.9 --out predicted.parquet',
    '# how far are predictions off, in rows that were not learned from?',
    'predict model.json held-out.csv --target price --check'
  ],
  run: async ([model, file], flags) => (await import('./commands/predict.js')).runPredict(model, file, flags)
})

const compareCommand = command({
  name: 'compare',
  summary: 'compare two models on a table',
  description:
    'Reports which of two models describes a table better, how certain that is, and how far their components agree.',
  operands: [
    modelOperand('A'),
    modelOperand('B', 'another model, of the same columns'),
    tableOperand("; with the models' columns")
  ],
  options: COMPARE_OPTIONS,
  examples: ['compare two.json three.json faithful.csv'],
  run: async ([first, second, file], flags) =>
    (await import('./commands/compare.js')).runCompare(first, second, file, flags)
})

const exportCommand = command({
  name: 'export',
  summary: 'write a model for scikit-learn, NumPy, PyTorch or R',
  description:
    "Writes a model in one of five formats. sklearn: scikit-learn's arrays, as JSON. npz: the same for numpy.load. " +
    'safetensors: the same by name. A network is written as npz or safetensors: its layers hold W as [inputs, outputs], ' +
    "and PyTorch's hold it turned. " +
    "mclust: the parameters of R's mclust, for jsonlite::fromJSON. json: weights, means and covariances.",
  operands: [modelOperand()],
  options: EXPORT_OPTIONS,
  // A binary archive is not printed to a terminal.
  rules: ({ to, out = '' }) =>
    Problem.unless(
      (to !== 'npz' && to !== 'safetensors') || out !== '-',
      '--out',
      out,
      `the name of a file, as ${to} needs`,
      `name one: model.${to}`
    ),
  examples: [
    'export model.json --to npz --out model.npz',
    'export network.json --to safetensors --out network.safetensors',
    'export model.json --to mclust > parameters.json'
  ],
  run: async ([model], flags) => (await import('./commands/exchange.js')).runExport(model, flags)
})

const importCommand = command({
  name: 'import',
  summary: 'read a model of scikit-learn, NumPy or R',
  description:
    "Reads scikit-learn's arrays, as JSON or from numpy.savez; the parameters of R's mclust, from jsonlite::write_json; " +
    'or means, weights and covariances, as JSON. Prints the model for evaluate, assign, compare and sample.',
  operands: [{ name: 'FILE', about: 'a file that export, scikit-learn or R wrote; - for standard input' }],
  options: IMPORT_OPTIONS,
  examples: [
    'import model.npz --out model.json',
    'import parameters.json --columns eruptions,waiting --out model.json'
  ],
  run: async ([file], flags) => (await import('./commands/exchange.js')).runImport(file, flags)
})

const sampleCommand = command({
  name: 'sample',
  summary: 'sample rows from a model',
  description: 'Samples rows from a model and prints them in the units of the data.',
  operands: [modelOperand()],
  options: SAMPLE_OPTIONS,
  rules: ({ out, to }) => outputFormatProblems('--out', out, to),
  examples: ['sample model.json -n 1000 --seed 7 > new.csv', 'sample model.json -n 1000000 --out new.parquet'],
  run: async ([model], flags) => (await import('./commands/sample.js')).runSample(model, flags)
})

const explainCommand = command({
  name: 'explain',
  summary: 'print a pipeline as code and as mathematics',
  description:
    'Prints a pipeline as the code that builds it and as mathematics. With data, also prints how it would be computed. ' +
    'Reports all errors of a pipeline at once.',
  operands: [{ name: 'PIPELINE', about: 'a pipeline written by ornstein fit --print-pipeline, or a model' }],
  options: EXPLAIN_OPTIONS,
  examples: ['explain pipeline.json', 'explain pipeline.json --data faithful.csv --standardize'],
  run: async ([file], flags) => (await import('./commands/explain.js')).runExplain(file, flags)
})

const workerCommand = command({
  name: 'worker',
  summary: 'compute for the fits of a queue',
  description:
    'Computes sums over rows for every ornstein fit --queue at the same queue, until it is stopped. It reads the table that a fit names from the folder of --data. It compares hashes, and works only for fits ' +
    'with the same rows and the same code. Start as many workers as there are machines: results depend neither on their number ' +
    'nor on workers that stop early.',
  operands: [],
  options: WORKER_OPTIONS,
  examples: [
    '# a queue on this machine, a worker, and a fit',
    '#   valkey-server --bind 127.0.0.1 --appendonly yes',
    'worker --queue redis://127.0.0.1:6379',
    'fit huge.csv.gz --queue redis://127.0.0.1:6379 --out model.json'
  ],
  run: async (_, flags) => (await import('./commands/worker.js')).runWorker(flags)
})

const sweepCommand = command({
  name: 'sweep',
  summary: 'run fits for several options, tables and seeds',
  description:
    'Runs ornstein fit for each choice of options, each table and each seed in a JSON file, several at a time. ' +
    'Writes one line of JSON per fit as soon as it is done, and prints a table at the end. Run again, it continues with the fits ' +
    'that have no line yet: to join shares, put their lines into one file.',
  operands: [
    {
      name: 'SWEEP',
      about: 'JSON: {"data": ["a.csv"], "seeds": [0, 1], "fits": {"em": {"recipe": "em", "components": 3}}}'
    }
  ],
  options: SWEEP_OPTIONS,
  examples: ['sweep sweep.json --out results.jsonl', 'sweep sweep.json --out results-3.jsonl --share 3/8'],
  run: async ([file], flags) => (await import('./commands/sweep.js')).runSweep(file, flags)
})

const listCommand = command({
  name: 'list',
  summary: 'list the building blocks of pipelines',
  description:
    'Prints the vocabulary, one line per constructor: schedules, objectives, optimizers, initializers and others.',
  operands: [
    {
      name: 'CONCEPT',
      about: 'the concept to list: schedule, optimizer, noise-levels … (default: all)',
      isOptional: true
    }
  ],
  options: LIST_COMMAND_OPTIONS,
  examples: ['list', 'list optimizer', 'list schedule --json', 'list --vocabulary ./mine.js'],
  run: async ([concept], flags) => (await import('./commands/list.js')).runList(concept, flags)
})

const newCommand = command({
  name: 'new',
  summary: 'write a pipeline to edit, and its JSON schema for editors',
  description:
    'Writes a pipeline as JSON for ornstein fit --pipeline. Also writes ornstein.schema.json beside it, by which editors ' +
    'complete the pipeline as you type. An existing pipeline is never overwritten.',
  operands: [{ name: 'FILE', about: 'the pipeline to write: pipeline.json; - prints it without a schema' }],
  options: VOCABULARY_OPTION,
  examples: ['new pipeline.json', 'fit faithful.csv --standardize --pipeline pipeline.json'],
  run: async ([file], flags) => (await import('./commands/new.js')).runNew(file, flags)
})

const schemaCommand = command({
  name: 'schema',
  summary: 'print the JSON schema of pipelines',
  description: 'Prints the JSON schema of pipelines: each constructor with its fields and defaults.',
  operands: [],
  options: VOCABULARY_OPTION,
  examples: ['schema > ornstein.schema.json', 'schema --vocabulary ./mine.js'],
  run: async (_, flags) => (await import('./commands/new.js')).runSchema(flags)
})

/** Commands by title, in the order of help. */
const COMMANDS_BY_TITLE: Readonly<Record<string, ReadonlyArray<Command>>> = {
  'Commands:': [
    fitCommand,
    evaluateCommand,
    assignCommand,
    predictCommand,
    classifyCommand,
    compareCommand,
    sampleCommand
  ],
  'Other programs:': [exportCommand, importCommand],
  'Many fits and machines:': [sweepCommand, workerCommand],
  'Pipelines, for research:': [newCommand, explainCommand, listCommand, schemaCommand]
}
export const commands: ReadonlyArray<Command & { readonly title: string }> = Object.entries(COMMANDS_BY_TITLE).flatMap(
  ([title, all]) => all.map(command => ({ ...command, title }))
)

/** Description of the program in its help. */
export const programDescription =
  'Fits Gaussian mixtures to tables of numbers: by expectation-maximization with split-and-merge moves, which is the ' +
  'default, or by gradient descent on the DDPM objective.'

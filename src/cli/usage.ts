/** The commands of `ornstein`, each as one value. */
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { otherwise, whole as atLeast } from '../core/setting.js'
import { seed } from '../fit/fitSettings.js'
import { word } from '../fit/text.js'
import { faultless, type Checked } from './checked.js'
import { command, type Command, type Operand } from './command.js'
import { fitting, rules, type Flags } from './fitOptions.js'
import {
  flag,
  lately,
  mapped,
  option,
  optionOr,
  output,
  path,
  required,
  setting,
  several,
  text,
  whole,
  type Argument,
  type Values
} from './option.js'
import { outputs } from './outputs.js'
import { connection } from './connection.js'
import { columns, modelColumns, reading, vocabulary, writing, type Form } from './tableOptions.js'

/** What a table may be. */
const FILES = "a CSV, Parquet or Arrow file, a folder of such, or a pattern: 'data/*.csv'; - for standard input"

const table = (about = ''): Operand => ({ name: 'FILE', about: `${FILES}${about}` })
const model = (name = 'MODEL', about = 'a model written by ornstein fit --out'): Operand => ({ name, about })

/** Whether a table is written in the form that the name of its file says. */
const wrongForm = async (option: string, path: string, to?: Form): Promise<ReadonlyArray<Problem.Problem>> =>
  (await import('./forms.js')).foreignForm({ option, path }, to)

/** Whether rows in pieces serve all that is asked, where nothing says how they are read. */
const mayStream = ({ by, labels, stream, missing, every, pipeline }: Flags): boolean =>
  by === undefined &&
  labels === undefined &&
  stream === undefined &&
  missing !== 'keep' &&
  (every === undefined || pipeline !== undefined)

const fit = command({
  name: 'fit',
  summary: 'learn a mixture from a table',
  description:
    'Learns a mixture of Gaussians from a table of numbers, and chooses its family and its number of components where ' +
    'they are left open. Prints the components in the units of the data, and how they were learned.',
  operands: [table()],
  options: fitting,
  rules,
  examples: [
    '# nothing but a table: all is chosen',
    'fit penguins.csv --report report.html',
    'fit iris.csv -k 3 --columns Petal.Length,Petal.Width --out model.json',
    'fit survey.csv -k 2..6 --criterion icl --missing drop --json',
    '# intervals of 95 %, from 200 resamples of the rows',
    'fit faithful.csv -k 2 --family full --bootstrap 200',
    '# few rows: under a weak prior',
    'fit few.csv --prior 0.01',
    '# descent on the DDPM objective, beside others',
    'fit faithful.csv -k 2 --recipe two-stage --compare em,annealed --report report.html',
    '# a long one, which goes on where it was killed',
    'fit big.csv -k 20 --family full --checkpoint big.ckpt --resume --out model.json',
    '# more rows than fit in memory',
    'fit huge.csv.gz --stream --out model.json',
    "fit 'data/*.parquet' --stream --out model.json",
    'fit huge.csv.gz --stream --pipeline pipeline.json --checkpoint huge.ckpt --resume --out model.json',
    '# by the workers at a queue, on this machine and on others (see ornstein help worker)',
    "fit 'data/*.parquet' --queue redis://127.0.0.1:6379 --out model.json",
    '# see what a recipe does, change it, run it',
    'fit faithful.csv -k 2 --family full --recipe annealed --print-pipeline > pipeline.json',
    'explain pipeline.json',
    'fit faithful.csv --standardize --pipeline pipeline.json'
  ],
  run: ([file], flags) =>
    Promise.resolve(world => async () => {
      const isAsked = flags.stream === true || flags.queue !== undefined
      const reading = isAsked ? 'inPieces' : mayStream(flags) && (await world.isLarge(file)()) ? 'unasked' : 'whole'
      return (await import('./commands/fit.js')).fit(file, flags, reading)(world)()
    })
})

const evaluating = {
  ...modelColumns,
  ...reading,
  ...vocabulary,
  responsibilities: option(
    output,
    'write the probability of each component for each row: .csv, .tsv, .jsonl, .parquet'
  ),
  stream: flag('read the rows in pieces: for tables that do not fit in memory', {
    conflicts: ['responsibilities', 'labels']
  }),
  labels: option(
    text('column'),
    'a column of known classes: prints how many rows of each every component has, and the adjusted Rand index'
  ),
  json: flag('print the result as JSON')
}
export type Evaluating = Values<typeof evaluating>

const evaluate = command({
  name: 'evaluate',
  summary: 'tell how well a model describes a table',
  description: 'Prints the log-likelihood of a table under a model, and how many rows each component accounts for.',
  operands: [model(), table("; with the model's columns")],
  options: evaluating,
  rules: async ({ responsibilities: path, json = false }) =>
    path === undefined
      ? []
      : [...outputs([{ option: '--responsibilities', path }], json), ...(await wrongForm('--responsibilities', path))],
  examples: ['evaluate model.json faithful.csv', 'evaluate model.json new.csv --responsibilities parts.csv --json'],
  run: async ([model, file], flags) => (await import('./commands/evaluate.js')).evaluate(model, file, flags)
})

const assigning = {
  ...writing,
  ...modelColumns,
  ...reading,
  ...vocabulary,
  stream: flag('read and write the rows in pieces, as is done with files of more than 128 MB')
}
export type Assigning = Values<typeof assigning>

const assign = command({
  name: 'assign',
  summary: 'tell which component each row belongs to',
  description:
    'Prints the table as it is, with columns added: the most probable component of each row, its probability, the ' +
    'uncertainty (1 - probability), the log-density, and whether the row is an outlier: further out than all but a ' +
    'thousandth of the rows of each component. Rows dropped for a missing cell are kept, with nothing in these columns. ' +
    'Parquet and Arrow hold numbers as doubles and all else as text. Read in pieces, rows are written as they come: where one ' +
    'is wrong, those before it are on standard output already; a file is written whole or not at all.',
  operands: [model(), table("; with the model's columns")],
  options: assigning,
  rules: ({ out, to }) => (out === undefined ? [] : wrongForm('--out', out, to)),
  examples: [
    'assign model.json faithful.csv > assigned.csv',
    'assign model.json faithful.parquet --out assigned.parquet',
    '# more rows than fit in memory',
    'assign model.json huge.csv.gz --stream --out assigned.csv'
  ],
  run: async ([model, file], flags) => (await import('./commands/assign.js')).assign(model, file, flags)
})

const comparing = { json: flag('print the result as JSON'), ...reading, ...vocabulary }
export type Comparing = Values<typeof comparing>

const compare = command({
  name: 'compare',
  summary: 'put two models beside each other',
  description:
    'Tells which of two models describes the rows of a table better, how sure that is, and how far their components agree.',
  operands: [model('A'), model('B', 'another, of the same columns'), table("; with the models' columns")],
  options: comparing,
  examples: ['compare two.json three.json faithful.csv'],
  run: async ([first, second, file], flags) =>
    (await import('./commands/compare.js')).compare(first, second, file, flags)
})

const toFile = { out: optionOr(output, '-', 'write to a file', { otherwise: 'standard output' }) }

const exporting = {
  to: required(
    lately(async () => (await import('../mixture/exchange.js')).forms, 'form'),
    'sklearn, npz, mclust or json'
  ),
  ...toFile,
  ...vocabulary
}
export type Exporting = Values<typeof exporting>

const export_ = command({
  name: 'export',
  summary: 'write a model as others read it',
  description:
    "Writes a model as scikit-learn's arrays, in JSON (sklearn) or for numpy.load (npz), as the parameters of R's mclust, for dget " +
    '(mclust), or as weights, means and covariances alone (json).',
  operands: [model()],
  options: exporting,
  // an archive is no text for a terminal
  rules: ({ to, out = '' }) =>
    Problem.unless(
      to !== 'npz' || out !== '-',
      '--out',
      out,
      'the name of a file, as npz needs',
      'name one: model.npz'
    ),
  examples: ['export model.json --to npz --out model.npz', 'export model.json --to mclust > parameters.R'],
  run: async ([model], flags) => (await import('./commands/exchange.js')).exported(model, flags)
})

const importing = {
  columns: option(
    mapped(text('list'), text => E.right(text.split(',').map(name => name.trim()))),
    'the names of its columns, in their order',
    { otherwise: "the file's, or x1, x2, …" }
  ),
  ...toFile
}
export type Importing = Values<typeof importing>

const import_ = command({
  name: 'import',
  summary: 'read a model that others wrote',
  description:
    "Reads scikit-learn's arrays, in JSON or as numpy.savez writes them, the parameters of R's mclust, as dput(model$parameters) " +
    'or jsonlite writes them, or means, weights and covariances in JSON; prints the model for evaluate, assign, compare and sample.',
  operands: [{ name: 'FILE', about: 'what export writes, or scikit-learn or R; - for standard input' }],
  options: importing,
  examples: ['import model.npz --out model.json', 'import parameters.R --columns eruptions,waiting --out model.json'],
  run: async ([file], flags) => (await import('./commands/exchange.js')).imported(file, flags)
})

const sampling = {
  rows: setting(otherwise(100)(atLeast(1, 100)), whole, 'how many rows', { short: 'n' }),
  seed: setting(seed, whole, 'the same seed gives the same rows'),
  ...writing,
  ...vocabulary
}
export type Sampling = Values<typeof sampling>

const sample = command({
  name: 'sample',
  summary: 'draw new rows from a model',
  description: 'Draws rows from a model and prints them, in the units of the data.',
  operands: [model()],
  options: sampling,
  rules: ({ out, to }) => (out === undefined ? [] : wrongForm('--out', out, to)),
  examples: ['sample model.json -n 1000 --seed 7 > new.csv', 'sample model.json -n 1000000 --out new.parquet'],
  run: async ([model], flags) => (await import('./commands/sample.js')).sample(model, flags)
})

const explaining = {
  data: option(path(), 'a table to check the pipeline against'),
  ...columns,
  ...reading,
  ...vocabulary,
  standardize: flag('standardize the data first')
}
export type Explaining = Values<typeof explaining>

const explain = command({
  name: 'explain',
  summary: 'print a pipeline as code and as mathematics',
  description:
    'Prints a pipeline as the code that builds it and as mathematics; with data, also how it would be computed. ' +
    'Tells all that is wrong with it at once.',
  operands: [{ name: 'PIPELINE', about: 'a pipeline written by ornstein fit --print-pipeline, or a model' }],
  options: explaining,
  examples: ['explain pipeline.json', 'explain pipeline.json --data faithful.csv --standardize'],
  run: async ([file], flags) => (await import('./commands/explain.js')).explain(file, flags)
})

const working = {
  queue: required(connection, 'where the queue is: redis://host:port, rediss:// with TLS, or env:NAME'),
  data: option(path('folder'), 'the folder that tables are read from, and no other', {
    otherwise: 'the current one'
  })
}
export type Working = Values<typeof working>

const worker = command({
  name: 'worker',
  summary: 'sum rows for the fits of a queue, and do fits of sweeps',
  description:
    'Sums over rows for every ornstein fit --queue at the same queue, and does fits of ornstein sweep --queue, until it is stopped. It reads the table that a fit names ' +
    'by itself, from a folder that it is given, and takes part only with the same rows and the same code, by their hashes. ' +
    'Start as many as there are machines: results do not depend on how many, nor on which of them end on the way.',
  operands: [],
  options: working,
  examples: [
    '# a queue on this machine, a worker, and a fit',
    '#   valkey-server --bind 127.0.0.1 --appendonly yes',
    'worker --queue redis://127.0.0.1:6379',
    'fit huge.csv.gz --queue redis://127.0.0.1:6379 --out model.json'
  ],
  run: async (_, flags) => (await import('./commands/worker.js')).work(flags)
})

/** One of so many shares, counted from 1. */
export interface Share {
  readonly which: number
  readonly of: number
}

const share = mapped(text('k/n'), (text, _, name): Checked<Share> => {
  const [which, of] = (/^(\d+)\/(\d+)$/.exec(text) ?? []).slice(1).map(Number)
  return which >= 1 && which <= of && Number.isSafeInteger(of)
    ? E.right({ which, of })
    : E.left([
        Problem.of(name, text, 'one of so many shares, counted from 1', 'try 1/8, and the others up to 8/8 elsewhere')
      ])
})

/** Where the lines of a sweep go. */
const lines: Argument<string> = {
  ...path(),
  read: async (path, option) => faultless((await import('./commands/sweep.js')).wrongOut({ option, path }), path)
}

const sweeping = {
  out: required(
    lines,
    'the lines, as JSONL; those that are there are not run again; or a table, .parquet or .arrow, its lines beside it in FILE.jsonl'
  ),
  jobs: option(whole(atLeast(1, 2)), 'how many at a time', { otherwise: 'as many as there are processors' }),
  queue: option(
    connection,
    'have them done by the workers at a queue, each by one: redis://host:port, rediss:// with TLS, or env:NAME',
    { conflicts: ['jobs'] }
  ),
  figure: option(path(), 'draw the log-likelihoods of each choice, as SVG'),
  share: optionOr(share, '1/1', 'run the kth of n shares alone: every nth fit from the kth on', {
    otherwise: '1/1, all'
  }),
  parts: several(path('files'), 'lines of these count too, and are copied to --out: what shares came to')
}
export type Sweeping = Values<typeof sweeping>

const sweep = command({
  name: 'sweep',
  summary: 'fit in several ways, to several tables, by several seeds',
  description:
    'Runs ornstein fit for each choice of its options, each table and each seed that a JSON file names, several at a time. ' +
    'Writes a line of JSON for each as soon as it is done, and prints a table at the end. Begun again, it runs what has no line yet.',
  operands: [
    {
      name: 'SWEEP',
      about: 'JSON: {"data": ["a.csv"], "seeds": [0, 1], "fits": {"em": {"recipe": "em", "components": 3}}}'
    }
  ],
  options: sweeping,
  examples: [
    'sweep sweep.json --out results.jsonl --figure results.svg',
    'sweep sweep.json --out results.jsonl --queue redis://127.0.0.1:6379',
    'sweep sweep.json --out results.parquet',
    'sweep sweep.json --out results-3.jsonl --share 3/8',
    'sweep sweep.json --out results.jsonl --parts results-*.jsonl'
  ],
  run: async ([file], flags) => (await import('./commands/sweep.js')).run(file, flags)
})

const listing = { json: flag('print it as JSON, each with the code of an example'), ...vocabulary }
export type Listing = Values<typeof listing>

const list = command({
  name: 'list',
  summary: 'print what a pipeline can be made of',
  description:
    'Prints the vocabulary, a line for each constructor: schedules, objectives, optimizers, initializers and the rest.',
  operands: [
    {
      name: 'CONCEPT',
      about: 'only this one: schedule, optimizer, time-law … (default: all)',
      isOptional: true,
      offer: {
        _tag: 'Words',
        isList: false,
        words: async () =>
          (await (await import('./commands/list.js')).words()).map(({ concept }) => word(concept).slice(1))
      }
    }
  ],
  options: listing,
  examples: ['list', 'list optimizer', 'list schedule --json', 'list --vocabulary ./mine.js'],
  run: async ([concept], flags) => (await import('./commands/list.js')).list(concept, flags)
})

const new_ = command({
  name: 'new',
  summary: 'write a pipeline to edit, and the schema that editors complete it from',
  description:
    'Writes a pipeline as JSON, ready for ornstein fit --pipeline, and beside it ornstein.schema.json, from which editors ' +
    'complete it as you type. A pipeline that is there already is left alone.',
  operands: [{ name: 'FILE', about: 'the pipeline to write: pipeline.json; - prints it, without a schema' }],
  options: vocabulary,
  examples: ['new pipeline.json', 'fit faithful.csv --standardize --pipeline pipeline.json'],
  run: async ([file], flags) => (await import('./commands/new.js')).begin(file, flags)
})

const schema = command({
  name: 'schema',
  summary: 'print the JSON schema of pipelines',
  description: 'Prints the JSON schema of pipelines: every word of the vocabulary with its fields and defaults.',
  operands: [],
  options: vocabulary,
  examples: ['schema > ornstein.schema.json', 'schema --vocabulary ./mine.js'],
  run: async (_, flags) => (await import('./commands/new.js')).schema(flags)
})

const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

const completion = command({
  name: 'completion',
  summary: 'print what makes a shell complete the words of ornstein',
  description: 'Prints a script for a shell, made of the same descriptions as this help.',
  operands: [
    {
      name: 'SHELL',
      about: 'bash, zsh or fish',
      offer: { _tag: 'Words', isList: false, words: () => Promise.resolve(SHELLS) }
    }
  ],
  options: {},
  examples: [
    '# bash: in ~/.bashrc; zsh: the same in ~/.zshrc, after compinit',
    'completion bash > ~/.ornstein.bash && echo "source ~/.ornstein.bash" >> ~/.bashrc',
    'completion fish > ~/.config/fish/completions/ornstein.fish'
  ],
  run: async ([shell]) => (await import('./completion.js')).completion(shell, commands)
})

/** In the order in which help lists them. */
export const commands: ReadonlyArray<Command> = [
  ...[fit, evaluate, assign, compare, export_, import_, sample],
  ...[explain, worker, sweep, list, new_, schema, completion]
]

/** What `ornstein` does. */
export const description =
  'Learn mixtures of Gaussians from a table of numbers: by expectation-maximization with moves out of local ' +
  'maxima, which is the default, or by gradient descent on the DDPM objective.'

/** The command line: its words, its help, and which command they mean. */
import { Command, CommanderError, Option, type OptionValues } from '@commander-js/extra-typings'
import type * as T from 'fp-ts/lib/Task.js'
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { printable } from '../fit/text.js'
import { type Words } from './described.js'
import { exits, type Failure, type Signal, type World } from './world.js'

/** What a command does, and which signal has stopped it. */
type Work = (world: World) => TE.TaskEither<Failure, Signal | null>

/** Work of a module that is loaded when the words have been understood: help and wrong words wait for none. */
const lazily =
  <M>(load: () => Promise<M>, work: (module: M) => (world: World) => TE.TaskEither<Failure, unknown>): Work =>
  world =>
  async () => {
    const done = await work(await load())(world)()
    return E.isLeft(done) ? done : E.right(null)
  }

const examples = (lines: ReadonlyArray<string>): string =>
  `\nExamples:\n${lines.map(line => (line.startsWith('#') ? `  ${line}` : `  $ ornstein ${line}`)).join('\n')}\n`

/** The options that say how a table is read. */
const columns = new Option('--columns <list>', 'columns to use, by name or position: 1,3-5 (default: all of numbers)')
const exclude = new Option('--exclude <list>', 'columns not to use, by name or position: 1,3-5')
const weights = new Option('--weights <column>', 'a column of weights: a row of weight 2 counts as two rows')
const missing = new Option(
  '--missing <how>',
  'rows with a missing cell: refuse; drop; or em, which takes them by the cells they have (default: refuse)'
)
const header = new Option('--header', 'the first row holds names (default: found out)')
const noHeader = new Option('--no-header', 'the first row is data')
const delimiter = new Option('--delimiter <character>', 'what separates cells (default: found out)')
const decimal = new Option('--decimal <character>', 'what stands before decimals: . or , (default: .)')
const skip = new Option('--skip <number>', 'lines above the table that are no part of it (default: 0)')
const comment = new Option('--comment <character>', 'what begins lines that are no part of the table (default: none)')
const na = new Option('--na <list>', 'cells that are missing, beside NA and its like: -999,unknown')

const vocabulary = new Option('--vocabulary <module>', 'a JavaScript module that exports words of your own: ./mine.js')

/** The options that say how a table is written. */
const toFile = new Option(
  '--out <file>',
  'write to a file: .csv, .tsv, .jsonl, .parquet or .arrow, with .gz packed'
).default('-', 'standard output')
const to = new Option('--to <form>', 'csv, tsv, jsonl, parquet or arrow (default: by the name of the file)')

/** What a table may be. */
const FILES = "a CSV, Parquet or Arrow file, a folder of such, or a pattern: 'data/*.csv'; - for standard input"

/** Whether rows in pieces serve all that is asked, where nothing says how they are read. */
const mayStream = (flags: Readonly<Record<string, unknown>>): boolean =>
  ['by', 'stream'].every(key => flags[key] === undefined) &&
  flags.missing !== 'em' &&
  (flags.every === undefined || flags.pipeline !== undefined)

/** A command that reads a table, with the options that say how. */
const reading = <Args extends unknown[], Options extends OptionValues>(command: Command<Args, Options>) =>
  command
    .addOption(weights)
    .addOption(missing)
    .addOption(header)
    .addOption(noHeader)
    .addOption(delimiter)
    .addOption(decimal)
    .addOption(skip)
    .addOption(comment)
    .addOption(na)

/** An option given twice, or with its opposite, is refused: the last does not win in silence. Of a list all count. */
const once = (
  options: ReadonlyArray<Option>,
  on: (name: string, act: () => void) => unknown,
  refuse: (message: string) => never
): void => {
  const given = new Map<string, string>()
  for (const option of options.filter(({ variadic }) => !variadic))
    on(option.name(), () => {
      const key = option.attributeName()
      const before = given.get(key)
      if (before !== undefined)
        refuse(
          before === option.flags
            ? `error: option '${option.flags}' is given twice`
            : `error: option '${option.flags}' cannot be used with option '${before}'`
        )
      given.set(key, option.flags)
    })
}

/** The words of a command, and what it does when they were read. */
type Says = (program: Command, does: (work: Work) => void) => void

const fit: Says = (program, does) => {
  reading(
    program
      .command('fit')
      .summary('learn a mixture from a table')
      .description(
        'Learns a mixture of Gaussians from a table of numbers, and chooses its family and its number of components where ' +
          'they are left open. Prints the components in the units of the data, and how they were learned.'
      )
      .argument('<FILE>', FILES)
      .addOption(
        new Option(
          '-k, --components <numbers>',
          'how many Gaussians: 3, or 2..6 to choose from (default: chosen from 1..9)'
        )
      )
      .addOption(
        new Option(
          '--family <families>',
          'isotropic: one variance each; or a list to choose from (default: chosen from all whose variances are learned); ' +
            'spherical: equal weights, variance 1; symmetric-pair: variance 1, at m and -m; or a word of --vocabulary'
        )
      )
      .addOption(
        new Option(
          '--criterion <criterion>',
          'what chooses: icl, for clusters that are apart; bic, for what describes the density; aic, which takes more components'
        ).default('icl', 'icl')
      )
      .addOption(columns)
      .addOption(exclude)
  )
    .option(
      '--standardize',
      'learn with mean 0 and standard deviation 1 in each column; results stay in the units of the data ' +
        '(default, but for a pipeline and for families of variance 1)'
    )
    .option('--no-standardize', 'learn from the columns as they are')
    .addOption(
      new Option(
        '--recipe <recipe>',
        'grown: components split one by one, with expectation-maximization and moves, as fit(rows) does; ' +
          'annealed: expectation-maximization from one start, then noise and moves of components where they lead to a likelier mixture; ' +
          'two-stage: the DDPM objective at high noise, then at low; em: expectation-maximization; ' +
          'maximum-likelihood: all noise levels together; spectral: from principal directions'
      ).default('grown', 'grown')
    )
    .addOption(
      new Option(
        '--prior <rows>',
        'learn under the weak prior of Fraley & Raftery, whose mean counts as so many rows, so that no component collapses: 0.01, as mclust has it (default: none)'
      )
    )
    .addOption(
      new Option(
        '--bootstrap <number>',
        'draw the rows anew so many times, and tell how far weights, means and covariances are known: 200 (default: not done)'
      ).conflicts(['printPipeline', 'pipeline'])
    )
    .addOption(
      new Option('--compare <recipes>', 'learn by these recipes too, and show where each ends: em,annealed').conflicts(
        'printPipeline'
      )
    )
    .addOption(
      new Option('--pipeline <file>', 'learn by this pipeline, as JSON, instead of a recipe').conflicts([
        'components',
        'family',
        'criterion',
        'recipe',
        'prior'
      ])
    )
    .addOption(vocabulary)
    .addOption(new Option('--seed <number>', 'the same seed gives the same numbers').default('0', '0'))
    .addOption(
      new Option(
        '--starts <number>',
        'fit so many times, with this seed and those that follow it, keep the best, and tell how many agree: 10'
      ).default('1', '1')
    )
    .addOption(
      new Option('--checkpoint <file>', 'write what is needed to go on after a crash, now and then').conflicts([
        'compare',
        'printPipeline'
      ])
    )
    .addOption(new Option('--every <time>', 'how often: 30s, 5m, 1h, or a number of steps (default: 30s)'))
    .option('--resume', 'go on from the checkpoint, where there is one')
    .addOption(
      new Option(
        '--stream',
        'read the rows in pieces, and keep them in a file: for tables that do not fit in memory; learned from a sample, polished on all'
      ).conflicts('by')
    )
    .option(
      '--no-stream',
      'read them whole, whatever the size; a table that would take half of the memory is read in pieces unasked'
    )
    .addOption(
      new Option(
        '--queue <url>',
        'sum over the rows by the workers at a queue, with the bits of --stream: redis://host:port, rediss:// with TLS, or env:NAME'
      ).conflicts(['by', 'stream'])
    )
    .option('--out <file>', 'write the model, as JSON')
    .option('--report <file>', 'write a report to open in a browser, as HTML')
    .option('--figures <folder>', 'write the pictures of the report, as SVG files')
    .addOption(
      new Option('--by <column>', 'a fit for each group of rows: files are named model-GROUP.json').conflicts([
        'printPipeline',
        'checkpoint'
      ])
    )
    .option('--json', 'print the result as JSON')
    .addOption(new Option('--quiet', 'print nothing but errors').conflicts('verbose'))
    .option('--verbose', 'print all candidates, the pipeline, and how it was computed')
    .option(
      '--print-pipeline',
      "print the recipe's pipeline as JSON, and do not run it; of grown, that of the last steps"
    )
    .addHelpText(
      'after',
      examples([
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
      ])
    )
    .action((file, flags) => {
      const isAsked = flags.stream === true || flags.queue !== undefined
      does(world => async () => {
        const reading = isAsked ? 'inPieces' : mayStream(flags) && (await world.isLarge(file)()) ? 'unasked' : 'whole'
        return (await import('./commands/fit.js')).fit(file, flags, reading)(world)()
      })
    })
}

const evaluate: Says = (program, does) => {
  reading(
    program
      .command('evaluate')
      .summary('tell how well a model describes a table')
      .description('Prints the log-likelihood of a table under a model, and how many rows each component accounts for.')
      .argument('<MODEL>', 'a model written by ornstein fit --out')
      .argument('<FILE>', `${FILES}; with the model's columns`)
      .addOption(new Option('--columns <list>', "columns to use, by name or position (default: the model's, by name)"))
  )
    .addOption(vocabulary)
    .option(
      '--responsibilities <file>',
      'write the probability of each component for each row: .csv, .tsv, .jsonl, .parquet'
    )
    .addOption(
      new Option('--stream', 'read the rows in pieces: for tables that do not fit in memory').conflicts([
        'responsibilities'
      ])
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      examples(['evaluate model.json faithful.csv', 'evaluate model.json new.csv --responsibilities parts.csv --json'])
    )
    .action((model, file, flags) => {
      does(
        lazily(
          () => import('./commands/evaluate.js'),
          ({ evaluate }) => evaluate(model, file, flags)
        )
      )
    })
}

const assign: Says = (program, does) => {
  reading(
    program
      .command('assign')
      .summary('tell which component each row belongs to')
      .description(
        'Prints the table as it is, with columns added: the most probable component of each row, its probability, the ' +
          'uncertainty (1 - probability), the log-density, and whether the row is an outlier: further out than all but a ' +
          'thousandth of the rows of each component. Rows dropped for a missing cell are kept, with nothing in these columns. ' +
          'Parquet and Arrow hold numbers as doubles and all else as text. Read in pieces, rows are written as they come: where one ' +
          'is wrong, those before it are on standard output already; a file is written whole or not at all.'
      )
      .argument('<MODEL>', 'a model written by ornstein fit --out')
      .argument('<FILE>', `${FILES}; with the model's columns`)
      .addOption(toFile)
      .addOption(to)
      .addOption(new Option('--columns <list>', "columns to use, by name or position (default: the model's, by name)"))
  )
    .addOption(vocabulary)
    .option('--stream', 'read and write the rows in pieces, as is done with files of more than 128 MB')
    .addHelpText(
      'after',
      examples([
        'assign model.json faithful.csv > assigned.csv',
        'assign model.json faithful.parquet --out assigned.parquet',
        '# more rows than fit in memory',
        'assign model.json huge.csv.gz --stream --out assigned.csv'
      ])
    )
    .action((model, file, flags) => {
      does(
        lazily(
          () => import('./commands/assign.js'),
          ({ assign }) => assign(model, file, flags)
        )
      )
    })
}

const compare: Says = (program, does) => {
  reading(
    program
      .command('compare')
      .summary('put two models beside each other')
      .description(
        'Tells which of two models describes the rows of a table better, how sure that is, and how far their components agree.'
      )
      .argument('<A>', 'a model written by ornstein fit --out')
      .argument('<B>', 'another, of the same columns')
      .argument('<FILE>', `${FILES}; with the models' columns`)
      .option('--json', 'print the result as JSON')
  )
    .addOption(vocabulary)
    .addHelpText('after', examples(['compare two.json three.json faithful.csv']))
    .action((first, second, file, flags) => {
      does(
        lazily(
          () => import('./commands/compare.js'),
          ({ compare }) => compare(first, second, file, flags)
        )
      )
    })
}

const exporting: Says = (program, does) => {
  program
    .command('export')
    .summary('write a model as others read it')
    .description(
      "Writes a model as scikit-learn's arrays, in JSON (sklearn) or for numpy.load (npz), as the parameters of R's mclust, for dget " +
        '(mclust), or as weights, means and covariances alone (json).'
    )
    .argument('<MODEL>', 'a model written by ornstein fit --out')
    .requiredOption('--to <form>', 'sklearn, npz, mclust or json')
    .addOption(new Option('--out <file>', 'write to a file').default('-', 'standard output'))
    .addOption(vocabulary)
    .addHelpText(
      'after',
      examples(['export model.json --to npz --out model.npz', 'export model.json --to mclust > parameters.R'])
    )
    .action((model, flags) => {
      does(
        lazily(
          () => import('./commands/exchange.js'),
          ({ exported }) => exported(model, flags)
        )
      )
    })
}

const importing: Says = (program, does) => {
  program
    .command('import')
    .summary('read a model that others wrote')
    .description(
      "Reads scikit-learn's arrays, in JSON or as numpy.savez writes them, the parameters of R's mclust, as dput(model$parameters) " +
        'or jsonlite writes them, or means, weights and covariances in JSON; prints the model for evaluate, assign, compare and sample.'
    )
    .argument('<FILE>', 'what export writes, or scikit-learn or R; - for standard input')
    .addOption(
      new Option('--columns <list>', "the names of its columns, in their order (default: the file's, or x1, x2, …)")
    )
    .addOption(new Option('--out <file>', 'write to a file').default('-', 'standard output'))
    .addHelpText(
      'after',
      examples([
        'import model.npz --out model.json',
        'import parameters.R --columns eruptions,waiting --out model.json'
      ])
    )
    .action((file, flags) => {
      does(
        lazily(
          () => import('./commands/exchange.js'),
          ({ imported }) => imported(file, flags)
        )
      )
    })
}

const sample: Says = (program, does) => {
  program
    .command('sample')
    .summary('draw new rows from a model')
    .description('Draws rows from a model and prints them, in the units of the data.')
    .argument('<MODEL>', 'a model written by ornstein fit --out')
    .addOption(new Option('-n, --rows <number>', 'how many rows').default('100', '100'))
    .addOption(new Option('--seed <number>', 'the same seed gives the same rows').default('0', '0'))
    .addOption(toFile)
    .addOption(to)
    .addOption(vocabulary)
    .addHelpText(
      'after',
      examples(['sample model.json -n 1000 --seed 7 > new.csv', 'sample model.json -n 1000000 --out new.parquet'])
    )
    .action((model, flags) => {
      does(
        lazily(
          () => import('./commands/sample.js'),
          ({ sample }) => sample(model, flags)
        )
      )
    })
}

const explain: Says = (program, does) => {
  reading(
    program
      .command('explain')
      .summary('print a pipeline as code and as mathematics')
      .description(
        'Prints a pipeline as the code that builds it and as mathematics; with data, also how it would be computed. ' +
          'Tells all that is wrong with it at once.'
      )
      .argument('<PIPELINE>', 'a pipeline written by ornstein fit --print-pipeline, or a model')
      .option('--data <file>', 'a table to check the pipeline against')
      .addOption(columns)
      .addOption(exclude)
  )
    .addOption(vocabulary)
    .option('--standardize', 'standardize the data first')
    .addHelpText(
      'after',
      examples(['explain pipeline.json', 'explain pipeline.json --data faithful.csv --standardize'])
    )
    .action((file, flags) => {
      does(
        lazily(
          () => import('./commands/explain.js'),
          ({ explain }) => explain(file, flags)
        )
      )
    })
}

const worker: Says = (program, does) => {
  program
    .command('worker')
    .summary('sum rows for the fits of a queue, and do fits of sweeps')
    .description(
      'Sums over rows for every ornstein fit --queue at the same queue, and does fits of ornstein sweep --queue, until it is stopped. It reads the table that a fit names ' +
        'by itself, from a folder that it is given, and takes part only with the same rows and the same code, by their hashes. ' +
        'Start as many as there are machines: results do not depend on how many, nor on which of them end on the way.'
    )
    .requiredOption('--queue <url>', 'where the queue is: redis://host:port, rediss:// with TLS, or env:NAME')
    .option('--data <folder>', 'the folder that tables are read from, and no other (default: the current one)')
    .addHelpText(
      'after',
      examples([
        '# a queue on this machine, a worker, and a fit',
        '#   valkey-server --bind 127.0.0.1 --appendonly yes',
        'worker --queue redis://127.0.0.1:6379',
        'fit huge.csv.gz --queue redis://127.0.0.1:6379 --out model.json'
      ])
    )
    .action(flags => {
      does(world => async () => (await import('./commands/worker.js')).work(flags)(world)())
    })
}

const sweep: Says = (program, does) => {
  program
    .command('sweep')
    .summary('fit in several ways, to several tables, by several seeds')
    .description(
      'Runs ornstein fit for each choice of its options, each table and each seed that a JSON file names, several at a time. ' +
        'Writes a line of JSON for each as soon as it is done, and prints a table at the end. Begun again, it runs what has no line yet.'
    )
    .argument(
      '<SWEEP>',
      'JSON: {"data": ["a.csv"], "seeds": [0, 1], "fits": {"em": {"recipe": "em", "components": 3}}}'
    )
    .requiredOption(
      '--out <file>',
      'the lines, as JSONL; those that are there are not run again; or a table, .parquet or .arrow, its lines beside it in FILE.jsonl'
    )
    .option('--jobs <number>', 'how many at a time (default: as many as there are processors)')
    .addOption(
      new Option(
        '--queue <url>',
        'have them done by the workers at a queue, each by one: redis://host:port, rediss:// with TLS, or env:NAME'
      ).conflicts('jobs')
    )
    .option('--figure <file>', 'draw the log-likelihoods of each choice, as SVG')
    .option('--share <k/n>', 'run the kth of n shares alone: every nth fit from the kth on (default: 1/1, all)')
    .option('--parts <files...>', 'lines of these count too, and are copied to --out: what shares came to')
    .addHelpText(
      'after',
      examples([
        'sweep sweep.json --out results.jsonl --figure results.svg',
        'sweep sweep.json --out results.jsonl --queue redis://127.0.0.1:6379',
        'sweep sweep.json --out results.parquet',
        'sweep sweep.json --out results-3.jsonl --share 3/8',
        'sweep sweep.json --out results.jsonl --parts results-*.jsonl'
      ])
    )
    .action((file, flags) => {
      does(world => async () => (await import('./commands/sweep.js')).run(file, flags)(world)())
    })
}

const list: Says = (program, does) => {
  program
    .command('list')
    .summary('print what a pipeline can be made of')
    .description(
      'Prints the vocabulary, a line for each constructor: schedules, objectives, optimizers, initializers and the rest.'
    )
    .argument('[CONCEPT]', 'only this one: schedule, optimizer, time-law … (default: all)')
    .option('--json', 'print it as JSON, each with the code of an example')
    .addOption(vocabulary)
    .addHelpText('after', examples(['list', 'list optimizer', 'list schedule --json', 'list --vocabulary ./mine.js']))
    .action((concept, flags) => {
      does(
        lazily(
          () => import('./commands/list.js'),
          ({ list }) => list(concept, flags)
        )
      )
    })
}

const begin: Says = (program, does) => {
  program
    .command('new')
    .summary('write a pipeline to edit, and the schema that editors complete it from')
    .description(
      'Writes a pipeline as JSON, ready for ornstein fit --pipeline, and beside it ornstein.schema.json, from which editors ' +
        'complete it as you type. A pipeline that is there already is left alone.'
    )
    .argument('<FILE>', 'the pipeline to write: pipeline.json; - prints it, without a schema')
    .addOption(vocabulary)
    .addHelpText('after', examples(['new pipeline.json', 'fit faithful.csv --standardize --pipeline pipeline.json']))
    .action((file, flags) => {
      does(
        lazily(
          () => import('./commands/new.js'),
          ({ begin }) => begin(file, flags)
        )
      )
    })
}

const schema: Says = (program, does) => {
  program
    .command('schema')
    .summary('print the JSON schema of pipelines')
    .description('Prints the JSON schema of pipelines: every word of the vocabulary with its fields and defaults.')
    .addOption(vocabulary)
    .addHelpText('after', examples(['schema > ornstein.schema.json', 'schema --vocabulary ./mine.js']))
    .action(flags => {
      does(
        lazily(
          () => import('./commands/new.js'),
          ({ schema }) => schema(flags)
        )
      )
    })
}

const completion: Says = (program, does) => {
  program
    .command('completion')
    .summary('print what makes a shell complete the words of ornstein')
    .description('Prints a script for a shell, made of the same descriptions as this help.')
    .argument('<SHELL>', 'bash, zsh or fish')
    .addHelpText(
      'after',
      examples([
        '# bash: in ~/.bashrc; zsh: the same in ~/.zshrc, after compinit',
        'completion bash > ~/.ornstein.bash && echo "source ~/.ornstein.bash" >> ~/.bashrc',
        'completion fish > ~/.config/fish/completions/ornstein.fish'
      ])
    )
    .action(shell => {
      does(
        lazily(
          () => import('./completion.js'),
          ({ completion }) => completion(shell, program)
        )
      )
    })
}

const commands: ReadonlyArray<Says> = [
  fit,
  evaluate,
  assign,
  compare,
  exporting,
  importing,
  sample,
  explain,
  worker,
  sweep,
  list,
  begin,
  schema,
  completion
]

/** What options are called elsewhere, and which may be meant. */
const elsewhere: Readonly<Record<string, ReadonlyArray<string>>> = {
  '--components': ['count', 'clusters', 'k', 'n-components', 'n_components', 'n-clusters', 'n_clusters', 'G', 'number'],
  '--rows': ['count', 'n', 'number', 'samples', 'n-samples', 'n_samples', 'size'],
  '--family': ['covariance-type', 'covariance_type', 'covariance', 'model', 'model-names', 'modelNames'],
  '--delimiter': ['sep', 'separator'],
  '--seed': ['random-state', 'random_state', 'random-seed']
}

/** The message of a wrong word with the option that was meant, where that is not nearly the same word. */
const hinted =
  (command: Pick<Words, 'options'> & { readonly args: ReadonlyArray<string>; readonly opts: () => OptionValues }) =>
  (message: string): string => {
    const [, unknown = ''] = /unknown option '--([^'=]*)/.exec(message) ?? []
    const meant = command.options.find(({ long }) => long != null && elsewhere[long]?.includes(unknown))
    return meant !== undefined
      ? `${message.trimEnd().replace(/\n\(Did you mean .*$/, '')}\n(Did you mean ${meant.long ?? ''}?)\n`
      : message.includes('too many arguments') && command.opts()['resume'] === true
        ? `${message.trimEnd()}\n(--resume takes no file: --checkpoint ${command.args.at(-1) ?? 'FILE'} --resume)\n`
        : message
  }

/**
 * The words, and after they were read what the command would do: it is done when all words are known to be right. What is to
 * be printed instead (help, version, a wrong word) goes to `out` and `err`.
 */
const described = (
  version: string,
  out: (text: string) => void,
  err: (text: string) => void
): {
  readonly program: Words
  readonly parse: (argv: ReadonlyArray<string>) => void
  readonly work: () => Work | undefined
} => {
  let work: Work | undefined
  const output = { writeOut: out, writeErr: err }

  const program = new Command('ornstein')
    .description(
      'Learn mixtures of Gaussians from a table of numbers: by expectation-maximization with moves out of local ' +
        'maxima, which is the default, or by gradient descent on the DDPM objective.'
    )
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureOutput(output)
    .exitOverride()
    .showHelpAfterError('(ornstein --help tells more)')
    .addHelpText(
      'after',
      examples([
        'fit data.csv --report report.html',
        'fit data.csv --components 3 --out model.json',
        'evaluate model.json other.csv',
        'assign model.json other.csv > assigned.csv',
        'sample model.json -n 1000 > new.csv',
        'list optimizer',
        'new pipeline.json',
        'help fit'
      ]) + '\nExit codes: 0 done, 1 the work failed, 2 wrong usage or bad input, 130 or 143 stopped by a signal.\n'
    )

  for (const command of commands)
    command(program, found => {
      work = found
    })

  for (const command of program.commands) {
    once(
      command.options,
      (name, act) => command.on(`option:${name}`, act),
      message => command.error(message)
    )
    command
      .helpOption('-h, --help', 'print this help')
      .configureOutput({
        ...output,
        outputError: (message, write) => {
          write(hinted(command)(message))
        }
      })
      .exitOverride()
      .showHelpAfterError(`(ornstein ${command.name()} --help tells more)`)
  }

  return {
    program,
    parse: argv => {
      program.parse(argv, { from: 'user' })
    },
    work: () => work
  }
}

/** All commands and options as they are described to users, for what is made of them: manual and completion. */
export const words = (version: string): Words =>
  described(
    version,
    () => undefined,
    () => undefined
  ).program

/** Reads the words. */
const read = (
  version: string,
  argv: ReadonlyArray<string>,
  out: (text: string) => void,
  err: (text: string) => void
): E.Either<CommanderError, Work> => {
  const { parse, work } = described(version, out, err)
  try {
    parse(argv)
    const found = work()
    // Without an action commander has printed its help and thrown.
    return found === undefined ? E.left(new CommanderError(2, 'ornstein.nothing', 'nothing to do')) : E.right(found)
  } catch (error) {
    if (error instanceof CommanderError) return E.left(error)
    throw error
  }
}

/** Does what the words say, and tells how it went: 0, 1 or 2; 130 or 143 where a signal has stopped it. */
export const run =
  (world: World) =>
  (argv: ReadonlyArray<string>): T.Task<0 | 1 | 2 | 130 | 143> =>
  async () => {
    let printed = ''
    const work = read(
      world.version,
      argv,
      text => {
        printed += text
      },
      text => {
        world.stderr(printable(text, true))
      }
    )
    if (E.isLeft(work)) {
      await world.stdout(printed)()
      return work.left.exitCode === 0 ? 0 : 2
    }
    const done = await work.right(world)()
    if (E.isRight(done)) return done.right === null ? 0 : exits[done.right]
    const { exit, problems } = done.left
    world.stderr(problems.map(problem => `error: ${printable(Problem.show(problem))}\n`).join(''))
    return exit
  }

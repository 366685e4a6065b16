/** Command line, by commander: parsing, help, and the run of a command. */
import { Command, CommanderError, Option, type Help, type OptionValues } from '@commander-js/extra-typings'
import type * as T from 'fp-ts/lib/Task.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { printableText, wrapped } from '../fit/text.js'
import type { Command as DefinedCommand, Work } from './command.js'
import { optionName, type Options } from './option.js'
import { colourMessages, type Terminal } from './terminal.js'
import { commands, programDescription } from './usage.js'
import { SIGNAL_EXIT_CODES, type World } from './world.js'

/** Runs the command in `argv`, and returns the exit code: 0, 1 or 2; 130 or 143 after a signal. */
export const run =
  (world: World) =>
  (argv: ReadonlyArray<string>): T.Task<0 | 1 | 2 | 130 | 143> =>
  async () => {
    let printed = ''
    const work = parseCommandLine(world, argv, {
      out: text => {
        printed += text
      },
      err: text => {
        world.stderr(colourMessages(world.terminal)(printableText(text, { keepsLines: true })))
      }
    })
    if (E.isLeft(work)) {
      await world.stdout(printed)()
      return work.left.exitCode === 0 ? 0 : 2
    }
    const result = await work.right(world)()
    if (E.isRight(result)) return result.right === null ? 0 : SIGNAL_EXIT_CODES[result.right]
    const { exit, problems } = result.left
    const lines = problems.map(
      problem => `${wrapped(`error: ${printableText(Problem.show(problem))}`, world.terminal.err)}\n`
    )
    world.stderr(colourMessages(world.terminal)(lines.join('')))
    return exit
  }

interface ParserOutput {
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** Returns the work of the command; a `CommanderError` after help, the version or a usage error. */
const parseCommandLine = (
  { version, terminal }: Pick<World, 'version' | 'terminal'>,
  argv: ReadonlyArray<string>,
  output: ParserOutput
): E.Either<CommanderError, Work> => {
  // `fit --help all` and `help fit all` describe every option
  const describesAll = argv.at(-1) === 'all' && argv.some(word => ['help', '--help', '-h'].includes(word))
  let work: Work | undefined
  try {
    const program = commandParser(version, { terminal, describesAll }, output, found => {
      work = found
    })
    program.parse(describesAll ? argv.slice(0, -1) : argv, { from: 'user' })
    // Without an action, commander has printed its help and thrown.
    return work === undefined ? E.left(new CommanderError(2, 'ornstein.nothing', 'nothing to do')) : E.right(work)
  } catch (error) {
    if (error instanceof CommanderError) return E.left(error)
    throw error
  }
}

interface HelpOptions {
  readonly terminal: Terminal
  readonly describesAll: boolean
}

/** Returns a parser that calls `onWork` with the command's work. */
const commandParser = (
  version: string,
  help: HelpOptions,
  { out, err }: ParserOutput,
  onWork: (work: Work) => void
): Command => {
  const { terminal } = help
  const output = {
    writeOut: out,
    writeErr: err,
    getOutHelpWidth: () => Math.min(terminal.out, MAX_HELP_WIDTH),
    getErrHelpWidth: () => Math.min(terminal.err, MAX_HELP_WIDTH)
  }
  const program = new Command('ornstein')
    .description(programDescription)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureOutput(output)
    .configureHelp({ minWidthToWrap: 1, formatItem })
    .exitOverride()
    .showHelpAfterError('(see ornstein --help)')
    .addHelpText('after', context => `${overviewExamples(terminal)(context)}\n${exitCodes(terminal)(context)}\n`)

  for (const { title, ...command } of commands) {
    program.commandsGroup(title)
    addCommand(program, command, help, onWork)
  }
  program.commandsGroup('Help:')

  for (const command of program.commands) {
    rejectRepeatedOptions(
      command.options,
      (name, act) => command.on(`option:${name}`, act),
      message => command.error(message)
    )
    command
      .helpOption('-h, --help', 'print this help')
      .configureOutput({
        ...output,
        outputError: (message, write) => {
          write(withOptionHint(command)(message))
        }
      })
      .exitOverride()
      .showHelpAfterError(`(see ornstein ${command.name()} --help)`)
  }
  return program
}

const addCommand = (
  program: Command,
  { name, summary, description, operands, options, examples, groups = {}, work }: DefinedCommand,
  { terminal, describesAll }: HelpOptions,
  onWork: (work: Work) => void
): void => {
  const command = program.command(name).summary(summary).description(description)
  for (const { name, about, isOptional } of operands)
    command.argument(isOptional === true ? `[${name}]` : `<${name}>`, about)
  const titled = Object.entries(groups)
  for (const option of commanderOptions(options)) {
    const [title] = titled.find(([, keys]) => keys.includes(option.attributeName())) ?? []
    command.addOption(title === undefined ? option : describesAll ? option.helpGroup(`${title}:`) : option.hideHelp())
  }
  if (titled.length > 0 && !describesAll) command.addHelpText('after', groupedOptionNames(groups, terminal))
  command.addHelpText('after', examplesText(examples, terminal)).action((...args: ReadonlyArray<unknown>) => {
    // Commander passes the operands, then the options by their keys.
    const words = args.slice(0, operands.length) as ReadonlyArray<string>
    onWork(work(words, args[operands.length] as Readonly<Record<string, unknown>>))
  })
}

/** Without defaults, which are applied when options are read. */
const commanderOptions = (options: Options): ReadonlyArray<Option> =>
  Object.entries(options).flatMap(([key, { short, about, argument, opposite, otherwise, conflicts, isRequired }]) => {
    const placeholder = argument === null ? '' : ` <${argument.name}>`
    const option = new Option(
      `${short === undefined ? '' : `-${short}, `}${optionName(key)}${placeholder}`,
      otherwise === undefined ? about : `${about} (default: ${otherwise})`
    )
    return [
      option.conflicts([...(conflicts ?? [])]).makeOptionMandatory(isRequired === true),
      ...(opposite === undefined ? [] : [new Option(optionName(`no-${key}`), opposite)])
    ]
  })

// -- usage errors ------------------------------------------------------------------------------------------------------

/** Rejects an option given twice or with its negation, unless it is a list; commander would take the last. */
const rejectRepeatedOptions = (
  options: ReadonlyArray<Option>,
  on: (name: string, act: () => void) => unknown,
  reject: (message: string) => never
): void => {
  const given = new Map<string, string>()
  for (const option of options.filter(({ variadic }) => !variadic))
    on(option.name(), () => {
      const key = option.attributeName()
      const before = given.get(key)
      if (before !== undefined)
        reject(
          before === option.flags
            ? `error: option '${option.flags}' is given twice`
            : `error: option '${option.flags}' cannot be used with option '${before}'`
        )
      given.set(key, option.flags)
    })
}

const FOREIGN_OPTION_NAMES: Readonly<Record<string, ReadonlyArray<string>>> = {
  '--components': ['count', 'clusters', 'k', 'n-components', 'n_components', 'n-clusters', 'n_clusters', 'G', 'number'],
  '--rows': ['count', 'n', 'number', 'samples', 'n-samples', 'n_samples', 'size'],
  '--family': ['covariance-type', 'covariance_type', 'covariance', 'model', 'model-names', 'modelNames'],
  '--delimiter': ['sep', 'separator'],
  '--seed': ['random-state', 'random_state', 'random-seed']
}

/** Appends a suggestion for another program's option, or for `--resume` with a file. */
const withOptionHint =
  (command: Pick<Command, 'options' | 'args'> & { readonly opts: () => OptionValues }) =>
  (message: string): string => {
    const [, unknown = ''] = /unknown option '--([^'=]*)/.exec(message) ?? []
    const meant = command.options.find(({ long }) => long != null && FOREIGN_OPTION_NAMES[long]?.includes(unknown))
    return meant !== undefined
      ? `${message.trimEnd().replace(/\n\(Did you mean .*$/, '')}\n(Did you mean ${meant.long ?? ''}?)\n`
      : message.includes('too many arguments') && command.opts()['resume'] === true
        ? `${message.trimEnd()}\n(--resume takes no file: --checkpoint ${command.args.at(-1) ?? 'FILE'} --resume)\n`
        : message
  }

// -- help --------------------------------------------------------------------------------------------------------------

/** In columns; longer lines are hard to read. */
const MAX_HELP_WIDTH = 80

/** A description with less room goes below its option. */
const MIN_DESCRIPTION_WIDTH = 40

const MAX_EXAMPLE_WIDTH = 100

/** Places the description to the right or below. */
const formatItem = (term: string, termWidth: number, about: string, helper: Help): string => {
  const width = helper.helpWidth ?? MAX_HELP_WIDTH
  if (about === '') return `  ${term}`
  const [start, indent] =
    width - termWidth - 4 < MIN_DESCRIPTION_WIDTH
      ? [`  ${term}\n      `, 6]
      : [`  ${term.padEnd(termWidth + 2)}`, termWidth + 4]
  return start + helper.boxWrap(about, width - indent).replaceAll('\n', `\n${' '.repeat(indent)}`)
}

/** Stream to which commander appends a text of help. */
interface HelpContext {
  readonly error: boolean
}

const helpWidth = ({ out, err }: Terminal, { error }: HelpContext, most: number): number =>
  Math.min(error ? err : out, most)

const groupedOptionNames =
  (groups: Readonly<Record<string, ReadonlyArray<string>>>, terminal: Terminal) =>
  (context: HelpContext): string => {
    const width = helpWidth(terminal, context, MAX_HELP_WIDTH)
    const lines = Object.entries(groups).map(([title, keys]) =>
      wrapped(`  ${title.toLowerCase()}: ${keys.map(optionName).join(' ')}`, width, '    ')
    )
    return `\nMore options, described by --help all:\n${lines.join('\n')}\n`
  }

/** Examples of command lines; wrapped lines end in a backslash. */
const examplesText =
  (lines: ReadonlyArray<string>, terminal: Terminal) =>
  (context: HelpContext): string => {
    const width = helpWidth(terminal, context, MAX_EXAMPLE_WIDTH)
    const shown = lines.map(line =>
      line.startsWith('#')
        ? wrapped(`  ${line}`, width, '  # ')
        : wrapped(`  $ ornstein ${line}`, width - 2, '      ').replaceAll('\n', ' \\\n')
    )
    return `\nExamples:\n${shown.join('\n')}\n`
  }

const overviewExamples = (terminal: Terminal): ((context: HelpContext) => string) =>
  examplesText(
    [
      'fit data.csv --report report.html',
      'fit data.csv --components 3 --out model.json',
      'evaluate model.json other.csv',
      'assign model.json other.csv > assigned.csv',
      'sample model.json -n 1000 > new.csv',
      'fit --help'
    ],
    terminal
  )

const exitCodes =
  (terminal: Terminal) =>
  (context: HelpContext): string =>
    wrapped(
      'Exit codes: 0 success, 1 the work failed, 2 wrong usage or invalid input, 130 or 143 stopped by a signal.',
      helpWidth(terminal, context, MAX_EXAMPLE_WIDTH)
    )

/** The command line: its words, its help, and which command they mean. */
import { Command, CommanderError, Option, type Help, type OptionValues } from '@commander-js/extra-typings'
import type * as T from 'fp-ts/lib/Task.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { printableText, wrapped } from '../fit/text.js'
import type { Command as Described, Work } from './command.js'
import { optionName, type Options } from './option.js'
import { colourMessages, type Terminal } from './terminal.js'
import { commands, programDescription } from './usage.js'
import { SIGNAL_EXIT_CODES, type World } from './world.js'

/** An option given twice, or with its opposite, is refused: the last does not win in silence. Of a list all count. */
const refuseRepeated = (
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

/** What options are called elsewhere, and which may be meant. */
const FOREIGN_OPTION_NAMES: Readonly<Record<string, ReadonlyArray<string>>> = {
  '--components': ['count', 'clusters', 'k', 'n-components', 'n_components', 'n-clusters', 'n_clusters', 'G', 'number'],
  '--rows': ['count', 'n', 'number', 'samples', 'n-samples', 'n_samples', 'size'],
  '--family': ['covariance-type', 'covariance_type', 'covariance', 'model', 'model-names', 'modelNames'],
  '--delimiter': ['sep', 'separator'],
  '--seed': ['random-state', 'random_state', 'random-seed']
}

/** The message of a wrong word with the option that was meant, where that is not nearly the same word. */
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

/** The most that help fills of a wide terminal, so that it is easily read. */
const MAX_HELP_WIDTH = 80

/** The least that a description has beside its option; with less it stands below it. */
const MIN_DESCRIPTION_WIDTH = 40

/** An option or a command and what it is: as commander has it where there is room. */
const formatItem = (term: string, termWidth: number, about: string, helper: Help): string => {
  const within = helper.helpWidth ?? MAX_HELP_WIDTH
  const beside = within - termWidth - 4
  if (about === '') return `  ${term}`
  const [start, indent] =
    beside < MIN_DESCRIPTION_WIDTH ? [`  ${term}\n      `, 6] : [`  ${term.padEnd(termWidth + 2)}`, termWidth + 4]
  return start + helper.boxWrap(about, within - indent).replaceAll('\n', `\n${' '.repeat(indent)}`)
}

/** No line of help is longer, however wide the terminal. */
const MAX_EXAMPLE_WIDTH = 100

/** How wide a text that follows help may be where it is printed. */
const helpWidth = ({ out, err }: Terminal, isError: boolean, most: number): number =>
  Math.min(isError ? err : out, most)

/** Options that help names and does not describe. */
const groupedOptionNames =
  (groups: Readonly<Record<string, ReadonlyArray<string>>>, terminal: Terminal) =>
  ({ error }: { readonly error: boolean }): string => {
    const within = helpWidth(terminal, error, MAX_HELP_WIDTH)
    const lines = Object.entries(groups).map(([title, keys]) =>
      wrapped(`  ${title.toLowerCase()}: ${keys.map(optionName).join(' ')}`, within, '    ')
    )
    return `\nMore options, described by --help all:\n${lines.join('\n')}\n`
  }

/** Examples, which a shell takes though they go on in the next line. */
const examplesText =
  (lines: ReadonlyArray<string>, terminal: Terminal) =>
  ({ error }: { readonly error: boolean }): string => {
    const within = helpWidth(terminal, error, MAX_EXAMPLE_WIDTH)
    const shown = lines.map(line =>
      line.startsWith('#')
        ? wrapped(`  ${line}`, within, '  # ')
        : wrapped(`  $ ornstein ${line}`, within - 2, '      ').replaceAll('\n', ' \\\n')
    )
    return `\nExamples:\n${shown.join('\n')}\n`
  }

const overviewExamples = (terminal: Terminal): ((context: { readonly error: boolean }) => string) =>
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
  ({ error }: { readonly error: boolean }): string =>
    wrapped(
      'Exit codes: 0 success, 1 the work failed, 2 wrong usage or invalid input, 130 or 143 stopped by a signal.',
      helpWidth(terminal, error, MAX_EXAMPLE_WIDTH)
    )

/** What help says of it. */
const describeOption = (about: string, otherwise?: string): string =>
  otherwise === undefined ? about : `${about} (default: ${otherwise})`

/** As commander has them; defaults are read where nothing was given. */
const commanderOptions = (options: Options): ReadonlyArray<Option> =>
  Object.entries(options).flatMap(([key, { short, about, argument, opposite, otherwise, conflicts, isRequired }]) => {
    const word = argument === null ? '' : ` <${argument.name}>`
    const made = new Option(
      `${short === undefined ? '' : `-${short}, `}${optionName(key)}${word}`,
      describeOption(about, otherwise)
    )
    return [
      made.conflicts([...(conflicts ?? [])]).makeOptionMandatory(isRequired === true),
      ...(opposite === undefined ? [] : [new Option(optionName(`no-${key}`), opposite)])
    ]
  })

/** Tells commander of a command; who has read its words is given the work. */
const addCommand = (
  { name, summary, description, operands, options, examples: lines, groups = {}, work }: Described,
  program: Command,
  terminal: Terminal,
  isAll: boolean,
  does: (work: Work) => void
): void => {
  const made = program.command(name).summary(summary).description(description)
  for (const { name, about, isOptional } of operands)
    made.argument(isOptional === true ? `[${name}]` : `<${name}>`, about)
  const titled = Object.entries(groups)
  for (const option of commanderOptions(options)) {
    const [title] = titled.find(([, keys]) => keys.includes(option.attributeName())) ?? []
    made.addOption(title === undefined ? option : isAll ? option.helpGroup(`${title}:`) : option.hideHelp())
  }
  if (titled.length > 0 && !isAll) made.addHelpText('after', groupedOptionNames(groups, terminal))
  made.addHelpText('after', examplesText(lines, terminal)).action((...given: ReadonlyArray<unknown>) => {
    // as commander has them: the operands, then the options by their keys
    const words = given.slice(0, operands.length) as ReadonlyArray<string>
    does(work(words, given[operands.length] as Readonly<Record<string, unknown>>))
  })
}

/**
 * The words, and after they were read what the command would do: it is done when all words are known to be right. What is to
 * be printed instead (help, version, a wrong word) goes to `out` and `err`.
 */
const commandParser = (
  version: string,
  terminal: Terminal,
  isAll: boolean,
  out: (text: string) => void,
  err: (text: string) => void
): {
  readonly parse: (argv: ReadonlyArray<string>) => void
  readonly work: () => Work | undefined
} => {
  let work: Work | undefined
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
    addCommand(command, program, terminal, isAll, found => {
      work = found
    })
  }
  program.commandsGroup('Help:')

  for (const command of program.commands) {
    refuseRepeated(
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

  return {
    parse: argv => {
      program.parse(argv, { from: 'user' })
    },
    work: () => work
  }
}

/** Reads the words. */
const parseCommandLine = (
  { version, terminal }: Pick<World, 'version' | 'terminal'>,
  argv: ReadonlyArray<string>,
  out: (text: string) => void,
  err: (text: string) => void
): E.Either<CommanderError, Work> => {
  // `fit --help all` and `help fit all` describe every option
  const isAll = argv.at(-1) === 'all' && argv.some(word => ['help', '--help', '-h'].includes(word))
  const { parse, work } = commandParser(version, terminal, isAll, out, err)
  try {
    parse(isAll ? argv.slice(0, -1) : argv)
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
    const work = parseCommandLine(
      world,
      argv,
      text => {
        printed += text
      },
      text => {
        world.stderr(colourMessages(world.terminal)(printableText(text, true)))
      }
    )
    if (E.isLeft(work)) {
      await world.stdout(printed)()
      return work.left.exitCode === 0 ? 0 : 2
    }
    const done = await work.right(world)()
    if (E.isRight(done)) return done.right === null ? 0 : SIGNAL_EXIT_CODES[done.right]
    const { exit, problems } = done.left
    const lines = problems.map(
      problem => `${wrapped(`error: ${printableText(Problem.show(problem))}`, world.terminal.err)}\n`
    )
    world.stderr(colourMessages(world.terminal)(lines.join('')))
    return exit
  }

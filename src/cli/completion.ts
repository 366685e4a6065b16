/** `ornstein completion`: scripts by which shells complete its words, made of the descriptions that its help prints. */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { word } from '../fit/text.js'
import { help, type CommandWords, type OptionWords, type Words } from './described.js'
import { refused, type Failure, type World } from './world.js'

/** The words that an option takes, where they are few: those that its check knows. */
export const values = async (): Promise<Readonly<Record<string, ReadonlyArray<string>>>> => {
  const { familiesOf, GROWN, recipes } = await import('./learn.js')
  const { standard } = await import('../standard.js')
  return {
    '--family': familiesOf(standard).map(({ word }) => word),
    '--recipe': [GROWN, ...recipes],
    '--compare': recipes,
    '--criterion': ['bic', 'icl', 'aic'],
    '--missing': ['refuse', 'drop', 'em'],
    '--decimal': ['.', ',']
  }
}

type Values = Readonly<Record<string, ReadonlyArray<string>>>

/** What is completed: the words of options, and those of the first argument of a command, where they are few. */
interface Offered {
  readonly values: Values
  readonly arguments: Values
}

const offered = async ({ commands }: Words): Promise<Offered> => {
  const { words } = await import('./commands/list.js')
  return {
    values: await values(),
    arguments: {
      help: commands.map(command => command.name()),
      completion: Object.keys(shells),
      list: (await words()).map(({ concept }) => word(concept).slice(1))
    }
  }
}

const flagsOf = (option: OptionWords): ReadonlyArray<string> =>
  [option.short, option.long].filter(flag => flag !== undefined)
/** Whether the option is followed by a word. */
const takes = ({ flags }: OptionWords): boolean => flags.includes('<')
/** Whether that is a path, or several of its words apart by commas. */
const takesPath = ({ flags }: OptionWords): boolean => /<(files?|folder|module)(\.\.\.)?>/.test(flags)
const takesList = ({ flags }: OptionWords): boolean => /<(families|recipes)>/.test(flags)
const optionsOf = (command: CommandWords): ReadonlyArray<OptionWords> => [...command.options, help]
/** What stands between single quotes in a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

const bash = ({ commands }: Words, { values, arguments: first }: Offered): string => {
  const names = commands.map(command => command.name())
  const cases = commands
    .map(command => `    ${command.name()}) words=${quoted(optionsOf(command).flatMap(flagsOf).join(' '))} ;;`)
    .join('\n')
  const options = commands.flatMap(({ options }) => options)
  const unlike = (flag: string): boolean => !options.some(option => flagsOf(option).includes(flag) && takesPath(option))
  const free = [...new Set(options.filter(takes).flatMap(flagsOf))].filter(flag => unlike(flag) && !(flag in values))
  const list = options.filter(takesList).flatMap(flagsOf)
  const after = Object.entries(values)
    .map(([flag, words]) =>
      list.includes(flag)
        ? `    ${flag}) case $cur in *,*) before="\${cur%,*},";; esac\n` +
          `      COMPREPLY=($(compgen -P "$before" -W ${quoted(words.join(' '))} -- "\${cur##*,}")); return ;;`
        : `    ${flag}) COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$cur")); return ;;`
    )
    .join('\n')
  const begin = Object.entries(first)
    .map(([name, words]) => `    ${name}) COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$cur")); return ;;`)
    .join('\n')
  return `# Completion of ornstein for bash.
_ornstein() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words= before=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted([...names, 'help', '--help', '--version'].join(' '))} -- "$cur"))
    return
  fi
  case $prev in
${after}
    ${free.join('|')}) return ;;
  esac
  case $cur in -*) ;; *) [ "$COMP_CWORD" -eq 2 ] && case $prev in
${begin}
  esac ;; esac
  case \${COMP_WORDS[1]} in
${cases}
  esac
  case $cur in
    -*) COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -f -- "$cur")) ;;
  esac
}
complete -o filenames -F _ornstein ornstein
`
}

/** Brackets and colons have a meaning in what zsh is told of an option. */
const plain = (text: string): string => text.replace(/[[\]:\\]/g, character => `\\${character}`)

const zsh = ({ commands }: Words, { values, arguments: first }: Offered): string => {
  const entry = (option: OptionWords): string => {
    const { long = '', description } = option
    const words = long in values ? values[long].join(' ') : ''
    const value = !takes(option)
      ? ''
      : takesPath(option)
        ? ':file:_files'
        : takesList(option)
          ? `:values:{_values -s , value ${words}}`
          : words === ''
            ? ':value: '
            : `:value:(${words})`
    return flagsOf(option)
      .map(flag => `      ${quoted(`${flag}[${plain(description)}]${value}`)}`)
      .join(' \\\n')
  }
  return `#compdef ornstein
# Completion of ornstein for zsh.
_ornstein() {
  if (( CURRENT == 2 )); then
    local -a commands=(
${commands.map(command => `      ${quoted(`${command.name()}:${plain(command.summary())}`)}`).join('\n')}
      'help:print the help of a command'
    )
    _describe command commands
    return
  fi
  case \${words[2]} in
    help) _values command ${first.help.join(' ')} ;;
${commands
  .map(
    command => `    ${command.name()}) _arguments \\
${optionsOf(command).map(entry).join(' \\\n')} \\
      ${command.name() in first ? quoted(`2:word:(${first[command.name()].join(' ')})`) : "'*:file:_files'"} ;;`
  )
  .join('\n')}
  esac
}
compdef _ornstein ornstein
`
}

const fish = ({ commands }: Words, { values, arguments: first }: Offered): string => {
  const option = (command: CommandWords, one: OptionWords): string => {
    const { short, long = '', description } = one
    // Each word has a description of its own, which is empty: else the option's would stand beside every one.
    const words = (long in values ? values[long] : []).map(word => `${word}\\t`).join(' ')
    const value = !takes(one)
      ? ''
      : takesPath(one)
        ? ' -r -F'
        : words === ''
          ? ' -x'
          : ` -x -a ${quoted(takesList(one) ? `(__fish_append , ${words})` : words)}`
    return (
      `complete -c ornstein -n '__fish_seen_subcommand_from ${command.name()}'${short === undefined ? '' : ` -s ${short.slice(1)}`}` +
      ` -l ${long.slice(2)}${value} -d ${quoted(description)}`
    )
  }
  return `# Completion of ornstein for fish.
${commands
  .map(
    command =>
      `complete -c ornstein -f -n __fish_use_subcommand -a ${command.name()} -d ${quoted(command.summary())}\n` +
      optionsOf(command)
        .map(one => option(command, one))
        .join('\n')
  )
  .join('\n')}
complete -c ornstein -f -n __fish_use_subcommand -a help -d 'print the help of a command'
${Object.entries(first)
  .map(
    ([name, words]) => `complete -c ornstein -f -n '__fish_seen_subcommand_from ${name}' -a ${quoted(words.join(' '))}`
  )
  .join('\n')}
`
}

const shells: Readonly<Record<string, (words: Words, offered: Offered) => string>> = { bash, zsh, fish }

export const completion =
  (shell: string, words: Words) =>
  (world: World): TE.TaskEither<Failure, void> =>
  async () => {
    if (!Object.hasOwn(shells, shell))
      return E.left(
        refused(
          Problem.of(
            'SHELL',
            shell,
            `one of ${Object.keys(shells).join(', ')}`,
            'name your shell: echo $SHELL tells it'
          )
        )
      )
    await world.stdout(shells[shell](words, await offered(words)))()
    return E.right(undefined)
  }

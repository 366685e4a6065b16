/** `ornstein completion`: scripts by which shells complete its words, made of the descriptions that its help prints. */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as E from '../core/either.js'
import * as Problem from '../core/Problem.js'
import { help, type CommandWords, type OptionWords, type Words } from './Described.js'
import { refused, type Failure, type World } from './World.js'

/** The words that an option takes, where they are few: those that its check knows. */
export const values = async (): Promise<Readonly<Record<string, ReadonlyArray<string>>>> => {
  const { families, recipes } = await import('./learn.js')
  return {
    '--family': families,
    '--recipe': recipes,
    '--compare': recipes,
    '--criterion': ['bic', 'icl', 'aic'],
    '--missing': ['refuse', 'drop'],
    '--decimal': ['.', ',']
  }
}

type Values = Readonly<Record<string, ReadonlyArray<string>>>

const flagsOf = (option: OptionWords): ReadonlyArray<string> =>
  [option.short, option.long].filter(flag => flag !== undefined)
/** Whether the option is followed by a word. */
const takes = ({ flags }: OptionWords): boolean => flags.includes('<')
const optionsOf = (command: CommandWords): ReadonlyArray<OptionWords> => [...command.options, help]
/** What stands between single quotes in a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

const bash = ({ commands }: Words, values: Values): string => {
  const names = commands.map(command => command.name())
  const cases = commands
    .map(command => `    ${command.name()}) words=${quoted(optionsOf(command).flatMap(flagsOf).join(' '))} ;;`)
    .join('\n')
  const after = Object.entries(values)
    .map(([flag, words]) => `    ${flag}) COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$cur")); return ;;`)
    .join('\n')
  return `# Completion of ornstein for bash.
_ornstein() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted([...names, 'help', '--help', '--version'].join(' '))} -- "$cur"))
    return
  fi
  case $prev in
    help) COMPREPLY=($(compgen -W ${quoted(names.join(' '))} -- "$cur")); return ;;
    completion) COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur")); return ;;
${after}
  esac
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

const zsh = ({ commands }: Words, values: Values): string => {
  const entry = (option: OptionWords): string => {
    const { long = '', description } = option
    const value = takes(option) ? (long in values ? `:value:(${values[long].join(' ')})` : ':value:_files') : ''
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
    help) _values command ${commands.map(command => command.name()).join(' ')} ;;
    completion) _values shell bash zsh fish ;;
${commands
  .filter(command => command.name() !== 'completion')
  .map(
    command => `    ${command.name()}) _arguments \\
${optionsOf(command).map(entry).join(' \\\n')} \\
      '*:file:_files' ;;`
  )
  .join('\n')}
  esac
}
compdef _ornstein ornstein
`
}

const fish = ({ commands }: Words, values: Values): string => {
  const names = commands.map(command => command.name())
  const option = (command: CommandWords, one: OptionWords): string => {
    const { short, long = '', description } = one
    const value = !takes(one) ? '' : long in values ? ` -x -a ${quoted(values[long].join(' '))}` : ' -r'
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
complete -c ornstein -f -n '__fish_seen_subcommand_from help' -a ${quoted(names.join(' '))}
complete -c ornstein -f -n '__fish_seen_subcommand_from completion' -a 'bash zsh fish'
`
}

const shells: Readonly<Record<string, (words: Words, values: Values) => string>> = { bash, zsh, fish }

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
    await world.stdout(shells[shell](words, await values()))()
    return E.right(undefined)
  }

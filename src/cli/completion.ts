/** `ornstein completion`: scripts by which shells complete its words, made of the values that its help is made of. */
import type * as TE from 'fp-ts/lib/TaskEither.js'
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import type { Described, Operand } from './command.js'
import { help, type Offer, type Switch } from './option.js'
import type { Shell } from './usage.js'
import { refused, type Failure, type World } from './world.js'

/** What stands where a word is typed: nothing that is known, paths, or a few words. */
type Offered =
  | Exclude<Offer, { readonly _tag: 'Words' }>
  | { readonly _tag: 'Words'; readonly words: ReadonlyArray<string>; readonly isList: boolean }

const offered = async (offer: Offer): Promise<Offered> =>
  offer._tag === 'Words' ? { ...offer, words: await offer.words() } : offer

/** A switch and what follows it; null where nothing does. */
interface Completed extends Omit<Switch, 'offer'> {
  readonly offer: Offered | null
}

interface Words extends Omit<Described, 'switches'> {
  readonly switches: ReadonlyArray<Completed>
  /** What its first operand is. */
  readonly first: Offered
}

const ofOperand = ({ offer = { _tag: 'Paths' } }: Operand): Promise<Offered> => offered(offer)

const wordsOf = async (command: Described): Promise<Words> => ({
  ...command,
  switches: await Promise.all(
    [...command.switches, help].map(async one => ({ ...one, offer: one.offer && (await offered(one.offer)) }))
  ),
  first: command.operands.length === 0 ? { _tag: 'Paths' } : await ofOperand(command.operands[0])
})

/** What stands between single quotes in a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

/** What is the same of several, with all of these before it. */
const together = (
  entries: ReadonlyArray<readonly [key: string, of: string]>
): ReadonlyArray<readonly [string, string]> =>
  [...new Set(entries.map(([, of]) => of))].map(of => [
    [...new Set(entries.filter(one => one[1] === of).map(([key]) => key))].join('|'),
    of
  ])

const bash = (commands: ReadonlyArray<Words>): string => {
  const among = (words: ReadonlyArray<string>): string =>
    `COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$cur")); return`
  const after = (offer: Offered): string | null =>
    offer._tag === 'Paths'
      ? null
      : offer._tag === 'Nothing'
        ? 'return'
        : offer.isList
          ? `case $cur in *,*) before="\${cur%,*},";; esac\n` +
            `      COMPREPLY=($(compgen -P "$before" -W ${quoted(offer.words.join(' '))} -- "\${cur##*,}")); return`
          : among(offer.words)
  const values = commands.flatMap(({ name, switches }) =>
    switches.flatMap(({ names, offer }) => {
      const reply = offer && after(offer)
      return reply === null ? [] : names.map(flag => [`${name},${flag}`, reply] as const)
    })
  )
  const begin = [...commands, helping(commands)].flatMap(({ name, first }) =>
    first._tag === 'Words' ? [`    ${name}) ${among(first.words)} ;;`] : []
  )
  return `# Completion of ornstein for bash.
_ornstein() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words= before=
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W ${quoted([...commands.map(({ name }) => name), 'help', '--help', '--version'].join(' '))} -- "$cur"))
    return
  fi
  case \${COMP_WORDS[1]},$prev in
${together(values)
  .map(([keys, reply]) => `    ${keys}) ${reply} ;;`)
  .join('\n')}
  esac
  case $cur in -*) ;; *) [ "$COMP_CWORD" -eq 2 ] && case $prev in
${begin.join('\n')}
  esac ;; esac
  case \${COMP_WORDS[1]} in
${commands.map(({ name, switches }) => `    ${name}) words=${quoted(switches.flatMap(({ names }) => names).join(' '))} ;;`).join('\n')}
  esac
  case $cur in
    -*) COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -f -- "$cur")) ;;
  esac
}
complete -o filenames -F _ornstein ornstein
`
}

/** `help` is commander's own, and followed by a command. */
const helping = (commands: ReadonlyArray<Words>): Pick<Words, 'name' | 'first'> => ({
  name: 'help',
  first: { _tag: 'Words', isList: false, words: commands.map(({ name }) => name) }
})

/** Brackets and colons have a meaning in what zsh is told of an option. */
const plain = (text: string): string => text.replace(/[[\]:\\]/g, character => `\\${character}`)

const zsh = (commands: ReadonlyArray<Words>): string => {
  const after = (offer: Offered | null): string =>
    offer === null
      ? ''
      : offer._tag === 'Paths'
        ? ':file:_files'
        : offer._tag === 'Nothing'
          ? ':value: '
          : offer.isList
            ? `:values:{_values -s , value ${offer.words.join(' ')}}`
            : `:value:(${offer.words.join(' ')})`
  const entry = ({ names, about, offer }: Completed): string =>
    names.map(flag => `      ${quoted(`${flag}[${plain(about)}]${after(offer)}`)}`).join(' \\\n')
  return `#compdef ornstein
# Completion of ornstein for zsh.
_ornstein() {
  if (( CURRENT == 2 )); then
    local -a commands=(
${commands.map(({ name, summary }) => `      ${quoted(`${name}:${plain(summary)}`)}`).join('\n')}
      'help:print the help of a command'
    )
    _describe command commands
    return
  fi
  case \${words[2]} in
    help) _values command ${commands.map(({ name }) => name).join(' ')} ;;
${commands
  .map(
    ({ name, switches, first }) => `    ${name}) _arguments \\
${switches.map(entry).join(' \\\n')} \\
      ${first._tag === 'Words' ? quoted(`2:word:(${first.words.join(' ')})`) : "'*:file:_files'"} ;;`
  )
  .join('\n')}
  esac
}
compdef _ornstein ornstein
`
}

const fish = (commands: ReadonlyArray<Words>): string => {
  const seen = (name: string): string => `complete -c ornstein -n '__fish_seen_subcommand_from ${name}'`
  const after = (offer: Offered | null): string => {
    if (offer === null) return ''
    if (offer._tag !== 'Words') return offer._tag === 'Paths' ? ' -r -F' : ' -x'
    // Each word has a description of its own, which is empty: else the option's would stand beside every one.
    const words = offer.words.map(word => `${word}\\t`).join(' ')
    return ` -x -a ${quoted(offer.isList ? `(__fish_append , ${words})` : words)}`
  }
  const option = (command: string, { names, about, offer }: Completed): string =>
    seen(command) +
    names.map(name => (name.startsWith('--') ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`)).join('') +
    `${after(offer)} -d ${quoted(about)}`
  const use = 'complete -c ornstein -f -n __fish_use_subcommand -a'
  return `# Completion of ornstein for fish.
${commands
  .map(
    ({ name, summary, switches }) =>
      `${use} ${name} -d ${quoted(summary)}\n${switches.map(one => option(name, one)).join('\n')}`
  )
  .join('\n')}
${use} help -d 'print the help of a command'
${[helping(commands), ...commands]
  .flatMap(({ name, first }) =>
    first._tag === 'Words' ? [`${seen(name).replace(' -n', ' -f -n')} -a ${quoted(first.words.join(' '))}`] : []
  )
  .join('\n')}
`
}

const shells: Readonly<Record<Shell, (commands: ReadonlyArray<Words>) => string>> = { bash, zsh, fish }
const isShell = (shell: string): shell is Shell => Object.hasOwn(shells, shell)

export const completion =
  (shell: string, commands: ReadonlyArray<Described>) =>
  (world: World): TE.TaskEither<Failure, void> =>
  async () => {
    if (!isShell(shell))
      return E.left(
        refused(
          Problem.of(
            'SHELL',
            shell,
            `one of ${Object.keys(shells).join(', ')}`,
            'name your shell; echo $SHELL prints it'
          )
        )
      )
    await world.stdout(shells[shell](await Promise.all(commands.map(wordsOf))))()
    return E.right(undefined)
  }

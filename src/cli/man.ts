/** The manual page, in the language of man, made of the descriptions that the help prints. */
import { exits } from './world.js'
import { help, type CommandWords, type Words } from './described.js'

/** Backslashes, and signs at the start of a line, have a meaning in a page. */
const plain = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(['.])/gm, '\\&$1')

const command = (one: CommandWords): string => {
  const given = one.registeredArguments
  const shape = given.map(argument => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`)).join(' ')
  return [
    `.SS "ornstein ${plain([one.name(), '[options]', shape].filter(part => part !== '').join(' '))}"`,
    plain(one.description()),
    ...given.map(argument => `.TP\n.I ${plain(argument.name())}\n${plain(argument.description)}`),
    ...[...one.options, help].map(
      ({ flags, description, defaultValueDescription }) =>
        `.TP\n.B ${plain(flags)}\n${plain(description)}${defaultValueDescription === undefined ? '' : plain(` (default: ${defaultValueDescription})`)}`
    )
  ].join('\n')
}

/** The page of a version. */
export const page = (words: Words, version: string): string =>
  `.TH ORNSTEIN 1 "" "ornstein ${plain(version)}" "User Commands"
.SH NAME
ornstein \\- learn mixtures of Gaussians from a table of numbers
.SH SYNOPSIS
.B ornstein
.I command
[options]
.SH DESCRIPTION
${plain(words.description())}
.SH COMMANDS
${words.commands.map(command).join('\n')}
.SS "ornstein help [command]"
Prints the help of a command, with examples.
.SH EXIT STATUS
.TP
.B 0
The work is done.
.TP
.B 1
The work failed, or a part of it.
.TP
.B 2
Wrong usage or bad input; nothing was written.
${Object.entries(exits)
  .map(([signal, code]) => `.TP\n.B ${code}\nStopped by ${signal}: what was learned until then is kept.`)
  .join('\n')}
.SH SEE ALSO
.B ornstein list
prints the words that pipelines are made of.
`

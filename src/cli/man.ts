/** The manual page, in the language of man, made of the descriptions that the help prints. */
import type { Described } from './command.js'
import { described, help } from './option.js'
import { commands, description } from './usage.js'
import { exits } from './world.js'

/** Backslashes, and signs at the start of a line, have a meaning in a page. */
const plain = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(['.])/gm, '\\&$1')

const command = ({ name, description, operands, switches }: Described): string => {
  const shape = operands.map(({ name, isOptional }) => (isOptional === true ? `[${name}]` : `<${name}>`)).join(' ')
  return [
    `.SS "ornstein ${plain([name, '[options]', shape].filter(part => part !== '').join(' '))}"`,
    plain(description),
    ...operands.map(({ name, about }) => `.TP\n.I ${plain(name)}\n${plain(about)}`),
    ...[...switches, help].map(one => `.TP\n.B ${plain(one.flags)}\n${plain(described(one))}`)
  ].join('\n')
}

/** The page of a version. */
export const page = (version: string): string =>
  `.TH ORNSTEIN 1 "" "ornstein ${plain(version)}" "User Commands"
.SH NAME
ornstein \\- fit Gaussian mixtures to tables of numbers
.SH SYNOPSIS
.B ornstein
.I command
[options]
.SH DESCRIPTION
${plain(description)}
.SH COMMANDS
${commands.map(command).join('\n')}
.SS "ornstein help [command]"
Prints the help of a command, with examples.
.SH EXIT STATUS
.TP
.B 0
Success.
.TP
.B 1
The work failed, or a part of it.
.TP
.B 2
Wrong usage or invalid input; nothing was written.
${Object.entries(exits)
  .map(([signal, code]) => `.TP\n.B ${code}\nStopped by ${signal}: the result so far is kept.`)
  .join('\n')}
.SH SEE ALSO
.B ornstein list
lists the building blocks of pipelines.
`

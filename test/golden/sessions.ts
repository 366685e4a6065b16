/** Sessions of the command line as text: `$ line`, what is printed, and `[exit]` where it is not 0. */
import { readFileSync } from 'node:fs'

export const session = ({
  exit,
  stdout,
  stderr
}: {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}): string => `${stdout}${stderr}${exit === 0 ? '' : `[${exit}]\n`}`

/** Each line of a file of sessions, with what it is to print. */
export const sessions = (name: string): ReadonlyArray<readonly [line: string, wanted: string]> =>
  readFileSync(new URL(`./${name}.session`, import.meta.url), 'utf8')
    .split(/^\$ ornstein ?/m)
    .slice(1)
    .map(text => {
      const [line, ...rest] = text.split('\n')
      return [line, rest.join('\n')]
    })

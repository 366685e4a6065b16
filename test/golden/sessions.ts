/**
 * Sessions of the command line as text. A step is a line `$ …`, and what is printed follows it, with `[exit]` where that is not 0:
 *
 * - `$ ornstein …`;
 * - `$ write @name`, of the lines below it that begin with `| `; or `$ write @name base64 …`;
 * - `$ change @name @of key {…}`: JSON with other fields, of a field of it where a key is named;
 * - `$ replace @name @of ["expression", "text"]`: JSON, on one line, with another text;
 * - `$ show @name`, or of JSON a field: `$ show @name key`.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { once } from '../cases.js'
import type { Place } from '../src/cli/harness.js'

const pathOf = (name: string): string => fileURLToPath(new URL(`./${name}.session`, import.meta.url))

/** What a step prints. */
const step = async (here: Place, line: string, given: ReadonlyArray<string>): Promise<string> => {
  const [program, ...words] = line.split(' ')
  const [to, from = ''] = words.map(word => word.replace(/^@/, ''))
  const json = (): unknown => JSON.parse(line.slice(line.search(/ [[{]/)))
  switch (program) {
    case 'ornstein': {
      const before = here.list()
      const { exit, stdout, stderr } = await here.ornstein(words.join(' '))
      // Where it fails, no file comes or goes.
      if (exit !== 0) expect(here.list()).toEqual(before)
      return `${stdout}${stderr}${exit === 0 ? '' : `[${exit}]\n`}`
    }
    case 'write':
      here.write(to, from === 'base64' ? Buffer.from(words[2], 'base64') : given.map(row => `${row}\n`).join(''))
      return given.map(row => `| ${row}\n`).join('')
    case 'change': {
      const old = JSON.parse(here.read(from)) as Readonly<Record<string, object>>
      here.write(to, JSON.stringify({ ...(words[2].startsWith('{') ? old : old[words[2]]), ...(json() as object) }))
      return ''
    }
    case 'replace': {
      const [expression, text] = json() as readonly [string, string]
      const old = JSON.stringify(JSON.parse(here.read(from)))
      expect(old).toMatch(new RegExp(expression))
      here.write(to, old.replace(new RegExp(expression), text))
      return ''
    }
    case 'show':
      if (from === '') return here.read(to)
      return `${JSON.stringify((JSON.parse(here.read(to)) as Readonly<Record<string, unknown>>)[from])}\n`
    default:
      throw new Error(`no step: ${line}`)
  }
}

/** Takes each step of a file of sessions: what it prints now. */
export const played = async (name: string, here: Place): Promise<string> => {
  const [, ...steps] = `\n${readFileSync(pathOf(name), 'utf8')}`.split('\n$ ')
  let text = ''
  for (const [line, ...rest] of steps.map(text => text.split('\n'))) {
    const given = rest.filter(row => row.startsWith('| ')).map(row => row.slice(2))
    text += `$ ${line}\n${await step(here, line, given)}`
  }
  return text
}

/** What is printed is what stands in a file of sessions; `-u` blesses what was read. */
export const replays = (name: string, here: Place): void => {
  once(`prints what stands in ${name}.session`, async () => {
    await expect(await played(name, here)).toMatchFileSnapshot(pathOf(name))
  })
}

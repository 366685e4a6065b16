/** Sessions of the command line as text: `$ line`, what is printed, and `[exit]` where it is not 0. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { Place } from '../src/cli/harness.js'

/** Runs each line of a file of sessions; what is printed is what stands there, and no file comes or goes. `-u` blesses what was read. */
export const replays = (name: string, { ornstein, list }: Place): void => {
  it(`prints what stands in ${name}.session`, async () => {
    const path = fileURLToPath(new URL(`./${name}.session`, import.meta.url))
    const before = list()
    let text = ''
    for (const [, line] of readFileSync(path, 'utf8').matchAll(/^\$ ornstein ?(.*)$/gm)) {
      const { exit, stdout, stderr } = await ornstein(line)
      text += `$ ornstein ${line}\n${stdout}${stderr}${exit === 0 ? '' : `[${exit}]\n`}`
    }
    await expect(text).toMatchFileSnapshot(path)
    expect(list()).toEqual(before)
  })
}

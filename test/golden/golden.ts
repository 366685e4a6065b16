/** Texts that are compared whole, each in a file of its own: `npx vitest run -u` writes them anew, and a diff shows what changed. */
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { expect } from 'vitest'

export const golden = (name: string, lines: ReadonlyArray<string>): Promise<void> =>
  expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(fileURLToPath(new URL(`./${name}.txt`, import.meta.url)))

/** What is said of each of some that are given, a line of what and a line of what is said. */
export const answers = (name: string, said: ReadonlyArray<readonly [given: unknown, said: string]>): Promise<void> =>
  golden(
    name,
    said.map(([given, text]) => `${inspect(given, { compact: true, breakLength: Infinity, depth: 4 })}\n  ${text}`)
  )

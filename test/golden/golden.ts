/** Texts that are compared whole, each in a file of its own: `npx vitest run -u` writes them anew, and a diff shows what changed. */
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'

export const golden = (name: string, lines: ReadonlyArray<string>): Promise<void> =>
  expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(fileURLToPath(new URL(`./${name}.txt`, import.meta.url)))

/** docs/theorems.md is one page of what docs/paper.md has: each section, with its first picture. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const read = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../docs/${name}.md`, import.meta.url)), 'utf8')
/** Headings and pictures, in order. */
const parts = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/^## .*$|\]\((paper\/[^)]+\.svg)\)/gm)].map(([whole, picture]) => picture || whole)

it('the page of pictures has every section of the paper, and its first picture', () => {
  const all = parts(read('paper'))
  const firsts = all.filter((part, i) => part.startsWith('## ') || (i > 0 && all[i - 1].startsWith('## ')))
  expect(firsts.length).toBe(18)
  expect(parts(read('theorems'))).toEqual(firsts)
})

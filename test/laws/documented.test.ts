/** The page of all laws, which the site has, states each of them; docs/laws.md names every claim. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { lawsPage } from '../../docs/site/laws.js'
import * as glossary from '../../src/cli/glossary.js'
import * as ornstein from '../../src/index.js'
import * as laws from '../../src/laws/index.js'

const page = lawsPage(ornstein, laws, glossary)

it('the page of all laws has those of every concept, networks and clocks among them, with statement and source', () => {
  const sections = page.split('\n## ').slice(1)
  expect(sections.map(section => section.split('\n')[0])).toEqual(
    expect.arrayContaining([...glossary.standardVocabulary.map(({ concept }) => concept), 'Keys: `laws.key()`'])
  )
  for (const section of sections) expect(section).toMatch(/^- \*\*.+\.\*\* .+ _.+\._$/m)
})

it('docs/laws.md names every claim, in 2000 words', () => {
  const text = readFileSync(new URL('../../docs/laws.md', import.meta.url), 'utf8')
  const options = [...page.matchAll(/by the option `(\w+)`/g)].map(([, option]) => option)
  expect(options.length).toBeGreaterThan(30)
  expect(options.filter(option => !text.includes(`\`${option}`))).toEqual([])
  expect(text.split(/\s+/).length).toBeLessThan(2000)
})

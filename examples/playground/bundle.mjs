// The playground as one page, in dist/playground/index.html.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { pageOf, program, writePage } from '../pages.mjs'

/** The words of docs/glossary.md and what they mean: a heading, and the paragraph below it. */
const glossary = Object.fromEntries(
  readFileSync(new URL('../../docs/glossary.md', import.meta.url), 'utf8')
    .split(/^#+ /m)
    .slice(1)
    .map(section => {
      const [word, ...text] = section.split('\n')
      return [word.toLowerCase(), text.join('\n').trim()]
    })
)
const define = { GLOSSARY: JSON.stringify(glossary) }

/** What the page shows before its program runs: the library is asked for it here. */
const first = async () => {
  const text = await program('playground/first.ts', 'esm', { define, platform: 'node', packages: 'external' })
  const folder = new URL('../../dist/playground/', import.meta.url)
  // Several may write the page at once.
  const file = new URL(`first-${process.pid}.mjs`, folder)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, text)
  try {
    return await import(file.href)
  } finally {
    rmSync(file)
  }
}

/** The page as one text; where it stands among others, with a link to the first of them. */
export const bundled = async ({ home } = {}) => {
  const { links, styles, frames } = await first()
  const items = links.map(
    ({ number, name }) =>
      `<li><a href="#question=${number}" aria-label="Question ${number}: ${name}">${number}</a></li>`
  )
  return pageOf('playground', await program('playground/main.ts', 'iife', { define }), home)
    .replace('/* pictures */', () => styles)
    .replace('<!-- questions -->', () => items.join(''))
    .replace('/* first */', () => JSON.stringify(frames).replaceAll('</', '<\\/'))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writePage('playground', await bundled())

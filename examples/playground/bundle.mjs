// Writes the playground as one page to dist/playground/index.html.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { fileReaders, pageOf, program, writePage } from '../pages.mjs'

/** Meanings by word: headings of docs/glossary.md with the text below them. */
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

/** Bundles and imports a module of this folder, which computes contents of the page by the library. */
const importBundled = async name => {
  const text = await program(`playground/${name}.ts`, 'esm', { define, platform: 'node', packages: 'external' })
  const folder = new URL('../../dist/playground/', import.meta.url)
  // Several processes may write the page at once.
  const file = new URL(`${name}-${process.pid}.mjs`, folder)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, text)
  try {
    return await import(file.href)
  } finally {
    rmSync(file)
  }
}

/** Page of the site, where the page for a table has another address. */
const sitePage = (...all) => pageOf(...all).replaceAll('../table/index.html', 'your-table.html')

/** HTML of the page; with `home` as a page of the site that links to its first page. */
export const bundled = async ({ home } = {}) => {
  const { links, styles, frames, thumbs } = await importBundled('first')
  const answers = readFileSync(stored, 'utf8')
  const found = thumbs(JSON.parse(answers))
  const items = links.map(
    ({ number, name }) =>
      `<li><a href="#question=${number}" aria-label="Question ${number}: ${name}" title="${name}">${number}</a></li>`
  )
  const figure = await moving()
  const page = home === undefined ? pageOf : sitePage
  return page('playground', await program('playground/main.ts', 'iife', { define, external: fileReaders }), home)
    .replace('/* pictures */', () => styles)
    .replace('<!-- hero -->', () => figure)
    .replace('<!-- questions -->', () => items.join(''))
    .replace('<!-- contents -->', () =>
      links.map(({ number, name }) => `<li><a href="#question=${number}"><b>${number}</b> ${name}</a></li>`).join('')
    )
    .replace(/(<span class="thumb" data-question="(\d)"[^>]*>)/g, (_, tag, number) => tag + found[number])
    .replace('/* answers */', () => answers.replaceAll('</', '<\\/'))
    .replace('/* first */', () => JSON.stringify(frames).replaceAll('</', '<\\/'))
}

/** HTML of the animation of question 2; `more` is appended to its caption. */
export const moving = async (more = '') => (await importBundled('hero')).hero(more)

/** File of the stored answers; `node examples/playground/bundle.mjs answers` computes them again. */
const stored = new URL('answers.txt', import.meta.url)

if (process.argv[2] === 'answers' && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(stored, (await importBundled('answers')).answers())
else if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writePage('playground', await bundled())

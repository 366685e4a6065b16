// The playground as one page, in dist/playground/index.html.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { fileReaders, pageOf, program, writePage } from '../pages.mjs'

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

/** A module of this folder, run here: the library is asked for what the page holds before its program runs. */
const ran = async name => {
  const text = await program(`playground/${name}.ts`, 'esm', { define, platform: 'node', packages: 'external' })
  const folder = new URL('../../dist/playground/', import.meta.url)
  // Several may write the page at once.
  const file = new URL(`${name}-${process.pid}.mjs`, folder)
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, text)
  try {
    return await import(file.href)
  } finally {
    rmSync(file)
  }
}

/** Among the pages of the site the page for a table has another address. */
const withTable = (...all) => pageOf(...all).replace('../table/index.html', 'your-table.html')

/** The page as one text; where it stands among others, with a link to the first of them. */
export const bundled = async ({ home } = {}) => {
  const { links, styles, frames, thumbs } = await ran('first')
  const answers = readFileSync(stored, 'utf8')
  const found = thumbs(JSON.parse(answers))
  const items = links.map(
    ({ number, name }) =>
      `<li><a href="#question=${number}" aria-label="Question ${number}: ${name}" title="${name}">${number}</a></li>`
  )
  const figure = await moving()
  const page = home === undefined ? pageOf : withTable
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

/** The picture that moves of question 2, for another page; `more` ends its caption. */
export const moving = async (more = '') => (await ran('hero')).hero(more)

/** Where answers stand that take seconds: `node examples/playground/bundle.mjs answers` computes them again. */
const stored = new URL('answers.txt', import.meta.url)

if (process.argv[2] === 'answers' && import.meta.url === pathToFileURL(process.argv[1]).href)
  writeFileSync(stored, (await ran('answers')).answers())
else if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writePage('playground', await bundled())

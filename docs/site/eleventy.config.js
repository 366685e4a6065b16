/**
 * Documentation site: `npm run site` writes it to dist/site, from README.md, docs/*.md, the vocabulary and the docblocks of the built
 * package. Links are relative, so the pages also open from a folder of files.
 */
import { appendFileSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundled, moving } from '../../examples/playground/bundle.mjs'
import * as float64 from '../../dist/lib/index.js'
import * as ornstein from '../../dist/src/index.js'
import * as laws from '../../dist/src/laws/index.js'
import * as glossary from '../../dist/src/cli/glossary.js'
import { bundled as tablePage } from '../../examples/table/bundle.mjs'
import { api, nameIndex } from './api.js'
import { lawsPage } from './laws.js'
import { markdown } from './markdown.js'
import { entriesOf } from './search.js'
import { vocabularyPage } from './vocabulary.js'
import { wordPages } from './words.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const out = `${root}dist/site`
const read = path => readFileSync(root + path, 'utf8')

/** URLs of the pages that are Markdown files of the repository, by path. */
const documents = Object.fromEntries([
  ['README.md', 'index.html'],
  ['CONTRIBUTING.md', 'contributing.html'],
  ['CHANGELOG.md', 'changes.html'],
  ...readdirSync(`${root}docs`)
    .filter(name => name.endsWith('.md'))
    .map(name => [`docs/${name}`, name.replace(/md$/, 'html')])
])

const language = path => (/\.ts$/.test(path) ? 'ts' : /\.m?js$/.test(path) ? 'js' : 'text')

export default async function site(eleventy) {
  rmSync(out, { recursive: true, force: true })
  const names = await api(root)
  /** Files of the repository that pages link to, shown as source text. */
  const sources = [
    ...new Set([
      ...Object.keys(documents).flatMap(from =>
        [...read(from).matchAll(/\]\(([^)#:]+)\)/g)]
          .map(([, to]) => posix.join(posix.dirname(from), to))
          .filter(to => !/\.(svg|png|webp)$/.test(to) && existsSync(root + to))
      ),
      ...names.flatMap(({ entries }) => entries.flatMap(({ nearest }) => nearest?.file ?? []))
    ])
  ].filter(path => !(path in documents))
  const words = await wordPages(names)
  /** URL of each name in code: `TimeGrid.karras` has a page, `Schedule.level` a place on an API page. */
  const nameUrls = new Map([
    ...names.flatMap(({ spaces, url }) => spaces.map(space => [space, url])),
    ...names.flatMap(({ entries }) => entries.map(({ full, url }) => [full, url])),
    ...words.map(({ name, url }) => [name, url])
  ])
  const urls = {
    'docs/laws-reference.md': 'laws-reference.html',
    'docs/vocabulary.md': 'vocabulary.html',
    ...documents,
    ...Object.fromEntries(sources.map(path => [path, `source/${path}.html`]))
  }
  const md = markdown({ nameUrls, urls })

  eleventy.setLibrary('md', md)
  eleventy.setQuietMode(true)
  eleventy.addPassthroughCopy({ 'docs/images': 'images', 'docs/paper': 'paper', 'docs/research': 'research' })
  eleventy.addPassthroughCopy({
    'docs/site/style.css': 'style.css',
    'docs/site/client.js': 'client.js',
    [createRequire(import.meta.url)
      .resolve('minisearch')
      .replace(/dist\/.*/, 'dist/umd/index.js')]: 'minisearch.js'
  })

  eleventy.addGlobalData('layout', 'page.11ty.js')
  const pages = [
    ...Object.entries(documents).map(([path, url]) => [path, url, read(path)]),
    ...sources.map(path => [
      path,
      urls[path],
      `# ${path}\n\n\`\`\`\`${language(path)}\n${read(path).trimEnd()}\n\`\`\`\`\n`
    ]),
    ...words.map(({ name, url, text }) => [`docs/words/${name}.md`, url, text]),
    ...names.map(({ title, url, text }) => [`docs/api/${title}.md`, url, text]),
    ['docs/laws-reference.md', 'laws-reference.html', lawsPage(ornstein, laws, glossary)],
    ['docs/vocabulary.md', 'vocabulary.html', vocabularyPage(ornstein, float64, glossary)],
    ['docs/names.md', 'names.html', nameIndex(names)]
  ]
  for (const [source, permalink, text] of pages)
    eleventy.addTemplate(`docs/site/${source}.md`, text, { permalink, source })

  eleventy.on('eleventy.after', async ({ results }) => {
    const entries = results
      .filter(({ url }) => url !== false)
      .flatMap(({ url, content }) => entriesOf(url.slice(1), content))
    appendFileSync(`${out}/style.css`, ornstein.Picture.styles)
    writeFileSync(`${out}/entries.js`, `window.entries = ${JSON.stringify(entries)}\n`)
    const first = `${out}/index.html`
    const hero = await moving(' <a href="playground.html#question=2">Guess first, then see why</a>')
    writeFileSync(
      first,
      readFileSync(first, 'utf8').replace('<!-- hero -->', () => hero)
    )
    writeFileSync(`${out}/playground.html`, await bundled({ home: 'index.html' }))
    writeFileSync(`${out}/your-table.html`, await tablePage({ home: 'index.html' }))
    console.log(`dist/site/index.html: ${results.length + 2} pages, ${entries.length} places to find`)
  })

  return {
    dir: { input: 'docs/site', includes: 'layout', output: 'dist/site' },
    templateFormats: ['md'],
    markdownTemplateEngine: false,
    htmlTemplateEngine: false
  }
}

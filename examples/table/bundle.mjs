// The page for a table as one page, in dist/table/index.html.
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { fileReaders, pageOf, program, writePage } from '../pages.mjs'

const read = path => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** Excludes modules that need Node: a table in memory never reaches them. */
const nodes = {
  name: 'modules that need Node',
  setup: ({ onResolve }) => {
    onResolve({ filter: /(\/cluster\/index|\.\/sharedTable|\.\/gzip)\.js$/ }, ({ path }) => ({ path, external: true }))
  }
}

/** The page as one text; where it stands among others, with a link to the first of them. */
export const bundled = async ({ home } = {}) => {
  const version = { VERSION: JSON.stringify(JSON.parse(read('package.json')).version) }
  const worker = await program('table/worker.ts', 'iife', { external: fileReaders, plugins: [nodes], define: version })
  const samples = Object.fromEntries(
    ['penguins.csv', 'faithful.csv', 'iris.csv'].map(name => [name, read(`examples/data/${name}`)])
  )
  const script = await program('table/main.ts', 'esm', {
    define: { WORKER: JSON.stringify(worker), SAMPLES: JSON.stringify(samples) }
  })
  const page = pageOf('table', script, home)
  // Among the pages of the site it leads to those that a reader of its result looks for.
  const links = '<a href="playground.html">The lesson</a> · <a href="report.html">How to read the report</a>'
  return home === undefined ? page : page.replace('>ornstein</a>', all => `${all} · ${links}`)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writePage('table', await bundled())

// One page without neighbours: the page, its style, its program and the worker's, all in dist/playground/index.html.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const here = path => fileURLToPath(new URL(path, import.meta.url))
const root = here('../..')

const program = async (entry, format, define = {}) => {
  const { outputFiles } = await build({
    entryPoints: [here(entry)],
    absWorkingDir: root,
    bundle: true,
    write: false,
    format,
    platform: 'browser',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    define
  })
  return outputFiles[0].text
}

/** The page as one text; where it stands among others, with a link to the first of them. */
export const bundled = async ({ home } = {}) => {
  const worker = await program('worker.ts', 'iife')
  const script = await program('main.ts', 'esm', { WORKER: JSON.stringify(worker) })
  // A tag that ends the script must not stand inside it; the replacements are functions, in which $ means nothing.
  return readFileSync(here('page.html'), 'utf8')
    .replace('/* styles */', () => readFileSync(here('page.css'), 'utf8'))
    .replace('/* script */', () => script.replaceAll('</script', '<\\/script'))
    .replace('<!-- home -->', () => (home === undefined ? '' : `<a href="${home}">ornstein</a>`))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const page = await bundled()
  mkdirSync(`${root}/dist/playground`, { recursive: true })
  writeFileSync(`${root}/dist/playground/index.html`, page)
  console.log(`dist/playground/index.html, ${Math.round(page.length / 1024)} kB: open it in a browser`)
}

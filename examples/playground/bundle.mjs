// One page without neighbours: the page, its style, its program and the worker's, all in dist/playground/index.html.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = path => fileURLToPath(new URL(path, import.meta.url))
const root = here('../..')

const bundled = async (entry, format, define = {}) => {
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

const worker = await bundled('worker.ts', 'iife')
const script = await bundled('main.ts', 'esm', { WORKER: JSON.stringify(worker) })
// A tag that ends the script must not stand inside it; the replacements are functions, in which $ means nothing.
const page = readFileSync(here('page.html'), 'utf8')
  .replace('/* styles */', () => readFileSync(here('page.css'), 'utf8'))
  .replace('/* script */', () => script.replaceAll('</script', '<\\/script'))
mkdirSync(`${root}/dist/playground`, { recursive: true })
writeFileSync(`${root}/dist/playground/index.html`, page)
console.log(`dist/playground/index.html, ${Math.round(page.length / 1024)} kB: open it in a browser`)

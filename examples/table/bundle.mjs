// One page without neighbours: the page, its style, its program and the worker's, all in dist/table/index.html.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const here = path => fileURLToPath(new URL(path, import.meta.url))
const root = here('../..')
const read = path => readFileSync(`${root}/${path}`, 'utf8')

/** What Node alone has: never asked for of a table that is in memory. */
const nodes = {
  name: 'what Node alone has',
  setup: ({ onResolve }) => {
    onResolve({ filter: /(\/cluster\/index|\.\/shared|\.\/packed)\.js$/ }, ({ path }) => ({ path, external: true }))
  }
}

const program = async (entry, format, define) => {
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
    external: ['hyparquet', 'hyparquet-compressors', 'hyparquet-writer', 'apache-arrow'],
    plugins: [nodes],
    define
  })
  return outputFiles[0].text
}

export const bundled = async ({ home } = {}) => {
  const define = { VERSION: JSON.stringify(JSON.parse(read('package.json')).version) }
  const worker = await program('worker.ts', 'iife', define)
  const samples = Object.fromEntries(
    ['penguins.csv', 'faithful.csv', 'iris.csv'].map(name => [name, read(`examples/data/${name}`)])
  )
  const script = await program('main.ts', 'esm', { WORKER: JSON.stringify(worker), SAMPLES: JSON.stringify(samples) })
  return read('examples/table/page.html')
    .replace('/* styles */', () => read('examples/table/page.css'))
    .replace('/* script */', () => script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--'))
    .replace('<!-- home -->', () => (home === undefined ? '' : `<a href="${home}">ornstein</a>`))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const page = await bundled()
  mkdirSync(`${root}/dist/table`, { recursive: true })
  writeFileSync(`${root}/dist/table/index.html`, page)
  console.log(`dist/table/index.html, ${Math.round(page.length / 1024)} kB: open it in a browser`)
}

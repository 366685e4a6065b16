// Pages in one file: markup, style, and the program of the page and its worker.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = path => fileURLToPath(new URL(path, import.meta.url))
const root = here('..')
const read = path => readFileSync(here(path), 'utf8')

/** Packages for Arrow and Parquet files, which pages leave out since they use none. */
export const fileReaders = ['#xlsx', 'hyparquet', 'hyparquet-compressors', 'hyparquet-writer', 'apache-arrow']

/** Text of a program of this folder with its imports; `more` are options of esbuild. */
export const program = async (entry, format, more) => {
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
    ...more
  })
  return outputFiles[0].text
}

/** HTML of a folder's page; with `home`, linked to the site's first page. */
export const pageOf = (folder, script, home) =>
  // A script must not contain the tag that ends it. Replacements are functions, since $ is special in strings.
  read(`${folder}/page.html`)
    .replace('/* styles */', () => read('pages.css') + read(`${folder}/page.css`))
    .replace('/* script */', () => script.replaceAll('</script', '<\\/script').replaceAll('<!--', '<\\!--'))
    .replace('<!-- home -->', () => (home === undefined ? '' : `<a href="${home}">ornstein</a>`))

/** Writes the page of a folder to dist. */
export const writePage = (folder, page) => {
  mkdirSync(`${root}/dist/${folder}`, { recursive: true })
  writeFileSync(`${root}/dist/${folder}/index.html`, page)
  console.log(`dist/${folder}/index.html, ${Math.round(page.length / 1024)} kB: open it in a browser`)
}

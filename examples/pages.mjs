// Pages without neighbours: markup, style, a program and its worker's, all in one file.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = path => fileURLToPath(new URL(path, import.meta.url))
const root = here('..')
const read = path => readFileSync(here(path), 'utf8')

/** Packages that read and write Arrow and Parquet files. A page has no such files, and would only be larger. */
export const fileReaders = ['hyparquet', 'hyparquet-compressors', 'hyparquet-writer', 'apache-arrow']

/** A program of this folder with all that it imports, as text; `more` are options of esbuild. */
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

/** The page of a folder as one text; where it stands among others, with a link to the first of them. */
export const pageOf = (folder, script, home) =>
  // A tag that ends the script must not stand inside it; the replacements are functions, in which $ means nothing.
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

// Bundles what the command line alone needs into dist/vendor, with the licences of all that is in it: who installs the
// library is spared some sixty packages.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const parts = {
  commander: "export { Command, CommanderError, Option } from 'commander'"
}

/** The folder of the package that holds a file: what follows the last node_modules, with its scope. */
const packageOf = file => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]

const notice = folder => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const licences = readdirSync(folder).filter(file => /^(licen[cs]e|notice|copying)/i.test(file))
  const texts = licences.map(file => readFileSync(join(folder, file), 'utf8').trim())
  if (texts.length === 0) throw new Error(`vendor: ${name} has no licence file to pass on`)
  return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`
}

export const vendor = async root => {
  const folder = join(root, 'dist/vendor')
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8') + readFileSync(new URL(import.meta.url), 'utf8')
  const done = join(folder, '.built')
  if (existsSync(done) && readFileSync(done, 'utf8') === lock) return
  const folders = new Set()
  for (const [name, contents] of Object.entries(parts)) {
    const { metafile } = await build({
      stdin: { contents, resolveDir: root },
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      // commander is CommonJS, and requires parts of Node
      banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
      legalComments: 'none',
      metafile: true,
      absWorkingDir: root,
      logLevel: 'warning',
      outfile: join(folder, `${name}.js`)
    })
    for (const file of Object.keys(metafile.inputs)) {
      const from = packageOf(file)
      if (from !== undefined) folders.add(join(root, from))
    }
  }
  const notices = [...folders].sort().map(notice)
  writeFileSync(
    join(folder, 'THIRD-PARTY-NOTICES.txt'),
    `The files beside this one hold code of these packages.\n\n${notices.join(`\n${'-'.repeat(80)}\n\n`)}`
  )
  writeFileSync(done, lock)
}

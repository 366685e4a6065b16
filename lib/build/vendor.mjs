// Bundles what the command line alone needs into dist/vendor, so that who installs the library is spared some sixty packages, and
// the engine of tfjs for Node, which loads in a tenth of the time that all of tfjs takes; with the licences of what is in them.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'

const tfjs = '@tensorflow/tfjs-core/dist'
const parts = {
  'commander.js': "export { Command, CommanderError, Option } from 'commander'",
  // The engine is asked for in the middle of a computation, where a module cannot be awaited.
  'tfjs.cjs': `
    export { DataStorage } from '${tfjs}/backends/backend.js'
    export { ENGINE } from '${tfjs}/engine.js'
    import '${tfjs}/flags.js'
    export * from '${tfjs}/kernel_registry.js'
    export { setOpHandler, Tensor } from '${tfjs}/tensor.js'`
}

/** The folder of the package that holds a file: what follows the last node_modules, with its scope. */
const packageOf = file => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]

/** Who holds the rights in files, as their first lines say. */
const holders = files => [
  ...new Set(files.flatMap(file => readFileSync(file, 'utf8').match(/Copyright \(?[\dc)].*/g) ?? []))
]

const notice = (root, folder, files) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const licences = readdirSync(folder).filter(file => /^(licen[cs]e|notice|copying)/i.test(file))
  const texts = licences.map(file => readFileSync(join(folder, file), 'utf8').trim())
  // tfjs brings no file of its licence, which is that of this package.
  const isOurs = texts.length === 0 && license === JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).license
  if (isOurs) texts.push(...holders(files), 'Its licence is in the LICENSE of the package that this file is part of.')
  if (texts.length === 0) throw new Error(`vendor: ${name} has no licence file to pass on`)
  return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`
}

export const vendor = async root => {
  const folder = join(root, 'dist/vendor')
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8') + readFileSync(new URL(import.meta.url), 'utf8')
  const done = join(folder, '.built')
  if (existsSync(done) && readFileSync(done, 'utf8') === lock) return
  /** The files that are in, by the folder of their package. */
  const used = new Map()
  for (const [name, contents] of Object.entries(parts)) {
    const isModule = name.endsWith('.js')
    const { metafile } = await build({
      stdin: { contents, resolveDir: root },
      bundle: true,
      minify: true,
      format: isModule ? 'esm' : 'cjs',
      platform: 'node',
      target: 'node20',
      // commander is CommonJS, and requires parts of Node
      ...(isModule && {
        banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" }
      }),
      legalComments: 'none',
      metafile: true,
      absWorkingDir: root,
      logLevel: 'warning',
      outfile: join(folder, name)
    })
    for (const file of Object.keys(metafile.inputs)) {
      const from = packageOf(file)
      if (from !== undefined) used.set(join(root, from), [...(used.get(join(root, from)) ?? []), join(root, file)])
    }
  }
  const notices = [...used].sort().map(([from, files]) => notice(root, from, files))
  writeFileSync(
    join(folder, 'THIRD-PARTY-NOTICES.txt'),
    `The files beside this one hold code of these packages.\n\n${notices.join(`\n${'-'.repeat(80)}\n\n`)}`
  )
  writeFileSync(done, lock)
}

/**
 * Modules for Node of what is CommonJS, such as fp-ts/lib/Option.js: vendor/fp-ts.Option.js. Node parses CommonJS that a module imports
 * only to learn which names it exports, a fourth of the time in which the library loads; here they are written down.
 */
export const required = (root, names) => {
  const require = createRequire(join(root, 'package.json'))
  for (const name of names) {
    const exported = Object.keys(require(name)).filter(each => each !== 'default')
    const file = name.replace('/lib/', '.').replace(/(\.js)?$/, '.js')
    writeFileSync(
      join(root, 'dist/vendor', file),
      // Names such as `let` are none of variables.
      `import{createRequire}from'node:module'
const all=createRequire(import.meta.url)('${name}')
const{${exported.map((each, i) => `${each}:_${i}`)}}=all
export{${['all as default', ...exported.map((each, i) => `_${i} as ${each}`)]}}
`
    )
  }
}

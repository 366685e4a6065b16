// Bundles parts of packages that users do not install into dist/vendor, with their licences: the command line's parser, and the engine
// of tfjs for Node and browsers (an installation of tfjs is 40 MB, of which the library uses 32 kB).
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'

const tfjs = '@tensorflow/tfjs-core/dist'
/** Modules by file name; `platform` is that of esbuild. */
const parts = {
  'commander.js': { contents: "export { Command, CommanderError, Option } from 'commander'", platform: 'node' },
  // Reads xlsx, xls, ods and HTML; without code pages of Excel before 97.
  'xlsx.js': { contents: "export { read } from '@e965/xlsx'", platform: 'neutral' },
  // Exports what lib/tensors/tfjs.ts uses. A program that loads all of tfjs, before or after, shares the engine: tfjs keeps it and
  // its registries in globals. Tensors have four operations as methods, which tfjs defines in its modules of operations.
  'tfjs.js': {
    contents: `
      import { ENGINE } from '${tfjs}/engine.js'
      import '${tfjs}/flags.js'
      import { setOpHandler, Tensor, TensorBuffer } from '${tfjs}/tensor.js'
      setOpHandler({
        buffer: (shape, dtype, values) => new TensorBuffer(shape, dtype, values),
        cast: (x, dtype) => ENGINE.runKernel('Cast', { x }, { dtype }),
        clone: x => ENGINE.runKernel('Identity', { x }),
        print: (x, isVerbose) => console.log(x.toString(isVerbose))
      })
      export const engine = () => ENGINE
      export { DataStorage } from '${tfjs}/backends/backend.js'
      export { getGradient, registerGradient, registerKernel, unregisterGradient } from '${tfjs}/kernel_registry.js'
      export { Tensor }`,
    platform: 'neutral'
  }
}

/** Folder of the package that contains a file: after the last node_modules, with its scope. */
const packageOf = file => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]

/** Copyright holders of files, from their first lines. */
const holders = files => [
  ...new Set(files.flatMap(file => readFileSync(file, 'utf8').match(/Copyright \(?[\dc)].*/g) ?? []))
]

const notice = (root, folder, files) => {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  const licences = readdirSync(folder).filter(file => /^(licen[cs]e|notice|copying)/i.test(file))
  const texts = licences.map(file => readFileSync(join(folder, file), 'utf8').trim())
  // tfjs contains no licence file; its licence is that of this package.
  const isOurs = texts.length === 0 && license === JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).license
  if (isOurs) texts.push(...holders(files), 'Its licence is in the LICENSE of the package that this file is part of.')
  if (texts.length === 0) throw new Error(`vendor: ${name} has no licence file to pass on`)
  return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`
}

/** Writes the licence notices of the bundled packages next to the bundle. */
export const writeNotices = (root, folder, bundled) => {
  const byPackage = new Map()
  for (const file of new Set(bundled)) {
    const from = packageOf(file)
    if (from !== undefined)
      byPackage.set(join(root, from), [...(byPackage.get(join(root, from)) ?? []), join(root, file)])
  }
  const notices = [...byPackage].sort().map(([from, files]) => notice(root, from, files))
  writeFileSync(
    join(folder, 'THIRD-PARTY-NOTICES.txt'),
    `The files beside this one hold code of these packages.\n\n${notices.join(`\n${'-'.repeat(80)}\n\n`)}`
  )
}

/** Replaces `node:child_process`, which commander loads for commands that are programs of their own. The command line has none. */
const withoutProcesses = {
  name: 'without processes',
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^node:child_process$/ }, ({ path }) => ({ path, namespace: 'empty' }))
    onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: '' }))
  }
}

export const vendor = async root => {
  const folder = join(root, 'dist/vendor')
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8') + readFileSync(new URL(import.meta.url), 'utf8')
  const done = join(folder, '.built')
  if (existsSync(done) && readFileSync(done, 'utf8') === lock) return
  const bundled = []
  for (const [name, { contents, platform }] of Object.entries(parts)) {
    const { metafile } = await build({
      stdin: { contents, resolveDir: root },
      bundle: true,
      minify: true,
      format: 'esm',
      platform,
      target: 'es2022',
      mainFields: platform === 'node' ? ['main', 'module'] : ['module', 'main'],
      plugins: [withoutProcesses],
      // commander is CommonJS and requires modules of Node.
      ...(platform === 'node' && {
        banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" }
      }),
      legalComments: 'none',
      metafile: true,
      absWorkingDir: root,
      logLevel: 'warning',
      outfile: join(folder, name)
    })
    bundled.push(...Object.keys(metafile.inputs))
  }
  writeNotices(root, folder, bundled)
  writeFileSync(done, lock)
}

/**
 * ES modules for Node of CommonJS files, such as vendor/fp-ts.Option.js for fp-ts/lib/Option.js. Node parses imported CommonJS only to find its exports,
 * which takes a fourth of the library's loading time; here the exports are listed.
 */
export const required = (root, names) => {
  const require = createRequire(join(root, 'package.json'))
  for (const name of names) {
    const exported = Object.keys(require(name)).filter(each => each !== 'default')
    const file = name.replace('/lib/', '.').replace(/(\.js)?$/, '.js')
    writeFileSync(
      join(root, 'dist/vendor', file),
      // Names such as `let` are not valid variable names.
      `import{createRequire}from'node:module'
const all=createRequire(import.meta.url)('${name}')
const{${exported.map((each, i) => `${each}:_${i}`)}}=all
export{${['all as default', ...exported.map((each, i) => `_${i} as ${each}`)]}}
`
    )
  }
}

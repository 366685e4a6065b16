// Bundles the built command line into dist/cli, so that a command loads about twenty files instead of four hundred: one chunk for the
// modules that most commands share, one for each command, and an entry for each thread. Commands that share modules with the user's code
// (`--vocabulary`) or with another process (`--queue`, `worker`) run from dist/src, where the command and `import 'ornstein'` load the
// same modules.
import { chmodSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { writeNotices } from './vendor.mjs'

/** Threads are next to the chunk that starts them, and data files next to the chunk that reads them: see `new URL` in src/cli. */
const entryPoints = {
  ornstein: 'dist/src/cli/main.js',
  'chunks/fitThread': 'dist/src/cli/fitThread.js',
  'chunks/columnarThread': 'dist/src/cli/columnarThread.js'
}

/**
 * Modules that are imported on demand, and others that are then loaded too. esbuild makes one chunk of all modules that the same entries
 * reach, so that a fit would load 69 chunks; with these groups nearly all entries reach all modules of the command line or of a fit.
 */
const groups = [
  { of: /\/(startFitThread|gzip|formats\/(arrow|parquet))\.js$/, with: [] },
  {
    of: /\/(commandLine|nodeWorld|files|outputFormat|commands\/(list|sample))\.js$/,
    with: ['commandLine', 'nodeWorld']
  },
  { of: /./, with: ['commandLine', 'nodeWorld', 'commands/fit', 'tables', 'families'] }
]

const grouped = root => ({
  name: 'grouped',
  setup({ onResolve, onLoad, resolve }) {
    onResolve({ filter: /^\./ }, async ({ path, importer, kind, resolveDir }) => {
      if (kind !== 'dynamic-import') return undefined
      const found = await resolve(path, { importer, kind: 'import-statement', resolveDir })
      return { path: found.path, namespace: 'grouped', pluginData: groups.find(({ of }) => of.test(path)).with }
    })
    onLoad({ filter: /./, namespace: 'grouped' }, ({ path, pluginData: others }) => ({
      // Exported, so that esbuild keeps them, although modules are marked as free of side effects.
      contents: [
        ...others.map((name, i) => `export * as other${i} from './${name}.js'`),
        `export * from ${JSON.stringify(path)}`
      ].join('\n'),
      resolveDir: join(root, 'dist/src/cli')
    }))
  }
})

/** The command itself. */
const main = `#!/usr/bin/env node
const words = process.argv.slice(2)
const isShared = words[0] === 'worker' || words.some(word => /^--(vocabulary|queue)(=|$)/.test(word))
await import(isShared ? '../src/cli/main.js' : './ornstein.js')
`

export const commandLine = async root => {
  const { peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const outdir = join(root, 'dist/cli')
  rmSync(outdir, { recursive: true, force: true })
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // The CommonJS of io-ts would bring the CommonJS of fp-ts, beside its modules.
    mainFields: ['module', 'main'],
    // V8 parses `x => value` in full when it loads a file, but skips over the body of a `function` until it is called.
    supported: { arrow: false },
    // Optional packages, which users install, and the reader of spreadsheets, which dist/vendor has.
    external: [...Object.keys(peerDependencies), '#xlsx'],
    // papaparse is CommonJS and requires modules of Node.
    banner: { js: "import{createRequire as ofNode}from'node:module';const require=ofNode(import.meta.url);" },
    legalComments: 'none',
    metafile: true,
    plugins: [grouped(root)],
    logLevel: 'warning'
  })
  copyFileSync(join(root, 'dist/src/cli/commands/words.json'), join(outdir, 'chunks/words.json'))
  writeFileSync(join(outdir, 'main.js'), main)
  chmodSync(join(outdir, 'main.js'), 0o755)
  writeNotices(root, outdir, Object.keys(metafile.inputs))
}

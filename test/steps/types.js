/**
 * Checks all types, by TypeScript 7, again only where something changed: everything, without the names that Node 20 lacks;
 * and the JavaScript beside the tests. Compiles lib/wasm first if its generated module is missing or old.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
// The other TypeScript's command has the same name.
const tsc = fileURLToPath(new URL('../../node_modules/typescript-7/bin/tsc', import.meta.url))
// What tfjs names is an empty file in test/types/none: TypeScript 7 has those types among its own, and takes no name twice.
const roots = ['--typeRoots', 'test/types/none,node_modules/@types']
const programs = [
  ['-p', 'tsconfig.json', '--incremental', '--tsBuildInfoFile', 'dist/.types.tsbuildinfo'],
  ['-p', 'test/steps']
]
spawnSync(process.execPath, ['lib/build/wasm.mjs'], { cwd: root, stdio: 'inherit' })
const ends = programs.map(args =>
  spawnSync(process.execPath, [tsc, ...args, ...roots], { cwd: root, stdio: 'inherit' })
)
process.exitCode = ends.every(({ status }) => status === 0) ? 0 : 1

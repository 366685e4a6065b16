/** Runs oxlint over everything, and over the examples of the docs, which git ignores: a file that is named is not passed over. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const generated = 'test/generated'
const examples = existsSync(root + generated)
  ? readdirSync(root + generated, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))
  : []
const oxlint = fileURLToPath(new URL('../../node_modules/oxlint/bin/oxlint', import.meta.url))
const { status } = spawnSync(
  process.execPath,
  [oxlint, '-c', 'oxlint.config.js', ...process.argv.slice(2), '.', ...examples.map(name => `${generated}/${name}`)],
  // The types are checked by a program in Go, which spends a sixth of its time on memory that it need not give back.
  { cwd: root, stdio: 'inherit', env: { GOGC: '400', ...process.env } }
)
process.exitCode = status ?? 1

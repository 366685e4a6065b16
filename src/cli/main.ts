#!/usr/bin/env node
/** The command `ornstein` in a terminal: the one place that touches the process. */
import { createRequire } from 'node:module'
import { files } from './files.js'
import { run } from './program.js'
import { type World } from './World.js'

const version = (): string => {
  const read: unknown = createRequire(import.meta.url)('ornstein/package.json')
  return typeof read === 'object' && read !== null && 'version' in read ? String(read.version) : 'unknown'
}

/** Who reads may stop reading (`ornstein … | head`): then there is nothing left to do, and nothing to complain about. */
const onError = (error: NodeJS.ErrnoException): void => {
  if (error.code === 'EPIPE') process.exit(0)
  process.stderr.write(`error: standard output: ${error.message}\n`)
  process.exit(1)
}
process.stdout.on('error', onError)
process.stderr.on('error', () => process.exit(1))

const world: World = {
  ...files(process.stdin),
  version: version(),
  stdout: text => () =>
    new Promise(resolve => {
      process.stdout.write(text, () => {
        resolve()
      })
    }),
  stderr: text => {
    process.stderr.write(text)
  },
  isTTY: process.stderr.isTTY,
  now: () => performance.now()
}

process.exitCode = await run(world)(process.argv.slice(2))().catch((error: unknown) => {
  // Not a user's mistake but ours.
  process.stderr.write(`ornstein: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  return 1
})

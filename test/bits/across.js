/**
 * Compares the stored hashes with those of the built package under this Node, or under others brought by npm's `node`
 * package: `node test/bits/across.js 20 22 24`; `arm64:24` is Node 24 for that processor, emulated by `qemu-aarch64` (Debian's
 * qemu-user and libstdc++6-arm64-cross) where this is another. With `--write`, stores those of this Node; with `0/3`, compares one
 * in three of them, from the first, and the names of all.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { cases, hashes } from './cases.js'

const file = new URL('hashes.json', import.meta.url)
const args = process.argv.slice(2)
const [, from = '0', every = '1'] = /^(\d+)\/(\d+)$/.exec(args[0] ?? '') ?? []
if (args[0] === '--write') writeFileSync(file, `${JSON.stringify(hashes(), null, 2)}\n`)
else if (args.length > 0 && every === '1')
  for (const asked of args) {
    const [, arch, version] = /^(?:(arm64):)?(\d+)$/.exec(asked) ?? []
    if (version === undefined) throw new Error(`${asked}: a version of Node, as 24, or arm64:24`)
    const here = fileURLToPath(import.meta.url)
    const command =
      arch === undefined || arch === process.arch
        ? [`node@${version}`, here]
        : [
            // npm refuses packages for other processors unless forced.
            '--force',
            `--package=node-linux-${arch}@${version}`,
            '-c',
            `qemu-aarch64 -L /usr/aarch64-linux-gnu "$(command -v node)" "${here}"`
          ]
    execFileSync('npx', ['-y', ...command], { stdio: 'inherit' })
  }
else {
  const stored = JSON.parse(readFileSync(file, 'utf8'))
  const found = hashes(Number(every), Number(from))
  const known = new Set(cases.map(([name]) => name))
  const names = [...new Set([...Object.keys(stored).filter(name => !known.has(name)), ...Object.keys(found)])]
  const unstored = [...known].filter(name => !(name in stored) && !(name in found))
  const differing = [...names.filter(name => stored[name] !== found[name]), ...unstored]
  console.log(
    `Node ${process.version} (${process.arch}): ${names.length + unstored.length - differing.length} of ${names.length + unstored.length} results as stored`
  )
  for (const name of differing) console.log(`  ${name}: ${found[name] ?? 'none'}, stored ${stored[name] ?? 'none'}`)
  if (differing.length > 0) process.exitCode = 1
}

/** Hash of the code: processes with equal hashes compute equal bits. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasSimd } from '../../lib/wasm/index.js'

const packageRoot = fileURLToPath(new URL('../..', import.meta.url))

/** Returns a hash of all modules of `src` and `lib` and of the availability of SIMD, on which the last digits depend. */
export const code = (): string => {
  const hash = createHash('sha256')
  for (const room of ['src', 'lib'])
    for (const file of readdirSync(join(packageRoot, room), { recursive: true, encoding: 'utf8' }).sort())
      if (/\.[jt]s$/.test(file) && !/\.d\.ts$/.test(file))
        hash.update(file).update(readFileSync(join(packageRoot, room, file)))
  return hash.update(String(hasSimd())).digest('hex').slice(0, 16)
}

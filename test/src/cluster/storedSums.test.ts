/** Files of stored sums that are refused, and a disk that is full. `killed.test.ts` covers resuming. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, expect, it } from 'vitest'
import { generator } from '../../../lib/random/key.js'
import { storeSums } from '../../../src/cluster/storedSums.js'
import * as Problem from '../../../src/core/problem.js'
import * as Backend from '../../../src/data/reductionBackend.js'

const folder = mkdtempSync(join(tmpdir(), 'ornstein-'))
afterAll(() => {
  rmSync(folder, { recursive: true })
})

it('of another generator of random numbers, by its name', () => {
  const path = join(folder, 'sums')
  const begun = Problem.orThrow(storeSums(path, 'a fit')(Backend.localBackend))
  begun.close()
  const head = readFileSync(path, 'latin1')
  expect(head).toContain(`generator ${generator} `)
  const refusalOf = (text: string): string => {
    writeFileSync(path, text)
    const found = storeSums(path, 'a fit')(Backend.localBackend)
    return E.isLeft(found) ? Problem.show(found.left) : 'none'
  }
  expect(refusalOf(head.replace(/generator \d+ /, 'generator 7 '))).toMatch(
    /random numbers of generator 7 is not of generator 2, .*; use the ornstein that wrote it, or remove it/
  )
  expect(refusalOf(head.replace(/generator \d+ /, ''))).toMatch(/is not a checkpoint of this fit/)
  expect(refusalOf(head)).toBe('none')
})

it('are written whole until the disk is full, which is told once; answers go on', () => {
  const built = (module: string): string => JSON.stringify(new URL(`../../../dist/src/${module}`, import.meta.url).href)
  const path = join(folder, 'full')
  const program = (limit: string): string => {
    const script = `
      import { storeSums } from ${built('cluster/index.js')}
      let [asked, warned] = [0, 0]
      const { right } = storeSums(${JSON.stringify(path)}, 'a fit', () => warned++)({
        evaluate: sum => { asked++; return sum.finish(new Float64Array(100).fill(asked)) }
      })
      let total = 0
      for (let i = 0; i < 20; i++)
        total += right.backend.evaluate({ finish: ([x]) => x }, () => ({ sum: i, numbers: Float64Array.of(i) }))
      right.close()
      console.log(asked, warned, total)`
    // A limit on the length of files is a full disk: what is written at once is cut short, and then refused.
    const { stdout, stderr } = spawnSync(
      'sh',
      ['-c', `trap '' XFSZ; ulimit -f ${limit}; "$0" --input-type=module -e "$1"`, process.execPath, script],
      { encoding: 'utf8' }
    )
    return `${stderr}${stdout}`
  }
  expect(program('8')).toBe('20 1 210\n')
  const { length } = readFileSync(path)
  expect(length).toBe(4096)
  // Those that are whole are not asked again.
  expect(program('unlimited')).toMatch(/^16 0 /)
})

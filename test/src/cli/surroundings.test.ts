/** What stands around a command: the disk, pipes and modules, each named where it is at fault. */
import { execFileSync } from 'node:child_process'
import fs, { mkdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { decompress } from '../../../src/cli/memoryFiles.js'
import { tableOpener } from '../../../src/cli/sharedTable.js'
import { Problem } from '../../../src/index.js'
import { place } from './harness.js'

const here = place()
const { ornstein } = here
const rows = 'x\n1\n2\n3\n11\n12\n13\n'

beforeAll(() => {
  here.write('rows.csv', rows)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})
afterAll(here.remove)

it('a full disk of temporary files is named, and not the table', async () => {
  vi.stubEnv('ORNSTEIN_SCRATCH', here.at(''))
  vi.spyOn(fs, 'writeSync').mockImplementation(() => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  })
  const { exit, stderr } = await ornstein('fit @rows.csv -k 1 --stream')
  expect(exit).toBe(2)
  expect(stderr).toMatch(/^error: the folder of temporary files: .* is not on a disk with room; free some space in it,/)
  expect(stderr).not.toContain('rows.csv')
})

it('a missing folder of temporary files is named', async () => {
  vi.stubEnv('ORNSTEIN_SCRATCH', here.at('nowhere'))
  const { exit, stderr } = await ornstein('fit @rows.csv -k 1 --stream')
  expect(exit).toBe(2)
  expect(stderr).toMatch(/^error: the folder of temporary files: nowhere is not a folder that exists;/)
})

it.each(['fit @rows.csv -k 1', 'fit @rows.csv -k 1 --stream', 'list'])(
  'a module of words that is not there is told, whether or not its words are used: %s',
  async line => {
    const { exit, stderr } = await ornstein(`${line} --vocabulary @missing.js`)
    expect([exit, stderr]).toEqual([2, 'error: --vocabulary: no such file: missing.js; check the path\n'])
  }
)

it.skipIf(process.platform === 'win32')(
  'a pipe in the folder of a worker is refused, and does not block it',
  async () => {
    for (const folder of ['shared', 'shared/tables']) mkdirSync(here.at(folder))
    for (const name of ['shared/pipe.csv', 'shared/tables/pipe.csv']) execFileSync('mkfifo', [here.at(name)])
    const said = async (path: string): Promise<string> => {
      const found = await tableOpener(here.at('shared'))({ path, options: {} })
      return E.isLeft(found) ? Problem.show(found.left) : 'opened'
    }
    expect(await said('pipe.csv')).toBe(
      'data: pipe.csv is not a file, but a pipe or a device; name a file in the folder'
    )
    expect(await said('pipe*.csv')).toContain('files')
    expect(await said('tables')).toContain('(it holds the pipe pipe.csv)')
  }
)

it('in memory, as in a browser, a damaged archive is told of by its name, and one that unpacks to too much', async () => {
  const packed = new Uint8Array(gzipSync(rows))
  expect(await decompress('a.gz', packed)).toEqual(E.right(new TextEncoder().encode(rows)))
  const said = async (bytes: Uint8Array<ArrayBuffer>, most?: number): Promise<string> => {
    const found = await decompress('a.csv.gz', bytes, most)
    return E.isLeft(found) ? found.left.problems.map(Problem.show).join() : 'unpacked'
  }
  const damaged = 'FILE: a.csv.gz is not a sound gzip archive; it is damaged or cut short: fetch it again'
  expect(await said(packed.subarray(0, packed.length - 9))).toBe(damaged)
  expect(await said(packed.map((byte, i) => (i === packed.length - 6 ? byte ^ 1 : byte)))).toBe(damaged)
  expect(await said(packed.map((byte, i) => (i === 12 ? byte ^ 255 : byte)))).toBe(damaged)
  expect(await said(new Uint8Array(gzipSync(new Uint8Array(3 << 20))), 1 << 20)).toMatch(/at most 1 MB/)
})

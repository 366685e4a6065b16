/** The built package in plain Node: threads take part in a large pass, keep no process alive, and may be forbidden. */
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** The total mass that a pass over 200 000 rows finds, by up to three threads, and by how many. */
const program = `
  import * as Fused from './dist/src/fused/index.js'
  import { threads, useThreads } from './dist/lib/simd/crew.js'
  if (process.env.ORNSTEIN_THREADS === undefined) useThreads(3)
  const [rows, dim] = [200_000, 8]
  const data = { rows, dim, x: new Float64Array(rows * dim).fill(1), weights: null }
  const mixture = { components: 4, centres: new Float64Array(4 * dim), logits: new Float64Array(4), variances: new Float64Array(4).fill(1), free: true }
  console.log(Fused.expectationPass(data, mixture).mass.reduce((a, b) => a + b, 0).toFixed(9), threads(), Fused.how(data, 4))`

const output = (options: ReadonlyArray<string> = [], env: Readonly<Record<string, string>> = {}): string =>
  execFileSync(process.execPath, [...options, '--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore']
  }).trim()

it('threads keep no process alive', () => {
  expect(output()).toBe('1.000000000 3 in SIMD by 3 threads')
})

const [major] = process.versions.node.split('.').map(Number)
const permission = [major < 23 ? '--experimental-permission' : '--permission', '--allow-fs-read=*']

it('one thread does all where Node may start no other', () => {
  expect(output(permission)).toBe('1.000000000 1 in SIMD')
  expect(output(permission, { ORNSTEIN_THREADS: '3' })).toBe('1.000000000 1 in SIMD')
})

it('a thread that cannot be started is done without', () => {
  const broken = `data:text/javascript,import workers from 'node:worker_threads';workers.Worker = class { constructor() { throw new Error('no') } }`
  expect(output(['--import', broken])).toBe('1.000000000 1 in SIMD')
})

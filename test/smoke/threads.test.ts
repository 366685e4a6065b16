/** The built package in plain Node: threads take part in a large sum, keep no process alive, and may be forbidden. */
import { execFileSync } from 'node:child_process'
import { expect, it } from 'vitest'

/** The mean of ones that a program finds over 200 000 rows, by up to three threads, and by how many. */
const program = `
  import { Compiler, exp, mean, threads, useThreads } from './dist/lib/index.js'
  if (process.env.ORNSTEIN_THREADS === undefined) useThreads(3)
  const [rows, dim] = [200_000, 8]
  const compiled = Compiler.compile(
    { params: {}, rows: { x: { shape: [dim], from: 'data' } }, constants: {} },
    ({ rows: { x } }) => ({ others: { mean: mean(exp(x)) } }),
    [null, null]
  )
  if (compiled._tag === 'Left') throw new Error(compiled.left)
  const { others } = compiled.right.run({ rows, params: {}, given: { x: new Float64Array(rows * dim) }, constants: {} })
  console.log(others.mean.values[0].toFixed(9), threads() + Compiler.how([compiled.right], rows))`

const output = (options: ReadonlyArray<string> = [], env: Readonly<Record<string, string>> = {}): string =>
  execFileSync(process.execPath, [...options, '--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 300_000,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore']
  }).trim()

it('threads keep no process alive', () => {
  expect(output()).toBe('1.000000000 3 by 3 threads')
})

const [major] = process.versions.node.split('.').map(Number)
const permission = [major < 23 ? '--experimental-permission' : '--permission', '--allow-fs-read=*']

it('one thread does all where Node may start no other', () => {
  expect(output(permission)).toBe('1.000000000 1')
  expect(output(permission, { ORNSTEIN_THREADS: '3' })).toBe('1.000000000 1')
})

it('a thread that cannot be started is done without', () => {
  const broken = `data:text/javascript,import workers from 'node:worker_threads';workers.Worker = class { constructor() { throw new Error('no') } }`
  expect(output(['--import', broken])).toBe('1.000000000 1')
})

/** A module whose chunk calls a kernel of the caller's, which no other thread has: there it throws. */
const faulty = `
  import { threadPool, useThreads } from './dist/lib/wasm/threadPool.js'
  import { binary, memoryFlags } from './dist/lib/wasm/binary.js'
  useThreads(3)
  const text = name => [name.length, ...Buffer.from(name)]
  const section = (id, bytes) => [id, bytes.length, ...bytes]
  const module = new WebAssembly.Module(Uint8Array.of(
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [2, 0x60, 0, 0, 0x60, 3, 0x7f, 0x7f, 0x7f, 0]),
    ...section(2, [1, ...text('env'), ...text('kernel'), 0, 0]),
    ...section(3, [1, 1]),
    ...section(7, [1, ...text('chunk'), 0, 1]),
    ...section(10, [1, 4, 0, 0x10, 0, 0x0b])
  ))
  const { load, run, start } = threadPool({ binary, memoryFlags })
  let calls = 0
  const pause = new Int32Array(new SharedArrayBuffer(4))
  const loaded = load(module, { kernel: () => { calls++; Atomics.wait(pause, 0, 0, 5) } })
  // Until another thread is awake and has taken a chunk.
  const chunks = 40
  for (let i = 0; i < 100 && calls % chunks === 0; i++) run({ name: 'chunk', args: 0, chunks, scratch: { at: start, bytes: 0 } }, loaded)
  console.log(calls % chunks === 0 ? 'no other thread took part' : 'done')`

it('a chunk that fails in another thread is done by the caller, who does not wait for ever', () => {
  const run = (): string =>
    execFileSync(process.execPath, ['--input-type=module', '-e', faulty], { encoding: 'utf8', timeout: 300_000 }).trim()
  expect(run()).toBe('done')
})

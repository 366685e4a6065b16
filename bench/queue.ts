/**
 * Sums by two workers at a queue on this machine, a part of `npm run bench:scale`: what a step costs beside what it sums, and what
 * the death of a worker costs. It runs what is built, and needs valkey-server.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pipe } from 'fp-ts/lib/function.js'
import { Key } from '../lib/index.js'
import type * as ClusterModule from '../src/cluster/index.js'
import { Mixture, Points, Problem, Source } from '../src/index.js'
import * as Statistics from '../src/mixture/statistics.js'

const PORT = 7399
const connection = `redis://127.0.0.1:${PORT}`
const built = (path: string): string => join(dirname(fileURLToPath(import.meta.url)), '../src', path)
// What a bundle holds would not find its threads.
const Cluster = (await import(built('cluster/index.js'))) as typeof ClusterModule

const [DIM, K, STEPS] = [8, 8, 200]
const mixture = Mixture.of({
  means: Array.from({ length: K }, (_, k) => Array.from({ length: DIM }, (_, j) => 3 * ((k + j) % K)))
})
const folder = mkdtempSync(join(tmpdir(), 'ornstein-bench-'))
const children: ChildProcess[] = []
const start = (command: string, ...args: ReadonlyArray<string>): ChildProcess => {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  children.push(child)
  return child
}
const worker = async (): Promise<ChildProcess> => {
  const child = start(process.execPath, built('cli/main.js'), 'worker', '--queue', connection)
  if (child.stderr !== null) await once(child.stderr, 'data')
  return child
}

const quantile = (times: ReadonlyArray<number>, q: number): string =>
  [...times].sort((a, b) => a - b)[Math.floor(q * (times.length - 1))].toFixed(1)

const measure = (rows: number, steps: number, kill: ChildProcess | null): void => {
  const points = pipe(mixture, Mixture.sample(rows)(Key.fromSeed(1)))
  writeFileSync(
    join(folder, 'table.csv'),
    Points.toCsv(
      points,
      Array.from({ length: DIM }, (_, j) => `x${j + 1}`)
    )
  )
  const source = Source.of(points)
  const { backend, close } = Problem.orThrow(
    Cluster.bullmq({ connection, data: { path: 'table.csv', options: {} } })(source)
  )
  const step = (): number => {
    const began = performance.now()
    Statistics.of(source, 1, backend)(mixture)
    return performance.now() - began
  }
  step()
  // This thread waits for sums, and another kills.
  if (kill?.pid !== undefined) start('sh', '-c', `sleep 0.2; kill -9 ${kill.pid}`)
  const times = Array.from({ length: steps }, step)
  const began = performance.now()
  Statistics.of(source, 1)(mixture)
  const here = performance.now() - began
  close()
  const what = kill === null ? '2 workers' : '2 workers, one killed'
  console.log(
    `| ${[what, rows, quantile(times, 0.5), quantile(times, 0.95), quantile(times, 1), here.toFixed(1)].join(' | ')} |`
  )
}

try {
  start('valkey-server', '--port', String(PORT), '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes')
  const [first] = await Promise.all([worker(), worker()])
  console.log('\n| by | rows | ms a step | 95 % | most | here |\n|---|---:|---:|---:|---:|---:|')
  // eight chunks of 512 rows, a range each
  measure(4096, STEPS, null)
  measure(200_000, STEPS / 4, null)
  measure(4096, STEPS, first)
} finally {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
}

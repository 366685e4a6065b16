/**
 * Gradients per second against what a user would pick instead: `npm run bench`, or with names of problems only those. Each
 * contender has a process of its own; they take turns, A B C A B C, and medians are told. All must compute the same number
 * first. Wall times suffer from whatever else the machine does; the least of them, and of processor times, suffer least.
 * Python's are skipped where /usr/bin/python3 has no torch or sklearn.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { compileKernels, instantiate } from '../lib/wasm/kernelModule.js'
import { Params } from '../src/index.js'
import { frequencies, weights } from './network.js'
import { NETWORK, problem } from './problem.js'
import { has, median, PYTHON } from './rivals.js'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 11)
/** Variances of one estimator, each of 24 draws, differ by less: four standard errors where a single entry dominates. */
const ALIKE = 5
/** Beyond so many numbers there are fewer rounds, and a variance is asked of the first contender alone. */
const FEW = 1e7
const ROUNDS_OF_MANY = Math.min(3, ROUNDS)
const THREADS = Math.min(2, availableParallelism())

interface Entry {
  readonly label: string
  readonly name: string
  readonly threads?: number
  /** Which estimator of the gradient it computes; their variances differ. */
  readonly estimator: 'projected' | 'antithetic' | 'plain' | 'em' | 'step'
  readonly python?: 'torch' | 'sklearn'
  /** Too slow beyond so many numbers. */
  readonly most?: number
}

const ourselves: ReadonlyArray<Entry> = [
  { label: `ours, compiled, ${THREADS} threads`, name: 'compiled', threads: THREADS, estimator: 'projected' },
  { label: 'ours, compiled, 1 thread', name: 'compiled', threads: 1, estimator: 'projected' },
  {
    label: `ours, compiled, antithetic, ${THREADS} threads`,
    name: 'compiled-antithetic',
    threads: THREADS,
    estimator: 'antithetic'
  },
  {
    label: `ours, compiled, plain noise, ${THREADS} threads`,
    name: 'compiled-plain-noise',
    threads: THREADS,
    estimator: 'plain'
  },
  { label: 'ours, compiled, plain noise, 1 thread', name: 'compiled-plain-noise', threads: 1, estimator: 'plain' },
  { label: 'ours, interpreted', name: 'interpreted', threads: 1, estimator: 'projected', most: 4e6 }
]
const rivals: ReadonlyArray<Entry> = [
  { label: 'JavaScript by hand', name: 'by-hand', estimator: 'plain', most: 1e7 },
  { label: 'jax-js jit, float32', name: 'jax-js', estimator: 'plain' },
  { label: 'tfjs wasm, float32', name: 'tfjs-wasm', estimator: 'plain' },
  { label: 'tfjs cpu, float32', name: 'tfjs-cpu', estimator: 'plain', most: 4e6 },
  { label: 'PyTorch, float32, 2 threads', name: 'torch', estimator: 'plain', python: 'torch' },
  {
    label: 'PyTorch, projected by hand',
    name: 'torch-projected',
    estimator: 'projected',
    python: 'torch'
  }
]
const em: ReadonlyArray<Entry> = [
  { label: `ours, EM, ${THREADS} threads`, name: 'em', threads: THREADS, estimator: 'em' },
  { label: 'ours, EM, 1 thread', name: 'em', threads: 1, estimator: 'em' },
  { label: 'scikit-learn, EM', name: 'sklearn-em', estimator: 'em', python: 'sklearn' }
]
const custom: ReadonlyArray<Entry> = [
  { label: `ours, compiled, float64, ${THREADS} threads`, name: 'compiled', threads: THREADS, estimator: 'plain' },
  { label: 'ours, compiled, float64, 1 thread', name: 'compiled', threads: 1, estimator: 'plain' },
  { label: 'ours, interpreted, float64', name: 'interpreted', threads: 1, estimator: 'plain', most: 4e6 },
  ...rivals.filter(({ name }) => name !== 'by-hand' && name !== 'torch-projected')
]
const training: ReadonlyArray<Entry> = [
  { label: 'ours, float64, 1 thread', name: 'network', threads: 1, estimator: 'step' },
  { label: 'ours, float32, 1 thread', name: 'network-float32', threads: 1, estimator: 'step' },
  { label: 'PyTorch, float32, 1 thread', name: 'torch-network', estimator: 'step', python: 'torch' }
]
const problems: Readonly<Record<string, ReadonlyArray<Entry>>> = {
  '10000,2,2': [...ourselves, ...rivals],
  '10000,64,8': [...ourselves, ...rivals],
  '100000,16,4': [...ourselves, ...rivals, ...em],
  '4096,32,2,custom': custom,
  '10000,64,8,custom': custom,
  '100000,16,4,custom': custom,
  '10000,2,1,network': training,
  '1000000,8,16': [...ourselves, ...rivals]
}

interface Player extends Entry {
  readonly ask: <A>(question: string) => Promise<A>
  readonly leave: () => void
}

const enter = async (entry: Entry, id: string, directory: string): Promise<Player> => {
  const { rows, dim, K, kind } = problem(id)
  const [command, args] =
    entry.python === undefined
      ? [
          process.execPath,
          [
            '--expose-gc',
            fileURLToPath(new URL('contenders.js', import.meta.url)),
            entry.name,
            `${entry.threads ?? 1}`,
            id
          ]
        ]
      : [PYTHON, ['bench/contenders.py', entry.name, directory, ...[rows, dim, K, kind].map(String)]]
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const read = async (): Promise<string> => {
    const line = await lines.next()
    if (line.done === true) throw new Error(`${entry.label}: left`)
    return line.value
  }
  // Libraries greet; the contender says when it is ready.
  while ((await read()) !== 'ready');
  return {
    ...entry,
    ask: async <A>(question: string) => {
      child.stdin.write(`${question}\n`)
      return JSON.parse(await read()) as A
    },
    leave: () => child.stdin.end()
  }
}

const length = (x: ReadonlyArray<number>): number => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0))

const distance = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number =>
  length(a.map((value, i) => value - b[i])) / length(b)

/** The SIMD matrix product's peak of one thread, GFLOP/s: the micro-kernel on operands in the cache. */
const peak = (): number => {
  const memory = new WebAssembly.Memory({ initial: 32, maximum: 32 })
  const kernels = instantiate(compileKernels(), memory)
  const [m, k, n] = [256, 64, 64]
  const a = kernels.start()
  new Float64Array(memory.buffer, a).fill(0.5)
  const [b, c] = [a + m * k * 8 + 4096, a + m * k * 8 + 4096 + k * n * 8]
  const times = Array.from({ length: 300 }, () => {
    const start = performance.now()
    for (let i = 0; i < 5; i++) kernels.multiply(a, k * 8, 8, b, k * 32, 32, c, n * 8, m, k, n, false)
    return performance.now() - start
  })
  return (5 * 2 * m * k * n) / median(times) / 1e6
}

const cell = (value: number | undefined, digits = 3): string =>
  value === undefined || Number.isNaN(value) ? '' : value >= 1e4 ? value.toExponential(1) : value.toPrecision(digits)

const row = (cells: ReadonlyArray<string>): void => console.log(`| ${cells.join(' | ')} |`)

/** What a rival needs to know of the network. */
const networkFiles = (dim: number): Readonly<Record<string, Float64Array | string>> => {
  const start = weights(dim)
  const names = Params.names(start)
  return {
    weights: Float64Array.from(names.flatMap(name => Array.from(start[name].values))),
    network: JSON.stringify([names.map(name => start[name].shape), frequencies, NETWORK.batch])
  }
}

const titles = {
  mixture: '',
  custom: ', a custom objective',
  network: ', a step of training a network 2→64→64→2 on 256 rows'
}

const compare = async (id: string, entries: ReadonlyArray<Entry>): Promise<void> => {
  const { rows, dim, K, kind, x, noise, means } = problem(id)
  const directory = mkdtempSync(join(tmpdir(), 'bench-'))
  const files = { x, noise, means, ...(kind === 'network' && networkFiles(dim)) }
  for (const [name, values] of Object.entries(files)) writeFileSync(join(directory, name), values)
  const [first, ...rest] = await Promise.all(
    entries
      .filter(({ python, most }) => (python === undefined || has(python)) && rows * dim * K <= (most ?? Infinity))
      .map(entry => enter(entry, id, directory))
  )
  const players = [first, ...rest]
  const isLarge = rows * dim * K > FEW
  const rounds = isLarge ? ROUNDS_OF_MANY : ROUNDS
  /** Gradients in an average. */
  const averaged = isLarge ? 8 : 200
  const skipped = entries.filter(({ label }) => !players.some(player => player.label === label))

  const wanted = await first.ask<ReadonlyArray<number>>('gradient')
  const wantedEM = await players.find(({ estimator }) => estimator === 'em')?.ask<ReadonlyArray<number>>('gradient')
  const variances = new Map<string, number>()
  const errors: Array<number> = []
  for (const player of players) {
    const { label, name, estimator } = player
    // Projected by hand draws noise of its own: its mean over many draws is compared with ours, within six standard errors.
    const isAverage = name === 'torch-projected'
    const gradient = await player.ask<ReadonlyArray<number>>(isAverage ? `average ${averaged}` : 'gradient')
    const reference = isAverage
      ? await first.ask<ReadonlyArray<number>>(`average ${averaged}`)
      : estimator === 'em'
        ? wantedEM
        : wanted
    const error = distance(gradient, reference ?? [])
    const allowed = isAverage
      ? (6 * Math.sqrt((2 * (variances.get(estimator) ?? 0)) / averaged)) / length(reference ?? [])
      : 1e-3
    errors.push(error)
    if (!(error < allowed)) throw new Error(`${label}: off by ${error}, more than ${allowed}`)
    if (estimator === 'em' || estimator === 'step' || player.python !== undefined) continue
    const known = variances.get(estimator)
    if (known !== undefined && isLarge) continue
    const variance = await player.ask<number | null>('variance')
    if (variance === null || !(Math.abs(Math.log(variance / (known ?? variance))) < Math.log(ALIKE)))
      throw new Error(`${label}: its gradient's variance is ${variance ?? NaN}, that of its like ${known ?? NaN}`)
    if (known === undefined) variances.set(estimator, variance)
  }
  const times = players.map((): Array<number> => [])
  const processor = players.map((): Array<number> => [])
  for (let round = 0; round < rounds; round++)
    for (const [i, player] of players.entries()) {
      const [wall, ofProcessors] = await player.ask<readonly [number, number]>('time')
      times[i].push(wall)
      processor[i].push(ofProcessors)
    }
  const bytes: Array<number | null> = []
  for (const player of players) bytes.push(await player.ask<number | null>('bytes'))
  const compiling: string[] = []
  for (const player of players) {
    const took = await player.ask<readonly [number, number] | null>('compile')
    if (took !== null)
      compiling.push(
        `${player.label}: planned in ${took.map(ms => ms.toFixed(0)).join(' ms of processors, and again in ')} ms`
      )
  }
  players.forEach(player => player.leave())
  rmSync(directory, { recursive: true })

  const top = peak()
  const flops = (4 * rows * dim * K) / 1e6
  const ours = median(times[0])
  const ourCost = ours * (variances.get(first.estimator) ?? NaN)
  console.log(`\nload ${loadavg()[0].toFixed(1)}\n\n**n = ${rows}, d = ${dim}, K = ${K}${titles[kind]}**\n`)
  row([
    '',
    'ms',
    'ratio',
    'least ms',
    'processor, least ms',
    'variance',
    'time × variance, ratio',
    'of the peak',
    'bytes a step',
    'differs by'
  ])
  row(['---', ...Array.from({ length: 9 }, () => '---:')])
  players.forEach(({ label, estimator, threads }, i) => {
    const time = median(times[i])
    // EM is compared with EM.
    const base = estimator === 'em' ? median(times[players.findIndex(player => player.estimator === 'em')]) : ours
    const variance = variances.get(estimator)
    const isOurs = label.startsWith('ours')
    row([
      label,
      cell(time),
      cell(median(times[i].map((t, round) => t / (estimator === 'em' ? base : times[0][round])))),
      cell(Math.min(...times[i])),
      cell(Math.min(...processor[i])),
      cell(variance),
      cell(variance === undefined ? undefined : (time * variance) / ourCost),
      isOurs && kind !== 'network' && !label.includes('interpreted')
        ? `${Math.round((100 * flops) / time / (top * (threads ?? 1)))} %`
        : '',
      isOurs ? cell(bytes[i] ?? undefined) : '',
      errors[i].toExponential(0)
    ])
  })
  for (const line of compiling) console.log(`\n${line}`)
  for (const { label, python, most } of skipped)
    console.log(
      `\n${label}: skipped, ${python === undefined ? `too slow beyond ${most ?? 0} numbers` : `no ${python} here`}`
    )
}

const chosen = process.argv.slice(2)
console.log(
  `${availableParallelism()} cores ${process.arch}, Node ${process.version}; load ${loadavg()[0].toFixed(1)}; ` +
    `matrix-product peak of a thread ${peak().toFixed(1)} GFLOP/s; medians of ${ROUNDS} rounds, ${ROUNDS_OF_MANY} of the largest`
)
for (const [id, entries] of Object.entries(problems))
  if (chosen.length === 0 || chosen.includes(id)) await compare(id, entries)
console.log(`\nload at the end ${loadavg()[0].toFixed(1)}`)

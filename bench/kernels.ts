/**
 * The SIMD kernels against plain loops, copies in and out included: interleaved runs, medians.
 *
 *     npm run bench:kernels
 */
import { erf } from '../lib/numbers/elementary.js'
import * as Key from '../lib/random/key.js'
import * as Simd from '../lib/wasm/index.js'
import { compileKernels, instantiate } from '../lib/wasm/kernelModule.js'
import { median } from './rivals.js'

const SLICE_MS = 4
const ROUNDS = 25

/** Seconds of one call, over a slice of about SLICE_MS. */
const timed = (run: () => void, calls: number): number => {
  const start = performance.now()
  for (let i = 0; i < calls; i++) run()
  return (performance.now() - start) / 1000 / calls
}

const callsASlice = (run: () => void): number => {
  for (let calls = 1; ; calls *= 2) {
    const seconds = timed(run, calls) * calls
    if (seconds > SLICE_MS / 1000) return Math.max(1, Math.round((calls * SLICE_MS) / 1000 / seconds))
  }
}

/** Median seconds a call of each, run A B … A B …, after a round that warms up. */
const interleaved = (runs: ReadonlyArray<() => void>): ReadonlyArray<number> => {
  const calls = runs.map(run => {
    callsASlice(run)
    return callsASlice(run)
  })
  const rounds = Array.from({ length: ROUNDS }, () => runs.map((run, i) => timed(run, calls[i])))
  return runs.map((_, i) => median(rounds.map(round => round[i])))
}

/** A row: what one call does in `unit`s, here, on resident operands where that was tried, and in a plain loop. */
const row = (name: string, unit: string, work: number, runs: ReadonlyArray<() => void>): void => {
  const [ours, theirs, resident] = interleaved(runs).map(seconds => work / seconds)
  const columns = [ours, resident, theirs].map(rate => (Number.isFinite(rate) ? rate.toPrecision(3) : ''))
  const cells = [name.padEnd(34), unit.padEnd(8), ...columns.map(c => c.padStart(9))]
  const ratio = Number.isFinite(theirs) ? `${(ours / theirs).toFixed(2)}×` : ''
  console.log(`${cells.join(' ')} ${ratio.padStart(8)}`)
}

const memory = new WebAssembly.Memory({ initial: 1024, maximum: 1024 })
const resident = instantiate(compileKernels(), memory)
const free = resident.start()
const doubles = new Float64Array(memory.buffer, free)

console.log(`${process.version} ${process.arch}`)
console.log(
  `${''.padEnd(34)} ${'unit'.padEnd(8)} ${'SIMD'.padStart(9)} ${'resident'.padStart(9)} ${'plain'.padStart(9)}    ratio`
)

/** Loops of their own, as a user would write them: one loop that is handed `f` is several times slower. */
const loops: Readonly<Record<string, (x: Float64Array, out: Float64Array) => void>> = {
  exp: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = Math.exp(x[i])
  },
  expm1: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = Math.expm1(x[i])
  },
  log: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = Math.log(x[i])
  },
  log1p: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = Math.log1p(x[i])
  },
  tanh: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = Math.tanh(x[i])
  },
  sigmoid: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = 1 / (1 + Math.exp(-x[i]))
  },
  softplus: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = Math.max(x[i], 0) + Math.log1p(Math.exp(-Math.abs(x[i])))
  },
  erf: (x, out) => {
    for (let i = 0; i < x.length; i++) out[i] = erf(x[i])
  }
}

for (const n of [1000, 1_000_000]) {
  const normal = Key.normal(n)(Key.fromSeed(1))
  const positive = normal.map(Math.abs)
  const out = new Float64Array(n)
  const maps = [
    ['exp', normal, resident.mapExp],
    ['expm1', normal, resident.mapExpm1],
    ['log', positive, resident.mapLog],
    ['log1p', positive, resident.mapLog1p],
    ['tanh', normal, resident.mapTanh],
    ['sigmoid', normal, resident.mapSigmoid],
    ['softplus', normal, resident.mapSoftplus],
    ['erf', normal, resident.mapErf]
  ] as const
  for (const [name, x, map] of maps) {
    doubles.set(x)
    row(`${name}, ${n}`, 'M/s', n / 1e6, [
      () => Simd.simdOrPlainKernels()[name](x, out),
      () => {
        loops[name](x, out)
      },
      () => {
        map(free, free + n * 8, n)
      }
    ])
  }

  let sink = 0
  row(`sum, ${n}, against a naive loop`, 'M/s', n / 1e6, [
    () => {
      sink += Simd.simdOrPlainKernels().sum(normal)
    },
    () => {
      let s = 0
      for (let i = 0; i < n; i++) s += normal[i]
      sink += s
    }
  ])
  row(`uniforms, ${n}, against lib/random/key.ts`, 'M/s', n / 1e6, [
    () => Simd.uniforms(1, 2, 0, out),
    () => Key.uniform(n)(Key.fromSeed(1))
  ])
  row(`normals, ${n}, against lib/random/key.ts`, 'M/s', n / 1e6, [
    () => Simd.normals(1, 2, 0, out),
    () => Key.normal(n)(Key.fromSeed(1))
  ])
  if (Number.isNaN(sink)) throw new Error('a sum was NaN')
}

/** The textbook's three loops over row-major operands, transposes by index. */
const naive = (
  a: Float64Array,
  b: Float64Array,
  m: number,
  k: number,
  n: number,
  transposeA: boolean,
  transposeB: boolean,
  out: Float64Array
): void => {
  const [downA, alongA] = transposeA ? [1, m] : [k, 1]
  const [downB, alongB] = transposeB ? [1, k] : [n, 1]
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let s = 0
      for (let p = 0; p < k; p++) s += a[i * downA + p * alongA] * b[p * downB + j * alongB]
      out[i * n + j] = s
    }
}

const products: ReadonlyArray<readonly [number, number, number, boolean, boolean]> = [
  [10_000, 64, 64, false, false],
  [10_000, 64, 64, false, true],
  [64, 10_000, 64, true, false],
  [10_000, 64, 8, false, true],
  [8, 10_000, 64, true, false],
  [100_000, 16, 4, false, true],
  [4096, 32, 2, false, false],
  [512, 512, 512, false, false],
  [32, 32, 32, false, false],
  [4, 4, 4, false, false]
]
for (const [m, k, n, transposeA, transposeB] of products) {
  const a = Key.normal(m * k)(Key.fromSeed(1))
  const b = Key.normal(k * n)(Key.fromSeed(2))
  const out = new Float64Array(m * n)
  const name = `${m}×${k}${transposeA ? 'ᵀ' : ''} · ${k}×${n}${transposeB ? 'ᵀ' : ''}`
  row(name, 'GFLOP/s', (2 * m * k * n) / 1e9, [
    () => Simd.simdOrPlainKernels().matMul(a, b, { m, k, n, transposeA, transposeB }, out),
    () => {
      naive(a, b, m, k, n, transposeA, transposeB, out)
    }
  ])
}

/** The micro-kernel alone, on blocks that lie in the cache: the most that a product can reach. */
{
  const [m, k, n] = [256, 64, 64]
  const [a, b, c] = [free, free + m * k * 8 + 4096, free + m * k * 8 + 4096 + k * n * 8]
  doubles.fill(0.5)
  row('multiply alone, 256×64 · 64×64', 'GFLOP/s', (2 * m * k * n) / 1e9, [
    () => {
      resident.multiply(a, k * 8, 8, b, k * 32, 32, c, n * 8, m, k, n, false)
    }
  ])
}

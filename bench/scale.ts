/**
 * Rows in memory and rows in a file, side by side: `npm run bench:scale`, or `… -- 100000000` for so many rows. Each line is a
 * process of its own, so that its memory is its own: reading a CSV text, and the steps of EM on 8 columns, 8
 * components. At the end, sums by workers at a queue (bench/queue.ts).
 */
import { execFileSync } from 'node:child_process'
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pipe } from 'fp-ts/lib/function.js'
import { Key, useThreads } from '../lib/index.js'
import { Mixture, Problem, Score, Source, type Params } from '../src/index.js'
import * as EM from '../src/mixture/em/expectationMaximization.js'

const [DIM, K] = [8, 8]
const PIECE = 1 << 16

const truth = Mixture.of({
  means: Array.from({ length: K }, (_, k) => Array.from({ length: DIM }, (_, j) => 3 * ((k + j) % K)))
})
const piece = (first: number, rows: number) =>
  pipe(truth, Mixture.sample(Math.min(PIECE, rows - first))(pipe(Key.fromSeed(1), Key.child(first / PIECE))))

function* pieces(rows: number): Generator<ReturnType<typeof piece>> {
  for (let first = 0; first < rows; first += PIECE) yield piece(first, rows)
}

const timed = <A>(work: () => A): readonly [seconds: number, result: A] => {
  const start = performance.now()
  const result = work()
  return [(performance.now() - start) / 1e3, result]
}
const line = (...cells: ReadonlyArray<string | number>): void => {
  const peak = process.resourceUsage().maxRSS / 1024
  console.log(`| ${[...cells, peak.toFixed(0)].join(' | ')} |`)
}

const score = { isotropic: Score.isotropic({ components: K }), full: Score.full({ components: K }) }

const steps = (how: string, rows: number, threads: number, family: keyof typeof score): void => {
  useThreads(threads)
  const of = Score.interpret<string>(score[family]).family
  const from = of?.fromMixture
  if (of === undefined || from === undefined) throw new Error('no family')
  const start: Params.Params<string> = from(truth)
  const values = (): Float64Array => {
    const all = new Float64Array(rows * DIM)
    let at = 0
    for (const part of pieces(rows)) {
      all.set(part.values, at)
      at += part.values.length
    }
    return all
  }
  const [first, step] = timed((): ((params: Params.Params<string>) => { readonly params: Params.Params<string> }) => {
    if (how === 'in memory') return EM.step(of, 1e-6, { rows, dim: DIM, values: values() })
    return EM.step(of, 1e-6, Problem.orThrow(Source.gathered(pieces(rows))))
  })
  let params = step(start).params
  const times = Array.from({ length: 3 }, () => {
    const [seconds, next] = timed(() => step(params))
    params = next.params
    return seconds
  })
  line(how, family, rows, threads, first.toFixed(1), Math.min(...times).toFixed(3))
}

const reading = async (file: string, how: string): Promise<void> => {
  const start = performance.now()
  const read = Problem.orThrow(await Source.fromCsv()(createReadStream(file, { highWaterMark: 1 << 20 })))
  const took = (performance.now() - start) / 1e3
  line(how, read.source.rows, (statSync(file).size / 1e6).toFixed(0), took.toFixed(2))
}

const [, , asked, ...rest] = process.argv
if (asked === 'steps') steps(rest[0], Number(rest[1]), Number(rest[2]), rest[3] === 'full' ? 'full' : 'isotropic')
else if (asked === 'csv') await reading(rest[0], 'CSV in pieces')
else {
  const rows = Number(process.argv.length > 2 ? asked : 10_000_000)
  const again = (...args: ReadonlyArray<string | number>): void => {
    process.stdout.write(execFileSync(process.execPath, [fileURLToPath(import.meta.url), ...args.map(String)]))
  }
  const folder = mkdtempSync(join(tmpdir(), 'ornstein-bench-'))
  try {
    const file = join(folder, 'table.csv')
    const text = await open(file, 'w')
    await text.write(`${Array.from({ length: DIM }, (_, j) => `x${j + 1}`).join()}\n`)
    for (const { values } of pieces(1_000_000)) {
      const lines = Array.from({ length: values.length / DIM }, (_, i) =>
        values.subarray(i * DIM, (i + 1) * DIM).join()
      )
      await text.write(`${lines.join('\n')}\n`)
    }
    await text.close()
    console.log('| | rows | MB of text | s | peak, MB |\n|---|---:|---:|---:|---:|')
    again('csv', file)
  } finally {
    rmSync(folder, { recursive: true })
  }
  console.log(
    '\n| rows | family | rows | threads | to have them, s | a step, s | peak, MB |\n|---|---|---:|---:|---:|---:|---:|'
  )
  for (const threads of [1, 2])
    for (const how of ['in memory', 'in a file']) again('steps', how, rows, threads, 'isotropic')
  for (const how of ['in memory', 'in a file']) again('steps', how, Math.ceil(rows / 10), 1, 'full')
  process.stdout.write(execFileSync(process.execPath, [join(dirname(fileURLToPath(import.meta.url)), 'queue.js')]))
}

/**
 * Time and memory as rows, dimensions and components double, and 10⁷ rows × 8 in memory: `npm run bench:growth`. Each line
 * is a step of descent on projected noise, and of EM. Then whole fits of tables with more columns than rows: with `--wide` these alone.
 * With `--text`: processor time of reading, matching and rejecting text as it doubles, which should double too.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Key } from '../lib/index.js'
import { matchesPattern } from '../src/cli/inputFiles.js'
import {
  Compile,
  Expectation,
  fit,
  Initializer,
  NoiseLevels,
  Objective,
  Pipeline,
  Points,
  Schedule,
  Score,
  Stage,
  Vocabulary
} from '../src/index.js'
import * as EM from '../src/mixture/em/expectationMaximization.js'

const best = (run: (i: number) => unknown, repeats: number): number =>
  Math.min(
    ...Array.from({ length: repeats }, (_, i) => {
      const start = performance.now()
      run(i)
      return performance.now() - start
    })
  )

const measure = (rows: number, dim: number, K: number): void => {
  const points = { rows, dim, values: Key.normal(rows * dim)(Key.fromSeed(1)) }
  const compiled = pipe(
    points,
    Compile.valueAndGrad({
      schedule: Schedule.ornsteinUhlenbeck,
      score: Score.spherical({ components: K }),
      objective: Objective.denoising(NoiseLevels.at(0.3)),
      expectation: Expectation.projected()
    })
  )
  if (E.isLeft(compiled)) throw new Error(JSON.stringify(compiled.left))
  const { family } = Score.interpret(Score.spherical({ components: K }))
  if (family === undefined) throw new Error('no family')
  const params = { means: { shape: [K, dim], values: Key.normal(K * dim)(Key.fromSeed(2)) } }
  const em = EM.step(family, 1e-6, points)
  const first = best(() => compiled.right(params, Key.fromSeed(3)), 1)
  const repeats = rows > 2e6 ? 2 : 7
  const step = best(i => compiled.right(params, Key.fromSeed(i)), repeats)
  const ofEM = best(() => em(params), repeats)
  const memory = process.memoryUsage().rss / 2 ** 20
  const cells = [rows, dim, K, first.toFixed(1), step.toFixed(2), ofEM.toFixed(2), memory.toFixed(0)]
  console.log(`| ${cells.join(' | ')} |`)
}

/** Two clusters six standard deviations apart in the first ten columns. */
const wide = (rows: number, dim: number): ReadonlyArray<ReadonlyArray<number>> => {
  const z = Key.normal(rows * dim)(Key.fromSeed(5))
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: dim }, (_, j) => z[i * dim + j] + (j < 10 ? (i % 2 === 0 ? -3 : 3) : 0))
  )
}

const measureFit = (rows: number, dim: number, name: string, options: Parameters<typeof fit>[1]): void => {
  const table = wide(rows, dim)
  const start = process.cpuUsage()
  const { family, components } = fit(table, options)
  const { user } = process.cpuUsage(start)
  const memory = process.memoryUsage().rss / 2 ** 20
  console.log(`| ${rows} | ${dim} | ${name} | ${components} ${family} | ${(user / 1e6).toFixed(1)} | ${memory.toFixed(0)} |`) // prettier-ignore
}

const annealed = (steps: number): Pipeline.Pipeline<'means'> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.spherical({ components: 2 }),
    initializer: Initializer.fromData,
    stages: [Stage.anneal(Array.from({ length: steps }, (_, i) => -1 - i))(Stage.expectationMaximization({ steps: 3 }))]
  })

/** Work on text whose length is the argument. */
const texts: Readonly<Record<string, (length: number) => unknown>> = {
  'a table with cells of blanks': length =>
    Points.readCsv(`a,b\n1,"${' '.repeat(length)}x"\n2,"${' '.repeat(length)}"\n`),
  'a column with a long name': length =>
    Points.readCsv(`${'x'.repeat(length)}y,b\n1,2\n`, { columns: [`${'x'.repeat(length)}z`] }),
  'a pattern of nine stars': length => matchesPattern('*a*a*a*a*a*a*a*a*b')('a'.repeat(length)),
  'wrong noise levels': length =>
    Compile.pipeline(annealed(length))({ rows: 2, dim: 1, values: Float64Array.of(-1, 1) }),
  'wrong entries of JSON': length =>
    Pipeline.codec(Vocabulary.standard).decode({
      ...(Pipeline.codec(Vocabulary.standard).encode(annealed(1)) as object),
      schedule: { _tag: 'betas', betas: Array.from({ length }, () => 'x') }
    })
}

const measureText = (name: string, work: (length: number) => unknown): void => {
  const took = [1, 2, 4, 8].map(times => {
    work(100)
    const start = process.cpuUsage()
    work(8000 * times)
    const { user, system } = process.cpuUsage(start)
    return ((user + system) / 1e3).toFixed(1)
  })
  console.log(`| ${[name, ...took].join(' | ')} |`)
}

if (process.argv.includes('--text')) {
  console.log('| ms for a length of | 8000 | 16000 | 32000 | 64000 |\n|:--|---:|---:|---:|---:|')
  for (const [name, work] of Object.entries(texts)) measureText(name, work)
  process.exit()
}
if (!process.argv.includes('--wide')) {
  console.log(
    '| rows | dim | K | first step, ms | a step, ms | EM, ms | memory in all, MB |\n|---:|---:|---:|---:|---:|---:|---:|'
  )
  for (const rows of [25_000, 50_000, 100_000, 200_000, 400_000]) measure(rows, 16, 4)
  for (const dim of [32, 64, 128]) measure(50_000, dim, 4)
  for (const K of [8, 16, 32]) measure(50_000, 16, K)
  measure(10_000_000, 8, 2)
}
console.log('\n| rows | columns | asked | chosen | processor, s | memory in all, MB |\n|---:|---:|:--|:--|---:|---:|')
measureFit(60, 2000, 'isotropic, K = 2', { family: 'isotropic', components: 2 })
measureFit(60, 2000, 'default', {})
measureFit(200, 500, 'default', {})

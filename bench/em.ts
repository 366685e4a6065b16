/** `npm run bench:em`: a step of expectation–maximization for each family that scikit-learn has too, in turns with its own. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipe } from 'fp-ts/lib/function.js'
import { Initializer, Key, Mixture, Problem, Score, type Points } from '../src/index.js'
import * as ExpectationMaximization from '../src/mixture/em/expectationMaximization.js'
import { has, median, PYTHON } from './rivals.js'

const ROUNDS = 7
/** Steps of a slice: ours are many, as in a fit, since threads that were asleep have a processor each only after some tens. */
const [OURS, ITS] = [150, 10]

const SIZES = [
  { rows: 100_000, dim: 8, K: 5 },
  { rows: 20_000, dim: 16, K: 8 }
]

const families = (K: number): ReadonlyArray<readonly [string, Score.Score<string>]> => [
  ['full', Score.full({ components: K })],
  ['diag', Score.diagonal({ components: K })],
  ['tied', Score.tied({ components: K })]
]

/** Milliseconds of a step, by the clock and of all processors. */
type Times = readonly [number, number]

const medians = (all: ReadonlyArray<Times>): Times => [
  median(all.map(([clock]) => clock)),
  median(all.map(([, used]) => used))
]

const ours = (score: Score.Score<string>, points: Points.Points, key: Key.Key): (() => Times) => {
  const { family } = Score.interpret(score)
  if (family === undefined) throw new Error('no family')
  const step = ExpectationMaximization.step(family, 1e-6, points)
  let params = Problem.orThrow(Initializer.interpret(score, points)(Initializer.kMeansPlusPlus))(key)
  return () => {
    const [clock, used] = [performance.now(), process.cpuUsage()]
    for (let i = 0; i < OURS; i++) params = step(params).params
    const { user, system } = process.cpuUsage(used)
    return [(performance.now() - clock) / OURS, (user + system) / 1000 / OURS]
  }
}

const theirs = async (
  args: ReadonlyArray<string>
): Promise<(() => Promise<Times>) & { readonly leave: () => void }> => {
  const child = spawn(PYTHON, ['bench/em.py', ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await lines.next()
  return Object.assign(
    async (): Promise<Times> => {
      child.stdin.write(`${ITS}\n`)
      const line = await lines.next()
      if (line.done === true) throw new Error('scikit-learn left')
      const [clock, used] = JSON.parse(line.value) as Times
      return [clock / ITS, used / ITS]
    },
    { leave: () => child.stdin.end() }
  )
}

if (!has('sklearn')) throw new Error(`scikit-learn for ${PYTHON} is not installed`)
const directory = mkdtempSync(join(tmpdir(), 'ornstein-em-'))
console.log(
  `${availableParallelism()} processors, Node ${process.version}, load ${loadavg()[0].toFixed(1)}; medians of ${ROUNDS} slices in turns\n`
)
console.log(
  '| family | rows, d, K | ours, ms | processors, ms | scikit-learn, ms | processors, ms | ratio | of processors |'
)
console.log('| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |')
for (const { rows, dim, K } of SIZES) {
  const keys = pipe(Key.fromSeed(1), Key.named('centres', 'rows', 'start'))
  const means = { shape: [K, dim], values: Key.normal(K * dim)(keys.centres).map(z => 2 * z) }
  const points = Mixture.sample(rows)(keys.rows)(
    Mixture.of({ means: Array.from({ length: K }, (_, k) => [...means.values.subarray(k * dim, (k + 1) * dim)]) })
  )
  const [file, centres] = ['x', 'means'].map(name => join(directory, name))
  writeFileSync(file, points.values)
  writeFileSync(centres, means.values)
  for (const [name, score] of families(K)) {
    const step = ours(score, points, keys.start)
    const rival = await theirs([file, String(dim), String(K), name, centres])
    const all: { readonly mine: Times; readonly its: Times }[] = []
    for (let round = 0; round <= ROUNDS; round++) all.push({ mine: step(), its: await rival() })
    rival.leave()
    // The first slice compiles.
    const [mine, its] = [medians(all.slice(1).map(({ mine }) => mine)), medians(all.slice(1).map(({ its }) => its))]
    const cells = [...mine, ...its, its[0] / mine[0], its[1] / mine[1]].map(x => x.toPrecision(3))
    console.log(`| ${[name, `${rows}, ${dim}, ${K}`, ...cells].join(' | ')} |`)
  }
}
rmSync(directory, { recursive: true })
console.log(`\nload at the end ${loadavg()[0].toFixed(1)}`)
process.exit(0)

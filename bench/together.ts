/**
 * Many runs side by side against the same runs in turn, in one process: `npm run bench:together`. The pair problem, two stages on 1000 rows
 * in 16 dimensions from 64 seeds, by wall and by processor time; the least of a few rounds.
 */
import { Compile, Key, Mixture, Problem, Recipe, Run, Score } from '../src/index.js'

const [ROWS, DIM, RUNS] = [1000, 16, 64]
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)

const truth = Mixture.symmetricPair(Array.from({ length: DIM }, (_, j) => (j === 0 ? 1 : 0)))
const points = Mixture.sample(ROWS)(Key.fromSeed(1))(truth)
const compiled = () => Problem.orThrow(Compile.pipeline(Recipe.twoStage(Score.symmetricPair)(points))(points))
const keys = Key.split(RUNS)(Key.fromSeed(2))

const ways = {
  'each compiled and run': () => keys.map(key => Run.last(compiled())(key)),
  'one program, runs in turn': () => keys.map(Run.last(compiled())),
  together: () => Run.together(compiled())(keys)
}

const processor = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const least = new Map<string, readonly [wall: number, processor: number]>()
const bits = new Set<string>()
for (let round = 0; round <= ROUNDS; round++)
  for (const [name, run] of Object.entries(ways)) {
    const [wall, own] = [performance.now(), processor()]
    bits.add(JSON.stringify(run().map(({ params }) => Array.from(params.mean.values))))
    const took = [performance.now() - wall, processor() - own] as const
    const before = least.get(name)
    // The first round warms up.
    if (round > 0) least.set(name, before ? [Math.min(before[0], took[0]), Math.min(before[1], took[1])] : took)
  }
if (bits.size > 1) throw new Error('runs side by side have other bits')
const [first] = [...least.values()]
for (const [name, [wall, own]] of least)
  console.log(
    `${name.padEnd(26)} ${wall.toFixed(0).padStart(7)} ms, ${(wall / first[0]).toFixed(2)} of the first; processor ${own.toFixed(0).padStart(7)} ms, ${(own / first[1]).toFixed(2)}`
  )

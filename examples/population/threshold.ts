/**
 * How many rows does the two-stage algorithm need? n = C d/|c|⁴ for ½N(c, I) + ½N(−c, I): the threshold of C, and the exponents of d and |c|.
 * A few runs; `node threshold.js full` takes a quarter of an hour of processor time, tells its cells as lines of JSON, and goes on from those of
 * a file that it is given. `node threshold.js full cells.jsonl 0 2` runs every other cell, and another process the others by `1 2`.
 */
import { existsSync, readFileSync } from 'node:fs'
import { pipe } from 'fp-ts/lib/function.js'
import { Compile, Key, Mixture, Phase, Problem, Recipe, Run, Score } from 'ornstein'

type Axis = 'C' | 'd' | 'c'
const rowsOf = ({ C, d, c }: Phase.At<Axis>): number => Math.max(2, Math.round((C * d) / c ** 4))

const [, , budget, file = '', index = '0', of = '1'] = process.argv
const isFull = budget === 'full'
export const diagram = Phase.diagram({
  axes: isFull
    ? { C: Phase.geometric(0.7, 10, 5), d: [8, 16, 32], c: [0.5, 0.7, 1] }
    : { C: Phase.geometric(0.5, 16, 2), d: [8], c: [1] },
  seeds: isFull ? 30 : 3,
  known: existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .flatMap(line => (line.startsWith('{"at"') ? [JSON.parse(line) as Phase.Cell<Axis>] : []))
    : [],
  part: { index: Number(index), of: Number(of) },
  onCell: cell => {
    if (isFull) console.log(JSON.stringify(cell))
  },
  succeeds: (at, key) => {
    const { data, run } = Key.named('data', 'run')(key)
    const centre = Array.from({ length: at.d }, (_, j) => (j === 0 ? at.c : 0))
    const points = Mixture.sample(rowsOf(at))(data)(Mixture.symmetricPair(centre))
    const recipe = Recipe.twoStage(Score.symmetricPair)(points)
    const { values } = Run.last(pipe(points, Compile.pipeline(recipe), Problem.orThrow))(run).params.mean
    return Math.abs(values[0]) > Math.SQRT1_2 * Math.hypot(...values)
  }
})
if (of === '1') {
  console.log(diagram.picture('C'))
  console.log(diagram.threshold('C').table())
  if (isFull) console.log(diagram.threshold('C', rowsOf).exponents(['d', 'c']))
}

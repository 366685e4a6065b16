/**
 * How many rows does a subspace need? Two subspaces of d dimensions in a space of 12, with a little noise: low-rank components find them from
 * a few times as many rows as dimensions (the phase transition of arXiv 2409.02426), and the threshold grows as d. `node lowrank.js full` takes
 * minutes.
 */
import { pipe } from 'fp-ts/lib/function.js'
import { Compile, Initializer, Key, Params, Phase, Pipeline, Problem, Run, Schedule, Score, Stage } from 'ornstein'

const SPACE = 12
const NOISE = 0.1
const COMPONENTS = [0, 1]
type Axis = 'ratio' | 'd'
/** Rows of each subspace; one more than the ratio says, since means are free. */
const rowsOf = ({ ratio, d }: Phase.At<Axis>): number => Math.round(ratio * d) + 1

/** Rows about two subspaces along axes of the space, d each, of variance 1 in them. */
const drawn = (at: Phase.At<Axis>, key: Key.Key) => {
  const each = rowsOf(at)
  const values = Key.normal(COMPONENTS.length * each * SPACE)(key).map((z, i) => {
    const row = Math.floor(i / SPACE)
    const j = i % SPACE
    return Math.floor(j / at.d) === Math.floor(row / each) ? z : NOISE * z
  })
  return { rows: COMPONENTS.length * each, dim: SPACE, values }
}

/** Of the d axes of a subspace the share that lies in the span of d vectors, columns of [SPACE, d]. */
const shared = (columns: Float64Array, d: number, first: number): number => {
  const basis: number[][] = []
  for (let k = 0; k < d; k++) {
    const rest = Array.from({ length: SPACE }, (_, j) => columns[j * d + k])
    const whole = Math.hypot(...rest)
    for (const u of [...basis, ...basis]) {
      const along = u.reduce((sum, x, j) => sum + x * rest[j], 0)
      u.forEach((x, j) => (rest[j] -= along * x))
    }
    const length = Math.hypot(...rest)
    if (length > 1e-6 * whole) basis.push(rest.map(x => x / length))
  }
  return basis.reduce((sum, u) => sum + u.slice(first, first + d).reduce((s, x) => s + x * x, 0), 0) / d
}

const fitted = (at: Phase.At<Axis>, key: Key.Key): ReadonlyArray<Float64Array> => {
  const { data, start, run } = Key.named('data', 'start', 'run')(key)
  // Each begins with its own subspace and as much of others: which rows belong together is not asked here.
  const noise = Key.normal(2 * SPACE * at.d)(start)
  const factors = COMPONENTS.map(c =>
    Array.from({ length: SPACE }, (_, j) =>
      Array.from({ length: at.d }, (_, k) => (j === c * at.d + k ? 1 : 0) + 0.3 * noise[(c * SPACE + j) * at.d + k])
    )
  )
  const pipeline = Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.lowRank({ components: 2, rank: at.d }),
    initializer: Initializer.values(
      Params.of({
        means: COMPONENTS.map(() => Array.from({ length: SPACE }, () => 0)),
        logits: [0, 0],
        factors,
        logNoise: COMPONENTS.map(() => Array.from({ length: SPACE }, () => 2 * Math.log(NOISE)))
      })
    ),
    stages: [Stage.expectationMaximization({ steps: 200, relativeChange: 1e-6, varianceFloor: NOISE ** 2 })]
  })
  const { values } = Run.last(pipe(drawn(at, data), Compile.pipeline(pipeline), Problem.orThrow))(run).params.factors
  return COMPONENTS.map(c => values.slice(c * SPACE * at.d, (c + 1) * SPACE * at.d))
}

const isFull = process.argv[2] === 'full'
export const diagram = Phase.diagram({
  axes: isFull ? { ratio: [0.5, 0.75, 1, 1.5, 2, 3], d: [2, 4] } : { ratio: [0.5, 4], d: [2] },
  seeds: isFull ? 8 : 3,
  succeeds: (at, key) => fitted(at, key).every((columns, c) => shared(columns, at.d, c * at.d) > 0.9)
})
console.log(diagram.picture('ratio'))
console.log(diagram.threshold('ratio', rowsOf).table())

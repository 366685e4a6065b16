/**
 * The theorems of Shah, Chen & Klivans (2023) at the information threshold. Two Gaussians from a random start, n = C d/|c|⁴ rows in d dimensions:
 * the algorithm of two stages beside the top eigenvector of the second moment, with equal and unequal weights and with unequal variances, which
 * the theorem has not; the limit d → ∞ of the eigenvector (Baik, Ben Arous & Péché 2005; Paul 2007) is drawn in. And K Gaussians from a warm
 * start at half the separation, which is a multiple of √log K. A few cells; `node atThreshold.js full cells.jsonl` runs all, tells
 * each as a line of JSON, goes on from those of the file, and writes the picture where a third argument says.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { pipe } from 'fp-ts/lib/function.js'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Metric,
  Mixture,
  Objective,
  Optimizer,
  Picture,
  Pipeline,
  type Points,
  Problem,
  Rate,
  Recipe,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from 'ornstein'

const [, , budget, file = ''] = process.argv
const picture = process.argv.at(4)
const isFull = budget === 'full'
const lines: ReadonlyArray<unknown> = existsSync(file)
  ? readFileSync(file, 'utf8')
      .split('\n')
      .flatMap(line => (line.startsWith('{') ? [JSON.parse(line) as unknown] : []))
  : []

/** What was measured at a place; known places are not run again, and new ones are told. */
interface Cell {
  readonly name: string
  readonly at: Readonly<Record<string, number | string>>
  readonly values: ReadonlyArray<number>
}
const isCell = (u: unknown): u is Cell => typeof u === 'object' && u !== null && 'name' in u && 'values' in u
const measured = (name: string, at: Cell['at'], run: () => ReadonlyArray<number>): Cell => {
  const known = lines.filter(isCell).find(one => one.name === name && JSON.stringify(one.at) === JSON.stringify(at))
  if (known !== undefined) return known
  const cell = { name, at, values: run() }
  if (isFull) console.log(JSON.stringify(cell))
  return cell
}

const ended = <P extends string>(pipeline: Pipeline.Pipeline<P>, points: Points.Points, key: Key.Key) =>
  Run.last(pipe(points, Compile.pipeline(pipeline), Problem.orThrow))(key).params

// —— two Gaussians ——

/** ±c along the first axis. Of weights w and 1 − w the second moment about 0 is that of equal ones, I + ccᵀ. */
const PAIRS = {
  'the theorem’s': { weights: [1, 1], variances: [1, 1] },
  'weights 1 : 4': { weights: [1, 4], variances: [1, 1] },
  'variances 0.5 and 1.5': { weights: [1, 1], variances: [0.5, 1.5] }
} as const
type Pair = keyof typeof PAIRS
const isPair = (name: string): name is Pair => name in PAIRS

/** cos² to the centre of the top eigenvector and of the two stages, a run. */
const cosines = (pair: Pair, d: number, c: number, C: number, key: Key.Key): readonly [number, number] => {
  const keys = Key.named('data', 'run')(key)
  const centre = Array.from({ length: d }, (_, j) => (j === 0 ? c : 0))
  const truth = Mixture.of({ means: [centre, centre.map(x => 0 - x)], ...PAIRS[pair] })
  const points = Mixture.sample(Math.max(2, Math.round((C * d) / c ** 4)))(keys.data)(truth)
  const top = Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.symmetricPair,
    initializer: Initializer.spectral,
    stages: []
  })
  const along = ({ mean: { values } }: { readonly mean: { readonly values: Float64Array } }): number =>
    values[0] ** 2 / values.reduce((sum, x) => sum + x * x, 0)
  return [
    along(ended(top, points, keys.run)),
    along(ended(Recipe.twoStage(Score.symmetricPair)(points), points, keys.run))
  ]
}

/** cos² of the top eigenvector as d → ∞, γ = d/n = |c|⁴/C: (1 − γ/|c|⁴)/(1 + γ/|c|²) above C = 1, and 0 below. */
export const limit = (c: number, C: number): number => (C <= 1 ? 0 : (1 - 1 / C) / (1 + c ** 2 / C))

const mean = (all: ReadonlyArray<number>): number => all.reduce((sum, x) => sum + x, 0) / all.length
const error = (all: ReadonlyArray<number>): number =>
  Math.sqrt(all.reduce((sum, x) => sum + (x - mean(all)) ** 2, 0) / (all.length * Math.max(1, all.length - 1)))

/** |c| = 1 in low dimensions; in high ones 2, where rows are few enough for many runs. */
const grid = isFull
  ? [
      { d: 16, c: 1, seeds: 8 },
      { d: 64, c: 1, seeds: 4 },
      { d: 256, c: 2, seeds: 4 },
      { d: 1024, c: 2, seeds: 2 }
    ]
  : [{ d: 16, c: 1, seeds: 2 }]
const multiples = isFull ? [0.5, 1, 2, 4, 8] : [0.5, 8]

export const pairs = Object.keys(PAIRS)
  .filter(isPair)
  .flatMap(pair =>
    grid.flatMap(({ d, c, seeds }) =>
      multiples.map(C => {
        const { values } = measured('pair', { pair, d, c, C, seeds }, () =>
          Key.split(seeds)(Key.fromSeed(d)).flatMap(key => cosines(pair, d, c, C, key))
        )
        const [eigenvector, stages] = [0, 1].map(k => values.filter((_, i) => i % 2 === k))
        return { pair, d, c, C, eigenvector, stages, limit: limit(c, C) }
      })
    )
  )
for (const { pair, d, c, C, eigenvector, stages, limit } of pairs)
  console.log(
    `${pair}, d ${d}, |c| ${c}, C ${C}: cos² eigenvector ${mean(eigenvector).toFixed(3)} ± ${error(eigenvector).toFixed(3)}, two stages ${mean(stages).toFixed(3)} ± ${error(stages).toFixed(3)}, limit ${limit.toFixed(3)}`
  )

// —— K Gaussians ——

/** Rows a component. */
const EACH = 100
/** A run succeeds that ends within so many times the error of expectation–maximization from the truth, and tells the centres apart. */
const CLOSE = 1.25
const APART = 1 / 4

/** The errors of descent at t = 0.1 and of expectation–maximization from one warm start, over that of expectation–maximization from the truth. */
const settled = (K: number, multiple: number, isUnequal: boolean, key: Key.Key): readonly [number, number] => {
  const keys = Key.named('data', 'run')(key)
  const separation = multiple * Math.sqrt(Math.log(K))
  // All as far apart, in as many dimensions.
  const means = Array.from({ length: K }, (_, k) =>
    Array.from({ length: K }, (_, j) => (j === k ? separation / Math.SQRT2 : 0))
  )
  const truth = Mixture.of({
    means,
    weights: means.map((_, k) => (isUnequal && k % 2 === 1 ? 3 : 1)),
    variances: means.map((_, k) => (isUnequal ? [0.7, 1.3][(k >> 1) % 2] : 1))
  })
  const points = Mixture.sample(EACH * K)(keys.data)(truth)
  const by = (initializer: Initializer.Initializer, stage: Stage.Stage): number =>
    Metric.centreError(
      ended(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score: Score.spherical({ components: K }),
          initializer,
          stages: [stage]
        }),
        points,
        keys.run
      ),
      truth
    )
  const { alpha } = Schedule.level(0.1)(Schedule.ornsteinUhlenbeck)
  const em = Stage.expectationMaximization({ steps: 60, relativeChange: 1e-4 })
  const descent = Stage.descend({
    objective: Objective.denoising(NoiseLevels.at(0.1)),
    expectation: Expectation.projected({ antithetic: true }),
    // A step of expectation–maximization is K/(2α²); it falls to 0, so that the noise that is drawn averages out.
    optimizer: Optimizer.scaleByRate(Rate.cosine({ rate: K / (2 * alpha ** 2), steps: 60 })),
    steps: 60
  })
  const start = Initializer.warmStart({ centres: means, radius: separation / 2 })
  const least = by(Initializer.values(means), em)
  // Where the likeliest centres are not told apart, nobody succeeds.
  return least > APART * separation ? [1e9, 1e9] : [by(start, descent) / least, by(start, em) / least]
}

export const spheres = (isFull ? [4, 16, 64] : [4]).flatMap(K =>
  (isFull ? [1, 2, 3] : [3]).flatMap(multiple =>
    [false, true].map(isUnequal => {
      const seeds = isFull ? (K === 64 ? 2 : 4) : 2
      const { values } = measured('spheres', { K, multiple, isUnequal: isUnequal ? 1 : 0, seeds }, () =>
        Key.split(seeds)(Key.fromSeed(K)).flatMap(key => settled(K, multiple, isUnequal, key))
      )
      const share = (k: number): number => {
        const own = values.filter((_, i) => i % 2 === k)
        return own.filter(x => x <= CLOSE).length / own.length
      }
      return { K, multiple, isUnequal, seeds, descent: share(0), em: share(1) }
    })
  )
)
for (const { K, multiple, isUnequal, seeds, descent, em } of spheres)
  console.log(
    `K ${K}, ${multiple} √log K apart${isUnequal ? ', weights 1 : 3, variances 0.7 and 1.3' : ''}: of ${seeds} runs succeed ${descent.toFixed(2)} by descent, ${em.toFixed(2)} by expectation–maximization`
  )

// —— the picture ——

const names = Object.keys(PAIRS).filter(isPair)
export const drawn = Picture.curves(
  [...new Set(grid.map(({ d }) => d))].map(d => {
    const own = pairs.filter(one => one.d === d)
    const { c } = own[0]
    return {
      title: `d = ${d}, |c| = ${c}`,
      x: { title: 'C = n |c|⁴/d', domain: [0.4, 10] as const, scale: 'log' as const, ticks: [0.5, 1, 2, 4, 8] },
      y: { title: 'cos² to the centre', domain: [0, 1] as const },
      series: [
        ...names.map((name): Picture.Series => ({
          name: `two stages, ${name}`,
          marks: 'both',
          points: own
            .filter(({ pair }) => pair === name)
            .map(({ C, stages }) => ({
              x: C,
              y: mean(stages),
              low: Math.max(0, mean(stages) - 2 * error(stages)),
              high: Math.min(1, mean(stages) + 2 * error(stages))
            }))
        })),
        {
          name: 'top eigenvector, the theorem’s',
          points: own
            .filter(({ pair }) => pair === names[0])
            .map(({ C, eigenvector }) => ({ x: C, y: mean(eigenvector) }))
        },
        {
          name: 'its limit as d → ∞',
          points: Array.from({ length: 81 }, (_, k) => 0.5 * 16 ** (k / 80)).map(C => ({ x: C, y: limit(c, C) }))
        }
      ]
    }
  }),
  { columns: 2, width: 300, height: 210 }
)
if (picture !== undefined)
  writeFileSync(
    picture,
    Picture.svg(
      Picture.of(drawn, {
        name: 'fig',
        title: 'How near two stages and the top eigenvector come to the centre, by rows around the spectral threshold',
        description: 'Bars are two standard errors. The limit is that of the eigenvector as d → ∞.'
      })
    )
  )

/** Split and merge moves: out of traps where expectation–maximization stays, never to a lower likelihood. */
import * as E from 'fp-ts/lib/Either.js'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as Reductions from '../../../../lib/rows/reduction.js'
import {
  Initializer,
  Key,
  Metric,
  Mixture,
  Params,
  type Points,
  Problem,
  type Run,
  Score,
  Stage
} from '../../../../src/index.js'
import * as Halves from '../../../../src/mixture/em/halves.js'
import * as SplitAndMerge from '../../../../src/mixture/em/splitAndMerge.js'
import { compiled, statesOf } from '../../../learned.js'

/** How far the centres are, where it ends, from those of a mixture. */
const errorOf = (run: ReadonlyArray<Run.State<string>>, of: Mixture.Mixture): number =>
  Metric.centreError(run[run.length - 1].params, of)
/** Five standard errors of a mean of 300 rows. */
const FIVE = 5 / Math.sqrt(300)

const em = Stage.expectationMaximization({ steps: 300, relativeChange: 1e-9 })

/** Three groups on a line; two of the centres start in the left one, and one between the others. */
const trap = [[-10.1], [-9.9], [10]]
const truth = Mixture.of({ means: [[-10], [6], [14]] })
const points = Mixture.sample(900)(Key.fromSeed(1))(truth)

const move = Stage.splitAndMerge({ steps: 10 })
const three = { components: 3 }

it.each<readonly [string, Score.Score<string>]>([
  ['isotropic', Score.isotropic(three)],
  ['spherical', Score.spherical(three)]
])('two components in one group, one over two, hold expectation–maximization and are parted: %s', (_, score) => {
  const start = Initializer.values(trap)
  expect(errorOf(statesOf(score, start, [em], points), truth)).toBeGreaterThan(2)
  expect(errorOf(statesOf(score, start, [em, move, em], points), truth)).toBeLessThan(FIVE)
})

it('an empty component is put to use', () => {
  const start = Params.of({ means: [[-10], [10], [1000]], logits: [0, 0, -700], logVariances: [0, 3, 0] })
  const run = statesOf(Score.isotropic(three), Initializer.values(start), [em, move, em], points)
  expect(errorOf(run, truth)).toBeLessThan(FIVE)
})

it('the most promising move comes first', () => {
  // Two over the first group, one over the last two, and two more that are right.
  const groups = Mixture.of({ means: [[-20], [-10], [0], [10], [14]] })
  const data = Mixture.sample(1500)(Key.fromSeed(2))(groups)
  const start = Initializer.values([[-20.1], [-19.9], [-10], [0], [12]])
  const moves = [em, Stage.splitAndMerge({ steps: 1, attempts: 1 }), em]
  expect(errorOf(statesOf(Score.isotropic({ components: 5 }), start, moves, data), groups)).toBeLessThan(FIVE)
})

describe('what a move is chosen by', () => {
  const mixture = Mixture.of({ means: [[-10], [-9], [10]], weights: [0.2, 0.2, 0.6], variances: [1, 2, 16] })
  const survey = Halves.splitCandidates(points, mixture, { second: 'trace', leastRows: 3 })
  const mass = (k: number): number => {
    const { values } = Mixture.responsibilities(points)(mixture)
    return values.reduce((sum, p, at) => (at % 3 === k ? sum + p : sum), 0) / points.rows
  }
  const [likeliest] = survey.splits[2]
  const halves = [...likeliest.halves].sort((a, b) => a.mean[0] - b.mean[0])
  const variance = ({ factor }: (typeof halves)[number]): number => factor.values[0] ** 2

  it('is what the likelihood loses without a component', () => {
    const whole = Mixture.meanLogDensity(points)(mixture)
    for (const k of [0, 1]) {
      const others = [0, 1, 2].filter(other => other !== k)
      const rest = Mixture.of({
        means: others.map(other => [mixture.means.values[other]]),
        weights: others.map(other => mixture.weights[other]),
        variances: others.map(other => mixture.variances[other])
      })
      // The price of a share is that of the rows' own, where the likelihood has the mixture's.
      const price = Math.log1p(-mass(k)) - Math.log1p(-mixture.weights[k])
      expect(survey.cost[k]).toBeCloseTo(whole - Mixture.meanLogDensity(points)(rest) + price, 10)
    }
  })

  it('is what the likelihood gains by halves', () => {
    const [left, right] = halves
    expect(Math.abs(left.mean[0] - 6)).toBeLessThan(0.5)
    expect(Math.abs(right.mean[0] - 14)).toBeLessThan(0.5)
    const own = { ...points, rows: 600, values: points.values.filter(x => x > 0).slice(0, 600) }
    const single = Mixture.of({ means: [[10]], variances: [16] })
    const two = Mixture.of({
      means: [[left.mean[0]], [right.mean[0]]],
      weights: [left.weight, right.weight],
      variances: [variance(left), variance(right)]
    })
    const gain = Mixture.meanLogDensity(own)(two) - Mixture.meanLogDensity(own)(single)
    // The gain is counted on the rows by their responsibilities, and against the component as it stands.
    expect(likeliest.gain).toBeGreaterThan(0.9 * mass(2) * gain)
    expect(likeliest.gain).toBeLessThan(1.1 * mass(2) * gain)
  })

  it('is carried out: a half takes the place of what was removed, the other of what was split', () => {
    const [half, other] = likeliest.halves
    const { means, weights } = Halves.mixtureAfterMove(mixture, 0, 2, [half, other])
    const total = 0.2 + half.weight + other.weight
    expect([...means.values]).toEqual([other.mean[0], -9, half.mean[0]])
    ;[other.weight, 0.2, half.weight].forEach((weight, k) => {
      expect(weights[k]).toBeCloseTo(weight / total, 12)
    })
  })

  it('halves components along the direction in which they spread most, where rows are few for their columns', () => {
    // 24 rows in 30 columns, in two groups along one that is no column.
    const along = Float64Array.from({ length: 30 }, (_, j) => (j % 3 === 0 ? 1 : -1) / Math.sqrt(30))
    const noise = Key.normal(24 * 30)(Key.fromSeed(3))
    const values = noise.map((z, at) => z + (Math.floor(at / 30) % 2 === 0 ? 9 : -9) * along[at % 30])
    const [[split]] = Halves.splitCandidates(
      { rows: 24, dim: 30, values },
      Mixture.of({ means: [new Array<number>(30).fill(0)], variances: [3.6] }),
      { second: 'trace', leastRows: 2 }
    ).splits
    const [a, b] = split.halves
    const apart = a.mean.map((x, j) => x - b.mean[j])
    const length = Math.sqrt(apart.reduce((sum, x) => sum + x * x, 0))
    const cosine = apart.reduce((sum, x, j) => sum + x * along[j], 0) / length
    // Means of twelve rows are off by √(30/12) in all directions, 2.2 together of 18.
    expect(Math.abs(cosine)).toBeGreaterThan(0.95)
    expect(Math.abs(length - 18)).toBeLessThan(3)
  })
})

it('ends when no move raises the likelihood, and leaves the parameters as they are', () => {
  const stages = [em, Stage.splitAndMerge({ steps: 50 })]
  const run = statesOf(Score.isotropic(three), Initializer.values([[-10], [6], [14]]), stages, points)
  const before = run.filter(({ stage }) => stage === 0).at(-1)
  const last = run.at(-1)
  expect(last).toMatchObject({ stage: 1, step: 1, status: { _tag: 'Finished', rule: 'relativeChange' } })
  expect(last?.params).toEqual(before?.params)
})

it('a second, more patient try goes on from where the first gave a move up, and leads where it would alone', () => {
  const score = Score.full({ components: 3 })
  const { family } = Score.interpret(score)
  if (family === undefined) throw new Error('a family')
  const given = { ...Mixture.sample(200)(Key.fromSeed(5))(truth) }
  const start = Problem.orThrow(Initializer.interpret(score, given)(Initializer.kMeans({ steps: 10 })))(Key.fromSeed(2))
  const settled = statesOf(score, Initializer.values(start), [em], given)
  const { params } = settled[settled.length - 1]
  let steps = 0
  const tried = (data: Points.Points, attempts: number, polish: number, patience: number): Params.Params<string> =>
    SplitAndMerge.step(family, { attempts, polish, patience, varianceFloor: 1e-6, prior: null }, data, sum => {
      steps++
      return Reductions.evaluate(sum)
    })(params, Key.fromSeed(0)).params
  const same = { ...given }
  tried(same, 10, 20, 1)
  const quick = steps
  const after = tried(same, 8, 90, 100)
  const second = steps - quick
  const alone = tried({ ...given }, 8, 90, 100)
  expect(after).toEqual(alone)
  expect(second).toBeLessThan(steps - quick - second)
})

it('never lowers the likelihood, on whatever data', () => {
  const number = fc.integer({ min: -5, max: 5 })
  fc.assert(
    fc.property(
      fc.array(fc.tuple(number, number), { minLength: 6, maxLength: 20 }),
      fc.integer({ min: 2, max: 4 }),
      (rows, components) => {
        const points = { rows: rows.length, dim: 2, values: Float64Array.from(rows.flat()) }
        const stage = Stage.splitAndMerge({ steps: 5, attempts: 3, polish: 3, varianceFloor: 0.01 })
        const moves = statesOf(Score.isotropic({ components }), Initializer.fromData, [stage], points)
        const values = moves.flatMap(({ value }) => (value === null ? [] : [value]))
        return values.every((value, i) => i === 0 || value <= values[i - 1])
      }
    ),
    { numRuns: 50, seed: 4 }
  )
})

it.each<readonly [Score.Score<string>, object, string]>([
  [
    Score.symmetricPair,
    {},
    'stages[0].score: Score.symmetricPair is not that of components with independent centres (its centres are tied, ±m), so split-and-merge does not apply; leave the stage out'
  ],
  [Score.isotropic({ components: 2 }), { attempts: 0 }, 'stages[0].attempts: 0 is not a whole number ≥ 1; try 10']
])('is refused where there is nothing to move: %#', (score, options, message) => {
  const program = compiled(score, Initializer.nearZero, [Stage.splitAndMerge({ steps: 5, ...options })], points)
  expect(E.mapLeft(([first]: Problem.Problems) => Problem.show(first))(program)).toEqual(E.left(message))
})

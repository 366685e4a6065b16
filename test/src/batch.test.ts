/** Mini-batches: without replacement, the whole in the mean, reproducible. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Metric,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Points,
  Problem,
  Run,
  Schedule,
  Score,
  NoiseLevels
} from '../../src/index.js'
import * as Backend from '../../src/data/reductionBackend.js'
import * as Source from '../../src/data/source/index.js'
import * as Stage from '../../src/pipeline/stage.js'
import * as Loss from '../../src/compile/loss.js'
import * as Compiler from '../../lib/compiler/index.js'
import { runtimeOrNull } from '../../lib/compiler/runtime.js'
import { epochs } from '../../lib/random/epochs.js'
import { add, sqrt, square, sub } from '../../lib/index.js'

const truth = Mixture.of({ means: [[-3], [3]] })
const points = Mixture.sample(500)(Key.fromSeed(1))(truth)

const pipeline = (
  batch: number,
  change: Partial<Parameters<typeof Stage.descend>[0]> = {}
): Pipeline.Pipeline<'means'> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.spherical({ components: 2 }),
    initializer: Initializer.values([[-1], [1]]),
    stages: [
      Stage.descend({
        objective: Objective.implicit(NoiseLevels.at(0.3)),
        expectation: Expectation.projected(),
        optimizer: Optimizer.adam({ rate: 0.05 }),
        steps: 200,
        batch,
        ...change
      })
    ]
  })

describe('epochs', () => {
  const key = Key.fromSeed(8)
  it.each([
    [12, 4],
    [10, 4],
    [3, 5],
    [1, 2]
  ])('of %i rows in batches of %i hold every row once, each in an order of its own', (n, size) => {
    const rowsAt = epochs(n, size)
    const steps = n * 6
    const order = Array.from({ length: steps }, (_, i) => [...rowsAt(key, i * size)]).flat()
    const rounds = Array.from({ length: 6 * size }, (_, e) => order.slice(e * n, (e + 1) * n))
    const all = Array.from({ length: n }, (_, i) => i)
    rounds.forEach(round => expect([...round].sort((a, b) => a - b)).toEqual(all))
    if (n > 9) expect(new Set(rounds.map(String)).size).toBe(rounds.length)
    // From anywhere, and under another key, whatever was asked before.
    expect([...epochs(n, size)(key, 5 * size)]).toEqual(order.slice(5 * size, 6 * size))
    if (n > 9) expect([...rowsAt(Key.fromSeed(9), 0)]).not.toEqual(order.slice(0, size))
    expect([...rowsAt(key, 0)]).toEqual(order.slice(0, size))
  })

  it('meet each row as often, and are not the draws of batches', () => {
    const met = new Map<number, number>()
    const counted = Objective.custom('counted', NoiseLevels.at(0.3), ({ score, target }) => square(sub(score, target)))
    const by = (epochs: boolean): Pipeline.Pipeline<'means'> =>
      pipeline(150, { objective: counted, expectation: Expectation.monteCarlo(), steps: 10, epochs })
    const compiled = (one: Pipeline.Pipeline<'means'>) => Problem.orThrow(Compile.pipeline(one)(points))
    const program = compiled(by(true))
    const states = [...Run.states(program)(Key.fromSeed(3))]
    // 10 steps of 150 rows are three epochs of 500: every row three times.
    const [stage] = Stage.simple(by(true).stages[0])
    const steps = stage.simple.on({
      schedule: Schedule.ornsteinUhlenbeck,
      score: Score.spherical({ components: 2 }),
      model: Score.interpret(Score.spherical({ components: 2 })),
      points,
      data: points,
      backend: Backend.localBackend,
      start: () => Params.of({ means: [[-1], [1]] }),
      attempts: [],
      sums: () => ({}),
      evaluate: (params, _, rows) => {
        rows?.forEach(row => met.set(row, (met.get(row) ?? 0) + 1))
        return { value: 0, gradient: params }
      }
    })
    pipe(Key.fromSeed(3), Key.split(10)).reduce<{ params: Params.Params<string>; memory: unknown }>(
      ({ params, memory }, key) => steps.step(params, memory, key),
      { params: Params.of({ means: [[-1], [1]] }), memory: steps.begin(Params.of({ means: [[-1], [1]] })) }
    )
    expect([met.size, ...new Set(met.values())]).toEqual([500, 3])
    expect(states.at(-1)?.params).not.toEqual(Run.last(compiled(by(false)))(Key.fromSeed(3)).params)
  })
})

describe('Key.subset', () => {
  it('is a set of its size, rising, within its bounds', () => {
    for (const [n, count] of [
      [1, 1],
      [5, 0],
      [7, 7],
      [100, 30]
    ]) {
      const chosen = Array.from(Key.subset(n, count)(Key.fromSeed(n)))
      expect(new Set(chosen).size).toBe(count)
      expect(chosen).toEqual([...chosen].sort((a, b) => a - b))
      expect(chosen.every(i => i >= 0 && i < n)).toBe(true)
    }
  })

  it('takes every set alike', () => {
    const repeats = 6000
    const counts = new Map<string, number>()
    for (let seed = 0; seed < repeats; seed++) {
      const set = Key.subset(4, 2)(Key.fromSeed(seed)).join()
      counts.set(set, (counts.get(set) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    // Hoeffding: each share is within 0.05 of 1/6 but with probability 2 exp(−2 · 6000 · 0.05²) < 2e-13.
    for (const count of counts.values()) expect(Math.abs(count / repeats - 1 / 6)).toBeLessThan(0.05)
  })
})

describe('a stage on batches', () => {
  const loss = {
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.spherical({ components: 2 }),
    objective: Objective.likelihood,
    expectation: Expectation.monteCarlo()
  }
  const params = Params.of({ means: [[-1], [2]] })

  it('looks at the whole in the mean', () => {
    const whole = Loss.lossPlans(loss, points)[0].evaluate(params, Key.fromSeed(0))
    const { evaluate } = Loss.batched(loss, points, 50)
    const repeats = 400
    const values = pipe(Key.fromSeed(2), Key.split(repeats)).map(key => evaluate(params, key).value)
    const mean = values.reduce((sum, value) => sum + value, 0) / repeats
    const error = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) / repeats
    // Six standard errors: a right estimator fails with probability 2e-9.
    expect(Math.abs(mean - whole.value)).toBeLessThan(6 * error)
    expect(error).toBeGreaterThan(0)
  })

  it('on all rows is the whole', () => {
    const [one, other] = [Loss.lossPlans(loss, points)[0], Loss.batched(loss, points, 500)].map(({ evaluate }) =>
      evaluate(params, Key.fromSeed(0))
    )
    expect(other).toEqual(one)
  })

  it('of an objective of one’s own is one program, the interpreter’s number, and leaves nothing behind', () => {
    const robust = Objective.custom('robust', NoiseLevels.uniform(0.1, 1), ({ score, target }) =>
      sqrt(add(1, square(sub(score, target))))
    )
    const own = { ...loss, objective: robust }
    const batched = Loss.batched(own, points, 50)
    expect(batched.engine).toBe('compiled')
    const key = Key.fromSeed(3)
    const keys = pipe(key, Key.named('rows', 'loss'))
    const drawn = pipe(points, Points.select(Key.subset(500, 50)(keys.rows)))
    const wanted = Loss.lossPlans(own, drawn)
      .find(({ engine }) => engine === 'interpreted')
      ?.evaluate(params, keys.loss)
    const found = batched.evaluate(params, key)
    expect(Math.abs(found.value - (wanted?.value ?? NaN))).toBeLessThan(1e-12)
    found.gradient.means.values.forEach((g, i) =>
      expect(Math.abs(g - (wanted?.gradient.means.values[i] ?? NaN))).toBeLessThan(1e-12)
    )
    const before = [runtimeOrNull()?.held(), Compiler.cached()]
    for (const key of Key.split(300)(Key.fromSeed(4))) batched.evaluate(params, key)
    expect([runtimeOrNull()?.held(), Compiler.cached()]).toEqual(before)
  })

  it('learns', () => {
    const { params } = Run.last(Problem.orThrow(Compile.pipeline(pipeline(50))(points)))(Key.fromSeed(3))
    // The error of the mean of 250 rows is 0.06; the noise of the last steps is of the rate's size.
    expect(Metric.centreError(params, truth)).toBeLessThan(0.3)
  })
})

describe('rows drawn anew', () => {
  const sample = (rows: number) => (key: Key.Key) => Mixture.sample(rows)(key)(truth)
  const endless = Source.drawn({ rows: 50, key: Key.fromSeed(4) })(sample)
  const run = (data: Source.Source, batch = 150): ReadonlyArray<Run.State<'means'>> => [
    ...Run.states(Problem.orThrow(Compile.pipeline(pipeline(batch, { steps: 10 }))(data)))(Key.fromSeed(3))
  ]

  it('are other ones at every step, more than the rows that stay, and a run resumed goes on with the same bits', () => {
    const met: Points.Points[] = []
    const watched = Source.drawn({ rows: 50, key: Key.fromSeed(4) })(rows => key => {
      const points = sample(rows)(key)
      met.push(points)
      return points
    })
    const program = Problem.orThrow(Compile.pipeline(pipeline(150, { steps: 10 }))(watched))
    const states = [...Run.states(program)(Key.fromSeed(3))]
    const batches = met.filter(({ rows }) => rows === 150)
    expect(batches.length).toBeGreaterThanOrEqual(10)
    expect(new Set(batches.flatMap(({ values }) => [...values])).size).toBeGreaterThanOrEqual(10 * 150)
    expect(states).toEqual(run(endless))
    const read = Run.codec(program).decode(JSON.parse(JSON.stringify(Run.codec(program).encode(states[4]))))
    expect([...Run.resume(program)(E.getOrElseW(() => expect.fail('not read'))(read))].at(-1)).toEqual(states.at(-1))
    expect(JSON.stringify(program.plan)).toMatch(/on 150 new rows a step/)
  })

  it('change as the rows that stay do', () => {
    const changed = pipe(
      endless,
      Source.map(x => 2 * x + 1),
      Source.shiftRows(Float64Array.of(3))
    )
    const plain = Source.drawn({ rows: 50, key: Key.fromSeed(4) })(rows => key => {
      const points = sample(rows)(key)
      return { ...points, values: points.values.map(x => 2 * x + 1 - 3) }
    })
    expect(run(changed)).toEqual(run(plain))
    const wide = Source.drawn({ rows: 9, key: Key.fromSeed(4) })(
      rows => key => Mixture.sample(rows)(key)(Mixture.of({ means: [[1, 2, 3]] }))
    )
    const third = pipe(wide, Source.columns([2]))
    expect(third.draw?.(5)(Key.fromSeed(1))).toEqual(
      Source.columns([2])(wide.draw?.(5)(Key.fromSeed(1)) ?? expect.fail('not drawn'))
    )
  })

  it.each([
    [
      'rows of another width',
      (n: number) => Points.fromRows(Array.from({ length: n }, () => (n === 50 ? [1] : [1, 2])))
    ],
    ['fewer rows', (n: number) => Points.fromRows(Array.from({ length: n === 50 ? n : 3 }, () => [1]))]
  ])('are refused where they are %s', (_, draw) => {
    const data = Source.drawn({ rows: 50, key: Key.fromSeed(4) })(n => () => Problem.orThrow(draw(n)))
    expect(() => run(data)).toThrow(/draw: .* numbers is not 150 rows of 1; draw as many rows/)
  })
})

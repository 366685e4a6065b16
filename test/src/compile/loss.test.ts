/** Losses against sums over rows written with plain numbers, gradients against differences of these, in both engines. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { add, mul, neg, pow, square, sub, sum, toNdArray } from '../../../lib/index.js'
import {
  Case,
  Compile,
  Expectation,
  Key,
  Objective,
  Parametrization,
  Params,
  Problem,
  Schedule,
  Score,
  Source,
  NoiseLevels,
  Weighting,
  type Points
} from '../../../src/index.js'
import * as Compiler from '../../../lib/compiler/index.js'
import { lossPlans, type LossPlan, type ValueAndGradient } from '../../../src/compile/loss.js'
import { isSlow, once } from '../../cases.js'
import { plansAgree } from './plansAgree.js'

type Row = readonly [number, number]

const x: ReadonlyArray<Row> = [[1, -2], [0.5, 0.3], [-1.5, 1], [2, 0.1]] // prettier-ignore
const z: ReadonlyArray<Row> = [[0.3, 1], [-1, 0.2], [0.7, -0.6], [0.1, 1.4]] // prettier-ignore
const weights = [1, 2, 0, 3]
const flat = (rows: ReadonlyArray<Row>): Float64Array => Float64Array.from(rows.flat())
const plainPoints: Points.Points = { rows: 4, dim: 2, values: flat(x) }
const points: Points.Points = { ...plainPoints, weights: Float64Array.from(weights) }
const fixed = Expectation.fixed({ rows: 4, dim: 2, values: flat(z) })

const total = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0)
const norm = (row: ReadonlyArray<number>): number => total(row.map(v => v * v))
const mean = (values: ReadonlyArray<number>): number => total(values.map((v, i) => (weights[i] * v) / total(weights)))

/** A mixture in the plane at a noise level, as numbers. */
interface Truth {
  readonly centres: ReadonlyArray<Row>
  readonly shares: ReadonlyArray<number>
  readonly variances: ReadonlyArray<number>
}

const at = ({ centres, shares, variances }: Truth, { alpha, sigma }: Schedule.Level, y: Row) => {
  const u = variances.map(v => alpha ** 2 * v + sigma ** 2)
  const away = centres.map(([a, b]): Row => [y[0] - alpha * a, y[1] - alpha * b])
  const joint = away.map((d, k) => (shares[k] * Math.exp(-norm(d) / (2 * u[k]))) / (2 * Math.PI * u[k]))
  const p = total(joint)
  const score = ([0, 1] as const).map(j => -total(joint.map((q, k) => (q * away[k][j]) / u[k])) / p)
  // Δp/p = Σ w (|y − m|²/u² − d/u), and div s = Δp/p − |s|².
  const divergence = total(joint.map((q, k) => q * (norm(away[k]) / u[k] ** 2 - 2 / u[k]))) / p - norm(score)
  return { score, divergence, logDensity: Math.log(p) }
}

const schedule = Schedule.ornsteinUhlenbeck
const level = (time: number): Schedule.Level => pipe(schedule, Schedule.level(time))
const noisy = ({ alpha, sigma }: Schedule.Level, i: number): Row => [
  alpha * x[i][0] + sigma * z[i][0],
  alpha * x[i][1] + sigma * z[i][1]
]

const over = (f: (i: number) => number): number => mean(x.map((_, i) => f(i)))
const denoising = (truth: Truth, time: number): number =>
  over(i => norm(at(truth, level(time), noisy(level(time), i)).score.map((s, j) => s + z[i][j] / level(time).sigma)))
const implicit = (truth: Truth, time: number): number =>
  over(i => {
    const { score, divergence } = at(truth, level(time), noisy(level(time), i))
    return norm(score) + 2 * divergence
  })
const likelihood = (truth: Truth): number => over(i => -at(truth, { alpha: 1, sigma: 0 }, x[i]).logDensity)

const isotropic = Score.isotropic({ components: 2 })
const params = Params.of({ means: [[1, -1], [-0.5, 0.8]], logits: [0.3, -0.2], logVariances: [0.2, -0.4] }) // prettier-ignore
type Names = 'means' | 'logits' | 'logVariances'

const truthOf = ({ means, logits, logVariances }: Params.Params<Names>): Truth => ({
  centres: [0, 1].map((k): Row => [means.values[2 * k], means.values[2 * k + 1]]),
  shares: Array.from(logits.values, l => Math.exp(l) / total(Array.from(logits.values, Math.exp))),
  variances: Array.from(logVariances.values, Math.exp)
})

const levels = [
  { time: 0.2, weight: 0.5 },
  { time: 0.9, weight: 2 }
]
const nodes = NoiseLevels.nodes(levels)
const atNodes = (of: (time: number) => number): number => total(levels.map(({ time, weight }) => weight * of(time)))

const cases: ReadonlyArray<{
  readonly name: string
  readonly objective: Objective.Objective
  readonly value: (truth: Truth, params: Params.Params<Names>) => number
}> = [
  { name: 'denoising', objective: Objective.denoising(NoiseLevels.at(0.4)), value: truth => denoising(truth, 0.4) },
  { name: 'implicit', objective: Objective.implicit(NoiseLevels.at(0.4)), value: truth => implicit(truth, 0.4) },
  { name: 'likelihood', objective: Objective.likelihood, value: truth => likelihood(truth) },
  {
    name: 'denoising at two levels',
    objective: Objective.denoising(nodes),
    value: truth => atNodes(time => denoising(truth, time))
  },
  {
    name: 'the error of the noise',
    objective: Objective.denoising(nodes, Parametrization.noise),
    value: truth => atNodes(time => level(time).sigma ** 2 * denoising(truth, time))
  },
  {
    name: 'weighted by its level and by a number',
    objective: Objective.weight(3)(Objective.weight(Weighting.noiseVariance)(Objective.implicit(nodes))),
    value: truth => 3 * atNodes(time => level(time).sigma ** 2 * implicit(truth, time))
  },
  {
    name: 'a sum',
    objective: Objective.sum([
      Objective.weight(-0.5)(Objective.likelihood),
      Objective.likelihood,
      Objective.weight(2)(Objective.implicit(NoiseLevels.at(0.7)))
    ]),
    value: truth => 0.5 * likelihood(truth) + 2 * implicit(truth, 0.7)
  },
  {
    name: 'squares of parameters',
    objective: Objective.sum([
      Objective.likelihood,
      Objective.weight(0.1)(Objective.regularizer({ norm: 'l2', parameters: ['means', 'logits'] }))
    ]),
    value: (truth, { means, logits }) =>
      likelihood(truth) + 0.1 * (norm(Array.from(means.values)) + norm(Array.from(logits.values)))
  },
  {
    name: 'squares of all parameters',
    objective: Objective.regularizer({ norm: 'l2' }),
    value: (_, params) => total(Object.values(params).map(({ values }) => norm(Array.from(values))))
  },
  {
    name: 'smoothed lengths, from where they are wanted',
    objective: Objective.regularizer({
      norm: 'l1',
      smoothing: 0.3,
      towards: { logits: { shape: [2], values: Float64Array.of(0.3, 1) } }
    }),
    value: (_, { logits }) =>
      total([0.3, 1].map((towards, i) => Math.sqrt((logits.values[i] - towards) ** 2 + 0.3 ** 2) - 0.3))
  },
  {
    name: 'one of one’s own',
    objective: Objective.custom('mine', nodes, ({ score, target, clean, noisy, noise, level }) =>
      sum(
        add(
          square(sub(score, target)),
          add(mul(clean, noisy), sub(mul(score, noise), add(mul(level.alpha, clean), mul(level.sigma, noise))))
        ),
        1
      )
    ),
    value: truth =>
      atNodes(
        time =>
          denoising(truth, time) +
          over(i => {
            const y = noisy(level(time), i)
            const { score } = at(truth, level(time), y)
            return total([0, 1].map(j => x[i][j] * y[j] + score[j] * z[i][j] - y[j]))
          })
      )
  }
]

const plansOf = <P extends string>(
  score: Score.Score<P>,
  objective: Objective.Objective,
  expectation: Expectation.Expectation,
  data: Points.Points = points
): ReadonlyArray<LossPlan<P>> => Problem.orThrow(Compile.plans({ schedule, score, objective, expectation })(data))

const key = Key.fromSeed(1)

describe.each(cases)('$name', ({ objective, value }) => {
  const all = plansOf(isotropic, objective, fixed)
  const wanted = (params: Params.Params<Names>): number => value(truthOf(params), params)

  once('is computed in every way there is', () =>
    expect(all.map(({ engine }) => engine)).toEqual(['compiled', 'interpreted'])
  )

  once.each(all)('by $engine: the value, and the gradient by differences of fourth order', ({ evaluate }) => {
    const found = evaluate(params, key)
    expect(Math.abs(found.value - wanted(params))).toBeLessThan(1e-12 * (1 + Math.abs(found.value)))
    for (const name of Params.names(params))
      Array.from(found.gradient[name].values).forEach((g, j) => {
        const moved = (step: number): number =>
          wanted({
            ...params,
            [name]: { ...params[name], values: params[name].values.map((v, i) => (i === j ? v + step : v)) }
          })
        const h = 1e-3
        const slope = (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)
        // h⁴ times a fifth derivative of a few hundred, and 2⁻⁵² · 50/h.
        expect(Math.abs(g - slope)).toBeLessThan(1e-9)
      })
  })
})

describe('the pair under quadrature', () => {
  const mean = Params.of({ mean: [0.8, -0.6] })
  const objectives = [Objective.denoising(NoiseLevels.at(0.4)), Objective.implicit(nodes), Objective.likelihood]

  once.each(objectives.map(objective => ({ objective, name: Objective.show(objective) })))(
    '$name is the mean over a grid of the noise',
    ({ objective }) => {
      const plans = plansOf(Score.symmetricPair, objective, Expectation.quadrature({ nodes: 24 }))
      const truth: Truth = { centres: [[0.8, -0.6], [-0.8, 0.6]], shares: [0.5, 0.5], variances: [1, 1] } // prettier-ignore
      // The trapezium rule on normal noise converges faster than any power; to ±8, in both directions.
      const grid = Array.from({ length: 33 }, (_, i) => -8 + i / 2)
      const mass = grid.map(z => (Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI)) * 0.5)
      const averaged = (f: (z: Row) => number): number =>
        total(grid.flatMap((a, i) => grid.map((b, j) => mass[i] * mass[j] * f([a, b]))))
      const single = (time: number, completed: boolean): number => {
        const { alpha, sigma } = level(time)
        return over(i =>
          averaged(([a, b]) => {
            const y: Row = [alpha * x[i][0] + sigma * a, alpha * x[i][1] + sigma * b]
            const { score, divergence } = at(truth, level(time), y)
            return completed ? (score[0] + a / sigma) ** 2 + (score[1] + b / sigma) ** 2 : norm(score) + 2 * divergence
          })
        )
      }
      const wanted = Case.isMadeBy(Objective.denoising)(objective)
        ? single(0.4, true)
        : Case.isMadeBy(Objective.implicit)(objective)
          ? 0.5 * single(0.2, false) + 2 * single(0.9, false)
          : likelihood(truth)
      for (const { evaluate } of plans)
        // 24 nodes integrate tanh of this length to 1e-9.
        expect(Math.abs(evaluate(mean, key).value - wanted)).toBeLessThan(1e-8)
    }
  )
})

describe('levels and nodes of one step', () => {
  /** Versions in each call that a compiled plan makes of a program, and what it gives beside the interpreter. */
  const calls = (score: Score.Score<'mean'>, objective: Objective.Objective, expectation: Expectation.Expectation) => {
    const library = Compiler.library()
    const asked: (number | undefined)[] = []
    const watched: Compiler.Library = {
      ...library,
      program: (of, signature, ...rest) => {
        // What is called again is not asked for again.
        const counted = ({ sum, ...own }: Compiler.Program): Compiler.Program => ({
          ...own,
          sum: call => {
            asked.push(signature.versions?.count)
            return sum(call)
          }
        })
        return E.map(counted)(library.program(of, signature, ...rest))
      }
    }
    const all = lossPlans({ schedule, score, objective, expectation }, points, { library: watched })
    const by = (engine: string): ValueAndGradient<'mean'> => {
      const plan = all.find(plan => plan.engine === engine)
      if (plan === undefined) throw new Error(`not ${engine}`)
      asked.length = 0
      return plan.evaluate(Params.of({ mean: [0.8, -0.4] }), Key.fromSeed(3))
    }
    const wanted = by('interpreted')
    const found = by('compiled')
    // means of a few hundred nodes, of the order of 10, in another order
    expect(Math.abs(found.value - wanted.value)).toBeLessThan(1e-13 * (1 + Math.abs(wanted.value)))
    found.gradient.mean.values.forEach((x, i) => {
      expect(Math.abs(x - wanted.gradient.mean.values[i])).toBeLessThan(1e-13)
    })
    return asked
  }
  const five = NoiseLevels.nodes([0.2, 0.5, 0.9, 1.4, 2].map(time => ({ time, weight: 0.2 })))

  it.runIf(isSlow)('are a call for many, where they are nodes', () => {
    const asked = calls(Score.symmetricPair, Objective.denoising(five), Expectation.quadrature({ nodes: 30 }))
    // 150 = 128 + 16 + 4 + 2
    expect(asked).toEqual([128, 16, 4, 4])
  })

  once('and where they see the same noise; noise that is drawn is of each level alone', () => {
    const implicit = Objective.implicit(five)
    expect(calls(Score.symmetricPair, implicit, fixed).filter(count => count !== undefined)).toEqual([4])
    expect(calls(Score.symmetricPair, implicit, Expectation.monteCarlo())).toEqual(levelsOf(5))
  })
  const levelsOf = (count: number): ReadonlyArray<undefined> => Array.from({ length: count }, () => undefined)
})

describe('reasons', () => {
  const reasons = <P extends string>(
    score: Score.Score<P>,
    objective: Objective.Objective,
    expectation: Expectation.Expectation = Expectation.monteCarlo()
  ): ReadonlyArray<string> => plansOf(score, objective, expectation).map(({ engine, reason }) => `${engine}: ${reason}`)

  const network = Score.custom({ name: 'linear', shapes: () => ({ a: [] }), apply: ({ a }, x) => neg(mul(a, x)) })
  const time = NoiseLevels.at(0.5)

  once('say how each computes', () => {
    const custom = Objective.custom('mine', time, ({ score }) => sum(square(score), 1))
    const estimated = Objective.implicit(time, { divergence: 'hutchinson' })
    for (const found of [
      reasons(isotropic, Objective.denoising(time)),
      reasons(network, Objective.denoising(time)),
      reasons(isotropic, Objective.sum([Objective.denoising(time), custom])),
      reasons(isotropic, estimated)
    ])
      expect(found).toEqual([
        'compiled: one program over the rows, gradient and all',
        'interpreted: serves every score and objective, slower'
      ])
  })

  once('say which op stands in the way of a program', () => {
    const looking = Objective.custom('looking', time, ({ score, level }) =>
      mul(sum(score, 1), toNdArray(level.alpha).values[0])
    )
    expect(() => reasons(isotropic, looking)).toThrow(
      /looks at the entries of a tensor, is not written in the tensor voc/
    )
    const inOneThread = Objective.custom('power', time, ({ score }) => sum(pow(square(score), 1.2), 1))
    expect(reasons(isotropic, inOneThread)[0]).toMatch(/gradient and all \(Pow by the interpreter, in one thread\)$/)
  })
})

describe('noise drawn anew', () => {
  const uniform = NoiseLevels.uniform(0.2, 1)
  const objectives = [
    Objective.weight(Weighting.minSnr({ gamma: 2 }))(
      Objective.weight(Weighting.noiseVariance)(Objective.denoising(uniform))
    ),
    Objective.weight(Weighting.sigmoid())(
      Objective.implicit(NoiseLevels.importance({ proposal: NoiseLevels.uniform(0.1, 2), target: uniform }))
    ),
    Objective.denoising(NoiseLevels.stratified(uniform), Parametrization.velocity)
  ]
  const expectations = [
    Expectation.monteCarlo({ draws: 2, antithetic: true }),
    Expectation.projected({ draws: 2 }),
    Expectation.projected({ antithetic: true })
  ]
  const scores: ReadonlyArray<readonly [string, Score.Score<string>, Params.Params<string>]> = [
    // Parameters of different names side by side.
    ['pair', Score.symmetricPair, Params.of({ mean: [1, -0.5] })],
    ['spherical', Score.spherical({ components: 2 }), Params.of({ means: [[1, -1], [0.5, 2]] })], // prettier-ignore
    ['isotropic', isotropic, params]
  ]
  const each = scores.flatMap(([name, score, params]) =>
    objectives.flatMap((objective, i) =>
      expectations.map(expectation => ({
        name: `${name}, objective ${i}, ${Expectation.show(expectation)}`,
        score,
        params,
        objective,
        expectation
      }))
    )
  )

  once.each(each)('$name: at a level for each row both engines agree', ({ score, params, objective, expectation }) => {
    for (const data of [points, plainPoints]) plansAgree({ schedule, score, objective, expectation }, data)(params, 1)
  })

  once('its weight is a mean over the levels: a constant is what it is', () => {
    const law = NoiseLevels.importance({ proposal: NoiseLevels.uniform(0.2, 1), target: uniform })
    const one = Objective.custom('one', law, ({ clean }) => add(mul(sum(clean, 1), 0), 1))
    const [{ evaluate }] = plansOf(isotropic, Objective.weight(Weighting.constant(3))(one), Expectation.monteCarlo())
    expect(evaluate(params, key).value).toBeCloseTo(3, 13)
  })
})

describe('estimates of the divergence', () => {
  const network = Score.custom({ name: 'linear', shapes: () => ({ a: [] }), apply: ({ a }, x) => neg(mul(a, x)) })
  const line: Points.Points = { rows: 3, dim: 1, values: Float64Array.of(0.5, -1, 2) }
  const a = Params.of({ a: 0.7 })
  const of = (
    options: NonNullable<Parameters<typeof Objective.implicit>[1]>,
    data: Points.Points
  ): { readonly value: number; readonly slope: number } => {
    const [{ evaluate }] = plansOf(
      network,
      Objective.implicit(NoiseLevels.at(0.4), options),
      Expectation.monteCarlo(),
      data
    )
    const { value, gradient } = evaluate(a, key)
    return { value, slope: gradient.a.values[0] }
  }

  once('are exact where every direction sees the same: ±1 and a multiple of the identity', () => {
    for (const probes of [1, 3]) {
      const exact = of({}, plainPoints)
      const estimated = of({ divergence: 'hutchinson', probes }, plainPoints)
      expect(estimated.value).toBeCloseTo(exact.value, 13)
      expect(estimated.slope).toBeCloseTo(exact.slope, 13)
    }
    expect(of({ divergence: 'sliced' }, line).value).toBeCloseTo(of({}, line).value, 13)
  })

  once('of normal directions, and sliced ones in the plane, are right in the mean and differ', () => {
    const many: Points.Points = { rows: 2000, dim: 2, values: Key.normal(4000)(Key.fromSeed(12)) }
    const exact = of({}, many).value
    for (const options of [
      { divergence: 'hutchinson', law: 'normal' },
      { divergence: 'sliced', law: 'normal' },
      { divergence: 'sliced', law: 'rademacher' }
    ] as const) {
      const difference = Math.abs(of(options, many).value - exact)
      // 2a(|v|² − 2) has the deviation 4a = 2.8, and (⟨v, s⟩² − |s|²) about √2 a² E|x|² = 1.4: six standard errors of 4.2.
      expect(difference).toBeLessThan((6 * 4.2) / Math.sqrt(2000))
      expect(difference).toBeGreaterThan(1e-6)
    }
  })
})

once('data without weights of their own are a mean over rows in both engines', () => {
  const truth = truthOf(params)
  const losses = x.map((_, i) => at(truth, level(0.4), noisy(level(0.4), i)))
  const wanted = total(losses.map(({ score, divergence }) => norm(score) + 2 * divergence)) / 4
  for (const { evaluate } of plansOf(isotropic, Objective.implicit(NoiseLevels.at(0.4)), fixed, plainPoints))
    expect(evaluate(params, key).value).toBeCloseTo(wanted, 12)
})

describe('a noise level', () => {
  once('is asked once for each time that is drawn', () => {
    const rows = 200
    const calls = { count: 0 }
    const counted = Schedule.define({
      name: 'counted',
      about: 'counts how often it is asked',
      meaning: () => ({
        until: 1,
        level: time => {
          calls.count++
          return { alpha: 1 - time, sigma: time }
        }
      })
    })
    const many: Points.Points = { rows, dim: 1, values: Float64Array.from({ length: rows }, (_, i) => i / rows) }
    const source = Problem.orThrow(Source.gathered([many]))
    const score = Score.spherical({ components: 2 })
    const values = [many, source].map(data => {
      const evaluate = Problem.orThrow(
        Compile.valueAndGrad({
          schedule: counted,
          score,
          objective: Objective.implicit(NoiseLevels.uniform(0.1, 0.9)),
          expectation: Expectation.monteCarlo()
        })(data)
      )
      calls.count = 0
      const { value } = evaluate(Params.of({ means: [[-1], [1]] }), key)
      // At other times than those of the rows nobody asks.
      expect(calls.count).toBe(rows)
      return value
    })
    source.close()
    expect(values[0]).toBe(values[1])
  })
})

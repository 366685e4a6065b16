/** Networks: each part against plain arithmetic, starts, names, requirements, files, and every plan of a loss. */
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compute, fill, tensor } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Key,
  Objective,
  Parametrization,
  Params,
  type Points,
  Problem,
  Schedule,
  Score,
  NoiseLevels
} from '../../../src/index.js'
import * as Net from '../../../src/score/net.js'
import { params as paramsOf } from '../../../src/laws/arbitraries.js'
import * as laws from '../../../src/laws/index.js'
import { spread, once } from '../../cases.js'
import { allHold } from '../../laws/holds.js'
import { plansAgree } from '../compile/plansAgree.js'

const schedule = Schedule.ornsteinUhlenbeck

/** A part's answer to one row at a level. */
const answer = (
  net: Net.Net<string>,
  row: ReadonlyArray<number>,
  params: Params.Params<string> = {},
  level = { alpha: 0.6, sigma: 0.8 },
  label?: number
): ReadonlyArray<number> => {
  const dim = row.length
  const { values } = compute(() =>
    Net.buildNet({ width: dim, dim })(net).apply(Score.tensors(params), tensor(row, [1, dim]), {
      alpha: fill([1, 1], level.alpha),
      sigma: fill([1, 1], level.sigma),
      ...(label !== undefined && { label: fill([1, 1], label) })
    })
  )
  return Array.from(values)
}

const close = (found: ReadonlyArray<number>, wanted: ReadonlyArray<number>, tolerance = 1e-14): void => {
  expect(found).toHaveLength(wanted.length)
  found.forEach((value, i) => {
    expect(Math.abs(value - wanted[i]), `${value} for ${wanted[i]}`).toBeLessThanOrEqual(
      tolerance * (1 + Math.abs(wanted[i]))
    )
  })
}

const row = [-1.5, 0, 0.3, 4]

describe('parts are what they say', () => {
  // Φ by Simpson's rule on [0, x]: 2000 panels of a function with |f⁗| < 3 are off by 4⁵·3/(180·2000⁴) < 1e-12.
  const normal = (x: number): number => {
    const n = 2000
    const f = (u: number): number => Math.exp((-u * u) / 2) / Math.sqrt(2 * Math.PI)
    const inner = Array.from({ length: n - 1 }, (_, i) => (i % 2 === 0 ? 4 : 2) * f((x * (i + 1)) / n))
    return 0.5 + (x / n / 3) * (f(0) + f(x) + inner.reduce((a, b) => a + b, 0))
  }
  once.each([
    ['silu', Net.silu, (x: number) => x / (1 + Math.exp(-x))],
    ['gelu', Net.gelu, (x: number) => x * normal(x)],
    ['tanh', Net.tanh, Math.tanh],
    ['softplus', Net.softplus, (x: number) => Math.log(1 + Math.exp(x))],
    ['relu', Net.relu, (x: number) => Math.max(x, 0)],
    ['identity', Net.identity, (x: number) => x],
    ['standardized', Net.standardized({ deviation: 2 }), (x: number) => x / Math.sqrt(4 * 0.36 + 0.64)]
  ])('%s', (_, net, wanted) => {
    close(answer(net, row), row.map(wanted), 1e-11)
  })

  once('linear, and layer norm', () => {
    const params = Params.of({
      weights: [
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8]
      ],
      bias: [0.5, -0.5]
    })
    close(answer(Net.linear(2), row, params), [-1.5 + 1.5 + 28 + 0.5, -3 + 1.8 + 32 - 0.5])
    const mean = 2.8 / 4
    const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 4
    close(
      answer(Net.layerNorm, row, Params.of({ gain: [1, 2, 3, 4], offset: [0, 0, 0, 1] })),
      row.map((x, i) => ((i + 1) * (x - mean)) / Math.sqrt(variance + 1e-5) + (i === 3 ? 1 : 0))
    )
  })

  once('embeddings: of a quarter of the log of σ/α, of the angle, finite at both ends', () => {
    const level = { alpha: 0.6, sigma: 0.8 }
    const waves = (frequencies: ReadonlyArray<number>, u: number): ReadonlyArray<number> =>
      [Math.cos, Math.sin].flatMap(f => frequencies.map(omega => f(2 * Math.PI * omega * u)))
    const geometric = [1 / 4, 1 / Math.sqrt(8), 1 / 2]
    close(
      answer(Net.sinusoidal(3, { shortest: 2, longest: 4 }), [0], {}, level),
      waves(geometric, Math.log(0.8 / 0.6) / 4)
    )
    close(
      answer(Net.sinusoidal(3, { shortest: 2, longest: 4, of: 'angle' }), [0], {}, level),
      waves(geometric, Math.atan(0.8 / 0.6) / (Math.PI / 2))
    )
    const omegas = Array.from(Key.normal(5)(Key.fromSeed(3)), z => 0.25 * z)
    close(answer(Net.fourier(5, { scale: 0.25, seed: 3 }), [0], {}, level), waves(omegas, Math.log(0.8 / 0.6) / 4))
    ;[
      { alpha: 1, sigma: 0 },
      { alpha: 0, sigma: 1 }
    ].forEach(end => {
      expect(answer(Net.fourier(4), [0], {}, end).every(Number.isFinite)).toBe(true)
    })
  })

  once('a label is its row of the table, and nothing without one', () => {
    const params = Params.of({
      classes: [
        [1, 2],
        [3, 4],
        [5, 6]
      ]
    })
    const net = Net.label({ classes: 3, width: 2 })
    expect(answer(net, [9], params, undefined, 1)).toEqual([3, 4])
    expect(answer(net, [9], params, undefined, -1)).toEqual([0, 0])
    expect(answer(net, [9], params)).toEqual([0, 0])
  })

  once('chain, concat, sum, residual, skip', () => {
    const twice = Net.sum(Net.identity, Net.identity)
    expect(answer(Net.chain(twice, twice), [1, 2])).toEqual([4, 8])
    expect(answer(Net.concat(twice, Net.identity), [1, 2])).toEqual([2, 4, 1, 2])
    expect(answer(Net.residual(twice), [1, 2])).toEqual([3, 6])
    expect(answer(Net.skip(twice), [1, 2])).toEqual([1, 2, 2, 4])
  })

  once('a perceptron by hand', () => {
    const net = Net.mlp({ hidden: [3], activation: 'tanh', embedding: Net.sinusoidal(1, { longest: 4, shortest: 4 }) })
    const params = Net.initial(2)(Key.fromSeed(5))(net)
    const filled = Params.mapValues(x => x + 0.1)(params)
    const of = (name: 'hidden1.weights' | 'hidden1.bias' | 'output.weights' | 'output.bias'): Float64Array =>
      filled[name].values
    const u = Math.log(0.8 / 0.6) / 4
    const x = [0.4, -0.7, Math.cos((Math.PI / 2) * u), Math.sin((Math.PI / 2) * u)]
    const hidden = [0, 1, 2].map(j =>
      Math.tanh(x.reduce((sum, value, i) => sum + value * of('hidden1.weights')[i * 3 + j], of('hidden1.bias')[j]))
    )
    const wanted = [0, 1].map(j =>
      hidden.reduce((sum, value, i) => sum + value * of('output.weights')[i * 2 + j], of('output.bias')[j])
    )
    close(answer(net, [0.4, -0.7], filled), wanted)
  })
})

describe('starts', () => {
  const net = Net.mlp({ hidden: [200, 100] })

  once('have the variance of their law, each array by its own name', () => {
    const { 'hidden2.weights': weights, 'output.weights': last } = Net.initial(2)(Key.fromSeed(1))(net)
    const mean = weights.values.reduce((sum, w) => sum + w, 0) / weights.values.length
    const variance = weights.values.reduce((sum, w) => sum + w * w, 0) / weights.values.length
    // 20000 draws: a standard error of √(2/20000) = 1 % of the variance; 4 of them.
    expect(Math.abs(variance * 200 - 1)).toBeLessThan(0.04)
    expect(Math.abs(mean * Math.sqrt(200))).toBeLessThan(4 / Math.sqrt(20000))
    expect(last.values.every(w => w === 0)).toBe(true)
  })

  once('of a layer stay when another part comes before it', () => {
    const more = Net.chain(Net.named('more', Net.layerNorm), net)
    const [one, other] = [net, more].map(of => Net.initial(2)(Key.fromSeed(1))(of) as Params.Params<string>)
    expect(other['hidden2.weights'].values).toEqual(one['hidden2.weights'].values)
  })

  once('kaiming has twice the variance', () => {
    const at = (initial: Net.Initial): number =>
      Net.initial(100)(Key.fromSeed(2))(
        Net.chain(Net.linear(100, { initial }), Net.named('o', Net.output()))
      ).weights.values.reduce((sum, w) => sum + w * w, 0)
    expect(at('kaiming') / at('lecun')).toBeCloseTo(2, 12)
    expect(at('zero')).toBe(0)
  })
})

describe('what does not fit is told with the data', () => {
  const faults = (net: Net.Net<string>): ReadonlyArray<string> =>
    Score.problems({ rows: 10, dim: 2 })(Score.network(net, { predicts: Parametrization.noise })).map(Problem.show)
  once.each<readonly [string, Net.Net<string>, RegExp]>([
    ['one name twice', Net.chain(Net.linear(4), Net.output()), /a second weights.*Net\.named/],
    ['sums of two widths', Net.residual(Net.linear(3)), /widths 2, 3/],
    ['too wide at the end', Net.linear(3), /3 numbers a row.*Net\.output/],
    [
      'no width',
      Net.chain(Net.named('a', Net.linear(0)), Net.output()),
      /net\.parts\[0\]\.net\.width: 0 is not a whole number ≥ 1/
    ],
    ['nothing in a chain', Net.chain(), /net\.parts: none/]
  ])('%s', (_, net, wanted) => {
    const found = faults(net)
    expect(found).toHaveLength(1)
    expect(found[0]).toMatch(wanted)
  })

  once.each(['mlp', 'residualMlp'] as const)('a recipe %s without widths', name => {
    // As code without types may write it.
    const recipe = {} as Net.Recipe
    expect(() => Net[name](recipe)).toThrow(`Net.${name}: hidden: undefined is not a list of widths`)
  })

  once('and what fits has none', () => {
    expect(faults(Net.residualMlp({ hidden: [4, 4], classes: 3, deviation: 2 }))).toEqual([])
  })
})

const everything: ReadonlyArray<readonly [string, Net.Net<string>]> = [
  ['mlp', Net.mlp({ hidden: [4, 3] })],
  [
    'mlp of every option',
    Net.mlp({ hidden: [3], activation: 'gelu', embedding: Net.sinusoidal(2), deviation: 2, classes: 2 })
  ],
  [
    'residual',
    Net.residualMlp({ hidden: [4, 4], activation: Net.softplus, embedding: Net.fourier(3, { of: 'angle' }) })
  ],
  ['skip', Net.chain(Net.skip(Net.tanh), Net.named('out', Net.output({ initial: 'kaiming' })))]
]

it.each(spread(4)(everything))('%s has the laws of a score', (_, net) => {
  allHold(laws.score(Score.network(net, { predicts: Parametrization.velocity })), ({ property }) => {
    fc.assert(property, { seed: 20210917, numRuns: 2 })
  })
})

describe('a loss of a network is one program over the rows', () => {
  const points: Points.Points = { rows: 5, dim: 2, values: Float64Array.of(1, 2, -1, 0.5, 0, 3, 2, -2, 0.1, 0) }
  const net = Net.residualMlp({ hidden: [4] })
  it.each(
    spread(6)([
      Parametrization.noise,
      Parametrization.data,
      Parametrization.velocity,
      Parametrization.flow,
      Parametrization.edm({ sigmaData: 1.5 }),
      Parametrization.score
    ]).flatMap(predicts =>
      [Objective.denoising(NoiseLevels.uniform(0.1, 2)), Objective.implicit(NoiseLevels.uniform(0.1, 2))].map(
        objective => ({
          predicts,
          objective,
          name: `${Parametrization.show(predicts)}, ${Objective.show(objective)}`
        })
      )
    )
  )('$name', ({ predicts, objective }) => {
    const loss = { schedule, score: Score.network(net, { predicts }), objective, expectation: Expectation.monteCarlo() }
    const plans = Compile.plans(loss)(points)
    expect(E.isRight(plans) && plans.right.map(({ engine }) => engine)).toEqual(['compiled', 'interpreted'])
    fc.assert(fc.property(paramsOf(loss.score)(points.dim), fc.nat(), plansAgree(loss, points)), {
      seed: 1,
      numRuns: 5
    })
  })
})

/** Of many rows, scores and densities are programs: the interpreter's numbers, which few rows have, and the same bits in any number of threads. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { afterEach, describe, expect, it } from 'vitest'
import { Key, rowwise, threads, useThreads, type NdArray } from '../../../lib/index.js'
import { add, mul, sin, sum, tensor, toNdArray } from '../../../lib/index.js'
import { compile } from '../../../lib/compiler/index.js'
import {
  Guidance,
  Mixture,
  Net,
  Parametrization,
  Params,
  Problem,
  Sampler,
  Schedule,
  Score,
  TimeGrid,
  type Points
} from '../../../src/index.js'
import { spread, once } from '../../cases.js'

const ROWS = 5100
/** So few that they are interpreted. */
const FEW = 1700

const points = (dim: number, rows = ROWS): Points.Points => ({
  rows,
  dim,
  values: Key.normal(rows * dim)(Key.fromSeed(4)).map(z => 2 * z)
})

/** The same, a few rows at a time. */
const inParts =
  (f: (points: Points.Points) => ArrayLike<number>) =>
  ({ rows, dim, values }: Points.Points): ReadonlyArray<number> =>
    Array.from({ length: Math.ceil(rows / FEW) }, (_, part) => {
      const own = values.subarray(part * FEW * dim, (part + 1) * FEW * dim)
      return Array.from(f({ rows: own.length / dim, dim, values: own }))
    }).flat()

const schedule = Schedule.ornsteinUhlenbeck
const round = Mixture.of({
  means: [
    [-2, 0, 1],
    [2, 1, 0]
  ],
  weights: [1, 3],
  variances: [0.5, 2]
})
const columns = Mixture.of({
  means: [
    [-2, 0, 1],
    [2, 1, 0]
  ],
  variances: [
    [0.5, 1, 2],
    [2, 1, 0.3]
  ]
})
const correlated = Mixture.of({
  means: [
    [-2, 0, 1],
    [2, 1, 0]
  ],
  weights: [1, 2],
  covariances: [
    [
      [1, 0.5, 0],
      [0.5, 2, 0.1],
      [0, 0.1, 1]
    ],
    [
      [2, -0.5, 0],
      [-0.5, 1, 0.2],
      [0, 0.2, 0.5]
    ]
  ]
})
const network = Score.network(Net.mlp({ hidden: [12], activation: 'silu', embedding: Net.fourier(4) }), {
  predicts: Parametrization.noise
})
const params = Params.map<ReadonlyArray<number>, NdArray>((shape, name) => {
  const size = shape.reduce((product, n) => product * n, 1)
  return { shape, values: Key.normal(size)(Key.named(name)(Key.fromSeed(2))[name]).map(z => 0.5 * z) }
})(Score.shapes(3)(network))
const learned = Sampler.learned(network, schedule, params)

const asked: Readonly<Record<string, (points: Points.Points) => ArrayLike<number>>> = {
  ...Object.fromEntries(
    Object.entries({ round, columns, correlated }).flatMap(([name, mixture]) => [
      [`log-density, ${name}`, (points: Points.Points) => pipe(mixture, Mixture.logDensity(points))],
      [`responsibilities, ${name}`, (points: Points.Points) => pipe(mixture, Mixture.responsibilities(points)).values],
      [`score, ${name}`, (points: Points.Points) => pipe(mixture, Mixture.score(points)).values],
      [`divergence, ${name}`, (points: Points.Points) => pipe(mixture, Mixture.divergence(points))],
      [
        `vᵀ∂s/∂x, ${name}`,
        (points: Points.Points) => Sampler.exact(mixture, schedule).vjp(points, 0.4, points.values).values
      ]
    ])
  ),
  'score, learned': points => learned(points, 0.4).values,
  'divergence, learned': points => learned.divergence(points, 0.4),
  'vᵀ∂s/∂x, learned': points => learned.vjp(points, 0.4, points.values).values
}

const before = threads()
afterEach(() => {
  useThreads(before)
})

it.each(spread(4)(Object.entries(asked)))(
  'what many rows are asked at once: is what they are asked a few at a time: %s',
  (_, f) => {
    const found = f(points(3))
    const wanted = inParts(f)(points(3))
    expect(found.length).toBe(wanted.length)
    const scale = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 1)
    const worst = wanted.reduce((most, x, i) => Math.max(most, Math.abs(found[i] - x)), 0)
    // sums of a few dozen terms in another order
    expect(worst / scale).toBeLessThan(1e-12)
    expect(Array.from(found).every(Number.isFinite)).toBe(true)
  }
)

once.each(['score, correlated', 'divergence, learned'])(
  'what many rows are asked at once: has the same bits by one thread and by two: %s',
  name => {
    const large = points(3, 40_001)
    const [one, two, again] = [1, 2, 1].map(count => {
      useThreads(count)
      return Buffer.from(Float64Array.from(asked[name](large)).buffer)
    })
    expect(two.equals(one)).toBe(true)
    expect(again.equals(one)).toBe(true)
  }
)

describe('a sampler and a likelihood of many points', () => {
  const program = (sampler: Sampler.Flow): Sampler.Program<Sampler.Flow> => {
    const compiled = Problem.orThrow(
      Sampler.compile({ sampler, grid: TimeGrid.logSnr({ from: 5, to: 1e-2, steps: 2 }), schedule })
    )
    return compiled
  }

  once('are those of a few at a time', () => {
    const all = points(3)
    const ends = (of: Points.Points): Float64Array =>
      [...Sampler.transport(program(Sampler.heun))(learned)(of)(Key.fromSeed(0))].at(-1)?.points.values ?? of.values
    const densities = Sampler.logDensity(program(Sampler.heun))(Sampler.exact(correlated, schedule))
    for (const f of [ends, densities]) {
      const found = f(all)
      const wanted = inParts(f)(all)
      const worst = wanted.reduce((most, x, i) => Math.max(most, Math.abs(found[i] - x) / (1 + Math.abs(x))), 0)
      // what differs by rounding is carried through four scores, each Lipschitz by less than a hundred
      expect(worst).toBeLessThan(1e-10)
    }
  })
})

/** Guidance pays for a program from fewer rows on: two hundred. */
const guided: ReadonlyArray<readonly [string, Sampler.Smooth]> = Object.entries({
  mixture: Sampler.exact(correlated, schedule),
  network: learned
}).flatMap(([name, prior]): ReadonlyArray<readonly [string, Sampler.Smooth]> => [
  ...(['tweedie', 'isotropic', 'none'] as const).map((spread): readonly [string, Sampler.Smooth] => [
    `posterior of a ${name}, ${spread}`,
    Guidance.posterior(
      {
        matrix: [
          [1, 0.5, 0],
          [0, 1, -1]
        ],
        observed: [1, 0],
        deviation: [0.4, 0.7]
      },
      schedule,
      { spread }
    )(prior)
  ]),
  [`inpainting by a ${name}`, Guidance.inpaint({ known: [2], values: [1], dim: 3, deviation: 0.1 }, schedule)(prior)],
  [
    `a ${name} and what depends on the time`,
    Guidance.of((x, ofTime) =>
      add(
        prior.field(x, ofTime),
        mul(
          ofTime(t => 1 / (1 + t)),
          sin(x)
        )
      )
    )
  ]
])

describe.each(guided)('guidance: %s', (_, score) => {
  it('is one program for all times, with nothing by the interpreter', () => {
    const of = Array.from({ length: 12 }, (_, i) => `of${i}`)
    const program = compile(
      {
        params: {},
        rows: { x: { shape: [3], from: 'call' } },
        constants: Object.fromEntries(of.map(name => [name, [1, 1]]))
      },
      ({ rows: { x }, constants }) => {
        const names = of.values()
        return { others: { found: score.field(x, () => constants[names.next().value ?? 'of0']) } }
      },
      [null, null]
    )
    expect(E.isRight(program) ? program.right.fallback : program.left).toEqual([])
  })

  it.each(
    spread(4)<[string, (points: Points.Points, time: number) => Float64Array]>([
      ['value', (points, time) => score(points, time).values],
      ['divergence', score.divergence],
      ['vᵀ∂s/∂x', (points, time) => score.vjp(points, time, points.values).values]
    ])
  )('of many rows is that of a few at a time, at every time: %s', (_, f) => {
    const all = points(3, 300)
    for (const time of [0.05, 1.3]) {
      const found = f(all, time)
      const wanted = [0, 1]
        .map(part =>
          Array.from(f({ rows: 150, dim: 3, values: all.values.subarray(450 * part, 450 * (part + 1)) }, time))
        )
        .flat()
      const scale = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 1)
      const worst = wanted.reduce((most, x, i) => Math.max(most, Math.abs(found[i] - x)), 0)
      // sums of a few dozen terms in another order, through a matrix of condition 1e3 at most
      expect(worst / scale).toBeLessThan(1e-11)
    }
  })
})

once('a function that no program can be made of: is interpreted, however many rows there are', () => {
  const doubled = rowwise({}, ({ rows: { x } }) => ({ y: mul(toNdArray(sum(x)).values[0] > 0 ? 2 : -2, x) }))
  const x: NdArray = { shape: [10_000, 1], values: new Float64Array(10_000).fill(1) }
  expect(doubled({ params: {}, rows: { x }, constants: {} }).y.values[7]).toBe(2)
})

once('a function that no program can be made of: throws what it throws', () => {
  const wrong = rowwise({}, ({ rows: { x } }) => ({ y: mul(x, tensor([1, 2, 3], [3])) }))
  const x: NdArray = { shape: [10_000, 2], values: new Float64Array(20_000) }
  expect(() => wrong({ params: {}, rows: { x }, constants: {} })).toThrow(/broadcast/)
})

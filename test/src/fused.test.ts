/** The SIMD passes and the plain ones agree; data streamed or not, by any number of threads, have the same bits. */
import { afterEach, describe, expect, it } from 'vitest'
import { Key } from '../../lib/index.js'
import { useThreads } from '../../lib/simd/crew.js'
import { taken } from '../../lib/strands.js'
import { basisOfArrays } from '../../src/mixture/Projection.js'
import * as Fused from '../../src/mixture/kernels/index.js'
import * as plain from '../../src/mixture/kernels/pass.js'
import { passes } from '../../src/mixture/kernels/simd.js'

const key = Key.fromSeed(21)
const normal = (index: number, count: number): Float64Array => Key.normal(count)(Key.child(index)(key))

interface Problem {
  readonly data: plain.Rows<Float64Array>
  readonly mixture: plain.Arrays
  readonly basis: plain.Basis
}

const problem = (rows: number, dim: number, components: number, free: boolean, weighted = false): Problem => {
  const centres = normal(1, components * dim)
  const weights = Float64Array.from({ length: rows }, (_, i) => 1 + (i % 3))
  const total = weights.reduce((sum, w) => sum + w, 0)
  const mixture: plain.Arrays = {
    components,
    centres,
    logits: free ? normal(3, components) : new Float64Array(components),
    variances: free ? normal(4, components).map(v => 0.5 + v * v) : new Float64Array(components).fill(1),
    free
  }
  return {
    data: { rows, dim, x: normal(2, rows * dim), weights: weighted ? weights.map(w => w / total) : null },
    mixture,
    basis: basisOfArrays(mixture)
  }
}

const one = (value: number): Float64Array => Float64Array.of(value)

type Make = (problem: Problem) => ReadonlyArray<plain.Part>

const span =
  (sign: 1 | -1): Make =>
  ({ data: { dim }, mixture: { free }, basis: { rank } }) => {
    const law = free && dim > rank
    return [
      {
        weight: one(0.4),
        alpha: one(0.8),
        sigma: one(0.6),
        noise: {
          _tag: 'Span',
          coordinates: Key.child(5)(key),
          along: law ? Key.child(6)(key) : null,
          rest: law ? { key: Key.child(7)(key), degrees: dim - rank - 1 } : dim - rank,
          sign
        },
        denoising: one(sign === 1 ? 0.3 : 0),
        completed: sign === 1
      }
    ]
  }

const perRow: Make = problem =>
  span(1)(problem).map(part => {
    const times = normal(8, problem.data.rows).map(z => Math.exp(-1 + 0.3 * z))
    return {
      ...part,
      alpha: times.map(t => Math.exp(-t)),
      sigma: times.map(t => Math.sqrt(1 - Math.exp(-2 * t))),
      weight: times,
      denoising: times.map(t => t / (1 + t))
    }
  })

const full =
  (values: (problem: Problem) => Key.Key | Float64Array, denoising: number): Make =>
  problem =>
    ([1, -1] as const).map(sign => ({
      weight: one(0.7),
      alpha: one(0.5),
      sigma: one(0.9),
      noise: { _tag: 'Full', values: values(problem), sign },
      denoising: one(denoising),
      completed: denoising > 0
    }))

const noises: Readonly<Record<string, Make>> = {
  'in the span': span(1),
  'in the span, antithetic': problem => [...span(1)(problem), ...span(-1)(problem)],
  'in the span, a level a row': problem => [...perRow(problem), ...span(-1)(problem)],
  'full, drawn': full(() => Key.child(9)(key), 0),
  'full, drawn, the target': full(() => Key.child(9)(key), 1),
  'full, drawn, both forms': full(() => Key.child(9)(key), 0.4),
  'full, given': full(({ data: { rows, dim } }) => normal(10, rows * dim), 0)
}

const sizes = [
  [1, 1, 2],
  [63, 3, 1],
  [64, 2, 5],
  [200, 7, 3],
  [1300, 5, 8],
  [129, 9, 7]
] as const

const TOLERANCE = 1e-13

/** Of the size of the largest entry, and of the value's terms, which may cancel. */
const expectClose = (actual: plain.Gradient, wanted: plain.Gradient, dim: number, free: boolean): void => {
  const scale = 1 + dim + Math.abs(wanted.value)
  expect(Math.abs(actual.value - wanted.value) / scale).toBeLessThan(TOLERANCE)
  for (const name of free ? (['centres', 'logits', 'variances'] as const) : (['centres'] as const)) {
    const size = wanted[name].reduce((most, g) => Math.max(most, Math.abs(g)), scale)
    wanted[name].forEach((g, i) => {
      expect(Math.abs(actual[name][i] - g) / size).toBeLessThan(TOLERANCE)
    })
  }
}

const simd = passes()

it('runs in SIMD here', () => {
  expect(Fused.accelerated()).toBe(true)
})

describe.each(Object.keys(noises))('noise %s', name => {
  it.each([true, false])('SIMD is the plain pass, free: %s', free => {
    for (const [rows, dim, components] of sizes)
      for (const weighted of [false, true]) {
        const made = problem(rows, dim, components, free, weighted)
        const { data, mixture, basis } = made
        const parts = noises[name](made)
        const wanted = taken(plain.scorePass(data, mixture, basis, parts))
        expectClose(taken(simd.scorePass(data, mixture, basis, parts)), wanted, dim, free)
      }
  })
})

it('the pair in SIMD is the plain pass', () => {
  for (const [rows, dim] of sizes)
    for (const scale of [1, 0]) {
      const made = problem(rows, dim, 1, false)
      const mean = made.mixture.centres.map(c => scale * c)
      const mixture = { ...made.mixture, centres: Float64Array.from([...mean, ...mean.map(m => -m)]) }
      const parts = [-1.5, 0, 0.7].map((coordinate): plain.Part => ({
        weight: one(0.3),
        alpha: one(0.7),
        sigma: one(0.8),
        noise: { _tag: 'Node', coordinate, rest: dim - scale },
        denoising: one(0),
        completed: true
      }))
      const wanted = taken(plain.pairPass(made.data, mixture, made.basis, parts))
      expectClose(taken(simd.pairPass(made.data, mixture, made.basis, parts)), wanted, dim, false)
    }
})

it('the E-step in SIMD is the plain pass, far from the origin too', () => {
  for (const [rows, dim, components] of sizes)
    for (const far of [0, 1000]) {
      const { data, mixture } = problem(rows, dim, components, true, true)
      const there = { ...data, x: data.x.map(x => far + x) }
      const centres = { ...mixture, centres: mixture.centres.map(c => far + c) }
      const wanted = taken(plain.expectationPass(there, centres))
      const actual = taken(simd.expectationPass(there, centres))
      expect(Math.abs(actual.value - wanted.value) / (dim + Math.abs(wanted.value))).toBeLessThan(TOLERANCE)
      for (const name of ['mass', 'sums', 'scatter'] as const)
        wanted[name].forEach((value, i) => {
          expect(Math.abs(actual[name][i] - value) / (1 + far + dim)).toBeLessThan(TOLERANCE)
        })
    }
})

describe('the same bits', () => {
  afterEach(() => {
    useThreads(1)
  })
  const made = problem(20_000, 4, 3, true, true)
  const { data, mixture, basis } = made
  // Full noise comes with no basis: then scratch spaces have nothing of its size to spare.
  const none: plain.Basis = { rank: 0, vectors: new Float64Array(0), origin: new Float64Array(0) }
  const results = ({ scorePass, expectationPass }: typeof simd): ReadonlyArray<unknown> => [
    ...Object.entries(noises).map(([name, make]) =>
      taken(scorePass(data, mixture, name.startsWith('full') ? none : basis, make(made)))
    ),
    taken(expectationPass(data, mixture))
  ]

  it('for 1, 2 and 8 threads', () => {
    useThreads(1)
    const wanted = results(simd)
    for (const count of [2, 8, 2]) {
      useThreads(count)
      for (let repeat = 0; repeat < 5; repeat++) expect(results(simd)).toEqual(wanted)
    }
  })

  it('for data that are streamed, and data that were driven out of memory', () => {
    const wanted = results(simd)
    expect(results(passes(300_000))).toEqual(wanted)
    expect(results(passes(50_000))).toEqual(wanted)
    const large = problem(900_000, 16, 2, false)
    for (let i = 0; i < 3; i++) taken(simd.expectationPass({ ...large.data }, large.mixture))
    expect(results(simd)).toEqual(wanted)
  })
})

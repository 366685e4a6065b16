/** Optimizers against the pseudo-code of their papers in NumPy: `test/oracle/optimizers.json`, which `optimizers.py` made. */
import { readFileSync } from 'node:fs'
import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { Params, Problem, Rate } from '../../../src/index.js'
import * as Optimizer from '../../../src/optimizer/index.js'

type Names = 'means' | 'logits'
interface Row {
  readonly step: number
  readonly params: ReadonlyArray<number>
  readonly estimate: ReadonlyArray<number>
}
// the script's own format
const reference = JSON.parse(
  readFileSync(new URL('../../oracle/optimizers.json', import.meta.url), 'utf8')
) as Readonly<Record<string, ReadonlyArray<Row>>>

const { chain, scale, scaleByRate } = Optimizer
const moments = { beta1: 0.9, beta2: 0.99, epsilon: 1e-8 }
const rising = (peak: number, steps: number): Rate.Rate =>
  Rate.piecewise(Rate.linear({ rate: peak / steps, final: peak, steps: steps - 1 }), [{ from: steps, rate: peak }])

const table: Readonly<Record<string, Optimizer.Optimizer>> = {
  adabelief: chain(Optimizer.scaleByBelief(moments), scaleByRate(0.05)),
  yogi: chain(Optimizer.scaleByYogi({ beta2: 0.99 }), scaleByRate(0.05)),
  adan: chain(Optimizer.scaleByAdan(), scaleByRate(0.05)),
  ademamix: chain(Optimizer.scaleByAdemamix({ ...moments, beta3: 0.999, warmUp: 40 }), scaleByRate(0.01)),
  lamb: Optimizer.lamb({ rate: 0.02, beta2: 0.99, decay: 0.01 }),
  lars: chain(
    Optimizer.weightDecay(0.01),
    Optimizer.scaleByTrustRatio({ coefficient: 0.02 }),
    scaleByRate(0.5),
    Optimizer.trace(0.9)
  ),
  muon: Optimizer.partition({ means: Optimizer.muon({ rate: 0.05 }), logits: Optimizer.adam({ rate: 0.05 }) }),
  schedule_free: Optimizer.scheduleFree({ rate: rising(0.1, 10), beta2: 0.99 }),
  prodigy: Optimizer.prodigy({ rate: rising(1, 5), start: 1e-3 }),
  dog: chain(Optimizer.scaleByDistanceOverGradients({ start: 1e-2 }), scale(-1)),
  sam: chain(Optimizer.sam({ radius: 0.1 }), scaleByRate(0.1))
}

const start = Params.of({
  means: [
    [1, -2],
    [0.5, 1.5],
    [-1, 0.25]
  ],
  logits: [0.5, -0.75, 1]
})
const a = [
  [1, 0.2, 0],
  [0.2, 2, 0.1],
  [0, 0.1, 0.5]
]
const b = [1, -0.5, 0.25, 0.5, -1, 0.75]

/** The objective of the script, with the noise of a step. */
const objectiveAt =
  (step: number) =>
  ({ means: { values: w }, logits: { values: l } }: Params.Params<Names>): Optimizer.Evaluation<Names> => {
    const noise = (i: number): number => (((7 * step + 13 * i) % 11) - 5) / 10
    const means = Float64Array.from(w, (entry, at) => {
      const [i, j] = [Math.floor(at / 2), at % 2]
      const product = a[i].reduce((sum, x, k) => sum + x * w[2 * k + j], 0)
      return product - b[at] + 0.1 * l[i] * entry + noise(at)
    })
    const logits = Float64Array.from(
      l,
      (entry, i) => entry ** 3 - 0.3 * entry + 0.05 * (w[2 * i] ** 2 + w[2 * i + 1] ** 2) + noise(6 + i)
    )
    return { value: NaN, gradient: { means: { shape: [3, 2], values: means }, logits: { shape: [3], values: logits } } }
  }

/** Distance of numbers, relative to those above 1. */
const farthest = (found: Params.Params<Names>, wanted: ReadonlyArray<number>): number =>
  Math.max(...Array.from(Params.packed(found), (x, i) => Math.abs(x - wanted[i]) / Math.max(1, Math.abs(wanted[i]))))

it('every optimizer of the script is compared', () => {
  expect(Object.keys(table)).toEqual(Object.keys(reference))
})

it.each(Object.entries(table))('%s takes the sixty steps of its paper', (name, optimizer) => {
  let state: Optimizer.Iterate<Names> = {
    params: start,
    state: Optimizer.anyInterpret<Names>(optimizer).init(start)
  }
  const rows = new Map(reference[name].map(row => [row.step, row]))
  for (let n = 1; n <= 60; n++) {
    state = Optimizer.step<Names, Optimizer.Optimizer>(optimizer, objectiveAt(n - 1))(state)
    const row = rows.get(n)
    if (row === undefined) continue
    // some hundred roundings of 2⁻⁵³ a step on a path that contracts
    expect(farthest(state.params, row.params)).toBeLessThan(1e-12)
    expect(farthest(Optimizer.estimate(optimizer, state.params, state.state), row.estimate)).toBeLessThan(1e-12)
  }
  // and the state after them goes through JSON
  const codec = Optimizer.stateCodec<Names>(optimizer)
  expect(codec.decode(JSON.parse(JSON.stringify(codec.encode(state.state))))).toEqual(E.right(state.state))
})

it('Muon is for matrices, and says what to do with others', () => {
  const on = (optimizer: Optimizer.Optimizer): ReadonlyArray<string> =>
    Optimizer.optimizerIncompatibilities({ shapes: Params.shapes(start), random: null })(optimizer).map(Problem.show)
  expect(on(Optimizer.muon({ rate: 1 }))).toEqual([
    'optimizer: Optimizer.orthogonalize({ steps: 5 }) on logits [3] is not on matrices; give logits a rule of its own: Optimizer.partition({ means: Optimizer.muon({ rate: 0.1 }), logits: Optimizer.adam({ rate: 0.1 }) })'
  ])
  expect(on(table.muon)).toEqual([])
})

it('orthogonalised matrices have singular values near 1, wide or tall, one or a stack, and zeros stay', () => {
  const { init, update } = Optimizer.anyInterpret<string>(Optimizer.orthogonalize())
  const step = (g: Params.Params<string>): Params.Params<string> => update(g, init(g), g)[0]
  const { wide, tall, stack, none } = step(
    Params.of({
      wide: [
        [3, 0, 0.1],
        [0, 0.2, 0]
      ],
      tall: [
        [3, 0],
        [0, 0.2],
        [0.1, 0]
      ],
      stack: [
        [
          [3, 0, 0.1],
          [0, 0.2, 0]
        ]
      ],
      none: [[0, 0]]
    })
  )
  const lengths = [0, 1].map(i => Math.hypot(...wide.values.subarray(3 * i, 3 * i + 3)))
  lengths.forEach(length => expect(Math.abs(length - 0.91)).toBeLessThan(0.24))
  expect(Array.from(stack.values)).toEqual(Array.from(wide.values))
  expect(Array.from(tall.values, x => x / Math.sqrt(1.5))).toEqual(
    [0, 3, 1, 4, 2, 5].map((at): unknown => expect.closeTo(wide.values[at], 14))
  )
  expect(Array.from(none.values)).toEqual([0, 0])
})

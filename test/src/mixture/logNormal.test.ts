/** log N(x; c, Σ) and its gradient in the plane: in the vocabulary, of plain numbers, and by determinant and adjugate. */
import { describe, expect, it } from 'vitest'
import { compute, fromNdArray, grad, mul, sum, tensor } from '../../../lib/index.js'
import type { NdArray } from '../../../lib/arrays/ndarray.js'
import { Key, Params } from '../../../src/index.js'
import { componentsOf, ofComponents, type Component } from '../../../src/mixture/component.js'
import * as Tensors from '../../../src/mixture/families/tensors.js'
import { rowResponsibilities } from '../../../src/mixture/em/eStepLoops.js'
import { SEED } from '../../cases.js'

const COUNT = 3
const ROWS = 24

/** log N and ∇ log N. */
const byHand = (
  [x, y]: Float64Array,
  { mean: [a, b], factor: { shape, values } }: Component
): ReadonlyArray<number> => {
  const [f, , h, g] = shape.length === 2 ? values : [values[0], 0, 0, values[values.length - 1]]
  const s = f * f
  const c = f * h
  const t = h * h + g * g
  const determinant = f * f * g * g
  const u = x - a
  const v = y - b
  const pull = [(t * u - c * v) / determinant, (s * v - c * u) / determinant]
  return [
    -Math.log(2 * Math.PI) - Math.log(determinant) / 2 - (u * pull[0] + v * pull[1]) / 2,
    ...pull.map(each => -each)
  ]
}

describe.each(['a number', 'a diagonal', 'a triangle'])('log N by %s', kind => {
  const keys = Key.named('x', 'mean', 'factor')(Key.fromSeed(SEED))
  const means = Key.normal(2 * COUNT)(keys.mean)
  const z = Key.normal(3 * COUNT)(keys.factor)
  const components = Array.from({ length: COUNT }, (_, k): Component => {
    const f = Math.exp(z[3 * k] / 3)
    const g = Math.exp(z[3 * k + 1] / 3)
    const h = z[3 * k + 2] / 3
    const factor: NdArray =
      kind === 'a number'
        ? { shape: [], values: Float64Array.of(f) }
        : kind === 'a diagonal'
          ? { shape: [2], values: Float64Array.of(f, g) }
          : { shape: [2, 2], values: Float64Array.of(f, 0, h, g) }
    return { weight: (k + 1) / 6, mean: means.subarray(2 * k, 2 * k + 2), factor }
  })
  // Every third row is a thousand deviations away.
  const values = Key.normal(2 * ROWS)(keys.x).map((x, at) => (Math.floor(at / 2) % 3 === 0 ? 1000 : 1) * x)
  const mixture = ofComponents(components)
  const row = (i: number): Float64Array => values.subarray(2 * i, 2 * i + 2)
  const seen = (): Tensors.RowFunctions =>
    Tensors.functionsOfArrays(Params.map(fromNdArray)(Tensors.mixtureArrays(mixture)))
  // A dozen roundings of numbers of the size of |x − c|²/|Σ|, whose condition is below 100.
  const within = (i: number): number => 1e-12 * (1 + row(i).reduce((all, x) => all + x * x, 0))

  it('is one in the vocabulary and of plain numbers', () => {
    const { logs } = rowResponsibilities(componentsOf(mixture), { rows: ROWS, dim: 2, values })
    const written = compute(() => seen().logJoint(tensor(values, [ROWS, 2]))).values
    for (let i = 0; i < ROWS; i++)
      components.forEach((component, k) => {
        const [log] = byHand(row(i), component)
        const expected = Math.log(component.weight) + log
        expect(Math.abs(logs[i * COUNT + k] - expected)).toBeLessThan(within(i))
        expect(Math.abs(written[i * COUNT + k] - expected)).toBeLessThan(within(i))
      })
  })

  it('has its gradient', () => {
    components.forEach((component, k) => {
      const chosen = Float64Array.from({ length: COUNT }, (_, l) => (l === k ? 1 : 0))
      const gradients = compute(() =>
        grad(x => sum(mul(seen().logJoint(x), tensor(chosen, [1, COUNT]))))(tensor(values, [ROWS, 2]))
      ).values
      for (let i = 0; i < ROWS; i++) {
        const [, ...gradient] = byHand(row(i), component)
        gradient.forEach((g, j) => expect(Math.abs(gradients[2 * i + j] - g)).toBeLessThan(within(i)))
      }
    })
  })
})

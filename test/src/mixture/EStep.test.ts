/** The E-step in plain loops against the same in the tensor vocabulary: two ways that share no code. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { theMachine } from '../../../lib/compiler/machine.js'
import * as Strands from '../../../lib/strands.js'
import { Key, type Points, Score } from '../../../src/index.js'
import { eStep, inLoops, inVocabulary } from '../../../src/mixture/EStep.js'
import type { Second } from '../../../src/score/family.js'
import * as Params from '../../../src/score/Params.js'

const families = [
  Score.tiedIsotropic({ components: 3 }),
  Score.diagonal({ components: 3 }),
  Score.tiedDiagonal({ components: 3 }),
  Score.tied({ components: 3 }),
  Score.full({ components: 3 }),
  Score.lowRank({ components: 3, rank: 2 })
] as ReadonlyArray<Score.Score<string>>

const levels = [
  { alpha: 1, sigma: 0 },
  { alpha: 0.8, sigma: 0.6 },
  { alpha: 0.05, sigma: 3 }
]

describe.each(families.map(score => [Score.show(score), score] as const))('%s', (_, score) => {
  // From 5 · 10⁵ numbers on, what is chosen is compiled.
  it.each([
    [1, 40, [1, 2, 3]],
    [2, 40, [1, 2, 3]],
    [5, 40, [1, 2, 3]],
    [5, 34_001, [4]]
  ])('has the same moments by loops as in the vocabulary, in dimension %d of %d rows', (dim, rows, seeds) => {
    const family = pipe(Score.interpret(score).family, O.toNullable)
    if (family === null || O.isNone(family.toMixture)) throw new Error('a family of Gaussians')
    const toMixture = family.toMixture.value
    const machine = theMachine()
    if (machine === null) throw new Error('a machine')
    const runs = vi.spyOn(machine, 'run')
    onTestFinished(() => {
      runs.mockRestore()
    })
    for (const seed of seeds) {
      const keys = Key.named('x', 'w', 'p')(Key.fromSeed(seed))
      const points: Points.Points = { rows, dim, values: Key.normal(rows * dim)(keys.x).map(z => 100 + 2 * z) }
      const drawn = Key.uniform(rows)(keys.w).map((u, i) => (i === 7 ? 0 : u))
      const total = drawn.reduce((a, b) => a + b)
      const weights = drawn.map(w => w / total)
      let child = 0
      const params = Params.map(({ shape, values }: { shape: ReadonlyArray<number>; values: Float64Array }) => ({
        shape,
        values: Key.normal(values.length)(Key.child(child++)(keys.p)).map(z => z / 2)
      }))(Params.zeros(Score.shapes(dim)(score)))
      // Centres among the rows.
      const here = { ...params, means: { ...params.means, values: params.means.values.map(c => 100 + 2 * c) } }
      for (const level of levels)
        for (const second of ['none', 'trace', 'diagonal', 'full'] as ReadonlyArray<Second>) {
          const [loops, written, chosen] = [
            inLoops(toMixture, second),
            inVocabulary(family, second, dim),
            eStep(family, second, dim)
          ].map(step => Strands.taken(step(here, level, { rows, dim, x: points.values, weights, passing: true })))
          expect(chosen.sums).toEqual((rows > 40 ? written : loops).sums)
          // Some thousand roundings, of densities whose exponents reach 10⁴ where rows are many deviations away.
          const near = (a: Float64Array, b: Float64Array): void => {
            const scale = b.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-300)
            expect(a.length).toBe(b.length)
            a.forEach((x, at) => expect(Math.abs(x - b[at])).toBeLessThan(1e-11 * scale))
          }
          near(Float64Array.of(loops.value), Float64Array.of(written.value))
          near(loops.mass, written.mass)
          near(loops.sums, written.sums)
          near(loops.second, written.second)
        }
    }
    expect(runs.mock.calls.length > 0).toBe(rows > 40)
  })
})

/** Components that fewer would do without: found by their overlap and their rows, and told to the user. */
import { describe, expect, it } from 'vitest'
import { Mixture } from '../../../src/index.js'
import { page } from '../../../src/report/report.js'
import { planted, two } from '../report/fits.js'

/** ∫ √(p q) by the trapezoidal rule, which converges geometrically for what decays so. */
const overlap = (m: number, v: number, w: number): number => {
  const density = (x: number, mean: number, variance: number): number =>
    Math.exp(-((x - mean) ** 2) / (2 * variance)) / Math.sqrt(2 * Math.PI * variance)
  return Array.from({ length: 4001 }, (_, i) => (i - 2000) / 100).reduce(
    (sum, x) => sum + 0.01 * Math.sqrt(density(x, 0, v) * density(x, m, w)),
    0
  )
}

describe('Mixture.redundancies', () => {
  it.each([
    [0.1, 1, 1],
    [0.3, 1, 1.2],
    [0, 1, 1.5]
  ])('merged: centres %d apart, variances %d and %d', (apart, v, w) => {
    const found = Mixture.redundancies(100)(Mixture.of({ means: [[9], [0], [apart]], variances: [1, v, w] }))
    expect(found).toEqual([
      { _tag: 'Merged', components: [1, 2], overlap: expect.closeTo(overlap(apart, v, w), 12) as number }
    ])
  })

  it('the overlap of dimensions is the product of each one’s', () => {
    const found = Mixture.redundancies(100)(
      Mixture.of({
        means: [[0, 0], [0.2, 0.1]], // prettier-ignore
        variances: [1, 1.1]
      })
    )
    expect(found).toEqual([
      {
        _tag: 'Merged',
        components: [0, 1],
        overlap: expect.closeTo(overlap(0.2, 1, 1.1) * overlap(0.1, 1, 1.1), 12) as number
      }
    ])
  })

  it('not merged: a standard deviation apart, or of another variance', () => {
    expect(Mixture.redundancies(100)(Mixture.of({ means: [[0], [1]] }))).toEqual([])
    expect(Mixture.redundancies(100)(Mixture.of({ means: [[0], [0]], variances: [1, 3] }))).toEqual([])
  })

  it('empty: less than a row, and then not merged too', () => {
    const mixture = Mixture.of({ means: [[0], [0]], weights: [0.995, 0.005] })
    expect(Mixture.redundancies(100)(mixture)).toEqual([{ _tag: 'Empty', component: 1, rows: 0.5 }])
    expect(Mixture.redundancies(200)(mixture)).toMatchObject([{ _tag: 'Merged' }])
  })
})

it('the report tells them', () => {
  const fit = planted(two, 20, {
    redundancies: [
      { _tag: 'Empty', component: 0, rows: 0.25 },
      { _tag: 'Merged', components: [0, 1], overlap: 0.987 }
    ]
  })
  // An option does not break at the end of a line.
  const text = page(fit, '0.0.0').replaceAll('<span class="word">--components</span>', '--components')
  expect(text).toContain(
    '<li class="doubt">Component 1 is empty: its effective count is 0.25 rows. Try --components 1.</li>'
  )
  expect(text).toContain(
    '<li class="doubt">Components 1 and 2 are all but the same: they overlap by 99 %. Try --components 1.</li>'
  )
})

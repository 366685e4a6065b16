/** Components that fewer would do without: found by their overlap and their rows, and told to the user. */
import { describe, expect, it } from 'vitest'
import { Mixture } from '../../../src/index.js'
import { fitPage } from '../../../src/report/report.js'
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
      Mixture.of({ means: [[0, 0], [0.2, 0.1]], variances: [1, 1.1] }) // prettier-ignore
    )
    expect(found).toEqual([
      {
        _tag: 'Merged',
        components: [0, 1],
        overlap: expect.closeTo(overlap(0.2, 1, 1.1) * overlap(0.1, 1, 1.1), 12) as number
      }
    ])
  })

  // exp(−δ²/8) is 0.95 at δ = √(8 log 1/0.95).
  const apart = Math.sqrt(-8 * Math.log(0.95))
  /** Of variance 1 and a correlation. */
  const turned = (r: number): ReadonlyArray<ReadonlyArray<number>> => [
    [1, r],
    [r, 1]
  ]
  it.each<readonly [string, Mixture.Description, merged: boolean]>([
    ['a standard deviation apart', { means: [[0], [1]] }, false],
    ['of another variance', { means: [[0], [0]], variances: [1, 3] }, false],
    ['overlapping by less than 0.95', { means: [[0], [1.001 * apart]] }, false],
    ['overlapping by more', { means: [[0], [0.999 * apart]] }, true],
    ['of the same covariance', { means: [[0, 0], [0, 0]], covariances: [turned(0.9), turned(0.9)] }, true], // prettier-ignore
    // ∫√(pq) of equal means: (|Σ₁||Σ₂|)^¼/|½(Σ₁ + Σ₂)|^½ = √0.19.
    ['of the opposite correlation', { means: [[0, 0], [0, 0]], covariances: [turned(0.9), turned(-0.9)] }, false], // prettier-ignore
    ['apart across a correlation', { means: [[0, 0], [1, 0]], covariances: [turned(0.9), turned(0.9)] }, false] // prettier-ignore
  ])('two %s', (_, description, merged) => {
    const found = Mixture.redundancies(1000)(Mixture.of(description))
    expect(found.map(({ _tag }) => _tag)).toEqual(merged ? ['Merged'] : [])
  })

  it('some of many: pairs that overlap, and one with less than a row', () => {
    const mixture = Mixture.of({
      means: [[0, 0], [4, 0], [0.3, 0.2], [4, 0.1], [9, 9], [0, 0]], // prettier-ignore
      weights: [0.3, 0.3, 0.2, 0.1, 0.1, 0.0009],
      variances: [1, 0.8, 1.2, 0.9, 1, 1]
    })
    const found = Mixture.redundancies(1000)(mixture)
    expect(found.map(each => (each._tag === 'Empty' ? each.component : each.components))).toEqual([5, [0, 2], [1, 3]])
  })

  it('empty: less than a row, and then not merged too', () => {
    const mixture = Mixture.of({ means: [[0], [0]], weights: [0.995, 0.005] })
    expect(Mixture.redundancies(100)(mixture)).toEqual([{ _tag: 'Empty', component: 1, rows: 0.5 }])
    // A whole row is a component.
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
  const text = fitPage(fit, '0.0.0').replaceAll('<span class="word">--components</span>', '--components')
  expect(text).toContain(
    '<li class="doubt">Component 1 is empty: its effective count is 0.25 rows. Try --components 1.</li>'
  )
  expect(text).toContain(
    '<li class="doubt">Components 1 and 2 are all but the same: they overlap by 99 %. Try --components 1.</li>'
  )
})

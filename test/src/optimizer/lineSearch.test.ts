/** The strong Wolfe search on the functions of Moré & Thuente 1994, from first trials far too short and far too long. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { strongWolfe, type LineTrial } from '../../../src/optimizer/lineSearch.js'

interface Line {
  readonly name: string
  readonly phi: (rate: number) => number
  readonly slope: (rate: number) => number
  readonly decrease: number
  readonly curvature: number
}

/** Yanai's: nearly linear on both sides of a sharp bend at 1, with slopes −1 + and + 1 of sharpness β. */
const bend = (beta1: number, beta2: number): Pick<Line, 'phi' | 'slope'> => {
  const gamma = (beta: number): number => Math.hypot(1, beta) - beta
  const g1 = gamma(beta1)
  const g2 = gamma(beta2)
  return {
    phi: r => g1 * Math.hypot(1 - r, beta2) + g2 * Math.hypot(r, beta1),
    slope: r => (-g1 * (1 - r)) / Math.hypot(1 - r, beta2) + (g2 * r) / Math.hypot(r, beta1)
  }
}

const lines: ReadonlyArray<Line> = [
  {
    name: '−r/(r² + 2)',
    phi: r => -r / (r * r + 2),
    slope: r => (r * r - 2) / (r * r + 2) ** 2,
    decrease: 0.001,
    curvature: 0.1
  },
  {
    name: '(r + 0.004)⁵ − 2 (r + 0.004)⁴',
    phi: r => (r + 0.004) ** 5 - 2 * (r + 0.004) ** 4,
    slope: r => 5 * (r + 0.004) ** 4 - 8 * (r + 0.004) ** 3,
    decrease: 0.1,
    curvature: 0.1
  },
  { name: 'a bend, alike on both sides', ...bend(0.001, 0.001), decrease: 0.001, curvature: 0.001 },
  { name: 'a bend, sharp at 1', ...bend(0.01, 0.001), decrease: 0.001, curvature: 0.001 },
  { name: 'a bend, sharp at 0', ...bend(0.001, 0.01), decrease: 0.001, curvature: 0.001 }
]

const search = (
  { phi, slope, decrease, curvature }: Line,
  first: number,
  evaluations = 60
): { readonly found: LineTrial | null; readonly start: LineTrial; readonly rates: ReadonlyArray<number> } => {
  const rates: number[] = []
  const at = (rate: number): LineTrial => ({ rate, value: phi(rate), slope: slope(rate) })
  const found = strongWolfe({ decrease, curvature, evaluations })(
    rate => {
      rates.push(rate)
      return at(rate)
    },
    at(0),
    first
  )
  return { found, start: at(0), rates }
}

describe.each(lines)('$name', line => {
  it.each([1e-3, 0.1, 10, 1000])('from %d', first => {
    const { found, start } = search(line, first)
    if (found === null) throw new Error('no step')
    expect(found.value).toBeLessThanOrEqual(start.value + line.decrease * found.rate * start.slope)
    expect(Math.abs(found.slope)).toBeLessThanOrEqual(-line.curvature * start.slope)
  })
})

describe('a trial', () => {
  // −sin: flat at 3π/2, where it is highest, and at π/2, where it is lowest.
  const wave: Line = { name: '', phi: r => -Math.sin(r), slope: r => -Math.cos(r), decrease: 1e-4, curvature: 0.5 }

  it('that is flat but no lower is not taken', () => {
    const { found, rates } = search(wave, 1.5 * Math.PI)
    expect(rates[0]).toBe(1.5 * Math.PI)
    expect(found?.rate).toBeLessThan(Math.PI)
  })

  it('that is good is taken at once', () => {
    expect(search(wave, 1.5).rates).toEqual([1.5])
  })

  it('lower than the last but too steep is a place to go on from', () => {
    // Down to −10 at 10, past which it climbs: doubled until beyond, then between.
    const valley: Line = {
      ...wave,
      phi: r => Math.abs(r - 10) ** 1.5,
      slope: r => 1.5 * Math.sign(r - 10) * Math.sqrt(Math.abs(r - 10))
    }
    const { found, rates } = search({ ...valley, curvature: 0.1 }, 1)
    expect(rates.slice(0, 5)).toEqual([1, 2, 4, 8, 16])
    expect(Math.abs((found?.rate ?? 0) - 10)).toBeLessThan(0.2)
  })
})

it('that runs out of evaluations ends with the lowest trial that falls enough, or none', () => {
  const line = lines[0]
  const { found, rates } = search({ ...line, curvature: 1e-12 }, 0.01, 4)
  expect(rates).toEqual([0.01, 0.02, 0.04, 0.08])
  expect(found?.rate).toBe(0.08)
  expect(search({ ...line, phi: r => (r === 0 ? 0 : NaN) }, 1, 4).found).toBeNull()
})

it('that runs out of evaluations ends with the lowest of those that fall enough, on any line', () => {
  const part = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max }).map(k => k / 16)
  const waves = fc.record({ size: part(1, 64), pace: part(4, 96), phase: part(0, 100), first: part(1, 160) })
  let climbed = 0
  fc.assert(
    fc.property(waves, ({ size, pace, phase, first }) => {
      const line: Line = {
        name: '',
        phi: r => size * Math.sin(pace * r + phase) - r / 64,
        slope: r => size * pace * Math.cos(pace * r + phase) - 1 / 64,
        decrease: 1e-4,
        curvature: 1e-14
      }
      fc.pre(line.slope(0) < 0)
      const { found, start, rates } = search(line, first, 8)
      const falling = rates.map(line.phi).filter((value, i) => value <= start.value + 1e-4 * rates[i] * start.slope)
      if (falling.length > 0 && falling[falling.length - 1] > Math.min(...falling)) climbed += 1
      expect(found?.value).toBe(falling.length === 0 ? undefined : Math.min(...falling))
    }),
    { seed: 1, numRuns: 300 }
  )
  // Lines on which the last such trial is not the lowest are met.
  expect(climbed).toBeGreaterThan(30)
})

it('goes nowhere from where the line climbs or is flat', () => {
  const climb: Line = { name: '', phi: r => r, slope: () => 1, decrease: 1e-4, curvature: 0.9 }
  expect(search(climb, 1)).toMatchObject({ found: null, rates: [] })
  expect(search({ ...climb, slope: () => 0 }, 1).rates).toEqual([])
})

it('where rounding hides the fall of the value, its slopes decide', () => {
  // 10⁸ + ½(r − 1)²·10⁻¹⁰: the value is one number throughout.
  const hidden: Line = {
    name: '',
    phi: r => 1e8 + (1e-10 * (r - 1) ** 2) / 2,
    slope: r => 1e-10 * (r - 1),
    decrease: 1e-4,
    curvature: 0.5
  }
  expect(hidden.phi(0)).toBe(hidden.phi(1))
  expect(search(hidden, 1).rates).toEqual([1])
})

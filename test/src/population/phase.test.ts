/** Phase diagrams of problems whose thresholds are known. */
import { describe, expect, it } from 'vitest'
import { Key, Phase } from '../../../src/index.js'

/** Succeeds with probability 1/(1 + (T/x)^4), T = 3 d^1.5. */
const succeeds = ({ x, d }: { readonly x: number; readonly d: number }, key: Key.Key): boolean =>
  Key.uniform(1)(key)[0] < 1 / (1 + ((3 * d ** 1.5) / x) ** 4)
const axes = { x: Phase.geometric(1, 200, 12), d: [1, 2, 4, 8] }

describe('a diagram', () => {
  const seeds = 60
  const diagram = Phase.diagram({ axes, seeds, succeeds })
  const found = diagram.threshold('x')

  it('finds thresholds and exponents within their errors', () => {
    for (const { at, value, low, high, inside, slope } of found.each) {
      const wanted = 3 * (at.d ?? NaN) ** 1.5
      expect(inside).toBe(true)
      // Four standard errors: the interval is of 1.96.
      expect(Math.abs(Math.log(value / wanted))).toBeLessThan((4 / 1.96) * Math.log(high / value))
      expect(value / low).toBeCloseTo(high / value, 10)
      expect(high / low).toBeLessThan(1.6)
      expect(slope).toBeGreaterThan(2)
    }
    const { of, constant, degrees } = found.exponents(['d'])
    expect(degrees).toBe(2)
    expect(Math.abs((of.d?.value ?? NaN) - 1.5)).toBeLessThan(2 * (of.d?.half ?? NaN))
    expect(Math.abs(Math.log(constant / 3))).toBeLessThan(0.3)
  })
  it('of another unit has the threshold in it', () => {
    const doubled = diagram.threshold('x', ({ x }) => 2 * x)
    doubled.each.forEach(({ value }, i) => {
      expect(value / found.each[i].value).toBeCloseTo(2, 10)
    })
  })
  it('goes on from cells that are known, as if it had never stopped', () => {
    const kept = diagram.cells.slice(0, 30)
    const told = [] as Phase.Cell<'x' | 'd'>[]
    const ran = new Set<string>()
    const again = Phase.diagram({
      axes,
      seeds,
      known: JSON.parse(JSON.stringify(kept)) as typeof kept,
      onCell: cell => told.push(cell),
      succeeds: (at, key) => {
        ran.add(JSON.stringify(at))
        return succeeds(at, key)
      }
    })
    expect(again.cells).toEqual(diagram.cells)
    expect(told).toEqual(diagram.cells.slice(30))
    expect(ran.size).toBe(diagram.cells.length - 30)
  })
  it('may be run by processes, each a part of the cells, whose cells are those of the whole', () => {
    const parts = [0, 1].map(index => Phase.diagram({ axes, seeds, succeeds, part: { index, of: 2 } }).cells)
    expect(parts.map(cells => cells.length)).toEqual([24, 24])
    expect(Phase.diagram({ axes, seeds, succeeds: () => false, known: parts.flat() }).cells).toEqual(diagram.cells)
  })
  it('has a picture, one line a problem', () => {
    const lines = diagram.picture('x').split('\n')
    expect(lines).toHaveLength(4)
    for (const line of lines) expect(line).toMatch(/^[▁-█]{12} {2}d \d/)
    expect(found.table().split('\n')).toHaveLength(4)
  })
})

it('a threshold beyond the axis is said to be', () => {
  const { each, exponents, table } = Phase.diagram({
    axes: { x: Phase.geometric(1, 2, 3), d: [8] },
    seeds: 20,
    succeeds
  }).threshold('x')
  expect(each[0].inside).toBe(false)
  expect(table()).toMatch(/outside of the axis/)
  expect(() => exponents([])).toThrow(/widen the axis/)
})

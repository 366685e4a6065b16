/** A model with a background, on the command line: what each command tells of it, or why it does not take it. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { place } from './harness.js'

const here = place()
const { ornstein } = here
const rows = 60

beforeAll(async () => {
  const near = Array.from({ length: rows }, (_, i) => `${(i % 2) * 9 + ((i * 7) % 10) / 10},${((i * 3) % 11) / 5}`)
  here.write('wild.csv', `x,y\n${near.join('\n')}\n400,3\n-5,900\n`)
  expect((await ornstein('fit @wild.csv --family diagonal --robust -k 2 --out @model.json')).exit).toBe(0)
})
afterAll(here.remove)

it('is assigned, with the rows of no component by name', async () => {
  const { stdout } = await ornstein('assign @model.json @wild.csv')
  expect(stdout.match(/,background,/g)).toHaveLength(2)
})

it('has rows of no cluster too, where components are merged', async () => {
  const { exit, stdout } = await ornstein('assign @model.json @wild.csv --clusters 1')
  expect(exit).toBe(0)
  expect(stdout.match(/,background,/g)).toHaveLength(2)
  expect(stdout.match(/,1,(1|0\.\d+),/g)).toHaveLength(rows)
})

it('is evaluated, and weights and rows of all parts add up', async () => {
  const { stdout } = await ornstein('evaluate @model.json @wild.csv')
  const parts = Array.from(stdout.matchAll(/^ +(?:1|2|background) +([\d.]+) +([\d.]+) +([\d.]+)$/gm), found =>
    found.slice(1).map(Number)
  )
  expect(parts).toHaveLength(3)
  const [size, share, weight] = [0, 1, 2].map(column => parts.reduce((sum, part) => sum + part[column], 0))
  // Numbers of four and of three digits.
  expect(Math.abs(size - (rows + 2))).toBeLessThan(0.05)
  expect(Math.abs(share - 1)).toBeLessThan(0.002)
  expect(Math.abs(weight - 1)).toBeLessThan(0.002)
})

it('predicts as a row of a component, and says how likely a row is of none', async () => {
  here.write('new.csv', 'x\n0.5\n-500\n')
  const { exit, stdout } = await ornstein('predict @model.json @new.csv --target y --quantiles 0.1,0.9')
  expect(exit).toBe(0)
  const [header, near, far] = stdout.trimEnd().split('\n')
  expect(header).toBe('x,y predicted,y sd,y 10 %,y 90 %,background')
  const [[, y, , low, high, beside], [, , , , , other]] = [near, far].map(line => line.split(',').map(Number))
  // The y of all rows lie from 0 to 2.
  expect(low > -0.5 && low < y && y < high && high < 2.5).toBe(true)
  expect([beside < 0.05, other > 0.95]).toEqual([true, true])
})

it('is refused where only Gaussians are known', async () => {
  const { exit, stderr } = await ornstein('export @model.json --to sklearn')
  expect(exit).toBe(2)
  expect(stderr).toMatch(
    /a mixture with tails or a background is not made of Gaussians alone; learn it without `robust`/
  )
})

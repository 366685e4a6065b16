/** `ornstein predict`: columns by the others, as `Mixture.predict` has them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as E from 'fp-ts/lib/Either.js'
import { Fit, Mixture } from '../../../../src/index.js'
import { replays } from '../../../golden/sessions.js'
import { place } from '../harness.js'

const here = place()
const { ornstein } = here

beforeAll(async () => {
  // y = 2x + 1 on the left, −x on the right, with a third column that says nothing
  const rows = Array.from({ length: 80 }, (_, i) => {
    const x = i % 2 === 0 ? -6 + i / 40 : 5 + i / 40
    const noise = ((i * 37) % 11) / 20
    return [x, (x < 0 ? 2 * x + 1 : -x) + noise, ((i * 53) % 17) / 3].join(',')
  })
  here.write('train.csv', `x,y,z\n${rows.join('\n')}\n`)
  expect((await ornstein('fit @train.csv --family full -k 2 --out @model.json')).exit).toBe(0)
})
afterAll(here.remove)

const mixture = (): Mixture.Mixture => {
  const read = Fit.fromJSON(JSON.parse(here.read('model.json')))
  return E.isRight(read) ? read.right.mixture : Mixture.of({ means: [[NaN]] })
}

describe('ornstein predict', () => {
  it('adds columns, whether or not the table has the targets, and touches nothing else', async () => {
    here.write('new.csv', 'name,z,x\n"a,b",1,-5\nright,2,6\n')
    const { exit, stdout } = await ornstein('predict @model.json @new.csv --target y --quantiles 0.07,0.5')
    expect(exit).toBe(0)
    const [header, ...lines] = stdout.trimEnd().split('\n')
    expect(header).toBe('name,z,x,y predicted,y sd,y 7 %,y 50 %')
    expect(lines[0]).toMatch(/^"a,b",1,-5,/)
    const found = Mixture.predict([1])({ rows: 2, dim: 2, values: Float64Array.of(-5, 1, 6, 2) })(mixture())
    const wanted = [found.mean, found.sd, found.quantile(0.07), found.quantile(0.5)]
    lines.forEach((line, i) => {
      expect(line.split(',').slice(-4).map(Number)).toEqual(wanted.map(({ values }) => values[i]))
    })
  })

  it('predicts by the cells that a row has, where it is told to', async () => {
    here.write('gaps.csv', 'x,z\n-5,NA\n,\n6,1\n')
    expect((await ornstein('predict @model.json @gaps.csv --target y')).exit).toBe(2)
    const { stdout } = await ornstein('predict @model.json @gaps.csv --target y --missing em')
    const rows = stdout.trimEnd().split('\n').slice(1)
    const { mean } = Mixture.predict([1])({
      rows: 3,
      dim: 2,
      values: Float64Array.of(-5, NaN, NaN, NaN, 6, 1)
    })(mixture())
    expect(rows.map(row => Number(row.split(',')[2]))).toEqual([...mean.values])
    const dropped = await ornstein('predict @model.json @gaps.csv --target y --missing drop')
    expect(dropped.stdout.split('\n')[1]).toBe('-5,NA,,,,')
  })

  it('writes other forms, in pieces as whole', async () => {
    const { stdout } = await ornstein('predict @model.json @train.csv --target z,y --to jsonl')
    const [first] = stdout.split('\n')
    expect(Object.keys(JSON.parse(first) as object)).toEqual([
      'x',
      'y',
      'z',
      ...['z', 'y'].flatMap(t => ['predicted', 'sd', '5 %', '95 %'].map(what => `${t} ${what}`))
    ])
    for (const stream of ['', ' --stream'])
      expect((await ornstein(`predict @model.json @train.csv --target y --out @out.csv${stream}`)).exit).toBe(0)
    const whole = await ornstein('predict @model.json @train.csv --target y')
    expect(here.read('out.csv')).toBe(whole.stdout)
  })

  it('says how far it is off', async () => {
    const { exit, stdout } = await ornstein('predict @model.json @train.csv --target y --check --json')
    expect(exit).toBe(0)
    const { by, targets } = JSON.parse(stdout) as {
      readonly by: unknown
      readonly targets: ReadonlyArray<Readonly<Record<string, number | string>>>
    }
    expect(by).toEqual(['x', 'z'])
    const [{ rows, error, explained, covered }] = targets // prettier-ignore
    const table = here.read('train.csv').trimEnd().split('\n').slice(1).map(line => line.split(',').map(Number)) // prettier-ignore
    const points = { rows: 80, dim: 3, values: Float64Array.from(table.flat()) }
    const { mean, quantile } = Mixture.predict([1])(points)(mixture())
    const squares = table.map(([, y], i) => (y - mean.values[i]) ** 2)
    const middle = table.reduce((sum, [, y]) => sum + y, 0) / 80
    const variance = table.reduce((sum, [, y]) => sum + (y - middle) ** 2, 0) / 80
    const squared = squares.reduce((a, b) => a + b) / 80
    expect(rows).toBe(80)
    expect(error).toBeCloseTo(Math.sqrt(squared), 12)
    expect(explained).toBeCloseTo(1 - squared / variance, 12)
    const low = quantile(0.05).values
    const high = quantile(0.95).values
    expect(covered).toBeCloseTo(table.filter(([, y], i) => low[i] <= y && y <= high[i]).length / 80, 12)
    expect((await ornstein('predict @model.json @train.csv --target y --check')).stdout).toContain('within 90 %')
  })

  replays('predict', here)
})

/** `ornstein assign`: the rows as they were, and what the model says of each. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { place } from '../harness.js'

const here = place()
const { ornstein } = here

const cells = (text: string): ReadonlyArray<ReadonlyArray<string>> =>
  text
    .trimEnd()
    .split('\n')
    .map(line => line.split(','))

beforeAll(async () => {
  here.write(
    'train.csv',
    `x,y\n${Array.from({ length: 60 }, (_, i) => `${i % 2 === 0 ? i / 60 : 9 + i / 60},${i / 7}`).join('\n')}\n`
  )
  expect((await ornstein('fit @train.csv --family isotropic --no-standardize -k 2 --out @model.json')).exit).toBe(0)
})
afterAll(here.remove)

describe('ornstein assign', () => {
  it('adds columns to the table, and touches nothing else', async () => {
    here.write('new.csv', 'name,x,y,component\nleft,0.5,4,"a,b"\nright,9.5,4,=1+1\nfar,500,4,\n')
    const { exit, stdout } = await ornstein('assign @model.json @new.csv')
    expect(exit).toBe(0)
    const [header, left, right, far] = stdout.trimEnd().split('\n')
    expect(header).toBe('name,x,y,component,component_,probability,uncertainty,log density,outlier')
    expect(left).toMatch(/^left,0.5,4,"a,b",1,(1|0\.9\d+),[\d.e-]+,-[\d.]+,no$/)
    expect(right).toMatch(/^right,9.5,4,=1\+1,2,(1|0\.9\d+),[\d.e-]+,-[\d.]+,no$/)
    expect(far).toMatch(/^far,500,4,,2,.*,yes$/)
  })

  it('adds columns that no fit takes for data', async () => {
    for (const name of ['again.csv', 'again.jsonl', 'again.parquet']) {
      expect((await ornstein(`assign @model.json @train.csv --out @${name}`)).exit).toBe(0)
      const { columns, ignored } = await here.told(`fit @${name} --family isotropic -k 2`)
      expect(columns).toEqual(['x', 'y'])
      expect(ignored).toEqual(
        ['component', 'probability', 'uncertainty', 'log density', 'outlier'].map(name => ({
          name,
          why: 'of ornstein assign'
        }))
      )
    }
    // Some of these names alone are anybody's; and a column that had such a name before is data.
    here.write('own.csv', 'component,probability\n0.1,2\n1.3,1\n1.7,0.5\n0.4,1.2\n')
    expect((await ornstein('fit @own.csv --family tied -k 1 --out @own.json --json')).stdout).toContain('"ignored":[]')
    expect((await ornstein('assign @own.json @own.csv --out @twice.csv')).exit).toBe(0)
    expect(await here.told('fit @twice.csv --family tied -k 1')).toMatchObject({
      columns: ['component', 'probability']
    })
  })

  it('merges components that share a cluster, and says so of each row', async () => {
    // Two round components on one long cluster, and one cluster far away.
    const weights = [0.3, 0.3, 0.4]
    const means = [
      [0, 0],
      [1.5, 0],
      [30, 0]
    ]
    const variances = [1, 1, 1].map(v => [v, v])
    const model = JSON.parse(here.read('model.json')) as { readonly mixture: object }
    here.write('three.json', JSON.stringify({ ...model, mixture: { weights, means, variances } }))
    here.write('some.csv', 'x,y\n0.75,0\n30,0\n')
    const asked = async (options: string): Promise<ReadonlyArray<ReadonlyArray<string>>> => {
      const { exit, stdout } = await ornstein(`assign @three.json @some.csv ${options}`)
      expect(exit).toBe(0)
      return cells(stdout)
    }
    const [head, between, far] = await asked('--merged')
    expect(head).toEqual(['x', 'y', 'cluster', 'probability', 'uncertainty', 'log density', 'outlier'])
    // In the middle of both of its components, and sure of the cluster.
    expect(between.slice(2, 5)).toEqual(['1', '1', '0'])
    expect(far.slice(2, 4)).toEqual(['2', '1'])
    const [, apart] = await asked('')
    expect(Number(apart[3])).toBeCloseTo(0.5, 12)
    const [, same] = await asked('--clusters 3')
    expect(Number(same[3])).toBeCloseTo(0.5, 12)
    const [, ...all] = await asked('--clusters 1')
    expect(all.map(row => row.slice(2, 4))).toEqual([
      ['1', '1'],
      ['1', '1']
    ])
    const { exit, stderr } = await ornstein('assign @three.json @some.csv --clusters 4')
    expect([exit, stderr.includes('--clusters: 4 is not at most 3')]).toEqual([2, true])
    // Its columns are not taken for data either.
    expect((await ornstein('assign @model.json @train.csv --merged --out @merged.csv')).exit).toBe(0)
    expect((await here.told('fit @merged.csv --family isotropic -k 2')).columns).toEqual(['x', 'y'])
  })

  it('keeps rows that are dropped, in their place, and the separator', async () => {
    here.write('gaps.csv', 'x;y;id\n0.5;4;a\nNA;4;b\n9.5;4;c\n')
    const { exit, stdout } = await ornstein('assign @model.json @gaps.csv --missing drop')
    expect(exit).toBe(0)
    const rows = stdout.trimEnd().split('\n')
    expect(rows[2]).toBe('NA;4;b;;;;;')
    expect(rows.map(row => row.split(';')[3])).toEqual(['component', '1', '', '2'])
  })

  it('agrees with evaluate, to a file too', async () => {
    await ornstein('evaluate @model.json @train.csv --responsibilities @parts.csv')
    expect((await ornstein('assign @model.json @train.csv --out @assigned.csv')).exit).toBe(0)
    const [, ...parts] = cells(here.read('parts.csv'))
    const [, ...assigned] = cells(here.read('assigned.csv'))
    assigned.forEach((row, i) => {
      const shares = parts[i].slice(1).map(Number)
      expect(Number(row[2])).toBe(1 + shares.indexOf(Math.max(...shares)))
      expect(Number(row[3])).toBe(Math.max(...shares))
    })
    expect(assigned.length).toBe(60)
  })

  it('refuses to write over what it reads, and tables without the columns', async () => {
    expect((await ornstein('assign @model.json @train.csv --out @train.csv')).exit).toBe(2)
    here.write('other.csv', 'a,b\n1,2\n')
    const { exit, stderr } = await ornstein('assign @model.json @other.csv')
    expect(exit).toBe(2)
    expect(stderr).toContain('x is not a column of the table')
  })
})

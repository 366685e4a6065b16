/** `--missing em`: a table with missing cells is learned from, evaluated and assigned. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fit, Key, Mixture, Points } from '../../../src/index.js'
import { constantColumnAdvice, dependentColumnsAdvice } from '../../../src/report/warnings.js'
import { planted } from '../report/fits.js'
import { place } from './harness.js'

const here = place()
const { ornstein } = here

beforeAll(() => {
  const truth = Mixture.of({
    means: [
      [-5, 0],
      [5, 3]
    ]
  })
  const text = Points.toCsv(Mixture.sample(120)(Key.fromSeed(1))(truth), ['a', 'b'])
  const lines = text.trimEnd().split('\n')
  here.write(
    'holes.csv',
    `${lines.map((line, i) => (i > 0 && i % 6 === 0 ? line.replace(/^[^,]*/, i % 12 === 0 ? 'NA' : '') : line)).join('\n')}\n`
  )
})
afterAll(here.remove)

it('learns, evaluates and assigns', async () => {
  const { exit, stdout } = await ornstein(
    'fit @holes.csv --missing em -k 1..3 --family isotropic,full --out @model.json'
  )
  expect(exit).toBe(0)
  expect(stdout).toContain('120 rows of holes.csv fall into 2 groups')
  expect(stdout).toContain('missing: 20 cells; each row is used with the cells that it has')
  expect(stdout).toMatch(/steps +those of the search, which converged\n/)
  const fitted = await here.told('fit @holes.csv --missing em -k 2 --family full')
  expect([fitted.components, fitted.missing, fitted.converged]).toEqual([2, 20, true])
  const how = 'fit @holes.csv --missing em -k 2 --family full --stream'
  expect((await here.told(how)).logLikelihood).toBe(fitted.logLikelihood)
  expect((await ornstein(how)).stdout).toContain('missing: 20 cells; each row is used with the cells that it has')
  const told = await here.told('evaluate @model.json @holes.csv --missing em')
  expect([told.rows, told.dropped]).toEqual([120, 0])
  expect(Math.abs(told.logLikelihood - fitted.logLikelihood)).toBeLessThan(0.1)
  await ornstein('assign @model.json @holes.csv --missing em --out @assigned.csv')
  const rows = here.read('assigned.csv').trimEnd().split('\n')
  expect(rows).toHaveLength(121)
  expect(rows[6]).toMatch(/^,.*,[12],/)
  expect(rows[12]).toMatch(/^NA,.*,[12],/)
})

it('names commands that run as they stand: they read the table in the same way, and the model that was written', async () => {
  const { stdout } = await ornstein(
    'fit @holes.csv --missing em -k 2 --family full --out @kept.json --report @holes.html'
  )
  const [, evaluate = ''] = /Next: (ornstein evaluate .*?), or /.exec(stdout) ?? []
  const [, next = ''] = /Next, which component each row belongs to: (.*?)<\/p>/.exec(here.read('holes.html')) ?? []
  const assign = next.replaceAll(/<[^>]*>/g, '')
  expect(assign).toBe(`ornstein assign ${here.at('kept.json')} ${here.at('holes.csv')} --missing em`)
  for (const command of [evaluate, assign]) {
    const words = command.replace('ornstein ', '').replace(/\S*kept.json \S*holes.csv/, '@kept.json @holes.csv')
    expect(await ornstein(words), words).toMatchObject({ exit: 0, stderr: '' })
  }
})

it('tells of components as narrow as may be, by their numbers in the table, where both number and family are given', async () => {
  // A column that holds three numbers far apart beside the others: each component takes one of them, whose variance is 0.
  const noise = Key.normal(600)(Key.fromSeed(5))
  const rows = Array.from({ length: 300 }, (_, i) =>
    [10 * (i % 3), noise[i], noise[300 + i]].map((x, j) => ((3 * i + 5 * j) % 20 === 0 ? 'NA' : String(x))).join(',')
  )
  here.write('thirds.csv', `a,b,c\n${rows.join('\n')}\n`)
  for (const how of ['', ' --stream']) {
    const fit = `fit @thirds.csv --no-standardize --missing em -k 3 --family diagonal${how}`
    expect(await here.told(fit)).toMatchObject({ atMinVariance: [1, 2, 3], converged: true })
  }
  expect((await ornstein('fit @thirds.csv --no-standardize --missing em -k 3 --family diagonal')).stdout).toContain(
    'Components 1, 2, 3 are at the minimum variance'
  )
})

describe('what is told of rows with missing cells', () => {
  // Three clusters, and half of the rows miss a cell: the single Gaussian that pictures complete them by puts these between the clusters.
  const truth = Mixture.of({ means: [[-8, -8], [0, 8], [8, -8]] }) // prettier-ignore
  const misses = Key.uniform(240)(Key.fromSeed(103))
  const holes = Points.toRows(Mixture.sample(120)(Key.fromSeed(3))(truth)).map((row, i) =>
    row.map((x, j) => (misses[2 * i] < 0.5 && misses[2 * i + 1] < 0.5 === (j === 0) ? NaN : x))
  )
  beforeAll(() => {
    here.write(
      'clusters.csv',
      `a,b\n${holes.map(row => row.map(x => (Number.isNaN(x) ? '' : x)).join(',')).join('\n')}\n`
    )
  })
  const fitted = 'fit @clusters.csv --missing em -k 3 --family full'

  it('is said by the cells that they have: as few are far out as of a Gaussian', async () => {
    await ornstein(`${fitted} --report @report.html`)
    expect(here.read('report.html').replace(/<[^>]+>/g, '')).toMatch(
      /No row lies outside the 99.9 % region of every component/
    )
    const model = fit(holes, { missing: 'em', components: 3, family: 'full' })
    expect(model.assign(holes).filter(({ isOutlier }) => isOutlier)).toEqual([])
  })

  it('is no hint and no better place, which they are not looked at for, and the terminal says so', async () => {
    for (const how of ['', ' --stream']) {
      const { stdout } = await ornstein(`${fitted}${how}`)
      expect(stdout).not.toMatch(/stuck|Compare with/)
      expect(stdout.replace(/\s+/g, ' ')).toContain(
        'heavy tails, background and better positions are not tested when cells are missing'
      )
      const told = await here.told(`${fitted}${how}`)
      expect(told).not.toHaveProperty('robustnessHint')
      expect(told).not.toHaveProperty('localOptimum')
    }
  })

  it('has the intervals of the fit that it is, and no test of the number of components', async () => {
    const { bootstrap, componentTests } = await here.told(`${fitted} --bootstrap 40 --test-components 9`)
    const model = fit(holes, { missing: 'em', components: 3, family: 'full' })
    expect(bootstrap).toEqual(JSON.parse(JSON.stringify(model.bootstrap({ resamples: 40 }))))
    expect(componentTests).toEqual({
      problems: ['rows: some with missing cells is not whole; leave these out: --missing drop']
    })
  })

  it('is of columns by the cells that are there', () => {
    const mixture = Mixture.of({ means: [[0, 5], [3, 5]] }) // prettier-ignore
    const points = { rows: 4, dim: 2, values: Float64Array.of(0, 5, 1, 5, 3, 5, 4, 5.01) }
    const seen = { ...points, values: Float64Array.of(0, 5, 1, NaN, 3, 5, 4, NaN) }
    expect(constantColumnAdvice(planted(mixture, 4, { points, observed: seen }))[0]?.text).toMatch(
      /^x2 is the same in every row/
    )
    // Completed, the second column is a multiple of the first.
    const depending = { ...points, values: Float64Array.of(0, 0, 1, 2, 3, 6, 4, 8) }
    const few = { ...points, values: Float64Array.of(0, 0, 1, 2, 3, NaN, 4, NaN) }
    expect(dependentColumnsAdvice(planted(mixture, 4, { points: depending, atMinVariance: [0] }))).not.toEqual([])
    expect(
      dependentColumnsAdvice(planted(mixture, 4, { points: depending, observed: few, atMinVariance: [0] }))
    ).toEqual([])
  })
})

/** `ornstein compare`: two models on the same rows. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Key, Mixture, Points } from '../../../../src/index.js'
import { place } from '../harness.js'

const here = place()
const { ornstein } = here

beforeAll(async () => {
  const truth = Mixture.of({ means: [[-4], [4]] })
  here.write('data.csv', Points.toCsv(Mixture.sample(200)(Key.fromSeed(1))(truth), ['x']))
  for (const [i, name] of ['one', 'two'].entries())
    await ornstein(`fit @data.csv -k ${i + 1} --family isotropic --out @${name}.json`)
})
afterAll(here.remove)

it('tells which describes the rows better, and how sure that is', async () => {
  const { exit, stdout } = await ornstein('compare @one.json @two.json @data.csv')
  expect(exit).toBe(0)
  expect(stdout).toMatch(
    /two\.json describes these rows better than .*one\.json, by [\d.]+ ± [\d.]+ nats a row \(± a standard error\)\./
  )
  const told = await here.told('compare @one.json @two.json @data.csv')
  const [one, two] = told.statistics
  expect(told.difference).toBeCloseTo(one.logLikelihood - two.logLikelihood, 12)
  expect(told.agreement).toBe(0)
})

it('finds no difference between a model and itself', async () => {
  const { stdout } = await ornstein('compare @two.json @two.json @data.csv')
  expect(stdout).toContain('The difference on these rows is not significant: 0 ± 0 nats a row')
  expect(stdout).toContain('adjusted Rand index of 1.000')
})

it('takes a row of weight 2 as two rows, and one of weight 0 or without cells as none', async () => {
  const rows = Array.from({ length: 30 }, (_, i) => [(i % 7) - 3, i % 4])
  here.write('weighed.csv', `x,w\n${rows.map(row => row.join(',')).join('\n')}\n,1\n`)
  here.write('repeated.csv', `x\n${rows.flatMap(([x, w]) => Array.from({ length: w }, () => x)).join('\n')}\n`)
  const three = Mixture.sample(90)(Key.fromSeed(1))(Mixture.of({ means: [[-4], [0.5], [4]] }))
  here.write('three.csv', Points.toCsv(three, ['x']))
  await ornstein('fit @three.csv -k 3 --family isotropic --out @three.json')
  const [one, other] = await Promise.all(
    ['@weighed.csv --weights w --missing em', '@repeated.csv'].map(data =>
      here.told(`compare @two.json @three.json ${data}`)
    )
  )
  expect(one.agreement).toBe(other.agreement)
  expect(one.agreement).toBeLessThan(1)
  expect(one.difference).toBeCloseTo(other.difference, 12)
  expect(one.standardError).toBeCloseTo(other.standardError, 12)
})

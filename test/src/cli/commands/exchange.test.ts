/** `ornstein export` and `ornstein import`: a model goes out and comes back the same, and what came from elsewhere is used as ours are. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as Exchange from '../../../../src/score/exchange.js'
import { replays } from '../../../golden/sessions.js'
import { place } from '../harness.js'

const here = place()
const { ornstein } = here

beforeAll(async () => {
  await ornstein('fit %faithful.csv -k 2 --family full --seed 1 --out @model.json --quiet')
})
afterAll(here.remove)

const judged = async (model: string): Promise<number> =>
  (await here.told(`evaluate @${model} %faithful.csv`)).logLikelihood

describe('export and import', () => {
  it.each(Exchange.EXCHANGE_FORMS)('%s: out and back', async form => {
    expect(await ornstein(`export @model.json --to ${form} --out @there.${form}`)).toEqual({
      exit: 0,
      stdout: '',
      stderr: ''
    })
    const { exit, stderr } = await ornstein(`import @there.${form} --columns eruptions,waiting --out @back.json`)
    expect([exit, stderr]).toEqual([0, ''])
    expect(await judged('back.json')).toBeCloseTo(await judged('model.json'), 12)
    const [own, back] = ['model.json', 'back.json'].map(
      name => JSON.parse(here.read(name)) as { readonly columns: unknown; readonly fit: unknown }
    )
    expect(back.columns).toEqual(own.columns)
    // Nothing is known of the data, and nothing is said of them.
    expect(back.fit).toBeNull()
  })

  it('prints text, and what is imported is assigned, compared, explained and drawn from', async () => {
    const { stdout } = await ornstein('export @model.json --to mclust')
    expect(stdout).toMatch(/^\{"pro":\[/)
    here.write('r.txt', stdout)
    const model = await ornstein('import @r.txt')
    here.write('in.json', model.stdout)
    for (const line of [
      'assign @in.json %faithful.csv',
      'compare @in.json @model.json %faithful.csv',
      'evaluate @in.json %faithful.csv',
      'sample @in.json -n 3',
      'explain @in.json'
    ])
      expect((await ornstein(line)).stderr).toBe('')
    expect((await ornstein('evaluate @in.json %faithful.csv')).stdout).not.toContain('where it was learned')
  })

  it.each(['full', 'tied', 'diagonal', 'tied-diagonal', 'isotropic', 'tied-isotropic'])(
    'a model that goes there and back is of its family: %s',
    async family => {
      await ornstein(`fit %faithful.csv -k 2 --family ${family} --recipe em --no-standardize --out @own.json --quiet`)
      for (const form of Exchange.EXCHANGE_FORMS) {
        await ornstein(`export @own.json --to ${form} --out @out.${form}`)
        await ornstein(`import @out.${form} --columns eruptions,waiting --out @again.json`)
        expect(JSON.parse(here.read('again.json'))).toMatchObject({ family })
        expect(await judged('again.json')).toBeCloseTo(await judged('own.json'), 11)
      }
    }
  )

  it('has the BIC that mclust has, whose model it is', async () => {
    // Mclust(iris[1:4], G = 3, modelNames = "EVE"), mclust 6.1.1: −bic 666.5491, df 30; jsonlite::toJSON(model$parameters, digits = NA)
    const file = readFileSync(new URL('../../../oracle/mclust.EVE.json', import.meta.url), 'utf8')
    here.write('eve-r.json', file)
    await ornstein('import @eve-r.json --columns Sepal.Length,Sepal.Width,Petal.Length,Petal.Width --out @eve.json')
    expect(JSON.parse(here.read('eve.json'))).toMatchObject({ family: 'EVE' })
    expect((await here.told('evaluate @eve.json %iris.csv')).bic).toBeCloseTo(666.5491, 3)
  })

  // As many parameters as scikit-learn counts: 2 K + K − 1, and 3, 2 or 1 of each covariance that there is; of tails one ν for all or
  // one each, of a background a share, and of a box its volume.
  replays('exchange', here)
})

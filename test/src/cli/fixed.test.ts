/** `ornstein fit --fixed`: known components from a table, a model and a list, and what is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Key, Mixture } from '../../../src/index.js'
import { replays } from '../../golden/sessions.js'
import { place, type Told } from './harness.js'

const here = place()
const { ornstein } = here

beforeAll(() => {
  const truth = Mixture.of({
    means: [
      [100, 2],
      [160, 5],
      [130, 9]
    ],
    weights: [0.5, 0.3, 0.2],
    variances: [
      [400, 1],
      [16, 0.04],
      [25, 0.04]
    ]
  })
  const { values } = Mixture.sample(300)(Key.fromSeed(4))(truth)
  const rows = Array.from({ length: 300 }, (_, i) => `${values[2 * i]},${values[2 * i + 1]}`)
  here.write('rows.csv', `x,y\n${rows.join('\n')}\n`)
  // Columns in another order, and one that the data have not.
  here.write('centres.csv', 'y,z,x\n5,1,160\n9,2,130\n')
  here.write('known.json', JSON.stringify([{ mean: [100, 2], covariance: [400, 1], weight: 0.5 }]))
})
afterAll(here.remove)

const found = (options: string): Promise<Told> => here.told(`fit @rows.csv ${options}`)

describe('ornstein fit --fixed', () => {
  it('takes the centres of a table by its columns', async () => {
    const { means, fixed, parameters } = await found('-k 3 --family diagonal --fixed @centres.csv')
    fixed.forEach((number, k) => {
      means[number - 1].forEach((mean, j) => {
        expect(mean).toBeCloseTo([[160, 5], [130, 9]][k][j], 10) // prettier-ignore
      })
    })
    // One mean of two, three variances of two, two weights.
    expect(parameters).toBe(2 + 6 + 2)
  })

  it('takes what a list says of each component, and tells so', async () => {
    const { means, variances, weights, fixed } = await found('-k 2..4 --family diagonal --fixed @known.json')
    const [k] = fixed.map(number => number - 1)
    expect(means).toHaveLength(3)
    expect(weights[k]).toBe(0.5)
    expect(means[k][0]).toBeCloseTo(100, 10)
    expect(variances[k][0]).toBeCloseTo(400, 9)
    const { stdout } = await ornstein('fit @rows.csv -k 3 --family diagonal --fixed @known.json --out @model.json')
    expect(stdout).toContain(`Component ${k + 1} is known; not learned: its mean, covariance and weight.`)
    const { mixture } = JSON.parse(here.read('model.json')) as { mixture: { fixed: ReadonlyArray<number> } }
    expect(mixture.fixed).toEqual([k])
  })

  it('takes means and covariances of a model, and learns how many rows are of each', async () => {
    expect((await ornstein('fit @rows.csv -k 3 --family diagonal --out @whole.json --quiet')).exit).toBe(0)
    const whole = JSON.parse(here.read('whole.json')) as { readonly mixture: Told }
    const again = await found('-k 3 --family diagonal --fixed @whole.json')
    expect(again.parameters).toBe(2)
    again.means.flat().forEach((mean, at) => {
      expect(mean).toBeCloseTo(whole.mixture.means.flat()[at], 9)
    })
    again.weights.forEach((weight, k) => {
      expect(weight).toBeCloseTo(whole.mixture.weights[k], 4)
    })
  })

  here.write('few.csv', 'x\n1\n')
  here.write('wrong.json', JSON.stringify([{ mean: 'high' }]))
  replays('fixed', here)
})

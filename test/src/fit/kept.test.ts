/** A fit as JSON: the model's file, whoever writes it. */
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, expect, it } from 'vitest'
import { Fit, fit, Key, Mixture, Points, Problem } from '../../../src/index.js'
import { place } from '../cli/harness.js'

const here = place()
afterAll(here.remove)

it('is the file that the tool reads, and reads back to the bit', async () => {
  const truth = Mixture.of({
    means: [[-5, 0], [5, 3]], // prettier-ignore
    covariances: [[[1, 0.5], [0.5, 1]], [[1, 0], [0, 2]]] // prettier-ignore
  })
  const points = Mixture.sample(120)(Key.fromSeed(1))(truth)
  for (const family of ['tiedIsotropic', 'full'] as const) {
    const model = fit(points, { components: 2, family, columns: ['a', 'b'] })
    const json = JSON.stringify(model)
    const read = Problem.orThrow(Fit.fromJSON(JSON.parse(json)))
    // Of round components a file keeps a variance for each column.
    expect(read.assign(points).map(({ component }) => component)).toEqual(
      model.assign(points).map(({ component }) => component)
    )
    expect([read.family, read.logLikelihood]).toEqual([family, model.logLikelihood])
    here.write('model.json', json)
    here.write('data.csv', Points.toCsv(points, ['a', 'b']))
    const { exit, stdout } = await here.ornstein('evaluate @model.json @data.csv --json')
    expect(exit).toBe(0)
    const { logLikelihood } = JSON.parse(stdout) as { readonly logLikelihood: number }
    expect(logLikelihood).toBeCloseTo(model.logLikelihood, 10)
  }
  expect(E.isLeft(Fit.fromJSON({ format: 'other' }))).toBe(true)
})

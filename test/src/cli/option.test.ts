/** Options as values: code and the command line refuse alike, and families have the names of mclust. */
import { afterAll, describe, expect, it } from 'vitest'
import { Points, Problem } from '../../../src/index.js'
import * as Mixture from '../../../src/mixture/index.js'
import * as Fit from '../../../src/fit/fit.js'
import * as E from '../../../src/core/either.js'
import { place } from './harness.js'

const here = place()
const { ornstein } = here
afterAll(here.remove)

const rows = [
  [1, 2],
  [2, 1],
  [3, 5]
]

describe('what a setting of fit may be', () => {
  it.each<[string, string, Fit.Options]>([
    // a word that is none, as a user without types would write it
    ['criterion', 'mdl', { criterion: 'mdl' as Fit.Criterion }],
    ['seed', '-1', { seed: -1 }],
    ['seed', '0.5', { seed: 0.5 }],
    ['starts', '0', { starts: 0 }],
    ['starts', '1001', { starts: 1001 }],
    ['prior', '0', { prior: 0 }],
    ['prior', '-2.5', { prior: -2.5 }]
  ])('is the same in code and on the command line, and said in the same words: %s %s', async (name, text, options) => {
    const code = Fit.mixture(options)(rows)
    if (E.isRight(code)) throw new Error('it is taken')
    const { exit, stderr } = await ornstein(`fit @none.csv --${name} ${text}`)
    expect({ exit, stderr }).toEqual({
      exit: 2,
      stderr: code.left.map(one => `error: --${Problem.show(one)}\n`).join('')
    })
  })

  it('so are resamples, and what is said of a reader of tables', async () => {
    const fit = Fit.fit(rows, { components: 1, family: 'isotropic' })
    const wrong = (): unknown => fit.bootstrap({ resamples: 39 })
    const { stderr } = await ornstein('fit @none.csv --bootstrap 39')
    expect(wrong).toThrow(stderr.trim().replace('error: --bootstrap', 'resamples'))
    for (const [name, text, options] of [
      ['skip', '0.5', { skip: 0.5 }],
      ['comment', 'ab', { comment: 'ab' }]
    ] as const) {
      const read = Points.readCsv('x\n1\n2\n', options)
      const { stderr } = await ornstein(`fit @none.csv --${name} ${text}`)
      expect(stderr).toBe(E.isLeft(read) ? `error: --${Problem.show(read.left)}\n` : 'taken')
    }
  })
})

describe('an option', () => {
  it('is read where nothing is done with it, too', async () => {
    here.write('m.json', JSON.stringify(Mixture.toDescription(Mixture.of({ means: [[0]] }))))
    expect((await ornstein('explain @m.json --skip x')).stderr).toBe(
      'error: --skip: x is not a whole number ≥ 0; try 1\n'
    )
  })
})

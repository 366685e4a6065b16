/** Every value of the vocabulary keeps the laws of its concept, and the laws say something of it: a new value has them as soon as it is listed there. */
import { describe, expect, it } from 'vitest'
import { isSlow, spread } from '../cases.js'
import { allHold, holdsAndSpeaks } from './holds.js'
import { held, type Held } from './instances.js'

/** Cases of each law; one where it is not said. */
const cases: Readonly<Record<string, number>> = {
  Weighting: 2,
  Parametrization: 2,
  Rate: 8,
  Region: 13,
  Covariance: 8,
  TimeGrid: 2
}

/** Of these a case of all laws of all values is a matter of a minute: all laws of some values, and of the others the laws that these have not. */
const dear = ['Expectation', 'Initializer', 'Objective', 'Optimizer', 'Sampler', 'Score', 'Stage']

const namesOf = (values: ReadonlyArray<Held>): Set<string> =>
  new Set(values.flatMap(({ laws }) => laws.map(({ name }) => name)))

describe.each(held)('$concept', ({ concept, values }) => {
  const numRuns = cases[concept] ?? 1
  const whole = spread(8)(values)
  const rows = values.reduce<ReadonlyArray<Held & { readonly numRuns: number }>>((rows, { code, laws }) => {
    const isWhole = whole.some(value => value.code === code)
    const met = namesOf([...whole, ...rows])
    const some = isWhole || isSlow || !dear.includes(concept) ? laws : laws.filter(({ name }) => !met.has(name))
    return some.length === 0 ? rows : [...rows, { code, laws: some, numRuns: isWhole ? numRuns : 1 }]
  }, [])

  it('has all of its laws among those that are held', () => {
    expect(namesOf(rows)).toEqual(namesOf(values))
  })

  it.each(rows)('$code', ({ laws, numRuns }) => {
    allHold(laws, law => holdsAndSpeaks(law, numRuns))
  })
})

/** Every value of the vocabulary keeps the laws of its concept, and the laws say something of it: a new value has them as soon as it is listed there. */
import { describe, expect, it } from 'vitest'
import { isNight, runs, sampled } from '../today.js'
import { allHold, holdsToday } from './holds.js'
import { held, type Held } from './instances.js'

// A failure is seen again by: LAWS_SEED=… npx vitest run test/laws/vocabulary.test.ts

/** Cases of each law at night, by day an eighth of them; one where it is not said. */
const cases: Readonly<Record<string, number>> = {
  ...{ TimeLaw: 3, Weighting: 15, Parametrization: 15, Rate: 60, Region: 100, Covariance: 60 },
  ...{ Initializer: 5, Sampler: 4, TimeGrid: 15, Score: 5, Optimizer: 2 }
}

/** Of these a case of all laws of all values is a matter of a minute: by day all laws of some values, and of the others the laws that these have not. */
const dear = ['Expectation', 'Initializer', 'Objective', 'Optimizer', 'Sampler', 'Score', 'Stage']

const namesOf = (values: ReadonlyArray<Held>): Set<string> =>
  new Set(values.flatMap(({ laws }) => laws.map(({ name }) => name)))

describe.each(held)('$concept', ({ concept, values }) => {
  const numRuns = runs(cases[concept] ?? 1)
  const today = sampled(8)(values)
  const rows = values.reduce<ReadonlyArray<Held & { readonly numRuns: number }>>((rows, { code, laws }) => {
    const isToday = today.some(value => value.code === code)
    const met = namesOf([...today, ...rows])
    const some = isToday || isNight || !dear.includes(concept) ? laws : laws.filter(({ name }) => !met.has(name))
    return some.length === 0 ? rows : [...rows, { code, laws: some, numRuns: isToday ? numRuns : 1 }]
  }, [])

  it('has all of its laws among those that are held', () => {
    expect(namesOf(rows)).toEqual(namesOf(values))
  })

  it.each(rows)('$code', ({ laws, numRuns }) => {
    allHold(laws, law => holdsToday(law, numRuns))
  })
})

/** Every value of the vocabulary keeps the laws of its concept: a new value has them as soon as it is listed there. */
import { describe, it } from 'vitest'
import type { Law } from '../../src/laws/law.js'
import { runs, sampled } from '../today.js'
import { holdsToday } from './holds.js'
import { instancesOf } from './instances.js'

// A failure is seen again by: LAWS_SEED=… npx vitest run test/laws/vocabulary.test.ts

type Row = readonly [name: string, laws: ReadonlyArray<Law>]

/** A row for each value of a concept in the vocabulary, and for others of its kind. */
const table = (concept: string): ReadonlyArray<Row> =>
  instancesOf(concept).values.map(({ code, laws }): Row => [code, laws])

const check = (concept: string, numRuns: number): void => {
  describe.each(sampled(4)(table(concept)))(`${concept}: %s`, (_, laws) => {
    it.each(laws)('$name', law => holdsToday(law, runs(numRuns)))
  })
}
check('TimeLaw', 3)
check('Weighting', 15)
check('Parametrization', 15)
check('Rate', 60)
check('Region', 100)
check('Covariance', 60)
check('Initializer', 5)
check('Sampler', 4)
check('TimeGrid', 15)
check('Stage', 1)

// These have tables of their own, with what each claims beside: here a few cases of each value that is listed.
check('Schedule', 1)
check('Objective', 1)
check('Score', 5)
check('Optimizer', 2)
check('Expectation', 1)

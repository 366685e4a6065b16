/**
 * The objectives of examples/objectives.ts keep the laws of objectives, with what is claimed of each. Distillation is of a
 * teacher of one dimension, and has its own test.
 */
import { describe, it } from 'vitest'
import { consistency, implicit, selfConsistency, sliced, timeScore } from '../../examples/objectives.js'
import { Objective, Score, NoiseLevels } from '../../src/index.js'
import type { Law } from '../../src/laws/law.js'
import * as laws from '../../src/laws/index.js'
import { holdsAndSpeaks } from './holds.js'

const score = Score.spherical({ components: 2 })

const table: Readonly<Record<string, ReadonlyArray<Law>>> = {
  implicit: laws.objective(implicit, score, { isotropic: true, proper: true }),
  sliced: laws.objective(sliced, score, { exact: Objective.implicit(NoiseLevels.at(0.3)) }),
  consistency: laws.objective(consistency(0.9), score, { isotropic: true }),
  'time score': laws.objective(timeScore, score, { isotropic: true, proper: true }),
  'self-consistency': laws.objective(selfConsistency(0.5), score)
}

describe.each(Object.keys(table))('%s', name => {
  it.each(table[name])('$name', law => {
    holdsAndSpeaks(law, 1)
  })
})

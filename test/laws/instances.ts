/** The laws of every value of the vocabulary, by concept: a row for each concept, and its values have their laws. */
import fc from 'fast-check'
import * as vocabulary from '../../src/cli/vocabulary.js'
import { Expectation, Key, Objective, Score, type Points } from '../../src/index.js'
import * as laws from '../../src/laws/index.js'
import type { Law } from '../../src/laws/Law.js'

/** A value as code, and its laws. */
export interface Held {
  readonly code: string
  readonly laws: ReadonlyArray<Law>
}

export interface Instances {
  readonly concept: string
  /** The function of `ornstein/laws` that gives them. */
  readonly by: string
  readonly values: ReadonlyArray<Held>
}

const instances = <T>(
  { concept, words }: vocabulary.Concept<T>,
  by: string,
  of: (value: T) => ReadonlyArray<Law>
): Instances => ({ concept, by, values: words.map(({ code, example }) => ({ code, laws: of(example) })) })

// The names of the parameters are forgotten, so that one table holds all.
export const pair = Score.symmetricPair as unknown as Score.Score<string>
const isotropic = Score.isotropic({ components: 2 }) as unknown as Score.Score<string>

const isRegularizer = (objective: Objective.Objective): boolean =>
  Objective.terms(objective).every(({ term }) => term._tag === 'Regularizer')

/** Inside one step of a table, where the rate is constant: at its ends it jumps. */
const withinAStep = fc.integer({ min: 1, max: 9 }).map(k => 1 + k / 10)

/** Noise as much as a case has data. */
const fresh = ({ rows, dim }: Points.Points, seed: number): Points.Points => ({
  rows,
  dim,
  values: Key.normal(rows * dim)(Key.fromSeed(seed))
})

const rows: ReadonlyArray<Instances> = [
  instances(vocabulary.schedules, 'laws.schedule', value =>
    laws.schedule(value, value._tag === 'Betas' ? { times: withinAStep } : {})
  ),
  instances(vocabulary.timeLaws, 'laws.timeLaw', value => laws.timeLaw(value)),
  instances(vocabulary.weightings, 'laws.weighting', value => laws.weighting(value)),
  instances(vocabulary.parametrizations, 'laws.parametrization', value => laws.parametrization(value)),
  instances(vocabulary.expectations, 'laws.expectation', value =>
    laws.expectation(
      value._tag === 'Fixed' ? (points, seed) => Expectation.fixed(fresh(points, seed)) : value,
      pair,
      value._tag === 'Quadrature' ? { repeats: 2 } : { repeats: 100 }
    )
  ),
  instances(vocabulary.objectives, 'laws.objective', value =>
    isRegularizer(value) ? laws.regularizer(value, pair) : laws.objective(value, pair)
  ),
  instances(vocabulary.scores, 'laws.score', value => laws.score(value)),
  instances(vocabulary.optimizers, 'laws.optimizer', value =>
    laws.optimizer(value, { coordinatesAlike: false, namesAlike: false })
  ),
  instances(vocabulary.rates, 'laws.rate', value => laws.rate(value)),
  instances(vocabulary.regions, 'laws.region', value => laws.region(value)),
  instances(vocabulary.initializers, 'laws.initializer', value =>
    laws.initializer(value, value._tag === 'Values' ? pair : isotropic)
  ),
  instances(vocabulary.stages, 'laws.stage', value =>
    laws.stage(value, value._tag === 'SplitAndMerge' ? { score: isotropic } : {})
  ),
  instances(vocabulary.samplers, 'laws.sampler', value => laws.sampler(value)),
  instances(vocabulary.timeGrids, 'laws.timeGrid', value => laws.timeGrid(value))
]

/** By concept, as the vocabulary has them. */
export const instancesOf = (concept: string): Instances => {
  const found = rows.find(row => row.concept === concept)
  if (found === undefined) throw new Error(`no laws for ${concept}: add a row`)
  return found
}

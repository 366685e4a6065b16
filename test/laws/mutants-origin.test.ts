/** The laws of origin and unit can fail: each thing here knows where 0 is, or what the unit is. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Objective,
  Params,
  Pipeline,
  Recipe,
  Schedule,
  Score,
  Stage,
  type Points
} from '../../src/index.js'
import type { Law } from '../../src/laws/law.js'
import { runTranslation, translation, unit } from '../../src/laws/origin.js'
import { seed } from './holds.js'

const fails = ([{ property }]: ReadonlyArray<Law>): boolean =>
  fc.check(property, { seed, numRuns: 30, endOnFailure: true }).failed

const isotropic = Score.isotropic({ components: 2 })
const points: Points.Points = { rows: 20, dim: 1, values: Key.normal(20)(Key.fromSeed(1)) }
/** Two groups, whose fit is not a matter of roundings. */
const apart: Points.Points = { ...points, values: points.values.map((z, i) => z + 8 * (i % 2)) }
const em = (relativeChange: number): Stage.Stage => Stage.expectationMaximization({ steps: 200, relativeChange })
const pipeline = Pipeline.of({
  schedule: Schedule.ornsteinUhlenbeck,
  score: isotropic,
  initializer: Initializer.fromData,
  stages: [em(1e-4)]
})

it('a penalty on the means is caught by "a loss does not know where 0 is"', () => {
  const loss = {
    schedule: Schedule.ornsteinUhlenbeck,
    score: isotropic,
    objective: Objective.sum([Objective.likelihood, Objective.regularizer({ norm: 'l2' })]),
    expectation: Expectation.monteCarlo()
  }
  expect(fails(translation(loss, points))).toBe(true)
  expect(fails(translation({ ...loss, objective: Objective.likelihood }, points))).toBe(false)
})

it('a step measured against |θ| is caught by "a run does not know where 0 is"', () => {
  const compile: typeof Compile.pipeline = pipeline => points =>
    pipe(
      Compile.pipeline(pipeline)(points),
      E.map(program => ({
        ...program,
        stages: program.stages.map(stage => ({
          ...stage,
          change: (before, after) => Params.norm(Params.zipWith((a, b) => a - b)(after, before)) / Params.norm(before)
        }))
      }))
    )
  expect(fails(runTranslation(() => pipeline, points, { compile }))).toBe(true)
  expect(fails(runTranslation(() => pipeline, points))).toBe(false)
})

it('a variance floor in the data’s own unit is caught by "a fit does not know the unit"', () => {
  const floored: Recipe.Recipe = score => () =>
    Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score,
      initializer: Initializer.spectral,
      stages: [Stage.expectationMaximization({ steps: 50, varianceFloor: 0.1 })]
    })
  expect(fails(unit(floored, isotropic, apart))).toBe(true)
  expect(fails(unit(Recipe.spectral, isotropic, apart))).toBe(false)
})

/** Runs keep their laws, on edge cases and for every kind of pipeline; a new one is one row. */
import { expect, it } from 'vitest'
import { greater, square, sub, sum, where } from '../../lib/index.js'
import {
  Case,
  Initializer,
  Objective,
  Optimizer,
  Pipeline,
  type Points,
  Recipe,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from '../../src/index.js'
import type { Law } from '../../src/laws/law.js'
import { pipelines } from './generators.js'
import { run } from '../../src/laws/run.js'
import { runs } from '../today.js'
import { allHold, holdsToday, whyVacuous } from './holds.js'

const plain = { rows: 5, dim: 2, values: Float64Array.of(1, 2, -1, 0.5, 0, 0, 3, -2, -2, -2) }
const data: Readonly<Record<string, Points.Points>> = {
  plain,
  weighted: { ...plain, weights: Float64Array.of(0, 1, 2, 3, 0.5) },
  'one row': { rows: 1, dim: 3, values: Float64Array.of(1, -2, 0.5) },
  'one column, all equal': { rows: 4, dim: 1, values: Float64Array.of(2, 2, 2, 2) }
}

/** Not a number where the scores are long, which is where training that climbs goes. */
const cliff = Objective.custom('cliff', TimeLaw.at(0.5), ({ score, target }) =>
  where(greater(sum(square(score)), 200), NaN, sum(square(sub(score, target)), 1))
)

const short = (pipeline: Pipeline.Pipeline<string>): Pipeline.Pipeline<string> => ({
  ...pipeline,
  stages: pipeline.stages.map(stage =>
    Case.isMadeBy(Stage.descend)(stage) || Case.isMadeBy(Stage.expectationMaximization)(stage)
      ? { ...stage, steps: 5 }
      : stage
  )
})

// The names of the parameters are forgotten, so that one table holds all.
const spherical = Score.spherical({ components: 2 }) as unknown as Score.Score<string>

const table: Readonly<Record<string, ReadonlyArray<Law>>> = {
  ...Object.fromEntries(
    Object.entries(data).map(([name, points]) => [
      `pipelines on data that are ${name}`,
      run(pipelines()(points), points)
    ])
  ),
  'a recipe': run(short(Recipe.twoStage(spherical)(plain)), plain),
  'an objective that fails on the way': run(
    Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score: spherical,
      initializer: Initializer.gaussian({ scale: 0.1 }),
      stages: [
        Stage.descend({
          objective: Objective.weight(-1)(cliff),
          optimizer: Optimizer.gradientDescent({ rate: 0.5 }),
          steps: 20
        })
      ]
    }),
    plain
  ),
  'nothing to do': run(
    Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score: spherical,
      initializer: Initializer.fromData,
      stages: [Stage.repeat(0)(Stage.expectationMaximization({ steps: 1 }))]
    }),
    plain
  )
}

const ofSteps = ['a stage ends by its rules', 'a failing step leaves the last good state']

it.each(Object.keys(table))('%s', name => {
  allHold(table[name], law => {
    // Where no step is taken, none ends a stage and none fails.
    if (name === 'nothing to do' && ofSteps.includes(law.name)) expect(whyVacuous(law, 1)).toMatch('says nothing')
    else holdsToday(law, runs(8))
  })
})

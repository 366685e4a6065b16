/** Compilation keeps its laws, on edge cases and for every kind of loss; a new one is one row. */
import { describe, it } from 'vitest'
import { Expectation, Objective, Schedule, Score, TimeLaw, type Points } from '../../src/index.js'
import { compile, plans } from '../../src/laws/compile.js'
import type { Law } from '../../src/laws/law.js'
import { pipelines, varianceExploding } from './generators.js'
import { runs, sampled } from '../today.js'
import { holdsToday } from './holds.js'

const plain = { rows: 5, dim: 2, values: Float64Array.of(1, 2, -1, 0.5, 0, 0, 3, -2, -2, -2) }
const data: Readonly<Record<string, Points.Points>> = {
  plain,
  weighted: { ...plain, weights: Float64Array.of(0, 1, 2, 3, 0.5) },
  'one row': { rows: 1, dim: 3, values: Float64Array.of(1, -2, 0.5) },
  'one column, all equal': { rows: 4, dim: 1, values: Float64Array.of(2, 2, 2, 2) }
}

// The names of the parameters are forgotten, so that one table holds all.
const isotropic = Score.isotropic({ components: 3 }) as unknown as Score.Score<string>
const spherical = Score.spherical({ components: 3 }) as unknown as Score.Score<string>
const pair = Score.symmetricPair as unknown as Score.Score<string>
const mixed = Objective.sum([
  Objective.weight(0.5)(Objective.likelihood),
  Objective.implicit(TimeLaw.likelihood({ until: 2, nodes: 2, leastVariance: 0.1 })),
  Objective.weight(-2)(Objective.denoising(TimeLaw.at(0.3)))
])
const losses = [isotropic, spherical, pair].flatMap(score =>
  [
    Expectation.monteCarlo({ draws: 2 }),
    Expectation.projected({ antithetic: true }),
    Expectation.fixed(plain),
    ...(score === pair ? [Expectation.quadrature({ nodes: 3 })] : [])
  ].flatMap(expectation =>
    [Schedule.ornsteinUhlenbeck, varianceExploding].map(schedule => ({
      schedule,
      score,
      objective: mixed,
      expectation
    }))
  )
)

const table: Readonly<Record<string, ReadonlyArray<Law>>> = {
  ...Object.fromEntries(
    Object.entries(data).map(([name, points]) => [
      `pipelines on data that are ${name}`,
      compile(pipelines()(points), points)
    ])
  ),
  ...Object.fromEntries(
    losses.map(loss => [
      `${Score.show(loss.score)}, ${Expectation.show(loss.expectation)}, ${Schedule.show(loss.schedule)}`,
      plans(loss, data.weighted)
    ])
  )
}

describe.each(sampled(4)(Object.keys(table)))('%s', name => {
  it.each(table[name])('$name', law => {
    holdsToday(law, runs(name.startsWith('pipelines') ? 40 : 5))
  })
})

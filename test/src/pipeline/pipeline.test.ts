/** Pipelines in print: as code, and as mathematics. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { expect, it } from 'vitest'
import {
  Case,
  Objective,
  Optimizer,
  Pipeline,
  Problem,
  Schedule,
  Score,
  NoiseLevels,
  Vocabulary
} from '../../../src/index.js'
import * as Initializer from '../../../src/pipeline/initializer.js'
import * as Stage from '../../../src/pipeline/stage.js'

const descend = Stage.descend({
  objective: Objective.denoising(NoiseLevels.at(0.5)),
  optimizer: Optimizer.gradientDescent({ rate: 0.25 }),
  steps: 10
})
const parts = {
  schedule: Schedule.ornsteinUhlenbeck,
  score: Score.spherical({ components: 3 }),
  initializer: Initializer.kMeansPlusPlus,
  stages: [descend, Stage.expectationMaximization({ steps: 5 })]
}
const pipeline = Pipeline.of(parts)

it('is its parts, with its case', () => {
  expect({ ...pipeline }).toMatchObject(parts)
  expect(Case.parts(pipeline)).toEqual([pipeline, ...Object.values(parts).flat().flatMap(Case.parts)])
})

it('is printed as the code that builds it, each stage further in', () => {
  const [first, second] = parts.stages.map(Stage.show)
  expect(first.split('\n').length).toBeGreaterThan(2)
  expect(Pipeline.show(pipeline)).toBe(
    [
      'Pipeline.of({',
      '  schedule: Schedule.ornsteinUhlenbeck,',
      '  score: Score.spherical({ components: 3 }),',
      '  initializer: Initializer.kMeansPlusPlus,',
      '  stages: [',
      ...first.split('\n').map((line, i, lines) => `    ${line}${i === lines.length - 1 ? ',' : ''}`),
      ...second.split('\n').map(line => `    ${line}`),
      '  ]',
      '})'
    ].join('\n')
  )
})

it('is printed as mathematics, a line for each part', () => {
  expect(Pipeline.formula(pipeline).split('\n')).toEqual([
    'x_t = α x_0 + σ z, z ~ N(0, I), α = exp(−t), σ² = 1 − exp(−2t)',
    's(x) = Σ w_i m_i − x over 3 components, w = softmax(⟨m_i, x⟩ − ½|m_i|²), m_i = α means_i',
    `start: ${Initializer.formula(Initializer.kMeansPlusPlus)}`,
    ...parts.stages.flatMap((stage, i) => `stage ${i + 1}: ${Stage.formula(stage)}`.split('\n'))
  ])
})

it('is read back from JSON, and says which part is wrong', () => {
  const text: unknown = JSON.parse(JSON.stringify(Pipeline.codec(Vocabulary.standard).encode(pipeline)))
  expect(Pipeline.codec(Vocabulary.standard).decode(text)).toEqual(E.right(pipeline))
  for (const part of ['schedule', 'score', 'initializer', 'stages'] as const) {
    const read = Pipeline.codec(Vocabulary.standard).decode({ ...(text as object), [part]: 3 })
    const places = pipe(
      read,
      E.fold(
        errors => errors.map(error => ('problem' in error ? Problem.show(error.problem as Problem.Problem) : '')),
        () => []
      )
    )
    expect(places).toHaveLength(1)
    expect(places[0]).toMatch(new RegExp(`^${part}: 3 is not `))
  }
})

/** Populations that no number of rows that is allowed resolves: refused with that number, or a NaN with the reason beside it. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Key,
  Mixture,
  Objective,
  Params,
  Population,
  Problem,
  Schedule,
  Score,
  NoiseLevels
} from '../../../src/index.js'

// Centres of teacher and students span all three dimensions, so that a product of three axes is needed, for each component.
const truth = Mixture.of({
  means: [
    [-3, 0, 1],
    [3, 0, -1],
    [0, 4, 0]
  ]
})
const far = Params.of({
  means: [
    [-1, 0, 0.5],
    [1, -1, 0],
    [0, 1, 1]
  ]
})
// In the plane of the teacher's centres two axes are enough.
const inPlane = Params.of({
  means: [
    [-1, 0, 1 / 3],
    [1, -1, -1 / 3],
    [0, 1, 0]
  ]
})
const score = Score.spherical({ components: 3 })
const objectives = [
  Objective.likelihood,
  Objective.denoising(NoiseLevels.at(0.1)),
  Objective.implicit(NoiseLevels.at(0.1)),
  Objective.fisherDivergence(truth, NoiseLevels.at(0.1))
]
const compiled = (objective: Objective.Objective) => ({
  schedule: Schedule.ornsteinUhlenbeck,
  score,
  objective,
  expectation: Expectation.monteCarlo()
})
const key = Key.fromSeed(0)

/** True if a text names the rows that would be needed, more than the most. */
const namesRows = (text: string): boolean => {
  const [, rows, most] = /population: (\S+) rows in 3 dimensions.*at most (\d+) rows/.exec(text) ?? []
  return Number(rows) > Number(most)
}

const message = (call: () => unknown): string =>
  E.match(String, () => 'nothing was thrown')(E.tryCatch(call, error => (error instanceof Error ? error.message : '')))

describe.each(objectives.map(objective => [Objective.show(objective), objective] as const))('%s', (_, objective) => {
  const loss = Population.loss({ score, objective, data: truth })
  it('has a reason beside a value that is NaN, and none beside one that is a number', () => {
    const { value, problem } = loss.evaluate(far)
    expect(value).toBeNaN()
    expect(problem && namesRows(Problem.show(problem))).toBe(true)
    const near = loss.evaluate(inPlane)
    expect(Number.isFinite(near.value)).toBe(true)
    expect(near.problem).toBeUndefined()
  })
  it('has no Hessian, products or flow, for that reason', () => {
    expect(namesRows(message(() => Population.hessian(loss)(far)))).toBe(true)
    expect(namesRows(message(() => loss.curvature(far, far)))).toBe(true)
    expect(namesRows(message(() => Population.flow(loss, { until: { steps: 1 } })(far)))).toBe(true)
  })
  it('is refused or has the reason beside it, as compiled', () => {
    const data = Population.of(truth)
    const { value, problem } = Problem.orThrow(Compile.valueAndGrad(compiled(objective))(data))(far, key)
    expect(value).toBeNaN()
    expect(problem && namesRows(Problem.show(problem))).toBe(true)
    expect(namesRows(message(() => Problem.orThrow(Compile.value(compiled(objective))(data))(far, key)))).toBe(true)
    expect(namesRows(message(() => Problem.orThrow(Compile.hessian(compiled(objective))(data))(far, key)))).toBe(true)
  })
})

describe('expectation–maximization', () => {
  const loss = Population.loss({ score, objective: Objective.likelihood, data: truth })
  const step = Population.expectationMaximization(loss)
  it('has the reason beside a value that is NaN', () => {
    const { value, problem } = step(far)
    expect(value).toBeNaN()
    expect(problem && namesRows(Problem.show(problem))).toBe(true)
    expect(step(inPlane).problem).toBeUndefined()
  })
  it('is not followed from there', () => {
    expect(namesRows(message(() => Population.flow(loss, { map: step })(far)))).toBe(true)
  })
})

describe('on the way', () => {
  // Students at 0 and just out of the plane's reach: the flow begins where rows are enough.
  const wide = Mixture.of({ means: [[-4], [4]] })
  const loss = Population.loss({
    score: Score.spherical({ components: 2 }),
    objective: Objective.likelihood,
    data: wide
  })
  const lost = { value: NaN, problem: Problem.of('population', '9 rows', 'at most 8 rows', 'take fewer') }
  it('a flow that comes to such parameters ends, and says why at its last moment', () => {
    // Whatever is beyond −2 has no value.
    const cut: Population.Loss<'means'> = {
      ...loss,
      evaluate: params => {
        const found = loss.evaluate(params)
        return params.means.values[0] < -2
          ? { ...found, ...lost, gradient: Params.mapValues(() => NaN)(found.gradient) }
          : found
      }
    }
    const course = Population.flow(cut)(Params.of({ means: [[-1], [1]] }))
    const last = course[course.length - 1]
    expect(course.length).toBeLessThan(200)
    expect(course.every(({ value }) => Number.isFinite(value))).toBe(true)
    expect(last.problem).toEqual(lost.problem)
    expect(last.params.means.values[0]).toBeGreaterThanOrEqual(-2)
    expect(course.slice(0, -1).every(({ problem }) => problem === undefined)).toBe(true)
  })
  it('searches that find no value say why', () => {
    const plane = Population.loss({
      score,
      objective: Objective.fisherDivergence(truth, NoiseLevels.at(0.1)),
      data: truth
    })
    const basin = Population.basin(plane, { starts: [far] })
    expect(basin.ends).toEqual(['unfinished'])
    expect(basin.problem && namesRows(Problem.show(basin.problem))).toBe(true)
    const follow = message(() => Population.follow(() => plane, { from: { at: 0, params: far }, by: 1 }))
    expect(namesRows(follow)).toBe(true)
  })
})

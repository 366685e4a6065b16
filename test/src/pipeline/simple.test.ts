/** Stages as data: what they come to, and the path to what is wrong. What they do is in Stage.test.ts. */
import { describe, expect, it } from 'vitest'
import { Objective, Optimizer, Problem, Schedule, TimeLaw } from '../../../src/index.js'
import * as Stage from '../../../src/pipeline/stage.js'

const optimizer = Optimizer.gradientDescent({ rate: 0.5 })
const objective = Objective.implicit(TimeLaw.at(0.4))
const descend = Stage.descend({ objective, optimizer, steps: 7 })
const em = Stage.expectationMaximization({ steps: 3 })

describe('simple', () => {
  const found = (stage: Stage.Stage): ReadonlyArray<readonly [string, Stage.Stage]> =>
    Stage.simple(stage).map(({ path, stage }) => [path, stage])

  it('leaves what takes steps itself as it is', () => {
    for (const stage of [
      descend,
      em,
      Stage.splitAndMerge({ steps: 1 }),
      Stage.powerIteration({ steps: 1 }),
      Stage.restart(2)(em),
      Stage.guarded(em)
    ])
      expect(found(stage)).toEqual([['', stage]])
  })

  it('writes sequences and repeats out, each stage with where it stands', () => {
    expect(found(Stage.sequence([em, Stage.repeat(2)(Stage.sequence([descend, em]))]))).toEqual([
      ['stages[0]', em],
      ['stages[1].stage.stages[0]', descend],
      ['stages[1].stage.stages[1]', em],
      ['stages[1].stage.stages[0]', descend],
      ['stages[1].stage.stages[1]', em]
    ])
    expect(found(Stage.sequence([]))).toEqual([])
    expect(found(Stage.repeat(0)(em))).toEqual([])
  })

  it('anneals all that has a time, however deep, and nothing else', () => {
    const at = (time: number): Stage.Stage =>
      Stage.descend({ objective: Objective.implicit(TimeLaw.at(time)), optimizer, steps: 7 })
    const noisy = (time: number): Stage.Stage => Stage.expectationMaximization({ steps: 3, time })
    const power = Stage.powerIteration({ steps: 1 })
    const split = Stage.splitAndMerge({ steps: 1 })
    const inner = Stage.anneal([7])(descend)
    const stage = Stage.sequence([
      descend,
      em,
      power,
      split,
      Stage.restart(2)(Stage.repeat(1)(descend)),
      Stage.guarded(descend),
      Stage.repeat(1)(em),
      inner
    ])
    expect(found(Stage.anneal([2, 1])(stage))).toEqual(
      [2, 1].flatMap(time => [
        ['stage.stages[0]', at(time)],
        ['stage.stages[1]', noisy(time)],
        ['stage.stages[2]', power],
        ['stage.stages[3]', split],
        ['stage.stages[4]', Stage.restart(2)(Stage.repeat(1)(at(time)))],
        ['stage.stages[5]', Stage.guarded(at(time))],
        ['stage.stages[6].stage', noisy(time)],
        ['stage.stages[7].stage', at(7)]
      ])
    )
  })
})

describe('problems', () => {
  const found = (stage: Stage.Stage): ReadonlyArray<string> =>
    Stage.problems(Schedule.ornsteinUhlenbeck)(stage).map(Problem.show)

  it.each<readonly [Stage.Stage, ReadonlyArray<string>]>([
    [Stage.descend({ objective: Objective.implicit(TimeLaw.at(-1)), optimizer, steps: 7 }), ['objective.timeLaw.time']],
    [Stage.expectationMaximization({ steps: 3, time: -1 }), ['time: -1']],
    [
      Stage.restart(0)(Stage.powerIteration({ steps: -1 })),
      ['times: 0 is not a whole number ≥ 1; try 10', 'stage.steps: -1 is not a whole number ≥ 0; try 100']
    ],
    [Stage.guarded(Stage.powerIteration({ steps: -1 })), ['stage.steps: -1 is not a whole number ≥ 0; try 100']],
    [
      Stage.sequence([em, Stage.powerIteration({ steps: -1 })]),
      ['stages[1].steps: -1 is not a whole number ≥ 0; try 100']
    ],
    ...[-1, 0.5, 10_001].map((times): readonly [Stage.Stage, ReadonlyArray<string>] => [
      Stage.repeat(times)(Stage.powerIteration({ steps: -1 })),
      [
        `times: ${times} is not a whole number from 0 to 10000; let a stage take more steps instead`,
        'stage.steps: -1 is not a whole number ≥ 0; try 100'
      ]
    ]),
    [
      Stage.anneal([1, -1])(Stage.powerIteration({ steps: -1 })),
      ['stage.steps: -1 is not a whole number ≥ 0; try 100', 'times[1]: -1']
    ]
  ])('of %j', (stage, wanted) => {
    const messages = found(stage)
    expect(messages.length).toBe(wanted.length)
    wanted.forEach((start, i) => expect(messages[i].startsWith(start), `${messages[i]} for ${start}`).toBe(true))
  })
})

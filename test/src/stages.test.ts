/** Stages as data: defaults, printers, what they come to, domains. What they do is in Stage.test.ts. */
import { describe, expect, it } from 'vitest'
import { Expectation, Objective, Optimizer, Problem, Schedule, Stage, TimeLaw } from '../../src/index.js'

const optimizer = Optimizer.gradientDescent({ rate: 0.5 })
const objective = Objective.implicit(TimeLaw.at(0.4))
const descend = Stage.descend({ objective, optimizer, steps: 7 })
const em = Stage.expectationMaximization({ steps: 3 })

const emCode = 'Stage.expectationMaximization({ steps: 3, varianceFloor: 0.000001 })'
const emFormula = 'θ ← argmax E[log p(x_0, i; θ) | x_0; θ_old]'
const descendLines = [
  'Stage.descend({',
  '  objective: Objective.implicit(TimeLaw.at(0.4)),',
  '  expectation: Expectation.monteCarlo(),',
  `  optimizer: ${Optimizer.show(optimizer)},`,
  '  steps: 7',
  '})'
]
const descendFormula = `minimise ${Objective.formula(objective)}`

const rows: ReadonlyArray<{ readonly stage: Stage.Stage; readonly code: string; readonly formula: string }> = [
  { stage: descend, code: descendLines.join('\n'), formula: descendFormula },
  {
    stage: Stage.descend({
      objective,
      expectation: Expectation.projected(),
      optimizer,
      steps: 7,
      gradientNorm: 0.01,
      relativeChange: 0.001,
      batch: 64
    }),
    code: descendLines
      .join('\n')
      .replace('monteCarlo', 'projected')
      .replace('steps: 7', 'steps: 7,\n  gradientNorm: 0.01,\n  relativeChange: 0.001,\n  batch: 64'),
    formula: descendFormula
  },
  { stage: em, code: emCode, formula: emFormula },
  {
    stage: Stage.expectationMaximization({ steps: 3, relativeChange: 0.1, varianceFloor: 0.5, time: 2 }),
    code: 'Stage.expectationMaximization({ steps: 3, relativeChange: 0.1, varianceFloor: 0.5, time: 2 })',
    formula: 'θ ← argmax E[log p_t(x_t, i; θ) | x_t; θ_old] at t = 2'
  },
  {
    stage: Stage.splitAndMerge({ steps: 4 }),
    code: 'Stage.splitAndMerge({ steps: 4, attempts: 10, polish: 20, varianceFloor: 0.000001 })',
    formula: 'split and merge: the first of 10 moves that raises E log p(x_0; θ)'
  },
  {
    stage: Stage.splitAndMerge({ steps: 4, attempts: 3, polish: 5, varianceFloor: 0.25 }),
    code: 'Stage.splitAndMerge({ steps: 4, attempts: 3, polish: 5, varianceFloor: 0.25 })',
    formula: 'split and merge: the first of 3 moves that raises E log p(x_0; θ)'
  },
  {
    stage: Stage.powerIteration({ steps: 5 }),
    code: 'Stage.powerIteration({ steps: 5 })',
    formula: 'c ← √λ v/|v|, v = (Ĉ − I)c, λ = ⟨c, v⟩/|c|²'
  },
  {
    stage: Stage.powerIteration({ steps: 5, relativeChange: 0.1 }),
    code: 'Stage.powerIteration({ steps: 5, relativeChange: 0.1 })',
    formula: 'c ← √λ v/|v|, v = (Ĉ − I)c, λ = ⟨c, v⟩/|c|²'
  },
  {
    stage: Stage.sequence([descend, em]),
    code: `Stage.sequence([\n${[...descendLines.slice(0, -1), '}),', emCode].map(line => `  ${line}`).join('\n')}\n])`,
    formula: `${descendFormula}; then ${emFormula}`
  },
  { stage: Stage.repeat(3)(em), code: `Stage.repeat(3)(${emCode})`, formula: `3 times: ${emFormula}` },
  {
    stage: Stage.anneal([2, 0.5])(em),
    code: `Stage.anneal([2, 0.5])(${emCode})`,
    formula: `at t = 2, 0.5 in turn: ${emFormula}`
  },
  {
    stage: Stage.guarded(em),
    code: `Stage.guarded(${emCode})`,
    formula: `if that raises E log p(x_0; θ): ${emFormula}`
  },
  {
    stage: Stage.onSample({ fraction: 0.2 })(em),
    code: `Stage.onSample({ fraction: 0.2 })(${emCode.replace('{ ', '{\n  ').replace(', v', ',\n  v').replace(' })', '\n})')})`,
    formula: `on 0.2 of the rows: ${emFormula}`
  },
  {
    stage: Stage.onSample({ rows: 50 })(em),
    code: `Stage.onSample({ rows: 50 })(${emCode})`,
    formula: `on 50 rows: ${emFormula}`
  },
  { stage: Stage.restart(4)(em), code: `Stage.restart(4)(${emCode})`, formula: `the likeliest of 4: ${emFormula}` }
]

it.each(rows)('$code', ({ stage, code, formula }) => {
  expect(Stage.show(stage)).toBe(code)
  expect(Stage.formula(stage)).toBe(formula)
  expect(Stage.problems(Schedule.ornsteinUhlenbeck)(stage)).toEqual([])
})

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
    const [power, split] = [Stage.powerIteration({ steps: 1 }), Stage.splitAndMerge({ steps: 1 })]
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
    [
      Stage.descend({
        objective: Objective.implicit(TimeLaw.at(-1)),
        expectation: Expectation.monteCarlo({ draws: 0 }),
        optimizer: Optimizer.gradientDescent({ rate: 0 }),
        steps: -1,
        gradientNorm: -2,
        relativeChange: NaN,
        batch: 0
      }),
      [
        'steps: -1 is not a whole number ≥ 0; try 100',
        'gradientNorm: -2 is not ≥ 0; try 1e-6, or 0 for never',
        'relativeChange: NaN is not ≥ 0; try 1e-6, or 0 for never',
        'batch: 0 is not a whole number ≥ 1; try 256',
        'expectation.draws: 0 is not a whole number ≥ 1; try 1',
        'optimizer',
        'objective.timeLaw.time'
      ]
    ],
    [
      Stage.expectationMaximization({ steps: 0.5, relativeChange: -1, varianceFloor: 0, time: -1 }),
      [
        'steps: 0.5 is not a whole number ≥ 0; try 100',
        'relativeChange: -1 is not ≥ 0; try 1e-6, or 0 for never',
        'varianceFloor: 0 is not > 0 and finite; try 0.000001',
        'time: -1'
      ]
    ],
    [
      Stage.splitAndMerge({ steps: -1, attempts: 0, polish: 0, varianceFloor: NaN }),
      [
        'steps: -1 is not a whole number ≥ 0; try 100',
        'attempts: 0 is not a whole number ≥ 1; try 10',
        'polish: 0 is not a whole number ≥ 1; try 20',
        'varianceFloor: NaN is not > 0 and finite; try 0.000001'
      ]
    ],
    [Stage.powerIteration({ steps: -1 }), ['steps: -1 is not a whole number ≥ 0; try 100']],
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

  it('there are none at the ends of the domains', () => {
    for (const stage of [
      Stage.repeat(0)(em),
      Stage.repeat(10_000)(em),
      Stage.restart(1)(em),
      Stage.guarded(em),
      Stage.expectationMaximization({ steps: 0, relativeChange: Infinity }),
      Stage.splitAndMerge({ steps: 0, attempts: 1, polish: 1 }),
      Stage.descend({ objective, optimizer, steps: 0, batch: 1, gradientNorm: Infinity }),
      Stage.anneal([])(em)
    ])
      expect(found(stage)).toEqual([])
  })
})

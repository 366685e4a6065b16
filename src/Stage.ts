/** Stages: the minimisation of one objective by one optimizer, or expectation–maximization, until a rule stops it. */
import * as t from 'io-ts'
import * as Expectation from './Expectation.js'
import * as Objective from './Objective.js'
import * as Optimizer from './Optimizer.js'
import * as Problem from './Problem.js'
import type { Schedule } from './Schedule.js'
import * as Tagged from './Tagged.js'

/** A stage ends after its steps, or before when a rule holds. */
export interface Stopping {
  readonly steps: number
  /** Stop when the Euclidean norm of the gradient falls to this; 0 for never. */
  readonly gradientNorm: number
  /** Stop when a step's norm falls to this share of the parameters'; 0 for never. */
  readonly relativeChange: number
}

export interface Descend extends Stopping {
  readonly _tag: 'Descend'
  readonly objective: Objective.Objective
  readonly expectation: Expectation.Expectation
  readonly optimizer: Optimizer.Optimizer
}

export interface ExpectationMaximization extends Omit<Stopping, 'gradientNorm'> {
  readonly _tag: 'ExpectationMaximization'
  /** No component's variance falls below this. */
  readonly varianceFloor: number
}

export type Stage = Descend | ExpectationMaximization

/**
 * θ ← θ + step of the optimizer on the gradient of the objective, its expectation taken anew at every step.
 *
 * @example
 * import { Expectation, Objective, Optimizer, Stage, TimeLaw } from 'ornstein'
 *
 * export const highNoise = Stage.descend({
 *   objective: Objective.denoising(TimeLaw.at(1.5)),
 *   expectation: Expectation.quadrature({ nodes: 16 }),
 *   optimizer: Optimizer.gradientDescent({ rate: 0.5 }),
 *   steps: 300,
 *   relativeChange: 1e-8
 * })
 */
export const descend = ({
  objective,
  expectation = Expectation.monteCarlo(),
  optimizer,
  steps,
  gradientNorm = 0,
  relativeChange = 0
}: Pick<Descend, 'objective' | 'optimizer' | 'steps'> &
  Partial<Pick<Descend, 'expectation' | 'gradientNorm' | 'relativeChange'>>): Stage => ({
  _tag: 'Descend',
  objective,
  expectation,
  optimizer,
  steps,
  gradientNorm,
  relativeChange
})

/** Expectation–maximization on the likelihood of the data at time 0 (Dempster, Laird & Rubin 1977). */
export const expectationMaximization = ({
  steps,
  relativeChange = 0,
  varianceFloor = 1e-6
}: Pick<ExpectationMaximization, 'steps'> &
  Partial<Pick<ExpectationMaximization, 'relativeChange' | 'varianceFloor'>>): Stage => ({
  _tag: 'ExpectationMaximization',
  steps,
  relativeChange,
  varianceFloor
})

export const fold = Tagged.fold<Stage>()

const showRule = (name: string, value: number): string => (value === 0 ? '' : `, ${name}: ${value}`)

export const show = fold<string>({
  Descend: ({ objective, expectation, optimizer, steps, gradientNorm, relativeChange }) =>
    [
      'Stage.descend({',
      `  objective: ${Objective.show(objective)},`,
      `  expectation: ${Expectation.show(expectation)},`,
      `  optimizer: ${Optimizer.show(optimizer)},`,
      `  steps: ${steps}${showRule('gradientNorm', gradientNorm)}${showRule('relativeChange', relativeChange)}`,
      '})'
    ].join('\n'),
  ExpectationMaximization: ({ steps, relativeChange, varianceFloor }) =>
    `Stage.expectationMaximization({ steps: ${steps}${showRule('relativeChange', relativeChange)}, varianceFloor: ${varianceFloor} })`
})

export const formula = fold<string>({
  Descend: ({ objective }) => `minimise ${Objective.formula(objective)}`,
  ExpectationMaximization: () => 'θ ← argmax E[log p(x_0, i; θ) | x_0; θ_old]'
})

const stoppingProblems = ({
  steps,
  relativeChange
}: Omit<Stopping, 'gradientNorm'>): ReadonlyArray<Problem.Problem> => [
  ...Problem.count('steps', steps, 0, 100),
  ...Problem.unless(relativeChange >= 0, 'relativeChange', relativeChange, '≥ 0', 'try 1e-6, or 0 for never')
]

/** What is wrong with a stage on a schedule, before any data. */
export const problems = (schedule: Schedule): ((stage: Stage) => ReadonlyArray<Problem.Problem>) =>
  fold<ReadonlyArray<Problem.Problem>>({
    Descend: stage => [
      ...Objective.problems(schedule)(stage.objective).map(Problem.within('objective')),
      ...Expectation.problems(stage.expectation).map(Problem.within('expectation')),
      ...Optimizer.problems(stage.optimizer).map(Problem.within('optimizer')),
      ...stoppingProblems(stage),
      ...Problem.unless(stage.gradientNorm >= 0, 'gradientNorm', stage.gradientNorm, '≥ 0', 'try 1e-6, or 0 for never')
    ],
    ExpectationMaximization: stage => [
      ...stoppingProblems(stage),
      ...Problem.positive('varianceFloor', stage.varianceFloor, 1e-6)
    ]
  })

export const codec: t.Type<Stage, unknown> = t.union([
  t.type({
    _tag: t.literal('Descend'),
    objective: Objective.codec,
    expectation: Expectation.codec,
    optimizer: Optimizer.codec,
    steps: t.number,
    gradientNorm: t.number,
    relativeChange: t.number
  }),
  t.type({
    _tag: t.literal('ExpectationMaximization'),
    steps: t.number,
    relativeChange: t.number,
    varianceFloor: t.number
  })
])

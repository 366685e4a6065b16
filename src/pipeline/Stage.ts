/**
 * Stages: what a pipeline does, one after the other. The simple ones take steps until a rule stops them: the minimisation
 * of one objective by one optimizer, expectation–maximization, split and merge moves, power iteration. The others are
 * made of stages: in sequence (a monoid), repeated, annealed over noise levels, restarted with the best kept, or guarded.
 */
import type * as M from 'fp-ts/lib/Monoid.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import { Vocabulary } from '../core/index.js'
import * as Expectation from '../objective/Expectation.js'
import * as Limits from '../core/Limits.js'
import * as Objective from '../objective/Objective.js'
import * as Optimizer from '../optimizer/Optimizer.js'
import * as Params from '../score/Params.js'
import * as Problem from '../core/Problem.js'
import * as Rate from '../optimizer/Rate.js'
import * as Region from '../optimizer/Region.js'
import { timeProblems, type Schedule } from '../schedule/Schedule.js'
import * as Tagged from '../core/Tagged.js'
import * as TimeLaw from '../objective/TimeLaw.js'

/** A stage ends after its steps, or before when a rule holds. */
export interface Stopping {
  readonly steps: number
  /** Stop when the Euclidean norm of the gradient falls to this; 0 for never. */
  readonly gradientNorm: number
  /**
   * Stop when a step moves a mixture by this share of its components' standard deviations, of its variances and of its weights:
   * √Σπ_k(|δc_k|²/v_k + (d/2)(δ log v_k)² + (δ log π_k)²) falls to it. Where 0 is, and the unit of the data, do not matter. For a
   * score that is no mixture, when the step's norm falls to this share of the parameters'. 0 for never.
   */
  readonly relativeChange: number
}

export interface Descend extends Stopping {
  readonly _tag: 'Descend'
  readonly objective: Objective.Objective
  readonly expectation: Expectation.Expectation
  readonly optimizer: Optimizer.Optimizer
  /** How many rows a step looks at, drawn anew without replacement; absent for all of them. */
  readonly batch?: number
}

export interface ExpectationMaximization extends Omit<Stopping, 'gradientNorm'> {
  readonly _tag: 'ExpectationMaximization'
  /** No component's variance falls below this. */
  readonly varianceFloor: number
  /** Its likelihood is that of data with the noise of this time, drawn anew at each step; absent for the data themselves. */
  readonly time?: number
}

export interface SplitAndMerge {
  readonly _tag: 'SplitAndMerge'
  /** Moves that are kept, at most. */
  readonly steps: number
  /** Moves that are tried before the stage ends. */
  readonly attempts: number
  /** Steps of expectation–maximization after which a move is judged. */
  readonly polish: number
  readonly varianceFloor: number
}

export interface PowerIteration extends Omit<Stopping, 'gradientNorm'> {
  readonly _tag: 'PowerIteration'
}

export interface Restart {
  readonly _tag: 'Restart'
  readonly times: number
  readonly stage: Stage
}

export interface Guarded {
  readonly _tag: 'Guarded'
  readonly stage: Stage
}

export interface Sequence {
  readonly _tag: 'Sequence'
  readonly stages: ReadonlyArray<Stage>
}

export interface Repeat {
  readonly _tag: 'Repeat'
  readonly times: number
  readonly stage: Stage
}

export interface Anneal {
  readonly _tag: 'Anneal'
  readonly times: ReadonlyArray<number>
  readonly stage: Stage
}

/** A stage that takes steps itself. */
export type Simple = Descend | ExpectationMaximization | SplitAndMerge | PowerIteration | Restart | Guarded

export type Stage = Simple | Sequence | Repeat | Anneal

/**
 * θ ← θ + step of the optimizer on the gradient of the objective, its expectation taken anew at every step: over all
 * rows, or over a `batch` of them drawn without replacement, whose weights count relative to each other.
 *
 * @example
 * import { Expectation, Objective, Optimizer, Stage, TimeLaw } from 'ornstein'
 *
 * export const highNoise = Stage.descend({
 *   objective: Objective.denoising(TimeLaw.at(1.5)),
 *   expectation: Expectation.quadrature(),
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
  relativeChange = 0,
  ...batch
}: Pick<Descend, 'objective' | 'optimizer' | 'steps'> &
  Partial<Pick<Descend, 'expectation' | 'gradientNorm' | 'relativeChange' | 'batch'>>): Stage => ({
  _tag: 'Descend',
  objective,
  expectation,
  optimizer,
  steps,
  gradientNorm,
  relativeChange,
  ...batch
})

/**
 * Expectation–maximization on the likelihood of the data (Dempster, Laird & Rubin 1977), or of data with the noise of a
 * `time`, under the diffused mixture: the gradient of the likelihood there, divided by the responsibilities.
 */
export const expectationMaximization = ({
  steps,
  relativeChange = 0,
  varianceFloor = 1e-6,
  ...time
}: Pick<ExpectationMaximization, 'steps'> &
  Partial<Pick<ExpectationMaximization, 'relativeChange' | 'varianceFloor' | 'time'>>): Stage => ({
  _tag: 'ExpectationMaximization',
  steps,
  relativeChange,
  varianceFloor,
  ...time
})

/**
 * Out of a local maximum of the likelihood, where two components share one group of rows and another has two: the
 * component whose loss costs least is put to halve the one whose halves gain most (Ueda, Nakano, Ghahramani & Hinton
 * 2000). The most promising `attempts` moves are tried, for `polish` steps of expectation–maximization each. The first
 * that raises the likelihood is kept; when none does, the stage ends. A half has the rows that fix its parameters: two
 * where it has a variance of its own, else one.
 *
 * @example
 * import { Stage } from 'ornstein'
 *
 * export const thorough = Stage.sequence([
 *   Stage.expectationMaximization({ steps: 100, relativeChange: 1e-4 }),
 *   Stage.splitAndMerge({ steps: 100 }),
 *   Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8 })
 * ])
 */
export const splitAndMerge = ({
  steps,
  attempts = 10,
  polish = 20,
  varianceFloor = 1e-6
}: Pick<SplitAndMerge, 'steps'> & Partial<Pick<SplitAndMerge, 'attempts' | 'polish' | 'varianceFloor'>>): Stage => ({
  _tag: 'SplitAndMerge',
  steps,
  attempts,
  polish,
  varianceFloor
})

/**
 * For the symmetric pair, c ← √λ v/|v| with v = (Ĉ − I)c and λ = ⟨c, v⟩/|c|², Ĉ the second moment of the data: what
 * descent at high noise does in the limit (Shah, Chen & Klivans 2023), with the length that the eigenvalue says.
 */
export const powerIteration = ({
  steps,
  relativeChange = 0
}: Pick<PowerIteration, 'steps'> & Partial<Pick<PowerIteration, 'relativeChange'>>): Stage => ({
  _tag: 'PowerIteration',
  steps,
  relativeChange
})

/** One stage after the other. Associative, with `sequence([])` as identity. */
export const sequence = (stages: ReadonlyArray<Stage>): Stage => ({ _tag: 'Sequence', stages })

/** The monoid of stages in sequence. */
export const Monoid: M.Monoid<Stage> = { concat: (first, second) => sequence([first, second]), empty: sequence([]) }

/** The same stage several times, its optimizer begun anew each time. `repeat(n)(sequence([a, b]))` alternates. */
export const repeat =
  (times: number) =>
  (stage: Stage): Stage => ({ _tag: 'Repeat', times, stage })

/**
 * The same stage at each of the times in turn, put in the place of the times of its objectives and of its
 * expectation–maximization: from high noise, where the loss is smooth and merges the components, to low.
 *
 * @example
 * import { Expectation, Objective, Optimizer, Stage, TimeLaw } from 'ornstein'
 *
 * export const annealed = Stage.anneal([2, 1, 0.5, 0.25, 0.1])(
 *   Stage.descend({
 *     objective: Objective.implicit(TimeLaw.at(1)),
 *     expectation: Expectation.projected(),
 *     optimizer: Optimizer.gradientDescent({ rate: 0.5 }),
 *     steps: 30
 *   })
 * )
 */
export const anneal =
  (times: ReadonlyArray<number>) =>
  (stage: Stage): Stage => ({ _tag: 'Anneal', times, stage })

/**
 * Several attempts, the likeliest kept: the first goes on from where the pipeline stands, each other from a new start of
 * the pipeline's initializer. One step is one attempt; attempts that fail are passed over.
 */
export const restart =
  (times: number) =>
  (stage: Stage): Stage => ({ _tag: 'Restart', times, stage })

/**
 * A stage whose end is kept only where it is likelier than its start, and no component is lost on the way: left with fewer
 * rows than fix its parameters. All of the stage is one step. A stage that fails, too, leaves the parameters as they are.
 *
 * @example
 * import { Stage } from 'ornstein'
 *
 * // Never less likely than after the first stage.
 * export const careful = Stage.sequence([
 *   Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8 }),
 *   Stage.guarded(Stage.anneal([1, 0.5, 0.1])(Stage.expectationMaximization({ steps: 5 })))
 * ])
 */
export const guarded = (stage: Stage): Stage => ({ _tag: 'Guarded', stage })

export const fold = Tagged.fold<Stage>()

/** What no variance falls below where the stage ends: the floor of its last part that has one. */
export const varianceFloor: (stage: Stage) => O.Option<number> = fold<O.Option<number>>({
  Descend: () => O.none,
  ExpectationMaximization: ({ varianceFloor }) => O.some(varianceFloor),
  SplitAndMerge: ({ varianceFloor }) => O.some(varianceFloor),
  PowerIteration: () => O.none,
  Restart: ({ stage }) => varianceFloor(stage),
  Guarded: ({ stage }) => varianceFloor(stage),
  Sequence: ({ stages }) => pipe(stages, RA.findLastMap(varianceFloor)),
  Repeat: ({ stage }) => varianceFloor(stage),
  Anneal: ({ stage }) => varianceFloor(stage)
})

/** A stage as the simple ones it comes to, each with where it stands in the description. */
export const simple: (stage: Stage) => ReadonlyArray<{ readonly path: string; readonly stage: Simple }> = fold<
  ReadonlyArray<{ readonly path: string; readonly stage: Simple }>
>({
  Descend: stage => [{ path: '', stage }],
  ExpectationMaximization: stage => [{ path: '', stage }],
  SplitAndMerge: stage => [{ path: '', stage }],
  PowerIteration: stage => [{ path: '', stage }],
  Restart: stage => [{ path: '', stage }],
  Guarded: stage => [{ path: '', stage }],
  Sequence: ({ stages }) => stages.flatMap((stage, i) => inside(`stages[${i}]`)(stage)),
  Repeat: ({ times, stage }) => Array.from({ length: times }, () => inside('stage')(stage)).flat(),
  Anneal: ({ times, stage }) => times.flatMap(time => inside('stage')(retimed(time)(stage)))
})

/**
 * How many simple stages these come to when they are written out, those within restarts included, and how many attempts
 * restarts within restarts come to: by arithmetic, before anything of that size is made.
 */
export const extent: (stage: Stage) => { readonly stages: number; readonly attempts: number } = fold<{
  readonly stages: number
  readonly attempts: number
}>({
  Descend: () => ({ stages: 1, attempts: 1 }),
  ExpectationMaximization: () => ({ stages: 1, attempts: 1 }),
  SplitAndMerge: () => ({ stages: 1, attempts: 1 }),
  PowerIteration: () => ({ stages: 1, attempts: 1 }),
  Restart: ({ times, stage }) => {
    const { stages, attempts } = extent(stage)
    return { stages: stages + 1, attempts: times * attempts }
  },
  Guarded: ({ stage }) => {
    const { stages, attempts } = extent(stage)
    return { stages: stages + 1, attempts }
  },
  Sequence: ({ stages }) => ({
    stages: stages.reduce((sum, stage) => sum + extent(stage).stages, 0),
    attempts: stages.reduce((most, stage) => Math.max(most, extent(stage).attempts), 1)
  }),
  Repeat: ({ times, stage }) => {
    const { stages, attempts } = extent(stage)
    return { stages: times * stages, attempts }
  },
  Anneal: ({ times, stage }) => {
    const { stages, attempts } = extent(stage)
    return { stages: times.length * stages, attempts }
  }
})

const inside = (outer: string) => (stage: Stage) =>
  simple(stage).map(({ path, stage }) => ({ path: path === '' ? outer : `${outer}.${path}`, stage }))

/** The stage with all its objectives, and its expectation–maximization, at one time. */
const retimed = (time: number): ((stage: Stage) => Stage) => {
  const inner: (stage: Stage) => Stage = fold<Stage>({
    Descend: stage => ({ ...stage, objective: Objective.retimed(TimeLaw.at(time))(stage.objective) }),
    ExpectationMaximization: stage => ({ ...stage, time }),
    SplitAndMerge: stage => stage,
    PowerIteration: stage => stage,
    Restart: stage => ({ ...stage, stage: inner(stage.stage) }),
    Guarded: stage => ({ ...stage, stage: inner(stage.stage) }),
    Sequence: stage => ({ ...stage, stages: stage.stages.map(inner) }),
    Repeat: stage => ({ ...stage, stage: inner(stage.stage) }),
    Anneal: stage => stage
  })
  return inner
}

const showRule = (name: string, value: number): string => (value === 0 ? '' : `, ${name}: ${value}`)

const indent = (text: string): string => text.replaceAll('\n', '\n  ')

export const show: (stage: Stage) => string = fold<string>({
  Descend: ({ objective, expectation, optimizer, steps, gradientNorm, relativeChange, batch = 0 }) =>
    [
      'Stage.descend({',
      `  objective: ${Objective.show(objective)},`,
      `  expectation: ${Expectation.show(expectation)},`,
      `  optimizer: ${Optimizer.show(optimizer)},`,
      `  steps: ${steps}${showRule('gradientNorm', gradientNorm)}${showRule('relativeChange', relativeChange)}${showRule('batch', batch)}`,
      '})'
    ].join('\n'),
  ExpectationMaximization: ({ steps, relativeChange, varianceFloor, time = 0 }) =>
    `Stage.expectationMaximization({ steps: ${steps}${showRule('relativeChange', relativeChange)}, varianceFloor: ${varianceFloor}${showRule('time', time)} })`,
  SplitAndMerge: ({ steps, attempts, polish, varianceFloor }) =>
    `Stage.splitAndMerge({ steps: ${steps}, attempts: ${attempts}, polish: ${polish}, varianceFloor: ${varianceFloor} })`,
  PowerIteration: ({ steps, relativeChange }) =>
    `Stage.powerIteration({ steps: ${steps}${showRule('relativeChange', relativeChange)} })`,
  Restart: ({ times, stage }) => `Stage.restart(${times})(${show(stage)})`,
  Guarded: ({ stage }) => `Stage.guarded(${show(stage)})`,
  Sequence: ({ stages }) => `Stage.sequence([${stages.map(stage => `\n  ${indent(show(stage))}`).join(',')}\n])`,
  Repeat: ({ times, stage }) => `Stage.repeat(${times})(${show(stage)})`,
  Anneal: ({ times, stage }) => `Stage.anneal([${times.join(', ')}])(${show(stage)})`
})

export const formula: (stage: Stage) => string = fold<string>({
  Descend: ({ objective }) => `minimise ${Objective.formula(objective)}`,
  ExpectationMaximization: ({ time = 0 }) =>
    time === 0
      ? 'θ ← argmax E[log p(x_0, i; θ) | x_0; θ_old]'
      : `θ ← argmax E[log p_t(x_t, i; θ) | x_t; θ_old] at t = ${time}`,
  SplitAndMerge: ({ attempts }) => `split and merge: the first of ${attempts} moves that raises E log p(x_0; θ)`,
  PowerIteration: () => 'c ← √λ v/|v|, v = (Ĉ − I)c, λ = ⟨c, v⟩/|c|²',
  Restart: ({ times, stage }) => `the likeliest of ${times}: ${formula(stage)}`,
  Guarded: ({ stage }) => `if that raises E log p(x_0; θ): ${formula(stage)}`,
  Sequence: ({ stages }) => stages.map(formula).join('; then '),
  Repeat: ({ times, stage }) => `${times} times: ${formula(stage)}`,
  Anneal: ({ times, stage }) => `at t = ${times.join(', ')} in turn: ${formula(stage)}`
})

const stoppingProblems = ({
  steps,
  relativeChange
}: Omit<Stopping, 'gradientNorm'>): ReadonlyArray<Problem.Problem> => [
  ...Problem.count('steps', steps, 0, 100),
  ...Problem.unless(relativeChange >= 0, 'relativeChange', relativeChange, '≥ 0', 'try 1e-6, or 0 for never')
]

/** What is wrong with a stage on a schedule, before any data. */
export const problems = (schedule: Schedule): ((stage: Stage) => ReadonlyArray<Problem.Problem>) => {
  const all: (stage: Stage) => ReadonlyArray<Problem.Problem> = fold<ReadonlyArray<Problem.Problem>>({
    Descend: stage => [
      ...Objective.problems(schedule)(stage.objective).map(Problem.within('objective')),
      ...Expectation.problems(stage.expectation).map(Problem.within('expectation')),
      ...Optimizer.problems(stage.optimizer).map(Problem.within('optimizer')),
      ...stoppingProblems(stage),
      ...(stage.batch === undefined ? [] : Problem.count('batch', stage.batch, 1, 256)),
      ...Problem.unless(stage.gradientNorm >= 0, 'gradientNorm', stage.gradientNorm, '≥ 0', 'try 1e-6, or 0 for never')
    ],
    ExpectationMaximization: stage => [
      ...stoppingProblems(stage),
      ...Problem.positive('varianceFloor', stage.varianceFloor, 1e-6),
      ...(stage.time === undefined ? [] : timeProblems('time', stage.time)(schedule))
    ],
    SplitAndMerge: ({ steps, attempts, polish, varianceFloor }) => [
      ...Problem.count('steps', steps, 0, 100),
      ...Problem.count('attempts', attempts, 1, 10, Limits.moves),
      ...Problem.count('polish', polish, 1, 20, Limits.moves),
      ...Problem.positive('varianceFloor', varianceFloor, 1e-6)
    ],
    PowerIteration: stoppingProblems,
    Restart: ({ times, stage }) => [
      ...Problem.count('times', times, 1, 10, Limits.attempts),
      ...all(stage).map(Problem.within('stage'))
    ],
    Guarded: ({ stage }) => all(stage).map(Problem.within('stage')),
    Sequence: ({ stages }) => stages.flatMap((stage, i) => all(stage).map(Problem.within(`stages[${i}]`))),
    Repeat: ({ times, stage }) => [
      ...Problem.unless(
        Number.isSafeInteger(times) && times >= 0 && times <= Limits.stages,
        'times',
        times,
        `a whole number from 0 to ${Limits.stages}`,
        'let a stage take more steps instead'
      ),
      ...all(stage).map(Problem.within('stage'))
    ],
    Anneal: ({ times, stage }) => [
      ...times.flatMap((time, i) => timeProblems(`times[${i}]`, time)(schedule)),
      ...all(stage).map(Problem.within('stage'))
    ]
  })
  return all
}

const optimizers = Optimizer.codec(Vocabulary.of([...Optimizer.all, ...Rate.all, ...Region.all]))

export const codec: t.Type<Stage, unknown> = t.recursion('Stage', () =>
  t.union([
    t.intersection([
      t.type({
        _tag: t.literal('Descend'),
        objective: Objective.codec,
        expectation: Expectation.codec,
        optimizer: optimizers,
        steps: t.number,
        gradientNorm: Params.numberCodec,
        relativeChange: Params.numberCodec
      }),
      t.partial({ batch: t.number })
    ]),
    t.intersection([
      t.type({
        _tag: t.literal('ExpectationMaximization'),
        steps: t.number,
        relativeChange: Params.numberCodec,
        varianceFloor: t.number
      }),
      t.partial({ time: t.number })
    ]),
    t.type({
      _tag: t.literal('SplitAndMerge'),
      steps: t.number,
      attempts: t.number,
      polish: t.number,
      varianceFloor: t.number
    }),
    t.type({ _tag: t.literal('PowerIteration'), steps: t.number, relativeChange: Params.numberCodec }),
    t.type({ _tag: t.literal('Restart'), times: t.number, stage: codec }),
    t.type({ _tag: t.literal('Guarded'), stage: codec }),
    t.type({ _tag: t.literal('Sequence'), stages: t.readonlyArray(codec) }),
    t.type({ _tag: t.literal('Repeat'), times: t.number, stage: codec }),
    t.type({ _tag: t.literal('Anneal'), times: t.readonlyArray(t.number), stage: codec })
  ])
)

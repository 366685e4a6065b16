/** Stages that take steps themselves. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import { Key } from '../../lib/index.js'
import { epochs as epochsOf } from '../../lib/random/epochs.js'
import { refuse } from '../../lib/plain/refuse.js'
import { Case, Field } from '../core/index.js'
import * as Expectation from '../objective/expectation.js'
import { eStepDescription } from '../mixture/em/eStep.js'
import * as Missing from '../mixture/em/missing.js'
import * as EM from '../mixture/em/expectationMaximization.js'
import * as Nodes from '../mixture/nodes.js'
import * as Limits from '../core/limits.js'
import * as Objective from '../objective/objective.js'
import * as Optimizer from '../optimizer/index.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import * as Seeding from '../mixture/em/seeding.js'
import * as Split from '../mixture/em/splitAndMerge.js'
import * as NoiseLevels from '../objective/noiseLevels.js'
import {
  concept,
  define,
  priorOf,
  steps as stepsOf,
  type Attempt,
  type Setting,
  type Stage,
  type Tools
} from './staged.js'

type AnyParams = Params.Params<string>
type ProblemList = ReadonlyArray<Problem.Problem>

/** Stage that maps the parameters to new ones, with a key if it draws noise. */
const mappingStage = (
  of: (tools: Tools) => (next: AnyParams, key: Key.Key) => { readonly value: number; readonly params: AnyParams }
): ReturnType<typeof stepsOf> =>
  stepsOf(t.null, tools => {
    const next = of(tools)
    return { begin: () => null, step: (params, _, key) => ({ ...next(params, key), memory: null }) }
  })

type Requirement = readonly [domain: string, remedy: string, holds?: (family: Score.Family<string>) => boolean]

/** Problem of the first requirement that a score does not meet. */
const scoreRequirements =
  (...requirements: ReadonlyArray<Requirement>): ((setting: Setting) => ProblemList) =>
  ({ score, model: { family } }) => {
    const missed = requirements.find(([, , holds = () => true]) => family === undefined || !holds(family))
    if (missed === undefined) return []
    const [domain, remedy] = missed
    return [Problem.of('score', Score.show(score), domain, remedy)]
  }

/** Reads a capability of the score's family; throws if it is absent. */
const requiredOfFamily =
  <A>(of: (family: Score.Family<string>) => A | undefined) =>
  ({ score, model: { family } }: Setting): A =>
    (family && of(family)) ?? refuse(`score: ${Score.show(score)} has not what this stage needs; compile the pipeline`)

const requiredFamily = requiredOfFamily(family => family)

const evaluateByBackend =
  ({ score, backend }: Pick<Setting, 'score' | 'backend'>): EM.EvaluatePass<string> =>
  (sum, pass) =>
    backend.evaluate(sum, () => EM.remoteRequest(score, pass))

const responsibilitiesPlan = ({ model: { family }, data }: Setting): string => {
  if (family?.mStep === undefined) return 'there are no responsibilities'
  const way = Missing.hasMissingCells(data)
    ? 'in plain loops'
    : eStepDescription(family, family.mStep, data.dim, data.rows)
  return `responsibilities are computed ${way}`
}

const stepsField = Field.count({ least: 0, suggestion: 100 })

const endThresholdField = Field.quiet(
  Field.number({
    holds: value => value >= 0,
    domain: '≥ 0',
    suggestion: 1e-6,
    remedy: 'try 1e-6, or 0 for never',
    default: 0,
    arbitrary: fc => fc.constantFrom(0, 1e-6, 0.01)
  })
)

/** Field of a time; `misplaced` checks that the schedule has noise at it. */
export const noisyTimeField = Field.number({
  holds: () => true,
  domain: 'a time with noise',
  suggestion: 0.5,
  arbitrary: fc => fc.double({ min: 0.01, max: 0.9, noNaN: true })
})

const floorField = Field.positive({ default: 1e-6 })

const priorField = Field.quiet(Field.optional(Field.positive({ suggestion: 0.01 })))

const priorRequirement: Requirement = [
  'that of a family with mStep and toMixture, as a prior needs',
  'leave out the prior, or give the family both',
  EM.supportsPrior
]

const objectiveField = Field.of(Objective.concept)

const expectationField = Field.withDefault(Field.of(Expectation.concept), Expectation.monteCarlo())

export const stageField = Field.of<Stage>(concept)

/** Position in an epoch, in which each row is used once. */
interface EpochPosition {
  /** Key of the order of rows in each epoch. */
  readonly epochs: Key.Key
  /** Number of rows used so far, over all epochs. */
  readonly met: number
}

/** State of the optimizer, and the position if there are epochs; null before the first step. */
interface DescentMemory {
  readonly optimizer: Optimizer.AnyState<string>
  readonly place: EpochPosition | null
}

const epochPositionCodec = t.union([
  t.type({ epochs: t.type({ _tag: t.literal('Key'), k0: t.number, k1: t.number }), met: t.number }),
  t.null
])

/** Codec of `DescentMemory`; without epochs, that of the optimizer's state. */
const descentCodec = (
  optimizer: Optimizer.Optimizer,
  { epochs }: { readonly epochs: boolean }
): t.Type<DescentMemory, unknown> => {
  const inner = Optimizer.stateCodec<string>(optimizer)
  const form = t.type({ optimizer: inner, place: epochPositionCodec })
  return epochs
    ? form
    : new t.Type(
        inner.name,
        form.is,
        (u, context) =>
          pipe(
            inner.validate(u, context),
            E.map(optimizer => ({ optimizer, place: null }))
          ),
        ({ optimizer }) => inner.encode(optimizer)
      )
}

/**
 * Gradient descent: θ ← θ + the optimizer's step for the gradient of the objective, with new noise at every step. The loss is over all
 * rows, or over a `batch` drawn without replacement, with weights relative to each other. With `epochs`, batches go through all rows in a
 * random order, drawn again for every epoch.
 *
 * @example
 * import { Expectation, Objective, Optimizer, Stage, NoiseLevels } from 'ornstein'
 *
 * export const highNoise = Stage.descend({
 *   objective: Objective.denoising(NoiseLevels.at(1.5)),
 *   expectation: Expectation.quadrature(),
 *   optimizer: Optimizer.gradientDescent({ rate: 0.5 }),
 *   steps: 300,
 *   relativeChange: 1e-8
 * })
 */
export const descend = define({
  name: 'descend',
  about: 'an optimizer on an objective, on all rows or on batches',
  fields: {
    /** Objective to be minimised. */
    objective: objectiveField,
    /** Computation of the mean over the noise. Default: `Expectation.monteCarlo()`. */
    expectation: expectationField,
    /** Optimizer that turns a gradient into a step. */
    optimizer: Field.of(Optimizer.concept),
    /** Maximum number of steps. */
    steps: stepsField,
    /** The stage ends when the norm of the gradient is at most this; 0 disables the rule. */
    gradientNorm: endThresholdField,
    /** The stage ends when a step changes the model by at most this; 0 disables the rule. */
    relativeChange: endThresholdField,
    /** Number of rows in a step, drawn without replacement each time; null for all rows. */
    batch: Field.optional(Field.count({ suggestion: 256 })),
    /** True if every row is used once before any is used again; otherwise batches are independent. */
    epochs: Field.quiet(Field.boolean({ default: false }))
  },
  example: {
    objective: Objective.denoising(NoiseLevels.at(0.3)),
    optimizer: Optimizer.gradientDescent({ rate: 0.1 })
  },
  formula: ({ objective }) => `minimise ${Objective.formula(objective)}`,
  meaning: ({ objective, expectation, optimizer, steps, gradientNorm, relativeChange, batch, epochs }) => ({
    misplaced: schedule => Objective.objectiveIncompatibilities(schedule)(objective).map(Problem.within('objective')),
    at: time => ({ objective: Objective.retimed(NoiseLevels.at(time))(objective) }),
    stops: { steps, gradientNorm, relativeChange },
    loss: { objective, expectation, batch },
    streams: true,
    optimizer,
    requirements: ({ model, schedule, points, isRandom }) => {
      // no objective supports rows with errors; only this problem is reported
      if ('errors' in points) return []
      const { dim } = points
      const noise = (): string | null => (isRandom() ? Expectation.show(expectation) : null)
      const random =
        batch !== null ? `a batch of ${batch} rows` : Optimizer.needsDeterminism(optimizer) ? noise() : null
      return [
        ...Problem.unless(
          !epochs || batch !== null,
          'epochs',
          'true without a batch',
          'about batches: all rows are met at every step',
          'give a batch, or leave it out'
        ),
        ...Optimizer.optimizerIncompatibilities({
          shapes: model.shapes(dim),
          random,
          subject: Objective.subject(schedule)(objective)
        })(optimizer)
      ]
    },
    ...stepsOf(descentCodec(optimizer, { epochs }), ({ evaluate, points, schedule, watch }) => {
      const subject = Objective.subject(schedule)(objective)
      const size = epochs ? batch : null
      const rowsAt = epochsOf(points.rows, size ?? 0)
      return {
        begin: params => ({ optimizer: Optimizer.anyInterpret<string>(optimizer).init(params), place: null }),
        step: (params, { optimizer: state, place }, key) => {
          // the first step's key determines all epochs
          const { epochs, met } = place ?? { epochs: pipe(key, Key.named('epochs')).epochs, met: 0 }
          const rows = size === null ? undefined : rowsAt(epochs, met)
          const step = Optimizer.step(optimizer, (at: AnyParams) => evaluate(at, key, rows), subject, watch)
          const { value, gradient, ...next } = step({ params, state })
          return {
            value,
            norm: Params.norm(gradient),
            params: next.params,
            memory: { optimizer: next.state, place: size === null ? null : { epochs, met: met + size } }
          }
        },
        finish: (params, { optimizer: state }) => Optimizer.estimate(optimizer, params, state)
      }
    })
  })
})

/**
 * Expectation–maximization on the likelihood of the data (Dempster, Laird & Rubin 1977), or of the data noised to a
 * `time`, under the diffused mixture. The step is the gradient of the likelihood divided by the responsibilities.
 */
export const expectationMaximization = define({
  name: 'expectationMaximization',
  about: 'Dempster, Laird & Rubin 1977; with a time, on data with its noise',
  fields: {
    /** Maximum number of steps. */
    steps: stepsField,
    /** The stage ends when a step changes the model by at most this; 0 disables the rule. */
    relativeChange: endThresholdField,
    /** Lower bound on the variance of each component. */
    varianceFloor: floorField,
    /** Time to which the data are noised, with new noise at each step; a population is integrated. Null: no noise. */
    time: Field.optional(noisyTimeField),
    /**
     * Number of rows that the prior mean counts as, for the posterior mode under the weak prior of Fraley & Raftery
     * (2007), who use 0.01; null: maximum likelihood. Unused if there is a time.
     */
    prior: priorField
  },
  formula: ({ time, prior }) =>
    time === null
      ? prior !== null
        ? 'θ ← argmax E[log p(x_0, i; θ) | x_0; θ_old] + log p(θ)'
        : 'θ ← argmax E[log p(x_0, i; θ) | x_0; θ_old]'
      : `θ ← argmax E[log p_t(x_t, i; θ) | x_t; θ_old] at t = ${time}`,
  meaning: ({ steps, relativeChange, varianceFloor, time, prior }) => ({
    misplaced: schedule => (time === null ? [] : Schedule.timeProblems('time', time)(schedule)),
    at: time => ({ time }),
    under: prior => (time === null ? { prior } : {}),
    prior: time === null ? prior : null,
    stops: { steps, relativeChange },
    varianceFloor,
    times: time === null ? [] : [time],
    streams: true,
    requirements: scoreRequirements(
      ['the score of a mixture, as expectation–maximization needs', 'use Stage.descend'],
      [
        'that of a family with an M-step, as expectation–maximization needs',
        'use Stage.descend, or give the family its mStep',
        EM.supportsEM
      ],
      ...(time === null
        ? []
        : [['that of a family with an M-step on rows with noise', 'leave the time out', EM.supportsNoise] as const]),
      ...(prior === null ? [] : [priorRequirement])
    ),
    means: setting => ({
      engine: 'closed form',
      reason: `the maximiser of the expected log-likelihood is known; ${responsibilitiesPlan(setting)}`
    }),
    ...mappingStage(tools => {
      const family = requiredFamily(tools)
      const take = evaluateByBackend(tools)
      const { data } = tools
      const level = time === null ? null : Schedule.level(time)(tools.schedule)
      return Nodes.isPopulation(data)
        ? EM.integratedStep(family, varianceFloor, data, { level, prior })
        : level === null
          ? EM.step(family, varianceFloor, data, prior, take)
          : EM.noisyStep(family, varianceFloor, data, level, take)
    })
  })
})

/**
 * Leaves local maxima of the likelihood in which two components share one group of rows while another covers two: the component whose
 * removal costs least replaces one half of the component whose split gains most (Ueda, Nakano, Ghahramani & Hinton 2000). The most
 * promising `attempts` moves are tried, with `polish` steps of expectation–maximization each. The first that raises the likelihood is kept;
 * if none does, the stage ends. Each half has enough rows to determine its parameters: two if it has a variance of its own, otherwise one.
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
export const splitAndMerge = define({
  name: 'splitAndMerge',
  about: 'out of local maxima (Ueda, Nakano, Ghahramani & Hinton 2000)',
  fields: {
    /** Maximum number of accepted moves. */
    steps: stepsField,
    /** Number of moves tried before the stage ends. */
    attempts: Field.count({ default: 10, most: Limits.maxMoves }),
    /** Number of steps of expectation–maximization before a move is judged; every third is extrapolated (Varadhan & Roland 2008). */
    polish: Field.count({ default: 20, most: Limits.maxMoves }),
    /** A move is rejected early if it would fail even with every remaining step gaining this multiple of the last gains. */
    patience: Field.quiet(Field.positive({ default: 1 })),
    /** Lower bound on every variance. */
    varianceFloor: floorField,
    /** Prior as for `expectationMaximization`, so that moves raise the posterior; null: the likelihood. */
    prior: priorField
  },
  formula: ({ attempts, prior }) =>
    `split and merge: the first of ${attempts} moves that raises E log p(x_0; θ)${prior === null ? '' : ' + log p(θ)/n'}`,
  meaning: options => ({
    under: prior => ({ prior }),
    prior: options.prior,
    // a step without an accepted move changes nothing, and is the last
    stops: { steps: options.steps, relativeChange: Number.MIN_VALUE },
    varianceFloor: options.varianceFloor,
    streams: true,
    requirements: scoreRequirements(
      ['the score of a mixture, as split and merge needs', 'leave the stage out'],
      [
        'that of components with independent centres (its centres are tied, ±m), so split-and-merge does not apply',
        'leave the stage out',
        ({ mirrored }) => !mirrored
      ],
      [
        'that of a family that goes from and to mixtures and has an M-step, as split and merge needs',
        'leave the stage out, or give the family its fromMixture, toMixture and mStep',
        Split.supportsSplitAndMerge
      ],
      ...(options.prior === null ? [] : [priorRequirement])
    ),
    means: setting => ({
      engine: 'closed form',
      reason: `responsibilities say what a component costs and its halves gain; ${responsibilitiesPlan(setting)}`
    }),
    ...mappingStage(tools => Split.step(requiredFamily(tools), options, tools.data, evaluateByBackend(tools)))
  })
})

/**
 * For the symmetric pair, c ← √λ v/|v| with v = (Ĉ − I)c and λ = ⟨c, v⟩/|c|², Ĉ the second moment of the data: the limit of descent at high
 * noise (Shah, Chen & Klivans 2023), with the length given by the eigenvalue.
 */
export const powerIteration = define({
  name: 'powerIteration',
  about: 'descent at high noise in the limit, for the pair',
  fields: {
    /** Maximum number of steps. */
    steps: stepsField,
    /** The stage ends when a step turns the direction by at most this; 0 disables the rule. */
    relativeChange: endThresholdField
  },
  formula: () => 'c ← √λ v/|v|, v = (Ĉ − I)c, λ = ⟨c, v⟩/|c|²',
  meaning: ({ steps, relativeChange }) => ({
    stops: { steps, relativeChange },
    streams: true,
    requirements: scoreRequirements([
      'Score.symmetricPair, whose centre is an eigenvector',
      'start with Initializer.spectral',
      ({ mirrored, start }) => mirrored && start !== undefined
    ]),
    means: () => ({ engine: 'closed form', reason: 'a product with the second moment' }),
    ...mappingStage(tools => Seeding.powerIteration(requiredOfFamily(({ start }) => start)(tools), tools.data))
  })
})

/**
 * Keeps the likeliest of several attempts. The first starts at the current parameters, each other at a new start of the pipeline's
 * initializer. One step is one attempt; failed attempts are ignored.
 */
export const restart = define({
  name: 'restart',
  about: 'several attempts, the likeliest kept',
  fields: {
    /** Number of attempts. */
    times: Field.count({ suggestion: 10, most: Limits.attempts }),
    /** Stage that each attempt runs. */
    stage: stageField
  },
  call: ['times'],
  on: 'stage',
  formula: ({ times, stage }) => `the likeliest of ${times}: ${Case.formula(stage)}`,
  meaning: ({ times, stage }) => ({
    stops: { steps: times },
    attempts: [stage],
    streams: true,
    means: (_, { attempts }) => ({ engine: 'restarts', reason: `${times} attempts, each by ${attempts}` }),
    // likelihood of the best attempt, whose parameters are the current ones; null if the score has none
    ...stepsOf(t.type({ best: t.union([t.number, t.null]) }), ({ start, attempts: [attempt], ...setting }) => {
      const { family } = setting.model
      const likelihood =
        family && EM.loss(family, setting.data, O.toNullable(priorOf(stage)), evaluateByBackend(setting))
      const loss = ({ value, params }: Attempt): number => likelihood?.(params) ?? value ?? Infinity
      return {
        begin: () => ({ best: null }),
        step: (params, { best }, key) => {
          const keys = pipe(key, Key.named('start', 'steps'))
          const last = attempt(best === null ? params : start(keys.start), keys.steps)
          const found = last.failed ? Infinity : loss(last)
          const isBetter = found < (best ?? Infinity)
          const value = isBetter ? found : (best ?? Number.MAX_VALUE)
          return { value, norm: 0, params: isBetter ? last.params : params, memory: { best: value } }
        }
      }
    })
  })
})

/**
 * Runs a stage, in one step, and keeps the result only if its likelihood (under the stage's prior, if any) is higher than before and every
 * component has enough rows to determine its parameters. If the stage fails, the parameters are unchanged.
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
export const guarded = define({
  name: 'guarded',
  about: 'kept only where it is likelier than the start',
  fields: {
    /** Stage whose result is kept only if it raises the likelihood. */
    stage: stageField
  },
  call: ['stage'],
  formula: ({ stage }) => `if that raises E log p(x_0; θ): ${Case.formula(stage)}`,
  meaning: ({ stage }) => ({
    stops: { steps: 1 },
    attempts: [stage],
    streams: true,
    requirements: scoreRequirements(['the score of a mixture, whose likelihood is known', 'use the stage alone']),
    means: (_, { attempts }) => ({ engine: 'guard', reason: `one attempt by ${attempts}, kept where likelier` }),
    ...mappingStage(tools => {
      const judge = EM.evaluateParams(
        requiredFamily(tools),
        tools.data,
        O.toNullable(priorOf(stage)),
        evaluateByBackend(tools)
      )
      const [attempt] = tools.attempts
      return (params, key) => {
        const last = attempt(params, key)
        const before = judge(params)
        const after = judge(last.params)
        const isBetter = !last.failed && after.value < before.value && after.lost <= before.lost
        return { value: before.value, params: isBetter ? last.params : params }
      }
    })
  })
})

/**
 * Runs a stage on a sample of the rows, drawn without replacement by the run's key: `rows` of them, a `fraction`, or the smaller of both;
 * all rows if there are no more. The next stage starts from its result, on all rows; few steps have to follow, since a few thousand rows
 * determine a start well.
 *
 * @example
 * import { Stage } from 'ornstein'
 *
 * export const large = Stage.sequence([
 *   Stage.onSample({ rows: 4000 })(
 *     Stage.sequence([Stage.expectationMaximization({ steps: 100 }), Stage.splitAndMerge({ steps: 100 })])
 *   ),
 *   Stage.expectationMaximization({ steps: 50, relativeChange: 1e-4 })
 * ])
 */
export const onSample = define({
  name: 'onSample',
  about: 'on a sample of the rows',
  fields: {
    /** Maximum number of rows; null for no limit. */
    rows: Field.quiet(Field.optional(Field.count({ suggestion: 4000 }))),
    /** Maximum fraction of the rows; 1 for no limit. */
    fraction: Field.quiet(
      Field.number({
        holds: part => part > 0 && part <= 1,
        domain: 'in (0, 1]',
        suggestion: 0.1,
        default: 1,
        arbitrary: fc => fc.constantFrom(0.5, 0.9, 1)
      })
    ),
    /** Stage that runs on the sample. */
    stage: stageField
  },
  on: 'stage',
  example: { rows: 4000 },
  formula: ({ rows, fraction, stage }) =>
    `on ${rows === null ? '' : `${rows} rows`}${rows !== null && fraction < 1 ? ', at most ' : ''}` +
    `${fraction < 1 ? `${fraction} of the rows` : rows === null ? 'all rows' : ''}: ${Case.formula(stage)}`,
  meaning: ({ rows, fraction, stage }) => {
    const sample = (all: number): number => Math.max(1, Math.min(all, rows ?? all, Math.ceil(fraction * all)))
    return {
      stops: { steps: 1 },
      attempts: [stage],
      streams: true,
      sample,
      means: ({ points }, { attempts }) => ({
        engine: 'sample',
        reason: `${sample(points.rows)} of ${points.rows} rows, by ${attempts}`
      }),
      ...mappingStage(({ attempts: [attempt] }) => (params, key) => {
        const last = attempt(params, key)
        return { value: last.value ?? 0, params: last.params }
      })
    }
  }
})

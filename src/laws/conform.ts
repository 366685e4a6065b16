/** Conformance suite: every law of an instance and of all its parts, in one call. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { refuse } from '../../lib/plain/refuse.js'
import { mistaken } from '../core/index.js'
import type { Points } from '../data/points.js'
import {
  Clock,
  Compile,
  Covariance,
  Key,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Pipeline,
  Rate,
  Region,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  NoiseLevels,
  Weighting
} from '../index.js'
import * as Case from '../core/case.js'
import * as Expectation from '../objective/expectation.js'
import * as Initializer from '../pipeline/initializer.js'
import { objectiveDims } from './arbitraries.js'
import { executedCases, collectLaws, notApplicableOf, noProblemsLaw } from './check.js'
import { expectation, type ExpectationOptions } from './expectation.js'
import { initializer, type InitializerOptions } from './initializer.js'
import type { Law, Laws, NotApplicable } from './law.js'
import { objective, type ObjectiveOptions } from './objective.js'
import { optimizer, type OptimizerOptions } from './optimizer.js'
import { covariance } from './covariance.js'
import { vacuityReason } from './lawRows.js'
import { sampler, type SamplerOptions } from './sampler.js'
import { schedule, type ScheduleOptions } from './schedule.js'
import { score, type ScoreOptions } from './score.js'
import { net } from './net.js'
import { parametrization, rate, region, timeGrid, weighting } from './plain.js'
import type * as Plain from './plain.js'
import { scripted } from './script.js'
import { stage, type StageOptions } from './stage.js'
import { noiseLevels, type NoiseLevelsOptions } from './noiseLevels.js'

export type Instance = Case.AnyValue

interface Options {
  readonly Objective: ObjectiveOptions<string>
  readonly Schedule: ScheduleOptions
  readonly Optimizer: OptimizerOptions
  readonly Sampler: SamplerOptions
  readonly Expectation: ExpectationOptions
  readonly Stage: StageOptions<string>
  readonly NoiseLevels: NoiseLevelsOptions
  readonly Weighting: Plain.WeightingOptions
  readonly Parametrization: Plain.ParametrizationOptions
  readonly Rate: Plain.RateOptions
  readonly Region: Plain.RegionOptions
  readonly TimeGrid: Plain.TimeGridOptions
  readonly Initializer: InitializerOptions
}

/** Options of the laws of the instance's concept. */
export type Claims<T> = Partial<
  T extends Score.Score<infer P>
    ? ScoreOptions<P>
    : T extends Case.Value<infer C, unknown>
      ? C extends keyof Options
        ? Options[C]
        : object
      : object
>

export interface Context {
  /** Score for objectives, expectations, initializers and stages. Default: the symmetric pair, or two isotropic components. */
  readonly score?: Score.Score<string>
  readonly schedule?: Schedule.Schedule
  readonly points?: Points
}

/** Laws of an instance or a part of it, with the part's path. */
export interface Part {
  readonly path: string
  readonly code: string
  readonly laws: Laws
}

const pair: Score.Score<string> = Score.symmetricPair
const two: Score.Score<string> = Score.isotropic({ components: 2 })

const conformPoints: Points = { rows: 6, dim: 1, values: Float64Array.of(-2, -1.5, -1, 1, 1.5, 2.5) }

interface ConceptRule {
  readonly by: string
  readonly of: (
    value: unknown,
    context: Context,
    claims: object
  ) => readonly [given: unknown[], laws: ReadonlyArray<Law>] | null
}

const conceptRule = <T>(
  by: string,
  is: (u: unknown) => u is T,
  of: (value: T, claims: object, context: Context) => readonly [given: unknown[], laws: ReadonlyArray<Law>]
): ConceptRule => ({ by, of: (value, context, claims) => (is(value) ? of(value, claims, context) : null) })

const fixedSchedule = ({ schedule }: Context): { readonly schedules?: fc.Arbitrary<Schedule.Schedule> } =>
  schedule === undefined ? {} : { schedules: fc.constant(schedule) }

/** The symmetric pair if the stage compiles on it, otherwise two components. */
const simplestScore = (stage: Stage.Stage): Score.Score<string> => {
  const pipeline = Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: pair,
    initializer: Initializer.gaussian({ scale: 1 }),
    stages: [stage]
  })
  return E.isRight(Compile.pipeline(pipeline)(conformPoints)) ? pair : two
}

const smallNetwork: Score.Score<string> = Score.network(Net.mlp({ hidden: [4] }), {
  predicts: Parametrization.noise
})

/** First score that the initializer can start. */
const startableScore = (initializer: Initializer.Initializer): Score.Score<string> => {
  const dim = Initializer.initializerDim(initializer) ?? 1
  const points = { rows: 6, dim, values: Key.normal(6 * dim)(Key.fromSeed(0)) }
  return [two, smallNetwork].find(score => E.isRight(Initializer.interpret(score, points)(initializer))) ?? pair
}

/** The context's schedule, otherwise the first on which the clock has no problems. */
const onClock = (clock: Clock.Clock, { schedule }: Context): Schedule.Schedule => {
  const some = [Schedule.ornsteinUhlenbeck, Schedule.cosine(), Schedule.rectifiedFlow, Schedule.edm]
  const all = (schedule === undefined ? some : [schedule]).map(Schedule.reparametrized(clock))
  return all.find(on => Schedule.problems(on).length === 0) ?? all[0]
}

const CONCEPT_RULES: ReadonlyArray<ConceptRule> = [
  conceptRule('schedule', Schedule.concept.is, (value, claims) => [[value], schedule(value, claims)]),
  conceptRule('schedule', Clock.concept.is, (value, claims, context) => {
    const on = onClock(value, context)
    return [[on], schedule(on, claims)]
  }),
  conceptRule('noiseLevels', NoiseLevels.concept.is, (value, claims, { schedule = Schedule.ornsteinUhlenbeck }) => [
    [value, { schedule }],
    noiseLevels(value, { schedule, ...claims })
  ]),
  conceptRule('weighting', Weighting.concept.is, (value, claims) => [[value], weighting(value, claims)]),
  conceptRule('parametrization', Parametrization.concept.is, (value, claims) => [
    [value],
    parametrization(value, claims)
  ]),
  conceptRule('net', Net.concept.is, value => [[value], net(value)]),
  conceptRule('score', Score.concept.is, (value, claims) => [[value], score(value, claims)]),
  conceptRule('expectation', Expectation.concept.is, (value, claims, { score = pair }) => [
    [value, score],
    expectation(value, score, { ...(Expectation.isDeterministicExpectation(value) && { repeats: 2 }), ...claims })
  ]),
  conceptRule('objective', Objective.concept.is, (value, claims, context) => {
    const { score = [pair, two].find(score => objectiveDims(value, score).length > 0) ?? pair } = context
    const options = { ...fixedSchedule(context), ...claims }
    return [[value, score], objective(value, score, options)]
  }),
  conceptRule('rate', Rate.concept.is, (value, claims) => [[value], rate(value, claims)]),
  conceptRule('covariance', Covariance.concept.is, value => [[value], covariance(value)]),
  conceptRule('region', Region.concept.is, (value, claims) => [[value], region(value, claims)]),
  conceptRule('optimizer', Optimizer.concept.is, (value, claims) => [[value], optimizer(value, claims)]),
  conceptRule('stage', Stage.concept.is, (value, claims, { schedule, points, score = simplestScore(value) }) => {
    const options = { score, ...(schedule && { schedule }), ...(points && { points }), ...claims }
    return [[value, options], stage(value, options)]
  }),
  conceptRule('sampler', Sampler.concept.is, (value, claims) => [[value], sampler(value, claims)]),
  conceptRule('timeGrid', TimeGrid.concept.is, (value, claims) => [[value], timeGrid(value, claims)]),
  conceptRule('initializer', Initializer.concept.is, (value, claims, { score = startableScore(value) }) => [
    [value, score],
    initializer(value, score, claims)
  ])
]

const claimsWithoutArbitraries = (claims: object): object =>
  Object.fromEntries(
    Object.entries(claims).filter(([name, value]) => !(value instanceof fc.Arbitrary) && name !== 'points')
  )

const lawsOf = (value: Instance, context: Context, claims: object): Laws => {
  const problems = Clock.concept.is(value) ? Schedule.problems(onClock(value, context)) : Case.problems(value)
  if (problems.length > 0) return scripted({ by: 'of', of: [value] }, [noProblemsLaw(Case.show(value), problems)])
  return collectLaws(
    CONCEPT_RULES.map(({ by, of }) => {
      const found = of(value, context, claims)
      if (found === null) return false
      const [given, laws] = found
      const claimed = claimsWithoutArbitraries(claims)
      const made = { by, of: Object.keys(claimed).length === 0 ? given : [...given, claimed] }
      return scripted(made, laws)
    })
  )
}

const joinPath = (path: string, inner: string): string => [path, inner].filter(text => text !== '').join('.')

const partsIn = (at: string, value: Instance, context: Context, claims: object): ReadonlyArray<Part> =>
  Case.placedDescriptions(value).map(({ path, value: part }, i) => ({
    path: joinPath(at, path),
    code: Case.show(part),
    // A clock is tested on the schedule that contains it.
    laws: lawsOf(part, { ...context, ...contextOfClock(value, part) }, i === 0 ? claims : {})
  }))

const contextOfClock = (whole: Instance, part: Instance): Context => {
  if (!Clock.concept.is(part)) return {}
  const on = Case.parts(whole).find(value => Case.isMadeBy(Schedule.reparametrized)(value) && value.clock === part)
  return on !== undefined && Case.isMadeBy(Schedule.reparametrized)(on) ? { schedule: on.schedule } : {}
}

const partsOfPipeline = (pipeline: Pipeline.Pipeline<string>, points: Points): ReadonlyArray<Part> => {
  const { schedule, score, initializer, stages } = pipeline
  const context = { schedule, score, points }
  return [
    ...partsIn('schedule', schedule, context, {}),
    ...partsIn('score', score, context, {}),
    ...partsIn('initializer', initializer, context, {}),
    ...stages.flatMap((stage, i) => partsIn(`stages[${i}]`, stage, context, {}))
  ]
}

const distinctParts = (parts: ReadonlyArray<Part>): ReadonlyArray<Part> => {
  const id = ({ code, laws }: Part): string => `${code} ${laws.length}`
  const first = new Map([...parts].reverse().map(part => [id(part), part]))
  return parts.filter(part => first.get(id(part)) === part && part.laws.length > 0)
}

/** An instance and its parts, each with its laws. */
export const parts = <T extends Instance>(
  instance: T,
  { claims = {}, points = conformPoints, ...context }: Context & { readonly claims?: Claims<T> } = {}
): ReadonlyArray<Part> =>
  distinctParts(
    Pipeline.concept.is(instance)
      ? partsOfPipeline(instance, points)
      : partsIn('', instance, { ...context, points }, claims)
  )

/**
 * Returns the laws of an instance and of all its parts, whose names begin with the part's path, for any test runner. `notApplicable` lists
 * the laws that no option claims, each with that option.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Objective, NoiseLevels } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const names = laws.of(Objective.denoising(NoiseLevels.at(0.3))).map(({ name }) => name)
 * assert.ok(names.includes('gradient is that of the value'))
 * assert.ok(names.includes('noiseLevels: times are those of the schedule'))
 */
export const of = <T extends Instance>(instance: T, options: Context & { readonly claims?: Claims<T> } = {}): Laws =>
  collectLaws(
    parts(instance, options).flatMap(({ path, laws }) => {
      const at = (name: string): string => (path === '' ? name : `${path}: ${name}`)
      return [
        ...laws.map(law => ({ ...law, name: at(law.name) })),
        ...laws.notApplicable.map(claim => ({ ...claim, law: at(claim.law) }))
      ]
    })
  )

/** Finds the law with a name. */
export const named =
  (name: string) =>
  (laws: ReadonlyArray<Law>): Law & Required<Pick<Law, 'on'>> => {
    const law = laws.find(law => law.name === name)
    return law?.on === undefined
      ? refuse(`no law ‘${name}’; there are ${laws.map(({ name }) => `‘${name}’`).join(', ')}`)
      : { ...law, on: law.on }
  }

// —— the report ——

/** 'vacuous' if the law applies to no case or no perturbation makes it fail; 'not held' if no option claims it. */
export type Verdict = 'held' | 'vacuous' | 'not held' | 'fails'

export interface Row {
  readonly law: string
  readonly verdict: Verdict
  /** Reason of 'vacuous' or 'not held', with the option that would claim it; otherwise null. */
  readonly why: string | null
  readonly isClaimed: boolean
  readonly runs: number
  /** Failing script with its message, or null. */
  readonly counterexample: string | null
}

export interface Report {
  readonly of: string
  readonly seed: number
  readonly rows: ReadonlyArray<Row>
  readonly expected: ReadonlyArray<string>
  /** True if there are no complaints. */
  readonly passed: boolean
}

export interface CheckOptions<T> extends Context {
  /** Claims beyond those that the instance declares. */
  readonly claims?: Claims<T>
  readonly also?: ReadonlyArray<Law>
  /** Names of the laws to check. Default: all. */
  readonly only?: ReadonlyArray<string>
  /** Names of laws known to fail; passing is then a complaint. */
  readonly expected?: ReadonlyArray<string>
  /** Cases per law; at most `maxCases` of the law. */
  readonly runs?: number
  /** Time limit per law, in seconds. Default: 10. */
  readonly seconds?: number
  readonly seed?: number
}

const reportRow = (
  law: Law,
  {
    claims = {},
    runs = 100,
    seconds = 10,
    seed
  }: Pick<CheckOptions<unknown>, 'runs' | 'seconds'> & {
    readonly claims?: object
    readonly seed: number
  }
): Row => {
  const { property, says, maxCases = runs } = law
  // Laws with few cases are too slow to shrink.
  const found = fc.check(property, {
    seed,
    numRuns: Math.min(runs, maxCases),
    endOnFailure: maxCases < runs,
    // oxlint-disable-next-line typescript/no-deprecated -- the plugin in its place is younger than fast-check 4.0
    interruptAfterTimeLimit: 1000 * seconds,
    verbose: fc.VerbosityLevel.VeryVerbose
  })
  const why = found.failed || says === undefined ? null : vacuityReason(executedCases(found.executionSummary).map(says))
  return {
    law: law.name,
    verdict: found.failed ? 'fails' : why === null ? 'held' : 'vacuous',
    why: why ?? (found.interrupted ? `asked for ${seconds} s` : null),
    isClaimed: law.option !== undefined && Object.hasOwn(claims, law.option),
    runs: found.numRuns,
    counterexample: found.failed
      ? `${fc
          .stringify(found.counterexample)
          .replace(/^\[\s*/, '')
          .replace(/\]$/, '')}\n${String(found.errorInstance).replaceAll(/^/gm, '// ')}`
      : null
  }
}

const notHeldRow = ({ law, option, why }: NotApplicable): Row => ({
  law,
  verdict: 'not held',
  why: why ?? (option === undefined ? 'it does not apply' : `claim it by \`${option}\``),
  isClaimed: false,
  runs: 0,
  counterexample: null
})

/**
 * Checks the laws of an instance and of all its parts. Returns a report, also if laws fail.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Schedule } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const falling = Schedule.custom({ name: 'falling', alpha: t => 1 - t, sigma: t => 0.5 * (1 - t), until: 1 })
 * const report = laws.examine(falling, { runs: 20 })
 * assert.equal(report.passed, false)
 * assert.match(laws.table(report), /fails +\d+ +has no problems/)
 */
export const examine = <T extends Instance>(instance: T, options: CheckOptions<T> = {}): Report => {
  if (!Case.isValue(instance))
    return mistaken(
      'an instance, a description of any concept,',
      instance,
      'laws.check(instance, { score, schedule, … })'
    )
  const { seed = 1, also = [], only, expected = [] } = options
  const own = of(instance, options)
  const all = [...own, ...also]
  const isChosen = (name: string): boolean => only?.includes(name) ?? true
  const notApplicable = [own, also].flatMap(notApplicableOf).filter(({ law }) => isChosen(law))
  const names = [...all.map(({ name }) => name), ...notApplicable.map(({ law }) => law)]
  const unknown = [...expected, ...(only ?? [])].find(name => !names.includes(name))
  if (unknown !== undefined)
    return refuse(
      `no law ‘${unknown}’ among the ${names.length} of ${instance[Case.ofCase].name}; laws.of lists them: ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}`
    )
  const rows = [
    ...all.filter(({ name }) => isChosen(name)).map(law => reportRow(law, { ...options, seed })),
    ...notApplicable.map(notHeldRow)
  ]
  const report = { of: Case.show(instance), seed, rows, expected }
  return { ...report, passed: complaints(report).length === 0 }
}

/** Formats a report as a table: verdict, runs, law, reason; one line for all unclaimed laws. */
export const table = ({ of, seed, rows, expected }: Report): string =>
  [
    `${of}, seed ${seed}`,
    ...rows
      .filter(({ verdict }) => verdict !== 'not held')
      .map(({ law, verdict, why, runs }) =>
        [
          verdict === 'fails' && expected.includes(law) ? 'fails, as expected' : verdict.padEnd(8),
          String(runs).padStart(4),
          law,
          why ?? ''
        ]
          .join('  ')
          .trimEnd()
      ),
    ...summarizeNotHeld(rows.filter(({ verdict }) => verdict === 'not held'))
  ].join('\n')

/** Names the laws that were not tested and why, in one line; empty if there are none. */
const summarizeNotHeld = (rows: ReadonlyArray<Row>): ReadonlyArray<string> => {
  if (rows.length === 0) return []
  const reasons = [...new Set(rows.map(({ why }) => why))].map(
    why => `${rows.flatMap(row => (row.why === why ? [`‘${row.law}’`] : [])).join(', ')} (${why})`
  )
  return [`not held  ${rows.length === 1 ? 'a law' : `${rows.length} laws`} of claims not asked: ${reasons.join('; ')}`]
}

/** Complaints of a report: counterexamples as scripts, unexpected passes, vacuous claims. */
export const complaints = ({ rows, expected }: Pick<Report, 'rows' | 'expected'>): ReadonlyArray<string> =>
  rows.flatMap(({ law, verdict, why, isClaimed, counterexample }) =>
    expected.includes(law)
      ? verdict === 'fails'
        ? []
        : [`‘${law}’ is ${verdict}, and was expected to fail: take it from \`expected\``]
      : verdict === 'vacuous' && isClaimed
        ? [`‘${law}’ is claimed, and vacuous: ${why ?? ''}`]
        : counterexample === null
          ? []
          : [counterexample]
  )

/**
 * Checks the laws of an instance and of all its parts. Throws with every counterexample as a script, or returns the report.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Weighting } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const report = laws.check(Weighting.minSnr({ gamma: 3 }), { runs: 10 })
 * assert.ok(report.passed)
 * assert.match(laws.table(report), /held +10 +weights are finite, and of one sign/)
 */
export const check = <T extends Instance>(instance: T, options: CheckOptions<T> = {}): Report => {
  const report = examine(instance, options)
  return report.passed ? report : refuse([table(report), ...complaints(report)].join('\n\n'))
}

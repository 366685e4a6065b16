/** Laws as a conformance suite: every law of an instance and of all its parts, asserted in one call, with a report. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { refuse } from '../../lib/plain/refuse.js'
import { mistaken } from '../core/index.js'
import type { Points } from '../data/points.js'
import {
  Case,
  Clock,
  Compile,
  Covariance,
  Expectation,
  Initializer,
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
  TimeLaw,
  Weighting
} from '../index.js'
import { columnsOf } from './arbitraries.js'
import { awkward } from './awkward.js'
import { altered, held, isCase, unclaimedOf } from './check.js'
import { climb, type Climbed } from './climb.js'
import { compile, plans } from './compile.js'
import { expectation, type ExpectationOptions } from './expectation.js'
import { initializer, type InitializerOptions } from './initializer.js'
import type { Law, Laws, Unclaimed } from './law.js'
import { objective, type ObjectiveOptions } from './objective.js'
import { optimizer, type OptimizerOptions } from './optimizer.js'
import { parametrization, type ParametrizationOptions } from './parametrization.js'
import { rate, type RateOptions } from './rate.js'
import { covariance, type CovarianceOptions } from './covariance.js'
import { region, type RegionOptions } from './region.js'
import { regularizer } from './regularizer.js'
import { exerciseOf, type Exercise } from './lawRows.js'
import { run } from './run.js'
import { sampler, type SamplerOptions } from './sampler.js'
import { schedule, type ScheduleOptions } from './schedule.js'
import { score, type ScoreOptions } from './score.js'
import { net, type NetOptions } from './net.js'
import { codeOf, importsOf, isPlain, scripted, type Source } from './script.js'
import { stage, type StageOptions } from './stage.js'
import { timeGrid, type TimeGridOptions } from './timeGrid.js'
import { timeLaw, type TimeLawOptions } from './timeLaw.js'
import { weighting, type WeightingOptions } from './weighting.js'

/** What laws can be asked of: a description of any concept, or a pipeline. */
export type Instance = Case.AnyValue

/** The options of the laws of each concept. */
interface Options {
  readonly Objective: ObjectiveOptions<string>
  readonly Schedule: ScheduleOptions
  readonly Optimizer: OptimizerOptions
  readonly Sampler: SamplerOptions
  readonly Expectation: ExpectationOptions
  readonly Stage: StageOptions<string>
  readonly TimeLaw: TimeLawOptions
  readonly Weighting: WeightingOptions
  readonly Parametrization: ParametrizationOptions
  readonly Rate: RateOptions
  readonly Region: RegionOptions
  readonly Covariance: CovarianceOptions
  readonly TimeGrid: TimeGridOptions
  readonly Initializer: InitializerOptions
  readonly Net: NetOptions
}

/** What may be claimed of an instance: the options of the laws of its concept. */
export type Claims<T> = Partial<
  T extends Score.Score<infer P>
    ? ScoreOptions<P>
    : T extends Case.Value<infer C, unknown>
      ? C extends keyof Options
        ? Options[C]
        : object
      : object
>

/** What an instance stands in: what its laws need beside it. */
export interface Context extends Source {
  /** Of which score objectives, expectations, initializers and stages are; the symmetric pair, or two isotropic components. */
  readonly score?: Score.Score<string>
  readonly schedule?: Schedule.Schedule
  /** On which pipelines are compiled and run. */
  readonly points?: Points
}

/** Laws of an instance or of a part of it, and where that stands. */
export interface Vocabulary {
  readonly path: string
  readonly code: string
  readonly laws: Laws
}

// The names of the parameters are forgotten, so that one table holds all.
const pair = Score.symmetricPair as unknown as Score.Score<string>
const two = Score.isotropic({ components: 2 }) as unknown as Score.Score<string>

const data: Points = { rows: 6, dim: 1, values: Float64Array.of(-2, -1.5, -1, 1, 1.5, 2.5) }

const penalizes = (objective: Objective.Objective): boolean =>
  Objective.terms(objective).every(({ term }) => Objective.isPenalty(term))

/** The laws of a concept's instances, by the name of their function and with what it is given. */
interface Rule {
  readonly by: string
  readonly of: (
    value: unknown,
    context: Context,
    claims: object
  ) => readonly [given: unknown[], laws: ReadonlyArray<Law>] | null
}

const rule = <T>(
  by: string,
  is: (u: unknown) => u is T,
  of: (value: T, claims: object, context: Context) => readonly [given: unknown[], laws: ReadonlyArray<Law>]
): Rule => ({ by, of: (value, context, claims) => (is(value) ? of(value, claims, context) : null) })

const onSchedule = ({ schedule }: Context): { readonly schedules?: fc.Arbitrary<Schedule.Schedule> } =>
  schedule === undefined ? {} : { schedules: fc.constant(schedule) }

/** The pair where the stage takes it, else two components of variances of their own. */
const simplest = (stage: Stage.Stage): Score.Score<string> => {
  const pipeline = Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score: pair,
    initializer: Initializer.gaussian({ scale: 1 }),
    stages: [stage]
  })
  return E.isRight(Compile.pipeline(pipeline)(data)) ? pair : two
}

/** A network, with a law of how it begins. */
const network = Score.network(Net.mlp({ hidden: [4] }), {
  predicts: Parametrization.noise
}) as unknown as Score.Score<string>

/** Two components where the initializer starts them, else a network or the pair. */
const started = (initializer: Initializer.Initializer): Score.Score<string> => {
  const dim = pipe(
    Initializer.dim(initializer),
    O.getOrElse(() => 1)
  )
  const points = { rows: 6, dim, values: Key.normal(6 * dim)(Key.fromSeed(0)) }
  return [two, network].find(score => E.isRight(Initializer.interpret(score, points)(initializer))) ?? pair
}

/** A rule for each concept. */
const rules: ReadonlyArray<Rule> = [
  rule('schedule', Schedule.concept.is, (value, claims) => [[value], schedule(value, claims)]),
  rule('schedule', Clock.concept.is, (value, claims) => {
    const on = Schedule.reparametrized(value)(Schedule.cosine())
    return [[on], schedule(on, claims)]
  }),
  rule('timeLaw', TimeLaw.concept.is, (value, claims, { schedule = Schedule.ornsteinUhlenbeck }) => [
    [value, { schedule }],
    timeLaw(value, { schedule, ...claims })
  ]),
  rule('weighting', Weighting.concept.is, (value, claims) => [[value], weighting(value, claims)]),
  rule('parametrization', Parametrization.concept.is, (value, claims) => [[value], parametrization(value, claims)]),
  rule('net', Net.concept.is, (value, claims) => [[value], net(value, claims)]),
  rule('score', Score.concept.is, (value, claims) => [[value], score(value, claims)]),
  rule('expectation', Expectation.concept.is, (value, claims, { score = pair }) => [
    [value, score],
    expectation(value, score, { ...(Expectation.isDeterministic(value) && { repeats: 2 }), ...claims })
  ]),
  rule('objective', Objective.concept.is, (value, claims, context) => {
    const { score = [pair, two].find(score => columnsOf(value, score).length > 0) ?? pair } = context
    const options = { ...onSchedule(context), ...claims }
    return [[value, score], (penalizes(value) ? regularizer : objective)(value, score, options)]
  }),
  rule('rate', Rate.concept.is, (value, claims) => [[value], rate(value, claims)]),
  rule('covariance', Covariance.concept.is, (value, claims) => [[value], covariance(value, claims)]),
  rule('region', Region.concept.is, (value, claims) => [[value], region(value, claims)]),
  rule('optimizer', Optimizer.concept.is, (value, claims) => [[value], optimizer(value, claims)]),
  rule('stage', Stage.concept.is, (value, claims, { schedule, points, score = simplest(value) }) => {
    const options = { score, ...(schedule && { schedule }), ...(points && { points }), ...claims }
    return [[value, options], stage(value, options)]
  }),
  rule('sampler', Sampler.concept.is, (value, claims) => [[value], sampler(value, claims)]),
  rule('timeGrid', TimeGrid.concept.is, (value, claims) => [[value], timeGrid(value, claims)]),
  rule('initializer', Initializer.concept.is, (value, claims, { score = started(value) }) => [
    [value, score],
    initializer(value, score, claims)
  ])
]

/** Claims that a script writes down: what is claimed, and not on which cases. */
const stated = (claims: object): object =>
  Object.fromEntries(
    Object.entries(claims).filter(
      ([name, value]) =>
        !(value instanceof fc.Arbitrary) &&
        !['points', 'params', 'schedules', 'times', 'walks', 'others', 'seeds'].includes(name)
    )
  )

const lawsOf = (value: unknown, context: Context, claims: object): Laws =>
  held(
    rules.map(({ by, of }) => {
      const found = of(value, context, claims)
      if (found === null) return false
      const [given, laws] = found
      const claimed = stated(claims)
      const made = { by, of: Object.keys(claimed).length === 0 ? given : [...given, claimed], instance: value }
      return scripted(made, laws, context)
    })
  )

const within = (path: string, inner: string): string => [path, inner].filter(text => text !== '').join('.')

const withoutName = ({ score, schedule, points, from }: Context): Context => ({
  ...(score && { score }),
  ...(schedule && { schedule }),
  ...(points && { points }),
  ...(from !== undefined && { from })
})

/** A description and all that stand in it. */
const partsIn = (at: string, value: Instance, context: Context, claims: object): ReadonlyArray<Vocabulary> =>
  Case.placed(value).map(({ path, value: part }, i) => ({
    path: within(at, path),
    code: Case.show(part),
    laws: lawsOf(part, i === 0 ? context : withoutName(context), i === 0 ? claims : {})
  }))

/** A pipeline's parts on its own schedule and score, and its compilation and run on points. */
const partsOfPipeline = (
  pipeline: Pipeline.Pipeline<string>,
  points: Points,
  { from }: Source
): ReadonlyArray<Vocabulary> => {
  const { schedule, score, initializer, stages } = pipeline
  const context = { schedule, score, points, ...(from !== undefined && { from }) }
  return [
    ...partsIn('schedule', schedule, context, {}),
    ...partsIn('score', score, context, {}),
    ...partsIn('initializer', initializer, context, {}),
    ...stages.flatMap((stage, i) => [
      ...partsIn(`stages[${i}]`, stage, context, {}),
      ...Stage.losses(stage).map(loss => ({
        path: `stages[${i}]: plans`,
        code: Objective.show(loss.objective),
        laws: held([plans({ schedule, score, objective: loss.objective, expectation: loss.expectation }, points)])
      }))
    ]),
    { path: 'compiled', code: 'Compile.pipeline(…)', laws: held([compile(pipeline, points)]) },
    { path: 'run', code: 'Run.states(…)', laws: held([run(pipeline, points)]) }
  ]
}

/** What is the same in two places is held once. */
const once = (parts: ReadonlyArray<Vocabulary>): ReadonlyArray<Vocabulary> => {
  const id = ({ path, code, laws }: Vocabulary): string =>
    `${/plans|compiled|run/.test(path) ? path : ''} ${code} ${laws.length}`
  const first = new Map([...parts].reverse().map(part => [id(part), part]))
  return parts.filter(part => first.get(id(part)) === part && part.laws.length > 0)
}

/** An instance and its parts, each with its laws. */
export const parts = <T extends Instance>(
  instance: T,
  { claims = {}, score, schedule, points = data, from, as }: Context & { readonly claims?: Claims<T> } = {}
): ReadonlyArray<Vocabulary> =>
  pipe(
    { ...(from !== undefined && { from }), ...(as !== undefined && { as }) },
    source =>
      Pipeline.concept.is(instance)
        ? partsOfPipeline(instance, points, source)
        : partsIn('', instance, { ...(score && { score }), ...(schedule && { schedule }), ...source }, claims),
    once
  )

/**
 * The laws of an instance and of all its parts, as an array for any test runner; those of a part bear where it stands. Its
 * `unclaimed` are those that nobody claims, each with the option that would.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Objective, TimeLaw } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const names = laws.of(Objective.denoising(TimeLaw.at(0.3))).map(({ name }) => name)
 * assert.ok(names.includes('gradient is that of the value'))
 * assert.ok(names.includes('timeLaw: times are those of the schedule'))
 */
export const of = <T extends Instance>(instance: T, options: Context & { readonly claims?: Claims<T> } = {}): Laws =>
  held(
    parts(instance, options).flatMap(({ path, laws }) => {
      const at = (name: string): string => (path === '' ? name : `${path}: ${name}`)
      return [
        ...laws.map(law => ({ ...law, name: at(law.name) })),
        ...laws.unclaimed.map(claim => ({ ...claim, law: at(claim.law) }))
      ]
    })
  )

/** The law of a name among others. */
export const named =
  (name: string) =>
  (laws: ReadonlyArray<Law>): Law & Required<Pick<Law, 'on'>> => {
    const law = laws.find(law => law.name === name)
    return law?.on === undefined
      ? refuse(`no law ‘${name}’; there are ${laws.map(({ name }) => `‘${name}’`).join(', ')}`)
      : { ...law, on: law.on }
  }

// —— sets of rules ——

/** Laws under a name, which other sets may inherit. */
export interface RuleSet<T> {
  readonly name: string
  readonly of: (instance: T) => ReadonlyArray<Law>
}

/**
 * A set of laws under a name: those of the sets that it inherits, its own, and without those that it takes back.
 *
 * @example
 * import { Objective, TimeLaw } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const ours = laws.ruleSet<Objective.Objective>('ours', { laws: objective => laws.of(objective) })
 * const quick = laws.ruleSet('quick', { inherits: [ours], without: ['a row of weight n is n rows'] })
 * laws.check(Objective.denoising(TimeLaw.at(0.3)), { rules: quick, runs: 1 })
 */
export const ruleSet = <T>(
  name: string,
  {
    inherits = [],
    laws = () => [],
    without = []
  }: {
    readonly inherits?: ReadonlyArray<RuleSet<T>>
    readonly laws?: (instance: T) => ReadonlyArray<Law>
    readonly without?: ReadonlyArray<string>
  }
): RuleSet<T> => ({
  name,
  of: instance =>
    [...inherits.flatMap(({ of }) => of(instance)), ...laws(instance)].filter(({ name }) => !without.includes(name))
})

// —— the report ——

/** A law that is vacuous said nothing of its cases that could be wrong; one that is not held is not claimed. */
export type Verdict = 'held' | 'vacuous' | 'not held' | 'fails'

export interface Row {
  readonly law: string
  readonly verdict: Verdict
  /** Why it is vacuous or not held, and the option that would claim it; null of others. */
  readonly why: string | null
  /** Whether it was expected to fail. */
  readonly isExpected: boolean
  /** Whether an option claims it. */
  readonly isClaimed: boolean
  /** What it said of its cases; null where that is not known, as it is no row. */
  readonly exercise: Exercise | null
  readonly runs: number
  /** Milliseconds. */
  readonly time: number
  /** How often each awkward class was met. */
  readonly met: Readonly<Record<string, number>>
  /** The script that fails, and what it says; null where the law holds. */
  readonly counterexample: string | null
  /** The case that fails, as an example to be tried first another time; null where the law holds. */
  readonly failing: object | null
}

export interface Report {
  readonly of: string
  readonly seed: number
  readonly rows: ReadonlyArray<Row>
  /** Awkward classes that some law was to meet, and none did. */
  readonly missed: ReadonlyArray<string>
  /** Whether nothing is to be complained of. */
  readonly passed: boolean
}

export interface CheckOptions<T> extends Context {
  /** What is claimed beyond what the instance itself says: the options of the laws of its concept. */
  readonly claims?: Claims<T>
  /** Laws beside those of the instance. */
  readonly also?: ReadonlyArray<Law>
  /** The laws that are held, in the place of those that `of` gives. */
  readonly rules?: RuleSet<T>
  /** Names of laws: no others are held. */
  readonly only?: ReadonlyArray<string>
  /** Cases that are tried first, by the law's name. */
  readonly examples?: Readonly<Record<string, ReadonlyArray<object>>>
  /** Names of laws that are known to fail: one that passes is complained of. */
  readonly expected?: ReadonlyArray<string>
  /** How many cases for each law; fewer where a law says that fewer are enough. */
  readonly runs?: number
  /** How many more are looked for about the case that comes nearest to the edge of its tolerance; none unless given. */
  readonly climb?: number
  readonly seed?: number
}

/** By how many of its tolerances a comparison was off; a verdict without a number is plainly wrong. */
const severity = (error: unknown): number => {
  const [, off, tolerance] = /off by (\S+), which is more than (\S+)$/.exec(String(error)) ?? []
  const found = Math.abs(Number(off)) / Number(tolerance)
  return Number.isNaN(found) ? Infinity : found
}

/** Cases of which fewer are enough are each a mean over many, or a whole run. */
const FEW = 50

/** What is plainly wrong is off by so many tolerances. */
const PLAINLY = 10

/** The property, of which only what is plainly wrong counts as a failure: so that shrinking does not end at the edge of a tolerance. */
const plainly = <A>(property: fc.IProperty<A>): fc.IProperty<A> =>
  altered(property, {
    run: value => {
      const failure = property.run(value)
      return failure !== null && 'error' in failure && severity(failure.error) < PLAINLY ? null : failure
    }
  })

/** Not deterministic, and for the eye alone: how long a law took stands in the report, and nothing depends on it. */
// oxlint-disable-next-line no-restricted-globals
const now = (): number => performance.now()

const commented = (text: string): string => text.replaceAll(/^/gm, '// ')

/** A case of those that a property is run on. */
const caseOf = (value: unknown): object | null => {
  const one: unknown = Array.isArray(value) ? value[0] : value
  return typeof one === 'object' ? one : null
}

/** A case as it was generated, without what prints it. */
const withoutPrinter = (one: object | null): object | null => one && Object.fromEntries(Object.entries(one))

/** The case that comes nearest to the edge of a tolerance, of so many that are looked for about such; one that fails is beyond 1. */
const furthest = (
  { property, says, enough = Infinity }: Law,
  { climb: steps = 0, seed }: Pick<CheckOptions<unknown>, 'climb'> & { readonly seed: number }
): Climbed<unknown> | null => {
  if (says === undefined || steps === 0) return null
  const nearness = (value: unknown): number => {
    const failure = property.run(value)
    return failure !== null && 'error' in failure ? Infinity : exerciseOf([says(caseOf(value))]).worst
  }
  return climb(property, nearness, { steps, enough, seed })
}

const rowOf = (
  law: Law,
  options: Pick<CheckOptions<unknown>, 'claims' | 'climb' | 'examples' | 'expected' | 'runs'> & {
    readonly seed: number
  }
): Row => {
  const { runs = 100, seed, examples = {}, expected = [] } = options
  const numRuns = Math.min(runs, law.enough ?? runs)
  const begun = now()
  const first = fc.check(law.property, {
    seed,
    numRuns,
    endOnFailure: true,
    verbose: fc.VerbosityLevel.VeryVerbose,
    examples: (examples[law.name] ?? []).map(example => [example])
  })
  const { says } = law
  const further = first.failed ? null : furthest(law, options)
  const cases = [...first.executionSummary.map(({ value }) => value), ...(further === null ? [] : [further.value])]
    .filter(isCase)
    .map(caseOf)
  const met = cases.flatMap(awkward)
  const failure = ((): fc.RunDetails<unknown> | null => {
    if (further !== null && further.near > 1)
      return fc.check(law.property, { seed, numRuns: 1, endOnFailure: true, examples: [further.value] })
    if (!first.failed) return null
    const from = { seed, path: first.counterexamplePath?.split(':')[0] ?? '0' }
    // What few cases are enough for costs too much to be shrunk.
    if ((law.enough ?? Infinity) < FEW || (examples[law.name] ?? []).length > 0) return first
    const wrong = fc.check(severity(first.errorInstance) < PLAINLY ? law.property : plainly(law.property), from)
    return wrong.failed ? wrong : first
  })()
  const exercise = failure === null && says !== undefined ? exerciseOf(cases.map(says)) : null
  return {
    law: law.name,
    verdict: failure !== null ? 'fails' : (exercise?.vacuous ?? null) === null ? 'held' : 'vacuous',
    why: exercise?.vacuous ?? null,
    isExpected: expected.includes(law.name),
    isClaimed: law.option !== undefined && Object.hasOwn(options.claims ?? {}, law.option),
    exercise,
    runs: first.numRuns,
    time: now() - begun,
    met: Object.fromEntries([...new Set(met)].map(name => [name, met.filter(other => other === name).length])),
    counterexample:
      failure === null
        ? null
        : `${fc
            .stringify(failure.counterexample)
            .replace(/^\[\s*/, '')
            .replace(/\]$/, '')}\n${commented(String(failure.errorInstance))}`,
    failing: withoutPrinter(caseOf(failure?.counterexample))
  }
}

/** A law that is not held, as nobody claims it. */
const notHeld = ({ law, option, why }: Unclaimed): Row => ({
  law,
  verdict: 'not held',
  why: why ?? (option === undefined ? 'it does not apply' : `claim it by \`${option}\``),
  isExpected: false,
  isClaimed: false,
  exercise: null,
  runs: 0,
  time: 0,
  met: {},
  counterexample: null,
  failing: null
})

/** As often as a class must be expected before that none of it was met is told: once in e¹⁴ a right arbitrary has none by chance. */
const EXPECTED = 14
/** The least share of cases that a class which a law is to meet has in the arbitraries of the library. */
const SHARE = 0.05

/**
 * Holds an instance and all its parts to their laws, and tells what came of it without throwing.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Schedule } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const falling = Schedule.custom({ name: 'falling', alpha: t => 1 - t, sigma: t => 0.5 * (1 - t), until: 1 })
 * const report = laws.examine(falling, { runs: 20 })
 * assert.equal(report.passed, false)
 * assert.match(laws.table(report), /fails +\d+ +\d+ ms +log-SNR falls strictly/)
 */
export const examine = <T extends Instance>(instance: T, options: CheckOptions<T> = {}): Report => {
  if (!Case.isValue(instance))
    return mistaken(
      'an instance, a description of any concept,',
      instance,
      'laws.check(instance, { score, schedule, … })'
    )
  const { seed = 1, also = [], only, rules, expected = [] } = options
  const own = rules === undefined ? of(instance, options) : rules.of(instance)
  const all = [...own, ...also]
  const isChosen = (name: string): boolean => only?.includes(name) ?? true
  const chosen = all.filter(({ name }) => isChosen(name))
  const unclaimed = unclaimedOf(own).filter(({ law }) => isChosen(law))
  const unknown = [...expected, ...(only ?? []), ...Object.keys(options.examples ?? {})].find(
    name => ![...all.map(law => law.name), ...unclaimed.map(({ law }) => law)].includes(name)
  )
  if (unknown !== undefined)
    return refuse(
      `no law ‘${unknown}’ of ${Case.show(instance)}; there are ${all.map(({ name }) => `‘${name}’`).join(', ')}`
    )
  const held = chosen.map(law => rowOf(law, { ...options, seed }))
  const classes = [...new Set(chosen.flatMap(({ meets = [] }) => meets))]
  const missed = classes.filter(name => {
    const of = held.filter((_, i) => chosen[i].meets?.includes(name) === true)
    const runs = of.reduce((sum, { runs }) => sum + runs, 0)
    return SHARE * runs >= EXPECTED && of.every(({ met }) => !Object.hasOwn(met, name))
  })
  const rows = [...held, ...unclaimed.map(notHeld)]
  return { of: Case.show(instance), seed, rows, missed, passed: missed.length === 0 && rows.every(isAsItShould) }
}

/** Whether nothing is to be complained of. What a user claims must be seen; what the library holds of itself may say nothing of an instance. */
const isAsItShould = ({ verdict, isExpected, isClaimed }: Row): boolean =>
  (verdict === 'fails') === isExpected && !(verdict === 'vacuous' && isClaimed)

/**
 * A report as a table: verdict, runs, time, law, and the awkward classes that it met, or why it is vacuous or not held; and how near a
 * comparison came to its tolerance, from a tenth of it on.
 */
export const table = ({ of, seed, rows, missed }: Report): string => {
  const cells = rows.map(({ law, verdict, why, isExpected, runs, time, met, exercise }) => [
    isExpected && verdict === 'fails' ? 'fails, as expected' : verdict,
    verdict === 'not held' ? '' : String(runs),
    verdict === 'not held' ? '' : `${Math.round(time)} ms`,
    law,
    why ??
      [
        ...Object.entries(met).map(([name, count]) => `${name} ${count}`),
        ...(exercise !== null && exercise.worst >= 0.1 ? [`${exercise.worst.toPrecision(2)} of its tolerance`] : [])
      ].join(', ')
  ])
  const widths = [0, 1, 2, 3].map(column => Math.max(0, ...cells.map(row => row[column].length)))
  return [
    `${of}, seed ${seed}`,
    ...cells.map(row =>
      row
        .map((cell, column) =>
          column === 1 || column === 2
            ? cell.padStart(widths[column])
            : cell.padEnd(column < widths.length ? widths[column] : 0)
        )
        .join('  ')
        .trimEnd()
    ),
    ...missed.map(name => `never met: ${name}; let the arbitraries of points and parameters have it`)
  ].join('\n')
}

/** All that is to be complained of: counterexamples as scripts, what was expected to fail and does not, claims that are vacuous, classes never met. */
export const complaints = ({ rows, missed }: Report): ReadonlyArray<string> => [
  ...rows
    .filter(row => !isAsItShould(row))
    .map(({ law, verdict, why, isExpected, counterexample }) =>
      isExpected
        ? `‘${law}’ is ${verdict}, and was expected to fail: take it from \`expected\``
        : verdict === 'vacuous'
          ? `‘${law}’ is claimed, and vacuous: ${why}`
          : `${counterexample}`
    ),
  ...missed.map(name => `no case was of the class ‘${name}’: give arbitraries that have it`)
]

/**
 * Failing cases of reports as the text of a module, `export const kept`: write it to a file, and give it as `examples` to be tried first
 * from then on. Cases that hold functions, or descriptions of your own, are left out.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Schedule } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const falling = Schedule.custom({ name: 'falling', alpha: t => 1 - t, sigma: t => 0.5 * (1 - t), until: 1 })
 * const only = ['log-SNR falls strictly']
 * const report = laws.examine(falling, { only, runs: 20 })
 * assert.match(laws.kept([report]), /^export const kept = \{\n {2}"log-SNR falls strictly": \[/)
 * const examples = laws.failing([report])
 * assert.equal(laws.examine(falling, { only, examples }).rows[0].runs, 1)
 */
export const kept = (reports: ReadonlyArray<Report>): string => {
  const cases = Object.entries(failing(reports)).map(([law, all]) => [law, all.filter(isPlain).map(codeOf)] as const)
  const body = cases
    .filter(([, all]) => all.length > 0)
    .map(([law, all]) => `  ${JSON.stringify(law)}: [\n${all.map(code => `    ${code}`).join(',\n')}\n  ]`)
    .join(',\n')
  const code = `export const kept = {\n${body}\n}\n`
  const imports = importsOf(code)
  return imports === '' ? code : `${imports}\n\n${code}`
}

/** The failing cases of reports by law, as `examples` takes them. */
export const failing = (reports: ReadonlyArray<Report>): Readonly<Record<string, ReadonlyArray<object>>> => {
  const all = reports.flatMap(({ rows }) =>
    rows.flatMap(({ law, failing }) => (failing === null ? [] : [[law, failing] as const]))
  )
  return Object.fromEntries(
    [...new Set(all.map(([law]) => law))].map(law => [
      law,
      all.filter(([other]) => other === law).map(([, one]) => one)
    ])
  )
}

/**
 * Holds an instance and all its parts to their laws: throws with every counterexample, each a script that fails when it is pasted
 * and run; else gives the report.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Weighting } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const report = laws.check(Weighting.minSnr({ gamma: 3 }), { runs: 10 })
 * assert.ok(report.passed)
 * assert.match(laws.table(report), /held +10 +\d+ ms +weights are finite, and of one sign/)
 */
export const check = <T extends Instance>(instance: T, options: CheckOptions<T> = {}): Report => {
  const report = examine(instance, options)
  return report.passed ? report : refuse([table(report), ...complaints(report)].join('\n\n'))
}

/** Laws of compilation: every plan the same number, every error at once, and no input that makes it throw. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { type Loss } from '../compile/loss.js'
import type { Points } from '../data/points.js'
import {
  Case as Described,
  Compile,
  Expectation,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Params,
  type Pipeline,
  Problem,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from '../index.js'
import { compiled, flat, greatest } from './check.js'
import { forAll, ofRows, equals, atMost, below, sameBits, type Said } from './lawRows.js'
import type { Laws } from './law.js'
import { params as paramsOf, seeds } from './arbitraries.js'
import { arbitraryOf, maxCasesOf, type Some } from './run.js'

// —— losses ——

/** A loss, with a point at which it is evaluated. */
interface Evaluation<P extends string> {
  readonly params: Params.Params<P>
  readonly seed: number
}

export interface PlansOptions<P extends string> {
  /** The computation under test. */
  readonly plans: (loss: Loss<P>) => ReturnType<typeof Compile.plans<P>>
  readonly params: fc.Arbitrary<Params.Params<P>>
  readonly seeds: fc.Arbitrary<number>
  /** Relative to 1 + |value| and the largest derivative: rounding, in another order. */
  readonly tolerance: number
}

/**
 * The laws of the plans for a loss on data: they are ways to one number.
 *
 * @example
 * import fc from 'fast-check'
 * import { Expectation, Objective, Schedule, Score, TimeLaw } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const loss = {
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.symmetricPair,
 *   objective: Objective.denoising(TimeLaw.at(0.5)),
 *   expectation: Expectation.projected()
 * }
 * laws.plans(loss, { rows: 2, dim: 1, values: Float64Array.of(-1, 2) }).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 3 })
 * })
 */
export const plans = <P extends string>(
  loss: Loss<P>,
  points: Points,
  options: Partial<PlansOptions<P>> = {}
): Laws => {
  const {
    plans,
    params,
    seeds: ofSeeds,
    tolerance
  } = {
    plans: Compile.plans<P>,
    params: paramsOf(loss.score)(points.dim),
    seeds,
    tolerance: 1e-12,
    ...options
  }
  const ways = plans(loss)(points)
  const cases: fc.Arbitrary<Evaluation<P>> = fc.record({ params, seed: ofSeeds })
  const lawOf = forAll(cases)
  return ofRows(Objective.show(loss.objective), [
    lawOf({
      name: 'every plan gives the same value and gradient',
      statement:
        '∀ θ, key, plans a, b: |a − b| ≤ 1e-12, rounding in another order, the value relative to 1 + |value|, the gradient to its largest entry too.',
      source: 'a plan is never a second truth',
      says: ({ params, seed }) => {
        const [first, ...others] = compiled(ways)
        const wanted = first.evaluate(params, Key.fromSeed(seed))
        const size = 1 + Math.abs(wanted.value)
        const gradient = flat(wanted.gradient)
        return others.map(({ evaluate }) => {
          const found = evaluate(params, Key.fromSeed(seed))
          return [
            sameBits(Params.shapes(found.gradient), Params.shapes(wanted.gradient)),
            equals(found.value, wanted.value, tolerance * size),
            equals(flat(found.gradient), gradient, tolerance * Math.max(size, greatest(gradient)))
          ]
        })
      }
    }),
    lawOf({
      name: 'the key determines the loss',
      statement:
        '∀ θ, key, plans: evaluated twice, the value and the gradient have the same bits; deterministic ones whatever the key.',
      source: 'randomness is a value',
      says: ({ params, seed }) =>
        compiled(ways).map(({ evaluate }) => {
          const once = evaluate(params, Key.fromSeed(seed))
          return [
            sameBits(evaluate(params, Key.fromSeed(seed)), once),
            Expectation.isDeterministic(loss.expectation) && sameBits(evaluate(params, Key.fromSeed(seed + 1)), once)
          ]
        })
    })
  ])
}

// —— pipelines ——

interface Example<P extends string> {
  readonly pipeline: Pipeline.Pipeline<P>
  readonly points: Points
}

/** A way to spoil a pipeline or its data, and the field that is named for it. */
export interface Fault {
  readonly field: string
  readonly on: <P extends string>(sound: Example<P>) => Example<P>
}

/** Faults that know nothing of one another; those of a stage are in one more, put after the pipeline's own. */
const faults = (stages: number): ReadonlyArray<Fault> => {
  const broken = Schedule.custom({ name: 'broken', alpha: () => 1, sigma: () => -1, until: 1 })
  const whole = (field: string, parts: Partial<Pipeline.Pipeline<string>>): Fault => ({
    field,
    // A spoilt score has parameters of other names; it is not run.
    on: ({ pipeline, points }) => ({ pipeline: { ...pipeline, ...(parts as object) }, points })
  })
  const inLast = (field: string, parts: Partial<ReturnType<typeof Stage.descend>>): Fault => ({
    field: `stages[${stages}].${field}`,
    on: ({ pipeline, points }) => ({
      pipeline: {
        ...pipeline,
        stages: pipeline.stages.map((stage, i) =>
          i === stages && Described.isMadeBy(Stage.descend)(stage) ? { ...stage, ...parts } : stage
        )
      },
      points
    })
  })
  return [
    {
      field: 'points.row 1, column 1',
      on: ({ pipeline, points }) => ({ pipeline, points: { ...points, values: points.values.map(() => NaN) } })
    },
    whole('schedule', { schedule: broken }),
    whole('score.components', { score: Score.spherical({ components: 0 }) }),
    whole('initializer.scale', { initializer: Initializer.gaussian({ scale: -1 }) }),
    inLast('steps', { steps: -1 }),
    inLast('gradientNorm', { gradientNorm: -1 }),
    inLast('relativeChange', { relativeChange: NaN }),
    inLast('objective.timeLaw.time', { objective: Objective.denoising(TimeLaw.at(-1)) }),
    inLast('expectation.draws', { expectation: Expectation.monteCarlo({ draws: 0 }) }),
    inLast('optimizer.rate', { optimizer: Optimizer.gradientDescent({ rate: 0 }) })
  ]
}

const withOneMore = <P extends string>(pipeline: Pipeline.Pipeline<P>): Pipeline.Pipeline<P> => ({
  ...pipeline,
  stages: [
    ...pipeline.stages,
    Stage.descend({
      objective: Objective.denoising(TimeLaw.at(0.5)),
      optimizer: Optimizer.gradientDescent({ rate: 0.1 }),
      steps: 1
    })
  ]
})

/** Numbers that are wrong nearly everywhere, and right where any would be. */
const wild = fc.constantFrom(NaN, Infinity, -Infinity, -1, -0, 0, 0.5, 3, 1e300, -1e300)

const entriesOf = (value: unknown): ReadonlyArray<readonly [string, unknown]> =>
  typeof value === 'object' && value !== null ? Object.entries(value) : []

const countNumbers = (value: unknown): number =>
  typeof value === 'number' ? 1 : entriesOf(value).reduce((sum, [, inner]) => sum + countNumbers(inner), 0)

/** The value with its n-th number replaced, in order of writing. */
const withNumber = (value: unknown, n: number, by: number): unknown => {
  if (typeof value === 'number') return n === 0 ? by : value
  const entries = entriesOf(value)
  if (n < 0 || entries.length === 0) return value
  const { made } = entries.reduce<{ readonly left: number; readonly made: ReadonlyArray<readonly [string, unknown]> }>(
    ({ left, made }, [key, inner]) => ({
      left: left - countNumbers(inner),
      made: [...made, [key, left < 0 ? inner : withNumber(inner, left, by)]]
    }),
    { left: n, made: [] }
  )
  const inners = made.map(([, inner]) => inner)
  return value instanceof Float64Array
    ? Float64Array.from(inners, Number)
    : Array.isArray(value)
      ? inners
      : // A spread keeps the case of a description.
        { ...(typeof value === 'object' ? value : {}), ...Object.fromEntries(made) }
}

/** A pipeline with some of its numbers wild. */
const spoilt = <P extends string>(pipelines: fc.Arbitrary<Pipeline.Pipeline<P>>): fc.Arbitrary<Pipeline.Pipeline<P>> =>
  fc.tuple(pipelines, fc.array(fc.tuple(fc.nat(), wild), { maxLength: 3 })).map(([pipeline, changes]) =>
    changes.reduce(
      // Every number is replaced by a number, and all else stays.
      (spoilt, [n, by]) => withNumber(spoilt, n % Math.max(1, countNumbers(spoilt)), by) as Pipeline.Pipeline<P>,
      pipeline
    )
  )

/** Points literals that the compiler takes and `Points.validate` may not. */
const malformed: fc.Arbitrary<Points> = (() => {
  const size = fc.oneof(fc.nat({ max: 3 }), wild)
  const values = fc.array(fc.oneof({ weight: 5, arbitrary: fc.integer({ min: -3, max: 3 }) }, wild), { maxLength: 9 })
  const arrays = values.map(values => Float64Array.from(values))
  return fc.record(
    { rows: size, dim: size, values: arrays, weights: arrays },
    { requiredKeys: ['rows', 'dim', 'values'] }
  )
})()

/** Each part of a problem says something. */
const isWhole = ({ field, value, domain, remedy }: Problem.Problem): Said =>
  below(
    0,
    [field, value, domain, remedy].map(text => text.trim().length)
  )

export interface CompileOptions {
  /** The computation under test. */
  readonly compile: typeof Compile.pipeline
  readonly seeds: fc.Arbitrary<number>
}

/**
 * The laws of compiling a pipeline, or many, on data on which they compile.
 *
 * @example
 * import fc from 'fast-check'
 * import { Recipe, Score } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const points = { rows: 3, dim: 1, values: Float64Array.of(-2, 1, 2) }
 * laws.compile(Recipe.annealed(Score.isotropic({ components: 2 }))(points), points).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 3 })
 * })
 */
export const compile = <P extends string>(
  pipeline: Some<Pipeline.Pipeline<P>>,
  points: Points,
  options: Partial<CompileOptions> = {}
): Laws => {
  const { compile, seeds: ofSeeds } = { compile: Compile.pipeline, seeds, ...options }
  const pipelines = arbitraryOf(pipeline)
  const sound: fc.Arbitrary<Example<P>> = pipelines.map(pipeline => ({ pipeline, points }))
  const broken: fc.Arbitrary<Example<P>> = fc.record({
    pipeline: spoilt(pipelines),
    points: fc.oneof(fc.constant(points), malformed)
  })
  const faulty: fc.Arbitrary<Example<P> & { readonly fields: ReadonlyArray<string> }> = pipelines.chain(pipeline =>
    fc.subarray([...faults(pipeline.stages.length)], { minLength: 1 }).map(faults => ({
      ...faults.reduce<Example<P>>((spoilt, { on }) => on(spoilt), { pipeline: withOneMore(pipeline), points }),
      fields: faults.map(({ field }) => field)
    }))
  )
  const problemsOf = ({ pipeline, points }: Example<P>): ReadonlyArray<Problem.Problem> =>
    pipe(
      compile(pipeline)(points),
      E.match(
        (problems): ReadonlyArray<Problem.Problem> => problems,
        () => []
      )
    )
  const ofBroken = forAll(broken)
  return ofRows('Compile.pipeline(…)', [
    forAll(fc.tuple(sound, ofSeeds).map(([whole, seed]) => ({ ...whole, seed })))({
      name: 'what compiles can be run',
      statement:
        'a sound pipeline compiles; its start has the names and shapes of its score, and its plan says how and why for every stage.',
      source: 'parse at the edge, trust inside',
      ...maxCasesOf(pipeline),
      says: ({ pipeline, points, seed }) => {
        const { start, stages, plan } = compiled(compile(pipeline)(points))
        const params = start(Key.fromSeed(seed))
        return [
          sameBits(Params.shapes(params), Score.shapes(points.dim)(pipeline.score)),
          equals(plan.length, stages.length),
          below(
            0,
            plan.flatMap(({ stage, engine, reason }) => [stage, engine, reason].map(text => text.length))
          ),
          stages.map(({ begin, memoryCodec }) => equals({ memory: memoryCodec.is(begin(params)) }, { memory: true }))
        ]
      }
    }),
    forAll(faulty)({
      name: 'all errors are reported at once',
      statement:
        '∀ k faults that know nothing of one another: at least k problems, among them one in the field of each fault.',
      source: 'errors accumulate',
      says: ({ fields, ...whole }) => {
        const problems = problemsOf(whole)
        const missing = fields.filter(field => problems.every(problem => !problem.field.startsWith(field)))
        return [sameBits(missing, []), atMost(fields.length, new Set(problems.map(Problem.show)).size)]
      }
    }),
    ofBroken({
      name: 'every problem is whole',
      statement:
        '∀ pipelines and data with any numbers in them: each problem has a field, a value, a domain and a remedy.',
      source: 'definition of `Problem`',
      says: whole => problemsOf(whole).map(isWhole)
    }),
    ofBroken({
      name: 'compiling is total',
      statement: '∀ pipelines and data with any numbers in them: a program or problems, and nothing is thrown.',
      source: 'errors are values',
      says: ({ pipeline, points }) => {
        const result = compile(pipeline)(points)
        return E.isRight(result) ? sameBits(result._tag, 'Right') : below(0, result.left.length)
      }
    })
  ])
}

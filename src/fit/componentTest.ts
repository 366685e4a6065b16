/**
 * How many components there are, as a test: does one more describe the rows better than it would rows of the mixture without it? The
 * likelihood ratio of a number of components has no known distribution, and is compared with that of rows drawn from the smaller mixture
 * (McLachlan 1987).
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Key } from '../../lib/index.js'
import { lastElement } from '../../lib/plain/iterate.js'
import * as Limits from '../core/limits.js'
import * as Problem from '../core/problem.js'
import * as Setting from '../core/setting.js'
import type * as Given from '../data/dataArgument.js'
import * as Points from '../data/points.js'
import * as Source from '../data/source/source.js'
import * as Mixture from '../mixture/mixture.js'
import type { Constructor, FamilyName, Ranked } from './fit.js'
import * as Fit from './fit.js'

export interface Options {
  /** The one family whose numbers of components are compared; 'full' unless given. */
  readonly family?: FamilyName | Constructor | undefined
  /** The number that the first test is of; 1 unless given. */
  readonly from?: number | undefined
  /** The greatest number that is tested; 9 unless given. */
  readonly to?: number | undefined
  /** The most rows drawn again for each test; 99 unless given, so that p is 0.01 at least. */
  readonly resamples?: number | undefined
  /** Tests go on to one component more while p is at most so much; 0.05 unless given. */
  readonly level?: number | undefined
  readonly seed?: number | undefined
  /** Whether columns are brought to mean 0 and standard deviation 1 to learn; true unless given. */
  readonly standardize?: boolean | undefined
  /** Called before each resample. */
  readonly onProgress?: ((progress: { readonly components: number; readonly done: number }) => void) | undefined
}

/** Whether so many components are enough, against one more. */
export interface Test {
  readonly components: number
  /** 2 (log-likelihood of one more − log-likelihood) */
  readonly statistic: number
  /** How often a statistic as great is met where so many are enough. */
  readonly p: number
  /** The statistics of rows drawn from the mixture of so many. */
  readonly resampled: ReadonlyArray<number>
}

export interface Tests {
  readonly tests: ReadonlyArray<Test>
  /** The number that no test refuses: the last that was tested, or one more than the greatest where all were refused. */
  readonly components: number
}

/** A test ends where so many resamples are as great: p is then known well enough, and not small (Besag & Clifford 1991). */
const MAX_EXCEEDANCES = 10

const testOptions = ({
  family = 'full',
  from = 1,
  to = 9,
  resamples = 99,
  level = 0.05,
  seed = 0,
  standardize = true
}: Options) => ({ family, from, to, resamples, level, seed, standardize })

const TEST_SETTINGS: Setting.Settings<Options> = {
  family: null,
  from: Setting.wholeSetting(1, 1),
  to: Setting.wholeSetting(1, 9),
  resamples: Setting.wholeSetting(1, 99),
  level: Setting.suchSetting(level => level > 0 && level < 1, 'in (0, 1)', 'try 0.05'),
  seed: Setting.wholeSetting(0, 0),
  standardize: null,
  onProgress: null
}

const testOptionProblems = (options: Options): ReadonlyArray<Problem.Problem> => {
  const { from, to } = testOptions(options)
  return [
    ...Setting.problems(TEST_SETTINGS, options),
    ...Problem.unless(from <= to, 'to', String(to), `≥ ${from}, as from is`, `try ${from}`)
  ]
}

/** The two fits of a test, and its statistic. */
interface FittedPair {
  readonly smaller: Mixture.Mixture
  readonly statistic: number
}

const pairOf =
  (
    { family, seed, standardize }: Pick<ReturnType<typeof testOptions>, 'family' | 'seed' | 'standardize'>,
    components: number
  ) =>
  (points: Points.Points): E.Either<Problem.Problems, FittedPair> =>
    pipe(
      points,
      Fit.mixture({ components: [components, components + 1], family, criterion: 'bic', seed, standardize }),
      E.flatMap(({ candidates, refused }) => {
        const of = (count: number): Ranked | undefined => candidates.find(one => one.components === count)
        const smaller = of(components)
        const larger = of(components + 1)
        if (smaller !== undefined && larger !== undefined) {
          const gained = larger.statistics.logLikelihood - smaller.statistics.logLikelihood
          return E.right({ smaller: smaller.mixture, statistic: 2 * Points.totalWeight(points) * gained })
        }
        const [problem = Problem.of('components', String(components + 1), 'learned', 'test fewer')] = refused.map(
          ({ problem }) => problem
        )
        return E.left<Problem.Problems>([problem])
      })
    )

/** Where tests stand. */
export interface TestState {
  /** What is drawn next; null at the end. */
  readonly next: { readonly components: number; readonly done: number } | null
  /** The tests that are done: `components` is the number that the last of them leaves open. */
  readonly tests: () => E.Either<Problem.Problems, Tests>
}

/**
 * Rows of a mixture, as many as there are: where weights are whole numbers a row counts as often as it weighs, else each row that is drawn has the
 * weight of one that is there.
 */
const resampleOf = (points: Points.Points, key: Key.Key, mixture: Mixture.Mixture): Points.Points => {
  const { rows, weights } = points
  const sample = Mixture.sample(isCounted(points) ? Points.totalWeight(points) : rows)(key)(mixture)
  return isCounted(points) || weights === undefined ? sample : { ...sample, weights }
}

const isCounted = ({ weights }: Points.Points): boolean => weights === undefined || weights.every(Number.isInteger)

/** A resample is in memory, where the rows that are counted need not be. */
const tooManyResampleNumbers = (points: Points.Points): ReadonlyArray<Problem.Problem> => {
  const numbers = Points.totalWeight(points) * points.dim
  return Problem.unless(
    !isCounted(points) || numbers <= Limits.maxParameters,
    'weights',
    `for ${numbers} numbers in each resample`,
    `at most ${Limits.maxParameters}`,
    'divide the weights by their sum, so that each row that is drawn has one of them'
  )
}

/** Where tests of points stand, resample by resample. */
function* statesOf(
  options: ReturnType<typeof testOptions>,
  points: Points.Points,
  onNext: Options['onProgress']
): Generator<TestState> {
  const { from, to, resamples, level, seed } = options
  let done: ReadonlyArray<Test> = []
  for (let components = from; ; components++) {
    const pair = pairOf(options, components)(points)
    if (E.isLeft(pair)) {
      yield { next: null, tests: () => pair }
      return
    }
    const { statistic, smaller } = pair.right
    const open: Tests = { tests: done, components }
    const resampled: number[] = []
    let as = 0
    for (let drawn = 0; drawn < resamples && as < MAX_EXCEEDANCES; drawn++) {
      const next = { components, done: drawn }
      onNext?.(next)
      yield { next, tests: () => E.right(open) }
      const key = Key.child(drawn)(Key.child(components)(Key.fromSeed(seed)))
      const other = pairOf(options, components)(resampleOf(points, key, smaller))
      // Rows of which no two fits come say nothing.
      if (E.isLeft(other)) continue
      resampled.push(other.right.statistic)
      if (other.right.statistic >= statistic) as++
    }
    const p = as === MAX_EXCEEDANCES ? MAX_EXCEEDANCES / resampled.length : (1 + as) / (1 + resampled.length)
    done = [...done, { components, statistic, p, resampled }]
    if (p > level || components === to) {
      const tests = { tests: done, components: p > level ? components : components + 1 }
      yield { next: null, tests: () => E.right(tests) }
      return
    }
  }
}

/**
 * Tests of 1 component against 2, of 2 against 3, and so on, up to the first that is not refused. Each takes as many rows from the smaller mixture
 * as there are (one of weight 2 being two; with weights that are no whole numbers each keeps its weight), fits both numbers to them, and counts how often their likelihood ratio is as great: p = (1 + count)/(1 + resamples), or, where
 * ten are as great before all are drawn, ten over how many were. A number that is not refused is one that rows do not speak against; rows of a
 * cluster that is not Gaussian speak for more components than clusters (see `Mixture.merging`).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Fit, Key, Mixture } from 'ornstein'
 *
 * const points = Mixture.sample(40)(Key.fromSeed(1))(Mixture.of({ means: [[-4], [4]] }))
 * const found = Fit.componentTest({ family: 'isotropic', resamples: 19 })(points)
 * assert.ok(E.isRight(found))
 * assert.equal(found.right.components, 2)
 * assert.equal(found.right.tests[0].p, 0.05)
 */
export const of =
  (options: Options = {}) =>
  (data: Points.Points | Given.RowLists): E.Either<Problem.Problems, Tests> =>
    pipe(
      testStates(options)(data),
      E.flatMap(
        all =>
          lastElement(all)?.tests() ??
          E.left<Problem.Problems, Tests>([Problem.of('components', 'none', 'tested', 'let the tests go on')])
      )
    )

/** The same, resample by resample, each drawn when it is asked for: tests that are left have those that were done. */
export const testStates =
  (options: Options = {}) =>
  (data: Points.Points | Given.RowLists): E.Either<Problem.Problems, Iterable<TestState>> => {
    const own = testOptions(options)
    return pipe(
      Problem.faultless(testOptionProblems(options), undefined),
      E.flatMap(() =>
        pipe(
          'rows' in data ? Points.validate(data) : Points.fromRows(data),
          E.flatMap(Points.requireExact),
          E.mapLeft(Problem.singleProblem)
        )
      ),
      E.map(Source.onlyCountedRows),
      E.flatMap(points => Problem.faultless(tooManyResampleNumbers(points), points)),
      E.map(points => ({ [Symbol.iterator]: () => statesOf(own, points, options.onProgress) }))
    )
  }

/**
 * Bootstrap test of the number of components (McLachlan 1987): compares the likelihood ratio of K + 1 against K components with its
 * values on rows drawn from the mixture of K.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { Key } from '../../lib/index.js'
import { lastElement } from '../../lib/plain/iterate.js'
import * as Limits from '../core/limits.js'
import * as Problem from '../core/problem.js'
import * as Setting from '../core/setting.js'
import * as Points from '../data/points.js'
import type { PointsLike } from '../data/rowsArgument.js'
import * as Source from '../data/source/source.js'
import * as Mixture from '../mixture/mixture.js'
import type { Constructor, FamilyName, Ranked } from './fit.js'
import * as Fit from './fit.js'

export interface Options {
  /** Default: 'full'. */
  readonly family?: FamilyName | Constructor | undefined
  /** Default: 1. */
  readonly from?: number | undefined
  /** Default: 9. */
  readonly to?: number | undefined
  /** Maximum number per test. Default: 99, so that p ≥ 0.01. */
  readonly resamples?: number | undefined
  /** Tests continue with one more component while p ≤ level. Default: 0.05. */
  readonly level?: number | undefined
  readonly seed?: number | undefined
  /** Default: true. */
  readonly standardize?: boolean | undefined
  /** Called before each resample. */
  readonly onProgress?: ((progress: { readonly components: number; readonly done: number }) => void) | undefined
}

export interface Test {
  readonly components: number
  /** 2 (log-likelihood with K + 1 components − log-likelihood with K) */
  readonly statistic: number
  /** Estimated probability of a statistic at least this large under K components. */
  readonly p: number
  readonly resampled: ReadonlyArray<number>
}

export interface Tests {
  readonly tests: ReadonlyArray<Test>
  /** Number of components of the last test; one more if that is rejected. */
  readonly components: number
}

/** A test stops after this many statistics as large as the data's: p is then large (Besag & Clifford 1991). */
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

interface FittedPair {
  readonly smaller: Mixture.Mixture
  readonly statistic: number
}

const fitPair =
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

export interface TestState {
  readonly next: { readonly components: number; readonly done: number } | null
  /** Finished tests; `components` is the number that the last does not reject. */
  readonly tests: () => E.Either<Problem.Problems, Tests>
}

/** Draws a sample of the mixture: as many rows as whole weights count, otherwise the rows' number, with their weights. */
const resampleOf = (points: Points.Points, key: Key.Key, mixture: Mixture.Mixture): Points.Points => {
  const { rows, weights } = points
  const sample = Mixture.sample(hasWholeWeights(points) ? Points.totalWeight(points) : rows)(key)(mixture)
  return hasWholeWeights(points) || weights === undefined ? sample : { ...sample, weights }
}

const hasWholeWeights = ({ weights }: Points.Points): boolean =>
  weights === undefined || weights.every(Number.isInteger)

/** Reports resamples too large for memory, even if the data are streamed. */
const tooManyResampleNumbers = (points: Points.Points): ReadonlyArray<Problem.Problem> => {
  const numbers = Points.totalWeight(points) * points.dim
  return Problem.unless(
    !hasWholeWeights(points) || numbers <= Limits.maxParameters,
    'weights',
    `for ${numbers} numbers in each resample`,
    `at most ${Limits.maxParameters}`,
    'divide the weights by their sum, so that each row that is drawn has one of them'
  )
}

function* runTests(
  options: ReturnType<typeof testOptions>,
  points: Points.Points,
  onNext: Options['onProgress']
): Generator<TestState> {
  const { from, to, resamples, level, seed } = options
  let done: ReadonlyArray<Test> = []
  for (let components = from; ; components++) {
    const pair = fitPair(options, components)(points)
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
      const other = fitPair(options, components)(resampleOf(points, key, smaller))
      // A resample that cannot be fitted is skipped.
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
 * Tests 1 component against 2, 2 against 3, …, up to the first number that is not rejected. A test fits both to resamples from the smaller
 * mixture: p = (1 + count)/(1 + resamples), count the likelihood ratios at least as great as that of the data. If count reaches ten early,
 * p is ten over the number drawn. A row of weight 2 counts as two; weights that are not whole are kept.
 *
 * A cluster that is not Gaussian needs several components (see `Mixture.merging`).
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
  (data: PointsLike): E.Either<Problem.Problems, Tests> =>
    pipe(
      testStates(options)(data),
      E.flatMap(
        all =>
          lastElement(all)?.tests() ??
          E.left<Problem.Problems, Tests>([Problem.of('components', 'none', 'tested', 'let the tests go on')])
      )
    )

/** Yields the state after each resample; an abandoned iterator has the finished tests. */
export const testStates =
  (options: Options = {}) =>
  (data: PointsLike): E.Either<Problem.Problems, Iterable<TestState>> => {
    const own = testOptions(options)
    return pipe(
      Problem.faultless(testOptionProblems(options), undefined),
      E.flatMap(() => pipe(Points.validate(data), E.flatMap(Points.requireExact), E.mapLeft(Problem.singleProblem))),
      E.map(Source.onlyCountedRows),
      E.flatMap(points => Problem.faultless(tooManyResampleNumbers(points), points)),
      E.map(points => ({ [Symbol.iterator]: () => runTests(own, points, options.onProgress) }))
    )
  }

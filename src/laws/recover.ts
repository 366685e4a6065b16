/**
 * Whether a pipeline recovers what was planted: the truth is found, its error falls as n^{−1/2}, centres are right where the components are not
 * what the family takes them for, and its gradients vary no more than plain Monte Carlo's.
 */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { refuse } from '../../lib/plain/refuse.js'
import type { Points } from '../data/points.js'
import { Compile, Expectation, Key, Mixture, Objective, Params, type Pipeline, Run, Score, Stage } from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { compiled, sumOf, average } from './check.js'
import { forAll, ofRows, equals, type Said } from './lawRows.js'
import * as Density from './density.js'
import { spread, variesNoMore } from './expectation.js'
import type { Laws } from './law.js'
import { scripted } from './script.js'

export interface RecoveryOptions {
  /** What is planted; unless given, components of variance 1, `apart` from each other on a circle, or ± half of it for the pair. */
  readonly truth?: Mixture.Mixture
  /** How far components are apart, in standard deviations; 6 unless given. */
  readonly apart?: number
  /** The law of the data in the place of the truth's, and the centres that are to be found though; by default variances 1.5 times as great, and the same centres. */
  readonly misspecified?: { readonly data: Mixture.Mixture; readonly centres: ReadonlyArray<ReadonlyArray<number>> }
  /** Rows of the least data set; there are others of 4 and of 16 times as many. */
  readonly rows?: number
  /** Data sets of each size. */
  readonly repeats?: number
  /** How many times as great as that of maximum likelihood the standard error of a centre may be; 1.5 unless given. */
  readonly inefficiency?: number
}

const DIM = 2

/** Components of variance 1 on a circle, neighbours `apart` from each other; two of them opposite. */
const planted = (count: number, apart: number): Mixture.Mixture => {
  const radius = count === 1 ? 0 : apart / (2 * Elementary.sin(Math.PI / count))
  const angle = (k: number): number => (2 * Math.PI * k) / count + 0.3
  return Mixture.of({
    means: Array.from({ length: count }, (_, k) => [
      radius * Elementary.cos(angle(k)),
      radius * Elementary.sin(angle(k))
    ]),
    variances: Array.from({ length: count }, () => 1)
  })
}

const centresOf = (mixture: Mixture.Mixture): ReadonlyArray<Density.Row> => {
  const [rows, dim] = mixture.means.shape
  return Density.rowsOf({ rows, dim, values: mixture.means.values })
}

/** Of every wanted centre the distance of the nearest that was found: no two are near one where they are apart. */
const errorsOf = (found: ReadonlyArray<Density.Row>, wanted: ReadonlyArray<Density.Row>): ReadonlyArray<number> =>
  wanted.map(centre => Math.min(...found.map(other => Elementary.norm(Density.minus(other, centre)))))

/**
 * The laws of recovery for a pipeline whose score is that of a mixture.
 *
 * @example
 * import fc from 'fast-check'
 * import { Initializer, Pipeline, Schedule, Score, Stage } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const pipeline = Pipeline.of({
 *   schedule: Schedule.ornsteinUhlenbeck,
 *   score: Score.spherical({ components: 2 }),
 *   initializer: Initializer.kMeansPlusPlus,
 *   stages: [Stage.expectationMaximization({ steps: 50 })]
 * })
 * laws.recovers(pipeline).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 1 })
 * })
 */
export const recovers = <P extends string>(
  pipeline: Pipeline.Pipeline<P>,
  { apart = 6, rows = 200, repeats = 16, inefficiency = 1.5, ...given }: RecoveryOptions = {}
): Laws => {
  const { score, schedule } = pipeline
  const mixtureOf = (params: Params.Params<P>): Mixture.Mixture =>
    pipe(
      Score.toMixture(score)(params),
      O.getOrElse((): Mixture.Mixture => refuse(`${Score.show(score)} does not say its mixture; try Score.spherical`))
    )
  const zeros = pipe(
    Score.shapes(DIM)(score),
    Params.map<ReadonlyArray<number>, Params.Params<P>[P]>(shape => ({
      shape,
      values: new Float64Array(shape.reduce((product, n) => product * n, 1))
    }))
  )
  const truth = given.truth ?? planted(mixtureOf(zeros).weights.length, apart)
  const centres = centresOf(truth)
  const dim = centres[0].length
  const { data: otherwise, centres: stillThere } = given.misspecified ?? {
    data: Mixture.of({
      means: centres.map(row => [...row]),
      weights: Array.from(truth.weights),
      variances: centres.map((_, k) => 1.5 * Mixture.covariances(truth).values[k * dim * dim])
    }),
    centres
  }
  /** The centres of a pair are one and its opposite. */
  const free = Arbitrary.isMirrored(score) ? centres.length / 2 : centres.length
  /** Centres that are found in a sample of a law, their own key apart from the sample's. */
  const found = (law: Mixture.Mixture, count: number, key: Key.Key): ReadonlyArray<Density.Row> => {
    const keys = pipe(key, Key.named('sample', 'run'))
    const points = Mixture.sample(count)(keys.sample)(law)
    return centresOf(mixtureOf(Run.last(compiled(Compile.pipeline(pipeline)(points)))(keys.run).params))
  }
  /** The standard error of a centre by maximum likelihood, all coordinates together, where components are apart. */
  const errorOf = (law: Mixture.Mixture, count: number): ReadonlyArray<number> => {
    const covariances = Mixture.covariances(law).values
    return Array.from(law.weights, (weight, k) => {
      const trace = Array.from({ length: dim }, (_, j) => covariances[k * dim * dim + j * (dim + 1)])
      return Math.sqrt(sumOf(trace) / (weight * count))
    })
  }
  const near = (law: Mixture.Mixture, wanted: ReadonlyArray<Density.Row>, count: number, key: Key.Key): Said => {
    const errors = errorOf(law, count)
    // 6 standard errors of one coordinate at most.
    return errorsOf(found(law, count, key), wanted).map((distance, k) =>
      equals(distance, 0, 6 * inefficiency * errors[k])
    )
  }
  const seeded = fc.record({ seed: Arbitrary.seeds })
  const losses = pipeline.stages
    .flatMap(Stage.losses)
    .filter(
      ({ objective, expectation }) =>
        !Expectation.isDeterministic(expectation) &&
        !Expectation.isPlain(expectation) &&
        Objective.terms(objective).every(({ term }) => Objective.isMatching(term))
    )
  const within = `6 · ${inefficiency} standard errors of maximum likelihood, √(tr Σ/nπ)`

  const stated = { ...given, apart, rows, repeats, inefficiency }
  const lawOf = forAll(seeded)
  return scripted(
    { by: 'recovers', of: [pipeline, stated] },
    ofRows('laws.recovers(pipeline)', [
      lawOf({
        name: 'the planted truth is found',
        statement: `∀ keys: of ${4 * rows} rows of the planted mixture every centre is found, within ${within}. A right one fails with probability below 1e-8.`,
        source: 'consistency of maximum likelihood and of score matching',
        maxCases: 5,
        says: ({ seed }) => near(truth, centres, 4 * rows, Key.fromSeed(seed))
      }),
      lawOf({
        name: 'the error falls as n^{−1/2}',
        statement: `∀ keys: the mean square error over ${repeats} data sets of ${rows} and of ${16 * rows} rows falls with an order whose interval, of 5.5 standard errors, has −1: each log mean square of m squares has the variance 2/m.`,
        source: 'asymptotic normality; Wilson & Hilferty 1931',
        maxCases: 1,
        says: ({ seed }) => {
          const squares = [rows, 16 * rows].map((count, i) =>
            average(
              Key.split(repeats)(Key.child(i)(Key.fromSeed(seed))).flatMap(key =>
                errorsOf(found(truth, count, key), centres).map(Elementary.square)
              )
            )
          )
          const order = Elementary.log(squares[1] / squares[0]) / Elementary.log(16)
          const interval = (5.5 * Math.sqrt(4 / (repeats * free * dim))) / Elementary.log(16)
          return equals(order, -1, interval)
        }
      }),
      lawOf({
        name: 'centres are found though the components are others',
        statement: `∀ keys: of ${16 * rows} rows of the stated other law (unless given, of 1.5 times the variance) every stated centre is found, within ${within} under that law.`,
        source: 'Fisher 1922; White 1982 of misspecified models',
        maxCases: 2,
        says: ({ seed }) => near(otherwise, stillThere, 16 * rows, Key.fromSeed(seed))
      }),
      lawOf({
        claim: losses.length !== 0,
        reason: 'each of its losses takes plain noise, or none',
        name: 'gradients vary no more than those of plain noise',
        statement:
          '∀ keys: at the end of a run E|∇L − E∇L|² of each loss is no more than by plain noise with as many draws, over 200 keys each, up to 6 standard errors of the difference, which the samples give.',
        source: 'Rao–Blackwell',
        maxCases: 3,
        says: ({ seed }) => {
          const key = Key.fromSeed(seed)
          const points: Points = Mixture.sample(40)(key)(truth)
          const { params } = Run.last(compiled(Compile.pipeline(pipeline)(points)))(Key.child(1)(key))
          return losses.map(({ objective, expectation }) => {
            const way = Expectation.interpret(expectation)
            const draws = way.where === 'span' ? way.draws(key).length : 1
            const [less, more] = [expectation, Expectation.monteCarlo({ draws })].map((of, i) =>
              spread(score, of, { schedule, objective, points, params, seed: seed + 10_000 * i }, 200)
            )
            return variesNoMore(less, more)
          })
        }
      })
    ])
  )
}

/** Functions of a user's rows take points, lists and numbers with their shape, and refuse anything else by name. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Discriminant,
  Efficiency,
  Expectation,
  Fit,
  Guidance,
  Initializer,
  Key,
  Mixture,
  NoiseLevels,
  Objective,
  Params,
  Parametrization,
  Pipeline,
  Points,
  Problem,
  Recipe,
  Run,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid
} from '../../src/index.js'

type Rows = Parameters<typeof Points.mean>[0]

const lists = [
  [0, 1],
  [1, 3],
  [5, 2],
  [6, 4],
  [6.5, 3]
]
const values = Float64Array.from(lists.flat())
const points = { rows: 5, dim: 2, values }
const shaped = { shape: [5, 2], values }

const schedule = Schedule.ornsteinUhlenbeck
const key = Key.fromSeed(1)
const mixture = Mixture.of({
  means: [
    [0, 1],
    [6, 3]
  ]
})
const family = Score.spherical({ components: 2 })
const params = Params.of({
  means: [
    [0, 1],
    [6, 3]
  ]
})
const loss = {
  schedule,
  score: family,
  objective: Objective.denoising(NoiseLevels.at(0.5)),
  expectation: Expectation.monteCarlo()
}
const likelihood = { score: family, objective: Objective.likelihood, expectation: Expectation.monteCarlo() }
const written = Pipeline.of({
  schedule,
  score: family,
  initializer: Initializer.values([
    [0, 1],
    [6, 3]
  ]),
  stages: [Stage.expectationMaximization({ steps: 2 })]
})
const chain = Problem.orThrow(
  Sampler.compile({ sampler: Sampler.heun, grid: TimeGrid.uniform({ from: 1, to: 0.5, steps: 2 }), schedule })
)
const exact = Sampler.exact(mixture, schedule)
const classifier = Discriminant.fit(points, ['a', 'a', 'b', 'b', 'b'], { covariance: 'EII' })
const headed = Score.custom({
  name: 'two heads',
  shapes: () => ({ slope: [] }),
  says: (_, x) => ({ score: x, same: x }),
  heads: { score: Parametrization.score }
})

const right = <A>(either: E.Either<Problem.Problem | ReadonlyArray<Problem.Problem>, A>): A => Problem.orThrow(either)

/** Result that depends on the rows, by the call that a message about them begins with. */
const throwing: Readonly<Record<string, (rows: Rows) => unknown>> = {
  'Mixture.logDensity(points)(mixture)': rows => Mixture.logDensity(rows)(mixture),
  'Mixture.score(points)(mixture)': rows => Mixture.score(rows)(mixture),
  'Mixture.divergence(points)(mixture)': rows => Mixture.divergence(rows)(mixture),
  'Mixture.responsibilities(points)(mixture)': rows => Mixture.responsibilities(rows)(mixture),
  'Mixture.memberships(points)(mixture)': rows => Mixture.memberships(rows)(mixture),
  'Mixture.assign(points)(mixture)': rows => Mixture.assign(rows)(mixture),
  'Mixture.meanLogDensity(points)(mixture)': rows => Mixture.meanLogDensity(rows)(mixture),
  'Mixture.predict(columns)(points)(mixture)': rows => Mixture.predict([1])(rows)(mixture).mean,
  'Mixture.impute(points)(mixture)': rows => Mixture.impute(rows)(mixture),
  'Mixture.merging(points)(mixture)': rows => Mixture.merging(rows)(mixture),
  'Points.mean(points)': Points.mean,
  'Points.covariance(points)': Points.covariance,
  'Points.secondMoment(points)': Points.secondMoment,
  'Points.standardize(points)': Points.standardize,
  'Points.toRows(points)': Points.toRows,
  'Points.weightsOf(points)': Points.weightsOf,
  'Points.toCsv(points, columns)': rows => Points.toCsv(rows),
  'Points.select(indices)(points)': Points.select([2, 0]),
  'Points.energyDistance(points, others)': rows => Points.energyDistance(rows, [[1, 2]]),
  'Points.unstandardize(scaling)(points)': Points.unstandardize({
    centre: Float64Array.of(1, 2),
    scale: Float64Array.of(2, 2)
  }),
  'Score.evaluate(score, schedule)(params)(time)(points)': Score.evaluate(family, schedule)(params)(0.5),
  'Score.heads(score, schedule)(params)(time)(points)': Score.heads(headed, schedule)(Params.of({ slope: 1 }))(0.5),
  'Sampler.sdEdit(program)(score)(points)(key)': rows => Sampler.sdEdit(chain)(exact)(rows)(key),
  'Sampler.transport(program)(score)(points)(key)': rows => [...Sampler.transport(chain)(exact)(rows)(key)],
  'Sampler.logDensity(program)(score)(points)': Sampler.logDensity(chain)(exact),
  'Sampler.integrateVelocity(options)(velocity)(points)': rows => [
    ...right(Sampler.integrateVelocity({ by: Sampler.heun, from: 0, to: 1, steps: 2 }))(x => x)(rows)
  ],
  // Their types are those of a custom score, which takes points alone.
  'score(points, time)': rows => Guidance.of(x => x)(rows as Points.Points, 0.5),
  'score.divergence(points, time)': rows => exact.divergence(rows as Points.Points, 0.5),
  'score.vjp(points, time, v)': rows => exact.vjp(rows as Points.Points, 0.5, values),
  'Efficiency.sandwich(description)(data)(params)': rows => Efficiency.sandwich(likelihood)(rows)(params).variance,
  'Efficiency.confidence(description)(points)(estimate)': rows => Efficiency.confidence(likelihood)(rows)(params).low,
  'Discriminant.fit(rows, labels).predict(rows)': classifier.predict,
  'Discriminant.directions(options)(mixture).project(points)': Discriminant.directions()(mixture).project,
  ...Object.fromEntries(
    Object.entries({
      twoStage: Recipe.twoStage,
      annealed: Recipe.annealed,
      spectral: Recipe.spectral,
      warmStart: Recipe.warmStart({
        centres: [
          [0, 1],
          [6, 3]
        ]
      }),
      expectationMaximization: Recipe.expectationMaximization,
      maximumLikelihood: Recipe.maximumLikelihood
    }).map(([name, recipe]) => [
      `Recipe.${name}(score)(data)`,
      (rows: Rows) => Pipeline.show(recipe(Score.isotropic({ components: 2 }))(rows))
    ])
  )
}

/** Those that return problems. */
const returning: Readonly<
  Record<string, (rows: Rows) => E.Either<Problem.Problem | ReadonlyArray<Problem.Problem>, unknown>>
> = {
  'Points.validate': rows => E.map(Points.mean)(Points.validate(rows)),
  'Points.weighted': Points.weighted([1, 2, 1, 1, 1]),
  'Points.labelled': Points.labelled([0, 0, 1, 1, 1]),
  'Points.paired': rows => Points.paired(rows)(rows),
  'Points.withErrors': Points.withErrors(lists),
  'Fit.mixture': rows =>
    pipe(
      Fit.mixture({ components: 1, family: 'isotropic' })(rows as Points.Points),
      E.map(found => found.mixture)
    ),
  'Discriminant.learned': rows =>
    E.map((found: typeof classifier) => found.mixtures)(
      Discriminant.learned({ covariance: 'EII' })(rows, ['a', 'a', 'b', 'b', 'b'])
    ),
  'Compile.pipeline': rows =>
    pipe(
      rows,
      Compile.pipeline(written),
      E.map(program => Run.last(program)(key).params)
    ),
  'Compile.valueAndGrad': rows =>
    pipe(
      rows,
      Compile.valueAndGrad(loss),
      E.map(f => f(params, key))
    ),
  'Compile.value': rows =>
    pipe(
      rows,
      Compile.value(loss),
      E.map(f => f(params, key))
    ),
  'Compile.plans': rows =>
    pipe(
      rows,
      Compile.plans(loss),
      E.map(([plan]) => plan.value(params, key))
    ),
  'Compile.byLevel': rows =>
    pipe(
      rows,
      Compile.byLevel(loss, [1]),
      E.map(f => f(params, key))
    ),
  'Compile.hessianVector': rows =>
    pipe(
      rows,
      Compile.hessianVector(loss),
      E.map(f => f(params, params, key))
    ),
  'Compile.hessian': rows =>
    pipe(
      rows,
      Compile.hessian(loss),
      E.map(f => f(params, key))
    ),
  'Compile.rowGradients': rows =>
    pipe(
      rows,
      Compile.rowGradients(loss),
      E.map(f => f(params, key))
    )
}

const ragged = [[1, 2], [3]] as Rows
const notRows: ReadonlyArray<readonly [unknown, string]> = [
  [undefined, 'data: undefined is not rows; give a list for each row, [[1, 2], [3, 4]], or Points'],
  [null, 'data: null is not rows; give a list for each row, [[1, 2], [3, 4]], or Points'],
  [7, 'data: a number is not rows; give a list for each row, [[1, 2], [3, 4]], or Points'],
  [[], 'rows: an empty list is not at least one row; give one row for each observation'],
  [ragged, 'row 2: 1 number, but row 1 has 2; give every row the same length'],
  [[[1, '2']], 'row 1, column 2: the text "2" is not a finite number; correct it or leave the row out'],
  [[1, 2], 'data: a list of numbers is not a list of rows; give each number a row: numbers.map(x => [x])'],
  [{ shape: [5, 3], values }, 'values: 10 values is not rows x dim = 15; give every row dim values'],
  [{ shape: [10], values }, 'shape: [10] is not [rows, columns]; give two whole numbers']
]

const message = (call: () => unknown): string => {
  try {
    call()
    return 'no error'
  } catch (error) {
    return error instanceof Error ? error.message : 'no error'
  }
}

describe('rows that a user gives', () => {
  it.each(Object.entries(throwing))('%s takes lists and numbers with their shape', (_, of) => {
    const wanted = of(points)
    expect(of(lists)).toEqual(wanted)
    expect(of(shaped)).toEqual(wanted)
  })

  it.each(Object.entries(returning))('%s takes lists and numbers with their shape', (_, of) => {
    const wanted = right(of(points))
    expect(right(of(lists))).toEqual(wanted)
    expect(right(of(shaped))).toEqual(wanted)
  })

  it.each(Object.entries(throwing))('%s names itself and what was given', (call, of) => {
    for (const [given, wanted] of notRows) expect(message(() => of(given as Rows))).toBe(`${call}: ${wanted}`)
    expect(message(() => of((() => 1) as unknown as Rows))).toMatch(call)
  })

  it.each(Object.entries(returning))('%s returns the problem', (_, of) => {
    const shownProblem = (given: unknown): string =>
      E.match(
        (problem: Problem.Problem | ReadonlyArray<Problem.Problem>) => [problem].flat().map(Problem.show).join(),
        () => 'none'
      )(of(given as Rows))
    expect(shownProblem(ragged)).toMatch('row 2: 1 number, but row 1 has 2; give every row the same length')
    expect(shownProblem(undefined)).toMatch('data: undefined is not rows')
  })

  it('leaves points as they are, and missing cells', () => {
    expect(Mixture.logDensity([[0, NaN]])(mixture)).toEqual(
      Mixture.logDensity({ rows: 1, dim: 2, values: Float64Array.of(0, NaN) })(mixture)
    )
    expect(right(Points.validate(points))).toBe(points)
  })
})

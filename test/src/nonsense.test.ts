/** What plain JavaScript may give to the functions that are called first: the answer is a sentence, never an error of the engine. */
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  fit,
  Initializer,
  Key,
  Metric,
  Mixture,
  Net,
  Objective,
  Parametrization,
  Params,
  Pipeline,
  Points,
  Problem,
  Run,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  NoiseLevels
} from '../../src/index.js'
import * as Fit from '../../src/fit/fit.js'

const nonsense: ReadonlyArray<unknown> = [
  ...[undefined, null, 0, -1.5, NaN, '', 'x', true, 3n, Symbol('s'), new Date(0), new Map(), () => 1],
  // A list may have a hole.
  ...[[], [, [1]], [1], ['1'], [[1]], [[1n]], {}, { _tag: 'x' }, { rows: 1 }, { means: 3 }]
]
const ENGINE =
  /Cannot (read|convert|mix|destructure|use|set|assign|create)|is not a function|is not iterable|Invalid (typed )?array|Reduce of empty|is not defined|not a constructor|call stack|called on|serialize|circular/i

type Any = (...given: ReadonlyArray<unknown>) => unknown

/** Every way of calling a curried function, so deep, that ends in an error of the engine. */
const bare = (name: string, f: Any, deep = 3): ReadonlyArray<string> =>
  nonsense.flatMap(one => {
    try {
      const found = f(one)
      return typeof found === 'function' && deep > 1 ? bare(`${name}(…)`, found as Any, deep - 1) : []
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error)
      return error instanceof Error && !ENGINE.test(said) ? [] : [`${name}: ${said}`]
    }
  })

const { fromRows, fromCsv, readCsv, validate, mean, covariance, secondMoment, standardize } = Points
const ofPoints = {
  fromRows,
  fromCsv,
  readCsv,
  validate,
  mean,
  covariance,
  secondMoment,
  standardize,
  toRows: Points.toRows,
  weightsOf: Points.weightsOf,
  weighted: Points.weighted
}
const { parse, sample, logDensity, responsibilities, assign, components, centres, order, memberships } = Mixture
const ofMixtures = {
  parse,
  sample,
  logDensity,
  responsibilities,
  assign,
  components,
  centres,
  order,
  memberships,
  of: Mixture.of,
  score: Mixture.score,
  divergence: Mixture.divergence,
  meanLogDensity: Mixture.meanLogDensity,
  symmetricPair: Mixture.symmetricPair
}

/** Those of the concepts' many functions that are called first. */
const first: Readonly<Record<string, unknown>> = {
  fit,
  'Fit.fit': Fit.fit,
  'Fit.mixture': Fit.mixture,
  ...Object.fromEntries(Object.entries(Key).map(([name, f]) => [`Key.${name}`, f])),
  ...Object.fromEntries(
    Object.entries({ Points: ofPoints, Mixture: ofMixtures, Score, Compile, Run, Sampler }).flatMap(([concept, of]) =>
      Object.entries(of).map(([name, f]) => [`${concept}.${name}`, f])
    )
  )
}

const schedule = Schedule.ornsteinUhlenbeck
const mixture = Mixture.of({ means: [[0], [1]] })
const score = Sampler.exact(mixture, schedule)
const family = Score.isotropic({ components: 2 })
const data = { rows: 3, dim: 1, values: Float64Array.of(0, 1, 3) }
const key = Key.fromSeed(7)
const sampling = Problem.orThrow(
  Sampler.compile({ sampler: Sampler.heun, grid: TimeGrid.uniform({ from: 1, to: 0.5, steps: 1 }), schedule })
)
const pipeline = Pipeline.of({
  schedule,
  score: Score.symmetricPair,
  initializer: Initializer.values([[0.5]]),
  stages: [Stage.expectationMaximization({ steps: 1 })]
})
const loss = {
  schedule,
  score: Score.symmetricPair,
  objective: Objective.implicit(NoiseLevels.at(0.5)),
  expectation: Expectation.quadrature()
}
const gradient = Problem.orThrow(Compile.valueAndGrad(loss)(data))
const learning = Problem.orThrow(Compile.pipeline(pipeline)(data))

const fitOptions = [
  ...(['components', 'family', 'criterion', 'robust', 'background', 'fixed', 'seed', 'starts', 'weights'] as const),
  ...(['standardize', 'missing', 'columns', 'prior', 'place', 'signal', 'onProgress'] as const)
]

/** Nonsense in one place, and sense in the others. */
const among: Readonly<Record<string, (given: never) => unknown>> = {
  'Score.toMixture(score)(…)': Score.toMixture(family),
  'Score.fromMixture(score)(…)': Score.fromMixture(family),
  'Score.problems(data)(…)': Score.problems(data),
  'Score.evaluate(score, …)': given =>
    Score.evaluate(family, given)(Problem.orThrow(Score.fromMixture(family)(mixture)))(1)(data),
  'Score.evaluate(score, schedule)(…)': given => Score.evaluate(family, schedule)(given)(1)(data),
  'Score.withTails(…)': given => Score.withTails(given)(family),
  'Score.withTails()(…)': Score.withTails(),
  'Score.withBackground(…)': given => Score.withBackground(given)(family),
  'Score.withBackground()(…)': Score.withBackground(),
  'Score.network(…)': given => Score.network(given, { predicts: Parametrization.score }),
  'Score.network(net, …)': given => Score.network(Net.mlp({ hidden: [2] }), given),
  'Pipeline.of(…)': Pipeline.of,
  'Metric.centreError(…)(mixture)': given => Metric.centreError(given, mixture),
  'Metric.centreError(mixture)(…)': given => Metric.centreError(mixture, given),
  'Metric.adjustedRand(…)': given => Metric.adjustedRand(given, [1]),
  'Metric.adjustedRand([1], …)': given => Metric.adjustedRand([1], given),
  ...Object.fromEntries(
    (['means', 'weights', 'variances', 'covariances', 'factors', 'tails', 'background'] as const).map(name => [
      `Mixture.of({ ${name} })`,
      (given: never) => Mixture.of({ means: [[0], [1]], [name]: given })
    ])
  ),
  ...Object.fromEntries(
    fitOptions.map(name => [`fit(data, { ${name} })`, (given: never) => fit(data, { [name]: given })])
  ),
  'Compile.pipeline(…)(data)': given => Compile.pipeline(given)(data),
  'Compile.pipeline(pipeline)(…)': Compile.pipeline(pipeline),
  'Compile.plans(…)(data)': given => Compile.plans(given)(data),
  'Compile.valueAndGrad(…)(data)': given => Compile.valueAndGrad(given)(data),
  'Compile.valueAndGrad(loss)(…)': Compile.valueAndGrad(loss),
  'Compile.plans(loss)(…)': Compile.plans(loss),
  'Compile.valueAndGrad(loss)(data)(…)': given => gradient(given, key),
  'Compile.valueAndGrad(loss)(data)(params, …)': given => gradient(Params.of({ mean: [1] }), given),
  'Run.last(…)(key)': given => Run.last(given)(key),
  'Run.last(program)(…)': Run.last(learning),
  'Run.states(…)(key)': given => [...Run.states(given)(key)],
  'Run.states(program)(…)': given => [...Run.states(learning)(given)],
  'Run.resume(program)(…)': given => [...Run.resume(learning)(given)],
  'Run.estimate(program)(…)': Run.estimate(learning),
  'Run.debug(program)(…)': Run.debug(learning),
  'Run.together(program)(…)': Run.together(learning),
  'Sampler.exact(mixture, …)': given => Sampler.exact(mixture, given)(data, 1),
  'Sampler.exact(mixture, schedule)(…)': given => score(given, 1),
  'Sampler.exact(mixture, schedule)(points, …)': given => score(data, given),
  ...Object.fromEntries(
    (['sampler', 'grid', 'schedule', 'prior'] as const).map(name => [
      `Sampler.compile({ ${name} })`,
      (given: never) =>
        Sampler.sample(Problem.orThrow(Sampler.compile({ ...sampling, [name]: given })))(score)(2, 1)(key)
    ])
  ),
  'Sampler.sample(…)': given => Sampler.sample(given)(score)(2, 1)(key),
  'Sampler.sample(program)(…)': given => Sampler.sample(sampling)(given)(2, 1)(key),
  'Sampler.sample(program)(score)(…, 1)': given => Sampler.sample(sampling)(score)(given, 1)(key),
  'Sampler.sample(program)(score)(2, …)': given => Sampler.sample(sampling)(score)(2, given)(key),
  'Sampler.sample(program)(score)(2, 1)(…)': Sampler.sample(sampling)(score)(2, 1),
  'Sampler.trajectory(…)': given => [...Sampler.trajectory(given)(score)(2, 1)(key)],
  'Sampler.transport(…)': given => [...Sampler.transport(given)(score)(data)(key)],
  'Sampler.transport(program)(score)(…)': given => [...Sampler.transport(sampling)(score)(given)(key)],
  'Sampler.sdEdit(…)': given => Sampler.sdEdit(given)(score)(data)(key),
  'Sampler.sdEdit(program)(score)(…)': given => Sampler.sdEdit(sampling)(score)(given)(key),
  'Sampler.logDensity(program)(…)': given => Sampler.logDensity(sampling)(given)(data),
  'Sampler.logDensity(program)(a function)(points)': () =>
    Sampler.logDensity(sampling)(((at: Points.Points) => at) as never)(data),
  'Sampler.logDensity(program)(score)(…)': Sampler.logDensity(sampling)(score)
}

describe('nonsense', () => {
  it.each(Object.entries<unknown>({ ...first, ...among }).filter(([, f]) => typeof f === 'function'))(
    'is answered by a sentence: %s',
    (name, f) => {
      expect([...new Set(bare(name, f as Any))].join('\n')).toBe('')
    }
  )

  const holes: Array<Array<number>> = []
  holes[5] = [1, 2]
  it.each<[unknown, object, string]>([
    [
      holes,
      {},
      'row 1: undefined is not a list of numbers; list those of each row in one order: rows.map(({ a, b }) => [a, b])'
    ],
    [
      [['1'], ['2']],
      {},
      'row 1, column 1: the text "1" is not a finite number; correct it or leave the row out (1 more like this)'
    ],
    [[[1], [2n]], {}, 'row 2, column 1: the bigint 2n is not a finite number; correct it or leave the row out'],
    [[[1], [new Date(0)]], {}, 'row 2, column 1: a Date is not a finite number; correct it or leave the row out'],
    [[[1], [2], [4]], { components: '3' }, 'components: the text "3" is not a whole number ≥ 1; try 2']
  ])('fit says what was given: %s', (data, options, said) => {
    expect(() => fit(data as never, options)).toThrow(said)
  })
})

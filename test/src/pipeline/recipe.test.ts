/** Recipes: what they choose, by formulas worked out by hand; on real data near the likeliest fit, wherever 0 is and with a row far away. */
import { readFileSync } from 'node:fs'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Metric,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Points,
  Problem,
  Rate,
  Recipe,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels,
  Vocabulary
} from '../../../src/index.js'
import { atMinimumVariance } from '../../../src/mixture/index.js'
import { fitPage } from '../../../src/report/report.js'
import { isSlow, spread, once } from '../../cases.js'
import { planted, two } from '../report/fits.js'

const read = (name: string): Points.Points => {
  const text = readFileSync(new URL(`../../../examples/data/${name}.csv`, import.meta.url), 'utf8')
  const points = Points.fromCsv(text)
  if (E.isLeft(points)) throw new Error('not read')
  return points.right
}

const fit = (recipe: Recipe.Recipe, components: number, points: Points.Points, seed: number): Mixture.Mixture => {
  const score = Score.isotropic({ components })
  const { params } = Run.last(Problem.orThrow(Compile.pipeline(recipe(score)(points))(points)))(Key.fromSeed(seed))
  return O.toNullable(Score.toMixture(score)(params)) ?? expect.fail('not a mixture')
}

const data = [
  { name: 'faithful', components: 2 },
  { name: 'iris', components: 3 },
  { name: 'penguins', components: 3 }
]

describe.each(spread(4)(data))('$name', ({ name, components }) => {
  const raw = read(name)
  const { points } = Points.standardize(raw)
  const likelihood = (recipe: Recipe.Recipe, seed: number): number =>
    pipe(fit(recipe, components, points, seed), Mixture.meanLogDensity(points))
  const best = Math.max(...[0, 1, 2].map(seed => likelihood(Recipe.expectationMaximization, seed)))

  it.each(spread(6)([0, 1, 2]))('is fitted first time, seed %i', seed => {
    expect(likelihood(Recipe.expectationMaximization, seed)).toBeGreaterThan(best - 1e-6)
    expect(likelihood(Recipe.annealed, seed)).toBeGreaterThan(best - 1e-6)
    expect(likelihood(Recipe.maximumLikelihood, seed)).toBeGreaterThan(best - 1e-4)
    // Noise blurs what the objective at one level sees: its minimiser is another estimator, a little less likely.
    expect(likelihood(Recipe.twoStage, seed)).toBeGreaterThan(best - 0.01)
  })
})

describe('weights', () => {
  it.runIf(isSlow)('of separate components are read off, though their score does not see them', () => {
    const truth = Mixture.of({ means: [[-8], [8]], weights: [0.9, 0.1] })
    const points = Mixture.sample(1000)(Key.fromSeed(1))(truth)
    const { weights } = fit(Recipe.twoStage, 2, points, 0)
    const share = points.values.filter(x => x > 0).length / 1000
    expect(Math.abs(Math.min(...weights) - share)).toBeLessThan(0.01)
  })
})

describe('annealed', () => {
  const close = (name: string, means: ReadonlyArray<ReadonlyArray<number>>, rows: number): void => {
    it.each(spread(10)([0, 1, 2, 3, 4]))(`finds ${name}, seed %i`, seed => {
      const truth = Mixture.of({ means })
      const points = Mixture.sample(rows)(Key.fromSeed(1))(truth)
      const error = Metric.centreError(fit(Recipe.annealed, means.length, points, seed), truth)
      // √(dim K / rows) is the error of the means of the groups; one group missed would cost 6/√K and more.
      expect(error).toBeLessThan(1.5 * Math.sqrt((means[0].length * means.length) / rows))
    })
  }
  const range = (n: number): ReadonlyArray<number> => Array.from({ length: n }, (_, i) => i)
  close(
    'a grid of 25',
    range(25).map(k => [6 * (k % 5), 6 * Math.floor(k / 5)]),
    2500
  )
  close(
    'groups of groups',
    range(16).map(k => [60 * (k % 4) + 7 * (k % 8 < 4 ? 0 : 1), 7 * Math.floor(k / 8)]),
    1600
  )
  close(
    'the corners of a simplex',
    range(12).map(k => range(12).map(j => (j === k ? 4 : 0))),
    2400
  )

  once('starts the pair at high noise, and ends near maximum likelihood', () => {
    const truth = Mixture.symmetricPair([1, 0.5, 0])
    const points = Mixture.sample(4000)(Key.fromSeed(1))(truth)
    const error = (recipe: Recipe.Recipe): number => {
      const program = Problem.orThrow(pipe(points, Compile.pipeline(recipe(Score.symmetricPair)(points))))
      return Metric.centreError(Run.last(program)(Key.fromSeed(3)).params, truth)
    }
    const likeliest = error(Recipe.expectationMaximization)
    for (const recipe of [Recipe.annealed, Recipe.spectral, Recipe.warmStart({ centres: [[1.3, 0.3, 0.1]] })])
      expect(error(recipe)).toBeLessThan(1.1 * likeliest + 1e-3)
  })

  once('takes rows without any spread', () => {
    const points = { rows: 6, dim: 2, values: new Float64Array(12).fill(3) }
    const { means, variances } = fit(Recipe.annealed, 2, points, 0)
    expect(Array.from(means.values)).toEqual([3, 3, 3, 3].map(c => expect.closeTo(c, 6) as number))
    expect(variances.every(v => v > 0)).toBe(true)
  })
})

describe('what is known of data', () => {
  once('is of their numbers: a buffer may be filled with others', () => {
    const filled = (unit: number): Float64Array =>
      Float64Array.from({ length: 40 }, (_, i) => unit * ((i % 7) + (i < 20 ? 0 : 30)))
    const shown = (points: Points.Points): string =>
      Pipeline.show(Recipe.annealed(Score.isotropic({ components: 2 }))(points))
    const points = { rows: 20, dim: 2, values: filled(1) }
    const before = shown(points)
    points.values.set(filled(10))
    expect(shown(points)).not.toBe(before)
    expect(shown(points)).toBe(shown({ ...points, values: filled(10) }))
  })
})

describe('warm start', () => {
  it.runIf(isSlow)('from near the truth, ends near it, whatever the score', () => {
    const means = [
      [-4, 0],
      [4, 0],
      [0, 6]
    ]
    const truth = Mixture.of({ means })
    const points = Mixture.sample(3000)(Key.fromSeed(1))(truth)
    const recipe = Recipe.warmStart({ centres: means, radius: 1.5 })
    const learned = (score: Score.Score<'means'>): number => {
      const program = Problem.orThrow(pipe(points, Compile.pipeline(recipe(score)(points))))
      return Metric.centreError(Run.last(program)(Key.fromSeed(3)).params, truth)
    }
    expect(learned(Score.spherical({ components: 3 }))).toBeLessThan(2 * Math.sqrt(2 * (3 / 3000)))
    expect(Metric.centreError(fit(recipe, 3, points, 3), truth)).toBeLessThan(2 * Math.sqrt(2 * (3 / 3000)))
  })
})

describe('one row a million standard deviations off', () => {
  const score = Score.isotropic({ components: 3 })
  const floorOf = (points: Points.Points): number =>
    O.getOrElse(() => NaN)(Pipeline.varianceFloor(Recipe.annealed(score)(points)))
  const groups = Mixture.sample(400)(Key.fromSeed(1))(
    Mixture.of({
      means: [
        [-5, 0],
        [5, 0]
      ]
    })
  )
  const points = { rows: 401, dim: 2, values: Float64Array.of(...groups.values, 1e6, 1e6) }

  once.each<readonly [string, Recipe.Recipe]>([
    ['annealed', Recipe.annealed],
    ['expectation–maximization', Recipe.expectationMaximization],
    ['spectral', Recipe.spectral]
  ])('%s: has a component, which is told to be on the floor, and leaves the others as they are', (_, recipe) => {
    const mixture = fit(recipe, 3, points, 0)
    const floor = O.getOrElse(() => NaN)(Pipeline.varianceFloor(recipe(score)(points)))
    const [wild] = atMinimumVariance(floor)(mixture)
    expect(atMinimumVariance(floor)(mixture)).toEqual([wild])
    expect(mixture.means.values[2 * wild]).toBeCloseTo(1e6, 6)
    mixture.variances.forEach((variance, k) => {
      // A variance of 200 rows in 2 coordinates has a standard error of √(2/400); five of them.
      if (k !== wild) expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / 400))
    })
  })

  once('and the floor is that of the data without it, in any unit', () => {
    // Pairs are drawn, and one row of 401 is in a two-hundredth of them.
    expect(Math.abs(floorOf(points) / floorOf(groups) - 1)).toBeLessThan(0.1)
    const scaled = { ...points, values: points.values.map(x => 1e-6 * x) }
    // Three digits are written.
    expect(Math.abs((1e12 * floorOf(scaled)) / floorOf(points) - 1)).toBeLessThan(0.01)
  })
})

once('the report tells them', () => {
  const text = fitPage(planted(two, 20, { atMinVariance: [1] }), '0.0.0')
  expect(text).toContain('<li class="doubt">Component 2 is at the minimum variance: ')
  expect(fitPage(planted(two, 20), '0.0.0')).not.toContain('Component 2 is at the minimum variance')
})

describe('a mixture far from 0', () => {
  const at = (c: number): Mixture.Mixture => Mixture.of({ means: [[c], [c + 3]], variances: [1, 1.5] })
  const row = (c: number): Points.Points => ({ rows: 1, dim: 1, values: Float64Array.of(c + 0.5) })
  // Sums of two exponentials about 0, where nothing cancels. c + ½ and c + 3 are exact at every c here.
  const parts = [Math.exp(-0.125) / 2, Math.exp(-6.25 / 3) / (2 * Math.sqrt(1.5))]
  const density = Math.log((parts[0] + parts[1]) / Math.sqrt(2 * Math.PI))
  const slope = (parts[0] * -0.5 + (parts[1] * 2.5) / 1.5) / (parts[0] + parts[1])

  once.each([0, 1e5, 1e8, 1e9, 2 ** 40])('%d has the density and the score that it has at 0', c => {
    expect(Mixture.logDensity(row(c))(at(c))[0]).toBeCloseTo(density, 13)
    // α⟨p, c⟩ − bx is rounded at the size of c, as the row itself was.
    expect(Math.abs(Mixture.score(row(c))(at(c)).values[0] - slope)).toBeLessThan(1e-14 + 4 * c * Number.EPSILON)
  })
})

describe('a descent in steps that are too large', () => {
  const data = Mixture.sample(500)(Key.fromSeed(1))(Mixture.symmetricPair([1.5, 2]))
  const run = <P extends string>(score: Score.Score<P>, rate: number, expectation: Expectation.Expectation) => {
    const program = Problem.orThrow(
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score,
          initializer: Initializer.gaussian({ scale: 1 }),
          stages: [
            Stage.descend({
              objective: Objective.denoising(NoiseLevels.at(0.5)),
              expectation,
              optimizer: Optimizer.gradientDescent({ rate }),
              steps: 300,
              gradientNorm: 1e-6,
              relativeChange: 1e-10
            })
          ]
        })
      )(data)
    )
    return Run.last(program)(Key.fromSeed(2))
  }
  // A step of expectation–maximization is ½/α² for the pair, K/(2α²) for K spherical components.
  const em = Math.exp(1) / 2
  once.each([
    ['the pair', Score.symmetricPair, em],
    ['two spheres', Score.spherical({ components: 2 }), 2 * em],
    ['two isotropic components', Score.isotropic({ components: 2 }), 2 * em]
  ] as const)('of %s fails with a problem, and does not end as converged', (_, score, rate) => {
    const { status, params } = run(score as Score.Score<string>, 3 * rate, Expectation.monteCarlo())
    expect(status._tag).toBe('Failed')
    if (status._tag === 'Failed') expect(status.problem.remedy).toContain('try a smaller rate')
    // The last good state is one that the data can explain: they reach 6 and the noise adds 1.8, ten times over.
    Object.values<{ values: Float64Array }>(params).forEach(({ values }) =>
      values.forEach(value => expect(Math.abs(value)).toBeLessThan(200))
    )
  })
  once('goes on where the steps are right', () => {
    expect(run(Score.symmetricPair, em, Expectation.quadrature()).status).toMatchObject({
      _tag: 'Finished'
    })
  })
})

once('the pair far out has the score ±m − x, whatever |m|² would round', () => {
  const score = Score.evaluate(Score.symmetricPair, Schedule.varianceExploding({ sigmaMin: 1e-3, sigmaMax: 1 }))
  const found = score(Params.of({ mean: [2 ** 60] }))(0)({ rows: 2, dim: 1, values: Float64Array.of(0.5, -0.5) })
  const u = 1 + 1e-6
  expect(found.values[0] / (2 ** 60 / u)).toBeCloseTo(1, 14)
  expect(found.values[1] / (2 ** 60 / u)).toBeCloseTo(-1, 14)
})

describe('what is chosen on four rows whose second moment is diag(4, 1)', () => {
  const a = 2 * Math.SQRT2
  const b = Math.SQRT2
  const points: Points.Points = { rows: 4, dim: 2, values: Float64Array.of(a, 0, -a, 0, 0, b, 0, -b) }

  /** A pipeline as JSON, numbers to ten digits. */
  const told = <P extends string>(pipeline: Pipeline.Pipeline<P>): unknown =>
    JSON.parse(
      JSON.stringify(Pipeline.codec(Vocabulary.standard).encode(pipeline), (_, value: unknown) =>
        typeof value === 'number' ? Number(value.toPrecision(10)) : value
      )
    )

  const pair = Score.symmetricPair
  const spherical = Score.spherical({ components: 2 })
  const isotropic = Score.isotropic({ components: 2 })

  /** The step of expectation–maximization for the pair is ½ in m = αc: ½ e^{2t} in c. */
  const pairStage = (time: number, steps: number): Stage.Stage =>
    Stage.descend({
      objective: Objective.denoising(NoiseLevels.at(time)),
      expectation: Expectation.quadrature(),
      optimizer: Optimizer.gradientDescent({ rate: Math.exp(2 * time) / 2 }),
      steps,
      relativeChange: 1e-7
    })

  /** Noise of variance v beside the signal has e^{2t} = 1 + v. */
  const adamStage = (variance: number, steps: number, ...parts: ReadonlyArray<Optimizer.Optimizer>): Stage.Stage =>
    Stage.descend({
      objective: Objective.denoising(NoiseLevels.at(Math.log1p(variance) / 2)),
      expectation: Expectation.projected({ antithetic: true }),
      optimizer: Optimizer.chain(
        Optimizer.scaleByAdam(),
        ...parts,
        Optimizer.scaleByRate(Rate.cosine({ rate: 0.05, steps, final: 0.0005 }))
      ),
      steps
    })

  /** e^{2t} = e^{1.4} · 4 */
  const high = Math.log(4) / 2 + 0.7
  /** √((4 + 1)/2) */
  const unit = Math.sqrt(2.5)
  const inUnit = Optimizer.only(['means'], Optimizer.scale(unit))
  const clustered = Initializer.bestOf(10)(Initializer.kMeans({ steps: 10 }))
  /**
   * Squared distances between the rows are 8, 10 four times, and 32: the quantile at ¼, half the share that two components leave
   * to pairs of one, is 10. It is 2v times the median of χ²_2, which is about 2(1 − 1/9)³.
   */
  const variance = 10 / (4 * (8 / 9) ** 3)
  /** A hundredth of the standard deviation. */
  const varianceFloor = Number((1e-4 * variance).toPrecision(3))
  const weighing = Stage.expectationMaximization({ steps: 1, varianceFloor })
  const closing = Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8, varianceFloor })

  /** Of all rows but as many as are said, in their own unit, far from 0, or another table. */
  const scaled = (by: number): Points.Points => ({ ...points, values: points.values.map(x => by * x) })
  const elsewhere = { ...points, values: points.values.map(x => x + 1e6) }
  const wild = { rows: 5, dim: 2, values: Float64Array.of(...points.values, 1e9, 1e9) }
  const same = scaled(0)

  /** What is done where the components' standard deviation is about s, learned where a floor is given. */
  const stages = (s: number, floor: Partial<{ readonly varianceFloor: number }>): ReadonlyArray<Stage.Stage> => [
    Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8, ...floor }),
    Stage.guarded(
      Stage.sequence([
        Stage.anneal([4, 2, 1, 0.5].map(n => Number((Math.log1p((n * s) ** 2) / 2).toPrecision(3))))(
          Stage.expectationMaximization({ steps: 5, ...floor })
        ),
        Stage.expectationMaximization({ steps: 100, relativeChange: 1e-4, ...floor })
      ])
    ),
    Stage.splitAndMerge({ steps: 1000, attempts: 10, polish: 20, ...floor }),
    Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8, ...floor })
  ]
  const learned = (variance: number): ReadonlyArray<Stage.Stage> =>
    stages(Math.sqrt(variance), { varianceFloor: Number((1e-4 * variance).toPrecision(3)) })
  const em = Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8 })
  const atMinVariance = Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8, varianceFloor })
  const likelihood = (...parts: ReadonlyArray<Optimizer.Optimizer>): Stage.Stage =>
    Stage.descend({
      objective: Objective.likelihood,
      optimizer: Optimizer.chain(
        Optimizer.scaleByAdam(),
        ...parts,
        Optimizer.scaleByRate(Rate.cosine({ rate: 0.1, steps: 500, final: 1e-4 }))
      ),
      steps: 500,
      relativeChange: 1e-8
    })
  const lowNoise = adamStage(0.2 * 2.5, 300, inUnit, Optimizer.freeze('logits'))
  const given = { centres: [[-1, 0], [1, 0]], radius: 0.5 } // prettier-ignore
  const { twoStage, annealed, spectral, expectationMaximization, maximumLikelihood, warmStart } = Recipe
  const { gaussian, kMeansPlusPlus } = Initializer
  const four = Score.isotropic({ components: 4 })
  const from = Initializer.spectral
  const one = { centres: [[1, 0]] }

  const chosen: ReadonlyArray<
    readonly [
      name: string,
      recipe: Recipe.Recipe,
      score: Score.Score<string>,
      initializer: Initializer.Initializer,
      stages: ReadonlyArray<Stage.Stage>,
      data?: Points.Points
    ]
  > = [
    ['two stages of the pair', twoStage, pair, gaussian({ scale: 1 }), [pairStage(high, 300), pairStage(0.1, 200)]],
    [
      'two stages of the pair, on data without spread beyond the components',
      twoStage,
      pair,
      gaussian({ scale: 1 }),
      [pairStage(0.3, 300), pairStage(0.1, 200)],
      scaled(0.01)
    ],
    ['two stages of spherical components', twoStage, spherical, clustered, [adamStage(2, 150), adamStage(0.2, 300)]],
    [
      'two stages of isotropic components, in the unit of the data',
      twoStage,
      isotropic,
      clustered,
      [adamStage(2 * 2.5, 150, inUnit), weighing, lowNoise, closing]
    ],
    [
      'annealed, the pair: from high noise to low, by halves',
      annealed,
      pair,
      Initializer.nearZero,
      [1, 0.5, 0.25, 0].map(share => pairStage(0.1 + share * (high - 0.1), 200))
    ],
    // of two, a quarter of all pairs are nearer than the median of those in one; of four, an eighth
    ['annealed, isotropic components', annealed, isotropic, kMeansPlusPlus, learned(variance)],
    ['annealed, three times as large', annealed, isotropic, kMeansPlusPlus, learned(9 * variance), scaled(3)],
    ['annealed, four components', annealed, four, kMeansPlusPlus, learned((8 / 10) * variance)],
    ['annealed, far from 0', annealed, isotropic, kMeansPlusPlus, learned(variance), elsewhere],
    ['annealed, with one row far away', annealed, isotropic, kMeansPlusPlus, learned(variance), wild],
    [
      'annealed, spherical: in the unit 1, without a floor of its own',
      annealed,
      spherical,
      kMeansPlusPlus,
      stages(1, {})
    ],
    ['annealed, rows without spread: in the unit 1', annealed, isotropic, kMeansPlusPlus, learned(1), same],
    [
      'a warm start of the pair',
      warmStart(one),
      pair,
      Initializer.warmStart({ ...one, radius: 0 }),
      [pairStage(0.1, 200)]
    ],
    [
      'a warm start of spherical components: the step of expectation–maximization is K/2 in m = αc',
      warmStart(given),
      spherical,
      Initializer.warmStart(given),
      [
        Stage.descend({
          objective: Objective.denoising(NoiseLevels.at(0.1)),
          expectation: Expectation.projected({ antithetic: true }),
          optimizer: Optimizer.gradientDescent({ rate: Rate.cosine({ rate: Math.exp(0.2), steps: 150 }) }),
          steps: 150
        })
      ]
    ],
    [
      'a warm start of isotropic components',
      warmStart(given),
      isotropic,
      Initializer.warmStart(given),
      [weighing, lowNoise, closing]
    ],
    [
      'spectral, the pair',
      spectral,
      pair,
      gaussian({ scale: 1 }),
      [Stage.powerIteration({ steps: 500, relativeChange: 1e-10 }), em]
    ],
    ['spectral, components', spectral, isotropic, from, [atMinVariance]],
    ['expectation–maximization, the pair', expectationMaximization, pair, from, [em]],
    ['expectation–maximization, isotropic components', expectationMaximization, isotropic, clustered, [atMinVariance]],
    ['expectation–maximization, spherical components', expectationMaximization, spherical, clustered, [em]],
    ['maximum likelihood, the pair', maximumLikelihood, pair, from, [likelihood()]],
    ['maximum likelihood, spherical components', maximumLikelihood, spherical, clustered, [likelihood()]],
    ['maximum likelihood, isotropic components', maximumLikelihood, isotropic, clustered, [likelihood(inUnit)]],
    [
      'maximum likelihood, a hundredth as large',
      maximumLikelihood,
      isotropic,
      clustered,
      [likelihood(Optimizer.only(['means'], Optimizer.scale(unit / 100)))],
      scaled(0.01)
    ],
    ['maximum likelihood, rows without spread', maximumLikelihood, isotropic, clustered, [likelihood()], same]
  ]
  for (const [name, recipe, score, initializer, stages, data = points] of chosen)
    once(name, () => {
      const wanted = Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score, initializer, stages })
      expect(told(recipe(score)(data))).toEqual(told(wanted))
    })

  once('starts a score without centres at normal parameters', () => {
    const network = Score.custom({ name: 'linear', shapes: () => ({ a: [] }), apply: (_, x) => x })
    for (const recipe of [twoStage, maximumLikelihood])
      expect(recipe(network)(points).initializer).toEqual(gaussian({ scale: 1 }))
  })

  once('judges moves among more than 16 components after 40 steps', () => {
    const moves = (components: number): ReadonlyArray<string> =>
      annealed(Score.spherical({ components }))(points)
        .stages.map(Stage.show)
        .filter(code => code.includes('splitAndMerge'))
    const written = (polish: number): string =>
      `Stage.splitAndMerge({ steps: 1000, attempts: 10, polish: ${polish}, varianceFloor: 0.000001 })`
    expect([moves(16), moves(17)]).toEqual([[written(20)], [written(40)]])
  })
})

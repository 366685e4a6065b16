/**
 * Arbitraries of what a pipeline is made of, of whole pipelines small enough to run in milliseconds, and of what samples
 * along a score.
 *
 * @example Descriptions of every kind
 * import fc from 'fast-check'
 * import {
 *   Covariance,
 *   Expectation,
 *   Initializer,
 *   Net,
 *   Objective,
 *   Optimizer,
 *   Parametrization,
 *   Region,
 *   Sampler,
 *   Schedule,
 *   Score,
 *   Stage,
 *   TimeGrid,
 *   TimeLaw,
 *   Weighting
 * } from 'ornstein'
 * import { arbitraries } from 'ornstein/laws'
 *
 * // Descriptions of every kind, right in all their fields; some need to know the schedule, the score or the points.
 * const right = <A>(arbitrary: fc.Arbitrary<A>, problems: (value: A) => ReadonlyArray<unknown>) => {
 *   fc.assert(
 *     fc.property(arbitrary, value => problems(value).length === 0),
 *     { seed: 1, numRuns: 20 }
 *   )
 * }
 * right(arbitraries.optimizers, Optimizer.problems)
 * right(arbitraries.descents, Optimizer.problems)
 * right(arbitraries.regions, Region.problems)
 * right(arbitraries.weightings, Weighting.problems)
 * right(arbitraries.parametrizations, Parametrization.problems)
 * right(arbitraries.covariances, Covariance.problems)
 * right(arbitraries.nets, Net.problems)
 * right(arbitraries.samplers, Sampler.problems)
 * right(arbitraries.schedules, Schedule.problems)
 * right(arbitraries.plainSchedules, Schedule.problems)
 * right(arbitraries.scores, Score.problems({ rows: 1000, dim: 2 }))
 * right(arbitraries.networks, Score.problems({ rows: 1000, dim: 2 }))
 * right(arbitraries.samplings, description => (Sampler.compile(description)._tag === 'Right' ? [] : [description]))
 *
 * const [schedule, score] = [Schedule.ornsteinUhlenbeck, Score.spherical({ components: 2 })]
 * const points = { rows: 3, dim: 1, values: Float64Array.of(-2, 1, 2) }
 * const denoising = Objective.denoising(TimeLaw.at(0.3))
 * right(arbitraries.clocks(schedule), clock => Schedule.problems(Schedule.reparametrized(clock)(schedule)))
 * right(arbitraries.timeLaws(schedule), TimeLaw.problems(schedule))
 * right(arbitraries.timeGrids(schedule), TimeGrid.problems(schedule))
 * right(arbitraries.objectives(schedule, score), Objective.problems(schedule))
 * right(arbitraries.initializers(score)(1), Initializer.problems)
 * right(arbitraries.stages(schedule, score)(points), Stage.problems(schedule))
 * right(arbitraries.expectations(score, denoising)(points), Expectation.problems)
 * // Given noise as code, in full.
 * const noise = arbitraries.showExpectation(Expectation.fixed(points))
 * if (!noise.includes('-2')) throw new Error(noise)
 *
 * @example Numbers, data, and what a score takes
 * import { strict as assert } from 'node:assert'
 * import fc from 'fast-check'
 * import { Mixture, Objective, Schedule, Score, TimeLaw } from 'ornstein'
 * import { arbitraries } from 'ornstein/laws'
 *
 * const some = <A>(arbitrary: fc.Arbitrary<A>): A[] => fc.sample(arbitrary, { seed: 1, numRuns: 20 })
 *
 * // Plain numbers, which a shrunk counterexample shows: hundredths, 64ths, seeds and keys, dimensions.
 * assert(some(arbitraries.real(2)).every(x => Math.abs(x) <= 2 && Math.abs(x * 100 - Math.round(x * 100)) < 1e-9))
 * assert(some(arbitraries.dyadic(0, 1)).every(x => Number.isInteger(64 * x)))
 * assert(
 *   some(arbitraries.seeds).every(Number.isInteger) && some(arbitraries.keys).every(({ k0 }) => Number.isInteger(k0))
 * )
 * assert(some(arbitraries.dims).every(dim => arbitraries.eachDim.includes(dim)))
 *
 * // Times and levels of a schedule; three written as one writes one's own.
 * for (const schedule of [arbitraries.cosine, arbitraries.varianceExploding, arbitraries.straight]) {
 *   assert(some(arbitraries.times(schedule)).every(time => time > 0 && time < Schedule.until(schedule)))
 *   assert(some(arbitraries.anyTimes(schedule)).every(time => time > 0))
 * }
 * assert(some(arbitraries.levels).every(({ alpha, sigma }) => alpha + sigma > 0))
 *
 * // Mixtures, and points with noise of their size or with a row that is far off, as code.
 * assert(some(arbitraries.mixtures).every(mixture => Mixture.components(mixture) <= 4))
 * const [points] = some(arbitraries.points()(2))
 * assert.equal(arbitraries.noiseOf(points, 1).rows, points.rows)
 * assert(Math.max(...arbitraries.outlying(points).values.map(Math.abs)) >= Math.max(...points.values.map(Math.abs)))
 * assert.match(arbitraries.showPoints(points), /rows: /)
 *
 * // What a score takes: how few rows, which awkward data, which numbers of columns.
 * const score = Score.spherical({ components: 2 })
 * const denoising = Objective.denoising(TimeLaw.at(0.3))
 * assert.equal(arbitraries.minRows(score), 2)
 * assert(arbitraries.meets(score).includes('equal centres'))
 * assert(arbitraries.isMirrored(Score.symmetricPair) && !arbitraries.isMirrored(score))
 * assert.deepEqual(arbitraries.columnsOf(denoising, score), [1, 2, 3])
 * assert(some(arbitraries.columns(denoising, score)).every(columns => columns <= 3))
 * // A network that is no mixture, for laws of any score.
 * assert.deepEqual(Score.shapes(2)(arbitraries.student), { matrix: [2, 2], offset: [2] })
 *
 * // For optimizers: parameters to start from, and up to eight gradients of their shapes.
 * for (const walk of [arbitraries.walks, arbitraries.walksOf(['mine']), arbitraries.walksBeside(['mine'])])
 *   assert(
 *     some(walk).every(({ start, gradients }) =>
 *       gradients.every(each => Object.keys(each).every(name => name in start))
 *     )
 *   )
 *
 * // Any case of a description of one's own, alone or with others in it.
 * type Tree = { readonly _tag: 'leaf' } | { readonly _tag: 'pair'; readonly of: readonly [Tree, Tree] }
 * const leaf = fc.constant<Tree>({ _tag: 'leaf' })
 * const trees = arbitraries.nested<Tree, 'leaf'>({ leaf }, inner => ({
 *   pair: fc.record({ _tag: fc.constant('pair' as const), of: fc.tuple(inner, inner) })
 * }))
 * assert(some(trees).some(({ _tag }) => _tag === 'pair'))
 * const tags = some(
 *   arbitraries.anyOf<Tree>({
 *     leaf,
 *     pair: fc.constant<Tree>({ _tag: 'pair', of: [{ _tag: 'leaf' }, { _tag: 'leaf' }] })
 *   })
 * )
 * assert(tags.some(({ _tag }) => _tag === 'leaf'))
 */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { type NdArray } from '../../lib/index.js'
import { size } from '../../lib/arrays/ndarray.js'
import type { Points } from '../data/points.js'
import * as SplitAndMerge from '../mixture/moves/splitAndMerge.js'
import {
  Expectation,
  ExpectationMaximization,
  Initializer,
  Mixture,
  Optimizer,
  Params,
  Pipeline,
  Rate,
  Region,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid
} from '../index.js'
import {
  anyOf,
  dyadic,
  expectations,
  minRows,
  nested,
  objectives,
  params,
  plainSchedules,
  real,
  schedules,
  scores,
  student,
  times as timesOf,
  type Table
} from './arbitraries.js'
import { printed } from './check.js'

export * from './arbitraries.js'

const share = dyadic(0, 63 / 64)

// —— rates and optimizers ——

const steps = fc.integer({ min: 1, max: 20 })

/** Learning rates that are in order, of every kind; a constant first, so that counterexamples shrink to it. */
export const rates: fc.Arbitrary<Rate.Rate> = (() => {
  const rate = dyadic(1 / 64, 1)
  const final = dyadic(0, 1)
  const factor = dyadic(1 / 64, 1)
  return pipe(
    nested<Rate.Rate, string>(
      {
        Constant: rate.map(Rate.constant),
        Linear: fc.oneof(
          fc.record({ rate, final, steps }).map(Rate.linear),
          fc.record({ rate: fc.constant(0), final: rate, steps }).map(Rate.linear)
        ),
        Step: fc.record({ rate, factor, every: steps }).map(Rate.step),
        Exponential: fc.record({ rate, factor, every: steps }).map(Rate.exponential),
        Cosine: fc
          .record({ rate, steps, warmUp: fc.nat(20), final })
          .map(({ warmUp, ...rest }) => Rate.cosine({ ...rest, warmUp: warmUp % rest.steps })),
        OneCycle: fc.record({ rate, steps, rise: dyadic(0, 63 / 64), start: final, final }).map(Rate.oneCycle),
        InverseSquareRoot: fc.record({ rate, after: steps }).map(Rate.inverseSquareRoot)
      },
      inner => ({
        Piecewise: fc
          .tuple(inner, fc.array(fc.record({ after: steps, rate: inner }), { minLength: 1, maxLength: 2 }))
          .map(([first, later]) =>
            Rate.piecewise(
              first,
              later.map(({ rate }, i) => ({
                from: later.slice(0, i + 1).reduce((sum, { after }) => sum + after, 0),
                rate
              }))
            )
          )
      })
    ),
    printed(Rate.show)
  )
})()

const ofRows = {
  Ball: fc.record({ radius: dyadic(1 / 64, 4) }).map(Region.ball),
  Box: fc
    .record({
      least: fc.oneof(dyadic(-4, 0), fc.constant(-Infinity)),
      most: fc.oneof(dyadic(0, 4), fc.constant(Infinity))
    })
    .map(Region.box),
  Simplex: fc.record({ total: dyadic(1 / 64, 2) }).map(Region.simplex),
  NonNegative: fc.constant(Region.nonNegative)
}

/** Regions of every kind. */
export const regions: fc.Arbitrary<Region.Region> = pipe(
  anyOf<Region.Region>({
    ...ofRows,
    Orthonormal: fc.constant(Region.orthonormal),
    PositiveDefinite: fc.record({ least: dyadic(1 / 64, 2) }).map(Region.positiveDefinite)
  }),
  printed(Region.show)
)

/** Those that parameters of any shape may be held in. */
const regionsOfRows: fc.Arbitrary<Region.Region> = anyOf<Region.Region>(ofRows)

/** Names of parameters of the built-in scores. */
const parameterName = fc.constantFrom('mean', 'means', 'logits', 'logVariances')

const partTable = (): Table<Optimizer.Optimizer> => {
  const epsilon = fc.constantFrom(1e-8, 0.125)
  const moments = fc.record({ beta1: share, beta2: share, epsilon })
  const root = fc.record({ decay: share, epsilon })
  const few = fc.integer({ min: 1, max: 4 })
  const most = dyadic(1 / 64, 4)
  return {
    scale: dyadic(-2, 2).map(Optimizer.scale),
    zero: fc.constant(Optimizer.zero),
    scaleByRate: rates.map(Optimizer.scaleByRate),
    trace: share.map(Optimizer.trace),
    nesterovTrace: share.map(Optimizer.nesterovTrace),
    sign: fc.constant(Optimizer.sign),
    scaleByAdam: moments.map(Optimizer.scaleByAdam),
    scaleByAmsGrad: moments.map(Optimizer.scaleByAmsGrad),
    scaleByNAdam: moments.map(Optimizer.scaleByNAdam),
    scaleByRAdam: moments.map(Optimizer.scaleByRAdam),
    scaleByRms: root.map(Optimizer.scaleByRms),
    scaleByStandardDeviation: root.map(Optimizer.scaleByStandardDeviation),
    scaleByAdagrad: fc.record({ start: dyadic(0, 1), epsilon }).map(Optimizer.scaleByAdagrad),
    scaleByAdadelta: root.map(Optimizer.scaleByAdadelta),
    scaleByLion: fc.record({ beta1: share, beta2: share }).map(Optimizer.scaleByLion),
    scaleByPolyak: fc
      .record({ lowerBound: dyadic(-4, 0), largest: fc.oneof(most, fc.constant(Infinity)) })
      .map(Optimizer.scaleByPolyak),
    reduceOnPlateau: fc
      .record({ patience: few, cooldown: fc.nat(2), least: dyadic(0, 0.25), window: few })
      .map(Optimizer.reduceOnPlateau),
    scaleByLbfgs: fc.record({ memory: few }).map(Optimizer.scaleByLbfgs),
    scaleByNewton: fc.record({ floor: fc.constantFrom(1e-8, 0.25) }).map(Optimizer.scaleByNewton),
    lineSearch: fc.record({ curvature: dyadic(0.25, 0.75) }).map(Optimizer.lineSearch),
    clipByValue: most.map(Optimizer.clipByValue),
    clipByNorm: most.map(Optimizer.clipByNorm),
    clipByGlobalNorm: most.map(Optimizer.clipByGlobalNorm),
    weightDecay: share.map(Optimizer.weightDecay),
    project: regionsOfRows.map(Optimizer.project),
    average: fc.record({ after: fc.nat(4) }).map(Optimizer.average),
    movingAverage: fc.record({ decay: share }).map(Optimizer.movingAverage),
    freeze: fc.uniqueArray(parameterName, { maxLength: 2 }).map(names => Optimizer.freeze(...names)),
    lookahead: fc.record({ every: few, share: dyadic(1 / 64, 1) }).map(Optimizer.lookahead)
  }
}

/**
 * Optimizers whose numbers are in order: parts of every kind, and chains, restrictions and partitions of them. Not all of
 * them descend: some leave out the rate.
 */
export const optimizers: fc.Arbitrary<Optimizer.Optimizer> = pipe(
  nested<Optimizer.Optimizer, string>(partTable(), inner => ({
    only: fc
      .tuple(fc.uniqueArray(parameterName, { maxLength: 2 }), inner)
      .map(([names, part]) => Optimizer.only(names, part)),
    partition: fc.dictionary(parameterName, inner, { maxKeys: 2, noNullPrototype: true }).map(Optimizer.partition),
    chain: fc.array(inner, { maxLength: 3 }).map(parts => Optimizer.chain(...parts))
  })),
  printed(Optimizer.show)
)

/** Optimizers that descend whatever the parameters and the noise: recipes of every kind, tamed and not. */
export const descents: fc.Arbitrary<Optimizer.Optimizer> = (() => {
  const rate = fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: dyadic(1 / 64, 0.25).map(Rate.constant) },
    rates
  )
  const recipe = fc
    .tuple(
      fc.constantFrom<(options: { readonly rate: Rate.Rate }) => Optimizer.Optimizer>(
        Optimizer.gradientDescent,
        Optimizer.momentum,
        Optimizer.nesterov,
        Optimizer.signDescent,
        Optimizer.adam,
        Optimizer.adamW,
        Optimizer.amsGrad,
        Optimizer.nAdam,
        Optimizer.rAdam,
        Optimizer.rmsProp,
        Optimizer.centredRmsProp,
        Optimizer.adagrad,
        Optimizer.adadelta,
        Optimizer.lion
      ),
      rate
    )
    .map(([recipe, rate]) => recipe({ rate }))
  const before = fc.constantFrom<Optimizer.Optimizer>(Optimizer.clipByGlobalNorm(1), Optimizer.clipByValue(1))
  const after = fc.constantFrom<Optimizer.Optimizer>(
    Optimizer.average({ after: 1 }),
    Optimizer.lookahead({ every: 2 }),
    Optimizer.project(Region.ball({ radius: 4 })),
    Optimizer.reduceOnPlateau({ patience: 1 })
  )
  return pipe(
    fc.oneof(
      { withCrossShrink: true },
      { weight: 4, arbitrary: recipe },
      fc.tuple(before, recipe).map(([clip, recipe]) => Optimizer.chain(clip, recipe)),
      fc.tuple(recipe, after).map(([recipe, last]) => Optimizer.chain(recipe, last)),
      fc.constant(Optimizer.polyak({ lowerBound: -100, largest: 0.125 }))
    ),
    printed(Optimizer.show)
  )
})()

/** Where an optimizer starts, and the gradients it meets. */
export interface Walk {
  readonly start: Params.Params<string>
  readonly gradients: ReadonlyArray<Params.Params<string>>
}

const arrays = (shape: ReadonlyArray<number>): fc.Arbitrary<NdArray> => {
  const length = size(shape)
  const entries = fc.oneof(
    { weight: 5, arbitrary: fc.array(dyadic(-8, 8), { minLength: length, maxLength: length }) },
    fc.constant(Array.from({ length }, () => 0))
  )
  return entries.map(values => ({ shape, values: Float64Array.from(values) }))
}

const showWalk = ({ start, gradients }: Walk): string =>
  [`from ${Params.show(start)}`, ...gradients.map(gradient => `  gradient ${Params.show(gradient)}`)].join('\n')

/** Up to eight gradients of arrays of some of the given names, scalars and matrices among them; some gradients are 0. */
export const walksOf = (names: ReadonlyArray<string>): fc.Arbitrary<Walk> =>
  pipe(
    fc
      .dictionary(fc.constantFrom(...names), fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }), {
        minKeys: 1,
        noNullPrototype: true
      })
      .chain(shapes => {
        const point: fc.Arbitrary<Params.Params<string>> = fc.record(
          pipe(shapes, Params.map<ReadonlyArray<number>, fc.Arbitrary<NdArray>>(arrays))
        )
        return fc.record({ start: point, gradients: fc.array(point, { maxLength: 8, size: 'max' }) })
      }),
    printed(showWalk)
  )

const NAMES = ['means', 'logits', 'logVariances']
/** Walks of the parameters of mixtures. */
export const walks: fc.Arbitrary<Walk> = walksOf(NAMES)
/** Walks of these and of others that have the given names. */
export const walksBeside = (names: ReadonlyArray<string>): fc.Arbitrary<Walk> =>
  walksOf([...new Set([...NAMES, ...names])])

// —— mixtures ——

/** Mixtures of up to four components in up to three dimensions. */
export const mixtures: fc.Arbitrary<Mixture.Mixture> = pipe(
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })).chain(([count, dim]) => {
    const each = <A>(one: fc.Arbitrary<A>): fc.Arbitrary<ReadonlyArray<A>> =>
      fc.array(one, { minLength: count, maxLength: count })
    return fc
      .record({
        means: each(fc.array(real(3), { minLength: dim, maxLength: dim })),
        weights: each(fc.nat(5)).filter(weights => weights.some(weight => weight > 0)),
        variances: each(fc.integer({ min: 1, max: 30 }).map(k => k / 10))
      })
      .map(Mixture.of)
  }),
  printed(Mixture.show)
)

// —— pipelines ——

/** Initializers of every kind that a score admits on data of a dimension. */
export const initializers =
  <P extends string>(score: Score.Score<P>) =>
  (dim: number): fc.Arbitrary<Initializer.Initializer> => {
    const scale = dyadic(1 / 64, 2)
    const radius = dyadic(1 / 64, 2)
    const { family, initial } = Score.interpret(score)
    const anywhere: Table<Initializer.Initializer, string> = {
      Gaussian: fc.record({ scale }).map(Initializer.gaussian),
      // `Params<P>` is one of string names.
      Values: params(score)(dim).map(values => Initializer.values(values as unknown as Params.Params<string>)),
      ...(O.isSome(initial) && { Own: fc.constant(Initializer.own) })
    }
    const perturbed = (inner: fc.Arbitrary<Initializer.Initializer>): fc.Arbitrary<Initializer.Initializer> =>
      fc.tuple(dyadic(0, 1), inner).map(([scale, inner]) => Initializer.perturbed(scale)(inner))
    return pipe(
      family,
      O.match(
        () => {
          const start = anyOf<Initializer.Initializer>(anywhere)
          return fc.oneof({ withCrossShrink: true }, start, perturbed(fc.oneof(start, perturbed(start))))
        },
        family => {
          const count = Score.centreCount(family, dim)
          const centres = fc.array(fc.array(real(3), { minLength: dim, maxLength: dim }), {
            minLength: count,
            maxLength: count
          })
          return nested<Initializer.Initializer, string>(
            {
              ...anywhere,
              OnSphere: fc.record({ radius }).map(Initializer.onSphere),
              FromData: fc.constant(Initializer.fromData),
              KMeansPlusPlus: fc.constant(Initializer.kMeansPlusPlus),
              KMeans: fc.record({ steps: fc.integer({ min: 0, max: 3 }) }).map(Initializer.kMeans),
              Spectral: fc.constant(Initializer.spectral),
              Hierarchical: fc.record({ rows: fc.integer({ min: 1, max: 20 }) }).map(Initializer.hierarchical),
              MomentsMatched: fc.constant(Initializer.momentsMatched),
              WarmStart: fc.record({ centres, radius: dyadic(0, 2) }).map(Initializer.warmStart),
              Centres: centres.map(Initializer.centres)
            },
            inner => ({
              BestOf: fc
                .tuple(fc.integer({ min: 1, max: 3 }), inner)
                .map(([count, inner]) => Initializer.bestOf(count)(inner)),
              Perturbed: perturbed(inner)
            })
          )
        }
      ),
      printed(Initializer.show)
    )
  }

/**
 * Optimizers that descend, whatever the noise, on parameters of the given names: recipes, with some parameters frozen, or
 * a recipe for each.
 */
const descentsOf = (names: ReadonlyArray<string>): fc.Arbitrary<Optimizer.Optimizer> =>
  fc.oneof(
    { withCrossShrink: true },
    { weight: 6, arbitrary: descents },
    fc
      .tuple(descents, fc.subarray([...names], { minLength: 1 }))
      .map(([recipe, frozen]) => Optimizer.chain(recipe, Optimizer.freeze(...frozen))),
    fc
      .record(Object.fromEntries(names.map(name => [name, descents])), { noNullPrototype: true })
      .map(Optimizer.partition)
  )

interface PipelineOptions {
  /** Whether some have custom parts, which hold code and do not survive JSON. */
  readonly code?: boolean
}

const has = <P extends string>(score: Score.Score<P>, can: (family: Score.Family<P>) => boolean): boolean =>
  pipe(Score.interpret(score).family, O.exists(can))

/** Stages of every kind that a score admits on the points, of up to four steps each; they nest. */
export const stages =
  <P extends string>(schedule: Schedule.Schedule, score: Score.Score<P>, { code = true }: PipelineOptions = {}) =>
  (points: Points): fc.Arbitrary<Stage.Stage> => {
    const steps = fc.integer({ min: 0, max: 4 })
    const threshold = fc.constantFrom(0, 0.01, 0.5, 2)
    const exact = fc.constantFrom<Optimizer.Optimizer>(Optimizer.lbfgs({ memory: 3 }), Optimizer.newton())
    const recipes = descentsOf(Params.names(Score.shapes(points.dim)(score)))
    const pairs = points.weights === undefined && points.rows >= 2
    const descend = objectives(schedule, score, { code, columns: points.dim, pairs }).chain(objective =>
      expectations(
        score,
        objective
      )(points).chain(expectation => {
        const common = { objective: fc.constant(objective), expectation: fc.constant(expectation), steps }
        const rules = { gradientNorm: threshold, relativeChange: threshold }
        const batch = fc.integer({ min: pairs ? 2 : 1, max: points.rows })
        const onAll = fc.record({
          ...common,
          ...rules,
          optimizer: Expectation.isDeterministic(expectation)
            ? fc.oneof({ withCrossShrink: true }, { weight: 3, arbitrary: recipes }, exact)
            : recipes
        })
        // Fixed noise has a row for each row of the data.
        return O.isSome(Expectation.size(expectation))
          ? onAll.map(Stage.descend)
          : fc.oneof(
              { withCrossShrink: true },
              { weight: 3, arbitrary: onAll.map(Stage.descend) },
              fc.record({ ...common, ...rules, optimizer: recipes, batch, epochs: fc.boolean() }).map(Stage.descend)
            )
      })
    )
    const rules = { steps, relativeChange: threshold }
    const times = fc.integer({ min: 1, max: 2 })
    const varianceFloor = fc.constantFrom(1e-6, 0.25)
    return pipe(
      nested<Stage.Stage, string>(
        {
          Descend: descend,
          ExpectationMaximization: has(score, ExpectationMaximization.serves)
            ? fc
                .record({ ...rules, varianceFloor, time: timesOf(schedule) }, { requiredKeys: ['steps'] })
                .map(Stage.expectationMaximization)
            : descend,
          SplitAndMerge: has(score, SplitAndMerge.serves)
            ? fc.record({ steps, attempts: times, polish: times, varianceFloor }).map(Stage.splitAndMerge)
            : descend,
          PowerIteration: has(score, ({ mirrored }) => mirrored) ? fc.record(rules).map(Stage.powerIteration) : descend
        },
        inner => ({
          Guarded: has(score, () => true) ? inner.map(Stage.guarded) : inner,
          // On fewer rows a batch, or noise for each row, may not fit.
          OnSample: fc
            .tuple(fc.nat({ max: 1 }), inner)
            .map(([more, stage]) => Stage.onSample({ rows: points.rows + more })(stage)),
          Restart: fc.tuple(times, inner).map(([times, stage]) => Stage.restart(times)(stage)),
          Sequence: fc.array(inner, { maxLength: 2 }).map(Stage.sequence),
          Repeat: fc.tuple(fc.nat({ max: 2 }), inner).map(([times, stage]) => Stage.repeat(times)(stage)),
          Anneal: fc
            .tuple(fc.array(timesOf(schedule), { minLength: 1, maxLength: 2 }), inner)
            .map(([times, stage]) => Stage.anneal(times)(stage))
        })
      ),
      printed(Stage.show)
    )
  }

/** Pipelines that compile on the points, of up to two stages, each of which may hold more. */
export const pipelines =
  ({ code = true }: PipelineOptions = {}) =>
  (points: Points): fc.Arbitrary<Pipeline.Pipeline<string>> => {
    // A score with parameters of other names beside those whose names are forgotten.
    const custom = student as unknown as Score.Score<string>
    const fitting = scores.filter(score => minRows(score) <= points.rows)
    return pipe(
      fc
        .record({
          schedule: code ? schedules : plainSchedules,
          score: code ? fc.oneof({ weight: 5, arbitrary: fitting }, fc.constant(custom)) : fitting
        })
        .chain(({ schedule, score }) =>
          fc.record({
            schedule: fc.constant(schedule),
            score: fc.constant(score),
            initializer: initializers(score)(points.dim),
            stages: fc.array(stages(schedule, score, { code })(points), { maxLength: 2 })
          })
        )
        .map(Pipeline.of),
      printed(Pipeline.show)
    )
  }

// —— sampling ——

/** Samplers of every kind; a corrector follows any other. */
export const samplers: fc.Arbitrary<Sampler.Sampler> = (() => {
  const corrector = { moves: fc.integer({ min: 1, max: 2 }), snr: fc.constantFrom(0.125, 0.25) }
  return pipe(
    nested<Sampler.Sampler, string>(
      {
        Ancestral: fc.constant(Sampler.ancestral),
        Ddim: fc.record({ eta: fc.constantFrom(0, 0.5, 1) }).map(Sampler.ddim),
        EulerMaruyama: fc.constant(Sampler.eulerMaruyama),
        Euler: fc.constant(Sampler.euler),
        Heun: fc.constant(Sampler.heun),
        RungeKutta4: fc.constant(Sampler.rungeKutta4),
        DormandPrince: fc.record({ tolerance: fc.constantFrom(1e-3, 1e-6) }).map(Sampler.dormandPrince),
        DpmSolver2M: fc.constant(Sampler.dpmSolver2M),
        Langevin: fc.record({ step: fc.constantFrom(0.125, 1 / 64) }).map(Sampler.langevin),
        AnnealedLangevin: fc.record(corrector).map(Sampler.annealedLangevin)
      },
      inner => ({
        PredictorCorrector: fc.record({ ...corrector, predictor: inner }).map(Sampler.predictorCorrector)
      })
    ),
    printed(Sampler.show)
  )
})()

/** Time grids of every kind on a schedule, of up to eight steps; some end where there is no noise. */
export const timeGrids = (schedule: Schedule.Schedule): fc.Arbitrary<TimeGrid.TimeGrid> => {
  const time = timesOf(schedule)
  const steps = fc.integer({ min: 1, max: 8 })
  const falling = fc
    .uniqueArray(time, { minLength: 2, maxLength: 5 })
    .map(times => [...times].sort((later, earlier) => earlier - later))
  const span = fc
    .record({ ends: falling, steps })
    .map(({ ends, steps }) => ({ from: ends[0], to: ends[ends.length - 1], steps }))
  const whole = fc.tuple(span, fc.boolean()).map(([span, clean]) => (clean ? { ...span, to: 0 } : span))
  return pipe(
    anyOf<TimeGrid.TimeGrid>({
      Uniform: whole.map(TimeGrid.uniform),
      LogSnr: span.map(TimeGrid.logSnr),
      Karras: fc.tuple(whole, fc.constantFrom(7, 1)).map(([span, rho]) => TimeGrid.karras({ ...span, rho })),
      Listed: falling.map(TimeGrid.listed),
      Constant: fc.record({ time, steps }).map(TimeGrid.constant)
    }),
    printed(TimeGrid.show)
  )
}

/** Samplers on schedules, at times that suit them: all that `Sampler.compile` takes. */
export const samplings: fc.Arbitrary<Sampler.Description> = pipe(
  schedules.chain(schedule =>
    fc
      .record({ sampler: samplers, grid: timeGrids(schedule), schedule: fc.constant(schedule) })
      // One level is for moves that stay at it.
      .filter(description => E.isRight(Sampler.compile(description)))
  ),
  printed(
    ({ sampler, grid, schedule }) =>
      `{ sampler: ${Sampler.show(sampler)}, grid: ${TimeGrid.show(grid)}, schedule: ${Schedule.show(schedule)} }`
  )
)

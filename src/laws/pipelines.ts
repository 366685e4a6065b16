/** Arbitraries of what a pipeline is made of, and of whole pipelines small enough to run in milliseconds. */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { type NdArray } from '../../lib/index.js'
import { size } from '../../lib/ndarray.js'
import * as Expectation from '../Expectation.js'
import * as Initializer from '../Initializer.js'
import * as Mixture from '../Mixture.js'
import * as Optimizer from '../Optimizer.js'
import * as Params from '../Params.js'
import * as Pipeline from '../Pipeline.js'
import type { Points } from '../Points.js'
import * as Rate from '../Rate.js'
import * as Region from '../Region.js'
import * as Schedule from '../Schedule.js'
import * as Score from '../Score.js'
import * as Stage from '../Stage.js'
import {
  expectations,
  minRows,
  objectives,
  params,
  real,
  schedules,
  scores,
  student,
  times as timesOf
} from './arbitraries.js'
import { printed } from './check.js'

export * from './arbitraries.js'

/** An arbitrary for each case: a new case of a description does not compile until it has one. */
type Table<T extends { readonly _tag: string }> = { readonly [K in T['_tag']]: fc.Arbitrary<T> }

const anyOf = <T extends { readonly _tag: string }>(table: Table<T>): fc.Arbitrary<T> =>
  fc.oneof(...Object.values<fc.Arbitrary<T>>(table))

/** Multiples of 1/64 in [min, max]: products of a few are exact, and zero is met. */
const dyadic = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min: Math.ceil(64 * min), max: Math.floor(64 * max) }).map(n => n / 64)

const share = dyadic(0, 63 / 64)

// —— rates and optimizers ——

const steps = fc.integer({ min: 1, max: 20 })

const rateTable = (): Table<Rate.Rate> => {
  const rate = dyadic(1 / 64, 1)
  const final = dyadic(0, 1)
  const factor = dyadic(1 / 64, 1)
  const constant = rate.map(Rate.constant)
  const inverseSquareRoot = fc.record({ rate, after: steps }).map(Rate.inverseSquareRoot)
  return {
    Constant: constant,
    Linear: fc.record({ rate, final, steps }).map(Rate.linear),
    Step: fc.record({ rate, factor, every: steps }).map(Rate.step),
    Piecewise: fc
      .record({ first: constant, from: steps, then: inverseSquareRoot })
      .map(({ first, from, then }) => Rate.piecewise(first, [{ from, rate: then }])),
    Exponential: fc.record({ rate, factor, every: steps }).map(Rate.exponential),
    Cosine: fc
      .record({ rate, steps, warmUp: fc.nat(20), final })
      .map(({ warmUp, ...rest }) => Rate.cosine({ ...rest, warmUp: warmUp % rest.steps })),
    OneCycle: fc.record({ rate, steps, rise: dyadic(1 / 64, 63 / 64), start: final, final }).map(Rate.oneCycle),
    InverseSquareRoot: inverseSquareRoot
  }
}

/** Learning rates that are in order, of every kind; a constant first, so that counterexamples shrink to it. */
export const rates: fc.Arbitrary<Rate.Rate> = pipe(anyOf(rateTable()), printed(Rate.show))

/** A part that is no composition of others. */
type Part = Exclude<
  Optimizer.Optimizer,
  { readonly _tag: 'Chain' } | { readonly _tag: 'Only' } | { readonly _tag: 'Partition' }
>

/** Names of parameters of the built-in scores. */
const parameterName = fc.constantFrom('mean', 'means', 'logits', 'logVariances')

const partTable = (): Table<Part> => {
  const epsilon = fc.constantFrom(1e-8, 0.125)
  const moments = fc.record({ beta1: share, beta2: share, epsilon })
  const root = fc.record({ decay: share, epsilon })
  const few = fc.integer({ min: 1, max: 4 })
  const most = dyadic(1 / 64, 4)
  return {
    Scale: dyadic(-2, 2).map(Optimizer.scale),
    Zero: fc.constant(Optimizer.zero),
    ScaleByRate: rates.map(Optimizer.scaleByRate),
    Trace: share.map(Optimizer.trace),
    NesterovTrace: share.map(Optimizer.nesterovTrace),
    Sign: fc.constant(Optimizer.sign),
    ScaleByAdam: moments.map(Optimizer.scaleByAdam),
    ScaleByAmsGrad: moments.map(Optimizer.scaleByAmsGrad),
    ScaleByNAdam: moments.map(Optimizer.scaleByNAdam),
    ScaleByRAdam: moments.map(Optimizer.scaleByRAdam),
    ScaleByRms: root.map(Optimizer.scaleByRms),
    ScaleByStandardDeviation: root.map(Optimizer.scaleByStandardDeviation),
    ScaleByAdagrad: fc.record({ start: dyadic(0, 1), epsilon }).map(Optimizer.scaleByAdagrad),
    ScaleByAdadelta: root.map(Optimizer.scaleByAdadelta),
    ScaleByLion: fc.record({ beta1: share, beta2: share }).map(Optimizer.scaleByLion),
    ScaleByPolyak: fc
      .record({ lowerBound: dyadic(-4, 0), largest: fc.oneof(most, fc.constant(Infinity)) })
      .map(Optimizer.scaleByPolyak),
    ReduceOnPlateau: fc
      .record({ patience: few, cooldown: fc.nat(2), least: dyadic(0, 0.25), window: few })
      .map(Optimizer.reduceOnPlateau),
    ScaleByLbfgs: fc.record({ memory: few }).map(Optimizer.scaleByLbfgs),
    ScaleByNewton: fc.record({ floor: fc.constantFrom(1e-8, 0.25) }).map(Optimizer.scaleByNewton),
    LineSearch: fc.record({ curvature: dyadic(0.25, 0.75) }).map(Optimizer.lineSearch),
    ClipByValue: most.map(Optimizer.clipByValue),
    ClipByNorm: most.map(Optimizer.clipByNorm),
    ClipByGlobalNorm: most.map(Optimizer.clipByGlobalNorm),
    WeightDecay: share.map(Optimizer.weightDecay),
    Project: regions.map(Optimizer.project),
    Average: fc.record({ after: fc.nat(4) }).map(Optimizer.average),
    MovingAverage: fc.record({ decay: share }).map(Optimizer.movingAverage),
    Lookahead: fc.record({ every: few, share: dyadic(1 / 64, 1) }).map(Optimizer.lookahead)
  }
}

/** Regions of every kind. */
export const regions: fc.Arbitrary<Region.Region> = pipe(
  anyOf<Region.Region>({
    Ball: fc.record({ radius: dyadic(1 / 64, 4) }).map(Region.ball),
    Box: fc
      .record({
        least: fc.oneof(dyadic(-4, 0), fc.constant(-Infinity)),
        most: fc.oneof(dyadic(0, 4), fc.constant(Infinity))
      })
      .map(Region.box),
    Simplex: fc.record({ total: dyadic(1 / 64, 2) }).map(Region.simplex),
    NonNegative: fc.constant(Region.nonNegative)
  }),
  printed(Region.show)
)

/**
 * Optimizers whose numbers are in order: parts of every kind, and chains, restrictions and partitions of them. Not all of
 * them descend: some leave out the rate.
 */
export const optimizers: fc.Arbitrary<Optimizer.Optimizer> = pipe(
  fc.letrec<{ readonly optimizer: Optimizer.Optimizer; readonly whole: Optimizer.Optimizer }>(tie => ({
    whole: fc.oneof(
      { weight: 3, arbitrary: fc.array(tie('optimizer'), { maxLength: 3 }).map(parts => Optimizer.chain(...parts)) },
      fc
        .tuple(fc.uniqueArray(parameterName, { maxLength: 2 }), tie('optimizer'))
        .map(([names, part]) => Optimizer.only(names, part)),
      fc.dictionary(parameterName, tie('optimizer'), { maxKeys: 2, noNullPrototype: true }).map(Optimizer.partition)
    ),
    optimizer: fc.oneof({ maxDepth: 2, withCrossShrink: true }, anyOf(partTable()), tie('whole'))
  })).optimizer,
  printed(Optimizer.show)
)

/** Optimizers that descend whatever the parameters and the noise: recipes of every kind, tamed and not. */
export const descents: fc.Arbitrary<Optimizer.Optimizer> = (() => {
  const rate = fc.oneof({ weight: 3, arbitrary: dyadic(1 / 64, 0.25).map(Rate.constant) }, rates)
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

/** Up to eight gradients of up to three arrays, scalars and matrices among them; some gradients are 0. */
export const walks: fc.Arbitrary<Walk> = pipe(
  fc
    .dictionary(
      fc.constantFrom('means', 'logits', 'logVariances'),
      fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 2 }),
      { minKeys: 1, noNullPrototype: true }
    )
    .chain(shapes => {
      const point: fc.Arbitrary<Params.Params<string>> = fc.record(
        pipe(shapes, Params.map<ReadonlyArray<number>, fc.Arbitrary<NdArray>>(arrays))
      )
      return fc.record({ start: point, gradients: fc.array(point, { maxLength: 8, size: 'max' }) })
    }),
  printed(showWalk)
)

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
    const anywhere: ReadonlyArray<fc.Arbitrary<Initializer.Initializer>> = [
      fc.record({ scale }).map(Initializer.gaussian),
      // `Params<P>` is one of string names.
      params(score)(dim).map(values => Initializer.values(values as unknown as Params.Params<string>))
    ]
    return pipe(
      Score.interpret(score).family,
      O.match(
        () => fc.oneof(...anywhere),
        ({ count }) => {
          const centres = fc.array(fc.array(real(3), { minLength: dim, maxLength: dim }), {
            minLength: count,
            maxLength: count
          })
          return fc.oneof(
            ...anywhere,
            centres.map(Initializer.values),
            fc.record({ centres, radius: dyadic(0, 2) }).map(Initializer.warmStart),
            fc.constantFrom(Initializer.fromData, Initializer.kMeansPlusPlus, Initializer.spectral)
          )
        }
      ),
      printed(Initializer.show)
    )
  }

/** Stages of every kind that a score admits on the points, of up to four steps each. */
export const stages =
  <P extends string>(schedule: Schedule.Schedule, score: Score.Score<P>) =>
  (points: Points): fc.Arbitrary<Stage.Stage> => {
    const steps = fc.integer({ min: 0, max: 4 })
    const threshold = fc.constantFrom(0, 0.01, 0.5, 2)
    const exact = fc.constantFrom<Optimizer.Optimizer>(Optimizer.lbfgs({ memory: 3 }), Optimizer.newton())
    const descend = objectives(schedule, score).chain(objective =>
      expectations(
        score,
        objective
      )(points).chain(expectation => {
        const common = { objective: fc.constant(objective), expectation: fc.constant(expectation), steps }
        const rules = { gradientNorm: threshold, relativeChange: threshold }
        const batch = fc.integer({ min: 1, max: points.rows })
        const onAll = fc.record({
          ...common,
          ...rules,
          optimizer: Expectation.isDeterministic(expectation)
            ? fc.oneof({ weight: 3, arbitrary: descents }, exact)
            : descents
        })
        // Fixed noise has a row for each row of the data.
        return expectation._tag === 'Fixed'
          ? onAll.map(Stage.descend)
          : fc.oneof(
              { weight: 3, arbitrary: onAll.map(Stage.descend) },
              fc.record({ ...common, ...rules, optimizer: descents, batch }).map(Stage.descend)
            )
      })
    )
    const maximise = fc.record({ steps, relativeChange: threshold }).map(Stage.expectationMaximization)
    const power = fc.record({ steps, relativeChange: threshold }).map(Stage.powerIteration)
    const simple = fc.oneof(
      { weight: 4, arbitrary: descend },
      ...(O.isSome(Score.interpret(score).family) ? [maximise] : []),
      ...(score._tag === 'SymmetricPair' ? [power] : [])
    )
    const times = fc.integer({ min: 1, max: 2 })
    return pipe(
      fc.oneof(
        { weight: 8, arbitrary: simple },
        fc.array(simple, { maxLength: 2 }).map(Stage.sequence),
        fc.tuple(times, simple).map(([times, stage]) => Stage.repeat(times)(stage)),
        fc
          .tuple(fc.array(timesOf(schedule), { minLength: 1, maxLength: 2 }), simple)
          .map(([times, stage]) => Stage.anneal(times)(stage)),
        fc.tuple(times, simple).map(([times, stage]) => Stage.restart(times)(stage))
      ),
      printed(Stage.show)
    )
  }

interface PipelineOptions {
  /** Whether some have custom parts, which hold code and do not survive JSON. */
  readonly code?: boolean
}

/** Pipelines that compile on the points, of up to two stages. */
export const pipelines =
  ({ code = true }: PipelineOptions = {}) =>
  (points: Points): fc.Arbitrary<Pipeline.Pipeline<string>> => {
    // A score with parameters of other names beside those whose names are forgotten.
    const custom = student as unknown as Score.Score<string>
    const fitting = scores.filter(score => minRows(score) <= points.rows)
    return pipe(
      fc
        .record({
          schedule: code ? schedules : fc.constant(Schedule.ornsteinUhlenbeck),
          score: code ? fc.oneof({ weight: 5, arbitrary: fitting }, fc.constant(custom)) : fitting
        })
        .chain(({ schedule, score }) =>
          fc.record({
            schedule: fc.constant(schedule),
            score: fc.constant(score),
            initializer: initializers(score)(points.dim),
            stages: fc.array(stages(schedule, score)(points), { maxLength: 2 })
          })
        )
        .map(Pipeline.of),
      printed(Pipeline.show)
    )
  }

/**
 * Objectives, initializers, stages, whole pipelines and what they are made of at random: small enough to run in milliseconds, and such that they
 * fit together. Of what stands alone `arbitraries.of` draws from its fields.
 */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { shapeSize } from '../../lib/arrays/ndarray.js'
import { add, matMul, mean, mul, neg, reshape, sqrt, square, sub, sum, tanh } from '../../lib/index.js'
import type { Points } from '../../src/data/points.js'
import {
  Covariance,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Rate,
  Region,
  type Schedule,
  Stage,
  NoiseLevels,
  Weighting
} from '../../src/index.js'
import * as Expectation from '../../src/objective/expectation.js'
import * as Initializer from '../../src/pipeline/initializer.js'
import * as Score from '../../src/score/score.js'
import * as ExpectationMaximization from '../../src/mixture/em/expectationMaximization.js'
import {
  dyadic,
  expectations,
  minRows,
  of,
  parametrizations,
  params,
  real,
  schedules,
  times as timesOf
} from '../../src/laws/arbitraries.js'
import { printed } from '../../src/laws/check.js'
import { isBuiltByCode } from '../../src/laws/script.js'
import * as SplitAndMerge from '../../src/mixture/em/splitAndMerge.js'

export * from '../../src/laws/arbitraries.js'

type Table<T> = Readonly<Record<string, fc.Arbitrary<T>>>

/** Any case, each as likely as the others. A counterexample shrinks to the first one, if that is one too. */
const anyOf = <T>(table: Table<T>): fc.Arbitrary<T> =>
  fc.oneof({ withCrossShrink: true }, ...Object.values<fc.Arbitrary<T>>(table))

/** Any case of a description that holds others of its kind, up to two deep: the leaves, and what is made of them. */
const nested = <T>(leaves: Table<T>, nests: (inner: fc.Arbitrary<T>) => Table<T>): fc.Arbitrary<T> =>
  fc.letrec<{ readonly any: T }>(tie => ({
    any: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      { weight: Object.keys(leaves).length, arbitrary: anyOf(leaves) },
      ...Object.values<fc.Arbitrary<T>>(nests(tie('any'))).map(arbitrary => ({ weight: 2, arbitrary }))
    )
  })).any

/** Noise level distributions of every kind that a schedule admits. */
const anyNoiseLevels = (schedule: Schedule.Schedule): fc.Arbitrary<NoiseLevels.NoiseLevels> =>
  of(NoiseLevels.concept).filter(law => NoiseLevels.problems(schedule)(law).length === 0)

// —— scores ——

/** A student network that is no mixture: s(x) = −A tanh(x) − bx, b a number for each coordinate. */
export const student: Score.Score<'matrix' | 'offset'> = Score.custom({
  name: 'tanh student',
  shapes: dim => ({ matrix: [dim, dim], offset: [dim] }),
  apply: ({ matrix, offset }, x, { alpha }) =>
    neg(add(matMul(tanh(x), matrix), mul(alpha, mul(reshape(offset, [1, -1]), x))))
})

/** The built-in families, of up to four components. */
const scores: fc.Arbitrary<Score.Score<string>> = pipe(
  fc.oneof(
    { withCrossShrink: true },
    fc.constant<Score.Score<string>>(Score.symmetricPair),
    fc.integer({ min: 1, max: 4 }).map((components): Score.Score<string> => Score.spherical({ components })),
    fc.integer({ min: 1, max: 4 }).map((components): Score.Score<string> => Score.isotropic({ components })),
    fc
      .tuple(
        fc.constantFrom(
          ...[Score.tiedIsotropic, Score.diagonal, Score.tiedDiagonal, Score.tied, Score.full].map(
            (family): ((components: number) => Score.Score<string>) =>
              components =>
                family({ components })
          ),
          (components: number): Score.Score<string> => Score.lowRank({ components, rank: 1 })
        ),
        fc.integer({ min: 1, max: 4 })
      )
      .map(([family, components]) => family(components)),
    fc
      .record({
        components: fc.integer({ min: 1, max: 3 }),
        covariance: of(Covariance.concept),
        weights: fc.constantFrom('free', 'equal')
      })
      .map((parts): Score.Score<string> => Score.mixture(parts))
  ),
  printed(score => Score.show(score))
)

const isMixture = <P extends string>(score: Score.Score<P>): boolean => Score.interpret(score).family !== undefined

// —— objectives ——

/** Penalties on the parameters of a score, of each norm: of all, of some, or towards values that know no dimension. */
const regularizers = <P extends string>(score: Score.Score<P>): fc.Arbitrary<Objective.Objective> => {
  const [one, two]: ReadonlyArray<Params.Shapes<string>> = [1, 2].map(dim => Score.shapes(dim)(score))
  const names = Params.names(one)
  const lasting = names.filter(name => one[name].join() === two[name].join())
  const of = fc.oneof(
    fc.constant({}),
    fc.subarray([...names], { minLength: 1 }).map(parameters => ({ parameters })),
    ...lasting.map(name =>
      fc
        .array(real(2), { minLength: shapeSize(one[name]), maxLength: shapeSize(one[name]) })
        .map(values => ({ towards: { [name]: { shape: one[name], values: Float64Array.from(values) } } }))
    )
  )
  return fc
    .record({ norm: fc.constantFrom('l2' as const, 'l1' as const), smoothing: fc.constantFrom(0, 0.125), of })
    .map(({ of, ...norm }) => Objective.regularizer({ ...norm, ...of }))
}

/** An objective written as one writes one's own: pseudo-Huber. */
const pseudoHuber = (noiseLevels: NoiseLevels.NoiseLevels): Objective.Objective =>
  Objective.custom('pseudo-Huber', noiseLevels, ({ score, target }) =>
    mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1)
  )

/** One over pairs of rows, as one writes one's own: |E(s + z/σ)|², by ⟨u, u′⟩. */
const ofPairs = (time: number): Objective.Objective =>
  Objective.pairwise(
    'mean error',
    NoiseLevels.at(time),
    ({ score, target }) => sub(score, target),
    (a, b) => sum(mul(a, b), 2)
  )

interface ObjectivesOptions {
  /** Whether some are custom, which hold code and do not survive JSON. */
  readonly code?: boolean
  /** How many columns the data have: only then there are objectives that know it, against a mixture and along a direction. */
  readonly columns?: number
  /** Whether there are two rows and more, all without weights: only then there are objectives over pairs of rows. */
  readonly pairs?: boolean
}

/**
 * Objectives of every kind that a score admits: the likelihood is for those that have a density. Weights nest, and so do
 * sums.
 */
const objectives = <P extends string>(
  schedule: Schedule.Schedule,
  score: Score.Score<P>,
  { code = true, columns, pairs = false }: ObjectivesOptions = {}
): fc.Arbitrary<Objective.Objective> => {
  // What is measured against the noise has some.
  const law = anyNoiseLevels(schedule).filter(law => !NoiseLevels.show(law).includes('clean'))
  const measured = fc.tuple(law, fc.option(parametrizations, { nil: undefined }))
  const probes = fc.record({
    divergence: fc.constantFrom('exact' as const, 'hutchinson' as const, 'sliced' as const),
    probes: fc.integer({ min: 1, max: 2 }),
    law: fc.constantFrom('rademacher' as const, 'normal' as const)
  })
  const matching = {
    Denoising: measured.map(([law, parametrization]) => Objective.denoising(law, parametrization)),
    Implicit: fc
      .tuple(law, fc.option(probes, { nil: undefined }))
      .map(([law, options]) => Objective.implicit(law, options)),
    Custom: code ? law.map(pseudoHuber) : law.map(law => Objective.denoising(law))
  }
  const truth = (dim: number): fc.Arbitrary<Mixture.Mixture> =>
    fc
      .array(fc.array(real(2), { minLength: dim, maxLength: dim }), { minLength: 1, maxLength: 3 })
      .map(means => Mixture.of({ means }))
  const ofColumns: Table<Objective.Objective> =
    columns === undefined
      ? {}
      : {
          FisherDivergence: fc.tuple(truth(columns), law).map(([truth, law]) => Objective.fisherDivergence(truth, law)),
          DirectionalDerivative: fc
            .tuple(params(score)(columns), law)
            .map(([direction, law]) => Objective.directionalDerivative(direction)(Objective.denoising(law)))
        }
  // A term without noise levels has no use for a weighting of theirs.
  const weighted = fc
    .tuple(of(Weighting.concept), anyOf(matching))
    .map(([weighting, objective]) => Objective.weight(weighting)(objective))
  return pipe(
    nested<Objective.Objective>(
      {
        ...matching,
        Likelihood: isMixture(score) ? fc.constant(Objective.likelihood) : matching.Denoising,
        ...ofColumns,
        ...(code && pairs && { Pairwise: timesOf(schedule).map(ofPairs) }),
        Regularizer: regularizers(score)
      },
      inner => ({
        Weight: fc.oneof(
          fc.tuple(real(2), inner).map(([weight, objective]) => Objective.weight(weight)(objective)),
          weighted
        ),
        Sum: fc.array(inner, { minLength: 1, maxLength: 3 }).map(Objective.sum),
        LabelDropout: fc
          .tuple(fc.constantFrom(0.1, 0.5), inner)
          .map(([share, objective]) => Objective.labelDropout(share)(objective))
      })
    ),
    printed(Objective.show)
  )
}

// —— optimizers ——

/** Optimizers that descend whatever the parameters and the noise: recipes of every kind, tamed and not. */
const descents: fc.Arbitrary<Optimizer.Optimizer> = (() => {
  const rate = fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: dyadic(1 / 64, 0.25).map(Rate.constant) },
    fc.constantFrom(Rate.cosine({ rate: 0.25, steps: 4, warmUp: 2 }), Rate.piecewise(0.25, [{ from: 2, rate: 0.125 }]))
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
        Optimizer.lion,
        Optimizer.lamb,
        Optimizer.scheduleFree
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

// —— pipelines ——

/** Initializers of every kind that a score admits on data of a dimension, and values of its parameters. */
const initializers =
  <P extends string>(score: Score.Score<P>) =>
  ({ rows, dim }: Pick<Points, 'rows' | 'dim'>): fc.Arbitrary<Initializer.Initializer> => {
    const points = { rows, dim, values: Key.normal(rows * dim)(Key.fromSeed(1)) }
    return fc.oneof(
      {
        weight: 9,
        arbitrary: of(Initializer.concept).filter(one => E.isRight(Initializer.interpret(score, points)(one)))
      },
      params(score)(dim).map(Initializer.values)
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
  pipe(O.fromNullable(Score.interpret(score).family), O.exists(can))

/** Stages of every kind that a score admits on the points, of up to four steps each; they nest. */
const stages =
  <P extends string>(schedule: Schedule.Schedule, score: Score.Score<P>, { code = true }: PipelineOptions = {}) =>
  (points: Points): fc.Arbitrary<Stage.Stage> => {
    const steps = fc.integer({ min: 0, max: 4 })
    const threshold = fc.constantFrom(0, 0.01, 0.5, 2)
    // The Hessian of a score of one's own that is interpreted takes seconds.
    const exact = fc.constantFrom<Optimizer.Optimizer>(
      Optimizer.lbfgs({ memory: 3 }),
      ...(has(score, () => true) ? [Optimizer.newton()] : [])
    )
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
          optimizer: Expectation.isDeterministicExpectation(expectation)
            ? fc.oneof({ withCrossShrink: true }, { weight: 3, arbitrary: recipes }, exact)
            : recipes
        })
        // Fixed noise has a row for each row of the data.
        return Expectation.fixedNoiseSize(expectation) !== undefined
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
      nested<Stage.Stage>(
        {
          Descend: descend,
          ExpectationMaximization: has(score, ExpectationMaximization.supportsEM)
            ? fc
                .record({ ...rules, varianceFloor, time: timesOf(schedule) }, { requiredKeys: ['steps'] })
                .map(Stage.expectationMaximization)
            : descend,
          SplitAndMerge: has(score, SplitAndMerge.supportsSplitAndMerge)
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
    const custom: Score.Score<string> = student
    const fitting = scores.filter(score => minRows(score) <= points.rows)
    return pipe(
      fc
        .record({
          schedule: code ? schedules : schedules.filter(isBuiltByCode),
          score: code ? fc.oneof({ weight: 5, arbitrary: fitting }, fc.constant(custom)) : fitting
        })
        .chain(({ schedule, score }) =>
          fc.record({
            schedule: fc.constant(schedule),
            score: fc.constant(score),
            initializer: initializers(score)(points),
            stages: fc.array(stages(schedule, score, { code })(points), { maxLength: 2 })
          })
        )
        .map(Pipeline.of),
      printed(Pipeline.show)
    )
  }

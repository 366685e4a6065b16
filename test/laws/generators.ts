/**
 * Objectives, initializers, stages, whole pipelines and what they are made of at random: small enough to run in milliseconds, and such that they
 * fit together. Of what stands alone `arbitraries.of` draws from its fields.
 */
import fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { size } from '../../lib/arrays/ndarray.js'
import { add, matMul, mean, mul, neg, reshape, sqrt, square, sub, sum, tanh } from '../../lib/index.js'
import type { Points } from '../../src/data/points.js'
import {
  Covariance,
  Mixture,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  Pipeline,
  Rate,
  Region,
  Schedule,
  Stage,
  TimeLaw,
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
import { isPlain } from '../../src/laws/script.js'
import * as SplitAndMerge from '../../src/mixture/em/splitAndMerge.js'

export * from '../../src/laws/arbitraries.js'

interface Tagged {
  readonly _tag: string
}

/** An arbitrary for each case: a new case of a description does not compile until it has one. */
export type Table<T extends Tagged, K extends T['_tag'] = T['_tag']> = { readonly [Tag in K]: fc.Arbitrary<T> }

const cases = <T extends Tagged, K extends T['_tag']>(table: Table<T, K>): ReadonlyArray<fc.Arbitrary<T>> =>
  Object.values<fc.Arbitrary<T>>(table)

/** Any case, each as likely as the others. A counterexample shrinks to the first one, if that is one too. */
export const anyOf = <T extends Tagged, K extends T['_tag'] = T['_tag']>(table: Table<T, K>): fc.Arbitrary<T> =>
  fc.oneof({ withCrossShrink: true }, ...cases<T, K>(table))

/** Any case of a description that holds others of its kind, up to two deep: the leaves, and what is made of them. */
export const nested = <T extends Tagged, K extends T['_tag']>(
  leaves: Table<T, K>,
  nests: (inner: fc.Arbitrary<T>) => Table<T, Exclude<T['_tag'], K>>
): fc.Arbitrary<T> =>
  fc.letrec<{ readonly any: T }>(tie => {
    const leaf = cases<T, K>(leaves)
    const around = cases<T, Exclude<T['_tag'], K>>(nests(tie('any')))
    return {
      any: fc.oneof(
        { maxDepth: 2, withCrossShrink: true },
        { weight: leaf.length, arbitrary: anyOf<T, K>(leaves) },
        ...around.map(arbitrary => ({ weight: 2, arbitrary }))
      )
    }
  }).any

// —— noise ——

/** Time laws of every kind that a schedule admits. */
export const timeLaws = (schedule: Schedule.Schedule): fc.Arbitrary<TimeLaw.TimeLaw> => {
  const time = timesOf(schedule)
  const admitted = (law: TimeLaw.TimeLaw): boolean => TimeLaw.problems(schedule)(law).length === 0
  const interval = fc
    .tuple(time, time)
    .filter(([a, b]) => a !== b)
    .map(([a, b]): readonly [number, number] => [Math.min(a, b), Math.max(a, b)])
  const evenLogSnr = ([first, last]: readonly [number, number]): TimeLaw.TimeLaw =>
    TimeLaw.uniformLogSnr(Schedule.logSnr(last)(schedule), Schedule.logSnr(first)(schedule))
  const normal = { mean: real(1), deviation: dyadic(0.5, 1.5) }

  const uniform = interval.map(([lo, hi]) => TimeLaw.uniform(lo, hi))
  const uniformLogSnr = interval.map(evenLogSnr)
  const logNormal = fc.record(normal).map(TimeLaw.logNormal).filter(admitted)
  const logitNormal = fc.record({ ...normal, until: time }).map(TimeLaw.logitNormal)
  const likelihood = fc
    .record({ until: time, nodes: fc.integer({ min: 1, max: 4 }), leastVariance: fc.constantFrom(1, 0.1, 1e-4) })
    .map(TimeLaw.likelihood)
  const drawn = fc.oneof(uniform, uniformLogSnr, logNormal, logitNormal)

  const importance = fc
    .tuple(interval, interval, fc.nat({ max: 3 }), fc.nat({ max: 2 }), fc.boolean())
    .map(([within, other, of, by, evenly]) => {
      const around = [Math.min(within[0], other[0]), Math.max(within[1], other[1])] as const
      const target = [
        TimeLaw.uniform(...within),
        evenLogSnr(within),
        TimeLaw.logitNormal({ until: within[1] }),
        TimeLaw.likelihood({ until: within[1], nodes: 4, leastVariance: 0.1 })
      ][of]
      const proposal = [
        TimeLaw.uniform(...around),
        TimeLaw.logitNormal({ deviation: 1.5, until: around[1] }),
        TimeLaw.logNormal({ mean: 0, deviation: 2 })
      ][by]
      return TimeLaw.importance({ proposal: evenly ? TimeLaw.stratified(proposal) : proposal, target })
    })
    .filter(admitted)

  return pipe(
    nested<TimeLaw.TimeLaw, string>(
      {
        At: time.map(TimeLaw.at),
        Clean: admitted(TimeLaw.clean) ? fc.constant(TimeLaw.clean) : time.map(TimeLaw.at),
        Uniform: uniform,
        OneOf: fc.array(time, { minLength: 1, maxLength: 4 }).map(TimeLaw.oneOf),
        Nodes: fc.array(fc.record({ time, weight: real(2) }), { minLength: 1, maxLength: 3 }).map(TimeLaw.nodes),
        Likelihood: likelihood,
        UniformLogSnr: uniformLogSnr,
        LogNormal: logNormal,
        LogitNormal: logitNormal,
        Importance: importance,
        Stratified: fc.oneof({ weight: 4, arbitrary: drawn }, importance).map(TimeLaw.stratified)
      },
      inner => ({
        Gauss: fc.tuple(fc.integer({ min: 1, max: 4 }), inner).map(([nodes, law]) => TimeLaw.gauss(nodes)(law))
      })
    ),
    printed(TimeLaw.show)
  )
}

// —— scores ——

/** A network of each parametrization. */
export const networks: fc.Arbitrary<Score.Score<string>> = fc
  .constantFrom(
    Parametrization.noise,
    Parametrization.score,
    Parametrization.data,
    Parametrization.velocity,
    Parametrization.flow,
    Parametrization.edm()
  )
  .chain(predicts =>
    fc.constantFrom<Score.Score<string>>(
      Score.network(Net.chain<string>(Net.tanh, Net.output()), { predicts }),
      Score.network(Net.heads(Net.tanh, { width: Net.linear(1), said: Net.output() }), { heads: { said: predicts } })
    )
  )
  .map(score => ({ ...score, [fc.toStringMethod]: () => `\n${Score.show(score)}` }))

/** A student network that is no mixture: s(x) = −A tanh(x) − bx, b a number for each coordinate. */
export const student: Score.Score<'matrix' | 'offset'> = Score.custom({
  name: 'tanh student',
  shapes: dim => ({ matrix: [dim, dim], offset: [dim] }),
  apply: ({ matrix, offset }, x, { alpha }) =>
    neg(add(matMul(tanh(x), matrix), mul(alpha, mul(reshape(offset, [1, -1]), x))))
})

/** The built-in families, of up to four components. */
export const scores: fc.Arbitrary<Score.Score<string>> = pipe(
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
        .array(real(2), { minLength: size(one[name]), maxLength: size(one[name]) })
        .map(values => ({ towards: { [name]: { shape: one[name], values: Float64Array.from(values) } } }))
    )
  )
  return fc
    .record({ norm: fc.constantFrom('l2' as const, 'l1' as const), smoothing: fc.constantFrom(0, 0.125), of })
    .map(({ of, ...norm }) => Objective.regularizer({ ...norm, ...of }))
}

/** An objective written as one writes one's own: pseudo-Huber. */
const pseudoHuber = (timeLaw: TimeLaw.TimeLaw): Objective.Objective =>
  Objective.custom('pseudo-Huber', timeLaw, ({ score, target }) =>
    mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1)
  )

/** One over pairs of rows, as one writes one's own: |E(s + z/σ)|², by ⟨u, u′⟩. */
const ofPairs = (time: number): Objective.Objective =>
  Objective.pairwise(
    'mean error',
    TimeLaw.at(time),
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
export const objectives = <P extends string>(
  schedule: Schedule.Schedule,
  score: Score.Score<P>,
  { code = true, columns, pairs = false }: ObjectivesOptions = {}
): fc.Arbitrary<Objective.Objective> => {
  // What is measured against the noise has some.
  const law = timeLaws(schedule).filter(law => !TimeLaw.show(law).includes('clean'))
  const measured = fc.tuple(law, fc.option(parametrizations, { nil: undefined }))
  const probes = fc.record({
    divergence: fc.constantFrom('exact' as const, 'hutchinson' as const, 'sliced' as const),
    probes: fc.integer({ min: 1, max: 2 }),
    law: fc.constantFrom('rademacher' as const, 'normal' as const)
  })
  const matching: Table<Objective.Objective, 'Denoising' | 'Implicit' | 'Custom'> = {
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
  const ofColumns: Table<Objective.Objective, string> =
    columns === undefined
      ? {}
      : {
          Against: fc.tuple(truth(columns), law).map(([truth, law]) => Objective.against(truth, law)),
          Along: fc
            .tuple(params(score)(columns), law)
            .map(([direction, law]) => Objective.along(direction)(Objective.denoising(law)))
        }
  // A term without noise levels has no use for a weighting of theirs.
  const weighted = fc
    .tuple(of(Weighting.concept), anyOf(matching))
    .map(([weighting, objective]) => Objective.weight(weighting)(objective))
  return pipe(
    nested<Objective.Objective, string>(
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
export const descents: fc.Arbitrary<Optimizer.Optimizer> = (() => {
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
      Values: params(score)(dim).map(Initializer.values),
      ...(initial && { Own: fc.constant(Initializer.own) })
    }
    const perturbed = (inner: fc.Arbitrary<Initializer.Initializer>): fc.Arbitrary<Initializer.Initializer> =>
      fc.tuple(dyadic(0, 1), inner).map(([scale, inner]) => Initializer.perturbed(scale)(inner))
    const withoutFamily = (): fc.Arbitrary<Initializer.Initializer> => {
      const start = anyOf<Initializer.Initializer>(anywhere)
      return fc.oneof({ withCrossShrink: true }, start, perturbed(fc.oneof(start, perturbed(start))))
    }
    const ofFamily = (family: Score.Family<P>): fc.Arbitrary<Initializer.Initializer> => {
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
          KMeansPlusPlusOf: fc.integer({ min: 1, max: 3 }).map(trials => Initializer.kMeansPlusPlusOf({ trials })),
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
    return pipe(family === undefined ? withoutFamily() : ofFamily(family), printed(Initializer.show))
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
export const stages =
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
          optimizer: Expectation.isDeterministic(expectation)
            ? fc.oneof({ withCrossShrink: true }, { weight: 3, arbitrary: recipes }, exact)
            : recipes
        })
        // Fixed noise has a row for each row of the data.
        return Expectation.size(expectation) !== undefined
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
    const custom: Score.Score<string> = student
    const fitting = scores.filter(score => minRows(score) <= points.rows)
    return pipe(
      fc
        .record({
          schedule: code ? schedules : schedules.filter(isPlain),
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

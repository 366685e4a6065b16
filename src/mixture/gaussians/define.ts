/** A family of mixtures, from what it says: what follows of its densities and of its two maps. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import {
  add,
  compute,
  rowDivergence,
  expandDims,
  fromNdArray,
  grad,
  logSoftmax,
  logSumExp,
  softmax,
  type NdArray,
  type Tensor
} from '../../../lib/index.js'
import { refuse } from '../../../lib/plain/refuse.js'
import { Case, type Field } from '../../core/index.js'
import {
  meaningOf,
  levelAgain,
  type Learned,
  type Start,
  type Spec,
  type Family,
  type Model,
  type Meaning,
  type Score,
  type ByDensities,
  type ComponentsOf,
  type RowLevel,
  type Symmetries
} from '../../family/family.js'
import * as Parametrization from '../../family/parametrization.js'
import * as Params from '../../family/params.js'
import * as Gaussian from './gaussian.js'
import * as Maps from './maps.js'

/**
 * How a family's parameters are made of centres: as it says itself, or as the mixture of these centres with equal weights and
 * round components.
 */
export const startOf = <P extends string>(
  { start, fromMixture, components, count }: Family<P>,
  dim: number
): O.Option<Start<P>> =>
  O.isSome(start)
    ? start
    : pipe(
        fromMixture,
        O.map(fromMixture =>
          Maps.start({ fromMixture }, count(dim), params =>
            compute(() => components(Params.map(fromNdArray)(params), dim).centres)
          )
        )
      )

const dimOf = (x: Tensor): number => x.shape[1] ?? 0

/** log(π_k p_k(x)), [rows, K] */
const logJoint = ({ logWeights, logDensity }: ComponentsOf, x: Tensor, level: RowLevel): Tensor =>
  add(logDensity(x, level), expandDims(logWeights, 0))

/**
 * A family of mixtures of one's own, from the log-densities of its components: it is learned by every objective, printed,
 * stored and property-tested as ours are. With `toMixture` and `fromMixture` it is learned by expectation–maximization too, at time 0 and
 * at noise levels, under priors and with missing cells, and starts from the centres of clusters. Where weights are parameters `logits`
 * and centres `means`, `logDensities` stand for `components`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import * as E from 'fp-ts/lib/Either.js'
 * import { Compile, Field, Key, Recipe, Run, Score } from 'ornstein'
 * import { add, div, fill, log, mul, square, squaredDistances } from 'ornstein/float64'
 *
 * // Equal weights, and the variance ¼ in every direction.
 * const clusters = Score.family({
 *   name: 'clusters',
 *   about: 'equal weights, and the variance ¼',
 *   fields: { components: Field.count({ suggestion: 2 }) },
 *   parameters: ({ components }) => dim => ({ means: [components, dim] }),
 *   degreesOfFreedom: ({ components }) => dim => components * dim,
 *   components: ({ components }) => ({ means }, dim) => ({
 *     logWeights: fill([components], -Math.log(components)),
 *     centres: means,
 *     logDensity: (x, { alpha, sigma }) => {
 *       const u = add(mul(0.25, square(alpha)), square(sigma))
 *       return mul(-0.5, add(div(squaredDistances(x, means, alpha), u), mul(dim, log(mul(2 * Math.PI, u)))))
 *     }
 *   }),
 *   moments: () => ({ second: 'none' }),
 *   toMixture: ({ components }) => ({ means }) => ({
 *     means,
 *     weights: new Float64Array(components).fill(1 / components),
 *     variances: new Float64Array(components).fill(0.25),
 *     factors: null
 *   }),
 *   fromMixture: () => ({ means }) => ({ means })
 * })
 * const points = { rows: 4, dim: 1, values: Float64Array.of(-9, 11, 9, -11) }
 * const program = pipe(points, Compile.pipeline(Recipe.expectationMaximization(clusters({ components: 2 }))(points)))
 * assert.ok(E.isRight(program))
 * const { params } = Run.last(program.right)(Key.fromSeed(1))
 * assert.deepEqual([...params.means.values].sort((a, b) => a - b), [-10, 10])
 */
export function family<
  const N extends string,
  P extends string,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null
>(spec: Spec<N, F, P, A> | ByDensities<N, F, P, A>): Case.Constructor<Score<P>, N, F, A, null> {
  const whole = 'components' in spec ? spec : { ...spec, components: componentsOf(spec) }
  return Case.define('Score', {
    ...spec,
    meaning: (fields: Field.Of<F>): Meaning<P> => meaningOf(modelOf(whole, fields))
  })
}

/** Components of log-densities, `logits` and `means`. */
const componentsOf =
  <N extends string, F extends Field.Fields, P extends string, A extends Case.Call>({
    name,
    logDensities
  }: ByDensities<N, F, P, A>): Spec<N, F, P, A>['components'] =>
  fields => {
    const of = logDensities(fields)
    return params => {
      const { logits, means }: Partial<Params.Tensors<string>> = params
      return logits === undefined || means === undefined
        ? refuse(
            `Score.${name}: logDensities are of a family with means and logits among its parameters; say its components`
          )
        : { logWeights: logSoftmax(logits), centres: means, logDensity: (x, level) => of(params, x, level) }
    }
  }

/** How many entries of parameters are free, except for a sum that the weights have. */
const freedomOf = (shapes: Params.Shapes<string>): number =>
  Params.sizeOf(shapes) - (Object.hasOwn(shapes, 'logits') ? 1 : 0)

/** What a family means, from what it says. */
export const modelOf = <N extends string, F extends Field.Fields, P extends string, A extends Case.Call>(
  spec: Spec<N, F, P, A>,
  fields: Field.Of<F>
): Model<P> => {
  const of = <C>(capability: ((fields: Field.Of<F>) => C | undefined) | undefined): O.Option<C> =>
    O.fromNullable(capability?.(fields)) as O.Option<C>
  /** What follows of two maps. */
  const followed = <C>(follow: (moments: Partial<Learned>, maps: Maps.Maps<P>) => C): O.Option<C> =>
    pipe(
      O.Do,
      O.bind('toMixture', () => of(spec.toMixture)),
      O.bind('fromMixture', () => of(spec.fromMixture)),
      O.map(maps => follow(spec.unitVariance ? { second: 'none' } : (spec.moments?.(fields) ?? {}), maps))
    )
  const closed = <C>(
    under: 'shift' | 'scale',
    own: ((fields: Field.Of<F>) => C | undefined) | undefined,
    follow: (maps: Maps.Maps<P>) => C
  ): O.Option<C> =>
    pipe(
      of(own),
      O.alt(() => (spec.closedUnder?.includes(under) === true ? followed((_, maps) => follow(maps)) : O.none))
    )
  const shapes = spec.parameters(fields)
  const components = spec.components(fields)
  const logDensity =
    spec.logDensity?.(fields) ??
    ((params: Params.Tensors<P>, x: Tensor, level: RowLevel): Tensor =>
      logSumExp(logJoint(components(params, dimOf(x)), x, level), 1, true))
  const score =
    spec.score?.(fields) ??
    ((params: Params.Tensors<P>, x: Tensor, level: RowLevel): Tensor => grad(at => logDensity(params, at, level))(x))
  const called = spec.called?.(fields) ?? null
  return {
    ...(called !== null && { called }),
    shapes,
    degreesOfFreedom: spec.degreesOfFreedom?.(fields) ?? (dim => freedomOf(shapes(dim))),
    predicts: Parametrization.score,
    output: score,
    heads: O.none,
    score,
    divergence:
      spec.divergence?.(fields) ??
      ((params: Params.Tensors<P>, x: Tensor, level: RowLevel): Tensor =>
        rowDivergence((at, again) => score(params, at, levelAgain(level, again)))(x)),
    initial: O.none,
    family: O.some({
      components,
      logDensity,
      responsibilities: (params, x, level) => softmax(logJoint(components(params, dimOf(x)), x, level)),
      count:
        spec.count?.(fields) ??
        (dim =>
          compute(() => components(Params.map(fromNdArray)(Params.zeros(shapes(dim))), dim).logWeights).values.length),
      leastRows: spec.leastRows?.(fields) ?? (() => 1),
      unitVariance: spec.unitVariance ?? false,
      mirrored: spec.mirrored ?? false,
      hasBackground: spec.hasBackground ?? false,
      hasTails: spec.hasTails ?? false,
      held: spec.held ?? [],
      placed: of(spec.placed),
      mStep: pipe(
        of(spec.mStep),
        O.alt(() => followed(({ second = 'full', ...more }, maps) => Maps.mStep(maps, { second, ...more })))
      ),
      sufficient: of(spec.sufficient),
      onlyClean: O.fromNullable(spec.onlyClean),
      start: of(spec.start),
      fromMixture: of(spec.fromMixture),
      toMixture: of(spec.toMixture),
      shifted: closed('shift', spec.shifted, Maps.shifted),
      scaled: closed('scale', spec.scaled, Maps.scaled),
      distance: pipe(
        of(spec.distance),
        O.alt(() => followed(({ isShared }, maps) => Maps.distance(maps, isShared)))
      ),
      projection: of(spec.projection),
      symmetries: pipe(
        of(spec.symmetries),
        O.alt(() => relabelled(spec, fields))
      )
    })
  }
}

/** Components in another order, of a family that is asked for their number: the arrays that grow with it are theirs. */
const relabelled = <N extends string, F extends Field.Fields, P extends string, A extends Case.Call>(
  { parameters }: Spec<N, F, P, A>,
  fields: Field.Of<F>
): O.Option<Symmetries<P>> =>
  'components' in fields && typeof fields.components === 'number'
    ? O.some({
        relabel: order => {
          const more = parameters({ ...fields, components: order.length + 1 })
          return params => {
            const { means } = params as Params.Params<string> & { readonly means?: NdArray }
            const dim = means?.shape[1] ?? 1
            return Gaussian.relabelledAs(parameters(fields)(dim), more(dim))(order)(params)
          }
        }
      })
    : O.none

/** Definition of a family of mixtures. */
import { pipe } from 'fp-ts/lib/function.js'
import * as RR from 'fp-ts/lib/ReadonlyRecord.js'
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
import { Case, argumentWithFields, type Field } from '../../core/index.js'
import {
  checkedFamily,
  concept,
  meaningOfModel,
  repeatLevel,
  type Learned,
  type CentreConversion,
  type Spec,
  type FamilyParts,
  type FamilyOfFields,
  type Family,
  type Model,
  type Meaning,
  type Score,
  type ByDensities,
  type ComponentsOf,
  type RowLevel,
  type Symmetries
} from '../family.js'
import * as Parametrization from '../../schedule/parametrization.js'
import * as Params from '../../core/params.js'
import * as Gaussian from './gaussian.js'
import * as Maps from './maps.js'

/** The family's own conversion, or through a mixture of equally weighted isotropic components. */
export const familyStart = <P extends string>(family: Family<P>, dim: number): CentreConversion<P> | undefined => {
  if (concept.is(family))
    return refuse(
      'Score.familyStart: a score is not what it can do; give Score.interpret(score).family, or ask Score.fromMixture(score)(mixture) for the parameters of a mixture'
    )
  const { start, fromMixture, components, count } = checkedFamily(family, 'Score.familyStart(family, dim)')
  if (start !== undefined) return start
  if (fromMixture === undefined) return undefined
  const centres = (params: Params.Params<P>): NdArray =>
    compute(() => components(Params.map(fromNdArray)(params), dim).centres)
  return Maps.startFromMaps({ fromMixture }, count(dim), centres)
}

const columnCount = (x: Tensor): number => x.shape[1] ?? 0

/** log(π_k p_k(x)), [rows, K] */
const logJointDensity = ({ logWeights, logDensity }: ComponentsOf, x: Tensor, level: RowLevel): Tensor =>
  add(logDensity(x, level), expandDims(logWeights, 0))

/**
 * Defines a custom family of mixtures from the log-densities of its components, for every objective. With `toMixture` and `fromMixture` it
 * can also be fitted by EM, at any level, under priors and with missing cells, and initialized from centres. If its parameters include
 * `logits` (log weights) and `means` (centres), give `logDensities` instead of `components`.
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
>(
  spec: Spec<N, F, P, A> | ByDensities<N, F, P, A> | FamilyOfFields<N, F, P, A>
): Case.Constructor<Score<P>, N, F, A, null> {
  argumentWithFields(
    spec,
    ['name'],
    'what a family says, { name, about, parameters, components, … }',
    'Score.family(says)'
  )
  const made =
    'made' in spec
      ? spec.made
      : partsOfFields('components' in spec ? spec : { ...spec, components: componentsFromDensities(spec) })
  return Case.define('Score', {
    ...spec,
    meaning: (fields: Field.Of<F>): Meaning<P> => meaningOfModel(modelOfFamily(made(fields)))
  })
}

const isOfFields = (part: unknown): part is (fields: unknown) => unknown => typeof part === 'function'

/** Parts for given fields, and permutations if one field is the number of components. */
const partsOfFields =
  <N extends string, F extends Field.Fields, P extends string, A extends Case.Call>(spec: Spec<N, F, P, A>) =>
  (fields: Field.Of<F>): FamilyParts<P> => {
    const said = pipe(spec as Readonly<Record<string, unknown>>, RR.deleteAt('check'), RR.deleteAt('formula'))
    const parts = RR.map(part => (isOfFields(part) ? part(fields) : part))(said) as unknown as FamilyParts<P>
    if (parts.symmetries !== undefined || !('components' in fields) || typeof fields.components !== 'number')
      return parts
    const relabel: Symmetries<P>['relabel'] = order => {
      const more = spec.parameters({ ...fields, components: order.length + 1 })
      return params => {
        const { means } = params as Params.Params<string> & { readonly means?: NdArray }
        const dim = means?.shape[1] ?? 1
        return Gaussian.relabelledAs(parts.parameters(dim), more(dim))(order)(params)
      }
    }
    return { ...parts, symmetries: { relabel } }
  }

const componentsFromDensities =
  <N extends string, F extends Field.Fields, P extends string, A extends Case.Call>({
    name,
    logDensities
  }: ByDensities<N, F, P, A>): Spec<N, F, P, A>['components'] =>
  fields =>
  params => {
    const { logits, means }: Partial<Params.Tensors<string>> = params
    return logits === undefined || means === undefined
      ? refuse(
          `Score.${name}: logDensities are of a family with means and logits among its parameters; say its components`
        )
      : {
          logWeights: logSoftmax(logits),
          centres: means,
          logDensity: (x, level) => logDensities(fields)(params, x, level)
        }
  }

const freeParameterCount = (shapes: Params.Shapes<string>): number =>
  Params.paramsSize(shapes) - (Object.hasOwn(shapes, 'logits') ? 1 : 0)

/** Absent parts are derived from the densities or the conversions. */
export const modelOfFamily = <P extends string>(made: FamilyParts<P>): Model<P> => {
  const { parameters: shapes, components, toMixture, fromMixture, closedUnder = [], moments = {}, called = null } = made
  const maps = toMixture && fromMixture && { toMixture, fromMixture }
  const unclosed = closedUnder.filter(change => !maps && !(change === 'shift' ? made.shifted : made.scaled))
  const { second = 'full', ...more }: Partial<Learned> = made.unitVariance ? { second: 'none' } : moments
  const {
    logDensity = (params, x, level) =>
      logSumExp(logJointDensity(components(params, columnCount(x)), x, level), 1, true),
    score = (params, x, level) => grad(at => logDensity(params, at, level))(x),
    divergence = (params, x, level) => rowDivergence((at, again) => score(params, at, repeatLevel(level, again)))(x)
  } = made
  return {
    ...(called !== null && { called }),
    shapes,
    degreesOfFreedom: made.degreesOfFreedom ?? (dim => freeParameterCount(shapes(dim))),
    predicts: Parametrization.score,
    output: score,
    score,
    divergence,
    family: {
      components,
      logDensity,
      responsibilities: (params, x, level) => softmax(logJointDensity(components(params, columnCount(x)), x, level)),
      count:
        made.count ??
        (dim =>
          compute(() => components(Params.map(fromNdArray)(Params.zeros(shapes(dim))), dim).logWeights).values.length),
      leastRows: made.leastRows ?? (() => 1),
      unitVariance: made.unitVariance ?? false,
      mirrored: made.mirrored ?? false,
      hasBackground: made.hasBackground ?? false,
      hasTails: made.hasTails ?? false,
      fixedComponents: made.fixedComponents ?? [],
      ...(unclosed.length > 0 && { unclosed }),
      placed: made.placed,
      mStep: made.mStep ?? (maps && Maps.mStep(maps, { second, ...more })),
      sufficient: made.sufficient,
      onlyClean: made.onlyClean,
      start: made.start,
      fromMixture,
      toMixture,
      shifted: made.shifted ?? (maps && closedUnder.includes('shift') ? Maps.shiftParams(maps) : undefined),
      scaled: made.scaled ?? (maps && closedUnder.includes('scale') ? Maps.scaleParams(maps) : undefined),
      distance: made.distance ?? (maps && Maps.paramsDistance(maps, more)),
      projection: made.projection,
      symmetries: made.symmetries
    }
  }
}

/** Mixtures with a background: a fixed density for rows of no component. */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { cumulative } from '../../../lib/arrays/entries.js'
import { scalarArray } from '../../../lib/arrays/ndarray.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import { add, concat, exp, neg, reshape, softplus, stack, stopGradient } from '../../../lib/index.js'
import { Case, Field } from '../../core/index.js'
import type { Points } from '../../data/points.js'
import { concept, type ComponentsOf, type Model, type MStep, type Score } from '../family.js'
import type { Background } from '../mixtureData.js'
import type * as Params from '../../core/params.js'
import * as Backgrounds from './backgrounds.js'
import { modelOfFamily } from './define.js'
import * as Gaussian from './gaussian.js'
import { isotropic } from './round.js'
import {
  modelBuiltOn,
  unsupportedProblems,
  carriedCapabilities,
  learnableGaussians,
  learnedBy,
  type ExtraParameterMaps,
  type LearnableGaussians,
  type GaussianParameter
} from './tails.js'

/** Log-odds of the share, []; the centre and log scales, [dim], which are not estimated. */
export type BackgroundParameter = 'backgroundShare' | 'backgroundCentre' | 'backgroundScale'

type WithBackground = GaussianParameter | BackgroundParameter

const INITIAL_SHARE = 0.05

const logOdds = (share: number): number => {
  const within = Math.min(Math.max(share, Number.MIN_VALUE), 1 - Number.EPSILON)
  return Elementary.log(within) - Elementary.log1p(-within)
}

const pickBackgroundParams = ({
  backgroundShare,
  backgroundCentre,
  backgroundScale
}: Params.Params<WithBackground>): Params.Params<BackgroundParameter> => ({
  backgroundShare,
  backgroundCentre,
  backgroundScale
})

const componentParams = (params: Params.Params<WithBackground>): Params.Params<GaussianParameter> =>
  // The remaining names are the components'.
  Object.fromEntries(
    Object.entries(params).filter(([name]) => !name.startsWith('background'))
  ) as unknown as Params.Params<GaussianParameter>

const backgroundToParams = ({
  share,
  centre,
  scale
}: Omit<Background, 'shape'>): Params.Params<BackgroundParameter> => ({
  backgroundShare: scalarArray(logOdds(share)),
  backgroundCentre: Gaussian.vectorArray(centre),
  backgroundScale: Gaussian.vectorArray(scale.map(Elementary.log))
})

/** Default share, centre and scale (twice the interquartile range), for standardized columns. */
const defaultLocation = (dim: number): Omit<Background, 'shape'> => ({
  share: INITIAL_SHARE,
  centre: new Float64Array(dim),
  scale: new Float64Array(dim).fill(2 * IQR)
})

/** Interquartile range of N(0, 1). */
const IQR = 1.349

/** Sorted values of a column, and cumulative weights. */
interface WeightedColumn {
  readonly rising: Float64Array
  readonly upTo: Float64Array
}

/** Missing cells and rows of weight 0 are left out. */
const weightedColumns = (points: Points): ReadonlyArray<WeightedColumn> =>
  RA.makeBy(points.dim, j => {
    const cell = (i: number): number => points.values[i * points.dim + j]
    const weightOf = (i: number): number => points.weights?.[i] ?? 1
    const there = Uint32Array.from({ length: points.rows }, (_, i) => i).filter(
      i => !Number.isNaN(cell(i)) && weightOf(i) > 0
    )
    // Values without weights sort ten times as fast.
    const rows = points.weights === undefined ? there : Uint32Array.from(there).sort((a, b) => cell(a) - cell(b))
    return {
      rising: Float64Array.from(rows, cell).sort(),
      upTo: cumulative(Float64Array.from(rows, weightOf))
    }
  })

/**
 * The value below which a share of the weight lies, or the midpoint of two (Hyndman & Fan 1996, type 2). A row of weight 2 counts as two.
 */
const weightedQuantile = ({ rising, upTo }: WeightedColumn, share: number): number => {
  const all = upTo[upTo.length - 1]
  // Equal within rounding.
  const rounded = upTo.length * Number.EPSILON * all
  const least = upTo.findIndex(sum => sum >= share * all - rounded)
  const most = upTo.findIndex(sum => sum > share * all + rounded)
  return (rising[least] + rising[most]) / 2
}

const BOX_MARGIN = 1 + 1e-9

const locateByShape: Readonly<
  Record<Background['shape'], (column: WeightedColumn) => { readonly centre: number; readonly scale: number }>
> = {
  cauchy: column => {
    const { rising } = column
    const low = weightedQuantile(column, 0.25)
    const high = weightedQuantile(column, 0.75)
    // Half of the rows are equal.
    const spread = high > low ? high - low : rising[rising.length - 1] - rising[0]
    return { centre: weightedQuantile(column, 0.5), scale: spread > 0 ? 2 * spread : 1 }
  },
  box: ({ rising }) => {
    const low = rising[0]
    const high = rising[rising.length - 1]
    return { centre: (low + high) / 2, scale: high > low ? ((high - low) / 2) * BOX_MARGIN : 1 }
  }
}

const locateBackground = (shape: Background['shape'], points: Points): Pick<Background, 'centre' | 'scale'> => {
  const found = weightedColumns(points).map(locateByShape[shape])
  return {
    centre: Float64Array.from(found, ({ centre }) => centre),
    scale: Float64Array.from(found, ({ scale }) => scale)
  }
}

/** Parameters of both, by name. */
const joinBackground = (
  params: Params.Params<GaussianParameter>,
  background: Params.Params<BackgroundParameter>
): Params.Params<WithBackground> => ({ ...params, ...background })

const backgroundShareOf = ({ backgroundShare }: Params.Params<WithBackground>): number =>
  1 / (1 + Elementary.exp(-backgroundShare.values[0]))

const componentsWithBackground =
  (family: LearnableGaussians['family'], shape: Background['shape']) =>
  (params: Params.Tensors<WithBackground>, dim: number): ComponentsOf => {
    const { logWeights, centres, logDensity } = family.components(params, dim)
    const odds = params.backgroundShare
    const place = stopGradient(stack([params.backgroundCentre, exp(params.backgroundScale)]))
    const background = Backgrounds.backgroundLogDensity(shape, place)
    return {
      logWeights: concat([add(logWeights, neg(softplus(odds))), reshape(neg(softplus(neg(odds))), [1])]),
      centres: concat([centres, reshape(stopGradient(params.backgroundCentre), [1, dim])]),
      logDensity: (x, level) => concat([logDensity(x, level), background(x, level)], 1)
    }
  }

const mStepWithBackground = (mStep: MStep<GaussianParameter>, shape: Background['shape']): MStep<WithBackground> => ({
  ...learnedBy(mStep),
  isGeneralized: true,
  // A noised box is not a mixture of Gaussians.
  ...(shape === 'box' && { onlyClean: true as const }),
  maximise: (params, moments, at) => {
    const { backgroundCount } = moments
    const learned = Gaussian.sumValues(moments.mass)
    const all = learned + (backgroundCount ?? 0)
    // Without rows the components keep their parameters.
    return joinBackground(learned > 0 ? mStep.maximise(params, moments, at) : params, {
      ...pickBackgroundParams(params),
      ...(backgroundCount !== undefined && { backgroundShare: scalarArray(logOdds(backgroundCount / all)) })
    })
  }
})

/** Rotations do not preserve a scale per column. */
const backgroundMaps: ExtraParameterMaps<WithBackground> = {
  turns: false,
  shifted: by => params => ({
    ...params,
    backgroundCentre: {
      shape: params.backgroundCentre.shape,
      values: params.backgroundCentre.values.map((c, j) => c + by[j])
    }
  }),
  scaled: by => params => ({
    ...params,
    backgroundCentre: Gaussian.vectorArray(params.backgroundCentre.values.map((c, j) => by[j] * c)),
    backgroundScale: Gaussian.vectorArray(params.backgroundScale.values.map((l, j) => l + Elementary.log(by[j])))
  })
}

const modelWithBackground = (gaussians: LearnableGaussians, shape: Background['shape']): Model<WithBackground> => {
  const { model, family, mStep, toMixture, fromMixture } = gaussians
  return modelOfFamily<WithBackground>({
    called: `${model.called ?? ''} with ${shape === 'box' ? 'uniform ' : ''}background`,
    parameters: dim => ({
      ...model.shapes(dim),
      backgroundShare: [],
      backgroundCentre: [dim],
      backgroundScale: [dim]
    }),
    // mclust counts the volume of the box too.
    degreesOfFreedom: dim => model.degreesOfFreedom(dim) + (shape === 'box' ? 2 : 1),
    components: componentsWithBackground(family, shape),
    ...carriedCapabilities<WithBackground>(
      gaussians,
      params => joinBackground(params, backgroundToParams(defaultLocation(params.means.shape[1]))),
      move => params => joinBackground(move(componentParams(params)), pickBackgroundParams(params)),
      backgroundMaps
    ),
    ...(family.hasTails && { hasTails: true as const }),
    hasBackground: true,
    placed: points => params => ({
      ...params,
      ...backgroundToParams({ share: backgroundShareOf(params), ...locateBackground(shape, points) })
    }),
    toMixture: params => ({
      ...toMixture(params),
      background: {
        share: backgroundShareOf(params),
        shape,
        centre: params.backgroundCentre.values,
        scale: params.backgroundScale.values.map(Elementary.exp)
      }
    }),
    fromMixture: mixture =>
      joinBackground(
        fromMixture(mixture),
        backgroundToParams(mixture.background ?? defaultLocation(mixture.means.shape[1]))
      ),
    mStep: mStepWithBackground(mStep, shape),
    distance: (from, to) => {
      const apart = family.distance?.(from, to) ?? 0
      const before = backgroundShareOf(from)
      const after = backgroundShareOf(to)
      const share = Elementary.square(after - before) / Math.max(before * (1 - before), Number.MIN_VALUE)
      return Math.sqrt(apart * apart + share)
    }
  })
}

const withBackgroundCase = Case.define('Score', {
  name: 'withBackground',
  about: 'a mixture beside rows of no component, from a density that is not learned (Banfield & Raftery 1993)',
  fields: {
    /** Density of the background: a Cauchy, or uniform on a box around the data. */
    shape: Field.oneOf(['cauchy', 'box']),
    /** The mixture without the background. */
    score: Field.of(concept)
  },
  on: 'score',
  example: { score: isotropic({ components: 2 }) },
  formula: ({ shape, score }) =>
    `s = ∇ log((1 − b) p + b ${shape === 'cauchy' ? 't_1(x; centre, scale²)' : 'U(centre ± scale)'}), b = 1/(1 + exp(−backgroundShare)), ` +
    `p of ${Case.formula(score)}`,
  check: ({ score }) => unsupportedProblems('a background', score, { isSupported: learnableGaussians(score) !== null }),
  meaning: ({ shape, score }) =>
    // Its parameters are those of the mixture and of the background.
    modelBuiltOn(
      score,
      () => true,
      gaussians => modelWithBackground(gaussians, shape) as unknown as Model<GaussianParameter>
    )
})

export interface Options {
  /** 'cauchy', which fits rows at any distance; or 'box', uniform, as in mclust. Default: 'cauchy'. */
  readonly shape?: 'cauchy' | 'box'
}

/**
 * Returns a mixture with a background, of which only the share is estimated: p(x) = (1 − b) Σ π_k p_k(x) + b u(x). `Fit.assign` returns −1
 * for a row that is more probable under u than under each component.
 *
 * u is a Cauchy, centred at the columns' medians, with twice their interquartile ranges as scale, and fits rows at any distance. `shape:
 * 'box'` is uniform on the ranges of the columns, as in mclust, so one distant row widens it. Initializers compute `backgroundCentre` and
 * `backgroundScale`, log scales, from data; `backgroundShare` is log b/(1 − b).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Score } from 'ornstein'
 *
 * const score = pipe(Score.tied({ components: 2 }), Score.withBackground())
 * assert.equal(Score.show(score), "Score.withBackground({ shape: 'cauchy' })(Score.tied({ components: 2 }))")
 * assert.equal(Score.degreesOfFreedom(3)(score), Score.degreesOfFreedom(3)(Score.tied({ components: 2 })) + 1)
 */
export const withBackground = Case.caseCalledBy(
  withBackgroundCase,
  (options: Options = {}) =>
    <P extends string>(score: Score<P>) =>
      // Its parameters are those of the given score and of the background.
      withBackgroundCase({ ...options })(score) as Score<string> as unknown as Score<P | BackgroundParameter>
)

/** Mixtures beside a background: rows of no component, from a density that is given and not learned. */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import { cumulative } from '../../../lib/arrays/entries.js'
import { single } from '../../../lib/arrays/ndarray.js'
import * as Elementary from '../../../lib/numbers/elementary.js'
import { add, concat, exp, neg, reshape, softplus, stack, stopGradient, type Tensor } from '../../../lib/index.js'
import { Case, Field } from '../../core/index.js'
import type { Points } from '../../data/points.js'
import { concept, type Model, type Score } from '../family.js'
import type { Background } from '../mixtureData.js'
import type * as Params from '../../core/params.js'
import * as Backgrounds from './backgrounds.js'
import { modelOf } from './define.js'
import * as Gaussian from './gaussian.js'
import { isotropic } from './round.js'
import { around, fits, following, gaussiansOf, learnedBy, type Gaussians, type Own } from './tails.js'

/** Log-odds of its share, []; and what is not learned of it: its centre, [dim], and the logarithms of its scales, [dim]. */
export type Names = 'backgroundShare' | 'backgroundCentre' | 'backgroundScale'

type P = Own | Names

/** The share before anything is learned of it. */
const START = 0.05

const logOdds = (share: number): number => {
  const within = Math.min(Math.max(share, Number.MIN_VALUE), 1 - Number.EPSILON)
  return Elementary.log(within) - Elementary.log1p(-within)
}

const own = ({ backgroundShare, backgroundCentre, backgroundScale }: Params.Params<P>): Params.Params<Names> => ({
  backgroundShare,
  backgroundCentre,
  backgroundScale
})

/** The parameters of the components. */
const without = (params: Params.Params<P>): Params.Params<Own> =>
  // Their names are those of the components.
  Object.fromEntries(
    Object.entries(params).filter(([name]) => !name.startsWith('background'))
  ) as unknown as Params.Params<Own>

/** As parameters have it. */
const written = ({ share, centre, scale }: Omit<Background, 'shape'>): Params.Params<Names> => ({
  backgroundShare: single(logOdds(share)),
  backgroundCentre: Gaussian.vector(centre),
  backgroundScale: Gaussian.vector(scale.map(Elementary.log))
})

/** About standardized columns; what is taken from data is better. */
const somewhere = (dim: number): Omit<Background, 'shape'> => ({
  share: START,
  centre: new Float64Array(dim),
  scale: new Float64Array(dim).fill(2 * IQR)
})

/** Between the quartiles of a standard normal. */
const IQR = 1.349

/** The numbers of a column, rising, and the weight of the rows up to each. */
interface Column {
  readonly rising: Float64Array
  readonly upTo: Float64Array
}

/** The columns of points, without the cells that are missing and the rows of weight 0. */
const columnsOf = (points: Points): ReadonlyArray<Column> =>
  RA.makeBy(points.dim, j => {
    const cell = (i: number): number => points.values[i * points.dim + j]
    const weightOf = (i: number): number => points.weights?.[i] ?? 1
    const there = Uint32Array.from({ length: points.rows }, (_, i) => i).filter(
      i => !Number.isNaN(cell(i)) && weightOf(i) > 0
    )
    // Weights go with their numbers; numbers alone are sorted ten times as fast.
    const rows = points.weights === undefined ? there : Uint32Array.from(there).sort((a, b) => cell(a) - cell(b))
    return {
      rising: Float64Array.from(rows, cell).sort(),
      upTo: cumulative(Float64Array.from(rows, weightOf))
    }
  })

/**
 * The number below which a share of the weight lies, and the middle of two between which just so much does (Hyndman & Fan 1996, type 2): a row of
 * weight 2 is two rows, and twice as many of each row say the same.
 */
const quantile = ({ rising, upTo }: Column, share: number): number => {
  const all = upTo[upTo.length - 1]
  // As far as a sum of so many weights is rounded it is equal to another.
  const rounded = upTo.length * Number.EPSILON * all
  const least = upTo.findIndex(sum => sum >= share * all - rounded)
  const most = upTo.findIndex(sum => sum > share * all + rounded)
  return (rising[least] + rising[most]) / 2
}

/** A number beyond rounding of the outermost row. */
const BEYOND = 1 + 1e-9

const places: Readonly<
  Record<Background['shape'], (column: Column) => { readonly centre: number; readonly scale: number }>
> = {
  cauchy: column => {
    const { rising } = column
    const low = quantile(column, 0.25)
    const high = quantile(column, 0.75)
    // Of half of the rows at one place how far the others are.
    const spread = high > low ? high - low : rising[rising.length - 1] - rising[0]
    return { centre: quantile(column, 0.5), scale: spread > 0 ? 2 * spread : 1 }
  },
  box: ({ rising }) => {
    const low = rising[0]
    const high = rising[rising.length - 1]
    return { centre: (low + high) / 2, scale: high > low ? ((high - low) / 2) * BEYOND : 1 }
  }
}

/** Where a background is that is taken from rows. */
const placed = (shape: Background['shape'], points: Points): Pick<Background, 'centre' | 'scale'> => {
  const found = columnsOf(points).map(places[shape])
  return {
    centre: Float64Array.from(found, ({ centre }) => centre),
    scale: Float64Array.from(found, ({ scale }) => scale)
  }
}

const beside = (gaussians: Gaussians, shape: Background['shape']): Model<P> => {
  const { model, family, mStep, toMixture, fromMixture } = gaussians
  const joined = (params: Params.Params<Own>, background: Params.Params<Names>): Params.Params<P> => ({
    ...params,
    ...background
  })
  const shareOf = ({ backgroundShare }: Params.Params<P>): number =>
    1 / (1 + Elementary.exp(-backgroundShare.values[0]))
  return modelOf<P>({
    called: `${model.called ?? ''} with ${shape === 'box' ? 'uniform ' : ''}background`,
    parameters: dim => ({
      ...model.shapes(dim),
      backgroundShare: [],
      backgroundCentre: [dim],
      backgroundScale: [dim]
    }),
    // Its weight; mclust counts its volume too.
    degreesOfFreedom: dim => model.degreesOfFreedom(dim) + (shape === 'box' ? 2 : 1),
    components: (params, dim) => {
      const { logWeights, centres, logDensity } = family.components(params, dim)
      const odds = params.backgroundShare
      const place = stopGradient(stack([params.backgroundCentre, exp(params.backgroundScale)]))
      const background = Backgrounds.atLevel(shape, place)
      const and = (of: Tensor, last: Tensor): Tensor => concat([of, last], 1)
      return {
        logWeights: concat([add(logWeights, neg(softplus(odds))), reshape(neg(softplus(neg(odds))), [1])]),
        centres: concat([centres, reshape(stopGradient(params.backgroundCentre), [1, dim])]),
        logDensity: (x, level) => and(logDensity(x, level), background(x, level))
      }
    },
    ...following<P>(
      gaussians,
      params => joined(params, written(somewhere(params.means.shape[1]))),
      move => params => joined(move(without(params)), own(params)),
      {
        // It has a scale for each column.
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
          backgroundCentre: Gaussian.vector(params.backgroundCentre.values.map((c, j) => by[j] * c)),
          backgroundScale: Gaussian.vector(params.backgroundScale.values.map((l, j) => l + Elementary.log(by[j])))
        })
      }
    ),
    ...(family.hasTails && { hasTails: true as const }),
    hasBackground: true,
    placed: points => params => ({
      ...params,
      ...written({ share: shareOf(params), ...placed(shape, points) })
    }),
    toMixture: params => ({
      ...toMixture(params),
      background: {
        share: shareOf(params),
        shape,
        centre: params.backgroundCentre.values,
        scale: params.backgroundScale.values.map(Elementary.exp)
      }
    }),
    fromMixture: mixture =>
      joined(fromMixture(mixture), written(mixture.background ?? somewhere(mixture.means.shape[1]))),
    mStep: {
      ...learnedBy(mStep),
      isGeneralized: true,
      // With noise a box is no mixture of Gaussians.
      ...(shape === 'box' && { onlyClean: true as const }),
      maximise: (params, moments, at) => {
        const { beyond } = moments
        const learned = Gaussian.total(moments.mass)
        const all = learned + (beyond ?? 0)
        // Where the background takes all rows, nothing is said of components.
        return joined(learned > 0 ? mStep.maximise(params, moments, at) : params, {
          ...own(params),
          ...(beyond !== undefined && { backgroundShare: single(logOdds(beyond / all)) })
        })
      }
    },
    distance: (from, to) => {
      const apart = family.distance?.(from, to) ?? 0
      const before = shareOf(from)
      const after = shareOf(to)
      // Fisher's metric of a share.
      const share = Elementary.square(after - before) / Math.max(before * (1 - before), Number.MIN_VALUE)
      return Math.sqrt(apart * apart + share)
    }
  })
}

const made = Case.define('Score', {
  name: 'withBackground',
  about: 'a mixture beside rows of no component, from a density that is not learned (Banfield & Raftery 1993)',
  fields: {
    /** Of the background: a Cauchy, or a box about the data. */
    shape: Field.oneOf(['cauchy', 'box']),
    /** The mixture beside it. */
    score: Field.of(concept)
  },
  on: 'score',
  example: { score: isotropic({ components: 2 }) },
  formula: ({ shape, score }) =>
    `s = ∇ log((1 − b) p + b ${shape === 'cauchy' ? 't_1(x; centre, scale²)' : 'U(centre ± scale)'}), b = 1/(1 + exp(−backgroundShare)), ` +
    `p of ${Case.formula(score)}`,
  check: ({ score }) => fits('a background', score, gaussiansOf(score) !== null),
  meaning: ({ shape, score }) =>
    // Its parameters are theirs, and others.
    around(
      score,
      () => true,
      gaussians => beside(gaussians, shape) as unknown as Model<Own>
    )
})

export interface Options {
  /** A Cauchy, which takes rows however far off; or a uniform box, as mclust has it. */
  readonly shape?: 'cauchy' | 'box'
}

/**
 * The same mixture beside a background, of which only the share is learned: p(x) = (1 − b) Σ π_k p_k(x) + b u(x). A row that u makes more
 * probable than each component belongs to none: `Fit.assign` tells it as −1, `ornstein assign` as `background`.
 *
 * u is a Cauchy, a multivariate t with one degree of freedom, at the medians of the columns with twice the distance between their quartiles as
 * scale: its tails are so heavy that no row is too far off for it. `shape: 'box'` is the uniform density on the ranges of the columns, as mclust has
 * it: there one far row widens the box for all. Rows outside the box are assigned as if the density was 1/V there too (`Mixture.responsibilities`).
 * Where it is, initializers take from the data; `backgroundCentre` and `backgroundScale`, the logarithm of its scales, are not learned, and
 * `backgroundShare` is log b/(1 − b).
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
export const withBackground = Case.called(
  made,
  (options: Options = {}) =>
    <P extends string>(score: Score<P>) =>
      // Its parameters are those of the score that is given, and those of the background.
      made({ ...options })(score) as Score<string> as unknown as Score<P | Names>
)

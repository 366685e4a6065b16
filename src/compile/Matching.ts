/**
 * The terms of an objective in the tensor vocabulary, one loss a row, from parameters and from what is given under names:
 * written once, for the interpreter and for the compiler.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import {
  add,
  div,
  fill,
  Key,
  mean as meanOf,
  mul,
  neg,
  ones,
  reshape,
  square,
  sub,
  sum,
  vjp,
  zeros,
  type Tensor
} from '../../lib/index.js'
import type * as Components from '../mixture/Components.js'
import type * as Pass from '../mixture/kernels/pass.js'
import * as Given from './Given.js'
import * as Noise from './Noise.js'
import type * as Objective from '../objective/Objective.js'
import * as Parametrization from '../score/Parametrization.js'
import type * as Params from '../score/Params.js'
import * as Points from '../data/Points.js'
import type * as Score from '../score/Score.js'
import * as Tagged from '../core/Tagged.js'

/** A noise level with a draw of noise; weight, α and σ are one for all rows, or one a row. */
export interface Sample {
  readonly weight: Float64Array
  readonly alpha: Float64Array
  readonly sigma: Float64Array
  readonly noise: Noise.Noise
  /** The share of the denoising form where both forms serve: one for all rows, or one a row. */
  readonly denoising: Float64Array
  /** For directions that estimate a divergence. */
  readonly probes: Key.Key
  /** Which of the time law's levels this is a draw of. */
  readonly level: number
}

/** A term that is one loss of the score. */
export type Direct = Objective.Denoising | Objective.Implicit | Objective.Likelihood | Objective.Integrand

/** A direct term with noise levels. */
type Noisy = Direct & Objective.Matching

/** What the loss of one parametrization counts in that of another, at the levels of a sample. */
export const conversion = (
  from: Parametrization.Parametrization,
  to: Parametrization.Parametrization = Parametrization.score
): ((sample: Pick<Sample, 'alpha' | 'sigma'>) => Float64Array) => {
  const weight = Parametrization.weight(from, to)
  return ({ alpha, sigma }) => alpha.map((alpha, i) => weight({ alpha, sigma: sigma[i] }))
}

// —— what is given ——

/** The data; whether they stay, or are a batch that is drawn for one evaluation. */
export const data = (points: Points.Points, stays: boolean): Given.Named => ({
  clean: Given.rows([points.dim], points.values, stays),
  ...(points.weights !== undefined && { rowWeight: Given.rows([], Points.weightsOf(points), stays) }),
  ...(points.labels !== undefined && { label: Given.rows([1], Float64Array.from(points.labels), stays) })
})

/** Random directions v with E vvᵀ = I, [rows, dim], each of a key of its own. */
const directions = ({ probes, law }: Objective.Estimate, { rows, dim }: Points.Points, key: Key.Key): Given.Named =>
  Object.fromEntries(
    Key.split(probes)(key).map((one, i) => [
      `probe${i}`,
      law === 'normal'
        ? Given.draw([dim], one)
        : Given.rows(
            [dim],
            Key.uniform(rows * dim)(one).map(u => (u < 0.5 ? -1 : 1))
          )
    ])
  )

/** Whether a denoising loss is the error of what the network itself says, which full noise allows. */
const isError = ({ noise, denoising }: Sample): boolean =>
  noise._tag === 'Full' && denoising.every(share => share === 1)

/** What a term is computed from, beside the data. */
export const given = <P extends string>(
  { predicts }: Score.Model<P>,
  term: Noisy,
  sample: Sample,
  basis: Pass.Basis,
  points: Points.Points
): Given.Named => ({
  alpha: Given.perRow(sample.alpha),
  sigma: Given.perRow(sample.sigma),
  weight: Given.perRow(sample.weight),
  ...Noise.given(sample.noise, basis, points),
  ...Tagged.fold<Noisy>()<Given.Named>({
    Denoising: ({ parametrization }) => {
      const from = isError(sample) ? predicts : Parametrization.score
      return {
        conversion: Given.perRow(conversion(from, parametrization)(sample)),
        ...(!isError(sample) && { share: Given.perRow(sample.denoising) })
      }
    },
    Implicit: ({ divergence }) => (divergence === undefined ? {} : directions(divergence, points, sample.probes)),
    Integrand: () => ({})
  })(term)
})

/** What tells the program of a term from that of another: all else is given. */
export const identity: (term: Direct) => object | string = Tagged.fold<Direct>()<object | string>({
  Denoising: () => 'denoising',
  Implicit: ({ divergence }) => `implicit ${JSON.stringify(divergence ?? null)}`,
  Likelihood: () => 'likelihood',
  Integrand: ({ perRow }) => perRow
})

// —— what is made of it ——

const rowSum = (x: Tensor): Tensor => sum(x, 1, true)

/** One for all rows, [] or [1, 1], or one a row, as [rows, 1]. */
const column = (x: Tensor, rows: number): Tensor => (x.rank === 0 ? mul(x, ones([rows, 1])) : x)

/** One for all rows as [1, 1], or one a row, [rows, 1]. */
const single = (x: Tensor): Tensor => (x.rank === 0 ? reshape(x, [1, 1]) : x)

/** A term at a noise level, [rows, 1]. */
const perRow = <P extends string>(
  model: Score.Model<P>,
  term: Noisy
): ((params: Params.Tensors<P>, given: Given.Tensors) => Tensor) => {
  const projection = pipe(
    model.family,
    O.chain(({ projection }) => projection)
  )
  const implicit = (params: Params.Tensors<P>, x: Tensor, level: Score.Level, orthogonal: Tensor): Tensor =>
    pipe(
      projection,
      O.fold(
        () => add(rowSum(square(model.score(params, x, level))), mul(2, model.divergence(params, x, level))),
        ({ implicit }) => implicit(params, x, level, orthogonal)
      )
    )

  /** |s|² + 2h div s + 2(1 − h)⟨s, z⟩/σ and what makes of it |s + z/σ|² in the mean; `share` is 1 − h. */
  const denoised = (
    params: Params.Tensors<P>,
    clean: Tensor,
    level: Score.Level,
    noise: Components.Noise,
    share: Tensor
  ): Tensor => {
    const { drawn, orthogonal } = noise
    const rest = sub(1, share)
    const squaredNoise = add(rowSum(square(drawn)), orthogonal)
    const inNoise = pipe(
      projection,
      O.fold(
        () => {
          const noisy = add(mul(level.alpha, clean), mul(level.sigma, drawn))
          const score = model.score(params, noisy, level)
          const cross = div(mul(share, rowSum(mul(score, drawn))), level.sigma)
          const curvature = mul(rest, model.divergence(params, noisy, level))
          return add(rowSum(square(score)), mul(2, add(curvature, cross)))
        },
        ({ mixed }) => mixed(params, clean, level, noise, share)
      )
    )
    return add(inNoise, div(add(mul(share, squaredNoise), mul(rest, clean.shape[1] ?? 1)), square(level.sigma)))
  }

  const estimated = (
    params: Params.Tensors<P>,
    x: Tensor,
    level: Score.Level,
    estimate: Objective.Estimate,
    probes: ReadonlyArray<Tensor>
  ): Tensor => {
    const of = (point: Tensor): Tensor => model.score(params, point, level)
    const score = of(x)
    const all = probes.map(v => {
      const curvature = mul(2, rowSum(mul(vjp(of)(x, v), v)))
      const square_ = estimate._tag === 'Sliced' ? square(rowSum(mul(v, score))) : rowSum(square(score))
      return add(square_, curvature)
    })
    return div(all.reduce(add), estimate.probes)
  }

  return (params, given) => {
    const { clean } = given
    const [rows] = clean.shape
    const label = 'label' in given ? { label: given.label } : {}
    const columns = (): Score.Level => ({
      alpha: column(given.alpha, rows),
      sigma: column(given.sigma, rows),
      ...label
    })
    const level = O.isSome(model.family) ? { alpha: single(given.alpha), sigma: single(given.sigma) } : columns()
    const { drawn, orthogonal } = Noise.ofGiven(given, clean)
    const noisy = add(mul(level.alpha, clean), mul(level.sigma, drawn))
    const loss = Tagged.fold<Noisy>()<Tensor>({
      Denoising: () =>
        'share' in given
          ? denoised(params, clean, level, { drawn, orthogonal }, column(given.share, rows))
          : // The error of what the network itself says: another parametrization only weighs it.
            rowSum(
              square(
                sub(
                  model.output(params, noisy, level),
                  Parametrization.targetTensor(model.predicts)(level)(clean, drawn)
                )
              )
            ),
      Implicit: ({ divergence }) =>
        divergence === undefined
          ? implicit(params, noisy, level, mul(square(level.sigma), orthogonal))
          : estimated(
              params,
              noisy,
              level,
              divergence,
              RA.makeBy(divergence.probes, i => given[`probe${i}`])
            ),
      Integrand: ({ perRow }) =>
        perRow({
          score: model.score(params, noisy, level),
          target: neg(div(drawn, level.sigma)),
          clean,
          noisy,
          noise: drawn,
          level: columns()
        })
    })(term)
    const converted = 'conversion' in given ? mul(column(given.conversion, rows), loss) : loss
    return mul(column(given.weight, rows), reshape(converted, [rows, 1]))
  }
}

/** Without noise. */
const atTheData = (): Score.Level => ({ alpha: ones([1, 1]), sigma: zeros([1, 1]) })

/** −log p(x), [rows, 1] */
const likelihood =
  <P extends string>({ family }: Score.Model<P>) =>
  (params: Params.Tensors<P>, { clean }: Given.Tensors): Tensor =>
    pipe(
      family,
      O.fold(
        // `Compile` refuses the likelihood of a score without a density.
        () => fill([clean.shape[0]], NaN),
        ({ logDensity }) => neg(logDensity(params, clean, atTheData()))
      )
    )

/** The mean of a term over the rows, by their weights. */
export const mean = <P extends string>(
  model: Score.Model<P>,
  term: Direct
): ((params: Params.Tensors<P>, given: Given.Tensors) => Tensor) => {
  const each = term._tag === 'Likelihood' ? likelihood(model) : perRow(model, term)
  return (params, given) => {
    const flat = reshape(each(params, given), [given.clean.shape[0]])
    return 'rowWeight' in given ? sum(mul(given.rowWeight, flat)) : meanOf(flat)
  }
}

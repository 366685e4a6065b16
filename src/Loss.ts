/**
 * Losses: an objective of a score on a schedule, and how its mean over the noise is taken. Two plans compute the same
 * number from the same noise: `autodiff`, any score and objective in the tensor vocabulary; and `fused`, the closed form
 * in one pass over the data, for the scores of mixtures.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import type * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import * as Elementary from '../lib/elementary.js'
import {
  add,
  div,
  fill,
  Key,
  mean,
  mul,
  neg,
  reshape,
  square,
  sub,
  sum,
  tensor,
  valueAndGrad,
  vjp,
  type NdArray,
  type Tensor
} from '../lib/index.js'
import { rowSpace } from '../lib/linalg.js'
import * as Components from './Components.js'
import * as Expectation from './Expectation.js'
import * as Frame from './Frame.js'
import * as Fused from './fused/index.js'
import * as Pass from './fused/pass.js'
import * as Noise from './Noise.js'
import * as Objective from './Objective.js'
import * as Parametrization from './Parametrization.js'
import * as Params from './Params.js'
import * as Points from './Points.js'
import * as Problem from './Problem.js'
import * as Schedule from './Schedule.js'
import * as Score from './Score.js'
import * as Tagged from './Tagged.js'
import * as TimeLaw from './TimeLaw.js'
import * as Weighting from './Weighting.js'

export interface Loss<P extends string> {
  readonly schedule: Schedule.Schedule
  readonly score: Score.Score<P>
  readonly objective: Objective.Objective
  readonly expectation: Expectation.Expectation
}

export interface ValueAndGradient<P extends string> {
  readonly value: number
  readonly gradient: Params.Params<P>
}

/** A way to compute a loss on data, and why it is, or is not, the one chosen. */
export interface Plan<P extends string> {
  readonly engine: 'fused' | 'autodiff'
  readonly reason: string
  readonly evaluate: (params: Params.Params<P>, key: Key.Key) => ValueAndGradient<P>
}

/** Gauss–Legendre nodes for a uniform time law when nothing else says how many. */
export const TIME_NODES = 16

/** A noise level with a draw of noise; weight, α and σ are one for all rows, or one a row. */
interface Sample {
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

/** A term of the objective, with its noise drawn. */
interface Drawn<T extends Objective.Term = Objective.Term> {
  readonly weight: number
  readonly term: T
  readonly samples: ReadonlyArray<Sample>
}

/** A term that is one loss of the score. */
type Direct = Objective.Denoising | Objective.Implicit | Objective.Likelihood | Objective.Custom

/** A direct term with noise levels. */
type Matching = Direct & Objective.Matching

/** What the passes over a mixture compute: |s|² + 2h div s + 2(1 − h)⟨s, z⟩/σ in a parametrization, and −log p(x_0). */
type ClosedForm =
  | { readonly of: 'denoising'; readonly parametrization?: Parametrization.Parametrization }
  | { readonly of: 'implicit' }
  | { readonly of: 'likelihood' }

/** Which closed form each kind of term has, or none: a new kind does not compile before it says so. */
export type ClosedForms<T extends { readonly _tag: string }> = Tagged.Rules<T, O.Option<ClosedForm>>

export const closedForms: ClosedForms<Direct> = {
  Denoising: ({ parametrization }) => O.some({ of: 'denoising', ...(parametrization && { parametrization }) }),
  Implicit: ({ divergence }) => (divergence === undefined ? O.some({ of: 'implicit' }) : O.none),
  Likelihood: () => O.some({ of: 'likelihood' }),
  Custom: () => O.none
}

const closedForm = Tagged.fold<Direct>()(closedForms)

/** The loss of the score that an engine is asked for; none for a penalty, which needs no engine. */
const asked = Tagged.fold<Objective.Term>()<O.Option<Direct>>({
  Denoising: O.some,
  Implicit: O.some,
  Likelihood: O.some,
  Custom: O.some,
  // Both of its forms are those of the denoising loss.
  ControlVariate: term => O.some({ ...term, _tag: 'Denoising' }),
  Regularizer: () => O.none
})

/** What both plans compute from: the objective's terms, and noise that depends on the key alone. */
interface Evaluation<T extends Objective.Term = Objective.Term> {
  readonly basis: Pass.Basis
  readonly terms: ReadonlyArray<Drawn<T>>
}

/** Whether data are met again, or are a batch that is drawn for one evaluation. */
type Use = 'often' | 'once'

/** A way to compute direct terms on data. */
type Engine<P extends string> = (
  points: Points.Points
) => (params: Params.Params<P>, evaluation: Evaluation<Direct>) => ValueAndGradient<P>

/** The product of two weights, each one for all rows or one a row. */
const product = (a: Float64Array, b: Float64Array): Float64Array =>
  a.length === 1 ? b.map(w => a[0] * w) : a.map((w, i) => w * b[b.length === 1 ? 0 : i])

/** What the loss of one parametrization counts in that of another, at the levels of a sample. */
const conversion = (
  from: Parametrization.Parametrization,
  to: Parametrization.Parametrization = Parametrization.score
): ((sample: Pick<Sample, 'alpha' | 'sigma'>) => Float64Array) => {
  const weight = Parametrization.weight(from, to)
  return ({ alpha, sigma }) => alpha.map((alpha, i) => weight({ alpha, sigma: sigma[i] }))
}

const noBasis: Pass.Basis = { rank: 0, vectors: new Float64Array(0) }

/** Whether an expectation draws only the noise that a mixture sees. */
const isProjected = (expectation: Expectation.Expectation): boolean => Expectation.draws(expectation) !== 'everywhere'

const draw = <P extends string>(
  { schedule, score, objective, expectation }: Loss<P>,
  points: Points.Points
): ((params: Params.Params<P>, key: Key.Key) => Evaluation) => {
  const { level } = Schedule.interpret(schedule)
  const weightOf = Weighting.interpret(schedule)
  const count = expectation._tag === 'Quadrature' ? expectation.nodes : TIME_NODES
  const terms = Objective.terms(objective).map(term => ({ ...term, weightings: term.weightings.map(weightOf) }))
  return (params, key) => {
    const projection = pipe(
      Score.interpret(score).family,
      O.filter(() => isProjected(expectation)),
      O.map(({ arrays, centres, seesNorm }) => {
        const { shape, values } = rowSpace(centres(params))
        const rank = shape[0]
        const antithetic = expectation._tag === 'Projected' && expectation.antithetic
        return {
          basis: { rank, vectors: values },
          seesNorm,
          // A quadrature has no variance to lessen.
          denoising:
            expectation._tag === 'Quadrature'
              ? () => 0
              : Noise.denoisingShare(arrays(params), { dim: points.dim, rank, antithetic })
        }
      }),
      O.toNullable
    )
    const samples = (
      timeLaw: TimeLaw.TimeLaw,
      weightings: ReadonlyArray<(time: number) => number>,
      key: Key.Key
    ): ReadonlyArray<Sample> => {
      const keys = pipe(key, Key.named('time', 'noise', 'probes'))
      const times = Expectation.isDeterministic(expectation)
        ? TimeLaw.quadrature(schedule, count)(timeLaw)
        : TimeLaw.draw(schedule, points.rows)(keys.time)(timeLaw)
      const noiseKeys = Key.split(times.length)(keys.noise)
      return times
        .flatMap(({ time, weight }, i) => {
          const each = typeof time === 'number' ? Float64Array.of(time) : time
          const levels = Array.from(each, level)
          const weights = weightings.reduce(
            (all, weightAt) => product(all, each.map(weightAt)),
            typeof weight === 'number' ? Float64Array.of(weight) : weight
          )
          return Noise.draws(
            points,
            projection,
            noiseKeys[i]
          )(expectation).map(draw => ({
            alpha: Float64Array.from(levels, ({ alpha }) => alpha),
            sigma: Float64Array.from(levels, ({ sigma }) => sigma),
            weight: weights.map(w => w * draw.weight),
            noise: draw.noise,
            denoising: projection === null ? Float64Array.of(1) : Float64Array.from(levels, projection.denoising),
            level: i
          }))
        })
        .map((sample, i) => ({ ...sample, probes: Key.child(i)(keys.probes) }))
    }
    const keys = Key.split(terms.length)(key)
    return {
      basis: projection?.basis ?? noBasis,
      terms: terms.map(({ weight, weightings, term }, i) => ({
        weight,
        term,
        samples: Objective.isMatching(term) ? samples(term.timeLaw, weightings, keys[i]) : []
      }))
    }
  }
}

const total = <P extends string>(
  params: Params.Params<P>,
  values: ReadonlyArray<ValueAndGradient<P>>
): ValueAndGradient<P> =>
  values.reduce<ValueAndGradient<P>>(
    (sum, { value, gradient }) => ({
      value: sum.value + value,
      gradient: Params.zipWith((a, b) => a + b)(sum.gradient, gradient)
    }),
    { value: 0, gradient: Params.zeros(Params.shapes(params)) }
  )

const scaled =
  (weight: number) =>
  <P extends string>({ value, gradient }: ValueAndGradient<P>): ValueAndGradient<P> => ({
    value: weight * value,
    gradient: Params.mapValues(g => weight * g)(gradient)
  })

// —— autodiff ——

const rowMean =
  (points: Points.Points) =>
  (values: Tensor): Tensor => {
    const flat = reshape(values, [points.rows])
    return points.weights === undefined ? mean(flat) : sum(mul(tensor(Points.weightsOf(points), [points.rows]), flat))
  }

/** Random directions v with E vvᵀ = I, [rows, dim], each of a key of its own. */
const directions = (
  { probes, law }: Objective.Estimate,
  { rows, dim }: Points.Points,
  key: Key.Key
): ReadonlyArray<Tensor> =>
  Key.split(probes)(key).map(one =>
    tensor(law === 'normal' ? Key.normal(rows * dim)(one) : Key.uniform(rows * dim)(one).map(u => (u < 0.5 ? -1 : 1)), [
      rows,
      dim
    ])
  )

/** One computation is alive at a time, so that memory does not grow with the number of levels or draws. */
const autodiff =
  <P extends string>(score: Score.Score<P>): Engine<P> =>
  points => {
    const { rows, dim } = points
    const model = Score.interpret(score)
    const rowSum = (x: Tensor): Tensor => sum(x, 1, true)

    const implicit = (params: Params.Tensors<P>, x: Tensor, level: Score.Level, orthogonal: Tensor): Tensor =>
      pipe(
        model.family,
        O.fold(
          () => add(rowSum(square(model.score(params, x, level))), mul(2, model.divergence(params, x, level))),
          ({ components }) => Components.implicit(components(params), x, level, orthogonal)
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
        model.family,
        O.fold(
          () => {
            const noisy = add(mul(level.alpha, clean), mul(level.sigma, drawn))
            const score = model.score(params, noisy, level)
            const cross = div(mul(share, rowSum(mul(score, drawn))), level.sigma)
            const curvature = mul(rest, model.divergence(params, noisy, level))
            return add(rowSum(square(score)), mul(2, add(curvature, cross)))
          },
          ({ components }) => Components.mixed(components(params), clean, level, noise, share)
        )
      )
      return add(inNoise, div(add(mul(share, squaredNoise), mul(rest, dim)), square(level.sigma)))
    }

    const estimated = (
      params: Params.Tensors<P>,
      x: Tensor,
      level: Score.Level,
      estimate: Objective.Estimate,
      key: Key.Key
    ): Tensor => {
      const of = (point: Tensor): Tensor => model.score(params, point, level)
      const score = of(x)
      const all = directions(estimate, points, key).map(v => {
        const curvature = mul(2, rowSum(mul(vjp(of)(x, v), v)))
        const square_ = estimate._tag === 'Sliced' ? square(rowSum(mul(v, score))) : rowSum(square(score))
        return add(square_, curvature)
      })
      return div(all.reduce(add), estimate.probes)
    }

    const likelihood = (params: Params.Tensors<P>): Tensor =>
      pipe(
        model.family,
        O.fold(
          // `Compile` refuses the likelihood of a score without a density.
          () => fill([rows], NaN),
          ({ components }) =>
            neg(Components.logDensity(components(params), Points.tensor(points), { alpha: 1, sigma: 0 }))
        )
      )

    const matching =
      ({ term }: Drawn<Matching>, sample: Sample, basis: Pass.Basis) =>
      (params: Params.Tensors<P>): Tensor => {
        const perRow = (values: Float64Array): Tensor =>
          values.length === 1 ? fill([rows, 1], values[0]) : tensor(values, [rows, 1])
        const level = { alpha: perRow(sample.alpha), sigma: perRow(sample.sigma) }
        const clean = Points.tensor(points)
        const { drawn, orthogonal } = Noise.tensors(sample.noise, basis, points)
        const noisy = add(mul(level.alpha, clean), mul(level.sigma, drawn))
        const beyond = mul(square(level.sigma), orthogonal)
        const loss = Tagged.fold<Matching>()<Tensor>({
          Denoising: ({ parametrization }) =>
            sample.noise._tag === 'Full' && sample.denoising.every(share => share === 1)
              ? // The error of what the network itself says: another parametrization only weighs it.
                mul(
                  perRow(conversion(model.predicts, parametrization)(sample)),
                  rowSum(
                    square(
                      sub(
                        model.output(params, noisy, level),
                        Parametrization.targetTensor(model.predicts)(level)(clean, drawn)
                      )
                    )
                  )
                )
              : mul(
                  perRow(conversion(Parametrization.score, parametrization)(sample)),
                  denoised(params, clean, level, { drawn, orthogonal }, perRow(sample.denoising))
                ),
          Implicit: ({ divergence }) =>
            divergence === undefined
              ? implicit(params, noisy, level, beyond)
              : estimated(params, noisy, level, divergence, sample.probes),
          Custom: ({ perRow }) =>
            perRow({
              score: model.score(params, noisy, level),
              target: neg(div(drawn, level.sigma)),
              clean,
              noisy,
              noise: drawn,
              level
            })
        })(term)
        return mul(perRow(sample.weight), reshape(loss, [rows, 1]))
      }

    return (params, { basis, terms }) => {
      const part = (weight: number, perRow: (params: Params.Tensors<P>) => Tensor): ValueAndGradient<P> =>
        pipe(valueAndGrad<P>(tensors => rowMean(points)(perRow(tensors)))(params), scaled(weight))
      return total(
        params,
        terms.flatMap(({ term, ...drawn }) =>
          term._tag === 'Likelihood'
            ? [part(drawn.weight, likelihood)]
            : drawn.samples.map(sample => part(drawn.weight, matching({ ...drawn, term }, sample, basis)))
        )
      )
    }
  }

// —— fused ——

const readable = (points: Points.Points): Pass.Rows => ({
  rows: points.rows,
  dim: points.dim,
  x: points.values,
  weights: points.weights === undefined ? null : Points.weightsOf(points)
})

const known = new WeakMap<Points.Points, Pass.Rows>()

/** Data as a pass reads them: the same for data that are the same, so that they are copied to a pass's memory once. */
export const rowsOf = (points: Points.Points): Pass.Rows => {
  const own = Points.snapshot(points)
  const found = known.get(own) ?? readable(own)
  known.set(own, found)
  return found
}

/** The pair under deterministic noise has one product and one tanh a node; every other mixture has the general pass. */
const fused =
  <P extends string>(family: Score.Family<P>, expectation: Expectation.Expectation, use: Use): Engine<P> =>
  points => {
    const rows: Pass.Rows = use === 'once' ? { ...readable(points), passing: true } : rowsOf(points)
    // Both serve the pair on its line; other noise, and other mixtures, the general one alone.
    const pass = family.isPair && Expectation.draws(expectation) === 'line' ? Fused.pairPass : Fused.scorePass
    return (params, { basis, terms }) => {
      const arrays = family.arrays(params)
      const pullBack = ({ value, ...gradient }: Pass.Gradient): ValueAndGradient<P> => ({
        value,
        gradient: family.pullBack(params, gradient)
      })
      const closed = pipe(
        terms,
        O.traverseArray(({ weight, term, samples }) =>
          pipe(
            closedForm(term),
            O.map(form => ({ weight, form, samples }))
          )
        )
      )
      // Not offered for such an objective; were it asked all the same, nothing would be better than something else.
      if (O.isNone(closed)) return scaled(NaN)(total(params, []))
      const forms = closed.value
      const parts = forms.flatMap(({ weight, form, samples }) => {
        const isDenoising = form.of === 'denoising'
        const inForm = conversion(Parametrization.score, isDenoising ? form.parametrization : Parametrization.score)
        return samples.map((sample): Pass.Part => ({
          alpha: sample.alpha,
          sigma: sample.sigma,
          noise: sample.noise,
          weight: (isDenoising ? product(sample.weight, inForm(sample)) : sample.weight).map(w => weight * w),
          denoising: isDenoising ? sample.denoising : Float64Array.of(0),
          completed: isDenoising
        }))
      })
      const likelihoods = forms.filter(({ form }) => form.of === 'likelihood')
      return total(params, [
        ...(parts.length > 0 ? [pullBack(pass(rows, arrays, basis, parts))] : []),
        ...(likelihoods.length > 0
          ? [
              pipe(
                Pass.likelihoodGradient(arrays, Fused.expectationPass(rows, arrays), points.dim),
                pullBack,
                scaled(likelihoods.reduce((sum, { weight }) => sum + weight, 0))
              )
            ]
          : [])
      ])
    }
  }

// —— regularizers ——

/** The names that a regularizer looks at. */
const regularized = (
  { parameters, towards }: Objective.Regularizer,
  all: ReadonlyArray<string>
): ReadonlyArray<string> => parameters ?? (towards === null ? all : Params.names(towards))

const penalty =
  (regularizer: Objective.Regularizer) =>
  <P extends string>(params: Params.Params<P>): ValueAndGradient<P> => {
    const { norm, smoothing, towards } = regularizer
    const wanted = new Set(regularized(regularizer, Params.names(params)))
    const difference = (name: string, { values }: NdArray): Float64Array =>
      towards !== null && name in towards ? values.map((value, i) => value - towards[name].values[i]) : values
    // √(δ² + ε²) − ε without cancellation, and 0 where both are.
    const size = (delta: number): number => Elementary.hypot(delta, smoothing)
    const one = (delta: number): number =>
      norm === 'l2' ? delta * delta : delta === 0 ? 0 : (delta * delta) / (size(delta) + smoothing)
    const slope = (delta: number): number => (norm === 'l2' ? 2 * delta : delta === 0 ? 0 : delta / size(delta))
    return {
      value: Object.entries<NdArray>(params).reduce(
        (sum, [name, array]) =>
          wanted.has(name) ? difference(name, array).reduce((sum, delta) => sum + one(delta), sum) : sum,
        0
      ),
      gradient: Params.map<NdArray, NdArray>((array, name) => ({
        shape: array.shape,
        values: wanted.has(name) ? difference(name, array).map(slope) : new Float64Array(array.values.length)
      }))(params)
    }
  }

// —— control variates ——

/** So many blocks of rows at most tell the variance of the gradient. */
const BLOCKS = 16

/** Rows of the data, those of one block. */
interface Block {
  readonly points: Points.Points
  readonly rows: ReadonlyArray<number>
  /** Its part of the weight of all rows. */
  readonly share: number
}

const gather = (values: Float64Array, width: number, rows: ReadonlyArray<number>): Float64Array =>
  Float64Array.from(
    { length: rows.length * width },
    (_, k) => values[rows[Math.floor(k / width)] * width + (k % width)]
  )

/** Every so-many-th row: blocks are alike even where the rows are in some order. */
const blocksOf = (points: Points.Points): ReadonlyArray<Block> => {
  const { rows, dim, values, weights } = points
  const count = Math.min(BLOCKS, rows)
  const parts = Points.weightsOf(points)
  return Array.from({ length: count }, (_, b) => {
    const own = Array.from({ length: Math.ceil((rows - b) / count) }, (_, i) => b + i * count)
    return {
      rows: own,
      share: own.reduce((sum, row) => sum + parts[row], 0),
      points: {
        rows: own.length,
        dim,
        values: gather(values, dim, own),
        ...(weights && { weights: gather(weights, 1, own) })
      }
    }
  }).filter(({ share }) => share > 0)
}

/** A sample with its noise in full, and the part of it that belongs to some of the rows. */
const restricted = ({ rows, dim }: Points.Points, sample: Sample): ((rows: ReadonlyArray<number>) => Sample) => {
  const { noise } = sample
  // `Compile` refuses a control variate of other noise.
  if (noise._tag !== 'Full') return () => sample
  const values = noise.values instanceof Float64Array ? noise.values : Key.normal(rows * dim)(noise.values)
  const own = (perRow: Float64Array, rows: ReadonlyArray<number>): Float64Array =>
    perRow.length === 1 ? perRow : gather(perRow, 1, rows)
  return rows => ({
    ...sample,
    alpha: own(sample.alpha, rows),
    sigma: own(sample.sigma, rows),
    weight: own(sample.weight, rows),
    noise: { ...noise, values: gather(values, dim, rows), passing: true }
  })
}

const flat = <P extends string>(params: Params.Params<P>): ReadonlyArray<number> =>
  Object.values<NdArray>(params).flatMap(({ values }) => Array.from(values))

/** Two forms of one loss on a block. */
interface Forms<P extends string> {
  readonly denoising: ValueAndGradient<P>
  readonly implicit: ValueAndGradient<P>
}

/** A variance below this share of the squares is one of roundings: opposite draws may cancel all that differs. */
const TELLS = 1e-20

/** Cov(∂D, ∂D − ∂I)/Var(∂D − ∂I) over blocks, traces over the parameters; 1 where nothing tells. */
const coefficient = <P extends string>(blocks: ReadonlyArray<Forms<P>>): number => {
  const gradients = blocks.map(({ denoising, implicit }) => {
    const [d, i] = [flat(denoising.gradient), flat(implicit.gradient)]
    return { d, h: d.map((value, at) => value - i[at]) }
  })
  const centred = (pick: (of: (typeof gradients)[number]) => ReadonlyArray<number>): ReadonlyArray<number> => {
    const all = gradients.map(pick)
    const mean = (all[0] ?? []).map((_, at) => all.reduce((sum, row) => sum + row[at], 0) / all.length)
    return all.flatMap(row => row.map((value, at) => value - mean[at]))
  }
  const [d, h] = [centred(({ d }) => d), centred(({ h }) => h)]
  const [covariance, variance] = [d, h].map(one => one.reduce((sum, value, at) => sum + value * h[at], 0))
  const size = gradients.reduce(
    (sum, { d, h }) => d.reduce((sum, value, at) => sum + value * value + h[at] * h[at], sum),
    0
  )
  return variance > TELLS * size ? Math.min(Math.max(covariance / variance, -1), 2) : 1
}

/** (1 − c) D + c (I + d/σ²) on each block, c from the blocks of the other parity. */
const crossed = <P extends string>(blocks: ReadonlyArray<Forms<P>>): ReadonlyArray<ValueAndGradient<P>> => {
  const from = [0, 1].map(parity => (blocks.length < 4 ? 1 : coefficient(blocks.filter((_, b) => b % 2 === parity))))
  return blocks.flatMap(({ denoising, implicit }, b) => {
    const c = from[1 - (b % 2)]
    return [scaled(1 - c)(denoising), scaled(c)(implicit)]
  })
}

// —— all terms ——

const isDirect = (drawn: Drawn): drawn is Drawn<Direct> => Object.hasOwn(closedForms, drawn.term._tag)

/** The whole objective by one engine. */
const evaluator = <P extends string>(engine: Engine<P>, loss: Loss<P>, points: Points.Points): Plan<P>['evaluate'] => {
  const terms = Objective.terms(loss.objective)
  // What a custom objective looks at is the data as they are.
  const { points: about, enter } = terms.some(({ term }) => term._tag === 'Custom')
    ? Frame.unmoved<P>(points)
    : Frame.ofModel(Score.interpret(loss.score), points)
  const draws = draw(loss, about)
  const whole = engine(about)
  const blocks = terms.some(({ term }) => term._tag === 'ControlVariate')
    ? blocksOf(about).map(block => ({ ...block, evaluate: engine(block.points) }))
    : []
  const varied = (
    params: Params.Params<P>,
    { parametrization, timeLaw }: Objective.ControlVariate,
    { weight, samples }: Drawn
  ): ReadonlyArray<ValueAndGradient<P>> => {
    const term: Objective.Denoising = { _tag: 'Denoising', timeLaw, ...(parametrization && { parametrization }) }
    const parts = samples.map(sample => ({ level: sample.level, of: restricted(about, sample) }))
    return [...new Set(parts.map(({ level }) => level))].flatMap(level =>
      crossed(
        blocks.map(({ rows, share, evaluate }): Forms<P> => {
          const own = parts.filter(part => part.level === level).map(({ of }) => of(rows))
          const form = (denoising: number): ValueAndGradient<P> => {
            const samples = own.map(sample => ({ ...sample, denoising: Float64Array.of(denoising) }))
            return evaluate(params, { basis: noBasis, terms: [{ weight: weight * share, term, samples }] })
          }
          return { denoising: form(1), implicit: form(0) }
        })
      )
    )
  }
  return (params, key) => {
    const here = enter(params)
    const { basis, terms } = draws(here, key)
    const direct = terms.filter(isDirect)
    return total(params, [
      ...(direct.length > 0 ? [whole(here, { basis, terms: direct })] : []),
      ...terms.flatMap(drawn =>
        drawn.term._tag === 'Regularizer'
          ? [pipe(params, penalty(drawn.term), scaled(drawn.weight))]
          : drawn.term._tag === 'ControlVariate'
            ? varied(here, drawn.term, drawn)
            : []
      )
    ])
  }
}

/** The chosen plan on a batch of the rows, drawn anew from the key of each evaluation. */
export const batched = <P extends string>(loss: Loss<P>, points: Points.Points, batch: number): Plan<P> => {
  const [{ engine, reason }] = plans(loss, points)
  return {
    engine,
    reason: `${reason}; on ${batch} of ${points.rows} rows a step`,
    evaluate: (params, key) => {
      const keys = pipe(key, Key.named('rows', 'loss'))
      const [plan] = plans(loss, Points.select(Key.subset(points.rows, batch)(keys.rows))(points), 'once')
      return plan.evaluate(params, keys.loss)
    }
  }
}

/** All ways to compute a loss on data, the chosen one first. They differ by rounding alone. */
export const plans = <P extends string>(
  loss: Loss<P>,
  points: Points.Points,
  use: Use = 'often'
): RNEA.ReadonlyNonEmptyArray<Plan<P>> => {
  const { family } = Score.interpret(loss.score)
  const losses = pipe(
    Objective.terms(loss.objective),
    RA.filterMap(({ term }) => asked(term))
  )
  const open = losses.find(term => O.isNone(closedForm(term)))
  const closed: ReadonlyArray<Plan<P>> =
    O.isSome(family) && open === undefined
      ? [
          {
            engine: 'fused',
            reason: `${Score.show(loss.score)} under ${Expectation.show(loss.expectation)} has a closed form, one pass over the data ${Fused.how(points, family.value.count)}`,
            evaluate: evaluator(fused(family.value, loss.expectation, use), loss, points)
          }
        ]
      : []
  const general: Plan<P> = {
    engine: 'autodiff',
    reason: O.isNone(family)
      ? `${Score.show(loss.score)} has no closed form`
      : open !== undefined
        ? `${Objective.show(open)} has no closed form`
        : 'serves every score and objective, slower',
    evaluate: evaluator(autodiff(loss.score), loss, points)
  }
  return RA.append(general)(closed)
}

/**
 * What of an objective does not go with the score, the schedule or the expectation; nothing, while the descriptions
 * themselves have problems.
 */
export const problems = <P extends string>(
  { schedule, score, objective, expectation }: Loss<P>,
  { dim }: Points.Points
): ReadonlyArray<Problem.Problem> => {
  if (Schedule.problems(schedule).length + Objective.problems(schedule)(objective).length > 0) return []
  const { predicts } = Score.interpret(score)
  const shapes = Score.shapes(dim)(score)
  const names: ReadonlyArray<string> = Params.names(shapes)
  const weightOf = Weighting.interpret(schedule)
  const { level } = Schedule.interpret(schedule)

  const finite = (
    term: Objective.Matching,
    weightings: ReadonlyArray<Weighting.Weighting>
  ): ReadonlyArray<Problem.Problem> => {
    const parametrization =
      term._tag === 'Denoising' || term._tag === 'ControlVariate'
        ? (term.parametrization ?? Parametrization.score)
        : predicts
    const weigh = weightings.map(weightOf)
    const weights = TimeLaw.quadrature(
      schedule,
      TIME_NODES
    )(term.timeLaw).map(({ time }) => ({
      time,
      weight: weigh.reduce(
        (product, at) => product * at(time),
        Parametrization.weight(predicts, parametrization)(level(time))
      )
    }))
    const wrong = weights.find(({ weight }) => !Number.isFinite(weight))
    return wrong === undefined
      ? []
      : [
          Problem.of(
            'objective.timeLaw',
            `the weight ${wrong.weight} at time ${wrong.time}`,
            'finite',
            'keep clear of the end of the schedule, or weigh it otherwise'
          )
        ]
  }
  const plainNoise = (term: Objective.Matching): ReadonlyArray<Problem.Problem> =>
    expectation._tag === 'MonteCarlo'
      ? []
      : term._tag === 'ControlVariate'
        ? [
            Problem.of(
              'expectation',
              `${Expectation.show(expectation)} of ${Objective.show(term)}`,
              isProjected(expectation)
                ? 'plain noise, since projected noise mixes the two forms itself'
                : 'plain noise drawn anew, from which a coefficient is estimated',
              isProjected(expectation) ? 'use Objective.denoising' : 'use Expectation.monteCarlo()'
            )
          ]
        : term._tag === 'Implicit' && term.divergence !== undefined
          ? [
              Problem.of(
                'expectation',
                `${Expectation.show(expectation)} of ${Objective.show(term)}`,
                isProjected(expectation)
                  ? 'plain noise, without which the divergence is exact'
                  : 'plain noise drawn anew, as the directions are',
                'leave out divergence, or use Expectation.monteCarlo()'
              )
            ]
          : []
  const fits = (regularizer: Objective.Regularizer): ReadonlyArray<Problem.Problem> => {
    const { parameters, towards } = regularizer
    const named: ReadonlyArray<readonly [field: string, name: string]> = [
      ...(parameters ?? []).map((name): readonly [string, string] => ['objective.parameters', name]),
      ...(towards === null ? [] : Params.names(towards)).map((name): readonly [string, string] => [
        'objective.towards',
        name
      ])
    ]
    const shapeOf = (name: string): string => `[${shapes[name as P].join(', ')}]`
    return named.flatMap(([field, name]) =>
      !names.includes(name)
        ? [
            Problem.of(
              field,
              name,
              `a parameter of ${Score.show(score)}, which has ${names.join(', ')}`,
              'leave it out'
            )
          ]
        : field === 'objective.towards' && towards !== null && `[${towards[name].shape.join(', ')}]` !== shapeOf(name)
          ? [
              Problem.of(
                `${field}.${name}`,
                `shape [${towards[name].shape.join(', ')}]`,
                `of shape ${shapeOf(name)}`,
                'reshape it to fit the score and the data'
              )
            ]
          : []
    )
  }
  return Objective.terms(objective).flatMap(({ term, weightings }) =>
    Objective.isMatching(term)
      ? [...finite(term, weightings), ...plainNoise(term)]
      : term._tag === 'Regularizer'
        ? fits(term)
        : []
  )
}

/** Expectation–maximization (Dempster, Laird & Rubin 1977) on clean or noised data. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { Key, type NdArray } from '../../../lib/index.js'
import { concatenated } from '../../../lib/arrays/ndarray.js'
import { refuse } from '../../../lib/plain/refuse.js'
import * as Reductions from '../../../lib/rows/reduction.js'
import { computedStretches, asStretches, zipStretches } from '../../../lib/rows/stretches.js'
import { eStep } from './eStep.js'
import type { MomentSums } from './eStepLoops.js'
import type { EMStepResult } from './emStepResult.js'
import * as Sufficient from './sufficient.js'
import * as Prior from './prior.js'
import * as Frame from './frame.js'
import { Case } from '../../core/index.js'
import type { EvaluationRequest } from '../../data/reductionBackend.js'
import type { Score } from '../family.js'
import * as Nodes from '../nodes.js'
import { rowsInMemory, weightedRowsOf, type WeightedRows } from '../dataRows.js'
import * as Params from '../../core/params.js'
import type * as Source from '../../data/source/source.js'
import { logWeights } from '../component.js'
import type { Mixture } from '../mixtureData.js'
import { CLEAN, type Level } from '../../schedule/dynamics.js'
import type { Family, MStep } from '../family.js'

export type { EMStepResult } from './emStepResult.js'

/** True if the family has an M-step or its own sufficient statistics. */
export const supportsEM = <P extends string>({ mStep, sufficient }: Family<P>): boolean =>
  mStep !== undefined || sufficient !== undefined

/** True if EM can fit the family to noised rows. */
export const supportsNoise = <P extends string>({ mStep, onlyClean }: Family<P>): boolean =>
  mStep !== undefined && mStep.onlyClean !== true && onlyClean === undefined

const requireMStep = <P extends string>({ mStep }: Family<P>): MStep<P> =>
  mStep ?? refuse('a family without mStep has no expectation–maximization; give it one, or use Stage.descend')

/** Pass over the rows, with parameters relative to `middle`. */
export interface Pass<P extends string> {
  readonly params: Params.Params<P>
  readonly middle: Float64Array | null
  /** `judged`: value and effective counts only. */
  readonly kind: 'likelihood' | 'posterior' | 'judged'
  readonly noise: Noise | null
}

export interface Noise {
  readonly level: Level
  readonly key: Key.Key
}

/** Evaluates the sum of a pass. Default: in this process. */
export type EvaluatePass<P extends string> = <A>(sum: Reductions.Reduction<A>, pass: Pass<P>) => A

const evaluateLocally: EvaluatePass<string> = sum => Reductions.evaluate(sum)

/** Encodes a pass for another process. */
export const remoteRequest = (
  score: Score<string>,
  { params, middle, kind, noise }: Pass<string>
): EvaluationRequest => ({
  sum: {
    name: 'expectation',
    score: Case.encode(score),
    middle: middle && Array.from(middle),
    kind,
    level: noise && noise.level
  },
  numbers: concatenated([Float64Array.from(noise === null ? [] : [noise.key.k0, noise.key.k1]), Params.packed(params)])
})

/** True if EM can fit the family to rows with missing cells: an M-step, `toMixture`, and not mirrored. */
export const supportsMissingCells = <P extends string>(family: Family<P>): boolean =>
  supportsPrior(family) && !family.mirrored

/** True if the family has an M-step and `toMixture`. */
export const supportsPrior = <P extends string>({ mStep, toMixture }: Family<P>): boolean =>
  mStep !== undefined && toMixture !== undefined

const requireToMixture = <P extends string>({ toMixture }: Family<P>): ((params: Params.Params<P>) => Mixture) =>
  toMixture ??
  refuse(
    'a family without toMixture has no posterior mode and no population; give it one, or leave out the prior and take points'
  )

export interface PosteriorStep<P extends string> {
  readonly momentRequest: Pick<MStep<P>, 'second' | 'isShared'>
  /** −log p(θ) per row. */
  readonly negLogPrior: (mixture: Mixture) => number
  /** Returns the result from moments about the centres of `mixture`, that of the parameters `here`. */
  readonly maximise: (here: Params.Params<P>, mixture: Mixture, found: MomentSums) => EMStepResult<P>
}

/** Returns the EM step under a prior estimated from the rows. Throws if the family has no M-step. */
export const posteriorStep = <P extends string>(
  { mStep }: Family<P>,
  floor: number,
  prior: Prior.Prior
): PosteriorStep<P> => {
  if (mStep === undefined)
    return refuse('a family without mStep has no posterior mode; give it one, or leave out the prior')
  const { maximise } = mStep
  const log = Prior.logPriorDensity(prior, mStep)
  const penalty = (mixture: Mixture): number => -log(mixture) / prior.rows
  return {
    momentRequest: mStep,
    negLogPrior: penalty,
    maximise: (here, mixture, { value, ...found }) => {
      const at = { level: CLEAN, floor, dim: prior.mean.length }
      const mode = maximise(here, Prior.momentsWithPrior(prior, mStep, mixture.means.values)(found), at)
      // Without pseudo-rows.
      const whole = found.mass.reduce((sum, m) => sum + m, 0)
      const weighted = (array: NdArray, name: string): NdArray =>
        name === 'logits' ? { shape: array.shape, values: logWeights(found.mass.map(m => m / whole)) } : array
      return { value: value + penalty(mixture), params: Params.map(weighted)(mode) }
    }
  }
}

/** Centres the data; parameters are in the original coordinates. */
const centredSteps = <P extends string, D extends Source.Data, A extends ReadonlyArray<unknown>>(
  family: Family<P>,
  data: D,
  stepOn: (about: D, middle: Float64Array | null) => (params: Params.Params<P>, ...rest: A) => EMStepResult<P>
): ((params: Params.Params<P>, ...rest: A) => EMStepResult<P>) => {
  const { points, middle, toInternal, fromInternal } = Frame.of(family, data)
  const step = stepOn(points, middle)
  return (params, ...rest) => {
    const taken = step(toInternal(params), ...rest)
    return { value: taken.value, params: fromInternal(taken.params) }
  }
}

/** EM step at time 0 on the likelihood of the observed cells; on the posterior if `prior`, in pseudo-rows, is given. */
export const step = <P extends string>(
  family: Family<P>,
  varianceFloor: number,
  data: Source.Data,
  prior: number | null = null,
  take: EvaluatePass<P> = evaluateLocally
): ((params: Params.Params<P>) => EMStepResult<P>) =>
  centredSteps(family, data, (about, middle) => {
    const of = emStepReduction(
      family,
      varianceFloor,
      weightedRowsOf(about),
      prior === null ? null : Prior.of(about, prior)
    )
    const kind = prior === null ? 'likelihood' : 'posterior'
    return params => take(of(params), { params, middle, kind, noise: null })
  })

/** EM step at time 0, as a sum over rows; with a prior, its pseudo-rows are included. */
export const emStepReduction = <P extends string>(
  family: Family<P>,
  varianceFloor: number,
  rows: WeightedRows,
  prior: Prior.Prior | null
): ((params: Params.Params<P>) => Reductions.Reduction<EMStepResult<P>>) => {
  if (prior !== null) {
    const { momentRequest: kind, maximise: taken } = posteriorStep(family, varianceFloor, prior)
    const expect = eStep(family, kind, rows.dim)
    const mixtureAt = requireToMixture(family)
    return params => {
      const mixture = mixtureAt(params)
      return pipe(
        expect(params, CLEAN, rows),
        Reductions.mapReduction(found => taken(params, mixture, found))
      )
    }
  }
  if (family.sufficient !== undefined) return Sufficient.sufficientStepReduction(family, family.sufficient, rows)
  const of = stepReductionAtLevel(family, varianceFloor, rows.dim)
  return params => of(params, rows, CLEAN)
}

/** EM step on rows of x_t. */
const stepReductionAtLevel = <P extends string>(
  family: Family<P>,
  floor: number,
  dim: number
): ((params: Params.Params<P>, rows: WeightedRows, level: Level) => Reductions.Reduction<EMStepResult<P>>) => {
  const mStep = requireMStep(family)
  const expect = eStep(family, mStep, dim)
  return (params, rows, level) =>
    pipe(
      expect(params, level, rows),
      Reductions.mapReduction(({ value, ...moments }) => ({
        value,
        params: mStep.maximise(params, moments, { level: moments.isDenoised === true ? CLEAN : level, floor, dim })
      }))
    )
}

const noisedRows = (data: WeightedRows, { level: { alpha, sigma }, key }: Noise): WeightedRows => {
  const { rows, dim, x } = data
  const noise = computedStretches(
    rows,
    (first, out) => {
      pipe(key, Key.child(0), Key.fillNormal(first * dim, out))
    },
    dim
  )
  return { ...data, x: zipStretches(asStretches(x, dim), noise, (x, z) => alpha * x + sigma * z), passing: true }
}

/** EM step on noised rows, as a sum over them. */
export const noisyStepReduction = <P extends string>(
  family: Family<P>,
  varianceFloor: number,
  rows: WeightedRows
): ((params: Params.Params<P>, noise: Noise) => Reductions.Reduction<EMStepResult<P>>) => {
  const of = stepReductionAtLevel(family, varianceFloor, rows.dim)
  return (params, noise) => of(params, noisedRows(rows, noise), noise.level)
}

/**
 * EM step on the likelihood of x_t = αx_0 + σz with fresh draws of z, which has fewer local maxima at high noise. The mean becomes E[r
 * x_t]/(α E r), and the variance (E[r|x_t − α·mean|²]/(d E r) − σ²)/α².
 */
export const noisyStep = <P extends string>(
  family: Family<P>,
  varianceFloor: number,
  data: Source.Data,
  level: Level,
  take: EvaluatePass<P> = evaluateLocally
): ((params: Params.Params<P>, key: Key.Key) => EMStepResult<P>) =>
  centredSteps(family, data, (about, middle) => {
    const of = noisyStepReduction(family, varianceFloor, weightedRowsOf(about))
    return (params, key) => {
      const noise = { level, key }
      return take(of(params, noise), { params, middle, kind: 'likelihood', noise })
    }
  })

/** EM step on quadrature nodes of x_t. */
const stepOnNodes = <P extends string>(
  family: Family<P>,
  varianceFloor: number,
  { rows, dim, weights, nodesAt }: Nodes.Nodes,
  level: Level
): ((params: Params.Params<P>) => EMStepResult<P>) =>
  centredSteps(family, { rows, dim, weights, values: nodesAt(level) }, about => {
    const noisy = rowsInMemory({ ...about, values: about.values.map(x => level.alpha * x) })
    const of = stepReductionAtLevel(family, varianceFloor, dim)
    return params => Reductions.evaluate(of(params, noisy, level))
  })

/** EM step on a population, at time 0 or at a level; a problem and the value NaN if no number of nodes resolves the parameters. */
export const integratedStep = <P extends string>(
  family: Family<P>,
  varianceFloor: number,
  population: Nodes.PopulationNodes,
  { level, prior = null }: { readonly level: Level | null; readonly prior?: number | null }
): ((params: Params.Params<P>) => EMStepResult<P>) => {
  const mixtureAt = requireToMixture(family)
  const trusted = Nodes.evaluateConverged(population.resolved, (a: EMStepResult<P>, b: EMStepResult<P>) => {
    const moved = Params.zipWith((x, y: number) => x - y)(a.params, b.params)
    return Math.max(
      Math.abs(a.value - b.value) / (1 + Math.abs(b.value)),
      Params.norm(moved) / (1 + Params.norm(b.params))
    )
  })
  return params =>
    pipe(
      trusted(mixtureAt(params), [level ?? CLEAN], nodes =>
        (level === null ? step(family, varianceFloor, nodes, prior) : stepOnNodes(family, varianceFloor, nodes, level))(
          params
        )
      ),
      E.getOrElse((problem): EMStepResult<P> => ({ value: NaN, params, problem }))
    )
}

export interface ParamsEvaluation {
  /** Mean negative log-likelihood; under a prior minus log p(θ) per row. */
  readonly value: number
  /** Effective shares, [K]. */
  readonly mass: Float64Array
  /** Number of components with fewer rows than determine their parameters. */
  readonly lost: number
}

const penalty = <P extends string>(
  family: Family<P>,
  about: Source.Data,
  shrinkage: number | null
): ((params: Params.Params<P>) => number) => {
  if (shrinkage === null) return () => 0
  const { negLogPrior: of } = posteriorStep(family, 0, Prior.of(about, shrinkage))
  const mixtureAt = requireToMixture(family)
  return params => of(mixtureAt(params))
}

/** Evaluates parameters, as a sum over rows. */
export const evaluationReduction = <P extends string>(
  family: Family<P>,
  rows: WeightedRows
): ((params: Params.Params<P>) => Reductions.Reduction<Pick<ParamsEvaluation, 'value' | 'mass'>>) => {
  const expect = eStep(family, { second: 'none' }, rows.dim)
  return params => expect(params, CLEAN, rows)
}

/** Evaluates parameters on the data. */
export const evaluateParams = <P extends string>(
  family: Family<P>,
  data: Source.Data,
  prior: number | null = null,
  take: EvaluatePass<P> = evaluateLocally
): ((params: Params.Params<P>) => ParamsEvaluation) => {
  const { points: about, middle, toInternal } = Frame.of(family, data)
  const penaltyOf = penalty(family, about, prior)
  const least = family.leastRows(data.dim)
  const sum = evaluationReduction(family, weightedRowsOf(about))
  return params => {
    const own = toInternal(params)
    const { value, mass } = take(sum(own), { params: own, middle, kind: 'judged', noise: null })
    return { value: value + penaltyOf(own), mass, lost: mass.filter(share => share * data.rows < least).length }
  }
}

/** Mean negative log-likelihood; with a prior minus log p(θ) per row. */
export const loss = <P extends string>(
  family: Family<P>,
  data: Source.Data,
  prior: number | null = null,
  take: EvaluatePass<P> = evaluateLocally
): ((params: Params.Params<P>) => number) => {
  const judged = evaluateParams(family, data, prior, take)
  return params => judged(params).value
}

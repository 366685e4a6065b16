/** Expectation–maximization (Dempster, Laird & Rubin 1977) for the scores of mixtures, on the data or on noisy ones. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Elementary from '../../lib/elementary.js'
import { Key, type NdArray } from '../../lib/index.js'
import { refuse } from '../../lib/refuse.js'
import * as Strands from '../../lib/strands.js'
import { stretch } from '../../lib/stretches.js'
import { eStep } from './EStep.js'
import * as Missing from './kernels/missing.js'
import type { Found } from './kernels/moments.js'
import * as Prior from './kernels/prior.js'
import * as Fused from './kernels/index.js'
import * as Kernels from './kernels/pass.js'
import * as Frame from './Frame.js'
import { Case } from '../core/index.js'
import type { Asked } from '../data/Place.js'
import type { Score } from '../score/Score.js'
import { rowsOf } from './rows.js'
import * as Params from '../score/Params.js'
import * as Points from '../data/Points.js'
import * as Source from '../data/Source.js'
import { logWeights, type Mixture } from './Mixture.js'
import type { Level } from '../schedule/Schedule.js'
import type { Family, Kernel, MStep } from '../score/family.js'

/** What a step found and did. */
export interface Taken<P extends string> {
  /** The mean negative log-likelihood at the parameters it starts from; under a prior less log p(θ) a row (see `Prior`). */
  readonly value: number
  readonly params: Params.Params<P>
}

/** Whether a family can be learned so: by a pass of its own, or by its M-step. */
export const serves = <P extends string>({ kernel, mStep }: Family<P>): boolean => O.isSome(kernel) || O.isSome(mStep)

/** By whichever the family has; `Compile` refuses one that has neither. */
const by = <P extends string, R>(
  { kernel, mStep }: Family<P>,
  ofKernel: (kernel: Kernel<P>) => R,
  ofMStep: (mStep: MStep<P>) => R
): R =>
  O.isSome(kernel)
    ? ofKernel(kernel.value)
    : O.isSome(mStep)
      ? ofMStep(mStep.value)
      : refuse('a family without mStep has no expectation–maximization; give it one, or use Stage.descend')

/** What an E-pass sums, at parameters about the middle of the data; whoever takes it may ask others for the strands. */
export interface Pass<P extends string> {
  readonly params: Params.Params<P>
  readonly middle: Float64Array | null
  /** Whether it is by the moments that a prior counts in. */
  readonly isPrior: boolean
}

/** How a sum is taken: here, unless said otherwise. */
export type Take<P extends string> = <A>(sum: Strands.Sum<A>, pass: Pass<P>) => A

const here: Take<string> = sum => Strands.taken(sum)

/** What another process needs to make the sum of a pass, on rows of its own (see `Sums`). */
export const asked = (score: Score<string>, { params, middle, isPrior }: Pass<string>): Asked => ({
  sum: { name: 'expectation', score: Case.encode(score), middle: middle && Array.from(middle), isPrior },
  numbers: Params.packed(params)
})

const clean: Level = { alpha: 1, sigma: 0 }

/** Whether a family can be learned from rows with missing cells: it says which Gaussians it is. */
export const servesMissing = <P extends string>(family: Family<P>): boolean =>
  serves(family) && O.isSome(family.toMixture) && !family.mirrored

/** Whether a family can be learned under a prior. */
export const servesPrior = <P extends string>({ mStep, toMixture }: Family<P>): boolean =>
  O.isSome(mStep) && O.isSome(toMixture)

/** The mixture that parameters are, of a family that says so. */
const mixtureOf = <P extends string>({ toMixture }: Family<P>): ((params: Params.Params<P>) => Mixture) =>
  pipe(
    toMixture,
    O.getOrElse((): ((params: Params.Params<P>) => Mixture) =>
      refuse('a family without toMixture is not learned from missing cells; give it one')
    )
  )

/** The same of rows with missing cells: by the conditional moments of what is not there. */
const stepOfMissing = <P extends string>(
  family: Family<P>,
  varianceFloor: number,
  points: Points.Points,
  shrinkage: number | null
): ((params: Params.Params<P>) => Taken<P>) => {
  const { dim } = points
  const weights = Points.weightsOf(points)
  const enter = mixtureOf(family)
  if (shrinkage !== null) {
    const { second, taken } = underPrior(family, varianceFloor, Prior.of(points, shrinkage))
    const expect = Missing.moments(second, points, weights)
    return params => {
      const mixture = enter(params)
      return taken(params, mixture, expect(mixture))
    }
  }
  if (O.isSome(family.mStep)) {
    const { second, maximise } = family.mStep.value
    const expect = Missing.moments(second, points, weights)
    return params => {
      const { value, ...found } = expect(enter(params))
      return { value, params: maximise(params, found, { level: clean, floor: varianceFloor, dim }) }
    }
  }
  const expect = Missing.moments('trace', points, weights)
  return by<P, (params: Params.Params<P>) => Taken<P>>(
    family,
    ({ maximise }) =>
      params => {
        const mixture = enter(params)
        const { value, mass, sums, second } = expect(mixture)
        // Its sums are those of the rows, and not of how far they are from a centre.
        const whole = sums.map((sum, at) => sum + mass[Math.floor(at / dim)] * mixture.means.values[at])
        return { value, params: maximise(params, { value, mass, sums: whole, scatter: second }, varianceFloor) }
      },
    () => refuse('a family without an M-step has no expectation–maximization')
  )
}

/** A family under a prior. */
export interface UnderPrior<P extends string> {
  readonly second: MStep<P>['second']
  /** −log p(θ) a row. */
  readonly penalty: (mixture: Mixture) => number
  /** What a step makes of moments about the centres of the mixture that parameters are. */
  readonly taken: (here: Params.Params<P>, mixture: Mixture, found: Found) => Taken<P>
}

/** The family under a prior of the rows it is learned from; one without an M-step throws. */
export const underPrior = <P extends string>(
  { mStep }: Family<P>,
  floor: number,
  prior: Prior.Prior
): UnderPrior<P> => {
  if (O.isNone(mStep))
    return refuse('a family without mStep has no posterior mode; give it one, or leave out the prior')
  const { second, maximise } = mStep.value
  const log = Prior.logDensity(prior, mStep.value)
  const penalty = (mixture: Mixture): number => -log(mixture) / prior.rows
  return {
    second,
    penalty,
    taken: (here, mixture, { value, ...found }) => {
      const at = { level: clean, floor, dim: prior.mean.length }
      const mode = maximise(here, Prior.added(prior, mStep.value, mixture.means.values)(found), at)
      // Of the prior's rows weights know nothing.
      const whole = found.mass.reduce((sum, m) => sum + m, 0)
      const weighted = (array: NdArray, name: string): NdArray =>
        name === 'logits' ? { shape: array.shape, values: logWeights(found.mass.map(m => m / whole)) } : array
      return { value: value + penalty(mixture), params: Params.map(weighted)(mode) }
    }
  }
}

/**
 * One E- and M-step on the likelihood at time 0, or on the posterior where `prior` is given; of rows with missing cells, NaN, on
 * that of what they have.
 */
export const step = <P extends string>(
  family: Family<P>,
  varianceFloor: number,
  data: Source.Data,
  prior: number | null = null,
  take: Take<P> = here
): ((params: Params.Params<P>) => Taken<P>) => {
  if (!Source.isSource(data) && Missing.has(data)) return stepOfMissing(family, varianceFloor, data, prior)
  const { points: about, middle, enter, leave } = Frame.of(family, data)
  const of = summed(family, varianceFloor, rowsOf(about), prior === null ? null : Prior.of(about, prior))
  return params => {
    const own = enter(params)
    const taken = take(of(own), { params: own, middle, isPrior: prior !== null })
    return { value: taken.value, params: leave(taken.params) }
  }
}

/** The same step as a sum over rows, at time 0; under a prior, by the moments that it counts in. */
export const summed = <P extends string>(
  family: Family<P>,
  varianceFloor: number,
  rows: Kernels.Rows,
  prior: Prior.Prior | null
): ((params: Params.Params<P>) => Strands.Sum<Taken<P>>) => {
  const { dim } = rows
  if (prior !== null) {
    const { second, taken } = underPrior(family, varianceFloor, prior)
    const [expect, mixtureAt] = [eStep(family, second, dim), mixtureOf(family)]
    return params => {
      const mixture = mixtureAt(params)
      return pipe(
        expect(params, clean, rows),
        Strands.map(found => taken(params, mixture, found))
      )
    }
  }
  return by<P, (params: Params.Params<P>) => Strands.Sum<Taken<P>>>(
    family,
    ({ arrays, maximise }) =>
      params =>
        pipe(
          Fused.expectationPass(rows, arrays(params)),
          Strands.map(statistics => ({
            value: statistics.value,
            params: maximise(params, statistics, varianceFloor)
          }))
        ),
    ({ second, maximise }) => {
      const expect = eStep(family, second, dim)
      return params =>
        pipe(
          expect(params, clean, rows),
          Strands.map(({ value, ...moments }) => ({
            value,
            params: maximise(params, moments, { level: clean, floor: varianceFloor, dim })
          }))
        )
    }
  )
}

/** Rows that are given noise at once: the noisy data are never held whole. */
const BLOCK = 65_536

/** Rows with noise of their own, block by block. */
const noisyBlocks = (data: Kernels.Rows, { alpha, sigma }: Level, key: Key.Key): ReadonlyArray<() => Kernels.Rows> => {
  const { rows, dim, x } = data
  const weights = Kernels.weightsOf(data)
  return RA.makeBy(Math.ceil(rows / BLOCK), block => () => {
    const from = block * BLOCK
    const count = Math.min(rows, from + BLOCK) - from
    const values = stretch(x, dim, from, count)
    return {
      rows: count,
      dim,
      x: pipe(key, Key.child(block), Key.normal(count * dim)).map((z, at) => alpha * values[at] + sigma * z),
      weights: stretch(weights, 1, from, count),
      passing: true
    }
  })
}

const plus = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, at) => value + b[at])

/** Σ w x_t-statistics over blocks of rows, each with noise of its own. */
const noisyPass = (blocks: ReadonlyArray<() => Kernels.Rows>, mixture: Kernels.Arrays): Kernels.Statistics =>
  blocks
    .map(block => Strands.taken(Fused.expectationPass(block(), mixture)))
    .reduce((sum, next) => ({
      value: sum.value + next.value,
      mass: plus(sum.mass, next.mass),
      sums: plus(sum.sums, next.sums),
      scatter: plus(sum.scatter, next.scatter)
    }))

/**
 * One E- and M-step on the likelihood of x_t = αx_0 + σz under the diffused mixture, z drawn anew: at high noise the
 * landscape is smooth, and what it hides are the local maxima. With r the responsibilities at x_t, the mean moves to
 * E[r x_t]/(α E r), and the variance to (E[r|x_t − α·mean|²]/(d E r) − σ²)/α²: the M-step for x_t, at time 0.
 */
export const noisyStep = <P extends string>(
  family: Family<P>,
  varianceFloor: number,
  data: Source.Data,
  level: Level
): ((params: Params.Params<P>, key: Key.Key) => Taken<P>) => {
  const { alpha, sigma } = level
  const { dim } = data
  const { points: about, enter, leave } = Frame.of(family, data)
  const rows = rowsOf(about)
  return by<P, (params: Params.Params<P>, key: Key.Key) => Taken<P>>(
    family,
    ({ arrays, maximise }) =>
      (params, key) => {
        const here = enter(params)
        const mixture = arrays(here)
        const found = noisyPass(noisyBlocks(rows, level, key), {
          ...mixture,
          centres: mixture.centres.map(c => alpha * c),
          variances: mixture.variances.map(v => Elementary.square(alpha) * v + Elementary.square(sigma))
        })
        const statistics = {
          ...found,
          sums: found.sums.map(sum => sum / alpha),
          scatter: found.scatter.map(
            (sum, k) => (sum - found.mass[k] * dim * Elementary.square(sigma)) / Elementary.square(alpha)
          )
        }
        return { value: found.value, params: leave(maximise(here, statistics, varianceFloor)) }
      },
    ({ second, maximise }) => {
      const expect = eStep(family, second, dim)
      return (params, key) => {
        const here = enter(params)
        const { value, ...moments } = noisyBlocks(rows, level, key)
          .map(block => Strands.taken(expect(here, level, block())))
          .reduce((sum, next) => ({
            value: sum.value + next.value,
            mass: plus(sum.mass, next.mass),
            sums: plus(sum.sums, next.sums),
            second: plus(sum.second, next.second)
          }))
        return { value, params: leave(maximise(here, moments, { level, floor: varianceFloor, dim })) }
      }
    }
  )
}

/** How parameters do on the data. */
export interface Judged {
  /** The mean negative log-likelihood; under a prior less log p(θ) a row. */
  readonly value: number
  /** What share of the data each component answers for, [K] */
  readonly mass: Float64Array
  /** How many components have fewer rows than fix their parameters. */
  readonly lost: number
}

/** −log p(θ) a row of the data; 0 without a prior. */
const penalty = <P extends string>(
  family: Family<P>,
  about: Source.Data,
  shrinkage: number | null
): ((params: Params.Params<P>) => number) => {
  if (shrinkage === null) return () => 0
  const { penalty: of } = underPrior(family, 0, Prior.of(about, shrinkage))
  const mixtureAt = mixtureOf(family)
  return params => of(mixtureAt(params))
}

/** Tells how well parameters explain the data, and what each component answers for. */
export const judge = <P extends string>(
  family: Family<P>,
  data: Source.Data,
  prior: number | null = null
): ((params: Params.Params<P>) => Judged) => {
  const { points: about, enter } = Frame.of(family, data)
  const penaltyOf = penalty(family, about, prior)
  const least = family.leastRows(data.dim)
  const rows = rowsOf(about)
  const expect = pipe(
    family.kernel,
    O.fold(
      (): ((params: Params.Params<P>) => Strands.Sum<Pick<Judged, 'value' | 'mass'>>) => {
        const expect = eStep(family, 'none', data.dim)
        return params => expect(params, clean, rows)
      },
      ({ arrays }) =>
        params =>
          Fused.expectationPass(rows, arrays(params))
    )
  )
  return params => {
    const here = enter(params)
    const { value, mass } = Strands.taken(expect(here))
    return { value: value + penaltyOf(here), mass, lost: mass.filter(share => share * data.rows < least).length }
  }
}

/** The mean negative log-likelihood of the data at given parameters; under a prior less log p(θ) a row. */
export const loss = <P extends string>(
  family: Family<P>,
  data: Source.Data,
  prior: number | null = null
): ((params: Params.Params<P>) => number) => {
  const judged = judge(family, data, prior)
  return params => judged(params).value
}

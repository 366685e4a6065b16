/**
 * Learning from rows that are read a stretch at a time: the steps of `ExpectationMaximization`, and the sums of `Statistics`, as
 * they are of the same rows in memory, to the bit.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { totalled } from '../../lib/stretches.js'
import * as Elementary from '../../lib/elementary.js'
import * as Source from '../data/Source.js'
import type { Family, Second } from '../score/family.js'
import type * as Params from '../score/Params.js'
import { gaussians } from './EStep.js'
import { underPrior, type Taken } from './ExpectationMaximization.js'
import * as Fused from './kernels/index.js'
import * as Moments from './kernels/moments.js'
import * as Prior from './kernels/prior.js'
import type * as Pass from './kernels/pass.js'
import * as Mixture from './Mixture.js'
import * as Statistics from './Statistics.js'

const clean = { alpha: 1, sigma: 0 }

/** Rows about their middle, where the family may be moved there; and the way there and back. */
export interface Frame<P extends string> {
  readonly about: Source.Source
  readonly enter: (params: Params.Params<P>) => Params.Params<P>
  readonly leave: (params: Params.Params<P>) => Params.Params<P>
}

/** As `Frame.of` has it of points. `middle` is the mean of the rows. */
const framed = <P extends string>(family: Family<P>, source: Source.Source, middle: Float64Array): Frame<P> =>
  pipe(
    family.shifted,
    O.match(
      (): Frame<P> => ({ about: source, enter: params => params, leave: params => params }),
      shifted => ({
        about: Source.shifted(middle)(source),
        enter: shifted(middle.map(m => -m)),
        leave: shifted(middle)
      })
    )
  )

/** Rows as a pass reads them. */
const stored = (source: Source.Source): Pass.Stored => ({
  rows: source.rows,
  dim: source.dim,
  stored: source,
  weights: Source.weightsOf(source)
})

/** Feeds a sum over rows with all of a source, in stretches. */
const feeding =
  (source: Source.Source) =>
  (add: Moments.Expecting['add']): void => {
    Source.eachShare((values, shares) => {
      add({ rows: shares.length, values }, shares, null)
    })(source)
  }

/** The moments of Gaussian components, and the mixture that they are of. */
const expected = <P extends string>({ toMixture }: Family<P>, second: Second, about: Source.Source) =>
  pipe(
    toMixture,
    O.map(toMixture => (here: Params.Params<P>): readonly [Moments.Found, Mixture.Mixture] => {
      const mixture = toMixture(here)
      const { add, found } = Moments.expecting(gaussians(clean, mixture), second, about.dim)
      feeding(about)(add)
      return [found(), mixture]
    })
  )

/**
 * One E- and M-step on the likelihood at time 0, or on the posterior where `prior` is given, over all rows of a source; nothing of a family that has neither a pass of its
 * own nor an M-step with Gaussian components.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as O from 'fp-ts/lib/Option.js'
 * import { Score, Source, Streaming } from 'ornstein'
 *
 * const source = Source.of({ rows: 4, dim: 1, values: Float64Array.of(-3, -1, 1, 3) })
 * const { family } = Score.interpret(Score.spherical({ components: 1 }))
 * const step = O.isSome(family) ? Streaming.step(family.value, 1e-6)(source) : O.none
 * assert.ok(O.isSome(step))
 * const start = { means: { shape: [1, 1], values: Float64Array.of(5) }, logits: { shape: [1], values: Float64Array.of(0) } }
 * assert.deepEqual(step.value(start).params.means.values, Float64Array.of(0))
 */
export const step =
  <P extends string>(family: Family<P>, varianceFloor: number, prior: number | null = null) =>
  (source: Source.Source): O.Option<(params: Params.Params<P>) => Taken<P>> => {
    const { about, enter, leave } = framed(family, source, Source.mean(source))
    const { dim } = about
    if (prior !== null) {
      if (O.isNone(family.mStep)) return O.none
      const known = Prior.from({ shrinkage: prior, mean: Source.mean(about), rows: about.total }, feeding(about))
      const { second, taken } = underPrior(family, varianceFloor, known)
      return pipe(
        expected(family, second, about),
        O.map(expect => params => {
          const here = enter(params)
          const [found, mixture] = expect(here)
          const next = taken(here, mixture, found)
          return { ...next, params: leave(next.params) }
        })
      )
    }
    return pipe(
      family.kernel,
      O.map(({ arrays, maximise }) => {
        const rows = stored(about)
        return (params: Params.Params<P>): Taken<P> => {
          const here = enter(params)
          const statistics = Fused.expectationPass(rows, arrays(here))
          return { value: statistics.value, params: leave(maximise(here, statistics, varianceFloor)) }
        }
      }),
      O.alt(() =>
        pipe(
          O.Do,
          O.bind('mStep', () => family.mStep),
          O.bind('expect', ({ mStep: { second } }) => expected(family, second, about)),
          O.map(({ mStep: { maximise }, expect }) => (params: Params.Params<P>): Taken<P> => {
            const here = enter(params)
            const [{ value, ...moments }] = expect(here)
            return { value, params: leave(maximise(here, moments, { level: clean, floor: varianceFloor, dim })) }
          })
        )
      )
    )
  }

/** How well a mixture describes the rows of a source: what `Statistics.of` says of points. */
export const statistics =
  (source: Source.Source, parameters: number) =>
  (mixture: Mixture.Mixture): Statistics.Statistics => {
    const count = Mixture.components(mixture)
    const { rows, total } = source
    // log p(x), −log max_k p(k | x), and each p(k | x), weighted, in the order of the rows
    const [logs, doubt, ...sizes] = totalled(2 + count, add => {
      Source.each(points => {
        const densities = pipe(mixture, Mixture.logDensity(points))
        const { values } = pipe(mixture, Mixture.responsibilities(points))
        const weight = (i: number): number => points.weights?.[i] ?? 1
        densities.forEach((log, i) => {
          const own = values.subarray(i * count, (i + 1) * count)
          add(0, weight(i) * log)
          add(1, -(weight(i) * Elementary.log(own.reduce((a, b) => Math.max(a, b)))))
          own.forEach((share, k) => {
            add(2 + k, weight(i) * share)
          })
        })
      })(source)
    })
    return Statistics.from({ rows, total, logLikelihood: logs / total, doubt, parameters, sizes })
  }

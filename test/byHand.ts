/** A family and a covariance of one's own, by hand, as several tests define them. */
import { add, div, exp, expandDims, eye, log, logSoftmax, mul, reshape, square, sub, sum } from '../lib/index.js'
import { type Case, Covariance, Field, type Params, type Score } from '../src/index.js'

export type Banded = 'means' | 'logits' | 'logVariances'

/** Components that share one variance for each column, by the log-densities of its components alone. */
export const bandedParts = {
  about: 'one variance for each column, shared by all components',
  fields: { components: Field.count({ suggestion: 2 }) },
  parameters:
    ({ components }: { readonly components: number }) =>
    (dim: number): Params.Shapes<Banded> => ({
      means: [components, dim],
      logits: [components],
      logVariances: [dim]
    }),
  degreesOfFreedom:
    ({ components }: { readonly components: number }): ((dim: number) => number) =>
    dim =>
      components * (dim + 1) - 1 + dim,
  components:
    () =>
    ({ means, logits, logVariances }: Params.Tensors<Banded>): Score.ComponentsOf => ({
      logWeights: logSoftmax(logits),
      centres: means,
      logDensity: (x, { alpha, sigma }) => {
        const u = add(mul(square(alpha), expandDims(exp(logVariances), 0)), square(sigma))
        const delta = sub(expandDims(x, 1), mul(expandDims(alpha, 2), expandDims(means, 0)))
        return mul(-0.5, sum(add(div(square(delta), expandDims(u, 1)), expandDims(log(mul(2 * Math.PI, u)), 1)), 2))
      }
    })
}

export interface Multiple {
  readonly name: string
  readonly about: string
  /** The variance of a component, of the trace of its scatter. */
  readonly variance: (trace: number, dim: number) => number
  readonly freedom?: (components: number, dim: number) => number
  /** True if it says that all components share one covariance. Default: false. */
  readonly isShared?: boolean
  /** True if its parameters are those of one covariance. Default: false. */
  readonly isOne?: boolean
}

/** A multiple of the identity for each component, as mclust's VII. */
export const multiple = ({
  name,
  about,
  variance,
  freedom,
  isShared = false,
  isOne = false
}: Multiple): Case.Constructor<Covariance.Covariance<'logSpread'>, string, Field.NoFields, null, null> =>
  Covariance.define({
    name,
    about,
    isShared,
    shapes: () => components => ({ logSpread: [isOne ? 1 : components] }),
    triangles:
      () =>
      ({ logSpread }, dim) =>
        mul(exp(reshape(logSpread, [-1, 1, 1])), eye(dim)),
    fit:
      () =>
      ({ scatters, shares, dim }) => {
        const traces = scatters.map(scatter =>
          scatter.reduce((sum, s, at) => (at % (dim + 1) === 0 ? sum + s : sum), 0)
        )
        const own = isOne ? [traces.reduce((sum, trace, k) => sum + shares[k] * trace, 0)] : traces
        return {
          logSpread: {
            shape: [own.length],
            values: Float64Array.from(own, trace => Math.log(variance(trace, dim)) / 2)
          }
        }
      },
    ...(freedom && { freedom: () => freedom })
  })

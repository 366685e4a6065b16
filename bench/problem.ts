/** The problems that are compared: data of a mixture, a student near it, noise. */
import { Key } from '../lib/index.js'

export const kinds = ['mixture', 'custom', 'network'] as const
export type Kind = (typeof kinds)[number]

export interface Problem {
  readonly rows: number
  readonly dim: number
  readonly K: number
  readonly x: Float64Array
  readonly noise: Float64Array
  readonly means: Float64Array
  /** The denoising loss of a mixture, a loss of the user's own, or a step of training a network. */
  readonly kind: Kind
}

/** The noise level compared at. */
export const TIME = 0.3

/** The network: two hidden layers of so many units, an embedding of so many waves; and the rows of a batch. */
export const NETWORK = { hidden: [64, 64], waves: 16, batch: 256 }

/** Every number a float32 too, so that all contenders have the same problem. */
const rounded = (values: Float64Array): Float64Array => values.map(Math.fround)

/** Of a name like '10000,64,8' or '4096,32,2,custom'. */
export const problem = (id: string): Problem => {
  const [rows, dim, K] = id.split(',').map(Number)
  const key = Key.fromSeed(7)
  const centres = Key.normal(K * dim)(Key.child(0)(key)).map(z => (2 * z) / Math.sqrt(dim))
  const z = Key.normal(rows * dim)(Key.child(1)(key))
  return {
    rows,
    dim,
    K,
    x: rounded(z.map((value, at) => value + centres[(Math.floor(at / dim) % K) * dim + (at % dim)])),
    noise: rounded(Key.normal(rows * dim)(Key.child(2)(key))),
    means: rounded(
      Key.normal(K * dim)(Key.child(3)(key)).map((value, at) => centres[at] + (0.5 * value) / Math.sqrt(dim))
    ),
    kind: kinds.find(kind => id.endsWith(kind)) ?? 'mixture'
  }
}

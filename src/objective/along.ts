/** Derivatives of integrands along a direction of the parameters, in the tensor vocabulary: integrands again. */
import { add, jvp, mul, reshape, scalar, type Tensor } from '../../lib/index.js'
import { remembered } from '../../lib/plain/remembered.js'
import type * as Params from '../family/params.js'

type Tensors = Readonly<Record<string, Tensor>>

/** What of an integrand's row is asked for here. */
interface Sees<R> {
  readonly params: Tensors
  readonly constants: Tensors
  readonly under: (params: Tensors, constants: Tensors) => R
}

/** Constants of the direction, and those that the integrand itself has: another direction of a direction is told from it. */
const DIRECTION = 'v.'
const OWN = 'of.'

const renamed = <A>(prefix: string, all: Readonly<Record<string, A>>): ReadonlyArray<readonly [string, A]> =>
  Object.entries(all).map(([name, a]) => [prefix + name, a])

const picked = <A>(prefix: string, all: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
  Object.fromEntries(
    Object.entries(all).flatMap(([name, a]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), a]] : []))
  )

/** What a derivative along a direction is given as constants: the direction, and those of the objective itself, each by a name of its own. */
export const constants = (direction: Params.Params<string>, own: Params.Params<string> = {}): Params.Params<string> =>
  Object.fromEntries([...renamed(DIRECTION, direction), ...renamed(OWN, own)])

/** d/dε of the integrand at θ + εv, [rows, 1]. */
const derivative =
  <R extends Sees<R>>(integrand: (row: R) => Tensor) =>
  (row: R): Tensor => {
    const { params } = row
    const [direction, own] = [picked(DIRECTION, row.constants), picked(OWN, row.constants)]
    return jvp(step => {
      const moved = Object.entries(direction).map(([name, v]): [string, Tensor] => [
        name,
        add(params[name], mul(step, v))
      ])
      return reshape(integrand(row.under(Object.fromEntries(moved), own)), [-1, 1])
    })(scalar(0), scalar(1))
  }

type Integrand = (row: never) => Tensor

const derivatives = remembered((integrand: Integrand): Integrand => derivative(integrand))

/** The derivative of an integrand, the same function for the same integrand: a program of it is found again, whatever the direction. */
export const of = <R extends Sees<R>>(integrand: (row: R) => Tensor): ((row: R) => Tensor) =>
  // What is kept for an integrand takes the rows that it takes.
  derivatives(integrand) as (row: R) => Tensor

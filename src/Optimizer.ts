/**
 * Optimizers: descriptions of how a gradient becomes a step. Parts compose with `chain`, in which each part receives
 * what the one before it made of the gradient; recipes such as `adam` are chains of parts. A step is added to the
 * parameters, so that plain descent is `scaleByRate`, −rate · gradient.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import * as Params from './Params.js'
import * as Problem from './Problem.js'
import * as Rate from './Rate.js'
import * as Tagged from './Tagged.js'

export interface Scale {
  readonly _tag: 'Scale'
  readonly factor: number
}

export interface ScaleByRate {
  readonly _tag: 'ScaleByRate'
  readonly rate: Rate.Rate
}

export interface Trace {
  readonly _tag: 'Trace'
  readonly decay: number
}

export interface ScaleByAdam {
  readonly _tag: 'ScaleByAdam'
  readonly beta1: number
  readonly beta2: number
  readonly epsilon: number
}

export interface Chain<Parts extends ReadonlyArray<Optimizer> = ReadonlyArray<Optimizer>> {
  readonly _tag: 'Chain'
  readonly parts: Parts
}

// An interface breaks the recursion that a plain alias of `Chain` would have with itself.
interface AnyChain extends Chain {}

export type Optimizer = Scale | ScaleByRate | Trace | ScaleByAdam | AnyChain

/** What each part remembers from step to step. */
export interface States<P extends string> {
  readonly Scale: null
  readonly ScaleByRate: { readonly count: number }
  readonly Trace: { readonly trace: Params.Params<P> }
  readonly ScaleByAdam: {
    readonly count: number
    readonly first: Params.Params<P>
    readonly second: Params.Params<P>
  }
}

/** The state of an optimizer; that of a chain is the list of its parts' states. */
export type State<O, P extends string> = O extends { readonly _tag: 'Chain'; readonly parts: infer Parts }
  ? { readonly [I in keyof Parts]: State<Parts[I], P> }
  : O extends { readonly _tag: keyof States<P> }
    ? States<P>[O['_tag']]
    : never

/** The state of an optimizer that is not known to the compiler. */
export type AnyState<P extends string> = States<P>[keyof States<P>] | ReadonlyArray<AnyState<P>>

export interface Transformation<P extends string, S> {
  readonly init: (params: Params.Params<P>) => S
  /** The step to be added to the parameters, and the state after it. */
  readonly update: (gradient: Params.Params<P>, state: S, params: Params.Params<P>) => readonly [Params.Params<P>, S]
}

/** Applies its parts in turn; `chain()` leaves a gradient as it is. */
export const chain = <Parts extends ReadonlyArray<Optimizer>>(...parts: Parts): Chain<Parts> => ({
  _tag: 'Chain',
  parts
})

/** factor · gradient */
export const scale = (factor: number): Scale => ({ _tag: 'Scale', factor })

/** −rate(step) · gradient */
export const scaleByRate = (rate: number | Rate.Rate): ScaleByRate => ({ _tag: 'ScaleByRate', rate: Rate.from(rate) })

/** The decaying sum v ← decay · v + gradient (Polyak's heavy ball). */
export const trace = (decay: number): Trace => ({ _tag: 'Trace', decay })

/** m̂/(√v̂ + ε), with m and v the bias-corrected moving means of the gradient and its square (Kingma & Ba 2015). */
export const scaleByAdam = ({
  beta1 = 0.9,
  beta2 = 0.999,
  epsilon = 1e-8
}: Partial<Omit<ScaleByAdam, '_tag'>> = {}): ScaleByAdam => ({ _tag: 'ScaleByAdam', beta1, beta2, epsilon })

interface WithRate {
  readonly rate: number | Rate.Rate
}

/** θ ← θ − rate · g */
export const gradientDescent = ({ rate }: WithRate): ScaleByRate => scaleByRate(rate)

/** v ← decay · v + g, θ ← θ − rate · v */
export const momentum = ({ rate, decay = 0.9 }: WithRate & { readonly decay?: number }): Chain<[Trace, ScaleByRate]> =>
  chain(trace(decay), scaleByRate(rate))

/**
 * Adam: θ ← θ − rate · m̂/(√v̂ + ε) (Kingma & Ba 2015).
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Params } from 'ornstein'
 *
 * const { init, update } = Optimizer.interpret(Optimizer.adam({ rate: 0.1 }))<'x'>()
 * const start = Params.of({ x: [1, -2] })
 * const [step, [{ count }]] = update(start, init(start), start)
 * assert.ok(Math.abs(step.x.values[0] + 0.1) < 1e-8) // the first step has the length of the rate in each coordinate
 * assert.equal(count, 1)
 */
export const adam = ({
  rate,
  ...moments
}: WithRate & Partial<Omit<ScaleByAdam, '_tag'>>): Chain<[ScaleByAdam, ScaleByRate]> =>
  chain(scaleByAdam(moments), scaleByRate(rate))

export const fold = Tagged.fold<Optimizer>()

/** Everything there is to a part: adding one does not compile until all of it is there. */
interface Meaning {
  readonly transformation: Transformation<string, unknown>
  readonly state: t.Type<unknown, unknown>
}

/** Ties the state of a part to the part, and forgets which it is. */
const part = <S>(transformation: Transformation<string, S>, state: t.Type<S, unknown>): Meaning => ({
  // A state reaches `update` only from `init` or the codec of the same part: `interpret` and `stateCodec` see to it.
  transformation: transformation as Transformation<string, unknown>,
  state: state as t.Type<unknown, unknown>
})

const meaning: (optimizer: Optimizer) => Meaning = fold<Meaning>({
  Scale: ({ factor }) =>
    part<null>({ init: () => null, update: gradient => [Params.mapValues(g => factor * g)(gradient), null] }, t.null),
  ScaleByRate: ({ rate }) =>
    part<States<string>['ScaleByRate']>(
      {
        init: () => ({ count: 0 }),
        update: (gradient, { count }) => {
          const factor = -Rate.at(count)(rate)
          return [Params.mapValues(g => factor * g)(gradient), { count: count + 1 }]
        }
      },
      t.type({ count: t.number })
    ),
  Trace: ({ decay }) =>
    part<States<string>['Trace']>(
      {
        init: params => ({ trace: Params.zeros(Params.shapes(params)) }),
        update: (gradient, { trace }) => {
          const next = Params.zipWith((v, g) => decay * v + g)(trace, gradient)
          return [next, { trace: next }]
        }
      },
      t.type({ trace: Params.codec })
    ),
  ScaleByAdam: ({ beta1, beta2, epsilon }) =>
    part<States<string>['ScaleByAdam']>(
      {
        init: params => {
          const zeros = Params.zeros(Params.shapes(params))
          return { count: 0, first: zeros, second: zeros }
        },
        update: (gradient, state) => {
          const count = state.count + 1
          const first = Params.zipWith((m, g) => beta1 * m + (1 - beta1) * g)(state.first, gradient)
          const second = Params.zipWith((v, g) => beta2 * v + (1 - beta2) * g * g)(state.second, gradient)
          const [correction1, correction2] = [1 - beta1 ** count, 1 - beta2 ** count]
          return [
            Params.zipWith((m, v) => m / correction1 / (Math.sqrt(v / correction2) + epsilon))(first, second),
            { count, first, second }
          ]
        }
      },
      t.type({ count: t.number, first: Params.codec, second: Params.codec })
    ),
  Chain: ({ parts }) => {
    const meanings = parts.map(meaning)
    return part<ReadonlyArray<unknown>>(
      {
        init: params => meanings.map(({ transformation }) => transformation.init(params)),
        update: (gradient, states, params) =>
          meanings.reduce<readonly [Params.Params<string>, ReadonlyArray<unknown>]>(
            ([step, after], { transformation }, i) => {
              const [next, state] = transformation.update(step, states[i], params)
              return [next, [...after, state]]
            },
            [gradient, []]
          )
      },
      tuple(meanings.map(({ state }) => state))
    )
  }
})

/** One codec for each place of a list. */
const tuple = (codecs: ReadonlyArray<t.Type<unknown, unknown>>): t.Type<ReadonlyArray<unknown>, unknown> =>
  new t.Type<ReadonlyArray<unknown>, unknown>(
    'states of a chain',
    (u): u is ReadonlyArray<unknown> => Array.isArray(u) && u.length === codecs.length,
    (u, context) =>
      t.UnknownArray.is(u) && u.length === codecs.length
        ? pipe(
            codecs,
            RA.traverseWithIndex(E.Applicative)((i, codec) =>
              codec.validate(u[i], t.appendContext(context, String(i), codec))
            )
          )
        : t.failure(u, context, `not a list of ${codecs.length} states`),
    states => codecs.map((codec, i) => codec.encode(states[i]))
  )

/** The optimizer as functions, for parameters named `P`: `interpret(optimizer)<'mean'>()`. */
export const interpret =
  <O extends Optimizer>(optimizer: O) =>
  <P extends string>(): Transformation<P, State<O, P>> =>
    // `State` computes, case by case, the type that `meaning` ties to each part and then forgets.
    meaning(optimizer).transformation as unknown as Transformation<P, State<O, P>>

/** As `interpret`, for an optimizer that is not known to the compiler. */
export const anyInterpret = <P extends string>(optimizer: Optimizer): Transformation<P, AnyState<P>> =>
  // As in `interpret`.
  meaning(optimizer).transformation as unknown as Transformation<P, AnyState<P>>

/** The JSON codec of the optimizer's state: states of another optimizer are refused. */
export const stateCodec = <P extends string>(optimizer: Optimizer): t.Type<AnyState<P>, unknown> =>
  // As in `interpret`.
  meaning(optimizer).state as t.Type<AnyState<P>, unknown>

export const show: (optimizer: Optimizer) => string = fold<string>({
  Scale: ({ factor }) => `Optimizer.scale(${factor})`,
  ScaleByRate: ({ rate }) => `Optimizer.scaleByRate(${Rate.show(rate)})`,
  Trace: ({ decay }) => `Optimizer.trace(${decay})`,
  ScaleByAdam: ({ beta1, beta2, epsilon }) =>
    `Optimizer.scaleByAdam({ beta1: ${beta1}, beta2: ${beta2}, epsilon: ${epsilon} })`,
  Chain: ({ parts }) => `Optimizer.chain(${parts.map(show).join(', ')})`
})

const fraction = (field: string, value: number, suggestion: number): ReadonlyArray<Problem.Problem> =>
  Problem.unless(value >= 0 && value < 1, field, value, 'in [0, 1)', `try ${suggestion}`)

export const problems: (optimizer: Optimizer) => ReadonlyArray<Problem.Problem> = fold<ReadonlyArray<Problem.Problem>>({
  Scale: ({ factor }) => Problem.unless(Number.isFinite(factor), 'factor', factor, 'finite', 'try -0.1'),
  ScaleByRate: ({ rate }) => Rate.problems(rate).map(Problem.within('rate')),
  Trace: ({ decay }) => fraction('decay', decay, 0.9),
  ScaleByAdam: ({ beta1, beta2, epsilon }) => [
    ...fraction('beta1', beta1, 0.9),
    ...fraction('beta2', beta2, 0.999),
    ...Problem.unless(epsilon >= 0 && epsilon < Infinity, 'epsilon', epsilon, '≥ 0 and finite', 'try 1e-8')
  ],
  Chain: ({ parts }) => parts.flatMap(part => problems(part))
})

export const codec: t.Type<Optimizer, unknown> = t.recursion('Optimizer', () =>
  t.union([
    t.type({ _tag: t.literal('Scale'), factor: t.number }),
    t.type({ _tag: t.literal('ScaleByRate'), rate: Rate.codec }),
    t.type({ _tag: t.literal('Trace'), decay: t.number }),
    t.type({ _tag: t.literal('ScaleByAdam'), beta1: t.number, beta2: t.number, epsilon: t.number }),
    t.type({ _tag: t.literal('Chain'), parts: t.readonlyArray(codec) })
  ])
)

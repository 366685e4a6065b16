import * as t from 'io-ts'
import * as Entries from '../../lib/arrays/entries.js'
import type { NdArray } from '../../lib/index.js'
import { refuse } from '../../lib/plain/refuse.js'
import { Case, concept as Concept, type Field } from '../core/index.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'
import type { Level } from '../schedule/schedule.js'
import type * as Rate from './rate.js'

export interface Evaluation<P extends string> {
  readonly value: number
  readonly gradient: Params.Params<P>
  /** Reason if both are NaN because the data cannot resolve the parameters. */
  readonly problem?: Problem.Problem
}

/** Objective of a gradient: the likelihood of the data, score matching at one noise level, or another. */
export type Subject = 'likelihood' | Level | 'another'

/**
 * Objective for parts that need more than its gradient: value and gradient before the step, and evaluation elsewhere. Its noise is drawn
 * once for each step.
 */
export interface Context<P extends string> extends Evaluation<P> {
  readonly evaluate: (params: Params.Params<P>) => Evaluation<P>
  readonly subject?: Subject | undefined
  readonly watch?: Watch | undefined
}

/** Callback with the input and output of a part, when the last step of a failed run is repeated. */
export type Watch = (part: Case.AnyValue | null, received: AnyParams, step: AnyParams, params: AnyParams) => void

export interface Point<P extends string = string> extends Context<P> {
  readonly params: Params.Params<P>
}

/** Parameters whose names are known at run time. */
export type AnyParams = Params.Params<string>

export interface PartSetting {
  readonly shapes: Params.Shapes<string>
  /** Factor of the earlier parts on the gradient of a name; negative if the step already descends. */
  readonly gain: (name: string) => number
  readonly subject?: Subject | undefined
}

/** Short description of an optimizer: its name if a rate follows, its rates, and frozen parameters. */
export interface Brief {
  readonly methods: ReadonlyArray<string>
  readonly rates: ReadonlyArray<Rate.Rate>
  readonly frozen: ReadonlyArray<string>
}

/**
 * Functions of a part; they accept any state and throw if it is not their own, so that a part with state S is a `Part`. `Looks` is true if
 * it is known to use the objective beyond its gradient before the step.
 */
export interface Part<out S = unknown, out Looks extends boolean = boolean, P extends string = string> {
  readonly init: (params: Params.Params<P>) => S
  readonly update: (
    gradient: Params.Params<P>,
    memory: unknown,
    place: Point<P>
  ) => readonly [step: Params.Params<P>, memory: S]
  readonly is: (u: unknown) => u is S
  readonly encode: (memory: unknown) => unknown
  readonly validate: t.Validate<unknown, S>
  /** Signed factor that it applies to a gradient. If the state is null, only the sign is meaningful. NaN if unknown. */
  readonly gain: (memory: unknown, name: string) => number
  /** Estimate, if it differs from the last iterate. */
  readonly estimate?: ((params: Params.Params<P>, memory: unknown) => Params.Params<P>) | undefined
  /** Objective at the parameters if an update has evaluated it; otherwise null. */
  readonly recall?: ((params: Params.Params<P>, memory: unknown) => Evaluation<P> | null) | undefined
  /** Absent if unknown. */
  readonly needsObjective?: Looks | undefined
  /** Code of the parts that need an objective which is the same function at every step. */
  readonly deterministic: ReadonlyArray<string>
  /** Names of the parameters for which it has rules. */
  readonly names: ReadonlyArray<string>
  readonly requirements: (setting: PartSetting) => ReadonlyArray<Problem.Problem>
  readonly brief?: Brief | undefined
}

export interface Optimizer<out S = unknown, out Looks extends boolean = boolean> extends Case.Value<
  'Optimizer',
  Part<S, Looks>
> {}

export type MemoryOf<T> = T extends Optimizer<infer S> ? S : never

/** True if one of the parts is known to use the objective. */
export type LooksOf<T> = true extends (
  T extends Optimizer<unknown, infer L> ? ([L] extends [true] ? true : never) : never
)
  ? true
  : boolean

type Plain = string | number | boolean | bigint | symbol | null | undefined | NdArray | ArrayBufferView

export type MemoryNamed<S, P extends string> = unknown extends S
  ? S
  : S extends Plain
    ? S
    : S extends AnyParams
      ? string extends keyof S
        ? Params.Params<P>
        : { readonly [K in keyof S]: S[K] }
      : { readonly [K in keyof S]: MemoryNamed<S[K], P> }

export const concept = Concept<Optimizer>(
  'Optimizer',
  'how a gradient g becomes a step; parts compose by chain, recipes are chains'
)

export interface Spec<
  N extends string,
  F extends Field.Fields,
  S,
  A extends Case.Call,
  Looks extends boolean
> extends Omit<Case.Spec<N, F, never, A, null>, 'meaning'> {
  /** Codec of the state between steps; `t.null` if there is none. */
  readonly memory: t.Type<S, unknown>
  readonly init: (fields: Field.Of<F>) => (params: AnyParams) => NoInfer<S>
  /** Returns the output for a gradient, and the next state. `place` has the parameters and the objective before the step. */
  readonly update: (
    fields: Field.Of<F>
  ) => (gradient: AnyParams, memory: NoInfer<S>, place: Point) => readonly [step: AnyParams, memory: NoInfer<S>]
  /**
   * Capability: the signed factor that it applies to a gradient; without a state, any number of that sign. Absent: `rateInForce` is NaN and
   * ascending chains are not detected.
   */
  readonly gain?: (fields: Field.Of<F>) => (memory: NoInfer<S> | null, name: string) => number
  /** Capability: an estimate other than the last iterate. */
  readonly estimate?: (fields: Field.Of<F>) => (params: AnyParams, memory: NoInfer<S>) => AnyParams
  /** Capability: the objective at the parameters if an update has evaluated it; otherwise null. */
  readonly recall?: (fields: Field.Of<F>) => (params: AnyParams, memory: NoInfer<S>) => Evaluation<string> | null
  /** True if it uses the objective beyond its gradient; `update` then requires it as an argument. */
  readonly needsObjective?: Looks
  /** True if it compares or subtracts objectives of different steps, so that noise must not be drawn again. */
  readonly needsDeterminism?: boolean
  /** True if it changes iterates rather than gradients, so that it has no use before the rate. */
  readonly afterRate?: boolean
  /** Problems with parameters of these shapes and with the objective; `printed` is its code. */
  readonly requirements?: (
    fields: Field.Of<F>
  ) => (shapes: Params.Shapes<string>, printed: string, subject: Subject | undefined) => ReadonlyArray<Problem.Problem>
  /** Capability: a short description. */
  readonly brief?: (fields: Field.Of<F>) => Partial<Brief>
}

export const noBrief: Brief = { methods: [], rates: [], frozen: [] }

/** Joins the descriptions of two parts; undefined if more parts follow a rate. */
export const joinBriefs = (a: Brief, b: Brief): Brief | undefined =>
  a.rates.length > 0 && (b.methods.length > 0 || b.rates.length > 0)
    ? undefined
    : {
        methods: [...a.methods, ...b.methods],
        rates: [...a.rates, ...b.rates],
        frozen: [...a.frozen, ...b.frozen]
      }

/**
 * Defines a custom part. It works in chains, and is printed, stored, resumed and property-tested like a built-in
 * one.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import * as t from 'io-ts'
 * import { Field, Optimizer, Params } from 'ornstein'
 *
 * // The gradient at the worst point nearby (Foret et al. 2021).
 * const sharpnessAware = Optimizer.define({
 *   name: 'sharpnessAware',
 *   about: 'the gradient at the worst point nearby (Foret et al. 2021)',
 *   fields: { radius: Field.positive({ default: 0.05 }) },
 *   formula: ({ radius }) => `∇f(θ + ${radius} ∇f/|∇f|)`,
 *   memory: t.type({ steps: t.number }),
 *   init: () => () => ({ steps: 0 }),
 *   update:
 *     ({ radius }) =>
 *     (gradient, { steps }, { params, evaluate }) => {
 *       const norm = Params.norm(gradient)
 *       const worst = Params.zipWith((p, g) => (norm === 0 ? p : p + (radius * g) / norm))(params, gradient)
 *       return [evaluate(worst).gradient, { steps: steps + 1 }]
 *     }
 * })
 * const optimizer = Optimizer.chain(sharpnessAware({ radius: 0.5 }), Optimizer.scale(-0.1))
 * assert.equal(
 *   Optimizer.show(optimizer),
 *   'Optimizer.chain(Optimizer.sharpnessAware({ radius: 0.5 }), Optimizer.scale(-0.1))'
 * )
 * // ½x² from 1: the gradient at 1.5 is 1.5.
 * const halfSquare = ({ x }: Params.Params<'x'>) => ({ value: x.values[0] ** 2 / 2, gradient: { x } })
 * const [, { params, state }] = Optimizer.iterates(optimizer, halfSquare)(Params.of({ x: [1] }))
 * assert.ok(Math.abs(params.x.values[0] - 0.85) < 1e-15)
 * assert.deepEqual(state, [{ steps: 1 }, null])
 */
export function define<
  const N extends string,
  S,
  const F extends Field.Fields = Field.NoFields,
  const A extends Case.Call = null,
  const Looks extends boolean = boolean
>(spec: Spec<N, F, S, A, Looks>): Case.Constructor<Optimizer<S, Looks>, N, F, A, null> {
  const {
    memory,
    init,
    update,
    gain,
    estimate,
    recall,
    needsObjective,
    needsDeterminism,
    afterRate,
    requirements,
    brief
  } = spec
  const own = checkedStateOf(spec.name, memory)
  return Case.define('Optimizer', {
    ...spec,
    meaning: (fields: Field.Of<F>): Part<S, Looks> => {
      const start = init(fields)
      const step = update(fields)
      const factor = gain?.(fields)
      const answer = estimate?.(fields)
      const met = recall?.(fields)
      const wrong = requirements?.(fields)
      // the fields of a description are the description itself
      const printed = Case.isValue(fields) ? Case.show(fields) : `Optimizer.${spec.name}`
      return {
        init: start,
        update: (gradient, u, place) => {
          const made = step(gradient, own(u), place)
          place.watch?.(Case.isValue(fields) ? fields : null, gradient, made[0], place.params)
          return made
        },
        is: memory.is,
        encode: u => memory.encode(own(u)),
        validate: memory.validate,
        gain: (u, name) => (factor === undefined ? NaN : factor(u === null ? null : own(u), name)),
        estimate: answer && ((params, u) => answer(params, own(u))),
        recall: met && ((params, u) => met(params, own(u))),
        needsObjective,
        deterministic: needsDeterminism === true ? [printed] : [],
        names: [],
        requirements: setting => [
          ...(afterRate === true ? beforeRateProblems(printed)(setting) : []),
          ...(wrong === undefined ? [] : wrong(setting.shapes, printed, setting.subject))
        ],
        brief: brief && { ...noBrief, ...brief(fields) }
      }
    }
  })
}

/** Returns the state if it is one of this part; throws otherwise. */
const checkedStateOf =
  <S>(name: string, memory: t.Type<S, unknown>) =>
  (u: unknown): S =>
    memory.is(u)
      ? u
      : refuse(`memory: ${JSON.stringify(u)} is not what Optimizer.${name} remembers (${memory.name}); start with init`)

/** Returns the functions of an optimizer on gradients. */
export const partMeaning = <S, Looks extends boolean>(optimizer: Optimizer<S, Looks>): Part<S, Looks> =>
  // the concept does not have the type of the state
  concept.meaning(optimizer) as Part<S, Looks>

/** Problem of a part that must follow the rate, since it changes iterates, if it comes before. */
const beforeRateProblems =
  (printed: string) =>
  ({ shapes, gain }: PartSetting): ReadonlyArray<Problem.Problem> =>
    Problem.unless(
      // an unknown gain does not count as ascent
      !Params.names(shapes).some(name => gain(name) > 0),
      'optimizer',
      printed,
      'after a rate, where gradients have become steps',
      'put it last in the chain'
    )

/** Memory of a part without state. */
export const noMemory = { memory: t.null, init: () => () => null } as const

/** Returns the gain +1 of a part that keeps the sign of the gradient. */
export const ascentGain = (): (() => number) => () => 1

/** Returns the parameters before a step with the objective, whose value is computed when read. */
export const pointAt = <P extends string>(params: Params.Params<P>, context: Context<P>): Point<P> => ({
  params,
  get value() {
    return context.value
  },
  gradient: context.gradient,
  evaluate: context.evaluate,
  subject: context.subject,
  watch: context.watch
})

/** Objective that was not given; it throws when called. */
export const unknownObjective = <P extends string>(gradient: Params.Params<P>): Context<P> => {
  const ask = (): never =>
    refuse(
      'context: undefined is not the objective, which this optimizer needs; give it to `update` as fourth argument'
    )
  return {
    get value() {
      return ask()
    },
    gradient,
    evaluate: ask
  }
}

/** Returns zeros in the shapes of the parameters. */
export const zerosLikeParams = (params: AnyParams): AnyParams => Params.zeros(Params.shapes(params))

/** a + b, by name. */
export const sumArrays = Params.zipArrays(Entries.sums)

/** a − b, by name. */
export const differenceOfArrays = Params.zipWith((a, b) => a - b)

/** a · x + y */
export const axpyParams = (a: number, x: AnyParams, y: AnyParams): AnyParams =>
  Params.zipWith((x, y) => a * x + y)(x, y)

/** factor · x */
export const scaledParams = (factor: number): ((x: AnyParams) => AnyParams) =>
  Params.map<NdArray, NdArray>(({ shape, values }) => ({ shape, values: Entries.multiples(factor, values) }))

/** Inner product ⟨a, b⟩ over all parameters. */
export const dotParams = (a: AnyParams, b: AnyParams): number =>
  Object.entries<NdArray>(a).reduce(
    (total, [name, { values }]) => values.reduce((sum, value, i) => sum + value * b[name].values[i], total),
    0
  )

/** What a part of an optimizer is to the rest of the program, and how one is defined. */
import * as t from 'io-ts'
import * as Entries from '../../lib/arrays/entries.js'
import type { NdArray } from '../../lib/index.js'
import { refuse } from '../../lib/plain/refuse.js'
import { Case, concept as Concept, type Field } from '../core/index.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'
import type { Level } from '../schedule/schedule.js'
import type * as Rate from './rate.js'

/** An objective at some parameters. */
export interface Evaluation<P extends string> {
  readonly value: number
  readonly gradient: Params.Params<P>
  /** The reason if both are NaN and the data cannot resolve the parameters; absent otherwise. */
  readonly problem?: Problem.Problem
}

/** Of what a gradient is: of the likelihood of the data, of score matching at one noise level, or of something else. */
export type Subject = 'likelihood' | Level | 'another'

/**
 * The objective, for parts that need more than what the parts before them made of its gradient: itself where the step
 * starts, and anywhere else. Within one step it is one function, its noise drawn once.
 */
export interface Context<P extends string> extends Evaluation<P> {
  readonly evaluate: (params: Params.Params<P>) => Evaluation<P>
  /** What it is, where that is known. */
  readonly subject?: Subject | undefined
  readonly watch?: Watch | undefined
}

/** Looks on at a part: at what it received and what it made of that. A run that fails takes its last step again so watched. */
export type Watch = (part: Case.AnyValue | null, received: AnyParams, step: AnyParams, params: AnyParams) => void

/** Where a step starts: the parameters, and the objective seen from there. */
export interface Point<P extends string = string> extends Context<P> {
  readonly params: Params.Params<P>
}

/** Parameters of names that are known when it runs. */
export type AnyParams = Params.Params<string>

/** What an optimizer is to work on. */
export interface PartSetting {
  /** The parameters' names and shapes. */
  readonly shapes: Params.Shapes<string>
  /** The factor that the parts before put on the gradient of a name: below 0 it has been turned downhill. */
  readonly gain: (name: string) => number
  /** What is minimised, where that is known. */
  readonly subject?: Subject | undefined
}

/** A short description of an optimizer: its name when a rate follows, its rates, and the parameters that it never moves. */
export interface Brief {
  readonly methods: ReadonlyArray<string>
  readonly rates: ReadonlyArray<Rate.Rate>
  readonly frozen: ReadonlyArray<string>
}

/**
 * What a part means. Its functions take any memory and refuse what is not theirs, so that a part that remembers an S is
 * a part. `Looks` is true where it is known to look at the objective, beyond its gradient where the step starts.
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
  /** The factor that it puts on a gradient, with its sign; where there is no memory yet (null) only the sign counts. NaN where it is not known. */
  readonly gain: (memory: unknown, name: string) => number
  /** What it takes for the answer, where that is not the last iterate. */
  readonly estimate?: ((params: Params.Params<P>, memory: unknown) => Params.Params<P>) | undefined
  /** The objective at the parameters, where an update has met it. */
  readonly recall?: ((params: Params.Params<P>, memory: unknown) => Evaluation<P> | null) | undefined
  /** Absent where that is not known. */
  readonly needsObjective?: Looks | undefined
  /** What of it needs an objective that is the same function at every step, printed. */
  readonly deterministic: ReadonlyArray<string>
  /** The names for which it has rules. */
  readonly names: ReadonlyArray<string>
  readonly requirements: (setting: PartSetting) => ReadonlyArray<Problem.Problem>
  readonly brief?: Brief | undefined
}

export interface Optimizer<out S = unknown, out Looks extends boolean = boolean> extends Case.Value<
  'Optimizer',
  Part<S, Looks>
> {}

/** What an optimizer remembers from step to step, for parameters of whatever names. */
export type MemoryOf<T> = T extends Optimizer<infer S> ? S : never

/** True if one of them is known to look at the objective. */
export type LooksOf<T> = true extends (
  T extends Optimizer<unknown, infer L> ? ([L] extends [true] ? true : never) : never
)
  ? true
  : boolean

type Plain = string | number | boolean | bigint | symbol | null | undefined | NdArray | ArrayBufferView

/** A memory whose parameters have these names. */
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
  /** What it remembers from step to step, and how that is stored; `t.null` for nothing. */
  readonly memory: t.Type<S, unknown>
  readonly init: (fields: Field.Of<F>) => (params: AnyParams) => NoInfer<S>
  /** What it makes of a gradient, and what it then remembers. `place` is where the step starts. */
  readonly update: (
    fields: Field.Of<F>
  ) => (gradient: AnyParams, memory: NoInfer<S>, place: Point) => readonly [step: AnyParams, memory: NoInfer<S>]
  /**
   * Capability: the factor that it puts on a gradient, sign included; any number of that sign where there is no memory
   * yet. Without it `rateInForce` is NaN, and nothing tells whether a chain climbs.
   */
  readonly gain?: (fields: Field.Of<F>) => (memory: NoInfer<S> | null, name: string) => number
  /** Capability: another answer than the last iterate. */
  readonly estimate?: (fields: Field.Of<F>) => (params: AnyParams, memory: NoInfer<S>) => AnyParams
  /** Capability: the objective at the parameters, where an update has met it; null where not. */
  readonly recall?: (fields: Field.Of<F>) => (params: AnyParams, memory: NoInfer<S>) => Evaluation<string> | null
  /** It looks at the objective beyond its gradient: the compiler then asks for it wherever `update` is called. */
  readonly needsObjective?: Looks
  /** It compares the objective of one step with that of another, or differences it: noise must not be drawn again. */
  readonly needsDeterminism?: boolean
  /** It changes iterates rather than gradients, and does nothing useful before the rate. */
  readonly afterRate?: boolean
  /** Its problems for parameters of these shapes, and for what is minimised; `printed` is its code. */
  readonly requirements?: (
    fields: Field.Of<F>
  ) => (shapes: Params.Shapes<string>, printed: string, subject: Subject | undefined) => ReadonlyArray<Problem.Problem>
  /** Capability: what it says of itself in few words. */
  readonly brief?: (fields: Field.Of<F>) => Partial<Brief>
}

export const noBrief: Brief = { methods: [], rates: [], frozen: [] }

/** The descriptions of two parts as one; undefined where more follows a rate, which a short description cannot say. */
export const bothBrief = (a: Brief, b: Brief): Brief | undefined =>
  a.rates.length > 0 && (b.methods.length > 0 || b.rates.length > 0)
    ? undefined
    : {
        methods: [...a.methods, ...b.methods],
        rates: [...a.rates, ...b.rates],
        frozen: [...a.frozen, ...b.frozen]
      }

/**
 * A part of one's own: it stands in chains, is printed, stored, resumed and property-tested as ours are.
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
  const own = (u: unknown): S =>
    memory.is(u)
      ? u
      : refuse(
          `memory: ${JSON.stringify(u)} is not what Optimizer.${spec.name} remembers (${memory.name}); start with init`
        )
  return Case.define('Optimizer', {
    ...spec,
    meaning: (fields: Field.Of<F>): Part<S, Looks> => {
      const start = init(fields)
      const step = update(fields)
      const factor = gain?.(fields)
      const answer = estimate?.(fields)
      const met = recall?.(fields)
      const wrong = requirements?.(fields)
      // Of a description the fields are the description itself.
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
          ...(afterRate === true ? beforeRate(printed)(setting) : []),
          ...(wrong === undefined ? [] : wrong(setting.shapes, printed, setting.subject))
        ],
        brief: brief && { ...noBrief, ...brief(fields) }
      }
    }
  })
}

/** What it does to gradients, everything there is to it. */
export const partMeaning = <S, Looks extends boolean>(optimizer: Optimizer<S, Looks>): Part<S, Looks> =>
  // the concept does not know of which state
  concept.meaning(optimizer) as Part<S, Looks>

/** A part that changes iterates rather than gradients does nothing useful before the rate. */
const beforeRate =
  (printed: string) =>
  ({ shapes, gain }: PartSetting): ReadonlyArray<Problem.Problem> =>
    Problem.unless(
      // An unknown gain does not count as uphill.
      !Params.names(shapes).some(name => gain(name) > 0),
      'optimizer',
      printed,
      'after a rate, where gradients have become steps',
      'put it last in the chain'
    )

/** Of a part that remembers nothing. */
export const noMemory = { memory: t.null, init: () => () => null } as const

/** The gain of a part that turns no gradient around. */
export const uphill = (): (() => number) => () => 1

/** The objective and the parameters where a step starts. The value is computed only when it is read. */
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

/** Stands in for an objective that was not given, and throws when it is called. */
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

/** Zeros in the shapes of others. */
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

/** ⟨a, b⟩ over all names together. */
export const dotParams = (a: AnyParams, b: AnyParams): number =>
  Object.entries<NdArray>(a).reduce(
    (total, [name, { values }]) => values.reduce((sum, value, i) => sum + value * b[name].values[i], total),
    0
  )

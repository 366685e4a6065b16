/** Rules by the names of the parameters. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as R from 'fp-ts/lib/ReadonlyRecord.js'
import * as t from 'io-ts'
import { refuse } from '../../lib/refuse.js'
import { Case, Field } from '../core/index.js'
import { quoted } from '../core/words.js'
import * as Problem from '../core/Problem.js'
import { anyLooks } from './chain.js'
import {
  concept,
  meaning,
  placed,
  zeros,
  type Arrays,
  type LooksOf,
  type MemoryOf,
  type Named,
  type Optimizer,
  type Part,
  type Place,
  type Setting
} from './part.js'

const several = (names: ReadonlyArray<string>): string => names.map(quoted).join(', ')

const names = Field.array(
  Field.codec(t.string, {
    domain: 'the name of a parameter',
    remedy: "try 'means'",
    show: quoted,
    arbitrary: fc => fc.constantFrom('means', 'logits'),
    sample: 'means'
  })
)

/** The entries of a record that have these names, in the order of the record. */
const pick =
  (names: ReadonlyArray<string>) =>
  <A>(record: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
    pipe(
      record,
      R.filterWithIndex(name => names.includes(name))
    )

/** The objective as a function of some of its parameters, the others held. */
const restrict = (names: ReadonlyArray<string>, place: Place): Place => {
  const some = pick(names)
  return placed(some(place.params), {
    get value() {
      return place.value
    },
    gradient: some(place.gradient),
    evaluate: moved => {
      const { value, gradient } = place.evaluate({ ...place.params, ...moved })
      return { value, gradient: some(gradient) }
    },
    subject: place.subject
  })
}

const unknownNames = (names: ReadonlyArray<string>, { shapes }: Setting): ReadonlyArray<Problem.Problem> =>
  names.flatMap(name =>
    Problem.unless(
      R.has(name, shapes),
      'optimizer',
      quoted(name),
      'the name of a parameter',
      Object.keys(shapes).length === 0 ? 'there is none' : `use one of ${several(Object.keys(shapes))}`
    )
  )

const narrowed = (names: ReadonlyArray<string>, setting: Setting): Setting => ({
  ...setting,
  shapes: pick(names)(setting.shapes)
})

const forNames = Case.define('Optimizer', {
  name: 'only',
  about: 'a part for some parameters',
  fields: {
    names: {
      ...names,
      accept: (given: unknown) => names.accept(typeof given === 'string' ? [given] : given),
      show: (u: unknown) => (t.readonlyArray(t.string).is(u) && u.length === 1 ? quoted(u[0]) : names.show(u, []))
    },
    part: Field.of(concept)
  },
  call: ['names', 'part'],
  meaning: ({ names, part }): Part => {
    const inner = meaning(part)
    const some = pick(names)
    return {
      ...inner,
      init: params => inner.init(some(params)),
      update: (gradient, memory, place) => {
        const [step, after] = inner.update(some(gradient), memory, restrict(names, place))
        return [{ ...gradient, ...step }, after]
      },
      gain: (memory, name) => (names.includes(name) ? inner.gain(memory, name) : 1),
      estimate: pipe(
        inner.estimate,
        O.map(estimate => (params, memory) => ({ ...params, ...estimate(some(params), memory) }))
      ),
      // The part has met the objective of some parameters only.
      recall: O.none,
      names,
      misfits: setting => [...unknownNames(names, setting), ...inner.misfits(narrowed(names, setting))],
      // A short description does not say what some parameters do, only that they are frozen.
      brief: O.some({ methods: [], rates: [], frozen: names.filter(name => inner.gain(null, name) === 0) })
    }
  }
})

/** A part that sees only some parameters remembers only them. */
export type Only<N extends string = string, P extends Optimizer = Optimizer> = Optimizer<
  Named<MemoryOf<P>, N>,
  LooksOf<P>
> & { readonly _tag: 'only'; readonly names: ReadonlyArray<N>; readonly part: P }

/**
 * A part that sees only the parameters of these names; the others' gradients pass as they are. Names that are not
 * parameters are refused when a pipeline is compiled. An optimizer for each name is a `partition`.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer } from 'ornstein'
 *
 * const optimizer = Optimizer.chain(Optimizer.only('logits', Optimizer.clipByValue(1)), Optimizer.adam({ rate: 0.1 }))
 * assert.match(Optimizer.show(optimizer), /^Optimizer.chain\(Optimizer.only\('logits', Optimizer.clipByValue\(1\)\), /)
 */
export const only = Object.assign(
  <N extends string, P extends Optimizer>(names: N | ReadonlyArray<N>, part: P): Only<N, P> => {
    const made = forNames(typeof names === 'string' ? [names] : names, part)
    // It holds this part, and gives it only what has these names.
    const holds = (o: typeof made): o is typeof made & Only<N, P> => o.part === part
    return holds(made) ? made : refuse('only: it does not hold its part')
  },
  { [Case.ofCase]: forNames[Case.ofCase] }
)

/** Parameters of these names stay where they are: put it last. */
export const freeze = Case.define('Optimizer', {
  name: 'freeze',
  about: 'parameters that stay where they are',
  fields: { names },
  call: ['...names'],
  example: { names: ['logits'] },
  meaning: ({ names }): Part<null> => ({
    init: () => null,
    update: gradient => [{ ...gradient, ...zeros(pick(names)(gradient)) }, null],
    is: t.null.is,
    encode: () => null,
    validate: t.null.validate,
    gain: (_, name) => (names.includes(name) ? 0 : 1),
    estimate: O.none,
    recall: O.none,
    needsObjective: O.none,
    deterministic: [],
    names,
    misfits: setting => unknownNames(names, setting),
    brief: O.some({ methods: [], rates: [], frozen: names })
  })
})

type Memories = Readonly<Record<string, unknown>>

const byRules = Case.define('Optimizer', {
  name: 'partition',
  about: 'an optimizer for each parameter',
  fields: { rules: Field.dictionary(Field.of(concept)) },
  call: ['rules'],
  meaning: ({ rules: descriptions }): Part<Memories> => {
    const rules: Readonly<Record<string, Part>> = R.map((rule: Optimizer) => meaning(rule))(descriptions)
    const entries = R.toReadonlyArray(rules).map(([name, rule]) => ({ name, some: pick([name]), rule }))
    const fits = (u: unknown): u is Memories => t.UnknownRecord.is(u) && entries.every(({ name }) => name in u)
    const of = (u: unknown): Memories =>
      fits(u) ? u : refuse(`memory: it does not hold what ${several(R.keys(rules))} remember; start with init`)
    const estimates = entries.flatMap(({ rule, ...rest }) =>
      O.isSome(rule.estimate) ? [{ ...rest, estimate: rule.estimate.value }] : []
    )
    return {
      init: params => R.mapWithIndex((name, { init }: Part) => init(pick([name])(params)))(rules),
      update: (gradient, memories, place) =>
        entries.reduce<readonly [Arrays, Memories]>(
          ([step, after], { name, some, rule }) => {
            const [next, memory] = rule.update(some(gradient), of(memories)[name], restrict([name], place))
            return [
              { ...step, ...next },
              { ...after, [name]: memory }
            ]
          },
          [zeros(place.params), {}]
        ),
      is: (u): u is Memories => fits(u) && entries.every(({ name, rule }) => rule.is(u[name])),
      encode: u => R.mapWithIndex((name, { encode }: Part) => encode(of(u)[name]))(rules),
      validate: (u, context) =>
        fits(u)
          ? pipe(
              rules,
              R.traverseWithIndex(E.Applicative)((name, { validate }) =>
                validate(u[name], [...context, { key: name, type: t.unknown, actual: u[name] }])
              )
            )
          : t.failure(u, context, `not memories of ${several(R.keys(rules))}`),
      gain: (u, name) => (R.has(name, rules) ? rules[name].gain(u === null ? null : of(u)[name], name) : 0),
      estimate:
        estimates.length === 0
          ? O.none
          : O.some((params, u) =>
              estimates.reduce<Arrays>(
                (answer, { name, some, estimate }) => ({ ...answer, ...estimate(some(params), of(u)[name]) }),
                params
              )
            ),
      recall: O.none,
      needsObjective: anyLooks(entries.map(({ rule }) => rule)),
      deterministic: entries.flatMap(({ rule }) => rule.deterministic),
      names: R.keys(rules),
      misfits: setting => [
        ...unknownNames(R.keys(rules), setting),
        ...entries.flatMap(({ name, rule }) => rule.misfits(narrowed([name], setting)))
      ],
      brief: O.none
    }
  }
})

/** A partition remembers what the rule of each name remembers. */
export type Partition<Rules extends Readonly<Record<string, Optimizer>> = Readonly<Record<string, Optimizer>>> =
  Optimizer<{ readonly [N in keyof Rules]: Named<MemoryOf<Rules[N]>, N & string> }, LooksOf<Rules[keyof Rules]>> & {
    readonly _tag: 'partition'
    readonly rules: Rules
  }

/**
 * An optimizer for each name; parameters without one stay where they are.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer, Params } from 'ornstein'
 *
 * const optimizer = Optimizer.partition({ means: Optimizer.gradientDescent({ rate: 0.5 }) })
 * const { init, update } = Optimizer.interpret(optimizer)<'means' | 'logits'>()
 * const params = Params.of({ means: [[2]], logits: [3] })
 * const [step, state] = update(params, init(params), params)
 * assert.deepEqual(step, Params.of({ means: [[-1]], logits: [0] }))
 * assert.deepEqual(state, { means: { count: 1 } })
 */
export const partition = Object.assign(
  <Rules extends Readonly<Record<string, Optimizer>>>(rules: Rules): Partition<Rules> => {
    const made = byRules(rules)
    const holds = (o: typeof made): o is typeof made & Partition<Rules> =>
      Object.entries(o.rules).every(([name, rule]) => rules[name] === rule)
    return holds(made) ? made : refuse('partition: it does not hold its rules')
  },
  { [Case.ofCase]: byRules[Case.ofCase] }
)

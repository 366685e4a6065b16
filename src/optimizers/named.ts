/** Rules by the names of the parameters. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as R from 'fp-ts/lib/ReadonlyRecord.js'
import * as t from 'io-ts'
import * as Problem from '../Problem.js'
import { part, zeros, type Arrays, type Context, type Part, type Setting } from './part.js'

const quoted = (names: ReadonlyArray<string>): string => names.map(name => `'${name}'`).join(', ')

/** Those of a record's entries that have these names, in the record's order. */
const pick =
  (names: ReadonlyArray<string>) =>
  <A>(record: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
    pipe(
      record,
      R.filterWithIndex(name => names.includes(name))
    )

/** The objective as a function of some of its parameters, the others held. */
const restrict = (names: ReadonlyArray<string>, params: Arrays, context: Context<string>): Context<string> => ({
  get value() {
    return context.value
  },
  gradient: pick(names)(context.gradient),
  evaluate: some => {
    const { value, gradient } = context.evaluate({ ...params, ...some })
    return { value, gradient: pick(names)(gradient) }
  }
})

const unknownNames = (names: ReadonlyArray<string>, { shapes }: Setting): ReadonlyArray<Problem.Problem> =>
  names.flatMap(name =>
    Problem.unless(
      R.has(name, shapes),
      'optimizer',
      `'${name}'`,
      'the name of a parameter',
      Object.keys(shapes).length === 0 ? 'there is none' : `use one of ${quoted(Object.keys(shapes))}`
    )
  )

const narrowed = (names: ReadonlyArray<string>, setting: Setting): Setting => ({
  ...setting,
  shapes: pick(names)(setting.shapes)
})

export const only = (names: ReadonlyArray<string>, inner: Part<unknown>): Part<unknown> => {
  const some = pick(names)
  return part<unknown>({
    init: params => inner.init(some(params)),
    update: (gradient, state, params, context) => {
      const [step, after] = inner.update(some(gradient), state, some(params), restrict(names, params, context))
      return [{ ...gradient, ...step }, after]
    },
    state: inner.state,
    gain: (state, name) => (names.includes(name) ? inner.gain(state, name) : 1),
    estimate: (params, state) => ({ ...params, ...inner.estimate(some(params), state) }),
    deterministic: inner.deterministic,
    names,
    misfits: setting => [...unknownNames(names, setting), ...inner.misfits(narrowed(names, setting))]
  })
}

type States = Readonly<Record<string, unknown>>

/** One codec for each name. */
const record = (codecs: Readonly<Record<string, t.Type<unknown, unknown>>>): t.Type<States, unknown> => {
  const fits = (u: unknown): u is States => t.UnknownRecord.is(u) && R.keys(codecs).every(name => name in u)
  return new t.Type<States, unknown>(
    'states by name',
    fits,
    (u, context) =>
      fits(u)
        ? pipe(
            codecs,
            R.traverseWithIndex(E.Applicative)((name, codec) =>
              codec.validate(u[name], t.appendContext(context, name, codec))
            )
          )
        : t.failure(u, context, `not states for ${quoted(R.keys(codecs))}`),
    states => R.mapWithIndex((name, codec: t.Type<unknown, unknown>) => codec.encode(states[name]))(codecs)
  )
}

export const partition = (rules: Readonly<Record<string, Part<unknown>>>): Part<unknown> => {
  const entries = R.toReadonlyArray(rules).map(([name, rule]) => ({ name, names: [name], rule }))
  return part<States>({
    init: params => R.mapWithIndex((name, rule: Part<unknown>) => rule.init(pick([name])(params)))(rules),
    update: (gradient, states, params, context) =>
      entries.reduce<readonly [Arrays, States]>(
        ([step, after], { name, names, rule }) => {
          const some = pick(names)
          const [next, state] = rule.update(
            some(gradient),
            states[name],
            some(params),
            restrict(names, params, context)
          )
          return [
            { ...step, ...next },
            { ...after, [name]: state }
          ]
        },
        [zeros(params), {}]
      ),
    state: record(R.map(({ state }: Part<unknown>) => state)(rules)),
    gain: (states, name) => (R.has(name, rules) ? rules[name].gain(states === null ? null : states[name], name) : 0),
    estimate: (params, states) =>
      entries.reduce<Arrays>(
        (estimate, { name, names, rule }) => ({
          ...estimate,
          ...rule.estimate(pick(names)(params), states[name])
        }),
        params
      ),
    deterministic: entries.flatMap(({ rule }) => rule.deterministic),
    names: R.keys(rules),
    misfits: setting => [
      ...unknownNames(R.keys(rules), setting),
      ...entries.flatMap(({ names, rule }) => rule.misfits(narrowed(names, setting)))
    ]
  })
}

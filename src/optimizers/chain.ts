/** Parts in turn. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import type * as Problem from '../Problem.js'
import { part, type Arrays, type Evaluation, type Part, type Setting } from './part.js'

type States = ReadonlyArray<unknown>

/** One codec for each place of a list. */
const tuple = (codecs: ReadonlyArray<t.Type<unknown, unknown>>): t.Type<States, unknown> =>
  new t.Type<States, unknown>(
    'states of a chain',
    (u): u is States => Array.isArray(u) && u.length === codecs.length,
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

export const chain = (parts: ReadonlyArray<Part<unknown>>): Part<unknown> =>
  part<States>({
    init: params => parts.map(({ init }) => init(params)),
    update: (gradient, states, params, context) =>
      parts.reduce<readonly [Arrays, States]>(
        ([step, after], { update }, i) => {
          const [next, state] = update(step, states[i], params, context)
          return [next, [...after, state]]
        },
        [gradient, []]
      ),
    state: tuple(parts.map(({ state }) => state)),
    gain: (states, name) =>
      parts.reduce((product, { gain }, i) => product * gain(states === null ? null : states[i], name), 1),
    estimate: (params, states) => parts.reduce((estimate, part, i) => part.estimate(estimate, states[i]), params),
    recall: (params, states) =>
      parts.reduce<Evaluation<string> | null>((met, { recall }, i) => met ?? recall(params, states[i]), null),
    deterministic: parts.flatMap(({ deterministic }) => deterministic),
    names: parts.flatMap(({ names }) => names),
    misfits: setting =>
      parts.reduce<readonly [Setting, ReadonlyArray<Problem.Problem>]>(
        ([setting, problems], { gain, misfits }) => [
          { ...setting, gain: name => setting.gain(name) * gain(null, name) },
          [...problems, ...misfits(setting)]
        ],
        [setting, []]
      )[1]
  })

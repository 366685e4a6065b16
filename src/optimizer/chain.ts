/** Parts in turn. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as t from 'io-ts'
import { refuse } from '../../lib/refuse.js'
import { Case, Field } from '../core/index.js'
import type * as Problem from '../core/Problem.js'
import { clipByGlobalNorm, scaleByRate } from './elementwise.js'
import {
  bothBrief,
  concept,
  meaning,
  noBrief,
  type Arrays,
  type Brief,
  type Evaluation,
  type LooksOf,
  type MemoryOf,
  type Optimizer,
  type Part,
  type Setting
} from './part.js'

type Memories = ReadonlyArray<unknown>

const list = (u: unknown): Memories =>
  t.UnknownArray.is(u) ? u : refuse('memory: it is not the list of what the parts of a chain remember; start with init')

/** The product of two gains. 0 times what is not known (NaN) is 0: the parameter does not move. */
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b)

const parts = Case.define('Optimizer', {
  name: 'chain',
  about: 'one part after another',
  fields: { parts: Field.list(concept) },
  call: ['...parts'],
  example: { parts: [clipByGlobalNorm(1), scaleByRate(0.1)] },
  meaning: ({ parts: descriptions }): Part<Memories> => {
    const parts = descriptions.map(part => meaning(part))
    const placed = parts.map((part, i) => ({ part, at: (u: unknown): unknown => (u === null ? null : list(u)[i]) }))
    const estimates = placed.flatMap(({ part, at }) =>
      O.isSome(part.estimate) ? [{ at, estimate: part.estimate.value }] : []
    )
    const recalls = placed.flatMap(({ part, at }) => (O.isSome(part.recall) ? [{ at, recall: part.recall.value }] : []))
    return {
      init: params => parts.map(({ init }) => init(params)),
      update: (gradient, memories, place) =>
        placed.reduce<readonly [Arrays, Memories]>(
          ([step, after], { part, at }) => {
            const [next, memory] = part.update(step, at(memories), place)
            return [next, [...after, memory]]
          },
          [gradient, []]
        ),
      is: (u): u is Memories => Array.isArray(u) && u.length === parts.length && parts.every(({ is }, i) => is(u[i])),
      encode: u => placed.map(({ part, at }) => part.encode(at(u))),
      validate: (u, context) =>
        t.UnknownArray.is(u) && u.length === parts.length
          ? pipe(
              parts,
              RA.traverseWithIndex(E.Applicative)((i, { validate }) =>
                validate(u[i], [...context, { key: String(i), type: t.unknown, actual: u[i] }])
              )
            )
          : t.failure(u, context, `not a list of ${parts.length} memories`),
      gain: (u, name) => placed.reduce((product, { part, at }) => times(product, part.gain(at(u), name)), 1),
      estimate:
        estimates.length === 0
          ? O.none
          : O.some((params, u) => estimates.reduce((answer, { at, estimate }) => estimate(answer, at(u)), params)),
      recall:
        recalls.length === 0
          ? O.none
          : O.some((params, u) =>
              recalls.reduce<Evaluation<string> | null>((met, { at, recall }) => met ?? recall(params, at(u)), null)
            ),
      needsObjective: anyLooks(parts),
      deterministic: parts.flatMap(({ deterministic }) => deterministic),
      names: parts.flatMap(({ names }) => names),
      misfits: setting =>
        parts.reduce<readonly [Setting, ReadonlyArray<Problem.Problem>]>(
          ([setting, problems], { gain, misfits }) => [
            { ...setting, gain: name => times(setting.gain(name), gain(null, name)) },
            [...problems, ...misfits(setting)]
          ],
          [setting, []]
        )[1],
      brief: parts.reduce<O.Option<Brief>>(
        (all, { brief }) => (O.isSome(all) && O.isSome(brief) ? bothBrief(all.value, brief.value) : O.none),
        noBrief
      )
    }
  }
})

/** True where one of them is known to look at the objective; boolean where that is not known of all. */
export const anyLooks = (parts: ReadonlyArray<Part>): O.Option<boolean> =>
  parts.some(({ needsObjective }) => O.isSome(needsObjective) && needsObjective.value) ? O.some(true) : O.none

/** A chain remembers the list of what its parts remember, in their order. */
export type Chain<Parts extends ReadonlyArray<Optimizer> = ReadonlyArray<Optimizer>> = Optimizer<
  { readonly [I in keyof Parts]: MemoryOf<Parts[I]> },
  LooksOf<Parts[number]>
> & { readonly _tag: 'chain'; readonly parts: Parts }

/** Applies its parts in turn; `chain()` leaves a gradient as it is. */
export const chain = Object.assign(
  <Parts extends ReadonlyArray<Optimizer>>(...parts_: Parts): Chain<Parts> => {
    const made = parts(...parts_)
    // It holds these parts, and so remembers what they remember.
    const holds = (o: typeof made): o is typeof made & Chain<Parts> => o.parts.every((part, i) => part === parts_[i])
    return holds(made) ? made : refuse('chain: it does not hold its parts')
  },
  { [Case.ofCase]: parts[Case.ofCase] }
)

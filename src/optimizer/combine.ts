/** Combinations of parts on all parameters or on some: chains, rules by name and frozen parameters. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as R from 'fp-ts/lib/ReadonlyRecord.js'
import * as t from 'io-ts'
import { refuse } from '../../lib/plain/refuse.js'
import { quotedText } from '../core/spelling.js'
import * as Problem from '../core/problem.js'
import {
  joinBriefs,
  noBrief,
  pointAt,
  zerosLikeParams,
  type AnyParams,
  type Brief,
  type Evaluation,
  type Part,
  type Point,
  type PartSetting
} from './part.js'

/** Part with the names of the parameters that it receives, null for all; gradients of others pass it unchanged. */
export interface Member {
  readonly part: Part
  readonly on: ReadonlyArray<string> | null
}

interface MemoryStore<S> {
  readonly about: string
  readonly fits: (u: unknown) => u is S
  readonly of: (memories: ReadonlyArray<unknown>) => S
  readonly at: (memory: S, member: number) => unknown
  /** Path of a member's state, for error messages. */
  readonly path: (member: number) => ReadonlyArray<string>
}

/** States of `length` members as a list. */
export const listStore = (length: number): MemoryStore<ReadonlyArray<unknown>> => ({
  about: `a list of ${length} memories`,
  fits: (u): u is ReadonlyArray<unknown> => t.UnknownArray.is(u) && u.length === length,
  of: memories => memories,
  at: (memory, i) => memory[i],
  path: i => [String(i)]
})

/** States of members by name. */
export const recordStore = (names: ReadonlyArray<string>): MemoryStore<Readonly<Record<string, unknown>>> => ({
  about: `memories of ${quotedList(names)}`,
  fits: (u): u is Readonly<Record<string, unknown>> => t.UnknownRecord.is(u) && names.every(name => name in u),
  of: memories => Object.fromEntries(RA.zip(names, memories)),
  at: (memory, i) => memory[names[i]],
  path: i => [names[i]]
})

/** State of the only member, as it is. */
export const singleStore: MemoryStore<unknown> = {
  about: 'a memory',
  fits: t.unknown.is,
  of: ([memory]) => memory,
  at: memory => memory,
  path: () => []
}

/** Null, for members without state. */
export const emptyStore: MemoryStore<null> = { ...singleStore, about: 'null', fits: t.null.is, of: () => null }

const quotedList = (names: ReadonlyArray<string>): string => names.map(quotedText).join(', ')

/** Entries with the given names, in the order of the record; all if the names are null. */
const pickNames =
  (names: ReadonlyArray<string> | null) =>
  <A>(record: Readonly<Record<string, A>>): Readonly<Record<string, A>> =>
    names === null
      ? record
      : pipe(
          record,
          R.filterWithIndex(name => names.includes(name))
        )

/** Objective as a function of some of its parameters, with the others fixed. */
const restrictPoint = (names: ReadonlyArray<string> | null, place: Point): Point => {
  if (names === null) return place
  const some = pickNames(names)
  return pointAt(some(place.params), {
    get value() {
      return place.value
    },
    gradient: some(place.gradient),
    evaluate: moved => {
      const { value, gradient } = place.evaluate({ ...place.params, ...moved })
      return { value, gradient: some(gradient) }
    },
    subject: place.subject,
    watch: place.watch
  })
}

const unknownNames = (names: ReadonlyArray<string>, { shapes }: PartSetting): ReadonlyArray<Problem.Problem> =>
  names.flatMap(name =>
    Problem.unless(
      R.has(name, shapes),
      'optimizer',
      quotedText(name),
      'the name of a parameter',
      Object.keys(shapes).length === 0 ? 'there is none' : `use one of ${quotedList(Object.keys(shapes))}`
    )
  )

/** Product of two gains. 0 times an unknown gain (NaN) is 0, since the parameter does not move. */
const gainProduct = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b)

/** Member as a part on all parameters, except for its state. */
const memberOnAll = ({ part, on }: Member) => {
  const some = pickNames(on)
  const gain: Part['gain'] = (memory, name) => (on === null || on.includes(name) ? part.gain(memory, name) : 1)
  return {
    part,
    gain,
    some,
    names: on ?? part.names,
    update: (gradient: AnyParams, memory: unknown, place: Point): readonly [AnyParams, unknown] => {
      const [step, after] = part.update(some(gradient), memory, restrictPoint(on, place))
      return [{ ...gradient, ...step }, after]
    },
    estimate:
      part.estimate &&
      ((params: AnyParams, memory: unknown) => ({ ...params, ...part.estimate?.(some(params), memory) })),
    // a part on some parameters has evaluated the objective as a function of those alone
    recall: on === null ? part.recall : undefined,
    requirements: (setting: PartSetting) => [
      ...unknownNames(on ?? [], setting),
      ...part.requirements({ ...setting, shapes: some(setting.shapes) })
    ],
    // a brief describes frozen parameters, but no other rules by name
    brief: on === null ? part.brief : { methods: [], rates: [], frozen: on.filter(name => part.gain(null, name) === 0) }
  }
}

type MemberOnAll = ReturnType<typeof memberOnAll>

/** Validates the state of each member, with its path in the context. */
const validateStates = <S>(
  store: MemoryStore<S>,
  all: ReadonlyArray<MemberOnAll>,
  u: unknown,
  context: t.Context
): t.Validation<S> =>
  store.fits(u)
    ? pipe(
        all,
        RA.traverseWithIndex(E.Applicative)((i, { part }) => {
          const actual = store.at(u, i)
          return part.validate(actual, [...context, ...store.path(i).map(key => ({ key, type: t.unknown, actual }))])
        }),
        E.map(store.of)
      )
    : t.failure(u, context, `not ${store.about}`)

/** Problems of all members, each with the gain of those before it. */
const problemsInOrder = (all: ReadonlyArray<MemberOnAll>, setting: PartSetting): ReadonlyArray<Problem.Problem> =>
  all.reduce<readonly [PartSetting, ReadonlyArray<Problem.Problem>]>(
    ([setting, problems], { gain, requirements }) => [
      { ...setting, gain: name => gainProduct(setting.gain(name), gain(null, name)) },
      [...problems, ...requirements(setting)]
    ],
    [setting, []]
  )[1]

/**
 * Combines parts to one in which each receives the output of the one before it. The gradients of parameters without a member pass
 * unchanged, or become 0 if `others` is 'stay'.
 */
export const combineParts = <S>(
  store: MemoryStore<S>,
  members: ReadonlyArray<Member>,
  others: 'pass' | 'stay' = 'pass'
): Part<S> => {
  const stays = others === 'stay'
  const all = members.map(memberOnAll)
  const claimed = all.flatMap(({ names }) => names)
  const moves = (name: string): boolean => !stays || claimed.includes(name)
  const own = (u: unknown): S =>
    store.fits(u) ? u : refuse(`memory: it is not ${store.about}, which this optimizer has; start with init`)
  const at = (u: unknown, i: number): unknown => (u === null ? null : store.at(own(u), i))
  const some = <A>(one: (member: MemberOnAll) => A | undefined): ReadonlyArray<readonly [number, A]> =>
    all.flatMap((member, i) => {
      const found = one(member)
      return found === undefined ? [] : [[i, found] as const]
    })
  const estimates = some(({ estimate }) => estimate)
  const recalls = some(({ recall }) => recall)
  return {
    init: params => store.of(all.map(({ part, some }) => part.init(some(params)))),
    update: (gradient, u, place) => {
      const [step, memories] = all.reduce<readonly [AnyParams, ReadonlyArray<unknown>]>(
        ([step, memories], { update }, i) => {
          const [next, memory] = update(step, store.at(own(u), i), place)
          return [next, [...memories, memory]]
        },
        [stays ? { ...zerosLikeParams(gradient), ...pickNames(claimed)(gradient) } : gradient, []]
      )
      return [step, store.of(memories)]
    },
    is: (u): u is S => store.fits(u) && all.every(({ part }, i) => part.is(store.at(u, i))),
    encode: u => store.of(all.map(({ part }, i) => part.encode(store.at(own(u), i)))),
    validate: (u, context) => validateStates(store, all, u, context),
    gain: (u, name) =>
      all.reduce((product, { gain }, i) => gainProduct(product, gain(at(u, i), name)), moves(name) ? 1 : 0),
    estimate:
      estimates.length === 0
        ? undefined
        : (params, u) => estimates.reduce((answer, [i, estimate]) => estimate(answer, at(u, i)), params),
    recall:
      recalls.length === 0
        ? undefined
        : (params, u) =>
            recalls.reduce<Evaluation<string> | null>((met, [i, recall]) => met ?? recall(params, at(u, i)), null),
    // undefined rather than false, since some parts may be unknown
    needsObjective: all.some(({ part }) => part.needsObjective === true) ? true : undefined,
    deterministic: all.flatMap(({ part }) => part.deterministic),
    names: claimed,
    requirements: setting => problemsInOrder(all, setting),
    brief: all.reduce<Brief | undefined>((briefs, { brief }) => briefs && brief && joinBriefs(briefs, brief), noBrief)
  }
}

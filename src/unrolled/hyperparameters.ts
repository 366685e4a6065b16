/** The numbers of an optimizer that may be learned: rates, decays, whatever of its fields may be a little more or less. */
import * as E from 'fp-ts/lib/Either.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as O from 'fp-ts/lib/Option.js'
import type { NdArray, Tensor } from '../../lib/index.js'
import { powerOfTwo } from '../../lib/numbers/elementary.js'
import { refuse } from '../../lib/plain/refuse.js'
import { Case, Problem } from '../core/index.js'
import * as Params from '../family/params.js'
import * as Leaves from '../optimizer/leaves.js'
import { meaning, type Optimizer, type Writes } from '../optimizer/part.js'

type Named<A> = Readonly<Record<string, A>>

/** How much more or less. */
const LITTLE = powerOfTwo(-20)

const changed =
  (numbers: (value: unknown) => Named<number>) =>
  <T extends Case.AnyValue>(value: T): T =>
    Case.changed(numbers(value))(Case.mapInner(changed(numbers))(value))

/** What it remembers at first, as text. */
const atFirst = (optimizer: Optimizer): string => {
  const { init, encode } = meaning(optimizer)
  const x: NdArray = { shape: [], values: new Float64Array(1) }
  return JSON.stringify(encode(init({ x })))
}

/**
 * The numbers of an optimizer by the names of their fields; by where they stand, where two fields have the same. A description that
 * stands twice is one, and what an optimizer remembers at first is none of its numbers.
 */
export const of = (
  optimizer: Optimizer
): {
  readonly names: ReadonlyArray<string>
  /** The optimizer with these for some of its numbers. */
  readonly renumbered: (numbers: Named<number>) => Optimizer
  /** The update of what `renumbered` made of it, in the tensor vocabulary. */
  readonly inTensors: (now: Optimizer) => (numbers: Named<Tensor>) => Writes<unknown>
} => {
  const places = new Map(Case.placed(optimizer).map(({ path, value }) => [value, path]))
  const isFree = (value: Case.AnyValue, field: string, found: unknown): boolean =>
    typeof found === 'number' &&
    [found + LITTLE, found - LITTLE].some(
      other =>
        Case.caseOf(value).fields[field].problems('', other).length === 0 &&
        atFirst(changed(at => (at === value ? { [field]: other } : {}))(optimizer)) === atFirst(optimizer)
    )
  const free = [...places].flatMap(([value, path]) =>
    Object.keys(Case.caseOf(value).fields)
      .filter(field => isFree(value, field, Case.field(value, field)))
      .map(field => ({ path: path === '' ? field : `${path}.${field}`, value, field }))
  )
  const all = free.map(({ path, value, field }) => ({
    name: free.filter(one => one.field === field).length > 1 ? path : field,
    value,
    field
  }))
  /** For each description that stands in it, what there is by name for its fields. */
  const byField =
    <A>(named: Named<A>) =>
    (value: unknown): Named<A> =>
      Object.fromEntries(
        all.filter(one => one.value === value && one.name in named).map(({ name, field }) => [field, named[name]])
      )
  return {
    names: all.map(({ name }) => name),
    renumbered: numbers => changed(byField(numbers))(optimizer),
    inTensors: now => {
      const before = new Map<unknown, unknown>(RA.zip(Case.parts(now), Case.parts(optimizer)))
      const { written } = meaning(now)
      const write = E.isRight(written)
        ? written.right
        : refuse(`step: ${written.left.join(', ')} has no derivative; see \`unwritten\``)
      return numbers => {
        const own = byField(numbers)
        return write(value => own(before.get(value)))
      }
    }
  }
}

const asWritten = (value: string, domain: string): Problem.Problem =>
  Problem.of('step', value, domain, 'leave it out, or write it so')

/** The problems of an optimizer that is to be differentiated, from such parameters: what it does not say in the tensor vocabulary. */
export const unwritten = (optimizer: Optimizer, params: Params.Params<string>): ReadonlyArray<Problem.Problem> => {
  const { written, init, estimate } = meaning(optimizer)
  const arrays = (at: Params.Params<string>): Params.Params<string> => Leaves.of(init(at))
  const elsewhere = arrays(Params.mapValues(x => x + 1)(params))
  const own = Object.entries(arrays(params)).filter(([, array]) => !Object.values(params).includes(array))
  const memory = init(params)
  const answer = O.isSome(estimate) ? Object.values(estimate.value(params, memory)) : []
  const all = [...Object.values(params), ...Object.values(Leaves.of(memory))]
  return [
    ...(E.isLeft(written) ? written.left : []).map(part =>
      asWritten(part, 'a part that says its update in the tensor vocabulary, `written`')
    ),
    ...(own.every(([path, { values }]) => values.every((x, i) => x === elsewhere[path].values[i]))
      ? []
      : [
          asWritten(Case.show(optimizer), 'one that remembers at first parameters as they are, or what is none of them')
        ]),
    ...(answer.every(array => all.includes(array))
      ? []
      : [asWritten(Case.show(optimizer), 'one whose estimate is of what it remembers')])
  ]
}

/** Rules by the names of the parameters. */
import * as t from 'io-ts'
import { refuse } from '../../lib/plain/refuse.js'
import { Case, Field } from '../core/index.js'
import { quotedText } from '../core/spelling.js'
import { bare, combineParts, emptyStore, recordStore } from './combine.js'
import { zero } from './perEntry.js'
import {
  concept,
  partMeaning,
  type LooksOf,
  type MemoryOf,
  type MemoryNamed,
  type Optimizer,
  type Part
} from './part.js'

const parameterNamesField = Field.array(
  Field.codec(t.string, {
    domain: 'the name of a parameter',
    remedy: "try 'means'",
    show: quotedText,
    arbitrary: fc => fc.constantFrom('means', 'logits'),
    sample: 'means'
  })
)

const forNames = Case.define('Optimizer', {
  name: 'only',
  about: 'a part for some parameters',
  fields: {
    /** The parameters that the part sees; others stay where they are. */
    names: {
      ...parameterNamesField,
      accept: (given: unknown) => parameterNamesField.accept(typeof given === 'string' ? [given] : given),
      show: (u: unknown) =>
        t.readonlyArray(t.string).is(u) && u.length === 1 ? quotedText(u[0]) : parameterNamesField.show(u, [])
    },
    /** What moves them. */
    part: Field.of(concept)
  },
  call: ['names', 'part'],
  meaning: ({ names, part }): Part => combineParts(bare, [{ part: partMeaning(part), on: names }])
})

/** A part that sees only some parameters remembers only them. */
export type Only<N extends string = string, P extends Optimizer = Optimizer> = Optimizer<
  MemoryNamed<MemoryOf<P>, N>,
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

const freezeCase = Case.define('Optimizer', {
  name: 'freeze',
  about: 'parameters that stay where they are',
  fields: {
    /** The parameters that stay where they are. */
    names: parameterNamesField
  },
  call: ['...names'],
  example: { names: ['logits'] },
  meaning: ({ names }): Part<null> => combineParts(emptyStore, [{ part: partMeaning(zero), on: names }])
})

/**
 * Parameters of these names, one by one or as a list, stay where they are: put it last.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Optimizer } from 'ornstein'
 *
 * assert.deepEqual(Optimizer.freeze(['logits', 'logVariances']), Optimizer.freeze('logits', 'logVariances'))
 */
export const freeze = Case.caseCalledBy(
  freezeCase,
  (...names: ReadonlyArray<string> | readonly [names: ReadonlyArray<string>]) => {
    const [first] = names
    return typeof first === 'object'
      ? freezeCase(...first)
      : freezeCase(...names.filter(name => typeof name === 'string'))
  }
)

const byRules = Case.define('Optimizer', {
  name: 'partition',
  about: 'an optimizer for each parameter',
  fields: {
    /** An optimizer for each name; parameters without one stay. */
    rules: Field.dictionary(Field.of(concept))
  },
  call: ['rules'],
  meaning: ({ rules }): Part<Readonly<Record<string, unknown>>> => ({
    ...combineParts(
      recordStore(Object.keys(rules)),
      Object.entries(rules).map(([name, rule]) => ({ part: partMeaning(rule), on: [name] })),
      'stay'
    ),
    brief: undefined
  })
})

/** A partition remembers what the rule of each name remembers. */
export type Partition<Rules extends Readonly<Record<string, Optimizer>> = Readonly<Record<string, Optimizer>>> =
  Optimizer<
    { readonly [N in keyof Rules]: MemoryNamed<MemoryOf<Rules[N]>, N & string> },
    LooksOf<Rules[keyof Rules]>
  > & {
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

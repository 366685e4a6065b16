import * as t from 'io-ts'
import { refuse } from '../../lib/plain/refuse.js'
import { Case, Field } from '../core/index.js'
import { quotedText } from '../core/spelling.js'
import { singleStore, combineParts, emptyStore, recordStore } from './combine.js'
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

const onlyCase = Case.define('Optimizer', {
  name: 'only',
  about: 'a part for some parameters',
  fields: {
    /** Names of the parameters that the part receives; others are not moved. */
    names: {
      ...parameterNamesField,
      accept: (given: unknown) => parameterNamesField.accept(typeof given === 'string' ? [given] : given),
      show: (u: unknown) =>
        t.readonlyArray(t.string).is(u) && u.length === 1 ? quotedText(u[0]) : parameterNamesField.show(u, [])
    },
    /** Part that moves them. */
    part: Field.of(concept)
  },
  call: ['names', 'part'],
  meaning: ({ names, part }): Part => combineParts(singleStore, [{ part: partMeaning(part), on: names }])
})

/** State: that of the part, for its parameters alone. */
export type Only<N extends string = string, P extends Optimizer = Optimizer> = Optimizer<
  MemoryNamed<MemoryOf<P>, N>,
  LooksOf<P>
> & { readonly _tag: 'only'; readonly names: ReadonlyArray<N>; readonly part: P }

/**
 * Applies a part to the parameters with these names; the gradients of others pass unchanged. Unknown names are a problem when a pipeline is
 * compiled. For an optimizer for each name, use `partition`.
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
    const made = onlyCase(typeof names === 'string' ? [names] : names, part)
    // the part receives only the parameters with these names
    const holds = (o: typeof made): o is typeof made & Only<N, P> => o.part === part
    return holds(made) ? made : refuse('only: it does not hold its part')
  },
  { [Case.ofCase]: onlyCase[Case.ofCase] }
)

const freezeCase = Case.define('Optimizer', {
  name: 'freeze',
  about: 'parameters that stay where they are',
  fields: {
    /** Names of the parameters that are not moved. */
    names: parameterNamesField
  },
  call: ['...names'],
  example: { names: ['logits'] },
  meaning: ({ names }): Part<null> => combineParts(emptyStore, [{ part: partMeaning(zero), on: names }])
})

/**
 * Keeps the parameters with these names, given one by one or as a list, fixed. It must be the last part.
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
    /** Optimizer for each name; parameters without one are not moved. */
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

/** State: that of each rule, by its name. */
export type Partition<Rules extends Readonly<Record<string, Optimizer>> = Readonly<Record<string, Optimizer>>> =
  Optimizer<
    { readonly [N in keyof Rules]: MemoryNamed<MemoryOf<Rules[N]>, N & string> },
    LooksOf<Rules[keyof Rules]>
  > & {
    readonly _tag: 'partition'
    readonly rules: Rules
  }

/**
 * Applies an optimizer to each named parameter; parameters without one are not moved.
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

import { refuse } from '../../lib/plain/refuse.js'
import { Case, Field } from '../core/index.js'
import { combineParts, listStore } from './combine.js'
import { clipByGlobalNorm, scaleByRate } from './perEntry.js'
import { concept, partMeaning, type LooksOf, type MemoryOf, type Optimizer, type Part } from './part.js'

const chainOf = Case.define('Optimizer', {
  name: 'chain',
  about: 'one part after another',
  fields: {
    /** Parts; each receives the output of the one before it. */
    parts: Field.list(concept)
  },
  call: ['...parts'],
  example: { parts: [clipByGlobalNorm(1), scaleByRate(0.1)] },
  meaning: ({ parts }): Part<ReadonlyArray<unknown>> =>
    combineParts(
      listStore(parts.length),
      parts.map(part => ({ part: partMeaning(part), on: null }))
    )
})

/** State: the list of the parts' states. */
export type Chain<Parts extends ReadonlyArray<Optimizer> = ReadonlyArray<Optimizer>> = Optimizer<
  { readonly [I in keyof Parts]: MemoryOf<Parts[I]> },
  LooksOf<Parts[number]>
> & { readonly _tag: 'chain'; readonly parts: Parts }

/** Applies parts one after another; `chain()` returns the gradient unchanged. */
export const chain = Object.assign(
  <Parts extends ReadonlyArray<Optimizer>>(...parts_: Parts): Chain<Parts> => {
    const made = chainOf(...parts_)
    // the state has the type of these parts' states
    const holds = (o: typeof made): o is typeof made & Chain<Parts> => o.parts.every((part, i) => part === parts_[i])
    return holds(made) ? made : refuse('chain: it does not hold its parts')
  },
  { [Case.ofCase]: chainOf[Case.ofCase] }
)

/** Parts in turn. */
import { refuse } from '../../lib/plain/refuse.js'
import { Case, Field } from '../core/index.js'
import { combineParts, listStore } from './combine.js'
import { clipByGlobalNorm, scaleByRate } from './perEntry.js'
import { concept, partMeaning, type LooksOf, type MemoryOf, type Optimizer, type Part } from './part.js'

const chainOf = Case.define('Optimizer', {
  name: 'chain',
  about: 'one part after another',
  fields: {
    /** Each receives what the one before it made of the gradient. */
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

/** A chain remembers the list of what its parts remember, in their order. */
export type Chain<Parts extends ReadonlyArray<Optimizer> = ReadonlyArray<Optimizer>> = Optimizer<
  { readonly [I in keyof Parts]: MemoryOf<Parts[I]> },
  LooksOf<Parts[number]>
> & { readonly _tag: 'chain'; readonly parts: Parts }

/** Applies its parts in turn; `chain()` leaves a gradient as it is. */
export const chain = Object.assign(
  <Parts extends ReadonlyArray<Optimizer>>(...parts_: Parts): Chain<Parts> => {
    const made = chainOf(...parts_)
    // It holds these parts, and so remembers what they remember.
    const holds = (o: typeof made): o is typeof made & Chain<Parts> => o.parts.every((part, i) => part === parts_[i])
    return holds(made) ? made : refuse('chain: it does not hold its parts')
  },
  { [Case.ofCase]: chainOf[Case.ofCase] }
)

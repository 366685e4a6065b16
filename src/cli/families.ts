/** Families as `--family` names them: by their words, or as mclust does. */
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { pipe } from 'fp-ts/lib/function.js'
import { nearest } from '../core/spelling.js'
import { Case, Fit, Problem, Score, Vocabulary } from '../index.js'
import { word } from '../fit/text.js'
import type { Checked } from './checked.js'

/** A family by the word that it is called. */
export interface Named {
  readonly word: string
  readonly make: Fit.Constructor
  /** How many components it has, of one that is not asked for a number. */
  readonly count: number | null
}

export const familyOf = (score: Score.Score<string>): string => word(Case.caseOf(score).name)

/** Whether variances are to be learned, or may be. */
export const learnsVariances = (score: Score.Score<string>): boolean =>
  pipe(
    Score.interpret(score).family,
    O.exists(({ unitVariance }) => !unitVariance)
  )

/** Whether families say nothing of a unit, so that columns may be brought to one. */
export const areFree = (families: ReadonlyArray<Named> = []): boolean =>
  families.every(({ make }) => learnsVariances(make({ components: 2 })))

/** Those that `fit` compares, by the names that it has for them. */
const compared = Object.entries<Fit.Constructor>(Fit.families).map(([name, make]): Named => ({
  word: /^[A-Z]+$/.test(name) ? name : word(name),
  make,
  count: null
}))

/**
 * The families that need nothing but a number of components: those that `fit` compares, and then the others of a vocabulary, of which
 * those whose variances are learned come first.
 */
export const familiesOf = (vocabulary: Vocabulary.Vocabulary): ReadonlyArray<Named> => {
  const others = Vocabulary.words(vocabulary)(Score.concept)
    .flatMap(({ example, fields }): ReadonlyArray<Named> => {
      const { family } = Score.interpret(example)
      const isOpen = fields.some(({ name }) => name === 'components')
      return O.isNone(family) || fields.some(one => one.name !== 'components' && one.default === null)
        ? []
        : [
            {
              word: familyOf(example),
              make: isOpen ? ({ components }) => pipe(example, Case.changed({ components })) : () => example,
              count: isOpen ? null : family.value.count(1)
            }
          ]
    })
    .filter(one => !compared.some(({ word }) => word === one.word))
  return [...compared, ...others.filter(one => areFree([one])), ...others.filter(one => !areFree([one]))]
}

// -- the names of mclust -----------------------------------------------------------------------------------------------

/** What the letters say of components, one after the other. */
const LETTERS = ['volume', 'shape', 'directions'] as const

/** The fourteen of Celeux & Govaert (1995), as mclust writes them: what is round has no directions. */
const models = ['II', 'EI', 'VI', 'EE', 'VE', 'EV', 'VV'].flatMap(shape => ['E', 'V'].map(volume => volume + shape))

/** So many components and columns tell them all apart by how many parameters they have. */
const [COMPONENTS, DIM] = [2, 4]

/** How many parameters covariances have, by what they share: E, or not: V. */
const freeOf = (model: string): number =>
  [1, DIM - 1, (DIM * (DIM - 1)) / 2].reduce(
    (sum, each, i) => sum + each * { I: 0, E: 1, V: COMPONENTS }[model[i] as 'I' | 'E' | 'V'],
    0
  )

/** The families that `fit` compares by their names in mclust; of one column the first letter says it all. */
const ofMclust: ReadonlyMap<string, Named> = new Map(
  models.flatMap(model => {
    const free = freeOf(model) + COMPONENTS * DIM + COMPONENTS - 1
    const found = compared.find(({ make }) => Score.degreesOfFreedom(DIM)(make({ components: COMPONENTS })) === free)
    return found === undefined
      ? []
      : [[model, found] as const, ...(model.endsWith('II') ? [[model[0], found] as const] : [])]
  })
)

const fewer = (name: string): string =>
  LETTERS.filter((_, i) => name[i] === 'E').join(' and ') || 'nothing but directions along the columns'

/** The family of a name. */
export const named =
  (vocabulary: Vocabulary.Vocabulary) =>
  (name: string, option: string): Checked<Named> => {
    const known = familiesOf(vocabulary)
    const found = known.find(one => one.word === name || one.word === word(name)) ?? ofMclust.get(name)
    if (found !== undefined) return E.right(found)
    const words = known.map(({ word }) => word)
    return E.left([
      /^[EV](II|[EV]I|[EV]{2})$/.test(name)
        ? Problem.of(
            option,
            name,
            `here: components of mclust that share ${fewer(name)}`,
            `the families of mclust that are here are ${models.filter(model => ofMclust.has(model)).join(', ')}`
          )
        : Problem.of(option, name, `one of ${words.join(', ')}`, `try ${nearest(name, words)[0]}`)
    ])
  }

/** Families as `--family` names them: by their words, or as mclust does. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { nearest } from '../core/spelling.js'
import { Case, Problem, Score, Vocabulary } from '../index.js'
import * as Fit from '../fit/fit.js'
import * as Covariance from '../mixture/families/covariance.js'
import { word } from '../fit/text.js'
import type { Checked } from './checked.js'

/** A family by the word that it is called. */
export interface Named {
  readonly word: string
  readonly make: Fit.Constructor
  /** How many components it has, of one that is not asked for a number. */
  readonly count: number | null
}

export const familyOf = (score: Score.Score<string>): string => word(Score.nameOf(score))

/** Whether variances are to be learned, or may be. */
export const learnsVariances = (score: Score.Score<string>): boolean =>
  Score.interpret(score).family?.unitVariance === false

/** Whether families say nothing of a unit, so that columns may be brought to one. */
export const areFree = (families: ReadonlyArray<Named> = []): boolean =>
  families.every(({ make }) => learnsVariances(make({ components: 2 })))

/** Those that `fit` compares, and the covariances of mclust and factor analysers that have no other name. */
const compared: ReadonlyArray<Named> = [
  ...Object.values<Fit.Constructor>(Fit.families),
  ...[...Covariance.names, ...Covariance.analysers].map(name => Fit.familyOf(name))
]
  .map((make): Named => ({ word: familyOf(make({ components: 1 })), make, count: null }))
  .filter(({ word }, i, all) => all.findIndex(one => one.word === word) === i)

/**
 * The families that need nothing but a number of components: those above, and then the others of a vocabulary, of which
 * those whose variances are learned come first.
 */
const familiesOf = (vocabulary: Vocabulary.Vocabulary): ReadonlyArray<Named> => {
  const others = Vocabulary.words(vocabulary)(Score.concept)
    .flatMap(({ example, fields }): ReadonlyArray<Named> => {
      const { family } = Score.interpret(example)
      const isOpen = fields.some(({ name }) => name === 'components')
      return family === undefined || fields.some(one => one.name !== 'components' && one.default === null)
        ? []
        : [
            {
              word: familyOf(example),
              make: isOpen ? ({ components }) => pipe(example, Case.changed({ components })) : () => example,
              count: isOpen ? null : family.count(1)
            }
          ]
    })
    .filter(one => !compared.some(({ word }) => word === one.word))
  return [...compared, ...others.filter(one => areFree([one])), ...others.filter(one => !areFree([one]))]
}

/** The family of a name; those that mclust has are names of families here, and factor analysers have as many factors as theirs says. */
export const named =
  (vocabulary: Vocabulary.Vocabulary) =>
  (name: string, option: string): Checked<Named> => {
    const known = familiesOf(vocabulary)
    const words = known.map(({ word }) => word)
    if (Covariance.isFactorName(name)) return E.right({ word: name, make: Fit.familyOf(name), count: null })
    const own = Fit.isFamilyName(name) ? familyOf(Fit.familyOf(name)({ components: 1 })) : word(name)
    const found = known.find(({ word }) => word === name || word === own)
    return found === undefined
      ? E.left([Problem.of(option, name, `one of ${words.join(', ')}`, `try ${nearest(name, words)[0]}`)])
      : E.right(found)
  }

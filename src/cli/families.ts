/** Families as `--family` names them: by their words, or as mclust does. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { nearestWords } from '../core/spelling.js'
import { Case, Problem, Score, Vocabulary } from '../index.js'
import * as Fit from '../fit/fit.js'
import * as Covariance from '../mixture/families/covariance.js'
import { commandLineName } from '../fit/text.js'
import type { OrProblems } from './orProblems.js'

/** A family by the word that it is called. */
export interface NamedFamily {
  readonly word: string
  readonly make: Fit.Constructor
  /** How many components it has, of one that is not asked for a number. */
  readonly count: number | null
}

export const familyWord = (score: Score.Score<string>): string => commandLineName(Score.nameOf(score))

/** Whether variances are to be learned, or may be. */
export const learnsVariances = (score: Score.Score<string>): boolean =>
  Score.interpret(score).family?.unitVariance === false

/** Whether families say nothing of a unit, so that columns may be brought to one. */
export const learnAllVariances = (families: ReadonlyArray<NamedFamily> = []): boolean =>
  families.every(({ make }) => learnsVariances(make({ components: 2 })))

/** Those that `fit` compares, and the covariances of mclust and factor analysers that have no other name. */
const COMPARED_FAMILIES: ReadonlyArray<NamedFamily> = [
  ...Object.values<Fit.Constructor>(Fit.families),
  ...[...Covariance.names, ...Covariance.ONE_FACTOR_NAMES].map(name => Fit.familyByName(name))
]
  .map((make): NamedFamily => ({ word: familyWord(make({ components: 1 })), make, count: null }))
  .filter(({ word }, i, all) => all.findIndex(one => one.word === word) === i)

/**
 * The families that need nothing but a number of components: those above, and then the others of a vocabulary, of which
 * those whose variances are learned come first.
 */
const knownFamilies = (vocabulary: Vocabulary.Vocabulary): ReadonlyArray<NamedFamily> => {
  const others = Vocabulary.words(vocabulary)(Score.concept)
    .flatMap(({ example, fields }): ReadonlyArray<NamedFamily> => {
      const { family } = Score.interpret(example)
      const isOpen = fields.some(({ name }) => name === 'components')
      return family === undefined || fields.some(one => one.name !== 'components' && one.default === null)
        ? []
        : [
            {
              word: familyWord(example),
              make: isOpen ? ({ components }) => pipe(example, Case.changed({ components })) : () => example,
              count: isOpen ? null : family.count(1)
            }
          ]
    })
    .filter(one => !COMPARED_FAMILIES.some(({ word }) => word === one.word))
  return [
    ...COMPARED_FAMILIES,
    ...others.filter(one => learnAllVariances([one])),
    ...others.filter(one => !learnAllVariances([one]))
  ]
}

/** The family of a name; those that mclust has are names of families here, and factor analysers have as many factors as theirs says. */
export const parseFamily =
  (vocabulary: Vocabulary.Vocabulary) =>
  (name: string, option: string): OrProblems<NamedFamily> => {
    const known = knownFamilies(vocabulary)
    const words = known.map(({ word }) => word)
    if (Covariance.isFactorName(name)) return E.right({ word: name, make: Fit.familyByName(name), count: null })
    const own = Fit.isFamilyName(name) ? familyWord(Fit.familyByName(name)({ components: 1 })) : commandLineName(name)
    const found = known.find(({ word }) => word === name || word === own)
    return found === undefined
      ? E.left([Problem.of(option, name, `one of ${words.join(', ')}`, `try ${nearestWords(name, words)[0]}`)])
      : E.right(found)
  }

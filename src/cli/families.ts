/** Mixture families by their names in `--family`. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { lazy } from '../../lib/plain/iterate.js'
import { nearestWords } from '../core/spelling.js'
import { Case, Problem, Score, Vocabulary } from '../index.js'
import * as Fit from '../fit/fit.js'
import * as Covariance from '../mixture/families/covariance.js'
import { commandLineName } from '../fit/text.js'
import type { OrProblems } from './orProblems.js'

export interface NamedFamily {
  readonly word: string
  readonly make: Fit.Constructor
  /** Null if it is free. */
  readonly count: number | null
}

/** Name of a score's family on the command line. */
export const familyWord = (score: Score.Score<string>): string => commandLineName(Score.nameOf(score))

/** True if the family learns variances; false if they are 1, or without a mixture. */
export const learnsVariances = (score: Score.Score<string>): boolean =>
  Score.interpret(score).family?.unitVariance === false

/** True if all families learn variances, so that columns may be standardized. */
export const learnAllVariances = (families: ReadonlyArray<NamedFamily> = []): boolean =>
  families.every(({ make }) => learnsVariances(make({ components: 2 })))

const comparedFamilies = lazy((): ReadonlyArray<NamedFamily> =>
  [
    ...Object.values<Fit.Constructor>(Fit.families),
    ...[...Covariance.names, ...Covariance.ONE_FACTOR_NAMES].map(name => Fit.familyByName(name))
  ]
    .map((make): NamedFamily => ({ word: familyWord(make({ components: 1 })), make, count: null }))
    .filter(({ word }, i, all) => all.findIndex(one => one.word === word) === i)
)

/** Families with the number of components left open: compared ones, others that learn variances, then the rest. */
const knownFamilies = (vocabulary: Vocabulary.Vocabulary): ReadonlyArray<NamedFamily> => {
  const compared = comparedFamilies()
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
    .filter(one => !compared.some(({ word }) => word === one.word))
  return [
    ...compared,
    ...others.filter(one => learnAllVariances([one])),
    ...others.filter(one => !learnAllVariances([one]))
  ]
}

/** Returns the family called `name`; also mclust's names (VVE), and factor analysers with a number of factors (UUU2). */
export const parseFamily =
  (vocabulary: Vocabulary.Vocabulary) =>
  (name: string, option: string): OrProblems<NamedFamily> => {
    const known = knownFamilies(vocabulary)
    const words = known.map(({ word }) => word)
    if (Covariance.isFactorName(name)) return E.right({ word: name, make: Fit.familyByName(name), count: null })
    const canonical = Fit.isFamilyName(name)
      ? familyWord(Fit.familyByName(name)({ components: 1 }))
      : commandLineName(name)
    const found = known.find(({ word }) => word === name || word === canonical)
    return found === undefined
      ? E.left([Problem.of(option, name, `one of ${words.join(', ')}`, `try ${nearestWords(name, words)[0]}`)])
      : E.right(found)
  }

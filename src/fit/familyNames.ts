/** Names of families of this library, of mclust, and of factor analysers. */
import * as Problem from '../core/problem.js'
import { isRecord } from '../core/record.js'
import * as Covariance from '../mixture/families/covariance.js'
import * as Score from '../score/score.js'
import type { ScoreConstructor } from './candidates.js'

/** Families compared by default; with one column, the first two. */
export const families = {
  isotropic: Score.isotropic,
  tiedIsotropic: Score.tiedIsotropic,
  diagonal: Score.diagonal,
  tiedDiagonal: Score.tiedDiagonal,
  tied: Score.tied,
  full: Score.full
} satisfies Readonly<Record<string, ScoreConstructor>>

type DefaultName = keyof typeof families

/** Names in mclust of the default families; E and V are those of one column. */
const mclustSynonyms: Readonly<Partial<Record<string, DefaultName>>> = {
  E: 'tiedIsotropic',
  V: 'isotropic',
  EII: 'tiedIsotropic',
  VII: 'isotropic',
  EEI: 'tiedDiagonal',
  VVI: 'diagonal',
  EEE: 'tied',
  VVV: 'full'
}

/** Name in this library, in mclust (VVE), or of a factor analyser (UCU2; see `Covariance.factors`). */
export type FamilyName = DefaultName | Covariance.Name | Covariance.FactorName | 'E' | 'V'

/** True if `familyByName` accepts a name. */
export const isFamilyName = (name: string): name is FamilyName =>
  Object.hasOwn(families, name) ||
  Object.hasOwn(mclustSynonyms, name) ||
  Covariance.isName(name) ||
  Covariance.isFactorName(name)

const isDefaultName = (name: string): name is DefaultName => Object.hasOwn(families, name)

/** Returns the default family of a name, or the mixture with that covariance. */
export const familyByName = (name: FamilyName): ScoreConstructor => {
  const defaultName = isDefaultName(name) ? name : mclustSynonyms[name]
  if (defaultName !== undefined) return families[defaultName]
  // All other names are those of covariances.
  const covariance = Covariance.named(name as Covariance.Name | Covariance.FactorName)
  return ({ components }) => Score.mixture({ components, covariance })
}

/** Family by name, as a constructor, or as a score. */
export type FamilyChoice = FamilyName | ScoreConstructor | Score.Score<string>

/** Reports an unknown name, or a score whose number of components cannot be set. */
export const familyProblems = (field: string, choice: FamilyChoice): ReadonlyArray<Problem.Problem> => {
  const names = [...Object.keys(families), ...Covariance.names, ...Covariance.ONE_FACTOR_NAMES]
  if (typeof choice === 'string') return isFamilyName(choice) ? [] : Problem.requireOneOf(field, choice, names)
  const other: unknown = choice
  if (typeof other !== 'function' && !isRecord(other)) return Problem.requireOneOf(field, choice as never, names)
  return Problem.unless(
    typeof choice === 'function' || withComponents(choice, 1) !== null,
    field,
    typeof choice === 'function' ? choice.name : Score.show(choice),
    'a mixture of a number of components',
    'give what makes one: options => Score.full(options)'
  )
}

/** Sets the number of components of a score or of its inner mixture; null if it has none. */
const withComponents = (score: Score.Score<string>, components: number): Score.Score<string> | null => {
  // The spread keeps the type of score.
  if ('components' in score) return { ...score, components } as Score.Score<string>
  const [field, part] = Object.entries(score).find(([, part]) => Score.concept.is(part)) ?? []
  const inner = field === undefined ? null : withComponents(part as Score.Score<string>, components)
  return field === undefined || inner === null ? null : { ...score, [field]: inner }
}

/** Returns a choice's constructor, and the number of components of a chosen score; otherwise null. */
export const constructorOf = (
  choice: FamilyChoice
): { readonly makeScore: ScoreConstructor; readonly components: number | null } => {
  if (typeof choice === 'string') return { makeScore: familyByName(choice), components: null }
  if (typeof choice === 'function') return { makeScore: choice, components: null }
  return {
    makeScore: ({ components }) => withComponents(choice, components) ?? choice,
    components: Score.interpret(choice).family?.count(1) ?? null
  }
}

/** Default family that contains a family of mclust: `diagonal` for the orientation I, otherwise `full`. */
export const enclosingFamilies: ReadonlyMap<string, DefaultName> = new Map(
  Covariance.names
    .filter(name => mclustSynonyms[name] === undefined)
    .map(name => [name, name.endsWith('I') ? 'diagonal' : 'full'])
)

/** The families of a fit by their names, and the candidates that its options ask for. */
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Problem from '../core/problem.js'
import * as Covariance from '../mixture/families/covariance.js'
import type * as Component from '../mixture/families/fixed.js'
import * as Score from '../score/score.js'
import type { Constructor, Criterion } from './candidates.js'
import * as FixedComponents from './fixedComponents.js'
import * as Floor from './floor.js'
import type { Line } from './learning.js'
import type { Data } from './scaledData.js'

/** The families that are compared unless others are asked for. In one column each is one of the first two. */
export const families = {
  isotropic: Score.isotropic,
  tiedIsotropic: Score.tiedIsotropic,
  diagonal: Score.diagonal,
  tiedDiagonal: Score.tiedDiagonal,
  tied: Score.tied,
  full: Score.full
} satisfies Readonly<Record<string, Constructor>>

type OwnName = keyof typeof families

/** Names of mclust, of which a family here has the parameters; of one column E and V. */
const ofMclust: Readonly<Partial<Record<string, OwnName>>> = {
  E: 'tiedIsotropic',
  V: 'isotropic',
  EII: 'tiedIsotropic',
  VII: 'isotropic',
  EEI: 'tiedDiagonal',
  VVI: 'diagonal',
  EEE: 'tied',
  VVV: 'full'
}

/** The names of families; those of mclust are theirs too, and those of factor analysers (UCU2; see `Covariance.factors`). */
export type FamilyName = OwnName | Covariance.Name | Covariance.FactorName | 'E' | 'V'

/** Whether there is a family of a name. */
export const isFamilyName = (name: string): name is FamilyName =>
  Object.hasOwn(families, name) ||
  Object.hasOwn(ofMclust, name) ||
  Covariance.isName(name) ||
  Covariance.isFactorName(name)

const isOwn = (name: FamilyName): name is OwnName => Object.hasOwn(families, name)

/** The family of a name. Of mclust's fourteen, six are families here, and so called; the others are mixtures of these covariances. */
export const familyOf = (name: FamilyName): Constructor => {
  const own = isOwn(name) ? name : ofMclust[name]
  return own === undefined
    ? // Those that are left are names of covariances.
      ({ components }) =>
        Score.mixture({ components, covariance: Covariance.named(name as Covariance.Name | Covariance.FactorName) })
    : families[own]
}

export type OneOrMore<A> = A | ReadonlyArray<A>

/** A family by its name, as what makes its score, or as a score. */
export type FamilyGiven = FamilyName | Constructor | Score.Score<string>

/** What is compared. */
export interface Compared {
  /**
   * How many components, or the numbers to choose from; 1 to 9 unless given, or as many as there are rows, and on to more while the best has
   * the most.
   */
  readonly components?: OneOrMore<number> | undefined
  /**
   * The family, by its name, by that of mclust (VVE), as what makes its score, or as a score, whose number of components it has where none is
   * given; or those to choose from; unless given the six of
   * `families`. Where mclust's fourteen are among those of several columns, the eight without names of their own begin where the others have
   * come, and are left out at numbers of components at which they would be no rivals even if they were as likely as 'full', or 'diagonal'.
   */
  readonly family?: OneOrMore<FamilyGiven> | undefined
  /**
   * What chooses among candidates; unless given 'icl', which counts clusters that are apart, but 'bic' where two or more components are given. 'bic' counts the components that
   * describe the density best, of which a cluster may need several. 'crossValidated' is −2 log-likelihood of rows by what is learned without their
   * fifth of all: it assumes nothing of the number of rows, and takes some six times as long.
   */
  readonly criterion?: Criterion | undefined
  /**
   * Whether each family is compared with tails (`Score.withTails`, one ν) and beside a background of each shape (`Score.withBackground`) too;
   * false unless given. Rows of the background are of no component: `assign` tells them as −1.
   */
  readonly robust?: boolean | undefined
  /**
   * Compares each family beside a background of this shape too: 'box' for uniform noise over the range of the columns, 'cauchy' for rows
   * that may lie anywhere.
   */
  readonly background?: 'cauchy' | 'box' | undefined
  /**
   * What is known of components, each a `Component.fixed` in the units of the data, and held while all else is learned: each candidate has
   * these components and others. Covariances are held in families in which each component has its own; not beside `robust`.
   */
  readonly fixed?: ReadonlyArray<Component.Fixed> | undefined
}

const isList = <A>(given: OneOrMore<A>): given is ReadonlyArray<A> => Array.isArray(given)

/** One or several as a list. */
export const list = <A>(given: OneOrMore<A>): ReadonlyArray<A> => (isList(given) ? given : [given])

const isName = (family: FamilyGiven): family is FamilyName => typeof family === 'string'

/** A family by its name, or a score of any number of components. */
export const familyProblems = (field: string, one: FamilyGiven): ReadonlyArray<Problem.Problem> => {
  if (isName(one))
    return isFamilyName(one)
      ? []
      : Problem.oneOf(field, one, [...Object.keys(families), ...Covariance.names, ...Covariance.analysers])
  return Problem.unless(
    typeof one === 'function' || withComponents(one, 1) !== null,
    field,
    typeof one === 'function' ? one.name : Score.show(one),
    'a mixture of a number of components',
    'give what makes one: options => Score.full(options)'
  )
}

/** The numbers of components that are compared. */
const countsOf = ({ components, fixed = [] }: Compared, rows: number): ReadonlyArray<number> =>
  [...new Set(list(components ?? RA.makeBy(Math.min(Math.max(Floor.MOST, fixed.length + 1), rows), k => k + 1)))]
    .filter(count => count >= fixed.length)
    .sort((a, b) => a - b)

/** Of mclust's fourteen those without a name of their own here, and of which family with one each is a part. */
const parts: ReadonlyMap<string, OwnName> = new Map(
  Covariance.names
    .filter(name => ofMclust[name] === undefined)
    // Of volume, shape and orientation the last is none.
    .map(name => [name, name.endsWith('I') ? 'diagonal' : 'full'])
)

/** Where all fourteen are compared eight begin where the others have come. Of parts of the rows what all rows may prefer is not left out. */
const besides = (lines: ReadonlyArray<Line>, criterion: Criterion | undefined): typeof lines => {
  const named = lines.map(line => ({ line, name: Score.nameOf(line.family({ components: line.counts[0] ?? 1 })) }))
  const isWhole = [...Object.keys(families), ...parts.keys()].every(name => named.some(one => one.name === name))
  return isWhole
    ? [
        ...named.flatMap(({ name, line }) => (parts.has(name) ? [] : [line])),
        ...named.flatMap(({ name, line }) =>
          parts.has(name)
            ? [{ ...line, partOf: criterion === 'crossValidated' ? null : (parts.get(name) ?? null) }]
            : []
        )
      ]
    : lines
}

/** A score of another number of components: its own, or that of the mixture in it; null of what has none. */
const withComponents = (score: Score.Score<string>, components: number): Score.Score<string> | null => {
  // A spread keeps the case.
  if ('components' in score) return { ...score, components } as Score.Score<string>
  const [name, part] = Object.entries(score).find(([, part]) => Score.concept.is(part)) ?? []
  const inner = name === undefined ? null : withComponents(part as Score.Score<string>, components)
  return name === undefined || inner === null ? null : { ...score, [name]: inner }
}

/** What makes scores of any number of components, and the number where it was given as one. */
const makerOf = (family: FamilyGiven): { readonly make: Constructor; readonly count: number | null } => {
  if (isName(family)) return { make: familyOf(family), count: null }
  if (typeof family === 'function') return { make: family, count: null }
  const counted = Score.interpret(family).family
  return {
    make: ({ components }) => withComponents(family, components) ?? family,
    count: counted?.count(1) ?? null
  }
}

/** A family with tails, and beside backgrounds, as far as these are asked for; none of what has no such. */
const besideOf =
  ({ robust = false, background }: Compared) =>
  (family: Constructor): ReadonlyArray<Constructor> =>
    [
      ...(robust ? [Score.withTails({ nu: 'common' })] : []),
      ...(['cauchy', 'box'] as const).flatMap(shape =>
        robust || shape === background ? [Score.withBackground({ shape })] : []
      )
    ]
      .map(
        (beside): Constructor =>
          options =>
            beside(family(options))
      )
      .filter(made => Score.problems({ rows: Infinity, dim: 1 })(made({ components: 1 })).length === 0)

/** The families that are to be compared on such data, and at which numbers of components. */
export const linesOf = (
  options: Compared,
  { own: { rows, dim }, scaling }: Data,
  places: ReadonlyArray<number>
): ReadonlyArray<Line> => {
  const { family, criterion, fixed } = options
  const counts = countsOf(options, rows)
  const known = fixed?.map(FixedComponents.scaled(places, scaling))
  const compared = Object.values<Constructor>(families)
  const isOpen = options.components === undefined
  const lines = list(family ?? (dim === 1 ? compared.slice(0, 2) : compared))
    .map(makerOf)
    .map(({ make, count }) => ({ make: known === undefined ? make : FixedComponents.holding(known)(make), count }))
    .flatMap(({ make, count }) => [make, ...besideOf(options)(make)].map(make => ({ make, count })))
    // A score that was given has a number of its own.
    .map(({ make, count }): Line =>
      isOpen && count !== null ? { family: make, counts: [count] } : { family: make, counts, isOpen }
    )
  return dim === 1 || known !== undefined ? lines : besides(lines, criterion)
}

import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import type * as Component from '../mixture/families/fixed.js'
import * as Score from '../score/score.js'
import { isEligible, type Criterion, type FittedCandidate, type ScoreConstructor } from './candidates.js'
import { constructorOf, enclosingFamilies, families, type FamilyChoice } from './familyNames.js'
import * as FixedComponents from './fixedComponents.js'
import { DEFAULT_MAX_COMPONENTS } from './minVariance.js'
import { predictedCriterion, type PredictionTarget } from './prediction.js'
import type { TrainingData } from './trainingData.js'
import { fittedTrials, type CandidateSpec, type CandidateTrial } from './trial.js'
import { supportsWarmStarts } from './warmStarts.js'

export type OneOrMore<A> = A | ReadonlyArray<A>

export interface GridOptions {
  /** Numbers of components to choose from. Default: 1 to min(9, rows), and on to 36 while the largest wins. */
  readonly components?: OneOrMore<number> | undefined
  /**
   * Families to choose from: names, also of mclust (VVE), constructors, or scores, whose number of components is then the default. Default:
   * the six of `families`. With all fourteen of mclust the other eight start from the default ones, and are skipped if the likelihood of
   * `full` or `diagonal` would not win.
   */
  readonly family?: OneOrMore<FamilyChoice> | undefined
  /**
   * 'iclc' counts clusters, also in small tables, and reports more than one only if they describe the rows better than one cluster that is
   * normal, log-normal, Student-t or uniform; 'icl' is its limit for many rows, without that comparison; 'bic' describes the density;
   * 'crossValidated' is −2 log-likelihood of each fifth of the rows by a fit to the others, about six times as slow. Default: 'bic' if
   * `components` is one number > 1, otherwise 'iclc'.
   */
  readonly criterion?: Criterion | undefined
  /**
   * Compares families also with tails (`Score.withTails`, common ν) and each background (`Score.withBackground`), to whose rows `assign`
   * gives −1. Default: false.
   */
  readonly robust?: boolean | undefined
  /** Compares families also with a background, uniform over the range of the columns ('box') or unbounded ('cauchy'). */
  readonly background?: 'cauchy' | 'box' | undefined
  /**
   * Known components of every candidate, each a `Component.fixed` in the original units; not with `robust`. Covariances can be fixed if
   * each component has its own.
   */
  readonly fixed?: ReadonlyArray<Component.Fixed> | undefined
}

export interface FamilyGrid {
  readonly makeScore: ScoreConstructor
  /** Ascending. */
  readonly componentCounts: ReadonlyArray<number>
  /**
   * Set if the family starts from fits of earlier families; its candidates are skipped if the likelihood of a given `enclosingFamily` would
   * not win.
   */
  readonly startsFromOthers?: { readonly enclosingFamily: string | null }
  /** True to try larger counts while the largest wins. Default: false. */
  readonly isExtensible?: boolean
}

/** Returns one value or several as a list. */
export const asList = <A>(value: OneOrMore<A>): ReadonlyArray<A> => {
  const isList = (value: OneOrMore<A>): value is ReadonlyArray<A> => Array.isArray(value)
  return isList(value) ? value : [value]
}

/** Returns the requested grid; `columns` are indices of the training data's columns in the given data. */
export const buildGrid = (
  options: GridOptions,
  { original: { rows, dim }, scaling }: TrainingData,
  columns: ReadonlyArray<number>
): ReadonlyArray<FamilyGrid> => {
  const fixed = options.fixed?.map(FixedComponents.scaledFixed(columns, scaling))
  const defaults = Object.values<ScoreConstructor>(families)
  const componentCounts = componentCountsOf(options, rows)
  const isExtensible = options.components === undefined
  const grid = asList(options.family ?? (dim === 1 ? defaults.slice(0, 2) : defaults)).flatMap(choice => {
    const { makeScore, components } = constructorOf(choice)
    const base = fixed === undefined ? makeScore : FixedComponents.withFixedComponents(fixed)(makeScore)
    return [base, ...robustVariants(base, options)].map((makeScore): FamilyGrid =>
      isExtensible && components !== null
        ? { makeScore, componentCounts: [components] }
        : { makeScore, componentCounts, isExtensible }
    )
  })
  return dim === 1 || fixed !== undefined ? grid : orderMclustFamilies(grid, options.criterion)
}

const componentCountsOf = ({ components, fixed = [] }: GridOptions, rows: number): ReadonlyArray<number> => {
  const defaultMax = Math.min(Math.max(DEFAULT_MAX_COMPONENTS, fixed.length + 1), rows)
  const counts = asList(components ?? RA.makeBy(defaultMax, k => k + 1))
  return [...new Set(counts)].filter(count => count >= fixed.length).sort((a, b) => a - b)
}

/** Returns a family's variants with requested extensions that it supports. */
const robustVariants = (
  family: ScoreConstructor,
  { robust = false, background }: GridOptions
): ReadonlyArray<ScoreConstructor> => {
  const shapes = (['cauchy', 'box'] as const).filter(shape => robust || shape === background)
  return [
    ...(robust ? [Score.withTails({ nu: 'common' })] : []),
    ...shapes.map(shape => Score.withBackground({ shape }))
  ]
    .map(
      (extend): ScoreConstructor =>
        options =>
          extend(family(options))
    )
    .filter(variant => Score.problems({ rows: Infinity, dim: 1 })(variant({ components: 1 })).length === 0)
}

/**
 * If all fourteen families of mclust are compared, puts the non-default eight last, to start from the others. Under cross-validation none
 * is skipped, since folds may prefer another family.
 */
const orderMclustFamilies = (
  grid: ReadonlyArray<FamilyGrid>,
  criterion: Criterion | undefined
): ReadonlyArray<FamilyGrid> => {
  const named = grid.map(family => ({ family, name: familyNameOf(family) }))
  const isComplete = [...Object.keys(families), ...enclosingFamilies.keys()].every(name =>
    named.some(one => one.name === name)
  )
  if (!isComplete) return grid
  const enclosing = (name: string): string | null =>
    criterion === 'crossValidated' ? null : (enclosingFamilies.get(name) ?? null)
  return [
    ...named.filter(({ name }) => !enclosingFamilies.has(name)).map(({ family }) => family),
    ...named
      .filter(({ name }) => enclosingFamilies.has(name))
      .map(({ family, name }) => ({ ...family, startsFromOthers: { enclosingFamily: enclosing(name) } }))
  ]
}

const familyNameOf = ({ makeScore, componentCounts }: FamilyGrid): string =>
  Score.nameOf(makeScore({ components: componentCounts[0] ?? 1 }))

const COMPONENT_COUNTS_PER_EXTENSION = 3
const MAX_EXTENDED_COMPONENTS = 36

interface GridExtensionOptions {
  readonly rows: number
  readonly criterion: Criterion
  readonly target: PredictionTarget
}

/**
 * Returns the next larger counts for families that are best at their largest, if the overall best is one; otherwise, at the limit, and
 * under cross-validation, an empty grid.
 */
export const extendGrid = (
  grid: ReadonlyArray<FamilyGrid>,
  trials: ReadonlyArray<CandidateTrial>,
  { rows, criterion, target }: GridExtensionOptions
): ReadonlyArray<FamilyGrid> => {
  const extensible = grid.filter(({ isExtensible }) => isExtensible)
  const largest = Math.max(0, ...extensible.flatMap(({ componentCounts }) => componentCounts))
  const componentCounts = RA.makeBy(COMPONENT_COUNTS_PER_EXTENSION, i => largest + 1 + i).filter(
    count => count <= Math.min(rows, MAX_EXTENDED_COMPONENTS)
  )
  if (criterion === 'crossValidated' || componentCounts.length === 0) return []
  const fitted = fittedTrials(trials).map(({ candidate }) => candidate)
  const isBestAtLargest = (candidates: ReadonlyArray<FittedCandidate>): boolean =>
    bestComponentCount(candidates, criterion, target) === largest
  if (!isBestAtLargest(fitted)) return []
  return extensible
    .filter(({ makeScore }) => {
      const name = Score.nameOf(makeScore({ components: largest }))
      return isBestAtLargest(fitted.filter(({ family }) => family === name))
    })
    .map(family => ({ ...family, componentCounts }))
}

/** Returns the count of the best eligible candidate; 0 if there is none. */
const bestComponentCount = (
  candidates: ReadonlyArray<FittedCandidate>,
  criterion: Criterion,
  target: PredictionTarget
): number =>
  candidates
    .filter(isEligible)
    .map(candidate => ({
      components: candidate.components,
      value: predictedCriterion(criterion, candidate, target)
    }))
    .reduce((best, one) => (one.value < best.value ? one : best), { components: 0, value: Infinity }).components

export interface FitTask {
  readonly spec: CandidateSpec
  /** False for counts that are fitted only to grow from. */
  readonly isCandidate: boolean
  /** 'recipe' fits each candidate by `Recipe.annealed`. */
  readonly method: 'growth' | 'otherFamilies' | 'recipe'
  /** Family whose likelihood bounds this one's; null if there is none. */
  readonly enclosingFamily: string | null
}

/** Families grow from one component if the smallest requested number is at most this. */
const MAX_GROWTH_FROM_ONE = 16

interface TaskOptions {
  readonly minVariance: number
  readonly rows: number
  readonly isTried: (score: Score.Score<string>, components: number) => boolean
}

/**
 * Returns the fits that a family's candidates need, in order: all counts from an earlier batch's end to the largest requested. The recipe
 * reports counts above the number of rows.
 */
export const tasksOf = (
  { makeScore, componentCounts, startsFromOthers }: FamilyGrid,
  { minVariance, rows, isTried }: TaskOptions
): ReadonlyArray<FitTask> => {
  const task = (components: number, method: FitTask['method']): FitTask => {
    const score = makeScore({ components })
    const estimatesVariances = Score.interpret(score).family?.unitVariance === false
    return {
      spec: { score, components, ...(estimatesVariances && { minVariance }) },
      isCandidate: true,
      method,
      enclosingFamily: startsFromOthers?.enclosingFamily ?? null
    }
  }
  if (!supportsWarmStarts(makeScore({ components: componentCounts[0] ?? 1 })))
    return componentCounts.map(count => task(count, 'recipe'))
  if (startsFromOthers !== undefined) return componentCounts.map(count => task(count, 'otherFamilies'))
  const { left: tooLarge, right: requested } = RA.partition((count: number) => count <= rows)(componentCounts)
  const smallest = requested.reduce((a, b) => Math.min(a, b), Infinity)
  const largest = requested.reduce((a, b) => Math.max(a, b), 0)
  const continues = smallest <= MAX_GROWTH_FROM_ONE && isTried(makeScore({ components: smallest }), smallest - 1)
  const first = smallest > MAX_GROWTH_FROM_ONE || continues ? smallest : 1
  return [
    ...RA.makeBy(Math.max(0, largest - first + 1), i => first + i).map(count => ({
      ...task(count, 'growth'),
      isCandidate: requested.includes(count)
    })),
    ...tooLarge.map(count => task(count, 'recipe'))
  ]
}

/** Options of a fit: meaning, defaults, problems. */
import * as Problem from '../core/problem.js'
import * as Setting from '../core/setting.js'
import { typeAndValue } from '../core/spelling.js'
import type * as Backend from '../data/reductionBackend.js'
import { asList, type GridOptions } from './candidateGrid.js'
import type { Criterion } from './candidates.js'
import { familyProblems } from './familyNames.js'
import * as Settings from './fitSettings.js'

/** `done` of `of` candidates are fitted; this one is next. */
export interface Progress {
  readonly family: string
  readonly components: number
  readonly done: number
  readonly of: number
}

export interface FitOptions extends GridOptions {
  /** Equal seeds give equal bits. Default: 0. */
  readonly seed?: number | undefined
  /** Number of fits, from consecutive seeds, of which the best is kept. Default: 1. */
  readonly starts?: number | undefined
  /** Number of times that each row counts, ≥ 0. Default: the weights of the points. */
  readonly weights?: ArrayLike<number> | undefined
  /**
   * Scales columns to mean 0 and standard deviation 1 for the fit, on which spherical covariances depend; the mixture is in the original
   * units. Default: true.
   */
  readonly standardize?: boolean | undefined
  /**
   * Missing cells are NaN: 'refuse' returns a problem, 'em' uses their conditional moments given the observed cells. Rows without any cell
   * are left out. Default: 'refuse'.
   */
  readonly missing?: 'refuse' | 'em' | undefined
  /** Used in tables and files. Default: x1, x2, … */
  readonly columns?: ReadonlyArray<string> | undefined
  /**
   * Strength, in rows, of the weak prior of Fraley & Raftery (2007), who take 0.01, on the scaled columns. The fit is the posterior mode,
   * without collapse on a few rows; log-likelihood and criteria exclude the prior. Default: none.
   */
  readonly prior?: number | undefined
  /** Evaluates the sums over rows without missing cells. Default: this process. */
  readonly backend?: Backend.Backend | undefined
  /**
   * Ends the fit between two `states` when aborted: `mixture` returns a problem. A synchronous fit can only be aborted from `onProgress`.
   */
  readonly signal?: { readonly aborted: boolean } | undefined
  /** Called before each candidate is fitted. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

export interface ResolvedOptions extends Omit<FitOptions, 'prior'> {
  readonly criterion: Criterion
  readonly seed: number
  readonly starts: number
  readonly missing: 'refuse' | 'em'
  readonly standardize: boolean
  readonly prior: number | null
}

/** Fills in defaults. */
export const resolveOptions = (options: FitOptions): ResolvedOptions => {
  const {
    criterion = Settings.criterionFor(options.components),
    seed = Settings.seedSetting.otherwise,
    starts = Settings.startsSetting.otherwise,
    missing = Settings.missingSetting.otherwise,
    standardize = true,
    prior = null
  } = options
  return { ...options, criterion, seed, starts, missing, standardize, prior }
}

const fitSettings: Setting.Settings<FitOptions> = {
  components: Setting.eachSetting(Settings.componentsSetting, 'leave it out to choose from 1 to 9'),
  family: { problems: (field, value) => asList(value).flatMap(choice => familyProblems(field, choice)) },
  criterion: Settings.criterionSetting,
  robust: null,
  background: Settings.backgroundSetting,
  fixed: null,
  seed: Settings.seedSetting,
  starts: Settings.startsSetting,
  weights: null,
  standardize: null,
  missing: Settings.missingSetting,
  columns: null,
  prior: Settings.priorSetting,
  backend: null,
  signal: null,
  onProgress: null
}

/** Returns the problems of options that are neither numbers nor words. */
const formProblems = ({
  fixed,
  columns,
  onProgress
}: Readonly<Partial<Record<keyof FitOptions, unknown>>>): ReadonlyArray<Problem.Problem> => [
  ...Problem.unless(
    fixed === undefined || Array.isArray(fixed),
    'fixed',
    typeAndValue(fixed),
    'a list of Component.fixed',
    'give a list of them, or leave it out'
  ),
  ...Problem.unless(
    columns === undefined || (Array.isArray(columns) && columns.every(name => typeof name === 'string')),
    'columns',
    typeAndValue(columns),
    'a list of names',
    'name each column, or leave it out'
  ),
  ...Problem.unless(
    onProgress === undefined || typeof onProgress === 'function',
    'onProgress',
    typeAndValue(onProgress),
    'callable',
    'give a function, or leave it out'
  )
]

/** Returns the problems of options that do not depend on the data. */
export const optionProblems = (options: FitOptions): ReadonlyArray<Problem.Problem> => {
  const value: unknown = options
  if (typeof value !== 'object' || value === null)
    return [
      Problem.of('options', String(value), 'an object of options', "give { components: 3, family: 'full' }, or none")
    ]
  const { fixed, robust, background } = options
  return [
    ...formProblems(options),
    ...Setting.problems(fitSettings, options),
    ...Problem.unless(
      fixed === undefined || (robust !== true && background === undefined),
      'fixed',
      'it',
      'available with robust or background',
      'leave one of them out: tails and a background are learned of components that are not known'
    )
  ]
}

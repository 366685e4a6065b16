/** Options of `ornstein fit` in the form in which the fit is run. */
import type { Points } from '../index.js'
import type { CheckpointInterval, FitFlags } from './fitOptions.js'
import * as Settings from '../fit/fitSettings.js'
import type { CandidateOptions } from './learn.js'
import type { GROWN, RecipeName } from './recipeNames.js'
import { csvOptions } from './tableOptions.js'

export interface FitChoices {
  readonly csv: Points.CsvOptions
  readonly search: CandidateOptions
  readonly recipe: RecipeName | typeof GROWN
  readonly compare: ReadonlyArray<RecipeName>
  readonly seed: number
  /** In rows; null for none. */
  readonly prior: number | null
  /** Number of bootstrap resamples; null for none. */
  readonly bootstrap: number | null
  /** Number of resamples per component test; null for no tests. */
  readonly testComponents: number | null
  readonly checkpointOptions: CheckpointOptions | null
}

export interface CheckpointOptions {
  readonly path: string
  readonly every: CheckpointInterval
  readonly resume: boolean
}

const DEFAULT_CHECKPOINT_INTERVAL: CheckpointInterval = { _tag: 'Milliseconds', milliseconds: 30_000 }

/** An ignored column with at most this many distinct values is kept, as classes of the rows. */
const MAX_KEPT_CLASSES = 12

/** Returns the choices of the flags, with defaults; `fixed` is null, since its file is read later. */
export const fitChoices = (flags: FitFlags): FitChoices => {
  const { by, labels, components, family: families, starts, recipe, compare = [], seed, robust } = flags
  const { criterion = Settings.criterionFor(components), background = null } = flags
  const {
    prior = null,
    bootstrap = null,
    testComponents = null,
    checkpoint,
    every = DEFAULT_CHECKPOINT_INTERVAL,
    resume
  } = flags
  return {
    csv: {
      ...csvOptions(flags),
      keep: { columns: [by, labels].filter(column => column !== undefined), classes: MAX_KEPT_CLASSES }
    },
    search: { families, components, criterion, starts, robust, background, fixed: null },
    recipe,
    compare,
    seed,
    prior,
    bootstrap,
    testComponents,
    checkpointOptions: checkpoint === undefined ? null : { path: checkpoint, every, resume }
  }
}

/** What is asked of `ornstein fit`, as those take it who do it. */
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
  readonly prior: number | null
  /** How many resamples say how far parameters are known; null for none. */
  readonly bootstrap: number | null
  /** So many resamples of each test of the number of components; null where nobody asked. */
  readonly testComponents: number | null
  readonly checkpoint: CheckpointOptions | null
}

/** Where a run is kept, and whether it goes on from there. */
export interface CheckpointOptions {
  readonly path: string
  readonly every: CheckpointInterval
  readonly resume: boolean
}

/** As often as a run is kept unless that is said. */
const DEFAULT_CHECKPOINT_INTERVAL: CheckpointInterval = { _tag: 'Milliseconds', milliseconds: 30_000 }

/** As many classes as a table of them has room for. */
const MAX_KEPT_CLASSES = 12

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
    checkpoint: checkpoint === undefined ? null : { path: checkpoint, every, resume }
  }
}

/** What is asked of `ornstein fit`, as those take it who do it. */
import type { Points } from '../index.js'
import type { Every, FitFlags } from './fitOptions.js'
import * as Settings from '../fit/fitSettings.js'
import type { OpenChoice } from './learn.js'
import type { GROWN, RecipeName } from './recipeNames.js'
import { csvOf } from './tableOptions.js'

export interface Choices {
  readonly table: Points.CsvOptions
  readonly open: OpenChoice
  readonly recipe: RecipeName | typeof GROWN
  readonly compare: ReadonlyArray<RecipeName>
  readonly seed: number
  readonly prior: number | null
  /** How many resamples say how far parameters are known; null for none. */
  readonly bootstrap: number | null
  /** So many resamples of each test of the number of components; null where nobody asked. */
  readonly testComponents: number | null
  readonly keep: KeepOptions | null
}

/** Where a run is kept, and whether it goes on from there. */
export interface KeepOptions {
  readonly path: string
  readonly every: Every
  readonly resume: boolean
}

/** As often as a run is kept unless that is said. */
const EVERY: Every = { _tag: 'Milliseconds', milliseconds: 30_000 }

/** As many classes as a table of them has room for. */
const CLASSES = 12

export const choicesOf = (flags: FitFlags): Choices => {
  const { by, labels, components, family: families, starts, recipe, compare = [], seed, robust } = flags
  const { criterion = Settings.criterionFor(components), background = null } = flags
  const { prior = null, bootstrap = null, testComponents = null, checkpoint, every = EVERY, resume } = flags
  return {
    table: {
      ...csvOf(flags),
      keep: { columns: [by, labels].filter(column => column !== undefined), classes: CLASSES }
    },
    open: { families, components, criterion, starts, robust, background, fixed: null },
    recipe,
    compare,
    seed,
    prior,
    bootstrap,
    testComponents,
    keep: checkpoint === undefined ? null : { path: checkpoint, every, resume }
  }
}

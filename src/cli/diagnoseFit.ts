/** Checks of a finished fit: bootstrap, component tests, hints of a better family or optimum. */
import * as E from 'fp-ts/lib/Either.js'
import * as Source from '../data/source/source.js'
import { type Fit, Mixture, Problem, Score } from '../index.js'
import * as Bootstrap from '../fit/bootstrap.js'
import * as ComponentTest from '../fit/componentTest.js'
import * as Missing from '../mixture/em/missing.js'
import type { Findings } from '../report/findings.js'
import { findHint, involvesMinVariance, type Hint } from '../fit/hint.js'
import { findLocalOptimum } from '../fit/localOptimum.js'
import type { FitChoices } from './fitChoices.js'
import { statesWithSignals } from './tracedRun.js'
import type { ProgressLine } from './progress.js'
import type { Signal, World } from './world.js'

/** Evaluates states until the last or a signal. `last` is null without states. */
const runUntilSignal = <S>(
  world: World,
  states: Iterable<S>
): Promise<{ readonly last: S | null; readonly stopped: Signal | null }> =>
  world.untilSignal(async pollSignal => {
    let last: S | null = null
    for await (const { state, stopped } of statesWithSignals({ now: world.now, pollSignal }, states)) {
      last = state
      if (stopped !== null) return { last, stopped }
    }
    return { last, stopped: null }
  })

interface FitWithRows {
  readonly fit: Findings
  readonly data: Source.Data
}

/** Bootstraps a fit; after a signal from the finished resamples, if enough. */
const runBootstrap = async (
  world: World,
  onProgress: ProgressLine['onResample'],
  resamples: number | null,
  { fit: { seed, ...fitted }, data }: FitWithRows
): Promise<{ readonly bootstrap: Findings['bootstrap']; readonly stopped: Signal | null }> => {
  if (resamples === null) return { bootstrap: null, stopped: null }
  const states = Bootstrap.states({ resamples, seed, onProgress })(fitted, data)
  if (E.isLeft(states)) return { bootstrap: states, stopped: null }
  const { last, stopped } = await runUntilSignal(world, states.right)
  return { bootstrap: last?.bootstrap() ?? null, stopped }
}

/** Null if the score has no family. */
const familyConstructor = (score: Score.Score<string>): Fit.Constructor | null =>
  'components' in score ? ({ components }) => ({ ...score, components }) : null

/** Tests one component fewer and one more; after a signal returns the finished tests. */
const testComponentCount = async (
  world: World,
  onProgress: ProgressLine['onTest'],
  resamples: number | null,
  { fit: { scaling, pipeline, mixture, seed }, data }: FitWithRows
): Promise<{ readonly tests: Findings['tests']; readonly stopped: Signal | null }> => {
  if (resamples === null) return { tests: null, stopped: null }
  const family = familyConstructor(pipeline.score)
  if (family === null || Source.isSource(data) || Missing.hasMissingCells(data))
    return {
      tests: E.left([
        family === null
          ? Problem.of(
              'family',
              Score.nameOf(pipeline.score),
              'of Gaussians alone',
              'test one without tails or a background'
            )
          : Source.isSource(data)
            ? Problem.of('rows', 'in pieces', 'in memory', 'try --no-stream')
            : Problem.of('rows', 'some with missing cells', 'whole', 'leave these out: --missing drop')
      ]),
      stopped: null
    }
  const to = Mixture.components(mixture)
  const states = ComponentTest.testStates({
    family,
    resamples,
    seed,
    to,
    from: Math.max(1, to - 1),
    standardize: scaling !== null,
    onProgress
  })(data)
  if (E.isLeft(states)) return { tests: states, stopped: null }
  const { last, stopped } = await runUntilSignal(world, states.right)
  return { tests: last?.tests() ?? null, stopped }
}

/** Null if no two components share one cluster while another covers two. */
const detectLocalOptimum = ({ pipeline, observed, ...fit }: Findings): Findings['localOptimum'] =>
  findLocalOptimum({ ...fit, points: observed, score: pipeline.score })

/** Null if neither Student-t tails nor a background are expected to lower the criterion. */
const findRobustnessHint = ({ choice, mixture, pipeline, observed, ...fit }: Findings): Hint | null =>
  findHint({
    ...fit,
    points: observed,
    chosen: { score: pipeline.score, mixture },
    ranked: choice?.candidates ?? [],
    criterion: choice?.criterion ?? 'bic',
    involvesMinVariance:
      fit.atMinVariance.length > 0 || (choice !== null && involvesMinVariance(choice.criterion, choice.candidates))
  })

/** Runs the requested checks and the cheap ones, until a signal. */
export const diagnoseFit = async (
  world: World,
  { onResample, onTest, show }: ProgressLine,
  { search, bootstrap: resamples, testComponents }: FitChoices,
  fitted: FitWithRows & {
    /** False if the costly hints are neither printed nor written. */
    readonly isDescribed: boolean
  }
): Promise<{
  readonly diagnoses: Pick<Findings, 'bootstrap' | 'robustnessHint' | 'localOptimum' | 'tests'>
  readonly stopped: Signal | null
}> => {
  const { fit, isDescribed } = fitted
  const { bootstrap, stopped } = await runBootstrap(world, onResample, resamples, fitted)
  show('looking for outliers and for better places of components')
  const robustnessHint = isDescribed && !search.robust && search.background === null ? findRobustnessHint(fit) : null
  const tests =
    stopped === null ? await testComponentCount(world, onTest, testComponents, fitted) : { tests: null, stopped }
  const localOptimum = isDescribed && !fit.isStreamed ? detectLocalOptimum(fit) : null
  return { diagnoses: { bootstrap, robustnessHint, localOptimum, tests: tests.tests }, stopped: tests.stopped }
}

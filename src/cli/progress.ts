/** Progress of a fit on one line of the terminal. */
import * as table from '../fit/table.js'
import { clipText, printableText, commandLineName } from '../fit/text.js'
import type { Fit } from '../index.js'
import type * as Bootstrap from '../fit/bootstrap.js'
import type { Control } from './tracedRun.js'
import type { World } from './world.js'

export interface ProgressLine {
  readonly onStep: Control['watch']
  readonly onCandidate: (progress: Fit.Progress) => void
  readonly onResample: (progress: Bootstrap.Progress) => void
  readonly onTest: (progress: { readonly components: number; readonly done: number }) => void
  /** Shows an activity without progress reports. */
  readonly show: (activity: string) => void
  readonly clear: () => void
}

const ignore = (): void => undefined
const SILENT_PROGRESS: ProgressLine = {
  onStep: ignore,
  onCandidate: ignore,
  onResample: ignore,
  onTest: ignore,
  show: ignore,
  clear: ignore
}

const durationText = (milliseconds: number): string => {
  const seconds = milliseconds / 1000
  return seconds < 100
    ? `${Math.max(1, Math.round(seconds))} s`
    : seconds < 6000
      ? `${Math.round(seconds / 60)} min`
      : `${Math.round(seconds / 3600)} h`
}

interface RewrittenLine {
  /** Does nothing within a tenth of a second of the last text. */
  readonly write: (text: () => string) => void
  readonly writeAtOnce: (text: string) => void
  readonly clear: () => void
}

/** Line on standard error that each text replaces, after `prefix`. */
const rewrittenLine = (world: World, prefix: string): RewrittenLine => {
  let lastWritten = -Infinity
  const write = (text: () => string): void => {
    if (world.now() - lastWritten < 100) return
    lastWritten = world.now()
    // Clipped to one line, since a second one would not be cleared.
    world.stderr(`\r\x1b[2K${clipText(printableText(prefix + text()), world.terminal.err - 1)}`)
  }
  return {
    write,
    writeAtOnce: text => {
      lastWritten = -Infinity
      write(() => text)
    },
    clear: () => {
      if (lastWritten > -Infinity) world.stderr('\r\x1b[2K')
      lastWritten = -Infinity
    }
  }
}

const progressLine = (world: World, prefix: string): ProgressLine => {
  const { write, writeAtOnce, clear } = rewrittenLine(world, prefix)
  const startedAt = world.now()
  let furthest = 0
  let currentStage = ''
  let since = startedAt
  /** Returns `words` with the estimated time left if `done` of `of` took the time since `from`; empty if either is below one second. */
  const timeLeft = (from: number, done: number, of: number, words: (time: string) => string): string => {
    const elapsed = world.now() - from
    const rest = (elapsed / done) * (of - done)
    return done > 0 && elapsed > 1000 && rest > 1000 ? words(durationText(rest)) : ''
  }
  const onCandidate = ({ family, components, done, of }: Fit.Progress): void => {
    furthest = Math.max(furthest, done)
    write(
      () =>
        `candidate ${done + 1} of ${of}: ${components} ${commandLineName(family)}` +
        // The best are then refined on all rows, for an unknown time.
        (done + 1 === of
          ? ', then the best are refined'
          : timeLeft(startedAt, furthest, of, time => `, about ${time} to the last candidate`))
    )
  }
  const onStep: ProgressLine['onStep'] = ({ stage, step, value }, { stages }, measured): void => {
    const stageText = `stage ${stage + 1} of ${stages.length}`
    if (stageText !== currentStage) [currentStage, since] = [stageText, world.now()]
    if (value === null) return
    const { steps } = stages[stage].stopping
    write(() => {
      const { name, value: shown } = measured(stage, value)
      // The value comes first, since a narrow terminal cuts the end.
      return `${name} ${table.show(shown)}, step ${step} of ${steps}, ${stageText}${timeLeft(since, step, steps, time => `, at most ${time} left`)}`
    })
  }
  const onResample = ({ done, of }: Bootstrap.Progress): void => {
    if (done === 0) since = world.now()
    write(
      () => `resample ${Math.min(done + 1, of)} of ${of}${timeLeft(since, done, of, time => `, about ${time} left`)}`
    )
  }
  const onTest: ProgressLine['onTest'] = ({ components, done }) => {
    if (done === 0) since = world.now()
    write(() => `test of ${components} components against ${components + 1}: resample ${done + 1}`)
  }
  return {
    onStep,
    onCandidate,
    onResample,
    onTest,
    show: activity => {
      writeAtOnce(`${activity} …`)
    },
    clear
  }
}

/** Returns a progress line, silent with `quiet` or without a terminal. */
export const openProgressLine = (
  world: World,
  { quiet }: { readonly quiet?: boolean | undefined },
  prefix = ''
): ProgressLine => (world.isTTY && quiet !== true ? progressLine(world, prefix) : SILENT_PROGRESS)

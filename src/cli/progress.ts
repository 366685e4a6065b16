/** How far a fit has come, on a line of the terminal. */
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
  /** What is done next, of which nobody tells how far it has come. */
  readonly show: (what: string) => void
  readonly clear: () => void
}

const ignore = (): void => undefined
/** Where nobody looks. */
const SILENT_PROGRESS: ProgressLine = {
  onStep: ignore,
  onCandidate: ignore,
  onResample: ignore,
  onTest: ignore,
  show: ignore,
  clear: ignore
}

/** As a person would say it. */
const durationText = (milliseconds: number): string => {
  const seconds = milliseconds / 1000
  return seconds < 100
    ? `${Math.max(1, Math.round(seconds))} s`
    : seconds < 6000
      ? `${Math.round(seconds / 60)} min`
      : `${Math.round(seconds / 3600)} h`
}

/** A single line of a terminal, written ten times a second at most. */
const progressLine = (world: World, whose: string): ProgressLine => {
  const begun = world.now()
  let written = -Infinity
  let furthest = 0
  let place = ''
  let since = begun
  const say = (text: () => string): void => {
    if (world.now() - written < 100) return
    written = world.now()
    // One line: what would go on in the next is not cleared with it.
    world.stderr(`\r\x1b[2K${clipText(printableText(whose + text()), world.terminal.err - 1)}`)
  }
  /** What is left of `of`, where `done` took so long; nothing before it can be told, or where nobody needs to know. */
  const left = (how: string, from: number, done: number, of: number): string => {
    const taken = world.now() - from
    const rest = (taken / done) * (of - done)
    return done > 0 && taken > 1000 && rest > 1000 ? `, ${how} ${durationText(rest)} left` : ''
  }
  const choosing = ({ family, components, done, of }: Fit.Progress): void => {
    furthest = Math.max(furthest, done)
    say(
      () =>
        `candidate ${done + 1} of ${of}: ${components} ${commandLineName(family)}${left('about', begun, furthest, of)}`
    )
  }
  const watch: ProgressLine['onStep'] = ({ stage, step, value }, { stages }, measured): void => {
    const here = `stage ${stage + 1} of ${stages.length}`
    if (here !== place) [place, since] = [here, world.now()]
    if (value === null) return
    const { steps } = stages[stage].stopping
    say(() => {
      const { name, value: shown } = measured(stage, value)
      // The number and its name first: a narrow terminal cuts the rest.
      return `${name} ${table.show(shown)}, step ${step} of ${steps}, ${here}${left('at most', since, step, steps)}`
    })
  }
  const resampling = ({ done, of }: Bootstrap.Progress): void => {
    if (done === 0) since = world.now()
    say(() => `resample ${Math.min(done + 1, of)} of ${of}${left('about', since, done, of)}`)
  }
  const testing: ProgressLine['onTest'] = ({ components, done }) => {
    if (done === 0) since = world.now()
    say(() => `test of ${components} components against ${components + 1}: resample ${done + 1}`)
  }
  return {
    onStep: watch,
    onCandidate: choosing,
    onResample: resampling,
    onTest: testing,
    show: what => {
      written = -Infinity
      say(() => `${what} …`)
    },
    clear: () => {
      if (written > -Infinity) world.stderr('\r\x1b[2K')
      written = -Infinity
    }
  }
}

/** A line of progress where somebody looks at it. */
export const openProgressLine = (
  world: World,
  { quiet }: { readonly quiet?: boolean | undefined },
  whose = ''
): ProgressLine => (world.isTTY && quiet !== true ? progressLine(world, whose) : SILENT_PROGRESS)

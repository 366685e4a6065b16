/** What a program of this folder tells `main.ts`, which finds programs by listing the folder. */
import { type Picture, Points } from 'ornstein'

/** A number beside what it should be by another source. */
export interface Check {
  readonly what: string
  readonly found: number
  readonly wanted: number
  /** How far apart they may be: of noise four standard errors, of training what was measured and as much again. */
  readonly within: number
  /** Where `wanted` is from. */
  readonly by: string
}

export interface Outcome {
  /** How the loss is computed, as `program.plan` says it. */
  readonly plan: string
  readonly checks: ReadonlyArray<Check>
  readonly picture?: Picture.Picture
}

export interface Program {
  /** What it is, with its paper. */
  readonly title: string
  /** Runs it with a share of its steps: 1 for the page, less for a test, whose checks may then be wider. */
  readonly run: (effort: number) => Outcome | Promise<Outcome>
}

/** How far points are from a sample of the truth, beside how far another sample of it is. */
export const fromTruth = (
  what: string,
  found: Points.Points,
  [own, again]: ReadonlyArray<Points.Points>,
  within: number
): Check => ({
  what,
  found: Points.energyDistance(found, own),
  wanted: Points.energyDistance(own, again),
  within,
  by: 'two samples of the truth'
})

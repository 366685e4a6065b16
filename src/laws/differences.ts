/** Derivatives by differences: what autodiff is held to. */
import { equals, type Relation } from './lawRows.js'

/** The derivative at 0 by central differences of fourth order. */
export const slope = (f: (step: number) => number, h: number): number =>
  (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)

/** What a slope is to lie between, at one length of the steps, and by how much it may be off. */
export interface Sides {
  readonly least: number
  readonly most: number
  readonly tolerance: number
}

/** Within a step of a kink the longer ones see it from the wrong side. */
const LENGTHS = [1e-3, 1e-4, 1e-5]

/**
 * The slopes of Σ f_j to the left and to the right of 0, by one-sided differences of second order, at three lengths of the steps, each
 * over r². They are off by h² times the third derivative, F r⁶ at most, and round by 2⁻⁵² F/h, F the size of the values.
 */
export const sidesOf = (
  fs: ReadonlyArray<(step: number) => number>,
  { r, size }: { readonly r: number; readonly size: number }
): ReadonlyArray<Sides> => {
  const here = fs.map(f => f(0))
  return LENGTHS.map(length => {
    const h = length / (r * r)
    const slopes = fs.map((f, j) => {
      const one = (by: number): number => (4 * f(by) - f(2 * by) - 3 * here[j]) / (2 * by)
      return [one(-h), one(h)]
    })
    const total = (of: (...sides: ReadonlyArray<number>) => number): number =>
      slopes.reduce((sum, sides) => sum + of(...sides), 0)
    return {
      least: total(Math.min),
      most: total(Math.max),
      tolerance: size * r * r * (10 * length * length + 1e-15 / h)
    }
  })
}

/** That a slope lies between those to either side, at that length of the steps at which it is nearest. */
export const between = (found: number, sides: ReadonlyArray<Sides>): Relation =>
  sides
    .map(({ least, most, tolerance }) => equals(found, Math.max(least, Math.min(most, found)), tolerance))
    .map(relation => ({ relation, over: Math.abs(found - Number(relation.right)) / relation.within }))
    .reduce((best, other) => (other.over < best.over ? other : best)).relation

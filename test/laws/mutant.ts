/** Mutants: instances that are wrong on purpose, each to be caught by the law named for it. */
import fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { expect, it } from 'vitest'
import { Compile, Params, type Key, type Points } from '../../src/index.js'
import type { Law } from '../../src/laws/law.js'
import type { Evaluate } from '../../src/laws/objective.js'
import type { Loss, ValueAndGradient } from '../../src/compile/loss.js'
import { spread } from '../cases.js'

export interface Mutant {
  /** What is wrong with it. */
  readonly wrong: string
  /** The law that is to catch it. */
  readonly law: string
  readonly mutant: ReadonlyArray<Law>
  /** The laws of the right instance, which the same law is to pass. */
  readonly right: ReadonlyArray<Law>
  /** On how many cases; 3, since the right instances have tests of their own, of more. */
  readonly cases?: number
}

const named = (name: string, laws: ReadonlyArray<Law>): Law => {
  const found = laws.find(law => law.name === name)
  if (found === undefined) throw new Error(`no law ‘${name}’ among ${laws.map(law => law.name).join(', ')}`)
  return found
}

/** On how many cases laws of right instances have passed: mutants share them. */
const passed = new WeakMap<Law, number>()

/** Whether the law of a right instance holds on so many cases. */
const isHeld = (law: Law, parameters: fc.Parameters<unknown>, numRuns: number): boolean => {
  if ((passed.get(law) ?? 0) >= numRuns) return true
  if (fc.check(law.property, { ...parameters, numRuns }).failed) return false
  passed.set(law, numRuns)
  return true
}

/** A test for each mutant, `npm test` takes one of six: its law fails on it, by its own verdict and not by a crash, and holds of the right one. */
export const areCaught = (mutants: ReadonlyArray<Mutant>): void => {
  // The title is written out: a template of `it.each` would cut it short.
  spread(6)(mutants).forEach(({ wrong, law, mutant, right, cases = 3 }) => {
    it(`${wrong}: caught by ‘${law}’`, () => {
      const parameters = { seed: 2307_01178, numRuns: 30, endOnFailure: true }
      const verdict = fc.check(named(law, mutant).property, parameters)
      expect(verdict.failed).toBe(true)
      expect(String(verdict.errorInstance)).toMatch(/^RangeError: (?!does not compile)/)
      expect(isHeld(named(law, right), parameters, cases)).toBe(true)
    })
  })
}

export interface Evaluation<P extends string> {
  readonly loss: Loss<P>
  readonly points: Points.Points
  readonly params: Params.Params<P>
  readonly key: Key.Key
}

/** What is compiled, with its result changed. */
export const evaluation =
  (change: <P extends string>(result: ValueAndGradient<P>, at: Evaluation<P>) => ValueAndGradient<P>): Evaluate =>
  loss =>
  points =>
    pipe(
      points,
      Compile.valueAndGrad(loss),
      E.map(f => (params, key) => change(f(params, key), { loss, points, params, key }))
    )

/** What is compiled from a changed loss. */
export const compiling =
  (change: <P extends string>(loss: Loss<P>) => Loss<P>): Evaluate =>
  loss =>
    Compile.valueAndGrad(change(loss))

/** The gradient times a factor. */
export const timesGradient = <P extends string>(
  factor: number,
  { value, gradient }: ValueAndGradient<P>
): ValueAndGradient<P> => ({ value, gradient: Params.mapValues(g => factor * g)(gradient) })

/**
 * Problem of an input: the field, its value, its domain, and a remedy. Every error of the language is a value of this type, or a non-empty
 * list of them.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Problem } from 'ornstein'
 *
 * // Checks options, and collects all that is wrong.
 * const check = (options: { rate: number; steps: number }) => [
 *   ...Problem.unless(options.rate > 0, 'rate', options.rate, '> 0 and finite', 'try 0.1'),
 *   ...Problem.unless(
 *     options.steps * options.rate < 10,
 *     'steps',
 *     options.steps,
 *     `below ${10 / options.rate}`,
 *     'take fewer'
 *   )
 * ]
 * assert.deepEqual(check({ rate: 0.1, steps: 10 }), [])
 * const [problem] = check({ rate: -1, steps: 10 })
 * assert.equal(
 *   pipe(problem, Problem.within('optimizer'), Problem.show),
 *   'optimizer.rate: -1 is not > 0 and finite; try 0.1'
 * )
 * assert.deepEqual(problem, Problem.of('rate', -1, '> 0 and finite', 'try 0.1'))
 */
export {
  of,
  orThrow,
  type Part,
  type Phrase,
  type Problem,
  type Problems,
  show,
  type Speaker,
  unless,
  within
} from '../core/problem.js'

/**
 * Sums by description: what another process takes strands of, on rows of its own, for one that has none of them at hand. No code
 * travels, only JSON and numbers.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import type * as Strands from '../../lib/strands.js'
import type { Vocabulary } from '../core/index.js'
import * as Problem from '../core/Problem.js'
import * as Source from '../data/Source.js'
import * as EM from '../mixture/ExpectationMaximization.js'
import { rowsOf } from '../mixture/rows.js'
import * as Statistics from '../mixture/Statistics.js'
import * as Params from '../score/Params.js'
import * as Score from '../score/Score.js'

/** A sum at the numbers of a step. */
type Summing = (numbers: Float64Array) => Strands.Sum<unknown>
type Made = E.Either<Problem.Problem, Summing>

const floats = t.readonlyArray(t.number)
const scaled = t.type({ name: t.literal('scaled'), centre: floats, scale: floats, of: t.unknown })
const statistics = t.type({ name: t.literal('statistics'), components: t.number, hasFactors: t.boolean })
const expectation = t.type({
  name: t.literal('expectation'),
  score: t.unknown,
  middle: t.union([floats, t.null]),
  isPrior: t.boolean
})

const unknown = (value: string): Problem.Problem =>
  Problem.of('sum', value, 'one that this version knows', 'let all processes be of the same version')

/**
 * The sum that a description is of, on a source of all rows; of these only those are read that belong to the strands asked for.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Problem, Source, Statistics, Sums, Vocabulary } from 'ornstein'
 *
 * const source = Source.of({ rows: 2, dim: 1, values: Float64Array.of(0, 2) })
 * const wanted = Statistics.of(source, 1)(Mixture.of({ means: [[0]] }))
 * // Another process, to which JSON and numbers are sent, and which sends numbers back.
 * const taken = Statistics.of(source, 1, {
 *   taken: (sum, asked) => {
 *     const { sum: described, numbers } = asked()
 *     const there = Problem.orThrow(Sums.asked(Vocabulary.standard)(described)(source))(numbers)
 *     return sum.found(there.strands(0, 1))
 *   }
 * })(Mixture.of({ means: [[0]] }))
 * assert.deepEqual(taken, wanted)
 */
export const asked =
  (vocabulary: Vocabulary.Vocabulary) =>
  (described: unknown) =>
  (source: Source.Source): Made => {
    if (scaled.is(described)) {
      const [centre, scale] = [Float64Array.from(described.centre), Float64Array.from(described.scale)]
      return pipe(source, Source.inUnits({ centre, scale }), asked(vocabulary)(described.of))
    }
    if (statistics.is(described)) {
      const of = Statistics.sum(rowsOf(source))
      return E.right(numbers => of(Statistics.mixtureOf(described, source.dim)(numbers)))
    }
    if (expectation.is(described)) {
      const { middle, isPrior } = described
      const about = middle === null ? source : Source.shifted(Float64Array.from(middle))(source)
      return pipe(
        Score.codec(vocabulary).decode(described.score),
        E.mapLeft(() => unknown(JSON.stringify(described.score))),
        E.flatMap(score =>
          pipe(
            Score.interpret(score).family,
            O.filter(isPrior ? EM.servesPrior : EM.serves),
            E.fromOption(() => unknown(`expectation–maximization of ${Score.show(score)}`)),
            E.map(family => {
              const shapes = Score.shapes(source.dim)(score)
              // What an M-step makes of it is for who adds the strands, and so is the prior.
              const mean = new Float64Array(source.dim)
              const prior = { shrinkage: 0, mean, covariance: new Float64Array(0), rows: source.total }
              const of = EM.summed(family, Number.MIN_VALUE, rowsOf(about), isPrior ? prior : null)
              return (numbers: Float64Array) => of(Params.unpacked(shapes)(numbers))
            })
          )
        )
      )
    }
    return E.left(unknown(JSON.stringify(described)))
  }

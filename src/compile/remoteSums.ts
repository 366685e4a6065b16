/** Reductions by description: a process without the rows sends JSON and numbers, and another computes chunks of the sum on its rows. */
import * as Ap from 'fp-ts/lib/Apply.js'
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as t from 'io-ts'
import type { Key } from '../../lib/index.js'
import type * as Reductions from '../../lib/rows/reduction.js'
import { refuseWith } from '../../lib/plain/refuse.js'
import { Case, type Vocabulary } from '../core/index.js'
import * as Problem from '../core/problem.js'
import * as Source from '../data/source/source.js'
import * as EM from '../mixture/em/expectationMaximization.js'
import { weightedRowsOf } from '../mixture/dataRows.js'
import * as Mixture from '../mixture/mixture.js'
import * as Statistics from '../mixture/statistics.js'
import * as Expectation from '../objective/expectation.js'
import * as Objective from '../objective/objective.js'
import * as Schedule from '../schedule/schedule.js'
import * as Params from '../core/params.js'
import * as Score from '../score/score.js'
import * as Loss from './loss.js'

/** Reduction as a function of the numbers of a step. */
export type SumAtNumbers = (numbers: Float64Array) => Reductions.Reduction<unknown>
type ReductionOrProblem = E.Either<Problem.Problem, SumAtNumbers>

const numbersCodec = t.readonlyArray(t.number)
const scaledCodec = t.type({ name: t.literal('scaled'), centre: numbersCodec, scale: numbersCodec, of: t.unknown })
const statisticsCodec = t.type({ name: t.literal('statistics'), mixture: t.unknown })
const expectationCodec = t.type({
  name: t.literal('expectation'),
  score: t.unknown,
  middle: t.union([numbersCodec, t.null]),
  kind: t.keyof({ likelihood: null, posterior: null, judged: null }),
  level: t.union([t.type({ alpha: t.number, sigma: t.number }), t.null])
})

const lossCodec = t.type({
  name: t.literal('loss'),
  schedule: t.unknown,
  score: t.unknown,
  objective: t.unknown,
  expectation: t.unknown,
  engine: t.keyof({ compiled: null, interpreted: null }),
  precision: t.keyof({ float64: null, float32: null }),
  middle: t.union([numbersCodec, t.null])
})

const unknownSumProblem = (value: string): Problem.Problem =>
  Problem.of(
    'sum',
    value,
    'one that this version knows, in words of its vocabulary',
    'let all processes be of the same version; what is code of your own, give to the vocabulary of each'
  )

/** Variance floor without effect, since another process does the M-step. */
const SMALLEST_FLOOR = Number.MIN_VALUE

/** Reduction that throws unless it receives `count` numbers, before it allocates. */
const withNumberCount =
  (count: number, domain: string, of: SumAtNumbers): SumAtNumbers =>
  numbers => {
    if (numbers.length === count) return of(numbers)
    const problem = Problem.of('numbers', numbers.length, domain, 'let all processes be of the same version')
    return refuseWith(problem, Problem.show(problem))
  }

/** Reduction that throws unless it receives `before` numbers and the score's parameters. */
const withParamCount = (score: Score.Score<string>, dim: number, before: 0 | 2, of: SumAtNumbers): SumAtNumbers => {
  const count = before + Params.paramsSize(Score.shapes(dim)(score))
  return withNumberCount(count, `${count}, as ${Score.show(score)} has`, of)
}

/** Reduction whose first two numbers are a key. */
const withKey =
  (of: (key: Key.Key, numbers: Float64Array) => Reductions.Reduction<unknown>): SumAtNumbers =>
  numbers =>
    of({ _tag: 'Key', k0: numbers[0], k1: numbers[1] }, numbers.subarray(2))

const matchColumnCount = (vectors: ReadonlyArray<ReadonlyArray<number> | null>, dim: number): boolean =>
  vectors.every(vector => vector === null || vector.length === dim)

/** Problems of a loss that are found before anything of its size is allocated. */
const lossPartProblems = (
  { score, schedule, objective, expectation }: Loss.Loss<string>,
  source: Source.Source
): ReadonlyArray<Problem.Problem> => [
  ...Score.problems(source)(score),
  ...[schedule, objective, expectation].flatMap(part => Case.problems(part))
]

const subtractFromRows = (middle: ReadonlyArray<number> | null, source: Source.Source): Source.Source =>
  middle === null ? source : Source.shiftRows(Float64Array.from(middle))(source)

/**
 * Returns the reduction of a description on a source of all rows, of which only the requested chunks are read.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Mixture, Problem, Source, Vocabulary } from 'ornstein'
 * import * as Cluster from 'ornstein/Cluster'
 *
 * const source = Source.of({ rows: 2, dim: 1, values: Float64Array.of(0, 2) })
 * const wanted = Mixture.statistics(source, 1)(Mixture.of({ means: [[0]] }))
 * // Another process, to which JSON and numbers are sent, and which sends numbers back.
 * const evaluated = Mixture.statistics(source, 1, {
 *   evaluate: (sum, asked) => {
 *     const { sum: described, numbers } = asked()
 *     const there = Problem.orThrow(Cluster.requestedReduction(Vocabulary.standard)(described)(source))(numbers)
 *     return sum.finish(there.chunks(0, 1))
 *   }
 * })(Mixture.of({ means: [[0]] }))
 * assert.deepEqual(evaluated, wanted)
 */
export const requestedReduction =
  (vocabulary: Vocabulary.Vocabulary) =>
  (described: unknown) =>
  (source: Source.Source): ReductionOrProblem => {
    if (scaledCodec.is(described) && matchColumnCount([described.centre, described.scale], source.dim)) {
      const centre = Float64Array.from(described.centre)
      const scale = Float64Array.from(described.scale)
      return pipe(source, Source.dataInUnits({ centre, scale }), requestedReduction(vocabulary)(described.of))
    }
    if (statisticsCodec.is(described)) return statisticsReduction(described, source)
    if (expectationCodec.is(described) && matchColumnCount([described.middle], source.dim))
      return expectationReduction(vocabulary, described, source)
    if (lossCodec.is(described) && matchColumnCount([described.middle], source.dim))
      return requestedLossReduction(vocabulary, described, source)
    return E.left(unknownSumProblem(JSON.stringify(described)))
  }

const statisticsReduction = (described: t.TypeOf<typeof statisticsCodec>, source: Source.Source): ReductionOrProblem =>
  pipe(
    Mixture.codec.decode(described.mixture),
    E.mapLeft(() => unknownSumProblem(JSON.stringify(described.mixture))),
    E.filterOrElse(
      mixture => Mixture.dimension(mixture) === source.dim,
      mixture => unknownSumProblem(`of a mixture of ${Mixture.dimension(mixture)} columns`)
    ),
    E.map(mixture => {
      const sum = Statistics.describeRows(weightedRowsOf(source))(mixture)
      return withNumberCount(0, 'none, as a mixture says all', () => sum)
    })
  )

/** Reduction of an E-step on clean or noised rows, or of an evaluation of the mixture. */
const expectationReduction = (
  vocabulary: Vocabulary.Vocabulary,
  described: t.TypeOf<typeof expectationCodec>,
  source: Source.Source
): ReductionOrProblem => {
  const { middle, kind, level } = described
  const rows = weightedRowsOf(subtractFromRows(middle, source))
  return pipe(
    Score.codec(vocabulary).decode(described.score),
    E.mapLeft(() => unknownSumProblem(JSON.stringify(described.score))),
    E.filterOrElse(
      score => Score.problems(source)(score).length === 0,
      score => Score.problems(source)(score)[0]
    ),
    E.flatMap(score =>
      pipe(
        O.fromNullable(Score.interpret(score).family),
        O.filter(kind === 'posterior' ? EM.supportsPrior : EM.supportsEM),
        E.fromOption(() => unknownSumProblem(`expectation–maximization of ${Score.show(score)}`)),
        E.map(family => {
          const params = Params.unpacked(Score.shapes(source.dim)(score))
          if (level !== null) {
            const of = EM.noisyStepReduction(family, SMALLEST_FLOOR, rows)
            return withParamCount(
              score,
              source.dim,
              2,
              withKey((key, numbers) => of(params(numbers), { level, key }))
            )
          }
          // like the floor, the prior has no effect here
          const mean = new Float64Array(source.dim)
          const covariance = new Float64Array(0)
          const prior = { shrinkage: 0, mean, covariance, rows: source.total }
          const of: (params: Params.Params<string>) => Reductions.Reduction<unknown> =
            kind === 'judged'
              ? EM.evaluationReduction(family, rows)
              : EM.emStepReduction(family, SMALLEST_FLOOR, rows, kind === 'posterior' ? prior : null)
          return withParamCount(score, source.dim, 0, numbers => of(params(numbers)))
        })
      )
    )
  )
}

const requestedLossReduction = (
  vocabulary: Vocabulary.Vocabulary,
  described: t.TypeOf<typeof lossCodec>,
  source: Source.Source
): ReductionOrProblem => {
  const { engine, precision, middle } = described
  return pipe(
    Ap.sequenceS(E.Apply)({
      schedule: Schedule.codec(vocabulary).decode(described.schedule),
      score: Score.codec(vocabulary).decode(described.score),
      objective: Objective.codec(vocabulary).decode(described.objective),
      expectation: Expectation.codec(vocabulary).decode(described.expectation)
    }),
    E.mapLeft(() => unknownSumProblem(JSON.stringify(described))),
    E.filterOrElse(
      of => lossPartProblems(of, source).length === 0,
      of => lossPartProblems(of, source)[0]
    ),
    E.map(of => {
      const sum = Loss.lossReduction(of, engine, precision, subtractFromRows(middle, source))
      const params = Params.unpacked(Score.shapes(source.dim)(of.score))
      return withParamCount(
        of.score,
        source.dim,
        2,
        withKey((key, numbers) => sum(params(numbers), key))
      )
    })
  )
}

/** Every description survives JSON; a new one is one row. */
import * as fc from 'fast-check'
import { identity, pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { expect, it } from 'vitest'
import {
  Clock,
  Covariance,
  Compile,
  Expectation,
  Initializer,
  Mixture,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  Pipeline,
  Rate,
  Region,
  Run,
  Sampler,
  Score,
  Stage,
  TimeGrid,
  TimeLaw,
  Vocabulary,
  Weighting
} from '../../src/index.js'
import * as Schedule from '../../src/schedule/index.js'
import { compiled } from '../../src/laws/check.js'
import { codec } from '../../src/laws/codec.js'
import type { Law } from '../../src/laws/law.js'
import { isPlain } from '../../src/laws/script.js'
import * as arbitraries from './generators.js'
import { allHold, holdsAndSpeaks } from './holds.js'

const { ornsteinUhlenbeck } = Schedule
const points = { rows: 4, dim: 2, values: Float64Array.of(1, 2, -1, 0.5, 0, 0, 3, -2) }

/** Every double there is, in any shape. */
const params = fc
  .dictionary(
    fc.string({ minLength: 1 }).filter(name => name !== '__proto__'),
    fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }).chain(shape => {
      const length = shape.reduce((product, n) => product * n, 1)
      return fc
        .array(fc.oneof(fc.double(), fc.constantFrom(-0, NaN, Infinity, -Infinity, 5e-324)), {
          minLength: length,
          maxLength: length
        })
        .map(values => ({ shape, values: Float64Array.from(values) }))
    }),
    { noNullPrototype: true }
  )
  .map((params): Params.Params<string> => params)

/** Numbers that JSON has no word for, or that lose their sign there. */
const awkward = fc.constantFrom(-0, 1e-320, 0.1 + 0.2)

const ofScores = <A>(of: (score: Score.Score<string>) => fc.Arbitrary<A>): fc.Arbitrary<A> =>
  arbitraries.scores.chain(of)

const custom = { time: TimeLaw.at(1), perRow: ({ score }: Objective.Row) => score }
const customObjective = Objective.custom('mine', custom.time, custom.perRow)
const customScore = arbitraries.student

const objectives = ofScores(score => arbitraries.objectives(ornsteinUhlenbeck, score, { code: false }))

/** Of every status, a failed one among them. */
const program = compiled(
  Compile.pipeline(
    Pipeline.of({
      schedule: ornsteinUhlenbeck,
      score: Score.spherical({ components: 2 }),
      initializer: Initializer.gaussian({ scale: 1 }),
      stages: [0.1, 1e300].map(rate =>
        Stage.descend({
          objective: Objective.denoising(TimeLaw.at(0.5)),
          optimizer: Optimizer.momentum({ rate }),
          steps: 3
        })
      )
    })
  )(points)
)
const states = arbitraries.keys.chain(key => fc.constantFrom(...Run.states(program)(key)))

const table: Readonly<Record<string, ReadonlyArray<Law>>> = {
  Schedule: codec(Schedule.codec(Vocabulary.standard), arbitraries.of(Schedule.concept, isPlain), {
    code: { values: fc.constant(arbitraries.cosine), message: 'code does not survive JSON' }
  }),
  Clock: codec(Clock.codec(Vocabulary.standard), arbitraries.of(Clock.concept)),
  TimeLaw: codec(
    TimeLaw.codec(Vocabulary.standard),
    fc.oneof<fc.Arbitrary<TimeLaw.TimeLaw>[]>(
      arbitraries.timeLaws(ornsteinUhlenbeck),
      awkward.map(weight => TimeLaw.nodes([{ time: 0.1, weight }]))
    )
  ),
  Weighting: codec(
    Weighting.codec(Vocabulary.standard),
    fc.oneof(arbitraries.of(Weighting.concept), awkward.map(Weighting.constant))
  ),
  Parametrization: codec(Parametrization.codec(Vocabulary.standard), arbitraries.of(Parametrization.concept)),
  Sampler: codec(Sampler.codec(Vocabulary.standard), arbitraries.of(Sampler.concept)),
  TimeGrid: codec(TimeGrid.codec(Vocabulary.standard), arbitraries.schedules.chain(arbitraries.timeGrids)),
  Expectation: codec(
    Expectation.codec(Vocabulary.standard),
    ofScores(score =>
      arbitraries.objectives(ornsteinUhlenbeck, score).chain(o => arbitraries.expectations(score, o)(points))
    )
  ),
  Objective: codec(
    Objective.codec(Vocabulary.standard),
    fc.oneof<fc.Arbitrary<Objective.Objective>[]>(
      objectives,
      awkward.map(weight => Objective.weight(weight)(Objective.likelihood))
    ),
    {
      code: {
        values: fc.constantFrom<Objective.Objective[]>(
          customObjective,
          Objective.sum([Objective.likelihood, Objective.weight(2)(customObjective)])
        ),
        message: 'code does not survive JSON'
      }
    }
  ),
  Score: codec(Score.codec(Vocabulary.standard), arbitraries.scores),
  Rate: codec(Rate.codec(Vocabulary.standard), arbitraries.of(Rate.concept)),
  Covariance: codec(Covariance.codec(Vocabulary.standard), arbitraries.of(Covariance.concept)),
  Region: codec(Region.codec(Vocabulary.standard), arbitraries.of(Region.concept)),
  Optimizer: codec(
    Optimizer.codec(Vocabulary.standard),
    fc.oneof(
      arbitraries.of(Optimizer.concept),
      awkward.map((factor): Optimizer.Optimizer => Optimizer.scale(factor))
    )
  ),
  Initializer: codec(
    Initializer.codec(Vocabulary.standard),
    fc.oneof(
      ofScores(score => arbitraries.initializers(score)(2)),
      params.map(values => Initializer.values(values)),
      awkward.map(x => Initializer.values([[x, 1]])),
      awkward.map(x => Initializer.warmStart({ centres: [[1, x]], radius: 1 }))
    )
  ),
  Stage: codec(
    Stage.codec(Vocabulary.standard),
    fc.oneof(
      ofScores(score => arbitraries.stages(ornsteinUhlenbeck, score, { code: false })(points)),
      fc.constantFrom(
        Stage.expectationMaximization({ steps: 3, relativeChange: Infinity }),
        Stage.descend({
          objective: Objective.likelihood,
          optimizer: Optimizer.adam({ rate: 0.1 }),
          steps: 3,
          gradientNorm: Infinity
        })
      )
    )
  ),
  Pipeline: codec(Pipeline.codec(Vocabulary.standard), arbitraries.pipelines({ code: false })(points), {
    code: {
      values: fc.constant(
        Pipeline.of({ schedule: arbitraries.cosine, score: customScore, initializer: Initializer.fromData, stages: [] })
      ),
      message: 'code does not survive JSON'
    }
  }),
  Mixture: codec(
    Mixture.codec,
    fc.oneof(
      arbitraries.mixtures,
      awkward.map(x => Mixture.of({ means: [[x], [1]], weights: [0.1, 0.2] })),
      pipe(fc.array(fc.double({ min: 0.01, max: 10, noNaN: true }), { minLength: 1, maxLength: 9 }), fc =>
        fc.map(weights => Mixture.of({ means: weights.map((_, i) => [i]), weights }))
      )
    )
  ),
  Params: codec(Params.codec, params),
  State: codec(Run.codec(program), states)
}

it.each(Object.keys(table))('%s', name => {
  allHold(table[name], law => holdsAndSpeaks(law, 13))
})

/** Counts, read from any number. */
const counts = (read: (x: number) => number, isRead: (x: number) => boolean): t.Type<number, unknown> =>
  new t.Type(
    'count',
    t.number.is,
    (u, context) => (t.number.is(u) && isRead(u) ? t.success(read(u)) : t.failure(u, context)),
    identity
  )
it.each([
  ['reads 2.5 as 2 is refused', counts(Math.floor, () => true), true],
  ['reads 2.5 as 3 is refused', counts(Math.round, () => true), true],
  ['refuses 2.5 is not', counts(identity, Number.isInteger), false]
])('a codec that %s', (_, read, isRefused) => {
  const law = codec(read, fc.nat(9)).find(({ name }) => name === 'what is read is kept as it is')
  expect(law && fc.check(law.property, { seed: 1, numRuns: 20 }).failed).toBe(isRefused)
})

/** Every description survives JSON; a new one is one row. */
import * as fc from 'fast-check'
import { identity } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { expect, it } from 'vitest'
import {
  Compile,
  Initializer,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Run,
  Score,
  Stage,
  NoiseLevels,
  Weighting
} from '../../src/index.js'
import * as Vocabulary from '../../src/standard.js'
import * as Schedule from '../../src/schedule/index.js'
import { compiledOrThrow } from '../../src/laws/check.js'
import { codec } from '../../src/laws/codec.js'
import type { Law } from '../../src/laws/law.js'
import { isBuiltByCode } from '../../src/laws/script.js'
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

const custom = Objective.custom('mine', NoiseLevels.at(1), ({ score }) => score)
const refused = <A>(...values: ReadonlyArray<A>) => ({
  code: { values: fc.constantFrom(...values), message: 'code does not survive JSON' }
})

/** Of every status, a failed one among them. */
const program = compiledOrThrow(
  Compile.pipeline(
    Pipeline.of({
      schedule: ornsteinUhlenbeck,
      score: Score.spherical({ components: 2 }),
      initializer: Initializer.gaussian({ scale: 1 }),
      stages: [0.1, 1e300].map(rate =>
        Stage.descend({
          objective: Objective.denoising(NoiseLevels.at(0.5)),
          optimizer: Optimizer.momentum({ rate }),
          steps: 3
        })
      )
    })
  )(points)
)
const states = arbitraries.keys.chain(key => fc.constantFrom(...Run.states(program)(key)))

const { codec: of, standard } = Vocabulary
/** What the fields of cases alone do not lead to: test/laws/arbitraries.test.ts has all of these. */
const table: Readonly<Record<string, ReadonlyArray<Law>>> = {
  Schedule: codec(
    of(standard)(Schedule.concept),
    arbitraries.of(Schedule.concept, isBuiltByCode),
    refused(arbitraries.cosineSchedule)
  ),
  NoiseLevels: codec(
    of(standard)(NoiseLevels.concept),
    awkward.map(weight => NoiseLevels.nodes([{ time: 0.1, weight }]))
  ),
  Weighting: codec(of(standard)(Weighting.concept), awkward.map(Weighting.constant)),
  Objective: codec(
    of(standard)(Objective.concept),
    awkward.map(weight => Objective.weight(weight)(Objective.likelihood)),
    refused<Objective.Objective>(custom, Objective.sum([Objective.likelihood, Objective.weight(2)(custom)]))
  ),
  Optimizer: codec(
    of(standard)(Optimizer.concept),
    awkward.map((factor): Optimizer.Optimizer => Optimizer.scale(factor))
  ),
  Initializer: codec(
    of(standard)(Initializer.concept),
    fc.oneof(
      params.map(values => Initializer.values(values)),
      awkward.map(x => Initializer.values([[x, 1]])),
      awkward.map(x => Initializer.warmStart({ centres: [[1, x]], radius: 1 }))
    )
  ),
  Stage: codec(
    of(standard)(Stage.concept),
    fc.constantFrom(
      Stage.expectationMaximization({ steps: 3, relativeChange: Infinity }),
      Stage.descend({
        objective: Objective.likelihood,
        optimizer: Optimizer.adam({ rate: 0.1 }),
        steps: 3,
        gradientNorm: Infinity
      })
    )
  ),
  Pipeline: codec(
    Pipeline.codec(standard),
    arbitraries.pipelines({ code: false })(points),
    refused(
      Pipeline.of({
        schedule: arbitraries.cosineSchedule,
        score: arbitraries.student,
        initializer: Initializer.fromData,
        stages: []
      })
    )
  ),
  Mixture: codec(
    Mixture.codec,
    fc.oneof(
      awkward.map(x => Mixture.of({ means: [[x], [1]], weights: [0.1, 0.2] })),
      fc
        .array(fc.double({ min: 0.01, max: 10, noNaN: true }), { minLength: 1, maxLength: 9 })
        .map(weights => Mixture.of({ means: weights.map((w, i) => [i, w]), weights, variances: weights }))
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

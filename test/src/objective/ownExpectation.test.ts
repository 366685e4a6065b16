/** An expectation of one's own stands wherever one of ours does: drawn everywhere, in the span, and on the line. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Field,
  Key,
  Objective,
  Params,
  Problem,
  Schedule,
  Score,
  TimeLaw,
  Vocabulary,
  type Points
} from '../../../src/index.js'
import * as Expectation from '../../../src/objective/expectation.js'
import { quadratureConverges } from '../../../src/laws/expectation.js'
import * as laws from '../../../src/laws/index.js'
import { holds } from '../../laws/holds.js'
import { isSlow } from '../../cases.js'

const points = { rows: 5, dim: 2, values: Float64Array.of(-2, 0.3, 1.7, -0.4, 2.2, 0.5, -1.9, -0.2, 0.6, 1.1) }
const pair = Score.symmetricPair
const at = TimeLaw.at(0.5)

/** Each draw, a quarter turn of it in the first two coordinates, and the opposites of both. */
const turned = Expectation.define({
  name: 'turned',
  about: 'noise in crosses of four',
  fields: { crosses: Field.count({ default: 1 }) },
  meaning: ({ crosses }) => ({
    where: 'everywhere',
    rows: 'apart',
    draws:
      ({ rows, dim }) =>
      key =>
        Key.split(crosses)(key).flatMap(one => {
          const z = Key.normal(rows * dim)(one)
          const quarter = z.map((value, i) =>
            dim === 1 ? value : i % dim === 0 ? -z[i + 1] : i % dim === 1 ? z[i - 1] : value
          )
          return [z, quarter].flatMap(noise =>
            ([1, -1] as const).map(sign => ({ weight: 0.25 / crosses, noise, sign }))
          )
        })
  })
})

/** A rule of equal steps, whatever the slope. */
const steps = Expectation.define({
  name: 'steps',
  about: 'equal steps from −8 to 8',
  fields: { nodes: Field.count({ least: 3, default: 300 }) },
  meaning: ({ nodes }) => ({
    where: 'line',
    rule: () => {
      const h = 16 / (nodes - 1)
      const at = Float64Array.from({ length: nodes }, (_, i) => -8 + i * h)
      return { nodes: at, weights: at.map(z => (h * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI)) }
    }
  })
})

const inSpan = Expectation.define({
  name: 'inSpan',
  about: 'two draws in the span, of unequal weight',
  meaning: () => ({
    where: 'span',
    antithetic: false,
    draws: key => Key.split(2)(key).map((noise, i) => ({ weight: i === 0 ? 0.25 : 0.75, noise }))
  })
})

const lossOf = (expectation: Expectation.Expectation, objective: Objective.Objective = Objective.denoising(at)) => ({
  schedule: Schedule.ornsteinUhlenbeck,
  score: pair,
  objective,
  expectation
})
const params = Params.of({ mean: [1, 0.5] })
const refused = (
  expectation: Expectation.Expectation,
  objective?: Objective.Objective,
  data: Points.Points = points
): ReadonlyArray<string> =>
  pipe(
    Compile.plans(lossOf(expectation, objective))(data),
    E.match(
      problems => problems.map(Problem.show),
      () => []
    )
  )

describe('an expectation of one’s own', () => {
  it.each([turned({ crosses: 2 }), steps({ nodes: 40 }), inSpan])(
    'gives the same number by every plan: %#',
    expectation => {
      const plans = Problem.orThrow(Compile.plans(lossOf(expectation))(points))
      expect(plans.map(({ engine }) => engine)).toEqual(['compiled', 'interpreted'])
      const [first, ...others] = plans.map(({ evaluate }) => evaluate(params, Key.fromSeed(1)))
      expect(first.value).not.toBe(0)
      others.forEach(({ value, gradient }) => {
        expect(Math.abs(value - first.value)).toBeLessThan(1e-12 * (1 + Math.abs(value)))
        gradient.mean.values.forEach((g, i) => {
          expect(Math.abs(g - first.gradient.mean.values[i])).toBeLessThan(1e-12 * (1 + Math.abs(g)))
        })
      })
    }
  )

  it('on the line agrees with the quadrature of the pair', () => {
    const [own, ours] = [steps(), Expectation.quadrature()].map(expectation => {
      const compiled = Problem.orThrow(Compile.valueAndGrad(lossOf(expectation))(points))
      return compiled(params, Key.fromSeed(0))
    })
    // e^{−32} is left out beyond ±8.
    expect(Math.abs(own.value - ours.value)).toBeLessThan(1e-12 * (1 + Math.abs(ours.value)))
    expect(Expectation.isDeterministic(steps())).toBe(true)
  })

  it.runIf(isSlow)('has the mean of all noise, as a law says', () => {
    ;[turned(), inSpan].forEach(expectation => {
      laws.expectation(expectation, pair, { repeats: 60 }).forEach(law => {
        holds(law, 1)
      })
    })
    holds(quadratureConverges(), 1)
  })

  it('prints, and goes through JSON with a vocabulary that knows it', () => {
    const mine = Expectation.codec(Vocabulary.extend(Vocabulary.standard, [turned, inSpan]))
    ;[turned({ crosses: 3 }), inSpan].forEach(expectation => {
      expect(mine.decode(JSON.parse(JSON.stringify(mine.encode(expectation))))).toEqual(E.right(expectation))
      expect(E.isLeft(Expectation.codec(Vocabulary.standard).decode(mine.encode(expectation)))).toBe(true)
    })
    expect(Expectation.show(turned({ crosses: 3 }))).toBe('Expectation.turned({ crosses: 3 })')
  })

  it('is refused where it does not go with the score, the objective or the data, and where it is no mean', () => {
    const heavy = Expectation.define({
      name: 'heavy',
      about: 'weights that come to 2',
      meaning: () => ({ where: 'span', antithetic: false, draws: noise => [{ weight: 2, noise }] })
    })
    const short = Expectation.define({
      name: 'short',
      about: 'a row for all',
      meaning: () => ({
        where: 'everywhere',
        rows: 'together',
        draws:
          ({ dim }) =>
          key => [{ weight: 1, noise: Key.normal(dim)(key) }]
      })
    })
    const shared = Expectation.define({
      name: 'shared',
      about: 'all rows have the noise of the first',
      meaning: () => ({
        where: 'everywhere',
        rows: 'together',
        draws:
          ({ rows, dim }) =>
          key => {
            const z = Key.normal(dim)(key)
            return [{ weight: 1, noise: Float64Array.from({ length: rows * dim }, (_, i) => z[i % dim]) }]
          }
      })
    })
    expect(Expectation.problems(heavy).map(Problem.show)).toEqual([
      'weights of heavy: 2 in sum is not 1, as of a mean; divide them by their sum'
    ])
    expect(Expectation.problems(short).map(Problem.show)).toEqual([
      'noise of short: 3 numbers for data of 2 × 3 is not a row for each row of the data; give rows × dim numbers'
    ])
    expect(refused(shared)).toEqual([])
    expect(
      refused(
        inSpan,
        Objective.custom('mine', at, ({ score }) => score)
      )[0]
    ).toMatch(/draws the noise itself/)
    const student = Score.spherical({ components: 2 })
    expect(
      pipe(
        Compile.plans({ ...lossOf(steps()), score: student })(points),
        E.match(
          problems => problems.map(Problem.show)[0],
          () => ''
        )
      )
    ).toMatch(/single direction that matters/)
  })
})

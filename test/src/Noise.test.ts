/** Projected noise has the mean of plain noise, and less variance, singular centres included. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { Compile, Expectation, Key, Objective, Params, type Points, Schedule, Score, TimeLaw } from '../../src/index.js'

const REPEATS = 400

/** Two-sided: with some 200 coordinates compared, a right estimator fails with probability below 200 · 2e-9. */
const DEVIATIONS = 6

interface Moments {
  readonly mean: ReadonlyArray<number>
  readonly variance: ReadonlyArray<number>
}

const moments = (samples: ReadonlyArray<ReadonlyArray<number>>): Moments => {
  const mean = samples[0].map((_, j) => samples.reduce((sum, sample) => sum + sample[j], 0) / samples.length)
  const variance = mean.map(
    (m, j) => samples.reduce((sum, sample) => sum + (sample[j] - m) ** 2, 0) / (samples.length - 1)
  )
  return { mean, variance }
}

const cases = [
  {
    name: 'generic centres',
    means: [
      [1, 0.5, -1],
      [-1, 2, 0.3]
    ]
  },
  {
    name: 'equal centres',
    means: [
      [1, 0.5, -1],
      [1, 0.5, -1]
    ]
  },
  {
    name: 'zero centres',
    means: [
      [0, 0, 0],
      [0, 0, 0]
    ]
  },
  { name: 'more components than dimensions', means: [[1], [-1], [0.5], [2]] },
  {
    name: 'one direction left',
    means: [
      [1, 0],
      [-2, 0]
    ]
  }
].flatMap(({ name, means }) => [
  { name: `spherical, ${name}`, means, isotropic: false },
  { name: `isotropic, ${name}`, means, isotropic: true }
])

/** A score and its parameters, whatever their names. */
const erased = <P extends string>(
  score: Score.Score<P>,
  params: Params.Params<P>
): readonly [Score.Score<string>, Params.Params<string>] => [score, params]

describe.each(cases)('$name', ({ means, isotropic }) => {
  const [components, dim] = [means.length, means[0].length]
  const points: Points.Points = {
    rows: 6,
    dim,
    values: Key.normal(6 * dim)(Key.fromSeed(4)).map(z => 1.3 * z),
    weights: Float64Array.of(1, 2, 0, 1, 3, 1)
  }
  const [score, params] = isotropic
    ? erased(
        Score.isotropic({ components }),
        Params.of({ means, logits: means.map((_, k) => 0.4 * k), logVariances: means.map((_, k) => 0.5 - 0.6 * k) })
      )
    : erased(Score.spherical({ components }), Params.of({ means }))

  const samples = (expectation: Expectation.Expectation): Moments => {
    const compiled = pipe(
      points,
      Compile.valueAndGrad({
        schedule: Schedule.ornsteinUhlenbeck,
        score,
        objective: Objective.implicit(TimeLaw.at(0.4)),
        expectation
      })
    )
    if (E.isLeft(compiled)) throw new Error(JSON.stringify(compiled.left))
    return moments(
      pipe(Key.fromSeed(9), Key.split(REPEATS)).map(key => {
        const { value, gradient } = compiled.right(params, key)
        return [value, ...Object.values(gradient).flatMap(({ values }) => Array.from(values))]
      })
    )
  }
  const plain = samples(Expectation.monteCarlo())
  const projected = samples(Expectation.projected())

  it('has the same mean', () => {
    projected.mean.forEach((mean, j) => {
      const error = Math.sqrt((plain.variance[j] + projected.variance[j]) / REPEATS)
      expect(Math.abs(mean - plain.mean[j])).toBeLessThanOrEqual(DEVIATIONS * error + 1e-12)
    })
  })

  it('has no more variance', () => {
    const total = ({ variance }: Moments): number => variance.reduce((sum, v) => sum + v, 0)
    // A sample variance is off by √(2/n) of itself where samples are normal, so a ratio of two by √(4/n).
    expect(total(projected)).toBeLessThanOrEqual((1 + DEVIATIONS * Math.sqrt(4 / REPEATS)) * total(plain))
  })

  it('antithetic draws keep the mean', () => {
    const antithetic = samples(Expectation.projected({ antithetic: true }))
    antithetic.mean.forEach((mean, j) => {
      const error = Math.sqrt((plain.variance[j] + antithetic.variance[j]) / REPEATS)
      expect(Math.abs(mean - plain.mean[j])).toBeLessThanOrEqual(DEVIATIONS * error + 1e-12)
    })
  })
})

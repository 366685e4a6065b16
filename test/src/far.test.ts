/** A row far from all components, in their own deviations: every plan has the digits that the interpreter has. */
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Key,
  Mixture,
  Objective,
  Params,
  Schedule,
  Score,
  NoiseLevels,
  type Points
} from '../../src/index.js'
import { compiledOrThrow } from '../../src/laws/check.js'
import { SEED, isSlow, once } from '../cases.js'

const rows = 5
const dim = 2
const components = 3
const scores: ReadonlyArray<Score.Score<string>> = [
  Score.symmetricPair,
  Score.spherical({ components }),
  Score.isotropic({ components }),
  Score.tiedIsotropic({ components }),
  Score.diagonal({ components }),
  Score.full({ components })
]

/** Deviations of the components at time 0. */
const DEVIATIONS = [1, 1e-4]
const FAR = [1, 1e3, 1e6, 1e9]

/** Means some deviations apart, and rows about them, of which the first is far away. */
const scene = (score: Score.Score<string>, deviation: number, far: number, key: Key.Key) => {
  const keys = pipe(key, Key.named('params', 'rows', 'noise', 'far'))
  const logDeviation = Math.log(deviation)
  const params = Params.map<ReadonlyArray<number>, Params.Params<string>[string]>((shape, name) => {
    const drawn = Key.normal(shape.reduce((a, b) => a * b, 1))(Key.named(name)(keys.params)[name])
    const of: Readonly<Record<string, (z: number) => number>> = {
      mean: z => 3 * deviation * z,
      means: z => 3 * deviation * z,
      logVariance: z => 2 * logDeviation + 0.3 * z,
      logVariances: z => 2 * logDeviation + 0.3 * z,
      logScales: z => logDeviation + 0.3 * z,
      lower: z => 0.3 * deviation * z,
      logits: z => z
    }
    return { shape, values: drawn.map(of[name]) }
  })(Score.shapes(dim)(score))
  const own = Key.normal(rows * dim)(keys.rows).map(z => 3 * deviation * z)
  const mixture = O.toNullable(Score.toMixture(score)(params)) ?? Mixture.of({ means: [[0, 0]] })
  // Densities of the far row are rounded by 2⁻⁵² far², by any plan in its own way: where two components contend for it, their shares
  // are, and nothing that is made of them is known better.
  const isOfOne = (row: Float64Array): boolean => {
    const shares = Mixture.responsibilities({ rows: 1, dim, values: row })(mixture).values
    return far === 1 || shares.filter(share => share > 1e-60).length === 1
  }
  const draws = Array.from({ length: 100 }, (_, i) =>
    Key.normal(dim)(Key.child(i)(keys.far)).map(z => far * deviation * z)
  )
  const points: Points.Points = {
    rows,
    dim,
    values: Float64Array.from([...(draws.find(isOfOne) ?? []), ...own.subarray(dim)])
  }
  const noise: Points.Points = { rows, dim, values: Key.normal(rows * dim)(keys.noise) }
  return { params, points, noise }
}

const objectives = (time: number): ReadonlyArray<Objective.Objective> => [
  Objective.denoising(NoiseLevels.at(time)),
  Objective.implicit(NoiseLevels.at(time)),
  Objective.likelihood
]

/**
 * Of the largest entry of value and gradient together. The terms of one row are some dozen operations, each rounded by 2⁻⁵³ of the
 * largest, and that of the far row outweighs all others.
 */
const TOLERANCE = 1e-12

describe.each(scores.map(score => [Score.show(score), score] as const))('%s', (_, score) => {
  it.each(FAR)('every plan is the interpreter with a row at %d deviations', far => {
    for (const deviation of DEVIATIONS)
      for (let seed = 0; seed < (isSlow ? 4 : 1); seed++) {
        const { params, points, noise } = scene(score, deviation, far, Key.child(seed)(Key.fromSeed(SEED)))
        // Noise of the size of the deviations: less is lost in σ² already, by every plan alike.
        for (const objective of objectives(deviation === 1 ? 0.3 : deviation * deviation))
          for (const expectation of [
            Expectation.fixed(noise),
            Expectation.monteCarlo(),
            Expectation.projected({ antithetic: true })
          ]) {
            const loss = { schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation }
            // No code of a user's is to be tried on the rows.
            const plans = Compile.plans(loss, { isTried: true })(points)
            // Projected noise is refused where there is nothing to project on.
            if (plans._tag === 'Left') continue
            const found = plans.right.map(({ engine, evaluate }) => {
              const { value, gradient } = evaluate(params, Key.fromSeed(seed))
              return { engine, numbers: [value, ...Params.packed(gradient)] }
            })
            const wanted = found[found.length - 1].numbers
            const largest = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
            expect(Number.isFinite(largest)).toBe(true)
            const label = `${Objective.show(objective)}, ${Expectation.show(expectation)}, deviation ${deviation}, seed ${seed} of ${SEED}`
            expect(found.length).toBeGreaterThan(1)
            for (const { engine, numbers } of found)
              numbers.forEach((x, i) => {
                expect(Math.abs(x - wanted[i]) / largest, `${engine}, entry ${i}, ${label}`).toBeLessThan(TOLERANCE)
              })
          }
      }
  })
})

once('meets projected noise', () => {
  const { points } = scene(Score.isotropic({ components }), 1, 1e9, Key.fromSeed(SEED))
  const loss = {
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.isotropic({ components }),
    objective: Objective.denoising(NoiseLevels.at(0.3)),
    expectation: Expectation.projected({ antithetic: true })
  }
  expect(compiledOrThrow(Compile.plans(loss)(points)).length).toBeGreaterThan(1)
})

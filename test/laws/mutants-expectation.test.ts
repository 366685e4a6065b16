/** Estimators that are biased, that scatter too much, or that look where they should not. */
import { pipe } from 'fp-ts/lib/function.js'
import { Case, Expectation, Key, Objective, Params, Score } from '../../src/index.js'
import { noiseOf } from '../../src/laws/arbitraries.js'
import * as laws from '../../src/laws/expectation.js'
import { areCaught, compiling, evaluation } from './mutant.js'

const pair = Score.symmetricPair
const mean = 'its mean is that over all noise'
const right = laws.expectation((points, seed) => Expectation.fixed(noiseOf(points, seed)), pair)

/** Fresh noise, changed. */
const noise =
  (change: (z: number, at: number) => number): laws.Instance =>
  (points, seed) => {
    const { values, ...shape } = noiseOf(points, seed)
    return Expectation.fixed({ ...shape, values: values.map(change) })
  }

/** An expectation of one's own: noise made of plain noise. */
const own = (
  name: string,
  rows: 'apart' | 'together',
  made: (z: Float64Array, size: Expectation.Size, key: Key.Key) => Float64Array
): Expectation.Expectation =>
  Expectation.define({
    name,
    about: 'noise made of plain noise',
    meaning: () => ({
      where: 'everywhere',
      rows,
      draws: size => key => [{ weight: 1, noise: made(Key.normal(size.rows * size.dim)(key), size, key) }]
    })
  })

areCaught([
  {
    wrong: 'noise of standard deviation 1.2',
    law: mean,
    mutant: laws.expectation(
      noise(z => 1.2 * z),
      pair
    ),
    right,
    cases: 1
  },
  {
    wrong: 'the absolute value of the noise',
    law: mean,
    mutant: laws.expectation(noise(Math.abs), pair),
    right,
    cases: 1
  },
  {
    wrong: 'uniform noise on [0, 1)',
    law: mean,
    mutant: laws.expectation(
      ({ rows, dim }, seed) => Expectation.fixed({ rows, dim, values: Key.uniform(rows * dim)(Key.fromSeed(seed)) }),
      pair
    ),
    right,
    cases: 1
  },
  {
    wrong: 'one stream of randomness for all keys',
    law: mean,
    mutant: laws.expectation(points => Expectation.fixed(noiseOf(points, 1)), pair),
    right,
    cases: 1
  },
  {
    wrong: 'uniform noise of the right mean and variance',
    law: 'its noise is standard normal',
    mutant: laws.expectation(
      own('even', 'apart', (_, { rows, dim }, key) => Key.uniform(rows * dim)(key).map(u => Math.sqrt(12) * (u - 0.5))),
      pair
    ),
    right,
    cases: 1
  },
  {
    wrong: 'one draw for all rows',
    law: 'nothing is drawn twice',
    mutant: laws.expectation(
      own('shared', 'apart', (z, { dim }) => z.map((_, at) => z[at % dim])),
      pair
    ),
    right: laws.expectation(
      own('opposite', 'together', (z, { dim }) =>
        z.map((_, at) => (Math.floor(at / dim) % 2 === 0 ? z[at] : -z[at - dim]))
      ),
      pair
    ),
    cases: 1
  },
  {
    wrong: 'one number for all coordinates',
    law: 'nothing is drawn twice',
    mutant: laws.expectation(
      own('even', 'apart', (z, { dim }) => z.map((_, at) => z[at - (at % dim)])),
      pair
    ),
    right,
    cases: 1
  },
  {
    wrong: 'quadrature whose weights miss 1/n of 1',
    law: 'quadrature converges as nodes grow',
    mutant: [
      laws.quadratureConverges({
        evaluate: evaluation(({ value, gradient }, { loss: { expectation } }) => ({
          value:
            value * (Case.isMadeBy(Expectation.quadrature)(expectation) ? 1 - 1 / (expectation.nodes ?? Infinity) : 1),
          gradient
        }))
      })
    ],
    right: [laws.quadratureConverges()],
    cases: 1
  },
  {
    wrong: 'one plain draw, believed to scatter less than eight',
    law: 'projected noise varies no more than plain noise',
    mutant: [
      laws.projectedVariance(pair, {
        projected: Expectation.monteCarlo(),
        plain: Expectation.monteCarlo({ draws: 8 })
      })
    ],
    right: [laws.projectedVariance(pair)],
    cases: 1
  },
  {
    wrong: 'the projection of the implicit form for that of the denoising one',
    law: 'projected noise varies no more than plain noise',
    mutant: [
      laws.projectedVariance(pair, {
        evaluate: compiling(loss => ({
          ...loss,
          objective:
            Case.isMadeBy(Expectation.projected)(loss.expectation) && Case.isMadeBy(Objective.denoising)(loss.objective)
              ? Objective.implicit(loss.objective.timeLaw)
              : loss.objective
        }))
      })
    ],
    right: [laws.projectedVariance(pair)],
    cases: 1
  },
  {
    wrong: 'quadrature that looks at the key',
    law: 'looks at the key only if it is random',
    mutant: laws.expectation(Expectation.quadrature({ nodes: 8 }), pair, {
      evaluate: evaluation(({ value, gradient }, { key }) => ({
        value: value + 1e-12 * pipe(key, Key.uniform(1))[0],
        gradient: Params.mapValues(g => g)(gradient)
      }))
    }),
    right: laws.expectation(Expectation.quadrature({ nodes: 8 }), pair)
  }
])

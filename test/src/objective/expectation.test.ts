/** Expectations as data. What they compute is held by the laws; how they print and what they refuse, by test/golden/words.txt. */
import { expect, it } from 'vitest'
import { Problem } from '../../../src/index.js'
import * as Expectation from '../../../src/objective/expectation.js'

const noise = (value: number): Expectation.Expectation =>
  Expectation.fixed({ rows: 2, dim: 3, values: Float64Array.of(0, 1, 2, 3, 4, value) })

it('without chance are those by quadrature and by given noise', () => {
  const all = [
    Expectation.monteCarlo({ antithetic: true }),
    Expectation.projected(),
    Expectation.quadrature(),
    noise(5)
  ]
  expect(all.map(Expectation.isDeterministic)).toEqual([false, false, true, true])
})

it('of noise that is not finite are refused', () => {
  expect(Expectation.problems(noise(NaN)).map(Problem.show)).toEqual([
    'noise: NaN or infinite somewhere is not finite throughout; draw it with Key.normal'
  ])
})

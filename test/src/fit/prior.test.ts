/** `fit` under a prior: the mode that mclust finds, by the same criterion, however the rows come; and no component that collapses. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import { fill, mul, squaredDistances } from '../../../lib/index.js'
import { Field, Fit, fit, Key, Mixture, Points, Problem, Score, Source } from '../../../src/index.js'
import * as Pipeline from '../../../src/pipeline/pipeline.js'
import { spread, once } from '../../cases.js'
import { said } from '../../said.js'
import { rowsOf } from '../../tables.js'

/** Round components that are learned by descent alone. */
const stepless = Score.family({
  name: 'stepless',
  about: 'round, without an M-step',
  fields: { components: Field.count({ suggestion: 2 }) },
  parameters:
    ({ components }) =>
    dim => ({ means: [components, dim] }),
  components:
    ({ components }) =>
    ({ means }) => ({
      logWeights: fill([components], -Math.log(components)),
      centres: means,
      logDensity: (x, { alpha }) => mul(-0.5, squaredDistances(x, means, alpha))
    }),
  degreesOfFreedom:
    ({ components }) =>
    dim =>
      components * dim,
  toMixture:
    ({ components }) =>
    ({ means }) => ({
      means,
      weights: new Float64Array(components).fill(1 / components),
      variances: new Float64Array(components).fill(1),
      factors: null
    })
})

/** Two groups, and one row three times over, on which a component of its own has no bound. */
const repeated: Points.Points = pipe(
  Mixture.sample(57)(Key.fromSeed(3))(Mixture.of({ means: [[0, 0], [6, 1]] })), // prettier-ignore
  ({ values }) => ({ rows: 60, dim: 2, values: Float64Array.of(...values, 3, 9, 3, 9, 3, 9) })
)

describe('fit under a prior', () => {
  // BIC of Mclust(x, G, modelNames, prior = priorControl(), control = emControl(tol = 1e-12)), mclust 6.1.1, with its sign turned:
  // 2 ln L of the mode less df ln n, where both find the same maximum.
  once.each([
    ['faithful', 2, 'full', 2322.68235],
    ['faithful', 2, 'tied', 2325.368287],
    ['faithful', 2, 'diagonal', 2508.883598],
    ['faithful', 2, 'isotropic', 3458.402274],
    ['faithful', 3, 'tied', 2314.518181],
    ['iris', 2, 'full', 592.51282],
    ['iris', 3, 'tied', 635.734],
    ['iris', 3, 'diagonal', 756.047795],
    ['iris', 3, 'isotropic', 854.138152]
  ] as const)('%s, K = %i, %s: as mclust has it', (file, components, family, bic) => {
    const found = fit(rowsOf(file), { components, family, prior: 0.01, standardize: false })
    // A step of 1e-8 from the mode costs n of its square, some 1e-10 of the posterior, and less than 1e-5 of the likelihood.
    expect(Math.abs(found.bic - bic)).toBeLessThan(1e-5)
    expect(found.prior).toBe(0.01)
    expect(O.toNullable(Pipeline.pipelinePrior(found.candidates[0].pipeline))).toBe(0.01)
  })

  it('keeps components off rows that are repeated, where without it the floor alone does', () => {
    const options = { components: 3, family: 'full', criterion: 'bic' } as const
    const without = fit(repeated, options)
    const under = fit(repeated, { ...options, prior: 0.01 })
    expect(without.candidates[0].atMinVariance).not.toEqual([])
    expect(under.candidates[0].atMinVariance).toEqual([])
    expect(under.logLikelihood).toBeLessThan(without.logLikelihood)
  })

  once('serves a family with more parameters than rows can fix, and says which family it cannot serve', () => {
    const few = Points.select(Int32Array.of(0, 1, 2, 3, 4))(repeated)
    const asked = { components: 2, family: 'full' } as const
    const refused = Fit.mixture(asked)(few)
    expect(E.isLeft(refused)).toBe(true)
    expect(fit(few, { ...asked, prior: 0.01 }).components).toBe(2)
    // Nor one that its recipe leads to by descent.
    for (const [name, family] of [
      ['stepless', stepless],
      ['symmetricPair', () => Score.symmetricPair]
    ] as const)
      // prettier-ignore
      expect(said(Fit.mixture({ components: 2, family, prior: 0.01 })(repeated))).toBe(
        `family: ${name} is not one that is learned under a prior; choose another, or leave out the prior`
      )
  })

  it('finds the same bits in rows that are read in pieces', () => {
    const truth = Mixture.of({
      means: [[-4, 0], [4, 1]], // prettier-ignore
      covariances: [[[1, 0.5], [0.5, 1]], [[2, 0], [0, 1]]] // prettier-ignore
    })
    const points = Mixture.sample(700)(Key.fromSeed(1))(truth)
    const options = { components: [1, 2], family: spread(2)(['full', 'isotropic'] as const), prior: 0.5 } as const
    const streamed = Problem.orThrow(pipe(Source.of(points), Fit.mixture(options)))
    const whole = fit(points, options)
    expect(streamed.mixture).toEqual(whole.mixture)
    // Its prior counts: half a row of 700 moves variances in the third digit.
    expect(streamed.mixture).not.toEqual(fit(points, { ...options, components: 2, prior: undefined }).mixture)
  })

  once('takes missing cells, too, and keeps what it is under in its file', () => {
    const holes = { ...repeated, values: repeated.values.map((x, at) => (at % 17 === 3 ? NaN : x)) }
    const found = fit(holes, { components: 3, family: 'diagonal', missing: 'em', prior: 0.01 })
    expect(found.candidates[0].atMinVariance).toEqual([])
    expect(JSON.parse(JSON.stringify(found))).toMatchObject({ fit: { prior: 0.01 } })
  })

  once.each([0, -1, NaN, Infinity])('refuses %d rows', prior => {
    const found = Fit.mixture({ prior })(repeated)
    expect(said(found)).toBe(`prior: ${prior} is not > 0 and finite; try 0.01`)
  })
})

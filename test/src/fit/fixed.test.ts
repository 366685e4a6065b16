/** Fits with known components: what is held, in the units of the data, and what is refused. */
import { describe, expect, it } from 'vitest'
import { Component, Fit, fit, Key, Mixture, Points, Problem } from '../../../src/index.js'
import { said } from '../../said.js'

const truth = Mixture.of({
  means: [[100, 0.02], [160, 0.05], [130, 0.09]], // prettier-ignore
  weights: [0.5, 0.3, 0.2],
  covariances: [[[900, 0.1], [0.1, 1e-4]], [[16, 0], [0, 4e-6]], [[25, 0.005], [0.005, 4e-6]]] // prettier-ignore
})
const points = Mixture.sample(600)(Key.fromSeed(4))(truth)
const wide = Component.fixed({ mean: [100, 0.02], covariance: [[900, 0.1], [0.1, 1e-4]] }) // prettier-ignore

/** To the rounding of a column's units. */
const near = (found: ArrayLike<number>, wanted: ReadonlyArray<number>, tolerance = 1e-12): void => {
  expect(found.length).toBe(wanted.length)
  wanted.forEach((x, i) => {
    expect(Math.abs(found[i] / x - 1), `${found[i]} for ${x}`).toBeLessThan(tolerance)
  })
}

describe('fit with known components', () => {
  it('holds a mean and a covariance in the units of the data, and learns the rest', () => {
    const model = fit(points, { fixed: [wide], family: 'full', components: [2, 3, 4], criterion: 'bic' })
    expect(model.components).toBe(3)
    const [k] = model.fixed
    const { mixture } = model
    near(mixture.means.values.subarray(2 * k, 2 * k + 2), [100, 0.02])
    near(Mixture.covariances(mixture).values.subarray(4 * k, 4 * k + 4), [900, 0.1, 0.1, 1e-4])
    // Four standard errors, √(.25/600).
    expect(Math.abs(mixture.weights[k] - 0.5)).toBeLessThan(4 * 0.0204)
    const others = [0, 1, 2].filter(j => j !== k).map(j => mixture.means.values[2 * j])
    others.sort((a, b) => a - b)
    // Four of 5/√120 and 4/√180.
    expect(Math.abs(others[0] - 130)).toBeLessThan(2)
    expect(Math.abs(others[1] - 160)).toBeLessThan(1.5)
    // Six numbers are not learned: a mean and a covariance.
    const free = fit(points, { family: 'full', components: 3 })
    expect(model.candidates[0].statistics.parameters).toBe(free.candidates[0].statistics.parameters - 5)
    expect(model.logLikelihood).toBeLessThanOrEqual(free.logLikelihood)
    expect(model.table()).toContain(`Component ${k + 1} is known; not learned: its mean and covariance.`)
    // The file says so, and reads back.
    const json = JSON.parse(JSON.stringify(model)) as { readonly mixture: { readonly fixed: ReadonlyArray<number> } }
    expect(json.mixture.fixed).toEqual([k])
    expect(Problem.orThrow(Fit.fromJSON(json)).mixture).toEqual(mixture)
  })

  it('holds without standardization to the last bit, and a weight always', () => {
    const known = [Component.fixed({ mean: [160, 0.05], weight: 0.25 }), Component.fixed({ weight: 0.5 })]
    const model = fit(points, { fixed: known, family: 'diagonal', components: 3, standardize: false })
    const [k, l] = model.fixed
    expect(Array.from(model.mixture.means.values.subarray(2 * k, 2 * k + 2))).toEqual([160, 0.05])
    expect([model.mixture.weights[k], model.mixture.weights[l]]).toEqual([0.25, 0.5])
    const scaled = fit(points, { fixed: known, family: 'diagonal', components: 3 })
    expect(scaled.fixed.map(j => scaled.mixture.weights[j])).toEqual([0.25, 0.5])
    near(scaled.mixture.means.values.subarray(2 * scaled.fixed[0], 2 * scaled.fixed[0] + 2), [160, 0.05])
  })

  it('takes numbers for all columns, and leaves out those of columns that say nothing', () => {
    const rows = Points.toRows(points).map(([x, y]) => [x, 7, y])
    const known = Component.fixed({ mean: [100, 7, 0.02], covariance: [900, 1, 1e-4] })
    const model = fit(rows, { fixed: [known], family: 'full', components: 3 })
    const [k] = model.fixed
    expect(model.leftOut).toEqual(['x2'])
    near([Mixture.covariances(model.mixture).values[4 * k], Mixture.covariances(model.mixture).values[4 * k + 3]], [900, 1e-4]) // prettier-ignore
    // One number for both columns is not one number in their units.
    const one = fit(points, { fixed: [Component.fixed({ mean: 50 })], family: 'full', components: 2 })
    near(one.mixture.means.values.subarray(2 * one.fixed[0], 2 * one.fixed[0] + 2), [50, 50])
  })

  it('says which families cannot hold a covariance, and chooses among the others', () => {
    const model = fit(points, { fixed: [wide], family: ['tied', 'full'], components: 2 })
    expect(model.family).toBe('full with known components')
    expect(model.refused.map(({ problem }) => Problem.show(problem))).toEqual([
      expect.stringContaining('is not that of a mixture in which each component has a covariance of its own')
    ])
  })

  it('bootstraps with what is known held', () => {
    const model = fit(points, { fixed: [Component.fixed({ weight: 0.5 })], family: 'full', components: 3 })
    const [k] = model.fixed
    const { weights } = model.bootstrap({ resamples: 40 })
    expect([weights[k].lower, weights[k].upper]).toEqual([0.5, 0.5])
    const other = weights[(k + 1) % 3]
    expect(other.upper - other.lower).toBeGreaterThan(0.01)
  })

  it.each<readonly [Fit.Options, string]>([
    [{ fixed: [] }, 'fixed: [] is not a list of Component.fixed; leave it out where nothing is known'],
    [
      { fixed: [Component.fixed({ mean: [1, 2, 3] })] },
      'fixed[0]: Component.fixed({ mean: [1, 2, 3] }) is not one of 2'
    ],
    [{ fixed: [Component.fixed({ weight: 2 })] }, '"weight":2} is not what is known of a component'],
    [{ fixed: [wide, wide], components: 1 }, 'components: 1 is not at least 2, as many as are known'],
    [{ fixed: [wide], robust: true }, 'fixed: it is not available with robust'],
    [{ fixed: [wide], family: 'tied' }, 'that of a mixture in which each component has a covariance of its own']
  ])('refuses %j', (options, message) => {
    expect(said(Fit.mixture(options)(points))).toContain(message)
  })
})

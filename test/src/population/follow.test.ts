/** Branches of stationary points: normal forms whose singular points are known, and losses whose thresholds are. */
import { describe, expect, it } from 'vitest'
import { Mixture, Objective, Params, Population, Score } from '../../../src/index.js'
import * as Continuation from '../../../src/population/continuation.js'

/** A number in more units than one, and from an origin of its own. */
const units = [
  { unit: 1, origin: 0 },
  { unit: 1e3, origin: -7e3 },
  { unit: 1e-3, origin: 2 }
]
/** Beside the coordinate that moves one that nothing depends on, as a constant added to all logits. */
const flat = (f: (x: number) => number, slope: (x: number) => number): Continuation.Problem => ({
  gradient: ([x]) => Float64Array.of(f(x), 0),
  hessian: ([x]) => Float64Array.of(slope(x), 0, 0, 0)
})
const forms = {
  fold: {
    of: (a: number) =>
      flat(
        x => x * x - a,
        x => 2 * x
      ),
    from: { at: 2, x: Math.SQRT2 },
    by: -0.3,
    wanted: 0
  },
  pitchfork: {
    of: (a: number) =>
      flat(
        x => x * x * x - a * x,
        x => 3 * x * x - a
      ),
    from: { at: -2, x: 0 },
    by: 0.3,
    wanted: 0
  },
  until: {
    of: (a: number) =>
      flat(
        x => x - Math.atan(a),
        () => 1
      ),
    from: { at: 0, x: 0 },
    by: 0.3,
    wanted: 5
  }
}

describe.each(units)('in units of $unit from $origin', ({ unit, origin }) => {
  it.each(Object.entries(forms))('%s is where the normal form has it', (end, { of, from, by, wanted }) => {
    const course = Continuation.follow(
      at => of((at - origin) / unit),
      { at: origin + unit * from.at, x: Float64Array.of(from.x, 3) },
      { by: unit * by, until: origin + unit * (Math.sign(by) * 5), steps: 200, scale: 1 }
    )
    expect(course.end).toBe(end)
    const { at, x } = course.path[course.path.length - 1]
    expect((at - origin) / unit).toBeCloseTo(wanted, 8)
    expect(x[1]).toBe(3)
    expect(Math.abs(of((at - origin) / unit).gradient(x)[0])).toBeLessThan(1e-9)
    if (end !== 'until') expect(Math.abs(course.vanishing?.[0] ?? 0)).toBeCloseTo(1, 6)
  })
})

it('a pair of unit variance at 0 parts where the variance of the data passes 1', () => {
  // L″(0) of −E log ½(N(x; m, 1) + N(x; −m, 1)) is 1 − E x².
  const lossAt = (variance: number) =>
    Population.loss({
      score: Score.symmetricPair,
      objective: Objective.likelihood,
      data: Mixture.of({ means: [[0]], variances: [variance] })
    })
  const { end, at, path } = Population.follow(lossAt, {
    from: { at: 0.5, params: Params.of({ mean: [0] }) },
    by: 0.1,
    until: 2
  })
  expect(end).toBe('pitchfork')
  expect(at).toBeCloseTo(1, 7)
  for (const { at, spectrum } of path) expect(spectrum[0]).toBeCloseTo(1 - at, 7)
})

it('a start that is near no stationary point, and a step away from the end, are refused', () => {
  const lossAt = (x: number) =>
    Population.loss({
      score: Score.spherical({ components: 1 }),
      objective: Objective.likelihood,
      data: Mixture.of({ means: [[x]] })
    })
  const from = { at: 0, params: Params.of({ means: [[0]] }) }
  expect(() => Population.follow(lossAt, { from, by: -1, until: 2 })).toThrow(/by -1 does not lead from 0 to 2/)
  const far = { at: 0, params: Params.of({ means: [[1e9]] }) }
  expect(() => Population.follow(lossAt, { from: far, by: 1 })).toThrow(/no stationary point near params at 0/)
})

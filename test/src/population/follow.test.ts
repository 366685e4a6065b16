/** Branches of stationary points: normal forms whose singular points are known, and losses whose thresholds are. */
import { describe, expect, it } from 'vitest'
import { Efficiency, Mixture, Objective, Params, Population, Score, NoiseLevels } from '../../../src/index.js'
import * as Continuation from '../../../src/population/continuation.js'
import { symmetricEigen } from '../../../lib/arrays/linalg.js'
import { isSlow, once } from '../../cases.js'
import * as OnLine from './onLine.js'

/** A number in more units than one, and from an origin of its own. */
const units = [
  { unit: 1, origin: 0 },
  { unit: 1e3, origin: -7e3 },
  { unit: 1e-3, origin: 2 }
]
/** Beside the coordinate that moves one that nothing depends on, as a constant added to all logits. */
const flat = (f: (x: number) => number, slope: (x: number) => number): Continuation.StationaryProblem => ({
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
  once.each(Object.entries(forms))('%s is where the normal form has it', (end, { of, from, by, wanted }) => {
    const course = Continuation.followCurve(
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

once('a pair of unit variance at 0 parts where the variance of the data passes 1', () => {
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

once('a start that is near no stationary point, and a step away from the end, are refused', () => {
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

describe('what docs/landscapes.md says, by formulas on the line', () => {
  const bad = [
    ['likelihood', 1.6, 0.02],
    ['fisher', 0.8, 0.04]
  ] as const
  it.each(isSlow ? bad.slice(1) : bad.slice(0, 1))(
    'a bad minimum ends where the curvature of the %s vanishes',
    (name, from, share) => {
      const centres = (gap: number) => [-gap / 2, gap / 2, 4 * gap]
      const lossAt = (gap: number) => {
        const data = Mixture.of({ means: centres(gap).map(c => [c]) })
        const score = Score.spherical({ components: 3 })
        return name === 'fisher'
          ? Population.loss({ score, objective: Objective.fisherDivergence(data, NoiseLevels.clean) })
          : Population.loss({ score, objective: Objective.likelihood, data })
      }
      const course = Population.flow(lossAt(from))(Params.of({ means: [[0], [4 * from - 1], [4 * from + 1]] }))
      const { params } = course[course.length - 1]
      const { end, at, path } = Population.follow(lossAt, { from: { at: from, params }, by: -share * from })
      expect(end).toBe('fold')
      // As another program found it.
      expect(at).toBeCloseTo(name === 'fisher' ? 0.764 : 1.36, 2)
      const own = OnLine[name](centres(at))
      const students = Array.from(path[path.length - 1].params.means.values)
      expect(Math.max(...OnLine.gradient(own, students).map(Math.abs))).toBeLessThan(1e-8)
      const { values } = symmetricEigen({
        shape: [3, 3],
        values: Float64Array.from(OnLine.hessian(own, students).flat())
      })
      // Of differences of fourth order; at the start the least curvature is above 0.03.
      expect(Math.abs(values[2])).toBeLessThan(1e-5)
      expect(values[1]).toBeGreaterThan(0.01)
    }
  )

  once.each([0.003, 0.6, 2, 0])(
    'round students of variances ½ and 1½ stand where the slope at t = %d vanishes',
    time => {
      const { alpha, sigma } = { alpha: Math.exp(-time), sigma: Math.sqrt(1 - Math.exp(-2 * time)) }
      const data = Mixture.of({ means: [[-2], [2]], variances: [0.5, 1.5] })
      const objective = time === 0 ? Objective.likelihood : Objective.fisherDivergence(data, NoiseLevels.at(time))
      const loss = Population.loss({ score: Score.spherical({ components: 2 }), objective, data })
      const course = Population.flow(loss, { until: { gradientNorm: 1e-10 } })(Params.of({ means: [[-2], [2]] }))
      const students = Array.from(course[course.length - 1].params.means.values)
      const own = OnLine[time === 0 ? 'likelihood' : 'fisher'](
        [-2 * alpha, 2 * alpha],
        [0.5, 1.5].map(v => alpha ** 2 * v + sigma ** 2)
      )
      const at = students.map(m => alpha * m)
      expect(Math.max(...OnLine.gradient(own, at).map(Math.abs))).toBeLessThan(1e-8)
      const wanted = { 0.003: [0.044, 0.075], 0.6: [0.222, 0.28], 2: [0, 0], 0: [0.125, 0.164] }[time] ?? []
      students.forEach((m, k) => {
        expect(Math.abs(m - [-2, 2][k] - wanted[k])).toBeLessThan(6e-4)
      })
    }
  )

  once(
    'the error of a weight by level is that of an independent program, least where components are about 3.2 deviations apart',
    () => {
      // By NumPy, differences of densities and Gauss–Hermite nodes for rows and noise.
      const known = [
        [6, 0.5, 3, 1.004409],
        [6, 0.5, 3.165, 1.00381],
        [6, 0.5, 3.4, 1.005746],
        [6, 0.3, 3.187, 1.004618],
        [8, 0.5, 3.265, 1.001065]
      ]
      for (const [apart, weight, gap, wanted] of known) {
        const means = [[-apart / 2], [apart / 2]]
        const weights = [weight, 1 - weight]
        const { of } = Efficiency.sandwich({
          score: Score.isotropic({ components: 2 }),
          objective: Objective.implicit(NoiseLevels.at(Math.log(apart / gap))),
          known: ['logVariances']
        })(Mixture.of({ means, weights }))(Params.of({ means, logits: weights.map(Math.log), logVariances: [0, 0] }))
        expect(of.logits.values[0]).toBeCloseTo(wanted, 5)
      }
    }
  )
})

/** The label of each row reaches the scores that ask for it, in every plan, batch and trial; the others do not see it. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { gather, maximum, mul, neg, reshape, sub, greaterEqual } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Key,
  Objective,
  Params,
  Problem,
  Schedule,
  Score,
  NoiseLevels
} from '../../../src/index.js'
import * as Points from '../../../src/data/index.js'
import { said } from '../../said.js'

const values = Float64Array.of(-2, 0.3, 1.7, -0.4, 2.2, 0.5, -1.9, -0.2, 0.6, 1.1)
const bare: Points.Points = { rows: 5, dim: 2, values }
const points: Points.Points = { ...bare, labels: Int32Array.of(1, 0, 2, -1, 1) }

/** A centre for each class, and 0 where there is none: the score of N(c, I) on OU. */
const conditional = Score.custom({
  name: 'centres',
  shapes: dim => ({ centres: [3, dim] }),
  apply: ({ centres }, x, { alpha, label }) => {
    if (label === undefined) return neg(x)
    const index = reshape(maximum(label, 0), [x.shape[0]])
    const own = mul(gather(centres, index), greaterEqual(label, 0))
    return sub(mul(alpha, own), x)
  }
})
const centres = [[0.5, -1], [2, 0.25], [-1, 3]] // prettier-ignore
const params = Params.of({ centres })
const noise = { rows: 5, dim: 2, values: Key.normal(10)(Key.fromSeed(3)) }

const plansOf = (
  on: Points.Points,
  score: Score.Score<string> = conditional,
  objective: Objective.Objective = Objective.denoising(NoiseLevels.at(0.4)),
  expectation: Expectation.Expectation = Expectation.fixed(noise)
) => Problem.orThrow(Compile.plans({ schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation })(on))

describe('labels', () => {
  it('reach a score that was trained on another schedule', () => {
    // N(c, I) with noise σ is N(c, (1 + σ²) I); without a label c = 0.
    const score = Score.evaluate(pipe(conditional, Score.convert(Schedule.ornsteinUhlenbeck)), Schedule.edm)
    const sigma = 2
    const found = score(params)(sigma)(points).values
    const wanted = [1, 0, 2, -1, 1].flatMap((label, i) =>
      [0, 1].map(j => ((label < 0 ? 0 : centres[label][j]) - values[2 * i + j]) / (1 + sigma * sigma))
    )
    wanted.forEach((s, i) => expect(Math.abs(found[i] - s)).toBeLessThan(1e-14))
  })

  it('reach a score with their row, and its gradient', () => {
    // |s + z/σ|² by hand.
    const a = Math.exp(-0.4)
    const s = Math.sqrt(1 - Math.exp(-0.8))
    const gradient = centres.map(row => row.map(() => 0))
    const wanted = [1, 0, 2, -1, 1].reduce((total, label, i) => {
      const error = [0, 1].map(j => {
        const x0 = values[2 * i + j]
        const z = noise.values[2 * i + j]
        const e = a * (label < 0 ? 0 : centres[label][j]) - (a * x0 + s * z) + z / s
        if (label >= 0) gradient[label][j] += (2 * a * e) / 5
        return e * e
      })
      return total + error[0] + error[1]
    }, 0)
    plansOf(points).forEach(({ evaluate }) => {
      const found = evaluate(params, Key.fromSeed(0))
      expect(Math.abs(found.value / (wanted / 5) - 1)).toBeLessThan(1e-13)
      gradient.flat().forEach((g, k) => {
        expect(Math.abs(found.gradient.centres.values[k] - g)).toBeLessThan(1e-12)
      })
    })
  })

  it('are left out by the key alone, whatever was drawn before', () => {
    const objective = Objective.labelDropout(0.5)(Objective.denoising(NoiseLevels.at(0.4)))
    const plans = () => plansOf(points, conditional, objective, Expectation.monteCarlo())
    plans().forEach(({ evaluate }, plan) => {
      for (let seed = 0; seed < 8; seed++)
        expect(evaluate(params, Key.fromSeed(seed))).toEqual(plans()[plan].evaluate(params, Key.fromSeed(seed)))
    })
  })

  it('tell data from others, and change with the rows', () => {
    expect(Points.pointsFingerprint(points)).not.toBe(Points.pointsFingerprint(bare))
    expect(Points.pointsFingerprint(points)).not.toBe(
      Points.pointsFingerprint({ ...bare, labels: Int32Array.of(1, 0, 2, -1, 0) })
    )
    expect(Points.snapshot(points).labels).toEqual(points.labels)
    expect(Points.snapshot(points)).toBe(Points.snapshot(points))
    const [{ evaluate: before }] = plansOf(points)
    const [{ evaluate: other }] = plansOf({ ...points, labels: Int32Array.of(0, 0, 2, -1, 1) })
    const [a, b] = [before, other].map(evaluate => evaluate(params, Key.fromSeed(0)).value)
    expect(a).not.toBe(b)
  })

  it('of scores at points', () => {
    const at = Score.evaluate(conditional, Schedule.ornsteinUhlenbeck)(params)(0.4)(points).values
    expect(Math.abs(at[0] - (Math.exp(-0.4) * 2 - -2))).toBeLessThan(1e-15)
    expect(at[6]).toBe(1.9)
  })

  it('that are no classes are refused', () => {
    const of = (labels: ArrayLike<number>): string => said(Points.labelled(labels)(bare))
    expect(of([0, 1, 2, -1, 3])).toBe('')
    expect(of([0, 1])).toBe('labels: 2 labels is not 5, one for each row; give every row a label, or -1')
    expect(of([0, -2, 1.5, 0, NaN])).toBe(
      'label of row 2: -2 is not a whole number ≥ 0, nor -1 for a row without one; count classes from 0 (2 more like this)'
    )
    expect(E.isLeft(Points.validate({ ...bare, labels: Int32Array.of(1) }))).toBe(true)
  })

  it('are nothing to a mixture', () => {
    const at = Params.of({ means: [[0, 1], [1, 0]], logits: [0, 0.5], logVariances: [0, 1] }) // prettier-ignore
    const value = (on: Points.Points): number =>
      plansOf(on, Score.isotropic({ components: 2 }), Objective.implicit(NoiseLevels.at(0.4)))
        .map(({ evaluate }) => evaluate(at, Key.fromSeed(0)).value)
        .reduce((a, b) => a + b, 0)
    expect(value(points)).toBe(value(bare))
  })
})

/** Wrong steps of expectation–maximization, and gradients that do not correspond to it. */

import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { Case, ExpectationMaximization, Objective, Params, Points, Score, TimeLaw } from '../../src/index.js'
import type { Moments } from '../../src/family/family.js'
import * as Density from '../../src/laws/density.js'
import * as laws from '../../src/laws/em.js'
import type { Law } from '../../src/laws/law.js'
import { areCaught, compiling, evaluation } from './mutant.js'

const score = Score.spherical({ components: 2 })
const right: ReadonlyArray<Law> = [...laws.em(score), ...laws.emPair()]
const believing = (options: laws.EMOptions): ReadonlyArray<Law> => [...laws.em(score, options), ...laws.emPair(options)]

/** A step changed by what it started from. */
const stepping =
  (change: (next: number, before: number) => number): laws.Step =>
  (family, floor, points) => {
    const step = ExpectationMaximization.step(family, floor, points)
    return params => {
      const next = step(params)
      return { value: next.value, params: Params.zipWith(change)(next.params, params) }
    }
  }

/** A step on other data. */
const on =
  (change: (points: Points.Points) => Points.Points): laws.Step =>
  (family, floor, points) =>
    ExpectationMaximization.step(family, floor, change(points))

/** K-means in place of EM: each row belongs to its nearest centre. */
const hard: laws.Step = (family, floor, points) => {
  const step = ExpectationMaximization.step(family, floor, points)
  return params => {
    const { value, params: soft } = step(params)
    const { shape, values } = pipe(
      family.start,
      O.fold(
        () => ({ shape: [0, points.dim], values: new Float64Array(0) }),
        ({ centres }) => centres(params)
      )
    )
    const centres = Density.rowsOf({ rows: shape[0], dim: shape[1], values })
    const nearest = Density.rowsOf(points).map(row => {
      const squares = centres.map(centre => Density.minus(row, centre).reduce((sum, x) => sum + x * x, 0))
      return squares.indexOf(Math.min(...squares))
    })
    const weights = Points.weightsOf(points)
    const moved = centres.map((centre, k) => {
      const mass = nearest.reduce((sum, at, i) => sum + (at === k ? weights[i] : 0), 0)
      const sums = Density.combine(
        nearest.map((at, i) => (at === k ? weights[i] : 0)),
        Density.rowsOf(points),
        points.dim
      )
      return mass > 0 ? Density.scale(1 / mass, sums) : centre
    })
    return {
      value,
      // Only the spherical family is asked, whose parameters are its centres.
      params: Params.map<Params.Params<string>[string], Params.Params<string>[string]>(({ shape }) => ({
        shape,
        values: Float64Array.from(moved.flat())
      }))(soft)
    }
  }
}

/** A step whose maximisation is given other sums than the data's. */
const maximising =
  (change: (moments: Moments) => Moments): laws.Step =>
  (family, floor, points) =>
    ExpectationMaximization.step(
      {
        ...family,
        mStep: pipe(
          family.mStep,
          O.map(mStep => ({ ...mStep, maximise: (params, moments, at) => mStep.maximise(params, change(moments), at) }))
        )
      },
      floor,
      points
    )

const truth = 'the truth is a fixed point of both'
const greatest = 'a step takes what is greatest of Q'
const levels = 'all noise levels together are the likelihood'

areCaught([
  { wrong: 'k-means for EM', law: truth, mutant: laws.em(score, { step: hard }), right },
  {
    wrong: 'a gradient shrunk towards the origin',
    law: truth,
    mutant: believing({
      evaluate: evaluation(({ value, gradient }, { params }) => ({
        value,
        gradient: Params.zipWith((g, p) => g + 0.01 * p)(gradient, params)
      }))
    }),
    right
  },
  {
    wrong: 'sums that are not divided by responsibilities',
    law: greatest,
    mutant: believing({ step: maximising(moments => ({ ...moments, mass: moments.mass.map(() => 1) })) }),
    right
  },
  {
    wrong: 'variances that are not divided by responsibilities',
    law: truth,
    mutant: laws.em(Score.isotropic({ components: 2 }), {
      step: maximising(moments => ({ ...moments, second: moments.second.map((s, k) => s * moments.mass[k]) }))
    }),
    right: laws.em(Score.isotropic({ components: 2 }))
  },
  {
    wrong: 'the value where the step leads, for that where it begins',
    law: 'the value of a step is the likelihood where it begins',
    mutant: believing({
      step: (family, floor, points) => {
        const step = ExpectationMaximization.step(family, floor, points)
        return params => {
          const { params: next } = step(params)
          return { value: step(next).value, params: next }
        }
      }
    }),
    right
  },
  {
    wrong: 'a step and a tenth',
    law: greatest,
    mutant: believing({ step: stepping((next, before) => next + 0.1 * (next - before)) }),
    right
  },
  {
    wrong: 'half a step',
    law: greatest,
    mutant: believing({ step: stepping((next, before) => (next + before) / 2) }),
    right
  },
  {
    wrong: 'weights of the data ignored',
    law: greatest,
    mutant: believing({ step: on(({ rows, dim, values }) => ({ rows, dim, values })) }),
    right
  },
  {
    wrong: 'three steps in one',
    law: 'a step never lowers the likelihood',
    mutant: believing({ step: stepping((next, before) => before + 3 * (next - before)) }),
    right
  },
  {
    wrong: 'a step away from the update',
    law: 'a step never lowers the likelihood',
    mutant: believing({ step: stepping((next, before) => 2 * before - next) }),
    right
  },
  {
    wrong: 'times of equal weight',
    law: levels,
    mutant: believing({
      evaluate: compiling(loss => {
        const { objective } = loss
        if (!Case.isMadeBy(Objective.implicit)(objective) || !Case.isMadeBy(TimeLaw.likelihood)(objective.timeLaw))
          return loss
        const { until, nodes } = objective.timeLaw
        const times = Array.from({ length: nodes }, (_, i) => ({
          time: until * ((i + 0.5) / nodes) ** 2,
          weight: until / nodes
        }))
        return { ...loss, objective: Objective.implicit(TimeLaw.nodes(times)) }
      })
    }),
    right
  },
  {
    wrong: 'g² for ½g²',
    law: levels,
    mutant: believing({
      evaluate: compiling(loss => ({
        ...loss,
        objective:
          Case.isMadeBy(Objective.implicit)(loss.objective) && Case.isMadeBy(TimeLaw.likelihood)(loss.objective.timeLaw)
            ? Objective.weight(2)(loss.objective)
            : loss.objective
      }))
    }),
    right
  },
  {
    wrong: 'denoising stopped short of the last times',
    law: levels,
    mutant: believing({
      evaluate: compiling(loss => {
        const { objective } = loss
        return Case.isMadeBy(Objective.implicit)(objective) && Case.isMadeBy(TimeLaw.likelihood)(objective.timeLaw)
          ? {
              ...loss,
              objective: Objective.implicit(
                TimeLaw.likelihood({
                  until: Math.min(2, objective.timeLaw.until),
                  nodes: objective.timeLaw.nodes,
                  leastVariance: objective.timeLaw.leastVariance
                })
              )
            }
          : loss
      })
    }),
    right
  },
  {
    wrong: 'a gradient a tenth too long',
    law: 'G decays with separation',
    mutant: believing({
      evaluate: evaluation(({ value, gradient }) => ({ value, gradient: Params.mapValues(g => 1.1 * g)(gradient) }))
    }),
    right
  },
  {
    wrong: 'a step that falls short by a hundredth',
    law: 'G decays with separation',
    mutant: believing({ step: stepping(next => 0.99 * next) }),
    right
  },
  {
    wrong: 'a correction that does not decay',
    law: 'G decays with separation',
    mutant: believing({
      evaluate: evaluation(({ value, gradient }, { params }) => ({
        value,
        gradient: Params.zipWith((g, p) => g + 1e-3 * p)(gradient, params)
      }))
    }),
    right
  }
])

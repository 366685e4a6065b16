/** What does not correspond to expectation–maximization: wrong noise levels, gradients and steps. */
import { Case, ExpectationMaximization, Objective, Params, Score, TimeLaw } from '../../src/index.js'
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

const truth = 'the truth is a fixed point of both'
const levels = 'all noise levels together are the likelihood'

areCaught([
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

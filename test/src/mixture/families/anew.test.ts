/** The M-step of factor analysers has several maxima: the one from many starts leaves a lesser. */
import { expect, it } from 'vitest'
import { fit, Key, Mixture, Score, type Params, type Points } from '../../../../src/index.js'
import * as ExpectationMaximization from '../../../../src/mixture/em/expectationMaximization.js'
import { isSlow } from '../../../cases.js'
import { there } from '../../../there.js'

const DIM = 6

/** Three columns that share a factor, and three that share a lesser one: one factor fits either. */
const points: Points.Points = (() => {
  const rows = 400
  const normals = Mixture.sample(rows)(Key.fromSeed(4))(Mixture.of({ means: [new Array<number>(DIM + 2).fill(0)] }))
  const values = new Float64Array(rows * DIM).map((_, at) => {
    const row = Math.floor(at / DIM)
    const j = at % DIM
    const of = (k: number): number => normals.values[row * (DIM + 2) + k]
    return (j < 3 ? 1.5 * of(0) : 1.1 * of(1)) + of(2 + j)
  })
  return { rows, dim: DIM, values }
})()

const score = Score.lowRank({ components: 1, rank: 1 })

type Arrays = Params.Params<'means' | 'logits' | 'factors' | 'logNoise'>

/** Begun with the lesser factor. */
const lesser: Arrays = {
  means: { shape: [1, DIM], values: new Float64Array(DIM) },
  logits: { shape: [1], values: new Float64Array(1) },
  factors: { shape: [1, DIM, 1], values: Float64Array.of(0, 0, 0, 1, 1, 1) },
  logNoise: { shape: [1, DIM], values: new Float64Array(DIM) }
}

it.runIf(isSlow)('leaves a lesser maximum, at which the others stay', () => {
  const own = there(Score.interpret(score).family)
  const mStep = there(own.mStep)
  const anew = there(mStep.anew)
  const step = ExpectationMaximization.step(own, 1e-4, points)
  const climbed = (start: Arrays): Arrays => Array.from({ length: 300 }).reduce<Arrays>(at => step(at).params, start)
  const value = (at: Arrays): number => step(at).value
  const stuck = climbed(lesser)
  const anewFamily = { ...own, mStep: { ...mStep, maximise: anew } }
  const left = ExpectationMaximization.step(anewFamily, 1e-4, points)(stuck).params
  const free = climbed(left)
  const shareOfFirst = ({ factors }: Arrays): number => {
    const squares = factors.values.map(f => f * f)
    return (squares[0] + squares[1] + squares[2]) / squares.reduce((sum, f) => sum + f, 0)
  }
  expect(shareOfFirst(stuck)).toBeLessThan(0.1)
  expect(shareOfFirst(free)).toBeGreaterThan(0.9)
  expect(value(free)).toBeLessThan(value(stuck) - 0.1)
  // It is an M-step: it never goes down.
  expect(value(left)).toBeLessThanOrEqual(value(stuck))
  const found = fit(points, { components: 1, family: () => score, standardize: false })
  expect(-found.logLikelihood).toBeCloseTo(value(free), 6)
})

/** Run.debug: what is made wrong on purpose, at one place, is named there. */
import { describe, expect, it } from 'vitest'
import { add, greater, log, maximum, mul, origin, slice, sqrt, square, sub, sum, where } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Field,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Problem,
  Rate,
  Region,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import * as t from 'io-ts'

const ROWS = 40
const points = (at: number, value: number) => ({
  rows: ROWS,
  dim: 1,
  values: Float64Array.from({ length: ROWS }, (_, i) => (i === at ? value : 0.1 * i - 1))
})

const smooth = Objective.custom('smooth', NoiseLevels.at(0.5), ({ score, target }) =>
  sum(square(sub(score, target)), 1)
)

const program = ({
  objective = smooth,
  optimizer = Optimizer.gradientDescent({ rate: 1e-3 }),
  schedule = Schedule.ornsteinUhlenbeck,
  data = points(0, 0),
  batch = null,
  before = 2
}: {
  readonly objective?: Objective.Objective
  readonly optimizer?: Optimizer.Optimizer
  readonly schedule?: Schedule.Schedule
  readonly data?: ReturnType<typeof points>
  readonly batch?: number | null
  /** Steps of expectation–maximization before the descent. */
  readonly before?: number
}) =>
  Problem.orThrow(
    Compile.pipeline(
      Pipeline.of({
        schedule,
        score: Score.spherical({ components: 2 }),
        initializer: Initializer.values([[1], [-1]]),
        stages: [
          Stage.expectationMaximization({ steps: before }),
          Stage.descend({ objective, expectation: Expectation.monteCarlo(), optimizer, steps: 30, batch })
        ]
      })
    )(data)
  )

const key = Key.fromSeed(5)

/** The fault by key and by failed state, which are one; and the words of the failed run. */
const found = (of: ReturnType<typeof program>): { readonly fault: Run.Fault; readonly said: string } => {
  const state = Run.last(of)(key)
  const fault = Run.debug(of)(state)
  if (fault === null || state.status._tag !== 'Failed') throw new Error('it did not fail')
  expect(Run.debug(of)(key)).toEqual(fault)
  expect([fault.stage, fault.step]).toEqual([state.stage, state.step])
  return { fault, said: Problem.show(state.status.problem) }
}

describe('a term of the objective', () => {
  const rare = Objective.custom('rare', NoiseLevels.uniform(0.2, 0.4), ({ clean, params }) =>
    sum(log(add(mul(0, sum(params.means)), add(clean, 4))), 1)
  )
  it.each([null, 30])('by its row, its time and its operation, in batches of %s', batch => {
    const { fault, said } = found(program({ objective: Objective.sum([smooth, rare]), data: points(17, -7), batch }))
    expect(fault).toMatchObject({ stage: 1, what: 'the objective', term: Objective.show(rare), row: 17 })
    expect(fault.value).toBeNaN()
    expect(fault.reason).toBe('log(-3) is NaN')
    expect(fault.time).toBeGreaterThan(0.2)
    expect(fault.time).toBeLessThan(0.4)
    // As the user gave it, not about the middle of the data.
    expect([...fault.inputs.clean.values]).toEqual([-7])
    expect(fault.inputs['params.means'].shape).toEqual([2, 1])
    expect(said).toMatch(
      /^stages\[1\], step \d+: the objective, by .*"rare".* of row 18 at time 0\.\d+, where log\(-3\) is NaN: NaN/
    )
    expect(Run.showFault(fault).split('\n')).toContain('  clean = -7')
  })
})

describe('a derivative', () => {
  it('that is not finite where the value is, by the parameter', () => {
    // |x − c_1| as a root has no derivative where they are equal: in row 12.
    const corner = Objective.custom('corner', NoiseLevels.at(0.3), ({ clean, params }) =>
      sum(sqrt(square(sub(clean, slice(params.means, [0, 0], [1, 1])))), 1)
    )
    const objective = Objective.sum([smooth, corner])
    const values = Float64Array.from({ length: 20 }, (_, i) => (i === 11 ? 1 : 0.1 * i + 0.03))
    const { said } = found(program({ objective, data: { rows: 20, dim: 1, values }, before: 0 }))
    expect(said).toMatch(
      /^stages\[1\], step 1: the norm of the gradient, by the derivative of Objective.custom\("corner", .*\) of row 12 at time 0\.3 in means\[0\]\[0\], where div\(1, 0\) is Infinity: /
    )
  })
})

describe('a part of the optimizer', () => {
  it('that overflows, the first of them', () => {
    const optimizer = Optimizer.chain(
      Optimizer.scale(1e200),
      Optimizer.partition({ means: Optimizer.chain(Optimizer.scale(1e200), Optimizer.scaleByRate(1)) })
    )
    const { fault, said } = found(program({ optimizer }))
    expect(fault).toMatchObject({ stage: 1, step: 0, what: 'a part of the optimizer', part: 'Optimizer.scale(1e+200)' })
    expect(Math.abs(fault.value)).toBe(Infinity)
    expect(fault.parameter).toBe('means[0][0]')
    // What it received had been scaled once, and was finite.
    expect(Math.abs(fault.inputs['received.means'].values[0])).toBeGreaterThan(1e190)
    expect(said).toContain('means[0][0] after the step, by Optimizer.scale(1e+200) in means[0][0]: ')
  })
  it('whose rate is none at one step', () => {
    const dying = Rate.define({
      name: 'dying',
      about: '1/(3 − n)',
      formula: () => '1/(3 − n)',
      meaning: () => step => (step === 3 ? NaN : 1e-3)
    })
    const { fault } = found(program({ optimizer: Optimizer.chain(Optimizer.scaleByRate(dying)) }))
    expect(fault).toMatchObject({ step: 3, part: 'Optimizer.scaleByRate(Rate.dying)' })
  })
  it('of one’s own', () => {
    const root = Optimizer.define({
      name: 'root',
      about: '√g',
      memory: t.null,
      init: () => () => null,
      update: () => gradient => [Params.mapValues(g => Math.sqrt(-Math.abs(g)))(gradient), null],
      gain: () => () => -1
    })
    expect(found(program({ optimizer: root })).fault).toMatchObject({ step: 0, part: 'Optimizer.root' })
  })
})

describe('a region', () => {
  it('that gives NaN is named, and where it stands', () => {
    const torn = Region.define({
      name: 'torn',
      about: 'NaN right of a wall',
      fields: { wall: Field.finite({ suggestion: 0 }) },
      meaning: ({ wall }) => ({ project: x => x.map(entry => (entry > wall ? NaN : entry)) })
    })
    const { fault, said } = found(
      program({
        optimizer: Optimizer.chain(Optimizer.gradientDescent({ rate: 1e-3 }), Optimizer.project(torn({ wall: 1.2 })))
      })
    )
    expect(fault).toMatchObject({ what: 'the region', region: 'Region.torn({ wall: 1.2 })' })
    expect(fault.part).toContain('Optimizer.project')
    const which = fault.parameter === 'means[0][0]' ? 0 : 1
    expect(fault.inputs['params.means'].values[which] + fault.inputs['received.means'].values[which]).toBeGreaterThan(
      1.2
    )
    expect(said).toContain('by Region.torn({ wall: 1.2 }) in Optimizer.project')
  })
})

describe('a schedule', () => {
  it('that divides by zero at one time is named with the time', () => {
    // What a grid of times does not meet, and three in a hundred of those that are drawn do.
    const holed = Schedule.define({
      name: 'holed',
      about: 'σ without a value near t = 0.537',
      meaning: () => ({
        until: 1,
        level: time => {
          const at = Math.round(Math.abs(time - 0.537) * 300)
          return { alpha: Math.sqrt(1 - time / 2), sigma: Math.sqrt((time / 2) * (at / at)) }
        },
        logSnr: time => Math.log((1 - time / 2) / (time / 2)),
        timeOfLogSnr: logSnr => 2 / (1 + Math.exp(logSnr))
      })
    })
    const objective = Objective.denoising(NoiseLevels.uniform(0.1, 0.9))
    const { fault, said } = found(program({ schedule: holed, objective }))
    expect(fault).toMatchObject({ what: 'the schedule', reason: 'sigma is NaN' })
    expect(Math.abs((fault.time ?? 0) - 0.537)).toBeLessThan(1 / 300)
    expect(fault.inputs.alpha.values[0]).toBeCloseTo(Math.sqrt(1 - (fault.time ?? 0) / 2), 15)
    expect(said).toMatch(/by the schedule of row \d+ at time 0\.53\d+, where sigma is NaN/)
  })
})

describe('a run that finishes', () => {
  it('has no fault', () => {
    expect(Run.debug(program({}))(key)).toBeNull()
  })
})

describe('origin', () => {
  const x = { shape: [2], values: Float64Array.of(-1, 0) }
  it('passes what is left out', () => {
    const masked = origin(({ x }) => sum(where(greater(x, 0), log(x), x)))({
      x: { ...x, values: Float64Array.of(-1, 2) }
    })
    expect(masked).toBeNull()
    // Both are spoiled; that which reaches the end is named.
    const one = origin(({ x }) => add(maximum(0, sum(where(greater(x, -5), x, log(x)))), sum(log(sub(x, 1)))))({ x })
    expect([one?.operation, one?.inputs.x.values[0]]).toEqual(['Log', -2])
  })
  it('sees a derivative where the value is finite', () => {
    expect(origin(({ x }) => sum(mul(0, log(square(square(mul(x, 1e-90)))))))({ x })).not.toBeNull()
  })
})

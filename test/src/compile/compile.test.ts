/** What is compiled: what is chosen, steps by hand, restarts, and the loss alone. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { mul, neg } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Pipeline,
  type Points,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import * as Params from '../../../src/core/params.js'

const points: Points.Points = { rows: 5, dim: 2, values: Float64Array.from({ length: 10 }, (_, i) => Math.sin(i)) }
const em = Stage.expectationMaximization({ steps: 1 })
const descend = (change: object = {}): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(NoiseLevels.at(0.3)),
    optimizer: Optimizer.gradientDescent({ rate: 0.1 }),
    steps: 3,
    ...change
  })

const parts = { schedule: Schedule.ornsteinUhlenbeck, score: Score.symmetricPair }

/** The states of a run. */
const ran = <P extends string>(pipeline: Pipeline.Pipeline<P>, data: Points.Points): ReadonlyArray<Run.State<P>> => [
  ...Run.states(Problem.orThrow(Compile.pipeline(pipeline)(data)))(Key.fromSeed(1))
]

it('says what was chosen, and why: for descent, steps in closed form, moves, restarts and batches', () => {
  const plan = (score: Score.Score<string>, ...stages: ReadonlyArray<Stage.Stage>): ReadonlyArray<string> => {
    const pipeline = Pipeline.of({ ...parts, score, initializer: Initializer.gaussian({ scale: 1 }), stages })
    return Compile.explain(Problem.orThrow(Compile.pipeline(pipeline)(points))).split('\n')
  }
  const custom = Score.custom({ name: 'shrink', shapes: () => ({ scale: [] }), apply: (_, x) => neg(x) })
  expect(plan(custom, descend(), descend({ steps: 100 }))).toEqual([
    'stage 1: minimise E |s(x_t) + z/σ|², at t = 0.3',
    '  by interpreted: 3 evaluations are over before it is compiled',
    'stage 2: minimise E |s(x_t) + z/σ|², at t = 0.3',
    expect.stringMatching(/^ {2}by compiled: one program over the rows/)
  ])
  const moves = Stage.splitAndMerge({ steps: 2, attempts: 3 })
  const restarts = Stage.restart(4)(Stage.sequence([descend(), em]))
  expect(plan(Score.spherical({ components: 3 }), em, moves, restarts, descend({ batch: 2 }))).toEqual([
    'stage 1: θ ← argmax E[log p(x_0, i; θ) | x_0; θ_old]',
    '  by closed form: the maximiser of the expected log-likelihood is known; responsibilities are computed in plain loops',
    'stage 2: split and merge: the first of 3 moves that raises E log p(x_0; θ)',
    '  by closed form: responsibilities say what a component costs and its halves gain; responsibilities are computed in plain loops',
    'stage 3: the likeliest of 4: minimise E |s(x_t) + z/σ|², at t = 0.3; then θ ← argmax E[log p(x_0, i; θ) | x_0; θ_old]',
    '  by restarts: 4 attempts, each by interpreted, closed form',
    'stage 4: minimise E |s(x_t) + z/σ|², at t = 0.3',
    '  by interpreted: 3 evaluations are over before it is compiled; on 2 of 5 rows a step'
  ])
  expect(plan(Score.symmetricPair, Stage.powerIteration({ steps: 1 }))).toEqual([
    'stage 1: c ← √λ v/|v|, v = (Ĉ − I)c, λ = ⟨c, v⟩/|c|²',
    '  by closed form: a product with the second moment'
  ])
})

describe('steps by hand', () => {
  it('of power iteration: √λ v/|v|, and minus the Rayleigh quotient', () => {
    // Ĉ − I is diag(4, ¼) here, and c = (1, 2).
    const data = { rows: 4, dim: 2, values: Float64Array.of(Math.sqrt(10), 0, 0, Math.sqrt(2.5), 0, Math.sqrt(2.5), Math.sqrt(10), 0) } // prettier-ignore
    const [, { params, value, norm }] = ran(
      Pipeline.of({
        ...parts,
        initializer: Initializer.values([[1, 2]]),
        stages: [Stage.powerIteration({ steps: 1 })]
      }),
      data
    )
    const rayleigh = (4 * 1 + 0.25 * 4) / 5
    expect(value).toBeCloseTo(-rayleigh, 12)
    const moved = [4, 0.5].map(v => (Math.sqrt(rayleigh) * v) / Math.hypot(4, 0.5))
    moved.forEach((v, j) => expect(params.mean.values[j]).toBeCloseTo(v, 12))
    expect(norm).toBeCloseTo(Math.hypot(moved[0] - 1, moved[1] - 2), 12)
  })

  it('of power iteration where the data vary less than noise: the length is 1/√n', () => {
    const data = { rows: 4, dim: 1, values: Float64Array.of(0.1, -0.1, 0.1, -0.1) }
    const states = ran(
      Pipeline.of({ ...parts, initializer: Initializer.values([[1]]), stages: [Stage.powerIteration({ steps: 1 })] }),
      data
    )
    expect(Math.abs(states[1].params.mean.values[0])).toBeCloseTo(0.5, 14)
  })

  it('of descent: the gradient times the rate, its norm, and the average where the optimizer keeps one', () => {
    // −log p of the pair at one row x: |m|²/2 − log cosh(m x) + …, with slope m − x tanh(m x).
    const m = 0.5
    const x = 2
    const descent = (optimizer: Optimizer.Optimizer, steps: number): ReadonlyArray<Run.State<'mean'>> =>
      ran(
        Pipeline.of({
          ...parts,
          initializer: Initializer.values([[m]]),
          stages: [Stage.descend({ objective: Objective.likelihood, optimizer, steps })]
        }),
        { rows: 1, dim: 1, values: Float64Array.of(x) }
      )
    const [, one] = descent(Optimizer.gradientDescent({ rate: 0.1 }), 1)
    const slope = m - x * Math.tanh(m * x)
    expect(one.params.mean.values[0]).toBeCloseTo(m - 0.1 * slope, 14)
    expect(one.norm).toBeCloseTo(Math.abs(slope), 14)
  })
})

describe('restarts', () => {
  /** A stage that ends where it is: each attempt is judged by its start. */
  const attempts = <P extends string>(
    score: Score.Score<P>,
    times: number,
    inner: Stage.Stage = Stage.sequence([])
  ): ReadonlyArray<Run.State<P>> =>
    ran(
      Pipeline.of({
        schedule: Schedule.ornsteinUhlenbeck,
        score,
        initializer: Initializer.gaussian({ scale: 2 }),
        stages: [Stage.restart(times)(inner)]
      }),
      points
    )

  it('keep the best so far, and say how good it is', () => {
    const states = attempts(Score.spherical({ components: 2 }), 8)
    expect(states).toHaveLength(9)
    const means = (state: Run.State<'means'>): Mixture.Mixture =>
      Mixture.of({ means: Params.nested(state.params.means) as ReadonlyArray<ReadonlyArray<number>> })
    states.slice(1).forEach((state, i) => {
      expect(state.value).toBeCloseTo(-pipe(means(state), Mixture.meanLogDensity(points)), 12)
      expect(state.norm).toBe(0)
      if (i > 0) expect(state.value).toBeLessThanOrEqual(states[i].value ?? NaN)
    })
    expect(states[1].params).toEqual(states[0].params)
    // Of eight starts the first is the best with probability 1/8, and is not with this seed.
    expect(states[8].params).not.toEqual(states[0].params)
  })

  it('pass over attempts that fail', () => {
    const diverging = Stage.descend({
      objective: Objective.likelihood,
      optimizer: Optimizer.gradientDescent({ rate: 1e300 }),
      steps: 3
    })
    const states = attempts(Score.spherical({ components: 2 }), 3, diverging)
    expect(states.map(({ status }) => status._tag)).toEqual(['Running', 'Running', 'Running', 'Finished'])
    expect(states[3].params).toEqual(states[0].params)
    expect(states.slice(1).map(({ value }) => value)).toEqual([Number.MAX_VALUE, Number.MAX_VALUE, Number.MAX_VALUE])
  })

  it('of a score without a density judge by the last value', () => {
    const network = Score.custom({
      name: 'linear',
      shapes: () => ({ a: [] }),
      apply: ({ a }, x) => mul(a, x)
    })
    const descent = Stage.descend({
      objective: Objective.regularizer({ norm: 'l2' }),
      optimizer: Optimizer.gradientDescent({ rate: 1e-9 }),
      steps: 1
    })
    const states = attempts(network, 6, descent)
    // |a|² of the best start, which the tiny step leaves all but where it was.
    states.slice(1).forEach(({ value, params }, i) => {
      expect(Math.abs((value ?? NaN) - params.a.values[0] ** 2)).toBeLessThan(1e-6)
      if (i > 0) expect(value).toBeLessThanOrEqual(states[i].value ?? NaN)
    })
  })
})

describe('Compile.valueAndGrad', () => {
  const loss = {
    schedule: Schedule.ornsteinUhlenbeck,
    score: Score.isotropic({ components: 2 }),
    objective: Objective.denoising(NoiseLevels.uniform(0.1, 1)),
    expectation: Expectation.projected()
  }
  const params = Params.of({
    means: [
      [1, 0],
      [0, -1]
    ],
    logits: [0, 1],
    logVariances: [0.2, -0.3]
  })

  it('gives the same bits for the same key, others for another', () => {
    const evaluate = Problem.orThrow(Compile.valueAndGrad(loss)(points))
    const at = (seed: number): number => evaluate(params, Key.fromSeed(seed)).value
    expect(at(1)).toBe(at(1))
    expect(at(1)).not.toBe(at(2))
  })

  // Names under which a program is given what is drawn, and one that it is not.
  it.each(['alpha', 'sigma', 'weight', 'conversion', 'share', 'time', 'clean', 'theta'])(
    'does not take a parameter called %s for what is drawn',
    name => {
      const score = Score.custom({ name: 'own', shapes: () => ({ [name]: [] }), apply: (p, x) => mul(p[name], x) })
      const one = {
        ...loss,
        score,
        objective: Objective.denoising(NoiseLevels.at(0.3)),
        expectation: Expectation.monteCarlo()
      }
      const plans = Problem.orThrow(Compile.plans(one)(points))
      expect(plans.map(({ engine }) => engine)).toEqual(['compiled', 'interpreted'])
      const [found, wanted] = plans.map(({ evaluate }) => evaluate(Params.of({ [name]: -0.7 }), Key.fromSeed(1)))
      expect(found.value).toBeCloseTo(wanted.value, 12)
      expect(found.gradient[name].values[0]).toBeCloseTo(wanted.gradient[name].values[0], 12)
    }
  )

  it('refuses parameters of the wrong shape by name', () => {
    const evaluate = Problem.orThrow(Compile.valueAndGrad(loss)(points))
    expect(() => evaluate({ ...params, logits: { shape: [3], values: new Float64Array(3) } }, Key.fromSeed(1))).toThrow(
      'logits: shape [3] is not of shape [2]; give parameters that fit the score and the data'
    )
  })
})

/** Components far from 0 in their own deviations: every plan has the digits that the data have. */
import { describe, expect, it } from 'vitest'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Objective,
  Params,
  Pipeline,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels,
  type Points
} from '../../../src/index.js'
import { compiledOrThrow } from '../../../src/laws/check.js'

const FAR = 1000
const VARIANCE = 1e-8
const DIM = 2
const EACH = 150
const schedule = Schedule.ornsteinUhlenbeck

/** Rows on a grid of 2⁻⁴⁰, which is kept at ±FAR: what they are less their centre is known without rounding. */
const grid = 2 ** -40
const small = Key.normal(2 * EACH * DIM)(Key.fromSeed(3)).map(z => Math.round((Math.sqrt(VARIANCE) * z) / grid) * grid)
const side = (row: number): 1 | -1 => (row < EACH ? 1 : -1)
const rows = 2 * EACH
const points: Points.Points = {
  rows,
  dim: DIM,
  values: small.map((y, at) => side(Math.floor(at / DIM)) * FAR + y)
}
const noise: Points.Points = { rows, dim: DIM, values: Key.normal(rows * DIM)(Key.fromSeed(4)) }
const score = Score.isotropic({ components: 2 })
const params = {
  means: { shape: [2, DIM], values: Float64Array.of(FAR, FAR, -FAR, -FAR) },
  logits: { shape: [2], values: Float64Array.of(0, 0) },
  logVariances: { shape: [2], values: Float64Array.of(Math.log(VARIANCE), Math.log(1.5 * VARIANCE)) }
}

/** A row belongs to its own component without a doubt: the mean over rows of the loss of one Gaussian about 0, and its slopes. */
const wanted = (of: 'denoising' | 'implicit', time: number) => {
  const { alpha, sigma } = { alpha: Math.exp(-time), sigma: Math.sqrt(-Math.expm1(-2 * time)) }
  const means = new Float64Array(2 * DIM)
  const logVariances = new Float64Array(2)
  let value = 0
  for (let i = 0; i < rows; i++) {
    const k = side(i) === 1 ? 0 : 1
    const v = Math.exp(params.logVariances.values[k])
    const u = alpha * alpha * v + sigma * sigma
    if (of === 'implicit') value += (-2 * DIM) / u / rows
    if (of === 'implicit') logVariances[k] += (alpha * alpha * v * 2 * DIM) / (u * u) / rows
    for (let j = 0; j < DIM; j++) {
      const z = noise.values[i * DIM + j]
      const r = alpha * small[i * DIM + j] + sigma * z
      const target = of === 'denoising' ? z / sigma : 0
      const residual = target - r / u
      value += (residual * residual) / rows
      means[k * DIM + j] += (2 * alpha * residual) / u / rows
      logVariances[k] += (2 * residual * r * alpha * alpha * v) / (u * u) / rows
    }
  }
  return { value, means, logVariances }
}

/**
 * Of the largest entry. Plans form x_t first, rounded by 2⁻⁵² FAR, which is 2e-9 of a deviation, and a mean over 300 rows cancels
 * √300 of that: ten times as much.
 */
const TOLERANCE = 4e-7

const expectClose = (actual: ArrayLike<number>, expected: ArrayLike<number>): void => {
  const size = Array.from(expected).reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  Array.from(expected).forEach((x, i) => {
    expect(Math.abs(actual[i] - x) / size).toBeLessThan(TOLERANCE)
  })
}

describe.each([1e-8, 1e-3])('at time %s', time => {
  it.each(['denoising', 'implicit'] as const)('%s is that of one Gaussian about 0, by every plan', of => {
    const loss = {
      schedule,
      score,
      objective: Objective[of](NoiseLevels.at(time)),
      expectation: Expectation.fixed(noise)
    }
    const expected = wanted(of, time)
    for (const { evaluate } of compiledOrThrow(Compile.plans(loss)(points))) {
      const { value, gradient } = evaluate(params, Key.fromSeed(1))
      expectClose([value], [expected.value])
      expectClose(gradient.means.values, expected.means)
      expectClose(gradient.logVariances.values, expected.logVariances)
    }
  })

  it.each(['monteCarlo', 'projected'] as const)('all plans agree under %s', name => {
    const loss = {
      schedule,
      score,
      objective: Objective.denoising(NoiseLevels.at(time)),
      expectation: Expectation[name]({ antithetic: true })
    }
    const [first, ...others] = compiledOrThrow(Compile.plans(loss)(points)).map(({ evaluate }) =>
      evaluate(params, Key.fromSeed(1))
    )
    expect(others.length).toBeGreaterThan(0)
    for (const { value, gradient } of others) {
      expectClose([value], [first.value])
      Params.names(gradient).forEach(parameter => {
        if (parameter !== 'logits') expectClose(gradient[parameter].values, first.gradient[parameter].values)
      })
    }
  })
})

it('the likelihood is that of one Gaussian about 0, by every plan', () => {
  const loss = { schedule, score, objective: Objective.likelihood, expectation: Expectation.monteCarlo() }
  let expected = 0
  for (let i = 0; i < rows; i++) {
    const v = Math.exp(params.logVariances.values[side(i) === 1 ? 0 : 1])
    expected += (Math.log(2) + (DIM / 2) * Math.log(2 * Math.PI * v)) / rows
    for (let j = 0; j < DIM; j++) expected += small[i * DIM + j] ** 2 / (2 * v) / rows
  }
  for (const { evaluate } of compiledOrThrow(Compile.plans(loss)(points)))
    expectClose([evaluate(params, Key.fromSeed(1)).value], [expected])
})

/** Four components of deviation about 1, two that overlap and two far from all, and rows about each. */
const apart = (by: number) => {
  const components = 4
  const each = 200
  const around = [0, 0, 1.5, 0, by, by, -by, 2 * by]
  const far: Points.Points = {
    rows: components * each,
    dim: DIM,
    values: Key.normal(components * each * DIM)(Key.fromSeed(5)).map(
      // On a grid of 2⁻²⁰, which is kept there.
      (z, at) => around[Math.floor(at / DIM / each) * DIM + (at % DIM)] + Math.round(z * 2 ** 20) / 2 ** 20
    )
  }
  const means = around.map((c, at) => c + [0.25, 0.125, -0.375, -0.25, 0.3125, -0.1875, 0.0625, 0.5][at])
  const weights = [0.2, 0.3, 0.25, 0.25]
  const variances = [1, 1.3, 0.8, 1.1]
  const start = {
    means: { shape: [components, DIM], values: Float64Array.from(means) },
    logits: { shape: [components], values: Float64Array.from(weights, Math.log) },
    logVariances: { shape: [components], values: Float64Array.from(variances, Math.log) }
  }
  return { far, means, weights, variances, start }
}

/** One step of expectation–maximization, in differences alone: how far means go, variances and weights after it. */
const step = ({ far, means, weights, variances }: ReturnType<typeof apart>) => {
  const away = (i: number, k: number, j: number): number => far.values[i * DIM + j] - means[k * DIM + j]
  let value = 0
  const shares = Array.from({ length: far.rows }, (_, i) => {
    const logs = variances.map((v, k) => {
      const squared = away(i, k, 0) ** 2 + away(i, k, 1) ** 2
      return Math.log(weights[k]) - (DIM / 2) * Math.log(2 * Math.PI * v) - squared / (2 * v)
    })
    const top = Math.max(...logs)
    const sum = logs.reduce((sum, log) => sum + Math.exp(log - top), 0)
    value -= (top + Math.log(sum)) / far.rows
    return logs.map(log => Math.exp(log - top) / sum)
  })
  const sumOf = (f: (share: number, i: number) => number, k: number): number =>
    shares.reduce((sum, share, i) => sum + f(share[k], i), 0)
  const masses = variances.map((_, k) => sumOf(share => share, k))
  const moves = means.map((_, at) => {
    const k = Math.floor(at / DIM)
    return sumOf((share, i) => share * away(i, k, at % DIM), k) / masses[k]
  })
  return {
    value,
    moves,
    weights: masses.map(mass => mass / far.rows),
    variances: masses.map(
      (mass, k) =>
        [0, 1].reduce((sum, j) => sum + sumOf((s, i) => s * (away(i, k, j) - moves[k * DIM + j]) ** 2, k), 0) /
        (DIM * mass)
    ),
    slopes: moves.map((move, at) => {
      const k = Math.floor(at / DIM)
      return (-move * masses[k]) / far.rows / variances[k]
    })
  }
}

describe.each([1, 1e3, 1e6])('clusters %d deviations apart', by => {
  const scene = apart(by)
  const expected = step(scene)
  // Of a deviation: rows about their mean are rounded by 2⁻⁵³ of their size, 2by, and so are the centres on their way back.
  const rounding = 4 * Number.EPSILON * (by + 1)

  it('a step of expectation–maximization is that of differences', () => {
    const pipeline = Pipeline.of({
      schedule,
      score: Score.isotropic({ components: 4 }),
      initializer: Initializer.values(scene.start),
      stages: [Stage.expectationMaximization({ steps: 1 })]
    })
    const { means, logits, logVariances } = Run.last(compiledOrThrow(Compile.pipeline(pipeline)(scene.far)))(
      Key.fromSeed(0)
    ).params
    const total = logits.values.reduce((sum, x) => sum + Math.exp(x), 0)
    expected.moves.forEach((move, at) => {
      expect(Math.abs(means.values[at] - scene.means[at] - move)).toBeLessThan(rounding)
    })
    expected.variances.forEach((v, k) => {
      expect(Math.abs(Math.exp(logVariances.values[k]) / v - 1)).toBeLessThan(rounding + 1e-14)
      expect(Math.abs(Math.exp(logits.values[k]) / total / expected.weights[k] - 1)).toBeLessThan(rounding + 1e-14)
    })
  })

  it('so is the likelihood with its slopes, by every plan', () => {
    const loss = {
      schedule,
      score: Score.isotropic({ components: 4 }),
      objective: Objective.likelihood,
      expectation: Expectation.monteCarlo()
    }
    for (const { evaluate } of compiledOrThrow(Compile.plans(loss)(scene.far))) {
      const { value, gradient } = evaluate(scene.start, Key.fromSeed(1))
      expect(Math.abs(value - expected.value)).toBeLessThan(rounding + 1e-14)
      expected.slopes.forEach((slope, at) => {
        expect(Math.abs(gradient.means.values[at] - slope)).toBeLessThan(rounding)
      })
    }
  })
})

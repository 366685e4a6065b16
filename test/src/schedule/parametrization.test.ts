/** Parametrizations: isomorphisms of one another, the published formulas, both ends of a schedule, and their weights. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { fromNdArray, sum, tensor, toNdArray, valueAndGrad } from '../../../lib/index.js'
import { Case, Key, Mixture, Problem, Schedule } from '../../../src/index.js'
import * as Score from '../../../src/score/score.js'
import * as Parametrization from '../../../src/schedule/parametrization.js'
import { published } from './published.js'

const all: ReadonlyArray<Parametrization.Parametrization> = [
  Parametrization.score,
  Parametrization.noise,
  Parametrization.data,
  Parametrization.velocity,
  Parametrization.flow,
  Parametrization.edm(),
  Parametrization.edm({ sigmaData: 1.3 })
]
const pairs = all.flatMap(from =>
  all.map(to => ({ from, to, name: `${Parametrization.show(from)} → ${Parametrization.show(to)}` }))
)
const levels: ReadonlyArray<Schedule.Level> = [
  { alpha: 0.6, sigma: 0.8 },
  { alpha: 1, sigma: 0.02 },
  { alpha: 0.01, sigma: 0.7 },
  { alpha: 1, sigma: 30 }
]

const close = (found: number, wanted: number, scale = 1, label = ''): void => {
  expect(Math.abs(found - wanted), `${label} ${found} for ${wanted}`).toBeLessThan(1e-12 * (scale + Math.abs(wanted)))
}

const X0 = 0.7
const Z = -1.1

describe.each(pairs)('$name', ({ from, to }) => {
  it('is that of the published formulas, and back it is what it was', () => {
    for (const level of levels) {
      const at = `at α = ${level.alpha}, σ = ${level.sigma}:`
      const x = level.alpha * X0 + level.sigma * Z
      const [found] = Parametrization.convert(from, to)(level)([x], [published(from, level, X0, Z)])
      // Where little of the data or of the noise is shown, rounding grows with how little.
      const hidden = Math.max(1, level.sigma / level.alpha, level.alpha / level.sigma)
      close(found, published(to, level, X0, Z), hidden ** 2, at)
      const there = Parametrization.convert(from, to)(level)([0.4, -2], [1.5, 0.3])
      const back = Parametrization.convert(to, from)(level)([0.4, -2], there)
      close(back[0], 1.5, hidden ** 2, at)
      close(back[1], 0.3, hidden ** 2, at)
    }
  })

  it('is the same in the tensor vocabulary, each row at its own level, with its derivative', () => {
    const x = Float64Array.of(0.4, -2, 1, 0.1, 3, -1, 0.2, 0.9)
    const output = Float64Array.of(1, 2, -3, 0.5, 0.1, 7, -0.2, 1)
    const perRow = (pick: (level: Schedule.Level) => number): ReturnType<typeof tensor> =>
      tensor(levels.map(pick), [4, 1])
    const { value, gradient } = valueAndGrad(({ output }) =>
      sum(
        Parametrization.convertTensor(from, to)({ alpha: perRow(l => l.alpha), sigma: perRow(l => l.sigma) })(
          tensor(x, [4, 2]),
          output
        )
      )
    )({ output: { shape: [4, 2], values: output } })
    const rows = levels.map((level, i) => ({
      ...Parametrization.conversionCoefficients(from, to)(level),
      converted: Parametrization.convert(from, to)(level)(
        x.subarray(2 * i, 2 * i + 2),
        output.subarray(2 * i, 2 * i + 2)
      )
    }))
    const total = rows.reduce((sum, { converted: [a, b] }) => sum + a + b, 0)
    const size = rows.reduce((sum, { converted: [a, b] }) => sum + Math.abs(a) + Math.abs(b), 0)
    close(value, total, size)
    rows.forEach(({ ofOutput }, i) => {
      expect(gradient.output.values[2 * i]).toBe(ofOutput)
    })
  })

  it('multiplies squared errors by its weight, which is the one that is printed', () => {
    for (const level of levels) {
      const weight = Parametrization.conversionWeight(from, to)(level)
      const x = level.alpha * X0 + level.sigma * Z
      const error = 0.125
      const output = published(from, level, X0, Z)
      const [right] = Parametrization.convert(from, to)(level)([x], [output])
      const [wrong] = Parametrization.convert(from, to)(level)([x], [output + error])
      const hidden = Math.max(1, level.sigma / level.alpha, level.alpha / level.sigma)
      close((wrong - right) ** 2 / error ** 2 / weight, 1, hidden ** 4)
      close(evaluated(Parametrization.weightFormula(from, to), level) / weight, 1)
    }
  })
})

/** The printed formula, read as arithmetic: juxtaposition is multiplication. */
const evaluated = (formula: string, { alpha, sigma }: Schedule.Level): number => {
  const code = formula
    .replaceAll('α', String(alpha))
    .replaceAll('σ', String(sigma))
    .replaceAll('²', '**2')
    .replaceAll('⁴', '**4')
    .replace(/(?<=[\d)]) (?=[\d(])/g, ' * ')
  // oxlint-disable-next-line @typescript-eslint/no-implied-eval -- arithmetic that the line above wrote
  return (new Function(`return ${code}`) as () => number)()
}

it('prints the weight of each relative to the score', () => {
  expect(
    all.map(to => `${Parametrization.formula(to)}: ${Parametrization.weightFormula(Parametrization.score, to)}`)
  ).toEqual([
    's(x): 1',
    'ε(x) = −σ s(x): σ²',
    'x̂_0(x) = (x + σ² s(x))/α: σ⁴ / α²',
    'v(x) = α ε(x) − σ x̂_0(x): σ² (α² + σ²)² / α²',
    'u(x) = ε(x) − x̂_0(x): σ² (α + σ)² / α²',
    'F(x) = (x̂_0(x) − c_skip x)/c_out, σ_d = 0.5: σ² (0.25 α² + σ²) / (0.25 α²)',
    'F(x) = (x̂_0(x) − c_skip x)/c_out, σ_d = 1.3: σ² (1.6900000000000002 α² + σ²) / (1.6900000000000002 α²)'
  ])
})

it('prints the loss of each', () => {
  expect(all.map(Parametrization.lossFormula)).toEqual([
    '|s(x_t) + z/σ|²',
    '|ε(x_t) − z|²',
    '|x̂_0(x_t) − x_0|²',
    '|v(x_t) − (αz − σx_0)|²',
    '|u(x_t) − (z − x_0)|²',
    '|F(x_t) − (x_0 − c_skip x_t)/c_out|²',
    '|F(x_t) − (x_0 − c_skip x_t)/c_out|²'
  ])
})

it('asks for infinite weight where what is asked for is not shown, and for none of what is not asked for', () => {
  const noSignal = { alpha: 0, sigma: 2 }
  const noNoise = { alpha: 2, sigma: 0 }
  const weight = (
    from: Parametrization.Parametrization,
    to: Parametrization.Parametrization,
    at: Schedule.Level
  ): number => Parametrization.conversionWeight(from, to)(at)
  expect(weight(Parametrization.noise, Parametrization.data, noSignal)).toBe(Infinity)
  expect(weight(Parametrization.data, Parametrization.noise, noNoise)).toBe(Infinity)
  expect(weight(Parametrization.score, Parametrization.noise, noSignal)).toBe(4)
  expect(weight(Parametrization.score, Parametrization.score, noNoise)).toBe(1)
  expect(weight(Parametrization.velocity, Parametrization.data, noNoise)).toBe(0)
})

it('EDM is c_skip and c_out of its paper', () => {
  // σ = 1, σ_d = ½: c_skip = 0.2, c_out = 1/√5.
  const { ofOutput, ofPoint } = Parametrization.conversionCoefficients(
    Parametrization.edm({ sigmaData: 0.5 }),
    Parametrization.data
  )({ alpha: 1, sigma: 1 })
  close(ofPoint, 0.2)
  close(ofOutput, 1 / Math.sqrt(5))
  // λ(σ) c_out² = 1: EDM's loss is that of F with the same weight at all levels.
  const lambda = (0.4 ** 2 + 0.5 ** 2) / (0.4 * 0.5) ** 2
  close(
    Parametrization.conversionWeight(
      Parametrization.data,
      Parametrization.edm({ sigmaData: 0.5 })
    )({ alpha: 1, sigma: 0.4 }),
    lambda
  )
})

describe('ends of the schedule', () => {
  const ends: ReadonlyArray<readonly [string, Schedule.Level]> = [
    ['no noise', { alpha: 1, sigma: 0 }],
    ['next to no noise', { alpha: 1, sigma: 1e-150 }],
    ['no signal', { alpha: 0, sigma: 1 }],
    ['next to no signal', { alpha: 1e-150, sigma: 1 }]
  ]
  it.each(ends)('%s: every coefficient is finite', (_, level) => {
    for (const { from, to, name } of pairs) {
      const { ofOutput, ofPoint } = Parametrization.conversionCoefficients(from, to)(level)
      expect(Number.isFinite(ofOutput) && Number.isFinite(ofPoint), `${name}: ${ofOutput}, ${ofPoint}`).toBe(true)
    }
  })

  // At σ = 0 x is α x_0, at α = 0 it is σ z: what still shows both carries them over, exactly.
  const both = all.filter(({ _tag }) => ['velocity', 'flow', 'edm'].includes(_tag))
  it.each(ends)('%s: velocity, flow and EDM carry over data and noise', (_, level) => {
    const output = (parametrization: Parametrization.Parametrization): number =>
      // The published form divides by α, and loses all digits near both ends.
      Case.isMadeBy(Parametrization.edm)(parametrization) && level.alpha < 1e-100
        ? X0 / parametrization.sigmaData
        : Case.isMadeBy(Parametrization.edm)(parametrization) && level.sigma < 1e-100
          ? -Z
          : published(parametrization, level, X0, Z)
    const x = level.alpha * X0 + level.sigma * Z
    for (const from of both)
      for (const to of [...both, Parametrization.noise, Parametrization.data])
        close(
          Parametrization.convert(from, to)(level)([x], [output(from)])[0],
          output(to),
          1,
          `${Parametrization.show(from)} → ${Parametrization.show(to)}`
        )
  })

  it('what is hidden is taken as 0', () => {
    const noSignal = { alpha: 0, sigma: 2 }
    expect(Parametrization.conversionCoefficients(Parametrization.noise, Parametrization.data)(noSignal).ofPoint).toBe(
      0
    )
    expect(Parametrization.conversionWeight(Parametrization.noise, Parametrization.data)(noSignal)).toBe(Infinity)
    const noNoise = { alpha: 1, sigma: 0 }
    expect(Parametrization.conversionCoefficients(Parametrization.data, Parametrization.noise)(noNoise).ofPoint).toBe(0)
  })
})

describe('custom networks', () => {
  const mixture = Mixture.of({ means: [[1, 0], [-0.5, 2]], weights: [1, 2], variances: [0.4, 1.2] }) // prettier-ignore
  const x = { rows: 4, dim: 2, values: Key.normal(8)(Key.fromSeed(8)) }
  const exact = (level: Schedule.Level): Float64Array => pipe(mixture, Mixture.diffuse(level), Mixture.score(x)).values

  /** A network that knows the score of OU alone: it finds the time by α, and says the rest in its parametrization. */
  const student = (predicts: Parametrization.Parametrization): Score.Score<'none'> =>
    Score.custom({
      name: 'exact',
      shapes: () => ({ none: [] }),
      predicts,
      apply: (_, point, level) => {
        const alpha = toNdArray(level.alpha).values
        const own = { alpha: alpha[0], sigma: Math.sqrt(1 - alpha[0] ** 2) }
        const values = toNdArray(point).values
        const score = pipe(mixture, Mixture.diffuse(own), Mixture.score({ rows: 4, dim: 2, values })).values
        return fromNdArray({
          shape: [4, 2],
          values: Parametrization.convert(Parametrization.score, predicts)(own)(values, score)
        })
      }
    })
  const none = { none: { shape: [], values: Float64Array.of(0) } }

  it.each(all.map(predicts => ({ predicts, name: Parametrization.show(predicts) })))(
    'predicting $name have its score, and carry it to other schedules',
    ({ predicts }) => {
      const own = Score.evaluate(student(predicts), Schedule.ornsteinUhlenbeck)(none)(0.3)(x).values
      exact(pipe(Schedule.ornsteinUhlenbeck, Schedule.level(0.3))).forEach((s, i) => {
        close(own[i], s, 1)
      })
      for (const schedule of [Schedule.edm, Schedule.rectifiedFlow, Schedule.subVp(), Schedule.cosine()]) {
        const there = pipe(student(predicts), Score.convert(Schedule.ornsteinUhlenbeck))
        const found = Score.evaluate(there, schedule)(none)(0.4)(x).values
        exact(pipe(schedule, Schedule.level(0.4))).forEach((s, i) => {
          close(found[i], s, 10)
        })
      }
    }
  )
})

/** Of no degree: x_0 − σz. */
const mixed = Parametrization.define({
  name: 'mixed',
  about: 'the data, and as much of the noise as there is',
  meaning:
    () =>
    ({ sigma }) => ({ p: 1, q: -sigma })
})

it('a parametrization by define: prints what follows of it, and is refused where it says no more than x', () => {
  expect(Parametrization.formula(mixed)).toBe('Parametrization.mixed')
  expect(Parametrization.lossFormula(mixed)).toBe('|mixed(x_t) − (p x_0 + q z)|²')
  expect(Parametrization.weightFormula(Parametrization.score, mixed)).toBe('(Δ′/Δ)²')
  const empty = Parametrization.define({
    name: 'empty',
    about: 'x, twice as large',
    meaning:
      () =>
      ({ alpha, sigma }) => ({ p: 2 * alpha, q: 2 * sigma })
  })
  expect(Parametrization.problems(empty).map(Problem.show)).toEqual([
    'p, q of empty at α = 0.001, σ = 0.01: 0.002, 0.02 is not a direction of data and noise other than that of x, α q − σ p ≠ 0; ' +
      'return p and q of the output p x_0 + q z'
  ])
})

it('a parametrization by define: as one of ours says it, is it, up to both ends', () => {
  for (const ours of all) {
    const same = Parametrization.define({
      name: 'same',
      about: 'the direction alone',
      meaning: () => Parametrization.directionAt(ours)
    })
    for (const other of all)
      for (const level of [...levels, { alpha: 1, sigma: 0 }, { alpha: 0, sigma: 2 }]) {
        const hidden = Math.max(1, level.alpha && level.sigma && (level.alpha / level.sigma) ** 2, level.sigma ** 2)
        const label = `${Parametrization.show(ours)}, ${Parametrization.show(other)}, α = ${level.alpha}, σ = ${level.sigma}`
        const [found, wanted] = [same, ours].map(from => Parametrization.conversionCoefficients(from, other)(level))
        // What is the same is asked for first, and then nothing is hidden.
        if (Parametrization.show(ours) !== Parametrization.show(other)) {
          close(found.ofOutput, wanted.ofOutput, hidden, label)
          close(found.ofPoint, wanted.ofPoint, hidden, label)
        }
        const weights = [same, ours].map(from => Parametrization.conversionWeight(from, other)(level))
        if (Number.isFinite(weights[1]) && Parametrization.show(ours) !== Parametrization.show(other))
          close(weights[0] / weights[1] || 1, 1, hidden, label)
      }
  }
})

it('a parametrization by define: of no degree is carried to other schedules by data and noise', () => {
  const trained = Schedule.ornsteinUhlenbeck
  const to = Schedule.edm
  expect([Parametrization.degree(mixed), Parametrization.degree(Parametrization.velocity)]).toEqual([undefined, 1])
  // It knows N(0, 4) on its schedule: x̂_0 = 4αx/(4α² + σ²), ẑ = σx/(4α² + σ²).
  const student = Score.custom({
    name: 'normal',
    shapes: () => ({ none: [] }),
    predicts: mixed,
    apply: (_, x, level) => {
      const [alphas, sigmas] = [level.alpha, level.sigma].map(each => toNdArray(each).values)
      const values = toNdArray(x).values.map(
        (x, i) => ((4 * alphas[i] - sigmas[i] ** 2) * x) / (4 * alphas[i] ** 2 + sigmas[i] ** 2)
      )
      return fromNdArray({ shape: x.shape, values })
    }
  })
  const carried = pipe(student, Score.convert(trained))
  const at = Score.evaluate(carried, to)({ none: { shape: [], values: Float64Array.of(0) } })
  const { values } = at(3)({ rows: 2, dim: 1, values: Float64Array.of(-1, 2) })
  // s = −x/(4 + 3²)
  close(values[0], 1 / 13)
  close(values[1], -2 / 13)
})

/** What an integrand sees of the model, and the six objectives of examples/objectives.ts, each against what it is by mathematics. */
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import {
  consistency,
  distillation,
  implicit,
  selfConsistency,
  sliced,
  timeScore,
  timeScoreOf
} from '../../../examples/objectives.js'
import {
  add,
  div,
  matMul,
  mul,
  neg,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  tanh,
  toNdArray,
  type Tensor
} from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  Pipeline,
  type Points,
  Population,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import * as Density from '../../../src/laws/density.js'
import { plansAgree } from '../compile/plansAgree.js'

const schedule = Schedule.ornsteinUhlenbeck
const noiseOf = (points: Points.Points, seed: number): Points.Points => ({
  ...points,
  values: Key.normal(points.rows * points.dim)(Key.fromSeed(seed))
})
const points: Points.Points = {
  rows: 6,
  dim: 2,
  values: Float64Array.of(-2, 0.3, 1.7, -0.4, 2.2, 0.5, -1.9, -0.2, 0.6, 1.1, 0.1, -0.7),
  labels: Int32Array.of(0, 1, 2, -1, 1, 0)
}
const fixed = Expectation.fixed(noiseOf({ rows: 6, dim: 2, values: points.values }, 3))
const plain = Expectation.monteCarlo()

const plansOf = <P extends string>(
  score: Score.Score<P>,
  objective: Objective.Objective,
  on: Points.Points = points,
  expectation: Expectation.Expectation = plain
) => {
  const plans = Problem.orThrow(Compile.plans({ schedule, score, objective, expectation })(on))
  return plans
}

const gradientOf = <P extends string>(
  score: Score.Score<P>,
  objective: Objective.Objective,
  params: Params.Params<P>,
  on: Points.Points = points,
  expectation: Expectation.Expectation = plain,
  seed = 0
): ReadonlyArray<number> => {
  const [{ evaluate }] = plansOf(score, objective, on, expectation)
  return Object.values<Params.Params<P>[P]>(evaluate(params, Key.fromSeed(seed)).gradient).flatMap(({ values }) =>
    Array.from(values)
  )
}

const mixture = Score.isotropic({ components: 2 })
const full = Score.full({ components: 2 })
const network = Score.custom({
  name: 'own',
  shapes: dim => ({ into: [dim, 3], out: [3, dim] }),
  apply: ({ into, out }, x, { sigma }) => neg(div(matMul(tanh(matMul(x, into)), out), sigma))
})

const anywhere = <P extends string>(score: Score.Score<P>): Params.Params<P> =>
  Params.map<ReadonlyArray<number>, Params.Params<P>[P]>((shape, name) => {
    const size = shape.reduce((a, b) => a * b, 1)
    return { shape, values: Key.normal(size)(Key.named(name)(Key.fromSeed(7))[name]).map(z => 0.5 * z) }
  })(Score.shapes(2)(score))

const own = (
  perRow: Objective.Matching['perRow'],
  noiseLevels: NoiseLevels.NoiseLevels = NoiseLevels.at(0.5)
): Objective.Objective => Objective.custom('own', noiseLevels, perRow)

const squared = (x: Tensor): Tensor => sum(square(x), 1, true)

/** Something of everything. */
const everything = own(
  ({ score, output, outputTarget, clean, noisy, noise, noises, level, time, label, params, ...row }) => {
    const later = row.levelAt((t, of) => Math.min(2 * t, Schedule.endTime(of)))
    const moved = row.scoreAt(add(noisy, mul(0.1, noises(1)[0])), later)
    const there = row.outputAt(clean, 0.25)
    const [first] = Object.values(params)
    return add(
      add(squared(sub(stopGradient(score), moved)), mul(time, squared(sub(output, outputTarget)))),
      add(
        mul(label, add(row.divergence({ probes: 2, law: 'normal' }), row.divergence())),
        add(
          mul(
            row.ofTime(t => 1 / (1 + t)),
            squared(add(there, noise))
          ),
          mul(level.sigma, sum(square(first)))
        )
      )
    )
  },
  NoiseLevels.uniform(0.1, 1)
)

describe('plans agree', () => {
  const teacher = Score.spherical({ components: 2 })
  const scores: ReadonlyArray<Score.Score<string>> = [mixture, full, network]
  const cases: ReadonlyArray<readonly [string, Score.Score<string>, Objective.Objective]> = [
    ...scores.flatMap((score): ReadonlyArray<readonly [string, Score.Score<string>, Objective.Objective]> =>
      [implicit, sliced, consistency(0.9), selfConsistency(0.5), everything].map(objective => [
        `${Objective.show(objective)} of ${Score.show(score)}`,
        score,
        objective
      ])
    ),
    ['a time score', mixture, timeScore],
    ['a time score of full covariances', full, timeScore],
    [
      'a distillation',
      Score.spherical({ components: 1 }),
      distillation(teacher, Params.of({ means: [[1, 0], [-1, 0.5]] })) // prettier-ignore
    ]
  ]
  it.each(cases)('on %s', (_, score, objective) => {
    expect(plansOf(score, objective).map(({ engine }) => engine)).toEqual(['compiled', 'interpreted'])
    plansAgree({ schedule, score, objective, expectation: plain }, points)(anywhere(score), 5)
  })
})

describe('what is seen', () => {
  const valueOf = (perRow: Objective.Matching['perRow'], expectation = fixed): number =>
    plansOf(network, own(perRow), points, expectation)[0].evaluate(anywhere(network), Key.fromSeed(1)).value
  const mean = (f: (i: number) => number): number =>
    Array.from({ length: 6 }, (_, i) => f(i)).reduce((a, b) => a + b, 0) / 6

  it('is time, label and a number of the time', () => {
    expect(valueOf(({ time }) => time)).toBe(0.5)
    expect(valueOf(({ label }) => label)).toBe(mean(i => (points.labels ?? [])[i]))
    expect(valueOf(({ ofTime }) => ofTime(t => 3 * t))).toBe(1.5)
    expect(valueOf(({ levelAt }) => levelAt(0.25).alpha)).toBeCloseTo(Math.exp(-0.25), 14)
    expect(valueOf(({ levelAt }) => levelAt(t => t / 2).sigma)).toBeCloseTo(Math.sqrt(1 - Math.exp(-0.5)), 14)
  })

  it('is the score elsewhere, with its gradient', () => {
    // At its own point and level it is the score itself.
    const same = valueOf(({ score, scoreAt, noisy, level }) => squared(sub(score, scoreAt(noisy, level))))
    const timed = valueOf(({ score, scoreAt, noisy }) => squared(sub(score, scoreAt(noisy, 0.5))))
    expect([same, timed]).toEqual([0, 0])
    const here = gradientOf(
      network,
      own(({ score }) => squared(score)),
      anywhere(network),
      points,
      fixed
    )
    const there = gradientOf(
      network,
      own(({ scoreAt, noisy }) => squared(scoreAt(noisy, t => t))),
      anywhere(network),
      points,
      fixed
    )
    expect(there).toEqual(here)
    const held = own(({ score }) => squared(stopGradient(score)))
    expect(gradientOf(network, held, anywhere(network), points, fixed).every(g => g === 0)).toBe(true)
  })

  it('is the output, and what it is to match', () => {
    const { predicts, ...rest } = { predicts: Parametrization.noise, name: 'noise' }
    const score = Score.custom({
      ...rest,
      predicts,
      shapes: dim => ({ scale: [dim] }),
      apply: ({ scale }, x) => mul(scale, x)
    })
    const written = own(({ output, outputTarget }) => squared(sub(output, outputTarget)))
    const found = [written, Objective.denoising(NoiseLevels.at(0.5), Parametrization.noise)].map(
      objective =>
        plansOf(score, objective, points, fixed)[0].evaluate(Params.of({ scale: [0.3, 2] }), Key.fromSeed(0)).value
    )
    expect(Math.abs(found[0] / found[1] - 1)).toBeLessThan(1e-14)
  })

  it('is the divergence: random directions have its mean', () => {
    const error = own(({ divergence }) => sub(divergence({ law: 'normal' }), divergence()))
    const [{ evaluate }] = plansOf(network, error)
    const errors = Array.from({ length: 100 }, (_, seed) => evaluate(anywhere(network), Key.fromSeed(seed)).value)
    const average = errors.reduce((a, b) => a + b, 0) / errors.length
    const spread = Math.sqrt(errors.reduce((sum, e) => sum + (e - average) ** 2, 0) / errors.length ** 2)
    // Six standard errors, which a right one exceeds with probability 2e-9; and they do differ.
    expect(Math.abs(average)).toBeLessThan(6 * spread)
    expect(spread).toBeGreaterThan(1e-3)
  })

  it('is noise that is not the first, nor that of directions, each draw another', () => {
    const many = { rows: 20_000, dim: 1, values: new Float64Array(20_000) }
    const score = Score.spherical({ components: 1 })
    const moment = (perRow: Objective.Matching['perRow']): number =>
      plansOf(score, own(perRow), many)[0].evaluate(Params.of({ means: [[0]] }), Key.fromSeed(2)).value
    // Standard errors of means of 20 000: 1/√n, and √2/√n of the square.
    const drawn = ({ noise, noises, directions }: Objective.Row) => [
      noise,
      ...noises(3),
      ...directions({ probes: 2, law: 'normal' })
    ]
    for (let i = 1; i < 6; i++) {
      for (let j = 0; j < i; j++)
        expect(
          Math.abs(
            moment(row => {
              const all = drawn(row)
              return mul(all[i], all[j])
            })
          )
        ).toBeLessThan(6 / Math.sqrt(20_000))
      expect(Math.abs(moment(row => square(drawn(row)[i])) - 1)).toBeLessThan(9 / Math.sqrt(20_000))
    }
    // The first of many are those of few.
    const apart = ({ noises }: Objective.Row) => square(sub(noises(1)[0], noises(4)[0]))
    expect(moment(apart)).toBe(0)
    expect(
      refused(
        score,
        own(({ noises }) => noises(0.5)[0])
      )
    ).toMatch(/noises\(0.5\): no whole number from 1 on/)
  })
})

const refused = <P extends string>(
  score: Score.Score<P>,
  objective: Objective.Objective,
  expectation: Expectation.Expectation = plain
): string => {
  const plans = Compile.plans({ schedule, score, objective, expectation })(points)
  return E.isLeft(plans) ? plans.left.map(Problem.show).join('; ') : 'nothing'
}

it.each<[string, found: () => string, wanted: RegExp]>([
  [
    'entries that are looked at',
    () =>
      refused(
        network,
        own(({ score }) => mul(toNdArray(score).values[0] > 0 ? 1 : 2, squared(score)))
      ),
    /^objective: Objective.custom\("own", NoiseLevels.at\(0.5\), …\), which looks at the entries of a tensor, is not written in the tensor vocabulary alone, in which it is differentiated; choose by where, and hold constant by stopGradient$/
  ],
  [
    'a parameter that the score lacks, told with those it has',
    () =>
      refused(
        mixture,
        own(({ params }) => sum(params.slopes))
      ),
    /params\.slopes: the score has means/
  ],
  [
    'a density of what has none',
    () => refused(network, timeScore),
    /logDensityAt in .* is not of the score of a mixture, which has a density/
  ],
  ['a density of a mixture: nothing', () => refused(mixture, timeScore), /^nothing$/],
  [
    'noise that is not drawn again, for what draws more',
    () => refused(network, sliced, fixed),
    /is not plain noise drawn again, as is further noise/
  ],
  [
    'the same of directions',
    () =>
      refused(
        network,
        own(({ divergence }) => divergence({ probes: 1 })),
        fixed
      ),
    /as is the directions|directions of a divergence/
  ],
  ['the same of an exact divergence: nothing', () => refused(network, implicit, fixed), /^nothing$/],
  [
    'the same of labels that are left out',
    () => refused(network, Objective.labelDropout(0.1)(implicit), fixed),
    /the labels that are left out/
  ],
  [
    'a wrong shape',
    () =>
      refused(
        network,
        own(({ scoreAt, noisy }) => scoreAt(noisy, 0.1))
      ),
    /is of shape \[3, 2\], is not of shape/
  ]
])('is refused: %s', (_, found, wanted) => {
  expect(found()).toMatch(wanted)
})

it('labels are left out: with the probability that is said, row by row, anew each time', () => {
  const labelled = { rows: 20_000, dim: 1, values: new Float64Array(20_000), labels: new Int32Array(20_000) }
  const counted = Objective.labelDropout(0.25)(own(({ label }) => neg(label)))
  const [{ evaluate }] = plansOf(Score.spherical({ components: 1 }), counted, labelled)
  const shares = [1, 2].map(seed => evaluate(Params.of({ means: [[0]] }), Key.fromSeed(seed)).value)
  // Five standard errors of a share of 20 000.
  shares.forEach(share => {
    expect(Math.abs(share - 0.25)).toBeLessThan(5 * Math.sqrt((0.25 * 0.75) / 20_000))
  })
  expect(shares[0]).not.toBe(shares[1])
})

describe('an objective without noise', () => {
  const likelihood = Objective.define({
    name: 'ownLikelihood',
    about: 'written by hand',
    meaning: () => ({ perDatum: ({ logDensity }) => neg(logDensity()), moves: true, proper: true })
  })
  const size = Objective.define({
    name: 'size',
    about: 'of the data and a parameter',
    meaning: () => ({ perDatum: ({ clean, params }) => add(squared(clean), sum(square(Object.values(params)[0]))) })
  })

  it('is what is written, by every plan', () => {
    const [{ evaluate }] = plansOf(mixture, Objective.likelihood)
    const wanted = evaluate(anywhere(mixture), Key.fromSeed(0))
    const loss = { schedule, score: mixture, objective: likelihood, expectation: plain }
    plansAgree(loss, points)(anywhere(mixture), 0)
    const found = plansOf(mixture, likelihood)[0].evaluate(anywhere(mixture), Key.fromSeed(0))
    expect(Math.abs(found.value / wanted.value - 1)).toBeLessThan(1e-13)
    found.gradient.means.values.forEach((g, i) => {
      expect(Math.abs(g - wanted.gradient.means.values[i])).toBeLessThan(1e-13)
    })
  })

  it('asks for a density where it reads one', () => {
    expect(refused(network, likelihood)).toMatch(
      /ownLikelihood of .* is not of the score of a mixture, which has a density/
    )
    expect(refused(network, size)).toBe('nothing')
  })
})

// —— the six ——

const line = Score.isotropic({ components: 2 })
const onLine = Params.of({ means: [[0.9], [-0.6]], logits: [0.3, -0.2], logVariances: [-0.3, 0.1] })
const gaussians = [0, 1].map(k => {
  const weights = [Math.exp(0.3), Math.exp(-0.2)]
  return {
    weight: weights[k] / (weights[0] + weights[1]),
    mean: [onLine.means.values[k]],
    variance: Math.exp(onLine.logVariances.values[k])
  }
})

describe('consistency', () => {
  // N(0, v): the flow takes x_t to √(v/(α²v + σ²)) x_t; the mean of x_0 given x_t is αv/(α²v + σ²) x_t.
  const v = 2
  const jumping = (slope: (alpha: Tensor, spread: Tensor) => Tensor): Score.Score<'scale'> =>
    Score.custom({
      name: 'jump',
      shapes: () => ({ scale: [] }),
      apply: ({ scale }, x, { alpha, sigma }) => {
        const spread = add(mul(v, square(alpha)), square(sigma))
        return div(sub(mul(mul(alpha, scale), mul(slope(alpha, spread), x)), x), square(sigma))
      }
    })
  const flow = jumping((_, spread) => sqrt(div(v, spread)))
  const centre = jumping((alpha, spread) => div(mul(v, alpha), spread))
  const nodes = Density.hermiteRule(4)
  const exact = Density.pairWithNoiseNodes(
    Density.quadraturePoints([{ weight: 1, mean: [0], variance: v }], nodes),
    nodes
  )
  const slopeOf = (score: Score.Score<'scale'>, apart: number): number =>
    gradientOf(score, consistency(1 - apart), Params.of({ scale: 1 }), exact.points, Expectation.fixed(exact.noise))[0]

  it('is what the flow has, to second order in the step', () => {
    // Polynomials of degree 2, which the rule integrates exactly. The error left is of the next order: a tenth at 0.02.
    const ofFlow = slopeOf(flow, 0.04) / slopeOf(flow, 0.02)
    const ofCentre = slopeOf(centre, 0.04) / slopeOf(centre, 0.02)
    expect(Math.abs(ofFlow - 4)).toBeLessThan(0.4)
    expect(Math.abs(ofCentre - 2)).toBeLessThan(0.2)
  })
})

describe('distillation', () => {
  const student = Score.spherical({ components: 1 })
  const alpha = Math.exp(-0.3)

  it('from a Gaussian is half the squared distance, row by row', () => {
    const teacher = Score.spherical({ components: 1 })
    const objective = distillation(teacher, Params.of({ means: [[1, -2]] }))
    const found = gradientOf(student, objective, Params.of({ means: [[0.25, 1]] }))
    // KL(N(αm, I) | N(αc, I)) = α²|m − c|²/2.
    const wanted = [alpha * alpha * (0.25 - 1), alpha * alpha * (1 + 2)]
    found.forEach((g, i) => {
      expect(Math.abs(g - wanted[i])).toBeLessThan(1e-14 * 20)
    })
  })
})

/** log p(x, t) of the mixture on the line, by the textbook. */
const logDensityAt = (time: number, x: number): number => {
  const { alpha, sigma } = Schedule.level(time)(schedule)
  return Math.log(
    gaussians.reduce((sum, { weight, mean: [m], variance }) => {
      const u = alpha * alpha * variance + sigma * sigma
      return sum + (weight * Math.exp(-((x - alpha * m) ** 2) / (2 * u))) / Math.sqrt(2 * Math.PI * u)
    }, 0)
  )
}

it('a time score is the slope of the log-density in time, where x stays', () => {
  const objective = own(row => timeScoreOf(row))
  for (const x of [-1.5, 0.2, 2]) {
    // A mixture of two asks for two rows.
    const still = { rows: 2, dim: 1, values: new Float64Array(2).fill(x / Math.exp(-0.5)) }
    const noise = Expectation.fixed({ rows: 2, dim: 1, values: new Float64Array(2) })
    const h = 1e-5
    const wanted = (logDensityAt(0.5 + h, x) - logDensityAt(0.5 - h, x)) / (2 * h)
    plansOf(line, objective, still, noise).forEach(({ evaluate }) => {
      // Central differences are off by h² and 2⁻⁵²/h: 1e-10.
      expect(Math.abs(evaluate(onLine, Key.fromSeed(0)).value - wanted)).toBeLessThan(1e-8)
    })
  }
})

describe('self-consistency', () => {
  /** The mean gradient over draws, in standard errors. */
  const errorsOf = (objective: Objective.Objective): number => {
    const [{ evaluate }] = plansOf(line, objective, Density.quadraturePoints(gaussians, Density.equalStepRule(60)))
    const draws = Array.from({ length: 400 }, (_, seed) => {
      const { means, logits, logVariances } = evaluate(onLine, Key.fromSeed(seed)).gradient
      return [means, logits, logVariances].flatMap(({ values }) => Array.from(values))
    })
    return draws[0].reduce((most, _, k) => {
      const average = draws.reduce((sum, g) => sum + g[k], 0) / draws.length
      const variance = draws.reduce((sum, g) => sum + (g[k] - average) ** 2, 0) / draws.length
      return Math.max(most, Math.abs(average) / Math.sqrt(variance / draws.length))
    }, 0)
  }

  it('has no slope at the truth; without the factor 1/r it has', () => {
    const without = own(({ clean, noise, noises, level, levelAt, scoreAt }) => {
      const before = levelAt(0.4)
      const ratio = div(level.alpha, before.alpha)
      const less = add(mul(before.alpha, clean), mul(before.sigma, noise))
      const added = sqrt(sub(square(level.sigma), square(mul(ratio, before.sigma))))
      const more = add(mul(ratio, less), mul(added, noises(1)[0]))
      return squared(sub(scoreAt(more, level), stopGradient(scoreAt(less, before))))
    }, NoiseLevels.at(0.8))
    // Of six numbers, one beyond 5.5 standard errors has probability 2e-7.
    expect(errorsOf(selfConsistency(0.5))).toBeLessThan(5.5)
    expect(errorsOf(without)).toBeGreaterThan(10)
  })
})

describe('without noise', () => {
  const one = Score.spherical({ components: 1 })
  const at = Params.of({ means: [[0.4, -1]] })

  it('a row is that of the data, and nothing of the noise is drawn', () => {
    // Of N(m, I): |s|² + 2 div s = |m − x|² − 2d.
    const off = (x: ArrayLike<number>): number =>
      Array.from({ length: 6 }, (_, i) => (0.4 - x[2 * i]) ** 2 + (-1 - x[2 * i + 1]) ** 2 - 4).reduce((a, b) => a + b)
    for (const objective of [
      Objective.implicit(NoiseLevels.clean),
      own(({ score, divergence }) => add(squared(score), mul(2, divergence())), NoiseLevels.clean),
      own(({ clean, level, scoreAt }) => sub(squared(scoreAt(clean, level)), 4), NoiseLevels.clean)
    ])
      for (const { engine, evaluate } of plansOf(one, objective))
        for (const seed of [0, 1])
          expect(evaluate(at, Key.fromSeed(seed)).value, engine).toBeCloseTo(off(points.values) / 6, 13)
    // So a rule that needs the same loss at every step is served, which noise refuses.
    const pipeline = (noiseLevels: NoiseLevels.NoiseLevels) =>
      Pipeline.of({
        schedule,
        score: one,
        initializer: Initializer.values(at),
        stages: [Stage.descend({ objective: Objective.implicit(noiseLevels), optimizer: Optimizer.lbfgs(), steps: 20 })]
      })
    const program = Problem.orThrow(Compile.pipeline(pipeline(NoiseLevels.clean))(points))
    const mean = [0, 1].map(axis => [0, 1, 2, 3, 4, 5].reduce((sum, i) => sum + points.values[2 * i + axis] / 6, 0))
    Run.last(program)(Key.fromSeed(0)).params.means.values.forEach((m, axis) => {
      expect(m).toBeCloseTo(mean[axis], 10)
    })
    expect(E.isLeft(Compile.pipeline(pipeline(NoiseLevels.at(0.3)))(points))).toBe(true)
  })

  it('a population is met where it is', () => {
    const loss = Population.loss({
      score: one,
      objective: Objective.fisherDivergence(Mixture.of({ means: [[0, 0]] }), NoiseLevels.clean)
    })
    expect(loss.evaluate(at).value).toBeCloseTo(0.4 ** 2 + 1, 12)
  })

  it('what reads the noise is refused, and a schedule that begins with some', () => {
    expect(
      refused(
        one,
        own(({ score, noise }) => squared(sub(score, noise)), NoiseLevels.clean)
      )
    ).toMatch(/which reads noise, is not a function of the data without noise; read clean, score and noises\(k\)/)
    expect(refused(one, Objective.denoising(NoiseLevels.clean))).toMatch(
      /noiseLevels: NoiseLevels.clean is not a law with noise, which this loss has as its target; use Objective.implicit/
    )
    expect(
      Objective.problems(Schedule.varianceExploding())(Objective.implicit(NoiseLevels.clean)).map(Problem.show)
    ).toEqual([
      'noiseLevels: NoiseLevels.clean on Schedule.varianceExploding({ sigmaMin: 0.01, sigmaMax: 50 }) is not of a schedule whose time 0 has no noise; use NoiseLevels.at(0), the least noise of this one'
    ])
  })
})

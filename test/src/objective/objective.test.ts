/** Objectives: in any parametrization, under any weighting, estimated, regularized, varied; against independent sums. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { add, matMul, mul, neg, square, sub, sum, tanh } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Key,
  Mixture,
  Parametrization,
  Params,
  Points,
  Problem,
  Schedule,
  Score,
  TimeLaw,
  Weighting
} from '../../../src/index.js'
import * as Objective from '../../../src/objective/index.js'
import { isSlow, spread } from '../../cases.js'

const rows = 6
const points: Points.Points = {
  rows,
  dim: 2,
  values: Key.normal(2 * rows)(Key.fromSeed(1)).map(x => 1.3 * x),
  weights: Float64Array.of(1, 2, 0, 1, 3, 1)
}
const noise = { rows, dim: 2, values: Key.normal(2 * rows)(Key.fromSeed(2)) }
const fixed = Expectation.fixed(noise)

const evaluate = <P extends string>(
  score: Score.Score<P>,
  objective: Objective.Objective,
  expectation: Expectation.Expectation = fixed,
  schedule: Schedule.Schedule = Schedule.ornsteinUhlenbeck,
  data: Points.Points = points
): ((params: Params.Params<P>, seed?: number) => { readonly value: number; readonly gradient: Params.Params<P> }) => {
  const compiled = Problem.orThrow(pipe(data, Compile.valueAndGrad({ schedule, score, objective, expectation })))
  return (params, seed = 0) => compiled(params, Key.fromSeed(seed))
}

const flat = <P extends string>(params: Params.Params<P>): number[] =>
  Object.values<{ readonly values: Float64Array }>(params).flatMap(({ values }) => Array.from(values))

const mixtureParams = Params.of({
  means: [
    [1, -0.4],
    [-0.7, 1.5]
  ],
  logits: [0.3, -0.5],
  logVariances: [-0.6, 0.4]
})
const isotropic = Score.isotropic({ components: 2 })

/** A network that is no mixture, in whatever parametrization. */
const student = (predicts?: Parametrization.Parametrization): Score.Score<'matrix' | 'offset'> =>
  Score.custom({
    name: 'student',
    shapes: dim => ({ matrix: [dim, dim], offset: [dim] }),
    apply: ({ matrix, offset }, x, { alpha }) => neg(add(matMul(tanh(x), matrix), mul(alpha, mul(offset, x)))),
    ...(predicts && { predicts })
  })
const studentParams = Params.of({
  matrix: [
    [0.7, -0.2],
    [0.4, 1.1]
  ],
  offset: [0.3, -0.8]
})

const parametrizations: ReadonlyArray<Parametrization.Parametrization> = [
  Parametrization.score,
  Parametrization.noise,
  Parametrization.data,
  Parametrization.velocity,
  Parametrization.flow,
  Parametrization.edm({ sigmaData: 0.7 })
]

/** What each says of data and noise, as published. */
const published = (
  p: Parametrization.Parametrization,
  { alpha, sigma }: Schedule.Level,
  x0: number,
  z: number
): number => {
  const s = sigma / alpha
  const { sigmaData: d = NaN } = p as { readonly sigmaData?: number }
  const of: Readonly<Record<string, number>> = {
    score: -z / sigma,
    noise: z,
    data: x0,
    velocity: alpha * z - sigma * x0,
    flow: z - x0,
    edm: (x0 - (d ** 2 / (s ** 2 + d ** 2)) * (x0 + s * z)) / ((s * d) / Math.hypot(s, d))
  }
  return of[p._tag]
}

/** The weighted mean over rows of |y(x_t) − (p x_0 + q z)|², from the score of the mixture. */
const denoisingBySum = (parametrization: Parametrization.Parametrization, level: Schedule.Level): number => {
  const mixture = pipe(Score.toMixture(isotropic)(mixtureParams), found =>
    found._tag === 'Some' ? found.value : Mixture.symmetricPair([0, 0])
  )
  const noisy = points.values.map((x, i) => level.alpha * x + level.sigma * noise.values[i])
  const score = pipe(mixture, Mixture.diffuse(level), Mixture.score({ rows, dim: 2, values: noisy })).values
  const weights = Points.weightsOf(points)
  return points.values.reduce((sum, x0, i) => {
    const epsilon = -level.sigma * score[i]
    const data = (noisy[i] - level.sigma * epsilon) / level.alpha
    const error =
      published(parametrization, level, data, epsilon) - published(parametrization, level, x0, noise.values[i])
    return sum + weights[Math.floor(i / 2)] * error ** 2
  }, 0)
}

describe.each(
  parametrizations.map(parametrization => ({ parametrization, name: Parametrization.show(parametrization) }))
)('denoising in $name', ({ parametrization }) => {
  it.each([Schedule.ornsteinUhlenbeck, Schedule.edm, Schedule.rectifiedFlow].map(s => ({ s, name: Schedule.show(s) })))(
    'is the squared error of what is predicted, on $name',
    ({ s: schedule }) => {
      const { value } = evaluate(
        isotropic,
        Objective.denoising(TimeLaw.at(0.4), parametrization),
        fixed,
        schedule
      )(mixtureParams)
      const wanted = denoisingBySum(parametrization, pipe(schedule, Schedule.level(0.4)))
      expect(Math.abs(value / wanted - 1)).toBeLessThan(1e-12)
    }
  )

  it.each(parametrizations.map(predicts => ({ predicts, of: Parametrization.show(predicts) })))(
    'of a network that predicts $of: its score gives the same loss, and the gradient is that of differences',
    ({ predicts }) => {
      const objective = Objective.denoising(TimeLaw.uniform(0.2, 1), parametrization)
      const at = evaluate(student(predicts), objective)
      // The same network as a score: its loss is computed as one.
      const own = Score.interpret(student(predicts))
      const asScore = Score.custom({ name: 'as score', shapes: own.shapes, apply: own.score })
      const { value, gradient } = at(studentParams)
      const other = evaluate(asScore, objective)(studentParams)
      expect(Math.abs(value / other.value - 1)).toBeLessThan(1e-11)
      const difference = (name: 'matrix' | 'offset', entry: number): number => {
        const h = 1e-5
        const moved = (by: number): Params.Params<'matrix' | 'offset'> => ({
          ...studentParams,
          [name]: {
            ...studentParams[name],
            values: studentParams[name].values.map((v, i) => (i === entry ? v + by : v))
          }
        })
        return (at(moved(h)).value - at(moved(-h)).value) / (2 * h)
      }
      for (const [name, entry] of [
        ['matrix', 1],
        ['offset', 0]
      ] as const) {
        const found = gradient[name].values[entry]
        const wanted = difference(name, entry)
        expect(Math.abs(found - wanted)).toBeLessThan(1e-7 * (value + Math.abs(wanted)))
      }
    }
  )
})

it('the score form is the default, in words and in bits', () => {
  const law = TimeLaw.at(0.4)
  expect(Objective.implicit(law, { divergence: 'exact' })).toEqual(Objective.implicit(law))
  expect(evaluate(isotropic, Objective.denoising(law))(mixtureParams)).toEqual(
    evaluate(isotropic, Objective.denoising(law, Parametrization.score))(mixtureParams)
  )
})

it('where the network predicts what the loss is written in, both ends of a schedule are safe', () => {
  const end = Objective.denoising(TimeLaw.at(1), Parametrization.velocity)
  const { value, gradient } = evaluate(
    student(Parametrization.velocity),
    end,
    fixed,
    Schedule.rectifiedFlow
  )(studentParams)
  expect(Number.isFinite(value) && flat(gradient).every(Number.isFinite)).toBe(true)
  const start = Objective.denoising(TimeLaw.at(1e-12), Parametrization.noise)
  expect(Number.isFinite(evaluate(student(Parametrization.noise), start)(studentParams).value)).toBe(true)
})

describe('weightings', () => {
  const nodes = [
    { time: 0.2, weight: 0.5 },
    { time: 0.6, weight: 2 }
  ]
  const weightings = [
    Weighting.constant(0.3),
    Weighting.snr,
    Weighting.truncatedSnr(),
    Weighting.minSnr({ gamma: 1 }),
    Weighting.softMinSnr({ gamma: 1 }),
    Weighting.edm(),
    Weighting.sigmoid(),
    Weighting.likelihood,
    Weighting.noiseVariance
  ]
  const forms: ReadonlyArray<(law: TimeLaw.TimeLaw) => Objective.Objective> = [
    law => Objective.denoising(law),
    law => Objective.denoising(law, Parametrization.data),
    law => Objective.implicit(law)
  ]
  it.runIf(isSlow)('multiply the loss of each level', () => {
    const off = [Schedule.ornsteinUhlenbeck, Schedule.rectifiedFlow].flatMap(schedule =>
      forms.flatMap(form => {
        const apart = nodes.map(({ time, weight }) => {
          const { value, gradient } = evaluate(isotropic, form(TimeLaw.at(time)), fixed, schedule)(mixtureParams)
          return { time, weight, numbers: [value, ...flat(gradient)] }
        })
        return weightings.flatMap(weighting => {
          const at = Weighting.interpret(schedule)(weighting)
          const objective = Objective.weight(-2)(Objective.weight(weighting)(form(TimeLaw.nodes(nodes))))
          const { value, gradient } = evaluate(isotropic, objective, fixed, schedule)(mixtureParams)
          const wanted = [value, ...flat(gradient)].map((_, i) =>
            apart.reduce((sum, { time, weight, numbers }) => sum - 2 * weight * at(time) * numbers[i], 0)
          )
          const most = Math.max(...[value, ...flat(gradient)].map((x, i) => Math.abs(x - wanted[i])))
          return most < 1e-12 * (1 + Math.abs(wanted[0])) && Math.abs(value / wanted[0] - 1) < 1e-12
            ? []
            : [`${Weighting.show(weighting)} of ${Objective.show(form(TimeLaw.at(1)))} on ${Schedule.show(schedule)}`]
        })
      })
    )
    expect(off).toEqual([])
  })

  it('multiply one another, and reach each row’s own time', () => {
    const law = TimeLaw.stratified(TimeLaw.uniform(0.2, 1))
    const both = Objective.weight(Weighting.snr)(Objective.weight(Weighting.noiseVariance)(Objective.denoising(law)))
    // SNR σ² = α², as a loss of one's own on the same draws says it.
    const own = Objective.custom('own', law, ({ score, target, level }) =>
      mul(square(level.alpha), sum(square(sub(score, target)), 1, true))
    )
    for (const expectation of [Expectation.monteCarlo({ draws: 2 }), fixed]) {
      const [found, wanted] = [both, own].map(objective =>
        evaluate(isotropic, objective, expectation)(mixtureParams, 5)
      )
      expect(Math.abs(found.value / wanted.value - 1)).toBeLessThan(1e-12)
      flat(found.gradient).forEach((g, i) => {
        expect(Math.abs(g - flat(wanted.gradient)[i])).toBeLessThan(1e-12 * (1 + wanted.value))
      })
    }
  })
})

/** Two-sided: a right estimator fails one comparison with probability 6e-7. */
const DEVIATIONS = 5

interface Moments {
  readonly mean: ReadonlyArray<number>
  readonly variance: ReadonlyArray<number>
}

/** Of value and gradient together, over keys. */
const moments = <P extends string>(
  at: ReturnType<typeof evaluate<P>>,
  params: Params.Params<P>,
  repeats: number
): Moments => {
  const samples = Array.from({ length: repeats }, (_, seed) => {
    const { value, gradient } = at(params, seed)
    return [value, ...flat(gradient)]
  })
  const mean = samples[0].map((_, j) => samples.reduce((sum, sample) => sum + sample[j], 0) / repeats)
  return {
    mean,
    variance: mean.map((m, j) => samples.reduce((sum, sample) => sum + (sample[j] - m) ** 2, 0) / (repeats - 1))
  }
}

const sameMean = (a: Moments, b: Moments, repeats: number): void => {
  a.mean.forEach((m, j) => {
    const error = Math.sqrt((a.variance[j] + b.variance[j]) / repeats)
    expect(Math.abs(m - b.mean[j]), `entry ${j}: ${m} and ${b.mean[j]} ± ${error}`).toBeLessThan(
      DEVIATIONS * error + 1e-9
    )
  })
}

describe('estimated divergences', () => {
  const law = TimeLaw.at(0.3)
  const repeats = 600
  const random = Expectation.monteCarlo()
  const estimates = (['hutchinson', 'sliced'] as const).flatMap(divergence =>
    (['rademacher', 'normal'] as const).flatMap(law => [1, 2].map(probes => ({ divergence, law, probes })))
  )

  describe('in the mean', () => {
    let exact: Moments
    beforeAll(() => {
      exact = moments(evaluate(student(), Objective.implicit(law), random), studentParams, repeats)
    })

    it.each(spread(8)(estimates))('$divergence, $probes $law: the mean of the exact one', options => {
      const at = evaluate(student(), Objective.implicit(law, options), random)
      sameMean(moments(at, studentParams, repeats), exact, repeats)
    })
  })

  it.runIf(isSlow)('of a network with a parametrization, and of a mixture, are of their score', () => {
    const options = { divergence: 'hutchinson', probes: 3 } as const
    for (const [found, wanted] of [
      [
        moments(
          evaluate(student(Parametrization.velocity), Objective.implicit(law, options), random),
          studentParams,
          200
        ),
        moments(evaluate(student(Parametrization.velocity), Objective.implicit(law), random), studentParams, 200)
      ],
      [
        moments(evaluate(isotropic, Objective.implicit(law, options), random), mixtureParams, 200),
        moments(evaluate(isotropic, Objective.implicit(law), random), mixtureParams, 200)
      ]
    ])
      sameMean(found, wanted, 200)
  })

  it('share the noise with the exact one, and are as exact with one direction for a multiple of the identity', () => {
    // s = −x in one dimension: v·∂s v = −v² = −1 with v = ±1.
    const one = Score.custom({
      name: 'normal',
      shapes: () => ({ scale: [] }),
      apply: ({ scale }, x) => neg(mul(scale, x))
    })
    const data = { rows: 5, dim: 1, values: Float64Array.of(1, 2, -1, 0, 3) }
    const at = (objective: Objective.Objective): number =>
      evaluate(one, objective, random, Schedule.ornsteinUhlenbeck, data)(Params.of({ scale: 0.8 }), 3).value
    expect(at(Objective.implicit(law, { divergence: 'hutchinson' }))).toBeCloseTo(at(Objective.implicit(law)), 13)
    expect(at(Objective.implicit(law, { divergence: 'hutchinson', law: 'normal' }))).not.toBeCloseTo(
      at(Objective.implicit(law)),
      3
    )
  })
})

describe('regularizers', () => {
  const penalty = (objective: Objective.Objective): number => evaluate(isotropic, objective)(mixtureParams).value
  const pull = Params.of({ logVariances: [0.4, 0.4] })
  const cases: ReadonlyArray<readonly [Objective.Objective, number, string]> = [
    [
      Objective.regularizer({ norm: 'l2' }),
      1 + 0.16 + 0.49 + 2.25 + 0.09 + 0.25 + 0.36 + 0.16,
      "Objective.regularizer({ norm: 'l2' })"
    ],
    [
      Objective.regularizer({ norm: 'l1', parameters: ['means', 'logits'] }),
      1 + 0.4 + 0.7 + 1.5 + 0.3 + 0.5,
      "Objective.regularizer({ norm: 'l1', parameters: ['means', 'logits'] })"
    ],
    [
      Objective.regularizer({ norm: 'l2', towards: pull }),
      1,
      "Objective.regularizer({ norm: 'l2', towards: Params.of({ logVariances: [0.4,0.4] }) })"
    ],
    [
      Objective.regularizer({ norm: 'l1', smoothing: 0.3, parameters: ['logits'] }),
      Math.hypot(0.3, 0.3) - 0.3 + Math.hypot(0.5, 0.3) - 0.3,
      "Objective.regularizer({ norm: 'l1', smoothing: 0.3, parameters: ['logits'] })"
    ]
  ]
  it.each(cases.map(([objective, wanted, code]) => ({ objective, wanted, code })))(
    '$code',
    ({ objective, wanted, code }) => {
      expect(Objective.show(objective)).toBe(code)
      expect(penalty(objective)).toBeCloseTo(wanted, 13)
      const at = evaluate(isotropic, objective)
      const { gradient } = at(mixtureParams)
      for (const name of ['means', 'logits', 'logVariances'] as const)
        mixtureParams[name].values.forEach((_, entry) => {
          const h = 1e-6
          const moved = (by: number): typeof mixtureParams => ({
            ...mixtureParams,
            [name]: {
              ...mixtureParams[name],
              values: mixtureParams[name].values.map((v, i) => (i === entry ? v + by : v))
            }
          })
          const difference = (at(moved(h)).value - at(moved(-h)).value) / (2 * h)
          // √ at 0 is not differentiable: logVariances[1] is at its centre, where the slope is 0.
          expect(Math.abs(gradient[name].values[entry] - difference)).toBeLessThan(1e-8)
        })
    }
  )

  it('have slope 0 where they are least, however sharp', () => {
    const zero = Params.zeros(Params.shapes(mixtureParams))
    const { value, gradient } = evaluate(isotropic, Objective.regularizer({ norm: 'l1' }))(zero)
    expect([value, ...flat(gradient)]).toEqual(new Array(9).fill(0))
  })

  it('leave a deterministic objective deterministic', () => {
    const at = evaluate(isotropic, Objective.regularizer({ norm: 'l2' }), Expectation.monteCarlo())
    expect(at(mixtureParams, 1)).toEqual(at(mixtureParams, 2))
  })
})

describe('problems', () => {
  interface Case {
    readonly objective: Objective.Objective
    readonly expectation?: Expectation.Expectation
    readonly schedule?: Schedule.Schedule
    readonly wanted: ReadonlyArray<string>
  }
  const law = TimeLaw.at(0.3)
  const cases: Readonly<Record<string, Case>> = {
    'a likelihood under a weighting': {
      objective: Objective.weight(Weighting.snr)(
        Objective.sum([Objective.weight(2)(Objective.likelihood), Objective.regularizer({ norm: 'l2' })])
      ),
      wanted: [
        'objective.weight: Weighting.snr of Objective.likelihood is not a number, as a term without noise levels needs; weight it by a number of its own',
        "objective.weight: Weighting.snr of Objective.regularizer({ norm: 'l2' }) is not a number, as a term without noise levels needs; weight it by a number of its own"
      ]
    },
    'a likelihood under a constant': {
      objective: Objective.weight(Weighting.constant(2))(Objective.likelihood),
      wanted: []
    },
    'data where there are none': {
      objective: Objective.denoising(TimeLaw.at(1), Parametrization.data),
      schedule: Schedule.rectifiedFlow,
      wanted: [
        'objective.timeLaw: the weight Infinity at time 1 is not finite; keep clear of the end of the schedule, or weigh it otherwise'
      ]
    },
    'an infinite diffusion': {
      objective: Objective.weight(Weighting.likelihood)(Objective.implicit(TimeLaw.at(1))),
      schedule: Schedule.rectifiedFlow,
      wanted: [
        'objective.timeLaw: the weight Infinity at time 1 is not finite; keep clear of the end of the schedule, or weigh it otherwise'
      ]
    },
    'an estimate under a projection': {
      objective: Objective.implicit(law, { divergence: 'hutchinson' }),
      expectation: Expectation.projected(),
      wanted: [
        "expectation: Expectation.projected() of Objective.implicit(TimeLaw.at(0.3), { divergence: 'hutchinson', probes: 1, law: 'rademacher' }) is not plain noise, without which the divergence is exact; leave out divergence, or use Expectation.monteCarlo()"
      ]
    },
    'an estimate under fixed noise': {
      objective: Objective.implicit(law, { divergence: 'sliced', law: 'normal' }),
      wanted: [
        "expectation: Expectation.fixed(6 × 2 noise) of Objective.implicit(TimeLaw.at(0.3), { divergence: 'sliced', probes: 1, law: 'normal' }) is not plain noise drawn again, as the directions are; leave out divergence, or use Expectation.monteCarlo()"
      ]
    },
    'unknown parameters': {
      objective: Objective.regularizer({
        norm: 'l2',
        parameters: ['mean', 'logits'],
        towards: Params.of({ weights: [1], logits: [1] })
      }),
      wanted: [
        'objective.parameters: mean is not a parameter of Score.isotropic({ components: 2 }), which has means, logits, logVariances; leave it out',
        'objective.towards: weights is not a parameter of Score.isotropic({ components: 2 }), which has means, logits, logVariances; leave it out',
        'objective.towards.logits: shape [1] is not of shape [2]; reshape it to fit the score and the data'
      ]
    }
  }
  it.each(Object.keys(cases))('%s', name => {
    const { objective, expectation = fixed, schedule = Schedule.ornsteinUhlenbeck, wanted } = cases[name]
    const found = pipe(
      points,
      Compile.plans({ schedule, score: isotropic, objective, expectation }),
      E.match(
        problems => problems.map(Problem.show),
        () => []
      )
    )
    expect(found).toEqual(wanted)
  })
})

it('an integrand of one’s own is what is computed, whatever its definition declares beside it', () => {
  const timeLaw = TimeLaw.at(0.3)
  const weighed = ({ score, target, level }: Objective.Row) =>
    mul(sum(square(sub(score, target)), 1, true), level.sigma)
  const plain = Objective.custom('plain', timeLaw, weighed)
  const form = { timeLaw, perRow: weighed, kernel: 'denoising' as const }
  const declared = Objective.define({ name: 'declared', about: 'said to be another', meaning: () => form })
  // Unit rows: one number at the closed form's plan, as in a plan of any other engine.
  const [found, wanted] = [declared, plain].map(objective => evaluate(isotropic, objective)(mixtureParams))
  expect(found.value).toBeCloseTo(wanted.value, 12)
  flat(found.gradient).forEach((g, i) => {
    expect(g).toBeCloseTo(flat(wanted.gradient)[i], 12)
  })
  const likelihood = Objective.define({
    name: 'halfLikelihood',
    about: 'half of it',
    meaning: () => {
      const half = {
        perDatum: ({ logDensity }: Objective.Datum) => mul(-0.5, logDensity()),
        kernel: 'likelihood' as const
      }
      return half
    }
  })
  expect(evaluate(isotropic, likelihood)(mixtureParams).value).toBeCloseTo(
    evaluate(isotropic, Objective.likelihood)(mixtureParams).value / 2,
    12
  )
  expect(Objective.subject(Schedule.ornsteinUhlenbeck)(likelihood)).toBe('another')
  expect(Objective.subject(Schedule.ornsteinUhlenbeck)(declared)).toBe('another')
})

describe('descriptions', () => {
  const law = TimeLaw.at(0.3)
  const described: ReadonlyArray<readonly [Objective.Objective, string]> = [
    [Objective.denoising(law, Parametrization.data), 'E |x̂_0(x_t) − x_0|² = E [σ⁴ / α²] |s(x_t) + z/σ|², at t = 0.3'],
    [
      Objective.implicit(law, { divergence: 'sliced', probes: 2 }),
      'E [(v·s(x_t))² + 2 v·∂s(x_t)v], 2 rademacher v, at t = 0.3'
    ],
    [
      Objective.weight(Weighting.minSnr())(Objective.denoising(law, Parametrization.data)),
      'min(SNR, 5) · (E |x̂_0(x_t) − x_0|² = E [σ⁴ / α²] |s(x_t) + z/σ|², at t = 0.3)'
    ],
    [Objective.weight(0.5)(Objective.regularizer({ norm: 'l1' })), '0.5 · (|θ|_1)'],
    [
      Objective.regularizer({ norm: 'l1', smoothing: 0.1, towards: Params.of({ mean: [1, -0] }) }),
      'Σ √((mean − θ_0)² + 0.1²) − 0.1'
    ]
  ]
  it.each(described.map(([objective, formula]) => ({ objective, formula, code: Objective.show(objective) })))(
    '$code',
    ({ objective, formula }) => {
      expect(Objective.formula(objective)).toBe(formula)
    }
  )

  it('another time law takes the place of every one', () => {
    const objective = Objective.sum([
      Objective.denoising(law),
      Objective.weight(Weighting.snr)(Objective.denoising(law, Parametrization.flow)),
      Objective.regularizer({ norm: 'l2' })
    ])
    expect(Objective.show(Objective.retimed(TimeLaw.at(2))(objective))).toBe(
      Objective.show(objective).replaceAll('0.3', '2')
    )
  })
})

it('importance-sampled times give the loss of their target', () => {
  const target = TimeLaw.likelihood({ until: 2, nodes: 40, leastVariance: 0.3 })
  const importance = TimeLaw.importance({
    proposal: TimeLaw.stratified(TimeLaw.logitNormal({ mean: -1, deviation: 1.6, until: 2 })),
    target
  })
  const objective = (law: TimeLaw.TimeLaw): Objective.Objective => Objective.implicit(law)
  const random = Expectation.projected()
  const of = (law: TimeLaw.TimeLaw): Moments => moments(evaluate(isotropic, objective(law), random), mixtureParams, 50)
  sameMean(of(importance), of(target), 50)
  // Under fixed noise it is the target's own rule.
  expect(evaluate(isotropic, objective(importance))(mixtureParams)).toEqual(
    evaluate(isotropic, objective(target))(mixtureParams)
  )
})

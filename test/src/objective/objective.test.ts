/** Objectives: in any parametrization, under any weighting, estimated, regularized, varied; against independent sums. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
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
  NoiseLevels,
  Weighting
} from '../../../src/index.js'
import * as OfExpectation from '../../../src/objective/expectation.js'
import * as Objective from '../../../src/objective/index.js'
import { published } from '../schedule/published.js'

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
        Objective.denoising(NoiseLevels.at(0.4), parametrization),
        fixed,
        schedule
      )(mixtureParams)
      const wanted = denoisingBySum(parametrization, pipe(schedule, Schedule.level(0.4)))
      expect(Math.abs(value / wanted - 1)).toBeLessThan(1e-12)
    }
  )

  it.each(parametrizations.map(predicts => ({ predicts, of: Parametrization.show(predicts) })))(
    'of a network that predicts $of is that of its score, with its gradient',
    ({ predicts }) => {
      const objective = Objective.denoising(NoiseLevels.uniform(0.2, 1), parametrization)
      // The same network as a score: its loss is computed as one.
      const own = Score.interpret(student(predicts))
      const asScore = Score.custom({ name: 'as score', shapes: own.shapes, apply: own.score })
      const found = evaluate(student(predicts), objective)(studentParams)
      const wanted = evaluate(asScore, objective)(studentParams)
      expect(Math.abs(found.value / wanted.value - 1)).toBeLessThan(1e-11)
      flat(found.gradient).forEach((g, i) => {
        expect(Math.abs(g - flat(wanted.gradient)[i])).toBeLessThan(1e-11 * (wanted.value + Math.abs(g)))
      })
    }
  )
})

it('the score form is the default, in words and in bits', () => {
  const law = NoiseLevels.at(0.4)
  expect(Objective.implicit(law, { divergence: 'exact' })).toEqual(Objective.implicit(law))
  expect(evaluate(isotropic, Objective.denoising(law))(mixtureParams)).toEqual(
    evaluate(isotropic, Objective.denoising(law, Parametrization.score))(mixtureParams)
  )
})

it('where the network predicts what the loss is written in, both ends of a schedule are safe', () => {
  const end = Objective.denoising(NoiseLevels.at(1), Parametrization.velocity)
  const { value, gradient } = evaluate(
    student(Parametrization.velocity),
    end,
    fixed,
    Schedule.rectifiedFlow
  )(studentParams)
  expect(Number.isFinite(value) && flat(gradient).every(Number.isFinite)).toBe(true)
  const start = Objective.denoising(NoiseLevels.at(1e-12), Parametrization.noise)
  expect(Number.isFinite(evaluate(student(Parametrization.noise), start)(studentParams).value)).toBe(true)
})

describe('weightings', () => {
  const nodes = [
    { time: 0.2, weight: 0.5 },
    { time: 0.6, weight: 2 }
  ]
  const forms: Readonly<Record<string, (law: NoiseLevels.NoiseLevels) => Objective.Objective>> = {
    denoising: law => Objective.denoising(law),
    'denoising of the data': law => Objective.denoising(law, Parametrization.data),
    implicit: law => Objective.implicit(law)
  }
  it.each(Object.keys(forms))('multiply the loss of each level: %s', name => {
    const numbersOf = (objective: Objective.Objective): ReadonlyArray<number> => {
      const { value, gradient } = evaluate(isotropic, objective)(mixtureParams)
      return [value, ...flat(gradient)]
    }
    const apart = nodes.map(({ time }) => numbersOf(forms[name](NoiseLevels.at(time))))
    for (const weighting of [
      Weighting.constant(0.3),
      Weighting.snr,
      Weighting.minSnr({ gamma: 1 }),
      Weighting.likelihood
    ]) {
      const at = Weighting.interpret(Schedule.ornsteinUhlenbeck)(weighting)
      const found = numbersOf(Objective.weight(-2)(Objective.weight(weighting)(forms[name](NoiseLevels.nodes(nodes)))))
      found.forEach((x, entry) => {
        const wanted = nodes.reduce((sum, { time, weight }, i) => sum - 2 * weight * at(time) * apart[i][entry], 0)
        expect(Math.abs(x - wanted), Weighting.show(weighting)).toBeLessThan(1e-12 * (1 + Math.abs(found[0])))
      })
    }
  })

  it('multiply one another, and reach each row’s own time', () => {
    const law = NoiseLevels.stratified(NoiseLevels.uniform(0.2, 1))
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

it('estimated divergences share the noise with the exact one, and are as exact with one direction for a multiple of the identity', () => {
  const law = NoiseLevels.at(0.3)
  // s = −x in one dimension: v·∂s v = −v² = −1 with v = ±1.
  const one = Score.custom({
    name: 'normal',
    shapes: () => ({ scale: [] }),
    apply: ({ scale }, x) => neg(mul(scale, x))
  })
  const data = { rows: 5, dim: 1, values: Float64Array.of(1, 2, -1, 0, 3) }
  const at = (objective: Objective.Objective): number =>
    evaluate(one, objective, Expectation.monteCarlo(), Schedule.ornsteinUhlenbeck, data)(Params.of({ scale: 0.8 }), 3)
      .value
  expect(at(Objective.implicit(law, { divergence: 'hutchinson' }))).toBeCloseTo(at(Objective.implicit(law)), 13)
  expect(at(Objective.implicit(law, { divergence: 'hutchinson', law: 'normal' }))).not.toBeCloseTo(
    at(Objective.implicit(law)),
    3
  )
})

/** Of θ: means 1, −0.4, −0.7, 1.5; logits 0.3, −0.5; logarithms of variances −0.6, 0.4. */
it.each<[string, Objective.Objective, value: number, gradient: ReadonlyArray<number>]>([
  [
    'squares',
    Objective.regularizer({ norm: 'l2' }),
    1 + 0.16 + 0.49 + 2.25 + 0.09 + 0.25 + 0.36 + 0.16,
    [2, -0.8, -1.4, 3, 0.6, -1, -1.2, 0.8]
  ],
  [
    'sizes of some',
    Objective.regularizer({ norm: 'l1', parameters: ['means', 'logits'] }),
    1 + 0.4 + 0.7 + 1.5 + 0.3 + 0.5,
    [1, -1, -1, 1, 1, -1, 0, 0]
  ],
  // √ at 0 is not differentiable: the last is at its centre, where the slope is 0.
  [
    'a pull',
    Objective.regularizer({ norm: 'l2', towards: Params.of({ logVariances: [0.4, 0.4] }) }),
    1,
    [0, 0, 0, 0, 0, 0, -2, 0]
  ],
  [
    'sizes that are rounded off',
    Objective.regularizer({ norm: 'l1', smoothing: 0.3, parameters: ['logits'] }),
    Math.hypot(0.3, 0.3) - 0.3 + Math.hypot(0.5, 0.3) - 0.3,
    [0, 0, 0, 0, Math.SQRT1_2, -0.5 / Math.hypot(0.5, 0.3), 0, 0]
  ]
])('regularizers: %s', (_, objective, value, wanted) => {
  const at = evaluate(isotropic, objective, Expectation.monteCarlo())
  const found = at(mixtureParams, 1)
  expect(found.value).toBeCloseTo(value, 13)
  flat(found.gradient).forEach((g, i) => {
    expect(g).toBeCloseTo(wanted[i], 13)
  })
  expect(at(mixtureParams, 2)).toEqual(found)
  const zero = Params.zeros(Params.shapes(mixtureParams))
  if (!Objective.show(objective).includes('towards')) expect(flat(at(zero).gradient)).toEqual(new Array(8).fill(0))
})

interface Refused {
  readonly objective: Objective.Objective
  readonly expectation?: Expectation.Expectation
  readonly schedule?: Schedule.Schedule
  readonly wanted: ReadonlyArray<string>
}
const refused: Readonly<Record<string, Refused>> = {
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
    objective: Objective.denoising(NoiseLevels.at(1), Parametrization.data),
    schedule: Schedule.rectifiedFlow,
    wanted: [
      'objective.noiseLevels: the weight Infinity at time 1 is not finite; keep clear of the end of the schedule, or weigh it otherwise'
    ]
  },
  'an infinite diffusion': {
    objective: Objective.weight(Weighting.likelihood)(Objective.implicit(NoiseLevels.at(1))),
    schedule: Schedule.rectifiedFlow,
    wanted: [
      'objective.noiseLevels: the weight Infinity at time 1 is not finite; keep clear of the end of the schedule, or weigh it otherwise'
    ]
  },
  'an estimate under a projection': {
    objective: Objective.implicit(NoiseLevels.at(0.3), { divergence: 'hutchinson' }),
    expectation: Expectation.projected(),
    wanted: [
      "expectation: Expectation.projected() of Objective.implicit(NoiseLevels.at(0.3), { divergence: 'hutchinson', probes: 1, law: 'rademacher' }) is not plain noise, without which the divergence is exact; leave out divergence, or use Expectation.monteCarlo()"
    ]
  },
  'an estimate under fixed noise': {
    objective: Objective.implicit(NoiseLevels.at(0.3), { divergence: 'sliced', law: 'normal' }),
    wanted: [
      "expectation: Expectation.fixed(6 × 2 noise) of Objective.implicit(NoiseLevels.at(0.3), { divergence: 'sliced', probes: 1, law: 'normal' }) is not plain noise drawn again, as the directions are; leave out divergence, or use Expectation.monteCarlo()"
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
it.each(Object.entries(refused))('is refused: %s', (_, row) => {
  const { objective, expectation = fixed, schedule = Schedule.ornsteinUhlenbeck, wanted } = row
  const found = Compile.plans({ schedule, score: isotropic, objective, expectation })(points)
  expect(E.isLeft(found) ? found.left.map(Problem.show) : []).toEqual(wanted)
})

it('an integrand of one’s own is what is computed, whatever its definition declares beside it', () => {
  const noiseLevels = NoiseLevels.at(0.3)
  const weighed = ({ score, target, level }: Objective.Row) =>
    mul(sum(square(sub(score, target)), 1, true), level.sigma)
  const plain = Objective.custom('plain', noiseLevels, weighed)
  const form = { noiseLevels, perRow: weighed, kernel: 'denoising' as const }
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

it('terms carry the product of the numbers above them, and the weightings; another noise level distribution takes the place of every one', () => {
  const custom = Objective.custom('mine', NoiseLevels.at(0.3), ({ score }) => score)
  const at = (law: NoiseLevels.NoiseLevels): Objective.Objective =>
    Objective.weight(2)(
      Objective.sum([
        Objective.weight(3)(Objective.likelihood),
        Objective.weight(Weighting.constant(5))(Objective.regularizer({ norm: 'l2' })),
        Objective.weight(Weighting.snr)(Objective.weight(Weighting.noiseVariance)(Objective.denoising(law))),
        Objective.implicit(law),
        { ...custom, noiseLevels: law } as Objective.Objective
      ])
    )
  const found = Objective.terms(at(NoiseLevels.at(0.3)))
  expect(found.map(({ weight, term }) => [weight, term.of._tag])).toEqual([
    [6, 'likelihood'],
    [10, 'regularizer'],
    [2, 'denoising'],
    [2, 'implicit'],
    [2, 'custom']
  ])
  expect(new Set(found[2].weightings)).toEqual(new Set([Weighting.snr, Weighting.noiseVariance]))
  expect(Objective.retimed(NoiseLevels.at(2))(at(NoiseLevels.at(0.3)))).toEqual(at(NoiseLevels.at(2)))
})

it('importance-sampled times under fixed noise are the rule of their target', () => {
  const target = NoiseLevels.likelihood({ until: 2, nodes: 40, leastVariance: 0.3 })
  const importance = NoiseLevels.importance({
    proposal: NoiseLevels.stratified(NoiseLevels.logitNormal({ mean: -1, deviation: 1.6, until: 2 })),
    target
  })
  const [found, wanted] = [importance, target].map(law => evaluate(isotropic, Objective.implicit(law))(mixtureParams))
  expect(found).toEqual(wanted)
})

it('expectations without chance are those by quadrature and by given noise, which is finite', () => {
  const all = [Expectation.monteCarlo({ antithetic: true }), Expectation.projected(), Expectation.quadrature(), fixed]
  expect(all.map(OfExpectation.isDeterministicExpectation)).toEqual([false, false, true, true])
  const lost = Expectation.fixed({ ...noise, values: noise.values.map((z, i) => (i === 5 ? NaN : z)) })
  expect(Expectation.problems(lost).map(Problem.show)).toEqual([
    'noise: NaN or infinite somewhere is not finite throughout; draw it with Key.normal'
  ])
})

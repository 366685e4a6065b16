/** What is the same is found the same, and what differs is found to; the correspondence with EM of right and wrong objectives. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { abs, add, mean, mul, neg, sqrt, square, sub, sum } from '../../lib/index.js'
import {
  Expectation,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Rate,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeLaw,
  Weighting
} from '../../src/index.js'
import * as laws from '../../src/laws/index.js'
import { spread } from '../cases.js'
import { evaluation } from './mutant.js'
import { student } from './generators.js'

const at = TimeLaw.at(0.1)
const failing = (held: ReadonlyArray<laws.Law>, numRuns = 10): ReadonlyArray<string> =>
  held
    .filter(({ property }) => fc.check(property, { seed: 3, numRuns, endOnFailure: true }).failed)
    .map(({ name }) => name)

describe('the same', () => {
  const twoDims = { rows: 4, dim: 2, values: Float64Array.of(1, 2, -1, -2.5, 0.5, 1, -2, 0.5) }
  const plain = Objective.denoising(at)
  const own = Objective.custom('own', at, ({ score, target }) => sum(square(sub(score, target)), 1))
  const drawn = (of: (z: number) => number): Expectation.Expectation =>
    Expectation.define({
      name: 'drawn',
      about: 'noise made of normal noise',
      meaning: () => ({
        where: 'everywhere',
        rows: 'apart',
        draws:
          ({ rows, dim }) =>
          key => [{ weight: 1, noise: Key.normal(rows * dim)(key).map(of) }]
      })
    })
  const pipeline = (steps: number): Pipeline.Pipeline<string> =>
    Pipeline.of({
      schedule: Schedule.ornsteinUhlenbeck,
      score: Score.symmetricPair,
      initializer: Initializer.gaussian({ scale: 1 }),
      stages: [Stage.powerIteration({ steps })]
    })
  const rows: ReadonlyArray<readonly [string, () => ReadonlyArray<laws.Law>, boolean]> = [
    ['an objective and its formula', () => laws.same(own, plain), true],
    ['twice an objective', () => laws.same(Objective.weight(2)(own), plain), false],
    ['twice an objective, up to 2', () => laws.same(Objective.weight(2)(own), plain, { upTo: { factor: 2 } }), true],
    [
      'twice an objective, up to any',
      () => laws.same(Objective.weight(2)(own), plain, { upTo: { factor: 'any' } }),
      true
    ],
    ['half', () => laws.same(Objective.weight(0.5)(own), plain, { upTo: { factor: 2 } }), false],
    [
      'another objective, up to any',
      () => laws.same(Objective.denoising(TimeLaw.at(0.2)), plain, { upTo: { factor: 'any' } }),
      false
    ],
    [
      'schedules',
      () =>
        laws.same(
          Schedule.custom({
            name: 'ou',
            alpha: t => Math.exp(-t),
            sigma: t => Math.sqrt(-Math.expm1(-2 * t)),
            until: Infinity
          }),
          Schedule.ornsteinUhlenbeck
        ),
      true
    ],
    ['other schedules', () => laws.same(Schedule.cosine(), Schedule.rectifiedFlow), false],
    ['weightings', () => laws.same(Weighting.minSnr({ gamma: 5 }), Weighting.minSnr({ gamma: 4 })), false],
    ['rates', () => laws.same(Rate.constant(0.1), Rate.linear({ rate: 0.1, final: 0.1, steps: 5 })), true],
    ['scores', () => laws.same(Score.symmetricPair, Score.symmetricPair), true],
    [
      'optimizers',
      () => laws.same(Optimizer.adam({ rate: 0.5 }), Optimizer.chain(Optimizer.scaleByAdam(), Optimizer.scale(-0.5))),
      true
    ],
    ['Adam and Nesterov’s', () => laws.same(Optimizer.adam({ rate: 0.5 }), Optimizer.nAdam({ rate: 0.5 })), false],
    ['expectations', () => laws.same(Expectation.projected(), Expectation.monteCarlo()), true],
    [
      'noise about 0.1',
      () =>
        laws.same(
          drawn(z => z + 0.1),
          Expectation.monteCarlo()
        ),
      false
    ],
    [
      'noise a twentieth too long',
      () =>
        laws.same(
          drawn(z => 1.05 * z),
          Expectation.monteCarlo()
        ),
      false
    ],
    ['samplers', () => laws.same(Sampler.ddim({ eta: 1 }), Sampler.ancestral), true],
    ['η² for η', () => laws.same(Sampler.ddim({ eta: 0.25 }), Sampler.ddim({ eta: 0.5 })), false],
    ['pipelines', () => laws.same(pipeline(3), pipeline(3)), true],
    ['other pipelines', () => laws.same(pipeline(1), pipeline(3), { points: twoDims }), false]
  ]
  it.each(spread(10)(rows))('%s', (_, held, alike) => {
    expect(failing(held()).length === 0).toBe(alike)
  })
  it('objectives are so up to the slack that is given', () => {
    const nearly = Objective.weight(1 + 1e-6)(own)
    expect([{}, { slack: 1e6 }].map(options => failing(laws.same(nearly, plain, options)).length)).toEqual([1, 0])
  })
  it('what is not compared says so', () => {
    expect(() => laws.same(TimeLaw.at(1), TimeLaw.at(1))).toThrow('two of its kind are not compared')
  })
})

describe('the correspondence with EM', () => {
  const truth = 'the truth is a fixed point of both'
  const step = 'apart, descent is EM’s step times one factor'
  const vanishes = 'the correction vanishes with separation'
  const fixed = 'a fixed point of EM is one of descent, within the correction'
  const ends = 'descent and EM end in the same place from the same start'
  const two = Score.spherical({ components: 2 })
  const isotropic = Score.isotropic({ components: 2 })
  /** What descends on a gradient that is another in one parameter. */
  const led = (
    name: string,
    change: (gradient: ReadonlyArray<number>) => ReadonlyArray<number>,
    objective: Objective.Objective = Objective.denoising(at)
  ): ReadonlyArray<laws.Law> =>
    laws.correspondsToEM({
      score: isotropic,
      objective,
      evaluate: evaluation(({ value, gradient }) => ({
        value,
        gradient: Params.map<(typeof gradient)[keyof typeof gradient], (typeof gradient)[keyof typeof gradient]>(
          (array, own) =>
            own === name ? { ...array, values: Float64Array.from(change(Array.from(array.values))) } : array
        )(gradient)
      }))
    })
  const custom = (perRow: Objective.Matching['perRow']): Objective.Objective => Objective.custom('own', at, perRow)
  type Row = readonly [string, () => ReadonlyArray<laws.Law>, ReadonlyArray<string>]
  const rows: ReadonlyArray<Row> = [
    ['implicit, pair', () => laws.correspondsToEM({ score: Score.symmetricPair }), []],
    [
      'denoising, isotropic',
      () => laws.correspondsToEM({ score: Score.isotropic({ components: 2 }), objective: Objective.denoising(at) }),
      []
    ],
    ['implicit, full', () => laws.correspondsToEM({ score: Score.full({ components: 2 }) }), []],
    [
      'likelihood, tied',
      () => laws.correspondsToEM({ score: Score.tied({ components: 2 }), objective: Objective.likelihood }),
      []
    ],
    [
      'against the truth, over the student',
      () =>
        laws.correspondsToEM({
          score: isotropic,
          objective: truth => Objective.overStudent(Objective.against(truth, at))
        }),
      []
    ],
    ['three components', () => laws.correspondsToEM({ score: Score.isotropic({ components: 3 }) }), []],
    ...[0.5, 1.5].map((time): Row => [
      `denoising at t = ${time}`,
      () => laws.correspondsToEM({ score: two, objective: Objective.denoising(TimeLaw.at(time)) }).slice(0, 3),
      []
    ]),
    [
      'a gradient that leads the mean of all centres six times as fast as their difference',
      // Each is moved by five times their mean.
      () => led('means', at => at.map(g => g + (5 * (at[0] + at[1])) / 2)).slice(0, 3),
      [step, vanishes]
    ],
    [
      'a ten-thousandth more of one mean',
      () => led('means', ([g, ...rest]) => [1.0001 * g, ...rest]).slice(0, 3),
      [step]
    ],
    ['shapes led uphill', () => led('logVariances', at => at.map(g => -g)).slice(0, 3), [step]],
    ['weights led uphill', () => led('logits', at => at.map(g => -g), Objective.likelihood).slice(0, 3), [step]],
    [
      'pseudo-Huber',
      () =>
        laws.correspondsToEM({
          score: two,
          objective: custom(({ score, target }) => mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1))
        }),
      [truth]
    ],
    [
      'uphill',
      () =>
        laws.correspondsToEM({
          score: two,
          objective: custom(({ score, target }) => neg(sum(square(sub(score, target)), 1)))
        }),
      [step]
    ],
    [
      'nothing',
      () => laws.correspondsToEM({ score: two, objective: custom(({ score }) => mul(0, sum(score, 1))) }),
      [step]
    ],
    [
      'means pulled to 0',
      () =>
        laws.correspondsToEM({
          score: two,
          objective: Objective.sum([
            Objective.denoising(at),
            Objective.weight(0.01)(Objective.regularizer({ norm: 'l2' }))
          ])
        }),
      [truth, fixed, ends]
    ],
    [
      'a descent cut short',
      () =>
        laws
          .correspondsToEM({
            score: two,
            stage: Stage.descend({
              objective: Objective.denoising(at),
              expectation: Expectation.monteCarlo(),
              optimizer: Optimizer.gradientDescent({ rate: 0.1 }),
              steps: 5
            })
          })
          .slice(3),
      [ends]
    ],
    [
      'a target half as large',
      () =>
        laws.correspondsToEM({
          score: two,
          objective: custom(({ score, target }) => sum(square(sub(score, mul(0.5, target))), 1))
        }),
      [truth]
    ],
    [
      'the absolute value',
      () => laws.correspondsToEM({ score: two, objective: custom(({ score }) => sum(abs(score), 1)) }),
      [truth]
    ]
  ]
  it.each(spread(16)(rows))('%s', (_, held, wrong) => {
    const found = failing(held(), wrong.length === 0 ? 1 : 2)
    expect(wrong.length === 0 ? found : found.filter(name => wrong.includes(name))).toEqual(wrong)
  })
  it('a stage that takes no populations has its ends held to nothing, and why', () => {
    const stage = Stage.descend({
      objective: Objective.denoising(at),
      expectation: Expectation.monteCarlo(),
      optimizer: Optimizer.adam({ rate: 0.1 }),
      batch: 2,
      steps: 3
    })
    expect(laws.correspondsToEM({ score: two, stage }).notApplicable).toMatchObject(
      [fixed, ends].map(law => ({ law, why: expect.stringMatching('batch') as string }))
    )
  })
  it('a family without an M-step is told so', () => {
    expect(() => laws.correspondsToEM({ score: student })).toThrow('has no M-step')
  })
})

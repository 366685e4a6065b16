/** What is the same is found the same, and what differs is found to; the correspondence with EM of right objectives and stages. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { square, sub, sum } from '../../lib/index.js'
import { Expectation, Objective, Optimizer, Rate, Sampler, Score, Stage, NoiseLevels } from '../../src/index.js'
import * as laws from '../../src/laws/index.js'
import { spread, once } from '../cases.js'
import { student } from './generators.js'

const at = NoiseLevels.at(0.1)
const failing = (held: ReadonlyArray<laws.Law>, numRuns = 10): ReadonlyArray<string> =>
  held
    .filter(({ property }) => fc.check(property, { seed: 3, numRuns, endOnFailure: true }).failed)
    .map(({ name }) => name)

describe('the same', () => {
  const plain = Objective.denoising(at)
  const own = Objective.custom('own', at, ({ score, target }) => sum(square(sub(score, target)), 1))
  const upToAny = { upTo: { factor: 'any' } } as const
  const rows: ReadonlyArray<readonly [string, laws.Laws, boolean]> = [
    ['twice an objective', laws.same(Objective.weight(2)(own), plain), false],
    ['twice an objective, up to 2', laws.same(Objective.weight(2)(own), plain, { upTo: { factor: 2 } }), true],
    ['twice an objective, up to any', laws.same(Objective.weight(2)(own), plain, upToAny), true],
    ['half', laws.same(Objective.weight(0.5)(own), plain, { upTo: { factor: 2 } }), false],
    ['another objective, up to any', laws.same(Objective.denoising(NoiseLevels.at(0.2)), plain, upToAny), false],
    ['rates', laws.same(Rate.constant(0.1), Rate.linear({ rate: 0.1, final: 0.1, steps: 5 })), true],
    ['scores', laws.same(Score.symmetricPair, Score.symmetricPair), true],
    [
      'optimizers',
      laws.same(Optimizer.adam({ rate: 0.5 }), Optimizer.chain(Optimizer.scaleByAdam(), Optimizer.scale(-0.5))),
      true
    ],
    ['Adam and Nesterov’s', laws.same(Optimizer.adam({ rate: 0.5 }), Optimizer.nAdam({ rate: 0.5 })), false],
    ['expectations', laws.same(Expectation.projected(), Expectation.monteCarlo()), true],
    ['samplers', laws.same(Sampler.ddim({ eta: 1 }), Sampler.ancestral), true],
    ['η² for η', laws.same(Sampler.ddim({ eta: 0.25 }), Sampler.ddim({ eta: 0.5 })), false]
  ]
  once.each(rows)('%s', (_, held, alike) => {
    expect(failing(held).length === 0).toBe(alike)
  })
  once('what is not compared says so', () => {
    expect(() => laws.same(NoiseLevels.at(1), NoiseLevels.at(1))).toThrow('two of its kind are not compared')
  })
})

describe('the correspondence with EM', () => {
  const two = Score.spherical({ components: 2 })
  const isotropic = Score.isotropic({ components: 2 })
  const rows: ReadonlyArray<readonly [string, () => laws.Laws]> = [
    ['implicit, pair', () => laws.correspondsToEM({ score: Score.symmetricPair })],
    ['denoising, isotropic', () => laws.correspondsToEM({ score: isotropic, objective: Objective.denoising(at) })],
    ['implicit, full', () => laws.correspondsToEM({ score: Score.full({ components: 2 }) })],
    [
      'likelihood, tied',
      () => laws.correspondsToEM({ score: Score.tied({ components: 2 }), objective: Objective.likelihood })
    ],
    [
      'against the truth, over the student',
      () =>
        laws.correspondsToEM({
          score: isotropic,
          objective: truth => Objective.underModel(Objective.fisherDivergence(truth, at))
        })
    ],
    ['three components', () => laws.correspondsToEM({ score: Score.isotropic({ components: 3 }) })]
  ]
  it.each(spread(3)(rows))('%s', (_, held) => {
    expect(failing(held(), 1)).toEqual([])
  })
  const descends = (more: Partial<Parameters<typeof Stage.descend>[0]>): Stage.Stage =>
    Stage.descend({
      objective: Objective.denoising(at),
      expectation: Expectation.monteCarlo(),
      optimizer: Optimizer.gradientDescent({ rate: 0.1 }),
      steps: 5,
      ...more
    })
  once('a descent cut short ends elsewhere', () => {
    const held = laws.correspondsToEM({ score: two, stage: descends({}) })
    expect(failing(held.slice(3), 2)).toContain('descent and EM end in the same place from the same start')
  })
  once('a stage that takes no populations has its ends held to nothing, and why', () => {
    const { notApplicable } = laws.correspondsToEM({ score: two, stage: descends({ batch: 2 }) })
    expect(notApplicable.map(({ why }) => why)).toEqual(Array(2).fill(expect.stringMatching('batch')))
  })
  once('a family without an M-step is told so', () => {
    expect(() => laws.correspondsToEM({ score: student })).toThrow('has no M-step')
  })
})

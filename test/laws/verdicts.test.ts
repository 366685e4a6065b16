/** What a report says of each law: held, vacuous, not held, or failing; and that no claim is left aside in silence. */
import fc from 'fast-check'
import * as t from 'io-ts'
import { describe, expect, it } from 'vitest'
import { add, mul, square, sub, sum } from '../../lib/index.js'
import * as vocabulary from '../../src/cli/glossary.js'
import {
  Case,
  Covariance,
  ExpectationMaximization,
  Initializer,
  Key,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  Region,
  Sampler,
  Schedule,
  Score,
  NoiseLevels
} from '../../src/index.js'
import * as laws from '../../src/laws/index.js'
import { SEED } from '../cases.js'
import { whyVacuous } from './holds.js'

const verdictOf = (report: laws.Report, law: string): readonly [laws.Verdict, string | null] | undefined => {
  const row = report.rows.find(row => row.law === law)
  return row && [row.verdict, row.why]
}

const isFailed = (law: laws.Law, numRuns = 20): boolean =>
  fc.check(law.property, { seed: 1, numRuns, endOnFailure: true }).failed

const each = laws.forAll(fc.record({ x: fc.double({ min: 1, max: 2, noNaN: true }) }))
const info = { statement: '', source: '' }
const said = laws.ofRows('it', [
  each({ ...info, name: 'of numbers', says: ({ x }) => laws.equals([x, 2 * x], [x, 2 * x], 1e-9) }),
  each({ ...info, name: 'of no case', says: () => [] }),
  each({ ...info, name: 'to a tolerance beyond all', says: ({ x }) => laws.equals([x, -x], [-x, x], 1e9) }),
  each({ ...info, name: 'not claimed', option: 'mine', claim: false, says: ({ x }) => laws.equals(x, x) }),
  each({ ...info, name: 'wrong', says: ({ x }) => laws.equals(x, 2 * x) })
])

describe('a report says of every law', () => {
  const only = [...said.map(({ name }) => name), 'not claimed']
  const report = laws.examine(Schedule.edm, { also: said, only, runs: 10 })

  it('what came of it, and why', () => {
    expect(verdictOf(report, 'of numbers')).toEqual(['held', null])
    expect(verdictOf(report, 'of no case')).toEqual(['vacuous', 'it says nothing about any case'])
    expect(verdictOf(report, 'to a tolerance beyond all')).toEqual(['vacuous', 'it sees no change of a side'])
    expect(verdictOf(report, 'not claimed')).toEqual(['not held', 'claim it by `mine`'])
    expect(verdictOf(report, 'wrong')).toEqual(['fails', null])
    expect(laws.table(report)).toMatch(/not held +a law of claims not asked: ‘not claimed’ \(claim it by `mine`\)/)
  })
})

describe('no claim is left aside', () => {
  const blurred = Objective.custom('blurred', NoiseLevels.at(0.3), ({ scoreAt, noisy, noises, level, target }) =>
    sum(square(sub(scoreAt(add(noisy, mul(0.5, noises(1)[0])), level), target)), 1)
  )

  it('of what draws beside the noise the truth is looked for by batches', () => {
    const held = laws.of(blurred, { claims: { proper: true } })
    const found = held.filter(({ option }) => option === 'proper')
    expect(found.map(({ name }) => name)).toContain('the truth is stationary in two and three dimensions')
    expect(found.some(law => isFailed(law))).toBe(true)
    // Against further noise it is the denoising objective of more noise, and proper.
    const proper = Objective.custom('twice', NoiseLevels.at(0.3), ({ score, target, noises }) =>
      add(sum(square(sub(score, target)), 1), sum(noises(1)[0], 1))
    )
    expect(
      laws
        .of(proper, { claims: { proper: true } })
        .filter(({ option }) => option === 'proper')
        .filter(law => isFailed(law, 5))
        .map(({ name }) => name)
    ).toEqual([])
  })

  it('what looks at x_0 is held on rows, which populations of x_t are not', () => {
    const matching = Objective.custom('data', NoiseLevels.at(0.3), ({ score, clean, noisy, level }) =>
      sum(square(sub(add(noisy, mul(square(level.sigma), score)), mul(level.alpha, clean))), 1)
    )
    const held = laws.objective(matching, Score.spherical({ components: 2 }), { proper: true })
    expect(isFailed(laws.named('the truth is stationary in population')(held))).toBe(false)
  })

  it('what cannot be held is an error that says why', () => {
    expect(() => laws.of(blurred, { claims: { isotropic: true } })).toThrow(
      /isotropic: claimed of .*blurred.*held by no law: it draws beside the noise, which does not turn with the data/
    )
    const network = Score.network(Net.mlp({ hidden: [4] }), { predicts: Parametrization.noise })
    const plain = Objective.custom('plain', NoiseLevels.at(0.3), ({ score, target }) =>
      sum(square(sub(score, target)), 1)
    )
    expect(() => laws.objective(plain, network, { proper: true })).toThrow(
      /proper: claimed of .*no mixture is known of the score; give `mixture`/
    )
    expect(() => laws.objective(plain, Score.symmetricPair, { exact: Objective.likelihood })).toThrow(
      /exact: claimed of .*it draws nothing beside the noise/
    )
    expect(() =>
      laws.initializer(Initializer.gaussian({ scale: 1 }), Score.spherical({ components: 1 }), { apart: true })
    ).toThrow(/apart: claimed of/)
  })

  const half: Optimizer.Optimizer = Optimizer.define({
    name: 'half',
    about: 'a tenth of the gradient',
    memory: t.null,
    init: () => () => null,
    update: () => g => [Params.mapValues((x: number) => -0.1 * x)(g), null]
  })

  it.each(['means', 'a', 'nonsense'])('what is said to be frozen is looked for under its name: %s', name => {
    const law = 'what is frozen keeps its bits'
    const report = laws.examine(half, { claims: { frozen: [name] }, only: [law], runs: 30 })
    expect(verdictOf(report, law)?.[0]).toBe('fails')
    const still = Optimizer.chain(half, Optimizer.freeze(name))
    expect(laws.check(still, { claims: { frozen: [name] }, only: [law], runs: 30 }).passed).toBe(true)
  })

  it('a claim of which no case says anything is complained of', () => {
    const row = { law: 'mine', verdict: 'vacuous', why: 'it says nothing about any case', runs: 9 } as const
    expect(laws.complaints({ rows: [{ ...row, isClaimed: true, counterexample: null }], expected: [] })).toEqual([
      '‘mine’ is claimed, and vacuous: it says nothing about any case'
    ])
  })

  it('every case has laws', () => {
    const found = vocabulary.standardVocabulary.flatMap(
      ({ words }: { readonly words: ReadonlyArray<{ readonly code: string; readonly example: unknown }> }) =>
        words.flatMap(({ code, example }) => (Case.isValue(example) ? [{ code, held: laws.of(example) }] : []))
    )
    expect(found.length).toBeGreaterThan(150)
    // Noise that is given is for the rows that it is given for.
    expect(found.flatMap(({ code, held }) => (held.length === 0 ? [code] : []))).toEqual([
      'Expectation.fixed(2 × 2 noise)'
    ])
  })

  it('what might be claimed is listed with its option', () => {
    const { notApplicable } = laws.of(Optimizer.adam({ rate: 0.1 }))
    expect(notApplicable).toContainEqual({ law: 'it takes the steps of its recurrence', option: 'recurrence' })
  })
})

it('a law that is vacuous: says nothing about any case, or sees nothing', () => {
  const [, silent, blind] = said
  expect([silent, blind].map(law => whyVacuous(law, 1))).toEqual([
    'it says nothing about any case',
    'it sees no change of a side'
  ])
})

describe('schedules', () => {
  /** α² + σ² = 1, σ by subtraction: near α = 1 it has few digits, and so has the time of a log-SNR. */
  const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
  const cosine = (t: number): number => Math.cos(((t + 0.008) / 1.008) * (Math.PI / 2))
  const alphas: Readonly<Record<string, readonly [(time: number) => number, number]>> = {
    cosine: [t => cosine(t) / cosine(0), 0.999],
    sigmoid: [t => Math.sqrt((sigmoid(3) - sigmoid(6 * t - 3)) / (sigmoid(3) - sigmoid(-3))), 0.999],
    linear: [t => Math.exp(-(0.1 * t + 9.95 * t * t) / 2), 1],
    'Ornstein–Uhlenbeck': [t => Math.exp(-t), 5]
  }
  it.each(Object.entries(alphas))('by σ = √(1 − α²) are let pass: %s', (name, [alpha, until]) => {
    const schedule = Schedule.custom({ name, alpha, sigma: t => Math.sqrt(1 - alpha(t) ** 2), until })
    for (const law of laws.schedule(schedule, { variancePreserving: true }))
      fc.assert(law.property, { seed: SEED, numRuns: 7 })
  })
})

describe('initializers', () => {
  /** Rows at random, whatever they weigh. */
  const forgetful = Initializer.defineCentres({
    name: 'forgetful',
    about: 'rows at random, whatever they weigh',
    meaning: () => ({
      draws: 'sometimes',
      moves: true,
      turns: true,
      centres:
        ({ points, count }) =>
        key => {
          const { rows, dim, values } = points
          const order = Key.permutation(rows)(key)
          const at = (i: number): number => order[Math.floor(i / dim) % rows] * dim + (i % dim)
          return { shape: [count, dim], values: Float64Array.from({ length: count * dim }, (_, i) => values[at(i)]) }
        }
    })
  })
  const fixed = Initializer.defineCentres({
    name: 'fixed',
    about: 'the same centres, whatever the data',
    meaning: () => ({
      draws: 'never',
      centres:
        ({ points: { dim }, count }) =>
        () => ({ shape: [count, dim], values: new Float64Array(count * dim).fill(1) })
    })
  })
  const score = Score.spherical({ components: 2 })

  it('of which no weight changes a centre are not held to weights, and fail when they claim it', () => {
    const law = 'a row of weight 0 is none'
    expect(verdictOf(laws.examine(forgetful, { score, only: [law] }), law)).toEqual([
      'not held',
      'weights change none of its centres; claim it by `weighs`'
    ])
    expect(verdictOf(laws.examine(forgetful, { score, only: [law], claims: { weighs: true } }), law)?.[0]).toBe('fails')
    expect(verdictOf(laws.examine(Initializer.fromData, { score, only: [law], runs: 5 }), law)?.[0]).toBe('held')
  })

  it('that follow no data are not held to centres that are apart, and fail when they claim it', () => {
    const law = 'centres are apart'
    expect(verdictOf(laws.examine(fixed, { score, only: [law] }), law)).toEqual([
      'not held',
      'its centres do not follow the data; claim it by `apart`'
    ])
    expect(verdictOf(laws.examine(fixed, { score, only: [law], claims: { apart: true } }), law)?.[0]).toBe('fails')
  })
})

it('a quantile of which the slope has a kink is let pass at the kink', () => {
  const triangular = NoiseLevels.define({
    name: 'triangular',
    about: 'min(t, 2 − t)',
    meaning: () => ({
      quantile: () => u => (u < 0.5 ? Math.sqrt(2 * Math.max(u, 2 ** -54)) : 2 - Math.sqrt(2 * (1 - u))),
      density: () => ({ at: t => Math.max(0, Math.min(t, 2 - t)), support: [0, 2] })
    })
  })
  const law = laws.named('the density is that of the draws')(laws.noiseLevels(triangular))
  // Shares 0.05 + 0.9 seed/999, within four steps of 1e-3 of the middle.
  for (const seed of [496, 497, 498, 499, 500, 501, 502, 503]) expect(law.on({ seed })).toBe(true)
})

/** Laws that were vacuous of these instances: they speak, or say why they do not, and see what is wrong. */
describe('laws that said nothing once', () => {
  const spoken = (instance: laws.Subject, law: string, numRuns = 12): boolean => {
    const [row] = laws.examine(instance, { only: [law], runs: numRuns, seed: SEED }).rows
    return row.verdict === 'held'
  }

  const families: ReadonlyArray<Score.Score<string>> = [
    ...[Score.full({ components: 2 }), Score.tied({ components: 2 }), Score.lowRank({ components: 2, rank: 1 })],
    Score.mixture({ components: 2, covariance: Covariance.named('VVV') })
  ]
  it.each(families.map(score => [Score.show(score), score] as const))('EM’s step of %s', (_, score) => {
    const isRaised = (name: string): boolean => / of Q$| Q$/.test(name)
    const law = laws.of(score).find(({ name }) => isRaised(name))?.name ?? ''
    expect(spoken(score, law)).toBe(true)
    const tooFar = laws.em(score, {
      step: (family, floor, points) => params => {
        const { value, params: next } = ExpectationMaximization.step(family, floor, points)(params)
        return { value, params: Params.zipWith((a, b: number) => a + 2.5 * (b - a))(params, next) }
      }
    })
    expect(isFailed(laws.named(law)(tooFar))).toBe(true)
  })

  it('a projection onto what is not negative is the nearest point, and |x| is not', () => {
    const law = 'a projection is the nearest point'
    expect(spoken(Region.nonNegative, law)).toBe(true)
    const wrong = laws.region(
      Region.define({ name: 'sizes', about: '|x|', meaning: () => ({ project: x => x.map(Math.abs) }) })
    )
    expect(isFailed(laws.named(law)(wrong))).toBe(true)
  })

  it('the order of Runge and Kutta’s method is four, and not five', () => {
    const law = 'a step is of its order'
    expect(spoken(Sampler.rungeKutta4, law)).toBe(true)
    expect(isFailed(laws.named(law)(laws.sampler(Sampler.rungeKutta4, { order: 5 })))).toBe(true)
  })
})

it('a part of a network is held at the width that it takes', () => {
  const residual = Net.residual(Net.named('inner', Net.linear(64)))
  expect(laws.check(residual, { runs: 3, seed: SEED }).passed).toBe(true)
})

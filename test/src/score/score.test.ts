/** Scores as data: printers, domains, codec; and what a family of mixtures makes of its parameters. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import { describe, expect, it } from 'vitest'
import { compute, div, mul, neg, sum, tensor } from '../../../lib/index.js'
import { Mixture, Parametrization, Params, Problem, Schedule, Vocabulary } from '../../../src/index.js'
import * as Score from '../../../src/score/score.js'
import type { Moments } from '../../../src/mixture/family.js'
import { there } from '../../there.js'

const pair = Score.symmetricPair
const spherical = Score.spherical({ components: 3 })
const isotropic = Score.isotropic({ components: 2 })
const shrinking = Score.custom({
  name: 'shrinking',
  shapes: dim => ({ rate: [], offset: [dim] }),
  apply: ({ rate, offset }, x) => neg(mul(rate, mul(x, sum(mul(offset, offset)))))
})
const denoiser = Score.custom({
  name: 'denoiser',
  predicts: Parametrization.data,
  shapes: () => ({ scale: [] }),
  apply: ({ scale }, x, { alpha }) => mul(scale, mul(alpha, x))
})

const params = {
  pair: Params.of({ mean: [1, -2] }),
  spherical: Params.of({ means: [[1, 0], [0, 2], [-3, 1]] }), // prettier-ignore
  isotropic: Params.of({ means: [[1, 0], [0, 2]], logits: [0, Math.log(3)], logVariances: [Math.log(0.5), Math.log(4)] }) // prettier-ignore
}

it.each<readonly [Score.Score<string>, object, number]>([
  [pair, { mean: [4] }, 4],
  [spherical, { means: [3, 4] }, 12],
  [isotropic, { means: [2, 4], logits: [2], logVariances: [2] }, 11],
  [shrinking, { rate: [], offset: [4] }, 5],
  [denoiser, { scale: [] }, 1]
])('%# has its parameters', (score, shapes, free) => {
  expect(Score.shapes(4)(score)).toEqual(shapes)
  expect(Score.degreesOfFreedom(4)(score)).toBe(free)
})

it('a function of one’s own is printed as code and as mathematics, by what it predicts', () => {
  expect([shrinking, denoiser].flatMap(score => [Score.show(score), Score.formula(score)])).toEqual([
    'Score.custom({ name: "shrinking", shapes: …, apply: … })',
    's(x) = shrinking(x)',
    'Score.custom({ name: "denoiser", shapes: …, apply: …, predicts: Parametrization.data })',
    'x̂_0(x) = (x + σ² s(x))/α = denoiser(x)'
  ])
})

describe('problems', () => {
  const found = (score: Score.Score<string>): ReadonlyArray<string> =>
    Score.problems({ rows: 3, dim: 2 })(score).map(Problem.show)

  it.each([pair, spherical, Score.isotropic({ components: 1 }), shrinking, denoiser])('none %#', score =>
    expect(found(score)).toEqual([])
  )

  it.each([Score.spherical, Score.isotropic])('of the number of components %#', of => {
    expect(found(of({ components: 4 }))).toEqual([
      'components: 4 exceeds the 3 rows of the table; ask for fewer components or give more data'
    ])
  })

  it('of a network', () => {
    const network = (shapes: Record<string, ReadonlyArray<number>>): Score.Score<string> =>
      Score.custom({ name: 'network', shapes: () => shapes, apply: (_, x) => x })
    expect(found(network({ a: [0, 2], b: [] }))).toEqual([])
    expect(found(network({ a: [-1], b: [2, 1.5] }))).toEqual([
      'shapes.a: [-1] is not a list of whole numbers ≥ 0; give the length of each axis',
      'shapes.b: [2, 1.5] is not a list of whole numbers ≥ 0; give the length of each axis'
    ])
    expect(
      found(
        Score.custom({
          name: 'network',
          predicts: Parametrization.edm({ sigmaData: 0 }),
          shapes: () => ({}),
          apply: (_, x) => x
        })
      )
    ).toEqual(['predicts.sigmaData: 0 is not > 0 and finite; try 0.5'])
  })
})

describe('the codec', () => {
  const codec = Vocabulary.codec(Vocabulary.standard)(Score.concept)

  it('refuses a network that its vocabulary has not, and what is no score', () => {
    const json = codec.encode(shrinking)
    expect(json).toEqual({ _tag: 'custom', name: 'shrinking', predicts: null, heads: null })
    const others = [json, { _tag: 'custom', name: 'shrinking' }, { _tag: 'spherical' }, { _tag: 'isotropic' }]
    for (const json of [...others, { _tag: 'pair' }]) expect(E.isLeft(codec.decode(json))).toBe(true)
    const mine = Vocabulary.codec(Vocabulary.extend(Vocabulary.standard, [shrinking]))(Score.concept)
    for (const each of others.slice(0, 2)) expect(mine.decode(each)).toEqual(E.right(shrinking))
  })
})

const family = <P extends string>(score: Score.Score<P>): Score.Family<P> => there(Score.interpret(score).family)

it('a family: is that of a mixture; a network has none', () => {
  expect(Score.interpret(shrinking).family).toBeUndefined()
  const all: ReadonlyArray<Score.Score<string>> = [pair, spherical, isotropic]
  expect(all.map(score => Score.centreCount(family(score), 2))).toEqual([1, 3, 2])
  expect(all.map(score => family(score).count(2))).toEqual([2, 3, 2])
  expect(all.map(score => there(family(score).projection).seesNorm)).toEqual([false, false, true])
})

it('a family: is a mixture of the vocabulary with the same meaning', () => {
  const mixture = <P extends string>(score: Score.Score<P>, of: Params.Params<P>): Mixture.Mixture =>
    pipe(
      Score.toMixture(score)(of),
      O.getOrElse(() => Mixture.of({ means: [[NaN]] }))
    )
  expect(mixture(pair, params.pair)).toEqual(Mixture.symmetricPair([1, -2]))
  expect(mixture(spherical, params.spherical)).toEqual(Mixture.of({ means: [[1, 0], [0, 2], [-3, 1]] })) // prettier-ignore
  const { means, weights, variances } = mixture(isotropic, params.isotropic)
  expect(means).toEqual(params.isotropic.means)
  ;[0.25, 0.75].forEach((w, k) => expect(weights[k]).toBeCloseTo(w, 14))
  ;[0.5, 4].forEach((v, k) => expect(variances[k]).toBeCloseTo(v, 14))
  expect(Score.toMixture(shrinking)(Params.of({ rate: 1, offset: [1] }))).toEqual(O.none)
})

it('a family: has the parameters of a mixture, or says why not', () => {
  const mixture = Mixture.of({ means: [[1, 0], [0, 2]], weights: [0.25, 0.75], variances: [0.5, 4] }) // prettier-ignore
  const found = Problem.orThrow(Score.fromMixture(isotropic)(mixture))
  expect(found.means.values).toEqual(mixture.means.values)
  found.logVariances.values.forEach((v, k) => expect(Math.exp(v)).toBeCloseTo([0.5, 4][k], 14))
  const [one, other] = found.logits.values
  expect(Math.exp(other - one)).toBeCloseTo(3, 13)
  expect(Score.fromMixture(spherical)(mixture)).toMatchObject(
    E.left({ value: 'one of 2 components', domain: 'one of 3, as Score.spherical({ components: 3 }) has' })
  )
  expect(Score.fromMixture(shrinking)(mixture)).toMatchObject(E.left({ field: 'score' }))
  expect(() => Score.familyStart(isotropic as never, 2)).toThrow(/give Score\.interpret\(score\)\.family/)
})

it('a family: has centres, and parameters with given ones', () => {
  const centres = { shape: [2, 2], values: Float64Array.of(5, 6, 7, 8) }
  expect(there(family(pair).start).centres(params.pair)).toEqual({ shape: [1, 2], values: Float64Array.of(1, -2) })
  expect(there(family(spherical).start).centres(params.spherical)).toEqual(params.spherical.means)
  expect(there(family(isotropic).start).centres(params.isotropic)).toEqual(params.isotropic.means)
  expect(there(family(pair).start).fromCentres(centres, 3)).toEqual(Params.of({ mean: [5, 6] }))
  expect(there(family(spherical).start).fromCentres(centres, 3)).toEqual({ means: centres })
  expect(there(family(isotropic).start).fromCentres(centres, 3)).toEqual({
    means: centres,
    ...Params.of({ logits: [0, 0], logVariances: [Math.log(3), Math.log(3)] })
  })
})

describe('the M-step', () => {
  // Of three rows with responsibilities r: mass Σr, sums Σr (x − old), second Σr|x − old|², all as shares of the rows.
  const x = [[1, 2], [3, -1], [0, 4]] // prettier-ignore
  const r = [[0.2, 0.8], [0.5, 0.5], [0.9, 0.1]] // prettier-ignore
  const old = [[1, 0], [0, 2]] // prettier-ignore
  const total = (f: (row: number) => number): number => [0, 1, 2].reduce((sum, row) => sum + f(row), 0)
  const momentsAbout = (centres: ReadonlyArray<ReadonlyArray<number>>): Moments => ({
    mass: Float64Array.from([0, 1], k => total(i => r[i][k] / 3)),
    sums: Float64Array.from([0, 1, 2, 3], at =>
      total(i => (r[i][Math.floor(at / 2)] * (x[i][at % 2] - centres[Math.floor(at / 2)][at % 2])) / 3)
    ),
    second: Float64Array.from([0, 1], k =>
      total(i => (r[i][k] / 3) * ((x[i][0] - centres[k][0]) ** 2 + (x[i][1] - centres[k][1]) ** 2))
    )
  })
  const moments = momentsAbout(old)
  const at = { level: { alpha: 1, sigma: 0 }, floor: 1e-300, dim: 2 }
  const mean = (k: number, j: number): number => total(i => r[i][k] * x[i][j]) / total(i => r[i][k])
  const means = [0, 1].map(k => [mean(k, 0), mean(k, 1)])
  const variance = (k: number): number =>
    total(i => r[i][k] * ((x[i][0] - means[k][0]) ** 2 + (x[i][1] - means[k][1]) ** 2)) / (2 * total(i => r[i][k]))

  const close = (found: Float64Array, wanted: ReadonlyArray<number>): void => {
    expect(found.length).toBe(wanted.length)
    wanted.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 13))
  }

  it('of the pair is E[T x], T the difference of the responsibilities', () => {
    const { mean } = there(family(pair).mStep).maximise(params.pair, momentsAbout([[1, -2], [-1, 2]]), at) // prettier-ignore
    expect(mean.shape).toEqual([2])
    close(
      mean.values,
      [0, 1].map(j => total(i => ((r[i][0] - r[i][1]) * x[i][j]) / 3))
    )
  })

  it('of components is the mean of each, its share and its variance', () => {
    const found = there(family(isotropic).mStep).maximise(params.isotropic, moments, at)
    expect(Params.shapes(found)).toEqual({ means: [2, 2], logits: [2], logVariances: [2] })
    close(found.means.values, means.flat())
    close(
      found.logits.values,
      [0, 1].map(k => Math.log(total(i => r[i][k] / 3)))
    )
    close(
      found.logVariances.values,
      [0, 1].map(k => Math.log(variance(k)))
    )
    const spherical = there(family(Score.spherical({ components: 2 })).mStep).maximise(
      { means: params.isotropic.means },
      moments,
      at
    )
    expect(spherical.means.shape).toEqual([2, 2])
    close(spherical.means.values, means.flat())
  })

  it('keeps variances above the floor, and a component without mass where it is', () => {
    const floor = (variance(0) + variance(1)) / 2
    const floored = there(family(isotropic).mStep).maximise(params.isotropic, moments, { ...at, floor })
    close(
      floored.logVariances.values,
      [0, 1].map(k => Math.log(Math.max(variance(k), floor)))
    )
    const empty = {
      mass: Float64Array.of(0, 1),
      sums: Float64Array.of(0, 0, 3, 2),
      second: Float64Array.of(0, 17)
    }
    const { means, logits, logVariances } = there(family(isotropic).mStep).maximise(params.isotropic, empty, {
      ...at,
      floor: 0.01
    })
    // |(3, 4) − (0, 2)|² = 13, and (17 − 13)/2 is left
    close(means.values, [1, 0, 3, 4])
    expect(logits.values[1]).toBe(0)
    expect(logits.values[0]).toBe(Math.log(Number.MIN_VALUE))
    // The variance of one without mass is not known, and stays.
    close(logVariances.values, [params.isotropic.logVariances.values[0], Math.log(2)])
  })
})

it('convert: leaves mixtures as they are', () => {
  expect(Score.convert(Schedule.edm)(spherical)).toBe(spherical)
})

it('convert: gives a network its own level and scale: s′(x′) = s(x′/c)/c', () => {
  // The score of N(0, I) under Ornstein–Uhlenbeck is −x; with σ = 2 and α = 1 it is that of N(0, 5 I).
  const trained = Score.custom({
    name: 'normal',
    shapes: () => ({ scale: [] }),
    apply: ({ scale }, x, { alpha, sigma }) => neg(div(x, mul(scale, mul(div(alpha, alpha), div(sigma, sigma)))))
  })
  const moved = Score.convert(Schedule.ornsteinUhlenbeck)(trained)
  expect(Score.show(moved)).toBe(
    'Score.convert(Schedule.ornsteinUhlenbeck)(Score.custom({ name: "normal", shapes: …, apply: … }))'
  )
  const { values } = Score.evaluate(moved, Schedule.edm)(Params.of({ scale: 1 }))(2)({
    rows: 1,
    dim: 2,
    values: Float64Array.of(5, -10)
  })
  ;[-1, 2].forEach((s, j) => expect(values[j]).toBeCloseTo(s, 13))
})

describe('evaluate', () => {
  const points = { rows: 2, dim: 2, values: Float64Array.of(0.5, 1, -1, 2) }

  it('of a mixture is the score of the diffused mixture', () => {
    for (const time of [0.1, 0.7]) {
      const level = pipe(Schedule.ornsteinUhlenbeck, Schedule.level(time))
      const at = <P extends string>(score: Score.Score<P>, of: Params.Params<P>, truth: Mixture.Mixture): void => {
        const found = Score.evaluate(score, Schedule.ornsteinUhlenbeck)(of)(time)(points)
        const wanted = pipe(truth, Mixture.diffuse(level), Mixture.score(points))
        expect([found.rows, found.dim]).toEqual([2, 2])
        found.values.forEach((value, i) => expect(value).toBeCloseTo(wanted.values[i], 13))
      }
      at(pair, params.pair, Mixture.symmetricPair([1, -2]))
      at(spherical, params.spherical, Mixture.of({ means: [[1, 0], [0, 2], [-3, 1]] })) // prettier-ignore
      at(
        isotropic,
        params.isotropic,
        Mixture.of({ means: [[1, 0], [0, 2]], weights: [1, 3], variances: [0.5, 4] }) // prettier-ignore
      )
    }
  })

  it('of a denoiser is (α x̂_0 − x)/σ²', () => {
    const { alpha, sigma } = pipe(Schedule.ornsteinUhlenbeck, Schedule.level(0.3))
    const { values } = Score.evaluate(denoiser, Schedule.ornsteinUhlenbeck)(Params.of({ scale: 0.5 }))(0.3)(points)
    points.values.forEach((x, i) => expect(values[i]).toBeCloseTo((alpha * 0.5 * alpha * x - x) / sigma ** 2, 13))
  })
})

it('the divergence of a network is the trace of its Jacobian', () => {
  const model = Score.interpret(shrinking)
  const level = { alpha: 1, sigma: 1 }
  const found = compute(() =>
    model.divergence(Score.tensors(Params.of({ rate: 2, offset: [1, 3] })), tensor([1, 2, 3, 4], [2, 2]), {
      alpha: tensor([level.alpha, 1], [2, 1]),
      sigma: tensor([level.sigma, 1], [2, 1])
    })
  )
  // s(x) = −2 · (1 + 9) x in two dimensions
  expect([found.shape, Array.from(found.values)]).toEqual([
    [2, 1],
    [-40, -40]
  ])
  expect(model.predicts).toEqual(Parametrization.score)
  expect(Score.interpret(denoiser).predicts).toEqual(Parametrization.data)
})

/** Scores with several heads: what objectives, plans, files, samplers and problems make of them. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { expect, it } from 'vitest'
import { add, matMul, mul, neg, square, sub, sum, tanh, type Tensor } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Key,
  Mixture,
  Net,
  Objective,
  Parametrization,
  Params,
  Problem,
  Sampler,
  Schedule,
  Score,
  TimeGrid,
  NoiseLevels,
  Vocabulary
} from '../../../src/index.js'
import * as laws from '../../../src/laws/index.js'
import { plansAgree } from '../compile/plansAgree.js'
import { said } from '../../said.js'

const schedule = Schedule.ornsteinUhlenbeck
/** Of names that its type does not say. */
const untyped = (of: Net.Net<string>): Net.Net<string> => of
const net = Net.mlp({ hidden: [6], embedding: Net.fourier(2), heads: { noise: Net.output(), size: Net.linear(1) } })
const score = Score.network(net, { heads: { noise: Parametrization.noise } })
const own = Score.custom({
  name: 'own',
  shapes: dim => ({ into: [dim, dim], slope: [] }),
  says: ({ into, slope }, x, { sigma }) => ({ field: neg(matMul(tanh(x), into)), size: mul(slope, add(x, sigma)) }),
  heads: { field: Parametrization.velocity }
})
const mixing = Score.custom({
  name: 'mixing',
  shapes: () => ({ slope: [] }),
  says: ({ slope }, x) => ({ score: mul(slope, x), sum: mul(x, sum(x)) }),
  heads: { score: Parametrization.score }
})
const points = Mixture.sample(12)(Key.fromSeed(1))(Mixture.of({ means: [[-1, 0], [2, 1]] })) // prettier-ignore

const anywhere = <P extends string>(score: Score.Score<P>): Params.Params<P> =>
  Params.map<ReadonlyArray<number>, Params.Params<P>[P]>((shape, name) => {
    const size = shape.reduce((a, b) => a * b, 1)
    return { shape, values: Key.normal(size)(Key.named(name)(Key.fromSeed(7))[name]).map(z => 0.5 * z) }
  })(Score.shapes(2)(score))

const lossOf = <P extends string>(score: Score.Score<P>, objective: Objective.Objective) => ({
  schedule,
  score,
  objective,
  expectation: Expectation.monteCarlo()
})

const everything = Objective.custom(
  'everything',
  NoiseLevels.uniform(0.1, 1),
  Objective.seeing(score)(row => {
    const { heads, noise, params } = row
    const there = row.headsAt(row.clean, 0.25)
    const other = row.under({ 'size.bias': mul(2, params['size.bias']) })
    return add(
      add(sum(square(sub(heads.noise, noise)), 1, true), mul(heads.size, there.size)),
      add(sum(there.noise, 1, true), square(other.heads.size))
    )
  })
)
const ofOwn = Objective.custom(
  'own',
  NoiseLevels.uniform(0.1, 1),
  Objective.seeing(own)(({ heads: { field, size }, score }) => sum(mul(size, add(field, score)), 1, true))
)

it.each<[string, Score.Score<string>, Objective.Objective]>([
  ['a network', score, everything],
  ['functions', own, ofOwn]
])('objectives read heads: of %s, compiled as interpreted', (_, score, objective) => {
  const loss = lossOf(score, objective)
  expect(Problem.orThrow(Compile.plans(loss)(points)).map(({ engine }) => engine)).toEqual(['compiled', 'interpreted'])
  plansAgree(loss, points)(anywhere(score), 5)
})

it('objectives read heads: by what the heads say, evaluated alone', () => {
  const noiseless = Objective.custom('size', NoiseLevels.at(0.5), ({ heads: { size } }) => size)
  const fixed = Key.normal(24)(Key.fromSeed(3))
  const loss = { ...lossOf(score, noiseless), expectation: Expectation.fixed({ rows: 12, dim: 2, values: fixed }) }
  const { alpha, sigma } = Schedule.level(0.5)(schedule)
  const noisy = { ...points, values: points.values.map((x, i) => alpha * x + sigma * fixed[i]) }
  const params = anywhere(score)
  const { size, noise } = Score.heads(score, schedule)(params)(0.5)(noisy)
  expect([size.dim, noise.dim]).toEqual([1, 2])
  const found = Problem.orThrow(Compile.valueAndGrad(loss)(points))(params, Key.fromSeed(0)).value
  expect(Math.abs(found - size.values.reduce((a, b) => a + b) / 12)).toBeLessThan(1e-14)
  // s = −ε/σ
  const said = Score.evaluate(score, schedule)(params)(0.5)(noisy)
  said.values.forEach((s, i) => {
    expect(Math.abs(s + noise.values[i] / sigma)).toBeLessThan(1e-14 * (1 + Math.abs(s)))
  })
  expect(Score.heads(Score.symmetricPair, schedule)(Params.of({ mean: [1, 2] }))(0.5)(points)).toEqual({})
})

it('a score with heads: is printed, stored and read', () => {
  const codec = Vocabulary.codec(Vocabulary.standard)(Score.concept)
  expect(codec.decode(JSON.parse(JSON.stringify(codec.encode(score))))).toEqual(E.right(score))
  expect(Score.show(score)).toMatch(
    /Net\.heads\(.*, \{ noise: Net\.output\(\{ initial: 'zero' \}\), size: Net\.linear\(1, .*\) \}\), \{ heads: \{ noise: Parametrization\.noise \} \}\)/
  )
  // What was stored before there were heads.
  const plain = Score.network(Net.mlp({ hidden: [4] }), { predicts: Parametrization.noise })
  const older = Object.fromEntries(
    Object.entries(codec.encode(plain) as Readonly<Record<string, unknown>>).filter(([name]) => name !== 'heads')
  )
  expect(codec.decode(older)).toEqual(E.right(plain))
})

it('a score with heads: samples by the head that is its score', () => {
  const single = Net.chain(
    Net.concat(Net.identity, Net.fourier(2)),
    Net.named('hidden1', Net.linear(6)),
    Net.silu,
    Net.named('noise', Net.output())
  )
  const params = anywhere(score)
  const grid = TimeGrid.uniform({ from: 1, to: 0.05, steps: 4 })
  const program = Problem.orThrow(Sampler.compile({ sampler: Sampler.heun, schedule, grid }))
  const draw = <P extends string>(score: Score.Score<P>, params: Params.Params<P>) =>
    Sampler.sample(program)(Sampler.learned(score, schedule, params))(5, 2)(Key.fromSeed(2))
  expect(draw(score, params)).toEqual(
    draw(Score.network(single, { predicts: Parametrization.noise }), params as Params.Params<string>)
  )
})

it.each<[string, Score.Score<string>, RegExp]>([
  [
    'a head that is not there',
    Score.network(untyped(net), { heads: { drift: Parametrization.noise } }),
    /heads\.drift: the network has heads noise, size/
  ],
  [
    'a head of another width',
    Score.network(net, { heads: { size: Parametrization.noise } }),
    /heads\.size: 1 numbers a row are not 2/
  ],
  [
    'heads, and no word which',
    Score.network(net, { predicts: Parametrization.noise }),
    /heads noise, size.*say which head is the score/
  ],
  [
    'two scores',
    Score.network(net, { heads: { noise: Parametrization.noise, size: Parametrization.data } }),
    /heads: \{ noise, size \} is not the one head/
  ],
  [
    'one output, and no word of it',
    Score.network(Net.mlp({ hidden: [2] }), { heads: {} }),
    /the network has one output/
  ]
])('a score with heads: is refused with %s', (_, score, message) => {
  expect(Score.problems({ rows: 12, dim: 2 })(score).map(Problem.show).join('; ')).toMatch(message)
})

it('a score with heads: of which none is the score serve objectives that read them alone', () => {
  const drift = Score.network(Net.mlp({ hidden: [3], heads: { drift: Net.output() } }), { heads: {} })
  expect(Score.problems({ rows: 12, dim: 2 })(drift)).toEqual([])
  expect(Score.show(drift)).toContain('{ heads: {} }')
  expect(
    Vocabulary.codec(Vocabulary.standard)(Score.concept).decode(
      Vocabulary.codec(Vocabulary.standard)(Score.concept).encode(drift)
    )
  ).toEqual(E.right(drift))
  const of = (perRow: (row: Objective.Row) => Tensor) => {
    const loss = lossOf(drift as Score.Score<string>, Objective.custom('drift', NoiseLevels.at(0.5), perRow))
    return Compile.valueAndGrad(loss)(points)
  }
  const own = of(({ heads, noise, clean }) => sum(square(sub(heads.drift, sub(noise, clean))), 1))
  const { value, gradient } = Problem.orThrow(own)(anywhere(drift as Score.Score<string>), Key.fromSeed(3))
  expect(Number.isFinite(value) && Params.norm(gradient) > 0.01).toBe(true)
  const ofScore = of(({ score }) => sum(square(score), 1))
  expect(said(ofScore)).toMatch(/none of them is the score; name it in heads/)
})

it('a score with heads: and an objective that reads a head which is not there names those that are', () => {
  const wrong = Objective.custom('wrong', NoiseLevels.at(0.5), ({ heads: { sise } }) => sise)
  const refused = (score: Score.Score<string>): string => said(Compile.valueAndGrad(lossOf(score, wrong))(points))
  expect(refused(score)).toMatch(/heads\.sise: the score has noise, size/)
  expect(refused(Score.isotropic({ components: 2 }))).toMatch(/heads\.sise: the score has one output/)
})

it('a score with heads: keeps its laws, of which one sees a head that looks at other rows', () => {
  const law = 'its heads see each row alone, and the output is one of them'
  const failures = (score: Score.Score<string>) =>
    [...laws.score(score)]
      .filter(({ name }) => name.endsWith(law))
      .map(({ property }) => fc.check(property, { numRuns: 20, seed: 1 }).failed)
  expect(failures(score)).toEqual([false])
  expect(failures(own)).toEqual([false])
  expect(failures(mixing)).toEqual([true])
  expect(failures(Score.symmetricPair)).toEqual([])
})

it('a score with heads: and a head that looks at other rows is refused', () => {
  const compiled = Compile.valueAndGrad(lossOf(mixing, Objective.denoising(NoiseLevels.at(0.5))))(points)
  expect(said(compiled)).toMatch(/the heads of .*other numbers alone/)
})

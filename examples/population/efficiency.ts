/**
 * How much of what data know does the DDPM objective use, by noise level? And do confidence sets of its estimate hold the truth?
 * `node efficiency.js picture.svg` draws the first.
 */
import { pipe } from 'fp-ts/lib/function.js'
import {
  Compile,
  Efficiency,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from 'ornstein'
import { drawn } from './drawn.js'

/** Two Gaussians so far apart, weights 3 : 7, variances known. */
const score = Score.isotropic({ components: 2 })
const of = (noiseLevels: NoiseLevels.NoiseLevels, apart = 6): Params.Params<'means' | 'logits' | 'logVariances'> => {
  const means = [[-apart / 2], [apart / 2]]
  const truth = Mixture.of({ means, weights: [0.3, 0.7] })
  const at = Params.of({ means, logits: [Math.log(0.3), Math.log(0.7)], logVariances: [0, 0] })
  return Efficiency.sandwich({ score, objective: Objective.implicit(noiseLevels), known: ['logVariances'] })(truth)(at)
    .of
}

const LEVELS = [0.003, 0.03, 0.1, 0.3, 0.7, 3]
const SEPARATIONS = [2, 4, 6]
const grid = SEPARATIONS.map(apart =>
  LEVELS.map(t => {
    const { logits, means } = of(NoiseLevels.at(t), apart)
    return { t, weight: logits.values[0], mean: means.values[0] }
  })
)
export const byLevel = grid[2]
for (const { t, weight, mean } of byLevel)
  console.log(`t = ${t}: weight ${weight.toFixed(3)}; means ${mean.toFixed(3)}`)
/** All levels, as maximum likelihood weighs them: efficient (arXiv 2504.05161). */
const likelihood = NoiseLevels.likelihood({ until: 10, nodes: 16, leastVariance: 0.5 })
export const overAll = of(likelihood).logits.values[0]
console.log(`all levels: ${overAll.toFixed(6)}`)

/** Without noise to speak of, score matching loses what likelihood keeps, faster as components part (arXiv 2210.00726). */
export const bySeparation = grid.map(([{ weight }]) => weight)
bySeparation.forEach((ratio, i) => console.log(`${SEPARATIONS[i]} apart, t = 0.003: weight ${ratio.toFixed(3)}`))

drawn(
  (['weight', 'mean'] as const).map(name => ({
    title: name === 'weight' ? 'the weight' : 'the mean of the lighter component',
    x: { title: 't', domain: [0.002, 5], scale: 'log', ticks: LEVELS },
    y: { title: 'standard error / bound', domain: [0.95, 12], scale: 'log', ticks: [1, 1.5, 2, 3, 5, 10] },
    series: grid.map((own, i) => ({
      name: `${SEPARATIONS[i]} apart`,
      marks: 'both',
      points: own.map(one => ({ x: one.t, y: one[name] }))
    }))
  })),
  'Standard errors of the DDPM objective over the Cramér–Rao bound, by noise level and separation',
  'Two Gaussians of weights 3 : 7 with known variances.'
)

/** The pair on 400 points: 95 % intervals of the estimate at two levels. */
const pair = Mixture.symmetricPair([1.2])
export const coverage = [0.1, 1].map(t => {
  const score = Score.symmetricPair
  const objective = Objective.implicit(NoiseLevels.at(t))
  const expectation = Expectation.quadrature()
  const pipeline = Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: Initializer.values(Params.of({ mean: [1.2] })),
    stages: [Stage.descend({ objective, expectation, optimizer: Optimizer.lbfgs(), steps: 50, gradientNorm: 1e-9 })]
  })
  const trials = Array.from({ length: 40 }, (_, seed) => {
    const points = Mixture.sample(400)(Key.fromSeed(seed))(pair)
    const { params } = Run.last(pipe(points, Compile.pipeline(pipeline), Problem.orThrow))(Key.fromSeed(0))
    return Efficiency.confidence({ score, objective, expectation })(points)(params).contains(Params.of({ mean: [1.2] }))
  })
  const share = trials.filter(Boolean).length / trials.length
  console.log(`t = ${t}: 95 % intervals hold the truth in ${share}`)
  return share
})

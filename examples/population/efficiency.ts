/** How much of what data know does the DDPM objective use, by noise level? And do confidence sets of its estimate hold the truth? */
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
  TimeLaw
} from 'ornstein'

/** Two Gaussians so far apart, weights 3 : 7, variances known. */
const score = Score.isotropic({ components: 2 })
const of = (timeLaw: TimeLaw.TimeLaw, apart = 6): Params.Params<'means' | 'logits' | 'logVariances'> => {
  const means = [[-apart / 2], [apart / 2]]
  const truth = Mixture.of({ means, weights: [0.3, 0.7] })
  const at = Params.of({ means, logits: [Math.log(0.3), Math.log(0.7)], logVariances: [0, 0] })
  return Efficiency.sandwich({ score, objective: Objective.implicit(timeLaw), known: ['logVariances'] })(truth)(at).of
}

export const byLevel = [0.003, 0.03, 0.1, 0.3, 0.7, 3].map(t => {
  const { logits, means } = of(TimeLaw.at(t))
  console.log(`t = ${t}: weight ${logits.values[0].toFixed(3)}; means ${means.values[0].toFixed(3)}`)
  return { t, weight: logits.values[0], mean: means.values[0] }
})
/** All levels, as maximum likelihood weighs them: efficient (arXiv 2504.05161). */
const likelihood = TimeLaw.likelihood({ until: 10, nodes: 16, leastVariance: 0.5 })
export const overAll = of(likelihood).logits.values[0]
console.log(`all levels: ${overAll.toFixed(6)}`)

/** Without noise to speak of, score matching loses what likelihood keeps, faster as components part (arXiv 2210.00726). */
export const bySeparation = [2, 4, 6].map(apart => {
  const [ratio] = of(TimeLaw.at(0.003), apart).logits.values
  console.log(`${apart} apart, t = 0.003: weight ${ratio.toFixed(3)}`)
  return ratio
})

/** The pair on 400 points: 95 % intervals of the estimate at two levels. */
const pair = Mixture.symmetricPair([1.2])
export const coverage = [0.1, 1].map(t => {
  const [score, objective, expectation] = [
    Score.symmetricPair,
    Objective.implicit(TimeLaw.at(t)),
    Expectation.quadrature()
  ]
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

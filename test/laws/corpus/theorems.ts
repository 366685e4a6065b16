/** Inventions that are held to theorems: objectives believed to be that of the paper, flows, and pipelines that are to recover what is planted. */
import { add, div, mul, neg, square, stopGradient, sub, sum, type Tensor } from '../../../lib/index.js'
import {
  Case,
  Expectation,
  ExpectationMaximization,
  Initializer,
  Key,
  Mixture,
  Optimizer,
  Params,
  Pipeline,
  Population,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import * as Objective from '../../../src/objective/index.js'
import * as laws from '../../../src/laws/index.js'
import { ofConcept } from './invention.js'

type PerRow = Parameters<typeof Objective.custom>[2]
const squared = (x: Tensor): Tensor => sum(square(x), 1, true)
const of =
  (perRow: PerRow): laws.Form =>
  noiseLevels =>
    Objective.custom('believed', noiseLevels, perRow)
const times =
  (factor: number, form: laws.Form): laws.Form =>
  noiseLevels =>
    Objective.weight(factor)(form(noiseLevels))
/** With a pull on the parameters. */
const pulled =
  (weight: number, form: laws.Form): laws.Form =>
  noiseLevels =>
    Objective.sum([form(noiseLevels), Objective.weight(weight)(Objective.regularizer({ norm: 'l2' }))])
const { implicit, denoising } = Objective
const two = Score.spherical({ components: 2 })

const pair = 'the pair’s gradient is EM plus G'
const components = 'the gradient of K components in closed form'
const power = 'small means are led by power iteration'
const moments = 'small centres are matched by their second moments'
const both = `implicit is denoising in expectation: ${Score.show(Score.symmetricPair)}`

const paper = ofConcept('the paper', laws.paper, {
  wrong: {
    [`of the other sign | ${pair}`]: { implicit: times(-1, implicit) },
    [`of EM’s step alone | ${pair}`]: {
      implicit: of(({ score, divergence }) => add(stopGradient(squared(score)), mul(2, divergence())))
    },
    [`half of it | ${components}`]: { implicit: times(0.5, implicit) },
    [`a divergence that is held still | ${components}`]: {
      implicit: of(({ score, divergence }) => add(squared(score), mul(2, stopGradient(divergence()))))
    },
    [`less d/σ² | ${both}`]: {
      denoising: of(({ score, target, level }) => sub(squared(sub(score, target)), div(1, squared(level.sigma))))
    },
    [`one divergence for two | ${both}`]: {
      implicit: of(({ score, divergence }) => add(squared(score), divergence()))
    },
    [`a target of the wrong sign | ${both}`]: {
      denoising: of(({ score, target }) => squared(sub(score, neg(target))))
    },
    [`pulled to 0, as if by Ĉ for Ĉ − I | ${power}`]: { denoising: pulled(-0.5, denoising) },
    [`twice it, as if α⁴ were more | ${power}`]: { denoising: times(2, denoising) },
    [`twice the gap of moments | ${moments}`]: { implicit: times(2, implicit) },
    [`a penalty on long centres | ${moments}`]: { implicit: pulled(0.01, implicit) }
  },
  right: {
    'implicit score matching by hand': {
      implicit: of(({ score, divergence }) => add(squared(score), mul(2, divergence())))
    }
  }
})

// —— expectation–maximization ——

const levels = 'all noise levels together are the likelihood'
const decays = 'G decays with separation'
type Likelihood = Case.MadeBy<typeof NoiseLevels.likelihood>
const ofLikelihood =
  (change: (law: Likelihood) => NoiseLevels.NoiseLevels): laws.Form =>
  law =>
    implicit(Case.isMadeBy(NoiseLevels.likelihood)(law) ? change(law) : law)
const short: laws.Step = (family, floor, points) => params => {
  const next = ExpectationMaximization.step(family, floor, points)(params)
  return { ...next, params: Params.mapValues(x => 0.99 * x)(next.params) }
}
const emOf = (options: laws.EMOptions): ReadonlyArray<laws.Law> => [...laws.em(two, options), ...laws.emPair(options)]
const em = ofConcept('levels and expectation–maximization', emOf, {
  wrong: {
    [`pulled to 0 | the truth is a fixed point of both`]: { implicit: pulled(0.005, implicit) },
    [`g² for ½g² | ${levels}`]: { implicit: times(2, implicit) },
    [`times of equal weight | ${levels}`]: {
      implicit: ofLikelihood(({ until, nodes }) =>
        NoiseLevels.nodes(
          Array.from({ length: nodes }, (_, i) => ({ time: until * ((i + 0.5) / nodes) ** 2, weight: until / nodes }))
        )
      )
    },
    [`the last times left out | ${levels}`]: {
      implicit: ofLikelihood(({ until, nodes, leastVariance }) =>
        NoiseLevels.likelihood({ until: Math.min(2, until), nodes, leastVariance })
      )
    },
    [`a gradient a tenth too long | ${decays}`]: { implicit: times(1.1, implicit) },
    [`a step that falls short by a hundredth | ${decays}`]: { step: short },
    [`a correction that does not decay | ${decays}`]: { implicit: pulled(1e-3, implicit) }
  },
  right: { 'as they are': {} }
})

// —— the correspondence, parameter by parameter ——

/** What is added to the gradient of one parameter. */
interface Led {
  readonly name: string
  readonly by: (values: Float64Array) => Float64Array
  readonly objective?: Objective.Objective
}
const led = ({ name, by, objective = denoising(NoiseLevels.at(0.1)) }: Led): ReadonlyArray<laws.Law> => {
  const pull = Objective.define({
    name: 'pull',
    about: 'a gradient without a value',
    meaning: () => ({
      penalty: params => ({
        value: 0,
        gradient: Params.map<Params.Params<string>[string], Params.Params<string>[string]>((array, own) => ({
          ...array,
          values: own === name ? by(array.values) : array.values.map(() => 0)
        }))(params)
      })
    })
  })
  const score = Score.isotropic({ components: 2 })
  return laws.correspondsToEM({ score, objective: Objective.sum([objective, pull]) }).slice(0, 3)
}
const oneFactor = 'apart, descent is EM’s step times one factor'
const leading = ofConcept('correspondence of a parameter', led, {
  wrong: {
    [`the mean of all centres led faster than their difference | ${oneFactor}`]: {
      name: 'means',
      by: at => at.map(() => (5 * (at[0] + at[1])) / 2)
    },
    [`shapes led uphill | ${oneFactor}`]: { name: 'logVariances', by: at => at.map(v => -4 * v) },
    [`weights led uphill | ${oneFactor}`]: {
      name: 'logits',
      by: at => at.map(l => -4 * (l - (at[0] + at[1]) / 2)),
      objective: Objective.likelihood
    }
  },
  right: { 'led nowhere': { name: 'means', by: at => at.map(() => 0) } }
})

// —— flows ——

const truth = Mixture.of({ means: [[-2], [2]], weights: [0.3, 0.7] })
interface Flowing {
  readonly perRow?: PerRow
  /** How much farther than expectation–maximization a map goes. */
  readonly farther?: number
}
const flowing = ({ perRow, farther }: Flowing): ReadonlyArray<laws.Law> => {
  const at = NoiseLevels.at(0.3)
  const objective = perRow === undefined ? Objective.fisherDivergence(truth, at) : of(perRow)(at)
  const description = { score: two, objective, data: truth }
  if (farther === undefined) return laws.lyapunov(description)
  const step = Population.expectationMaximization(Population.loss(description))
  const map: Population.Step<'means'> = params => {
    const { value, params: next } = step(params)
    return { value, params: Params.zipWith((a: number, b: number) => a + farther * (b - a))(params, next) }
  }
  return laws.lyapunov(description, { map })
}
const along = 'the loss falls along its gradient flow'
const asFast = 'the loss falls as fast as its gradient is long'
const raises = 'the map never raises its value'
const flows = ofConcept('flow', flowing, {
  wrong: {
    [`a gradient of one part alone | ${along}`]: {
      perRow: ({ score, divergence }) => add(stopGradient(squared(score)), mul(2, divergence()))
    },
    [`a gradient a twentieth too long | ${asFast}`]: {
      perRow: ({ score, divergence }) => {
        const loss = add(squared(score), mul(2, divergence()))
        return sub(mul(1.05, loss), stopGradient(mul(0.05, loss)))
      }
    },
    [`a step that goes too far | ${raises}`]: { farther: 2.6 },
    [`a step back | ${raises}`]: { farther: -0.1 }
  },
  right: {
    'against the truth': {},
    'implicit score matching by hand': { perRow: ({ score, divergence }) => add(squared(score), mul(2, divergence())) },
    'half of a step': { farther: 0.5 }
  }
})

// —— recovery ——

const shared = Expectation.define({
  name: 'shared',
  about: 'one draw for all rows',
  meaning: () => ({
    where: 'everywhere',
    rows: 'together',
    draws:
      ({ rows, dim }) =>
      key => {
        const z = Key.normal(dim)(key)
        return [{ weight: 1, noise: Float64Array.from({ length: rows * dim }, (_, at) => z[at % dim]) }]
      }
  })
})
const descent = (expectation: Expectation.Expectation): ReadonlyArray<Stage.Stage> => [
  Stage.descend({
    objective: implicit(NoiseLevels.at(0.3)),
    expectation,
    optimizer: Optimizer.adam({ rate: 0.1 }),
    steps: 3
  })
]
const noMore = 'gradients vary no more than those of plain noise'
const recovers = (stages: ReadonlyArray<Stage.Stage>): ReadonlyArray<laws.Law> =>
  laws.recovers(
    Pipeline.of({ schedule: Schedule.ornsteinUhlenbeck, score: two, initializer: Initializer.kMeansPlusPlus, stages })
  )
const recovering = ofConcept('recovery', recovers, {
  wrong: {
    'nothing is learned | the planted truth is found': [],
    'nothing at all is learned | the error falls as n^{−1/2}': [],
    'nothing is learned of others | centres are found though the components are others': [],
    [`one draw for all rows | ${noMore}`]: descent(shared)
  },
  right: { 'expectation–maximization': [Stage.expectationMaximization({ steps: 30 })] }
})

export const theorems = [...paper, ...em, ...leading, ...flows, ...recovering]

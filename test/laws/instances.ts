/** The laws of every value of the vocabulary, by concept: a row for each concept, and its values have their laws. */
import * as vocabulary from '../../src/cli/glossary.js'
import {
  Case,
  Expectation,
  Initializer,
  Net,
  Optimizer,
  Parametrization,
  Region,
  Sampler,
  Score,
  Stage,
  TimeGrid,
  NoiseLevels,
  Clock,
  Schedule
} from '../../src/index.js'
import * as Covariance from '../../src/mixture/families/covariance.js'
import * as Objective from '../../src/objective/index.js'
import { student } from './generators.js'
import * as laws from '../../src/laws/index.js'
import type { Law } from '../../src/laws/law.js'

/** A value as code, and its laws. */
export interface Held {
  readonly code: string
  readonly laws: ReadonlyArray<Law>
}

export interface Instances {
  readonly concept: string
  /** The function of `ornstein/laws` that gives them. */
  readonly by: string
  readonly values: ReadonlyArray<Held>
}

const instances = <T>(
  { concept, words }: vocabulary.GlossaryConcept<T>,
  by: string,
  of: (value: T) => ReadonlyArray<Law>
): Instances => ({ concept, by, values: words.map(({ code, example }) => ({ code, laws: of(example) })) })

// The names of the parameters are forgotten, so that one table holds all.
export const pair: Score.Score<string> = Score.symmetricPair
const isotropic: Score.Score<string> = Score.isotropic({ components: 2 })
const network: Score.Score<string> = Score.network(Net.mlp({ hidden: [4] }), {
  predicts: Parametrization.noise
})

const two: Score.Score<string> = Score.spherical({ components: 2 })

/** Parts of optimizers that know neither the order nor the names of entries, up to the rounding of a sum. */
const ofEntries: ReadonlyArray<Case.CaseOf<Case.AnyValue>> = [
  ...[Optimizer.scale, Optimizer.zero, Optimizer.scaleByRate, Optimizer.trace, Optimizer.nesterovTrace],
  ...[Optimizer.scaleByAdam, Optimizer.scaleByAmsGrad, Optimizer.scaleByNAdam, Optimizer.scaleByRAdam],
  ...[Optimizer.scaleByRms, Optimizer.scaleByAdagrad, Optimizer.scaleByAdadelta, Optimizer.scaleByLion],
  ...[Optimizer.scaleByStandardDeviation, Optimizer.scaleByPolyak, Optimizer.sign, Optimizer.weightDecay],
  ...[Optimizer.clipByValue, Optimizer.clipByGlobalNorm, Optimizer.average, Optimizer.ema, Optimizer.lookahead],
  ...[Optimizer.scaleByBelief, Optimizer.scaleByYogi, Optimizer.scaleByAdan, Optimizer.scaleByAdemamix],
  ...[Optimizer.scaleByScheduleFree, Optimizer.scaleByProdigy, Optimizer.scaleByDistanceOverGradients, Optimizer.sam],
  ...[Region.box, Region.nonNegative]
]
/** And parts that look at each name as a whole. */
const ofNames = [
  ...ofEntries,
  ...[Optimizer.clipByNorm, Optimizer.scaleByTrustRatio, Optimizer.orthogonalize, Optimizer.freeze],
  ...[Region.ball, Region.simplex]
]
const isMadeOf =
  (cases: ReadonlyArray<Case.CaseOf<Case.AnyValue>>) =>
  (value: Case.AnyValue): boolean => {
    if (Case.isMadeBy(Optimizer.chain)(value)) return value.parts.every(isMadeOf(cases))
    if (Case.isMadeBy(Optimizer.project)(value)) return isMadeOf(cases)(value.region)
    return cases.some(one => Case.isMadeBy(one)(value))
  }

const rows: ReadonlyArray<Instances> = [
  instances(vocabulary.schedules, 'laws.schedule', value => laws.schedule(value)),
  instances(vocabulary.nets, 'laws.net', value => laws.net(value)),
  instances(vocabulary.clocks, 'laws.schedule', value =>
    laws.schedule(Schedule.reparametrized(value)(Schedule.cosine()))
  ),
  instances(vocabulary.noiseLevels, 'laws.noiseLevels', value => laws.noiseLevels(value)),
  instances(vocabulary.weightings, 'laws.weighting', value => laws.weighting(value)),
  instances(vocabulary.parametrizations, 'laws.parametrization', value => laws.parametrization(value)),
  instances(vocabulary.expectations, 'laws.expectation', value =>
    laws.expectation(value, pair, Case.isMadeBy(Expectation.quadrature)(value) ? { repeats: 2 } : { repeats: 100 })
  ),
  instances(vocabulary.objectives, 'laws.objective', value =>
    laws.objective(
      value,
      Case.isMadeBy(Objective.fisherDivergence)(value) || Case.isMadeBy(Objective.directionalDerivative)(value)
        ? two
        : pair
    )
  ),
  instances(vocabulary.covariances, 'laws.covariance', value => laws.covariance(value)),
  instances(vocabulary.scores, 'laws.score', value => laws.score(value)),
  instances(vocabulary.optimizers, 'laws.optimizer', value =>
    laws.optimizer(value, { coordinatesAlike: isMadeOf(ofNames)(value), namesAlike: isMadeOf(ofEntries)(value) })
  ),
  instances(vocabulary.rates, 'laws.rate', value => laws.rate(value)),
  instances(vocabulary.regions, 'laws.region', value => laws.region(value)),
  instances(vocabulary.initializers, 'laws.initializer', value =>
    laws.initializer(
      value,
      Case.isMadeBy(Initializer.values)(value)
        ? pair
        : Initializer.show(value) === Initializer.show(Initializer.networkDefault)
          ? network
          : isotropic
    )
  ),
  instances(vocabulary.stages, 'laws.stage', value =>
    laws.stage(value, Case.isMadeBy(Stage.splitAndMerge)(value) ? { score: isotropic } : {})
  ),
  instances(vocabulary.samplers, 'laws.sampler', value => laws.sampler(value)),
  instances(vocabulary.timeGrids, 'laws.timeGrid', value => laws.timeGrid(value))
]

// —— others than those listed: awkward numbers, other scores, what nests ——

type Row = readonly [name: string, laws: ReadonlyArray<Law>]

const drawn = (law: NoiseLevels.NoiseLevels, options: laws.NoiseLevelsOptions = {}): Row => [
  `${NoiseLevels.show(law)} on ${Schedule.show(options.schedule ?? Schedule.ornsteinUhlenbeck)}`,
  laws.noiseLevels(law, options)
]

// The names of the parameters are forgotten, so that one table holds all.
const spherical: Score.Score<string> = Score.spherical({ components: 3 })
const custom: Score.Score<string> = student

const started = (value: Initializer.Initializer, score: Score.Score<string>): Row => [
  `${Initializer.show(value)} of ${Score.show(score)}`,
  laws.initializer(value, score)
]

const scheduled = (value: Schedule.Schedule): Row => [Schedule.show(value), laws.schedule(value)]
const modelled = <P extends string>(score: Score.Score<P>): Row => [Score.show(score), laws.score(score)]
const estimating = <P extends string>(value: Expectation.Expectation, score: Score.Score<P>): Row => [
  `${Expectation.show(value)} of ${Score.show(score)}`,
  laws.expectation(value, score)
]
const learned = (value: Objective.Objective, score: Score.Score<string>): Row => [
  `${Objective.show(value)} of ${Score.show(score)}`,
  laws.objective(value, score)
]

const levels = NoiseLevels.nodes([
  { time: 0.1, weight: 0.5 },
  { time: 0.7, weight: 2 }
])
const mixed = Objective.sum([
  Objective.weight(0.3)(Objective.likelihood),
  Objective.weight(2)(Objective.denoising(levels)),
  Objective.implicit(NoiseLevels.likelihood({ until: 0.8, nodes: 3, leastVariance: 0.1 }))
])

const along = (value: Sampler.Sampler, claims: laws.SamplerOptions = {}): Row => [
  Sampler.show(value),
  laws.sampler(value, claims)
]

const inPair = (value: Stage.Stage): Row => [Stage.show(value), laws.stage(value)]
const power = Stage.powerIteration({ steps: 2 })

const more: Readonly<Record<string, ReadonlyArray<Row>>> = {
  NoiseLevels: [
    // Few ratios: the law is restricted to them.
    drawn(NoiseLevels.logNormal({ mean: -2 }), {
      schedule: Schedule.varianceExploding({ sigmaMin: 0.1, sigmaMax: 2 })
    }),
    drawn(NoiseLevels.gauss(5)(NoiseLevels.stratified(NoiseLevels.uniformLogSnr(-1, 2)))),
    drawn(
      NoiseLevels.importance({
        proposal: NoiseLevels.stratified(NoiseLevels.uniformLogSnr(-6, 10)),
        target: NoiseLevels.likelihood({ until: 2, nodes: 6 })
      })
    )
  ],
  Schedule: [
    scheduled(Schedule.varianceExploding({ sigmaMin: 1e-3, sigmaMax: 5000 })),
    scheduled(Schedule.betas(Schedule.linearBetas({ steps: 10, first: 0.01, last: 0.2 }))),
    scheduled(Schedule.reparametrized(Clock.power(2))(Schedule.betas([0.1, 0.2, 0.4]))),
    scheduled(Schedule.reparametrized(Clock.evenLogSnr({ from: 8, to: -8 }))(Schedule.cosine())),
    scheduled(Schedule.reparametrized(Clock.power(2))(Schedule.ornsteinUhlenbeck))
  ],
  Score: [
    modelled(Score.spherical({ components: 1 })),
    modelled(Score.isotropic({ components: 3 })),
    modelled(Score.full({ components: 1 })),
    modelled(Score.lowRank({ components: 3, rank: 2 })),
    modelled(student)
  ],
  Expectation: [
    estimating(Expectation.monteCarlo({ draws: 2, antithetic: true }), isotropic),
    estimating(Expectation.projected({ draws: 2, antithetic: true }), two),
    estimating(Expectation.projected(), Score.tiedIsotropic({ components: 2 }))
  ],
  Objective: [
    learned(Objective.denoising(NoiseLevels.uniform(0.2, 0.8)), isotropic),
    learned(Objective.denoising(levels), custom),
    learned(Objective.implicit(levels), isotropic),
    learned(Objective.likelihood, spherical),
    learned(mixed, isotropic),
    learned(Objective.implicit(NoiseLevels.at(0.3), { divergence: 'hutchinson' }), custom),
    learned(Objective.implicit(NoiseLevels.at(0.3), { divergence: 'sliced', probes: 2, law: 'normal' }), spherical),
    learned(Objective.regularizer({ norm: 'l1', smoothing: 0.125, parameters: ['matrix'] }), custom)
  ],
  Covariance: [...Covariance.names, ...Covariance.ONE_FACTOR_NAMES, 'CUU2' as const, 'UCU3' as const].map(name => [
    name,
    laws.covariance(Covariance.named(name))
  ]),
  Initializer: [
    started(Initializer.gaussian({ scale: 0.5 }), pair),
    started(Initializer.gaussian({ scale: 0.5 }), custom),
    started(Initializer.perturbed(0.25)(Initializer.gaussian({ scale: 1 })), custom),
    started(Initializer.kMeansPlusPlus, spherical),
    started(Initializer.kMeans({ steps: 0 }), spherical),
    started(Initializer.spectral, pair),
    started(Initializer.spectral, spherical),
    started(Initializer.hierarchical(), pair),
    started(Initializer.hierarchical({ rows: 3 }), Score.full({ components: 2 })),
    started(Initializer.fromData, pair),
    started(Initializer.bestOf(2)(Initializer.bestOf(2)(Initializer.kMeansPlusPlus)), spherical)
  ],
  Sampler: [
    along(Sampler.ddim({ eta: 0.5 })),
    along(Sampler.ddim({ eta: 1 }), { equals: Sampler.ancestral }),
    along(Sampler.dormandPrince({ tolerance: 1e-9 })),
    along(Sampler.predictorCorrector({ predictor: Sampler.dpmSolver2M, moves: 2, snr: 0.1 }))
  ],
  TimeGrid: [
    ['down to no noise', laws.timeGrid(TimeGrid.karras({ from: 0.9, to: 0, steps: 10, rho: 3 }))],
    ['one step', laws.timeGrid(TimeGrid.logSnr({ from: 0.5, to: 0.1, steps: 1 }))]
  ],
  Stage: [
    inPair(Stage.repeat(2)(Stage.sequence([power, Stage.expectationMaximization({ steps: 1 })]))),
    inPair(Stage.restart(2)(Stage.sequence([power, power])))
  ]
}

/** Of every concept. */
export const held: ReadonlyArray<Instances> = rows.map(({ concept, by, values }) => ({
  concept,
  by,
  values: [...values, ...(more[concept] ?? []).map(([code, laws]) => ({ code, laws }))]
}))

/** By concept. */
export const instancesOf = (concept: string): Instances => {
  const found = held.find(row => row.concept === concept)
  if (found === undefined) throw new Error(`no laws for ${concept}: add a row`)
  return found
}

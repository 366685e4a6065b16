/** What is refused of pipelines before anything runs, at once and all of it: each description, and in test/golden/refusals.txt what is said. */
import * as E from 'fp-ts/lib/Either.js'
import * as t from 'io-ts'
import { it } from 'vitest'
import { mean, mul, neg, relu, slice, square, sub, sum } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Initializer,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  Pipeline,
  type Points,
  Problem,
  Rate,
  Schedule,
  Score,
  Source,
  Stage,
  NoiseLevels
} from '../../../src/index.js'
import { golden } from '../../golden/golden.js'

const points: Points.Points = { rows: 5, dim: 2, values: Float64Array.from({ length: 10 }, (_, i) => Math.sin(i)) }
const fixed = (rows: number): Expectation.Expectation =>
  Expectation.fixed({ rows, dim: 2, values: new Float64Array(2 * rows) })
const at = NoiseLevels.at(0.3)
const em = Stage.expectationMaximization({ steps: 3 })
const power = Stage.powerIteration({ steps: 1 })
/** Wrong wherever it stands. */
const wrong = Stage.powerIteration({ steps: -1 })
const descend = (change: Partial<Parameters<typeof Stage.descend>[0]> = {}): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(at),
    expectation: Expectation.monteCarlo(),
    optimizer: Optimizer.gradientDescent({ rate: 0.1 }),
    steps: 3,
    ...change
  })

/** A right pipeline, to be made wrong in one place; scores have parameters of any names. */
const right = Pipeline.of<string>({
  schedule: Schedule.ornsteinUhlenbeck,
  score: Score.spherical({ components: 3 }),
  initializer: Initializer.kMeansPlusPlus,
  stages: []
})
const of = (...stages: ReadonlyArray<Stage.Stage>): Pipeline.Pipeline<string> => ({ ...right, stages })
const loss = (change: Partial<Parameters<typeof Stage.descend>[0]>) => of(descend(change))
const from = (initializer: Initializer.Initializer, change: object = {}): Pipeline.Pipeline<string> => ({
  ...of(em),
  initializer,
  ...change
})
const shrink: Score.Score<string> = Score.custom({
  name: 'shrink',
  shapes: () => ({ scale: [] }),
  apply: (_, x) => neg(x)
})
const ofShrink = (...stages: ReadonlyArray<Stage.Stage>): Pipeline.Pipeline<string> => ({
  ...of(...stages),
  score: shrink,
  initializer: Initializer.gaussian({ scale: 1 })
})
const ofPair = (...stages: ReadonlyArray<Stage.Stage>): Pipeline.Pipeline<string> => ({
  ...ofShrink(...stages),
  score: Score.symmetricPair
})

const seen = (
  name: string,
  perRow: Objective.Matching['perRow'],
  law: NoiseLevels.NoiseLevels = at
): Pipeline.Pipeline<string> => loss({ objective: Objective.custom(name, law, perRow), optimizer: Optimizer.newton() })

const wrap = (levels: number, outer: (stage: Stage.Stage) => Stage.Stage): Stage.Stage =>
  Array.from({ length: levels }).reduce<Stage.Stage>(outer, em)

const given = [[-6, 0], [6, 0], [0, 8]] // prettier-ignore
const means = { shape: [3, 2], values: new Float64Array(6) }

const descriptions: Readonly<Record<string, Pipeline.Pipeline<string>>> = {
  'nothing wrong': loss({}),
  'a quadrature of three components': loss({ expectation: Expectation.quadrature({ nodes: 8 }) }),
  'a projection of a custom score': ofShrink(descend({ expectation: Expectation.projected() })),
  'the likelihood of a custom score': ofShrink(descend({ objective: Objective.likelihood })),
  'expectation–maximization of a custom score': ofShrink(em),
  'split and merge of a custom score': ofShrink(Stage.splitAndMerge({ steps: 1 })),
  'split and merge of the pair': ofPair(Stage.splitAndMerge({ steps: 1 })),
  'a guard of a custom score': ofShrink(Stage.guarded(Stage.sequence([]))),
  'power iteration of components': of(power),
  'a custom objective under a projection': loss({
    objective: Objective.custom('mine', at, ({ score }) => score),
    expectation: Expectation.projected()
  }),
  'fixed noise of another size': loss({ expectation: fixed(4) }),
  'a time outside the schedule': {
    ...loss({ objective: Objective.denoising(NoiseLevels.at(2)) }),
    schedule: Schedule.custom({ name: 'flow', alpha: t => 1 - t, sigma: t => t, until: 1 })
  },
  'a time without noise': loss({
    objective: Objective.weight(2)(Objective.sum([Objective.likelihood, Objective.implicit(NoiseLevels.at(0))]))
  }),
  // log-SNR there: 2 log(3/8447)
  'a schedule that rises': {
    ...loss({}),
    schedule: Schedule.custom({ name: 'back', alpha: t => t, sigma: t => 1 - t, until: 1 })
  },
  'more components than rows': { ...ofShrink(descend()), score: Score.isotropic({ components: 6 }) },
  'a rate below zero': loss({ optimizer: Optimizer.gradientDescent({ rate: -1 }) }),

  'a batch of all rows': loss({ batch: 5 }),
  'a batch of more rows than there are': loss({ batch: 6 }),
  'a batch of half a row': loss({ batch: 0.5 }),
  'a batch that meets given noise': loss({ batch: 2, expectation: fixed(5) }),
  'epochs without a batch': loss({ epochs: true }),
  'a line search under noise': loss({ optimizer: Optimizer.lbfgs() }),
  'a line search under a batch': loss({ optimizer: Optimizer.lbfgs(), batch: 2 }),
  'a line search under a batch without noise': loss({
    optimizer: Optimizer.lbfgs(),
    batch: 2,
    objective: Objective.likelihood
  }),
  'a line search without noise': loss({ optimizer: Optimizer.lbfgs(), objective: Objective.likelihood }),
  'a line search on given noise': loss({ optimizer: Optimizer.lbfgs(), expectation: fixed(5) }),
  // What an objective looks at is told by its graph: those of clean rows alone have a line search.
  'a line search on clean rows': seen('clean', ({ clean, scoreAt }) => sum(square(scoreAt(clean, 0.1)), 1)),
  'a line search on clean rows at any time': seen(
    'timeless',
    ({ clean, params }) => sum(square(sub(clean, slice(params.means, 0, 1))), 1),
    NoiseLevels.uniform(0.1, 1)
  ),
  'a line search on noisy rows': seen('noisy', ({ noisy, scoreAt }) => sum(square(scoreAt(noisy, 0.1)), 1)),
  'a line search on a level that is drawn': seen(
    'timed',
    ({ clean, level, scoreAt }) => sum(mul(level.sigma, square(scoreAt(clean, 0.1))), 1),
    NoiseLevels.uniform(0.1, 1)
  ),
  'a line search on noise beside': seen('beside', ({ score, noises }) => sum(mul(noises(1)[0], score), 1)),
  'a line search along directions': seen('along', ({ clean, scoreAt, directions }) =>
    sum(mul(directions({ probes: 1, law: 'rademacher' })[0], scoreAt(clean, 0.1)), 1)
  ),

  'centres for a custom score': { ...ofShrink(descend()), initializer: Initializer.kMeansPlusPlus },
  ...Object.fromEntries(
    [
      Initializer.onSphere({ radius: 1 }),
      Initializer.fromData,
      Initializer.kMeans({ steps: 1 }),
      Initializer.spectral,
      Initializer.momentsMatched,
      Initializer.values(given),
      Initializer.warmStart({ centres: given, radius: 1 }),
      Initializer.bestOf(2)(Initializer.gaussian({ scale: 1 })),
      Initializer.perturbed(-1)(Initializer.fromData)
    ].map(one => [`${Initializer.show(one)} for a custom score`, from(one, { score: shrink, stages: [] })])
  ),
  'parameters of the wrong shape, and others': from(Initializer.values(Params.of({ means: [[1, 2]], extra: 1 }))),
  'parameters that are missing': from(Initializer.values(Params.of({ logits: [0] }))),
  'parameters by their shape': from(Initializer.values({ means })),
  'parameters that do not fill their shape': from(
    Initializer.values({ means: { ...means, values: new Float64Array(5) } })
  ),
  'parameters that are not finite': from(
    Initializer.values({ means: { ...means, values: new Float64Array(6).fill(NaN, 5) } })
  ),
  ...Object.fromEntries(
    [
      [[0, 0]],
      [[1], [2], [3]],
      [[0, 0], [0], [0, 0]],
      [
        [0, 0],
        [0, NaN],
        [0, 0]
      ],
      []
    ].map(centres =>
      // prettier-ignore
      [`centres ${JSON.stringify(centres)}`, from(Initializer.values(centres))]
    )
  ),
  'centres of the wrong shape at a radius': from(Initializer.warmStart({ centres: [[1, 2, 3]], radius: -1 })),
  'a centre for the pair': { ...ofPair(power), initializer: Initializer.values([[1, 2]]) },
  'a short centre for the pair': { ...ofPair(power), initializer: Initializer.values([[1]]) },
  'too many rows for a hierarchy': from(Initializer.hierarchical({ rows: 20_000 })),

  'an objective at a wrong time': loss({ objective: Objective.implicit(NoiseLevels.at(-1)) }),
  'expectation–maximization at a wrong time': of(Stage.expectationMaximization({ steps: 3, time: -1 })),
  'a restart': of(Stage.restart(0)(wrong)),
  'a guard': of(Stage.guarded(wrong)),
  'a sequence': of(Stage.sequence([em, wrong])),
  'repeated -1 times': of(Stage.repeat(-1)(wrong)),
  'repeated 0.5 times': of(Stage.repeat(0.5)(wrong)),
  'repeated 10 001 times': of(Stage.repeat(10_001)(wrong)),
  'annealed to a wrong time': of(Stage.anneal([1, -1])(wrong)),
  'a sample of too few rows': of(Stage.onSample({ rows: 2 })(em)),
  'what a sample cannot do': of(Stage.onSample({ rows: 4 })(power)),
  'a sample of twice the rows': of(Stage.onSample({ fraction: 2 })(em)),
  'what is wrong each time it is repeated, in a sequence': ofShrink(
    Stage.sequence([descend(), Stage.repeat(3)(Stage.sequence([descend(), power]))])
  ),
  'what an attempt cannot do': ofShrink(Stage.restart(2)(Stage.sequence([em]))),
  'everything at once': {
    ...of(
      descend({
        objective: Objective.implicit(NoiseLevels.uniform(2, 1)),
        expectation: Expectation.projected({ draws: 0 }),
        optimizer: Optimizer.adam({ rate: Rate.constant(0), beta1: 1 }),
        steps: -1
      }),
      Stage.expectationMaximization({ steps: 1.5, varianceFloor: 0 })
    ),
    score: Score.spherical({ components: 9 }),
    initializer: Initializer.gaussian({ scale: 0 })
  },

  'restart × 1e8': of(Stage.restart(1e8)(em)),
  'restarts in restarts': of(Stage.restart(1000)(Stage.restart(1000)(em))),
  'repeats in repeats': of(wrap(6, Stage.repeat(10))),
  'repeats in repeats within a restart': of(Stage.restart(2)(wrap(12, Stage.repeat(10)))),
  'draws without end': loss({ expectation: Expectation.monteCarlo({ draws: 4294967296 }) }),
  'projected draws without end': loss({ expectation: Expectation.projected({ draws: 1e9 }) }),
  'probes without end': loss({ objective: Objective.implicit(at, { divergence: 'sliced', probes: 1e9 }) }),
  'nodes of time without end': loss({
    objective: Objective.implicit(NoiseLevels.likelihood({ until: 5, nodes: 1e7 }))
  }),
  'nodes of a law without end': loss({
    objective: Objective.implicit(NoiseLevels.gauss(1e7)(NoiseLevels.uniform(0.1, 1)))
  }),
  'starts without end': from(Initializer.bestOf(1e9)(Initializer.fromData)),
  'starts of starts': from(Initializer.bestOf(1000)(Initializer.bestOf(1000)(Initializer.fromData))),
  'steps of k-means without end': from(Initializer.kMeans({ steps: 1e12 })),
  'moves without end': of(Stage.splitAndMerge({ steps: 3, polish: 1e9 })),
  'stages in stages': of(wrap(4000, stage => Stage.sequence([stage])))
}

type Refused = E.Either<Problem.Problems, unknown>
const sentences = (name: string, compiled: Refused): ReadonlyArray<string> => [
  name,
  ...(E.isLeft(compiled) ? compiled.left.map(one => `    ${Problem.show(one)}`) : ['    —'])
]

/** Of one's own, and saying nothing of rows that are not in memory. */
const firstRows = Initializer.defineCentres({
  name: 'firstRows',
  about: 'the first rows',
  meaning: () => ({
    draws: 'never',
    centres:
      ({ points, count }) =>
      () => ({ shape: [count, points.dim], values: points.values.slice(0, count * points.dim) })
  })
})
const still = Stage.define({
  name: 'still',
  about: 'stays where it is',
  meaning: () => ({
    stops: { steps: 1 },
    means: () => ({ engine: 'none', reason: 'nothing is computed' }),
    ...Stage.steps(t.null, () => ({ begin: () => null, step: params => ({ value: 0, params, memory: null }) }))
  })
})
const ofSource: typeof descriptions = {
  'a start of one’s own': from(firstRows),
  'the best of starts of one’s own': from(Initializer.bestOf(2)(firstRows)),
  'a start that looks at all pairs': from(Initializer.hierarchical()),
  'a start by k-means': from(Initializer.kMeansPlusPlus),
  'a stage of one’s own': of(still),
  'a stage of one’s own on a sample': of(Stage.onSample({ rows: 4 })(still))
}

const network = Score.network(Net.mlp({ hidden: [4] }), { predicts: Parametrization.noise })
const ofNetwork = (change: Partial<Parameters<typeof Stage.descend>[0]> = {}): Pipeline.Pipeline<string> => ({
  ...loss(change),
  score: network,
  initializer: Initializer.networkDefault
})
const tiny = Objective.define({
  name: 'tiny',
  about: 'with a number that no float is',
  formula: () => 'E …',
  meaning: () => ({ noiseLevels: at, float32: true, perRow: ({ score }) => mean(square(sub(score, 1e-300)), 1) })
})
const inFloat32: typeof descriptions = {
  'a network': ofNetwork(),
  'the exact divergence': ofNetwork({ objective: Objective.implicit(at) }),
  'a likelihood': loss({ objective: Objective.likelihood }),
  'a mixture': loss({}),
  'a quadrature': ofPair(descend({ expectation: Expectation.quadrature() })),
  'given noise, by which values are compared': ofNetwork({ expectation: fixed(5) }),
  'what says nothing about it': ofNetwork({
    objective: Objective.custom('mine', at, ({ score }) => mean(relu(score), 1))
  }),
  'expectation–maximization': of(em),
  'a stage in a stage': {
    ...ofNetwork(),
    stages: [Stage.onSample({ rows: 4 })(descend({ objective: Objective.implicit(at) }))]
  },
  'what no program can be made of': ofNetwork({ objective: tiny })
}

it('of every description is what stands in refusals.txt', async () => {
  const rowsWithNaN = { rows: 20, dim: 2, values: Float64Array.from({ length: 40 }, (_, i) => (i === 33 ? NaN : i)) }
  const each = (all: typeof descriptions, compiled: (one: Pipeline.Pipeline<string>) => Refused) =>
    Object.entries(all).flatMap(([name, one]) => sentences(name, compiled(one)))
  await golden('refusals', [
    ...each(descriptions, one => Compile.pipeline(one)(points)),
    ...sentences('a NaN in the data', Compile.pipeline(loss({}))(rowsWithNaN)),
    '—— of a source ——',
    ...each(ofSource, one => Compile.pipeline(one)(Source.of(points))),
    '—— in float32 ——',
    ...each(inFloat32, one => Compile.pipeline(one, { precision: 'float32' })(points))
  ])
})

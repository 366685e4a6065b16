/** Every value of the vocabulary keeps the laws of its concept: a new value has them as soon as it is listed there. */
import { describe, it } from 'vitest'
import {
  Initializer,
  Rate,
  Region,
  Sampler,
  Schedule,
  Score,
  Stage,
  TimeGrid,
  TimeLaw,
  Weighting
} from '../../src/index.js'
import { student } from '../../src/laws/arbitraries.js'
import { initializer } from '../../src/laws/initializer.js'
import type { Law } from '../../src/laws/Law.js'
import { rate } from '../../src/laws/rate.js'
import { region } from '../../src/laws/region.js'
import { sampler } from '../../src/laws/sampler.js'
import { stage } from '../../src/laws/stage.js'
import { timeGrid } from '../../src/laws/timeGrid.js'
import { timeLaw, type TimeLawOptions } from '../../src/laws/timeLaw.js'
import { weighting } from '../../src/laws/weighting.js'
import { holds } from './holds.js'
import { instancesOf, pair } from './instances.js'

type Row = readonly [name: string, laws: ReadonlyArray<Law>]

/** A row for each value of a concept in the vocabulary, and for each of one's own. */
const table = (concept: string, more: ReadonlyArray<Row> = []): ReadonlyArray<Row> => [
  ...instancesOf(concept).values.map(({ code, laws }): Row => [code, laws]),
  ...more
]

const check = (concept: string, numRuns: number, more: ReadonlyArray<Row> = []): void => {
  describe.each(table(concept, more))(`${concept}: %s`, (_, laws) => {
    it.each(laws)('$name', law => holds(law, numRuns))
  })
}

const drawn = (law: TimeLaw.TimeLaw, options: TimeLawOptions = {}): Row => [
  `${TimeLaw.show(law)} on ${Schedule.show(options.schedule ?? Schedule.ornsteinUhlenbeck)}`,
  timeLaw(law, options)
]

check('TimeLaw', 3, [
  drawn(TimeLaw.uniformLogSnr(-3, 5), { schedule: Schedule.rectifiedFlow }),
  drawn(TimeLaw.logNormal(), { schedule: Schedule.edm }),
  // Few ratios: the law is restricted to them.
  drawn(TimeLaw.logNormal({ mean: -2 }), { schedule: Schedule.varianceExploding({ sigmaMin: 0.1, sigmaMax: 2 }) }),
  drawn(TimeLaw.logitNormal({ mean: -0.3, deviation: 0.8 }), { schedule: Schedule.cosine() }),
  drawn(TimeLaw.stratified(TimeLaw.logNormal()), { schedule: Schedule.edm }),
  drawn(TimeLaw.gauss(5)(TimeLaw.stratified(TimeLaw.uniformLogSnr(-1, 2)))),
  drawn(
    TimeLaw.importance({
      proposal: TimeLaw.stratified(TimeLaw.uniformLogSnr(-6, 10)),
      target: TimeLaw.likelihood({ until: 2, nodes: 6 })
    })
  ),
  drawn(
    TimeLaw.stratified(
      TimeLaw.importance({
        proposal: TimeLaw.logNormal({ mean: -0.2, deviation: 1 }),
        target: TimeLaw.logNormal({ mean: -0.5, deviation: 0.7 })
      })
    ),
    { schedule: Schedule.edm }
  )
])

check('Weighting', 15, [['Weighting.constant(-1)', weighting(Weighting.constant(-1))]])

check('Parametrization', 15)

check('Rate', 60, [
  // Without a rise, or with nothing but one.
  ['a warm-up from 0', rate(Rate.linear({ rate: 0, final: 0.1, steps: 10 }))],
  ['half a cosine, no warm-up', rate(Rate.cosine({ rate: 0.1, steps: 7, final: 0.3 }))],
  ['one cycle, no rise', rate(Rate.oneCycle({ rate: 0.1, steps: 7, rise: 0 }))],
  ['a rate that grows', rate(Rate.exponential({ rate: 0.1, factor: 1.0001, every: 3 }))],
  [
    'pieces in pieces',
    rate(
      Rate.piecewise(Rate.piecewise(0.1, [{ from: 3, rate: Rate.cosine({ rate: 0.2, steps: 9 }) }]), [
        { from: 20, rate: Rate.step({ rate: 0.3, factor: 0.5, every: 4 }) }
      ])
    )
  ]
])

check('Region', 100, [
  ['an open box', region(Region.box({ least: 1 }))],
  ['all of space', region(Region.box({}))],
  ['a simplex of another size', region(Region.simplex({ total: 3 }))]
])

// The names of the parameters are forgotten, so that one table holds all.
const spherical = Score.spherical({ components: 3 }) as unknown as Score.Score<string>
const custom = student as unknown as Score.Score<string>

const started = (value: Initializer.Initializer, score: Score.Score<string>): Row => [
  `${Initializer.show(value)} of ${Score.show(score)}`,
  initializer(value, score)
]

check('Initializer', 5, [
  started(Initializer.gaussian({ scale: 0.5 }), pair),
  started(Initializer.gaussian({ scale: 0.5 }), custom),
  started(Initializer.perturbed(0.25)(Initializer.gaussian({ scale: 1 })), custom),
  started(Initializer.kMeansPlusPlus, spherical),
  started(Initializer.kMeans({ steps: 0 }), spherical),
  started(Initializer.spectral, pair),
  started(Initializer.spectral, spherical),
  started(Initializer.fromData, pair),
  started(Initializer.bestOf(2)(Initializer.bestOf(2)(Initializer.kMeansPlusPlus)), spherical)
])

const along = (value: Sampler.Sampler): Row => [Sampler.show(value), sampler(value)]

check('Sampler', 4, [
  along(Sampler.ddim({ eta: 0.5 })),
  along(Sampler.ddim({ eta: 1 })),
  along(Sampler.dormandPrince({ tolerance: 1e-9 })),
  along(Sampler.predictorCorrector({ predictor: Sampler.dpmSolver2M, moves: 2, snr: 0.1 }))
])

check('TimeGrid', 15, [
  ['down to no noise', timeGrid(TimeGrid.karras({ from: 0.9, to: 0, steps: 10, rho: 3 }))],
  ['one step', timeGrid(TimeGrid.logSnr({ from: 0.5, to: 0.1, steps: 1 }))]
])

const inPair = (value: Stage.Stage): Row => [Stage.show(value), stage(value)]
const power = Stage.powerIteration({ steps: 2 })

check('Stage', 1, [
  inPair(Stage.repeat(2)(Stage.sequence([power, Stage.expectationMaximization({ steps: 1 })]))),
  inPair(Stage.restart(2)(Stage.sequence([power, power])))
])

// These have tables of their own, with what each claims beside: here a few cases of each value that is listed.
check('Schedule', 1)
check('Objective', 1)
check('Score', 5)
check('Optimizer', 2)
check('Expectation', 1)

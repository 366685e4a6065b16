/** Curried calls whose arguments stand in a wrong order, as plain JavaScript lets one write: a TypeError says what was meant. */
import { expect, it } from 'vitest'
import {
  Compile,
  Initializer,
  Key,
  Optimizer,
  Pipeline,
  Problem,
  Rate,
  Run,
  Schedule,
  Score,
  TimeGrid,
  NoiseLevels,
  Weighting
} from '../../../src/index.js'
import * as Mixture from '../../../src/mixture/index.js'
import * as Region from '../../../src/optimizer/region.js'
import * as Expectation from '../../../src/objective/expectation.js'
import * as Objective from '../../../src/objective/index.js'
import * as Sampler from '../../../src/sampler/sampler.js'
import * as Stage from '../../../src/pipeline/stage.js'
import * as laws from '../../../src/laws/index.js'
import { golden } from '../../golden/golden.js'

const schedule = Schedule.ornsteinUhlenbeck
const score = Score.isotropic({ components: 2 })
const objective = Objective.likelihood
const key = Key.fromSeed(1)
const mixture = Mixture.of({ means: [[0, 0]] })
const points = Mixture.sample(10)(key)(mixture)
const pipeline = Pipeline.of({ schedule, score, initializer: Initializer.fromData, stages: [] })
const loss = { schedule, score, objective, expectation: Expectation.monteCarlo() }
const program = Problem.orThrow(Compile.pipeline(pipeline)(points))
const state = Run.last(program)(key)

/** What a call is without its types: any arguments, in any order. */
type Untyped = (...args: ReadonlyArray<unknown>) => unknown
const curried = (f: unknown, ...calls: ReadonlyArray<ReadonlyArray<unknown>>): unknown =>
  calls.reduce<unknown>((g, args) => (g as Untyped)(...args), f)

const wrong: Readonly<Record<string, () => unknown>> = {
  'Compile.pipeline': () => curried(Compile.pipeline, [points], [pipeline]),
  'Compile.valueAndGrad': () => curried(Compile.valueAndGrad, [points], [loss]),
  'Compile.plans': () => curried(Compile.plans, [points], [loss]),
  'Compile.byLevel': () => curried(Compile.byLevel, [points, [1]], [loss]),
  'Run.last': () => curried(Run.last, [key], [program]),
  'Run.states': () => curried(Run.states, [key], [program]),
  'Run.resume': () => curried(Run.resume, [state], [program]),
  'Mixture.sample': () => curried(Mixture.sample, [10], [mixture], [key]),
  'Mixture.diffuse': () => curried(Mixture.diffuse, [mixture], [{ alpha: 1, sigma: 0 }]),
  'Mixture.logDensity': () => curried(Mixture.logDensity, [mixture], [points]),
  'Mixture.meanLogDensity': () => curried(Mixture.meanLogDensity, [mixture], [points]),
  'Mixture.responsibilities': () => curried(Mixture.responsibilities, [mixture], [points]),
  'Schedule.level': () => curried(Schedule.level, [schedule], [0.3]),
  'Score.shapes': () => curried(Score.shapes, [score], [2]),
  'Score.interpret': () => curried(Score.interpret, [points]),
  'NoiseLevels.quadrature': () => curried(NoiseLevels.quadrature, [NoiseLevels.at(1), 3], [schedule]),
  'Weighting.interpret': () => curried(Weighting.interpret, [Weighting.minSnr()], [schedule]),
  'Objective.terms': () => curried(Objective.terms, [schedule]),
  'Expectation.interpret': () => curried(Expectation.interpret, [undefined]),
  'Stage.losses': () => curried(Stage.losses, [score]),
  'Optimizer.interpret': () => curried(Optimizer.interpret, [score], []),
  'Rate.at': () => curried(Rate.at, [0], [schedule]),
  'Region.project': () => curried(Region.project, [schedule], [{}]),
  'TimeGrid.times': () => curried(TimeGrid.times, [TimeGrid.logSnr({ from: 4, to: 1, steps: 2 })], [schedule]),
  'Initializer.interpret': () => curried(Initializer.interpret, [points, score], [Initializer.fromData]),
  'Sampler.draws': () => curried(Sampler.samplerDraws, [schedule]),
  'laws.check': () => curried(laws.check, [{ objective, score }])
}

const parts = { score, initializer: Initializer.networkDefault, stages: [] }
const lost = (): unknown => JSON.parse(JSON.stringify(schedule))
/** Words that are called wrongly. */
const words: Readonly<Record<string, () => unknown>> = {
  'a copy by JSON': () => curried(Schedule.level, [0.3], [lost()]),
  'a constructor in the place of a value': () => curried(Pipeline.of, [{ ...parts, schedule: Schedule.cosine }]),
  'one with fields to give': () => curried(Optimizer.scaleByRate, [Rate.cosine]),
  'one in a list': () => curried(Optimizer.chain, [Optimizer.scaleByAdam, Optimizer.scale(-1)]),
  'one in a function’s place': () => curried(Schedule.level, [0.3], [Schedule.cosine]),
  'one in a loss': () =>
    Problem.orThrow(curried(Compile.plans, [{ ...loss, schedule: Schedule.cosine }], [points]) as never),
  'a field by name for one by place': () => curried(Optimizer.trace, [{ decay: 0.9 }]),
  'a recipe without its rate': () => curried(Optimizer.adam, []),
  'a recipe by its rate alone': () => curried(Optimizer.momentum, [0.2])
}

it.each(Object.entries(wrong))(
  'a wrong order of arguments of %s is a TypeError that says what was given',
  (_, call) => {
    expect(call).toThrow(TypeError)
    expect(call).toThrow(/ was given for (an? |points|data).*; (give|check) the /)
  }
)

it('what is said of each stands in order.txt', async () => {
  const said = (call: () => unknown): string => {
    try {
      call()
      return 'nothing'
    } catch (error) {
      return error instanceof Error ? error.message : 'no error'
    }
  }
  await golden(
    'order',
    Object.entries({ ...wrong, ...words }).flatMap(([name, call]) => [name, `    ${said(call)}`])
  )
})

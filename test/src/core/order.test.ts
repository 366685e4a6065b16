/** Curried calls whose arguments stand in a wrong order, as plain JavaScript lets one write: a TypeError says what was meant. */
import { describe, expect, it } from 'vitest'
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
  TimeLaw,
  Weighting
} from '../../../src/index.js'
import * as Mixture from '../../../src/mixture/index.js'
import * as Region from '../../../src/optimizer/region.js'
import * as Expectation from '../../../src/objective/expectation.js'
import * as Objective from '../../../src/objective/index.js'
import * as Sampler from '../../../src/sampler/sampler.js'
import * as Stage from '../../../src/pipeline/stage.js'
import * as laws from '../../../src/laws/index.js'

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
  'TimeLaw.quadrature': () => curried(TimeLaw.quadrature, [TimeLaw.at(1), 3], [schedule]),
  'Weighting.interpret': () => curried(Weighting.interpret, [Weighting.minSnr()], [schedule]),
  'Objective.terms': () => curried(Objective.terms, [schedule]),
  'Expectation.interpret': () => curried(Expectation.interpret, [undefined]),
  'Stage.losses': () => curried(Stage.losses, [score]),
  'Optimizer.interpret': () => curried(Optimizer.interpret, [score], []),
  'Rate.at': () => curried(Rate.at, [0], [schedule]),
  'Region.project': () => curried(Region.project, [schedule], [{}]),
  'TimeGrid.times': () => curried(TimeGrid.times, [TimeGrid.logSnr({ from: 4, to: 1, steps: 2 })], [schedule]),
  'Initializer.interpret': () => curried(Initializer.interpret, [points, score], [Initializer.fromData]),
  'Sampler.draws': () => curried(Sampler.draws, [schedule]),
  'laws.check': () => curried(laws.check, [{ objective, score }])
}

describe('a wrong order of arguments', () => {
  it.each(Object.entries(wrong))('of %s is a TypeError that says what was given', (_, call) => {
    expect(call).toThrow(TypeError)
    expect(call).toThrow(/ was given for (an? |points|data).*; (give|check) the /)
  })

  it('names what was given and how the call is written', () => {
    expect(wrong['Compile.pipeline']).toThrow(
      "Compile.pipeline(pipeline)(data): the value 'of' was given for data; give the arguments in this order"
    )
    expect(wrong['Schedule.level']).toThrow(
      '0.3 was given for a Schedule; check the order of the arguments: options come first, and what they are applied to comes last'
    )
    expect(wrong['laws.check']).toThrow(
      'laws.check(instance, { score, schedule, … }): { objective, score } was given for an instance'
    )
  })

  it('a copy by JSON is told what it has lost', () => {
    const copy = (): unknown => curried(Schedule.level, [0.3], [JSON.parse(JSON.stringify(schedule))])
    expect(copy).toThrow('as a copy it has lost its case')
  })
})

describe('a word that is called wrongly says how it is called', () => {
  const parts = { score, initializer: Initializer.own, stages: [] }
  it.each<readonly [string, () => unknown, string]>([
    [
      'a constructor in the place of a value',
      () => curried(Pipeline.of, [{ ...parts, schedule: Schedule.cosine }]),
      'Pipeline.of: schedule: Schedule.cosine is not a Schedule: it is what makes one; call it: Schedule.cosine()'
    ],
    [
      'one with fields to give',
      () => curried(Optimizer.scaleByRate, [Rate.cosine]),
      'Optimizer.scaleByRate: rate: Rate.cosine is not a Rate: it is what makes one; call it: Rate.cosine({ rate, steps })'
    ],
    [
      'in a list',
      () => curried(Optimizer.chain, [Optimizer.scaleByAdam, Optimizer.scale(-1)]),
      'Optimizer.chain: parts: Optimizer.scaleByAdam is not a list, each an Optimizer: it is what makes one; call it: Optimizer.scaleByAdam()'
    ],
    [
      'in a function’s place',
      () => curried(Schedule.level, [0.3], [Schedule.cosine]),
      'Schedule.cosine was given for a Schedule: it is what makes one; call it: Schedule.cosine()'
    ],
    [
      'in a loss',
      () => Problem.orThrow(curried(Compile.plans, [{ ...loss, schedule: Schedule.cosine }], [points]) as never),
      'schedule: Schedule.cosine is not a description: it is what makes one; call it: Schedule.cosine()'
    ],
    [
      'a field by name for one by place',
      () => curried(Optimizer.trace, [{ decay: 0.9 }]),
      'Optimizer.trace: { decay } is given by name, and is taken by its place; write Optimizer.trace(0.9)'
    ],
    [
      'a recipe without its rate',
      () => curried(Optimizer.adam, []),
      'Optimizer.adam: rate: it is missing; write Optimizer.adam({ rate: 0.1 })'
    ],
    [
      'a recipe by its rate alone',
      () => curried(Optimizer.momentum, [0.2]),
      'Optimizer.momentum: rate: it is not given by its name; write Optimizer.momentum({ rate: 0.2 })'
    ]
  ])('%s', (_, call, text) => {
    expect(call).toThrow(text)
  })
})

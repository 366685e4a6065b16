/** Many runs side by side: the bits of each alone. */
import { describe, expect, it } from 'vitest'
import { useThreads } from '../../../lib/index.js'
import * as Chunks from '../../../lib/rows/chunks.js'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Net,
  Objective,
  Optimizer,
  Parametrization,
  Pipeline,
  Problem,
  Recipe,
  Run,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from '../../../src/index.js'
import { SEED, spread } from '../../cases.js'

const points = Mixture.sample(700)(Key.fromSeed(SEED))(Mixture.symmetricPair([1.5, 1]))
const seeds = Key.split(3)(Key.fromSeed(SEED + 1))
const time = TimeLaw.at(0.4)
const optimizer = Optimizer.adam({ rate: 0.05 })

const of = (score: Score.Score<string>, ...stages: ReadonlyArray<Stage.Stage>): Pipeline.Pipeline<string> =>
  Pipeline.of({
    schedule: Schedule.ornsteinUhlenbeck,
    score,
    initializer: Initializer.gaussian({ scale: 1 }),
    stages
  })

const pair = Score.symmetricPair
const network = Score.network(Net.mlp({ hidden: [4], activation: 'tanh' }), { predicts: Parametrization.noise })
const kinds: Readonly<Record<string, Pipeline.Pipeline<string>>> = {
  'two stages, which end at different steps': Recipe.twoStage(pair)(points),
  'projected noise, and a penalty': of(
    Score.spherical({ components: 3 }),
    Stage.descend({
      objective: Objective.sum([
        Objective.denoising(TimeLaw.uniform(0.2, 0.6)),
        Objective.weight(0.1)(Objective.regularizer({ norm: 'l2' }))
      ]),
      expectation: Expectation.projected({ antithetic: true }),
      optimizer,
      steps: 6
    })
  ),
  'expectation–maximization after descent': of(
    Score.spherical({ components: 2 }),
    Stage.descend({ objective: Objective.likelihood, optimizer, steps: 4 }),
    Stage.expectationMaximization({ steps: 20, relativeChange: 1e-3 })
  ),
  'a network in batches': of(
    network,
    Stage.descend({ objective: Objective.denoising(time), optimizer, steps: 8, batch: 64, epochs: true })
  ),
  'a line search, which asks for several losses a step': of(
    pair,
    Stage.descend({
      objective: Objective.denoising(time),
      expectation: Expectation.quadrature(),
      optimizer: Optimizer.lbfgs({}),
      // So many that they are compiled.
      steps: 400,
      relativeChange: 1e-4
    })
  ),
  'runs within a step': of(
    pair,
    Stage.restart(2)(Stage.descend({ objective: Objective.denoising(time), optimizer, steps: 5 }))
  )
}

describe('runs side by side', () => {
  it.each(spread(4)(Object.entries(kinds)))('have the bits of each alone: %s', (_, pipeline) => {
    const program = Problem.orThrow(Compile.pipeline(pipeline)(points))
    const alone = seeds.map(Run.last(program))
    expect(new Set(alone.map(({ params }) => JSON.stringify(params))).size).toBe(seeds.length)
    for (const threads of [1, 2]) {
      useThreads(threads)
      expect(Run.together(program)(seeds)).toEqual(alone)
    }
  })

  it('fail as they fail alone, and leave others as they are', () => {
    const rates = [0.1, 1e200, 0.2]
    const programs = rates.map(rate => {
      const optimizer = Optimizer.gradientDescent({ rate })
      const pipeline = of(pair, Stage.descend({ objective: Objective.implicit(time), optimizer, steps: 9 }))
      return Problem.orThrow(Compile.pipeline(pipeline)(points))
    })
    const keys = rates.map(() => seeds[0])
    const found = Run.together(programs)(keys)
    expect(found.map(({ status }) => status._tag)).toEqual(['Finished', 'Failed', 'Finished'])
    expect(found).toEqual(programs.map((program, i) => Run.last(program)(keys[i])))
  })

  it('are as many as keys', () => {
    const program = Problem.orThrow(Compile.pipeline(kinds['runs within a step'])(points))
    expect(() => Run.together([program])(seeds)).toThrow(/1 programs and 3 keys/)
    expect(Run.together(program)([])).toEqual([])
  })
})

describe('computations side by side', () => {
  const sum = (of: number, ahead: boolean, log: Array<string>, isWorth = true): Chunks.Sum<number> => {
    const kind = log
    const own: Chunks.Ahead = {
      kind,
      isWorth: count => isWorth && count > 1,
      compute: all => {
        log.push(`${all.length} ahead`)
      }
    }
    return {
      rows: 3,
      width: 1,
      chunks: () => Float64Array.of(of),
      found: ([x]) => x,
      ...(ahead && { ahead: [own] })
    }
  }
  it('keep what they have, and take those sums as one that they ask for at the same time', () => {
    const log: Array<string> = []
    const counted = (name: string) => (): number => {
      const own = Chunks.kept(() => log.push(`${name} begins`) && 2)
      const first = Chunks.taken(sum(own, true, log))
      return first + Chunks.taken(sum(3, false, log))
    }
    expect(Chunks.together([counted('a'), counted('b')])).toEqual([5, 5])
    expect(log).toEqual(['a begins', 'b begins', '2 ahead'])
  })
  it('take a sum that is over soon where they are, and begin once', () => {
    const log: Array<string> = []
    const one = (name: string) => (): number => {
      log.push(name)
      return Chunks.taken(sum(2, true, log, false))
    }
    expect(Chunks.together([one('a'), one('b')])).toEqual([2, 2])
    expect(log).toEqual(['a', 'b'])
  })
  it('wait for a sum also where they catch what is thrown at it', () => {
    const own: Array<string> = []
    const careless = (): number => {
      try {
        return Chunks.taken(sum(1, true, own))
      } catch {
        return -1
      }
    }
    expect(Chunks.together([careless, careless])).toEqual([1, 1])
  })
  it('throw what one of them throws, and leave none behind', () => {
    expect(() =>
      Chunks.together([
        () => {
          throw new RangeError('own')
        }
      ])
    ).toThrow('own')
    expect(Chunks.taken(sum(4, true, []))).toBe(4)
  })
})

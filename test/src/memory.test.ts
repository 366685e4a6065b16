/** What long runs, and many of them, leave behind: memory grows neither with the number of steps nor with that of pipelines. */
import { pipe } from 'fp-ts/lib/function.js'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { cached } from '../../lib/compiler/index.js'
import { runtimeOrNull } from '../../lib/compiler/runtime.js'
import { add, mean, sqrt, square, sub } from '../../lib/index.js'
import {
  Compile,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Pipeline,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from '../../src/index.js'
import { isSlow, once } from '../cases.js'

const points = { rows: 256, dim: 4, values: pipe(Key.fromSeed(3), Key.normal(256 * 4)) }

const descend = (options: Partial<Parameters<typeof Stage.descend>[0]>): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(NoiseLevels.at(0.5)),
    optimizer: Optimizer.gradientDescent({ rate: 1e-3 }),
    steps: 600,
    ...options
  })

const stages: Readonly<Record<string, Stage.Stage>> = {
  'a batch of 64 × 4': descend({ batch: 64 }),
  'expectation–maximization on noisy data': Stage.anneal([0.5])(Stage.expectationMaximization({ steps: 600 }))
}

describe('steps without end', () => {
  /** By how many pages memories have grown. */
  const watched = (): (() => number) => {
    const grow = vi.spyOn(WebAssembly.Memory.prototype, 'grow')
    return () => grow.mock.calls.reduce((sum, [delta]) => sum + delta, 0)
  }
  afterEach(() => {
    vi.restoreAllMocks()
  })

  once.each(Object.entries(stages))('%s takes no memory after the first steps', (_, stage) => {
    const program = Problem.orThrow(
      Compile.pipeline(
        Pipeline.of({
          schedule: Schedule.ornsteinUhlenbeck,
          score: Score.isotropic({ components: 2 }),
          initializer: Initializer.fromData,
          stages: [stage]
        })
      )(points)
    )
    const pages = watched()
    let before = 0
    for (const { step, status } of Run.states(program)(Key.fromSeed(1))) {
      expect(status._tag).not.toBe('Failed')
      if (step === 10) before = pages()
    }
    // A batch that stayed would take 5 kB a step, and so 45 pages of 64 kB or more; noise in full 8 kB, and 12.
    expect(pages() - before).toBeLessThanOrEqual(1)
  })
})

const MANY = 600
/** From here on nothing is kept any more that the first of them left: 256 programs and 64 instances. */
const FULL = 300

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const used = (): number => {
  collect()
  return process.memoryUsage().heapUsed
}

const compileAndStep = (i: number): void => {
  const { stages, plan, start } = Problem.orThrow(
    Compile.pipeline(
      Pipeline.of({
        schedule: Schedule.ornsteinUhlenbeck,
        score: Score.spherical({ components: 2 }),
        initializer: Initializer.gaussian({ scale: 1 }),
        stages: [
          descend({
            objective: Objective.custom(`of ${i}`, NoiseLevels.at(0.3), ({ score, target }) =>
              mean(sqrt(add(square(sub(score, target)), 1 + i)), 1)
            ),
            optimizer: Optimizer.adam({ rate: 0.1 }),
            steps: 100
          })
        ]
      })
    )(points)
  )
  expect(plan[0].engine).toBe('compiled')
  const params = start(Key.fromSeed(i))
  stages[0].step(params, stages[0].begin(params), Key.fromSeed(i))
}

/** Each of an objective of its own. */
it.runIf(isSlow)(`${MANY} compiled pipelines take no memory that stays`, () => {
  compileAndStep(0)
  const held = runtimeOrNull()?.held().arrays
  let before = Infinity
  for (let i = 1; i < MANY; i++) {
    compileAndStep(i)
    if (i === FULL) before = used()
  }
  expect(runtimeOrNull()?.held().arrays).toBe(held)
  expect(runtimeOrNull()?.held().instances).toBeLessThanOrEqual(64)
  expect(cached()).toBeLessThanOrEqual(256)
  // Were a program and what it is made of kept, it would be some 50 kB a pipeline.
  expect(used() - before).toBeLessThan(10e3 * (MANY - FULL))
})

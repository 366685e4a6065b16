/** Pipelines that are compiled one after another, each of an objective of its own, leave nothing behind. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { cached } from '../../../lib/compiler/index.js'
import { theMachine } from '../../../lib/compiler/machine.js'
import { add, Key, mean, sqrt, square, sub } from '../../../lib/index.js'
import {
  Compile,
  Expectation,
  Initializer,
  Objective,
  Optimizer,
  Pipeline,
  Problem,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from '../../../src/index.js'
import { isSlow } from '../../cases.js'

const MANY = isSlow ? 1000 : 40
/** From here on nothing is kept any more that the first of them left: 256 programs and 64 instances. */
const FULL = 400

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const used = (): number => {
  collect()
  return process.memoryUsage().heapUsed
}

const points = { rows: 64, dim: 3, values: Key.normal(192)(Key.fromSeed(1)) }

const compileAndStep = (i: number): void => {
  const { stages, plan, start } = Problem.orThrow(
    Compile.pipeline(
      Pipeline.of({
        schedule: Schedule.ornsteinUhlenbeck,
        score: Score.spherical({ components: 2 }),
        initializer: Initializer.gaussian({ scale: 1 }),
        stages: [
          Stage.descend({
            objective: Objective.custom(`of ${i}`, TimeLaw.at(0.3), ({ score, target }) =>
              mean(sqrt(add(square(sub(score, target)), 1 + i)), 1)
            ),
            expectation: Expectation.monteCarlo(),
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

it.runIf(isSlow)(`${MANY} compiled pipelines take no memory that stays`, () => {
  compileAndStep(0)
  const held = theMachine()?.held().arrays
  let before = Infinity
  for (let i = 1; i < MANY; i++) {
    compileAndStep(i)
    if (i === FULL) before = used()
  }
  expect(theMachine()?.held().arrays).toBe(held)
  expect(theMachine()?.held().instances).toBeLessThanOrEqual(64)
  expect(cached()).toBeLessThanOrEqual(256)
  // Were a program and what it is made of kept, it would be some 50 kB a pipeline.
  expect(used() - before).toBeLessThan(5e3 * MANY)
})

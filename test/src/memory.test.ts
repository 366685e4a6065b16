/** What a long run leaves behind: the memory of passes does not grow with the number of steps. */
import { pipe } from 'fp-ts/lib/function.js'
import { afterEach, describe, expect, it, vi } from 'vitest'
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
  TimeLaw
} from '../../src/index.js'

const points = { rows: 256, dim: 4, values: pipe(Key.fromSeed(3), Key.normal(256 * 4)) }

const descend = (options: Partial<Parameters<typeof Stage.descend>[0]>): Stage.Stage =>
  Stage.descend({
    objective: Objective.denoising(TimeLaw.at(0.5)),
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

  it.each(Object.entries(stages))('%s takes no memory after the first steps', (_, stage) => {
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

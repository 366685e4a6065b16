/** The programs of `examples/` run, and reach what they claim. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { expect, it, vi } from 'vitest'
import { Compile, Initializer, Key, Metric, Params, Pipeline, Run, Schedule, Score, Stage } from '../../src/index.js'
import { isSlow, once } from '../cases.js'

const printed = async (program: () => Promise<unknown>): Promise<string> => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  try {
    await program()
    return log.mock.calls.map(line => line.join(' ')).join('\n')
  } finally {
    log.mockRestore()
  }
}

once('two-gaussians: learns the centre to 1.1 times the error of maximum likelihood on the same sample', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  const { learned, points, truth } = await import('../../examples/two-gaussians.js')
  log.mockRestore()
  if (E.isLeft(learned)) throw new Error('refused')
  const likeliest = pipe(
    points,
    Compile.pipeline(
      Pipeline.of({
        schedule: Schedule.ornsteinUhlenbeck,
        score: Score.symmetricPair,
        initializer: Initializer.values(Params.of({ mean: [0.6, 0.8, 0, 0] })),
        stages: [Stage.expectationMaximization({ steps: 5000, relativeChange: 1e-12 })]
      })
    ),
    E.map(program => Run.last(program)(Key.fromSeed(0)))
  )
  if (E.isLeft(likeliest)) throw new Error('refused')
  const error = Metric.centreError(learned.right.params, truth)
  expect(error).toBeLessThanOrEqual(1.1 * Metric.centreError(likeliest.right.params, truth))
})

it.runIf(isSlow)('swap: runs every cell of the table, or says precisely why not', async () => {
  const text = await printed(() => import('../../examples/swap.js'))
  const outcomes = text.split('\n').filter(line => line.startsWith('    '))
  expect(outcomes).toHaveLength(12)
  outcomes.forEach((outcome, i) => {
    if (i % 3 === 2)
      expect(outcome).toBe('    initializer.values.mean: shape [2] is not of shape [3]; reshape it to fit the data')
    else expect(Number(outcome.replace('    error ', ''))).toBeLessThan(0.2)
  })
})

once('algebra: answers as the truth would', async () => {
  const text = await printed(() => import('../../examples/algebra.js'))
  const [, at, deviation] = (/^y at -4: (\S+) ± (\S+),/m.exec(text) ?? []).map(Number)
  // y given x = −4 is N(0, 1 − 0.8²), known by some 240 rows
  expect(Math.abs(at)).toBeLessThan(4 * (0.6 / Math.sqrt(240)))
  expect(Math.abs(deviation - 0.6)).toBeLessThan(0.12)
  expect(text).toMatch(/a sum of -5: weights 1\.000 0\.000 0\.000/)
  expect(text).toMatch(/as two clusters: 0 1 1,/)
  const [, divergence] = (/truth (\S+) ±/.exec(text) ?? []).map(Number)
  // 17 parameters by 600 rows: twice 600 times the relative entropy is about χ² of 17
  expect(1200 * divergence).toBeLessThan(42)
})

it.runIf(isSlow)('own-parts: prints, stores, resumes, draws and holds to laws what is not built in', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  const own = await import('../../examples/own-parts.js')
  const text = log.mock.calls.map(line => line.join(' ')).join('\n')
  log.mockRestore()
  expect(own.unknown).toMatch(/"farthestFirst" is not the name of an Initializer; use one of /)
  expect(text).toContain('weighting: Weighting.snrPower({ power: -0.25 })')
  expect(text).toMatch(/stage 5: if that raises .*\n {2}by guard: one attempt by (compiled|interpreted)/)
  // Stopped in the middle of a stage, by its typed memory: the states after it have the same bits.
  const tail = own.states.slice(own.states.length - own.resumed.length)
  expect(own.resumed.length).toBeGreaterThan(50)
  expect(tail[0].step).toBeGreaterThan(0)
  expect(own.resumed).toEqual(tail)
  expect(own.last.status._tag).toBe('Finished')
  // √(2/133) = 0.12 is the error of the mean of a third of the rows.
  expect(own.error).toBeLessThan(0.5)
  expect(text).toContain('initializer: Initializer.farthestFirst')
  expect(own.drawn.values.every(Number.isFinite)).toBe(true)
  expect(own.verdicts.length).toBeGreaterThan(10)
  expect(own.verdicts.filter(({ failed }) => failed)).toEqual([])
})

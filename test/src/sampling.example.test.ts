/** `examples/sampling.ts` runs, and its samples are as near to held-out data as the bias of its samplers allows. */
import * as E from 'fp-ts/lib/Either.js'
import { expect, it, vi } from 'vitest'
import { isSlow } from '../cases.js'

it.runIf(isSlow)('samples a learned score by every sampler', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  const { distances, samplers, truthDistance } = await import('../../examples/sampling.js')
  log.mockRestore()
  if (E.isLeft(distances)) throw new Error('refused')
  expect(distances.right).toHaveLength(samplers.length)
  // Two samples of 1000 of the truth are some 0.004 apart, and of two laws whose means differ by 0.3, 0.02; the data less
  // one of its three components would be 0.4 away.
  expect(truthDistance).toBeLessThan(0.01)
  distances.right.forEach(({ distance }) => {
    expect(distance).toBeLessThan(0.06)
  })
})

/** The programs of examples/population run, and reach what they claim. */
import { expect, it, vi } from 'vitest'

const quietly = async <T>(load: () => Promise<T>): Promise<T> => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  try {
    return await load()
  } finally {
    log.mockRestore()
  }
}

it('stationary: the truth, the published point and the two beside it', async () => {
  const { found } = await quietly(() => import('../../../examples/population/stationary.js'))
  // By another program, with derivatives of its own.
  const wanted = [0, 0.29588183525, 0.739932014878, 0.943800273243]
  expect(found.points.map(({ index }) => index)).toEqual([0, 1, 2, 2])
  found.points.forEach(({ value }, i) => {
    expect(value).toBeCloseTo(wanted[i], 10)
  })
})

it('hessian: at the truth no curvature is negative, and one is 0: weights are known up to a constant', async () => {
  const { spectra } = await quietly(() => import('../../../examples/population/hessian.js'))
  for (const { spectrum } of spectra) {
    const least = 1e-12 * spectrum[spectrum.length - 1]
    expect(Math.abs(spectrum[0])).toBeLessThan(least)
    expect(spectrum[1]).toBeGreaterThan(least)
  }
})

it('flow: loss and distance fall', async () => {
  const { course, distances } = await quietly(() => import('../../../examples/population/flow.js'))
  course.slice(1).forEach(({ value }, i) => {
    expect(value).toBeLessThanOrEqual(course[i].value)
    expect(distances[i + 1]).toBeLessThanOrEqual(distances[i])
  })
  expect(distances[distances.length - 1]).toBeLessThan(1e-8)
})

it('descend: the population’s minimum is the truth, the sample’s is within its error', async () => {
  const { centres } = await quietly(() => import('../../../examples/population/descend.js'))
  const errors = centres.map(([a, b]) => Math.max(Math.abs(a + 2), Math.abs(b - 2)))
  // Four standard errors of a mean of 600 rows; Adam at a constant rate stands still to about its rate squared.
  expect(errors[0]).toBeLessThan(4 / Math.sqrt(600))
  expect(errors[1]).toBeLessThan(2e-3)
})

it('reverse: the reverse divergence alone has a minimum that drops a mode', async () => {
  const { found } = await quietly(() => import('../../../examples/population/reverse.js'))
  const minima = found.map(({ points }) => points.filter(({ index, flat }) => index === 0 && flat === 0).length)
  expect(minima).toEqual([1, 2])
  expect(found.map(({ morse }) => morse)).toEqual([-3, 1])
})

it('efficiency: by level as another program has it, over all levels maximum likelihood, and sets that hold the truth', async () => {
  const { byLevel, overAll, coverage } = await quietly(() => import('../../../examples/population/efficiency.js'))
  expect(byLevel[0].weight).toBeCloseTo(9.97, 2)
  expect(overAll).toBeCloseTo(1, 6)
  // 0.95 less four standard deviations of a share of a hundred, 0.0218 each.
  for (const share of coverage) expect(share).toBeGreaterThan(0.95 - 4 * 0.0218)
})

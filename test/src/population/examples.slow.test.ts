/** The programs of examples/population run, and reach what they claim. */
import { expect, it, vi } from 'vitest'
import * as OnLine from './onLine.js'

const quietly = async <T>(load: () => Promise<T>): Promise<T> => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
  try {
    return await load()
  } finally {
    log.mockRestore()
  }
}

/** Programs of seconds. */
it('stationary: the truth, the published point and the two beside it', async () => {
  const { found } = await quietly(() => import('../../../examples/population/stationary.js'))
  // By another program, with derivatives of its own.
  const wanted = [0, 0.29588183525, 0.739932014878, 0.943800273243]
  expect(found.points.map(({ index, flat }) => [index, flat])).toEqual([
    [0, 2],
    [1, 0],
    [2, 0],
    [2, 0]
  ])
  expect(found.morse).toBeNull()
  expect(found.escaped).toBeGreaterThan(0)
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
  const { byLevel, overAll, bySeparation, coverage } = await quietly(
    () => import('../../../examples/population/efficiency.js')
  )
  expect(byLevel[0].weight).toBeCloseTo(9.97, 2)
  expect(overAll).toBeCloseTo(1, 6)
  const table = [1.07, 2.11, 9.97]
  bySeparation.forEach((ratio, i) => {
    expect(ratio).toBeCloseTo(table[i], 2)
  })
  // 0.95 less four standard deviations of a share of forty, 0.0345 each.
  for (const share of coverage) expect(share).toBeGreaterThan(0.95 - 4 * 0.0345)
})

it('noise: the pair of students parts, and the minimum ends, at the levels of another program', async () => {
  const { together, apart, annealed, ends } = await quietly(() => import('../../../examples/population/noise.js'))
  expect([together.end, apart.end]).toEqual(['pitchfork', 'fold'])
  // Continuation by another program.
  expect(apart.at).toBeCloseTo(1.0975, 4)
  // No eigenvalue is negative before.
  for (const { path } of [together, apart])
    for (const { spectrum } of path.slice(0, -1)) expect(spectrum[0]).toBeGreaterThan(0)
  expect(annealed.map(({ students }) => students[0] < -5)).toEqual([false, false, true, true])
  // The gaps of another program; the sixth it had not found up to 6.
  const wanted = { fisher: [5.66, 2.83, 1.335, 0.764, 0.36], likelihood: [10.047, 4.55, 2.42, 1.36, 0.613] }
  for (const by of ['fisher', 'likelihood'] as const)
    ends.forEach(({ ratio, [by]: { end, at, path } }, i) => {
      expect(end).toBe('fold')
      expect(Math.abs(at / wanted[by][i] - 1)).toBeLessThan(2e-3)
      const own = OnLine[by]([-at / 2, at / 2, ratio * at])
      const students = Array.from(path[path.length - 1].params.means.values)
      expect(Math.max(...OnLine.gradient(own, students).map(Math.abs))).toBeLessThan(1e-8)
    })
})

it('weights: the best level leaves components 3.1 to 3.4 deviations apart, and loses little', async () => {
  const { found } = await quietly(() => import('../../../examples/population/weights.js'))
  // By golden section on an independent program at 6 and 8 apart, weights 1 : 1.
  const [[six, eight]] = found
  expect([six.gap, eight.gap].map(gap => Math.round(50 * gap) / 50)).toEqual([3.16, 3.26])
  for (const { gap, error } of found.flat()) {
    expect(Math.abs(gap - 3.25)).toBeLessThan(0.15)
    expect(error - 1).toBeLessThan(5e-3)
  }
})

it('round: equal variances tend to the pair of that second moment', async () => {
  const { equal, unequal } = await quietly(() => import('../../../examples/population/round.js'))
  for (const { limit, course } of equal) expect(Math.abs(course[course.length - 1].off[1] - limit)).toBeLessThan(5e-4)
  // It rises before it falls to 0.
  expect(Math.max(...unequal.map(({ off }) => off[0]))).toBeGreaterThan(0.22)
  expect(Math.abs(unequal[unequal.length - 1].off[0])).toBeLessThan(1e-3)
})

it('stuck: beside the truth one minimum of the forward divergence, nine of the reverse, each with its diagnosis', async () => {
  const { minima } = await quietly(() => import('../../../examples/population/stuck.js'))
  const [forward, reverse] = minima.map(([, ...bad]) => bad)
  expect(forward).toHaveLength(1)
  expect(forward[0].value).toBeCloseTo(2.53536, 4)
  expect(forward[0]).toMatchObject({ oneFitsMany: [[-5, -1]], manyFitOne: [6] })
  expect(reverse).toHaveLength(9)
  expect(reverse[0].value).toBeCloseTo(0.00862, 4)
  for (const { oneFitsMany, manyFitOne } of reverse) expect([oneFitsMany.length, manyFitOne.length]).toEqual([1, 1])
})

it('global: the reverse flow arrives from all starts, the forward one from few', async () => {
  const { arrived } = await quietly(() => import('../../../examples/population/global.js'))
  const [forward, reverse] = arrived.map(counts => counts.reduce((sum, count) => sum + count, 0))
  expect(reverse).toBe(36)
  expect(forward).toBeLessThan(18)
})

it('pruned: more components find what as many miss', async () => {
  const { success } = await quietly(() => import('../../../examples/population/pruned.js'))
  for (const [few, many] of success) {
    expect(many).toBe(12)
    expect(few).toBeLessThan(12)
  }
})

it('basin: the truth from half of the starts, the bad minimum from the others', async () => {
  const { byFlow, byEM } = await quietly(() => import('../../../examples/population/basin.js'))
  for (const { points } of [byFlow, byEM]) expect(points.map(({ index }) => index)).toEqual([0, 0])
  expect([byFlow, byEM].map(({ points: [{ starts }] }) => starts)).toEqual([25, 26])
})

it('lowrank: a few times as many rows as dimensions find subspaces, half as many do not', async () => {
  const { diagram } = await quietly(() => import('../../../examples/population/lowrank.js'))
  expect(diagram.cells.map(({ successes }) => successes)).toEqual([0, 3])
})

it('atThreshold: two stages and the eigenvector are near the limit above the threshold, and a warm start is enough', async () => {
  const { limit, pairs, spheres } = await quietly(() => import('../../../examples/population/atThreshold.js'))
  // (1 − 1/8)/(1 + 1/8), and nothing below.
  expect(limit(1, 8)).toBeCloseTo(7 / 9, 15)
  expect(limit(1, 1)).toBe(0)
  for (const { C, eigenvector, stages } of pairs)
    for (const cos2 of [...eigenvector, ...stages]) {
      expect(cos2).toBeLessThanOrEqual(1 + 1e-12)
      // Four times the spread of a run, about 0.1 at d = 16.
      if (C === 8) expect(cos2).toBeGreaterThan(7 / 9 - 0.4)
    }
  for (const { descent, em } of spheres) expect([descent, em]).toEqual([1, 1])
})

it('threshold: a few rows fail, many succeed', async () => {
  const { diagram } = await quietly(() => import('../../../examples/population/threshold.js'))
  const shares = diagram.cells.map(({ successes, runs }) => successes / runs)
  expect(shares[0]).toBeLessThan(1)
  expect(shares[1]).toBe(1)
})

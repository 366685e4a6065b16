/** Weightings, each against its published form, at both ends of a schedule too. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { Schedule, Weighting } from '../../../src/index.js'

interface Row {
  readonly weighting: Weighting.Weighting
  /** As published, of the noise-to-signal ratio s = σ/α. */
  readonly published: (s: number) => number
  /** Its limits without noise and without signal. */
  readonly ends: readonly [number, number]
}

const rows: ReadonlyArray<Row> = [
  {
    weighting: Weighting.constant(3),
    published: () => 3,
    ends: [3, 3]
  },
  { weighting: Weighting.snr, published: s => 1 / s ** 2, ends: [Infinity, 0] },
  {
    weighting: Weighting.truncatedSnr(),
    published: s => Math.max(1 / s ** 2, 1),
    ends: [Infinity, 1]
  },
  {
    weighting: Weighting.minSnr(),
    published: s => Math.min(1 / s ** 2, 5),
    ends: [5, 0]
  },
  {
    weighting: Weighting.softMinSnr({ gamma: 4 }),
    published: s => 1 / (s ** 2 + 1 / 4),
    ends: [4, 0]
  },
  {
    weighting: Weighting.edm({ sigmaData: 0.5 }),
    published: s => (s ** 2 + 0.25) / (s * 0.5) ** 2,
    ends: [Infinity, 4]
  },
  {
    weighting: Weighting.sigmoid({ bias: -1 }),
    published: s => 1 / (1 + Math.exp(-2 * Math.log(s) + 1)),
    ends: [0, 1]
  }
]

const schedules = [Schedule.ornsteinUhlenbeck, Schedule.edm, Schedule.rectifiedFlow, Schedule.cosine()]

describe.each(rows.map(row => ({ ...row, code: Weighting.show(row.weighting) })))(
  '$code',
  ({ weighting, published, ends }) => {
    it('is that of its paper, on every schedule', () => {
      for (const schedule of schedules)
        for (const time of [0.01, 0.3, 0.5, 0.9]) {
          const { alpha, sigma } = pipe(schedule, Schedule.level(time))
          const wanted = published(sigma / alpha)
          const found = Weighting.interpret(schedule)(weighting)(time)
          expect(Math.abs(found / wanted - 1), `${Schedule.show(schedule)} at ${time}`).toBeLessThan(1e-14)
        }
    })

    it('has its limits at the ends', () => {
      const at = Weighting.interpret(Schedule.rectifiedFlow)(weighting)
      expect([at(0), at(1)]).toEqual(ends)
    })
  }
)

it('g² and σ² are those of the schedule', () => {
  for (const schedule of schedules)
    for (const time of [0.1, 0.8]) {
      expect(Weighting.interpret(schedule)(Weighting.likelihood)(time)).toBe(pipe(schedule, Schedule.diffusion(time)))
      expect(Weighting.interpret(schedule)(Weighting.noiseVariance)(time)).toBe(
        pipe(schedule, Schedule.level(time)).sigma ** 2
      )
    }
})

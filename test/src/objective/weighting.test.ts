/** Weightings, each against its published form, at both ends of a schedule too. */
import { pipe } from 'fp-ts/lib/function.js'
import { expect, it } from 'vitest'
import { Schedule, Weighting } from '../../../src/index.js'

const schedules = [Schedule.ornsteinUhlenbeck, Schedule.edm, Schedule.rectifiedFlow, Schedule.cosine()]

/** As published, of the noise-to-signal ratio s = σ/α; and its limits without noise and without signal. */
it.each<[Weighting.Weighting, published: (s: number) => number, clean: number, noisy: number]>([
  [Weighting.constant(3), () => 3, 3, 3],
  [Weighting.snr, s => 1 / s ** 2, Infinity, 0],
  [Weighting.truncatedSnr(), s => Math.max(1 / s ** 2, 1), Infinity, 1],
  [Weighting.minSnr(), s => Math.min(1 / s ** 2, 5), 5, 0],
  [Weighting.softMinSnr({ gamma: 4 }), s => 1 / (s ** 2 + 1 / 4), 4, 0],
  [Weighting.edm({ sigmaData: 0.5 }), s => (s ** 2 + 0.25) / (s * 0.5) ** 2, Infinity, 4],
  [Weighting.p2({ gamma: 2, k: 2 }), s => 1 / (2 + 1 / s ** 2) ** 2, 0, 1 / 4],
  [Weighting.sigmoid({ bias: -1 }), s => 1 / (1 + Math.exp(-2 * Math.log(s) + 1)), 0, 1]
])(
  '%j is that of its paper on every schedule, and has its limits at the ends',
  (weighting, published, clean, noisy) => {
    for (const schedule of schedules)
      for (const time of [0.01, 0.3, 0.5, 0.9]) {
        const { alpha, sigma } = pipe(schedule, Schedule.level(time))
        const found = Weighting.interpret(schedule)(weighting)(time)
        expect(Math.abs(found / published(sigma / alpha) - 1), `${Schedule.show(schedule)} at ${time}`).toBeLessThan(
          1e-14
        )
      }
    const at = Weighting.interpret(Schedule.rectifiedFlow)(weighting)
    expect([at(0), at(1)]).toEqual([clean, noisy])
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

/** Wrong schedules. */
import { pipe } from 'fp-ts/lib/function.js'
import { Mixture, Schedule } from '../../src/index.js'
import { cosine } from '../../src/laws/arbitraries.js'
import * as laws from '../../src/laws/schedule.js'
import { areCaught } from './mutant.js'

const ou = Schedule.ornsteinUhlenbeck
const custom = (alpha: (t: number) => number, sigma: (t: number) => number, until = 4): Schedule.Schedule =>
  Schedule.custom({ name: 'mutant', alpha, sigma, until })
const meaning = (meaning: Partial<laws.TrueLevels>): ReturnType<typeof laws.schedule> => laws.schedule(ou, { meaning })
const right = laws.schedule(ou)

areCaught([
  {
    wrong: 'a staircase, of which a lattice of times sees nothing',
    law: 'goes from its one end to the other',
    mutant: laws.schedule(
      custom(
        t => Math.exp(-Math.floor(50 * t) / 50),
        t => 0.1 + Math.floor(50 * t)
      )
    ),
    right
  },
  {
    wrong: 'no signal at first',
    law: 'goes from its one end to the other',
    mutant: laws.schedule(
      custom(
        t => Math.min(1, 1e9 * t) * (1 - t / 5),
        t => 0.1 + t
      )
    ),
    right
  },
  {
    wrong: 'noise that jumps',
    law: 'levels have no jumps',
    mutant: laws.schedule(
      custom(
        () => 1,
        t => 0.1 + t + (t > 1.2345 ? 0.05 : 0)
      )
    ),
    right
  },
  {
    wrong: 'σ² for σ',
    law: 'variance is preserved',
    mutant: laws.schedule(
      custom(
        t => Math.exp(-t),
        t => -Math.expm1(-2 * t)
      ),
      { variancePreserving: true }
    ),
    right
  },
  {
    wrong: 'α below 0',
    law: 'levels are finite and not negative',
    mutant: laws.schedule(
      custom(
        t => Math.cos(t),
        t => t
      )
    ),
    right
  },
  {
    wrong: 'a noise that comes and goes',
    law: 'log-SNR falls strictly',
    mutant: laws.schedule(
      custom(
        () => 1,
        t => 2 + Math.sin(3 * t)
      )
    ),
    right
  },
  {
    wrong: 'log α/σ for log α²/σ²',
    law: 'log-SNR is that of the level',
    mutant: meaning({ logSnr: t => Schedule.logSnr(t)(ou) / 2 }),
    right
  },
  {
    wrong: 'an inverse for e^{−2t} in place of e^{−t}',
    law: 'timeOfLogSnr inverts logSnr',
    mutant: meaning({ timeOfLogSnr: logSnr => Math.log1p(Math.exp(-logSnr)) }),
    right
  },
  {
    wrong: 'the drift −½ of another convention',
    law: 'drift is the slope of log α',
    mutant: meaning({ drift: () => -0.5 }),
    right
  },
  {
    wrong: 'a diffusion without −2fσ²',
    law: 'diffusion is what the drift leaves of the growth of σ²',
    mutant: meaning({ diffusion: t => 2 * Math.exp(-2 * t) }),
    right
  },
  {
    wrong: 'g for g²',
    law: 'diffusing to s and then on to t is diffusing to t',
    mutant: meaning({ diffusion: () => Math.SQRT2 }),
    right
  },
  {
    wrong: 'αv for α²v',
    law: 'diffusing to s and then on to t is diffusing to t',
    mutant: meaning({
      diffuse: level => mixture => ({
        ...pipe(mixture, Mixture.diffuse(level)),
        variances: mixture.variances.map(v => level.alpha * v + level.sigma ** 2)
      })
    }),
    right
  },
  {
    wrong: 'cosine, believed to be the same at all times',
    law: 'diffusing for s and then for t is diffusing for s + t',
    mutant: laws.schedule(cosine, { homogeneous: true }),
    right
  }
])

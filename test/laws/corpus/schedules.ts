/** Inventions of noise in time: schedules, clocks, time grids. */
import { Elementary } from '../../../lib/index.js'
import { Clock, Field, Schedule, TimeGrid } from '../../../src/index.js'
import * as laws from '../../../src/laws/index.js'
import { about, ofConcept, word } from './invention.js'

const { exp } = Elementary

interface Levels {
  readonly alpha: (time: number) => number
  readonly sigma: (time: number) => number
  readonly until?: number
  readonly claims?: laws.ScheduleOptions
  /** What it says of itself in closed form. */
  readonly own?: Partial<Schedule.Dynamics>
}
const scheduled = ({ alpha, sigma, until = 1, claims = {}, own }: Levels, name: string): ReadonlyArray<laws.Law> => {
  const level = (t: number): Schedule.Level => ({ alpha: alpha(t), sigma: sigma(t) })
  return laws.schedule(
    own === undefined
      ? Schedule.custom({ name, alpha, sigma, until })
      : Schedule.define({ name: word(name), about: name, meaning: () => ({ until, level, ...own }) }),
    claims
  )
}
/** α = e^{−t²/2}, and α² + σ² = 1. */
const bell = {
  alpha: (t: number) => Math.exp((-t * t) / 2),
  sigma: (t: number) => Math.sqrt(-Math.expm1(-t * t)),
  until: Infinity
}
const circle = { alpha: (t: number) => Math.cos(1.5 * t), sigma: (t: number) => Math.sin(1.5 * t) }

/** λ as Laplace has it, of which α and σ have no second derivative in the middle (Hang & Gu 2024, arXiv 2407.03297). */
const laplace = (t: number): number => -Math.sign(t - 0.5) * -Math.log(1 - 2 * Math.abs(t - 0.5) + 1e-9)
/** The same without what holds it at its ends. */
const steep = (t: number): number => (t < 0.5 ? -0.5 * Math.log(2 * t) : 0.5 * Math.log(2 * (1 - t)))
const schedules = ofConcept('schedule', scheduled, {
  wrong: {
    'noise that falls | has no problems': { alpha: t => 1 - t / 2, sigma: t => 0.5 * (1 - t) + 0.1 },
    'signal that comes back | has no problems': { alpha: t => 0.5 + (t - 0.5) * (t - 0.5), sigma: t => 0.1 + 0.01 * t },
    'a plateau | has no problems': { alpha: () => 0.5, sigma: t => Math.min(t, 0.3) },
    'variance said to be preserved | variance is preserved': {
      alpha: t => 1 - t,
      sigma: t => t,
      claims: { variancePreserving: true }
    },
    'said to be homogeneous | diffusing for s and then for t is diffusing for s + t': {
      ...bell,
      own: { homogeneous: true }
    },
    'a drift that is not its own | drift is the slope of log α': { ...circle, own: { drift: () => -1 } },
    'g for g² | diffusion is what the drift leaves of the growth of σ²': {
      ...circle,
      own: { diffusion: t => Math.sqrt(3 * Math.tan(1.5 * t)) }
    },
    'an inverse held off the noisy end | timeOfLogSnr inverts logSnr': {
      ...circle,
      own: { timeOfLogSnr: l => Math.min(0.97, Math.atan(Math.exp(-l / 2)) / 1.5) }
    },
    'variance that is lost in the last thousandth | variance is preserved': {
      alpha: circle.alpha,
      sigma: t => circle.sigma(t) * (t > 0.999 ? 1 + 5 * (t - 0.999) : 1),
      claims: { variancePreserving: true }
    },
    'a diffusion that falls off at the end | diffusion is what the drift leaves of the growth of σ²': {
      ...circle,
      own: { diffusion: t => 3 * Math.tan(1.5 * t) - (t > 0.9 ? 11 * (t - 0.9) : 0) }
    },
    'a staircase, of which a lattice of times sees nothing | goes from its one end to the other': {
      alpha: t => Math.exp(-Math.floor(50 * t) / 50),
      sigma: t => 0.1 + Math.floor(50 * t),
      own: { timeOfLogSnr: () => 0.5 }
    },
    'no signal at first | goes from its one end to the other': {
      alpha: t => Math.min(1, 1e9 * t) * (1 - t / 2),
      sigma: t => 0.1 + t
    },
    'noise that jumps | levels have no jumps': { alpha: () => 1, sigma: t => 0.1 + t + (t > 0.6171 ? 0.05 : 0) },
    'σ² for σ, said to preserve variance | variance is preserved': {
      alpha: t => Math.exp(-t),
      sigma: t => -Math.expm1(-2 * t),
      claims: { variancePreserving: true }
    },
    'log α/σ for log α²/σ² | log-SNR is that of the level': {
      ...circle,
      own: { logSnr: t => -Math.log(Math.tan(1.5 * t)) }
    },
    'a drift half as long | drift is the slope of log α': { ...circle, own: { drift: t => -0.75 * Math.tan(1.5 * t) } },
    'a diffusion without −2fσ² | diffusion is what the drift leaves of the growth of σ²': {
      ...circle,
      own: { diffusion: t => 1.5 * Math.sin(3 * t) }
    },
    'noise a tenth too large but at twentieths of the time, with a kink that is said | log-SNR is that of the level': {
      alpha: t => 1 - t,
      sigma: t => t * (1 + 0.1 * Math.sin(20 * Math.PI * t) ** 2),
      own: {
        logSnr: t => 2 * Math.log((1 - t) / t),
        timeOfLogSnr: l => 1 / (1 + Math.exp(l / 2)),
        drift: t => -1 / (1 - t),
        diffusion: t => (2 * t) / (1 - t),
        kinks: () => [0.5]
      }
    },
    'an inverse off by 1e-6 | timeOfLogSnr inverts logSnr': {
      ...circle,
      own: { timeOfLogSnr: l => Math.atan(Math.exp(-l / 2)) / 1.5 + 1e-6 }
    }
  },
  right: {
    'a log-SNR as Laplace has it': {
      alpha: t => Math.sqrt(1 / (1 + Math.exp(-laplace(t)))),
      sigma: t => Math.sqrt(1 / (1 + Math.exp(laplace(t)))),
      claims: { variancePreserving: true }
    },
    'a flow by sin²': {
      alpha: t => 1 - Math.sin((Math.PI * t) / 2) ** 2,
      sigma: t => Math.sin((Math.PI * t) / 2) ** 2
    },
    straight: { alpha: t => 1 - t, sigma: t => t },
    circle: { ...circle, claims: { variancePreserving: true } },
    exploding: { alpha: () => 1, sigma: t => 0.1 + 3 * t * t },
    faster: {
      alpha: t => Math.exp(-3 * t),
      sigma: t => Math.sqrt(1 - Math.exp(-6 * t)),
      claims: { variancePreserving: true }
    },
    'in closed form': { ...bell, own: { drift: t => -t, diffusion: t => 2 * t, preservesVariance: true } },
    'with a kink that is said': {
      alpha: t => 1 - t,
      sigma: t => (t < 0.5 ? t : 2 * t - 0.5),
      own: { kinks: () => [0.5] }
    },
    'a log-SNR as Laplace has it, steep at both ends': {
      alpha: t => 1 / Math.sqrt(1 + Math.exp(-steep(t))),
      sigma: t => 1 / Math.sqrt(1 + Math.exp(steep(t))),
      own: { kinks: () => [0.5] },
      claims: { variancePreserving: true }
    }
  }
})

// —— clocks ——

interface Ticking {
  readonly time: (t: number) => number
  readonly rate: (t: number) => number
  readonly inverse: (time: number) => number
}
const clock = (ticking: Ticking): ReadonlyArray<laws.Law> =>
  laws.of(
    Clock.define({
      name: 'ownClock',
      about,
      meaning: () => ({ ticking: own => ({ until: ticking.inverse(own.until), ...ticking }) })
    })
  )
const clocks = ofConcept('clock', clock, {
  wrong: {
    'a rate that is constant | drift is the slope of log α': { time: t => t * t, rate: () => 2, inverse: Math.sqrt },
    'an inverse that is its square | timeOfLogSnr inverts logSnr': {
      time: t => t * t,
      rate: t => 2 * t,
      inverse: time => time * time
    }
  },
  right: {
    'one that cubes': { time: t => t * t * t, rate: t => 3 * t * t, inverse: Math.cbrt },
    'one that grows fast': { time: Math.sinh, rate: Math.cosh, inverse: Math.asinh }
  }
})

// —— time grids ——

interface Gridded {
  readonly times: ReadonlyArray<number>
  readonly evenIn?: TimeGrid.Coordinate
}
const grid = ({ times, evenIn }: Gridded, name: string): ReadonlyArray<laws.Law> =>
  laws.timeGrid(
    TimeGrid.define({
      name: word(name),
      about: name,
      meaning: () => ({ times: () => times, ...(evenIn && { evenIn }) })
    })
  )
/** Between two ends, by a place in [0, 1] for each of its steps. */
type Places = (step: number, steps: number) => number
const spanned =
  (count: (steps: number) => number, place: Places, bent = (x: number): number => x, back = bent) =>
  (name: string): ReadonlyArray<laws.Law> =>
    laws.timeGrid(
      TimeGrid.define({
        name: word(name),
        about: name,
        fields: {
          from: Field.positive({ default: 0.9 }),
          to: Field.positive({ default: 1e-3 }),
          steps: Field.count({ default: 10 })
        },
        meaning: ({ from, to, steps }) => ({
          times: () =>
            Array.from({ length: count(steps) }, (_, i) => back(bent(from) + (bent(to) - bent(from)) * place(i, steps)))
        })
      })()
    )
const all = (steps: number): number => steps + 1
const evenly: Places = (step, steps) => step / steps
type Named = (name: string) => ReadonlyArray<laws.Law>
const spans = ofConcept('time grid between ends', (held: Named, name) => held(name), {
  wrong: {
    'as many times as steps | it goes from its noisy end to its clean end in its steps': spanned(
      steps => steps,
      (step, steps) => step / (steps - 1)
    ),
    'a step before its end | it goes from its noisy end to its clean end in its steps': spanned(
      all,
      (step, steps) => step / (steps + 1)
    ),
    'a step after its begin | it goes from its noisy end to its clean end in its steps': spanned(
      all,
      (step, steps) => (step + 1) / (steps + 1)
    )
  },
  right: {
    'evenly from end to end': spanned(all, evenly),
    'even in a root': spanned(all, evenly, Math.sqrt, x => x * x),
    'even in a seventh root': spanned(
      all,
      evenly,
      x => Math.pow(x, 1 / 7),
      x => Math.pow(x, 7)
    )
  }
})
const byTime: TimeGrid.Coordinate = (_, time) => time
const byRoot: TimeGrid.Coordinate = ({ alpha, sigma }) => Math.sqrt(sigma / alpha)
const grids = ofConcept('time grid', grid, {
  wrong: {
    'from data to noise | times fall': { times: [0.1, 0.3, 0.6, 0.9] },
    'a time twice | times fall': { times: [0.9, 0.5, 0.5, 0.1] },
    'a step back | times fall': { times: [0.9, 0.4, 0.5, 0.1] },
    'halves, said to be even | steps are even in its coordinate': { times: [0.8, 0.4, 0.2, 0.1], evenIn: byTime },
    'even, said to be so in a root | steps are even in its coordinate': { times: [0.9, 0.6, 0.3], evenIn: byRoot },
    'even but for the last | steps are even in its coordinate': { times: [0.9, 0.7, 0.5, 0.4], evenIn: byTime }
  },
  right: {
    halves: { times: [0.8, 0.4, 0.2, 0.1] },
    even: { times: [0.9, 0.7, 0.5, 0.3], evenIn: byTime },
    'one step': { times: [0.9, 0.1], evenIn: byRoot }
  }
})

// —— two that are to be the same ——

const same = ofConcept('same schedule', ([a, b]: readonly [Schedule.Schedule, Schedule.Schedule]) => laws.same(a, b), {
  wrong: {
    'a cosine without its offset | the levels are the same': [Schedule.cosine({ offset: 0 }), Schedule.cosine()],
    'variance σ² for σ | the levels are the same': [
      Schedule.custom({ name: 'a', alpha: t => exp(-t), sigma: t => 1 - exp(-2 * t), until: Infinity }),
      Schedule.ornsteinUhlenbeck
    ],
    'twice the rate | the levels are the same': [
      Schedule.custom({
        name: 'b',
        alpha: t => exp(-2 * t),
        sigma: t => Math.sqrt(1 - exp(-4 * t)),
        until: Infinity
      }),
      Schedule.ornsteinUhlenbeck
    ]
  },
  right: {
    'Ornstein–Uhlenbeck by hand': [
      Schedule.custom({
        name: 'd',
        alpha: t => exp(-t),
        sigma: t => Math.sqrt(-Elementary.expm1(-2 * t)),
        until: Infinity
      }),
      Schedule.ornsteinUhlenbeck
    ],
    'a flow by hand': [
      Schedule.custom({ name: 'e', alpha: t => 1 - t, sigma: t => t, until: 1 }),
      Schedule.rectifiedFlow
    ]
  }
})

export const schedule = [...schedules, ...clocks, ...grids, ...spans, ...same]

/** Inventions of noise: weightings, time laws, parametrizations, expectations, time grids, clocks. */
import { Elementary, Key } from '../../../lib/index.js'
import { Expectation, Field, Parametrization, Schedule, TimeGrid, TimeLaw, Weighting } from '../../../src/index.js'
import * as laws from '../../../src/laws/index.js'
import { ofConcept, word, type Table } from './invention.js'

const { exp, log } = Elementary
const snr = ({ alpha, sigma }: Schedule.Level): number => (alpha * alpha) / (sigma * sigma)

// —— weightings ——

interface Weighed {
  readonly of: (level: Schedule.Level, time: number) => number
  readonly sees?: Weighting.Sees
  readonly claims?: laws.WeightingOptions
  /** What it is said to be. */
  readonly is?: Weighting.Weighting
}
const weighting = ({ of, sees, claims = {}, is }: Weighed, name: string): ReadonlyArray<laws.Law> => {
  const own = Weighting.define({
    name: word(name),
    about: name,
    meaning: () => ({
      ...(sees && { sees }),
      weigh:
        ({ level }) =>
        time =>
          of(level(time), time)
    })
  })
  return [...laws.weighting(own, claims), ...(is === undefined ? [] : laws.same(own, is))]
}
const dataToNoise = { carries: [Parametrization.data, Parametrization.noise] } as const
const weightings: { readonly wrong: Table<Weighed>; readonly right: Table<Weighed> } = {
  wrong: {
    'the log-SNR, which changes sign | weights are finite, and of one sign': { of: level => log(snr(level)) },
    'less than nothing at high noise | weights are finite, and of one sign': { of: ({ sigma }) => 0.5 - sigma },
    'a pole within | weights are finite, and of one sign': { of: level => 1 / Math.max(0, snr(level) - 1) },
    'a time, said to be of the SNR | the weight of a level is that of its SNR': {
      of: (_, time) => 1 + time,
      sees: 'snr'
    },
    'σ², said to be of the SNR | the weight of a level is that of its SNR': {
      of: ({ sigma }) => sigma * sigma,
      sees: 'snr'
    },
    'α, said to be of the SNR | the weight of a level is that of its SNR': { of: ({ alpha }) => alpha, sees: 'snr' },
    'a level, said to be a rate | another clock changes no weight but a rate': {
      of: ({ sigma }) => sigma * sigma,
      sees: 'rate'
    },
    'a time, said to be of the level | another clock changes no weight but a rate': {
      of: (_, time) => exp(-time),
      sees: 'level'
    },
    'SNR² for SNR | it makes the loss of one parametrization that of another': {
      of: level => snr(level) * snr(level),
      claims: dataToNoise
    },
    '√SNR for SNR | it makes the loss of one parametrization that of another': {
      of: level => Math.sqrt(snr(level)),
      claims: dataToNoise
    },
    'noise to signal | it makes the loss of one parametrization that of another': {
      of: level => 1 / snr(level),
      claims: dataToNoise
    },
    'max for min | the weights are the same': {
      of: level => Math.max(snr(level), 5),
      is: Weighting.minSnr({ gamma: 5 })
    },
    'a min of ratios, not of their squares | the weights are the same': {
      of: level => Math.min(Math.sqrt(snr(level)), 5),
      is: Weighting.minSnr({ gamma: 5 })
    },
    'a sigmoid the wrong way | the weights are the same': {
      of: level => 1 / (1 + exp(2) / snr(level)),
      is: Weighting.sigmoid({ bias: 2 })
    }
  },
  right: {
    'the SNR by hand': { of: snr, sees: 'snr', claims: dataToNoise },
    'only late': { of: (_, time) => (time > 0.5 ? 1 : 0) },
    'min-SNR with its kink': {
      of: level => Math.min(snr(level), 5),
      sees: 'snr',
      is: Weighting.minSnr({ gamma: 5 })
    },
    'of σ alone': { of: ({ sigma }) => sigma / (1 + sigma), sees: 'level' },
    'a bump in the log-SNR': { of: level => exp(-log(snr(level)) * log(snr(level))), sees: 'snr' },
    'all the same, below 0': { of: () => -1 }
  }
}

// —— time laws ——

interface Timed {
  readonly law: TimeLaw.Meaning
  readonly share?: (time: number) => number
}
const timeLaw = ({ law, share }: Timed, name: string): ReadonlyArray<laws.Law> =>
  laws.timeLaw(TimeLaw.define({ name: word(name), about: name, meaning: () => law }), { ...(share && { share }) })
const late: Timed['law'] = {
  quantile: () => u => Math.sqrt(u),
  density: () => ({ at: time => 2 * time, support: [0, 1] })
}
const timeLaws: { readonly wrong: Table<Timed>; readonly right: Table<Timed> } = {
  wrong: {
    'a density of twice the mass | the density is that of the draws': {
      law: { ...late, density: () => ({ at: t => 4 * t, support: [0, 1] }) }
    },
    'the density of the uniform law | its ‘density’ is what it stands for': {
      law: { ...late, density: () => ({ at: () => 1, support: [0, 1] }) }
    },
    'the density of the square | its ‘density’ is what it stands for': {
      law: { ...late, density: () => ({ at: t => 3 * t * t, support: [0, 1] }) }
    },
    'a support that is too short | its ‘density’ is what it stands for': {
      law: { ...late, density: () => ({ at: t => 2 * t, support: [0, 0.5] }) }
    },
    'times below 0 | times are those of the schedule': { law: { quantile: () => u => u - 0.1 } },
    'no number early | times are those of the schedule': {
      law: { quantile: () => u => (u < 1e-3 ? NaN : Math.sqrt(u)) }
    },
    'a weight without end | times are those of the schedule': {
      law: { ...late, weight: () => (t: number) => 1 / Math.max(0, t - 0.5) }
    },
    'nodes of another law | its ‘nodes’ is what it stands for': {
      law: {
        ...late,
        nodes: (_, n) => Array.from({ length: n }, (_, i) => ({ time: (i + 0.5) / n, weight: 1 / n }))
      }
    },
    'nodes of twice the weight | its ‘nodes’ is what it stands for': {
      law: {
        ...late,
        nodes: (_, n) => Array.from({ length: n }, (_, i) => ({ time: Math.sqrt((i + 0.5) / n), weight: 2 / n }))
      }
    },
    'nodes without their weights | its ‘nodes’ is what it stands for': {
      law: {
        quantile: () => u => Math.sqrt(u),
        weight: () => t => t,
        nodes: (_, n) => Array.from({ length: n }, (_, i) => ({ time: Math.sqrt((i + 0.5) / n), weight: 1 / n }))
      }
    },
    'the share of the uniform law | its share is that of the draws': { law: late, share: time => time }
  },
  right: {
    'late, with its density and its share': { law: late, share: time => time * time },
    'late, in strata': { law: { ...late, isStratified: true } },
    'from noise to data': { law: { quantile: () => u => 1 - u, density: () => ({ at: () => 1, support: [0, 1] }) } },
    'two times': {
      law: {
        nodes: () => [
          { time: 0.2, weight: 0.25 },
          { time: 0.7, weight: 0.75 }
        ]
      }
    },
    'early, by a cube': { law: { quantile: () => u => u * u * u } },
    'two pieces': { law: { quantile: () => u => (u < 0.5 ? 0.2 * u : 0.1 + 1.8 * (u - 0.5)) } }
  }
}

// —— parametrizations ——

interface Written {
  readonly of: (level: Schedule.Level) => Parametrization.Direction
  readonly behind?: (level: Schedule.Level) => Parametrization.Behind
  readonly degree?: number
  /** What it is said to be, where that is published. */
  readonly is?: (level: Schedule.Level) => Parametrization.Direction
}
const parametrization = ({ of, behind, degree, is }: Written, name: string): ReadonlyArray<laws.Law> =>
  laws.parametrization(
    Parametrization.define({
      name: word(name),
      about: name,
      ...(behind && { behind: () => behind }),
      ...(degree !== undefined && { degree }),
      meaning: () => of
    }),
    is && { direction: is }
  )
const velocity: Written['of'] = ({ alpha, sigma }) => ({ p: -sigma, q: alpha })
const behindVelocity: NonNullable<Written['behind']> = ({ alpha, sigma }) => {
  const size = alpha * alpha + sigma * sigma
  return {
    data: { ofOutput: -sigma / size, ofPoint: alpha / size },
    noise: { ofOutput: alpha / size, ofPoint: sigma / size }
  }
}
const parametrizations: { readonly wrong: Table<Written>; readonly right: Table<Written> } = {
  wrong: {
    'velocity with its signs swapped | the truth is carried to the truth': {
      of: ({ alpha, sigma }) => ({ p: sigma, q: -alpha }),
      is: velocity
    },
    'the score without its sign | the truth is carried to the truth': {
      of: ({ sigma }) => ({ p: 0, q: 1 / sigma }),
      is: ({ sigma }) => ({ p: 0, q: -1 / sigma })
    },
    'velocity said to be of degree 0 | outputs grow with the level by its degree': { of: velocity, degree: 0 },
    'the data said to be of degree 1 | outputs grow with the level by its degree': {
      of: () => ({ p: 1, q: 0 }),
      degree: 1
    },
    'the score said to be of degree 1 | outputs grow with the level by its degree': {
      of: ({ sigma }) => ({ p: 0, q: -1 / sigma }),
      degree: 1
    }
  },
  right: {
    'velocity by hand': { of: velocity, behind: behindVelocity, degree: 1, is: velocity },
    'velocity, solved for': { of: velocity },
    'the noise, three times as long': { of: () => ({ p: 0, q: 3 }), degree: 0 },
    'less noise': { of: ({ alpha, sigma }) => ({ p: alpha, q: 0.5 * sigma }), degree: 1 },
    'a flow by hand': { of: () => ({ p: -1, q: 1 }), degree: 0, is: () => ({ p: -1, q: 1 }) }
  }
}

// —— expectations ——

interface Drawn {
  readonly rows?: 'apart' | 'together' | 'fixed'
  readonly of: (size: Expectation.Size, key: Key.Key) => ReadonlyArray<Expectation.Draw>
}
const expectation = ({ rows = 'apart', of }: Drawn, name: string): ReadonlyArray<laws.Law> =>
  laws.of(
    Expectation.define({
      name: word(name),
      about: name,
      meaning: () => ({ where: 'everywhere', rows, draws: size => key => of(size, key) })
    })
  )
/** Plain noise, changed. */
const made =
  (change: (z: Float64Array, size: Expectation.Size, key: Key.Key) => Float64Array): Drawn['of'] =>
  (size, key) => [{ weight: 1, noise: change(Key.normal(size.rows * size.dim)(key), size, key) }]
const each = (change: (z: number, at: number) => number): Drawn => ({ of: made(z => z.map(change)) })
const expectations: { readonly wrong: Table<Drawn>; readonly right: Table<Drawn> } = {
  wrong: {
    'two coordinates of one size | nothing is drawn twice': {
      of: made((z, { dim }) => z.map((x, at) => (at % dim === 1 ? Math.sign(x) * Math.abs(z[at - 1]) : x)))
    },
    'the third coordinate without noise | its mean is that over all noise': {
      of: made((z, { dim }) => z.map((x, at) => (at % dim === 2 ? 0 : x)))
    },
    'one draw, counted twice | nothing is drawn twice': {
      of: (_, key) => [
        { weight: 0.5, noise: key },
        { weight: 0.5, noise: key }
      ]
    },
    'two draws of unlike laws | its mean is that over all noise': {
      of: ({ rows, dim }, key) => [
        { weight: 0.5, noise: key },
        { weight: 0.5, noise: Key.normal(rows * dim)(Key.child(1)(key)).map(z => 1.3 * z) }
      ]
    }
  },
  right: {
    'plain noise by hand': { of: made(z => z) },
    'the opposite of a key': { of: (_, key) => [{ weight: 1, noise: key, sign: -1 }] },
    'pairs of opposites by hand': {
      of: (_, key) => [
        { weight: 0.5, noise: key },
        { weight: 0.5, noise: key, sign: -1 }
      ]
    },
    'rows in pairs of opposites': {
      rows: 'together',
      of: made((z, { dim }) => z.map((x, at) => (Math.floor(at / dim) % 2 === 0 ? x : -z[at - dim])))
    },
    'less its mean over the rows': {
      rows: 'together',
      of: made((z, { rows, dim }) =>
        z.map((x, at) => {
          const middle = z.reduce((sum, other, j) => (j % dim === at % dim ? sum + other : sum), 0) / rows
          return Math.sqrt(rows / Math.max(1, rows - 1)) * (x - middle)
        })
      )
    },
    'two normals, by √½': {
      of: made((z, { rows, dim }, key) => {
        const other = Key.normal(rows * dim)(Key.child(1)(key))
        return z.map((x, at) => Math.SQRT1_2 * (x + other[at]))
      })
    },
    'the same noise at every step': {
      rows: 'fixed',
      of: ({ rows, dim }) => [{ weight: 1, noise: Key.normal(rows * dim)(Key.fromSeed(5)) }]
    }
  }
}

// —— time grids and clocks ——

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
/** Draws on the span of the centres, one by one or with their opposites, that say of themselves whether they come in pairs. */
interface Spanning {
  readonly antithetic: boolean
  readonly signs: ReadonlyArray<1 | -1>
}
const spanning = ({ antithetic, signs }: Spanning, name: string): ReadonlyArray<laws.Law> =>
  laws.of(
    Expectation.define({
      name: word(name),
      about: name,
      meaning: () => ({
        where: 'span',
        antithetic,
        draws: key => signs.map(sign => ({ weight: 1 / signs.length, noise: key, sign }))
      })
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
const spans: {
  readonly wrong: Table<(name: string) => ReadonlyArray<laws.Law>>
  readonly right: Table<(name: string) => ReadonlyArray<laws.Law>>
} = {
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
}
const byTime: TimeGrid.Coordinate = (_, time) => time
const byRoot: TimeGrid.Coordinate = ({ alpha, sigma }) => Math.sqrt(sigma / alpha)
const grids: { readonly wrong: Table<Gridded>; readonly right: Table<Gridded> } = {
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
}

/** What is said to have the mean of plain noise. */
const sameMean = ({ rows = 'apart', of }: Drawn, name: string): ReadonlyArray<laws.Law> =>
  laws.same(
    Expectation.define({
      name: word(name),
      about: name,
      meaning: () => ({ where: 'everywhere', rows, draws: size => key => of(size, key) })
    }),
    Expectation.monteCarlo()
  )

export const noise = [
  ...ofConcept('weighting', weightings, weighting),
  ...ofConcept('time law', timeLaws, timeLaw),
  ...ofConcept('parametrization', parametrizations, parametrization),
  ...ofConcept('expectation', expectations, expectation),
  ...ofConcept(
    'same expectation',
    {
      wrong: {
        'noise about 0.1 | the noise is of the same law': each(z => z + 0.1),
        'noise a twentieth too long | the means are the same': each(z => 1.05 * z),
        'the last coordinate about 0.1 | the noise is of the same law': {
          of: made((z, { dim }) => z.map((x, at) => (at % dim === dim - 1 ? x + 0.1 : x)))
        }
      },
      right: {
        'rows in pairs of opposites': expectations.right['rows in pairs of opposites'],
        'two normals, by √½': expectations.right['two normals, by √½']
      }
    },
    sameMean
  ),
  ...ofConcept(
    'expectation in the span',
    {
      wrong: {
        'one draw, said to come with its opposite | each draw comes with its opposite, if it says so': {
          antithetic: true,
          signs: [1]
        },
        'a draw with its opposite, and not said | each draw comes with its opposite, if it says so': {
          antithetic: false,
          signs: [1, -1]
        }
      },
      right: { 'a draw with its opposite': { antithetic: true, signs: [1, -1] } }
    },
    spanning
  ),
  ...ofConcept('time grid', grids, grid),
  ...ofConcept('time grid between ends', spans, (held, name) => held(name)),
  ...ofConcept(
    'same schedule',
    {
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
    },
    ([a, b]: readonly [Schedule.Schedule, Schedule.Schedule]) => laws.same(a, b)
  )
]

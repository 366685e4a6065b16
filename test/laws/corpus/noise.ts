/** Inventions of noise: weightings, noise level distributions, parametrizations, expectations. */
import { Elementary, Key } from '../../../lib/index.js'
import { Expectation, type Field, Parametrization, type Schedule, NoiseLevels, Weighting } from '../../../src/index.js'
import type { Spec } from '../../../src/schedule/parametrization.js'
import * as laws from '../../../src/laws/index.js'
import { about, ofConcept, ofTwelve, word } from './invention.js'

const { exp, log } = Elementary
const snr = ({ alpha, sigma }: Schedule.Level): number => (alpha * alpha) / (sigma * sigma)

// —— weightings ——

interface Weighed {
  readonly of: (level: Schedule.Level, time: number, diffusion: number) => number
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
        ({ level, diffusion }) =>
        time =>
          of(level(time), time, diffusion(time))
    })
  })
  return [...laws.weighting(own, claims), ...(is === undefined ? [] : laws.same(own, is))]
}
const dataToNoise = { carries: [Parametrization.data, Parametrization.noise] } as const
const weightings = ofConcept('weighting', weighting, {
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
    'g said to be a rate | another clock changes no weight but a rate': {
      of: (_, __, diffusion) => Math.sqrt(Math.max(0, diffusion)),
      sees: 'rate'
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
    'half of g², a rate': { of: (_, __, diffusion) => diffusion / 2, sees: 'rate' },
    'all the same, below 0': { of: () => -1 }
  }
})

// —— noise level distributions ——

interface Timed {
  readonly law: NoiseLevels.Meaning
  readonly share?: (time: number) => number
}
const noiseLevels = ({ law, share }: Timed, name: string): ReadonlyArray<laws.Law> =>
  laws.noiseLevels(NoiseLevels.define({ name: word(name), about: name, meaning: () => law }), {
    ...(share && { share })
  })
const late: Timed['law'] = {
  quantile: () => u => Math.sqrt(u),
  density: () => ({ at: time => 2 * time, support: [0, 1] })
}
const noiseLevelsInventions = ofConcept('noise level distribution', noiseLevels, {
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
    'listed nodes of weights that sum to 10/12 | nodes that are listed are of its density': {
      law: {
        // Simpson’s rule is 1, 4, 2, 4, 1.
        nodes: () => [1, 2, 4, 2, 1].map((w, i) => ({ time: 0.2 + 0.3 * i, weight: w / 12 })),
        density: () => ({ at: () => 1 / 1.2, support: [0.2, 1.4] })
      }
    },
    'listed nodes of the uniform law, of a density that rises | nodes that are listed are of its density': {
      law: {
        nodes: (_, n) => Array.from({ length: n }, (_, i) => ({ time: (i + 0.5) / n, weight: 1 / n })),
        density: () => ({ at: t => 2 * t, support: [0, 1] })
      }
    },
    'weights of twice the density | draws are weighed to its density': {
      law: { quantile: () => u => u, weight: () => t => 4 * t, density: () => ({ at: t => 2 * t, support: [0, 1] }) }
    },
    'times 2u², said to be uniform from 0 on | its ‘fromClean’ is what it stands for': {
      law: { quantile: () => u => 2 * u * u, fromClean: 2 }
    },
    'the share of the uniform law | its share is that of the draws': { law: late, share: time => time }
  },
  right: {
    'late, with its density and its share': { law: late, share: time => time * time },
    'late, in strata': { law: { ...late, isStratified: true } },
    'from noise to data': { law: { quantile: () => u => 1 - u, density: () => ({ at: () => 1, support: [0, 1] }) } },
    'midpoints, as many as are asked for': {
      law: { nodes: (_, n) => Array.from({ length: n }, (_, i) => ({ time: (i + 0.5) / n, weight: 1 / n })) }
    },
    'the triangular law, of which the quantile has a kink in its slope': {
      law: {
        quantile: () => u => (u < 0.5 ? Math.sqrt(2 * Math.max(u, 2 ** -54)) : 2 - Math.sqrt(2 * (1 - u))),
        density: () => ({ at: t => Math.max(0, Math.min(t, 2 - t)), support: [0, 2] })
      }
    },
    'two pieces, with their density': {
      law: {
        quantile: () => u => (u < 0.5 ? 0.2 * u : 0.1 + 1.8 * (u - 0.5)),
        density: () => ({ at: t => (t < 0.1 ? 5 : 1 / 1.8), support: [0, 1] })
      }
    },
    'Simpson’s rule, with its density': {
      law: {
        nodes: () => [1, 4, 2, 4, 1].map((w, i) => ({ time: 0.2 + 0.3 * i, weight: w / 12 })),
        density: () => ({ at: () => 1 / 1.2, support: [0.2, 1.4] })
      }
    },
    'midpoints of five pieces, with their density': {
      law: {
        nodes: () =>
          Array.from({ length: 5 }, (_, i) => ({ time: (i + 0.5) / 2.5, weight: (2 * (i + 0.5)) / 2.5 / 2.5 })),
        density: () => ({ at: t => 2 * t, support: [0, 2] })
      }
    },
    'drawn evenly, weighted to its density': {
      law: { quantile: () => u => u, weight: () => t => 2 * t, density: () => ({ at: t => 2 * t, support: [0, 1] }) }
    },
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
})

// —— parametrizations ——

interface Written {
  readonly of: (level: Schedule.Level) => Parametrization.Direction
  readonly behind?: (level: Schedule.Level) => Parametrization.Behind
  readonly degree?: number
  readonly says?: Partial<Pick<Spec<string, Field.NoFields, null>, 'written' | 'squaredDeterminant'>>
  /** What it is said to be, where that is published. */
  readonly is?: (level: Schedule.Level) => Parametrization.Direction
}
const parametrization = ({ of, behind, degree, says, is }: Written, name: string): ReadonlyArray<laws.Law> =>
  laws.parametrization(
    Parametrization.define({
      name: word(name),
      about: name,
      ...(behind && { behind: () => behind }),
      ...(degree !== undefined && { degree }),
      ...says,
      meaning: () => of
    }),
    is && { direction: is }
  )
const velocity: Written['of'] = ({ alpha, sigma }) => ({ p: -sigma, q: alpha })
const behindVelocity =
  (sign: 1 | -1): NonNullable<Written['behind']> =>
  ({ alpha, sigma }) => {
    const size = alpha * alpha + sigma * sigma
    return {
      data: { ofOutput: (-sign * sigma) / size, ofPoint: alpha / size },
      noise: { ofOutput: alpha / size, ofPoint: sigma / size }
    }
  }
/** As tensors: the noise by the sign. */
const written = (sign: 1 | -1): NonNullable<Written['says']> => ({
  written:
    () =>
    ({ alpha, sigma }, { add, mul, neg, of, shown }) => {
      const size = add(mul(alpha, alpha), mul(sigma, sigma))
      return {
        direction: { p: neg(sigma), q: alpha },
        behind: {
          data: { ofPoint: shown(alpha, size), ofOutput: neg(shown(sigma, size)) },
          noise: { ofPoint: shown(sigma, size), ofOutput: mul(of(sign), shown(alpha, size)) }
        }
      }
    }
})
const determinant = (alphas: number, above = '', below = ''): NonNullable<Written['says']> => ({
  squaredDeterminant: () => ({ alphas, sigmas: 0, above, below })
})
const parametrizations = ofConcept('parametrization', parametrization, {
  wrong: {
    'velocity with its signs swapped | the truth is carried to the truth': {
      of: ({ alpha, sigma }) => ({ p: sigma, q: -alpha }),
      is: velocity
    },
    'the score without its sign | the truth is carried to the truth': {
      of: ({ sigma }) => ({ p: 0, q: 1 / sigma }),
      is: ({ sigma }) => ({ p: 0, q: -1 / sigma })
    },
    'velocity with the wrong sign behind it | the truth is carried to the truth': {
      of: velocity,
      behind: behindVelocity(-1),
      is: velocity
    },
    'velocity whose noise is written with the other sign | its ‘written’ is what it stands for': {
      of: velocity,
      says: written(-1)
    },
    'the determinant α for α² | its ‘squaredDeterminant’ is what it stands for': {
      of: () => ({ p: 0, q: 1 }),
      says: determinant(1)
    },
    'a determinant that is not squared, as written | its ‘squaredDeterminant’ is what it stands for': {
      of: velocity,
      says: determinant(0, '(α² + σ²)')
    },
    'a determinant below the line, as written | its ‘squaredDeterminant’ is what it stands for': {
      of: velocity,
      says: determinant(0, '', '(α² + σ²)²')
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
    'velocity by hand': { of: velocity, behind: behindVelocity(1), degree: 1, is: velocity },
    'velocity, written': { of: velocity, says: written(1) },
    'the determinant of velocity, as written': { of: velocity, says: determinant(0, '(α² + σ²)²') },
    'the noise, with its determinant': { of: () => ({ p: 0, q: 1 }), says: determinant(2) },
    'velocity, solved for': { of: velocity },
    'the noise, three times as long': { of: () => ({ p: 0, q: 3 }), degree: 0 },
    'less noise': { of: ({ alpha, sigma }) => ({ p: alpha, q: 0.5 * sigma }), degree: 1 },
    'a flow by hand': { of: () => ({ p: -1, q: 1 }), degree: 0, is: () => ({ p: -1, q: 1 }) }
  }
})

// —— expectations ——

interface Drawn {
  readonly rows?: 'apart' | 'together' | 'fixed'
  readonly of: (size: Expectation.Size, key: Key.Key) => ReadonlyArray<Expectation.Draw>
}
const expectation = ({ rows = 'apart', of }: Drawn): Expectation.Expectation =>
  Expectation.define({
    name: 'ownNoise',
    about,
    meaning: () => ({ where: 'everywhere', rows, draws: size => key => of(size, key) })
  })
/** Plain noise, changed. */
const made =
  (change: (z: Float64Array, size: Expectation.Size, key: Key.Key) => Float64Array): Drawn['of'] =>
  (size, key) => [{ weight: 1, noise: change(Key.normal(size.rows * size.dim)(key), size, key) }]
const each = (change: (z: number, at: number) => number): Drawn => ({ of: made(z => z.map(change)) })
const inPairs: Drawn['of'] = made((z, { dim }) => z.map((x, at) => (Math.floor(at / dim) % 2 === 0 ? x : -z[at - dim])))
const ofTwo: Drawn = {
  of: made((z, { rows, dim }, key) => {
    const other = Key.normal(rows * dim)(Key.child(1)(key))
    return z.map((x, at) => Math.SQRT1_2 * (x + other[at]))
  })
}
const expectations = ofConcept('expectation', (drawn: Drawn) => laws.of(expectation(drawn)), {
  wrong: {
    'no noise for a row alone | its noise is standard normal': {
      rows: 'apart',
      of: made((z, { rows }) => (rows === 1 ? z.map(() => 0) : z))
    },
    'noise a fiftieth too long | its noise is standard normal': each(z => 1.02 * z),
    'noise of twelve uniforms | its noise is standard normal': {
      of: made((z, _, key) => ofTwelve(z.length, Key.uniform(12 * z.length)(key)))
    },
    'noise to an eighth | nothing is drawn twice': each(z => Math.round(8 * z) / 8),
    'rows in pairs, said to be apart | nothing is drawn twice': { of: inPairs },
    'the last coordinate without its sign | its mean is that over all noise': {
      rows: 'together',
      of: made((z, { dim }) => z.map((x, at) => (at % dim === dim - 1 ? Math.abs(x) : x)))
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
    'rows in pairs of opposites': { rows: 'together', of: inPairs },
    'less its mean over the rows': {
      rows: 'together',
      of: made((z, { rows, dim }) =>
        z.map((x, at) => {
          const middle = z.reduce((sum, other, j) => (j % dim === at % dim ? sum + other : sum), 0) / rows
          return Math.sqrt(rows / Math.max(1, rows - 1)) * (x - middle)
        })
      )
    },
    'two normals, by √½': ofTwo,
    'the same noise at every step': {
      rows: 'fixed',
      of: ({ rows, dim }) => [{ weight: 1, noise: Key.normal(rows * dim)(Key.fromSeed(5)) }]
    }
  }
})

/** What is said to have the mean of plain noise. */
const sameMean = ofConcept(
  'same expectation',
  (drawn: Drawn) => laws.same(expectation(drawn), Expectation.monteCarlo()),
  {
    wrong: {
      'noise about 0.1 | the noise is of the same law': each(z => z + 0.1),
      'noise a twentieth too long | the means are the same': each(z => 1.05 * z),
      'the last coordinate about 0.1 | the noise is of the same law': {
        of: made((z, { dim }) => z.map((x, at) => (at % dim === dim - 1 ? x + 0.1 : x)))
      }
    },
    right: { 'rows in pairs of opposites': { rows: 'together', of: inPairs }, 'two normals, by √½': ofTwo }
  }
)

/** Draws on the span of the centres, one by one or with their opposites, that say of themselves whether they come in pairs. */
interface Spanning {
  readonly antithetic: boolean
  readonly signs: ReadonlyArray<1 | -1>
}
const spanning = ({ antithetic, signs }: Spanning): ReadonlyArray<laws.Law> =>
  laws.of(
    Expectation.define({
      name: 'ownNoise',
      about,
      meaning: () => ({
        where: 'span',
        antithetic,
        draws: key => signs.map(sign => ({ weight: 1 / signs.length, noise: key, sign }))
      })
    })
  )
const spans = ofConcept('expectation in the span', spanning, {
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
})

export const noise = [
  ...weightings,
  ...noiseLevelsInventions,
  ...parametrizations,
  ...expectations,
  ...sameMean,
  ...spans
]

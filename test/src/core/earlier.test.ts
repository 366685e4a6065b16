/** JSON that the first version wrote is read: tags began with a capital, and some fields had other names. */
import * as E from 'fp-ts/lib/Either.js'
import type * as t from 'io-ts'
import { expect, it } from 'vitest'
import {
  Clock,
  Expectation,
  Objective,
  Parametrization,
  Rate,
  Schedule,
  Score,
  TimeLaw,
  Vocabulary
} from '../../../src/index.js'

const { standard } = Vocabulary
const at = TimeLaw.at(0.5)
const timeLaw = TimeLaw.codec(standard)
const expectation = Expectation.codec(standard)
const objective = Objective.codec(standard)
const score = Score.codec(standard)
const parametrization = Parametrization.codec(standard)
const rate = Rate.codec(standard)
const schedule = Schedule.codec(standard)

it.each<readonly [t.Mixed, object, unknown]>([
  [timeLaw, { _tag: 'At', time: 0.3 }, TimeLaw.at(0.3)],
  [timeLaw, { _tag: 'Likelihood', until: 4, nodes: 8 }, TimeLaw.likelihood({ until: 4, nodes: 8 })],
  [timeLaw, { _tag: 'Nodes', nodes: [{ time: 1, weight: '-0' }] }, TimeLaw.nodes([{ time: 1, weight: -0 }])],
  [
    timeLaw,
    {
      _tag: 'Gauss',
      nodes: 3,
      law: {
        _tag: 'Importance',
        proposal: { _tag: 'LogitNormal', mean: 0, deviation: 1, until: 2 },
        target: { _tag: 'UniformLogSnr', lo: -1, hi: 2 }
      }
    },
    TimeLaw.gauss(3)(
      TimeLaw.importance({ proposal: TimeLaw.logitNormal({ until: 2 }), target: TimeLaw.uniformLogSnr(-1, 2) })
    )
  ],
  [
    expectation,
    { _tag: 'MonteCarlo', draws: 3, antithetic: true },
    Expectation.monteCarlo({ draws: 3, antithetic: true })
  ],
  [expectation, { _tag: 'Projected', draws: 1, antithetic: false }, Expectation.projected()],
  [expectation, { _tag: 'Quadrature' }, Expectation.quadrature()],
  [expectation, { _tag: 'Quadrature', nodes: 12 }, Expectation.quadrature({ nodes: 12 })],
  [
    expectation,
    { _tag: 'Fixed', noise: { shape: [1, 2], values: [1, '-0'] } },
    Expectation.fixed({ rows: 1, dim: 2, values: Float64Array.of(1, -0) })
  ],
  [objective, { _tag: 'Denoising', timeLaw: { _tag: 'At', time: 0.5 } }, Objective.denoising(at)],
  [
    objective,
    { _tag: 'Implicit', timeLaw: { _tag: 'At', time: 0.5 }, divergence: { _tag: 'Sliced', probes: 2, law: 'normal' } },
    Objective.implicit(at, { divergence: 'sliced', probes: 2, law: 'normal' })
  ],
  [
    objective,
    { _tag: 'Weight', weight: 2, objective: { _tag: 'Likelihood' } },
    Objective.weight(2)(Objective.likelihood)
  ],
  [
    objective,
    {
      _tag: 'Sum',
      objectives: [{ _tag: 'Regularizer', norm: 'l1', smoothing: 0.1, parameters: ['mean'], towards: null }]
    },
    Objective.sum([Objective.regularizer({ norm: 'l1', smoothing: 0.1, parameters: ['mean'] })])
  ],
  [score, { _tag: 'SymmetricPair' }, Score.symmetricPair],
  [score, { _tag: 'Spherical', components: 3 }, Score.spherical({ components: 3 })],
  [parametrization, { _tag: 'Velocity' }, Parametrization.velocity],
  [parametrization, { _tag: 'Edm', sigmaData: 1.3 }, Parametrization.edm({ sigmaData: 1.3 })],
  [
    rate,
    {
      _tag: 'Piecewise',
      pieces: [
        { from: 0, rate: { _tag: 'Constant', rate: 1 } },
        { from: 5, rate: { _tag: 'Constant', rate: 0.1 } }
      ]
    },
    Rate.piecewise(1, [{ from: 5, rate: 0.1 }])
  ],
  [
    schedule,
    { _tag: 'Reparametrized', clock: { _tag: 'LogSnr', from: 10, to: -10 }, schedule: { _tag: 'Edm' } },
    Schedule.reparametrized(Clock.evenLogSnr({ from: 10, to: -10 }))(Schedule.edm)
  ]
])('%#', (codec, json, value) => {
  expect(codec.decode(json)).toEqual(E.right(value))
})

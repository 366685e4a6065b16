/** The laws of the built-in schedule, and of others written as users write them. */
import fc from 'fast-check'
import { it } from 'vitest'
import { Schedule } from '../../src/index.js'
import { cosine, straight, varianceExploding } from '../../src/laws/arbitraries.js'
import * as laws from '../../src/laws/schedule.js'
import { SEED } from '../cases.js'
import { allHold } from './holds.js'

fc.configureGlobal({ seed: SEED, numRuns: 5 })

const linear = Schedule.custom({
  name: 'linear β',
  alpha: t => Math.exp(-0.25 * t * t),
  sigma: t => Math.sqrt(-Math.expm1(-0.5 * t * t)),
  until: 4
})

/** A row for each instance: what it is, and what it claims. */
const instances: ReadonlyArray<readonly [Schedule.Schedule, laws.ScheduleOptions]> = [
  [Schedule.ornsteinUhlenbeck, {}],
  [Schedule.vpLinear(), {}],
  [Schedule.cosine(), {}],
  [Schedule.subVp(), {}],
  [Schedule.varianceExploding(), {}],
  [Schedule.varianceExploding({ sigmaMin: 1e-3, sigmaMax: 5000 }), {}],
  [Schedule.edm, {}],
  [Schedule.rectifiedFlow, {}],
  [Schedule.betas(Schedule.linearBetas({ steps: 10, first: 0.01, last: 0.2 })), {}],
  [Schedule.reparametrized(Schedule.power(2))(Schedule.betas([0.1, 0.2, 0.4])), {}],
  [Schedule.reparametrized(Schedule.evenLogSnr({ from: 8, to: -8 }))(Schedule.cosine()), {}],
  [Schedule.reparametrized(Schedule.power(2))(Schedule.ornsteinUhlenbeck), {}],
  [cosine, { variancePreserving: true }],
  [varianceExploding, {}],
  [straight, {}],
  [linear, { variancePreserving: true }]
]

it.each(instances.map(([schedule, options]) => ({ schedule, options, name: Schedule.show(schedule) })))(
  '$name',
  ({ schedule, options }) => {
    allHold(laws.schedule(schedule, options), ({ property }) => fc.assert(property))
  }
)

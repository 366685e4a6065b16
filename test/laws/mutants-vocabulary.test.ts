/** Wrong meanings of time laws and of stages. */
import * as O from 'fp-ts/lib/Option.js'
import { Key, Schedule, TimeLaw } from '../../src/index.js'
import { type Timing } from '../../src/laws/timeLaw.js'
import { areCaught, type Mutant } from './mutant.js'
import { ofTimeLaw } from './timed.js'

/** Mutants of one instance, each with the law that is to catch it. */
const mutants = <Change>(
  laws: (change?: Change) => Mutant['right'],
  wrong: ReadonlyArray<readonly [wrong: string, law: string, change: Change]>
): ReadonlyArray<Mutant> => wrong.map(([wrong, law, change]) => ({ wrong, law, mutant: laws(change), right: laws() }))

const ou = Schedule.ornsteinUhlenbeck
const sum = (x: Float64Array): number => x.reduce((a, b) => a + b, 0)

// —— time laws ——

const timed =
  (law: TimeLaw.TimeLaw, schedule: Schedule.Schedule = ou) =>
  (timing?: Partial<Timing>): Mutant['right'] =>
    ofTimeLaw(law, { schedule, ...(timing && { timing }) })

/** Every draw changed. */
const drawing = (change: (times: TimeLaw.Times, law: TimeLaw.TimeLaw) => TimeLaw.Times): Partial<Timing> => ({
  draw: (schedule, rows) => key => law => TimeLaw.draw(schedule, rows)(key)(law).map(times => change(times, law))
})
/** Every rule changed. */
const weighing = (change: (nodes: ReadonlyArray<TimeLaw.Node>) => ReadonlyArray<TimeLaw.Node>): Partial<Timing> => ({
  quadrature: (schedule, count) => law => change(TimeLaw.quadrature(schedule, count)(law))
})

const uniform = TimeLaw.uniform(0.1, 0.9)
const importance = TimeLaw.importance({ proposal: uniform, target: TimeLaw.uniform(0.4, 0.9) })

areCaught([
  ...mutants(timed(uniform, Schedule.rectifiedFlow), [
    [
      'times past the end of the schedule',
      'times are those of the schedule',
      drawing(({ time, weight }) => ({ time: typeof time === 'number' ? time : time.map(t => 2 * t), weight }))
    ]
  ]),
  ...mutants(timed(uniform), [
    [
      'an integral over an interval for the mean over it',
      'nodes weigh as much as the law',
      weighing(nodes => nodes.map(({ time, weight }) => ({ time, weight: 0.8 * weight })))
    ],
    [
      'equal steps for Gauss nodes',
      'nodes are exact for polynomials of the share',
      weighing(nodes =>
        nodes.map((_, i) => ({ time: 0.1 + (0.8 * (i + 0.5)) / nodes.length, weight: 1 / nodes.length }))
      )
    ],
    [
      'one stream of randomness for all keys',
      'looks at the key only if it is random',
      { draw: (schedule, rows) => () => TimeLaw.draw(schedule, rows)(Key.fromSeed(1)) }
    ],
    [
      'a law that is drawn, believed to be the same at every step',
      'looks at the key only if it is random',
      { isDeterministic: () => true }
    ],
    [
      'a density per time that is one per log-SNR',
      'the density is that of the draws',
      { density: () => () => O.some({ at: time => time, support: [0.1, 0.9] }) }
    ]
  ]),
  ...mutants(timed(TimeLaw.likelihood({ until: 1, nodes: 6 }), Schedule.vpLinear()), [
    [
      'g² for ½ g²',
      'nodes weigh as much as the law',
      weighing(nodes => nodes.map(({ time, weight }) => ({ time, weight: 2 * weight })))
    ]
  ]),
  ...mutants(timed(TimeLaw.uniformLogSnr(-1, 2)), [
    [
      'times even in t, not in the log-SNR',
      'draws have the law’s shares',
      {
        draw: (schedule, rows) => key => () =>
          TimeLaw.draw(schedule, rows)(key)(
            TimeLaw.uniform(Schedule.timeOfLogSnr(2)(ou), Schedule.timeOfLogSnr(-1)(ou))
          )
      }
    ]
  ]),
  ...mutants(timed(TimeLaw.logNormal(), Schedule.edm), [
    [
      'log(σ²/α²) normal, for log(σ/α)',
      'draws have the law’s shares',
      drawing(({ time, weight }) => ({ time: typeof time === 'number' ? time : time.map(Math.sqrt), weight }))
    ]
  ]),
  ...mutants(timed(importance), [
    [
      'importance weights forgotten',
      'draws agree in mean with the quadrature',
      drawing(({ time }) => ({ time, weight: 1 }))
    ],
    [
      'weights that are normalized by their own sum',
      'the weight of a draw is the ratio of densities',
      drawing(({ time, weight }) => ({
        time,
        weight: typeof weight === 'number' ? weight : weight.map(w => (w * weight.length) / sum(weight))
      }))
    ],
    [
      'p/q for q/p',
      'draws agree in mean with the quadrature',
      drawing(({ time, weight }) => ({
        time,
        weight: typeof weight === 'number' ? weight : weight.map(w => (w === 0 ? 0 : 1 / w))
      }))
    ]
  ]),
  ...mutants(timed(TimeLaw.stratified(uniform)), [
    [
      'a shift for each row, strata left empty',
      'stratified draws have each stratum once',
      { draw: (schedule, rows) => key => () => TimeLaw.draw(schedule, rows)(key)(uniform) }
    ],
    [
      'strata in the order of the rows',
      'stratified draws have each stratum once',
      drawing(({ time, weight }) => ({ time: typeof time === 'number' ? time : time.slice().sort(), weight }))
    ]
  ])
])

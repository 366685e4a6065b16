/** Time laws: over which noise levels an objective is taken, and with which weight each counts. */
import { pipe } from 'fp-ts/lib/function.js'
import * as t from 'io-ts'
import { Key, Quadrature } from '../lib/index.js'
import * as Params from './Params.js'
import * as Problem from './Problem.js'
import * as Schedule from './Schedule.js'
import * as Tagged from './Tagged.js'

export interface Node {
  readonly time: number
  readonly weight: number
}

export interface At {
  readonly _tag: 'At'
  readonly time: number
}

export interface Uniform {
  readonly _tag: 'Uniform'
  readonly lo: number
  readonly hi: number
}

export interface Nodes {
  readonly _tag: 'Nodes'
  readonly nodes: ReadonlyArray<Node>
}

export interface Likelihood {
  readonly _tag: 'Likelihood'
  readonly until: number
  readonly nodes: number
}

export type TimeLaw = At | Uniform | Nodes | Likelihood

/** One noise level: L = L_t. */
export const at = (time: number): TimeLaw => ({ _tag: 'At', time })

/**
 * Every time in [lo, hi] alike: L = E_t L_t, t uniform. A random expectation draws one time a row; a deterministic one
 * (`quadrature`, `fixed`) takes Gauss–Legendre nodes.
 */
export const uniform = (lo: number, hi: number): TimeLaw => ({ _tag: 'Uniform', lo, hi })

/** A weighted sum over given times: L = Σ weight · L_time. */
export const nodes = (nodes: ReadonlyArray<Node>): TimeLaw => ({ _tag: 'Nodes', nodes })

/**
 * The weighting of maximum likelihood: L = ∫_0^until ½ g²(t) L_t dt by Gauss–Legendre nodes in r, t = until · r².
 * With the implicit objective its gradient tends to that of the mean negative log-likelihood as `until` and `nodes`
 * grow (Song et al. 2021, arXiv 2101.09258). For Ornstein–Uhlenbeck ½ g² = 1.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { pipe } from 'fp-ts/lib/function.js'
 * import { Schedule, TimeLaw } from 'ornstein'
 *
 * const nodes = pipe(TimeLaw.likelihood({ until: 12, nodes: 48 }), TimeLaw.quadrature(Schedule.ornsteinUhlenbeck, 1))
 * const total = nodes.reduce((sum, { weight }) => sum + weight, 0)
 * assert.ok(Math.abs(total - 12) < 1e-12)
 */
export const likelihood = ({ until, nodes }: Omit<Likelihood, '_tag'>): TimeLaw => ({
  _tag: 'Likelihood',
  until,
  nodes
})

export const fold = Tagged.fold<TimeLaw>()

const rule = (count: number, lo: number, hi: number): ReadonlyArray<Node> => {
  const { nodes, weights } = Quadrature.gaussLegendre(count)(lo, hi)
  return Array.from(nodes, (time, i) => ({ time, weight: weights[i] }))
}

/** The law as weighted times, without randomness; `count` nodes where the law itself names none. */
export const quadrature = (schedule: Schedule.Schedule, count: number): ((law: TimeLaw) => ReadonlyArray<Node>) =>
  fold<ReadonlyArray<Node>>({
    At: ({ time }) => [{ time, weight: 1 }],
    Uniform: ({ lo, hi }) => rule(count, lo, hi).map(({ time, weight }) => ({ time, weight: weight / (hi - lo) })),
    Nodes: ({ nodes }) => nodes,
    Likelihood: ({ until, nodes }) =>
      rule(nodes, 0, 1).map(({ time: r, weight }) => {
        const time = until * r * r
        return { time, weight: weight * until * r * pipe(schedule, Schedule.diffusion(time)) }
      })
  })

/** The times of one random evaluation: a node is shared by all rows, or each row draws its own time. */
export interface Times {
  readonly time: number | Float64Array
  readonly weight: number
}

/** The law with its randomness drawn: nodes stay nodes, a uniform law draws a time for each row. */
export const draw =
  (schedule: Schedule.Schedule, rows: number) =>
  (key: Key.Key): ((law: TimeLaw) => ReadonlyArray<Times>) => {
    const shared = quadrature(schedule, 1)
    return fold<ReadonlyArray<Times>>({
      At: shared,
      Uniform: ({ lo, hi }) => [{ time: Key.uniform(rows)(key).map(u => lo + (hi - lo) * u), weight: 1 }],
      Nodes: shared,
      Likelihood: shared
    })
  }

export const show = fold<string>({
  At: ({ time }) => `TimeLaw.at(${time})`,
  Uniform: ({ lo, hi }) => `TimeLaw.uniform(${lo}, ${hi})`,
  Nodes: ({ nodes }) =>
    `TimeLaw.nodes([${nodes.map(({ time, weight }) => `{ time: ${time}, weight: ${weight} }`).join(', ')}])`,
  Likelihood: ({ until, nodes }) => `TimeLaw.likelihood({ until: ${until}, nodes: ${nodes} })`
})

export const formula = fold<string>({
  At: ({ time }) => `at t = ${time}`,
  Uniform: ({ lo, hi }) => `mean over t uniform in [${lo}, ${hi}]`,
  Nodes: ({ nodes }) => nodes.map(({ time, weight }) => `${weight} · at t = ${time}`).join(' + '),
  Likelihood: ({ until, nodes }) => `∫ ½ g² dt over t in [0, ${until}], ${nodes} nodes`
})

export const problems = (schedule: Schedule.Schedule): ((law: TimeLaw) => ReadonlyArray<Problem.Problem>) => {
  const onSchedule = (field: string, time: number): ReadonlyArray<Problem.Problem> =>
    pipe(schedule, Schedule.timeProblems(field, time))
  return fold<ReadonlyArray<Problem.Problem>>({
    At: ({ time }) => onSchedule('time', time),
    Uniform: ({ lo, hi }) => [
      ...onSchedule('lo', lo),
      ...onSchedule('hi', hi),
      ...Problem.unless(lo < hi, 'hi', hi, `> lo = ${lo}`, 'give the interval in rising order')
    ],
    Nodes: ({ nodes }) => [
      ...Problem.unless(nodes.length > 0, 'nodes', '[]', 'a list with at least one node', 'add { time, weight }'),
      ...nodes.flatMap(({ time, weight }, i) => [
        ...onSchedule(`nodes[${i}].time`, time),
        ...Problem.unless(Number.isFinite(weight), `nodes[${i}].weight`, weight, 'finite', 'try 1')
      ])
    ],
    Likelihood: ({ until, nodes }) => [...onSchedule('until', until), ...Problem.count('nodes', nodes, 1, 48)]
  })
}

export const codec: t.Type<TimeLaw, unknown> = t.union([
  t.type({ _tag: t.literal('At'), time: t.number }),
  t.type({ _tag: t.literal('Uniform'), lo: t.number, hi: t.number }),
  t.type({ _tag: t.literal('Nodes'), nodes: t.readonlyArray(t.type({ time: t.number, weight: Params.numberCodec })) }),
  t.type({ _tag: t.literal('Likelihood'), until: t.number, nodes: t.number })
])

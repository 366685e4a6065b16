/** Laws of time laws: what they draw, what their nodes weigh, and that both are of one law. */
import * as fc from 'fast-check'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key } from '../../lib/index.js'
import { Case as Of, Schedule, TimeLaw } from '../index.js'
import { seeds } from './arbitraries.js'
import { ofTimeLaws } from './capability.js'
import { average } from './check.js'
import { areFinite, forAll, ofRows, equals, atMost, differs, type Stated, atLeast } from './lawRows.js'
import type { Laws } from './law.js'

/** What a time law is used as: what `TimeLaw` makes of it, or is believed to. */
export interface Timing {
  readonly quadrature: typeof TimeLaw.quadrature
  readonly draw: typeof TimeLaw.draw
  readonly density: typeof TimeLaw.density
  readonly isDeterministic: (law: TimeLaw.TimeLaw) => boolean
}

export interface TimeLawOptions {
  /** Ornstein–Uhlenbeck by default. */
  readonly schedule?: Schedule.Schedule
  /** Times drawn at once. */
  readonly rows?: number
  /** How many standard errors a mean may be off. */
  readonly errors?: number
  /** The share of the law before a time, by another source. */
  readonly share?: (time: number) => number
  /** What its weights come to, by another source; 1 of what is drawn without weights. */
  readonly total?: number
  readonly timing?: Partial<Timing>
}

interface Example {
  readonly seed: number
}

/** The probability with which a right law is refused by one comparison of shares. */
const FAULT = 1e-9

/** What rows draw: time and weight, one for each row. */
interface Drawn {
  readonly time: number
  readonly weight: number
}

export const perRow = (rows: number, { time, weight }: TimeLaw.Times): ReadonlyArray<Drawn> =>
  Array.from({ length: rows }, (_, i) => ({
    time: typeof time === 'number' ? time : time[i],
    weight: typeof weight === 'number' ? weight : weight[i]
  }))

export const slope = (f: (x: number) => number, x: number, h = 1e-3 * x): number => {
  return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)
}

/** What the laws of a time law share: what it draws, and what is known of it. */
const settingOf = (
  timeLaw: TimeLaw.TimeLaw,
  { schedule = Schedule.ornsteinUhlenbeck, rows = 2000, errors = 6, timing = {}, share, ...given }: TimeLawOptions = {}
) => {
  const { quadrature, draw, density, isDeterministic } = { ...TimeLaw, ...timing }
  const cases: fc.Arbitrary<Example> = fc.record({ seed: seeds })
  const drawn = (seed: number, of = timeLaw): ReadonlyArray<ReadonlyArray<Drawn>> =>
    draw(schedule, rows)(Key.fromSeed(seed))(of).map(times => perRow(rows, times))
  const random = !isDeterministic(timeLaw)
  const last = Schedule.until(schedule)
  const meaning = Of.meaning(timeLaw)
  const drawnBy = meaning.quantile !== undefined && meaning.weight === undefined ? meaning.quantile(schedule) : null
  const total = given.total ?? (drawnBy === null ? null : 1)
  const densityAt = O.toNullable(density(schedule)(timeLaw))

  const lawOf = forAll(cases)
  return {
    densityAt,
    drawn,
    drawnBy,
    errors,
    last,
    lawOf,
    quadrature,
    random,
    rows,
    schedule,
    share,
    timeLaw,
    total
  }
}

type Setting = ReturnType<typeof settingOf>

const timesOfSchedule = ({ drawn, last, lawOf, quadrature, schedule, timeLaw }: Setting): Stated =>
  lawOf({
    name: 'times are those of the schedule',
    statement:
      '∀ keys: every time drawn, and every node, is in [0, until] of the schedule, its weight finite. Exactly.',
    source: 'definition of a time law',
    says: ({ seed }) => {
      const all = [...drawn(seed).flat(), ...quadrature(schedule, 1 + (seed % 16))(timeLaw)]
      const times = all.map(({ time }) => time)
      return [atLeast(times, 0), atMost(times, last), areFinite([times, all.map(({ weight }) => weight)])]
    }
  })

const wholeWeight = ({ lawOf, quadrature, schedule, timeLaw, total }: Setting): Stated =>
  lawOf({
    claim: total,
    option: 'total',
    name: 'nodes weigh as much as the law',
    statement:
      'the weights of 48 nodes sum to 1 where it is drawn without weights, else to what is stated. To 1e-7 of it.',
    source: 'Song et al. 2021, arXiv 2101.09258; a probability is 1',
    says: (_, total) => {
      const found = quadrature(schedule, 48)(timeLaw).reduce((sum, { weight }) => sum + weight, 0)
      return equals(found, total, 1e-7 * (1 + Math.abs(total)))
    }
  })

const sharesOf = ({ drawn, lawOf, quadrature, rows, schedule, share, timeLaw }: Setting): ReadonlyArray<Stated> => [
  lawOf({
    claim: share,
    option: 'share',
    name: 'nodes are exact for polynomials of the share',
    statement:
      '∀ n ≤ 16, k < 2n: Σ w_i F(t_i)^k = 1/(k + 1) over n nodes, F(t) the share of the law before t. To 1e-10, the rounding of F where a quantile is in the tails.',
    source: 'Gauss 1814; F is uniform on [0, 1]',
    says: ({ seed }, share) => {
      const n = 1 + (seed % 16)
      const nodes = quadrature(schedule, n)(timeLaw)
      const found = Array.from({ length: 2 * n }, (_, k) =>
        nodes.reduce((sum, { time, weight }) => sum + weight * Elementary.pow(share(time), k), 0)
      )
      return [
        equals(nodes.length, n),
        equals(
          found,
          found.map((_, k) => 1 / (k + 1)),
          1e-10
        )
      ]
    }
  }),
  lawOf({
    claim: share,
    option: 'share',
    name: 'draws have the law’s shares',
    statement: `∀ keys: sup |F_n(t) − F(t)| ≤ √(log(2/fault)/2n) over ${rows} draws, F the share of the law before t, and every weight 1. A right one fails with probability ${FAULT.toExponential()} or less.`,
    source: 'Dvoretzky, Kiefer & Wolfowitz 1956, with the constant of Massart 1990',
    says: ({ seed }, share) => {
      const [draws] = drawn(seed)
      const shares = Float64Array.from(draws, ({ time }) => share(time)).sort()
      const off = shares.reduce((most, u, i) => Math.max(most, Math.abs(u - i / rows), Math.abs(u - (i + 1) / rows)), 0)
      const bound = Math.sqrt(Elementary.log(2 / FAULT) / (2 * rows))
      return [
        atMost(off, bound),
        equals(
          draws.map(({ weight }) => weight),
          1
        )
      ]
    }
  })
]

const densityOfDraws = ({ densityAt, drawnBy, lawOf, schedule }: Setting): Stated =>
  lawOf({
    claim: densityAt !== null && drawnBy !== null && { densityAt, drawnBy },
    reason: 'it says no density, or draws by weights',
    name: 'the density is that of the draws',
    statement:
      '∀ u in [0.05, 0.95]: p(t(u)) |t′(u)| = 1 for the quantile t(u), by differences of fourth order in steps of 1e-3, away from kinks of the schedule; and t(u) is in the support. To 1e-5, the error of the differences.',
    source: 'a density is the slope of the share',
    says: ({ seed }, { densityAt, drawnBy }) => {
      const u = 0.05 + (0.9 * (seed % 1000)) / 999
      const time = drawnBy(u)
      const [lo, hi] = [drawnBy(u - 2e-3), drawnBy(u + 2e-3)].sort((a, b) => a - b)
      return (
        !Schedule.kinks(schedule).some(kink => kink >= lo && kink <= hi) && [
          equals(densityAt.at(time) * Math.abs(slope(drawnBy, u, 1e-3)), 1, 1e-5),
          atLeast(time, densityAt.support[0]),
          atMost(time, densityAt.support[1])
        ]
      )
    }
  })

const drawsAndNodes = ({ drawn, errors, lawOf, quadrature, random, rows, schedule, timeLaw }: Setting): Stated =>
  lawOf({
    name: 'draws agree in mean with the quadrature',
    statement: `∀ keys, f of 1, t and e^{−t}: the mean of weight · f(t) over ${rows} draws is that of 400 nodes, up to ${errors} standard errors of the draws and 1e-4 (1 + |mean|) for the quadrature of tails. A comparison of a right one fails with probability below 1e-6 (2e-9 for a normal mean): importance weights are unbiased, and each stratified draw is of the law.`,
    source: 'law of large numbers',
    says: ({ seed }) => {
      const lists = drawn(seed)
      // Of what is the same at every step the draws are the nodes.
      const nodes = quadrature(schedule, random ? 400 : TimeLaw.NODES)(timeLaw)
      return [(): number => 1, (time: number): number => time, (time: number): number => Elementary.exp(-time)].flatMap(
        f => {
          const wanted = nodes.reduce((sum, { time, weight }) => sum + weight * f(time), 0)
          const values = Array.from({ length: rows }, (_, row) =>
            lists.reduce((sum, draws) => sum + draws[row].weight * f(draws[row].time), 0)
          )
          const found = average(values)
          const error = Math.sqrt(average(values.map(value => Elementary.square(value - found))) / rows)
          return equals(found, wanted, errors * error + 1e-4 * (1 + Math.abs(wanted)))
        }
      )
    }
  })

const looksAtTheKey = ({ drawn, lawOf, quadrature, random, rows, schedule, timeLaw }: Setting): Stated =>
  lawOf({
    name: 'looks at the key only if it is random',
    statement:
      '∀ keys: the same key draws the same times; if isDeterministic, so do all keys, and they are the nodes; else another key draws others. Exactly.',
    source: 'definition of isDeterministic',
    says: ({ seed }) => {
      const flat = (lists: ReadonlyArray<ReadonlyArray<Drawn>>): ReadonlyArray<number> =>
        lists.flatMap(draws => draws.slice(0, 20).flatMap(({ time, weight }) => [time, weight]))
      const [first, again, other] = [seed, seed, seed + 1].map(seed => flat(drawn(seed)))
      const nodes = quadrature(
        schedule,
        TimeLaw.NODES
      )(timeLaw).flatMap(node => Array.from({ length: Math.min(rows, 20) }).flatMap(() => [node.time, node.weight]))
      return [
        equals(again, first),
        random ? differs(other, first) : equals({ 'another key': other, nodes: first }, { 'another key': first, nodes })
      ]
    }
  })

/**
 * The laws of a time law on a schedule: draws and nodes are of one law.
 *
 * @example
 * import fc from 'fast-check'
 * import { Schedule, TimeLaw } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const law = TimeLaw.stratified(TimeLaw.logNormal({ mean: -1, deviation: 1 }))
 * laws.timeLaw(law, { schedule: Schedule.edm }).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 5 })
 * })
 */
export const timeLaw = (timeLaw: TimeLaw.TimeLaw, options: TimeLawOptions = {}): Laws => {
  const setting = settingOf(timeLaw, options)

  return ofRows(
    `${TimeLaw.show(timeLaw)} on ${Schedule.show(setting.schedule)}`,
    [
      timesOfSchedule(setting),
      wholeWeight(setting),
      ...sharesOf(setting),
      densityOfDraws(setting),
      drawsAndNodes(setting),
      looksAtTheKey(setting),
      ofTimeLaws({ timeLaw, schedule: setting.schedule })
    ],
    options
  )
}

/** Laws of time laws: what they draw, what their nodes weigh, and that both are of one law. */
import * as fc from 'fast-check'
import * as O from 'fp-ts/lib/Option.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key, Quadrature } from '../../lib/index.js'
import * as Normal from '../../lib/numbers/normal.js'
import { Case as Of, Schedule, TimeLaw } from '../index.js'
import { seeds } from './arbitraries.js'
import { ofTimeLaws } from './capability.js'
import { average } from './check.js'
import { areFinite, over, ofRows, is, isAtMost, isBelow, differs, type Stated } from './lawRows.js'
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
  readonly timing?: Partial<Timing>
}

interface Example {
  readonly seed: number
}

/** The probability with which a right law is refused by one comparison of shares. */
const FAULT = 1e-9

type Share = (time: number) => number

/** The share of a law before a time, as published: no quantile of `TimeLaw` is used. Known of ours that have one. */
const shareOf = (schedule: Schedule.Schedule): ((law: TimeLaw.TimeLaw) => O.Option<Share>) => {
  const { level } = Schedule.interpret(schedule)
  const ratio = (time: number): number => {
    const { alpha, sigma } = level(time)
    return Elementary.log(sigma / alpha)
  }
  const own = Of.known<Share>(
    Of.when(
      TimeLaw.uniform,
      ({ lo, hi }) =>
        time =>
          (time - lo) / (hi - lo)
    ),
    Of.when(
      TimeLaw.uniformLogSnr,
      ({ lo, hi }) =>
        time =>
          (hi + 2 * ratio(time)) / (hi - lo)
    ),
    Of.when(TimeLaw.logNormal, ({ mean, deviation }) => {
      const below = (x: number): number => Normal.cdf((x - mean) / deviation)
      const { greatest, least } = Schedule.logSnrRange(schedule)
      const [first, last] = [below(-greatest / 2), below(-least / 2)]
      return time => (below(ratio(time)) - first) / (last - first)
    }),
    Of.when(
      TimeLaw.logitNormal,
      ({ mean, deviation, until }) =>
        time =>
          Normal.cdf((Elementary.log(time) - Elementary.log(until - time) - mean) / deviation)
    )
  )
  return law => own(inStrata(law) ?? law)
}

/** The law that is drawn evenly; null where it is drawn otherwise. */
const inStrata = (law: TimeLaw.TimeLaw): TimeLaw.TimeLaw | null =>
  O.toNullable(Of.when(TimeLaw.stratified, ({ law }) => inStrata(law) ?? law)(law))

/** ∫ ½ g² dt over [0, until], by eight nodes in each of a hundred equal intervals of t: its own nodes are others. */
const halfDiffusion = (schedule: Schedule.Schedule, until: number): number => {
  const { diffusion } = Schedule.interpret(schedule)
  const { nodes, weights } = Quadrature.gaussLegendre(8)(0, until / 100)
  return Array.from({ length: 100 }, (_, i) => (until * i) / 100).reduce(
    (sum, from) => nodes.reduce((sum, node, j) => sum + (weights[j] * diffusion(from + node)) / 2, sum),
    0
  )
}

/** What the weights come to, where it is known: what is drawn with weight 1 comes to 1. */
const totalOf =
  (schedule: Schedule.Schedule) =>
  (law: TimeLaw.TimeLaw): O.Option<number> =>
    pipe(
      Of.known(
        Of.when(TimeLaw.at, () => O.some(1)),
        Of.when(TimeLaw.nodes, ({ nodes }) => O.some(nodes.reduce((sum, { weight }) => sum + weight, 0))),
        Of.when(TimeLaw.likelihood, ({ until }) => O.some(halfDiffusion(schedule, until))),
        Of.when(TimeLaw.importance, ({ target }) => totalOf(schedule)(target)),
        Of.when(TimeLaw.stratified, ({ law }) => totalOf(schedule)(law)),
        Of.when(TimeLaw.gauss, ({ law }) => totalOf(schedule)(law))
      )(law),
      O.getOrElse(() =>
        pipe(
          Of.meaning(law).drawn,
          O.filter(({ weight }) => weight === undefined),
          O.map(() => 1)
        )
      )
    )

/** The same law by `count` nodes, wherever it names how many. */
const refined =
  (count: number) =>
  (law: TimeLaw.TimeLaw): TimeLaw.TimeLaw =>
    pipe(
      Of.known<TimeLaw.TimeLaw>(
        Of.when(TimeLaw.likelihood, law => ({ ...law, nodes: count })),
        Of.when(TimeLaw.importance, law => ({ ...law, target: refined(count)(law.target) })),
        Of.when(TimeLaw.stratified, ({ law }) => TimeLaw.stratified(refined(count)(law))),
        Of.when(TimeLaw.gauss, ({ law }) => TimeLaw.gauss(count)(refined(count)(law)))
      )(law),
      O.getOrElse(() => law)
    )

/** What rows draw: time and weight, one for each row. */
interface Drawn {
  readonly time: number
  readonly weight: number
}

const perRow = (rows: number, { time, weight }: TimeLaw.Times): ReadonlyArray<Drawn> =>
  Array.from({ length: rows }, (_, i) => ({
    time: typeof time === 'number' ? time : time[i],
    weight: typeof weight === 'number' ? weight : weight[i]
  }))

const slope = (f: (x: number) => number, x: number, h = 1e-3 * x): number => {
  return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h)
}

/** What the laws of a time law share: what it draws, and what is known of it. */
const settingOf = (
  timeLaw: TimeLaw.TimeLaw,
  { schedule = Schedule.ornsteinUhlenbeck, rows = 2000, errors = 6, timing = {} }: TimeLawOptions = {}
) => {
  const { quadrature, draw, density, isDeterministic } = { ...TimeLaw, ...timing }
  const cases: fc.Arbitrary<Example> = fc.record({ seed: seeds })
  const drawn = (seed: number, of = timeLaw): ReadonlyArray<ReadonlyArray<Drawn>> =>
    draw(schedule, rows)(Key.fromSeed(seed))(of).map(times => perRow(rows, times))
  const share = O.toNullable(shareOf(schedule)(timeLaw))
  const random = !isDeterministic(timeLaw)
  const last = Schedule.until(schedule)
  const weighed = pipe(
    inStrata(timeLaw) ?? timeLaw,
    Of.when(TimeLaw.importance, ({ proposal, target }) => ({ proposal, target })),
    O.toNullable
  )
  const proposed = weighed === null ? timeLaw : weighed.proposal
  const strata = inStrata(timeLaw) === null && inStrata(proposed) === null ? null : (inStrata(proposed) ?? proposed)
  const shareOfStrata = strata && O.toNullable(shareOf(schedule)(strata))
  const total = O.toNullable(totalOf(schedule)(timeLaw))
  const drawnBy = pipe(
    Of.meaning(timeLaw).drawn,
    O.filter(({ weight }) => weight === undefined),
    O.map(({ quantile }) => quantile(schedule)),
    O.toNullable
  )
  const densityAt = O.toNullable(density(schedule)(timeLaw))

  const lawOf = over(cases)
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
    shareOfStrata,
    timeLaw,
    total,
    weighed
  }
}

type Setting = ReturnType<typeof settingOf>

const NO_SHARE = 'its share before a time is not known'

const timesOfSchedule = ({ drawn, last, lawOf, quadrature, schedule, timeLaw }: Setting): Stated =>
  lawOf({
    name: 'times are those of the schedule',
    statement:
      '∀ keys: every time drawn, and every node, is in [0, until] of the schedule, its weight finite. Exactly.',
    source: 'definition of a time law',
    says: ({ seed }) => {
      const all = [...drawn(seed).flat(), ...quadrature(schedule, 1 + (seed % 16))(timeLaw)]
      const times = all.map(({ time }) => time)
      return [isAtMost(0, times), isAtMost(times, last), areFinite([times, all.map(({ weight }) => weight)])]
    }
  })

const wholeWeight = ({ lawOf, quadrature, schedule, timeLaw, total }: Setting): Stated =>
  lawOf({
    claim: total,
    unless: 'what the weights come to is not known',
    name: 'nodes weigh as much as the law',
    statement:
      'the weights of 48 nodes sum to 1; of given nodes, to theirs; of maximum likelihood, to ∫ ½ g² dt by a rule over a hundred intervals. To 1e-7 of it, which is the error of either rule where g² is smooth.',
    source: 'Song et al. 2021, arXiv 2101.09258; a probability is 1',
    says: (_, total) => {
      const found = quadrature(schedule, 48)(refined(48)(timeLaw)).reduce((sum, { weight }) => sum + weight, 0)
      return is(found, total, 1e-7 * (1 + Math.abs(total)))
    }
  })

const sharesOf = ({ drawn, lawOf, quadrature, rows, schedule, share, timeLaw }: Setting): ReadonlyArray<Stated> => [
  lawOf({
    claim: share,
    unless: NO_SHARE,
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
        is(nodes.length, n),
        is(
          found,
          found.map((_, k) => 1 / (k + 1)),
          1e-10
        )
      ]
    }
  }),
  lawOf({
    claim: share,
    unless: NO_SHARE,
    name: 'draws have the law’s shares',
    statement: `∀ keys: sup |F_n(t) − F(t)| ≤ √(log(2/fault)/2n) over ${rows} draws, F the share of the law before t, and every weight 1. A right one fails with probability ${FAULT.toExponential()} or less.`,
    source: 'Dvoretzky, Kiefer & Wolfowitz 1956, with the constant of Massart 1990',
    says: ({ seed }, share) => {
      const [draws] = drawn(seed)
      const shares = Float64Array.from(draws, ({ time }) => share(time)).sort()
      const off = shares.reduce((most, u, i) => Math.max(most, Math.abs(u - i / rows), Math.abs(u - (i + 1) / rows)), 0)
      const bound = Math.sqrt(Elementary.log(2 / FAULT) / (2 * rows))
      return [
        isAtMost(off, bound),
        is(
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
    unless: 'it says no density, or draws by weights',
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
          is(densityAt.at(time) * Math.abs(slope(drawnBy, u, 1e-3)), 1, 1e-5),
          isAtMost(densityAt.support[0], time),
          isAtMost(time, densityAt.support[1])
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
          return is(found, wanted, errors * error + 1e-4 * (1 + Math.abs(wanted)))
        }
      )
    }
  })

const eachStratum = ({ drawn, lawOf, rows, shareOfStrata }: Setting): Stated =>
  lawOf({
    claim: shareOfStrata,
    unless: 'it is not stratified',
    name: 'stratified draws have each stratum once',
    statement:
      '∀ keys: F(t) of the draws, in order, are (i + shift)/n for one shift in [0, 1). To 1e-9, the rounding of F; the order of rows is random.',
    source: 'Kingma et al. 2021, arXiv 2107.00630, appendix I.1',
    says: ({ seed }, shareOfStrata) => {
      const shares = Float64Array.from(drawn(seed)[0], ({ time }) => shareOfStrata(time))
      const sorted = shares.slice().sort()
      const shift = sorted[0]
      return [
        isAtMost(0, shift, 1e-9),
        isBelow(shift, 1 / rows, 1e-9),
        is(
          sorted,
          sorted.map((_, i) => shift + i / rows),
          1e-9
        ),
        rows >= 20 && differs(shares, sorted)
      ]
    }
  })

const ratioOfDensities = ({ drawn, lawOf, schedule, weighed }: Setting): Stated =>
  lawOf({
    claim: weighed,
    unless: 'it draws from no other law',
    name: 'the weight of a draw is the ratio of densities',
    statement:
      '∀ keys: at every time drawn the weight is the slope of the target’s share (of maximum likelihood, ½ g²) over that of the proposal’s, and 0 outside the target. To 1e-5 of it: differences of fourth order, where the proposal’s density is not below 1e-4.',
    source: 'Kahn & Marshall 1953',
    says: ({ seed }, weighed) => {
      const [from, to] = [weighed.proposal, weighed.target].map(law => O.toNullable(shareOf(schedule)(law)))
      const until = O.toNullable(Of.when(TimeLaw.likelihood, ({ until }) => until)(weighed.target))
      return drawn(seed)[0]
        .slice(0, 50)
        .map(({ time, weight }) => {
          const proposed = from === null ? 0 : slope(from, time)
          const inside = to === null || (to(0.995 * time) >= 0 && to(1.005 * time) <= 1)
          const outside = to !== null && (to(time) < 0 || to(time) > 1)
          const wanted =
            until !== null
              ? time > until
                ? 0
                : Schedule.diffusion(time)(schedule) / 2
              : to === null || outside
                ? 0
                : slope(to, time)
          const known = (until !== null || to !== null) && (inside || outside)
          return known && proposed > 1e-4 && is(weight, wanted / proposed, 1e-5 * (1 + wanted / proposed))
        })
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
        is(again, first),
        random ? differs(other, first) : is({ 'another key': other, nodes: first }, { 'another key': first, nodes })
      ]
    }
  })

/**
 * The laws of a time law on a schedule: draws and nodes are of one law, strata are met once each, and importance weights
 * are ratios of densities.
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

  return ofRows(`${TimeLaw.show(timeLaw)} on ${Schedule.show(setting.schedule)}`, [
    timesOfSchedule(setting),
    wholeWeight(setting),
    ...sharesOf(setting),
    densityOfDraws(setting),
    drawsAndNodes(setting),
    eachStratum(setting),
    ratioOfDensities(setting),
    looksAtTheKey(setting),
    ofTimeLaws({ timeLaw, schedule: setting.schedule })
  ])
}

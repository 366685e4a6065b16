/** What the language's own time laws are by what is published of them: shares and weights, as claims, and laws of strata and of importance. */
import fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key, Quadrature } from '../../lib/index.js'
import * as Normal from '../../lib/numbers/normal.js'
import { Case as Of, Schedule, TimeLaw } from '../../src/index.js'
import { seeds } from '../../src/laws/arbitraries.js'
import * as laws from '../../src/laws/index.js'
import { differs, equals, below, forAll, ofRows, atLeast } from '../../src/laws/lawRows.js'
import { perRow, slope } from '../../src/laws/timeLaw.js'

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
      O.getOrElse(() => {
        const meaning = Of.meaning(law)
        return meaning.quantile !== undefined && meaning.weight === undefined ? O.some(1) : O.none
      })
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

/** The laws of a time law, held to what is published of it. */
export const ofTimeLaw = (timeLaw: TimeLaw.TimeLaw, options: laws.TimeLawOptions = {}): ReadonlyArray<laws.Law> => {
  const { schedule = Schedule.ornsteinUhlenbeck } = options
  const rows = 2000
  const share = O.toUndefined(shareOf(schedule)(timeLaw))
  const total = O.toUndefined(totalOf(schedule)(timeLaw))
  const drawn = (seed: number) =>
    TimeLaw.draw(schedule, rows)(Key.fromSeed(seed))(timeLaw).map(times => perRow(rows, times))
  const weighed = pipe(
    inStrata(timeLaw) ?? timeLaw,
    Of.when(TimeLaw.importance, ({ proposal, target }) => ({ proposal, target })),
    O.toNullable
  )
  const proposed = weighed === null ? timeLaw : weighed.proposal
  const strata = inStrata(timeLaw) === null && inStrata(proposed) === null ? null : (inStrata(proposed) ?? proposed)
  const shareOfStrata = strata && O.toNullable(shareOf(schedule)(strata))
  const lawOf = forAll(fc.record({ seed: seeds }))
  const ofWeight = laws.timeLaw(refined(48)(timeLaw), { ...options, ...(total !== undefined && { total }) })
  const name = 'nodes weigh as much as the law'
  return [
    ...laws.timeLaw(timeLaw, { ...options, ...(share && { share }) }).filter(law => law.name !== name),
    ...ofWeight.filter(law => law.name === name),
    ...ofRows(`${TimeLaw.show(timeLaw)} on ${Schedule.show(schedule)}`, [
      lawOf({
        claim: shareOfStrata,
        reason: 'it is not stratified',
        name: 'stratified draws have each stratum once',
        statement:
          '∀ keys: F(t) of the draws, in order, are (i + shift)/n for one shift in [0, 1). To 1e-9, the rounding of F; the order of rows is random.',
        source: 'Kingma et al. 2021, arXiv 2107.00630, appendix I.1',
        says: ({ seed }, shareOfStrata) => {
          const shares = Float64Array.from(drawn(seed)[0], ({ time }) => shareOfStrata(time))
          const sorted = shares.slice().sort()
          const shift = sorted[0]
          return [
            atLeast(shift, 0, 1e-9),
            below(shift, 1 / rows, 1e-9),
            equals(
              sorted,
              sorted.map((_, i) => shift + i / rows),
              1e-9
            ),
            differs(shares, sorted)
          ]
        }
      }),
      lawOf({
        claim: weighed,
        reason: 'it draws from no other law',
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
              return known && proposed > 1e-4 && equals(weight, wanted / proposed, 1e-5 * (1 + wanted / proposed))
            })
        }
      })
    ])
  ]
}

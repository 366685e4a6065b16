/** Laws of noise level distributions: what they draw, what their nodes weigh, and that both are of one law. */
import * as fc from 'fast-check'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key, Quadrature } from '../../lib/index.js'
import { Case as Of } from '../index.js'
import * as Schedule from '../schedule/index.js'
import * as NoiseLevels from '../objective/noiseLevels.js'
import { seeds } from './arbitraries.js'
import { maxAbs } from './check.js'
import { areFinite, atLeast, atMost, declarationInfo, equals, forAll, ofRows, type Relation } from './lawRows.js'
import { oneSidedDifference } from './differences.js'
import type { Laws } from './law.js'

export interface NoiseLevelsOptions {
  /** Ornstein–Uhlenbeck by default. */
  readonly schedule?: Schedule.Schedule
  /** The share of the law before a time, by another source. */
  readonly share?: (time: number) => number
}

/** Times drawn at once. */
const TIMES_PER_DRAW = 2000

type BoundedMeans = ReadonlyArray<number>

/** Times are told apart by the means of 1, e^{−t}, t/(1 + t) and t²/(1 + t²): bounded, as tails may have no mean that few nodes know. */
const boundedFeatures = (time: number): BoundedMeans => [
  1,
  Elementary.exp(-time),
  time / (1 + time),
  1 - 1 / (1 + time * time)
]
const sumMeans = (nodes: ReadonlyArray<NoiseLevels.Node>): BoundedMeans =>
  nodes.reduce<BoundedMeans>(
    (sums, { time, weight }) => boundedFeatures(time).map((x, i) => sums[i] + (weight === 0 ? 0 : weight * x)),
    [0, 0, 0, 0]
  )

/** Steps in u at which a quantile is differentiated, to either side. */
const QUANTILE_STEPS = [1e-3, -1e-3, 1e-4, -1e-4, 1e-5, -1e-5]

/** What 48 nodes leave out of tails. */
const TAILS = 1e-3

/** 4 nodes in each of 400 pieces of an interval, which are shorter towards both ends, where quantiles and densities are steep. */
const fine = (lo: number, hi: number): ReadonlyArray<NoiseLevels.Node> => {
  const edges = Array.from({ length: 401 }, (_, i) => lo + ((hi - lo) * (1 - Elementary.cos((Math.PI * i) / 400))) / 2)
  return edges.slice(1).flatMap((to, i) => {
    const { nodes, weights } = Quadrature.gaussLegendre(4)(edges[i], to)
    return Array.from(nodes, (time, k) => ({ time, weight: weights[k] }))
  })
}

/** The density at the nodes of a fine rule. Beyond time 60 no schedule has signal that is seen. */
const overDensity = ({ at, support }: NoiseLevels.Density): ReadonlyArray<NoiseLevels.Node> =>
  fine(support[0], Math.min(support[1], 60)).map(({ time, weight }) => ({ time, weight: weight * at(time) }))

/** Means of a few nodes are those of many: to what many do not see beyond their last, and to two of them, as weights may jump. */
const asMany = (found: BoundedMeans, many: ReadonlyArray<NoiseLevels.Node>): Relation => {
  const wanted = sumMeans(many)
  const one = maxAbs(many.flatMap(({ time, weight }) => boundedFeatures(time).map(x => weight * x)))
  return equals(found, wanted, TAILS * (1 + maxAbs(wanted)) + 2 * one)
}

/**
 * The laws of a noise level distribution on a schedule: draws and nodes are of one law.
 *
 * @example
 * import fc from 'fast-check'
 * import { Schedule, NoiseLevels } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * const law = NoiseLevels.stratified(NoiseLevels.logNormal({ mean: -1, deviation: 1 }))
 * laws.noiseLevels(law, { schedule: Schedule.edm }).forEach(({ property }) => {
 *   fc.assert(property, { seed: 1, numRuns: 5 })
 * })
 */
export const noiseLevels = (noiseLevels: NoiseLevels.NoiseLevels, options: NoiseLevelsOptions = {}): Laws => {
  const { schedule = Schedule.ornsteinUhlenbeck, share } = options
  const nodesOf = (count: number): ReadonlyArray<NoiseLevels.Node> =>
    NoiseLevels.quadrature(schedule, count)(noiseLevels)
  const meaning = Of.meaning(noiseLevels)
  const drawnBy = meaning.quantile !== undefined && meaning.weight === undefined ? meaning.quantile(schedule) : null
  /** A share, away from both ends. */
  const shareOf = (seed: number): number => 0.05 + (0.9 * (seed % 1000)) / 999
  const densityAt = NoiseLevels.densityOf(schedule, noiseLevels) ?? null
  /** Times as they are drawn, up to a last one, weighted by a fine rule in the share u. */
  const drawnNodes = (until = Infinity): ReadonlyArray<NoiseLevels.Node> => {
    if (meaning.quantile === undefined) return []
    const timeOf = meaning.quantile(schedule)
    const weightOf = meaning.weight?.(schedule) ?? ((): number => 1)
    return fine(0, 1)
      .map(({ time: u, weight }) => ({ time: timeOf(u), weight }))
      .filter(({ time }) => time <= until)
      .map(({ time, weight }) => ({ time, weight: weight * weightOf(time) }))
  }
  const asDrawn = 'for f of e^{−t}, t/(1 + t) and t²/(1 + t²). To the same as of nodes.'
  const lawOf = forAll(fc.record({ seed: seeds }))
  return ofRows(
    `${NoiseLevels.show(noiseLevels)} on ${Schedule.show(schedule)}`,
    [
      lawOf({
        name: 'times are those of the schedule',
        quantity: 'times',
        statement:
          '∀ keys: every time drawn, and every node, is in [0, until] of the schedule, its weight finite. Exactly.',
        source: 'definition of a noise level distribution',
        says: ({ seed }) => {
          const drawn = NoiseLevels.draw(schedule, TIMES_PER_DRAW)(Key.fromSeed(seed))(noiseLevels)
          const all = [...drawn, ...nodesOf(1 + (seed % 16))]
          const times = all.map(({ time }) => time)
          return [
            atLeast(times, 0),
            atMost(times, Schedule.endTime(schedule)),
            areFinite([times, all.map(({ weight }) => weight)])
          ]
        }
      }),
      lawOf({
        claim: share !== undefined && drawnBy !== null && { share, drawnBy },
        option: 'share',
        ...(drawnBy === null && { reason: 'it is not drawn, or by weights' }),
        name: 'its share is that of the draws',
        quantity: 'share',
        statement:
          '∀ u in [0.05, 0.95]: F(t(u)) = u, or 1 − u where it falls, for the quantile t(u), F(t) the share of the law before t. To 1e-9, the rounding of F where a quantile is in the tails.',
        source: 'definition of the quantile',
        says: ({ seed }, { share, drawnBy }) => {
          const u = shareOf(seed)
          // A quantile may go from the noisy end to the clean one.
          const isRising = drawnBy(0.1) < drawnBy(0.9)
          return equals(share(drawnBy(u)), isRising ? u : 1 - u, 1e-9)
        }
      }),
      lawOf({
        claim: densityAt !== null && drawnBy !== null && { densityAt, drawnBy },
        reason: 'it says no density, or draws by weights',
        name: 'the density is that of the draws',
        statement:
          '∀ u in [0.05, 0.95]: p(t(u)) |t′(u)| = 1 for the quantile t(u), t′ to the left or to the right by differences of fourth order in steps of 1e-3, 1e-4 or 1e-5, as a quantile may have kinks; and t(u) is in the support. To 1e-5, the error of the differences.',
        source: 'a density is the slope of the share',
        says: ({ seed }, { densityAt, drawnBy }) => {
          const u = shareOf(seed)
          const time = drawnBy(u)
          const products = QUANTILE_STEPS.map(
            h => densityAt.at(time) * Math.abs(oneSidedDifference(step => drawnBy(u + step), h))
          )
          const nearest = products.reduce((best, x) => (Math.abs(x - 1) < Math.abs(best - 1) ? x : best))
          return [
            equals({ 'p(t(u)) |t′(u)|': nearest }, 1, 1e-5),
            atLeast({ 't(u)': time }, densityAt.support[0]),
            atMost({ 't(u)': time }, densityAt.support[1])
          ]
        }
      }),
      lawOf({
        ...declarationInfo('nodes'),
        statement: `∀ counts from 48 to 64: Σ w_i f(t_i) = E w f(t) of what is drawn, for f of 1, e^{−t}, t/(1 + t) and t²/(1 + t²). To ${TAILS} (1 + |mean|), tails of 48 nodes, and twice what one of 1600 in u gives, as weights may jump.`,
        maxCases: 3,
        // What is not said is derived, by Gauss’s rule in u.
        claim: meaning.quantile !== undefined && meaning.nodes !== undefined,
        says: ({ seed }) => asMany(sumMeans(nodesOf(48 + (seed % 17))), drawnNodes())
      }),
      lawOf({
        name: 'nodes that are listed are of its density',
        statement: `Σ w_i f(t_i) = ∫ p f dt of the nodes of a law that is not drawn, for f of 1, e^{−t}, t/(1 + t) and t²/(1 + t²). To ${TAILS} (1 + |mean|), and h²/4 (1 + |mean|), h the mean distance of nodes: twice what midpoints leave out.`,
        source: 'definition of a quadrature rule',
        maxCases: 1,
        claim: meaning.quantile === undefined && densityAt,
        reason: meaning.quantile === undefined ? 'it declares no ‘density’' : 'it is drawn',
        says: (_, density) => {
          const nodes = nodesOf(48)
          const times = nodes.map(({ time }) => time)
          const distance = (Math.max(...times) - Math.min(...times)) / Math.max(1, nodes.length - 1)
          const wanted = sumMeans(overDensity(density))
          const within = (TAILS + (distance * distance) / 4) * (1 + maxAbs(wanted))
          return equals({ 'Σ w f(t)': sumMeans(nodes) }, { 'Σ w f(t)': wanted }, within)
        }
      }),
      lawOf({
        name: 'draws are weighed to its density',
        statement: `E w = ∫ p dt, w the weight of what is drawn. To ${TAILS} (1 + |mean|).`,
        source: 'importance sampling: the weight is the density over that of the draws',
        maxCases: 1,
        claim: meaning.quantile !== undefined && meaning.weight !== undefined && densityAt,
        reason: 'it is drawn without weights, or declares no ‘density’',
        says: (_, density) => {
          const [found] = sumMeans(drawnNodes())
          const [wanted] = sumMeans(overDensity(density))
          return equals({ 'E w': found }, wanted, TAILS * (1 + Math.abs(wanted)))
        }
      }),
      lawOf({
        ...declarationInfo('density'),
        statement: `∫ p f dt/∫ p dt = E w f(t)/E w of what is drawn, ${asDrawn}`,
        maxCases: 1,
        claim: meaning.quantile !== undefined && densityAt,
        says: (_, density) => {
          const drawn = drawnNodes()
          const [whole] = sumMeans(drawn)
          const found = sumMeans(overDensity(density))
          return asMany(
            found.map(x => x / found[0]),
            drawn.map(({ time, weight }) => ({ time, weight: weight / whole }))
          )
        }
      }),
      lawOf({
        ...declarationInfo('fromClean'),
        statement: `E w f(t) over t ≤ c is its share times the mean of f over [0, c], ${asDrawn}`,
        maxCases: 1,
        claim: meaning.quantile !== undefined && (meaning.fromClean ?? null),
        says: (_, clean) => {
          const inside = drawnNodes(clean * (1 + 1e-12))
          const [share] = sumMeans(inside)
          return asMany(
            sumMeans(fine(0, clean)).map(x => (share * x) / clean),
            inside
          )
        }
      })
    ],
    options
  )
}

/** Laws of noise level distributions: draws, nodes, density and distribution function agree. */
import * as fc from 'fast-check'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key, Quadrature } from '../../lib/index.js'
import { Case as Of } from '../index.js'
import * as Schedule from '../schedule/index.js'
import * as NoiseLevels from '../objective/noiseLevels.js'
import { seeds } from './arbitraries.js'
import { maxAbs } from './check.js'
import {
  areFinite,
  atLeast,
  atMost,
  declarationInfo,
  equals,
  forAll,
  ofRows,
  type LawBuilder,
  type Relation
} from './lawRows.js'
import { oneSidedDifference } from './differences.js'
import type { Laws } from './law.js'

export interface NoiseLevelsOptions {
  /** Default: Ornstein–Uhlenbeck. */
  readonly schedule?: Schedule.Schedule
  /** Distribution function of the time, computed independently. */
  readonly share?: (time: number) => number
}

/**
 * Returns the laws of a noise level distribution on a schedule.
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
  const subject = noiseLevelsSubject(noiseLevels, schedule, share)
  return ofRows(
    `${NoiseLevels.show(noiseLevels)} on ${Schedule.show(schedule)}`,
    [
      timesAreInSchedule(subject),
      shareIsThatOfDraws(subject),
      densityIsThatOfDraws(subject),
      nodesAgreeWithDraws(subject),
      listedNodesFollowDensity(subject),
      drawWeightsIntegrateToDensity(subject),
      densityAgreesWithDraws(subject),
      cleanShareAgreesWithDraws(subject)
    ],
    options
  )
}

const noiseLevelsSubject = (
  noiseLevels: NoiseLevels.NoiseLevels,
  schedule: Schedule.Schedule,
  share: NoiseLevelsOptions['share']
) => {
  const meaning = Of.meaning(noiseLevels)
  return {
    noiseLevels,
    schedule,
    share,
    meaning,
    density: NoiseLevels.densityOf(schedule, noiseLevels) ?? null,
    /** Quantile function of the time; null if times are not drawn, or are weighted. */
    quantile: meaning.quantile !== undefined && meaning.weight === undefined ? meaning.quantile(schedule) : null,
    nodesOf: (count: number): ReadonlyArray<NoiseLevels.Node> => NoiseLevels.quadrature(schedule, count)(noiseLevels),
    /** Drawn times up to `until` with weights, by a fine rule in u. */
    drawnNodes: (until = Infinity): ReadonlyArray<NoiseLevels.Node> => {
      if (meaning.quantile === undefined) return []
      const timeOf = meaning.quantile(schedule)
      const weightOf = meaning.weight?.(schedule) ?? ((): number => 1)
      return fineNodes(0, 1)
        .map(({ time: u, weight }) => ({ time: timeOf(u), weight }))
        .filter(({ time }) => time <= until)
        .map(({ time, weight }) => ({ time, weight: weight * weightOf(time) }))
    }
  }
}
type NoiseLevelsSubject = ReturnType<typeof noiseLevelsSubject>

const TIMES_PER_DRAW = 2000

const QUANTILE_STEPS = [1e-3, -1e-3, 1e-4, -1e-4, 1e-5, -1e-5]

/** Relative error of 48 nodes in the tails. */
const TAIL_TOLERANCE = 1e-3

/** End of statements about means over drawn times. */
const FEATURE_TOLERANCE_TEXT = 'for f of e^{−t}, t/(1 + t) and t²/(1 + t²). To the same as of nodes.'

const probabilityOfSeed = (seed: number): number => 0.05 + (0.9 * (seed % 1000)) / 999

const onSeeds = forAll(fc.record({ seed: seeds }))

const timesAreInSchedule = ({ noiseLevels, schedule, nodesOf }: NoiseLevelsSubject): LawBuilder =>
  onSeeds({
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
  })

const shareIsThatOfDraws = ({ share, quantile }: NoiseLevelsSubject): LawBuilder =>
  onSeeds({
    claim: share !== undefined && quantile !== null && { share, quantile },
    option: 'share',
    ...(quantile === null && { reason: 'it is not drawn, or by weights' }),
    name: 'its share is that of the draws',
    quantity: 'share',
    statement:
      '∀ u in [0.05, 0.95]: F(t(u)) = u, or 1 − u where it falls, for the quantile t(u), F(t) the share of the law before t. To 1e-9, the rounding of F where a quantile is in the tails.',
    source: 'definition of the quantile',
    says: ({ seed }, { share, quantile }) => {
      const u = probabilityOfSeed(seed)
      // Quantiles may fall with u.
      const isRising = quantile(0.1) < quantile(0.9)
      return equals(share(quantile(u)), isRising ? u : 1 - u, 1e-9)
    }
  })

const densityIsThatOfDraws = ({ density, quantile }: NoiseLevelsSubject): LawBuilder =>
  onSeeds({
    claim: density !== null && quantile !== null && { density, quantile },
    reason: 'it says no density, or draws by weights',
    name: 'the density is that of the draws',
    statement:
      '∀ u in [0.05, 0.95]: p(t(u)) |t′(u)| = 1 for the quantile t(u), t′ to the left or to the right by differences of fourth order in steps of 1e-3, 1e-4 or 1e-5, as a quantile may have kinks; and t(u) is in the support. To 1e-5, the error of the differences.',
    source: 'a density is the slope of the share',
    says: ({ seed }, { density, quantile }) => {
      const u = probabilityOfSeed(seed)
      const time = quantile(u)
      const products = QUANTILE_STEPS.map(
        h => density.at(time) * Math.abs(oneSidedDifference(step => quantile(u + step), h))
      )
      const nearest = products.reduce((best, x) => (Math.abs(x - 1) < Math.abs(best - 1) ? x : best))
      return [
        equals({ 'p(t(u)) |t′(u)|': nearest }, 1, 1e-5),
        atLeast({ 't(u)': time }, density.support[0]),
        atMost({ 't(u)': time }, density.support[1])
      ]
    }
  })

const nodesAgreeWithDraws = ({ meaning, nodesOf, drawnNodes }: NoiseLevelsSubject): LawBuilder =>
  onSeeds({
    ...declarationInfo('nodes'),
    statement: `∀ counts from 48 to 64: Σ w_i f(t_i) = E w f(t) of what is drawn, for f of 1, e^{−t}, t/(1 + t) and t²/(1 + t²). To ${TAIL_TOLERANCE} (1 + |mean|), tails of 48 nodes, and twice what one of 1600 in u gives, as weights may jump.`,
    maxCases: 3,
    // Undeclared nodes are Gauss’s in u.
    claim: meaning.quantile !== undefined && meaning.nodes !== undefined,
    says: ({ seed }) => meansAgree(featureMeans(nodesOf(48 + (seed % 17))), drawnNodes())
  })

const listedNodesFollowDensity = ({ meaning, density, nodesOf }: NoiseLevelsSubject): LawBuilder =>
  onSeeds({
    name: 'nodes that are listed are of its density',
    statement: `Σ w_i f(t_i) = ∫ p f dt of the nodes of a law that is not drawn, for f of 1, e^{−t}, t/(1 + t) and t²/(1 + t²). To ${TAIL_TOLERANCE} (1 + |mean|), and h²/4 (1 + |mean|), h the mean distance of nodes: twice what midpoints leave out.`,
    source: 'definition of a quadrature rule',
    maxCases: 1,
    claim: meaning.quantile === undefined && density,
    reason: meaning.quantile === undefined ? 'it declares no ‘density’' : 'it is drawn',
    says: (_, density) => {
      const nodes = nodesOf(48)
      const times = nodes.map(({ time }) => time)
      const distance = (Math.max(...times) - Math.min(...times)) / Math.max(1, nodes.length - 1)
      const wanted = featureMeans(densityNodes(density))
      const within = (TAIL_TOLERANCE + (distance * distance) / 4) * (1 + maxAbs(wanted))
      return equals({ 'Σ w f(t)': featureMeans(nodes) }, { 'Σ w f(t)': wanted }, within)
    }
  })

const drawWeightsIntegrateToDensity = ({ meaning, density, drawnNodes }: NoiseLevelsSubject): LawBuilder =>
  onSeeds({
    name: 'draws are weighed to its density',
    statement: `E w = ∫ p dt, w the weight of what is drawn. To ${TAIL_TOLERANCE} (1 + |mean|).`,
    source: 'importance sampling: the weight is the density over that of the draws',
    maxCases: 1,
    claim: meaning.quantile !== undefined && meaning.weight !== undefined && density,
    reason: 'it is drawn without weights, or declares no ‘density’',
    says: (_, density) => {
      const [found] = featureMeans(drawnNodes())
      const [wanted] = featureMeans(densityNodes(density))
      return equals({ 'E w': found }, wanted, TAIL_TOLERANCE * (1 + Math.abs(wanted)))
    }
  })

const densityAgreesWithDraws = ({ meaning, density, drawnNodes }: NoiseLevelsSubject): LawBuilder =>
  onSeeds({
    ...declarationInfo('density'),
    statement: `∫ p f dt/∫ p dt = E w f(t)/E w of what is drawn, ${FEATURE_TOLERANCE_TEXT}`,
    maxCases: 1,
    claim: meaning.quantile !== undefined && density,
    says: (_, density) => {
      const drawn = drawnNodes()
      const [whole] = featureMeans(drawn)
      const found = featureMeans(densityNodes(density))
      return meansAgree(
        found.map(x => x / found[0]),
        drawn.map(({ time, weight }) => ({ time, weight: weight / whole }))
      )
    }
  })

/** Below the cutoff of `fromClean`, times are uniform. */
const cleanShareAgreesWithDraws = ({ meaning, drawnNodes }: NoiseLevelsSubject): LawBuilder =>
  onSeeds({
    ...declarationInfo('fromClean'),
    statement: `E w f(t) over t ≤ c is its share times the mean of f over [0, c], ${FEATURE_TOLERANCE_TEXT}`,
    maxCases: 1,
    claim: meaning.quantile !== undefined && (meaning.fromClean ?? null),
    says: (_, clean) => {
      const inside = drawnNodes(clean * (1 + 1e-12))
      const [share] = featureMeans(inside)
      return meansAgree(
        featureMeans(fineNodes(0, clean)).map(x => (share * x) / clean),
        inside
      )
    }
  })

// —— means of bounded functions of the time ——

type FeatureMeans = ReadonlyArray<number>

/** 1, e^{−t}, t/(1 + t) and t²/(1 + t²): bounded, since heavy tails may have no mean. */
const timeFeatures = (time: number): FeatureMeans => [
  1,
  Elementary.exp(-time),
  time / (1 + time),
  1 - 1 / (1 + time * time)
]
const featureMeans = (nodes: ReadonlyArray<NoiseLevels.Node>): FeatureMeans =>
  nodes.reduce<FeatureMeans>(
    (sums, { time, weight }) => timeFeatures(time).map((x, i) => sums[i] + (weight === 0 ? 0 : weight * x)),
    [0, 0, 0, 0]
  )

/** Relation of means by few nodes to those of many, within `TAIL_TOLERANCE` and twice the largest term. */
const meansAgree = (found: FeatureMeans, many: ReadonlyArray<NoiseLevels.Node>): Relation => {
  const wanted = featureMeans(many)
  const largestTerm = maxAbs(many.flatMap(({ time, weight }) => timeFeatures(time).map(x => weight * x)))
  return equals(found, wanted, TAIL_TOLERANCE * (1 + maxAbs(wanted)) + 2 * largestTerm)
}

/** Four Gauss–Legendre nodes in each of 400 pieces of [lo, hi], which are shorter towards both ends. */
const fineNodes = (lo: number, hi: number): ReadonlyArray<NoiseLevels.Node> => {
  const edges = Array.from({ length: 401 }, (_, i) => lo + ((hi - lo) * (1 - Elementary.cos((Math.PI * i) / 400))) / 2)
  return edges.slice(1).flatMap((to, i) => {
    const { nodes, weights } = Quadrature.gaussLegendre(4)(edges[i], to)
    return Array.from(nodes, (time, k) => ({ time, weight: weights[k] }))
  })
}

/** Fine nodes weighted by the density, up to time 60. */
const densityNodes = ({ at, support }: NoiseLevels.Density): ReadonlyArray<NoiseLevels.Node> =>
  fineNodes(support[0], Math.min(support[1], 60)).map(({ time, weight }) => ({ time, weight: weight * at(time) }))

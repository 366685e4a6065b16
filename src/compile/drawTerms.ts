/** Terms of a loss with their draws, each from a separate key. */
import { Key } from '../../lib/index.js'
import { boundedCache, lazy } from '../../lib/plain/iterate.js'
import {
  zipNumbers,
  columnFrom,
  computedStretches,
  mapNumbers,
  keepingLast,
  mapToPairs,
  numbersFrom,
  type RowNumbers,
  type Stretches
} from '../../lib/rows/stretches.js'
import * as Expectation from '../objective/expectation.js'
import * as Nodes from '../mixture/nodes.js'
import * as Projection from '../mixture/projection.js'
import * as Matching from './matching.js'
import * as Noise from './noise.js'
import * as Objective from '../objective/objective.js'
import type * as Params from '../core/params.js'
import * as Source from '../data/source/source.js'
import { CLEAN } from '../schedule/dynamics.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import * as NoiseLevels from '../objective/noiseLevels.js'
import * as Weighting from '../objective/weighting.js'
import type { Loss } from './lossParts.js'

export type MatchingSample = Matching.NoiseSample

export interface DrawnTerm<T extends Objective.Term = Objective.Term> {
  readonly weight: number
  readonly term: T
  readonly samples: ReadonlyArray<MatchingSample>
  /**
   * Relation to the next evaluation's samples, if known. 'same': nothing is drawn, so equal nodes give the same list. 'other keys': times
   * are equal and only noise is drawn.
   */
  readonly next?: 'same' | 'other keys' | undefined
}

/** Terms with samples that depend on the key alone, shared by all plans. */
export interface DrawnEvaluation<T extends Objective.Term = Objective.Term> {
  readonly basis: Projection.Basis
  readonly terms: ReadonlyArray<DrawnTerm<T>>
}

const productOfWeights = (a: RowNumbers, b: RowNumbers): RowNumbers => zipNumbers(a, b, (v, w) => v * w)

const EMPTY_BASIS: Projection.Basis = { rank: 0, vectors: new Float64Array(0), origin: new Float64Array(0) }

/** True if an expectation draws noise only in directions on which a mixture depends. */
export const drawsProjectedNoise = (expectation: Expectation.Expectation): boolean =>
  Expectation.noiseDomain(expectation) !== 'everywhere'

/** Stores drawn numbers if the rows are in memory; otherwise they are drawn when read. */
const holdNumbers =
  (data: Source.Data) =>
  (numbers: Stretches): RowNumbers =>
    Source.isSource(data) ? keepingLast(numbers) : numbersFrom(numbers, 0, numbers.rows)

/** Labels of the rows, each replaced by −1 with probability `dropout`; null if that is 0 or no row has a label. */
const droppedLabels = (data: Source.Data, dropout: number, key: () => Key.Key): RowNumbers | null => {
  if (dropout === 0) return null
  const labels = Matching.rowLabels(data)
  if (labels === null) return null
  const own = key()
  const drawn = computedStretches(data.rows, (first, out) => {
    Key.fillUniform(first, out)(own)
  })
  return zipNumbers(labels, holdNumbers(data)(drawn), (label, u) => (u < dropout ? -1 : label))
}

/** Returns the exact form of a term that uses random directions; other terms are unchanged. */
export const exactTerm = (term: Objective.Term): Objective.Term =>
  Objective.isMatching(term) && term.exact !== undefined ? Objective.terms(term.exact)[0].term : term

const timesIn =
  (schedule: Schedule.Schedule) =>
  ({ term }: Objective.WeightedTerm): ReadonlyArray<number> =>
    Objective.isMatching(term)
      ? NoiseLevels.quadrature(schedule, NoiseLevels.DEFAULT_NODES)(term.noiseLevels).map(({ time }) => time)
      : []

/** Quadrature nodes of a term's times; none for terms without noise. */
export const noiseTimes = ({
  schedule,
  objective
}: Pick<Loss<string>, 'schedule' | 'objective'>): ReadonlyArray<number> =>
  Objective.terms(objective).flatMap(timesIn(schedule))

/** Noise levels of a loss at its time nodes; terms without noise are at the clean level. */
export const lossNoiseLevels = <P extends string>({ schedule, objective }: Loss<P>): ReadonlyArray<Schedule.Level> =>
  Objective.terms(objective).flatMap(weighted =>
    Objective.isMatching(weighted.term)
      ? timesIn(schedule)(weighted).map(time => Schedule.level(time)(schedule))
      : [CLEAN]
  )

/**
 * Prepares the terms of a loss for all parameters and keys: quadrature times and caches. Those of points depend only on the number of
 * columns.
 */
const prepareTerms = <P extends string>(
  { schedule, score, objective, expectation }: Loss<P>,
  { isOnNodes, dim }: { readonly isOnNodes: boolean; readonly dim: number }
) => {
  const { level } = Schedule.interpret(schedule)
  const weightOf = Weighting.interpret(schedule)
  const way = Expectation.interpret(expectation)
  const count = (way.where === 'line' && !isOnNodes ? way.timeNodes : undefined) ?? NoiseLevels.DEFAULT_NODES
  const deterministic = isOnNodes || Expectation.isDeterministicExpectation(expectation)
  return Objective.terms(objective).map(weighted => {
    const term = isOnNodes ? exactTerm(weighted.term) : weighted.term
    const weightings = weighted.weightings.map(weightOf)
    const timeLevel = makeTimeLevels(level, weightings)
    return {
      ...weighted,
      term,
      timeLevel,
      ...(Objective.isMatching(term) && {
        hasFixedTimes: deterministic || NoiseLevels.isDeterministicLaw(term.noiseLevels),
        times: lazy(() => NoiseLevels.quadrature(schedule, count)(term.noiseLevels).map(timeLevel)),
        drawsOnlyNoise:
          weighted.labelDropout === 0 && Matching.additionalDraws(Score.interpret(score), term, dim).length === 0
      }),
      /** Cache of sample lists, by the names of quadrature rules. */
      sampleLists: boundedCache<ReadonlyArray<MatchingSample>>(MAX_SAMPLE_LISTS)
    }
  })
}

type TermSampler<P extends string> = (data: Source.Data) => (params: Params.Params<P>, key: Key.Key) => DrawnEvaluation

/** Returns the terms of a loss with their samples, from data, parameters and a key. */
export const drawTerms = <P extends string>(loss: Loss<P>): TermSampler<P> => {
  const { schedule, score, expectation } = loss
  const way = Expectation.interpret(expectation)
  const projecting = drawsProjectedNoise(expectation) ? Score.interpret(score).family?.projection : undefined
  const known = boundedCache<ReadonlyArray<PreparedTerm>>(2)
  return data => {
    const nodes = Nodes.isNodes(data) ? data : null
    const of = (): ReadonlyArray<PreparedTerm> => prepareTerms(loss, { isOnNodes: nodes !== null, dim: data.dim })
    // samples of a population's nodes are not cached across data
    const terms = nodes === null ? known(data.dim, of) : of()
    const unprojected = Float64Array.of(nodes === null ? 1 : 0)
    return (params, key) => {
      const projection =
        projecting === undefined || nodes !== null ? null : projectionAt(projecting, way, params, data.dim)
      const setting: DrawSetting = { schedule, expectation, way, data, nodes, projection, unprojected }
      const keys = Key.split(terms.length)(key)
      return {
        basis: projection?.basis ?? EMPTY_BASIS,
        terms: terms.map((own, i) => drawTerm(setting, own, keys[i]))
      }
    }
  }
}

type PreparedTerm = ReturnType<typeof prepareTerms>[number]

/** Noise on which a mixture depends at these parameters: its span, and the slope of a quadrature's integrand. */
const projectionAt = <P extends string>(
  { span, origin, seesNorm, slope, denoisingShare }: Score.Projection<P>,
  way: ReturnType<typeof Expectation.interpret>,
  params: Params.Params<P>,
  dim: number
) => {
  const basis = Projection.basisOf(span(params), origin(params))
  const drawn = { dim, rank: basis.rank, antithetic: way.where === 'span' && way.antithetic }
  return {
    basis,
    seesNorm,
    slope: slope === null ? () => 0 : slope(params),
    // a quadrature has no variance to reduce
    denoising: way.where === 'line' ? () => 0 : denoisingShare(params, drawn)
  }
}

interface DrawSetting {
  readonly schedule: Schedule.Schedule
  readonly expectation: Expectation.Expectation
  readonly way: ReturnType<typeof Expectation.interpret>
  readonly data: Source.Data
  readonly nodes: Nodes.Nodes | null
  /** Span of the noise; null if noise is drawn in all coordinates. */
  readonly projection: ReturnType<typeof projectionAt> | null
  /** Weight of the denoising form without a projection: 1, on nodes 0. */
  readonly unprojected: Float64Array
}

/** Term with its samples for a key; a term without noise has none. */
const drawTerm = (setting: DrawSetting, own: PreparedTerm, key: Key.Key): DrawnTerm => {
  const { schedule, way, data, projection } = setting
  const { weight, term, times, drawsOnlyNoise = false, hasFixedTimes = false, sampleLists } = own
  if (!Objective.isMatching(term) || times === undefined) return { weight, term, samples: [] }
  if (way.where !== 'line' || !drawsOnlyNoise) {
    const drawn = hasFixedTimes
      ? times()
      : NoiseLevels.drawTimes(
          schedule,
          data.rows,
          holdNumbers(data)
        )(subKey(key, 'time'))(term.noiseLevels).map(own.timeLevel)
    const next = hasFixedTimes && drawsOnlyNoise && projection === null ? 'other keys' : undefined
    return { weight, term, next, samples: samplesOfTerm(setting, own, drawn, key) }
  }
  const rules = times().map(({ alpha, sigma }) =>
    way.rule(projection?.slope({ alpha: firstNumber(alpha), sigma: firstNumber(sigma) }) ?? 0)
  )
  // the number of nodes and the first of them identify a rule
  const name = `${projection?.basis.rank}${rules.map(({ nodes }) => ` ${nodes.length} ${nodes[0]}`).join('')}`
  return { weight, term, next: 'same', samples: sampleLists(name, () => samplesOfTerm(setting, own, times(), key)) }
}

/** Samples of a term at noise levels, with separate keys; numbers are drawn when read. */
const samplesOfTerm = (
  setting: DrawSetting,
  { labelDropout, term }: Pick<PreparedTerm, 'labelDropout' | 'term'>,
  times: ReadonlyArray<TimeLevel>,
  key: Key.Key
): ReadonlyArray<MatchingSample> => {
  const { schedule, data, nodes, projection, unprojected } = setting
  const noiseKeys = Key.split(times.length)(subKey(key, 'noise'))
  return times
    .flatMap((at, level) => noiseDrawsAt(setting, term, at, noiseKeys[level]).map(draw => ({ at, level, draw })))
    .map(({ at: { each, alpha, sigma, weight }, level, draw }, i) => ({
      alpha,
      sigma,
      weight: draw.weight === 1 ? weight : mapNumbers(weight, w => w * draw.weight),
      noise: draw.noise,
      ...(nodes !== null && {
        nodes: {
          values: nodes.nodesAt({ alpha: firstNumber(alpha), sigma: firstNumber(sigma) }),
          areFixed: nodes.areFixed
        }
      }),
      denoising:
        projection === null
          ? unprojected
          : zipNumbers(alpha, sigma, (alpha, sigma) => projection.denoising({ alpha, sigma })),
      level,
      ofTime: f => mapNumbers(each, time => f(time, schedule)),
      probes: () => Key.child(i)(subKey(key, 'probes')),
      labels: droppedLabels(data, labelDropout, () => Key.child(i)(subKey(key, 'labels')))
    }))
}

/** Noise of a term at a noise level; none on nodes, and for clean terms. */
const noiseDrawsAt = (
  { expectation, data, nodes, projection }: DrawSetting,
  term: Objective.Term,
  { alpha, sigma }: TimeLevel,
  key: Key.Key
): ReadonlyArray<Noise.NoiseDrawTerm> =>
  nodes !== null || (Objective.isMatching(term) && NoiseLevels.isCleanLaw(term.noiseLevels))
    ? [{ weight: 1, noise: { _tag: 'None' } as const }]
    : Noise.noiseDraws(
        data,
        // at nodes, one time is shared by all rows
        projection && {
          ...projection,
          slope: () => projection.slope({ alpha: firstNumber(alpha), sigma: firstNumber(sigma) })
        },
        key
      )(expectation)

const MAX_SAMPLE_LISTS = 64

const subKey = (key: Key.Key, name: 'time' | 'noise' | 'probes' | 'labels'): Key.Key => Key.named(name)(key)[name]

/** Time, shared or for each row, with its noise level and total weight. */
interface TimeLevel extends Pick<MatchingSample, 'alpha' | 'sigma' | 'weight'> {
  readonly each: RowNumbers
}

/** Returns a function from times and their weight to noise levels and the total weight. */
const makeTimeLevels =
  (level: (time: number) => Schedule.Level, weightings: ReadonlyArray<(time: number) => number>) =>
  ({ time, weight }: NoiseLevels.Times<RowNumbers>): TimeLevel => {
    const each: RowNumbers = typeof time === 'number' ? Float64Array.of(time) : time
    // called once for each time, since it may be a user's function
    const [alpha, sigma] = mapToPairs(each, time => {
      const { alpha, sigma } = level(time)
      return [alpha, sigma]
    })
    const own: RowNumbers = typeof weight === 'number' ? Float64Array.of(weight) : weight
    const all = weightings.reduce((all, weightAt) => productOfWeights(all, mapNumbers(each, weightAt)), own)
    return { each, alpha, sigma, weight: all }
  }

const firstNumber = (numbers: RowNumbers): number => columnFrom(numbers, 0, 1)[0]

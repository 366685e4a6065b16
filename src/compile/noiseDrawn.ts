/** The terms of a loss with their noise drawn: at which levels, which noise, which labels, each by a key of its own. */
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
import type { Loss } from './loss.js'

export type MatchingSample = Matching.NoiseSample

/** A term of the objective, with its noise drawn. */
export interface DrawnTerm<T extends Objective.Term = Objective.Term> {
  readonly weight: number
  readonly term: T
  readonly samples: ReadonlyArray<MatchingSample>
  /**
   * What the samples of a next evaluation have in common with these, where that is known: the list is the same as often as the same nodes are
   * asked for, since nothing is drawn; or samples at the same times draw noise alone.
   */
  readonly next?: 'same' | 'other keys' | undefined
}

/** What both plans compute from: the objective's terms, and noise that depends on the key alone. */
export interface DrawnEvaluation<T extends Objective.Term = Objective.Term> {
  readonly basis: Projection.Basis
  readonly terms: ReadonlyArray<DrawnTerm<T>>
}

/** The product of two weights, each one for all rows or one a row. */
const productOfWeights = (a: RowNumbers, b: RowNumbers): RowNumbers => zipNumbers(a, b, (v, w) => v * w)

const noBasis: Projection.Basis = { rank: 0, vectors: new Float64Array(0), origin: new Float64Array(0) }

/** Whether an expectation draws only the noise that a mixture sees. */
export const isProjected = (expectation: Expectation.Expectation): boolean =>
  Expectation.noiseDomain(expectation) !== 'everywhere'

/** How numbers are held that are drawn for each row: in memory where the rows are, else as they are asked for. */
const holdNumbers =
  (data: Source.Data) =>
  (numbers: Stretches): RowNumbers =>
    Source.isSource(data) ? keepingLast(numbers) : numbersFrom(numbers, 0, numbers.rows)

/** The labels of the rows, each left out with a probability. */
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

/** A term that estimates another by what it draws, as that other. */
export const exactTerm = (term: Objective.Term): Objective.Term =>
  Objective.isMatching(term) && term.exact !== undefined ? Objective.terms(term.exact)[0].term : term

const timesIn =
  (schedule: Schedule.Schedule) =>
  ({ term }: Objective.WeightedTerm): ReadonlyArray<number> =>
    Objective.isMatching(term)
      ? NoiseLevels.quadrature(schedule, NoiseLevels.DEFAULT_NODES)(term.noiseLevels).map(({ time }) => time)
      : []

/** The times of its noise, by nodes; none of terms that see none. */
export const noiseTimes = ({
  schedule,
  objective
}: Pick<Loss<string>, 'schedule' | 'objective'>): ReadonlyArray<number> =>
  Objective.terms(objective).flatMap(timesIn(schedule))

/** The noise levels of a loss, as nodes in time have them; terms that see no noise are at the data. */
export const lossNoiseLevels = <P extends string>({ schedule, objective }: Loss<P>): ReadonlyArray<Schedule.Level> =>
  Objective.terms(objective).flatMap(weighted =>
    Objective.isMatching(weighted.term)
      ? timesIn(schedule)(weighted).map(time => Schedule.level(time)(schedule))
      : [CLEAN]
  )

/** The terms of a loss, with their times where these are not drawn: the same on all data of a width, whether they are nodes or not. */
const termsOf = <P extends string>(
  { schedule, score, objective, expectation }: Loss<P>,
  isOfNodes: boolean,
  dim: number
) => {
  const { level } = Schedule.interpret(schedule)
  const weightOf = Weighting.interpret(schedule)
  const way = Expectation.interpret(expectation)
  const count = (way.where === 'line' && !isOfNodes ? way.timeNodes : undefined) ?? NoiseLevels.DEFAULT_NODES
  const deterministic = isOfNodes || Expectation.isDeterministicExpectation(expectation)
  return Objective.terms(objective).map(weighted => {
    const term = isOfNodes ? exactTerm(weighted.term) : weighted.term
    const weightings = weighted.weightings.map(weightOf)
    const at = leveled(level, weightings)
    return {
      ...weighted,
      term,
      at,
      ...(Objective.isMatching(term) && {
        isSame: deterministic || NoiseLevels.isDeterministicLaw(term.noiseLevels),
        times: lazy(() => NoiseLevels.quadrature(schedule, count)(term.noiseLevels).map(at)),
        drawsNoiseAlone:
          weighted.labelDropout === 0 && Matching.drawnBeside(Score.interpret(score), term, dim).length === 0
      }),
      /** Lists of samples by the nodes that they are of. */
      known: boundedCache<ReadonlyArray<MatchingSample>>(NODES_KEPT)
    }
  })
}

/** The terms of a loss on data at parameters, with the noise of a key. */
type Drawing<P extends string> = (data: Source.Data) => (params: Params.Params<P>, key: Key.Key) => DrawnEvaluation

/** The terms of a loss at parameters, with the noise of a key. */
export const drawTerms = <P extends string>(loss: Loss<P>): Drawing<P> => {
  const { schedule, score, expectation } = loss
  const way = Expectation.interpret(expectation)
  const projecting = isProjected(expectation) ? Score.interpret(score).family?.projection : undefined
  const seenAt = (
    { span, origin, seesNorm, slope, denoisingShare }: Score.Projection<P>,
    params: Params.Params<P>,
    dim: number
  ) => {
    const basis = Projection.basisOf(span(params), origin(params))
    const drawn = { dim, rank: basis.rank, antithetic: way.where === 'span' && way.antithetic }
    return {
      basis,
      seesNorm,
      slope: slope === null ? () => 0 : slope(params),
      // A quadrature has no variance to reduce.
      denoising: way.where === 'line' ? () => 0 : denoisingShare(params, drawn)
    }
  }
  const known = boundedCache<ReturnType<typeof termsOf>>(2)
  return data => {
    const nodes = Nodes.isNodes(data) ? data : null
    const of = (): ReturnType<typeof termsOf> => termsOf(loss, nodes !== null, data.dim)
    // Samples hold the nodes that they are of.
    const terms = nodes === null ? known(data.dim, of) : of()
    const unprojected = Float64Array.of(nodes === null ? 1 : 0)
    return (params, key) => {
      const projection = projecting === undefined || nodes !== null ? null : seenAt(projecting, params, data.dim)
      const drawsAt = (
        term: Objective.Term,
        { alpha, sigma }: Leveled,
        key: Key.Key
      ): ReadonlyArray<Noise.NoiseDrawTerm> =>
        nodes !== null || (Objective.isMatching(term) && NoiseLevels.isCleanLaw(term.noiseLevels))
          ? [{ weight: 1, noise: { _tag: 'None' } as const }]
          : Noise.noiseDraws(
              data,
              // Nodes are of times that all rows share.
              projection && {
                ...projection,
                slope: () => projection.slope({ alpha: firstNumber(alpha), sigma: firstNumber(sigma) })
              },
              key
            )(expectation)
      const samples = (
        { labelDropout, term }: Pick<(typeof terms)[number], 'labelDropout' | 'term'>,
        times: ReadonlyArray<Leveled>,
        own: Key.Key
      ): ReadonlyArray<MatchingSample> => {
        const noiseKeys = Key.split(times.length)(subKey(own, 'noise'))
        return times
          .flatMap((at, level) => drawsAt(term, at, noiseKeys[level]).map(draw => ({ at, level, draw })))
          .map(({ at: { each, alpha, sigma, weight }, level, draw }, i) => ({
            alpha,
            sigma,
            weight: draw.weight === 1 ? weight : mapNumbers(weight, w => w * draw.weight),
            noise: draw.noise,
            ...(nodes !== null && {
              nodes: {
                values: nodes.nodesAt({ alpha: firstNumber(alpha), sigma: firstNumber(sigma) }),
                stay: nodes.stay
              }
            }),
            denoising:
              projection === null
                ? unprojected
                : zipNumbers(alpha, sigma, (alpha, sigma) => projection.denoising({ alpha, sigma })),
            level,
            ofTime: f => mapNumbers(each, time => f(time, schedule)),
            probes: () => Key.child(i)(subKey(own, 'probes')),
            labels: droppedLabels(data, labelDropout, () => Key.child(i)(subKey(own, 'labels')))
          }))
      }
      const keys = Key.split(terms.length)(key)
      return {
        basis: projection?.basis ?? noBasis,
        terms: terms.map((own, i) => {
          const { weight, term, times, drawsNoiseAlone = false, isSame = false, known } = own
          if (!Objective.isMatching(term) || times === undefined) return { weight, term, samples: [] }
          if (way.where !== 'line' || !drawsNoiseAlone) {
            const drawn = isSame
              ? times()
              : NoiseLevels.drawing(
                  schedule,
                  data.rows,
                  holdNumbers(data)
                )(subKey(keys[i], 'time'))(term.noiseLevels).map(own.at)
            const next = isSame && drawsNoiseAlone && projection === null ? 'other keys' : undefined
            return { weight, term, next, samples: samples(own, drawn, keys[i]) }
          }
          const rules = times().map(({ alpha, sigma }) =>
            way.rule(projection?.slope({ alpha: firstNumber(alpha), sigma: firstNumber(sigma) }) ?? 0)
          )
          // A rule is told by how many nodes it has, and where the first is.
          const name = `${projection?.basis.rank}${rules.map(({ nodes }) => ` ${nodes.length} ${nodes[0]}`).join('')}`
          return { weight, term, next: 'same', samples: known(name, () => samples(own, times(), keys[i])) }
        })
      }
    }
  }
}

/** Of so many different lists of nodes of a term the samples are kept. */
const NODES_KEPT = 64

/** What is drawn for the times, the noise, the directions and the labels of a term has a key of its own. */
const subKey = (key: Key.Key, name: 'time' | 'noise' | 'probes' | 'labels'): Key.Key => Key.named(name)(key)[name]

/** A time, or one a row, with its noise level, and all that it counts. */
interface Leveled extends Pick<MatchingSample, 'alpha' | 'sigma' | 'weight'> {
  readonly each: RowNumbers
}

const leveled =
  (level: (time: number) => Schedule.Level, weightings: ReadonlyArray<(time: number) => number>) =>
  ({ time, weight }: NoiseLevels.Times<RowNumbers>): Leveled => {
    const each: RowNumbers = typeof time === 'number' ? Float64Array.of(time) : time
    // A level may be a function of the user's: it is asked once a time.
    const [alpha, sigma] = mapToPairs(each, time => {
      const { alpha, sigma } = level(time)
      return [alpha, sigma]
    })
    const own: RowNumbers = typeof weight === 'number' ? Float64Array.of(weight) : weight
    const all = weightings.reduce((all, weightAt) => productOfWeights(all, mapNumbers(each, weightAt)), own)
    return { each, alpha, sigma, weight: all }
  }

/** A number that all rows share. */
const firstNumber = (numbers: RowNumbers): number => columnFrom(numbers, 0, 1)[0]

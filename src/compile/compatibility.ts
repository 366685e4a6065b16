/** Incompatibilities of a loss with its data, score, schedule or expectation. */
import { Problem } from '../core/index.js'
import * as Limits from '../core/limits.js'
import * as Source from '../data/source/source.js'
import * as Parametrization from '../schedule/parametrization.js'
import * as Nodes from '../mixture/nodes.js'
import * as Expectation from '../objective/expectation.js'
import * as Objective from '../objective/objective.js'
import * as NoiseLevels from '../objective/noiseLevels.js'
import * as Weighting from '../objective/weighting.js'
import * as Schedule from '../schedule/schedule.js'
import * as Score from '../score/score.js'
import * as NodeResolution from './nodeResolution.js'
import * as DrawTerms from './drawTerms.js'
import * as Loss from './loss.js'
import * as Matching from './matching.js'
import { missingNames } from './lossContext.js'
import * as Pairs from './pairwise.js'

type ProblemList = ReadonlyArray<Problem.Problem>

interface WeightedMatching extends Objective.WeightedTerm {
  readonly term: Objective.Matching
}

/** True if a model has everything that a term reads. */
export const readsAreAvailable = <P extends string>(
  model: Score.Model<P>,
  term: Objective.Term,
  dim: number
): boolean => !Objective.isMatching(term) || Matching.tryAnalyzeReads(model, term, { dim }) !== null

/** True if the term reads `partner` (paired data). */
export const readsPartner = <P extends string>(model: Score.Model<P>, term: Objective.Term, dim: number): boolean =>
  Objective.isMatching(term) && Matching.tryAnalyzeReads(model, term, { dim })?.names.has('partner') === true

/** Problems of terms over pairs of rows. */
export const pairProblems = <P extends string>(
  { schedule, score, objective }: Pick<Loss.Loss<P>, 'schedule' | 'score' | 'objective'>,
  data: Source.Data,
  rows: number
): ProblemList =>
  Objective.terms(objective).flatMap(({ term, weightings }) => {
    if (!Objective.isMatching(term) || term.pairs === undefined) return []
    const width = Matching.tryAnalyzeReads(Score.interpret(score), term, { dim: data.dim })?.width ?? 1
    const maxRows = Math.floor((1 + Math.sqrt(1 + (4 * Pairs.MAX_PAIR_NUMBERS) / width)) / 2)
    const printed = Objective.show(term.of)
    return [
      ...Problem.unless(
        NoiseLevels.singleTime(schedule)(term.noiseLevels) !== undefined && weightings.length === 0,
        'objective',
        `${printed} over several noise levels or with a weighting`,
        'at one noise level, which both rows of a pair have',
        'use NoiseLevels.at(t), and a number as weight'
      ),
      ...Problem.unless(
        (!Nodes.isPopulation(data) && data.weights === undefined) || (Source.isSource(data) && data.weights === null),
        'objective',
        `${printed} of rows with weights`,
        'of rows that count alike, as pairs do',
        'leave the weights out'
      ),
      ...Problem.unless(
        rows >= 2 && Pairs.pairNumbers(rows, width) <= Pairs.MAX_PAIR_NUMBERS,
        'objective',
        `${printed} on ${rows} rows of ${width} numbers, ${Pairs.pairNumbers(rows, width)} at once,`,
        `of 2 to ${maxRows} rows, whose pairs are at most ${Pairs.MAX_PAIR_NUMBERS} numbers`,
        `give the stage a batch of at most ${maxRows} rows`
      )
    ]
  })

/** Problems of the parts of a loss that do not support single precision. */
const singlePrecisionTermProblems = <P extends string>({
  score,
  objective,
  expectation
}: Loss.Loss<P>): ProblemList => {
  const way = Expectation.interpret(expectation)
  const problemOf = (value: string, domain: string, remedy = ''): Problem.Problem =>
    Problem.of('precision', `'float32' of ${value}`, `'float64', as of ${domain}`, `${remedy}leave precision out`)
  return [
    ...(Score.interpret(score).family === undefined
      ? []
      : [problemOf(Score.show(score), 'a mixture, whose densities are differences')]),
    ...(way.where === 'everywhere' && way.float32 === true
      ? []
      : [problemOf(Expectation.show(expectation), 'all but noise drawn again', 'use Expectation.monteCarlo(), or ')]),
    ...Objective.terms(objective).flatMap(({ term }) =>
      Objective.isPenalty(term) || (Objective.isMatching(term) && term.float32 === true)
        ? []
        : [
            problemOf(
              Objective.show(term.of),
              'what does not say float32: true',
              'say so where it is defined, if its rows are no differences of large numbers, or '
            )
          ]
    )
  ]
}

const expectationProblems = <P extends string>(
  { score, expectation }: Loss.Loss<P>,
  data: Source.Data
): ProblemList => {
  const { family } = Score.interpret(score)
  const projection = family?.projection
  const way = Expectation.interpret(expectation)
  const printed = `${Expectation.show(expectation)} of ${Score.show(score)}`
  const size = way.where === 'everywhere' ? (way.size ?? data) : data
  return [
    ...Problem.unless(
      way.where !== 'line' || (projection !== undefined && projection.slope !== null),
      'expectation',
      printed,
      'of Score.symmetricPair, the score with a single direction that matters',
      'use Expectation.projected()'
    ),
    ...Problem.unless(
      way.where !== 'span' || projection !== undefined,
      'expectation',
      printed,
      family === undefined
        ? 'of the score of a mixture, whose centres say which noise matters'
        : 'of a family that says which noise it sees, by its projection',
      'use Expectation.monteCarlo()'
    ),
    ...Problem.unless(
      size.rows === data.rows && size.dim === data.dim,
      'expectation.noise',
      `${size.rows} × ${size.dim}`,
      `${data.rows} × ${data.dim}, a row for each row of the data`,
      'draw as much noise as there is data'
    )
  ]
}

const weightProblems = <P extends string>(
  { schedule, score }: Loss.Loss<P>,
  term: Objective.Matching,
  weightings: ReadonlyArray<Weighting.Weighting>
): ProblemList => {
  const { predicts } = Score.interpret(score)
  const { level } = Schedule.interpret(schedule)
  const weigh = weightings.map(Weighting.interpret(schedule))
  const own = Parametrization.conversionWeight(predicts, term.measuredIn ?? predicts)
  const weightAt = (time: number): number => weigh.reduce((product, at) => product * at(time), own(level(time)))
  const times = NoiseLevels.quadrature(schedule, NoiseLevels.DEFAULT_NODES)(term.noiseLevels).map(({ time }) => time)
  const wrong = times.find(time => !Number.isFinite(weightAt(time)))
  return wrong === undefined
    ? []
    : [
        Problem.of(
          'objective.noiseLevels',
          `the weight ${weightAt(wrong)} at time ${wrong}`,
          'finite',
          'keep clear of the end of the schedule, or weigh it otherwise'
        )
      ]
}

/** Problems of a term that draws labels or directions under an expectation that does not. */
const redrawProblems = <P extends string>(
  { score, expectation }: Loss.Loss<P>,
  { term, labelDropout }: WeightedMatching,
  dim: number
): ProblemList => {
  const isProjected = DrawTerms.drawsProjectedNoise(expectation)
  if (!isProjected && !Expectation.isDeterministicExpectation(expectation)) return []
  const refused = (allowed: string, remedy: string): ProblemList => [
    Problem.of('expectation', `${Expectation.show(expectation)} of ${Objective.show(term.of)}`, allowed, remedy)
  ]
  if (term.exact !== undefined)
    return refused(
      isProjected
        ? 'plain noise, without which the divergence is exact'
        : 'plain noise drawn again, as the directions are',
      'leave out divergence, or use Expectation.monteCarlo()'
    )
  const drawn = [
    ...Matching.additionalDraws(Score.interpret(score), term, dim),
    ...(labelDropout > 0 ? ['the labels that are left out'] : [])
  ]
  return drawn.length === 0 || (isProjected && labelDropout === 0)
    ? []
    : refused(`plain noise drawn again, as is ${drawn.join(', and ')}`, 'use Expectation.monteCarlo()')
}

/** Problems of a term on points. */
const problemsOnPoints = <P extends string>(
  score: Score.Score<P>,
  term: Objective.Matching,
  dim: number
): ProblemList => {
  const reads = Matching.tryAnalyzeReads(Score.interpret(score), term, { dim })
  const absent = reads === null ? [] : missingNames(term, 'data').filter(name => reads.names.has(name))
  return [
    ...Problem.unless(
      absent.length === 0,
      'objective',
      `${Objective.show(term.of)}, which reads ${absent.join(', ')},`,
      `a function of the data ${NoiseLevels.formula(term.noiseLevels)}`,
      'read clean, score and noises(k), or take NoiseLevels.at(0.1)'
    ),
    ...Problem.unless(
      !Loss.isUnderModel(term),
      'objective',
      `${Objective.show(term.of)} on points`,
      'on a population, whose nodes follow the student',
      'give Population.of(mixture) as the data'
    )
  ]
}

/** Problems of a term on the nodes of a population, which have no noise. */
const problemsOnNodes = <P extends string>(
  score: Score.Score<P>,
  { term, labelDropout }: WeightedMatching,
  dim: number
): ProblemList => {
  const model = Score.interpret(score)
  const exact = DrawTerms.exactTerm(term)
  // destructuring the rest of a row reads all names, and throws on nodes for missing ones
  const reads = Objective.isMatching(exact)
    ? (Matching.tryAnalyzeReads(model, exact, { dim, rowKind: 'nodes' }) ??
      Matching.tryAnalyzeReads(model, exact, { dim }))
    : null
  const lacks = Objective.isMatching(exact) ? missingNames(exact, 'nodes') : []
  const absent = [
    ...lacks.filter(name => reads?.names.has(name)),
    ...(reads !== null && reads.probes.noise > 0 ? ['noises'] : []),
    ...(reads !== null && reads.probes.normal + reads.probes.rademacher > 0 ? ['directions'] : []),
    ...(labelDropout > 0 ? ['labels'] : [])
  ]
  return [
    ...Problem.unless(
      model.family?.toMixture !== undefined,
      'score',
      `${Score.show(score)} on a population`,
      'that of a mixture of Gaussians, whose parameters say how many nodes they require',
      'sample points: Mixture.sample(rows)(key)(mixture)'
    ),
    ...Problem.unless(
      absent.length === 0,
      'objective',
      `${Objective.show(term.of)}, which reads ${absent.join(', ')}, on a population`,
      'a function of x_t, of which the nodes are',
      'write it by score and noisy, or sample points: Mixture.sample(rows)(key)(mixture)'
    )
  ]
}

const matchingProblems = <P extends string>(
  loss: Loss.Loss<P>,
  weighted: WeightedMatching,
  data: Source.Data
): ProblemList => {
  const { score, expectation } = loss
  const { term, weightings } = weighted
  const model = Score.interpret(score)
  const isOnNodes = Nodes.isNodes(data)
  return [
    ...weightProblems(loss, term, weightings),
    ...Problem.unless(
      model.family?.unitVariance !== false ||
        !NoiseLevels.assumesUnitVariance(term.noiseLevels, {
          isDeterministic: isOnNodes || Expectation.isDeterministicExpectation(expectation)
        }),
      'objective.noiseLevels',
      `${NoiseLevels.show(term.noiseLevels)} of ${Score.show(score)}`,
      'one with leastVariance, since variances are learned and its nodes lie by the least of them',
      'give NoiseLevels.likelihood the minimum variance, such as leastVariance: 1e-3'
    ),
    ...(isOnNodes
      ? problemsOnNodes(score, weighted, data.dim)
      : [...redrawProblems(loss, weighted, data.dim), ...problemsOnPoints(score, term, data.dim)]),
    ...Problem.unless(
      model.family !== undefined || Matching.tryAnalyzeReads(model, term, { dim: data.dim })?.density !== true,
      'objective',
      `logDensityAt in ${Objective.show(term.of)} of ${Score.show(score)}`,
      'of the score of a mixture, which has a density',
      'use scoreAt, or the score of a mixture'
    )
  ]
}

const isWeightedMatching = (weighted: Objective.WeightedTerm): weighted is WeightedMatching =>
  Objective.isMatching(weighted.term)

/** Problems of the terms, if schedule and objective have none. */
const termProblems = <P extends string>(loss: Loss.Loss<P>, data: Source.Data): ProblemList => {
  const { schedule, score, objective } = loss
  if (Schedule.problems(schedule).length + Objective.problems(schedule)(objective).length > 0) return []
  const shapes = Score.shapes(data.dim)(score)
  const reason = Score.interpret(score).family?.onlyClean
  return Objective.terms(objective).flatMap(weighted => [
    ...Problem.unless(
      reason === undefined || !isWeightedMatching(weighted),
      'objective',
      `${Objective.show(weighted.term.of)} of ${Score.show(score)}`,
      `without noise, since ${reason}`,
      'use Objective.likelihood, or Stage.expectationMaximization'
    ),
    ...(weighted.term.unfit?.(shapes, Score.show(score), data.dim) ?? []),
    ...(isWeightedMatching(weighted) ? matchingProblems(loss, weighted, data) : [])
  ])
}

/** Problems of a term that reads noise or a density that does not exist. */
const unreadableInputProblems = <P extends string>(
  { score, expectation }: Loss.Loss<P>,
  term: Objective.Term,
  data: Source.Data
): ProblemList => {
  const model = Score.interpret(score)
  const seesAllNoise = Nodes.isPopulation(data) || Expectation.noiseDomain(expectation) === 'everywhere'
  if (Objective.isMatching(term))
    return Problem.unless(
      term.supportsProjectedNoise === true || term.exact !== undefined || seesAllNoise,
      'expectation',
      `${Expectation.show(expectation)} of ${Objective.show(term.of)}`,
      'one that draws the noise itself, which a custom objective may look at',
      'use Expectation.monteCarlo()'
    )
  return Problem.unless(
    Objective.isPenalty(term) || model.family !== undefined || !Matching.readsNoiselessDensity(model, term, data.dim),
    'objective',
    `${Objective.show(term.of)} of ${Score.show(score)}`,
    'of the score of a mixture, which has a density',
    'use Objective.denoising or Objective.implicit'
  )
}

/** Returns all incompatibilities of a loss with its data. `coarse` returns the quadratures with too few nodes. */
export const incompatibilities = <P extends string>(
  loss: Loss.Loss<P>,
  data: Source.Data,
  precision: 'float64' | 'float32',
  coarse: () => ReadonlyArray<NodeResolution.Unresolved>
): ProblemList => {
  if (!Source.isSource(data) && data.errors !== undefined)
    return [
      Problem.of(
        'points',
        'rows with errors',
        'exact rows, of which an objective knows alone',
        'use Stage.expectationMaximization, or leave the errors out'
      )
    ]
  return [
    ...(Nodes.isPopulation(data) ? [] : expectationProblems(loss, data)),
    // a rule below the maximum only adds a remark to its reason here; a pipeline rejects it
    ...coarse()
      .filter(({ used: taken }) => taken >= Limits.maxNodes)
      .map(NodeResolution.tooFewNodes),
    ...Objective.terms(loss.objective).flatMap(({ term }) => unreadableInputProblems(loss, term, data)),
    ...(precision === 'float32' ? singlePrecisionTermProblems(loss) : []),
    ...termProblems(loss, data)
  ]
}

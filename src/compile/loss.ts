/** Losses: the objective of a score on a schedule, and the expectation over the noise. */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import type * as RNEA from 'fp-ts/lib/ReadonlyNonEmptyArray.js'
import * as Compiler from '../../lib/compiler/index.js'
import { Key, type NdArray } from '../../lib/index.js'
import { lazy } from '../../lib/plain/iterate.js'
import { concatenated, shapeSize } from '../../lib/arrays/ndarray.js'
import { columnFrom } from '../../lib/rows/stretches.js'
import { Case } from '../core/index.js'
import * as Expectation from '../objective/expectation.js'
import * as Frame from '../mixture/em/frame.js'
import * as Nodes from '../mixture/nodes.js'
import { snapshotOfData } from '../mixture/dataRows.js'
import type * as Projection from '../mixture/projection.js'
import * as Reductions from '../../lib/rows/reduction.js'
import { drawTerms, drawsProjectedNoise, lossNoiseLevels, type DrawnTerm } from './drawTerms.js'
import type * as Inputs from './inputs.js'
import type { Loss } from './lossParts.js'
import * as Matching from './matching.js'
import { remembered } from '../../lib/plain/remembered.js'
import { cacheKey } from './cacheKey.js'
import * as Objective from '../objective/objective.js'
import * as Pairs from './pairwise.js'
import * as Params from '../core/params.js'
import * as Backend from '../data/reductionBackend.js'
import type * as Problem from '../core/problem.js'
import * as Source from '../data/source/source.js'
import type { Mixture } from '../mixture/mixture.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Score from '../score/score.js'
import { noGradient, type ValueAndGradient } from './valueAndGradient.js'
import {
  compiledEngine,
  interpretedEngine,
  termCalls,
  scaleValueAndGradient,
  sumValueAndGradient,
  type TermEngine
} from './engines.js'

export type { Loss } from './lossParts.js'
export type { ValueAndGradient } from './valueAndGradient.js'

type Constants = Params.Params<string>

/** Plan for computing a loss on data; `reason` explains the choice. */
export interface LossPlan<P extends string> {
  readonly engine: 'compiled' | 'interpreted'
  readonly reason: string
  /** Value and gradient. `constants`, by name, replace those of the terms. */
  readonly evaluate: (params: Params.Params<P>, key: Key.Key, constants?: Constants) => ValueAndGradient<P>
  /** Cost of each program for a row; empty if interpreted. */
  readonly parts: () => ReadonlyArray<Part>
  /** Value without the gradient, at less cost. */
  readonly value: (params: Params.Params<P>, key: Key.Key) => number
}

export interface Part extends Compiler.Profile {
  readonly term: string
}

const librariesIn = (precision: Compiler.Precision): ((score: Score.Score<string>) => Compiler.Library) =>
  remembered<Score.Score<string>, Compiler.Library>(() => Compiler.library(precision), cacheKey)
const libraries = { float64: librariesIn('float64'), float32: librariesIn('float32') }

/** Returns the program cache of a score, shared by equal scores, all data and all objectives. */
export const libraryOf = (score: Score.Score<string>, precision: Compiler.Precision): Compiler.Library =>
  libraries[precision](score)

interface TermProgram {
  readonly term: string
  readonly program: Compiler.Program
}

const withTermText =
  ({ of }: Objective.Term) =>
  (program: E.Either<string, Compiler.Program>): E.Either<string, TermProgram> =>
    pipe(
      program,
      E.map(program => ({ term: Objective.show(of), program }))
    )

/** Number of rows for compiling in advance, on which programs do not depend. */
const PROGRAM_TRIAL_ROWS = 8

/** Compiles one program of each kind; a reason if one cannot be compiled. */
const trialPrograms = <P extends string>(
  loss: Loss<P>,
  data: Source.Data,
  library: Compiler.Library,
  use: Inputs.DataReuse
): E.Either<string, ReadonlyArray<TermProgram>> => {
  const few = Nodes.isNodes(data)
    ? data.first(PROGRAM_TRIAL_ROWS)
    : Source.selectedRows(Array.from({ length: Math.min(PROGRAM_TRIAL_ROWS, data.rows) }, (_, i) => i))(data)
  const shapes = Score.shapes(data.dim)(loss.score)
  const keys = pipe(Key.fromSeed(0), Key.named('params', 'draws'))
  const params = Params.map<ReadonlyArray<number>, NdArray>((shape, name) => ({
    shape,
    values: Key.normal(shapeSize(shape))(Key.named(name)(keys.params)[name])
  }))(shapes)
  const model = Score.interpret(loss.score)
  const compiler = { model, library, shapes, differentiates: true }
  const existing = Matching.dataInputs(few, use)
  const { basis, terms } = drawTerms(loss)(few)(params, keys.draws)
  const ofPairs = terms.filter(isPaired).flatMap(({ term, samples }) =>
    samples.slice(0, 1).flatMap(sample => {
      const inputs = { ...existing, ...Matching.termInputs(model, term, sample, { basis, points: few }) }
      const { outputs, gradient } = Pairs.pairwisePrograms(compiler, term, inputs)
      const { width } = Matching.analyzeReads(model, term, { dim: few.dim })
      return [outputs, gradient({ shape: [few.rows, width], values: new Float64Array(few.rows * width) })].map(
        withTermText(term)
      )
    })
  )
  return pipe(
    [
      ...terms
        .filter(isDirect)
        .flatMap(drawn =>
          termCalls(compiler, drawn, { basis, existing, data: few }).map(({ program }) =>
            withTermText(drawn.term)(program)
          )
        ),
      ...ofPairs
    ],
    E.sequenceArray
  )
}

/** True if the term is a sum over rows. */
export const isDirect = (drawn: DrawnTerm): drawn is DrawnTerm<Matching.DirectTerm> =>
  !Objective.isPenalty(drawn.term) && !isPaired(drawn)

const isPaired = (drawn: DrawnTerm): drawn is DrawnTerm<Pairs.Paired> =>
  Objective.isMatching(drawn.term) && drawn.term.pairs !== undefined

/** Returns the sum of the direct terms over rows; other processes can compute its chunks. */
export const lossReduction = <P extends string>(
  loss: Loss<P>,
  engine: LossPlan<P>['engine'],
  precision: Compiler.Precision,
  data: Source.Data
): ((params: Params.Params<P>, key: Key.Key) => Reductions.Reduction<ValueAndGradient<P>>) => {
  const draw = drawTerms(loss)(data)
  const reduction = engineOf(loss, engine, { library: libraryOf(loss.score, precision), use: 'often' })(data)
  return (params, key) => {
    const { basis, terms } = draw(params, key)
    return reduction(params, { basis, terms: terms.filter(isDirect) })
  }
}

/** Returns the request by which other processes compute chunks of the sum. */
const remoteLossRequest =
  <P extends string>(
    { schedule, score, objective, expectation }: Loss<P>,
    engine: LossPlan<P>['engine'],
    precision: Compiler.Precision,
    middle: Float64Array | null
  ) =>
  (params: Params.Params<P>, { k0, k1 }: Key.Key): Backend.EvaluationRequest => ({
    sum: {
      name: 'loss',
      schedule: Case.encode(schedule),
      score: Case.encode(score),
      objective: Case.encode(objective),
      expectation: Case.encode(expectation),
      engine,
      precision,
      middle: middle && Array.from(middle)
    },
    numbers: concatenated([Float64Array.of(k0, k1), Params.packed(params)])
  })

/** Returns the frame of data: centred, unless a part of the loss reads absolute positions. */
export const frameForLoss = <P extends string>({
  score,
  objective
}: Loss<P>): ((data: Source.Data) => Frame.CentredFrame<P, Source.Data>) => {
  const readsPositions = Objective.terms(objective).some(
    ({ term }) => !Objective.isPenalty(term) && term.translationInvariant !== true
  )
  const model = Score.interpret(score)
  return data =>
    readsPositions || Nodes.isNodes(data) ? Frame.uncentredFrame<P, Source.Data>(data) : Frame.frameOfModel(model, data)
}

/** Returns NaN for value and gradient, with the problem that explains them. */
export const unresolvedValue = <P extends string>(
  params: Params.Params<P>,
  problem: Problem.Problem
): ValueAndGradient<P> => ({
  value: NaN,
  gradient: Params.mapValues(() => NaN)(params),
  problem
})

/** Returns the map from parameters to a mixture; throws if there is none, which is rejected before. */
export const requireMixtureMap = <P extends string>(score: Score.Score<P>): ((params: Params.Params<P>) => Mixture) =>
  Score.interpret(score).family?.toMixture ??
  (() => refuse('a population is met by the score of a mixture; compile the loss'))

/** Relative distance |a − b|/(1 + |b|): the larger of those of values and gradients. */
const evaluationDistance = <P extends string>(a: ValueAndGradient<P>, b: ValueAndGradient<P>): number =>
  Math.max(
    Math.abs(a.value - b.value) / (1 + Math.abs(b.value)),
    Params.norm(Params.zipWith((x, y: number) => x - y)(a.gradient, b.gradient)) / (1 + Params.norm(b.gradient))
  )

/** Evaluates a loss; `others`, with other constants, replace its terms. */
type EvaluateLoss<P extends string> = (
  params: Params.Params<P>,
  key: Key.Key,
  others?: ReadonlyArray<Objective.Term>
) => ValueAndGradient<P>

/** Evaluates on nodes that resolve the parameters; terms under the model have nodes of their own. */
const evaluatorOnResolvedNodes = <P extends string>(
  engine: LossPlan<P>['engine'],
  loss: Loss<P>,
  population: Nodes.PopulationNodes,
  options: EvaluationOptions
): EvaluateLoss<P> => {
  const levels = lossNoiseLevels(loss)
  const mixtureOf = requireMixtureMap(loss.score)
  const evaluatorOf = (
    resolved: Nodes.PopulationNodes['resolved'],
    includes: (term: Objective.Term) => boolean
  ): EvaluateLoss<P> => {
    const evaluators = new WeakMap<Nodes.Nodes, EvaluateLoss<P>>()
    const onNodes = evaluatorOnRows(engine, loss, { ...options, backend: Backend.localBackend }, includes)
    const evaluateConverged = Nodes.evaluateConverged(resolved, evaluationDistance<P>)
    return (params, key, others) =>
      pipe(
        evaluateConverged(mixtureOf(params), levels, nodes => {
          const evaluate = evaluators.get(nodes) ?? onNodes(nodes)
          evaluators.set(nodes, evaluate)
          return evaluate(params, key, others)
        }),
        E.getOrElse(problem => unresolvedValue(params, problem))
      )
  }
  const terms = Objective.terms(loss.objective)
  const parts = [
    ...(terms.every(({ term }) => isUnderModel(term))
      ? []
      : [evaluatorOf(population.resolved, term => !isUnderModel(term))]),
    ...(terms.some(({ term }) => isUnderModel(term))
      ? [evaluatorOf(population.standardNodesPerComponent, isUnderModel)]
      : [])
  ]
  return (params, key, others) =>
    sumValueAndGradient(
      params,
      parts.map(evaluate => evaluate(params, key, others))
    )
}

/** True if the mean of a term is over the model's own distribution. */
export const isUnderModel = (term: Objective.Term): boolean => Objective.isMatching(term) && term.underModel === true

/** Evaluates the whole objective by one engine. */
export const evaluator = <P extends string>(
  engine: LossPlan<P>['engine'],
  loss: Loss<P>,
  data: Source.Data,
  options: EvaluationOptions
): EvaluateLoss<P> =>
  Nodes.isPopulation(data)
    ? evaluatorOnResolvedNodes(engine, loss, data, options)
    : evaluatorOnRows(engine, loss, options)(data)

const valueEvaluator = <P extends string>(
  engine: LossPlan<P>['engine'],
  loss: Loss<P>,
  data: Source.Data,
  options: EvaluationOptions
): LossPlan<P>['value'] => {
  const evaluate = lazy(() => evaluator(engine, loss, data, { ...options, differentiates: hasPairs(loss) }))
  return (params, key) => evaluate()(params, key).value
}

/** Evaluates the terms that `includes` selects. Default: all terms. */
const evaluatorOnRows = <P extends string>(
  engine: LossPlan<P>['engine'],
  loss: Loss<P>,
  options: EvaluationOptions,
  includes: (term: Objective.Term) => boolean = () => true
): ((data: Source.Data) => EvaluateLoss<P>) => {
  const { library, backend, differentiates = true } = options
  const termEngine = engineOf(loss, engine, options)
  const sampler = drawTerms(loss)
  const frame = frameForLoss(loss)
  return data => {
    const { points, middle, toInternal } = frame(data)
    const drawAnew = sampler(points)
    // nodes draw nothing, so they are equal for all parameters and keys
    const drawOnce = lazy(() => drawAnew(Params.zeros(Score.shapes(data.dim)(loss.score)), Key.fromSeed(0)))
    const draw: typeof drawAnew = Nodes.isNodes(points) ? drawOnce : drawAnew
    const reduction = termEngine(points)
    const request = remoteLossRequest(loss, engine, library.precision, middle)
    const evaluatePairs = pairEvaluator(loss, points, {
      library: engine === 'compiled' ? library : null,
      use: options.use,
      differentiates
    })
    return (params, key, others) => {
      const { internal, basis, terms, sum } = Reductions.memoized(() => {
        const internal = toInternal(params)
        const { basis, terms: drawn } = draw(internal, key)
        const terms = (
          others === undefined ? drawn : drawn.map(({ weight, samples }, i) => ({ weight, term: others[i], samples }))
        ).filter(({ term }) => includes(term))
        const direct = terms.filter(isDirect)
        return { internal, basis, terms, sum: direct.length > 0 ? [reduction(internal, { basis, terms: direct })] : [] }
      })
      return sumValueAndGradient(params, [
        ...sum.map(one => backend.evaluate(one, () => request(internal, key))),
        ...terms.flatMap(drawn => {
          const { term, weight } = drawn
          if (isPaired(drawn)) return evaluatePairs(internal, basis, drawn)
          if (!Objective.isPenalty(term)) return []
          const { value, gradient } = evaluatePenalty(term, params)
          return [scaleValueAndGradient(weight)({ value, gradient: differentiates ? gradient : noGradient<P>() })]
        })
      ])
    }
  }
}

/** Evaluates a term over pairs of rows, once for each sample; interpreted if there is no library. */
const pairEvaluator = <P extends string>(
  { score }: Loss<P>,
  data: Source.Data,
  {
    library,
    use,
    differentiates
  }: Pick<PlanOptions, 'use'> & { readonly library: Compiler.Library | null; readonly differentiates: boolean }
): ((
  params: Params.Params<P>,
  basis: Projection.Basis,
  drawn: DrawnTerm<Pairs.Paired>
) => ReadonlyArray<ValueAndGradient<P>>) => {
  const existing = lazy(() => Matching.dataInputs(data, use))
  return (params, basis, { weight, term, samples }) => {
    const model = Score.interpret(score)
    const evaluate = Pairs.evaluatePairwise(model, term, { library, rows: data.rows, differentiates })
    return samples.map(sample => {
      // pairs with several noise levels or weights have been rejected
      const [sampleWeight] = columnFrom(sample.weight, 0, 1)
      return scaleValueAndGradient(weight * sampleWeight)(
        evaluate(params, { ...existing(), ...Matching.termInputs(model, term, sample, { basis, points: data }) })
      )
    })
  }
}

/** Returns a penalty and its gradient. */
export const evaluatePenalty = <P extends string>(
  { penalty }: Objective.Penalty,
  params: Params.Params<P>
): ValueAndGradient<P> => {
  // a penalty returns a gradient in the parameters that it receives
  const { value, gradient } = penalty(params)
  return { value, gradient }
}

/** Copies the arrays of data, which the caller may change later; a population is returned unchanged. */
export const dataSnapshot = (data: Source.Data): Source.Data => (Nodes.isPopulation(data) ? data : snapshotOfData(data))

export interface Batched<P extends string> extends Omit<LossPlan<P>, 'evaluate' | 'value' | 'parts'> {
  /** Evaluates on the given rows; if there are none, on rows drawn from the key. */
  readonly evaluate: (
    params: Params.Params<P>,
    key: Key.Key,
    rows?: Int32Array,
    constants?: Constants
  ) => ValueAndGradient<P>
}

/**
 * Terms of an objective with constants replaced by name.
 *
 * @throws RangeError if a name or shape is not that of a term
 */
const termsWithConstants = (
  objective: Objective.Objective,
  constants: Constants | undefined
): ReadonlyArray<Objective.Term> | undefined => {
  if (constants === undefined) return undefined
  const terms = Objective.terms(objective).map(({ term }) => term)
  const known = terms.flatMap(term => (Objective.isPenalty(term) ? [] : Object.keys(term.constants ?? {})))
  const unknown = Object.keys(constants).find(name => !known.includes(name))
  if (unknown !== undefined)
    return refuse(`constants.${unknown}: the objective has ${known.join(', ') || 'none'}; name one of its constants`)
  const replaced = (own: NdArray, name: string): NdArray => {
    if (!Object.hasOwn(constants, name)) return own
    const given = constants[name]
    return areEqualShapes(given.shape, own.shape)
      ? given
      : refuse(`constants.${name}: of shape [${given.shape.join(', ')}]; the objective has [${own.shape.join(', ')}]`)
  }
  return terms.map(term =>
    Objective.isPenalty(term) || term.constants === undefined
      ? term
      : { ...term, constants: Params.map<NdArray, NdArray>(replaced)(term.constants) }
  )
}

const areEqualShapes = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): boolean =>
  a.length === b.length && a.every((n, axis) => n === b[axis])

/** Returns the chosen plan on batches of rows. */
export const batched = <P extends string>(
  loss: Loss<P>,
  data: Source.Data,
  batch: number,
  { evaluations = Infinity, precision = 'float64' }: Partial<Pick<PlanOptions, 'evaluations' | 'precision'>> = {}
): Batched<P> => {
  const options = { library: libraryOf(loss.score, precision), use: 'once', backend: Backend.localBackend } as const
  const [{ engine, reason }] = lossPlans(loss, data, { evaluations, ...options })
  const evaluatorOf = evaluatorOnRows(engine, loss, options)
  return {
    engine,
    reason: `${reason}; on ${batch} ${Source.isSource(data) && data.draw !== undefined ? 'new' : `of ${data.rows}`} rows a step`,
    evaluate: (params, key, rows, constants) => {
      const keys = pipe(key, Key.named('rows', 'loss'))
      const { points } = Source.batch(batch, rows)(keys.rows)(data)
      return evaluatorOf(points)(params, keys.loss, termsWithConstants(loss.objective, constants))
    }
  }
}

/** Minimum numbers of evaluations, or of values in the data, for which compiling (tens of milliseconds) pays. */
const MIN_WORK_TO_COMPILE = { evaluations: 10, numbers: 100000 }

export interface PlanOptions {
  /** Expected number of evaluations. */
  readonly evaluations: number
  /** Default: the program cache of the score in the requested precision. */
  readonly library: Compiler.Library
  readonly precision: Compiler.Precision
  readonly use: Inputs.DataReuse
  readonly backend: Backend.Backend
}

interface EvaluationOptions extends Pick<PlanOptions, 'library' | 'use' | 'backend'> {
  /** Default: true. */
  readonly differentiates?: boolean
}

const engineOf = <P extends string>(
  { score }: Loss<P>,
  engine: LossPlan<P>['engine'],
  { library, use, differentiates = true }: Omit<EvaluationOptions, 'backend'>
): TermEngine<P> =>
  engine === 'compiled'
    ? compiledEngine(score, library, { use, differentiates })
    : interpretedEngine(score, { use, differentiates })

const hasPairs = <P extends string>({ objective }: Loss<P>): boolean =>
  Objective.terms(objective).some(({ term }) => Objective.isMatching(term) && term.pairs !== undefined)

/** Returns all plans for computing a loss on data, the chosen one first. */
export const lossPlans = <P extends string>(
  loss: Loss<P>,
  data: Source.Data,
  {
    evaluations = Infinity,
    precision = 'float64',
    library = libraryOf(loss.score, precision),
    use = 'often',
    backend = Backend.localBackend
  }: Partial<PlanOptions> = {}
): RNEA.ReadonlyNonEmptyArray<LossPlan<P>> => {
  const isSingle = library.precision === 'float32'
  const plan = (
    engine: LossPlan<P>['engine'],
    reason: string,
    programs: ReadonlyArray<TermProgram> = []
  ): LossPlan<P> => {
    const evaluate = evaluator(engine, loss, data, { library, use, backend })
    return {
      engine,
      reason,
      parts: () => programs.map(({ term, program }) => ({ term, ...program.profile() })),
      evaluate: (params, key, constants) => evaluate(params, key, termsWithConstants(loss.objective, constants)),
      value: valueEvaluator(engine, loss, data, { library, use, backend: Backend.localBackend })
    }
  }
  return !isSingle &&
    evaluations < MIN_WORK_TO_COMPILE.evaluations &&
    data.rows * data.dim < MIN_WORK_TO_COMPILE.numbers
    ? [plan('interpreted', `${evaluations} evaluations are over before it is compiled`)]
    : pipe(
        E.tryCatch(() => trialPrograms(loss, data, library, use), String),
        E.flatten,
        E.fold(
          (fault): RNEA.ReadonlyNonEmptyArray<LossPlan<P>> => [plan('interpreted', `it is not compiled: ${fault}`)],
          programs => [
            plan(
              'compiled',
              `one program over the rows, gradient and all${hasPairs(loss) ? ', pairs of rows op by op' : ''}${isSingle ? ', in float32' : ''}${Compiler.how(
                programs.map(({ program }) => program),
                data.rows
              )}${
                !Nodes.isPopulation(data)
                  ? ''
                  : data.shifts === null
                    ? '; rows are nodes of the population, as many as the parameters require'
                    : `; rows are ${data.rule} for each component, with a standard error: Population.estimate`
              }`,
              programs
            ),
            plan('interpreted', 'serves every score and objective, slower')
          ]
        )
      )
}

/** Names of inputs that do not depend on the key. */
const KEY_INDEPENDENT_INPUTS = ['clean', 'rowWeight', 'partner', 'label']

/** True if the loss may depend on the key. */
export const isRandomLoss = <P extends string>(loss: Loss<P>, data: Source.Data): boolean => {
  if (Nodes.isNodes(data) || Expectation.isDeterministicExpectation(loss.expectation)) return false
  const terms = Objective.terms(loss.objective)
  const matching = terms.filter(({ term }) => Objective.isMatching(term))
  if (matching.length === 0) return false
  if (drawsProjectedNoise(loss.expectation) || hasPairs(loss)) return true
  if (matching.some(({ labelDropout }) => labelDropout > 0)) return true
  const [{ engine, parts }] = lossPlans(loss, data)
  return (
    engine !== 'compiled' ||
    parts().some(({ draws, reads }) => draws > 0 || reads.some(name => !KEY_INDEPENDENT_INPUTS.includes(name)))
  )
}

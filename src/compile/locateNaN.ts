/** Locates the origin of a non-finite loss: schedule, term, row, parameter, operation. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import { Key, compute, origin, valueAndGrad, type NdArray } from '../../lib/index.js'
import * as Fault from './fault.js'
import * as Inputs from './inputs.js'
import * as DrawTerms from './drawTerms.js'
import * as Loss from './loss.js'
import * as Matching from './matching.js'
import * as Nodes from '../mixture/nodes.js'
import * as Objective from '../objective/objective.js'
import * as Params from '../core/params.js'
import * as Problem from '../core/problem.js'
import * as Score from '../score/score.js'
import * as Source from '../data/source/source.js'

const ROWS_PER_SEARCH = 4096

const isFiniteEvaluation = <P extends string>({ value, gradient }: Loss.ValueAndGradient<P>): boolean =>
  Number.isFinite(value) && Params.isFiniteParams(gradient)

const firstNonNull = <A, B>(all: ReadonlyArray<A>, of: (a: A) => B | null): B | null =>
  all.reduce<B | null>((found, a) => found ?? of(a), null)

/** Inputs that depend on the noise level or on the objective's weights alone. */
const LEVEL_INPUTS = ['alpha', 'sigma', 'weight', 'conversion'] as const

/** Returns the first non-finite value of a loss; null if all are finite. `rows` are indices in the data. */
export type LocateNaN<P extends string> = (
  params: Params.Params<P>,
  key: Key.Key,
  rows?: ArrayLike<number>
) => Fault.NonFinite | null

/** Searches a loss for its first non-finite value, term by term and row by row. */
export const locateNaN = <P extends string>(loss: Loss.Loss<P>, data: Source.Data): LocateNaN<P> => {
  if (Nodes.isPopulation(data)) return locateOnPopulation(loss, data)
  const { points, toInternal } = Loss.frameForLoss(loss)(data)
  const draw = DrawTerms.drawTerms(loss)(points)
  const search: TermSearch<P> = {
    model: Score.interpret(loss.score),
    points,
    centred: Matching.dataInputs(points, 'once'),
    original: Matching.dataInputs(data, 'once')
  }
  return (params, key, rows) => {
    const internal = toInternal(params)
    const { basis, terms } = draw(internal, key)
    return firstNonNull(terms, ({ term: whole, samples }) => {
      const term = Objective.withRowwiseLoss(whole)
      if (Objective.isPenalty(term)) return faultOfPenalty(term, params)
      const noiseInputs: ReadonlyArray<SampleInputs> = Objective.isMatching(term)
        ? samples.map(sample => ({
            sample,
            inputs: Matching.termInputs(search.model, term, sample, { basis, points })
          }))
        : [{ sample: null, inputs: Matching.termConstants(term) }]
      return firstNonNull(noiseInputs, one => faultOfSample(search, term, one, { params, internal, rows }))
    })
  }
}

/** Problem of the population at the parameters; if nodes resolve them, the first fault on these. */
const locateOnPopulation = <P extends string>(loss: Loss.Loss<P>, population: Nodes.PopulationNodes): LocateNaN<P> => {
  const levels = DrawTerms.lossNoiseLevels(loss)
  const mixtureOf = Loss.requireMixtureMap(loss.score)
  return (params, key) => {
    const faultOf = (problem: Problem.Problem): Fault.NonFinite => ({
      what: 'the population',
      value: NaN,
      reason: Problem.show(problem),
      inputs: Fault.asInputs(params)
    })
    return pipe(
      population.resolved(mixtureOf(params), levels),
      // if all values on the nodes are finite, the population was rejected
      E.match(faultOf, nodes => locateNaN(loss, nodes)(params, key) ?? faultOf(Nodes.disagreement(nodes.rule)))
    )
  }
}

const faultOfPenalty = <P extends string>(
  term: Objective.Penalty,
  params: Params.Params<P>
): Fault.NonFinite | null => {
  const found = Loss.evaluatePenalty(term, params)
  return isFiniteEvaluation(found)
    ? null
    : { ...describeTerm(Objective.show(term.of), found), inputs: Fault.asInputs(params) }
}

interface TermSearch<P extends string> {
  readonly model: Score.Model<P>
  readonly points: Source.Data
  /** Inputs as they are evaluated. */
  readonly centred: Inputs.NamedInputs
  /** Inputs in the user's coordinates, for messages. */
  readonly original: Inputs.NamedInputs
}

/** Sample with its inputs; null for a term without noise. */
interface SampleInputs {
  readonly sample: DrawTerms.MatchingSample | null
  readonly inputs: Inputs.NamedInputs
}

const faultOfSample = <P extends string>(
  { model, points, centred, original }: TermSearch<P>,
  term: Matching.DirectTerm,
  { sample, inputs: termInputs }: SampleInputs,
  at: {
    readonly params: Params.Params<P>
    readonly internal: Params.Params<P>
    readonly rows: ArrayLike<number> | undefined
  }
): Fault.NonFinite | null => {
  const lossOn = (from: number, count: number) => (params: Params.Tensors<P>) =>
    Matching.weightedMeanTerm(model, term)(params, Inputs.inputTensors(from, count)({ ...centred, ...termInputs }))
  const found = firstNonFiniteRow((from, count) => valueAndGrad<P>(lossOn(from, count))(at.internal), 0, points.rows)
  if (found === null) return null
  const { row: index, evaluated } = found
  const row = at.rows?.[index] ?? index
  const times: Inputs.NamedInputs = sample === null ? {} : { time: Inputs.perRowInput(sample.ofTime(time => time)) }
  const { time, ...values } = compute(() =>
    Inputs.inputTensors(index, 1)({ time: Inputs.numberInput(NaN), ...original, ...termInputs, ...times })
  )
  const inputs = { ...values, ...Fault.asInputs(at.params) }
  const when = sample === null ? {} : { time: time.values[0] }
  const level = levelOrWeightFault(values)
  if (level !== null) return { ...level, row, ...when, inputs }
  const cause = origin(lossOn(index, 1))(at.internal)
  return {
    ...describeTerm(Objective.show(term.of), evaluated),
    row,
    ...when,
    ...(cause !== null && { reason: Fault.because(cause) }),
    inputs
  }
}

/**
 * First row from `from` on whose value or gradient is not finite, by bisection; null if all are finite. If only their sum is not finite,
 * `from`.
 */
const firstNonFiniteRow = <P extends string>(
  evaluate: (from: number, count: number) => Loss.ValueAndGradient<P>,
  from: number,
  count: number
): { readonly row: number; readonly evaluated: Loss.ValueAndGradient<P> } | null => {
  if (count === 0) return null
  const evaluated = evaluate(from, count)
  if (isFiniteEvaluation(evaluated)) return null
  if (count === 1) return { row: from, evaluated }
  const half = count > ROWS_PER_SEARCH ? ROWS_PER_SEARCH : Math.ceil(count / 2)
  return (
    firstNonFiniteRow(evaluate, from, half) ??
    firstNonFiniteRow(evaluate, from + half, count - half) ?? { row: from, evaluated }
  )
}

const describeTerm = (
  term: string,
  { value, gradient }: Loss.ValueAndGradient<string>
): Pick<Fault.NonFinite, 'what' | 'value' | 'term' | 'parameter'> =>
  Number.isFinite(value)
    ? {
        what: 'the derivative of the objective',
        value: Fault.valueIn(gradient),
        term: `the derivative of ${term}`,
        parameter: Params.whereInfinite(gradient) ?? 'no parameter'
      }
    : { what: 'the objective', value, term }

/** Fault of a noise level that is not finite, otherwise of a weight. */
const levelOrWeightFault = (
  values: Readonly<Record<string, NdArray>>
): Pick<Fault.NonFinite, 'what' | 'value' | 'reason'> | null =>
  firstNonNull(LEVEL_INPUTS, name => {
    const value = name in values ? values[name].values[0] : 0
    const what = name === 'alpha' || name === 'sigma' ? 'the schedule' : "the objective's weight"
    return Number.isFinite(value) ? null : { what, value, reason: `${name} is ${value}` }
  })

/** Searches a batch: the given rows, or rows drawn from the key. */
export const locateNaNInBatch =
  <P extends string>(loss: Loss.Loss<P>, data: Source.Data, batch: number): LocateNaN<P> =>
  (params, key, rows) => {
    const keys = pipe(key, Key.named('rows', 'loss'))
    const { points, places } = Source.batch(batch, rows === undefined ? undefined : Int32Array.from(rows))(keys.rows)(
      data
    )
    return locateNaN(loss, points)(params, keys.loss, places)
  }

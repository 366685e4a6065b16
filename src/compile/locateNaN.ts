/** Locates the origin of a loss that is not finite: schedule, term, row, parameter, operation. */
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

/** Number of rows evaluated at once while searching for one that is not finite. */
const ROWS_PER_SEARCH = 4096

const isFiniteEvaluation = <P extends string>({ value, gradient }: Loss.ValueAndGradient<P>): boolean =>
  Number.isFinite(value) && Params.isFiniteParams(gradient)

/** First result that is not null; null if there is none. */
const firstNonNull = <A, B>(all: ReadonlyArray<A>, of: (a: A) => B | null): B | null =>
  all.reduce<B | null>((found, a) => found ?? of(a), null)

/** Inputs of a term that depend on the noise level alone (α, σ) or on the objective's weights. */
const LEVEL_INPUTS = ['alpha', 'sigma', 'weight', 'conversion'] as const

/**
 * Returns the first non-finite value of a loss at parameters and a key; null if all are finite. `rows` are the
 * indices of the rows in the data.
 */
export type LocateNaN<P extends string> = (
  params: Params.Params<P>,
  key: Key.Key,
  rows?: ArrayLike<number>
) => Fault.NonFinite | null

/** Searches a loss on data for its first non-finite value, term by term and row by row. */
export const locateNaN = <P extends string>(loss: Loss.Loss<P>, data: Source.Data): LocateNaN<P> => {
  if (Nodes.isPopulation(data)) {
    const levels = DrawTerms.lossNoiseLevels(loss)
    const mixtureOf = Loss.requireMixtureMap(loss.score)
    return (params, key) =>
      pipe(
        data.resolved(mixtureOf(params), levels),
        E.match(
          (problem): Fault.NonFinite => ({
            what: 'the population',
            value: NaN,
            reason: Problem.show(problem),
            inputs: Fault.asInputs(params)
          }),
          nodes =>
            // If all values on the nodes are finite, the population was rejected.
            locateNaN(loss, nodes)(params, key) ?? {
              what: 'the population',
              value: NaN,
              reason: Problem.show(Nodes.disagreement(nodes.rule)),
              inputs: Fault.asInputs(params)
            }
        )
      )
  }
  const { points: about, toInternal } = Loss.frameForLoss(loss)(data)
  const model = Score.interpret(loss.score)
  const draws = DrawTerms.drawTerms(loss)(about)
  const own = Matching.dataInputs(about, false)
  const theirs = Matching.dataInputs(data, false)
  return (params, key, rows) => {
    const here = toInternal(params)
    const { basis, terms } = draws(here, key)
    const first = (
      of: (first: number, count: number) => Loss.ValueAndGradient<P>,
      from: number,
      count: number
    ): readonly [row: number, found: Loss.ValueAndGradient<P>] | null => {
      if (count === 0) return null
      const found = of(from, count)
      if (isFiniteEvaluation(found)) return null
      const half = count > ROWS_PER_SEARCH ? ROWS_PER_SEARCH : Math.ceil(count / 2)
      return count === 1
        ? [from, found]
        : (first(of, from, half) ?? first(of, from + half, count - half) ?? [from, found])
    }
    const inTerm = ({ term: whole, samples }: DrawTerms.DrawnTerm): Fault.NonFinite | null => {
      const term = Objective.withRowwiseLoss(whole)
      const printed = Objective.show(term.of)
      if (Objective.isPenalty(term)) {
        const { value, gradient } = term.penalty(params)
        // A penalty returns a gradient in the parameters that it is given.
        const found = { value, gradient: gradient as Params.Params<P> }
        return isFiniteEvaluation(found) ? null : { ...describeTerm(printed, found), inputs: Fault.asInputs(params) }
      }
      const inputs: ReadonlyArray<readonly [Inputs.NamedInputs, DrawTerms.MatchingSample | null]> =
        Objective.isMatching(term)
          ? samples.map(sample => [Matching.termInputs(model, term, sample, basis, about), sample])
          : [[Matching.termConstants(term), null]]
      return firstNonNull(inputs, ([one, sample]) => {
        const on = (from: number, count: number) => (params: Params.Tensors<P>) =>
          Matching.weightedMeanTerm(model, term)(params, Inputs.inputTensors(from, count)({ ...own, ...one }))
        const found = first((from, count) => valueAndGrad<P>(on(from, count))(here), 0, about.rows)
        if (found === null) return null
        const [at, evaluated] = found
        const row = rows?.[at] ?? at
        const times: Inputs.NamedInputs =
          sample === null ? {} : { time: Inputs.perRowInput(sample.ofTime(time => time)) }
        const { time, ...values } = compute(() =>
          Inputs.inputTensors(at, 1)({ time: Inputs.numberInput(NaN), ...theirs, ...one, ...times })
        )
        const inputs = { ...values, ...Fault.asInputs(params) }
        const when = sample === null ? {} : { time: time.values[0] }
        const level = levelOrWeightFault(values)
        if (level !== null) return { ...level, row, ...when, inputs }
        const cause = origin(on(at, 1))(here)
        return {
          ...describeTerm(printed, evaluated),
          row,
          ...when,
          ...(cause !== null && { reason: Fault.because(cause) }),
          inputs
        }
      })
    }
    return firstNonNull(terms, inTerm)
  }
}

/** Evaluates a term, then its derivative if the value is finite. */
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

/** Reports a noise level that is not finite, with its schedule; otherwise a weight that is not. */
const levelOrWeightFault = (
  values: Readonly<Record<string, NdArray>>
): Pick<Fault.NonFinite, 'what' | 'value' | 'reason'> | null =>
  firstNonNull(LEVEL_INPUTS, name => {
    const value = name in values ? values[name].values[0] : 0
    const what = name === 'alpha' || name === 'sigma' ? 'the schedule' : "the objective's weight"
    return Number.isFinite(value) ? null : { what, value, reason: `${name} is ${value}` }
  })

/** `locateNaN` of a batch. */
export const inBatch =
  <P extends string>(loss: Loss.Loss<P>, data: Source.Data, batch: number): LocateNaN<P> =>
  (params, key, rows) => {
    const keys = pipe(key, Key.named('rows', 'loss'))
    const { points, places } = Source.batch(batch, rows === undefined ? undefined : Int32Array.from(rows))(keys.rows)(
      data
    )
    return locateNaN(loss, points)(params, keys.loss, places)
  }

/**
 * The two engines of terms that are sums over rows. `interpreted` evaluates any score and objective in the tensor
 * vocabulary, one operation at a time; `compiledEngine` compiles the same expressions to programs over rows. From
 * the same noise both compute the same sums, up to rounding.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as RR from 'fp-ts/lib/ReadonlyRecord.js'
import type * as Compiler from '../../lib/compiler/index.js'
import { compute, valueAndGrad, type Tensor } from '../../lib/index.js'
import { lazy } from '../../lib/plain/iterate.js'
import type * as Projection from '../mixture/projection.js'
import * as Chunks from '../../lib/rows/reduction.js'
import type { DrawnTerm, DrawnEvaluation, MatchingSample } from './drawTerms.js'
import * as Inputs from './inputs.js'
import * as Matching from './matching.js'
import * as Noise from './noise.js'
import * as Objective from '../objective/objective.js'
import * as Params from '../core/params.js'
import type * as Source from '../data/source/source.js'
import * as Score from '../score/score.js'
import { noGradient, type ValueAndGradient } from './valueAndGradient.js'

/** Reuse of the data: 'often' if they are evaluated repeatedly, 'once' for a batch that is drawn for one evaluation. */
export type DataReuse = 'often' | 'once'

/** Engine of direct terms: returns, for data, the reduction over rows that computes value and gradient. */
export type TermEngine<P extends string> = (
  data: Source.Data
) => (
  params: Params.Params<P>,
  evaluation: DrawnEvaluation<Matching.DirectTerm>
) => Chunks.Reduction<ValueAndGradient<P>>

/** Sum of values and gradients; 0 if there are none. `problem` is the first of the parts' problems. */
export const sumValueAndGradient = <P extends string>(
  params: Params.Params<P>,
  values: ReadonlyArray<ValueAndGradient<P>>
): ValueAndGradient<P> =>
  pipe(
    values,
    RA.matchLeft(
      () => ({ value: 0, gradient: Params.zeros(Params.shapes(params)) }),
      (first, others) =>
        others.reduce<ValueAndGradient<P>>((sum, part) => {
          const problem = sum.problem ?? part.problem
          return {
            value: sum.value + part.value,
            gradient: Params.zipWith((a, b) => a + b)(sum.gradient, part.gradient),
            ...(problem !== undefined && { problem })
          }
        }, first)
    )
  )

/** Multiplies a value and its gradient by a weight. */
export const scaleValueAndGradient =
  (weight: number) =>
  <P extends string>(part: ValueAndGradient<P>): ValueAndGradient<P> =>
    weight === 1 ? part : { value: weight * part.value, gradient: Params.mapValues(g => weight * g)(part.gradient) }

// —— interpreter ——

/** Value followed by the packed gradient, in one array. */
const packValueAndGradient = <P extends string>({ value, gradient }: ValueAndGradient<P>): Float64Array => {
  const all = Params.packed(gradient)
  return new Float64Array(1 + all.length).map((_, i) => (i === 0 ? value : all[i - 1]))
}

const unpackValueAndGradient =
  <P extends string>(shapes: Params.Shapes<P>) =>
  (numbers: Float64Array): ValueAndGradient<P> => ({
    value: numbers[0],
    gradient: Params.unpacked(shapes)(numbers.subarray(1))
  })

/**
 * Engine that interprets the terms chunk by chunk. One computation is alive at a time, so that memory does not grow
 * with rows, noise levels or draws.
 */
export const interpretedEngine =
  <P extends string>(score: Score.Score<P>, use: DataReuse, differentiates: boolean): TermEngine<P> =>
  data => {
    const model = Score.interpret(score)
    const { rows } = data
    const own = Matching.dataInputs(data, use === 'often')
    const isWeighted = 'rowWeight' in own
    return (params, { basis, terms }) => {
      const shapes = Params.shapes(differentiates ? params : noGradient<P>())
      const parts = terms.flatMap<{
        readonly weight: number
        readonly term: Matching.DirectTerm
        readonly inputs: Inputs.NamedInputs
      }>(({ weight, term, samples }) =>
        Objective.isMatching(term)
          ? samples.map(sample => ({ weight, term, inputs: Matching.termInputs(model, term, sample, basis, data) }))
          : [{ weight, term, inputs: Matching.termConstants(term) }]
      )
      const width = 1 + Params.paramsSize(shapes)
      return {
        rows,
        width,
        chunks: Chunks.chunksByRow(rows, width, (first, count, into) => {
          const tensors = Inputs.inputTensors(first, count)
          // The mean over a chunk is weighted by the chunk's share of the rows.
          const share = isWeighted ? 1 : count / rows
          parts.forEach(({ weight, term, inputs }) => {
            const mean = (params: Params.Tensors<P>): Tensor =>
              Matching.weightedMeanTerm(model, term)(params, tensors({ ...own, ...inputs }))
            const part = differentiates
              ? valueAndGrad<P>(mean)(params)
              : { value: compute(() => mean(Score.tensors(params))).values[0], gradient: noGradient<P>() }
            Chunks.addChunkSums(into, packValueAndGradient(scaleValueAndGradient(weight * share)(part)))
          })
        }),
        finish: unpackValueAndGradient(shapes)
      }
    }
  }

/** Engine that runs compiled programs, each compiled once. Terms that cannot be compiled are interpreted. */
export const compiledEngine = <P extends string>(
  score: Score.Score<P>,
  library: Compiler.Library,
  use: DataReuse,
  differentiates: boolean
): TermEngine<P> => {
  const model = Score.interpret(score)
  const known = new WeakMap<object, ReturnType<typeof programs>>()
  const programs = (term: Matching.DirectTerm): ((inputs: Inputs.NamedInputs) => TermCall['program']) => {
    const of = Matching.programIdentity(term)
    const found =
      known.get(of) ??
      Inputs.bySignature(inputs =>
        programOf(model, library, Score.shapes(inputs.clean.shape[0])(score), term, inputs, differentiates)
      )
    known.set(of, found)
    return found
  }
  return data => {
    const own = Matching.dataInputs(data, use === 'often')
    const otherwise = lazy(() => interpretedEngine(score, use, differentiates)(data))
    /** Cache of prepared calls: by sample list if the samples repeat, by term if only the keys change. */
    const known = new WeakMap<object, ReadonlyArray<RepeatedCall<P>>>()
    const readyFor = (drawn: DrawnTerm<Matching.DirectTerm>, basis: Projection.Basis): ReadonlyArray<CalledTerm<P>> => {
      const { term, samples, next } = drawn
      const changing = (own: ReadonlyArray<MatchingSample>): Inputs.NamedInputs => {
        const noise = own.at(0)?.noise
        return noise === undefined ? {} : Noise.changingNoiseInputs(noise, basis, data)
      }
      const at = next === 'same' ? samples : term
      const found = next === undefined ? undefined : known.get(at)
      if (found !== undefined && (next === 'same' || partsDifferInKeys(found, samples)))
        return found.map((part, i) => {
          const own = next === 'same' ? part.samples : [samples[i]]
          return { program: part.program, samples: own, call: params => part.again(params, changing(own)) }
        })
      const fresh = termCalls(model, programs(term), drawn, { basis, own, data })
      if (next !== undefined)
        known.set(
          at,
          fresh.map(part => {
            const again = lazy(() =>
              Inputs.repeatedLaunchArgs(RR.difference(changing(part.samples))(part.inputs), data.rows)
            )
            return { ...part, again: (params, inputs) => again()(params, inputs) }
          })
        )
      return fresh.map(({ program, inputs, samples }) => ({
        program,
        samples,
        call: params => Inputs.launchArgs(data.rows, params, inputs)
      }))
    }
    return (params, evaluation) => {
      const { basis, terms } = evaluation
      const sums = terms.flatMap(drawn => {
        const weigh = Chunks.mapReduction(({ value, gradient }: Compiler.Result) =>
          // The parameters of the signature are those of the score.
          scaleValueAndGradient(drawn.weight)({ value, gradient: gradient as Params.Params<P> })
        )
        return readyFor(drawn, basis).map(({ program, call, samples }) =>
          E.isRight(program)
            ? weigh(program.right.sum(call(params)))
            : otherwise()(params, { basis, terms: [{ ...drawn, samples }] })
        )
      })
      return sums.length === 1
        ? sums[0]
        : pipe(
            Chunks.all(data.rows, sums),
            Chunks.mapReduction(values => sumValueAndGradient(params, values))
          )
    }
  }
}

/**
 * Compiled program of one term; or the reason why it cannot be compiled. It computes the gradient if
 * `differentiates` (default: true).
 */
export const programOf = <P extends string>(
  model: Score.Model<P>,
  library: Compiler.Library,
  shapes: Params.Shapes<P>,
  term: Matching.DirectTerm,
  inputs: Inputs.NamedInputs,
  differentiates = true
): E.Either<string, Compiler.Program> =>
  library.program(
    Matching.programIdentity(term),
    Inputs.signature(shapes, inputs),
    ({ params, rows, constants }) => ({
      // The parameters of the signature are those of the score.
      value: Matching.weightedMeanTerm(model, term)(params as Params.Tensors<P>, { ...rows, ...constants })
    }),
    differentiates
  )

/** One program call of a term, with the samples that it covers. */
interface TermCall {
  readonly program: E.Either<string, Compiler.Program>
  readonly inputs: Inputs.NamedInputs
  readonly samples: ReadonlyArray<MatchingSample>
}

/** Program call of a term, with its launch arguments as a function of the parameters. */
interface CalledTerm<P extends string> extends Omit<TermCall, 'inputs'> {
  readonly call: (params: Params.Params<P>) => Compiler.Call
}

/** Program call that is repeated with other parameters; `again` takes only the inputs that change. */
interface RepeatedCall<P extends string> extends TermCall {
  readonly again: (params: Params.Params<P>, changing: Inputs.NamedInputs) => Compiler.Call
}

/** True if the samples equal those of the calls one by one, except for their keys. */
const partsDifferInKeys = (parts: ReadonlyArray<TermCall>, samples: ReadonlyArray<MatchingSample>): boolean =>
  parts.length === samples.length &&
  parts.every(part => part.samples.length === 1) &&
  samples.every((sample, i) => Matching.sampleDiffersInKey(parts[i].samples[0], sample))

/**
 * Numbers of samples that one program call can cover, in descending order: 128 fill a cache, the others cover the
 * remainder; a remainder below 4 takes a call of 4 too.
 */
const SAMPLE_BATCH_SIZES = [128, 16, 4] as const

/** Number of samples in one call if `count` remain. */
const callSizeFor = (count: number): number =>
  SAMPLE_BATCH_SIZES.find(n => n <= count) ?? Math.min(...SAMPLE_BATCH_SIZES)

/** Program calls of a term. Consecutive samples whose inputs differ in numbers alone share one call. */
export const termCalls = <P extends string>(
  model: Score.Model<P>,
  programFor: (inputs: Inputs.NamedInputs) => TermCall['program'],
  { term, samples }: DrawnTerm<Matching.DirectTerm>,
  {
    basis,
    own,
    data
  }: { readonly basis: Projection.Basis; readonly own: Inputs.NamedInputs; readonly data: Source.Data }
): ReadonlyArray<TermCall> => {
  if (!Objective.isMatching(term)) {
    const inputs = Object.assign({}, own, Matching.termConstants(term))
    return [{ program: programFor(inputs), inputs, samples: [] }]
  }
  const all = samples.map(sample => ({ sample, inputs: Matching.termInputs(model, term, sample, basis, data, own) }))
  const alone = ({ sample, inputs }: (typeof all)[number]): TermCall => ({
    program: programFor(inputs),
    inputs,
    samples: [sample]
  })
  if (all.length === 1) return all.map(alone)
  const most = Math.max(...SAMPLE_BATCH_SIZES)
  return pipe(
    all,
    RA.chop(left => {
      const alike = pipe(
        left.slice(0, most),
        RA.takeLeftWhile(({ inputs }) => Inputs.isVersion(left[0].inputs)(inputs))
      )
      const size = callSizeFor(alike.length)
      const own = alike.slice(0, size)
      const others = left.slice(Math.min(size, alike.length))
      const one = own.length > 1 ? joinSamples(own, size, programFor) : O.none
      return [O.isSome(one) ? [one.value] : own.map(alone), others]
    }),
    RA.flatten
  )
}

/** One call for several samples, padded with samples of weight 0 up to `size`; none if it cannot be compiled. */
const joinSamples = (
  own: ReadonlyArray<{ readonly sample: MatchingSample; readonly inputs: Inputs.NamedInputs }>,
  size: number,
  programFor: (inputs: Inputs.NamedInputs) => TermCall['program']
): O.Option<TermCall> => {
  const idle = { ...own[0].inputs, weight: Inputs.numberInput(0) }
  const inputs = Inputs.versions([
    ...own.map(({ inputs }) => inputs),
    ...Array.from({ length: size - own.length }, () => idle)
  ])
  return pipe(
    O.some(programFor(inputs)),
    O.filter(E.isRight),
    O.map(program => ({ program, inputs, samples: own.map(({ sample }) => sample) }))
  )
}

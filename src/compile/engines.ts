/**
 * Two engines of terms that are sums over rows: `interpretedEngine` evaluates one operation at a time, `compiledEngine` compiles programs
 * over rows. With the same noise their sums are equal up to rounding.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as RR from 'fp-ts/lib/ReadonlyRecord.js'
import type * as Compiler from '../../lib/compiler/index.js'
import { compute, valueAndGrad, type Tensor } from '../../lib/index.js'
import { lazy } from '../../lib/plain/iterate.js'
import { remembered } from '../../lib/plain/remembered.js'
import type * as Projection from '../mixture/projection.js'
import * as Reductions from '../../lib/rows/reduction.js'
import type { DrawnTerm, DrawnEvaluation, MatchingSample } from './drawTerms.js'
import * as Inputs from './inputs.js'
import * as Matching from './matching.js'
import * as Noise from './noise.js'
import * as Objective from '../objective/objective.js'
import * as Params from '../core/params.js'
import type * as Source from '../data/source/source.js'
import * as Score from '../score/score.js'
import { noGradient, type ValueAndGradient } from './valueAndGradient.js'

export interface EngineOptions {
  readonly use: Inputs.DataReuse
  readonly differentiates: boolean
}

/** Returns the reduction over rows that computes value and gradient of direct terms. */
export type TermEngine<P extends string> = (
  data: Source.Data
) => (
  params: Params.Params<P>,
  evaluation: DrawnEvaluation<Matching.DirectTerm>
) => Reductions.Reduction<ValueAndGradient<P>>

/** Adds values and gradients; 0 if there are none. `problem` is the first of the parts' problems. */
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

/** Interprets the terms chunk by chunk; memory does not grow with rows, noise levels or draws. */
export const interpretedEngine =
  <P extends string>(score: Score.Score<P>, { use, differentiates }: EngineOptions): TermEngine<P> =>
  data => {
    const model = Score.interpret(score)
    const { rows } = data
    const existing = Matching.dataInputs(data, use)
    const isWeighted = 'rowWeight' in existing
    return (params, { basis, terms }) => {
      const shapes = Params.shapes(differentiates ? params : noGradient<P>())
      const parts = terms.flatMap<{
        readonly weight: number
        readonly term: Matching.DirectTerm
        readonly inputs: Inputs.NamedInputs
      }>(({ weight, term, samples }) =>
        Objective.isMatching(term)
          ? samples.map(sample => ({
              weight,
              term,
              inputs: Matching.termInputs(model, term, sample, { basis, points: data })
            }))
          : [{ weight, term, inputs: Matching.termConstants(term) }]
      )
      const width = 1 + Params.paramsSize(shapes)
      return {
        rows,
        width,
        chunks: Reductions.chunksByRow(rows, width, (first, count, into) => {
          const tensors = Inputs.inputTensors(first, count)
          // the mean over a chunk is weighted by its share of the rows
          const share = isWeighted ? 1 : count / rows
          parts.forEach(({ weight, term, inputs }) => {
            const mean = (params: Params.Tensors<P>): Tensor =>
              Matching.weightedMeanTerm(model, term)(params, tensors({ ...existing, ...inputs }))
            const part = differentiates
              ? valueAndGrad<P>(mean)(params)
              : { value: compute(() => mean(Score.tensors(params))).values[0], gradient: noGradient<P>() }
            Reductions.addChunkSums(into, packValueAndGradient(scaleValueAndGradient(weight * share)(part)))
          })
        }),
        finish: unpackValueAndGradient(shapes)
      }
    }
  }

/** Compiler of a score's terms; the library caches programs by term and signature. */
export interface TermCompiler<P extends string> {
  readonly model: Score.Model<P>
  readonly library: Compiler.Library
  readonly shapes: Params.Shapes<P>
  readonly differentiates: boolean
}

/** Program of one term, or the reason why it cannot be compiled. */
export const termProgram = <P extends string>(
  { model, library, shapes, differentiates }: TermCompiler<P>,
  term: Matching.DirectTerm,
  inputs: Inputs.NamedInputs
): E.Either<string, Compiler.Program> =>
  library.program(
    Matching.programIdentity(term),
    Inputs.signature(shapes, inputs),
    ({ params, rows, constants }) => ({
      // the signature has the score's parameters
      value: Matching.weightedMeanTerm(model, term)(params as Params.Tensors<P>, { ...rows, ...constants })
    }),
    differentiates
  )

/** Runs compiled programs; terms that cannot be compiled are interpreted. */
export const compiledEngine = <P extends string>(
  score: Score.Score<P>,
  library: Compiler.Library,
  options: EngineOptions
): TermEngine<P> => {
  const { use, differentiates } = options
  const model = Score.interpret(score)
  const shapesAt = remembered((dim: number) => Score.shapes(dim)(score))
  return data => {
    const interpreted = lazy(() => interpretedEngine(score, options)(data))
    const calls = callCache(() => ({ model, library, shapes: shapesAt(data.dim), differentiates }), {
      existing: Matching.dataInputs(data, use),
      data
    })
    return (params, { basis, terms }) => {
      const sums = terms.flatMap(drawn => {
        const weigh = Reductions.mapReduction(({ value, gradient }: Compiler.Result) =>
          // the signature has the score's parameters
          scaleValueAndGradient(drawn.weight)({ value, gradient: gradient as Params.Params<P> })
        )
        return calls(drawn, basis).map(({ program, launchArgs, samples }) =>
          E.isRight(program)
            ? weigh(program.right.sum(launchArgs(params)))
            : interpreted()(params, { basis, terms: [{ ...drawn, samples }] })
        )
      })
      return sums.length === 1
        ? sums[0]
        : pipe(
            Reductions.all(data.rows, sums),
            Reductions.mapReduction(values => sumValueAndGradient(params, values))
          )
    }
  }
}

interface DataWithInputs {
  readonly data: Source.Data
  readonly existing: Inputs.NamedInputs
}

interface TermCall {
  readonly program: E.Either<string, Compiler.Program>
  readonly inputs: Inputs.NamedInputs
  readonly samples: ReadonlyArray<MatchingSample>
}

/** Program call without its parameters. */
interface ReadyCall<P extends string> extends Omit<TermCall, 'inputs'> {
  readonly launchArgs: (params: Params.Params<P>) => Compiler.Call
}

/**
 * Returns the program calls of a drawn term. If its next draw will be the same or differ in keys alone, the unchanged inputs are prepared
 * once.
 */
const callCache = <P extends string>(
  compiler: () => TermCompiler<P>,
  { data, existing }: DataWithInputs
): ((drawn: DrawnTerm<Matching.DirectTerm>, basis: Projection.Basis) => ReadonlyArray<ReadyCall<P>>) => {
  const known = new WeakMap<object, ReadonlyArray<RepeatedCall<P>>>()
  return (drawn, basis) => {
    const { term, samples, next } = drawn
    const changingInputs = (covered: ReadonlyArray<MatchingSample>): Inputs.NamedInputs => {
      const noise = covered.at(0)?.noise
      return noise === undefined ? {} : Noise.changingNoiseInputs(noise, basis, data)
    }
    const key = next === 'same' ? samples : term
    const found = next === undefined ? undefined : known.get(key)
    if (found !== undefined && (next === 'same' || differOnlyInKeys(found, samples)))
      return found.map((part, i) => {
        const covered = next === 'same' ? part.samples : [samples[i]]
        return {
          program: part.program,
          samples: covered,
          launchArgs: params => part.repeat(params, changingInputs(covered))
        }
      })
    const calls = termCalls(compiler(), drawn, { basis, existing, data })
    if (next !== undefined)
      known.set(
        key,
        calls.map(part => {
          const prepared = lazy(() =>
            Inputs.repeatedLaunchArgs(RR.difference(changingInputs(part.samples))(part.inputs), data.rows)
          )
          return { ...part, repeat: (params, inputs) => prepared()(params, inputs) }
        })
      )
    return calls.map(({ program, inputs, samples }) => ({
      program,
      samples,
      launchArgs: params => Inputs.launchArgs(data.rows, params, inputs)
    }))
  }
}

interface RepeatedCall<P extends string> extends TermCall {
  readonly repeat: (params: Params.Params<P>, changing: Inputs.NamedInputs) => Compiler.Call
}

/** True if each call has one sample, which differs from the new one only in the key of the noise. */
const differOnlyInKeys = (parts: ReadonlyArray<TermCall>, samples: ReadonlyArray<MatchingSample>): boolean =>
  parts.length === samples.length &&
  parts.every(part => part.samples.length === 1) &&
  samples.every((sample, i) => Matching.differsOnlyInKey(parts[i].samples[0], sample))

/** Numbers of samples in one program call, in descending order. 128 fill a cache; a remainder below 4 is padded. */
const SAMPLE_BATCH_SIZES = [128, 16, 4] as const

const sampleBatchSize = (count: number): number =>
  SAMPLE_BATCH_SIZES.find(n => n <= count) ?? Math.min(...SAMPLE_BATCH_SIZES)

/** Program calls of a term. Consecutive samples whose inputs differ in shared numbers alone share a call. */
export const termCalls = <P extends string>(
  compiler: TermCompiler<P>,
  { term, samples }: DrawnTerm<Matching.DirectTerm>,
  { basis, existing, data }: DataWithInputs & { readonly basis: Projection.Basis }
): ReadonlyArray<TermCall> => {
  const programFor = (inputs: Inputs.NamedInputs): TermCall['program'] => termProgram(compiler, term, inputs)
  if (!Objective.isMatching(term)) {
    const inputs = Object.assign({}, existing, Matching.termConstants(term))
    return [{ program: programFor(inputs), inputs, samples: [] }]
  }
  const all = samples.map(sample => ({
    sample,
    inputs: Matching.termInputs(compiler.model, term, sample, { basis, points: data, existing })
  }))
  const singleCall = ({ sample, inputs }: SampleInputs): TermCall => ({
    program: programFor(inputs),
    inputs,
    samples: [sample]
  })
  if (all.length === 1) return all.map(singleCall)
  const largest = Math.max(...SAMPLE_BATCH_SIZES)
  return pipe(
    all,
    RA.chop(left => {
      const alike = pipe(
        left.slice(0, largest),
        RA.takeLeftWhile(({ inputs }) => Inputs.isVersion(left[0].inputs)(inputs))
      )
      const size = sampleBatchSize(alike.length)
      const batch = alike.slice(0, size)
      const others = left.slice(Math.min(size, alike.length))
      const joined = batch.length > 1 ? joinSamples(batch, size, programFor) : O.none
      return [O.isSome(joined) ? [joined.value] : batch.map(singleCall), others]
    }),
    RA.flatten
  )
}

interface SampleInputs {
  readonly sample: MatchingSample
  readonly inputs: Inputs.NamedInputs
}

/** Joins samples in one call, padded with weight 0 up to `size`; none if it cannot be compiled. */
const joinSamples = (
  batch: ReadonlyArray<SampleInputs>,
  size: number,
  programFor: (inputs: Inputs.NamedInputs) => TermCall['program']
): O.Option<TermCall> => {
  const padding = { ...batch[0].inputs, weight: Inputs.numberInput(0) }
  const inputs = Inputs.versions([
    ...batch.map(({ inputs }) => inputs),
    ...Array.from({ length: size - batch.length }, () => padding)
  ])
  return pipe(
    O.some(programFor(inputs)),
    O.filter(E.isRight),
    O.map(program => ({ program, inputs, samples: batch.map(({ sample }) => sample) }))
  )
}

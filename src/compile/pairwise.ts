/**
 * Terms over pairs of rows, L(u) with the row outputs u, [n, k]. One program computes u, another the gradient Σᵢ ⟨∂L/∂uᵢ, ∂uᵢ/∂θ⟩; L and
 * ∂L/∂u are computed between them.
 */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import type * as Compiler from '../../lib/compiler/index.js'
import { compute, fromNdArray, mul, reshape, sum, valueAndGrad, type NdArray, type Tensor } from '../../lib/index.js'
import * as Reductions from '../../lib/rows/reduction.js'
import type { TermCompiler } from './engines.js'
import * as Inputs from './inputs.js'
import * as Matching from './matching.js'
import type * as Objective from '../objective/objective.js'
import * as Params from '../core/params.js'
import type * as Score from '../score/score.js'
import { noGradient, type ValueAndGradient } from './valueAndGradient.js'

export type Paired = Objective.Matching & { readonly pairs: NonNullable<Objective.Matching['pairs']> }

/** Outputs u of a term, [rows, k]. */
const rowOutputs = <P extends string>(
  model: Score.Model<P>,
  term: Paired
): ((params: Params.Tensors<P>, inputs: Inputs.InputTensors) => Tensor) => {
  const of = Matching.termOutputPerRow(model, term)
  return (params, inputs) => {
    const own = of(params, inputs)
    return reshape(own, [inputs.clean.shape[0], -1])
  }
}

/** Σᵢ ⟨∂L/∂uᵢ, uᵢ⟩ with the input `slope` for ∂L/∂u; its gradient is that of L. */
const slopeProduct = <P extends string>(
  model: Score.Model<P>,
  term: Paired
): ((params: Params.Tensors<P>, inputs: Inputs.InputTensors) => Tensor) => {
  const rows = rowOutputs(model, term)
  return (params, { slope, ...inputs }) => sum(sum(mul(slope, rows(params, inputs)), 1))
}

/** Programs of a term over pairs, or the reasons why they cannot be compiled. */
interface PairwisePrograms {
  readonly outputs: ReturnType<Compiler.Library['program']>
  readonly gradient: (slope: NdArray) => ReturnType<Compiler.Library['program']>
}

/** Compiles the outputs of a term and their gradient. */
export const pairwisePrograms = <P extends string>(
  { model, library, shapes }: Omit<TermCompiler<P>, 'differentiates'>,
  term: Paired,
  inputs: Inputs.NamedInputs
): PairwisePrograms => ({
  outputs: library.program(
    term.perRow,
    Inputs.signature(shapes, inputs),
    // the signature has the score's parameters, here and below
    ({ params, rows, constants }) => ({
      others: { u: rowOutputs(model, term)(params as Params.Tensors<P>, { ...rows, ...constants }) }
    }),
    false
  ),
  gradient: slope =>
    library.program(
      term.pairs,
      Inputs.signature(shapes, { ...inputs, slope: Inputs.rowInput(slope.shape.slice(1), slope.values) }),
      ({ params, rows, constants }) => ({
        value: slopeProduct(model, term)(params as Params.Tensors<P>, { ...rows, ...constants })
      })
    )
})

/** Evaluates a term, with its gradient if `differentiates`; interpreted if there is no library. */
export const evaluatePairwise = <P extends string>(
  model: Score.Model<P>,
  term: Paired,
  {
    library,
    rows,
    differentiates
  }: { readonly library: Compiler.Library | null; readonly rows: number; readonly differentiates: boolean }
): ((params: Params.Params<P>, inputs: Inputs.NamedInputs) => ValueAndGradient<P>) => {
  const notCompiled = E.left('op by op')
  return (params, inputs) => {
    const programs =
      library === null ? null : pairwisePrograms({ model, library, shapes: Params.shapes(params) }, term, inputs)
    const u = pipe(
      programs?.outputs ?? notCompiled,
      E.match(
        () =>
          compute(() => rowOutputs(model, term)(Params.map(fromNdArray)(params), Inputs.inputTensors(0, rows)(inputs))),
        program => program.run(Inputs.launchArgs(rows, params, inputs)).others.u
      )
    )
    if (!differentiates) return { value: compute(() => term.pairs(fromNdArray(u))).values[0], gradient: noGradient() }
    const { value, gradient } = valueAndGrad<'u'>(({ u }) => term.pairs(u))({ u })
    const withSlope = { ...inputs, slope: Inputs.rowInput(u.shape.slice(1), gradient.u.values) }
    return {
      value,
      gradient: pipe(
        programs?.gradient(gradient.u) ?? notCompiled,
        E.match(
          () =>
            valueAndGrad<P>(params => slopeProduct(model, term)(params, Inputs.inputTensors(0, rows)(withSlope)))(
              params
            ).gradient,
          program =>
            Reductions.evaluate(program.sum(Inputs.launchArgs(rows, params, withSlope))).gradient as Params.Params<P>
        )
      )
    }
  }
}

/** Maximum number of values of all pairs, computed at once. */
export const MAX_PAIR_NUMBERS = 4194304

/** Returns the number of values of all ordered pairs of rows, for `width` outputs of a row. */
export const pairNumbers = (rows: number, width: number): number => rows * (rows - 1) * width

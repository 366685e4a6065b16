/** Denoising (explicit) and implicit score matching. */
import { add, div, mul, square, sub, sum as total, vjp, type Tensor } from '../../lib/index.js'
import { Case, Field } from '../core/index.js'
import * as Limits from '../core/limits.js'
import * as Parametrization from '../schedule/parametrization.js'
import * as NoiseLevels from './noiseLevels.js'
import { define, type Estimate, type Form, type Row } from './term.js'

const sumOverColumns = (x: Tensor): Tensor => total(x, 1, true)

/**
 * |y − target|² if all noise is drawn. Otherwise a loss with the mean of |s + z/σ|² for every share c of the denoising form (Stein): |s|² +
 * 2(1 − c) div s + 2c⟨s, z⟩/σ + (c|z|² + (1 − c)d)/σ².
 */
export const denoisingRow = (row: Row): Tensor => {
  const { projectedNoise: seen, noisy, level } = row
  const { share } = seen
  if (share === null) return sumOverColumns(square(sub(row.output, row.outputTarget)))
  const squares = add(mul(share, seen.squaredNoise()), mul(sub(1, share), noisy.shape[1] ?? 1))
  return add(seen.mixed(share), div(squares, square(level.sigma)))
}

/** Implicit form |s|² + 2 div s, [rows, 1], without a target. */
export const implicitRow = ({ projectedNoise: seen }: Row): Tensor => seen.implicit()

/** Mean over random directions v of 2 vᵀ(∂s/∂x)v plus |s|² (Hutchinson) or (v·s)² (sliced), [rows, 1]. */
const estimatedImplicitRow =
  (estimate: Estimate, divergence: 'hutchinson' | 'sliced') =>
  ({ score, noisy, level, scoreAt, directions }: Row): Tensor => {
    const all = directions(estimate).map(v => {
      const curvature = mul(2, sumOverColumns(mul(vjp(x => scoreAt(x, level))(noisy, v), v)))
      return add(
        divergence === 'sliced' ? square(sumOverColumns(mul(v, score))) : sumOverColumns(square(score)),
        curvature
      )
    })
    return div(all.reduce(add), estimate.probes)
  }

/** Formula of the loss, and of the equal weighted loss of the score. */
const denoisingForm = (given: Parametrization.Parametrization | null): string => {
  const parametrization = given ?? Parametrization.score
  const weight = Parametrization.weightFormula(Parametrization.score, parametrization)
  const own = `E ${Parametrization.lossFormula(parametrization)}`
  return weight === '1'
    ? own
    : `${own} = E ${weight.includes('/') ? `[${weight}]` : weight} ${Parametrization.lossFormula(Parametrization.score)}`
}

const denoisingCase = define({
  name: 'denoising',
  about: 'the DDPM objective, in any parametrization (arXiv 2006.11239)',
  fields: {
    /** Noise levels of the mean. */
    noiseLevels: NoiseLevels.field,
    /** Parametrization of the error; null for the score. */
    parametrization: Field.optional(Field.of(Parametrization.concept))
  },
  call: ['noiseLevels', 'parametrization'],
  example: { noiseLevels: NoiseLevels.at(0.3) },
  formula: ({ noiseLevels, parametrization }) =>
    `${denoisingForm(parametrization)}, ${NoiseLevels.formula(noiseLevels)}`,
  meaning: ({ noiseLevels, parametrization }) => ({
    noiseLevels,
    perRow: denoisingRow,
    measuredIn: parametrization ?? Parametrization.score,
    supportsProjectedNoise: true,
    translationInvariant: true,
    float32: true,
    proper: true
  })
})

/**
 * Denoising score matching, the DDPM objective: L = E |s(x_t) + z/σ|², minimised by the score of x_t. (Not ½L; the gradient is in the
 * parameters at time 0, not α times them.) In another parametrization y = p x_0 + q z it is E |y(x_t) − (p x_0 + q z)|², which weights each
 * level: by σ² for the noise, σ⁴/α² for the data, σ²(α² + σ²)²/α² for the velocity.
 *
 * @example
 * import { strict as assert } from 'node:assert'
 * import { Objective, Parametrization, NoiseLevels } from 'ornstein'
 *
 * assert.equal(
 *   Objective.formula(Objective.denoising(NoiseLevels.at(0.3), Parametrization.noise)),
 *   'E |ε(x_t) − z|² = E σ² |s(x_t) + z/σ|², at t = 0.3'
 * )
 */
export const denoising = Case.caseCalledBy(
  denoisingCase,
  (noiseLevels: NoiseLevels.NoiseLevels, parametrization?: Parametrization.Parametrization) =>
    denoisingCase(noiseLevels, parametrization ?? null)
)

const DIVERGENCE_ESTIMATE_FORMULAS = {
  hutchinson: '|s(x_t)|² + 2 v·∂s(x_t)v',
  sliced: '(v·s(x_t))² + 2 v·∂s(x_t)v'
} as const

const implicitCase = define({
  name: 'implicit',
  about: 'implicit score matching, with the exact divergence (Hyvärinen 2005)',
  fields: {
    /** Noise levels of the mean. */
    noiseLevels: NoiseLevels.field,
    /** Estimator of the divergence. Default: exact. */
    estimate: Field.optional(
      Field.record({
        divergence: Field.oneOf(['hutchinson', 'sliced']),
        probes: Field.count({ default: 1, most: Limits.maxDraws }),
        law: Field.oneOf(['rademacher', 'normal'])
      })
    )
  },
  call: ['noiseLevels', 'estimate'],
  example: { noiseLevels: NoiseLevels.at(0.3) },
  formula: ({ noiseLevels, estimate }) =>
    `E [${
      estimate === null
        ? '|s(x_t)|² + 2 div s(x_t)]'
        : `${DIVERGENCE_ESTIMATE_FORMULAS[estimate.divergence]}], ${estimate.probes} ${estimate.law} v`
    }, ${NoiseLevels.formula(noiseLevels)}`,
  meaning: ({ noiseLevels, estimate }): Form => ({
    noiseLevels,
    bounded: true,
    translationInvariant: true,
    proper: true,
    ...(estimate === null
      ? { perRow: implicitRow, supportsProjectedNoise: true }
      : { perRow: estimatedImplicitRow(estimate, estimate.divergence), exact: implicit(noiseLevels) })
  })
})

/**
 * Implicit score matching: L = E[|s(x_t)|² + 2 div s(x_t)], the denoising objective less d/σ², without a noise target (Hyvärinen 2005). It
 * stays finite as t → 0.
 *
 * The divergence of a custom score takes a gradient for each dimension. Estimates from `probes` random directions v with E vvᵀ = I have the
 * same mean: 'hutchinson' uses |s|² + 2 vᵀ(∂s/∂x)v (Hutchinson 1990), 'sliced' uses (v·s)² + 2 vᵀ(∂s/∂x)v (Song et al. 2019, arXiv
 * 1905.07088, equation 7).
 */
export const implicit = Case.caseCalledBy(
  implicitCase,
  (
    noiseLevels: NoiseLevels.NoiseLevels,
    {
      divergence = 'exact',
      probes = 1,
      law = 'rademacher'
    }: {
      readonly divergence?: 'exact' | 'hutchinson' | 'sliced'
      readonly probes?: number
      readonly law?: Estimate['law']
    } = {}
  ) => implicitCase(noiseLevels, divergence === 'exact' ? null : { divergence, probes, law })
)

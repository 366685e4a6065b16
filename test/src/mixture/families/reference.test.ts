/** Every reference value of mixtures with general covariances, computed independently by PyTorch 2.6 autograd in float64. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { add, fromNdArray, mul, neg, square, sum, valueAndGrad, type Tensor } from '../../../../lib/index.js'
import { iterateAnalysis } from '../../../../src/mixture/families/factorAnalysis.js'
import * as Params from '../../../../src/core/params.js'
import { at, clean, covariancesOf, emStep, levels, momentsOf, sorts, tensors, type Made } from './families.js'
import {
  Compile,
  Expectation,
  Key,
  Objective,
  Problem,
  Schedule,
  NoiseLevels,
  type Points
} from '../../../../src/index.js'
import { interpret, type Model } from '../../../../src/mixture/family.js'
import { there } from '../../../there.js'

type Rows = ReadonlyArray<ReadonlyArray<number>>
type Named = Readonly<Record<string, Params.Nested>>
interface Loss {
  readonly value: number
  readonly grad: Named
}
interface Step {
  readonly means: Rows
  readonly weights: ReadonlyArray<number>
  readonly covariances: ReadonlyArray<Rows>
  /** One inner step of a factor analyser. */
  readonly factors?: ReadonlyArray<Rows>
  readonly noise?: Rows
}
interface Case extends Named {
  readonly family: string & Params.Nested
}
interface Read {
  readonly family: string
  readonly components: number
  readonly rank: number
  readonly t: number
  readonly alpha: number
  readonly sigma: number
  readonly floor: number
  readonly rowWeights?: ReadonlyArray<number>
  readonly x0: Rows
  readonly xt: Rows
  readonly z: Rows
  readonly score: Rows
  readonly divergence: ReadonlyArray<number>
  readonly covariances: ReadonlyArray<Rows>
  readonly logDensityAtX0: ReadonlyArray<number>
  readonly logDensityAtXt: ReadonlyArray<number>
  readonly responsibilitiesAtX0: Rows
  readonly responsibilitiesAtXt: Rows
  readonly denoising: Loss
  readonly implicit: Loss
  readonly likelihood: Loss
  readonly emStep: Step
  readonly noisyEmStep?: Step
}

// The file is written by the reference program and checked in: its type is as above.
const { cases } = JSON.parse(readFileSync(new URL('../../../oracle/general.json', import.meta.url), 'utf8')) as {
  readonly cases: ReadonlyArray<Read & Case>
}

/** The tolerance of the whole file, on values of size 1: autograd's own rounding in sums of some hundred terms. */
const TOLERANCE = 1e-10

const flat = (nested: Params.Nested): ReadonlyArray<number> =>
  typeof nested === 'number' ? [nested] : nested.flatMap(flat)

const close = (found: ArrayLike<number>, wanted: Params.Nested): void => {
  const all = flat(wanted)
  expect(found.length).toBe(all.length)
  const scale = Math.max(1, ...all.map(Math.abs))
  all.forEach((x, i) => expect(Math.abs(found[i] - x)).toBeLessThan(TOLERANCE * scale))
}

const names = ['means', 'logits', 'logVariances', 'logScales', 'lower', 'factors', 'logNoise']

const array = (
  nested: Params.Nested,
  shape: ReadonlyArray<number>
): { shape: ReadonlyArray<number>; values: Float64Array } => ({
  shape,
  values: Float64Array.from(flat(nested))
})

// A round one has its values in closed form, and is held to its mixture.
describe.each(sorts.filter(({ name }) => name !== 'tiedIsotropic'))('$name of the reference', sort => {
  const own = cases.filter(({ family }) => family === sort.name)

  it('is met', () => expect(own.length).toBeGreaterThan(1))

  it.each(own.map(one => [`K = ${one.components}, t = ${one.t}`, one] as const))('%s', (_, one) => {
    const dim = one.x0[0].length
    const model: Model<string> = interpret(sort.of(one.components, one.rank))
    const shapes = model.shapes(dim)
    expect(Object.keys(shapes).sort()).toEqual(names.filter(name => name in one).sort())
    const params = Params.map<ReadonlyArray<number>, ReturnType<typeof array>>((shape, name) =>
      array(one[name], shape)
    )(shapes)
    const made: Made = { model, family: there(model.family), params, dim }
    const [x0, xt, z] = [one.x0, one.xt, one.z].map(rows => Float64Array.from(rows.flat()))
    const weights = Float64Array.from(one.rowWeights ?? one.x0.map(() => 1 / one.x0.length))

    close(covariancesOf(made.family, params), one.covariances)
    for (const perRow of [false, true]) {
      close(at(made, xt, one, 'score', perRow), one.score)
      close(at(made, xt, one, 'divergence', perRow), one.divergence)
      close(at(made, xt, one, 'logDensity', perRow), one.logDensityAtXt)
      close(at(made, xt, one, 'responsibilities', perRow), one.responsibilitiesAtXt)
      close(at(made, x0, clean, 'logDensity', perRow), one.logDensityAtX0)
      close(at(made, x0, clean, 'responsibilities', perRow), one.responsibilitiesAtX0)

      const level = levels(one.alpha, one.sigma, perRow ? one.x0.length : 1)
      const rows = (values: Float64Array): Tensor => fromNdArray({ shape: [one.x0.length, dim], values })
      const total = (losses: Tensor): Tensor =>
        sum(mul(losses, fromNdArray({ shape: [weights.length, 1], values: weights })))
      const losses: Readonly<Record<'denoising' | 'implicit' | 'likelihood', (own: Params.Tensors<string>) => Tensor>> =
        {
          denoising: own =>
            total(sum(square(add(model.score(own, rows(xt), tensors(level)), mul(1 / one.sigma, rows(z)))), 1, true)),
          implicit: own =>
            total(
              add(
                sum(square(model.score(own, rows(xt), tensors(level))), 1, true),
                mul(2, model.divergence(own, rows(xt), tensors(level)))
              )
            ),
          likelihood: own => neg(total(made.family.logDensity(own, rows(x0), tensors(levels(1, 0)))))
        }
      for (const name of ['denoising', 'implicit', 'likelihood'] as const) {
        const { value, gradient } = valueAndGrad(losses[name])(params)
        close([value], one[name].value)
        for (const parameter of Object.keys(shapes)) close(gradient[parameter].values, one[name].grad[parameter])
      }
    }

    // The same as users ask for it: at the level that the schedule has then, by whatever plan is taken.
    const { alpha, sigma } = Schedule.level(one.t)(Schedule.ornsteinUhlenbeck)
    close([alpha, sigma], [one.alpha, one.sigma])
    const points: Points.Points = { rows: one.x0.length, dim, values: x0, weights }
    const noise = Expectation.fixed({ rows: one.x0.length, dim, values: z })
    const time = NoiseLevels.at(one.t)
    const objectives = {
      denoising: Objective.denoising(time),
      implicit: Objective.implicit(time),
      likelihood: Objective.likelihood
    }
    for (const name of ['denoising', 'implicit', 'likelihood'] as const) {
      const asked = { schedule: Schedule.ornsteinUhlenbeck, score: sort.of(one.components, one.rank) }
      const evaluate = Compile.valueAndGrad({ ...asked, objective: objectives[name], expectation: noise })(points)
      const { value, gradient } = Problem.orThrow(evaluate)(params, Key.fromSeed(0))
      close([value], one[name].value)
      for (const parameter of Object.keys(shapes)) close(gradient[parameter].values, one[name].grad[parameter])
    }

    const meets = (params: Params.Params<string>, step: Step): void => {
      close(params.means.values, step.means)
      const top = Math.max(...params.logits.values)
      const masses = params.logits.values.map(l => Math.exp(l - top))
      const mass = masses.reduce((a, b) => a + b, 0)
      close(
        masses.map(m => m / mass),
        step.weights
      )
      close(covariancesOf(made.family, params), step.covariances)
    }
    if (sort.name === 'lowRank') {
      const { mass, sums, second } = momentsOf(made, x0, weights, clean, 'full')
      const scatter = second.map((s, entry) => {
        const row = Math.floor(entry / dim)
        const j = entry % dim
        const k = Math.floor(row / dim)
        return s / mass[k] - (sums[row] / mass[k]) * (sums[k * dim + j] / mass[k])
      })
      close(scatter, one.emStep.covariances)
      const parts = (values: Float64Array): ReadonlyArray<Float64Array> =>
        Array.from({ length: one.components }, (_, k) => {
          const width = values.length / one.components
          return values.slice(k * width, (k + 1) * width)
        })
      const [loads, noise] = [params.factors.values, params.logNoise.values.map(Math.exp)].map(parts)
      const found = iterateAnalysis(
        { loadings: 'own', noise: 'own', isotropic: false },
        parts(scatter).map(s => ({ mass: 1, s })),
        loads.map((f, k) => ({ loads: f, noise: noise[k] })),
        { least: 1e-300, steps: 1 }
      )
      close(
        found.flatMap(({ loads }) => Array.from(loads)),
        one.emStep.factors ?? []
      )
      close(
        found.flatMap(({ noise }) => Array.from(noise)),
        one.emStep.noise ?? []
      )
      const { means, weights: shares } = one.emStep
      const step = emStep(made, x0, weights, clean, 1e-12)
      close(step.means.values, means)
      close(step.logits.values.map(Math.exp), shares)
    } else meets(emStep(made, x0, weights, clean, 1e-12), one.emStep)
    if (one.noisyEmStep !== undefined) meets(emStep(made, xt, weights, one, one.floor), one.noisyEmStep)
  })
})

/** Objectives with a known minimum, as plain functions of parameters. */
import { type Optimizer, Params } from '../../../src/index.js'

export type Objective<P extends string> = (params: Params.Params<P>) => Optimizer.Evaluation<P>

export interface Problem {
  readonly objective: Objective<'x'>
  readonly start: Params.Params<'x'>
  readonly minimum: ReadonlyArray<number>
}

const objective =
  (
    f: (x: ReadonlyArray<number>) => { readonly value: number; readonly gradient: ReadonlyArray<number> }
  ): Objective<'x'> =>
  ({ x: { shape, values } }) => {
    const { value, gradient } = f([...values])
    return { value, gradient: { x: { shape, values: Float64Array.from(gradient) } } }
  }

/** ½(x² + 100 y²), turned by 0.5: condition 100. */
const quadratic: Problem = {
  objective: objective(([x, y]) => {
    const c = Math.cos(0.5)
    const s = Math.sin(0.5)
    const u = c * x + s * y
    const v = -s * x + c * y
    return { value: (u * u + 100 * v * v) / 2, gradient: [c * u - s * 100 * v, s * u + c * 100 * v] }
  }),
  start: Params.of({ x: [1, 1] }),
  minimum: [0, 0]
}

/** (1 − x)² + 100 (y − x²)², from the usual start (Rosenbrock 1960). */
const rosenbrock: Problem = {
  objective: objective(([x, y]) => {
    const rise = y - x * x
    return { value: (1 - x) ** 2 + 100 * rise ** 2, gradient: [-2 * (1 - x) - 400 * x * rise, 200 * rise] }
  }),
  start: Params.of({ x: [-1.2, 1] }),
  minimum: [1, 1]
}

/** Passes and failures against hours of study, as in the textbook example of logistic regression. */
const hours = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 1.75, 2, 2.25, 2.5, 2.75, 3, 3.25, 3.5, 4, 4.25, 4.5, 4.75, 5, 5.5]
const passed = [0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1]

/** The mean negative log-likelihood of P(pass) = 1/(1 + exp(−a − b (hours − 3))). */
const logistic: Problem = {
  objective: objective(([a, b]) => {
    const residuals = hours.map((h, i) => 1 / (1 + Math.exp(-a - b * (h - 3))) - passed[i])
    const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, v) => sum + v, 0) / hours.length
    return {
      value: mean(hours.map((h, i) => Math.log(1 + Math.exp((passed[i] === 1 ? -1 : 1) * (a + b * (h - 3)))))),
      gradient: [mean(residuals), mean(residuals.map((r, i) => r * (hours[i] - 3)))]
    }
  }),
  start: Params.of({ x: [0, 0] }),
  // Published for this data: intercept −4.0777, slope 1.5046 (a = −4.0777 + 3 · 1.5046); digits by Fisher scoring, below.
  minimum: fisherScoring()
}

/** Newton's iteration for logistic regression, written out for two coefficients. */
function fisherScoring(): ReadonlyArray<number> {
  let a = 0
  let b = 0
  for (let step = 0; step < 20; step++) {
    let g0 = 0
    let g1 = 0
    let h00 = 0
    let h01 = 0
    let h11 = 0
    hours.forEach((h, i) => {
      const x = h - 3
      const p = 1 / (1 + Math.exp(-a - b * x))
      g0 += p - passed[i]
      g1 += (p - passed[i]) * x
      h00 += p * (1 - p)
      h01 += p * (1 - p) * x
      h11 += p * (1 - p) * x * x
    })
    const determinant = h00 * h11 - h01 * h01
    ;[a, b] = [a - (h11 * g0 - h01 * g1) / determinant, b - (h00 * g1 - h01 * g0) / determinant]
  }
  return [a, b]
}

export const problems = { quadratic, rosenbrock, logistic }

/** How far parameters are from the minimum of a problem. */
export const distance = ({ minimum }: Problem, { x }: Params.Params<'x'>): number =>
  Math.hypot(...minimum.map((entry, i) => entry - x.values[i]))

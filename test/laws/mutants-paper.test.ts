/** Wrong gradients, and the identities of the paper that tell. */
import { pipe } from 'fp-ts/lib/function.js'
import { mul, neg, reshape, softmax, square, stopGradient, sub, sum, tanh, div, matMul } from '../../lib/index.js'
import { Case, Compile, Expectation, Objective, Params, Points, Schedule, Score, TimeLaw } from '../../src/index.js'
import { pairParts } from '../../src/laws/paper.js'
import * as Density from '../../src/laws/density.js'
import type { Evaluate } from '../../src/laws/objective.js'
import * as laws from '../../src/laws/paper.js'
import type { Loss } from '../../src/compile/loss.js'
import { areCaught, compiling, evaluation, timesGradient } from './mutant.js'

const right = laws.paper()
const pair = 'the pair’s gradient is EM plus G'
const components = 'the gradient of K components in closed form'
const power = 'small means are led by power iteration'
const moments = 'small centres are matched by their second moments'
const implicit = `implicit is denoising in expectation: ${Score.show(Score.symmetricPair)}`

const alphaOf = <P extends string>({ objective }: Loss<P>): number =>
  pipe(Case.field(objective, 'timeLaw'), (law: unknown) =>
    Case.isValue(law) && Case.isMadeBy(TimeLaw.at)(law) ? Math.exp(-law.time) : 1
  )

const times = (factor: (alpha: number) => number): Evaluate =>
  evaluation((result, { loss }) => timesGradient(factor(alphaOf(loss)), result))

/** The gradient as EM alone would have it: G dropped. */
const withoutG: Evaluate = evaluation((result, { loss, points, params }) => {
  const { expectation } = loss
  if (!('mean' in params) || !Case.isMadeBy(Expectation.fixed)(expectation)) return result
  const alpha = alphaOf(loss)
  const sigma = Math.sqrt(1 - alpha ** 2)
  const xt = points.values.map((x, i) => alpha * x + sigma * expectation.noise.values[i])
  const m = Array.from((params as Params.Params<string>)['mean'].values, c => alpha * c)
  const { em } = pairParts(Points.weightsOf(points), Density.rowsOf({ ...points, values: xt }), m)
  const gradient = Params.of({ mean: Density.minus(m, em).map(g => 2 * alpha * g) })
  // The parameters have just been seen to be those of the pair.
  return { value: result.value, gradient: gradient as typeof result.gradient }
})

/** Another score in its place, with the same parameters. */
const scoring =
  (apply: Score.Custom['apply'], of: Case.CaseOf<Case.AnyValue>): Evaluate =>
  loss =>
    Compile.valueAndGrad(
      Case.isMadeBy(of)(loss.score)
        ? {
            ...loss,
            score: Score.custom({ name: 'stopped', shapes: Score.interpret(loss.score).shapes, apply })
          }
        : loss
    )

const logits = (
  means: Parameters<typeof square>[0],
  products: ReturnType<typeof square>,
  alpha: ReturnType<typeof square>
): ReturnType<typeof square> =>
  sub(mul(alpha, products), mul(div(square(alpha), 2), reshape(sum(square(means), 1), [1, -1])))

areCaught([
  { wrong: 'G dropped', law: pair, mutant: laws.paper({ evaluate: withoutG }), right },
  {
    wrong: 'α forgotten in ∂/∂mean = α ∂/∂m',
    law: pair,
    mutant: laws.paper({ evaluate: times(alpha => 1 / alpha) }),
    right
  },
  { wrong: 'a sign', law: pair, mutant: laws.paper({ evaluate: times(() => -1) }), right },
  {
    wrong: 'tanh held still by a stop-gradient',
    law: pair,
    mutant: laws.paper({
      evaluate: scoring(({ mean }, x, { alpha }) => {
        const m = mul(alpha, reshape(mean, [1, -1]))
        return sub(mul(stopGradient(tanh(sum(mul(m, x), 1, true))), m), x)
      }, Score.symmetricPair)
    }),
    right
  },
  { wrong: 'L for ½L', law: components, mutant: laws.paper({ evaluate: times(() => 0.5) }), right },
  {
    wrong: 'responsibilities held still by a stop-gradient',
    law: components,
    mutant: laws.paper({
      evaluate: scoring(({ means }, x, { alpha }) => {
        const w = softmax(logits(means, matMul(x, means, { transposeB: true }), alpha))
        return sub(mul(alpha, matMul(stopGradient(w), means)), x)
      }, Score.spherical)
    }),
    right
  },
  {
    wrong: 'd/σ² forgotten',
    law: implicit,
    mutant: laws.paper({
      evaluate: evaluation((result, { loss, points }) => {
        const alpha = alphaOf(loss)
        return Case.isMadeBy(Objective.denoising)(loss.objective)
          ? { ...result, value: result.value - points.dim / (1 - alpha ** 2) }
          : result
      })
    }),
    right
  },
  {
    wrong: '1/σ² for d/σ²',
    law: implicit,
    mutant: laws.paper({
      evaluate: evaluation((result, { loss, points }) => {
        const alpha = alphaOf(loss)
        return Case.isMadeBy(Objective.denoising)(loss.objective)
          ? { ...result, value: result.value - (points.dim - 1) / (1 - alpha ** 2) }
          : result
      })
    }),
    right
  },
  {
    wrong: 'div s for 2 div s',
    law: implicit,
    mutant: laws.paper({
      evaluate: compiling(loss =>
        Case.isMadeBy(Objective.implicit)(loss.objective)
          ? {
              ...loss,
              objective: Objective.sum([
                Objective.weight(0.5)(loss.objective),
                Objective.weight(0.5)(
                  Objective.custom('|s|²', loss.objective.timeLaw, ({ score }) => sum(square(score), 1))
                )
              ])
            }
          : loss
      )
    }),
    right
  },
  {
    wrong: 'the target +z/σ',
    law: implicit,
    mutant: laws.paper({
      evaluate: compiling(loss =>
        Case.isMadeBy(Objective.denoising)(loss.objective)
          ? {
              ...loss,
              objective: Objective.custom('+z/σ', loss.objective.timeLaw, ({ score, target }) =>
                sum(square(sub(score, neg(target))), 1)
              )
            }
          : loss
      )
    }),
    right
  },
  {
    wrong: 'Ĉ for Ĉ − I',
    law: power,
    mutant: laws.paper({
      evaluate: evaluation((result, { loss, params }) => ({
        value: result.value,
        gradient: Params.zipWith((g, p) => g - 4 * alphaOf(loss) ** 4 * p)(result.gradient, params)
      }))
    }),
    right
  },
  { wrong: 'α² for α⁴', law: power, mutant: laws.paper({ evaluate: times(alpha => alpha ** -2) }), right },
  {
    wrong: 'σ² for σ',
    law: power,
    mutant: laws.paper({
      evaluate: compiling(loss => ({
        ...loss,
        schedule: Schedule.custom({
          name: 'σ² for σ',
          alpha: t => Math.exp(-t),
          sigma: t => -Math.expm1(-2 * t),
          until: 100
        })
      }))
    }),
    right
  },
  {
    wrong: 'a loss twice too large',
    law: moments,
    mutant: laws.paper({ evaluate: evaluation(({ value, gradient }) => ({ value: 2 * value, gradient })) }),
    right
  },
  {
    wrong: 'a penalty on long centres',
    law: moments,
    mutant: laws.paper({
      evaluate: evaluation(({ value, gradient }, { params }) => ({
        value: value + 0.01 * Params.norm(params) ** 2,
        gradient
      }))
    }),
    right
  }
])

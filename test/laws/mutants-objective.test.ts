/** Wrong objectives, and wrong computations of right ones. */
import { pipe } from 'fp-ts/lib/function.js'
import { exp, log, mean, mul, neg, sqrt, square, stopGradient, sub, sum, add } from '../../lib/index.js'
import { Case, Compile, Expectation, Key, Objective, Params, Points, Score, TimeLaw } from '../../src/index.js'
import type { Law } from '../../src/laws/law.js'
import * as laws from '../../src/laws/objective.js'
import { areCaught, compiling, evaluation, timesGradient } from './mutant.js'
import { ofPenalty } from './published.js'

const at = TimeLaw.at(0.3)
const score = Score.spherical({ components: 2 })
const builtIn = Objective.denoising(at)
const right = laws.objective(builtIn, score)

/** The laws of a custom objective. */
const custom = (
  perRow: Objective.Matching['perRow'],
  claims: laws.ObjectiveOptions<'means'> = {}
): ReadonlyArray<Law> => laws.objective(Objective.custom('mutant', at, perRow), score, claims)

/** The laws of the built-in objective, believed to be computed otherwise. */
const computed = (evaluate: laws.Evaluate, objective: Objective.Objective = builtIn): ReadonlyArray<Law> =>
  laws.objective(objective, score, { evaluate })

const square2 = custom(({ score, target }) => sum(square(sub(score, target)), 1), { isotropic: true, proper: true })

/** Objectives changed wherever they stand. */
const changing = (change: (objective: Objective.Objective) => Objective.Objective): laws.Evaluate =>
  compiling(loss => ({ ...loss, objective: change(loss.objective) }))

const slopes = 'gradient is that of the value'
const truth = 'the truth is stationary in population'
const repeats = 'a row of weight n is n rows'

areCaught([
  {
    wrong: 'a gradient twice too long',
    law: slopes,
    mutant: computed(evaluation(result => timesGradient(2, result))),
    right
  },
  {
    wrong: 'a gradient a hundred-millionth too long',
    law: slopes,
    mutant: computed(evaluation(result => timesGradient(1 + 1e-8, result))),
    right
  },
  {
    wrong: 'a gradient that points uphill',
    law: slopes,
    mutant: computed(evaluation(result => timesGradient(-1, result))),
    right
  },
  {
    wrong: 'a gradient with respect to m = α · mean',
    law: slopes,
    mutant: computed(evaluation(result => timesGradient(Math.exp(0.3), result))),
    right
  },
  {
    wrong: 'a stop-gradient on the score',
    law: slopes,
    mutant: custom(({ score, target }) => sum(mul(sub(score, target), sub(stopGradient(score), target)), 1)),
    right: square2
  },
  {
    wrong: 'a stop-gradient on a weight that depends on the score',
    law: slopes,
    mutant: custom(({ score, target }) =>
      mul(stopGradient(exp(neg(mean(square(score), 1)))), sum(square(sub(score, target)), 1))
    ),
    right: custom(({ score, target }) => mul(exp(neg(mean(square(score), 1))), sum(square(sub(score, target)), 1)))
  },
  {
    wrong: 'gradients at parameters rounded to 0.1',
    law: slopes,
    mutant: computed(loss => points => {
      const compiled = Compile.valueAndGrad(loss)(points)
      return pipe(compiled, either =>
        either._tag === 'Left'
          ? either
          : {
              ...either,
              right: (params, key) => ({
                value: either.right(params, key).value,
                gradient: either.right(Params.mapValues(p => Math.round(10 * p) / 10)(params), key).gradient
              })
            }
      )
    }),
    right
  },
  {
    wrong: 'the exponential of a square',
    law: 'is finite on edge cases',
    mutant: custom(({ score }) => exp(sum(square(score), 1))),
    right
  },
  {
    wrong: 'a logarithm that meets 0',
    law: 'is finite on edge cases',
    mutant: custom(({ clean }) => log(sum(square(clean), 1))),
    right
  },
  {
    wrong: 'later rows count more',
    law: 'does not know the order of the rows',
    // A row that asks for the others is refused by Compile; so here the compiler is what counts them.
    mutant: computed(
      loss => points =>
        Compile.valueAndGrad(loss)({
          ...points,
          weights: Float64Array.from({ length: points.rows }, (_, i) => (i + 1) * (points.weights?.[i] ?? 1))
        })
    ),
    right
  },
  {
    wrong: 'weights ignored',
    law: repeats,
    mutant: computed(
      loss =>
        ({ rows, dim, values }) =>
          Compile.valueAndGrad(loss)({ rows, dim, values })
    ),
    right
  },
  {
    wrong: 'weights that are not normalized',
    law: repeats,
    mutant: computed(
      evaluation(({ value, gradient }, { points }) => {
        const total = points.weights === undefined ? 1 : Points.totalWeight(points)
        return { value: total * value, gradient: Params.mapValues(g => total * g)(gradient) }
      })
    ),
    right
  },
  {
    wrong: 'a sum for a mean',
    law: repeats,
    mutant: computed(
      evaluation(({ value, gradient }, { points }) => ({
        value: points.rows * value,
        gradient: Params.mapValues(g => points.rows * g)(gradient)
      }))
    ),
    right
  },
  {
    wrong: 'the last component without a gradient',
    law: 'does not know the order of the components',
    mutant: computed(
      evaluation(({ value, gradient }) => ({
        value,
        gradient: Params.map<Params.Params<string>[string], Params.Params<string>[string]>(({ shape, values }) => ({
          shape,
          values: values.map((g, i) => (i < values.length / 2 ? g : 0))
        }))(gradient)
      }))
    ),
    right
  },
  {
    wrong: 'pseudo-Huber by coordinates, believed not to know the axes',
    law: 'turns with data, noise and centres',
    mutant: custom(({ score, target }) => mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1), {
      isotropic: true
    }),
    right: square2
  },
  {
    wrong: 'the weight of a term forgotten',
    law: 'weighting multiplies',
    mutant: computed(
      changing(objective => (Case.isMadeBy(Objective.weight)(objective) ? objective.objective : objective))
    ),
    right
  },
  {
    wrong: 'the mean of the terms for their sum',
    law: 'summing adds',
    mutant: computed(
      changing(objective =>
        Case.isMadeBy(Objective.sum)(objective)
          ? Objective.weight(1 / objective.objectives.length)(objective)
          : objective
      )
    ),
    right
  },
  {
    wrong: 'a gradient a millionth of the parameters too long',
    law: truth,
    mutant: computed(
      evaluation(({ value, gradient }, { params }) => ({
        value,
        gradient: Params.zipWith((g, p) => g + 1e-6 * p)(gradient, params)
      }))
    ),
    right
  },
  {
    wrong: 'less of the value the further the means are',
    law: 'the truth is a minimum in population',
    mutant: computed(
      evaluation(({ value, gradient }, { params }) => ({ value: value - Params.norm(params), gradient }))
    ),
    right
  },
  {
    wrong: 'the target −z for −z/σ',
    law: truth,
    mutant: custom(({ score, noise }) => sum(square(add(score, noise)), 1), { proper: true }),
    right: square2
  },
  {
    wrong: 'the target +z/σ',
    law: truth,
    mutant: custom(({ score, target }) => sum(square(add(score, target)), 1), { proper: true }),
    right: square2
  },
  {
    wrong: 'pseudo-Huber, believed to be minimised by the truth',
    law: truth,
    mutant: custom(({ score, target }) => mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1), {
      proper: true
    }),
    right: square2
  },
  {
    wrong: 'div s for 2 div s',
    law: truth,
    mutant: computed(
      // ½(|s|² + 2 div s) + ½|s|²
      changing(objective =>
        Case.isMadeBy(Objective.implicit)(objective)
          ? Objective.sum([
              Objective.weight(0.5)(objective),
              Objective.weight(0.5)(Objective.custom('|s|²', objective.timeLaw, ({ score }) => sum(square(score), 1)))
            ])
          : objective
      ),
      Objective.implicit(at)
    ),
    right: laws.objective(Objective.implicit(at), score)
  },
  {
    wrong: 'noise shared between calls, not the row’s own',
    law: repeats,
    mutant: computed(
      loss => points =>
        Compile.valueAndGrad({
          ...loss,
          expectation: Case.isMadeBy(Expectation.fixed)(loss.expectation)
            ? Expectation.fixed({ ...points, values: Key.normal(points.rows * points.dim)(Key.fromSeed(1)) })
            : loss.expectation
        })(points)
    ),
    right
  }
])

// —— estimates ——

const hutchinson = Objective.implicit(at, { divergence: 'hutchinson' })
const exactly = 'its mean is that of its exact form'

areCaught([
  {
    wrong: 'half of an estimated divergence',
    law: exactly,
    mutant: computed(
      changing(objective =>
        Case.isMadeBy(Objective.implicit)(objective) && objective.estimate !== null
          ? Objective.sum([
              Objective.weight(0.5)(objective),
              Objective.weight(0.5)(Objective.custom('|s|²', objective.timeLaw, ({ score }) => sum(square(score), 1)))
            ])
          : objective
      ),
      hutchinson
    ),
    right: laws.objective(hutchinson, score),
    cases: 1
  },
  {
    wrong: 'probes of variance ½',
    law: exactly,
    mutant: computed(
      changing(objective =>
        Case.isMadeBy(Objective.implicit)(objective) && objective.estimate?.divergence === 'sliced'
          ? Objective.weight(0.5)(objective)
          : objective
      ),
      Objective.implicit(at, { divergence: 'sliced' })
    ),
    right: laws.objective(Objective.implicit(at, { divergence: 'sliced' }), score),
    cases: 1
  }
])

// —— regularizers ——

const l2 = Objective.regularizer({ norm: 'l2' })
const some = Objective.regularizer({ norm: 'l1', smoothing: 0.125, parameters: ['logits'] })
const isotropic = Score.isotropic({ components: 2 })

const penalized = <P extends string>(
  penalty: Objective.Objective,
  of: Score.Score<P>,
  evaluate?: laws.Evaluate
): ReadonlyArray<Law> => ofPenalty(penalty, of, evaluate && { evaluate })

areCaught([
  {
    wrong: 'the sum over the rows for the mean',
    law: 'looks at the parameters alone',
    mutant: penalized(
      l2,
      score,
      evaluation(({ value, gradient }, { points: { rows } }) => ({
        value: rows * value,
        gradient: Params.mapValues(g => rows * g)(gradient)
      }))
    ),
    right: penalized(l2, score)
  },
  {
    wrong: 'half of the square',
    law: 'is the sum that is written',
    mutant: penalized(
      l2,
      score,
      changing(objective =>
        Case.isMadeBy(Objective.regularizer)(objective) ? Objective.weight(0.5)(objective) : objective
      )
    ),
    right: penalized(l2, score)
  },
  {
    wrong: 'a penalty on all parameters for one on some',
    law: 'leaves the parameters that it does not name alone',
    mutant: penalized(
      some,
      isotropic,
      changing(objective =>
        Case.isMadeBy(Objective.regularizer)(objective) ? { ...objective, parameters: null } : objective
      )
    ),
    right: penalized(some, isotropic)
  },
  {
    wrong: 'a reward for length',
    law: 'is convex',
    mutant: penalized(
      l2,
      score,
      changing(objective =>
        Case.isMadeBy(Objective.regularizer)(objective) ? Objective.weight(-1)(objective) : objective
      )
    ),
    right: penalized(l2, score)
  }
])

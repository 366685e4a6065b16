/**
 * Laws of the correspondence between the DDPM objective and expectation–maximization: they share their fixed points up
 * to a correction that vanishes, and all noise levels together are the likelihood. Schedule: Ornstein–Uhlenbeck.
 */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { add, compute, expandDims, fill, Key, type NdArray } from '../../lib/index.js'
import { iterate } from '../../lib/plain/iterate.js'
import { refuse } from '../../lib/plain/refuse.js'
import type * as Loss from '../compile/loss.js'
import * as Points from '../data/points.js'
import {
  Compile,
  Expectation,
  ExpectationMaximization,
  Initializer,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Pipeline,
  Run,
  Schedule,
  Score,
  Stage,
  TimeLaw
} from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { sameBits } from './bits.js'
import { compiled, flat, greatest, direction } from './check.js'
import { over, ofRows, is, isAtMost, type Said } from './lawRows.js'
import * as Density from './density.js'
import type { Laws } from './law.js'
import type { Evaluate } from './objective.js'
import { orderOf, pairParts } from './paper.js'

/** One step of expectation–maximization, what `ExpectationMaximization.step` does or is believed to. */
export type Step = <P extends string>(
  family: Score.Family<P>,
  varianceFloor: number,
  points: Points.Points
) => (params: Params.Params<P>) => ExpectationMaximization.Taken<P>

export interface EMOptions {
  /** What is believed to compute value and gradient; by default what is compiled. */
  readonly evaluate?: Evaluate
  readonly step?: Step
  /** Multiplies every tolerance below; 1 is what rounding and quadrature are expected to cost. */
  readonly slack?: number
}

interface Example<P extends string> {
  readonly points: Points.Points
  readonly params: Params.Params<P>
  readonly time: number
}

const schedule = Schedule.ornsteinUhlenbeck
const FLOOR = 1e-6
const dempster = 'Dempster, Laird & Rubin 1977, JRSS B 39:1–38'
const shah = 'Shah, Chen & Klivans 2023, arXiv 2307.01178'

const familyOf = <P extends string>(score: Score.Score<P>): Score.Family<P> =>
  pipe(
    Score.interpret(score).family,
    O.getOrElse((): Score.Family<P> =>
      refuse(`${Score.show(score)} is not the score of a mixture; try Score.spherical`)
    )
  )

const meaningOf = <P extends string>(score: Score.Score<P>): ((params: Params.Params<P>) => Density.Gaussians) =>
  pipe(
    Density.meaning(score),
    O.getOrElse((): ((params: Params.Params<P>) => Density.Gaussians) =>
      refuse(`${Score.show(score)} is not the score of a mixture; try Score.spherical`)
    )
  )

const times = fc.integer({ min: 2, max: 15 }).map(k => k / 10)

const cases = <P extends string>(
  score: Score.Score<P>,
  points: (dim: number) => fc.Arbitrary<Points.Points>,
  { dims = Arbitrary.dims, extent = 2, spread = 1 } = {}
): fc.Arbitrary<Example<P>> =>
  dims.chain(dim =>
    fc.record({ points: points(dim), params: Arbitrary.params(score, { extent, spread })(dim), time: times })
  )

/** The gradient of an objective with noise integrated: in one dimension by equal steps, for the pair by quadrature. */
const gradientOf =
  <P extends string>(evaluate: Evaluate, score: Score.Score<P>, points: Points.Points, nodes: number) =>
  (objective: Objective.Objective): ((params: Params.Params<P>) => ReadonlyArray<number>) => {
    const { points: rows, noise } = Arbitrary.isMirrored(score)
      ? { points, noise: null }
      : Density.withNoise(points, Density.trapezoid(nodes))
    const expectation = noise === null ? Expectation.quadrature({ nodes }) : Expectation.fixed(noise)
    const f = compiled(evaluate({ schedule, score, objective, expectation })(rows))
    return params => flat(f(params, Key.fromSeed(0)).gradient)
  }

/** log(π_k p_k(x)) of each row, as the textbook has it where it has the family, else as its components say. */
const jointOf = <P extends string>(
  score: Score.Score<P>
): ((points: Points.Points, params: Params.Params<P>) => ReadonlyArray<Density.Row>) =>
  pipe(
    Density.meaning(score),
    O.match(
      () => {
        const { components } = familyOf(score)
        return (points: Points.Points, params: Params.Params<P>) => {
          const all = compute(() => {
            const { logWeights, logDensity } = components(Score.tensors(params), points.dim)
            const clean = { alpha: fill([1, 1], 1), sigma: fill([1, 1], 0) }
            return add(logDensity(Points.tensor(points), clean), expandDims(logWeights, 0))
          })
          return Density.rowsOf({ rows: points.rows, dim: all.shape[1], values: all.values })
        }
      },
      meaning => (points: Points.Points, params: Params.Params<P>) =>
        Density.rowsOf(points).map(row => Density.joint(row)(meaning(params)))
    )
  )

/** log Σ e^x */
const logSum = (logs: Density.Row): number => {
  const most = logs.reduce((most, log) => Math.max(most, log), -Infinity)
  return most + Elementary.log(logs.reduce((sum, log) => sum + Elementary.exp(log - most), 0))
}

/** Whether inner steps of an M-step lead to where it would be: how near, nobody knows. */
const isGeneralized = <P extends string>({ mStep }: Pick<Score.Family<P>, 'mStep'>): boolean =>
  O.exists(({ isGeneralized }: Score.MStep<P>) => isGeneralized === true)(mStep)

/** Laws of a step of any family that has an M-step: by the log-densities of its components, and nothing else. */
export const maximization = <P extends string>(
  score: Score.Score<P>,
  { step = ExpectationMaximization.step, slack = 1 }: Pick<EMOptions, 'step' | 'slack'> = {}
): Laws => {
  const family = familyOf(score)
  const raises = isGeneralized(family)
  const joint = jointOf(score)
  const meets = [...Arbitrary.meets(score), 'weighted']
  const minRows = Arbitrary.minRows(score)
  const stepOn = (points: Points.Points, params: Params.Params<P>, floor = FLOOR): ExpectationMaximization.Taken<P> =>
    step(family, floor, points)(params)
  /** −E log p(x) */
  const loss = (points: Points.Points, params: Params.Params<P>): number =>
    -Density.combine(
      Array.from(Points.weightsOf(points)),
      joint(points, params).map(logs => [logSum(logs)]),
      1
    )[0]
  const sizeOf = (points: Points.Points, params: Params.Params<P>): number =>
    Elementary.square(1 + greatest([...points.values, ...flat(params)]))

  /** Rows of which each component has enough for covariances of its own: of fewer the floor decides. */
  const many = (dim: number): fc.Arbitrary<Points.Points> =>
    Arbitrary.points({ minRows: Math.max(minRows, 4) * (dim + 1), far: 10 })(dim)

  const lawOf = over(cases(score, Arbitrary.points({ minRows })))
  return ofRows(Score.show(score), [
    lawOf({
      name: 'a step never lowers the likelihood',
      statement:
        '∀ θ, x: ℓ(EM(θ)) ≤ ℓ(θ), ℓ = −E log p(x), equal centres and far and equal rows included. To 1e-12 (1 + |ℓ|) r², the rounding of ℓ.',
      source: dempster,
      meets,
      says: ({ points, params }) => {
        const [before, after] = [params, stepOn(points, params).params].map(at => loss(points, at))
        return isAtMost(after, before, slack * 1e-12 * (1 + Math.abs(before)) * sizeOf(points, params))
      }
    }),
    lawOf({
      name: 'the value of a step is the likelihood where it begins',
      statement:
        '∀ θ, x: the value is −E log p(x; θ), of the textbook, or of what the components say. To 1e-12 (1 + |ℓ|) r², the rounding of ℓ.',
      source: dempster,
      meets,
      says: ({ points, params }) => {
        const wanted = loss(points, params)
        const tolerance = slack * 1e-12 * (1 + Math.abs(wanted)) * sizeOf(points, params)
        return is(stepOn(points, params).value, wanted, tolerance)
      }
    }),
    over(fc.tuple(cases(score, many), Arbitrary.seeds).map(([each, seed]) => ({ ...each, seed })))({
      name: raises ? 'a step raises Q' : 'a step takes what is greatest of Q',
      statement:
        (raises ? '∀ θ, x: Q(θ′ | θ) ≥ Q(θ | θ)' : '∀ θ, x, |v| = 1, h of 1e-3 and 0.1: Q(θ′ ± hv | θ) ≤ Q(θ′ | θ)') +
        ` for θ′ = EM(θ), Q = E Σ_k p(k | x; θ) log π_k′ p(x; θ′_k); where no variance comes to the floor of ${FLOOR}. To ` +
        '1e-11 (1 + |Q|) r², the rounding of Q.',
      source: raises ? 'Neal & Hinton 1998' : dempster,
      meets,
      says: ({ points, params, seed }) => {
        const next = stepOn(points, params).params
        // What a floor holds goes along with it.
        if (!sameBits(stepOn(points, params, FLOOR / 2).params, next)) return []
        const weights = Points.weightsOf(points)
        const shares = joint(points, params).map(logs => {
          const all = logSum(logs)
          return logs.map(log => Elementary.exp(log - all))
        })
        const q = (at: Params.Params<P>): number =>
          joint(points, at).reduce(
            (sum, logs, i) =>
              sum + weights[i] * logs.reduce((sum, log, k) => (shares[i][k] === 0 ? sum : sum + shares[i][k] * log), 0),
            0
          )
        const best = q(next)
        const tolerance = slack * 1e-11 * (1 + Math.abs(best)) * sizeOf(points, params)
        const towards = direction(next, seed)
        const others = raises
          ? [params]
          : [1e-3, -1e-3, 0.1, -0.1].map(by => Params.zipWith((x, v: number) => x + by * v)(next, towards))
        return isAtMost(others.map(q), best, tolerance)
      }
    })
  ])
}

/** Laws of expectation–maximization for the score of any mixture: those of its step, and more where the textbook has the family. */
export const em = <P extends string>(
  score: Score.Score<P>,
  { evaluate = Compile.valueAndGrad, step = ExpectationMaximization.step, slack = 1 }: EMOptions = {}
): Laws => {
  const family = familyOf(score)
  const centresOf = pipe(
    Score.startOf(family, 1),
    O.fold(
      () => (): NdArray => refuse(`${Score.show(score)} has no centres of its own; give it its start`),
      ({ centres }) => centres
    )
  )
  const minRows = Arbitrary.minRows(score)
  const stepOn = (points: Points.Points, params: Params.Params<P>): ReturnType<ReturnType<typeof step<P>>> =>
    step(family, FLOOR, points)(params)

  const textbook = { claim: O.isSome(Density.meaning(score)), unless: 'no textbook has the family' } as const

  return ofRows(Score.show(score), [
    over(
      cases(score, () => fc.constant(Density.pointsOf(1, [[0]])), {
        dims: fc.constant(1),
        extent: 1.25,
        spread: 0.5
      })
    )({
      ...textbook,
      name: 'the truth is a fixed point of both',
      statement:
        '∀ θ with centres up to 1.25, in one dimension, x_0 from the mixture of θ: EM(θ) = θ (weights and variances too) and ∇L(θ) = 0 for the DDPM objective at t. To 1e-5: populations by 48 equal steps, whose error is below 1e-6 here.',
      source: dempster,
      says: ({ params, time }) => {
        const truth = meaningOf(score)(params)
        const population = Density.population(truth, Density.trapezoid(48))
        const next = meaningOf(score)(stepOn(population, params).params)
        const read = (mixture: Density.Gaussians): unknown => ({
          means: mixture.map(({ mean }) => mean),
          weights: mixture.map(({ weight }) => weight),
          variances: mixture.map(({ variance }) => variance)
        })
        const gradient = gradientOf(evaluate, score, population, 48)(Objective.implicit(TimeLaw.at(time)))(params)
        const tolerance = slack * 1e-5
        return [is(read(next), read(truth), tolerance), is(gradient, 0, tolerance)]
      }
    }),
    over(cases(score, Arbitrary.points({ minRows, far: 10 })))({
      ...textbook,
      name: 'a step is the likelihood’s gradient divided by responsibilities',
      statement:
        '∀ θ, x: EM(θ)_i = c_i − v_i ∂ℓ/∂c_i / E[w_i], ℓ = −E log p(x); the pair’s c of both components together. To 1e-12 r²/E[w_i], r the size of data and centres: sums of that size are rounded.',
      source: `${dempster}; Xu & Jordan 1996`,
      says: ({ points, params }) => {
        const { gradient } = compiled(
          evaluate({
            schedule,
            score,
            objective: Objective.likelihood,
            expectation: Expectation.monteCarlo()
          })(points)
        )(params, Key.fromSeed(0))
        const before = meaningOf(score)(params)
        const weights = Array.from(Points.weightsOf(points))
        const masses = Density.combine(
          weights,
          Density.rowsOf(points).map(row => Density.responsibilities(row)(before)),
          before.length
        )
        const { shape, values } = centresOf(params)
        const next = centresOf(stepOn(points, params).params).values
        const slopes = centresOf(gradient).values
        const r = 1 + greatest([...points.values, ...values])
        return Array.from({ length: shape[0] }).map((_, k) => {
          // The pair has one centre, and all of the mass.
          const mass = shape[0] < before.length ? 1 : masses[k]
          const part = (array: Float64Array): Float64Array => array.subarray(k * shape[1], (k + 1) * shape[1])
          const wanted = part(values).map((c, j) => c - (before[k].variance * part(slopes)[j]) / mass)
          return mass >= 1e-8 && is(part(next), wanted, (slack * 1e-12 * r * r) / mass)
        })
      }
    }),
    maximization(score, { step, slack }),
    over(
      cases(
        score,
        Arbitrary.points({ minRows, maxRows: Math.max(3, minRows), extent: 2, far: 1 }),
        Arbitrary.isMirrored(score) ? { extent: 1 } : { dims: fc.constant(1), extent: 1.25, spread: 0.5 }
      )
    )({
      ...textbook,
      name: 'all noise levels together are the likelihood',
      statement:
        '∀ θ, x: ∫_0^T ∂L_t dt → ∂(−E log p(x_0)) as T → ∞ and nodes grow: the error at T = 12 with 48 nodes is below 1e-7 (1 + |∇|), halves at least from T = 1 to 2 to 4, and from 4 to 16 nodes, until it is there. (The tail is of order e^{−4T}.)',
      source: 'Song et al. 2021, arXiv 2101.09258, theorem 1',
      says: ({ points, params }) => {
        const of = gradientOf(evaluate, score, points, 48)
        const wanted = of(Objective.likelihood)(params)
        // Variances are e^{−½} at least.
        const timeLaw = (until: number, nodes: number): TimeLaw.TimeLaw =>
          TimeLaw.likelihood({ until, nodes, leastVariance: 0.6 })
        const error = (until: number, nodes: number): number =>
          greatest(Density.minus(of(Objective.implicit(timeLaw(until, nodes)))(params), wanted))
        const enough = slack * 1e-7 * (1 + greatest(wanted))
        const falls = (errors: ReadonlyArray<number>): Said =>
          isAtMost(
            errors.slice(1),
            errors.slice(0, -1).map(before => Math.max(enough, before / 2))
          )
        return [
          is(error(12, 48), 0, enough),
          falls([1, 2, 4].map(until => error(until, 48))),
          falls([4, 16, 48].map(nodes => error(12, nodes)))
        ]
      }
    })
  ])
}

/** x_t given exactly: rows of x_0 = x_t/α met by no noise. */
const given = (
  evaluate: Evaluate,
  time: number,
  xt: Points.Points
): ((m: Density.Row) => { readonly descent: Density.Row; readonly loss: Loss.ValueAndGradient<'mean'> }) => {
  const { alpha } = Schedule.level(time)(schedule)
  const f = compiled(
    evaluate({
      schedule,
      score: Score.symmetricPair,
      objective: Objective.implicit(TimeLaw.at(time)),
      expectation: Expectation.fixed({ ...xt, values: xt.values.map(() => 0) })
    })({ ...xt, values: xt.values.map(x => x / alpha) })
  )
  return m => {
    const loss = f(Params.of({ mean: m.map(value => value / alpha) }), Key.fromSeed(0))
    return { loss, descent: Array.from(loss.gradient.mean.values, g => -g / (2 * alpha)) }
  }
}

/** A sample of a well separated pair, and a start. */
const samples = fc.record({
  centre: fc.integer({ min: 1, max: 3 }).chain(dim =>
    fc
      .array(Arbitrary.real(1), { minLength: dim, maxLength: dim })
      // Between 1.75 and 2.25 long.
      .map(direction => {
        const length = Elementary.norm(direction)
        return length === 0
          ? [2, ...direction.slice(1)]
          : direction.map(x => (x / length) * (1.75 + Math.min(0.5, length)))
      })
  ),
  seed: Arbitrary.seeds,
  time: fc.integer({ min: 1, max: 3 }).map(k => k / 10)
})
type Sample = typeof samples extends fc.Arbitrary<infer A> ? A : never

const draw = ({ centre, seed }: Sample): Points.Points =>
  Mixture.sample(12)(Key.fromSeed(seed))(Mixture.symmetricPair(centre))

/** Laws of the pair, whose gradient is an EM step and a correction G. */
export const emPair = ({
  evaluate = Compile.valueAndGrad,
  step = ExpectationMaximization.step,
  slack = 1
}: EMOptions = {}): Laws => {
  const family = familyOf(Score.symmetricPair)
  const emOn =
    (xt: Points.Points) =>
    (m: Density.Row): Density.Row =>
      Array.from(step(family, FLOOR, xt)(Params.of({ mean: m })).params.mean.values)
  /** m ← next(m) until it converges, or 2000 times. */
  const settle = (next: (m: Density.Row) => Density.Row, start: Density.Row): Density.Row =>
    iterate<{ readonly m: Density.Row; readonly count: number }>({ m: start, count: 0 }, ({ m, count }) => {
      const moved = next(m)
      return count > 2000 || greatest(Density.minus(moved, m)) < 1e-13 ? null : { m: moved, count: count + 1 }
    }).m

  const lawOf = over(samples)
  return ofRows(Score.show(Score.symmetricPair), [
    lawOf({
      name: 'a fixed point of one is within G of the other’s',
      statement:
        '∀ samples of pairs at separation 1.75 to 2.25, t ≤ 0.3: where E[Tx] = m, −½ ∂L/∂m = G(m); where ∂L/∂m = 0, E[Tx] − m = −G(m). To 1e-9, the residual at which the iterations stop and the rounding of terms of size 100.',
      source: `${shah}, §3`,
      says: sample => {
        const xt = draw(sample)
        const rows = Density.rowsOf(xt)
        const weights = Points.weightsOf(xt)
        const gradient = given(evaluate, sample.time, xt)
        const fixed = settle(emOn(xt), sample.centre)
        const stationary = settle(m => Density.plus(m, Density.scale(0.5, gradient(m).descent)), sample.centre)
        const correction = (m: Density.Row): Density.Row => pairParts(weights, rows, m).correction
        return is(
          {
            '−½ ∂L/∂m at EM’s fixed point': gradient(fixed).descent,
            'EM − m at a stationary point': Density.minus(emOn(xt)(stationary), stationary)
          },
          {
            '−½ ∂L/∂m at EM’s fixed point': correction(fixed),
            'EM − m at a stationary point': Density.scale(-1, correction(stationary))
          },
          slack * 1e-9
        )
      }
    }),
    over(
      fc.record({
        factor: fc.constantFrom(0.8, 0.85, 0.9, 1.1, 1.15, 1.2, 1.25),
        time: fc.integer({ min: 1, max: 3 }).map(k => k / 10)
      })
    )({
      name: 'G decays with separation',
      statement:
        '∀ λ in [0.8, 1.25]∖{1}: at m = λc in the population of the pair ±c, |c| = r: log |G| falls with r² at the rate ½, up to the logarithm of a polynomial: the slope over r = 4, 5, 6 is in [−0.6, −0.4]. Population by 600 equal steps.',
      source: `${shah}, §3: T′ = 1/cosh² is e^{−2|u|} and u is N(±λr², λ²r²)`,
      says: ({ factor, time }) => {
        const sizes = [4, 5, 6].map(r => {
          const xt = Density.population(
            [r, -r].map(c => ({ weight: 1 / 2, mean: [c], variance: 1 })),
            Density.trapezoid(600)
          )
          const m = [factor * r]
          const em = Density.minus(emOn(xt)(m), m)
          const [found] = Density.minus(given(evaluate, time, xt)(m).descent, em)
          return { r, size: Math.abs(found) }
        })
        const rate = orderOf(sizes.map(({ r, size }) => ({ h: Elementary.exp(r * r), error: size })))
        return [isAtMost(-0.6, rate), isAtMost(rate, -0.4)]
      }
    }),
    lawOf({
      name: 'likelihood-weighted descent and EM reach the same fixed point',
      statement:
        '∀ samples of pairs at separation 1.75 to 2.25, from the same start: gradient descent on ∫ L_t dt (T = 10, 36 nodes) and EM end at the same centre. To 1e-4: the gradients differ by the error of their quadratures (1e-5 here), divided by a curvature above ¼.',
      source: 'Song et al. 2021, arXiv 2101.09258',
      says: sample => {
        const points = draw(sample)
        const end = (stage: Stage.Stage): ReadonlyArray<number> => {
          const program = compiled(
            Compile.pipeline(
              Pipeline.of({
                schedule,
                score: Score.symmetricPair,
                initializer: Initializer.values([sample.centre.map(c => 0.7 * c)]),
                stages: [stage]
              })
            )(points)
          )
          return flat(Run.last(program)(Key.fromSeed(0)).params)
        }
        // One step of rate 1 on the likelihood is one of EM.
        const descent = end(
          Stage.descend({
            objective: Objective.implicit(TimeLaw.likelihood({ until: 10, nodes: 36 })),
            expectation: Expectation.quadrature(),
            optimizer: Optimizer.gradientDescent({ rate: 1 }),
            steps: 60,
            relativeChange: 1e-8
          })
        )
        const fixed = settle(
          emOn(points),
          sample.centre.map(c => 0.7 * c)
        )
        return is(descent, fixed, slack * 1e-4)
      }
    })
  ])
}

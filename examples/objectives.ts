/**
 * Six objectives from the literature, written as one would write one's own. An integrand sees the model: at other points and
 * times, its divergence, its log-density, its parameters; and further noise. Each is compiled, checked and property-tested as
 * the built-in ones are.
 */
import { Objective, Schedule, Score, NoiseLevels, type Params } from 'ornstein'
import { add, div, grad, mul, sqrt, square, stopGradient, sub, sum, vjp, type Tensor } from 'ornstein/float64'

const dot = (a: Tensor, b: Tensor): Tensor => sum(mul(a, b), 1, true)
const squared = (x: Tensor): Tensor => dot(x, x)

/** |s|² + 2 div s, which has no target (Hyvärinen 2005). */
export const implicit = Objective.custom('implicit', NoiseLevels.at(0.3), ({ score, divergence }) =>
  add(squared(score), mul(2, divergence()))
)

/** (v·s)² + 2 vᵀ(∂s/∂x)v, v ~ N(0, I): one gradient in place of d (Song et al. 2019, arXiv 1905.07088). */
export const sliced = Objective.custom('sliced', NoiseLevels.at(0.3), ({ noisy, level, scoreAt, noises }) => {
  const [v] = noises(1)
  const score = (x: Tensor): Tensor => scoreAt(x, level)
  return add(square(dot(v, score(noisy))), mul(2, dot(v, vjp(score)(noisy, v))))
})

/**
 * f(x_t, t) is to be f(x_s, s) a little earlier on the way of the same noise (Song et al. 2023, arXiv 2303.01469). What is
 * learned jumps to time 0: f(x, t) = (x + σ²s)/α, so that f(x, 0) = x, and `s` is then no score of anything.
 */
export const consistency = (
  earlier: number,
  noiseLevels: NoiseLevels.NoiseLevels = NoiseLevels.at(0.5)
): Objective.Objective =>
  Objective.custom(
    'consistency',
    noiseLevels,
    ({ clean, noise, noisy, level, levelAt, scoreAt }) => {
      const before = levelAt(time => earlier * time)
      const jump = (x: Tensor, at: typeof level): Tensor => div(add(x, mul(square(at.sigma), scoreAt(x, at))), at.alpha)
      const there = jump(add(mul(before.alpha, clean), mul(before.sigma, noise)), before)
      return squared(sub(jump(noisy, level), stopGradient(there)))
    },
    { holdsConstant: true }
  )

/**
 * A Gaussian N(m, I) moves towards what a teacher knows. Its gradient is that of the relative entropy of the two at the level,
 * E(s_m − s_teacher)(x_t) ∂x_t/∂m; the data are not looked at (Poole et al. 2022, arXiv 2209.14988, with the Gaussian's own
 * score in the place of −z/σ, whose mean it is: Luo et al. 2023, arXiv 2305.18455).
 */
export const distillation = <P extends string>(
  teacher: Score.Score<P>,
  learned: Params.Params<P>
): Objective.Objective =>
  Objective.custom(
    'distillation',
    NoiseLevels.at(0.3),
    ({ params, noise, noises, level, scoreAt }) => {
      const [own] = noises(1)
      const x = add(mul(level.alpha, add(params.means, own)), mul(level.sigma, noise))
      const taught = Score.interpret(teacher).score(Score.tensors(learned), x, level)
      return dot(stopGradient(sub(scoreAt(x, level), taught)), x)
    },
    { holdsConstant: true }
  )

/**
 * ∂_t log p(x, t) of a mixture is to be that of the noise of each row, ∂_t log p(x_t | x_0) = (α′⟨z, x_0⟩ + σ′(|z|² − d))/σ,
 * whose mean given x_t it is; p at the two ends differs by its integral (Choi et al. 2022, arXiv 2111.11010).
 */
export const timeScore = Objective.custom('time score', NoiseLevels.at(0.5), row => {
  const { clean, noise, level } = row
  const [alphaRate, sigmaRate] = rates(row)
  const [, dim] = clean.shape
  const target = div(add(mul(alphaRate, dot(noise, clean)), mul(sigmaRate, sub(squared(noise), dim))), level.sigma)
  return square(sub(timeScoreOf(row), target))
})

/** dα/dt = fα and dσ/dt = (g² + 2fσ²)/(2σ). */
const rates = ({ ofTime }: Objective.Row): readonly [Tensor, Tensor] => [
  ofTime((time, schedule) => Schedule.drift(time)(schedule) * Schedule.level(time)(schedule).alpha),
  ofTime((time, schedule) => {
    const { sigma } = Schedule.level(time)(schedule)
    return Schedule.diffusion(time)(schedule) / (2 * sigma) + Schedule.drift(time)(schedule) * sigma
  })
]

/** ∂_t log p(x_t, t): along α and σ. */
export const timeScoreOf = (row: Objective.Row): Tensor => {
  const { noisy, level, logDensityAt } = row
  const [alphaRate, sigmaRate] = rates(row)
  return add(
    mul(alphaRate, grad(alpha => logDensityAt(noisy, { ...level, alpha }))(level.alpha)),
    mul(sigmaRate, grad(sigma => logDensityAt(noisy, { ...level, sigma }))(level.sigma))
  )
}

/**
 * The score at more noise is the mean of that at less: with x_t = r x_s + τ z′, r = α_t/α_s, s(x_t, t) = E[s(x_s, s) | x_t]/r
 * (De Bortoli et al. 2024, arXiv 2402.08667). What is learned at low noise teaches the rest.
 */
export const selfConsistency = (
  earlier: number,
  noiseLevels: NoiseLevels.NoiseLevels = NoiseLevels.at(0.8)
): Objective.Objective =>
  Objective.custom(
    'self-consistency',
    noiseLevels,
    ({ clean, noise, noises, level, levelAt, scoreAt }) => {
      const before = levelAt(time => earlier * time)
      const ratio = div(level.alpha, before.alpha)
      const less = add(mul(before.alpha, clean), mul(before.sigma, noise))
      const added = sqrt(sub(square(level.sigma), square(mul(ratio, before.sigma))))
      const more = add(mul(ratio, less), mul(added, noises(1)[0]))
      return squared(sub(scoreAt(more, level), stopGradient(div(scoreAt(less, before), ratio))))
    },
    { holdsConstant: true }
  )

if (process.argv[1].endsWith('objectives.ts'))
  for (const objective of [implicit, sliced, consistency(0.9), timeScore, selfConsistency(0.5)])
    console.log(Objective.formula(objective))

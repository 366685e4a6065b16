/**
 * General mixtures by the score: the gradient of the DDPM objective in centres and covariances is the step of
 * expectation–maximization and a correction that vanishes as components move apart; the weights of components that are apart are
 * hidden at one noise level, and not from all; high noise sees moments, one order after another; and what starts gain when
 * expectation–maximization is led through falling noise.
 */
import { pipe } from 'fp-ts/lib/function.js'
import {
  Compile,
  Expectation,
  Initializer,
  Key,
  Mixture,
  Objective,
  Optimizer,
  Params,
  Picture,
  Pipeline,
  type Points,
  Problem,
  Run,
  Schedule,
  Score,
  Stage,
  NoiseLevels
} from 'ornstein'
import { compiled, share, show, type Budget, type Estimate, type Report } from './frame.js'
import { lawOf, meeting, product, type Met } from './population.js'

const schedule = Schedule.ornsteinUhlenbeck
const levelAt = (time: number): Schedule.Level => Schedule.level(time)(schedule)

type Row = ReadonlyArray<number>
type Matrix = readonly [number, number, number, number]

const LOW = 0.1

// -- what a loss says of rows of x_t that are given --------------------------------------------------------------------

type Gradient<P extends string> = (params: Params.Params<P>) => Compile.ValueAndGradient<P>

const gradientOf = <P extends string>(
  score: Score.Score<P>,
  objective: Objective.Objective,
  expectation: Expectation.Expectation,
  points: Points.Points
): Gradient<P> => {
  const found = Problem.orThrow(Compile.valueAndGrad({ schedule, score, objective, expectation })(points))
  return params => found(params, Key.fromSeed(0))
}

/** The implicit loss does not ask which noise made x_t: rows x_t/α meet none. */
const atLevel = <P extends string>(score: Score.Score<P>, time: number, xt: Points.Points): Gradient<P> =>
  gradientOf(
    score,
    Objective.implicit(NoiseLevels.at(time)),
    Expectation.fixed({ ...xt, values: xt.values.map(() => 0) }),
    { ...xt, values: xt.values.map(x => x / levelAt(time).alpha) }
  )

// -- two ellipses in the plane -----------------------------------------------------------------------------------------

/** A Gaussian of the plane and its weight; the covariance row by row. */
export interface Ellipse {
  readonly weight: number
  readonly centre: readonly [number, number]
  readonly covariance: Matrix
}

/** L of LLᵀ, lower triangular: L₁₁, L₂₁, L₂₂. */
const triangle = ([a, b, , d]: Matrix): readonly [number, number, number] => {
  const first = Math.sqrt(a)
  const below = b / Math.sqrt(a)
  return [first, below, Math.sqrt(d - below ** 2)]
}

const times = ([a, b, c, d]: Matrix, [e, f, g, h]: Matrix): Matrix => [
  a * e + b * g,
  a * f + b * h,
  c * e + d * g,
  c * f + d * h
]
const inverse = ([a, b, c, d]: Matrix): Matrix => {
  const determinant = a * d - b * c
  return [d / determinant, -b / determinant, -c / determinant, a / determinant]
}
const on = ([a, b, c, d]: Matrix, [x, y]: Row): readonly [number, number] => [a * x + b * y, c * x + d * y]
const entries = (f: (entry: 0 | 1 | 2 | 3) => number): Matrix => [f(0), f(1), f(2), f(3)]
const symmetric = (m: Matrix): Matrix => [m[0], (m[1] + m[2]) / 2, (m[1] + m[2]) / 2, m[3]]

/** Σ to α²Σ + σ²I, and the centre to α times itself. */
const noised = (time: number): ((one: Ellipse) => Ellipse) => {
  const { alpha, sigma } = levelAt(time)
  return ({ weight, centre: [x, y], covariance }) => ({
    weight,
    centre: [alpha * x, alpha * y],
    covariance: entries(e => alpha ** 2 * covariance[e] + (e === 0 || e === 3 ? sigma ** 2 : 0))
  })
}

/** Two ellipses that cross each other's direction, their centres so far apart. */
const ellipses = (apart: number): ReadonlyArray<Ellipse> => [
  { weight: 0.4, centre: [-apart / 2, 0], covariance: [1, 0.4, 0.4, 0.5] },
  { weight: 0.6, centre: [apart / 2, 0], covariance: [0.6, -0.2, -0.2, 0.9] }
]

/** Centres, axes and weights all wrong by 15 % or so, and nothing of it along one axis alone. */
const wrong = (truth: ReadonlyArray<Ellipse>): ReadonlyArray<Ellipse> =>
  truth.map(({ weight, centre: [x, y], covariance: [a, b, , d] }, k) => ({
    weight: k === 0 ? weight + 0.06 : weight - 0.06,
    centre: [x + 0.15, y - 0.15],
    covariance: [1.15 * a, 0.85 * b, 0.85 * b, 1.1 * d]
  }))

const NODES = 40

/** A mixture of ellipses as weighted rows. */
const rowsOf = (mixture: ReadonlyArray<Ellipse>): Points.Points => {
  const nodes = product(2, NODES)
  return {
    rows: mixture.length * nodes.rows,
    dim: 2,
    values: Float64Array.from(
      mixture.flatMap(({ centre: [x, y], covariance }) => {
        const [first, below, last] = triangle(covariance)
        return Array.from({ length: nodes.rows }, (_, i) => {
          const [u, v] = nodes.values.subarray(2 * i, 2 * i + 2)
          return [x + first * u, y + below * u + last * v]
        }).flat()
      })
    ),
    weights: Float64Array.from(mixture.flatMap(({ weight }) => Array.from(nodes.weights, w => weight * w)))
  }
}

type Full = 'means' | 'logits' | 'logScales' | 'lower'

const paramsOf = (mixture: ReadonlyArray<Ellipse>): Params.Params<Full> => {
  const roots = mixture.map(({ covariance }) => triangle(covariance))
  return Params.of({
    means: mixture.map(({ centre }) => [...centre]),
    logits: mixture.map(({ weight }) => Math.log(weight)),
    logScales: roots.map(([first, , last]) => [Math.log(first), Math.log(last)]),
    lower: roots.map(([, below]) => [below])
  })
}

/** The symmetric G with dL = tr(G dΣ) of the derivatives in L = [e^{s₁} 0; l e^{s₂}]. */
const covarianceGradient = ({ covariance }: Ellipse, scales: Row, lower: number): Matrix => {
  const [first, below, last] = triangle(covariance)
  const d = scales[1] / last / (2 * last)
  const b = (lower / 2 - d * below) / first
  return [(scales[0] / first / 2 - b * below) / first, b, b, d]
}

/** −½∂L/∂ of the noised centre and covariance of each component. */
export interface Direction {
  readonly centre: readonly [number, number]
  readonly covariance: Matrix
}

/** That of descent on the DDPM objective, as the library has it. */
const descentAt = (time: number, xt: Points.Points, student: ReadonlyArray<Ellipse>): ReadonlyArray<Direction> => {
  const { alpha } = levelAt(time)
  const { gradient } = atLevel(Score.full({ components: student.length }), time, xt)(paramsOf(student))
  return student.map((one, k) => {
    const [x, y] = gradient.means.values.subarray(2 * k, 2 * k + 2)
    const scales = Array.from(gradient.logScales.values.subarray(2 * k, 2 * k + 2))
    const found = covarianceGradient(one, scales, gradient.lower.values[k])
    return {
      centre: [-x / (2 * alpha), -y / (2 * alpha)],
      covariance: entries(e => -found[e] / (2 * alpha ** 2))
    }
  })
}

/** Its part of expectation–maximization: W P²(m^EM − m), and sym P²(M − WS)P, by sums over the rows. */
const maximizationAt = (xt: Points.Points, student: ReadonlyArray<Ellipse>): ReadonlyArray<Direction> => {
  const precisions = student.map(({ covariance }) => inverse(covariance))
  const sums = student.map(() => ({ mass: 0, first: [0, 0], second: [0, 0, 0, 0] }))
  for (let i = 0; i < xt.rows; i++) {
    const steps = student.map(({ centre: [x, y] }) => [xt.values[2 * i] - x, xt.values[2 * i + 1] - y])
    const joint = student.map(({ weight, covariance: [a, b, c, d] }, k) => {
      const pulled = on(precisions[k], steps[k])
      return (weight / Math.sqrt(a * d - b * c)) * Math.exp(-(steps[k][0] * pulled[0] + steps[k][1] * pulled[1]) / 2)
    })
    const total = joint.reduce((sum, p) => sum + p, 0)
    sums.forEach((sum, k) => {
      const w = ((xt.weights?.[i] ?? 1) * joint[k]) / total
      const [x, y] = steps[k]
      sum.mass += w
      sum.first = [sum.first[0] + w * x, sum.first[1] + w * y]
      sum.second = [x * x, x * y, x * y, y * y].map((xx, e) => sum.second[e] + w * xx)
    })
  }
  return student.map(({ covariance }, k) => {
    const P = precisions[k]
    const { mass, first, second } = sums[k]
    const left = entries(e => second[e] - mass * covariance[e])
    return { centre: on(times(P, P), first), covariance: symmetric(times(times(times(P, P), left), P)) }
  })
}

const size = (values: Row): number => Math.hypot(...values)
const all = (directions: ReadonlyArray<Direction>, of: keyof Direction): Row => directions.flatMap(one => [...one[of]])

export interface Part {
  readonly apart: number
  readonly student: ReadonlyArray<Ellipse>
  readonly xt: Points.Points
  readonly descent: ReadonlyArray<Direction>
  readonly maximization: ReadonlyArray<Direction>
  /** |correction| over |EM part|. */
  readonly centres: number
  readonly covariances: number
}

const partAt = (apart: number): Part => {
  const xt = rowsOf(ellipses(apart).map(noised(LOW)))
  const student = wrong(ellipses(apart))
  const descent = descentAt(LOW, xt, student)
  const seen = student.map(noised(LOW))
  const maximization = maximizationAt(xt, seen)
  const ratio = (of: keyof Direction): number => {
    const ours = all(descent, of)
    const em = all(maximization, of)
    return size(ours.map((x, j) => x - em[j])) / size(em)
  }
  return { apart, student: seen, xt, descent, maximization, centres: ratio('centre'), covariances: ratio('covariance') }
}

// -- weights, on the line ----------------------------------------------------------------------------------------------

const line = Score.isotropic({ components: 2 })
type Isotropic = 'means' | 'logits' | 'logVariances'

const TRUE_WEIGHT = 0.3
const pairOn = (apart: number, weight: number): Mixture.Mixture =>
  Mixture.of({ means: [[-apart / 2], [apart / 2]], weights: [weight, 1 - weight], variances: [0.6, 1] })

const isotropicOf = ({ means, weights, variances }: Mixture.Mixture): Params.Params<Isotropic> =>
  Params.of({
    means: Array.from(means.values, m => [m]),
    logits: Array.from(weights, Math.log),
    logVariances: Array.from(variances, Math.log)
  })

const ALL_LEVELS = Objective.implicit(NoiseLevels.likelihood({ until: 12, nodes: 48, leastVariance: 0.6 }))

export interface Blindness {
  readonly apart: number
  /** |∂L/∂logits| with the first weight 0.6 for 0.3, all else right. */
  readonly oneLevel: number
  readonly allLevels: number
  readonly likelihood: number
  /** The first weight after descent in the weights alone. */
  readonly learnedAtOne: number
  readonly learnedFromAll: number
}

const learning = (
  start: Params.Params<Isotropic>,
  objective: Objective.Objective,
  { noise }: Met,
  steps: number
): Pipeline.Pipeline<Isotropic> =>
  Pipeline.of({
    schedule,
    score: line,
    initializer: Initializer.values(start),
    stages: [
      Stage.descend({
        objective,
        expectation: Expectation.fixed(noise),
        optimizer: Optimizer.chain(
          Optimizer.freeze('means'),
          Optimizer.freeze('logVariances'),
          Optimizer.gradientDescent({ rate: 1 })
        ),
        steps
      })
    ]
  })

const LINE_NODES = 32

const blindness = (apart: number, steps: number): Blindness => {
  const met = meeting(LINE_NODES, lawOf(LINE_NODES, pairOn(apart, TRUE_WEIGHT)))
  const start = isotropicOf(pairOn(apart, 2 * TRUE_WEIGHT))
  const clean = lawOf(2 * LINE_NODES, pairOn(apart, TRUE_WEIGHT))
  const fixed = Expectation.fixed(met.noise)
  const one = Objective.implicit(NoiseLevels.at(LOW))
  const weights = (gradient: Gradient<Isotropic>): number => size([...gradient(start).gradient.logits.values])
  const learned = (objective: Objective.Objective): number => {
    const [first, other] = Run.last(compiled(learning(start, objective, met, steps))(met.points))(Key.fromSeed(0))
      .params.logits.values
    return 1 / (1 + Math.exp(other - first))
  }
  return {
    apart,
    oneLevel: weights(gradientOf(line, one, fixed, met.points)),
    allLevels: weights(gradientOf(line, ALL_LEVELS, fixed, met.points)),
    likelihood: weights(gradientOf(line, Objective.likelihood, Expectation.monteCarlo(), clean)),
    learnedAtOne: learned(one),
    learnedFromAll: learned(ALL_LEVELS)
  }
}

// -- high noise --------------------------------------------------------------------------------------------------------

/** E He_n(x), n = 1 … 4, of a mixture on the line. */
export const hermiteMoments = ({ means, weights, variances }: Mixture.Mixture): Row => {
  const moment = (of: (m: number, v: number) => number): number =>
    weights.reduce((sum, w, k) => sum + w * of(means.values[k], variances[k]), 0)
  const first = moment(m => m)
  const second = moment((m, v) => m ** 2 + v)
  const third = moment((m, v) => m ** 3 + 3 * m * v)
  const fourth = moment((m, v) => m ** 4 + 6 * m ** 2 * v + 3 * v ** 2)
  return [first, second - 1, third - 3 * first, fourth - 6 * second + 3]
}

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1))

/** Σ α²ⁿ (n/n!) |E He_n(θ) − E He_n(truth)|² up to n = 4. */
const bySquares = (alpha: number, a: Mixture.Mixture, b: Mixture.Mixture): number => {
  const ours = hermiteMoments(a)
  const theirs = hermiteMoments(b)
  return ours.reduce((sum, x, i) => sum + (alpha ** (2 * i + 2) * (x - theirs[i]) ** 2) / factorial(i), 0)
}

const lopsided = Mixture.of({ means: [[-1.4], [0.6]], weights: [0.3, 0.7], variances: [0.3, 0.5] })
const even = Mixture.of({ means: [[-1.5], [1.5]], variances: [0.4, 0.4] })

const single = (mean: number, variance: number): Mixture.Mixture =>
  Mixture.of({ means: [[mean]], variances: [variance] })

/** Students that are wrong in the n-th moment, and right in those before. */
const students: ReadonlyArray<{
  readonly name: string
  readonly order: number
  readonly truth: Mixture.Mixture
  readonly student: Mixture.Mixture
}> = [
  { name: 'a variance twice as great', order: 2, truth: even, student: single(0, 2 * 2.65) },
  { name: 'mean and variance right, not skew', order: 3, truth: lopsided, student: single(0, 0.44 + 0.84) },
  {
    name: 'centres a third as far apart, the variance right',
    order: 4,
    truth: even,
    student: Mixture.of({ means: [[-0.5], [0.5]], variances: [2.4, 2.4] })
  }
]

export interface Seen {
  readonly name: string
  readonly order: number
  readonly time: number
  /** L_t(θ) − L_t(truth), in population. */
  readonly excess: number
  /** Of the formula. */
  readonly moments: number
}

const excessAt = (time: number, truth: Mixture.Mixture, student: Mixture.Mixture): number => {
  const { alpha, sigma } = levelAt(time)
  const xt = lawOf(
    2 * LINE_NODES,
    Mixture.of({
      means: Array.from(truth.means.values, m => [alpha * m]),
      weights: Array.from(truth.weights),
      variances: Array.from(truth.variances, v => alpha ** 2 * v + sigma ** 2)
    })
  )
  const loss = (mixture: Mixture.Mixture): number =>
    atLevel(Score.isotropic({ components: mixture.weights.length }), time, xt)(isotropicOf(mixture)).value
  return loss(student) - loss(truth)
}

const seenAt = (time: number): ReadonlyArray<Seen> =>
  students.map(({ name, order, truth, student }) => ({
    name,
    order,
    time,
    excess: excessAt(time, truth, student),
    moments: bySquares(levelAt(time).alpha, student, truth)
  }))

// -- noise on the way --------------------------------------------------------------------------------------------------

const gaussianOf = (
  centre: Row,
  angle: number,
  long: number,
  short: number
): { readonly centre: Row; readonly covariance: ReadonlyArray<Row> } => {
  const c = Math.cos(angle)
  const s = Math.sin(angle)
  const u = long ** 2
  const v = short ** 2
  return {
    centre,
    covariance: [
      [u * c * c + v * s * s, (u - v) * c * s],
      [(u - v) * c * s, u * s * s + v * c * c]
    ]
  }
}

/** Mixtures of the plane whose likelihood has local maxima. */
const scenes = {
  'a cross': [gaussianOf([0, 0], 0.3, 3, 0.3), gaussianOf([0.5, 0], 1.9, 3, 0.3)],
  'four cigars, side by side': [0, 1, 2, 3].map(k => gaussianOf([0, 1.6 * k], 0.2, 2.5, 0.25)),
  'a star of five': [0, 1, 2, 3, 4].map(k =>
    gaussianOf([2 * Math.cos(1.2566 * k), 2 * Math.sin(1.2566 * k)], 1.2566 * k, 1.3, 0.25)
  ),
  'six, overlapping': [0, 1, 2, 3, 4, 5].map(k =>
    gaussianOf([1.7 * (k % 3), 1.9 * Math.floor(k / 3)], 0.9 * k * k, 1, 0.35)
  )
} as const

const NOISE = [1, 0.5, 0.25, 0.1]

const settle = Stage.expectationMaximization({ steps: 500, relativeChange: 1e-8, varianceFloor: 1e-3 })

type Kind = 'full' | 'diagonal'
const scoreOf = (kind: Kind, components: number): Score.Score<string> => Score[kind]({ components })

const starting = (family: Kind, components: number, unit: number, isNoisy: boolean): Pipeline.Pipeline<string> =>
  Pipeline.of({
    schedule,
    score: scoreOf(family, components),
    initializer: Initializer.kMeansPlusPlus,
    stages: isNoisy
      ? [
          Stage.anneal(
            NOISE.map(noise =>
              pipe(schedule, Schedule.timeOfLogSnr(-2 * Math.log(Number((noise * unit).toPrecision(3)))))
            )
          )(Stage.expectationMaximization({ steps: 5, varianceFloor: 1e-3 })),
          settle
        ]
      : [settle]
  })

export interface Gain {
  readonly name: string
  readonly plain: Estimate
  readonly noisy: Estimate
}

const NEAR = 1e-3

const gain = (family: Kind, name: keyof typeof scenes, samples: number, starts: number): Gain => {
  const ellipses = scenes[name]
  const truth = Mixture.of({
    means: ellipses.map(({ centre }) => centre),
    covariances: ellipses.map(({ covariance }) => covariance)
  })
  const found = Array.from({ length: samples }, (_, sample) => {
    const points = Mixture.sample(150 * ellipses.length)(Key.fromSeed(40 + sample))(truth)
    const unit = Math.sqrt((spreadOf(points, 0) + spreadOf(points, 1)) / 2)
    const reached = [false, true].map(isNoisy => {
      const program = compiled(starting(family, ellipses.length, unit, isNoisy))(points)
      return Array.from({ length: starts }, (_, seed) => {
        const { params } = Run.last(program)(Key.fromSeed(seed))
        const mixture = pipe(params, Score.toMixture(scoreOf(family, ellipses.length)))
        return mixture._tag === 'None' ? NaN : Mixture.meanLogDensity(points)(mixture.value)
      })
    })
    const best = Math.max(...reached.flat())
    return reached.map(values => values.filter(value => value > best - NEAR).length)
  })
  const of = (way: 0 | 1): Estimate =>
    share(
      found.reduce((sum, counts) => sum + counts[way], 0),
      samples * starts
    )
  return { name: `${name}, ${family}`, plain: of(0), noisy: of(1) }
}

const spreadOf = ({ rows, values }: Points.Points, j: 0 | 1): number => {
  const column = Array.from({ length: rows }, (_, i) => values[2 * i + j])
  const middle = column.reduce((sum, x) => sum + x, 0) / rows
  return column.reduce((sum, x) => sum + (x - middle) ** 2, 0) / rows
}

// -- the report --------------------------------------------------------------------------------------------------------

export interface Measured {
  readonly parts: ReadonlyArray<Part>
  readonly blindness: ReadonlyArray<Blindness>
  readonly seen: ReadonlyArray<Seen>
  readonly gains: ReadonlyArray<Gain>
}

const isScene = (name: string): name is keyof typeof scenes => name in scenes

export const measure = (budget: Budget): Measured => {
  const isFull = budget === 'full'
  const names = Object.keys(scenes).filter(isScene)
  return {
    parts: (isFull ? [1, 2, 3, 4, 6, 8] : [2, 4, 8]).map(partAt),
    blindness: (isFull ? [1, 2, 3, 4, 6, 8] : [2, 4, 8]).map(apart => blindness(apart, isFull ? 150 : 60)),
    seen: (isFull ? [0.25, 0.5, 1, 1.5, 2, 2.5, 3] : [0.5, 2.5]).flatMap(seenAt),
    gains: isFull ? names.flatMap(name => [gain('full', name, 4, 20), gain('diagonal', name, 4, 20)]) : []
  }
}

const percent = (x: number): string => `${show(100 * x, 2)} %`

export const main = (budget: Budget): Report<Measured> => {
  const measured = measure(budget)
  const { parts, blindness, seen, gains } = measured
  const near = parts[0]
  const far = parts[parts.length - 1]
  const close = blindness[0]
  const distant = blindness[blindness.length - 1]
  const most = (of: 'centres' | 'covariances'): Part => parts.reduce((best, one) => (one[of] > best[of] ? one : best))
  const visible = blindness.reduce((best, one) => (one.oneLevel > best.oneLevel ? one : best))
  const latest = Math.max(...seen.map(({ time }) => time))
  const last = seen.filter(({ time }) => time === latest)
  const series = (of: (one: Blindness) => number, name: string): Picture.Series => ({
    name,
    points: blindness.map(one => ({ x: one.apart, y: of(one) }))
  })
  const overall = (way: 'plain' | 'noisy'): number => gains.reduce((sum, one) => sum + one[way].value, 0) / gains.length
  const better = gains.filter(({ plain, noisy }) => noisy.low > plain.high).map(({ name }) => name)
  const worse = gains.filter(({ plain, noisy }) => noisy.high < plain.low).map(({ name }) => name)
  return {
    title: 'General mixtures by the score',
    claim:
      'The paper learns spherical Gaussians by descent. For mixtures of any covariances its two connections still hold as identities: at low noise the gradient is a step of expectation–maximization and a correction, at high noise it is that of a method of moments. That descent on a mixture’s own score learns them is nobody’s theorem that we know: the papers that learn general mixtures by the score (Chen, Kontonis & Shah 2024, arXiv 2404.18893; of identity covariances Gatmiry, Kelner & Lee 2024, arXiv 2404.18869) fit it by piecewise polynomials.',
    findings: [
      `−½∂L/∂m = W P²(m^EM − m) and a correction, −½∂L/∂S = sym P²(M − WS)P and another: W = E w is a component’s share of the rows, m^EM the mean of its share, M = E w rrᵀ, r = x − m, and P = S⁻¹. With all parameters some 15 % wrong and t = ${LOW}, the correction to the centres is ${percent(near.centres)} of expectation–maximization’s part at separation ${near.apart}, at most ${percent(most('centres').centres)}, at ${most('centres').apart}, and ${percent(far.centres)} at ${far.apart}; that to the covariances ${percent(near.covariances)}, at most ${percent(most('covariances').covariances)}, and ${percent(far.covariances)}. It vanishes once components are apart; while they overlap, moving them apart may make it larger.`,
      `Weights have no part of expectation–maximization. With the first weight ${2 * TRUE_WEIGHT} for ${TRUE_WEIGHT}, |∂L/∂logits| at t = ${LOW} is ${show(visible.oneLevel, 2)} at separation ${visible.apart}, where it is greatest, and ${show(distant.oneLevel, 2)} at ${distant.apart}: there no row tells the score of one component what the other weighs. That of all levels weighted by ½g² is the likelihood’s, and grows from ${show(close.allLevels, 2)} to ${show(distant.allLevels, 2)}. Descent in the weights alone ends at ${show(distant.learnedAtOne, 2)} from one level and at ${show(distant.learnedFromAll, 2)} from all (separation ${distant.apart}).`,
      `At high noise L_t(θ) − L_t(truth) = Σ α²ⁿ(n/n!)|E He_n(θ) − E He_n(truth)|²(1 + O(α²)): at t = ${latest} the ratio is ${last.map(({ excess, moments }) => show(excess / moments, 3)).join(', ')} for students that are wrong from the second, third and fourth moment on. The second is right for any centres once covariances are free: these show in α⁶ and α⁸ alone, so that no power iteration finds them.`,
      ...(gains.length === 0
        ? []
        : [
            `From one start by k-means++, five steps each at noise of ${NOISE.join(', ')} standard deviations of the data and then expectation–maximization end at the likeliest mixture known in ${percent(overall('noisy'))} of runs, expectation–maximization alone in ${percent(overall('plain'))}: ${better.length === 0 ? 'for none of the mixtures surely more often' : `surely more often for ${better.join(' and ')}`}${worse.length === 0 ? '' : `, less often for ${worse.join(' and ')}`}. Split and merge moves do more ([measured](performance.md)).`
          ])
    ],
    figures: [
      {
        name: 'separation',
        description:
          'The correction beside the step of expectation–maximization, and the gradient of the weights, by separation',
        caption: `Left: the correction over the part of expectation–maximization at t = ${LOW}. Right: |∂L/∂logits| of wrong weights.`,
        drawn: Picture.curves(
          [
            {
              title: 'correction / EM',
              x: { title: 'separation', domain: [1, 8] },
              y: { title: '', domain: [5e-3, 1], scale: 'log', ticks: [0.01, 0.1, 1] },
              series: [
                { name: 'centres', points: parts.map(({ apart, centres }) => ({ x: apart, y: centres })) },
                { name: 'covariances', points: parts.map(({ apart, covariances }) => ({ x: apart, y: covariances })) }
              ]
            },
            {
              title: '|∂L/∂logits|',
              x: { title: 'separation', domain: [1, 8] },
              y: { title: '', domain: [5e-4, 1], scale: 'log', ticks: [1e-3, 0.01, 0.1, 1] },
              series: [
                series(({ oneLevel }) => oneLevel, `one level, t = ${LOW}`),
                series(({ allLevels }) => allLevels, 'all levels')
              ]
            }
          ],
          { columns: 2, width: 300, height: 220 }
        )
      },
      {
        name: 'moments',
        description: 'How much more than the truth’s the loss of three wrong students is, by noise',
        caption:
          'L_t(θ) − L_t(truth) of three wrong students, over the whole population. How fast it falls tells which moment is the first that is wrong.',
        drawn: Picture.curves(
          [
            {
              title: 'L_t(θ) − L_t(truth)',
              x: { title: 't', domain: [0, 3] },
              y: { title: '', domain: [1e-10, 1], scale: 'log', ticks: [1e-9, 1e-6, 1e-3, 1] },
              series: students.map(({ name }): Picture.Series => ({
                name,
                marks: 'both',
                points: seen.filter(one => one.name === name).map(({ time, excess }) => ({ x: time, y: excess }))
              }))
            }
          ],
          { columns: 1, width: 560, height: 260 }
        )
      }
    ],
    tables: [
      {
        caption: `Corrections over the part of expectation–maximization, and weights, t = ${LOW}`,
        header: [
          'separation',
          'centres',
          'covariances',
          '∂logits, one level',
          'all levels',
          'likelihood',
          `weight learned at one (truth ${TRUE_WEIGHT})`,
          'from all'
        ],
        rows: blindness.map(one => {
          const part = parts.find(({ apart }) => apart === one.apart)
          return [
            String(one.apart),
            show(part?.centres ?? NaN, 2),
            show(part?.covariances ?? NaN, 2),
            show(one.oneLevel, 2),
            show(one.allLevels, 3),
            show(one.likelihood, 3),
            show(one.learnedAtOne),
            show(one.learnedFromAll)
          ]
        })
      },
      {
        caption: 'L_t(θ) − L_t(truth) over what the first four moments say',
        header: ['t', ...students.map(({ name, order }) => `${name}: α${['⁴', '⁶', '⁸'][order - 2]}`)],
        rows: [...new Set(seen.map(({ time }) => time))].map(time => [
          String(time),
          ...seen.filter(one => one.time === time).map(({ excess, moments }) => show(excess / moments, 4))
        ])
      },
      ...(gains.length === 0
        ? []
        : [
            {
              caption: 'Share of starts that end within 1e-3 a row of the best known',
              header: ['mixture', 'EM', 'noise, then EM'],
              rows: gains.map(({ name, plain, noisy }) => [name, plain, noisy])
            }
          ])
    ],
    setting: [
      `Two ellipses of the plane that lean against each other, weights 0.4 and 0.6; populations of x_t are rows at the nodes of Gauss–Hermite rules (${NODES} each way, ${2 * LINE_NODES} on the line), which the implicit loss meets without noise, since it does not ask which noise made them. Weights are looked at on the line, variances 0.6 and 1, all levels by 48 nodes in t. Separation is the distance of the centres; descent in the weights takes ${budget === 'full' ? 150 : 60} steps of rate 1 from ${2 * TRUE_WEIGHT}.`,
      'Starts: full covariances and diagonal ones, which these mixtures have not, 150 rows a component, four samples (Key.fromSeed(40) on) and twenty starts of each; the best known is that of all of these. Times are those at which σ/α is so many standard deviations of the columns.'
    ],
    measured
  }
}

/**
 * Declared capabilities: each equals the plain meaning that it replaces, or holds what it promises. A row says of each what is asked
 * of an instance that declares it, and what the plain meaning answers.
 */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import * as Refusals from '../compile/refusals.js'
import { add, compute, mul, Quadrature, tensor, type Operand, type Tensor } from '../../lib/index.js'
import type * as Points from '../data/points.js'
import {
  Case,
  Compile,
  Expectation,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Parametrization,
  Params,
  Schedule,
  Score,
  Source,
  TimeLaw,
  Weighting
} from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { formulaAt } from './formula.js'
import { areSameBits } from './bits.js'
import { held, compiled, flat, greatest, dot } from './check.js'
import * as Density from './density.js'
import type { Laws } from './law.js'
import { forAll, equals, atMost, differs, sameBits, type Relation, type Stated, atLeast } from './lawRows.js'

/** A capability of instances of T. */
interface Capability<T, X extends object> {
  readonly name: string
  /** The plain meaning. */
  readonly plain: string
  readonly isDeclared: (value: T) => boolean
  readonly cases: fc.Arbitrary<X> | ((value: T) => ReadonlyArray<fc.Arbitrary<X>>)
  readonly maxCases?: number
  readonly says: (value: T, each: X) => Relation | ReadonlyArray<Relation>
}

/** Its row, for an instance. */
type Declared<T> = (value: T) => Stated

const capability =
  <T>() =>
  <X extends object>({ name, plain, isDeclared, cases, maxCases = 20, says }: Capability<T, X>): Declared<T> =>
  value =>
    forAll(typeof cases === 'function' ? cases(value) : cases)({
      name: `its ‘${name}’ is what it stands for`,
      statement: `∀ cases: ${plain}.`,
      source: `definition of ‘${name}’`,
      maxCases,
      claim: isDeclared(value),
      reason: `it declares no ‘${name}’`,
      says: each => says(value, each)
    })

/** Rows of an instance, to stand among other laws of it. */
const declaredBy =
  <T>(rows: ReadonlyArray<Declared<T>>, show: (value: T) => string) =>
  (value: T): Laws =>
    held(rows.map(row => row(value)(show(value))))

/** To a share of 1 and the greatest of what is wanted. */
const near = (found: ReadonlyArray<number>, wanted: ReadonlyArray<number>, to: number): Relation =>
  equals(found, wanted, to * (1 + greatest(wanted)))

const seeded = fc.record({ seed: Arbitrary.seeds })

// —— time laws ——

interface Timed {
  readonly timeLaw: TimeLaw.TimeLaw
  readonly schedule: Schedule.Schedule
}

type Means = ReadonlyArray<number>

/** Times are told apart by the means of 1, e^{−t}, t/(1 + t) and t²/(1 + t²): bounded, as tails may have no mean that few nodes know. */
const looksAt = (time: number): Means => [1, Elementary.exp(-time), time / (1 + time), 1 - 1 / (1 + time * time)]
const sumMeans = (nodes: ReadonlyArray<TimeLaw.Node>): Means =>
  nodes.reduce<Means>(
    (sums, { time, weight }) => looksAt(time).map((x, i) => sums[i] + (weight === 0 ? 0 : weight * x)),
    [0, 0, 0, 0]
  )

/** What 48 nodes leave out of tails. */
const TAILS = 1e-3

/** 4 nodes in each of 400 pieces of an interval, which are shorter towards both ends, where quantiles and densities are steep. */
const fine = (lo: number, hi: number): ReadonlyArray<TimeLaw.Node> => {
  const edges = Array.from({ length: 401 }, (_, i) => lo + ((hi - lo) * (1 - Elementary.cos((Math.PI * i) / 400))) / 2)
  return edges.slice(1).flatMap((to, i) => {
    const { nodes, weights } = Quadrature.gaussLegendre(4)(edges[i], to)
    return Array.from(nodes, (time, k) => ({ time, weight: weights[k] }))
  })
}

const drawnOf = (timeLaw: TimeLaw.TimeLaw): TimeLaw.Drawn | null => {
  const meaning = Case.meaning(timeLaw)
  return meaning.quantile === undefined ? null : meaning
}

/** Times as they are drawn, up to a last one, weighted by a fine rule in the share u. */
const drawnNodes = ({ timeLaw, schedule }: Timed, until = Infinity): ReadonlyArray<TimeLaw.Node> => {
  const drawn = drawnOf(timeLaw)
  if (drawn === null) return []
  const [timeOf, weightOf] = [drawn.quantile(schedule), drawn.weight?.(schedule) ?? ((): number => 1)]
  return fine(0, 1)
    .map(({ time: u, weight }) => ({ time: timeOf(u), weight }))
    .filter(({ time }) => time <= until)
    .map(({ time, weight }) => ({ time, weight: weight * weightOf(time) }))
}

/** Means of a few nodes are those of many: to what many do not see beyond their last, and to two of them, as weights may jump. */
const asMany = (found: Means, many: ReadonlyArray<TimeLaw.Node>): Relation => {
  const wanted = sumMeans(many)
  const one = greatest(many.flatMap(({ time, weight }) => looksAt(time).map(x => weight * x)))
  return equals(found, wanted, TAILS * (1 + greatest(wanted)) + 2 * one)
}

const isDrawn = ({ timeLaw }: Timed): boolean => drawnOf(timeLaw) !== null
const densityOf = ({ timeLaw, schedule }: Timed): TimeLaw.Density | null =>
  pipe(timeLaw, TimeLaw.density(schedule), O.toNullable)
const cleanUpTo = ({ timeLaw }: Timed): number => O.getOrElse(() => NaN)(TimeLaw.fromClean(timeLaw))

const ofTimeLaw = capability<Timed>()
const timeLawRows = [
  ofTimeLaw({
    name: 'nodes',
    plain: `Σ w_i f(t_i) = E w f(t) of what is drawn, for f of 1, e^{−t}, t/(1 + t) and t²/(1 + t²). To ${TAILS} (1 + |mean|), tails of 48 nodes, and twice what one of 1600 in u gives, as weights may jump`,
    // What is not said is derived, by Gauss’s rule in u.
    isDeclared: ({ timeLaw }) => drawnOf(timeLaw)?.nodes !== undefined,
    cases: fc.record({ count: fc.integer({ min: 48, max: 64 }) }),
    maxCases: 3,
    says: (timed, { count }) =>
      asMany(sumMeans(TimeLaw.quadrature(timed.schedule, count)(timed.timeLaw)), drawnNodes(timed))
  }),
  ofTimeLaw({
    name: 'density',
    plain: `∫ p f dt/∫ p dt = E w f(t)/E w of what is drawn, for f of e^{−t}, t/(1 + t) and t²/(1 + t²). To the same as of nodes`,
    isDeclared: timed => isDrawn(timed) && densityOf(timed) !== null,
    cases: seeded,
    maxCases: 1,
    says: timed => {
      const { at, support } = densityOf(timed) ?? { at: () => NaN, support: [0, 1] }
      const drawn = drawnNodes(timed)
      const [whole] = sumMeans(drawn)
      // Beyond sixty no schedule has signal that is seen.
      const found = sumMeans(
        fine(support[0], Math.min(support[1], 60)).map(({ time, weight }) => ({ time, weight: weight * at(time) }))
      )
      return asMany(
        found.map(x => x / found[0]),
        drawn.map(({ time, weight }) => ({ time, weight: weight / whole }))
      )
    }
  }),
  ofTimeLaw({
    name: 'fromClean',
    plain: `E w f(t) over t ≤ c is its share times the mean of f over [0, c], for f of e^{−t}, t/(1 + t) and t²/(1 + t²). To the same as of nodes`,
    isDeclared: timed => isDrawn(timed) && !Number.isNaN(cleanUpTo(timed)),
    cases: seeded,
    maxCases: 1,
    says: timed => {
      const clean = cleanUpTo(timed)
      const inside = drawnNodes(timed, clean * (1 + 1e-12))
      const [share] = sumMeans(inside)
      return asMany(
        sumMeans(fine(0, clean)).map(x => (share * x) / clean),
        inside
      )
    }
  })
]

export const ofTimeLaws = declaredBy<Timed>(timeLawRows, ({ timeLaw }) => TimeLaw.show(timeLaw))

// —— weightings ——

export const ofWeightings = declaredBy<Weighting.Weighting>(
  [
    capability<Weighting.Weighting>()({
      name: 'everywhere',
      plain: 'w(t) is that number on every schedule, at every time. Exactly',
      isDeclared: weighting => O.isSome(Weighting.everywhere(weighting)),
      cases: fc.record({ schedule: Arbitrary.schedules, share: fc.double({ min: 0.05, max: 0.95, noNaN: true }) }),
      says: (weighting, { schedule, share }) => {
        const time = share * Math.min(4, Schedule.until(schedule))
        return equals(
          Weighting.interpret(schedule)(weighting)(time),
          O.getOrElse(() => NaN)(Weighting.everywhere(weighting))
        )
      }
    })
  ],
  Weighting.show
)

// —— parametrizations ——

const ofParametrization = capability<Parametrization.Parametrization>()
const levels = Arbitrary.levels.filter(({ alpha, sigma }) => alpha > 0 && sigma > 0)
const levelled = fc.record({ level: levels })

/** Numbers as a tensor and back. */
const number = (f: () => Operand): number => compute(() => add(tensor([0], [1, 1]), f())).values[0]

export const ofParametrizations = declaredBy<Parametrization.Parametrization>(
  [
    ofParametrization({
      name: 'written',
      plain:
        'in tensors p, q and the data and the noise behind x are what it means in numbers. To 1e-13 of the greatest of them',
      isDeclared: parametrization => O.isSome(Case.meaning(parametrization).tensors),
      cases: levelled,
      says: (parametrization, { level }) => {
        const { direction, behind, tensors } = Case.meaning(parametrization)
        const written = O.toNullable(tensors)
        if (written === null) return []
        const read = (of: (found: Parametrization.Formulas<Operand>) => Operand): number =>
          number(() => of(written({ alpha: tensor([level.alpha], [1, 1]), sigma: tensor([level.sigma], [1, 1]) })))
        const { p, q } = direction(level)
        const { data, noise } = behind(level, (a, b) => a / b)
        return near(
          [
            ...[read(found => found.direction.p), read(found => found.direction.q)],
            ...[read(found => found.behind.data.ofOutput), read(found => found.behind.data.ofPoint)],
            ...[read(found => found.behind.noise.ofOutput), read(found => found.behind.noise.ofPoint)]
          ],
          [p, q, data.ofOutput, data.ofPoint, noise.ofOutput, noise.ofPoint],
          1e-13
        )
      }
    }),
    ofParametrization({
      name: 'target',
      plain: 'what its output is to match, in tensors, is p x_0 + q z. To 1e-13 (1 + |p x_0| + |q z|)',
      isDeclared: () => true,
      cases: fc.record({ level: levels, clean: Arbitrary.real(3), noise: Arbitrary.real(3) }),
      says: (parametrization, { level: { alpha, sigma }, clean, noise }) => {
        const { p, q } = Parametrization.direction(parametrization)({ alpha, sigma })
        const one = (x: number): Tensor => tensor([x], [1, 1])
        const found = number(() =>
          Parametrization.targetTensor(parametrization)({ alpha: one(alpha), sigma: one(sigma) })(
            one(clean),
            one(noise)
          )
        )
        return near([found], [p * clean + q * noise], 1e-13 * (1 + Math.abs(p * clean) + Math.abs(q * noise)))
      }
    }),
    ofParametrization({
      name: 'squaredDeterminant',
      plain:
        '(αq − σp)² is the product of powers of α and σ that it says, times what it writes above and over what it writes below. To 1e-13 of it',
      // A text with letters of its own is for people alone.
      isDeclared: parametrization =>
        O.exists(({ above, below }: Parametrization.SquaredDeterminant) =>
          [above, below].every(text => Number.isFinite(formulaAt(text, { alpha: 0.8, sigma: 0.3 })))
        )(Case.meaning(parametrization).squaredDeterminant),
      cases: levelled,
      says: (parametrization, { level }) => {
        const { direction, squaredDeterminant } = Case.meaning(parametrization)
        if (O.isNone(squaredDeterminant)) return []
        const { alphas, sigmas, above, below } = squaredDeterminant.value
        const { p, q } = direction(level)
        const wanted =
          (Elementary.pow(level.alpha, alphas) * Elementary.pow(level.sigma, sigmas) * formulaAt(above, level)) /
          formulaAt(below, level)
        const name = `(αq − σp)², over what it says${above + below === '' ? '' : ` with ‘${above}’ above and ‘${below}’ below`}`
        return equals({ [name]: Elementary.square(level.alpha * q - level.sigma * p) / wanted }, { [name]: 1 }, 1e-13)
      }
    })
  ],
  Parametrization.show
)

// —— objectives ——

const formOf = (objective: Objective.Objective): Objective.Form | null => {
  const form = Case.meaning(objective)
  return 'parts' in form ? null : form
}

/** The integrand alone: no closed form is known of what calls it, and nothing is declared of it. */
const plain = (form: Objective.Form, timeLaw?: TimeLaw.TimeLaw): Objective.Objective | null =>
  'perRow' in form
    ? Objective.define({
        name: 'plain',
        about: 'its integrand alone',
        meaning: () => ({
          timeLaw: timeLaw ?? form.timeLaw,
          perRow: row => form.perRow(row),
          ...(form.measuredIn !== undefined && { measuredIn: form.measuredIn }),
          ...(form.constants !== undefined && { constants: form.constants })
        })
      })
    : null

interface Data {
  readonly points: Points.Points
  readonly params: Params.Params<string>
  readonly seed: number
}

/** An objective, and the score that it is for. */
interface Lost {
  readonly objective: Objective.Objective
  readonly score: Score.Score<string>
}

const data = ({ objective, score }: Lost): ReadonlyArray<fc.Arbitrary<Data>> =>
  columnsOf({ objective, score }).map(dim =>
    fc.record({
      points: Arbitrary.pairedFor(objective, score)(Arbitrary.points({ minRows: 2, maxRows: 4, extent: 2, far: 2 }))(
        dim
      ),
      params: Arbitrary.params(score, { extent: 1.5 })(dim),
      seed: Arbitrary.seeds
    })
  )

const valueOf = (
  score: Score.Score<string>,
  objective: Objective.Objective,
  expectation: Expectation.Expectation,
  { points, params, seed }: Data
): ReadonlyArray<number> => {
  const loss = { schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation }
  const f = compiled(Compile.valueAndGrad(loss, { evaluations: 1 })(points))
  const { value, gradient } = f(params, Key.fromSeed(seed))
  return [value, ...flat(gradient)]
}

// The names of the parameters are forgotten.
const pair = Score.symmetricPair as unknown as Score.Score<string>
const two = Score.isotropic({ components: 2 }) as unknown as Score.Score<string>

/** In one dimension and two, or where the objective is at home. */
const columnsOf = ({ objective, score }: Lost): ReadonlyArray<number> => {
  const found = Arbitrary.columnsOf(objective, score)
  const few = found.filter(dim => dim <= 2)
  return few.length > 0 ? few : found
}

/** On which score it is looked at: one that is seen on a line, or one with variances, unless it reads what only its own says. */
const seenBy = {
  spans: ({ objective }: Lost): Lost => ({ objective, score: pair }),
  bounded: ({ objective, score }: Lost): Lost => ({ objective, score: reads(objective, two) ? two : score })
}

/** Whether an objective can be asked of a score: what reads heads or parameters by name throws of another. */
const reads = (objective: Objective.Objective, score: Score.Score<string>): boolean =>
  columnsOf({ objective, score }).every(dim =>
    Objective.terms(objective).every(({ term }) => Refusals.isRead(Score.interpret(score), term, dim))
  )

const declares =
  (name: 'spans' | 'bounded') =>
  (lost: Lost): boolean => {
    const form = formOf(lost.objective)
    return (
      form !== null &&
      'perRow' in form &&
      form[name] === true &&
      columnsOf(seenBy[name](lost)).length > 0 &&
      Objective.problems(Schedule.ornsteinUhlenbeck)(lost.objective).length === 0
    )
  }

/** The score −a ∘ x, as a network that says it, and as one that says the noise. */
const linear = (predicts: Parametrization.Parametrization): Score.Score<string> =>
  Score.custom({
    name: 'linear',
    shapes: dim => ({ slopes: [dim] }),
    apply: ({ slopes }, x, { sigma }) => mul(predicts === Parametrization.noise ? sigma : -1, mul(slopes, x)),
    predicts
  })
const [saying, sayingNoise] = [Parametrization.score, Parametrization.noise].map(linear)

const penaltyOf = ({ objective }: Lost): Objective.Penalty | null =>
  pipe(Objective.terms(objective), ([{ term }, ...others]) =>
    others.length === 0 && Objective.isPenalty(term) && term.of === objective ? term : null
  )

const ofObjective = capability<Lost>()

export const ofObjectives = declaredBy<Lost>(
  [
    ofObjective({
      name: 'spans',
      plain:
        'of the pair by quadrature on the line that it sees it is its integrand over all noise, by Hermite nodes in every direction, value and gradient. To 1e-3 (1 + |L| + |∇L|): 24 nodes',
      isDeclared: declares('spans'),
      cases: lost => data(seenBy.spans(lost)),
      maxCases: 5,
      says: ({ objective }, each) => {
        const form = formOf(objective)
        const alone = form && plain(form)
        if (alone === null) return []
        const all = Density.withNoise(each.points, Density.hermite(24))
        return near(
          valueOf(pair, objective, Expectation.quadrature({ nodes: 32 }), each),
          valueOf(pair, alone, Expectation.fixed(all.noise), { ...each, points: all.points }),
          1e-3
        )
      }
    }),
    ofObjective({
      name: 'bounded',
      plain: 'its integrand at t = 1e-9 is at most ten times that at 1e-4, and 1, for the same noise',
      isDeclared: declares('bounded'),
      cases: lost => data(seenBy.bounded(lost)),
      maxCases: 10,
      says: (lost, each) => {
        const { objective, score } = seenBy.bounded(lost)
        const noise = Expectation.fixed(Arbitrary.noiseOf(each.points, each.seed))
        const form = formOf(objective)
        const draws = Objective.terms(objective).some(
          ({ term }) => Objective.isMatching(term) && term.exact !== undefined
        )
        // What is drawn beside the noise takes plain noise.
        const at = (time: number): number => {
          const alone = form && plain(form, TimeLaw.at(time))
          return alone === null
            ? NaN
            : Math.abs(valueOf(score, alone, draws ? Expectation.monteCarlo() : noise, each)[0])
        }
        return atMost(at(1e-9), 10 * (1 + at(1e-4)))
      }
    }),
    ofObjective({
      name: 'measuredIn',
      plain:
        'a network that says the score, and one that says the noise of the same score, have one loss and one gradient. To 1e-11 (1 + |L| + |∇L|)',
      isDeclared: ({ objective }) => {
        const form = formOf(objective)
        return form !== null && 'perRow' in form && form.measuredIn !== undefined && reads(objective, saying)
      },
      cases: ({ objective }) => data({ objective, score: saying }),
      maxCases: 5,
      says: ({ objective }, each) => {
        const [one, other] = [saying, sayingNoise].map(score =>
          valueOf(score, objective, Expectation.monteCarlo(), each)
        )
        return near(one, other, 1e-11)
      }
    }),
    ofObjective({
      name: 'curvature',
      plain:
        'it is the whole Hessian: a step h along a coordinate changes the gradient in that alone, by h times it. By central differences, h = 1e-4, to 1e-5 (1 + |∂²L|)',
      isDeclared: lost => penaltyOf(lost)?.curvature !== undefined,
      cases: data,
      maxCases: 5,
      says: (lost, { params, seed }) => {
        const term = penaltyOf(lost)
        if (term?.curvature === undefined) return []
        const shapes = Params.shapes(params)
        const axis = Params.unit(shapes, seed % Params.sizeOf(shapes))
        const h = 1e-4
        const [up, down] = [h, -h].map(by =>
          flat(term.penalty(Params.zipWith((p, e) => p + by * e)(params, axis)).gradient)
        )
        const wanted = flat(Params.zipWith((c, e) => c * e)(term.curvature(params), axis))
        return near(
          up.map((u, i) => (u - down[i]) / (2 * h)),
          wanted,
          1e-5
        )
      }
    })
  ],
  ({ objective }) => Objective.show(objective)
)

// —— initializers ——

interface Started {
  readonly initializer: Initializer.Initializer
  readonly score: Score.Score<string>
}

const rowsFor = ({ initializer }: Started, rows: number, seed: number): Points.Points => {
  const dim = O.getOrElse(() => 2)(Initializer.dim(initializer))
  return { rows, dim, values: Key.normal(rows * dim)(Key.fromSeed(seed)) }
}
const startOf = ({ initializer, score }: Started, data: Source.Data) => Initializer.interpret(score, data)(initializer)

export const ofInitializers = declaredBy<Started>(
  [
    capability<Started>()({
      name: 'streams',
      plain: 'from a source of the rows it starts as from the rows, bit for bit',
      isDeclared: started => E.isRight(startOf(started, Source.of(rowsFor(started, 20, 1)))),
      cases: fc.record({ rows: fc.integer({ min: 20, max: 30 }), seed: Arbitrary.seeds }),
      maxCases: 5,
      says: (started, { rows, seed }) => {
        const points = rowsFor(started, rows, seed)
        const [source, whole] = [Source.of(points), points].map(data =>
          compiled(startOf(started, data))(Key.fromSeed(seed))
        )
        return sameBits(source, whole)
      }
    })
  ],
  ({ initializer }) => Initializer.show(initializer)
)

// —— optimizers ——

const gainOf = (optimizer: Optimizer.Optimizer, name: string, state: unknown = null): number =>
  Case.meaning(optimizer).gain(state, name)

const times = (c: number): (<P extends string>(params: Params.Params<P>) => Params.Params<P>) =>
  Params.mapValues(value => c * value)

interface Slope {
  readonly value: number
  readonly gradient: Params.Params<string>
}

/** ⟨g, θ⟩ + ½|θ|² */
const bowl =
  (slope: Params.Params<string>) =>
  (params: Params.Params<string>): Slope => ({
    value: dot(flat(slope), flat(params)) + dot(flat(params), flat(params)) / 2,
    gradient: Params.zipWith((a, b) => a + b)(slope, params)
  })

const ofOptimizer = capability<Optimizer.Optimizer>()
const walking = fc.record({ walk: Arbitrary.walks.filter(({ gradients }) => gradients.length > 0) })

export const ofOptimizers = declaredBy<Optimizer.Optimizer>(
  [
    ofOptimizer({
      name: 'gain',
      plain:
        'from θ = 0 and no memory the step along g, and along 1e6 g, less that along 0 goes with g as the sign of the gain says, gain · ⟨step(g) − step(0), g⟩ ≥ 0, and is 0 where the gain is 0; with the memory of some steps it is so along g/1000. (A projection moves what lies outside without any gradient)',
      isDeclared: optimizer => ['means', 'logits', 'logVariances'].some(name => !Number.isNaN(gainOf(optimizer, name))),
      cases: walking,
      says: (optimizer, { walk: { start, gradients } }) => {
        const zero = times(0)(start)
        const { init, update } = Optimizer.anyInterpret(optimizer)
        const taken = (state: Optimizer.AnyState<string>, gradient: Params.Params<string>) => {
          const evaluate = bowl(gradient)
          return update(gradient, state, zero, { ...evaluate(zero), evaluate })
        }
        const along = (
          state: Optimizer.AnyState<string>,
          gradient: Params.Params<string>,
          gain: (name: string) => number
        ): ReadonlyArray<Relation> => {
          const moved = Params.zipWith((a, b) => a - b)(taken(state, gradient)[0], taken(state, zero)[0])
          return Params.names(moved).flatMap(name => {
            const found = dot(moved[name].values, gradient[name].values)
            return Number.isNaN(gain(name))
              ? []
              : gain(name) === 0
                ? equals(moved[name].values, 0)
                : atLeast(Math.sign(gain(name)) * found, 0, 1e-12 * Math.abs(found))
          })
        }
        const [gradient] = gradients
        const later = gradients.reduce((state, gradient) => taken(state, gradient)[1], init(zero))
        return [
          ...[1, 1e6].flatMap(far => along(init(zero), times(far)(gradient), name => gainOf(optimizer, name))),
          // Where the objective decides, it is what the last step had, and of 0 nothing follows.
          ...along(later, times(1e-3)(gradient), name => gainOf(optimizer, name, later) || NaN)
        ]
      }
    }),
    ofOptimizer({
      name: 'estimate',
      plain:
        'where every step moves the parameters, what it takes for the answer after eight of them is not where they began',
      isDeclared: optimizer => Case.meaning(optimizer).estimate !== undefined,
      cases: walking,
      says: (optimizer, { walk: { start, gradients } }) => {
        const { init, update } = Optimizer.anyInterpret(optimizer)
        const all = Array.from({ length: 8 }, (_, i) => gradients[i % gradients.length])
        const ends = all.reduce<ReadonlyArray<Optimizer.Iterate<string>>>(
          (found, gradient) => {
            const { params, state } = found[found.length - 1]
            const evaluate = bowl(gradient)
            const [step, next] = update(gradient, state, params, { ...evaluate(params), evaluate })
            return [...found, { params: Params.zipWith((a, b) => a + b)(params, step), state: next }]
          },
          [{ params: start, state: init(start) }]
        )
        const { params, state } = ends[ends.length - 1]
        const answer = Optimizer.estimate(optimizer, params, state)
        return Params.names(start)
          .filter(name => ends.slice(1).every(({ params }) => !areSameBits(params[name], start[name])))
          .map(name => differs(answer[name], start[name]))
      }
    }),
    ofOptimizer({
      name: 'recall',
      plain: 'what it recalls of the objective where a step has led, is the objective there. To 1e-12 (1 + |f| + |∇f|)',
      isDeclared: optimizer => Case.meaning(optimizer).recall !== undefined,
      cases: walking,
      says: (optimizer, { walk: { start, gradients } }) => {
        const { init, update } = Optimizer.anyInterpret(optimizer)
        const evaluate = bowl(gradients[0])
        const here = evaluate(start)
        const [step, state] = update(here.gradient, init(start), start, { ...here, evaluate })
        const there = Params.zipWith((a, b) => a + b)(start, step)
        const found = Case.meaning(optimizer).recall?.(there, state) ?? null
        if (found === null) return []
        const wanted = evaluate(there)
        return near([found.value, ...flat(found.gradient)], [wanted.value, ...flat(wanted.gradient)], 1e-12)
      }
    })
  ],
  Optimizer.show
)

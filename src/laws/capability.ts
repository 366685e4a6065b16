/**
 * Declared capabilities: each equals the plain meaning that it replaces, or holds what it promises. A row says of each what is asked
 * of an instance that declares it, and what the plain meaning answers.
 */
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as O from 'fp-ts/lib/Option.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { add, compute, Quadrature } from '../../lib/index.js'
import type * as Points from '../data/points.js'
import * as Leaves from '../optimizer/leaves.js'
import { computed } from '../optimizer/part.js'
import {
  Case,
  Compile,
  Expectation,
  Initializer,
  Key,
  Objective,
  Optimizer,
  Params,
  Rate,
  Schedule,
  Score,
  Source,
  TimeLaw,
  Weighting
} from '../index.js'
import * as Arbitrary from './arbitraries.js'
import { held, compiled, flat, greatest, dot } from './check.js'
import * as Density from './density.js'
import type { Laws } from './law.js'
import { over, is, isAtMost, hasBits, type Relation, type Stated } from './lawRows.js'

/** A capability of instances of T. */
interface Capability<T, X extends object> {
  readonly name: string
  /** The plain meaning. */
  readonly plain: string
  readonly isDeclared: (value: T) => boolean
  readonly cases: fc.Arbitrary<X> | ((value: T) => ReadonlyArray<fc.Arbitrary<X>>)
  readonly enough?: number
  readonly says: (value: T, each: X) => Relation | ReadonlyArray<Relation>
}

/** Its row, for an instance. */
type Declared<T> = (value: T) => Stated

const capability =
  <T>() =>
  <X extends object>({ name, plain, isDeclared, cases, enough = 20, says }: Capability<T, X>): Declared<T> =>
  value =>
    over(typeof cases === 'function' ? cases(value) : cases)({
      name: `its ‘${name}’ is what it stands for`,
      statement: `∀ cases: ${plain}.`,
      source: `definition of ‘${name}’`,
      enough,
      claim: isDeclared(value),
      unless: `it declares no ‘${name}’`,
      says: each => says(value, each)
    })

/** Rows of an instance, to stand among other laws of it. */
const declaredBy =
  <T>(rows: ReadonlyArray<Declared<T>>, show: (value: T) => string) =>
  (value: T): Laws =>
    held(rows.map(row => row(value)(show(value))))

/** To a share of 1 and the greatest of what is wanted. */
const near = (found: ReadonlyArray<number>, wanted: ReadonlyArray<number>, to: number): Relation =>
  is(found, wanted, to * (1 + greatest(wanted)))

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

const drawnOf = (timeLaw: TimeLaw.TimeLaw): TimeLaw.Drawn | null => O.toNullable(Case.meaning(timeLaw).drawn)

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
  return is(found, wanted, TAILS * (1 + greatest(wanted)) + 2 * one)
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
    isDeclared: isDrawn,
    cases: fc.record({ count: fc.integer({ min: 48, max: 64 }) }),
    enough: 3,
    says: (timed, { count }) =>
      asMany(sumMeans(TimeLaw.quadrature(timed.schedule, count)(timed.timeLaw)), drawnNodes(timed))
  }),
  ofTimeLaw({
    name: 'density',
    plain: `∫ p f dt/∫ p dt = E w f(t)/E w of what is drawn, for f of e^{−t}, t/(1 + t) and t²/(1 + t²). To the same as of nodes`,
    isDeclared: timed => isDrawn(timed) && densityOf(timed) !== null,
    cases: seeded,
    enough: 1,
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
    enough: 1,
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
        return is(
          Weighting.interpret(schedule)(weighting)(time),
          O.getOrElse(() => NaN)(Weighting.everywhere(weighting))
        )
      }
    })
  ],
  Weighting.show
)

// —— objectives ——

const formOf = (objective: Objective.Objective): Objective.Form | null => {
  const { form } = Case.meaning(objective)
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

interface Data<P extends string> {
  readonly points: Points.Points
  readonly params: Params.Params<P>
  readonly seed: number
}

const data =
  <P extends string>(score: Score.Score<P>) =>
  (objective: Objective.Objective): ReadonlyArray<fc.Arbitrary<Data<P>>> =>
    columnsOf(objective, score).map(dim =>
      fc.record({
        points: Arbitrary.points({ minRows: 2, maxRows: 4, extent: 2, far: 2 })(dim),
        params: Arbitrary.params(score, { extent: 1.5 })(dim),
        seed: Arbitrary.seeds
      })
    )

const valueOf = <P extends string>(
  score: Score.Score<P>,
  objective: Objective.Objective,
  expectation: Expectation.Expectation,
  { points, params, seed }: Data<P>
): ReadonlyArray<number> => {
  const loss = { schedule: Schedule.ornsteinUhlenbeck, score, objective, expectation }
  const f = compiled(Compile.valueAndGrad(loss, { evaluations: 1 })(points))
  const { value, gradient } = f(params, Key.fromSeed(seed))
  return [value, ...flat(gradient)]
}

const two = Score.isotropic({ components: 2 })

/** In one dimension and two, or where the objective is at home. */
const columnsOf = <P extends string>(objective: Objective.Objective, score: Score.Score<P>): ReadonlyArray<number> => {
  const found = Arbitrary.columnsOf(objective, score)
  const few = found.filter(dim => dim <= 2)
  return few.length > 0 ? few : found
}

const columnsFor = {
  spans: (objective: Objective.Objective) => columnsOf(objective, Score.symmetricPair),
  bounded: (objective: Objective.Objective) => columnsOf(objective, two)
}

const declares =
  (name: 'spans' | 'bounded') =>
  (objective: Objective.Objective): boolean => {
    const form = formOf(objective)
    return (
      form !== null &&
      'perRow' in form &&
      form[name] === true &&
      columnsFor[name](objective).length > 0 &&
      Objective.problems(Schedule.ornsteinUhlenbeck)(objective).length === 0
    )
  }

const ofObjective = capability<Objective.Objective>()

export const ofObjectives = declaredBy<Objective.Objective>(
  [
    ofObjective<Data<'mean'>>({
      name: 'spans',
      plain:
        'of the pair by quadrature on the line that it sees it is its integrand over all noise, by Hermite nodes in every direction, value and gradient. To 1e-3 (1 + |L| + |∇L|): 24 nodes',
      isDeclared: declares('spans'),
      cases: data(Score.symmetricPair),
      enough: 5,
      says: (objective, each) => {
        const form = formOf(objective)
        const alone = form && plain(form)
        if (alone === null) return []
        const all = Density.withNoise(each.points, Density.hermite(24))
        return near(
          valueOf(Score.symmetricPair, objective, Expectation.quadrature({ nodes: 32 }), each),
          valueOf(Score.symmetricPair, alone, Expectation.fixed(all.noise), { ...each, points: all.points }),
          1e-3
        )
      }
    }),
    ofObjective<Data<typeof two extends Score.Score<infer P> ? P : never>>({
      name: 'bounded',
      plain: 'its integrand at t = 1e-9 is at most ten times that at 1e-4, and 1, for the same noise',
      isDeclared: declares('bounded'),
      cases: data(two),
      enough: 10,
      says: (objective, each) => {
        const noise = Expectation.fixed(Arbitrary.noiseOf(each.points, each.seed))
        const form = formOf(objective)
        const draws = Objective.terms(objective).some(
          ({ term }) => Objective.isMatching(term) && term.exact !== undefined
        )
        // What is drawn beside the noise takes plain noise.
        const at = (time: number): number => {
          const alone = form && plain(form, TimeLaw.at(time))
          return alone === null ? NaN : Math.abs(valueOf(two, alone, draws ? Expectation.monteCarlo() : noise, each)[0])
        }
        return isAtMost(at(1e-9), 10 * (1 + at(1e-4)))
      }
    })
  ],
  Objective.show
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
      enough: 5,
      says: (started, { rows, seed }) => {
        const points = rowsFor(started, rows, seed)
        const [source, whole] = [Source.of(points), points].map(data =>
          compiled(startOf(started, data))(Key.fromSeed(seed))
        )
        return hasBits(source, whole)
      }
    })
  ],
  ({ initializer }) => Initializer.show(initializer)
)

// —— optimizers ——

const gainOf = (optimizer: Optimizer.Optimizer, name: string): number => Case.meaning(optimizer).gain(null, name)

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
        'from θ = 0 and no memory the step along g less that along 0 goes with g as the sign of the gain says, gain · ⟨step(g) − step(0), g⟩ ≥ 0, and is 0 where the gain is 0. (A projection moves what lies outside without any gradient)',
      isDeclared: optimizer => ['means', 'logits', 'logVariances'].some(name => !Number.isNaN(gainOf(optimizer, name))),
      cases: walking,
      says: (optimizer, { walk: { start, gradients } }) => {
        const zero = Params.mapValues(() => 0)(start)
        const { init, update } = Optimizer.anyInterpret(optimizer)
        const stepAlong = (gradient: Params.Params<string>): Params.Params<string> => {
          const evaluate = bowl(gradient)
          return update(gradient, init(zero), zero, { ...evaluate(zero), evaluate })[0]
        }
        const moved = Params.zipWith((a, b) => a - b)(stepAlong(gradients[0]), stepAlong(zero))
        return Params.names(moved).flatMap(name => {
          const gain = gainOf(optimizer, name)
          const along = dot(moved[name].values, gradients[0][name].values)
          return Number.isNaN(gain)
            ? []
            : gain === 0
              ? is(moved[name].values, 0)
              : isAtMost(0, Math.sign(gain) * along, 1e-12 * Math.abs(along))
        })
      }
    }),
    ofOptimizer({
      name: 'recall',
      plain: 'what it recalls of the objective where a step has led, is the objective there. To 1e-12 (1 + |f| + |∇f|)',
      isDeclared: optimizer => O.isSome(Case.meaning(optimizer).recall),
      cases: walking,
      says: (optimizer, { walk: { start, gradients } }) => {
        const { init, update } = Optimizer.anyInterpret(optimizer)
        const evaluate = bowl(gradients[0])
        const here = evaluate(start)
        const [step, state] = update(here.gradient, init(start), start, { ...here, evaluate })
        const there = Params.zipWith((a, b) => a + b)(start, step)
        const found = pipe(
          Case.meaning(optimizer).recall,
          O.chain(recall => O.fromNullable(recall(there, state))),
          O.toNullable
        )
        if (found === null) return []
        const wanted = evaluate(there)
        return near([found.value, ...flat(found.gradient)], [wanted.value, ...flat(wanted.gradient)], 1e-12)
      }
    }),
    ofOptimizer({
      name: 'written',
      plain:
        'along a walk its update in the tensor vocabulary makes of gradient, memory and place the step and the memory that it makes. To 1e-12 of 1 and the greatest',
      isDeclared: optimizer => E.isRight(Case.meaning(optimizer).written),
      cases: walking,
      says: (optimizer, { walk: { start, gradients } }) => {
        const { written } = Case.meaning(optimizer)
        if (E.isLeft(written)) return []
        const { init, update } = Optimizer.anyInterpret(optimizer)
        const inTensors = computed(() => written.right(() => ({})))
        const walked = gradients.reduce<Walked>(
          ({ state, params, told }, gradient) => {
            const place = { ...bowl(gradient)(params), evaluate: bowl(gradient), params }
            const [step, after] = update(gradient, state, params, place)
            const [found, left] = inTensors(gradient, state, place)
            return {
              state: after,
              params: Params.zipWith((a, b) => a + b)(params, step),
              told: [...told, near(flat(found), flat(step), 1e-12), near(leaves(left), leaves(after), 1e-12)]
            }
          },
          { state: init(start), params: start, told: [] }
        )
        return walked.told
      }
    })
  ],
  Optimizer.show
)

interface Walked {
  readonly state: unknown
  readonly params: Params.Params<string>
  readonly told: ReadonlyArray<Relation>
}

/** All numbers that a memory holds. */
const leaves = (memory: unknown): ReadonlyArray<number> => [
  ...flat(Leaves.of(memory)),
  ...Object.values(Leaves.numbers(memory))
]

// —— rates ——

export const ofRates = declaredBy<Rate.Rate>(
  [
    capability<Rate.Rate>()({
      name: 'written',
      plain: 'in the tensor vocabulary its rate at a step is its rate. To 1e-12 (1 + rate)',
      isDeclared: rate => Case.meaning(rate).written !== undefined,
      cases: fc.record({ step: fc.oneof({ weight: 4, arbitrary: fc.nat({ max: 200 }) }, fc.nat({ max: 1_000_000 })) }),
      says: (rate, { step }) => {
        const written = Case.meaning(rate).written?.(() => ({}))
        if (written === undefined) return []
        const { found } = compute(() => ({ found: add(written(step), 0) }))
        return near([...found.values], [Rate.at(step)(rate)], 1e-12)
      }
    })
  ],
  Rate.show
)

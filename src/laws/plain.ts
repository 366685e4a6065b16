/** Laws of what is a function of numbers: weightings, parametrizations, rates, regions and time grids. */
import * as fc from 'fast-check'
import { add, compute, tensor, type Operand } from '../../lib/index.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { Key, Rate, Clock, Schedule } from '../index.js'
import * as Case from '../core/case.js'
import * as Weighting from '../objective/weighting.js'
import * as TimeGrid from '../sampler/timeGrid.js'
import * as Region from '../optimizer/region.js'
import * as Parametrization from '../schedule/parametrization.js'
import * as Arbitrary from './arbitraries.js'
import { areSameBits } from './bits.js'
import { formulaAt } from './formula.js'
import { dotProduct, maxAbs, euclideanLength } from './check.js'
import type { Laws } from './law.js'
import {
  areFinite,
  atLeast,
  atMost,
  below,
  declarationInfo,
  equals,
  forAll,
  equalsRelatively as nearTo,
  ofRows
} from './lawRows.js'

// —— weightings ——

export interface WeightingOptions {
  /** What it is of: claimed by default where its case says it; null: nothing is claimed. */
  readonly sees?: Weighting.Sees | null
  /** The parametrizations whose losses it carries into one another. */
  readonly carries?: readonly [from: Parametrization.Parametrization, to: Parametrization.Parametrization] | null
}

const timed = Arbitrary.schedules.chain(schedule =>
  fc.record({
    schedule: fc.constant(schedule),
    time: Arbitrary.times(schedule),
    later: Arbitrary.times(schedule),
    other: Arbitrary.schedules,
    scale: fc.constantFrom(0.5, 2)
  })
)

/** The laws of a weighting: a finite weight at every level, and the same on every clock. */
export const weighting = (weighting: Weighting.Weighting, options: WeightingOptions = {}): Laws => {
  const { sees = Weighting.weightDependsOn(weighting) ?? null, carries = null } = options
  const at = (schedule: Schedule.Schedule, time: number): number => Weighting.interpret(schedule)(weighting)(time)
  const lawOf = forAll(timed)
  return ofRows(
    Weighting.show(weighting),
    [
      lawOf({
        name: 'weights are finite, and of one sign',
        quantity: 'weight',
        statement:
          '∀ schedules, t and t′ with signal and noise: w(t) is finite, and w(t′) is not of the other sign. Exactly.',
        source: 'definition of a weighting',
        says: ({ schedule, time, later }) => {
          const weight = at(schedule, time)
          return [areFinite(weight), atLeast(Math.sign(weight) * Math.sign(at(schedule, later)), 0)]
        }
      }),
      lawOf({
        claim: sees === 'snr',
        option: 'sees',
        name: 'the weight of a level is that of its SNR',
        quantity: 'weight',
        statement: '∀ schedules, t, t′ of another schedule, of one log-SNR λ: w(t) = w′(t′). To 1e-12 (1 + |λ|) w.',
        source: 'Kingma et al. 2021, arXiv 2107.00630, §5.1: schedules differ by their clock and their scale alone',
        says: ({ schedule, time, other }) => {
          const logSnr = Schedule.logSnr(time)(schedule)
          const there = Schedule.timeOfLogSnr(logSnr)(other)
          const off = Math.abs(Schedule.logSnr(there)(other) - logSnr)
          const weight = at(schedule, time)
          return (
            off < 1e-3 &&
            equals(at(other, there), weight, (1e-12 * (1 + Math.abs(logSnr)) + 2 * off) * Math.abs(weight))
          )
        }
      }),
      lawOf({
        claim: sees,
        option: 'sees',
        name: 'another clock changes no weight but a rate',
        quantity: 'weight',
        statement:
          '∀ schedules, t, c: on a clock c times as fast w(t/c) = w(t); of g², a rate, c w(t). To 1e-13 w: rounding.',
        source: 'a weight is of a level, g² dt of an interval of them',
        says: ({ schedule, time, scale }, sees) => {
          const fast = Schedule.reparametrized(Clock.affine({ scale }))(schedule)
          const wanted = (sees === 'rate' ? scale : 1) * at(schedule, time)
          return equals(at(fast, time / scale), wanted, 1e-13 * Math.abs(wanted))
        }
      }),
      lawOf({
        claim: carries,
        option: 'carries',
        name: 'it makes the loss of one parametrization that of another',
        quantity: 'weighted loss',
        statement: ([from, to]) =>
          `∀ schedules, t: w(t) is by how much the squared error of ${Parametrization.show(to)} is that of ${Parametrization.show(from)}. To 1e-12 of it.`,
        source: 'the paper of the weighting',
        says: ({ schedule, time }, [from, to]) => {
          const wanted = Parametrization.conversionWeight(from, to)(Schedule.level(time)(schedule))
          return equals(at(schedule, time), wanted, 1e-12 * wanted)
        }
      }),
      lawOf({
        ...declarationInfo('everywhere'),
        statement: '∀ schedules, t: w(t) is that number. Exactly.',
        claim: Weighting.everywhere(weighting) ?? null,
        says: ({ schedule, time }, everywhere) => equals(at(schedule, time), everywhere)
      })
    ],
    options
  )
}

// —— parametrizations ——

export interface ParametrizationOptions {
  /** What p x_0 + q z is, as published; by default what its case says. */
  readonly direction?: (level: Schedule.Level) => Parametrization.Direction
}

const carrying = fc.record({
  level: Arbitrary.levels.filter(({ alpha, sigma }) => alpha > 0 && sigma > 0),
  other: Arbitrary.parametrizations,
  pair: fc.tuple(Arbitrary.real(3), Arbitrary.real(3)),
  c: fc.constantFrom(1, 2, 4)
})

const oneByOne = (x: number): ReturnType<typeof tensor> => tensor([x], [1, 1])
/** A number of tensors. */
const evaluateOperand = (f: () => Operand): number => compute(() => add(oneByOne(0), f())).values[0]

/** The laws of a parametrization: outputs are carried from one to another as the data and the noise that they are of. */
export const parametrization = (own: Parametrization.Parametrization, options: ParametrizationOptions = {}): Laws => {
  const { direction = Parametrization.directionAt(own) } = options
  const { direction: direct, behind, tensors, squaredDeterminant } = Case.meaning(own)
  const said = squaredDeterminant ?? null
  const carried = (
    from: Parametrization.Parametrization,
    to: Parametrization.Parametrization,
    level: Schedule.Level
  ) => {
    const { ofOutput, ofPoint } = Parametrization.conversionCoefficients(from, to)(level)
    return (x: number, output: number): number => ofOutput * output + ofPoint * x
  }
  const near = ({ alpha, sigma }: Schedule.Level, ...terms: ReadonlyArray<number>): number =>
    1e-14 * Elementary.square(Math.max(1, sigma / alpha, alpha / sigma)) * (1 + 1 / sigma) * (1 + maxAbs(terms))
  const size =
    'to 1e-14 h² (1 + 1/σ) of the terms, h = max(1, σ/α, α/σ): what is hidden is divided by how little is shown'
  const degree = Parametrization.degree(own) ?? null
  const lawOf = forAll(carrying)
  return ofRows(Parametrization.show(own), [
    lawOf({
      name: 'the truth is carried to the truth',
      quantity: 'centres',
      statement: `∀ levels, x_0, z, others: p x_0 + q z is carried to p′x_0 + q′z, and back, both as published; ${size}.`,
      source: 'Salimans & Ho 2022, arXiv 2202.00512, appendix D; Karras et al. 2022, arXiv 2206.00364, table 1',
      says: ({ level, other, pair: [clean, noise] }) => {
        const x = level.alpha * clean + level.sigma * noise
        const [mine, yours] = [direction, Parametrization.directionAt(other)].map(of => {
          const { p, q } = of(level)
          return p * clean + q * noise
        })
        const found = [carried(own, other, level)(x, mine), carried(other, own, level)(x, yours)]
        return equals(found, [yours, mine], near(level, clean, noise, mine, yours))
      }
    }),
    lawOf({
      claim: degree,
      reason: 'it has no degree',
      name: 'outputs grow with the level by its degree',
      quantity: 'output',
      statement: `∀ levels, c = 2^k, x, outputs, others: at (cα, cσ) what belongs to cx is c^degree times what belongs to x at (α, σ), carried over too; ${size}.`,
      source: 'definition of the degree',
      says: ({ level, other: any, pair: [x, output], c }, degree) => {
        const other = Parametrization.degree(any) === undefined ? own : any
        const grows = Elementary.pow(c, Parametrization.degree(other) ?? degree)
        const higher = { alpha: c * level.alpha, sigma: c * level.sigma }
        const wanted = grows * carried(own, other, level)(x, output)
        const found = carried(own, other, higher)(c * x, Elementary.pow(c, degree) * output)
        return equals(found, wanted, c * c * near(level, x, output, wanted))
      }
    }),
    lawOf({
      ...declarationInfo('written'),
      statement:
        '∀ levels: in tensors p, q and the data and the noise behind x are what it means in numbers. To 1e-13 of the greatest of them.',
      claim: tensors ?? null,
      says: ({ level }, written) => {
        const { p, q } = direct(level)
        const { data, noise } = behind(level, (a, b) => a / b)
        const read = (of: (found: Parametrization.Formulas<Operand>) => Operand): number =>
          evaluateOperand(() => of(written({ alpha: oneByOne(level.alpha), sigma: oneByOne(level.sigma) })))
        return nearTo(
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
    lawOf({
      ...declarationInfo('target'),
      statement: '∀ levels: what its output is to match, in tensors, is p x_0 + q z. To 1e-13 (1 + |p x_0| + |q z|)².',
      says: ({ level, pair: [clean, noise] }) => {
        const { p, q } = Parametrization.directionAt(own)(level)
        const found = evaluateOperand(() => {
          const at = { alpha: oneByOne(level.alpha), sigma: oneByOne(level.sigma) }
          return Parametrization.targetTensor(own)(at)(oneByOne(clean), oneByOne(noise))
        })
        return nearTo([found], [p * clean + q * noise], 1e-13 * (1 + Math.abs(p * clean) + Math.abs(q * noise)))
      }
    }),
    lawOf({
      ...declarationInfo('squaredDeterminant'),
      statement:
        '∀ levels: (αq − σp)² is the product of powers of α and σ that it says, times what it writes above and over what it writes below. To 1e-13 of it.',
      // A text with letters of its own is for people alone.
      claim:
        said !== null &&
        [said.above, said.below].every(text => Number.isFinite(formulaAt(text, { alpha: 0.8, sigma: 0.3 }))) &&
        said,
      says: ({ level }, { alphas, sigmas, above, below }) => {
        const { p, q } = direct(level)
        const wanted =
          (Elementary.pow(level.alpha, alphas) * Elementary.pow(level.sigma, sigmas) * formulaAt(above, level)) /
          formulaAt(below, level)
        const name = `(αq − σp)², over what it says${above + below === '' ? '' : ` with ‘${above}’ above and ‘${below}’ below`}`
        return equals({ [name]: Elementary.square(level.alpha * q - level.sigma * p) / wanted }, { [name]: 1 }, 1e-13)
      }
    })
  ])
}

// —— rates ——

export interface RateOptions {
  /** The greatest that it comes to. */
  readonly most?: number
}

/** Steps that are looked at in one case: a phase of one step is met. */
const STEPS_PER_CASE = 300

/** The laws of a learning rate: it stays within what it names. */
export const rate = (rate: Rate.Rate, options: RateOptions = {}): Laws => {
  const from = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 1_000_000 }))
  const lawOf = forAll(fc.record({ from }))
  const ratesOf = ({ from }: { readonly from: number }): object =>
    Object.fromEntries(Array.from({ length: STEPS_PER_CASE }, (_, i) => [`rate(${from + i})`, Rate.at(from + i)(rate)]))
  return ofRows(
    Rate.show(rate),
    [
      lawOf({
        name: 'is no less than 0',
        statement: `∀ n, in blocks of ${STEPS_PER_CASE} from 0 or anywhere: 0 ≤ rate(n) < ∞. Exactly.`,
        source: 'definition of a learning rate',
        maxCases: 20,
        says: each => {
          const rates = ratesOf(each)
          return [areFinite(rates), atLeast(rates, 0)]
        }
      }),
      lawOf({
        claim: options.most,
        option: 'most',
        name: 'is no more than it names',
        statement: most => `∀ n: rate(n) ≤ ${most}. Up to 2⁻⁵² of it.`,
        source: 'definition of the rate',
        maxCases: 20,
        says: (each, most) => atMost(ratesOf(each), most * (1 + Elementary.powerOfTwo(-52)))
      })
    ],
    options
  )
}

// —— regions ——

type Vector = ReadonlyArray<number>

export interface RegionOptions {
  /** How far out of the region a vector is, without the nearest-point map; 0 or less inside. */
  readonly excess?: (x: Vector, columns: number) => number
  /** A vector of the region made of any other, without the nearest-point map. */
  readonly member?: (x: Vector, columns: number) => Vector
}

const subtractVectors = (x: Vector, y: Vector): Vector => x.map((value, i) => value - y[i])

/** Vectors near one, at a tenth of its size and at all of it, and far out along every coordinate, where the region ends. */
const vectorsAround = (x: Vector, seed: number): ReadonlyArray<Vector> => {
  const size = 1 + maxAbs(x)
  const drawn = Key.split(16)(Key.fromSeed(seed)).map((key, i) =>
    Array.from(Key.normal(x.length)(key), (z, j) => x[j] + (i < 8 ? 0.1 : 1) * size * z)
  )
  return [...drawn, ...x.flatMap((_, i) => [1, -1].map(sign => x.map((_, j) => (i === j ? 4 * sign * size : 0))))]
}

const vectors = (dim: number): fc.Arbitrary<Vector> => {
  const entries = fc.array(Arbitrary.real(5), { minLength: dim, maxLength: dim })
  const equal = Arbitrary.real(5).map(entry => Array.from({ length: dim }, () => entry))
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 4, arbitrary: entries },
    equal,
    entries.map(x => x.map(v => 2e5 * v))
  )
}

/** Vectors of a region, of matrices row by row with their columns. */
const regional = (region: Region.Region) => {
  const of = Region.regionArrays(region)
  const square = fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    of === 'tall' ? fc.integer({ min: 0, max: 2 }) : fc.constant(0)
  )
  const shapes =
    of === 'rows' ? fc.integer({ min: 1, max: 5 }).map(n => [1, n]) : square.map(([n, more]) => [n + more, n])
  return shapes.chain(([rows, columns]) =>
    fc.record({
      x: vectors(rows * columns),
      y: vectors(rows * columns),
      columns: fc.constant(columns),
      seed: Arbitrary.seeds
    })
  )
}

/** The laws of a region: its projection is inside, leaves alone what is inside, and is the nearest point. */
export const region = (region: Region.Region, options: RegionOptions = {}): Laws => {
  const project =
    (columns: number) =>
    (x: Vector): Vector =>
      Array.from(Region.project(region)(Float64Array.from(x), columns))
  // Where none is given, what the map itself gives is inside: the laws say less, and still all that defines a projection.
  const inside =
    (columns: number) =>
    (y: Vector): Vector =>
      options.member?.(y, columns) ?? project(columns)(y)
  const near = (x: Vector, y: Vector): number => 1e-14 * x.length * (1 + maxAbs([...x, ...y]))
  const rounding = '1e-14 n (1 + r), r the greatest entry and n how many: sums of n terms of that size are rounded'
  const isConvex = Region.isConvex(region)
  const few = Region.regionArrays(region) === 'rows' ? 2 : 4
  const bounds =
    isConvex &&
    [1e6, -1e6].some(far => {
      const x = [far, -far / 2, -far / 4, far / 2].slice(0, few)
      return !areSameBits(project(2)(x), x)
    })
  const reason = isConvex ? 'nothing is outside' : 'it says of itself that it is not convex'
  const lawOf = forAll(regional(region))
  return ofRows(
    Region.show(region),
    [
      lawOf({
        claim: options.excess,
        option: 'excess',
        name: 'a projection is inside',
        quantity: 'distance outside',
        statement: `∀ x: Πx is in the region. To ${rounding}.`,
        source: 'definition of a projection',
        says: ({ x, y, columns }, outside) => atMost(outside(project(columns)(x), columns), 0, near(x, y))
      }),
      lawOf({
        name: 'what is inside stays',
        quantity: 'projection',
        statement: `∀ y in the region, and where it is convex what lies between two: Πy = y, of as many entries, and y is as it was. To ${rounding}.`,
        source: 'definition of a projection',
        says: ({ x, y, columns }) => {
          const within = inside(columns)(y)
          const other = inside(columns)(x)
          const between = within.map((value, i) => value + (other[i] - value) / 3)
          const given = Float64Array.from(x)
          Region.project(region)(given, columns)
          return [
            equals(project(columns)(within), within, near(x, y)),
            isConvex && equals(project(columns)(between), between, near(x, y)),
            equals(within.length, y.length),
            equals(given, x)
          ]
        }
      }),
      lawOf({
        name: 'no point of the region is nearer',
        quantity: 'distance to the projection',
        statement: `∀ x, y in the region, near Πx and at its ends: |x − Πx| ≤ |x − y|. To ${rounding}.`,
        source: 'definition of a projection',
        says: ({ x, y, columns, seed }) => {
          const found = euclideanLength(subtractVectors(x, project(columns)(x)))
          return [y, ...vectorsAround(x, seed)].map(y =>
            atMost(found, euclideanLength(subtractVectors(x, inside(columns)(y))), near(x, y))
          )
        }
      }),
      lawOf({
        claim: bounds,
        reason,
        name: 'a projection is the nearest point',
        quantity: '⟨x − Px, y − Px⟩ / |y − Px|',
        statement:
          '∀ x outside, y in the region, near Πx and at its ends: the angle at Πx between x and y is no less than a right one, cos ≤ 0. To 1e-14 n (1 + r)²/|x − Πx||y − Πx|, r the greatest entry.',
        source: 'Hiriart-Urruty & Lemaréchal 2001, Fundamentals of Convex Analysis, theorem A.3.1.1',
        says: ({ x, y, columns, seed }) => {
          const at = project(columns)(x)
          const out = subtractVectors(x, at)
          return [y, ...vectorsAround(x, seed)].map(y => {
            const other = inside(columns)(y)
            const along = subtractVectors(other, at)
            const lengths = euclideanLength(out) * euclideanLength(along)
            const size = 1 + maxAbs([...x, ...y, ...other, ...at])
            return (
              lengths > 0 && atMost(dotProduct(out, along) / lengths, 0, (1e-14 * x.length * size * size) / lengths)
            )
          })
        }
      }),
      lawOf({
        claim: isConvex,
        reason,
        name: 'projections bring nothing farther apart',
        quantity: 'distance of two projections',
        statement: `∀ x, y: |Πx − Πy| ≤ |x − y|. To ${rounding}.`,
        source: 'the nearest point, for x and for y',
        says: ({ x, y, columns }) => {
          const apart = euclideanLength(subtractVectors(project(columns)(x), project(columns)(y)))
          return atMost(apart, euclideanLength(subtractVectors(x, y)), near(x, y))
        }
      })
    ],
    options
  )
}

// —— time grids ——

export interface TimeGridOptions {
  /** What its steps are even in: claimed by default where its case says it; null: nothing is claimed. */
  readonly evenIn?: TimeGrid.Coordinate | null
  /** Where it begins and ends, and in how many steps; by default what its fields `from`, `to` and `steps` say. */
  readonly span?: { readonly from: number; readonly to: number; readonly steps: number } | null
}

/** The laws of a time grid: times fall, from end to end, by steps that are even in its coordinate. */
export const timeGrid = (grid: TimeGrid.TimeGrid, options: TimeGridOptions = {}): Laws => {
  const [from, to, steps] = ['from', 'to', 'steps'].map(name => Number(Case.field(grid, name)))
  const {
    evenIn = TimeGrid.evenIn(grid) ?? null,
    span = Number.isNaN(from + to + steps) ? null : { from, to, steps }
  } = options
  // Schedules that have its times; where there is none, Ornstein–Uhlenbeck, on which the laws say what is wrong.
  const fits = (schedule: Schedule.Schedule): boolean => TimeGrid.problems(schedule)(grid).length === 0
  const few = [Schedule.ornsteinUhlenbeck, Schedule.edm, Schedule.cosine(), Schedule.rectifiedFlow, Schedule.subVp()]
  const schedule = few.some(fits) ? Arbitrary.schedules.filter(fits) : fc.constant(Schedule.ornsteinUhlenbeck)
  const lawOf = forAll(fc.record({ schedule }))
  return ofRows(TimeGrid.show(grid), [
    lawOf({
      claim: span,
      option: 'span',
      name: 'it goes from its noisy end to its clean end in its steps',
      quantity: 'times',
      statement:
        '∀ schedules: steps + 1 times, the first `from`, the last `to`. To 1e-13 of the later: a power and its root round.',
      source: 'definition of a time grid',
      says: ({ schedule }, { from, to, steps }) => {
        const found = TimeGrid.times(schedule)(grid)
        return [
          equals(found.length, steps + 1),
          equals([found[0], found[found.length - 1]], [from, to], 1e-13 * Math.abs(from))
        ]
      }
    }),
    lawOf({
      name: 'times fall',
      quantity: 'time',
      statement:
        '∀ schedules: every time is earlier than the one before, by more than its rounding, 2⁻⁴⁵; of one level, the same.',
      source: 'a sampler goes from noise to data',
      says: ({ schedule }) => {
        const found = TimeGrid.times(schedule)(grid)
        const before = found.slice(0, -1)
        const after = found.slice(1)
        const rounded = before.map(time => time * (1 - Elementary.powerOfTwo(-45)))
        return found[0] === found[found.length - 1] ? equals(after, before) : below(after, rounded)
      }
    }),
    lawOf({
      claim: evenIn,
      option: 'evenIn',
      name: 'steps are even in its coordinate',
      quantity: 'coordinates along the grid',
      statement:
        '∀ schedules: t, log(α²/σ²) or (σ/α)^(1/ρ) falls by equal steps. To 1e-9 of the whole: times are found from log-SNRs to 1e-13 of their slope.',
      source: 'Lu et al. 2022, arXiv 2206.00927; Karras et al. 2022, arXiv 2206.00364, equation 5',
      says: ({ schedule }, evenIn) => {
        const along = Array.from(TimeGrid.times(schedule)(grid), time => evenIn(Schedule.level(time)(schedule), time))
        const first = along[0]
        const last = along[along.length - 1]
        const even = along.map((_, i) => first + ((last - first) * i) / (along.length - 1))
        return equals(along, even, 1e-9 * Math.max(Math.abs(first), Math.abs(last)))
      }
    })
  ])
}

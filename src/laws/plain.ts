/** Laws of weightings, parametrizations, learning rates, regions and time grids. */
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
  ofRows,
  type LawBuilder
} from './lawRows.js'

// —— weightings ——

export interface WeightingOptions {
  /** Quantity that the weight is a function of; null claims none. Default: as declared. */
  readonly sees?: Weighting.Sees | null
  /** Claim that it converts the loss of the first parametrization to that of the second. */
  readonly carries?: readonly [from: Parametrization.Parametrization, to: Parametrization.Parametrization] | null
}

/** Returns the laws of a weighting: finite at every noise level, and equal on every clock. */
export const weighting = (weighting: Weighting.Weighting, options: WeightingOptions = {}): Laws => {
  const subject = weightingSubject(weighting, options)
  return ofRows(
    Weighting.show(weighting),
    [
      weightsAreFinite(subject),
      weightDependsOnSnrAlone(subject),
      weightIsClockInvariant(subject),
      weightConvertsLosses(subject),
      weightIsConstant(subject)
    ],
    options
  )
}

const weightingSubject = (weighting: Weighting.Weighting, options: WeightingOptions) => {
  const { sees = Weighting.weightDependsOn(weighting) ?? null, carries = null } = options
  return {
    at: (schedule: Schedule.Schedule, time: number): number => Weighting.interpret(schedule)(weighting)(time),
    sees,
    carries,
    constant: Weighting.everywhere(weighting) ?? null
  }
}
type WeightingSubject = ReturnType<typeof weightingSubject>

const weightingCases = Arbitrary.schedules.chain(schedule =>
  fc.record({
    schedule: fc.constant(schedule),
    time: Arbitrary.times(schedule),
    later: Arbitrary.times(schedule),
    other: Arbitrary.schedules,
    scale: fc.constantFrom(0.5, 2)
  })
)

const onWeightingCases = forAll(weightingCases)

const weightsAreFinite = ({ at }: WeightingSubject): LawBuilder =>
  onWeightingCases({
    name: 'weights are finite, and of one sign',
    quantity: 'weight',
    statement:
      '∀ schedules, t and t′ with signal and noise: w(t) is finite, and w(t′) is not of the other sign. Exactly.',
    source: 'definition of a weighting',
    says: ({ schedule, time, later }) => {
      const weight = at(schedule, time)
      return [areFinite(weight), atLeast(Math.sign(weight) * Math.sign(at(schedule, later)), 0)]
    }
  })

const weightDependsOnSnrAlone = ({ at, sees }: WeightingSubject): LawBuilder =>
  onWeightingCases({
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
        off < 1e-3 && equals(at(other, there), weight, (1e-12 * (1 + Math.abs(logSnr)) + 2 * off) * Math.abs(weight))
      )
    }
  })

const weightIsClockInvariant = ({ at, sees }: WeightingSubject): LawBuilder =>
  onWeightingCases({
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
  })

const weightConvertsLosses = ({ at, carries }: WeightingSubject): LawBuilder =>
  onWeightingCases({
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
  })

const weightIsConstant = ({ at, constant }: WeightingSubject): LawBuilder =>
  onWeightingCases({
    ...declarationInfo('everywhere'),
    statement: '∀ schedules, t: w(t) is that number. Exactly.',
    claim: constant,
    says: ({ schedule, time }, everywhere) => equals(at(schedule, time), everywhere)
  })

// —— parametrizations ——

export interface ParametrizationOptions {
  /** p and q of the output p x_0 + q z, as published. Default: as declared. */
  readonly direction?: (level: Schedule.Level) => Parametrization.Direction
}

/** Returns the laws of a parametrization: conversions agree with the data and the noise. */
export const parametrization = (own: Parametrization.Parametrization, options: ParametrizationOptions = {}): Laws => {
  const subject = parametrizationSubject(own, options)
  return ofRows(Parametrization.show(own), [
    truthIsCarriedToTruth(subject),
    outputScalesByDegree(subject),
    tensorsAgreeWithNumbers(subject),
    targetIsDirection(subject),
    determinantAgrees(subject)
  ])
}

const parametrizationSubject = (own: Parametrization.Parametrization, options: ParametrizationOptions) => {
  const { tensors, squaredDeterminant } = Case.meaning(own)
  return {
    own,
    direction: options.direction ?? Parametrization.directionAt(own),
    degree: Parametrization.degree(own) ?? null,
    tensors: tensors ?? null,
    squaredDeterminant: squaredDeterminant ?? null
  }
}
type ParametrizationSubject = ReturnType<typeof parametrizationSubject>

const onParametrizationCases = forAll(
  fc.record({
    level: Arbitrary.levels.filter(({ alpha, sigma }) => alpha > 0 && sigma > 0),
    other: Arbitrary.parametrizations,
    pair: fc.tuple(Arbitrary.real(3), Arbitrary.real(3)),
    c: fc.constantFrom(1, 2, 4)
  })
)

/** Maps a point x and an output of `from` to the output of `to`. */
const converter = (
  from: Parametrization.Parametrization,
  to: Parametrization.Parametrization,
  level: Schedule.Level
) => {
  const { ofOutput, ofPoint } = Parametrization.conversionCoefficients(from, to)(level)
  return (x: number, output: number): number => ofOutput * output + ofPoint * x
}

const conversionTolerance = ({ alpha, sigma }: Schedule.Level, ...terms: ReadonlyArray<number>): number =>
  1e-14 * Elementary.square(Math.max(1, sigma / alpha, alpha / sigma)) * (1 + 1 / sigma) * (1 + maxAbs(terms))
const CONVERSION_TOLERANCE_TEXT =
  'to 1e-14 h² (1 + 1/σ) of the terms, h = max(1, σ/α, α/σ): what is hidden is divided by how little is shown'

const oneByOneTensor = (x: number): ReturnType<typeof tensor> => tensor([x], [1, 1])
const evaluateScalar = (f: () => Operand): number => compute(() => add(oneByOneTensor(0), f())).values[0]

const truthIsCarriedToTruth = ({ own, direction }: ParametrizationSubject): LawBuilder =>
  onParametrizationCases({
    name: 'the truth is carried to the truth',
    quantity: 'centres',
    statement: `∀ levels, x_0, z, others: p x_0 + q z is carried to p′x_0 + q′z, and back, both as published; ${CONVERSION_TOLERANCE_TEXT}.`,
    source: 'Salimans & Ho 2022, arXiv 2202.00512, appendix D; Karras et al. 2022, arXiv 2206.00364, table 1',
    says: ({ level, other, pair: [clean, noise] }) => {
      const x = level.alpha * clean + level.sigma * noise
      const [mine, yours] = [direction, Parametrization.directionAt(other)].map(of => {
        const { p, q } = of(level)
        return p * clean + q * noise
      })
      const found = [converter(own, other, level)(x, mine), converter(other, own, level)(x, yours)]
      return equals(found, [yours, mine], conversionTolerance(level, clean, noise, mine, yours))
    }
  })

const outputScalesByDegree = ({ own, degree }: ParametrizationSubject): LawBuilder =>
  onParametrizationCases({
    claim: degree,
    reason: 'it has no degree',
    name: 'outputs grow with the level by its degree',
    quantity: 'output',
    statement: `∀ levels, c = 2^k, x, outputs, others: at (cα, cσ) what belongs to cx is c^degree times what belongs to x at (α, σ), carried over too; ${CONVERSION_TOLERANCE_TEXT}.`,
    source: 'definition of the degree',
    says: ({ level, other: drawn, pair: [x, output], c }, degree) => {
      const other = Parametrization.degree(drawn) === undefined ? own : drawn
      const grows = Elementary.pow(c, Parametrization.degree(other) ?? degree)
      const higher = { alpha: c * level.alpha, sigma: c * level.sigma }
      const wanted = grows * converter(own, other, level)(x, output)
      const found = converter(own, other, higher)(c * x, Elementary.pow(c, degree) * output)
      return equals(found, wanted, c * c * conversionTolerance(level, x, output, wanted))
    }
  })

const tensorsAgreeWithNumbers = ({ own, tensors }: ParametrizationSubject): LawBuilder =>
  onParametrizationCases({
    ...declarationInfo('written'),
    statement:
      '∀ levels: in tensors p, q and the data and the noise behind x are what it means in numbers. To 1e-13 of the greatest of them.',
    claim: tensors,
    says: ({ level }, written) => {
      const { direction, behind } = Case.meaning(own)
      const { p, q } = direction(level)
      const { data, noise } = behind(level, (a, b) => a / b)
      const read = (of: (found: Parametrization.Formulas<Operand>) => Operand): number =>
        evaluateScalar(() => of(written({ alpha: oneByOneTensor(level.alpha), sigma: oneByOneTensor(level.sigma) })))
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
  })

const targetIsDirection = ({ own }: ParametrizationSubject): LawBuilder =>
  onParametrizationCases({
    ...declarationInfo('target'),
    statement: '∀ levels: what its output is to match, in tensors, is p x_0 + q z. To 1e-13 (1 + |p x_0| + |q z|)².',
    says: ({ level, pair: [clean, noise] }) => {
      const { p, q } = Parametrization.directionAt(own)(level)
      const found = evaluateScalar(() => {
        const at = { alpha: oneByOneTensor(level.alpha), sigma: oneByOneTensor(level.sigma) }
        return Parametrization.targetTensor(own)(at)(oneByOneTensor(clean), oneByOneTensor(noise))
      })
      return nearTo([found], [p * clean + q * noise], 1e-13 * (1 + Math.abs(p * clean) + Math.abs(q * noise)))
    }
  })

const determinantAgrees = ({ own, squaredDeterminant }: ParametrizationSubject): LawBuilder =>
  onParametrizationCases({
    ...declarationInfo('squaredDeterminant'),
    statement:
      '∀ levels: (αq − σp)² is the product of powers of α and σ that it says, times what it writes above and over what it writes below. To 1e-13 of it.',
    claim:
      squaredDeterminant !== null &&
      [squaredDeterminant.above, squaredDeterminant.below].every(text =>
        Number.isFinite(formulaAt(text, { alpha: 0.8, sigma: 0.3 }))
      ) &&
      squaredDeterminant,
    says: ({ level }, { alphas, sigmas, above, below }) => {
      const { p, q } = Case.meaning(own).direction(level)
      const wanted =
        (Elementary.pow(level.alpha, alphas) * Elementary.pow(level.sigma, sigmas) * formulaAt(above, level)) /
        formulaAt(below, level)
      const name = `(αq − σp)², over what it says${above + below === '' ? '' : ` with ‘${above}’ above and ‘${below}’ below`}`
      return equals({ [name]: Elementary.square(level.alpha * q - level.sigma * p) / wanted }, { [name]: 1 }, 1e-13)
    }
  })

// —— rates ——

export interface RateOptions {
  /** Claimed upper bound. */
  readonly most?: number
}

/** Consecutive steps of a case, enough for every phase of a rate. */
const STEPS_PER_CASE = 300

/** Returns the laws of a learning rate: nonnegative, finite, and within its claimed bound. */
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
  /** Distance of a vector from the region, computed without the projection; ≤ 0 inside. */
  readonly excess?: (x: Vector, columns: number) => number
  /** Maps any vector into the region without the projection. Default: the projection. */
  readonly member?: (x: Vector, columns: number) => Vector
}

/** Returns the laws of a region: its projection is inside, fixes vectors inside, and is the nearest point. */
export const region = (region: Region.Region, options: RegionOptions = {}): Laws => {
  const subject = regionSubject(region, options)
  return ofRows(
    Region.show(region),
    [
      projectionIsInside(subject),
      projectionFixesMembers(subject),
      noMemberIsNearer(subject),
      projectionIsNearestPoint(subject),
      projectionIsNonexpansive(subject)
    ],
    options
  )
}

const regionSubject = (region: Region.Region, { excess, member }: RegionOptions) => {
  const project =
    (columns: number) =>
    (x: Vector): Vector =>
      Array.from(Region.project(region)(Float64Array.from(x), columns))
  const isConvex = Region.isConvex(region)
  const size = Region.regionArrays(region) === 'rows' ? 2 : 4
  const isConvexWithExterior =
    isConvex &&
    [1e6, -1e6].some(far => {
      const x = [far, -far / 2, -far / 4, far / 2].slice(0, size)
      return !areSameBits(project(2)(x), x)
    })
  return {
    region,
    project,
    excess,
    // Without a custom `member` projections replace it, which makes the laws weaker.
    member:
      (columns: number) =>
      (y: Vector): Vector =>
        member?.(y, columns) ?? project(columns)(y),
    isConvex,
    isConvexWithExterior,
    skipReason: isConvex ? 'nothing is outside' : 'it says of itself that it is not convex',
    onCases: forAll(regionCases(region))
  }
}
type RegionSubject = ReturnType<typeof regionSubject>

const projectionTolerance = (x: Vector, y: Vector): number => 1e-14 * x.length * (1 + maxAbs([...x, ...y]))
const PROJECTION_TOLERANCE_TEXT =
  '1e-14 n (1 + r), r the greatest entry and n how many: sums of n terms of that size are rounded'

const projectionIsInside = ({ onCases, project, excess }: RegionSubject): LawBuilder =>
  onCases({
    claim: excess,
    option: 'excess',
    name: 'a projection is inside',
    quantity: 'distance outside',
    statement: `∀ x: Πx is in the region. To ${PROJECTION_TOLERANCE_TEXT}.`,
    source: 'definition of a projection',
    says: ({ x, y, columns }, distance) => atMost(distance(project(columns)(x), columns), 0, projectionTolerance(x, y))
  })

const projectionFixesMembers = ({ onCases, region, project, member, isConvex }: RegionSubject): LawBuilder =>
  onCases({
    name: 'what is inside stays',
    quantity: 'projection',
    statement: `∀ y in the region, and where it is convex what lies between two: Πy = y, of as many entries, and y is as it was. To ${PROJECTION_TOLERANCE_TEXT}.`,
    source: 'definition of a projection',
    says: ({ x, y, columns }) => {
      const fixed = member(columns)(y)
      const other = member(columns)(x)
      const between = fixed.map((value, i) => value + (other[i] - value) / 3)
      const given = Float64Array.from(x)
      Region.project(region)(given, columns)
      return [
        equals(project(columns)(fixed), fixed, projectionTolerance(x, y)),
        isConvex && equals(project(columns)(between), between, projectionTolerance(x, y)),
        equals(fixed.length, y.length),
        equals(given, x)
      ]
    }
  })

const noMemberIsNearer = ({ onCases, project, member }: RegionSubject): LawBuilder =>
  onCases({
    name: 'no point of the region is nearer',
    quantity: 'distance to the projection',
    statement: `∀ x, y in the region, near Πx and at its ends: |x − Πx| ≤ |x − y|. To ${PROJECTION_TOLERANCE_TEXT}.`,
    source: 'definition of a projection',
    says: ({ x, y, columns, seed }) => {
      const found = euclideanLength(subtractVectors(x, project(columns)(x)))
      return [y, ...vectorsAround(x, seed)].map(y =>
        atMost(found, euclideanLength(subtractVectors(x, member(columns)(y))), projectionTolerance(x, y))
      )
    }
  })

const projectionIsNearestPoint = ({
  onCases,
  project,
  member,
  isConvexWithExterior,
  skipReason
}: RegionSubject): LawBuilder =>
  onCases({
    claim: isConvexWithExterior,
    reason: skipReason,
    name: 'a projection is the nearest point',
    quantity: '⟨x − Px, y − Px⟩ / |y − Px|',
    statement:
      '∀ x outside, y in the region, near Πx and at its ends: the angle at Πx between x and y is no less than a right one, cos ≤ 0. To 1e-14 n (1 + r)²/|x − Πx||y − Πx|, r the greatest entry.',
    source: 'Hiriart-Urruty & Lemaréchal 2001, Fundamentals of Convex Analysis, theorem A.3.1.1',
    says: ({ x, y, columns, seed }) => {
      const at = project(columns)(x)
      const out = subtractVectors(x, at)
      return [y, ...vectorsAround(x, seed)].map(y => {
        const other = member(columns)(y)
        const along = subtractVectors(other, at)
        const lengths = euclideanLength(out) * euclideanLength(along)
        const size = 1 + maxAbs([...x, ...y, ...other, ...at])
        return lengths > 0 && atMost(dotProduct(out, along) / lengths, 0, (1e-14 * x.length * size * size) / lengths)
      })
    }
  })

const projectionIsNonexpansive = ({ onCases, project, isConvex, skipReason }: RegionSubject): LawBuilder =>
  onCases({
    claim: isConvex,
    reason: skipReason,
    name: 'projections bring nothing farther apart',
    quantity: 'distance of two projections',
    statement: `∀ x, y: |Πx − Πy| ≤ |x − y|. To ${PROJECTION_TOLERANCE_TEXT}.`,
    source: 'the nearest point, for x and for y',
    says: ({ x, y, columns }) => {
      const apart = euclideanLength(subtractVectors(project(columns)(x), project(columns)(y)))
      return atMost(apart, euclideanLength(subtractVectors(x, y)), projectionTolerance(x, y))
    }
  })

const subtractVectors = (x: Vector, y: Vector): Vector => x.map((value, i) => value - y[i])

/** Random vectors around x, near and distant. */
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

/** Pairs of vectors in the shape of the region, matrices in row-major order. */
const regionCases = (region: Region.Region) => {
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

// —— time grids ——

export interface TimeGridOptions {
  /** Coordinate in which steps are even; null claims none. Default: as declared. */
  readonly evenIn?: TimeGrid.Coordinate | null
  /** First and last time, and number of steps; null claims none. Default: fields `from`, `to` and `steps`. */
  readonly span?: { readonly from: number; readonly to: number; readonly steps: number } | null
}

/** Returns the laws of a time grid: decreasing, in even steps of its coordinate. */
export const timeGrid = (grid: TimeGrid.TimeGrid, options: TimeGridOptions = {}): Laws => {
  const [from, to, steps] = ['from', 'to', 'steps'].map(name => Number(Case.field(grid, name)))
  const {
    evenIn = TimeGrid.evenIn(grid) ?? null,
    span = Number.isNaN(from + to + steps) ? null : { from, to, steps }
  } = options
  // If no schedule fits the grid, the laws run on Ornstein–Uhlenbeck and fail.
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

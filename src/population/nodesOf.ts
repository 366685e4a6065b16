/**
 * Distribution of a mixture as weighted rows at every noise level: x_t of Σ π_j N(c_j, Σ_j) is Σ π_j N(αc_j, α²Σ_j + σ²I), so nodes of that
 * distribution, divided by α, are rows without noise. If all components are spherical, a loss depends on x only through its projection on
 * the span of the centres of teacher and student and the length of the rest: r axes and a χ² radius replace d axes.
 *
 * Integrands are polynomials times softmax, whose poles lie π/D from the real line, D the largest distance of two components of one mixture
 * in units of the rows: n = 40 + 22 D equal steps per axis leave less than 1e-10 of value and gradient. Nodes depend on the students, so
 * they are chosen at each evaluation; the first use refines them until two rules agree (see `evaluateConverged`).
 *
 * If a product of axes is too large, nodes are randomly shifted lattices, in up to 60 dimensions.
 */
import * as E from 'fp-ts/lib/Either.js'
import { pipe } from 'fp-ts/lib/function.js'
import * as O from 'fp-ts/lib/Option.js'
import * as RA from 'fp-ts/lib/ReadonlyArray.js'
import * as Factor from '../../lib/arrays/factor.js'
import { symmetricEigen } from '../../lib/arrays/linalg.js'
import { concatenated, scalarArray } from '../../lib/arrays/ndarray.js'
import { Key } from '../../lib/index.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { remembered } from '../../lib/plain/remembered.js'
import { LATTICE_LIMITS as MostOfLattice, normalLattice } from '../../lib/numbers/lattice.js'
import { lazy } from '../../lib/plain/iterate.js'
import { equalSteps, type Rule } from '../../lib/numbers/quadrature.js'
import * as Problem from '../core/problem.js'
import { CLEAN, type Level } from '../schedule/dynamics.js'
import { factorsOf, gaussianProblems, isRound } from '../mixture/component.js'
import type { Mixture } from '../mixture/mixture.js'
import type { Nodes, PopulationNodes } from '../mixture/nodes.js'

export interface LatticeOptions {
  /** Points of each shift, a power of two. Default: 4096. */
  readonly points?: number
  /** Number of independent shifts. Default: 8. */
  readonly shifts?: number
  readonly seed?: number
}

const NODE_LIMITS = { rows: 4_000_000, numbers: 32_000_000 }
/** Maximum dimension for non-spherical components, which need all axes. */
const MAX_PRODUCT_AXES = 3
const MIN_NODE_WEIGHT = 1e-22
/** Directions with at most this share of the largest eigenvalue of the centres' scatter are outside their span. */
const SPAN_EIGENVALUE_SHARE = 1e-14
/** Nodes of the χ² radius: 4 are exact for polynomials of degree 7 in its square; unequal variances need more for softmax. */
const RADIUS_NODE_COUNTS = { equalVariances: 4, unequalVariances: 64, min: 24 }
const NODE_COUNT_GROWTH = 1.189
/** Added to the largest distance D of two centres, for students that are farther apart than the mixture. */
const DISTANCE_MARGIN = 6
/** Distance from a centre, in standard deviations, within which poles due to unequal precisions matter. */
const POLE_DISTANCE = 3

/** 40 + 22 D, rounded up in a geometric sequence, `finer` terms on, so that a moving student keeps its nodes. */
export const nodeCount = (distance: number, finer = 0): number => {
  const wanted = 40 + 22 * distance
  let n = 40
  while (n < wanted) n = Math.ceil(n * NODE_COUNT_GROWTH)
  for (let i = 0; i < finer; i++) n = Math.ceil(n * NODE_COUNT_GROWTH)
  for (let i = 0; i > finer; i--) n = Math.floor(n / NODE_COUNT_GROWTH)
  return n
}

/** Extreme eigenvalues of α²Σ + σ²I, and half its log-determinant. */
interface EigenvalueRange {
  readonly least: number
  readonly most: number
  readonly logRoot: number
}

const eigenvalueRanges = (mixture: Mixture, { alpha, sigma }: Level): ReadonlyArray<EigenvalueRange> => {
  const [, dim] = mixture.means.shape
  return factorsOf(mixture).map(factor => {
    const values =
      factor.shape.length === 0
        ? Float64Array.of(factor.values[0] * factor.values[0])
        : symmetricEigen(Factor.covarianceOfFactor(factor, dim)).values
    const all = values.map(v => alpha * alpha * v + sigma * sigma)
    const times = dim / all.length
    return {
      least: Math.min(...all),
      most: Math.max(...all),
      logRoot: all.reduce((sum, u) => sum + (times * Elementary.log(u)) / 2, 0)
    }
  })
}

const haveEqualFactors = (mixture: Mixture, i: number, j: number): boolean => {
  const a = factorsOf(mixture)[i].values
  const b = factorsOf(mixture)[j].values
  const most = a.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
  return a.every((x, at) => Math.abs(x - b[at]) <= 1e-9 * most)
}

/**
 * Raises the distances D along each axis, in place, to the requirement of each pair of components; returns true if all variances are equal.
 * `width` is the largest standard deviation of the rows. The difference of two log-densities has the slope α|Δ|/u if variances are equal.
 * Otherwise, for spherical components, its slope at its zero is √(α²|Δ|²/(u_i u_j) − 2(1/u_j − 1/u_i) w), w its constant terms; for others
 * this is a bound.
 */
const raiseDistances = (
  mixture: Mixture,
  { level, width, axes }: { readonly level: Level; readonly width: number; readonly axes: Float64Array | null },
  into: Float64Array
): boolean => {
  const { means, weights } = mixture
  const [, dim] = means.shape
  const shapes = eigenvalueRanges(mixture, level)
  const round = isRound(mixture)
  let alike = true
  for (let i = 0; i < weights.length; i++)
    for (let j = 0; j < i; j++) {
      if (weights[i] === 0 || weights[j] === 0) continue
      const delta = Float64Array.from(
        { length: dim },
        (_, e) => level.alpha * (means.values[i * dim + e] - means.values[j * dim + e])
      )
      const a = shapes[i]
      const b = shapes[j]
      if (round ? Math.abs(a.least - b.least) <= 1e-9 * a.least : haveEqualFactors(mixture, i, j)) {
        for (let k = 0; k < into.length; k++) {
          const along = axes === null ? delta[k] : delta.reduce((sum, x, e) => sum + x * axes[k * dim + e], 0)
          const step = round ? Math.abs(along) : Elementary.norm(delta)
          into[k] = Math.max(into[k], (width * step) / a.least)
        }
        continue
      }
      alike = false
      const squared = delta.reduce((sum, x) => sum + x * x, 0)
      const w = Elementary.log(weights[i] / weights[j]) - a.logRoot + b.logRoot
      const apart = 1 / b.least - 1 / a.least
      const unlike = 1 / Math.min(a.least, b.least) - 1 / Math.max(a.most, b.most)
      const slope = round
        ? Math.sqrt(Math.max(0, squared / (a.least * b.least) - 2 * apart * w))
        : Math.sqrt(squared) / Math.min(a.least, b.least) +
          Math.sqrt(2 * unlike * Math.abs(w)) +
          POLE_DISTANCE * width * unlike
      for (let k = 0; k < into.length; k++) into[k] = Math.max(into[k], width * slope)
    }
  return alike
}

/** Principal axes of the centres about the teacher's first, the longest first, [d, d]; the first `rank` span the centres. */
const axesOfCentres = (
  teacher: Mixture,
  students: ReadonlyArray<Mixture>
): { readonly rank: number; readonly axes: Float64Array } => {
  const [, dim] = teacher.means.shape
  const gram = new Float64Array(dim * dim)
  for (const { means } of [teacher, ...students])
    for (let k = 0; k < means.shape[0]; k++)
      for (let i = 0; i < dim; i++)
        for (let j = 0; j < dim; j++)
          gram[i * dim + j] +=
            (means.values[k * dim + i] - teacher.means.values[i]) *
            (means.values[k * dim + j] - teacher.means.values[j])
  const { values, vectors } = symmetricEigen({ shape: [dim, dim], values: gram })
  const rank = values.filter(v => v > SPAN_EIGENVALUE_SHARE * values[0] && v > 0).length
  return { rank, axes: vectors.values }
}

/** Rule of n nodes for means over χ² with `degrees` degrees of freedom: Gauss–Laguerre (Golub & Welsch 1969). */
const chiSquaredRule = (n: number, degrees: number): Rule => {
  const a = degrees / 2 - 1
  const values = new Float64Array(n * n)
  for (let k = 0; k < n; k++) {
    values[k * n + k] = 2 * k + a + 1
    if (k > 0) values[k * n + k - 1] = values[(k - 1) * n + k] = Math.sqrt(k * (k + a))
  }
  const found = symmetricEigen({ shape: [n, n], values })
  const first = found.values.map((_, i) => found.vectors.values[i * n])
  return { nodes: found.values.map(y => 2 * y), weights: first.map(v => v * v) }
}

interface NodesAndWeights {
  /** [rows, axes]. */
  readonly values: Float64Array
  readonly weights: Float64Array
}

const productRule = (counts: ReadonlyArray<number>): NodesAndWeights => {
  const rules = counts.map(equalSteps)
  const [values, weights]: [number[], number[]] = [[], []]
  const at = new Float64Array(counts.length)
  const walk = (axis: number, weight: number): void => {
    if (weight < MIN_NODE_WEIGHT) return
    if (axis === counts.length) {
      for (const x of at) values.push(x)
      weights.push(weight)
      return
    }
    const { nodes, weights: own } = rules[axis]
    for (let i = 0; i < nodes.length; i++) {
      at[axis] = nodes[i]
      walk(axis + 1, weight * own[i])
    }
  }
  walk(0, 1)
  return { values: Float64Array.from(values), weights: Float64Array.from(weights) }
}

/** Axes of a product rule, their numbers of nodes, and the radius of the rest. */
interface NodeLayout {
  /** Orthonormal, [axes, d]; null for the coordinate axes. */
  readonly axes: Float64Array | null
  /** Orthonormal basis of the complement, [across, d]. */
  readonly across: Float64Array
  readonly counts: ReadonlyArray<number>
  /** Number of nodes of the radius in the complement; 0 without complement. */
  readonly radius: number
}

const layoutRows = (components: number, dim: number, { counts, across, radius }: NodeLayout): number =>
  components * counts.reduce((all, n) => all * n, 1) * (radius === 0 ? 1 : 2 * radius * (across.length / dim))

/** Standard normal nodes in all coordinates, [rows, d], and their weights. */
const standardNormalNodes = (dim: number, { axes, across, counts, radius }: NodeLayout): NodesAndWeights => {
  const inSpan = productRule(counts)
  const r = counts.length
  if (axes === null) return inSpan
  const m = across.length / dim
  const rest = m === 0 ? { nodes: Float64Array.of(0), weights: Float64Array.of(1) } : chiSquaredRule(radius, m)
  const around = m === 0 ? 1 : 2 * m
  const per = rest.nodes.length * around
  const rows = inSpan.weights.length * per
  const values = new Float64Array(rows * dim)
  const weights = new Float64Array(rows)
  for (let i = 0; i < inSpan.weights.length; i++)
    for (let p = 0; p < per; p++) {
      const row = i * per + p
      const q = Math.floor(p / around)
      const side = p % around
      weights[row] = (inSpan.weights[i] * rest.weights[q]) / around
      for (let a = 0; a < r; a++)
        for (let e = 0; e < dim; e++) values[row * dim + e] += inSpan.values[i * r + a] * axes[a * dim + e]
      if (m === 0) continue
      // Opposite rows along each axis of the complement make means of cubes exact.
      const length = (side % 2 === 0 ? 1 : -1) * Math.sqrt(rest.nodes[q])
      for (let e = 0; e < dim; e++) values[row * dim + e] += length * across[(side >> 1) * dim + e]
    }
  return { values, weights }
}

/** Nodes x_t/α of each component, c + Fz/α with FFᵀ = α²Σ + σ²I. */
const nodesInMixture = (
  mixture: Mixture,
  { values: z }: NodesAndWeights,
  dim: number,
  { alpha, sigma }: Level
): Float64Array => {
  const { means } = mixture
  const kept = factorsOf(mixture).flatMap((factor, j) => (mixture.weights[j] === 0 ? [] : [{ factor, j }]))
  const out = new Float64Array(kept.length * z.length)
  kept.forEach(({ factor, j }, at) => {
    const wide = factor.values.map(x => alpha * x)
    const there = Factor.sumOfFactors([{ ...factor, values: wide }, scalarArray(sigma)], dim)
    const spread =
      factor.shape.length === 2
        ? Factor.multiplyFactor(there, dim, z)
        : z.map((x, e) => {
            const own = wide[factor.shape.length === 0 ? 0 : e % dim]
            return Math.sqrt(own * own + sigma * sigma) * x
          })
    for (let e = 0; e < z.length; e++) out[at * z.length + e] = means.values[j * dim + (e % dim)] + spread[e] / alpha
  })
  return out
}

const ruleText = (counts: ReadonlyArray<number>, radius: number): string =>
  counts.join(' × ') + (radius === 0 ? '' : `, radius ${radius}`)

const buildNodes = (
  mixture: Mixture,
  z: NodesAndWeights,
  { rule, areFixed }: Pick<Nodes, 'rule' | 'areFixed'>
): Nodes => {
  const [, dim] = mixture.means.shape
  const shares = mixture.weights.filter(w => w > 0)
  const weights = new Float64Array(shares.length * z.weights.length).map(
    (_, i) => shares[Math.floor(i / z.weights.length)] * z.weights[i % z.weights.length]
  )
  const nodesAt = remembered(
    (level: Level) => nodesInMixture(mixture, z, dim, level),
    ({ alpha, sigma }) => `${alpha} ${sigma}`
  )
  const part = (rows: number, weights: Float64Array, nodesAt: Nodes['nodesAt']): Nodes => ({
    rule,
    rows,
    dim,
    weights,
    get values() {
      return nodesAt(CLEAN)
    },
    nodesAt,
    areFixed,
    first: few =>
      few >= rows
        ? part(rows, weights, nodesAt)
        : part(
            few,
            weights.slice(0, few).map(() => 1 / few),
            level => nodesAt(level).slice(0, few * dim)
          )
  })
  return part(weights.length, weights, nodesAt)
}

const tooManyNodeRows = (rows: number, dim: number, distance: number): Problem.Problem =>
  Problem.of(
    'population',
    `${rows.toPrecision(3)} rows in ${dim} dimensions, for components up to ${distance.toPrecision(3)} standard deviations apart,`,
    `at most ${NODE_LIMITS.rows} rows`,
    'bring the students nearer, take fewer of them, or take a lattice: Population.of(mixture, { points: 4096 })'
  )

const layoutOf = (
  mixture: Mixture,
  students: ReadonlyArray<Mixture>,
  levels: ReadonlyArray<Level>,
  { margin = 0, finer = 0 }: { readonly margin?: number; readonly finer?: number }
): E.Either<Problem.Problem, NodeLayout> => {
  const [components, dim] = mixture.means.shape
  const all = [mixture, ...students]
  const round = all.every(isRound)
  if (!round && dim > MAX_PRODUCT_AXES)
    return E.left(
      Problem.of(
        'population',
        `components that are not round in ${dim} dimensions`,
        `at most ${MAX_PRODUCT_AXES} dimensions, since every axis needs nodes`,
        'take a lattice, whose means have an error bar: Population.of(mixture, { points: 4096 }); or round components'
      )
    )
  const span = round && dim > 1 ? axesOfCentres(mixture, students) : { rank: dim, axes: new Float64Array(0) }
  const whole = span.rank === dim
  const axes = whole ? null : span.axes.slice(0, span.rank * dim)
  const across = whole ? new Float64Array(0) : span.axes.slice(span.rank * dim)
  const distances = new Float64Array(span.rank).fill(0)
  let alike = true
  for (const level of levels) {
    const width = Math.sqrt(Math.max(...eigenvalueRanges(mixture, level).map(({ most }) => most)))
    for (const own of all) alike = raiseDistances(own, { level, width, axes }, distances) && alike
  }
  const layout = (margin: number): NodeLayout => ({
    axes,
    across,
    counts: Array.from(distances, d => nodeCount(d + margin, finer)),
    radius: whole
      ? 0
      : alike
        ? RADIUS_NODE_COUNTS.equalVariances
        : Math.max(RADIUS_NODE_COUNTS.min, RADIUS_NODE_COUNTS.unequalVariances + 16 * finer)
  })
  const fits = (own: NodeLayout): boolean => {
    const rows = layoutRows(components, dim, own)
    return rows <= NODE_LIMITS.rows && rows * dim <= NODE_LIMITS.numbers
  }
  if (margin > 0 && fits(layout(margin)) && layoutRows(components, dim, layout(margin)) <= NODE_LIMITS.rows / 8)
    return E.right(layout(margin))
  return fits(layout(0))
    ? E.right(layout(0))
    : E.left(tooManyNodeRows(layoutRows(components, dim, layout(0)), dim, Math.max(...distances)))
}

const repeatForComponents = (
  components: number,
  dim: number,
  { values: z, weights }: NodesAndWeights,
  rule: string
): Nodes => {
  const rows = components * weights.length
  const values = new Float64Array(rows * dim).map((_, at) => z[at % z.length])
  const part = (rows: number): Nodes => ({
    rule,
    rows,
    dim,
    values: values.subarray(0, rows * dim),
    weights: new Float64Array(rows).map((_, i) => weights[i % weights.length] / components),
    labels: new Int32Array(rows).map((_, i) => Math.floor(i / weights.length)),
    nodesAt: () => values.subarray(0, rows * dim),
    areFixed: true,
    first: few => part(Math.min(few, rows))
  })
  const all = part(rows)
  return { ...all, nodesAt: () => all.values }
}

const nonSphericalStudentsProblem = Problem.of(
  'population',
  'students that are not round',
  'round ones, for a mean over them',
  'take Score.spherical or Score.isotropic, or the mean over the data'
)
const tooManyDimensions = (dim: number): Problem.Problem =>
  Problem.of(
    'population',
    `students in ${dim} dimensions`,
    `at most ${MAX_PRODUCT_AXES} dimensions, for a mean over them by quadrature`,
    'take a lattice: Population.of(mixture, { points: 4096 })'
  )

/** Returns a function of the students and the levels that builds the nodes of each component, or a problem. */
const quadratureNodesPerComponent = (truth: Mixture): PopulationNodes['standardNodesPerComponent'] => {
  const nodesOf = remembered(
    ([components, counts]: readonly [number, ReadonlyArray<number>]) =>
      repeatForComponents(components, counts.length, productRule(counts), ruleText(counts, 0)),
    String
  )
  return (students, levels, finer = 0) => {
    const [components, dim] = students.means.shape
    if (!isRound(students) || dim > MAX_PRODUCT_AXES)
      return E.left(isRound(students) ? tooManyDimensions(dim) : nonSphericalStudentsProblem)
    const distances = new Float64Array(dim)
    for (const level of levels) {
      const width = Math.sqrt(Math.max(...eigenvalueRanges(students, level).map(({ most }) => most)))
      for (const own of [truth, students]) raiseDistances(own, { level, width, axes: null }, distances)
    }
    const counts = Array.from(distances, d => nodeCount(d, finer))
    const rows = components * counts.reduce((all, n) => all * n, 1)
    if (rows > NODE_LIMITS.rows) return E.left(tooManyNodeRows(rows, dim, Math.max(...distances)))
    return E.right(nodesOf([components, counts]))
  }
}

const byQuadrature = (mixture: Mixture): E.Either<Problem.Problem, PopulationNodes> =>
  E.map((layout: NodeLayout): PopulationNodes => {
    const [, dim] = mixture.means.shape
    const built = remembered(
      (layout: NodeLayout) =>
        buildNodes(mixture, standardNormalNodes(dim, layout), {
          rule: ruleText(layout.counts, layout.radius),
          areFixed: layout.axes === null
        }),
      layout => (layout.axes === null ? layout.counts.join() : layout)
    )
    return populationNodes(mixture, built(layout), {
      standardNodesPerComponent: quadratureNodesPerComponent(mixture),
      resolved: (students, levels, finer = 0) => E.map(built)(layoutOf(mixture, [students], levels, { finer })),
      shifts: null,
      noises: null
    })
  })(layoutOf(mixture, [], [CLEAN], { margin: DISTANCE_MARGIN }))

/** Adds the methods of a rule, `rest`, to its nodes. */
const populationNodes = (
  mixture: Mixture,
  { rule, rows, dim, weights, nodesAt, areFixed, first }: Nodes,
  rest: Pick<PopulationNodes, 'resolved' | 'standardNodesPerComponent' | 'shifts' | 'noises'>
): PopulationNodes => ({
  rule,
  rows,
  dim,
  weights,
  get values() {
    return nodesAt(CLEAN)
  },
  nodesAt,
  areFixed,
  first,
  mixture,
  ...rest
})

const columnRange = (values: Float64Array, columns: number, first: number, count: number): Float64Array =>
  new Float64Array((values.length / columns) * count).map(
    (_, at) => values[Math.floor(at / count) * columns + first + (at % count)]
  )

const byLattice = (
  mixture: Mixture,
  { points = 4096, shifts = 8, seed = 0 }: LatticeOptions
): E.Either<Problem.Problem, PopulationNodes> => {
  const wrong = latticeProblems(mixture, points, shifts)
  if (wrong.length > 0) return E.left(wrong[0])
  const [, dim] = mixture.means.shape
  const whole = 3 * dim <= MostOfLattice.dims ? 3 * dim : dim
  const kept = mixture.weights.filter(w => w > 0).length
  const of = (keys: ReadonlyArray<Key.Key>, each: PopulationNodes['shifts']): PopulationNodes => {
    const z = lazy(() => concatenated(keys.map(key => normalLattice(points, Key.uniform(whole)(key)))))
    const weights = new Float64Array(points * keys.length).fill(1 / (points * keys.length))
    const rule = `${keys.length} shifts of ${points} points of a lattice`
    const own: NodesAndWeights = { values: columnRange(z(), whole, 0, dim), weights }
    const nodes = buildNodes(mixture, own, { rule, areFixed: true })
    const ofCount = remembered((count: number) => repeatForComponents(count, dim, own, rule))
    const noise = (first: number): Float64Array => {
      const once = columnRange(z(), whole, first, dim)
      return new Float64Array(kept * once.length).map((_, at) => once[at % once.length])
    }
    return populationNodes(mixture, nodes, {
      resolved: () => E.right(nodes),
      standardNodesPerComponent: students => {
        if (!isRound(students)) return E.left(nonSphericalStudentsProblem)
        return E.right(ofCount(students.weights.length))
      },
      shifts: each && lazy(each),
      noises: whole === dim ? null : () => [noise(dim), noise(2 * dim)]
    })
  }
  const keys = Key.split(shifts)(Key.fromSeed(seed))
  return E.right(of(keys, () => keys.map(key => of([key], null))))
}

const latticeProblems = (mixture: Mixture, points: number, shifts: number): ReadonlyArray<Problem.Problem> => {
  const [components, dim] = mixture.means.shape
  const rows = components * points * shifts
  return [
    ...Problem.unless(
      Number.isSafeInteger(points) && points >= 2 && points <= MostOfLattice.points && (points & (points - 1)) === 0,
      'points',
      points,
      `a power of two from 2 to ${MostOfLattice.points}`,
      'try 4096'
    ),
    ...Problem.unless(
      Number.isSafeInteger(shifts) && shifts >= 2,
      'shifts',
      shifts,
      'a whole number ≥ 2, of which there is a standard error',
      'try 8'
    ),
    ...Problem.unless(
      dim <= MostOfLattice.dims,
      'population',
      `a lattice in ${dim} dimensions`,
      `in at most ${MostOfLattice.dims}`,
      'sample points: Mixture.sample(rows)(key)(mixture)'
    ),
    ...Problem.unless(
      rows <= NODE_LIMITS.rows && rows * dim <= NODE_LIMITS.numbers,
      'population',
      `${rows} rows in ${dim} dimensions`,
      `at most ${NODE_LIMITS.rows} rows and ${NODE_LIMITS.numbers} numbers`,
      'take fewer points or shifts'
    )
  ]
}

/** Population of a mixture: by lattice points if a lattice is given, otherwise by quadrature. */
export const of = (mixture: Mixture, lattice?: LatticeOptions): E.Either<Problem.Problem, PopulationNodes> =>
  pipe(
    gaussianProblems(mixture),
    RA.head,
    O.match(() => (lattice === undefined ? byQuadrature(mixture) : byLattice(mixture, lattice)), E.left)
  )

/** A mixture in place of data: quadrature nodes at every noise level, fine enough for the students. */
import * as E from 'fp-ts/lib/Either.js'
import * as Problem from '../core/problem.js'
import type { Points } from '../data/points.js'
import type { Level } from '../schedule/dynamics.js'
import type { Mixture } from './mixture.js'

/** Weighted rows that represent a distribution; as points, those at time 0. */
export interface Nodes extends Points {
  readonly weights: Float64Array
  /** Returns x_t/α, [rows, dim]; the same array for the same level. */
  readonly nodesAt: (level: Level) => Float64Array
  /** Numbers of nodes per axis and radius, in words. */
  readonly rule: string
  /** True if the nodes do not depend on the students. */
  readonly areFixed: boolean
  /** The first `rows` nodes, for smoke tests. */
  readonly first: (rows: number) => Nodes
}

export interface PopulationNodes extends Nodes {
  readonly mixture: Mixture
  /** Returns nodes that resolve the students; a problem if no allowed number does. */
  readonly resolved: Resolved
  /** Returns standard normal rows for each component's label, for means over the students. */
  readonly standardNodesPerComponent: Resolved
  /** Returns the population under each random shift alone, for standard errors; null for quadrature or one shift. */
  readonly shifts: (() => ReadonlyArray<PopulationNodes>) | null
  /** Returns two independent normal draws per row, [rows, dim]; null for quadrature, or above 20 dimensions. */
  readonly noises: (() => readonly [Float64Array, Float64Array]) | null
}

/** Chooses nodes for students at levels. `finer` refines the rule by that number of steps; negative is coarser. Default: 0. */
export type Resolved<N = Nodes> = (
  students: Mixture,
  levels: ReadonlyArray<Level>,
  finer?: number
) => E.Either<Problem.Problem, N>

/** True if the data are quadrature nodes. */
export const isNodes = (data: object): data is Nodes => 'nodesAt' in data
/** True if the data are a population. */
export const isPopulation = (data: object): data is PopulationNodes => 'resolved' in data

/** Maximum difference, relative to 1 + |value|, of two successive rules that agree; the finer one's error is then about 5e-9. */
const AGREEMENT_TOLERANCE = 1e-7
const MAX_REFINEMENTS = 4

/** Problem if no two successive rules agree. */
export const disagreement = (rule: string): Problem.Problem =>
  Problem.of(
    'population',
    `a rule of ${rule} nodes, and ${MAX_REFINEMENTS} finer ones,`,
    `rules of which two agree to ${AGREEMENT_TOLERANCE}`,
    'bring the students nearer, or take a lattice: Population.of(mixture, { points: 4096 })'
  )

/**
 * Evaluates a function on ever finer nodes until two successive rules agree; returns a problem if none do. `apart` returns the difference
 * of two results relative to 1 + their size.
 */
export const evaluateConverged = <A, N extends Pick<Nodes, 'rule'> = Nodes>(
  resolved: Resolved<N>,
  apart: (a: A, b: A) => number
): ((students: Mixture, levels: ReadonlyArray<Level>, evaluate: (nodes: N) => A) => E.Either<Problem.Problem, A>) => {
  const settled = new Map<string, number>()
  return (students, levels, evaluate) =>
    E.flatMap((asked: N): E.Either<Problem.Problem, A> => {
      const at = (finer: number): E.Either<Problem.Problem, A> =>
        finer === 0 ? E.right(evaluate(asked)) : E.map(evaluate)(resolved(students, levels, finer))
      const known = settled.get(asked.rule)
      if (known !== undefined) return at(known)
      // A lattice's error is that of its random shifts.
      const coarse = resolved(students, levels, -1)
      if (E.isRight(coarse) && coarse.right === asked) return at(0)
      let coarser = E.map(evaluate)(coarse)
      for (let finer = 0; finer <= MAX_REFINEMENTS; finer++) {
        const found = at(finer)
        if (E.isLeft(found) || E.isLeft(coarser)) return found
        // Results that are not finite agree.
        if (!(apart(coarser.right, found.right) > AGREEMENT_TOLERANCE)) {
          settled.set(asked.rule, finer)
          return found
        }
        coarser = found
      }
      return E.left(disagreement(asked.rule))
    })(resolved(students, levels))
}

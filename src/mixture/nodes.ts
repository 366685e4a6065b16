/**
 * A mixture that stands where points stand: its distribution as weighted rows at every noise level, fine enough for the students that are
 * met. What computes on data asks here whether it has such; how the rows are chosen stands in `population/nodesOf.ts`.
 */
import * as E from 'fp-ts/lib/Either.js'
import * as Problem from '../core/problem.js'
import type { Points } from '../data/points.js'
import type { Level } from '../schedule/dynamics.js'
import type { Mixture } from './mixture.js'

/** Rows that are a distribution at every noise level. As points they are those of time 0. */
export interface Nodes extends Points {
  readonly weights: Float64Array
  /** x_t/α at a level, [rows, dim]; the same array for the same level. */
  readonly nodesAt: (level: Level) => Float64Array
  /** The name of the rule: how many nodes an axis and a radius have. */
  readonly rule: string
  /** Whether they do not move with the students. */
  readonly stay: boolean
  /** The first so many of them, for trials. */
  readonly first: (rows: number) => Nodes
}

/** A mixture that stands where points stand. Its own rows resolve the mixture and students near it. */
export interface PopulationNodes extends Nodes {
  readonly mixture: Mixture
  /** Nodes that resolve students too, at these levels; what is wrong where no number of rows that is allowed does. */
  readonly resolved: Resolved
  /** Standard normal rows for each component of the students, their labels, fine enough for means over the students' own distribution. */
  readonly ofStudents: Resolved
  /** The population by each random shift alone, so that what is computed on them has a standard error; null of quadrature, and of one shift. */
  readonly shifts: (() => ReadonlyArray<PopulationNodes>) | null
  /** Two normal draws for each row, independent of it and of each other, [rows, dim]; null of quadrature, and in more than 20 dimensions. */
  readonly noises: (() => readonly [Float64Array, Float64Array]) | null
}

/** Nodes for students at levels, by so many steps finer than the distances ask for; 0 unless given, less is coarser. */
export type Resolved<N = Nodes> = (
  students: Mixture,
  levels: ReadonlyArray<Level>,
  finer?: number
) => E.Either<Problem.Problem, N>

/** Whether what stands where rows do is nodes, for each noise level its own. */
export const isNodes = (data: object): data is Nodes => 'nodesAt' in data
/** Whether it is a population, whose nodes depend on the levels and the students. */
export const isPopulation = (data: object): data is PopulationNodes => 'resolved' in data

/** Two rules that differ by no more, beside 1 + |value|, are one: the finer of them is then right to that power of n/n′, 5e-9. */
const AGREE = 1e-7
/** Rules that are tried beyond the one that distances ask for. */
const REFINED = 4

/** Nodes that no finer rule agrees with. */
export const disagreement = (rule: string): Problem.Problem =>
  Problem.of(
    'population',
    `a rule of ${rule} nodes, and ${REFINED} finer ones,`,
    `rules of which two agree to ${AGREE}`,
    'bring the students nearer, or take a lattice: Population.of(mixture, { points: 4096 })'
  )

/**
 * What is computed on nodes, as far as rules agree on it: where a rule is first met it is compared with the next coarser one, and refined until
 * two agree. Where none do, what is wrong. `apart` says how far two results are from each other, beside 1 and their size.
 */
export const trusted = <A, N extends Pick<Nodes, 'rule'> = Nodes>(
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
      // A lattice is no finer for anybody: its shifts tell its error.
      const coarse = resolved(students, levels, -1)
      if (E.isRight(coarse) && coarse.right === asked) return at(0)
      let coarser = E.map(evaluate)(coarse)
      for (let finer = 0; finer <= REFINED; finer++) {
        const found = at(finer)
        if (E.isLeft(found) || E.isLeft(coarser)) return found
        // What is not finite on both is not the rule's fault.
        if (!(apart(coarser.right, found.right) > AGREE)) {
          settled.set(asked.rule, finer)
          return found
        }
        coarser = found
      }
      return E.left(disagreement(asked.rule))
    })(resolved(students, levels))
}

/** Cross-validation of candidates (Smyth 2000): each fold of the rows is evaluated by fits to the others. */
import * as E from 'fp-ts/lib/Either.js'
import { Key } from '../../lib/index.js'
import { flatMapped } from '../../lib/plain/iterate.js'
import type * as Points from '../data/points.js'
import type * as Backend from '../data/reductionBackend.js'
import * as Source from '../data/source/source.js'
import * as Statistics from '../mixture/statistics.js'
import type { FamilyGrid } from './candidateGrid.js'
import type { AnyCandidate } from './candidates.js'
import { search } from './search.js'
import { candidateKey, prepareTrainingData, type CrossValidatedDeviances } from './trainingData.js'
import type { CandidateSpec } from './trial.js'

export const MAX_FOLDS = 5

/** Returns the 32-bit halves of a double, equal for 0 and −0 and for all NaN. */
const halves = (x: number): readonly [number, number] => {
  const [a, b] = new Uint32Array(Float64Array.of(Number.isNaN(x) ? NaN : x + 0).buffer)
  return [a, b]
}

const rowHash = (key: Key.Key, { dim, values }: Points.Points, i: number): number => {
  const { k0, k1 } = values.subarray(i * dim, (i + 1) * dim).reduce<Key.Key>((at, x) => {
    const [k0, k1] = Key.block(...halves(x))(at)
    return { _tag: 'Key', k0, k1 }
  }, key)
  return k0 * 0x200000 + (k1 >>> 11)
}

interface FoldAssignment {
  readonly count: number
  /** Returns the fold of a row, from 0. */
  readonly of: (points: Points.Points, row: number) => number
}

/**
 * Assigns rows to folds by a hash of the key and their values, independent of their order. Equal rows share a fold; the numbers of distinct
 * rows differ by at most one.
 */
export const assignFolds =
  (folds: number, key: Key.Key) =>
  (data: Source.Data): FoldAssignment => {
    const hashes = flatMapped(Source.pieces(Source.asSource(data)), piece =>
      Array.from({ length: piece.rows }, (_, i) => rowHash(key, piece, i))
    )
    const distinct = [...new Set(hashes)].sort((a, b) => a - b)
    const count = Math.min(folds, distinct.length)
    const foldOf = new Map(distinct.map((hash, rank) => [hash, rank % count]))
    return { count, of: (points, row) => foldOf.get(rowHash(key, points, row)) ?? 0 }
  }

export interface CrossValidationStep {
  readonly fold: number
  readonly next: CandidateSpec | null
  /** Complete in the last step only. */
  readonly deviances: CrossValidatedDeviances
}

export interface CrossValidationOptions {
  readonly columns: ReadonlyArray<string>
  readonly standardize: boolean
  readonly key: Key.Key
  /** In rows; null for maximum likelihood. */
  readonly prior: number | null
  readonly backend: Backend.Backend | undefined
}

/** Adds the deviances of one more fold; drops candidates that failed in this or an earlier one. */
const addDeviances = (
  before: CrossValidatedDeviances | null,
  fold: Source.Data,
  candidates: ReadonlyArray<AnyCandidate>,
  backend: Backend.Backend | undefined
): CrossValidatedDeviances =>
  new Map(
    candidates.flatMap(candidate => {
      if (candidate._tag === 'Failed') return []
      const key = candidateKey(candidate)
      const sum = before === null ? 0 : before.get(key)
      const { logLikelihood } = Statistics.of(fold, 0, backend)(candidate.mixture)
      return sum === undefined ? [] : [[key, sum - 2 * Source.sumOfWeights(fold) * logLikelihood] as const]
    })
  )

/** Searches the grid without each fold in turn, by BIC. Fewer than two distinct rows give no deviance. */
export function* crossValidate(
  data: Source.Data,
  grid: ReadonlyArray<FamilyGrid>,
  options: CrossValidationOptions
): Generator<CrossValidationStep> {
  const { key, prior, backend } = options
  const folds = assignFolds(MAX_FOLDS, Key.child(1)(key))(data)
  let deviances: CrossValidatedDeviances | null = null
  for (let fold = 0; fold < folds.count && folds.count > 1; fold++) {
    const training = Source.filterRows((points, row) => folds.of(points, row) !== fold)(data)
    const test = Source.filterRows((points, row) => folds.of(points, row) === fold)(data)
    const prepared = prepareTrainingData(training.points, options)
    let candidates: ReadonlyArray<AnyCandidate> = []
    try {
      if (E.isRight(prepared))
        for (const { next, trials } of search(prepared.right, grid, { key, criterion: 'bic', prior, backend })) {
          candidates = trials.map(({ candidate }) => candidate)
          yield { fold, next, deviances: new Map() }
        }
      deviances = addDeviances(deviances, test.points, candidates, backend)
    } finally {
      if (E.isRight(prepared)) prepared.right.close()
      training.close()
      test.close()
    }
  }
  yield { fold: MAX_FOLDS, next: null, deviances: deviances ?? new Map() }
}

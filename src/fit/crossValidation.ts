/**
 * How likely each candidate finds rows that it was not learned from: the rows are cut into parts, and what is learned without a part is judged
 * on it (Smyth 2000).
 */
import * as E from 'fp-ts/lib/Either.js'
import { Key } from '../../lib/index.js'
import { flatMapped } from '../../lib/plain/iterate.js'
import type * as Points from '../data/points.js'
import type * as Place from '../data/place.js'
import * as Source from '../data/source/source.js'
import * as Statistics from '../mixture/statistics.js'
import type { Candidate } from './candidates.js'
import * as Learning from './learning.js'
import type { Held } from './scaledData.js'
import * as Data from './scaledData.js'

/** In so many parts the rows are cut. */
export const FOLDS = 5

/** The two halves of a double; of all zeros the same, and of all missing cells. */
const halves = (x: number): readonly [number, number] => {
  const [a, b] = new Uint32Array(Float64Array.of(Number.isNaN(x) ? NaN : x + 0).buffer)
  return [a, b]
}

/** A number below 2⁵³ that a key makes of a row: of equal rows the same. */
const markOf = (key: Key.Key, { dim, values }: Points.Points, i: number): number => {
  const { k0, k1 } = values.subarray(i * dim, (i + 1) * dim).reduce<Key.Key>((at, x) => {
    const [k0, k1] = Key.block(...halves(x))(at)
    return { _tag: 'Key', k0, k1 }
  }, key)
  return k0 * 0x200000 + (k1 >>> 11)
}

/** In how many parts rows are, and the part of a row of points, by its number. */
interface Folds {
  readonly count: number
  readonly of: (points: Points.Points, row: number) => number
}

/**
 * In which part each row is, from 0. It depends on the key and on the rows, not on their order. Equal rows are in one part, so that a row that
 * counts twice is two rows. Of distinct rows each part has as many as the others, or one more; there are no more parts than they.
 */
export const foldsOf =
  (folds: number, key: Key.Key) =>
  (data: Source.Data): Folds => {
    const marks = flatMapped(Source.pieces(Source.from(data)), piece =>
      Array.from({ length: piece.rows }, (_, i) => markOf(key, piece, i))
    )
    const distinct = [...new Set(marks)].sort((a, b) => a - b)
    const count = Math.min(folds, distinct.length)
    const parts = new Map(distinct.map((mark, rank) => [mark, rank % count]))
    return { count, of: (points, row) => parts.get(markOf(key, points, row)) ?? 0 }
  }

/** What is learned next without a part, and what is known by then. */
export interface Step {
  readonly fold: number
  readonly next: Learning.Progress['next']
  readonly held: Held
}

/** How columns are brought to be learned from, and by what candidates are learned. */
export interface Request {
  readonly columns: ReadonlyArray<string>
  readonly standardize: boolean
  readonly key: Key.Key
  readonly prior: number | null
  readonly place: Place.Place | undefined
}

/** What candidates that were learned without a part make of it, added to what those of other parts did. */
const judged = (
  part: Source.Data,
  candidates: ReadonlyArray<Candidate>,
  before: Held | null,
  place: Place.Place | undefined
): Held =>
  new Map(
    candidates.flatMap(one => {
      if (one._tag === 'Refused') return []
      const name = Data.nameOf(one)
      const sum = before === null ? 0 : before.get(name)
      const { logLikelihood } = Statistics.of(part, 0, place)(one.mixture)
      return sum === undefined ? [] : [[name, sum - 2 * Source.totalOf(part) * logLikelihood] as const]
    })
  )

/** Learns the candidates of all lines without each part in turn; the last step holds what all parts together say. */
export const learning = (own: Source.Data, request: Request) =>
  function* (lines: ReadonlyArray<Learning.Line>): Generator<Step> {
    const folds = foldsOf(FOLDS, Key.child(1)(request.key))(own)
    const { columns, standardize, key, prior, place } = request
    let held: Held | null = null
    for (let fold = 0; fold < folds.count && folds.count > 1; fold++) {
      const inside = Source.filtered((points, row) => folds.of(points, row) !== fold)(own)
      const outside = Source.filtered((points, row) => folds.of(points, row) === fold)(own)
      const scaled = Data.scaled(standardize, columns)(inside.points)
      let candidates: ReadonlyArray<Candidate> = []
      try {
        if (E.isRight(scaled)) {
          for (const step of Learning.learning(scaled.right, key, { criterion: 'bic', prior }, place)(lines)) {
            candidates = step.candidates
            yield { fold, next: step.next, held: new Map() }
          }
        }
        held = judged(outside.points, candidates, held, place)
      } finally {
        if (E.isRight(scaled)) scaled.right.close()
        inside.close()
        outside.close()
      }
    }
    yield { fold: FOLDS, next: null, held: held ?? new Map() }
  }

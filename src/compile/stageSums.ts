/** Sums over rows of a custom stage, over all rows or a batch. */
import { pipe } from 'fp-ts/lib/function.js'
import * as E from 'fp-ts/lib/Either.js'
import * as Compiler from '../../lib/compiler/index.js'
import { add, compute, expandDims, fill, fromNdArray, tensor, type NdArray, type Tensor } from '../../lib/index.js'
import { shapeSize } from '../../lib/arrays/ndarray.js'
import { reason } from '../../lib/plain/said.js'
import { refuse } from '../../lib/plain/refuse.js'
import * as Reductions from '../../lib/rows/reduction.js'
import { Problem } from '../core/index.js'
import * as Source from '../data/source/source.js'
import { cleanLevel } from '../mixture/family.js'
import * as Params from '../core/params.js'
import { compiledSums, tryCompiledSums } from '../mixture/em/eStep.js'
import * as Nodes from '../mixture/nodes.js'
import { weightedRowsOf } from '../mixture/dataRows.js'
import type * as Stage from '../pipeline/stage.js'
import type * as Score from '../score/score.js'

type AnyParams = Params.Params<string>
type ByNameOf<A> = Readonly<Record<string, A>>

const CHECKED_ROWS = 3
/** Maximum relative difference of sums in another order: above rounding, below that of other functions. */
const ADDITION_TOLERANCE = 1e-8

/** Evaluates a user's sums on rows `clean`, [rows, dim], with weights [rows, 1]. */
const sumsOverRows =
  (model: Score.Model<string>, sums: Stage.Sums) =>
  (params: Params.Tensors<string>, clean: Tensor, weight: Tensor, numbers: ByNameOf<Tensor>): ByNameOf<Tensor> =>
    sums({
      clean,
      weight,
      params,
      numbers,
      logJoint: () => {
        const { family } = model
        if (family === undefined) return refuse('logJoint: the score is no mixture; write the sums by params')
        const { logDensity, logWeights } = family.components(params, clean.shape[1] ?? 1)
        return add(logDensity(clean, cleanLevel()), expandDims(logWeights, 0))
      }
    })

/** Value of each number of a step before the first step, for tests and tracing. */
const PLACEHOLDER_NUMBER = 0.5
const placeholderNumbers = (names: Set<string> = new Set()): ByNameOf<Tensor> =>
  new Proxy<ByNameOf<Tensor>>(
    {},
    {
      get: (_, name) => {
        names.add(String(name))
        return fill([], PLACEHOLDER_NUMBER)
      }
    }
  )

/** Problems on a few rows of functions that throw, or are not sums. */
const sumProblems = (
  write: ReturnType<typeof sumsOverRows>,
  data: Source.Data,
  params: AnyParams
): ReadonlyArray<Problem.Problem> => {
  const refused = (found: string, domain: string, remedy: string): ReadonlyArray<Problem.Problem> => [
    Problem.of('sums', found, domain, remedy)
  ]
  if (Nodes.isPopulation(data) || weightedRowsOf(data).misses === true)
    return refused(
      Nodes.isPopulation(data) ? 'a population' : 'rows with missing cells',
      'whole rows of points or of a source',
      Nodes.isPopulation(data) ? 'sample points: Mixture.sample(rows)(key)(mixture)' : 'leave such rows out'
    )
  const count = Math.min(CHECKED_ROWS, data.rows)
  const { values } = Source.selectedRows(Array.from({ length: count }, (_, i) => i))(data)
  const on = (first: number, rows: number): ByNameOf<NdArray> =>
    compute(() =>
      write(
        Params.map<NdArray, Tensor>(fromNdArray)(params),
        tensor(values.subarray(first * data.dim, (first + rows) * data.dim), [rows, data.dim]),
        fill([rows, 1], 1 / count),
        placeholderNumbers()
      )
    )
  return pipe(
    E.tryCatch(
      () => ({ together: on(0, count), apart: Array.from({ length: count }, (_, i) => on(i, 1)) }),
      error => refused(`a function that throws "${reason(error)}"`, 'sums over rows', 'correct it')
    ),
    E.map(({ together, apart }) =>
      Object.entries(together).flatMap(([name, { shape, values }]) => {
        const all = apart.map(one => one[name].values)
        const most = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0)
        const isSum = values.every((x, i) => {
          const total = all.reduce((sum, own) => sum + own[i], 0)
          return Object.is(x, total) || Math.abs(x - total) <= ADDITION_TOLERANCE * most
        })
        return apart.every(one => shapeSize(one[name].shape) === shapeSize(shape)) && isSum
          ? []
          : refused(
              `${name}, which of ${count} rows together is not what it is of each, added,`,
              'a sum over rows of what each is and counts',
              `write sum(mul(weight, …), 0)`
            )
      })
    ),
    E.toUnion
  )
}

export interface StageSums {
  readonly means: () => Stage.Means
  readonly problems: (params: AnyParams) => ReadonlyArray<Problem.Problem>
  readonly evaluateSums: Stage.Tools['sums']
}

/** Returns the sums of a custom stage for its setting. */
export const of = ({ model, data }: Stage.Setting, sums: Stage.Sums): StageSums => {
  const write = sumsOverRows(model, sums)
  const library = Compiler.library()
  /** Program, or the reason if it cannot be compiled. */
  const compiled = () => {
    const params = Params.zeros(model.shapes(data.dim))
    const names = new Set<string>()
    const rows = weightedRowsOf(data)
    return pipe(
      E.tryCatch(
        () =>
          compute(() =>
            write(
              Params.map<NdArray, Tensor>(fromNdArray)(params),
              fill([1, rows.dim], PLACEHOLDER_NUMBER),
              fill([1, 1], 1),
              placeholderNumbers(names)
            )
          ),
        reason
      ),
      E.chain(() => {
        const numbers = Object.fromEntries(Array.from(names, name => [name, PLACEHOLDER_NUMBER]))
        return tryCompiledSums(library, sums, rows)(params, numbers, write)
      })
    )
  }
  const evaluateSums: Stage.Tools['sums'] = (params, { numbers = {}, batch } = {}) => {
    if (batch === undefined)
      return Reductions.evaluate(compiledSums(library, sums, weightedRowsOf(data), write)(params, numbers))
    const { points } = Source.batch(batch.rows)(batch.key)(data)
    return Reductions.evaluate(
      compiledSums(library, sums, { ...weightedRowsOf(points), passing: true }, write)(params, numbers)
    )
  }
  return {
    means: () =>
      pipe(
        compiled(),
        E.match(
          refusal => ({ engine: 'interpreted', reason: `its sums are not compiled: ${refusal}` }),
          () => ({ engine: 'compiled', reason: 'its sums are one program over the rows' })
        )
      ),
    problems: params => sumProblems(write, data, params),
    evaluateSums
  }
}

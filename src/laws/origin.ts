import * as fc from 'fast-check'
import { refuse } from '../../lib/plain/refuse.js'
import type { Loss } from '../compile/loss.js'
import type { Points } from '../data/points.js'
import { Compile, Key, Params, Score } from '../index.js'
import { params as paramsOf, seeds } from './arbitraries.js'
import { compiledOrThrow, flattenParams, maxAbs } from './check.js'
import { equals, forAll, type LawBuilder } from './lawRows.js'
import { mapPointRows, symmetriesOf } from './symmetries.js'

/** Grid on which shifts by integers up to 2²⁷ are exact. */
const GRID = 1 / 1048576

const onGrid = (x: number): number => Math.round(x / GRID) * GRID

export const roundToGrid = (points: Points): Points => ({ ...points, values: points.values.map(onGrid) })

/** Integers of either sign of magnitude up to `furthest`. */
export const offsets = (furthest: number): fc.Arbitrary<number> =>
  fc
    .tuple(
      fc.integer({ min: 0, max: String(Math.floor(furthest)).length - 1 }),
      fc.double({ min: 0.1, max: 1, noNaN: true }),
      fc.constantFrom(1, -1)
    )
    .map(([digits, share, sign]) => sign * Math.round(Math.min(furthest, Number(`1e${digits + 1}`) * share)))

export const shiftPoints =
  (by: number) =>
  (points: Points): Points =>
    mapPointRows(row => row.map(x => x + by))(points)

/** Parameters for data shifted by one number in all columns. Throws if the score cannot be translated. */
export const translationOf = <P extends string>(
  score: Score.Score<P>,
  dim: number
): ((by: number) => (params: Params.Params<P>) => Params.Params<P>) => {
  const { translate } = symmetriesOf(score)
  if (translate === undefined)
    return refuse(`${Score.show(score)} means something by 0, and cannot be moved with the data`)
  return by => translate(Array.from({ length: dim }, () => by))
}

/** Law that the loss of a translatable mixture score is invariant under shifts up to `furthest`. */
export const translationLaw = <P extends string>(
  loss: Loss<P>,
  points: Points,
  {
    name = 'a loss does not know where 0 is',
    furthest = 1e8,
    maxCases
  }: { readonly name?: string; readonly furthest?: number; readonly maxCases?: number } = {}
): LawBuilder => {
  const here = roundToGrid(points)
  const move = translationOf(loss.score, points.dim)
  const params = paramsOf(loss.score)(points.dim).map(Params.mapValues(onGrid))
  return forAll(fc.record({ params, by: offsets(furthest), seed: seeds }))({
    name,
    statement: `∀ θ, keys, plans, c ≤ ${furthest}: L(θ + c; x + c) = L(θ; x), and the same of ∇L. To 1e-10 (1 + |L| + |∇L|): data and centres lie on a grid of 2⁻²⁰, so that moving them rounds nothing; taking their differences is a sum of other roundings.`,
    source: 'a mixture moves with its data',
    ...(maxCases !== undefined && { maxCases }),
    says: ({ params, by, seed }) => {
      const key = Key.fromSeed(seed)
      const all = compiledOrThrow(Compile.plans(loss)(here))
      return compiledOrThrow(Compile.plans(loss)(shiftPoints(by)(here))).map(({ engine, evaluate }, i) => {
        const wanted = all[i].evaluate(params, key)
        const found = evaluate(move(by)(params), key)
        return equals(
          { [engine]: [found.value, ...flattenParams(found.gradient)] },
          { [engine]: [wanted.value, ...flattenParams(wanted.gradient)] },
          1e-10 * (1 + Math.abs(wanted.value) + maxAbs(flattenParams(wanted.gradient)))
        )
      })
    }
  })
}

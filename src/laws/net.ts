/** Laws of networks, and of their parts: rows alone, each at its own level, and how they begin. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { compute, Key, tensor, type Tensor } from '../../lib/index.js'
import type { Points } from '../data/points.js'
import { Case, Params, Score } from '../index.js'
import * as Net from '../score/net.js'
import * as Arbitrary from './arbitraries.js'
import { maxAbs } from './check.js'
import { areFinite, forAll, ofRows, equals, sameBits } from './lawRows.js'
import type { Laws } from './law.js'

interface NetCase {
  readonly points: Points
  readonly seed: number
  /** The noise of each row, an angle: α = cos, σ = sin; both ends are among them. */
  readonly angles: ReadonlyArray<number>
  readonly labels: ReadonlyArray<number>
}

const acceptsWidth =
  <P extends string>(net: Net.Net<P>) =>
  (width: number): boolean =>
    E.isRight(E.tryCatch(() => Net.buildNet({ width, dim: width })(net), String))

/** Widths of layers within a network. */
const widthsIn = <P extends string>(net: Net.Net<P>): ReadonlyArray<number> =>
  Case.parts(net).flatMap(part =>
    Object.entries(part).flatMap(([name, x]) => (name === 'width' && typeof x === 'number' ? [x] : []))
  )

/** How far parameters are moved from where they begin, in normal deviations. */
const MOVED = 0.3

interface Asked<P extends string> {
  readonly labelled?: boolean
  readonly params?: Params.Params<P>
}

/**
 * The laws of a network or of a part, on data of any dimension, or of the width that it takes.
 *
 * @example
 * import fc from 'fast-check'
 * import { Net } from 'ornstein'
 * import * as laws from 'ornstein/laws'
 *
 * laws.net(Net.mlp({ hidden: [4] })).forEach(({ property }) => {
 *   fc.assert(property, { numRuns: 3 })
 * })
 */
export const net = <P extends string>(net: Net.Net<P>): Laws => {
  const points = Arbitrary.points({ maxRows: 4, weights: false })
  // A part within a network may take one width alone, such as that of a layer before it.
  const width = [2, ...widthsIn(net)].find(acceptsWidth(net)) ?? 2
  const dims = width === 2 ? Arbitrary.dims : fc.constant(width)
  const cases: fc.Arbitrary<NetCase> = dims.chain(points).chain(points =>
    fc.record({
      points: fc.constant(points),
      seed: Arbitrary.seeds,
      angles: fc.array(fc.constantFrom(0, 1e-3, 0.3, 1, 1.5, Math.PI / 2), {
        minLength: points.rows,
        maxLength: points.rows
      }),
      labels: fc.array(fc.constantFrom(-1, 0), { minLength: points.rows, maxLength: points.rows })
    })
  )
  const built = (dim: number): Net.Built<P> => Net.buildNet({ width: dim, dim })(net)
  const paramsOf = (dim: number, seed: number): Params.Params<P> => Net.initialParams(built(dim))(Key.fromSeed(seed))
  const column = (values: ReadonlyArray<number>): Tensor => tensor(values, [values.length, 1])
  const level = ({ angles, labels }: Pick<NetCase, 'angles' | 'labels'>): Score.RowLevel => ({
    alpha: column(angles.map(angle => (angle === Math.PI / 2 ? 0 : Elementary.cos(angle)))),
    sigma: column(angles.map(Elementary.sin)),
    label: column(labels)
  })
  /** Every parameter is moved by a normal number, as a part may begin as the identity. */
  const movedFrom = (dim: number, seed: number): Params.Params<P> => {
    const begun = paramsOf(dim, seed)
    const { moved } = Key.named('moved')(Key.fromSeed(seed))
    const keys = Key.split(Params.names(begun).length)(moved)
    return Params.map<Params.Params<P>[P], Params.Params<P>[P]>((array, name) => {
      const z = Key.normal(array.values.length)(keys[Params.names<string>(begun).indexOf(name)])
      return { ...array, values: array.values.map((x, i) => x + MOVED * z[i]) }
    })(begun)
  }
  const apply = (
    { points, seed, ...rest }: NetCase,
    { labelled = true, params = paramsOf(points.dim, seed) }: Asked<P> = {}
  ): Float64Array => {
    const { rows, dim, values } = points
    return compute(() => {
      const { label, ...levels } = level(rest)
      const at: Score.RowLevel = labelled && label !== undefined ? { ...levels, label } : levels
      return built(dim).apply(Score.tensors(params), tensor(values, [rows, dim]), at)
    }).values
  }
  const lawOf = forAll(cases)
  return ofRows(Net.show(net), [
    lawOf({
      name: 'is finite, and as wide as it says',
      quantity: 'output',
      statement:
        '∀ x, levels, labels: [rows, width] finite numbers, both ends of a schedule included, and so of x a million times as far. Exactly.',
      source: 'definition of Net.Built',
      says: each => {
        const { width } = built(each.points.dim)
        return [each.points, Arbitrary.scaleToOutliers(each.points)].flatMap(points => {
          const values = apply({ ...each, points })
          return [equals(values.length, points.rows * width), areFinite(values)]
        })
      }
    }),
    lawOf({
      name: 'sees each row alone, at its own level, with its own label',
      quantity: 'output',
      statement: `∀ x, levels, labels: row i is what it is alone, with the parameters as they begin and with each moved by ${MOVED} times a normal number. To 1e-13 (1 + size): the order of a sum may differ. With the label −1 in each row it gives what it gives without labels, exactly.`,
      source: 'definition of Net.Built',
      says: each => {
        const { dim, rows, values } = each.points
        const without = { ...each, labels: each.labels.map(() => -1) }
        return [paramsOf(dim, each.seed), movedFrom(dim, each.seed)].map(params => {
          const alone = Array.from({ length: rows }, (_, i) =>
            apply(
              {
                seed: each.seed,
                points: { rows: 1, dim, values: values.slice(i * dim, (i + 1) * dim) },
                angles: [each.angles[i]],
                labels: [each.labels[i]]
              },
              { params }
            )
          ).flatMap(row => Array.from(row))
          return [
            equals(apply(each, { params }), alone, 1e-13 * (1 + maxAbs(alone)) * (1 + maxAbs(values))),
            equals(apply(without, { params }), apply(without, { labelled: false, params }))
          ]
        })
      }
    }),
    lawOf({
      claim: Params.names(built(width).shapes).length > 0,
      reason: 'it has no parameters',
      name: 'begins by its key, each array by its name',
      statement: '∀ key: the arrays have the shapes that it names, and are the same bits by the same key.',
      source: 'randomness is a value',
      says: ({ points: { dim }, seed }) => {
        const params = paramsOf(dim, seed)
        return [sameBits(Params.shapes(params), built(dim).shapes), sameBits(paramsOf(dim, seed), params)]
      }
    })
  ])
}

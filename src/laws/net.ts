/** Laws of networks and their parts: finite output, independent rows, reproducible initial parameters. */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import * as Elementary from '../../lib/numbers/elementary.js'
import { compute, Key, tensor, type Tensor } from '../../lib/index.js'
import type { Points } from '../data/points.js'
import { Case, Params, Score } from '../index.js'
import * as Net from '../score/net.js'
import * as Arbitrary from './arbitraries.js'
import { maxAbs } from './check.js'
import { areFinite, forAll, ofRows, equals, sameBits, type LawBuilder } from './lawRows.js'
import type { Laws } from './law.js'

/**
 * Returns the laws of a network or a part, on data of 1 to 3 dimensions, or of the one width that it accepts.
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
  // A part may accept only the width of the layer before it.
  const width = [2, ...widthsIn(net)].find(acceptsWidth(net)) ?? 2
  const subject: NetSubject<P> = { width, built: dim => Net.buildNet({ width: dim, dim })(net) }
  return ofRows(Net.show(net), [
    outputIsFinite(subject),
    rowsAreIndependent(subject),
    keyDeterminesStartParams(subject)
  ])
}

interface NetSubject<P extends string> {
  readonly width: number
  readonly built: (dim: number) => Net.Built<P>
}

const acceptsWidth =
  <P extends string>(net: Net.Net<P>) =>
  (width: number): boolean =>
    E.isRight(E.tryCatch(() => Net.buildNet({ width, dim: width })(net), String))

const widthsIn = <P extends string>(net: Net.Net<P>): ReadonlyArray<number> =>
  Case.parts(net).flatMap(part =>
    Object.entries(part).flatMap(([name, x]) => (name === 'width' && typeof x === 'number' ? [x] : []))
  )

interface NetCase {
  readonly points: Points
  readonly seed: number
  /** Angle of each row's noise level, α = cos, σ = sin, including 0 and π/2. */
  readonly angles: ReadonlyArray<number>
  readonly labels: ReadonlyArray<number>
}

const onNetCases = <P extends string>({ width }: NetSubject<P>) =>
  forAll(
    (width === 2 ? Arbitrary.dims : fc.constant(width))
      .chain(Arbitrary.points({ maxRows: 4, weights: false }))
      .chain((points): fc.Arbitrary<NetCase> =>
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
  )

const outputIsFinite = <P extends string>(subject: NetSubject<P>): LawBuilder =>
  onNetCases(subject)({
    name: 'is finite, and as wide as it says',
    quantity: 'output',
    statement:
      '∀ x, levels, labels: [rows, width] finite numbers, both ends of a schedule included, and so of x a million times as far. Exactly.',
    source: 'definition of Net.Built',
    says: each => {
      const { width } = subject.built(each.points.dim)
      return [each.points, Arbitrary.scaleToOutliers(each.points)].flatMap(points => {
        const values = applyNet(subject, { ...each, points })
        return [equals(values.length, points.rows * width), areFinite(values)]
      })
    }
  })

const rowsAreIndependent = <P extends string>(subject: NetSubject<P>): LawBuilder =>
  onNetCases(subject)({
    name: 'sees each row alone, at its own level, with its own label',
    quantity: 'output',
    statement: `∀ x, levels, labels: row i is what it is alone, with the parameters as they begin and with each moved by ${PERTURBATION} times a normal number. To 1e-13 (1 + size): the order of a sum may differ. With the label −1 in each row it gives what it gives without labels, exactly.`,
    source: 'definition of Net.Built',
    says: each => {
      const { dim, rows, values } = each.points
      const without = { ...each, labels: each.labels.map(() => -1) }
      return [startParams(subject, dim, each.seed), perturbedParams(subject, dim, each.seed)].map(params => {
        const alone = Array.from({ length: rows }, (_, i) =>
          applyNet(
            subject,
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
          equals(applyNet(subject, each, { params }), alone, 1e-13 * (1 + maxAbs(alone)) * (1 + maxAbs(values))),
          equals(applyNet(subject, without, { params }), applyNet(subject, without, { ignoresLabels: true, params }))
        ]
      })
    }
  })

const keyDeterminesStartParams = <P extends string>(subject: NetSubject<P>): LawBuilder =>
  onNetCases(subject)({
    claim: Params.names(subject.built(subject.width).shapes).length > 0,
    reason: 'it has no parameters',
    name: 'begins by its key, each array by its name',
    statement: '∀ key: the arrays have the shapes that it names, and are the same bits by the same key.',
    source: 'randomness is a value',
    says: ({ points: { dim }, seed }) => {
      const params = startParams(subject, dim, seed)
      return [
        sameBits(Params.shapes(params), subject.built(dim).shapes),
        sameBits(startParams(subject, dim, seed), params)
      ]
    }
  })

// —— evaluation ——

const startParams = <P extends string>({ built }: NetSubject<P>, dim: number, seed: number): Params.Params<P> =>
  Net.initialParams(built(dim))(Key.fromSeed(seed))

const PERTURBATION = 0.3

/** Initial parameters plus normal noise with standard deviation PERTURBATION. */
const perturbedParams = <P extends string>(subject: NetSubject<P>, dim: number, seed: number): Params.Params<P> => {
  const start = startParams(subject, dim, seed)
  const { moved } = Key.named('moved')(Key.fromSeed(seed))
  const keys = Key.split(Params.names(start).length)(moved)
  return Params.map<Params.Params<P>[P], Params.Params<P>[P]>((array, name) => {
    const z = Key.normal(array.values.length)(keys[Params.names<string>(start).indexOf(name)])
    return { ...array, values: array.values.map((x, i) => x + PERTURBATION * z[i]) }
  })(start)
}

interface ApplyOptions<P extends string> {
  readonly ignoresLabels?: boolean
  /** Default: the initial parameters of the case's seed. */
  readonly params?: Params.Params<P>
}

const applyNet = <P extends string>(
  subject: NetSubject<P>,
  { points, seed, ...noise }: NetCase,
  { ignoresLabels = false, params = startParams(subject, points.dim, seed) }: ApplyOptions<P> = {}
): Float64Array => {
  const { rows, dim, values } = points
  return compute(() => {
    const { label, ...levels } = rowLevels(noise)
    const at: Score.RowLevel = ignoresLabels || label === undefined ? levels : { ...levels, label }
    return subject.built(dim).apply(Score.tensors(params), tensor(values, [rows, dim]), at)
  }).values
}

const rowLevels = ({ angles, labels }: Pick<NetCase, 'angles' | 'labels'>): Score.RowLevel => ({
  alpha: columnTensor(angles.map(angle => (angle === Math.PI / 2 ? 0 : Elementary.cos(angle)))),
  sigma: columnTensor(angles.map(Elementary.sin)),
  label: columnTensor(labels)
})

const columnTensor = (values: ReadonlyArray<number>): Tensor => tensor(values, [values.length, 1])

/** What an expectation draws, and what it becomes as tensors: coordinates by hand in a basis one can see through. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { compute, Key, tensor, type NdArray } from '../../lib/index.js'
import { Expectation, Score } from '../../src/index.js'
import * as Noise from '../../src/compile/noise.js'
import { basisOf, type Basis } from '../../src/mixture/projection.js'

const key = Key.fromSeed(3)
const points = { rows: 3, dim: 3, values: Float64Array.of(2, 1, 0, 0, 0, -3, 4, 5, 0) }
const origin = Float64Array.of(0, 0, 0)
/** The plane of the first two coordinates, turned within itself. */
const plane: Basis = { rank: 2, vectors: Float64Array.of(0.6, 0.8, 0, -0.8, 0.6, 0), origin }
const line: Basis = { rank: 1, vectors: Float64Array.of(0.6, 0.8, 0), origin }

const drawn = (
  expectation: Expectation.Expectation,
  projection: Noise.NoiseProjection | null = null
): ReadonlyArray<Noise.NoiseDrawTerm> => Noise.noiseDraws(points, projection, key)(expectation)

const total = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0)

describe('draws', () => {
  it('of plain noise have equal weights and keys of their own', () => {
    const found = drawn(Expectation.monteCarlo({ draws: 4 }))
    expect(found.map(({ weight }) => weight)).toEqual([0.25, 0.25, 0.25, 0.25])
    expect(found.map(({ noise }) => noise)).toEqual(
      pipe(key, Key.split(4)).map(values => ({ _tag: 'Full', values, sign: 1 }))
    )
  })

  it('are each followed by their opposite if antithetic', () => {
    const found = drawn(Expectation.monteCarlo({ draws: 2, antithetic: true }))
    const [a, b] = pipe(key, Key.split(2))
    expect(found).toEqual(
      [a, b].flatMap(values => [1, -1].map(sign => ({ weight: 0.25, noise: { _tag: 'Full', values, sign } })))
    )
  })

  it('are plain where there is nothing to project on', () => {
    expect(drawn(Expectation.projected({ draws: 2 }))).toEqual(drawn(Expectation.monteCarlo({ draws: 2 })))
  })

  it('are coordinates in the span, and beside it only the mean of |z|² where that is all that matters', () => {
    const [{ weight, noise }] = drawn(Expectation.projected(), { basis: line, seesNorm: false, slope: () => 0 })
    expect(weight).toBe(1)
    expect(noise).toMatchObject({ _tag: 'Span', along: null, rest: 2, sign: 1 })
  })

  it('have a normal along the row and a χ² of the rest where the law of |z|² matters', () => {
    const found = drawn(Expectation.projected({ antithetic: true }), { basis: line, seesNorm: true, slope: () => 0 })
    expect(found.map(({ noise }) => noise)).toMatchObject([
      { _tag: 'Span', rest: { degrees: 1 }, sign: 1 },
      { _tag: 'Span', rest: { degrees: 1 }, sign: -1 }
    ])
    const [{ noise }] = found
    if (noise._tag !== 'Span' || typeof noise.rest === 'number') throw new Error('not in the span')
    // Three streams: the same key would tie what is to be independent.
    const streams = [noise.coordinates, noise.along, noise.rest.key].map(own =>
      own === null ? [] : Array.from(Key.normal(2)(own))
    )
    expect(new Set(streams.flat()).size).toBe(6)
  })

  it('have nothing beside a span that is everything', () => {
    const everything = { rank: 3, vectors: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1), origin }
    const [{ noise }] = drawn(Expectation.projected(), { basis: everything, seesNorm: true, slope: () => 0 })
    expect(noise).toMatchObject({ along: null, rest: 0 })
  })

  it('of a quadrature have the moments of a normal up to its order, never an opposite', () => {
    const found = drawn(Expectation.quadrature({ nodes: 4 }), { basis: line, seesNorm: false, slope: () => 0 })
    const moment = (p: number): number =>
      total(found.map(({ weight, noise }) => weight * (noise._tag === 'Node' ? noise.coordinate ** p : NaN)))
    ;[1, 0, 1, 0, 3, 0, 15].forEach((wanted, p) => expect(moment(p)).toBeCloseTo(wanted, 12))
    expect(found.map(({ noise }) => noise._tag === 'Node' && noise.rest)).toEqual([2, 2, 2, 2])
    expect(drawn(Expectation.quadrature({ nodes: 2 })).map(({ noise }) => noise)).toMatchObject([
      { rest: 3 },
      { rest: 3 }
    ])
  })

  it('that are fixed are the given ones', () => {
    const values = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9)
    expect(drawn(Expectation.fixed({ rows: 3, dim: 3, values }))).toEqual([
      { weight: 1, noise: { _tag: 'Full', values, sign: 1 } }
    ])
  })
})

describe('the basis', () => {
  const of = (components: number, ...centres: ReadonlyArray<number>): Basis => {
    const means = { shape: [components, centres.length / components], values: Float64Array.from(centres) }
    const { family } = Score.interpret(Score.spherical({ components }))
    if (family?.projection === undefined) throw new Error('round mixtures say how they see noise')
    const { span, origin } = family.projection
    return basisOf(span({ means }), origin({ means }))
  }

  it('spans differences, wherever 0 is, and its origin is what the centres have outside it', () => {
    for (const far of [0, 1024]) {
      const { rank, vectors, origin } = of(2, far + 1, far, 3, far - 2, far + 4, 3)
      // From the second to the first (3, −4, 0); the middle less what it has along that.
      expect(rank).toBe(1)
      ;[0.6, -0.8, 0].forEach((wanted, j) => expect(vectors[j]).toBeCloseTo(wanted, 15))
      const along = 0.6 * (far - 0.5) - 0.8 * (far + 2)
      const wanted = [far - 0.5 - 0.6 * along, far + 2 + 0.8 * along, 3]
      wanted.forEach((x, j) => expect(origin[j]).toBeCloseTo(x, 11))
    }
  })

  it('of equal centres, and of one, is a point', () => {
    expect(of(2, 1, 2, 1, 2)).toEqual({ rank: 0, vectors: new Float64Array(0), origin: Float64Array.of(1, 2) })
    expect(of(1, 5)).toEqual({ rank: 0, vectors: new Float64Array(0), origin: Float64Array.of(5) })
  })

  it('of a pair ±c is c/|c|', () => {
    const { rank, vectors, origin } = of(2, 3, 4, -3, -4)
    expect({ rank, vectors: Array.from(vectors) }).toEqual({ rank: 1, vectors: [0.6, 0.8] })
    origin.forEach(x => expect(Math.abs(x)).toBe(0))
  })
})

describe('tensors', () => {
  /** `orthogonal` as a list: of one where it is a number. */
  const of = (
    noise: Noise.NoiseOfDraw,
    basis: Basis
  ): { readonly drawn: NdArray; readonly orthogonal: Float64Array } => ({
    drawn: compute(() => Noise.noiseTensors(noise, basis, points).drawn),
    orthogonal: compute(() => {
      const { orthogonal } = Noise.noiseTensors(noise, basis, points)
      return typeof orthogonal === 'number' ? tensor([orthogonal], [1]) : orthogonal
    }).values
  })
  const close = (found: ArrayLike<number>, wanted: ReadonlyArray<number>): void => {
    expect(found.length).toBe(wanted.length)
    wanted.forEach((value, i) => expect(found[i]).toBeCloseTo(value, 13))
  }

  it.each([1, -1] as const)('of full noise are its values, or the normals of its key, times %i', sign => {
    const values = Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9)
    const given = of({ _tag: 'Full', values, sign }, line)
    expect(given).toEqual({
      drawn: { shape: [3, 3], values: values.map(v => sign * v) },
      orthogonal: Float64Array.of(0)
    })
    const { drawn, orthogonal } = of({ _tag: 'Full', values: key, sign }, line)
    expect(drawn).toEqual({ shape: [3, 3], values: Key.normal(9)(key).map(z => sign * z) })
    expect(orthogonal).toEqual(Float64Array.of(0))
  })

  it('of a node are its coordinate along the direction, the same for all rows', () => {
    const { drawn, orthogonal } = of({ _tag: 'Node', coordinate: 5, rest: 2 }, line)
    expect(drawn.shape).toEqual([1, 3])
    close(drawn.values, [3, 4, 0])
    expect(orthogonal).toEqual(Float64Array.of(2))
  })

  it.each([1, -1] as const)('of coordinates are the vectors with these coordinates, times %i', sign => {
    const z = Key.normal(6)(key)
    const { drawn, orthogonal } = of({ _tag: 'Span', coordinates: key, along: null, rest: 1, sign }, plane)
    expect(drawn.shape).toEqual([3, 3])
    close(
      drawn.values,
      [0, 1, 2].flatMap(i => {
        const a = sign * z[2 * i]
        const b = sign * z[2 * i + 1]
        return [0.6 * a - 0.8 * b, 0.8 * a + 0.6 * b, 0]
      })
    )
    expect(orthogonal).toEqual(Float64Array.of(1))
  })

  it.each([1, -1] as const)('have a normal along each row outside the span, and its χ²; times %i', sign => {
    const [along, rest] = pipe(key, Key.split(2))
    const z = Key.normal(3)(key)
    const n = Key.normal(3)(along)
    const squares = Key.chiSquared(1)(3)(rest)
    const noise: Noise.NoiseOfDraw = { _tag: 'Span', coordinates: key, along, rest: { key: rest, degrees: 1 }, sign }
    const { drawn, orthogonal } = of(noise, line)
    // Outside the line: (2, 1, 0) − 2 (0.6, 0.8, 0) = (0.8, −0.6, 0), (0, 0, −3), and (4, 5, 0) − 6.4 (0.6, 0.8, 0).
    const outside = [[0.8, -0.6, 0], [0, 0, -1], [0.16 / 0.2, -0.12 / 0.2, 0]] // prettier-ignore
    close(
      drawn.values,
      outside.flatMap((direction, i) => direction.map((d, j) => sign * (z[i] * line.vectors[j] + n[i] * d)))
    )
    close(orthogonal, Array.from(squares))
  })

  it('have their direction from where the centres are', () => {
    const [along, rest] = pipe(key, Key.split(2))
    const n = Key.normal(3)(along)
    const noise: Noise.NoiseOfDraw = { _tag: 'Span', coordinates: key, along, rest: { key: rest, degrees: 2 }, sign: 1 }
    const point: Basis = { rank: 0, vectors: Float64Array.of(), origin: Float64Array.of(0, 0, -3) }
    // Less the origin: (2, 1, 3), 0, which has no direction, and (4, 5, 3).
    const { drawn, orthogonal } = of(noise, point)
    close(
      drawn.values,
      [[2, 1, 3], [0, 0, 0], [4, 5, 3]].flatMap((row, i) => row.map(x => (n[i] * x) / (Math.hypot(...row) || 1))) // prettier-ignore
    )
    const squares = Key.chiSquared(2)(3)(rest)
    close(orthogonal, [squares[0], squares[1] + n[1] ** 2, squares[2]])
  })

  it('of a row in the span have no direction outside it: its normal is one of the χ²', () => {
    const [along, rest] = pipe(key, Key.split(2))
    const z = Key.normal(6)(key)
    const n = Key.normal(3)(along)
    const noise: Noise.NoiseOfDraw = { _tag: 'Span', coordinates: key, along, rest: { key: rest, degrees: 0 }, sign: 1 }
    const { drawn, orthogonal } = of(noise, plane)
    close(
      drawn.values,
      [0, 1, 2].flatMap(i => {
        const a = z[2 * i]
        const b = z[2 * i + 1]
        return [0.6 * a - 0.8 * b, 0.8 * a + 0.6 * b, i === 1 ? -n[1] : 0]
      })
    )
    close(orthogonal, [n[0] ** 2, 0, n[2] ** 2])
  })
})

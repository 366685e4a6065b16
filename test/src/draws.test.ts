/** What an expectation draws, and what it becomes as tensors: coordinates by hand in a basis one can see through. */
import { pipe } from 'fp-ts/lib/function.js'
import { describe, expect, it } from 'vitest'
import { compute, Key, tensor, type NdArray } from '../../lib/index.js'
import type { Basis } from '../../src/mixture/kernels/pass.js'
import { Expectation } from '../../src/index.js'
import * as Noise from '../../src/compile/Noise.js'

const key = Key.fromSeed(3)
const points = { rows: 3, dim: 3, values: Float64Array.of(2, 1, 0, 0, 0, -3, 4, 5, 0) }
/** The plane of the first two coordinates, turned within itself. */
const plane: Basis = { rank: 2, vectors: Float64Array.of(0.6, 0.8, 0, -0.8, 0.6, 0) }
const line: Basis = { rank: 1, vectors: Float64Array.of(0.6, 0.8, 0) }

const drawn = (
  expectation: Expectation.Expectation,
  projection: Noise.Projection | null = null
): ReadonlyArray<Noise.Draw> => Noise.draws(points, projection, key)(expectation)

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
    const everything = { rank: 3, vectors: Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1) }
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

describe('tensors', () => {
  /** `orthogonal` as a list: of one where it is a number. */
  const of = (noise: Noise.Noise, basis: Basis): { readonly drawn: NdArray; readonly orthogonal: Float64Array } => ({
    drawn: compute(() => Noise.tensors(noise, basis, points).drawn),
    orthogonal: compute(() => {
      const { orthogonal } = Noise.tensors(noise, basis, points)
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
        const [a, b] = [sign * z[2 * i], sign * z[2 * i + 1]]
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
    const noise: Noise.Noise = { _tag: 'Span', coordinates: key, along, rest: { key: rest, degrees: 1 }, sign }
    const { drawn, orthogonal } = of(noise, line)
    // Outside the line: (2, 1, 0) − 2 (0.6, 0.8, 0) = (0.8, −0.6, 0), (0, 0, −3), and (4, 5, 0) − 6.4 (0.6, 0.8, 0).
    const outside = [[0.8, -0.6, 0], [0, 0, -1], [0.16 / 0.2, -0.12 / 0.2, 0]] // prettier-ignore
    close(
      drawn.values,
      outside.flatMap((direction, i) => direction.map((d, j) => sign * (z[i] * line.vectors[j] + n[i] * d)))
    )
    close(orthogonal, Array.from(squares))
  })

  it('of a row in the span have no direction outside it: its normal is one of the χ²', () => {
    const [along, rest] = pipe(key, Key.split(2))
    const z = Key.normal(6)(key)
    const n = Key.normal(3)(along)
    const noise: Noise.Noise = { _tag: 'Span', coordinates: key, along, rest: { key: rest, degrees: 0 }, sign: 1 }
    const { drawn, orthogonal } = of(noise, plane)
    close(
      drawn.values,
      [0, 1, 2].flatMap(i => {
        const [a, b] = [z[2 * i], z[2 * i + 1]]
        return [0.6 * a - 0.8 * b, 0.8 * a + 0.6 * b, i === 1 ? -n[1] : 0]
      })
    )
    close(orthogonal, [n[0] ** 2, 0, n[2] ** 2])
  })
})

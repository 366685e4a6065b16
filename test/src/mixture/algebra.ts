/** Mixtures of the algebra's tests: those of `test/oracle/algebra.json`, by numpy and scipy, and others at random. */
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect } from 'vitest'
import * as Mixture from '../../../src/mixture/index.js'

export type Rows = ReadonlyArray<ReadonlyArray<number>>
export interface Stored {
  readonly weights: ReadonlyArray<number>
  readonly means: Rows
  readonly factors: ReadonlyArray<Rows>
}

/** The file is written by the reference program and checked in: who reads it knows its type. */
export const reference: unknown = JSON.parse(readFileSync('test/oracle/algebra.json', 'utf8'))

/** Of the largest wanted number, and of 1. */
export const close = (found: ArrayLike<number>, wanted: ArrayLike<number>, tolerance: number): void => {
  expect(found.length).toBe(wanted.length)
  const size = Array.from(wanted).reduce((most, x) => Math.max(most, Math.abs(x)), 1)
  Array.from(wanted).forEach((x, i) => {
    expect(Math.abs(found[i] - x), `${found[i]} for ${x}`).toBeLessThanOrEqual(tolerance * size)
  })
}

export const list = <A>(of: fc.Arbitrary<A>, length: number): fc.Arbitrary<A[]> =>
  fc.array(of, { minLength: length, maxLength: length })
export const real = fc.double({ min: -2, max: 2, noNaN: true })
const positive = fc.double({ min: 0.3, max: 2, noNaN: true })
export const matrixOf = (rows: number, columns: number): fc.Arbitrary<Rows> => list(list(real, columns), rows)

/** 10 more on the diagonal: of full rank. */
export const regular = (rows: Rows): Rows => rows.map((row, i) => row.map((a, j) => (i === j ? 10 + a : a)))

/** Mixtures of round, diagonal and full components. */
export const mixtures = (d: number, K: number): fc.Arbitrary<Mixture.Mixture> => {
  const first = { means: matrixOf(K, d), weights: list(positive, K) }
  const triangle = fc
    .tuple(matrixOf(d, d), list(positive, d))
    .map(([rows, diagonal]) => rows.map((row, i) => row.map((x, j) => (i === j ? diagonal[i] : j < i ? x : 0))))
  return fc.oneof(
    fc.record({ ...first, variances: list(positive, K) }).map(Mixture.of),
    fc.record({ ...first, variances: list(list(positive, d), K) }).map(Mixture.of),
    fc.record({ ...first, factors: list(triangle, K) }).map(Mixture.of)
  )
}

export const sizes = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))

/** Rows that need not be in memory: what is computed of them is what is computed in memory, to the bit. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as E from 'fp-ts/lib/Either.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useThreads } from '../../../../lib/index.js'
import { numberStore } from '../../../../lib/rows/scratch.js'
import * as Reductions from '../../../../lib/rows/reduction.js'
import { areSameBits } from '../../../../src/laws/bits.js'
import { ExpectationMaximization, Fit, Key, Mixture, Problem, Vocabulary } from '../../../../src/index.js'
import * as Statistics from '../../../../src/mixture/statistics.js'
import * as RemoteSums from '../../../../src/compile/remoteSums.js'
import type * as Backend from '../../../../src/data/reductionBackend.js'
import * as Points from '../../../../src/data/index.js'
import * as Source from '../../../../src/data/source/index.js'
import { isSlow, spread, once } from '../../../cases.js'
import { said } from '../../../said.js'
import { ofVocabulary } from '../../mixture/families/families.js'

const clusters = {
  means: [[-40, 2, 0.5], [3, 2, 0.5], [3, 9, 1.5]], // prettier-ignore
  weights: [0.5, 0.3, 0.2],
  variances: [4, 1, 0.25]
}
const truth = Mixture.of(clusters)

/** Of a number of rows that fills no tile, no chunk and no chunk. */
const drawn = (rows: number): Points.Points => {
  const points = Mixture.sample(rows)(Key.fromSeed(7))(truth)
  // far from 0, and of units that differ
  return { ...points, values: points.values.map((x, k) => (k % 3 === 1 ? 1000 + x / 7 : x * 3)) }
}

const weighted = (points: Points.Points): Points.Points =>
  Problem.orThrow(Points.weighted(Float64Array.from({ length: points.rows }, (_, i) => (i % 5) / 3))(points))

/** The rows in pieces of so many. */
const pieces = (points: Points.Points, size: number): ReadonlyArray<Points.Points> =>
  Array.from({ length: Math.ceil(points.rows / size) }, (_, i) =>
    Points.select(Array.from({ length: Math.min(size, points.rows - i * size) }, (_, k) => i * size + k))(points)
  )

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ornstein-source-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

const stored = (points: Points.Points, size = 777): Source.Source =>
  Problem.orThrow(Source.gathered(pieces(points, size), folder))

it('holds no piece that is written down', () => {
  const pieces = 40
  const numbers = 1 << 19
  const held = (): number => process.memoryUsage().arrayBuffers
  const before = held()
  let most = 0
  const source = Source.gathered(
    (function* () {
      for (let i = 0; i < pieces; i++) {
        yield { rows: numbers / 8, dim: 8, values: new Float64Array(numbers).fill(i) }
        most = Math.max(most, held() - before)
      }
    })()
  )
  // all of them are 168 MB; what is let go is taken away at some tens
  expect(most).toBeLessThan(150e6)
  Problem.orThrow(source).close()
})

describe('a source', () => {
  it.each([
    ['', drawn(20_011)],
    [' with weights', weighted(drawn(20_011))]
  ])('has the moments of its points%s', (_, points) => {
    const source = stored(points)
    expect([source.rows, source.dim, source.total]).toEqual([points.rows, 3, Points.totalWeight(points)])
    expect(Source.mean(source)).toEqual(Points.mean(points))
    const { source: scaled, ...scaling } = Source.standardize(source)
    const { points: whole, ...same } = Points.standardize(points)
    expect(scaling).toEqual(same)
    // toEqual takes its time over long arrays.
    expect(areSameBits(Points.pointsInUnits(same)(points), whole)).toBe(true)
    const places = [0, 5, 20_010, 5]
    expect(Source.selectedRows(places)(Source.dataInUnits(scaling)(source))).toEqual(Points.select(places)(whole))
    expect(Source.selectedRows(places)(scaled)).toEqual(Points.select(places)(whole))
    expect(Source.selectedRows(places)(Source.storedSource(folder)(scaled))).toEqual(Points.select(places)(whole))
    source.close()
  })

  it('has constant columns, and columns of huge numbers, as points have them', () => {
    const points = { rows: 3, dim: 2, values: Float64Array.of(0.1, 1e300, 0.1, -1e300, 0.1, 3e299) }
    const { source, ...scaling } = Source.standardize(Source.of(points))
    const { points: whole, ...same } = Points.standardize(points)
    expect(scaling).toEqual(same)
    expect(Points.pointsInUnits(same)(points)).toEqual(whole)
    expect(Source.selectedRows([0, 1, 2])(source)).toEqual(whole)
  })

  once('tells by its number which row is wrong', () => {
    const good = { rows: 2, dim: 2, values: Float64Array.of(1, 2, 3, 4) }
    const message = (all: ReadonlyArray<Points.Points>): string => said(Source.gathered(all, folder))
    expect(message([good, { ...good, values: Float64Array.of(5, 6, NaN, 8) }])).toBe(
      'row 4, column 1: NaN is not a finite number; correct it or leave the row out'
    )
    expect(message([good, { rows: 1, dim: 3, values: Float64Array.of(1, 2, 3) }])).toContain(
      'row 3: 3 numbers, but row 1 has 2'
    )
    expect(message([good, { ...good, weights: Float64Array.of(1, 2) }])).toContain('weights')
    expect(message([])).toContain('at least one row')
    // what was begun is given back
    expect(readdirSync(folder)).toEqual([])
  })

  it('is gathered from pieces that come in time', async () => {
    const points = drawn(1000)
    const source = Problem.orThrow(
      await Source.gatheredFrom(
        (async function* () {
          for (const piece of pieces(points, 300)) yield await Promise.resolve(piece)
        })(),
        folder
      )
    )
    expect(Source.selectedRows(Array.from({ length: 1000 }, (_, i) => i))(source)).toEqual(points)
  })
})

describe('a place beside memory', () => {
  once('holds what is written, and is gone when it is closed', () => {
    const place = numberStore(folder)
    place.write(Float64Array.of(1, 2, 3))
    place.write(Float64Array.of(4))
    const out = new Float64Array(2)
    place.read(2, out)
    expect([place.length(), ...out]).toEqual([4, 3, 4])
    expect(() => place.read(3, out)).toThrow(RangeError)
    expect(() => place.read(-1, out)).toThrow(RangeError)
    place.close()
    expect(() => place.read(0, out)).toThrow()
    expect(readdirSync(folder)).toEqual([])
  })

  it('sweeps up what a program that is gone has left, and nothing else', () => {
    const gone = execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }).trim()
    const names = [`ornstein-${gone}-ab12.scratch`, `ornstein-${process.pid}-ab12.scratch`, `ornstein-${gone}.txt`]
    for (const name of names) writeFileSync(join(folder, name), '')
    numberStore(folder).close()
    expect(readdirSync(folder).sort()).toEqual(names.slice(1).sort())
    for (const name of names.slice(1)) rmSync(join(folder, name))
  })
})

describe('expectation–maximization on a source', () => {
  for (const { name, family, from } of spread(4)(ofVocabulary(3)))
    it(`is that of the rows in memory, of the family ${name}`, () => {
      for (const points of [drawn(40_961), weighted(drawn(1025))]) {
        const start = from(truth)
        const source = stored(points, 1234)
        const streamed = ExpectationMaximization.step(family, 1e-6, source)
        const whole = ExpectationMaximization.step(family, 1e-6, points)
        for (const threads of [1, 3]) {
          useThreads(threads)
          const first = streamed(start)
          expect(first).toEqual(whole(start))
          expect(streamed(first.params)).toEqual(whole(first.params))
        }
        source.close()
      }
    })

  /** Two workers, one of which sees no row of the other's, and who know nothing but JSON and numbers; told when one is asked. */
  const workers = (elsewhere: Source.Source, isAsked: () => void): Backend.Backend => ({
    evaluate: (sum, asked) => {
      const { sum: described, numbers } = asked()
      const json: unknown = JSON.parse(JSON.stringify(described))
      const { chunks } = Reductions.partitionRows(sum.rows)
      const half = Math.ceil(chunks / 2)
      const sums = new Float64Array(sum.width)
      for (const [from, to] of [
        [0, half],
        [half, chunks]
      ]) {
        // prettier-ignore
        const { first, count } = Reductions.rowsOfChunks(Reductions.partitionRows(sum.rows), from, to)
        const own: Source.Source = {
          ...elsewhere,
          read: (at, out) => {
            if (at < first || at * 3 + out.length > (first + count) * 3) throw new Error(`row ${at} is another's`)
            elsewhere.read(at, out)
          }
        }
        isAsked()
        Reductions.addChunkSums(
          sums,
          Problem.orThrow(RemoteSums.requestedReduction(Vocabulary.standard)(json)(own))(numbers).chunks(from, to)
        )
      }
      return sum.finish(sums)
    }
  })
  /** None of weight 0: those are left out before anybody is asked. */
  const several = Problem.orThrow(
    Points.weighted(Float64Array.from({ length: 4_103 }, (_, i) => (1 + (i % 5)) / 3))(drawn(4_103))
  )

  const background = { share: 0.1, centre: [0, 1000, 0], scale: [200, 9, 9] }
  it.each([
    ['three clusters', truth],
    ['one ellipse', Mixture.of({ means: [[0, 1000, 0]], covariances: [[[900, 1, 2], [1, 5, 0], [2, 0, 3]]] })], // prettier-ignore
    ['tails', Mixture.of({ ...clusters, tails: [3, null, 9] })],
    ['a Cauchy', Mixture.of({ ...clusters, background: { ...background, shape: 'cauchy' } })],
    ['tails beside a box', Mixture.of({ ...clusters, tails: [3, 2, 9], background: { ...background, shape: 'box' } })]
  ])('judges mixtures as in memory, by others too: %s', (_, mixture) => {
    for (const points of [drawn(40_961), several]) {
      const source = stored(points)
      const wanted = Statistics.of(points, 11)(mixture)
      expect(Statistics.of(source, 11)(mixture)).toEqual(wanted)
      expect(
        Statistics.of(
          source,
          11,
          workers(stored(points, 777), () => undefined)
        )(mixture)
      ).toEqual(wanted)
      source.close()
    }
  })

  it('is summed by others, by description, with the same bits', () => {
    const options = { components: 2, family: 'full', seed: 3 } as const
    const source = stored(several)
    let asked = 0
    const backend = workers(stored(several, 777), () => (asked += 1))
    const whole = Problem.orThrow(Fit.mixture(options)(source))
    expect(Problem.orThrow(Fit.mixture({ ...options, backend })(source)).candidates).toEqual(whole.candidates)
    // By two workers, of several steps.
    expect(asked).toBeGreaterThanOrEqual(6)
  })

  it('sums nothing that it does not know', () => {
    const of = RemoteSums.requestedReduction(Vocabulary.standard)
    const source = Source.of(drawn(10))
    for (const described of [
      null,
      { name: 'other' },
      { name: 'expectation', score: { _tag: 'none' }, middle: null, isPrior: false }
    ])
      expect(E.isLeft(of(described)(source))).toBe(true)
  })

  it.runIf(isSlow)('fits as in memory, choosing family and number of components', () => {
    // More than 4000 are learned from a sample first.
    const points = drawn(4_103)
    const family = spread(6)(['isotropic', 'full', 'tiedDiagonal'] as const)
    const options = { components: [2, 3], family, seed: 3 }
    const source = stored(points)
    const whole = Problem.orThrow(Fit.mixture(options)(points))
    const streamed = Problem.orThrow(Fit.mixture(options)(source))
    expect(streamed.candidates).toEqual(whole.candidates)
    expect(streamed.mixture).toEqual(whole.mixture)
    expect(streamed.table()).toBe(whole.table())
    const few = drawn(300)
    const others = { components: 3, family: spread(4)(['tiedIsotropic', 'diagonal', 'tied'] as const) }
    expect(Problem.orThrow(Fit.mixture(others)(Source.of(few))).candidates).toEqual(
      Problem.orThrow(Fit.mixture(others)(few)).candidates
    )
  })

  once('refuses what is wrong with columns', () => {
    for (const values of [Float64Array.of(1e200, -1e200), Float64Array.of(1)]) {
      const points = { rows: values.length, dim: 1, values }
      const message = said(Fit.mixture()(points))
      expect(message).not.toBe('')
      expect(said(Fit.mixture()(Source.of(points)))).toBe(message)
    }
  })
})

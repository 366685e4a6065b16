/** The spread of data about centres, from which scores start: that of each array of centres is computed once. */
import { expect, it } from 'vitest'
import { Key, Source } from '../../../../src/index.js'
import { cachedStartingSpread, startingSpread } from '../../../../src/mixture/em/seeding.js'
import { SEED } from '../../../cases.js'

const values = Key.normal(60)(Key.fromSeed(SEED))
const centres = { shape: [2, 3], values: values.slice(0, 6) }
const others = { shape: [2, 3], values: values.slice(6, 12) }

/** Rows of which it is counted how many are read. */
const countedSource = (): { readonly source: Source.Source; readonly rowsRead: () => number } => {
  const source = Source.of({ rows: 20, dim: 3, values })
  let rowsRead = 0
  const read: Source.Source['read'] = (first, out) => {
    rowsRead += out.length / 3
    source.read(first, out)
  }
  return { source: { ...source, read }, rowsRead: () => rowsRead }
}

it('is the same as without a cache, to the last bit', () => {
  const data = { rows: 20, dim: 3, values }
  const [plain, cached] = [startingSpread(data), cachedStartingSpread(data)]
  for (const at of [centres, others, centres]) {
    expect(cached.variance(at)).toBe(plain.variance(at))
    for (const second of ['diagonal', 'full'] as const)
      expect(cached.factor(at, second)).toEqual(plain.factor(at, second))
  }
})

it('reads the rows once for each array of centres', () => {
  const { source, rowsRead } = countedSource()
  const { variance, factor } = cachedStartingSpread(source)
  const passes = (of: () => unknown): number => {
    const before = rowsRead()
    of()
    return (rowsRead() - before) / 20
  }
  for (const of of [variance, (at: typeof centres) => factor(at, 'diagonal')])
    expect([centres, centres, others, others, centres].map(at => passes(() => of(at)))).toEqual([1, 0, 1, 0, 0])
})

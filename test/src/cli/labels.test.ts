/** `--labels`: components beside a column of classes, in the terminal and as JSON. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Key, Mixture, Points } from '../../../src/index.js'
import { replays } from '../../golden/sessions.js'
import { example, place } from './harness.js'

const here = place()
const { ornstein } = here
afterAll(here.remove)

const MODEL = 'fit %iris.csv -k 3 --family full --recipe em'
beforeAll(async () => {
  await ornstein(`${MODEL} --quiet --out @model.json`)
})

/** The species of each row, and the component that `assign` gives it. */
const pairs = async (): Promise<ReadonlyArray<readonly [string, number]>> => {
  const species = readFileSync(example('iris.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map(line => line.split(',').at(-1)?.replaceAll('"', '') ?? '')
  const { stdout } = await ornstein('assign @model.json %iris.csv')
  const [header, ...rows] = stdout.trim().split('\n')
  const at = header.split(',').indexOf('component')
  return rows.map((row, i) => [species[i], Number(row.split(',')[at])])
}

/** The adjusted Rand index by its definition, over all pairs of rows (Hubert & Arabie 1985). */
const byPairs = (all: ReadonlyArray<readonly [string, number]>): number => {
  let both = 0
  let first = 0
  let second = 0
  let count = 0
  for (const [i, [a, x]] of all.entries())
    for (const [b, y] of all.slice(0, i)) {
      count += 1
      first += Number(a === b)
      second += Number(x === y)
      both += Number(a === b && x === y)
    }
  const expected = (first * second) / count
  return (both - expected) / ((first + second) / 2 - expected)
}

describe.each([`${MODEL} --labels Species`, 'evaluate @model.json %iris.csv --labels Species'])('%s', line => {
  it('counts the rows of each class by component', async () => {
    const all = await pairs()
    const count = (name: string, k: number): number => all.filter(([a, b]) => a === name && b === k).length
    const names = [...new Set(all.map(([name]) => name))].sort()
    expect(names.length).toBe(3)
    const counts = names.map(name => [1, 2, 3].map(k => count(name, k)))
    const { labels } = await here.told(line)
    expect({ ...labels, adjustedRand: 0 }).toEqual({ column: 'Species', classes: names, counts, adjustedRand: 0 })
    // sums of whole numbers below 2⁵³, and a few roundings
    expect(labels.adjustedRand).toBeCloseTo(byPairs(all), 12)

    const { stdout } = await ornstein(line)
    const table =
      /(?:Components beside|Compared with) Species.*:\n\n((?: {2}.*\n)+)/.exec(stdout)?.[1].trim().split('\n') ?? []
    expect(table.map(row => row.trim().split(/ {2,}/))).toEqual([
      ['Species', '1', '2', '3'],
      ...names.map((name, c) => [name, ...counts[c].map(String)])
    ])
    expect(stdout).toContain(`Adjusted Rand index ${byPairs(all).toFixed(3)}`)
  })
})

it('takes a column of numbers for labels, and does not learn from it', async () => {
  const numbered = readFileSync(example('iris.csv'), 'utf8')
    .replace(/"?setosa"?/g, '1')
    .replace(/"?versicolor"?/g, '2')
  here.write('numbered.csv', numbered.replace(/"?virginica"?/g, '3').replace(/"?Species"?/, 'depth'))
  expect((await here.told('fit @numbered.csv -k 1 --family full')).columns).toHaveLength(5)
  const { columns, labels } = await here.told('fit @numbered.csv -k 2 --family full --labels depth')
  expect(columns).toHaveLength(4)
  expect(labels.classes).toEqual(['1', '2', '3'])
})

it('works beside groups and missing cells, and each group counts its own rows', async () => {
  const rows = readFileSync(example('iris.csv'), 'utf8').trim().split('\n')
  here.write(
    'grouped.csv',
    rows.map((row, i) => `${i === 0 ? 'half' : i % 2 === 0 ? 'even' : 'odd'},${row}`).join('\n')
  )
  const { groups } = await here.told('fit @grouped.csv -k 2 --family full --by half --labels Species')
  expect(groups.map(({ labels }) => labels.counts.flat().reduce((a, b) => a + b, 0))).toEqual([75, 75])
  here.write('gaps.csv', rows.map((row, i) => (i % 10 === 1 ? row.replace(/^[^,]*/, 'NA') : row)).join('\n'))
  const { labels } = await here.told('fit @gaps.csv -k 2 --family full --missing em --labels Species')
  expect(labels.counts.map(row => row.reduce((a, b) => a + b, 0))).toEqual([50, 50, 50])
})

describe('components that overlap', () => {
  // A cross, which takes two Gaussians, and a round cluster far away.
  const parts: ReadonlyArray<readonly [string, Mixture.Description]> = [
    ['cross', { means: [[0, 0], [0, 0]], covariances: [[[9, 0], [0, 0.2]], [[0.2, 0], [0, 9]]] }], // prettier-ignore
    ['round', { means: [[30, 0]] }]
  ]
  const rows = parts.flatMap(([name, part], i) =>
    Points.toRows(Mixture.sample(100)(Key.fromSeed(i))(Mixture.of(part))).map(row => [...row, name].join(','))
  )
  beforeAll(async () => {
    here.write('cross.csv', `x,y,shape\n${rows.join('\n')}\n`)
    await ornstein('fit @cross.csv -k 3 --family full --quiet --out @cross.json')
  })

  it.each(['evaluate @cross.json @cross.csv', 'fit @cross.csv -k 3 --family full'])(
    'are named by %s, with the Rand index after merging beside that before',
    async line => {
      const { stdout } = await ornstein(`${line} --labels shape`)
      const text = stdout.replaceAll(/\s+/g, ' ')
      expect(text).toMatch(/overlap: merged .* the 3 components are 2 clusters\. ornstein assign --merged/)
      expect(text).toMatch(/Adjusted Rand index 0\.\d+: .* After merging components that overlap: 1\.000\./)
      const { labels } = await here.told(`${line} --labels shape`)
      expect(labels.adjustedRand).toBeLessThan(0.9)
      expect(labels.adjustedRandMerged).toBe(1)
    }
  )

  it('are none of components that are apart', async () => {
    here.write('apart.csv', `x\n${[0, 1, 2, 3, 20, 21, 22, 23].join('\n')}\n`)
    await ornstein('fit @apart.csv -k 2 --family full --quiet --out @apart.json')
    expect((await ornstein('evaluate @apart.json @apart.csv')).stdout).not.toContain('overlap')
  })
})

it('is asked for by no line where it is given', async () => {
  const numbers = readFileSync(example('iris.csv'), 'utf8')
    .replace(/"?setosa"?/g, '1')
    .replace(/"?versicolor"?/g, '2')
  // Two columns that may be labels, of which one is named as such, and neither by its name.
  const [header, ...cells] = numbers
    .replace(/"?virginica"?/g, '3')
    .replace(/"?Species"?/, 'depth')
    .trim()
    .split('\n')
  here.write('two.csv', `${header},level\n${cells.map((row, i) => `${row},${i % 3}`).join('\n')}\n`)
  const line = 'fit @two.csv -k 2 --family tied --report @two.html'
  const asks = /(?:use|name it:)\s+(?:<[^>]*>)*--labels/
  const isAsked = async (line: string): Promise<ReadonlyArray<boolean>> =>
    [(await ornstein(line)).stdout, here.read('two.html')].map(text => asks.test(text))
  expect(await isAsked(line)).toEqual([true, true])
  expect(await isAsked(`${line} --labels depth`)).toEqual([false, false])
})

replays('labels', here)

it('counts a row of weight 2 as two rows', async () => {
  const [header, ...rows] = readFileSync(example('iris.csv'), 'utf8').trim().split('\n')
  const weight = (i: number): number => i % 3
  here.write('weighed.csv', `${header},w\n${rows.map((row, i) => `${row},${weight(i)}`).join('\n')}\n`)
  here.write('halves.csv', `${header},w\n${rows.map((row, i) => `${row},${weight(i) / 4}`).join('\n')}\n`)
  const repeated = rows.flatMap((row, i) => Array.from({ length: weight(i) }, () => row))
  here.write('repeated.csv', `${header}\n${repeated.join('\n')}\n`)
  const told = async (line: string): Promise<unknown> => (await here.told(`${line} --labels Species`)).labels
  for (const line of ['evaluate @model.json', 'fit -k 3 --family tied'])
    expect(await told(`${line} @weighed.csv --weights w`)).toEqual(await told(`${line} @repeated.csv`))
  const { stdout } = await ornstein('evaluate @model.json @halves.csv --weights w --labels Species')
  expect(stdout).toMatch(/setosa +12\.25 +0 +0\n/)
  const classified = async (line: string): Promise<Readonly<Record<string, number>>> =>
    JSON.parse((await ornstein(`classify ${line} --labels Species --covariance EEE --json`)).stdout) as Readonly<Record<string, number>> // prettier-ignore
  const one = await classified('@weighed.csv --weights w')
  const other = await classified('@repeated.csv')
  expect(one['confusion']).toEqual(other['confusion'])
  for (const name of ['error', 'brier', 'errorOnTheSameRows', 'bic']) expect(one[name]).toBeCloseTo(other[name], 7)
})

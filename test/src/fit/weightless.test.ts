/** A row of weight 0, or without cells, is left out: a fit of rows with some is, bit for bit, that of the others. */
import { afterAll, describe, expect, it } from 'vitest'
import { fit, type Fit, Key, Mixture, Points, Problem, Score, Source } from '../../../src/index.js'
import * as ComponentTest from '../../../src/fit/componentTest.js'
import * as Statistics from '../../../src/mixture/statistics.js'
import { spread, SEED, once } from '../../cases.js'
import { place } from '../cli/harness.js'

const here = place()
afterAll(here.remove)

type Rows = ReadonlyArray<ReadonlyArray<number>>

const truth = Mixture.of({ means: [[-4, 0], [4, 2]] }) // prettier-ignore
const near = (rows: number): Rows => Points.toRows(Mixture.sample(rows)(Key.fromSeed(SEED))(truth))
/** A third column that is the same in every row, as long as the rows of weight 0 are not looked at. */
const flat = near(40).map(row => [...row, 5])
/** Each fourth cell of one column or the other is missing. */
const holes = near(60).map(([x, y], i) => (i % 8 === 0 ? [NaN, y] : i % 8 === 4 ? [x, NaN] : [x, y]))

/** After each third row one of weight 0, these in turn; the weights of the others 1, 2, 1, 2. */
const among = (rows: Rows, others: Rows): { readonly all: Rows; readonly weights: ReadonlyArray<number> } => {
  const both = rows.flatMap((row, i) => [
    { row, weight: 1 + (i % 2) },
    ...(i % 3 === 2 ? [{ row: others[((i - 2) / 3) % others.length], weight: 0 }] : [])
  ])
  return { all: both.map(({ row }) => row), weights: both.map(({ weight }) => weight) }
}

const cases: ReadonlyArray<readonly [string, Rows, Rows, Fit.Options]> = [
  ['a constant column, and others there', flat, [[0.3, 0.4, 9]], { components: [1, 2, 3], family: ['full', 'tied'] }],
  ['wild rows', near(60), [[1e6, -1e6], [0, 1e300]], { components: [1, 2], family: ['full', 'tied'] }], // prettier-ignore
  ['repeated rows', near(30), [[-4, 0]], { components: [1, 2, 3], family: 'isotropic' }],
  ['few rows, too few for nine components', near(5), near(40), {}],
  ['missing cells', holes, [[NaN, NaN], [7, NaN], [1e5, 1e5]], { missing: 'em', components: [1, 2], family: 'full' }], // prettier-ignore
  ['rows compared with tails and a background', near(60), [[300, 300]], { robust: true, components: 2, family: 'full' }], // prettier-ignore
  ['parts that are left out', near(40), [[300, 300]], { criterion: 'crossValidated', components: [1, 2], family: 'full' }], // prettier-ignore
  ['units of their own', near(40), [[300, 300]], { standardize: false, prior: 0.01, components: 2, family: 'full', starts: 2 }] // prettier-ignore
]

const seen = (rows: Rows, weights: ReadonlyArray<number>): Points.Points => {
  const points = { rows: rows.length, dim: rows[0].length, values: Float64Array.from(rows.flat()) }
  return Problem.orThrow(Points.weighted(weights)(points))
}

/** All that a fit says, and its resamples. */
const said = (model: Fit.Fit): unknown => ({
  file: JSON.stringify(model),
  table: model.table(),
  candidates: model.candidates.map(({ family, components, statistics, posterior }) => [family, components, statistics, posterior]), // prettier-ignore
  beside: [model.leftOut, model.minVarianceColumns, model.refused.map(({ problem }) => Problem.show(problem))],
  trust: [model.robustnessHint(), model.localOptimum()]
})

describe('a fit of rows with some of weight 0', () => {
  it.each(spread(3)(cases))('is that of the others: %s', (_, rows, others, options) => {
    const { all, weights } = among(rows, others)
    const own = weights.filter(weight => weight > 0)
    const without = fit(rows, { ...options, weights: own })
    const model = fit(all, { ...options, weights })
    expect(said(model)).toEqual(said(without))
    if (options.missing === 'em') return
    expect(JSON.stringify(fit(Source.of(seen(all, weights)), options))).toBe(JSON.stringify(without))
  })

  once('has the resamples of the others, and the tests of the number of components', () => {
    const { all, weights } = among(near(60), [[1e6, 1e6]])
    const own = weights.filter(weight => weight > 0)
    const asked = { components: 2, family: 'isotropic' } as const
    const model = fit(all, { ...asked, weights })
    const without = fit(near(60), { ...asked, weights: own })
    expect(model.bootstrap({ resamples: 40 })).toEqual(without.bootstrap({ resamples: 40 }))
    const test = ComponentTest.of({ family: 'isotropic', to: 1, resamples: 9 })
    expect(test(seen(all, weights))).toEqual(test(seen(near(60), own)))
  })

  once('refuses a column of which they alone have a number', () => {
    const rows = [[1, NaN], [2, NaN], [3, NaN], [9, 4]] // prettier-ignore
    expect(() => fit(rows, { missing: 'em', weights: [1, 1, 1, 0] })).toThrow(
      'column 2: all missing is not a column with a number; leave the column out'
    )
  })

  once.each(['', '--missing em', '--stream', '--recipe em -k 2 --family full'])(
    'is so of ornstein fit %s',
    async flags => {
      const { all, weights } = among(flat, [[1e6, 0.4, 9], [0, 0, 7]]) // prettier-ignore
      const file = (rows: Rows): string => `x,y,z,w\n${rows.map(row => row.join(',')).join('\n')}\n`
      const holds = flags.includes('missing') ? [['', 3, 5, 1].join(',')] : []
      here.write('all.csv', `${file(all.map((row, i) => [...row, weights[i]]))}${holds.join('\n')}`)
      const own = all.flatMap((row, i) => (weights[i] > 0 ? [[...row, weights[i]]] : []))
      here.write('own.csv', `${file(own)}${holds.join('\n')}`)
      const line = (name: string): string => `fit @${name}.csv --weights w --json ${flags.includes('-k') ? '' : '-k 1..2 --family full'} ${flags}` // prettier-ignore
      const found = await here.ornstein(line('all'))
      const expected = await here.ornstein(line('own'))
      expect(found).toEqual({ ...expected, stdout: expected.stdout.replaceAll('own.csv', 'all.csv') })
      expect(found.stdout).toContain('"means"')
    }
  )

  once.each(['', '--stream'])('leaves a row its number in the table: %s', async flags => {
    const rows = [...near(60), [60, 50]].map(row => [...row, 1]) // prettier-ignore
    const weightless = [[0, 0, 0], [1, 1, 0]] // prettier-ignore
    here.write('far.csv', `x,y,w\n${[...weightless, ...rows].map(row => row.join(',')).join('\n')}\n`)
    const { stdout } = await here.ornstein(`fit @far.csv --weights w -k 3 --family tied-diagonal ${flags}`)
    expect(stdout.replace(/\s+/g, ' ')).toContain('rests on row 63 alone')
  })
})

describe('a fit of rows with some without cells', () => {
  const none = [NaN, NaN] // prettier-ignore
  const isolated = holes.map(([x, y]) => [x, y, 5])
  const asked = { missing: 'em', components: [1, 2, 3], family: ['full', 'tied'] } as const
  const some: ReadonlyArray<readonly [string, Rows, ReadonlyArray<number>, Fit.Options]> = [
    ['the others have all', near(60), none, asked],
    ['the others miss some', holes, none, asked],
    ['the others have all, to be compared with tails and a background', near(60), none, { ...asked, components: 2, robust: true }], // prettier-ignore
    ['they have the number of a constant column alone', isolated, [NaN, NaN, 5], asked],
    ['parts are left out', near(40), none, { ...asked, criterion: 'crossValidated', components: [1, 2] }]
  ]

  it.each(spread(3)(some))('is that of the others: %s', (_, rows, empty, options) => {
    const all = rows.flatMap((row, i) => (i % 3 === 2 ? [row, empty] : [row]))
    const without = fit(rows, options)
    const model = fit(all, options)
    expect(said(model)).toEqual(said(without))
    expect(JSON.stringify(fit(Source.of(seen(all, all.map(() => 1))), options))).toBe(JSON.stringify(without)) // prettier-ignore
    const memberships = model.assign(all)
    expect(memberships).toHaveLength(all.length)
    expect(memberships[3].probability).toBeCloseTo(
      Math.max(...model.mixture.weights) * (1 - (model.mixture.background?.share ?? 0)),
      12
    )
  })

  once('finds two components, however many there are', () => {
    const two = Points.toRows(Mixture.sample(80)(Key.fromSeed(2))(Mixture.of({ means: [[-1.9, 0], [1.9, 0]] }))) // prettier-ignore
    const all = [...two, ...two.map(() => none)]
    expect(fit(all, { components: [1, 2, 3], missing: 'em' }).components).toBe(2)
  })

  once.each([1, 0])('is refused where all others weigh nothing, and they %d', weight => {
    const rows = [[1, 2], [3, 4], none, none] // prettier-ignore
    const weights = [0, 0, weight, 1]
    const problems = ['column 1: all missing', 'column 2: all missing']
    for (const data of [seen(rows, weights), Source.of(seen(rows, weights))])
      for (const problem of problems) expect(() => fit(data, { missing: 'em' })).toThrow(problem)
  })

  once('has the statistics of the others under any mixture', () => {
    const mixture = fit(near(60), { components: 2, family: 'full' }).mixture
    const weights = holes.map((_, i) => 1 + (i % 3))
    const all = seen([...holes, none, none], [...weights, 2, 1])
    const own = seen(holes, weights)
    const of = Score.degreesOfFreedom(2)(Score.full({ components: 2 }))
    for (const as of [(points: Points.Points) => points, Source.of])
      expect(Statistics.of(as(all), of)(mixture)).toEqual(Statistics.of(as(own), of)(mixture))
  })

  once.each(['', '--stream'])('is so of ornstein fit and evaluate, which say how many there are: %s', async flags => {
    const file = (rows: Rows): string => `x,y,z\n${rows.map(row => row.map(x => (Number.isNaN(x) ? '' : x)).join(',')).join('\n')}\n` // prettier-ignore
    const rows = isolated.map(row => row.map(x => Math.round(1000 * x) / 1000))
    here.write('cells.csv', file(rows))
    here.write('empty.csv', file([[NaN, NaN, NaN], [NaN, NaN, 5], ...rows, [NaN, NaN, NaN]])) // prettier-ignore
    const fitting = (name: string): string => `fit @${name}.csv --missing em -k 1..3 --family tied,full ${flags}`
    const found = await here.ornstein(`${fitting('empty')} --json --out @m.json`)
    const expected = await here.ornstein(`${fitting('cells')} --json`) // prettier-ignore
    expect(found.stderr).toBe(expected.stderr)
    expect(JSON.parse(found.stdout)).toEqual({ ...JSON.parse(expected.stdout), empty: 3 })
    const { stdout } = await here.ornstein(`${fitting('empty')} --report @r.html`)
    expect(here.read('r.html')).toContain('left out: 3 rows without cells')
    expect(stdout).toContain('left out: 3 rows without cells\nmissing: ')
    const evaluated = async (name: string): Promise<unknown> =>
      JSON.parse((await here.ornstein(`evaluate @m.json @${name}.csv --missing em --json ${flags}`)).stdout)
    expect(await evaluated('empty')).toEqual(await evaluated('cells'))
    const assigned = (await here.ornstein('assign @m.json @empty.csv --missing em')).stdout.trimEnd().split('\n')
    expect(assigned).toHaveLength(1 + 3 + rows.length)
    expect(assigned[1]).toMatch(/^,,,[12],/)
  })
})

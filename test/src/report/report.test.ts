/** The report: one page that needs nothing else, whose pictures show what was planted. */
import { describe, expect, it } from 'vitest'
import { type Fit } from '../../../src/report/Fit.js'
import { comparison } from '../../../src/report/comparison.js'
import { Mixture } from '../../../src/index.js'
import { page } from '../../../src/report/report.js'
import { ofMixture, show, showApart, tidy } from '../../../src/fit/table.js'
import { planted, stage, two } from './fits.js'

const four = Mixture.of({
  means: [
    [0, 1, 2, 3],
    [9, 8, 7, 6]
  ],
  variances: [
    [1, 4, 9, 16],
    [1, 4, 9, 16]
  ]
})
const one = Mixture.of({ means: [[0], [10]] })
const single = Mixture.of({ means: [[5, 5]], variances: [[1e-6, 1e6]] })
const hostile = '<script>alert("x")</script> & \'y\' ]]>'

const fits: ReadonlyArray<readonly [string, Fit]> = [
  ['two columns', planted(two, 300)],
  ['one column', planted(one, 300)],
  [
    'four columns',
    planted(four, 300, { scaling: { centre: new Float64Array(4), scale: Float64Array.of(1, 2, 3, 4) } })
  ],
  ['one component, columns of very unlike scale', planted(single, 40)],
  ['one row', planted(two, 1)],
  [
    'hostile names',
    planted(two, 20, {
      columns: [hostile, 'b'],
      ignored: [{ name: hostile, why: 'words' }],
      source: hostile,
      recipe: hostile
    })
  ],
  ['no step', planted(two, 20, { stages: [stage([])] })],
  ['one step', planted(two, 20, { stages: [stage([1])] })],
  ['a constant objective', planted(two, 20, { stages: [stage([0, 0, 0])] })],
  [
    'noise',
    planted(two, 20, {
      stages: [stage(Array.from({ length: 900 }, (_, i) => Math.sin(i * i)))]
    })
  ],
  ['a constant column', planted(one, 3, { points: { rows: 3, dim: 1, values: Float64Array.of(2, 2, 2) } })],
  [
    'weights',
    planted(one, 4, { points: { rows: 2, dim: 1, values: Float64Array.of(0, 10), weights: Float64Array.of(1, 3) } })
  ]
]

/** What keeps markup from being XML: the first tag that does not match, a stray character. Null when nothing does. */
const malformed = (xml: string): string | null => {
  const open: string[] = []
  const token =
    /<(\/?)([a-zA-Z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|&(?:#\d+|amp|lt|gt|quot|apos);|[^<&]+|(.)/gsu
  for (const [whole, close, name = '', attributes = '', empty, stray] of xml.matchAll(token)) {
    // Groups that took no part in a match are undefined, whatever the types say.
    if (typeof stray === 'string') return `stray ${stray} in ${open.join('/')}`
    if (!whole.startsWith('<')) continue
    const names = [...attributes.matchAll(/\s([\w:-]+)=/g)].map(([, attribute]) => attribute)
    if (new Set(names).size !== names.length) return `repeated attribute in ${whole}`
    if (/&(?!(#\d+|amp|lt|gt|quot|apos);)/.test(attributes)) return `stray & in ${whole}`
    if (close === '/') {
      if (open.pop() !== name) return `${whole} does not close`
    } else if (empty !== '/') open.push(name)
  }
  return open.length === 0 ? null : `unclosed ${open.join('/')}`
}

const charts = (html: string): ReadonlyArray<string> =>
  html.match(/<svg viewBox[^]*?<\/svg>/g)?.filter(svg => svg.includes('role="img"')) ?? []

/** A shape of a chart with where it stands: what lies inside all groups that move it. */
interface Drawn {
  readonly element: string
  readonly points: ReadonlyArray<readonly [number, number]>
}

/** The shapes of a chart, their coordinates those of the whole. */
const drawn = (svg: string): ReadonlyArray<Drawn> => {
  const shapes: Drawn[] = []
  const offsets: [number, number][] = [[0, 0]]
  const shift = (tag: string): [number, number] => {
    const [, x = '0', y = '0'] = /transform="translate\(([-\d.e]+),([-\d.e]+)\)/.exec(tag) ?? []
    return [Number(x), Number(y)]
  }
  for (const [tag] of svg.matchAll(/<[^>]+>/g)) {
    const [ox, oy] = offsets[offsets.length - 1]
    const [dx, dy] = shift(tag)
    if (tag.startsWith('<g')) offsets.push([ox + dx, oy + dy])
    else if (tag.startsWith('</g')) offsets.pop()
    else if (tag.startsWith('<path')) {
      const d = / d="([^"]*)"/.exec(tag)?.[1] ?? ''
      const points = [...d.matchAll(/[ML]([-\d.e]+),([-\d.e]+)/g)].map(([, x, y]): [number, number] => [
        ox + dx + Number(x),
        oy + dy + Number(y)
      ])
      shapes.push({ element: tag, points })
    }
  }
  return shapes
}

describe.each(fits)('the report of %s', (_, fit) => {
  it('is a page of its own, well formed, described and reproducible', async () => {
    const html = await page(fit, '1.2.3')
    expect(html).not.toMatch(/https?:|\bsrc=|\bhref=|<link|<script|@import|url\(|<iframe|\bon\w+=/i)
    expect(html).not.toMatch(/\bNaN\b|undefined|Infinity/)
    const found = charts(html)
    expect(found.length).toBe(1 + fit.stages.filter(({ values }) => values.length > 0).length)
    for (const svg of found) {
      expect(malformed(svg)).toBeNull()
      const [, label] = /aria-labelledby="([^"]+)"/.exec(svg) ?? []
      const [title, desc] = label.split(' ')
      expect(svg).toMatch(new RegExp(`<title id="${title}">[^<]+</title><desc id="${desc}">[^<]+</desc>`))
    }
    // The page itself is HTML, where a few elements stand open.
    expect(
      malformed(
        html
          .replace(/^<!doctype html>\n/, '')
          .replace(/<meta[^>]*>/g, '')
          .replace(/<style>[^]*<\/style>/, '')
      )
    ).toBeNull()
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(html).toContain('<th scope="col">')
    expect(html).toContain('<th scope="row">')
    expect(html).toContain('ornstein 1.2.3, seed 7')
    expect(html).toContain('Pipeline.of({')
    expect(html).toContain('x_t = α x_0 + σ z')
    expect(html).toContain('by closed form')
    expect(await page(fit, '1.2.3')).toBe(html)
  })

  it('draws nothing outside its charts', async () => {
    for (const svg of charts(await page(fit, '1.2.3'))) {
      const [width, height] = (/viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? []).slice(1).map(Number)
      const all = drawn(svg).flatMap(({ points }) => points)
      expect(all.length).toBeGreaterThan(0)
      for (const [x, y] of all) {
        expect(x).toBeGreaterThanOrEqual(0)
        expect(x).toBeLessThanOrEqual(width)
        expect(y).toBeGreaterThanOrEqual(0)
        expect(y).toBeLessThanOrEqual(height)
      }
    }
  })
})

const symbols = (svg: string, k: number): number =>
  drawn(svg).filter(({ element }) => element.includes(`fill="var(--c${k})"`)).length

describe('the picture of the data', () => {
  it('colours each row by its most probable component', async () => {
    const fit = planted(two, 400)
    const right = Array.from({ length: 400 }, (_, i) => fit.points.values[2 * i]).filter(x => x > 50).length
    const [svg] = charts(await page(fit, ''))
    expect([symbols(svg, 0), symbols(svg, 1)]).toEqual([400 - right, right])
    expect(svg).toContain('Centres: 1 at (0, 0), 2 at (100, 10)')
  })

  it('draws round components round, in the units they were learned in', async () => {
    const square = Mixture.of({
      means: [
        [0, 0],
        [10, 10]
      ],
      variances: [1, 4]
    })
    const scaling = { centre: Float64Array.of(0, 0), scale: Float64Array.of(1, 50) }
    const stretched = Mixture.inUnits(scaling)(square)
    for (const fit of [planted(square, 100), planted(stretched, 100, { scaling })]) {
      const [svg] = charts(await page(fit, ''))
      const ellipses = drawn(svg).filter(({ points }) => points.length === 91)
      expect(ellipses.length).toBe(2)
      const sizes = ellipses.map(({ points }) => {
        const extent = (values: ReadonlyArray<number>): number => Math.max(...values) - Math.min(...values)
        return [extent(points.map(([x]) => x)), extent(points.map(([, y]) => y))]
      })
      // To a pixel: the picture has a whole number of them.
      for (const [width, height] of sizes) expect(Math.abs(width - height)).toBeLessThan(1)
      // Standard deviations 1 and 2.
      expect(sizes[1][0] / sizes[0][0]).toBeCloseTo(2, 1)
    }
  })

  it('has room within its axes for what is larger than the data', async () => {
    const [svg] = charts(await page(planted(two, 1), ''))
    const shapes = drawn(svg)
    const frame = shapes.find(({ element }) => element.includes('class="background"'))
    const [, width, height] = (/h([\d.]+)v([\d.]+)/.exec(frame?.element ?? '') ?? []).map(Number)
    const [[left, top]] = frame?.points ?? [[NaN, NaN]]
    const ellipses = shapes.filter(({ points }) => points.length === 91)
    expect(ellipses.length).toBe(2)
    for (const [x, y] of ellipses.flatMap(({ points }) => points)) {
      expect(x - left).toBeGreaterThan(0)
      expect(x - left).toBeLessThan(width)
      expect(y - top).toBeGreaterThan(0)
      expect(y - top).toBeLessThan(height)
    }
  })

  it('draws at most 5000 rows, whatever their order, and says so', async () => {
    // Every fourth row of the second component: even spacing would see only one of them.
    const rows = 20_000
    const values = Float64Array.from({ length: 2 * rows }, (_, at) =>
      Math.floor(at / 2) % 4 === 0 ? 0 : at % 2 === 0 ? 100 : 10
    )
    const [html, svg] = await page(planted(two, rows, { points: { rows, dim: 2, values } }), '').then(html => [
      html,
      charts(html)[0]
    ])
    const [left, right] = [symbols(svg, 0), symbols(svg, 1)]
    expect(left + right).toBe(5000)
    // A quarter of 5000, and 5 standard deviations of a binomial.
    expect(Math.abs(left - 1250)).toBeLessThan(5 * Math.sqrt(5000 * 0.25 * 0.75))
    expect(html).toContain('5000 of the 20000 rows')
    expect(await page(planted(two, 5000), '')).not.toContain('of the 5000 rows')
  })

  it('projects more columns on their principal components, and says how much they hold', async () => {
    // Variance 9 along (1, 1, 0)/√2 and (by the construction) 1 along (0, 0, 1); none elsewhere.
    const rows = [3, -3].flatMap(a => [1, -1].map(b => [a / Math.SQRT2, a / Math.SQRT2, b]))
    const points = { rows: 4, dim: 3, values: Float64Array.from(rows.flat()) }
    const fitted = Mixture.of({ means: [[0, 0, 0]] })
    const html = await page(planted(fitted, 4, { points, columns: ['a', 'b', 'c'] }), '')
    expect(html).toContain('which hold 100.0 % of the variance')
    expect(html).toContain('PC 1 (90.0 % of the variance)')
    expect(html).toContain('PC 1 = 0.71 a + 0.71 b')
  })

  it('draws the density of one column over its histogram, both of area 1', async () => {
    const fit = planted(one, 2000)
    const [svg] = charts(await page(fit, ''))
    const bars = drawn(svg).filter(({ element }) => element.includes('fill="var(--bar)"'))
    expect(bars.length).toBeGreaterThan(20)
    expect(svg).toContain('Centres: 1 at 0, 2 at 10')
  })

  it('counts weights in the histogram', async () => {
    const [, fit] = fits[fits.length - 1]
    const [svg] = charts(await page(fit, ''))
    const heights = [...svg.matchAll(/d="M[-\d.,]+h[\d.]+v([\d.]+)h-[\d.]+Z" fill="var\(--bar\)"/g)].map(([, height]) =>
      Number(height)
    )
    expect(heights.filter(height => height > 0).length).toBe(2)
    expect(heights[heights.length - 1] / heights[0]).toBeCloseTo(3, 1)
  })
})

describe('fits side by side', () => {
  // Means rounded to the third digit of the least standard deviation, 1 and 2: two decimals.
  const other = planted(
    Mixture.of({
      means: [
        [3, 0],
        [100, 14]
      ],
      weights: [0.3, 0.7],
      variances: [1, 4]
    }),
    100,
    { recipe: 'two-stage' }
  )
  const first = planted(two, 100, { recipe: 'annealed' })

  it('show where each ends, its likelihood with equal digits, its steps, and why the default is what it is', () => {
    const likelihoods = [-4.5, -4.56789]
    const [a, b] = [first, other].map((fit, i) => ({
      ...fit,
      statistics: { ...fit.statistics, logLikelihood: likelihoods[i] }
    }))
    const { table, means, reason } = comparison([a, b])
    expect(table).toEqual({
      header: ['recipe', 'centres (x1, x2)', 'log-likelihood per row', 'steps'],
      rows: [
        ['annealed', '(0.00, 0.00), (100.00, 10.00)', '-4.50000', '4'],
        ['two-stage', '(3.00, 0.00), (100.00, 14.00)', '-4.56789', '4']
      ]
    })
    expect(means.map(([recipe]) => recipe)).toEqual(['annealed', 'two-stage'])
    expect(reason).toMatch(/^annealed is the default: [^.]*docs\/fits\.md\)\.$/)
    expect(comparison([b, b]).reason).toBe('')
  })

  it('tell how far apart they end where there is no room for all centres', () => {
    const columns = ['a column of a long name', 'another column of a name as long as that']
    // Columns of standard deviation 2 and 4: two centres off by 3/2 and 4/4, √((2.25 + 1) / 2) = 1.27.
    const points = { rows: 2, dim: 2, values: Float64Array.of(-2, -4, 2, 4) }
    const { table } = comparison([
      { ...first, columns, points },
      { ...other, columns, points }
    ])
    expect(table.header[1]).toBe("distance of the centres from the first's")
    expect(table.rows.map(row => row[1])).toEqual(['0.0 sd', '1.3 sd'])
  })

  it('stand in the report where there are others', async () => {
    const html = await page(first, '1.2.3', [other])
    expect(html).toContain('<h2>The same data, learned in other ways</h2>')
    expect(html).toContain('<th scope="row">two-stage</th><td>(3.00, 0.00), (100.00, 14.00)</td>')
    expect(html).toContain('Annealed is the default')
    expect(await page(first, '1.2.3')).not.toContain('in other ways')
  })

  it('escapes what comes with a name', async () => {
    const html = await page({ ...first, recipe: hostile, columns: [hostile, 'b'] }, '', [other])
    expect(html).not.toContain('<script')
  })
})

describe('the table', () => {
  it('rounds means to the third digit of the least standard deviation of their column', () => {
    expect(
      ofMixture(
        ['a', 'b'],
        Mixture.of({
          weights: [0.25, 0.75],
          means: [
            [1.23456, 1234.56],
            [-2, 0]
          ],
          variances: [
            [0.01, 1e4],
            [0.04, 4e4]
          ]
        })
      )
    ).toEqual({
      header: ['component', 'weight', 'a', 'b', 'sd a', 'sd b'],
      rows: [
        ['1', '0.250', '1.235', '1235', '0.100', '100'],
        ['2', '0.750', '-2.000', '0', '0.200', '200']
      ],
      isTurned: false
    })
  })

  it('has one standard deviation where components are round', () => {
    expect(ofMixture(['x1', 'x2'], two).header).toEqual(['component', 'weight', 'x1', 'x2', 'sd'])
  })

  it('is turned where it would be too wide', () => {
    const names = Array.from({ length: 12 }, (_, j) => `a long name ${j}`)
    const wide = Mixture.of({ means: [names.map((_, j) => j)] })
    const { header, rows, isTurned } = ofMixture(names, wide)
    expect(isTurned).toBe(true)
    expect(header).toEqual(['component', '1'])
    expect(rows.map(([name]) => name)).toEqual(['weight', ...names, 'sd'])
    expect(rows.every(row => row.length === header.length)).toBe(true)
  })

  it.each([
    [0.1, '0.1'],
    [-1234.5678, '-1234.57'],
    [1e-7, '1.00000e-7'],
    [0, '0'],
    [123456789, '123456789'],
    [4322811.25, '4322811'],
    [1.5e15, '1.50000e+15']
  ])('shows %d as %s', (x, text) => {
    expect(show(x)).toBe(text)
  })

  it('cuts long digits in text', () => {
    expect(tidy('at t = 0.5105701814397768, E |x|², 12 steps, 0.05')).toBe('at t = 0.5106, E |x|², 12 steps, 0.05')
  })

  it('shows large means apart where their spread tells them apart', () => {
    const means = [[1.7e12], [1.7e12 + 40]]
    const { rows: two } = ofMixture(['a'], Mixture.of({ means, variances: [9, 9] }))
    expect(two.map(row => row[2])).toEqual(['1700000000000.00', '1700000000040.00'])
    expect(showApart(-1.23456789, -1.23456788)).toEqual(['-1.23456789', '-1.23456788'])
    expect(showApart(2, 2)).toEqual(['2', '2'])
    const { rows } = ofMixture(['a'], Mixture.of({ means: [[1e12]], variances: [1e-20] }))
    expect(rows[0][2]).toBe('1000000000000.0000')
  })
})
